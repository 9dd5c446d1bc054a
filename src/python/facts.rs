//! The tables of the providers, as plain Python data: for the client classes, the stubs and the tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::{Value, json};

use super::convert::{from_python, is_too_deep};
use super::errors::to_python;
use crate::providers::BUILT_IN;
use crate::providers::documented::Reads;
use crate::providers::registry::{self, Registered, provider as known};
use crate::service::{Composite, Operation, Prose, Provider, Registry as _};
use crate::spec::compile::{Mistakes, check};
use crate::values::arguments::{Accepts, Argument, Needed};
use crate::values::error::{Error, Kind, Result};
use crate::values::shape::{Holds, Shape};
use crate::values::text::{compact, one_line};

/// All built-in providers, each as [`provider`] tells it.
#[pyfunction]
pub fn providers(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let all: Vec<Value> = BUILT_IN.iter().map(|provider| facts(*provider)).collect();
    Ok(pythonize::pythonize(py, &all)?)
}

/// One provider: settings, secrets, environment variables, operations with their arguments, and what its documentation
/// says; nothing if there is none of that name, or whose document has that digest.
#[pyfunction]
pub fn provider<'py>(py: Python<'py>, key: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    let facts = known(key).map(facts);
    Ok(facts.map(|facts| pythonize::pythonize(py, &facts)).transpose()?)
}

/// The records that answers are made of: for each, its fields and what they hold; of all built-in providers, or of one.
#[pyfunction]
#[pyo3(signature = (key=None))]
pub fn shapes<'py>(py: Python<'py>, key: Option<&str>) -> PyResult<Bound<'py, PyAny>> {
    let mut all = serde_json::Map::new();
    let providers = key.map_or_else(|| BUILT_IN.to_vec(), |key| known(key).into_iter().collect());
    for operation in providers.iter().flat_map(|provider| provider.facts().operations) {
        collect(&operation.returns, &mut all);
    }
    Ok(pythonize::pythonize(py, &Value::Object(all))?)
}

/// Names and digests of the providers that were registered, by name.
#[pyfunction]
pub fn registered() -> Vec<(&'static str, &'static str)> {
    let all = registry::all().into_iter();
    all.filter_map(|provider| Some((provider.name(), provider.written()?.digest)))
        .collect()
}

/// Registers a document and returns its digest; or else its mistakes, each with its line.
#[pyfunction]
pub fn register(py: Python<'_>, document: &str, replace: bool) -> PyResult<(Option<&'static str>, Mistakes)> {
    match py.detach(|| registry::register(document, replace)) {
        Registered::Done(provider) => Ok((provider.written().map(|written| written.digest), Vec::new())),
        Registered::Mistaken(mistakes) => Ok((None, mistakes)),
        Registered::Taken(error) => Err(to_python(py, &error)),
    }
}

/// A Python function that makes JSON of an answer.
struct Reader {
    name: String,
    function: Py<PyAny>,
}

impl Reads for Reader {
    fn read(&self, body: &[u8]) -> Result<Vec<u8>> {
        let name = &self.name;
        let failed = |what: String| Error::new(Kind::UnexpectedResponse, format!("the function {name:?} {what}"));
        let read = |py: Python<'_>| {
            let found = self.function.call1(py, (PyBytes::new(py, body),)).map_err(|problem| {
                let class = problem.get_type(py).name().map(|name| name.to_string());
                let text = one_line(&problem.value(py).to_string(), 200);
                failed(format!("raised {}: {text}", class.unwrap_or_default()))
            })?;
            let rows = from_python(found.bind(py), "what it returned");
            let rows = rows.map_err(|problem| failed(format!("returned what is no JSON: {}", problem.value(py))))?;
            Ok(compact(&rows.to_json()).into_bytes())
        };
        let closing = || Error::new(Kind::ShuttingDown, "the interpreter is shutting down");
        Python::try_attach(read).ok_or_else(closing)?
    }
}

/// Gives the document with this digest functions that read its answers.
#[pyfunction]
pub fn set_readers(key: &str, readers: BTreeMap<String, Py<PyAny>>) {
    let reader = |(name, function): (String, Py<PyAny>)| -> (String, Arc<dyn Reads>) {
        (name.clone(), Arc::new(Reader { name, function }))
    };
    registry::set_readers(key, readers.into_iter().map(reader).collect());
}

/// The names of the functions that read the answers of a document.
#[pyfunction]
pub fn readers(key: &str) -> Vec<&'static str> {
    let calls = registry::document(key).map_or(&[][..], |document| &document.call);
    calls.iter().filter_map(|call| call.reader.as_deref()).collect()
}

/// Keeps a document without giving it its name, as what a pickle has brought, and returns its digest.
#[pyfunction]
pub fn keep(py: Python<'_>, document: &str) -> PyResult<Option<&'static str>> {
    let kept = py.detach(|| registry::All.described(document));
    let kept = kept.map_err(|error| to_python(py, &error))?;
    Ok(kept.written().map(|written| written.digest))
}

/// The text of the document of that name or digest.
#[pyfunction]
pub fn document(key: &str) -> Option<&'static str> {
    known(key)?.written().map(|written| written.text)
}

/// What is wrong with a document: lines and sentences. Nothing of it is kept.
#[pyfunction]
pub fn mistakes(py: Python<'_>, document: &str) -> Mistakes {
    py.detach(|| check(document, &[]).err().unwrap_or_default())
}

/// The text of a document that is a dict.
#[pyfunction]
pub fn document_text(py: Python<'_>, document: &Bound<'_, PyAny>) -> PyResult<String> {
    let refuse = |problem: String| {
        let text = format!("the document is a dict that TOML cannot say: {problem}");
        to_python(py, &Error::invalid(one_line(&text, 300)))
    };
    if is_too_deep(document)? {
        return Err(refuse("lists or dicts lie in each other more than 100 deep".to_owned()));
    }
    let table: toml::Table = pythonize::depythonize(document).map_err(|problem| refuse(problem.to_string()))?;
    toml::to_string(&table).map_err(|problem| refuse(problem.to_string()))
}

fn facts(provider: &dyn Provider) -> Value {
    let facts = provider.facts();
    json!({
        "name": facts.name,
        "key": provider.written().map_or(facts.name, |written| written.digest),
        "class": facts.class,
        "title": facts.title,
        "doc": facts.doc,
        "notes": facts.notes,
        "base_url": facts.base_url,
        "page": facts.page,
        "settings": facts.settings.iter().map(argument).collect::<Vec<_>>(),
        "secrets": facts.secrets.iter().map(|field| json!({"name": field.name, "doc": field.doc})).collect::<Vec<_>>(),
        "keywords": facts.keywords,
        "required": facts.required,
        "rotating": provider.rotating(),
        "bearer": provider.bearer(),
        "environment": facts.environment,
        "operations": facts.operations.iter().map(operation).collect::<Vec<_>>(),
        "composites": facts.composites.iter().map(|one| composite(one, facts.page)).collect::<Vec<_>>(),
        "concurrency": facts.concurrency,
        "per_second": facts.per_second,
    })
}

fn operation(operation: &Operation) -> Value {
    json!({
        "name": operation.name,
        "wire": operation.wire,
        "doc": operation.doc,
        "page": operation.page,
        "arguments": operation.arguments.iter().map(argument).collect::<Vec<_>>(),
        "returns": holds(&operation.returns),
        "repeatable": operation.repeatable,
        "prose": prose(&operation.prose),
    })
}

fn composite(composite: &Composite, page: &str) -> Value {
    json!({
        "name": composite.name,
        "parts": composite.parts,
        "record": composite.record,
        "doc": composite.doc,
        "page": page,
        "prose": prose(&composite.prose),
    })
}

fn prose(prose: &Prose) -> Value {
    json!({
        "returns": prose.returns,
        "raw": prose.raw,
        "raises": prose.raises,
        "notes": prose.notes,
        "example": prose.example,
    })
}

fn argument(argument: &Argument) -> Value {
    let default = match argument.needed {
        Needed::Required | Needed::Optional => Value::Null,
        Needed::Flag(truth) => Value::from(truth),
        Needed::Whole(number) => Value::from(number),
        Needed::Text(text) => Value::from(text),
    };
    json!({
        "name": argument.name,
        "type": accepts(argument.accepts),
        "choices": choices(argument.accepts),
        "required": matches!(argument.needed, Needed::Required),
        "default": default,
        "doc": argument.doc,
    })
}

/// What alone is accepted, if that is a list.
fn choices(accepts: Accepts) -> Value {
    match accepts {
        Accepts::WholeOf(numbers) => json!(numbers),
        Accepts::OneOf(words) | Accepts::SomeOf(words) => json!(words),
        Accepts::Flag
        | Accepts::Whole(..)
        | Accepts::Text(_)
        | Accepts::Texts(_)
        | Accepts::Moment
        | Accepts::MomentOrMilliseconds
        | Accepts::Dict
        | Accepts::Dicts => Value::Null,
    }
}

/// The Python type of what an argument accepts, as it stands in a stub.
fn accepts(accepts: Accepts) -> &'static str {
    match accepts {
        Accepts::Flag => "bool",
        Accepts::Whole(..) | Accepts::WholeOf(_) => "int",
        Accepts::Text(_) | Accepts::OneOf(_) => "str",
        Accepts::Texts(_) | Accepts::SomeOf(_) => "str | Sequence[str]",
        Accepts::Moment => "Moment",
        Accepts::MomentOrMilliseconds => "Moment | int",
        Accepts::Dict => "Mapping[str, Any]",
        Accepts::Dicts => "Sequence[Mapping[str, Any]]",
    }
}

/// The Python type of what a field holds, as it stands in an annotation.
fn holds(held: &Holds) -> String {
    match held {
        Holds::Flag => "bool".to_owned(),
        Holds::Integer => "int".to_owned(),
        Holds::Decimal | Holds::Written => "Decimal".to_owned(),
        Holds::Text | Holds::Label => "str".to_owned(),
        Holds::Instant | Holds::Seconds => "datetime".to_owned(),
        Holds::Day => "date".to_owned(),
        Holds::Record(shape) => shape.name.to_owned(),
        Holds::List(items) | Holds::ListOrNothing(items) => format!("list[{}]", holds(items)),
        Holds::Map(values) => format!("dict[str, {}]", holds(values)),
        Holds::Beside(_) => "dict[str, Any]".to_owned(),
        Holds::Joined(shape) => format!("list[{}]", shape.name),
        Holds::Maybe(value) => format!("{} | None", holds(value)),
        Holds::Anything => "Any".to_owned(),
    }
}

fn collect(held: &Holds, all: &mut serde_json::Map<String, Value>) {
    match held {
        Holds::Record(shape) | Holds::Joined(shape) => collect_shape(shape, all),
        Holds::List(inner) | Holds::ListOrNothing(inner) | Holds::Map(inner) | Holds::Maybe(inner) => {
            collect(inner, all);
        }
        Holds::Flag
        | Holds::Integer
        | Holds::Decimal
        | Holds::Text
        | Holds::Label
        | Holds::Instant
        | Holds::Day
        | Holds::Seconds
        | Holds::Written
        | Holds::Beside(_)
        | Holds::Anything => {}
    }
}

fn collect_shape(shape: &Shape, all: &mut serde_json::Map<String, Value>) {
    let fields = shape
        .fields
        .iter()
        .map(|field| json!({"name": field.name, "type": holds(&field.holds)}));
    all.insert(shape.name.to_owned(), Value::Array(fields.collect()));
    for field in shape.fields {
        collect(&field.holds, all);
    }
}
