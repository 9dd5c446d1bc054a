//! The providers: what each service offers, how a question becomes a request, and what its answers mean.
//!
//! A provider is pure: same input, same output; no clock, no network, no globals. Each has the same five files:
//! `mod.rs` (what it is), `query.rs` (question to request), `model.rs` (the wire), `read.rs` (bytes to values or error),
//! `meters.rs` (what it measures, and values to readings; Volcengine's many rows have `readings.rs` for the latter).
//! What an answer of any of them says of itself is read in `envelope.rs`.

pub mod devicewise;
mod envelope;
pub mod ricoh;
pub mod sora;
#[cfg(test)]
pub(crate) mod testing;
pub mod uipath;
pub mod volcengine;

use crate::service::Provider;

/// All providers: the one list.
pub static REGISTRY: &[&dyn Provider] = &[
    &sora::Sora,
    &ricoh::Ricoh,
    &uipath::UiPath,
    &devicewise::DeviceWise,
    &volcengine::Volcengine,
];

/// The provider of that name.
pub fn provider(name: &str) -> Option<&'static dyn Provider> {
    REGISTRY.iter().copied().find(|provider| provider.facts().name == name)
}
