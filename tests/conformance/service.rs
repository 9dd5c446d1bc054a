//! Through the engine and a socket, against the simulated service.

use std::future::Future;

use metertap::engine::{Client, Engine, Options, Trace};
use metertap::service::Login;
use metertap::simulator::faults::{Fault, FaultKind};
use metertap::simulator::server::{Config, Simulator};
use metertap::values::error::{Error, Kind, Result};
use metertap::values::secret::{Secret, scrub};
use metertap::values::shape::{Holds, Typed};

use crate::common::engine::{ask, client, within};
use crate::common::{self, NOW};
use crate::subject::{Fields, Subject};

fn start(tls: bool) -> Simulator {
    let config = Config {
        seed: 7,
        now: Some(NOW.parse().unwrap()),
        tls,
        ..Config::default()
    };
    Simulator::start(config).unwrap()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

fn client_of(subject: &Subject, simulator: &Simulator, way: &Fields, options: Options) -> Client {
    let base_url = simulator.base_url(subject.facts().name, false).unwrap();
    client(subject.provider, &base_url, way, options).unwrap()
}

/// An operation whose answer has parts, so that half of it can be told from the whole.
fn structured(subject: &Subject) -> &'static str {
    let mut operations = subject.facts().operations.iter();
    let found = operations.find(|operation| matches!(operation.returns, Holds::Record(_)));
    found.unwrap().name
}

async fn call(subject: &Subject, engine: &Engine, client: &Client, operation: &str) -> Result<Typed> {
    ask(engine, client, operation, subject.example(operation), &Trace::default()).await
}

pub fn every_operation_is_answered(subject: &Subject) {
    let simulator = start(false);
    let operations = subject.facts().operations;
    run(async {
        for (index, way) in subject.ways.iter().enumerate() {
            let (engine, client) = (
                Engine::default(),
                client_of(subject, &simulator, way, Options::default()),
            );
            // The first way asks everything; the others show that they open the door, too.
            let operations = if index == 0 { operations } else { &operations[..1] };
            for operation in operations {
                let typed = call(subject, &engine, &client, operation.name).await;
                assert!(typed.is_ok(), "{}: {typed:?}", operation.name);
            }
        }
    });
}

pub fn the_same_question_has_the_same_answer(subject: &Subject) {
    let answers = |simulator: &Simulator| {
        run(async {
            let (engine, client) = (
                Engine::default(),
                client_of(subject, simulator, &subject.ways[0], Options::default()),
            );
            call(subject, &engine, &client, structured(subject)).await.unwrap()
        })
    };
    let (one, other) = (start(false), start(false));
    assert_eq!(answers(&one), answers(&one));
    assert_eq!(answers(&one), answers(&other));
}

pub fn an_encrypted_answer_is_the_same(subject: &Subject) {
    let simulator = start(true);
    let name = subject.facts().name;
    let ca_file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("conformance-{name}.pem"));
    std::fs::write(&ca_file, simulator.ca_pem().unwrap()).unwrap();
    let options = Options {
        ca_file: Some(ca_file.to_str().unwrap().to_owned()),
        ..Options::default()
    };
    run(async {
        let engine = Engine::default();
        let plain = client_of(subject, &simulator, &subject.ways[0], Options::default());
        let base_url = simulator.base_url(name, true).unwrap();
        let encrypted = client(subject.provider, &base_url, &subject.ways[0], options).unwrap();
        let operation = structured(subject);
        let answer = call(subject, &engine, &encrypted, operation).await.unwrap();
        assert_eq!(answer, call(subject, &engine, &plain, operation).await.unwrap());
        // Without the certificate nothing is sent.
        let stranger = client(subject.provider, &base_url, &subject.ways[0], Options::default()).unwrap();
        simulator.clear_requests();
        let error = call(subject, &Engine::default(), &stranger, operation)
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::CertificateRejected, "{error}");
        assert!(simulator.requests().is_empty());
    });
}

/// The way with one of its secrets replaced.
fn with_secret(way: &Fields, secret: &str, text: &str) -> Fields {
    let mut fields = way.clone();
    fields
        .iter_mut()
        .filter(|(name, _)| name == secret)
        .for_each(|(_, value)| text.clone_into(value));
    fields
}

/// Every way with every secret of it.
fn secrets(subject: &Subject) -> impl Iterator<Item = (&Fields, &'static str)> {
    let secrets = subject.facts().secrets;
    let of = move |way: &Fields| {
        let way = way.clone();
        secrets
            .iter()
            .map(|secret| secret.name)
            .filter(move |name| way.iter().any(|(field, _)| field == name))
    };
    subject
        .ways
        .iter()
        .flat_map(move |way| of(way).map(move |name| (way, name)))
}

pub fn a_wrong_secret_is_refused_once(subject: &Subject) {
    for (way, secret) in secrets(subject) {
        let simulator = start(false);
        let way = with_secret(way, secret, "a wrong secret that is not real");
        let client = client_of(subject, &simulator, &way, Options::default());
        let error = run(call(subject, &Engine::default(), &client, structured(subject))).expect_err(secret);
        assert_eq!(error.kind, Kind::AuthenticationFailed, "{secret}: {error}");
        assert_eq!(error.provider, subject.facts().name);
        assert_eq!(simulator.counts().requests, 1, "{secret}: {error}");
    }
}

/// True if the account of this way signs with something that must be fetched.
fn logs_in(subject: &Subject, way: &Fields) -> bool {
    let (account, secrets) = common::account(subject.provider, common::base_url(subject.provider), way).unwrap();
    !matches!(
        subject.provider.login(&account, &secrets, &[]).unwrap(),
        Login::NotNeeded
    )
}

pub fn an_expired_login_is_made_anew_once(subject: &Subject) {
    for way in &subject.ways {
        let simulator = start(false);
        let client = client_of(subject, &simulator, way, Options::default());
        run(async {
            let engine = Engine::default();
            let before = call(subject, &engine, &client, structured(subject)).await.unwrap();
            simulator.expire_sessions(subject.facts().name).unwrap();
            simulator.clear_requests();
            let after = call(subject, &engine, &client, structured(subject)).await.unwrap();
            assert_eq!(before, after);
        });
        // Refused, logged in, asked again; or nothing was to be renewed.
        let expected = if logs_in(subject, way) { 3 } else { 1 };
        assert_eq!(simulator.requests().len(), expected, "{way:?}");
    }
}

/// How a call under a fault ends.
enum End {
    /// In the value that it has without the fault.
    Well,
    /// In one of these errors.
    In(&'static [Kind]),
}

use End::{In, Well};

/// A fault, how many requests it hits (0: all), how the call ends, and how many requests that takes (0: any number).
const FAULTS: &[(&str, u32, End, u64)] = &[
    ("latency:20", 0, Well, 1),
    ("bom", 0, Well, 1),
    ("gzip_mislabelled", 0, Well, 1),
    ("gzip_unmarked", 0, Well, 1),
    ("informational", 0, Well, 1),
    ("huge_headers:32", 0, Well, 1),
    ("status:503", 1, Well, 2),
    ("status:500;body={\"x\":1}", 2, Well, 3),
    ("status:429;retry-after=1", 1, Well, 2),
    ("html:502", 2, Well, 3),
    ("reset", 1, Well, 2),
    ("close", 2, Well, 3),
    ("truncated", 1, Well, 2),
    ("reset_in_body", 1, Well, 2),
    ("gzip_cut", 1, Well, 2),
    ("bad_chunk_size", 1, Well, 2),
    ("status:503", 0, In(&[Kind::ServerError]), 3),
    ("reset", 0, In(&[Kind::ConnectionLost]), 3),
    ("truncated", 0, In(&[Kind::IncompleteResponse]), 3),
    ("gzip_cut", 0, In(&[Kind::IncompleteResponse]), 3),
    ("status:400", 0, In(&[Kind::InvalidRequest]), 1),
    (
        "status:403",
        0,
        In(&[Kind::PermissionDenied, Kind::AuthenticationFailed]),
        0,
    ),
    ("status:401", 0, In(&[Kind::AuthenticationFailed]), 0),
    ("status:404", 0, In(&[Kind::NotFound]), 1),
    (
        "status:302;location=http://127.0.0.1:9/",
        0,
        In(&[Kind::UnexpectedRedirect]),
        1,
    ),
    ("html", 0, In(&[Kind::UnexpectedResponse]), 1),
    ("empty", 0, In(&[Kind::UnexpectedResponse]), 1),
    ("status:204;body=", 0, In(&[Kind::UnexpectedResponse]), 1),
    ("cut_json", 0, In(&[Kind::UnexpectedResponse]), 1),
    ("garbage_json", 0, In(&[Kind::UnexpectedResponse]), 1),
    ("deep_json", 0, In(&[Kind::UnexpectedResponse]), 1),
    ("duplicate_keys", 0, In(&[Kind::UnexpectedResponse]), 1),
    ("wrong_types", 0, In(&[Kind::UnexpectedResponse]), 1),
    ("nan", 0, In(&[Kind::UnexpectedResponse]), 1),
    ("charset", 0, In(&[Kind::UnexpectedResponse]), 1),
    (
        "short_length",
        0,
        In(&[Kind::UnexpectedResponse, Kind::IncompleteResponse]),
        0,
    ),
    ("gzip_bomb:8", 0, In(&[Kind::ResponseTooLarge]), 1),
    ("huge_headers:2048", 0, In(&[Kind::ConnectionLost]), 3),
    ("bad_status_line", 0, In(&[Kind::ConnectionLost]), 3),
    (
        "error_in_200",
        0,
        In(&[Kind::UnexpectedResponse, Kind::InvalidRequest, Kind::ServerError]),
        0,
    ),
];

fn fault(simulator: &Simulator, text: &str, times: u32) {
    let kind = FaultKind::parse(text).unwrap();
    let times = (times > 0).then_some(times);
    simulator
        .add_fault(Fault {
            times,
            ..Fault::new(kind)
        })
        .unwrap();
}

pub fn faults_end_in_the_right_value_or_the_right_class(subject: &Subject) {
    let simulator = start(false);
    let operation = structured(subject);
    for (text, times, end, requests) in FAULTS {
        simulator.clear_faults();
        let client = client_of(subject, &simulator, &subject.ways[0], Options::default());
        run(async {
            let engine = Engine::default();
            let plain = call(subject, &engine, &client, operation).await.unwrap();
            simulator.clear_requests();
            fault(&simulator, text, *times);
            let outcome = call(subject, &engine, &client, operation).await;
            let sent = simulator.requests().len() as u64;
            match (end, &outcome) {
                (Well, Ok(typed)) => assert_eq!(*typed, plain, "{text}"),
                (In(kinds), Err(error)) => {
                    assert!(kinds.contains(&error.kind), "{text}: {error:?}");
                    check_circumstances(subject, error);
                    let counted = u64::from(error.attempts);
                    assert!(
                        counted == sent || *requests == 0,
                        "{text}: {counted} counted, {sent} sent"
                    );
                }
                _ => panic!("{text}: {outcome:?}"),
            }
            assert!(*requests == 0 || sent == *requests, "{text}: {sent} requests");
        });
    }
}

/// What every error says, whatever it is.
fn check_circumstances(subject: &Subject, error: &Error) {
    assert_eq!(error.provider, subject.facts().name);
    assert!(!error.operation.is_empty() && error.attempts > 0);
    assert!(
        error.to_string().starts_with(subject.facts().name) && !error.to_string().contains('\n'),
        "{error}"
    );
}

pub fn a_stalled_service_ends_in_time(subject: &Subject) {
    let simulator = start(false);
    for text in ["hang", "hang_in_body", "latency:60000", "drip:200"] {
        simulator.clear_faults();
        let client = client_of(subject, &simulator, &subject.ways[0], within(400));
        run(async {
            let engine = Engine::default();
            call(subject, &engine, &client, structured(subject)).await.unwrap();
            fault(&simulator, text, 0);
            let error = call(subject, &engine, &client, structured(subject))
                .await
                .expect_err(text);
            assert_eq!(error.kind, Kind::RequestTimeout, "{text}: {error:?}");
            let spent = error.elapsed.as_millis();
            assert!((400..1000).contains(&spent), "{text}: {spent} ms");
        });
    }
}

pub fn no_secret_is_in_an_error_or_an_event(subject: &Subject) {
    const CANARY: &str = "canary+/=\"that is not real%41";
    let secret = Secret::new(CANARY);
    let forms = {
        use base64::Engine as _;
        let base64 = base64::engine::general_purpose::STANDARD.encode(CANARY);
        let escaped = serde_json::to_string(CANARY).unwrap();
        let encoded = metertap::values::text::encode(CANARY);
        format!("{CANARY} {base64} {encoded} {{\"message\": {escaped}, \"Message\": {escaped}, \"error\": {escaped}}}")
    };
    let escaped = serde_json::to_string(CANARY).unwrap();
    let json =
        format!("{{\"message\": {escaped}, \"error\": {escaped}, \"error_id\": {escaped}, \"title\": {escaped}}}");
    for (way, name) in secrets(subject) {
        let simulator = start(false);
        let way = with_secret(way, name, CANARY);
        for status in [200, 302, 400, 401, 403, 404, 429, 500] {
            for body in [&forms, &json] {
                simulator.clear_faults();
                fault(
                    &simulator,
                    &format!("status:{status};x-request-id={CANARY};body={body}"),
                    0,
                );
                let once = Options {
                    retries: 0,
                    ..Options::default()
                };
                let client = client_of(subject, &simulator, &way, once);
                let trace = Trace::default();
                let operation = structured(subject);
                let asked = run(ask(
                    &Engine::default(),
                    &client,
                    operation,
                    subject.example(operation),
                    &trace,
                ));
                let error = asked.expect_err("a refusal");
                let shown = format!(
                    "{error} {error:?} {:?} {:?} {:?}",
                    error.message, error.request_id, error.provider_code
                );
                for text in [shown, format!("{:?}", trace.drain())] {
                    assert_eq!(scrub(&text, &[&secret]), text, "{name} shows in {status}");
                }
            }
        }
    }
}

pub fn the_requests_log_shows_no_secret(subject: &Subject) {
    let simulator = start(false);
    let (_, secrets) = subject.account();
    let words: Vec<&Secret> = secrets.0.iter().map(|(_, secret)| secret).collect();
    let client = client_of(subject, &simulator, &subject.ways[0], Options::default());
    run(async {
        let engine = Engine::default();
        for operation in subject.facts().operations {
            call(subject, &engine, &client, operation.name).await.unwrap();
        }
    });
    let requests = simulator.requests();
    assert!(requests.len() >= subject.facts().operations.len());
    for record in requests {
        let shown = format!("{} {}", record.path, record.query);
        assert_eq!(scrub(&shown, &words), shown);
        assert_eq!(record.provider, Some(subject.facts().name));
    }
}
