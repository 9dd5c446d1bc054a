//! The usage that exists: hourly draws per organisation, and what follows from them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::window::{self, Bucket, Series};
use crate::simulator::synth;
use crate::simulator::world::World;

/// One organisation of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Org {
    /// The numeric id, as text.
    pub id: &'static str,
    /// The key that sessions and switches use.
    pub key: &'static str,
    /// The name that people see.
    pub name: &'static str,
    /// How busy it is, in percent of the first.
    size: u64,
}

/// The organisation that a new session is in.
pub const MAIN_ORG: Org = Org {
    id: "10000001",
    key: "EXAMPLE_ORG",
    name: "Example",
    size: 100,
};

/// Its sub-organisations.
pub const SUB_ORGS: [Org; 3] = [
    Org {
        id: "10000002",
        key: "EXAMPLE_NORTH",
        name: "Example North",
        size: 60,
    },
    Org {
        id: "10000003",
        key: "EXAMPLE_SOUTH",
        name: "Example South",
        size: 35,
    },
    Org {
        id: "10000004",
        key: "EXAMPLE_LAB",
        name: "Example Lab",
        size: 10,
    },
];

/// The services that are called, with their calls in a busy hour; `mailbox` is called in few hours only,
/// and `diag` by the simulator's own clients only.
const SERVICES: [(&str, u64); 8] = [
    ("alarm", 40),
    ("diag", 0),
    ("mailbox", 3),
    ("method", 90),
    ("property", 900),
    ("session", 25),
    ("thing", 160),
    ("usage", 12),
];

/// API calls of one service in one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calls {
    /// Where the bucket starts.
    pub start: Timestamp,
    /// Where it ends.
    pub end: Timestamp,
    /// The first word of the commands counted.
    pub service: &'static str,
    /// How many calls.
    pub calls: u64,
}

/// A count, or stored bytes, at the end of one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Where the bucket starts.
    pub start: Timestamp,
    /// Where it ends.
    pub end: Timestamp,
    /// What is counted.
    pub counter: &'static str,
    /// How many.
    pub level: u64,
}

/// The calls made in `[from, to)`, in whole buckets that start there, up to the world's now; the simulator's own traffic is not in it.
/// Buckets without calls are absent.
pub fn truth_calls(world: &World, from: Timestamp, to: Timestamp, series: Series, sub_orgs: bool) -> Vec<Calls> {
    let horizon = world.now();
    let orgs = orgs(sub_orgs);
    let mut found = Vec::new();
    for bucket in whole_buckets(world, from, to, series) {
        for service in services() {
            let calls = orgs
                .iter()
                .map(|org| calls(world.seed(), org, service, bucket, horizon))
                .sum();
            if calls > 0 {
                found.push(Calls {
                    start: bucket.start,
                    end: bucket.end,
                    service,
                    calls,
                });
            }
        }
    }
    found
}

/// The counts of things, in whole buckets that start in `[from, to)`, up to the world's now.
pub fn truth_things(world: &World, from: Timestamp, to: Timestamp, series: Series, sub_orgs: bool) -> Vec<Level> {
    let buckets = whole_buckets(world, from, to, series);
    gauges(world, &buckets, &THING_COUNTERS, &orgs(sub_orgs))
}

/// The same of connections.
pub fn truth_connections(world: &World, from: Timestamp, to: Timestamp, series: Series, sub_orgs: bool) -> Vec<Level> {
    let buckets = whole_buckets(world, from, to, series);
    gauges(world, &buckets, &CONNECTION_COUNTERS, &orgs(sub_orgs))
}

/// The bytes that each kind of data holds, on whole days that start in `[from, to)`, up to the world's now.
pub fn truth_stored(world: &World, from: Timestamp, to: Timestamp, sub_orgs: bool) -> Vec<Level> {
    let (orgs, horizon) = (orgs(sub_orgs), world.now());
    let mut found = Vec::new();
    for bucket in whole_buckets(world, from, to, Series::Day) {
        found.extend(STORAGE_COUNTERS.iter().map(|(counter, _)| Level {
            start: bucket.start,
            end: bucket.end,
            counter,
            level: orgs.iter().map(|org| stored(org, counter, bucket, horizon)).sum(),
        }));
    }
    found
}

fn gauges(world: &World, buckets: &[Bucket], counters: &[&'static str], orgs: &[Org]) -> Vec<Level> {
    let (zone, horizon) = (window::zone(world), world.now());
    let level = |bucket: Bucket, counter: &'static str| Level {
        start: bucket.start,
        end: bucket.end,
        counter,
        level: orgs
            .iter()
            .map(|org| gauge(world.seed(), org, counter, bucket, horizon, &zone))
            .sum(),
    };
    let of = |bucket: &Bucket| {
        counters
            .iter()
            .map(|counter| level(*bucket, counter))
            .collect::<Vec<_>>()
    };
    buckets.iter().flat_map(of).collect()
}

fn orgs(sub_orgs: bool) -> Vec<Org> {
    [MAIN_ORG]
        .into_iter()
        .chain(SUB_ORGS.into_iter().filter(|_| sub_orgs))
        .collect()
}

/// The buckets that start in `[from, to)` and before the world's now.
fn whole_buckets(world: &World, from: Timestamp, to: Timestamp, series: Series) -> Vec<Bucket> {
    let zone = window::zone(world);
    let first = window::bucket_of(&zone, series, from);
    std::iter::successors(Some(first), |bucket| {
        let next = window::bucket_of(&zone, series, bucket.end);
        (bucket.start < next.start).then_some(next)
    })
    .skip_while(|bucket| bucket.start < from)
    .take_while(|bucket| bucket.start < to && bucket.start < world.now())
    .collect()
}

/// The names of the services that can be called.
pub fn services() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|(name, _)| *name)
}

/// The calls of one organisation to one service in a bucket, as far as they were made before `horizon`.
pub fn calls(seed: u64, org: &Org, service: &str, bucket: Bucket, horizon: Timestamp) -> u64 {
    let scale = SERVICES
        .iter()
        .find(|(name, _)| *name == service)
        .map_or(0, |(_, scale)| *scale);
    let name = format!("devicewise.calls.{}.{service}", org.key);
    bucket
        .hours()
        .map(|hour| {
            let whole = calls_in_hour(seed, &name, service, scale * org.size, hour);
            whole * window::elapsed_seconds(hour, horizon) / 3600
        })
        .sum()
}

fn calls_in_hour(seed: u64, name: &str, service: &str, scale: u64, hour: i64) -> u64 {
    let drawn = synth::draw(seed, name, hour);
    if service == "mailbox" && !drawn.is_multiple_of(40) {
        return 0;
    }
    // Half of the busy-hour figure is steady, half is noise; 100 twice for the two percentages.
    synth::business(hour) * scale * (50 + drawn % 101) / 1_000_000
}

/// What is counted of things, in the order of the documented table.
pub const THING_COUNTERS: [&str; 3] = ["connected", "total", "billable"];

/// What is counted of connections.
pub const CONNECTION_COUNTERS: [&str; 4] = ["hasRatePlan", "activated", "inSession", "total"];

/// The kinds of stored data, with the bytes that each of them holds at least.
pub const STORAGE_COUNTERS: [(&str, u64); 4] = [
    ("aggregates", 3_200_000_000),
    ("alarms", 45_000_000),
    ("files", 18_400_000_000),
    ("properties", 7_900_000_000),
];

/// A count of things or connections at the end of a bucket: a gauge.
pub fn gauge(seed: u64, org: &Org, counter: &str, bucket: Bucket, horizon: Timestamp, zone: &TimeZone) -> u64 {
    let at = bucket.end.min(horizon);
    let hour = (at.as_second() - 1).div_euclid(3600);
    let total = org.size * 4 + grown(hour, 400);
    let noise = synth::draw(seed, &format!("devicewise.gauge.{}.{counter}", org.key), hour) % 5;
    match counter {
        "connected" | "inSession" => total * (60 + synth::business(hour) / 4 + noise) / 100,
        // Billable things are those seen since the month began, so this restarts each calendar month.
        "billable" => {
            let day = at.checked_sub(SignedDuration::from_secs(1)).unwrap_or(at);
            let day = u64::try_from(zone.to_datetime(day).day()).unwrap_or(1);
            total * (70 + day.min(30)) / 100
        }
        "hasRatePlan" => total * 97 / 100,
        "activated" => total * 91 / 100,
        _ => total,
    }
}

/// The bytes that one kind of data holds at the end of a bucket: a gauge, well above 2^31.
pub fn stored(org: &Org, kind: &str, bucket: Bucket, horizon: Timestamp) -> u64 {
    let base = STORAGE_COUNTERS
        .iter()
        .find(|(name, _)| *name == kind)
        .map_or(0, |(_, base)| *base);
    let hour = bucket.end.min(horizon).as_second().div_euclid(3600);
    (base + grown(hour, 1) * 1_048_576) * org.size / 100
}

/// Slow growth over the years: one more for every so many hours since 2020.
fn grown(hour: i64, hours_each: i64) -> u64 {
    const START_OF_2020: i64 = 438_288;
    u64::try_from((hour - START_OF_2020).max(0) / hours_each).unwrap_or(0)
}
