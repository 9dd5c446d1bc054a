//! What a document says, compiled: the tables that every room reads, and beside each operation how it is asked and read.

use std::time::Duration;

use crate::meters::{Buckets, Span};
use crate::service::{FactsOf, Method};
use crate::values::error::{Kind, Remedy};
use crate::values::shape::HoldsOf;

/// A compiled document.
#[derive(Debug, Clone, Copy)]
pub struct DocumentOf<'a> {
    /// What everybody may know of it.
    pub facts: FactsOf<'a>,
    /// The secrets that are sent behind `Bearer`, and are taken without that word.
    pub bearer: &'a [&'a str],
    /// The settings that may change together with the secrets.
    pub rotating: &'a [&'a str],
    /// The secrets without which there is no account.
    pub needed: &'a [&'a str],
    /// What makes a request authentic.
    pub auth: AuthOf<'a>,
    /// What a refusal means.
    pub fail: FailOf<'a>,
    /// What a selection does, beside [`FactsOf::selection`].
    pub select: &'a [SelectOf<'a>],
    /// How each operation is asked and read, beside [`FactsOf::operations`].
    pub calls: &'a [CallOf<'a>],
}

/// One that lives as long as the process.
pub type Document = DocumentOf<'static>;

/// What makes a request authentic.
#[derive(Debug, Clone, Copy)]
pub enum AuthOf<'a> {
    /// `Authorization: Bearer` and this secret.
    Bearer(&'a str),
    /// HTTP Basic: this setting and this secret.
    Basic(&'a str, &'a str),
    /// A scheme that is code, by its name.
    Scheme(&'a str),
}

/// What a refusal means.
#[derive(Debug, Clone, Copy)]
pub struct FailOf<'a> {
    /// The object that says what failed, whatever the status; nothing where the body itself does, of a refused status.
    pub error: Option<&'a [&'a str]>,
    /// What every answer has.
    pub envelope: Option<&'a [&'a str]>,
    /// Where the service says in words what is wrong, best first.
    pub said: &'a [&'a [&'a str]],
    /// Where its code stands, best first.
    pub code: &'a [&'a [&'a str]],
    /// Where its id of the request stands, if not in a header.
    pub request_id: Option<&'a [&'a str]>,
    /// Of which kind a failure in a 200 is that nothing else explains.
    pub in_200: Kind,
    /// What is known of refusals; the first that fits counts.
    pub when: &'a [WhenOf<'a>],
}

/// What is known of some refusals.
#[derive(Debug, Clone, Copy)]
pub struct WhenOf<'a> {
    /// With these codes, or codes that begin with one of them and a dot; with any if there is none.
    pub codes: &'a [&'a str],
    /// With these statuses, or with any.
    pub statuses: &'a [i64],
    /// Of these kinds, or of any.
    pub kinds: &'a [Kind],
    /// Of these operations, or of any.
    pub calls: &'a [&'a str],
    /// What kind of error it is, where the status does not say it.
    pub kind: Option<Kind>,
    /// What helps, where that is not the usual of the kind.
    pub remedy: Option<Remedy>,
    /// How long to wait at least.
    pub wait: Option<Duration>,
    /// What to do.
    pub advice: &'a str,
}

/// What an argument of a selection does.
#[derive(Debug, Clone, Copy)]
pub struct SelectOf<'a> {
    /// The argument of the calls that it becomes.
    pub to: &'a str,
    /// True if each of its values is a call.
    pub each: bool,
    /// True if it chooses the length of a bucket.
    pub grain: bool,
    /// The longest window of a call where it is given.
    pub span: Option<Span>,
    /// What is wrong where it is not given.
    pub missing: Option<&'a str>,
}

/// How an operation is asked and read.
#[derive(Debug, Clone, Copy)]
pub struct CallOf<'a> {
    /// The HTTP method.
    pub method: Method,
    /// The path behind the account's address, with `{account.x}` and `{x}` in it.
    pub path: &'a str,
    /// What the query has besides arguments.
    pub query: &'a [(&'a str, &'a str)],
    /// How each argument travels, beside the operation's table of them.
    pub carries: &'a [CarryOf<'a>],
    /// Arguments of which only one may be given.
    pub exclusive: &'a [(&'a str, &'a str)],
    /// Arguments of which all or none are given.
    pub together: &'a [&'a str],
    /// What a range's end means, and how exact its moments are.
    pub moments: Moments,
    /// Where in the document that is which was asked for.
    pub answer: &'a [&'a str],
    /// Where its rows stand below that, and what they look like.
    pub rows: RowsOf<'a>,
    /// Its numbers.
    pub figures: &'a [FigureOf<'a>],
    /// What the answer repeats of the question.
    pub echo: EchoOf<'a>,
    /// The lengths of a bucket that it knows.
    pub grains: &'a [GrainOf<'a>],
    /// The longest range of a call without buckets, and how far back a range may start, in seconds.
    pub reach: (Option<i64>, Option<i64>),
    /// The key of the list that splits the same figures and rows.
    pub details: Option<&'a str>,
    /// The texts by which the entries of that list are told apart.
    pub split_labels: &'a [LabelOf<'a>],
    /// True if it is read as a series: figures, rows and labels under our names.
    pub is_series: bool,
    /// How its rows come in pages.
    pub pages: Option<PagesOf<'a>>,
    /// Which selections ask it: with one of the first, and with none of the second.
    pub asked: (&'a [&'a str], &'a [&'a str]),
    /// The offset of the zone in which its buckets begin, where a page says it.
    pub zone: Option<i32>,
    /// The offset of the vendor's zone, where the month so far may begin by it or in UTC.
    pub other_zone: Option<i32>,
}

/// How an argument travels.
#[derive(Debug, Clone, Copy)]
pub struct CarryOf<'a> {
    /// The service's name of it.
    pub wire: &'a str,
    /// Where it travels.
    pub place: Place,
    /// True if its numbers travel as strings.
    pub as_text: bool,
}

/// Where an argument travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a body of JSON.
    Body,
}

/// How the moments of a range are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// In which notation.
    pub format: Format,
    /// The seconds that are taken from the end, of which the service thinks as included.
    pub end: i64,
    /// What happens to fractions of its smallest unit.
    pub fractions: Fractions,
}

/// The notation of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 3339, in the offset of the caller.
    Offset,
    /// RFC 3339 in UTC, with `Z`.
    Utc,
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
}

/// What happens to fractions of the smallest unit of a notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fractions {
    /// They are refused.
    Refused,
    /// The range grows to whole ones.
    Outwards,
    /// They are written.
    Kept,
}

/// Where rows stand, and what they look like.
#[derive(Debug, Clone, Copy)]
pub struct RowsOf<'a> {
    /// Where their list stands, from the document's root; nothing where the answer itself has the numbers.
    pub at: Option<&'a [&'a str]>,
    /// True if the list may be null or missing where there are none.
    pub may_be_missing: bool,
    /// The key of a row's moment: the start of its bucket. Without one a row is about the whole window.
    pub time: Option<&'a str>,
    /// What that key holds.
    pub told: HoldsOf<'a>,
    /// True if only the date of the moment counts: the bucket is the one that contains it.
    pub snaps: bool,
    /// The key of a list inside each row that holds the rows proper.
    pub inner: Option<&'a str>,
    /// The texts by which rows are told apart.
    pub labels: &'a [LabelOf<'a>],
}

/// A text by which rows are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelOf<'a> {
    /// The service's name of it.
    pub wire: &'a str,
    /// Our name of it.
    pub name: &'a str,
}

/// A number of a row, or of the answer.
#[derive(Debug, Clone, Copy)]
pub struct FigureOf<'a> {
    /// The service's name of it; empty for an answer that is the number.
    pub wire: &'a str,
    /// Our name of it.
    pub name: &'a str,
    /// Its unit.
    pub unit: &'a str,
    /// What it holds: a whole number or any.
    pub holds: HoldsOf<'a>,
    /// True if it may be null.
    pub is_nullable: bool,
    /// True if it may be missing.
    pub is_optional: bool,
    /// The key of the answer's own figure for its whole range.
    pub total: Option<&'a str>,
    /// The meter that it is of, by its place in the source.
    pub meter: Option<usize>,
}

/// The keys in which an answer repeats the question.
#[derive(Debug, Clone, Copy, Default)]
pub struct EchoOf<'a> {
    /// The start of the range.
    pub start: Option<&'a str>,
    /// Its end.
    pub end: Option<&'a str>,
    /// The length of a bucket.
    pub grain: Option<(&'a str, &'a str)>,
}

/// A length of a bucket.
#[derive(Debug, Clone, Copy)]
pub struct GrainOf<'a> {
    /// The argument's value that asks for it, where that is a word.
    pub word: Option<&'a str>,
    /// In seconds.
    pub seconds: i64,
    /// How readings are cut then.
    pub buckets: Buckets,
    /// The longest range.
    pub span: Span,
    /// The longest range if rows are split, in seconds.
    pub split: i64,
}

/// How rows come in pages.
#[derive(Debug, Clone, Copy)]
pub struct PagesOf<'a> {
    /// The argument that names a page, counted from 1.
    pub number: &'a str,
    /// The argument that says how many rows a page has.
    pub size: &'a str,
    /// Rows per page unless asked otherwise.
    pub usual: i64,
    /// Rows per page at most.
    pub largest: i64,
    /// True if the numbers of pages and rows travel as strings.
    pub as_text: bool,
    /// Where the answer says how many rows there are.
    pub total: &'a [&'a str],
    /// Where it says how many a page has.
    pub told: &'a [&'a str],
}

impl Document {
    /// How an operation is asked and read.
    pub fn call(&self, operation: &crate::service::Operation) -> Option<&'static CallOf<'static>> {
        let place = self
            .facts
            .operations
            .iter()
            .position(|known| known.name == operation.name)?;
        self.calls.get(place)
    }
}
