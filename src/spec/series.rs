//! Typed answers: by the operation's shape, or as a series, which has its figures, rows and labels under our names
//! although the service's differ from call to call.

use std::borrow::Cow;

use super::document::{self, Document, Figure};
use super::fail::place;
use crate::service::Call;
use crate::values::error::{Error, Result};
use crate::values::json::{At, Json};
use crate::values::shape::{Holds, Shape, Typed};
use crate::values::text::snake;

/// Fields that are not known.
type Extra = Vec<(String, Json<'static>)>;

impl Document {
    /// What was asked for, out of the document, as it may be relied on.
    pub fn typed(&self, call: &Call, document: &Json<'_>) -> Result<Typed> {
        let root = At::root(document);
        let Some(asked) = self.of(call.operation) else {
            return call.operation.returns.read(&root);
        };
        place(&root, &asked.answer, &mut |at| match call.operation.returns {
            Holds::Record(shape) if asked.series => Series { asked, shape }.read(at),
            returns => match asked.rows.as_ref().filter(|rows| rows.is_anywhere) {
                Some(rows) => rows.typed(&returns, at),
                None => returns.read(at),
            },
        })
    }
}

/// How a call's series is read.
struct Series<'c> {
    asked: &'c document::Call,
    /// The record of the whole, with those of its rows and details inside.
    shape: &'static Shape,
}

impl Series<'_> {
    fn read(&self, at: &At<'_, '_>) -> Result<Typed> {
        let members = at.map()?;
        let path = at.path();
        let filters: Vec<(&str, &str)> = self.filters().collect();
        let mut fields = Vec::new();
        for field in self.shape.fields {
            let value = match field.name {
                "totals" => self.totals(at)?,
                "rows" => self.rows(at)?,
                "details" => self.details(at)?,
                "filters" => {
                    let given = filters.iter().filter_map(|(name, wire)| {
                        let value = at.value.get(wire)?.clone().into_owned();
                        Some(((*name).to_owned(), Typed::Json(value)))
                    });
                    Typed::Map(given.collect())
                }
                _ => match at.value.get(field.wire) {
                    Some(value) => field.holds.read(&At::member(&path, field.wire, value))?,
                    None => Typed::Nothing,
                },
            };
            fields.push((field.name, value));
        }
        let plain = |key: &str| self.shape.fields.iter().any(|field| field.wire == key);
        let known = |key: &str| {
            plain(key)
                || filters.iter().any(|(_, wire)| *wire == key)
                || self.details_key() == Some(key)
                || self.has_figures(key)
        };
        Ok(Typed::Record(self.shape.name, fields, extra(members, known)))
    }

    /// The arguments that narrow the question, and the service's names of them; the answer repeats them.
    fn filters(&self) -> impl Iterator<Item = (&str, &str)> {
        let asked = self.asked;
        let grain = asked.echo.grain.iter().map(|(_, argument)| argument);
        let range = asked.range.iter().flat_map(|(start, end)| [start, end]);
        let pages = asked.pages.iter().flat_map(|pages| [&pages.number, &pages.size]);
        let others: Vec<&String> = grain.chain(range).chain(pages).collect();
        let takes = asked.takes.iter().filter(move |taken| !others.contains(&&taken.name));
        takes.map(|taken| (taken.name.as_str(), taken.wire()))
    }

    /// The record of which a field is a list.
    fn inner(&self, name: &str) -> &'static Shape {
        let field = self.shape.fields.iter().find(|field| field.name == name);
        match field.map(|field| field.holds) {
            Some(Holds::List(Holds::Record(shape))) => shape,
            _ => self.shape,
        }
    }

    /// The key of the list that splits the figures and rows.
    fn details_key(&self) -> Option<&str> {
        self.asked.rows.as_ref()?.details.as_deref()
    }

    fn list(&self) -> Option<&str> {
        self.asked.rows.as_ref()?.list.last().map(String::as_str)
    }

    /// True for the keys that a result and each of its details share.
    fn has_figures(&self, key: &str) -> bool {
        self.list() == Some(key)
            || self
                .asked
                .meter
                .iter()
                .any(|figure| figure.total.as_deref() == Some(key))
    }

    fn details(&self, at: &At<'_, '_>) -> Result<Typed> {
        let labels = self.asked.rows.as_ref().map_or(&[][..], |rows| &rows.split_labels);
        each(at, self.details_key(), |at| {
            let fields = vec![
                ("dimensions", texts(labels, at)?),
                ("totals", self.totals(at)?),
                ("rows", self.rows(at)?),
            ];
            let known = |key: &str| self.has_figures(key) || labels.iter().any(|label| label == key);
            Ok(vec![Typed::Record(
                self.inner("details").name,
                fields,
                extra(at.map()?, known),
            )])
        })
    }

    fn rows(&self, at: &At<'_, '_>) -> Result<Typed> {
        let Some(rows) = &self.asked.rows else {
            return Ok(Typed::List(Vec::new()));
        };
        each(at, self.list(), |at| {
            let time = match &rows.time {
                Some(key) => member(at, key, |at| Holds::Instant.read(at))?,
                None => Typed::Nothing,
            };
            let Some(inner) = &rows.inner else {
                return Ok(vec![self.row(rows, at, time, Vec::new())?]);
            };
            let outer = extra(at.map()?, |key| rows.time.as_deref() == Some(key) || key == inner);
            let found = each(at, Some(inner), |at| {
                Ok(vec![self.row(rows, at, time.clone(), outer.clone())?])
            })?;
            match (found, outer.first()) {
                // Without a row, there is nothing that could keep what is not known: it must not vanish.
                (Typed::List(found), Some((key, _))) if found.is_empty() => {
                    let path = at.path();
                    let text = format!("the field is not known, and {inner} has no row to keep it with");
                    Err(Error::unexpected(At::member(&path, key, &Json::Null).path(), text))
                }
                (Typed::List(found), _) => Ok(found),
                _ => Ok(Vec::new()),
            }
        })
    }

    fn row(&self, rows: &document::Rows, at: &At<'_, '_>, time: Typed, mut more: Extra) -> Result<Typed> {
        let members = at.map()?;
        let values = || self.asked.meter.iter().filter(|figure| !figure.value.is_empty());
        // What is null is left out, never zero.
        let there = |figure: &&Figure| at.value.get(&figure.value) != Some(&Json::Null);
        let read = values().filter(there).map(|figure| {
            let value = member(at, &figure.value, |at| Holds::Decimal.read(at))?;
            Ok((snake(&figure.value), value))
        });
        let fields = vec![
            ("time_stamp", time),
            ("values", Typed::Map(read.collect::<Result<_>>()?)),
            ("dimensions", texts(&rows.labels, at)?),
        ];
        more.extend(extra(members, |key| {
            rows.time.as_deref() == Some(key)
                || values().any(|figure| figure.value == key)
                || rows.labels.iter().any(|label| label == key)
        }));
        Ok(Typed::Record(self.inner("rows").name, fields, more))
    }

    /// The figures for the whole range. Some details come without, so what is absent is left out, never zero.
    fn totals(&self, at: &At<'_, '_>) -> Result<Typed> {
        let path = at.path();
        let mut found = Vec::new();
        for key in self.asked.meter.iter().filter_map(|figure| figure.total.as_deref()) {
            if let Some(value) = at.value.get(key).filter(|value| **value != Json::Null) {
                let value = Holds::Decimal.read(&At::member(&path, key, value))?;
                found.push((snake(key), value));
            }
        }
        Ok(Typed::Map(found))
    }
}

/// The records of the list under that key; null and missing mean that there are none.
fn each(at: &At<'_, '_>, key: Option<&str>, read: impl Fn(&At<'_, '_>) -> Result<Vec<Typed>>) -> Result<Typed> {
    let list = key.and_then(|key| Some((key, at.value.get(key)?)));
    let Some((key, list)) = list.filter(|(_, list)| **list != Json::Null) else {
        return Ok(Typed::List(Vec::new()));
    };
    let path = at.path();
    let list = At::member(&path, key, list);
    let path = list.path();
    let mut records = Vec::new();
    for (index, item) in list.list()?.iter().enumerate() {
        records.extend(read(&At::item(&path, index, item))?);
    }
    Ok(Typed::List(records))
}

/// The texts by which a row is told apart; those that it has.
fn texts(labels: &[String], at: &At<'_, '_>) -> Result<Typed> {
    let path = at.path();
    let mut found = Vec::new();
    for label in labels {
        if let Some(value) = at.value.get(label).filter(|value| **value != Json::Null) {
            let value = Holds::Label.read(&At::member(&path, label, value))?;
            found.push((snake(label), value));
        }
    }
    Ok(Typed::Map(found))
}

fn member(at: &At<'_, '_>, key: &str, read: impl Fn(&At<'_, '_>) -> Result<Typed>) -> Result<Typed> {
    read(&at.need(&at.path(), key)?)
}

fn extra(members: &[(Cow<'_, str>, Json<'_>)], known: impl Fn(&str) -> bool) -> Extra {
    let unknown = members.iter().filter(|(key, _)| !known(key));
    unknown
        .map(|(key, value)| (key.to_string(), value.clone().into_owned()))
        .collect()
}
