//! What Sora Cloud measures: traffic by day, and nine counters of the month so far.
//!
//! A month-so-far figure has the window from the month's start (UTC assumed) to the moment of the answer. Its totals
//! are never put together over time: snapshots of one month overlap, and those of several months are not whole months.

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{FACTS, PROJECT_PAGE, STATUS_PAGE, TRAFFIC_PAGE};
use crate::meters::{
    Buckets, Combine, Flag, Kind, Meter, Reading, Rollup, Rounding, Settles, Sink, Source, Span, Takes, Writes,
};
use crate::service::{Asked, METERS, PlannedCall, wanted};
use crate::values::arguments::{Argument, Arguments};
use crate::values::error::{Error, Kind as Problem, Result};
use crate::values::json::{At, Json};
use crate::values::shape::instant;
use crate::values::window::Instant;

const DAY: i64 = 86_400;
const DAYS: Buckets = Buckets::Every(DAY, 0);

/// In which zone the service's months begin is not documented: UTC is likely, and the vendor's own is this one.
const VENDOR_OFFSET: Offset = Offset::constant(9);

/// What `select` takes.
pub static SELECTION: &[Argument] = &[METERS];

/// Where readings come from.
pub static SOURCES: [Source; 12] = [
    Source {
        meters: &traffic([
            "sora.ingress",
            "sora.egress",
            "sora.max_concurrent_connections",
            "sora.max_bandwidth",
        ]),
        takes: Takes::YearMonth,
        buckets: DAYS,
        span: Span::EachMonth,
        page: TRAFFIC_PAGE,
        ..counter("traffics_for_month")
    },
    Source {
        meters: &[total(
            "sora.total_connections",
            "connections",
            "Connections of this month so far.",
        )],
        ..counter("total_connections_this_month")
    },
    Source {
        meters: &[total(
            "sora.total_sessions",
            "sessions",
            "Sessions of this month so far.",
        )],
        ..counter("total_sessions_this_month")
    },
    Source {
        meters: &[Meter {
            rounding: Rounding::Floored,
            ..total(
                "sora.total_duration",
                "minutes",
                "Minutes of connection of this month so far; a connection under one minute counts as 0.",
            )
        }],
        ..counter("total_duration_min_this_month")
    },
    Source {
        meters: &[
            total(
                "sora.total_ingress",
                "bytes",
                "Bytes of ingress this month so far, presumably those that the service received.",
            ),
            total(
                "sora.total_egress",
                "bytes",
                "Bytes of egress this month so far, presumably those that the service sent.",
            ),
        ],
        ..counter("total_traffic_this_month")
    },
    Source {
        meters: &[peak(
            "sora.max_concurrent_connections_so_far",
            "connections",
            "The most connections at once, this month so far.",
        )],
        ..counter("max_concurrent_connections_this_month")
    },
    Source {
        meters: &[Meter {
            rounding: Rounding::Floored,
            ..peak(
                "sora.max_bandwidth_so_far",
                "Mbps",
                "The highest bandwidth this month so far, floored to whole Mbit/s.",
            )
        }],
        ..counter("max_bandwidth_mbps_this_month")
    },
    Source {
        meters: &[total(
            "sora.api_requests",
            "requests",
            "Requests to the Sora Cloud API this month so far.",
        )],
        ..counter("total_api_requests_this_month")
    },
    Source {
        meters: &[total(
            "sora.sora_api_requests",
            "requests",
            "Requests to the Sora API through the cloud this month so far; another counter than the Sora Cloud API's.",
        )],
        ..counter("total_sora_api_requests_this_month")
    },
    Source {
        meters: &[total(
            "sora.webhook_requests",
            "requests",
            "Webhook requests of this month so far.",
        )],
        ..counter("total_webhook_requests_this_month")
    },
    Source {
        meters: &traffic([
            "sora.project_monthly_ingress",
            "sora.project_monthly_egress",
            "sora.project_monthly_max_concurrent_connections",
            "sora.project_monthly_max_bandwidth",
        ]),
        buckets: Buckets::Months,
        // Up to the month a year ago, as the page's sample has it; whether that one always comes is not documented.
        history_days: Some(396),
        ..project("project_traffics_last_year")
    },
    Source {
        meters: &traffic([
            "sora.project_daily_ingress",
            "sora.project_daily_egress",
            "sora.project_daily_max_concurrent_connections",
            "sora.project_daily_max_bandwidth",
        ]),
        buckets: DAYS,
        // Which days are "the last month" could not be read.
        history_days: Some(31),
        ..project("project_traffics_last_month")
    },
];

/// A source of month-so-far figures.
const fn counter(operation: &'static str) -> Source {
    Source {
        operation,
        meters: &[],
        takes: Takes::Nothing,
        buckets: Buckets::MonthSoFar,
        span: Span::Whole,
        history_days: None,
        widened: 0,
        tells_end: true,
        writes: Writes::Every,
        ready: Settles::Unknown,
        settles: Settles::Unknown,
        currency: None,
        by_default: true,
        page: STATUS_PAGE,
    }
}

/// A source that wants a project's key, and so is asked only by name.
const fn project(operation: &'static str) -> Source {
    Source {
        by_default: false,
        page: PROJECT_PAGE,
        ..counter(operation)
    }
}

/// The meters of a time series, in the order of [`SERIES_KEYS`].
const fn traffic([ingress, egress, connections, bandwidth]: [&'static str; 4]) -> [Meter; 4] {
    [
        sum(ingress, "Bytes of ingress, presumably those that the service received."),
        sum(egress, "Bytes of egress, presumably those that the service sent."),
        peak(connections, "connections", "The most connections at once."),
        Meter {
            rounding: Rounding::Floored,
            ..peak(bandwidth, "Mbps", "The highest bandwidth, floored to whole Mbit/s.")
        },
    ]
}

const fn sum(name: &'static str, doc: &'static str) -> Meter {
    Meter {
        kind: Kind::Sum,
        rollup: Rollup::ADD,
        ..peak(name, "bytes", doc)
    }
}

const fn total(name: &'static str, unit: &'static str, doc: &'static str) -> Meter {
    Meter {
        kind: Kind::Cumulative,
        rollup: Rollup {
            over_time: Combine::Refuse,
            over_labels: Combine::Add,
        },
        ..peak(name, unit, doc)
    }
}

const fn peak(name: &'static str, unit: &'static str, doc: &'static str) -> Meter {
    Meter {
        name,
        unit,
        kind: Kind::Peak,
        rollup: Rollup::PEAK,
        rounding: Rounding::Exact,
        dimensions: &[],
        doc,
    }
}

/// The fields of a row of a time series, in the order of the meters.
const SERIES_KEYS: &[&str] = &["ingress", "egress", "max_concurrent_connections", "max_bandwidth_mbps"];

/// Which sources a selection takes.
pub fn asked(selection: &Arguments) -> Result<Vec<Asked>> {
    let sources = wanted(&FACTS, selection)?.into_iter();
    Ok(sources
        .map(|(source, meters)| Asked::of(source, meters, Vec::new()))
        .collect())
}

/// The readings in a document.
pub fn readings(call: &PlannedCall, document: &Json<'_>, fetched_at: Timestamp, sink: &mut dyn Sink) -> Result<()> {
    let root = At::root(document);
    match call.asked.buckets {
        Buckets::MonthSoFar => month_so_far(call, &root, fetched_at, sink),
        _ => series(call, &root, fetched_at, sink),
    }
}

fn month_so_far(call: &PlannedCall, root: &At<'_, '_>, fetched_at: Timestamp, sink: &mut dyn Sink) -> Result<()> {
    let month = |offset: Offset| offset.to_datetime(fetched_at).date().first_of_month();
    let start = Instant::midnight(month(Offset::UTC))?.at;
    let is_ambiguous = month(Offset::UTC) != month(VENDOR_OFFSET);
    let flag = is_ambiguous.then_some(Flag::AmbiguousMonth);
    // A bare number, but for the two directions of traffic.
    let keys = match call.asked.source.meters {
        [_] => &[][..],
        _ => SERIES_KEYS,
    };
    figures(call, root, keys, (start, fetched_at), flag, sink)
}

/// A row per day or month.
fn series(call: &PlannedCall, root: &At<'_, '_>, fetched_at: Timestamp, sink: &mut dyn Sink) -> Result<()> {
    let time_key = match call.asked.source.takes {
        Takes::YearMonth => "date",
        _ => "timestamp",
    };
    let path = root.path();
    for (index, row) in root.list()?.iter().enumerate() {
        let row = At::item(&path, index, row);
        let row_path = row.path();
        let time = row.need(&row_path, time_key)?;
        let start = instant(&time)?.at;
        let end = next(call.asked.buckets, start).map_err(|problem| time.blame(&problem))?;
        // Whether the days to come are in an answer is not documented.
        let flag = (end > fetched_at).then_some(Flag::PartialBucket);
        figures(call, &row, SERIES_KEYS, (start, end), flag, sink)?;
    }
    Ok(())
}

/// The end of the bucket that starts then.
fn next(buckets: Buckets, start: Timestamp) -> Result<Timestamp> {
    let end = match buckets {
        Buckets::Months => start
            .to_zoned(TimeZone::UTC)
            .checked_add(1.month())
            .map(|end| end.timestamp()),
        _ => start.checked_add(SignedDuration::from_secs(DAY)),
    };
    end.map_err(|_| {
        Error::new(
            Problem::UnexpectedResponse,
            format!("{start} is too late to be a period's start"),
        )
    })
}

/// The wanted numbers at a place: those of these keys, by the meters' places, or the number that the place itself is.
fn figures(
    call: &PlannedCall,
    at: &At<'_, '_>,
    keys: &[&str],
    (start, end): (Timestamp, Timestamp),
    flag: Option<Flag>,
    sink: &mut dyn Sink,
) -> Result<()> {
    for (place, meter) in call.asked.wanted() {
        let quantity = match keys.get(place) {
            Some(key) => at.number(key)?,
            None => at.quantity()?,
        };
        let flags = meter.flags(quantity);
        sink.reading(Reading {
            meter: place,
            labels: &[],
            start: Some(start),
            end: Some(end),
            quantity,
            cost: None,
            flags: flag.map_or(flags, |flag| flags.with(flag)),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::sora::Sora;
    use crate::providers::testing::{Lines, asked, asked_lines, planned, read, texts};
    use crate::values::arguments::Value;

    macro_rules! fixture {
        ($case:literal) => {
            include_bytes!(concat!("../../../tests/fixtures/sora/", $case, "/reply.body"))
        };
    }

    const FEBRUARY: (&str, &str) = ("2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z");

    fn meters(names: &[&str]) -> Vec<(String, Value)> {
        vec![texts("meters", names)]
    }

    fn lines(operation: &str, selection: Vec<(String, Value)>, body: &[u8], fetched_at: &str) -> Lines {
        read(&Sora, &planned(&Sora, operation, selection, FEBRUARY), body, fetched_at).unwrap()
    }

    fn readings(readings: &[&str]) -> Lines {
        Lines {
            readings: readings.iter().map(ToString::to_string).collect(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn an_account_is_asked_for_its_days_and_its_counters() {
        assert_eq!(
            asked_lines(&Sora, vec![]),
            [
                "traffics_for_month [0, 1, 2, 3]",
                "total_connections_this_month [0]",
                "total_sessions_this_month [0]",
                "total_duration_min_this_month [0]",
                "total_traffic_this_month [0, 1]",
                "max_concurrent_connections_this_month [0]",
                "max_bandwidth_mbps_this_month [0]",
                "total_api_requests_this_month [0]",
                "total_sora_api_requests_this_month [0]",
                "total_webhook_requests_this_month [0]",
            ]
        );
    }

    #[test]
    fn meters_decide_which_calls_are_made() {
        assert_eq!(
            asked_lines(&Sora, meters(&["sora.egress", "sora.project_daily_max_bandwidth"])),
            ["traffics_for_month [1]", "project_traffics_last_month [3]"]
        );
        let error = asked(&Sora, meters(&["sora.egres"])).unwrap_err();
        assert_eq!(
            error.message,
            "Sora Cloud has no meter \"sora.egres\"; did you mean \"sora.egress\"?"
        );
    }

    #[test]
    fn every_source_is_an_operation_with_meters_of_its_own_names() {
        let mut names = std::collections::HashSet::new();
        for source in &SOURCES {
            assert!(FACTS.operations.iter().any(|known| known.name == source.operation));
            for meter in source.meters {
                assert!(
                    meter.name.starts_with("sora.") && names.insert(meter.name),
                    "{}",
                    meter.name
                );
            }
        }
        assert_eq!(names.len(), 4 + 10 + 8);
    }

    #[test]
    fn a_month_has_a_row_of_readings_per_day() {
        let found = lines(
            "traffics_for_month",
            vec![],
            fixture!("traffics_for_month"),
            "2024-02-03T00:00:00Z",
        );
        assert_eq!(
            found,
            readings(&[
                "sora.ingress[] 2024-02-01/2024-02-02 501221004",
                "sora.egress[] 2024-02-01/2024-02-02 903310772",
                "sora.max_concurrent_connections[] 2024-02-01/2024-02-02 7",
                "sora.max_bandwidth[] 2024-02-01/2024-02-02 3 floored",
                "sora.ingress[] 2024-02-02/2024-02-03 0",
                "sora.egress[] 2024-02-02/2024-02-03 0",
                "sora.max_concurrent_connections[] 2024-02-02/2024-02-03 0",
                "sora.max_bandwidth[] 2024-02-02/2024-02-03 0 floored",
            ])
        );
    }

    #[test]
    fn days_that_are_not_over_say_so() {
        let body = fixture!("traffics_for_month");
        let found = lines(
            "traffics_for_month",
            meters(&["sora.ingress"]),
            body,
            "2024-02-01T12:00:00Z",
        );
        assert_eq!(
            found,
            readings(&[
                "sora.ingress[] 2024-02-01/2024-02-02 501221004 partial_bucket",
                "sora.ingress[] 2024-02-02/2024-02-03 0 partial_bucket",
            ])
        );
    }

    #[test]
    fn days_without_a_row_are_left_to_the_timelines() {
        let body = fixture!("traffics_for_month");
        let found = lines(
            "traffics_for_month",
            meters(&["sora.egress"]),
            body,
            "2024-05-01T00:00:00Z",
        );
        assert_eq!(found.readings.len(), 2);
        assert!(found.notes.is_empty());
        let empty = lines(
            "traffics_for_month",
            vec![],
            fixture!("traffics_empty"),
            "2024-05-01T00:00:00Z",
        );
        assert_eq!(empty, Lines::default());
    }

    #[test]
    fn a_project_has_months_and_days() {
        let call = planned(
            &Sora,
            "project_traffics_last_year",
            meters(&["sora.project_monthly_ingress"]),
            ("2022-12-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        );
        let body = fixture!("project_traffics_last_year");
        let found = read(&Sora, &call, body, "2023-12-21T09:35:10Z").unwrap();
        assert_eq!(found.readings.len(), 13);
        assert_eq!(found.notes, [""; 0]);
        assert_eq!(
            found.readings[0],
            "sora.project_monthly_ingress[] 2022-12-01/2023-01-01 0"
        );
        assert_eq!(
            found.readings[1],
            "sora.project_monthly_ingress[] 2023-01-01/2023-02-01 50122100"
        );
        assert!(found.readings[12].starts_with("sora.project_monthly_ingress[] 2023-12-01/2024-01-01 "));
        assert!(found.readings[12].ends_with(" partial_bucket"));

        let selection = meters(&["sora.project_daily_egress"]);
        let call = planned(
            &Sora,
            "project_traffics_last_month",
            selection,
            ("2023-11-22T00:00:00Z", "2023-11-25T00:00:00Z"),
        );
        let body = fixture!("project_traffics_last_month");
        // At the very moment at which the last day ends, it is over.
        for fetched_at in ["2023-12-21T09:35:10Z", "2023-11-25T00:00:00Z"] {
            let found = read(&Sora, &call, body, fetched_at).unwrap();
            assert_eq!(
                found.readings,
                [
                    "sora.project_daily_egress[] 2023-11-22/2023-11-23 2097152",
                    "sora.project_daily_egress[] 2023-11-23/2023-11-24 0",
                ]
            );
            assert!(found.notes.is_empty());
        }
    }

    #[test]
    fn a_counter_covers_the_month_up_to_the_answer() {
        for (operation, body, expected) in [
            (
                "total_connections_this_month",
                &fixture!("total_connections_this_month")[..],
                "sora.total_connections[] 2023-12-01/2023-12-21T09:35:10Z 32",
            ),
            (
                "total_duration_min_this_month",
                fixture!("total_duration_min_this_month"),
                "sora.total_duration[] 2023-12-01/2023-12-21T09:35:10Z 62 floored",
            ),
            (
                "max_bandwidth_mbps_this_month",
                fixture!("zero_is_a_number"),
                "sora.max_bandwidth_so_far[] 2023-12-01/2023-12-21T09:35:10Z 0 floored",
            ),
            (
                "total_api_requests_this_month",
                fixture!("total_api_requests_this_month"),
                "sora.api_requests[] 2023-12-01/2023-12-21T09:35:10Z 1418",
            ),
        ] {
            let found = lines(operation, vec![], body, "2023-12-21T09:35:10Z");
            assert_eq!(found, readings(&[expected]));
        }
        let found = lines(
            "total_traffic_this_month",
            vec![],
            fixture!("exact_numbers"),
            "2023-12-21T09:35:10Z",
        );
        assert_eq!(
            found,
            readings(&[
                "sora.total_ingress[] 2023-12-01/2023-12-21T09:35:10Z 18446744073709551615",
                "sora.total_egress[] 2023-12-01/2023-12-21T09:35:10Z 0",
            ])
        );
    }

    #[test]
    fn a_counter_is_ambiguous_while_it_is_another_month_in_japan() {
        for (fetched_at, expected) in [
            ("2024-01-31T14:59:59Z", "2024-01-01/2024-01-31T14:59:59Z 1"),
            (
                "2024-01-31T15:00:00Z",
                "2024-01-01/2024-01-31T15:00:00Z 1 ambiguous_month",
            ),
            (
                "2024-01-31T23:59:59Z",
                "2024-01-01/2024-01-31T23:59:59Z 1 ambiguous_month",
            ),
            ("2024-02-01T00:00:00Z", "2024-02-01/2024-02-01 1"),
            (
                "2024-02-29T16:00:00Z",
                "2024-02-01/2024-02-29T16:00:00Z 1 ambiguous_month",
            ),
        ] {
            let found = lines("total_sessions_this_month", vec![], b"1\n", fetched_at);
            assert_eq!(found.readings, [format!("sora.total_sessions[] {expected}")]);
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (operation, body, message) in [
            ("total_sessions_this_month", "null", "$: expected a number, found null"),
            (
                "total_sessions_this_month",
                "{}",
                "$: expected a number, found an object",
            ),
            (
                "total_traffic_this_month",
                r#"{"ingress":1}"#,
                "$.egress: the field is missing",
            ),
            ("total_traffic_this_month", "7", "$: expected an object, found a number"),
            ("traffics_for_month", "{}", "$: expected an array, found an object"),
            ("traffics_for_month", "[{}]", "$[0].date: the field is missing"),
            (
                "traffics_for_month",
                r#"[{"date":"2024-02-01"}]"#,
                "$[0].date: \"2024-02-01\" has no UTC offset; add \"Z\" or \"+09:00\"",
            ),
            (
                "traffics_for_month",
                r#"[{"date":"2024-02-01T00:00:00Z","ingress":"1"}]"#,
                "$[0].ingress: expected a number, found a string",
            ),
        ] {
            let call = planned(&Sora, operation, vec![], FEBRUARY);
            let error = read(&Sora, &call, body.as_bytes(), "2024-03-01T00:00:00Z").unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Problem::UnexpectedResponse, message)
            );
        }
    }
}
