//! Instants and windows, beside `chrono`.

use chrono::DateTime;
use jiff::tz::Offset;
use metertap::values::window::{Instant, Window};

use crate::timing::timed;

/// The bytes are two instants with a slash between them, as a person may write them.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (one, other) = text.split_once('/').unwrap_or((text, ""));
    let parse = || (Instant::parse_argument(one), Instant::parse_argument(other));
    let (start, end) = timed(data.len(), parse);
    for (text, found) in [(one, &start), (other, &end)] {
        beside(text);
        match found {
            Ok(instant) => round_trip(*instant),
            Err(problem) => assert!(!problem.message.is_empty(), "{problem:?}"),
        }
    }
    if let (Ok(start), Ok(end)) = (start, end) {
        ordered(start, end);
    }
}

/// What `chrono` reads as RFC 3339, we read as the same moment and offset.
fn beside(text: &str) {
    let ours = Instant::parse(text);
    let Ok(theirs) = DateTime::parse_from_rfc3339(text) else {
        return;
    };
    let Ok(ours) = ours else {
        panic!("{text:?} is {theirs:?} and was refused: {ours:?}")
    };
    // A leap second is the one before it to us, and a second of its own to them.
    let subsecond = theirs.timestamp_subsec_nanos() % 1_000_000_000;
    let nanosecond = i128::from(theirs.timestamp()) * 1_000_000_000 + i128::from(subsecond);
    assert_eq!(ours.at.as_nanosecond(), nanosecond, "{text:?}");
    assert_eq!(ours.offset.seconds(), theirs.offset().local_minus_utc(), "{text:?}");
}

/// What is written again is the same second; offsets are written in minutes.
fn round_trip(instant: Instant) {
    let second = instant.at.as_nanosecond().div_euclid(1_000_000_000);
    let utc = Instant::parse(&instant.to_utc_text()).expect("our own text");
    assert_eq!(i128::from(utc.at.as_second()), second, "{instant:?}");
    let seconds = instant.offset.seconds();
    if seconds % 60 == 0 {
        let own = Instant::parse(&instant.to_offset_text()).expect("our own text");
        assert_eq!(
            (i128::from(own.at.as_second()), own.offset.seconds()),
            (second, seconds),
            "{instant:?}"
        );
    }
    assert_eq!(instant.at_offset(Offset::UTC).at, instant.at);
    assert_eq!(instant.zoned().timestamp(), instant.at);
}

/// A window is there if, and only if, it is not empty; its start belongs to it, its end does not.
fn ordered(start: Instant, end: Instant) {
    match Window::new(start, end) {
        Ok(window) => {
            assert!(start.at < end.at && window.start() == start && window.end() == end);
            assert!(window.contains(start.at) && !window.contains(end.at));
        }
        Err(problem) => assert!(
            start.at >= end.at && problem.message.contains("must be before"),
            "{problem}"
        ),
    }
}
