//! The order of an answer's rows: within a series they ascend in time, whatever order the service sent them in.
//!
//! A series is what one meter tells under the same labels. Only its own rows change places with each other, so that
//! the series stand where the service put them.

use ahash::AHashMap;

use super::arrays::Numbers;

/// Series stand one after the other if at least so many rows on end are of the same, on average; else they alternate.
pub const FEW: usize = 8;

/// The columns that tell which series a row belongs to.
pub struct Series<'a, L> {
    /// The meter of each row.
    pub meter: &'a [u16],
    /// For each dimension the number of each row's label; a text may have several numbers.
    pub labels: &'a [Vec<u32>],
    /// The text of a label's number.
    pub text: L,
}

/// For each row the one that belongs there, or nothing if all are in order.
///
/// Rows whose starts ascend altogether cost one comparison each; those of one series after the other one more for each
/// dimension.
pub fn ascending<'a, L>(series: &Series<'a, L>, starts: &[i64]) -> Option<Vec<usize>>
where
    L: Fn(u32) -> Option<&'a str>,
{
    if starts.is_sorted() {
        return None;
    }
    if let Some(bounds) = series.bounds(starts.len() / FEW)
        && !series.descends_between(&bounds, starts)
    {
        return None;
    }
    let numbers = series.numbers();
    let count = numbers.iter().max().map_or(0, |most| *most as usize + 1);
    if !descends(&numbers, count, starts) {
        return None;
    }
    let mut places: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (row, number) in numbers.iter().enumerate() {
        if let Some(places) = places.get_mut(*number as usize) {
            places.push(row);
        }
    }
    let mut order: Vec<usize> = (0..starts.len()).collect();
    for places in places {
        let mut rows = places.clone();
        rows.sort_by_key(|row| starts.get(*row));
        for (place, row) in places.into_iter().zip(rows) {
            if let Some(slot) = order.get_mut(place) {
                *slot = row;
            }
        }
    }
    Some(order)
}

/// The places whose value differs from the one before; nothing if there are more than so many.
fn changes<T: PartialEq>(column: &[T], most: usize) -> Option<Vec<usize>> {
    let pairs = column.iter().zip(column.iter().skip(1)).enumerate();
    let differs = pairs.filter(|(_, (one, other))| one != other);
    let places: Vec<usize> = differs.map(|(place, _)| place + 1).take(most + 1).collect();
    (places.len() <= most).then_some(places)
}

/// True if any series goes back in time.
fn descends(numbers: &[u32], count: usize, starts: &[i64]) -> bool {
    let mut latest = vec![i64::MIN; count];
    numbers.iter().zip(starts).any(|(number, start)| {
        let latest = latest.get_mut(*number as usize);
        latest.is_some_and(|latest| std::mem::replace(latest, *start) > *start)
    })
}

/// The column with its rows in that order.
pub fn arrange<T: Copy>(column: &mut Vec<T>, order: &[usize]) {
    let arranged: Vec<T> = order.iter().filter_map(|row| column.get(*row).copied()).collect();
    // A column that holds nothing, as costs often do, stays empty.
    if arranged.len() == column.len() {
        *column = arranged;
    }
}

impl<'a, L: Fn(u32) -> Option<&'a str>> Series<'a, L> {
    /// Where rows on end are of another series than those before; nothing if that is so more than so many times.
    pub fn bounds(&self, most: usize) -> Option<Vec<usize>> {
        let mut bounds = changes(self.meter, most)?;
        for column in self.labels {
            bounds.extend(changes(column, most)?);
        }
        bounds.sort_unstable();
        bounds.dedup();
        Some(bounds)
    }

    /// True if any series goes back in time, which has all its rows between these bounds.
    fn descends_between(&self, bounds: &[usize], starts: &[i64]) -> bool {
        let mut latest: AHashMap<(u16, Vec<Option<&'a str>>), i64> = AHashMap::new();
        let ends = bounds.iter().copied().chain([starts.len()]);
        [0].iter()
            .copied()
            .chain(bounds.iter().copied())
            .zip(ends)
            .any(|(from, to)| {
                let rows = starts.get(from..to).unwrap_or_default();
                let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
                    return false;
                };
                let labels = self.labels.iter();
                let labels = labels.map(|column| column.get(from).and_then(|number| (self.text)(*number)));
                let series = (self.meter.get(from).copied().unwrap_or_default(), labels.collect());
                let before = latest.insert(series, *last);
                before.is_some_and(|before| before > *first) || !rows.is_sorted()
            })
    }

    /// The number of each row's series.
    fn numbers(&self) -> Vec<u32> {
        let mut labels = vec![0; self.meter.len()];
        for column in self.labels {
            let (mut texts, mut all) = (Numbers::default(), Numbers::default());
            // Texts are compared only where the numbers differ.
            let mut latest = None;
            for (row, number) in labels.iter_mut().zip(column) {
                let text = match latest {
                    Some((known, text)) if known == *number => text,
                    _ => texts.of((self.text)(*number)),
                };
                latest = Some((*number, text));
                *row = all.of((*row, text));
            }
        }
        // Meters alternate where each row of an answer holds several, so each has its latest number.
        let mut series = Numbers::default();
        let mut latest: Vec<Option<(u32, u32)>> = Vec::new();
        for (row, meter) in labels.iter_mut().zip(self.meter) {
            let place = usize::from(*meter);
            if place >= latest.len() {
                latest.resize(place + 1, None);
            }
            let number = match latest.get(place).copied().flatten() {
                Some((labels, number)) if labels == *row => number,
                _ => series.of((*meter, *row)),
            };
            if let Some(latest) = latest.get_mut(place) {
                *latest = Some((*row, number));
            }
            *row = number;
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (u16, &'static str, i64);

    /// The order of rows of these meters, labels and starts, each label with a number of its own, as a text may have.
    fn order(rows: &[Row]) -> Option<Vec<usize>> {
        numbered(rows, (0..).take(rows.len()).collect())
    }

    /// The same, with one number for rows on end of one label.
    fn shared(rows: &[Row]) -> Option<Vec<usize>> {
        let mut numbers: Vec<u32> = Vec::new();
        for (row, (_, label, _)) in rows.iter().enumerate() {
            let is_new = row == 0 || rows[row - 1].1 != *label;
            numbers.push(if is_new {
                u32::try_from(row).unwrap()
            } else {
                numbers[row - 1]
            });
        }
        numbered(rows, numbers)
    }

    fn numbered(rows: &[Row], numbers: Vec<u32>) -> Option<Vec<usize>> {
        let meter: Vec<u16> = rows.iter().map(|row| row.0).collect();
        let labels = vec![numbers];
        let starts: Vec<i64> = rows.iter().map(|row| row.2).collect();
        let series = Series {
            meter: &meter,
            labels: &labels,
            text: |number| Some(rows[number as usize].1),
        };
        ascending(&series, &starts)
    }

    #[test]
    fn rows_that_ascend_within_their_series_stay_where_they_are() {
        assert_eq!(order(&[]), None);
        assert_eq!(order(&[(0, "a", 1), (0, "a", 1), (0, "a", 2)]), None);
        assert_eq!(order(&[(0, "a", 1), (0, "a", 2), (0, "b", 1), (0, "b", 2)]), None);
        assert_eq!(order(&[(0, "a", 1), (1, "a", 1), (0, "a", 2), (1, "a", 0x7fff)]), None);
        assert_eq!(order(&[(0, "a", 1), (0, "b", 1), (0, "a", 2), (0, "b", 2)]), None);
        assert_eq!(order(&[(0, "a", 5), (1, "a", 1)]), None);
    }

    #[test]
    fn a_series_that_goes_back_in_time_is_put_in_order_at_its_own_places() {
        assert_eq!(order(&[(0, "a", 3), (0, "a", 1), (0, "a", 2)]), Some(vec![1, 2, 0]));
        // The newest first, two labels at each time.
        let rows = [(0, "a", 2), (0, "b", 2), (0, "a", 1), (0, "b", 1)];
        assert_eq!(order(&rows), Some(vec![2, 3, 0, 1]));
        // A series that goes on after another one.
        let rows = [(0, "a", 5), (0, "b", 1), (0, "a", 4)];
        assert_eq!(order(&rows), Some(vec![2, 1, 0]));
        let rows = [(0, "a", 1), (1, "a", 9), (0, "a", 2), (1, "a", 8)];
        assert_eq!(order(&rows), Some(vec![0, 3, 2, 1]));
    }

    #[test]
    fn long_series_one_after_the_other_are_told_apart_by_their_texts() {
        let series = |label: &'static str, from: i64| (from..from + 20).map(move |start| (0, label, start));
        // "b" begins before "a" ends, which is its right; "a" goes on after it.
        let mut rows: Vec<_> = series("a", 10).chain(series("b", 5)).chain(series("a", 30)).collect();
        assert_eq!(shared(&rows), None);
        // Now its second part begins before the first one ends.
        rows[40].2 = 9;
        assert_eq!(
            shared(&rows).map(|order| order[..21].to_vec()),
            Some([vec![40], (0..19).collect(), vec![20]].concat())
        );
        // A single row in the midst of a series.
        rows[40].2 = 30;
        rows.swap(25, 26);
        assert_eq!(
            shared(&rows).map(|order| order[24..28].to_vec()),
            Some(vec![24, 26, 25, 27])
        );
    }

    #[test]
    fn rows_of_one_start_keep_their_order() {
        let rows = [(0, "a", 2), (0, "a", 1), (0, "a", 2), (0, "a", 1)];
        assert_eq!(order(&rows), Some(vec![1, 3, 0, 2]));
    }

    #[test]
    fn a_column_that_holds_nothing_stays_empty() {
        let (mut numbers, mut nothing) = (vec![1, 2, 3], Vec::<i64>::new());
        arrange(&mut numbers, &[2, 0, 1]);
        arrange(&mut nothing, &[2, 0, 1]);
        assert_eq!((numbers, nothing), (vec![3, 1, 2], vec![]));
    }
}
