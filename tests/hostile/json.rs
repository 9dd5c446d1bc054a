//! Our JSON door beside `serde_json`, which shares no code with it.

use metertap::values::json::Json;
use proptest::prelude::*;
use serde_json::Value as Plain;

use crate::properties::{edited, edits, run};
use crate::sound::REPLAYS;

/// True if both hold the same; numbers as far as a float can tell.
fn same(ours: &Json<'_>, theirs: &Plain) -> bool {
    match (ours, theirs) {
        (Json::Null, Plain::Null) => true,
        (Json::Bool(ours), Plain::Bool(theirs)) => ours == theirs,
        (Json::Text(ours), Plain::String(theirs)) => ours == theirs,
        (Json::Number(text), Plain::Number(number)) => {
            let whole = number.as_i64().map(|number| number.to_string());
            let whole = whole.or_else(|| number.as_u64().map(|number| number.to_string()));
            // They read floats to within a unit in the last place.
            let is_near = |ours: f64, theirs: f64| (ours - theirs).abs() <= ours.abs() * 1e-15;
            whole.as_deref() == Some(text) || is_near(text.parse().unwrap(), number.as_f64().unwrap())
        }
        (Json::List(ours), Plain::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Json::Map(ours), Plain::Object(theirs)) => {
            let is_there = |(key, value): &(_, Json<'_>)| {
                let key: &std::borrow::Cow<'_, str> = key;
                theirs.get(key.as_ref()).is_some_and(|other| same(value, other))
            };
            ours.len() == theirs.len() && ours.iter().all(is_there)
        }
        _ => false,
    }
}

/// Both take the bytes, for the same; or both refuse them, but for what we refuse and they take, and the other way
/// round: exactly the differences that are meant.
pub fn agree(bytes: &[u8]) -> Result<(), String> {
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match (Json::parse(bytes), serde_json::from_slice::<Plain>(body)) {
        (Ok(ours), Ok(theirs)) if same(&ours, &theirs) => Ok(()),
        (Ok(ours), Ok(theirs)) => Err(format!("{ours:?} is not {theirs:?}")),
        (Err(_), Err(_)) => Ok(()),
        (Err(ours), Ok(_)) if ours.message.contains("occurs twice") || ours.message.contains("deeper than 64") => {
            Ok(())
        }
        // We keep the digits; what fits is decided where the number is used.
        (Ok(_), Err(theirs)) if theirs.to_string().contains("number out of range") => Ok(()),
        (ours, theirs) => Err(format!("we say {ours:?}, they say {theirs:?}")),
    }
}

fn documents() -> impl Strategy<Value = Plain> {
    let leaf = prop_oneof![
        Just(Plain::Null),
        any::<bool>().prop_map(Plain::from),
        any::<i64>().prop_map(Plain::from),
        any::<u64>().prop_map(Plain::from),
        any::<f64>().prop_map(Plain::from),
        any::<String>().prop_map(Plain::from),
    ];
    leaf.prop_recursive(6, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Plain::from),
            prop::collection::vec((any::<String>(), inner), 0..20)
                .prop_map(|members| Plain::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn documents_are_read_as_serde_json_reads_them() {
    run("documents", documents(), |document| {
        let text = serde_json::to_vec(&document).unwrap();
        let ours = Json::parse(&text).map_err(|error| error.to_string())?;
        if !same(&ours, &document) {
            return Err(format!("{ours:?}"));
        }
        let again = serde_json::to_vec(&ours).unwrap();
        if Json::parse(&again).is_ok_and(|again| same(&again, &document)) {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&again).into_owned())
        }
    })
    .or_panic();
}

#[test]
fn damaged_bodies_are_refused_as_serde_json_refuses_them() {
    run("damaged", (any::<prop::sample::Index>(), edits()), |(replay, edits)| {
        agree(&edited(&replay.get(&REPLAYS).reply.body, &edits))
    })
    .or_panic();
}

#[test]
fn any_bytes_are_refused_as_serde_json_refuses_them() {
    let tokens = prop::collection::vec(
        prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "d83d", "dc00", "0", "1", "-", "+", ".", "e", "E", "null",
            "true", "a", " ", "\n", "\u{feff}", "\u{0}", "\u{7f}", "é", "\"a\":",
        ]),
        0..24,
    );
    run("tokens", tokens, |tokens| agree(tokens.concat().as_bytes())).or_panic();
    run("bytes", prop::collection::vec(any::<u8>(), 0..40), |bytes| {
        agree(&bytes)
    })
    .or_panic();
}
