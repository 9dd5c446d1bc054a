//! Fixtures as answers that can be read again, with whatever was done to their bytes.

use metertap::meters::{Buckets, Flags, Reading, Sink, Source, Takes};
use metertap::providers::provider;
use metertap::service::{Account, Asked, Call, Login, PlannedCall, Provider, Reply, Secrets};
#[cfg(feature = "client")]
use metertap::usage::{Collector, columns::Told};
use metertap::values::error::Result;
use metertap::values::quantity::Quantity;
use metertap::values::shape::Typed;
use metertap::values::window::{Instant, Window};
use serde_json::Value as Plain;

use super::Case;

/// Fields and what they hold.
type Fields = &'static [(&'static str, &'static str)];

/// What an account consists of besides what its case says: the provider, the field of the case by which this row is
/// chosen, and the fields, with secrets as the pages write them.
const ALSO: &[(&str, &str, Fields)] = &[
    ("sora", "", &[("api_key", "<API-KEY>")]),
    ("ricoh", "client_id", &[("client_secret", "EXAMPLE_CLIENT_SECRET")]),
    ("uipath", "client_id", &[("client_secret", "<client secret>")]),
    ("uipath", "organization_id", &[("token", "1234")]),
    ("devicewise", "username", &[("password", "<password>")]),
    ("devicewise", "app_id", &[("app_token", "<app token>")]),
    ("devicewise", "session_id", &[]),
    (
        "volcengine",
        "",
        &[
            ("access_key", "AKLTexamplepublic0001"),
            ("secret_key", "not a real key"),
        ],
    ),
];

/// The two commands of one deviceWISE packet: ours are sent alone.
pub const PACKET: &str = "devicewise/mixed_packet";

/// The provider of a case.
pub fn provider_of(case: &Case) -> &'static dyn Provider {
    provider(&case.provider).unwrap_or_else(|| panic!("{} is no provider", case.provider))
}

/// The account that a case was asked with, and its secrets.
pub fn account_of(case: &Case) -> (Account, Secrets) {
    let given = case.about["account"].as_object().cloned().unwrap_or_default();
    let mut fields: Vec<_> = given
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    let (_, _, also) = ALSO
        .iter()
        .find(|(provider, field, _)| *provider == case.provider && (field.is_empty() || given.contains_key(*field)))
        .unwrap_or_else(|| panic!("no row for the account of {}", case.name));
    fields.extend(also.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
    super::account(provider_of(case), super::base_url(provider_of(case)), &fields).unwrap()
}

/// The call that a case shows.
pub fn call_of(case: &Case) -> Call {
    let given = super::arguments(&case.about["arguments"]);
    Call::new(provider_of(case), case.operation(), given).unwrap()
}

/// The body with the client's own id in place of the page's.
pub fn renamed(case: &Case, body: &str, id: &str) -> String {
    let ours = our_id(case);
    body.replace(&format!("\"{id}\":"), &format!("\"{ours}\":"))
}

/// The body of a packet with one command, under the client's own id; any other body as it is.
pub fn with_our_id(case: &Case, body: &str) -> String {
    let asked = case.about["request"]["body"].as_object();
    let (true, Some(packet)) = (case.provider == "devicewise" && case.name != PACKET, asked) else {
        return body.to_owned();
    };
    let ids = packet.keys().filter(|id| *id != "auth");
    ids.fold(body.to_owned(), |text, id| renamed(case, &text, id))
}

/// The id that a client gives to its command.
fn our_id(case: &Case) -> String {
    let request = provider_of(case).request(&account_of(case).0, &call_of(case)).unwrap();
    let packet: Plain = serde_json::from_slice(&request.body).unwrap();
    let (ours, _) = packet.as_object().unwrap().iter().next().unwrap();
    ours.clone()
}

/// What is asked of a fixture's body.
pub enum Ask {
    /// The token or session of a login.
    Login(Account, Secrets),
    /// The answer to a call, and its readings where the call is a source of any.
    Call(Call, Option<PlannedCall>),
}

/// A fixture that can be read again.
pub struct Replay {
    /// The fixture's name; a packet has one replay for each of its commands.
    pub name: String,
    /// Its provider.
    pub provider: &'static dyn Provider,
    /// What is asked.
    pub ask: Ask,
    /// The reply; a packed body is unpacked, and a packet's id is ours.
    pub reply: Reply,
    /// The JSON pointer of what was asked for; around it is the envelope.
    pub payload: String,
}

/// What a body was read as.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The typed answer.
    pub typed: Result<Typed>,
    /// The readings, where there are any to be had.
    pub table: Option<Result<Table>>,
}

/// The readings of an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Its rows.
    pub rows: Vec<Row>,
    /// What was remarked on it.
    pub notes: Vec<String>,
    /// What it says of its own holes.
    #[cfg(feature = "client")]
    pub told: Told,
}

/// A reading that owns its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its meter's name.
    pub meter: &'static str,
    /// The values of the meter's dimensions.
    pub labels: Vec<Option<String>>,
    /// The first moment, and the first one after it.
    pub window: (Option<jiff::Timestamp>, Option<jiff::Timestamp>),
    /// The number.
    pub quantity: Quantity,
    /// The cost.
    pub cost: Option<Quantity>,
    /// What must be known of it.
    pub flags: Flags,
}

struct Rows(&'static Source, Table);

impl Sink for Rows {
    fn reading(&mut self, reading: Reading<'_>) {
        self.1.rows.push(Row {
            meter: self.0.meters[reading.meter].name,
            labels: reading.labels.iter().map(|label| label.map(str::to_owned)).collect(),
            window: (reading.start, reading.end),
            quantity: reading.quantity,
            cost: reading.cost,
            flags: reading.flags,
        });
    }

    fn note(&mut self, note: String) {
        self.1.notes.push(note);
    }
}

/// When the fixtures were answered, as far as their replies do not say it themselves.
pub fn fetched_at() -> jiff::Timestamp {
    "2026-11-15T12:00:00Z".parse().unwrap()
}

impl Replay {
    /// Reads another body in place of the fixture's.
    pub fn read(&self, body: &[u8]) -> Found {
        let reply = Reply {
            body: body.to_vec(),
            ..self.reply.clone()
        };
        match &self.ask {
            Ask::Login(account, secrets) => {
                let word = |login: Login| match login {
                    Login::Granted(grant) => Typed::Text(grant.token.expose().to_owned()),
                    Login::Send(_) | Login::NotNeeded => panic!("{}: the login goes on", self.name),
                };
                Found {
                    typed: self.provider.login(account, secrets, &[reply]).map(word),
                    table: None,
                }
            }
            Ask::Call(call, planned) => match self.provider.answer(call, &reply) {
                Ok(document) => Found {
                    typed: self.provider.typed(call, &document),
                    table: planned.as_ref().map(|planned| self.table(planned, &reply)),
                },
                Err(error) => Found {
                    typed: Err(error),
                    table: None,
                },
            },
        }
    }

    /// Reads the fixture's own body.
    pub fn whole(&self) -> Found {
        self.read(&self.reply.body)
    }

    fn table(&self, planned: &PlannedCall, reply: &Reply) -> Result<Table> {
        let mut rows = Rows(planned.asked.source, Table::default());
        let at = self.reply.date().unwrap_or_else(fetched_at);
        self.provider.collect(planned, reply, at, &mut rows)?;
        #[cfg(feature = "client")]
        self.keep(planned, reply, at, &mut rows.1)?;
        Ok(rows.1)
    }

    /// Keeps of the rows what a usage keeps, wherever they start: each once, unless two contradict each other.
    #[cfg(feature = "client")]
    fn keep(&self, planned: &PlannedCall, reply: &Reply, at: jiff::Timestamp, table: &mut Table) -> Result<()> {
        let all = (Instant::utc(jiff::Timestamp::MIN), Instant::utc(jiff::Timestamp::MAX));
        let planned = PlannedCall {
            piece: Window::new(all.0, all.1).unwrap(),
            ..planned.clone()
        };
        let mut collector = Collector::new(&planned, at);
        self.provider.collect(&planned, reply, at, &mut collector)?;
        let kept = collector.finish()?;
        if kept.len() < table.rows.len() {
            let mut once: Vec<Row> = Vec::new();
            for row in std::mem::take(&mut table.rows) {
                if !once.contains(&row) {
                    once.push(row);
                }
            }
            table.rows = once;
        }
        (table.notes, table.told) = (kept.notes, kept.told);
        Ok(())
    }
}

/// What the sixth provider answers to a question for two days.
pub const TOY_BODY: &str = r#"{"from":"2026-05-01T00:00:00Z","total":18446744073709551615,"days":[
    {"day":"2026-05-01T00:00:00Z","size":"small","count":18446744073709551614,"kg":0.1},
    {"day":"2026-05-01T00:00:00Z","size":null,"count":1,"kg":null},{"day":"2026-05-02T00:00:00Z","count":0}]}"#;

/// Answers of the sixth provider.
fn toys() -> impl Iterator<Item = Replay> {
    let bodies = [("whole", TOY_BODY), ("empty", r#"{"days":[]}"#)];
    bodies.into_iter().map(|(name, body)| {
        let mut replay = example(&super::TOY, "parcels_by_day", "");
        (replay.name, replay.reply.body) = (format!("toy/{name}"), body.as_bytes().to_vec());
        replay
    })
}

/// Every fixture, and answers of the sixth provider, ready to be read again. `unpack` makes the decoded body of the one on the wire.
pub fn replays(unpack: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Replay> {
    let mut all = Vec::new();
    for case in super::cases() {
        let body = unpack(&case.body);
        let Some(ids) = case.about["expect"]["per_id"].as_object() else {
            let body = match std::str::from_utf8(&body) {
                Ok(text) => with_our_id(&case, text).into_bytes(),
                Err(_) => body,
            };
            all.push(replay(&case, &case.name, body));
            continue;
        };
        for id in ids.keys() {
            let text = renamed(&case, std::str::from_utf8(&body).unwrap(), id);
            all.push(replay(&case, &format!("{}#{id}", case.name), text.into_bytes()));
        }
    }
    all.extend(toys());
    all
}

fn replay(case: &Case, name: &str, body: Vec<u8>) -> Replay {
    let provider = provider_of(case);
    let ask = if case.operation() == "authenticate" {
        let (account, secrets) = account_of(case);
        Ask::Login(account, secrets)
    } else {
        let call = call_of(case);
        let planned = planned(provider, &call);
        Ask::Call(call, planned)
    };
    let payload = match (case.provider.as_str(), &ask) {
        (_, Ask::Login(..)) => "/none".to_owned(),
        ("volcengine", _) => "/Result".to_owned(),
        ("devicewise", _) => format!("/{}/params", our_id(case)),
        _ => String::new(),
    };
    Replay {
        name: name.to_owned(),
        provider,
        ask,
        payload,
        reply: case.reply(body),
    }
}

/// The example of an operation: a reply without a body, for bodies that come from elsewhere.
pub fn example(provider: &'static dyn Provider, operation: &str, payload: &str) -> Replay {
    let name = provider.facts().name;
    let call = Call::new(provider, operation, super::example(name, operation).unwrap()).unwrap();
    let planned = planned(provider, &call);
    Replay {
        name: format!("{name}.{operation}"),
        provider,
        ask: Ask::Call(call, planned),
        payload: payload.to_owned(),
        reply: Reply {
            status: 200,
            headers: Vec::new(),
            body: Vec::new(),
        },
    }
}

/// The call as a plan has it, for all meters of its source; nothing where it is no source.
fn planned(provider: &'static dyn Provider, call: &Call) -> Option<PlannedCall> {
    let facts = provider.facts();
    let source = facts
        .sources
        .iter()
        .find(|source| source.operation == call.operation.name)?;
    let given = call
        .arguments
        .iter()
        .map(|(name, value)| (name.to_owned(), value.clone()));
    let mut asked = Asked::of(source, (0..source.meters.len()).collect(), given.collect());
    if let (Some(seconds), Buckets::Every(_, offset)) = (call.arguments.whole("aggregation"), source.buckets) {
        asked.buckets = Buckets::Every(seconds, offset);
    }
    Some(PlannedCall::new(
        "0".repeat(32),
        facts.name.to_owned(),
        facts.name,
        call.clone(),
        asked,
        window(call, source),
    ))
}

fn window(call: &Call, source: &Source) -> Window {
    let months = |start: jiff::civil::Date| {
        let start = start.first_of_month();
        let end = start.last_of_month().tomorrow().unwrap();
        Window::new(Instant::midnight(start).unwrap(), Instant::midnight(end).unwrap()).unwrap()
    };
    let today = Instant::utc(fetched_at()).zoned().date();
    let asked = match source.takes {
        Takes::Range(start, end) => call.arguments.window(start, end).unwrap(),
        Takes::YearMonth => {
            let part = |name: &str| call.arguments.whole(name).unwrap();
            let year = i16::try_from(part("year")).unwrap();
            Some(months(jiff::civil::date(year, i8::try_from(part("month")).unwrap(), 1)))
        }
        Takes::Nothing => None,
    };
    asked.unwrap_or_else(|| months(today))
}
