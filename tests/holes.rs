//! Holes are never silent and never spread; ranges and shards tile; an archive replays to the same usage.

#![cfg(all(feature = "client", feature = "simulator"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::Decimal128Type;
use common::cell;
use common::fetch::{Accounts, by_call, lines, same, simulator};
use metertap::engine::run::{Job, replay};
use metertap::engine::{Engine, Options, Trace};
use metertap::plan::Plan;
use metertap::providers::registry::All;
use metertap::service::PlannedCall;
use metertap::simulator::faults::{Fault, FaultKind};
use metertap::simulator::server::Simulator;
use metertap::usage::{Known, Usage};
use metertap::values::error::Kind;

const NOW: &str = "2026-03-20T12:00:00Z";
const RANGE: &str = "2026-01-01 .. 2026-03-01";

const ACCOUNTS: &[(&str, &str, &str)] = &[
    ("sora", "sora", r#"{"meters": ["sora.ingress", "sora.max_bandwidth"]}"#),
    ("ricoh", "ricoh", "{}"),
    (
        "uipath",
        "uipath",
        r#"{"consumable_code": ["AIU", "RU"], "tenant_id": ["7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44"]}"#,
    ),
    ("devicewise", "devicewise", r#"{"series": "day"}"#),
    (
        "volcengine",
        "volcengine",
        r#"{"vhosts": ["www.example.com", "event.example.com"]}"#,
    ),
];

/// One request at a time and no repetitions, so that the n-th request is the n-th call.
fn in_turn() -> Options {
    Options {
        retries: 0,
        max_concurrency: Some(1),
        ..Options::default()
    }
}

/// Lets one request of a provider fail, after so many that do not.
fn kill(simulator: &Simulator, provider: &str, skip: usize, kind: &str, times: u32) {
    let fault = Fault {
        provider: Some(provider.to_owned()),
        skip: u32::try_from(skip).unwrap(),
        times: Some(times),
        ..Fault::new(FaultKind::parse(kind).unwrap())
    };
    simulator.add_fault(fault).unwrap();
}

/// Coverage, as `id state start end` for each call.
fn coverage(usage: &Usage) -> Vec<String> {
    let table = &usage.coverage;
    let get = |name, row| cell(table, name, row).unwrap_or_default();
    (0..table.num_rows())
        .map(|row| {
            let columns = ["call_id", "state", "start", "end"];
            columns.map(|name| get(name, row)).join(" ")
        })
        .collect()
}

/// Fails unless this call is the only hole, and everything else is as in the undisturbed usage.
#[track_caller]
fn only_hole(found: &Usage, whole: &Usage, call: &PlannedCall, kind: Kind) {
    assert!(!found.is_complete());
    let missing: Vec<_> = found.missing().collect();
    assert_eq!(missing.len(), 1, "{missing:?}");
    let hole = missing[0];
    assert_eq!((hole.call_id.as_ref(), hole.window), (Some(&call.id), call.piece));
    assert_eq!((&hole.account, hole.state), (&call.account, Known::Failed));
    assert_eq!(hole.error.as_ref().map(|error| error.kind), Some(kind), "{hole:?}");

    let mut expected = by_call(whole);
    let lost = expected.remove(&call.id).unwrap();
    assert!(!lost.is_empty());
    assert_eq!(by_call(found), expected);

    // Coverage differs in that call's row alone, which keeps its window.
    let (start, end) = (call.piece.start().at, call.piece.end().at);
    let row = |row: String| {
        let is_killed = row.starts_with(&call.id);
        if is_killed {
            format!("{} failed {start} {end}", call.id)
        } else {
            row
        }
    };
    let expected: Vec<String> = coverage(whole).into_iter().map(row).collect();
    assert_eq!(coverage(found), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_call_that_is_killed_is_the_only_hole() {
    let simulator = simulator(11, NOW);
    let accounts = Accounts::new(&simulator, ACCOUNTS, &in_turn());
    let plan = accounts.plan(RANGE);
    let whole = accounts.run(&plan).await;
    assert!(whole.is_complete(), "{:?}", whole.holes);
    let mut nth: BTreeMap<&str, usize> = BTreeMap::new();
    for call in &plan.calls {
        let before = nth.entry(&call.account).or_default();
        // A new engine logs in first where there is a session.
        let logins = usize::from(call.provider == "devicewise");
        kill(&simulator, call.provider, logins + *before, "status:404", 1);
        *before += 1;
        let found = accounts.run(&plan).await;
        assert!(simulator.faults().is_empty(), "the fault was not used: {call:?}");
        only_hole(&found, &whole, call, Kind::NotFound);
    }
    assert_eq!(
        nth,
        BTreeMap::from([
            ("devicewise", 4),
            ("ricoh", 2),
            ("sora", 2),
            ("uipath", 4),
            ("volcengine", 4)
        ])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_a_hole_only_after_all_its_attempts() {
    let simulator = simulator(11, NOW);
    let options = Options {
        retries: 2,
        ..in_turn()
    };
    let accounts = Accounts::new(&simulator, ACCOUNTS, &options);
    let plan = accounts.plan(RANGE);
    let whole = accounts.run(&plan).await;
    // Two bad answers are two repetitions; three are the end of that call, and of no other.
    kill(&simulator, "ricoh", 1, "status:503", 2);
    let repaired = accounts.run(&plan).await;
    assert!(repaired.is_complete());
    assert_eq!(lines(&repaired), lines(&whole));
    kill(&simulator, "ricoh", 1, "status:503", 3);
    let found = accounts.run(&plan).await;
    let call = plan
        .calls
        .iter()
        .filter(|call| call.provider == "ricoh")
        .nth(1)
        .unwrap();
    only_hole(&found, &whole, call, Kind::ServerError);
    assert_eq!(found.missing().next().unwrap().error.as_ref().unwrap().attempts, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_every_call_fails_the_usage_is_empty_and_says_so() {
    let simulator = simulator(11, NOW);
    simulator
        .add_fault(Fault::new(FaultKind::parse("close").unwrap()))
        .unwrap();
    let accounts = Accounts::new(&simulator, ACCOUNTS, &in_turn());
    let plan = accounts.plan(RANGE);
    let usage = accounts.run(&plan).await;
    assert_eq!(usage.missing().count(), plan.calls.len());
    assert_eq!(usage.readings.num_rows(), 0);
    assert!(coverage(&usage).iter().all(|row| row.contains(" failed ")));
}

/// The sum of a meter's quantities, times 10^18.
fn sum(usage: &Usage, meter: &str) -> i128 {
    let quantities = usage
        .readings
        .column_by_name("quantity")
        .unwrap()
        .as_primitive::<Decimal128Type>();
    (0..usage.readings.num_rows())
        .filter(|row| cell(&usage.readings, "meter", *row).unwrap() == meter)
        .map(|row| quantities.value(row))
        .sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn january_and_then_february_are_both_months_once() {
    let simulator = simulator(11, NOW);
    // Figures of whole ranges, as UiPath's summaries are, are no parts of a longer range; their sum is checked below.
    let mut asked = ACCOUNTS.to_vec();
    asked[2].2 = r#"{"meters": ["uipath.service_consumption"], "consumable_code": ["AIU", "RU"],
        "tenant_id": ["7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44"]}"#;
    let accounts = Accounts::new(&simulator, &asked, &Options::default());
    let joint = lines(&accounts.run(&accounts.plan(RANGE)).await);
    assert!(joint.len() > 1000);
    let mut parts = Vec::new();
    for range in ["2026-01-01 .. 2026-02-01", "2026-02-01 .. 2026-03-01"] {
        parts.extend(lines(&accounts.run(&accounts.plan(range)).await));
    }
    parts.sort();
    same(&parts, &joint);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_that_meet_inside_buckets_tile_too() {
    let simulator = simulator(11, NOW);
    // A service without calls in the whole of an answer may be left out of it: whether its zeros come depends on how
    // the range is cut. That is the service's doing (and unverified), so here they always come.
    simulator.set_switch("devicewise.empty_services", "zeros").unwrap();
    // RICOH's windows follow the range, so there only the sums can agree.
    let asked: Vec<_> = ACCOUNTS.iter().filter(|asked| asked.0 != "ricoh").copied().collect();
    let mut asked = asked;
    asked[1].2 = r#"{"meters": ["uipath.service_consumption"], "consumable_code": "AIU",
        "tenant_id": ["7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44"]}"#;
    let accounts = Accounts::new(&simulator, &asked, &Options::default());
    let joint = lines(&accounts.run(&accounts.plan("2026-01-20 .. 2026-02-10")).await);
    // Inside a UTC day; at China's midnight; one second after an hour of the zone of deviceWISE's days.
    let edges = [
        "2026-01-20",
        "2026-01-23T07:30:00Z",
        "2026-01-31T16:00:00Z",
        "2026-02-02T05:00:01Z",
        "2026-02-10",
    ];
    let mut parts = Vec::new();
    for edge in edges.windows(2) {
        let usage = accounts.run(&accounts.plan(&edge.join(" .. "))).await;
        parts.extend(lines(&usage));
    }
    parts.sort();
    same(&parts, &joint);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_whole_ranges_add_up() {
    let simulator = simulator(11, NOW);
    let asked = [
        ("uipath", "uipath", r#"{"consumable_code": ["AIU"]}"#),
        (
            "ricoh",
            "ricoh",
            r#"{"meters": ["ricoh.connection_time", "ricoh.bitrate_reservation"]}"#,
        ),
    ];
    let accounts = Accounts::new(&simulator, &asked, &Options::default());
    let joint = accounts.run(&accounts.plan("2026-01-10 .. 2026-02-10")).await;
    let mut parts = Vec::new();
    for range in [
        "2026-01-10 .. 2026-01-23T07:30:00Z",
        "2026-01-23T07:30:00Z .. 2026-02-10",
    ] {
        parts.push(accounts.run(&accounts.plan(range)).await);
    }
    for meter in [
        "uipath.consumption",
        "ricoh.connection_time",
        "ricoh.bitrate_reservation",
    ] {
        let total: i128 = parts.iter().map(|usage| sum(usage, meter)).sum();
        assert!(total > 0, "{meter}");
        assert_eq!(total, sum(&joint, meter), "{meter}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shards_of_a_plan_read_what_the_plan_reads() {
    let simulator = simulator(11, NOW);
    let accounts = Accounts::new(&simulator, ACCOUNTS, &Options::default());
    let plan = accounts.plan(RANGE);
    let whole = by_call(&accounts.run(&plan).await);
    for of in [1, 3, 16, 40] {
        let mut together = BTreeMap::new();
        for index in 0..of {
            // A shard travels as text, as to another machine.
            let shard = Plan::from_json(&plan.shard(index, of).unwrap().to_json(), &All).unwrap();
            for (call, lines) in by_call(&accounts.run(&shard).await) {
                assert!(together.insert(call, lines).is_none(), "a call is in two shards");
            }
        }
        assert_eq!(together, whole, "{of}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_plan_after_a_shard_has_the_whole_rate_again() {
    let simulator = simulator(11, NOW);
    let select = r#"{"meters": ["volcengine.up_traffic"], "domains": ["pull.www.example.com", "push.www.example.com",
        "pull.event.example.com", "pull.zhibo.example.com"]}"#;
    let accounts = Accounts::new(&simulator, &[("volcengine", "volcengine", select)], &Options::default());
    let plan = accounts.plan(RANGE);
    let engine = Engine::default();
    let run = async |plan: Plan| {
        let job = Job::new(plan, accounts.clients.clone(), None).unwrap();
        engine.run(&job, &Trace::default()).await.unwrap()
    };
    // One of 30 requests in a second, and then four at 30 in a second.
    run(plan.shard(0, 30).unwrap()).await;
    let start = Instant::now();
    assert!(run(plan).await.is_complete());
    // The first waits for its turn behind the shard's; at the shard's rate the others would take three seconds more.
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

// The archive

/// A folder of this test alone, gone when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("metertap-holes-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An archive of a fetch in which RICOH's second call failed.
async fn archived(simulator: &Simulator, folder: &Path) -> (Plan, Usage) {
    let accounts = Accounts::new(simulator, ACCOUNTS, &in_turn());
    let plan = accounts.plan(RANGE);
    kill(simulator, "ricoh", 1, "status:503", 1);
    let usage = accounts.run_into(&plan, Some(folder)).await;
    assert_eq!(usage.missing().count(), 1);
    (plan, usage)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_replays_to_the_identical_usage_holes_and_all() {
    let simulator = simulator(11, NOW);
    let folder = Folder::new("replay");
    let (_, usage) = archived(&simulator, &folder.0).await;
    drop(simulator);
    let again = replay(&folder.0).unwrap();
    assert_eq!(again, usage);
    assert_eq!(again.holes.len(), usage.holes.len());
    assert_eq!(
        again.missing().next().unwrap().reason,
        usage.missing().next().unwrap().reason
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_run_left_replays_with_the_rest_as_holes() {
    let simulator = simulator(11, NOW);
    let folder = Folder::new("killed");
    let (plan, usage) = archived(&simulator, &folder.0).await;
    // A manifest that was never finished has no list, and the files that were not written are not there.
    let manifest = folder.0.join("manifest.json");
    let mut written: serde_json::Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    written["calls"] = serde_json::Value::Null;
    fs::write(&manifest, written.to_string()).unwrap();
    for call in &plan.calls[..3] {
        fs::remove_file(folder.0.join(format!("{}.gz", call.id))).unwrap();
    }
    let again = replay(&folder.0).unwrap();
    let mut expected = by_call(&usage);
    for call in &plan.calls[..3] {
        expected.remove(&call.id);
    }
    assert_eq!(by_call(&again), expected);
    let holes: Vec<_> = again.missing().map(|hole| hole.call_id.clone().unwrap()).collect();
    let lost = plan.calls[..3].iter().map(|call| call.id.clone());
    assert!(lost.into_iter().all(|id| holes.contains(&id)), "{holes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_archive_is_one_sentence_and_no_usage() {
    type Damage = fn(&Path, &str);
    let simulator = simulator(11, NOW);
    let damages: [(&str, Damage); 6] = [
        ("is no archive", |folder, _| {
            fs::remove_file(folder.join("manifest.json")).unwrap();
        }),
        ("is damaged", |folder, _| {
            fs::write(folder.join("manifest.json"), "{").unwrap();
        }),
        ("was written in another format", |folder, _| {
            fs::write(folder.join("manifest.json"), r#"{"format": 9}"#).unwrap();
        }),
        ("the plan cannot be read", |folder, _| {
            let text = fs::read_to_string(folder.join("manifest.json")).unwrap();
            fs::write(
                folder.join("manifest.json"),
                text.replace("cost_and_usage_total", "cost_and_usage"),
            )
            .unwrap();
        }),
        ("cannot be read", |folder, id| {
            fs::remove_file(folder.join(format!("{id}.gz"))).unwrap();
        }),
        ("is damaged", |folder, id| {
            let file = folder.join(format!("{id}.gz"));
            let mut bytes = fs::read(&file).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
            fs::write(&file, bytes).unwrap();
        }),
    ];
    for (nth, (says, damage)) in damages.into_iter().enumerate() {
        let folder = Folder::new(&format!("damaged-{nth}"));
        let (plan, _) = archived(&simulator, &folder.0).await;
        damage(&folder.0, &plan.calls[0].id);
        let error = replay(&folder.0).unwrap_err();
        assert_eq!(error.kind, Kind::InvalidArgument);
        assert!(error.message.contains(says) && !error.message.contains('\n'), "{error}");
    }
}
