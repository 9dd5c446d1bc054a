//! Misbehaviour on demand.
//!
//! A fault is text, such as `latency:80` or `status:429;retry-after=2`; [`MENU`] lists all kinds. Faults stand in a queue: a
//! request gets the first one that matches it and is still alive. Latency alone does not end the search, so a slow server can fail, too.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::garble::{self, Bomb};
use super::http::{Request, Response};
use super::wire::{self, Message};

/// The longest that anything waits: no test should hang for longer.
const LONGEST_MS: u64 = 60_000;
/// Bytes sent before a reset get this long to arrive, since a reset may throw them away.
const BEFORE_RESET: Duration = Duration::from_millis(20);

/// What goes wrong, for whom, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Only for this provider's requests.
    pub provider: Option<String>,
    /// Only for requests with this text in their path or query, as sent.
    pub path_contains: Option<String>,
    /// This many matching requests are spared first.
    pub skip: u32,
    /// After those, only every so many-th matching request is hit.
    pub every: Option<u32>,
    /// How many requests are hit before the fault is used up; none means that it stays.
    pub times: Option<u32>,
}

impl Fault {
    /// A fault that hits every request, until it is removed.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            provider: None,
            path_contains: None,
            skip: 0,
            every: None,
            times: None,
        }
    }

    fn concerns(&self, provider: Option<&str>, request: &Request) -> bool {
        let right_provider = self.provider.is_none() || self.provider.as_deref() == provider;
        let right_path = self
            .path_contains
            .as_ref()
            .is_none_or(|text| request.path.contains(text) || request.query.contains(text));
        right_provider && right_path
    }
}

/// A kind of fault with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultKind {
    text: String,
    effect: Effect,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// One kind of fault as the menu shows it.
#[derive(Debug)]
pub struct MenuItem {
    /// The name, for example `latency`.
    pub name: &'static str,
    /// What may follow the name, for example `:MS`; in brackets if it has a default.
    pub argument: &'static str,
    /// What happens, in one line.
    pub doc: &'static str,
    make: Make,
}

#[derive(Debug)]
enum Make {
    Plain(Effect),
    /// A number from `low` to `high`.
    Number {
        default: Option<u64>,
        low: u64,
        high: u64,
        make: fn(u64) -> Effect,
    },
    Status,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Effect {
    // To the connection, before there is a request.
    ResetOnAccept,
    SlowAccept(Duration),
    // Besides the answer.
    Latency(Duration),
    Expire,
    // Instead of the answer.
    Status(Status),
    Html(u16),
    Empty,
    ErrorIn200,
    GzipBomb(u64),
    Reset,
    Close,
    Stale,
    Hang(Duration),
    // To the body.
    GarbageJson,
    CutJson,
    DeepJson(u64),
    DuplicateKeys,
    WrongTypes,
    Nan,
    Bom,
    Charset,
    GzipMislabelled,
    GzipUnmarked,
    GzipCut,
    // To the bytes on the wire.
    HugeHeaders(u64),
    Informational,
    BadStatusLine,
    BadChunkSize,
    ShortLength,
    Truncated,
    ResetInBody,
    HangInBody(Duration),
    Drip(Duration),
    Twice,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Status {
    code: u16,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

const fn plain(name: &'static str, effect: Effect, doc: &'static str) -> MenuItem {
    MenuItem {
        name,
        argument: "",
        doc,
        make: Make::Plain(effect),
    }
}

const fn milliseconds(
    name: &'static str,
    default: Option<u64>,
    make: fn(u64) -> Effect,
    doc: &'static str,
) -> MenuItem {
    MenuItem {
        name,
        argument: if default.is_some() { "[:MS]" } else { ":MS" },
        doc,
        make: Make::Number {
            default,
            low: 0,
            high: LONGEST_MS,
            make,
        },
    }
}

const fn number(
    name: &'static str,
    argument: &'static str,
    (low, default, high): (u64, u64, u64),
    make: fn(u64) -> Effect,
    doc: &'static str,
) -> MenuItem {
    MenuItem {
        name,
        argument,
        doc,
        make: Make::Number {
            default: Some(default),
            low,
            high,
            make,
        },
    }
}

/// Every kind of fault.
#[rustfmt::skip]
pub static MENU: &[MenuItem] = &[
    milliseconds("latency", None, |ms| Effect::Latency(Duration::from_millis(ms)), "answers later; other faults still apply"),
    MenuItem {
        name: "status",
        argument: ":CODE[;HEADER=VALUE]…[;body=TEXT]",
        doc: "answers with this status, for example status:429;retry-after=2",
        make: Make::Status,
    },
    plain("expire", Effect::Expire, "ends all sessions and tokens of the service, then lets it answer"),
    plain("error_in_200", Effect::ErrorIn200, "a failure with status 200, the way the service says it"),
    number("html", "[:CODE]", (200, 200, 599), |code| Effect::Html(u16::try_from(code).unwrap_or(200)), "a gateway's HTML page with this status"),
    plain("empty", Effect::Empty, "status 200 without a body"),
    plain("reset_on_accept", Effect::ResetOnAccept, "resets the connection before the first byte; for all providers only"),
    milliseconds("slow_accept", None, |ms| Effect::SlowAccept(Duration::from_millis(ms)), "reads and shakes hands later; for all providers only"),
    plain("stale", Effect::Stale, "closes a connection that is used again, without an answer; spares first requests"),
    plain("close", Effect::Close, "closes the connection instead of answering"),
    plain("reset", Effect::Reset, "resets the connection instead of answering"),
    plain("reset_in_body", Effect::ResetInBody, "sends half of the body, then resets the connection"),
    plain("truncated", Effect::Truncated, "sends half of the announced body, then closes the connection"),
    milliseconds("hang", Some(LONGEST_MS), |ms| Effect::Hang(Duration::from_millis(ms)), "says nothing for so long, then closes the connection"),
    milliseconds("hang_in_body", Some(LONGEST_MS), |ms| Effect::HangInBody(Duration::from_millis(ms)), "sends half of the body, then as hang"),
    milliseconds("drip", Some(10), |ms| Effect::Drip(Duration::from_millis(ms)), "sends the body byte by byte with such pauses"),
    plain("short_length", Effect::ShortLength, "announces less than it sends"),
    plain("bad_status_line", Effect::BadStatusLine, "the status is a word"),
    plain("bad_chunk_size", Effect::BadChunkSize, "the size of a chunk is no number"),
    number("huge_headers", "[:KIB]", (1, 1024, 16384), Effect::HugeHeaders, "so many KiB of headers"),
    plain("informational", Effect::Informational, "100 Continue and 103 Early Hints before the answer, unasked"),
    plain("twice", Effect::Twice, "the answer twice, to one request"),
    plain("garbage_json", Effect::GarbageJson, "the body is not JSON, though the header says so"),
    plain("cut_json", Effect::CutJson, "the JSON ends half-way, in a message that is whole"),
    number("deep_json", "[:DEPTH]", (1, 10_000, 1_000_000), Effect::DeepJson, "arrays inside arrays"),
    plain("duplicate_keys", Effect::DuplicateKeys, "the first object has a key twice"),
    plain("wrong_types", Effect::WrongTypes, "every number in the JSON is a string"),
    plain("nan", Effect::Nan, "the first number in the JSON is NaN"),
    plain("bom", Effect::Bom, "a byte order mark before the body"),
    plain("charset", Effect::Charset, "a byte in the body that is no UTF-8"),
    plain("gzip_mislabelled", Effect::GzipMislabelled, "the header says gzip, the body is plain"),
    plain("gzip_unmarked", Effect::GzipUnmarked, "the body is gzip, no header says so"),
    plain("gzip_cut", Effect::GzipCut, "gzip that ends half-way, in a message that is whole"),
    number("gzip_bomb", "[:MIB]", (1, 64, 4096), Effect::GzipBomb, "a small gzip body that becomes so many MiB of zeros"),
];

impl FaultKind {
    /// Reads the text form; hyphens in names count as underscores.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, argument) = match text.split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (text, None),
        };
        let name = name.trim().replace('-', "_");
        let item = MENU
            .iter()
            .find(|item| item.name == name)
            .ok_or_else(|| no_such_kind(&name))?;
        let effect = match (&item.make, argument) {
            (Make::Plain(effect), None) => effect.clone(),
            (Make::Plain(_), Some(_)) => return Err(format!("the fault {name} takes no argument: {text:?}")),
            (Make::Status, argument) => Effect::Status(parse_status(argument.unwrap_or_default())?),
            (
                Make::Number {
                    default,
                    low,
                    high,
                    make,
                },
                argument,
            ) => {
                let number = match argument {
                    Some(digits) => digits.trim().parse().ok(),
                    None => *default,
                };
                let number = number.filter(|number| (low..=high).contains(&number));
                make(number.ok_or_else(|| {
                    format!(
                        "the fault {name} is written {name}{} with a number from {low} to {high}, not {text:?}",
                        item.argument
                    )
                })?)
            }
        };
        Ok(Self {
            text: argument.map_or_else(|| name.clone(), |argument| format!("{name}:{argument}")),
            effect,
        })
    }

    /// True if it concerns connections and not requests.
    fn is_for_connections(&self) -> bool {
        matches!(self.effect, Effect::ResetOnAccept | Effect::SlowAccept(_))
    }
}

fn no_such_kind(name: &str) -> String {
    let names: Vec<_> = MENU.iter().map(|item| item.name).collect();
    format!("there is no fault {name:?}; there are {}", names.join(", "))
}

/// `CODE;name=value;…;body=…`, where the body is all that follows.
fn parse_status(argument: &str) -> Result<Status, String> {
    let wrong = || {
        format!(
            "the fault status is written status:CODE[;HEADER=VALUE]…[;body=TEXT] with a code from 200 to 599, not {argument:?}"
        )
    };
    let (argument, body) = match argument.split_once(";body=") {
        Some((argument, body)) => (argument, Some(body.to_owned())),
        None => (argument, None),
    };
    let mut parts = argument.split(';');
    let code = parts.next().and_then(|code| code.trim().parse().ok());
    let code = code.filter(|code| (200..=599).contains(code)).ok_or_else(wrong)?;
    let mut headers = Vec::new();
    for part in parts {
        let (name, value) = part.split_once('=').ok_or_else(wrong)?;
        let (name, value) = (name.trim(), value.trim());
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) || value.chars().any(char::is_control) {
            return Err(wrong());
        }
        headers.push((name.to_owned(), value.to_owned()));
    }
    Ok(Status { code, headers, body })
}

/// The faults that wait for their requests.
#[derive(Debug, Default)]
pub(super) struct FaultQueue {
    state: Mutex<QueueState>,
}

#[derive(Debug, Default)]
struct QueueState {
    last_id: u64,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    fault: Fault,
    seen: u32,
    hits: u32,
}

impl Waiting {
    /// Counts one matching request; true if it is hit.
    fn hits_next(&mut self) -> bool {
        self.seen = self.seen.saturating_add(1);
        let nth = self.seen.saturating_sub(self.fault.skip);
        let hit = nth > 0 && nth.is_multiple_of(self.fault.every.unwrap_or(1));
        self.hits += u32::from(hit);
        hit
    }

    fn is_used_up(&self) -> bool {
        self.fault.times.is_some_and(|times| self.hits >= times)
    }
}

/// What a request has to suffer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// How much later the answer begins.
    pub(super) delay: Duration,
    /// What goes wrong besides.
    pub(super) kind: Option<FaultKind>,
    /// All of it in words.
    pub(super) text: Option<String>,
}

impl FaultQueue {
    pub(super) fn add(&self, fault: Fault) -> Result<u64, String> {
        if fault.times == Some(0) || fault.every == Some(0) {
            return Err("a fault's times and every are at least 1".to_owned());
        }
        if fault.kind.is_for_connections() && (fault.provider.is_some() || fault.path_contains.is_some()) {
            return Err(format!(
                "the fault {} comes before there is a request, so it takes no provider and no path",
                fault.kind
            ));
        }
        let mut state = self.lock();
        state.last_id += 1;
        let id = state.last_id;
        state.waiting.push(Waiting {
            id,
            fault,
            seen: 0,
            hits: 0,
        });
        Ok(id)
    }

    pub(super) fn remove(&self, id: u64) -> bool {
        let waiting = &mut self.lock().waiting;
        let before = waiting.len();
        waiting.retain(|one| one.id != id);
        waiting.len() < before
    }

    pub(super) fn clear(&self) {
        self.lock().waiting.clear();
    }

    pub(super) fn list(&self) -> Vec<(u64, Fault)> {
        self.lock()
            .waiting
            .iter()
            .map(|one| (one.id, one.fault.clone()))
            .collect()
    }

    /// What this request gets; `reused` says that it is not the first on its connection.
    pub(super) fn take(&self, provider: Option<&str>, request: &Request, reused: bool) -> Verdict {
        let mut verdict = Verdict::default();
        let mut words = Vec::new();
        let waiting = &mut self.lock().waiting;
        for one in waiting.iter_mut() {
            let kind = &one.fault.kind;
            let fits = !kind.is_for_connections() && (reused || kind.effect != Effect::Stale);
            if !fits || !one.fault.concerns(provider, request) || !one.hits_next() {
                continue;
            }
            words.push(one.fault.kind.to_string());
            if let Effect::Latency(delay) = one.fault.kind.effect {
                verdict.delay = verdict.delay.saturating_add(delay);
            } else {
                verdict.kind = Some(one.fault.kind.clone());
                break;
            }
        }
        waiting.retain(|one| !one.is_used_up());
        verdict.text = (!words.is_empty()).then(|| words.join(", "));
        verdict
    }

    /// What a new connection gets.
    pub(super) fn take_on_accept(&self) -> Option<OnAccept> {
        let waiting = &mut self.lock().waiting;
        let hit = waiting.iter_mut().find_map(|one| {
            (one.fault.kind.is_for_connections() && one.hits_next()).then(|| one.fault.kind.effect.clone())
        });
        waiting.retain(|one| !one.is_used_up());
        match hit? {
            Effect::SlowAccept(delay) => Some(OnAccept::Wait(delay)),
            _ => Some(OnAccept::Reset),
        }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What happens to a connection before its first request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OnAccept {
    Reset,
    Wait(Duration),
}

/// One thing to do on the way to the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Send(Vec<u8>),
    /// The same bytes so many times.
    Repeat(Vec<u8>, u64),
    /// Byte by byte, with pauses.
    Drip(Vec<u8>, Duration),
    Pause(Duration),
    Close,
    Reset,
}

/// What the fault needs from the server to make its answer.
pub(super) trait Stage {
    /// What the service says.
    fn answer(&self) -> Response;
    /// How the service says a failure with status 200.
    fn refusal_inside_200(&self) -> Response;
    /// Ends the service's sessions.
    fn expire_sessions(&self);
    /// Frames an answer.
    fn frame(&self, response: Response) -> Message;
}

impl FaultKind {
    /// The steps that make this fault, and the status that the client gets to see.
    pub(super) fn perform(&self, stage: &dyn Stage) -> (Option<u16>, Vec<Step>) {
        match &self.effect {
            Effect::Reset => (None, vec![Step::Reset]),
            Effect::Close | Effect::Stale => (None, vec![Step::Close]),
            Effect::Hang(time) => (None, vec![Step::Pause(*time), Step::Close]),
            Effect::GzipBomb(mebibytes) => (Some(200), bomb(*mebibytes, stage)),
            effect => {
                let response = effect.rewrite(effect.response(stage));
                let status = (*effect != Effect::BadStatusLine).then_some(response.status);
                (status, effect.steps(stage.frame(response)))
            }
        }
    }
}

impl Effect {
    /// What is said: by the fault in place of the service, or by the service.
    fn response(&self, stage: &dyn Stage) -> Response {
        match self {
            Self::Status(status) => status.response(),
            Self::Html(code) => html(*code),
            Self::Empty => Response::empty(200),
            Self::ErrorIn200 => stage.refusal_inside_200(),
            Self::Expire => {
                stage.expire_sessions();
                stage.answer()
            }
            _ => stage.answer(),
        }
    }

    /// What the fault does to the answer before it is framed.
    fn rewrite(&self, mut response: Response) -> Response {
        let body = &response.body;
        match self {
            Self::GarbageJson => response.body = b"{\"rows\": [1, 2,, oops\n".to_vec(),
            Self::CutJson => response.body = garble::cut(body),
            Self::DeepJson(depth) => response.body = garble::deep(usize::try_from(*depth).unwrap_or(0)),
            Self::DuplicateKeys => response.body = garble::with_duplicate_key(body),
            Self::WrongTypes => response.body = garble::with_numbers_as_text(body),
            Self::Nan => response.body = garble::with_nan(body),
            Self::Bom => response.body = [b"\xef\xbb\xbf", body.as_slice()].concat(),
            Self::Charset => response.body = garble::with_latin_1(body),
            Self::GzipMislabelled | Self::GzipUnmarked | Self::GzipCut => response = self.lie_about_gzip(response),
            Self::HugeHeaders(kibibytes) => {
                for n in 0..*kibibytes {
                    response = response.header(&format!("X-Padding-{n}"), "x".repeat(1024));
                }
            }
            Self::BadChunkSize => response.chunked = true,
            Self::ShortLength | Self::Truncated => response.chunked = false,
            _ => {}
        }
        response
    }

    fn lie_about_gzip(&self, mut response: Response) -> Response {
        response.gzip = false;
        if *self != Self::GzipMislabelled {
            response.body = wire::gzip(&response.body);
        }
        if *self == Self::GzipCut {
            response.body.truncate(response.body.len() / 2);
        }
        if *self == Self::GzipUnmarked {
            response
        } else {
            response.header("Content-Encoding", "gzip")
        }
    }

    /// What the fault does to the framed answer.
    fn steps(&self, mut message: Message) -> Vec<Step> {
        match self {
            Self::Informational => {
                let noise = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </>; rel=preload\r\n\r\n";
                vec![Step::Send([&noise[..], &message.head, &message.body].concat())]
            }
            Self::Twice => vec![Step::Repeat(message.into_bytes(), 2)],
            Self::BadStatusLine => {
                replace_line(&mut message.head, "HTTP/1.1 ", "HTTP/1.1 fine");
                vec![Step::Send(message.into_bytes()), Step::Close]
            }
            Self::BadChunkSize => {
                vec![
                    Step::Send([&message.head[..], b"zz\r\n", &message.body].concat()),
                    Step::Close,
                ]
            }
            Self::ShortLength => {
                set_length(&mut message.head, short_length(&message.body));
                vec![Step::Send(message.into_bytes())]
            }
            Self::Truncated => vec![Step::Send(half_of(message)), Step::Close],
            Self::ResetInBody => vec![Step::Send(half_of(message)), Step::Pause(BEFORE_RESET), Step::Reset],
            Self::HangInBody(time) => vec![Step::Send(half_of(message)), Step::Pause(*time), Step::Close],
            Self::Drip(gap) => vec![Step::Send(message.head), Step::Drip(message.body, *gap)],
            _ => vec![Step::Send(message.into_bytes())],
        }
    }
}

impl Status {
    fn response(&self) -> Response {
        let body = self
            .body
            .clone()
            .unwrap_or_else(|| format!("{}\n", wire::reason(self.code)));
        let typed = self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let mut response = Response {
            status: self.code,
            headers: self.headers.clone(),
            body: body.into_bytes(),
            ..Response::default()
        };
        if !typed {
            response = response.header("Content-Type", "text/plain; charset=utf-8");
        }
        response
    }
}

fn html(code: u16) -> Response {
    let title = wire::reason(code);
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1><p>gateway</p></body></html>\n"
    );
    Response::text(code, "text/html; charset=utf-8", page)
}

/// Head and half of the body; a body too short to be halved is announced longer than it is.
fn half_of(mut message: Message) -> Vec<u8> {
    if message.body.len() < 2 {
        set_length(&mut message.head, message.body.len() as u64 + 16);
    } else {
        message.body.truncate(message.body.len() / 2);
    }
    message.into_bytes()
}

/// Half of it, unless nobody could see that half of it is missing.
fn short_length(body: &[u8]) -> u64 {
    let half: Vec<u8> = body.iter().copied().take(body.len() / 2).collect();
    let looks_whole = serde_json::from_slice::<serde_json::Value>(&half).is_ok();
    if looks_whole { 0 } else { half.len() as u64 }
}

fn set_length(head: &mut Vec<u8>, length: u64) {
    replace_line(head, "Content-Length: ", &format!("Content-Length: {length}"));
}

/// The first line that starts so gives way to another.
fn replace_line(head: &mut Vec<u8>, start: &str, line: &str) {
    let text = String::from_utf8_lossy(head);
    let mut lines: Vec<&str> = text.split("\r\n").collect();
    if let Some(found) = lines.iter_mut().find(|line| line.starts_with(start)) {
        *found = line;
    }
    *head = lines.join("\r\n").into_bytes();
}

fn bomb(mebibytes: u64, stage: &dyn Stage) -> Vec<Step> {
    let bomb = Bomb::new(mebibytes);
    let response = Response::text(200, "application/json", "").header("Content-Encoding", "gzip");
    let mut head = stage.frame(response).head;
    set_length(&mut head, bomb.wire_length());
    head.extend(&bomb.start);
    vec![
        Step::Send(head),
        Step::Repeat(bomb.block, bomb.times),
        Step::Send(bomb.end),
    ]
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::thread;
    use std::time::Instant;

    use super::super::server::client::{connect, exchange, header, rest};
    use super::super::server::{Config, Simulator};
    use super::*;

    const SESSIONS: &str = "/orgs/get-total-sessions-this-month";
    const TRAFFIC: &str = "/orgs/get-total-traffic-this-month";

    fn start() -> Simulator {
        Simulator::start(Config {
            seed: 7,
            now: Some("2026-03-18T10:30:00Z".parse().unwrap()),
            tls: true,
            ..Config::default()
        })
        .unwrap()
    }

    fn kind(text: &str) -> FaultKind {
        FaultKind::parse(text).unwrap()
    }

    fn with(simulator: &Simulator, text: &str) -> u64 {
        simulator.add_fault(Fault::new(kind(text))).unwrap()
    }

    fn post(simulator: &Simulator, path: &str, more: &str) -> String {
        let (_, key) = simulator.credentials("sora").unwrap().remove(0);
        format!("POST {path} HTTP/1.1\r\nAuthorization: Bearer {key}\r\nContent-Length: 0\r\n{more}\r\n")
    }

    /// Everything that one request brings until the connection ends, as text, and whether it ended with a reset.
    fn all_of(simulator: &Simulator, path: &str) -> (String, bool) {
        let mut stream = connect(simulator);
        stream
            .write_all(post(simulator, path, "Connection: close\r\n").as_bytes())
            .unwrap();
        let mut bytes = Vec::new();
        let reset = stream
            .read_to_end(&mut bytes)
            .is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset);
        (String::from_utf8_lossy(&bytes).into_owned(), reset)
    }

    /// Status line and body of an answer under this fault.
    fn answer_under(fault: &str, path: &str) -> (String, Vec<u8>) {
        let simulator = start();
        with(&simulator, fault);
        exchange(
            &mut connect(&simulator),
            &post(&simulator, path, "Accept-Encoding: gzip\r\n"),
        )
    }

    fn body_under(fault: &str) -> String {
        let (head, body) = answer_under(fault, TRAFFIC);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        String::from_utf8_lossy(&body).into_owned()
    }

    fn plain_body(path: &str) -> Vec<u8> {
        let simulator = start();
        exchange(&mut connect(&simulator), &post(&simulator, path, "")).1
    }

    #[test]
    fn every_kind_on_the_menu_can_be_written_and_nonsense_cannot() {
        for item in MENU {
            let text = match item.make {
                Make::Status => "status:503".to_owned(),
                Make::Number { default: None, .. } => format!("{}:5", item.name),
                Make::Number { .. } | Make::Plain(_) => item.name.to_owned(),
            };
            assert_eq!(kind(&text).to_string(), text);
        }
        assert_eq!(kind("hang-in-body:5"), kind("hang_in_body:5"));
        let error = |text| FaultKind::parse(text).unwrap_err();
        assert!(error("lag:5").starts_with("there is no fault \"lag\"; there are latency, status, expire, "));
        assert_eq!(error("reset:5"), r#"the fault reset takes no argument: "reset:5""#);
        assert_eq!(
            error("latency"),
            r#"the fault latency is written latency:MS with a number from 0 to 60000, not "latency""#
        );
        assert_eq!(
            error("drip:70000"),
            r#"the fault drip is written drip[:MS] with a number from 0 to 60000, not "drip:70000""#
        );
        for text in [
            "status",
            "status:abc",
            "status:99",
            "status:429;x",
            "status:429;a b=c",
            "status:429;a=b\r\nc: d",
        ] {
            assert!(error(text).starts_with("the fault status is written "), "{text}");
        }
    }

    #[test]
    fn faults_are_tried_in_order_and_count_only_what_reaches_them() {
        let queue = FaultQueue::default();
        let request = Request::default();
        let words = || queue.take(Some("sora"), &request, false).text;
        let add = |text: &str, skip, every, times| {
            let fault = Fault {
                skip,
                every,
                times,
                ..Fault::new(kind(text))
            };
            queue.add(fault).unwrap()
        };
        add("status:503", 1, None, Some(2));
        add("status:429", 0, None, Some(1));
        add("close", 0, Some(3), None);
        let seen: Vec<_> = (0..8).map(|_| words().unwrap_or_default()).collect();
        assert_eq!(
            seen,
            ["status:429", "status:503", "status:503", "", "", "close", "", ""]
        );
        assert_eq!(queue.list().len(), 1);
        queue.clear();
        assert_eq!(words(), None);
        let latency = add("latency:30", 0, None, None);
        add("status:500", 0, None, Some(1));
        let verdict = queue.take(None, &request, false);
        assert_eq!(verdict.delay, Duration::from_millis(30));
        assert_eq!(verdict.text.as_deref(), Some("latency:30, status:500"));
        assert_eq!(words().as_deref(), Some("latency:30"));
        assert!(queue.remove(latency) && !queue.remove(latency));
    }

    #[test]
    fn a_fault_keeps_to_its_provider_and_its_path() {
        let queue = FaultQueue::default();
        let request = Request {
            path: "/orgs/a".to_owned(),
            query: "Action=B".to_owned(),
            ..Request::default()
        };
        let hit = |provider: &str, text: &str| {
            queue.clear();
            let fault = Fault {
                provider: Some(provider.to_owned()),
                path_contains: Some(text.to_owned()),
                ..Fault::new(kind("close"))
            };
            queue.add(fault).unwrap();
            queue.take(Some("sora"), &request, false).kind.is_some()
        };
        assert!(hit("sora", "orgs"));
        assert!(hit("sora", "Action=B"));
        assert!(!hit("sora", "projects"));
        assert!(!hit("ricoh", "orgs"));
        let wrong = Fault {
            provider: Some("sora".to_owned()),
            ..Fault::new(kind("reset_on_accept"))
        };
        assert_eq!(
            queue.add(wrong.clone()).unwrap_err(),
            "the fault reset_on_accept comes before there is a request, so it takes no provider and no path"
        );
        let never = Fault {
            times: Some(0),
            ..Fault::new(kind("close"))
        };
        assert_eq!(
            queue.add(never).unwrap_err(),
            "a fault's times and every are at least 1"
        );
        let unknown = Fault {
            provider: Some("soda".to_owned()),
            ..wrong
        };
        assert!(
            start()
                .add_fault(unknown)
                .unwrap_err()
                .starts_with("there is no provider \"soda\"")
        );
    }

    #[test]
    fn a_status_comes_with_its_headers_and_its_text_and_the_log_says_why() {
        let simulator = start();
        with(&simulator, "status:429;retry-after=2;x-a=b=c;body={\"a\":1;}");
        let (head, body) = exchange(&mut connect(&simulator), &post(&simulator, SESSIONS, ""));
        assert!(
            head.starts_with("HTTP/1.1 429 Too Many Requests\r\nretry-after: 2\r\nx-a: b=c\r\n"),
            "{head}"
        );
        assert_eq!(body, b"{\"a\":1;}");
        let log = simulator.requests();
        assert_eq!((log[0].provider, log[0].status), (Some("sora"), Some(429)));
        assert_eq!(
            log[0].fault.as_deref(),
            Some("status:429;retry-after=2;x-a=b=c;body={\"a\":1;}")
        );
        for code in [302, 401, 403, 404, 500, 502, 503, 504] {
            let (head, body) = answer_under(&format!("status:{code}"), SESSIONS);
            assert!(
                head.starts_with(&format!("HTTP/1.1 {code} {}\r\n", wire::reason(code))),
                "{head}"
            );
            assert_eq!(body, format!("{}\n", wire::reason(code)).into_bytes());
        }
    }

    #[test]
    fn latency_delays_the_right_answer() {
        let simulator = start();
        with(&simulator, "latency:80");
        let start = Instant::now();
        let (_, body) = exchange(&mut connect(&simulator), &post(&simulator, SESSIONS, ""));
        assert!(start.elapsed() >= Duration::from_millis(80));
        assert_eq!(body, plain_body(SESSIONS));
    }

    #[test]
    fn connections_are_reset_or_closed_without_an_answer() {
        for (fault, expected) in [
            ("reset", true),
            ("reset_on_accept", true),
            ("close", false),
            ("hang:30", false),
        ] {
            let simulator = start();
            with(&simulator, fault);
            let (text, reset) = match fault {
                // The reset may come before the request is sent.
                "reset_on_accept" => {
                    let mut stream = connect(&simulator);
                    thread::sleep(Duration::from_millis(30));
                    (String::new(), stream.read(&mut [0]).is_err())
                }
                _ => all_of(&simulator, SESSIONS),
            };
            assert_eq!((text.as_str(), reset), ("", expected), "{fault}");
            assert!(simulator.requests().iter().all(|record| record.status.is_none()));
            assert_eq!(simulator.counts().disconnects, 0, "{fault}: it was the server who left");
        }
    }

    #[test]
    fn an_accepted_connection_may_have_to_wait() {
        let simulator = start();
        with(&simulator, "slow_accept:60");
        let start = Instant::now();
        exchange(&mut connect(&simulator), &post(&simulator, SESSIONS, ""));
        assert!(start.elapsed() >= Duration::from_millis(60));
    }

    #[test]
    fn only_a_connection_that_is_used_again_is_stale() {
        let simulator = start();
        with(&simulator, "stale");
        let mut stream = connect(&simulator);
        let request = post(&simulator, SESSIONS, "");
        assert!(exchange(&mut stream, &request).0.starts_with("HTTP/1.1 200 OK\r\n"));
        stream.write_all(request.as_bytes()).unwrap();
        assert_eq!(rest(&mut stream), b"");
        assert!(
            exchange(&mut connect(&simulator), &request)
                .0
                .starts_with("HTTP/1.1 200 OK\r\n")
        );
    }

    #[test]
    fn bodies_end_before_their_announced_end() {
        let whole = plain_body(TRAFFIC).len();
        for (fault, expected) in [
            ("truncated", false),
            ("reset_in_body", true),
            ("hang_in_body:30", false),
        ] {
            let simulator = start();
            with(&simulator, fault);
            let (text, reset) = all_of(&simulator, TRAFFIC);
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert_eq!(
                header(head, "content-length"),
                Some(whole.to_string().as_str()),
                "{fault}"
            );
            assert_eq!((body.len(), reset), (whole / 2, expected), "{fault}");
        }
        let simulator = start();
        with(&simulator, "truncated");
        let request = "POST /orgs/x HTTP/1.1\r\n\r\n";
        let mut stream = connect(&simulator);
        stream.write_all(request.as_bytes()).unwrap();
        let text = String::from_utf8(rest(&mut stream)).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(header(head, "content-length").unwrap().parse::<usize>().unwrap() > body.len());
    }

    #[test]
    fn a_dripping_body_is_right_and_slow() {
        let simulator = start();
        with(&simulator, "drip:5");
        let start = Instant::now();
        let (_, body) = exchange(&mut connect(&simulator), &post(&simulator, SESSIONS, ""));
        assert_eq!(body, plain_body(SESSIONS));
        assert!(start.elapsed() >= Duration::from_millis(5 * (body.len() as u64 - 1)));
    }

    #[test]
    fn the_frame_is_wrong_in_the_way_it_says() {
        let under = |fault: &str| {
            let simulator = start();
            with(&simulator, fault);
            all_of(&simulator, TRAFFIC).0
        };
        let body = String::from_utf8(plain_body(TRAFFIC)).unwrap();
        let text = under("short_length");
        assert_eq!(
            header(&text, "content-length"),
            Some((body.len() / 2).to_string().as_str())
        );
        assert!(text.ends_with(&body));
        assert!(under("bad_status_line").starts_with("HTTP/1.1 fine\r\nContent-Type: "));
        let text = under("bad_chunk_size");
        assert!(
            text.contains("\r\nTransfer-Encoding: chunked\r\n") && text.contains("\r\n\r\nzz\r\n"),
            "{text}"
        );
        let text = under("huge_headers:100");
        assert!(text.find("\r\n\r\n").unwrap() > 100 << 10);
        assert!(text.ends_with(&body));
        let text = under("informational");
        assert!(
            text.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n"),
            "{text}"
        );
        assert!(text.ends_with(&body));
        assert_eq!(under("twice").matches("HTTP/1.1 200 OK\r\n").count(), 2);
        // Half of a bare number would be a number: nobody could see that the other half is missing.
        let (head, _) = answer_under("short_length", SESSIONS);
        assert_eq!(header(&head, "content-length"), Some("0"));
    }

    #[test]
    fn bodies_are_not_what_they_should_be() {
        let (head, body) = answer_under("html:502", SESSIONS);
        assert!(
            head.starts_with("HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html"),
            "{head}"
        );
        assert!(body.starts_with(b"<!DOCTYPE html>"));
        assert!(body_under("html").starts_with("<!DOCTYPE html>"));
        assert_eq!(body_under("empty"), "");
        assert_eq!(
            body_under("error_in_200"),
            r#"{"error":{"code":"refused","message":"a failure inside a 200"}}"#
        );
        let body = String::from_utf8(plain_body(TRAFFIC)).unwrap();
        assert_eq!(body_under("bom"), format!("\u{feff}{body}"));
        assert_eq!(body_under("cut_json"), body[..body.len() / 2]);
        assert_eq!(body_under("deep_json:3"), "[[[]]]");
        assert_eq!(body_under("duplicate_keys"), body.replace('}', ",\"ingress\":null}"));
        assert!(body_under("nan").starts_with(r#"{"ingress":NaN,"egress":"#));
        assert!(body_under("wrong_types").starts_with(r#"{"ingress":""#));
        assert!(body_under("charset").starts_with("{\"\u{fffd}ingress"));
        assert!(serde_json::from_str::<serde_json::Value>(&body_under("garbage_json")).is_err());
    }

    fn inflate(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(bytes)
            .read_to_end(&mut plain)
            .map(|_| plain)
    }

    #[test]
    fn gzip_is_lied_about() {
        let plain = plain_body(TRAFFIC);
        let under = |fault: &str| {
            let (head, body) = answer_under(fault, TRAFFIC);
            (header(&head, "content-encoding").map(str::to_owned), body)
        };
        assert_eq!(under("gzip_mislabelled"), (Some("gzip".to_owned()), plain.clone()));
        let (label, body) = under("gzip_unmarked");
        assert_eq!((label, inflate(&body).unwrap()), (None, plain));
        let (label, body) = under("gzip_cut");
        assert_eq!(label.as_deref(), Some("gzip"));
        assert!(body.starts_with(&[0x1f, 0x8b]) && inflate(&body).is_err());
        let (label, body) = under("gzip_bomb:2");
        assert_eq!(label.as_deref(), Some("gzip"));
        assert!(body.len() < 4096);
        assert_eq!(inflate(&body).unwrap(), vec![0; 2 << 20]);
    }

    #[test]
    fn sessions_expire_before_the_service_answers() {
        struct Actor(std::cell::Cell<bool>);
        impl Stage for Actor {
            fn answer(&self) -> Response {
                Response::empty(if self.0.get() { 401 } else { 200 })
            }
            fn refusal_inside_200(&self) -> Response {
                Response::empty(200)
            }
            fn expire_sessions(&self) {
                self.0.set(true);
            }
            fn frame(&self, response: Response) -> Message {
                Message {
                    head: response.status.to_string().into_bytes(),
                    body: response.body,
                }
            }
        }
        let (status, steps) = kind("expire").perform(&Actor(std::cell::Cell::default()));
        assert_eq!((status, steps), (Some(401), vec![Step::Send(b"401".to_vec())]));
        assert_eq!(body_under("expire").into_bytes(), plain_body(TRAFFIC));
    }

    #[test]
    fn a_client_that_leaves_while_it_waits_is_counted_soon() {
        for fault in ["latency:5000", "hang", "hang_in_body", "drip:2000"] {
            let simulator = start();
            with(&simulator, fault);
            let mut stream = connect(&simulator);
            stream.write_all(post(&simulator, SESSIONS, "").as_bytes()).unwrap();
            while simulator.requests().is_empty() {
                thread::sleep(Duration::from_millis(2));
            }
            assert_eq!(simulator.counts().disconnects, 0);
            drop(stream);
            let left = Instant::now();
            while simulator.counts().disconnects == 0 && left.elapsed() < Duration::from_secs(2) {
                thread::sleep(Duration::from_millis(2));
            }
            assert_eq!(simulator.counts().disconnects, 1, "{fault}");
        }
    }

    #[test]
    fn stopping_does_not_wait_for_those_who_hang() {
        let simulator = start();
        with(&simulator, "hang");
        let mut stream = connect(&simulator);
        stream.write_all(post(&simulator, SESSIONS, "").as_bytes()).unwrap();
        while simulator.requests().is_empty() {
            thread::sleep(Duration::from_millis(2));
        }
        let start = Instant::now();
        simulator.stop();
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!(rest(&mut stream), b"");
    }

    #[test]
    fn the_encrypted_port_is_reset_before_the_handshake() {
        let simulator = start();
        with(&simulator, "reset_on_accept");
        let address = simulator.tls_origin().unwrap().replace("https://", "");
        let mut stream = TcpStream::connect(address).unwrap();
        thread::sleep(Duration::from_millis(30));
        assert!(stream.read(&mut [0]).is_err());
    }
}
