//! Properties of everything that reads bytes of others, on arbitrary ones. `PROPTEST_CASES` says how many of each.

use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use metertap::engine::body::{Caps, Collector};
use metertap::engine::retry;
use metertap::plan::Plan;
use metertap::providers::BUILT_IN;
use metertap::providers::registry::All;
use metertap::values::error::Kind;
use metertap::values::quantity::Quantity;
use metertap::values::secret::{Secret, scrub};
use metertap::values::window::{Instant, Window, parse_http_date};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use crate::common::replay::{Ask, Replay};
use crate::sound::{REPLAYS, is_whole};

type Outcome = Result<(), String>;

/// How many cases of a property are tried where the environment does not say.
const CASES: u32 = 9000;
/// How many properties this program has: calls of [`run`].
const PROPERTIES: u32 = 25;
/// How many cases all of them try together, at least.
const WANTED: u32 = 200_000;

/// Properties that were tried, and their cases.
static DONE: Mutex<(u32, u32)> = Mutex::new((0, 0));

/// Counts the cases of a property. The last one tells and checks the sum, unless the environment wants fewer; where only
/// some tests are run, there is no last one.
fn count(cases: u32) {
    let (properties, sum) = {
        let mut done = DONE.lock().unwrap();
        *done = (done.0 + 1, done.1 + cases);
        *done
    };
    if properties == PROPERTIES {
        let _ = writeln!(std::io::stdout(), "\n{sum} cases of {properties} properties");
        assert!(sum >= WANTED || cases < CASES, "only {sum} cases were tried");
    }
}

/// What came of a property.
pub struct Ran {
    pub cases: u32,
    pub problem: Option<String>,
}

impl Ran {
    pub fn or_panic(self) {
        if let Some(problem) = self.problem {
            panic!("{problem}");
        }
    }
}

/// Tries a property; a panic is a problem, too.
pub fn run<S: Strategy>(name: &str, strategy: S, property: impl Fn(S::Value) -> Outcome) -> Ran
where
    S::Value: std::fmt::Debug,
{
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(CASES);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    });
    let outcome = runner.run(&strategy, |value| property(value).map_err(TestCaseError::fail));
    count(cases);
    let problem = outcome.err().map(|problem| match problem {
        TestError::Fail(reason, value) => format!("{name}: {reason} for {value:?}"),
        TestError::Abort(reason) => format!("{name}: {reason}"),
    });
    Ran { cases, problem }
}

/// A change of a body.
#[derive(Debug, Clone)]
pub enum Edit {
    /// Another byte.
    Byte(prop::sample::Index, u8),
    /// A piece is gone.
    Cut(prop::sample::Index, u8),
    /// A piece is there twice.
    Twice(prop::sample::Index, u8),
    /// Something new.
    Insert(prop::sample::Index, &'static str),
}

/// Some changes.
pub fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let place = any::<prop::sample::Index>;
    let token = prop::sample::select(vec![
        "null",
        "0",
        "-",
        "9",
        "1e9",
        "99999999999999999999",
        ".5",
        "\"",
        "\"\"",
        "[]",
        "{}",
        ",",
        ":",
        "\\",
        "true",
        "[",
        "]",
        "{",
        "}",
        "Z",
        "+14:00",
        "\u{0}",
        "é",
    ]);
    let edit = prop_oneof![
        (place(), any::<u8>()).prop_map(|(place, byte)| Edit::Byte(place, byte)),
        (place(), 1_u8..40).prop_map(|(place, length)| Edit::Cut(place, length)),
        (place(), 1_u8..40).prop_map(|(place, length)| Edit::Twice(place, length)),
        (place(), token).prop_map(|(place, token)| Edit::Insert(place, token)),
    ];
    prop::collection::vec(edit, 1..5)
}

/// The body with these changes.
pub fn edited(body: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut body = body.to_vec();
    for edit in edits {
        let (Edit::Byte(place, _) | Edit::Cut(place, _) | Edit::Twice(place, _) | Edit::Insert(place, _)) = edit;
        let start = place.index(body.len() + 1);
        let piece = |length: u8| start..body.len().min(start + usize::from(length));
        match edit {
            Edit::Byte(_, byte) => {
                if let Some(place) = body.get_mut(start) {
                    *place = *byte;
                }
            }
            Edit::Cut(_, length) => drop(body.drain(piece(*length))),
            Edit::Twice(_, length) => {
                let piece = body[piece(*length)].to_vec();
                body.splice(start..start, piece);
            }
            Edit::Insert(_, token) => drop(body.splice(start..start, token.bytes())),
        }
    }
    body
}

fn reads(replay: &Replay, body: &[u8]) -> Outcome {
    let found = replay.read(body);
    let outcome = if let Ask::Login(..) = replay.ask {
        found.typed.map(|_| ()).or_else(|error| crate::sound::is_named(&error))
    } else {
        is_whole(replay, body, &found)
    };
    outcome.map_err(|problem| format!("{}: {problem} in {:?}", replay.name, String::from_utf8_lossy(body)))
}

/// A test for each provider, so that they run side by side.
macro_rules! providers {
    ($($name:ident)*) => {
        $(mod $name {
            use super::*;

            fn replays() -> Vec<&'static Replay> {
                let is_mine = |replay: &&Replay| replay.provider.facts().name == stringify!($name);
                REPLAYS.iter().filter(is_mine).collect()
            }

            #[test]
            fn arbitrary_bytes_are_right_or_refused() {
                let replays = replays();
                let bytes = prop::collection::vec(any::<u8>(), 0..120);
                run(stringify!($name), (any::<prop::sample::Index>(), bytes), |(replay, bytes)| {
                    let replay: &&Replay = replay.get(&replays);
                    reads(replay, &bytes)
                }).or_panic();
            }

            #[test]
            fn damaged_answers_are_right_or_refused() {
                let replays = replays();
                run(stringify!($name), (any::<prop::sample::Index>(), edits()), |(replay, edits)| {
                    let replay: &&Replay = replay.get(&replays);
                    reads(replay, &edited(&replay.reply.body, &edits))
                }).or_panic();
            }
        })*

        #[test]
        fn no_provider_is_left_out() {
            let mut names: Vec<_> = BUILT_IN.iter().map(|provider| provider.facts().name).collect();
            names.push("toy");
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}
providers! { sora ricoh uipath devicewise volcengine toy }

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9TZ:+. -]{0,40}",
        "[0-9]{4}-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,12})?(Z|[+-][0-2][0-9]:[0-5][0-9])"
    ]
}

#[test]
fn an_instant_that_is_read_keeps_its_second_and_its_offset() {
    run("instants", texts(), |text| {
        let _ = (
            Instant::parse_argument(&text),
            parse_http_date(&text, jiff::Timestamp::UNIX_EPOCH),
        );
        let Ok(instant) = Instant::parse(&text) else {
            return Ok(());
        };
        let again = Instant::parse(&instant.to_offset_text()).map_err(|error| error.to_string())?;
        let is_same = again.at.as_second() == instant.zoned().timestamp().as_second() || instant.at.as_second() < 0;
        if is_same && again.offset.seconds() / 60 == instant.offset.seconds() / 60 {
            Ok(())
        } else {
            Err(format!("{instant:?} became {again:?}"))
        }
    })
    .or_panic();
}

#[test]
fn a_window_holds_its_start_and_not_its_end() {
    let seconds = -60_000_000_000_i64..250_000_000_000;
    run(
        "windows",
        (seconds.clone(), seconds, 0_i32..1_000_000_000),
        |(one, other, nanosecond)| {
            let at = |second| Instant::utc(jiff::Timestamp::new(second, nanosecond).unwrap());
            let (one, other) = (at(one), at(other));
            match Window::new(one, other) {
                Ok(window) if one.at < other.at && window.contains(one.at) && !window.contains(other.at) => Ok(()),
                Err(_) if one.at >= other.at => Ok(()),
                other => Err(format!("{other:?}")),
            }
        },
    )
    .or_panic();
}

#[test]
fn a_plan_that_is_damaged_is_refused_in_words() {
    let sample = r#"{"format":1,"now":"2026-05-01T00:00:00Z","window":{"start":"2026-04-01T00:00:00Z","end":"2026-05-01T00:00:00Z"},"accounts":[{"name":"a","provider":"sora"}],"calls":[],"unavailable":[],"edges":[],"shard":null}"#;
    run(
        "plans",
        prop_oneof![
            edits().prop_map(|edits| edited(sample.as_bytes(), &edits)),
            any::<Vec<u8>>()
        ],
        |bytes| match Plan::from_json(&String::from_utf8_lossy(&bytes), &All) {
            Err(error) if error.message.contains('\n') => Err(error.to_string()),
            _ => Ok(()),
        },
    )
    .or_panic();
}

#[test]
fn a_number_is_read_as_its_digits_say() {
    let digits = "-?[0-9]{1,40}(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,4})?";
    run(
        "numbers",
        prop_oneof![Just(digits).prop_flat_map(|digits| digits), any::<String>()],
        |text| {
            let Ok(quantity) = Quantity::parse(&text) else {
                return Ok(());
            };
            let told: f64 = quantity.to_string().parse().unwrap();
            let wanted: f64 = text.parse().map_err(|_| "no number was read".to_owned())?;
            let is_near = (told - wanted).abs() <= wanted.abs() * 1e-12 + 1e-17;
            // What was not rounded is read again as exactly itself.
            let again = Quantity::parse(&quantity.to_string()).map(|again| again.scaled);
            if is_near && again == Ok(quantity.scaled) {
                Ok(())
            } else {
                Err(format!("{quantity} instead of {wanted}"))
            }
        },
    )
    .or_panic();
}

#[test]
fn a_hint_is_positive_and_as_long_as_it_says() {
    let now: jiff::Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
    let hints = prop_oneof![
        any::<String>(),
        "[0-9]{1,30}",
        "[0-9]{0,5}\\.[0-9]{0,5}",
        "(Mon|Fri), [0-3][0-9] (May|Jun) 20[0-9]{2} [0-2][0-9]:[0-5][0-9]:[0-6][0-9] (GMT|[+-][0-9]{4}|UTC)",
        (0_i64..4_000_000_000).prop_map(|second| {
            let at = jiff::Timestamp::from_second(second).unwrap();
            at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
        }),
    ];
    run("hints", (hints.clone(), prop::option::of(hints)), |(after, reset)| {
        let hint = retry::hint(Some(&after), reset.as_deref(), now);
        if hint == Some(Duration::ZERO) {
            return Err("a hint of nothing".to_owned());
        }
        match after.parse::<u64>() {
            Ok(seconds @ 1..=1_000_000_000) if hint != Some(Duration::from_secs(seconds)) => Err(format!("{hint:?}")),
            _ => Ok(()),
        }
    })
    .or_panic();
}

#[test]
fn no_secret_is_left_in_a_text_that_was_scrubbed() {
    let word = prop_oneof!["[a-zA-Z0-9]{4,40}", "[ -~]{4,40}", "\\PC{4,20}"];
    run(
        "secrets",
        (word, any::<String>(), any::<String>(), 0_u8..6),
        |(word, before, after, form)| {
            use base64::Engine as _;
            let json = serde_json::to_string(&word).unwrap();
            let quoted = match form {
                0 => word.clone(),
                1 => json[1..json.len() - 1].to_owned(),
                2 => percent_encoding::utf8_percent_encode(&word, percent_encoding::NON_ALPHANUMERIC).to_string(),
                3 => base64::engine::general_purpose::STANDARD.encode(&word),
                4 => base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&word),
                _ => metertap::values::text::encode(&word),
            };
            let text = format!("{before}{quoted}{after}");
            let clean = scrub(&text, &[&Secret::new(word.clone())]);
            if clean.contains(&quoted) || (word.len() >= 4 && clean.contains(&word)) {
                return Err(format!("{clean:?} of {text:?}"));
            }
            Ok(())
        },
    )
    .or_panic();
}

/// True if this is one member several times, and the body is as many times its content.
fn is_repeated(wire: &[u8], member: &[u8], body: &[u8], content: &[u8]) -> bool {
    let times = wire.len() / member.len();
    wire == member.repeat(times) && body == content.repeat(times)
}

#[test]
fn a_body_is_the_bytes_that_were_sent_or_an_error() {
    let caps = Caps {
        wire: 400,
        decoded: 2000,
        ratio: 200,
    };
    let strategy = (
        prop::collection::vec(any::<u8>(), 0..600),
        1_usize..300,
        any::<bool>(),
        edits(),
        any::<bool>(),
    );
    run("bodies", strategy, |(plain, piece, is_packed, edits, is_damaged)| {
        let packed = || {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(&plain).unwrap();
            packer.finish().unwrap()
        };
        let mut wire = if is_packed { packed() } else { plain.clone() };
        if is_damaged {
            wire = edited(&wire, &edits);
        }
        let mut collector = Collector::new(caps, None).map_err(|error| error.to_string())?;
        let pushed = wire.chunks(piece).try_for_each(|chunk| collector.push(chunk));
        let looks_packed = wire.starts_with(&[0x1f, 0x8b]);
        match pushed.and_then(|()| collector.finish()) {
            Ok(body) if body == plain || (!looks_packed && body == wire) => Ok(()),
            // Damage to a packed body's head is seen in what no checksum covers only.
            Ok(body) if is_damaged && looks_packed && body.len() <= caps.decoded && body.is_empty() => Ok(()),
            // A gzip member that stands several times is as many members, as RFC 1952 allows.
            Ok(body) if is_damaged && is_packed && is_repeated(&wire, &packed(), &body, &plain) => Ok(()),
            Ok(body) => Err(format!("{body:?}")),
            Err(error) if error.kind == Kind::ResponseTooLarge && wire.len() > caps.wire => Ok(()),
            Err(error) if error.kind == Kind::IncompleteResponse && looks_packed && is_damaged => Ok(()),
            // Ordinary bytes that begin as gzip does.
            Err(error) if error.kind == Kind::IncompleteResponse && looks_packed && !is_packed => Ok(()),
            Err(error) => Err(format!("{error:?}")),
        }
    })
    .or_panic();
}
