//! What of a plan need not be asked again, where earlier usages are known.

use std::sync::Arc;

use jiff::SignedDuration;

use super::Usage;
use super::concat::refuse_two_grains;
use super::remaining::again;
use super::runs::Runs;
use super::stored::micros;
use super::timeline::{Answer, Fate, Known, Reading, Stretch};
use crate::meters::{Buckets, Settles};
use crate::plan::Plan;
use crate::service::{Asked, PlannedCall};
use crate::values::error::Result;

impl Plan {
    /// The calls of this plan that are needed where these facts are known. Figures that may no longer change are not asked
    /// again; where no page says when they are final, or they were not there, that is so long after their end.
    ///
    /// Counters of the month so far are left out: what they tell is of now.
    pub fn lacking(&self, facts: &[&Usage], reread: SignedDuration) -> Result<Self> {
        if !facts.is_empty() {
            let plans: Vec<&Self> = facts.iter().map(|usage| &*usage.plan).chain([self]).collect();
            refuse_two_grains(&Self::union(&plans)?)?;
        }
        let reread = i64::try_from(reread.as_micros()).unwrap_or(i64::MAX);
        let mut known: Vec<(&str, &Arc<Asked>, Runs)> = Vec::new();
        let mut calls = Vec::new();
        for call in self
            .calls
            .iter()
            .filter(|call| call.asked.buckets != Buckets::MonthSoFar)
        {
            let is_its =
                |known: &(&str, &Arc<Asked>, Runs)| known.0 == call.account && Arc::ptr_eq(known.1, &call.asked);
            // The calls of one source stand one behind the other.
            if !known.last().is_some_and(is_its) {
                known.push((&call.account, &call.asked, final_of(call, facts, reread)));
            }
            let Some((.., last)) = known.last() else { continue };
            let (start, end) = micros(call);
            let mut gaps = Runs::default();
            last.gaps(start, end)
                .into_iter()
                .for_each(|(from, to)| gaps.add(from, to));
            if gaps.bounds().is_some() {
                calls.extend(again(call, &gaps, self)?);
            }
        }
        Ok(self.only(calls))
    }

    /// The calls of this plan about the month so far.
    #[must_use]
    pub fn month_so_far(&self) -> Self {
        let calls = self.calls.iter();
        let calls = calls.filter(|call| call.asked.buckets == Buckets::MonthSoFar);
        self.only(calls.cloned().collect())
    }
}

/// True if the calls are of one source with the same arguments besides the window.
pub(super) fn is_of_one_source(one: &PlannedCall, other: &PlannedCall) -> bool {
    one.account == other.account
        && one.provider == other.provider
        && one.asked.source.operation == other.asked.source.operation
        && one.asked.buckets == other.asked.buckets
        && one.asked.arguments == other.asked.arguments
}

/// Where figures of a call's source are known that are not asked again.
fn final_of(like: &PlannedCall, facts: &[&Usage], reread: i64) -> Runs {
    let calls = facts.iter().flat_map(|usage| usage.plan.calls.iter().zip(&usage.fates));
    let answers: Vec<(&PlannedCall, &Answer)> = calls
        .filter_map(|(call, fate)| match fate {
            Fate::Answered(answer) => Some((call, answer)),
            Fate::NotMade | Fate::Failed(_) => None,
        })
        .filter(|(call, _)| is_of_one_source(like, call))
        .filter(|(call, _)| like.asked.meters.iter().all(|meter| call.asked.meters.contains(meter)))
        .collect();
    let bounds = answers.iter().filter_map(|(_, answer)| answer.runs.bounds());
    let rows = bounds.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    let mut known = Runs::default();
    for (call, answer) in answers {
        let reading = Reading {
            call,
            place: 0,
            answer,
            rows,
        };
        let until = answer.fetched_at.saturating_sub(reread);
        let is_told = call.asked.source.settles != Settles::Unknown;
        let mut of_it = Runs::default();
        for Stretch { start, end, state, .. } in reading.stretches() {
            match state {
                Known::Got if is_told => of_it.add(start, end),
                Known::Got | Known::Absent | Known::Unavailable => of_it.add(start, end.min(until)),
                Known::Provisional | Known::Missing | Known::Failed => {}
            }
        }
        let mut nulls = Runs::default();
        let late = answer.told.nulls.iter().filter(|null| null.end > until);
        late.filter(|null| like.asked.meters.contains(&null.meter))
            .for_each(|null| nulls.add(null.start, null.end));
        of_it
            .without(&nulls)
            .iter()
            .for_each(|(start, end)| known.add(start, end));
    }
    known
}
