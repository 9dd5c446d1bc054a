//! What happened on the way to an answer, for whoever listens. Never a body, never a secret.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::values::error::Error;

/// Something worth knowing.
#[derive(Debug, Clone)]
pub enum Event {
    /// A request was answered.
    Answered {
        /// The provider.
        provider: &'static str,
        /// The account's name.
        account: String,
        /// The service's name of the operation.
        operation: &'static str,
        /// Which attempt it was, counted from 1.
        attempt: u32,
        /// The HTTP status.
        status: u16,
        /// From sending to the last byte.
        took: Duration,
    },
    /// An attempt failed and another one follows.
    Repeating {
        /// The account's name.
        account: String,
        /// Why.
        error: Error,
        /// After which wait.
        wait: Duration,
    },
    /// A request had to wait for the account's limits.
    Waited {
        /// The provider.
        provider: &'static str,
        /// The account's name.
        account: String,
        /// The service's name of the operation.
        operation: &'static str,
        /// How long.
        wait: Duration,
    },
    /// New credentials were fetched: a token or a session.
    LoggedIn {
        /// The provider.
        provider: &'static str,
        /// The account's name.
        account: String,
    },
    /// The service refused a request for coming too often, so fewer are sent from now on.
    LearnedLimit {
        /// The provider.
        provider: &'static str,
        /// The account's name.
        account: String,
        /// How many requests in a second.
        per_second: f64,
    },
    /// This machine's clock differs from the server's, and requests are signed with the server's from now on.
    ClockCorrected {
        /// The provider.
        provider: &'static str,
        /// The account's name.
        account: String,
        /// What is added to our clock, in seconds.
        seconds: i64,
    },
    /// The call failed for good.
    GaveUp {
        /// The account's name.
        account: String,
        /// Why.
        error: Error,
    },
}

/// Collects events until somebody drains them.
#[derive(Debug, Default)]
pub struct Trace {
    events: Mutex<Vec<Event>>,
    /// Who else hears of them.
    copy: OnceLock<Arc<Trace>>,
}

impl Trace {
    /// An empty one, whose events are copied to where this one's are.
    #[must_use]
    pub fn sibling(&self) -> Self {
        Self {
            events: Mutex::default(),
            copy: self.copy.clone(),
        }
    }

    /// From now on, events are copied to another trace as they happen.
    pub fn copy_to(&self, other: Arc<Trace>) {
        let _ = self.copy.set(other);
    }

    /// Adds an event.
    pub fn add(&self, event: Event) {
        if let Some(copy) = self.copy.get() {
            copy.add(event.clone());
        }
        self.lock().push(event);
    }

    /// Adds several events, of which copies have been made.
    pub fn extend(&self, events: Vec<Event>) {
        self.lock().extend(events);
    }

    /// Takes all events out.
    pub fn drain(&self) -> Vec<Event> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
