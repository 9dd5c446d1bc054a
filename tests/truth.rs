//! A fetch against the simulator's own ground truth, reading by reading: labels, window, quantity and cost.
//!
//! The truth is computed by the simulator from its draws, without its HTTP side and without any code of the client.

#![cfg(all(feature = "client", feature = "simulator"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod common;

use std::collections::BTreeSet;

use common::fetch::{Accounts, line, lines, same, simulator};
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use metertap::engine::Options;
use metertap::providers::BUILT_IN;
use metertap::simulator::devicewise::{self, Level, Series};
use metertap::simulator::ricoh::{self, BOTH, Env, Items};
use metertap::simulator::sora::{self, Scope};
use metertap::simulator::uipath::{self, TENANTS};
use metertap::simulator::volcengine::{self, DOMAINS, GROUPS, Meter, Place, STATUS_CODES, TRANSCODINGS, VHOSTS};
use metertap::simulator::world::World;
use metertap::simulator::{json, server};

const NOW: &str = "2026-04-15T12:00:00Z";
/// A quarter, of which the last month is under way.
const RANGE: &str = "2026-02-01 .. 2026-05-01";
const START: &str = "2026-02-01T00:00:00Z";
const THIS_MONTH: &str = "2026-04-01T00:00:00Z";
/// RICOH's windows: calendar months, the last one up to now.
const MONTHS: [(&str, &str); 3] = [
    (START, "2026-03-01T00:00:00Z"),
    ("2026-03-01T00:00:00Z", THIS_MONTH),
    (THIS_MONTH, NOW),
];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn seconds(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

/// The expected lines, under way.
struct Truth<'a> {
    world: &'a World,
    lines: Vec<String>,
}

impl Truth<'_> {
    fn put(
        &mut self,
        account: &str,
        meter: &str,
        labels: &[(&str, &str)],
        window: (Timestamp, Timestamp),
        quantity: &str,
    ) {
        self.put_costly(account, meter, labels, window, quantity, None);
    }

    fn put_costly(
        &mut self,
        account: &str,
        meter: &str,
        labels: &[(&str, &str)],
        window: (Timestamp, Timestamp),
        quantity: &str,
        cost: Option<&str>,
    ) {
        let window = (window.0.to_string(), window.1.to_string());
        let window = (window.0.as_str(), window.1.as_str());
        self.lines.push(line(account, meter, labels, window, quantity, cost));
    }

    // Sora

    fn sora_traffic(&mut self, account: &str, prefix: &str, window: (Timestamp, Timestamp), usage: &sora::Usage) {
        let bandwidth = usage.max_bandwidth_mbps();
        for (meter, figure) in [
            ("ingress", usage.ingress),
            ("egress", usage.egress),
            ("max_concurrent_connections", usage.max_concurrent_connections),
            ("max_bandwidth", bandwidth),
        ] {
            self.put(
                account,
                &format!("sora.{prefix}{meter}"),
                &[],
                window,
                &figure.to_string(),
            );
        }
    }

    fn sora_days(&mut self, account: &str, prefix: &str, scope: Scope, first: Date) {
        let (seed, now) = (self.world.seed(), self.world.now());
        let today = now.to_zoned(TimeZone::UTC).date();
        for (day, usage) in sora::usage_by_day(seed, scope, first, today, now) {
            let start = day.to_zoned(TimeZone::UTC).unwrap().timestamp();
            self.sora_traffic(account, prefix, (start, start + seconds(86_400)), &usage);
        }
    }

    fn sora(&mut self, account: &str) {
        self.sora_days(account, "", Scope::Organisation, jiff::civil::date(2026, 2, 1));
        let usage = sora::usage_this_month(self.world.seed(), self.world.now());
        for (meter, figure) in [
            ("total_connections", usage.connections),
            ("total_sessions", usage.sessions),
            ("total_duration", usage.minutes),
            ("total_ingress", usage.ingress),
            ("total_egress", usage.egress),
            ("max_concurrent_connections_so_far", usage.max_concurrent_connections),
            ("max_bandwidth_so_far", usage.max_bandwidth_mbps()),
            ("api_requests", usage.api_requests),
            ("sora_api_requests", usage.sora_api_requests),
            ("webhook_requests", usage.webhook_requests),
        ] {
            let window = (at(THIS_MONTH), at(NOW));
            self.put(account, &format!("sora.{meter}"), &[], window, &figure.to_string());
        }
    }

    fn sora_project(&mut self, account: &str) {
        let (seed, now) = (self.world.seed(), self.world.now());
        for month in [2, 3, 4] {
            let first = jiff::civil::date(2026, month, 1);
            let days = sora::usage_by_day(seed, Scope::Project, first, first.last_of_month(), now);
            let usage = days
                .into_iter()
                .map(|(_, usage)| usage)
                .reduce(sora::Usage::then)
                .unwrap();
            let midnight = |day: Date| day.to_zoned(TimeZone::UTC).unwrap().timestamp();
            let window = (midnight(first), midnight(first.saturating_add(1.month())));
            self.sora_traffic(account, "project_monthly_", window, &usage);
        }
        // The days of the last 31 days that are whole.
        self.sora_days(
            account,
            "project_daily_",
            Scope::Project,
            jiff::civil::date(2026, 3, 16),
        );
    }

    // RICOH

    fn bill(&mut self, account: &str, labels: &[(&str, &str)], window: (Timestamp, Timestamp), items: &Items) {
        let money = |units: i128| json::decimal(units, 6);
        let mut put = |meter: &str, more: Option<(&str, &str)>, quantity: &str, cost: Option<i128>| {
            let labels: Vec<_> = labels.iter().copied().chain(more).collect();
            let cost = cost.map(money);
            self.put_costly(account, meter, &labels, window, quantity, cost.as_deref());
        };
        let reserved = items.reservation_cost();
        let minutes = items.connection_minutes.to_string();
        put("ricoh.connection_time", None, &minutes, Some(items.connection_cost));
        let traffic = json::decimal(items.traffic, 6);
        put("ricoh.traffic_volume", None, &traffic, Some(items.traffic_cost));
        for reservation in &items.reservations {
            let setting = reservation.mbps.to_string();
            let minutes = reservation.minutes.to_string();
            put(
                "ricoh.bitrate_reservation",
                Some(("bitrate_mbps", &setting)),
                &minutes,
                None,
            );
        }
        if !items.reservations.is_empty() {
            let minutes = items.reservation_minutes().to_string();
            put("ricoh.bitrate_reservation_total", None, &minutes, Some(reserved));
        }
        for (item, cost) in [
            ("connection_time", items.connection_cost),
            ("traffic_volume", items.traffic_cost),
            ("bitrate_reservation", reserved),
        ] {
            put("ricoh.cost", Some(("item_name", item)), &money(cost), None);
        }
    }

    fn ricoh_total(&mut self, account: &str, envs: &[Env], labels: &[(&str, &str)], windows: &[(&str, &str)]) {
        for (since, until) in windows {
            let window = (at(since), at(until));
            let usage = ricoh::truth(self.world, window.0, window.1, envs, None);
            self.bill(account, labels, window, &Items::of_application(&usage));
        }
    }

    fn ricoh_by_label(&mut self, account: &str, wanted: &[&str]) {
        for (since, until) in MONTHS {
            let window = (at(since), at(until));
            for (label, usage) in ricoh::truth_by_label(self.world, window.0, window.1, &BOTH) {
                if wanted.is_empty() || wanted.contains(&label) {
                    self.bill(account, &[("label", label)], window, &Items::of_label(&usage));
                }
            }
        }
    }

    // UiPath

    fn uipath_summary(&mut self, account: &str, code: &str, with_rest: bool) {
        let window = (at(START), at(NOW));
        let (from, to) = (window.0.as_millisecond(), window.1.as_millisecond());
        let summary = uipath::truth_summary(self.world, from, to, code);
        let units = |sum: uipath::Sum| json::decimal(sum.exact, 4);
        for of in &summary.tenants {
            for (pool, sum) in [("tenant", of.from_tenant_pool), ("organization", of.from_org_pool)] {
                let labels = [("consumable_code", code), ("tenant_id", of.tenant.id), ("pool", pool)];
                self.put(account, "uipath.consumption", &labels, window, &units(sum));
            }
        }
        if with_rest {
            let labels = [("consumable_code", code), ("pool", "organization_without_tenant")];
            self.put(
                account,
                "uipath.consumption",
                &labels,
                window,
                &units(summary.without_tenant),
            );
        }
    }

    fn uipath_services(&mut self, account: &str, code: &str) {
        let (from, to) = (at(START).as_millisecond(), at(NOW).as_millisecond());
        for tenant in &TENANTS {
            let selection = uipath::Selection {
                tenant_id: tenant.id.to_owned(),
                ..uipath::Selection::default()
            };
            for ((day, service), sum) in uipath::truth_daily(self.world, from, to, code, &selection) {
                let start = day.to_zoned(TimeZone::UTC).unwrap().timestamp();
                let labels = [
                    ("consumable_code", code),
                    ("tenant_id", tenant.id),
                    ("service", service),
                ];
                let units = json::decimal(sum.exact, 4);
                let window = (start, start + seconds(86_400));
                self.put(account, "uipath.service_consumption", &labels, window, &units);
            }
        }
    }

    fn uipath_folders(&mut self, account: &str, code: &str, tenant: &str) {
        let (from, to) = (at(START).as_millisecond(), at(NOW).as_millisecond());
        let selection = uipath::Selection {
            tenant_id: tenant.to_owned(),
            ..uipath::Selection::default()
        };
        for of in uipath::truth_folders(self.world, from, to, code, &selection) {
            let mut labels = vec![("consumable_code", code), ("tenant_id", tenant)];
            labels.extend(of.folder.map(|folder| ("folder_key", folder.key)));
            labels.extend(of.folder.map(|folder| ("folder_name", folder.name)));
            let units = json::decimal(of.consumed.exact, 4);
            let window = (at(START), at(NOW));
            self.put(account, "uipath.folder_consumption", &labels, window, &units);
        }
    }

    // deviceWISE

    fn devicewise(&mut self, account: &str, series: Series, sub_orgs: bool) {
        let (world, from, to) = (self.world, at(START), at(NOW));
        let things = devicewise::truth_things(world, from, to, series, sub_orgs);
        let calls = devicewise::truth_calls(world, from, to, series, sub_orgs);
        // A service that was called at all has a figure for every bucket.
        let services: BTreeSet<&str> = calls.iter().map(|calls| calls.service).collect();
        for bucket in things.iter().filter(|level| level.counter == "total") {
            for service in &services {
                let called = calls
                    .iter()
                    .find(|calls| (calls.start, calls.service) == (bucket.start, *service));
                let figure = called.map_or(0, |calls| calls.calls).to_string();
                let window = (bucket.start, bucket.end);
                self.put(
                    account,
                    "devicewise.api_calls",
                    &[("service", service)],
                    window,
                    &figure,
                );
            }
        }
        self.levels(account, "devicewise.things", &things);
        let connections = devicewise::truth_connections(world, from, to, series, sub_orgs);
        self.levels(account, "devicewise.connections", &connections);
        for level in devicewise::truth_stored(world, from, to, sub_orgs) {
            let (labels, window) = ([("counter", level.counter)], (level.start, level.end));
            self.put(account, "devicewise.storage", &labels, window, &level.level.to_string());
        }
    }

    fn levels(&mut self, account: &str, total: &str, levels: &[Level]) {
        for level in levels {
            let more = match level.counter {
                "hasRatePlan" => "_with_rate_plan",
                "inSession" => "_in_session",
                "connected" => "_connected",
                "billable" => "_billable",
                "activated" => "_activated",
                _ => "",
            };
            let window = (level.start, level.end);
            self.put(
                account,
                &format!("{total}{more}"),
                &[],
                window,
                &level.level.to_string(),
            );
        }
    }

    // Volcengine

    /// The buckets at China's midnight or hour that start in the range and had begun when figures could be read last:
    /// each with the moment up to which it is known.
    fn buckets(length: i64, delay_minutes: i64) -> Vec<(Timestamp, Timestamp, Timestamp)> {
        let horizon = at(NOW) - seconds(delay_minutes * 60);
        let offset = 8 * 3600;
        let first = (at(START).as_second() + offset + length - 1).div_euclid(length) * length - offset;
        let starts = (first..horizon.as_second()).step_by(usize::try_from(length).unwrap());
        let bucket = |start: i64| {
            let start = Timestamp::from_second(start).unwrap();
            let end = start + seconds(length);
            (start, end, end.min(horizon))
        };
        starts.map(bucket).collect()
    }

    fn volcengine_storage(&mut self, account: &str, vhost: Option<&str>) {
        let local = |moment: Timestamp| Offset::constant(8).to_datetime(moment).date();
        // A day can be read at 08:00 of the next: the last one is yesterday's.
        let (from, to) = (local(at(START)).tomorrow().unwrap(), local(at(NOW)));
        let vhosts: Vec<&str> = vhost.into_iter().collect();
        for day in volcengine::truth_storage(self.world, &vhosts, from, to) {
            let start = day
                .date
                .to_zoned(TimeZone::fixed(Offset::constant(8)))
                .unwrap()
                .timestamp();
            let labels: Vec<_> = vhost.map(|vhost| ("vhost", vhost)).into_iter().collect();
            let window = (start, start + seconds(86_400));
            let storage = json::decimal(day.tenths.into(), 1);
            self.put(account, "volcengine.time_shift_storage", &labels, window, &storage);
        }
    }

    fn volcengine(&mut self, account: &str, of: &Figure, place: Option<(&str, &str)>) {
        for (start, end, known) in Self::buckets(of.length, of.delay) {
            let names: Vec<&str> = place.iter().map(|(_, name)| *name).collect();
            let figure = volcengine::truth_figure(self.world, of.meter, of.places, &names, start, known);
            let labels: Vec<_> = place.into_iter().collect();
            let text = volcengine::decimal(figure, of.meter.decimals);
            self.put(account, of.name, &labels, (start, end), &text);
        }
    }

    fn volcengine_flow(&mut self, account: &str, domain: Option<&str>) {
        for (name, meter) in [
            ("volcengine.up_bandwidth", Meter::UP_BANDWIDTH),
            ("volcengine.down_bandwidth", Meter::DOWN_BANDWIDTH),
            ("volcengine.up_traffic", Meter::UP_TRAFFIC),
            ("volcengine.down_traffic", Meter::DOWN_TRAFFIC),
        ] {
            let place = domain.map(|domain| ("domain", domain));
            self.volcengine(account, &of_domains(name, meter, DAY, 15), place);
        }
    }

    fn volcengine_rest(&mut self, account: &str) {
        for of in REST {
            self.volcengine(account, of, None);
        }
        for (kind, (name, resolution, _)) in TRANSCODINGS.iter().enumerate() {
            let meter = Meter::transcoded(kind);
            let labels = [("transcode_type", *name), ("resolution", *resolution)];
            for (start, end, known) in Self::buckets(DAY, 20) {
                let figure = volcengine::truth_figure(self.world, meter, &DOMAINS, &[], start, known);
                let text = volcengine::decimal(figure, 2);
                self.put(account, "volcengine.transcode_duration", &labels, (start, end), &text);
            }
        }
        for (start, end, known) in Self::buckets(HOUR, 5) {
            let requests = volcengine::truth_figure(self.world, Meter::REQUESTS, &DOMAINS, &[], start, known);
            for (code, twentieths) in STATUS_CODES.iter().filter(|_| requests > 0) {
                let (code, figure) = (code.to_string(), (requests * twentieths / 20).to_string());
                let labels = [("status_code", code.as_str())];
                self.put(
                    account,
                    "volcengine.status_code_requests",
                    &labels,
                    (start, end),
                    &figure,
                );
            }
        }
        let figure = |meter, start, end| volcengine::truth_figure(self.world, meter, &DOMAINS, &[], start, end);
        let mut points: Vec<u64> = Self::buckets(300, 15)
            .into_iter()
            .map(|(start, _, known)| {
                figure(Meter::UP_BANDWIDTH, start, known) + figure(Meter::DOWN_BANDWIDTH, start, known)
            })
            .collect();
        points.sort_unstable_by(|one, other| other.cmp(one));
        let p95 = volcengine::decimal(points[points.len() / 20], 6);
        let window = (at(START), at(NOW));
        self.put(account, "volcengine.p95_peak_bandwidth", &[], window, &p95);
    }

    fn finish(mut self) -> Vec<String> {
        self.lines.sort();
        self.lines
    }
}

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// A meter of Volcengine, and what it is in the simulator.
struct Figure {
    name: &'static str,
    meter: Meter,
    places: &'static [Place],
    length: i64,
    /// Minutes until figures can be read.
    delay: i64,
}

const fn of_domains(name: &'static str, meter: Meter, length: i64, delay: i64) -> Figure {
    Figure {
        name,
        meter,
        places: &DOMAINS,
        length,
        delay,
    }
}

const fn of_groups(name: &'static str, meter: Meter) -> Figure {
    Figure {
        places: &GROUPS,
        ..of_domains(name, meter, DAY, 15)
    }
}

/// The meters that are not read by default and have a plain row per bucket.
const REST: &[Figure] = &[
    of_domains("volcengine.record_concurrency", Meter::RECORDINGS, DAY, 420),
    of_domains("volcengine.snapshots", Meter::SNAPSHOTS, DAY, 15),
    of_domains("volcengine.audits", Meter::AUDITS, DAY, 15),
    of_groups("volcengine.pull_to_push_duration", Meter::PUSHED),
    of_groups("volcengine.pull_to_push_bandwidth", Meter::UP_BANDWIDTH),
    of_domains("volcengine.edge_up_bandwidth", Meter::UP_BANDWIDTH, HOUR, 15),
    of_domains("volcengine.edge_down_bandwidth", Meter::DOWN_BANDWIDTH, HOUR, 15),
    of_domains("volcengine.edge_up_traffic", Meter::UP_TRAFFIC, HOUR, 15),
    of_domains("volcengine.edge_down_traffic", Meter::DOWN_TRAFFIC, HOUR, 15),
    of_domains("volcengine.edge_requests", Meter::REQUESTS, HOUR, 15),
    of_domains("volcengine.metric_up_bandwidth", Meter::UP_BANDWIDTH, HOUR, 15),
    of_domains("volcengine.metric_down_bandwidth", Meter::DOWN_BANDWIDTH, HOUR, 15),
    of_domains("volcengine.metric_up_traffic", Meter::UP_TRAFFIC, HOUR, 15),
    of_domains("volcengine.metric_down_traffic", Meter::DOWN_TRAFFIC, HOUR, 15),
    of_domains("volcengine.source_traffic", Meter::SOURCE_TRAFFIC, HOUR, 15),
    of_domains("volcengine.source_traffic_bandwidth", Meter::SOURCE_BANDWIDTH, HOUR, 15),
    of_domains("volcengine.source_bandwidth", Meter::SOURCE_BANDWIDTH, HOUR, 15),
    of_domains("volcengine.online_users", Meter::VIEWERS, HOUR, 15),
    of_domains("volcengine.session_requests", Meter::REQUESTS, HOUR, 15),
    of_domains("volcengine.streams", Meter::STREAMS, HOUR, 5),
    of_domains("volcengine.push_streams", Meter::PUSHES, DAY, 5),
];

const DOMAIN: &str = "pull.event.example.com";

/// What is asked of every account that the first test has.
const USUAL: &[(&str, &str, &str)] = &[
    ("sora", "sora", "{}"),
    ("ricoh", "ricoh", "{}"),
    ("ricoh-labels", "ricoh", r#"{"by_label": true}"#),
    ("uipath", "uipath", r#"{"consumable_code": ["AIU", "PLTU"]}"#),
    (
        "uipath-tenants",
        "uipath",
        r#"{"consumable_code": "AGU", "tenant_id": ["7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44",
            "1f5a9c3e-6b20-4d0f-8c77-b2e40a9d5163", "e83b7d12-09c4-4f6a-a1d8-5c9f30b7e2a6"]}"#,
    ),
    ("devicewise", "devicewise", "{}"),
    ("devicewise-days", "devicewise", r#"{"series": "day"}"#),
    ("volcengine", "volcengine", "{}"),
    (
        "volcengine-places",
        "volcengine",
        r#"{"vhosts": ["www.example.com", "event.example.com", "直播.example.com"], "domains": ["pull.event.example.com"]}"#,
    ),
];

fn usual_truth(world: &World) -> Vec<String> {
    let mut truth = Truth {
        world,
        lines: Vec::new(),
    };
    truth.sora("sora");
    truth.ricoh_total("ricoh", &BOTH, &[], &MONTHS);
    truth.ricoh_by_label("ricoh-labels", &[]);
    truth.uipath_summary("uipath", "AIU", true);
    truth.uipath_summary("uipath", "PLTU", true);
    truth.uipath_summary("uipath-tenants", "AGU", false);
    truth.uipath_services("uipath-tenants", "AGU");
    truth.devicewise("devicewise", Series::Hour, false);
    truth.devicewise("devicewise-days", Series::Day, false);
    truth.volcengine_storage("volcengine", None);
    truth.volcengine_flow("volcengine", None);
    for vhost in VHOSTS {
        truth.volcengine_storage("volcengine-places", Some(vhost));
    }
    truth.volcengine_flow("volcengine-places", Some(DOMAIN));
    truth.finish()
}

fn start(seed: u64) -> server::Simulator {
    simulator(seed, NOW)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quarter_of_all_providers_is_the_simulators_own_truth_for_three_seeds() {
    for seed in [7, 20_260_415, u64::MAX] {
        let simulator = start(seed);
        let accounts = Accounts::new(&simulator, USUAL, &Options::default());
        let usage = accounts.run(&accounts.plan(RANGE)).await;
        assert_eq!(
            usage.missing().collect::<Vec<_>>(),
            Vec::<&metertap::usage::Hole>::new()
        );
        let found = lines(&usage);
        assert!(found.len() > 20_000, "{}", found.len());
        same(&found, &usual_truth(simulator.world()));
    }
}

/// What is asked of the accounts of the second test.
const REST_ASKED: &[(&str, &str, &str)] = &[
    (
        "sora-project",
        "sora",
        r#"{"meters": ["sora.project_monthly_ingress", "sora.project_monthly_egress",
            "sora.project_monthly_max_concurrent_connections", "sora.project_monthly_max_bandwidth",
            "sora.project_daily_ingress", "sora.project_daily_egress",
            "sora.project_daily_max_concurrent_connections", "sora.project_daily_max_bandwidth"]}"#,
    ),
    ("ricoh-two", "ricoh", r#"{"labels": ["default", "50%off"]}"#),
    ("ricoh-dev", "ricoh", r#"{"env": ["dev"]}"#),
    (
        "uipath-folders",
        "uipath",
        r#"{"meters": ["uipath.folder_consumption"], "consumable_code": "RU",
            "tenant_id": "7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44"}"#,
    ),
    (
        "devicewise-subs",
        "devicewise",
        r#"{"series": "day", "include_sub_orgs": true}"#,
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_meter_that_is_not_read_by_default_is_the_simulators_own_truth_too() {
    let simulator = start(7);
    let mut names: Vec<&str> = REST.iter().map(|of| of.name).collect();
    names.extend([
        "volcengine.transcode_duration",
        "volcengine.status_code_requests",
        "volcengine.p95_peak_bandwidth",
    ]);
    let rest = format!("{{\"meters\": {}}}", serde_json::to_string(&names).unwrap());
    let mut asked = REST_ASKED.to_vec();
    asked.push(("volcengine-rest", "volcengine", &rest));
    let accounts = Accounts::new(&simulator, &asked, &Options::default());
    let usage = accounts.run(&accounts.plan(RANGE)).await;
    assert!(usage.is_complete(), "{:?}", usage.holes);

    let mut truth = Truth {
        world: simulator.world(),
        lines: Vec::new(),
    };
    truth.sora_project("sora-project");
    truth.ricoh_by_label("ricoh-two", &["default", "50%off"]);
    truth.ricoh_total("ricoh-dev", &[Env::Dev], &[("env", "dev")], &MONTHS);
    truth.uipath_folders("uipath-folders", "RU", TENANTS[0].id);
    truth.devicewise("devicewise-subs", Series::Day, true);
    truth.volcengine_rest("volcengine-rest");
    let expected = truth.finish();
    same(&lines(&usage), &expected);

    // Between them, the two tests know every meter there is.
    let of_line = |line: &String| line.split(' ').nth(1).unwrap().to_owned();
    let usual = usual_truth(simulator.world());
    let told: BTreeSet<String> = expected.iter().chain(&usual).map(of_line).collect();
    let sources = BUILT_IN.iter().flat_map(|provider| provider.facts().sources);
    let known: BTreeSet<String> = sources
        .flat_map(|source| source.meters)
        .map(|meter| meter.name.to_owned())
        .collect();
    assert_eq!(told, known);
}
