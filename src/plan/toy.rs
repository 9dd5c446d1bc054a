//! A provider for tests, with a source of each form.

use super::{Part, Plan, PlannedAccount, Question};
use crate::meters::{Buckets, Kind, Meter, Rollup, Rounding, Settles, Source, Span, Takes, Writes};
use crate::service::{
    Account, Asked, Call, Facts, METERS, Operation, Proof, Prose, Provider, Registry, Reply, Request, wanted,
};
use crate::values::arguments::{Accepts, Argument, Arguments, Needed, Value, plain};
use crate::values::error::{Error, Result};
use crate::values::json::Json;
use crate::values::shape::Holds;
use crate::values::window::{Instant, Window};
use crate::values::zone::Zone;

pub(super) struct Toy;

pub(super) static TOY: Toy = Toy;

const fn argument(name: &'static str, accepts: Accepts, needed: Needed) -> Argument {
    Argument {
        name,
        accepts,
        needed,
        doc: "for tests",
    }
}

const START: Argument = argument("start", Accepts::Moment, Needed::Required);
const END: Argument = argument("end", Accepts::Moment, Needed::Required);
const CODE: Argument = argument("code", Accepts::Texts(plain), Needed::Optional);

const fn operation(name: &'static str, arguments: &'static [Argument]) -> Operation {
    Operation {
        name,
        wire: name,
        doc: "",
        page: "",
        arguments,
        range: None,
        returns: Holds::Integer,
        repeatable: true,
        prose: Prose::NONE,
    }
}

const fn meter(name: &'static str) -> Meter {
    Meter {
        name,
        unit: "calls",
        kind: Kind::Sum,
        rollup: Rollup::ADD,
        rounding: Rounding::Exact,
        dimensions: &[],
        doc: "",
    }
}

const fn source(
    operation: &'static str,
    meters: &'static [Meter],
    takes: Takes,
    buckets: Buckets,
    span: Span,
) -> Source {
    Source {
        operation,
        meters,
        takes,
        buckets,
        span,
        history_days: None,
        widened: 0,
        tells_end: true,
        writes: Writes::Unknown,
        ready: Settles::Unknown,
        settles: Settles::Unknown,
        other_zone: None,
        currency: None,
        by_default: false,
        page: "",
    }
}

const RANGE: Takes = Takes::Range("start", "end");

static FACTS: Facts = Facts {
    name: "toy",
    class: "Toy",
    doc: "For tests.",
    notes: "",
    keywords: &[],
    required: &[],
    title: "Toy",
    base_url: None,
    page: "",
    settings: &[],
    secrets: &[],
    environment: &[],
    operations: &[
        operation("hourly", &[START, END]),
        operation("daily", &[START, END, CODE]),
        operation("total", &[START, END]),
        operation("whole", &[START, END]),
        operation(
            "month",
            &[
                argument("year", Accepts::Whole(1, 9999), Needed::Required),
                argument("month", Accepts::Whole(1, 12), Needed::Required),
            ],
        ),
        operation("so_far", &[]),
    ],
    sources: &[
        source(
            "hourly",
            &[meter("toy.hourly"), meter("toy.more")],
            RANGE,
            Buckets::Every(3600, 0),
            Span::Days(200),
        ),
        Source {
            history_days: Some(366),
            other_zone: None,
            currency: None,
            by_default: true,
            ..source(
                "daily",
                &[meter("toy.daily")],
                RANGE,
                Buckets::Every(86_400, 28_800),
                Span::Days(93),
            )
        },
        Source {
            history_days: Some(365),
            ..source(
                "total",
                &[meter("toy.total")],
                RANGE,
                Buckets::Window,
                Span::MonthOr28Days,
            )
        },
        source("whole", &[meter("toy.whole")], RANGE, Buckets::Window, Span::Whole),
        source(
            "month",
            &[meter("toy.month")],
            Takes::YearMonth,
            Buckets::Every(86_400, 0),
            Span::EachMonth,
        ),
        source(
            "so_far",
            &[meter("toy.so_far")],
            Takes::Nothing,
            Buckets::MonthSoFar,
            Span::Whole,
        ),
    ],
    selection: &[METERS, CODE],
    composites: &[],
    concurrency: 8,
    per_second: Some(2.0),
};

impl Provider for Toy {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn asked(&self, selection: &Arguments) -> Result<Vec<Asked>> {
        let sources = wanted(&FACTS, selection)?;
        let codes = selection.texts("code");
        let asked = sources.into_iter().flat_map(|(source, meters)| {
            let has_code = source.operation == "daily" && !codes.is_empty();
            let each: Vec<Option<&str>> = if has_code {
                codes.iter().copied().map(Some).collect()
            } else {
                vec![None]
            };
            each.into_iter().map(move |code| Asked {
                source,
                buckets: source.buckets,
                span: source.span,
                every: None,
                arguments: code
                    .map(|code| ("code".to_owned(), Value::List(vec![Value::Text(code.to_owned())])))
                    .into_iter()
                    .collect(),
                meters: meters.clone(),
            })
        });
        Ok(asked.collect())
    }

    fn check_account(&self, _: &Account) -> Result<()> {
        Ok(())
    }

    fn request(&self, _: &Account, _: &Call) -> Result<Request> {
        Err(Error::invalid("the toy sends nothing"))
    }

    fn sign(&self, _: &Account, _: &mut Request, _: &Proof<'_>) -> Result<()> {
        Ok(())
    }

    fn answer<'b>(&self, _: &Call, _: &'b Reply) -> Result<Json<'b>> {
        Err(Error::invalid("the toy answers nothing"))
    }
}

/// A registry that knows nothing else.
pub(super) struct OnlyToy;

impl Registry for OnlyToy {
    fn built_in(&self, name: &str) -> Option<&'static dyn Provider> {
        (name == "toy").then_some(&TOY as &dyn Provider)
    }

    fn described(&self, _document: &str) -> Result<&'static dyn Provider> {
        Err(Error::invalid("no document is known here"))
    }
}

/// A selection of these meters and codes.
pub(super) fn select(meters: &[&str], codes: &[&str]) -> Vec<(String, Value)> {
    let list = |items: &[&str]| match items {
        [] => Value::Nothing,
        items => Value::List(items.iter().map(|item| Value::Text((*item).to_owned())).collect()),
    };
    vec![("meters".to_owned(), list(meters)), ("code".to_owned(), list(codes))]
}

pub(super) fn part(name: &str, selection: Vec<(String, Value)>) -> Part {
    Part {
        account: PlannedAccount {
            name: name.to_owned(),
            provider: "toy",
            per_second: Some(2.0),
            concurrency: 8,
            identity: String::new(),
        },
        provider: &TOY,
        selection,
    }
}

pub(super) fn window(start: &str, end: &str) -> Window {
    Window::new(
        Instant::parse_argument(start).unwrap(),
        Instant::parse_argument(end).unwrap(),
    )
    .unwrap()
}

pub(super) fn question(start: &str, end: &str, now: &str, parts: Vec<Part>) -> Question {
    Question {
        window: window(start, end),
        now: Instant::parse_argument(now).unwrap().at,
        zone: Zone::utc(),
        every: None,
        parts,
    }
}

/// The plan for these meters of one account.
pub(super) fn plan(start: &str, end: &str, now: &str, meters: &[&str]) -> Plan {
    Plan::make(&question(start, end, now, vec![part("a", select(meters, &[]))])).unwrap()
}
