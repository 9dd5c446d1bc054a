//! Coverage: what became of each call, and of what no call could answer. A hole is a row here, never a missing row.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use jiff::Timestamp;

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
    let extremes = extremes(plan);
    let calls = plan.calls.iter().zip(outcomes);
    let rows = calls.map(|(call, outcome)| of_call(plan, call, outcome.as_ref(), &extremes));
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
            window: call.piece,
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

fn of_call<'a>(plan: &Plan, call: &'a PlannedCall, outcome: Option<&Outcome>, extremes: &Extremes<'_>) -> Row<'a> {
    let mut row = Row {
        account: &call.account,
        provider: call.provider,
        operation: call.call.operation.name,
        call_id: Some(&call.id),
        window: call.piece,
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
            row.notes = notes(plan, call, readings, extremes);
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

/// The first start and the last end of the calls of each account and operation.
type Extremes<'a> = HashMap<(&'a str, &'a str), (Timestamp, Timestamp)>;

fn extremes(plan: &Plan) -> Extremes<'_> {
    let mut extremes = Extremes::new();
    for call in &plan.calls {
        let (start, end) = (call.piece.start().at, call.piece.end().at);
        let known = extremes.entry(operation(call)).or_insert((start, end));
        *known = (known.0.min(start), known.1.max(end));
    }
    extremes
}

fn operation(call: &PlannedCall) -> (&str, &str) {
    (&call.account, call.asked.source.operation)
}

/// The provider's remarks, and ours. What the plan says of an operation's edges stands at its outermost calls.
fn notes(plan: &Plan, call: &PlannedCall, readings: &CallReadings, extremes: &Extremes<'_>) -> Vec<String> {
    let mut notes = readings.notes.clone();
    let edges = || {
        plan.edges
            .iter()
            .filter(|edge| (&*edge.account, edge.operation) == operation(call))
    };
    let (start, end) = (call.piece.start().at, call.piece.end().at);
    let is_outermost = extremes
        .get(&operation(call))
        .is_some_and(|(first, last)| start == *first || end == *last);
    if is_outermost {
        notes.extend(edges().map(|edge| edge.text.clone()));
    }
    let beyond = plan.range().map_or(0, |(_, end)| readings.ending_after(end));
    if beyond > 0 && edges().next().is_none() {
        notes.push(format!(
            "readings that end after the range's end, and are taken whole: {beyond}"
        ));
    }
    if readings.left_out > 0 {
        let left_out = readings.left_out;
        notes.push(format!(
            "readings left out, because they start outside the window: {left_out}"
        ));
    }
    notes
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meters::Sink;
    use crate::plan::Edge;
    use crate::usage::Usage;
    use crate::usage::fixture::{OTHERS, SUMS, answered, at, call, day, evidence, plan, shown, window};
    use crate::usage::{Collector, Evidence};
    use crate::values::error::{Error, Kind};

    fn failed() -> Error {
        let mut error = Error::new(Kind::ServerError, "the service failed");
        (error.provider, error.http_status, error.attempts) = ("volcengine", Some(503), 3);
        error
    }

    /// Six calls with six fates, and a part outside the history.
    fn mixed() -> (Plan, Usage) {
        let days = [
            ("2026-01-01", "2026-01-02"),
            ("2026-01-02", "2026-01-03"),
            ("2026-02-28", "2026-03-01"),
        ];
        let windows = days.map(|(start, end)| window(start, end));
        let calls = ["c0", "c1", "c2", "c3", "c4"].iter().zip([0, 1, 2, 0, 1]);
        let mut plan = plan(calls.map(|(id, day)| call(id, "main", &SUMS, windows[day])).collect());
        plan.unavailable.push(Unavailable {
            account: "main".to_owned(),
            provider: "volcengine",
            operation: "time_shift_data",
            window: window("2025-01-01", "2025-02-01"),
            reason: "the service keeps 90 days".to_owned(),
        });
        let error = Outcome {
            call: 3,
            evidence: Evidence::failed(at("2026-03-01"), &failed()),
            result: Err(failed()),
        };
        let outcomes = vec![
            error,
            answered(&plan, 2, vec![day(1, &[None], "2026-02-28T16:00:00Z", "1")]),
            answered(&plan, 1, vec![day(1, &[None], "2026-01-05", "1")]),
            answered(&plan, 0, vec![day(1, &[None], "2026-01-01", "1"); 2]),
        ];
        let usage = Usage::assemble(&plan, outcomes).unwrap();
        (plan, usage)
    }

    #[test]
    fn each_call_has_a_row_that_says_what_became_of_it() {
        let (_, usage) = mixed();
        let coverage = &usage.coverage;
        let failure = "volcengine: HTTP 503: the service failed. Tried 3 times, 0.0 s.";
        let beyond = "readings that end after the range's end, and are taken whole: 1";
        for (column, values) in [
            ("call_id", ["c0", "c1", "c2", "c3", "c4", "-"]),
            (
                "state",
                ["got", "empty", "unsettled", "failed", "failed", "unavailable"],
            ),
            ("readings", ["2", "0", "1", "0", "0", "0"]),
            ("provisional", ["0", "0", "1", "0", "0", "0"]),
            ("left_out", ["0", "1", "0", "0", "0", "0"]),
            (
                "reason",
                ["-", "-", "-", failure, NOT_MADE, "the service keeps 90 days"],
            ),
            (
                "notes",
                [
                    "",
                    "readings left out, because they start outside the window: 1",
                    beyond,
                    "",
                    "",
                    "",
                ],
            ),
            ("meters", ["toy.minutes+toy.traffic"; 6]),
            ("account", ["main"; 6]),
            ("provider", ["volcengine"; 6]),
            ("operation", ["time_shift_data"; 6]),
        ] {
            assert_eq!(shown(coverage, column), values, "{column}");
        }
        assert_eq!(shown(coverage, "start")[5], "2025-01-01T00:00:00Z");
        assert_eq!(shown(coverage, "end")[0], "2026-01-02T00:00:00Z");
    }

    #[test]
    fn what_is_missing_is_named_and_what_came_is_kept() {
        let (plan, usage) = mixed();
        assert!(!usage.is_complete());
        let missing: Vec<_> = usage
            .missing()
            .map(|hole| (hole.call_id.as_deref().unwrap(), hole.window))
            .collect();
        assert_eq!(missing, [("c3", plan.calls[3].piece), ("c4", plan.calls[4].piece)]);
        assert_eq!(usage.holes[0].error, Some(failed()));
        assert_eq!(shown(&usage.readings, "call_id"), ["c0", "c0", "c2"]);
        assert_eq!(shown(&usage.evidence, "call_id"), ["c0", "c1", "c2", "c3"]);
    }

    #[test]
    fn what_was_known_to_be_unavailable_does_not_make_a_usage_incomplete() {
        let (mut plan, _) = mixed();
        plan.calls.truncate(1);
        let usage = Usage::assemble(&plan, vec![answered(&plan, 0, vec![])]).unwrap();
        assert!(usage.is_complete() && usage.holes.len() == 1);
    }

    #[test]
    fn remarks_of_the_provider_come_first() {
        let plan = plan(vec![call("c0", "main", &OTHERS, window("2026-01-01", "2026-01-02"))]);
        let mut collector = Collector::new(&plan.calls[0], at("2026-03-01"));
        collector.note("the total is 3, the parts add up to 2".to_owned());
        collector.reading(day(0, &[None], "2025-12-01", "1"));
        let (call, evidence, result) = (0, evidence(), collector.finish());
        let usage = Usage::assemble(&plan, vec![Outcome { call, evidence, result }]).unwrap();
        let notes = "the total is 3, the parts add up to 2+readings left out, because they start outside the window: 1";
        assert_eq!(shown(&usage.coverage, "notes"), [notes]);
    }

    #[test]
    fn what_crosses_the_edges_of_the_range_stands_at_the_outermost_calls() {
        let days = [
            ("2026-01-01", "2026-01-02"),
            ("2026-01-02", "2026-01-03"),
            ("2026-01-03", "2026-01-04"),
        ];
        let calls = days.map(|(start, end)| call(start, "main", &SUMS, window(start, end)));
        let mut plan = plan(calls.into_iter().collect());
        plan.asked = vec![window("2026-01-01", "2026-01-03T12:00:00Z")];
        plan.edges.push(Edge {
            account: "main".to_owned(),
            provider: "volcengine",
            operation: "time_shift_data",
            text: "its last bucket ends late".to_owned(),
        });
        let outcomes = (0..3).map(|place| answered(&plan, place, vec![day(1, &[None], days[place].0, "1")]));
        let coverage = Usage::assemble(&plan, outcomes.collect()).unwrap().coverage;
        let text = "its last bucket ends late";
        assert_eq!(shown(&coverage, "notes"), [text, "", text]);
    }

    #[test]
    fn two_outcomes_of_one_call_are_an_error() {
        let plan = plan(vec![call("c0", "main", &OTHERS, window("2026-01-01", "2026-01-02"))]);
        let outcome = || answered(&plan, 0, vec![]);
        assert!(Usage::assemble(&plan, vec![outcome(), outcome()]).is_err());
        assert!(Usage::assemble(&plan, vec![Outcome { call: 1, ..outcome() }]).is_err());
        assert_eq!(
            Usage::assemble(&plan, vec![outcome()]).unwrap(),
            Usage::assemble(&plan, vec![outcome()]).unwrap()
        );
    }
}
