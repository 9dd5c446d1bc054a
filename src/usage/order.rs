//! The order of an answer's rows: within a series they ascend in time, whatever order the service sent them in.
//!
//! A series is what one meter tells under the same labels. Only its own rows change places with each other, so that
//! the series stand where the service put them.

use super::arrays::Numbers;

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
/// Rows whose starts ascend altogether cost one comparison each; those of one series after the other cost one more for
/// each dimension.
pub fn ascending<'a, L>(series: &Series<'a, L>, starts: &[i64]) -> Option<Vec<usize>>
where
    L: Fn(u32) -> Option<&'a str>,
{
    if starts.is_sorted() {
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

    /// The order of rows of these meters, labels and starts.
    fn order(rows: &[(u16, &'static str, i64)]) -> Option<Vec<usize>> {
        let meter: Vec<u16> = rows.iter().map(|row| row.0).collect();
        // Each row's label has a number of its own, as a text may.
        let labels = vec![(0_u32..).take(rows.len()).collect::<Vec<u32>>()];
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
