//! Requests: what leaves the machine.

use metertap::service::{Account, Call, Login, Request, Secrets};
use metertap::values::arguments::{Accepts, Argument, Needed, Value};
use metertap::values::secret::{Secret, scrub};

use crate::common;
use crate::subject::{Subject, signed};

fn parts(request: &Request) -> (String, String, Vec<(&'static str, String)>, Vec<u8>) {
    let method = format!("{:?}", request.method);
    (
        method,
        request.url.clone(),
        request.headers.clone(),
        request.body.clone(),
    )
}

/// Every account with every call.
fn each(subject: &Subject, check: impl Fn(&Account, &Secrets, &Call, &Request)) {
    for (account, secrets) in subject.accounts() {
        for call in subject.calls() {
            let request = subject.provider.request(&account, &call).unwrap();
            check(&account, &secrets, &call, &request);
        }
    }
}

/// True if the text holds one of these words in any usual encoding.
fn shows(text: &str, secrets: &Secrets, token: Option<&Secret>) -> bool {
    let words: Vec<&Secret> = secrets.0.iter().map(|(_, secret)| secret).chain(token).collect();
    scrub(text, &words) != text
}

fn token() -> Secret {
    Secret::new("a-token+/=that-is-not-real")
}

pub fn requests_are_pure(subject: &Subject) {
    each(subject, |account, _, call, request| {
        let again = subject.provider.request(account, call).unwrap();
        assert_eq!(parts(request), parts(&again));
    });
}

pub fn requests_stay_below_the_base_url(subject: &Subject) {
    each(subject, |account, _, call, request| {
        let name = call.operation.name;
        assert!(
            request.url.starts_with(&format!("{}/", account.base_url)),
            "{name}: {}",
            request.url
        );
        let url = url::Url::parse(&request.url).unwrap();
        assert_eq!(url.as_str(), request.url, "{name} is changed by who reads it");
        assert_eq!((url.fragment(), url.username(), url.password()), (None, "", None));
        assert!(
            !url.path().contains("//") && !url.path().contains('{') && !url.path().contains("%7B"),
            "{}",
            request.url
        );
        assert_eq!(url.scheme(), "https");
    });
}

pub fn a_path_in_the_base_url_is_kept(subject: &Subject) {
    for base_url in [
        "http://127.0.0.1:8080/gateway",
        "https://[::1]:8443/a/b",
        "http://localhost:1",
    ] {
        for way in &subject.ways {
            let (account, _) = common::account(subject.provider, base_url, way).unwrap();
            for call in subject.calls() {
                let request = subject.provider.request(&account, &call).unwrap();
                assert!(request.url.starts_with(&format!("{base_url}/")), "{}", request.url);
            }
        }
    }
}

pub fn unsigned_requests_hold_no_secret(subject: &Subject) {
    each(subject, |_, secrets, call, request| {
        let (_, url, headers, body) = parts(request);
        let text = format!("{url} {headers:?} {}", String::from_utf8_lossy(&body));
        assert!(!shows(&text, secrets, None), "{}", call.operation.name);
    });
}

pub fn signing_adds_something_and_moves_nothing(subject: &Subject) {
    each(subject, |account, secrets, call, before| {
        let after = signed(subject.provider, account, secrets, call, Some(&token()));
        let host = |request: &Request| {
            let url = url::Url::parse(&request.url).unwrap();
            (
                url.scheme().to_owned(),
                url.host_str().map(str::to_owned),
                url.port(),
                url.path().to_owned(),
            )
        };
        assert_eq!(host(before), host(&after));
        assert_eq!(before.method, after.method);
        assert_ne!(parts(before), parts(&after), "{} is not signed", call.operation.name);
        assert!(
            before.headers.iter().all(|header| after.headers.contains(header)),
            "a header is gone"
        );
    });
}

pub fn signing_is_pure(subject: &Subject) {
    each(subject, |account, secrets, call, request| {
        let token = token();
        let proof = metertap::service::Proof {
            secrets,
            token: Some(&token),
            now: "2026-05-01T00:00:00Z".parse().unwrap(),
        };
        let sign = || {
            let mut request = request.clone();
            subject.provider.sign(account, &mut request, &proof).unwrap();
            parts(&request)
        };
        assert_eq!(sign(), sign(), "{}", call.operation.name);
    });
}

pub fn no_url_holds_a_secret(subject: &Subject) {
    each(subject, |account, secrets, call, _| {
        let request = signed(subject.provider, account, secrets, call, Some(&token()));
        assert!(!shows(&request.url, secrets, Some(&token())), "{}", call.operation.name);
    });
    for (account, secrets) in subject.accounts() {
        if let Login::Send(request) = subject.provider.login(&account, &secrets, &[]).unwrap() {
            assert!(!shows(&request.url, &secrets, None), "the login");
        }
    }
}

pub fn headers_can_be_sent(subject: &Subject) {
    each(subject, |account, secrets, call, _| {
        let request = signed(subject.provider, account, secrets, call, Some(&token()));
        for (index, (name, value)) in request.headers.iter().enumerate() {
            let is_token = name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            assert!(is_token && !name.is_empty(), "{name}");
            assert!(
                !["host", "content-length", "accept-encoding", "connection"].contains(name),
                "{name} is the HTTP library's"
            );
            assert!(
                value
                    .chars()
                    .all(|character| character.is_ascii() && !character.is_ascii_control()),
                "{name}"
            );
            assert!(
                request.headers[..index].iter().all(|(other, _)| other != name),
                "{name} twice"
            );
        }
    });
}

pub fn bodies_say_what_they_are(subject: &Subject) {
    each(subject, |_, _, call, request| {
        let name = call.operation.name;
        let kind = request.headers.iter().find(|(name, _)| *name == "content-type");
        if request.body.is_empty() {
            return;
        }
        assert_eq!(
            kind.map(|(_, value)| value.as_str()),
            Some("application/json"),
            "{name}"
        );
        assert!(
            serde_json::from_slice::<serde_json::Value>(&request.body).is_ok(),
            "{name}"
        );
    });
}

/// Another value than the example's leads to another request: nothing that is asked is left out.
pub fn every_argument_reaches_the_wire(subject: &Subject) {
    let (account, _) = subject.account();
    for operation in subject.facts().operations {
        let usual = Call::new(subject.provider, operation.name, subject.example(operation.name)).unwrap();
        let usual = parts(&subject.provider.request(&account, &usual).unwrap());
        for argument in operation.arguments {
            let mut others = other_values(argument.accepts);
            others.retain(|value| !is_default(argument, value));
            let requests = others.iter().filter_map(|value| {
                let given = subject.example_with(operation.name, argument.name, value.clone());
                let call = Call::new(subject.provider, operation.name, given).ok()?;
                Some(parts(&subject.provider.request(&account, &call).ok()?))
            });
            let requests: Vec<_> = requests.collect();
            // Some arguments only go together with others.
            if !requests.is_empty() {
                assert!(
                    requests.iter().any(|request| *request != usual),
                    "{}: {} is not sent",
                    operation.name,
                    argument.name
                );
            }
        }
    }
}

fn is_default(argument: &Argument, value: &Value) -> bool {
    match (argument.needed, value) {
        (Needed::Flag(default), Value::Flag(truth)) => default == *truth,
        (Needed::Whole(default), Value::Whole(number)) => default == *number,
        (Needed::Text(default), Value::Text(text)) => default == text,
        _ => false,
    }
}

fn other_values(accepts: Accepts) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    match accepts {
        Accepts::Flag => vec![Value::Flag(true), Value::Flag(false)],
        Accepts::Whole(low, high) => vec![Value::Whole(low), Value::Whole(high)],
        Accepts::WholeOf(allowed) => allowed.iter().map(|number| Value::Whole(*number)).collect(),
        Accepts::OneOf(allowed) | Accepts::SomeOf(allowed) => allowed.iter().map(|word| text(word)).collect(),
        Accepts::Text(_) | Accepts::Texts(_) => {
            vec![
                text("other"),
                text("7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e45"),
                text("12h"),
                text("a.b.list"),
                text("ListOther"),
                text("2024-01-01"),
            ]
        }
        Accepts::Moment | Accepts::MomentOrMilliseconds => vec![
            text("2026-05-10"),
            text("2026-06-10T12:00:00Z"),
            text("2026-06-10T12:00:00+08:00"),
        ],
        Accepts::Dict => vec![Value::Map(vec![("Other".to_owned(), Value::Whole(1))])],
        Accepts::Dicts => vec![Value::List(vec![Value::Map(vec![(
            "Other".to_owned(),
            Value::Whole(1),
        )])])],
    }
}
