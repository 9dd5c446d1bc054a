//! Periods of the calendar: hours, days, weeks, months, quarters and years of a time zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

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
    let offset = i64::from(zone.to_offset(at).seconds());
    let local = at.as_second() + offset;
    let start = Timestamp::from_second(local.div_euclid(3600) * 3600 - offset)?;
    let end = start.checked_add(SignedDuration::from_hours(1))?;
    let just_after = at.checked_add(SignedDuration::from_nanos(1))?;
    let jump_before = zone.preceding(just_after).next().map(|jump| jump.timestamp());
    let jump_after = zone.following(at).next().map(|jump| jump.timestamp());
    Ok((
        jump_before.map_or(start, |jump| start.max(jump)),
        jump_after.map_or(end, |jump| end.min(jump)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
