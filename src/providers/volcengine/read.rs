//! Answers of Volcengine: one envelope for all calls, in which an error may come with any status, 200 included.

use std::borrow::Cow;

use super::model::{self, Figure, LIVE_USAGE, LIVE_USAGE_DETAIL, LIVE_USAGE_ROW, Label, Rows, SPLIT_LABELS, Usage};
use crate::service::{Call, Reply};
use crate::spec::envelope;
use crate::values::error::{Error, Kind, Remedy, Result};
use crate::values::json::{At, Json, Path};
use crate::values::shape::{Holds, Typed};
use crate::values::text::one_line;

/// What an error code means: by the part before its first dot, as the documented codes are built.
struct Meaning {
    codes: &'static [&'static str],
    kind: Kind,
    /// Unless it is the usual one of the kind.
    remedy: Option<Remedy>,
    advice: &'static str,
}

const MEANINGS: &[Meaning] = &[
    Meaning {
        codes: &["InvalidTimestamp"],
        kind: Kind::AuthenticationFailed,
        remedy: Some(Remedy::CorrectClock),
        advice: "the request's time is more than 15 minutes off; check this machine's clock",
    },
    Meaning {
        codes: &["InvalidSecretToken"],
        kind: Kind::AuthenticationFailed,
        remedy: Some(Remedy::RenewCredentials),
        advice: "the session token is wrong or has expired; get new temporary keys",
    },
    meaning(
        &["InvalidAccessKey", "InvalidCredential"],
        Kind::AuthenticationFailed,
        "the access key is not known; check access_key, and whether the key is enabled",
    ),
    meaning(
        &["SignatureDoesNotMatch"],
        Kind::AuthenticationFailed,
        "the signature does not fit; check secret_key, and that no proxy changes the request",
    ),
    meaning(
        &["MissingAuthenticationToken", "MissingSignature", "InvalidAuthorization"],
        Kind::AuthenticationFailed,
        "the signature did not arrive whole; check that no proxy drops headers",
    ),
    meaning(
        &["AccessDenied", "LackPolicy"],
        Kind::PermissionDenied,
        "the key may not do this; its IAM user needs a policy for reading Live",
    ),
    meaning(
        &["RequestForbidden"],
        Kind::PermissionDenied,
        "the account has no such vhost or domain; check the spelling of the filters",
    ),
    Meaning {
        codes: &["ResourceNotFound"],
        kind: Kind::NotFound,
        remedy: Some(Remedy::RepeatOnce),
        advice: "no such vhost, domain, app or stream; check the spelling of the filters, and if they are right, contact the \
                 vendor's support with the request id",
    },
    meaning(
        &["ServiceNotFound", "InvalidActionOrVersion"],
        Kind::NotFound,
        "this host does not know the action; check base_url, action and version",
    ),
    // The page names the types of this one; of the code's family it names the limits.
    meaning(
        &["InvalidParam.BindError"],
        Kind::InvalidRequest,
        "a parameter has a wrong type; check the types of what the body holds",
    ),
    meaning(
        &[
            "MissingParameter",
            "MissingRequestInfo",
            "InvalidParam",
            "InvalidParameter",
        ],
        Kind::InvalidRequest,
        "check the range, the aggregation and the filters against the call's limits",
    ),
    meaning(
        &["FlowLimitExceeded", "AccountFlowLimitExceeded"],
        Kind::RateLimited,
        "the service wants fewer requests; wait and ask again",
    ),
    meaning(
        &["FailToConnect", "ServiceUnavailableTemp"],
        Kind::ServerError,
        "the service failed; ask again later",
    ),
    // Of these the page says so.
    meaning(
        &[
            "CommonErr",
            "InternalError",
            "InternalServiceError",
            "InternalServiceTimeout",
        ],
        Kind::ServerError,
        "the service failed; ask again later, and if it goes on, contact the vendor's support with the request id",
    ),
];

const fn meaning(codes: &'static [&'static str], kind: Kind, advice: &'static str) -> Meaning {
    Meaning {
        codes,
        kind,
        remedy: None,
        advice,
    }
}

/// The document, or the error that the reply stands for.
pub fn answer(reply: &Reply) -> Result<Json<'_>> {
    let document = match Json::parse(&reply.body) {
        Ok(document) => document,
        Err(problem) if reply.is_success() => return Err(problem.with_request_id(reply.request_id())),
        Err(_) => return Err(plain_refusal(reply)),
    };
    let metadata = document.get("ResponseMetadata");
    let id = request_id(reply, &document);
    match metadata.and_then(|metadata| metadata.get("Error")) {
        Some(Json::Null) | None => {}
        Some(error) => return Err(refusal(error, reply).with_request_id(id)),
    }
    if !reply.is_success() {
        return Err(plain_refusal(reply).with_request_id(id));
    }
    match metadata {
        Some(Json::Map(_)) => match envelope::failure(&document, Kind::InvalidRequest) {
            Some(error) => Err(error.with_request_id(id)),
            None => Ok(document),
        },
        _ => Err(Error::unexpected("$.ResponseMetadata", "the answer has no envelope").with_request_id(id)),
    }
}

/// Refuses the rows of a usage call that say that there are more of them; those of a call that pages are followed.
pub fn refuse_more(call: &Call, document: &Json<'_>) -> Result<()> {
    let usage = model::usage(call.operation.name).filter(|usage| usage.paging.is_none());
    let (Some(usage), Some(result)) = (usage, document.get("Result")) else {
        return Ok(());
    };
    let rows = match usage.rows.list.and_then(|list| result.get(list)) {
        Some(Json::List(rows)) => Some(rows.len()),
        _ => None,
    };
    // Some totals are called like a number of rows.
    let totals: Vec<&str> = usage.totals.iter().map(|total| total.wire).collect();
    let root = At::root(document);
    let path = root.path();
    envelope::refuse_more(&At::member(&path, "Result", result), rows, &totals)
}

/// The number of the page that comes after those so far, of a call that comes in pages and whose caller named none.
pub fn next_page(asked: &Call, latest: &Call, whole: &Json<'_>) -> Result<Option<i64>> {
    let usage = model::usage(asked.operation.name);
    let paging = usage.and_then(|usage| Some((usage.rows.list?, usage.paging?)));
    let Some((list, paging)) = paging.filter(|_| asked.arguments.get("page_num").is_none()) else {
        return Ok(None);
    };
    let rows = match whole.get("Result").and_then(|result| result.get(list)) {
        Some(Json::List(rows)) => i64::try_from(rows.len()).unwrap_or(i64::MAX),
        _ => 0,
    };
    let page = latest.arguments.whole("page_num").unwrap_or(1);
    let size = told(whole, "PageSize").filter(|size| *size > 0);
    let size = size
        .or_else(|| asked.arguments.whole("page_size"))
        .unwrap_or(paging.usual_size);
    let is_full = rows >= page.saturating_mul(size);
    match told(whole, "TotalCount") {
        Some(all) if rows >= all => Ok(None),
        Some(all) if !is_full => {
            let text = format!(
                "$.Result.Pagination.TotalCount: the list has {all} rows, but its {page} pages have only {rows}; ask again"
            );
            Err(Error::new(Kind::InconsistentResponse, text))
        }
        None if !is_full || rows == 0 => Ok(None),
        _ => Ok(Some(page + 1)),
    }
}

/// Puts the rows of a further page behind those of the earlier ones. A list that grows or shrinks meanwhile may have
/// moved rows from one page to another.
pub fn join(asked: &Call, whole: &mut Json<'static>, mut page: Json<'static>) -> Result<()> {
    let list = model::usage(asked.operation.name).and_then(|usage| usage.rows.list);
    let list = list.ok_or_else(|| Error::new(Kind::Internal, "a call that has no pages"))?;
    if let (Some(before), Some(now)) = (told(whole, "TotalCount"), told(&page, "TotalCount"))
        && before != now
    {
        let text = format!(
            "$.Result.Pagination.TotalCount: the list had {before} rows and has {now}: it changed while its pages were \
             read; ask again"
        );
        return Err(Error::new(Kind::InconsistentResponse, text));
    }
    let result = member_mut(&mut page, "Result");
    let more = match result.and_then(|result| member_mut(result, list)) {
        Some(Json::List(rows)) => std::mem::take(rows),
        Some(Json::Null) | None => Vec::new(),
        Some(other) => {
            let text = format!("expected an array, found {}", other.describe());
            return Err(Error::unexpected(format!("$.Result.{list}"), text));
        }
    };
    match member_mut(whole, "Result").and_then(|result| member_mut(result, list)) {
        Some(Json::List(rows)) => rows.extend(more),
        _ if more.is_empty() => {}
        _ => {
            return Err(Error::unexpected(
                format!("$.Result.{list}"),
                "the first page has no rows, a later one has",
            ));
        }
    }
    Ok(())
}

/// A number of the pagination; some calls write it as a string.
fn told(document: &Json<'_>, key: &str) -> Option<i64> {
    let pagination = document.get("Result")?.get("Pagination")?;
    match pagination.get(key)? {
        Json::Number(text) | Json::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn member_mut<'j>(object: &'j mut Json<'static>, key: &str) -> Option<&'j mut Json<'static>> {
    let Json::Map(members) = object else { return None };
    members.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// The id that the envelope tells, or that the vendor's client logs when it has none.
pub fn request_id(reply: &Reply, document: &Json<'_>) -> Option<String> {
    let id = document
        .get("ResponseMetadata")
        .and_then(|metadata| metadata.get("RequestId"));
    let id = id.and_then(Json::as_label).map(|id| one_line(&id, 100));
    id.or_else(|| reply.request_id())
}

/// What was asked for, out of the document.
pub fn typed(call: &Call, document: &Json<'_>) -> Result<Typed> {
    let root = At::root(document);
    let path = root.path();
    let result = At::member(&path, "Result", document.get("Result").unwrap_or(&Json::Null));
    match model::usage(call.operation.name) {
        Some(usage) => live_usage(usage, &result),
        None => Holds::Anything.read(&result),
    }
}

fn refusal(error: &Json<'_>, reply: &Reply) -> Error {
    let code = error.get("Code").and_then(Json::as_label).unwrap_or_default();
    let said = error.get("Message").and_then(Json::as_label).unwrap_or_default();
    let said = one_line(&said, 300);
    let family = code.split('.').next().unwrap_or_default();
    let meaning = |code: &str| MEANINGS.iter().find(|meaning| meaning.codes.contains(&code));
    let known = meaning(&code).or_else(|| meaning(family));
    let (mut refused, advice) = match known {
        Some(meaning) => (Error::new(meaning.kind, ""), meaning.advice),
        // An error inside a success is refused for a reason that only its text knows.
        None if reply.is_success() => (Error::new(Kind::InvalidRequest, ""), "the service refused the request"),
        None => (reply.status_error(""), "the service refused the request"),
    };
    if let Some(remedy) = known.and_then(|meaning| meaning.remedy) {
        refused = refused.with_remedy(remedy);
    }
    refused.message = if said.is_empty() {
        advice.to_owned()
    } else {
        format!("{said}: {advice}")
    };
    if code.is_empty() {
        refused
    } else {
        refused.with_code(code)
    }
}

fn plain_refusal(reply: &Reply) -> Error {
    let message = format!("the service answered HTTP {}: {}", reply.status, reply.excerpt(200));
    reply.status_error(message).with_request_id(reply.request_id())
}

/// The result of a usage call.
fn live_usage(usage: &Usage, at: &At<'_, '_>) -> Result<Typed> {
    let members = at.map()?;
    let path = at.path();
    let maybe = |key: &str, holds: &'static Holds| match at.value.get(key) {
        Some(value) => Holds::Maybe(holds).read(&At::member(&path, key, value)),
        None => Ok(Typed::Nothing),
    };
    let filters: Vec<(String, Typed)> = usage
        .filters()
        .filter_map(|(name, wire)| {
            let value = at.value.get(wire)?.clone().into_owned();
            Some((name.to_owned(), Typed::Json(value)))
        })
        .collect();
    let fields = vec![
        ("start_time", maybe("StartTime", &Holds::Instant)?),
        ("end_time", maybe("EndTime", &Holds::Instant)?),
        ("aggregation", maybe("Aggregation", &Holds::Integer)?),
        ("totals", totals(usage.totals, at)?),
        ("rows", rows(&usage.rows, at)?),
        ("details", details(usage, at)?),
        ("pagination", maybe("Pagination", &Holds::Map(&Holds::Anything))?),
        ("filters", Typed::Map(filters)),
    ];
    let known = |key: &str| {
        matches!(key, "StartTime" | "EndTime" | "Aggregation" | "Pagination")
            || usage.filters().any(|(_, wire)| wire == key)
            || usage.details == Some(key)
            || has_figures(usage, key)
    };
    Ok(Typed::Record(LIVE_USAGE.name, fields, extra(members, known)))
}

/// True for the keys that a result and each of its details share.
fn has_figures(usage: &Usage, key: &str) -> bool {
    usage.rows.list == Some(key) || usage.totals.iter().any(|total| total.wire == key)
}

fn details(usage: &Usage, at: &At<'_, '_>) -> Result<Typed> {
    each(at, usage.details, |at| {
        let fields = vec![
            ("dimensions", labels(SPLIT_LABELS, at)?),
            ("totals", totals(usage.totals, at)?),
            ("rows", rows(&usage.rows, at)?),
        ];
        let known = |key: &str| has_figures(usage, key) || SPLIT_LABELS.iter().any(|label| label.wire == key);
        let record = Typed::Record(LIVE_USAGE_DETAIL.name, fields, extra(at.map()?, known));
        Ok(vec![record])
    })
}

fn rows(rows: &Rows, at: &At<'_, '_>) -> Result<Typed> {
    each(at, rows.list, |at| {
        let time = match rows.time {
            Some(key) => member(at, key, |at| Holds::Instant.read(at))?,
            None => Typed::Nothing,
        };
        let Some(inner) = rows.inner else {
            return Ok(vec![row(rows, at, time, Vec::new())?]);
        };
        let outer = extra(at.map()?, |key| rows.time == Some(key) || key == inner);
        let found = each(at, Some(inner), |at| {
            Ok(vec![row(rows, at, time.clone(), outer.clone())?])
        })?;
        match (found, outer.first()) {
            // Without a row, there is nothing that could keep what is not known: it must not vanish.
            (Typed::List(found), Some((key, _))) if found.is_empty() => {
                let path = at.path();
                let place = At::member(&path, key, &Json::Null);
                Err(Error::unexpected(
                    place.path(),
                    format!("the field is not known, and {inner} has no row to keep it with"),
                ))
            }
            (Typed::List(found), _) => Ok(found),
            _ => Ok(Vec::new()),
        }
    })
}

/// The records of the list under that key; null and missing mean that there are none.
fn each(at: &At<'_, '_>, key: Option<&str>, read: impl Fn(&At<'_, '_>) -> Result<Vec<Typed>>) -> Result<Typed> {
    let list = key.and_then(|key| Some((key, at.value.get(key)?)));
    let Some((key, list)) = list.filter(|(_, list)| **list != Json::Null) else {
        return Ok(Typed::List(Vec::new()));
    };
    let path = at.path();
    let list = At::member(&path, key, list);
    let path = list.path();
    let mut records = Vec::new();
    for (index, item) in list.list()?.iter().enumerate() {
        records.extend(read(&At::item(&path, index, item))?);
    }
    Ok(Typed::List(records))
}

fn row(rows: &Rows, at: &At<'_, '_>, time: Typed, mut more: Vec<(String, Json<'static>)>) -> Result<Typed> {
    let members = at.map()?;
    // What is null is left out, never zero.
    let there = |figure: &&Figure| at.value.get(figure.wire) != Some(&Json::Null);
    let values = rows.values.iter().filter(there).map(|figure| {
        let value = member(at, figure.wire, |at| Holds::Decimal.read(at))?;
        Ok((figure.name.to_owned(), value))
    });
    let fields = vec![
        ("time_stamp", time),
        ("values", Typed::Map(values.collect::<Result<_>>()?)),
        ("dimensions", labels(rows.labels, at)?),
    ];
    more.extend(extra(members, |key| {
        rows.time == Some(key)
            || rows.values.iter().any(|figure| figure.wire == key)
            || rows.labels.iter().any(|label| label.wire == key)
    }));
    Ok(Typed::Record(LIVE_USAGE_ROW.name, fields, more))
}

/// The figures for the whole range. Details of some calls come without, so what is absent is left out, never zero.
fn totals(figures: &[Figure], at: &At<'_, '_>) -> Result<Typed> {
    let path = at.path();
    let mut found = Vec::new();
    for figure in figures {
        match at.value.get(figure.wire) {
            None | Some(Json::Null) => {}
            Some(value) => {
                let value = Holds::Decimal.read(&At::member(&path, figure.wire, value))?;
                found.push((figure.name.to_owned(), value));
            }
        }
    }
    Ok(Typed::Map(found))
}

/// The texts by which a row is told apart; those that it has.
fn labels(labels: &[Label], at: &At<'_, '_>) -> Result<Typed> {
    let path = at.path();
    let mut found = Vec::new();
    for label in labels {
        match at.value.get(label.wire) {
            None | Some(Json::Null) => {}
            Some(value) => {
                let value = Holds::Label.read(&At::member(&path, label.wire, value))?;
                found.push((label.name.to_owned(), value));
            }
        }
    }
    Ok(Typed::Map(found))
}

fn member(at: &At<'_, '_>, key: &str, read: impl Fn(&At<'_, '_>) -> Result<Typed>) -> Result<Typed> {
    let path: Path<'_> = at.path();
    at.map()?;
    match at.value.get(key) {
        Some(value) => read(&At::member(&path, key, value)),
        None => Err(Error::unexpected(format!("{path}.{key}"), "the field is missing")),
    }
}

fn extra(members: &[(Cow<'_, str>, Json<'_>)], known: impl Fn(&str) -> bool) -> Vec<(String, Json<'static>)> {
    let unknown = members.iter().filter(|(key, _)| !known(key));
    unknown
        .map(|(key, value)| (key.to_string(), value.clone().into_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::volcengine::Volcengine;
    use crate::service::Provider;
    use crate::values::arguments::Value;

    const ID: &str = "20230831140335992B73F008D5242E199D";

    #[test]
    fn an_unknown_field_beside_no_rows_is_an_error_and_does_not_vanish() {
        let rows_of = |row: &str| {
            let text = format!(r#"{{"List":[{{"TimeStamp":"2026-06-10T20:00:00+08:00"{row}}}]}}"#);
            let document = Json::parse(text.as_bytes()).unwrap();
            let shape = Rows {
                list: Some("List"),
                time: Some("TimeStamp"),
                inner: Some("Inner"),
                values: &[],
                labels: &[],
            };
            rows(&shape, &At::root(&document)).map_err(|error| error.message.clone())
        };
        assert_eq!(rows_of(""), Ok(Typed::List(Vec::new())));
        let problem = "$.List[0].Innex: the field is not known, and Inner has no row to keep it with";
        assert_eq!(rows_of(r#","Innex":[{"Value":7}]"#), Err(problem.to_owned()));
        assert_eq!(rows_of(r#","Inner":[],"Innex":7"#), Err(problem.to_owned()));
    }

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            headers: vec![("x-tt-logid".to_owned(), "log-id".to_owned())],
            body: body.as_bytes().to_vec(),
        }
    }

    fn read(operation: &str, result: &str) -> Result<Typed> {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut given = vec![
            ("start".to_owned(), text("2022-02-11")),
            ("end".to_owned(), text("2022-02-12")),
        ];
        match operation {
            "call" => given = vec![("action".to_owned(), text("ListDomainDetail"))],
            "log_data" => given.push(("log_type".to_owned(), text("push"))),
            _ => {}
        }
        let call = Call::new(&Volcengine, operation, given).unwrap();
        let reply = reply(
            200,
            &format!(r#"{{"ResponseMetadata":{{"RequestId":"{ID}","Error":null}},"Result":{result}}}"#),
        );
        Volcengine.typed(&call, &Volcengine.answer(&call, &reply)?)
    }

    /// A typed value on one line, to be compared with.
    fn show(value: &Typed) -> String {
        match value {
            Typed::Nothing => "-".to_owned(),
            Typed::Integer(text) | Typed::Decimal(text) | Typed::Text(text) => text.clone(),
            Typed::Instant(instant) => instant.to_offset_text(),
            Typed::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(" ")),
            Typed::Map(members) => {
                let members = members.iter().map(|(key, value)| format!("{key}: {}", show(value)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
            Typed::Record(_, fields, extra) => {
                let fields: Vec<String> = fields.iter().map(|(_, value)| show(value)).collect();
                let extra: Vec<&str> = extra.iter().map(|(key, _)| key.as_str()).collect();
                format!("({} | {})", fields.join(" "), extra.join(" "))
            }
            Typed::Json(json) => serde_json::to_string(json).unwrap(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn storage_is_exact_and_keeps_its_offsets() {
        let result = r#"{"Vhosts":["www.example.com"],"StartTime":"2022-02-11T00:00:00+08:00","EndTime":"2022-02-10T23:59:59Z",
            "Aggregation":86400,"New":true,"TimeShiftDataList":[
            {"TimeStamp":"2022-02-11T00:00:00+08:00","Storage":4503380.1},
            {"TimeStamp":"2022-02-12T00:00:00Z","Storage":18446744073709551615,"Region":"x"}]}"#;
        assert_eq!(
            show(&read("time_shift_data", result).unwrap()),
            "(2022-02-11T00:00:00+08:00 2022-02-10T23:59:59+00:00 86400 {} \
             [(2022-02-11T00:00:00+08:00 {storage: 4503380.1} {} | ) \
             (2022-02-12T00:00:00+00:00 {storage: 18446744073709551615} {} | Region)] \
             [] - {vhosts: [\"www.example.com\"]} | New)"
        );
    }

    #[test]
    fn a_list_that_is_null_or_missing_is_empty() {
        for result in ["{}", r#"{"TimeShiftDataList":null}"#, r#"{"TimeShiftDataList":[]}"#] {
            assert_eq!(
                show(&read("time_shift_data", result).unwrap()),
                "(- - - {} [] [] - {} | )"
            );
        }
    }

    #[test]
    fn every_kind_of_answer_comes_in_the_same_record() {
        for (operation, result, expected) in [
            (
                "traffic_data",
                r#"{"DetailField":["Domain"],"TotalUpTraffic":0.1,"TotalDownTraffic":2,"TrafficDataList":[],
                    "TrafficDetailDataList":[{"Domain":"a","TotalUpTraffic":0.1,"Fresh":1,"TrafficDataList":
                    [{"TimeStamp":"2024-03-01T00:00:00+08:00","UpTraffic":0.10,"DownTraffic":0}]}]}"#,
                "(- - - {total_up_traffic: 0.1, total_down_traffic: 2} [] \
                 [({domain: a} {total_up_traffic: 0.1} [(2024-03-01T00:00:00+08:00 {up_traffic: 0.10, down_traffic: 0} {} | )] | Fresh)] \
                 - {detail_fields: [\"Domain\"]} | )",
            ),
            (
                "p95_peak_bandwidth_data",
                r#"{"P95PeakBandwidth":88.25,"P95PeakTimestamp":"2024-03-01T20:05:00+08:00"}"#,
                "(- - - {p95_peak_bandwidth: 88.25} [] [] - {} | P95PeakTimestamp)",
            ),
            (
                "transcode_data",
                r#"{"Duration":60,"TranscodeDataList":[{"TimeStamp":"2024-03-01T00:00:00+08:00","Duration":60,
                    "TranscodeType":"Normal_H264","Resolution":"720P"}]}"#,
                "(- - - {duration: 60} [(2024-03-01T00:00:00+08:00 {duration: 60} \
                 {transcode_type: Normal_H264, resolution: 720P} | )] [] - {} | )",
            ),
            (
                "snapshot_data",
                r#"{"Total":3,"SnapshotDataList":[],"SnapshotDetailData":[{"Domain":"a","Total":3,"SnapshotDataList":null}]}"#,
                "(- - - {total: 3} [] [({domain: a} {total: 3} [] | )] - {} | )",
            ),
            (
                "play_status_code_data",
                r#"{"Type":"Access","StatusSummaryDataList":[],"StatusDataList":[{"TimeStamp":"2024-03-01T00:00:00Z","Odd":1,
                    "StatusSummaryDataList":[{"StatusCode":200,"Value":9,"Percent":0.9},{"StatusCode":404,"Value":1,"Percent":0.1}]}]}"#,
                "(- - - {} [(2024-03-01T00:00:00+00:00 {value: 9, percent: 0.9} {status_code: 200} | Odd) \
                 (2024-03-01T00:00:00+00:00 {value: 1, percent: 0.1} {status_code: 404} | Odd)] [] - {request_type: \"Access\"} | \
                 StatusSummaryDataList)",
            ),
            (
                "top_play_data",
                r#"{"Pagination":{"PageNum":"1","PageSize":"10","TotalCount":"1"},"QueryType":"Domain","SortBy":"PeakBandwidth",
                    "DataItemList":[{"Domain":"a","PeakBandwidth":1e3,"AvgBandwidth":0.5,"TotalTraffic":12}]}"#,
                "(- - - {} [(- {peak_bandwidth: 1e3, avg_bandwidth: 0.5, total_traffic: 12} {domain: a} | )] [] \
                 {PageNum: \"1\", PageSize: \"10\", TotalCount: \"1\"} {query_type: \"Domain\", sort_by: \"PeakBandwidth\"} | )",
            ),
            (
                "push_stream_info_data",
                r#"{"Pagination":{"PageCur":1},"PushStreamInfoDataList":[{"App":"live","Stream":"s","Duration":5,
                    "StartTime":"2024-03-01T00:00:00+08:00","EndTime":"2024-03-01T00:00:05+08:00","IP":""}]}"#,
                "(- - - {} [(2024-03-01T00:00:00+08:00 {duration: 5} {app: live, stream: s} | EndTime IP)] [] \
                 {PageCur: 1} {} | )",
            ),
            (
                "log_data",
                r#"{"Type":"push","LogInfoList":[{"LogName":"x.gz","LogSize":7,"DownloadUrl":"u","DateTime":"d","Domain":null}]}"#,
                "(- - - {} [(- {log_size: 7} {log_name: x.gz} | DownloadUrl DateTime)] [] - {log_type: \"push\"} | )",
            ),
        ] {
            assert_eq!(show(&read(operation, result).unwrap()), expected, "{operation}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (operation, result, message) in [
            ("traffic_data", "null", "$.Result: expected an object, found null"),
            (
                "time_shift_data",
                r#"{"TimeShiftDataList":[{"TimeStamp":"2022-02-11T00:00:00+08:00"}]}"#,
                "$.Result.TimeShiftDataList[0].Storage: the field is missing",
            ),
            (
                "time_shift_data",
                r#"{"TimeShiftDataList":[{"TimeStamp":"2022-02-11T00:00:00+08:00","Storage":"1"}]}"#,
                "$.Result.TimeShiftDataList[0].Storage: expected a number, found a string",
            ),
            (
                "time_shift_data",
                r#"{"TimeShiftDataList":[{"Storage":1}]}"#,
                "$.Result.TimeShiftDataList[0].TimeStamp: the field is missing",
            ),
            (
                "time_shift_data",
                r#"{"TimeShiftDataList":{}}"#,
                "$.Result.TimeShiftDataList: expected an array, found an object",
            ),
            (
                "time_shift_data",
                r#"{"TimeShiftDataList":[1]}"#,
                "$.Result.TimeShiftDataList[0]: expected an object, found a number",
            ),
            (
                "audit_data",
                r#"{"AuditDetailDataList":[{"AuditDataList":[{"TimeStamp":"2022-02-11T00:00:00Z","Count":"7"}]}]}"#,
                "$.Result.AuditDetailDataList[0].AuditDataList[0].Count: expected a number, found a string",
            ),
            (
                "audit_data",
                r#"{"TotalCount":"7"}"#,
                "$.Result.TotalCount: expected a number, found a string",
            ),
            (
                "audit_data",
                r#"{"StartTime":"yesterday"}"#,
                "$.Result.StartTime: \"yesterday\" is no RFC 3339 instant",
            ),
            (
                "play_status_code_data",
                r#"{"StatusDataList":[{"TimeStamp":"2022-02-11T00:00:00Z","StatusSummaryDataList":[{"Percent":1}]}]}"#,
                "$.Result.StatusDataList[0].StatusSummaryDataList[0].Value: the field is missing",
            ),
        ] {
            let error = read(operation, result).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Kind::UnexpectedResponse, message)
            );
        }
    }

    #[test]
    fn any_other_action_answers_with_its_result() {
        let total = Json::Map(vec![("Total".into(), Json::Number("1.50".into()))]);
        assert_eq!(read("call", r#"{"Total":1.50}"#).unwrap(), Typed::Json(total));
        assert_eq!(show(&read("call", "null").unwrap()), "null");
    }

    #[test]
    fn codes_are_told_apart() {
        use Kind::{AuthenticationFailed, InvalidRequest, NotFound, PermissionDenied, RateLimited, ServerError};
        for (status, code, kind, remedy) in [
            (400, "MissingParameter", InvalidRequest, Remedy::None),
            (400, "MissingRequestInfo", InvalidRequest, Remedy::None),
            (400, "InvalidTimestamp", AuthenticationFailed, Remedy::CorrectClock),
            (403, "InvalidTimestamp", AuthenticationFailed, Remedy::CorrectClock),
            (404, "ServiceNotFound", NotFound, Remedy::None),
            (404, "InvalidActionOrVersion", NotFound, Remedy::None),
            (401, "InvalidAccessKey", AuthenticationFailed, Remedy::None),
            (401, "SignatureDoesNotMatch", AuthenticationFailed, Remedy::None),
            (403, "AccessDenied", PermissionDenied, Remedy::None),
            (403, "LackPolicy", PermissionDenied, Remedy::None),
            (500, "InternalError", ServerError, Remedy::Repeat),
            (504, "InternalServiceTimeout", ServerError, Remedy::Repeat),
            (401, "MissingAuthenticationToken", AuthenticationFailed, Remedy::None),
            (401, "MissingSignature", AuthenticationFailed, Remedy::None),
            (400, "InvalidAuthorization", AuthenticationFailed, Remedy::None),
            (400, "InvalidCredential", AuthenticationFailed, Remedy::None),
            (
                401,
                "InvalidSecretToken",
                AuthenticationFailed,
                Remedy::RenewCredentials,
            ),
            (429, "FlowLimitExceeded", RateLimited, Remedy::RepeatThrottled),
            (429, "AccountFlowLimitExceeded", RateLimited, Remedy::RepeatThrottled),
            (502, "FailToConnect", ServerError, Remedy::Repeat),
            (503, "ServiceUnavailableTemp", ServerError, Remedy::Repeat),
            (200, "CommonErr", ServerError, Remedy::Repeat),
            (400, "InvalidParam", InvalidRequest, Remedy::None),
            (400, "InvalidParam.BindError", InvalidRequest, Remedy::None),
            (403, "RequestForbidden", PermissionDenied, Remedy::None),
            (404, "ResourceNotFound", NotFound, Remedy::RepeatOnce),
            (502, "InternalServiceError", ServerError, Remedy::Repeat),
            (502, "InternalServiceError.BadResponse", ServerError, Remedy::Repeat),
            (200, "Novel", InvalidRequest, Remedy::None),
            (403, "Novel.One", PermissionDenied, Remedy::None),
            (503, "Novel", ServerError, Remedy::Repeat),
        ] {
            let body = format!(
                r#"{{"ResponseMetadata":{{"RequestId":"{ID}","Error":{{"CodeN":1,"Code":"{code}","Message":"own text"}}}}}}"#
            );
            let error = answer(&reply(status, &body)).unwrap_err();
            assert_eq!((error.kind, error.remedy), (kind, remedy), "{status} {code}");
            assert_eq!(
                (error.provider_code.as_deref(), error.request_id.as_deref()),
                (Some(code), Some(ID))
            );
            assert!(error.message.starts_with("own text: "), "{error}");
        }
    }

    #[test]
    fn an_answer_without_its_envelope_is_not_believed() {
        let bare = format!(r#"{{"ResponseMetadata":{{"RequestId":"{ID}"}}}}"#);
        for (status, body, kind, id) in [
            (
                200,
                r#"{"Result":{"TimeShiftDataList":[]}}"#,
                Kind::UnexpectedResponse,
                "log-id",
            ),
            (
                200,
                r#"{"ResponseMetadata":null,"Result":{}}"#,
                Kind::UnexpectedResponse,
                "log-id",
            ),
            (200, "<html>gateway</html>", Kind::UnexpectedResponse, "log-id"),
            (200, "", Kind::UnexpectedResponse, "log-id"),
            (502, "<html>Bad Gateway</html>", Kind::ServerError, "log-id"),
            (401, "", Kind::AuthenticationFailed, "log-id"),
            (302, "", Kind::UnexpectedRedirect, "log-id"),
            (500, bare.as_str(), Kind::ServerError, ID),
        ] {
            let error = answer(&reply(status, body)).unwrap_err();
            assert_eq!(
                (error.kind, error.request_id.as_deref()),
                (kind, Some(id)),
                "{status} {body}"
            );
        }
        // A page of a gateway that calls itself a success is told as what it is.
        let page = answer(&reply(200, "<html>gateway</html>")).unwrap_err();
        assert!(page.message.contains("not JSON"), "{page}");
    }

    #[test]
    fn the_records_have_the_fields_that_their_shapes_declare() {
        let result = r#"{"TotalCount":1,"AuditDataList":[{"TimeStamp":"2022-02-11T00:00:00Z","Count":7}],"AuditDetailDataList":[{}]}"#;
        let Typed::Record(_, fields, _) = read("audit_data", result).unwrap() else {
            panic!()
        };
        let first = |index: usize| match &fields[index].1 {
            Typed::List(items) => match &items[0] {
                Typed::Record(name, fields, _) => (*name, fields.iter().map(|(name, _)| *name).collect::<Vec<_>>()),
                _ => panic!(),
            },
            _ => panic!(),
        };
        let declared = |shape: &crate::values::shape::Shape| {
            (
                shape.name,
                shape.fields.iter().map(|field| field.name).collect::<Vec<_>>(),
            )
        };
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        assert_eq!(("LiveUsage", names), declared(&LIVE_USAGE));
        assert_eq!(first(4), declared(&LIVE_USAGE_ROW));
        assert_eq!(first(5), declared(&LIVE_USAGE_DETAIL));
    }
}
