//! Plans as JSON: to keep them, to compare them, and to send them to other machines.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Plain;

use super::{Edge, PartOf, Plan, PlannedAccount, Side, Unavailable, make};
use crate::meters::{Buckets, Source, Span};
use crate::service::{Asked, Call, PlannedCall, Provider, Registry};
use crate::values::arguments::Value;
use crate::values::error::{Error, Result};
use crate::values::period::Every;
use crate::values::window::{Instant, Window};
use crate::values::zone::{Told, Zone};

/// The version of the format. What version 1 wrote is read, too: its calls ask for their piece and no more. What another
/// one wrote is refused, not guessed at.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanText {
    metertap_plan: u32,
    now: String,
    asked: Vec<[String; 2]>,
    zone: Told,
    every: Option<String>,
    part: Option<PartOf>,
    documents: Vec<DocumentText>,
    accounts: Vec<AccountText>,
    calls: Vec<CallText>,
    unavailable: Vec<RemarkText>,
    edges: Vec<RemarkText>,
}

/// The document of a provider that is not built in.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentText {
    sha256: String,
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountText {
    name: String,
    provider: String,
    // As text: JSON parsers may be one bit off, and plans must compare.
    per_second: Option<String>,
    concurrency: usize,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    identity: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallText {
    id: String,
    account: String,
    provider: String,
    operation: String,
    piece: [String; 2],
    /// Left out where it is the piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<[String; 2]>,
    arguments: Vec<(String, Plain)>,
    asked: AskedText,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedText {
    arguments: Vec<(String, Plain)>,
    meters: Vec<String>,
    buckets: Buckets,
    span: Span,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    every: Option<String>,
}

/// A remark on a part of the range, or on an edge of it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RemarkText {
    account: String,
    provider: String,
    operation: String,
    window: Option<[String; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    side: Option<Side>,
    text: String,
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        self.to_json() == other.to_json()
    }
}

impl Plan {
    /// The plan as JSON: the same text for the same plan.
    pub fn to_json(&self) -> String {
        let text = PlanText {
            metertap_plan: VERSION,
            now: self.now.to_string(),
            asked: self.asked.iter().map(|window| write_window(*window)).collect(),
            zone: self.zone.told().clone(),
            every: self.every.map(|every| every.name().to_owned()),
            part: self.part.clone(),
            documents: self
                .providers
                .iter()
                .filter_map(|provider| write_document(*provider))
                .collect(),
            accounts: self.accounts.iter().map(write_account).collect(),
            calls: self.calls.iter().map(write_call).collect(),
            unavailable: self.unavailable.iter().map(write_unavailable).collect(),
            edges: self.edges.iter().map(write_edge).collect(),
        };
        // Texts, numbers and lists of them can always be written.
        serde_json::to_string(&text).unwrap_or_default()
    }

    /// Reads what [`Plan::to_json`] wrote, and checks it again; the registry has the providers that it may name.
    pub fn from_json(text: &str, registry: &dyn Registry) -> Result<Self> {
        read(text, registry).map_err(|problem| Error::invalid(format!("the plan cannot be read: {}", problem.message)))
    }
}

fn write_window(window: Window) -> [String; 2] {
    [window.start().to_exact_text(), window.end().to_exact_text()]
}

fn write_document(provider: &dyn Provider) -> Option<DocumentText> {
    provider.written().map(|written| DocumentText {
        sha256: written.digest.to_owned(),
        text: written.text.to_owned(),
    })
}

fn write_account(account: &PlannedAccount) -> AccountText {
    AccountText {
        name: account.name.clone(),
        provider: account.provider.to_owned(),
        per_second: account.per_second.map(|rate| rate.to_string()),
        concurrency: account.concurrency,
        identity: account.identity.clone(),
    }
}

fn write_call(call: &PlannedCall) -> CallText {
    let meters = call.asked.meters.iter();
    CallText {
        id: call.id.clone(),
        account: call.account.clone(),
        provider: call.provider.to_owned(),
        operation: call.call.operation.name.to_owned(),
        piece: write_window(call.piece),
        request: (call.request != call.piece).then(|| write_window(call.request)),
        arguments: arguments(call.call.arguments.iter()),
        asked: AskedText {
            arguments: arguments(call.asked.arguments.iter().map(|(name, value)| (name.as_str(), value))),
            meters: meters
                .filter_map(|place| call.asked.source.meters.get(*place))
                .map(|meter| meter.name.to_owned())
                .collect(),
            buckets: call.asked.buckets,
            span: call.asked.span,
            every: call.asked.every.map(|every| every.name().to_owned()),
        },
    }
}

fn write_unavailable(part: &Unavailable) -> RemarkText {
    RemarkText {
        account: part.account.clone(),
        provider: part.provider.to_owned(),
        operation: part.operation.to_owned(),
        window: Some(write_window(part.window)),
        side: None,
        text: part.reason.clone(),
    }
}

fn write_edge(edge: &Edge) -> RemarkText {
    RemarkText {
        account: edge.account.clone(),
        provider: edge.provider.to_owned(),
        operation: edge.operation.to_owned(),
        window: None,
        side: Some(edge.side),
        text: edge.text.clone(),
    }
}

/// Arguments as JSON that keeps their types.
fn arguments<'n, 'v>(all: impl Iterator<Item = (&'n str, &'v Value)>) -> Vec<(String, Plain)> {
    let kept = |value| serde_json::to_value(Kept(value)).unwrap_or_default();
    all.map(|(name, value)| (name.to_owned(), kept(value))).collect()
}

/// A value as JSON that keeps its type.
pub(super) struct Kept<'v>(pub &'v Value);

impl Serialize for Kept<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            Value::Nothing => to.serialize_unit(),
            Value::Flag(truth) => to.serialize_bool(*truth),
            Value::Whole(number) => to.serialize_i64(*number),
            Value::Text(text) => to.serialize_str(text),
            Value::List(items) => to.collect_seq(items.iter().map(Kept)),
            Value::Number(text) => to.collect_map([("number", text)]),
            Value::Instant(instant) => to.collect_map([("instant", instant.to_exact_text())]),
            Value::Day(day) => to.collect_map([("day", day.to_string())]),
            Value::Map(members) => {
                let mut members: Vec<&(String, Value)> = members.iter().collect();
                members.sort_by(|one, other| one.0.cmp(&other.0));
                let pairs: Vec<(&str, Kept<'_>)> =
                    members.iter().map(|(key, value)| (key.as_str(), Kept(value))).collect();
                to.collect_map([("map", pairs)])
            }
        }
    }
}

fn read(text: &str, registry: &dyn Registry) -> Result<Plan> {
    let text = of_any_version(text)?;
    let described = each(&text.documents, |document| read_document(document, registry))?;
    let known = Known { registry, described };
    let plan = Plan {
        now: text.now.parse().map_err(|_| damaged("now"))?,
        asked: each(&text.asked, read_window)?,
        zone: Zone::new(text.zone)?,
        every: text.every.as_deref().map(Every::named).transpose()?,
        providers: known.all(&text.accounts)?,
        accounts: each(&text.accounts, |account| read_account(account, &known))?,
        calls: read_calls(&text.calls, &known)?,
        unavailable: each(&text.unavailable, |part| read_unavailable(part, &known))?,
        edges: each(&text.edges, |edge| read_edge(edge, &known))?,
        part: text.part,
    };
    let are_apart = plan.asked.is_sorted_by(|one, next| one.end().at < next.start().at);
    if plan.asked.is_empty() || !are_apart {
        return Err(damaged("range"));
    }
    let sound = |part: &PartOf| {
        !part.have.is_empty() && part.have.is_sorted_by(|a, b| a < b) && part.have.iter().all(|index| *index < part.of)
    };
    if plan.part.as_ref().is_some_and(|part| !sound(part)) {
        return Err(damaged("part"));
    }
    let is_known = |name: &str| plan.accounts.iter().any(|account| account.name == name);
    if !plan.calls.iter().all(|call| is_known(&call.account)) {
        return Err(damaged("accounts"));
    }
    Ok(plan)
}

/// The text of a plan, brought to today's form.
fn of_any_version(text: &str) -> Result<PlanText> {
    #[derive(Deserialize)]
    struct Version {
        metertap_plan: u32,
    }
    let problem = |problem: serde_json::Error| Error::invalid(problem.to_string());
    let version: Version = serde_json::from_str(text).map_err(problem)?;
    match version.metertap_plan {
        VERSION => serde_json::from_str(text).map_err(problem),
        1 => {
            let old: Plain = serde_json::from_str(text).map_err(problem)?;
            serde_json::from_value(of_version_1(old).ok_or_else(|| damaged("form"))?).map_err(problem)
        }
        _ => Err(Error::invalid("another version of metertap made it")),
    }
}

fn of_version_1(mut plan: Plain) -> Option<Plain> {
    let members = plan.as_object_mut()?;
    let asked = members.remove("window")?;
    let shard = members.remove("shard")?;
    let part = match shard.as_array() {
        None => Plain::Null,
        Some(shard) => serde_json::json!({"have": [shard.first()?], "of": shard.get(1)?, "whole": ""}),
    };
    members.insert("metertap_plan".to_owned(), Plain::from(VERSION));
    members.insert("asked".to_owned(), Plain::from(vec![asked]));
    members.insert("zone".to_owned(), Plain::from("UTC"));
    members.insert("every".to_owned(), Plain::Null);
    members.insert("part".to_owned(), part);
    members.insert("documents".to_owned(), Plain::Array(Vec::new()));
    for edge in members.get_mut("edges")?.as_array_mut()? {
        let is_first = edge.get("text")?.as_str()?.starts_with("its first");
        let side = if is_first { "start" } else { "end" };
        edge.as_object_mut()?.insert("side".to_owned(), Plain::from(side));
    }
    for call in members.get_mut("calls")?.as_array_mut()? {
        let call = call.as_object_mut()?;
        let piece = call.remove("window")?;
        call.insert("piece".to_owned(), piece);
    }
    Some(plan)
}

/// The calls; those of one source on end share what was asked of it.
fn read_calls(all: &[CallText], known: &Known<'_>) -> Result<Vec<PlannedCall>> {
    let mut calls: Vec<PlannedCall> = Vec::with_capacity(all.len());
    for text in all {
        let mut call = read_call(text, known)?;
        if let Some(before) = calls.last().filter(|before| before.asked.is_same(&call.asked)) {
            call.asked = Arc::clone(&before.asked);
        }
        calls.push(call);
    }
    Ok(calls)
}

fn damaged(what: &str) -> Error {
    Error::invalid(format!("its {what} is damaged"))
}

fn each<T, R>(all: &[T], read: impl Fn(&T) -> Result<R>) -> Result<Vec<R>> {
    all.iter().map(read).collect()
}

fn read_window(window: &[String; 2]) -> Result<Window> {
    let [start, end] = window;
    Window::new(Instant::parse(start)?, Instant::parse(end)?)
}

/// The provider that a plan's document describes; one that is not what its digest says is damaged.
fn read_document(document: &DocumentText, registry: &dyn Registry) -> Result<&'static dyn Provider> {
    let described = registry.described(&document.text)?;
    match described.written() {
        Some(written) if written.digest == document.sha256 => Ok(described),
        _ => Err(damaged("document")),
    }
}

/// The providers that a plan may name: those that are built in, and those whose documents it carries.
struct Known<'r> {
    registry: &'r dyn Registry,
    described: Vec<&'static dyn Provider>,
}

impl Known<'_> {
    fn find(&self, name: &str) -> Result<&'static dyn Provider> {
        let mut described = self.described.iter().copied();
        let found = described.find(|provider| provider.name() == name);
        found
            .or_else(|| self.registry.built_in(name))
            .ok_or_else(|| Error::invalid(format!("there is no provider {name:?}")))
    }

    /// Those of these accounts, each once.
    fn all(&self, accounts: &[AccountText]) -> Result<Vec<&'static dyn Provider>> {
        let mut all: Vec<&'static dyn Provider> = Vec::new();
        for account in accounts {
            let provider = self.find(&account.provider)?;
            if all.iter().all(|known| known.name() != provider.name()) {
                all.push(provider);
            }
        }
        Ok(all)
    }
}

fn find_source(provider: &str, operation: &str, known: &Known<'_>) -> Result<&'static Source> {
    let sources = known.find(provider)?.facts().sources;
    let source = sources.iter().find(|source| source.operation == operation);
    source.ok_or_else(|| Error::invalid(format!("{provider} reads no meters by {operation:?}")))
}

fn read_account(text: &AccountText, known: &Known<'_>) -> Result<PlannedAccount> {
    let rate = text.per_second.as_ref().map(|rate| rate.parse::<f64>());
    let rate = rate.transpose().map_err(|_| damaged("per_second"))?;
    if text.concurrency == 0 || rate.is_some_and(|rate| !(rate > 0.0 && rate.is_finite())) {
        return Err(damaged("rate"));
    }
    Ok(PlannedAccount {
        name: text.name.clone(),
        provider: known.find(&text.provider)?.facts().name,
        per_second: rate,
        concurrency: text.concurrency,
        identity: text.identity.clone(),
    })
}

fn read_call(text: &CallText, known: &Known<'_>) -> Result<PlannedCall> {
    let provider = known.find(&text.provider)?;
    let call = Call::new(provider, &text.operation, read_arguments(&text.arguments)?)?;
    let piece = read_window(&text.piece)?;
    if make::id(&text.provider, &text.account, &call, piece) != text.id {
        return Err(Error::invalid(format!(
            "call {} is not what its id says; it is damaged, or another version of metertap made it",
            text.id
        )));
    }
    let asked = read_asked(text, provider)?;
    let (id, account) = (text.id.clone(), text.account.clone());
    let request = text.request.as_ref().map_or(Ok(piece), read_window)?;
    Ok(PlannedCall {
        request,
        ..PlannedCall::new(id, account, provider.facts().name, call, asked, piece)
    })
}

fn read_asked(call: &CallText, provider: &'static dyn Provider) -> Result<Asked> {
    let place = |source: &Source, name: &str| source.meters.iter().position(|meter| meter.name == name);
    let places =
        |source: &Source| -> Option<Vec<usize>> { call.asked.meters.iter().map(|name| place(source, name)).collect() };
    let sources = provider.facts().sources.iter();
    let mut sources = sources.filter(|source| source.operation == call.operation);
    let found = sources.find_map(|source| places(source).map(|meters| (source, meters)));
    let (source, meters) =
        found.ok_or_else(|| Error::invalid(format!("{} does not hold these meters", call.operation)))?;
    let is_of_increments = source.buckets == Buckets::MonthSoFar && call.asked.buckets == Buckets::Window;
    Ok(Asked {
        source: if is_of_increments { source.increments() } else { source },
        buckets: call.asked.buckets,
        span: call.asked.span,
        every: call.asked.every.as_deref().map(Every::named).transpose()?,
        arguments: read_arguments(&call.asked.arguments)?,
        meters,
    })
}

fn read_unavailable(text: &RemarkText, known: &Known<'_>) -> Result<Unavailable> {
    Ok(Unavailable {
        account: text.account.clone(),
        provider: known.find(&text.provider)?.facts().name,
        operation: find_source(&text.provider, &text.operation, known)?.operation,
        window: read_window(text.window.as_ref().ok_or_else(|| damaged("window"))?)?,
        reason: text.text.clone(),
    })
}

fn read_edge(text: &RemarkText, known: &Known<'_>) -> Result<Edge> {
    Ok(Edge {
        account: text.account.clone(),
        provider: known.find(&text.provider)?.facts().name,
        operation: find_source(&text.provider, &text.operation, known)?.operation,
        side: text.side.ok_or_else(|| damaged("edge"))?,
        text: text.text.clone(),
    })
}

fn read_arguments(all: &[(String, Plain)]) -> Result<Vec<(String, Value)>> {
    all.iter()
        .map(|(name, value)| Ok((name.clone(), read_value(value)?)))
        .collect()
}

fn read_value(value: &Plain) -> Result<Value> {
    Ok(match value {
        Plain::Null => Value::Nothing,
        Plain::Bool(truth) => Value::Flag(*truth),
        Plain::Number(number) => Value::Whole(number.as_i64().ok_or_else(|| damaged("argument"))?),
        Plain::String(text) => Value::Text(text.clone()),
        Plain::Array(items) => Value::List(each(items, read_value)?),
        Plain::Object(members) => match members.iter().next() {
            Some((tag, content)) => read_tagged(tag, content)?,
            None => return Err(damaged("argument")),
        },
    })
}

fn read_tagged(tag: &str, content: &Plain) -> Result<Value> {
    match (tag, content) {
        ("number", Plain::String(text)) => Ok(Value::Number(text.clone())),
        ("instant", Plain::String(text)) => Instant::parse(text).map(Value::Instant),
        ("day", Plain::String(text)) => text.parse().map(Value::Day).map_err(|_| damaged("argument")),
        ("map", pairs) => {
            let pairs: Vec<(String, Plain)> = serde_json::from_value(pairs.clone()).map_err(|_| damaged("argument"))?;
            read_arguments(&pairs).map(Value::Map)
        }
        _ => Err(damaged("argument")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::toy;

    const ALL: &[&str] = &[
        "toy.more",
        "toy.daily",
        "toy.total",
        "toy.whole",
        "toy.month",
        "toy.so_far",
    ];

    fn again(plan: &Plan) -> Plan {
        Plan::from_json(&plan.to_json(), &toy::OnlyToy).unwrap()
    }

    fn refusal(text: &str) -> String {
        Plan::from_json(text, &toy::OnlyToy).unwrap_err().message.clone()
    }

    #[test]
    fn a_plan_comes_back_as_it_was() {
        let codes = toy::select(&["toy.daily", "toy.more"], &["AIU", "直播"]);
        let parts = vec![toy::part("a", codes), toy::part("b", toy::select(ALL, &[]))];
        let question = toy::question(
            "2024-01-15T05:00:00.25+05:30",
            "2026-03-01",
            "2026-02-11T10:00:00.5Z",
            parts,
        );
        let plan = Plan::make(&question).unwrap();
        let read = again(&plan);
        assert_eq!(read, plan);
        assert_eq!(
            (&read.accounts, &read.unavailable, &read.edges),
            (&plan.accounts, &plan.unavailable, &plan.edges)
        );
        for (one, other) in read.calls.iter().zip(&plan.calls) {
            assert_eq!(one.call.arguments, other.call.arguments);
            assert_eq!((one.piece, &one.asked.meters), (other.piece, &other.asked.meters));
            assert_eq!(
                (one.asked.buckets, one.asked.span),
                (other.asked.buckets, other.asked.span)
            );
            assert_eq!(one.asked.arguments, other.asked.arguments);
            assert!(std::ptr::eq(one.asked.source, other.asked.source));
        }
        assert_ne!(plan, toy::plan("2024-01-15", "2026-03-01", "2026-02-11", ALL));
    }

    #[test]
    fn every_kind_of_argument_keeps_its_type() {
        let given = Value::Map(vec![
            (
                "a".to_owned(),
                Value::List(vec![Value::Nothing, Value::Flag(true), Value::Whole(-3)]),
            ),
            ("b".to_owned(), Value::Number("1.10".to_owned())),
            ("c".to_owned(), Value::Day("2024-02-29".parse().unwrap())),
            (
                "d".to_owned(),
                Value::Instant(Instant::parse("2024-02-29T00:00:00.000000001+05:45").unwrap()),
            ),
            (
                "e".to_owned(),
                Value::Map(vec![("map".to_owned(), Value::Text("x".to_owned()))]),
            ),
        ]);
        assert_eq!(read_value(&serde_json::to_value(Kept(&given)).unwrap()).unwrap(), given);
    }

    #[test]
    fn what_is_damaged_is_refused_in_one_sentence() {
        let text = toy::plan("2026-01-01", "2026-02-01", "2026-03-01", &["toy.hourly"]).to_json();
        for (from, to, message) in [
            ("", "", ""),
            (
                "\"metertap_plan\":2",
                "\"metertap_plan\":3",
                "another version of metertap made it",
            ),
            ("\"concurrency\":8", "\"concurrency\":0", "its rate is damaged"),
            ("\"per_second\":\"2\"", "\"per_second\":\"NaN\"", "its rate is damaged"),
            (
                "\"part\":null",
                "\"part\":{\"have\":[2],\"of\":2,\"whole\":\"\"}",
                "its part is damaged",
            ),
            ("\"name\":\"a\"", "\"name\":\"b\"", "its accounts is damaged"),
            ("\"toy.hourly\"", "\"toy.daily\"", "hourly does not hold these meters"),
            (
                "\"provider\":\"toy\"",
                "\"provider\":\"toi\"",
                "there is no provider \"toi\"",
            ),
            (
                "\"operation\":\"hourly\"",
                "\"operation\":\"hour\"",
                "toy has no operation \"hour\"; did you mean \"hourly\"?",
            ),
        ] {
            let damaged = text.replacen(from, to, 1);
            if message.is_empty() {
                assert!(Plan::from_json(&damaged, &toy::OnlyToy).is_ok());
                continue;
            }
            assert_ne!(damaged, text, "{from}");
            assert_eq!(refusal(&damaged), format!("the plan cannot be read: {message}"));
        }
        let moved = text.replace("2026-02-01T00:00:00+00:00", "2026-01-31T00:00:00+00:00");
        assert!(
            refusal(&moved).contains("is not what its id says"),
            "{}",
            refusal(&moved)
        );
        for damaged in ["", "null", "{}", &text[..text.len() - 1], &format!("{text} x")] {
            let message = refusal(damaged);
            assert!(
                message.starts_with("the plan cannot be read: ") && !message.contains('\n'),
                "{message}"
            );
        }
        assert_eq!(
            refusal(&text.replace("\"provider\":\"toy\"", "\"provider\":\"tory\"")),
            "the plan cannot be read: there is no provider \"tory\""
        );
    }

    proptest! {
        #[test]
        fn plans_survive_json(
            start in 0_i64..1_800_000_000, length in 1_i64..60_000_000, nanosecond in 0_i32..1_000_000_000,
            offset in -50_000_i32..50_000, rate in 0.001_f64..1000.0, of in 1_usize..9,
        ) {
            let at = |second: i64| Instant {
                at: jiff::Timestamp::new(second, nanosecond).unwrap(),
                offset: jiff::tz::Offset::from_seconds(offset).unwrap(),
            };
            let mut part = toy::part("a", toy::select(ALL, &["AIU", "PLTU"]));
            part.account.per_second = Some(rate);
            let plan = Plan::make(&crate::plan::Question {
                window: Window::new(at(start), at(start + length)).unwrap(),
                now: at(1_800_000_000).at,
                zone: Zone::utc(),
                every: None,
                parts: vec![part],
            }).unwrap();
            for index in 0..of {
                let shard = plan.shard(index, of).unwrap();
                prop_assert_eq!(again(&shard), shard);
            }
            let read = again(&plan);
            prop_assert_eq!(&read.asked, &plan.asked);
            prop_assert_eq!(read, plan);
        }
    }
}
