//! Stretches of time that are there, put together while buckets are taken.

use serde::{Deserialize, Serialize};

/// Stretches in microseconds: in order, apart from each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Runs {
    all: Vec<(i64, i64)>,
    /// The stretch that grew last: the next bucket mostly belongs to it, too.
    #[serde(skip)]
    latest: usize,
}

impl Runs {
    /// Takes a bucket. Most follow the one before, or lie in a stretch that another series has filled already.
    #[inline]
    pub fn add(&mut self, start: i64, end: i64) {
        let is_there = |run: &(i64, i64)| run.0 <= start && end <= run.1;
        if !self.all.get(self.latest).is_some_and(is_there) {
            self.grow(start, end);
        }
    }

    fn grow(&mut self, start: i64, end: i64) {
        let next = self.all.get(self.latest + 1).map_or(i64::MAX, |next| next.0);
        match self.all.get_mut(self.latest) {
            Some(run) if run.1 == start && end < next => run.1 = end,
            _ => self.insert(start, end),
        }
    }

    fn insert(&mut self, start: i64, end: i64) {
        if end <= start {
            return;
        }
        let from = self.all.partition_point(|run| run.1 < start);
        let to = self.all.partition_point(|run| run.0 <= end);
        let touched = self.all.get(from..to).unwrap_or_default();
        let first = touched.first().map_or(start, |run| run.0.min(start));
        let last = touched.last().map_or(end, |run| run.1.max(end));
        self.all.splice(from..to.max(from), [(first, last)]);
        self.latest = from;
    }

    /// The stretches.
    pub fn iter(&self) -> impl Iterator<Item = (i64, i64)> {
        self.all.iter().copied()
    }

    /// The first moment and the last, if there is any.
    pub fn bounds(&self) -> Option<(i64, i64)> {
        Some((self.all.first()?.0, self.all.last()?.1))
    }

    /// What of `[start, end)` is not there.
    pub fn gaps(&self, start: i64, end: i64) -> Vec<(i64, i64)> {
        let mut gaps = Vec::new();
        let mut at = start;
        for (from, to) in self.touching(start, end) {
            if from > at {
                gaps.push((at, from));
            }
            at = at.max(to);
        }
        if at < end {
            gaps.push((at, end));
        }
        gaps
    }

    /// How much of `[start, end)` is there.
    pub fn within(&self, start: i64, end: i64) -> i64 {
        let parts = self.touching(start, end);
        parts.map(|(from, to)| (to.min(end) - from.max(start)).max(0)).sum()
    }

    /// The stretches of which some is in `[start, end)`, as they are.
    fn touching(&self, start: i64, end: i64) -> impl Iterator<Item = (i64, i64)> {
        let first = self.all.partition_point(|run| run.1 <= start);
        let rest = self.all.get(first..).unwrap_or_default().iter().copied();
        rest.take_while(move |(from, _)| *from < end)
    }

    /// What is there and not in the other.
    pub fn without(&self, other: &Self) -> Self {
        let mut rest = Self::default();
        for (start, end) in self.iter() {
            for (from, to) in other.gaps(start, end) {
                rest.insert(from, to);
            }
        }
        rest
    }

    /// What is there in both.
    pub fn both(&self, other: &Self) -> Self {
        let mut both = Self::default();
        let (mut mine, mut theirs) = (self.iter().peekable(), other.iter().peekable());
        while let (Some(one), Some(two)) = (mine.peek().copied(), theirs.peek().copied()) {
            both.insert(one.0.max(two.0), one.1.min(two.1));
            if one.1 <= two.1 {
                mine.next();
            } else {
                theirs.next();
            }
        }
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(buckets: &[(i64, i64)]) -> Runs {
        let mut runs = Runs::default();
        for (start, end) in buckets {
            runs.add(*start, *end);
        }
        runs
    }

    #[test]
    fn buckets_that_touch_are_one_stretch() {
        assert_eq!(of(&[(0, 1), (1, 2), (0, 1), (4, 5), (1, 2)]).all, [(0, 2), (4, 5)]);
        assert_eq!(of(&[(4, 5), (0, 1), (1, 4)]).all, [(0, 5)]);
        assert_eq!(of(&[(0, 2), (4, 6), (8, 9), (1, 8)]).all, [(0, 9)]);
        assert_eq!(of(&[(3, 3)]).bounds(), None);
    }

    #[test]
    fn gaps_are_what_is_not_there() {
        let runs = of(&[(2, 4), (6, 8)]);
        assert_eq!(runs.gaps(0, 10), [(0, 2), (4, 6), (8, 10)]);
        assert_eq!(runs.gaps(3, 7), [(4, 6)]);
        assert_eq!(runs.gaps(2, 4), []);
        assert_eq!((runs.within(0, 10), runs.within(3, 7)), (4, 2));
        assert_eq!(runs.both(&of(&[(3, 7)])).all, [(3, 4), (6, 7)]);
        assert_eq!(runs.without(&of(&[(3, 7)])).all, [(2, 3), (7, 8)]);
        assert_eq!(runs.without(&of(&[])), runs.both(&of(&[(0, 9)])));
    }

    proptest! {
        #[test]
        fn stretches_hold_the_moments_of_their_buckets_and_no_other(
            buckets in prop::collection::vec((0_i64..60, 1_i64..6), 0..40),
        ) {
            let mut runs = Runs::default();
            let mut there = [false; 80];
            for (start, length) in buckets {
                runs.add(start, start + length);
                (start..start + length).for_each(|at| there[usize::try_from(at).unwrap()] = true);
            }
            let mut told = [false; 80];
            for (start, end) in runs.iter() {
                (start..end).for_each(|at| told[usize::try_from(at).unwrap()] = true);
            }
            prop_assert_eq!(told, there);
            prop_assert!(runs.all.is_sorted_by(|one, next| one.1 < next.0));
        }
    }
}
