//! Coverage: what became of each call, and of what no call could answer. A hole is a row here, never a missing row.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use jiff::Timestamp;

use super::arrays::{self, Words, microseconds};
use super::columns::wanted;
use super::timeline::{Answer, Fate, Known, NOT_MADE, Timeline};
use crate::meters::Meter;
use crate::plan::{Edge, Plan, Side, Unavailable};
use crate::service::PlannedCall;
use crate::values::error::Result;
use crate::values::window::Window;

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Readings came, and none of them may still change.
    Got,
    /// Readings came, with a hole inside.
    Short,
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
            Self::Short => "short",
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
    told: &'a str,
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
pub fn table(plan: &Plan, fates: &[Fate], timelines: &[Timeline]) -> Result<RecordBatch> {
    let (extremes, seen) = (extremes(plan), Seen::of(plan, timelines));
    let calls = plan.calls.iter().zip(fates).enumerate();
    let rows = calls.map(|(place, (call, fate))| of_call(plan, (place, call), fate, &seen, &extremes));
    let rest = plan.unavailable.iter().map(|part| of_part(part, timelines));
    let rows: Vec<Row<'_>> = rows.chain(rest).collect();
    let starts = rows.iter().map(|row| microseconds(Some(row.window.start().at)));
    let ends = rows.iter().map(|row| microseconds(Some(row.window.end().at)));
    let told = rows.iter().map(|row| Some(row.told).filter(|told| !told.is_empty()));
    arrays::table(vec![
        ("account", Words::column(rows.iter().map(|row| row.account))?),
        ("provider", Words::column(rows.iter().map(|row| row.provider))?),
        ("operation", Words::column(rows.iter().map(|row| row.operation))?),
        ("arguments", arrays::texts(told)),
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

/// What timelines say of each call.
struct Seen<'a> {
    told: Vec<&'a str>,
    /// The first hole inside its answer.
    hole: Vec<Option<&'a str>>,
}

impl<'a> Seen<'a> {
    fn of(plan: &Plan, timelines: &'a [Timeline]) -> Self {
        let mut seen = Self {
            told: vec![""; plan.calls.len()],
            hole: vec![None; plan.calls.len()],
        };
        for timeline in timelines {
            for call in &timeline.calls {
                if let Some(told) = seen.told.get_mut(*call) {
                    *told = &timeline.told;
                }
            }
            let stretches = timeline.stretches.iter();
            let holes = stretches.filter(|stretch| matches!(stretch.state, Known::Missing | Known::Absent));
            let holes = holes.filter_map(|hole| Some((hole.call?, hole.reason.as_deref().unwrap_or_default())));
            let series = timeline.series.iter().map(|hole| (hole.call, hole.reason));
            for (call, reason) in holes.chain(series) {
                if let Some(known) = seen.hole.get_mut(call) {
                    known.get_or_insert(reason);
                }
            }
        }
        seen
    }
}

fn of_call<'a>(
    plan: &Plan,
    (place, call): (usize, &'a PlannedCall),
    fate: &Fate,
    seen: &Seen<'a>,
    extremes: &Extremes<'_>,
) -> Row<'a> {
    let mut row = Row {
        account: &call.account,
        provider: call.provider,
        operation: call.call.operation.name,
        told: seen.told.get(place).copied().unwrap_or_default(),
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
    match fate {
        Fate::NotMade => row.reason = Some(NOT_MADE.to_owned()),
        Fate::Failed(error) => row.reason = Some(error.to_string()),
        Fate::Answered(answer) => {
            let hole = seen.hole.get(place).copied().flatten();
            row.state = match (answer.readings, hole, answer.provisional) {
                (0, ..) => State::Empty,
                (_, Some(_), _) => State::Short,
                (_, None, 0) => State::Got,
                _ => State::Unsettled,
            };
            row.reason = hole.map(str::to_owned);
            row.readings = answer.readings;
            row.provisional = answer.provisional;
            row.left_out = answer.left_out;
            row.notes = notes(plan, call, answer, extremes);
        }
    }
    row
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

/// The provider's remarks, and ours. What the plan says of an edge of the range stands at the call beside it.
fn notes(plan: &Plan, call: &PlannedCall, answer: &Answer, extremes: &Extremes<'_>) -> Vec<String> {
    let mut notes = answer.notes.clone();
    let edges = || {
        let of_it = |edge: &&Edge| (&*edge.account, edge.operation) == operation(call);
        plan.edges.iter().filter(of_it)
    };
    let outermost = extremes.get(&operation(call));
    let is_beside = |edge: &&Edge| match edge.side {
        Side::Start => outermost.is_some_and(|(first, _)| call.piece.start().at == *first),
        Side::End => outermost.is_some_and(|(_, last)| call.piece.end().at == *last),
    };
    notes.extend(edges().filter(is_beside).map(|edge| edge.text.clone()));
    if answer.beyond > 0 && edges().next().is_none() {
        let beyond = answer.beyond;
        notes.push(format!(
            "readings that end after the range's end, and are taken whole: {beyond}"
        ));
    }
    // A wider request brings what other pieces keep.
    if answer.left_out > 0 && call.request == call.piece {
        let left_out = answer.left_out;
        notes.push(format!(
            "readings left out, because they start outside the window: {left_out}"
        ));
    }
    notes
}

fn of_part<'a>(part: &'a Unavailable, timelines: &[Timeline]) -> Row<'a> {
    let of_it = |timeline: &&Timeline| timeline.account == part.account && timeline.source.operation == part.operation;
    let meters = timelines.iter().find(of_it).map(|timeline| timeline.meters.clone());
    Row {
        account: &part.account,
        provider: part.provider,
        operation: part.operation,
        told: "",
        call_id: None,
        window: part.window,
        state: State::Unavailable,
        readings: 0,
        provisional: 0,
        left_out: 0,
        reason: Some(part.reason.clone()),
        notes: Vec::new(),
        meters: names(meters.unwrap_or_default()),
    }
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
    use crate::usage::{Collector, Evidence, Outcome};
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
            ("2026-01-03", "2026-01-04"),
            ("2026-01-04", "2026-01-05"),
        ];
        let windows = days.map(|(start, end)| window(start, end));
        let calls = ["c0", "c1", "c2", "c3", "c4"].iter().zip(0..);
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
            answered(
                &plan,
                0,
                vec![
                    day(1, &[None], "2026-01-01", "1"),
                    day(1, &[Some("a")], "2026-01-01", "1"),
                ],
            ),
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
        let no_row = "answered without a row; no page says whether that means zero";
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
                ["-", no_row, "-", failure, NOT_MADE, "the service keeps 90 days"],
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
        assert_eq!(usage.missing().next().unwrap().error, Some(failed()));
        assert_eq!(shown(&usage.readings, "call_id"), ["c0", "c0", "c2"]);
        assert_eq!(shown(&usage.evidence, "call_id"), ["c0", "c1", "c2", "c3"]);
    }

    #[test]
    fn what_was_known_to_be_unavailable_does_not_make_a_usage_incomplete() {
        let (mut plan, _) = mixed();
        plan.calls.truncate(1);
        let usage = Usage::assemble(&plan, vec![answered(&plan, 0, vec![])]).unwrap();
        let states: Vec<Known> = usage.holes.iter().map(|hole| hole.state).collect();
        assert!(usage.is_complete());
        assert_eq!(states, [Known::Unavailable, Known::Absent]);
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
            side: Side::End,
            text: "its last bucket ends late".to_owned(),
        });
        let outcomes = (0..3).map(|place| answered(&plan, place, vec![day(1, &[None], days[place].0, "1")]));
        let coverage = Usage::assemble(&plan, outcomes.collect()).unwrap().coverage;
        let text = "its last bucket ends late";
        assert_eq!(shown(&coverage, "notes"), ["", "", text]);
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
