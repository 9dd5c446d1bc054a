//! The usage that exists: hourly draws per domain, spread over the minutes of the hour by weights.
//!
//! All domains share the weights of an hour, and every figure is a whole number of them. So minutes add up to hours, streams
//! and network providers add up to domains, and the peak of a sum is the sum of the peaks, without any rounding.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::simulator::synth;
use crate::simulator::world::World;

/// The account's domain spaces.
pub const VHOSTS: [&str; 3] = ["www.example.com", "event.example.com", "直播.example.com"];

/// The one application of the account.
pub const APP: &str = "live";

/// The streams of each domain.
pub const STREAMS_PER_DOMAIN: u64 = 64;

/// A domain, or a group of pull-to-push tasks.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: &'static str,
    /// The domain space that it is in.
    pub vhost: &'static str,
    /// How much it sends, receives, does, and how many streams it has: the busy-hour scales of the meters.
    scales: [u64; 4],
    /// True: it has days without any usage.
    sleeps: bool,
}

const fn place(name: &'static str, vhost: &'static str, scales: [u64; 4], sleeps: bool) -> Place {
    Place {
        name,
        vhost,
        scales,
        sleeps,
    }
}

/// The account's domains.
pub static DOMAINS: [Place; 4] = [
    place("pull.www.example.com", VHOSTS[0], [0, 6, 1, 8], false),
    place("push.www.example.com", VHOSTS[0], [2, 0, 1, 12], false),
    place("pull.event.example.com", VHOSTS[1], [0, 9, 2, 20], true),
    place("pull.zhibo.example.com", VHOSTS[2], [0, 3, 1, 5], false),
];

/// The account's groups of pull-to-push tasks.
pub static GROUPS: [Place; 2] = [
    place("group-news", "", [1, 0, 1, 2], false),
    place("group-sports", "", [2, 0, 2, 3], true),
];

/// A part of the whole, in twentieths.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// How many twentieths.
    pub twentieths: u64,
}

const fn part(name: &'static str, twentieths: u64) -> Part {
    Part { name, twentieths }
}

/// The protocols. They make 21 twentieths: the sum by protocol exceeds the total [docs 6469/1126921].
pub static PROTOCOLS: [Part; 6] = [
    part("HTTP-FLV", 9),
    part("HTTP-HLS", 5),
    part("RTMP", 4),
    part("RTM", 1),
    part("SRT", 1),
    part("QUIC", 1),
];

/// The network providers, which make up the whole.
pub static ISPS: [Part; 11] = [
    part("unicom", 5),
    part("railcom", 0),
    part("telecom", 7),
    part("mobile", 5),
    part("cernet", 1),
    part("tianwei", 0),
    part("alibaba", 1),
    part("tencent", 0),
    part("drpeng", 1),
    part("btvn", 0),
    part("huashu", 0),
];

/// Areas, countries and provinces with their twentieths. The codes are made up: the real list is another call's answer.
pub static REGIONS: [(&str, &str, &str, u64); 6] = [
    ("CN", "CN", "beijing", 5),
    ("CN", "CN", "shanghai", 4),
    ("CN", "CN", "guangdong", 6),
    ("AP", "SG", "", 3),
    ("AP", "JP", "", 1),
    ("EU", "DE", "", 1),
];

/// The kinds of transcoding: type, resolution, kbit/s.
pub static TRANSCODINGS: [(&str, &str, u64); 4] = [
    ("Normal_H264", "720P", 2_000),
    ("Normal_H264", "1080P", 4_000),
    ("ByteHD_H265", "1080P", 2_500),
    ("Audio", "0P", 64),
];

/// The status codes of play requests, with their twentieths.
pub static STATUS_CODES: [(u16, u64); 4] = [(200, 16), (206, 2), (403, 1), (404, 1)];

/// A part of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// So many of …
    pub num: u64,
    /// … so many.
    pub den: u64,
}

impl Share {
    /// The whole.
    pub const WHOLE: Self = Self { num: 1, den: 1 };

    /// This part of that part.
    #[must_use]
    pub fn of(self, other: Self) -> Self {
        Self {
            num: self.num * other.num,
            den: self.den * other.den,
        }
    }

    /// So many twentieths.
    pub fn twentieths(num: u64) -> Self {
        Self { num, den: 20 }
    }
}

/// The part that one stream has of its domain, by its number from 1: 32 of them one 128th, 16 two, 8 three, 8 five.
pub fn share_of_stream(number: u64) -> Share {
    let num = match number {
        1..=32 => 1,
        33..=48 => 2,
        49..=56 => 3,
        57..=STREAMS_PER_DOMAIN => 5,
        _ => 0,
    };
    Share { num, den: 128 }
}

/// The name of a stream.
pub fn stream_name(number: u64) -> String {
    format!("room-{number:03}")
}

/// The number of a stream, if there is one of that name.
pub fn stream_number(name: &str) -> Option<u64> {
    let number: u64 = name.strip_prefix("room-")?.parse().ok()?;
    ((1..=STREAMS_PER_DOMAIN).contains(&number) && stream_name(number) == name).then_some(number)
}

/// How minutes make a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Law {
    /// They add up.
    Sum,
    /// The largest counts, and it is proportional to the minute's weight.
    Rate,
    /// The largest counts, and the heaviest minute of an hour has the whole level.
    Concurrent,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meter {
    /// Meters of one name are one flow, seen as traffic or as bandwidth.
    name: &'static str,
    scale: usize,
    /// All levels are multiples of it, so that shares divide them.
    quantum: u64,
    law: Law,
    unit: u64,
    /// The decimals of the figure as it is written.
    pub decimals: usize,
}

const fn meter(name: &'static str, scale: usize, quantum: u64, law: Law, unit: u64, decimals: usize) -> Meter {
    Meter {
        name,
        scale,
        quantum,
        law,
        unit,
        decimals,
    }
}

/// Divides by 20 for provider, protocol and region, and by 128 for a stream.
const FLOW: u64 = 20 * 20 * 20 * 128;
/// Divides by 20 and by 128; a second split of a count is rounded down by the hour.
const COUNT: u64 = 640;

impl Meter {
    /// Upstream traffic in bytes, written in GB of 1000.
    pub const UP_TRAFFIC: Self = meter("up", 0, FLOW, Law::Sum, 60, 9);
    /// Upstream bandwidth in bit/s, written in Mbps: what the traffic of the busiest minute makes.
    pub const UP_BANDWIDTH: Self = meter("up", 0, FLOW, Law::Rate, 8, 6);
    /// Downstream traffic.
    pub const DOWN_TRAFFIC: Self = meter("down", 1, FLOW, Law::Sum, 60, 9);
    /// Downstream bandwidth.
    pub const DOWN_BANDWIDTH: Self = meter("down", 1, FLOW, Law::Rate, 8, 6);
    /// Traffic from the source.
    pub const SOURCE_TRAFFIC: Self = meter("source", 2, FLOW, Law::Sum, 60, 9);
    /// Bandwidth from the source.
    pub const SOURCE_BANDWIDTH: Self = meter("source", 2, FLOW, Law::Rate, 8, 6);
    /// Requests.
    pub const REQUESTS: Self = meter("requests", 2, COUNT, Law::Sum, 1, 0);
    /// Requests to the source.
    pub const SOURCE_REQUESTS: Self = meter("source_requests", 2, COUNT, Law::Sum, 1, 0);
    /// Viewers at a time.
    pub const VIEWERS: Self = meter("viewers", 2, COUNT, Law::Rate, 1, 0);
    /// Recordings at a time.
    pub const RECORDINGS: Self = meter("recordings", 3, 1, Law::Concurrent, 1, 0);
    /// Streams at a time.
    pub const STREAMS: Self = meter("streams", 3, 1, Law::Concurrent, 1, 0);
    /// Pushed streams at a time.
    pub const PUSHES: Self = meter("pushes", 3, 1, Law::Concurrent, 1, 0);
    /// Pictures taken.
    pub const SNAPSHOTS: Self = meter("snapshots", 2, 128, Law::Sum, 1, 0);
    /// Pictures audited.
    pub const AUDITS: Self = meter("audits", 2, 3, Law::Sum, 1, 0);
    /// Hundredths of minutes of pull-to-push.
    pub const PUSHED: Self = meter("pushed", 2, 128, Law::Sum, 1, 2);

    /// Hundredths of minutes of one kind of transcoding.
    pub fn transcoded(kind: usize) -> Self {
        const NAMES: [&str; 4] = ["transcoded.0", "transcoded.1", "transcoded.2", "transcoded.3"];
        meter(NAMES.get(kind).copied().unwrap_or("transcoded"), 2, 128, Law::Sum, 1, 2)
    }
}

/// How an hour's figure is spread over its minutes: in thousandths.
#[derive(Debug)]
struct Weights {
    minutes: Vec<u64>,
    /// The sum of the weights before each minute.
    before: Vec<u64>,
    most: u64,
}

static WEIGHTS: LazyLock<Vec<Weights>> = LazyLock::new(|| (0..16).map(weights).collect());

fn weights(pattern: i64) -> Weights {
    let drawn = |minute: i64| synth::between(0, "volcengine.weights", pattern * 60 + minute, 11, 21);
    let mut minutes: Vec<u64> = (0..60).map(drawn).collect();
    for at in 0..1_000 {
        let sum: u64 = minutes.iter().sum();
        let Some(weight) = minutes.get_mut(at % 60) else { break };
        match sum.cmp(&1_000) {
            std::cmp::Ordering::Less => *weight += 1,
            std::cmp::Ordering::Greater => *weight -= 1,
            std::cmp::Ordering::Equal => break,
        }
    }
    let sums = minutes.iter().scan(0, |sum, weight| {
        *sum += weight;
        Some(*sum)
    });
    Weights {
        before: std::iter::once(0).chain(sums).collect(),
        most: minutes.iter().max().copied().unwrap_or(1),
        minutes,
    }
}

impl Weights {
    fn sum(&self, from: usize, to: usize) -> u64 {
        let before = |minute: usize| self.before.get(minute).copied().unwrap_or(0);
        before(to) - before(from)
    }

    fn most(&self, from: usize, to: usize) -> u64 {
        if to - from == 60 {
            return self.most;
        }
        self.minutes.iter().take(to).skip(from).max().copied().unwrap_or(0)
    }
}

/// A stretch of hours with the weights of each.
pub struct Hours {
    seed: u64,
    first: i64,
    count: usize,
    weights: Vec<&'static Weights>,
}

impl Hours {
    /// The hours that have a minute in `[from, to)`, in minutes of the epoch.
    pub fn new(world: &World, from: i64, to: i64) -> Self {
        let first = from.div_euclid(60);
        let last = (to + 59).div_euclid(60).max(first);
        let pattern = |hour| usize::try_from(synth::draw(world.seed(), "volcengine.pattern", hour) % 16).unwrap_or(0);
        let weights: Vec<&Weights> = (first..last).filter_map(|hour| WEIGHTS.get(pattern(hour))).collect();
        Self {
            seed: world.seed(),
            first,
            count: weights.len(),
            weights,
        }
    }

    /// The hourly levels of a meter at a place.
    pub fn levels(&self, meter: Meter, place: &Place) -> Vec<u64> {
        let scale = place.scales.get(meter.scale).copied().unwrap_or(0);
        let name = format!("volcengine.{}.{}", meter.name, place.name);
        let sleep = format!("volcengine.asleep.{}", place.name);
        let level = |hour: i64| {
            // The account's business keeps Chinese hours.
            let local = hour + 8;
            if scale == 0 || (place.sleeps && asleep(self.seed, &sleep, local.div_euclid(24))) {
                return 0;
            }
            let noise = synth::draw(self.seed, &name, hour) % 100;
            (synth::business(local) * scale + noise) / 100 * meter.quantum
        };
        (self.first..self.first + i64::try_from(self.count).unwrap_or(0))
            .map(level)
            .collect()
    }

    /// The hourly levels of a share of a meter at several places together.
    pub fn sum_of(&self, levels: &[&[u64]], share: Share) -> Vec<u64> {
        let mut sums = vec![0; self.count];
        for place in levels {
            for (sum, level) in sums.iter_mut().zip(*place) {
                *sum += level * share.num / share.den;
            }
        }
        sums
    }

    /// The figure of the minutes `[from, to)`, given the hourly levels.
    pub fn figure(&self, meter: Meter, levels: &[u64], from: i64, to: i64) -> u64 {
        let mut figure = 0;
        for hour in from.div_euclid(60)..(to + 59).div_euclid(60) {
            let at = usize::try_from(hour - self.first).unwrap_or(usize::MAX);
            let (Some(level), Some(weights)) = (levels.get(at), self.weights.get(at)) else {
                continue;
            };
            let minute = |minute: i64| usize::try_from((minute - hour * 60).clamp(0, 60)).unwrap_or(0);
            let (from, to) = (minute(from), minute(to));
            match meter.law {
                Law::Sum => figure += level * weights.sum(from, to) * meter.unit,
                Law::Rate => figure = figure.max(level * weights.most(from, to) * meter.unit),
                Law::Concurrent => figure = figure.max(level * weights.most(from, to) / weights.most * meter.unit),
            }
        }
        figure
    }
}

/// Every third day or so there is no usage at all at a place that sleeps.
fn asleep(seed: u64, name: &str, day: i64) -> bool {
    synth::draw(seed, name, day).is_multiple_of(3)
}

/// The figure over several: their sum, or the largest.
pub fn over(meter: Meter, figures: impl Iterator<Item = u64>) -> u64 {
    match meter.law {
        Law::Sum => figures.sum(),
        Law::Rate | Law::Concurrent => figures.max().unwrap_or(0),
    }
}

/// A figure as JSON text, exact, without trailing zeros.
pub fn decimal(figure: u64, decimals: usize) -> String {
    let scale = 10_u64.pow(u32::try_from(decimals).unwrap_or(0));
    let fraction = figure % scale;
    if fraction == 0 {
        return (figure / scale).to_string();
    }
    let text = format!("{}.{fraction:0decimals$}", figure / scale);
    text.trim_end_matches('0').to_owned()
}

/// The traffic of some domains in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// Upstream bytes.
    pub up: u64,
    /// Downstream bytes.
    pub down: u64,
}

/// The traffic of these domains (none: all) in the minutes that start in `[from, to)`.
pub fn truth_traffic(world: &World, domains: &[&str], from: Timestamp, to: Timestamp) -> Traffic {
    Traffic {
        up: truth_figure(world, Meter::UP_TRAFFIC, &DOMAINS, domains, from, to),
        down: truth_figure(world, Meter::DOWN_TRAFFIC, &DOMAINS, domains, from, to),
    }
}

/// One meter of those of these places that are named (none: all) in the minutes that start in `[from, to)`, in units of
/// its last decimal.
pub fn truth_figure(
    world: &World,
    meter: Meter,
    places: &[Place],
    names: &[&str],
    from: Timestamp,
    to: Timestamp,
) -> u64 {
    let minute = |at: Timestamp| -(-at.as_second()).div_euclid(60);
    let (from, to) = (minute(from), minute(to));
    let hours = Hours::new(world, from, to);
    let places = places
        .iter()
        .filter(|place| names.is_empty() || names.contains(&place.name));
    let levels: Vec<Vec<u64>> = places.map(|place| hours.levels(meter, place)).collect();
    let levels: Vec<&[u64]> = levels.iter().map(Vec::as_slice).collect();
    hours.figure(meter, &hours.sum_of(&levels, Share::WHOLE), from, to)
}

/// The time-shift storage of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageDay {
    /// The day at UTC+8.
    pub date: Date,
    /// Tenths of a GB of 1024 MB.
    pub tenths: u64,
}

/// The storage of these domain spaces (none: all) on the days `[day_from, day_to)`, whether they can be read yet or not.
pub fn truth_storage(world: &World, vhosts: &[&str], day_from: Date, day_to: Date) -> Vec<StorageDay> {
    let vhosts: Vec<&str> = VHOSTS
        .into_iter()
        .filter(|vhost| vhosts.is_empty() || vhosts.contains(vhost))
        .collect();
    day_from
        .series(jiff::Span::new().days(1))
        .take_while(|date| *date < day_to)
        .map(|date| StorageDay {
            date,
            tenths: vhosts.iter().map(|vhost| stored(world.seed(), vhost, date)).sum(),
        })
        .collect()
}

/// What a domain space stores: it grows slowly, and the one for events is empty in some weeks.
fn stored(seed: u64, vhost: &str, date: Date) -> u64 {
    let day = date
        .duration_since(jiff::civil::date(1970, 1, 1))
        .as_hours()
        .div_euclid(24);
    let name = format!("volcengine.stored.{vhost}");
    let noise = synth::draw(seed, &name, day) % 1_000;
    let grown = u64::try_from(day.max(0)).unwrap_or(0) * 37;
    match vhost {
        "event.example.com" if synth::draw(seed, &name, day.div_euclid(7)).is_multiple_of(2) => 0,
        "event.example.com" => 120_503 + noise,
        "www.example.com" => 44_300_000 + grown + noise,
        _ => 8_210_007 + grown + noise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pattern_of_weights_makes_a_thousand() {
        assert_eq!(WEIGHTS.len(), 16);
        for weights in WEIGHTS.iter() {
            assert_eq!(weights.sum(0, 60), 1_000);
            assert_eq!(weights.minutes.iter().max().copied(), Some(weights.most));
        }
    }

    #[test]
    fn the_parts_make_the_whole_but_protocols_make_more() {
        let sum = |parts: &[Part]| parts.iter().map(|part| part.twentieths).sum::<u64>();
        assert_eq!((sum(&ISPS), sum(&PROTOCOLS)), (20, 21));
        assert_eq!(REGIONS.iter().map(|region| region.3).sum::<u64>(), 20);
        assert_eq!(
            (1..=STREAMS_PER_DOMAIN)
                .map(|number| share_of_stream(number).num)
                .sum::<u64>(),
            128
        );
        assert_eq!(STATUS_CODES.iter().map(|code| code.1).sum::<u64>(), 20);
    }

    #[test]
    fn figures_are_written_exactly() {
        for (figure, decimals, text) in [
            (0, 9, "0"),
            (1, 9, "0.000000001"),
            (12_500_000_000, 9, "12.5"),
            (61_440_000_000, 9, "61.44"),
            (700, 0, "700"),
            (1_230, 2, "12.3"),
        ] {
            assert_eq!(decimal(figure, decimals), text);
        }
    }

    #[test]
    fn a_stream_has_one_name() {
        assert_eq!(stream_number("room-001"), Some(1));
        assert_eq!(stream_number("room-064"), Some(64));
        for name in ["room-0", "room-065", "room-1", "other", "room-+01"] {
            assert_eq!(stream_number(name), None, "{name}");
        }
    }
}
