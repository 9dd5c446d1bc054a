//! What a document says: its blocks, as they are written, and beside them what follows from them.

#![allow(clippy::struct_excessive_bools)] // blocks are as flat here as documents write them

use std::ops::Deref;
use std::sync::{LazyLock, OnceLock};

use indexmap::IndexMap;
use serde::Deserialize as Derive;
use serde::de::{self, Deserialize, Deserializer};

use crate::meters::{Buckets, Kind as Measures, Rounding, Settles, Span, Writes};
use crate::service::{Method, Operation};
use crate::values::arguments::parse_offset;
use crate::values::error::{Kind, Remedy};
use crate::values::shape::{Holds, Shape};

/// A whole document.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    /// The version of the vocabulary.
    pub metertap_spec: u32,
    /// The provider's name in the registry.
    pub name: String,
    /// The name of its client class in Python.
    pub class: String,
    /// Its name for people.
    pub title: String,
    /// What its documentation begins with.
    pub doc: String,
    /// What users should know besides.
    pub notes: String,
    /// The service's address; nothing where every account has its own.
    pub base_url: Option<String>,
    /// The page that documents it.
    pub page: String,
    /// How many requests of one account may be under way at once; one if it is left out.
    pub concurrency: Option<usize>,
    /// How many requests one account may send in a second.
    pub per_second: Option<f64>,
    /// What an account consists of, in the order in which people read it.
    pub account: IndexMap<String, Field>,
    /// The sets of fields by which an account may be one, where there are several: it has the fields of exactly one.
    pub ways: Vec<Vec<String>>,
    /// What makes a request authentic.
    pub auth: Option<Auth>,
    /// Headers that every request has, in small letters.
    pub headers: IndexMap<String, String>,
    /// What a refusal means.
    pub fail: Fail,
    /// What a selection takes besides meters.
    pub select: IndexMap<String, Select>,
    /// The records of answers, each after those that it holds.
    pub shape: IndexMap<String, Record>,
    /// Its operations.
    pub call: Vec<Call>,
    /// Questions that several operations answer together.
    pub together: Vec<Together>,
    /// Canned answers, and what they are: the document's own tests, and what a simulator of it says.
    pub tests: Vec<Canned>,
}

impl Document {
    /// The fields of an account that is made up: what it needs, the first of its ways to be one, and what has an example.
    pub fn example_account(&self) -> Vec<(&str, String)> {
        let way = self.ways.first();
        let fields = self.account.iter().filter(|(name, field)| {
            field.needed || field.example.is_some() || way.is_some_and(|way| way.contains(name))
        });
        let example = |name: &str, field: &Field| match (&field.example, &field.default, &field.accepts) {
            (Some(example), ..) => example.clone(),
            (None, Some(Scalar::Text(text)), _) => text.clone(),
            (None, _, Accepts::OneOf(words)) => words.first().cloned().unwrap_or_default(),
            _ => format!("example-{name}"),
        };
        fields
            .map(|(name, field)| (name.as_str(), example(name, field)))
            .collect()
    }

    /// What the first canned answer that was asked for with texts selects by them.
    pub fn example_selection(&self) -> Vec<(&str, Vec<&str>)> {
        let mut found = self.tests.iter().map(|test| {
            let selects = self.select.iter().filter_map(|(name, select)| {
                let argument = if select.to.is_empty() { name } else { &select.to };
                Some((name.as_str(), test.given.get(argument)?.texts()))
            });
            selects.filter(|(_, texts)| !texts.is_empty()).collect::<Vec<_>>()
        });
        found.find(|selection| !selection.is_empty()).unwrap_or_default()
    }
}

/// A field of an account.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Field {
    /// What it is, in one sentence.
    pub doc: String,
    /// True if no account is without it.
    pub needed: bool,
    /// True if it must never show.
    pub secret: bool,
    /// True if it is sent behind `Bearer`, and taken without that word.
    pub bearer: bool,
    /// True if it may change together with the secrets.
    pub rotates: bool,
    /// Which variables the vendor's own tools use for it, best first.
    pub env: Vec<String>,
    /// What it accepts.
    pub accepts: Accepts,
    /// What it is if it is not given.
    pub default: Option<Scalar>,
    /// What it may look like, for canned answers and simulators.
    pub example: Option<String>,
}

/// What an argument accepts.
#[derive(Debug, Derive)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Accepts {
    /// A bool.
    Flag,
    /// An int between these.
    Whole(i64, i64),
    /// One of these ints.
    WholeOf(Vec<i64>),
    /// A length of a bucket that the call knows.
    Grain,
    /// A str that passes this check.
    Text(String),
    /// One of these strs.
    OneOf(Vec<String>),
    /// One or several strs, each of which passes this check.
    Texts(String),
    /// One or several of these strs.
    SomeOf(Vec<String>),
    /// A moment.
    Moment,
    /// A moment, or Unix milliseconds.
    MomentOrMilliseconds,
    /// A dict.
    Dict,
    /// Several dicts.
    Dicts,
}

impl Default for Accepts {
    fn default() -> Self {
        Self::Text("plain".to_owned())
    }
}

/// A value in a document.
#[derive(Debug, Derive)]
#[serde(untagged, expecting = "must be a string, an integer or a boolean")]
pub enum Scalar {
    /// `true` or `false`
    Flag(bool),
    /// An integer.
    Whole(i64),
    /// A string.
    Text(String),
}

/// What makes a request authentic.
#[derive(Debug, Derive)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Auth {
    /// `Authorization: Bearer` and this secret.
    Bearer(String),
    /// HTTP Basic.
    Basic {
        /// The setting that is the user name.
        user: String,
        /// The secret that is the password.
        password: String,
    },
    /// `Authorization: Bearer` and a token that is fetched by client credentials (OAuth 2).
    ClientCredentials(ClientCredentials),
    /// Headers, in small letters, and the secrets that they hold.
    Headers(IndexMap<String, String>),
    /// A scheme that is code, by its name.
    Scheme(String),
}

/// How tokens are fetched by client credentials.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct ClientCredentials {
    /// The secret that is a ready token, with which none is fetched.
    pub ready: Option<String>,
    /// The setting that is the client's id.
    pub id: String,
    /// The secret that is the client's.
    pub secret: String,
    /// The setting that says which scopes are asked for.
    pub scope: Option<String>,
    /// The path behind the account's address where tokens are fetched, with `{account.x}` in it.
    pub path: String,
    /// The setting that is another address for that.
    pub url: Option<String>,
}

/// What a refusal means.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Fail {
    /// Where the object may stand that says what failed, whatever the status; where none is named, the body itself does, of
    /// a refused status.
    pub error: Vec<Path>,
    /// The key with which such an object says whether it went well. Without it, that it is there is the failure.
    pub flag: Option<String>,
    /// The codes of what is sent as a failure and is none.
    pub fine: Vec<String>,
    /// What every answer has.
    pub envelope: Option<Path>,
    /// What is wrong where it has none, in other words than the usual ones.
    pub unanswered: Option<String>,
    /// Where the service says in words what is wrong, best first.
    pub said: Vec<Path>,
    /// Where it says more: a text, a list of texts, or those by field.
    pub also: Vec<Path>,
    /// Where its code stands, best first; of a list, the first is the code, and the others are told.
    pub code: Vec<Path>,
    /// True if it is said of a web page that it is one, in place of its beginning.
    pub names_pages: bool,
    /// True if a web page in place of JSON may be a gateway's, and says nothing of the address.
    pub gateway: bool,
    /// Where its id of the request stands, if not in a header.
    pub request_id: Option<Path>,
    /// Of which kind a failure in a 200 is that nothing else explains.
    pub in_200: Option<Kind>,
    /// What is known of refusals; the first that fits counts.
    pub when: Vec<When>,
}

/// What is known of some refusals.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// With these codes, or codes that begin with one of them and a dot; with any if there is none.
    pub code: Vec<String>,
    /// With one of these in the service's words, in any case of letters; with any words if there is none.
    pub said: Vec<String>,
    /// With these statuses, or with any.
    pub status: Vec<u16>,
    /// Of these kinds, or of any.
    pub kind: Vec<Kind>,
    /// Of these operations, or of any.
    pub call: Vec<String>,
    /// True if it is about logins, and about nothing else.
    pub login: bool,
    /// What kind of error it is, where the status does not say it.
    pub class: Option<Kind>,
    /// What helps, where that is not the usual of the kind.
    pub remedy: Option<Remedy>,
    /// How many seconds to wait, where the answer does not say it.
    pub wait: Option<u64>,
    /// True if the service's words are not passed on, since they may quote a secret.
    pub private: bool,
    /// What to do.
    pub advice: String,
}

/// An argument of a selection.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Select {
    /// What it means, in one sentence.
    pub doc: String,
    /// What it accepts.
    pub accepts: Accepts,
    /// What it is if it is not given.
    pub default: Option<Scalar>,
    /// The argument of calls that it becomes, if that has another name.
    pub to: String,
    /// True if each of its values is a call.
    pub each: bool,
    /// True if it chooses the length of a bucket.
    pub grain: bool,
    /// The longest window of a call where it is given.
    pub span: Option<Span>,
    /// What is wrong where it is not given.
    pub missing: Option<String>,
    /// The arguments that cannot be given together with it, and what is wrong then.
    pub without: IndexMap<String, String>,
}

/// A record of answers.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Record {
    /// The name of its dataclass, if that is another one.
    pub record: Option<String>,
    /// Our names of its fields, and what they hold.
    pub fields: IndexMap<String, Member>,
}

/// A field of a record.
#[derive(Debug, Derive)]
#[serde(
    untagged,
    expecting = "must be what it holds, for example \"integer\", or a table of wire and holds"
)]
pub enum Member {
    /// What it holds.
    Holds(String),
    /// The service's name of it, too, where that is another one.
    Renamed {
        /// The service's name of it.
        wire: String,
        /// What it holds.
        holds: String,
    },
}

/// Several operations that make one answer.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Together {
    /// Its Python name.
    pub name: String,
    /// The dataclass of the answer.
    pub record: String,
    /// What it tells, in one sentence.
    pub doc: String,
    /// What its documentation says besides.
    pub prose: Prose,
    /// The operations.
    pub parts: Vec<String>,
}

/// What documentation says besides what a call is and takes.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Prose {
    /// What is returned.
    pub returns: String,
    /// What is returned in place of that with `raw`.
    pub raw: String,
    /// Which exceptions mean something special here, and when.
    pub raises: IndexMap<String, String>,
    /// What users should know besides.
    pub notes: String,
    /// A doctest.
    pub example: String,
}

/// An operation.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Call {
    /// Its Python name.
    pub name: String,
    /// The service's own name of it, in which `{Name}` stands for ours as `CamelCase`.
    pub wire: String,
    /// What it tells, in one sentence.
    pub doc: String,
    /// The page that documents it, if that is another one.
    pub page: Option<String>,
    /// What its documentation says besides.
    pub prose: Prose,
    /// The HTTP method.
    pub method: Method,
    /// The path behind the account's address, with `{account.x}` and `{x}` in it; else the service's name. `{account.x|y}`
    /// is the first of these settings that there is.
    pub path: Option<String>,
    /// What the query has besides arguments.
    pub query: IndexMap<String, String>,
    /// What the body has besides arguments, by the paths of its keys, which lead no farther than `wrap` does.
    pub body: IndexMap<String, String>,
    /// Where in the body the arguments stand, if not in itself.
    pub wrap: Path,
    /// What it takes.
    pub takes: Vec<Take>,
    /// The two arguments that bound its range.
    pub range: Option<(String, String)>,
    /// How the moments of that are written.
    pub moments: Moments,
    /// Arguments of which only one may be given, whether it takes them or not.
    pub exclusive: Vec<(String, String)>,
    /// Arguments of which all that it takes are given, or none.
    pub together: Vec<String>,
    /// Groups of arguments of which exactly one is given, and that one whole.
    pub one_of: Vec<Vec<String>>,
    /// True if sending it twice may do harm.
    pub not_repeatable: bool,
    /// What it returns: `[Row]`, `integer`, `{decimal}` …; anything if it is left out.
    pub returns: String,
    /// Where in the document that is.
    pub answer: Path,
    /// Where its rows stand below that, and what they look like; nothing where the answer itself has the numbers.
    pub rows: Option<Rows>,
    /// Its numbers, of which those with a name are meters.
    pub meter: Vec<Figure>,
    /// What the names of its meters begin with.
    pub meter_prefix: String,
    /// The dimensions of meters that do not name their own; else the singular of what makes calls of their own, and the
    /// labels of rows.
    pub dimensions: Vec<String>,
    /// What the answer repeats of the question.
    pub echo: Echo,
    /// The lengths of a bucket that it knows.
    pub grain: Vec<Grain>,
    /// The zone in which its buckets begin, where a page says it, in seconds from UTC.
    #[serde(deserialize_with = "offset")]
    pub zone: Option<i32>,
    /// The vendor's zone, where the month so far may begin by it or in UTC, in seconds from UTC.
    #[serde(deserialize_with = "offset")]
    pub other_zone: Option<i32>,
    /// How readings are cut in time, where that is not by its grains.
    pub buckets: Option<Buckets>,
    /// The longest window of one call, where its grains do not say it.
    pub span: Option<Span>,
    /// The longest range of a call without buckets, in days.
    pub longest_days: Option<i64>,
    /// How many days back a range may start.
    pub history_days: Option<i64>,
    /// How many seconds before and after its piece a call asks for besides.
    pub widened: i64,
    /// True if no page says whether the end of a window belongs to it.
    pub end_unknown: bool,
    /// Whether an answer has a row for every bucket.
    pub writes: Writes,
    /// When readings are first in an answer.
    pub ready: Settles,
    /// When they are final.
    pub settles: Settles,
    /// The currency of the costs that it states.
    pub currency: Option<String>,
    /// True if it is asked only by name.
    pub by_name: bool,
    /// Its rank among the calls that a selection makes.
    pub rank: i64,
    /// The selections that ask it; any if there is none.
    pub asked_with: Vec<String>,
    /// The selections that ask another one in its place.
    pub asked_without: Vec<String>,
    /// True if it is read as a series: figures, rows and labels under our names.
    pub series: bool,
    /// How its rows come in pages.
    pub pages: Option<Pages>,
    /// The function that makes JSON of its answers where they are something else; it is registered with the document.
    pub reader: Option<String>,
    /// Its own record, if it is read as a series.
    #[serde(skip)]
    pub record: OnceLock<Shape>,
}

/// An argument that a call takes.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Take {
    /// Its Python name.
    pub name: String,
    /// What it means, in one sentence.
    pub doc: String,
    /// The service's name of it, if that is another one.
    pub wire: Option<String>,
    /// What it accepts.
    pub accepts: Accepts,
    /// True if it must be given.
    pub needed: bool,
    /// What it is if it is not given.
    pub default: Option<Scalar>,
    /// True if its numbers travel as strings.
    pub as_text: bool,
    /// True if it stands in the path.
    #[serde(skip)]
    pub is_in_path: bool,
}

/// How the moments of a range are written.
#[derive(Debug, Clone, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Moments {
    /// In which notation.
    pub format: Format,
    /// The setting that chooses the UTC offset in place of UTC, if it is there.
    pub offset_of: Option<String>,
    /// The seconds that are taken from the end, of which the service thinks as included.
    pub end_takes: i64,
    /// What happens to fractions of its smallest unit.
    pub fractions: Fractions,
}

/// The notation of a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Derive)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// RFC 3339, in the offset of the caller.
    #[default]
    Offset,
    /// RFC 3339 in UTC, with `Z`.
    Utc,
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// The day in UTC, as `YYYY-MM-DD`; a moment within a day is refused.
    Date,
}

/// What happens to fractions of the smallest unit of a notation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Derive)]
#[serde(rename_all = "snake_case")]
pub enum Fractions {
    /// They are refused.
    #[default]
    Refused,
    /// The range grows to whole ones.
    Outwards,
    /// They are written.
    Kept,
}

/// Where rows stand, and what they look like.
#[derive(Debug, Clone, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Rows {
    /// Where their list stands, below the answer; `*` where no page shows it: it is the answer, or the only list in it.
    pub at: Path,
    /// True if the list may be null or missing where there are none.
    pub may_be_missing: bool,
    /// The key of a row's moment: the start of its bucket. Without one a row is about the whole window.
    pub time: Option<String>,
    /// True if only the date of the moment counts: the bucket is the one that contains it.
    pub snaps: bool,
    /// The key of a list inside each row that holds the rows proper.
    pub inner: Option<String>,
    /// The texts by which rows are told apart.
    pub labels: Vec<String>,
    /// The key of the list that splits the same figures and rows.
    pub details: Option<String>,
    /// The texts by which the entries of that list are told apart.
    pub split_labels: Vec<String>,
    /// The key of a list of moments, where rows are arrays that line up with it: below `at`, however deep, or beside it if
    /// nothing is there. The keys that lead to an array say which meter it is of, or are its labels.
    pub moments: Option<String>,
    /// The argument with which the outermost of these keys is another label, and that label.
    pub split: Option<(String, String)>,
    /// What the items of these arrays hold.
    pub items: Option<String>,
    /// True if no page says how long a bucket is: the closest two moments tell it.
    pub measured: bool,
    /// How many moments an answer has at most. One that has as many, or ends early, is looked at for signs of a cut.
    pub cap: Option<usize>,
    /// Where their list stands, from the document's root.
    #[serde(skip)]
    pub list: Path,
    /// What the moment's key holds.
    #[serde(skip)]
    pub told: Option<Holds>,
    /// True if no page shows where their list stands.
    #[serde(skip)]
    pub is_anywhere: bool,
    /// What each of the labels holds.
    #[serde(skip)]
    pub texts: Vec<Label>,
}

/// What a label holds.
#[derive(Debug, Clone, Default)]
pub struct Label {
    /// What we call it.
    pub name: String,
    /// True if every row has it.
    pub needed: bool,
    /// True if it is a string, and no number.
    pub is_text: bool,
}

/// Those of an answer that has none.
pub static NO_ROWS: LazyLock<Rows> = LazyLock::new(Rows::default);

/// A number of a row, or of the answer.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Figure {
    /// The service's name of it; empty for an answer that is the number, `*` for any array.
    pub value: String,
    /// The key of the answer's own figure for its whole range.
    pub total: Option<String>,
    /// Its unit.
    pub unit: String,
    /// The power of ten by which the service's number is multiplied to be in that unit: -2 for cents.
    pub scale: i32,
    /// The labels, and what they must be in a row that has this number.
    pub when: IndexMap<String, String>,
    /// True if it may be missing.
    pub optional: bool,
    /// The name of its meter, if it is one; figures of the same name are one, told apart by their labels.
    pub name: Option<String>,
    /// Dimensions that are the same for all of its readings, and what they are.
    pub labels: IndexMap<String, String>,
    /// What its meter is, in one sentence.
    pub doc: String,
    /// What kind of number it is.
    pub kind: Option<Measures>,
    /// What was done to it before it reached us.
    pub rounding: Rounding,
    /// The columns that tell its readings apart, if they are its own.
    pub dimensions: Option<Vec<String>>,
    /// How its readings become those of a longer time, where that does not follow from its kind.
    pub over_time: Option<Combine>,
    /// How those of several labels become one, where that does not follow from its kind.
    pub over_labels: Option<Combine>,
    /// What it holds: a count or any number.
    #[serde(skip)]
    pub holds: Option<Holds>,
    /// True if it may be null.
    #[serde(skip)]
    pub is_nullable: bool,
    /// The places of the labels in `when` among those of a row, and what they must be.
    #[serde(skip)]
    pub only: Vec<(usize, String)>,
    /// Its meter's place in the source.
    #[serde(skip)]
    pub meter: Option<usize>,
}

/// A canned answer, and the readings or the error that it is.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Canned {
    /// The call that it answers.
    pub call: String,
    /// The arguments of that call.
    pub given: IndexMap<String, Given>,
    /// When it came; the end of the range if it is left out.
    pub at: Option<String>,
    /// Its HTTP status; 200 if it is left out.
    pub status: Option<u16>,
    /// Its headers.
    pub headers: IndexMap<String, String>,
    /// Its body; of an answer in pages, the body of each.
    pub answer: Vec<String>,
    /// The readings in it: the meter, the start, the quantity as text, and dimensions that are not null.
    pub readings: Vec<IndexMap<String, String>>,
    /// The class of the error that it is, if it has no readings for that.
    pub error: Option<Kind>,
}

/// An argument in a document.
#[derive(Debug, Derive)]
#[serde(untagged, expecting = "must be a string, an integer, a boolean or a list of strings")]
pub enum Given {
    /// One value.
    One(Scalar),
    /// Several.
    Several(Vec<String>),
}

impl Given {
    /// The texts that it is; none where it is something else.
    fn texts(&self) -> Vec<&str> {
        match self {
            Self::One(Scalar::Text(text)) => vec![text],
            Self::One(_) => Vec::new(),
            Self::Several(texts) => texts.iter().map(String::as_str).collect(),
        }
    }
}

/// How numbers become one.
#[derive(Debug, Derive)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Their sum.
    Add,
    /// Their sum among readings with the same value of this dimension.
    AddWithin(String),
    /// The largest.
    Max,
    /// The latest.
    Last,
    /// None of these is right.
    Refuse,
}

/// The keys in which an answer repeats the question.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Echo {
    /// The start of the range.
    pub start: Option<String>,
    /// Its end.
    pub end: Option<String>,
    /// The length of a bucket, and the argument that asked for it.
    pub grain: Option<(String, String)>,
}

/// A length of a bucket.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Grain {
    /// In seconds.
    pub every: i64,
    /// The argument's value that asks for it, where that is a word.
    pub word: Option<String>,
    /// The longest range.
    pub span: Option<Span>,
    /// The longest range if rows are split, in seconds.
    pub split: Option<i64>,
    /// What the query has besides with it, such as the largest page.
    pub query: IndexMap<String, String>,
    /// True if it is the one that is meant where none is chosen; else the last one is.
    pub usual: bool,
}

/// How rows come in pages.
#[derive(Debug, Default, Derive)]
#[serde(deny_unknown_fields, default)]
pub struct Pages {
    /// The argument that names a page, counted from 1.
    pub number: String,
    /// The argument that says how many rows a page has.
    pub size: String,
    /// Rows per page unless asked otherwise.
    pub usual: i64,
    /// Where the answer says how many rows there are.
    pub total: Path,
    /// Where it says how many a page has.
    pub told: Path,
    /// Where it says how to ask for the next page, where pages have no numbers: a text, or an address.
    pub next: Path,
    /// The arguments that are filled by that: by the text itself, or by what the address has for them in its query.
    pub fills: Vec<String>,
    /// Where it says whether there is a next page, if that decides.
    pub more: Path,
}

/// Keys that lead to a place in an answer, written with dots between.
#[derive(Debug, Clone, Default)]
pub struct Path(pub Vec<String>);

impl Deref for Path {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let parts = text.split('.').filter(|part| !part.is_empty());
        Ok(Self(parts.map(str::to_owned).collect()))
    }
}

/// The seconds of a UTC offset such as `+08:00`.
fn offset<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i32>, D::Error> {
    let text = String::deserialize(from)?;
    let found = parse_offset(&text).map(|offset| Some(offset.seconds()));
    found.ok_or_else(|| de::Error::custom(format!("must be a UTC offset like \"+08:00\", not {text:?}")))
}

impl Document {
    /// How an operation is asked and read.
    pub fn of(&self, operation: &Operation) -> Option<&Call> {
        self.call.iter().find(|call| call.name == operation.name)
    }

    /// True if no selection asks both calls: what asks the one leaves out the other.
    pub fn are_apart(&self, one: &Call, other: &Call) -> bool {
        let (ones, others) = (&one.asked_with, &other.asked_with);
        let excludes = |one: &String, other: &String| {
            let select = self.select.get(one);
            select.is_some_and(|select| select.without.contains_key(other))
        };
        let any_excludes = |one: &String| others.iter().all(|other| excludes(one, other) || excludes(other, one));
        let replaces = |with: &[String], without: &[String]| with.iter().all(|name| without.contains(name));
        !others.is_empty() && replaces(others, &one.asked_without)
            || !ones.is_empty() && replaces(ones, &other.asked_without)
            || !ones.is_empty() && !others.is_empty() && ones.iter().all(any_excludes)
    }
}

impl Take {
    /// The service's name of it.
    pub fn wire(&self) -> &str {
        self.wire.as_deref().unwrap_or(&self.name)
    }
}

impl Figure {
    /// The key of the number; that of the answer's own figure where no row has it.
    pub fn key(&self) -> &str {
        match self.total.as_deref() {
            Some(total) if self.value.is_empty() => total,
            _ => &self.value,
        }
    }
}

impl Member {
    /// The service's name of it, and what it holds.
    pub fn parts<'m>(&'m self, name: &'m str) -> (&'m str, &'m str) {
        match self {
            Self::Holds(holds) => (name, holds),
            Self::Renamed { wire, holds } => (wire, holds),
        }
    }
}

impl Call {
    /// What it measures: its numbers that are meters.
    pub fn meters(&self) -> impl Iterator<Item = (&Figure, &str)> {
        let named = self.meter.iter().enumerate();
        named.filter_map(|(place, figure)| {
            let name = figure.name.as_deref()?;
            let mut before = self.meter.iter().take(place);
            let is_first = !before.any(|before| before.name == figure.name);
            is_first.then_some((figure, name))
        })
    }

    /// How readings are cut in buckets of this length.
    pub fn buckets_of(&self, grain: &Grain) -> Buckets {
        Buckets::Every(grain.every, self.zone.unwrap_or_default())
    }

    /// The grain that is meant where none is chosen.
    pub fn usual_grain(&self) -> Option<&Grain> {
        self.grain.iter().find(|grain| grain.usual).or(self.grain.last())
    }
}
