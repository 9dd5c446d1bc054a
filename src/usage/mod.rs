//! Ring 1: the result of a plan: readings as an Arrow table, coverage, evidence, roll-up, archive.
//!
//! A run hands each answer to a [`Collector`], makes an [`Outcome`] of it, and all of them to [`Usage::assemble`].

pub mod archive;
mod arrays;
mod bytes;
#[cfg(test)]
mod cases;
mod changes;
pub mod columns;
mod concat;
pub mod coverage;
mod covered;
pub mod evidence;
#[cfg(test)]
mod fixture;
pub mod flat;
mod holes;
mod increments;
pub mod ipc;
#[cfg(test)]
mod kept;
mod lacking;
mod order;
mod remaining;
mod repeats;
pub mod rollup;
mod runs;
mod scopes;
mod stored;
pub mod timeline;

use std::sync::Arc;

use arrow_array::RecordBatch;

pub use changes::{Changes, stamped};
pub use columns::{CallReadings, Collector};
pub use concat::Prefer;
pub use coverage::State;
pub use evidence::Evidence;
pub use holes::Hole;
pub use timeline::{Fate, Known, Timeline};

use crate::meters::Meter;
use crate::plan::Plan;
use crate::values::error::{Error, Kind, Result};
use timeline::Answer;

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
    /// The plan.
    pub plan: Arc<Plan>,
    /// What became of each of its calls.
    pub fates: Vec<Fate>,
    /// What is known of the time that was asked for, source by source.
    pub timelines: Vec<Timeline>,
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

impl Usage {
    /// Puts the outcomes of a plan's calls together, in whichever order they came; calls without one count as failed.
    pub fn assemble(plan: impl Into<Arc<Plan>>, outcomes: Vec<Outcome>) -> Result<Self> {
        let plan = plan.into();
        let outcomes = in_order(&plan, outcomes)?;
        let evidence = evidence::table(&plan, &outcomes)?;
        let end = plan.range().map(|(_, end)| end);
        let mut calls = Vec::with_capacity(outcomes.len());
        let mut fates = Vec::with_capacity(outcomes.len());
        for (place, outcome) in outcomes.into_iter().enumerate() {
            fates.push(match outcome.map(|outcome| outcome.result) {
                None => Fate::NotMade,
                Some(Err(error)) => Fate::Failed(error),
                Some(Ok(mut readings)) => {
                    readings.flag_if_cut(&plan, place);
                    let answer = Answer::of(&mut readings, end);
                    calls.push((place, readings));
                    Fate::Answered(answer)
                }
            });
        }
        let readings = columns::table(&plan, calls)?;
        Self::of(plan, fates, readings, evidence)
    }

    /// The usage of these readings, of which the rest follows.
    fn of(plan: Arc<Plan>, fates: Vec<Fate>, readings: RecordBatch, evidence: RecordBatch) -> Result<Self> {
        let mut meters: Vec<&'static Meter> = Vec::new();
        for meter in plan.calls.iter().flat_map(columns::wanted) {
            if meters.iter().all(|known| known.name != meter.name) {
                meters.push(meter);
            }
        }
        let timelines = timeline::of(&plan, &fates);
        Ok(Self {
            coverage: coverage::table(&plan, &fates, &timelines)?,
            holes: holes::of(&plan, &fates, &timelines),
            plan,
            fates,
            timelines,
            readings,
            evidence,
            meters,
        })
    }

    /// True if nothing failed and nothing is missing, and it is no part of a plan; what is unavailable was known before,
    /// and what is absent was answered.
    pub fn is_complete(&self) -> bool {
        self.plan.part.is_none() && self.missing().next().is_none()
    }

    /// The error that every call ended with, if all of them failed for one reason.
    pub fn reason(&self) -> Option<&Error> {
        let (Some(Fate::Failed(first)), rest) = (self.fates.first(), self.fates.iter().skip(1)) else {
            return None;
        };
        let told = |error: &Error| {
            (
                error.kind,
                error.provider,
                error.provider_code.clone(),
                error.http_status,
            )
        };
        let is_same = |fate: &Fate| matches!(fate, Fate::Failed(error) if told(error) == told(first));
        rest.into_iter().all(is_same).then_some(first)
    }

    /// What failed or is missing.
    pub fn missing(&self) -> impl Iterator<Item = &Hole> {
        self.holes.iter().filter(|hole| hole.state.is_lost())
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
