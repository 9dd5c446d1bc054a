//! The only file that knows time and chance.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
pub use tokio::time::Instant;

/// The wall clock, moved by what is known of the server's.
pub fn now(offset: SignedDuration) -> Timestamp {
    let here = Timestamp::now();
    here.checked_add(offset).unwrap_or(here)
}

/// The monotonic clock.
pub fn monotonic() -> Instant {
    Instant::now()
}

/// Waits; dropping the future ends the wait.
pub async fn sleep(wait: Duration) {
    tokio::time::sleep(wait).await;
}

/// Waits until a moment; dropping the future ends the wait.
pub async fn sleep_until(moment: Instant) {
    tokio::time::sleep_until(moment).await;
}

/// A random number in `0.0..1.0`.
pub fn chance() -> f64 {
    fastrand::f64()
}
