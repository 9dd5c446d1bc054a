//! RICOH Live Streaming, by its document and the code beside it.

use crate::providers::provider;
use crate::service::Provider;

fn ricoh() -> &'static dyn Provider {
    provider("ricoh").unwrap()
}

mod accounts {
    use super::ricoh;
    use crate::service::{Account, Proof, Request, Secrets};
    use crate::values::arguments::{Arguments, Value};
    use crate::values::error::Result;
    use crate::values::secret::Secret;

    fn settings(given: &[(&str, &str)]) -> Result<Arguments> {
        let given = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())))
            .collect();
        Arguments::check("Ricoh()", ricoh().facts().settings, given)
    }

    fn account(secrets: Vec<&'static str>) -> Account {
        Account {
            name: "ricoh".to_owned(),
            base_url: "https://example.com/v1".to_owned(),
            settings: settings(&[("client_id", "app")]).unwrap(),
            secrets,
        }
    }

    #[test]
    fn an_account_needs_its_secret() {
        ricoh().check_account(&account(vec!["client_secret"])).unwrap();
        assert_eq!(
            ricoh().check_account(&account(vec![])).unwrap_err().message,
            "RICOH Live Streaming needs a client_secret"
        );
    }

    #[test]
    fn a_request_is_signed_with_http_basic() {
        let mut request = Request::get("https://example.com/v1".to_owned());
        let proof = Proof {
            secrets: &Secrets(vec![("client_secret", Secret::new("s3cret:é"))]),
            token: None,
            now: jiff::Timestamp::UNIX_EPOCH,
        };
        ricoh()
            .sign(&account(vec!["client_secret"]), &mut request, &proof)
            .unwrap();
        let (name, value) = request.headers.last().unwrap();
        // base64("app:s3cret:é")
        assert_eq!((*name, value.as_str()), ("authorization", "Basic YXBwOnMzY3JldDrDqQ=="));
    }

    #[test]
    fn settings_that_would_bend_the_path_are_refused() {
        for (given, message) in [
            (vec![], "needs the argument \"client_id\""),
            (vec![("client_id", "a:b")], "client_id must not contain a colon"),
            (
                vec![("client_id", "..")],
                "client_id is \"..\", which no URL can carry as a name",
            ),
            (
                vec![("client_id", "a"), ("label_template", "/labels")],
                "must be a path",
            ),
            (vec![("client_id", "a"), ("label_template", "a/../b")], "must be a path"),
            (
                vec![("client_id", "a"), ("label_template", "{label}")],
                "must be a path",
            ),
        ] {
            let error = settings(&given).unwrap_err();
            assert!(error.message.contains(message), "{given:?}: {error}");
        }
        assert_eq!(
            settings(&[("client_id", "a"), ("label_template", "v2/by-label")])
                .unwrap()
                .text("label_template"),
            Some("v2/by-label")
        );
    }
}

mod requests {
    use super::ricoh;
    use crate::service::{Account, Call, Method, Request};
    use crate::values::arguments::{Arguments, Value};
    use crate::values::error::Result;

    const HOST: &str = "https://example.com/v1/clients";

    fn text(name: &str, value: &str) -> (String, Value) {
        (name.to_owned(), Value::Text(value.to_owned()))
    }

    fn request_of(settings: Vec<(String, Value)>, operation: &str, more: Vec<(String, Value)>) -> Result<Request> {
        let account = Account {
            name: "ricoh".to_owned(),
            base_url: "https://example.com/v1".to_owned(),
            settings: Arguments::check("Ricoh()", ricoh().facts().settings, settings)?,
            secrets: vec!["client_secret"],
        };
        let mut given = more;
        for (name, value) in [("since", "2019-08-24T14:15:22Z"), ("until", "2019-09-21T14:15:22Z")] {
            if !given.iter().any(|(key, _)| key == name) {
                given.push(text(name, value));
            }
        }
        ricoh().request(&account, &Call::new(ricoh(), operation, given)?)
    }

    fn url(operation: &str, more: Vec<(String, Value)>) -> String {
        request_of(vec![text("client_id", "app")], operation, more).unwrap().url
    }

    #[test]
    fn the_total_is_asked_for_as_the_page_shows() {
        let request = request_of(vec![text("client_id", "app")], "cost_and_usage_total", vec![]).unwrap();
        assert_eq!(request.method, Method::Get);
        assert_eq!(request.headers, [("accept", "application/json".to_owned())]);
        assert_eq!(request.body, b"");
        assert_eq!(
            request.url,
            "https://example.com/v1/clients/app/cost_and_usage/total\
             ?since=2019-08-24T14%3A15%3A22Z&until=2019-09-21T14%3A15%3A22Z"
        );
    }

    const RANGE: &str = "since=2019-08-24T14%3A15%3A22Z&until=2019-09-21T14%3A15%3A22Z";

    #[test]
    fn an_environment_repeats_its_key() {
        for (env, query) in [
            (Value::Text("dev".into()), "&env=dev"),
            (
                Value::List(vec![Value::Text("prod".into()), Value::Text("dev".into())]),
                "&env=prod&env=dev",
            ),
            (Value::Nothing, ""),
        ] {
            let url = url("cost_and_usage_total", vec![("env".to_owned(), env)]);
            assert_eq!(url, format!("{HOST}/app/cost_and_usage/total?{RANGE}{query}"));
        }
    }

    #[test]
    fn names_are_encoded_exactly_once() {
        for (label, encoded) in [
            ("tenant-7", "tenant-7"),
            ("100%25", "100%2525"),
            ("a+b", "a%2Bb"),
            ("{client_id}", "%7Bclient_id%7D"),
            ("%2e%2e", "%252e%252e"),
            ("...", "..."),
            ("<\"`^|\\>~", "%3C%22%60%5E%7C%5C%3E~"),
            ("a b", "a%20b"),
            ("a/b?c#d&e=f", "a%2Fb%3Fc%23d%26e%3Df"),
            ("東京\n", "%E6%9D%B1%E4%BA%AC%0A"),
        ] {
            assert_eq!(
                url("cost_and_usage_for_label", vec![text("label", label)]),
                format!("{HOST}/app/cost_and_usage/classification_labels/{encoded}?{RANGE}")
            );
            assert_eq!(
                url("cost_and_usage_by_label", vec![text("starts_with", label)]),
                format!("{HOST}/app/cost_and_usage/classification_labels?{RANGE}&starts_with={encoded}")
            );
        }
    }

    #[test]
    fn the_unverified_path_of_label_calls_can_be_replaced() {
        let settings = vec![text("client_id", "a/{label}b"), text("label_template", "v2/labels")];
        let request = request_of(settings, "cost_and_usage_for_label", vec![text("label", "x")]).unwrap();
        assert_eq!(
            request.url,
            format!("{HOST}/a%2F%7Blabel%7Db/cost_and_usage/v2/labels/x?{RANGE}")
        );
    }

    #[test]
    fn both_label_calls_may_have_a_path_of_their_own() {
        let of = |operation: &str, given: Vec<(String, Value)>| {
            let settings = vec![text("client_id", "app"), text("labels_template", "labels")];
            request_of(settings, operation, given).unwrap().url
        };
        assert_eq!(
            of("cost_and_usage_by_label", vec![text("starts_with", "")]),
            format!("{HOST}/app/cost_and_usage/labels?{RANGE}&starts_with=")
        );
        assert_eq!(
            of("cost_and_usage_for_label", vec![text("label", "x")]),
            format!("{HOST}/app/cost_and_usage/classification_labels/x?{RANGE}")
        );
    }

    #[test]
    fn fractions_of_a_second_are_rounded_outwards() {
        for (since, until) in [
            ("2019-08-24T14:15:22.5Z", "2019-09-21T14:15:21.000000001Z"),
            ("2019-08-24T14:15:22.999999999Z", "2019-09-21T14:15:22Z"),
        ] {
            let url = url("cost_and_usage_total", vec![text("since", since), text("until", until)]);
            assert_eq!(url, format!("{HOST}/app/cost_and_usage/total?{RANGE}"));
        }
        let old = vec![
            text("since", "1969-12-31T23:59:58.5Z"),
            text("until", "1969-12-31T23:59:58.75Z"),
        ];
        assert!(
            url("cost_and_usage_total", old).ends_with("since=1969-12-31T23%3A59%3A58Z&until=1969-12-31T23%3A59%3A59Z")
        );
    }

    #[test]
    fn an_offset_is_sent_if_it_was_chosen() {
        let ask = |offset: &str| {
            let settings = vec![text("client_id", "app"), text("utc_offset", offset)];
            let range = vec![
                text("since", "2026-04-30T15:00:00Z"),
                text("until", "2026-05-27T15:00:00Z"),
            ];
            request_of(settings, "cost_and_usage_total", range)
        };
        let url = ask("+09:00").unwrap().url;
        let sent = "?since=2026-05-01T00%3A00%3A00%2B09%3A00&until=2026-05-28T00%3A00%3A00%2B09%3A00";
        assert!(url.ends_with(sent), "{url}");
        for wrong in ["9", "+9:00", "JST", "+25:00"] {
            let error = ask(wrong).map(|_| ()).unwrap_err();
            assert!(
                error.message.contains("must be a UTC offset like \"+09:00\""),
                "{error}"
            );
        }
    }

    #[test]
    fn offsets_become_utc() {
        let url = url(
            "cost_and_usage_total",
            vec![
                text("since", "2026-05-01T00:00:00+09:00"),
                text("until", "2026-05-28T00:00:00+09:00"),
            ],
        );
        assert!(url.ends_with("?since=2026-04-30T15%3A00%3A00Z&until=2026-05-27T15%3A00%3A00Z"));
    }

    #[test]
    fn what_cannot_be_asked_is_refused_in_one_sentence() {
        for (operation, given, message) in [
            (
                "cost_and_usage_total",
                vec![text("since", "2019-09-21T14:15:22Z")],
                "since (2019-09-21T14:15:22+00:00) must be before until (2019-09-21T14:15:22+00:00)",
            ),
            (
                "cost_and_usage_for_label",
                vec![text("label", "..")],
                "label is \"..\", which no URL can carry as a name",
            ),
            (
                "cost_and_usage_for_label",
                vec![text("label", "")],
                "label must not be empty",
            ),
            (
                "cost_and_usage_total",
                vec![text("env", "production")],
                "env must be one of prod, dev, not \"production\"; did you mean \"prod\"?",
            ),
        ] {
            let error = request_of(vec![text("client_id", "app")], operation, given)
                .err()
                .unwrap();
            assert_eq!(error.message, message);
        }
    }
}

mod answers {
    use super::ricoh;
    use crate::service::{Call, Reply};
    use crate::values::arguments::Value;
    use crate::values::error::{Kind, Remedy, Result};
    use crate::values::json::Json;
    use crate::values::shape::Typed;

    fn call(operation: &str) -> Call {
        let text = |name: &str, value: &str| (name.to_owned(), Value::Text(value.to_owned()));
        let mut given = vec![text("since", "2026-01-01"), text("until", "2026-02-01")];
        if operation == "cost_and_usage_for_label" {
            given.push(text("label", "tenant-7"));
        }
        Call::new(ricoh(), operation, given).unwrap()
    }

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: body.as_bytes().to_vec(),
            headers: vec![("x-request-id".to_owned(), "r-1".to_owned())],
        }
    }

    fn typed(body: &str) -> Result<Typed> {
        let (call, reply) = (call("cost_and_usage_total"), reply(200, body));
        ricoh().typed(&call, &ricoh().answer(&call, &reply)?)
    }

    fn decimal(text: &str) -> Typed {
        Typed::Decimal(text.to_owned())
    }

    fn text(text: &str) -> Typed {
        Typed::Text(text.to_owned())
    }

    fn record(name: &'static str, fields: Vec<(&'static str, Typed)>) -> Typed {
        Typed::Record(name, fields, vec![])
    }

    fn results(results: Vec<Typed>) -> Typed {
        record("CostAndUsage", vec![("results", Typed::List(results))])
    }

    fn item(name: &str, usage: Typed, cost: Typed, sub_items: Typed) -> Typed {
        let fields = vec![
            ("item_name", text(name)),
            ("usage", usage),
            ("approximate_cost", cost),
            ("sub_items", sub_items),
        ];
        record("UsageItem", fields)
    }

    #[test]
    fn the_page_sample_is_read() {
        let body = r#"{"results":[{"classification_label":"string","approximate_total_cost":0,
            "items":[{"item_name":"string","usage":0,"approximate_cost":0}]}]}"#;
        let row = vec![
            ("label", text("string")),
            ("approximate_total_cost", decimal("0")),
            (
                "items",
                Typed::List(vec![item("string", decimal("0"), decimal("0"), Typed::Nothing)]),
            ),
        ];
        assert_eq!(typed(body).unwrap(), results(vec![record("LabelUsage", row)]));
        assert_eq!(typed(r#"{"results":[]}"#).unwrap(), results(vec![]));
    }

    #[test]
    fn numbers_are_exact_and_what_is_missing_stays_missing() {
        let body = r#"{"results":[{"classification_label":null,"approximate_total_cost":149514.99999999997,"items":[
            {"item_name":"traffic_volume","usage":42.000,"approximate_cost":null},
            {"item_name":"bitrate_reservation","approximate_cost":965.36,"sub_items":[
                {"item_name":10,"usage":0},{"item_name":"60","usage":0.25,"approximate_cost":1e2}]}]},
            {"items":[]}]}"#;
        let sub_item = |name: &str, usage: &str, cost: Typed| {
            let fields = vec![
                ("item_name", text(name)),
                ("usage", decimal(usage)),
                ("approximate_cost", cost),
            ];
            record("UsageSubItem", fields)
        };
        let sub_items = Typed::List(vec![
            sub_item("10", "0", Typed::Nothing),
            sub_item("60", "0.25", decimal("1e2")),
        ]);
        let items = vec![
            item("traffic_volume", decimal("42.000"), Typed::Nothing, Typed::Nothing),
            item("bitrate_reservation", Typed::Nothing, decimal("965.36"), sub_items),
        ];
        let row = |cost: Typed, items: Vec<Typed>| {
            let fields = vec![
                ("label", Typed::Nothing),
                ("approximate_total_cost", cost),
                ("items", Typed::List(items)),
            ];
            record("LabelUsage", fields)
        };
        assert_eq!(
            typed(body).unwrap(),
            results(vec![
                row(decimal("149514.99999999997"), items),
                row(Typed::Nothing, vec![])
            ])
        );
    }

    #[test]
    fn unknown_keys_are_kept_at_every_level() {
        let body = r#"{"currency":"JPY","results":[{"room":"x","items":[{"item_name":"a","unit":"min",
            "sub_items":[{"item_name":"b","n":1}]}]}]}"#;
        let Typed::Record(_, fields, extra) = typed(body).unwrap() else {
            panic!()
        };
        assert_eq!(extra, [("currency".to_owned(), Json::Text("JPY".into()))]);
        let shown = format!("{fields:?}");
        for kept in [
            r#"("room", Text("x"))"#,
            r#"("unit", Text("min"))"#,
            r#"("n", Number("1"))"#,
        ] {
            assert!(shown.contains(kept), "{kept} in {shown}");
        }
    }

    #[test]
    fn a_wrong_shape_is_named_with_its_place() {
        for (body, message) in [
            ("{}", "$.results: the field is missing"),
            ("[]", "$: expected an object, found an array"),
            (r#"{"results":null}"#, "$.results: expected an array, found null"),
            (r#"{"results":[{}]}"#, "$.results[0].items: the field is missing"),
            (
                r#"{"results":[{"items":[{"item_name":"a","usage":"1"}]}]}"#,
                "$.results[0].items[0].usage: expected a number, found a string",
            ),
            (
                r#"{"results":[{"items":[{"item_name":"a","sub_items":[{}]}]}]}"#,
                "$.results[0].items[0].sub_items[0].item_name: the field is missing",
            ),
        ] {
            let error = typed(body).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Kind::UnexpectedResponse, message)
            );
        }
        let html = typed("<html></html>").unwrap_err();
        assert_eq!(html.kind, Kind::UnexpectedResponse);
        assert!(
            html.message
                .starts_with("the answer is a web page, not JSON; base_url may be wrong")
        );
    }

    #[test]
    fn every_refusal_says_what_it_is_and_what_to_do() {
        const TOTAL: &str = "cost_and_usage_total";
        const LABEL: &str = "cost_and_usage_for_label";
        let sibling = r#"{"error_id":"not_found","message":"no such label","options":{}}"#;
        for (operation, status, body, kind, code, said) in [
            (
                TOTAL,
                400,
                r#"{"error_id":"bad_request","message":"too long","options":{}}"#,
                Kind::InvalidRequest,
                Some("bad_request"),
                "too long: the service refuses the request; since may be",
            ),
            (
                TOTAL,
                401,
                "",
                Kind::AuthenticationFailed,
                None,
                "client_id and client_secret are not accepted",
            ),
            (
                TOTAL,
                403,
                "{}",
                Kind::PermissionDenied,
                None,
                "{}: client_id and client_secret are not",
            ),
            (
                TOTAL,
                404,
                sibling,
                Kind::NotFound,
                Some("not_found"),
                "no such label: the service does not know this path",
            ),
            (
                LABEL,
                404,
                sibling,
                Kind::NotFound,
                Some("not_found"),
                "no such label: the label may be unknown",
            ),
            (
                LABEL,
                405,
                "nope",
                Kind::InvalidRequest,
                None,
                "nope: the label may be unknown",
            ),
            (
                "cost_and_usage_by_label",
                404,
                "",
                Kind::NotFound,
                None,
                "option label_template",
            ),
            (TOTAL, 429, "", Kind::RateLimited, None, "fewer requests"),
            (
                TOTAL,
                500,
                r#"{"error_id":"internal_error"}"#,
                Kind::ServerError,
                Some("internal_error"),
                "the service failed",
            ),
            (
                TOTAL,
                503,
                "<html>Back soon</html>",
                Kind::ServerError,
                None,
                "<html>Back soon</html>: the service is away, perhaps for its weekly maintenance",
            ),
            (TOTAL, 302, "", Kind::UnexpectedRedirect, None, "not one that is known"),
        ] {
            let error = ricoh().answer(&call(operation), &reply(status, body)).unwrap_err();
            assert_eq!((error.kind, error.provider_code.as_deref()), (kind, code), "{status}");
            assert!(error.message.contains(said), "{status}: {error}");
            assert_eq!(error.request_id.as_deref(), Some("r-1"));
        }
    }

    #[test]
    fn a_refused_login_is_not_repeated() {
        let error = ricoh()
            .answer(&call("cost_and_usage_total"), &reply(401, ""))
            .unwrap_err();
        assert_eq!(error.remedy, Remedy::None);
    }
}

mod bills {
    use super::ricoh;
    use crate::meters::{Buckets, Source, Span};
    use crate::providers::testing::{Lines, asked, asked_lines, planned, read, text, texts};
    use crate::values::arguments::Value;
    use crate::values::error::{Kind as Problem, Result};

    macro_rules! fixture {
        ($case:literal) => {
            include_bytes!(concat!("../../../tests/fixtures/ricoh/", $case, "/reply.body"))
        };
    }

    const TOTAL: &str = "cost_and_usage_total";
    const BY_LABEL: &str = "cost_and_usage_by_label";
    const FOR_LABEL: &str = "cost_and_usage_for_label";
    const WINDOW: (&str, &str) = ("2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z");
    const LATER: &str = "2024-05-01T00:00:00Z";

    fn flag(name: &str) -> (String, Value) {
        (name.to_owned(), Value::Flag(true))
    }

    fn try_lines(operation: &str, selection: Vec<(String, Value)>, body: &[u8]) -> Result<Lines> {
        read(ricoh(), &planned(ricoh(), operation, selection, WINDOW), body, LATER)
    }

    fn lines(operation: &str, selection: Vec<(String, Value)>, body: &[u8]) -> Lines {
        try_lines(operation, selection, body).unwrap()
    }

    /// The readings without what all of them share.
    fn short(lines: &Lines) -> Vec<String> {
        let shorten = |line: &String| {
            let line = line.replace(" 2024-02-01/2024-03-01", "");
            line.replace("ricoh.", "").replace(" attributed_by_start", "")
        };
        lines.readings.iter().map(shorten).collect()
    }

    /// The readings of these items of the whole application, with this total.
    fn items(total: &str, items: &str) -> Lines {
        let body = format!(r#"{{"results":[{{"approximate_total_cost":{total},"items":[{items}]}}]}}"#);
        lines(TOTAL, vec![], body.as_bytes())
    }

    #[test]
    fn a_selection_is_the_whole_or_every_label_or_some() {
        for (selection, expected) in [
            (vec![], vec!["cost_and_usage_total [0, 1, 2, 3, 4]"]),
            (
                vec![texts("meters", &["ricoh.cost", "ricoh.traffic_volume"])],
                vec!["cost_and_usage_total [1, 4]"],
            ),
            (
                vec![texts("env", &["prod", "dev", "prod"])],
                vec![r#"cost_and_usage_total env=["prod","dev"] [0, 1, 2, 3, 4]"#],
            ),
            (
                vec![flag("by_label"), text("env", "dev")],
                vec![r#"cost_and_usage_by_label env=["dev"] [0, 1, 2, 3, 4]"#],
            ),
            (
                vec![texts("labels", &["a", "b", "a"]), text("meters", "ricoh.cost")],
                vec![
                    r#"cost_and_usage_for_label label="a" [4]"#,
                    r#"cost_and_usage_for_label label="b" [4]"#,
                ],
            ),
        ] {
            assert_eq!(asked_lines(ricoh(), selection), expected);
        }
    }

    #[test]
    fn days_are_asked_one_by_one() {
        let cut = |selection| {
            let asked = asked(ricoh(), selection).unwrap();
            asked.iter().map(|one| (one.buckets, one.span)).collect::<Vec<_>>()
        };
        assert_eq!(cut(vec![]), [(Buckets::Window, Span::MonthOr28Days)]);
        assert_eq!(
            cut(vec![text("series", "day"), flag("by_label")]),
            [(Buckets::Window, Span::EachDay)]
        );
    }

    #[test]
    fn what_cannot_be_selected_is_refused_in_one_sentence() {
        for (selection, message) in [
            (
                vec![flag("by_label"), text("labels", "a")],
                "by_label asks for every label; leave out either it or labels",
            ),
            (
                vec![text("labels", "..")],
                "labels is \"..\", which no URL can carry as a name",
            ),
            (vec![text("series", "hour")], "series must be one of day, not \"hour\""),
            (
                vec![text("meters", "ricoh.costs")],
                "RICOH Live Streaming has no meter \"ricoh.costs\"; did you mean \"ricoh.cost\"?",
            ),
        ] {
            let error = asked(ricoh(), selection).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Problem::InvalidArgument, message)
            );
        }
    }

    #[test]
    fn all_sources_have_their_meters_in_the_same_places() {
        let names = |source: &Source| source.meters.iter().map(|meter| meter.name).collect::<Vec<_>>();
        let [total, others @ ..] = ricoh().facts().sources else {
            panic!()
        };
        assert_eq!(others.len(), 2);
        for source in others {
            assert_eq!(names(source), names(total));
            assert!(
                ricoh()
                    .facts()
                    .operations
                    .iter()
                    .any(|known| known.name == source.operation)
            );
        }
        assert_eq!(total.meters[4].name, "ricoh.cost");
        assert_eq!(total.meters[3].name, "ricoh.bitrate_reservation_total");
    }

    #[test]
    fn the_whole_application_is_read() {
        assert_eq!(
            lines(TOTAL, vec![], fixture!("total_without_label")),
            Lines {
                readings: [
                    "ricoh.cost[-,-,connection_time] 2024-02-01/2024-03-01 18.34 floored approximate attributed_by_start",
                    "ricoh.connection_time[-,-] 2024-02-01/2024-03-01 1834 (18.34) floored approximate \
                     attributed_by_start",
                    "ricoh.cost[-,-,traffic_volume] 2024-02-01/2024-03-01 1260 floored approximate attributed_by_start",
                    "ricoh.traffic_volume[-,-] 2024-02-01/2024-03-01 42 (1260) floored approximate \
                     attributed_by_start",
                ]
                .map(str::to_owned)
                .to_vec(),
                notes: vec![],
            }
        );
        assert_eq!(lines(TOTAL, vec![], fixture!("empty_results")), Lines::default());
    }

    #[test]
    fn a_reservation_costs_once_beside_its_total() {
        let found = lines(
            FOR_LABEL,
            vec![text("labels", "tenant-7")],
            fixture!("for_label_sub_items"),
        );
        assert_eq!(
            short(&found),
            [
                "cost[tenant-7,-,connection_time] 18.34 floored approximate",
                "connection_time[tenant-7,-] 1834 (18.34) floored approximate",
                "cost[tenant-7,-,traffic_volume] 1260 approximate",
                // A label's traffic is not said to be floored.
                "traffic_volume[tenant-7,-] 42 (1260) approximate",
                "cost[tenant-7,-,bitrate_reservation] 965.36 floored approximate",
                "bitrate_reservation[tenant-7,-,10] 600 floored",
                "bitrate_reservation[tenant-7,-,60] 35 floored",
                "bitrate_reservation_total[tenant-7,-] 635 (965.36) floored approximate",
            ]
        );
        assert_eq!(found.notes, [""; 0]);
    }

    #[test]
    fn settings_that_state_their_own_costs_carry_them() {
        let found = items(
            "3.5",
            r#"{"item_name":"bitrate_reservation","usage":30,"approximate_cost":3.5,"sub_items":[
                {"item_name":10,"usage":20,"approximate_cost":1.5},{"item_name":60,"usage":10,"approximate_cost":2}]}"#,
        );
        assert_eq!(
            short(&found),
            [
                "cost[-,-,bitrate_reservation] 3.5 floored approximate",
                "bitrate_reservation[-,-,10] 20 (1.5) floored approximate",
                "bitrate_reservation[-,-,60] 10 (2) floored approximate",
                "bitrate_reservation_total[-,-] 30 floored",
            ]
        );
        assert_eq!(found.notes, [""; 0]);
    }

    #[test]
    fn a_reservation_without_settings_has_no_bitrate() {
        let whole = r#"{"item_name":"bitrate_reservation","usage":30,"approximate_cost":3}"#;
        let found = items("3", whole);
        assert_eq!(
            short(&found),
            [
                "cost[-,-,bitrate_reservation] 3 floored approximate",
                "bitrate_reservation[-,-,-] 30 floored",
                "bitrate_reservation_total[-,-] 30 (3) floored approximate",
            ]
        );
        let nothing = r#"{"item_name":"bitrate_reservation","approximate_cost":0,"sub_items":[]}"#;
        let found = items("0", nothing);
        assert_eq!(short(&found), ["cost[-,-,bitrate_reservation] 0 floored approximate"]);
        assert_eq!(found.notes, [""; 0]);
    }

    #[test]
    fn what_is_missing_is_noted_and_never_zero() {
        for (total, body, readings, note) in [
            (
                "5",
                r#"{"item_name":"connection_time","usage":null,"approximate_cost":5}"#,
                vec!["cost[-,-,connection_time] 5 floored approximate"],
                "$.results[0]: connection_time has no usage: only its cost is read",
            ),
            (
                "5",
                r#"{"item_name":"bitrate_reservation","approximate_cost":5,"sub_items":[]}"#,
                vec!["cost[-,-,bitrate_reservation] 5 floored approximate"],
                "$.results[0]: bitrate_reservation has no usage: only its cost is read",
            ),
            (
                "5",
                r#"{"item_name":"recording","usage":9,"approximate_cost":5}"#,
                vec!["cost[-,-,recording] 5 approximate"],
                "$.results[0]: the item \"recording\" is not known: only its cost is read",
            ),
        ] {
            let found = items(total, body);
            assert_eq!(
                (short(&found), found.notes),
                (
                    readings.iter().map(ToString::to_string).collect(),
                    vec![note.to_owned()]
                )
            );
        }
        let found = items(
            "null",
            r#"{"item_name":"bitrate_reservation","sub_items":[{"item_name":"10","usage":2},{"item_name":"60"}]}"#,
        );
        assert_eq!(short(&found), ["bitrate_reservation[-,-,10] 2 floored"]);
        assert_eq!(
            found.notes,
            [
                "$.results[0]: 60 of bitrate_reservation has no usage",
                "$.results[0]: bitrate_reservation has no usage: only its cost is read",
            ]
        );
    }

    #[test]
    fn parts_that_are_not_the_whole_are_flagged_and_noted() {
        let found = lines(TOTAL, vec![texts("meters", &["ricoh.cost"])], fixture!("exact_numbers"));
        assert_eq!(
            short(&found),
            [
                "cost[exact,-,connection_time] 149514.99999999997 floored approximate mismatch",
                "cost[exact,-,traffic_volume] 4503380.1 floored approximate mismatch",
                "cost[exact,-,bitrate_reservation] 0 floored approximate mismatch",
            ]
        );
        assert_eq!(
            found.notes,
            [
                "$.results[0]: the items' approximate_cost add up to 4652895.09999999997, while approximate_total_cost is \
                 4503380.1"
            ]
        );
        let found = items(
            "3",
            r#"{"item_name":"bitrate_reservation","usage":31,"approximate_cost":3,"sub_items":[
                {"item_name":"10","usage":30,"approximate_cost":2.99}]}"#,
        );
        assert_eq!(
            found.notes,
            [
                "$.results[0]: the usage of bitrate_reservation is 31, while its sub_items' is 30",
                "$.results[0]: the approximate_cost of bitrate_reservation is 3, while its sub_items' is 2.99",
            ]
        );
        assert!(
            found
                .readings
                .iter()
                .all(|line| line.ends_with("attributed_by_start mismatch"))
        );
        // The error of a float is none.
        let found = items(
            "0.30000000000000004",
            r#"{"item_name":"traffic_volume","usage":0,"approximate_cost":0.3}"#,
        );
        assert_eq!(found.notes, [""; 0]);
    }

    #[test]
    fn numbers_are_exact() {
        let selection = vec![texts("meters", &["ricoh.connection_time", "ricoh.bitrate_reservation"])];
        assert_eq!(
            short(&lines(TOTAL, selection, fixture!("exact_numbers"))),
            [
                "connection_time[exact,-] 18446744073709551615 (149514.99999999997) floored approximate mismatch",
                "bitrate_reservation[exact,-,10] 0 floored mismatch",
                "bitrate_reservation[exact,-,60] 0.25 floored mismatch",
            ]
        );
        let found = items(
            "null",
            r#"{"item_name":"traffic_volume","usage":1,"approximate_cost":1e-19}"#,
        );
        assert_eq!(
            short(&found),
            [
                "cost[-,-,traffic_volume] 0 floored approximate rounded",
                "traffic_volume[-,-] 1 (0) floored approximate rounded",
            ]
        );
    }

    #[test]
    fn labels_and_one_environment_have_their_columns() {
        let traffic = || texts("meters", &["ricoh.traffic_volume"]);
        let by_label = fixture!("by_label_starts_with");
        let found = lines(
            BY_LABEL,
            vec![flag("by_label"), traffic(), text("env", "prod")],
            by_label,
        );
        assert_eq!(short(&found), ["traffic_volume[default,prod] 1 (30) approximate"]);
        let both = texts("env", &["prod", "dev"]);
        let found = lines(BY_LABEL, vec![flag("by_label"), traffic(), both], by_label);
        assert_eq!(short(&found), ["traffic_volume[default,-] 1 (30) approximate"]);

        let unnamed = br#"{"results":[{"items":[{"item_name":"traffic_volume","usage":0.5}]}]}"#;
        let found = lines(FOR_LABEL, vec![text("labels", "a"), traffic()], unnamed);
        assert_eq!(short(&found), ["traffic_volume[a,-] 0.5"]);
        let found = lines(FOR_LABEL, vec![text("labels", "a"), traffic()], by_label);
        assert_eq!(
            found.notes,
            [
                "$.results[0]: the label is \"default\", not \"a\" as asked for",
                "$.results[1]: the label is \"tenant-7\", not \"a\" as asked for",
            ]
        );
    }

    #[test]
    fn a_window_that_is_not_over_says_so() {
        let call = planned(ricoh(), TOTAL, vec![text("meters", "ricoh.cost")], WINDOW);
        let body = fixture!("total_without_label");
        for (fetched_at, is_partial) in [("2024-02-29T23:59:59Z", true), ("2024-03-01T00:00:00Z", false)] {
            let found = read(ricoh(), &call, body, fetched_at).unwrap();
            assert!(
                found
                    .readings
                    .iter()
                    .all(|line| line.contains(" partial_bucket") == is_partial)
            );
        }
    }

    #[test]
    fn a_wrong_shape_is_named_with_its_place() {
        for (body, message) in [
            ("{}", "$.results: the field is missing"),
            ("[]", "$: expected an object, found an array"),
            (r#"{"results":null}"#, "$.results: expected an array, found null"),
            (r#"{"results":[{}]}"#, "$.results[0].items: the field is missing"),
            (
                r#"{"results":[{"items":[],"classification_label":7}]}"#,
                "$.results[0].classification_label: expected a string, found a number",
            ),
            (
                r#"{"results":[{"items":[{"item_name":"a","usage":"1"}]}]}"#,
                "$.results[0].items[0].usage: expected a number, found a string",
            ),
            (
                r#"{"results":[{"items":[{"item_name":"a","sub_items":[{}]}]}]}"#,
                "$.results[0].items[0].sub_items[0].item_name: the field is missing",
            ),
            (
                r#"{"results":[{"items":[{"item_name":null}]}]}"#,
                "$.results[0].items[0].item_name: expected a string, found null",
            ),
        ] {
            let error = try_lines(TOTAL, vec![], body.as_bytes()).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Problem::UnexpectedResponse, message)
            );
        }
    }
}
