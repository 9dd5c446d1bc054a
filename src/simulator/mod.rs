//! A local server that speaks the five providers' wire protocols, for demos and tests.
//!
//! It shares no signing, parsing or planning code with the client: what it checks, it checks by code of its own.
//! Usage is a pure function of the seed (see [`synth`]), so days add up to months and items to totals.
//! All services live on one port and are told apart by path:
//!
//! | provider | paths |
//! |---|---|
//! | sora | `/orgs/…`, `/projects/…` |
//! | ricoh | `/v1/clients/…` |
//! | uipath | any path with a `lease_`, `identity_` or `portal_` segment |
//! | devicewise | `/api` |
//! | volcengine | `/` |
//! | acme, a document's canned answers ([`canned`]) | `/~acme/…` |
//!
//! Each service knows several accounts ([`accounts`]), told apart by their credentials. They have the same usage, but each
//! has its own sessions and limits.

pub mod accounts;
pub mod canned;
pub mod devicewise;
pub mod faults;
mod garble;
pub mod http;
pub mod json;
pub mod ricoh;
pub mod server;
pub mod sora;
pub mod synth;
mod tls;
pub mod uipath;
pub mod volcengine;
mod wire;
pub mod world;

use http::{Request, Response};
use world::World;

/// One provider's service, as its clients meet it.
pub trait Service: Send + Sync {
    /// The provider's name, for example `"sora"`.
    fn name(&self) -> &'static str;

    /// What the client's `base_url` is, given the simulator's origin (for example `http://127.0.0.1:8080`).
    fn base_url(&self, origin: &str) -> String {
        origin.to_owned()
    }

    /// The made-up credentials of the account of this number, counted from 1: the keyword arguments of the Python client.
    fn credentials(&self, account: u32) -> Vec<(&'static str, String)>;

    /// The number of the account that asks; none if the request does not say so, or not rightly.
    fn account(&self, request: &Request) -> Option<u32>;

    /// What can be switched about it: one line per documented unknown, with the default first.
    fn switches(&self) -> &'static [Switch];

    /// True if this request is for this service.
    fn claims(&self, request: &Request) -> bool;

    /// What the service says. Total: any request gets an answer.
    fn answer(&self, world: &World, request: &Request) -> Response;

    /// What a client hears that asks too often.
    fn throttled(&self, _world: &World, _request: &Request, retry_after_seconds: u64) -> Response {
        Response::text(429, "text/plain; charset=utf-8", "Too Many Requests")
            .header("Retry-After", retry_after_seconds.to_string())
    }

    /// What a failure looks like that comes with status 200, for services that do so; the rest say it in a way of
    /// their own.
    fn refused_inside_200(&self, _world: &World, _request: &Request) -> Response {
        Response::json(
            200,
            &serde_json::json!({"error": {"code": "refused", "message": "a failure inside a 200"}}),
        )
    }

    /// Makes all sessions and tokens handed out so far invalid.
    fn expire_sessions(&self) {}
}

/// One fact about a service that its documentation leaves open, so that a test can have it either way.
#[derive(Debug, Clone, Copy)]
pub struct Switch {
    /// `provider.what`, for example `"ricoh.label_path"`.
    pub name: &'static str,
    /// The values it knows, the default first; an empty list means any text.
    pub values: &'static [&'static str],
    /// What it changes, in one sentence.
    pub doc: &'static str,
}

/// All services, in the order of the table above.
pub fn services() -> Vec<Box<dyn Service>> {
    vec![
        Box::new(sora::Sora::default()),
        Box::new(ricoh::Ricoh::default()),
        Box::new(uipath::UiPath::default()),
        Box::new(devicewise::DeviceWise::default()),
        Box::new(volcengine::Volcengine::default()),
    ]
}
