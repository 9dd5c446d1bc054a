//! Which stretch of time is asked for, and which buckets it has.

use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::failure::{self, Failure};
use crate::simulator::world::World;

/// How long a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Series {
    /// A clock hour.
    Hour,
    /// A day of the zone in force, which has 23 or 25 hours where clocks change.
    Day,
}

/// One stretch `[start, end)` that has a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Where it starts.
    pub start: Timestamp,
    /// Where it ends.
    pub end: Timestamp,
}

impl Bucket {
    /// The hours (of the Unix epoch) that start in the bucket: each hour belongs to one bucket only.
    pub fn hours(self) -> std::ops::Range<i64> {
        let ceil = |at: Timestamp| -(-at.as_second()).div_euclid(3600);
        ceil(self.start)..ceil(self.end)
    }
}

/// How many seconds of that hour have passed at `now`.
pub fn elapsed_seconds(hour: i64, now: Timestamp) -> u64 {
    u64::try_from((now.as_second() - hour * 3600).clamp(0, 3600)).unwrap_or(0)
}

/// The zone of the labels: an offset such as `-05:00`, or a name such as `America/New_York`.
pub fn zone(world: &World) -> TimeZone {
    let default = TimeZone::fixed(Offset::constant(-5));
    let Some(text) = world.switch("devicewise.zone") else {
        return default;
    };
    if text == "Z" {
        return TimeZone::UTC;
    }
    let offset = strtime::parse("%:z", &text).ok().and_then(|parsed| parsed.offset());
    offset.map_or_else(|| TimeZone::get(&text).unwrap_or(default), TimeZone::fixed)
}

/// The bucket that contains this moment.
pub fn bucket_of(zone: &TimeZone, series: Series, at: Timestamp) -> Bucket {
    match series {
        Series::Hour => {
            let offset = i64::from(zone.to_offset(at).seconds());
            let start = (at.as_second() + offset).div_euclid(3600) * 3600 - offset;
            Bucket {
                start: second(start),
                end: second(start + 3600),
            }
        }
        Series::Day => {
            let date = zone.to_datetime(at).date();
            let midnight = |date: jiff::civil::Date| date.to_zoned(zone.clone()).map_or(at, |day| day.timestamp());
            Bucket {
                start: midnight(date),
                end: date.tomorrow().map_or(at, midnight),
            }
        }
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

/// A stretch of time as asked for.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Where it starts.
    pub start: Timestamp,
    /// Where it ends.
    pub end: Timestamp,
}

/// Reads `start` and `end`, or `last`.
pub fn window(world: &World, params: &Map<String, Value>) -> Result<Window, Failure> {
    let last = text(params, "last")?;
    let start = text(params, "start")?;
    let end = text(params, "end")?;
    let ranged = start.is_some() || end.is_some();
    let chosen = match (last, ranged) {
        (Some(last), false) => since(world, last)?,
        (Some(last), true) => match world.switch("devicewise.both_windows").as_deref() {
            Some("last") => since(world, last)?,
            Some("range") => range(world, start, end)?,
            _ => return Err(failure::bad_parameter("last excludes start and end")),
        },
        (None, true) => range(world, start, end)?,
        (None, false) if world.switch_is("devicewise.no_window", "day") => since(world, "24h")?,
        (None, false) => return Err(failure::bad_parameter("last, or start and end, is required")),
    };
    let longest = number_switch(world, "devicewise.max_span_days");
    let span = chosen.end.as_second() - chosen.start.as_second();
    if longest.is_some_and(|days| span > days.saturating_mul(86_400)) {
        return Err(failure::bad_parameter("the period is too long"));
    }
    Ok(chosen)
}

fn since(world: &World, last: &str) -> Result<Window, Failure> {
    let end = horizon(world);
    let length = duration(last).ok_or_else(|| failure::bad_parameter("last is an integer and one of s, m, h, d"))?;
    let start = end
        .checked_sub(length)
        .map_err(|_| failure::bad_parameter("last is too long"))?;
    Ok(Window { start, end })
}

fn range(world: &World, start: Option<&str>, end: Option<&str>) -> Result<Window, Failure> {
    let parse = |name: &str, text: &str| {
        text.parse::<Timestamp>()
            .map_err(|_| failure::bad_parameter(&format!("{name} is no timestamp")))
    };
    let start = start.ok_or_else(|| failure::bad_parameter("end needs start"))?;
    let start = parse("start", start)?;
    let end = end.map_or(Ok(horizon(world)), |end| parse("end", end))?;
    if end < start {
        return Err(failure::bad_parameter("end is before start"));
    }
    Ok(Window { start, end })
}

/// `24h`, `180m` (minutes), `113000s`, `120d`.
fn duration(last: &str) -> Option<SignedDuration> {
    let unit = last.chars().last()?;
    let digits = last.strip_suffix(unit)?;
    let seconds_each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: i64 = digits.parse().ok()?;
    let seconds = count.checked_mul(seconds_each).filter(|seconds| *seconds > 0)?;
    Some(SignedDuration::from_secs(seconds))
}

/// The moment up to which calls show in the counters.
pub fn horizon(world: &World) -> Timestamp {
    let delay = number_switch(world, "devicewise.delay_seconds").unwrap_or(0);
    world
        .now()
        .checked_sub(SignedDuration::from_secs(delay))
        .unwrap_or(Timestamp::MIN)
}

/// The buckets of a window, as far as there are figures; at most one more than the cap.
pub fn buckets(world: &World, window: Window, series: Series) -> Vec<Bucket> {
    let zone = zone(world);
    let horizon = horizon(world);
    let inclusive = world.switch_is("devicewise.end", "inclusive");
    let partial = !world.switch_is("devicewise.partial_last_bucket", "off");
    let limit = record_cap(world).saturating_add(1);
    let first = first_bucket(world, &zone, window, series);
    std::iter::successors(Some(first), |bucket| Some(bucket_of(&zone, series, bucket.end)))
        .take_while(|bucket| bucket.start < window.end || (inclusive && bucket.start == window.end))
        .take_while(|bucket| bucket.start < horizon && bucket.start < bucket.end)
        .take_while(|bucket| partial || bucket.end <= horizon)
        .take(limit)
        .collect()
}

fn first_bucket(world: &World, zone: &TimeZone, window: Window, series: Series) -> Bucket {
    let kept = number_switch(world, "devicewise.retention_days").and_then(|days| {
        world
            .now()
            .checked_sub(SignedDuration::from_hours(days.saturating_mul(24)))
            .ok()
    });
    let start = kept.map_or(window.start, |kept| kept.max(window.start));
    let bucket = bucket_of(zone, series, start);
    if bucket.start < start && world.switch_is("devicewise.alignment", "inside") {
        bucket_of(zone, series, bucket.end)
    } else {
        bucket
    }
}

/// The most records that one reply has: documented for sibling commands only.
pub fn record_cap(world: &World) -> usize {
    number_switch(world, "devicewise.record_cap")
        .and_then(|cap| usize::try_from(cap).ok())
        .unwrap_or(5_000)
}

/// The number that a switch of any text is set to, if it is one.
pub fn number_switch(world: &World, name: &str) -> Option<i64> {
    world
        .switch(name)
        .and_then(|text| text.trim().parse().ok())
        .filter(|number| *number >= 0)
}

/// A parameter that is text; `null` counts as absent.
pub fn text<'a>(params: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Failure> {
    match params.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(failure::bad_parameter(&format!("{name} is no text"))),
    }
}

/// The label of a bucket: its start (or, switched, its end) with the zone's numeric offset.
pub fn label(world: &World, zone: &TimeZone, bucket: Bucket) -> String {
    let at = if world.switch_is("devicewise.bucket_label", "end") {
        bucket.end
    } else {
        bucket.start
    };
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_is_an_integer_and_one_unit() {
        for (text, seconds) in [
            ("24h", 86_400),
            ("180m", 10_800),
            ("113000s", 113_000),
            ("120d", 10_368_000),
        ] {
            assert_eq!(duration(text), Some(SignedDuration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "h",
            "0h",
            "-1d",
            "1.5h",
            "1w",
            "24",
            "+3h",
            "1 h",
            "99999999999999999999h",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_has_as_many_hours_as_its_clocks_say() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let autumn = bucket_of(&zone, Series::Day, "2024-11-03T12:00:00Z".parse().unwrap());
        assert_eq!(autumn.hours().count(), 25);
        let spring = bucket_of(&zone, Series::Day, "2024-03-10T12:00:00Z".parse().unwrap());
        assert_eq!(spring.hours().count(), 23);
    }

    #[test]
    fn the_zone_may_be_an_offset_or_a_name() {
        let world = World::new(1, None);
        let at: Timestamp = "2024-07-01T00:00:00Z".parse().unwrap();
        for (text, seconds) in [
            ("+05:30", 19_800),
            ("Z", 0),
            ("America/New_York", -14_400),
            ("nonsense", -18_000),
        ] {
            world.set_switch("devicewise.zone", text);
            assert_eq!(zone(&world).to_offset(at).seconds(), seconds, "{text}");
        }
    }
}
