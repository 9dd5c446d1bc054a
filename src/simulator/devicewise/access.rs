//! Who may ask: logins, sessions, the lock-out, and the count of the simulator's own traffic.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::failure::{self, Failure};
use super::figures::{MAIN_ORG, Org};
use super::window::{number_switch, text};
use crate::simulator::accounts;
use crate::simulator::synth;
use crate::simulator::world::World;

/// The user's name, for the login by user.
pub const USERNAME: &str = "reader@example.com";
/// The user's password.
pub const PASSWORD: &str = "example-password-not-real";
/// The six digits that the second factor always shows.
pub const MFA_CODE: &str = "123456";
/// An id for the login by application; any other works too, but only until the thing has first connected.
pub const APP_ID: &str = "metertap-example";
/// The application's token.
pub const APP_TOKEN: &str = "exampleTokenNotReal01";
/// The thing that the application connects as.
pub const THING_KEY: &str = "example-thing-1";

const MOST_FAILURES: usize = 8;
const LOCKED_FOR: SignedDuration = SignedDuration::from_mins(30);

/// Who a session belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A person, here an organisation's administrator.
    User,
    /// An application on a thing, bound to its organisation.
    Thing,
}

/// One session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id: 32 hex digits.
    pub id: String,
    /// The number of its account, counted from 1.
    pub account: u32,
    /// Whose it is.
    pub who: Who,
    /// The organisation that it is in.
    pub org: Org,
    /// When it began, by the server's wall clock.
    pub start: Timestamp,
    /// When it was last used.
    pub last: Timestamp,
    /// How many commands it has had.
    pub commands: u64,
}

/// All that the service remembers.
#[derive(Debug, Default)]
pub struct Access {
    sessions: BTreeMap<String, Session>,
    issued: i64,
    logins: BTreeMap<u32, Logins>,
    own_calls: BTreeMap<(&'static str, i64, String), u64>,
}

/// What is remembered of an account's logins.
#[derive(Debug, Default)]
struct Logins {
    app_of_thing: Option<String>,
    failed_at: Vec<Timestamp>,
    locked_until: Option<Timestamp>,
    password_was_right: bool,
}

impl Access {
    /// Answers `api.authenticate`: the reply's `params`.
    pub fn log_in(&mut self, world: &World, params: &Map<String, Value>) -> Result<Value, Failure> {
        let (account, who) = if params.contains_key("appId") || params.contains_key("thingKey") {
            (self.log_in_thing(params)?, Who::Thing)
        } else {
            (self.log_in_user(world, params)?, Who::User)
        };
        let session = self.open(world, account, who);
        Ok(json!({"orgKey": session.org.key, "sessionId": session.id}))
    }

    fn log_in_user(&mut self, world: &World, params: &Map<String, Value>) -> Result<u32, Failure> {
        let username = text(params, "username")?.ok_or_else(|| failure::bad_parameter("username is required"))?;
        let password = text(params, "password")?.ok_or_else(|| failure::bad_parameter("password is required"))?;
        let now = world.wall_clock();
        let known = accounts::number(USERNAME, username);
        let account = known.unwrap_or(1);
        let logins = self.logins.entry(account).or_default();
        if logins.locked_until.is_some_and(|until| now < until) {
            return Err(Failure::new(failure::LOCKED_OUT, "The user is locked"));
        }
        let known = known.is_some();
        let is_right = known && password == accounts::word(PASSWORD, account);
        if !world.switch_is("devicewise.mfa", "on") {
            return if is_right {
                logins.failed_at.clear();
                Ok(account)
            } else {
                Err(logins.refuse(world, known))
            };
        }
        if is_right {
            logins.password_was_right = true;
            return Err(Failure::new(
                failure::CODE_NEEDED,
                "Multi-factor authentication code is required",
            ));
        }
        // The six digits take the place of the password, and count only after it.
        if known && password == MFA_CODE && std::mem::take(&mut logins.password_was_right) {
            logins.failed_at.clear();
            return Ok(account);
        }
        Err(logins.refuse(world, known))
    }

    fn log_in_thing(&mut self, params: &Map<String, Value>) -> Result<u32, Failure> {
        let field =
            |name: &str| text(params, name)?.ok_or_else(|| failure::bad_parameter(&format!("{name} is required")));
        let (app, token, thing) = (field("appId")?, field("appToken")?, field("thingKey")?);
        let refused = || Failure::new(failure::LOGIN_REFUSED, "Authentication failed");
        let account = accounts::number(THING_KEY, thing).ok_or_else(refused)?;
        if token != accounts::word(APP_TOKEN, account) {
            return Err(refused());
        }
        // The thing's first appId stays with it; another one is refused from then on.
        let bound = &mut self.logins.entry(account).or_default().app_of_thing;
        match bound {
            Some(bound) if bound != app => Err(refused()),
            _ => {
                *bound = Some(app.to_owned());
                Ok(account)
            }
        }
    }

    fn open(&mut self, world: &World, account: u32, who: Who) -> Session {
        self.issued += 1;
        let half = |name: &str| synth::draw(world.seed(), name, self.issued);
        let id = format!(
            "{:016x}{:016x}",
            half("devicewise.session.a"),
            half("devicewise.session.b")
        );
        let now = world.wall_clock();
        let session = Session {
            id: id.clone(),
            account,
            who,
            org: MAIN_ORG,
            start: now,
            last: now,
            commands: 0,
        };
        self.sessions.insert(id, session.clone());
        session
    }

    /// The session of that id, if it is good; it counts as used.
    pub fn session(&mut self, world: &World, id: &str) -> Result<Session, Failure> {
        let now = world.wall_clock();
        let ttl = SignedDuration::from_secs(ttl_seconds(world));
        let sliding = world.switch_is("devicewise.session_expiry", "sliding");
        let good = self.sessions.get_mut(id).filter(|session| {
            let since = if sliding { session.last } else { session.start };
            now.duration_since(since) < ttl
        });
        if let Some(session) = good {
            session.last = now;
            return Ok(session.clone());
        }
        self.sessions.remove(id);
        let before = if world.switch_is("devicewise.session_text", "older") {
            "Error: "
        } else {
            ""
        };
        // The service quotes the id in its message, so clients must redact it.
        let sentence = format!("Authentication session is invalid: {before}Session '{id}' not found.");
        Err(Failure::new(failure::INVALID_SESSION, sentence))
    }

    /// The account of a session.
    pub fn account(&self, id: &str) -> Option<u32> {
        self.sessions.get(id).map(|session| session.account)
    }

    /// Counts a command for the session.
    pub fn count(&mut self, id: &str) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.commands += 1;
        }
    }

    /// Remembers the simulator's own traffic: one call of this command.
    pub fn count_own_call(&mut self, world: &World, org: &Org, command: &str) {
        let service = command.split('.').next().unwrap_or(command);
        let hour = world.now().as_second().div_euclid(3600);
        *self.own_calls.entry((org.key, hour, service.to_owned())).or_default() += 1;
    }

    /// The simulator's own calls to a service in these hours.
    pub fn own_calls(&self, org: &Org, service: &str, hours: std::ops::Range<i64>) -> u64 {
        self.own_calls
            .range((org.key, hours.start, String::new())..(org.key, hours.end, String::new()))
            .filter(|((_, _, name), _)| name == service)
            .map(|(_, calls)| calls)
            .sum()
    }

    /// Ends a session; false if there is none.
    pub fn end(&mut self, id: &str) -> bool {
        self.sessions.remove(id).is_some()
    }

    /// Moves a session to another organisation.
    pub fn switch_org(&mut self, id: &str, org: Org) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.org = org;
        }
    }

    /// Makes all sessions invalid.
    pub fn expire(&mut self) {
        self.sessions.clear();
    }
}

impl Logins {
    /// Eight failures in a row within 30 minutes lock the user for 30 minutes.
    fn refuse(&mut self, world: &World, known: bool) -> Failure {
        let now = world.wall_clock();
        if known && !world.switch_is("devicewise.lockout", "off") {
            self.failed_at.retain(|at| now.duration_since(*at) < LOCKED_FOR);
            self.failed_at.push(now);
            if self.failed_at.len() >= MOST_FAILURES {
                self.failed_at.clear();
                self.locked_until = now.checked_add(LOCKED_FOR).ok();
            }
        }
        Failure::new(failure::LOGIN_REFUSED, "Authentication failed")
    }
}

/// How long a session lives, in seconds.
pub fn ttl_seconds(world: &World) -> i64 {
    number_switch(world, "devicewise.session_ttl").unwrap_or(86_400)
}
