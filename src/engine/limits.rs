//! What one account may do at once: requests under way, requests in a second, and times when nothing may be sent.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::clock::{self, Instant};
use super::learning::Learning;
use super::retry::LONGEST_HINT;
use crate::values::error::{Error, Kind, Remedy, Result};

/// How long after a turn somebody may ask and still have it: timers and networks are not exact.
const SLACK: Duration = Duration::from_millis(20);
/// How late somebody who has asked in time may be: this machine may be busy with other things.
const STALL: Duration = Duration::from_secs(1);

/// How long nothing is sent after a refusal that says nothing of it. Else the next request would be refused, too, at
/// whatever rate, since the service has nothing left to give.
const REST: Duration = Duration::from_secs(1);

/// More requests than this are not told apart within a second: at such a rate the intervals are what counts.
const MOST_REMEMBERED: f64 = 10_000.0;

/// The limits of one account, shared by all its clients in this process.
#[derive(Debug)]
pub struct Limits {
    permits: Semaphore,
    /// Held by who is next, so that requests are sent in the order in which they were asked for.
    gate: tokio::sync::Mutex<()>,
    pace: Mutex<Pace>,
}

#[derive(Debug)]
struct Pace {
    capacity: usize,
    /// The requests in a second that are allowed, as far as anybody has said.
    ceiling: Option<f64>,
    /// The last client's own rate, if one had any.
    own: Option<f64>,
    /// What refusals have taught besides.
    learning: Learning,
    /// The next turn: turns stand in a row, one interval apart.
    next: Option<Instant>,
    /// When the last requests were sent, as many as may be sent in a second.
    sent: VecDeque<Instant>,
    /// Until when the service wants no requests at all.
    closed_until: Option<Instant>,
}

impl Limits {
    /// Limits of this many requests at once and in a second.
    pub fn new(concurrency: usize, per_second: Option<f64>) -> Self {
        let capacity = concurrency.max(1);
        let pace = Pace {
            capacity,
            ceiling: per_second,
            own: None,
            learning: Learning::default(),
            next: None,
            sent: VecDeque::new(),
            closed_until: None,
        };
        Self {
            permits: Semaphore::new(capacity),
            gate: tokio::sync::Mutex::default(),
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

    /// Takes over another rate: the account's own, or a part of a plan's share of it. What refusals have taught stays.
    pub fn repace(&self, per_second: Option<f64>) {
        self.pace().ceiling = per_second;
    }

    /// Takes over the rate that a client was made with, once: calls of a plan are made by such clients, too, and have
    /// the plan's rate.
    pub fn adopt(&self, own: f64) {
        let mut pace = self.pace();
        if pace.own != Some(own) {
            pace.own = Some(own);
            pace.ceiling = Some(own).filter(|rate| rate.is_finite());
        }
    }

    /// Waits until a request may be sent; the permit is good until it is dropped. Whose deadline comes before the service
    /// wants requests again is told so at once.
    pub async fn admit(&self, deadline: Instant) -> Result<SemaphorePermit<'_>> {
        let asked = clock::monotonic();
        self.closed(deadline).map_or(Ok(()), Err)?;
        let permit = self.permits.acquire().await;
        let permit = permit.map_err(|_| Error::new(Kind::ShuttingDown, "the library is shutting down"))?;
        if self.pace().is_open() {
            return Ok(permit);
        }
        self.closed(deadline).map_or(Ok(()), Err)?;
        let _gate = self.gate.lock().await;
        loop {
            self.closed(deadline).map_or(Ok(()), Err)?;
            let now = clock::monotonic();
            let wait_until = self.pace().take(asked, now);
            match wait_until {
                None => return Ok(permit),
                Some(moment) => clock::sleep_until(moment).await,
            }
        }
    }

    /// The error of who may not wait longer than to this moment, if the service wants no requests until later.
    pub fn closed(&self, deadline: Instant) -> Option<Error> {
        let until = self.pace().closed_until.filter(|until| *until > deadline)?;
        let left = until.saturating_duration_since(clock::monotonic());
        let text = format!(
            "the service was asked before and wants no more requests for {:.1} s, which is after this call's deadline; \
             ask again then, or with a longer timeout",
            left.as_secs_f64()
        );
        let mut error = Error::new(Kind::RateLimited, text).with_remedy(Remedy::None);
        error.retry_after = Some(left);
        Some(error)
    }

    /// Keeps all requests back for this long, because the service asked for it.
    pub fn close_for(&self, wait: Duration) {
        let until = clock::monotonic() + wait.min(LONGEST_HINT);
        let mut pace = self.pace();
        pace.closed_until = Some(pace.closed_until.map_or(until, |earlier| earlier.max(until)));
    }

    /// A request that was sent then was answered, and not refused for coming too often.
    pub fn granted(&self, sent: Instant) {
        self.pace().learning.granted(sent);
    }

    /// A request that was sent then was refused for coming too often; the service may have told when to come back.
    /// Returns what the rate is from now on, if that is news.
    pub fn refused(&self, sent: Instant, hint: Option<Duration>) -> Option<f64> {
        let learned = {
            let mut pace = self.pace();
            let ceiling = pace.ceiling;
            let learned = pace.learning.refused(sent, clock::monotonic(), ceiling);
            if learned.is_some() {
                pace.next = None;
            }
            learned
        };
        // Who has taken a turn at the old rate takes another one after this.
        let rest = learned.and_then(interval).map(|interval| interval.max(REST));
        if let Some(wait) = hint.or(rest) {
            self.close_for(wait);
        }
        learned
    }

    /// The requests in a second that are allowed now, as far as that is known.
    pub fn per_second(&self) -> Option<f64> {
        self.pace().per_second()
    }

    /// How many permits are free.
    pub fn free(&self) -> usize {
        self.permits.available_permits()
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    fn per_second(&self) -> Option<f64> {
        match (self.ceiling, self.learning.rate()) {
            (Some(ceiling), Some(learned)) => Some(ceiling.min(learned)),
            (ceiling, learned) => ceiling.or(learned),
        }
    }

    /// True if nobody has to wait for anything.
    fn is_open(&self) -> bool {
        self.closed_until.is_none() && self.per_second().is_none()
    }

    /// Takes the next turn, for a request that was asked for then, or says what to wait for.
    ///
    /// Who asked in time and comes late, because this machine was busy, keeps the turn, and those behind keep theirs:
    /// so the rate is kept on the whole. But no more are sent in any second than the rate has.
    fn take(&mut self, asked: Instant, now: Instant) -> Option<Instant> {
        if let Some(until) = self.closed_until.filter(|until| now < *until) {
            return Some(until);
        }
        self.closed_until = None;
        let rate = self.per_second()?;
        let interval = interval(rate)?;
        let at_once = rate.ceil().max(1.0);
        let before = |moment: Instant, by| moment.checked_sub(by).unwrap_or(moment);
        let earliest = before(asked, SLACK).max(before(now, STALL));
        let turn = self.next.map_or(now, |next| next.max(earliest));
        let after = self.sent.iter().rev().nth(place(at_once));
        let allowed = after.map_or(turn, |sent| turn.max(*sent + interval.mul_f64(at_once)));
        if allowed > now {
            self.learning.grow(now, self.ceiling);
            return Some(allowed);
        }
        self.next = Some(turn + interval);
        self.sent.push_back(now);
        while self.sent.len() > place(at_once) + 1 {
            self.sent.pop_front();
        }
        None
    }
}

/// The place of the last of so many, counted from 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a rate is above 0, and more is not remembered
fn place(count: f64) -> usize {
    count.min(MOST_REMEMBERED) as usize - 1
}

/// The time between two requests.
fn interval(per_second: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(1.0 / per_second).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_are_spaced_by_the_rate() {
        let limits = Limits::new(100, Some(10.0));
        let start = clock::monotonic();
        for _ in 0..11 {
            drop(limits.admit(far()).await.unwrap());
        }
        // Ten intervals of 100 ms; the timer wheel is a millisecond coarse.
        let spent = start.elapsed().as_millis();
        assert!((1000..=1020).contains(&spent), "{spent}");
    }

    fn far() -> Instant {
        clock::monotonic() + Duration::from_secs(3600)
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_wait_for_a_closed_service_is_told_what_is_left() {
        let limits = Limits::new(1, None);
        let held = limits.admit(far()).await.unwrap();
        limits.close_for(Duration::from_secs(100));
        clock::sleep(Duration::from_secs(10)).await;
        let start = clock::monotonic();
        let refused = limits.admit(start + Duration::from_secs(3)).await.unwrap_err();
        assert_eq!((refused.kind, refused.remedy), (Kind::RateLimited, Remedy::None));
        assert_eq!(refused.retry_after, Some(Duration::from_secs(90)));
        assert_eq!(start.elapsed(), Duration::ZERO);
        drop(held);
        // A deadline beyond it is waited for.
        drop(limits.admit(start + Duration::from_secs(91)).await.unwrap());
        assert!(start.elapsed() >= Duration::from_secs(90));
        assert!(limits.closed(start).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_permit_is_told_when_the_service_closes_meanwhile() {
        let limits = Limits::new(1, None);
        let held = limits.admit(far()).await.unwrap();
        let closing = async {
            clock::sleep(Duration::from_secs(1)).await;
            limits.close_for(Duration::from_secs(100));
            drop(held);
        };
        let start = clock::monotonic();
        let (refused, ()) = tokio::join!(limits.admit(start + Duration::from_secs(3)), closing);
        assert_eq!(refused.unwrap_err().retry_after, Some(Duration::from_secs(100)));
        assert!(start.elapsed() < Duration::from_secs(2));
    }

    /// The moments at which requests that are all asked for at the start are sent, in milliseconds, if this machine does
    /// nothing between two moments.
    fn sent_around_a_stall(rate: f64, count: usize, stall: std::ops::Range<u64>) -> Vec<u64> {
        let limits = Limits::new(1, Some(rate));
        let start = clock::monotonic();
        let mut at = 0;
        let mut sent = Vec::new();
        while sent.len() < count {
            let now = start + Duration::from_millis(at);
            match limits.pace().take(start, now) {
                None => sent.push(at),
                Some(turn) => at = u64::try_from((turn - start).as_micros().div_ceil(1000)).unwrap(),
            }
            if stall.contains(&at) {
                at = stall.end;
            }
        }
        sent
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_busy_machine_misses_is_made_up_for_without_too_many_in_a_second() {
        let sent = sent_around_a_stall(10.0, 31, 450..900);
        assert_eq!(sent[..5], [0, 100, 200, 300, 400]);
        assert_eq!(sent[5..10], [900; 5]);
        assert_eq!(sent[10..12], [1000, 1100]);
        assert_eq!(sent.last(), Some(&3000));
        let in_a_second = |from: &u64| sent.iter().filter(|at| (*from..from + 1000).contains(at)).count();
        assert!(sent.iter().all(|from| in_a_second(from) <= 10), "{sent:?}");
        // A longer one is not made up for wholly, and ten at once keep the next ten back for a second.
        let sent = sent_around_a_stall(10.0, 31, 450..1900);
        let in_a_second = |from: &u64| sent.iter().filter(|at| (*from..from + 1000).contains(at)).count();
        assert!(sent.iter().all(|from| in_a_second(from) <= 10), "{sent:?}");
        assert_eq!(sent.last(), Some(&3900));
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_is_not_made_up_for() {
        let limits = Limits::new(1, Some(10.0));
        drop(limits.admit(far()).await.unwrap());
        clock::sleep(Duration::from_secs(5)).await;
        let start = clock::monotonic();
        for _ in 0..6 {
            drop(limits.admit(far()).await.unwrap());
        }
        let spent = start.elapsed().as_millis();
        assert!((480..=520).contains(&spent), "{spent}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_that_is_no_whole_number_is_kept() {
        for rate in [0.5, 1.5, 2.0 / 3.0, 33.3] {
            let limits = Limits::new(1, Some(rate));
            let start = clock::monotonic();
            for _ in 0..41 {
                drop(limits.admit(far()).await.unwrap());
            }
            let share = 40.0 / start.elapsed().as_secs_f64() / rate;
            assert!((0.97..1.01).contains(&share), "{rate}: {share}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_of_a_plan_keeps_to_its_share_of_the_rate() {
        let limits = Limits::new(100, Some(10.0));
        limits.repace(Some(2.0));
        let start = clock::monotonic();
        for _ in 0..3 {
            drop(limits.admit(far()).await.unwrap());
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
        drop(limits.admit(far()).await.unwrap());
        assert!(start.elapsed() >= Duration::from_secs(3));
    }

    #[tokio::test]
    async fn a_permit_comes_back_when_it_is_dropped_and_the_size_can_change() {
        let limits = Limits::new(2, None);
        let permit = limits.admit(far()).await.unwrap();
        assert_eq!(limits.free(), 1);
        drop(permit);
        assert_eq!(limits.free(), 2);
        limits.resize(5);
        assert_eq!(limits.free(), 5);
        limits.resize(1);
        assert_eq!(limits.free(), 1);
    }

    /// A service that lets so many requests through in a second, and a second's worth at once; it answers after 80 ms,
    /// and refuses with a hint in whole seconds or without one.
    struct Service {
        rate: f64,
        has_hints: bool,
        bucket: Mutex<(f64, Instant)>,
    }

    impl Service {
        fn new(rate: f64, has_hints: bool) -> Self {
            let bucket = Mutex::new((rate, clock::monotonic()));
            Self {
                rate,
                has_hints,
                bucket,
            }
        }

        async fn lets_through(&self) -> bool {
            let is_granted = {
                let mut bucket = self.bucket.lock().unwrap();
                let now = clock::monotonic();
                let tokens = (bucket.0 + (now - bucket.1).as_secs_f64() * self.rate).min(self.rate);
                *bucket = (if tokens < 1.0 { tokens } else { tokens - 1.0 }, now);
                tokens >= 1.0
            };
            clock::sleep(Duration::from_millis(80)).await;
            is_granted
        }
    }

    /// Makes so many calls, as many at once as there are permits; how often it was refused, and the seconds it took.
    async fn work(limits: &Limits, service: &Service, calls: usize) -> (usize, f64) {
        let left = std::sync::atomic::AtomicUsize::new(calls);
        let begun = clock::monotonic();
        let worker = async || {
            let mut refusals = 0;
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok()
            {
                loop {
                    let permit = limits.admit(far()).await.unwrap();
                    let sent = clock::monotonic();
                    let is_granted = service.lets_through().await;
                    if is_granted {
                        limits.granted(sent);
                        break;
                    }
                    refusals += 1;
                    limits.refused(sent, service.has_hints.then_some(Duration::from_secs(1)));
                    drop(permit);
                    clock::sleep(Duration::from_millis(500)).await;
                }
            }
            refusals
        };
        let refusals = futures_util::future::join_all((0..12).map(|_| worker())).await;
        (refusals.iter().sum(), begun.elapsed().as_secs_f64())
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_allows_less_than_declared_refuses_little_and_is_used_well() {
        for (ceiling, real, most) in [
            (Some(100.0), 20.0, 9),
            (Some(30.0), 20.0, 3),
            (Some(100.0), 5.0, 19),
            (None, 20.0, 12),
            (None, 60.0, 12),
        ] {
            for has_hints in [true, false] {
                let limits = Limits::new(12, ceiling);
                let service = Service::new(real, has_hints);
                let (refusals, seconds) = work(&limits, &service, 400).await;
                let share = 400.0 / seconds / real;
                let told = format!("{ceiling:?} {real} {has_hints}: {refusals} refusals, {share:.2} of the rate");
                assert!(refusals <= most && share >= 0.8, "{told}");
                assert!(refusals > 0, "{told}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_clients_own_rate_is_adopted_once_and_a_plans_share_stays() {
        let limits = Limits::new(1, Some(30.0));
        limits.adopt(10.0);
        assert_eq!(limits.per_second(), Some(10.0));
        limits.repace(Some(5.0));
        limits.adopt(10.0);
        assert_eq!(limits.per_second(), Some(5.0));
        limits.adopt(f64::INFINITY);
        assert_eq!(limits.per_second(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_learned_stays_below_every_rate_that_is_set() {
        let limits = Limits::new(1, Some(100.0));
        assert_eq!(limits.refused(clock::monotonic(), None), Some(25.0));
        limits.repace(Some(50.0));
        assert_eq!(limits.per_second(), Some(25.0));
        limits.repace(Some(5.0));
        assert_eq!(limits.per_second(), Some(5.0));
        limits.repace(None);
        assert_eq!(limits.per_second(), Some(25.0));
    }
}
