//! Numbers: what stands in a valid answer stands in the table, digit for digit, or is flagged as rounded.
//!
//! Numbers are made as text, the way services may write them: long, with exponents, with zeros at both ends. What each
//! should become is worked out on the text alone.

#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod common;

use std::time::Duration;

use jiff::Timestamp;
use metertap::engine::run::read;
use metertap::plan::{Part, Plan, PlannedAccount, Question};
use metertap::providers::provider;
use metertap::service::Reply;
use metertap::usage::rollup::RollUp;
use metertap::usage::{Evidence, Outcome, Usage};
use metertap::values::error::Kind;
use metertap::values::period::Every;
use metertap::values::window::{Instant, Window};
use metertap::values::zone::Zone;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const NOW: &str = "2026-04-15T12:00:00Z";

/// The plan of one question to one account.
fn plan(of: &str, selection: &str, start: &str, end: &str) -> Plan {
    let provider = provider(of).unwrap();
    let at = |text: &str| Instant::parse_argument(text).unwrap();
    let account = PlannedAccount {
        name: of.to_owned(),
        provider: provider.facts().name,
        per_second: None,
        concurrency: 1,
        identity: String::new(),
    };
    let part = Part {
        account,
        provider,
        selection: common::arguments(&serde_json::from_str(selection).unwrap()),
    };
    let question = Question {
        zone: Zone::utc(),
        every: None,
        window: Window::new(at(start), at(end)).unwrap(),
        now: at(NOW).at,
        parts: vec![part],
    };
    Plan::make(&question).unwrap()
}

/// The usage that this body makes, as the answer to the only call of a plan.
fn usage(plan: &Plan, body: &str) -> metertap::values::error::Result<Usage> {
    let [call] = &plan.calls[..] else {
        panic!("{} calls", plan.calls.len())
    };
    let reply = Reply {
        status: 200,
        headers: vec![],
        body: body.as_bytes().to_vec(),
    };
    let now: Timestamp = NOW.parse().unwrap();
    let readings = read(provider(call.provider).unwrap(), call, &reply, now)?;
    let outcome = Outcome {
        call: 0,
        evidence: Evidence::answered(now, now, &reply, 1, Duration::ZERO),
        result: Ok(readings),
    };
    Usage::assemble(plan, vec![outcome])
}

/// A number of the table.
type Cell = (String, bool);

/// What an answer should make: for each reading the quantity, the cost if any, and whether it is flagged as rounded.
type Expected = (String, Option<String>, bool);

/// The readings of a usage in their order.
fn readings(usage: &Usage) -> Vec<Expected> {
    use common::cell;
    let table = &usage.readings;
    let row = |row: usize| {
        let flags = cell(table, "flags", row).unwrap();
        (
            cell(table, "quantity", row).unwrap(),
            cell(table, "cost", row),
            flags.split('+').any(|flag| flag == "rounded"),
        )
    };
    (0..table.num_rows()).map(row).collect()
}

fn expected(quantity: &str, cost: Option<&str>) -> Option<Expected> {
    let (quantity, rounded) = exact(quantity)?;
    let Some(cost) = cost else {
        return Some((quantity, None, rounded));
    };
    let (cost, cost_rounded) = exact(cost)?;
    Some((quantity, Some(cost), rounded || cost_rounded))
}

/// A JSON number's text as plain digits with at most 18 behind the point, and whether that rounded it (half to even);
/// nothing if it has more than 20 before the point. Works on digits alone: no integer, no float.
fn exact(text: &str) -> Option<Cell> {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, power) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.bytes().all(|digit| digit == b'0') {
        return Some(("0".to_owned(), false));
    }
    let point = i64::try_from(whole.len()).unwrap() + power.parse::<i64>().unwrap();
    // Enough zeros on both sides that the point and the 18th place behind it lie inside.
    let before = usize::try_from((1 - point).max(0)).unwrap();
    let point = usize::try_from(point.max(1)).unwrap();
    let mut all = "0".repeat(before) + &digits;
    while all.len() < point + 19 {
        all.push('0');
    }
    let (front, lost) = all.split_at(point + 18);
    let mut kept = front.as_bytes().to_vec();
    let half = format!("5{}", "0".repeat(lost.len() - 1));
    let is_odd = kept.last().unwrap() % 2 == 1;
    if lost > half.as_str() || (lost == half && is_odd) {
        kept.insert(0, b'0');
        let place = kept.iter().rposition(|digit| *digit != b'9').unwrap();
        kept[place] += 1;
        kept[place + 1..].fill(b'0');
    }
    let kept = String::from_utf8(kept).unwrap();
    let (whole, fraction) = kept.split_at(kept.len() - 18);
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let shown = if whole.is_empty() { "0" } else { whole };
    let dot = if fraction.is_empty() { "" } else { "." };
    let sign = if (whole, fraction) == ("", "") { "" } else { sign };
    let rounded = lost.bytes().any(|digit| digit != b'0');
    (whole.len() <= 20).then(|| (format!("{sign}{shown}{dot}{fraction}"), rounded))
}

/// A JSON number; nearly always one that fits, since one that does not has the whole answer refused.
fn number() -> impl Strategy<Value = String> {
    let fits = any_number().prop_filter("more than 20 digits before the point", |text| exact(text).is_some());
    prop_oneof![40 => fits, 1 => any_number()]
}

/// Any JSON number of up to 28 digits before the point and behind it, with or without a fraction and an exponent.
fn any_number() -> impl Strategy<Value = String> {
    let digits = || proptest::collection::vec(0..10_u8, 1..=28);
    let text = |digits: Vec<u8>| {
        digits
            .into_iter()
            .map(|digit| char::from(b'0' + digit))
            .collect::<String>()
    };
    let mark = proptest::sample::select(vec!["e", "E", "e+", "E+", "e-", "E-"]);
    let power = proptest::option::weighted(0.4, (mark, prop_oneof![9 => 0..30_u32, 1 => 0..400_u32]));
    let fraction = proptest::option::weighted(0.6, digits());
    (any::<bool>(), digits(), fraction, power, 1..=28_usize).prop_map(
        move |(negative, whole, fraction, power, most)| {
            let whole: String = text(whole).chars().take(most).collect();
            let whole = whole.trim_start_matches('0');
            let whole = if whole.is_empty() { "0" } else { whole };
            let sign = if negative { "-" } else { "" };
            let fraction = fraction.map(|digits| format!(".{}", text(digits))).unwrap_or_default();
            let power = power.map(|(mark, power)| format!("{mark}{power}")).unwrap_or_default();
            format!("{sign}{whole}{fraction}{power}")
        },
    )
}

/// Compares what an answer makes with what it should make; nothing expected means that it is refused.
fn check(plan: &Plan, body: &str, expected: Option<Vec<Expected>>) -> TestCaseResult {
    match (usage(plan, body), expected) {
        (Ok(usage), Some(expected)) => prop_assert_eq!(readings(&usage), expected, "{}", body),
        (Err(error), None) => {
            prop_assert_eq!(error.kind, Kind::UnexpectedResponse);
            prop_assert!(
                error.message.contains("more than 20 digits before the point"),
                "{}",
                error
            );
        }
        (Ok(usage), None) => prop_assert!(false, "{} was read as {:?}", body, readings(&usage)),
        (Err(error), Some(_)) => prop_assert!(false, "{} was refused: {}", body, error),
    }
    Ok(())
}

#[test]
fn the_reference_is_right_where_it_is_known() {
    for (text, shown, rounded) in [
        ("0", "0", false),
        ("-0.0e5", "0", false),
        ("149514.99999999997", "149514.99999999997", false),
        ("1e-18", "0.000000000000000001", false),
        ("1.5e-18", "0.000000000000000002", true),
        ("2.5e-18", "0.000000000000000002", true),
        ("-2.50000000001e-18", "-0.000000000000000003", true),
        ("-1e-300", "0", true),
        ("9999999999999999999.9999999999999999999", "10000000000000000000", true),
        ("1.230e3", "1230", false),
        ("99999999999999999999", "99999999999999999999", false),
    ] {
        assert_eq!(exact(text), Some((shown.to_owned(), rounded)), "{text}");
    }
    for text in [
        "100000000000000000000",
        "1e20",
        "-1e400",
        "99999999999999999999.9999999999999999999",
    ] {
        assert_eq!(exact(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn the_numbers_of_a_ricoh_bill_are_kept_or_flagged(
        numbers in proptest::collection::vec(number(), 8),
    ) {
        let [minutes, cost, traffic, traffic_cost, one, other, reserved, total] = &numbers[..] else { unreachable!() };
        let body = format!(
            r#"{{"results": [{{"approximate_total_cost": {total}, "items": [
                {{"item_name": "connection_time", "usage": {minutes}, "approximate_cost": {cost}}},
                {{"item_name": "traffic_volume", "usage": {traffic}, "approximate_cost": {traffic_cost}}},
                {{"item_name": "bitrate_reservation", "usage": {reserved},
                  "sub_items": [{{"item_name": "10", "usage": {one}}}, {{"item_name": "60", "usage": {other}}}]}}]}}]}}"#
        );
        let wanted = [
            expected(cost, None),
            expected(minutes, Some(cost)),
            expected(traffic_cost, None),
            expected(traffic, Some(traffic_cost)),
            expected(one, None),
            expected(other, None),
            expected(reserved, None),
            // It is checked, not kept.
            expected(total, None),
        ];
        let wanted: Option<Vec<_>> = wanted.into_iter().collect();
        let wanted = wanted.map(|mut wanted| { wanted.pop(); wanted });
        check(&plan("ricoh", "{}", "2026-02-01", "2026-03-01"), &body, wanted)?;
    }

    #[test]
    fn the_numbers_of_a_uipath_summary_are_kept_or_flagged(numbers in proptest::collection::vec(number(), 5)) {
        let [rest, one, two, three, four] = &numbers[..] else { unreachable!() };
        let tenant = |last: u8, own: &str, shared: &str| format!(
            r#"{{"tenantId": "00000000-0000-0000-0000-00000000000{last}", "consumedFromTenantPool": {own},
                "consumedFromOrgPool": {shared}}}"#
        );
        let body = format!(
            r#"{{"consumedFromOrgWithoutTenant": {rest}, "tenantConsumptionItems": [{}, {}]}}"#,
            tenant(1, one, two),
            tenant(2, three, four)
        );
        let wanted = [one, two, three, four, rest].map(|text| expected(text, None)).into_iter().collect();
        check(&plan("uipath", r#"{"consumable_code": "AIU"}"#, "2026-02-01", "2026-03-01"), &body, wanted)?;
    }

    #[test]
    fn the_numbers_of_volcengine_rows_are_kept_or_flagged(numbers in proptest::collection::vec(number(), 1..20)) {
        let row = |(day, storage): (usize, &String)| {
            format!(r#"{{"TimeStamp": "2026-02-{:02}T00:00:00+08:00", "Storage": {storage}}}"#, day + 2)
        };
        let rows: Vec<String> = numbers.iter().enumerate().map(row).collect();
        let body = format!(
            r#"{{"ResponseMetadata": {{"RequestId": "r"}}, "Result": {{"TimeShiftDataList": [{}]}}}}"#,
            rows.join(",")
        );
        let wanted = numbers.iter().map(|text| expected(text, None)).collect();
        let selection = r#"{"meters": ["volcengine.time_shift_storage"]}"#;
        check(&plan("volcengine", selection, "2026-02-01", "2026-03-01"), &body, wanted)?;
    }

    // It counts: a fraction or a negative number is refused, by this door as by the other.
    #[test]
    fn the_number_that_a_sora_counter_is_is_kept_if_it_can_be_a_count(
        text in prop_oneof![number(), any::<u64>().prop_map(|count| count.to_string())],
    ) {
        let plan = plan("sora", r#"{"meters": ["sora.total_sessions"]}"#, "2026-04-01", "2026-05-01");
        if text == "-0" || text.parse::<u64>().is_ok() {
            check(&plan, &text, Some(vec![expected(&text, None).unwrap()]))?;
        } else {
            let error = usage(&plan, &text).map(|_| ()).unwrap_err();
            prop_assert_eq!(error.kind, Kind::UnexpectedResponse, "{}", text);
        }
    }

    // deviceWISE counts: whole numbers, which the reference client's types hold in 64 bits.
    #[test]
    fn the_counts_of_a_devicewise_history_are_kept_and_add_up(
        counts in proptest::collection::vec(proptest::array::uniform3(any::<u32>().prop_map(u64::from)), 1..24),
        large in any::<u64>(),
    ) {
        let mut counts = counts;
        counts[0][0] = large;
        let column = |of: usize| counts.iter().map(|row| row[of].to_string()).collect::<Vec<_>>();
        let stamps: Vec<String> = (0..counts.len()).map(|hour| format!("\"2026-02-01T{hour:02}:00:00Z\"")).collect();
        let total: u128 = counts.iter().flatten().map(|count| u128::from(*count)).sum();
        let names = ["alarm", "method", "property"];
        let arrays: Vec<String> = names
            .iter()
            .enumerate()
            .map(|(of, name)| format!("\"{name}\": [{}]", column(of).join(",")))
            .collect();
        let body = format!(
            r#"{{"get": {{"success": true, "params": {{"counters": {{{}}}, "total": {total}, "ts": [{}]}}}}}}"#,
            arrays.join(","),
            stamps.join(",")
        );
        let plan = plan("devicewise", r#"{"meters": ["devicewise.api_calls"]}"#, "2026-02-01", "2026-02-02");
        let wanted = (0..3).flat_map(column).map(|text| (text, None, false)).collect();
        check(&plan, &body, Some(wanted))?;

        // The sum of what comes in is what comes out, whichever way it is put together.
        let usage = usage(&plan, &body).unwrap();
        let quantities = |every: Option<Every>, by: &[&str]| -> Vec<String> {
            let by: Vec<String> = by.iter().map(ToString::to_string).collect();
            let wanted = RollUp { every, by: Some(&by), ..RollUp::default() };
            let table = usage.rollup(&wanted).unwrap().table;
            (0..table.num_rows()).filter_map(|row| common::cell(&table, "quantity", row)).collect()
        };
        prop_assert_eq!(quantities(Some(Every::All), &["meter"]), [total.to_string()]);
        prop_assert_eq!(quantities(Some(Every::Day), &["meter"]), [total.to_string()]);
        for by in [&["service"][..], &["meter", "service"]] {
            let parts = quantities(Some(Every::All), by);
            prop_assert_eq!(parts.len(), 3);
            prop_assert_eq!(parts.iter().map(|part| part.parse::<u128>().unwrap()).sum::<u128>(), total);
        }
        let hours = quantities(Some(Every::Hour), &["meter"]);
        prop_assert_eq!(hours.len(), counts.len());
        prop_assert_eq!(hours.iter().map(|part| part.parse::<u128>().unwrap()).sum::<u128>(), total);
    }
}
