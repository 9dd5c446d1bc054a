//! The histories: parallel arrays of counters and labels.

use serde_json::{Map, Value, json};

use super::access::Session;
use super::commands::orgs_in;
use super::failure::{self, Failure};
use super::figures::{self, Org, STORAGE_COUNTERS};
use super::window::{self, Bucket, Series, text};
use crate::simulator::world::World;

/// The simulator's own calls of an organisation to a service in a bucket.
type OwnCalls<'a> = dyn Fn(&Org, &str, Bucket) -> u64 + 'a;

/// Counters by name, each with a figure per bucket.
type Counters = Vec<(String, Vec<u64>)>;

/// `usage.api.history`.
pub fn api(
    world: &World,
    session: &Session,
    params: &Map<String, Value>,
    own: &OwnCalls<'_>,
) -> Result<Value, Failure> {
    let orgs = orgs_in(world, session, params)?;
    let by_org = dimension_is_org(params)?;
    let buckets = buckets(world, params, series(params)?)?;
    let (seed, horizon) = (world.seed(), window::horizon(world));
    let zeros = world.switch_is("devicewise.empty_services", "zeros");
    let counters_of = |orgs: &[Org]| -> Counters {
        let mut found = counters(figures::services(), &buckets, |service, bucket| {
            let each = |org: &Org| figures::calls(seed, org, service, bucket, horizon) + own(org, service, bucket);
            orgs.iter().map(each).sum()
        });
        found.retain(|(_, calls)| zeros || calls.iter().any(|calls| *calls > 0));
        found
    };
    let total: u64 = counters_of(&orgs).iter().flat_map(|(_, calls)| calls).sum();
    let fault = u64::from(world.switch_is("devicewise.total_fault", "on")) * 7;
    let mut reply = if by_org {
        let parts = orgs.iter().map(|org| (*org, counters_of(&[*org]))).collect();
        let sum = |calls: &[u64]| calls.iter().sum();
        grouped(world, parts, &buckets, sum, |counters, at| {
            counters.iter().filter_map(|(_, calls)| calls.get(at)).sum()
        })
    } else {
        let arrays = arrays(world, counters_of(&orgs));
        json!({"counters": arrays, "ts": labels(world, &buckets)})
    };
    put(&mut reply, "total", json!(total + fault));
    Ok(reply)
}

/// `usage.thing.history` and `usage.connection.history`: arrays directly in `params`, and `total` is one of them.
pub fn gauges(
    world: &World,
    session: &Session,
    params: &Map<String, Value>,
    names: &[&str],
    has_dimension: bool,
) -> Result<Value, Failure> {
    let orgs = orgs_in(world, session, params)?;
    let by_org = has_dimension && dimension_is_org(params)?;
    let buckets = buckets(world, params, series(params)?)?;
    let (seed, horizon, zone) = (world.seed(), window::horizon(world), window::zone(world));
    let counters_of = |orgs: &[Org]| -> Counters {
        counters(names.iter().copied(), &buckets, |name, bucket| {
            let each = |org: &Org| figures::gauge(seed, org, name, bucket, horizon, &zone);
            orgs.iter().map(each).sum()
        })
    };
    if by_org {
        let parts = orgs.iter().map(|org| (*org, counters_of(&[*org]))).collect();
        // Only totals per organisation, says the reference; the shape around them is unverified.
        let latest = |counts: &[u64]| counts.last().copied().unwrap_or(0);
        return Ok(grouped(world, parts, &buckets, latest, |counters, at| {
            counters
                .iter()
                .filter(|(name, _)| name == "total")
                .filter_map(|(_, figures)| figures.get(at))
                .sum()
        }));
    }
    let mut reply = Value::Object(arrays(world, counters_of(&orgs)));
    put(&mut reply, "ts", labels(world, &buckets));
    Ok(reply)
}

/// `usage.storage.history`: bytes by kind of data, one reading a day.
pub fn storage(world: &World, session: &Session, params: &Map<String, Value>) -> Result<Value, Failure> {
    let orgs = orgs_in(world, session, params)?;
    let buckets = buckets(world, params, Series::Day)?;
    let horizon = window::horizon(world);
    let stored = counters(
        STORAGE_COUNTERS.iter().map(|(name, _)| *name),
        &buckets,
        |name, bucket| {
            let each = |org: &Org| figures::stored(org, name, bucket, horizon);
            orgs.iter().map(each).sum()
        },
    );
    // The sample's total is thirty times one reading, so it adds a gauge up over the buckets.
    let total: u64 = stored.iter().flat_map(|(_, bytes)| bytes).sum();
    Ok(json!({"counters": arrays(world, stored), "total": total, "ts": labels(world, &buckets)}))
}

/// `usage.api.usage`. Unverified: its reply is not published; this one is the history's, in one figure per service.
pub fn api_of_one(world: &World, session: &Session, params: &Map<String, Value>) -> Result<Value, Failure> {
    let named = [
        "userId", "thingKey", "thingId", "esn", "iccid", "imei", "imsi", "meid", "msisdn",
    ];
    if named.iter().filter(|name| params.contains_key(**name)).count() > 1 {
        return Err(failure::bad_parameter("only one identifier is allowed"));
    }
    let window = window::window(world, params)?;
    let bucket = Bucket {
        start: window.start,
        end: window.end,
    };
    let horizon = window::horizon(world);
    let calls: Vec<(&str, u64)> = figures::services()
        .map(|service| {
            (
                service,
                figures::calls(world.seed(), &session.org, service, bucket, horizon) / 20,
            )
        })
        .filter(|(_, calls)| *calls > 0)
        .collect();
    let total: u64 = calls.iter().map(|(_, calls)| calls).sum();
    let counters: Map<String, Value> = calls
        .into_iter()
        .map(|(name, calls)| (name.to_owned(), json!(calls)))
        .collect();
    Ok(json!({"counters": counters, "total": total}))
}

/// The figure of each name in each bucket.
fn counters<'n>(
    names: impl Iterator<Item = &'n str>,
    buckets: &[Bucket],
    figure: impl Fn(&str, Bucket) -> u64,
) -> Counters {
    let row = |name: &str| buckets.iter().map(|bucket| figure(name, *bucket)).collect();
    names.map(|name| (name.to_owned(), row(name))).collect()
}

fn series(params: &Map<String, Value>) -> Result<Series, Failure> {
    match text(params, "series")? {
        None | Some("hour") => Ok(Series::Hour),
        Some("day") => Ok(Series::Day),
        Some(_) => Err(failure::bad_parameter("series is hour or day")),
    }
}

fn dimension_is_org(params: &Map<String, Value>) -> Result<bool, Failure> {
    match text(params, "dimension")? {
        None => Ok(false),
        Some("org") => Ok(true),
        Some(_) => Err(failure::bad_parameter("dimension is org")),
    }
}

/// The buckets asked for, under the cap on records.
fn buckets(world: &World, params: &Map<String, Value>, series: Series) -> Result<Vec<Bucket>, Failure> {
    let window = window::window(world, params)?;
    let mut buckets = window::buckets(world, window, series);
    let cap = window::record_cap(world);
    if buckets.len() > cap && !world.switch_is("devicewise.over_cap", "cut") {
        let sentence = format!("The query exceeds {cap} records");
        return Err(Failure::new(failure::TOO_MANY_RECORDS, sentence));
    }
    buckets.truncate(cap);
    Ok(buckets)
}

fn labels(world: &World, buckets: &[Bucket]) -> Value {
    let zone = window::zone(world);
    buckets
        .iter()
        .map(|bucket| window::label(world, &zone, *bucket))
        .collect()
}

/// The counters as an object of arrays; the switched fault makes the first array one element short.
fn arrays(world: &World, counters: Counters) -> Map<String, Value> {
    let mut counters = counters;
    if world.switch_is("devicewise.array_fault", "short")
        && let Some((_, first)) = counters.first_mut()
    {
        first.pop();
    }
    counters
        .into_iter()
        .map(|(name, figures)| (name, json!(figures)))
        .collect()
}

/// The three shapes that `dimension: "org"` may have; which one the service sends is not published.
fn grouped(
    world: &World,
    parts: Vec<(Org, Counters)>,
    buckets: &[Bucket],
    total: impl Fn(&[u64]) -> u64,
    figure: impl Fn(&Counters, usize) -> u64,
) -> Value {
    let shape = world.switch("devicewise.dimension");
    let per_bucket = |counters: &Counters| -> Vec<u64> { (0..buckets.len()).map(|at| figure(counters, at)).collect() };
    let groups: Map<String, Value> = parts
        .into_iter()
        .map(|(org, counters)| {
            let value = match shape.as_deref() {
                Some("B") => json!(per_bucket(&counters)),
                Some("C") => json!(total(&per_bucket(&counters))),
                _ => Value::Object(arrays(world, counters)),
            };
            (org_label(world, &org), value)
        })
        .collect();
    if shape.as_deref() == Some("C") {
        return json!({"counters": groups});
    }
    json!({"counters": groups, "ts": labels(world, buckets)})
}

fn org_label(world: &World, org: &Org) -> String {
    match world.switch("devicewise.org_label").as_deref() {
        Some("id") => org.id.to_owned(),
        Some("name") => org.name.to_owned(),
        _ => org.key.to_owned(),
    }
}

fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}
