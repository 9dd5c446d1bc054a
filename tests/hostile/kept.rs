//! What a usage keeps of an answer: rows, notes and holes, as lines that compare at sight.

use std::collections::BTreeSet;
use std::time::Duration;

use metertap::meters::Buckets;
use metertap::plan::Plan;
use metertap::service::PlannedCall;
use metertap::usage::{Collector, Evidence, Outcome, Usage};
use metertap::values::error::Result;
use metertap::values::window::{Instant, Window};

use crate::common::cell;
use crate::common::replay::{Ask, Replay, fetched_at};

/// A reading of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// Its meter.
    pub meter: String,
    /// Its labels, its start, its figure and its cost.
    pub what: String,
    /// Its figure and its cost.
    pub figures: [String; 2],
    /// True if the figure and the cost are nothing but zeros.
    pub is_zero: bool,
}

/// What a usage keeps of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its readings, in order.
    pub rows: Vec<Line>,
    /// All flags of its readings.
    pub flags: BTreeSet<String>,
    /// The notes of its call.
    pub notes: String,
    /// Its holes in time.
    pub holes: Vec<String>,
}

impl Kept {
    /// The readings that another one does not have.
    pub fn lacks(&self, other: &Self) -> Vec<Line> {
        let mut rows = self.rows.clone();
        let mut lost = Vec::new();
        for row in &other.rows {
            match rows.iter().position(|known| known == row) {
                Some(place) => drop(rows.swap_remove(place)),
                None => lost.push(row.clone()),
            }
        }
        lost
    }

    /// True if it says of a hole, or of a doubt, that another one does not say.
    pub fn says_more_than(&self, other: &Self) -> bool {
        self.notes != other.notes || self.holes != other.holes || !self.flags.is_subset(&other.flags)
    }
}

/// The call of a fixture whose answer has readings; of a source with buckets it asks for what they are about.
pub fn asked(replay: &Replay) -> Option<PlannedCall> {
    let Ask::Call(_, Some(planned)) = &replay.ask else {
        return None;
    };
    let whole = replay.whole().table?.ok().filter(|table| !table.rows.is_empty())?;
    let mut planned = planned.clone();
    let start = whole.rows.iter().filter_map(|row| row.window.0).min()?;
    let end = whole.rows.iter().filter_map(|row| row.window.1).max()?;
    if matches!(planned.asked.buckets, Buckets::Every(..) | Buckets::Months) {
        let extent = Window::new(Instant::utc(start), Instant::utc(end)).unwrap();
        (planned.piece, planned.request) = (extent, extent);
    }
    Some(planned)
}

/// What a usage keeps of this body in place of the fixture's.
pub fn keep(replay: &Replay, planned: &PlannedCall, body: &[u8]) -> Result<Kept> {
    let answer = metertap::service::Reply {
        body: body.to_vec(),
        ..replay.reply.clone()
    };
    let at = answer.date().unwrap_or_else(fetched_at).max(planned.request.end().at);
    let mut collector = Collector::new(planned, at);
    replay.provider.collect(planned, &answer, at, &mut collector)?;
    let plan = Plan {
        calls: vec![planned.clone()],
        ..Plan::empty(at, planned.piece)
    };
    let outcome = Outcome {
        call: 0,
        evidence: Evidence::answered(at, at, &answer, 1, Duration::ZERO),
        result: Ok(collector.finish()?),
    };
    Ok(lines(&Usage::assemble(plan, vec![outcome]).unwrap()))
}

fn lines(usage: &Usage) -> Kept {
    let table = &usage.readings;
    let get = |name: &str, row| cell(table, name, row).unwrap_or_default();
    let schema = table.schema();
    let told = |name: &str| !matches!(name, "flags" | "status" | "call_id" | "fetched_at");
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let mut rows: Vec<Line> = (0..table.num_rows())
        .map(|row| Line {
            meter: get("meter", row),
            what: names
                .iter()
                .filter(|name| told(name))
                .map(|name| get(name, row) + " ")
                .collect(),
            figures: [get("quantity", row), get("cost", row)],
            is_zero: ["quantity", "cost"]
                .iter()
                .all(|name| get(name, row).chars().all(|digit| matches!(digit, '0' | '.'))),
        })
        .collect();
    rows.sort();
    Kept {
        rows,
        flags: (0..table.num_rows()).map(|row| get("flags", row)).collect(),
        notes: cell(&usage.coverage, "notes", 0).unwrap_or_default(),
        holes: usage
            .holes
            .iter()
            .map(|hole| format!("{:?} {:?} {:?} {:?}", hole.state, hole.window, hole.meters, hole.labels))
            .collect(),
    }
}
