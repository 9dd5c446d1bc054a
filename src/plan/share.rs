//! Parts of a plan for several machines, and the time that a plan takes at least.

use super::{PartOf, Plan, PlannedAccount};
use crate::service::PlannedCall;
use crate::values::error::{Error, Result};

/// A round has so many calls of an account at most.
const MOST_OF_ROUND: usize = 1000;

impl Plan {
    /// The part of this plan for the `index`th of `of` machines, counted from 0.
    ///
    /// The calls are dealt in turn, so each machine gets its share of every account; put back in turn, the parts are
    /// the plan. Each part has its share of each account's rate. What no call can answer is told by the first part.
    pub fn shard(&self, index: usize, of: usize) -> Result<Self> {
        if let Some(part) = &self.part {
            let told = match part.have.as_slice() {
                [index] => format!("shard {index} of {}", part.of),
                _ => part.to_string(),
            };
            return Err(Error::invalid(format!("this is {told} already: split the whole plan")));
        }
        if index >= of {
            return Err(Error::invalid(format!(
                "there is no shard {index} of {of}: they are counted from 0 to one below their number"
            )));
        }
        let is_first = index == 0;
        Ok(Self {
            now: self.now,
            asked: self.asked.clone(),
            zone: self.zone.clone(),
            every: self.every,
            providers: self.providers.clone(),
            accounts: self.accounts.iter().map(|account| account.share(of)).collect(),
            calls: self.calls.iter().skip(index).step_by(of).cloned().collect(),
            unavailable: if is_first { self.unavailable.clone() } else { Vec::new() },
            edges: if is_first { self.edges.clone() } else { Vec::new() },
            part: Some(PartOf {
                have: vec![index],
                of,
                whole: self.digest(),
            }),
        })
    }

    /// The plan in plans of whole sources, each of one account, at most so many of an account: what is missing, and what
    /// stands twice, is judged in each as in the whole. Each has its share of the account's rate.
    ///
    /// Sources are dealt by their calls, the largest first, so that the plans are about equally large.
    pub fn by_sources(&self, most: usize) -> Vec<Self> {
        self.accounts
            .iter()
            .flat_map(|account| self.sources_of(account, most))
            .collect()
    }

    fn sources_of(&self, account: &PlannedAccount, most: usize) -> Vec<Self> {
        let calls = || self.calls.iter().filter(|call| call.account == account.name);
        let mut sources: Vec<(&str, usize)> = Vec::new();
        for call in calls() {
            let operation = call.asked.source.operation;
            match sources.iter_mut().find(|(known, _)| *known == operation) {
                Some((_, count)) => *count += 1,
                None => sources.push((operation, 1)),
            }
        }
        sources.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        // What has no calls, since nothing can answer it, stands in the first.
        let of = sources.len().min(most).max(1);
        let mut dealt: Vec<(Vec<&str>, usize)> = vec![(Vec::new(), 0); of];
        for (operation, count) in &sources {
            if let Some((operations, calls)) = dealt.iter_mut().min_by_key(|(_, calls)| *calls) {
                operations.push(operation);
                *calls += count;
            }
        }
        let is_first_of =
            |place: usize, operation: &str| place == 0 && sources.iter().all(|(known, _)| *known != operation);
        let share = account.share(of);
        let plan = |(place, (operations, _)): (usize, &(Vec<&str>, usize))| {
            let has = |name: &str, operation: &str| {
                name == account.name && (operations.contains(&operation) || is_first_of(place, operation))
            };
            let own = calls().filter(|call| operations.contains(&call.asked.source.operation));
            Self {
                accounts: vec![share.clone()],
                calls: own.cloned().collect(),
                unavailable: self
                    .unavailable
                    .iter()
                    .filter(|part| has(&part.account, part.operation))
                    .cloned()
                    .collect(),
                edges: self
                    .edges
                    .iter()
                    .filter(|edge| has(&edge.account, edge.operation))
                    .cloned()
                    .collect(),
                ..self.clone()
            }
        };
        dealt.iter().enumerate().map(plan).collect()
    }

    /// The calls in rounds, one after the other, none of which takes longer than about so many seconds: of each account the
    /// oldest windows first, so that whoever stops in between has what is older.
    pub fn rounds(&self, seconds: f64) -> Vec<Self> {
        let mut rounds: Vec<Vec<PlannedCall>> = Vec::new();
        for account in &self.accounts {
            let mut calls: Vec<&PlannedCall> = self.calls.iter().filter(|call| call.account == account.name).collect();
            calls.sort_by_key(|call| call.piece.start().at);
            // How long answers take is not known; half a second is taken for usual.
            let usual = whole(account.concurrency) / 0.5;
            let rate = account.per_second.map_or(usual, |rate| rate.min(usual));
            let size = (1..=MOST_OF_ROUND)
                .rev()
                .find(|size| whole(*size) <= rate * seconds)
                .unwrap_or(1);
            for (round, calls) in calls.chunks(size).enumerate() {
                if rounds.len() <= round {
                    rounds.push(Vec::new());
                }
                if let Some(of_round) = rounds.get_mut(round) {
                    of_round.extend(calls.iter().copied().cloned());
                }
            }
        }
        rounds.into_iter().map(|calls| self.only(calls)).collect()
    }

    /// The seconds that all calls take at least, at the declared rates: as long as the slowest account, since accounts
    /// do not wait for each other.
    pub fn least_seconds(&self) -> f64 {
        let each = self.accounts.iter().map(|account| self.least_seconds_of(account));
        each.fold(0.0, f64::max)
    }

    /// The seconds that an account's calls take at least: n calls at a rate of R have n − 1 gaps of 1/R; nothing where
    /// no rate is declared. The time of the answers is not in it.
    pub fn least_seconds_of(&self, account: &PlannedAccount) -> f64 {
        let calls = self.calls.iter().filter(|call| call.account == account.name).count();
        let gaps = whole(calls.saturating_sub(1));
        account.per_second.map_or(0.0, |rate| gaps / rate)
    }
}

impl PlannedAccount {
    /// The account with one of so many shares of its rate.
    fn share(&self, of: usize) -> Self {
        Self {
            per_second: self.per_second.map(|rate| rate / whole(of)),
            concurrency: (self.concurrency / of).max(1),
            ..self.clone()
        }
    }
}

/// A count as a floating number; exact for every count that fits into memory.
#[allow(clippy::cast_precision_loss)]
pub(super) fn whole(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::toy;

    fn whole_plan() -> Plan {
        let all = toy::select(&["toy.hourly", "toy.daily", "toy.month", "toy.so_far"], &["a", "b"]);
        let parts = vec![toy::part("one", all.clone()), toy::part("two", all)];
        Plan::make(&toy::question(
            "2024-01-01",
            "2026-03-01",
            "2026-02-11T12:00:00Z",
            parts,
        ))
        .unwrap()
    }

    #[test]
    fn rounds_have_every_call_once_the_oldest_first_and_are_not_longer_than_they_may_be() {
        let plan = whole_plan();
        for seconds in [0.001, 1.0, 30.0, 1e9] {
            let rounds = plan.rounds(seconds);
            let mut ids: Vec<&str> = Vec::new();
            let mut latest: std::collections::HashMap<&str, jiff::Timestamp> = std::collections::HashMap::new();
            for round in &rounds {
                assert!(round.least_seconds() <= seconds.max(0.1), "{seconds}");
                for account in &round.accounts {
                    let of_it = || round.calls.iter().filter(|call| call.account == account.name);
                    let starts = || of_it().map(|call| call.piece.start().at);
                    assert!(starts().min() >= latest.get(&*account.name).copied());
                    latest.extend(
                        plan.accounts
                            .iter()
                            .filter(|known| known.name == account.name)
                            .filter_map(|known| Some((&*known.name, starts().max()?))),
                    );
                }
                ids.extend(round.calls.iter().map(|call| &*call.id));
            }
            ids.sort_unstable();
            let mut all: Vec<&str> = plan.calls.iter().map(|call| &*call.id).collect();
            all.sort_unstable();
            assert_eq!(ids, all);
            assert_eq!(rounds.len() == 1, seconds >= 30.0, "{seconds}");
        }
    }

    #[test]
    fn shards_put_back_in_turn_are_the_plan() {
        let plan = whole_plan();
        assert_eq!(plan.calls.len(), 78);
        for of in [1, 2, 3, 7, 78, 100] {
            let shards: Vec<Plan> = (0..of).map(|index| plan.shard(index, of).unwrap()).collect();
            let mut calls: Vec<_> = shards.iter().map(|shard| shard.calls.iter()).collect();
            let ids: Vec<&str> = (0..plan.calls.len())
                .map(|at| calls[at % of].next().unwrap().id.as_str())
                .collect();
            assert!(
                ids.iter().copied().eq(plan.calls.iter().map(|call| call.id.as_str())),
                "{of}"
            );
            assert!(calls.iter_mut().all(|rest| rest.next().is_none()));
            let unavailable: Vec<_> = shards.iter().flat_map(|shard| shard.unavailable.clone()).collect();
            let edges: Vec<_> = shards.iter().flat_map(|shard| shard.edges.clone()).collect();
            assert_eq!((unavailable, edges), (plan.unavailable.clone(), plan.edges.clone()));
        }
    }

    #[test]
    fn each_shard_has_its_share_of_calls_and_rate() {
        let plan = whole_plan();
        for index in 0..3 {
            let shard = plan.shard(index, 3).unwrap();
            assert_eq!(
                shard.part.as_ref().unwrap().to_string(),
                format!("part {} of 3", index + 1)
            );
            for account in &shard.accounts {
                assert_eq!((account.per_second, account.concurrency), (Some(2.0 / 3.0), 2));
                let calls = shard.calls.iter().filter(|call| call.account == account.name).count();
                assert_eq!(calls, 13);
            }
        }
        assert_eq!(plan.shard(8, 9).unwrap().accounts[0].concurrency, 1);
    }

    #[test]
    fn plans_of_whole_sources_are_the_plan_and_have_their_share_of_the_rate() {
        let plan = whole_plan();
        let sources = |plan: &Plan| -> Vec<(String, &'static str)> {
            let mut sources: Vec<_> = plan
                .calls
                .iter()
                .map(|call| (call.account.clone(), call.asked.source.operation))
                .collect();
            sources.sort_unstable();
            sources.dedup();
            sources
        };
        let all = sources(&plan);
        for most in [1, 2, 3, 4, 100] {
            let parts = plan.by_sources(most);
            let each = all.len() / 2;
            assert_eq!(parts.len(), 2 * most.min(each), "{most}");
            let mut of_parts: Vec<_> = parts.iter().flat_map(sources).collect();
            of_parts.sort_unstable();
            assert_eq!(of_parts, all, "{most}: a source is in one part, and in one only");
            let ids = |plans: &[Plan]| {
                let calls = plans.iter().flat_map(|plan| &plan.calls);
                let mut ids: Vec<String> = calls.map(|call| call.id.clone()).collect();
                ids.sort_unstable();
                ids
            };
            assert_eq!(ids(&parts), ids(std::slice::from_ref(&plan)), "{most}");
            let count = |of: &dyn Fn(&Plan) -> usize| parts.iter().map(of).sum::<usize>();
            assert_eq!(count(&|part| part.unavailable.len()), plan.unavailable.len());
            assert_eq!(count(&|part| part.edges.len()), plan.edges.len());
            assert!(parts.iter().any(|part| !part.unavailable.is_empty()));
            for part in &parts {
                let [account] = part.accounts.as_slice() else {
                    panic!("{most}")
                };
                let rate = 2.0 / whole(most.min(each));
                assert_eq!(account.per_second, Some(rate));
                assert!(part.calls.iter().all(|call| call.account == account.name));
            }
        }
    }

    #[test]
    fn an_account_that_nothing_can_answer_has_a_plan_too() {
        let mut plan = whole_plan();
        plan.calls.retain(|call| call.account == "two");
        let parts = plan.by_sources(2);
        assert_eq!(parts.len(), 3);
        assert_eq!((parts[0].accounts[0].name.as_str(), parts[0].calls.len()), ("one", 0));
        let of_one = plan.unavailable.iter().filter(|part| part.account == "one");
        assert_eq!(
            parts[0].unavailable.iter().collect::<Vec<_>>(),
            of_one.collect::<Vec<_>>()
        );
        assert!(!parts[0].unavailable.is_empty());
    }

    #[test]
    fn a_shard_that_is_not_there_is_refused() {
        let plan = whole_plan();
        for (index, of) in [(3, 3), (0, 0), (9, 1)] {
            assert_eq!(
                plan.shard(index, of).unwrap_err().message,
                format!("there is no shard {index} of {of}: they are counted from 0 to one below their number")
            );
        }
        let shard = plan.shard(1, 2).unwrap();
        assert_eq!(
            shard.shard(0, 2).unwrap_err().message,
            "this is shard 1 of 2 already: split the whole plan"
        );
    }

    #[test]
    fn the_least_time_is_that_of_the_slowest_account() {
        let mut plan = whole_plan();
        // 39 calls each: 38 gaps of half a second, and of a quarter.
        plan.accounts[1].per_second = Some(4.0);
        let each: Vec<f64> = plan
            .accounts
            .iter()
            .map(|account| plan.least_seconds_of(account))
            .collect();
        assert_eq!(each, [19.0, 9.5]);
        assert_eq!(plan.least_seconds().to_string(), "19");
        plan.accounts[0].per_second = None;
        assert_eq!(plan.least_seconds().to_string(), "9.5");
        plan.calls.clear();
        assert_eq!(plan.least_seconds().to_string(), "0");
    }
}
