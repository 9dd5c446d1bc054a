//! The identity service: who gets a token, and what a token opens.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::{CLIENT_ID, CLIENT_SECRET, LIMITED_TOKEN, ORGANIZATION_ID, PASSWORD, TOKEN, USERNAME};
use crate::simulator::accounts;
use crate::simulator::http::{Request, Response, decode};
use crate::simulator::json;
use crate::simulator::synth;
use crate::simulator::world::World;

/// The scopes granted to the application, in the order in which they are listed.
const GRANTED: [&str; 4] = ["PM.License", "PM.License.Read", "PM.License.Write", "PM.Audit.Read"];
const OFFLINE: &str = "offline_access";
const REFRESH_LIFETIME: SignedDuration = SignedDuration::from_hours(60 * 24);
/// Keeps a client that asks for tokens in a loop from filling the memory.
const MOST_TOKENS: usize = 10_000;

/// What kind of token a caller came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bearer {
    /// A personal access token.
    Personal,
    /// An application's, from client credentials.
    App,
    /// A user's, from the password grant.
    User,
}

/// A token that is good, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub account: u32,
    pub bearer: Bearer,
    pub scopes: Vec<String>,
}

/// The tokens handed out so far.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    issued: i64,
    access: BTreeMap<String, (Timestamp, Grant)>,
    refresh: BTreeMap<String, (Timestamp, Grant)>,
}

impl Book {
    /// A new text that nobody can guess from another; the time keeps it different from those of an earlier simulator.
    fn text(&mut self, world: &World) -> String {
        self.issued += 1;
        let time = world.wall_clock().as_nanosecond();
        let time = i64::try_from(time.rem_euclid(i128::from(i64::MAX))).unwrap_or(0);
        let first = synth::draw(world.seed(), "uipath.token", self.issued);
        let second = synth::draw(world.seed(), "uipath.token.time", time);
        format!("{first:016x}{second:016x}")
    }

    fn forget(&mut self, now: Timestamp) {
        self.access.retain(|_, (until, _)| now < *until);
        self.refresh.retain(|_, (until, _)| now < *until);
        while self.access.len() >= MOST_TOKENS {
            self.access.pop_first();
        }
        while self.refresh.len() >= MOST_TOKENS {
            self.refresh.pop_first();
        }
    }
}

impl Tokens {
    /// Makes all tokens handed out so far invalid.
    pub fn expire(&self) {
        let mut book = self.lock();
        book.access.clear();
        book.refresh.clear();
    }

    /// The grant behind a request's bearer token, if it is good now.
    pub fn grant(&self, world: &World, request: &Request) -> Option<Grant> {
        let token = bearer(request)?;
        if let Some((account, scopes)) = personal(token) {
            let accepted = !world.switch_is("uipath.personal_tokens", "refused");
            return accepted.then(|| Grant {
                account,
                bearer: Bearer::Personal,
                scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            });
        }
        let now = world.wall_clock();
        let book = self.lock();
        let known = book.access.get(token).filter(|(until, _)| now < *until);
        known.map(|(_, grant)| grant.clone())
    }

    /// The account of a token, or of an application that asks for one.
    pub fn account(&self, request: &Request) -> Option<u32> {
        let Some(token) = bearer(request) else {
            return accounts::number(CLIENT_ID, form(request)?.get("client_id")?);
        };
        let known = self.lock().access.get(token).map(|(_, grant)| grant.account);
        personal(token).map(|(account, _)| account).or(known)
    }

    /// Answers at the token endpoint.
    pub fn answer(&self, world: &World, request: &Request) -> Response {
        let result = form(request)
            .ok_or("invalid_request")
            .and_then(|form| self.issue(world, request, &form));
        let (status, body) = match result {
            Ok(body) => (200, body),
            Err(error) => (400, json::object(&[("error", json::text(error))])),
        };
        Response::text(status, "application/json; charset=UTF-8", body).header("Cache-Control", "no-store")
    }

    fn issue(&self, world: &World, request: &Request, form: &BTreeMap<String, String>) -> Result<String, &'static str> {
        let is = |field: &str, value: &str| form.get(field).is_some_and(|given| given == value);
        let client_id = form.get("client_id").ok_or("invalid_client")?;
        let account = accounts::number(CLIENT_ID, client_id).ok_or("invalid_client")?;
        if !is("client_secret", &accounts::word(CLIENT_SECRET, account)) {
            return Err("invalid_client");
        }
        match form.get("grant_type").map(String::as_str) {
            Some("client_credentials") => {
                let scopes = scopes(form, &GRANTED)?;
                Ok(self.hand_out(
                    world,
                    Grant {
                        account,
                        bearer: Bearer::App,
                        scopes,
                    },
                ))
            }
            Some("refresh_token") => self.refresh(world, form),
            Some("password") => self.password(world, request, form, account),
            Some(_) => Err("unsupported_grant_type"),
            None => Err("invalid_request"),
        }
    }

    /// As the vendor's own CI code asks for it; only these tokens come with a refresh token.
    fn password(
        &self,
        world: &World,
        request: &Request,
        form: &BTreeMap<String, String>,
        account: u32,
    ) -> Result<String, &'static str> {
        if !world.switch_is("uipath.password_grant", "on") {
            return Err("unauthorized_client");
        }
        let organization = format!("tenant:{ORGANIZATION_ID}");
        let expected = [
            ("username", USERNAME),
            ("password", PASSWORD),
            ("acr_values", &organization),
        ];
        let is = |(field, value): (&str, &str)| form.get(field).is_some_and(|given| given == value);
        let of = request.header("x-uipath-internal-accountid");
        if !expected.into_iter().all(is) || of != Some(ORGANIZATION_ID) {
            return Err("invalid_grant");
        }
        let known: Vec<&str> = GRANTED.into_iter().chain([OFFLINE]).collect();
        let scopes = scopes(form, &known)?;
        let bearer = Bearer::User;
        Ok(self.hand_out(
            world,
            Grant {
                account,
                bearer,
                scopes,
            },
        ))
    }

    /// A refresh token works once.
    fn refresh(&self, world: &World, form: &BTreeMap<String, String>) -> Result<String, &'static str> {
        let token = form.get("refresh_token").ok_or("invalid_request")?;
        let spent = self.lock().refresh.remove(token);
        match spent {
            Some((until, grant)) if world.wall_clock() < until => Ok(self.hand_out(world, grant)),
            _ => Err("invalid_grant"),
        }
    }

    /// Writes the answer with a new token.
    fn hand_out(&self, world: &World, grant: Grant) -> String {
        let now = world.wall_clock();
        let (lifetime, expires_in) = lifetime(world);
        let later = |by: SignedDuration| now.checked_add(by).unwrap_or(Timestamp::MAX);
        let mut book = self.lock();
        book.forget(now);
        let access = book.text(world);
        let mut fields = vec![
            ("access_token", json::text(&access)),
            ("expires_in", expires_in),
            ("token_type", json::text("Bearer")),
            ("scope", json::text(&grant.scopes.join(" "))),
        ];
        if grant.scopes.iter().any(|scope| scope == OFFLINE) {
            let refresh = book.text(world);
            fields.push(("refresh_token", json::text(&refresh)));
            book.refresh.insert(refresh, (later(REFRESH_LIFETIME), grant.clone()));
        }
        book.access.insert(access, (later(lifetime), grant));
        json::object(&fields)
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The request's bearer token.
fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whose personal token this is, and what it opens.
fn personal(token: &str) -> Option<(u32, &'static [&'static str])> {
    let full = accounts::number(TOKEN, token).map(|account| (account, GRANTED.as_slice()));
    full.or_else(|| (token == LIMITED_TOKEN).then_some((1, ["PM.Audit.Read"].as_slice())))
}

/// The fields of a form; `None` if the body is none.
fn form(request: &Request) -> Option<BTreeMap<String, String>> {
    let content_type = request.header("content-type")?.split(';').next()?.trim();
    if !content_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return None;
    }
    let text = std::str::from_utf8(&request.body).ok()?;
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    // In a form, unlike in a path, a plus is a space.
    let spaced = |part: &str| decode(&part.replace('+', " "));
    Some(pairs.map(|(name, value)| (spaced(name), spaced(value))).collect())
}

/// The scopes asked for, each of which must have been granted by exactly that name. Without any, all that were granted;
/// that is how common identity servers do it, unverified for this one.
fn scopes(form: &BTreeMap<String, String>, granted: &[&str]) -> Result<Vec<String>, &'static str> {
    let asked: Vec<String> = form
        .get("scope")
        .map(|text| {
            text.split(' ')
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default();
    if asked.iter().any(|scope| !granted.contains(&scope.as_str())) {
        return Err("invalid_scope");
    }
    if asked.is_empty() {
        return Ok(GRANTED.map(str::to_owned).to_vec());
    }
    Ok(asked)
}

/// How long a new token lives, and how the answer says so.
fn lifetime(world: &World) -> (SignedDuration, String) {
    let set = world.switch("uipath.token_lifetime").and_then(|text| {
        let seconds = text.trim().parse::<f64>().ok().filter(|seconds| *seconds >= 0.0)?;
        let lifetime = SignedDuration::try_from_secs_f64(seconds).ok()?;
        Some((lifetime, seconds.to_string()))
    });
    let (lifetime, text) = set.unwrap_or_else(|| (SignedDuration::from_hours(1), "3600".to_owned()));
    let expires_in = match world.switch("uipath.expires_in_type").as_deref() {
        Some("text") => json::text(&text),
        Some("float") if !text.contains('.') => format!("{text}.0"),
        _ => text,
    };
    (lifetime, expires_in)
}
