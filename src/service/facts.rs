//! What a provider is, as data: names, accounts, operations, sources, limits.

use crate::meters::Source;
use crate::values::arguments::Argument;
use crate::values::shape::Holds;

/// What a provider is, as data.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Its name in the registry, for example `sora`.
    pub name: &'static str,
    /// The name of its client class in Python, for example `Sora`.
    pub class: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What the client's documentation begins with: a sentence in a line, and further paragraphs if need be.
    pub doc: &'static str,
    /// What users should know besides, in paragraphs; empty if there is nothing.
    pub notes: &'static str,
    /// The service's address; nothing where every account has its own.
    pub base_url: Option<&'static str>,
    /// The page that documents it.
    pub page: &'static str,
    /// What an account consists of, besides its secrets.
    pub settings: &'static [Argument],
    /// The secrets that an account may have.
    pub secrets: &'static [SecretField],
    /// The names of all settings and secrets, in the order in which people read them.
    pub keywords: &'static [&'static str],
    /// Those of them without which there is no account.
    pub required: &'static [&'static str],
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
#[derive(Debug, Clone, Copy)]
pub struct SecretField {
    /// Its Python name.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub doc: &'static str,
}

/// One documented operation.
#[derive(Debug, Clone, Copy)]
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
    /// What its documentation says besides.
    pub prose: Prose,
}

/// What the documentation of an operation says besides what it is and takes. Nothing of it changes what happens; all of
/// it may be empty.
#[derive(Debug, Clone, Copy)]
pub struct Prose {
    /// What is returned, in sentences, with units.
    pub returns: &'static str,
    /// What is returned in place of that with `raw`, in a sentence.
    pub raw: &'static str,
    /// Which exceptions mean something special here, and when: `(class, sentence)`.
    pub raises: &'static [(&'static str, &'static str)],
    /// What users should know besides, in sentences.
    pub notes: &'static str,
    /// A doctest: lines of an interactive session in which clients have their providers' names.
    pub example: &'static str,
}

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
pub struct Composite {
    /// Its Python name.
    pub name: &'static str,
    /// The Python dataclass of the answer: a field per operation, and `retrieved_at`.
    pub record: &'static str,
    /// What it tells, in one sentence.
    pub doc: &'static str,
    /// The operations, by their Python names.
    pub parts: &'static [&'static str],
    /// What its documentation says besides.
    pub prose: Prose,
}
