//! The door to JSON: it takes what `serde_json` takes, and keeps every number as it was written.

use metertap::values::json::Json;

use crate::beside::{agree, same};
use crate::scan::{What, places};
use crate::timing::timed;

/// The bytes are a document.
pub fn check(data: &[u8]) {
    let parsed = timed(data.len(), || Json::parse(data));
    if let Err(problem) = agree(data) {
        panic!("{problem}");
    }
    let Ok(document) = parsed else { return };
    let mut found = Vec::new();
    numbers(&document, &mut found);
    let written: Vec<&[u8]> = places(data)
        .into_iter()
        .filter(|place| place.what == What::Number)
        .map(|place| &data[place.span])
        .collect();
    assert_eq!(found, written);
    // What is written again is the same, but for the digits of floats. What is beyond all bounds cannot be written, and
    // integers of more than 64 bits only with a feature of serde_json that the Python binding switches on.
    let is_long = |number: &&[u8]| {
        let text = String::from_utf8_lossy(number);
        !text.contains(['.', 'e', 'E']) && text.parse::<i64>().is_err() && text.parse::<u64>().is_err()
    };
    if found.iter().any(is_long) {
        return;
    }
    match serde_json::to_vec(&document) {
        Ok(text) => {
            let theirs: serde_json::Value = serde_json::from_slice(&text).expect("JSON that serde_json wrote");
            assert!(same(&document, &theirs), "{document:?} was written as {theirs:?}");
        }
        Err(problem) => assert!(problem.to_string().contains("too large for a float"), "{problem}"),
    }
}

fn numbers<'j>(document: &'j Json<'_>, found: &mut Vec<&'j [u8]>) {
    match document {
        Json::Number(text) => found.push(text.as_bytes()),
        Json::List(items) => items.iter().for_each(|item| numbers(item, found)),
        Json::Map(members) => members.iter().for_each(|(_, value)| numbers(value, found)),
        Json::Null | Json::Bool(_) | Json::Text(_) | Json::Numbers(_) => {}
    }
}
