//! Coverage: what became of each call, and of what no call could answer. A hole is a row here, never a missing row.

use arrow_array::RecordBatch;

use super::arrays::{self, Words, microseconds};
use super::columns::{CallReadings, wanted};
use super::{Hole, Outcome};
use crate::meters::Meter;
use crate::plan::{Plan, PlannedCall, Unavailable};
use crate::values::error::Result;
use crate::values::window::Window;

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Readings came, and none of them may still change.
    Got,
    /// Readings came, and at least one may still change.
    Unsettled,
    /// The provider answered, with nothing.
    Empty,
    /// It failed, or was never made.
    Failed,
    /// No call can answer it: it lies outside the provider's history, or in the future.
    Unavailable,
}

impl State {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Got => "got",
            Self::Unsettled => "unsettled",
            Self::Empty => "empty",
            Self::Failed => "failed",
            Self::Unavailable => "unavailable",
        }
    }
}

/// One row of coverage.
struct Row<'a> {
    account: &'a str,
    provider: &'a str,
    operation: &'a str,
    call_id: Option<&'a str>,
    window: Window,
    state: State,
    readings: usize,
    provisional: usize,
    left_out: usize,
    reason: Option<String>,
    notes: Vec<String>,
    meters: Vec<&'static str>,
}

/// The table of coverage: a row for each call in the order of the plan, then one for each part that is unavailable.
pub fn table(plan: &Plan, outcomes: &[Option<Outcome>]) -> Result<RecordBatch> {
    let calls = plan.calls.iter().zip(outcomes);
    let rows = calls.map(|(call, outcome)| of_call(plan, call, outcome.as_ref()));
    let rest = plan.unavailable.iter().map(|part| of_part(plan, part));
    let rows: Vec<Row<'_>> = rows.chain(rest).collect();
    let starts = rows.iter().map(|row| microseconds(Some(row.window.start().at)));
    let ends = rows.iter().map(|row| microseconds(Some(row.window.end().at)));
    arrays::table(vec![
        ("account", Words::column(rows.iter().map(|row| row.account))?),
        ("provider", Words::column(rows.iter().map(|row| row.provider))?),
        ("operation", Words::column(rows.iter().map(|row| row.operation))?),
        ("call_id", arrays::texts(rows.iter().map(|row| row.call_id))),
        ("start", arrays::moments(starts.collect())),
        ("end", arrays::moments(ends.collect())),
        ("state", Words::column(rows.iter().map(|row| row.state.name()))?),
        ("readings", arrays::counts(rows.iter().map(|row| row.readings))),
        ("provisional", arrays::counts(rows.iter().map(|row| row.provisional))),
        ("left_out", arrays::counts(rows.iter().map(|row| row.left_out))),
        ("reason", arrays::texts(rows.iter().map(|row| row.reason.as_deref()))),
        (
            "notes",
            arrays::lists(rows.iter().map(|row| row.notes.iter().map(|note| &**note))),
        ),
        (
            "meters",
            arrays::lists(rows.iter().map(|row| row.meters.iter().copied())),
        ),
    ])
}

/// What is missing: the calls that failed or were not made, and the parts that are unavailable.
pub fn holes(plan: &Plan, outcomes: &[Option<Outcome>]) -> Vec<Hole> {
    let failed = plan.calls.iter().zip(outcomes).filter_map(|(call, outcome)| {
        let error = match outcome {
            Some(Outcome { result: Ok(_), .. }) => return None,
            Some(Outcome { result: Err(error), .. }) => Some(error.clone()),
            None => None,
        };
        Some(Hole {
            account: call.account.clone(),
            provider: call.provider,
            operation: call.call.operation.name,
            call_id: Some(call.id.clone()),
            window: call.window,
            state: State::Failed,
            reason: error.as_ref().map_or_else(|| NOT_MADE.to_owned(), ToString::to_string),
            error,
            meters: names(wanted(call)),
        })
    });
    let unavailable = plan.unavailable.iter().map(|part| Hole {
        account: part.account.clone(),
        provider: part.provider,
        operation: part.operation,
        call_id: None,
        window: part.window,
        state: State::Unavailable,
        reason: part.reason.clone(),
        error: None,
        meters: names(meters(plan, part)),
    });
    failed.chain(unavailable).collect()
}

const NOT_MADE: &str = "the call was not made";

fn of_call<'a>(plan: &'a Plan, call: &'a PlannedCall, outcome: Option<&Outcome>) -> Row<'a> {
    let mut row = Row {
        account: &call.account,
        provider: call.provider,
        operation: call.call.operation.name,
        call_id: Some(&call.id),
        window: call.window,
        state: State::Failed,
        readings: 0,
        provisional: 0,
        left_out: 0,
        reason: None,
        notes: Vec::new(),
        meters: names(wanted(call)),
    };
    match outcome.map(|outcome| &outcome.result) {
        None => row.reason = Some(NOT_MADE.to_owned()),
        Some(Err(error)) => row.reason = Some(error.to_string()),
        Some(Ok(readings)) => {
            row.state = state(readings);
            row.readings = readings.len();
            row.provisional = readings.provisional;
            row.left_out = readings.left_out;
            row.notes = notes(plan, readings);
        }
    }
    row
}

fn state(readings: &CallReadings) -> State {
    match (readings.len(), readings.provisional) {
        (0, _) => State::Empty,
        (_, 0) => State::Got,
        _ => State::Unsettled,
    }
}

/// The provider's remarks, and ours on the edges.
fn notes(plan: &Plan, readings: &CallReadings) -> Vec<String> {
    let mut notes = readings.notes.clone();
    let beyond = readings.ending_after(plan.window.end().at);
    if beyond > 0 {
        let end = plan.window.end().to_utc_text();
        notes.push(format!(
            "{} start before {end} and end after it; they are taken whole",
            counted(beyond)
        ));
    }
    if readings.left_out > 0 {
        notes.push(format!(
            "{} start outside the window and were left out",
            counted(readings.left_out)
        ));
    }
    notes
}

fn counted(count: usize) -> String {
    format!("{count} reading{}", if count == 1 { "" } else { "s" })
}

fn of_part<'a>(plan: &Plan, part: &'a Unavailable) -> Row<'a> {
    Row {
        account: &part.account,
        provider: part.provider,
        operation: part.operation,
        call_id: None,
        window: part.window,
        state: State::Unavailable,
        readings: 0,
        provisional: 0,
        left_out: 0,
        reason: Some(part.reason.clone()),
        notes: Vec::new(),
        meters: names(meters(plan, part)),
    }
}

/// The meters of an unavailable part: those that the plan asks the same operation for, else all of that operation.
fn meters(plan: &Plan, part: &Unavailable) -> Vec<&'static Meter> {
    let same = |call: &&PlannedCall| call.account == part.account && call.asked.source.operation == part.operation;
    if let Some(call) = plan.calls.iter().find(same) {
        return wanted(call).collect();
    }
    let provider = crate::providers::provider(part.provider);
    let sources = provider.map_or(&[][..], |provider| provider.facts().sources);
    let sources = sources.iter().filter(|source| source.operation == part.operation);
    sources.flat_map(|source| source.meters).collect()
}

fn names(meters: impl IntoIterator<Item = &'static Meter>) -> Vec<&'static str> {
    meters.into_iter().map(|meter| meter.name).collect()
}
