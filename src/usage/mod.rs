//! Ring 1: the result of a plan: readings as an Arrow table, coverage, evidence, roll-up, archive.
//!
//! A run hands each answer to a [`Collector`], makes an [`Outcome`] of it, and all of them to [`Usage::assemble`].

pub mod archive;
mod arrays;
mod bytes;
pub mod columns;
pub mod coverage;
pub mod evidence;
#[cfg(test)]
mod fixture;
pub mod rollup;

use arrow_array::RecordBatch;

pub use columns::{CallReadings, Collector};
pub use coverage::State;
pub use evidence::Evidence;

use crate::meters::Meter;
use crate::plan::Plan;
use crate::values::error::{Error, Kind, Result};
use crate::values::window::Window;

/// What became of one call of a plan.
#[derive(Debug)]
pub struct Outcome {
    /// The call, by its place in [`Plan::calls`].
    pub call: usize,
    /// Its course.
    pub evidence: Evidence,
    /// Its readings, or why there are none.
    pub result: Result<CallReadings>,
}

/// The result of a plan.
#[derive(Debug, Clone)]
pub struct Usage {
    /// One row per reading, in the order of the plan.
    pub readings: RecordBatch,
    /// One row per call, and per part of the question that no call can answer.
    pub coverage: RecordBatch,
    /// One row per call that was made.
    pub evidence: RecordBatch,
    /// What is missing, and why.
    pub holes: Vec<Hole>,
    /// The meters of the plan, each once.
    pub meters: Vec<&'static Meter>,
}

/// Something that was asked for and is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Hole {
    /// The account's name.
    pub account: String,
    /// The provider's name.
    pub provider: &'static str,
    /// The operation, by its Python name.
    pub operation: &'static str,
    /// The call's id, if there was one to make.
    pub call_id: Option<String>,
    /// The time that is missing.
    pub window: Window,
    /// [`State::Failed`] or [`State::Unavailable`].
    pub state: State,
    /// Why, in a sentence.
    pub reason: String,
    /// The error of a call that was made and failed.
    pub error: Option<Error>,
    /// The meters that are missing, by name.
    pub meters: Vec<&'static str>,
}

impl Usage {
    /// Puts the outcomes of a plan's calls together, in whichever order they came; calls without one count as failed.
    pub fn assemble(plan: &Plan, outcomes: Vec<Outcome>) -> Result<Self> {
        let outcomes = in_order(plan, outcomes)?;
        let mut meters: Vec<&'static Meter> = Vec::new();
        for meter in plan.calls.iter().flat_map(columns::wanted) {
            if meters.iter().all(|known| known.name != meter.name) {
                meters.push(meter);
            }
        }
        let coverage = coverage::table(plan, &outcomes)?;
        let evidence = evidence::table(plan, &outcomes)?;
        let holes = coverage::holes(plan, &outcomes);
        let outcomes = outcomes.into_iter().flatten();
        let calls = outcomes.filter_map(|outcome| Some((outcome.call, outcome.result.ok()?)));
        Ok(Self {
            readings: columns::table(plan, calls.collect())?,
            coverage,
            evidence,
            holes,
            meters,
        })
    }

    /// True if every call of the plan was answered; what is unavailable was known before and does not count.
    pub fn is_complete(&self) -> bool {
        self.missing().next().is_none()
    }

    /// The calls that failed or were not made.
    pub fn missing(&self) -> impl Iterator<Item = &Hole> {
        self.holes.iter().filter(|hole| hole.state == State::Failed)
    }
}

/// Two usages are equal if their tables are: the same readings, coverage and evidence.
impl PartialEq for Usage {
    fn eq(&self, other: &Self) -> bool {
        (&self.readings, &self.coverage, &self.evidence) == (&other.readings, &other.coverage, &other.evidence)
    }
}

/// Each call's outcome at the call's place.
fn in_order(plan: &Plan, outcomes: Vec<Outcome>) -> Result<Vec<Option<Outcome>>> {
    let mut slots: Vec<Option<Outcome>> = plan.calls.iter().map(|_| None).collect();
    for outcome in outcomes {
        let place = outcome.call;
        let replaced = slots.get_mut(place).map(|slot| slot.replace(outcome));
        if !matches!(replaced, Some(None)) {
            return Err(Error::new(
                Kind::Internal,
                format!("call {place} of the plan has two outcomes, or does not exist"),
            ));
        }
    }
    Ok(slots)
}
