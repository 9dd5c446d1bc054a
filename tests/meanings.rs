//! What answers mean that no fixture shows: each HTTP status, codes that no page explains by an example, and what a
//! provider need not say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

use metertap::providers::provider;
use metertap::service::{Account, Call, Facts, Login, Operation, Proof, Prose, Provider, Reply, Request, Secrets};
use metertap::values::arguments::{Arguments, Value};
use metertap::values::error::{Kind, Remedy, Result};
use metertap::values::json::Json;
use metertap::values::shape::{Holds, Typed};

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status,
        headers: vec![],
        body: body.as_bytes().to_vec(),
    }
}

#[test]
fn every_status_stands_for_a_class_and_says_whether_to_repeat() {
    use Kind::{
        AuthenticationFailed, InvalidRequest, NotFound, PermissionDenied, RateLimited, ServerError, UnexpectedRedirect,
        UnexpectedResponse,
    };
    for (statuses, kind, remedy) in [
        (&[100_u16, 199, 204, 299, 600][..], UnexpectedResponse, Remedy::None),
        (&[300, 302, 308, 399], UnexpectedRedirect, Remedy::None),
        (&[400, 402, 405, 409, 411, 422, 426, 499], InvalidRequest, Remedy::None),
        (&[401], AuthenticationFailed, Remedy::None),
        (&[403], PermissionDenied, Remedy::None),
        (&[404, 410], NotFound, Remedy::None),
        (&[408, 425, 500, 502, 503, 504, 524], ServerError, Remedy::Repeat),
        (&[501, 505, 599], ServerError, Remedy::None),
        (&[429], RateLimited, Remedy::RepeatThrottled),
    ] {
        for status in statuses {
            let error = reply(*status, "").status_error("said");
            let told = (error.kind, error.remedy, error.message.as_str());
            assert_eq!(told, (kind, remedy, "said"), "{status}");
        }
    }
}

#[test]
fn success_is_what_begins_with_two() {
    let successes: Vec<u16> = (100..600).filter(|status| reply(*status, "").is_success()).collect();
    assert_eq!(successes, (200..300).collect::<Vec<u16>>());
}

#[test]
fn the_first_header_of_a_name_counts_and_a_date_is_read_out_of_it() {
    let reply = Reply {
        headers: vec![
            ("via".to_owned(), "one".to_owned()),
            ("date".to_owned(), "Sat, 21 Nov 2026 21:00:00 GMT".to_owned()),
            ("date".to_owned(), "Sun, 22 Nov 2026 21:00:00 GMT".to_owned()),
        ],
        ..reply(200, "")
    };
    assert_eq!(reply.header("via"), Some("one"));
    assert_eq!(reply.header("server"), None);
    assert_eq!(reply.date(), Some("2026-11-21T21:00:00Z".parse().unwrap()));
}

#[test]
fn an_excerpt_is_one_line_of_so_many_characters() {
    assert_eq!(reply(200, "one\n two\u{7}").excerpt(20), "one two");
    let long = reply(200, &"1234567890".repeat(10_000)).excerpt(12);
    assert!(long.starts_with("12345678901") && long.chars().count() <= 13, "{long}");
}

/// What comes of an answer to the call of any command.
fn devicewise(body: &str) -> (Kind, Remedy, Option<String>, String) {
    let devicewise = provider("devicewise").unwrap();
    let given = vec![("command".to_owned(), Value::Text("session.info".to_owned()))];
    let call = Call::new(devicewise, "call", given).unwrap();
    let error = devicewise.answer(&call, &reply(200, body)).unwrap_err();
    (
        error.kind,
        error.remedy,
        error.provider_code.clone(),
        error.message.clone(),
    )
}

#[test]
fn codes_of_devicewise_say_what_to_do() {
    let session = "the service does not accept the session as it was sent";
    let unknown = "the service does not know what was asked for";
    let refused = "the service refused the command; check its parameters and the account's rights";
    for (codes, kind, remedy, message) in [
        (
            "[-99999]",
            Kind::AuthenticationFailed,
            Remedy::RenewCredentials,
            session.to_owned(),
        ),
        (
            "[\"-99999\"]",
            Kind::AuthenticationFailed,
            Remedy::RenewCredentials,
            session.to_owned(),
        ),
        ("[-90008]", Kind::NotFound, Remedy::None, unknown.to_owned()),
        ("[-91006]", Kind::NotFound, Remedy::None, unknown.to_owned()),
        ("[-7]", Kind::InvalidRequest, Remedy::None, refused.to_owned()),
        ("-7", Kind::InvalidRequest, Remedy::None, refused.to_owned()),
        (
            "[-7, -8, -9]",
            Kind::InvalidRequest,
            Remedy::None,
            format!("{refused} (further codes: -8, -9)"),
        ),
    ] {
        let body = format!(r#"{{"get":{{"success":false,"errorCodes":{codes}}}}}"#);
        let code = codes
            .trim_matches(['[', ']'])
            .split(',')
            .next()
            .unwrap()
            .trim_matches('"');
        assert_eq!(
            devicewise(&body),
            (kind, remedy, Some(code.to_owned()), message),
            "{codes}"
        );
    }
}

#[test]
fn words_of_devicewise_about_a_limit_ask_for_fewer_requests() {
    for (text, kind) in [
        ("API rate limit reached", Kind::RateLimited),
        ("Too many requests", Kind::RateLimited),
        ("Request was throttled", Kind::RateLimited),
        ("the limit of the device", Kind::InvalidRequest),
    ] {
        let body = format!(r#"{{"success":false,"errorMessages":["{text}"]}}"#);
        let (told, _, code, message) = devicewise(&body);
        assert_eq!((told, code), (kind, None), "{text}");
        assert!(message.starts_with(&format!("{text}: the service")), "{message}");
    }
}

/// A provider that says only what it must.
struct Bare;

const ONE: Operation = Operation {
    name: "one",
    wire: "/one",
    doc: "A number.",
    page: "https://example.com",
    arguments: &[],
    range: None,
    returns: Holds::Integer,
    repeatable: true,
    prose: Prose::NONE,
};

static BARE: Facts = Facts {
    name: "bare",
    class: "Bare",
    title: "Bare",
    doc: "Bare.",
    notes: "",
    base_url: None,
    page: "https://example.com",
    settings: &[],
    secrets: &[],
    keywords: &[],
    required: &[],
    environment: &[],
    operations: &[ONE],
    sources: &[],
    selection: &[],
    composites: &[],
    concurrency: 1,
    per_second: None,
};

impl Provider for Bare {
    fn facts(&self) -> &'static Facts {
        &BARE
    }

    fn check_account(&self, _account: &Account) -> Result<()> {
        Ok(())
    }

    fn request(&self, account: &Account, _call: &Call) -> Result<Request> {
        Ok(Request::get(account.base_url.clone()))
    }

    fn sign(&self, _account: &Account, _request: &mut Request, _proof: &Proof<'_>) -> Result<()> {
        Ok(())
    }

    fn answer<'b>(&self, _call: &Call, reply: &'b Reply) -> Result<Json<'b>> {
        Json::parse(&reply.body)
    }
}

#[test]
fn a_provider_that_says_no_more_has_no_login_and_no_meters_and_reads_by_its_shapes() {
    let call = Call::new(&Bare, "one", vec![]).unwrap();
    let answer = reply(200, "7");
    let document = Bare.answer(&call, &answer).unwrap();
    assert_eq!(Bare.typed(&call, &document).unwrap(), Typed::Integer("7".to_owned()));
    let wrong = reply(200, "\"7\"");
    let document = Bare.answer(&call, &wrong).unwrap();
    assert_eq!(Bare.typed(&call, &document).unwrap_err().kind, Kind::UnexpectedResponse);
    let account = Account {
        name: "bare".to_owned(),
        base_url: "https://example.com".to_owned(),
        settings: Arguments::default(),
        secrets: vec![],
    };
    assert!(matches!(
        Bare.login(&account, &Secrets::default(), &[]),
        Ok(Login::NotNeeded)
    ));
    assert!(Bare.asked(&Arguments::default()).unwrap().is_empty());
}
