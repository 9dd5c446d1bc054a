//! What is taken away from an answer: every row, bucket, list and tail of every fixture, and every number in it.

use std::collections::BTreeMap;

use metertap::meters::{Kind, Writes};
use metertap::service::PlannedCall;
use serde_json::Value as Plain;

use crate::common::replay::Replay;
use crate::kept::{Kept, Line, asked, keep};
use crate::scan::{self, Place, What};
use crate::sound::{REPLAYS, Tally, is_named};

/// A body with something less, and what that is.
type Less = (String, Vec<u8>);

#[test]
fn what_is_taken_away_is_a_hole_a_flag_a_note_or_an_error() {
    let mut tally = Tally::default();
    // Sources whose answers may have had less to tell: how many of the cases tell nothing.
    let mut silent: BTreeMap<String, usize> = BTreeMap::new();
    let mut fixtures = 0;
    for replay in REPLAYS.iter() {
        let Some(planned) = asked(replay) else { continue };
        let whole = keep(replay, &planned, &replay.reply.body).unwrap();
        fixtures += 1;
        for (what, body) in less(replay) {
            let check = || taken(replay, &planned, &whole, &what, &body, &mut silent);
            tally.check(|| format!("{} without {what}", replay.name), check);
        }
    }
    assert!(fixtures > 50, "only {fixtures} fixtures have readings");
    let listed: Vec<String> = silent
        .iter()
        .map(|(source, count)| format!("{source} {count}"))
        .collect();
    let listed = listed.join(", ");
    tally.figure(
        "F23",
        &format!("parts taken away from {fixtures} fixtures; where neither rows nor totals tell: {listed}"),
    );
}

/// Everything that can be taken away: numbers become null; rows and lists go; lists lose their ends; and parallel arrays
/// lose a place each.
fn less(replay: &Replay) -> Vec<Less> {
    let body = &replay.reply.body;
    let places = scan::places(body);
    let inside = |place: &&Place| place.is_below(&replay.payload);
    let mut all = Vec::new();
    for place in places.iter().filter(inside) {
        if place.what == What::Number {
            let null = scan::with(body, &place.span, b"null");
            all.push((format!("the number {}", place.pointer), null));
        }
        let is_row = place.what == What::Object && !place.has_key;
        if let Some(slot) = place.slot.as_ref().filter(|_| is_row || place.what == What::Array) {
            all.push((place.pointer.clone(), scan::without(body, slot)));
        }
        if place.what == What::Array {
            all.push((
                format!("the items of {}", place.pointer),
                scan::with(body, &place.span, b"[]"),
            ));
            let items: Vec<&Place> = places.iter().filter(|item| is_item(item, place)).collect();
            for (kept, item) in items.iter().enumerate().skip(1) {
                let end = items[kept - 1].span.end;
                let cut = scan::with(body, &(end..place.span.end), b"]");
                all.push((format!("{} and what follows", item.pointer), cut));
            }
        }
    }
    all.extend(columns(body));
    all
}

/// True for the items of an array.
pub fn is_item(item: &Place, array: &Place) -> bool {
    let rest = item.pointer.strip_prefix(array.pointer.as_str());
    rest.is_some_and(|rest| rest.len() > 1 && !rest[1..].contains('/')) && !item.has_key && item.slot.is_some()
}

/// The items of one of the parallel arrays, as they are written, and whether they are its moments.
type Change<'c> = dyn Fn(&mut Vec<Vec<u8>>, bool) + 'c;

/// The body with other parallel arrays, if it has such; `change` gets each of them.
pub fn parallel(body: &[u8], change: &Change<'_>) -> Vec<u8> {
    let all = scan::places(body);
    let mut changed = body.to_vec();
    let arrays = all
        .iter()
        .filter(|place| place.what == What::Array && place.is_below(PARAMS));
    for array in arrays.rev() {
        let items = all.iter().filter(|item| is_item(item, array));
        let mut items: Vec<Vec<u8>> = items.map(|item| body[item.span.clone()].to_vec()).collect();
        change(&mut items, array.pointer == TS);
        let text = [b"[", items.join(&b',').as_slice(), b"]"].concat();
        changed = scan::with(&changed, &array.span, &text);
    }
    changed
}

/// Where parallel arrays are, and where their moments.
const PARAMS: &str = "/get/params";
const TS: &str = "/get/params/ts";

/// How many places the parallel arrays have.
pub fn places(body: &[u8]) -> usize {
    let all = scan::places(body);
    let ts = all.iter().find(|place| place.pointer == TS);
    ts.map_or(0, |ts| all.iter().filter(|item| is_item(item, ts)).count())
}

fn columns(body: &[u8]) -> Vec<Less> {
    let mut all = Vec::new();
    for place in 0..places(body) {
        let one = parallel(body, &|items, _| drop(items.remove(place)));
        all.push((format!("bucket {place}"), one));
        let tail = parallel(body, &|items, _| items.truncate(place));
        all.push((format!("bucket {place} and what follows"), tail));
    }
    all
}

fn taken(
    replay: &Replay,
    planned: &PlannedCall,
    whole: &Kept,
    what: &str,
    body: &[u8],
    silent: &mut BTreeMap<String, usize>,
) -> Result<(), String> {
    let kept = match keep(replay, planned, body) {
        Ok(kept) => kept,
        Err(error) => return is_named(&error),
    };
    let lost = kept.lacks(whole);
    if lost.is_empty() || kept.says_more_than(whole) {
        return Ok(());
    }
    let is_null = what.starts_with("the number");
    if is_null || must_show(replay, planned, what, &lost) {
        return Err(format!("nothing is said of {lost:?}"));
    }
    *silent.entry(planned.call.operation.name.to_owned()).or_default() += 1;
    Ok(())
}

/// True where the rows or the answer itself would show what is gone: every bucket is written, or a total is stated.
fn must_show(replay: &Replay, planned: &PlannedCall, what: &str, lost: &[Line]) -> bool {
    let source = planned.asked.source;
    let document: Plain = serde_json::from_slice(&replay.reply.body).unwrap();
    let has = |pointer: &str| document.pointer(pointer).is_some_and(|value| !value.is_null());
    let of = |line: &Line| source.meters.iter().position(|meter| meter.name == line.meter).unwrap();
    let states = |line: &Line| match replay.provider.facts().name {
        // A total of levels is no sum over counters that mean different things.
        "devicewise" => has("/get/params/counters") && has("/get/params/total"),
        "volcengine" => {
            let calls = &metertap::providers::document("volcengine").unwrap().call;
            let call = calls.iter().find(|call| call.name == source.operation).unwrap();
            let total = call.meter[of(line)].total.as_ref();
            source.meters[of(line)].kind == Kind::Sum && total.is_some_and(|total| has(&format!("/Result/{total}")))
        }
        // A label that is not there is no hole.
        "ricoh" => line.meter == "ricoh.cost" && what.contains("/items") && has("/results/0/approximate_total_cost"),
        _ => false,
    };
    source.writes == Writes::Every || lost.iter().any(|line| !line.is_zero && states(line))
}
