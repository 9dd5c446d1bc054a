//! What the providers' tests of readings share: calls as a plan has them, and readings as lines that compare at sight.

use jiff::{Timestamp, Zoned, tz::TimeZone};

use crate::meters::{Flag, Reading, Sink, Source, Takes};
use crate::service::{Asked, Call, PlannedCall, Provider, Reply};
use crate::values::arguments::{Arguments, Value};
use crate::values::error::Result;
use crate::values::quantity::Quantity;
use crate::values::window::{Instant, Window};

/// A moment.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A text argument.
pub fn text(name: &str, value: &str) -> (String, Value) {
    (name.to_owned(), Value::Text(value.to_owned()))
}

/// An argument that is a list of texts.
pub fn texts(name: &str, values: &[&str]) -> (String, Value) {
    let values = values.iter().map(|value| Value::Text((*value).to_owned()));
    (name.to_owned(), Value::List(values.collect()))
}

/// What a selection takes.
pub fn asked(provider: &dyn Provider, selection: Vec<(String, Value)>) -> Result<Vec<Asked>> {
    let selection = Arguments::check("select()", provider.facts().selection, selection)?;
    provider.asked(&selection)
}

/// What a selection takes, as lines: operation, arguments, places of meters.
pub fn asked_lines(provider: &dyn Provider, selection: Vec<(String, Value)>) -> Vec<String> {
    let line = |asked: Asked| {
        let argument = |(name, value): &(String, Value)| format!(" {name}={}", value.to_json());
        let arguments: String = asked.arguments.iter().map(argument).collect();
        format!("{}{arguments} {:?}", asked.source.operation, asked.meters)
    };
    asked(provider, selection).unwrap().into_iter().map(line).collect()
}

/// The first call that a selection takes of this operation, in this window.
pub fn planned(
    provider: &'static dyn Provider,
    operation: &str,
    selection: Vec<(String, Value)>,
    window: (&str, &str),
) -> PlannedCall {
    let all = asked(provider, selection).unwrap();
    let asked = all.into_iter().find(|one| one.source.operation == operation).unwrap();
    let (start, end) = (Instant::utc(at(window.0)), Instant::utc(at(window.1)));
    let mut given = asked.arguments.clone();
    match asked.source.takes {
        Takes::Range(from, to) => given.extend([
            (from.to_owned(), Value::Instant(start)),
            (to.to_owned(), Value::Instant(end)),
        ]),
        Takes::YearMonth => given.extend([
            ("year".to_owned(), Value::Whole(start.zoned().year().into())),
            ("month".to_owned(), Value::Whole(start.zoned().month().into())),
        ]),
        Takes::Nothing => {}
    }
    let (name, call) = (provider.facts().name, Call::new(provider, operation, given).unwrap());
    let piece = Window::new(start, end).unwrap();
    PlannedCall::new(String::new(), name.to_owned(), name, call, asked, piece)
}

/// What came out of an answer: a line per reading, and the notes.
#[derive(Debug, Default, PartialEq)]
pub struct Lines {
    /// `meter[labels] start/end quantity (cost) flags`
    pub readings: Vec<String>,
    /// The notes, as they are.
    pub notes: Vec<String>,
}

struct Recorder {
    source: &'static Source,
    lines: Lines,
}

impl Sink for Recorder {
    fn reading(&mut self, reading: Reading<'_>) {
        let meter = &self.source.meters[reading.meter];
        assert_eq!(reading.labels.len(), meter.dimensions.len(), "{}", meter.name);
        assert_eq!(
            reading.flags.has(Flag::Rounded),
            reading.quantity.rounded || reading.cost.is_some_and(|cost| cost.rounded)
        );
        let labels: Vec<&str> = reading.labels.iter().map(|label| label.unwrap_or("-")).collect();
        let mut line = format!(
            "{}[{}] {}/{} {}",
            meter.name,
            labels.join(","),
            moment(reading.start),
            moment(reading.end),
            decimal(reading.quantity)
        );
        line.extend(reading.cost.map(|cost| format!(" ({})", decimal(cost))));
        line.extend(reading.flags.names().map(|name| format!(" {name}")));
        self.lines.readings.push(line);
    }

    fn note(&mut self, note: String) {
        self.lines.notes.push(note);
    }
}

/// The readings in a body.
pub fn read(provider: &dyn Provider, call: &PlannedCall, body: &[u8], fetched_at: &str) -> Result<Lines> {
    let mut recorder = Recorder {
        source: call.asked.source,
        lines: Lines::default(),
    };
    let reply = Reply {
        status: 200,
        body: body.to_vec(),
        ..Reply::default()
    };
    provider.collect(call, &reply, at(fetched_at), &mut recorder)?;
    Ok(recorder.lines)
}

/// A date alone for midnight UTC.
fn moment(at: Option<Timestamp>) -> String {
    let Some(at) = at else { return "-".to_owned() };
    let zoned: Zoned = at.to_zoned(TimeZone::UTC);
    if zoned.time() == jiff::civil::Time::midnight() {
        return zoned.date().to_string();
    }
    at.to_string()
}

/// All digits of it, and no more.
fn decimal(quantity: Quantity) -> String {
    let sign = if quantity.scaled < 0 { "-" } else { "" };
    let digits = format!("{:019}", quantity.scaled.unsigned_abs());
    let (whole, fraction) = digits.split_at(digits.len() - 18);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}
