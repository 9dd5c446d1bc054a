//! Questions to Volcengine as requests: the action in the query, everything else in a body of JSON.

use jiff::SignedDuration;
use serde_json::{Map, Value as Plain};

use super::model::{self, Usage, VERSION};
use crate::service::{Account, Call, Request};
use crate::values::arguments::{Arguments, Value};
use crate::values::error::{Error, Kind, Result};
use crate::values::text;
use crate::values::window::Instant;

/// Arguments of which only one may be given.
const EXCLUSIVE: &[(&str, &str)] = &[
    ("regions", "user_regions"),
    ("domains", "domain"),
    ("domains", "vhosts"),
];
/// Arguments that name one stream: all or none. Calls that take no domain are content with the other two.
const ONE_STREAM: &[&str] = &["domain", "app", "stream"];

/// The request for a call.
pub fn request(account: &Account, call: &Call) -> Result<Request> {
    if let Some(action) = call.arguments.text("action") {
        let version = call.arguments.text("version").unwrap_or(VERSION);
        return Ok(post(
            account,
            action,
            version,
            call.arguments.get("body").map(Value::to_json),
        ));
    }
    let usage = model::usage(call.operation.name)
        .ok_or_else(|| Error::new(Kind::Internal, "a call that is not in the table of facts"))?;
    check(usage, &call.arguments)?;
    let mut body = Map::new();
    for (name, value) in call.arguments.iter() {
        let wire = usage.wire_name(name).unwrap_or(name);
        body.insert(wire.to_owned(), plain_value(usage, name, value)?);
    }
    Ok(post(account, usage.action, VERSION, Some(Plain::Object(body))))
}

/// Accepts the name of an action that only reads.
pub fn read_action(action: &str) -> std::result::Result<(), String> {
    let reads = ["Describe", "List", "Get"].iter().any(|verb| action.starts_with(verb));
    if reads && action.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    let shown = text::head(action, 60);
    Err(format!(
        "must be an action that only reads (Describe…, List… or Get…), not {shown:?}"
    ))
}

/// Accepts a version of the API.
pub fn version(version: &str) -> std::result::Result<(), String> {
    if version.parse::<jiff::civil::Date>().is_ok() && version.len() == VERSION.len() {
        return Ok(());
    }
    let shown = text::head(version, 60);
    Err(format!("must be a date like {VERSION:?}, not {shown:?}"))
}

/// An absent body is empty, which is something else than `{}`.
fn post(account: &Account, action: &str, version: &str, body: Option<Plain>) -> Request {
    let query = text::query([("Action", action), ("Version", version)]);
    let url = format!("{}/?{query}", account.base_url);
    if let Some(body) = body {
        return Request::post_json(url, &body);
    }
    let mut request = Request::post(url);
    request.headers.push(("content-type", "application/json".to_owned()));
    request
}

fn check(usage: &Usage, arguments: &Arguments) -> Result<()> {
    let has = |name: &str| arguments.get(name).is_some();
    if let Some((one, other)) = EXCLUSIVE.iter().find(|(one, other)| has(one) && has(other)) {
        return Err(Error::invalid(format!("give {one} or {other}, not both")));
    }
    let names: Vec<&str> = ONE_STREAM
        .iter()
        .copied()
        .filter(|name| usage.has_argument(name))
        .collect();
    let missing: Vec<&str> = names.iter().copied().filter(|name| !has(name)).collect();
    if !missing.is_empty() && missing.len() < names.len() {
        return Err(Error::invalid(format!(
            "one stream is named by {} together; {} is missing",
            names.join(", "),
            missing.join(", ")
        )));
    }
    let empty = arguments
        .iter()
        .find(|(_, value)| matches!(value, Value::List(items) if items.is_empty()));
    if let Some((name, _)) = empty {
        return Err(Error::invalid(format!(
            "{name} is an empty list; leave it out to ask for all"
        )));
    }
    Ok(())
}

fn plain_value(usage: &Usage, name: &str, value: &Value) -> Result<Plain> {
    match (name, value) {
        ("start", Value::Instant(instant)) => whole_seconds(name, *instant).map(Plain::String),
        // Ranges are half-open here, while the service's examples end at 23:59:59.
        ("end", Value::Instant(instant)) => {
            whole_seconds(name, *instant)?;
            let last = Instant {
                at: instant.at - SignedDuration::from_secs(1),
                ..*instant
            };
            whole_seconds(name, last).map(Plain::String)
        }
        ("page_num" | "page_size", Value::Whole(number)) if usage.paging.is_some_and(|paging| paging.as_text) => {
            Ok(Plain::String(number.to_string()))
        }
        (_, value) => Ok(value.to_json()),
    }
}

fn whole_seconds(name: &str, instant: Instant) -> Result<String> {
    if instant.at.subsec_nanosecond() == 0 {
        return Ok(instant.to_offset_text());
    }
    Err(Error::invalid(format!(
        "{name} has a fraction of a second ({}); Volcengine counts in whole seconds",
        instant.at
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::volcengine::Volcengine;

    fn sent(operation: &str, given: &[(&str, Value)]) -> Result<String> {
        let account = Account {
            name: "acme".to_owned(),
            base_url: "http://127.0.0.1:18080".to_owned(),
            settings: Arguments::default(),
            secrets: vec!["secret_key"],
        };
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let call = Call::new(&Volcengine, operation, given.collect())?;
        let request = request(&account, &call)?;
        let address = request.url.strip_prefix("http://127.0.0.1:18080/?").unwrap();
        Ok(format!("{address} {}", String::from_utf8(request.body).unwrap()))
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn range() -> [(&'static str, Value); 2] {
        [
            ("start", text("2022-02-11T00:00:00+08:00")),
            ("end", text("2022-02-18T00:00:00+08:00")),
        ]
    }

    fn sent_with(operation: &str, more: &[(&str, Value)]) -> Result<String> {
        sent(operation, &[&range()[..], more].concat())
    }

    #[test]
    fn a_question_is_an_action_and_a_body() {
        let list = |items: &[&str]| Value::List(items.iter().map(|item| text(item)).collect());
        let region = Value::Map(vec![("Area".to_owned(), text("CN"))]);
        for (operation, more, expected) in [
            (
                "time_shift_data",
                vec![("vhosts", text("www.example.com"))],
                "Action=DescribeLiveTimeShiftData&Version=2023-01-01 {\"Aggregation\":86400,\
                 \"EndTime\":\"2022-02-17T23:59:59+08:00\",\"StartTime\":\"2022-02-11T00:00:00+08:00\",\
                 \"Vhosts\":[\"www.example.com\"]}",
            ),
            (
                "traffic_data",
                vec![
                    ("domains", list(&["a", "b"])),
                    ("regions", Value::List(vec![region])),
                    ("detail_fields", text("Domain")),
                    ("aggregation", Value::Whole(3600)),
                ],
                "Action=DescribeLiveTrafficData&Version=2023-01-01 {\"Aggregation\":3600,\"DetailField\":[\"Domain\"],\
                 \"DomainList\":[\"a\",\"b\"],\"EndTime\":\"2022-02-17T23:59:59+08:00\",\"RegionList\":[{\"Area\":\"CN\"}],\
                 \"StartTime\":\"2022-02-11T00:00:00+08:00\"}",
            ),
            (
                "top_play_data",
                vec![("vhosts", text("v")), ("page_num", Value::Whole(2))],
                "Action=DescribeLiveTopPlayData&Version=2023-01-01 {\"EndTime\":\"2022-02-17T23:59:59+08:00\",\
                 \"PageNum\":\"2\",\"StartTime\":\"2022-02-11T00:00:00+08:00\",\"VhostList\":[\"v\"]}",
            ),
            (
                "batch_stream_transcode_data",
                vec![("page_size", Value::Whole(100))],
                "Action=DescribeLiveBatchStreamTranscodeData&Version=2023-01-01 {\"EndTime\":\"2022-02-17T23:59:59+08:00\",\
                 \"PageSize\":100,\"StartTime\":\"2022-02-11T00:00:00+08:00\"}",
            ),
        ] {
            assert_eq!(sent_with(operation, &more).unwrap(), expected);
        }
    }

    #[test]
    fn a_date_means_midnight_utc_and_offsets_may_differ() {
        let given = [
            ("start", text("2024-03-01")),
            ("end", text("2024-03-01T09:00:00+08:00")),
        ];
        assert_eq!(
            sent("p95_peak_bandwidth_data", &given).unwrap(),
            "Action=DescribeLiveP95PeakBandwidthData&Version=2023-01-01 {\"Aggregation\":300,\
             \"EndTime\":\"2024-03-01T08:59:59+08:00\",\"StartTime\":\"2024-03-01T00:00:00+00:00\"}"
        );
    }

    #[test]
    fn what_cannot_work_is_refused_in_one_sentence() {
        let empty = || Value::List(Vec::new());
        let regions = || Value::List(vec![Value::Map(Vec::new())]);
        for (operation, more, message) in [
            (
                "record_data",
                vec![("app", text("a"))],
                "one stream is named by app, stream together; stream is missing",
            ),
            (
                "source_traffic_data",
                vec![("app", text("a")), ("stream", text("s"))],
                "one stream is named by domain, app, stream together; domain is missing",
            ),
            (
                "source_traffic_data",
                vec![
                    ("domains", text("d")),
                    ("domain", text("d")),
                    ("app", text("a")),
                    ("stream", text("s")),
                ],
                "give domains or domain, not both",
            ),
            (
                "traffic_data",
                vec![("regions", regions()), ("user_regions", regions())],
                "give regions or user_regions, not both",
            ),
            (
                "top_play_data",
                vec![("vhosts", text("v")), ("domains", text("d"))],
                "give domains or vhosts, not both",
            ),
            (
                "traffic_data",
                vec![("regions", empty())],
                "regions is an empty list; leave it out to ask for all",
            ),
            (
                "time_shift_data",
                vec![("vhosts", empty())],
                "vhosts is an empty list; leave it out to ask for all",
            ),
            (
                "time_shift_data",
                vec![("aggregation", Value::Whole(300))],
                "aggregation must be one of 86400, not 300",
            ),
            (
                "traffic_data",
                vec![("detail_fields", text("Group"))],
                "detail_fields must be one of Domain, ISP, Protocol, not \"Group\"",
            ),
        ] {
            assert_eq!(sent_with(operation, &more).unwrap_err().message, message);
        }
        for (start, end, message) in [
            (
                "2024-03-02",
                "2024-03-01",
                "start (2024-03-02T00:00:00+00:00) must be before end (2024-03-01T00:00:00+00:00)",
            ),
            (
                "2024-03-01",
                "2024-03-01T00:00:00.5Z",
                "end has a fraction of a second (2024-03-01T00:00:00.5Z); Volcengine counts in whole seconds",
            ),
        ] {
            let given = [("start", text(start)), ("end", text(end))];
            assert_eq!(sent("traffic_data", &given).unwrap_err().message, message);
        }
    }

    #[test]
    fn any_other_action_is_sent_if_it_only_reads() {
        let region = [("action", text("DescribeLiveRegionData"))];
        assert_eq!(
            sent("call", &region).unwrap(),
            "Action=DescribeLiveRegionData&Version=2023-01-01 "
        );
        let list = [
            ("action", text("ListDomainDetail")),
            ("body", Value::Map(vec![("PageNum".to_owned(), Value::Whole(1))])),
            ("version", text("2020-08-01")),
        ];
        assert_eq!(
            sent("call", &list).unwrap(),
            "Action=ListDomainDetail&Version=2020-08-01 {\"PageNum\":1}"
        );
        for action in ["DeleteDomain", "describeX", "List&Action=Delete", ""] {
            assert!(sent("call", &[("action", text(action))]).is_err(), "{action}");
        }
        for version in ["2023", "latest", "2023-01-01&A=b", "20230101"] {
            let given = [("action", text("GetX")), ("version", text(version))];
            assert!(sent("call", &given).is_err(), "{version}");
        }
    }

    #[test]
    fn the_table_gives_each_call_one_name_and_one_action() {
        let mut ours: Vec<&str> = model::CALLS.iter().map(|usage| usage.name).collect();
        let mut actions: Vec<&str> = model::CALLS.iter().map(|usage| usage.action).collect();
        let operations: Vec<&str> = model::OPERATIONS.iter().map(|operation| operation.name).collect();
        assert_eq!(operations, [&ours[..], &["call"]].concat());
        ours.sort_unstable();
        actions.sort_unstable();
        ours.dedup();
        actions.dedup();
        assert_eq!((ours.len(), actions.len()), (27, 27));
        for usage in model::CALLS {
            let snake = usage.action.strip_prefix("DescribeLive").unwrap();
            assert_eq!(usage.name.replace('_', ""), snake.to_lowercase());
            assert!(
                usage
                    .takes
                    .iter()
                    .all(|argument| usage.wire_name(argument.name).is_some())
            );
            assert_eq!(usage.has_argument("aggregation"), !usage.grains.is_empty(), "{snake}");
            assert_eq!(usage.has_argument("page_num"), usage.paging.is_some(), "{snake}");
        }
    }

    #[test]
    fn each_call_knows_a_longest_range_for_each_of_its_buckets() {
        use crate::values::arguments::Accepts;
        for usage in model::CALLS.iter().filter(|usage| !usage.grains.is_empty()) {
            let mut arguments = usage.takes.iter();
            let aggregation = arguments.find(|argument| argument.name == "aggregation").unwrap();
            let Accepts::WholeOf(seconds) = aggregation.accepts else {
                panic!()
            };
            let grains: Vec<i64> = usage.grains.iter().map(|grain| grain.seconds).collect();
            assert_eq!(seconds, grains, "{}", usage.name);
            assert!(
                usage
                    .grains
                    .iter()
                    .all(|grain| grain.longest_split <= grain.longest && grain.longest >= 86400)
            );
        }
    }
}
