//! Sora Cloud, as its clients meet it: nine counters of "this month so far", and three time series.
//!
//! The organisation has two projects. All figures come from hours of made-up usage (see [`usage_of_day`]), in UTC, up to the
//! world's time; the running hour counts in proportion, so that counters grow.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

use super::accounts;
use super::http::{Request, Response};
use super::synth;
use super::world::World;
use super::{Service, Switch};

/// The organisation's key.
const API_KEY: &str = "simulated-sora-organisation-key";
/// The first project's key, where projects have keys of their own.
const PROJECT_KEY: &str = "simulated-sora-organisation-key-project";
/// The organisation's projects; the first is the one that the project operations are about.
const PROJECTS: [&str; 2] = ["kiosk", "studio"];
const HOUR_SECONDS: i64 = 3600;
/// How many days the service remembers before it starts over.
const MEMORY: usize = 4096;

/// Whose usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All projects together.
    Organisation,
    /// The first project.
    Project,
}

impl Scope {
    fn projects(self) -> &'static [&'static str] {
        match self {
            Self::Organisation => &PROJECTS,
            Self::Project => PROJECTS.first_chunk::<1>().map_or(&[], |one| one),
        }
    }
}

/// The usage of a period. Totals of parts add up to the whole; of maxima, the largest is the whole's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Connections begun.
    pub connections: u64,
    /// Sessions begun.
    pub sessions: u64,
    /// Minutes connected, each connection floored to whole minutes.
    pub minutes: u64,
    /// Bytes that the service received.
    pub ingress: u64,
    /// Bytes that the service sent.
    pub egress: u64,
    /// The most connections at one time.
    pub max_concurrent_connections: u64,
    /// The highest bandwidth, in bits per second: the service shows whole Mbit/s, floored.
    pub max_bandwidth_bps: u64,
    /// Requests to the Sora Cloud API.
    pub api_requests: u64,
    /// Requests to the Sora API through the cloud.
    pub sora_api_requests: u64,
    /// Webhook requests.
    pub webhook_requests: u64,
}

impl Usage {
    /// The highest bandwidth as the service shows it.
    pub fn max_bandwidth_mbps(&self) -> u64 {
        self.max_bandwidth_bps / 1_000_000
    }

    /// This period and a later one as one.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        let mut whole = self.beside(later);
        whole.max_concurrent_connections = self.max_concurrent_connections.max(later.max_concurrent_connections);
        whole.max_bandwidth_bps = self.max_bandwidth_bps.max(later.max_bandwidth_bps);
        whole
    }

    /// Two projects' usage of the same hour as one: within an hour, peaks are taken to meet.
    fn beside(self, other: Self) -> Self {
        Self {
            connections: self.connections + other.connections,
            sessions: self.sessions + other.sessions,
            minutes: self.minutes + other.minutes,
            ingress: self.ingress + other.ingress,
            egress: self.egress + other.egress,
            max_concurrent_connections: self.max_concurrent_connections + other.max_concurrent_connections,
            max_bandwidth_bps: self.max_bandwidth_bps + other.max_bandwidth_bps,
            api_requests: self.api_requests + other.api_requests,
            sora_api_requests: self.sora_api_requests + other.sora_api_requests,
            webhook_requests: self.webhook_requests + other.webhook_requests,
        }
    }

    /// What there is of it after so many seconds of an hour.
    fn so_far(self, seconds: u64) -> Self {
        let part = |whole: u64| whole * seconds / HOUR_SECONDS.unsigned_abs();
        Self {
            connections: part(self.connections),
            sessions: part(self.sessions),
            minutes: part(self.minutes),
            ingress: part(self.ingress),
            egress: part(self.egress),
            max_concurrent_connections: part(self.max_concurrent_connections),
            max_bandwidth_bps: part(self.max_bandwidth_bps),
            api_requests: part(self.api_requests),
            sora_api_requests: part(self.sora_api_requests),
            webhook_requests: part(self.webhook_requests),
        }
    }
}

/// The usage of one day (UTC), as far as it has come by `now`; a later day has none.
pub fn usage_of_day(seed: u64, scope: Scope, day: Date, now: Timestamp) -> Usage {
    let Some(start) = midnight(day) else {
        return Usage::default();
    };
    let first = start.as_second().div_euclid(HOUR_SECONDS);
    (first..first + 24)
        .map(|hour| {
            let elapsed = (now.as_second() - hour * HOUR_SECONDS).clamp(0, HOUR_SECONDS);
            match u64::try_from(elapsed) {
                Ok(seconds) if seconds > 0 => usage_of_hour(seed, scope, hour).so_far(seconds),
                _ => Usage::default(),
            }
        })
        .fold(Usage::default(), Usage::then)
}

/// The usage of each day from the first to the last, both included.
pub fn usage_by_day(seed: u64, scope: Scope, first: Date, last: Date, now: Timestamp) -> Vec<(Date, Usage)> {
    days(first, last)
        .map(|day| (day, usage_of_day(seed, scope, day, now)))
        .collect()
}

/// The usage of the month (UTC) of `now`, up to then: what the nine counters are about.
pub fn usage_this_month(seed: u64, now: Timestamp) -> Usage {
    let today = date_of(now);
    usage_by_day(seed, Scope::Organisation, today.first_of_month(), today, now)
        .into_iter()
        .fold(Usage::default(), |sum, (_, usage)| sum.then(usage))
}

fn usage_of_hour(seed: u64, scope: Scope, hour: i64) -> Usage {
    let parts = scope
        .projects()
        .iter()
        .map(|project| usage_of_project_hour(seed, project, hour));
    parts.fold(Usage::default(), Usage::beside)
}

/// One project's hour; about one day in 23 has no use at all.
fn usage_of_project_hour(seed: u64, project: &str, hour: i64) -> Usage {
    let between = |what: &str, low, high| synth::between(seed, &format!("sora.{project}.{what}"), hour, low, high);
    let closed = synth::draw(seed, &format!("sora.{project}.closed"), hour.div_euclid(24)).is_multiple_of(23);
    let busy = synth::business(hour + 9) / 5; // the customers are in Japan
    let connections = if closed { 0 } else { between("connections", 0, busy) };
    if connections == 0 {
        return Usage::default();
    }
    let name = format!("sora.{project}.duration");
    let durations = (0..connections.cast_signed()).map(|nth| synth::between(seed, &name, hour * 64 + nth, 5, 3600));
    let (seconds, minutes) = durations.fold((0, 0), |(seconds, minutes), duration| {
        (seconds + duration, minutes + duration / 60)
    });
    let ingress = seconds * between("ingress", 40_000, 300_000);
    let egress = seconds * between("egress", 40_000, 300_000);
    let average_bps = (ingress + egress) * 8 / HOUR_SECONDS.unsigned_abs();
    let least_concurrent = seconds.div_ceil(HOUR_SECONDS.unsigned_abs());
    Usage {
        connections,
        sessions: between("sessions", 1, connections),
        minutes,
        ingress,
        egress,
        max_concurrent_connections: between("concurrent", least_concurrent, connections),
        max_bandwidth_bps: average_bps * between("peak", 110, 300) / 100,
        api_requests: between("api", 0, 12),
        sora_api_requests: between("sora-api", 0, 40),
        webhook_requests: connections * between("webhook", 2, 5),
    }
}

fn midnight(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
}

fn date_of(moment: Timestamp) -> Date {
    moment.to_zoned(TimeZone::UTC).date()
}

fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    first.series(1.day()).take_while(move |day| *day <= last)
}

/// The service.
#[derive(Debug, Default)]
pub struct Sora {
    /// Days, and until when (in Unix seconds) they are counted: a day that is over does not change.
    known_days: Mutex<HashMap<(Scope, Date), (i64, Usage)>>,
    own_calls: AtomicU64,
}

const SWITCHES: &[Switch] = &[
    Switch {
        name: "sora.encoding",
        values: &["plain", "gzip", "mislabelled"],
        doc: "How counters are sent: as they are, really compressed (if the client takes it), or as they are under a gzip label; \
              time series are always compressed for clients that take it.",
    },
    Switch {
        name: "sora.last_year_months",
        values: &["13", "12"],
        doc: "How many months list-traffics-last-year goes back, the running one included.",
    },
    Switch {
        name: "sora.last_month",
        values: &["rolling", "previous"],
        doc: "Whether list-traffics-last-month runs from this day a month ago until today, or over the previous calendar month.",
    },
    Switch {
        name: "sora.future_days",
        values: &["omitted", "zero"],
        doc: "Whether get-traffics-for-month leaves days that have not begun away, or shows them as zero rows.",
    },
    Switch {
        name: "sora.own_calls_count",
        values: &["no", "yes"],
        doc: "Whether calls of this API raise get-total-api-requests-this-month.",
    },
    Switch {
        name: "sora.project_key",
        values: &["same", "separate"],
        doc: "Whether the organisation's key opens the project operations, or only that key with \"-project\" at its end, which then opens nothing else.",
    },
    Switch {
        name: "sora.empty_object",
        values: &["refused", "accepted"],
        doc: "Whether {} will do where no body is expected.",
    },
];

/// What an operation answers.
#[derive(Debug, Clone, Copy)]
enum Operation {
    Count(fn(&Usage) -> u64),
    ApiRequests,
    Traffic,
    TrafficsForMonth,
    LastYear,
    LastMonth,
}

fn operation(path: &str) -> Option<Operation> {
    use Operation::{ApiRequests, Count, LastMonth, LastYear, Traffic, TrafficsForMonth};
    Some(match path {
        "/orgs/get-total-connections-this-month" => Count(|usage| usage.connections),
        "/orgs/get-total-sessions-this-month" => Count(|usage| usage.sessions),
        "/orgs/get-total-duration-min-this-month" => Count(|usage| usage.minutes),
        "/orgs/get-total-traffic-this-month" => Traffic,
        "/orgs/get-max-concurrent-connections-this-month" => Count(|usage| usage.max_concurrent_connections),
        "/orgs/get-max-bandwidth-mbps-this-month" => Count(Usage::max_bandwidth_mbps),
        "/orgs/get-total-api-requests-this-month" => ApiRequests,
        "/orgs/get-total-sora-api-requests-this-month" => Count(|usage| usage.sora_api_requests),
        "/orgs/get-total-webhook-requests-this-month" => Count(|usage| usage.webhook_requests),
        "/orgs/get-traffics-for-month" => TrafficsForMonth,
        "/projects/list-traffics-last-year" => LastYear,
        "/projects/list-traffics-last-month" => LastMonth,
        _ => return None,
    })
}

impl Service for Sora {
    fn name(&self) -> &'static str {
        "sora"
    }

    fn credentials(&self, account: u32) -> Vec<(&'static str, String)> {
        vec![("api_key", accounts::word(API_KEY, account))]
    }

    fn account(&self, request: &Request) -> Option<u32> {
        let key = key(request)?;
        accounts::number(API_KEY, key).or_else(|| accounts::number(PROJECT_KEY, key))
    }

    fn switches(&self) -> &'static [Switch] {
        SWITCHES
    }

    fn claims(&self, request: &Request) -> bool {
        request.path.starts_with("/orgs/") || request.path.starts_with("/projects/")
    }

    fn answer(&self, world: &World, request: &Request) -> Response {
        let operation = match admit(world, request) {
            Ok(operation) => operation,
            Err(refusal) => return refusal,
        };
        let own_calls = self.own_calls.fetch_add(1, Ordering::Relaxed);
        let now = world.now();
        match operation {
            Operation::Count(count) => counter(world, &count(&self.this_month(world, now)).to_string()),
            Operation::ApiRequests => {
                let own = if world.switch_is("sora.own_calls_count", "yes") {
                    own_calls
                } else {
                    0
                };
                counter(world, &(self.this_month(world, now).api_requests + own).to_string())
            }
            Operation::Traffic => {
                let usage = self.this_month(world, now);
                counter(
                    world,
                    &format!(r#"{{"ingress":{},"egress":{}}}"#, usage.ingress, usage.egress),
                )
            }
            Operation::TrafficsForMonth => match month_asked_for(request) {
                Some(month) => self.traffics_for_month(world, month, now),
                None => refusal(400, "year and month are numbers, and there is such a month"),
            },
            Operation::LastYear => self.last_year(world, now),
            Operation::LastMonth => self.last_month(world, now),
        }
    }
}

impl Sora {
    fn day(&self, world: &World, scope: Scope, day: Date, now: Timestamp) -> Usage {
        let end = midnight(day).map_or(0, |start| start.as_second() + 24 * HOUR_SECONDS);
        let until = now.as_second().min(end);
        let mut known_days = self.known_days.lock().unwrap_or_else(PoisonError::into_inner);
        match known_days.get(&(scope, day)) {
            Some(&(known_until, usage)) if known_until == until => usage,
            _ => {
                if known_days.len() >= MEMORY {
                    known_days.clear();
                }
                let usage = usage_of_day(world.seed(), scope, day, now);
                known_days.insert((scope, day), (until, usage));
                usage
            }
        }
    }

    fn month(&self, world: &World, scope: Scope, first: Date, now: Timestamp) -> Usage {
        days(first, first.last_of_month().min(date_of(now)))
            .map(|day| self.day(world, scope, day, now))
            .fold(Usage::default(), Usage::then)
    }

    fn traffics_for_month(&self, world: &World, month: Date, now: Timestamp) -> Response {
        let mut last = month.last_of_month();
        if !world.switch_is("sora.future_days", "zero") {
            last = last.min(date_of(now));
        }
        let row_of = |day| (day, self.day(world, Scope::Organisation, day, now));
        series("date", days(month, last).map(row_of))
    }

    fn last_year(&self, world: &World, now: Timestamp) -> Response {
        let months_back = if world.switch_is("sora.last_year_months", "12") {
            11
        } else {
            12
        };
        let today = date_of(now);
        let first = back(today.first_of_month(), months_back.months());
        let months = first.series(1.month()).take_while(|month| *month <= today);
        series(
            "timestamp",
            months.map(|month| (month, self.month(world, Scope::Project, month, now))),
        )
    }

    fn last_month(&self, world: &World, now: Timestamp) -> Response {
        let today = date_of(now);
        let (first, last) = if world.switch_is("sora.last_month", "previous") {
            let month = back(today.first_of_month(), 1.month());
            (month, month.last_of_month())
        } else {
            (back(today, 1.month()), today)
        };
        let row_of = |day| (day, self.day(world, Scope::Project, day, now));
        series("timestamp", days(first, last).map(row_of))
    }

    fn this_month(&self, world: &World, now: Timestamp) -> Usage {
        self.month(world, Scope::Organisation, date_of(now).first_of_month(), now)
    }
}

fn back(day: Date, span: Span) -> Date {
    day.checked_sub(span).unwrap_or(day)
}

/// Which operation it is, if everything about the request but its arguments is right.
/// No error status or body of this service is documented: all of these are guesses.
fn admit(world: &World, request: &Request) -> Result<Operation, Response> {
    let operation = operation(&request.path).ok_or_else(|| refusal(404, "no such operation"))?;
    if request.method != "POST" {
        return Err(refusal(405, "every operation is a POST").header("Allow", "POST"));
    }
    let has_length = ["content-length", "transfer-encoding"]
        .iter()
        .any(|name| request.header(name).is_some());
    if !has_length {
        return Err(refusal(411, "a POST has a Content-Length"));
    }
    let separate = world.switch_is("sora.project_key", "separate");
    let for_project = separate && request.path.starts_with("/projects/");
    let (right, other) = if for_project {
        (PROJECT_KEY, API_KEY)
    } else {
        (API_KEY, PROJECT_KEY)
    };
    let is = |key: &str, of_first| accounts::number(of_first, key).is_some();
    match key(request) {
        Some(key) if is(key, right) => {}
        Some(key) if separate && is(key, other) => return Err(refusal(403, "this key is for other operations")),
        _ => return Err(refusal(401, "the API key is missing or wrong")),
    }
    let unwanted = !matches!(operation, Operation::TrafficsForMonth) && !request.body.is_empty();
    let tolerated = request.body.trim_ascii() == b"{}" && world.switch_is("sora.empty_object", "accepted");
    if unwanted && !tolerated {
        return Err(refusal(400, "this operation takes no body"));
    }
    Ok(operation)
}

fn key(request: &Request) -> Option<&str> {
    request.header("authorization")?.strip_prefix("Bearer ")
}

/// The first day of the month in the body; strings instead of numbers are not documented, so they are refused.
fn month_asked_for(request: &Request) -> Option<Date> {
    let is_json = request
        .header("content-type")
        .is_some_and(|value| value.split(';').next().map(str::trim) == Some("application/json"));
    let body: serde_json::Value = serde_json::from_slice(&request.body).ok().filter(|_| is_json)?;
    let year = i16::try_from(body.get("year")?.as_i64()?).ok()?;
    let month = i8::try_from(body.get("month")?.as_i64()?).ok()?;
    // How far back it goes is not documented; this is before the service began.
    Date::new(year, month, 1).ok().filter(|date| date.year() >= 2000)
}

fn refusal(status: u16, message: &str) -> Response {
    Response::json(status, &serde_json::json!({ "message": message }))
}

/// Compact JSON and a line feed, as in every sample that is published.
fn document(text: &str) -> Response {
    Response::text(200, "application/json; charset=UTF-8", format!("{text}\n"))
}

fn counter(world: &World, text: &str) -> Response {
    let mut response = document(text);
    match world.switch("sora.encoding").as_deref() {
        Some("gzip") => response.gzip = true,
        // The published samples carry this header on three bytes.
        Some("mislabelled") => response = response.header("Content-Encoding", "gzip"),
        _ => {}
    }
    response
}

fn series(time_key: &str, rows: impl Iterator<Item = (Date, Usage)>) -> Response {
    let rows: Vec<_> = rows.map(|(day, usage)| row(time_key, day, &usage)).collect();
    let mut response = document(&format!("[{}]", rows.join(",")));
    response.gzip = true;
    response.chunked = true;
    response
}

/// Written by hand, because the order of the keys is part of the samples.
fn row(time_key: &str, day: Date, usage: &Usage) -> String {
    format!(
        r#"{{"{time_key}":"{day}T00:00:00Z","max_concurrent_connections":{},"max_bandwidth_mbps":{},"ingress":{},"egress":{}}}"#,
        usage.max_concurrent_connections,
        usage.max_bandwidth_mbps(),
        usage.ingress,
        usage.egress
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: &str = "2026-03-18T10:30:00Z";

    fn world() -> World {
        World::new(7, Some(NOW.parse().unwrap()))
    }

    fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: headers
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: body.as_bytes().to_vec(),
            ..Request::default()
        }
    }

    fn ask_as(world: &World, key: &str, path: &str, body: &str) -> Response {
        let authorization = format!("Bearer {key}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
            ("content-length", "0"),
        ];
        Sora::default().answer(world, &request("POST", path, &headers, body))
    }

    fn ask(world: &World, path: &str, body: &str) -> Response {
        ask_as(world, API_KEY, path, body)
    }

    fn json(world: &World, path: &str, body: &str) -> Value {
        let response = ask(world, path, body);
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.body.last(), Some(&b'\n'));
        serde_json::from_slice(&response.body).unwrap()
    }

    fn column(rows: &Value, name: &str) -> Vec<u64> {
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row[name].as_u64().unwrap())
            .collect()
    }

    fn times(rows: &Value, name: &str) -> Vec<String> {
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row[name].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn days_add_up_to_the_month_and_the_largest_peak_is_the_months() {
        let world = world();
        let count = |name: &str| {
            json(&world, &format!("/orgs/get-{name}-this-month"), "")
                .as_u64()
                .unwrap()
        };
        let rows = json(&world, "/orgs/get-traffics-for-month", r#"{"year":2026,"month":3}"#);
        assert_eq!(rows.as_array().unwrap().len(), 18);
        let traffic = json(&world, "/orgs/get-total-traffic-this-month", "");
        for way in ["ingress", "egress"] {
            let sum = column(&rows, way).iter().sum::<u64>();
            assert_eq!(traffic[way], sum);
            assert!(sum > 1 << 32, "{sum} would fit into 32 bits");
        }
        for peak in ["max-concurrent-connections", "max-bandwidth-mbps"] {
            let days = column(&rows, &peak.replace('-', "_"));
            assert_eq!(days.into_iter().max(), Some(count(peak)));
        }
        let truth = usage_this_month(7, NOW.parse().unwrap());
        let counters = [
            ("total-connections", truth.connections),
            ("total-sessions", truth.sessions),
            ("total-duration-min", truth.minutes),
            ("total-api-requests", truth.api_requests),
            ("total-sora-api-requests", truth.sora_api_requests),
            ("total-webhook-requests", truth.webhook_requests),
        ];
        for (name, value) in counters {
            assert_eq!(count(name), value, "{name}");
            assert!(value > 0, "{name}");
        }
    }

    #[test]
    fn usage_is_plausible_hour_by_hour() {
        let start = "2026-03-02T00:00:00Z".parse::<Timestamp>().unwrap().as_second() / HOUR_SECONDS;
        let mut used = 0;
        for hour in start..start + 24 * 14 {
            let usage = usage_of_hour(7, Scope::Project, hour);
            used += u64::from(usage.connections > 0);
            assert!(usage.sessions <= usage.connections);
            assert!(usage.max_concurrent_connections <= usage.connections);
            assert!(usage.minutes <= usage.connections * 60);
            assert!(usage.max_bandwidth_bps >= (usage.ingress + usage.egress) * 8 / 3600);
        }
        assert!((50..24 * 14).contains(&used), "{used}");
    }

    #[test]
    fn counters_only_grow_within_a_month_and_start_anew_with_the_next() {
        let at = |text: &str| usage_this_month(7, text.parse().unwrap());
        let moments = [
            "2026-03-18T10:00:00Z",
            "2026-03-18T10:20:00Z",
            "2026-03-18T11:00:00Z",
            "2026-03-31T23:59:59Z",
        ];
        let usages = moments.map(at);
        for pair in usages.windows(2) {
            assert!(pair[0].ingress <= pair[1].ingress && pair[0].minutes <= pair[1].minutes);
            assert!(pair[0].max_bandwidth_bps <= pair[1].max_bandwidth_bps);
        }
        assert!(usages[0].ingress < usages[3].ingress);
        assert_eq!(at("2026-04-01T00:00:00Z"), Usage::default());
    }

    #[test]
    fn a_day_of_the_past_is_the_same_whenever_it_is_asked_for() {
        let day = Date::constant(2026, 3, 4);
        let later = |text: &str| usage_of_day(7, Scope::Organisation, day, text.parse().unwrap());
        assert_eq!(later("2026-03-05T00:00:00Z"), later("2027-01-01T00:00:00Z"));
        assert_eq!(later("2026-03-04T00:00:00Z"), Usage::default());
        let now = NOW.parse().unwrap();
        let whole = usage_of_day(7, Scope::Organisation, day, now);
        let part = usage_of_day(7, Scope::Project, day, now);
        assert!(part.ingress < whole.ingress && part.max_bandwidth_bps <= whole.max_bandwidth_bps);
    }

    #[test]
    fn the_running_month_ends_today_unless_future_days_are_shown() {
        let world = world();
        let dates = |world: &World, body: &str| times(&json(world, "/orgs/get-traffics-for-month", body), "date");
        assert_eq!(
            dates(&world, r#"{"year":2026,"month":3}"#).last().unwrap(),
            "2026-03-18T00:00:00Z"
        );
        assert_eq!(dates(&world, r#"{"year":2024,"month":2}"#).len(), 29);
        assert!(dates(&world, r#"{"year":2026,"month":4}"#).is_empty());
        world.set_switch("sora.future_days", "zero");
        assert_eq!(dates(&world, r#"{"year":2026,"month":3}"#).len(), 31);
        let april = json(&world, "/orgs/get-traffics-for-month", r#"{"year":2026,"month":4}"#);
        assert_eq!(column(&april, "egress"), [0; 30]);
    }

    #[test]
    fn the_last_year_has_thirteen_months_or_twelve_and_ends_with_the_running_one() {
        let world = world();
        let rows = json(&world, "/projects/list-traffics-last-year", "");
        let months = times(&rows, "timestamp");
        assert_eq!(months.len(), 13);
        assert_eq!(
            (months[0].as_str(), months[12].as_str()),
            ("2025-03-01T00:00:00Z", "2026-03-01T00:00:00Z")
        );
        let now = NOW.parse().unwrap();
        let march = usage_by_day(
            7,
            Scope::Project,
            Date::constant(2026, 3, 1),
            Date::constant(2026, 3, 18),
            now,
        );
        assert_eq!(
            rows[12]["ingress"],
            march.iter().map(|(_, usage)| usage.ingress).sum::<u64>()
        );
        world.set_switch("sora.last_year_months", "12");
        let months = times(&json(&world, "/projects/list-traffics-last-year", ""), "timestamp");
        assert_eq!((months.len(), months[0].as_str()), (12, "2025-04-01T00:00:00Z"));
    }

    #[test]
    fn the_last_month_is_rolling_or_the_previous_one() {
        let world = world();
        let ends = |world: &World| {
            let days = times(&json(world, "/projects/list-traffics-last-month", ""), "timestamp");
            (days.first().unwrap().clone(), days.last().unwrap().clone(), days.len())
        };
        assert_eq!(
            ends(&world),
            ("2026-02-18T00:00:00Z".to_owned(), "2026-03-18T00:00:00Z".to_owned(), 29)
        );
        world.set_switch("sora.last_month", "previous");
        assert_eq!(
            ends(&world),
            ("2026-02-01T00:00:00Z".to_owned(), "2026-02-28T00:00:00Z".to_owned(), 28)
        );
    }

    #[test]
    fn what_is_wrong_with_a_request_decides_its_status() {
        let path = "/orgs/get-total-sessions-this-month";
        let bearer = format!("Bearer {API_KEY}");
        let key = ("authorization", bearer.as_str());
        let (none, json) = (("content-length", "0"), ("content-type", "application/json"));
        let month = "/orgs/get-traffics-for-month";
        let cases = [
            (request("POST", path, &[key, none], ""), 200),
            (request("POST", path, &[none], ""), 401),
            (
                request("POST", path, &[("authorization", "Bearer wrong"), none], ""),
                401,
            ),
            (request("POST", path, &[("authorization", API_KEY), none], ""), 401),
            (request("GET", path, &[key], ""), 405),
            (request("POST", path, &[key], ""), 411),
            (request("POST", path, &[key, none], "{}"), 400),
            (request("POST", "/orgs/get-total", &[key, none], ""), 404),
            (
                request("POST", month, &[key, json, none], r#"{"year":2026,"month":1}"#),
                200,
            ),
            (request("POST", month, &[key, none], r#"{"year":2026,"month":1}"#), 400),
            (
                request("POST", month, &[key, json, none], r#"{"year":"2026","month":1}"#),
                400,
            ),
            (
                request("POST", month, &[key, json, none], r#"{"year":2026,"month":13}"#),
                400,
            ),
            (request("POST", month, &[key, json, none], ""), 400),
        ];
        for (request, status) in cases {
            assert_eq!(Sora::default().answer(&world(), &request).status, status, "{request:?}");
        }
        let tolerant = world();
        tolerant.set_switch("sora.empty_object", "accepted");
        assert_eq!(ask(&tolerant, path, "{}").status, 200);
    }

    #[test]
    fn a_separate_project_key_opens_the_project_and_nothing_else() {
        let (org, project) = (
            "/orgs/get-total-sessions-this-month",
            "/projects/list-traffics-last-year",
        );
        let world = world();
        let statuses = |world: &World| {
            [
                (API_KEY, org),
                (API_KEY, project),
                (PROJECT_KEY, org),
                (PROJECT_KEY, project),
            ]
            .map(|(key, path)| ask_as(world, key, path, "").status)
        };
        assert_eq!(statuses(&world), [200, 200, 401, 401]);
        world.set_switch("sora.project_key", "separate");
        assert_eq!(statuses(&world), [200, 403, 403, 200]);
        assert_eq!(PROJECT_KEY, format!("{API_KEY}-project"));
    }

    #[test]
    fn own_calls_count_only_if_the_switch_says_so() {
        let sora = Sora::default();
        let world = world();
        let truth = usage_this_month(7, NOW.parse().unwrap()).api_requests;
        let bearer = format!("Bearer {API_KEY}");
        let headers = [("authorization", bearer.as_str()), ("content-length", "0")];
        let ask = request("POST", "/orgs/get-total-api-requests-this-month", &headers, "");
        assert_eq!(sora.answer(&world, &ask).body, format!("{truth}\n").into_bytes());
        world.set_switch("sora.own_calls_count", "yes");
        assert_eq!(sora.answer(&world, &ask).body, format!("{}\n", truth + 1).into_bytes());
        assert_eq!(sora.answer(&world, &ask).body, format!("{}\n", truth + 2).into_bytes());
    }

    #[test]
    fn counters_are_plain_gzip_or_mislabelled_and_series_are_gzip() {
        let path = "/orgs/get-total-sessions-this-month";
        let world = world();
        let label = |response: &Response| {
            let header = response.headers.iter().find(|(name, _)| name == "Content-Encoding");
            (response.gzip, header.map(|(_, value)| value.clone()))
        };
        assert_eq!(label(&ask(&world, path, "")), (false, None));
        world.set_switch("sora.encoding", "gzip");
        assert_eq!(label(&ask(&world, path, "")), (true, None));
        world.set_switch("sora.encoding", "mislabelled");
        assert_eq!(label(&ask(&world, path, "")), (false, Some("gzip".to_owned())));
        let year = ask(&world, "/projects/list-traffics-last-year", "");
        assert!(year.gzip && year.chunked);
        assert_eq!(label(&year), (true, None));
    }

    #[test]
    fn keys_come_in_the_order_of_the_samples() {
        let usage = Usage {
            max_concurrent_connections: 7,
            max_bandwidth_bps: 3_999_999,
            ingress: 501_221_004,
            egress: 903_310_772,
            ..Usage::default()
        };
        assert_eq!(
            row("date", Date::constant(2024, 2, 1), &usage),
            r#"{"date":"2024-02-01T00:00:00Z","max_concurrent_connections":7,"max_bandwidth_mbps":3,"ingress":501221004,"egress":903310772}"#
        );
        assert_eq!(json!(usage.max_bandwidth_mbps()), json!(3));
    }

    #[test]
    fn series_travel_in_chunks_and_really_compressed() {
        use super::super::server::client::{connect, exchange, header};
        use super::super::server::{Config, Simulator};
        let simulator = Simulator::start(Config {
            seed: 7,
            now: Some(NOW.parse().unwrap()),
            ..Config::default()
        })
        .unwrap();
        let asked = format!(
            "POST /projects/list-traffics-last-year HTTP/1.1\r\nAuthorization: Bearer {API_KEY}\r\n\
             Content-Length: 0\r\nAccept-Encoding: gzip\r\n\r\n"
        );
        let (head, body) = exchange(&mut connect(&simulator), &asked);
        assert_eq!(header(&head, "transfer-encoding"), Some("chunked"));
        assert_eq!(header(&head, "content-encoding"), Some("gzip"));
        assert_eq!(header(&head, "date"), Some("Wed, 18 Mar 2026 10:30:00 GMT"));
        let size_end = body.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let mut text = String::new();
        let stream = &body[size_end + 2..];
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(stream), &mut text).unwrap();
        let rows: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(rows.as_array().unwrap().len(), 13);
    }
}
