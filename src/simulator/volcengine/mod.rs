//! Volcengine Live, as its clients meet it.

use super::http::{Request, Response};
use super::world::World;
use super::{Service, Switch};

/// The service.
#[derive(Debug, Default)]
pub struct Volcengine {}

impl Service for Volcengine {
    fn name(&self) -> &'static str {
        "volcengine"
    }

    fn credentials(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn switches(&self) -> &'static [Switch] {
        &[]
    }

    fn claims(&self, request: &Request) -> bool {
        request.path == "/"
    }

    fn answer(&self, _world: &World, _request: &Request) -> Response {
        Response::empty(404)
    }
}
