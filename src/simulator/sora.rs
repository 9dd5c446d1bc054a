//! Sora Cloud, as its clients meet it.

use super::http::{Request, Response};
use super::world::World;
use super::{Service, Switch};

/// The service.
#[derive(Debug, Default)]
pub struct Sora {}

impl Service for Sora {
    fn name(&self) -> &'static str {
        "sora"
    }

    fn credentials(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn switches(&self) -> &'static [Switch] {
        &[]
    }

    fn claims(&self, request: &Request) -> bool {
        request.path.starts_with("/orgs/") || request.path.starts_with("/projects/")
    }

    fn answer(&self, _world: &World, _request: &Request) -> Response {
        Response::empty(404)
    }
}
