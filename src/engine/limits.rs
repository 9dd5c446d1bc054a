//! What one account may do at once: requests under way, requests in a second, and times when nothing may be sent.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::clock::{self, Instant};
use super::retry::LONGEST_HINT;
use crate::values::error::{Error, Kind, Result};

/// How late a request may be without losing its turn: timers and networks are not exact.
const SLACK: Duration = Duration::from_millis(20);

/// The limits of one account, shared by all its clients in this process.
#[derive(Debug)]
pub struct Limits {
    permits: Semaphore,
    pace: Mutex<Pace>,
}

#[derive(Debug)]
struct Pace {
    capacity: usize,
    /// The time between two requests; nothing where no rate is known.
    interval: Option<Duration>,
    /// When the next request may be sent.
    next: Option<Instant>,
    /// Until when the service wants no requests at all.
    closed_until: Option<Instant>,
}

impl Limits {
    /// Limits of this many requests at once and in a second.
    pub fn new(concurrency: usize, per_second: Option<f64>) -> Self {
        let capacity = concurrency.max(1);
        let interval = interval(per_second);
        let pace = Pace {
            capacity,
            interval,
            next: None,
            closed_until: None,
        };
        Self {
            permits: Semaphore::new(capacity),
            pace: Mutex::new(pace),
        }
    }

    /// Takes over another number of requests at once, from a client that was made with it.
    pub fn resize(&self, concurrency: usize) {
        let mut pace = self.pace();
        let wanted = concurrency.max(1);
        if wanted > pace.capacity {
            self.permits.add_permits(wanted - pace.capacity);
            pace.capacity = wanted;
        } else {
            pace.capacity -= self.permits.forget_permits(pace.capacity - wanted);
        }
    }

    /// Takes over another rate: the account's own, or a part of a plan's share of it.
    pub fn repace(&self, per_second: Option<f64>) {
        self.pace().interval = interval(per_second);
    }

    /// Waits until a request may be sent; the permit is good until it is dropped.
    pub async fn admit(&self) -> Result<SemaphorePermit<'_>> {
        let permit = self.permits.acquire().await;
        let permit = permit.map_err(|_| Error::new(Kind::ShuttingDown, "the library is shutting down"))?;
        loop {
            let now = clock::monotonic();
            if let Some(wait) = self.closed_for(now) {
                clock::sleep(wait).await;
                continue;
            }
            match self.turn(now) {
                Some(turn) if turn > now => clock::sleep_until(turn).await,
                _ => break,
            }
            // The service may have closed in the meantime; else the turn has come.
            if self.closed_for(clock::monotonic()).is_none() {
                break;
            }
        }
        Ok(permit)
    }

    /// Keeps all requests back for this long, because the service asked for it.
    pub fn close_for(&self, wait: Duration) {
        let until = clock::monotonic() + wait.min(LONGEST_HINT);
        let mut pace = self.pace();
        pace.closed_until = Some(pace.closed_until.map_or(until, |earlier| earlier.max(until)));
    }

    /// How many permits are free.
    pub fn free(&self) -> usize {
        self.permits.available_permits()
    }

    fn closed_for(&self, now: Instant) -> Option<Duration> {
        let until = self.pace().closed_until?;
        (now < until).then(|| until - now)
    }

    /// Takes the next turn: when the request may be sent. Turns stand in a row, one interval apart; who comes late by
    /// no more than the slack does not push those behind back, so the rate is kept on the whole.
    fn turn(&self, now: Instant) -> Option<Instant> {
        let mut pace = self.pace();
        let interval = pace.interval?;
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        let turn = pace.next.map_or(now, |next| next.max(earliest));
        pace.next = Some(turn + interval);
        Some(turn)
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn interval(per_second: Option<f64>) -> Option<Duration> {
    per_second.and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_are_spaced_by_the_rate() {
        let limits = Limits::new(100, Some(10.0));
        let start = clock::monotonic();
        for _ in 0..11 {
            drop(limits.admit().await.unwrap());
        }
        // Ten intervals of 100 ms; the timer wheel is a millisecond coarse.
        let spent = start.elapsed().as_millis();
        assert!((1000..=1020).contains(&spent), "{spent}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_of_a_plan_keeps_to_its_share_of_the_rate() {
        let limits = Limits::new(100, Some(10.0));
        limits.repace(Some(2.0));
        let start = clock::monotonic();
        for _ in 0..3 {
            drop(limits.admit().await.unwrap());
        }
        let spent = start.elapsed().as_millis();
        assert!((1000..=1020).contains(&spent), "{spent}");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_while_the_service_is_closed() {
        let limits = Limits::new(1, None);
        limits.close_for(Duration::from_secs(3));
        limits.close_for(Duration::from_secs(1));
        let start = clock::monotonic();
        drop(limits.admit().await.unwrap());
        assert!(start.elapsed() >= Duration::from_secs(3));
    }

    #[tokio::test]
    async fn a_permit_comes_back_when_it_is_dropped_and_the_size_can_change() {
        let limits = Limits::new(2, None);
        let permit = limits.admit().await.unwrap();
        assert_eq!(limits.free(), 1);
        drop(permit);
        assert_eq!(limits.free(), 2);
        limits.resize(5);
        assert_eq!(limits.free(), 5);
        limits.resize(1);
        assert_eq!(limits.free(), 1);
    }
}
