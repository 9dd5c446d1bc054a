//! `UiPath`, by its document and what stands beside it.

use crate::providers::provider;
use crate::service::Provider;

fn uipath() -> &'static dyn Provider {
    provider("uipath").unwrap()
}

mod accounts {
    use super::uipath;
    use crate::service::{Account, Login, Proof, Request, Secrets};
    use crate::values::arguments::{Arguments, Value};
    use crate::values::error::{Kind, Result};
    use crate::values::secret::Secret;

    const ID: &str = "11111111-1111-1111-1111-111111111111";

    fn settings(given: &[(&str, &str)]) -> Result<Arguments> {
        let mut given: Vec<_> = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())))
            .collect();
        given.push(("organization_id".to_owned(), Value::Text(ID.to_owned())));
        Arguments::check("UiPath()", uipath().facts().settings, given)
    }

    fn account(given: &[(&str, &str)], secrets: &[&'static str]) -> Account {
        Account {
            name: "uipath".to_owned(),
            base_url: "https://example.com".to_owned(),
            settings: settings(given).unwrap(),
            secrets: secrets.to_vec(),
        }
    }

    const APPLICATION: &[(&str, &str)] = &[("client_id", "app"), ("organization_name", "acme")];

    #[test]
    fn there_is_exactly_one_way_to_a_token() {
        let by_url = &[("client_id", "app"), ("token_url", "https://id.example.com/token")];
        for (given, secrets) in [
            (&[][..], &["token"][..]),
            (APPLICATION, &["client_secret"]),
            (by_url, &["client_secret"]),
        ] {
            uipath().check_account(&account(given, secrets)).unwrap();
        }
        let name = &[("organization_name", "acme")];
        let id = &[("organization_name", ID)];
        for (given, secrets, problem) in [
            (
                &[][..],
                &[][..],
                "needs exactly one of: token; client_id and client_secret",
            ),
            (APPLICATION, &["token", "client_secret"], "needs exactly one of"),
            (APPLICATION, &["token"], "needs exactly one of"),
            (APPLICATION, &[], "needs exactly one of"),
            (name, &["client_secret"], "needs exactly one of"),
            (
                &[("client_id", "app")],
                &["client_secret"],
                "needs organization_name (or token_url)",
            ),
            (id, &["token"], "not the GUID"),
        ] {
            let error = uipath().check_account(&account(given, secrets)).unwrap_err();
            assert_eq!(error.kind, Kind::InvalidArgument);
            assert!(error.message.contains(problem), "{problem}: {error}");
        }
    }

    #[test]
    fn settings_that_would_misdirect_a_secret_are_refused() {
        for (name, value) in [
            ("token_url", "http://id.example.com/token"),
            ("token_url", "https://me:hunter2@id.example.com/token"),
            ("token_url", "https://me@id.example.com/token"),
            ("token_url", "https://:hunter2@id.example.com/token"),
            ("token_url", "https://id.example.com/token#part"),
            ("token_url", "http://192.168.0.1/token"),
            ("token_url", "http://[2001:db8::1]/token"),
            ("token_url", "ftp://127.0.0.1/token"),
            ("token_url", "data:,token"),
            ("token_url", "id.example.com/token"),
            ("organization_name", "acme/tenant"),
            ("organization_name", "."),
            ("organization_name", ".."),
        ] {
            let error = settings(&[(name, value)]).unwrap_err();
            assert!(
                error.message.starts_with(name) && !error.message.contains("hunter2"),
                "{error}"
            );
        }
        for value in [
            "https://id.example.com/t",
            "http://localhost:9/t",
            "http://127.0.0.1:9/t",
            "http://[::1]:9/t",
        ] {
            assert!(settings(&[("token_url", value)]).is_ok(), "{value}");
        }
        let wrong = vec![("organization_id".to_owned(), Value::Text("acme".to_owned()))];
        let error = Arguments::check("UiPath()", uipath().facts().settings, wrong).unwrap_err();
        assert!(error.message.starts_with("organization_id must be a GUID"));
    }

    #[test]
    fn a_name_in_paths_must_be_known() {
        let with = |more: Option<(&str, &str)>| {
            let id = ("organization_id", Value::Text(ID.to_owned()));
            let flag = ("organization_segment", Value::Flag(true));
            let name = more.map(|(name, text)| (name, Value::Text(text.to_owned())));
            let given = [id, flag].into_iter().chain(name);
            let given = given.map(|(name, value)| (name.to_owned(), value)).collect();
            let settings = Arguments::check("UiPath()", uipath().facts().settings, given).unwrap();
            uipath().check_account(&Account {
                settings,
                ..account(&[], &["token"])
            })
        };
        assert_eq!(
            with(None).unwrap_err().message,
            "organization_segment needs organization_name"
        );
        with(Some(("organization_name", "acme"))).unwrap();
    }

    #[test]
    fn a_ready_token_is_sent_and_no_other_is_fetched() {
        let account = account(&[], &["token"]);
        let secrets = Secrets(vec![("token", Secret::new("ready"))]);
        assert!(matches!(uipath().login(&account, &secrets, &[]), Ok(Login::NotNeeded)));
        assert_eq!(authorization(&account, &secrets, None).unwrap(), "Bearer ready");
    }

    #[test]
    fn a_fetched_token_is_sent() {
        let account = account(APPLICATION, &["client_secret"]);
        let secrets = Secrets(vec![("client_secret", Secret::new("hush"))]);
        let fetched = Secret::new("fetched");
        assert_eq!(
            authorization(&account, &secrets, Some(&fetched)).unwrap(),
            "Bearer fetched"
        );
        assert_eq!(
            authorization(&account, &secrets, None).unwrap_err().kind,
            Kind::Internal
        );
    }

    fn authorization(account: &Account, secrets: &Secrets, token: Option<&Secret>) -> Result<String> {
        let mut request = Request::post("https://example.com".to_owned());
        let proof = Proof {
            secrets,
            token,
            now: jiff::Timestamp::UNIX_EPOCH,
        };
        uipath().sign(account, &mut request, &proof)?;
        let (name, value) = request.headers.pop().unwrap();
        assert_eq!(name, "authorization");
        Ok(value)
    }
}

mod questions {
    use serde_json::Value as Plain;

    use super::uipath;
    use crate::service::{Account, Call, Login, Method, Request, Secrets};
    use crate::values::arguments::{Arguments, Value};
    use crate::values::error::Result;
    use crate::values::secret::Secret;

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
            settings: Arguments::check("UiPath()", uipath().facts().settings, given).unwrap(),
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
        uipath().request(account, &Call::new(uipath(), operation, given)?)
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
                "start has a fraction of a millisecond (2024-01-01T00:00:00.0005Z); the service counts in whole milliseconds",
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
        let Login::Send(request) = uipath().login(&account(&application), &secrets, &[]).unwrap() else {
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
        let Login::Send(request) = uipath().login(&account(&application), &secrets, &[]).unwrap() else {
            panic!("no request")
        };
        assert_eq!(request.url, "https://cloud.uipath.com/identity_/connect/token");
        assert!(body(&request).ends_with("&scope=PM.License%20OR.Jobs"));
    }
}

mod answers {
    use std::time::Duration;

    use super::uipath;
    use crate::service::{Account, Call, Grant, Login, Reply, Secrets};
    use crate::values::arguments::{Arguments, Value};
    use crate::values::error::{Kind, Remedy, Result};
    use crate::values::json::Json;
    use crate::values::secret::Secret;
    use crate::values::shape::Typed;

    const TENANT: &str = "7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44";
    const HTML: &str = "\n<!DOCTYPE html><html><body>Page not found</body></html>";

    fn call(operation: &str) -> Call {
        let mut given = vec![
            ("start", "2024-01-01"),
            ("end", "2024-02-01"),
            ("consumable_code", "AIU"),
        ];
        if operation != "consumption_summary" {
            given.push(("tenant_id", TENANT));
        }
        let given = given
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::Text(value.to_owned())));
        Call::new(uipath(), operation, given.collect()).unwrap()
    }

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: body.as_bytes().to_vec(),
            ..Reply::default()
        }
    }

    fn read(operation: &str, body: &str) -> Result<Typed> {
        let (call, reply) = (call(operation), reply(200, body));
        uipath().typed(&call, &uipath().answer(&call, &reply)?)
    }

    fn answer(reply: &Reply) -> Result<Json<'_>> {
        uipath().answer(&call("consumption_summary"), reply)
    }

    /// What the answer of the token service to an application grants.
    fn grant(reply: &Reply) -> Result<Grant> {
        let texts = [
            ("organization_id", TENANT),
            ("client_id", "app"),
            ("organization_name", "acme"),
        ];
        let given = texts.map(|(name, text)| (name.to_owned(), Value::Text(text.to_owned())));
        let account = Account {
            name: "uipath".to_owned(),
            base_url: "https://example.com".to_owned(),
            settings: Arguments::check("UiPath()", uipath().facts().settings, given.into()).unwrap(),
            secrets: vec!["client_secret"],
        };
        let secrets = Secrets(vec![("client_secret", Secret::new("hush"))]);
        match uipath().login(&account, &secrets, std::slice::from_ref(reply))? {
            Login::Granted(grant) => Ok(grant),
            Login::NotNeeded | Login::Send(_) => panic!("no grant"),
        }
    }

    fn decimal(text: &str) -> Typed {
        Typed::Decimal(text.to_owned())
    }

    fn text(text: &str) -> Typed {
        Typed::Text(text.to_owned())
    }

    fn summary(without_tenant: Typed, tenants: Vec<Typed>) -> Typed {
        let fields = vec![
            ("consumed_from_org_without_tenant", without_tenant),
            ("tenants", Typed::List(tenants)),
        ];
        Typed::Record("ConsumptionSummary", fields, vec![])
    }

    fn tenant(id: &str, from_tenant: Typed, from_org: Typed) -> Typed {
        let fields = vec![
            ("tenant_id", text(id)),
            ("consumed_from_tenant_pool", from_tenant),
            ("consumed_from_org_pool", from_org),
        ];
        Typed::Record("TenantConsumption", fields, vec![])
    }

    #[test]
    fn the_page_sample_is_read() {
        let body = r#"{"consumedFromOrgWithoutTenant": 0, "tenantConsumptionItems": [
            {"tenantId": "string", "consumedFromTenantPool": 0, "consumedFromOrgPool": 0}]}"#;
        for operation in ["consumption_summary", "tenant_consumption_summary"] {
            assert_eq!(
                read(operation, body).unwrap(),
                summary(decimal("0"), vec![tenant("string", decimal("0"), decimal("0"))])
            );
        }
    }

    #[test]
    fn a_refusal_is_told_in_one_line_whatever_its_fields_are_called() {
        let body = "{\"title\":\"Wrong.\",\"errors\":{\"s\\rtart\":[\"not\\nvalid\"]}}";
        let error = answer(&reply(400, body)).unwrap_err();
        assert!(
            error
                .message
                .starts_with("Wrong; s tart: not valid: the service refuses"),
            "{error}"
        );
    }

    #[test]
    fn what_stands_beside_the_rows_is_kept_with_each_and_never_taken_for_no_use() {
        let number = |key: &str, text: &str| (key.to_owned(), Json::Number(text.to_owned().into()));
        for said in ["2", "0"] {
            let rows = r#"[{"date":"2024-01-15","consumedAmount":1},{"date":"2024-01-16","count":5}]"#;
            let body = format!(r#"{{"count":{said},"items":{rows}}}"#);
            let Typed::List(rows) = read("daily_consumption_by_service", &body).unwrap() else {
                panic!()
            };
            let counts = rows.iter().map(|row| match row {
                Typed::Record(_, _, extra) => extra.clone(),
                other => panic!("{other:?}"),
            });
            let expected = [
                vec![number("count", said)],
                vec![number("count", "5"), number("$.count", said)],
            ];
            assert_eq!(counts.collect::<Vec<_>>(), expected);
        }
        for body in [r#"{"count":0,"items":[]}"#, r#"{"next":null,"items":[]}"#, "[]"] {
            assert_eq!(
                read("daily_consumption_by_service", body).unwrap(),
                Typed::List(vec![]),
                "{body}"
            );
        }
        for (body, place) in [
            (r#"{"count":3,"items":[]}"#, "$.count: "),
            (r#"{"page":{"of":[0,12]},"items":[]}"#, "$.page: "),
            ("{\"a\\nb\":3,\"items\":[]}", "$.a b: "),
        ] {
            let problem = read("daily_consumption_by_service", body).unwrap_err().message.clone();
            assert!(problem.starts_with(place), "{problem}");
        }
    }

    #[test]
    fn fractions_are_exact_and_missing_is_not_zero() {
        let body = r#"{"consumedFromOrgWithoutTenant": null, "tenantConsumptionItems": [
            {"tenantId": "a", "consumedFromTenantPool": 0, "consumedFromOrgPool": 0.25},
            {"tenantId": "b", "consumedFromTenantPool": 149514.99999999997, "consumedFromOrgPool": null},
            {"tenantId": "c", "consumedFromTenantPool": 18446744073709551615}]}"#;
        let tenants = vec![
            tenant("a", decimal("0"), decimal("0.25")),
            tenant("b", decimal("149514.99999999997"), Typed::Nothing),
            tenant("c", decimal("18446744073709551615"), Typed::Nothing),
        ];
        assert_eq!(
            read("consumption_summary", body).unwrap(),
            summary(Typed::Nothing, tenants)
        );
    }

    #[test]
    fn without_tenant_rows_the_figure_of_the_organization_stays() {
        for items in [
            "",
            r#","tenantConsumptionItems":null"#,
            r#","tenantConsumptionItems":[]"#,
        ] {
            let body = format!(r#"{{"consumedFromOrgWithoutTenant":3{items}}}"#);
            assert_eq!(
                read("consumption_summary", &body).unwrap(),
                summary(decimal("3"), vec![])
            );
        }
    }

    #[test]
    fn unknown_fields_are_kept() {
        let body = r#"{"tenantConsumptionItems":[{"tenantId":"a","allocated":9.5}],"asOf":"today"}"#;
        let Typed::Record(_, fields, extra) = read("tenant_consumption_summary", body).unwrap() else {
            panic!()
        };
        assert_eq!(extra, [("asOf".to_owned(), Json::Text("today".into()))]);
        assert!(format!("{fields:?}").contains(r#"[("allocated", Number("9.5"))]"#));
    }

    fn day(day: i8, amount: &str) -> Typed {
        let fields = vec![
            ("date", Typed::Day(jiff::civil::date(2024, 1, day))),
            ("service", text("orchestrator")),
            ("consumed_amount", decimal(amount)),
        ];
        Typed::Record("ServiceConsumption", fields, vec![])
    }

    #[test]
    fn daily_rows_come_bare_or_wrapped_with_three_forms_of_date() {
        let rows = r#"[{"date":"2024-01-15","service":"orchestrator","consumedAmount":24.5},
            {"date":"2024-01-16T00:00:00Z","service":"orchestrator","consumedAmount":2},
            {"date":1705449600000,"service":"orchestrator","consumedAmount":0}]"#;
        let wrapped = format!(r#"{{"total":3,"items":{rows}}}"#);
        let abp = format!(r#"{{"result":{rows},"error":null,"errors":[],"__abp":true}}"#);
        for (body, extra) in [
            (rows, vec![]),
            (wrapped.as_str(), vec![("total".to_owned(), Json::Number("3".into()))]),
            (abp.as_str(), vec![]),
        ] {
            let days = [day(15, "24.5"), day(16, "2"), day(17, "0")].map(|day| match day {
                Typed::Record(name, fields, _) => Typed::Record(name, fields, extra.clone()),
                other => other,
            });
            assert_eq!(
                read("daily_consumption_by_service", body).unwrap(),
                Typed::List(days.into())
            );
        }
        for body in ["[]", r#"{"items":[]}"#] {
            assert_eq!(read("daily_consumption_by_service", body).unwrap(), Typed::List(vec![]));
        }
    }

    #[test]
    fn a_folder_may_have_no_parent_and_use_no_folder() {
        let body = r#"[{"folderKey":"k","folderName":"Shared","parentFolderKey":null,"consumedBySelf":42,
            "processCountSelf":3},{"folderKey":null,"consumedBySelf":0.25,"processCountSelf":null}]"#;
        let folder = |key, name, used: &str, processes| {
            let fields = vec![
                ("folder_key", key),
                ("folder_name", name),
                ("parent_folder_key", Typed::Nothing),
                ("consumed_by_self", decimal(used)),
                ("process_count_self", processes),
            ];
            Typed::Record("FolderConsumption", fields, vec![])
        };
        assert_eq!(
            read("consumption_by_folder", body).unwrap(),
            Typed::List(vec![
                folder(text("k"), text("Shared"), "42", Typed::Integer("3".into())),
                folder(Typed::Nothing, Typed::Nothing, "0.25", Typed::Nothing),
            ])
        );
    }

    #[test]
    fn an_answer_of_another_shape_never_passes_for_no_usage() {
        const FOLDERS: &str = "consumption_by_folder";
        const DAYS: &str = "daily_consumption_by_service";
        const SUMMARY: &str = "consumption_summary";
        let exactly_one = "$: expected an array, or an object with exactly one";
        for (operation, body, message) in [
            (
                SUMMARY,
                r#"{"success":true}"#,
                "$: none of the fields consumedFromOrgWithoutTenant, tenantConsumptionItems is there",
            ),
            (SUMMARY, "[]", "$: expected an object, found an array"),
            (
                SUMMARY,
                r#"{"tenantConsumptionItems":[{}]}"#,
                "$.tenantConsumptionItems[0].tenantId: the field is missing",
            ),
            (
                SUMMARY,
                r#"{"consumedFromOrgWithoutTenant":"3"}"#,
                "$.consumedFromOrgWithoutTenant: expected a number, found a string",
            ),
            (DAYS, "{}", exactly_one),
            (DAYS, r#"{"a":[],"b":[]}"#, exactly_one),
            (DAYS, r#"{"errors":[]}"#, exactly_one),
            (DAYS, "0", "$: expected an array, found a number"),
            (
                DAYS,
                r#"{"items":[{"service":"s"}]}"#,
                "$.items[0].date: the field is missing",
            ),
            (
                FOLDERS,
                r#"[{"folderKey":"k"},{"id":1}]"#,
                "$[1]: none of the fields folderKey, folderName, parentFolderKey, consumedBySelf, processCountSelf is \
                 there",
            ),
            (
                FOLDERS,
                r#"[{"processCountSelf":1.5}]"#,
                "$[0].processCountSelf: 1.5 is not a whole number",
            ),
            (FOLDERS, "[1]", "$[0]: expected an object, found a number"),
            (
                SUMMARY,
                HTML,
                "the answer is a web page, not JSON; base_url or token_url may be wrong",
            ),
        ] {
            let error = read(operation, body).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Kind::UnexpectedResponse, message)
            );
        }
        let empty = read(SUMMARY, "").unwrap_err();
        assert!(empty.message.starts_with("the body is not JSON"));
    }

    #[test]
    fn every_form_of_error_is_read() {
        let problem = r#"{"type":"about:blank","title":"One or more validation errors occurred.","status":400,
            "errors":{"startDate":["The value 'x' is not valid."],"$.endDate":["Required.","Late."]},
            "traceId":"00-a-b-00"}"#;
        for (status, body, kind, code, id, message) in [
            (
                400,
                problem,
                Kind::InvalidRequest,
                None,
                Some("00-a-b-00"),
                "One or more validation errors occurred; startDate: The value 'x' is not valid; $.endDate: Required. \
                 Late: the service refuses the request; check the arguments",
            ),
            (
                403,
                r#"{"message":"Access denied","errorCode":1006,"traceId":"00-c-d-00"}"#,
                Kind::PermissionDenied,
                Some("1006"),
                Some("00-c-d-00"),
                "Access denied: the token needs a scope (PM.License, PM.License.Read or PM.License.Write) and the role \
                 of an organization administrator; a restriction of IP addresses refuses like this, too",
            ),
            (
                404,
                r#"{"message":null,"error":{"code":7,"message":"No licence","details":"for the account"}}"#,
                Kind::NotFound,
                Some("7"),
                None,
                "No licence; for the account: organization_id or tenant_id is unknown to the service, or the path is \
                 another one; check these GUIDs, base_url and organization_segment",
            ),
            (
                500,
                r#"{"error":"boom","traceId":"00-e-f-00"}"#,
                Kind::ServerError,
                None,
                Some("00-e-f-00"),
                "boom: the service failed; ask again later",
            ),
            (
                401,
                r#"{"error":"invalid_token","error_description":"expired"}"#,
                Kind::AuthenticationFailed,
                Some("invalid_token"),
                None,
                "expired: the token is missing, expired, mistyped or lacks the scope; get a new one",
            ),
            (
                404,
                HTML,
                Kind::NotFound,
                None,
                None,
                "the answer is a web page: organization_id or tenant_id is unknown to the service, or the path is \
                 another one; check these GUIDs, base_url and organization_segment",
            ),
            (
                429,
                "",
                Kind::RateLimited,
                None,
                None,
                "the service wants fewer requests; wait and ask again",
            ),
            (
                409,
                "in  conflict\n",
                Kind::InvalidRequest,
                None,
                None,
                "in conflict: the service refuses the request; check the arguments",
            ),
            (
                503,
                r#"{"errors":["down","later"]}"#,
                Kind::ServerError,
                None,
                None,
                "down; later: the service failed; ask again later",
            ),
            (
                307,
                "",
                Kind::UnexpectedRedirect,
                None,
                None,
                "the service points elsewhere; check base_url",
            ),
        ] {
            let error = answer(&reply(status, body)).unwrap_err();
            assert_eq!((error.kind, error.message.as_str()), (kind, message));
            assert_eq!(
                (error.provider_code.as_deref(), error.request_id.as_deref()),
                (code, id)
            );
        }
    }

    #[test]
    fn a_refused_token_is_worth_a_new_one_and_a_refused_role_is_not() {
        for (status, remedy) in [
            (400, Remedy::None),
            (401, Remedy::RenewCredentials),
            (403, Remedy::None),
            (408, Remedy::Repeat),
            (429, Remedy::RepeatThrottled),
            (501, Remedy::None),
            (524, Remedy::Repeat),
        ] {
            assert_eq!(answer(&reply(status, "")).unwrap_err().remedy, remedy, "{status}");
        }
    }

    #[test]
    fn the_id_of_the_request_is_taken_from_the_headers_if_the_body_has_none() {
        let header = |name: &str| (name.to_owned(), format!("from {name}"));
        let (request, correlation) = (header("x-request-id"), header("x-uipath-correlation-id"));
        for (headers, body, id) in [
            (vec![request.clone()], r#"{"traceId":"t"}"#, "t"),
            (vec![correlation.clone(), request], "", "from x-request-id"),
            (vec![correlation], r#"{"traceId":null}"#, "from x-uipath-correlation-id"),
        ] {
            let reply = Reply {
                headers,
                ..reply(500, body)
            };
            assert_eq!(answer(&reply).unwrap_err().request_id.as_deref(), Some(id));
        }
    }

    #[test]
    fn the_life_of_a_token_is_read_from_any_notation() {
        for (expires_in, milliseconds) in [
            (r#","expires_in":3600"#, 3_600_000),
            (r#","expires_in":3599.5"#, 3_599_500),
            (r#","expires_in":"86399.25""#, 86_399_250),
            (r#","expires_in":" 60 ""#, 60_000),
            (r#","expires_in":31622400"#, 31_622_400_000),
            (r#","expires_in":31622401"#, 3_600_000),
            ("", 3_600_000),
            (r#","expires_in":null"#, 3_600_000),
            (r#","expires_in":0"#, 3_600_000),
            (r#","expires_in":-5"#, 3_600_000),
            (r#","expires_in":1e300"#, 3_600_000),
            (r#","expires_in":1e18"#, 3_600_000),
            (r#","expires_in":"NaN""#, 3_600_000),
            (r#","expires_in":"soon""#, 3_600_000),
        ] {
            let body = format!(r#"{{"access_token":"a.b.c","token_type":"Bearer"{expires_in}}}"#);
            let grant = grant(&reply(200, &body)).unwrap();
            assert_eq!(grant.token.expose(), "a.b.c");
            assert_eq!(grant.lives, Some(Duration::from_millis(milliseconds)), "{expires_in}");
        }
    }

    #[test]
    fn a_reply_without_a_sound_token_is_a_failed_login_and_is_not_quoted() {
        for (body, problem) in [
            (r#"{"token_type":"Bearer","expires_in":3600}"#, "has no access_token"),
            (r#"{"access_token":null}"#, "has no access_token"),
            (r#"{"access_token":""}"#, "has no access_token"),
            (r#"{"access_token":"hunter2\r\nx: y"}"#, "no header can carry"),
            (r#"{"access_token":"hunter2"#, "is not JSON"),
            ("", "is not JSON"),
            (HTML, "answered with a web page"),
        ] {
            let error = grant(&reply(200, body)).unwrap_err();
            assert_eq!((error.kind, error.remedy), (Kind::AuthenticationFailed, Remedy::None));
            assert!(error.message.contains(problem), "{error}");
            assert!(!error.message.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_refused_login_says_why() {
        for (status, body, kind, code, message) in [
            (
                401,
                r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#,
                Kind::AuthenticationFailed,
                Some("invalid_client"),
                "Client authentication failed: the token service does not accept",
            ),
            (
                400,
                r#"{"error":"invalid_scope"}"#,
                Kind::AuthenticationFailed,
                Some("invalid_scope"),
                "the application was not granted this scope",
            ),
            (
                404,
                HTML,
                Kind::AuthenticationFailed,
                None,
                "the token service refuses the login",
            ),
            (
                403,
                "client_secret=hunter2",
                Kind::AuthenticationFailed,
                None,
                "the token service refuses the login",
            ),
            (429, "", Kind::RateLimited, None, "the token service wants fewer"),
            (503, "", Kind::ServerError, None, "the token service failed"),
            (
                302,
                "",
                Kind::UnexpectedRedirect,
                None,
                "the token service's answer is not",
            ),
        ] {
            let error = grant(&reply(status, body)).unwrap_err();
            assert_eq!((error.kind, error.provider_code.as_deref()), (kind, code), "{status}");
            assert!(error.message.starts_with(message), "{error}");
            assert!(!error.message.contains("hunter2"), "{error}");
            assert_ne!(error.remedy, Remedy::RenewCredentials);
        }
    }
}

mod readings {
    use super::uipath;
    use crate::meters::{Buckets, Combine};
    use crate::providers::testing::{Lines, asked, asked_lines, planned, read, text, texts};
    use crate::values::arguments::Value;
    use crate::values::error::Kind as Problem;

    macro_rules! fixture {
        ($case:literal) => {
            include_bytes!(concat!("../../../tests/fixtures/uipath/", $case, "/reply.body"))
        };
    }

    const TENANT: &str = "7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44";
    const SUMMARY: &str = "consumption_summary";
    const OTHER: &str = "00000000-0000-0000-0000-000000000002";
    const JANUARY: (&str, &str) = ("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z");
    const LATER: &str = "2024-05-01T00:00:00Z";

    /// A selection of one code, and of more.
    fn select(more: &[(String, Value)]) -> Vec<(String, Value)> {
        let mut selection = vec![text("consumable_code", "AIU")];
        selection.extend_from_slice(more);
        selection
    }

    fn of_tenant(meter: &str) -> Vec<(String, Value)> {
        select(&[text("tenant_id", TENANT), text("meters", meter)])
    }

    fn lines(operation: &str, selection: Vec<(String, Value)>, body: &[u8]) -> Lines {
        read(uipath(), &planned(uipath(), operation, selection, JANUARY), body, LATER).unwrap()
    }

    fn summary(body: &[u8]) -> Lines {
        lines(SUMMARY, select(&[]), body)
    }

    /// The readings of `uipath.consumption` without what all of them share.
    fn short(lines: &Lines) -> Vec<String> {
        let shorten = |line: &String| {
            line.replace(" 2024-01-01/2024-02-01", "")
                .replace("uipath.consumption", "")
        };
        lines.readings.iter().map(shorten).collect()
    }

    #[test]
    fn every_code_is_a_call_and_every_tenant_is_one() {
        for (selection, expected) in [
            (
                vec![texts("consumable_code", &["AIU", "PLTU", "AIU"])],
                vec![
                    r#"consumption_summary consumable_code="AIU" [0]"#,
                    r#"consumption_summary consumable_code="PLTU" [0]"#,
                ],
            ),
            (
                select(&[texts("tenant_id", &[OTHER, TENANT, &TENANT.to_uppercase()])]),
                vec![
                    r#"tenant_consumption_summary tenant_id="00000000-0000-0000-0000-000000000002" consumable_code="AIU" [0]"#,
                    r#"tenant_consumption_summary tenant_id="7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44" consumable_code="AIU" [0]"#,
                    r#"daily_consumption_by_service tenant_id="00000000-0000-0000-0000-000000000002" consumable_code="AIU" [0]"#,
                    r#"daily_consumption_by_service tenant_id="7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44" consumable_code="AIU" [0]"#,
                ],
            ),
            (
                select(&[text("meters", "uipath.consumption")]),
                vec![r#"consumption_summary consumable_code="AIU" [0]"#],
            ),
            (
                of_tenant("uipath.folder_consumption"),
                vec![
                    r#"consumption_by_folder tenant_id="7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44" consumable_code="AIU" [0]"#,
                ],
            ),
        ] {
            assert_eq!(asked_lines(uipath(), selection), expected);
        }
    }

    #[test]
    fn what_nobody_can_guess_is_an_error_that_shows_what_to_write() {
        for (selection, message) in [
            (
                vec![],
                "UiPath counts the units of one code at a time, and nobody can guess which; name them: \
                 uipath.select(consumable_code=[\"AIU\"])",
            ),
            (
                select(&[text("meters", "uipath.service_consumption")]),
                "uipath.service_consumption needs tenant_id: give it to select(), too, or leave out that meter",
            ),
            (
                select(&[text("meters", "uipath.consumtion")]),
                "UiPath has no meter \"uipath.consumtion\"; did you mean \"uipath.consumption\"?",
            ),
            (
                select(&[text("tenant_id", "acme")]),
                "tenant_id must be a GUID like \"7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44\", not \"acme\"",
            ),
        ] {
            let error = asked(uipath(), selection).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Problem::InvalidArgument, message)
            );
        }
    }

    #[test]
    fn a_source_is_an_operation_and_only_days_add_up_over_time() {
        for source in uipath().facts().sources {
            let operation = uipath()
                .facts()
                .operations
                .iter()
                .find(|known| known.name == source.operation);
            assert_eq!(operation.unwrap().page, source.page);
            let is_by_day = source.buckets == Buckets::Every(86_400, 0);
            assert_eq!(source.meters[0].rollup.over_time == Combine::Add, is_by_day);
            assert_eq!(
                source.meters[0].rollup.over_labels,
                Combine::AddWithin("consumable_code")
            );
        }
    }

    #[test]
    fn a_summary_has_every_pool_and_what_belongs_to_no_tenant() {
        assert_eq!(
            summary(fixture!("consumption_summary_fractions")),
            Lines {
                readings: [
                    "uipath.consumption[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,tenant] 2024-01-01/2024-02-01 800",
                    "uipath.consumption[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,organization] \
                     2024-01-01/2024-02-01 150.25",
                    "uipath.consumption[AIU,-,organization_without_tenant] 2024-01-01/2024-02-01 12.5",
                ]
                .map(str::to_owned)
                .to_vec(),
                notes: vec![],
            }
        );
        for body in [
            &fixture!("consumption_summary_items_absent")[..],
            fixture!("consumption_summary_items_empty"),
            fixture!("consumption_summary_items_null"),
        ] {
            let found = summary(body);
            assert_eq!(short(&found), ["[AIU,-,organization_without_tenant] 3"]);
            assert_eq!(found.notes, [""; 0]);
        }
    }

    #[test]
    fn numbers_are_exact() {
        assert_eq!(
            short(&summary(fixture!("exact_numbers"))),
            [
                "[AIU,00000000-0000-0000-0000-000000000001,tenant] 0.25",
                "[AIU,00000000-0000-0000-0000-000000000001,organization] 149514.99999999997",
                "[AIU,00000000-0000-0000-0000-000000000002,tenant] 18446744073709551615",
                "[AIU,00000000-0000-0000-0000-000000000002,organization] 0.1",
                "[AIU,00000000-0000-0000-0000-000000000003,tenant] 4503380.1",
                "[AIU,00000000-0000-0000-0000-000000000003,organization] 0",
                "[AIU,-,organization_without_tenant] 0",
            ]
        );
        let rounded = summary(br#"{"consumedFromOrgWithoutTenant":2.5e-18}"#);
        assert_eq!(
            short(&rounded),
            ["[AIU,-,organization_without_tenant] 0.000000000000000002 rounded"]
        );
    }

    #[test]
    fn a_missing_number_is_noted_and_never_zero() {
        let found = summary(fixture!("consumption_summary_null_quantity"));
        assert_eq!(
            short(&found),
            ["[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,organization] 0"]
        );
        assert_eq!(
            found.notes,
            [
                "$.tenantConsumptionItems[0].consumedFromTenantPool: there is no number",
                "$.consumedFromOrgWithoutTenant: there is no number",
            ]
        );
        let days = lines(
            "daily_consumption_by_service",
            of_tenant("uipath.service_consumption"),
            br#"{"rows":[{"date":"2024-01-15","service":"robots","consumedAmount":null}]}"#,
        );
        assert_eq!(days.readings, [""; 0]);
        assert_eq!(days.notes, ["figures that are null, which is missing and not zero: 1"]);
    }

    #[test]
    fn one_tenants_summary_leaves_out_what_is_not_the_tenants() {
        let found = lines(
            "tenant_consumption_summary",
            of_tenant("uipath.consumption"),
            fixture!("tenant_consumption_summary"),
        );
        assert_eq!(
            short(&found),
            [
                "[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,tenant] 800",
                "[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,organization] 150.25",
            ]
        );
        assert_eq!(found.notes, [""; 0]);

        let body = format!(
            r#"{{"tenantConsumptionItems":[{{"tenantId":"{}","consumedFromTenantPool":1,"consumedFromOrgPool":2}},
                {{"tenantId":"{OTHER}","consumedFromTenantPool":9,"consumedFromOrgPool":9}}]}}"#,
            TENANT.to_uppercase()
        );
        let found = lines(
            "tenant_consumption_summary",
            of_tenant("uipath.consumption"),
            body.as_bytes(),
        );
        assert_eq!(
            short(&found),
            [
                "[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,tenant] 1",
                "[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,organization] 2",
            ]
        );
        assert_eq!(
            found.notes,
            ["rows about something else than was asked for, which are left out: 1"]
        );
    }

    #[test]
    fn days_have_their_own_windows_in_any_notation() {
        let found = lines(
            "daily_consumption_by_service",
            of_tenant("uipath.service_consumption"),
            fixture!("daily_consumption_date_forms"),
        );
        let line = |start: &str, end: &str, quantity: &str| {
            format!("uipath.service_consumption[AIU,{TENANT},orchestrator] {start}/{end} {quantity}")
        };
        assert_eq!(
            found.readings,
            [
                line("2024-01-15", "2024-01-16", "1"),
                line("2024-01-16", "2024-01-17", "2"),
                line("2024-01-17", "2024-01-18", "3"),
            ]
        );
    }

    #[test]
    fn folders_are_read_and_use_outside_of_them_too() {
        let selection = || of_tenant("uipath.folder_consumption");
        let found = lines("consumption_by_folder", selection(), fixture!("consumption_by_folder"));
        assert_eq!(
            found.readings,
            [format!(
                "uipath.folder_consumption[AIU,{TENANT},0d6b1f2c-8e44-4a7e-9a35-7c0e3f0a52d1,Shared] \
                 2024-01-01/2024-02-01 42"
            )]
        );
        let body = br#"[{"folderKey":null,"consumedBySelf":0.5}]"#;
        let found = lines("consumption_by_folder", selection(), body);
        assert_eq!(
            found.readings,
            [format!(
                "uipath.folder_consumption[AIU,{TENANT},-,-] 2024-01-01/2024-02-01 0.5"
            )]
        );
    }

    #[test]
    fn a_window_that_is_not_over_says_so() {
        let call = planned(uipath(), SUMMARY, select(&[]), JANUARY);
        let body = fixture!("consumption_summary_items_absent");
        let found = read(uipath(), &call, body, "2024-01-31T23:59:59Z").unwrap();
        assert_eq!(short(&found), ["[AIU,-,organization_without_tenant] 3 partial_bucket"]);
        let over = read(uipath(), &call, body, "2024-02-01T00:00:00Z").unwrap();
        assert_eq!(short(&over), ["[AIU,-,organization_without_tenant] 3"]);
    }

    #[test]
    fn a_wrong_shape_is_named_with_its_place() {
        let (daily, folders) = ("daily_consumption_by_service", "consumption_by_folder");
        for (operation, meter, body, message) in [
            (SUMMARY, "", "[]", "$: expected an object, found an array"),
            (
                SUMMARY,
                "",
                r#"{"stranger":"x"}"#,
                "$: none of the fields consumedFromOrgWithoutTenant, tenantConsumptionItems is there",
            ),
            (
                SUMMARY,
                "",
                r#"{"tenantConsumptionItems":[{"consumedFromOrgPool":1}]}"#,
                "$.tenantConsumptionItems[0].tenantId: the field is missing",
            ),
            (
                SUMMARY,
                "",
                r#"{"tenantConsumptionItems":[{"tenantId":"a","consumedFromTenantPool":"1"}]}"#,
                "$.tenantConsumptionItems[0].consumedFromTenantPool: expected a number, found a string",
            ),
            (
                daily,
                "uipath.service_consumption",
                r#"{"a":[],"b":[]}"#,
                "$: expected an array, or an object with exactly one",
            ),
            (
                daily,
                "uipath.service_consumption",
                r#"[{"service":"a"}]"#,
                "$[0].date: the field is missing",
            ),
            (
                daily,
                "uipath.service_consumption",
                r#"[{"date":"2024-13-01"}]"#,
                "$[0].date: \"2024-13-01\" is no date",
            ),
            (
                folders,
                "uipath.folder_consumption",
                r#"{"rows":[{"folderKey":7}]}"#,
                "$.rows[0].folderKey: expected a string, found a number",
            ),
        ] {
            let selection = if meter.is_empty() {
                select(&[])
            } else {
                of_tenant(meter)
            };
            let call = planned(uipath(), operation, selection, JANUARY);
            let error = read(uipath(), &call, body.as_bytes(), LATER).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Problem::UnexpectedResponse, message)
            );
        }
    }
}
