//! deviceWISE (TR50), as its clients meet it: packets of commands, each a JSON object posted to `/api`.
//!
//! Two sets of credentials work. `username` and `password` log a person in, an administrator of the organisation;
//! `app_id`, `app_token` and `thing_key` together log an application in, which stays in its organisation.
//! Facts are from the vendor's reference unless a comment says that they are unverified.

mod access;
mod commands;
mod failure;
mod figures;
mod history;
mod window;

#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

pub use self::access::MFA_CODE;
use self::access::{Access, Session};
use self::failure::Failure;
pub use self::figures::{
    Calls, Level, MAIN_ORG, Org, SUB_ORGS, truth_calls, truth_connections, truth_stored, truth_things,
};
pub use self::window::Series;
use super::http::{Request, Response};
use super::world::World;
use super::{Service, Switch, accounts};

/// The service.
#[derive(Debug, Default)]
pub struct DeviceWise {
    access: Mutex<Access>,
}

const fn switch(name: &'static str, values: &'static [&'static str], doc: &'static str) -> Switch {
    Switch { name, values, doc }
}

/// What the documentation leaves open. An empty list of values means any text; the sentence then names the default.
const SWITCHES: [Switch; 33] = [
    switch(
        "devicewise.mfa",
        &["off", "on"],
        "Whether a login by user needs a second factor (the code is always 123456).",
    ),
    switch(
        "devicewise.lockout",
        &["on", "off"],
        "Whether eight refused logins lock the user for 30 minutes.",
    ),
    switch(
        "devicewise.session_ttl",
        &[],
        "How many seconds a session lives; 86400 unless set.",
    ),
    switch(
        "devicewise.session_expiry",
        &["absolute", "sliding"],
        "Whether a session's life counts from its start or from its last use.",
    ),
    switch(
        "devicewise.session_text",
        &["newer", "older"],
        "Which of its two known wordings the invalid-session message has.",
    ),
    switch(
        "devicewise.session_status",
        &["200", "401"],
        "The HTTP status of an invalid session.",
    ),
    switch(
        "devicewise.both_sessions",
        &["body", "header", "refused"],
        "Which session counts if body and header have one.",
    ),
    switch(
        "devicewise.login_with_commands",
        &["allowed", "refused"],
        "Whether a packet may log in and have commands.",
    ),
    switch(
        "devicewise.batch_limit",
        &[],
        "How many commands a packet may have; no limit unless set.",
    ),
    switch(
        "devicewise.rate_limit_form",
        &["root", "429"],
        "How a client hears that it asks too often.",
    ),
    switch(
        "devicewise.key_case",
        &["camel", "lower"],
        "The spelling of the envelope's keys (errorCodes or errorcodes).",
    ),
    switch(
        "devicewise.gzip",
        &["off", "on"],
        "Whether replies are compressed for clients that accept it.",
    ),
    switch(
        "devicewise.zone",
        &[],
        "The zone of labels and days, an offset or a name; -05:00 unless set.",
    ),
    switch(
        "devicewise.bucket_label",
        &["start", "end"],
        "Whether a label is its bucket's start or end.",
    ),
    switch(
        "devicewise.alignment",
        &["containing", "inside"],
        "Whether the first bucket is the one that the start falls in, or the first that starts in the window.",
    ),
    switch(
        "devicewise.end",
        &["exclusive", "inclusive"],
        "Whether a bucket that starts at the window's end is in it.",
    ),
    switch(
        "devicewise.partial_last_bucket",
        &["on", "off"],
        "Whether the bucket that is still running is shown.",
    ),
    switch(
        "devicewise.dimension",
        &["A", "B", "C"],
        "The shape by organisation: A {org:{service:[]}}, B {org:[]}, C {org:number} without ts.",
    ),
    switch(
        "devicewise.org_label",
        &["key", "id", "name"],
        "How the shape by organisation names an organisation.",
    ),
    switch(
        "devicewise.array_fault",
        &["off", "short"],
        "Whether the first counter's array is one element short.",
    ),
    switch(
        "devicewise.total_fault",
        &["off", "on"],
        "Whether the total of usage.api.history is off.",
    ),
    switch(
        "devicewise.empty_services",
        &["absent", "zeros"],
        "How a service without calls appears.",
    ),
    switch(
        "devicewise.record_cap",
        &[],
        "How many records a reply may have; 5000 unless set.",
    ),
    switch(
        "devicewise.over_cap",
        &["error", "cut"],
        "What happens above the cap: a refusal, or a reply cut without a word.",
    ),
    switch(
        "devicewise.no_window",
        &["error", "day"],
        "What a history without a window means: a refusal, or the last 24 hours.",
    ),
    switch(
        "devicewise.both_windows",
        &["error", "last", "range"],
        "Which counts if last comes with start and end.",
    ),
    switch(
        "devicewise.max_span_days",
        &[],
        "The longest window in days; no limit unless set.",
    ),
    switch(
        "devicewise.retention_days",
        &[],
        "How many days back there are figures; all unless set.",
    ),
    switch(
        "devicewise.delay_seconds",
        &[],
        "How late calls show in the counters; 0 unless set.",
    ),
    switch(
        "devicewise.own_calls",
        &["off", "on"],
        "Whether the counters have the simulator's own traffic on top.",
    ),
    switch(
        "devicewise.call_unit",
        &["command", "packet"],
        "Whether own traffic is counted by command or by packet.",
    ),
    switch(
        "devicewise.string_booleans",
        &["accepted", "refused"],
        "Whether \"true\" in quotes passes for true.",
    ),
    switch(
        "devicewise.org_list_place",
        &["params", "beside"],
        "Whether session.org.list has its result in params or beside success.",
    ),
];

impl Service for DeviceWise {
    fn name(&self) -> &'static str {
        "devicewise"
    }

    fn credentials(&self, account: u32) -> Vec<(&'static str, String)> {
        [
            ("username", access::USERNAME),
            ("password", access::PASSWORD),
            ("app_id", access::APP_ID),
            ("app_token", access::APP_TOKEN),
            ("thing_key", access::THING_KEY),
        ]
        .map(|(name, of_first)| (name, accounts::word(of_first, account)))
        .to_vec()
    }

    fn account(&self, request: &Request) -> Option<u32> {
        let packet: Value = serde_json::from_slice(&request.body).ok()?;
        let auth = packet.get("auth");
        if let Some(login) = login(auth) {
            let params = login.get("params")?;
            let word = |name| params.get(name).and_then(Value::as_str);
            let user = word("username").and_then(|word| accounts::number(access::USERNAME, word));
            return user.or_else(|| accounts::number(access::THING_KEY, word("thingKey")?));
        }
        let given = auth.and_then(session_id_of);
        self.access()
            .account(given.as_deref().or_else(|| request.header("sessionid"))?)
    }

    fn switches(&self) -> &'static [Switch] {
        &SWITCHES
    }

    fn claims(&self, request: &Request) -> bool {
        request.path == "/api"
    }

    fn answer(&self, world: &World, request: &Request) -> Response {
        if request.method != "POST" {
            return Response::empty(405).header("Allow", "POST");
        }
        let reply = match serde_json::from_slice(&request.body) {
            Ok(Value::Object(packet)) => self.packet(world, request, &packet),
            _ => Err(Failure::new(failure::MALFORMED_PACKET, "The packet is no JSON object")),
        };
        respond(world, reply)
    }

    fn throttled(&self, world: &World, _request: &Request, retry_after_seconds: u64) -> Response {
        if world.switch_is("devicewise.rate_limit_form", "429") {
            let hint = retry_after_seconds.to_string();
            return Response::text(429, "text/plain; charset=utf-8", "Too Many Requests").header("Retry-After", hint);
        }
        // Unverified: neither the code nor the words of a rate-limit failure are published.
        respond(
            world,
            Err(Failure::new(failure::RATE_LIMITED, "API rate limit exceeded")),
        )
    }

    fn refused_inside_200(&self, world: &World, _request: &Request) -> Response {
        respond(world, Err(Failure::new(failure::INTERNAL, "Internal error")))
    }

    fn expire_sessions(&self) {
        self.access().expire();
    }
}

impl DeviceWise {
    fn access(&self) -> MutexGuard<'_, Access> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a packet: one reply per id, or a failure of the whole packet.
    fn packet(
        &self,
        world: &World,
        request: &Request,
        packet: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Failure> {
        let commands = packet.len() - usize::from(packet.contains_key("auth"));
        let limit =
            window::number_switch(world, "devicewise.batch_limit").and_then(|limit| usize::try_from(limit).ok());
        if limit.is_some_and(|limit| commands > limit) {
            return Err(Failure::new(
                failure::TOO_MANY_COMMANDS,
                "Too many commands in the packet",
            ));
        }
        let mut replies = Map::new();
        let id = if let Some(login) = login(packet.get("auth")) {
            let outcome = self.log_in(world, login, commands);
            let id = outcome.as_ref().ok().and_then(session_id_of);
            replies.insert("auth".to_owned(), envelope(world, outcome.map(Some)));
            match id {
                Some(id) if commands > 0 => id,
                _ => return Ok(replies),
            }
        } else {
            session_id(world, request, packet.get("auth"))?
        };
        let session = self.access().session(world, &id)?;
        self.count_packet(world, &session);
        for (key, command) in packet.iter().filter(|(key, _)| *key != "auth") {
            replies.insert(key.clone(), self.reply(world, &session, command));
        }
        Ok(replies)
    }

    fn log_in(&self, world: &World, login: &Map<String, Value>, commands: usize) -> Result<Value, Failure> {
        if commands > 0 && world.switch_is("devicewise.login_with_commands", "refused") {
            return Err(failure::bad_parameter("a packet that logs in has no commands"));
        }
        match login.get("command").and_then(Value::as_str) {
            Some("api.authenticate") => {
                let params = login.get("params").and_then(Value::as_object);
                let params = params.ok_or_else(|| failure::bad_parameter("params is required"))?;
                self.access().log_in(world, params)
            }
            _ => Err(Failure::new(failure::UNKNOWN_COMMAND, "Unknown authentication command")),
        }
    }

    fn count_packet(&self, world: &World, session: &Session) {
        if world.switch_is("devicewise.call_unit", "packet") {
            self.access().count_own_call(world, &session.org, "usage");
        }
    }

    fn reply(&self, world: &World, session: &Session, command: &Value) -> Value {
        let Some(name) = command.get("command").and_then(Value::as_str) else {
            return envelope(world, Err(failure::bad_parameter("command is required")));
        };
        let none = Map::new();
        let params = match command.get("params") {
            None | Some(Value::Null) => &none,
            Some(Value::Object(params)) => params,
            Some(_) => return envelope(world, Err(failure::bad_parameter("params is no object"))),
        };
        {
            let mut access = self.access();
            access.count(&session.id);
            if !world.switch_is("devicewise.call_unit", "packet") {
                access.count_own_call(world, &session.org, name);
            }
        }
        // An earlier command of the packet may have moved or ended the session.
        let session = match self.access().session(world, &session.id) {
            Ok(session) => session,
            Err(failure) => return envelope(world, Err(failure)),
        };
        let outcome = commands::run(world, &self.access, &session, name, params);
        let beside = name == "session.org.list" && world.switch_is("devicewise.org_list_place", "beside");
        match outcome {
            Ok(Some(Value::Object(mut result))) if beside => {
                result.insert("success".to_owned(), Value::Bool(true));
                Value::Object(result)
            }
            outcome => envelope(world, outcome),
        }
    }
}

/// The `auth` object, if it is a login.
fn login(auth: Option<&Value>) -> Option<&Map<String, Value>> {
    auth.and_then(Value::as_object)
        .filter(|auth| auth.contains_key("command"))
}

fn session_id_of(params: &Value) -> Option<String> {
    params.get("sessionId").and_then(Value::as_str).map(str::to_owned)
}

/// The session's id, from the body or from the header.
fn session_id(world: &World, request: &Request, auth: Option<&Value>) -> Result<String, Failure> {
    let body = auth.and_then(session_id_of);
    let header = request.header("sessionid").map(str::to_owned);
    match (body, header) {
        (Some(body), Some(header)) => match world.switch("devicewise.both_sessions").as_deref() {
            Some("header") => Ok(header),
            Some("refused") => Err(failure::bad_parameter("the session is given twice")),
            _ => Ok(body),
        },
        (body, header) => Ok(body.or(header).unwrap_or_default()),
    }
}

/// A reply to one id.
fn envelope(world: &World, outcome: Result<Option<Value>, Failure>) -> Value {
    match outcome {
        Ok(Some(params)) => json!({"success": true, "params": params}),
        Ok(None) => json!({"success": true}),
        Err(failure) => refusal(world, &failure),
    }
}

fn refusal(world: &World, failure: &Failure) -> Value {
    if world.switch_is("devicewise.key_case", "lower") {
        json!({"success": false, "errorcodes": [failure.code], "errormessages": [failure.text]})
    } else {
        json!({"success": false, "errorCodes": [failure.code], "errorMessages": [failure.text]})
    }
}

/// The HTTP answer: status 200 even if the whole packet failed.
fn respond(world: &World, reply: Result<Map<String, Value>, Failure>) -> Response {
    let (status, body) = match reply {
        Ok(replies) => (200, Value::Object(replies)),
        Err(failure) => {
            let ended = failure.code == failure::INVALID_SESSION;
            let status = if ended && world.switch_is("devicewise.session_status", "401") {
                401
            } else {
                200
            };
            (status, refusal(world, &failure))
        }
    };
    Response {
        gzip: world.switch_is("devicewise.gzip", "on"),
        ..Response::json(status, &body)
    }
}
