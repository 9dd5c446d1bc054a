//! The assembled engine against a real server: what it counts, the simulator has counted, too.

#![cfg(all(feature = "client", feature = "simulator"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod common;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::engine::{ask, client, within};
use common::{NOW, WAYS};
use metertap::engine::{Client, Engine, Event, Options, Trace};
use metertap::providers::provider;
use metertap::simulator::faults::{Fault, FaultKind};
use metertap::simulator::server::{Config, RequestRecord, Simulator};
use metertap::values::error::{Error, Kind, Result};
use metertap::values::shape::Typed;
use tokio::task::JoinHandle;

const COUNTER: &str = "total_connections_this_month";
const TRAFFIC: &str = "total_traffic_this_month";

fn start() -> Simulator {
    let config = Config {
        seed: 7,
        now: Some(NOW.parse().unwrap()),
        ..Config::default()
    };
    Simulator::start(config).unwrap()
}

/// Lets something go wrong: for so many requests, or (0) for all.
fn fault(simulator: &Simulator, text: &str, times: u32) {
    let fault = Fault {
        times: (times > 0).then_some(times),
        ..Fault::new(FaultKind::parse(text).unwrap())
    };
    simulator.add_fault(fault).unwrap();
}

/// A client of the n-th way to make an account, with one of its fields replaced.
fn client_with(simulator: &Simulator, name: &str, way: usize, (field, text): (&str, &str), options: Options) -> Client {
    let (_, names) = WAYS.iter().filter(|(of, _)| *of == name).nth(way).unwrap();
    let known = simulator.credentials(name).unwrap();
    let value = |wanted: &str| known.iter().find(|(key, _)| *key == wanted).unwrap().1.clone();
    let fields = names.iter().map(|name| {
        let value = if *name == field { text.to_owned() } else { value(name) };
        ((*name).to_owned(), value)
    });
    let base_url = simulator.base_url(name, false).unwrap();
    client(provider(name).unwrap(), &base_url, &fields.collect::<Vec<_>>(), options).unwrap()
}

fn client_of(simulator: &Simulator, name: &str, way: usize, options: Options) -> Client {
    client_with(simulator, name, way, ("", ""), options)
}

fn sora(simulator: &Simulator, options: Options) -> Client {
    client_of(simulator, "sora", 0, options)
}

async fn call(engine: &Engine, client: &Client, operation: &str) -> Result<Typed> {
    let given = common::example(client.provider.facts().name, operation).unwrap();
    ask(engine, client, operation, given, &Trace::default()).await
}

/// So many calls at once, each in a task of its own.
async fn calls(
    engine: &Arc<Engine>,
    client: &Arc<Client>,
    operation: &'static str,
    count: usize,
) -> Vec<Result<Typed>> {
    let task = || {
        let (engine, client) = (Arc::clone(engine), Arc::clone(client));
        tokio::spawn(async move { call(&engine, &client, operation).await })
    };
    let tasks: Vec<_> = (0..count).map(|_| task()).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

fn limited(max_concurrency: usize) -> Options {
    Options {
        max_concurrency: Some(max_concurrency),
        ..Options::default()
    }
}

fn with_path<'a>(requests: &'a [RequestRecord], part: &str) -> Vec<&'a RequestRecord> {
    requests.iter().filter(|record| record.path.contains(part)).collect()
}

/// Waits until the simulator has seen it, for at most as long as a busy machine may need.
async fn until(seen: impl Fn() -> bool) {
    let start = Instant::now();
    while !seen() {
        assert!(start.elapsed() < Duration::from_secs(20), "it never happened");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

// What is learned of a rate

/// 400 calls at once to a service that allows 100 a second; the requests that it got, and the rates that were learned.
async fn calls_beyond_the_rate(
    name: &str,
    operation: &'static str,
    options: Options,
) -> (Vec<RequestRecord>, Vec<f64>) {
    let simulator = start();
    simulator.set_rate_limit(name, Some(100.0)).unwrap();
    let engine = Engine::default();
    let client = client_of(&simulator, name, 0, options);
    let trace = Trace::default();
    let given = || common::example(name, operation).unwrap();
    let call = || async { ask(&engine, &client, operation, given(), &trace).await.map(|_| ()) };
    for answer in futures_util::future::join_all((0..400).map(|_| call())).await {
        answer.unwrap();
    }
    let learned = trace.drain().into_iter().filter_map(|event| match event {
        Event::LearnedLimit { per_second, .. } => Some(per_second),
        _ => None,
    });
    (simulator.requests(), learned.collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_allows_a_fifth_of_the_declared_rate_is_not_stormed() {
    let options = Options {
        max_per_second: Some(500.0),
        ..Options::default()
    };
    let (requests, learned) = calls_beyond_the_rate("volcengine", "time_shift_data", options).await;
    let refused = requests.iter().filter(|record| record.status == Some(429)).count();
    assert!((1..30).contains(&refused), "{refused} refusals, {learned:?}");
    assert_eq!(requests.len(), 400 + refused);
    assert!(!learned.is_empty() && learned.len() <= refused);
    assert!(learned.iter().all(|rate| (20.0..500.0).contains(rate)), "{learned:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_that_nobody_declares_is_learned() {
    let (requests, learned) = calls_beyond_the_rate("sora", COUNTER, Options::default()).await;
    let refused = requests.iter().filter(|record| record.status == Some(429)).count();
    assert!((1..30).contains(&refused), "{refused} refusals, {learned:?}");
    assert_eq!(requests.len(), 400 + refused);
    assert!(learned.iter().all(|rate| (20.0..150.0).contains(rate)), "{learned:?}");
}

// Repetitions

#[tokio::test]
async fn a_call_is_tried_as_often_as_the_server_counts() {
    for (text, times, retries, expected, kind) in [
        ("status:503", 0, 2, 3, Some(Kind::ServerError)),
        ("status:503", 0, 0, 1, Some(Kind::ServerError)),
        ("status:503", 0, 4, 5, Some(Kind::ServerError)),
        ("status:503", 1, 2, 2, None),
        ("status:408", 2, 2, 3, None),
        ("close", 0, 2, 3, Some(Kind::ConnectionLost)),
        ("truncated", 0, 1, 2, Some(Kind::IncompleteResponse)),
        ("status:404", 0, 2, 1, Some(Kind::NotFound)),
        ("status:401", 0, 2, 1, Some(Kind::AuthenticationFailed)),
        ("status:501", 0, 2, 1, Some(Kind::ServerError)),
        ("html", 0, 2, 1, Some(Kind::UnexpectedResponse)),
    ] {
        let simulator = start();
        fault(&simulator, text, times);
        let options = Options {
            retries,
            ..Options::default()
        };
        let (engine, client, trace) = (Engine::default(), sora(&simulator, options), Trace::default());
        let outcome = ask(&engine, &client, TRAFFIC, Vec::new(), &trace).await;
        assert_eq!(outcome.as_ref().err().map(|error| error.kind), kind, "{text}");
        assert_eq!(simulator.counts().requests, expected, "{text}");
        if let Err(error) = outcome {
            assert_eq!(u64::from(error.attempts), expected, "{text}");
        }
        let events = trace.drain();
        let repeats = events
            .iter()
            .filter(|event| matches!(event, Event::Repeating { .. }))
            .count();
        assert_eq!(repeats as u64, expected - 1, "{text}");
    }
}

#[tokio::test]
async fn a_port_without_a_server_is_tried_three_times() {
    let simulator = start();
    let client = sora(&simulator, Options::default());
    drop(simulator);
    let error = call(&Engine::default(), &client, COUNTER).await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (Kind::ConnectionFailed, 3), "{error}");
}

#[tokio::test]
async fn a_login_without_a_server_is_tried_three_times() {
    let simulator = start();
    let client = client_of(&simulator, "uipath", 1, Options::default());
    drop(simulator);
    let trace = Trace::default();
    let given = common::example("uipath", "consumption_summary").unwrap();
    let asked = ask(&Engine::default(), &client, "consumption_summary", given, &trace).await;
    assert_eq!(asked.unwrap_err().kind, Kind::ConnectionFailed);
    let repeats = trace
        .drain()
        .iter()
        .filter(|event| matches!(event, Event::Repeating { .. }))
        .count();
    assert_eq!(repeats, 2);
}

#[tokio::test]
async fn a_connection_that_went_stale_is_replaced_without_waiting() {
    let simulator = start();
    let (engine, client) = (Engine::default(), sora(&simulator, Options::default()));
    let value = call(&engine, &client, COUNTER).await.unwrap();
    fault(&simulator, "stale", 1);
    assert_eq!(call(&engine, &client, COUNTER).await.unwrap(), value);
    assert_eq!(simulator.counts().requests, 3);
    assert_eq!(simulator.counts().connections, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_service_gets_no_more_than_the_budget() {
    let simulator = start();
    fault(&simulator, "status:503", 0);
    let (engine, client) = (Arc::new(Engine::default()), Arc::new(sora(&simulator, limited(6))));
    let results = calls(&engine, &client, COUNTER, 300).await;
    let errors: Vec<Error> = results.into_iter().map(Result::unwrap_err).collect();
    let attempts: u32 = errors.iter().map(|error| error.attempts).sum();
    assert_eq!(u64::from(attempts), simulator.counts().requests);
    assert!((300..=336).contains(&attempts), "{attempts}");
    let suppressed = errors.iter().filter(|error| error.retries_suppressed).count();
    assert!(suppressed >= 264, "{suppressed}");
    // Another account has a budget of its own.
    let other = client_with(&simulator, "sora", 0, ("api_key", "another key"), Options::default());
    assert_eq!(call(&engine, &other, COUNTER).await.unwrap_err().attempts, 3);
}

#[tokio::test]
async fn success_fills_the_budget_again() {
    let simulator = start();
    let (engine, client) = (Engine::default(), sora(&simulator, Options::default()));
    for _ in 0..60 {
        fault(&simulator, "reset", 1);
        call(&engine, &client, COUNTER).await.unwrap();
    }
    assert_eq!(simulator.counts().requests, 120);
}

#[tokio::test]
async fn a_call_that_is_dropped_gives_back_what_its_repetitions_cost() {
    let simulator = start();
    let once_more = Options {
        retries: 1,
        ..Options::default()
    };
    let (engine, client) = (Engine::default(), sora(&simulator, once_more));
    fault(&simulator, "status:503;retry-after=20", 0);
    for _ in 0..40 {
        let limit = Duration::from_millis(20);
        let dropped = tokio::time::timeout(limit, call(&engine, &client, COUNTER)).await;
        assert!(dropped.is_err());
    }
    simulator.clear_faults();
    fault(&simulator, "reset", 0);
    let before = simulator.counts().requests;
    for _ in 0..35 {
        call(&engine, &client, COUNTER).await.unwrap_err();
    }
    // A full budget pays for 35 repetitions.
    assert_eq!(simulator.counts().requests - before, 70);
}

// What the service asks for

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_while_the_service_wants_to_be_left_alone() {
    let simulator = start();
    fault(&simulator, "status:429;retry-after=1", 1);
    let (engine, client) = (Arc::new(Engine::default()), Arc::new(sora(&simulator, limited(1))));
    let results = calls(&engine, &client, COUNTER, 6).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let requests = simulator.requests();
    assert_eq!(requests.len(), 7);
    assert_eq!(requests[0].status, Some(429));
    let waited = requests[1].arrived_micros - requests[0].arrived_micros;
    assert!(waited >= 1_000_000, "{waited} µs");
}

#[tokio::test]
async fn a_hint_on_another_fault_is_obeyed_by_the_call() {
    let simulator = start();
    fault(&simulator, "status:503;retry-after=1", 1);
    call(&Engine::default(), &sora(&simulator, Options::default()), COUNTER)
        .await
        .unwrap();
    let requests = simulator.requests();
    assert!(requests[1].arrived_micros - requests[0].arrived_micros >= 1_000_000);
}

#[tokio::test]
async fn a_hint_beyond_the_deadline_is_the_callers() {
    for (header, seconds) in [("retry-after=30", 30), ("ratelimit-reset=45", 45)] {
        let simulator = start();
        fault(&simulator, &format!("status:429;{header}"), 0);
        let error = call(&Engine::default(), &sora(&simulator, within(5000)), COUNTER)
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.attempts), (Kind::RateLimited, 1));
        assert_eq!(error.retry_after, Some(Duration::from_secs(seconds)));
        assert!(error.elapsed < Duration::from_secs(2), "{error}");
        assert_eq!(simulator.counts().requests, 1);
    }
}

#[tokio::test]
async fn who_cannot_wait_as_long_as_the_service_wants_is_told_so_at_once() {
    let simulator = start();
    fault(&simulator, "status:429;retry-after=100", 1);
    let engine = Engine::default();
    let first = call(&engine, &sora(&simulator, Options::default()), COUNTER)
        .await
        .unwrap_err();
    assert_eq!((first.kind, first.attempts), (Kind::RateLimited, 1));
    let error = call(&engine, &sora(&simulator, within(3000)), COUNTER)
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.attempts), (Kind::RateLimited, 0), "{error}");
    let left = error.retry_after.unwrap();
    assert!((95..=100).contains(&left.as_secs()), "{left:?}");
    assert!(error.elapsed < Duration::from_millis(500), "{error}");
    assert!(!error.to_string().contains("Tried"), "{error}");
    assert_eq!(simulator.counts().requests, 1);
}

#[tokio::test]
async fn an_older_form_of_a_date_is_a_hint_too() {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let later = (now + jiff::SignedDuration::from_secs(40)).to_zoned(jiff::tz::TimeZone::UTC);
    for form in ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"] {
        let simulator = start();
        let date = later.strftime(form);
        fault(&simulator, &format!("status:429;retry-after={date}"), 1);
        let error = call(&Engine::default(), &sora(&simulator, within(5000)), COUNTER)
            .await
            .unwrap_err();
        let hint = error.retry_after.unwrap();
        assert!((35..=40).contains(&hint.as_secs()), "{form}: {hint:?}");
    }
}

// The deadline

#[tokio::test]
async fn the_deadline_covers_the_wait_for_a_permit() {
    let simulator = start();
    fault(&simulator, "hang", 0);
    let engine = Arc::new(Engine::default());
    let patient = Arc::new(sora(&simulator, limited(1)));
    let first = tokio::spawn({
        let (engine, client) = (Arc::clone(&engine), Arc::clone(&patient));
        async move { call(&engine, &client, COUNTER).await }
    });
    until(|| simulator.counts().requests == 1).await;
    let error = call(&engine, &sora(&simulator, within(300)), COUNTER)
        .await
        .unwrap_err();
    first.abort();
    assert_eq!((error.kind, error.attempts), (Kind::RequestTimeout, 0));
    assert!((300..900).contains(&error.elapsed.as_millis()), "{error}");
    assert_eq!(simulator.counts().requests, 1);
}

#[tokio::test]
async fn the_deadline_covers_attempts_and_waits() {
    for (text, kind) in [
        ("hang", Kind::RequestTimeout),
        ("hang_in_body", Kind::RequestTimeout),
        ("drip:300", Kind::RequestTimeout),
        ("latency:5000", Kind::RequestTimeout),
        // Here the next wait would be too long, so the caller is not kept.
        ("status:503;retry-after=9", Kind::ServerError),
    ] {
        let simulator = start();
        fault(&simulator, text, 0);
        let asked = Instant::now();
        let error = call(&Engine::default(), &sora(&simulator, within(400)), TRAFFIC)
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.attempts), (kind, 1), "{text}");
        assert!(
            asked.elapsed() < Duration::from_secs(4),
            "{text}: {:?}",
            asked.elapsed()
        );
    }
}

#[tokio::test]
async fn a_timeout_tells_how_the_last_attempt_ended() {
    let simulator = start();
    fault(&simulator, "status:503", 1);
    fault(&simulator, "hang", 0);
    let error = call(&Engine::default(), &sora(&simulator, within(800)), COUNTER)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.attempts, error.http_status),
        (Kind::RequestTimeout, 2, Some(503))
    );
    assert!(error.message.contains("the last attempt ended with"), "{error}");
}

// Logins

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_calls_renew_an_expired_token_once() {
    let simulator = start();
    let (engine, client) = (
        Arc::new(Engine::default()),
        Arc::new(client_of(&simulator, "uipath", 1, limited(8))),
    );
    call(&engine, &client, "consumption_summary").await.unwrap();
    simulator.expire_sessions("uipath").unwrap();
    simulator.clear_requests();
    let results = calls(&engine, &client, "consumption_summary", 50).await;
    assert!(results.iter().all(Result::is_ok));
    let requests = simulator.requests();
    assert_eq!(with_path(&requests, "/identity_/connect/token").len(), 1);
    // Those under way with the old token were refused and sent again.
    let refused = requests.iter().filter(|record| record.status == Some(401)).count();
    assert!((1..=16).contains(&refused), "{refused}");
    assert_eq!(requests.len(), 51 + refused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_first_calls_fetch_one_token() {
    for (name, way, operation) in [
        ("uipath", 1, "consumption_summary"),
        ("devicewise", 0, "api_usage_history"),
        ("devicewise", 1, "api_usage_history"),
    ] {
        let simulator = start();
        let (engine, client) = (
            Arc::new(Engine::default()),
            Arc::new(client_of(&simulator, name, way, Options::default())),
        );
        let results = calls(&engine, &client, operation, 50).await;
        assert!(results.iter().all(Result::is_ok), "{name}: {results:?}");
        assert_eq!(simulator.counts().requests, 51, "{name}");
    }
}

#[tokio::test]
async fn an_expired_session_is_opened_anew_once() {
    let simulator = start();
    let (engine, client) = (
        Engine::default(),
        client_of(&simulator, "devicewise", 0, Options::default()),
    );
    let trace = Trace::default();
    let before = call(&engine, &client, "api_usage_history").await.unwrap();
    simulator.expire_sessions("devicewise").unwrap();
    simulator.clear_requests();
    let given = common::example("devicewise", "api_usage_history").unwrap();
    let after = ask(&engine, &client, "api_usage_history", given, &trace).await.unwrap();
    assert_eq!(before, after);
    // Refused, logged in, asked again.
    assert_eq!(simulator.requests().len(), 3);
    let logins = trace
        .drain()
        .iter()
        .filter(|event| matches!(event, Event::LoggedIn { .. }))
        .count();
    assert_eq!(logins, 1);
}

#[tokio::test]
async fn a_session_that_expires_every_time_is_given_up() {
    let simulator = start();
    let (engine, client) = (
        Engine::default(),
        client_of(&simulator, "devicewise", 0, Options::default()),
    );
    call(&engine, &client, "api_usage_history").await.unwrap();
    simulator.clear_requests();
    fault(&simulator, "expire", 0);
    let error = call(&engine, &client, "api_usage_history").await.unwrap_err();
    assert_eq!(error.kind, Kind::AuthenticationFailed, "{error}");
    assert_eq!((simulator.requests().len(), error.attempts), (3, 2));
}

#[tokio::test]
async fn a_session_from_elsewhere_is_never_opened_anew() {
    let simulator = start();
    let base_url = simulator.base_url("devicewise", false).unwrap();
    let fields = [("session_id".to_owned(), "00112233445566778899aabbccddeeff".to_owned())];
    let client = client(provider("devicewise").unwrap(), &base_url, &fields, Options::default()).unwrap();
    let error = call(&Engine::default(), &client, "api_usage_history")
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.attempts), (Kind::AuthenticationFailed, 1));
    assert_eq!(simulator.counts().requests, 1);
    assert!(
        !error.to_string().contains("00112233445566778899aabbccddeeff"),
        "{error}"
    );
}

#[tokio::test]
async fn a_refused_login_is_never_repeated() {
    for (name, way, secret, operation) in [
        ("uipath", 1, "client_secret", "consumption_summary"),
        ("devicewise", 0, "password", "api_usage_history"),
        ("devicewise", 1, "app_token", "api_usage_history"),
    ] {
        let simulator = start();
        let client = client_with(
            &simulator,
            name,
            way,
            (secret, "wrong and not real"),
            Options::default(),
        );
        let error = call(&Engine::default(), &client, operation).await.unwrap_err();
        assert_eq!(error.kind, Kind::AuthenticationFailed, "{name}: {error}");
        assert_eq!(simulator.counts().requests, 1, "{name}");
        for text in ["status:401", "status:403", "html"] {
            simulator.clear_faults();
            simulator.clear_requests();
            fault(&simulator, text, 0);
            let client = client_of(&simulator, name, way, Options::default());
            let error = call(&Engine::default(), &client, operation).await.unwrap_err();
            assert_eq!(
                (simulator.requests().len(), error.attempts),
                (1, 1),
                "{name} {text}: {error}"
            );
        }
    }
}

/// The ways to log in, each with its secret and a question.
const LOGINS: [(&str, usize, &str, &str); 3] = [
    ("uipath", 1, "client_secret", "consumption_summary"),
    ("devicewise", 0, "password", "api_usage_history"),
    ("devicewise", 1, "app_token", "api_usage_history"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_question_sends_more_than_one_refused_login() {
    for (name, way, secret, operation) in LOGINS {
        for slow in [None, Some("latency:30")] {
            let simulator = start();
            if let Some(slow) = slow {
                fault(&simulator, slow, 0);
            }
            let wrong = || {
                client_with(
                    &simulator,
                    name,
                    way,
                    (secret, "wrong and not real"),
                    Options::default(),
                )
            };
            let (engine, client, twin) = (Arc::new(Engine::default()), Arc::new(wrong()), Arc::new(wrong()));
            let first = call(&engine, &client, operation).await.unwrap_err();
            assert_eq!((first.kind, first.attempts), (Kind::AuthenticationFailed, 1), "{name}");
            for result in calls(&engine, &client, operation, 60).await {
                let error = result.unwrap_err();
                assert_eq!((error.kind, error.attempts), (first.kind, 0), "{name}");
                assert_eq!(
                    (&error.message, &error.provider_code),
                    (&first.message, &first.provider_code)
                );
            }
            assert!(calls(&engine, &twin, operation, 4).await.iter().all(Result::is_err));
            assert_eq!(simulator.counts().requests, 1, "{name} {slow:?}");
            // One that is made anew tries once, and so does another word.
            let anew = Arc::new(wrong());
            assert!(calls(&engine, &anew, operation, 60).await.iter().all(Result::is_err));
            assert!(call(&engine, &client, operation).await.is_err());
            assert_eq!(simulator.counts().requests, 2, "{name} {slow:?}");
            let right = client_of(&simulator, name, way, Options::default());
            call(&engine, &right, operation).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_fails_by_the_way_is_repeated_once_for_all_who_wait() {
    for (name, way, _, operation) in LOGINS {
        for (text, seconds) in [
            ("status:503", 0),
            ("status:503;retry-after=1", 1),
            ("status:429;retry-after=1", 1),
            ("reset", 0),
            ("truncated", 0),
        ] {
            let simulator = start();
            fault(&simulator, text, 1);
            let (engine, client) = (
                Arc::new(Engine::default()),
                Arc::new(client_of(&simulator, name, way, limited(60))),
            );
            let results = calls(&engine, &client, operation, 60).await;
            assert!(results.iter().all(Result::is_ok), "{name} {text}: {results:?}");
            let requests = simulator.requests();
            assert_eq!(requests.len(), 62, "{name} {text}");
            let waited = requests[1].arrived_micros - requests[0].arrived_micros;
            assert!(waited >= seconds * 1_000_000, "{name} {text}: {waited} µs");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_always_fails_is_given_up_by_the_policy_for_all_who_wait() {
    for (name, way, _, operation) in LOGINS {
        for (text, kind) in [
            ("status:503", Kind::ServerError),
            ("reset", Kind::ConnectionLost),
            ("truncated", Kind::IncompleteResponse),
        ] {
            let simulator = start();
            fault(&simulator, text, 0);
            fault(&simulator, "latency:100", 0);
            let (engine, client) = (
                Arc::new(Engine::default()),
                Arc::new(client_of(&simulator, name, way, limited(20))),
            );
            let results = calls(&engine, &client, operation, 20).await;
            let errors: Vec<_> = results.into_iter().map(Result::unwrap_err).collect();
            assert!(
                errors.iter().all(|error| error.kind == kind),
                "{name} {text}: {errors:?}"
            );
            let attempts: u32 = errors.iter().map(|error| error.attempts).sum();
            assert_eq!(u64::from(attempts), simulator.counts().requests, "{name} {text}");
            // Those who waited share the failure; if nobody did, there would be 60. Who comes late, tries anew.
            assert!(
                attempts.is_multiple_of(3) && attempts <= 30,
                "{name} {text}: {attempts}"
            );
            // It is not remembered.
            simulator.clear_faults();
            call(&engine, &client, operation).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_login_has_the_calls_deadline() {
    let simulator = start();
    fault(&simulator, "hang", 0);
    let client = client_of(&simulator, "uipath", 1, within(300));
    let error = call(&Engine::default(), &client, "consumption_summary")
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.attempts), (Kind::RequestTimeout, 1), "{error}");
    assert!((300..900).contains(&error.elapsed.as_millis()), "{error}");
    simulator.clear_faults();
    fault(&simulator, "status:429;retry-after=30", 0);
    let client = client_of(&simulator, "uipath", 1, within(3000));
    let engine = Engine::default();
    for attempts in [1, 0] {
        let error = call(&engine, &client, "consumption_summary").await.unwrap_err();
        assert_eq!((error.kind, error.attempts), (Kind::RateLimited, attempts), "{error}");
        assert!(error.retry_after.unwrap() > Duration::from_secs(29), "{error}");
        assert!(error.elapsed < Duration::from_secs(1), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_second_factor_is_a_refused_login() {
    let simulator = start();
    simulator.set_switch("devicewise.mfa", "on").unwrap();
    let base_url = simulator.base_url("devicewise", false).unwrap();
    let mut fields: Vec<_> = simulator.credentials("devicewise").unwrap();
    fields.retain(|(name, _)| matches!(*name, "username" | "password"));
    fields.push(("mfa_code", "654321".to_owned()));
    let fields: Vec<_> = fields.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    let client = Arc::new(client(provider("devicewise").unwrap(), &base_url, &fields, limited(8)).unwrap());
    let engine = Arc::new(Engine::default());
    for _ in 0..3 {
        let results = calls(&engine, &client, "api_usage_history", 20).await;
        let kinds: Vec<_> = results.into_iter().map(|result| result.unwrap_err().kind).collect();
        assert_eq!(kinds, [Kind::AuthenticationFailed; 20]);
    }
    // The password, and the code.
    assert_eq!(simulator.counts().requests, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_refused_login_is_the_answer_to_all_who_waited_for_it() {
    let simulator = start();
    fault(&simulator, "latency:100", 0);
    let wrong = ("password", "wrong and not real");
    let client = Arc::new(client_with(&simulator, "devicewise", 0, wrong, limited(20)));
    let engine = Arc::new(Engine::default());
    let results = calls(&engine, &client, "api_usage_history", 20).await;
    let kinds: Vec<_> = results.into_iter().map(|result| result.unwrap_err().kind).collect();
    assert_eq!(kinds, [Kind::AuthenticationFailed; 20]);
    // Eight refusals in a row would lock the user out.
    assert_eq!(simulator.counts().requests, 1);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_then_sent() {
    let simulator = start();
    simulator.set_switch("devicewise.mfa", "on").unwrap();
    let client_without = client_of(&simulator, "devicewise", 0, Options::default());
    let error = call(&Engine::default(), &client_without, "api_usage_history")
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::MfaRequired);
    assert!(error.message.contains("mfa_code="), "{error}");
    let base_url = simulator.base_url("devicewise", false).unwrap();
    let mut fields: Vec<_> = simulator.credentials("devicewise").unwrap();
    fields.retain(|(name, _)| matches!(*name, "username" | "password"));
    fields.push(("mfa_code", "123456".to_owned()));
    let fields: Vec<_> = fields.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    let client = client(provider("devicewise").unwrap(), &base_url, &fields, Options::default()).unwrap();
    call(&Engine::default(), &client, "api_usage_history").await.unwrap();
    assert_eq!(simulator.counts().requests, 4);
}

// The clock

#[tokio::test]
async fn a_clock_that_is_off_is_corrected_once() {
    for hours in [1, -1] {
        let simulator = start();
        simulator.set_clock_offset(jiff::SignedDuration::from_hours(hours));
        let (engine, client) = (
            Engine::default(),
            client_of(&simulator, "volcengine", 0, Options::default()),
        );
        let trace = Trace::default();
        let given = || common::example("volcengine", "time_shift_data").unwrap();
        ask(&engine, &client, "time_shift_data", given(), &trace).await.unwrap();
        assert_eq!(simulator.counts().requests, 2, "{hours} h");
        let corrected: Vec<i64> = trace
            .drain()
            .iter()
            .filter_map(|event| match event {
                Event::ClockCorrected { seconds, .. } => Some(*seconds),
                _ => None,
            })
            .collect();
        assert_eq!(corrected.len(), 1);
        assert!((corrected[0] - hours * 3600).abs() <= 2, "{corrected:?}");
        // From now on it is known.
        ask(&engine, &client, "time_shift_data", given(), &trace).await.unwrap();
        assert_eq!(simulator.counts().requests, 3);
    }
}

#[tokio::test]
async fn a_clock_that_cannot_be_corrected_is_given_up() {
    let simulator = start();
    let refusal = r#"{"ResponseMetadata":{"RequestId":"1","Error":{"Code":"InvalidTimestamp","Message":"off"}}}"#;
    fault(&simulator, &format!("status:400;body={refusal}"), 0);
    let client = client_of(&simulator, "volcengine", 0, Options::default());
    let error = call(&Engine::default(), &client, "time_shift_data").await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (Kind::AuthenticationFailed, 2));
    assert_eq!(simulator.counts().requests, 2);
}

// Limits and connections

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_call_frees_its_permit_and_its_connection() {
    let simulator = start();
    fault(&simulator, "hang", 0);
    let (engine, client) = (Arc::new(Engine::default()), Arc::new(sora(&simulator, limited(4))));
    let task = || {
        let (engine, client) = (Arc::clone(&engine), Arc::clone(&client));
        tokio::spawn(async move { call(&engine, &client, COUNTER).await })
    };
    let dropped = async |tasks: Vec<JoinHandle<Result<Typed>>>| {
        tasks.iter().for_each(JoinHandle::abort);
        for task in tasks {
            assert!(task.await.unwrap_err().is_cancelled());
        }
    };
    let under_way: Vec<_> = (0..4).map(|_| task()).collect();
    until(|| simulator.counts().requests == 4).await;
    let next: Vec<_> = (0..4).map(|_| task()).collect();
    // What never had a permit goes first: whoever was next when its holder goes may send before it is dropped.
    dropped((0..4).map(|_| task()).collect()).await;
    dropped(under_way).await;
    until(|| simulator.counts().disconnects == 4).await;
    until(|| simulator.counts().requests == 8).await;
    dropped(next).await;
    until(|| simulator.counts().disconnects == 8).await;
    simulator.clear_faults();
    let results = calls(&engine, &client, COUNTER, 4).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(simulator.counts().requests, 12);
}

/// The most requests that were under way at once, if each took this long.
fn most_at_once(requests: &[RequestRecord], each_takes_micros: u64) -> usize {
    let arrivals: Vec<u64> = requests.iter().map(|record| record.arrived_micros).collect();
    let running = |now: &u64| {
        arrivals
            .iter()
            .filter(|at| **at <= *now && *now < **at + each_takes_micros)
            .count()
    };
    arrivals.iter().map(running).max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_requests_are_under_way_than_the_account_may_have() {
    let simulator = start();
    fault(&simulator, "latency:100", 0);
    let (engine, client) = (Arc::new(Engine::default()), Arc::new(sora(&simulator, limited(3))));
    let results = calls(&engine, &client, COUNTER, 12).await;
    assert!(results.iter().all(Result::is_ok));
    let most = most_at_once(&simulator.requests(), 99_000);
    assert!((2..=3).contains(&most), "{most}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_of_one_account_share_its_limits() {
    let simulator = start();
    fault(&simulator, "latency:100", 0);
    let engine = Arc::new(Engine::default());
    let clients = [limited(2), limited(2)].map(|options| Arc::new(sora(&simulator, options)));
    let (one, other) = tokio::join!(
        calls(&engine, &clients[0], COUNTER, 5),
        calls(&engine, &clients[1], COUNTER, 5)
    );
    assert!(one.iter().chain(&other).all(Result::is_ok));
    assert_eq!(most_at_once(&simulator.requests(), 99_000), 2);
    // Another account has limits of its own, so its refusal does not wait behind these.
    simulator.clear_requests();
    let stranger = Arc::new(client_with(
        &simulator,
        "sora",
        0,
        ("api_key", "another key"),
        limited(2),
    ));
    let (_, refused) = tokio::join!(
        calls(&engine, &clients[0], COUNTER, 4),
        calls(&engine, &stranger, COUNTER, 4)
    );
    assert!(refused.iter().all(Result::is_err));
    let most = most_at_once(&simulator.requests(), 99_000);
    assert!((3..=4).contains(&most), "{most}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declared_rate_is_kept() {
    let simulator = start();
    // Volcengine declares 30 requests in a second.
    let (engine, client) = (
        Arc::new(Engine::default()),
        Arc::new(client_of(&simulator, "volcengine", 0, limited(16))),
    );
    let results = calls(&engine, &client, "time_shift_data", 31).await;
    assert!(results.iter().all(Result::is_ok));
    let arrivals: Vec<u64> = simulator
        .requests()
        .iter()
        .map(|record| record.arrived_micros)
        .collect();
    let spent = arrivals.iter().max().unwrap() - arrivals.iter().min().unwrap();
    assert!(spent >= 900_000, "30 intervals of 33 ms took {spent} µs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_used_again() {
    let simulator = start();
    let (engine, client) = (
        Arc::new(Engine::default()),
        Arc::new(sora(&simulator, Options::default())),
    );
    for _ in 0..100 {
        call(&engine, &client, COUNTER).await.unwrap();
    }
    let results = calls(&engine, &client, TRAFFIC, 100).await;
    assert!(results.iter().all(Result::is_ok));
    let counts = simulator.counts();
    assert_eq!(counts.requests, 200);
    assert!(counts.connections <= 10, "{} connections", counts.connections);
}

// Bodies

#[tokio::test]
async fn the_bytes_decide_what_a_body_is() {
    let simulator = start();
    let (engine, client) = (Engine::default(), sora(&simulator, Options::default()));
    let value = call(&engine, &client, TRAFFIC).await.unwrap();
    for (text, kind, requests) in [
        ("gzip_mislabelled", None, 1),
        ("gzip_unmarked", None, 1),
        ("gzip_cut", Some(Kind::IncompleteResponse), 3),
        ("gzip_bomb:16", Some(Kind::ResponseTooLarge), 1),
        ("truncated", Some(Kind::IncompleteResponse), 3),
        ("reset_in_body", Some(Kind::IncompleteResponse), 3),
        ("bad_chunk_size", Some(Kind::IncompleteResponse), 3),
        ("short_length", Some(Kind::UnexpectedResponse), 1),
        ("twice", None, 1),
    ] {
        simulator.clear_faults();
        simulator.clear_requests();
        fault(&simulator, text, 0);
        match (call(&engine, &client, TRAFFIC).await, kind) {
            (Ok(typed), None) => assert_eq!(typed, value, "{text}"),
            (Err(error), Some(kind)) => assert_eq!(error.kind, kind, "{text}: {error}"),
            (outcome, _) => panic!("{text}: {outcome:?}"),
        }
        assert_eq!(simulator.requests().len(), requests, "{text}");
    }
}

#[tokio::test]
async fn half_of_a_bare_number_is_never_a_number() {
    let simulator = start();
    let (engine, client) = (Engine::default(), sora(&simulator, Options::default()));
    let value = call(&engine, &client, COUNTER).await.unwrap();
    for text in ["truncated", "reset_in_body", "short_length", "gzip_cut"] {
        simulator.clear_faults();
        fault(&simulator, text, 0);
        let error = call(&engine, &client, COUNTER).await.expect_err(text);
        assert!(
            matches!(error.kind, Kind::IncompleteResponse | Kind::UnexpectedResponse),
            "{text}: {error}"
        );
        // One bad answer, and then the right one.
        simulator.clear_faults();
        fault(&simulator, text, 1);
        if text != "short_length" {
            assert_eq!(call(&engine, &client, COUNTER).await.unwrap(), value, "{text}");
        }
    }
}

/// A server of one answer for every connection, whatever is asked; its address.
fn raw_server(head: &'static str, piece: &'static [u8], times: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        // As many connections as any test here makes.
        for stream in listener.incoming().take(4) {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(head.as_bytes());
            for _ in 0..times {
                if stream.write_all(piece).is_err() {
                    break;
                }
            }
        }
    });
    address
}

#[tokio::test]
async fn a_body_beyond_the_cap_is_not_read() {
    let fields = [("api_key".to_owned(), "a key".to_owned())];
    let ask_at = async |address: &str| {
        let client = client(provider("sora").unwrap(), address, &fields, within(10_000)).unwrap();
        call(&Engine::default(), &client, COUNTER).await.unwrap_err()
    };
    let announced = raw_server("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", b"1", 1);
    let error = ask_at(&announced).await;
    assert_eq!((error.kind, error.attempts), (Kind::ResponseTooLarge, 1), "{error}");
    assert!(error.message.contains("99999999"), "{error}");
    // Without a length it is read up to the cap: 8 MiB on the wire.
    let endless = raw_server(
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        &[b'1'; 1 << 14],
        1 << 14,
    );
    let error = ask_at(&endless).await;
    assert_eq!((error.kind, error.attempts), (Kind::ResponseTooLarge, 1), "{error}");
}

#[tokio::test]
async fn a_part_of_an_answer_and_one_that_may_be_cut_are_incomplete() {
    let fields = [("api_key".to_owned(), "a key".to_owned())];
    for (head, body, right) in [
        ("HTTP/1.1 200 OK\r\n\r\n", &b"123"[..], None),
        ("HTTP/1.0 200 OK\r\n\r\n", b"123", None),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"", None),
        (
            "HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\nContent-Range: bytes 0-2/8\r\n\r\n",
            b"123",
            None,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n",
            b"123",
            Some(COUNTER),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
            b"3\r\n123\r\n0\r\n\r\n",
            Some(COUNTER),
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", br#"{"ingress":1,"egress":2}"#, Some(TRAFFIC)),
    ] {
        let address = raw_server(head, body, 1);
        let client = client(provider("sora").unwrap(), &address, &fields, within(10_000)).unwrap();
        let outcome = call(&Engine::default(), &client, right.unwrap_or(COUNTER)).await;
        if right.is_some() {
            assert!(outcome.is_ok(), "{head}: {outcome:?}");
            continue;
        }
        let error = outcome.unwrap_err();
        assert_eq!(
            (error.kind, error.attempts),
            (Kind::IncompleteResponse, 3),
            "{head}: {error}"
        );
    }
    // What a status says does not depend on how its body ends.
    let address = raw_server("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n", b"no", 1);
    let client = client(provider("sora").unwrap(), &address, &fields, within(10_000)).unwrap();
    let error = call(&Engine::default(), &client, COUNTER).await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (Kind::AuthenticationFailed, 1), "{error}");
}

#[tokio::test]
async fn an_error_of_a_generic_call_names_what_was_asked() {
    for (name, way, argument, asked) in [
        ("volcengine", 0, "action", "ListDomainDetail"),
        ("devicewise", 0, "command", "session.info"),
    ] {
        let simulator = start();
        let (engine, client) = (Engine::default(), client_of(&simulator, name, way, Options::default()));
        let question = if name == "volcengine" {
            "time_shift_data"
        } else {
            "api_usage_history"
        };
        call(&engine, &client, question).await.unwrap();
        fault(&simulator, "status:503", 0);
        let given = vec![(
            argument.to_owned(),
            metertap::values::arguments::Value::Text(asked.to_owned()),
        )];
        let error = ask(&engine, &client, "call", given, &Trace::default())
            .await
            .unwrap_err();
        assert_eq!(error.operation, asked);
        assert!(
            error.to_string().starts_with(&format!("{name} {asked}: HTTP 503")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (simulator, elsewhere) = (start(), start());
    let (engine, client) = (Engine::default(), sora(&simulator, Options::default()));
    for status in [301, 302, 303, 307, 308] {
        simulator.clear_faults();
        let location = format!("{}/orgs/get-total-connections-this-month", elsewhere.origin());
        fault(&simulator, &format!("status:{status};location={location}"), 0);
        let error = call(&engine, &client, COUNTER).await.unwrap_err();
        assert_eq!(
            (error.kind, error.attempts, error.http_status),
            (Kind::UnexpectedRedirect, 1, Some(status))
        );
    }
    assert_eq!(elsewhere.counts(), metertap::simulator::server::Counts::default());
}

// Several calls that make one answer

#[tokio::test]
async fn nine_counters_come_together_or_not_at_all() {
    let simulator = start();
    let (engine, client) = (Engine::default(), sora(&simulator, Options::default()));
    let composite = &client.provider.facts().composites[0];
    let parts = composite.parts.iter();
    let calls: Vec<_> = parts
        .map(|part| metertap::service::Call::new(client.provider, part, Vec::new()).unwrap())
        .collect();
    let trace = Trace::default();
    let together = engine.ask_together(&client, composite, &calls, &trace).await.unwrap();
    let Typed::Record(name, fields, _) = together.typed() else {
        panic!("no record")
    };
    assert_eq!((name, fields.len()), ("StatusThisMonth", 10));
    let (retrieved_at, Typed::Instant(instant)) = &fields[9] else {
        panic!("{:?}", fields[9])
    };
    assert_eq!((*retrieved_at, instant.to_utc_text().as_str()), ("retrieved_at", NOW));
    assert_eq!(simulator.counts().requests, 9);
    let last = Fault {
        path_contains: Some("webhook".to_owned()),
        ..Fault::new(FaultKind::parse("status:403").unwrap())
    };
    simulator.add_fault(last).unwrap();
    let outcome = engine.ask_together(&client, composite, &calls, &trace).await;
    assert_eq!(outcome.err().map(|error| error.kind), Some(Kind::PermissionDenied));
}
