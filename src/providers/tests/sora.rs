//! Sora Cloud, by its document.

use crate::providers::provider;
use crate::providers::testing::{Lines, asked, asked_lines, planned, read, texts};
use crate::service::{Call, Provider, Reply};
use crate::values::arguments::Value;
use crate::values::error::Kind as Problem;
use crate::values::json::Json;

fn sora() -> &'static dyn Provider {
    provider("sora").unwrap()
}

fn call() -> Call {
    Call::new(sora(), "total_sessions_this_month", vec![]).unwrap()
}

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status,
        body: body.as_bytes().to_vec(),
        ..Reply::default()
    }
}

#[test]
fn a_bare_integer_is_a_document() {
    assert_eq!(
        sora().answer(&call(), &reply(200, "32\n")).unwrap(),
        Json::Number("32".into())
    );
}

#[test]
fn a_refusal_keeps_what_the_service_said() {
    let reply = reply(401, r#"{"error_type":"INVALID_KEY","message":"no such key"}"#);
    let error = sora().answer(&call(), &reply).unwrap_err();
    assert_eq!(
        (error.kind, error.provider_code.as_deref()),
        (Problem::AuthenticationFailed, Some("INVALID_KEY"))
    );
    assert!(error.message.starts_with("no such key: the API key is not accepted"));
}

#[test]
fn each_refusal_says_what_to_do() {
    for (status, advice) in [
        (403, "the API key is not accepted here"),
        (404, "the service does not know this request"),
        (429, "the service wants fewer requests; wait and ask again"),
        (500, "the service failed; ask again later"),
        (302, "the answer is not one that is known"),
    ] {
        let error = sora().answer(&call(), &reply(status, "")).unwrap_err();
        assert!(error.message.starts_with(advice), "{status}: {}", error.message);
    }
}

macro_rules! fixture {
    ($case:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/sora/", $case, "/reply.body"))
    };
}

const FEBRUARY: (&str, &str) = ("2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z");

fn meters(names: &[&str]) -> Vec<(String, Value)> {
    vec![texts("meters", names)]
}

fn lines(operation: &str, selection: Vec<(String, Value)>, body: &[u8], fetched_at: &str) -> Lines {
    read(
        sora(),
        &planned(sora(), operation, selection, FEBRUARY),
        body,
        fetched_at,
    )
    .unwrap()
}

fn readings(readings: &[&str]) -> Lines {
    Lines {
        readings: readings.iter().map(ToString::to_string).collect(),
        notes: Vec::new(),
    }
}

#[test]
fn an_account_is_asked_for_its_days_and_its_counters() {
    assert_eq!(
        asked_lines(sora(), vec![]),
        [
            "traffics_for_month [0, 1, 2, 3]",
            "total_connections_this_month [0]",
            "total_sessions_this_month [0]",
            "total_duration_min_this_month [0]",
            "total_traffic_this_month [0, 1]",
            "max_concurrent_connections_this_month [0]",
            "max_bandwidth_mbps_this_month [0]",
            "total_api_requests_this_month [0]",
            "total_sora_api_requests_this_month [0]",
            "total_webhook_requests_this_month [0]",
        ]
    );
}

#[test]
fn meters_decide_which_calls_are_made() {
    assert_eq!(
        asked_lines(sora(), meters(&["sora.egress", "sora.project_daily_max_bandwidth"])),
        ["traffics_for_month [1]", "project_traffics_last_month [3]"]
    );
    let error = asked(sora(), meters(&["sora.egres"])).unwrap_err();
    assert_eq!(
        error.message,
        "Sora Cloud has no meter \"sora.egres\"; did you mean \"sora.egress\"?"
    );
}

#[test]
fn every_source_is_an_operation_with_meters_of_its_own_names() {
    let mut names = std::collections::HashSet::new();
    let facts = sora().facts();
    for source in facts.sources {
        assert!(facts.operations.iter().any(|known| known.name == source.operation));
        for meter in source.meters {
            assert!(
                meter.name.starts_with("sora.") && names.insert(meter.name),
                "{}",
                meter.name
            );
        }
    }
    assert_eq!(names.len(), 4 + 10 + 8);
}

#[test]
fn a_month_has_a_row_of_readings_per_day() {
    let found = lines(
        "traffics_for_month",
        vec![],
        fixture!("traffics_for_month"),
        "2024-02-03T00:00:00Z",
    );
    assert_eq!(
        found,
        readings(&[
            "sora.ingress[] 2024-02-01/2024-02-02 501221004",
            "sora.egress[] 2024-02-01/2024-02-02 903310772",
            "sora.max_concurrent_connections[] 2024-02-01/2024-02-02 7",
            "sora.max_bandwidth[] 2024-02-01/2024-02-02 3 floored",
            "sora.ingress[] 2024-02-02/2024-02-03 0",
            "sora.egress[] 2024-02-02/2024-02-03 0",
            "sora.max_concurrent_connections[] 2024-02-02/2024-02-03 0",
            "sora.max_bandwidth[] 2024-02-02/2024-02-03 0 floored",
        ])
    );
}

#[test]
fn days_that_are_not_over_say_so() {
    let body = fixture!("traffics_for_month");
    let found = lines(
        "traffics_for_month",
        meters(&["sora.ingress"]),
        body,
        "2024-02-01T12:00:00Z",
    );
    assert_eq!(
        found,
        readings(&[
            "sora.ingress[] 2024-02-01/2024-02-02 501221004 partial_bucket",
            "sora.ingress[] 2024-02-02/2024-02-03 0 partial_bucket",
        ])
    );
}

#[test]
fn days_without_a_row_are_left_to_the_timelines() {
    let body = fixture!("traffics_for_month");
    let found = lines(
        "traffics_for_month",
        meters(&["sora.egress"]),
        body,
        "2024-05-01T00:00:00Z",
    );
    assert_eq!(found.readings.len(), 2);
    assert!(found.notes.is_empty());
    let empty = lines(
        "traffics_for_month",
        vec![],
        fixture!("traffics_empty"),
        "2024-05-01T00:00:00Z",
    );
    assert_eq!(empty, Lines::default());
}

#[test]
fn a_project_has_months_and_days() {
    let call = planned(
        sora(),
        "project_traffics_last_year",
        meters(&["sora.project_monthly_ingress"]),
        ("2022-12-01T00:00:00Z", "2024-01-01T00:00:00Z"),
    );
    let body = fixture!("project_traffics_last_year");
    let found = read(sora(), &call, body, "2023-12-21T09:35:10Z").unwrap();
    assert_eq!(found.readings.len(), 13);
    assert_eq!(found.notes, [""; 0]);
    assert_eq!(
        found.readings[0],
        "sora.project_monthly_ingress[] 2022-12-01/2023-01-01 0"
    );
    assert_eq!(
        found.readings[1],
        "sora.project_monthly_ingress[] 2023-01-01/2023-02-01 50122100"
    );
    assert!(found.readings[12].starts_with("sora.project_monthly_ingress[] 2023-12-01/2024-01-01 "));
    assert!(found.readings[12].ends_with(" partial_bucket"));

    let selection = meters(&["sora.project_daily_egress"]);
    let call = planned(
        sora(),
        "project_traffics_last_month",
        selection,
        ("2023-11-22T00:00:00Z", "2023-11-25T00:00:00Z"),
    );
    let body = fixture!("project_traffics_last_month");
    // At the very moment at which the last day ends, it is over.
    for fetched_at in ["2023-12-21T09:35:10Z", "2023-11-25T00:00:00Z"] {
        let found = read(sora(), &call, body, fetched_at).unwrap();
        assert_eq!(
            found.readings,
            [
                "sora.project_daily_egress[] 2023-11-22/2023-11-23 2097152",
                "sora.project_daily_egress[] 2023-11-23/2023-11-24 0",
            ]
        );
        assert!(found.notes.is_empty());
    }
}

#[test]
fn a_counter_covers_the_month_up_to_the_answer() {
    for (operation, body, expected) in [
        (
            "total_connections_this_month",
            &fixture!("total_connections_this_month")[..],
            "sora.total_connections[] 2023-12-01/2023-12-21T09:35:10Z 32",
        ),
        (
            "total_duration_min_this_month",
            fixture!("total_duration_min_this_month"),
            "sora.total_duration[] 2023-12-01/2023-12-21T09:35:10Z 62 floored",
        ),
        (
            "max_bandwidth_mbps_this_month",
            fixture!("zero_is_a_number"),
            "sora.max_bandwidth_so_far[] 2023-12-01/2023-12-21T09:35:10Z 0 floored",
        ),
        (
            "total_api_requests_this_month",
            fixture!("total_api_requests_this_month"),
            "sora.api_requests[] 2023-12-01/2023-12-21T09:35:10Z 1418",
        ),
    ] {
        let found = lines(operation, vec![], body, "2023-12-21T09:35:10Z");
        assert_eq!(found, readings(&[expected]));
    }
    let found = lines(
        "total_traffic_this_month",
        vec![],
        fixture!("exact_numbers"),
        "2023-12-21T09:35:10Z",
    );
    assert_eq!(
        found,
        readings(&[
            "sora.total_ingress[] 2023-12-01/2023-12-21T09:35:10Z 18446744073709551615",
            "sora.total_egress[] 2023-12-01/2023-12-21T09:35:10Z 0",
        ])
    );
}

#[test]
fn a_counter_is_ambiguous_while_it_is_another_month_in_japan() {
    for (fetched_at, expected) in [
        ("2024-01-31T14:59:59Z", "2024-01-01/2024-01-31T14:59:59Z 1"),
        (
            "2024-01-31T15:00:00Z",
            "2024-01-01/2024-01-31T15:00:00Z 1 ambiguous_month",
        ),
        (
            "2024-01-31T23:59:59Z",
            "2024-01-01/2024-01-31T23:59:59Z 1 ambiguous_month",
        ),
        ("2024-02-01T00:00:00Z", "2024-02-01/2024-02-01 1"),
        (
            "2024-02-29T16:00:00Z",
            "2024-02-01/2024-02-29T16:00:00Z 1 ambiguous_month",
        ),
    ] {
        let found = lines("total_sessions_this_month", vec![], b"1\n", fetched_at);
        assert_eq!(found.readings, [format!("sora.total_sessions[] {expected}")]);
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (operation, body, message) in [
        (
            "total_sessions_this_month",
            "null",
            "$: expected a whole number, found null",
        ),
        (
            "total_sessions_this_month",
            "{}",
            "$: expected a whole number, found an object",
        ),
        (
            "total_traffic_this_month",
            r#"{"ingress":1}"#,
            "$.egress: the field is missing",
        ),
        ("total_traffic_this_month", "7", "$: expected an object, found a number"),
        ("traffics_for_month", "{}", "$: expected an array, found an object"),
        ("traffics_for_month", "[{}]", "$[0].date: the field is missing"),
        (
            "traffics_for_month",
            r#"[{"date":"2024-02-01"}]"#,
            "$[0].date: \"2024-02-01\" has no UTC offset; add \"Z\" or \"+09:00\"",
        ),
        (
            "traffics_for_month",
            r#"[{"date":"2024-02-01T00:00:00Z","ingress":"1"}]"#,
            "$[0].ingress: expected a whole number, found a string",
        ),
    ] {
        let call = planned(sora(), operation, vec![], FEBRUARY);
        let error = read(sora(), &call, body.as_bytes(), "2024-03-01T00:00:00Z").unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (Problem::UnexpectedResponse, message)
        );
    }
}
