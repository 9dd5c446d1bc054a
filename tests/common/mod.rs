//! What the integration tests share: for every provider, ways to make an account and example arguments of every
//! operation, so that one test can go over the whole registry; the fixtures; and small questions about values.

#![allow(clippy::needless_for_each)] // one line each, in a table
#![allow(dead_code)] // each test file uses a part of this
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

pub mod replay;

use std::path::{Path, PathBuf};

use metertap::providers::documented::{Documented, Nothing};
use metertap::service::{Account, Provider, Reply, Secrets};
use metertap::values::arguments::{Arguments, Value};
use metertap::values::error::Result;
use metertap::values::json::Json;
use metertap::values::secret::Secret;
use metertap::values::shape::Typed;
use serde_json::Value as Plain;

/// A sixth provider, which is a document and nothing else: what holds for the others holds for it.
pub static TOY: Documented = Documented::new("toy", include_str!("toy.toml"), &Nothing);

/// Ways to make an account: the provider, and the fields that it takes together.
pub const WAYS: &[(&str, &[&str])] = &[
    ("sora", &["api_key"]),
    ("ricoh", &["client_id", "client_secret"]),
    ("uipath", &["organization_id", "token"]),
    (
        "uipath",
        &["organization_id", "organization_name", "client_id", "client_secret"],
    ),
    ("devicewise", &["username", "password"]),
    ("devicewise", &["app_id", "app_token", "thing_key"]),
    ("volcengine", &["access_key", "secret_key"]),
];

/// The simulated time that the ranges below lie before.
pub const NOW: &str = "2026-06-15T12:00:00Z";

/// Example arguments: the provider, the operation (`*`: those without a row of their own), and what it is given.
pub const EXAMPLES: &[(&str, &str, &str)] = &[
    ("toy", "*", r#"{"start": "2026-05-01", "end": "2026-05-03"}"#),
    ("sora", "traffics_for_month", r#"{"year": 2026, "month": 5}"#),
    ("sora", "*", "{}"),
    (
        "ricoh",
        "cost_and_usage_for_label",
        r#"{"label": "default", "since": "2026-05-01", "until": "2026-05-20"}"#,
    ),
    ("ricoh", "*", r#"{"since": "2026-05-01", "until": "2026-05-20"}"#),
    (
        "uipath",
        "consumption_summary",
        r#"{"start": "2026-05-01", "end": "2026-06-01", "consumable_code": "AIU"}"#,
    ),
    (
        "uipath",
        "*",
        r#"{"tenant_id": "7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44", "start": "2026-05-01", "end": "2026-06-01",
            "consumable_code": "AIU"}"#,
    ),
    ("devicewise", "call", r#"{"command": "session.info"}"#),
    (
        "devicewise",
        "*",
        r#"{"start": "2026-06-10T00:00:00Z", "end": "2026-06-11T00:00:00Z"}"#,
    ),
    (
        "volcengine",
        "call",
        r#"{"action": "DescribeLiveTimeShiftData",
            "body": {"StartTime": "2026-06-10T00:00:00+08:00", "EndTime": "2026-06-11T23:59:59+08:00"}}"#,
    ),
    (
        "volcengine",
        "log_data",
        r#"{"start": "2026-06-10T00:00:00+08:00", "end": "2026-06-11T00:00:00+08:00", "log_type": "pull"}"#,
    ),
    // An hour, since some calls have a row per minute.
    (
        "volcengine",
        "*",
        r#"{"start": "2026-06-10T20:00:00+08:00", "end": "2026-06-10T21:00:00+08:00"}"#,
    ),
];

/// The example arguments of an operation, if the table has any.
pub fn example(provider: &str, operation: &str) -> Option<Vec<(String, Value)>> {
    let row = |name: &str| {
        EXAMPLES
            .iter()
            .find(|(of, operation, _)| *of == provider && *operation == name)
    };
    let (_, _, text) = row(operation).or_else(|| row("*"))?;
    Some(arguments(&serde_json::from_str(text).unwrap()))
}

/// Keyword arguments from a JSON object; instants stay texts.
pub fn arguments(object: &Plain) -> Vec<(String, Value)> {
    let members = object.as_object().unwrap().iter();
    members.map(|(name, value)| (name.clone(), argument(value))).collect()
}

fn argument(value: &Plain) -> Value {
    match value {
        Plain::Null => Value::Nothing,
        Plain::Bool(truth) => Value::Flag(*truth),
        Plain::Number(number) => number
            .as_i64()
            .map_or_else(|| Value::Number(number.to_string()), Value::Whole),
        Plain::String(text) => Value::Text(text.clone()),
        Plain::Array(items) => Value::List(items.iter().map(argument).collect()),
        Plain::Object(_) => Value::Map(arguments(value)),
    }
}

/// What an account is made of, besides its secrets.
pub type Settings = Vec<(String, Value)>;
/// Secrets by their names.
pub type Words = Vec<(&'static str, Secret)>;

/// Tells a provider's secrets from its settings: the table of each.
pub fn split(provider: &'static dyn Provider, fields: &[(String, String)]) -> (Settings, Words) {
    let mut settings = Vec::new();
    let mut secrets = Vec::new();
    for (name, text) in fields {
        match provider.facts().secrets.iter().find(|secret| secret.name == name) {
            Some(secret) => secrets.push((secret.name, Secret::new(text.clone()))),
            None => settings.push((name.clone(), Value::Text(text.clone()))),
        }
    }
    (settings, secrets)
}

/// An account and its secrets, made of these fields.
pub fn account(
    provider: &'static dyn Provider,
    base_url: &str,
    fields: &[(String, String)],
) -> Result<(Account, Secrets)> {
    let (settings, secrets) = split(provider, fields);
    let account = Account {
        name: provider.facts().name.to_owned(),
        base_url: base_url.to_owned(),
        settings: Arguments::check(provider.facts().title, provider.facts().settings, settings)?,
        secrets: secrets.iter().map(|(name, _)| *name).collect(),
    };
    provider.check_account(&account)?;
    Ok((account, Secrets(secrets)))
}

/// The address to build requests for: the provider's own, or one like those that its users have.
pub fn base_url(provider: &'static dyn Provider) -> &'static str {
    provider.facts().base_url.unwrap_or("https://api.example.com")
}

/// Every number in a typed value, as it was written, at any depth and in what was not known, too.
pub fn numbers(value: &Typed) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
}

/// The same, and every text: numbers that are names, like status codes, become texts.
pub fn written(value: &Typed) -> Vec<String> {
    let mut found = numbers(value);
    texts(value, &mut found);
    found
}

fn texts(value: &Typed, found: &mut Vec<String>) {
    match value {
        Typed::Text(text) => found.push(text.clone()),
        Typed::List(items) => items.iter().for_each(|item| texts(item, found)),
        Typed::Map(members) => members.iter().for_each(|(_, value)| texts(value, found)),
        Typed::Record(_, fields, _) => fields.iter().for_each(|(_, value)| texts(value, found)),
        _ => {}
    }
}

fn collect(value: &Typed, found: &mut Vec<String>) {
    match value {
        Typed::Integer(text) | Typed::Decimal(text) => found.push(text.clone()),
        Typed::List(items) => items.iter().for_each(|item| collect(item, found)),
        Typed::Map(members) => members.iter().for_each(|(_, value)| collect(value, found)),
        Typed::Record(_, fields, extra) => {
            fields.iter().for_each(|(_, value)| collect(value, found));
            extra.iter().for_each(|(_, value)| collect_plain(value, found));
        }
        Typed::Json(value) => collect_plain(value, found),
        Typed::Nothing | Typed::Flag(_) | Typed::Text(_) | Typed::Instant(_) | Typed::Day(_) => {}
    }
}

fn collect_plain(value: &Json<'_>, found: &mut Vec<String>) {
    match value {
        Json::Number(text) => found.push(text.to_string()),
        Json::List(items) => items.iter().for_each(|item| collect_plain(item, found)),
        Json::Numbers(items) => items.iter().for_each(|item| collect_plain(&item, found)),
        Json::Map(members) => members.iter().for_each(|(_, value)| collect_plain(value, found)),
        Json::Null | Json::Bool(_) | Json::Text(_) => {}
    }
}

/// Those of `wanted` that `found` lacks, counting each as often as it occurs.
pub fn missing<'a>(wanted: impl IntoIterator<Item = &'a str>, found: &[String]) -> Vec<String> {
    let mut left: Vec<&str> = found.iter().map(String::as_str).collect();
    let lacks = |number: &&str| match left.iter().position(|other| other == number) {
        Some(index) => {
            left.swap_remove(index);
            false
        }
        None => true,
    };
    let mut lacks = lacks;
    wanted
        .into_iter()
        .filter(|number| lacks(number))
        .map(str::to_owned)
        .collect()
}

/// A whole exchange of `tests/fixtures`.
pub struct Case {
    /// `provider/case`.
    pub name: String,
    /// The provider's name.
    pub provider: String,
    /// `case.json`.
    pub about: Plain,
    /// `reply.body`, as it is on the wire.
    pub body: Vec<u8>,
}

impl Case {
    /// The method that was called.
    pub fn operation(&self) -> &str {
        self.about["operation"].as_str().unwrap()
    }

    /// The text at this JSON pointer; empty if there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.about.pointer(pointer).and_then(Plain::as_str).unwrap_or_default()
    }

    /// The reply with this body.
    pub fn reply(&self, body: Vec<u8>) -> Reply {
        let headers = self.about["reply"]["headers"].as_object().unwrap().iter();
        Reply {
            status: u16::try_from(self.about["reply"]["status"].as_u64().unwrap()).unwrap(),
            headers: headers
                .map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap().to_owned()))
                .collect(),
            body,
        }
    }

    /// True if the reply is good.
    pub fn is_ok(&self) -> bool {
        self.about["expect"]["ok"] == true
    }
}

/// All fixtures, in the order of their names.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for provider in folders(&fixtures()) {
        for folder in folders(&provider) {
            let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
            let about = std::fs::read_to_string(folder.join("case.json")).unwrap();
            cases.push(Case {
                name: format!("{}/{}", name(&provider), name(&folder)),
                provider: name(&provider),
                about: serde_json::from_str(&about).unwrap(),
                body: std::fs::read(folder.join("reply.body")).unwrap(),
            });
        }
    }
    cases
}

/// Where the fixtures are.
pub fn fixtures() -> PathBuf {
    // The fuzz targets use this file, too, from a folder inside.
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = folders.find_map(|folder| Some(folder.join("tests/fixtures")).filter(|path| path.is_dir()));
    found.expect("the folder of fixtures")
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// What needs the engine.
#[cfg(feature = "client")]
pub mod engine {
    use std::sync::Arc;
    use std::time::Duration;

    use metertap::engine::credentials::SecretSource;
    use metertap::engine::{Client, Engine, Options, Trace};
    use metertap::service::{Call, Provider};
    use metertap::values::arguments::Value;
    use metertap::values::error::Result;
    use metertap::values::shape::Typed;

    /// A client of an account made of these fields.
    pub fn client(
        provider: &'static dyn Provider,
        base_url: &str,
        fields: &[(String, String)],
        options: Options,
    ) -> Result<Client> {
        let (settings, secrets) = super::split(provider, fields);
        let sources = secrets
            .into_iter()
            .map(|(name, secret)| (name, Arc::new(secret) as Arc<dyn SecretSource>));
        Client::new(provider, None, Some(base_url), settings, sources.collect(), options)
    }

    /// Options that differ from the usual ones in the time a call may take.
    pub fn within(milliseconds: u64) -> Options {
        Options {
            timeout: Duration::from_millis(milliseconds),
            ..Options::default()
        }
    }

    /// Makes one call and reads its typed answer.
    pub async fn ask(
        engine: &Engine,
        client: &Client,
        operation: &str,
        given: Vec<(String, Value)>,
        trace: &Trace,
    ) -> Result<Typed> {
        let provider = client.provider;
        let call = Call::new(provider, operation, given)?;
        let read = |reply: &_| provider.typed(&call, &provider.answer(&call, reply)?);
        engine.ask(client, &call, trace, read).await
    }
}

/// A cell of a table as text; nothing where it is null.
#[cfg(feature = "client")]
pub fn cell(table: &arrow_array::RecordBatch, name: &str, row: usize) -> Option<String> {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Decimal128Type, Int32Type, Int64Type, TimestampMicrosecondType};

    let column = table.column_by_name(name).unwrap();
    if column.is_null(row) {
        return None;
    }
    if let Some(texts) = column.as_string_opt::<i32>() {
        return Some(texts.value(row).to_owned());
    }
    if let Some(words) = column.as_dictionary_opt::<Int32Type>() {
        let key = usize::try_from(words.keys().value(row)).unwrap();
        return Some(words.values().as_string::<i32>().value(key).to_owned());
    }
    if let Some(moments) = column.as_primitive_opt::<TimestampMicrosecondType>() {
        return Some(
            jiff::Timestamp::from_microsecond(moments.value(row))
                .unwrap()
                .to_string(),
        );
    }
    if let Some(list) = column.as_list_opt::<i32>() {
        let items = list.value(row);
        let words = items.as_string::<i32>().iter().flatten();
        return Some(words.collect::<Vec<_>>().join("+"));
    }
    if let Some(counts) = column.as_primitive_opt::<Int64Type>() {
        return Some(counts.value(row).to_string());
    }
    let scaled = column.as_primitive::<Decimal128Type>().value(row);
    Some(metertap::values::quantity::Quantity { scaled, rounded: false }.to_string())
}

/// Plans and their runs against a simulator.
#[cfg(all(feature = "client", feature = "simulator"))]
pub mod fetch {
    use std::collections::{BTreeMap, HashMap};
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use jiff::Timestamp;
    use metertap::engine::credentials::SecretSource;
    use metertap::engine::run::Job;
    use metertap::engine::{Client, Engine, Options, Trace};
    use metertap::plan::{Part, Plan, PlannedAccount, Question};
    use metertap::providers::provider;
    use metertap::simulator::server::{Config, Simulator};
    use metertap::usage::Usage;
    use metertap::values::window::{Instant, Window};
    use metertap::values::zone::Zone;

    /// A simulator whose time stands still.
    pub fn simulator(seed: u64, now: &str) -> Simulator {
        let config = Config {
            seed,
            now: Some(now.parse().unwrap()),
            ..Config::default()
        };
        Simulator::start(config).unwrap()
    }

    /// Clients of a simulator, by account name, and what is asked of each.
    pub struct Accounts {
        /// The clients.
        pub clients: HashMap<String, Arc<Client>>,
        parts: Vec<Part>,
        now: Timestamp,
    }

    impl Accounts {
        /// An account for each name, provider and selection (as JSON).
        pub fn new(simulator: &Simulator, asked: &[(&str, &'static str, &str)], options: &Options) -> Self {
            let mut clients = HashMap::new();
            let mut parts = Vec::new();
            for (name, of, selection) in asked {
                let client = client(simulator, name, of, options.clone());
                parts.push(Part {
                    account: PlannedAccount {
                        name: (*name).to_owned(),
                        provider: of,
                        per_second: client.provider.facts().per_second,
                        concurrency: client.concurrency(),
                        identity: String::new(),
                    },
                    provider: client.provider,
                    selection: super::arguments(&serde_json::from_str(selection).unwrap()),
                });
                clients.insert((*name).to_owned(), Arc::new(client));
            }
            let now = simulator.world().now();
            Self { clients, parts, now }
        }

        /// The plan for a range, as in `2026-01-01 .. 2026-02-01`.
        pub fn plan(&self, range: &str) -> Plan {
            let (start, end) = range.split_once(" .. ").unwrap();
            let at = |text| Instant::parse_argument(text).unwrap();
            let question = Question {
                zone: Zone::utc(),
                every: None,
                window: Window::new(at(start), at(end)).unwrap(),
                now: self.now,
                parts: self.parts.clone(),
            };
            Plan::make(&question).unwrap()
        }

        /// Makes all calls of a plan.
        pub async fn run(&self, plan: &Plan) -> Usage {
            self.run_into(plan, None).await
        }

        /// Makes all calls of a plan and keeps the answers.
        pub async fn run_into(&self, plan: &Plan, archive: Option<&Path>) -> Usage {
            let job = Job::new(plan.clone(), self.clients.clone(), archive.map(PathBuf::from)).unwrap();
            let usage = Engine::default().run(&job, &Trace::default()).await.unwrap();
            assert_eq!((job.done(), job.total()), (plan.calls.len(), plan.calls.len()));
            usage
        }
    }

    fn client(simulator: &Simulator, name: &str, of: &str, options: Options) -> Client {
        let (_, names) = super::WAYS.iter().find(|(known, _)| *known == of).unwrap();
        let known = simulator.credentials(of).unwrap();
        let value = |wanted: &str| known.iter().find(|(key, _)| *key == wanted).unwrap().1.clone();
        let fields: Vec<_> = names.iter().map(|name| ((*name).to_owned(), value(name))).collect();
        let provider = provider(of).unwrap();
        let (settings, secrets) = super::split(provider, &fields);
        let sources = secrets
            .into_iter()
            .map(|(name, secret)| (name, Arc::new(secret) as Arc<dyn SecretSource>));
        let base_url = simulator.base_url(of, false).unwrap();
        let name = Some(name.to_owned());
        Client::new(provider, name, Some(&base_url), settings, sources.collect(), options).unwrap()
    }

    /// One reading as a line: account, meter, labels, window, quantity, and the cost if there is one.
    pub fn line(
        account: &str,
        meter: &str,
        labels: &[(&str, &str)],
        window: (&str, &str),
        quantity: &str,
        cost: Option<&str>,
    ) -> String {
        let labels: BTreeMap<&str, &str> = labels.iter().copied().collect();
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cost = cost.map(|cost| format!(" {cost} JPY")).unwrap_or_default();
        let (start, end) = window;
        format!(
            "{account} {meter} [{}] {start} {end} {quantity}{cost}",
            labels.join(" ")
        )
    }

    /// Each reading as a [`line`], sorted.
    pub fn lines(usage: &Usage) -> Vec<String> {
        let mut lines: Vec<String> = by_call(usage).into_values().flatten().collect();
        lines.sort();
        lines
    }

    /// The same by the ids of the calls that they came from.
    pub fn by_call(usage: &Usage) -> BTreeMap<String, Vec<String>> {
        let table = &usage.readings;
        let schema = table.schema();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let labels: Vec<&str> = names.skip(3).take_while(|name| *name != "start").collect();
        let line_of = |row: usize| {
            let get = |name: &str| super::cell(table, name, row);
            let values: Vec<(&str, String)> = labels.iter().filter_map(|name| Some((*name, get(name)?))).collect();
            let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let cost = get("cost");
            assert_eq!(cost.as_ref().and(Some("JPY".to_owned())), get("currency"));
            line(
                &get("account").unwrap(),
                &get("meter").unwrap(),
                &values,
                (&get("start").unwrap(), &get("end").unwrap()),
                &get("quantity").unwrap(),
                cost.as_deref(),
            )
        };
        let mut calls: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in 0..table.num_rows() {
            let call = calls.entry(super::cell(table, "call_id", row).unwrap()).or_default();
            call.push(line_of(row));
        }
        calls
    }

    /// Fails with the lines in which they differ.
    #[track_caller]
    pub fn same(found: &[String], expected: &[String]) {
        if found == expected {
            return;
        }
        let without = |one: &[String], other: &[String]| {
            let lines = one.iter().filter(|line| other.binary_search(line).is_err());
            lines.take(20).cloned().collect::<Vec<_>>().join("\n")
        };
        let (counts, more, less) = (
            (found.len(), expected.len()),
            without(found, expected),
            without(expected, found),
        );
        panic!(
            "{} found, {} expected\nnot expected:\n{more}\nnot found:\n{less}",
            counts.0, counts.1
        );
    }
}
