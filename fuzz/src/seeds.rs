//! Writes the seeds: every fixture for its provider, and a few texts for the other targets.

use std::fs;
use std::path::PathBuf;

use metertap_fuzz::{common, fixtures_of};

const TEXTS: &[(&str, &[&[u8]])] = &[
    ("windows", &[b"2026-01-01/2026-02-01", b"2022-02-11T00:00:00+08:00/2022-02-12T00:00:00.123456789Z", b"{\"format\":1}"]),
    ("numbers", &[b"-1.5e3", b"18446744073709551615", b"0.1234567890123456789012345678", b"1e-999999999999"]),
    ("retry_after", &[b"120", b"0.5\n30", b"Thu, 21 Dec 2023 09:35:10 GMT", b"-1", b"1e9"]),
    ("redaction", &[b"\x08p\"ss/w+rd and what stands around it", b"\x04abcdabcabcd"]),
];

fn main() {
    let root = PathBuf::from(std::env::args().nth(1).expect("the folder to write to"));
    let write = |target: &str, index: usize, seed: &[u8]| {
        let folder = root.join(target);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("seed-{index:03}")), seed).expect("a seed");
    };
    for provider in ["sora", "ricoh", "uipath", "devicewise", "volcengine"] {
        for (index, replay) in fixtures_of(provider).iter().enumerate() {
            let first = u8::try_from(index).expect("fewer than 256 fixtures");
            write(provider, index, &[&[first], &replay.reply.body[..]].concat());
        }
    }
    for (index, case) in common::cases().iter().enumerate() {
        write("json", index, &case.body);
        write("body", index, &[&[7], &case.body[..]].concat());
    }
    for (target, texts) in TEXTS {
        for (index, text) in texts.iter().enumerate() {
            write(target, index, text);
        }
    }
}
