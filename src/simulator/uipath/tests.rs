use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::*;

const JUNE: i64 = 1_780_272_000_000; // 2026-06-01T00:00Z
const JULY: i64 = 1_782_864_000_000; // 2026-07-01T00:00Z
const DAY: i64 = 86_400_000;
const PRODUCTION: &str = "7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44";
const RESEARCH: &str = "e83b7d12-09c4-4f6a-a1d8-5c9f30b7e2a6";
const TENANTS_PATH: &str = "/lease_/api/usage/3b9d5f10-7e42-4c86-9a0d-61c8e2f4b735/tenants";

fn world() -> World {
    World::new(7, Some("2026-07-15T12:00:00Z".parse().unwrap()))
}

fn switched(name: &str, value: &str) -> World {
    let switch = SWITCHES.iter().find(|switch| switch.name == name).unwrap();
    assert!(switch.values.is_empty() || switch.values.contains(&value));
    let world = world();
    world.set_switch(name, value);
    world
}

fn post(path: &str, token: &str, body: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        path: path.to_owned(),
        headers: vec![
            ("authorization".to_owned(), format!("Bearer {token}")),
            ("content-type".to_owned(), "application/json".to_owned()),
        ],
        body: body.as_bytes().to_vec(),
        ..Request::default()
    }
}

fn text(response: &Response) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

fn body(start: i64, end: i64, code: &str) -> Value {
    json!({"startDate": start, "endDate": end, "consumableCode": code})
}

fn of_tenant(tenant: &str, more: &Value) -> Value {
    let mut body = body(JUNE, JULY, "AIU");
    body["tenantId"] = json!(tenant);
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn ask(world: &World, report: &str, body: &Value) -> Response {
    let request = post(&format!("{TENANTS_PATH}/{report}"), TOKEN, &body.to_string());
    UiPath::default().answer(world, &request)
}

fn answer(world: &World, report: &str, body: &Value) -> Value {
    let response = ask(world, report, body);
    assert_eq!(response.status, 200, "{}", text(&response));
    serde_json::from_slice(&response.body).unwrap()
}

/// A JSON number in ten-thousandths, read from its text.
fn units(number: &Value) -> i128 {
    let text = number.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    assert!(fraction.len() <= 4, "{text}");
    whole.parse::<i128>().unwrap() * 10_000 + format!("{fraction:0<4}").parse::<i128>().unwrap()
}

fn add(values: &Value, field: &str) -> i128 {
    values.as_array().unwrap().iter().map(|row| units(&row[field])).sum()
}

fn june_events(code_name: &str) -> Vec<Event> {
    events(7, code(code_name).unwrap(), JUNE, JULY).collect()
}

fn total<'a>(events: impl IntoIterator<Item = &'a Event>) -> i128 {
    events.into_iter().map(|event| i128::from(event.quantity)).sum()
}

#[test]
fn the_summary_is_what_the_events_add_up_to() {
    for code in &CODES {
        let events = june_events(code.name);
        let summary = answer(&world(), "consumption-summary", &body(JUNE, JULY, code.name));
        let items = summary["tenantConsumptionItems"].as_array().unwrap();
        assert_eq!(items.len(), 3);
        let without = units(&summary["consumedFromOrgWithoutTenant"]);
        assert_eq!(without, total(events.iter().filter(|event| event.tenant.is_none())));
        for (item, tenant) in items.iter().zip(&TENANTS) {
            assert_eq!(item["tenantId"], tenant.id);
            let from = |pool| {
                total(
                    events
                        .iter()
                        .filter(|event| event.tenant == Some(tenant) && event.pool == pool),
                )
            };
            assert_eq!(units(&item["consumedFromTenantPool"]), from(Pool::Tenant));
            assert_eq!(units(&item["consumedFromOrgPool"]), from(Pool::Organization));
        }
        assert!(total(&events) > 0);
    }
}

#[test]
fn quantities_are_fractional_and_exact() {
    let summary = text(&ask(&world(), "consumption-summary", &body(JUNE, JULY, "AIU")));
    let without: Vec<Event> = june_events("AIU")
        .into_iter()
        .filter(|event| event.tenant.is_none())
        .collect();
    let exact = total(&without);
    assert_ne!(exact % 10_000, 0);
    let expected = format!("{}.{:04}", exact / 10_000, exact % 10_000);
    assert!(
        summary.contains(expected.trim_end_matches('0')),
        "{expected} in {summary}"
    );
}

#[test]
fn the_four_reports_agree_for_each_tenant() {
    let world = world();
    let summary = answer(&world, "consumption-summary", &body(JUNE, JULY, "AIU"));
    for (nth, tenant) in TENANTS.iter().enumerate() {
        let item = &summary["tenantConsumptionItems"][nth];
        let one = answer(
            &world,
            &format!("{}/consumption-summary", tenant.id),
            &body(JUNE, JULY, "AIU"),
        );
        assert_eq!(one["tenantConsumptionItems"], json!([item]));
        assert_eq!(
            one["consumedFromOrgWithoutTenant"],
            summary["consumedFromOrgWithoutTenant"]
        );

        let sum = units(&item["consumedFromTenantPool"]) + units(&item["consumedFromOrgPool"]);
        let daily = answer(
            &world,
            "daily-consumption-by-service",
            &of_tenant(tenant.id, &json!({})),
        );
        assert_eq!(add(&daily, "consumedAmount"), sum);
        for by_owner in [false, true] {
            let body = of_tenant(tenant.id, &json!({"aggregateByOwnership": by_owner}));
            assert_eq!(
                add(&answer(&world, "consumption-by-folder", &body), "consumedBySelf"),
                sum
            );
        }
    }
}

#[test]
fn days_add_up_to_the_month_and_keep_their_usage() {
    let world = world();
    let month = answer(
        &world,
        "daily-consumption-by-service",
        &of_tenant(PRODUCTION, &json!({})),
    );
    let mut days = Vec::new();
    for day in 0..30 {
        let (start, end) = (JUNE + day * DAY, JUNE + (day + 1) * DAY);
        let one = of_tenant(PRODUCTION, &json!({"startDate": start, "endDate": end}));
        let one = answer(&world, "daily-consumption-by-service", &one);
        let label = format!("2026-06-{:02}", day + 1);
        assert!(one.as_array().unwrap().iter().all(|row| row["date"] == label.as_str()));
        days.extend(one.as_array().unwrap().clone());
    }
    assert_eq!(Value::from(days), month);
    let services: BTreeSet<&str> = month
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["service"].as_str().unwrap())
        .collect();
    assert_eq!(services.into_iter().collect::<Vec<_>>(), code("AIU").unwrap().services);
}

#[test]
fn the_folder_report_has_the_tree_and_use_outside_it() {
    let world = world();
    let report = answer(&world, "consumption-by-folder", &of_tenant(PRODUCTION, &json!({})));
    let rows = report.as_array().unwrap();
    let names: Vec<&Value> = rows.iter().map(|row| &row["folderName"]).collect();
    assert_eq!(
        names,
        ["Shared", "Finance", "Invoices", "Archive", "人事"]
            .map(Value::from)
            .iter()
            .chain([&Value::Null])
            .collect::<Vec<_>>()
    );
    assert_eq!(rows[3]["parentFolderKey"], rows[2]["folderKey"]);
    assert_eq!(rows[2]["parentFolderKey"], rows[1]["folderKey"]);
    assert_eq!(rows[0].get("parentFolderKey"), Some(&Value::Null));
    assert_eq!(rows[5].get("folderKey"), Some(&Value::Null));
    assert_eq!(rows[0]["processCountSelf"], 5);

    let owned = answer(
        &world,
        "consumption-by-folder",
        &of_tenant(PRODUCTION, &json!({"aggregateByOwnership": true})),
    );
    assert_ne!(owned[0]["consumedBySelf"], report[0]["consumedBySelf"]);
    assert_eq!(
        owned[5]["consumedBySelf"], report[5]["consumedBySelf"],
        "outside folders nobody owns"
    );
}

#[test]
fn folder_keys_narrow_the_daily_report() {
    let folders = answer(&world(), "consumption-by-folder", &of_tenant(PRODUCTION, &json!({})));
    let keys = json!([folders[1]["folderKey"], folders[4]["folderKey"]]);
    let daily = answer(
        &world(),
        "daily-consumption-by-service",
        &of_tenant(PRODUCTION, &json!({"folderKeys": keys})),
    );
    let expected = units(&folders[1]["consumedBySelf"]) + units(&folders[4]["consumedBySelf"]);
    assert_eq!(add(&daily, "consumedAmount"), expected);

    let empty = of_tenant(PRODUCTION, &json!({"folderKeys": []}));
    let all = answer(
        &world(),
        "daily-consumption-by-service",
        &of_tenant(PRODUCTION, &json!({})),
    );
    assert_eq!(answer(&world(), "daily-consumption-by-service", &empty), all);
    let none = switched("uipath.folder_keys_empty", "none");
    assert_eq!(answer(&none, "daily-consumption-by-service", &empty), json!([]));
}

#[test]
fn a_tenant_without_reserved_units_draws_from_the_organization() {
    let one = answer(
        &world(),
        &format!("{RESEARCH}/consumption-summary"),
        &body(JUNE, JULY, "AIU"),
    );
    let item = &one["tenantConsumptionItems"][0];
    assert_eq!(item["consumedFromTenantPool"], 0);
    assert!(units(&item["consumedFromOrgPool"]) > 0);
    let nulls = switched("uipath.null_quantities", "yes");
    let one = answer(
        &nulls,
        &format!("{RESEARCH}/consumption-summary"),
        &body(JUNE, JULY, "AIU"),
    );
    assert_eq!(
        one["tenantConsumptionItems"][0].get("consumedFromTenantPool"),
        Some(&Value::Null)
    );
}

#[test]
fn windows_are_half_open_unless_switched() {
    let midnight = |at: i64| total(june_events("AIU").iter().filter(|event| event.at == at));
    let sum = |world: &World, start, end| {
        let summary = truth_summary(world, start, end, "AIU");
        let answered = answer(world, "consumption-summary", &body(start, end, "AIU"));
        let of = |line: &TenantSum| line.from_tenant_pool.exact + line.from_org_pool.exact;
        let sum = summary.without_tenant.exact + summary.tenants.iter().map(of).sum::<i128>();
        let tenants = &answered["tenantConsumptionItems"];
        let answered = units(&answered["consumedFromOrgWithoutTenant"])
            + add(tenants, "consumedFromTenantPool")
            + add(tenants, "consumedFromOrgPool");
        assert_eq!(answered, sum);
        sum
    };
    let (start, end) = (JUNE + DAY, JUNE + 2 * DAY);
    assert!(midnight(start) > 0 && midnight(end) > 0);
    let exclusive = sum(&world(), start, end);
    assert_eq!(sum(&world(), start, start + 1), midnight(start));
    assert_eq!(sum(&world(), start + 1, end), exclusive - midnight(start));
    assert_eq!(
        sum(&switched("uipath.end", "inclusive"), start, end),
        exclusive + midnight(end)
    );
    let days = switched("uipath.end", "day_truncated");
    assert_eq!(sum(&days, start, end), sum(&world(), start, end + DAY));
    assert_eq!(sum(&days, start + DAY / 2, start + DAY / 2), exclusive);
}

#[test]
fn seconds_for_milliseconds_are_january_1970_and_zero() {
    let summary = answer(&world(), "consumption-summary", &body(JUNE / 1000, JULY / 1000, "AIU"));
    assert_eq!(summary["consumedFromOrgWithoutTenant"], 0);
    assert_eq!(add(&summary["tenantConsumptionItems"], "consumedFromOrgPool"), 0);
}

#[test]
fn usage_ends_now_minus_the_lag_and_begins_in_2023() {
    let now: Timestamp = "2026-07-15T12:00:00Z".parse().unwrap();
    let now = now.as_millisecond();
    let far = 10 * 366 * DAY;
    let window = |world: &World| Window::known(world, 0, JUNE + far);
    assert_eq!(
        window(&world()),
        Window {
            from: FIRST,
            to: now - 300_000
        }
    );
    let at_once = switched("uipath.lag_minutes", "0");
    assert_eq!(window(&at_once).to, now);
    let kept = switched("uipath.retention", "days90");
    assert_eq!(window(&kept).from, now - 90 * DAY);
    for edge in [i64::MIN, i64::MAX] {
        let answered = answer(
            &switched("uipath.zero_days", "zero"),
            "daily-consumption-by-service",
            &{
                let mut body = of_tenant(PRODUCTION, &json!({}));
                body["startDate"] = json!(edge);
                body["endDate"] = json!(edge);
                body
            },
        );
        assert_eq!(answered, json!([]));
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let ask = |seed| {
        let world = World::new(seed, Some("2026-07-15T12:00:00Z".parse().unwrap()));
        text(&ask(&world, "consumption-summary", &body(JUNE, JULY, "AGU")))
    };
    assert_eq!(ask(7), ask(7));
    assert_ne!(ask(7), ask(8));
}

#[test]
fn a_body_is_checked_field_by_field() {
    let summary = |change: fn(&mut Value)| {
        let mut body = body(JUNE, JULY, "AIU");
        change(&mut body);
        let response = ask(&world(), "consumption-summary", &body);
        let problem: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let fields = problem["errors"]
            .as_object()
            .map(|errors| errors.keys().cloned().collect::<Vec<_>>());
        (response.status, fields.unwrap_or_default().join(" "))
    };
    let refused = |field: &str| (400, field.to_owned());
    assert_eq!(summary(|_| ()).0, 200);
    assert_eq!(
        summary(|body| body["startDate"] = json!("2026-06-01")),
        refused("startDate")
    );
    assert_eq!(
        summary(|body| body["startDate"] = json!(1_780_272_000_000.5)),
        refused("startDate")
    );
    assert_eq!(summary(|body| body["endDate"] = json!(null)), refused("endDate"));
    assert_eq!(summary(|body| body["endDate"] = json!(JUNE - 1)), refused("endDate"));
    assert_eq!(
        summary(|body| body["consumableCode"] = json!("")),
        refused("consumableCode")
    );
    assert_eq!(
        summary(|body| body["consumableCode"] = json!(7)),
        refused("consumableCode")
    );
    assert_eq!(
        summary(|body| drop(body.as_object_mut().unwrap().remove("endDate"))),
        refused("endDate")
    );
    assert_eq!(summary(|body| *body = json!([])), refused("$"));
    assert_eq!(summary(|body| body["endDate"] = json!(JUNE)).0, 200);
}

#[test]
fn tenants_and_optional_fields_are_checked() {
    let daily = |more: Value| ask(&world(), "daily-consumption-by-service", &of_tenant(PRODUCTION, &more)).status;
    assert_eq!(daily(json!({})), 200);
    assert_eq!(daily(json!({"tenantId": PRODUCTION.to_uppercase()})), 200);
    assert_eq!(daily(json!({"tenantId": "Production"})), 400);
    assert_eq!(daily(json!({"tenantId": null})), 400);
    assert_eq!(daily(json!({"tenantId": "7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e45"})), 404);
    assert_eq!(daily(json!({"aggregateByOwnership": null})), 400);
    assert_eq!(daily(json!({"aggregateByOwnership": "true"})), 400);
    assert_eq!(daily(json!({"folderKeys": null})), 400);
    assert_eq!(daily(json!({"folderKeys": ["Shared"]})), 400);
    assert_eq!(
        ask(&world(), "consumption-by-folder", &body(JUNE, JULY, "AIU")).status,
        400
    );
    let status = |tenant: &str| {
        ask(
            &world(),
            &format!("{tenant}/consumption-summary"),
            &body(JUNE, JULY, "AIU"),
        )
        .status
    };
    assert_eq!(status("Production"), 400);
    assert_eq!(status("7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e45"), 404);
}

#[test]
fn paths_are_exact() {
    let status = |world: &World, path: &str| {
        UiPath::default()
            .answer(world, &post(path, TOKEN, &body(JUNE, JULY, "AIU").to_string()))
            .status
    };
    let good = format!("{TENANTS_PATH}/consumption-summary");
    let named = format!("/{ORGANIZATION_NAME}{good}");
    assert_eq!(status(&world(), &good), 200);
    assert_eq!(status(&world(), &good.replace("3b9d5f10", "3B9D5F10")), 200);
    assert_eq!(status(&world(), &good.replace("3b9d5f10", "4b9d5f10")), 404);
    assert_eq!(status(&world(), &good.replace(ORGANIZATION_ID, ORGANIZATION_NAME)), 400);
    for wrong in [
        &format!("/{good}"),
        &format!("{good}/"),
        &named,
        "/lease_/",
        "/lease_/api/usage",
    ] {
        let response = UiPath::default().answer(&world(), &post(wrong, TOKEN, "{}"));
        assert_eq!(response.status, 404, "{wrong}");
        assert!(text(&response).starts_with("<!DOCTYPE html>"));
        assert_eq!(status(&switched("uipath.unknown_path", "200"), wrong), 200);
        assert!(UiPath::default().claims(&post(wrong, "", "")));
    }
    assert!(!UiPath::default().claims(&post("/orgs/lease", "", "")));
    assert_eq!(
        status(&switched("uipath.organization_segment", "accepted"), &named),
        200
    );
    assert_eq!(status(&switched("uipath.organization_segment", "accepted"), &good), 200);
    let required = switched("uipath.organization_segment", "required");
    assert_eq!((status(&required, &named), status(&required, &good)), (200, 404));
    let mut get = post(&good, TOKEN, "");
    get.method = "GET".to_owned();
    assert_eq!(UiPath::default().answer(&world(), &get).status, 405);
}

#[test]
fn the_content_type_must_be_json() {
    let mut request = post(
        &format!("{TENANTS_PATH}/consumption-summary"),
        TOKEN,
        &body(JUNE, JULY, "AIU").to_string(),
    );
    request.headers[1].1 = "application/json; charset=utf-8".to_owned();
    assert_eq!(UiPath::default().answer(&world(), &request).status, 200);
    request.headers[1].1 = "text/plain".to_owned();
    assert_eq!(UiPath::default().answer(&world(), &request).status, 415);
    request.headers.pop();
    assert_eq!(UiPath::default().answer(&world(), &request).status, 415);
}

#[test]
fn without_a_good_token_there_is_401_and_no_body() {
    let path = format!("{TENANTS_PATH}/consumption-summary");
    let question = body(JUNE, JULY, "AIU").to_string();
    for token in ["", "nobody", LIMITED_TOKEN] {
        let response = UiPath::default().answer(&world(), &post(&path, token, &question));
        assert_eq!((response.status, response.body.len()), (401, 0), "{token}");
    }
    let mut request = post(&path, TOKEN, &question);
    request.headers[0].1 = format!("Basic {TOKEN}");
    assert_eq!(UiPath::default().answer(&world(), &request).status, 401);
    let refused = switched("uipath.personal_tokens", "refused");
    assert_eq!(
        UiPath::default()
            .answer(&refused, &post(&path, TOKEN, &question))
            .status,
        401
    );
}

const APP: &str = "client_id=4d2c8a76-10be-49f3-b5e9-8f7a03d6c1e2&client_secret=sim%2Buipath%26secret%3D%2520";

/// Posts a form to the token endpoint, with the application's credentials in front.
fn token(service: &UiPath, world: &World, form: &str) -> (u16, Value) {
    let request = Request {
        method: "POST".to_owned(),
        path: format!("/{ORGANIZATION_NAME}/identity_/connect/token"),
        headers: vec![
            (
                "content-type".to_owned(),
                "application/x-www-form-urlencoded".to_owned(),
            ),
            ("x-uipath-internal-accountid".to_owned(), ORGANIZATION_ID.to_owned()),
        ],
        body: format!("{APP}&{form}").into_bytes(),
        ..Request::default()
    };
    let response = service.answer(world, &request);
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

fn opens(service: &UiPath, world: &World, token: &Value) -> u16 {
    let path = format!("{TENANTS_PATH}/consumption-summary");
    let question = body(JUNE, JUNE + DAY, "AIU").to_string();
    service
        .answer(world, &post(&path, token.as_str().unwrap(), &question))
        .status
}

#[test]
fn client_credentials_get_a_token_that_opens_the_reports() {
    let (service, world) = (UiPath::default(), world());
    let (status, answer) = token(
        &service,
        &world,
        "grant_type=client_credentials&scope=PM.License.Read+PM.Audit.Read",
    );
    assert_eq!(status, 200);
    assert_eq!(answer["expires_in"], 3600);
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["scope"], "PM.License.Read PM.Audit.Read");
    assert!(answer.get("refresh_token").is_none());
    assert_eq!(opens(&service, &world, &answer["access_token"]), 200);
    let (_, other) = token(&service, &world, "grant_type=client_credentials");
    assert_ne!(other["access_token"], answer["access_token"]);
    assert_eq!(
        opens(&UiPath::default(), &world, &answer["access_token"]),
        401,
        "another server's token"
    );
}

#[test]
fn the_token_endpoint_says_what_is_wrong() {
    let (service, world) = (UiPath::default(), world());
    for (form, error) in [
        (
            "grant_type=client_credentials&scope=PM.License+offline_access",
            "invalid_scope",
        ),
        ("grant_type=client_credentials&scope=pm.license", "invalid_scope"),
        ("grant_type=client_credentials&scope=OR.Folders", "invalid_scope"),
        ("grant_type=client_credentials&client_secret=wrong", "invalid_client"),
        ("grant_type=client_credentials&client_id=wrong", "invalid_client"),
        ("grant_type=authorization_code", "unsupported_grant_type"),
        ("grant_type=password&username=a&password=b", "unauthorized_client"),
        ("grant_type=refresh_token&refresh_token=nothing", "invalid_grant"),
        ("grant_type=refresh_token", "invalid_request"),
        ("scope=PM.License", "invalid_request"),
    ] {
        assert_eq!(token(&service, &world, form), (400, json!({"error": error})), "{form}");
    }
}

#[test]
fn the_token_endpoint_takes_forms_at_both_paths_only() {
    let ask = |path: &str, content_type: &str, method: &str| {
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: format!("{APP}&grant_type=client_credentials").into_bytes(),
            ..Request::default()
        };
        let response = UiPath::default().answer(&world(), &request);
        (response.status, text(&response))
    };
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    assert_eq!(ask("/identity_/connect/token", form, "POST").0, 200);
    assert_eq!(ask("/simorg/identity_/connect/token", form, "POST").0, 200);
    assert_eq!(
        ask(&format!("/{ORGANIZATION_ID}/identity_/connect/token"), form, "POST").0,
        404
    );
    assert_eq!(ask("/identity_/connect/token", form, "GET").0, 405);
    let json = ask("/identity_/connect/token", "application/json", "POST");
    assert_eq!(json, (400, r#"{"error":"invalid_request"}"#.to_owned()));
}

#[test]
fn tokens_expire_by_the_wall_clock_and_on_demand() {
    let (service, world) = (UiPath::default(), switched("uipath.token_lifetime", "60"));
    let ask = || token(&service, &world, "grant_type=client_credentials").1;
    let first = ask();
    assert_eq!(first["expires_in"], 60);
    assert_eq!(opens(&service, &world, &first["access_token"]), 200);
    world.set_clock_offset(SignedDuration::from_secs(61));
    assert_eq!(opens(&service, &world, &first["access_token"]), 401);
    let second = ask();
    assert_eq!(opens(&service, &world, &second["access_token"]), 200);
    service.expire_sessions();
    assert_eq!(opens(&service, &world, &second["access_token"]), 401);
    assert_eq!(
        opens(&service, &world, &json!(TOKEN)),
        200,
        "nobody handed this one out"
    );
}

#[test]
fn expires_in_has_the_type_of_its_switch() {
    for (value, expected) in [("number", "3600"), ("float", "3600.0"), ("text", "\"3600\"")] {
        let request = Request {
            method: "POST".to_owned(),
            path: "/identity_/connect/token".to_owned(),
            headers: vec![(
                "content-type".to_owned(),
                "application/x-www-form-urlencoded".to_owned(),
            )],
            body: format!("{APP}&grant_type=client_credentials").into_bytes(),
            ..Request::default()
        };
        let response = UiPath::default().answer(&switched("uipath.expires_in_type", value), &request);
        assert!(
            text(&response).contains(&format!("\"expires_in\":{expected},")),
            "{}",
            text(&response)
        );
    }
}

#[test]
fn refresh_tokens_work_once() {
    let (service, world) = (UiPath::default(), switched("uipath.password_grant", "on"));
    let form = "grant_type=password&username=admin%40sim.example&password=sim+uipath%2Bpassword\
                &acr_values=tenant%3A3b9d5f10-7e42-4c86-9a0d-61c8e2f4b735&scope=PM.License+offline_access";
    let (status, first) = token(&service, &world, form);
    assert_eq!(status, 200);
    assert_eq!(opens(&service, &world, &first["access_token"]), 200);
    let refresh = |spent: &Value| {
        let form = format!("grant_type=refresh_token&refresh_token={}", spent.as_str().unwrap());
        token(&service, &world, &form)
    };
    let (status, second) = refresh(&first["refresh_token"]);
    assert_eq!(status, 200);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(opens(&service, &world, &second["access_token"]), 200);
    assert_eq!(
        refresh(&first["refresh_token"]),
        (400, json!({"error": "invalid_grant"}))
    );
    world.set_clock_offset(SignedDuration::from_hours(60 * 24 + 1));
    assert_eq!(refresh(&second["refresh_token"]).0, 400);
    let wrong = form.replace("tenant%3A3b9d5f10", "tenant%3A4b9d5f10");
    assert_eq!(token(&service, &world, &wrong).1, json!({"error": "invalid_grant"}));
}

#[test]
fn scopes_roles_and_kinds_of_token_decide_who_is_let_in() {
    let status = |world: &World, scope: &str| {
        let service = UiPath::default();
        let (_, answer) = token(&service, world, &format!("grant_type=client_credentials&scope={scope}"));
        opens(&service, world, &answer["access_token"])
    };
    assert_eq!(status(&world(), "PM.Audit.Read"), 403);
    assert_eq!(status(&world(), "PM.License.Read"), 200);
    let write = switched("uipath.usage_scope", "write");
    assert_eq!(status(&write, "PM.License.Read"), 403);
    assert_eq!(status(&write, "PM.License.Write"), 200);
    assert_eq!(status(&write, "PM.License"), 200);
    assert_eq!(status(&switched("uipath.app_tokens", "refused"), "PM.License"), 403);
    let member = switched("uipath.role", "member");
    assert_eq!(status(&member, "PM.License"), 403);
    assert_eq!(
        ask(
            &member,
            "daily-consumption-by-service",
            &of_tenant(PRODUCTION, &json!({}))
        )
        .status,
        200
    );
}

#[test]
fn the_portal_lists_the_tenants() {
    let ask = |world: &World, organization: &str, token: &str| {
        let path = format!("/{organization}/portal_/api/filtering/leftnav/tenantsAndOrganizationInfo");
        let mut request = post(&path, token, "");
        request.method = "GET".to_owned();
        UiPath::default().answer(world, &request)
    };
    let listed: Value = serde_json::from_slice(&ask(&world(), ORGANIZATION_ID, TOKEN).body).unwrap();
    assert_eq!(listed["organization"], json!({"id": ORGANIZATION_ID, "name": "simorg"}));
    assert_eq!(listed["tenants"].as_array().unwrap().len(), 3);
    assert_eq!(listed["tenants"][0], json!({"id": PRODUCTION, "name": "Production"}));
    assert_eq!(ask(&world(), ORGANIZATION_ID, "wrong").status, 401);
    assert_eq!(ask(&world(), ORGANIZATION_NAME, TOKEN).status, 400);
    assert_eq!(ask(&world(), PRODUCTION, TOKEN).status, 404);
    let removed = ask(&switched("uipath.removed_tenant", "yes"), ORGANIZATION_ID, TOKEN);
    assert!(!text(&removed).contains(RESEARCH));
}

#[test]
fn errors_have_the_shape_of_their_switch() {
    let ask = |shape: &str| {
        let world = switched("uipath.error_shape", shape);
        let response = ask(&world, "consumption-summary", &body(JUNE, JUNE - 1, "AIU"));
        assert_eq!(response.status, 400);
        (
            response.headers.first().map(|(_, value)| value.clone()),
            text(&response),
        )
    };
    let (content_type, problem) = ask("problem");
    assert_eq!(content_type.unwrap(), "application/problem+json; charset=utf-8");
    let problem: Value = serde_json::from_str(&problem).unwrap();
    assert_eq!(problem["status"], 400);
    assert_eq!(problem["errors"], json!({"endDate": ["The end is before the start."]}));
    assert_eq!(
        problem["traceId"].as_str().unwrap().len(),
        "00-".len() + 32 + "-0000000000000001-00".len()
    );
    let message = "One or more validation errors occurred. endDate: The end is before the start.";
    let abp: Value = serde_json::from_str(&ask("abp").1).unwrap();
    assert_eq!((&abp["message"], &abp["__abp"]), (&json!(message), &json!(true)));
    let plain: Value = serde_json::from_str(&ask("plain").1).unwrap();
    assert_eq!(plain["error"], message);
    let coded: Value = serde_json::from_str(&ask("coded").1).unwrap();
    assert_eq!((&coded["message"], &coded["errorCode"]), (&json!(message), &json!(400)));
    assert!(ask("html").1.starts_with("<!DOCTYPE html>"));
    assert_eq!(ask("empty").1, "");
}

#[test]
fn a_request_is_known_by_its_trace() {
    let mut request = post(&format!("{TENANTS_PATH}/consumption-summary"), TOKEN, "{}");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    request
        .headers
        .push(("traceparent".to_owned(), format!("00-{trace}-00f067aa0ba902b7-01")));
    let service = UiPath::default();
    let header = |world: &World, request: &Request, name: &str| {
        let response = service.answer(world, request);
        response
            .headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    assert_eq!(header(&world(), &request, "x-request-id").as_deref(), Some(trace));
    assert!(text(&service.answer(&world(), &request)).contains(&format!("00-{trace}-")));
    request.headers.pop();
    let first = header(&world(), &request, "x-request-id");
    assert_ne!(first, header(&world(), &request, "x-request-id"));
    assert_eq!(first.unwrap().len(), 32);
    let other = switched("uipath.correlation", "x-uipath-correlation-id");
    assert!(header(&other, &request, "x-uipath-correlation-id").is_some());
    assert_eq!(
        header(&switched("uipath.correlation", "none"), &request, "x-request-id"),
        None
    );
}

#[test]
fn codes_are_answered_as_switched() {
    let status = |world: &World, code: &str| ask(world, "consumption-summary", &body(JUNE, JULY, code)).status;
    assert_eq!(status(&switched("uipath.unknown_code", "400"), "XYZ"), 400);
    assert_eq!(status(&switched("uipath.unknown_code", "404"), "XYZ"), 404);
    let zeros = answer(&world(), "consumption-summary", &body(JUNE, JULY, "aiu"));
    assert_eq!(zeros["consumedFromOrgWithoutTenant"], 0);
    assert_eq!(zeros["tenantConsumptionItems"][2]["consumedFromOrgPool"], 0);
    let any_case = answer(
        &switched("uipath.code_case", "insensitive"),
        "consumption-summary",
        &body(JUNE, JULY, "aiu"),
    );
    assert_eq!(
        any_case,
        answer(&world(), "consumption-summary", &body(JUNE, JULY, "AIU"))
    );
    let daily = answer(
        &world(),
        "daily-consumption-by-service",
        &of_tenant(PRODUCTION, &json!({"consumableCode": "XYZ"})),
    );
    assert_eq!(daily, json!([]));
}

#[test]
fn no_tenant_rows_look_as_switched() {
    let ask = |value: &str| {
        let world = switched("uipath.no_tenants", value);
        let used = answer(&world, "consumption-summary", &body(JUNE, JULY, "RU"));
        assert!(add(&used["tenantConsumptionItems"], "consumedFromTenantPool") > 0);
        text(&ask(&world, "consumption-summary", &body(JUNE, JULY, "XYZ")))
    };
    assert!(ask("zeros").contains(r#""consumedFromTenantPool":0,"#));
    assert_eq!(
        ask("empty"),
        r#"{"consumedFromOrgWithoutTenant":0,"tenantConsumptionItems":[]}"#
    );
    assert_eq!(
        ask("null"),
        r#"{"consumedFromOrgWithoutTenant":0,"tenantConsumptionItems":null}"#
    );
    assert_eq!(ask("absent"), r#"{"consumedFromOrgWithoutTenant":0}"#);
}

#[test]
fn report_switches_change_the_rows() {
    let daily = |world: &World| {
        answer(
            world,
            "daily-consumption-by-service",
            &of_tenant(RESEARCH, &json!({"consumableCode": "HEAL"})),
        )
    };
    let bare = daily(&world());
    assert_eq!(daily(&switched("uipath.reports", "wrapped")), json!({"items": bare}));
    let day = bare[0]["date"].as_str().unwrap();
    assert_eq!(
        daily(&switched("uipath.date_format", "instant"))[0]["date"],
        format!("{day}T00:00:00Z")
    );
    let midnight: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
    assert_eq!(
        daily(&switched("uipath.date_format", "millis"))[0]["date"],
        midnight.as_millisecond()
    );

    assert!(bare.as_array().unwrap().len() < 30);
    let filled = daily(&switched("uipath.zero_days", "zero"));
    assert_eq!(filled.as_array().unwrap().len(), 30);
    assert_eq!(add(&filled, "consumedAmount"), add(&bare, "consumedAmount"));
    assert!(filled.as_array().unwrap().iter().any(|row| row["consumedAmount"] == 0));
}

#[test]
fn a_range_may_be_too_long() {
    let status =
        |world: &World, days: i64| ask(world, "consumption-summary", &body(JUNE, JUNE + days * DAY, "AIU")).status;
    assert_eq!(status(&world(), 4000), 200);
    let month = switched("uipath.longest_range", "days31");
    assert_eq!((status(&month, 31), status(&month, 32)), (200, 400));
    let year = switched("uipath.longest_range", "days366");
    assert_eq!((status(&year, 366), status(&year, 367)), (200, 400));
}

#[test]
fn binary_sums_and_unknown_fields_can_be_had() {
    let binary = switched("uipath.number_form", "binary");
    let (start, end) = (FIRST, JULY);
    let exact = answer(&world(), "consumption-summary", &body(start, end, "AIU"));
    let sums = answer(&binary, "consumption-summary", &body(start, end, "AIU"));
    assert_ne!(sums, exact);
    let difference = sums["consumedFromOrgWithoutTenant"].as_f64().unwrap()
        - exact["consumedFromOrgWithoutTenant"].as_f64().unwrap();
    assert!(difference.abs() < 1e-5);

    let report = format!("{PRODUCTION}/consumption-summary");
    let extra = answer(
        &switched("uipath.extra_fields", "yes"),
        &report,
        &body(JUNE, JULY, "AIU"),
    );
    assert_eq!(extra["tenantConsumptionItems"][0]["allocatedQuantity"], 1000);
    assert!(
        answer(&world(), &report, &body(JUNE, JULY, "AIU"))["tenantConsumptionItems"][0]
            .get("allocatedQuantity")
            .is_none()
    );
}

#[test]
fn folders_belong_to_tenants_and_trees() {
    for folder in &FOLDERS {
        assert!(is_guid(folder.key));
        assert!(TENANTS.iter().any(|tenant| tenant.id == folder.tenant));
        let parent = folder
            .parent
            .map(|key| FOLDERS.iter().find(|other| other.key == key).unwrap());
        assert!(parent.is_none_or(|parent| parent.tenant == folder.tenant));
    }
    assert!(TENANTS.iter().all(|tenant| is_guid(tenant.id)) && is_guid(ORGANIZATION_ID));
    let keys: BTreeSet<&str> = FOLDERS.iter().map(|folder| folder.key).collect();
    assert_eq!(keys.len(), FOLDERS.len());
}

#[test]
fn switch_names_begin_with_the_service_and_are_unique() {
    let names: BTreeSet<&str> = SWITCHES.iter().map(|switch| switch.name).collect();
    assert!(names.iter().all(|name| name.starts_with("uipath.")));
    assert_eq!(names.len(), SWITCHES.len());
}
