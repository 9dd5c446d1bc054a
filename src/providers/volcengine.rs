//! What the document of Volcengine Live cannot say: its signature, and the call for any other action that only reads.

use super::documented;
use crate::service::{Account, Call, Proof, Request};
use crate::signing::volcengine::Signer;
use crate::spec::compile::Checks;
use crate::spec::document::Document;
use crate::values::arguments::{Value, plain};
use crate::values::error::{Error, Result};
use crate::values::secret::Secret;
use crate::values::text;

/// What stands beside the document.
pub struct Beside;

impl documented::Beside for Beside {
    fn checks(&self) -> Checks {
        &[("key_id", key_id), ("read_action", read_action)]
    }

    fn request(&self, document: &Document, account: &Account, call: &Call) -> Result<Request> {
        let (Some(action), Some(version)) = (call.arguments.text("action"), call.arguments.text("version")) else {
            return document.request(account, call);
        };
        let query = text::query([("Action", action), ("Version", version)]);
        let url = format!("{}/?{query}", account.base_url);
        if let Some(body) = call.arguments.get("body").map(Value::to_json) {
            return Ok(Request::post_json(url, &body));
        }
        // An absent body is empty, which is something else than `{}`.
        let mut request = Request::post(url);
        request.headers.push(("content-type", "application/json".to_owned()));
        Ok(request)
    }

    fn sign(&self, account: &Account, request: &mut Request, proof: &Proof<'_>) -> Result<()> {
        let secret = |name| account.has(name).then(|| proof.secrets.get(name)).transpose();
        let access_key = secret("access_key")?
            .map(Secret::expose)
            .or(account.setting("access_key"));
        let access_key = access_key.unwrap_or_default();
        key_id(access_key).map_err(|problem| Error::invalid(format!("access_key {problem}")))?;
        let signer = Signer {
            access_key,
            secret_key: proof.secrets.get("secret_key")?,
            session_token: secret("session_token")?,
            region: account.setting("region").unwrap_or_default(),
            service: "live",
        };
        signer.sign(request, proof.now)
    }

    fn asked_for<'a>(&self, call: &'a Call) -> &'a str {
        call.arguments.text("action").unwrap_or(call.operation.wire)
    }
}

/// Accepts an access key's id. It stands in front of a slash in the signature's scope, in a list with commas.
fn key_id(text: &str) -> std::result::Result<(), String> {
    plain(text)?;
    let is_sound = |byte: u8| byte.is_ascii_graphic() && !b"/,".contains(&byte);
    if text.bytes().all(is_sound) {
        return Ok(());
    }
    Err("must be one word of ASCII characters without slash and comma".to_owned())
}

/// Accepts the name of an action that only reads.
fn read_action(action: &str) -> std::result::Result<(), String> {
    let reads = ["Describe", "List", "Get"].iter().any(|verb| action.starts_with(verb));
    if reads && action.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    let shown = text::head(action, 60);
    Err(format!(
        "must be an action that only reads (Describe…, List… or Get…), not {shown:?}"
    ))
}
