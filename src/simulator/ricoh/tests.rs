use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use jiff::Timestamp;

const JUNE: &str = "since=2026-06-01T00%3A00%3A00Z&until=2026-07-01T00%3A00%3A00Z";
const ROOT: &str = "/v1/clients/sim-ricoh-client/cost_and_usage";
const ALL_LABELS: &str = "/v1/clients/sim-ricoh-client/cost_and_usage/classification_labels";

fn world() -> World {
    World::new(7, Some(instant("2026-07-15T12:00:00Z")))
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn request(path: &str, query: &str) -> Request {
    let pair = STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    Request {
        method: "GET".to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![("authorization".to_owned(), format!("Basic {pair}"))],
        body: Vec::new(),
    }
}

fn get(world: &World, path: &str, query: &str) -> Response {
    Ricoh::default().answer(world, &request(path, query))
}

fn body(response: &Response) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

fn rows(world: &World, path: &str, query: &str) -> Vec<Value> {
    let response = get(world, path, query);
    assert_eq!(response.status, 200, "{}", body(&response));
    let mut json: Value = serde_json::from_slice(&response.body).unwrap();
    serde_json::from_value(json["results"].take()).unwrap()
}

fn switched(name: &str, value: &str) -> World {
    let switch = SWITCHES.iter().find(|switch| switch.name == name).unwrap();
    assert!(switch.values.is_empty() || switch.values.contains(&value));
    let world = world();
    world.set_switch(name, value);
    world
}

fn status(world: &World, path: &str, query: &str) -> u16 {
    get(world, path, query).status
}

/// `range("2026-06-01", "2026-06-02")` is one UTC day.
fn range(since: &str, until: &str) -> String {
    format!("since={since}T00%3A00%3A00Z&until={until}T00%3A00%3A00Z")
}

fn range_status(world: &World, since: &str, until: &str) -> u16 {
    status(world, &format!("{ROOT}/total"), &format!("since={since}&until={until}"))
}

#[test]
fn costs_follow_the_price_list() {
    let usage = Usage {
        connection_minutes: 1834,
        bytes: (42 << 30) + 1_000_000_000,
        reserved_minutes: BTreeMap::from([(10, 600), (60, 35)]),
    };
    let world = world();
    world.set_switch("ricoh.sub_item_cost", "present");
    let items = Items::of_application(&usage);
    assert_eq!(
        row(&world, None, &items, item_lines(&world, &items)),
        concat!(
            r#"{"approximate_total_cost":2243.7,"items":["#,
            r#"{"item_name":"connection_time","usage":1834,"approximate_cost":18.34},"#,
            r#"{"item_name":"traffic_volume","usage":42,"approximate_cost":1260},"#,
            r#"{"item_name":"bitrate_reservation","approximate_cost":965.36,"sub_items":["#,
            r#"{"item_name":"10","usage":600,"approximate_cost":402},"#,
            r#"{"item_name":"60","usage":35,"approximate_cost":563.36}]}]}"#,
        )
    );
    assert_eq!(json::decimal(Items::of_label(&usage).traffic, 6), "42.931322");
    assert_eq!(json::decimal(usage_of_one_minute(20), 6), "1.34");
    assert_eq!(json::decimal(usage_of_one_minute(200), 6), "58.812");
}

fn usage_of_one_minute(mbps: u32) -> Millionths {
    let usage = Usage {
        reserved_minutes: BTreeMap::from([(mbps, 1)]),
        ..Usage::default()
    };
    Items::of_label(&usage).total_cost()
}

#[test]
fn the_total_is_what_the_rooms_add_up_to() {
    let world = world();
    let (since, until) = (instant("2026-06-01T00:00:00Z"), instant("2026-07-01T00:00:00Z"));
    let rooms: Vec<Room> = rooms(7, since, until).collect();
    assert!(rooms.len() > 500, "{} rooms", rooms.len());
    let minutes: u64 = rooms
        .iter()
        .flat_map(|room| &room.connections)
        .map(|c| c.seconds / 60)
        .sum();
    let bytes: u64 = rooms.iter().flat_map(|room| &room.connections).map(|c| c.bytes).sum();
    let reserved: u64 = rooms
        .iter()
        .filter(|room| room.reserved_mbps.is_some())
        .map(|room| room.seconds / 60)
        .sum();

    let row = &rows(&world, &format!("{ROOT}/total"), JUNE)[0];
    assert_eq!(row["items"][0]["usage"], minutes);
    assert_eq!(row["items"][1]["usage"], bytes >> 30);
    let lines = row["items"][2]["sub_items"].as_array().unwrap();
    assert_eq!(
        lines.iter().map(|line| line["usage"].as_u64().unwrap()).sum::<u64>(),
        reserved
    );
    assert_eq!(lines.len(), 5);
    let usage = truth(&world, since, until, &BOTH, None);
    assert_eq!((usage.connection_minutes, usage.bytes), (minutes, bytes));
}

#[test]
fn labels_and_environments_add_up_to_the_whole() {
    let world = world();
    let (since, until) = (instant("2026-06-01T00:00:00Z"), instant("2026-07-01T00:00:00Z"));
    let whole = truth(&world, since, until, &BOTH, None);
    let add = |parts: Vec<Usage>| {
        parts.into_iter().fold(Usage::default(), |mut sum, part| {
            sum.connection_minutes += part.connection_minutes;
            sum.bytes += part.bytes;
            for (mbps, minutes) in part.reserved_minutes {
                *sum.reserved_minutes.entry(mbps).or_default() += minutes;
            }
            sum
        })
    };
    let by_label = truth_by_label(&world, since, until, &BOTH);
    let names: Vec<&str> = by_label.iter().map(|(label, _)| *label).collect();
    assert_eq!(names, LABELS.map(|(label, _)| label));
    assert_eq!(add(by_label.into_iter().map(|(_, usage)| usage).collect()), whole);
    assert_eq!(
        add(BOTH.map(|env| truth(&world, since, until, &[env], None)).to_vec()),
        whole
    );
    assert_eq!(
        add(LABELS
            .map(|(label, _)| truth(&world, since, until, &BOTH, Some(label)))
            .to_vec()),
        whole
    );
    assert!(
        BOTH.iter()
            .all(|env| truth(&world, since, until, &[*env], None).bytes > 0)
    );
}

#[test]
fn minutes_of_days_add_up_to_the_month_but_floored_traffic_does_not() {
    let world = world();
    let mut minutes = 0;
    let mut gib = 0;
    for day in 1..=30 {
        let until = if day == 30 {
            "2026-07-01".to_owned()
        } else {
            format!("2026-06-{:02}", day + 1)
        };
        let row = &rows(
            &world,
            &format!("{ROOT}/total"),
            &range(&format!("2026-06-{day:02}"), &until),
        )[0];
        minutes += row["items"][0]["usage"].as_u64().unwrap();
        gib += row["items"][1]["usage"].as_u64().unwrap();
    }
    let month = &rows(&world, &format!("{ROOT}/total"), JUNE)[0];
    assert_eq!(month["items"][0]["usage"], minutes);
    let whole = month["items"][1]["usage"].as_u64().unwrap();
    assert!(gib < whole && whole <= gib + 30, "{gib} of {whole}");
}

#[test]
fn each_row_costs_what_its_items_cost() {
    let world = world();
    for row in rows(&world, ALL_LABELS, JUNE) {
        let costs = row["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| micro(&item["approximate_cost"]));
        assert_eq!(costs.sum::<i128>(), micro(&row["approximate_total_cost"]), "{row}");
        assert_eq!(
            micro(&row["items"][1]["usage"]) * 30,
            micro(&row["items"][1]["approximate_cost"])
        );
    }
}

/// A JSON number in millionths, read from its text.
fn micro(number: &Value) -> i128 {
    let text = number.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    assert!(fraction.len() <= 6, "{text}");
    whole.parse::<i128>().unwrap() * 1_000_000 + format!("{fraction:0<6}").parse::<i128>().unwrap()
}

#[test]
fn one_label_has_the_row_that_the_list_has() {
    let world = world();
    let all = rows(&world, ALL_LABELS, JUNE);
    for (encoded, label) in [
        ("default", "default"),
        ("50%25off", "50%off"),
        ("c%2B%2B", "c++"),
        ("%60night%60%7Bshift%7D", "`night`{shift}"),
    ] {
        let one = rows(&world, &format!("{ALL_LABELS}/{encoded}"), JUNE);
        assert_eq!(one.len(), 1);
        assert_eq!(one[0]["classification_label"], label);
        assert!(all.contains(&one[0]), "{label}");
    }
    assert!(
        rows(&world, &format!("{ALL_LABELS}/50%2525off"), JUNE).is_empty(),
        "encoded twice"
    );
}

#[test]
fn a_room_belongs_to_the_range_that_holds_its_start() {
    let (day, next) = (instant("2026-06-03T00:00:00Z"), instant("2026-06-04T00:00:00Z"));
    let of_day: Vec<Room> = rooms(7, day, next).collect();
    assert_eq!(of_day.iter().filter(|room| room.start == day).count(), 1);
    assert!(of_day.iter().all(|room| room.start < next));
    let second_after = instant("2026-06-03T00:00:01Z");
    assert_eq!(rooms(7, day, second_after).count(), 1);
    assert_eq!(rooms(7, second_after, next).count(), of_day.len() - 1);

    let month = rooms(7, instant("2026-06-01T00:00:00Z"), instant("2026-07-01T00:00:00Z"));
    let over_midnight = |room: &Room| {
        let seconds = i64::try_from(room.seconds).unwrap();
        room.start.as_second().div_euclid(86_400) != (room.start.as_second() + seconds).div_euclid(86_400)
    };
    assert!(month.filter(over_midnight).count() > 10);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let path = format!("{ROOT}/total");
    let other = World::new(8, Some(instant("2026-07-15T12:00:00Z")));
    assert_eq!(body(&get(&world(), &path, JUNE)), body(&get(&world(), &path, JUNE)));
    assert_ne!(body(&get(&world(), &path, JUNE)), body(&get(&other, &path, JUNE)));
}

#[test]
fn only_the_right_pair_and_its_own_client_are_let_in() {
    let world = world();
    let with = |authorization: &str, client: &str| {
        let mut request = request(&format!("/v1/clients/{client}/cost_and_usage/total"), JUNE);
        request.headers = vec![("authorization".to_owned(), authorization.to_owned())];
        Ricoh::default().answer(&world, &request).status
    };
    let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
    let good = basic("sim-ricoh-client:sim:ricoh/secret+%~");
    assert_eq!(with(&good, CLIENT_ID), 200);
    assert_eq!(with(&good.replace("Basic", "basic"), CLIENT_ID), 200);
    assert_eq!(with(&good, "someone-else"), 401);
    assert_eq!(with(&good.replace("Basic", "Bearer"), CLIENT_ID), 401);
    assert_eq!(with(&basic("sim-ricoh-client:wrong"), CLIENT_ID), 401);
    assert_eq!(with(&basic("someone-else:sim:ricoh/secret+%~"), CLIENT_ID), 401);
    assert_eq!(with("Basic !!!", CLIENT_ID), 401);
    assert_eq!(with("", CLIENT_ID), 401);
}

#[test]
fn an_error_looks_like_that_of_the_sibling_api() {
    let mut request = request(&format!("{ROOT}/total"), JUNE);
    request.headers.clear();
    let response = Ricoh::default().answer(&world(), &request);
    assert_eq!(response.status, 401);
    assert_eq!(
        body(&response),
        r#"{"error_id":"unauthorized","message":"Authentication or authorization failed.","options":{}}"#
    );
}

#[test]
fn unknown_paths_are_404_and_other_methods_405() {
    let world = world();
    for path in [
        "/v1/clients/sim-ricoh-client/cost_and_usage",
        "/v1/clients/sim-ricoh-client/cost_and_usage/totals",
        "/v1/clients/sim-ricoh-client/cost_and_usage/classification_labels/",
        "/v1/clients/sim-ricoh-client/cost_and_usage/classification_labels/a/b",
        "/v1/clients/sim-ricoh-client/rooms/x",
        "/v1/clients/",
    ] {
        assert_eq!(status(&world, path, JUNE), 404, "{path}");
        assert!(Ricoh::default().claims(&request(path, "")));
    }
    let mut post = request(&format!("{ROOT}/total"), JUNE);
    post.method = "POST".to_owned();
    assert_eq!(Ricoh::default().answer(&world, &post).status, 405);
    assert!(!Ricoh::default().claims(&request("/v2/clients/x", "")));
}

#[test]
fn a_range_is_at_most_a_calendar_month_and_a_year_back() {
    let world = world();
    for (since, until, expected) in [
        ("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z", 200),
        ("2026-05-01T00:00:00Z", "2026-06-01T00:00:01Z", 400),
        ("2026-04-30T15:00:00Z", "2026-05-30T15:00:00Z", 200),
        ("2026-04-30T15:00:00Z", "2026-05-31T15:00:00Z", 400),
        ("2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", 200),
        ("2026-01-31T00:00:00Z", "2026-03-01T00:00:00Z", 400),
        ("2025-07-15T12:00:00Z", "2025-07-16T00:00:00Z", 200),
        ("2025-07-15T11:59:59Z", "2025-07-16T00:00:00Z", 400),
        ("2026-06-02T00:00:00Z", "2026-06-01T00:00:00Z", 400),
        ("2026-06-01T00:00:00Z", "2026-06-01T00:00:00Z", 200),
        ("2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z", 200),
        ("2026-06-01T09:00:00%2B09:00", "2026-06-02T09:00:00.5%2B09:00", 200),
        ("2026-06-01T09:00:00+09:00", "2026-06-02T00:00:00Z", 400),
        ("2026-06-01", "2026-06-02T00:00:00Z", 400),
        ("2026-06-01T00:00:00", "2026-06-02T00:00:00Z", 400),
        ("2026-06-01T00:00Z", "2026-06-02T00:00:00Z", 400),
        ("2026-06-01%2000:00:00Z", "2026-06-02T00:00:00Z", 400),
        ("2026-06-31T00:00:00Z", "2026-07-02T00:00:00Z", 400),
        ("2026-06-01T00:00:00.Z", "2026-06-02T00:00:00Z", 400),
        ("1780272000", "2026-06-02T00:00:00Z", 400),
    ] {
        assert_eq!(range_status(&world, since, until), expected, "{since} {until}");
    }
}

#[test]
fn an_offset_means_the_same_instant() {
    let world = world();
    let path = format!("{ROOT}/total");
    let tokyo = "since=2026-06-01T09:00:00%2B09:00&until=2026-07-01T09:00:00%2B09:00";
    assert_eq!(body(&get(&world, &path, tokyo)), body(&get(&world, &path, JUNE)));
}

#[test]
fn env_repeats_its_key_and_is_both_when_absent() {
    let world = world();
    let path = format!("{ROOT}/total");
    let ask = |more: &str| get(&world, &path, &format!("{JUNE}{more}"));
    let both = body(&ask(""));
    assert_eq!(body(&ask("&env=prod&env=dev")), both);
    assert_ne!(body(&ask("&env=prod")), both);
    assert_ne!(body(&ask("&env=prod")), body(&ask("&env=dev")));
    for wrong in [
        "&env=prod,dev",
        "&env=",
        "&env=PROD",
        "&env[]=prod",
        "&env=%5B%22prod%22%5D",
        "&env=prod&env=x",
    ] {
        assert_eq!(ask(wrong).status, 400, "{wrong}");
    }
}

#[test]
fn starts_with_keeps_labels_by_prefix() {
    let world = world();
    let labels = |world: &World, prefix: &str| -> Vec<String> {
        rows(world, ALL_LABELS, &format!("{JUNE}&starts_with={prefix}"))
            .iter()
            .map(|row| row["classification_label"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(labels(&world, "te"), ["tenant-7", "team.blue_2024"]);
    assert_eq!(labels(&world, "Te"), ["Tenant-9"]);
    assert_eq!(labels(&world, "50%25"), ["50%off"]);
    assert_eq!(labels(&world, "c%2B"), ["c++"]);
    assert!(labels(&world, "c+").is_empty(), "a bare plus is a space");
    assert!(labels(&world, "zz").is_empty());
    assert_eq!(labels(&world, "").len(), 7);
    assert_eq!(labels(&switched("ricoh.query_plus", "plus"), "c+"), ["c++"]);
    let any_case = labels(&switched("ricoh.prefix_case", "insensitive"), "TE");
    assert_eq!(any_case, ["tenant-7", "Tenant-9", "team.blue_2024"]);
    assert_eq!(
        status(&world, &format!("{ROOT}/total"), &format!("{JUNE}&starts_with=a")),
        400
    );
}

#[test]
fn parameters_are_required_once_and_known() {
    let path = format!("{ROOT}/total");
    for query in [
        "until=2026-07-01T00:00:00Z",
        "since=2026-06-01T00:00:00Z",
        "",
        &format!("{JUNE}&since=2026-06-02T00:00:00Z"),
        &format!("{JUNE}&limit=10"),
    ] {
        assert_eq!(status(&world(), &path, query), 400, "{query}");
    }
    let lenient = switched("ricoh.unknown_parameter", "ignored");
    assert_eq!(status(&lenient, &path, &format!("{JUNE}&limit=10")), 200);
}

#[test]
fn a_label_is_an_id_string() {
    let world = world();
    let long = "a".repeat(256);
    for label in ["a%20b", "a%2Fb", "%E6%97%A5", "a%26b", "a%5Cb", &long] {
        assert_eq!(status(&world, &format!("{ALL_LABELS}/{label}"), JUNE), 400, "{label}");
    }
    assert_eq!(status(&world, &format!("{ALL_LABELS}/{}", &long[1..]), JUNE), 200);
    let lenient = switched("ricoh.label_backslash", "accepted");
    assert_eq!(status(&lenient, &format!("{ALL_LABELS}/a%5Cb"), JUNE), 200);
}

#[test]
fn late_records_are_complete_after_a_day() {
    let since = instant("2026-06-10T00:00:00Z");
    let until = instant("2026-06-11T00:00:00Z");
    let at = |now: &str| World::new(7, Some(instant(now)));
    // The longest room is six hours long.
    let settled = truth(&at("2026-06-12T06:00:00Z"), since, until, &BOTH, None);
    let later = truth(&at("2026-07-12T06:00:00Z"), since, until, &BOTH, None);
    let early = truth(&at("2026-06-11T00:00:00Z"), since, until, &BOTH, None);
    assert_eq!(settled, later);
    assert!(early.bytes < settled.bytes && early.bytes > 0);

    let instantly = at("2026-06-11T06:00:00Z");
    instantly.set_switch("ricoh.settling", "instant");
    assert_eq!(truth(&instantly, since, until, &BOTH, None), settled);
    assert_ne!(truth(&at("2026-06-11T06:00:00Z"), since, until, &BOTH, None), settled);
}

#[test]
fn month_switches_change_the_longest_range() {
    let tokyo_may = ("2026-04-30T15:00:00Z", "2026-05-31T15:00:00Z");
    assert_eq!(
        range_status(&switched("ricoh.month", "calendar"), tokyo_may.0, tokyo_may.1),
        400
    );
    assert_eq!(
        range_status(&switched("ricoh.month", "days31"), tokyo_may.0, tokyo_may.1),
        200
    );
    let may = ("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z");
    assert_eq!(range_status(&switched("ricoh.month", "days30"), may.0, may.1), 400);
}

#[test]
fn range_switches_change_what_is_refused() {
    let future = ("2026-07-01T00:00:00Z", "2026-07-15T12:00:01Z");
    assert_eq!(
        range_status(&switched("ricoh.future_until", "refused"), future.0, future.1),
        400
    );
    let empty = "2026-06-01T00:00:00Z";
    assert_eq!(
        range_status(&switched("ricoh.empty_range", "refused"), empty, empty),
        400
    );
    let (old, end) = ("2025-07-15T00:00:00Z", "2025-07-16T00:00:00Z");
    assert_eq!(range_status(&switched("ricoh.year_limit", "day"), old, end), 200);
    assert_eq!(range_status(&switched("ricoh.range_status", "422"), old, end), 422);
    let utc_only = switched("ricoh.date_form", "utc_seconds");
    assert_eq!(range_status(&utc_only, "2026-06-01T09:00:00%2B09:00", end), 400);
    assert_eq!(
        range_status(&utc_only, "2026-06-01T00:00:00.0Z", "2026-06-02T00:00:00Z"),
        400
    );
    assert_eq!(
        range_status(&utc_only, "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z"),
        200
    );
}

#[test]
fn the_label_path_follows_its_switch() {
    let world = switched("ricoh.label_path", "by/labels");
    assert_eq!(status(&world, ALL_LABELS, JUNE), 404);
    assert_eq!(rows(&world, &format!("{ROOT}/by/labels"), JUNE).len(), 7);
    assert_eq!(rows(&world, &format!("{ROOT}/by/labels/default"), JUNE).len(), 1);
}

#[test]
fn an_unused_label_is_nothing_a_zero_row_or_404() {
    let path = format!("{ALL_LABELS}/nobody");
    assert_eq!(body(&get(&world(), &path, JUNE)), r#"{"results":[]}"#);
    assert_eq!(status(&switched("ricoh.unknown_label", "404"), &path, JUNE), 404);
    let zero = body(&get(&switched("ricoh.unknown_label", "zero_row"), &path, JUNE));
    assert_eq!(
        zero,
        concat!(
            r#"{"results":[{"classification_label":"nobody","approximate_total_cost":0,"items":["#,
            r#"{"item_name":"connection_time","usage":0,"approximate_cost":0},"#,
            r#"{"item_name":"traffic_volume","usage":0,"approximate_cost":0},"#,
            r#"{"item_name":"bitrate_reservation","approximate_cost":0,"sub_items":[]}]}]}"#,
        )
    );
}

#[test]
fn an_unused_application_is_a_zero_row_no_items_or_nothing() {
    let path = format!("{ROOT}/total");
    let query = range("2026-06-01", "2026-06-01");
    let ask = |value: &str| body(&get(&switched("ricoh.empty_total", value), &path, &query));
    assert!(ask("zero_row").contains(r#""item_name":"connection_time","usage":0"#));
    assert_eq!(
        ask("no_items"),
        r#"{"results":[{"approximate_total_cost":0,"items":[]}]}"#
    );
    assert_eq!(ask("empty"), r#"{"results":[]}"#);
}

#[test]
fn shape_switches_change_the_row() {
    let total = |name: &str, value: &str| rows(&switched(name, value), &format!("{ROOT}/total"), JUNE).remove(0);
    let plain = total("ricoh.total_label", "missing");
    let reservation = &plain["items"][2];
    assert!(plain.get("classification_label").is_none());
    assert!(reservation.get("usage").is_none());
    assert_eq!(reservation["sub_items"][0]["item_name"], "1");
    assert!(reservation["sub_items"][0].get("approximate_cost").is_none());

    assert_eq!(
        total("ricoh.total_label", "null").get("classification_label"),
        Some(&Value::Null)
    );
    assert_eq!(total("ricoh.total_label", "present")["classification_label"], "total");
    assert!(
        total("ricoh.sub_items", "absent")["items"][2]
            .get("sub_items")
            .is_none()
    );
    assert_eq!(
        total("ricoh.item_name_type", "number")["items"][2]["sub_items"][0]["item_name"],
        1
    );

    let lines = |row: &Value| row["items"][2]["sub_items"].as_array().unwrap().clone();
    let minutes: u64 = lines(&plain).iter().map(|line| line["usage"].as_u64().unwrap()).sum();
    assert_eq!(total("ricoh.parent_usage", "present")["items"][2]["usage"], minutes);
    let with_costs = total("ricoh.sub_item_cost", "present");
    let costs: i128 = lines(&with_costs)
        .iter()
        .map(|line| micro(&line["approximate_cost"]))
        .sum();
    assert_eq!(costs, micro(&reservation["approximate_cost"]));
    let fraction = body(&get(
        &switched("ricoh.number_form", "fraction"),
        &format!("{ROOT}/total"),
        JUNE,
    ));
    assert!(fraction.contains(&format!(r#""usage":{}.0,"#, plain["items"][0]["usage"])));
}

#[test]
fn error_and_maintenance_switches_change_the_refusal() {
    let path = format!("{ROOT}/nothing");
    let text = get(&switched("ricoh.error_shape", "text"), &path, JUNE);
    assert_eq!((text.status, body(&text).as_str()), (404, "There is no such path."));
    let empty = get(&switched("ricoh.error_shape", "empty"), &path, JUNE);
    assert_eq!((empty.status, empty.body.len()), (404, 0));
    let maintenance = get(&switched("ricoh.maintenance", "on"), &format!("{ROOT}/total"), JUNE);
    assert_eq!(maintenance.status, 503);
    assert!(body(&maintenance).contains("Service Unavailable"));
}

#[test]
fn switch_names_begin_with_the_service_and_are_unique() {
    let mut names: Vec<&str> = SWITCHES.iter().map(|switch| switch.name).collect();
    assert!(names.iter().all(|name| name.starts_with("ricoh.")));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), SWITCHES.len());
}
