//! What a usage keeps of what providers read: rows that repeat, and figures that are null.

use crate::providers::provider;
use crate::providers::testing::{at, planned, texts};
use crate::service::Reply;
use crate::usage::{CallReadings, Collector};
use crate::values::error::{Kind, Result};

const DAY: (&str, &str) = ("2024-03-01T00:00:00+08:00", "2024-03-02T00:00:00+08:00");
const LATER: &str = "2030-01-01T00:00:00Z";

/// What is kept of this answer to a call for these meters.
fn kept(of: &str, operation: &str, meters: &[&str], window: (&str, &str), body: &str) -> Result<CallReadings> {
    let provider = provider(of).unwrap();
    let call = planned(provider, operation, vec![texts("meters", meters)], window);
    let mut collector = Collector::new(&call, at(LATER));
    let reply = Reply {
        status: 200,
        body: body.as_bytes().to_vec(),
        ..Reply::default()
    };
    provider.collect(&call, &reply, at(LATER), &mut collector)?;
    collector.finish()
}

fn assert_inconsistent(kept: Result<CallReadings>, message: &str) {
    let error = kept.unwrap_err();
    assert_eq!((error.kind, &*error.message), (Kind::InconsistentResponse, message));
}

#[test]
fn a_day_of_sora_that_occurs_twice_is_not_counted_twice() {
    let february = ("2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z");
    let kept = |body: &str| kept("sora", "traffics_for_month", &["sora.ingress"], february, body);
    let body = r#"[{"date":"2024-02-01T00:00:00Z","ingress":1},{"date":"2024-02-01T09:00:00+09:00","ingress":1}]"#;
    let once = kept(body).unwrap();
    assert_eq!(once.len(), 1);
    assert_eq!(once.notes, ["rows that repeat another one, counted once: 1"]);
    assert_inconsistent(
        kept(&body.replace("09:00\",\"ingress\":1", "09:00\",\"ingress\":2")),
        "two rows of sora.ingress at 2024-02-01T00:00:00Z have different figures: 1 and 2",
    );
}

#[test]
fn a_null_of_device_wise_is_kept_apart_and_what_repeats_once() {
    let day = ("2024-05-01T00:00:00Z", "2024-05-02T00:00:00Z");
    let kept = |body: &str| kept("devicewise", "api_usage_history", &["devicewise.api_calls"], day, body);
    let ts = r#""ts":["2024-05-01T01:00:00Z","2024-05-01T00:00:00Z","2024-04-30T20:00:00-05:00"]"#;
    let params = format!(r#"{{"counters":{{"usage":[5,null,5],"thing":[1,2,1]}},"total":8,{ts}}}"#);
    let body = format!(r#"{{"get":{{"success":true,"params":{params}}}}}"#);
    let once = kept(&body).unwrap();
    assert_eq!((once.len(), once.told.nulls.len()), (3, 1));
    assert_eq!(once.notes[1], "rows that repeat another one, counted once: 2");
    assert_inconsistent(
        kept(&body.replace("[5,null,5]", "[5,null,6]")),
        "two rows of devicewise.api_calls (usage) at 2024-05-01T01:00:00Z have different figures: 5 and 6",
    );
}

#[test]
fn a_row_of_volcengine_that_repeats_is_counted_once_and_the_shortened_range_is_what_was_answered() {
    let week = ("2022-02-11T00:00:00+08:00", "2022-02-18T00:00:00+08:00");
    let meters = ["volcengine.time_shift_storage"];
    let body = include_str!("../../tests/fixtures/volcengine/time_shift_data/reply.body");
    let once = kept("volcengine", "time_shift_data", &meters, week, body).unwrap();
    assert_eq!(
        (once.len(), once.notes[1].as_str()),
        (1, "rows that repeat another one, counted once: 1")
    );
    let told = ["2022-02-15T16:00:00Z", "2022-02-17T16:00:00Z"].map(|text| at(text).as_microsecond());
    assert_eq!(once.told.answers, Some((told[0], told[1])));
}

#[test]
fn rows_of_volcengine_that_repeat_are_kept_once_if_they_say_the_same() {
    let row = |stamp: &str, kind: &str, minutes: &str| {
        format!(r#"{{"TimeStamp":"{stamp}","Duration":{minutes},"TranscodeType":"{kind}","Resolution":"720P"}}"#)
    };
    let kept = |rows: &[String]| {
        let rows = rows.join(",");
        let body = format!(r#"{{"ResponseMetadata":{{}},"Result":{{"TranscodeDataList":[{rows}]}}}}"#);
        let window = (DAY.0, "2024-03-03T00:00:00+08:00");
        kept(
            "volcengine",
            "transcode_data",
            &["volcengine.transcode_duration"],
            window,
            &body,
        )
    };
    let (first, second) = ("2024-03-01T00:00:00+08:00", "2024-03-02T00:00:00+08:00");
    let rows = [
        row(second, "A", "4"),
        row(first, "A", "1"),
        row(first, "B", "2"),
        row("2024-02-29T16:00:00Z", "A", "1.0"),
    ];
    assert_eq!(kept(&rows).unwrap().len(), 3);
    assert_inconsistent(
        kept(&[row(first, "A", "1"), row(first, "A", "1.5")]),
        "two rows of volcengine.transcode_duration (A, 720P) at 2024-02-29T16:00:00Z have different figures: 1 and 1.5",
    );
}

#[test]
fn a_figure_of_volcengine_that_is_null_is_missing_and_its_neighbours_are_kept() {
    let body = r#"{"ResponseMetadata":{},"Result":{"TrafficDataList":[
        {"TimeStamp":"2024-03-01T00:00:00+08:00","UpTraffic":null,"DownTraffic":2}]}}"#;
    let meters = ["volcengine.up_traffic", "volcengine.down_traffic"];
    let once = kept("volcengine", "traffic_data", &meters, DAY, body).unwrap();
    assert_eq!((once.len(), once.told.nulls.len(), once.told.nulls[0].meter), (1, 1, 0));
    assert_eq!(once.notes, ["figures that are null, which is missing and not zero: 1"]);
}
