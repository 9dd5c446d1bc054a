//! What a ledger needs of plans and usages: what is lacking, what is new, and a usage of what was stored.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::RecordBatchStreamReader;
use arrow_array::{Array, ArrayRef, BinaryArray, RecordBatch, RecordBatchReader, StringArray};
use arrow_pyarrow::FromPyArrow;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use arrow_select::concat::concat_batches;
use jiff::SignedDuration;
use pyo3::prelude::*;

use super::convert::{datetime, from_python, moment_of};
use super::errors::to_python;
use super::table::Table;
use super::usage::{Plan, Usage};
use crate::engine::clock;
use crate::usage;
use crate::values::arguments::Value;
use crate::values::error::Error;
use crate::values::period::Every;
use crate::values::window::{Instant, Window};

/// The part of a plan that is needed where these facts were stored, apart from counters of the month so far; what may
/// still change is asked again until so many seconds after its end.
#[pyfunction]
pub fn lacking(py: Python<'_>, plan: &Plan, facts: &Bound<'_, PyAny>, reread: i64) -> PyResult<Plan> {
    let facts = batches(facts)?;
    let lacking = py.detach(|| {
        let facts = usage::Usage::all_facts(&facts)?;
        plan.0
            .lacking(&facts.iter().collect::<Vec<_>>(), SignedDuration::from_secs(reread))
    });
    lacking.map(Plan).map_err(|error| to_python(py, &error))
}

/// The part of a plan that asks for counters of the month so far.
#[pyfunction]
pub fn month_so_far(plan: &Plan) -> Plan {
    Plan(plan.0.month_so_far())
}

/// The plan in rounds that take about so many seconds each.
#[pyfunction]
pub fn rounds(plan: &Plan, seconds: f64) -> Vec<Plan> {
    plan.0.rounds(seconds).into_iter().map(Plan).collect()
}

/// The months in which a usage has readings.
#[pyfunction]
pub fn months(py: Python<'_>, usage: &Usage) -> PyResult<Vec<String>> {
    usage.0.months().map_err(|error| to_python(py, &error))
}

/// What is new in a usage beside these readings: the rows to add, and how many are new, restated, restated although they
/// were settled, and unchanged.
#[pyfunction]
pub fn changes(
    py: Python<'_>,
    usage: &Usage,
    known: &Bound<'_, PyAny>,
    sync_id: &str,
    synced_at: &Bound<'_, PyAny>,
) -> PyResult<(Table, usize, usize, usize, usize)> {
    let refuse = |error: Error| to_python(py, &error);
    let synced_at = moment_of(from_python(synced_at, "synced_at")?, "synced_at").map_err(refuse)?;
    let known = batches(known)?;
    let changes = py.detach(|| {
        let changes = usage.0.changes(&known)?;
        let rows = usage::stamped(&changes.rows, sync_id, synced_at.at)?;
        Ok((
            Table(rows),
            changes.new,
            changes.restated,
            changes.settled,
            changes.unchanged,
        ))
    });
    changes.map_err(refuse)
}

/// What is known of a usage's calls apart from their readings, account by account.
#[pyfunction]
pub fn facts(py: Python<'_>, usage: &Usage, sync_id: &str, synced_at: &Bound<'_, PyAny>) -> PyResult<Table> {
    let refuse = |error: Error| to_python(py, &error);
    let synced_at = moment_of(from_python(synced_at, "synced_at")?, "synced_at").map_err(refuse)?;
    let facts = usage
        .0
        .facts()
        .and_then(|facts| usage::stamped(&facts, sync_id, synced_at.at));
    facts.map(Table).map_err(refuse)
}

/// The usage of a range that was stored as these facts and readings.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // the binding hands over owned lists
pub fn stored(
    py: Python<'_>,
    facts: &Bound<'_, PyAny>,
    readings: &Bound<'_, PyAny>,
    range: (Bound<'_, PyAny>, Bound<'_, PyAny>),
    now: &Bound<'_, PyAny>,
    meters: Option<Vec<String>>,
    is_known: bool,
) -> PyResult<Usage> {
    let refuse = |error: Error| to_python(py, &error);
    let moment = |given: &Bound<'_, PyAny>, name: &str| moment_of(from_python(given, name)?, name).map_err(refuse);
    let now = match from_python(now, "now")? {
        Value::Nothing => clock::now(SignedDuration::ZERO),
        given => moment_of(given, "now").map_err(refuse)?.at,
    };
    let range = Window::new(moment(&range.0, "start")?, moment(&range.1, "end")?).map_err(refuse)?;
    let (facts, readings) = (batches(facts)?, batches(readings)?);
    let usage = py.detach(|| {
        let facts = usage::Usage::all_facts(&facts)?;
        usage::Usage::stored(
            &facts.iter().collect::<Vec<_>>(),
            &readings,
            range,
            now,
            meters.as_deref(),
            is_known,
        )
    });
    usage.map(|usage| Usage(Arc::new(usage))).map_err(refuse)
}

/// What a counter of the month so far grew by, between the moments at which it was looked at.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // the binding hands over owned texts
pub fn increments(py: Python<'_>, usage: &Usage, meter: String, every: Option<String>) -> PyResult<Usage> {
    let increments = py.detach(|| {
        let every = every.as_deref().map(Every::named).transpose()?;
        usage.0.increments(&meter, every)
    });
    increments
        .map(|usage| Usage(Arc::new(usage)))
        .map_err(|error| to_python(py, &error))
}

/// A table that something else hands over.
#[pyfunction]
pub fn taken(stream: &Bound<'_, PyAny>) -> PyResult<Table> {
    let refuse = |problem: ArrowError| unreadable(stream.py(), &problem);
    let reader = RecordBatchStreamReader::from_pyarrow_bound(stream)?;
    // Without a batch it has columns all the same.
    let none = plain(&RecordBatch::new_empty(reader.schema())).map_err(refuse)?;
    let batches = reader.map(|batch| batch.and_then(|batch| plain(&batch)));
    let batches: Vec<RecordBatch> = batches.collect::<std::result::Result<_, _>>().map_err(refuse)?;
    concat_batches(&none.schema(), &batches).map(Table).map_err(refuse)
}

/// The tables of an Arrow stream; none of None.
fn batches(stream: &Bound<'_, PyAny>) -> PyResult<Vec<RecordBatch>> {
    if stream.is_none() {
        return Ok(Vec::new());
    }
    let batches =
        RecordBatchStreamReader::from_pyarrow_bound(stream)?.map(|batch| batch.and_then(|batch| plain(&batch)));
    let batches: std::result::Result<_, _> = batches.collect();
    batches.map_err(|problem| unreadable(stream.py(), &problem))
}

/// What the reader of a file says, in one line and without the way that the error took.
fn unreadable(py: Python<'_>, problem: &ArrowError) -> PyErr {
    let told = problem.to_string();
    let told = told
        .rsplit_once("Producer error: ")
        .map_or(told.as_str(), |(_, cause)| cause);
    let line = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches('.');
    to_python(
        py,
        &Error::invalid(format!("a file of the ledger cannot be read: {line}")),
    )
}

/// The table with plain texts and bytes in place of views of them, which readers of Delta Lake return.
fn plain(batch: &RecordBatch) -> std::result::Result<RecordBatch, ArrowError> {
    let column = |column: &ArrayRef| -> ArrayRef {
        match column.data_type() {
            DataType::Utf8View => Arc::new(column.as_string_view().iter().collect::<StringArray>()),
            DataType::BinaryView => Arc::new(column.as_binary_view().iter().collect::<BinaryArray>()),
            _ => Arc::clone(column),
        }
    };
    let columns: Vec<ArrayRef> = batch.columns().iter().map(column).collect();
    let fields = batch.schema_ref().fields().iter().zip(&columns);
    let fields = fields.map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true));
    RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns)
}

/// A moment that a caller passed, in UTC.
#[pyfunction]
pub fn moment<'py>(py: Python<'py>, given: &Bound<'py, PyAny>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    let moment = moment_of(from_python(given, name)?, name).map_err(|error| to_python(py, &error))?;
    datetime(py, Instant::utc(moment.at))
}
