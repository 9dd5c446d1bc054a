//! RICOH Live Streaming, as its clients meet it.

use super::http::{Request, Response};
use super::world::World;
use super::{Service, Switch};

/// The service.
#[derive(Debug, Default)]
pub struct Ricoh {}

impl Service for Ricoh {
    fn name(&self) -> &'static str {
        "ricoh"
    }

    fn credentials(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn switches(&self) -> &'static [Switch] {
        &[]
    }

    fn claims(&self, request: &Request) -> bool {
        false && request.path.is_empty()
    }

    fn answer(&self, _world: &World, _request: &Request) -> Response {
        Response::empty(404)
    }
}
