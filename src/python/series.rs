//! The rows of a table as series of plain numbers: what a picture is drawn of, a million rows as fast as ten.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int32Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;

use super::table::nearest;

/// The rows that have the same words in some columns, in the table's order.
#[derive(Default)]
pub struct Series {
    /// Those words.
    pub key: Vec<Option<String>>,
    /// How many rows there are.
    pub rows: usize,
    /// The places of the first of them.
    pub first: Vec<usize>,
    /// Of the rows with a window and a number: where it starts and ends, in microseconds of the epoch.
    pub starts: Vec<i64>,
    pub ends: Vec<i64>,
    /// The number, as the nearest float64.
    pub quantities: Vec<f64>,
    /// 1 where the number may still change.
    pub provisional: Vec<u8>,
    /// All numbers added, in units of 10^-18; nothing if that does not fit.
    pub sum: Option<i128>,
    /// The largest, and the one that starts last.
    pub largest: Option<i128>,
    pub latest: Option<i128>,
}

/// The series of a table, by these columns of words; at most so many places of first rows are kept for each.
pub fn of(batch: &RecordBatch, keys: &[String], most: usize) -> Result<Vec<Series>, String> {
    let named = |name: &str| batch.column_by_name(name).ok_or_else(|| format!("no column {name}"));
    let columns = keys.iter().map(|key| named(key)).collect::<Result<Vec<_>, _>>()?;
    let ids = columns
        .iter()
        .map(|column| numbered(column))
        .collect::<Result<Vec<_>, _>>()?;
    let moments = |name: &str| {
        let column = named(name)?.as_primitive_opt::<TimestampMicrosecondType>();
        column.ok_or_else(|| format!("{name} holds no moments"))
    };
    let (starts, ends) = (moments("start")?, moments("end")?);
    let quantities = named("quantity")?.as_primitive_opt::<Decimal128Type>();
    let quantities = quantities.ok_or("quantity holds no numbers")?;
    let status = batch.column_by_name("status").map(numbered).transpose()?;
    let mut groups: HashMap<Vec<usize>, usize> = HashMap::new();
    let mut found: Vec<Series> = Vec::new();
    let (mut current, mut place) = (Vec::new(), 0);
    for row in 0..batch.num_rows() {
        // The rows of a series stand together, so most are of the series of the row before.
        let same = row > 0
            && ids
                .iter()
                .zip(&current)
                .all(|((of, _), word)| of.get(row) == Some(word));
        if !same {
            current = ids.iter().filter_map(|(of, _)| of.get(row).copied()).collect();
            place = *groups.entry(current.clone()).or_insert(found.len());
        }
        if place == found.len() {
            let words = ids.iter().zip(&current);
            found.push(Series {
                key: words
                    .map(|((_, names), word)| names.get(*word).cloned().flatten())
                    .collect(),
                sum: Some(0),
                ..Series::default()
            });
        }
        let Some(series) = found.get_mut(place) else { continue };
        series.rows += 1;
        if series.first.len() < most {
            series.first.push(row);
        }
        if quantities.is_null(row) {
            continue;
        }
        let quantity = quantities.value(row);
        series.sum = series.sum.and_then(|sum| sum.checked_add(quantity));
        series.largest = series.largest.max(Some(quantity));
        if starts.is_null(row) || ends.is_null(row) {
            series.latest = series.latest.or(Some(quantity));
            continue;
        }
        let start = starts.value(row);
        if series.starts.last().is_none_or(|last| start >= *last) {
            series.latest = Some(quantity);
        }
        series.starts.push(start);
        series.ends.push(ends.value(row));
        series.quantities.push(nearest(quantity));
        let word = status.as_ref().and_then(|(of, names)| names.get(*of.get(row)?));
        series.provisional.push(u8::from(
            word.is_some_and(|word| word.as_deref() == Some("provisional")),
        ));
    }
    Ok(found)
}

/// A column of words as numbers, and what each number stands for.
fn numbered(column: &ArrayRef) -> Result<(Vec<usize>, Vec<Option<String>>), String> {
    let mut names: Vec<Option<String>> = Vec::new();
    let mut known: HashMap<Option<String>, usize> = HashMap::new();
    let mut number = |word: Option<&str>| {
        let word = word.map(str::to_owned);
        *known.entry(word.clone()).or_insert_with(|| {
            names.push(word);
            names.len() - 1
        })
    };
    let of = match column.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = column
                .as_dictionary_opt::<Int32Type>()
                .ok_or("no dictionary of 32 bits")?;
            let values = dictionary
                .values()
                .as_string_opt::<i32>()
                .ok_or("no dictionary of words")?;
            let of: Vec<usize> = values.iter().map(&mut number).collect();
            let nothing = number(None);
            let word = |key: Option<usize>| key.and_then(|key| of.get(key).copied()).unwrap_or(nothing);
            (0..dictionary.len()).map(|row| word(dictionary.key(row))).collect()
        }
        DataType::Utf8 => {
            let texts = column.as_string::<i32>();
            let (mut last, mut of) = (None, Vec::with_capacity(texts.len()));
            for text in texts {
                let same = last.filter(|(word, _)| *word == text);
                let id = same.map_or_else(|| number(text), |(_, id)| id);
                last = Some((text, id));
                of.push(id);
            }
            of
        }
        other => return Err(format!("a column of {other} holds no words")),
    };
    Ok((of, names))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Decimal128Array, DictionaryArray, StringArray, TimestampMicrosecondArray};

    use super::*;

    fn batch() -> RecordBatch {
        let meters: DictionaryArray<Int32Type> = ["a", "b", "a", "a"].into_iter().collect();
        let labels = StringArray::from(vec![Some("x"), None, Some("x"), Some("y")]);
        let status: DictionaryArray<Int32Type> = ["settled", "settled", "provisional", "settled"].into_iter().collect();
        let one = 10_i128.pow(18);
        let quantities = Decimal128Array::from(vec![Some(one), Some(-one), Some(5 * one), None]);
        let columns: [(&str, ArrayRef); 6] = [
            ("meter", Arc::new(meters)),
            ("label", Arc::new(labels)),
            (
                "start",
                Arc::new(TimestampMicrosecondArray::from(vec![Some(0), None, Some(10), Some(0)])),
            ),
            (
                "end",
                Arc::new(TimestampMicrosecondArray::from(vec![
                    Some(10),
                    None,
                    Some(20),
                    Some(10),
                ])),
            ),
            (
                "quantity",
                Arc::new(quantities.with_precision_and_scale(38, 18).unwrap()),
            ),
            ("status", Arc::new(status)),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    #[test]
    fn rows_of_the_same_words_are_a_series_wherever_they_stand() {
        let all = of(&batch(), &["meter".into(), "label".into()], 1).unwrap();
        let key = |series: &Series| {
            series
                .key
                .iter()
                .map(|word| word.clone().unwrap_or_default())
                .collect::<String>()
        };
        let [ax, b, ay] = &all[..] else { panic!("{}", all.len()) };
        assert_eq!([key(ax), key(b), key(ay)], ["ax", "b", "ay"]);
        assert_eq!(
            (ax.rows, &ax.first[..], &ax.starts[..], &ax.ends[..]),
            (2, &[0][..], &[0, 10][..], &[10, 20][..])
        );
        assert_eq!(
            (&ax.quantities[..], &ax.provisional[..]),
            (&[1.0, 5.0][..], &[0, 1][..])
        );
        let one = Some(10_i128.pow(18));
        assert_eq!(
            (ax.sum, ax.largest, ax.latest),
            (one.map(|one| 6 * one), one.map(|one| 5 * one), one.map(|one| 5 * one))
        );
    }

    #[test]
    fn what_has_no_window_or_no_number_is_counted_and_not_drawn() {
        let all = of(&batch(), &["meter".into(), "label".into()], 9).unwrap();
        let [_, undated, unknown] = &all[..] else {
            panic!("{}", all.len())
        };
        assert_eq!(
            (undated.rows, undated.starts.len(), undated.latest),
            (1, 0, Some(-10_i128.pow(18)))
        );
        assert_eq!((unknown.rows, unknown.starts.len(), unknown.largest), (1, 0, None));
    }

    #[test]
    fn a_column_that_is_not_there_or_holds_no_words_is_an_error() {
        assert!(of(&batch(), &["vhost".into()], 1).is_err());
        assert!(of(&batch(), &["quantity".into()], 1).is_err());
    }
}
