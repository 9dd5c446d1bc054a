//! Rows whose place no page shows: in a bare array, or in the only one of an object.

use std::borrow::Cow;

use super::document::Rows;
use super::fail::place;
use crate::values::error::{Error, Result};
use crate::values::json::{At, Json};
use crate::values::shape::{Holds, Typed};

impl Rows {
    /// Where the list stands in this answer. Where it has no such list, the place stays unknown.
    pub fn found(&self, answer: &Json<'_>) -> Cow<'_, [String]> {
        match answer {
            _ if !self.is_anywhere => Cow::Borrowed(&self.at),
            Json::Map(members) => {
                let mut lists = members
                    .iter()
                    .filter(|(key, value)| matches!(value, Json::List(_) | Json::Numbers(_)) && key != "errors");
                match (lists.next(), lists.next()) {
                    (Some((key, _)), None) => Cow::Owned(vec![key.to_string()]),
                    _ => Cow::Borrowed(&self.at),
                }
            }
            _ => Cow::Borrowed(&[]),
        }
    }

    /// Refuses an answer that has no list at its place, or none of rows although it counts something beside them.
    pub fn check(&self, at: &At<'_, '_>, keys: &[String], count: usize) -> Result<()> {
        let Some(last) = keys.last() else {
            return at.list().map(drop);
        };
        at.map()?;
        place(at, keys, &mut |held| match held.value {
            Json::List(_) | Json::Numbers(_) => Ok(()),
            Json::Null if self.is_anywhere => {
                let text = "expected an array, or an object with exactly one";
                Err(Error::unexpected(at.path(), text))
            }
            Json::Null if self.may_be_missing => Ok(()),
            _ => Err(held.expected("an array")),
        })?;
        let mut beside = self.beside(at.value, last).filter(|_| count == 0);
        match beside.find(|(_, value)| has_number(value, |text| text.contains(|digit| ('1'..='9').contains(&digit)))) {
            Some((key, value)) => {
                let text =
                    "a number, but no rows beside it; what it counts is unknown, so this is not taken for no use";
                Err(Error::unexpected(At::member(&at.path(), key, value).path(), text))
            }
            None => Ok(()),
        }
    }

    /// What an object says besides its only array.
    fn beside<'j, 'b>(&self, object: &'j Json<'b>, list: &str) -> impl Iterator<Item = &'j (Cow<'b, str>, Json<'b>)> {
        let members = match object {
            Json::Map(members) if self.is_anywhere => members.as_slice(),
            _ => &[],
        };
        members.iter().filter(move |(key, _)| key != list)
    }

    /// The typed rows, each with the numbers that are said of all of them: a list has no other place for those. Where a row
    /// has a field of that name itself, the other one is named by its place.
    pub fn typed(&self, returns: &Holds, at: &At<'_, '_>) -> Result<Typed> {
        let found = self.found(at.value);
        let mut read = place(at, &found, &mut |list| {
            self.check(at, &found, list.list().map_or(0, |items| items.len()))?;
            returns.read(list)
        })?;
        let list = found.last().map_or("", String::as_str);
        let Typed::List(rows) = &mut read else { return Ok(read) };
        for row in rows {
            let Typed::Record(_, _, extra) = row else { continue };
            for (key, value) in self
                .beside(at.value, list)
                .filter(|(_, value)| has_number(value, |_| true))
            {
                let is_taken = extra.iter().any(|(known, _)| known == key);
                let name = if is_taken { format!("$.{key}") } else { key.to_string() };
                extra.push((name, value.clone().into_owned()));
            }
        }
        Ok(read)
    }
}

/// True if it is, or holds, such a number.
fn has_number(value: &Json<'_>, is_meant: fn(&str) -> bool) -> bool {
    match value {
        Json::Number(text) => is_meant(text),
        Json::List(items) => items.iter().any(|item| has_number(item, is_meant)),
        Json::Numbers(items) => items.iter().any(|item| has_number(&item, is_meant)),
        Json::Map(members) => members.iter().any(|(_, value)| has_number(value, is_meant)),
        Json::Null | Json::Bool(_) | Json::Text(_) => false,
    }
}
