//! What each fuzz target does with its bytes. A panic is a find; so is an input that takes longer than it may.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // as in tests

#[path = "../../tests/hostile/beside.rs"]
mod beside;
#[path = "../../tests/common/mod.rs"]
pub mod common;
#[path = "../../tests/hostile/scan.rs"]
#[allow(dead_code)]
mod scan;
#[path = "../../tests/hostile/sound.rs"]
#[allow(dead_code)]
mod sound;

pub mod body;
pub mod documents;
pub mod exchanges;
pub mod json;
pub mod numbers;
pub mod redaction;
pub mod retry_after;
mod timing;
pub mod windows;

pub use timing::run;

/// The first byte as a number, and the others; nothing of nothing.
fn number(data: &[u8]) -> Option<(usize, &[u8])> {
    data.split_first().map(|(first, rest)| (usize::from(*first), rest))
}
