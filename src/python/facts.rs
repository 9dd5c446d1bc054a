//! The tables of the providers, as plain Python data: for the client classes, the stubs and the tests.

use pyo3::prelude::*;
use serde_json::{Value, json};

use crate::providers::REGISTRY;
use crate::service::{Facts, Operation};
use crate::values::arguments::{Accepts, Argument, Needed};
use crate::values::shape::{Holds, Shape};

/// All providers: settings, secrets, environment variables, operations with their arguments.
#[pyfunction]
pub fn providers(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let all: Vec<Value> = REGISTRY.iter().map(|provider| facts(provider.facts())).collect();
    Ok(pythonize::pythonize(py, &all)?)
}

/// The operations of a provider: name, the names of its arguments, and its docstring.
#[pyfunction]
pub fn operations(provider: &str) -> Vec<(&'static str, Vec<&'static str>, String)> {
    let operations = crate::providers::provider(provider).map_or(&[][..], |provider| provider.facts().operations);
    let names = |operation: &Operation| operation.arguments.iter().map(|argument| argument.name).collect();
    operations
        .iter()
        .map(|operation| (operation.name, names(operation), docstring(operation)))
        .collect()
}

/// The docstring of a method that is made from the table of facts, in the form of those that are written by hand.
fn docstring(operation: &Operation) -> String {
    let arguments: String = operation.arguments.iter().map(described).collect();
    format!(
        "{doc}\n\nParameters\n----------\n{arguments}raw : bool, default False\n    Return the provider's JSON: the whole document.\n\n\
         Returns\n-------\n{returns}\n    {doc}\n\n\
         Raises\n------\nInvalidArgument\n    If an argument cannot work; nothing was sent.\n\
         MetertapError\n    Of the class that tells what went wrong.\n\n\
         Notes\n-----\nSource: {wire}, {page}\n",
        doc = operation.doc,
        returns = holds(&operation.returns),
        wire = operation.wire,
        page = operation.page,
    )
}

/// An argument's entry in a docstring.
fn described(argument: &Argument) -> String {
    let needed = match argument.needed {
        Needed::Required => String::new(),
        Needed::Optional => ", optional".to_owned(),
        Needed::Flag(truth) => format!(", default {}", if truth { "True" } else { "False" }),
        Needed::Whole(number) => format!(", default {number}"),
        Needed::Text(text) => format!(", default {text:?}"),
    };
    let mut doc = argument.doc.to_owned();
    if let Some(first) = doc.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let kind = match argument.accepts {
        Accepts::Moment => "datetime, date or str",
        Accepts::MomentOrMilliseconds => "datetime, date, str or int",
        other => accepts(other),
    };
    format!("{} : {kind}{needed}\n    {doc}.\n", argument.name)
}

/// The records that answers are made of: for each, its fields and what they hold.
#[pyfunction]
pub fn shapes(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let mut all = serde_json::Map::new();
    for operation in REGISTRY.iter().flat_map(|provider| provider.facts().operations) {
        collect(&operation.returns, &mut all);
    }
    Ok(pythonize::pythonize(py, &Value::Object(all))?)
}

fn facts(facts: &Facts) -> Value {
    json!({
        "name": facts.name,
        "title": facts.title,
        "base_url": facts.base_url,
        "page": facts.page,
        "settings": facts.settings.iter().map(argument).collect::<Vec<_>>(),
        "secrets": facts.secrets.iter().map(|field| json!({"name": field.name, "doc": field.doc})).collect::<Vec<_>>(),
        "environment": facts.environment,
        "operations": facts.operations.iter().map(operation).collect::<Vec<_>>(),
        "composites": facts.composites.iter().map(|composite| json!({
            "name": composite.name, "parts": composite.parts, "record": composite.record, "doc": composite.doc,
        })).collect::<Vec<_>>(),
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
        "required": matches!(argument.needed, Needed::Required),
        "default": default,
        "doc": argument.doc,
    })
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
        Holds::Decimal => "Decimal".to_owned(),
        Holds::Text | Holds::Label => "str".to_owned(),
        Holds::Instant => "datetime".to_owned(),
        Holds::Day => "date".to_owned(),
        Holds::Record(shape) => shape.name.to_owned(),
        Holds::List(items) | Holds::ListOrNothing(items) => format!("list[{}]", holds(items)),
        Holds::Map(values) => format!("dict[str, {}]", holds(values)),
        Holds::Maybe(value) => format!("{} | None", holds(value)),
        Holds::Anything => "Any".to_owned(),
    }
}

fn collect(held: &Holds, all: &mut serde_json::Map<String, Value>) {
    match held {
        Holds::Record(shape) => collect_shape(shape, all),
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
