use jiff::civil::date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::figures::{self, DOMAINS, VHOSTS};
use super::signature::{canonical_request, hex, sign};
use super::{
    ACCESS_KEY, SECRET_KEY, STS_ACCESS_KEY, STS_SECRET_KEY, STS_SESSION_TOKEN, Volcengine, facts, http_date,
    truth_storage, truth_traffic,
};
use crate::simulator::Service;
use crate::simulator::http::{Request, Response};
use crate::simulator::world::World;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn world() -> World {
    World::new(7, Some(at("2024-05-15T12:30:00+08:00")))
}

/// A signed request, by the key pair and token given.
fn signed_by(world: &World, action: &str, body: &str, key: (&str, &str, Option<&str>)) -> Request {
    let x_date = Offset::UTC
        .to_datetime(world.wall_clock())
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let hash = hex(&Sha256::digest(body.as_bytes()));
    let mut headers = vec![
        ("host", "127.0.0.1:18080"),
        ("content-type", "application/json"),
        ("x-content-sha256", &hash),
        ("x-date", &x_date),
    ];
    let mut names = vec!["content-type", "host", "x-content-sha256", "x-date"];
    if let Some(token) = key.2 {
        headers.push(("x-security-token", token));
        names.push("x-security-token");
    }
    let mut request = Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: format!("Action={action}&Version=2023-01-01"),
        headers: headers
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        body: body.as_bytes().to_vec(),
    };
    let canonical = canonical_request(&request, &names, &hash);
    let signature = sign(key.1, &x_date[..8], "cn-north-1", &x_date, &canonical);
    let scope = format!("{}/cn-north-1/live/request", &x_date[..8]);
    let value = format!(
        "HMAC-SHA256 Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
        key.0,
        names.join(";")
    );
    request.headers.push(("authorization".to_owned(), value));
    request
}

fn signed(world: &World, action: &str, body: &Value) -> Request {
    signed_by(world, action, &body.to_string(), (ACCESS_KEY, SECRET_KEY, None))
}

fn answer(world: &World, action: &str, body: &Value) -> Response {
    Volcengine::default().answer(world, &signed(world, &format!("DescribeLive{action}"), body))
}

fn body_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

/// The `Result` of a good answer.
fn result(world: &World, action: &str, body: &Value) -> Value {
    let response = answer(world, action, body);
    let body = body_of(&response);
    assert_eq!(response.status, 200, "{body}");
    assert_eq!(body["ResponseMetadata"].get("Error"), None, "{body}");
    body["Result"].clone()
}

/// Status and code of a refusal.
fn refusal(world: &World, action: &str, body: &Value) -> (u16, String) {
    let response = answer(world, action, body);
    let body = body_of(&response);
    assert_eq!(body.get("Result"), None, "{body}");
    let code = body["ResponseMetadata"]["Error"]["Code"].as_str().unwrap();
    (response.status, code.to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// A body over whole days of May 2024 at +08:00, with more members.
fn days(first: u32, last: u32, more: &Value) -> Value {
    let mut body = json!({
        "StartTime": format!("2024-05-{first:02}T00:00:00+08:00"),
        "EndTime": format!("2024-05-{last:02}T23:59:59+08:00"),
    });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

/// A figure in its smallest unit, read from the digits as they are written: `decimals` of them after the point.
fn units(figure: &Value, decimals: usize) -> u64 {
    let text = figure.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    assert!(fraction.len() <= decimals, "{text}");
    format!("{whole}{fraction:0<decimals$}").parse().unwrap()
}

fn column(rows: &Value, key: &str, decimals: usize) -> Vec<u64> {
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| units(&row[key], decimals))
        .collect()
}

#[test]
fn the_time_shift_call_answers_as_documented() {
    let world = world();
    let body = days(11, 13, &json!({"Aggregation": 86400, "Vhosts": ["www.example.com"]}));
    let response = answer(&world, "TimeShiftData", &body);
    let reply = body_of(&response);
    let metadata = &reply["ResponseMetadata"];
    assert_eq!(metadata["Action"], "DescribeLiveTimeShiftData");
    assert_eq!(
        (&metadata["Version"], &metadata["Service"]),
        (&json!("2023-01-01"), &json!("live"))
    );
    assert_eq!(metadata["Region"], "cn-north-1");
    let id = metadata["RequestId"].as_str().unwrap();
    assert!(
        id.len() == 34 && id[..14].bytes().all(|byte| byte.is_ascii_digit()),
        "{id}"
    );
    assert!(
        id[14..]
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte)),
        "{id}"
    );
    assert!(response.headers.contains(&("X-Tt-Logid".to_owned(), id.to_owned())));
    assert!(
        response
            .headers
            .iter()
            .any(|(name, value)| name == "Date" && value.ends_with(" GMT"))
    );

    let result = &reply["Result"];
    assert_eq!(result["StartTime"], "2024-05-11T00:00:00+08:00");
    assert_eq!(result["EndTime"], "2024-05-13T23:59:59+08:00");
    assert_eq!(
        (&result["Aggregation"], &result["Vhosts"]),
        (&json!(86400), &json!(["www.example.com"]))
    );
    let rows = result["TimeShiftDataList"].as_array().unwrap();
    let truth = truth_storage(&world, &["www.example.com"], date(2024, 5, 11), date(2024, 5, 14));
    assert_eq!((rows.len(), truth.len()), (3, 3));
    for (row, day) in rows.iter().zip(truth) {
        assert_eq!(row["TimeStamp"], format!("{}T00:00:00+08:00", day.date));
        assert_eq!(units(&row["Storage"], 1), day.tenths);
    }
}

#[test]
fn several_domain_spaces_come_back_as_one_sum() {
    let world = world();
    let of = |body: &Value| {
        column(
            &result(&world, "TimeShiftData", body)["TimeShiftDataList"],
            "Storage",
            1,
        )
    };
    let all = of(&days(1, 9, &json!({})));
    let each: Vec<Vec<u64>> = VHOSTS
        .iter()
        .map(|vhost| of(&days(1, 9, &json!({"Vhosts": [vhost]}))))
        .collect();
    assert_eq!(all.len(), 9);
    for (day, sum) in all.iter().enumerate() {
        assert_eq!(*sum, each.iter().map(|storage| storage[day]).sum::<u64>());
    }
    let unknown = days(1, 9, &json!({"Vhosts": ["other.example.com"]}));
    assert_eq!(
        refusal(&world, "TimeShiftData", &unknown),
        refused(403, "RequestForbidden")
    );
}

#[test]
fn a_day_can_be_read_from_eight_the_next_morning() {
    let body = days(13, 15, &json!({}));
    for (now, rows) in [("2024-05-15T07:59:59+08:00", 1), ("2024-05-15T08:00:00+08:00", 2)] {
        let world = World::new(7, Some(at(now)));
        let list = result(&world, "TimeShiftData", &body)["TimeShiftDataList"].clone();
        assert_eq!(list.as_array().unwrap().len(), rows, "{now}");
    }
}

#[test]
fn the_switches_of_the_time_shift_call_change_what_they_say() {
    let world = world();
    let list = |body: &Value| result(&world, "TimeShiftData", body)["TimeShiftDataList"].clone();
    let today = days(15, 15, &json!({}));
    assert_eq!(list(&today), json!([]));
    world.set_switch("volcengine.time_shift_list", "null_when_empty");
    assert_eq!(list(&today), Value::Null);

    let none = days(11, 12, &json!({"Vhosts": []}));
    assert_eq!(list(&none), list(&days(11, 12, &json!({}))));
    world.set_switch("volcengine.vhosts_empty", "none");
    assert_eq!(list(&none), Value::Null);

    world.set_switch("volcengine.second_row", "on");
    let rows = list(&days(11, 12, &json!({})));
    assert_eq!(rows.as_array().unwrap().len(), 3);
    assert_eq!(rows[1]["TimeStamp"], "2024-05-11T00:05:00+08:00");
    world.set_switch("volcengine.second_row", "off");

    world.set_switch("volcengine.storage_number", "integer");
    assert!(list(&days(11, 11, &json!({})))[0]["Storage"].is_u64());
    world.set_switch("volcengine.answer_offset", "Z");
    assert_eq!(list(&days(11, 11, &json!({})))[0]["TimeStamp"], "2024-05-10T16:00:00Z");

    let event = days(1, 14, &json!({"Vhosts": ["event.example.com"]}));
    let rows = list(&event).as_array().unwrap().len();
    let zeros = truth_storage(&world, &["event.example.com"], date(2024, 5, 1), date(2024, 5, 15));
    let zeros = zeros.iter().filter(|day| day.tenths == 0).count();
    assert!(rows == 14 && zeros > 0, "{zeros}");
    world.set_switch("volcengine.zero_days", "absent");
    assert_eq!(list(&event).as_array().map_or(0, Vec::len), 14 - zeros);
}

#[test]
fn the_end_and_the_start_of_a_window_are_switches() {
    let world = world();
    let rows = |body: &Value| {
        result(&world, "TimeShiftData", body)["TimeShiftDataList"]
            .as_array()
            .unwrap()
            .len()
    };
    let midnight = json!({"StartTime": "2024-05-01T00:00:00+08:00", "EndTime": "2024-05-03T00:00:00+08:00"});
    assert_eq!(rows(&midnight), 3);
    world.set_switch("volcengine.end", "exclusive");
    assert_eq!(rows(&midnight), 2);
    let noon = json!({"StartTime": "2024-05-01T12:00:00+08:00", "EndTime": "2024-05-03T00:00:00Z"});
    assert_eq!(rows(&noon), 3);
    world.set_switch("volcengine.alignment", "inside");
    assert_eq!(rows(&noon), 2);
    world.set_switch("volcengine.alignment", "refused");
    assert_eq!(refusal(&world, "TimeShiftData", &noon), refused(400, "InvalidParam"));
    assert_eq!(rows(&midnight), 2);
}

#[test]
fn spans_and_history_have_limits() {
    let world = world();
    let body = |start: &str, end: &str| json!({"StartTime": start, "EndTime": end});
    let good = body("2024-02-01T00:00:00+08:00", "2024-05-03T23:59:59+08:00");
    let rows = |result: &Value| result["TimeShiftDataList"].as_array().unwrap().len();
    assert_eq!(rows(&result(&world, "TimeShiftData", &good)), 93);
    let long = body("2024-02-01T00:00:00+08:00", "2024-05-04T00:00:01+08:00");
    let old = body("2023-05-15T12:29:59+08:00", "2023-05-20T00:00:00+08:00");
    for body in [&long, &old] {
        assert_eq!(refusal(&world, "TimeShiftData", body), refused(400, "InvalidParam"));
    }
    let edge = body("2023-05-15T12:30:00+08:00", "2023-05-20T00:00:00+08:00");
    assert_eq!(rows(&result(&world, "TimeShiftData", &edge)), 6);

    world.set_switch("volcengine.over_span", "truncated");
    let cut = result(&world, "TimeShiftData", &long);
    assert_eq!((rows(&cut), &cut["EndTime"]), (93, &json!("2024-05-03T23:59:59+08:00")));
    let cut = result(&world, "TimeShiftData", &old);
    assert_eq!(
        (rows(&cut), &cut["StartTime"]),
        (5, &json!("2023-05-16T00:00:00+08:00"))
    );
    world.set_switch("volcengine.over_span", "empty");
    assert_eq!(rows(&result(&world, "TimeShiftData", &long)), 0);

    world.set_switch("volcengine.over_span", "refused");
    let across = body("2024-02-01T12:00:00+08:00", "2024-05-04T11:59:59+08:00");
    assert_eq!(rows(&result(&world, "TimeShiftData", &across)), 94);
    world.set_switch("volcengine.span_measure", "calendar_days");
    assert_eq!(refusal(&world, "TimeShiftData", &across), refused(400, "InvalidParam"));
}

#[test]
fn wrong_types_and_wrong_values_are_told_apart() {
    let world = world();
    for (name, value) in [
        ("Aggregation", json!("86400")),
        ("Aggregation", json!(86400.5)),
        ("StartTime", json!(1_715_000_000)),
        ("Vhosts", json!("www.example.com")),
        ("Vhosts", json!([1])),
    ] {
        let body = days(1, 2, &json!({name: value}));
        assert_eq!(
            refusal(&world, "TimeShiftData", &body),
            refused(400, "InvalidParam.BindError"),
            "{body}"
        );
    }
    for (name, value) in [
        ("Aggregation", json!(3600)),
        ("StartTime", json!("2024-05-01")),
        ("StartTime", json!("2024-05-01T00:00:00")),
        ("StartTime", json!("2024-05-01T00:00:00.000+08:00")),
        ("StartTime", json!("2024-13-01T00:00:00+08:00")),
        ("StartTime", json!("2024-05-03T00:00:00+08:00")),
        ("StartTime", Value::Null),
    ] {
        let body = days(1, 2, &json!({name: value}));
        assert_eq!(
            refusal(&world, "TimeShiftData", &body),
            refused(400, "InvalidParam"),
            "{body}"
        );
    }
    for body in ["", "[]", "{"] {
        let request = signed_by(
            &world,
            "DescribeLiveTimeShiftData",
            body,
            (ACCESS_KEY, SECRET_KEY, None),
        );
        let response = Volcengine::default().answer(&world, &request);
        assert_eq!(
            body_of(&response)["ResponseMetadata"]["Error"]["Code"],
            "InvalidParam.BindError"
        );
    }
}

#[test]
fn action_and_version_come_before_signature_and_body() {
    let (service, world) = (Volcengine::default(), world());
    let code = |query: &str, method: &str| {
        let request = Request {
            method: method.to_owned(),
            path: "/".to_owned(),
            query: query.to_owned(),
            body: b"{".to_vec(),
            ..Request::default()
        };
        let response = service.answer(&world, &request);
        let error = body_of(&response)["ResponseMetadata"]["Error"].clone();
        (
            response.status,
            error["CodeN"].as_u64().unwrap(),
            error["Code"].as_str().unwrap().to_owned(),
        )
    };
    let known = "Action=DescribeLiveTimeShiftData&Version=2023-01-01";
    assert_eq!(
        code("Version=2023-01-01", "POST"),
        (400, 100_002, "MissingParameter".to_owned())
    );
    assert_eq!(
        code("Action=Nothing&Version=2023-01-01", "POST"),
        (404, 100_008, "InvalidActionOrVersion".to_owned())
    );
    let older = "Action=DescribeLiveTimeShiftData&Version=2020-08-01";
    assert_eq!(code(older, "POST"), (404, 100_008, "InvalidActionOrVersion".to_owned()));
    assert_eq!(code(known, "GET"), (404, 100_008, "InvalidActionOrVersion".to_owned()));
    assert_eq!(
        code(known, "POST"),
        (401, 100_003, "MissingAuthenticationToken".to_owned())
    );
}

#[test]
fn temporary_keys_work_with_their_token_only() {
    let (service, world) = (Volcengine::default(), world());
    let body = days(1, 2, &json!({})).to_string();
    let ask = |token| {
        let key = (STS_ACCESS_KEY, STS_SECRET_KEY, token);
        service.answer(&world, &signed_by(&world, "DescribeLiveTimeShiftData", &body, key))
    };
    assert_eq!(ask(Some(STS_SESSION_TOKEN)).status, 200);
    for token in [Some("expired"), None] {
        let response = ask(token);
        assert_eq!(response.status, 401);
        assert_eq!(body_of(&response)["ResponseMetadata"]["Error"]["CodeN"], 100_026);
    }
}

#[test]
fn a_clock_that_is_off_is_refused_and_the_date_header_tells_the_time() {
    let (service, world) = (Volcengine::default(), world());
    let request = signed(&world, "DescribeLiveTimeShiftData", &days(1, 2, &json!({})));
    let code = |response: &Response| body_of(response)["ResponseMetadata"]["Error"]["Code"].clone();
    for (seconds, status) in [(880, 200), (920, 400), (-880, 200), (-920, 400)] {
        world.set_clock_offset(SignedDuration::from_secs(seconds));
        let response = service.answer(&world, &request);
        assert_eq!(response.status, status, "{seconds}");
        let date = &response.headers.iter().find(|(name, _)| name == "Date").unwrap().1;
        let told = jiff::fmt::rfc2822::parse(date).unwrap().timestamp();
        assert!(world.wall_clock().duration_since(told).abs() < SignedDuration::from_secs(5));
    }
    world.set_switch("volcengine.timestamp_status", "403");
    let response = service.answer(&world, &request);
    assert_eq!((response.status, code(&response)), (403, json!("InvalidTimestamp")));
    world.set_clock_offset(SignedDuration::from_secs(-60));
    world.set_switch("volcengine.future_skew_seconds", "10");
    assert_eq!(code(&service.answer(&world, &request)), "InvalidTimestamp");
    assert_eq!(http_date(at("2024-05-15T12:30:00Z")), "Wed, 15 May 2024 12:30:00 GMT");
}

#[test]
fn throttling_and_refusals_inside_200_have_the_envelope() {
    let (service, world) = (Volcengine::default(), world());
    let request = signed(&world, "DescribeLiveTimeShiftData", &days(1, 2, &json!({})));
    let throttled = service.throttled(&world, &request, 3);
    let error = body_of(&throttled)["ResponseMetadata"]["Error"].clone();
    assert_eq!(
        (throttled.status, &error["Code"], &error["CodeN"]),
        (429, &json!("FlowLimitExceeded"), &json!(100_018))
    );
    assert!(throttled.headers.contains(&("Retry-After".to_owned(), "3".to_owned())));
    world.set_switch("volcengine.retry_after", "absent");
    world.set_switch("volcengine.code_n", "absent");
    world.set_switch("volcengine.logid", "absent");
    let throttled = service.throttled(&world, &request, 3);
    assert_eq!(body_of(&throttled)["ResponseMetadata"]["Error"].get("CodeN"), None);
    assert!(
        throttled
            .headers
            .iter()
            .all(|(name, _)| name != "Retry-After" && name != "X-Tt-Logid")
    );
    let refused = service.refused_inside_200(&world, &request);
    assert_eq!(refused.status, 200);
    assert_eq!(body_of(&refused)["ResponseMetadata"]["Error"]["Code"], "CommonErr");
    assert_eq!(body_of(&refused).get("Result"), None);
}

#[test]
fn finer_traffic_adds_up_to_coarser_and_to_the_truth() {
    let world = world();
    let sums = |aggregation: u32| {
        let result = result(&world, "TrafficData", &days(6, 8, &json!({"Aggregation": aggregation})));
        let down = column(&result["TrafficDataList"], "DownTraffic", 9);
        let up = column(&result["TrafficDataList"], "UpTraffic", 9);
        assert_eq!(units(&result["TotalDownTraffic"], 9), down.iter().sum::<u64>());
        assert_eq!(units(&result["TotalUpTraffic"], 9), up.iter().sum::<u64>());
        (down.len(), up.iter().sum::<u64>(), down.iter().sum::<u64>())
    };
    let truth = truth_traffic(
        &world,
        &[],
        at("2024-05-06T00:00:00+08:00"),
        at("2024-05-09T00:00:00+08:00"),
    );
    assert!(truth.up > 0 && truth.down > truth.up);
    for (aggregation, rows) in [(300, 864), (3600, 72), (86400, 3)] {
        assert_eq!(sums(aggregation), (rows, truth.up, truth.down), "{aggregation}");
    }
}

#[test]
fn a_coarser_peak_is_the_largest_finer_peak() {
    let world = world();
    let peaks = |aggregation: u32| {
        let body = days(7, 7, &json!({"Aggregation": aggregation}));
        let result = result(&world, "MetricBandwidthData", &body);
        let peaks = column(&result["BandwidthDataList"], "DownBandwidth", 6);
        assert_eq!(
            units(&result["PeakDownBandwidth"], 6),
            peaks.iter().copied().max().unwrap()
        );
        peaks
    };
    let (minutes, fives, hours) = (peaks(60), peaks(300), peaks(3600));
    assert_eq!((minutes.len(), fives.len(), hours.len()), (1440, 288, 24));
    for (hour, peak) in hours.iter().enumerate() {
        assert_eq!(minutes[hour * 60..hour * 60 + 60].iter().max(), Some(peak));
        assert_eq!(fives[hour * 12..hour * 12 + 12].iter().max(), Some(peak));
    }
    assert!(minutes.iter().any(|peak| *peak < hours[0].max(hours[12])));
}

#[test]
fn a_split_is_returned_only_for_two_or_more_values() {
    let world = world();
    let names: Vec<&str> = DOMAINS.iter().map(|domain| domain.name).collect();
    let ask = |domains: &[&str], fields: &Value| {
        let body = days(
            6,
            7,
            &json!({"DomainList": domains, "DetailField": fields, "Aggregation": 3600}),
        );
        result(&world, "TrafficData", &body)
    };
    assert_eq!(ask(&names[..1], &json!(["Domain"])).get("TrafficDetailDataList"), None);
    assert_eq!(ask(&names, &json!([])).get("TrafficDetailDataList"), None);
    let split = ask(&names, &json!(["Domain"]));
    let details = split["TrafficDetailDataList"].as_array().unwrap();
    let found: Vec<&str> = details
        .iter()
        .map(|detail| detail["Domain"].as_str().unwrap())
        .collect();
    assert_eq!(found, names);
    let sum: u64 = details.iter().map(|detail| units(&detail["TotalDownTraffic"], 9)).sum();
    assert_eq!(sum, units(&split["TotalDownTraffic"], 9));
    for detail in details {
        let rows = column(&detail["TrafficDataList"], "DownTraffic", 9);
        assert_eq!(
            (rows.len(), rows.iter().sum::<u64>()),
            (48, units(&detail["TotalDownTraffic"], 9))
        );
    }
    assert_eq!(split["DetailField"], json!(["Domain"]));
    let wrong = days(6, 7, &json!({"DetailField": ["Vhost"]}));
    assert_eq!(refusal(&world, "TrafficData", &wrong), refused(400, "InvalidParam"));
}

#[test]
fn providers_make_up_the_total_and_protocols_exceed_it() {
    let world = world();
    let total = |more: &Value| units(&result(&world, "TrafficData", &days(6, 6, more))["TotalDownTraffic"], 9);
    let isps: Vec<&str> = figures::ISPS.iter().map(|isp| isp.name).collect();
    let protocols: Vec<&str> = figures::PROTOCOLS.iter().map(|protocol| protocol.name).collect();
    let all = total(&json!({}));
    assert_eq!(total(&json!({"ISPList": isps})), all);
    assert_eq!(
        isps.iter().map(|isp| total(&json!({"ISPList": [isp]}))).sum::<u64>(),
        all
    );
    let by_protocol: u64 = protocols
        .iter()
        .map(|protocol| total(&json!({"ProtocolList": [protocol]})))
        .sum();
    assert_eq!(by_protocol, all / 20 * 21);
    for more in [
        json!({"ProtocolList": ["QUIC", "RTMP"]}),
        json!({"ProtocolList": ["FTP"]}),
        json!({"RegionList": [{"Area": "CN"}], "UserRegionList": [{"Area": "AP"}]}),
        json!({"RegionList": [{"Province": "beijing"}]}),
        json!({"RegionList": [{"Area": "MARS"}]}),
    ] {
        assert_eq!(
            refusal(&world, "TrafficData", &days(6, 6, &more)),
            refused(400, "InvalidParam"),
            "{more}"
        );
    }
    let china = total(&json!({"RegionList": [{"Area": "CN", "Country": "CN"}]}));
    assert_eq!(china, all / 20 * 15);
    let domain = json!({"DomainList": ["unknown.example.com"]});
    assert_eq!(
        refusal(&world, "TrafficData", &days(6, 6, &domain)),
        refused(403, "RequestForbidden")
    );
}

#[test]
fn two_dimensions_split_into_their_combinations_and_shorten_the_span() {
    let world = world();
    let more = |fields: &Value| {
        json!({
            "ISPList": ["unicom", "mobile"],
            "RegionList": [{"Area": "CN"}, {"Area": "AP"}],
            "DetailField": fields,
            "Aggregation": 3600,
        })
    };
    let edge = result(&world, "EdgeStatData", &days(1, 7, &more(&json!(["ISP", "Area"]))));
    let details = edge["EdgeStatDetailDataList"].as_array().unwrap();
    let keys: Vec<(&str, &str)> = details
        .iter()
        .map(|detail| (detail["ISP"].as_str().unwrap(), detail["Area"].as_str().unwrap()))
        .collect();
    assert_eq!(
        keys,
        [("unicom", "AP"), ("unicom", "CN"), ("mobile", "AP"), ("mobile", "CN")]
    );
    let sum: u64 = details.iter().map(|detail| units(&detail["TotalDownTraffic"], 9)).sum();
    assert_eq!(sum, units(&edge["TotalDownTraffic"], 9));
    assert!(units(&edge["TotalRequest"], 0) > 0);
    let long = days(1, 8, &more(&json!(["ISP", "Area"])));
    assert_eq!(refusal(&world, "EdgeStatData", &long), refused(400, "InvalidParam"));
    result(&world, "EdgeStatData", &days(1, 8, &more(&json!(["ISP"]))));
}

#[test]
fn one_stream_needs_its_whole_name() {
    let world = world();
    let metric = |more: &Value| days(6, 6, more);
    let half = metric(&json!({"App": "live"}));
    assert_eq!(
        refusal(&world, "MetricTrafficData", &half),
        refused(400, "InvalidParam")
    );
    let unknown = metric(&json!({"App": "live", "Stream": "nobody"}));
    assert_eq!(
        refusal(&world, "MetricTrafficData", &unknown),
        refused(404, "ResourceNotFound")
    );
    let stream = result(
        &world,
        "MetricTrafficData",
        &metric(&json!({"App": "live", "Stream": "room-064"})),
    );
    let all = result(&world, "MetricTrafficData", &metric(&json!({})));
    assert_eq!(
        units(&stream["TotalDownTraffic"], 9),
        units(&all["TotalDownTraffic"], 9) / 128 * 5
    );
    assert_eq!(
        (&stream["App"], &stream["Stream"]),
        (&json!("live"), &json!("room-064"))
    );

    let of_domain = |more: &Value| result(&world, "SourceTrafficData", &days(6, 6, more));
    let one = of_domain(&json!({"Domain": DOMAINS[0].name, "App": "live", "Stream": "room-001"}));
    assert!(units(&one["TotalTraffic"], 9) > 0);
    for more in [
        json!({"Domain": DOMAINS[0].name}),
        json!({"App": "live", "Stream": "room-001"}),
        json!({"Domain": DOMAINS[0].name, "App": "live", "Stream": "room-001", "DomainList": [DOMAINS[1].name]}),
    ] {
        assert_eq!(
            refusal(&world, "SourceTrafficData", &days(6, 6, &more)),
            refused(400, "InvalidParam"),
            "{more}"
        );
    }
}

#[test]
fn the_95th_percentile_leaves_out_the_top_twentieth() {
    let world = world();
    let points = result(&world, "BandwidthData", &days(6, 6, &json!({})));
    let (up, down) = (
        column(&points["BandwidthDataList"], "UpBandwidth", 6),
        column(&points["BandwidthDataList"], "DownBandwidth", 6),
    );
    let mut sums: Vec<u64> = up.iter().zip(&down).map(|(up, down)| up + down).collect();
    sums.sort_unstable_by(|left, right| right.cmp(left));
    let p95 = result(&world, "P95PeakBandwidthData", &days(6, 6, &json!({})));
    assert_eq!((sums.len(), units(&p95["P95PeakBandwidth"], 6)), (288, sums[14]));
    assert!(p95["P95PeakTimestamp"].as_str().unwrap().starts_with("2024-05-06T"));
    assert_eq!(p95.get("BandwidthDataList"), None);
}

#[test]
fn transcoding_has_a_row_for_each_kind_and_day() {
    let world = world();
    let all = result(&world, "TranscodeData", &days(6, 7, &json!({})));
    let rows = all["TranscodeDataList"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    let sum: u64 = column(&all["TranscodeDataList"], "Duration", 2).iter().sum();
    assert_eq!(units(&all["Duration"], 2), sum);
    let only = result(&world, "TranscodeData", &days(6, 7, &json!({"Resolution": ["1080P"]})));
    assert_eq!(only["TranscodeDataList"].as_array().unwrap().len(), 4);
    assert_eq!(only["Resolution"], json!(["1080P"]));
}

#[test]
fn status_codes_add_up_to_the_requests() {
    let world = world();
    let more =
        json!({"Aggregation": 3600, "DomainList": [DOMAINS[0].name, DOMAINS[2].name], "DetailField": ["Domain"]});
    let answer = result(&world, "PlayStatusCodeData", &days(6, 6, &more));
    let sum = |list: &Value| column(list, "Value", 0).iter().sum::<u64>();
    let requests = result(&world, "StreamSessionData", &days(6, 6, &more))["TotalRequest"].clone();
    assert_eq!(sum(&answer["StatusSummaryDataList"]), units(&requests, 0));
    assert_eq!(column(&answer["StatusSummaryDataList"], "Percent", 0), [80, 10, 5, 5]);
    let rows = answer["StatusDataList"].as_array().unwrap();
    assert_eq!(rows.len(), 24);
    let nested: u64 = rows.iter().map(|row| sum(&row["StatusSummaryDataList"])).sum();
    assert_eq!(nested, units(&requests, 0));
    assert_eq!(answer["StatusDetailDataList"][1]["Domain"], DOMAINS[2].name);
    assert_eq!(answer["Type"], "Access");
}

#[test]
fn pages_of_streams_cover_each_stream_once() {
    let world = world();
    let ask = |action: &str, page: u32| result(&world, action, &days(6, 6, &json!({"PageNum": page, "PageSize": 100})));
    let first = ask("BatchStreamTrafficData", 1);
    let count = first["Pagination"]["TotalCount"].as_u64().unwrap();
    assert!(count > 100 && count <= 256, "{count}");
    let mut down = 0;
    let mut seen = std::collections::BTreeSet::new();
    for page in 1..=3 {
        for row in ask("BatchStreamTrafficData", page)["StreamInfoList"]
            .as_array()
            .unwrap()
        {
            down += units(&row["DownTraffic"], 9);
            assert!(seen.insert((row["Domain"].to_string(), row["Stream"].to_string())));
        }
    }
    assert_eq!(seen.len() as u64, count);
    let truth = truth_traffic(
        &world,
        &[],
        at("2024-05-06T00:00:00+08:00"),
        at("2024-05-07T00:00:00+08:00"),
    );
    assert_eq!((down, units(&first["TotalDownTraffic"], 9)), (truth.down, truth.down));

    let sessions = ask("BatchStreamSessionData", 1);
    let whole = result(&world, "StreamSessionData", &days(6, 6, &json!({})));
    assert_eq!(
        (&sessions["TotalRequest"], &sessions["PeakOnlineUser"]),
        (&whole["TotalRequest"], &whole["PeakOnlineUser"])
    );
    let transcoded = ask("BatchStreamTranscodeData", 1);
    let duration = result(&world, "TranscodeData", &days(6, 6, &json!({})))["Duration"].clone();
    assert_eq!(units(&transcoded["TotalDuration"], 2), units(&duration, 2));

    let small = days(6, 6, &json!({"PageSize": 99}));
    assert_eq!(
        refusal(&world, "BatchStreamTrafficData", &small),
        refused(400, "InvalidParam")
    );
    assert_eq!(
        refusal(&world, "BatchStreamTrafficData", &days(6, 7, &json!({}))),
        refused(400, "InvalidParam")
    );
}

#[test]
fn tasks_and_pushes_page_by_page_cur() {
    let world = world();
    let tasks = result(
        &world,
        "TranscodeInfoData",
        &days(1, 7, &json!({"PageSize": 10, "PageNum": 2})),
    );
    assert_eq!(
        (&tasks["Pagination"]["PageCur"], &tasks["Pagination"]["PageSize"]),
        (&json!(2), &json!(10))
    );
    assert_eq!(tasks["TranscodeInfoDataList"].as_array().unwrap().len(), 10);
    let pushes = result(&world, "PushStreamInfoData", &days(1, 7, &json!({})));
    assert_eq!(pushes["PushStreamInfoDataList"].as_array().unwrap().len(), 20);
    let old = json!({"StartTime": "2024-02-01T00:00:00+08:00", "EndTime": "2024-02-02T00:00:00+08:00"});
    assert_eq!(
        refusal(&world, "PushStreamInfoData", &old),
        refused(400, "InvalidParam")
    );
    result(&world, "TranscodeInfoData", &old);
}

#[test]
fn the_busiest_are_sorted_and_paged_in_text() {
    let world = world();
    let more = json!({"PageNum": "2", "PageSize": "5", "SortBy": "TotalTraffic"});
    let top = result(&world, "TopPlayData", &days(1, 7, &more));
    let pagination = json!({"PageNum": "2", "PageSize": "5", "TotalCount": "192"});
    assert_eq!(top["Pagination"], pagination);
    let bytes = column(&top["DataItemList"], "TotalTraffic", 0);
    assert!(
        bytes.len() == 5 && bytes.is_sorted_by(|left, right| left >= right),
        "{bytes:?}"
    );
    let by_domain = result(
        &world,
        "TopPlayData",
        &days(1, 7, &json!({"QueryType": "Domain", "SortBy": "TotalTraffic"})),
    );
    let domains = column(&by_domain["DataItemList"], "TotalTraffic", 0);
    let truth = truth_traffic(
        &world,
        &[],
        at("2024-05-01T00:00:00+08:00"),
        at("2024-05-08T00:00:00+08:00"),
    );
    assert_eq!(domains.iter().sum::<u64>(), truth.down);
    assert_eq!(
        (&by_domain["DomainList"], &by_domain["QueryType"]),
        (&json!([]), &json!("Domain"))
    );
    let space = result(
        &world,
        "TopPlayData",
        &days(1, 7, &json!({"VhostList": ["www.example.com"], "QueryType": "Domain"})),
    );
    assert_eq!(space["DataItemList"].as_array().unwrap().len(), 1);
    for (more, code) in [
        (json!({"PageNum": 2}), "InvalidParam.BindError"),
        (json!({"SortBy": "Name"}), "InvalidParam"),
        (
            json!({"VhostList": ["www.example.com"], "DomainList": [DOMAINS[0].name]}),
            "InvalidParam",
        ),
    ] {
        assert_eq!(
            refusal(&world, "TopPlayData", &days(1, 7, &more)),
            refused(400, code),
            "{more}"
        );
    }
}

#[test]
fn logs_are_named_after_domain_and_hour() {
    let world = world();
    let logs = result(
        &world,
        "LogData",
        &days(6, 6, &json!({"Type": "push", "DomainList": [DOMAINS[1].name]})),
    );
    assert_eq!(
        logs["Pagination"],
        json!({"PageNum": 1, "PageSize": 20, "TotalCount": 24})
    );
    assert_eq!(
        logs["LogInfoList"][0]["LogName"],
        "push.www.example.com_2024_05_06_000000_010000_0.gz"
    );
    let relay = result(&world, "LogData", &days(6, 6, &json!({"Type": "relay"})));
    assert_eq!(relay["LogInfoList"][1]["LogName"], "2024_05_06_010000_020000_0.gz");
    assert_eq!(relay["LogInfoList"][0].get("Domain"), None);
    assert_eq!(
        refusal(&world, "LogData", &days(6, 6, &json!({}))),
        refused(400, "InvalidParam")
    );
}

#[test]
fn callbacks_are_filtered_by_event_and_state() {
    let world = world();
    let more = json!({"CallbackStatus": ["fail"], "CallbackEventType": ["push_end", "record_event"], "PageSize": 1000});
    let answer = result(&world, "CallbackData", &days(1, 14, &more));
    let rows = answer["CallbackInfoList"].as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(row["CallbackStatus"], "fail");
        assert!(["push_end", "record_event"].contains(&row["CallbackEventType"].as_str().unwrap()));
    }
    let wrong = days(1, 2, &json!({"CallbackStatus": ["maybe"]}));
    assert_eq!(refusal(&world, "CallbackData", &wrong), refused(400, "InvalidParam"));
}

#[test]
fn counts_have_their_own_keys_and_details() {
    let world = world();
    let domains = json!([DOMAINS[0].name, DOMAINS[2].name]);
    let split = json!({"DomainList": domains, "DetailField": ["Domain"], "Aggregation": 86400});
    let snapshots = result(&world, "SnapshotData", &days(6, 8, &split));
    let details = snapshots["SnapshotDetailData"].as_array().unwrap();
    let sum: u64 = details.iter().map(|detail| units(&detail["Total"], 0)).sum();
    assert_eq!(sum, units(&snapshots["Total"], 0));
    let audits = result(&world, "AuditData", &days(6, 8, &json!({})));
    assert_eq!(
        (&audits["AuditDetailDataList"], &audits["DetailField"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(audits["AuditDataList"].as_array().unwrap().len(), 3);
    let records = result(&world, "RecordData", &days(6, 8, &split));
    assert_eq!(
        column(&records["RecordDataList"], "Value", 0).iter().max(),
        Some(&units(&records["RecordPeak"], 0))
    );
    let streams = result(&world, "PushStreamCountData", &days(6, 8, &split));
    assert_eq!(streams["StreamDetailDataList"][0].get("PeakCount"), None);
    assert_eq!(
        streams["StreamDetailDataList"][0]["TotalStreamDataList"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let groups = json!({"GroupList": ["group-news", "group-sports"], "DetailField": ["Group"], "Aggregation": 3600});
    let pushed = result(&world, "PullToPushData", &days(6, 8, &groups));
    let details = pushed["PullToPushDetailDataList"].as_array().unwrap();
    let sum: u64 = details.iter().map(|detail| units(&detail["TotalDuration"], 2)).sum();
    assert_eq!(
        (sum, &details[1]["Group"]),
        (units(&pushed["TotalDuration"], 2), &json!("group-sports"))
    );
    let bandwidth = result(&world, "PullToPushBandwidthData", &days(6, 8, &json!({})));
    assert!(bandwidth["BandwidthDataList"][0].get("DownBandwidth").is_none());
}

#[test]
fn figures_are_late_by_the_documented_delay() {
    let world = world();
    let today = days(15, 15, &json!({}));
    let last = |action: &str, list: &str| {
        result(&world, action, &today)[list].as_array().unwrap().last().unwrap()["TimeStamp"].clone()
    };
    // It is 12:30; traffic is 15 minutes late, recordings seven hours.
    assert_eq!(last("TrafficData", "TrafficDataList"), "2024-05-15T12:10:00+08:00");
    assert_eq!(last("RecordData", "RecordDataList"), "2024-05-15T05:25:00+08:00");
}

#[test]
fn every_action_answers_and_echoes_aggregation_unless_switched() {
    let world = world();
    for action in &facts::ACTIONS {
        let name = action.name.strip_prefix("DescribeLive").unwrap();
        let has = action.spans[0].aggregation > 0;
        for (value, expected) in [("present", has), ("absent", false)] {
            world.set_switch("volcengine.aggregation_echo", value);
            let more = if name == "LogData" {
                json!({"Type": "pull"})
            } else {
                json!({})
            };
            let result = result(&world, name, &days(6, 6, &more));
            assert_eq!(result.get("Aggregation").is_some(), expected, "{name} {value}");
            if action.lists.0.is_empty() {
                continue;
            }
            assert!(!result[action.lists.0].as_array().unwrap().is_empty(), "{name}");
        }
    }
    assert_eq!(facts::ACTIONS.len(), 27);
}

#[test]
fn zero_buckets_are_rows_or_absent_for_series_too() {
    let world = world();
    let body = days(
        1,
        14,
        &json!({"DomainList": ["pull.event.example.com"], "Aggregation": 86400}),
    );
    let rows = || {
        column(
            &result(&world, "TrafficData", &body)["TrafficDataList"],
            "DownTraffic",
            9,
        )
    };
    let with = rows();
    let zeros = with.iter().filter(|down| **down == 0).count();
    assert!(with.len() == 14 && zeros > 0, "{zeros}");
    world.set_switch("volcengine.zero_days", "absent");
    assert_eq!(rows().len(), 14 - zeros);
}

#[test]
fn ninety_three_days_by_the_hour_are_answered_quickly() {
    let world = world();
    let body = json!({
        "StartTime": "2024-02-01T00:00:00+08:00", "EndTime": "2024-05-03T23:59:59+08:00", "Aggregation": 3600,
        "DomainList": DOMAINS.iter().map(|domain| domain.name).collect::<Vec<_>>(), "DetailField": ["Domain"],
    });
    let started = std::time::Instant::now();
    let result = result(&world, "BandwidthData", &body);
    assert_eq!(result["BandwidthDataList"].as_array().unwrap().len(), 2232);
    // A debug build on a busy machine: far above what a release build takes, far below what a slow algorithm would.
    assert!(started.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn each_switch_and_key_is_declared() {
    let service = Volcengine::default();
    assert!(
        service
            .switches()
            .iter()
            .all(|switch| switch.name.starts_with("volcengine.") && !switch.doc.is_empty())
    );
    assert_eq!(
        service.credentials(1),
        [
            ("access_key", ACCESS_KEY.to_owned()),
            ("secret_key", SECRET_KEY.to_owned())
        ]
    );
    assert!(service.claims(&signed(&world(), "DescribeLiveTimeShiftData", &json!({}))));
}
