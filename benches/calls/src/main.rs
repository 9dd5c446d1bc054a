//! Plans, fetches and puts into one table as many small calls as it is told, on one thread, and prints how many readings
//! came of them: `benches/instructions.py` counts what a call of them costs.
//!
//!     bench-calls token|signed CALLS http://127.0.0.1:PORT
//!
//! Each answer has ten readings. `token` asks UiPath with a bearer token, as P3's small answers do; `signed` asks
//! Volcengine, whose requests are signed each.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use metertap::engine::credentials::SecretSource;
use metertap::engine::run::Job;
use metertap::engine::{Client, Engine, Options, ProxyChoice, Trace};
use metertap::plan::{Part, Plan, PlannedAccount, Question};
use metertap::providers::provider;
use metertap::values::arguments::Value;
use metertap::values::secret::Secret;
use metertap::values::window::{Instant, Window};
use metertap::values::zone::Zone;

/// How many requests are under way at once, as in P3 and P4.
const AT_ONCE: usize = 64;
/// The readings of an answer.
const READINGS: usize = 10;

/// What is asked of whom.
struct Asked {
    provider: &'static str,
    /// The server's set of bodies.
    bodies: &'static str,
    settings: &'static [(&'static str, &'static str)],
    secrets: &'static [(&'static str, &'static str)],
    /// What is selected, but for whose usage it is.
    selection: &'static [(&'static str, &'static str)],
    /// The argument that says whose, one for each call.
    whose: &'static str,
    name: fn(usize) -> String,
    range: (&'static str, &'static str),
}

const TOKEN: Asked = Asked {
    provider: "uipath",
    bodies: "small",
    settings: &[("organization_id", "3b9d5f10-7e42-4c86-9a0d-61c8e2f4b735")],
    secrets: &[("token", "example-token")],
    selection: &[("meters", "uipath.service_consumption"), ("consumable_code", "AIU")],
    whose: "tenant_id",
    name: |place| format!("{place:08x}-52d1-4a7e-9a35-0d6b1f2c8e44"),
    range: ("2026-01-01T00:00:00Z", "2026-01-11T00:00:00Z"),
};

const SIGNED: Asked = Asked {
    provider: "volcengine",
    bodies: "shift",
    settings: &[],
    secrets: &[("access_key", "AKLTexample"), ("secret_key", "example-secret-key")],
    selection: &[("meters", "volcengine.time_shift_storage")],
    whose: "vhosts",
    name: |place| format!("pull{place:08}.example.com"),
    range: ("2026-01-01T00:00:00+08:00", "2026-01-11T00:00:00+08:00"),
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [of, calls, origin] = arguments.as_slice() else {
        return Err("usage: bench-calls token|signed CALLS ORIGIN".into());
    };
    let asked = match of.as_str() {
        "token" => TOKEN,
        "signed" => SIGNED,
        other => return Err(format!("{other:?} is neither token nor signed").into()),
    };
    let calls: usize = calls.parse()?;
    let readings = run(&asked, calls, origin)?;
    println!("{readings}");
    if readings != calls * READINGS {
        return Err(format!("{calls} calls should bring {READINGS} readings each").into());
    }
    Ok(())
}

/// How many readings so many calls brought.
fn run(asked: &Asked, calls: usize, origin: &str) -> Result<usize, Box<dyn Error>> {
    let client = Arc::new(client(asked, origin)?);
    let plan = plan(asked, calls, &client)?;
    if plan.calls.len() != calls {
        return Err(format!("the plan has {} calls, not {calls}", plan.calls.len()).into());
    }
    let clients = HashMap::from([(client.account.name.clone(), client)]);
    let job = Job::new(plan, clients, None)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let usage = runtime.block_on(Engine::default().run(&job, &Trace::default()))?;
    if let Some(hole) = usage.missing().next() {
        return Err(format!("something is missing: {hole:?}").into());
    }
    Ok(usage.readings.num_rows())
}

fn client(asked: &Asked, origin: &str) -> Result<Client, Box<dyn Error>> {
    let provider = provider(asked.provider).ok_or("no such provider")?;
    let secret = |word: &str| Arc::new(Secret::new(word)) as Arc<dyn SecretSource>;
    let options = Options {
        // Under the counter everything takes fifty times as long.
        timeout: Duration::from_secs(600),
        max_concurrency: Some(AT_ONCE),
        max_per_second: Some(f64::INFINITY),
        proxy: ProxyChoice::Direct,
        ..Options::default()
    };
    Ok(Client::new(
        provider,
        None,
        Some(&format!("{origin}/{}/0", asked.bodies)),
        texts(asked.settings),
        asked.secrets.iter().map(|(name, word)| (*name, secret(word))).collect(),
        options,
    )?)
}

fn plan(asked: &Asked, calls: usize, client: &Client) -> Result<Plan, Box<dyn Error>> {
    let whose = (0..calls).map(|place| Value::Text((asked.name)(place))).collect();
    let mut selection: Vec<_> = asked.selection.iter().map(|(name, text)| listed(name, text)).collect();
    selection.push((asked.whose.to_owned(), Value::List(whose)));
    let account = PlannedAccount {
        name: client.account.name.clone(),
        provider: asked.provider,
        per_second: None,
        concurrency: AT_ONCE,
        identity: client.account.identity(),
    };
    let part = Part {
        account,
        provider: client.provider,
        selection,
    };
    let (start, end) = asked.range;
    Ok(Plan::make(&Question {
        window: Window::new(Instant::parse(start)?, Instant::parse(end)?)?,
        now: Instant::parse("2026-01-20T00:00:00Z")?.at,
        zone: Zone::utc(),
        every: None,
        parts: vec![part],
    })?)
}

fn texts(pairs: &[(&str, &str)]) -> Vec<(String, Value)> {
    let pair = |(name, text): &(&str, &str)| ((*name).to_owned(), Value::Text((*text).to_owned()));
    pairs.iter().map(pair).collect()
}

fn listed(name: &str, text: &str) -> (String, Value) {
    (name.to_owned(), Value::List(vec![Value::Text(text.to_owned())]))
}
