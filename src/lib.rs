//! metertap reads the usage meters of cloud services into one table that can be trusted.
//!
//! The crate is three rings, and arrows point inwards only:
//!
//! * ring 0, pure: [`values`], [`meters`], [`service`], [`signing`], [`plan`], [`providers`] — no sockets, clock, files or environment;
//! * ring 1, the world: the engine and the tables of usage (feature `client`), and the simulator (feature `simulator`);
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
#[cfg(feature = "client")]
pub mod usage;
pub mod values;
