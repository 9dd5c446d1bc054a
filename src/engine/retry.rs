//! Whether to try again, and when: pure functions, and a budget.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::values::error::Remedy;
use crate::values::window::parse_http_date;

/// No delay of ours is longer.
const LONGEST_DELAY: Duration = Duration::from_secs(20);
/// No wait that a server asks for is obeyed if it is longer; the caller is told instead.
pub const LONGEST_HINT: Duration = Duration::from_secs(120);

/// What is known when an attempt has failed.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own; the table test names every combination that counts
pub struct Situation {
    /// What may help.
    pub remedy: Remedy,
    /// Attempts made so far, this one included; renewals and corrections are not counted.
    pub attempts: u32,
    /// Attempts allowed.
    pub allowed: u32,
    /// What the server asked us to wait.
    pub hint: Option<Duration>,
    /// Time left until the deadline.
    pub left: Duration,
    /// True if the connection broke before any byte of an answer: perhaps it was stale.
    pub connection_lost: bool,
    /// True if an immediate repetition, a renewal or a correction was made already, respectively.
    pub repeated_at_once: bool,
    /// See above.
    pub renewed: bool,
    /// See above.
    pub corrected: bool,
    /// True if credentials can be renewed at all.
    pub renewable: bool,
    /// True if sending the request twice does no harm.
    pub repeatable: bool,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Return the error.
    GiveUp,
    /// Try again after this long; `throttled` repetitions cost less of the budget.
    Repeat {
        /// How long to wait.
        wait: Duration,
        /// True if the service asked for fewer requests.
        throttled: bool,
    },
    /// Get new credentials and try again.
    Renew,
    /// Take the server's clock and try again.
    CorrectClock,
}

/// Decides, given a random number in `0.0..1.0`.
pub fn decide(situation: &Situation, chance: f64) -> Decision {
    let s = situation;
    match s.remedy {
        Remedy::RenewCredentials if s.renewable && !s.renewed => Decision::Renew,
        Remedy::CorrectClock if !s.corrected => Decision::CorrectClock,
        Remedy::None | Remedy::RenewCredentials | Remedy::CorrectClock => Decision::GiveUp,
        Remedy::Repeat | Remedy::RepeatThrottled | Remedy::RepeatOnce => repeat(s, chance),
    }
}

fn repeat(s: &Situation, chance: f64) -> Decision {
    let throttled = s.remedy == Remedy::RepeatThrottled;
    let allowed = if s.remedy == Remedy::RepeatOnce {
        s.allowed.min(2)
    } else {
        s.allowed
    };
    if !s.repeatable || s.attempts >= allowed {
        return Decision::GiveUp;
    }
    if s.connection_lost && !s.repeated_at_once {
        return Decision::Repeat {
            wait: Duration::ZERO,
            throttled,
        };
    }
    let wait = backoff(s.attempts, throttled, chance).max(s.hint.unwrap_or_default());
    if wait >= s.left || s.hint.is_some_and(|hint| hint > LONGEST_HINT) {
        return Decision::GiveUp;
    }
    Decision::Repeat { wait, throttled }
}

/// Full jitter: a random part of `base · 2^(attempts-1)`, at most 20 s.
pub fn backoff(attempts: u32, throttled: bool, chance: f64) -> Duration {
    let base = if throttled {
        Duration::from_secs(1)
    } else {
        Duration::from_millis(100)
    };
    let factor = 2_u32.saturating_pow(attempts.saturating_sub(1));
    base.saturating_mul(factor)
        .min(LONGEST_DELAY)
        .mul_f64(chance.clamp(0.0, 1.0))
}

/// What a server asks us to wait: `Retry-After` as seconds or as a date, else `RateLimit-Reset` in seconds.
/// Nonsense (negative, not finite, not a number, a date in the past) is no hint.
pub fn hint(retry_after: Option<&str>, rate_limit_reset: Option<&str>, now: Timestamp) -> Option<Duration> {
    retry_after
        .and_then(|text| seconds(text).or_else(|| until(text, now)))
        .or_else(|| rate_limit_reset.and_then(seconds))
}

fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    // Absurdly long waits stay long: they are reported, not obeyed.
    Duration::try_from_secs_f64(number.min(1e9))
        .ok()
        .filter(|wait| !wait.is_zero())
}

fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let moment = parse_http_date(text, now)?;
    Duration::try_from(moment.duration_since(now))
        .ok()
        .filter(|wait| !wait.is_zero())
}

/// What one account may spend on repetitions, so that a sick service gets fewer requests and not more.
#[derive(Debug)]
pub struct Budget(Mutex<u32>);

/// What the budget holds when full.
const FULL: u32 = 500;
const COST: u32 = 14;
const COST_THROTTLED: u32 = 5;

impl Default for Budget {
    fn default() -> Self {
        Self(Mutex::new(FULL))
    }
}

impl Budget {
    /// Takes the price of a repetition: what was taken, or nothing if there is not enough.
    pub fn take(&self, throttled: bool) -> Option<u32> {
        let price = if throttled { COST_THROTTLED } else { COST };
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.checked_sub(price)?;
        Some(price)
    }

    /// Gives back what a successful repetition took, or a little for a success at the first try.
    pub fn give(&self, amount: u32) {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.saturating_add(amount).min(FULL);
    }

    /// What is left.
    pub fn left(&self) -> u32 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Situation = Situation {
        remedy: Remedy::Repeat,
        attempts: 1,
        allowed: 3,
        hint: None,
        left: Duration::from_secs(60),
        connection_lost: false,
        repeated_at_once: false,
        renewed: false,
        corrected: false,
        renewable: true,
        repeatable: true,
    };

    const fn secs(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    const fn again(milliseconds: u64, throttled: bool) -> Decision {
        Decision::Repeat {
            wait: Duration::from_millis(milliseconds),
            throttled,
        }
    }

    #[test]
    #[allow(clippy::too_many_lines)] // a table
    fn every_situation_has_its_decision() {
        use Decision::{CorrectClock, GiveUp, Renew};
        let throttled = Situation {
            remedy: Remedy::RepeatThrottled,
            ..BASE
        };
        for (name, situation, decision) in [
            ("a fault is repeated", BASE, again(100, false)),
            (
                "the second wait is twice the first",
                Situation { attempts: 2, ..BASE },
                again(200, false),
            ),
            ("three attempts are enough", Situation { attempts: 3, ..BASE }, GiveUp),
            ("no retries means no retries", Situation { allowed: 1, ..BASE }, GiveUp),
            (
                "nothing helps",
                Situation {
                    remedy: Remedy::None,
                    ..BASE
                },
                GiveUp,
            ),
            (
                "what may not be repeated is not",
                Situation {
                    repeatable: false,
                    ..BASE
                },
                GiveUp,
            ),
            ("throttling waits longer", throttled, again(1000, true)),
            (
                "a hint is obeyed",
                Situation {
                    hint: Some(secs(7)),
                    ..throttled
                },
                again(7000, true),
            ),
            (
                "a hint on a fault is obeyed",
                Situation {
                    hint: Some(secs(7)),
                    ..BASE
                },
                again(7000, false),
            ),
            (
                "a short hint does not shorten our wait",
                Situation {
                    hint: Some(Duration::from_millis(1)),
                    ..throttled
                },
                again(1000, true),
            ),
            (
                "a hint beyond the deadline is the caller's",
                Situation {
                    hint: Some(secs(61)),
                    ..throttled
                },
                GiveUp,
            ),
            (
                "a hint of more than two minutes is the caller's",
                Situation {
                    hint: Some(secs(121)),
                    left: secs(600),
                    ..throttled
                },
                GiveUp,
            ),
            (
                "two minutes are obeyed",
                Situation {
                    hint: Some(secs(120)),
                    left: secs(600),
                    ..throttled
                },
                again(120_000, true),
            ),
            (
                "our own wait never passes the deadline",
                Situation {
                    left: Duration::from_millis(100),
                    ..BASE
                },
                GiveUp,
            ),
            (
                "a stale connection is repeated at once",
                Situation {
                    connection_lost: true,
                    ..BASE
                },
                again(0, false),
            ),
            (
                "but only once",
                Situation {
                    connection_lost: true,
                    repeated_at_once: true,
                    attempts: 2,
                    ..BASE
                },
                again(200, false),
            ),
            (
                "once means twice in all",
                Situation {
                    remedy: Remedy::RepeatOnce,
                    attempts: 2,
                    ..BASE
                },
                GiveUp,
            ),
            (
                "once is repeated once",
                Situation {
                    remedy: Remedy::RepeatOnce,
                    ..BASE
                },
                again(100, false),
            ),
            (
                "an expired token is renewed",
                Situation {
                    remedy: Remedy::RenewCredentials,
                    ..BASE
                },
                Renew,
            ),
            (
                "once",
                Situation {
                    remedy: Remedy::RenewCredentials,
                    renewed: true,
                    ..BASE
                },
                GiveUp,
            ),
            (
                "if it can be",
                Situation {
                    remedy: Remedy::RenewCredentials,
                    renewable: false,
                    ..BASE
                },
                GiveUp,
            ),
            (
                "a wrong clock is corrected",
                Situation {
                    remedy: Remedy::CorrectClock,
                    ..BASE
                },
                CorrectClock,
            ),
            (
                "once only",
                Situation {
                    remedy: Remedy::CorrectClock,
                    corrected: true,
                    ..BASE
                },
                GiveUp,
            ),
        ] {
            assert_eq!(decide(&situation, 1.0), decision, "{name}");
        }
    }

    #[test]
    fn a_delay_is_jittered_capped_and_never_overflows() {
        assert_eq!(backoff(1, false, 0.5), Duration::from_millis(50));
        for attempts in [10, 31, 32, 33, 64, u32::MAX] {
            assert_eq!(backoff(attempts, false, 1.0), LONGEST_DELAY);
            assert_eq!(backoff(attempts, true, 1.0), LONGEST_DELAY);
        }
        assert_eq!(backoff(0, false, 1.0), Duration::from_millis(100));
    }

    #[test]
    fn hints_are_read_and_nonsense_is_not() {
        let now = parse_http_date("Sat, 21 Nov 2026 21:00:00 GMT", Timestamp::UNIX_EPOCH).unwrap();
        for (text, wait) in [
            ("7", Some(secs(7))),
            (" 7 ", Some(secs(7))),
            ("0.5", Some(Duration::from_millis(500))),
            ("Sat, 21 Nov 2026 21:00:30 GMT", Some(secs(30))),
            ("Sat, 21 Nov 2026 20:00:00 GMT", None),
            ("0", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("inf", None),
            ("NaN", None),
            ("", None),
            ("soon", None),
            ("1,5", None),
            ("1.2.3", None),
            ("٣", None),
            ("Sat, 32 Nov 2026 20:00:00 GMT", None),
            ("2026-11-21T21:00:30Z", None),
            ("99999999999999999999999999999999999", Some(secs(1_000_000_000))),
            ("3600", Some(secs(3600))),
        ] {
            assert_eq!(hint(Some(text), None, now), wait, "{text:?}");
        }
        assert_eq!(hint(None, Some("30"), now), Some(secs(30)));
        assert_eq!(hint(Some("x"), Some("30"), now), Some(secs(30)));
        assert_eq!(hint(None, None, now), None);
    }

    #[test]
    fn a_dead_service_uses_the_budget_up_and_a_healthy_one_refills_it() {
        let budget = Budget::default();
        assert_eq!((0..1000).filter(|_| budget.take(false).is_some()).count(), 35);
        assert_eq!(budget.left(), 10);
        budget.give(COST);
        assert!(budget.take(false).is_some());
        budget.give(u32::MAX);
        assert_eq!(budget.left(), FULL);
    }
}
