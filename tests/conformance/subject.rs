//! A provider under test, with accounts, questions and good answers.

use metertap::providers::BUILT_IN;
use metertap::service::{Account, Call, Facts, Login, Proof, Provider, Reply, Request, Secrets};
use metertap::simulator::{self, Service, http, world::World};
use metertap::values::arguments::Value;
use metertap::values::error::Result;
use metertap::values::secret::Secret;
use metertap::values::shape::Typed;

use crate::common::{self, EXAMPLES, NOW, WAYS};

/// Arguments as a caller passes them.
pub type Given = Vec<(String, Value)>;
/// The fields of an account: settings and secrets.
pub type Fields = Vec<(String, String)>;

/// A provider under test.
pub struct Subject {
    /// The provider.
    pub provider: &'static dyn Provider,
    /// Ways to make an account.
    pub ways: Vec<Fields>,
    /// Example arguments of its operations.
    pub example: fn(&'static Facts, &str) -> Option<Given>,
    /// What a good service answers.
    pub good: fn(&Subject) -> Vec<(Call, Reply)>,
}

/// Every registered provider.
pub fn registered() -> Vec<Subject> {
    let subject = |provider: &&'static dyn Provider| Subject {
        provider: *provider,
        ways: ways(*provider),
        example: |facts, operation| common::example(facts.name, operation),
        good: simulated,
    };
    BUILT_IN.iter().map(subject).collect()
}

/// Every registered provider, and the toy.
pub fn with_toy() -> Vec<Subject> {
    let mut subjects = registered();
    subjects.push(toy());
    subjects
}

/// The toy under test.
fn toy() -> Subject {
    Subject {
        provider: &common::TOY,
        ways: vec![vec![("api_key".to_owned(), "toy key+/= not real".to_owned())]],
        example: |_, _| {
            let range = [("start", "2026-05-01"), ("end", "2026-05-03")];
            let text = |(name, text): (&str, &str)| (name.to_owned(), Value::Text(text.to_owned()));
            Some(range.map(text).to_vec())
        },
        good: |toy| {
            let body = common::replay::TOY_BODY;
            let reply = Reply {
                status: 200,
                headers: Vec::new(),
                body: body.as_bytes().to_vec(),
            };
            toy.calls().into_iter().map(|call| (call, reply.clone())).collect()
        },
    }
}

/// The service that stands for this provider.
pub fn service(provider: &'static dyn Provider) -> Box<dyn Service> {
    let mut services = simulator::services().into_iter();
    let found = services.find(|service| service.name() == provider.facts().name);
    found.expect("a service is simulated for every provider")
}

/// The ways of the table, with what the simulated service accepts.
fn ways(provider: &'static dyn Provider) -> Vec<Fields> {
    let known = service(provider).credentials(1);
    let field = |name: &&str| {
        let found = known.iter().find(|(key, _)| key == name);
        let (_, text) = found.unwrap_or_else(|| panic!("the simulator has no {name}"));
        ((*name).to_owned(), text.clone())
    };
    let rows = WAYS.iter().filter(|(of, _)| *of == provider.facts().name);
    let ways: Vec<Fields> = rows.map(|(_, names)| names.iter().map(field).collect()).collect();
    assert!(
        !ways.is_empty(),
        "{} has no way to make an account",
        provider.facts().name
    );
    ways
}

impl Subject {
    /// What the provider is.
    pub fn facts(&self) -> &'static Facts {
        self.provider.facts()
    }

    /// An account for every way, with its secrets.
    pub fn accounts(&self) -> Vec<(Account, Secrets)> {
        let base_url = common::base_url(self.provider);
        let account = |fields: &Fields| common::account(self.provider, base_url, fields).unwrap();
        self.ways.iter().map(account).collect()
    }

    /// One account.
    pub fn account(&self) -> (Account, Secrets) {
        self.accounts().swap_remove(0)
    }

    /// The example arguments of an operation.
    pub fn example(&self, operation: &str) -> Given {
        let found = (self.example)(self.facts(), operation);
        found.unwrap_or_else(|| panic!("{operation} has no example arguments"))
    }

    /// A call of every operation.
    pub fn calls(&self) -> Vec<Call> {
        let call = |operation: &'static str| Call::new(self.provider, operation, self.example(operation)).unwrap();
        self.facts()
            .operations
            .iter()
            .map(|operation| call(operation.name))
            .collect()
    }

    /// The example arguments with one of them replaced or added.
    pub fn example_with(&self, operation: &str, name: &str, value: Value) -> Given {
        let mut given = self.example(operation);
        given.retain(|(known, _)| known != name);
        given.push((name.to_owned(), value));
        given
    }

    /// What a good service answers to every call.
    pub fn good(&self) -> Vec<(Call, Reply)> {
        (self.good)(self)
    }

    /// The typed answer that a reply stands for.
    pub fn read(&self, call: &Call, reply: &Reply) -> Result<Typed> {
        self.provider.typed(call, &self.provider.answer(call, reply)?)
    }

    /// The document's numbers and the typed answer.
    pub fn read_both(&self, call: &Call, reply: &Reply) -> Result<(Vec<String>, Typed)> {
        let document = self.provider.answer(call, reply)?;
        let typed = self.provider.typed(call, &document)?;
        Ok((common::numbers(&Typed::Json(document.into_owned())), typed))
    }
}

/// The same reply with another body.
pub fn with_body(reply: &Reply, body: impl Into<Vec<u8>>) -> Reply {
    Reply {
        body: body.into(),
        ..reply.clone()
    }
}

/// True if a row of the table of examples is for this operation.
pub fn has_own_row(provider: &str, operation: &str) -> bool {
    EXAMPLES
        .iter()
        .any(|(of, name, _)| *of == provider && *name == operation)
}

/// A signed request.
pub fn signed(
    provider: &dyn Provider,
    account: &Account,
    secrets: &Secrets,
    call: &Call,
    token: Option<&Secret>,
) -> Request {
    let mut request = provider.request(account, call).unwrap();
    let proof = Proof {
        secrets,
        token,
        now: jiff::Timestamp::now(),
    };
    provider.sign(account, &mut request, &proof).unwrap();
    request
}

/// Asks the simulated service every question, without a network.
fn simulated(subject: &Subject) -> Vec<(Call, Reply)> {
    let service = service(subject.provider);
    let world = World::new(7, Some(NOW.parse().unwrap()));
    let base_url = service.base_url("http://127.0.0.1:8080");
    let (account, secrets) = common::account(subject.provider, &base_url, &subject.ways[0]).unwrap();
    let token = log_in(subject.provider, &account, &secrets, |request| {
        ask(&*service, &world, request)
    });
    let asked = subject.calls().into_iter().map(|call| {
        let request = signed(subject.provider, &account, &secrets, &call, token.as_ref());
        let reply = ask(&*service, &world, &request);
        (call, reply)
    });
    asked.collect()
}

/// Goes through the steps of a login.
fn log_in(
    provider: &dyn Provider,
    account: &Account,
    secrets: &Secrets,
    ask: impl Fn(&Request) -> Reply,
) -> Option<Secret> {
    let mut answers = Vec::new();
    loop {
        match provider.login(account, secrets, &answers).unwrap() {
            Login::NotNeeded => return None,
            Login::Granted(grant) => return Some(grant.token),
            Login::Send(request) => answers.push(ask(&request)),
        }
    }
}

fn ask(service: &dyn Service, world: &World, request: &Request) -> Reply {
    let url = url::Url::parse(&request.url).unwrap();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let mut headers = vec![
        ("host".to_owned(), host),
        ("content-length".to_owned(), request.body.len().to_string()),
    ];
    headers.extend(
        request
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    let response = service.answer(
        world,
        &http::Request {
            method: format!("{:?}", request.method).to_uppercase(),
            path: url.path().to_owned(),
            query: url.query().unwrap_or_default().to_owned(),
            headers,
            body: request.body.clone(),
        },
    );
    let headers = response.headers.into_iter();
    Reply {
        status: response.status,
        headers: headers.map(|(name, value)| (name.to_lowercase(), value)).collect(),
        body: response.body,
    }
}
