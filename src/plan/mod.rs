//! Plans: the exact calls for a question, made offline.
//!
//! A question names a range of time and what is asked of each account. Each provider says which sources that takes
//! ([`crate::providers::Provider::asked`]); everything else is arithmetic on their tables, here: snapping to the
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

use crate::meters::{Buckets, Meter, Source, Span};
use crate::providers::{Call, Facts};
use crate::values::arguments::{Accepts, Argument, Arguments, Needed, Value, plain};
use crate::values::error::{Error, Result};
use crate::values::period::Every;
use crate::values::text::did_you_mean;
use crate::values::window::Window;
use crate::values::zone::Zone;

/// One kind of call that a selection takes, before it is cut in time.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The source.
    pub source: &'static Source,
    /// How its readings are cut in time, where the selection decides that; else as the source says.
    pub buckets: Buckets,
    /// The longest window of one call, where the selection decides that; else as the source says.
    pub span: Span,
    /// The periods of the calendar that cut its windows, where the question asks for that and it has no buckets.
    pub every: Option<Every>,
    /// The arguments besides the window, for example one vhost.
    pub arguments: Vec<(String, Value)>,
    /// Which of the source's meters are wanted, by their places in [`Source::meters`].
    pub meters: Vec<usize>,
}

impl Asked {
    /// These meters of a source, cut in time as the source says, with these arguments.
    pub fn of(source: &'static Source, meters: Vec<usize>, arguments: Vec<(String, Value)>) -> Self {
        Self {
            source,
            buckets: source.buckets,
            span: source.span,
            every: None,
            arguments,
            meters,
        }
    }

    /// True if both ask the same, whatever the window.
    pub fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self.source, other.source)
            && (self.buckets, self.span, self.every) == (other.buckets, other.span, other.every)
            && (&self.meters, &self.arguments) == (&other.meters, &other.arguments)
    }

    /// What the calls are narrowed to: a dimension of the meters whose name an argument has, and its one value.
    pub fn narrowed(&self) -> Vec<(&'static str, String)> {
        let mut narrowed = Vec::new();
        for (name, value) in &self.arguments {
            let value = match value {
                Value::Text(text) => text,
                Value::List(items) => match items.as_slice() {
                    [Value::Text(text)] => text,
                    _ => continue,
                },
                _ => continue,
            };
            let dimensions = self.wanted().flat_map(|(_, meter)| meter.dimensions);
            let is_it = |dimension: &&&'static str| name == **dimension || name.strip_suffix('s') == Some(**dimension);
            if let Some(dimension) = dimensions.copied().collect::<Vec<_>>().iter().find(|one| is_it(one)) {
                narrowed.push((*dimension, value.clone()));
            }
        }
        narrowed
    }

    /// The meters that are wanted, with their places.
    pub fn wanted(&self) -> impl Iterator<Item = (usize, &'static Meter)> {
        let meters = self.source.meters;
        self.meters
            .iter()
            .filter_map(move |&place| Some((place, meters.get(place)?)))
    }
}

/// One call of a plan.
#[derive(Debug, Clone)]
pub struct PlannedCall {
    /// Its id: the same for the same question to the same account, everywhere and always.
    pub id: String,
    /// The account's name.
    pub account: String,
    /// The provider's name.
    pub provider: &'static str,
    /// What is asked.
    pub call: Call,
    /// Where its readings come from.
    pub asked: Arc<Asked>,
    /// Its piece of the question: the readings that start in it are kept.
    pub piece: Window,
    /// What the service is asked for: the piece, or more, so that every bucket which starts in the piece comes whole.
    pub request: Window,
}

impl PlannedCall {
    /// A call that asks for its piece and no more.
    pub fn new(id: String, account: String, provider: &'static str, call: Call, asked: Asked, piece: Window) -> Self {
        Self {
            id,
            account,
            provider,
            call,
            asked: Arc::new(asked),
            piece,
            request: piece,
        }
    }
}

/// The argument `meters`, which every provider's selection has.
pub const METERS: Argument = Argument {
    name: "meters",
    accepts: Accepts::Texts(plain),
    needed: Needed::Optional,
    doc: "the names of the meters to read; the default ones if left out",
};

/// The sources that a selection's `meters` need, with the places of those meters in them; the default sources with all
/// their meters where it names none.
pub fn wanted(facts: &Facts, selection: &Arguments) -> Result<Vec<(&'static Source, Vec<usize>)>> {
    let all = || {
        facts
            .sources
            .iter()
            .flat_map(|source| source.meters)
            .map(|meter| meter.name)
    };
    let names = selection.texts("meters");
    if let Some(unknown) = names.iter().find(|name| !all().any(|known| known == **name)) {
        let hint = did_you_mean(unknown, all());
        return Err(Error::invalid(format!(
            "{} has no meter {unknown:?}{hint}",
            facts.title
        )));
    }
    let places = |source: &'static Source| -> Vec<usize> {
        let is_wanted = |name: &str| {
            if names.is_empty() {
                source.by_default
            } else {
                names.contains(&name)
            }
        };
        let meters = source.meters.iter().enumerate();
        meters
            .filter(|(_, meter)| is_wanted(meter.name))
            .map(|(place, _)| place)
            .collect()
    };
    let sources = facts.sources.iter().map(|source| (source, places(source)));
    Ok(sources.filter(|(_, meters)| !meters.is_empty()).collect())
}

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
            accounts: Vec::new(),
            calls: Vec::new(),
            unavailable: Vec::new(),
            edges: Vec::new(),
            part: None,
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
