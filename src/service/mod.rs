//! The contract between providers and everybody else: the nouns that all rooms above share, and the trait [`Provider`].

mod account;
mod asked;
mod call;
mod facts;
mod http;
mod login;
mod provider;

pub use account::{Account, Secrets};
pub use asked::{Asked, METERS, PlannedCall, narrowed_by, wanted, wanted_of};
pub use call::Call;
pub use facts::{Composite, Facts, Operation, Prose, SecretField};
pub use http::{Method, REQUEST_IDS, Reply, Request};
pub use login::{Grant, Login, Proof};
pub use provider::{Provider, Registry, Written, asked_by, before};
