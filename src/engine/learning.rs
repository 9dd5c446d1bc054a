//! What refusals teach about an account's real rate. Pure: the time is passed in.
//!
//! Why it is done so stands in `docs/decisions/0008-learning-the-real-rate.md`.

use std::collections::VecDeque;
use std::time::Duration;

use super::clock::Instant;

/// How many granted requests are remembered.
const MEMORY: usize = 512;
/// Services let about a second's worth of requests through at once, before they begin to refuse.
const BURST: Duration = Duration::from_secs(1);
/// With fewer grants than this, a refusal tells little; the rate is then taken to be at least this.
const LEAST_EVIDENCE: f64 = 10.0;
/// What is kept of the estimate, so that the service can recover.
const KEEP: f64 = 0.9;
/// No lesson lowers a rate that is known by more than this.
const LOWEST_STEP: f64 = 0.25;
/// No account becomes slower than a request a minute.
const LOWEST: f64 = 1.0 / 60.0;
/// The rate grows by this share in a second, times the seconds since the last refusal ...
const GROWTH: f64 = 0.005;
/// ... but by no more than this.
const FASTEST_GROWTH: f64 = 0.1;

/// What is known of an account's real rate.
#[derive(Debug, Default)]
pub struct Learning {
    /// When requests were sent that were not refused, in the order of their answers.
    granted: VecDeque<Instant>,
    lesson: Option<Lesson>,
}

/// What the last refusal taught, and what has become of it since.
#[derive(Debug, Clone, Copy)]
struct Lesson {
    /// Requests in a second.
    rate: f64,
    /// When it was learned.
    at: Instant,
    /// When the rate last grew.
    grown: Instant,
}

impl Learning {
    /// The rate that was learned, if the account was ever refused.
    pub fn rate(&self) -> Option<f64> {
        self.lesson.map(|lesson| lesson.rate)
    }

    /// A request that was sent then was not refused.
    pub fn granted(&mut self, sent: Instant) {
        if self.granted.len() == MEMORY {
            self.granted.pop_front();
        }
        self.granted.push_back(sent);
    }

    /// A request that was sent then was refused. Returns the new rate, unless the request was sent before the last
    /// lesson: what is under way at that time can no longer obey it.
    pub fn refused(&mut self, sent: Instant, now: Instant, ceiling: Option<f64>) -> Option<f64> {
        if self.lesson.is_some_and(|lesson| sent < lesson.at) {
            return None;
        }
        let estimate = KEEP * self.estimate(now);
        let rate = match self.rate().or(ceiling) {
            Some(known) => estimate.clamp(LOWEST_STEP * known, KEEP * known),
            None => estimate,
        };
        let rate = rate.max(LOWEST);
        let (at, grown) = (now, now);
        self.lesson = Some(Lesson { rate, at, grown });
        Some(rate)
    }

    /// Lets the rate grow, because a request had to wait for it. What reaches the ceiling is forgotten.
    pub fn grow(&mut self, now: Instant, ceiling: Option<f64>) {
        let Some(lesson) = self.lesson.as_mut() else { return };
        let since = now.saturating_duration_since(lesson.at).as_secs_f64();
        // An account at rest learns nothing, so its rate does not grow.
        let step = now.saturating_duration_since(lesson.grown).min(BURST).as_secs_f64();
        lesson.rate *= ((GROWTH * since).min(FASTEST_GROWTH) * step).exp();
        lesson.grown = now;
        if ceiling.is_some_and(|ceiling| lesson.rate >= ceiling) {
            self.lesson = None;
        }
    }

    /// The most that was granted in any stretch of time up to now, which is counted a second longer: a service that
    /// refuses has let so much through at once before. No stretch gives more than the real rate.
    fn estimate(&self, now: Instant) -> f64 {
        let floor = if self.lesson.is_none() { LEAST_EVIDENCE } else { 0.0 };
        let newest_first = self.granted.iter().rev();
        newest_first.zip(1_u16..).fold(floor, |most, (sent, count)| {
            let seconds = (now.saturating_duration_since(*sent) + BURST).as_secs_f64();
            most.max(f64::from(count) / seconds)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// So many requests granted at this pace, then one refused; what was learned, to a hundredth.
    fn lesson(learning: &mut Learning, granted: u64, every_ms: u64, ceiling: Option<f64>) -> Option<f64> {
        let start = Instant::now();
        for count in 0..granted {
            learning.granted(start + ms(count * every_ms));
        }
        let now = start + ms(granted * every_ms);
        let rate = learning.refused(now, now, ceiling)?;
        Some((rate * 100.0).round() / 100.0)
    }

    #[test]
    fn the_first_refusal_tells_the_rate_of_a_service_that_lets_a_seconds_worth_through_at_once() {
        // 20 a second: 25 are let through at 100 a second, 27 at 80 a second.
        assert_eq!(lesson(&mut Learning::default(), 25, 10, None), Some(18.0));
        assert_eq!(lesson(&mut Learning::default(), 40, 25, None), Some(18.0));
        // Where a rate is known, it falls by no more than three quarters.
        assert_eq!(lesson(&mut Learning::default(), 25, 10, Some(100.0)), Some(25.0));
        assert_eq!(lesson(&mut Learning::default(), 25, 10, Some(30.0)), Some(18.0));
        // By a tenth at least: the service did refuse.
        assert_eq!(lesson(&mut Learning::default(), 25, 10, Some(10.0)), Some(9.0));
    }

    #[test]
    fn a_refusal_at_the_very_start_tells_little() {
        assert_eq!(lesson(&mut Learning::default(), 0, 10, None), Some(9.0));
        assert_eq!(lesson(&mut Learning::default(), 5, 10, None), Some(9.0));
        assert_eq!(lesson(&mut Learning::default(), 0, 10, Some(100.0)), Some(25.0));
    }

    #[test]
    fn slow_times_before_a_burst_do_not_hide_the_rate() {
        let mut learning = Learning::default();
        let start = Instant::now();
        (0..300).for_each(|count| learning.granted(start + ms(count * 1000)));
        let burst = start + ms(300_000);
        (0..25).for_each(|count| learning.granted(burst + ms(count * 10)));
        let now = burst + ms(250);
        assert_eq!(learning.refused(now, now, None), Some(0.9 * 25.0 / 1.25));
    }

    #[test]
    fn what_was_under_way_when_the_lesson_came_teaches_nothing_more() {
        let mut learning = Learning::default();
        let start = Instant::now();
        assert_eq!(learning.refused(start, start + ms(80), Some(100.0)), Some(25.0));
        assert_eq!(learning.refused(start + ms(70), start + ms(150), Some(100.0)), None);
        assert_eq!(
            learning.refused(start + ms(80), start + ms(160), Some(100.0)),
            Some(6.25)
        );
        assert_eq!(learning.rate(), Some(6.25));
    }

    #[test]
    fn no_account_becomes_slower_than_a_request_a_minute() {
        let mut learning = Learning::default();
        let start = Instant::now();
        for second in 0..100 {
            let now = start + ms(second * 1000);
            learning.refused(now, now, None);
        }
        assert_eq!(learning.rate(), Some(LOWEST));
    }

    #[test]
    fn the_rate_grows_faster_and_faster_and_ends_at_the_ceiling() {
        let mut learning = Learning::default();
        let start = Instant::now();
        learning.refused(start, start, Some(100.0));
        let rate_after = |learning: &mut Learning, seconds: std::ops::RangeInclusive<u64>| {
            seconds.for_each(|second| learning.grow(start + ms(second * 1000), Some(100.0)));
            learning.rate().map(f64::round)
        };
        assert_eq!(rate_after(&mut learning, 1..=5), Some(27.0));
        assert_eq!(rate_after(&mut learning, 6..=16), Some(49.0));
        assert_eq!(rate_after(&mut learning, 17..=22), Some(87.0));
        assert_eq!(rate_after(&mut learning, 23..=25), None);
    }

    #[test]
    fn the_rate_of_an_account_at_rest_does_not_grow() {
        let mut learning = Learning::default();
        let start = Instant::now();
        learning.refused(start, start, Some(100.0));
        learning.grow(start + ms(3_600_000), Some(100.0));
        assert_eq!(learning.rate().map(f64::round), Some(28.0)); // a second's worth
    }
}
