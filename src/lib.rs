//! metertap reads the usage meters of cloud services into one table that can be trusted.
//!
//! The crate is three rings of rooms, and arrows point down only: a room uses the rooms named before it.
//!
//! * ring 0, pure: [`values`], [`meters`], [`service`] (the contract that all share), [`signing`], [`plan`] and [`spec`] (none
//!   uses another), [`providers`] — no sockets, clock, files or environment;
//! * ring 1, the world: the tables of usage and the engine (feature `client`); the simulator (feature `simulator`) uses no other room;
//! * ring 2, the face: the binding to Python (feature `python`).

#[cfg(feature = "client")]
pub mod engine;
pub mod meters;
pub mod plan;
pub mod providers;
#[cfg(feature = "python")]
mod python;
pub mod service;
pub mod signing;
#[cfg(feature = "simulator")]
pub mod simulator;
pub mod spec;
#[cfg(feature = "client")]
pub mod usage;
pub mod values;
