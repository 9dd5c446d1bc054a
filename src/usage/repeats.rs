//! Rows that come twice in one answer: with the same figures they count once, with different ones the answer
//! contradicts itself. One rule for all providers.
//!
//! Most answers are seen to have none without a look at their labels: where starts ascend, no row can come again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use jiff::Timestamp;

use super::order;
use crate::meters::Source;
use crate::values::error::{Error, Kind, Result};
use crate::values::quantity::Quantity;

/// So many rows of one moment are compared with each other; more are hashed.
const FEW: usize = 8;

/// The columns of an answer's readings.
pub struct Rows<'r> {
    /// What the readings are of.
    pub source: &'static Source,
    /// Their meters.
    pub meter: &'r [u16],
    /// For each dimension the numbers of their labels.
    pub labels: &'r [Vec<u32>],
    /// The label of that number.
    pub label: &'r dyn Fn(u32) -> Option<&'r str>,
    /// Their first moments, in microseconds.
    pub start: &'r [i64],
    /// The first moments after them.
    pub end: &'r [i64],
    /// The numbers.
    pub quantity: &'r [i128],
    /// The costs, if there are any.
    pub cost: &'r [i128],
}

/// What a row is of.
type Series<'r> = (u16, Vec<Option<&'r str>>);

impl<'r> Rows<'r> {
    /// The places of the rows that say again what an earlier one says, in order.
    pub fn repeated(&self) -> Result<Vec<usize>> {
        if !self.may_repeat() {
            return Ok(Vec::new());
        }
        let mut first: HashMap<(Series<'r>, i64), usize> = HashMap::with_capacity(self.start.len());
        let mut repeated = Vec::new();
        for (row, start) in self.start.iter().enumerate() {
            match first.entry((self.series(row), *start)) {
                Entry::Vacant(free) => {
                    free.insert(row);
                }
                Entry::Occupied(taken) => {
                    self.compare(*taken.get(), row)?;
                    repeated.push(row);
                }
            }
        }
        Ok(repeated)
    }

    /// False where the order of the rows shows that each series has each moment once.
    fn may_repeat(&self) -> bool {
        if self.start.is_sorted() {
            self.repeats_within_a_moment()
        } else {
            self.comes_back()
        }
    }

    /// True if rows of one moment, which stand together, may be of the same series.
    fn repeats_within_a_moment(&self) -> bool {
        let mut digests = Digests::new(self);
        let mut from = 0;
        for moment in self.start.chunk_by(i64::eq) {
            let rows = from..from + moment.len();
            from = rows.end;
            let repeats = if rows.len() <= FEW {
                rows.clone()
                    .any(|row| (row + 1..rows.end).any(|other| self.is_of_one_series(row, other)))
            } else {
                !self.ascends(&rows) && digests.repeat(rows)
            };
            if repeats {
                return true;
            }
        }
        false
    }

    /// True if the rows of one moment stand in the order of one of their labels, as those of sorted answers do.
    fn ascends(&self, rows: &Range<usize>) -> bool {
        let text = |column: &Vec<u32>, row: usize| column.get(row).and_then(|number| (self.label)(*number));
        let ascends = |column: &Vec<u32>| {
            let mut before = None;
            rows.clone().all(|row| {
                let label = text(column, row);
                // A row without a label is no row of a series that this one tells apart.
                let is_next = label.is_some() && before < label;
                before = label;
                is_next
            })
        };
        self.labels.iter().any(ascends)
    }

    /// True if a series goes back in time, or comes again at a moment that it has passed.
    fn comes_back(&self) -> bool {
        let series = order::Series {
            meter: self.meter,
            labels: self.labels,
            text: self.label,
        };
        let Some(bounds) = series.bounds(self.start.len() / order::FEW) else {
            return self.comes_back_by_row();
        };
        // Series stand one after the other: each is looked at as a whole.
        let mut latest: HashMap<Series<'r>, i64> = HashMap::with_capacity(bounds.len() + 1);
        let starts = [0].into_iter().chain(bounds.iter().copied());
        let ends = bounds.iter().copied().chain([self.start.len()]);
        starts.zip(ends).any(|(from, to)| {
            let rows = self.start.get(from..to).unwrap_or_default();
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
                return false;
            };
            let passed = latest.insert(self.series(from), *last);
            passed.is_some_and(|passed| passed >= *first) || !rows.is_sorted_by(|one, next| one < next)
        })
    }

    fn comes_back_by_row(&self) -> bool {
        let mut latest: HashMap<Series<'r>, i64> = HashMap::new();
        let mut row = 0;
        while let Some(start) = self.start.get(row) {
            let mut last = row;
            while self.goes_on(last) {
                last += 1;
            }
            let end = self.start.get(last).copied().unwrap_or(*start);
            let passed = latest.insert(self.series(row), end);
            if passed.is_some_and(|passed| passed >= *start) {
                return true;
            }
            row = last + 1;
        }
        false
    }

    /// True if the next row is the same series at a later moment.
    fn goes_on(&self, row: usize) -> bool {
        let later = matches!((self.start.get(row), self.start.get(row + 1)), (Some(one), Some(next)) if one < next);
        later && self.is_of_one_series(row, row + 1)
    }

    fn is_of_one_series(&self, row: usize, other: usize) -> bool {
        let same_label = |column: &Vec<u32>| match (column.get(row), column.get(other)) {
            (Some(one), Some(next)) => one == next || (self.label)(*one) == (self.label)(*next),
            _ => false,
        };
        self.meter.get(row) == self.meter.get(other) && self.labels.iter().all(same_label)
    }

    fn series(&self, row: usize) -> Series<'r> {
        let label = |column: &Vec<u32>| column.get(row).and_then(|number| (self.label)(*number));
        let meter = self.meter.get(row).copied().unwrap_or_default();
        (meter, self.labels.iter().map(label).collect())
    }

    /// Two rows of one series and moment must say the same.
    fn compare(&self, first: usize, again: usize) -> Result<()> {
        let plain = |value: i128| {
            let quantity = Quantity {
                scaled: value,
                rounded: false,
            };
            quantity.to_string()
        };
        let moment =
            |value: i64| Timestamp::from_microsecond(value).map_or_else(|_| "-".to_owned(), |at| at.to_string());
        let amounts = |column: &[i128]| [first, again].map(|row| column.get(row).copied().unwrap_or_default());
        let [one, other] = amounts(self.quantity);
        let [cost, other_cost] = amounts(self.cost);
        let ends = [first, again].map(|row| self.end.get(row).copied().unwrap_or_default());
        let (what, one, other) = if one != other {
            ("have different figures", plain(one), plain(other))
        } else if cost != other_cost {
            ("have different costs", plain(cost), plain(other_cost))
        } else if ends[0] != ends[1] {
            ("end at different moments", moment(ends[0]), moment(ends[1]))
        } else {
            return Ok(());
        };
        let (meter, labels) = self.series(first);
        let name = self
            .source
            .meters
            .get(usize::from(meter))
            .map_or("", |meter| meter.name);
        let labels: Vec<&str> = labels.into_iter().flatten().collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!(" ({})", labels.join(", "))
        };
        let at = moment(self.start.get(first).copied().unwrap_or_default());
        let text = format!("two rows of {name}{labels} at {at} {what}: {one} and {other}");
        Err(Error::new(Kind::InconsistentResponse, text))
    }
}

/// Digests of series: two that are the same show that rows may repeat, two that differ that they do not.
struct Digests<'a, 'r> {
    rows: &'a Rows<'r>,
    state: ahash::RandomState,
    /// For each dimension the number and the digest of the label before.
    latest: Vec<(u32, u64)>,
    seen: ahash::AHashSet<u64>,
}

impl<'a, 'r> Digests<'a, 'r> {
    fn new(rows: &'a Rows<'r>) -> Self {
        let state = ahash::RandomState::new();
        let nothing = state.hash_one((rows.label)(0));
        Self {
            rows,
            latest: vec![(0, nothing); rows.labels.len()],
            state,
            seen: ahash::AHashSet::new(),
        }
    }

    /// True if two of these rows have the same digest.
    fn repeat(&mut self, rows: Range<usize>) -> bool {
        self.seen.clear();
        self.seen.reserve(rows.len());
        rows.into_iter().any(|row| {
            let digest = self.of(row);
            !self.seen.insert(digest)
        })
    }

    fn of(&mut self, row: usize) -> u64 {
        let mut digest = u64::from(self.rows.meter.get(row).copied().unwrap_or_default());
        for (column, latest) in self.rows.labels.iter().zip(&mut self.latest) {
            let number = column.get(row).copied().unwrap_or_default();
            if number != latest.0 {
                *latest = (number, self.state.hash_one((self.rows.label)(number)));
            }
            // Labels that change places are another series.
            digest = digest.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ latest.1;
        }
        digest
    }
}

#[cfg(test)]
mod tests {
    use crate::meters::{Reading, Sink};
    use crate::usage::fixture::{SUMS, at, call, day, evidence, shown, window};
    use crate::usage::{CallReadings, Collector, Outcome, Usage};
    use crate::values::error::{Kind, Result};
    use crate::values::quantity::Quantity;

    /// A row of `toy.traffic` (or, with a pool, of `toy.minutes`): vhost, pool, day of January, figure.
    type Row<'r> = (Option<&'r str>, Option<&'r str>, &'r str, &'r str);

    fn kept(rows: &[Row<'_>]) -> Result<CallReadings> {
        let call = call("c1", "main", &SUMS, window("2026-01-01", "2026-02-01"));
        let mut collector = Collector::new(&call, at("2026-03-01"));
        for (vhost, pool, start, figure) in rows {
            let labels = [*vhost, *pool];
            let (meter, width) = if pool.is_some() { (0, 2) } else { (1, 1) };
            collector.reading(day(meter, &labels[..width], start, figure));
        }
        collector.finish()
    }

    fn count(rows: &[Row<'_>]) -> (usize, Vec<String>) {
        let kept = kept(rows).unwrap();
        (kept.len(), kept.notes)
    }

    const ONE: &str = "2026-01-01";
    const TWO: &str = "2026-01-02";

    #[test]
    fn a_row_that_comes_again_counts_once_wherever_it_stands() {
        let (a, b) = (Some("a"), Some("b"));
        for rows in [
            // At once, after another row of the same moment, after a later one, in another order, between other series.
            vec![(a, None, ONE, "1"), (a, None, ONE, "1.0"), (b, None, ONE, "1")],
            vec![(a, None, ONE, "1"), (b, None, ONE, "1"), (a, None, ONE, "1")],
            vec![(a, None, ONE, "1"), (a, None, TWO, "1"), (a, None, ONE, "1")],
            vec![(a, None, TWO, "1"), (a, None, ONE, "1"), (a, None, TWO, "1")],
            vec![(a, None, ONE, "1"), (b, None, "2026-01-03", "1"), (a, None, ONE, "1")],
            // A label that is not there is one of its own.
            vec![(None, None, ONE, "1"), (a, None, ONE, "1"), (None, None, ONE, "1")],
            vec![(a, b, ONE, "1"), (a, None, ONE, "1"), (a, b, ONE, "1")],
        ] {
            let note = "rows that repeat another one, counted once: 1".to_owned();
            assert_eq!(count(&rows), (2, vec![note]), "{rows:?}");
        }
    }

    #[test]
    fn many_rows_of_one_moment_are_told_apart_by_their_labels() {
        let hosts: Vec<String> = (0..20).map(|nth| format!("host-{nth}")).collect();
        let mut rows: Vec<Row<'_>> = hosts.iter().map(|host| (Some(host.as_str()), None, ONE, "1")).collect();
        assert_eq!(count(&rows), (20, vec![]));
        rows.push((Some("host-7"), None, ONE, "1"));
        assert_eq!(count(&rows).0, 20);
    }

    #[test]
    fn other_moments_labels_and_meters_are_no_repeats() {
        let (a, b) = (Some("a"), Some("b"));
        let rows = [
            (a, None, ONE, "1"),
            (a, None, TWO, "1"),
            (b, None, ONE, "1"),
            (b, None, TWO, "1"),
            (a, b, ONE, "1"),
            (b, a, ONE, "1"),
            (None, None, TWO, "1"),
            (Some(""), None, TWO, "1"),
        ];
        assert_eq!(count(&rows), (8, vec![]));
    }

    #[test]
    fn two_rows_that_contradict_each_other_are_an_error_that_names_both() {
        let row = |quantity: &str, cost: Option<&str>, end: &str| Reading {
            end: Some(at(end)),
            cost: cost.map(|cost| Quantity::parse(cost).unwrap()),
            ..day(1, &[Some("a")], ONE, quantity)
        };
        for (rows, message) in [
            (
                [row("1", None, TWO), row("-2.5", None, TWO)],
                "two rows of toy.traffic (a) at 2026-01-01T00:00:00Z have different figures: 1 and -2.5",
            ),
            (
                [row("1", Some("3"), TWO), row("1", Some("4"), TWO)],
                "two rows of toy.traffic (a) at 2026-01-01T00:00:00Z have different costs: 3 and 4",
            ),
            (
                [row("1", None, TWO), row("1", None, "2026-01-03")],
                "two rows of toy.traffic (a) at 2026-01-01T00:00:00Z end at different moments: 2026-01-02T00:00:00Z and \
                 2026-01-03T00:00:00Z",
            ),
        ] {
            let call = call("c1", "main", &SUMS, window("2026-01-01", "2026-02-01"));
            let mut collector = Collector::new(&call, at("2026-03-01"));
            for row in rows {
                collector.reading(row);
            }
            let error = collector.finish().unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Kind::InconsistentResponse, message)
            );
        }
    }

    #[test]
    fn what_is_dropped_is_gone_from_all_columns() {
        let call = call("c1", "main", &SUMS, window("2026-01-01", "2026-03-01"));
        let plan = crate::usage::fixture::plan(vec![call]);
        let mut collector = Collector::new(&plan.calls[0], at("2026-03-01"));
        let row = |labels, start, cost: &str| Reading {
            cost: Some(Quantity::parse(cost).unwrap()),
            ..day(1, labels, start, "1")
        };
        let (a, b) = ([Some("a")], [Some("b")]);
        for (labels, start, cost) in [
            (&a, "2026-02-28", "1"),
            (&a, "2026-02-28", "1"),
            (&b, ONE, "2"),
            (&a, TWO, "3"),
        ] {
            collector.reading(row(labels, start, cost));
        }
        let result = collector.finish();
        assert_eq!(result.as_ref().unwrap().provisional, 1);
        let evidence = evidence();
        let usage = Usage::assemble(
            &plan,
            vec![Outcome {
                call: 0,
                evidence,
                result,
            }],
        )
        .unwrap();
        for (column, values) in [
            ("vhost", ["a", "b", "a"]),
            ("cost", ["3", "2", "1"]),
            ("status", ["settled", "settled", "provisional"]),
            ("flags", ["floored", "floored", "floored"]),
        ] {
            assert_eq!(shown(&usage.readings, column), values, "{column}");
        }
    }
}
