//! Periods of the calendar: hours, days, weeks, months, quarters and years of a time zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::error::{Error, Result};
use super::text::did_you_mean;

/// A length of the calendar that readings are put together over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Every {
    /// An hour.
    Hour,
    /// A day, from midnight to midnight.
    Day,
    /// A week, from Monday.
    Week,
    /// A month.
    Month,
    /// A quarter, from January, April, July or October.
    Quarter,
    /// A year.
    Year,
    /// All of the time there is.
    All,
}

impl Every {
    /// Each of them.
    pub const ALL: [Self; 7] = [
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
        Self::All,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::All => "all",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|known| known.name() == name);
        let names = || Self::ALL.into_iter().map(Self::name);
        found.ok_or_else(|| {
            let (hint, names) = (did_you_mean(name, names()), names().collect::<Vec<_>>().join(", "));
            Error::invalid(format!("every must be one of {names}, not {name:?}{hint}"))
        })
    }

    /// The first and the last day (exclusive) of the period that this day lies in.
    fn days(self, day: Date) -> std::result::Result<(Date, Date), jiff::Error> {
        let month = |months: i8| day.first_of_month().checked_sub(Span::new().months(months));
        let (first, length) = match self {
            Self::Hour | Self::Day | Self::All => (day, Span::new().days(1)),
            Self::Week => {
                let since_monday = i64::from(day.weekday().to_monday_zero_offset());
                (day.checked_sub(Span::new().days(since_monday))?, Span::new().days(7))
            }
            Self::Month => (day.first_of_month(), Span::new().months(1)),
            Self::Quarter => (month((day.month() - 1) % 3)?, Span::new().months(3)),
            Self::Year => (day.first_of_year(), Span::new().years(1)),
        };
        Ok((first, first.checked_add(length)?))
    }

    /// The period that a moment lies in.
    pub fn around(self, at: Timestamp, zone: &TimeZone) -> std::result::Result<(Timestamp, Timestamp), jiff::Error> {
        if self == Self::Hour {
            return hour(at, zone);
        }
        let (first, last) = self.days(at.to_zoned(zone.clone()).date())?;
        let midnight = |day: Date| day.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
        Ok((midnight(first)?, midnight(last)?))
    }
}

impl Every {
    /// The name of the period that starts then: `2026-01`, `2026-W05`, `2026-01-15`, `2026-Q1`, `2026`; an hour's with
    /// its offset, since clocks show some twice.
    pub fn label(self, start: Timestamp, zone: &TimeZone) -> String {
        let local = start.to_zoned(zone.clone());
        match self {
            Self::Hour => local.strftime("%Y-%m-%dT%H:%M%:z").to_string(),
            Self::Day => local.strftime("%Y-%m-%d").to_string(),
            Self::Week => local.strftime("%G-W%V").to_string(),
            Self::Month => local.strftime("%Y-%m").to_string(),
            Self::Quarter => format!("{:04}-Q{}", local.year(), (local.month() - 1) / 3 + 1),
            Self::Year => local.strftime("%Y").to_string(),
            Self::All => "all".to_owned(),
        }
    }
}

/// The hour on the zone's clocks; where they jump by less than an hour, the hour ends at the jump.
fn hour(at: Timestamp, zone: &TimeZone) -> std::result::Result<(Timestamp, Timestamp), jiff::Error> {
    let offset = |second: i64| Timestamp::from_second(second).map(|at| zone.to_offset(at).seconds());
    // Seconds and their fraction are both truncated towards zero.
    let second = at.as_second() - i64::from(at.subsec_nanosecond() < 0);
    let own = offset(second)?;
    let local = second + i64::from(own);
    let start = local.div_euclid(3600) * 3600 - i64::from(own);
    // The second nearest to this one, towards `end`, whose offset is another one; `end` if none is.
    let jump = |end: i64| -> std::result::Result<i64, jiff::Error> {
        let (mut same, mut other) = (second, end);
        while other.abs_diff(same) > 1 {
            let middle = i64::midpoint(same, other);
            if offset(middle)? == own {
                same = middle;
            } else {
                other = middle;
            }
        }
        Ok(other)
    };
    let first = if offset(start)? == own { start } else { jump(start)? + 1 };
    let last = if offset(start + 3599)? == own {
        start + 3600
    } else {
        jump(start + 3599)?
    };
    Ok((Timestamp::from_second(first)?, Timestamp::from_second(last)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::zone::{Told, Zone};

    #[test]
    fn a_period_is_called_as_people_call_it() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let at: Timestamp = "2026-12-31T15:30:00Z".parse().unwrap();
        for (every, label) in [
            (Every::Hour, "2027-01-01T00:00+09:00"),
            (Every::Day, "2027-01-01"),
            (Every::Week, "2026-W53"),
            (Every::Month, "2027-01"),
            (Every::Quarter, "2027-Q1"),
            (Every::Year, "2027"),
            (Every::All, "all"),
        ] {
            let start = if every == Every::All {
                at
            } else {
                every.around(at, &tokyo).unwrap().0
            };
            assert_eq!(every.label(start, &tokyo), label);
        }
    }

    #[test]
    fn hours_of_a_zone_of_offsets_end_where_clocks_jump_and_nowhere_else() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let offsets = vec![(0, 20_700), (at("2026-03-04T05:00:00Z").as_second(), 23_400)];
        let zone = Zone::new(Told::Offsets(offsets)).unwrap();
        for (moment, start, end) in [
            // At 10:45 it becomes 11:30.
            ("2026-03-04T04:14:59.5Z", "2026-03-04T03:15:00Z", "2026-03-04T04:15:00Z"),
            ("2026-03-04T04:59:59Z", "2026-03-04T04:15:00Z", "2026-03-04T05:00:00Z"),
            ("2026-03-04T05:00:00Z", "2026-03-04T05:00:00Z", "2026-03-04T05:30:00Z"),
            ("2026-03-08T21:10:00Z", "2026-03-08T20:30:00Z", "2026-03-08T21:30:00Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:15:00Z", "1970-01-01T00:15:00Z"),
        ] {
            let around = Every::Hour.around(at(moment), zone.time_zone()).unwrap();
            assert_eq!(around, (at(start), at(end)), "{moment}");
        }
    }
}
