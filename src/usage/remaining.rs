//! The plan of what a usage still lacks.

use std::collections::BTreeMap;

use super::Usage;
use super::runs::Runs;
use super::timeline::{Known, Stretch, Timeline};
use crate::meters::Buckets;
use crate::plan::Plan;
use crate::service::PlannedCall;
use crate::values::error::Result;

const SECOND: i64 = 1_000_000;

impl Usage {
    /// The plan of what failed or is missing: by gap where there are buckets, by whole call where there are none; with
    /// `unsettled` also of what may still change. A plan of nothing, if nothing is.
    pub fn remaining(&self, unsettled: bool) -> Result<Plan> {
        let mut wanted: BTreeMap<usize, Runs> = BTreeMap::new();
        for timeline in &self.timelines {
            for stretch in timeline
                .stretches
                .iter()
                .filter(|stretch| is_wanted(timeline, stretch, unsettled))
            {
                if let Some(call) = stretch.call {
                    wanted.entry(call).or_default().add(stretch.start, stretch.end);
                }
            }
            for hole in &timeline.series {
                // It may lie in several calls.
                for stretch in &timeline.stretches {
                    let (start, end) = (hole.start.max(stretch.start), hole.end.min(stretch.end));
                    if let Some(call) = stretch.call.filter(|_| start < end) {
                        wanted.entry(call).or_default().add(start, end);
                    }
                }
            }
        }
        let mut calls = Vec::new();
        for (place, gaps) in &wanted {
            if let Some(call) = self.plan.calls.get(*place) {
                calls.extend(again(call, gaps, &self.plan)?);
            }
        }
        Ok(self.plan.only(calls))
    }
}

fn is_wanted(timeline: &Timeline, stretch: &Stretch, unsettled: bool) -> bool {
    let may_change = match stretch.state {
        Known::Provisional => true,
        Known::Got => timeline.buckets == Buckets::MonthSoFar,
        // What is not ready yet has its call; what lies outside the history has none.
        Known::Unavailable => stretch.call.is_some(),
        Known::Absent | Known::Missing | Known::Failed => false,
    };
    stretch.state.is_lost() || (unsettled && may_change)
}

/// The calls for these gaps in a call's piece.
pub(super) fn again(call: &PlannedCall, gaps: &Runs, plan: &Plan) -> Result<Vec<PlannedCall>> {
    let (start, end) = (
        call.piece.start().at.as_microsecond(),
        call.piece.end().at.as_microsecond(),
    );
    let has_buckets = matches!(call.asked.buckets, Buckets::Every(..) | Buckets::Months);
    if !has_buckets || gaps.gaps(start, end).is_empty() {
        return Ok(vec![call.clone()]);
    }
    let second = |at: i64| at.div_euclid(SECOND);
    let pieces = gaps
        .iter()
        .map(|(from, to)| second(from.max(start))..second(to.min(end) + SECOND - 1));
    pieces.map(|piece| plan.piece_of(call, &piece)).collect()
}
