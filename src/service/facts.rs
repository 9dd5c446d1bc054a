//! What a provider is, as data: names, accounts, operations, sources, limits.

use crate::meters::Source;
use crate::values::arguments::Argument;
use crate::values::shape::Holds;

/// What a provider is, as data.
#[derive(Debug)]
pub struct Facts {
    /// Its name in the registry, for example `sora`.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The service's address; nothing where every account has its own.
    pub base_url: Option<&'static str>,
    /// The page that documents it.
    pub page: &'static str,
    /// What an account consists of, besides its secrets.
    pub settings: &'static [Argument],
    /// The secrets that an account may have.
    pub secrets: &'static [SecretField],
    /// Which variables the vendor's own tools use for a field: `(field, variable)`, best first.
    pub environment: &'static [(&'static str, &'static str)],
    /// Its operations.
    pub operations: &'static [Operation],
    /// Where readings come from, with their meters and limits.
    pub sources: &'static [Source],
    /// What `select` takes for an account: which meters, and the arguments that they need.
    pub selection: &'static [Argument],
    /// Questions that several operations answer together.
    pub composites: &'static [Composite],
    /// How many requests of one account may be under way at once.
    pub concurrency: usize,
    /// How many requests one account may send in a second; nothing where no limit is declared.
    pub per_second: Option<f64>,
}

/// A secret that an account may have.
#[derive(Debug)]
pub struct SecretField {
    /// Its Python name.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub doc: &'static str,
}

/// One documented operation.
#[derive(Debug)]
pub struct Operation {
    /// Its Python name.
    pub name: &'static str,
    /// The service's own name of it: a path, an action or a command.
    pub wire: &'static str,
    /// What it tells, in one sentence, with units.
    pub doc: &'static str,
    /// The page that documents it.
    pub page: &'static str,
    /// What it takes.
    pub arguments: &'static [Argument],
    /// The two arguments that bound its range of time, if it has one.
    pub range: Option<(&'static str, &'static str)>,
    /// What it returns.
    pub returns: Holds,
    /// True if sending it twice does no harm.
    pub repeatable: bool,
}

/// Several operations without arguments that make one answer: asked at once, and all of one calendar month (UTC).
#[derive(Debug)]
pub struct Composite {
    /// Its Python name.
    pub name: &'static str,
    /// The Python dataclass of the answer: a field per operation, and `retrieved_at`.
    pub record: &'static str,
    /// What it tells, in one sentence.
    pub doc: &'static str,
    /// The operations, by their Python names.
    pub parts: &'static [&'static str],
}
