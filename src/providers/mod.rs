//! The providers: what each service offers, how a question becomes a request, and what its answers mean.
//!
//! A provider is pure: same input, same output; no clock, no network, no globals. Each has the same five files:
//! `mod.rs` (what it is), `query.rs` (question to request), `model.rs` (the wire), `read.rs` (bytes to values or error),
//! `meters.rs` (what it measures, and values to readings; Volcengine's many rows have `readings.rs` for the latter).
//! What an answer of any of them says of itself is read in `envelope.rs`.

pub mod devicewise;
mod envelope;
pub mod ricoh;
pub mod sora;
#[cfg(test)]
mod testing;
pub mod uipath;
pub mod volcengine;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::meters::{Sink, Source, Takes};
use crate::plan::{Asked, PlannedCall};
use crate::values::arguments::{Argument, Arguments, Value};
use crate::values::error::{Error, Kind, Result};
use crate::values::json::{At, Json};
use crate::values::secret::Secret;
use crate::values::shape::{Holds, Typed};
use crate::values::text::hex;
use crate::values::window::{Instant, Window, parse_http_date};

/// All providers: the one list.
pub static REGISTRY: &[&dyn Provider] = &[
    &sora::Sora,
    &ricoh::Ricoh,
    &uipath::UiPath,
    &devicewise::DeviceWise,
    &volcengine::Volcengine,
];

/// The provider of that name.
pub fn provider(name: &str) -> Option<&'static dyn Provider> {
    REGISTRY.iter().copied().find(|provider| provider.facts().name == name)
}

/// One service family: everything about it that does not need the network.
pub trait Provider: Send + Sync {
    /// What it is: names, accounts, operations, limits, pages.
    fn facts(&self) -> &'static Facts;

    /// The settings that may change while the process runs, together with the secrets that belong to them.
    fn rotating(&self) -> &'static [&'static str] {
        &[]
    }

    /// The secrets that are sent behind `Bearer`, and are taken without that word.
    fn bearer(&self) -> &'static [&'static str] {
        &[]
    }

    /// Checks what an account is made of, beyond the table of its settings.
    fn check_account(&self, account: &Account) -> Result<()>;

    /// The request for a call: unsigned, and made anew for every attempt.
    fn request(&self, account: &Account, call: &Call) -> Result<Request>;

    /// Makes a request authentic.
    fn sign(&self, account: &Account, request: &mut Request, proof: &Proof<'_>) -> Result<()>;

    /// The next step of logging in, given the answers to the earlier ones; for accounts that sign with a token or a
    /// session that must be fetched first.
    fn login(&self, _account: &Account, _secrets: &Secrets, _answers: &[Reply]) -> Result<Login> {
        Ok(Login::NotNeeded)
    }

    /// What a call asks for, in the service's words: of a generic operation, what the caller named.
    fn asked_for<'a>(&self, call: &'a Call) -> &'a str {
        call.wire()
    }

    /// The service's id of the request that a document answers.
    fn request_id(&self, reply: &Reply, _document: &Json<'_>) -> Option<String> {
        reply.request_id()
    }

    /// What a reply says: the document, or the error that it carries, whatever its status.
    fn answer<'b>(&self, call: &Call, reply: &'b Reply) -> Result<Json<'b>>;

    /// The part of a document that holds what was asked for, read by the operation's shape.
    fn typed(&self, call: &Call, document: &Json<'_>) -> Result<Typed> {
        call.operation.returns.read(&At::root(document))
    }

    /// Which sources a selection takes, and with which arguments; `selection` was checked against
    /// [`Facts::selection`]. A provider without meters has none.
    fn asked(&self, _selection: &Arguments) -> Result<Vec<Asked>> {
        Ok(Vec::new())
    }

    /// What a native call asks for, as a plan has it: all meters of its source, and the range; nothing where it is no
    /// source of readings. `at` is the time of its answer.
    fn asked_by(&self, call: &Call, at: Timestamp) -> Result<Option<(Asked, Window)>> {
        asked_by(self.facts(), call, at)
    }

    /// The call for what comes after the pages so far, where rows come in pages and the caller of `asked` named none:
    /// `latest` is the last call that was made, and `whole` what all of them gave.
    fn next(&self, _asked: &Call, _latest: &Call, _whole: &Json<'_>) -> Result<Option<Call>> {
        Ok(None)
    }

    /// Puts the rows of a further page behind those of the earlier ones.
    fn join(&self, _asked: &Call, _whole: &mut Json<'static>, _page: Json<'static>) -> Result<()> {
        Ok(())
    }

    /// The readings in a document, and remarks on it. `fetched_at` is the service's time of the answer, or ours.
    /// Readings that start outside the call's window are left to the caller to drop.
    fn readings(
        &self,
        _call: &PlannedCall,
        _document: &Json<'_>,
        _fetched_at: Timestamp,
        _sink: &mut dyn Sink,
    ) -> Result<()> {
        Ok(())
    }
}

/// What a call asks for, by the table of sources; the day before its answer where it names no range.
fn asked_by(facts: &Facts, call: &Call, at: Timestamp) -> Result<Option<(Asked, Window)>> {
    let mut sources = facts.sources.iter();
    let Some(source) = sources.find(|source| source.operation == call.operation.name) else {
        return Ok(None);
    };
    let given = call
        .arguments
        .iter()
        .map(|(name, value)| (name.to_owned(), value.clone()));
    let asked = Asked::of(source, (0..source.meters.len()).collect(), given.collect());
    let window = match source.takes {
        Takes::Range(start, end) => call.arguments.window(start, end)?,
        Takes::YearMonth => month(call)?,
        Takes::Nothing => None,
    };
    let window = match window {
        Some(window) => window,
        None => before(at, SignedDuration::from_hours(24))?,
    };
    Ok(Some((asked, window)))
}

/// The month (UTC) that `year` and `month` name.
fn month(call: &Call) -> Result<Option<Window>> {
    let number = |name: &str| call.arguments.whole(name);
    let (Some(year), Some(month)) = (number("year"), number("month")) else {
        return Ok(None);
    };
    let (Ok(year), Ok(month)) = (i16::try_from(year), i8::try_from(month)) else {
        return Ok(None);
    };
    let Ok(first) = jiff::civil::Date::new(year, month, 1) else {
        return Ok(None);
    };
    let Ok(next) = first.last_of_month().tomorrow() else {
        return Ok(None);
    };
    Window::new(Instant::midnight(first)?, Instant::midnight(next)?).map(Some)
}

/// So much time before a moment.
fn before(at: Timestamp, time: SignedDuration) -> Result<Window> {
    let start = at.checked_sub(time).unwrap_or(Timestamp::MIN);
    Window::new(Instant::utc(start), Instant::utc(at))
}

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

/// An account: one set of credentials at one provider, without the secrets themselves.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its label.
    pub name: String,
    /// The service's address: checked, and without a slash at the end.
    pub base_url: String,
    /// Its settings, checked against [`Facts::settings`].
    pub settings: Arguments,
    /// The names of the secrets it has.
    pub secrets: Vec<&'static str>,
}

impl Account {
    /// The setting of that name.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.text(name)
    }

    /// What tells it from another account of the same name: a digest of its address and settings.
    pub fn identity(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(&self.base_url);
        for (name, value) in self.settings.iter() {
            digest.update(format!("\n{name}={value:?}"));
        }
        let mut identity = hex(&digest.finalize());
        identity.truncate(16);
        identity
    }

    /// True if it has the secret of that name.
    pub fn has(&self, name: &str) -> bool {
        self.secrets.contains(&name)
    }
}

/// The words behind an account's secrets, as they are now.
#[derive(Debug, Clone, Default)]
pub struct Secrets(pub Vec<(&'static str, Secret)>);

impl Secrets {
    /// The secret of that name.
    pub fn get(&self, name: &str) -> Result<&Secret> {
        let found = self.0.iter().find(|(key, _)| *key == name).map(|(_, secret)| secret);
        found.ok_or_else(|| Error::new(Kind::Internal, format!("the account has no {name}")))
    }
}

/// One request to a provider, as it was asked for.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is asked.
    pub operation: &'static Operation,
    /// With which arguments, checked against the operation's table.
    pub arguments: Arguments,
}

impl Call {
    /// A call of this operation, with what the caller passed.
    pub fn new(provider: &dyn Provider, operation: &str, given: Vec<(String, Value)>) -> Result<Self> {
        let facts = provider.facts();
        let known = facts.operations.iter().find(|known| known.name == operation);
        let operation = known.ok_or_else(|| {
            let hint = crate::values::text::did_you_mean(operation, facts.operations.iter().map(|known| known.name));
            Error::invalid(format!("{} has no operation {operation:?}{hint}", facts.name))
        })?;
        let arguments = Arguments::check(&format!("{}()", operation.name), operation.arguments, given)?;
        if let Some((start, end)) = operation.range {
            arguments.window(start, end)?;
        }
        Ok(Self { operation, arguments })
    }

    /// The service's name of what is asked, for messages.
    pub fn wire(&self) -> &'static str {
        self.operation.wire
    }
}

/// The HTTP methods that the providers use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

/// A request, ready to be signed and sent. It has no `Debug`, since it may hold secrets.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: String,
    /// Headers besides `Host`, `Content-Length` and `Accept-Encoding`.
    pub headers: Vec<(&'static str, String)>,
    /// The body, exactly as it is sent and signed.
    pub body: Vec<u8>,
}

impl Request {
    /// A `GET` that wants JSON.
    pub fn get(url: String) -> Self {
        Self {
            method: Method::Get,
            url,
            headers: vec![("accept", "application/json".to_owned())],
            body: Vec::new(),
        }
    }

    /// A `POST` without a body.
    pub fn post(url: String) -> Self {
        Self {
            method: Method::Post,
            ..Self::get(url)
        }
    }

    /// A `POST` of JSON.
    pub fn post_json(url: String, body: &serde_json::Value) -> Self {
        let mut request = Self {
            body: crate::values::text::compact(body).into_bytes(),
            ..Self::post(url)
        };
        request.headers.push(("content-type", "application/json".to_owned()));
        request
    }

    /// A `POST` of a form.
    pub fn post_form<'a>(url: String, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut request = Self {
            body: crate::values::text::query(fields).into_bytes(),
            ..Self::post(url)
        };
        request
            .headers
            .push(("content-type", "application/x-www-form-urlencoded".to_owned()));
        request
    }
}

/// What makes a request authentic: the secrets, the token or session if the account needs one, and the time.
#[derive(Debug)]
pub struct Proof<'a> {
    /// The account's secrets.
    pub secrets: &'a Secrets,
    /// What the last login granted.
    pub token: Option<&'a Secret>,
    /// The time now, by the server's clock as far as it is known.
    pub now: Timestamp,
}

/// What a login grants.
#[derive(Debug)]
pub struct Grant {
    /// The token or session.
    pub token: Secret,
    /// How long it is good for; nothing if only an error will tell.
    pub lives: Option<Duration>,
}

/// Where a login stands.
pub enum Login {
    /// The account signs without one.
    NotNeeded,
    /// This request comes next; its answer decides how it goes on.
    Send(Request),
    /// It is done.
    Granted(Grant),
}

/// Headers in which services tell their id of a request, best first.
pub const REQUEST_IDS: [&str; 4] = [
    "x-request-id",
    "x-correlation-id",
    "x-uipath-correlation-id",
    "x-tt-logid",
];

/// A complete answer: its body is decoded, and no longer than the caps allow.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers: names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The decoded body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The service's id of the request, as its headers tell it.
    pub fn request_id(&self) -> Option<String> {
        let id = REQUEST_IDS.iter().find_map(|name| self.header(name));
        id.map(|id| crate::values::text::head(id, 100))
    }

    /// The server's time when it answered.
    pub fn date(&self) -> Option<Timestamp> {
        // Two digits of a year are of this century: the date is today's.
        let reference = Timestamp::constant(2_500_000_000, 0);
        parse_http_date(self.header("date")?, reference)
    }

    /// True for 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The error that a status stands for when the body says nothing better.
    pub fn status_error(&self, message: impl Into<String>) -> Error {
        let kind = match self.status {
            300..=399 => Kind::UnexpectedRedirect,
            401 => Kind::AuthenticationFailed,
            403 => Kind::PermissionDenied,
            404 | 410 => Kind::NotFound,
            408 | 425 | 500..=599 => Kind::ServerError,
            429 => Kind::RateLimited,
            400..=499 => Kind::InvalidRequest,
            _ => Kind::UnexpectedResponse,
        };
        let error = Error::new(kind, message);
        let is_worth_repeating = matches!(self.status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 524);
        if kind == Kind::ServerError && !is_worth_repeating {
            return error.with_remedy(crate::values::error::Remedy::None);
        }
        error
    }

    /// The body as text for a message: its first characters, in one line.
    pub fn excerpt(&self, characters: usize) -> String {
        // More than is shown, so that the text is seen to be shortened.
        let start = self.body.get(..self.body.len().min(16 << 10)).unwrap_or_default();
        crate::values::text::one_line(&String::from_utf8_lossy(start), characters)
    }
}
