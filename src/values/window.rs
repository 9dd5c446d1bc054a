//! Instants with the offset they were written with, and half-open windows of them.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

use super::error::{Error, Result};
use super::text::{ascii, digits};

/// Seconds of a day: an offset is shorter.
const DAY: i32 = 86_400;
/// The second day of the year 1, in seconds: the first that lies in a year of ours in every offset. The last one is
/// jiff's own.
const EARLIEST: i64 = -62_135_510_400;

/// A moment, and the UTC offset in which it was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instant {
    /// The moment.
    pub at: Timestamp,
    /// The offset it was written with.
    pub offset: Offset,
}

impl Instant {
    /// A moment in UTC.
    pub fn utc(at: Timestamp) -> Self {
        Self {
            at,
            offset: Offset::UTC,
        }
    }

    /// A moment that came from outside: in years that are written with four digits, wherever one is, as RFC 3339 and
    /// Python's `datetime` want it.
    fn checked(at: Timestamp, offset: Offset, text: impl std::fmt::Display) -> Result<Self> {
        if at.as_second() < EARLIEST || offset.seconds().abs() >= DAY {
            return Err(out_of_range(text));
        }
        Ok(Self { at, offset })
    }

    /// The first moment of a day in UTC.
    pub fn midnight(day: Date) -> Result<Self> {
        let at = Offset::UTC.to_timestamp(day.to_datetime(Time::midnight()));
        Self::checked(at.map_err(|_| out_of_range(day))?, Offset::UTC, day)
    }

    /// Reads an RFC 3339 text; an offset is required.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        match Self::usual(text.as_bytes()) {
            Some(instant) => Ok(instant),
            None => Self::any(text),
        }
    }

    fn any(text: &str) -> Result<Self> {
        static PARSER: DateTimeParser = DateTimeParser::new();
        let shortened = nine_digits(text);
        let pieces = PARSER
            .parse_pieces(&*shortened)
            .map_err(|_| Error::invalid(format!("{text:?} is no RFC 3339 instant")))?;
        let offset = pieces
            .to_numeric_offset()
            .ok_or_else(|| Error::invalid(format!("{text:?} has no UTC offset; add \"Z\" or \"+09:00\"")))?;
        let time = pieces
            .time()
            .ok_or_else(|| Error::invalid(format!("{text:?} has no time of day")))?;
        let at = offset
            .to_timestamp(pieces.date().to_datetime(time))
            .map_err(|_| out_of_range(text))?;
        Self::checked(at, offset, text)
    }

    /// An instant as nearly all services write it, to the second, with `Z` or a numeric offset: read by place,
    /// without the whole grammar. Anything else, sound or not, is left to that.
    fn usual(text: &[u8]) -> Option<Self> {
        let (moment, offset) = text.split_at_checked(19)?;
        let (date, time) = moment.split_at_checked(10)?;
        let [b'T', h, hh, b':', m, mm, b':', s, ss] = time else {
            return None;
        };
        let date = usual_date(date)?;
        let time = Time::new(two([*h, *hh])?, two([*m, *mm])?, two([*s, *ss])?, 0).ok()?;
        let offset = match offset {
            b"Z" => Offset::UTC,
            [sign @ (b'+' | b'-'), hours @ .., b':', tens, ones] if hours.len() == 2 => {
                let (hours, minutes) = (digits(hours)?, digits(&[*tens, *ones])?);
                let seconds = i32::try_from((hours * 60 + minutes) * 60).ok()?;
                let is_usual = hours < 24 && minutes < 60 && (seconds != 0 || *sign == b'+');
                Offset::from_seconds(if *sign == b'-' { -seconds } else { seconds })
                    .ok()
                    .filter(|_| is_usual)?
            }
            _ => return None,
        };
        let at = offset.to_timestamp(date.to_datetime(time)).ok()?;
        Self::checked(at, offset, "").ok()
    }

    /// What a person may write: a date alone (midnight UTC) or an RFC 3339 instant with its offset.
    pub fn parse_argument(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.len() <= 10 {
            let day: Date = text.parse().map_err(|_| {
                Error::invalid(format!(
                    "{text:?} is neither a date like \"2026-01-31\" nor an RFC 3339 instant"
                ))
            })?;
            return Self::midnight(day);
        }
        Self::parse(text)
    }

    /// The moment in its own offset.
    pub fn zoned(&self) -> Zoned {
        self.at.to_zoned(TimeZone::fixed(self.offset))
    }

    /// RFC 3339 in UTC, whole seconds, with `Z`.
    pub fn to_utc_text(&self) -> String {
        let mut text = by_place(Offset::UTC.to_datetime(self.at));
        text.push('Z');
        text
    }

    /// RFC 3339 in its own offset, whole seconds, with a numeric offset.
    pub fn to_offset_text(&self) -> String {
        let mut text = by_place(self.offset.to_datetime(self.at));
        self.push_offset(&mut text);
        text
    }

    /// RFC 3339 in its own offset, with a numeric offset and as many digits of a second as there are.
    pub fn to_exact_text(&self) -> String {
        let mut text = by_place(self.offset.to_datetime(self.at));
        if self.at.subsec_nanosecond() != 0 {
            text.push_str(&self.zoned().strftime("%.f").to_string());
        }
        self.push_offset(&mut text);
        text
    }

    fn push_offset(&self, text: &mut String) {
        let seconds = self.offset.seconds();
        if seconds % 60 != 0 {
            text.push_str(&self.zoned().strftime("%:z").to_string());
            return;
        }
        let minutes = seconds.unsigned_abs() / 60;
        let ([h, hh], [m, mm]) = (written(minutes / 60), written(minutes % 60));
        let sign = if seconds < 0 { b'-' } else { b'+' };
        text.push_str(&ascii([sign, h, hh, b':', m, mm].to_vec()));
    }

    /// The same moment, seen from another offset.
    #[must_use]
    pub fn at_offset(&self, offset: Offset) -> Self {
        Self { at: self.at, offset }
    }
}

/// A day as nearly all services write it, `2026-01-31`: read by place. Anything else, sound or not, is left to the grammar.
pub fn usual_date(text: &[u8]) -> Option<Date> {
    let [year @ .., b'-', m, mm, b'-', d, dd] = text else {
        return None;
    };
    let year = i16::try_from(digits(year).filter(|_| year.len() == 4)?).ok()?;
    Date::new(year, two([*m, *mm])?, two([*d, *dd])?).ok()
}

/// A number of two digits.
fn two(digits: [u8; 2]) -> Option<i8> {
    let [tens, ones] = digits.map(|digit| i8::try_from(digit.wrapping_sub(b'0')).unwrap_or(-1));
    ((0..10).contains(&tens) && (0..10).contains(&ones)).then(|| tens * 10 + ones)
}

/// `2026-01-31T23:59:59`, written by place: a fifth of what a formatter takes.
fn by_place(moment: DateTime) -> String {
    let (date, time) = (moment.date(), moment.time());
    let Ok(year) = u32::try_from(date.year()) else {
        return moment.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    };
    let parts = [date.month(), date.day(), time.hour(), time.minute(), time.second()];
    let [month, day, hour, minute, second] = parts.map(|part| written(part.unsigned_abs().into()));
    let (century, year) = (written(year / 100), written(year % 100));
    let text = [
        century[0], century[1], year[0], year[1], b'-', month[0], month[1], b'-', day[0], day[1], b'T', hour[0],
        hour[1], b':', minute[0], minute[1], b':', second[0], second[1],
    ];
    let mut moment = Vec::with_capacity("2026-01-31T23:59:59+00:00".len());
    moment.extend_from_slice(&text);
    ascii(moment)
}

/// A number below 100 in two digits.
fn written(number: u32) -> [u8; 2] {
    [number / 10, number % 10].map(|digit| b'0' + u8::try_from(digit).unwrap_or_default())
}

fn out_of_range(what: impl std::fmt::Display) -> Error {
    Error::invalid(format!(
        "{what} is outside the years and offsets that can be represented"
    ))
}

/// A half-open interval: `start` belongs to it, `end` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    start: Instant,
    end: Instant,
}

impl Window {
    /// A window; `start` must be before `end`.
    pub fn new(start: Instant, end: Instant) -> Result<Self> {
        if start.at < end.at {
            return Ok(Self { start, end });
        }
        Err(Error::invalid(format!(
            "start ({}) must be before end ({})",
            start.to_offset_text(),
            end.to_offset_text()
        )))
    }

    /// The first moment inside.
    pub fn start(&self) -> Instant {
        self.start
    }

    /// The first moment after it.
    pub fn end(&self) -> Instant {
        self.end
    }

    /// True if the moment is inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start.at <= at && at < self.end.at
    }
}

/// Reads an HTTP date, as in `Date` and `Retry-After`, in any of the three forms of RFC 9110 (section 5.6.7). `now` is
/// for the two digits of a year in one of them: a date that seems to be more than 50 years ahead is of a century before.
pub fn parse_http_date(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    old_http_date(text, now).or_else(|| {
        let zoned = jiff::fmt::rfc2822::DateTimeParser::new().parse_zoned(text).ok()?;
        Some(zoned.timestamp())
    })
}

/// `Sunday, 06-Nov-94 08:49:37 GMT` (RFC 850) and `Sun Nov  6 08:49:37 1994` (asctime).
fn old_http_date(text: &str, now: Timestamp) -> Option<Timestamp> {
    if !text.is_ascii() {
        return None;
    }
    let text = text.split_ascii_whitespace().collect::<Vec<_>>();
    let (day, month, year, time) = match *text {
        [_, date, time, "GMT"] => {
            let mut parts = date.split('-');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            let is_short = parts.next().is_none() && year.len() == 2;
            let this_year = now.to_zoned(TimeZone::UTC).year();
            let year = this_year / 100 * 100 + year.parse::<i16>().ok().filter(|year| is_short && *year >= 0)?;
            (day, month, if year > this_year + 50 { year - 100 } else { year }, time)
        }
        [_, month, day, time, year] => (day, month, year.parse().ok()?, time),
        _ => return None,
    };
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = (1..).zip(months).find(|(_, name)| *name == month)?.0;
    let time: jiff::civil::Time = time.parse().ok()?;
    let date = jiff::civil::Date::new(year, month, day.parse().ok()?).ok()?;
    Some(date.to_datetime(time).to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// The text without what is shorter than a nanosecond; RFC 3339 allows a fraction of any length.
fn nine_digits(text: &str) -> Cow<'_, str> {
    let Some((whole, rest)) = text.split_once('.') else {
        return Cow::Borrowed(text);
    };
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    match (rest.get(..9), rest.get(count..)) {
        (Some(kept), Some(offset)) if count > 9 => Cow::Owned(format!("{whole}.{kept}{offset}")),
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_by_place_is_what_the_grammar_reads() {
        let mut read = 0;
        for text in [
            "2026-01-31T23:59:59Z",
            "2024-02-29T00:00:00+08:00",
            "2026-03-01T12:30:15-09:30",
            "0001-01-02T00:00:00Z",
            "9999-12-30T22:00:00+23:59",
            "2026-01-31T23:59:59+00:00",
            // Not by place, or not at all:
            "0000-01-01T00:00:00Z",
            "2026-01-31T23:59:59-00:00",
            "2026-01-31T23:59:60Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-31 23:59:59Z",
            "2026-01-31T23:59:59.5Z",
            "2026-01-31T23:59:59",
            "2026-01-31T23:59:59+8:00",
            "2026-01-31T23:59:59+24:00",
            "2026-01-31T23:59:59+08:60",
            "2026-01-31T23:59:59z",
            "+026-01-31T23:59:59Z",
            "9999-12-31T23:59:59-23:59",
            "2026-0１-31T23:59:59Z",
        ] {
            let by_place = Instant::usual(text.as_bytes());
            read += usize::from(by_place.is_some());
            assert!(by_place.is_none() || by_place == Instant::any(text).ok(), "{text}");
        }
        assert_eq!(read, 6);
        for step in 0..5000 {
            let offset = Offset::from_seconds((step % 2879 - 1439) * 60).unwrap();
            let at = Timestamp::from_second(i64::from(step) * 7_654_321 - 9_876_543_210).unwrap();
            let text = Instant { at, offset }.to_offset_text();
            assert_eq!(Instant::usual(text.as_bytes()), Instant::any(&text).ok(), "{text}");
        }
    }

    #[test]
    fn an_instant_keeps_its_offset() {
        let instant = Instant::parse("2022-02-11T00:00:00+08:00").unwrap();
        assert_eq!(instant.to_offset_text(), "2022-02-11T00:00:00+08:00");
        assert_eq!(instant.to_utc_text(), "2022-02-10T16:00:00Z");
    }

    #[test]
    fn what_is_written_by_place_is_what_the_formatter_writes() {
        for step in 0..5000_i32 {
            let seconds = (step % 2879 - 1439) * 60 + step % 7 / 6;
            let offset = Offset::from_seconds(seconds).unwrap();
            let nanosecond = if step % 3 == 0 {
                step * 100_000 % 1_000_000_000
            } else {
                0
            };
            let at = Timestamp::new(i64::from(step) * 97_654_321 - 240_000_000_000, nanosecond).unwrap();
            let instant = Instant { at, offset };
            let formatted = |form: &str| instant.zoned().strftime(form).to_string();
            assert_eq!(instant.to_offset_text(), formatted("%Y-%m-%dT%H:%M:%S%:z"));
            assert_eq!(instant.to_exact_text(), formatted("%Y-%m-%dT%H:%M:%S%.f%:z"));
            assert_eq!(instant.to_utc_text(), at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        }
    }

    #[test]
    fn fractions_of_any_length_are_read() {
        for (text, nanoseconds) in [
            ("13.1Z", 100_000_000),
            ("13.123456789-00:00", 123_456_789),
            ("13.1234567899999+08:00", 123_456_789),
            ("13-04:00", 0),
        ] {
            let instant = Instant::parse(&format!("2024-05-01T00:00:{text}")).unwrap();
            assert_eq!(instant.at.subsec_nanosecond(), nanoseconds, "{text}");
        }
    }

    #[test]
    fn a_text_without_offset_is_refused() {
        assert!(
            Instant::parse("2024-05-01T00:00:00")
                .unwrap_err()
                .message
                .contains("no UTC offset")
        );
        assert!(Instant::parse("2024-05-01T25:00:00Z").is_err());
        assert!(Instant::parse("nonsense").is_err());
    }

    #[test]
    fn a_moment_that_has_no_year_of_four_digits_is_refused() {
        for (text, is_fine) in [
            ("0001-01-02T00:00:00Z", true),
            ("0001-01-01T23:59:59Z", false),
            ("0000-02-29T00:00:00Z", false),
            ("-009999-01-02T01:59:59Z", false),
            ("9999-12-30T00:00:00Z", true),
            ("9999-12-31T23:59:59-01:00", false),
            ("2026-01-01T00:00:00+23:59", true),
            ("2026-01-01T00:00:00-24:00", false),
            ("2026-01-01T00:00:00+25:00", false),
        ] {
            assert_eq!(Instant::parse(text).is_ok(), is_fine, "{text}");
            assert_eq!(Instant::parse_argument(text).is_ok(), is_fine, "{text}");
        }
        assert!(Instant::parse_argument("0001-01-01").is_err() && Instant::parse_argument("0001-01-02").is_ok());
    }

    #[test]
    fn a_date_means_midnight_utc() {
        assert_eq!(
            Instant::parse_argument("2026-01-01").unwrap().to_utc_text(),
            "2026-01-01T00:00:00Z"
        );
    }

    #[test]
    fn a_window_is_half_open_and_never_empty() {
        let (a, b) = (
            Instant::parse_argument("2026-01-01").unwrap(),
            Instant::parse_argument("2026-01-02").unwrap(),
        );
        let window = Window::new(a, b).unwrap();
        assert!(window.contains(a.at) && !window.contains(b.at));
        assert!(Window::new(b, a).is_err() && Window::new(a, a).is_err());
    }

    #[test]
    fn http_dates_are_read() {
        let read = |text| parse_http_date(text, "2026-06-01T00:00:00Z".parse().unwrap()).map(|at| at.to_string());
        for (text, at) in [
            ("Thu, 21 Dec 2023 09:35:10 GMT", "2023-12-21T09:35:10Z"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Monday, 01-Jun-26 00:00:07 GMT", "2026-06-01T00:00:07Z"),
            ("Monday, 01-Jun-76 00:00:00 GMT", "2076-06-01T00:00:00Z"),
            ("Monday, 01-Jun-77 00:00:00 GMT", "1977-06-01T00:00:00Z"),
            ("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"),
            ("Mon Jun 01 00:00:07 2026", "2026-06-01T00:00:07Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(at), "{text}");
        }
        for text in [
            "tomorrow",
            "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sunday, 31-Feb-94 08:49:37 GMT",
            "Sunday, 06-Nov-94-1 08:49:37 GMT",
            "Sunday, 06-Nov--4 08:49:37 GMT",
            "Sun Now  6 08:49:37 1994",
            "Sun Nov  6 25:49:37 1994",
            "a b c d",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
