//! Rows whose place no page shows: in a bare array, or in the only one of an object.

use std::borrow::Cow;

use super::document::{Path, Rows};
use super::fail::place;
use crate::values::error::{Error, Result};
use crate::values::json::{At, Json};
use crate::values::shape::{Holds, Typed};

impl Rows {
    /// The same, with the place of the list in this answer. Where it has no such list, the place stays unknown.
    pub fn found(&self, answer: &Json<'_>) -> Cow<'_, Self> {
        let Some((any, outer)) = self.list.split_last().filter(|_| self.is_anywhere) else {
            return Cow::Borrowed(self);
        };
        let at = match answer {
            Json::Map(members) => {
                let is_list =
                    |(key, value): &&(Cow<'_, str>, Json<'_>)| matches!(value, Json::List(_)) && key != "errors";
                let mut lists = members.iter().filter(is_list);
                let only = lists.next().filter(|_| lists.next().is_none());
                vec![only.map_or(any.clone(), |(key, _)| key.to_string())]
            }
            _ => Vec::new(),
        };
        Cow::Owned(Self {
            list: Path([outer, &at].concat()),
            at: Path(at),
            ..self.clone()
        })
    }

    /// Refuses an answer that has no list at its place, or none of rows although it counts something beside them.
    pub fn check(&self, at: &At<'_, '_>, count: usize) -> Result<()> {
        if self.moments.is_some() {
            // Arrays are no list of rows.
            return Ok(());
        }
        let Some((last, outer)) = self.at.split_last() else {
            return at.list().map(drop);
        };
        at.map()?;
        place(at, outer, &mut |_| Ok(()))?;
        place(at, &self.at, &mut |held| match held.value {
            Json::List(_) => Ok(()),
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
        let mut read = place(at, &found.at, &mut |list| {
            found.check(at, list.list().map_or(0, <[_]>::len))?;
            returns.read(list)
        })?;
        let list = found.at.last().map_or("", String::as_str);
        let Typed::List(rows) = &mut read else { return Ok(read) };
        for row in rows {
            let Typed::Record(_, _, extra) = row else { continue };
            for (key, value) in found
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
        Json::Map(members) => members.iter().any(|(_, value)| has_number(value, is_meant)),
        Json::Null | Json::Bool(_) | Json::Text(_) => false,
    }
}
