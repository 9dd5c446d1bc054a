//! What makes a request authentic, and how an account gets it.

use std::time::Duration;

use jiff::Timestamp;

use super::{Request, Secrets};
use crate::values::secret::Secret;

/// What makes a request authentic: the secrets, the token or session if the account needs one, and the time.
#[derive(Debug)]
pub struct Proof<'a> {
    /// The account's secrets.
    pub secrets: &'a Secrets,
    /// What the last login granted.
    pub token: Option<&'a Secret>,
    /// The time now, by the server's clock as far as it is known.
    pub now: Timestamp,
}

/// What a login grants.
#[derive(Debug)]
pub struct Grant {
    /// The token or session.
    pub token: Secret,
    /// How long it is good for; nothing if only an error will tell.
    pub lives: Option<Duration>,
}

/// Where a login stands.
pub enum Login {
    /// The account signs without one.
    NotNeeded,
    /// This request comes next; its answer decides how it goes on.
    Send(Request),
    /// It is done.
    Granted(Grant),
}
