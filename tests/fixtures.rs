//! Every whole exchange in `tests/fixtures` (see its README), replayed through its provider without a network: what a
//! client would send, and what comes of the answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod common;

use common::replay::{PACKET, account_of, call_of, provider_of, renamed, with_our_id};
use common::{Case, cases};
use metertap::providers::BUILT_IN;
use metertap::service::{Login, Method, Proof, Reply, Request};
use metertap::signing::volcengine::Signer;
use metertap::values::error::{Error, Kind, Remedy, Result};
use metertap::values::json::Json;
use metertap::values::secret::Secret;
use metertap::values::shape::Typed;
use metertap::values::window::Instant;
use serde_json::Value as Plain;

/// The request as it leaves the client.
fn signed_request(case: &Case) -> Request {
    let (account, secrets) = account_of(case);
    let provider = provider_of(case);
    if case.operation() == "authenticate" {
        let Login::Send(request) = provider.login(&account, &secrets, &[]).unwrap() else {
            panic!("{}: no login", case.name)
        };
        return request;
    }
    let mut request = provider.request(&account, &call_of(case)).unwrap();
    let proof = Proof {
        secrets: &secrets,
        token: None,
        now: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    provider.sign(&account, &mut request, &proof).unwrap();
    request
}

/// Runs a check on every case, and tells of all cases that fail.
fn for_all(check: impl Fn(&Case) -> std::result::Result<(), String>) {
    let failures: Vec<String> = cases()
        .iter()
        .filter_map(|case| check(case).err().map(|problem| format!("{}: {problem}", case.name)))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[allow(clippy::needless_pass_by_value)] // reads better where it is called
fn same<T: PartialEq + std::fmt::Debug>(what: &str, ours: T, expected: T) -> std::result::Result<(), String> {
    if ours == expected {
        return Ok(());
    }
    Err(format!("{what} is {ours:?}, expected {expected:?}"))
}

#[test]
fn every_provider_has_fixtures_and_every_fixture_a_provider() {
    let mut names: Vec<_> = cases().into_iter().map(|case| case.provider).collect();
    names.dedup();
    let mut registered: Vec<_> = BUILT_IN.iter().map(|provider| provider.facts().name).collect();
    registered.sort_unstable();
    assert_eq!(names, registered);
    assert!(cases().len() >= 122, "fixtures are missing");
}

#[test]
fn requests_are_sent_as_documented() {
    for_all(|case| {
        let (request, expected) = (signed_request(case), &case.about["request"]);
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        same("the method", method, expected["method"].as_str().unwrap())?;
        let url = url::Url::parse(&request.url).unwrap();
        same("the path", url.path(), expected["path"].as_str().unwrap())?;
        same("the query", pairs(&url), expected_pairs(&expected["query"]))?;
        headers_agree(&request, &expected["headers"])?;
        if let Some(form) = expected.get("form") {
            let text = String::from_utf8(request.body).unwrap();
            let sent = url::Url::parse(&format!("http://form/?{text}")).unwrap();
            return same("the form", pairs(&sent), expected_pairs(form));
        }
        bodies_agree(case, &request.body, &expected["body"])
    });
}

/// Decoded and sorted by key; the values of one key stay in order.
fn pairs(url: &url::Url) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    pairs
}

fn expected_pairs(query: &Plain) -> Vec<(String, String)> {
    let text = |value: &Plain| value.as_str().unwrap().to_owned();
    let mut pairs = Vec::new();
    for (key, value) in query.as_object().unwrap() {
        match value {
            Plain::Array(items) => pairs.extend(items.iter().map(|item| (key.clone(), text(item)))),
            value => pairs.push((key.clone(), text(value))),
        }
    }
    pairs.sort_by(|a: &(String, String), b| a.0.cmp(&b.0));
    pairs
}

/// Credentials and content type; the other headers are the HTTP library's.
fn headers_agree(request: &Request, expected: &Plain) -> std::result::Result<(), String> {
    for (name, value) in expected.as_object().unwrap() {
        let name = name.to_lowercase();
        if name != "authorization" && name != "content-type" {
            continue;
        }
        let sent = request.headers.iter().find(|(key, _)| *key == name);
        same(
            &name,
            sent.map(|(_, value)| value.clone()),
            Some(spelt_out(value.as_str().unwrap())),
        )?;
    }
    Ok(())
}

/// The pages write `Basic base64(user:password)`, and one has two words for a token.
fn spelt_out(value: &str) -> String {
    use base64::Engine as _;
    let value = &value.replace("{access_token}", "1234");
    match value.split_once("base64(") {
        Some((scheme, pair)) => {
            let pair = base64::engine::general_purpose::STANDARD.encode(pair.trim_end_matches(')'));
            format!("{scheme}{pair}")
        }
        None => value.to_owned(),
    }
}

fn bodies_agree(case: &Case, sent: &[u8], expected: &Plain) -> std::result::Result<(), String> {
    if expected.is_null() {
        return same("the body", sent, b"");
    }
    let sent: Plain = serde_json::from_slice(sent).map_err(|problem| problem.to_string())?;
    if case.provider != "devicewise" || case.operation() == "authenticate" {
        return same("the body", &sent, expected);
    }
    // The ids of the commands are the client's own, and the session may come in another place.
    if let Some(auth) = expected.get("auth") {
        same("the session", sent.get("auth"), Some(auth))?;
    }
    let commands = |packet: &Plain| -> Vec<Plain> {
        let members = packet.as_object().unwrap().iter();
        members
            .filter(|(id, _)| *id != "auth")
            .map(|(_, command)| with_plain_instants(command))
            .collect()
    };
    let (ours, theirs) = (commands(&sent), commands(expected));
    if case.name == PACKET {
        return same("the command is in the packet", theirs.contains(&ours[0]), true);
    }
    same("the command", ours, theirs)
}

/// The same with every instant spelt in one way.
fn with_plain_instants(value: &Plain) -> Plain {
    match value {
        Plain::String(text) => Instant::parse(text).map_or_else(|_| value.clone(), |at| Plain::from(at.to_utc_text())),
        Plain::Array(items) => items.iter().map(with_plain_instants).collect(),
        Plain::Object(members) => {
            let members = members.iter();
            members
                .map(|(key, value)| (key.clone(), with_plain_instants(value)))
                .collect()
        }
        other => other.clone(),
    }
}

#[test]
fn answers_are_read_as_documented() {
    for_all(|case| {
        let Some(body) = decoded(&case.body) else {
            return Ok(());
        };
        let expected = &case.about["expect"];
        let Some(ids) = expected.get("per_id") else {
            return outcome_agrees(case, body, expected);
        };
        // Each command of the packet as if it were ours.
        for (id, expected) in ids.as_object().unwrap() {
            let body = renamed(case, &String::from_utf8(body.clone()).unwrap(), id);
            outcome_agrees(case, body.into_bytes(), expected).map_err(|problem| format!("{id}: {problem}"))?;
        }
        Ok(())
    });
}

/// What the engine makes of the body's bytes.
#[cfg(feature = "client")]
#[allow(clippy::unnecessary_wraps)] // without the engine there may be nothing
fn decoded(body: &[u8]) -> Option<Vec<u8>> {
    use metertap::engine::body::{Caps, Collector};
    let mut collector = Collector::new(Caps::default(), Some(body.len() as u64)).unwrap();
    collector.push(body).unwrap();
    Some(collector.finish().unwrap())
}

/// Without the engine nothing unpacks the few bodies that are packed.
#[cfg(not(feature = "client"))]
fn decoded(body: &[u8]) -> Option<Vec<u8>> {
    (!body.starts_with(&[0x1f, 0x8b])).then(|| body.to_vec())
}

#[test]
fn only_one_body_needs_the_engine_to_be_unpacked() {
    let packed: Vec<_> = cases()
        .into_iter()
        .filter(|case| case.body.starts_with(&[0x1f, 0x8b]))
        .map(|case| case.name)
        .collect();
    assert_eq!(packed, ["sora/traffics_for_month_gzip"]);
}

fn outcome_agrees(case: &Case, body: Vec<u8>, expected: &Plain) -> std::result::Result<(), String> {
    let outcome = if case.operation() == "authenticate" {
        log_in(case, case.reply(body)).map(|()| Typed::Nothing)
    } else {
        let body = match std::str::from_utf8(&body) {
            Ok(text) => with_our_id(case, text).into_bytes(),
            Err(_) => body,
        };
        read(case, &case.reply(body), expected)
    };
    match (expected.get("error"), outcome) {
        (None, Ok(typed)) => numbers_agree(&typed, expected, echoes(case)),
        (None, Err(error)) => Err(format!("failed: {error:?}")),
        (Some(kind), Ok(_)) => Err(format!("went well, expected {kind}")),
        (Some(kind), Err(error)) => error_agrees(case, &error, kind.as_str().unwrap(), expected),
    }
}

fn log_in(case: &Case, reply: Reply) -> Result<()> {
    let (account, secrets) = account_of(case);
    match provider_of(case).login(&account, &secrets, &[reply])? {
        Login::Granted(grant) => {
            assert!(!grant.token.expose().is_empty(), "{}: an empty token", case.name);
            Ok(())
        }
        Login::Send(_) | Login::NotNeeded => panic!("{}: the login goes on", case.name),
    }
}

fn read(case: &Case, reply: &Reply, expected: &Plain) -> Result<Typed> {
    let (provider, call) = (provider_of(case), call_of(case));
    let document = provider.answer(&call, reply)?;
    // The raw document is what the service sent, number for number.
    let raw = common::numbers(&Typed::Json(document.clone().into_owned()));
    let lost = common::missing(expected_numbers(expected), &raw);
    assert!(lost.is_empty(), "{}: the document lacks {lost:?}", case.name);
    provider.typed(&call, &document)
}

fn expected_numbers(expected: &Plain) -> impl Iterator<Item = &str> {
    let numbers = expected.get("numbers").and_then(Plain::as_object);
    numbers.into_iter().flatten().map(|(_, text)| text.as_str().unwrap())
}

fn numbers_agree(typed: &Typed, expected: &Plain, echoes: Vec<String>) -> std::result::Result<(), String> {
    let found = common::numbers(typed);
    let lost = common::missing(expected_numbers(expected), &found);
    if !lost.is_empty() {
        return Err(format!("{lost:?} are not in {typed:?}"));
    }
    if expected["empty"] == true {
        let mut known: Vec<String> = expected_numbers(expected).map(str::to_owned).collect();
        known.extend(echoes);
        let invented = common::missing(found.iter().map(String::as_str), &known);
        return same("what an empty answer holds", invented, Vec::new());
    }
    Ok(())
}

/// The numbers of the question, which some answers repeat.
fn echoes(case: &Case) -> Vec<String> {
    let members = case.about["request"]["body"].as_object();
    let values = members.into_iter().flatten().map(|(_, value)| value);
    values.filter(|value| value.is_number()).map(Plain::to_string).collect()
}

fn error_agrees(case: &Case, error: &Error, kind: &str, expected: &Plain) -> std::result::Result<(), String> {
    // A second factor that is asked for is a failed login of its own kind.
    let class = match error.kind {
        Kind::MfaRequired => "AuthenticationFailed".to_owned(),
        kind => format!("{kind:?}"),
    };
    same("the class", class.as_str(), kind)?;
    same(
        "the code",
        error.provider_code.as_deref(),
        expected["provider_code"].as_str(),
    )?;
    if let Some(temporary) = expected["is_temporary"].as_bool() {
        same("is_temporary", error.remedy != Remedy::None, temporary)?;
    }
    if let Some(id) = expected["request_id"].as_str() {
        same("the request id", error.request_id.as_deref(), Some(id))?;
    }
    #[cfg(feature = "client")]
    if let Some(seconds) = expected["retry_after"].as_f64() {
        let reply = case.reply(Vec::new());
        let (after, reset) = (reply.header("retry-after"), reply.header("ratelimit-reset"));
        let hint = metertap::engine::retry::hint(after, reset, reply.date().unwrap_or_default());
        same("retry_after", hint.map(|wait| wait.as_secs_f64()), Some(seconds))?;
    }
    let (_, secrets) = account_of(case);
    for (name, secret) in &secrets.0 {
        same(
            &format!("the message shows {name}"),
            error.to_string().contains(secret.expose()),
            false,
        )?;
    }
    if error.message.is_empty() || error.message.contains('\n') {
        return Err(format!("the message is {:?}", error.message));
    }
    Ok(())
}

/// A bare number is the exception: half of it is a number, too, and only its announced length tells.
#[test]
fn a_cut_body_is_never_a_shorter_answer() {
    for_all(|case| {
        let (true, Some(body)) = (case.is_ok() && case.operation() != "authenticate", decoded(&case.body)) else {
            return Ok(());
        };
        let (provider, call) = (provider_of(case), call_of(case));
        let text = with_our_id(case, &String::from_utf8(body).unwrap());
        let read = |text: &[u8]| {
            let reply = case.reply(text.to_vec());
            provider.typed(&call, &provider.answer(&call, &reply)?)
        };
        let whole = read(text.as_bytes()).map_err(|error| error.message.clone())?;
        if matches!(whole, Typed::Integer(_)) {
            return Ok(());
        }
        for cut in 0..text.len() {
            match read(&text.as_bytes()[..cut]) {
                Ok(typed) => same(&format!("the answer cut at {cut}"), &typed, &whole)?,
                Err(error) => same(
                    &format!("the error of a cut at {cut}"),
                    error.kind,
                    Kind::UnexpectedResponse,
                )?,
            }
        }
        Ok(())
    });
}

#[test]
fn the_numbers_of_the_fixtures_are_those_of_their_bodies() {
    for_all(|case| {
        let (true, Some(body)) = (case.is_ok(), decoded(&case.body)) else {
            return Ok(());
        };
        let document = Json::parse(&body).map_err(|problem| problem.message.clone())?;
        let Some(numbers) = case.about["expect"]["numbers"].as_object() else {
            return Ok(());
        };
        for (pointer, text) in numbers {
            let found = pointer.split('/').skip(1).try_fold(&document, |at, step| match at {
                Json::List(items) => items.get(step.parse::<usize>().ok()?),
                at => at.get(&step.replace("~1", "/").replace("~0", "~")),
            });
            same(pointer, found, Some(&Json::Number(text.as_str().unwrap().into())))?;
        }
        Ok(())
    });
}

#[test]
fn signatures_are_those_of_the_vendors_clients() {
    let text = std::fs::read_to_string(common::fixtures().join("volcengine/signatures.json")).unwrap();
    let file: Plain = serde_json::from_str(&text).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let text = |key: &str| vector[key].as_str().unwrap_or_else(|| panic!("{key} is no text"));
        let mut request = Request {
            method: Method::Post,
            url: format!("https://{}{}?{}", text("host"), text("path"), text("query")),
            headers: vec![("content-type", text("content_type").to_owned())],
            body: text("body").as_bytes().to_vec(),
        };
        let secret_key = Secret::new(text("secret_key"));
        let session_token = vector["session_token"].as_str().map(Secret::new);
        let signer = Signer {
            access_key: text("access_key"),
            secret_key: &secret_key,
            session_token: session_token.as_ref(),
            region: text("region"),
            service: text("service"),
        };
        let date = text("x_date");
        let now = jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", date)
            .and_then(|parsed| parsed.to_datetime())
            .and_then(|datetime| datetime.to_zoned(jiff::tz::TimeZone::UTC))
            .unwrap();
        signer.sign(&mut request, now.timestamp()).unwrap();
        let header = |name: &str| {
            let found = request.headers.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(header("authorization"), Some(text("authorization")), "{}", text("name"));
        assert_eq!(header("x-content-sha256"), Some(text("body_hash")));
        assert_eq!(header("x-date"), Some(date));
        assert_eq!(header("x-security-token"), vector["session_token"].as_str());
    }
}
