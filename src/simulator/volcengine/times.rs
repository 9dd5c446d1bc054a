//! When: times read and written, and the buckets of a question.

use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Map, Value};

use super::facts::Delay;
use super::question::Question;
use super::refusal::Refusal;
use crate::simulator::world::World;

/// The seconds of a day.
pub const DAY: i64 = 86_400;
/// The seconds that China is ahead of UTC.
pub const EIGHT_HOURS: i64 = 8 * 3_600;

/// A moment of RFC 3339 in whole seconds, with its offset.
pub fn time(body: &Map<String, Value>, name: &str) -> Result<i64, Refusal> {
    let text = body.get(name).and_then(Value::as_str);
    let text = text.ok_or_else(|| Refusal::invalid_param(format!("{name} is required.")))?;
    let wrong = || Refusal::invalid_param(format!("{name} is not in RFC3339 format."));
    let shape: String = text
        .chars()
        .map(|char| if char.is_ascii_digit() { '0' } else { char })
        .collect();
    let shapes = [
        "0000-00-00T00:00:00Z",
        "0000-00-00T00:00:00+00:00",
        "0000-00-00T00:00:00-00:00",
    ];
    if !shapes.contains(&shape.as_str()) {
        return Err(wrong());
    }
    text.parse::<Timestamp>().map(Timestamp::as_second).map_err(|_| wrong())
}

impl Question {
    /// The minute of the epoch up to which figures can be read.
    pub fn horizon(&self, world: &World) -> i64 {
        let now = world.now().as_second();
        let second = match self.action.delay {
            Delay::Minutes(minutes) => now - minutes * 60,
            Delay::FiveOr15 if self.aggregation == 60 => now - 300,
            Delay::FiveOr15 => now - 900,
            Delay::NextDayAt(hour) => bucket_start(now - hour * 3_600, DAY),
        };
        second.div_euclid(60)
    }

    /// The minutes `[from, to)` of each bucket, as far as there are figures.
    pub fn buckets(&self, world: &World) -> Vec<(i64, i64)> {
        if self.out_of_limits || self.aggregation <= 0 {
            return Vec::new();
        }
        let horizon = self.horizon(world);
        let mut first = bucket_start(self.start, self.aggregation);
        if first < self.start && world.switch_is("volcengine.alignment", "inside") {
            first += self.aggregation;
        }
        let last = self.last_second(world);
        let step = usize::try_from(self.aggregation).unwrap_or(1);
        (first..=last)
            .step_by(step)
            .map(|start| (start / 60, ((start + self.aggregation) / 60).min(horizon)))
            .take_while(|(from, to)| from < to)
            .collect()
    }

    /// The last second at which a bucket may start.
    fn last_second(&self, world: &World) -> i64 {
        self.end - i64::from(world.switch_is("volcengine.end", "exclusive"))
    }

    /// The minutes `[from, to)` of a question without buckets.
    pub fn minutes(&self, world: &World) -> (i64, i64) {
        let from = -(-self.start).div_euclid(60);
        if self.out_of_limits {
            return (from, from);
        }
        let to = (self.last_second(world).div_euclid(60) + 1).min(self.horizon(world));
        (from, to.max(from))
    }
}

/// Where the bucket starts that contains this second: days start at midnight of +08:00.
pub fn bucket_start(second: i64, aggregation: i64) -> i64 {
    (second + EIGHT_HOURS).div_euclid(aggregation) * aggregation - EIGHT_HOURS
}

/// A moment as the service writes it: at +08:00 whatever was sent, or, switched, in UTC.
pub fn written(world: &World, second: i64) -> String {
    if world.switch_is("volcengine.answer_offset", "Z") {
        format!("{}Z", local(second, Offset::UTC))
    } else {
        format!("{}+08:00", local(second, Offset::constant(8)))
    }
}

fn local(second: i64, offset: Offset) -> String {
    let at = offset.to_datetime(Timestamp::from_second(second).unwrap_or_default());
    let (year, month, day) = (at.year(), at.month(), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}
