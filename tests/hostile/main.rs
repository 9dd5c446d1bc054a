//! Hostile bytes: whatever arrives is the right value or an error with a name; never a panic, never a silent loss.
//!
//! Everything starts from the fixtures, and is read through `answer()`, `typed()` and `readings()` of their providers.

#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

#[path = "../common/mod.rs"]
mod common;

mod beside;
mod cuts;
mod exact;
mod gaps;
mod json;
mod kept;
mod leaves;
mod properties;
mod scan;
mod sound;
mod twice;
