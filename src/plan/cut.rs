//! Cutting a range of seconds: to a source's buckets, to what it can answer, and to its longest window.

use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::meters::{Buckets, Source, Span};
use crate::values::error::{Error, Result};
use crate::values::period::Every;
use crate::values::window::{Instant, Window};

const DAY: i64 = 86_400;

/// A half-open range of Unix seconds.
pub(super) type Seconds = Range<i64>;

/// The moments at which buckets start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Grid {
    /// Every so many seconds, from midnight at this UTC offset.
    Every {
        /// The seconds.
        step: i64,
        /// The offset, in seconds.
        offset: i64,
    },
    /// The starts of calendar months (UTC).
    Months,
}

impl Grid {
    /// Any whole second.
    pub const ANYWHERE: Self = Self::Every { step: 1, offset: 0 };

    /// The grid of these buckets; whole seconds where they may start anywhere.
    pub fn of(buckets: Buckets) -> Self {
        match buckets {
            Buckets::Every(step, offset) => Self::Every {
                step: step.max(1),
                offset: i64::from(offset),
            },
            Buckets::Months => Self::Months,
            Buckets::Window | Buckets::MonthSoFar => Self::ANYWHERE,
        }
    }

    /// The moments at which pieces of a question may begin: where buckets do, or anywhere if nobody knows where that is.
    pub fn of_pieces(buckets: Buckets, source: &Source) -> Self {
        match buckets {
            Buckets::Every(..) if source.widened > 0 => Self::ANYWHERE,
            buckets => Self::of(buckets),
        }
    }

    /// The first bucket start at or after a moment.
    pub fn ceil(self, second: i64) -> Result<i64> {
        match self {
            Self::Every { step, offset } => Ok((second + offset + step - 1).div_euclid(step) * step - offset),
            Self::Months => {
                let month = Month::of(second)?.range;
                Ok(if month.start == second { second } else { month.end })
            }
        }
    }

    /// The last bucket start at or before a moment.
    pub fn floor(self, second: i64) -> Result<i64> {
        match self {
            Self::Every { step, offset } => Ok((second + offset).div_euclid(step) * step - offset),
            Self::Months => Ok(Month::of(second)?.range.start),
        }
    }

    /// Where the future begins. A bucket that is under way is still asked for; a window that lies anywhere ends now.
    pub fn future(self, now: Timestamp) -> Result<i64> {
        if matches!(self, Self::Every { step: 1, .. }) {
            return Ok(now.as_second());
        }
        self.ceil(ceil_second(now))
    }

    fn has(self, second: i64) -> Result<bool> {
        Ok(self.floor(second)? == second)
    }
}

/// The first whole second at or after a moment.
pub(super) fn ceil_second(at: Timestamp) -> i64 {
    // Seconds and their fraction are both truncated towards zero.
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

/// A moment from Unix seconds.
pub(super) fn moment(second: i64) -> Result<Timestamp> {
    Timestamp::from_second(second)
        .map_err(|_| Error::invalid("the range goes beyond the years that can be represented"))
}

/// A window in UTC from Unix seconds.
pub(super) fn window(range: &Seconds) -> Result<Window> {
    Window::new(Instant::utc(moment(range.start)?), Instant::utc(moment(range.end)?))
}

/// The same moment as these buckets write it, so that a service which counts days by an offset is asked at it.
pub(super) fn as_buckets_write(at: Instant, buckets: Buckets) -> Instant {
    let offset = match buckets {
        Buckets::Every(_, seconds) => Offset::from_seconds(seconds).unwrap_or(Offset::UTC),
        Buckets::Months | Buckets::Window | Buckets::MonthSoFar => Offset::UTC,
    };
    at.at_offset(offset)
}

/// The period that a moment is in.
pub(super) fn period(second: i64, every: Every, zone: &TimeZone) -> Result<Seconds> {
    let around = every.around(moment(second)?, zone);
    let (start, end) = around.map_err(|_| Error::invalid("the range goes beyond the years that can be represented"))?;
    Ok(start.as_second()..end.as_second())
}

/// A range in its periods: no gap, no overlap.
pub(super) fn periods(range: &Seconds, every: Every, zone: &TimeZone) -> Result<Vec<Seconds>> {
    let mut pieces = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let end = match every {
            Every::All => range.end,
            every => period(at, every, zone)?.end.clamp(at + 1, range.end),
        };
        pieces.push(at..end);
        at = end;
    }
    Ok(pieces)
}

/// A calendar month in UTC.
pub(super) struct Month {
    pub year: i16,
    pub number: i8,
    pub range: Seconds,
}

impl Month {
    /// The month that a moment is in.
    pub fn of(second: i64) -> Result<Self> {
        let range = period(second, Every::Month, &TimeZone::UTC)?;
        let first = moment(range.start)?.to_zoned(TimeZone::UTC);
        Ok(Self {
            year: first.year(),
            number: first.month(),
            range,
        })
    }
}

/// Cuts a range, whose ends lie on the grid, into windows no longer than the span: no gap, no overlap.
pub(super) fn cut(range: &Seconds, grid: Grid, span: Span, zone: &TimeZone) -> Result<Vec<Seconds>> {
    match span {
        Span::Days(days) => every(range, grid, days.saturating_mul(DAY)),
        Span::EachDay => periods(range, Every::Day, zone),
        Span::EachMonth => months(range, grid),
        Span::MonthOr28Days => months_or_28_days(range, grid, zone),
        Span::Whole => every(range, grid, i64::MAX),
    }
}

/// Pieces of as many buckets as fit into so many seconds, and of one bucket at least.
fn every(range: &Seconds, grid: Grid, longest: i64) -> Result<Vec<Seconds>> {
    let mut pieces = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let mut end = grid.floor(at.saturating_add(longest).min(range.end))?;
        if end <= at {
            end = grid.ceil(at + 1)?;
        }
        pieces.push(at..end);
        at = end;
    }
    Ok(pieces)
}

/// A piece for each month: the buckets that start in it.
fn months(range: &Seconds, grid: Grid) -> Result<Vec<Seconds>> {
    let mut pieces = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let end = grid.ceil(Month::of(at)?.range.end)?.min(range.end);
        pieces.push(at..end);
        at = end;
    }
    Ok(pieces)
}

/// The whole months of the range as they are, and what is left before and after them by 28 days.
///
/// A month of another zone can be longer than one of UTC's calendar: that of Tokyo's March begins on 28 February. Since
/// no page says in which zone a service reckons, such a month is cut, too.
fn months_or_28_days(range: &Seconds, grid: Grid, zone: &TimeZone) -> Result<Vec<Seconds>> {
    let mut at = range.start;
    let mut whole = Vec::new();
    while at < range.end {
        let month = period(at, Every::Month, zone)?;
        let is_whole = month.start >= range.start && month.end <= range.end;
        if is_whole && grid.has(month.start)? && grid.has(month.end)? {
            if month.end <= a_month_later(month.start)? {
                whole.push(month.clone());
            } else {
                whole.extend(every(&month, grid, 28 * DAY)?);
            }
        }
        at = month.end;
    }
    let (head, tail) = match (whole.first(), whole.last()) {
        (Some(first), Some(last)) => (range.start..first.start, last.end..range.end),
        _ => (range.clone(), range.end..range.end),
    };
    let mut pieces = every(&head, grid, 28 * DAY)?;
    pieces.extend(whole);
    pieces.extend(every(&tail, grid, 28 * DAY)?);
    Ok(pieces)
}

/// The same time of the same day of the next month of UTC, or of its last day.
fn a_month_later(second: i64) -> Result<i64> {
    let later = moment(second)?
        .to_zoned(TimeZone::UTC)
        .checked_add(jiff::Span::new().months(1));
    let later = later.map_err(|_| Error::invalid("the range goes beyond the years that can be represented"))?;
    Ok(later.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    #[test]
    fn buckets_start_at_midnight_of_their_offset() {
        let china = Grid::of(Buckets::Every(DAY, 8 * 3600));
        for (given, first) in [
            ("2026-01-01T15:59:59Z", "2026-01-01T16:00:00Z"),
            ("2026-01-01T16:00:00Z", "2026-01-01T16:00:00Z"),
            ("2026-01-01T16:00:01Z", "2026-01-02T16:00:00Z"),
            ("1969-12-31T00:00:00Z", "1969-12-31T16:00:00Z"),
        ] {
            assert_eq!(china.ceil(seconds(given)).unwrap(), seconds(first), "{given}");
        }
    }

    #[test]
    fn a_local_month_that_is_too_long_for_utc_is_cut_and_every_other_stays_whole() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let year = seconds("2024-12-31T15:00:00Z")..seconds("2025-12-31T15:00:00Z");
        let pieces = cut(&year, Grid::of(Buckets::Window), Span::MonthOr28Days, &tokyo).unwrap();
        let days: Vec<i64> = pieces.iter().map(|piece| (piece.end - piece.start) / DAY).collect();
        // March, May, July, October and December of Tokyo begin on the last day of a month of UTC that is shorter.
        assert_eq!(days, [31, 28, 28, 3, 30, 28, 3, 30, 28, 3, 31, 30, 28, 3, 30, 28, 3]);
        for piece in &pieces {
            assert!(piece.end <= a_month_later(piece.start).unwrap());
        }
    }

    #[test]
    fn fractions_go_up_to_the_next_second_before_1970_too() {
        for (given, second) in [
            ("1970-01-01T00:00:00.5Z", 1),
            ("1969-12-31T23:59:58.5Z", -1),
            ("1970-01-01T00:00:07Z", 7),
        ] {
            assert_eq!(ceil_second(given.parse().unwrap()), second, "{given}");
        }
    }

    #[test]
    fn a_month_has_its_own_length() {
        for (given, days) in [
            ("2024-02-29T23:59:59Z", 29),
            ("2026-02-01T00:00:00Z", 28),
            ("2025-12-31T12:00:00Z", 31),
        ] {
            let month = Month::of(seconds(given)).unwrap().range;
            assert_eq!((month.end - month.start) / DAY, days, "{given}");
        }
    }

    #[test]
    fn a_span_shorter_than_a_bucket_is_one_bucket() {
        let weekly = Grid::of(Buckets::Every(7 * DAY, 0));
        assert_eq!(
            cut(&(0..14 * DAY), weekly, Span::Days(3), &TimeZone::UTC).unwrap(),
            [0..7 * DAY, 7 * DAY..14 * DAY]
        );
    }

    fn grids() -> impl Strategy<Value = Grid> {
        prop_oneof![
            Just(Grid::Every { step: 1, offset: 0 }),
            Just(Grid::Months),
            (prop::sample::select(vec![300, 3600, DAY]), -14_i64..=14).prop_map(|(step, hours)| Grid::Every {
                step,
                offset: hours * 3600
            }),
        ]
    }

    fn spans() -> impl Strategy<Value = Span> {
        prop_oneof![
            (1_i64..400).prop_map(Span::Days),
            Just(Span::EachMonth),
            Just(Span::MonthOr28Days),
            Just(Span::Whole)
        ]
    }

    proptest! {
        #[test]
        fn pieces_tile_the_range_on_the_grid_and_keep_to_the_span(
            grid in grids(), span in spans(), start in -1_000_000_000_i64..3_000_000_000, length in 0_i64..100_000_000,
        ) {
            let range = grid.ceil(start).unwrap()..grid.ceil(start + length).unwrap();
            let pieces = cut(&range, grid, span, &TimeZone::UTC).unwrap();
            let is_one_bucket = |piece: &Seconds| grid.ceil(piece.start + 1).unwrap() == piece.end;
            let mut at = range.start;
            for piece in &pieces {
                prop_assert_eq!(piece.start, at);
                prop_assert!(piece.start < piece.end && grid.has(piece.end).unwrap());
                at = piece.end;
                let long = piece.end - piece.start;
                match span {
                    Span::Days(days) => prop_assert!(long <= days * DAY || is_one_bucket(piece)),
                    // The buckets that start in one month: the last of them may run into the next.
                    Span::EachMonth => prop_assert!(grid.floor(piece.end - 1).unwrap() < Month::of(piece.start).unwrap().range.end),
                    Span::MonthOr28Days => prop_assert!(
                        long <= 28 * DAY || is_one_bucket(piece) || *piece == Month::of(piece.start).unwrap().range
                    ),
                    Span::EachDay => prop_assert!(long <= DAY),
                    Span::Whole => prop_assert_eq!(pieces.len(), 1),
                }
            }
            prop_assert_eq!(at, range.end.max(range.start));
        }
    }
}
