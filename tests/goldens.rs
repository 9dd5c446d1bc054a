//! What the providers declare and what their fixtures become, in files that can be read: whoever changes a fact, a unit,
//! a limit or the meaning of an answer sees the lines that change, and the reviewer, too.
//!
//! `tests/goldens/<provider>.facts.txt` has names, limits and units; prose is left out, since `conformance` looks after
//! it. `<provider>.answers.txt` has for every fixture its typed answer, its readings, its notes, or its error.
//! `WRITE_GOLDENS=1 cargo test --test goldens` writes them anew; then look at the difference.

#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod common;

use std::fmt::Write as _;
use std::path::Path;

use common::replay::{Found, Row, replays};
use metertap::engine::body::{Caps, Collector};
use metertap::meters::Span;
use metertap::providers::{BUILT_IN, document};
use metertap::service::Facts;
use metertap::spec::document::{self, Call};
use metertap::values::arguments::{Accepts, Argument};
use metertap::values::error::Error;
use metertap::values::shape::{Holds, Shape, Typed};
use metertap::values::text::snake;

/// Compares with the file, or writes it.
fn agrees(file: &str, told: &str) {
    let told = told.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(file);
    if std::env::var_os("WRITE_GOLDENS").is_some() {
        std::fs::write(&path, &told).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    for (number, (ours, theirs)) in told.lines().zip(golden.lines()).enumerate() {
        assert_eq!(ours, theirs, "{file}:{}", number + 1);
    }
    assert_eq!(told.lines().count(), golden.lines().count(), "{file}");
}

#[test]
fn every_provider_declares_what_its_golden_says() {
    for provider in BUILT_IN {
        let facts = provider.facts();
        agrees(&format!("{}.facts.txt", facts.name), &declared(facts));
    }
}

fn declared(facts: &Facts) -> String {
    let mut told = format!("{} ({}) {}\n", facts.title, facts.base_url.unwrap_or("-"), facts.page);
    writeln!(told, "{} at once, {:?} per second", facts.concurrency, facts.per_second).unwrap();
    let secrets: Vec<_> = facts.secrets.iter().map(|secret| secret.name).collect();
    writeln!(told, "secrets: {}", secrets.join(" ")).unwrap();
    for (field, variable) in facts.environment {
        writeln!(told, "{field} from {variable}").unwrap();
    }
    arguments(&mut told, "settings", facts.settings);
    arguments(&mut told, "selection", facts.selection);
    let mut shapes: Vec<&Shape> = Vec::new();
    for operation in facts.operations {
        let returns = holds(&operation.returns, &mut shapes);
        writeln!(told, "\n{} = {} -> {returns}", operation.name, operation.wire).unwrap();
        writeln!(told, "  {}", operation.page).unwrap();
        writeln!(
            told,
            "  range {:?}, repeatable {}",
            operation.range, operation.repeatable
        )
        .unwrap();
        arguments(&mut told, "", operation.arguments);
        sources(&mut told, facts, operation.name);
        if facts.name == "volcengine" {
            let call = document(facts.name).unwrap().of(operation).unwrap();
            if call.series {
                usage(&mut told, call, operation.arguments);
            }
        }
    }
    for composite in facts.composites {
        writeln!(
            told,
            "\n{} = {} -> {}",
            composite.name,
            composite.parts.join(" "),
            composite.record
        )
        .unwrap();
    }
    let mut next = 0;
    while let Some(shape) = shapes.get(next).copied() {
        writeln!(told, "\n{}", shape.name).unwrap();
        for field in shape.fields {
            let value = holds(&field.holds, &mut shapes);
            writeln!(told, "  {} = {}: {value}", field.name, field.wire).unwrap();
        }
        next += 1;
    }
    told
}

/// What a field holds, on one line; records are put aside, to be told once.
fn holds(what: &Holds, shapes: &mut Vec<&'static Shape>) -> String {
    match what {
        Holds::Record(shape) => {
            if !shapes.iter().any(|known| known.name == shape.name) {
                shapes.push(shape);
            }
            shape.name.to_owned()
        }
        Holds::List(inner) => format!("[{}]", holds(inner, shapes)),
        Holds::ListOrNothing(inner) => format!("[{}] or nothing", holds(inner, shapes)),
        Holds::Map(inner) => format!("{{{}}}", holds(inner, shapes)),
        Holds::Maybe(inner) => format!("{}?", holds(inner, shapes)),
        plain => format!("{plain:?}"),
    }
}

fn arguments(told: &mut String, title: &str, all: &[Argument]) {
    for argument in all {
        // Checks are functions, which have no name here.
        let accepts = match argument.accepts {
            Accepts::Text(_) => "Text".to_owned(),
            Accepts::Texts(_) => "Texts".to_owned(),
            other => format!("{other:?}"),
        };
        writeln!(told, "  {title}({}: {accepts}, {:?})", argument.name, argument.needed).unwrap();
    }
}

fn sources(told: &mut String, facts: &Facts, operation: &str) {
    for source in facts.sources.iter().filter(|source| source.operation == operation) {
        let (takes, buckets, span) = (source.takes, source.buckets, source.span);
        writeln!(
            told,
            "  takes {takes:?}, buckets {buckets:?}, span {span:?}, settles {:?}",
            source.settles
        )
        .unwrap();
        let (back, currency, usual) = (source.history_days, source.currency, source.by_default);
        writeln!(
            told,
            "  days back {back:?}, currency {currency:?}, by default {usual}, {}",
            source.page
        )
        .unwrap();
        for meter in source.meters {
            let (kind, rollup, rounding) = (meter.kind, meter.rollup, meter.rounding);
            let over = format!("{:?}/{:?}", rollup.over_time, rollup.over_labels);
            let by = meter.dimensions.join(",");
            writeln!(
                told,
                "  meter {} [{by}] in {}: {kind:?} {over} {rounding:?}",
                meter.name, meter.unit
            )
            .unwrap();
        }
    }
}

/// What is known of a call of Volcengine Live besides.
fn usage(told: &mut String, call: &Call, takes: &[Argument]) {
    let figures = |key: fn(&document::Figure) -> Option<&str>| {
        let one = |figure: &document::Figure| {
            let wire = key(figure).filter(|wire| !wire.is_empty())?;
            Some(format!("{wire}={} {}", snake(wire), figure.unit))
        };
        call.meter.iter().filter_map(one).collect::<Vec<_>>().join(", ")
    };
    let names: Vec<_> = call
        .takes
        .iter()
        .map(|taken| taken.wire.as_deref().unwrap_or("-"))
        .collect();
    writeln!(told, "  on the wire: {}", names.join(" ")).unwrap();
    for grain in &call.grain {
        let Some(Span::Days(days)) = grain.span else {
            panic!("{}", call.name)
        };
        let longest = days * 86_400;
        let split = grain.split.unwrap_or(longest);
        writeln!(told, "  every {} s: {longest} s, split {split} s", grain.every).unwrap();
    }
    let longest = call.longest_days.map(|days| days * 86_400);
    let history = call.history_days.unwrap() * 86_400;
    writeln!(told, "  longest {longest:?}, history {history} s").unwrap();
    writeln!(told, "  totals: {}", figures(|figure| figure.total.as_deref())).unwrap();
    let rows = call.rows.as_ref().unwrap_or(&document::NO_ROWS);
    let labels: Vec<_> = rows
        .labels
        .iter()
        .map(|label| format!("{label}={}", snake(label)))
        .collect();
    writeln!(
        told,
        "  rows: {:?} {:?} {:?}: {}; by {}",
        rows.at.last(),
        rows.inner,
        rows.time,
        figures(|figure| Some(&figure.value)),
        labels.join(" ")
    )
    .unwrap();
    let pages = call.pages.as_ref().map(|pages| {
        let size = |argument: &&Argument| argument.name == pages.size;
        let Some(Accepts::Whole(_, largest)) = takes.iter().find(size).map(|size| size.accepts) else {
            panic!("{}", call.name)
        };
        let as_text = call
            .takes
            .iter()
            .any(|taken| taken.name == pages.number && taken.as_text);
        (pages.usual, largest, as_text)
    });
    writeln!(told, "  details {:?}, pages {pages:?}", rows.details).unwrap();
}

#[test]
fn every_fixture_becomes_what_its_golden_says() {
    let all = replays(|body| {
        let mut collector = Collector::new(Caps::default(), None).unwrap();
        collector.push(body).unwrap();
        collector.finish().unwrap()
    });
    for provider in BUILT_IN {
        let name = provider.facts().name;
        let mut told = String::new();
        for replay in all.iter().filter(|replay| replay.provider.facts().name == name) {
            writeln!(told, "== {}", replay.name).unwrap();
            answer(&mut told, &replay.whole());
        }
        agrees(&format!("{name}.answers.txt"), &told);
    }
}

fn answer(told: &mut String, found: &Found) {
    match &found.typed {
        Ok(typed) => writeln!(told, "{}", shown(typed)).unwrap(),
        Err(error) => failure(told, error),
    }
    match &found.table {
        Some(Ok(table)) => {
            table.rows.iter().for_each(|row| reading(told, row));
            table
                .notes
                .iter()
                .for_each(|note| writeln!(told, "note: {note}").unwrap());
        }
        Some(Err(error)) => failure(told, error),
        None => {}
    }
}

/// A typed value on one line: numbers as they were written, texts in quotes.
fn shown(value: &Typed) -> String {
    let joined = |items: &[Typed]| items.iter().map(shown).collect::<Vec<_>>().join(", ");
    match value {
        Typed::Nothing => "-".to_owned(),
        Typed::Flag(truth) => truth.to_string(),
        Typed::Integer(number) | Typed::Decimal(number) => number.clone(),
        Typed::Text(text) => format!("{text:?}"),
        Typed::Instant(instant) => instant.to_offset_text(),
        Typed::Day(day) => day.to_string(),
        Typed::List(items) => format!("[{}]", joined(items)),
        Typed::Map(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(key, value)| format!("{key:?}: {}", shown(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Typed::Record(name, fields, extra) => {
            let mut all: Vec<_> = fields
                .iter()
                .map(|(key, value)| format!("{key}={}", shown(value)))
                .collect();
            all.extend(extra.iter().map(|(key, value)| format!("extra {key:?}={value:?}")));
            format!("{name}({})", all.join(", "))
        }
        Typed::Json(json) => format!("{json:?}"),
    }
}

fn failure(told: &mut String, error: &Error) {
    let (kind, code, id) = (error.kind, &error.provider_code, &error.request_id);
    writeln!(
        told,
        "{kind:?} {code:?} {id:?} {:?} {:?}: {}",
        error.remedy, error.retry_after, error.message
    )
    .unwrap();
}

fn reading(told: &mut String, row: &Row) {
    let moment = |at: Option<jiff::Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let labels: Vec<_> = row.labels.iter().map(|label| label.as_deref().unwrap_or("-")).collect();
    let flags: Vec<_> = row.flags.names().collect();
    let (start, end) = (moment(row.window.0), moment(row.window.1));
    let cost = row.cost.map_or_else(String::new, |cost| format!(" costs {cost}"));
    let (meter, labels, quantity) = (row.meter, labels.join(","), row.quantity);
    let line = format!("{meter}[{labels}] {start}/{end} {quantity}{cost} {}", flags.join("+"));
    writeln!(told, "{line}").unwrap();
}
