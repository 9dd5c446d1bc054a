//! A toy provider's meters and plans, for the tests of this folder.

use arrow_array::{Array, RecordBatch};
use jiff::Timestamp;

use super::arrays::Texts;
use super::{Collector, Evidence, Outcome, Usage};
use crate::meters::{
    Buckets, Combine, Flags, Kind, Meter, Reading, Rollup, Rounding, Settles, Sink, Source, Span, Takes, Writes,
};
use crate::plan::Plan;
use crate::providers::provider;
use crate::service::{Asked, Call, PlannedCall, Reply};
use crate::values::arguments::Value;
use crate::values::quantity::Quantity;
use crate::values::window::{Instant, Window};

pub const METER: Meter = Meter {
    name: "toy.minutes",
    unit: "minutes",
    kind: Kind::Sum,
    rollup: Rollup::ADD,
    rounding: Rounding::Exact,
    dimensions: &["vhost", "pool"],
    doc: "Minutes.",
};

pub const SOURCE: Source = Source {
    operation: "time_shift_data",
    meters: &[],
    takes: Takes::Range("start", "end"),
    buckets: Buckets::Every(86_400, 0),
    span: Span::Days(93),
    history_days: None,
    widened: 0,
    tells_end: true,
    writes: Writes::Unknown,
    ready: Settles::Unknown,
    settles: Settles::After(900),
    other_zone: None,
    currency: None,
    by_default: true,
    page: "",
};

/// Minutes by vhost and pool; traffic by vhost, floored.
pub static SUMS: Source = Source {
    meters: &[
        METER,
        Meter {
            name: "toy.traffic",
            unit: "GiB",
            rounding: Rounding::Floored,
            dimensions: &["vhost"],
            ..METER
        },
    ],
    writes: Writes::Used,
    other_zone: None,
    currency: Some("JPY"),
    ..SOURCE
};

/// A peak, a level and an average, by vhost; what was consumed, which adds up within a vhost only.
pub static OTHERS: Source = Source {
    meters: &[
        Meter {
            name: "toy.peak",
            unit: "connections",
            kind: Kind::Peak,
            rollup: Rollup::PEAK,
            dimensions: &["vhost"],
            ..METER
        },
        Meter {
            name: "toy.stored",
            unit: "bytes",
            kind: Kind::Gauge,
            rollup: Rollup::LEVEL,
            dimensions: &["vhost"],
            ..METER
        },
        Meter {
            name: "toy.average",
            unit: "bytes",
            kind: Kind::Gauge,
            rollup: Rollup {
                over_time: Combine::Refuse,
                over_labels: Combine::Add,
            },
            dimensions: &["vhost"],
            ..METER
        },
        Meter {
            name: "toy.consumed",
            rollup: Rollup {
                over_time: Combine::Add,
                over_labels: Combine::AddWithin("vhost"),
            },
            ..METER
        },
    ],
    writes: Writes::Used,
    settles: Settles::Unknown,
    ..SOURCE
};

pub fn at(text: &str) -> Timestamp {
    Instant::parse_argument(text).unwrap().at
}

pub fn window(start: &str, end: &str) -> Window {
    let (start, end) = (
        Instant::parse_argument(start).unwrap(),
        Instant::parse_argument(end).unwrap(),
    );
    Window::new(start, end).unwrap()
}

/// A call of the account for all meters of the source.
pub fn call(id: &str, account: &str, source: &'static Source, window: Window) -> PlannedCall {
    let volcengine = provider("volcengine").unwrap();
    let given = vec![
        ("start".to_owned(), Value::Instant(window.start())),
        ("end".to_owned(), Value::Instant(window.end())),
    ];
    let call = Call::new(volcengine, "time_shift_data", given).unwrap();
    let asked = Asked::of(source, (0..source.meters.len()).collect(), Vec::new());
    PlannedCall::new(id.to_owned(), account.to_owned(), "volcengine", call, asked, window)
}

pub fn plan(calls: Vec<PlannedCall>) -> Plan {
    let ends = calls.iter().map(|call| (call.piece.start().at, call.piece.end().at));
    let (start, end) = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap();
    let window = Window::new(Instant::utc(start), Instant::utc(end)).unwrap();
    Plan {
        calls,
        ..Plan::empty(at("2026-03-01"), window)
    }
}

/// A whole reading of a day.
pub fn day<'a>(meter: usize, labels: &'a [Option<&'a str>], start: &str, quantity: &str) -> Reading<'a> {
    let start = at(start);
    Reading {
        meter,
        labels,
        start: Some(start),
        end: Some(start + jiff::SignedDuration::from_hours(24)),
        quantity: Quantity::parse(quantity).unwrap(),
        cost: None,
        flags: Flags::NONE,
    }
}

/// The outcome of a call that was answered with these readings, at midnight of 1 March 2026.
pub fn answered(plan: &Plan, place: usize, readings: Vec<Reading<'_>>) -> Outcome {
    let fetched_at = at("2026-03-01");
    let mut collector = Collector::new(&plan.calls[place], fetched_at);
    for reading in readings {
        collector.reading(reading);
    }
    Outcome {
        call: place,
        evidence: evidence(),
        result: collector.finish(),
    }
}

pub fn evidence() -> Evidence {
    let reply = Reply {
        status: 200,
        headers: vec![("x-tt-logid".to_owned(), "2026X".to_owned())],
        body: b"{}".to_vec(),
    };
    let elapsed = std::time::Duration::from_millis(250);
    Evidence::answered(at("2026-02-28T23:59:59Z"), at("2026-03-01"), &reply, 1, elapsed)
}

/// The usage of one account, asked for January and February 2026 in one call.
pub fn usage(source: &'static Source, readings: Vec<Reading<'_>>) -> Usage {
    let plan = plan(vec![call("c1", "main", source, window("2026-01-01", "2026-03-01"))]);
    let outcome = answered(&plan, 0, readings);
    Usage::assemble(&plan, vec![outcome]).unwrap()
}

/// A column's values as text, `-` where there is none.
pub fn shown(table: &RecordBatch, column: &str) -> Vec<String> {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Int64Type, TimestampMicrosecondType};
    let array = table
        .column_by_name(column)
        .unwrap_or_else(|| panic!("no column {column}"));
    let value = |row: usize| match array.data_type() {
        _ if array.is_null(row) => "-".to_owned(),
        arrow_schema::DataType::Timestamp(..) => {
            let moment = array.as_primitive::<TimestampMicrosecondType>().value(row);
            Timestamp::from_microsecond(moment).unwrap().to_string()
        }
        arrow_schema::DataType::Decimal128(..) => {
            let amount = array.as_primitive::<arrow_array::types::Decimal128Type>();
            let text = amount.value_as_string(row);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        arrow_schema::DataType::Float64 => {
            let share = array.as_primitive::<arrow_array::types::Float64Type>();
            format!("{:?}", share.value(row))
        }
        arrow_schema::DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        arrow_schema::DataType::List(_) => {
            let list = array.as_list::<i32>().value(row);
            let texts: Vec<&str> = list.as_string::<i32>().iter().flatten().collect();
            texts.join("+")
        }
        _ => Texts::of(array).unwrap().get(row).unwrap_or("-").to_owned(),
    };
    (0..array.len()).map(value).collect()
}
