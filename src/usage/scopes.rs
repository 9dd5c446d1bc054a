//! What a meter was asked about: all of it, or a part. Who adds up a whole and its parts counts the same usage twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::runs::Runs;
use super::stored::micros;
use crate::plan::Plan;
use crate::service::PlannedCall;
use crate::values::error::{Error, Result};
use crate::values::text::one_line;

/// One way in which a meter was asked for.
#[derive(Default)]
struct Scope {
    /// When.
    runs: Runs,
    /// In which of the plans.
    plans: Vec<usize>,
}

/// What to do where usages are put together.
pub(super) const KEEP_APART: &str = "keep them apart, or give one of the clients another name=";

/// Refuses plans that ask for one meter of an account in several ways about the same time, as far as their calls and
/// meters are looked at, and advises what to do. What a single plan asks for was looked at when it was made.
pub(super) fn refuse_two_scopes(
    plans: &[&Plan],
    is_looked_at: impl Fn(&PlannedCall, &str) -> bool,
    advice: &str,
) -> Result<()> {
    let mut known: BTreeMap<(&str, &str), BTreeMap<String, Scope>> = BTreeMap::new();
    for (place, plan) in plans.iter().enumerate() {
        let alike = plan
            .calls
            .chunk_by(|one, next| one.account == next.account && Arc::ptr_eq(&one.asked, &next.asked));
        for calls in alike {
            let Some(first) = calls.first() else { continue };
            let told = first.asked.scope();
            for (_, meter) in first.asked.wanted() {
                let scopes = known.entry((&first.account, meter.name)).or_default();
                let scope = scopes.entry(told.clone()).or_default();
                let calls = calls.iter().filter(|call| is_looked_at(call, meter.name));
                for (start, end) in calls.map(micros) {
                    scope.runs.add(start, end);
                }
                if scope.plans.last() != Some(&place) {
                    scope.plans.push(place);
                }
            }
        }
    }
    for ((account, meter), scopes) in &known {
        for (number, (one, scope)) in scopes.iter().enumerate() {
            let others = scopes.iter().skip(number + 1);
            let mut at_once = others.filter(|(_, other)| scope.meets(other));
            if let Some((other, _)) = at_once.next() {
                // An argument may be of any length, and hold anything.
                let [one, other] = [one, other].map(|scope| one_line(scope, 200));
                return Err(Error::invalid(format!(
                    "{account}: {meter} was asked for by {one} and by {other}, which count the same usage: {advice}"
                )));
            }
        }
    }
    Ok(())
}

impl Scope {
    /// True if both are about one time, and not of one plan.
    fn meets(&self, other: &Self) -> bool {
        let is_of_one_plan = self.plans.iter().any(|plan| other.plans.contains(plan));
        let is_shared = |(start, end): (i64, i64)| other.runs.gaps(start, end) != [(start, end)];
        !is_of_one_plan && self.runs.iter().any(is_shared)
    }
}
