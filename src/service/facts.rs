//! What a provider is, as data: names, accounts, operations, sources, limits.

use crate::meters::SourceOf;
use crate::values::arguments::ArgumentOf;
use crate::values::shape::HoldsOf;

/// What a provider is, as data.
#[derive(Debug, Clone, Copy)]
pub struct FactsOf<'a> {
    /// Its name in the registry, for example `sora`.
    pub name: &'a str,
    /// The name of its client class in Python, for example `Sora`.
    pub class: &'a str,
    /// Its name for people.
    pub title: &'a str,
    /// What the client's documentation begins with: a sentence in a line, and further paragraphs if need be.
    pub doc: &'a str,
    /// What users should know besides, in paragraphs; empty if there is nothing.
    pub notes: &'a str,
    /// The service's address; nothing where every account has its own.
    pub base_url: Option<&'a str>,
    /// The page that documents it.
    pub page: &'a str,
    /// What an account consists of, besides its secrets.
    pub settings: &'a [ArgumentOf<'a>],
    /// The secrets that an account may have.
    pub secrets: &'a [SecretFieldOf<'a>],
    /// The names of all settings and secrets, in the order in which people read them.
    pub keywords: &'a [&'a str],
    /// Those of them without which there is no account.
    pub required: &'a [&'a str],
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
    /// What its documentation says besides.
    pub prose: ProseOf<'a>,
}

/// One that lives as long as the process.
pub type Operation = OperationOf<'static>;

/// What the documentation of an operation says besides what it is and takes. Nothing of it changes what happens; all of
/// it may be empty.
#[derive(Debug, Clone, Copy)]
pub struct ProseOf<'a> {
    /// What is returned, in sentences, with units.
    pub returns: &'a str,
    /// What is returned in place of that with `raw`, in a sentence.
    pub raw: &'a str,
    /// Which exceptions mean something special here, and when: `(class, sentence)`.
    pub raises: &'a [(&'a str, &'a str)],
    /// What users should know besides, in sentences.
    pub notes: &'a str,
    /// A doctest: lines of an interactive session in which clients have their providers' names.
    pub example: &'a str,
}

/// One that lives as long as the process.
pub type Prose = ProseOf<'static>;

impl Prose {
    /// Nothing to say.
    pub const NONE: Self = Self {
        returns: "",
        raw: "",
        raises: &[],
        notes: "",
        example: "",
    };
}

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
    /// What its documentation says besides.
    pub prose: ProseOf<'a>,
}

/// One that lives as long as the process.
pub type Composite = CompositeOf<'static>;
