//! Ring 1: the engine. It sends what a provider asks for, as often as is right, and returns what the answer means.
//!
//! It knows providers through [`crate::service::Provider`] only. The loop itself is in [`fetch`].

pub mod body;
pub mod canned;
pub mod client;
pub mod clock;
pub mod credentials;
pub mod fetch;
pub mod keep;
pub mod learning;
pub mod limits;
mod login;
pub mod native;
pub mod observe;
mod pages;
pub mod retry;
pub mod run;
pub mod together;
pub mod transport;

pub use client::{Client, Options, ProxyChoice};
pub use fetch::Engine;
pub use observe::{Event, Trace};
