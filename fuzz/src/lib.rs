//! What each target does with its bytes; the properties are those of `tests/hostile`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)] // as in tests

#[path = "../../tests/common/mod.rs"]
pub mod common;
#[path = "../../tests/hostile/scan.rs"]
#[allow(dead_code)]
mod scan;
#[path = "../../tests/hostile/sound.rs"]
#[allow(dead_code)]
mod sound;

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use common::replay::{Ask, Replay};
use metertap::engine::body::{Caps, Collector};
use metertap::engine::retry;
use metertap::plan::Plan;
use metertap::values::json::Json;
use metertap::values::quantity::Quantity;
use metertap::values::secret::{Secret, scrub};
use metertap::values::window::{Instant, Window, parse_http_date};

pub use sound::REPLAYS;

static BY_PROVIDER: LazyLock<HashMap<&'static str, Vec<&'static Replay>>> = LazyLock::new(|| {
    let mut all: HashMap<&'static str, Vec<&'static Replay>> = HashMap::new();
    for replay in REPLAYS.iter() {
        all.entry(replay.provider.facts().name).or_default().push(replay);
    }
    all
});

/// The fixtures of a provider, in a fixed order.
pub fn fixtures_of(provider: &str) -> &'static [&'static Replay] {
    &BY_PROVIDER[provider]
}

/// The first byte chooses the question, the others are its answer.
pub fn answer(provider: &str, data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let replays = fixtures_of(provider);
    let replay = replays[usize::from(*first) % replays.len()];
    let found = replay.read(body);
    let outcome = match replay.ask {
        Ask::Login(..) => found.typed.map(|_| ()).or_else(|error| sound::is_named(&error)),
        Ask::Call(..) => sound::is_whole(replay, body, &found),
    };
    outcome.unwrap();
}

/// What we take for JSON, `serde_json` takes, too, but for numbers that are too large for a float.
pub fn json(data: &[u8]) {
    let body = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
    let theirs = serde_json::from_slice::<serde_json::Value>(body);
    match (Json::parse(data), theirs) {
        (Ok(ours), Ok(theirs)) => {
            let text = serde_json::to_vec(&ours).unwrap();
            let again = serde_json::from_slice::<serde_json::Value>(&text).unwrap();
            assert_eq!(format!("{again:?}").len() / 1000, format!("{theirs:?}").len() / 1000);
        }
        (Ok(_), Err(problem)) => assert!(problem.to_string().contains("number out of range"), "{problem}"),
        (Err(problem), Ok(_)) => assert!(
            problem.message.contains("occurs twice") || problem.message.contains("deeper than 64"),
            "{problem}"
        ),
        (Err(_), Err(_)) => {}
    }
}

pub fn windows(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (one, other) = text.split_once('/').unwrap_or((text, ""));
    let (one, other) = (Instant::parse_argument(one), Instant::parse_argument(other));
    if let (Ok(one), Ok(other)) = (one, other) {
        assert_eq!(Window::new(one, other).is_ok(), one.at < other.at);
        assert_eq!(Instant::parse(&one.to_utc_text()).unwrap().at.as_second(), one.at.to_zoned(jiff::tz::TimeZone::UTC).timestamp().as_second());
    }
    let _ = Plan::from_json(text);
}

pub fn numbers(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(quantity) = Quantity::parse(text) {
        let again = Quantity::parse(&quantity.to_string()).unwrap();
        assert_eq!((again.scaled, again.rounded), (quantity.scaled, false));
        let (told, wanted): (f64, f64) = (quantity.to_string().parse().unwrap(), text.parse().unwrap());
        assert!((told - wanted).abs() <= wanted.abs() * 1e-12 + 1e-17, "{told} {wanted}");
    }
}

pub fn retry_after(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (after, reset) = text.split_once('\n').map_or((text, None), |(after, reset)| (after, Some(reset)));
    let now = jiff::Timestamp::from_second(1_777_593_600).unwrap();
    let hint = retry::hint(Some(after), reset, now);
    assert_ne!(hint, Some(Duration::ZERO));
    let _ = parse_http_date(after);
}

/// The first bytes are a secret, the others a text that holds it.
pub fn redaction(data: &[u8]) {
    let Some((length, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let length = usize::from(*length) % 40;
    let (Some(word), Some(around)) = (text.get(..length), text.get(length..)) else { return };
    if word.len() < 4 || word.contains("***") || "***".contains(word) {
        return;
    }
    let text = format!("{around}{word}{around}");
    let clean = scrub(&text, &[&Secret::new(word)]);
    assert!(!clean.contains(word), "{word:?} in {clean:?} of {text:?}");
}

/// The first byte is the length of the pieces.
pub fn body(data: &[u8]) {
    let Some((piece, wire)) = data.split_first() else { return };
    let caps = Caps {
        wire: 4096,
        decoded: 1 << 16,
        ratio: 50,
    };
    let mut collector = Collector::new(caps, None).unwrap();
    if wire.chunks(usize::from(*piece).max(1)).try_for_each(|chunk| collector.push(chunk)).is_err() {
        assert!(wire.len() > caps.wire);
        return;
    }
    if let Ok(found) = collector.finish() {
        assert!(found.len() <= caps.decoded);
        assert!(found == wire || wire.starts_with(&[0x1f, 0x8b]));
    }
}
