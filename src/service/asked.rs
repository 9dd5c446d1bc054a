//! What a selection asks of a provider, and the calls that a plan makes of it.

use std::sync::Arc;

use super::{Call, Facts};
use crate::meters::{Buckets, Meter, Source, Span};
use crate::values::arguments::{Accepts, Argument, Arguments, Needed, Value, plain};
use crate::values::error::{Error, Result};
use crate::values::period::Every;
use crate::values::text::did_you_mean;
use crate::values::window::Window;

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
        let arguments = self.arguments.iter();
        arguments
            .filter_map(|(name, value)| self.narrows(name, value))
            .map(|(dimension, value)| (dimension, value.to_owned()))
            .collect()
    }

    fn narrows<'a>(&self, name: &str, value: &'a Value) -> Option<(&'static str, &'a str)> {
        let mut dimensions = self.wanted().flat_map(|(_, meter)| meter.dimensions).copied();
        dimensions.find_map(|dimension| Some((dimension, narrowed_by(dimension, name, value)?)))
    }

    /// What is asked, in words, but for which value of a dimension it is narrowed to: what differs in nothing else counts
    /// different usage.
    pub fn scope(&self) -> String {
        let mut told = self.source.operation.to_owned();
        let mut before = " with ";
        for (name, value) in &self.arguments {
            let part = match self.narrows(name, value) {
                Some((dimension, _)) => format!("one {dimension}"),
                // What is off is as if nobody had said anything.
                None if matches!(value, Value::Nothing | Value::Flag(false)) => continue,
                None => format!("{name}={}", value.plain()),
            };
            told.extend([before, &part]);
            before = ", ";
        }
        told
    }

    /// The meters that are wanted, with their places.
    pub fn wanted(&self) -> impl Iterator<Item = (usize, &'static Meter)> {
        let meters = self.source.meters;
        self.meters
            .iter()
            .filter_map(move |&place| Some((place, meters.get(place)?)))
    }
}

/// What an argument narrows a dimension to: its one value, where it is called like the dimension, or like many of it.
pub fn narrowed_by<'a>(dimension: &str, name: &str, value: &'a Value) -> Option<&'a str> {
    if name != dimension && name.strip_suffix('s') != Some(dimension) {
        return None;
    }
    match value {
        Value::Text(text) => Some(text),
        Value::List(items) => match items.as_slice() {
            [Value::Text(text)] => Some(text),
            _ => None,
        },
        _ => None,
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
    wanted_of(facts, selection, |source| source.by_default)
}

/// The same, where these sources are the ones that are read if no meter is named.
pub fn wanted_of(
    facts: &Facts,
    selection: &Arguments,
    is_chosen: impl Fn(&Source) -> bool,
) -> Result<Vec<(&'static Source, Vec<usize>)>> {
    let all = || {
        facts
            .sources
            .iter()
            .flat_map(|source| source.meters)
            .map(|meter| meter.name)
    };
    let names = selection.texts("meters");
    if let Some(unknown) = names.iter().find(|name| !all().any(|known| known == **name)) {
        let hint = match did_you_mean(unknown, all()) {
            none if none.is_empty() => format!("; metertap.meters({:?}) lists those that there are", facts.name),
            near => near,
        };
        return Err(Error::invalid(format!(
            "{} has no meter {unknown:?}{hint}",
            facts.title
        )));
    }
    let places = |source: &'static Source| -> Vec<usize> {
        let is_chosen = names.is_empty() && is_chosen(source);
        let is_wanted = |name: &str| is_chosen || names.contains(&name);
        let meters = source.meters.iter().enumerate();
        meters
            .filter(|(_, meter)| is_wanted(meter.name))
            .map(|(place, _)| place)
            .collect()
    };
    let sources = facts.sources.iter().map(|source| (source, places(source)));
    Ok(sources.filter(|(_, meters)| !meters.is_empty()).collect())
}
