//! Volcengine Live, by its document and the code beside it.

use jiff::tz::Offset;

use crate::meters::{Buckets, Meter, Reading, Sink, Span};
use crate::providers::{document, provider};
use crate::service::{Account, Asked, Call, Facts, PlannedCall, Proof, Provider, Reply, Secrets};
use crate::values::arguments::{Arguments, Value};
use crate::values::error::{Kind as Problem, Remedy, Result};
use crate::values::json::Json;
use crate::values::secret::Secret;
use crate::values::shape::{Holds, Shape, Typed};
use crate::values::text::snake;
use crate::values::window::{Instant, Window};

fn volcengine() -> &'static dyn Provider {
    provider("volcengine").unwrap()
}

fn facts() -> &'static Facts {
    volcengine().facts()
}

fn calls() -> impl Iterator<Item = &'static crate::spec::document::Call> {
    document("volcengine").unwrap().call.iter().filter(|call| call.series)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn texts(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| text(item)).collect())
}

fn named(given: &[(&str, Value)]) -> Vec<(String, Value)> {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    given.collect()
}

fn account(secrets: &[&'static str]) -> Account {
    let given = vec![("access_key".to_owned(), Value::Text("AKLTexamplepublic0001".to_owned()))];
    Account {
        name: "acme".to_owned(),
        base_url: "https://live.volcengineapi.com".to_owned(),
        settings: Arguments::check("Volcengine()", facts().settings, given).unwrap(),
        secrets: secrets.to_vec(),
    }
}

#[test]
fn the_published_question_gets_the_signature_of_the_vendors_clients() {
    let text = |text: &str| Value::Text(text.to_owned());
    let given = [
        ("start", text("2022-02-11T00:00:00+08:00")),
        ("end", text("2022-02-18T00:00:00+08:00")),
        ("vhosts", text("www.example.com")),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let call = Call::new(volcengine(), "time_shift_data", given).unwrap();
    let secrets = Secrets(vec![
        ("secret_key", Secret::new("c2VjcmV0LWV4YW1wbGUtbm90LXJlYWw=")),
        ("session_token", Secret::new("token")),
    ]);
    let proof = Proof {
        secrets: &secrets,
        token: None,
        now: "2024-03-15T08:09:10Z".parse().unwrap(),
    };
    let signed = |account: &Account| {
        let mut request = volcengine().request(account, &call).unwrap();
        volcengine().sign(account, &mut request, &proof).unwrap();
        request.headers
    };
    let headers = signed(&account(&["secret_key"]));
    let (_, authorization) = headers.iter().find(|(name, _)| *name == "authorization").unwrap();
    assert!(
        authorization.ends_with("Signature=575a4f056ed0bcc4acad67a14569153ac962604aba1008fd302fa012c7e83903"),
        "{authorization}"
    );
    assert!(headers.iter().all(|(name, _)| *name != "x-security-token"));
    let headers = signed(&account(&["secret_key", "session_token"]));
    assert!(headers.contains(&("x-security-token", "token".to_owned())));
}

#[test]
fn an_account_has_a_key_and_its_secret() {
    assert!(volcengine().check_account(&account(&["secret_key"])).is_ok());
    let problem = volcengine().check_account(&account(&["session_token"])).unwrap_err();
    assert_eq!(
        (problem.kind, problem.message.as_str()),
        (Problem::InvalidArgument, "Volcengine Live needs a secret_key")
    );
    let mut nobody = account(&["secret_key"]);
    nobody.settings = Arguments::check("Volcengine()", facts().settings, Vec::new()).unwrap();
    let problem = volcengine().check_account(&nobody).unwrap_err();
    assert_eq!(problem.kind, Problem::WrongType);
    assert!(
        problem
            .message
            .starts_with("Volcengine needs the argument \"access_key\": the id of the access key")
    );
    nobody.secrets.push("access_key");
    assert!(volcengine().check_account(&nobody).is_ok());
}

fn sent(operation: &str, given: &[(&str, Value)]) -> Result<String> {
    let account = Account {
        name: "acme".to_owned(),
        base_url: "http://127.0.0.1:18080".to_owned(),
        settings: Arguments::default(),
        secrets: vec!["secret_key"],
    };
    let call = Call::new(volcengine(), operation, named(given))?;
    let request = volcengine().request(&account, &call)?;
    let address = request.url.strip_prefix("http://127.0.0.1:18080/?").unwrap();
    Ok(format!("{address} {}", String::from_utf8(request.body).unwrap()))
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
                ("domains", texts(&["a", "b"])),
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
            "app, stream go together: give all of them or none; stream is missing",
        ),
        (
            "source_traffic_data",
            vec![("app", text("a")), ("stream", text("s"))],
            "domain, app, stream go together: give all of them or none; domain is missing",
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
            "end has a fraction of a second (2024-03-01T00:00:00.5Z); the service counts in whole seconds",
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

/// Each source that a selection takes, on one line.
fn select(given: &[(&str, Value)]) -> Result<Vec<String>> {
    let selection = Arguments::check("select()", facts().selection, named(given))?;
    let line = |asked: &Asked| {
        let arguments: Vec<String> = asked
            .arguments
            .iter()
            .map(|(name, value)| format!("{name}={}", value.to_json()))
            .collect();
        format!(
            "{} {:?} {:?} {:?} {}",
            asked.source.operation,
            asked.meters,
            asked.buckets,
            asked.span,
            arguments.join(" ")
        )
    };
    Ok(volcengine().asked(&selection)?.iter().map(line).collect())
}

#[test]
fn storage_traffic_and_bandwidth_by_the_day_are_asked_for_by_default() {
    let days = "Every(86400, 28800) Days(93) aggregation=86400";
    assert_eq!(
        select(&[]).unwrap(),
        [
            format!("time_shift_data [0] {days}"),
            format!("bandwidth_data [0, 1] {days}"),
            format!("traffic_data [0, 1] {days}"),
        ]
    );
    assert_eq!(
        select(&[("vhosts", texts(&["a", "b", "a"])), ("domains", text("d"))]).unwrap(),
        [
            format!("time_shift_data [0] {days} vhosts=[\"a\"]"),
            format!("time_shift_data [0] {days} vhosts=[\"b\"]"),
            format!("bandwidth_data [0, 1] {days} domains=[\"d\"]"),
            format!("traffic_data [0, 1] {days} domains=[\"d\"]"),
        ]
    );
}

#[test]
fn the_aggregation_decides_the_buckets_and_the_span() {
    let meters = |names: &[&str]| ("meters", texts(names));
    for (given, expected) in [
        (
            vec![meters(&["volcengine.down_traffic"]), ("aggregation", Value::Whole(300))],
            "traffic_data [1] Every(300, 28800) Days(31) aggregation=300",
        ),
        (
            vec![meters(&["volcengine.edge_requests"]), ("aggregation", Value::Whole(60))],
            "edge_stat_data [4] Every(60, 28800) Days(1) aggregation=60",
        ),
        (
            vec![meters(&["volcengine.edge_up_traffic", "volcengine.edge_requests"])],
            "edge_stat_data [2, 4] Every(3600, 28800) Days(31) aggregation=3600",
        ),
        (
            vec![meters(&["volcengine.p95_peak_bandwidth"])],
            "p95_peak_bandwidth_data [0] Window Days(93) aggregation=300",
        ),
        (
            vec![meters(&["volcengine.pull_to_push_duration"]), ("groups", text("g"))],
            "pull_to_push_data [0] Every(86400, 28800) Days(93) aggregation=86400 groups=[\"g\"]",
        ),
    ] {
        assert_eq!(select(&given).unwrap(), [expected]);
    }
}

#[test]
fn a_selection_that_cannot_work_is_refused_in_one_sentence() {
    for (given, message) in [
        (
            vec![("meters", text("volcengine.timeshift_storage"))],
            "Volcengine Live has no meter \"volcengine.timeshift_storage\"; did you mean \"volcengine.time_shift_storage\"?",
        ),
        (
            vec![("aggregation", Value::Whole(300))],
            "volcengine.time_shift_storage has buckets of 86400 s, not 300 s; leave aggregation out, or name meters \
             that have it",
        ),
        (
            vec![("aggregation", Value::Whole(7))],
            "aggregation must be one of 60, 300, 3600, 86400, not 7",
        ),
        (
            vec![("meters", text("volcengine.up_traffic")), ("vhosts", text("v"))],
            "vhosts narrows none of the meters asked for; it narrows volcengine.time_shift_storage",
        ),
        (
            vec![("groups", text("g"))],
            "groups narrows none of the meters asked for; it narrows volcengine.pull_to_push_duration, \
             volcengine.pull_to_push_bandwidth",
        ),
        (
            vec![("vhosts", Value::List(Vec::new()))],
            "vhosts is an empty list; leave it out to ask for all",
        ),
    ] {
        assert_eq!(select(&given).unwrap_err().message, message);
    }
}

const ID: &str = "20230831140335992B73F008D5242E199D";

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status,
        headers: vec![("x-tt-logid".to_owned(), "log-id".to_owned())],
        body: body.as_bytes().to_vec(),
    }
}

/// The error that a reply is.
fn answer(reply: &Reply) -> crate::values::error::Error {
    let call = Call::new(volcengine(), "time_shift_data", named(&range())).unwrap();
    volcengine().answer(&call, reply).unwrap_err()
}

fn typed(operation: &str, result: &str) -> Result<Typed> {
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
    let call = Call::new(volcengine(), operation, given).unwrap();
    let reply = reply(
        200,
        &format!(r#"{{"ResponseMetadata":{{"RequestId":"{ID}","Error":null}},"Result":{result}}}"#),
    );
    volcengine().typed(&call, &volcengine().answer(&call, &reply)?)
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
        show(&typed("time_shift_data", result).unwrap()),
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
            show(&typed("time_shift_data", result).unwrap()),
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
        assert_eq!(show(&typed(operation, result).unwrap()), expected, "{operation}");
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
        let error = typed(operation, result).unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (Problem::UnexpectedResponse, message)
        );
    }
}

#[test]
fn any_other_action_answers_with_its_result() {
    let total = Json::Map(vec![("Total".into(), Json::Number("1.50".into()))]);
    assert_eq!(typed("call", r#"{"Total":1.50}"#).unwrap(), Typed::Json(total));
    assert_eq!(show(&typed("call", "null").unwrap()), "null");
}

#[test]
fn codes_are_told_apart() {
    use Problem::{AuthenticationFailed, InvalidRequest, NotFound, PermissionDenied, RateLimited, ServerError};
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
        let error = answer(&reply(status, &body));
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
            Problem::UnexpectedResponse,
            "log-id",
        ),
        (
            200,
            r#"{"ResponseMetadata":null,"Result":{}}"#,
            Problem::UnexpectedResponse,
            "log-id",
        ),
        (200, "<html>gateway</html>", Problem::UnexpectedResponse, "log-id"),
        (200, "", Problem::UnexpectedResponse, "log-id"),
        (502, "<html>Bad Gateway</html>", Problem::ServerError, "log-id"),
        (401, "", Problem::AuthenticationFailed, "log-id"),
        (302, "", Problem::UnexpectedRedirect, "log-id"),
        (500, bare.as_str(), Problem::ServerError, ID),
    ] {
        let error = answer(&reply(status, body));
        assert_eq!(
            (error.kind, error.request_id.as_deref()),
            (kind, Some(id)),
            "{status} {body}"
        );
    }
    // A page of a gateway that calls itself a success is told as what it is.
    let page = answer(&reply(200, "<html>gateway</html>"));
    assert!(page.message.contains("not JSON"), "{page}");
}

#[test]
fn the_records_have_the_fields_that_their_shapes_declare() {
    let result = r#"{"TotalCount":1,"AuditDataList":[{"TimeStamp":"2022-02-11T00:00:00Z","Count":7}],"AuditDetailDataList":[{}]}"#;
    let Typed::Record(_, fields, _) = typed("audit_data", result).unwrap() else {
        panic!()
    };
    let first = |index: usize| match &fields[index].1 {
        Typed::List(items) => match &items[0] {
            Typed::Record(name, fields, _) => (*name, fields.iter().map(|(name, _)| *name).collect::<Vec<_>>()),
            _ => panic!(),
        },
        _ => panic!(),
    };
    let declared = |shape: &Shape| {
        (
            shape.name,
            shape.fields.iter().map(|field| field.name).collect::<Vec<_>>(),
        )
    };
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let operation = facts()
        .operations
        .iter()
        .find(|known| known.name == "audit_data")
        .unwrap();
    let Holds::Record(shape) = operation.returns else {
        panic!()
    };
    let inner = |index: usize| match shape.fields[index].holds {
        Holds::List(Holds::Record(shape)) => *shape,
        _ => panic!(),
    };
    assert_eq!(("LiveUsage", names), declared(shape));
    assert_eq!(first(4), declared(inner(4)));
    assert_eq!(first(5), declared(inner(5)));
}

/// The first call of a selection, for this window.
fn call(meters: &[&str], more: &[(&str, Value)], start: &str, end: &str) -> PlannedCall {
    let meters = Value::List(meters.iter().map(|name| text(&format!("volcengine.{name}"))).collect());
    let mut given = vec![("meters".to_owned(), meters)];
    given.extend(named(more));
    let selection = Arguments::check("select()", facts().selection, given).unwrap();
    let asked = volcengine().asked(&selection).unwrap().remove(0);
    let mut arguments = asked.arguments.clone();
    arguments.extend([("start".to_owned(), text(start)), ("end".to_owned(), text(end))]);
    let at = |text: &str| Instant::parse_argument(text).unwrap();
    let call = Call::new(volcengine(), asked.source.operation, arguments).unwrap();
    let piece = Window::new(at(start), at(end)).unwrap();
    PlannedCall::new("id".to_owned(), "acme".to_owned(), "volcengine", call, asked, piece)
}

/// A moment as the documented examples write it.
fn in_china(at: jiff::Timestamp) -> String {
    let offset = Offset::from_seconds(8 * 3600).unwrap();
    Instant { at, offset }.to_offset_text()
}

/// Readings and notes, one line each.
#[derive(Default)]
struct Lines {
    meters: &'static [Meter],
    readings: Vec<String>,
    notes: Vec<String>,
}

impl Sink for Lines {
    fn reading(&mut self, reading: Reading<'_>) {
        let meter = &self.meters[reading.meter];
        assert_eq!(reading.labels.len(), meter.dimensions.len());
        assert!(reading.cost.is_none());
        let labels: Vec<&str> = reading.labels.iter().map(|label| label.unwrap_or("-")).collect();
        let flags: Vec<&str> = reading.flags.names().collect();
        self.readings.push(format!(
            "{} [{}] {}/{} {} {}",
            meter.name.strip_prefix("volcengine.").unwrap(),
            labels.join(" "),
            in_china(reading.start.unwrap()).replace("+08:00", ""),
            in_china(reading.end.unwrap()).replace("+08:00", ""),
            reading.quantity,
            flags.join(" "),
        ));
    }

    fn note(&mut self, note: String) {
        self.notes.push(note);
    }
}

const LATER: &str = "2030-01-01T00:00:00Z";

fn read(call: &PlannedCall, body: &[u8], fetched_at: &str) -> Result<Lines> {
    let mut lines = Lines {
        meters: call.asked.source.meters,
        ..Lines::default()
    };
    let reply = Reply {
        status: 200,
        body: body.to_vec(),
        ..Reply::default()
    };
    let outcome = volcengine().collect(call, &reply, fetched_at.parse().unwrap(), &mut lines);
    assert!(outcome.is_ok() || lines.readings.is_empty(), "half an answer was kept");
    outcome.map(|_| lines)
}

fn read_result(call: &PlannedCall, result: &str) -> Result<Lines> {
    let body = format!(r#"{{"ResponseMetadata":{{"RequestId":"x"}},"Result":{result}}}"#);
    read(call, body.as_bytes(), LATER)
}

macro_rules! fixture {
    ($case:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/volcengine/", $case, "/reply.body"))
    };
}

const DAY: (&str, &str) = ("2024-03-01T00:00:00+08:00", "2024-03-02T00:00:00+08:00");
const WEEK: (&str, &str) = ("2022-02-11T00:00:00+08:00", "2022-02-18T00:00:00+08:00");

#[test]
fn every_number_of_the_published_shapes_becomes_a_reading() {
    let domain = || ("domains", text("d"));
    for (meters, more, body, expected) in [
        (
            &["up_traffic", "down_traffic"][..],
            vec![domain()],
            &fixture!("traffic_data")[..],
            &["up_traffic [d] {} 0.1 ", "down_traffic [d] {} 4503380.1 "][..],
        ),
        (
            &["down_traffic"],
            vec![],
            fixture!("traffic_data"),
            &["down_traffic [-] {} 4503380.1 "],
        ),
        (
            &["up_bandwidth", "down_bandwidth"],
            vec![],
            fixture!("bandwidth_data"),
            &["up_bandwidth [-] {} 12.5 ", "down_bandwidth [-] {} 100.125 "],
        ),
        (
            &["transcode_duration"],
            vec![domain()],
            fixture!("transcode_data"),
            &[
                "transcode_duration [d H264 720P] {} 60 ",
                "transcode_duration [d H265 1080P] {} 30.5 ",
            ],
        ),
        (
            &["record_concurrency"],
            vec![],
            fixture!("record_data"),
            &["record_concurrency [-] {} 3 "],
        ),
        (
            &["snapshots"],
            vec![],
            fixture!("snapshot_data"),
            &["snapshots [-] {} 144 "],
        ),
        (&["audits"], vec![], fixture!("audit_data"), &["audits [-] {} 7 "]),
        (
            &["pull_to_push_duration"],
            vec![("groups", text("g"))],
            fixture!("pull_to_push_data"),
            &["pull_to_push_duration [g] {} 1440 "],
        ),
        (
            &["p95_peak_bandwidth"],
            vec![domain()],
            fixture!("p95_peak_bandwidth_data"),
            &["p95_peak_bandwidth [d] {} 88.25 "],
        ),
    ] {
        let lines = read(&call(meters, &more, DAY.0, DAY.1), body, LATER).unwrap();
        let window = "2024-03-01T00:00:00/2024-03-02T00:00:00";
        let expected: Vec<String> = expected.iter().map(|line| line.replace("{}", window)).collect();
        assert_eq!((lines.readings, lines.notes.as_slice()), (expected, &[][..]));
    }
}

#[test]
fn storage_is_exact_and_of_the_billing_day_in_china() {
    let vhost = [("vhosts", text("www.example.com"))];
    let storage = call(&["time_shift_storage"], &vhost, WEEK.0, WEEK.1);
    let lines = read(&storage, fixture!("exact_numbers"), LATER).unwrap();
    let days = [
        ("11", "12", "4503380.1"),
        ("12", "13", "0.1"),
        ("13", "14", "18446744073709551615"),
        ("14", "15", "149514.99999999997"),
        ("15", "16", "0"),
        ("16", "17", "0.25"),
        ("17", "18", "4503380"),
    ];
    let expected = days.map(|(day, next, figure)| {
        format!("time_shift_storage [www.example.com] 2022-02-{day}T00:00:00/2022-02-{next}T00:00:00 {figure} ")
    });
    assert_eq!(
        (lines.readings.as_slice(), lines.notes.as_slice()),
        (&expected[..], &[][..])
    );
    // Whether a timestamp is the day's start or its last second, and in any offset, the date in China is the same.
    for stamp in [
        "2022-02-11T00:00:00+08:00",
        "2022-02-11T23:59:59+08:00",
        "2022-02-10T16:00:00Z",
    ] {
        let result = format!(r#"{{"TimeShiftDataList":[{{"TimeStamp":"{stamp}","Storage":1}}]}}"#);
        assert_eq!(
            read_result(&storage, &result).unwrap().readings,
            ["time_shift_storage [www.example.com] 2022-02-11T00:00:00/2022-02-12T00:00:00 1 "]
        );
    }
}

#[test]
fn the_published_example_is_one_day_in_a_shortened_range() {
    let storage = call(&["time_shift_storage"], &[], WEEK.0, WEEK.1);
    let lines = read(&storage, fixture!("time_shift_data"), LATER).unwrap();
    let row = "time_shift_storage [-] 2022-02-16T00:00:00/2022-02-17T00:00:00 4503380 ";
    assert_eq!(lines.readings, [row, row]);
    assert_eq!(
        lines.notes,
        [
            "the service shortened the range to 2022-02-16T00:00:00+08:00 … 2022-02-17T23:59:59+08:00, \
             from 2022-02-11T00:00:00+08:00 … 2022-02-17T23:59:59+08:00",
        ]
    );
}

#[test]
fn no_rows_are_no_readings() {
    let storage = call(&["time_shift_storage"], &[], WEEK.0, WEEK.1);
    for body in [&fixture!("empty_list")[..], fixture!("null_list")] {
        let lines = read(&storage, body, LATER).unwrap();
        assert_eq!((lines.readings.len(), lines.notes.len()), (0, 0));
    }
    let p95 = call(&["p95_peak_bandwidth"], &[], DAY.0, DAY.1);
    for (call, result) in [(&storage, "{}"), (&p95, "{}"), (&p95, r#"{"P95PeakBandwidth":null}"#)] {
        assert_eq!(read_result(call, result).unwrap().readings.len(), 0, "{result}");
    }
    let status = call(&["status_code_requests"], &[], DAY.0, DAY.1);
    let result = r#"{"StatusDataList":[{"TimeStamp":"2024-03-01T00:00:00+08:00","StatusSummaryDataList":null}]}"#;
    assert_eq!(read_result(&status, result).unwrap().readings.len(), 0);
}

#[test]
fn nested_rows_take_the_moment_around_them() {
    let status = call(&["status_code_requests"], &[], DAY.0, DAY.1);
    let result = r#"{"StatusSummaryDataList":[],"StatusDataList":[{"TimeStamp":"2024-03-01T01:00:00+08:00",
        "StatusSummaryDataList":[{"StatusCode":200,"Value":9,"Percent":0.9},{"StatusCode":"404","Value":1,"Percent":0.1}]}]}"#;
    assert_eq!(
        read_result(&status, result).unwrap().readings,
        [
            "status_code_requests [- 200] 2024-03-01T01:00:00/2024-03-01T02:00:00 9 ",
            "status_code_requests [- 404] 2024-03-01T01:00:00/2024-03-01T02:00:00 1 ",
        ]
    );
}

#[test]
fn totals_and_peaks_that_disagree_are_a_note_and_a_flag() {
    let rows = |name: &str, keys: [&str; 2], figures: [[&str; 2]; 2]| {
        let [a, b] = keys;
        let [[a1, b1], [a2, b2]] = figures;
        format!(
            r#""{name}":[{{"TimeStamp":"2024-03-01T00:00:00+08:00","{a}":{a1},"{b}":{b1}}},
                {{"TimeStamp":"2024-03-02T00:00:00+08:00","{a}":{a2},"{b}":{b2}}}]"#
        )
    };
    let traffic = |figures| rows("TrafficDataList", ["UpTraffic", "DownTraffic"], figures);
    let bandwidth = |figures| rows("BandwidthDataList", ["UpBandwidth", "DownBandwidth"], figures);
    let two_traffic = ["up_traffic", "down_traffic"];
    let two_bandwidth = ["up_bandwidth", "down_bandwidth"];
    for (meters, totals, rows, notes, flagged) in [
        (
            two_traffic,
            r#""TotalUpTraffic":3,"TotalDownTraffic":0.30000000000000004"#,
            traffic([["1", "0.1"], ["2", "0.2"]]),
            &[][..],
            [false, false],
        ),
        (
            two_traffic,
            r#""TotalUpTraffic":4000000001,"TotalDownTraffic":0.31"#,
            traffic([["4000000000", "0.1"], ["0", "0.2"]]),
            &[
                "TotalUpTraffic is 4000000001, but the rows add up to 4000000000",
                "TotalDownTraffic is 0.31, but the rows add up to 0.3",
            ],
            [true, true],
        ),
        (
            two_bandwidth,
            r#""PeakUpBandwidth":2,"PeakDownBandwidth":0.3"#,
            bandwidth([["1", "0.1"], ["2", "0.2"]]),
            &["PeakDownBandwidth is 0.3, but the rows have at most 0.2"],
            [false, true],
        ),
        (
            two_bandwidth,
            r#""PeakUpBandwidth":null"#,
            bandwidth([["1", "0.1"], ["2", "0.2"]]),
            &[],
            [false, false],
        ),
    ] {
        let call = call(&meters, &[], "2024-03-01T00:00:00+08:00", "2024-03-03T00:00:00+08:00");
        let lines = read_result(&call, &format!("{{{totals},{rows}}}")).unwrap();
        assert_eq!(lines.notes, notes);
        let found: Vec<bool> = lines.readings.iter().map(|line| line.ends_with(" mismatch")).collect();
        assert_eq!(found, [flagged, flagged].concat());
    }
    let call = call(&["audits"], &[], DAY.0, DAY.1);
    let lines = read_result(&call, r#"{"TotalCount":5,"AuditDataList":null}"#).unwrap();
    assert_eq!(
        (lines.readings.len(), lines.notes),
        (0, vec!["TotalCount is 5, but the rows add up to 0".to_owned()])
    );
}

#[test]
fn what_repeats_counts_once_in_totals() {
    let row = |stamp: &str, kind: &str, minutes: &str| {
        format!(r#"{{"TimeStamp":"{stamp}","Duration":{minutes},"TranscodeType":"{kind}","Resolution":"720P"}}"#)
    };
    let call = call(&["transcode_duration"], &[], DAY.0, "2024-03-03T00:00:00+08:00");
    let (first, second) = ("2024-03-01T00:00:00+08:00", "2024-03-02T00:00:00+08:00");
    let rows = [
        row(second, "A", "4"),
        row(first, "A", "1"),
        row(first, "B", "2"),
        row("2024-02-29T16:00:00Z", "A", "1.0"),
    ];
    let lines = read_result(
        &call,
        &format!(r#"{{"Duration":7,"TranscodeDataList":[{}]}}"#, rows.join(",")),
    )
    .unwrap();
    assert_eq!(
        lines.readings,
        [
            "transcode_duration [- A 720P] 2024-03-02T00:00:00/2024-03-03T00:00:00 4 ",
            "transcode_duration [- A 720P] 2024-03-01T00:00:00/2024-03-02T00:00:00 1 ",
            "transcode_duration [- B 720P] 2024-03-01T00:00:00/2024-03-02T00:00:00 2 ",
            "transcode_duration [- A 720P] 2024-03-01T00:00:00/2024-03-02T00:00:00 1 ",
        ]
    );
    assert_eq!(lines.notes, [""; 0]);
}

#[test]
fn a_row_that_starts_off_the_buckets_or_is_not_over_is_partial() {
    let hourly = [("aggregation", Value::Whole(3600))];
    let call = call(&["snapshots"], &hourly, DAY.0, DAY.1);
    let body = br#"{"ResponseMetadata":{},"Result":{"Aggregation":3600,"SnapshotDataList":[
        {"TimeStamp":"2024-03-01T00:00:00+08:00","Value":1},{"TimeStamp":"2024-03-01T01:05:00+08:00","Value":2},
        {"TimeStamp":"2024-03-01T03:00:00+08:00","Value":3}]}}"#;
    let lines = read(&call, body, "2024-02-29T19:59:59Z").unwrap();
    assert_eq!(
        lines.readings,
        [
            "snapshots [-] 2024-03-01T00:00:00/2024-03-01T01:00:00 1 ",
            "snapshots [-] 2024-03-01T01:05:00/2024-03-01T02:05:00 2 partial_bucket",
            "snapshots [-] 2024-03-01T03:00:00/2024-03-01T04:00:00 3 partial_bucket",
        ]
    );
    assert_eq!(lines.notes, ["rows that start off the buckets of 3600 s: 1"]);
    let lines = read(&call, body, "2024-02-29T20:00:00Z").unwrap();
    assert_eq!(
        lines.readings[2],
        "snapshots [-] 2024-03-01T03:00:00/2024-03-01T04:00:00 3 "
    );
}

#[test]
fn a_bucket_that_the_window_cuts_is_partial() {
    let hourly = [("aggregation", Value::Whole(3600))];
    let call = call(
        &["snapshots"],
        &hourly,
        "2024-03-01T00:30:00+08:00",
        "2024-03-01T02:30:00+08:00",
    );
    let rows = (0..3).map(|hour| format!(r#"{{"TimeStamp":"2024-03-01T0{hour}:00:00+08:00","Value":1}}"#));
    let rows = rows.collect::<Vec<_>>().join(",");
    let body = format!(r#"{{"ResponseMetadata":{{}},"Result":{{"Aggregation":3600,"SnapshotDataList":[{rows}]}}}}"#);
    let lines = read(&call, body.as_bytes(), "2024-03-02T00:00:00Z").unwrap();
    assert_eq!(
        lines.readings,
        [
            "snapshots [-] 2024-03-01T00:00:00/2024-03-01T01:00:00 1 partial_bucket",
            "snapshots [-] 2024-03-01T01:00:00/2024-03-01T02:00:00 1 ",
            "snapshots [-] 2024-03-01T02:00:00/2024-03-01T03:00:00 1 partial_bucket",
        ]
    );
    // What starts off the buckets is the window, and no row.
    assert_eq!(lines.notes, [""; 0]);
}

#[test]
fn one_figure_for_a_shortened_range_keeps_that_range() {
    let p95 = call(&["p95_peak_bandwidth"], &[], DAY.0, DAY.1);
    let result =
        r#"{"StartTime":"2024-03-01T06:00:00+08:00","EndTime":"2024-03-01T23:59:59+08:00","P95PeakBandwidth":1e-19}"#;
    let lines = read_result(&p95, result).unwrap();
    assert_eq!(
        lines.readings,
        ["p95_peak_bandwidth [-] 2024-03-01T06:00:00/2024-03-02T00:00:00 0 rounded"]
    );
    assert!(lines.notes[0].starts_with("the service shortened the range to 2024-03-01T06:00:00+08:00 … "));
    let result =
        r#"{"StartTime":"2024-03-01T00:00:00+08:00","EndTime":"2024-03-01T11:59:59+08:00","P95PeakBandwidth":1}"#;
    let lines = read_result(&p95, result).unwrap();
    assert_eq!(
        lines.readings,
        ["p95_peak_bandwidth [-] 2024-03-01T00:00:00/2024-03-01T12:00:00 1 "]
    );
    assert!(lines.notes[0].contains(" … 2024-03-01T11:59:59+08:00, from "));
    // One that is longer than what was asked for is not shortened.
    let result =
        r#"{"StartTime":"2024-02-29T00:00:00+08:00","EndTime":"2024-03-02T23:59:59+08:00","P95PeakBandwidth":1}"#;
    assert_eq!(read_result(&p95, result).unwrap().notes, [""; 0]);
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_gives_no_readings() {
    use Problem::{InconsistentResponse, UnexpectedResponse};
    let good = r#"{"TimeStamp":"2024-03-01T00:00:00+08:00","Value":1}"#;
    for (result, kind, message) in [
        (
            r#"{"Aggregation":300}"#.to_owned(),
            InconsistentResponse,
            "$.Result.Aggregation: buckets of 300 s, while 86400 s were asked for",
        ),
        (
            "null".to_owned(),
            UnexpectedResponse,
            "$.Result: expected an object, found null",
        ),
        (
            r#"{"SnapshotDataList":{}}"#.to_owned(),
            UnexpectedResponse,
            "$.Result.SnapshotDataList: expected an array, found an object",
        ),
        (
            format!(r#"{{"SnapshotDataList":[{good},{{"Value":1}}]}}"#),
            UnexpectedResponse,
            "$.Result.SnapshotDataList[1].TimeStamp: the field is missing",
        ),
        (
            format!(r#"{{"SnapshotDataList":[{good},{{"TimeStamp":"2024-03-02T00:00:00Z"}}]}}"#),
            UnexpectedResponse,
            "$.Result.SnapshotDataList[1].Value: the field is missing",
        ),
        (
            format!(r#"{{"SnapshotDataList":[{good},{{"TimeStamp":"2024-03-02T00:00:00Z","Value":1e30}}]}}"#),
            UnexpectedResponse,
            "$.Result.SnapshotDataList[1].Value: the number 1e30 has more than 20 digits before the point",
        ),
        (
            format!(r#"{{"SnapshotDataList":[{good},7]}}"#),
            UnexpectedResponse,
            "$.Result.SnapshotDataList[1]: expected an object, found a number",
        ),
        (
            format!(r#"{{"Total":"1","SnapshotDataList":[{good}]}}"#),
            UnexpectedResponse,
            "$.Result.Total: expected a number, found a string",
        ),
        (
            r#"{"StartTime":"yesterday"}"#.to_owned(),
            UnexpectedResponse,
            "$.Result.StartTime: \"yesterday\" is no RFC 3339 instant",
        ),
    ] {
        let error = read_result(&call(&["snapshots"], &[], DAY.0, DAY.1), &result)
            .err()
            .unwrap();
        assert_eq!((error.kind, error.message.as_str()), (kind, message));
    }
}

#[test]
fn the_document_gives_each_call_one_name_and_one_action() {
    let mut ours: Vec<&str> = calls().map(|call| call.name.as_str()).collect();
    let mut actions: Vec<&str> = calls().map(|call| call.wire.as_str()).collect();
    let operations: Vec<&str> = facts().operations.iter().map(|operation| operation.name).collect();
    assert_eq!(operations, [&ours[..], &["call"]].concat());
    ours.sort_unstable();
    actions.sort_unstable();
    ours.dedup();
    actions.dedup();
    assert_eq!((ours.len(), actions.len()), (27, 27));
    for call in calls() {
        let action = call.wire.strip_prefix("DescribeLive").unwrap();
        assert_eq!(call.name.replace('_', ""), action.to_lowercase());
        assert!(call.takes.iter().all(|taken| taken.wire.is_some()), "{action}");
        let takes = |name: &str| call.takes.iter().any(|taken| taken.name == name);
        assert_eq!(takes("aggregation"), !call.grain.is_empty(), "{action}");
        assert_eq!(takes("page_num"), call.pages.is_some(), "{action}");
    }
}

#[test]
fn each_call_knows_a_longest_range_for_each_of_its_buckets() {
    for grain in calls().flat_map(|call| &call.grain) {
        let Some(Span::Days(days)) = grain.span else { panic!() };
        assert!(days >= 1 && grain.split.is_none_or(|split| split <= days * 86_400));
    }
}

#[test]
fn the_calls_with_moments_are_sources_of_their_figures() {
    let has_moments = |call: &crate::spec::document::Call| {
        let moments = call.rows.as_ref().is_some_and(|rows| rows.time.is_some());
        moments && call.pages.is_none() || call.name == "p95_peak_bandwidth_data"
    };
    let expected: Vec<&str> = calls()
        .filter(|call| has_moments(call))
        .map(|call| call.name.as_str())
        .collect();
    let operations: Vec<&str> = facts().sources.iter().map(|source| source.operation).collect();
    assert_eq!((operations.len(), &operations), (19, &expected));
    for (source, call) in facts().sources.iter().zip(calls().filter(|call| has_moments(call))) {
        let (name, grain) = (source.operation, call.grain.last().unwrap());
        let figures = call.meter.iter().filter(|figure| figure.unit != "share");
        let units: Vec<&str> = figures.clone().map(|figure| figure.unit.as_str()).collect();
        let ours: Vec<&str> = source.meters.iter().map(|meter| meter.unit).collect();
        assert_eq!(ours, units, "{name}");
        let totals = figures.filter(|figure| figure.total.is_some()).count();
        assert!(totals == 0 || totals == ours.len(), "{name}");
        let buckets = match name {
            "p95_peak_bandwidth_data" => Buckets::Window,
            _ => Buckets::Every(grain.every, 8 * 3600),
        };
        assert_eq!((source.buckets, Some(source.span)), (buckets, grain.span), "{name}");
        assert_eq!(source.history_days, Some(366), "{name}");
    }
}

#[test]
fn each_meter_has_one_name_and_the_dimensions_of_its_call() {
    let meters = facts().sources.iter().flat_map(|source| source.meters);
    let mut names: Vec<&str> = meters.map(|meter| meter.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), all), (29, 29));
    for source in facts().sources {
        let call = calls().find(|call| call.name == source.operation).unwrap();
        let filters = [("vhosts", "vhost"), ("domains", "domain"), ("groups", "group")];
        let filters = filters
            .iter()
            .filter(|(name, _)| call.takes.iter().any(|taken| taken.name == *name));
        let labels = call.rows.iter().flat_map(|rows| &rows.labels).map(|label| snake(label));
        let expected: Vec<String> = filters
            .map(|(_, dimension)| (*dimension).to_owned())
            .chain(labels)
            .collect();
        for meter in source.meters {
            assert_eq!(meter.dimensions, expected, "{}", meter.name);
        }
    }
}

#[test]
fn an_unknown_field_beside_no_rows_is_an_error_and_does_not_vanish() {
    let rows = |row: &str| {
        let result = format!(r#"{{"StatusDataList":[{{"TimeStamp":"2026-06-10T20:00:00+08:00"{row}}}]}}"#);
        typed("play_status_code_data", &result)
            .map(|found| show(&found))
            .map_err(|error| error.message.clone())
    };
    assert_eq!(rows(""), Ok("(- - - {} [] [] - {} | )".to_owned()));
    let problem = "$.Result.StatusDataList[0].StatusSummaryDatx: the field is not known, and StatusSummaryDataList has no row \
                   to keep it with";
    assert_eq!(rows(r#","StatusSummaryDatx":[{"Value":7}]"#), Err(problem.to_owned()));
    assert_eq!(
        rows(r#","StatusSummaryDataList":[],"StatusSummaryDatx":7"#),
        Err(problem.to_owned())
    );
}

#[test]
fn what_any_other_action_answers_is_handed_on_with_all_that_it_says() {
    let found = typed(
        "call",
        r#"{"Total":300,"PageNum":1,"HasMore":true,"NextToken":"x","Rows":[]}"#,
    )
    .unwrap();
    assert!(matches!(found, Typed::Json(Json::Map(members)) if members.len() == 5));
}
