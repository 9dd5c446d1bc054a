//! A provider that is a document, with code beside it where a document cannot say something.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use jiff::Timestamp;

use crate::meters::{Buckets, Sink};
use crate::service::{
    Account, Asked, Call, Facts, Login, Operation, PlannedCall, Proof, Provider, Reply, Request, Secrets, Written,
    asked_by, before,
};
use crate::signing;
use crate::spec::compile::{Checked, Checks, check};
use crate::spec::document::{Auth, Document, Field};
use crate::values::arguments::Arguments;
use crate::values::error::{Error, Kind, Result};
use crate::values::json::Json;
use crate::values::shape::Typed;
use crate::values::window::Window;

/// What a document cannot say. Whatever is not answered here, the document does.
pub trait Beside: Send + Sync {
    /// Checks of texts that the document names.
    fn checks(&self) -> Checks {
        &[]
    }

    /// Checks what an account is made of, beyond its secrets that must be there.
    fn check_account(&self, _account: &Account) -> Result<()> {
        Ok(())
    }

    /// The request for a call.
    fn request(&self, document: &Document, account: &Account, call: &Call) -> Result<Request> {
        document.request(account, call)
    }

    /// Makes a request authentic by the scheme that the document names.
    fn sign(&self, _account: &Account, _request: &mut Request, _proof: &Proof<'_>) -> Result<()> {
        Err(Error::new(
            Kind::Internal,
            "the document names a scheme of signing that nobody knows",
        ))
    }

    /// The next step of logging in.
    fn login(&self, _document: &Document, _account: &Account, _secrets: &Secrets, _: &[Reply]) -> Result<Login> {
        Ok(Login::NotNeeded)
    }

    /// Puts the readings in a reply into the sink, and returns the service's id of the request.
    fn collect(
        &self,
        document: &'static Document,
        call: &PlannedCall,
        reply: &Reply,
        fetched_at: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<Option<String>> {
        document.collect(call, reply, fetched_at, sink)
    }

    /// What was asked for, out of the document.
    fn typed(&self, document: &'static Document, call: &Call, answer: &Json<'_>) -> Result<Typed> {
        document.typed(call, answer)
    }

    /// What a call asks for, in the service's words.
    fn asked_for<'a>(&self, call: &'a Call) -> &'a str {
        call.wire()
    }
}

/// Nothing: the document says all.
pub struct Nothing;

impl Beside for Nothing {}

/// What makes JSON of an answer that is something else: a pure function of its bytes.
pub trait Reads: Send + Sync {
    /// The JSON that these bytes stand for.
    fn read(&self, body: &[u8]) -> Result<Vec<u8>>;
}

/// Readers by the names that the document has for them.
pub type Readers = BTreeMap<String, Arc<dyn Reads>>;

/// A provider that is a document.
pub struct Documented {
    name: &'static str,
    text: &'static str,
    beside: &'static dyn Beside,
    kept: OnceLock<Kept>,
    written: Option<Written>,
    readers: RwLock<Readers>,
}

impl Documented {
    /// The provider of that name, which is compiled when it is first asked something.
    pub const fn new(name: &'static str, text: &'static str, beside: &'static dyn Beside) -> Self {
        Self {
            name,
            text,
            beside,
            kept: OnceLock::new(),
            written: None,
            readers: RwLock::new(Readers::new()),
        }
    }

    /// A provider that is not built in; `digest` is its text's.
    pub fn registered(text: &str, digest: &'static str, checked: Checked, beside: &'static dyn Beside) -> Self {
        let text = text.to_owned().leak();
        let kept = Kept::of(checked);
        Self {
            name: &kept.document.name,
            text,
            beside,
            kept: OnceLock::from(kept),
            written: Some(Written { digest, text }),
            readers: RwLock::new(Readers::new()),
        }
    }

    /// Gives it functions that read its answers; those of other names stay.
    pub fn set_readers(&self, readers: Readers) {
        self.readers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(readers);
    }

    /// The function that reads the answers of an operation, where JSON needs none.
    fn reader(&self, operation: &Operation) -> Result<Option<Arc<dyn Reads>>> {
        let Some(name) = self.document().of(operation).and_then(|call| call.reader.as_ref()) else {
            return Ok(None);
        };
        let readers = self.readers.read().unwrap_or_else(PoisonError::into_inner);
        let missing = || {
            Error::invalid(format!(
                "the answers of {} are read by the function {name:?}, which is not here: register the document of {} with \
                 readers={{{name:?}: …}}",
                operation.name, self.name
            ))
        };
        readers.get(name).cloned().ok_or_else(missing).map(Some)
    }

    /// A reply as one text of JSON; that of a refusal stays what it is.
    fn as_json<'r>(&self, call: &Call, reply: &'r Reply) -> Result<Cow<'r, Reply>> {
        let body = match (self.reader(call.operation)?, reply.pages().as_slice()) {
            (Some(reader), _) if reply.is_success() => reader.read(&reply.body)?,
            (_, pages @ [_, ..]) => self.document().merge(call, pages)?,
            _ => return Ok(Cow::Borrowed(reply)),
        };
        let (status, headers) = (reply.status, reply.headers.clone());
        Ok(Cow::Owned(Reply { status, headers, body }))
    }

    fn kept(&self) -> &Kept {
        self.kept.get_or_init(|| match check(self.text, self.beside.checks()) {
            Ok(checked) => Kept::of(checked),
            // The tests check all of them.
            Err(mistakes) => unreachable!("{}: {mistakes:?}", self.name),
        })
    }

    /// Its document.
    pub fn document(&self) -> &'static Document {
        self.kept().document
    }
}

/// What lives as long as the process.
struct Kept {
    document: &'static Document,
    facts: &'static Facts,
    rotating: &'static [&'static str],
    bearer: &'static [&'static str],
}

impl Kept {
    fn of(checked: Checked) -> Self {
        let (document, facts) = checked.keep();
        let names = |is_meant: fn(&Field) -> bool| -> &'static [&'static str] {
            let fields = document.account.iter().filter(|(_, field)| is_meant(field));
            fields.map(|(name, _)| name.as_str()).collect::<Vec<_>>().leak()
        };
        Self {
            document,
            facts,
            rotating: names(|field| field.rotates),
            bearer: names(|field| field.bearer),
        }
    }
}

impl Provider for Documented {
    fn name(&self) -> &'static str {
        self.name
    }

    fn written(&self) -> Option<Written> {
        self.written
    }

    fn facts(&self) -> &'static Facts {
        self.kept().facts
    }

    fn rotating(&self) -> &'static [&'static str] {
        self.kept().rotating
    }

    fn bearer(&self) -> &'static [&'static str] {
        self.kept().bearer
    }

    fn check_account(&self, account: &Account) -> Result<()> {
        self.beside.check_account(account)?;
        self.document().check_account(account)
    }

    fn request(&self, account: &Account, call: &Call) -> Result<Request> {
        // What nobody could read is not asked.
        self.reader(call.operation)?;
        self.beside.request(self.document(), account, call)
    }

    fn sign(&self, account: &Account, request: &mut Request, proof: &Proof<'_>) -> Result<()> {
        let fixed = self.document().headers.iter();
        request
            .headers
            .extend(fixed.map(|(name, word)| (name.as_str(), word.clone())));
        match &self.document().auth {
            Some(Auth::Headers(headers)) => {
                for (name, secret) in headers {
                    let word = proof.secrets.get(secret)?.expose().to_owned();
                    request.headers.push((name, word));
                }
            }
            Some(Auth::Bearer(secret)) => signing::bearer(request, proof.secrets.get(secret)?),
            Some(Auth::Basic { user, password }) => {
                let user = account.setting(user).unwrap_or_default();
                signing::basic(request, user, proof.secrets.get(password)?);
            }
            Some(Auth::ClientCredentials(of)) => {
                let missing = || Error::new(Kind::Internal, "no token was fetched");
                match of.ready.as_ref().filter(|_| of.is_ready(account)) {
                    Some(ready) => signing::bearer(request, proof.secrets.get(ready)?),
                    None => signing::bearer(request, proof.token.ok_or_else(missing)?),
                }
            }
            Some(Auth::Scheme(_)) | None => return self.beside.sign(account, request, proof),
        }
        Ok(())
    }

    fn login(&self, account: &Account, secrets: &Secrets, answers: &[Reply]) -> Result<Login> {
        match &self.document().auth {
            Some(Auth::ClientCredentials(of)) => self.document().login(of, account, secrets, answers),
            _ => self.beside.login(self.document(), account, secrets, answers),
        }
    }

    fn asked_for<'a>(&self, call: &'a Call) -> &'a str {
        self.beside.asked_for(call)
    }

    fn request_id(&self, reply: &Reply, document: &Json<'_>) -> Option<String> {
        self.document().request_id(reply, document)
    }

    fn answer<'b>(&self, call: &Call, reply: &'b Reply) -> Result<Json<'b>> {
        match self.as_json(call, reply)? {
            Cow::Borrowed(reply) => self.document().answer(call, reply),
            Cow::Owned(reply) => self.document().answer(call, &reply).map(Json::into_owned),
        }
    }

    fn typed(&self, call: &Call, document: &Json<'_>) -> Result<Typed> {
        self.beside.typed(self.document(), call, document)
    }

    fn asked(&self, selection: &Arguments) -> Result<Vec<Asked>> {
        self.document().asked(self.facts(), selection)
    }

    fn asked_by(&self, call: &Call, at: Timestamp) -> Result<Option<(Asked, Window)>> {
        let mut found = asked_by(self.facts(), call, at)?;
        if let (Some((asked, _)), Some(buckets)) = (&mut found, self.document().buckets_asked(call))
            && asked.buckets != Buckets::Window
        {
            asked.buckets = buckets;
        }
        if let (Some((_, window)), Some(time)) = (&mut found, self.document().time_before_now(call)) {
            *window = before(at, time)?;
        }
        Ok(found)
    }

    fn is_paged(&self, call: &Call) -> bool {
        self.document().is_paged(call)
    }

    fn next(&self, asked: &Call, latest: &Call, whole: &Json<'_>) -> Result<Option<Call>> {
        self.document().next(self, asked, latest, whole)
    }

    fn join(&self, asked: &Call, whole: &mut Json<'static>, page: Json<'static>) -> Result<()> {
        self.document().join(asked, whole, page)
    }

    fn collect(
        &self,
        call: &PlannedCall,
        reply: &Reply,
        fetched_at: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<Option<String>> {
        let reply = self.as_json(&call.call, reply)?;
        self.beside.collect(self.document(), call, &reply, fetched_at, sink)
    }
}
