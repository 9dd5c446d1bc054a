//! What an account must have, and how one that has no token of its own gets one.

use std::time::Duration;

use super::document::{Auth, ClientCredentials, Document};
use super::request::{gaps, path};
use crate::service::{Account, Grant, Login, Reply, Request, Secrets};
use crate::values::error::{Error, Kind, Result};
use crate::values::json::Json;
use crate::values::secret::Secret;
use crate::values::text::listed;

/// How long a token is good for where its reply does not say it.
const USUAL_LIFE: Duration = Duration::from_secs(3600);
/// A life beyond this is no answer.
const LONGEST_LIFE: Duration = Duration::from_secs(366 * 86_400);

impl ClientCredentials {
    /// True if an account has a ready token.
    pub fn is_ready(&self, account: &Account) -> bool {
        self.ready.as_ref().is_some_and(|ready| account.has(ready))
    }

    /// The fields of an account that make the path where tokens are fetched.
    fn fields(&self) -> impl Iterator<Item = &str> {
        gaps(&self.path).filter_map(|gap| gap.strip_prefix("account."))
    }
}

impl Document {
    /// Refuses an account without a secret that it needs, or that is not one in exactly one of the ways that there are.
    pub fn check_account(&self, account: &Account) -> Result<()> {
        let is_given = |name: &String| account.has(name) || account.settings.get(name).is_some();
        let mut fields = self.account.iter();
        let missing = fields.find(|(name, field)| {
            let may_be_secret = field.secret || field.rotates;
            may_be_secret && field.needed && !is_given(name)
        });
        match missing {
            Some((name, field)) if !field.secret => {
                let text = format!("{} needs the argument {name:?}: {}", self.class, field.doc);
                return Err(Error::new(Kind::WrongType, text));
            }
            Some((secret, _)) => {
                let is_vowel = secret.starts_with(['a', 'e', 'i', 'o', 'u']);
                let article = if is_vowel { "an" } else { "a" };
                return Err(Error::invalid(format!("{} needs {article} {secret}", self.title)));
            }
            None => {}
        }
        let given: Vec<&String> = self.ways.iter().flatten().filter(|name| is_given(name)).collect();
        let is_it = |way: &&Vec<String>| way.iter().all(is_given) && given.iter().all(|name| way.contains(name));
        if !self.ways.is_empty() && !self.ways.iter().any(|way| is_it(&way)) {
            let ways: Vec<String> = self.ways.iter().map(|way| listed(way)).collect();
            let text = format!("{} needs exactly one of: {}", self.title, ways.join("; "));
            return Err(Error::invalid(text));
        }
        let Some(Auth::ClientCredentials(of)) = &self.auth else {
            return Ok(());
        };
        let is_elsewhere = of.url.as_ref().is_some_and(|url| account.setting(url).is_some());
        let mut missing = of.fields().filter(|name| account.setting(name).is_none());
        match missing.next().filter(|_| !is_elsewhere && !of.is_ready(account)) {
            None => Ok(()),
            Some(name) => {
                let other = of.url.as_ref().map(|url| format!(" (or {url})")).unwrap_or_default();
                let text = format!("{} needs {name}{other} to fetch tokens", self.title);
                Err(Error::invalid(text))
            }
        }
    }

    /// The next step of a login by client credentials (RFC 6749, 4.4). It gives no refresh token, so none is asked for.
    pub fn login(
        &self,
        of: &ClientCredentials,
        account: &Account,
        secrets: &Secrets,
        answers: &[Reply],
    ) -> Result<Login> {
        if of.is_ready(account) {
            return Ok(Login::NotNeeded);
        }
        if let Some(answer) = answers.last() {
            return self.grant(of, answer).map(Login::Granted);
        }
        let url = match of.url.as_ref().and_then(|url| account.setting(url)) {
            Some(url) => url.to_owned(),
            None => format!("{}/{}", account.base_url, path(&of.path, account, &account.settings)),
        };
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", account.setting(&of.id).unwrap_or_default()),
            ("client_secret", secrets.get(&of.secret)?.expose()),
        ];
        let scope = of.scope.as_ref().and_then(|scope| account.setting(scope));
        let scope = scope.map(|scope| ("scope", scope));
        Ok(Login::Send(Request::post_form(url, fields.into_iter().chain(scope))))
    }

    /// What an answer grants. Its text may hold a token, so no message repeats any of it but the standard's words.
    fn grant(&self, of: &ClientCredentials, reply: &Reply) -> Result<Grant> {
        let document = Json::parse(&reply.body);
        if !reply.is_success() {
            let document = document.unwrap_or(Json::Null);
            let id = self.request_id(reply, &document);
            return Err(self.refusal(None, &document, reply).with_request_id(id));
        }
        let failed = |problem: &str| {
            let fields = of.url.iter().map(String::as_str).chain(of.fields()).chain(["base_url"]);
            let fields: Vec<String> = fields.map(str::to_owned).collect();
            let text = format!("{problem}; check {}", listed(&fields));
            Error::new(Kind::AuthenticationFailed, text).with_request_id(reply.request_id())
        };
        let document = document.map_err(|_| {
            failed(if reply.is_web_page() {
                "the token service answered with a web page"
            } else {
                "the token service's answer is not JSON"
            })
        })?;
        let token = document.get("access_token").and_then(Json::as_text).unwrap_or_default();
        if token.is_empty() {
            return Err(failed("the token service's answer has no access_token"));
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(failed("the access_token has characters that no header can carry"));
        }
        Ok(Grant {
            token: Secret::new(token),
            lives: Some(life(&document)),
        })
    }
}

/// `expires_in` may be an integer, a float or a text of either.
fn life(document: &Json<'_>) -> Duration {
    let seconds = document.get("expires_in").and_then(Json::as_label);
    let seconds = seconds.and_then(|text| text.trim().parse().ok());
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|life| !life.is_zero() && *life <= LONGEST_LIFE)
        .unwrap_or(USUAL_LIFE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::arguments::{Accepts, Argument, Arguments, Needed, Value, plain};

    const ID: &[Argument] = &[Argument {
        name: "id",
        accepts: Accepts::Text(plain),
        needed: Needed::Optional,
        doc: "",
    }];

    #[test]
    fn an_account_is_one_in_exactly_one_way() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let document = Document {
            title: "Acme".to_owned(),
            ways: vec![names(&["token"]), names(&["id", "secret"])],
            ..Document::default()
        };
        for (id, secrets, is_one) in [
            (None, &["token"][..], true),
            (Some("me"), &["secret"], true),
            (None, &[], false),
            (None, &["secret"], false),
            (Some("me"), &[], false),
            (Some("me"), &["token"], false),
            (Some("me"), &["token", "secret"], false),
        ] {
            let given = id.map(|id| ("id".to_owned(), Value::Text(id.to_owned())));
            let account = Account {
                name: "acme".to_owned(),
                base_url: String::new(),
                settings: Arguments::check("Acme()", ID, given.into_iter().collect()).unwrap(),
                secrets: secrets.to_vec(),
            };
            match document.check_account(&account) {
                Ok(()) => assert!(is_one, "{id:?} {secrets:?}"),
                Err(error) => {
                    assert_eq!(error.message, "Acme needs exactly one of: token; id and secret");
                    assert!(!is_one, "{id:?} {secrets:?}");
                }
            }
        }
    }
}
