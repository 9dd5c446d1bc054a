//! Answers of deviceWISE. HTTP 200 is no success: a packet fails at its root, a command under its id.

use std::time::Duration;

use super::model;
use crate::service::{Call, Grant, Reply};
use crate::spec::envelope;
use crate::values::error::{Error, Kind, Remedy, Result};
use crate::values::json::{At, Json, Path};
use crate::values::secret::Secret;
use crate::values::shape::{Holds, Typed, instant};
use crate::values::text::one_line;

/// How the service begins to say that a session is gone; what follows was reworded once, and quotes the session.
const SESSION_INVALID: &str = "Authentication session is invalid";
/// The code of a normal end of an iteration, although it is sent as a failure.
const END_OF_RESULTS: &str = "-90058";
/// After a limit the service may lock the caller out for a minute.
const LOCK_OUT: Duration = Duration::from_secs(60);

/// The document, or the error that the reply stands for.
pub fn answer(reply: &Reply) -> Result<Json<'_>> {
    let document = packet(reply)?;
    if let Some(failure) = failure_of(&document, model::ID)? {
        return Err(failure.error());
    }
    // What fails in other words than the service's own; the normal end of an iteration was one of those.
    let command = document.get(model::ID).filter(|command| Failure::of(command).is_none());
    if let Some(error) = command.and_then(|command| envelope::failure(command, Kind::InvalidRequest)) {
        return Err(error);
    }
    Ok(document)
}

/// Refuses a history that says that there is more of it. Its counts are sums of what is counted.
pub fn refuse_more(call: &Call, document: &Json<'_>) -> Result<()> {
    let params = document.get(model::ID).and_then(|command| command.get("params"));
    let is_history = matches!(call.operation.returns, Holds::Record(shape) if shape.name == model::USAGE_HISTORY.name);
    let Some(params) = params.filter(|_| is_history) else {
        return Ok(());
    };
    let root = At::root(document);
    let root = root.path();
    let command = At::member(&root, model::ID, params);
    let path = command.path();
    envelope::refuse_more(&At::member(&path, "params", params), None, &[])
}

/// The session that a login opened.
pub fn session(reply: &Reply) -> Result<Grant> {
    // Which code stands for a wrong password is not published: whatever is refused here is a refused login.
    let refused = |mut error: Error| {
        // "Too many" is a limit only where it is not of logins: of those, each one more prolongs the lock.
        let is_locked = error.kind == Kind::RateLimited && speaks_of_logins(&error.message);
        if is_locked
            || matches!(
                error.kind,
                Kind::InvalidRequest | Kind::PermissionDenied | Kind::NotFound
            )
        {
            error.kind = Kind::AuthenticationFailed;
        }
        if error.kind == Kind::AuthenticationFailed {
            error.message = format!(
                "the login was refused ({}); check the user name and password (or app_id, app_token and thing_key); it is \
                 not tried again, since eight refused logins in a row lock the user for half an hour",
                error.message
            );
        }
        error
    };
    let document = packet(reply).map_err(refused)?;
    if let Some(failure) = failure_of(&document, "auth")? {
        return Err(refused(failure.error()));
    }
    let session = document
        .get("auth")
        .and_then(|auth| auth.get("params"))
        .and_then(|params| params.get("sessionId"))
        .and_then(Json::as_label)
        .filter(|session| !session.is_empty())
        .ok_or_else(|| {
            Error::unexpected(
                "$.auth.params.sessionId",
                "the login was accepted, but no session came with it",
            )
        })?;
    Ok(Grant {
        token: Secret::new(session),
        // Whether the documented day is absolute or sliding is unknown: the error will tell.
        lives: None,
    })
}

/// Checks that the session reads another organisation now.
pub fn switched(reply: &Reply) -> Result<()> {
    answer(reply).map(|_| ())
}

/// What was asked for, out of the document.
pub fn typed(call: &Call, document: &Json<'_>) -> Result<Typed> {
    let root = At::root(document);
    let root = root.path();
    let command = document.get(model::ID).unwrap_or(&Json::Null);
    let at = At::member(&root, model::ID, command);
    let path = at.path();
    let Some(params) = command.get("params") else {
        // Commands without results answer without params, and some put their results beside `success`.
        return match call.operation.returns {
            Holds::Anything => Holds::Anything.read(&at),
            _ => Err(missing(&path, "params")),
        };
    };
    let at = At::member(&path, "params", params);
    match call.operation.name {
        "call" | "usage_report" => call.operation.returns.read(&at),
        _ => history(&at, model::WITH_COUNTERS.contains(&call.wire())),
    }
}

/// The packet, unless it failed as a whole.
fn packet(reply: &Reply) -> Result<Json<'_>> {
    let document = match Json::parse(&reply.body) {
        Ok(document) => document,
        Err(problem) if reply.is_success() => return Err(problem),
        Err(_) => return Err(refused_status(reply)),
    };
    if let Some(failure) = Failure::of(&document) {
        return Err(failure.error());
    }
    if !reply.is_success() {
        return Err(refused_status(reply));
    }
    At::root(&document).map()?;
    Ok(document)
}

/// How the command of that id failed, if it did.
fn failure_of(document: &Json<'_>, id: &str) -> Result<Option<Failure>> {
    let command = document
        .get(id)
        .ok_or_else(|| Error::unexpected(format!("$.{id}"), "the command was not answered"))?;
    let root = At::root(document);
    At::member(&root.path(), id, command).map()?;
    Ok(Failure::of(command).filter(|failure| !failure.has(END_OF_RESULTS)))
}

/// An HTTP status without a body that says more.
fn refused_status(reply: &Reply) -> Error {
    let status = reply.status;
    let mut error = reply.status_error(format!("the service answered HTTP {status}: {}", reply.excerpt(200)));
    if matches!(status, 401 | 403) {
        error.kind = Kind::AuthenticationFailed;
        error = error.with_remedy(Remedy::RenewCredentials);
    }
    wait_out(error)
}

/// What a failed packet or command says; either list may be missing, or shorter than the other.
struct Failure {
    codes: Vec<String>,
    texts: Vec<String>,
}

impl Failure {
    /// The failure that this object states, in keys of any case.
    fn of(object: &Json<'_>) -> Option<Self> {
        let success = object.get_any_case("success");
        let failure = Self {
            codes: labels(object.get_any_case("errorCodes")),
            texts: labels(object.get_any_case("errorMessages")),
        };
        let failed = match success {
            Some(Json::Bool(success)) => !success,
            Some(Json::Text(success)) if success.eq_ignore_ascii_case("false") => true,
            _ => !failure.codes.is_empty() || !failure.texts.is_empty(),
        };
        failed.then_some(failure)
    }

    fn has(&self, code: &str) -> bool {
        self.codes.iter().any(|known| known == code)
    }

    fn error(&self) -> Error {
        let (kind, message) = self.meaning();
        let mut error = Error::new(kind, message);
        if kind == Kind::AuthenticationFailed {
            error = error.with_remedy(Remedy::RenewCredentials);
        }
        if let Some(code) = self.codes.first() {
            error = error.with_code(code);
        }
        wait_out(error)
    }

    fn meaning(&self) -> (Kind, String) {
        let said = one_line(&self.texts.join("; "), 300);
        if self.has("-90000") || said.contains(SESSION_INVALID) {
            // The service's text quotes the session, so it is not passed on.
            return (
                Kind::AuthenticationFailed,
                "the session is invalid or has expired; log in again".to_owned(),
            );
        }
        let (kind, advice) = if self.has("-90041") {
            (
                Kind::MfaRequired,
                "the user has a second factor; pass the six-digit code as mfa_code=",
            )
        } else if self.has("-99999") {
            (
                Kind::AuthenticationFailed,
                "the service does not accept the session as it was sent",
            )
        } else if self.has("-90008") || self.has("-91006") {
            (Kind::NotFound, "the service does not know what was asked for")
        } else if speaks_of_a_limit(&said) {
            (
                Kind::RateLimited,
                "the service wants fewer requests; wait at least a minute",
            )
        } else {
            (
                Kind::InvalidRequest,
                "the service refused the command; check its parameters and the account's rights",
            )
        };
        let also: Vec<&str> = self.codes.iter().skip(1).map(String::as_str).collect();
        let mut message = if said.is_empty() {
            advice.to_owned()
        } else {
            format!("{said}: {advice}")
        };
        if !also.is_empty() {
            message = format!("{message} (further codes: {})", one_line(&also.join(", "), 100));
        }
        (kind, message)
    }
}

/// How the service says that a limit was reached is not published.
fn speaks_of_a_limit(text: &str) -> bool {
    let text = text.to_lowercase();
    ["rate limit", "too many", "throttl"]
        .iter()
        .any(|word| text.contains(word))
}

/// How the service says that it has locked a user out is not published, either.
fn speaks_of_logins(text: &str) -> bool {
    let text = text.to_lowercase();
    ["login", "log in", "attempt", "locked"]
        .iter()
        .any(|word| text.contains(word))
}

/// A wish in the answer's header, if it makes sense, comes before this one.
fn wait_out(mut error: Error) -> Error {
    if error.kind == Kind::RateLimited {
        error.retry_after = Some(LOCK_OUT);
    }
    error
}

fn labels(value: Option<&Json<'_>>) -> Vec<String> {
    match value {
        Some(Json::List(items)) => items.iter().filter_map(Json::as_label).collect(),
        Some(value) => value.as_label().into_iter().collect(),
        None => Vec::new(),
    }
}

/// The error that a field is missing.
pub fn missing(record: &Path<'_>, key: &str) -> Error {
    Error::unexpected(format!("{record}.{key}"), "the field is missing")
}

/// The answer of a history command.
fn history(at: &At<'_, '_>, has_counters: bool) -> Result<Typed> {
    let members = at.map()?;
    let path = at.path();
    let mut reading = Reading {
        buckets: match at.value.get("ts") {
            Some(ts) => Some(timestamps(&At::member(&path, "ts", ts))?),
            None => None,
        },
        series: Vec::new(),
    };
    let counters = at.value.get("counters");
    if let Some(counters) = counters {
        reading.walk(&At::member(&path, "counters", counters), &[])?;
    } else if has_counters {
        return Err(missing(&path, "counters"));
    } else if reading.buckets.is_none() {
        return Err(missing(&path, "ts"));
    }
    let mut total = Typed::Nothing;
    let mut extra = Vec::new();
    for (key, value) in members {
        let at = At::member(&path, key, value);
        match (key.as_ref(), value) {
            ("ts" | "counters", _) | ("total", Json::Null) => {}
            ("total", Json::Number(_)) => total = whole(&at)?,
            (key, value) if counters.is_none() && is_series(key, value) => reading.walk(&at, &[key])?,
            (key, value) => extra.push((key.to_owned(), value.clone().into_owned())),
        }
    }
    let fields = vec![
        ("series", Typed::List(reading.series)),
        ("total", total),
        ("timestamps", Typed::List(reading.buckets.unwrap_or_default())),
    ];
    Ok(Typed::Record(model::USAGE_HISTORY.name, fields, extra))
}

/// True for the arrays beside `ts`: those that are known, and new ones of numbers.
pub fn is_series(key: &str, value: &Json<'_>) -> bool {
    let is_number = |item: &Json<'_>| matches!(item, Json::Number(_) | Json::Null);
    model::BESIDE_TS.contains(&key) || matches!(value, Json::List(items) if items.iter().all(is_number))
}

/// Goes down to arrays and numbers, and visits each with the keys that lead to it. With `dimension="org"` nobody has
/// published how deep they are.
pub fn walk(at: &At<'_, '_>, labels: &[&str], visit: &mut dyn FnMut(&At<'_, '_>, &[&str]) -> Result<()>) -> Result<()> {
    match at.value {
        Json::Map(members) => {
            let path = at.path();
            for (key, value) in members {
                walk(
                    &At::member(&path, key, value),
                    &[labels, &[key.as_ref()]].concat(),
                    visit,
                )?;
            }
            Ok(())
        }
        Json::List(_) | Json::Number(_) | Json::Null => visit(at, labels),
        Json::Bool(_) | Json::Text(_) => Err(at.expected("an array of numbers")),
    }
}

/// Which bucket a missing value belongs to cannot be known, so arrays of different length are never zipped.
pub fn check_length(path: &Path<'_>, values: usize, buckets: Option<usize>) -> Result<()> {
    let buckets = buckets.ok_or_else(|| Error::unexpected(path, "an array of values, but no ts beside it"))?;
    if values == buckets {
        return Ok(());
    }
    Err(Error::new(
        Kind::InconsistentResponse,
        format!("{path}: {values} values for {buckets} timestamps"),
    ))
}

fn timestamps(at: &At<'_, '_>) -> Result<Vec<Typed>> {
    let path = at.path();
    let items = at.list()?.iter().enumerate();
    items
        .map(|(index, item)| instant(&At::item(&path, index, item)).map(Typed::Instant))
        .collect()
}

/// The series found so far, and the buckets that each of them must fill.
struct Reading {
    buckets: Option<Vec<Typed>>,
    series: Vec<Typed>,
}

impl Reading {
    fn walk(&mut self, at: &At<'_, '_>, labels: &[&str]) -> Result<()> {
        walk(at, labels, &mut |at, labels| self.leaf(at, labels))
    }

    fn leaf(&mut self, at: &At<'_, '_>, labels: &[&str]) -> Result<()> {
        let Json::List(items) = at.value else {
            let value = count(at)?;
            self.push(labels, Vec::new(), value);
            return Ok(());
        };
        let path = at.path();
        let values = items.iter().enumerate();
        let values: Vec<Typed> = values
            .map(|(index, item)| count(&At::item(&path, index, item)))
            .collect::<Result<_>>()?;
        check_length(&path, values.len(), self.buckets.as_ref().map(Vec::len))?;
        self.push(labels, values, Typed::Nothing);
        Ok(())
    }

    fn push(&mut self, labels: &[&str], values: Vec<Typed>, value: Typed) {
        let labels = labels.iter().map(|label| Typed::Text((*label).to_owned()));
        let fields = vec![
            ("path", Typed::List(labels.collect())),
            ("values", Typed::List(values)),
            ("value", value),
        ];
        self.series
            .push(Typed::Record(model::COUNTER_SERIES.name, fields, Vec::new()));
    }
}

/// A count; null is a missing one, never zero.
fn count(at: &At<'_, '_>) -> Result<Typed> {
    Holds::Maybe(&Holds::Integer).read(at)
}

/// A sum of counts, which may need more than 64 bits.
fn whole(at: &At<'_, '_>) -> Result<Typed> {
    match at.value {
        Json::Number(text) if !text.contains(['.', 'e', 'E']) => Ok(Typed::Integer(text.to_string())),
        _ => Err(at.expected("a whole number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::devicewise::DeviceWise;
    use crate::service::Provider;
    use crate::values::arguments::Value;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: body.as_bytes().to_vec(),
            ..Reply::default()
        }
    }

    fn read(operation: &str, params: &str) -> Result<Typed> {
        let given = match operation {
            "call" => ("command", "session.info"),
            "usage_report" => ("start", "2024-05-01"),
            _ => ("last", "24h"),
        };
        let given = vec![(given.0.to_owned(), Value::Text(given.1.to_owned()))];
        let call = Call::new(&DeviceWise, operation, given).unwrap();
        let reply = reply(200, &format!(r#"{{"get":{{"success":true,"params":{params}}}}}"#));
        DeviceWise.typed(&call, &DeviceWise.answer(&call, &reply)?)
    }

    /// A typed value on one line, to be compared with.
    fn show(value: &Typed) -> String {
        let join = |items: &[Typed]| items.iter().map(show).collect::<Vec<_>>().join(" ");
        match value {
            Typed::Nothing => "-".to_owned(),
            Typed::Integer(text) | Typed::Text(text) => text.clone(),
            Typed::Instant(instant) => instant.to_offset_text(),
            Typed::List(items) => format!("[{}]", join(items)),
            Typed::Map(members) => format!("{members:?}"),
            Typed::Record(name, fields, extra) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(key, value)| format!("{key}={}", show(value)))
                    .collect();
                let extra: Vec<&str> = extra.iter().map(|(key, _)| key.as_str()).collect();
                format!("{name}({}; {})", fields.join(", "), extra.join(" "))
            }
            other => format!("{other:?}"),
        }
    }

    const TS: &str = r#""ts":["2024-05-01T00:00:00.000-00:00","2024-05-01T01:00:00.1-05:00"]"#;

    #[test]
    fn counters_are_found_however_deep_they_are() {
        let ts = "timestamps=[2024-05-01T00:00:00+00:00 2024-05-01T01:00:00-05:00]";
        for (counters, series) in [
            (
                r#"{"usage":[2,0],"thing":[40,null]}"#,
                "path=[usage], values=[2 0], value=-; )|path=[thing], values=[40 -], value=-; )",
            ),
            (
                r#"{"ORG":{"usage":[2,0]}}"#,
                "path=[ORG usage], values=[2 0], value=-; )",
            ),
            (r#"{"ORG":[2,0]}"#, "path=[ORG], values=[2 0], value=-; )"),
            (
                r#"{"ORG":3,"SUB":null}"#,
                "path=[ORG], values=[], value=3; )|path=[SUB], values=[], value=-; )",
            ),
            (
                r#"{"total":[18446744073709551615,1]}"#,
                "path=[total], values=[18446744073709551615 1], value=-; )",
            ),
        ] {
            let history = read(
                "api_usage_history",
                &format!(r#"{{"counters":{counters},"total":7,"new":1,{TS}}}"#),
            )
            .unwrap();
            let series: Vec<String> = series.split('|').map(|one| format!("CounterSeries({one}")).collect();
            let expected = format!("UsageHistory(series=[{}], total=7, {ts}; new)", series.join(" "));
            assert_eq!(show(&history), expected, "{counters}");
        }
    }

    #[test]
    fn an_empty_answer_and_a_total_beyond_64_bits_are_read() {
        assert_eq!(
            show(
                &read(
                    "api_usage_history",
                    r#"{"counters":{},"total":18455751272964292608,"ts":[]}"#
                )
                .unwrap()
            ),
            "UsageHistory(series=[], total=18455751272964292608, timestamps=[]; )"
        );
        assert_eq!(
            show(&read("api_usage_history", r#"{"counters":{"ORG":3}}"#).unwrap()),
            "UsageHistory(series=[CounterSeries(path=[ORG], values=[], value=3; )], total=-, timestamps=[]; )"
        );
        for total in ["7.5", "7.0", "7e0", "7E0"] {
            let error = read("api_usage_history", &format!(r#"{{"counters":{{}},"total":{total}}}"#)).unwrap_err();
            assert!(error.message.contains("total: expected a whole number"), "{error}");
        }
    }

    #[test]
    fn arrays_beside_ts_are_series() {
        let params = format!(r#"{{"connected":[4,5],"total":[10,null],"novel":[1,2],"names":["a","b"],{TS}}}"#);
        let Typed::Record(_, fields, extra) = read("thing_usage_history", &params).unwrap() else {
            panic!()
        };
        assert_eq!(
            show(&fields[0].1),
            "[CounterSeries(path=[connected], values=[4 5], value=-; ) CounterSeries(path=[total], values=[10 -], value=-; ) \
             CounterSeries(path=[novel], values=[1 2], value=-; )]"
        );
        assert_eq!((show(&fields[1].1).as_str(), extra.len()), ("-", 1));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (operation, params, kind, message) in [
            (
                "api_usage_history",
                format!(r#"{{"counters":{{"usage":[2]}},{TS}}}"#),
                Kind::InconsistentResponse,
                "$.get.params.counters.usage: 1 values for 2 timestamps",
            ),
            (
                "connection_usage_history",
                format!(r#"{{"inSession":[1,2,3],{TS}}}"#),
                Kind::InconsistentResponse,
                "$.get.params.inSession: 3 values for 2 timestamps",
            ),
            (
                "api_usage_history",
                r#"{"counters":{"usage":[2]}}"#.to_owned(),
                Kind::UnexpectedResponse,
                "$.get.params.counters.usage: an array of values, but no ts beside it",
            ),
            (
                "api_usage_history",
                format!(r#"{{"counters":{{"usage":[2,"x"]}},{TS}}}"#),
                Kind::UnexpectedResponse,
                "$.get.params.counters.usage[1]: expected a whole number, found a string",
            ),
            (
                "api_usage_history",
                format!(r#"{{"counters":{{"usage":[2,0.5]}},{TS}}}"#),
                Kind::UnexpectedResponse,
                "$.get.params.counters.usage[1]: 0.5 is not a whole number",
            ),
            (
                "api_usage_history",
                format!("{{{TS}}}"),
                Kind::UnexpectedResponse,
                "$.get.params.counters: the field is missing",
            ),
            (
                "thing_usage_history",
                "{}".to_owned(),
                Kind::UnexpectedResponse,
                "$.get.params.ts: the field is missing",
            ),
            (
                "thing_usage_history",
                r#"{"ts":["2024-05-01T00:00:00"]}"#.to_owned(),
                Kind::UnexpectedResponse,
                "$.get.params.ts[0]: \"2024-05-01T00:00:00\" has no UTC offset; add \"Z\" or \"+09:00\"",
            ),
            (
                "usage_report",
                r#"{"header":{},"report":[{"countThings":1}]}"#.to_owned(),
                Kind::UnexpectedResponse,
                "$.get.params.report[0].orgKey: the field is missing",
            ),
        ] {
            let error = read(operation, &params).unwrap_err();
            assert_eq!((error.kind, error.message.as_str()), (kind, message));
        }
    }

    #[test]
    fn a_report_keeps_counts_that_are_new() {
        let params = r#"{"header":{"orgKey":"A"},"report":[{"orgKey":"A","parentOrgKey":null,"countStorage":6442450944,"countNew":2}]}"#;
        let Typed::Record("UsageReport", fields, _) = read("usage_report", params).unwrap() else {
            panic!()
        };
        let row = show(&fields[1].1);
        assert!(
            row.starts_with("[OrgUsage(org_key=A, parent_org_key=-, count_billable_things=-,"),
            "{row}"
        );
        assert!(
            row.contains("count_storage=6442450944,") && row.ends_with("; countNew)]"),
            "{row}"
        );
    }

    #[test]
    fn any_other_command_answers_with_what_came() {
        assert_eq!(
            read("call", r#"{"ttl":86400}"#).unwrap(),
            Typed::Json(Json::Map(vec![("ttl".into(), Json::Number("86400".into()))]))
        );
        let call = Call::new(
            &DeviceWise,
            "call",
            vec![("command".into(), Value::Text("cdp.connection.list".into()))],
        )
        .unwrap();
        let end = reply(
            200,
            r#"{"get":{"success":false,"errorCodes":[-90058],"errorMessages":["end"]}}"#,
        );
        let document = answer(&end).unwrap();
        let Typed::Json(read) = typed(&call, &document).unwrap() else {
            panic!()
        };
        assert_eq!(read.get("success"), Some(&Json::Bool(false)));
    }

    #[test]
    fn failures_are_told_apart() {
        let old = r#"{"success":false,"errorMessages":["Authentication session is invalid: Error: Session 00112233"]}"#;
        for (status, body, kind, remedy, code) in [
            (
                200,
                r#"{"success":false,"errorCodes":[-90000],"errorMessages":["Session '0011' not found."]}"#,
                Kind::AuthenticationFailed,
                Remedy::RenewCredentials,
                Some("-90000"),
            ),
            (
                200,
                r#"{"SUCCESS":false,"errorcodes":[-90000],"errormessages":[]}"#,
                Kind::AuthenticationFailed,
                Remedy::RenewCredentials,
                Some("-90000"),
            ),
            (200, old, Kind::AuthenticationFailed, Remedy::RenewCredentials, None),
            (
                200,
                r#"{"get":{"success":false,"errorCodes":[-90000]}}"#,
                Kind::AuthenticationFailed,
                Remedy::RenewCredentials,
                Some("-90000"),
            ),
            (
                200,
                r#"{"success":false,"errorCodes":[-90041]}"#,
                Kind::MfaRequired,
                Remedy::None,
                Some("-90041"),
            ),
            (
                200,
                r#"{"get":{"success":false,"errorCodes":[-22],"errorMessages":["device not found"]}}"#,
                Kind::InvalidRequest,
                Remedy::None,
                Some("-22"),
            ),
            (
                200,
                r#"{"get":{"success":false,"errorCodes":[-90008]}}"#,
                Kind::NotFound,
                Remedy::None,
                Some("-90008"),
            ),
            // Neither `success` nor a text: the code says enough.
            (
                200,
                r#"{"get":{"errorCodes":[-90008]}}"#,
                Kind::NotFound,
                Remedy::None,
                Some("-90008"),
            ),
            (
                200,
                r#"{"get":{"success":false,"errorCodes":[-5],"errorMessages":["API Rate Limit reached"]}}"#,
                Kind::RateLimited,
                Remedy::RepeatThrottled,
                Some("-5"),
            ),
            (
                200,
                r#"{"get":{"success":false}}"#,
                Kind::InvalidRequest,
                Remedy::None,
                None,
            ),
            (200, "{}", Kind::UnexpectedResponse, Remedy::None, None),
            (200, "[]", Kind::UnexpectedResponse, Remedy::None, None),
            (200, r#"{"get":true}"#, Kind::UnexpectedResponse, Remedy::None, None),
            (
                200,
                "<html>gateway</html>",
                Kind::UnexpectedResponse,
                Remedy::None,
                None,
            ),
            (401, "", Kind::AuthenticationFailed, Remedy::RenewCredentials, None),
            (
                403,
                "<html>",
                Kind::AuthenticationFailed,
                Remedy::RenewCredentials,
                None,
            ),
            (401, old, Kind::AuthenticationFailed, Remedy::RenewCredentials, None),
            (429, "slow down", Kind::RateLimited, Remedy::RepeatThrottled, None),
            (502, "<html>", Kind::ServerError, Remedy::Repeat, None),
            (
                502,
                r#"{"get":{"success":true,"params":{}}}"#,
                Kind::ServerError,
                Remedy::Repeat,
                None,
            ),
        ] {
            let error = answer(&reply(status, body)).unwrap_err();
            let told = (error.kind, error.remedy, error.provider_code.as_deref());
            assert_eq!(told, (kind, remedy, code), "{status} {body}");
            assert!(!error.message.contains("0011"), "{error}");
        }
    }

    #[test]
    fn a_limit_is_waited_out_for_a_minute() {
        let limited = reply(429, "");
        assert_eq!(answer(&limited).unwrap_err().retry_after, Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_refused_login_says_why_and_what_to_check() {
        let refused = reply(
            200,
            r#"{"success":false,"errorCodes":[-1],"errorMessages":["Login failed."]}"#,
        );
        let error = session(&refused).unwrap_err();
        assert_eq!(
            (error.kind, error.provider_code.as_deref()),
            (Kind::AuthenticationFailed, Some("-1"))
        );
        assert!(
            error.message.starts_with("the login was refused (Login failed."),
            "{error}"
        );
        for (said, kind) in [
            ("Too many failed login attempts", Kind::AuthenticationFailed),
            ("Too many requests", Kind::RateLimited),
        ] {
            let text = format!(r#"{{"success":false,"errorCodes":[-1],"errorMessages":["{said}"]}}"#);
            assert_eq!(session(&reply(200, &text)).unwrap_err().kind, kind, "{said}");
        }
        let empty = reply(200, r#"{"auth":{"success":true,"params":{}}}"#);
        assert_eq!(session(&empty).unwrap_err().kind, Kind::UnexpectedResponse);
    }

    #[test]
    fn the_record_of_a_history_has_the_fields_that_its_shape_declares() {
        let Typed::Record(name, fields, _) = read("api_usage_history", r#"{"counters":{"ORG":3}}"#).unwrap() else {
            panic!()
        };
        let declared =
            |shape: &crate::values::shape::Shape| shape.fields.iter().map(|field| field.name).collect::<Vec<_>>();
        let names = |fields: &[(&'static str, Typed)]| fields.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(
            (name, names(&fields)),
            ("UsageHistory", declared(&model::USAGE_HISTORY))
        );
        let Typed::List(series) = &fields[0].1 else { panic!() };
        let Typed::Record(name, fields, _) = &series[0] else {
            panic!()
        };
        assert_eq!(
            (*name, names(fields)),
            ("CounterSeries", declared(&model::COUNTER_SERIES))
        );
    }
}
