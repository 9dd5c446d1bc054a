//! deviceWISE, by its document and what is beside it.

use crate::providers::provider;
use crate::service::{Call, Login, Provider, Reply};
use crate::values::arguments::{Arguments, Value};
use crate::values::error::Result;

fn devicewise() -> &'static dyn Provider {
    provider("devicewise").unwrap()
}

mod access {
    use super::*;
    use crate::service::{Account, Proof, Secrets};
    use crate::values::secret::Secret;

    pub(super) fn account(settings: &[(&'static str, &str)], secrets: &[&'static str]) -> Account {
        let given = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())));
        Account {
            name: "acme".to_owned(),
            base_url: "https://api.example.com/api".to_owned(),
            settings: Arguments::check("DeviceWise()", devicewise().facts().settings, given.collect()).unwrap(),
            secrets: secrets.to_vec(),
        }
    }

    pub(super) fn secrets() -> Secrets {
        let words = [
            ("password", "pa\"ss"),
            ("mfa_code", "123456"),
            ("session_id", "given-session"),
            ("app_token", "token"),
        ];
        Secrets(words.map(|(name, word)| (name, Secret::new(word))).to_vec())
    }

    fn reply(body: &str) -> Reply {
        Reply {
            status: 200,
            body: body.as_bytes().to_vec(),
            ..Reply::default()
        }
    }

    const OPEN: &str = r#"{"auth":{"success":true,"params":{"orgKey":"ROOT","sessionId":"abc"}}}"#;
    const WANTS_CODE: &str = r#"{"auth":{"success":false,"errorCodes":[-90041],"errorMessages":["code?"]}}"#;
    const REFUSED: &str = r#"{"success":false,"errorCodes":[-1],"errorMessages":["Login failed."]}"#;
    const SWITCHED: &str = r#"{"get":{"success":true}}"#;

    #[test]
    fn the_second_factor_stands_behind_the_password() {
        let names = "username password mfa_code app_id app_token thing_key session_id org_key";
        assert_eq!(devicewise().facts().keywords.join(" "), names);
    }

    #[test]
    fn an_account_has_exactly_one_way_in() {
        let app = [("app_id", "a"), ("thing_key", "t")];
        for (settings, secrets, sound) in [
            (&[("username", "u")][..], &["password"][..], true),
            (&[("username", "u"), ("org_key", "o")], &["password", "mfa_code"], true),
            (&app, &["app_token"], true),
            (&[], &["session_id"], true),
            (&[], &[], false),
            (&[("username", "u")], &[], false),
            (&[("username", "u")], &["password", "session_id"], false),
            (&[("app_id", "a")], &["app_token"], false),
            (&[("username", "u"), ("app_id", "a")], &["password"], false),
            (&[("org_key", "o")], &["session_id"], false),
        ] {
            let checked = devicewise().check_account(&account(settings, secrets));
            assert_eq!(checked.is_ok(), sound, "{settings:?} {secrets:?}");
        }
    }

    #[test]
    fn of_all_combinations_of_credentials_three_are_accounts() {
        let fields = ["username", "app_id", "thing_key", "org_key"];
        let words = ["password", "app_token", "session_id", "mfa_code"];
        let mut accepted = Vec::new();
        for mask in 0..1 << 8 {
            let settings = (0..4).filter(|bit| mask >> bit & 1 == 1).map(|bit| (fields[bit], "x"));
            let secrets = (0..4).filter(|bit| mask >> (4 + bit) & 1 == 1).map(|bit| words[bit]);
            let (settings, secrets): (Vec<_>, Vec<_>) = (settings.collect(), secrets.collect());
            if devicewise().check_account(&account(&settings, &secrets)).is_ok() {
                let names = settings.iter().map(|(name, _)| *name).chain(secrets);
                accepted.push(names.collect::<Vec<_>>().join(" "));
            }
        }
        accepted.sort_unstable();
        assert_eq!(
            accepted,
            [
                "app_id thing_key app_token",
                "session_id",
                "username org_key password",
                "username org_key password mfa_code",
                "username password",
                "username password mfa_code",
            ]
        );
    }

    /// What the login does after these answers: the body it sends, or the session it has.
    fn step(account: &Account, answers: &[&str]) -> String {
        let answers: Vec<Reply> = answers.iter().map(|body| reply(body)).collect();
        match devicewise().login(account, &secrets(), &answers) {
            Ok(Login::NotNeeded) => "not needed".to_owned(),
            Ok(Login::Send(request)) => format!("{} {}", request.url, String::from_utf8(request.body).unwrap()),
            Ok(Login::Granted(grant)) => grant.token.expose().to_owned(),
            Err(error) => format!("{:?} {:?}", error.kind, error.remedy),
        }
    }

    #[test]
    fn a_login_goes_through_password_second_factor_and_organisation() {
        let user = account(&[("username", "u@example.com")], &["password"]);
        let with_code = account(&[("username", "u@example.com")], &["password", "mfa_code"]);
        let in_org = account(&[("username", "u@example.com"), ("org_key", "SUB")], &["password"]);
        let login = |password: &str| {
            format!(
                "https://api.example.com/api {{\"auth\":{{\"command\":\"api.authenticate\",\"params\":{{\"password\":{password},\
                 \"username\":\"u@example.com\"}}}}}}"
            )
        };
        let switch = "https://api.example.com/api {\"auth\":{\"sessionId\":\"abc\"},\"get\":{\"command\":\
                      \"session.org.switch\",\"params\":{\"key\":\"SUB\"}}}";
        for (account, answers, does) in [
            (&user, &[][..], login("\"pa\\\"ss\"").as_str()),
            (&user, &[OPEN], "abc"),
            (&user, &[WANTS_CODE], "MfaRequired None"),
            (&user, &[REFUSED], "AuthenticationFailed None"),
            (&with_code, &[OPEN], "abc"),
            (&with_code, &[WANTS_CODE], login("\"123456\"").as_str()),
            (&with_code, &[WANTS_CODE, OPEN], "abc"),
            (&with_code, &[WANTS_CODE, WANTS_CODE], "MfaRequired None"),
            (&with_code, &[WANTS_CODE, REFUSED], "AuthenticationFailed None"),
            (&in_org, &[OPEN], switch),
            (&in_org, &[OPEN, SWITCHED], "abc"),
            (
                &in_org,
                &[OPEN, r#"{"get":{"success":false,"errorCodes":[-90008]}}"#],
                "NotFound None",
            ),
        ] {
            assert_eq!(step(account, answers), does, "{answers:?}");
        }
    }

    #[test]
    fn an_application_logs_in_with_three_words_and_a_given_session_needs_none() {
        let app = account(&[("app_id", "a"), ("thing_key", "t")], &["app_token"]);
        assert_eq!(
            step(&app, &[]),
            "https://api.example.com/api {\"auth\":{\"command\":\"api.authenticate\",\"params\":{\"appId\":\"a\",\
             \"appToken\":\"token\",\"thingKey\":\"t\"}}}"
        );
        assert_eq!(step(&account(&[], &["session_id"]), &[]), "not needed");
    }

    #[test]
    fn the_session_is_signed_into_the_body() {
        let secrets = secrets();
        let token = Secret::new("from-login");
        let proof = Proof {
            secrets: &secrets,
            token: Some(&token),
            now: jiff::Timestamp::UNIX_EPOCH,
        };
        let call = Call::new(
            devicewise(),
            "call",
            vec![("command".into(), Value::Text("diag.ping".into()))],
        )
        .unwrap();
        for (account, session) in [
            (account(&[], &["session_id"]), "given-session"),
            (account(&[("username", "u")], &["password"]), "from-login"),
        ] {
            let mut request = devicewise().request(&account, &call).unwrap();
            devicewise().sign(&account, &mut request, &proof).unwrap();
            assert_eq!(
                String::from_utf8(request.body).unwrap(),
                format!("{{\"auth\":{{\"sessionId\":\"{session}\"}},\"get\":{{\"command\":\"diag.ping\"}}}}")
            );
        }
    }
}

mod questions {
    use super::*;
    use crate::service::Account;
    use crate::values::window::Instant;

    fn sent(base_url: &str, operation: &str, given: &[(&str, Value)]) -> Result<String> {
        let account = Account {
            name: "acme".to_owned(),
            base_url: base_url.to_owned(),
            settings: crate::values::arguments::Arguments::default(),
            secrets: vec!["session_id"],
        };
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let call = Call::new(devicewise(), operation, given.collect())?;
        let request = devicewise().request(&account, &call)?;
        Ok(format!("{} {}", request.url, String::from_utf8(request.body).unwrap()))
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn is_read(command: &str) -> bool {
        Call::new(devicewise(), "call", vec![("command".to_owned(), text(command))]).is_ok()
    }

    #[test]
    fn a_command_is_words_with_points_between_of_which_the_last_reads() {
        for sound in ["list", "thing.list", "thing_def.find"] {
            assert!(is_read(sound), "{sound}");
        }
        for other in ["", "thing.delete", "thing list", "thing/x.list", "thing.", "list.x"] {
            assert!(!is_read(other), "{other}");
        }
    }

    #[test]
    fn a_question_is_one_packet_to_one_address() {
        let window = [
            ("start", text("2024-05-01")),
            ("end", text("2024-05-02T00:00:00-05:00")),
        ];
        let hourly = [&window[..], &[("show_all", Value::Flag(false))]].concat();
        for base_url in ["https://api.example.com", "https://api.example.com/api"] {
            assert_eq!(
                sent(base_url, "api_usage_history", &hourly).unwrap(),
                "https://api.example.com/api {\"get\":{\"command\":\"usage.api.history\",\"params\":{\
                 \"end\":\"2024-05-02T00:00:00-05:00\",\"includeSubOrgs\":false,\"series\":\"hour\",\"showAll\":false,\
                 \"start\":\"2024-05-01T00:00:00+00:00\"}}}"
            );
        }
        let info = [("command", text("session.info"))];
        let told = sent("https://api", "call", &info).unwrap();
        assert!(told.starts_with("https://api/api {"), "{told}");
        let base_url = "https://api.example.com";
        let last = [("last", text("180m")), ("include_sub_orgs", Value::Flag(true))];
        assert_eq!(
            sent(base_url, "storage_usage_history", &last).unwrap(),
            "https://api.example.com/api {\"get\":{\"command\":\"usage.storage.history\",\"params\":{\
             \"includeSubOrgs\":true,\"last\":\"180m\"}}}"
        );
        let month = [("start", text("2024-05-01")), ("org_key", text("SUB"))];
        assert_eq!(
            sent(base_url, "usage_report", &month).unwrap(),
            "https://api.example.com/api {\"get\":{\"command\":\"usage.report\",\"params\":{\"includeSubOrgs\":false,\
             \"orgKey\":\"SUB\",\"start\":\"2024-05-01T00:00:00+00:00\"}}}"
        );
    }

    #[test]
    fn a_question_has_exactly_one_whole_window() {
        let (start, end) = (("start", text("2024-05-01")), ("end", text("2024-05-02")));
        let last = ("last", text("24h"));
        for given in [
            vec![],
            vec![start.clone()],
            vec![end.clone()],
            vec![start.clone(), end.clone(), last.clone()],
            vec![start.clone(), last],
        ] {
            let error = sent("https://api.example.com", "thing_usage_history", &given).unwrap_err();
            assert_eq!(
                error.message,
                "thing_usage_history() needs either start and end, or last"
            );
        }
        let swapped = [("start", text("2024-05-02")), ("end", text("2024-05-01"))];
        assert!(sent("https://api.example.com", "thing_usage_history", &swapped).is_err());
        let half = Instant::parse("2024-05-01T00:00:00.5Z").unwrap();
        let fraction = [("start", Value::Instant(half)), end];
        let body = sent("https://api.example.com", "thing_usage_history", &fraction).unwrap();
        assert!(body.contains(r#""start":"2024-05-01T00:00:00.5+00:00""#), "{body}");
    }

    #[test]
    fn any_other_command_is_sent_if_it_only_reads() {
        let info = [("command", text("session.info"))];
        assert_eq!(
            sent("https://api.example.com", "call", &info).unwrap(),
            "https://api.example.com/api {\"get\":{\"command\":\"session.info\"}}"
        );
        for command in ["thing.delete", "session.end", "thing.find.delete", "list\n", "", "auth"] {
            let error = sent("https://api.example.com", "call", &[("command", text(command))]).unwrap_err();
            assert!(
                error.message.starts_with("command must be a command that only reads"),
                "{error}"
            );
        }
    }
}

mod answers {
    use std::time::Duration;

    use super::*;
    use crate::values::error::{Kind, Remedy};
    use crate::values::json::Json;
    use crate::values::shape::{Holds, Shape, Typed};

    fn ping() -> Call {
        Call::new(
            devicewise(),
            "call",
            vec![("command".into(), Value::Text("diag.ping".into()))],
        )
        .unwrap()
    }

    /// The session that this answer to the password opened.
    fn opened(answer: &Reply) -> Result<()> {
        let user = super::access::account(&[("username", "u@example.com")], &["password"]);
        devicewise()
            .login(&user, &super::access::secrets(), std::slice::from_ref(answer))
            .map(drop)
    }

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: body.as_bytes().to_vec(),
            ..Reply::default()
        }
    }

    fn read(operation: &str, params: &str) -> Result<Typed> {
        let given = match operation {
            "call" => ("command", "session.info"),
            "usage_report" => ("start", "2024-05-01"),
            _ => ("last", "24h"),
        };
        let given = vec![(given.0.to_owned(), Value::Text(given.1.to_owned()))];
        let call = Call::new(devicewise(), operation, given).unwrap();
        let reply = reply(200, &format!(r#"{{"get":{{"success":true,"params":{params}}}}}"#));
        devicewise().typed(&call, &devicewise().answer(&call, &reply)?)
    }

    /// A typed value on one line, to be compared with.
    fn show(value: &Typed) -> String {
        let join = |items: &[Typed]| items.iter().map(show).collect::<Vec<_>>().join(" ");
        match value {
            Typed::Nothing => "-".to_owned(),
            Typed::Integer(text) | Typed::Text(text) => text.clone(),
            Typed::Instant(instant) => instant.to_offset_text(),
            Typed::List(items) => format!("[{}]", join(items)),
            Typed::Map(members) => format!("{members:?}"),
            Typed::Record(name, fields, extra) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(key, value)| format!("{key}={}", show(value)))
                    .collect();
                let extra: Vec<&str> = extra.iter().map(|(key, _)| key.as_str()).collect();
                format!("{name}({}; {})", fields.join(", "), extra.join(" "))
            }
            other => format!("{other:?}"),
        }
    }

    const TS: &str = r#""ts":["2024-05-01T00:00:00.000-00:00","2024-05-01T01:00:00.1-05:00"]"#;

    #[test]
    fn counters_are_found_however_deep_they_are() {
        let ts = "timestamps=[2024-05-01T00:00:00+00:00 2024-05-01T01:00:00-05:00]";
        for (counters, series) in [
            (
                r#"{"usage":[2,0],"thing":[40,null]}"#,
                "path=[usage], values=[2 0], value=-; )|path=[thing], values=[40 -], value=-; )",
            ),
            (
                r#"{"ORG":{"usage":[2,0]}}"#,
                "path=[ORG usage], values=[2 0], value=-; )",
            ),
            (r#"{"ORG":[2,0]}"#, "path=[ORG], values=[2 0], value=-; )"),
            (
                r#"{"ORG":3,"SUB":null}"#,
                "path=[ORG], values=[], value=3; )|path=[SUB], values=[], value=-; )",
            ),
            (
                r#"{"total":[18446744073709551615,1]}"#,
                "path=[total], values=[18446744073709551615 1], value=-; )",
            ),
        ] {
            let history = read(
                "api_usage_history",
                &format!(r#"{{"counters":{counters},"total":7,"new":1,{TS}}}"#),
            )
            .unwrap();
            let series: Vec<String> = series.split('|').map(|one| format!("CounterSeries({one}")).collect();
            let expected = format!("UsageHistory(series=[{}], total=7, {ts}; new)", series.join(" "));
            assert_eq!(show(&history), expected, "{counters}");
        }
    }

    #[test]
    fn an_empty_answer_and_a_total_beyond_64_bits_are_read() {
        assert_eq!(
            show(
                &read(
                    "api_usage_history",
                    r#"{"counters":{},"total":18455751272964292608,"ts":[]}"#
                )
                .unwrap()
            ),
            "UsageHistory(series=[], total=18455751272964292608, timestamps=[]; )"
        );
        assert_eq!(
            show(&read("api_usage_history", r#"{"counters":{"ORG":3}}"#).unwrap()),
            "UsageHistory(series=[CounterSeries(path=[ORG], values=[], value=3; )], total=-, timestamps=[]; )"
        );
        for total in ["7.5", "7.0", "7e0", "7E0"] {
            let error = read("api_usage_history", &format!(r#"{{"counters":{{}},"total":{total}}}"#)).unwrap_err();
            assert!(error.message.contains("total: expected a whole number"), "{error}");
        }
    }

    #[test]
    fn arrays_beside_ts_are_series() {
        let params = format!(r#"{{"connected":[4,5],"total":[10,null],"novel":[1,2],"names":["a","b"],{TS}}}"#);
        let Typed::Record(_, fields, extra) = read("thing_usage_history", &params).unwrap() else {
            panic!()
        };
        assert_eq!(
            show(&fields[0].1),
            "[CounterSeries(path=[connected], values=[4 5], value=-; ) CounterSeries(path=[total], values=[10 -], value=-; ) \
             CounterSeries(path=[novel], values=[1 2], value=-; )]"
        );
        assert_eq!((show(&fields[1].1).as_str(), extra.len()), ("-", 1));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (operation, params, kind, message) in [
            (
                "api_usage_history",
                format!(r#"{{"counters":{{"usage":[2]}},{TS}}}"#),
                Kind::InconsistentResponse,
                "$.get.params.counters.usage: 1 values for 2 timestamps",
            ),
            (
                "connection_usage_history",
                format!(r#"{{"inSession":[1,2,3],{TS}}}"#),
                Kind::InconsistentResponse,
                "$.get.params.inSession: 3 values for 2 timestamps",
            ),
            (
                "api_usage_history",
                r#"{"counters":{"usage":[2]}}"#.to_owned(),
                Kind::UnexpectedResponse,
                "$.get.params.counters.usage: an array of values, but no list of moments beside it",
            ),
            (
                "api_usage_history",
                format!(r#"{{"counters":{{"usage":[2,"x"]}},{TS}}}"#),
                Kind::UnexpectedResponse,
                "$.get.params.counters.usage[1]: expected a whole number, found a string",
            ),
            (
                "api_usage_history",
                format!(r#"{{"counters":{{"usage":[2,0.5]}},{TS}}}"#),
                Kind::UnexpectedResponse,
                "$.get.params.counters.usage[1]: 0.5 is not a whole number",
            ),
            (
                "api_usage_history",
                format!("{{{TS}}}"),
                Kind::UnexpectedResponse,
                "$.get.params.counters: the field is missing",
            ),
            (
                "thing_usage_history",
                "{}".to_owned(),
                Kind::UnexpectedResponse,
                "$.get.params.ts: the field is missing",
            ),
            (
                "thing_usage_history",
                r#"{"ts":["2024-05-01T00:00:00"]}"#.to_owned(),
                Kind::UnexpectedResponse,
                "$.get.params.ts[0]: \"2024-05-01T00:00:00\" has no UTC offset; add \"Z\" or \"+09:00\"",
            ),
            (
                "usage_report",
                r#"{"header":{},"report":[{"countThings":1}]}"#.to_owned(),
                Kind::UnexpectedResponse,
                "$.get.params.report[0].orgKey: the field is missing",
            ),
        ] {
            let error = read(operation, &params).unwrap_err();
            assert_eq!((error.kind, error.message.as_str()), (kind, message));
        }
    }

    #[test]
    fn a_report_keeps_counts_that_are_new() {
        let params = r#"{"header":{"orgKey":"A"},"report":[{"orgKey":"A","parentOrgKey":null,"countStorage":6442450944,"countNew":2}]}"#;
        let Typed::Record("UsageReport", fields, _) = read("usage_report", params).unwrap() else {
            panic!()
        };
        let row = show(&fields[1].1);
        assert!(
            row.starts_with("[OrgUsage(org_key=A, parent_org_key=-, count_billable_things=-,"),
            "{row}"
        );
        assert!(
            row.contains("count_storage=6442450944,") && row.ends_with("; countNew)]"),
            "{row}"
        );
    }

    #[test]
    fn any_other_command_answers_with_what_came() {
        assert_eq!(
            read("call", r#"{"ttl":86400}"#).unwrap(),
            Typed::Json(Json::Map(vec![("ttl".into(), Json::Number("86400".into()))]))
        );
        let call = Call::new(
            devicewise(),
            "call",
            vec![("command".into(), Value::Text("cdp.connection.list".into()))],
        )
        .unwrap();
        let end = reply(
            200,
            r#"{"get":{"success":false,"errorCodes":[-90058],"errorMessages":["end"]}}"#,
        );
        let document = devicewise().answer(&call, &end).unwrap();
        let Typed::Json(read) = devicewise().typed(&call, &document).unwrap() else {
            panic!()
        };
        assert_eq!(read.get("success"), Some(&Json::Bool(false)));
    }

    #[test]
    fn failures_are_told_apart() {
        let old = r#"{"success":false,"errorMessages":["Authentication session is invalid: Error: Session 00112233"]}"#;
        for (status, body, kind, remedy, code) in [
            (
                200,
                r#"{"success":false,"errorCodes":[-90000],"errorMessages":["Session '0011' not found."]}"#,
                Kind::AuthenticationFailed,
                Remedy::RenewCredentials,
                Some("-90000"),
            ),
            (
                200,
                r#"{"SUCCESS":false,"errorcodes":[-90000],"errormessages":[]}"#,
                Kind::AuthenticationFailed,
                Remedy::RenewCredentials,
                Some("-90000"),
            ),
            (200, old, Kind::AuthenticationFailed, Remedy::RenewCredentials, None),
            (
                200,
                r#"{"get":{"success":false,"errorCodes":[-90000]}}"#,
                Kind::AuthenticationFailed,
                Remedy::RenewCredentials,
                Some("-90000"),
            ),
            (
                200,
                r#"{"success":false,"errorCodes":[-90041]}"#,
                Kind::MfaRequired,
                Remedy::None,
                Some("-90041"),
            ),
            (
                200,
                r#"{"get":{"success":false,"errorCodes":[-22],"errorMessages":["device not found"]}}"#,
                Kind::InvalidRequest,
                Remedy::None,
                Some("-22"),
            ),
            (
                200,
                r#"{"get":{"success":false,"errorCodes":[-90008]}}"#,
                Kind::NotFound,
                Remedy::None,
                Some("-90008"),
            ),
            // Neither `success` nor a text: the code says enough.
            (
                200,
                r#"{"get":{"errorCodes":[-90008]}}"#,
                Kind::NotFound,
                Remedy::None,
                Some("-90008"),
            ),
            (
                200,
                r#"{"get":{"success":false,"errorCodes":[-5],"errorMessages":["API Rate Limit reached"]}}"#,
                Kind::RateLimited,
                Remedy::RepeatThrottled,
                Some("-5"),
            ),
            (
                200,
                r#"{"get":{"success":false}}"#,
                Kind::InvalidRequest,
                Remedy::None,
                None,
            ),
            (200, "{}", Kind::UnexpectedResponse, Remedy::None, None),
            (200, "[]", Kind::UnexpectedResponse, Remedy::None, None),
            (200, r#"{"get":true}"#, Kind::UnexpectedResponse, Remedy::None, None),
            (
                200,
                "<html>gateway</html>",
                Kind::UnexpectedResponse,
                Remedy::None,
                None,
            ),
            (401, "", Kind::AuthenticationFailed, Remedy::RenewCredentials, None),
            (
                403,
                "<html>",
                Kind::AuthenticationFailed,
                Remedy::RenewCredentials,
                None,
            ),
            (401, old, Kind::AuthenticationFailed, Remedy::RenewCredentials, None),
            (429, "slow down", Kind::RateLimited, Remedy::RepeatThrottled, None),
            (502, "<html>", Kind::ServerError, Remedy::Repeat, None),
            (
                502,
                r#"{"get":{"success":true,"params":{}}}"#,
                Kind::ServerError,
                Remedy::Repeat,
                None,
            ),
        ] {
            let error = devicewise().answer(&ping(), &reply(status, body)).unwrap_err();
            let told = (error.kind, error.remedy, error.provider_code.as_deref());
            assert_eq!(told, (kind, remedy, code), "{status} {body}");
            assert!(!error.message.contains("0011"), "{error}");
        }
    }

    #[test]
    fn a_limit_is_waited_out_for_a_minute() {
        let limited = reply(429, "");
        assert_eq!(
            devicewise().answer(&ping(), &limited).unwrap_err().retry_after,
            Some(Duration::from_secs(60))
        );
    }

    #[test]
    fn a_refused_login_says_why_and_what_to_check() {
        let refused = reply(
            200,
            r#"{"success":false,"errorCodes":[-1],"errorMessages":["Login failed."]}"#,
        );
        let error = opened(&refused).unwrap_err();
        assert_eq!(
            (error.kind, error.provider_code.as_deref()),
            (Kind::AuthenticationFailed, Some("-1"))
        );
        assert!(
            error.message.starts_with("the login was refused (Login failed."),
            "{error}"
        );
        for (said, kind) in [
            ("Too many failed login attempts", Kind::AuthenticationFailed),
            ("Too many requests", Kind::RateLimited),
        ] {
            let text = format!(r#"{{"success":false,"errorCodes":[-1],"errorMessages":["{said}"]}}"#);
            assert_eq!(opened(&reply(200, &text)).unwrap_err().kind, kind, "{said}");
        }
        let empty = reply(200, r#"{"auth":{"success":true,"params":{}}}"#);
        assert_eq!(opened(&empty).unwrap_err().kind, Kind::UnexpectedResponse);
    }

    #[test]
    fn the_record_of_a_history_has_the_fields_that_its_shape_declares() {
        let Typed::Record(name, fields, _) = read("api_usage_history", r#"{"counters":{"ORG":3}}"#).unwrap() else {
            panic!()
        };
        let operations = devicewise().facts().operations.iter();
        let returns = operations.map(|operation| operation.returns).next();
        let Some(Holds::Record(shape)) = returns else { panic!() };
        let Holds::List(Holds::Record(inner)) = shape.fields[0].holds else {
            panic!()
        };
        let declared = |shape: &Shape| shape.fields.iter().map(|field| field.name).collect::<Vec<_>>();
        let names = |fields: &[(&'static str, Typed)]| fields.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!((name, names(&fields)), ("UsageHistory", declared(shape)));
        let Typed::List(series) = &fields[0].1 else { panic!() };
        let Typed::Record(name, fields, _) = &series[0] else {
            panic!()
        };
        assert_eq!((*name, names(fields)), ("CounterSeries", declared(inner)));
    }
}

mod vocabulary {
    use crate::spec::compile::check;
    use crate::values::arguments::plain;

    #[test]
    fn what_a_document_says_of_arrays_and_groups_is_checked() {
        let text = include_str!("../devicewise.toml");
        for (right, wrong, told) in [
            (
                "[\"last\"]]",
                "[\"lost\"]]",
                "there is no argument \"lost\"; did you mean \"last\"?",
            ),
            (
                "split = [\"dimension\"",
                "split = [\"dimensions\"",
                "there is no argument \"dimensions\"; did you mean \"dimension\"?",
            ),
            (
                "items = \"integer?\"",
                "items = \"integers\"",
                "there is no shape above, or plain kind of value, \"integers\"; did you mean \"integer\"?",
            ),
        ] {
            assert!(text.contains(right), "{right}");
            let mistakes = check(&text.replace(right, wrong), &[("read_command", plain)]).unwrap_err();
            assert!(mistakes.iter().any(|(_, said)| said.ends_with(told)), "{mistakes:?}");
        }
    }
}

mod readings {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::meters::{Meter, Reading, Sink};
    use crate::service::{Asked, PlannedCall};
    use crate::values::error::Kind as Problem;
    use crate::values::quantity::Quantity;
    use crate::values::window::{Instant, Window};

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn select(given: &[(&str, Value)]) -> Result<Vec<Asked>> {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        devicewise().asked(&Arguments::check(
            "select()",
            devicewise().facts().selection,
            given.collect(),
        )?)
    }

    /// The only call of a selection, for this window.
    fn call(meter: &str, more: &[(&str, Value)], start: &str, end: &str) -> PlannedCall {
        let mut asked = select(&[&[("meters", text(meter))], more].concat()).unwrap();
        let asked = asked.pop().unwrap();
        let mut arguments = asked.arguments.clone();
        arguments.extend([("start".to_owned(), text(start)), ("end".to_owned(), text(end))]);
        let at = |text: &str| Instant::parse_argument(text).unwrap();
        let call = Call::new(devicewise(), asked.source.operation, arguments).unwrap();
        let piece = Window::new(at(start), at(end)).unwrap();
        PlannedCall::new("id".to_owned(), "acme".to_owned(), "devicewise", call, asked, piece)
    }

    /// Readings and notes, one line each.
    #[derive(Default)]
    struct Lines {
        meters: &'static [Meter],
        readings: Vec<String>,
        notes: Vec<String>,
        answers: Option<String>,
        cut: Option<String>,
    }

    impl Sink for Lines {
        fn reading(&mut self, reading: Reading<'_>) {
            let meter = &self.meters[reading.meter];
            assert_eq!(reading.labels.len(), meter.dimensions.len());
            assert!(!reading.quantity.rounded && reading.cost.is_none());
            let labels: Vec<&str> = reading.labels.iter().map(|label| label.unwrap_or("-")).collect();
            let flags: Vec<&str> = reading.flags.names().collect();
            let whole = Quantity::whole(1).scaled;
            assert_eq!(reading.quantity.scaled % whole, 0);
            self.readings.push(format!(
                "{} [{}] {}/{} {} {}",
                meter.name.strip_prefix("devicewise.").unwrap(),
                labels.join(" "),
                reading.start.unwrap(),
                reading.end.unwrap(),
                reading.quantity.scaled / whole,
                flags.join(" "),
            ));
        }

        fn null(&mut self, meter: usize, labels: &[Option<&str>], start: Timestamp, end: Timestamp) {
            let name = self.meters[meter].name.strip_prefix("devicewise.").unwrap();
            let labels: Vec<&str> = labels.iter().map(|label| label.unwrap_or("-")).collect();
            self.readings
                .push(format!("null {name} [{}] {start}/{end}", labels.join(" ")));
        }

        fn answers(&mut self, from: Timestamp, to: Timestamp) {
            self.answers = Some(format!("{from}/{to}"));
        }

        fn cut(&mut self, how: String) {
            self.cut = Some(how);
        }

        fn note(&mut self, note: String) {
            self.notes.push(note);
        }
    }

    const LATER: &str = "2030-01-01T00:00:00Z";

    fn read(call: &PlannedCall, body: &[u8], fetched_at: &str) -> Result<Lines> {
        let mut lines = Lines {
            meters: call.asked.source.meters,
            ..Lines::default()
        };
        let reply = Reply {
            status: 200,
            body: body.to_vec(),
            ..Reply::default()
        };
        let outcome = devicewise().collect(call, &reply, fetched_at.parse().unwrap(), &mut lines);
        assert!(outcome.is_ok() || lines.readings.is_empty(), "half an answer was kept");
        outcome.map(|_| lines)
    }

    fn read_params(call: &PlannedCall, params: &str) -> Result<Lines> {
        let body = format!(r#"{{"get":{{"success":true,"params":{params}}}}}"#);
        read(call, body.as_bytes(), LATER)
    }

    /// A fixture's reply, with the id that our packets have.
    macro_rules! fixture {
        ($case:literal) => {
            include_str!(concat!(
                "../../../tests/fixtures/devicewise/",
                $case,
                "/reply.body"
            ))
            .replace("\"q1\"", "\"get\"")
            .into_bytes()
        };
    }

    const MAY: (&str, &str) = ("2024-05-01T13:00:00Z", "2024-05-01T16:00:00Z");
    const THREE: [&str; 3] = [
        "2024-05-01T13:00:00Z/2024-05-01T14:00:00Z",
        "2024-05-01T14:00:00Z/2024-05-01T15:00:00Z",
        "2024-05-01T15:00:00Z/2024-05-01T16:00:00Z",
    ];

    /// The lines of a series with these three values.
    fn hours(name: &str, values: [&str; 3]) -> Vec<String> {
        let lines = THREE.iter().zip(values);
        lines
            .map(|(window, value)| format!("{name} {window} {value} "))
            .collect()
    }

    #[test]
    fn every_number_of_the_published_shapes_becomes_a_reading() {
        let org = ("dimension", text("org"));
        for (meter, more, body, expected) in [
            (
                "devicewise.api_calls",
                vec![],
                fixture!("api_usage_history_three_services"),
                [
                    hours("api_calls [usage -]", ["2", "0", "1"]),
                    hours("api_calls [thing -]", ["40", "38", "0"]),
                    hours("api_calls [property -]", ["900", "911", "5"]),
                ]
                .concat(),
            ),
            (
                "devicewise.api_calls",
                vec![],
                fixture!("exact_numbers"),
                [
                    hours("api_calls [usage -]", ["18446744073709551615", "0", "0"]),
                    hours("api_calls [thing -]", ["0", "9007199254740993", "0"]),
                ]
                .concat(),
            ),
            (
                "devicewise.api_calls",
                vec![org.clone()],
                fixture!("api_usage_history_by_org_a"),
                [
                    hours("api_calls [usage EXAMPLE_ORG]", ["2", "0", "1"]),
                    hours("api_calls [usage SUB_ORG]", ["0", "4", "0"]),
                ]
                .concat(),
            ),
            (
                "devicewise.api_calls",
                vec![org.clone()],
                fixture!("api_usage_history_by_org_b"),
                [
                    hours("api_calls [- EXAMPLE_ORG]", ["2", "0", "1"]),
                    hours("api_calls [- SUB_ORG]", ["0", "4", "0"]),
                ]
                .concat(),
            ),
            (
                "devicewise.api_calls",
                vec![org],
                fixture!("api_usage_history_by_org_c"),
                vec![
                    "api_calls [- EXAMPLE_ORG] 2024-05-01T13:00:00Z/2024-05-01T16:00:00Z 3 ".to_owned(),
                    "api_calls [- SUB_ORG] 2024-05-01T13:00:00Z/2024-05-01T16:00:00Z 4 ".to_owned(),
                ],
            ),
            (
                "devicewise.storage",
                vec![],
                fixture!("storage_usage_history"),
                [
                    hours("storage [aggregates]", ["6442450944", "6442450944", "6442450944"]),
                    hours("storage [properties]", ["1024", "2048", "4096"]),
                ]
                .concat(),
            ),
            (
                "devicewise.api_calls",
                vec![],
                fixture!("api_usage_history_empty"),
                vec![],
            ),
        ] {
            let lines = read(&call(meter, &more, MAY.0, MAY.1), &body, LATER).unwrap();
            assert_eq!((lines.readings, lines.notes.as_slice()), (expected, &[][..]));
        }
    }

    #[test]
    fn arrays_that_count_the_same_things_are_meters_of_their_own_and_only_those_asked_for_are_read() {
        let things = fixture!("thing_usage_history");
        let both = Value::List(vec![text("devicewise.things_billable"), text("devicewise.things")]);
        let one = call("devicewise.things_connected", &[], MAY.0, MAY.1);
        let two = call("devicewise.things", &[], MAY.0, MAY.1);
        let two = PlannedCall {
            asked: select(&[("meters", both)]).unwrap().pop().unwrap().into(),
            ..two
        };
        assert_eq!(
            read(&one, &things, LATER).unwrap().readings,
            hours("things_connected []", ["4", "5", "3"])
        );
        assert_eq!(
            read(&two, &things, LATER).unwrap().readings,
            [
                hours("things []", ["10", "10", "11"]),
                hours("things_billable []", ["6", "6", "7"])
            ]
            .concat()
        );
        let all = select(&[]).unwrap().swap_remove(2);
        let all = PlannedCall {
            asked: all.into(),
            ..call("devicewise.connections", &[], MAY.0, MAY.1)
        };
        assert_eq!(
            read(&all, &fixture!("connection_usage_history"), LATER)
                .unwrap()
                .readings,
            [
                hours("connections_with_rate_plan [-]", ["3", "3", "3"]),
                hours("connections_activated [-]", ["2", "2", "3"]),
                hours("connections_in_session [-]", ["1", "0", "2"]),
                hours("connections [-]", ["3", "3", "4"]),
            ]
            .concat()
        );
    }

    #[test]
    fn connections_by_organisation_are_read_in_each_candidate_shape() {
        let by_org = select(&[("dimension", text("org"))]).unwrap().swap_remove(2);
        let template = call(
            "devicewise.connections",
            &[("dimension", text("org"))],
            "2024-05-01",
            "2024-05-02",
        );
        let by_org = PlannedCall {
            asked: by_org.into(),
            ..template
        };
        let ts = r#""ts":["2024-05-01T00:00:00Z"]"#;
        for (params, expected) in [
            (
                format!(r#"{{"counters":{{"A":{{"activated":[2],"total":[3]}}}},{ts}}}"#),
                vec![
                    "connections_activated [A] 2024-05-01T00:00:00Z/2024-05-01T01:00:00Z 2 ",
                    "connections [A] 2024-05-01T00:00:00Z/2024-05-01T01:00:00Z 3 ",
                ],
            ),
            (
                format!(r#"{{"counters":{{"A":[3]}},{ts}}}"#),
                vec!["connections [A] 2024-05-01T00:00:00Z/2024-05-01T01:00:00Z 3 "],
            ),
            (
                r#"{"counters":{"A":3}}"#.to_owned(),
                vec!["connections [A] 2024-05-01T00:00:00Z/2024-05-02T00:00:00Z 3 "],
            ),
        ] {
            assert_eq!(read_params(&by_org, &params).unwrap().readings, expected, "{params}");
        }
    }

    #[test]
    fn a_total_that_disagrees_is_a_note_and_a_flag() {
        let window = ("2014-01-20T13:00:00Z", "2014-01-20T18:00:00Z");
        let lines = read(
            &call("devicewise.api_calls", &[], window.0, window.1),
            &fixture!("api_usage_history_definite"),
            LATER,
        )
        .unwrap();
        assert_eq!(lines.notes, ["the answer's total is 42, but its counters add up to 1"]);
        assert_eq!(
            (lines.readings.len(), lines.readings[4].as_str()),
            (
                5,
                "api_calls [usage -] 2014-01-20T17:00:00Z/2014-01-20T18:00:00Z 1 mismatch"
            )
        );
    }

    #[test]
    fn a_local_day_has_23_to_25_hours_and_a_gap_makes_no_bucket_longer() {
        let day = [("series", text("day"))];
        let call = call("devicewise.api_calls", &day, "2024-03-09", "2024-03-14");
        let ts = r#"["2024-03-09T00:00:00-05:00","2024-03-10T00:00:00-05:00","2024-03-11T00:00:00-04:00","2024-03-13T00:00:00-04:00"]"#;
        let params = format!(r#"{{"counters":{{"usage":[1,2,3,4]}},"ts":{ts}}}"#);
        assert_eq!(
            read_params(&call, &params).unwrap().readings,
            [
                "api_calls [usage -] 2024-03-09T05:00:00Z/2024-03-10T05:00:00Z 1 ",
                "api_calls [usage -] 2024-03-10T05:00:00Z/2024-03-11T04:00:00Z 2 ",
                "api_calls [usage -] 2024-03-11T04:00:00Z/2024-03-12T04:00:00Z 3 ",
                "api_calls [usage -] 2024-03-13T04:00:00Z/2024-03-14T04:00:00Z 4 partial_bucket",
            ]
        );
    }

    #[test]
    fn the_last_bucket_is_partial_until_it_is_over() {
        let body = fixture!("api_usage_history_three_services");
        let call = call("devicewise.api_calls", &[], MAY.0, MAY.1);
        for (fetched_at, partial) in [("2024-05-01T15:59:59Z", 3), ("2024-05-01T16:00:00Z", 0)] {
            let readings = read(&call, &body, fetched_at).unwrap().readings;
            let found = readings.iter().filter(|line| line.ends_with("partial_bucket")).count();
            assert_eq!(found, partial, "{fetched_at}");
        }
    }

    #[test]
    fn the_length_of_a_storage_bucket_follows_from_its_neighbours() {
        for (window, ts, values, expected) in [
            (
                ("2024-05-01", "2024-05-03"),
                r#""2024-05-01T00:00:00-05:00","2024-05-02T00:00:00-05:00""#,
                "1,2",
                vec![
                    "storage [aggregates] 2024-05-01T05:00:00Z/2024-05-02T05:00:00Z 1 ",
                    "storage [aggregates] 2024-05-02T05:00:00Z/2024-05-03T05:00:00Z 2 partial_bucket",
                ],
            ),
            (
                ("2024-05-01T00:00:00Z", "2024-05-01T04:00:00Z"),
                r#""2024-05-01T00:00:00Z","2024-05-01T02:00:00Z""#,
                "1,2",
                vec![
                    "storage [aggregates] 2024-05-01T00:00:00Z/2024-05-01T02:00:00Z 1 ",
                    "storage [aggregates] 2024-05-01T02:00:00Z/2024-05-01T04:00:00Z 2 ",
                ],
            ),
            (
                // Clocks change: the closest pair is 23 hours apart, and a day all the same.
                ("2024-03-10", "2024-03-12"),
                r#""2024-03-10T00:00:00-05:00","2024-03-11T00:00:00-04:00""#,
                "1,2",
                vec![
                    "storage [aggregates] 2024-03-10T05:00:00Z/2024-03-11T04:00:00Z 1 ",
                    "storage [aggregates] 2024-03-11T04:00:00Z/2024-03-12T04:00:00Z 2 partial_bucket",
                ],
            ),
            (
                ("2024-05-01", "2024-05-02"),
                r#""2024-05-01T00:00:00Z""#,
                "1",
                vec!["storage [aggregates] 2024-05-01T00:00:00Z/2024-05-02T00:00:00Z 1 "],
            ),
            (
                ("2024-05-01T00:00:00Z", "2024-05-01T01:00:00Z"),
                r#""2024-05-01T00:00:00Z""#,
                "1",
                vec!["storage [aggregates] 2024-05-01T00:00:00Z/2024-05-01T01:00:00Z 1 "],
            ),
        ] {
            let call = call("devicewise.storage", &[], window.0, window.1);
            let params = format!(r#"{{"counters":{{"aggregates":[{values}]}},"ts":[{ts}]}}"#);
            assert_eq!(read_params(&call, &params).unwrap().readings, expected);
        }
    }

    #[test]
    fn null_is_missing_and_what_repeats_is_no_part_of_the_total() {
        let call = call("devicewise.api_calls", &[], "2024-05-01", "2024-05-02");
        let ts = r#""ts":["2024-05-01T01:00:00Z","2024-05-01T00:00:00Z","2024-04-30T20:00:00-05:00"]"#;
        let params = format!(r#"{{"counters":{{"usage":[5,null,5],"thing":[1,2,1]}},"total":8,{ts}}}"#);
        let lines = read_params(&call, &params).unwrap();
        assert_eq!(
            lines.readings,
            [
                "api_calls [usage -] 2024-05-01T01:00:00Z/2024-05-01T02:00:00Z 5 ",
                "null api_calls [usage -] 2024-05-01T00:00:00Z/2024-05-01T01:00:00Z",
                "api_calls [usage -] 2024-05-01T01:00:00Z/2024-05-01T02:00:00Z 5 ",
                "api_calls [thing -] 2024-05-01T01:00:00Z/2024-05-01T02:00:00Z 1 ",
                "api_calls [thing -] 2024-05-01T00:00:00Z/2024-05-01T01:00:00Z 2 ",
                "api_calls [thing -] 2024-05-01T01:00:00Z/2024-05-01T02:00:00Z 1 ",
            ]
        );
        assert_eq!(lines.notes, ["values that are null, which is missing and not zero: 1"]);
    }

    /// An answer with these hours from the start of March 2026, of one service, with this figure each.
    fn hourly(hours: i64, figure: &str, total: Option<u32>) -> String {
        let first: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let ts: Vec<String> = (0..hours)
            .map(|hour| format!("\"{}\"", first + SignedDuration::from_hours(hour)))
            .collect();
        let values = vec![figure; ts.len()].join(",");
        let total = total.map_or(String::new(), |total| format!(r#","total":{total}"#));
        let ts = ts.join(",");
        format!(r#"{{"counters":{{"usage":[{values}]}}{total},"ts":[{ts}]}}"#)
    }

    #[test]
    fn an_answer_that_ends_long_before_its_range_shows_that_it_was_cut() {
        let calls = call("devicewise.api_calls", &[], "2026-03-01", "2026-05-01");
        let ends = |end: &str, why: &str| Some(format!("the answer ends at {end}, before 2026-05-01T00:00:00Z: {why}"));
        for (hours, figure, total, cut) in [
            (
                500,
                "1",
                Some(500),
                ends(
                    "2026-03-21T20:00:00Z",
                    "it has 500 buckets without a gap, and then none",
                ),
            ),
            // Hours without use are written, so those that are not there are missing.
            (
                2,
                "0",
                None,
                ends("2026-03-01T02:00:00Z", "it has 2 buckets without a gap, and then none"),
            ),
            (
                3,
                "1",
                Some(4),
                ends("2026-03-01T03:00:00Z", "its total is above its counters"),
            ),
            // Some hours with use, and then none: nobody knows.
            (99, "1", Some(99), None),
            (3, "1", Some(2), None),
            // To the end, or to the last bucket but one.
            (1464, "0", Some(7), None),
            (1463, "0", Some(7), None),
            (
                1462,
                "0",
                None,
                ends(
                    "2026-04-30T22:00:00Z",
                    "it has 1462 buckets without a gap, and then none",
                ),
            ),
        ] {
            let told = read_params(&calls, &hourly(hours, figure, total)).unwrap();
            assert_eq!(told.cut, cut, "{hours} hours of {figure}, total {total:?}");
        }
        // What is younger than a day may be told later.
        let body = format!(r#"{{"get":{{"success":true,"params":{}}}}}"#, hourly(500, "0", None));
        for (fetched_at, is_cut) in [("2026-03-22T21:00:00Z", false), ("2026-03-22T21:00:01Z", true)] {
            let told = read(&calls, body.as_bytes(), fetched_at).unwrap();
            assert_eq!(told.cut.is_some(), is_cut, "{fetched_at}");
        }
    }

    #[test]
    fn zeros_of_one_meter_show_nothing_of_buckets_without_use() {
        let ts = r#""ts":["2026-03-01T00:00:00Z","2026-03-01T01:00:00Z"]"#;
        let params = format!(r#"{{"connected":[0,1],"total":[10,10],"billable":[0,0],{ts}}}"#);
        let one = call("devicewise.things_connected", &[], "2026-03-01", "2026-05-01");
        assert_eq!(read_params(&one, &params).unwrap().cut, None);
        let all = PlannedCall {
            asked: select(&[]).unwrap().swap_remove(1).into(),
            ..one
        };
        assert_eq!(read_params(&all, &params).unwrap().cut, None);
        let unused = params.replace("[10,10]", "[0,10]");
        assert_eq!(
            read_params(&all, &unused).unwrap().cut.unwrap(),
            "the answer ends at 2026-03-01T02:00:00Z, before 2026-05-01T00:00:00Z: it has 2 buckets without a gap, and \
             then none"
        );
    }

    #[test]
    fn a_native_call_asks_for_the_time_before_its_answer_in_its_own_buckets() {
        let given = vec![("last".to_owned(), text("48h")), ("series".to_owned(), text("day"))];
        let call = Call::new(devicewise(), "thing_usage_history", given).unwrap();
        let at = "2026-03-03T12:00:00Z".parse().unwrap();
        let (asked, window) = devicewise().asked_by(&call, at).unwrap().unwrap();
        assert_eq!(asked.buckets, crate::meters::Buckets::Every(86400, 0));
        assert_eq!(
            (
                window.start().to_utc_text().as_str(),
                window.end().to_utc_text().as_str()
            ),
            ("2026-03-01T12:00:00Z", "2026-03-03T12:00:00Z")
        );
    }

    #[test]
    fn as_many_rows_as_the_cap_allows_may_be_the_newest_ones() {
        let calls = call("devicewise.api_calls", &[], "2026-02-28", "2026-09-25");
        let told = read_params(&calls, &hourly(5000, "1", None)).unwrap();
        assert_eq!(
            (told.answers.as_deref(), told.cut),
            (Some("2026-03-01T00:00:00Z/2026-09-25T08:00:00Z"), None)
        );
        let told = read_params(&calls, &hourly(4999, "1", None)).unwrap();
        assert_eq!((told.answers, told.cut), (None, None));
    }

    #[test]
    fn days_in_place_of_hours_are_refused_and_sparse_hours_are_not() {
        let read = |more: &[(&str, Value)], ts: &str| {
            let calls = call("devicewise.api_calls", more, "2024-05-01", "2024-05-08");
            let zeros = vec!["0"; ts.split(',').count()].join(",");
            read_params(&calls, &format!(r#"{{"counters":{{"usage":[{zeros}]}},"ts":[{ts}]}}"#))
        };
        let days = r#""2024-05-01T00:00:00Z","2024-05-02T00:00:00Z","2024-05-02T23:00:00Z""#;
        let error = read(&[], days).err().unwrap();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (
                Problem::InconsistentResponse,
                "$.get.params.ts: 3 timestamps, all as far apart as buckets of 86400 s, while those of 3600 s were asked for"
            )
        );
        assert!(read(&[("series", text("day"))], days).is_ok());
        assert!(read(&[], r#""2024-05-01T00:00:00Z","2024-05-04T00:00:00Z""#).is_ok());
        assert!(
            read(
                &[],
                r#""2024-05-01T00:00:00Z","2024-05-02T00:00:00Z","2024-05-02T22:59:59Z""#
            )
            .is_ok()
        );
    }

    #[test]
    fn what_no_meter_knows_and_what_may_be_cut_short_is_noted() {
        let things = call("devicewise.things", &[], "2024-05-01", "2024-05-02");
        let lines = read_params(
            &things,
            r#"{"total":7,"novel":[1],"connected":[1],"ts":["2024-05-01T00:00:00Z"]}"#,
        )
        .unwrap();
        assert_eq!(
            (lines.readings.as_slice(), lines.notes),
            (
                &[][..],
                vec![
                    "the answer's total is one number, not one for each timestamp, and is not kept".to_owned(),
                    "the answer has counters that no meter knows: novel".to_owned()
                ]
            )
        );
        let first: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let ts: Vec<String> = (0..5000)
            .map(|hour| format!("\"{}\"", first + SignedDuration::from_hours(hour)))
            .collect();
        let zeros = vec!["0"; 5000].join(",");
        let params = format!(r#"{{"counters":{{"usage":[{zeros}]}},"ts":[{}]}}"#, ts.join(","));
        let calls = call("devicewise.api_calls", &[], "2024-01-01", "2024-08-01");
        let lines = read_params(&calls, &params).unwrap();
        assert_eq!(
            (lines.readings.len(), lines.notes),
            (
                5000,
                vec!["the answer has 5000 timestamps or more, at which the service may cut it short".to_owned()]
            )
        );
        assert_eq!(
            lines.cut.unwrap(),
            "the answer ends at 2024-07-27T08:00:00Z, before 2024-08-01T00:00:00Z: it has 5000 timestamps, at which the \
             service may cut it short"
        );
    }

    #[test]
    fn an_answer_that_contradicts_itself_gives_no_readings() {
        use Problem::{InconsistentResponse, UnexpectedResponse};
        let calls = call("devicewise.api_calls", &[], MAY.0, MAY.1);
        let error = read(&calls, &fixture!("api_usage_history_length_fault"), LATER)
            .err()
            .unwrap();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (
                InconsistentResponse,
                "$.get.params.counters.usage: 2 values for 3 timestamps"
            )
        );
        let ts = r#""ts":["2024-05-01T13:00:00Z","2024-05-01T08:00:00-05:00"]"#;
        for (params, kind, message) in [
            (
                format!(r#"{{"counters":{{"thing":[1,1],"usage":[0.5,0.5]}},{ts}}}"#),
                UnexpectedResponse,
                "$.get.params.counters.usage[0]: 0.5 is not a whole number",
            ),
            (
                format!(r#"{{"counters":{{"usage":[1,1]}},"total":1.5,{ts}}}"#),
                UnexpectedResponse,
                "$.get.params.total: expected a whole number, found a number",
            ),
            (
                r#"{"counters":{"usage":[1]}}"#.to_owned(),
                UnexpectedResponse,
                "$.get.params.counters.usage: an array of values, but no list of moments beside it",
            ),
            (
                format!("{{{ts}}}"),
                UnexpectedResponse,
                "$.get.params.counters: the field is missing",
            ),
            (
                r#"{"counters":{},"ts":["yesterday"]}"#.to_owned(),
                UnexpectedResponse,
                "$.get.params.ts[0]: \"yesterday\" is no RFC 3339 instant",
            ),
        ] {
            let error = read_params(&calls, &params).err().unwrap();
            assert_eq!((error.kind, error.message.as_str()), (kind, message));
        }
        let error = read(&calls, br#"{"get":{"success":true}}"#, LATER).err().unwrap();
        assert_eq!(error.message, "$.get.params: expected an object, found null");
    }

    /// Each source that a selection takes, on one line.
    fn show(asked: &[Asked]) -> Vec<String> {
        let line = |asked: &Asked| {
            let arguments: Vec<String> = asked
                .arguments
                .iter()
                .map(|(name, value)| format!("{name}={}", value.to_json()))
                .collect();
            format!(
                "{} {:?} {:?} {:?} {}",
                asked.source.operation,
                asked.meters,
                asked.buckets,
                asked.span,
                arguments.join(" ")
            )
        };
        asked.iter().map(line).collect()
    }

    #[test]
    fn a_selection_is_all_four_histories_by_the_hour_unless_it_says_otherwise() {
        assert_eq!(
            show(&select(&[]).unwrap()),
            [
                "api_usage_history [0] Every(3600, 0) Days(200) series=\"hour\" include_sub_orgs=false",
                "thing_usage_history [0, 1, 2] Every(3600, 0) Days(200) series=\"hour\" include_sub_orgs=false",
                "connection_usage_history [0, 1, 2, 3] Every(3600, 0) Days(200) series=\"hour\" include_sub_orgs=false",
                "storage_usage_history [0] Every(3600, 0) Days(200) include_sub_orgs=false",
            ]
        );
        let meters = ["devicewise.storage", "devicewise.connections"].map(text);
        let given = [
            ("meters", Value::List(meters.to_vec())),
            ("series", text("day")),
            ("dimension", text("org")),
            ("include_sub_orgs", Value::Flag(true)),
            ("show_all", Value::Flag(true)),
        ];
        assert_eq!(
            show(&select(&given).unwrap()),
            [
                "connection_usage_history [0] Every(86400, 0) Days(4000) series=\"day\" include_sub_orgs=true \
                 dimension=\"org\" show_all=true",
                "storage_usage_history [0] Every(3600, 0) Days(200) include_sub_orgs=true show_all=true",
            ]
        );
    }

    #[test]
    fn a_selection_that_cannot_work_is_refused_in_one_sentence() {
        for (given, message) in [
            (
                vec![("meters", text("devicewise.api_call"))],
                "deviceWISE has no meter \"devicewise.api_call\"; did you mean \"devicewise.api_calls\"?",
            ),
            (
                vec![("meters", text("devicewise.storage")), ("dimension", text("org"))],
                "dimension narrows none of the meters asked for; it narrows devicewise.api_calls, devicewise.connections, \
                 devicewise.connections_with_rate_plan, devicewise.connections_activated, devicewise.connections_in_session",
            ),
            (
                vec![("series", text("month"))],
                "series must be one of hour, day, not \"month\"",
            ),
        ] {
            assert_eq!(select(&given).unwrap_err().message, message);
        }
    }
}
