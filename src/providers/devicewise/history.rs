//! The record of a history: a series for each counter, with the keys that lead to it.

use crate::service::Call;
use crate::spec::arrays::{check_length, each};
use crate::spec::document::Document;
use crate::values::error::Result;
use crate::values::json::{At, Json};
use crate::values::shape::{Holds, Shape, Typed};

const COUNT: Holds = Holds::Maybe(&Holds::Integer);

/// What was asked for, out of the document.
pub fn typed(document: &Document, call: &Call, answer: &Json<'_>) -> Result<Typed> {
    let asked = document.of(call.operation);
    let (root, command) = (At::root(answer).path(), answer.get("get").unwrap_or(&Json::Null));
    let at = At::member(&root, "get", command);
    let (path, params) = (at.path(), command.get("params"));
    match (call.operation.returns, asked, params) {
        // Commands without results answer without params, and some put their results beside `success`.
        (Holds::Anything, _, None) => Holds::Anything.read(&at),
        (Holds::Record(shape), Some(asked), _) if asked.rows.is_some() => {
            history(shape, asked, &at.need(&path, "params")?)
        }
        (returns, ..) => returns.read(&at.need(&path, "params")?),
    }
}

fn history(shape: &'static Shape, asked: &crate::spec::document::Call, at: &At<'_, '_>) -> Result<Typed> {
    let path = at.path();
    let ts = at.map().map(|_| at.value.get("ts"))?;
    let timestamps = ts.map(|ts| Holds::List(&Holds::Instant).read(&At::member(&path, "ts", ts)));
    let timestamps = timestamps.transpose()?;
    let moments = match &timestamps {
        Some(Typed::List(moments)) => Some(moments.len()),
        _ => None,
    };
    let has_counters = at.value.get("counters").is_some();
    let mut series = Vec::new();
    let mut known = vec!["ts".to_owned(), "counters".to_owned()];
    each(asked, at, &mut |at, keys| {
        let (values, value) = match at.value {
            Json::List(items) => {
                check_length(at, items.len(), moments)?;
                (Holds::List(&COUNT).read(at)?, Typed::Nothing)
            }
            _ => (Typed::List(Vec::new()), COUNT.read(at)?),
        };
        known.extend(keys.first().filter(|_| !has_counters).map(ToString::to_string));
        let keys = keys.iter().map(|key| Typed::Text(key.to_string()));
        let fields = vec![
            ("path", Typed::List(keys.collect())),
            ("values", values),
            ("value", value),
        ];
        series.push(Typed::Record("CounterSeries", fields, Vec::new()));
        Ok(())
    })?;
    let total = match at.value.get("total") {
        // A sum of counts, which may need more than 64 bits.
        Some(Json::Number(text)) if !text.contains(['.', 'e', 'E']) => Typed::Integer(text.to_string()),
        Some(total @ Json::Number(_)) => return Err(At::member(&path, "total", total).expected("a whole number")),
        _ => Typed::Nothing,
    };
    let is_known = |key: &str, value: &Json<'_>| {
        known.iter().any(|one| one == key) || key == "total" && matches!(value, Json::Number(_) | Json::Null)
    };
    let extra = at.map()?.iter().filter(|(key, value)| !is_known(key, value));
    let extra = extra.map(|(key, value)| (key.to_string(), value.clone().into_owned()));
    let fields = vec![
        ("series", Typed::List(series)),
        ("total", total),
        ("timestamps", timestamps.unwrap_or(Typed::List(Vec::new()))),
    ];
    Ok(Typed::Record(shape.name, fields, extra.collect()))
}
