//! Hand-written cases of what a usage knows of its time, and of usages put together.
//!
//! A line is `writes settles | usage [+ usage …] | what is known | readings`. A usage is calls with `;` between, a call is
//! `first-end[@fetched] = what came`, in days of January 2026 (`3` is the third, `1-4` the first three; fetched at noon).
//! What came: a reading (`3`, `3=7` for another figure than 1, `a3` with the label a), `null a3`, `cut`, `says 1-4`,
//! `fail`, or `unmade`. What is known: states with their days, then `label:first-end` for holes of single series.

use jiff::Timestamp;

use super::fixture::{METER, SOURCE, call, evidence};
use super::{Collector, Evidence, Known, Outcome, Prefer, Usage};
use crate::meters::{Flags, Meter, Reading, Settles, Sink, Source, Writes};
use crate::plan::Plan;
use crate::service::PlannedCall;
use crate::values::error::{Error, Kind};
use crate::values::quantity::Quantity;
use crate::values::window::{Instant, Window};

const CASES: &str = "
every after | 1-6@20 = 1 2 3 4 5 | got 1-6 | 1 2 3 4 5
every after | 1-6@20 = 1 2 4 5 | got 1-3, missing 3-4, got 4-6 | 1 2 4 5
every after | 1-6@20 = 1 2 3 | got 1-4, missing 4-6 | 1 2 3
every after | 1-6@20 = 3 4 5 | absent 1-3, got 3-6 | 3 4 5
every after | 1-6@20 = | absent 1-6 |
every after | 1-6@5 = 1 2 3 4 | got 1-5, unavailable 5-6 | 1 2 3 4
every after | 1-6@5 = 1 2 3 4 5 | got 1-5, provisional 5-6 | 1 2 3 4 5
every after | 1-6@5 = 1 2 | got 1-3, missing 3-5, unavailable 5-6 | 1 2
every unknown | 1-6@20 = 1 2 3 | got 1-4, absent 4-6 | 1 2 3
every unknown | 1-6@20 = 1 3 5 | got 1-2, missing 2-3, got 3-4, missing 4-5, got 5-6 | 1 3 5
every unknown | 1-6@20 = 1 2; 6-11@20 = 8 9 10 | got 1-3, missing 3-6, missing 6-8, got 8-11 | 1 2 8 9 10
every unknown | 1-6@20 = ; 6-11@20 = 8 9 10 | absent 1-6, absent 6-8, got 8-11 | 8 9 10
every unknown | 1-6@20 = 1 2 3 4 5; 6-11@20 = ; 11-16@20 = 11 12 13 14 15 | got 1-6, absent 6-11, got 11-16 | 1 2 3 4 5 11 12 13 14 15
unknown after | 1-6@20 = 1 2 4 5 | got 1-3, absent 3-4, got 4-6 | 1 2 4 5
unknown after | 1-6@20 = | absent 1-6 |
unknown after | 1-6@5 = 1 | got 1-2, absent 2-5, unavailable 5-6 | 1
unknown unknown | 1-6@3 = 1 2 | got 1-3, absent 3-6 | 1 2
used after | 1-6@20 = 1 4 | got 1-6 | 1 4
used after | 1-6@20 = | absent 1-6 |
used after | 1-6@4 = 1 | got 1-4, unavailable 4-6 | 1
every after | 1-6@20 = fail | failed 1-6 |
every after | 1-6@20 = unmade | failed 1-6 |
every after | 1-6@20 = 1 2 3 4 5; 6-11@20 = fail; 11-16@20 = 11 12 13 14 15 | got 1-6, failed 6-11, got 11-16 | 1 2 3 4 5 11 12 13 14 15
unknown after | 1-6@20 = 1 2 cut | got 1-3, missing 3-6 | 1 2
unknown after | 1-6@20 = 2 cut | absent 1-2, got 2-3, missing 3-6 | 2
unknown after | 1-6@20 = cut | missing 1-6 |
used after | 1-6@20 = 1 3 cut | got 1-4, missing 4-6 | 1 3
unknown after | 1-6@20 = 1 2 says 1-3 | got 1-3, missing 3-6 | 1 2
unknown after | 1-6@20 = says 1-3 | absent 1-3, missing 3-6 |
unknown after | 1-6@20 = 2 3 says 2-4 | missing 1-2, got 2-4, missing 4-6 | 2 3
unknown after | 1-6@20 = 1 2 3 4 5 says 1-9 | got 1-6 | 1 2 3 4 5
unknown after | 1-4@20 = 1 null a2 3 | got 1-4, a:2-3 | 1 3
unknown after | 1-4@20 = a1 b1 b2 a3 b3 | got 1-4 | a1 b1 b2 a3 b3
every after | 1-4@20 = a1 b1 b2 a3 b3 | got 1-4, a:2-3 | a1 b1 b2 a3 b3
every after | 1-4@20 = a1 a3 | got 1-2, missing 2-3, got 3-4 | a1 a3
every after | 1-3@20 = a1 b1 b2; 3-5@20 = b3 a4 b4 | got 1-3, got 3-5, a:2-4 | a1 b1 b2 b3 a4 b4
every after | 1-3@20 = a1 b1 b2; 3-5@20 = b3 b4 | got 1-3, got 3-5 | a1 b1 b2 b3 b4
every after | 1-6@20 = 1 2 3 4 5 + 6-11@20 = 6 7 8 9 10 | got 1-6, got 6-11 | 1 2 3 4 5 6 7 8 9 10
every after | 6-11@20 = 6 7 8 9 10 + 1-6@20 = 1 2 3 4 5 | got 1-6, got 6-11 | 1 2 3 4 5 6 7 8 9 10
every unknown | 1-6@20 = 1 2 3 4 5 + 6-11@20 = 8 9 10 | got 1-6, missing 6-8, got 8-11 | 1 2 3 4 5 8 9 10
every after | 1-6@20 = 1 2 3 4 5 + 1-6@20 = 1 2 3 4 5 | got 1-6 | 1 2 3 4 5
every after | 1-6@20 = fail + 1-6@21 = 1 2 3 4 5 | got 1-6 | 1 2 3 4 5
every after | 1-6@21 = 1 2 3 4 5 + 1-6@20 = fail | got 1-6 | 1 2 3 4 5
every after | 1-6@20 = 1 2 5 + 3-5@21 = 3 4 | got 1-3, got 3-5, got 5-6 | 1 2 5 3 4
every after | 1-6@20 = 1 2 + 3-6@21 = | got 1-3, absent 3-6 | 1 2
every after | 1-6@20 = 1 2 + 3-6@21 = fail | got 1-3, missing 3-6 | 1 2
every after | 1-6@5 = 1 2 3 4 5 + 5-6@20 = 5=7 | got 1-5, got 5-6 | 1 2 3 4 5=7
every after | 5-6@20 = 5=7 + 1-6@5 = 1 2 3 4 5 | got 1-5, got 5-6 | 1 2 3 4 5=7
every after | 1-6@20 = 1=2 2 3 4 5 + 1-6@21 = 1=3 2 3 4 5 | the figures of one day differ |
every after later | 1-6@20 = 1=2 2 3 4 5 + 1-6@21 = 1=3 2 3 4 5 | got 1-6 | 1=3 2 3 4 5
every after later | 1-6@21 = 1=3 2 3 4 5 + 1-6@20 = 1=2 2 3 4 5 | got 1-6 | 1=3 2 3 4 5
unknown unknown | 1-6@20 = 1=2 2 + 1-6@21 = 1=3 3 | got 1-4, absent 4-6 | 1=3 2 3
every after | 1-6@20 = a1 b1 a2 b2 a3 b3 a4 b4 a5 b5 + 1-6@20 = a1 b1 a2 b2 a3 b3 a4 b4 a5 b5 | got 1-6 | a1 b1 a2 b2 a3 b3 a4 b4 a5 b5
every after | 1-4@20 = 1 2 3 + 7-10@20 = 7 8 9 | got 1-4, got 7-10 | 1 2 3 7 8 9
";

fn day(number: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + (number - 1) * 86_400).unwrap()
}

fn days(text: &str) -> (i64, i64) {
    let (first, end) = text.split_once('-').unwrap();
    (first.parse().unwrap(), end.parse().unwrap())
}

/// A label, if there is one, a day and a figure.
fn reading(text: &str) -> (Option<&str>, i64, &str) {
    let (at, figure) = text.split_once('=').unwrap_or((text, "1"));
    let (label, number) = at.split_at(at.find(|letter: char| letter.is_ascii_digit()).unwrap());
    (
        Some(label).filter(|label| !label.is_empty()),
        number.parse().unwrap(),
        figure,
    )
}

/// A source of the toy that writes and settles so.
fn source(head: &str) -> &'static Source {
    const METERS: &[Meter] = &[Meter {
        dimensions: &["vhost"],
        ..METER
    }];
    let words: Vec<&str> = head.split_whitespace().collect();
    Box::leak(Box::new(Source {
        meters: METERS,
        writes: match words[0] {
            "every" => Writes::Every,
            "used" => Writes::Used,
            _ => Writes::Unknown,
        },
        settles: if words[1] == "after" {
            Settles::After(900)
        } else {
            Settles::Unknown
        },
        ..SOURCE
    }))
}

fn usage(text: &str, source: &'static Source) -> Usage {
    let calls: Vec<(PlannedCall, Timestamp, &str)> = text
        .split(';')
        .map(|text| {
            let (asked, came) = text.split_once(" =").unwrap();
            let (window, fetched) = asked.trim().split_once('@').unwrap();
            let (start, end) = days(window);
            let piece = Window::new(Instant::utc(day(start)), Instant::utc(day(end))).unwrap();
            let fetched_at = day(fetched.parse().unwrap()) + jiff::SignedDuration::from_hours(12);
            (call(window, "main", source, piece), fetched_at, came.trim())
        })
        .collect();
    let (first, last) = (calls.first().unwrap().0.piece, calls.last().unwrap().0.piece);
    let whole = Window::new(first.start(), last.end()).unwrap();
    let plan = Plan {
        calls: calls.iter().map(|(call, _, _)| call.clone()).collect(),
        // Their calls are made of one of its.
        providers: vec![crate::providers::provider("volcengine").unwrap()],
        ..Plan::empty(day(31), whole)
    };
    let outcomes = calls.iter().enumerate().filter_map(|(place, (_, fetched_at, came))| {
        let outcome = |evidence, result| {
            Some(Outcome {
                call: place,
                evidence,
                result,
            })
        };
        match *came {
            "unmade" => None,
            "fail" => {
                let error = Error::new(Kind::ServerError, "it failed");
                outcome(Evidence::failed(*fetched_at, &error), Err(error))
            }
            came => outcome(evidence(), answer(&plan.calls[place], *fetched_at, came)),
        }
    });
    let outcomes: Vec<Outcome> = outcomes.collect();
    Usage::assemble(&plan, outcomes).unwrap()
}

fn answer(call: &PlannedCall, fetched_at: Timestamp, came: &str) -> crate::values::error::Result<super::CallReadings> {
    let mut collector = Collector::new(call, fetched_at);
    let mut words = came.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "cut" => collector.cut("it was cut".to_owned()),
            "says" => {
                let (start, end) = days(words.next().unwrap());
                collector.answers(day(start), day(end));
            }
            "null" => {
                let (label, number, _) = reading(words.next().unwrap());
                collector.null(0, &[label], day(number), day(number + 1));
            }
            word => {
                let (label, number, figure) = reading(word);
                collector.reading(Reading {
                    meter: 0,
                    labels: &[label],
                    start: Some(day(number)),
                    end: Some(day(number + 1)),
                    quantity: Quantity::parse(figure).unwrap(),
                    cost: None,
                    flags: Flags::NONE,
                });
            }
        }
    }
    collector.finish()
}

fn number(at: i64) -> i64 {
    (at / 1_000_000 - 1_767_225_600) / 86_400 + 1
}

fn known(usage: &Usage) -> String {
    let timeline = &usage.timelines[0];
    let stretches = timeline.stretches.iter();
    let stretches = stretches.map(|one| format!("{} {}-{}", one.state.name(), number(one.start), number(one.end)));
    let series = timeline.series.iter().map(|hole| {
        let label = hole.labels[0].as_deref().unwrap_or_default();
        format!("{label}:{}-{}", number(hole.start), number(hole.end))
    });
    stretches.chain(series).collect::<Vec<_>>().join(", ")
}

fn readings(usage: &Usage) -> String {
    use super::fixture::shown;
    let (labels, starts) = (shown(&usage.readings, "vhost"), shown(&usage.readings, "start"));
    let rows = labels.iter().zip(&starts).zip(shown(&usage.readings, "quantity"));
    let rows = rows.map(|((label, start), quantity)| {
        let at: Timestamp = start.parse().unwrap();
        let figure = if quantity == "1" {
            String::new()
        } else {
            format!("={quantity}")
        };
        let label = if label == "-" { "" } else { label };
        format!("{label}{}{figure}", number(at.as_microsecond()))
    });
    rows.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_hand_written_cases_hold() {
    let mut count = 0;
    for line in CASES.lines().filter(|line| !line.is_empty()) {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let source = source(parts[0]);
        let prefer = if parts[0].ends_with("later") {
            Prefer::Later
        } else {
            Prefer::Neither
        };
        let usages: Vec<Usage> = parts[1].split('+').map(|text| usage(text, source)).collect();
        let together = Usage::concat(&usages.iter().collect::<Vec<_>>(), prefer);
        match together {
            Ok(together) => {
                assert_eq!(
                    (&*known(&together), &*readings(&together)),
                    (parts[2], parts[3]),
                    "{line}"
                );
                let is_lost = parts[2].contains("missing") || parts[2].contains("failed") || parts[2].contains(':');
                assert_eq!(together.is_complete(), !is_lost, "{line}");
                if let [one] = usages.as_slice() {
                    assert_eq!(*one, together, "{line}");
                }
                remains(&together, line);
            }
            Err(error) => {
                assert_eq!(parts[2], "the figures of one day differ", "{line}: {error}");
                assert_eq!(
                    error.message,
                    "main toy.minutes at 2026-01-01T00:00:00Z: 2 and 3 are both called settled; pass prefer=\"later\" to \
                     take what was fetched later"
                );
            }
        }
        count += 1;
    }
    assert_eq!(count, 54);
}

/// What remains is what is lost, stretch by stretch, and no more.
fn remains(usage: &Usage, line: &str) {
    let plan = usage.remaining(false).unwrap();
    let mut asked = super::runs::Runs::default();
    for call in &plan.calls {
        asked.add(
            call.piece.start().at.as_microsecond(),
            call.piece.end().at.as_microsecond(),
        );
    }
    let timeline = &usage.timelines[0];
    let mut lost = super::runs::Runs::default();
    let stretches = timeline
        .stretches
        .iter()
        .filter(|stretch| matches!(stretch.state, Known::Missing | Known::Failed));
    stretches.for_each(|stretch| lost.add(stretch.start, stretch.end));
    timeline.series.iter().for_each(|hole| lost.add(hole.start, hole.end));
    assert_eq!(
        asked.iter().collect::<Vec<_>>(),
        lost.iter().collect::<Vec<_>>(),
        "{line}"
    );
}
