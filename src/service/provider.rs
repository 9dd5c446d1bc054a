//! The contract that every provider keeps.

use jiff::{SignedDuration, Timestamp};

use super::{Account, Asked, Call, Facts, Login, PlannedCall, Proof, Reply, Request, Secrets};
use crate::meters::{Sink, Takes};
use crate::values::arguments::Arguments;
use crate::values::error::Result;
use crate::values::json::{At, Json};
use crate::values::shape::Typed;
use crate::values::window::{Instant, Window};

/// All providers that there are: how rooms below the registry get at them.
pub trait Registry {
    /// The built-in provider of that name.
    fn built_in(&self, name: &str) -> Option<&'static dyn Provider>;

    /// The provider that this document describes; the same for the same text.
    fn described(&self, document: &str) -> Result<&'static dyn Provider>;
}

/// The document of a provider that is not built in: whatever is made with it carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The SHA-256 of its text, in hexadecimal digits.
    pub digest: &'static str,
    /// Its text.
    pub text: &'static str,
}

impl std::fmt::Display for Written {
    /// `document 1a2b3c4d5e6f`: enough of the digest to tell two of them apart.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "document {}", self.digest.get(..12).unwrap_or(self.digest))
    }
}

/// One service family: everything about it that does not need the network.
pub trait Provider: Send + Sync {
    /// Its name in the registry.
    fn name(&self) -> &'static str {
        self.facts().name
    }

    /// Its document, if it is not built in.
    fn written(&self) -> Option<Written> {
        None
    }

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

    /// True if the answer to a call may come in pages.
    fn is_paged(&self, _call: &Call) -> bool {
        false
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

    /// Puts the readings in a reply, and remarks on it, into the sink, and returns the service's id of the request.
    /// `fetched_at` is the service's time of the answer, or ours. Readings that start outside the call's window are left
    /// to the caller to drop; after an error, nothing that came into the sink counts. A provider without meters has none.
    fn collect(
        &self,
        _call: &PlannedCall,
        _reply: &Reply,
        _fetched_at: Timestamp,
        _sink: &mut dyn Sink,
    ) -> Result<Option<String>> {
        Ok(None)
    }
}

impl std::fmt::Debug for dyn Provider {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name())
    }
}

/// What a call asks for, by the table of sources; the day before its answer where it names no range.
pub fn asked_by(facts: &Facts, call: &Call, at: Timestamp) -> Result<Option<(Asked, Window)>> {
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
pub fn before(at: Timestamp, time: SignedDuration) -> Result<Window> {
    let start = at.checked_sub(time).unwrap_or(Timestamp::MIN);
    Window::new(Instant::utc(start), Instant::utc(at))
}
