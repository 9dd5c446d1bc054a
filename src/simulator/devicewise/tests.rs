use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::access::{APP_ID, APP_TOKEN, MFA_CODE, PASSWORD, THING_KEY, USERNAME};
use super::{DeviceWise, Series, truth_calls};
use crate::simulator::Service;
use crate::simulator::http::{Request, Response};
use crate::simulator::world::World;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn world() -> World {
    World::new(7, Some(at("2024-05-15T12:30:00Z")))
}

fn post(body: &Value) -> Request {
    Request {
        method: "POST".to_owned(),
        path: "/api".to_owned(),
        body: body.to_string().into_bytes(),
        ..Request::default()
    }
}

fn ask(service: &DeviceWise, world: &World, body: &Value) -> Value {
    body_of(&service.answer(world, &post(body)))
}

fn body_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

fn log_in_as(service: &DeviceWise, world: &World, params: &Value) -> Value {
    ask(
        service,
        world,
        &json!({"auth": {"command": "api.authenticate", "params": params}}),
    )
}

fn log_in_user(service: &DeviceWise, world: &World, password: &str) -> Value {
    log_in_as(service, world, &json!({"username": USERNAME, "password": password}))
}

fn session(service: &DeviceWise, world: &World) -> String {
    let reply = log_in_user(service, world, PASSWORD);
    assert_eq!(reply["auth"]["success"], true);
    reply["auth"]["params"]["sessionId"].as_str().unwrap().to_owned()
}

/// Logs in and runs one command.
fn run(world: &World, command: &str, params: &Value) -> Value {
    let service = DeviceWise::default();
    let session = session(&service, world);
    let body = json!({"auth": {"sessionId": session}, "q": {"command": command, "params": params}});
    let reply = ask(&service, world, &body);
    assert_eq!(reply.get("auth"), None);
    reply["q"].clone()
}

fn history(world: &World, params: &Value) -> Value {
    let reply = run(world, "usage.api.history", params);
    assert_eq!(reply["success"], true, "{reply}");
    reply["params"].clone()
}

fn code(reply: &Value) -> i64 {
    assert_eq!(reply["success"], false, "{reply}");
    reply["errorCodes"][0].as_i64().unwrap()
}

fn a_day() -> Value {
    json!({"start": "2024-05-01T00:00:00Z", "end": "2024-05-02T00:00:00.000-00:00", "series": "hour"})
}

fn all(history: &Value) -> u64 {
    let counters = history["counters"].as_object().unwrap();
    counters
        .values()
        .flat_map(|calls| calls.as_array().unwrap())
        .map(|calls| calls.as_u64().unwrap())
        .sum()
}

#[test]
fn a_user_logs_in_and_the_session_works_in_body_or_header() {
    let (service, world) = (DeviceWise::default(), world());
    let session = session(&service, &world);
    assert_eq!(session.len(), 32);
    let ping = json!({"1": {"command": "diag.ping"}});
    let mut request = post(&ping);
    request.headers.push(("sessionid".to_owned(), session.clone()));
    assert_eq!(
        body_of(&service.answer(&world, &request)),
        json!({"1": {"success": true}})
    );
    let reply = ask(
        &service,
        &world,
        &json!({"auth": {"sessionId": session}, "1": {"command": "diag.ping"}}),
    );
    assert_eq!(reply, json!({"1": {"success": true}}));
}

#[test]
fn a_missing_unknown_or_expired_session_fails_the_packet_with_status_200() {
    let (service, world) = (DeviceWise::default(), world());
    let unknown = post(&json!({"auth": {"sessionId": "00ff"}, "1": {"command": "diag.ping"}}));
    let response = service.answer(&world, &unknown);
    assert_eq!(response.status, 200);
    let sentence = "Authentication session is invalid: Session '00ff' not found.";
    assert_eq!(
        body_of(&response),
        json!({"success": false, "errorCodes": [-90000], "errorMessages": [sentence]})
    );
    assert_eq!(
        code(&ask(&service, &world, &json!({"1": {"command": "diag.ping"}}))),
        -90000
    );

    let session = session(&service, &world);
    let ping = json!({"auth": {"sessionId": session}, "1": {"command": "diag.ping"}});
    world.set_clock_offset(SignedDuration::from_secs(86_390));
    assert_eq!(ask(&service, &world, &ping)["1"]["success"], true);
    world.set_clock_offset(SignedDuration::from_secs(86_401));
    assert_eq!(code(&ask(&service, &world, &ping)), -90000);
}

#[test]
fn a_sliding_session_lives_from_its_last_use_and_all_end_on_demand() {
    let (service, world) = (DeviceWise::default(), world());
    world.set_switch("devicewise.session_ttl", "100");
    world.set_switch("devicewise.session_expiry", "sliding");
    let session = session(&service, &world);
    let ping = json!({"auth": {"sessionId": session}, "1": {"command": "diag.ping"}});
    for seconds in [90, 180, 270] {
        world.set_clock_offset(SignedDuration::from_secs(seconds));
        assert_eq!(ask(&service, &world, &ping)["1"]["success"], true);
    }
    service.expire_sessions();
    world.set_switch("devicewise.session_text", "older");
    world.set_switch("devicewise.session_status", "401");
    let response = service.answer(&world, &post(&ping));
    assert_eq!(response.status, 401);
    let sentence = body_of(&response)["errorMessages"][0].as_str().unwrap().to_owned();
    assert!(
        sentence.starts_with("Authentication session is invalid: Error: Session '"),
        "{sentence}"
    );
}

#[test]
fn an_application_is_bound_to_the_thing_by_its_first_login() {
    let (service, world) = (DeviceWise::default(), world());
    let login = |app: &str, token: &str| {
        log_in_as(
            &service,
            &world,
            &json!({"appId": app, "appToken": token, "thingKey": THING_KEY}),
        )["auth"]
            .clone()
    };
    assert_eq!(code(&login(APP_ID, "wrong")), -97005);
    assert_eq!(login(APP_ID, APP_TOKEN)["success"], true);
    assert_eq!(code(&login("another", APP_TOKEN)), -97005);
    assert_eq!(login(APP_ID, APP_TOKEN)["params"]["orgKey"], "EXAMPLE_ORG");
}

#[test]
fn a_second_factor_takes_the_place_of_the_password() {
    let (service, world) = (DeviceWise::default(), world());
    world.set_switch("devicewise.mfa", "on");
    assert_eq!(code(&log_in_user(&service, &world, MFA_CODE)["auth"]), -97005);
    assert_eq!(code(&log_in_user(&service, &world, PASSWORD)["auth"]), -90041);
    assert_eq!(log_in_user(&service, &world, MFA_CODE)["auth"]["success"], true);
    assert_eq!(code(&log_in_user(&service, &world, MFA_CODE)["auth"]), -97005);
}

#[test]
fn eight_refused_logins_lock_the_user_for_half_an_hour() {
    let (service, world) = (DeviceWise::default(), world());
    for _ in 0..7 {
        assert_eq!(code(&log_in_user(&service, &world, "wrong")["auth"]), -97005);
    }
    assert_eq!(log_in_user(&service, &world, PASSWORD)["auth"]["success"], true);
    for _ in 0..8 {
        assert_eq!(code(&log_in_user(&service, &world, "wrong")["auth"]), -97005);
    }
    assert_eq!(code(&log_in_user(&service, &world, PASSWORD)["auth"]), -97006);
    world.set_clock_offset(SignedDuration::from_mins(31));
    assert_eq!(log_in_user(&service, &world, PASSWORD)["auth"]["success"], true);

    world.set_switch("devicewise.lockout", "off");
    for _ in 0..9 {
        log_in_user(&service, &world, "wrong");
    }
    assert_eq!(log_in_user(&service, &world, PASSWORD)["auth"]["success"], true);
}

#[test]
fn one_bad_command_does_not_lose_the_good_ones() {
    let (service, world) = (DeviceWise::default(), world());
    let session = session(&service, &world);
    let reply = ask(
        &service,
        &world,
        &json!({
            "auth": {"sessionId": session},
            "a": {"command": "usage.rate_limit"},
            "b": {"command": "no.such.command"},
            "c": {"params": {}},
            "d": {"command": "usage.api.history", "params": {"last": "1w"}},
            "e": {"command": "usage.rate_limit", "params": {"sessionId": session}},
        }),
    );
    assert_eq!(reply["a"], json!({"success": true, "params": {"apiRateLimit": 100}}));
    assert_eq!(code(&reply["b"]), -97007);
    assert_eq!(code(&reply["c"]), -97001);
    assert_eq!(code(&reply["d"]), -97001);
    assert_eq!(
        reply["e"]["params"],
        json!({"apiRateLimit": 100, "commandCounterValue": 4})
    );
    assert_eq!(reply.as_object().unwrap().len(), 5);
}

#[test]
fn a_packet_may_log_in_and_ask_unless_switched() {
    let (service, world) = (DeviceWise::default(), world());
    let params = json!({"username": USERNAME, "password": PASSWORD});
    let body = json!({"auth": {"command": "api.authenticate", "params": params}, "1": {"command": "diag.ping"}});
    let reply = ask(&service, &world, &body);
    assert_eq!(
        (&reply["auth"]["success"], &reply["1"]["success"]),
        (&json!(true), &json!(true))
    );
    world.set_switch("devicewise.login_with_commands", "refused");
    assert_eq!(code(&ask(&service, &world, &body)["auth"]), -97001);
}

#[test]
fn the_batch_limit_and_two_sessions_at_once_are_switches() {
    let (service, world) = (DeviceWise::default(), world());
    let session = session(&service, &world);
    let body = json!({"auth": {"sessionId": session}, "1": {"command": "diag.ping"}, "2": {"command": "diag.ping"}});
    world.set_switch("devicewise.batch_limit", "2");
    assert_eq!(ask(&service, &world, &body).as_object().unwrap().len(), 2);
    world.set_switch("devicewise.batch_limit", "1");
    assert_eq!(code(&ask(&service, &world, &body)), -97004);
    world.set_switch("devicewise.batch_limit", "");

    let mut request = post(&body);
    request.headers.push(("sessionid".to_owned(), "stale".to_owned()));
    assert_eq!(body_of(&service.answer(&world, &request))["1"]["success"], true);
    world.set_switch("devicewise.both_sessions", "header");
    assert_eq!(code(&body_of(&service.answer(&world, &request))), -90000);
    world.set_switch("devicewise.both_sessions", "refused");
    assert_eq!(code(&body_of(&service.answer(&world, &request))), -97001);
}

#[test]
fn what_is_no_packet_is_refused() {
    let (service, world) = (DeviceWise::default(), world());
    for body in ["", "[]", "{", "1"] {
        let mut request = post(&json!({}));
        request.body = body.as_bytes().to_vec();
        assert_eq!(code(&body_of(&service.answer(&world, &request))), -97000, "{body}");
        request.method = "GET".to_owned();
        assert_eq!(service.answer(&world, &request).status, 405);
    }
    assert!(service.claims(&post(&json!({}))));
}

#[test]
fn a_history_adds_up_to_the_truth_its_total_and_its_days() {
    let world = world();
    let hours = history(&world, &a_day());
    let ts = hours["ts"].as_array().unwrap();
    assert_eq!(
        (ts.len(), &ts[0], &ts[23]),
        (
            24,
            &json!("2024-04-30T19:00:00-05:00"),
            &json!("2024-05-01T18:00:00-05:00")
        )
    );
    let truth = truth_calls(
        &world,
        at("2024-05-01T00:00:00Z"),
        at("2024-05-02T00:00:00Z"),
        Series::Hour,
        false,
    );
    let expected: u64 = truth.iter().map(|calls| calls.calls).sum();
    assert_eq!((hours["total"].as_u64().unwrap(), all(&hours)), (expected, expected));
    assert!(expected > 10_000);

    // A local day is the sum of its 24 local hours.
    let local = json!({"start": "2024-05-01T00:00:00-05:00", "end": "2024-05-02T00:00:00-05:00", "series": "hour"});
    let mut day = local.clone();
    day["series"] = json!("day");
    let day = history(&world, &day);
    assert_eq!(day["ts"], json!(["2024-05-01T00:00:00-05:00"]));
    assert_eq!(day["total"], history(&world, &local)["total"]);
}

#[test]
fn services_without_calls_are_absent_unless_switched() {
    let world = world();
    let quiet = json!({"start": "2024-05-06T03:00:00Z", "end": "2024-05-06T04:00:00Z"});
    let services = |history: &Value| history["counters"].as_object().unwrap().len();
    let absent = services(&history(&world, &quiet));
    assert!((1..7).contains(&absent), "{absent}");
    world.set_switch("devicewise.empty_services", "zeros");
    assert_eq!(services(&history(&world, &quiet)), 8);
}

#[test]
fn sub_organisations_add_their_own_calls() {
    let world = world();
    let mut with = a_day();
    with["includeSubOrgs"] = json!(true);
    let truth = truth_calls(
        &world,
        at("2024-05-01T00:00:00Z"),
        at("2024-05-02T00:00:00Z"),
        Series::Hour,
        true,
    );
    let expected: u64 = truth.iter().map(|calls| calls.calls).sum();
    assert_eq!(history(&world, &with)["total"], json!(expected));
    assert!(json!(expected).as_u64() > history(&world, &a_day())["total"].as_u64());

    with["includeSubOrgs"] = json!("true");
    assert_eq!(history(&world, &with)["total"], json!(expected));
    world.set_switch("devicewise.string_booleans", "refused");
    assert_eq!(code(&run(&world, "usage.api.history", &with)), -97001);
    with["includeSubOrgs"] = json!(false);
    with["showAll"] = json!(true);
    assert_eq!(code(&run(&world, "usage.api.history", &with)), -97002);
}

#[test]
fn the_three_shapes_by_organisation_hold_the_same_calls() {
    let world = world();
    let mut params = a_day();
    params["dimension"] = json!("org");
    params["includeSubOrgs"] = json!(true);
    let sum = |value: &Value| {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|calls| calls.as_u64().unwrap())
            .sum::<u64>()
    };
    let a = history(&world, &params);
    let of_lab: u64 = a["counters"]["EXAMPLE_LAB"]
        .as_object()
        .unwrap()
        .values()
        .map(sum)
        .sum();
    assert_eq!(a["ts"].as_array().unwrap().len(), 24);
    world.set_switch("devicewise.dimension", "B");
    let b = history(&world, &params);
    assert_eq!(sum(&b["counters"]["EXAMPLE_LAB"]), of_lab);
    world.set_switch("devicewise.dimension", "C");
    world.set_switch("devicewise.org_label", "name");
    let c = history(&world, &params);
    assert_eq!(c["counters"]["Example Lab"], json!(of_lab));
    assert_eq!(c.get("ts"), None);
    assert_eq!((&a["total"], &b["total"]), (&c["total"], &c["total"]));
    assert_eq!(c["counters"].as_object().unwrap().len(), 4);
}

#[test]
fn the_running_bucket_is_partial_or_absent() {
    let world = world();
    let last = json!({"last": "3h"});
    let with = history(&world, &last);
    // From 09:30 to 12:30: the hours of 09 and 12 UTC are included.
    assert_eq!(with["ts"].as_array().unwrap().len(), 4);
    assert_eq!(with["ts"][3], "2024-05-15T07:00:00-05:00");
    let later = World::new(7, Some(at("2024-05-15T13:00:00Z")));
    let full = json!({"start": "2024-05-15T12:00:00Z", "end": "2024-05-15T13:00:00Z"});
    let half = with["counters"]["property"][3].as_u64().unwrap();
    assert_eq!(
        half,
        history(&later, &full)["counters"]["property"][0].as_u64().unwrap() / 2
    );

    world.set_switch("devicewise.partial_last_bucket", "off");
    assert_eq!(history(&world, &last)["ts"].as_array().unwrap().len(), 3);
    world.set_switch("devicewise.alignment", "inside");
    assert_eq!(history(&world, &last)["ts"].as_array().unwrap().len(), 2);
    world.set_switch("devicewise.delay_seconds", "5400");
    assert_eq!(history(&world, &full_day())["ts"].as_array().unwrap().len(), 11);
}

fn full_day() -> Value {
    json!({"start": "2024-05-15T00:00:00Z", "end": "2024-05-16T00:00:00Z"})
}

#[test]
fn the_edges_and_labels_of_a_window_are_switches() {
    let world = world();
    world.set_switch("devicewise.end", "inclusive");
    assert_eq!(history(&world, &a_day())["ts"].as_array().unwrap().len(), 25);
    world.set_switch("devicewise.zone", "+05:30");
    let ts = history(&world, &a_day())["ts"].clone();
    assert_eq!(ts[0], "2024-05-01T05:00:00+05:30");
    world.set_switch("devicewise.bucket_label", "end");
    world.set_switch("devicewise.zone", "Z");
    assert_eq!(history(&world, &a_day())["ts"][0], "2024-05-01T01:00:00+00:00");
}

#[test]
fn a_window_is_exactly_one_complete_kind_unless_switched() {
    let world = world();
    let both = json!({"last": "2h", "start": "2024-05-01T00:00:00Z", "end": "2024-05-01T05:00:00Z"});
    for params in [
        json!({}),
        both.clone(),
        json!({"end": "2024-05-01T00:00:00Z"}),
        json!({"last": 24}),
    ] {
        assert_eq!(code(&run(&world, "usage.api.history", &params)), -97001, "{params}");
    }
    let naive = json!({"start": "2024-05-01T00:00:00", "end": "2024-05-02T00:00:00"});
    assert_eq!(code(&run(&world, "usage.api.history", &naive)), -97001);
    world.set_switch("devicewise.no_window", "day");
    assert_eq!(history(&world, &json!({}))["ts"].as_array().unwrap().len(), 25);
    world.set_switch("devicewise.both_windows", "last");
    assert_eq!(history(&world, &both)["ts"].as_array().unwrap().len(), 3);
    world.set_switch("devicewise.both_windows", "range");
    assert_eq!(history(&world, &both)["ts"].as_array().unwrap().len(), 5);
    world.set_switch("devicewise.max_span_days", "0");
    assert_eq!(code(&run(&world, "usage.api.history", &a_day())), -97001);
}

#[test]
fn more_than_5000_records_are_refused_or_cut() {
    let world = world();
    let long = json!({"start": "2023-01-01T00:00:00Z", "end": "2024-01-01T00:00:00Z"});
    assert_eq!(code(&run(&world, "usage.api.history", &long)), -97008);
    world.set_switch("devicewise.over_cap", "cut");
    assert_eq!(history(&world, &long)["ts"].as_array().unwrap().len(), 5000);
    world.set_switch("devicewise.record_cap", "10");
    assert_eq!(history(&world, &long)["ts"].as_array().unwrap().len(), 10);
    world.set_switch("devicewise.retention_days", "150");
    assert_eq!(history(&world, &long)["ts"][0], "2023-12-17T07:00:00-05:00");
}

#[test]
fn faults_in_arrays_and_totals_are_switches() {
    let world = world();
    let good = history(&world, &a_day());
    world.set_switch("devicewise.array_fault", "short");
    world.set_switch("devicewise.total_fault", "on");
    let bad = history(&world, &a_day());
    assert_eq!(bad["counters"]["alarm"].as_array().unwrap().len(), 23);
    assert_eq!(bad["counters"]["thing"].as_array().unwrap().len(), 24);
    assert_eq!(bad["total"].as_u64().unwrap(), good["total"].as_u64().unwrap() + 7);
}

#[test]
fn own_traffic_counts_only_when_switched() {
    let (service, world) = (DeviceWise::default(), world());
    let session = session(&service, &world);
    let now = json!({"start": "2024-05-15T12:00:00Z", "end": "2024-05-15T13:00:00Z"});
    let ask_total = || {
        let command = json!({"command": "usage.api.history", "params": now});
        let reply = ask(&service, &world, &json!({"auth": {"sessionId": session}, "q": command}));
        reply["q"]["params"]["total"].as_u64().unwrap()
    };
    let base = ask_total();
    assert_eq!(ask_total(), base);
    world.set_switch("devicewise.own_calls", "on");
    assert_eq!((ask_total(), ask_total()), (base + 3, base + 4));
    world.set_switch("devicewise.call_unit", "packet");
    assert_eq!(ask_total(), base + 5);
}

#[test]
fn gauges_of_things_and_connections_line_up_with_ts() {
    let world = world();
    let params = json!({"start": "2024-05-01T00:00:00-05:00", "end": "2024-05-04T00:00:00-05:00", "series": "day"});
    let things = run(&world, "usage.thing.history", &params)["params"].clone();
    for name in ["connected", "total", "billable", "ts"] {
        assert_eq!(things[name].as_array().unwrap().len(), 3, "{name}");
    }
    assert!(things["connected"][0].as_u64() < things["total"][0].as_u64());
    assert!(things["billable"][0].as_u64() < things["billable"][2].as_u64());
    let connections = run(&world, "usage.connection.history", &params)["params"].clone();
    for name in ["hasRatePlan", "activated", "inSession", "total", "ts"] {
        assert_eq!(connections[name].as_array().unwrap().len(), 3, "{name}");
    }
    let mut by_org = params;
    by_org["dimension"] = json!("org");
    world.set_switch("devicewise.dimension", "C");
    let totals = run(&world, "usage.connection.history", &by_org)["params"].clone();
    assert_eq!(totals["counters"]["EXAMPLE_ORG"], connections["total"][2]);
}

#[test]
fn the_total_of_stored_bytes_adds_a_gauge_up() {
    let world = world();
    let params = json!({"start": "2024-05-01T00:00:00-05:00", "end": "2024-05-03T00:00:00-05:00"});
    let reply = run(&world, "usage.storage.history", &params)["params"].clone();
    assert_eq!(reply["ts"].as_array().unwrap().len(), 2);
    assert_eq!(reply["total"].as_u64().unwrap(), all(&reply));
    assert!(reply["counters"]["files"][0].as_u64().unwrap() > 1 << 31);
    assert_eq!(code(&run(&world, "usage.storage.history", &json!({}))), -97001);
}

#[test]
fn a_report_has_a_line_per_organisation_and_needs_an_administrator() {
    let (service, world) = (DeviceWise::default(), world());
    let params = json!({"start": "2024-05-01T00:00:00Z", "end": "2024-05-02T00:00:00Z", "includeSubOrgs": true});
    let report = run(&world, "usage.report", &params)["params"].clone();
    assert_eq!(report["header"]["orgKey"], "EXAMPLE_ORG");
    assert_eq!(report["report"].as_array().unwrap().len(), 4);
    assert_eq!(report["report"][0]["countApiCalls"], history(&world, &a_day())["total"]);
    assert_eq!(report["report"][3]["parentOrgKey"], "EXAMPLE_ORG");
    assert_eq!(code(&run(&world, "usage.report", &json!({"last": "1d"}))), -97001);

    let params = json!({"appId": APP_ID, "appToken": APP_TOKEN, "thingKey": THING_KEY});
    let login = log_in_as(&service, &world, &params);
    let command = json!({"command": "usage.report", "params": {"start": "2024-05-01T00:00:00Z"}});
    let body = json!({"auth": {"sessionId": login["auth"]["params"]["sessionId"]}, "q": command});
    assert_eq!(code(&ask(&service, &world, &body)["q"]), -97002);
}

#[test]
fn the_usage_of_one_user_takes_one_identifier() {
    let world = world();
    let mut params = a_day();
    params["userId"] = json!("u1");
    let reply = run(&world, "usage.api.usage", &params)["params"].clone();
    let counters: u64 = reply["counters"]
        .as_object()
        .unwrap()
        .values()
        .map(|calls| calls.as_u64().unwrap())
        .sum();
    assert_eq!(reply["total"].as_u64().unwrap(), counters);
    params["thingKey"] = json!("t1");
    assert_eq!(code(&run(&world, "usage.api.usage", &params)), -97001);
}

#[test]
fn a_session_moves_to_another_organisation_and_ends() {
    let (service, world) = (DeviceWise::default(), world());
    let session = session(&service, &world);
    let send = |command: &str, params: Value| {
        ask(
            &service,
            &world,
            &json!({"auth": {"sessionId": session}, "q": {"command": command, "params": params}}),
        )
    };
    let info = send("session.info", json!({}))["q"]["params"].clone();
    assert_eq!(
        (&info["orgKey"], &info["ttl"], &info["hasOrgAdmin"]),
        (&json!("EXAMPLE_ORG"), &json!(86400), &json!(true))
    );
    assert_eq!(info.get("perms"), None);
    let tree = send("session.org.list", json!({}))["q"]["params"]["result"][0].clone();
    assert_eq!(tree["subOrgs"].as_array().unwrap().len(), 3);
    world.set_switch("devicewise.org_list_place", "beside");
    assert_eq!(send("session.org.list", json!({}))["q"]["result"][0], tree);

    assert_eq!(
        code(&send("session.org.switch", json!({"key": "NOWHERE"}))["q"]),
        -90008
    );
    assert_eq!(
        send("session.org.switch", json!({"key": "EXAMPLE_LAB"}))["q"],
        json!({"success": true})
    );
    assert_eq!(send("session.info", json!({}))["q"]["params"]["orgKey"], "EXAMPLE_LAB");
    let mut by_org = a_day();
    by_org["dimension"] = json!("org");
    by_org["includeSubOrgs"] = json!(true);
    let counters = send("usage.api.history", by_org)["q"]["params"]["counters"].clone();
    assert_eq!(
        counters.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["EXAMPLE_LAB"]
    );
    assert_eq!(
        send("session.end", json!({"id": session}))["q"],
        json!({"success": true})
    );
    assert_eq!(code(&send("diag.ping", json!({}))), -90000);
}

#[test]
fn keys_in_lower_case_gzip_and_rate_limit_forms_are_switches() {
    let (service, world) = (DeviceWise::default(), world());
    let request = post(&json!({"1": {"command": "diag.ping"}}));
    assert!(!service.answer(&world, &request).gzip);
    world.set_switch("devicewise.key_case", "lower");
    world.set_switch("devicewise.gzip", "on");
    let response = service.answer(&world, &request);
    assert!(response.gzip);
    assert_eq!(body_of(&response)["errorcodes"], json!([-90000]));
    world.set_switch("devicewise.key_case", "camel");

    let limited = service.throttled(&world, &request, 60);
    assert_eq!((limited.status, code(&body_of(&limited))), (200, -97003));
    world.set_switch("devicewise.rate_limit_form", "429");
    let limited = service.throttled(&world, &request, 60);
    assert_eq!(limited.status, 429);
    assert!(limited.headers.contains(&("Retry-After".to_owned(), "60".to_owned())));
    let refused = service.refused_inside_200(&world, &request);
    assert_eq!((refused.status, code(&body_of(&refused))), (200, -97009));
}

#[test]
fn each_switch_is_named_after_the_service() {
    let service = DeviceWise::default();
    assert!(
        service
            .switches()
            .iter()
            .all(|switch| switch.name.starts_with("devicewise.") && !switch.doc.is_empty())
    );
    assert_eq!(service.credentials(1).len(), 5);
}
