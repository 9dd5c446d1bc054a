//! Golden plans: questions, and the exact calls that answer them.
//!
//! A plan is told in lines: `operation start end` for a call (with the arguments that the selection made), `-` for what
//! no call can answer, `~` for a bucket that crosses the range's edge. Instants are in UTC, without seconds where those
//! are 0, and without the time where it is midnight.

#![allow(clippy::unwrap_used)] // helpers of tests

use jiff::civil::Date;
use jiff::tz::TimeZone;
use metertap::meters::Takes;
use metertap::plan::{Part, Plan, PlannedAccount, Question};
use metertap::providers::registry::All;
use metertap::providers::{BUILT_IN, provider};
use metertap::values::arguments::Value;
use metertap::values::window::{Instant, Window};
use metertap::values::zone::Zone;

/// What an account is asked: its provider, its meters, and the rest of the selection.
struct Of {
    provider: &'static str,
    meters: &'static [&'static str],
    more: &'static [(&'static str, &'static [&'static str])],
}

fn of(provider: &'static str, meters: &'static [&'static str]) -> Of {
    Of {
        provider,
        meters,
        more: &[],
    }
}

impl Of {
    fn with(self, more: &'static [(&'static str, &'static [&'static str])]) -> Self {
        Self { more, ..self }
    }

    fn part(&self) -> Part {
        let texts = |items: &[&str]| Value::List(items.iter().map(|item| Value::Text((*item).to_owned())).collect());
        let one_or_list = |items: &[&str]| match items {
            [one] => Value::Text((*one).to_owned()),
            items => texts(items),
        };
        let mut selection = vec![("meters".to_owned(), texts(self.meters))];
        selection.extend(
            self.more
                .iter()
                .map(|(name, values)| ((*name).to_owned(), one_or_list(values))),
        );
        let provider = provider(self.provider).unwrap();
        Part {
            account: PlannedAccount {
                name: self.provider.to_owned(),
                provider: provider.facts().name,
                per_second: provider.facts().per_second,
                concurrency: provider.facts().concurrency,
                identity: String::new(),
            },
            provider,
            selection,
        }
    }
}

/// A range of instants or UTC dates, as in `2026-01-01 .. 2026-02-01T12:00:00+09:00`.
fn range(text: &str) -> Window {
    let (start, end) = text.split_once(" .. ").unwrap();
    Window::new(
        Instant::parse_argument(start).unwrap(),
        Instant::parse_argument(end).unwrap(),
    )
    .unwrap()
}

/// A range of dates in a zone.
fn days(zone: &str, text: &str) -> Window {
    let (start, end) = text.split_once(" .. ").unwrap();
    let midnight = |day: &str| {
        let day: Date = day.parse().unwrap();
        let zoned = day.to_zoned(TimeZone::get(zone).unwrap()).unwrap();
        Instant {
            at: zoned.timestamp(),
            offset: zoned.offset(),
        }
    };
    Window::new(midnight(start), midnight(end)).unwrap()
}

fn plan(of: &Of, window: Window, now: &str) -> Plan {
    let question = Question {
        zone: Zone::utc(),
        every: None,
        window,
        now: Instant::parse_argument(now).unwrap().at,
        parts: vec![of.part()],
    };
    Plan::make(&question).unwrap()
}

/// A sentence up to its first comma, colon or semicolon that a space follows.
fn head(text: &str) -> &str {
    let ends = [", ", ": ", "; "].iter().filter_map(|mark| text.find(mark));
    text.get(..ends.min().unwrap_or(text.len())).unwrap()
}

fn tell(plan: &Plan) -> Vec<String> {
    let show = |instant: Instant| {
        let text = instant.to_utc_text();
        let text = text
            .strip_suffix(":00Z")
            .map_or(text.clone(), |short| format!("{short}Z"));
        text.strip_suffix("T00:00Z").map_or(text.clone(), str::to_owned)
    };
    let mut lines = Vec::new();
    for call in &plan.calls {
        let (start, end) = (show(call.piece.start()), show(call.piece.end()));
        let arguments: Vec<String> = call
            .asked
            .arguments
            .iter()
            .map(|(name, value)| format!(" {name}={}", value.to_json()))
            .collect();
        lines.push(format!(
            "{} {start} {end}{}",
            call.call.operation.name,
            arguments.concat()
        ));
    }
    for part in &plan.unavailable {
        let (start, end) = (show(part.window.start()), show(part.window.end()));
        let reason = head(&part.reason);
        lines.push(format!("- {} {start} {end} {reason}", part.operation));
    }
    let edges = plan.edges.iter();
    lines.extend(edges.map(|edge| format!("~ {} {}", edge.operation, head(&edge.text))));
    lines
}

#[track_caller]
fn check(of: &Of, window: Window, now: &str, expected: &[&str]) {
    let plan = plan(of, window, now);
    let told = tell(&plan);
    assert_eq!(told, expected);
    assert_eq!(Plan::from_json(&plan.to_json(), &All).unwrap(), plan);
    // What is sent says the same as the window.
    for call in &plan.calls {
        if let Some((start, end)) = call.call.operation.range {
            let sent = call.call.arguments.window(start, end).unwrap().unwrap();
            assert_eq!(
                (sent.start().at, sent.end().at),
                (call.request.start().at, call.request.end().at)
            );
            assert!(call.request.start().at <= call.piece.start().at && call.piece.end().at <= call.request.end().at);
        }
    }
}

const LATER: &str = "2026-11-01";

fn traffic() -> Of {
    of("sora", &["sora.ingress"])
}

#[test]
fn sora_a_leap_february_is_one_month() {
    check(
        &traffic(),
        range("2024-02-01 .. 2024-03-01"),
        LATER,
        &["traffics_for_month 2024-02-01 2024-03-01"],
    );
}

#[test]
fn sora_the_year_ends_between_two_calls() {
    check(
        &traffic(),
        range("2025-12-31 .. 2026-01-02"),
        LATER,
        &[
            "traffics_for_month 2025-12-31 2026-01-01",
            "traffics_for_month 2026-01-01 2026-01-02",
        ],
    );
}

#[test]
fn sora_a_march_in_berlin_is_told_in_utc_days() {
    check(
        &traffic(),
        days("Europe/Berlin", "2026-03-01 .. 2026-04-01"),
        LATER,
        &[
            "traffics_for_month 2026-03-01 2026-04-01",
            "~ traffics_for_month its first bucket starts at 2026-03-01T00:00:00+00:00",
            "~ traffics_for_month its last bucket ends at 2026-04-01T00:00:00+00:00",
        ],
    );
}

#[test]
fn sora_the_month_so_far_is_asked_for_where_it_starts_in_the_range() {
    check(
        &of("sora", &["sora.total_sessions"]),
        range("2026-01-01 .. 2026-04-01"),
        "2026-03-10T12:00:00Z",
        &[
            "total_sessions_this_month 2026-03-01 2026-03-10T12:00Z",
            "- total_sessions_this_month 2026-01-01 2026-03-01 the service tells only the current month from its start",
            "- total_sessions_this_month 2026-03-10T12:00Z 2026-04-01 in the future",
        ],
    );
}

#[test]
fn sora_the_month_so_far_is_out_of_reach_once_the_month_is_over() {
    check(
        &of("sora", &["sora.total_sessions"]),
        range("2026-01-01 .. 2026-02-01"),
        "2026-02-01T00:00:00Z",
        &["- total_sessions_this_month 2026-01-01 2026-02-01 the service tells only the current month from its start"],
    );
}

#[test]
fn sora_a_projects_months_go_back_to_the_one_a_year_ago() {
    check(
        &of("sora", &["sora.project_monthly_ingress"]),
        range("2022-01-15 .. 2024-02-01"),
        "2023-12-21T09:35:10Z",
        &[
            "project_traffics_last_year 2022-12-01 2024-01-01",
            "- project_traffics_last_year 2022-02-01 2022-12-01 older than 396 days",
            "- project_traffics_last_year 2024-01-01 2024-02-01 in the future",
        ],
    );
}

fn cost() -> Of {
    of("ricoh", &["ricoh.traffic_volume"])
}

#[test]
fn ricoh_a_japanese_may_is_longer_than_28_days_and_no_utc_month() {
    check(
        &cost(),
        days("Asia/Tokyo", "2026-05-01 .. 2026-06-01"),
        LATER,
        &[
            "cost_and_usage_total 2026-04-30T15:00Z 2026-05-28T15:00Z",
            "cost_and_usage_total 2026-05-28T15:00Z 2026-05-31T15:00Z",
        ],
    );
}

#[test]
fn ricoh_a_whole_month_is_one_call_whatever_its_length() {
    check(
        &cost(),
        range("2024-02-01 .. 2024-04-01"),
        "2024-06-01",
        &[
            "cost_and_usage_total 2024-02-01 2024-03-01",
            "cost_and_usage_total 2024-03-01 2024-04-01",
        ],
    );
}

#[test]
fn ricoh_one_second_over_a_month_is_a_second_call() {
    check(
        &cost(),
        range("2026-01-01 .. 2026-02-01T00:00:01Z"),
        LATER,
        &[
            "cost_and_usage_total 2026-01-01 2026-02-01",
            "cost_and_usage_total 2026-02-01 2026-02-01T00:00:01Z",
        ],
    );
}

#[test]
fn ricoh_one_second_over_28_days_is_a_second_call() {
    check(
        &cost(),
        range("2026-02-02 .. 2026-03-02"),
        LATER,
        &["cost_and_usage_total 2026-02-02 2026-03-02"],
    );
    check(
        &cost(),
        range("2026-02-02 .. 2026-03-02T00:00:01Z"),
        LATER,
        &[
            "cost_and_usage_total 2026-02-02 2026-03-02",
            "cost_and_usage_total 2026-03-02 2026-03-02T00:00:01Z",
        ],
    );
}

#[test]
fn ricoh_whole_months_are_kept_whole_inside_a_longer_range() {
    check(
        &cost(),
        range("2026-01-15 .. 2026-04-10"),
        LATER,
        &[
            "cost_and_usage_total 2026-01-15 2026-02-01",
            "cost_and_usage_total 2026-02-01 2026-03-01",
            "cost_and_usage_total 2026-03-01 2026-04-01",
            "cost_and_usage_total 2026-04-01 2026-04-10",
        ],
    );
}

#[test]
fn ricoh_days_in_nepal_keep_their_quarter_of_an_hour() {
    check(
        &cost(),
        days("Asia/Kathmandu", "2025-12-31 .. 2026-01-02"),
        LATER,
        &["cost_and_usage_total 2025-12-30T18:15Z 2026-01-01T18:15Z"],
    );
}

#[test]
fn ricoh_a_day_of_23_hours_is_asked_for_as_it_is() {
    check(
        &cost(),
        days("Europe/Berlin", "2026-03-29 .. 2026-03-30"),
        LATER,
        &["cost_and_usage_total 2026-03-28T23:00Z 2026-03-29T22:00Z"],
    );
}

#[test]
fn ricoh_what_is_older_than_a_year_is_out_of_reach() {
    check(
        &cost(),
        range("2025-01-01 .. 2026-01-01"),
        "2026-03-01T10:00:00.5Z",
        &[
            "cost_and_usage_total 2025-03-01T10:01:01Z 2025-03-29T10:01:01Z",
            "cost_and_usage_total 2025-03-29T10:01:01Z 2025-04-01",
            "cost_and_usage_total 2025-04-01 2025-05-01",
            "cost_and_usage_total 2025-05-01 2025-06-01",
            "cost_and_usage_total 2025-06-01 2025-07-01",
            "cost_and_usage_total 2025-07-01 2025-08-01",
            "cost_and_usage_total 2025-08-01 2025-09-01",
            "cost_and_usage_total 2025-09-01 2025-10-01",
            "cost_and_usage_total 2025-10-01 2025-11-01",
            "cost_and_usage_total 2025-11-01 2025-12-01",
            "cost_and_usage_total 2025-12-01 2026-01-01",
            "- cost_and_usage_total 2025-01-01 2025-03-01T10:01:01Z older than 365 days",
        ],
    );
    check(
        &cost(),
        range("2024-01-01 .. 2024-02-01"),
        "2026-03-01",
        &["- cost_and_usage_total 2024-01-01 2024-02-01 older than 365 days"],
    );
}

#[test]
fn ricoh_the_month_under_way_ends_now() {
    check(
        &cost(),
        range("2026-05-01 .. 2026-06-01"),
        "2026-05-30T06:30:15.9Z",
        &[
            "cost_and_usage_total 2026-05-01 2026-05-29",
            "cost_and_usage_total 2026-05-29 2026-05-30T06:30:15Z",
            "- cost_and_usage_total 2026-05-30T06:30:15Z 2026-06-01 in the future",
        ],
    );
}

fn api_calls() -> Of {
    of("devicewise", &["devicewise.api_calls"])
}

#[test]
fn devicewise_two_hundred_days_of_hours_are_one_call_and_one_second_more_are_two() {
    check(
        &api_calls(),
        range("2026-01-01 .. 2026-07-20"),
        LATER,
        &["api_usage_history 2026-01-01 2026-07-20 series=\"hour\" include_sub_orgs=false"],
    );
    check(
        &api_calls(),
        range("2026-01-01 .. 2026-07-20T00:00:01Z"),
        LATER,
        &[
            "api_usage_history 2026-01-01 2026-07-20 series=\"hour\" include_sub_orgs=false",
            "api_usage_history 2026-07-20 2026-07-20T00:00:01Z series=\"hour\" include_sub_orgs=false",
        ],
    );
}

#[test]
fn devicewise_days_with_a_change_of_clocks_have_23_and_25_hours() {
    check(
        &api_calls(),
        days("Europe/Berlin", "2026-03-29 .. 2026-03-30"),
        LATER,
        &["api_usage_history 2026-03-28T23:00Z 2026-03-29T22:00Z series=\"hour\" include_sub_orgs=false"],
    );
    check(
        &api_calls(),
        days("Europe/Berlin", "2026-10-25 .. 2026-10-26"),
        LATER,
        &["api_usage_history 2026-10-24T22:00Z 2026-10-25T23:00Z series=\"hour\" include_sub_orgs=false"],
    );
}

#[test]
fn devicewise_is_asked_for_a_bucket_more_on_either_side_since_no_page_names_its_zone() {
    let indian = days("Asia/Kolkata", "2026-01-01 .. 2026-01-02");
    check(
        &api_calls(),
        indian,
        LATER,
        &["api_usage_history 2025-12-31T18:30Z 2026-01-01T18:30Z series=\"hour\" include_sub_orgs=false"],
    );
    let by_day = api_calls().with(&[("series", &["day"])]);
    for (of, window, now, request) in [
        (&api_calls(), indian, LATER, "2025-12-31T17:00:00Z 2026-01-01T20:00:00Z"),
        (&by_day, indian, LATER, "2025-12-30T00:00:00Z 2026-01-03T00:00:00Z"),
        (
            &by_day,
            range("2026-01-01 .. 2026-02-01"),
            LATER,
            "2025-12-31T00:00:00Z 2026-02-02T00:00:00Z",
        ),
        // Nothing of the future but the bucket under way.
        (
            &by_day,
            range("2026-01-01 .. 2026-02-01"),
            "2026-01-20T12:00:00Z",
            "2025-12-31T00:00:00Z 2026-01-21T00:00:00Z",
        ),
        (
            &api_calls(),
            range("2026-01-01T00:10:00Z .. 2026-01-01T00:50:00Z"),
            LATER,
            "2025-12-31T23:00:00Z 2026-01-01T02:00:00Z",
        ),
    ] {
        let asked = plan(of, window, now).calls[0].request;
        assert_eq!(
            format!("{} {}", asked.start().to_utc_text(), asked.end().to_utc_text()),
            request
        );
    }
}

#[test]
fn devicewise_days_of_years_are_one_call() {
    check(
        &api_calls().with(&[("series", &["day"])]),
        range("2020-01-01 .. 2026-01-01"),
        LATER,
        &["api_usage_history 2020-01-01 2026-01-01 series=\"day\" include_sub_orgs=false"],
    );
}

const CODES: (&str, &[&str]) = ("consumable_code", &["AIU", "PLTU"]);
const TENANT: (&str, &[&str]) = ("tenant_id", &["7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44"]);

#[test]
fn uipath_a_year_is_never_cut_and_each_code_is_a_call() {
    check(
        &of("uipath", &["uipath.consumption"]).with(&[CODES]),
        range("2025-01-01 .. 2026-01-01"),
        LATER,
        &[
            "consumption_summary 2025-01-01 2026-01-01 consumable_code=\"AIU\"",
            "consumption_summary 2025-01-01 2026-01-01 consumable_code=\"PLTU\"",
        ],
    );
}

#[test]
fn uipath_a_range_that_is_not_over_ends_now() {
    check(
        &of("uipath", &["uipath.consumption"]).with(&[CODES]),
        days("America/New_York", "2026-03-08 .. 2026-03-09"),
        "2026-03-08T07:00:00Z",
        &[
            "consumption_summary 2026-03-08T05:00Z 2026-03-08T07:00Z consumable_code=\"AIU\"",
            "consumption_summary 2026-03-08T05:00Z 2026-03-08T07:00Z consumable_code=\"PLTU\"",
            "- consumption_summary 2026-03-08T07:00Z 2026-03-09T04:00Z in the future",
        ],
    );
}

#[test]
fn uipath_services_are_told_by_utc_day() {
    check(
        &of("uipath", &["uipath.service_consumption"]).with(&[CODES, TENANT]),
        days("Europe/Berlin", "2026-06-01 .. 2026-07-01"),
        LATER,
        &[
            "daily_consumption_by_service 2026-06-01 2026-07-01 tenant_id=\"7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44\" consumable_code=\"AIU\"",
            "daily_consumption_by_service 2026-06-01 2026-07-01 tenant_id=\"7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44\" consumable_code=\"PLTU\"",
            "~ daily_consumption_by_service its first bucket starts at 2026-06-01T00:00:00+00:00",
            "~ daily_consumption_by_service its last bucket ends at 2026-07-01T00:00:00+00:00",
        ],
    );
}

#[test]
fn each_source_is_the_only_one_of_its_operation_and_names_arguments_that_it_has() {
    for provider in BUILT_IN {
        let facts = provider.facts();
        let mut seen = Vec::new();
        for source in facts.sources {
            assert!(!seen.contains(&source.operation), "{} {}", facts.name, source.operation);
            seen.push(source.operation);
            let operation = facts
                .operations
                .iter()
                .find(|known| known.name == source.operation)
                .unwrap();
            let has = |name: &str| operation.arguments.iter().any(|argument| argument.name == name);
            let sound = match source.takes {
                Takes::Range(start, end) => has(start) && has(end),
                Takes::YearMonth => has("year") && has("month"),
                Takes::Nothing => true,
            };
            assert!(sound, "{} {}", facts.name, source.operation);
        }
        assert!(!seen.is_empty(), "{}", facts.name);
    }
}

fn storage() -> Of {
    of("volcengine", &["volcengine.time_shift_storage"])
}

#[test]
fn volcengine_january_and_then_february_count_every_chinese_day_once() {
    check(
        &storage(),
        range("2026-01-01 .. 2026-02-01"),
        LATER,
        &[
            "time_shift_data 2026-01-01T16:00Z 2026-02-01T16:00Z aggregation=86400",
            "~ time_shift_data its first bucket starts at 2026-01-02T00:00:00+08:00",
            "~ time_shift_data its last bucket ends at 2026-02-02T00:00:00+08:00",
        ],
    );
    check(
        &storage(),
        range("2026-02-01 .. 2026-03-01"),
        LATER,
        &[
            "time_shift_data 2026-02-01T16:00Z 2026-03-01T16:00Z aggregation=86400",
            "~ time_shift_data its first bucket starts at 2026-02-02T00:00:00+08:00",
            "~ time_shift_data its last bucket ends at 2026-03-02T00:00:00+08:00",
        ],
    );
    check(
        &storage(),
        range("2026-01-01 .. 2026-03-01"),
        LATER,
        &[
            "time_shift_data 2026-01-01T16:00Z 2026-03-01T16:00Z aggregation=86400",
            "~ time_shift_data its first bucket starts at 2026-01-02T00:00:00+08:00",
            "~ time_shift_data its last bucket ends at 2026-03-02T00:00:00+08:00",
        ],
    );
}

#[test]
fn volcengine_a_chinese_quarter_is_one_call_without_edges() {
    check(
        &storage(),
        days("Asia/Shanghai", "2026-01-01 .. 2026-04-01"),
        LATER,
        &["time_shift_data 2025-12-31T16:00Z 2026-03-31T16:00Z aggregation=86400"],
    );
}

#[test]
fn volcengine_93_days_are_one_call_and_one_second_more_are_two() {
    check(
        &storage(),
        days("Asia/Shanghai", "2026-01-01 .. 2026-04-04"),
        LATER,
        &["time_shift_data 2025-12-31T16:00Z 2026-04-03T16:00Z aggregation=86400"],
    );
    check(
        &storage(),
        range("2025-12-31T16:00:00Z .. 2026-04-03T16:00:01Z"),
        LATER,
        &[
            "time_shift_data 2025-12-31T16:00Z 2026-04-03T16:00Z aggregation=86400",
            "time_shift_data 2026-04-03T16:00Z 2026-04-04T16:00Z aggregation=86400",
            "~ time_shift_data its last bucket ends at 2026-04-05T00:00:00+08:00",
        ],
    );
}

#[test]
fn volcengine_each_vhost_is_a_call() {
    check(
        &storage().with(&[("vhosts", &["a", "b"])]),
        days("Asia/Shanghai", "2026-02-01 .. 2026-03-01"),
        LATER,
        &[
            "time_shift_data 2026-01-31T16:00Z 2026-02-28T16:00Z aggregation=86400 vhosts=[\"a\"]",
            "time_shift_data 2026-01-31T16:00Z 2026-02-28T16:00Z aggregation=86400 vhosts=[\"b\"]",
        ],
    );
}

#[test]
fn volcengine_days_older_than_its_history_are_out_of_reach() {
    check(
        &storage(),
        range("2025-10-31 .. 2025-11-05"),
        "2026-11-01T15:58:30Z",
        &[
            "time_shift_data 2025-10-31T16:00Z 2025-11-05T16:00Z aggregation=86400",
            "~ time_shift_data its first bucket starts at 2025-11-01T00:00:00+08:00",
            "~ time_shift_data its last bucket ends at 2025-11-06T00:00:00+08:00",
        ],
    );
    check(
        &storage(),
        range("2025-10-31 .. 2025-11-05"),
        "2026-11-01T15:59:01Z",
        &[
            "time_shift_data 2025-11-01T16:00Z 2025-11-05T16:00Z aggregation=86400",
            "- time_shift_data 2025-10-31T16:00Z 2025-11-01T16:00Z older than 366 days",
            "~ time_shift_data its last bucket ends at 2025-11-06T00:00:00+08:00",
        ],
    );
}

#[test]
fn volcengine_the_chinese_day_under_way_is_asked_for_whole() {
    check(
        &storage(),
        range("2026-05-01T16:00:00Z .. 2026-05-10"),
        "2026-05-03T02:00:00Z",
        &[
            "time_shift_data 2026-05-01T16:00Z 2026-05-03T16:00Z aggregation=86400",
            "- time_shift_data 2026-05-03T16:00Z 2026-05-10T16:00Z in the future",
        ],
    );
}

#[test]
fn volcengine_hours_of_the_edge_are_cut_by_31_days() {
    check(
        &of("volcengine", &["volcengine.edge_requests"]),
        range("2026-01-01 .. 2026-02-01T00:00:01Z"),
        LATER,
        &[
            "edge_stat_data 2026-01-01 2026-02-01 aggregation=3600",
            "edge_stat_data 2026-02-01 2026-02-01T01:00Z aggregation=3600",
            "~ edge_stat_data its last bucket ends at 2026-02-01T09:00:00+08:00",
        ],
    );
}
