//! The numbers of rows, one after the other as plain integers: an answer may have a million of them.

use crate::values::quantity::Quantity;

/// Stands where there is no number: none that fits 38 digits is so low.
const NOTHING: i128 = i128::MIN;

/// Numbers, some of which may be missing.
#[derive(Debug, Default)]
pub struct Figures {
    /// As [`Quantity::scaled`].
    scaled: Vec<i128>,
    /// The places of those that were rounded when they were read, which hardly any is.
    rounded: Vec<usize>,
}

impl Figures {
    /// None yet, and room for so many.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            scaled: Vec::with_capacity(capacity),
            rounded: Vec::new(),
        }
    }

    /// Makes room for so many more.
    pub fn reserve(&mut self, more: usize) {
        self.scaled.reserve(more);
    }

    /// How many there are, those that are missing among them.
    pub fn len(&self) -> usize {
        self.scaled.len()
    }

    /// Adds one.
    pub fn push(&mut self, found: Option<Quantity>) {
        if found.is_some_and(|found| found.rounded) {
            self.rounded.push(self.scaled.len());
        }
        self.scaled.push(found.map_or(NOTHING, |found| found.scaled));
    }

    /// The number at that place, if there is one.
    pub fn get(&self, place: usize) -> Option<Quantity> {
        let scaled = self.scaled.get(place).copied().filter(|scaled| *scaled != NOTHING)?;
        Some(Quantity {
            scaled,
            rounded: self.is_rounded(place),
        })
    }

    fn is_rounded(&self, place: usize) -> bool {
        !self.rounded.is_empty() && self.rounded.binary_search(&place).is_ok()
    }

    /// How many are missing.
    pub fn missing(&self) -> usize {
        self.scaled.iter().filter(|scaled| **scaled == NOTHING).count()
    }

    /// The numbers from that place on for which this holds, at most so many, up to the first that is missing or that was
    /// rounded.
    pub fn on_end(&self, place: usize, most: usize, is_like: impl Fn(usize) -> bool) -> &[i128] {
        let ends = |ahead: usize, scaled: i128| scaled == NOTHING || !is_like(ahead) || self.is_rounded(place + ahead);
        let rest = self.scaled.get(place..).unwrap_or_default();
        let rest = rest.get(..most.min(rest.len())).unwrap_or_default();
        let length = rest.iter().enumerate().position(|(ahead, scaled)| ends(ahead, *scaled));
        rest.get(..length.unwrap_or(rest.len())).unwrap_or_default()
    }
}
