//! What a provider is, as data: names, accounts, operations, sources, limits.

use crate::meters::SourceOf;
use crate::values::arguments::ArgumentOf;
use crate::values::shape::HoldsOf;

/// What a provider is, as data.
#[derive(Debug, Clone, Copy)]
pub struct FactsOf<'a> {
    /// Its name in the registry, for example `sora`.
    pub name: &'a str,
    /// Its name for people.
    pub title: &'a str,
    /// The service's address; nothing where every account has its own.
    pub base_url: Option<&'a str>,
    /// The page that documents it.
    pub page: &'a str,
    /// What an account consists of, besides its secrets.
    pub settings: &'a [ArgumentOf<'a>],
    /// The secrets that an account may have.
    pub secrets: &'a [SecretFieldOf<'a>],
    /// Which variables the vendor's own tools use for a field: `(field, variable)`, best first.
    pub environment: &'a [(&'a str, &'a str)],
    /// Its operations.
    pub operations: &'a [OperationOf<'a>],
    /// Where readings come from, with their meters and limits.
    pub sources: &'a [SourceOf<'a>],
    /// What `select` takes for an account: which meters, and the arguments that they need.
    pub selection: &'a [ArgumentOf<'a>],
    /// Questions that several operations answer together.
    pub composites: &'a [CompositeOf<'a>],
    /// How many requests of one account may be under way at once.
    pub concurrency: usize,
    /// How many requests one account may send in a second; nothing where no limit is declared.
    pub per_second: Option<f64>,
}

/// One that lives as long as the process.
pub type Facts = FactsOf<'static>;

/// A secret that an account may have.
#[derive(Debug, Clone, Copy)]
pub struct SecretFieldOf<'a> {
    /// Its Python name.
    pub name: &'a str,
    /// What it is, in one sentence.
    pub doc: &'a str,
}

/// One that lives as long as the process.
pub type SecretField = SecretFieldOf<'static>;

/// One documented operation.
#[derive(Debug, Clone, Copy)]
pub struct OperationOf<'a> {
    /// Its Python name.
    pub name: &'a str,
    /// The service's own name of it: a path, an action or a command.
    pub wire: &'a str,
    /// What it tells, in one sentence, with units.
    pub doc: &'a str,
    /// The page that documents it.
    pub page: &'a str,
    /// What it takes.
    pub arguments: &'a [ArgumentOf<'a>],
    /// The two arguments that bound its range of time, if it has one.
    pub range: Option<(&'a str, &'a str)>,
    /// What it returns.
    pub returns: HoldsOf<'a>,
    /// True if sending it twice does no harm.
    pub repeatable: bool,
}

/// One that lives as long as the process.
pub type Operation = OperationOf<'static>;

/// Several operations without arguments that make one answer: asked at once, and all of one calendar month (UTC).
#[derive(Debug, Clone, Copy)]
pub struct CompositeOf<'a> {
    /// Its Python name.
    pub name: &'a str,
    /// The Python dataclass of the answer: a field per operation, and `retrieved_at`.
    pub record: &'a str,
    /// What it tells, in one sentence.
    pub doc: &'a str,
    /// The operations, by their Python names.
    pub parts: &'a [&'a str],
}

/// One that lives as long as the process.
pub type Composite = CompositeOf<'static>;
