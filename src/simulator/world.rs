//! What all services share: the seed, the time, the switches.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// The seed, the time and the switches of one simulator.
#[derive(Debug)]
pub struct World {
    seed: u64,
    /// Fixed: the simulated time stands still here. Else the machine's own time passes.
    fixed_now: Option<Timestamp>,
    changeable: Mutex<Changeable>,
}

#[derive(Debug, Default)]
struct Changeable {
    clock_offset: SignedDuration,
    switches: BTreeMap<String, String>,
}

impl World {
    /// A world with this seed; `now` makes its time stand still.
    pub fn new(seed: u64, now: Option<Timestamp>) -> Self {
        Self {
            seed,
            fixed_now: now,
            changeable: Mutex::default(),
        }
    }

    /// The seed of all synthetic usage.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The moment up to which usage exists: what "this month so far" and "one year back" are measured from.
    pub fn now(&self) -> Timestamp {
        self.fixed_now.unwrap_or_else(Timestamp::now)
    }

    /// The time on the server's wall, for `Date` headers, signatures, tokens and sessions: real time, plus an offset for clock tests.
    /// Signed requests are made with the client's real clock, so this never stands still.
    pub fn wall_clock(&self) -> Timestamp {
        let offset = self.lock().clock_offset;
        Timestamp::now()
            .checked_add(offset)
            .unwrap_or_else(|_| Timestamp::now())
    }

    /// The time in `Date` headers: the simulated one where it stands still, so that answers are stamped with the moment they are
    /// about. A clock that was put off shows, though: clients learn from this header by how much they have to correct.
    pub fn date(&self) -> Timestamp {
        match self.fixed_now {
            Some(now) if self.lock().clock_offset.is_zero() => now,
            _ => self.wall_clock(),
        }
    }

    /// Puts the server's wall clock off by this much.
    pub fn set_clock_offset(&self, offset: SignedDuration) {
        self.lock().clock_offset = offset;
    }

    /// The value of a switch, if it was set.
    pub fn switch(&self, name: &str) -> Option<String> {
        self.lock().switches.get(name).cloned()
    }

    /// True if the switch stands on this value.
    pub fn switch_is(&self, name: &str, value: &str) -> bool {
        self.lock().switches.get(name).is_some_and(|set| set == value)
    }

    /// Sets a switch; the server has checked name and value.
    pub fn set_switch(&self, name: &str, value: &str) {
        self.lock().switches.insert(name.to_owned(), value.to_owned());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Changeable> {
        self.changeable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
