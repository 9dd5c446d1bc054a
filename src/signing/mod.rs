//! What makes a request authentic. Pure: the time and the secrets are passed in.

pub mod volcengine;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::service::Request;
use crate::values::secret::Secret;

/// `Authorization: Bearer …` (RFC 6750).
pub fn bearer(request: &mut Request, token: &Secret) {
    request
        .headers
        .push(("authorization", format!("Bearer {}", token.expose())));
}

/// `Authorization: Basic …` (RFC 7617).
pub fn basic(request: &mut Request, user: &str, password: &Secret) {
    let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
    request.headers.push(("authorization", format!("Basic {pair}")));
}
