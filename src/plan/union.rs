//! Plans put together: what was asked is the union of the questions, and each call is there once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::cut;
use super::{Edge, PartOf, Plan, PlannedAccount, Side, Unavailable, make};
use crate::service::PlannedCall;
use crate::values::error::{Error, Kind, Result};
use crate::values::text::hex;
use crate::values::window::{Instant, Window};

impl Plan {
    /// A digest of the plan, by which its parts know each other.
    pub(super) fn digest(&self) -> String {
        let mut digest = hex(&Sha256::digest(self.to_json()));
        digest.truncate(16);
        digest
    }

    /// A call like this one, for another piece (in seconds).
    pub fn piece_of(&self, like: &PlannedCall, piece: &Range<i64>) -> Result<PlannedCall> {
        let provider = self.provider(like.provider);
        let provider =
            provider.ok_or_else(|| Error::new(Kind::Internal, "a call of a provider that its plan does not know"))?;
        make::planned(provider, &like.account, &like.asked, cut::window(piece)?, self.now)
    }

    /// The plan of all that these plans ask, each call once.
    pub fn union(plans: &[&Self]) -> Result<Self> {
        let first = plans
            .first()
            .ok_or_else(|| Error::invalid("there is no usage to put together: pass one at least"))?;
        let calls = calls(plans);
        let mut union = Self {
            now: plans.iter().map(|plan| plan.now).max().unwrap_or(first.now),
            asked: ranges(plans.iter().flat_map(|plan| plan.asked.iter().copied()).collect()),
            zone: first.zone.clone(),
            every: first
                .every
                .filter(|every| plans.iter().all(|plan| plan.every == Some(*every))),
            accounts: accounts(plans)?,
            unavailable: unavailable(plans, &calls)?,
            edges: edges(plans),
            part: part(plans)?,
            calls,
            providers: Vec::new(),
        };
        for provider in plans.iter().flat_map(|plan| &plan.providers) {
            union.add_provider(*provider)?;
        }
        Ok(union)
    }
}

/// Ranges in order and apart: what touches is one.
fn ranges(mut all: Vec<Window>) -> Vec<Window> {
    all.sort_by_key(|window| window.start().at);
    let mut apart: Vec<Window> = Vec::new();
    for window in all {
        match apart.last_mut() {
            Some(last) if window.start().at <= last.end().at => {
                let end = if window.end().at > last.end().at {
                    window.end()
                } else {
                    last.end()
                };
                *last = Window::new(last.start(), end).unwrap_or(*last);
            }
            _ => apart.push(window),
        }
    }
    apart
}

fn accounts(plans: &[&Plan]) -> Result<Vec<PlannedAccount>> {
    let mut accounts: Vec<PlannedAccount> = Vec::new();
    for account in plans.iter().flat_map(|plan| &plan.accounts) {
        let Some(known) = accounts.iter_mut().find(|known| known.name == account.name) else {
            accounts.push(account.clone());
            continue;
        };
        let is_told = !known.identity.is_empty() && !account.identity.is_empty();
        if known.provider != account.provider || (is_told && known.identity != account.identity) {
            return Err(Error::invalid(format!(
                "two accounts have the name {:?}, with different addresses or settings: keep their usages apart, or name \
                 one of them otherwise",
                account.name
            )));
        }
        known.concurrency = known.concurrency.max(account.concurrency);
        known.per_second = match (known.per_second, account.per_second) {
            (Some(one), Some(other)) => Some(one.max(other)),
            _ => None,
        };
        if known.identity.is_empty() {
            known.identity.clone_from(&account.identity);
        }
    }
    Ok(accounts)
}

/// All calls, each once. Those of single parts are dealt back in turn, as they were dealt out; any others stand by source
/// in order of first appearance, then by time.
fn calls(plans: &[&Plan]) -> Vec<PlannedCall> {
    let mut ranked: Vec<((usize, usize, i128), &PlannedCall)> = Vec::new();
    let mut groups: HashMap<(&str, &str, String), usize> = HashMap::new();
    let dealt = dealt(plans);
    for plan in plans {
        for (place, call) in plan.calls.iter().enumerate() {
            let index = plan.part.as_ref().filter(|_| dealt).and_then(|part| part.have.first());
            let rank = if let Some(index) = index {
                (place, *index, 0)
            } else {
                let arguments = format!("{:?}", call.asked.arguments);
                let key = (&*call.account, call.asked.source.operation, arguments);
                let next = groups.len();
                let group = *groups.entry(key).or_insert(next);
                (group, 0, call.piece.start().at.as_nanosecond())
            };
            ranked.push((rank, call));
        }
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut seen = std::collections::HashSet::new();
    let mut calls: Vec<PlannedCall> = Vec::new();
    for (_, call) in ranked {
        if !seen.insert(&*call.id) {
            continue;
        }
        let mut call = call.clone();
        if let Some(before) = calls.last().filter(|before| before.asked.is_same(&call.asked)) {
            call.asked = Arc::clone(&before.asked);
        }
        calls.push(call);
    }
    calls
}

/// True if these are single parts of one plan, each another.
fn dealt(plans: &[&Plan]) -> bool {
    let mut seen = Vec::new();
    plans.iter().all(|plan| match &plan.part {
        Some(PartOf { have, of, whole }) if have.len() == 1 && !seen.contains(have) => {
            seen.push(have.clone());
            plans.iter().all(|other| {
                other
                    .part
                    .as_ref()
                    .is_some_and(|part| (&part.whole, part.of) == (whole, *of))
            })
        }
        _ => false,
    })
}

/// What no call can answer, apart from what a call of another plan does.
fn unavailable(plans: &[&Plan], calls: &[PlannedCall]) -> Result<Vec<Unavailable>> {
    let mut all: Vec<Unavailable> = Vec::new();
    for part in plans.iter().flat_map(|plan| &plan.unavailable) {
        let pieces = calls
            .iter()
            .filter(|call| call.account == part.account && call.asked.source.operation == part.operation);
        let pieces: Vec<Window> = ranges(pieces.map(|call| call.piece).collect());
        for window in without(part.window, &pieces)? {
            let rest = Unavailable { window, ..part.clone() };
            if !all.contains(&rest) {
                all.push(rest);
            }
        }
    }
    Ok(all)
}

/// What of a range lies in none of these, which are in order and apart.
fn without(range: Window, pieces: &[Window]) -> Result<Vec<Window>> {
    let mut rest = Vec::new();
    let mut at = range.start();
    let mut add = |from: Instant, to: Instant| -> Result<()> {
        if from.at < to.at {
            rest.push(Window::new(from, to)?);
        }
        Ok(())
    };
    for piece in pieces {
        let end = if piece.start().at < range.end().at {
            piece.start()
        } else {
            range.end()
        };
        add(at, end)?;
        if piece.end().at > at.at {
            at = piece.end();
        }
    }
    add(at, range.end())?;
    Ok(rest)
}

/// The remarks on the edges that are still edges.
fn edges(plans: &[&Plan]) -> Vec<Edge> {
    let outermost = |plan: &Plan, edge: &Edge| -> Option<Timestamp> {
        let of_it = plan
            .calls
            .iter()
            .filter(|call| call.account == edge.account && call.asked.source.operation == edge.operation);
        match edge.side {
            Side::Start => of_it.map(|call| call.piece.start().at).min(),
            Side::End => of_it.map(|call| call.piece.end().at).max(),
        }
    };
    let mut edges: Vec<Edge> = Vec::new();
    for plan in plans {
        for edge in &plan.edges {
            let all = plans.iter().filter_map(|plan| outermost(plan, edge));
            let farthest = match edge.side {
                Side::Start => all.min(),
                Side::End => all.max(),
            };
            if outermost(plan, edge) == farthest && !edges.contains(edge) {
                edges.push(edge.clone());
            }
        }
    }
    edges
}

/// Which parts these are together; nothing if they are whole.
fn part(plans: &[&Plan]) -> Result<Option<PartOf>> {
    let mut together: Option<PartOf> = None;
    for part in plans.iter().filter_map(|plan| plan.part.as_ref()) {
        let Some(known) = &mut together else {
            together = Some(part.clone());
            continue;
        };
        if (&known.whole, known.of) != (&part.whole, part.of) {
            return Err(Error::invalid(
                "these are parts of two different plans: put the parts of each together first",
            ));
        }
        known.have.extend(&part.have);
        known.have.sort_unstable();
        known.have.dedup();
    }
    Ok(together.filter(|part| {
        part.have.len() < part.of
            && !plans
                .iter()
                .any(|plan| plan.part.is_none() && plan.digest() == part.whole)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::toy;

    fn windows(all: &[(&str, &str)]) -> Vec<Window> {
        all.iter().map(|(start, end)| toy::window(start, end)).collect()
    }

    #[test]
    fn ranges_that_touch_are_one() {
        let all = windows(&[
            ("2026-02-01", "2026-03-01"),
            ("2026-01-01", "2026-02-01"),
            ("2026-05-01", "2026-06-01"),
        ]);
        assert_eq!(
            ranges(all),
            windows(&[("2026-01-01", "2026-03-01"), ("2026-05-01", "2026-06-01")])
        );
    }

    #[test]
    fn what_is_left_of_a_range_lies_in_none_of_the_pieces() {
        let range = toy::window("2026-01-01", "2026-04-01");
        for (pieces, rest) in [
            (&[][..], &[("2026-01-01", "2026-04-01")][..]),
            (
                &[("2026-02-01", "2026-03-01")],
                &[("2026-01-01", "2026-02-01"), ("2026-03-01", "2026-04-01")],
            ),
            (
                &[("2025-01-01", "2026-02-01"), ("2026-03-01", "2027-01-01")],
                &[("2026-02-01", "2026-03-01")],
            ),
            (&[("2025-01-01", "2027-02-01")], &[]),
            (&[("2026-04-01", "2026-05-01")], &[("2026-01-01", "2026-04-01")]),
        ] {
            assert_eq!(without(range, &windows(pieces)).unwrap(), windows(rest), "{pieces:?}");
        }
    }

    #[test]
    fn parts_put_together_are_the_plan_in_any_order() {
        let all = toy::select(&["toy.hourly", "toy.daily", "toy.month"], &["a", "b"]);
        let parts = vec![toy::part("one", all.clone()), toy::part("two", all)];
        let whole = Plan::make(&toy::question("2024-01-01", "2026-03-01", "2026-02-11", parts)).unwrap();
        for of in [2, 3, 7] {
            let shards: Vec<Plan> = (0..of).rev().map(|index| whole.shard(index, of).unwrap()).collect();
            let mut again = Plan::union(&shards.iter().collect::<Vec<_>>()).unwrap();
            assert_eq!(again.part, None);
            // A part has its share of the rate only.
            again.accounts.clone_from(&whole.accounts);
            assert_eq!(again, whole);
            let some = Plan::union(&shards.iter().skip(1).collect::<Vec<_>>()).unwrap();
            assert_eq!(some.part.unwrap().have, (0..of - 1).collect::<Vec<_>>());
            assert_eq!(Plan::union(&[&shards[0], &whole]).unwrap().part, None);
        }
        let other = toy::plan("2024-01-01", "2025-01-01", "2026-02-11", &["toy.hourly"]);
        let error = Plan::union(&[&whole.shard(0, 2).unwrap(), &other.shard(1, 2).unwrap()]).unwrap_err();
        assert!(
            error.message.starts_with("these are parts of two different plans"),
            "{error}"
        );
    }
}
