//! What is measured: meters with their units, and the sources that their readings come from, with their limits.
//!
//! All of it is data: planning, settlement, roll-up and the catalogue read these tables and know no provider.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::values::quantity::Quantity;

/// The columns of the table of readings before those of the dimensions.
pub const BEFORE_DIMENSIONS: &[&str] = &["provider", "account", "meter"];
/// The columns of the table of readings after those of the dimensions.
pub const AFTER_DIMENSIONS: &[&str] = &[
    "start",
    "end",
    "quantity",
    "unit",
    "kind",
    "status",
    "cost",
    "currency",
    "flags",
    "call_id",
    "fetched_at",
];

/// One thing that a provider measures.
#[derive(Debug, Clone, Copy)]
pub struct Meter {
    /// Its name, for example `volcengine.time_shift_storage`.
    pub name: &'static str,
    /// The unit of its quantities; base 1000 and base 1024 never share a name (`GB`, `GiB`).
    pub unit: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// How its readings become those of a longer time, or of several labels.
    pub rollup: Rollup,
    /// What was done to its numbers before they reached us.
    pub rounding: Rounding,
    /// The names of the columns that tell its readings apart, for example `vhost`.
    pub dimensions: &'static [&'static str],
    /// What it is, in one sentence.
    pub doc: &'static str,
}

impl Meter {
    /// What must be known of this number, whatever else its answer says: how it was rounded, by the provider and here.
    pub fn flags(&self, quantity: Quantity) -> Flags {
        let flags = match self.rounding {
            Rounding::Exact => Flags::NONE,
            Rounding::Floored => Flags::NONE.with(Flag::Floored),
            Rounding::Approximate => Flags::NONE.with(Flag::Approximate),
        };
        if quantity.rounded {
            flags.with(Flag::Rounded)
        } else {
            flags
        }
    }
}

/// What kind of number a meter gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The increment over the reading's window.
    Sum,
    /// The month so far.
    Cumulative,
    /// The highest value within the window.
    Peak,
    /// The level at a time, or over a bucket.
    Gauge,
}

impl Kind {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Cumulative => "cumulative",
            Self::Peak => "peak",
            Self::Gauge => "gauge",
        }
    }
}

/// How readings may be put together. `over_time` and `over_labels` differ: storage adds up over vhosts, not over days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollup {
    /// From short windows to a long one.
    pub over_time: Combine,
    /// From several labels (and accounts) to one figure.
    pub over_labels: Combine,
}

/// How numbers become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Combine {
    /// Their sum.
    Add,
    /// Their sum among readings with the same value of this dimension, which decides what is counted; never across it.
    AddWithin(&'static str),
    /// The largest.
    Max,
    /// The latest.
    Last,
    /// None of these is right.
    Refuse,
}

impl Combine {
    /// Its name in the catalogue.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::AddWithin(_) => "add_within",
            Self::Max => "max",
            Self::Last => "last",
            Self::Refuse => "refuse",
        }
    }
}

impl Rollup {
    /// Increments: they add up over everything.
    pub const ADD: Self = Self {
        over_time: Combine::Add,
        over_labels: Combine::Add,
    };
    /// Peaks: the largest over time; over labels nothing is right, since peaks do not coincide.
    pub const PEAK: Self = Self {
        over_time: Combine::Max,
        over_labels: Combine::Refuse,
    };
    /// Levels: the latest over time, the sum over labels.
    pub const LEVEL: Self = Self {
        over_time: Combine::Last,
        over_labels: Combine::Add,
    };
}

/// What was done to a meter's numbers before they reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Nothing that is known.
    #[default]
    Exact,
    /// Floored to whole units in each answer or part: sums are lower bounds.
    Floored,
    /// The provider calls them approximate.
    Approximate,
}

impl Rounding {
    /// Its name in the catalogue.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Floored => "floored",
            Self::Approximate => "approximate",
        }
    }
}

/// A kind of call that readings come from: what it measures, and its limits.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// The operation, by its Python name.
    pub operation: &'static str,
    /// What an answer holds.
    pub meters: &'static [Meter],
    /// The arguments that take a call's window.
    pub takes: Takes,
    /// How its readings are cut in time.
    pub buckets: Buckets,
    /// The longest piece of one call. Where it is widened, this leaves room for that below the service's own limit.
    pub span: Span,
    /// How many days back it answers; nothing where that is not documented.
    pub history_days: Option<i64>,
    /// How many seconds before and after its piece a call asks for besides: the longest bucket where no page says in
    /// which zone buckets begin, else 0.
    pub widened: i64,
    /// True if a page says whether the end of a window belongs to it.
    pub tells_end: bool,
    /// Whether an answer has a row for every bucket.
    pub writes: Writes,
    /// When its readings are first in an answer.
    pub ready: Settles,
    /// When its readings are final.
    pub settles: Settles,
    /// The vendor's zone, in seconds from UTC, where its months may begin by it or in UTC.
    pub other_zone: Option<i32>,
    /// The currency of the costs that it states, if it states any.
    pub currency: Option<&'static str>,
    /// True if it is asked when the caller names no meters.
    pub by_default: bool,
    /// The page that documents it.
    pub page: &'static str,
}

impl Source {
    /// The source of what a counter of the month so far grew by between two looks at it, each over its own time. It is
    /// made once, and kept.
    pub fn increments(&'static self) -> &'static Self {
        static MADE: Mutex<Vec<(&Source, &Source)>> = Mutex::new(Vec::new());
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, increments)) = made.iter().find(|(of, _)| std::ptr::eq(*of, self)) {
            return increments;
        }
        let grown = |meter: &Meter| Meter {
            kind: Kind::Sum,
            rollup: Rollup::ADD,
            ..*meter
        };
        let increments: &'static Self = Box::leak(Box::new(Self {
            meters: self.meters.iter().map(grown).collect::<Vec<_>>().leak(),
            buckets: Buckets::Window,
            span: Span::Whole,
            ..*self
        }));
        made.push((self, increments));
        increments
    }
}

/// The arguments that take a call's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Two moments, by these names.
    Range(&'static str, &'static str),
    /// `year` and `month`.
    YearMonth,
    /// None: the answer is about now.
    Nothing,
}

/// How readings are cut in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Buckets {
    /// Buckets of this many seconds, aligned to midnight at this UTC offset (in seconds).
    Every(i64, i32),
    /// Calendar months (UTC).
    Months,
    /// One reading for the whole window of the call, wherever it lies, to the second.
    Window,
    /// The month so far, by UTC months: one reading from the month's start to the moment of the answer.
    MonthSoFar,
}

impl std::fmt::Display for Buckets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |offset: i32| {
            if offset == 0 {
                "UTC".to_owned()
            } else {
                format!("UTC{:+}", offset / 3600)
            }
        };
        match *self {
            Self::Every(86_400, offset) => write!(out, "day ({})", at(offset)),
            Self::Every(3600, offset) => write!(out, "hour ({})", at(offset)),
            Self::Every(seconds, offset) => write!(out, "{seconds} s ({})", at(offset)),
            Self::Months => out.write_str("month (UTC)"),
            Self::Window => out.write_str("the range asked for"),
            Self::MonthSoFar => out.write_str("month so far"),
        }
    }
}

/// The longest window of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// This many days of 86,400 s.
    Days(i64),
    /// A calendar month (UTC): a call for each month, of which only the asked part is kept.
    EachMonth,
    /// One whole calendar month of the question's time zone where the window has one, else 28 days: whether a month
    /// means 28, 30 or 31 days is not documented.
    MonthOr28Days,
    /// A day of the question's time zone: a call for each.
    EachDay,
    /// No limit is known, and parts must not be added up: the window is never cut.
    Whole,
}

impl std::fmt::Display for Span {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Days(days) => write!(out, "{days} days"),
            Self::EachMonth => out.write_str("a calendar month"),
            Self::MonthOr28Days => out.write_str("a calendar month or 28 days"),
            Self::EachDay => out.write_str("a day"),
            Self::Whole => out.write_str("no limit known"),
        }
    }
}

/// Whether an answer has a row for every bucket: what a bucket without a row means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writes {
    /// It does, by the page: a bucket without a row is missing.
    Every,
    /// Buckets without use are left out, by the page: one without a row is known to have none.
    Used,
    /// No page says.
    #[default]
    Unknown,
}

impl Writes {
    /// Its name in the catalogue: whether every bucket is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Every => "yes",
            Self::Used => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// When readings are final, or first there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settles {
    /// So many seconds after a reading's end.
    After(i64),
    /// At this second of the day (at a UTC offset in seconds) of the day on which the reading ends.
    AtTimeOfDay(i64, i32),
    /// The provider does not say.
    #[default]
    Unknown,
}

impl std::fmt::Display for Settles {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::After(seconds) if seconds % 3600 == 0 => write!(out, "{} h after its end", seconds / 3600),
            Self::After(seconds) => write!(out, "{} min after its end", seconds / 60),
            Self::AtTimeOfDay(second, offset) => {
                write!(
                    out,
                    "at {:02}:{:02} (UTC{:+}) of the day it ends",
                    second / 3600,
                    second / 60 % 60,
                    offset / 3600
                )
            }
            Self::Unknown => out.write_str("unknown"),
        }
    }
}

/// Whether a figure is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It is.
    Settled,
    /// It may change.
    Provisional,
    /// The provider does not say.
    Unknown,
}

impl Status {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Provisional => "provisional",
            Self::Unknown => "unknown",
        }
    }
}

impl Settles {
    /// Whether a reading that ends at `end` was final when it was fetched.
    pub fn status(self, end: Timestamp, fetched_at: Timestamp) -> Status {
        let final_at = match self {
            Self::Unknown if end <= fetched_at => return Status::Unknown,
            Self::Unknown => return Status::Provisional,
            // In plain numbers: every reading asks this.
            Self::After(seconds) => {
                let is_final = end.as_nanosecond() + i128::from(seconds) * 1_000_000_000 <= fetched_at.as_nanosecond();
                return if is_final { Status::Settled } else { Status::Provisional };
            }
            Self::AtTimeOfDay(second, offset) => {
                let local = end.as_second() + i64::from(offset);
                Timestamp::from_second(local.div_euclid(86_400) * 86_400 + second - i64::from(offset))
            }
        };
        match final_at {
            Ok(moment) if moment <= fetched_at => Status::Settled,
            _ => Status::Provisional,
        }
    }
}

/// What must be known of a single number besides its meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Flag {
    /// Floored before it reached us.
    Floored = 1,
    /// The provider calls it approximate, or levels of different moments were added.
    Approximate = 1 << 1,
    /// Digits were rounded away here, because they did not fit.
    Rounded = 1 << 2,
    /// The true figure may be higher.
    LowerBound = 1 << 3,
    /// The bucket was not over yet, or the window cuts it.
    PartialBucket = 1 << 4,
    /// Counted where it started, not where it happened.
    AttributedByStart = 1 << 5,
    /// The answer's total and its parts disagree.
    Mismatch = 1 << 6,
    /// The moment may belong to either of two months.
    AmbiguousMonth = 1 << 7,
    /// Of the period that a roll-up names, some is not known: it was not asked, or is a hole.
    PartialPeriod = 1 << 8,
}

impl Flag {
    /// All flags, with their names in tables.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Floored, "floored"),
        (Self::Approximate, "approximate"),
        (Self::Rounded, "rounded"),
        (Self::LowerBound, "lower_bound"),
        (Self::PartialBucket, "partial_bucket"),
        (Self::PartialPeriod, "partial_period"),
        (Self::AttributedByStart, "attributed_by_start"),
        (Self::Mismatch, "mismatch"),
        (Self::AmbiguousMonth, "ambiguous_month"),
    ];
}

/// A set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(pub u16);

impl Flags {
    /// None.
    pub const NONE: Self = Self(0);

    /// These flags.
    pub fn of(flags: &[Flag]) -> Self {
        flags.iter().fold(Self::NONE, |all, flag| all.with(*flag))
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, flag: Flag) -> Self {
        Self(self.0 | flag as u16)
    }

    /// True if the flag is set.
    pub const fn has(self, flag: Flag) -> bool {
        self.0 & flag as u16 != 0
    }

    /// The names of the flags that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Flag::ALL
            .into_iter()
            .filter(move |(flag, _)| self.has(*flag))
            .map(|(_, name)| name)
    }
}

/// One number, with its meter, its labels and its window.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading<'a> {
    /// Which meter it is of, by its place in [`Source::meters`].
    pub meter: usize,
    /// The values of the meter's dimensions, in their order; nothing where one does not apply.
    pub labels: &'a [Option<&'a str>],
    /// Its first moment; nothing only where the provider gives none.
    pub start: Option<Timestamp>,
    /// The first moment after it.
    pub end: Option<Timestamp>,
    /// The number.
    pub quantity: Quantity,
    /// The cost, where the provider states one.
    pub cost: Option<Quantity>,
    /// What must be known of it besides.
    pub flags: Flags,
}

/// A stretch of time that a provider counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

/// Numbers of one meter under the same labels, of which the same must be known.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// Which meter they are of, by its place in [`Source::meters`].
    pub meter: usize,
    /// The values of the meter's dimensions, in their order; nothing where one does not apply.
    pub labels: &'a [Option<&'a str>],
    /// What must be known of each of them, how the meter is rounded among it.
    pub flags: Flags,
    /// Their windows, as many as there are numbers.
    pub buckets: &'a [Bucket],
    /// The numbers, as [`Quantity::scaled`].
    pub quantities: &'a [i128],
}

/// Where a provider puts what it reads out of an answer.
pub trait Sink {
    /// So many readings will follow, at most; a hint, so that room is made once.
    fn expect(&mut self, _readings: usize) {}

    /// Takes a reading.
    fn reading(&mut self, reading: Reading<'_>);

    /// Takes readings without costs, one after the other.
    fn run(&mut self, run: &Run<'_>) {
        for (bucket, scaled) in run.buckets.iter().zip(run.quantities) {
            self.reading(Reading {
                meter: run.meter,
                labels: run.labels,
                start: Some(bucket.start),
                end: Some(bucket.end),
                quantity: Quantity {
                    scaled: *scaled,
                    rounded: run.flags.has(Flag::Rounded),
                },
                cost: None,
                flags: run.flags,
            });
        }
    }

    /// Takes the news that a bucket is there and a number of it is not: null, or without its field. It is a hole of
    /// this series alone.
    fn null(&mut self, _meter: usize, _labels: &[Option<&str>], _start: Timestamp, _end: Timestamp) {}

    /// Takes the range `[from, to)` that the answer says it is about. What was asked for besides is missing.
    fn answers(&mut self, _from: Timestamp, _to: Timestamp) {}

    /// Takes the news that the answer itself shows that it was cut, and how: what comes after its last row is missing.
    fn cut(&mut self, _how: String) {}

    /// Takes a remark on the whole answer, for its row of coverage, for example that its total and its parts disagree.
    fn note(&mut self, note: String);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_reading_settles_by_its_rule() {
        let end = at("2026-03-01T16:00:00Z");
        // The next day at 08:00 in China is eight hours after the day's end there.
        let next_morning = Settles::AtTimeOfDay(8 * 3600, 8 * 3600);
        for (rule, fetched_at, status) in [
            (Settles::After(900), "2026-03-01T16:14:59Z", Status::Provisional),
            (Settles::After(900), "2026-03-01T16:15:00Z", Status::Settled),
            (next_morning, "2026-03-01T23:59:59Z", Status::Provisional),
            (next_morning, "2026-03-02T00:00:00Z", Status::Settled),
            (Settles::Unknown, "2026-03-02T00:00:00Z", Status::Unknown),
            (Settles::Unknown, "2026-03-01T15:59:59Z", Status::Provisional),
        ] {
            assert_eq!(rule.status(end, at(fetched_at)), status, "{rule:?} at {fetched_at}");
        }
    }

    #[test]
    fn a_number_has_the_flags_of_its_rounding() {
        let meter = |rounding| Meter {
            name: "sora.max_bandwidth",
            unit: "Mbps",
            kind: Kind::Peak,
            rollup: Rollup::PEAK,
            rounding,
            dimensions: &[],
            doc: "",
        };
        let names = |rounding, number| {
            let flags = meter(rounding).flags(Quantity::parse(number).unwrap());
            flags.names().collect::<Vec<_>>()
        };
        assert_eq!(names(Rounding::Exact, "1"), [""; 0]);
        assert_eq!(names(Rounding::Floored, "1"), ["floored"]);
        assert_eq!(names(Rounding::Approximate, "1e-19"), ["approximate", "rounded"]);
    }

    #[test]
    fn flags_have_names() {
        let flags = Flags::of(&[Flag::LowerBound, Flag::Floored]);
        assert_eq!(flags.names().collect::<Vec<_>>(), ["floored", "lower_bound"]);
        assert!(!flags.has(Flag::Rounded));
    }
}
