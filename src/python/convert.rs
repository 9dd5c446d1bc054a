//! Values from Python and to Python.

use std::ffi::CString;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PySequence, PySet, PyString, PyTuple, PyType};

use super::errors::to_python;
use crate::engine::native::{self, Native};
use crate::service::Provider;
use crate::values::arguments::Value;
use crate::values::error::{Error, Kind, Result};
use crate::values::json::Json;
use crate::values::shape::Typed;
use crate::values::window::Instant;

/// The keyword arguments of a call.
pub fn arguments(given: &Bound<'_, PyDict>) -> PyResult<Vec<(String, Value)>> {
    let mut arguments = Vec::with_capacity(given.len());
    for (name, value) in given {
        let name = text(name.cast()?, "an argument's name")?;
        let value = from_python(&value, &name)?;
        arguments.push((name, value));
    }
    Ok(arguments)
}

/// How deep lists and dicts may lie in each other; what holds itself has no end.
const DEEPEST: usize = 100;

/// A value that a caller passed as the argument `name`.
pub fn from_python(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Value> {
    at_depth(value, name, 0)
}

/// True if lists or dicts lie in each other deeper than anything here is read; what holds itself has no end.
pub fn is_too_deep(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    fn reaches(value: &Bound<'_, PyAny>, left: usize) -> PyResult<bool> {
        let mut inner = match value.cast::<PyDict>() {
            Ok(dict) => dict.values().try_iter()?,
            Err(_) if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() => value.try_iter()?,
            Err(_) => return Ok(false),
        };
        let Some(left) = left.checked_sub(1) else {
            return Ok(true);
        };
        inner.try_fold(false, |found, item| Ok(found || reaches(&item?, left)?))
    }
    reaches(value, DEEPEST)
}

fn at_depth(value: &Bound<'_, PyAny>, name: &str, depth: usize) -> PyResult<Value> {
    let py = value.py();
    if depth > DEEPEST {
        let text = format!("{name} has lists or dicts in each other, more than {DEEPEST} deep");
        return Err(refuse(py, Kind::InvalidArgument, text));
    }
    if value.is_none() {
        return Ok(Value::Nothing);
    }
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(Value::Flag(truth.is_true()));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return self::text(text, name).map(Value::Text);
    }
    if value.is_instance(class(py, &DATETIME, "datetime", "datetime")?)? {
        return moment(value, name);
    }
    if value.is_instance(class(py, &DATE, "datetime", "date")?)? {
        let text: String = value.call_method0(intern!(py, "isoformat"))?.extract()?;
        let day = text
            .parse()
            .map_err(|_| refuse(py, Kind::InvalidArgument, format!("{name} is no date")))?;
        return Ok(Value::Day(day));
    }
    if value.is_instance_of::<PyFloat>() || value.is_instance(class(py, &DECIMAL, "decimal", "Decimal")?)? {
        return Ok(Value::Number(value.str()?.to_str()?.to_owned()));
    }
    if let Ok(map) = value.cast::<PyMapping>() {
        return members(map, name, depth);
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() || value.is_instance_of::<PySet>() {
        let items = value
            .try_iter()?
            .map(|item| at_depth(&item?, name, depth + 1))
            .collect::<PyResult<_>>()?;
        return Ok(Value::List(items));
    }
    // An array has the method, too, but is a number only if it has no dimension.
    if let Ok(number) = value.call_method0(intern!(py, "__index__")) {
        return number.extract::<i64>().map(Value::Whole).map_err(|_| {
            refuse(
                py,
                Kind::InvalidArgument,
                format!("{name} is an int that does not fit 64 bits"),
            )
        });
    }
    if let Ok(sequence) = value.cast::<PySequence>() {
        let items = sequence
            .try_iter()?
            .map(|item| at_depth(&item?, name, depth + 1))
            .collect::<PyResult<_>>()?;
        return Ok(Value::List(items));
    }
    let kind = value.get_type().name()?;
    Err(refuse(
        py,
        Kind::WrongType,
        format!("{name} cannot be of the type {kind}; pass a str, a number, a date, a list or a dict"),
    ))
}

/// A text among the parameters of a native function, which Python's own error would else refuse with the whole text in it.
pub struct Text(pub String);

impl<'py> FromPyObject<'_, 'py> for Text {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        text(given.cast::<PyString>()?.as_any().cast()?, "the text").map(Self)
    }
}

/// A text, if it is one. A lone surrogate is what Python makes of bytes that are not UTF-8; its own error for that would
/// hold the whole text, which may be a secret.
pub fn text(given: &Bound<'_, PyString>, name: &str) -> PyResult<String> {
    let problem = "holds a lone surrogate, which is no character: it was probably read from bytes that are not UTF-8";
    let refused = |_| refuse(given.py(), Kind::InvalidArgument, format!("{name} {problem}"));
    given.to_str().map(str::to_owned).map_err(refused)
}

fn members(map: &Bound<'_, PyMapping>, name: &str, depth: usize) -> PyResult<Value> {
    let mut members = Vec::new();
    for pair in map.items()? {
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
        let key = key
            .cast::<PyString>()
            .map_err(|_| refuse(map.py(), Kind::WrongType, format!("the keys of {name} must be str")))?;
        let key = text(key, name)?;
        members.push((key, at_depth(&value, name, depth + 1)?));
    }
    Ok(Value::Map(members))
}

/// A moment that a caller passed in any of the ways that are understood.
pub fn moment_of(value: Value, name: &str) -> Result<Instant> {
    match value {
        Value::Instant(instant) => Ok(instant),
        Value::Day(day) => Instant::midnight(day),
        Value::Text(text) => Instant::parse_argument(&text)
            .map_err(|problem| Error::invalid(format!("{name} cannot be read: {}", problem.message))),
        _ => {
            let text = format!("{name} must be an aware datetime, a date or an ISO text with its UTC offset");
            Err(Error::new(Kind::WrongType, text))
        }
    }
}

/// An aware `datetime` (a `pandas.Timestamp` is one, too). A naive one is refused: nobody can know what it means.
fn moment(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Value> {
    let py = value.py();
    let Ok(offset) = value.call_method0(intern!(py, "utcoffset")) else {
        // pandas.NaT calls itself a datetime.
        return Err(refuse(
            py,
            Kind::InvalidArgument,
            format!("{name} is {value}, which is no moment"),
        ));
    };
    if offset.is_none() {
        let advice = "has no time zone; pass an aware datetime such as datetime(2026, 1, 1, tzinfo=timezone.utc)";
        return Err(refuse(py, Kind::InvalidArgument, format!("{name} {advice}")));
    }
    let text = value
        .call_method0(intern!(py, "isoformat"))
        .and_then(|text| text.extract::<String>());
    let text = text.map_err(|_| {
        refuse(
            py,
            Kind::InvalidArgument,
            format!("the time zone of {name} does not work"),
        )
    })?;
    let instant = Instant::parse(&text);
    instant
        .map(Value::Instant)
        .map_err(|error| refuse(py, Kind::InvalidArgument, format!("{name}: {}", error.message)))
}

fn refuse(py: Python<'_>, kind: Kind, message: String) -> PyErr {
    to_python(py, &Error::new(kind, message))
}

static DATETIME: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static DATE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static TIMEDELTA: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static COVERAGE_WARNING: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static TIMEZONE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();

fn class<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyType>>,
    module: &str,
    name: &str,
) -> PyResult<&'py Bound<'py, PyType>> {
    cell.import(py, module, name)
}

/// An answer on its way to Python: a dataclass, a list of them or a number; or dicts, lists and numbers. Its records are
/// those of this provider.
pub struct Answer(pub Native, pub &'static dyn Provider);

impl<'py> IntoPyObject<'py> for Answer {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if !self.0.remarks.is_empty() {
            let category = class(py, &COVERAGE_WARNING, "metertap.errors", "CoverageWarning")?;
            for remark in &self.0.remarks {
                warn(py, category, remark)?;
            }
        }
        match self.0.value {
            native::Value::Typed(typed) => to_object(py, &typed, self.1),
            native::Value::Raw(json) => Ok(pythonize::pythonize(py, &json)?),
        }
    }
}

/// Warns where the client's method was called: two frames of ours are below it.
fn warn(py: Python<'_>, category: &Bound<'_, PyType>, remark: &str) -> PyResult<()> {
    let text = CString::new(format!("{remark}.").replace('\0', "?"))?;
    PyErr::warn(py, category, &text, 3)
}

fn to_object<'py>(py: Python<'py>, typed: &Typed, of: &dyn Provider) -> PyResult<Bound<'py, PyAny>> {
    match typed {
        Typed::Nothing => Ok(py.None().into_bound(py)),
        Typed::Flag(truth) => Ok(PyBool::new(py, *truth).to_owned().into_any()),
        Typed::Integer(text) => integer(py, text),
        Typed::Decimal(text) => decimal(py, text),
        Typed::Text(text) => Ok(PyString::new(py, text).into_any()),
        Typed::Instant(instant) => datetime(py, *instant),
        Typed::Day(day) => class(py, &DATE, "datetime", "date")?.call1((day.year(), day.month(), day.day())),
        Typed::List(items) => {
            let items = items
                .iter()
                .map(|item| to_object(py, item, of))
                .collect::<PyResult<Vec<_>>>()?;
            Ok(PyList::new(py, items)?.into_any())
        }
        Typed::Map(members) => {
            let map = PyDict::new(py);
            for (key, value) in members {
                map.set_item(key, to_object(py, value, of)?)?;
            }
            Ok(map.into_any())
        }
        Typed::Record(name, fields, extra) => record(py, of, name, fields, extra),
        Typed::Json(json) => Ok(pythonize::pythonize(py, json)?),
    }
}

fn integer<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    match text.parse::<i64>() {
        Ok(number) => Ok(number.into_pyobject(py)?.into_any()),
        Err(_) => py.get_type::<PyInt>().call1((text,)),
    }
}

/// A `decimal.Decimal`, exactly as written.
pub fn decimal<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    class(py, &DECIMAL, "decimal", "Decimal")?.call1((text,))
}

/// A `datetime` in the offset that the provider wrote.
pub fn datetime(py: Python<'_>, instant: Instant) -> PyResult<Bound<'_, PyAny>> {
    let zoned = instant.zoned();
    let zone = class(py, &TIMEZONE, "datetime", "timezone")?;
    let zone = if instant.offset.is_zero() {
        zone.getattr(intern!(py, "utc"))?
    } else {
        let offset = class(py, &TIMEDELTA, "datetime", "timedelta")?.call1((0, instant.offset.seconds()))?;
        zone.call1((offset,))?
    };
    let microsecond = zoned.subsec_nanosecond() / 1000;
    let parts = (
        zoned.year(),
        zoned.month(),
        zoned.day(),
        zoned.hour(),
        zoned.minute(),
        zoned.second(),
        microsecond,
        zone,
    );
    class(py, &DATETIME, "datetime", "datetime")?.call1(parts)
}

/// A dataclass of `metertap.models`, or of a document that was registered.
fn record<'py>(
    py: Python<'py>,
    of: &dyn Provider,
    name: &str,
    fields: &[(&'static str, Typed)],
    extra: &[(String, Json<'static>)],
) -> PyResult<Bound<'py, PyAny>> {
    let class = match of.written() {
        None => py.import(intern!(py, "metertap.models"))?.getattr(name)?,
        Some(written) => {
            let records = py.import(intern!(py, "metertap._records"))?;
            records.call_method1(intern!(py, "record"), (written.digest, name))?
        }
    };
    let values = PyDict::new(py);
    for (name, value) in fields {
        values.set_item(*name, to_object(py, value, of)?)?;
    }
    let unknown = PyDict::new(py);
    for (key, value) in extra {
        unknown.set_item(key, pythonize::pythonize(py, value)?)?;
    }
    values.set_item(intern!(py, "extra"), unknown)?;
    class.call((), Some(&values))
}
