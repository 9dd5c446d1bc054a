//! Arrow columns from plain values, with the types that all tables here share.

use std::hash::Hash;
use std::iter::repeat_n;
use std::sync::Arc;

use ahash::AHashMap;
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int32Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, Decimal128Array, DictionaryArray, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch,
    StringArray, TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use arrow_buffer::{NullBuffer, NullBufferBuilder, OffsetBuffer};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::take::take_record_batch;
use jiff::Timestamp;

use crate::values::error::{Error, Kind, Result};
use crate::values::quantity::SCALE;

/// Digits of a [`crate::values::quantity::Quantity`].
pub const PRECISION: u8 = 38;

/// Stands for a missing moment where moments are plain numbers: no moment that can be written down is so early.
pub const NO_MOMENT: i64 = i64::MIN;
/// Stands for a missing amount where amounts are plain numbers: none that fits 38 digits is so low.
pub const NO_AMOUNT: i128 = i128::MIN;

/// A moment in the unit of the tables.
pub fn microseconds(at: Option<Timestamp>) -> i64 {
    at.map_or(NO_MOMENT, Timestamp::as_microsecond)
}

/// A column of moments, some of which may be [`NO_MOMENT`].
pub fn moments(mut values: Vec<i64>) -> ArrayRef {
    let nulls = clear(&mut values, NO_MOMENT);
    Arc::new(TimestampMicrosecondArray::new(values.into(), nulls).with_timezone("UTC"))
}

/// A column of exact numbers, some of which may be [`NO_AMOUNT`].
pub fn amounts(mut values: Vec<i128>) -> Result<ArrayRef> {
    let nulls = clear(&mut values, NO_AMOUNT);
    let scale = i8::try_from(SCALE).map_err(bug)?;
    let column = Decimal128Array::new(values.into(), nulls).with_precision_and_scale(PRECISION, scale);
    Ok(Arc::new(column.map_err(bug)?))
}

/// A column of that many missing numbers.
pub fn no_amounts(rows: usize) -> Result<ArrayRef> {
    let scale = i8::try_from(SCALE).map_err(bug)?;
    Ok(new_null_array(&DataType::Decimal128(PRECISION, scale), rows))
}

/// A column of whole numbers.
pub fn counts(values: impl IntoIterator<Item = usize>) -> ArrayRef {
    optional_counts(values.into_iter().map(Some))
}

/// A column of whole numbers, some of which may be missing.
pub fn optional_counts(values: impl IntoIterator<Item = Option<usize>>) -> ArrayRef {
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Arc::new(values.into_iter().map(|count| count.map(whole)).collect::<Int64Array>())
}

/// A column of shares, some of which may be missing.
pub fn shares(values: impl IntoIterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<Float64Array>())
}

/// Notes where the stand-in for "nothing" lies, and puts zeros there.
fn clear<T: Copy + PartialEq + Default>(values: &mut [T], nothing: T) -> Option<NullBuffer> {
    if !values.contains(&nothing) {
        return None;
    }
    let nulls: NullBuffer = values.iter().map(|value| *value != nothing).collect();
    for value in values.iter_mut().filter(|value| **value == nothing) {
        *value = T::default();
    }
    Some(nulls)
}

/// A column of texts.
pub fn texts<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<StringArray>())
}

/// A column of lists of texts.
pub fn lists<'a, L: IntoIterator<Item = &'a str>>(values: impl IntoIterator<Item = L>) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for list in values {
        list.into_iter().for_each(|text| builder.values().append_value(text));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

/// A column of texts, under way, in which many rows on end have the same one.
pub struct Repeated {
    bytes: Vec<u8>,
    ends: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Repeated {
    /// A column that will have so many rows and bytes.
    pub fn sized(rows: usize, bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            ends: offsets(rows),
            nulls: NullBufferBuilder::new(rows),
        }
    }

    /// Appends a text, or nothing, for so many rows.
    pub fn extend(&mut self, text: Option<&str>, rows: usize) {
        let length = text.map_or(0, str::len);
        let start = self.bytes.len();
        self.ends.extend((1..=rows).map(|row| offset(start + row * length)));
        let Some(text) = text else {
            return self.nulls.append_n_nulls(rows);
        };
        self.nulls.append_n_non_nulls(rows);
        let end = start + rows * length;
        if rows > 0 {
            self.bytes.extend_from_slice(text.as_bytes());
        }
        // What is there is doubled, since to copy a short text takes as long as to copy many of them.
        while self.bytes.len() < end {
            let more = (self.bytes.len() - start).min(end - self.bytes.len());
            self.bytes.extend_from_within(start..start + more);
        }
    }

    /// The column.
    pub fn finish(self) -> Result<ArrayRef> {
        let (offsets, nulls) = (OffsetBuffer::new(self.ends.into()), self.nulls.build());
        let column = StringArray::try_new(offsets, self.bytes.into(), nulls);
        Ok(Arc::new(column.map_err(bug)?))
    }
}

/// A column of lists of texts, under way, in which many rows on end have the same list.
pub struct RepeatedLists {
    texts: Repeated,
    ends: Vec<i32>,
}

impl RepeatedLists {
    /// A column that will have so many rows, and in all of them so many texts and bytes.
    pub fn sized(rows: usize, texts: usize, bytes: usize) -> Self {
        Self {
            texts: Repeated::sized(texts, bytes),
            ends: offsets(rows),
        }
    }

    /// Appends a list for so many rows.
    pub fn extend(&mut self, texts: &[&str], rows: usize) {
        let start = self.texts.ends.len() - 1;
        self.ends
            .extend((1..=rows).map(|row| offset(start + row * texts.len())));
        match texts {
            [] => {}
            [text] => self.texts.extend(Some(text), rows),
            _ => (0..rows).for_each(|_| texts.iter().for_each(|text| self.texts.extend(Some(text), 1))),
        }
    }

    /// The column.
    pub fn finish(self) -> Result<ArrayRef> {
        let item = Arc::new(Field::new_list_field(DataType::Utf8, true));
        let column = ListArray::try_new(item, OffsetBuffer::new(self.ends.into()), self.texts.finish()?, None);
        Ok(Arc::new(column.map_err(bug)?))
    }
}

/// Where texts or lists begin and end, with room for so many.
fn offsets(rows: usize) -> Vec<i32> {
    let mut ends = Vec::with_capacity(rows + 1);
    ends.push(0);
    ends
}

/// Too large a place makes an array that Arrow refuses.
fn offset(place: usize) -> i32 {
    i32::try_from(place).unwrap_or(i32::MAX)
}

/// A column of few different words, under way.
#[derive(Default)]
pub struct Words<'a> {
    distinct: Vec<&'a str>,
    codes: Numbers<&'a str>,
    /// How many rows have the word of number 0, while all have it, as in most columns of one account: none is written.
    zeros: usize,
    /// The numbers of all rows, once they differ.
    keys: Vec<i32>,
    /// How many rows there will be.
    expected: usize,
}

impl<'a> Words<'a> {
    /// A column that will have so many rows.
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            expected: rows,
            ..Self::default()
        }
    }

    /// A column of these words.
    pub fn column(words: impl IntoIterator<Item = &'a str>) -> Result<ArrayRef> {
        let mut column = Self::default();
        for word in words {
            let code = column.code(word);
            column.repeat(code, 1);
        }
        column.finish()
    }

    /// The word's number.
    pub fn code(&mut self, word: &'a str) -> i32 {
        let code = self.codes.of(word);
        if code as usize == self.distinct.len() {
            self.distinct.push(word);
        }
        i32::try_from(code).unwrap_or(i32::MAX)
    }

    /// Appends the word with this number for so many rows.
    pub fn repeat(&mut self, code: i32, rows: usize) {
        if code == 0 && self.keys.is_empty() {
            self.zeros += rows;
            return;
        }
        if self.keys.is_empty() {
            self.keys.reserve(self.expected);
            self.keys.resize(self.zeros, 0);
        }
        self.keys.extend(repeat_n(code, rows));
    }

    /// The column.
    pub fn finish(self) -> Result<ArrayRef> {
        let words = Arc::new(StringArray::from(self.distinct));
        // Memory of nothing but zeros comes from the system as it is, and takes no room until somebody writes into it.
        let keys = if self.keys.is_empty() {
            vec![0; self.zeros]
        } else {
            self.keys
        };
        let column = DictionaryArray::<Int32Type>::try_new(Int32Array::from(keys), words);
        Ok(Arc::new(column.map_err(bug)?))
    }
}

/// The text of each row of a column of texts or words.
pub enum Texts<'a> {
    /// Each row has its own.
    Plain(&'a StringArray),
    /// The rows share them.
    Shared(&'a Int32Array, &'a StringArray),
}

impl<'a> Texts<'a> {
    /// A view of that column.
    pub fn of(column: &'a dyn Array) -> Result<Self> {
        let any = column.as_any();
        if let Some(plain) = any.downcast_ref::<StringArray>() {
            return Ok(Self::Plain(plain));
        }
        let words = any.downcast_ref::<DictionaryArray<Int32Type>>();
        let shared = words.and_then(|words| Some(Self::Shared(words.keys(), words.values().as_any().downcast_ref()?)));
        shared.ok_or_else(|| bug("this is no column of texts"))
    }

    /// The text of that row.
    pub fn get(&self, row: usize) -> Option<&'a str> {
        let at =
            |texts: &'a StringArray, row: usize| (row < texts.len() && texts.is_valid(row)).then(|| texts.value(row));
        match self {
            Self::Plain(texts) => at(texts, row),
            Self::Shared(keys, words) => {
                let key = (row < keys.len() && keys.is_valid(row)).then(|| keys.value(row))?;
                at(words, usize::try_from(key).ok()?)
            }
        }
    }

    /// A number for the text of each row, the same for the same text; 0 where there is none.
    pub fn codes(&self) -> Vec<u32> {
        match self {
            Self::Shared(keys, _) => {
                let code = |key: Option<i32>| key.and_then(|key| u32::try_from(key).ok()).map_or(0, |key| key + 1);
                keys.iter().map(code).collect()
            }
            Self::Plain(texts) => {
                let mut numbers = Numbers::default();
                texts
                    .iter()
                    .map(|text| text.map_or(0, |text| numbers.of(text) + 1))
                    .collect()
            }
        }
    }
}

/// The column of that name.
pub fn column<'a>(table: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    let column = table.column_by_name(name);
    column.ok_or_else(|| bug(format!("no column {name}")))
}

/// The texts in the column of that name.
pub fn texts_of<'a>(table: &'a RecordBatch, name: &str) -> Result<Texts<'a>> {
    Texts::of(column(table, name)?.as_ref())
}

/// The moments in the column of that name.
pub fn moments_of(table: &RecordBatch, name: &str) -> Result<Vec<i64>> {
    let column = column(table, name)?.as_primitive_opt::<TimestampMicrosecondType>();
    let column = column.ok_or_else(|| bug(format!("no moments in {name}")))?;
    Ok(column.iter().map(|at| at.unwrap_or(NO_MOMENT)).collect())
}

/// The amounts in the column of that name.
pub fn amounts_of(table: &RecordBatch, name: &str) -> Result<Vec<i128>> {
    let column = column(table, name)?.as_primitive_opt::<Decimal128Type>();
    let column = column.ok_or_else(|| bug(format!("no amounts in {name}")))?;
    Ok(column.iter().map(|amount| amount.unwrap_or(NO_AMOUNT)).collect())
}

/// The columns with their names.
pub fn columns_of(table: &RecordBatch) -> Vec<(&str, ArrayRef)> {
    let fields = table.schema_ref().fields().iter().zip(table.columns());
    fields
        .map(|(field, column)| (field.name().as_str(), Arc::clone(column)))
        .collect()
}

/// The table of these rows.
pub fn rows_of(table: &RecordBatch, rows: Vec<u32>) -> Result<RecordBatch> {
    take_record_batch(table, &UInt32Array::from(rows)).map_err(bug)
}

/// The table of the rows that are wanted.
pub fn rows_where(table: &RecordBatch, is_wanted: impl Fn(usize) -> bool) -> Result<RecordBatch> {
    let rows = (0..table.num_rows()).filter(|row| is_wanted(*row)).map(u32::try_from);
    rows_of(table, rows.collect::<std::result::Result<_, _>>().map_err(bug)?)
}

/// Numbers for different things, from 0 in order of first appearance.
#[derive(Default)]
pub struct Numbers<K> {
    known: AHashMap<K, u32>,
    /// The last one: most rows agree with the one before.
    last: Option<(K, u32)>,
}

impl<K: Copy + Eq + Hash> Numbers<K> {
    /// The number of this one.
    pub fn of(&mut self, key: K) -> u32 {
        match self.last {
            Some((last, number)) if last == key => number,
            _ => {
                let next = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
                let number = *self.known.entry(key).or_insert(next);
                self.last = Some((key, number));
                number
            }
        }
    }
}

/// A table of these columns; every one may hold nulls.
pub fn table(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
    let field = |(name, column): &(&str, ArrayRef)| Field::new(*name, column.data_type().clone(), true);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(schema), columns).map_err(bug)
}

/// What Arrow refuses here is a mistake of ours.
pub fn bug(problem: impl std::fmt::Display) -> Error {
    Error::new(Kind::Internal, format!("a table could not be built: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_texts_become_the_rows_that_they_stand_for() {
        let mut column = Repeated::sized(0, 0);
        let runs = [
            (Some("ab"), 5),
            (None, 2),
            (Some(""), 3),
            (Some("xyz"), 1),
            (Some("never"), 0),
            (Some("é"), 7),
        ];
        for (text, rows) in runs {
            column.extend(text, rows);
        }
        let column = column.finish().unwrap();
        let expected: Vec<Option<&str>> = runs.iter().flat_map(|(text, rows)| repeat_n(*text, *rows)).collect();
        assert_eq!(column.as_string::<i32>().iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn runs_of_lists_become_the_rows_that_they_stand_for() {
        let mut column = RepeatedLists::sized(0, 0, 0);
        let runs: [(&[&str], usize); 4] = [(&["a"], 3), (&[], 2), (&["b", "cd"], 2), (&["e"], 1)];
        for (texts, rows) in runs {
            column.extend(texts, rows);
        }
        let column = column.finish().unwrap();
        let lists = column.as_list::<i32>().iter().map(|list| {
            let texts = list.unwrap();
            texts
                .as_string::<i32>()
                .iter()
                .flatten()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        let expected: Vec<&[&str]> = runs.iter().flat_map(|(texts, rows)| repeat_n(*texts, *rows)).collect();
        assert_eq!(lists.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn too_much_text_for_a_column_is_an_error_and_no_other_text() {
        let column = Repeated {
            bytes: b"ab".to_vec(),
            ends: vec![0, 1, offset(1 << 31)],
            nulls: NullBufferBuilder::new(2),
        };
        assert_eq!(column.finish().unwrap_err().kind, Kind::Internal);
    }
}
