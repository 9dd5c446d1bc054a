//! What of a plan need not be asked again, where earlier usages are known.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Usage;
use super::arrays::bug;
use super::concat::refuse_two_grains;
use super::remaining::again;
use super::runs::Runs;
use super::scopes::{KEEP_APART, refuse_two_scopes};
use super::stored::micros;
use super::timeline::{Answer, Fate, Known, Reading, Stretch};
use crate::meters::{Buckets, Settles};
use crate::plan::Plan;
use crate::service::{Asked, PlannedCall};
use crate::values::error::{Error, Result};
use crate::values::period::Every;

impl Plan {
    /// The calls of this plan that are needed where these facts are known. Figures that may no longer change are not asked
    /// again; where no page says when they are final, or they were not there, that is so long after their end.
    ///
    /// Counters of the month so far are left out: what they tell is of now.
    pub fn lacking(&self, facts: &[&Usage], reread: SignedDuration) -> Result<Self> {
        if !facts.is_empty() {
            let plans: Vec<&Self> = facts.iter().map(|usage| &*usage.plan).chain([self]).collect();
            refuse_two_grains(&Self::union(&plans)?)?;
            refuse_two_scopes(&plans, |_, _| true, KEEP_APART)?;
        }
        let reread = i64::try_from(reread.as_micros()).unwrap_or(i64::MAX);
        let mut known: Vec<Source<'_>> = Vec::new();
        let mut calls = Vec::new();
        for call in &self.calls {
            if call.asked.buckets == Buckets::MonthSoFar {
                continue;
            }
            // The calls of one source stand one behind the other.
            let is_its = |source: &Source<'_>| source.account == call.account && Arc::ptr_eq(source.asked, &call.asked);
            if !known.last().is_some_and(is_its) {
                known.push(Source::of(call, facts, reread));
            }
            let Some(source) = known.last() else { continue };
            let (start, end) = micros(call);
            let mut gaps = Runs::default();
            for (from, to) in source.is_final.gaps(start, end) {
                gaps.add(from, to);
            }
            if gaps.bounds().is_some() {
                let call = source.hull(call, self)?;
                calls.extend(again(&call, &gaps, self)?);
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

/// What is known of a source with its arguments.
struct Source<'a> {
    account: &'a str,
    asked: &'a Arc<Asked>,
    /// Where figures are known that are not asked again.
    is_final: Runs,
    /// The pieces that were answered.
    pieces: Vec<(i64, i64)>,
}

impl<'a> Source<'a> {
    fn of(like: &'a PlannedCall, facts: &[&Usage], reread: i64) -> Self {
        let calls = facts.iter().flat_map(|usage| usage.plan.calls.iter().zip(&usage.fates));
        let answers = calls.filter_map(|(call, fate)| match fate {
            Fate::Answered(answer) => Some((call, answer)),
            Fate::NotMade | Fate::Failed(_) => None,
        });
        let has_all = |call: &PlannedCall| like.asked.meters.iter().all(|meter| call.asked.meters.contains(meter));
        let answers = answers.filter(|(call, _)| is_of_one_source(like, call) && has_all(call));
        let answers: Vec<(&PlannedCall, &Answer)> = answers.collect();
        Self {
            account: &like.account,
            asked: &like.asked,
            pieces: answers.iter().map(|(call, _)| micros(call)).collect(),
            is_final: is_final(like, &answers, reread),
        }
    }

    /// The call, over the whole time of the windows that it shares some of with: figures for windows that overlap would
    /// be counted twice.
    fn hull(&self, call: &PlannedCall, plan: &Plan) -> Result<PlannedCall> {
        let (start, end) = micros(call);
        if call.asked.buckets != Buckets::Window {
            return Ok(call.clone());
        }
        let (mut from, mut to) = (start, end);
        loop {
            let is_part = |(first, last): &&(i64, i64)| *first < to && from < *last && (*first < from || to < *last);
            let Some((first, last)) = self.pieces.iter().find(is_part) else {
                break;
            };
            (from, to) = (from.min(*first), to.max(*last));
        }
        if (from, to) == (start, end) {
            return Ok(call.clone());
        }
        let at = Timestamp::from_microsecond(from).map_err(bug)?;
        let (_, latest) = Every::Month.around(at, plan.zone.time_zone()).map_err(bug)?;
        if to > latest.as_microsecond() {
            return Err(Error::invalid(format!(
                "{} {} tells one figure for a whole window, and is stored by months of another time zone: pass the tz of then",
                call.account, call.asked.source.operation
            )));
        }
        plan.piece_of(call, &(from.div_euclid(SECOND)..to.div_euclid(SECOND)))
    }
}

const SECOND: i64 = 1_000_000;

/// Where figures are known that are not asked again.
fn is_final(like: &PlannedCall, answers: &[(&PlannedCall, &Answer)], reread: i64) -> Runs {
    let bounds = answers.iter().filter_map(|(_, answer)| answer.runs.bounds());
    let rows = bounds.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    let mut known = Runs::default();
    for &(call, answer) in answers {
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
