//! The session that every packet needs: the password, the second factor if it is asked for, then the organisation.

use serde_json::{Value as Plain, json};

use crate::service::{Account, Grant, Login, Reply, Request, Secrets};
use crate::spec::document::Document;
use crate::spec::request::address;
use crate::values::error::{Error, Kind, Result};
use crate::values::json::Json;
use crate::values::secret::Secret;

/// The login after these answers.
pub fn log_in(document: &Document, account: &Account, secrets: &Secrets, answers: &[Reply]) -> Result<Login> {
    let authenticate = |params: Plain| {
        let packet = json!({ "auth": { "command": "api.authenticate", "params": params } });
        Login::Send(Request::post_json(address(&account.base_url, "api"), &packet))
    };
    let user = |password: &Secret| json!({ "username": account.setting("username"), "password": password.expose() });
    let mut answers = answers.iter();
    let Some(first) = answers.next() else {
        return Ok(authenticate(match account.setting("app_id") {
            Some(app_id) => json!({
                "appId": app_id,
                "appToken": secrets.get("app_token")?.expose(),
                "thingKey": account.setting("thing_key"),
            }),
            None => user(secrets.get("password")?),
        }));
    };
    let session = match opened(document, first) {
        Err(error) if error.kind == Kind::MfaRequired && account.has("mfa_code") => match answers.next() {
            // The code goes where the password was.
            None => return Ok(authenticate(user(secrets.get("mfa_code")?))),
            Some(second) => opened(document, second)?,
        },
        other => other?,
    };
    match (account.setting("org_key"), answers.next()) {
        (Some(organisation), None) => {
            let command = json!({ "command": "session.org.switch", "params": { "key": organisation } });
            let mut request = Request::post_json(address(&account.base_url, "api"), &json!({ "get": command }));
            enter(&mut request, &session)?;
            return Ok(Login::Send(request));
        }
        (Some(_), Some(reply)) => drop(packet(document, reply, "get")?),
        (None, _) => {}
    }
    // Whether the documented day is absolute or sliding is unknown: the error will tell.
    let (token, lives) = (session, None);
    Ok(Login::Granted(Grant { token, lives }))
}

/// Puts the session into the packet, before its command.
pub fn enter(request: &mut Request, session: &Secret) -> Result<()> {
    let packet = request.body.strip_prefix(b"{");
    let packet = packet.ok_or_else(|| Error::new(Kind::Internal, "the packet is no JSON object"))?;
    let entry = format!("{{\"auth\":{},", json!({ "sessionId": session.expose() }));
    request.body = [entry.as_bytes(), packet].concat();
    Ok(())
}

/// The packet that answers the command of that id.
fn packet<'b>(document: &Document, reply: &'b Reply, id: &str) -> Result<Json<'b>> {
    let packet = Json::parse(&reply.body).map_err(|problem| document.unreadable("", reply, problem))?;
    match document.refused("", reply, &packet) {
        Some(error) => Err(error),
        None if matches!(packet.get(id), Some(Json::Map(_))) => Ok(packet),
        None => Err(Error::unexpected(format!("$.{id}"), "the command was not answered")),
    }
}

/// The session that a login opened.
fn opened(document: &Document, reply: &Reply) -> Result<Secret> {
    let packet = packet(document, reply, "auth").map_err(refused)?;
    let mut path = ["auth", "params", "sessionId"].into_iter();
    let session = path.try_fold(&packet, |held, key| held.get(key));
    let session = session.and_then(Json::as_label).filter(|session| !session.is_empty());
    let missing = || {
        let text = "the login was accepted, but no session came with it";
        Error::unexpected("$.auth.params.sessionId", text)
    };
    session.map(Secret::new).ok_or_else(missing)
}

/// What a refused login means: which code stands for a wrong password is not published, so whatever is refused here is one.
fn refused(mut error: Error) -> Error {
    use Kind::{AuthenticationFailed, InvalidRequest, NotFound, PermissionDenied, RateLimited};
    // "Too many" is a limit only where it is not of logins: of those, each one more prolongs the lock.
    let said = error.message.to_lowercase();
    let mut words = ["login", "log in", "attempt", "locked"].into_iter();
    let is_locked = words.any(|word| said.contains(word));
    if matches!(error.kind, InvalidRequest | PermissionDenied | NotFound) || error.kind == RateLimited && is_locked {
        error.kind = AuthenticationFailed;
    }
    if error.kind == AuthenticationFailed {
        error.message = format!(
            "the login was refused ({}); check the user name and password (or app_id, app_token and thing_key); it is not \
             tried again, since eight refused logins in a row lock the user for half an hour",
            error.message
        );
    }
    error
}
