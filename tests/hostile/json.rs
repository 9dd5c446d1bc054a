//! Properties of our JSON door beside `serde_json`.

use metertap::values::json::Json;
use proptest::prelude::*;
use serde_json::Value as Plain;

use crate::beside::{agree, same};
use crate::properties::{edited, edits, run};
use crate::sound::REPLAYS;

fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..8).prop_map(String::from_iter)
}

fn documents() -> impl Strategy<Value = Plain> {
    let leaf = prop_oneof![
        Just(Plain::Null),
        any::<bool>().prop_map(Plain::from),
        any::<i64>().prop_map(Plain::from),
        any::<u64>().prop_map(Plain::from),
        any::<f64>().prop_map(Plain::from),
        texts().prop_map(Plain::from),
    ];
    // More than 16 members are looked through for duplicates in another way.
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 0..4).prop_map(Plain::from),
            4 => prop::collection::vec((texts(), inner.clone()), 0..4)
                .prop_map(|members| Plain::Object(members.into_iter().collect())),
            1 => prop::collection::vec((texts(), inner), 17..20)
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
