//! `Retry-After` and HTTP dates: what a well-formed one says, and nothing where it is nonsense.

use std::time::Duration;

use chrono::DateTime;
use jiff::Timestamp;
use metertap::engine::retry::hint;
use metertap::values::window::parse_http_date;

use crate::timing::timed;

/// The moment at which the hints are read, in seconds.
const NOW: i64 = 1_777_593_600;
/// What no hint is longer than, where it is a number of seconds.
const LONGEST: u64 = 1_000_000_000;

/// The first byte chooses: the bytes are a date's seconds, or `Retry-After` and (after a line's end) `RateLimit-Reset`.
pub fn check(data: &[u8]) {
    let Some((first, rest)) = crate::number(data) else {
        return;
    };
    if let (1, Some(bytes)) = (first, rest.first_chunk::<5>()) {
        let mut eight = [0; 8];
        eight[..5].copy_from_slice(bytes);
        // Up to the year 9999.
        return date(i64::from_le_bytes(eight) % 253_402_300_800);
    }
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let (after, reset) = text
        .split_once('\n')
        .map_or((text, None), |(after, reset)| (after, Some(reset)));
    let now = Timestamp::from_second(NOW).expect("a moment");
    let found = timed(data.len(), || hint(Some(after), reset, now));
    assert_ne!(found, Some(Duration::ZERO));
    assert_eq!(hint(None, Some(after), now), seconds(after));
    let own = hint(Some(after), None, now);
    assert_eq!(found, own.or_else(|| reset.and_then(seconds)));
    match seconds(after) {
        Some(wait) => assert_eq!(own, Some(wait), "{after:?}"),
        None => assert_eq!(own, until(after, now), "{after:?}"),
    }
}

/// A number of seconds, in plain integers: digits with at most one point; more than nothing.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let number: f64 = text.parse().expect("digits and a point");
    let wait = Duration::from_secs_f64(number.min(LONGEST as f64));
    if fraction.is_empty() {
        let exact = whole.parse::<u64>().unwrap_or(u64::MAX).min(LONGEST);
        assert_eq!(wait, Duration::from_secs(exact), "{text:?}");
    }
    Some(wait).filter(|wait| !wait.is_zero())
}

/// The time until a date, where both we and `chrono` can read it.
fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let ours = parse_http_date(text, now)?;
    assert!(text.bytes().any(|byte| byte.is_ascii_digit()), "{text:?} is {ours}");
    if let Ok(theirs) = DateTime::parse_from_rfc2822(text.trim()) {
        assert_eq!(ours.as_second(), theirs.timestamp(), "{text:?}");
    }
    let wait = ours.as_second() - NOW;
    u64::try_from(wait)
        .ok()
        .filter(|wait| *wait > 0)
        .map(Duration::from_secs)
}

/// A date in the form of RFC 9110 is read, and waited for if it lies ahead.
fn date(second: i64) {
    let moment = DateTime::from_timestamp(second, 0).expect("a moment");
    let text = moment.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let now = Timestamp::from_second(NOW).expect("a moment");
    let found = parse_http_date(&text, now).unwrap_or_else(|| panic!("{text:?} was not read"));
    assert_eq!(found.as_second(), second, "{text:?}");
    let ahead = u64::try_from(second - NOW).ok().filter(|ahead| *ahead > 0);
    assert_eq!(hint(Some(&text), None, now), ahead.map(Duration::from_secs), "{text:?}");
}
