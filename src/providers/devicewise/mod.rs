//! What the document of deviceWISE cannot say: sessions, which commands only read, and the record of a history.

mod history;
mod session;

use super::documented::Beside;
use crate::service::{Account, Call, Login, Proof, Reply, Request, Secrets};
use crate::spec::compile::Checks;
use crate::spec::document::Document;
use crate::values::error::{Error, Result};
use crate::values::json::Json;
use crate::values::shape::Typed;
use crate::values::text::head;

/// What is said in TR50.
pub struct Tr50;

/// The last words of commands that only read.
const READING: &str = "list, find, history, info, usage, report, search, get, aggregate, highest, ping, rate_limit";

/// Accepts the name of a command that only reads.
pub fn read_command(command: &str) -> std::result::Result<(), String> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    let last = command.rsplit('.').next().unwrap_or_default();
    if command.bytes().all(sound) && READING.split(", ").any(|word| word == last) {
        return Ok(());
    }
    let command = head(command, 60);
    Err(format!(
        "must be a command that only reads (its last word is one of {READING}), not {command:?}"
    ))
}

impl Beside for Tr50 {
    fn checks(&self) -> Checks {
        &[("read_command", read_command)]
    }

    fn check_account(&self, account: &Account) -> Result<()> {
        let is_more = account.setting("org_key").is_some() || account.has("mfa_code");
        if is_more && account.setting("username").is_none() {
            return Err(Error::invalid(
                "org_key and mfa_code go with username and password: only a user's session has a second factor and can \
                 change its organisation",
            ));
        }
        Ok(())
    }

    fn sign(&self, account: &Account, request: &mut Request, proof: &Proof<'_>) -> Result<()> {
        match proof.token {
            Some(session) if !account.has("session_id") => session::enter(request, session),
            _ => session::enter(request, proof.secrets.get("session_id")?),
        }
    }

    fn login(&self, document: &Document, account: &Account, secrets: &Secrets, answers: &[Reply]) -> Result<Login> {
        if account.has("session_id") {
            return Ok(Login::NotNeeded);
        }
        session::log_in(document, account, secrets, answers)
    }

    fn asked_for<'a>(&self, call: &'a Call) -> &'a str {
        call.arguments.text("command").unwrap_or(call.operation.wire)
    }

    fn typed(&self, document: &'static Document, call: &Call, answer: &Json<'_>) -> Result<Typed> {
        history::typed(document, call, answer)
    }
}
