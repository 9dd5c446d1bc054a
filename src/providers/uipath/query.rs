//! Questions to `UiPath` as requests: always POST of JSON, moments as Unix milliseconds; and the request for a token.

use serde_json::Value as Plain;

use crate::service::{Account, Call, Request};
use crate::values::arguments::Value;
use crate::values::error::{Error, Result};
use crate::values::secret::Secret;
use crate::values::text::encode;

/// Our names of the arguments, and those of the body. What is not given is left out: null is not the same.
const BODY: &[(&str, &str)] = &[
    ("tenant_id", "tenantId"),
    ("start", "startDate"),
    ("end", "endDate"),
    ("consumable_code", "consumableCode"),
    ("aggregate_by_ownership", "aggregateByOwnership"),
    ("folder_keys", "folderKeys"),
];

/// The request for a call.
pub fn request(account: &Account, call: &Call) -> Result<Request> {
    let mut body = serde_json::Map::new();
    for (name, wire) in BODY {
        let is_in_path = call.wire().contains(&format!("{{{name}}}"));
        if let (Some(value), false) = (call.arguments.get(name), is_in_path) {
            body.insert((*wire).to_owned(), plain(name, value)?);
        }
    }
    Ok(Request::post_json(url(account, call), &Plain::Object(body)))
}

fn url(account: &Account, call: &Call) -> String {
    let mut url = format!("{}/", account.base_url);
    if account.settings.flag("organization_segment") == Some(true) {
        url.push_str(&encode(account.setting("organization_name").unwrap_or_default()));
        url.push('/');
    }
    let path = call
        .wire()
        .replace(
            "{organization_id}",
            &encode(account.setting("organization_id").unwrap_or_default()),
        )
        .replace(
            "{tenant_id}",
            &encode(call.arguments.text("tenant_id").unwrap_or_default()),
        );
    url + &path
}

fn plain(name: &str, value: &Value) -> Result<Plain> {
    let Value::Instant(instant) = value else {
        return Ok(value.to_json());
    };
    if instant.at.subsec_nanosecond() % 1_000_000 != 0 {
        return Err(Error::invalid(format!(
            "{name} ({}) must be a whole millisecond; round it first",
            instant.at
        )));
    }
    Ok(Plain::from(instant.at.as_millisecond()))
}

/// The request for a token, by client credentials. There is no refresh token: `offline_access` is never added.
pub fn login(account: &Account, client_secret: &Secret) -> Request {
    let setting = |name: &str| account.setting(name).unwrap_or_default();
    let url = match account.setting("token_url") {
        Some(url) => url.to_owned(),
        None => format!(
            "{}/{}/identity_/connect/token",
            account.base_url,
            encode(setting("organization_name"))
        ),
    };
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", setting("client_id")),
        ("client_secret", client_secret.expose()),
        ("scope", setting("scope")),
    ];
    Request::post_form(url, fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::uipath::{SETTINGS, UiPath};
    use crate::service::{Login, Method, Provider, Secrets};
    use crate::values::arguments::Arguments;

    const ID: &str = "11111111-1111-1111-1111-111111111111";
    const TENANT: &str = "7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44";

    fn text(value: &str) -> Value {
        Value::Text(value.to_owned())
    }

    fn account(more: &[(&str, Value)]) -> Account {
        let mut given = vec![("organization_id".to_owned(), text(ID))];
        given.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Account {
            name: "uipath".to_owned(),
            base_url: "https://cloud.uipath.com".to_owned(),
            settings: Arguments::check("UiPath()", SETTINGS, given).unwrap(),
            secrets: vec!["client_secret"],
        }
    }

    fn ask(account: &Account, operation: &str, given: &[(&str, Value)]) -> Result<Request> {
        let mut given: Vec<_> = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        for (name, value) in [
            ("start", Value::Whole(1_704_067_200_000)),
            ("end", Value::Whole(1_706_745_600_000)),
            ("consumable_code", text("consumption_unit_code")),
        ] {
            if !given.iter().any(|(key, _)| key == name) {
                given.push((name.to_owned(), value));
            }
        }
        UiPath.request(account, &Call::new(&UiPath, operation, given)?)
    }

    fn body(request: &Request) -> String {
        String::from_utf8(request.body.clone()).unwrap()
    }

    #[test]
    fn the_summary_is_asked_for_as_the_page_shows() {
        let request = ask(&account(&[]), "consumption_summary", &[]).unwrap();
        assert_eq!(request.method, Method::Post);
        assert_eq!(
            request.url,
            format!("https://cloud.uipath.com/lease_/api/usage/{ID}/tenants/consumption-summary")
        );
        assert_eq!(
            request.headers,
            [
                ("accept", "application/json".to_owned()),
                ("content-type", "application/json".to_owned())
            ]
        );
        assert_eq!(
            body(&request),
            r#"{"consumableCode":"consumption_unit_code","endDate":1706745600000,"startDate":1704067200000}"#
        );
    }

    #[test]
    fn a_tenant_is_in_the_path_or_in_the_body_never_in_both() {
        const START_END: &str =
            r#""consumableCode":"consumption_unit_code","endDate":1706745600000,"startDate":1704067200000"#;
        let folders = Value::List(vec![text(ID), text(TENANT)]);
        let owned = ("aggregate_by_ownership", Value::Flag(false));
        for (operation, more, path, sent) in [
            (
                "tenant_consumption_summary",
                vec![],
                format!("{TENANT}/consumption-summary"),
                format!("{{{START_END}}}"),
            ),
            (
                "daily_consumption_by_service",
                vec![],
                "daily-consumption-by-service".to_owned(),
                format!(r#"{{{START_END},"tenantId":"{TENANT}"}}"#),
            ),
            (
                "daily_consumption_by_service",
                vec![("folder_keys", folders), owned.clone()],
                "daily-consumption-by-service".to_owned(),
                format!(
                    r#"{{"aggregateByOwnership":false,"consumableCode":"consumption_unit_code","endDate":1706745600000,
                    "folderKeys":["{ID}","{TENANT}"],"startDate":1704067200000,"tenantId":"{TENANT}"}}"#
                )
                .replace("\n                    ", ""),
            ),
            (
                "consumption_by_folder",
                vec![owned],
                "consumption-by-folder".to_owned(),
                format!(r#"{{"aggregateByOwnership":false,{START_END},"tenantId":"{TENANT}"}}"#),
            ),
        ] {
            let given: Vec<_> = more.into_iter().chain([("tenant_id", text(TENANT))]).collect();
            let request = ask(&account(&[]), operation, &given).unwrap();
            assert_eq!(
                request.url,
                format!("https://cloud.uipath.com/lease_/api/usage/{ID}/tenants/{path}")
            );
            assert_eq!(body(&request), sent);
        }
    }

    #[test]
    fn the_organization_name_is_in_the_path_only_if_asked_for() {
        let name = ("organization_name", text("acme co"));
        for (settings, prefix) in [
            (vec![name.clone()], ""),
            (vec![name, ("organization_segment", Value::Flag(true))], "acme%20co/"),
        ] {
            let request = ask(&account(&settings), "consumption_summary", &[]).unwrap();
            assert_eq!(
                request.url,
                format!("https://cloud.uipath.com/{prefix}lease_/api/usage/{ID}/tenants/consumption-summary")
            );
        }
    }

    #[test]
    fn moments_become_milliseconds() {
        let given = [
            ("start", text("2024-01-01T09:00:00.25+09:00")),
            ("end", text("2024-02-01")),
        ];
        let request = ask(&account(&[]), "consumption_summary", &given).unwrap();
        let sent: Plain = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            (&sent["startDate"], &sent["endDate"]),
            (&1_704_067_200_250_i64.into(), &1_706_745_600_000_i64.into())
        );
    }

    #[test]
    fn what_cannot_be_asked_is_refused_in_one_sentence() {
        for (name, value, message) in [
            (
                "start",
                text("2024-01-01T00:00:00.0005Z"),
                "start (2024-01-01T00:00:00.0005Z) must be a whole millisecond; round it first",
            ),
            (
                "start",
                Value::Whole(1_704_067_200),
                "start is 1704067200, which looks like seconds; pass Unix milliseconds or an aware datetime",
            ),
            (
                "end",
                Value::Whole(1_704_067_200_000),
                "start (2024-01-01T00:00:00+00:00) must be before end (2024-01-01T00:00:00+00:00)",
            ),
            (
                "folder_keys",
                Value::List(vec![]),
                "folder_keys is an empty list; leave it out to ask for all",
            ),
        ] {
            let given = [("tenant_id", text(TENANT)), (name, value)];
            let error = ask(&account(&[]), "daily_consumption_by_service", &given)
                .err()
                .unwrap();
            assert_eq!(error.message, message);
        }
    }

    #[test]
    fn a_token_is_asked_for_with_a_form() {
        let application = [("client_id", text("app+1")), ("organization_name", text("acme co"))];
        let secrets = Secrets(vec![("client_secret", Secret::new("p&w=é"))]);
        let Login::Send(request) = UiPath.login(&account(&application), &secrets, &[]).unwrap() else {
            panic!("no request")
        };
        assert_eq!(request.method, Method::Post);
        assert_eq!(
            request.url,
            "https://cloud.uipath.com/acme%20co/identity_/connect/token"
        );
        assert_eq!(
            request.headers.last().unwrap(),
            &("content-type", "application/x-www-form-urlencoded".to_owned())
        );
        assert_eq!(
            body(&request),
            "grant_type=client_credentials&client_id=app%2B1&client_secret=p%26w%3D%C3%A9&scope=PM.License.Read"
        );
    }

    #[test]
    fn the_address_and_the_scopes_of_a_token_can_be_replaced() {
        let application = [
            ("client_id", text("app")),
            ("token_url", text("https://cloud.uipath.com/identity_/connect/token")),
            ("scope", text("PM.License OR.Jobs")),
        ];
        let secrets = Secrets(vec![("client_secret", Secret::new("hush"))]);
        let Login::Send(request) = UiPath.login(&account(&application), &secrets, &[]).unwrap() else {
            panic!("no request")
        };
        assert_eq!(request.url, "https://cloud.uipath.com/identity_/connect/token");
        assert!(body(&request).ends_with("&scope=PM.License%20OR.Jobs"));
    }
}
