//! Arrow tables, handed to Python without a copy through the `PyCapsule` interface.

use std::io::Cursor;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::ffi::FFI_ArrowSchema;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::{Decimal128Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, RecordBatchIterator,
    StringArray,
};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use jiff::Timestamp;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict, PyList};

use super::convert::{datetime, decimal};
use super::errors::to_python;
use super::series;
use crate::usage::flat::joined;
use crate::usage::ipc;
use crate::values::error::{Error, Kind};
use crate::values::quantity::{self, Quantity, SCALE};
use crate::values::window::Instant;

/// A table of Arrow columns.
#[pyclass(frozen, module = "metertap._core")]
pub struct Table(pub RecordBatch);

#[pymethods]
impl Table {
    /// The table as an Arrow C stream.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The interface allows a producer to ignore the wish; consumers cast by themselves.
        drop(requested_schema);
        let batches = RecordBatchIterator::new([Ok(self.0.clone())], self.0.schema());
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(batches)), c"arrow_array_stream")
    }

    /// The schema as an Arrow C schema.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.0.schema().as_ref()).map_err(|problem| bug(py, problem))?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }

    /// How many rows it has.
    fn count(&self) -> usize {
        self.0.num_rows()
    }

    /// The names of its columns.
    fn columns(&self) -> Vec<String> {
        self.0
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect()
    }

    /// The same table with each list as one text, and its decimals as the nearest float64 unless `exact`.
    fn flat(&self, py: Python<'_>, exact: bool) -> PyResult<Self> {
        py.detach(|| flat(&self.0, exact))
            .map(Self)
            .map_err(|problem| bug(py, problem))
    }

    /// The table as bytes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let mut bytes = Vec::new();
        py.detach(|| ipc::write(&self.0, &mut bytes))
            .map_err(|error| to_python(py, &error))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// A table of columns that Python has: each has a name, what it holds, and its values, of which some may be missing.
    #[staticmethod]
    fn from_columns(py: Python<'_>, given: Vec<(String, String, Bound<'_, PyList>)>) -> PyResult<Self> {
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        for (name, kind, values) in given {
            let column = column(py, &kind, &values)?;
            fields.push(Field::new(name, column.data_type().clone(), true));
            columns.push(column);
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map(Self)
            .map_err(|problem| bug(py, problem))
    }

    /// Reads what `to_bytes` wrote.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, table: &[u8]) -> PyResult<Self> {
        ipc::read(&mut Cursor::new(table))
            .map(Self)
            .map_err(|error| to_python(py, &error))
    }

    /// The rows from `start` to `end`.
    fn slice(&self, start: usize, end: usize) -> Self {
        let end = end.min(self.0.num_rows());
        let start = start.min(end);
        Self(self.0.slice(start, end - start))
    }

    /// These columns, in this order.
    #[allow(clippy::needless_pass_by_value)] // the binding hands over owned lists
    fn project(&self, py: Python<'_>, names: Vec<String>) -> PyResult<Self> {
        let schema = self.0.schema();
        let places = names
            .iter()
            .map(|name| schema.index_of(name))
            .collect::<Result<Vec<_>, _>>();
        let chosen = places.and_then(|places| self.0.project(&places));
        chosen.map(Self).map_err(|problem| bug(py, problem))
    }

    /// The values of one column.
    fn column<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyList>> {
        let column = self
            .0
            .column_by_name(name)
            .ok_or_else(|| bug(py, format!("no column {name}")))?;
        let cells = (0..column.len())
            .map(|index| cell(py, column, index))
            .collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, cells)
    }

    /// The rows as series of plain numbers, by these columns of words; of each, the places of so many first rows.
    #[allow(clippy::needless_pass_by_value)] // the binding hands over owned lists
    fn series<'py>(&self, py: Python<'py>, keys: Vec<String>, most: usize) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let found = py
            .detach(|| series::of(&self.0, &keys, most))
            .map_err(|problem| bug(py, problem))?;
        found.into_iter().map(|series| told(py, series)).collect()
    }

    /// The rows from `start` to `end` as dicts.
    fn to_dicts<'py>(&self, py: Python<'py>, start: usize, end: usize) -> PyResult<Bound<'py, PyList>> {
        let schema = self.0.schema();
        let rows = PyList::empty(py);
        for index in start..end.min(self.0.num_rows()) {
            let row = PyDict::new(py);
            for (field, column) in schema.fields().iter().zip(self.0.columns()) {
                row.set_item(field.name(), cell(py, column, index)?)?;
            }
            rows.append(row)?;
        }
        Ok(rows)
    }
}

/// A series as a dict; its numbers as bytes of the machine, which `memoryview` and numpy read without a copy.
fn told(py: Python<'_>, series: series::Series) -> PyResult<Bound<'_, PyDict>> {
    let exact = |scaled: Option<i128>| {
        let text = scaled.map(|scaled| Quantity { scaled, rounded: false }.to_string());
        text.map(|text| decimal(py, &text)).transpose()
    };
    let bytes = |numbers: &[i64]| {
        PyBytes::new(
            py,
            &numbers.iter().flat_map(|one| one.to_ne_bytes()).collect::<Vec<_>>(),
        )
    };
    let quantities: Vec<u8> = series.quantities.iter().flat_map(|one| one.to_ne_bytes()).collect();
    let dict = PyDict::new(py);
    dict.set_item("sum", exact(series.sum)?)?;
    dict.set_item("largest", exact(series.largest)?)?;
    dict.set_item("latest", exact(series.latest)?)?;
    dict.set_item("starts", bytes(&series.starts))?;
    dict.set_item("ends", bytes(&series.ends))?;
    dict.set_item("quantities", PyBytes::new(py, &quantities))?;
    dict.set_item("provisional", PyBytes::new(py, &series.provisional))?;
    dict.set_item("key", series.key)?;
    dict.set_item("rows", series.rows)?;
    dict.set_item("first", series.first)?;
    Ok(dict)
}

fn bug(py: Python<'_>, problem: impl std::fmt::Display) -> PyErr {
    to_python(
        py,
        &Error::new(Kind::Internal, format!("a table cannot be handed over: {problem}")),
    )
}

fn column(py: Python<'_>, kind: &str, values: &Bound<'_, PyList>) -> PyResult<ArrayRef> {
    Ok(match kind {
        "text" => Arc::new(StringArray::from(values.extract::<Vec<Option<String>>>()?)),
        "texts" => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for list in values.extract::<Vec<Vec<String>>>()? {
                lists.append_value(list.into_iter().map(Some));
            }
            Arc::new(lists.finish())
        }
        "count" => Arc::new(Int64Array::from(values.extract::<Vec<Option<i64>>>()?)),
        "number" => Arc::new(Float64Array::from(values.extract::<Vec<Option<f64>>>()?)),
        "flag" => Arc::new(BooleanArray::from(values.extract::<Vec<Option<bool>>>()?)),
        other => return Err(bug(py, format!("a column of {other}"))),
    })
}

fn flat(batch: &RecordBatch, exact: bool) -> Result<RecordBatch, ArrowError> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let decimals = column.as_primitive_opt::<Decimal128Type>().filter(|_| !exact);
        let lists = column.as_list_opt::<i32>();
        let column = match (decimals, lists.filter(|lists| lists.value_type() == DataType::Utf8)) {
            (Some(decimals), _) => Arc::new(floats(decimals)) as ArrayRef,
            (None, Some(lists)) => Arc::new(joined(field.name(), lists)?),
            (None, None) => Arc::clone(column),
        };
        fields.push(Field::new(field.name(), column.data_type().clone(), true));
        columns.push(column);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

fn floats(decimals: &Decimal128Array) -> Float64Array {
    if decimals.null_count() == decimals.len() {
        return Float64Array::new_null(decimals.len());
    }
    decimals.unary(nearest)
}

/// The float64 that is nearest to a number of 10^-18.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // only what fits is cast
pub(super) fn nearest(scaled: i128) -> f64 {
    const EXACT: u128 = 1 << 53;
    const ONE: u128 = quantity::ONE as u128;
    const POWERS: [f64; SCALE + 1] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    ];
    let size = scaled.unsigned_abs();
    // In 64 bits, which is quicker by far than in 128.
    let (mut fraction, mut places) = ((size % ONE) as u64, SCALE);
    if fraction == 0 {
        places = 0;
    }
    while places > 0 && fraction.is_multiple_of(10) {
        fraction /= 10;
        places -= 1;
    }
    let number = size / 10_u128.pow(18 - places as u32);
    let sign = if scaled < 0 { -1.0 } else { 1.0 };
    match POWERS.get(places) {
        // Both are exact, so their quotient is the nearest float.
        Some(power) if number < EXACT => sign * (number as f64 / power),
        _ => Quantity { scaled, rounded: false }
            .to_string()
            .parse()
            .unwrap_or(f64::NAN),
    }
}

fn cell<'py>(py: Python<'py>, column: &ArrayRef, index: usize) -> PyResult<Bound<'py, PyAny>> {
    if column.is_null(index) {
        return Ok(py.None().into_bound(py));
    }
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(index).into_bound_py_any(py),
        DataType::Dictionary(..) => {
            let dictionary = column.as_dictionary::<Int32Type>();
            let key = dictionary.key(index).unwrap_or_default();
            words(dictionary.values()).value(key).into_bound_py_any(py)
        }
        DataType::Timestamp(..) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(index);
            let at = Timestamp::from_microsecond(micros).map_err(|problem| bug(py, problem))?;
            datetime(py, Instant::utc(at))
        }
        DataType::Decimal128(..) => {
            let scaled = column.as_primitive::<Decimal128Type>().value(index);
            decimal(py, &Quantity { scaled, rounded: false }.to_string())
        }
        DataType::Float64 => column.as_primitive::<Float64Type>().value(index).into_bound_py_any(py),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(index).into_bound_py_any(py),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(index).into_bound_py_any(py),
        DataType::Boolean => column.as_boolean().value(index).into_bound_py_any(py),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(index);
            let cells = (0..items.len())
                .map(|item| cell(py, &items, item))
                .collect::<PyResult<Vec<_>>>()?;
            Ok(PyList::new(py, cells)?.into_any())
        }
        other => Err(bug(py, format!("a column of {other}"))),
    }
}

fn words(values: &ArrayRef) -> &StringArray {
    values.as_string::<i32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_becomes_the_nearest_float() {
        for text in [
            "0.1",
            "149514.99999999997",
            "4503380.1",
            "18446744073709551615",
            "-0.25",
            "0",
            "12345678901234567.89",
        ] {
            let scaled = Quantity::parse(text).unwrap().scaled;
            let expected: f64 = text.parse().unwrap();
            assert_eq!(nearest(scaled).to_bits(), expected.to_bits(), "{text}");
        }
    }
}
