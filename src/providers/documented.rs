//! A provider that is a document, with code beside it where a document cannot say something.

use std::sync::OnceLock;

use jiff::Timestamp;

use crate::meters::{Buckets, Sink};
use crate::service::{
    Account, Asked, Call, Facts, Login, PlannedCall, Proof, Provider, Reply, Request, Secrets, asked_by,
};
use crate::signing;
use crate::spec::Arena;
use crate::spec::compile::{Checks, compile};
use crate::spec::document::{AuthOf, Document};
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
    fn login(&self, _account: &Account, _secrets: &Secrets, _answers: &[Reply]) -> Result<Login> {
        Ok(Login::NotNeeded)
    }

    /// What a call asks for, in the service's words.
    fn asked_for<'a>(&self, call: &'a Call) -> &'a str {
        call.wire()
    }
}

/// Nothing: the document says all.
pub struct Nothing;

impl Beside for Nothing {}

/// A provider that is a document.
pub struct Documented {
    name: &'static str,
    text: &'static str,
    beside: &'static dyn Beside,
    compiled: OnceLock<&'static Document>,
}

impl Documented {
    /// The provider of that name, which is compiled when it is first asked something.
    pub const fn new(name: &'static str, text: &'static str, beside: &'static dyn Beside) -> Self {
        Self {
            name,
            text,
            beside,
            compiled: OnceLock::new(),
        }
    }

    /// Its document.
    pub fn document(&self) -> &'static Document {
        self.compiled.get_or_init(|| {
            let arena: &'static Arena = Box::leak(Box::default());
            match compile(self.text, self.beside.checks(), arena) {
                Ok(document) => arena.one(document),
                // The tests compile all of them.
                Err(mistakes) => unreachable!("{}: {mistakes:?}", self.name),
            }
        })
    }
}

impl Provider for Documented {
    fn name(&self) -> &'static str {
        self.name
    }

    fn facts(&self) -> &'static Facts {
        &self.document().facts
    }

    fn rotating(&self) -> &'static [&'static str] {
        self.document().rotating
    }

    fn bearer(&self) -> &'static [&'static str] {
        self.document().bearer
    }

    fn check_account(&self, account: &Account) -> Result<()> {
        let document = self.document();
        self.beside.check_account(account)?;
        match document.needed.iter().find(|secret| !account.has(secret)) {
            None => Ok(()),
            Some(secret) => {
                let article = if secret.starts_with(['a', 'e', 'i', 'o', 'u']) {
                    "an"
                } else {
                    "a"
                };
                Err(Error::invalid(format!(
                    "{} needs {article} {secret}",
                    document.facts.title
                )))
            }
        }
    }

    fn request(&self, account: &Account, call: &Call) -> Result<Request> {
        self.beside.request(self.document(), account, call)
    }

    fn sign(&self, account: &Account, request: &mut Request, proof: &Proof<'_>) -> Result<()> {
        match self.document().auth {
            AuthOf::Bearer(secret) => signing::bearer(request, proof.secrets.get(secret)?),
            AuthOf::Basic(user, password) => {
                signing::basic(
                    request,
                    account.setting(user).unwrap_or_default(),
                    proof.secrets.get(password)?,
                );
            }
            AuthOf::Scheme(_) => return self.beside.sign(account, request, proof),
        }
        Ok(())
    }

    fn login(&self, account: &Account, secrets: &Secrets, answers: &[Reply]) -> Result<Login> {
        self.beside.login(account, secrets, answers)
    }

    fn asked_for<'a>(&self, call: &'a Call) -> &'a str {
        self.beside.asked_for(call)
    }

    fn request_id(&self, reply: &Reply, document: &Json<'_>) -> Option<String> {
        self.document().request_id(reply, document)
    }

    fn answer<'b>(&self, call: &Call, reply: &'b Reply) -> Result<Json<'b>> {
        self.document().answer(call, reply)
    }

    fn typed(&self, call: &Call, document: &Json<'_>) -> Result<Typed> {
        self.document().typed(call, document)
    }

    fn asked(&self, selection: &Arguments) -> Result<Vec<Asked>> {
        self.document().asked(selection)
    }

    fn asked_by(&self, call: &Call, at: Timestamp) -> Result<Option<(Asked, Window)>> {
        let document = self.document();
        let mut found = asked_by(&document.facts, call, at)?;
        if let (Some((asked, _)), Some(buckets)) = (&mut found, document.buckets_of(call))
            && asked.buckets != Buckets::Window
        {
            asked.buckets = buckets;
        }
        Ok(found)
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
        self.document().collect(call, reply, fetched_at, sink)
    }
}
