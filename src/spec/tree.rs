//! A TOML text as a tree that knows its lines: what blocks are read from.

use serde::de::value::{self, MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use toml::de::{DeTable, DeValue};

use super::read::Mistakes;
use crate::values::text::one_line;

/// The longest text of a document, in bytes; the largest of the built-in ones has a twentieth of it.
const LONGEST: usize = 1 << 20;

/// A value, and the line that it begins on.
#[derive(Debug, Clone)]
pub struct Node {
    /// The line, counted from 1.
    pub line: usize,
    /// What it is.
    pub what: What,
}

impl Node {
    /// The string that this is.
    pub fn text(&self) -> Option<&str> {
        match &self.what {
            What::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The members of this table; none if it is another thing.
    pub fn members(&self) -> &[(String, usize, Self)] {
        match &self.what {
            What::Table(members) => members,
            _ => &[],
        }
    }

    /// The same, to be changed.
    pub fn table_mut(&mut self) -> Option<&mut Members> {
        match &mut self.what {
            What::Table(members) => Some(members),
            _ => None,
        }
    }

    /// The value under a key of this table, or at a place of this list, with its line.
    pub fn member(&self, step: &str) -> Option<(usize, &Self)> {
        match &self.what {
            What::List(items) => items.get(step.parse::<usize>().ok()?).map(|item| (item.line, item)),
            _ => self
                .members()
                .iter()
                .find(|(known, ..)| known == step)
                .map(|(_, line, node)| (*line, node)),
        }
    }

    /// What is at a place.
    pub fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |node, step| Some(node.member(step)?.1))
    }

    /// The line of a place, and how it is called in a message: `call "total" kind`.
    pub fn find(&self, path: &[String]) -> (usize, String) {
        let (mut node, mut line, mut name) = (self, self.line, String::new());
        for step in path {
            let Some((at, inner)) = node.member(step) else { break };
            let called = inner.member("name").and_then(|(_, name)| name.text());
            let called = match (step.parse::<usize>(), called) {
                (Ok(_), Some(called)) => format!("{called:?}"),
                (Ok(place), None) => (place + 1).to_string(),
                _ => step.clone(),
            };
            name = if name.is_empty() {
                called
            } else {
                format!("{name} {called}")
            };
            (line, node) = (at, inner);
        }
        if name.is_empty() {
            "the document".clone_into(&mut name);
        }
        (line, name)
    }

    /// Takes out what is at a place; false if there is nothing.
    pub fn take_out(&mut self, path: &[String]) -> bool {
        let Some((step, rest)) = path.split_first() else {
            return false;
        };
        match &mut self.what {
            What::List(items) => match step.parse::<usize>() {
                Ok(place) if place < items.len() && rest.is_empty() => drop(items.remove(place)),
                Ok(place) => return items.get_mut(place).is_some_and(|item| item.take_out(rest)),
                Err(_) => return false,
            },
            What::Table(members) => {
                let Some(place) = members.iter().position(|(key, ..)| key == step) else {
                    return false;
                };
                match members.get_mut(place) {
                    Some((.., node)) if !rest.is_empty() => return node.take_out(rest),
                    _ => drop(members.remove(place)),
                }
            }
            _ => return false,
        }
        true
    }
}

impl<'n> IntoDeserializer<'n, value::Error> for &'n Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Blocks are read of it in the order of their keys.
impl<'de> Deserializer<'de> for &'de Node {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        match &self.what {
            What::Text(text) => visitor.visit_borrowed_str(text),
            What::Whole(number) => visitor.visit_i64(*number),
            What::Number(number) => visitor.visit_f64(*number),
            What::Flag(truth) => visitor.visit_bool(*truth),
            What::List(items) => visitor.visit_seq(SeqDeserializer::new(items.iter())),
            What::Table(members) => visitor.visit_map(entries(members)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &str, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &str, _: &[&str], visitor: V) -> Result<V::Value, value::Error> {
        match &self.what {
            What::Text(word) => visitor.visit_enum(word.as_str().into_deserializer()),
            What::Table(members) if members.len() > 1 => {
                let keys: Vec<&str> = members.iter().map(|(key, ..)| key.as_str()).collect();
                let text = format!("has room for one of {}: leave out the others", keys.join(", "));
                Err(de::Error::custom(text))
            }
            What::Table(members) => visitor.visit_enum(MapAccessDeserializer::new(entries(members))),
            _ => self.deserialize_any(visitor),
        }
    }

    /// One thing stands for a list of one.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        match &self.what {
            What::List(_) | What::Table(_) => self.deserialize_any(visitor),
            _ => visitor.visit_seq(SeqDeserializer::new(std::iter::once(self))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct
        map struct identifier ignored_any
    }
}

fn entries(members: &Members) -> MapDeserializer<'_, impl Iterator<Item = (&str, &Node)>, value::Error> {
    MapDeserializer::new(members.iter().map(|(key, _, node)| (key.as_str(), node)))
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum What {
    /// A string.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Another number.
    Number(f64),
    /// `true` or `false`.
    Flag(bool),
    /// An array.
    List(Vec<Node>),
    /// A table: keys in their order, each with its line.
    Table(Members),
}

/// The keys of a table with their lines and values.
pub type Members = Vec<(String, usize, Node)>;

/// Reads a text; what is no TOML goes to the mistakes, and the rest is still read.
pub fn read(text: &str, mistakes: &mut Mistakes) -> Members {
    if text.len() > LONGEST {
        mistakes.push((
            1,
            format!(
                "the document has {} bytes, of which at most {LONGEST} are read: make it shorter",
                text.len()
            ),
        ));
        return Vec::new();
    }
    let lines = Lines::of(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let line = error.span().map_or(1, |span| lines.at(span.start));
        let place = error.span().and_then(|span| text.get(span)).unwrap_or_default();
        let place = match one_line(place, 40) {
            place if place.is_empty() => place,
            place => format!(", at {place:?}"),
        };
        mistakes.push((line, format!("this is no TOML: {}{place}", error.message())));
    }
    members(&table.into_inner(), &lines, mistakes)
}

fn members(table: &DeTable<'_>, lines: &Lines, mistakes: &mut Mistakes) -> Members {
    let member = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        let line = lines.at(key.span().start);
        (name.to_string(), line, node(value, lines, mistakes))
    };
    table.iter().map(member).collect()
}

fn node(value: &toml::Spanned<DeValue<'_>>, lines: &Lines, mistakes: &mut Mistakes) -> Node {
    let line = lines.at(value.span().start);
    let what = match value.get_ref() {
        DeValue::String(text) => What::Text(text.to_string()),
        DeValue::Integer(number) => {
            let found = i64::from_str_radix(number.as_str(), number.radix());
            if found.is_err() {
                mistakes.push((line, format!("{} does not fit 64 bits", number.as_str())));
            }
            What::Whole(found.unwrap_or_default())
        }
        DeValue::Float(number) => What::Number(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(truth) => What::Flag(*truth),
        DeValue::Datetime(moment) => What::Text(moment.to_string()),
        DeValue::Array(items) => What::List(items.iter().map(|item| node(item, lines, mistakes)).collect()),
        DeValue::Table(table) => What::Table(members(table, lines, mistakes)),
    };
    Node { line, what }
}

/// Puts what a table does not say itself under it: tables key by key, everything else as a whole.
pub fn inherit(own: &mut Members, from: &Members) {
    for (key, line, value) in from {
        match own.iter_mut().find(|(known, ..)| known == key) {
            None => own.push((key.clone(), *line, value.clone())),
            Some((
                ..,
                Node {
                    what: What::Table(own), ..
                },
            )) => {
                if let What::Table(from) = &value.what {
                    inherit(own, from);
                }
            }
            Some(_) => {}
        }
    }
}

/// Where the lines of a text end.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(place, _)| place).collect())
    }

    /// The line of a byte, counted from 1.
    fn at(&self, byte: usize) -> usize {
        1 + self.0.partition_point(|end| *end < byte)
    }
}
