//! Plans: the exact calls for a question, made offline.
//!
//! A question names a range of time and what is asked of each account. Each provider says which sources that takes
//! ([`crate::service::Provider::asked`]); everything else is arithmetic on their tables, here: snapping to the
//! source's buckets, what lies outside its history, and cutting by its longest window.
//!
//! A reading belongs to the range that contains its start, so neighbouring ranges tile: the buckets that start in the
//! range are asked for, whole. Each call has its piece of the question, and a request that is wider where no page says in
//! which zone buckets begin.

mod cut;
mod json;
mod make;
mod share;
mod table;
#[cfg(test)]
mod toy;
mod union;

pub use cut::Grid;
pub use make::{Part, Question};
pub use table::Row;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::service::{PlannedCall, Provider};
use crate::values::error::{Error, Result};
use crate::values::period::Every;
use crate::values::window::Window;
use crate::values::zone::Zone;

/// A plan: what was asked, the calls that answer it, and what no call can answer.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The time it was made for.
    pub now: Timestamp,
    /// The ranges that were asked for: in order, apart from each other.
    pub asked: Vec<Window>,
    /// The time zone whose days and months were meant.
    pub zone: Zone,
    /// The periods by which windows were cut, if that was asked for.
    pub every: Option<Every>,
    /// The providers of its accounts, each once.
    pub providers: Vec<&'static dyn Provider>,
    /// Whom is asked.
    pub accounts: Vec<PlannedAccount>,
    /// The calls, in their order: by account, source, arguments, time.
    pub calls: Vec<PlannedCall>,
    /// What lies outside a source's history, or in the future.
    pub unavailable: Vec<Unavailable>,
    /// Where readings do not begin or end with the range.
    pub edges: Vec<Edge>,
    /// Which parts of a whole plan this is, if it is not the whole.
    pub part: Option<PartOf>,
}

/// Which parts of a whole plan there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartOf {
    /// The parts that are here, in order, counted from 0.
    pub have: Vec<usize>,
    /// How many parts the whole has.
    pub of: usize,
    /// A digest of the whole; empty where an earlier version of metertap split it.
    pub whole: String,
}

impl std::fmt::Display for PartOf {
    /// `part 1 of 2`, counted from 1 as people do.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let have: Vec<String> = self.have.iter().map(|index| (index + 1).to_string()).collect();
        let parts = if have.len() == 1 { "part" } else { "parts" };
        write!(out, "{parts} {} of {}", have.join(", "), self.of)
    }
}

impl From<&Plan> for Arc<Plan> {
    fn from(plan: &Plan) -> Self {
        Self::new(plan.clone())
    }
}

impl Plan {
    /// A plan without calls, for this range.
    pub fn empty(now: Timestamp, window: Window) -> Self {
        Self {
            now,
            asked: vec![window],
            zone: Zone::utc(),
            every: None,
            providers: Vec::new(),
            accounts: Vec::new(),
            calls: Vec::new(),
            unavailable: Vec::new(),
            edges: Vec::new(),
            part: None,
        }
    }

    /// The provider of that name, as this plan knows it.
    pub fn provider(&self, name: &str) -> Option<&'static dyn Provider> {
        self.providers.iter().copied().find(|provider| provider.name() == name)
    }

    /// Adds a provider to those of its accounts. One question cannot be asked by two documents of one name: their meters
    /// may differ.
    fn add_provider(&mut self, provider: &'static dyn Provider) -> Result<()> {
        let Some(known) = self.provider(provider.name()) else {
            self.providers.push(provider);
            return Ok(());
        };
        match (known.written(), provider.written()) {
            (one, other) if one == other => Ok(()),
            (Some(one), Some(other)) => Err(Error::invalid(format!(
                "{} is described by two documents here, {one} and {other}: make all of its clients with one of them, and \
                 plan anew",
                provider.name()
            ))),
            _ => Err(Error::invalid(format!(
                "{} is built in and registered, too",
                provider.name()
            ))),
        }
    }

    /// True if an edge of this call's piece is that of a period by which the question was cut.
    pub fn is_cut_by_period(&self, call: &PlannedCall) -> bool {
        let (Some(every), Some((first, last))) = (call.asked.every, self.range()) else {
            return false;
        };
        let is_edge = |at: Timestamp| {
            let start = every.around(at, self.zone.time_zone()).map(|(start, _)| start);
            first < at && at < last && every != Every::All && start.is_ok_and(|start| start == at)
        };
        is_edge(call.piece.start().at) || is_edge(call.piece.end().at)
    }

    /// The plan of these of its calls, or of some like them, alone.
    #[must_use]
    pub fn only(&self, calls: Vec<PlannedCall>) -> Self {
        let is_asked = |name: &str| calls.iter().any(|call| call.account == name);
        let accounts = self.accounts.iter().filter(|account| is_asked(&account.name));
        Self {
            accounts: accounts.cloned().collect(),
            calls,
            unavailable: Vec::new(),
            edges: Vec::new(),
            ..self.clone()
        }
    }

    /// The first and the last moment of what was asked.
    pub fn range(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.asked.first()?.start().at, self.asked.last()?.end().at))
    }
}

/// An account of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedAccount {
    /// Its name, unique in the plan.
    pub name: String,
    /// Its provider's name.
    pub provider: &'static str,
    /// How many requests it may send in a second, if a limit is declared.
    pub per_second: Option<f64>,
    /// How many requests of it may be under way at once.
    pub concurrency: usize,
    /// A digest of its address and settings, without secrets; empty where an earlier version of metertap planned.
    pub identity: String,
}

/// A part of the range that a source cannot answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Unavailable {
    /// The account's name.
    pub account: String,
    /// The provider's name.
    pub provider: &'static str,
    /// The operation, by its Python name.
    pub operation: &'static str,
    /// The part.
    pub window: Window,
    /// Why, in one sentence.
    pub reason: String,
}

/// A remark on an edge of the range that a bucket crosses.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// The account's name.
    pub account: String,
    /// The provider's name.
    pub provider: &'static str,
    /// The operation, by its Python name.
    pub operation: &'static str,
    /// Which edge.
    pub side: Side,
    /// What crosses it, in one sentence.
    pub text: String,
}

/// An edge of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Its start.
    Start,
    /// Its end.
    End,
}
