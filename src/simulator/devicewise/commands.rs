//! What each command answers.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::access::{Access, Session, Who, ttl_seconds};
use super::failure::{self, Failure};
use super::figures::{self, CONNECTION_COUNTERS, MAIN_ORG, Org, SUB_ORGS, THING_COUNTERS};
use super::history;
use super::window::{self, Bucket, text};
use crate::simulator::world::World;

/// Runs one command: its reply's `params`, which may be absent.
pub fn run(
    world: &World,
    access: &Mutex<Access>,
    session: &Session,
    command: &str,
    params: &Map<String, Value>,
) -> Result<Option<Value>, Failure> {
    let own = |org: &Org, service: &str, bucket: Bucket| {
        if world.switch_is("devicewise.own_calls", "on") {
            lock(access).own_calls(org, service, bucket.hours())
        } else {
            0
        }
    };
    match command {
        "usage.api.history" => history::api(world, session, params, &own).map(Some),
        "usage.thing.history" => history::gauges(world, session, params, &THING_COUNTERS, false).map(Some),
        "usage.connection.history" => history::gauges(world, session, params, &CONNECTION_COUNTERS, true).map(Some),
        "usage.storage.history" => history::storage(world, session, params).map(Some),
        "usage.api.usage" => history::api_of_one(world, session, params).map(Some),
        "usage.report" => report(world, session, params).map(Some),
        "usage.rate_limit" => rate_limit(access, world, params).map(Some),
        "session.info" => Ok(Some(info(world, session))),
        "session.end" => end(access, session, params),
        "session.org.list" => Ok(Some(org_list(session))),
        "session.org.switch" => switch_org(access, session, params),
        "diag.ping" => Ok(None),
        _ => Err(Failure::new(
            failure::UNKNOWN_COMMAND,
            format!("Unknown command: {command}"),
        )),
    }
}

fn lock(access: &Mutex<Access>) -> std::sync::MutexGuard<'_, Access> {
    access.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The organisation of that key (or id), with its sub-organisations under the main one only.
fn org(name: &str) -> Option<Org> {
    [MAIN_ORG]
        .into_iter()
        .chain(SUB_ORGS)
        .find(|org| org.key == name || org.id == name)
}

/// The organisations that a question is about.
pub fn orgs_in(world: &World, session: &Session, params: &Map<String, Value>) -> Result<Vec<Org>, Failure> {
    if boolean(world, params, "showAll")? {
        return Err(Failure::new(failure::NO_PERMISSION, "showAll requires Super-Ops"));
    }
    let subs = boolean(world, params, "includeSubOrgs")?;
    Ok(with_subs(session.org, subs))
}

fn with_subs(org: Org, subs: bool) -> Vec<Org> {
    let below = SUB_ORGS.into_iter().filter(|_| subs && org == MAIN_ORG);
    [org].into_iter().chain(below).collect()
}

/// A parameter that is true or false; absent means false, which is unverified.
pub fn boolean(world: &World, params: &Map<String, Value>, name: &str) -> Result<bool, Failure> {
    let quoted = !world.switch_is("devicewise.string_booleans", "refused");
    match params.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(Value::String(value)) if quoted && value == "true" => Ok(true),
        Some(Value::String(value)) if quoted && value == "false" => Ok(false),
        Some(_) => Err(failure::bad_parameter(&format!("{name} is no boolean"))),
    }
}

/// `usage.report`: one line per organisation, for administrators.
fn report(world: &World, session: &Session, params: &Map<String, Value>) -> Result<Value, Failure> {
    if session.who == Who::Thing {
        return Err(Failure::new(failure::NO_PERMISSION, "usage.report requires Org Admin"));
    }
    if text(params, "start")?.is_none() {
        return Err(failure::bad_parameter("start is required"));
    }
    let window = window::window(world, params)?;
    let head = match text(params, "orgKey")? {
        None => session.org,
        Some(key) => org(key).ok_or_else(|| Failure::new(failure::NOT_FOUND, format!("Org '{key}' not found")))?,
    };
    let bucket = Bucket {
        start: window.start,
        end: window.end,
    };
    let orgs = with_subs(head, boolean(world, params, "includeSubOrgs")?);
    let by_definition = boolean(world, params, "includeCountsByThingDef")?;
    let lines: Vec<Value> = orgs
        .iter()
        .map(|org| report_line(world, org, bucket, by_definition))
        .collect();
    Ok(json!({
        "header": {
            "orgId": head.id, "orgKey": head.key, "orgName": head.name, "customerRefId": "",
            "start": millisecond(window.start).to_string(), "end": millisecond(window.end).to_string(),
        },
        "report": lines,
    }))
}

fn report_line(world: &World, org: &Org, bucket: Bucket, by_definition: bool) -> Value {
    let (seed, horizon, zone) = (world.seed(), window::horizon(world), window::zone(world));
    let gauge = |counter: &str| figures::gauge(seed, org, counter, bucket, horizon, &zone);
    let calls: u64 = figures::services()
        .map(|service| figures::calls(seed, org, service, bucket, horizon))
        .sum();
    let stored: u64 = figures::STORAGE_COUNTERS
        .iter()
        .map(|(kind, _)| figures::stored(org, kind, bucket, horizon))
        .sum();
    let parent = if *org == MAIN_ORG { "" } else { MAIN_ORG.key };
    let mut line = json!({
        "orgKey": org.key, "parentOrgKey": parent,
        "countBillableThings": gauge("billable"), "countThings": gauge("total"),
        "countConnections": gauge("hasRatePlan"), "countApiCalls": calls, "countStorage": stored,
        "countLwm2mMessages": 0, "countTriggerActions": calls / 50, "countSms": gauge("activated") / 7,
    });
    if let (true, Some(line)) = (by_definition, line.as_object_mut()) {
        // Unverified: the name and shape of the counts by thing definition are not published.
        line.insert("countsByThingDef".to_owned(), json!({"default": gauge("total")}));
    }
    line
}

fn rate_limit(access: &Mutex<Access>, world: &World, params: &Map<String, Value>) -> Result<Value, Failure> {
    if params.contains_key("orgId") {
        return Err(Failure::new(failure::NO_PERMISSION, "orgId requires Super-Ops"));
    }
    match text(params, "sessionId")? {
        None => Ok(json!({"apiRateLimit": 100})),
        Some(id) => {
            let session = lock(access)
                .session(world, id)
                .map_err(|_| Failure::new(failure::NOT_FOUND, "Session not found"))?;
            Ok(json!({"apiRateLimit": 100, "commandCounterValue": session.commands}))
        }
    }
}

fn info(world: &World, session: &Session) -> Value {
    let admin = session.who == Who::User;
    let mut info = json!({
        "id": session.id, "orgKey": session.org.key, "orgId": session.org.id,
        "startTime": millisecond(session.start).to_string(), "lastAccessed": millisecond(session.last).to_string(),
        "ttl": ttl_seconds(world), "commandCount": session.commands,
        "hasOrgAdmin": admin, "hasSuperOps": false,
    });
    // Administrators get neither perms nor roleKeys.
    if let (false, Some(info)) = (admin, info.as_object_mut()) {
        info.insert(
            "perms".to_owned(),
            json!({"usage.api.history": true, "usage.report": false}),
        );
        info.insert("roleKeys".to_owned(), json!(["thing"]));
    }
    info
}

/// Timestamps outside of histories have a fraction without trailing zeros.
fn millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

fn end(access: &Mutex<Access>, session: &Session, params: &Map<String, Value>) -> Result<Option<Value>, Failure> {
    let id = text(params, "id")?.unwrap_or(&session.id);
    if lock(access).end(id) {
        Ok(None)
    } else {
        Err(Failure::new(failure::NOT_FOUND, "Session not found"))
    }
}

fn org_list(session: &Session) -> Value {
    let node =
        |org: &Org, subs: Vec<Value>| json!({"orgId": org.id, "orgKey": org.key, "orgName": org.name, "subOrgs": subs});
    let subs = |org: &Org| {
        with_subs(*org, true)
            .iter()
            .skip(1)
            .map(|sub| node(sub, Vec::new()))
            .collect()
    };
    // A user sees the whole tree wherever the session is; an application sees its own organisation.
    let top = if session.who == Who::User {
        MAIN_ORG
    } else {
        session.org
    };
    let below = if session.who == Who::User {
        subs(&top)
    } else {
        Vec::new()
    };
    json!({"result": [node(&top, below)]})
}

fn switch_org(
    access: &Mutex<Access>,
    session: &Session,
    params: &Map<String, Value>,
) -> Result<Option<Value>, Failure> {
    if session.who == Who::Thing {
        return Err(Failure::new(
            failure::NO_PERMISSION,
            "Application sessions stay in their organisation",
        ));
    }
    // The reference has key; one public client sends id.
    let name = match text(params, "key")? {
        Some(key) => Some(key),
        None => text(params, "id")?,
    };
    let name = name.ok_or_else(|| failure::bad_parameter("key is required"))?;
    let org = org(name).ok_or_else(|| Failure::new(failure::NOT_FOUND, format!("Org '{name}' not found")))?;
    lock(access).switch_org(&session.id, org);
    Ok(None)
}
