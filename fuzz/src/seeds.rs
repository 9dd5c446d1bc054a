//! Writes what each target starts from, and words for it to use: `seeds FOLDER` makes `FOLDER/TARGET/seed-…` and
//! `FOLDER/TARGET.dict`. Everything comes from the fixtures, the simulated services, and a few texts.

#![no_main] // libFuzzer has it: whatever is built with counters must be linked with it
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // as in tests

#[path = "../../tests/conformance/subject.rs"]
#[allow(dead_code)]
mod subject;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use metertap_fuzz::common;
use metertap_fuzz::exchanges::exchanges;

const TEXTS: &[(&str, &[&[u8]])] = &[
    (
        "windows",
        &[
            b"2026-01-01/2026-02-01",
            b"2022-02-11T00:00:00+08:00/2022-02-12T00:00:00.123456789Z",
            b"2024-02-29T23:59:60-00:00/9999-12-31T23:59:59.999999999-14:00",
            b"0001-01-02T01:59:59Z/2024-06-19 15:22:45+00[UTC]",
        ],
    ),
    (
        "numbers",
        &[
            b"-1.5e3",
            b"18446744073709551615",
            b"-9223372036854775809",
            b"0.1234567890123456789012345678",
            b"2.5e-18",
            b"99999999999999999999.999999999999999999",
            b"1e-999999999999999999999",
            b"-0.00E+7",
        ],
    ),
    (
        "retry_after",
        &[
            b"\x00120",
            b"\x000.5\n30",
            b"\x00Thu, 21 Dec 2033 09:35:10 GMT",
            b"\x0021 Dec 33 09:35 -0500 (x)",
            b"\x00-1\n1e9",
            b"\x01\x10\x20\x30\x70\x00",
        ],
    ),
    (
        "redaction",
        &[
            b"\x08\x00p\"ss/w+rd and what stands around it",
            b"\x04\x01abcdabcabcdabc",
            b"\x06\x05\xc3\xa4\\\"\xe2\x80 \xe2\x80\xa6***",
        ],
    ),
    (
        "body",
        &[
            b"\x00\x06{\"a\":1}",
            b"\x02\x06{\"a\":1}",
            b"\x04\x06{\"a\":1}",
            b"\x07\x3f{\"a\":1,\"b\":[2,3,4]}",
        ],
    ),
];

/// Words of JSON, of numbers and of dates.
const WORDS: &[&str] = &[
    "null",
    "true",
    "false",
    "{}",
    "[]",
    "\"\"",
    "\":",
    ",\"",
    "-0",
    "1e400",
    "1e-19",
    "0.1",
    "NaN",
    "9223372036854775808",
    "18446744073709551616",
    "99999999999999999999",
    "\\u0000",
    "\\ud83d\\ude00",
    "\\udc00",
    "\u{feff}",
    "T00:00:00",
    "Z",
    "+08:00",
    "-14:00",
    "2026-02-29",
    "GMT",
    "Mon, ",
    " Dec ",
    "…",
    "***",
    "\u{1f}\u{8b}",
];

libfuzzer_sys::fuzz_target!(
    init: {
        write_all();
        std::process::exit(0);
    },
    |_data: &[u8]| {}
);

fn write_all() {
    let root = PathBuf::from(std::env::args().nth(1).expect("the folder to write to"));
    let write = |target: &str, index: usize, seed: &[u8]| {
        let folder = root.join(target);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("seed-{index:03}")), seed).expect("a seed");
    };
    for subject in subject::registered() {
        let name = subject.facts().name;
        let mut documents = Vec::new();
        let good: Vec<Vec<u8>> = subject.good().into_iter().map(|(_, reply)| reply.body).collect();
        let exchanges: Vec<_> = exchanges(name).collect();
        let bodies = exchanges.iter().map(|exchange| exchange.reply.body.clone());
        // The examples of the operations come last, in the same order, and have no body of their own.
        let bodies = bodies.take(exchanges.len() - good.len()).chain(good);
        for (index, body) in bodies.enumerate() {
            let first = u8::try_from(index).expect("fewer than 256 exchanges");
            write(name, index, &[&[first], &body[..]].concat());
            documents.push(body);
        }
        fs::write(root.join(format!("{name}.dict")), dictionary(&documents)).expect("a dictionary");
    }
    for (index, case) in common::cases().iter().enumerate() {
        write("json", index, &case.body);
        write("body", 100 + index, &[&[0, 7], &case.body[..]].concat());
    }
    for (target, texts) in TEXTS {
        for (index, text) in texts.iter().enumerate() {
            write(target, index, text);
        }
        fs::write(root.join(format!("{target}.dict")), dictionary(&[])).expect("a dictionary");
    }
    fs::write(root.join("json.dict"), dictionary(&[])).expect("a dictionary");
    let toy = include_str!("../../tests/common/toy.toml");
    let sora = include_str!("../../src/providers/sora.toml");
    for (index, (text, body)) in [(toy, common::replay::TOY_BODY), (sora, "[]"), (sora, "7")]
        .into_iter()
        .enumerate()
    {
        write("documents", index, &[text.as_bytes(), &[0], body.as_bytes()].concat());
    }
    fs::write(root.join("documents.dict"), dictionary(&[])).expect("a dictionary");
}

/// The words, and the keys of all documents, as libFuzzer wants them.
fn dictionary(documents: &[Vec<u8>]) -> String {
    let mut words: BTreeSet<String> = WORDS.iter().map(|word| (*word).to_owned()).collect();
    for document in documents {
        if let Ok(document) = serde_json::from_slice(document) {
            keys(&document, &mut words);
        }
    }
    let mut text = String::new();
    for word in words {
        let escaped: String = word.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
        writeln!(text, "\"{escaped}\"").expect("memory");
    }
    text
}

fn keys(document: &serde_json::Value, found: &mut BTreeSet<String>) {
    match document {
        serde_json::Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                found.insert(format!("\"{key}\":"));
                keys(value, found);
            }
        }
        _ => {}
    }
}
