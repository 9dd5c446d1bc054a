//! The one door to JSON: a tree that keeps numbers as they were written, and knows where it is when something is wrong.

use std::borrow::Cow;
use std::fmt;

use jiter::Jiter;
pub use jiter::Peek;
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

use super::error::{Error, Kind, Result};
use super::quantity::{Quantity, check_count, check_integer};

/// Nesting deeper than this is refused; no provider comes near it.
const MAX_DEPTH: usize = 64;

/// A JSON value that borrows its text from the body it was read from.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'b> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(Cow<'b, str>),
    /// A string, unescaped.
    Text(Cow<'b, str>),
    /// An array.
    List(Vec<Json<'b>>),
    /// An array of numbers and nulls alone, where the reader keeps such arrays as they were written.
    Numbers(Numbers<'b>),
    /// An object: its members in their order; no key occurs twice.
    Map(Vec<(Cow<'b, str>, Json<'b>)>),
}

/// The numbers and nulls of an array, as they were written: a million of them take no room of their own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Numbers<'b> {
    /// What stands between the brackets.
    text: &'b str,
    count: usize,
}

impl<'b> Numbers<'b> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Json<'b>> + use<'b> {
        let mut rest = self.text;
        (0..self.count).map(move |_| {
            // They are short: a search that is made for long texts would cost more than it finds.
            let end = rest.bytes().position(|byte| byte == b',').unwrap_or(rest.len());
            let item = rest.get(..end).unwrap_or_default();
            rest = rest.get(end + 1..).unwrap_or_default();
            match item.trim_ascii() {
                "null" => Json::Null,
                item => Json::Number(Cow::Borrowed(item)),
            }
        })
    }
}

impl<'b> Json<'b> {
    /// Reads a whole body: UTF-8 (a byte order mark is allowed), one JSON value, nothing after it.
    pub fn parse(body: &'b [u8]) -> Result<Self> {
        Self::read(body, None, false)
    }

    /// The same, but the items of the array at the end of this path of keys are handed over while they are read; it is
    /// empty in what is returned. A value of another kind at that place is returned as it is. Where the last key is `*`,
    /// that is the first array that is wanted.
    pub fn parse_around(body: &'b [u8], path: &[String], items: &mut dyn Items<'b>) -> Result<Self> {
        Self::read(body, Some((path, items)), false)
    }

    /// The same, but arrays of numbers and nulls alone are kept as they were written.
    pub fn parse_with_numbers(body: &'b [u8]) -> Result<Self> {
        Self::read(body, None, true)
    }

    fn read(body: &'b [u8], around: Around<'_, 'b>, keeps_numbers: bool) -> Result<Self> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let text = std::str::from_utf8(body).map_err(|problem| {
            Error::unexpected("$", format!("the body is not UTF-8 (byte {})", problem.valid_up_to()))
        })?;
        let mut reader = Reader {
            text,
            tokens: Jiter::new(body),
            depth: 0,
            keeps_numbers,
        };
        let peek = reader.tokens.peek().map_err(|problem| reader.broken(&problem))?;
        let value = reader.value_around(peek, around)?;
        reader.tokens.finish().map_err(|problem| reader.broken(&problem))?;
        Ok(value)
    }

    /// The same value with all text copied out of the body.
    pub fn into_owned(self) -> Json<'static> {
        match self {
            Json::Null => Json::Null,
            Json::Bool(truth) => Json::Bool(truth),
            Json::Number(text) => Json::Number(Cow::Owned(text.into_owned())),
            Json::Text(text) => Json::Text(Cow::Owned(text.into_owned())),
            Json::List(items) => Json::List(items.into_iter().map(Json::into_owned).collect()),
            Json::Numbers(items) => Json::List(items.iter().map(Json::into_owned).collect()),
            Json::Map(members) => {
                let owned = |(key, value): (Cow<'_, str>, Json<'_>)| (Cow::Owned(key.into_owned()), value.into_owned());
                Json::Map(members.into_iter().map(owned).collect())
            }
        }
    }

    /// The member of that name, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Json<'b>> {
        match self {
            Json::Map(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The member of that name in any case of letters.
    pub fn get_any_case(&self, key: &str) -> Option<&Json<'b>> {
        match self {
            Json::Map(members) => members
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, if this is a string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A short form of any scalar, for messages and codes; nothing for null and containers.
    pub fn as_label(&self) -> Option<String> {
        match self {
            Json::Text(text) | Json::Number(text) => Some(text.to_string()),
            Json::Bool(truth) => Some(truth.to_string()),
            Json::Null | Json::List(_) | Json::Numbers(_) | Json::Map(_) => None,
        }
    }

    /// What this is, with its article, for messages.
    pub fn describe(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::Text(_) => "a string",
            Json::List(_) | Json::Numbers(_) => "an array",
            Json::Map(_) => "an object",
        }
    }
}

/// Takes the items of an array while a body is read.
pub trait Items<'b> {
    /// Takes an item: it must be read to its end. An error ends the reading of the whole body.
    fn item(&mut self, reader: &mut Reader<'b>, peek: Peek) -> Result<()>;

    /// Whether it takes the items of the array under this key, or of one that is the answer itself, where any may be meant.
    fn wants(&mut self, _key: Option<&str>) -> bool {
        false
    }
}

/// Where an array is handed over, and to whom.
type Around<'i, 'b> = Option<(&'i [String], &'i mut dyn Items<'b>)>;

/// A body that is being read.
pub struct Reader<'b> {
    text: &'b str,
    tokens: Jiter<'b>,
    depth: usize,
    keeps_numbers: bool,
}

impl<'b> Reader<'b> {
    /// Reads a value.
    pub fn value(&mut self, peek: Peek) -> Result<Json<'b>> {
        self.value_around(peek, None)
    }

    fn value_around(&mut self, peek: Peek, around: Around<'_, 'b>) -> Result<Json<'b>> {
        match (peek, around) {
            (Peek::Array, Some((path, items))) if path.is_empty() || is_any(path) => {
                if is_any(path) {
                    items.wants(None);
                }
                self.items(|reader, peek| items.item(reader, peek))?;
                return Ok(Json::List(Vec::new()));
            }
            (Peek::Object, Some((path @ [first, rest @ ..], items))) => {
                let mut members = Vec::new();
                self.members(|reader, name, peek| {
                    let is_it = if is_any(path) {
                        peek == Peek::Array && items.wants(Some(&name))
                    } else {
                        name == *first
                    };
                    let around: Around<'_, 'b> = if is_it { Some((rest, &mut *items)) } else { None };
                    let value = reader.value_around(peek, around)?;
                    members.push((name, value));
                    Ok(())
                })?;
                refuse_duplicates(&members.iter().map(|(name, _)| name.as_ref()))?;
                return Ok(Json::Map(members));
            }
            _ => {}
        }
        match peek {
            Peek::Null => self.null().map(|()| Json::Null),
            Peek::True | Peek::False => self
                .tokens
                .known_bool(peek)
                .map(Json::Bool)
                .map_err(|problem| self.broken(&problem)),
            Peek::String => self.string().map(Json::Text),
            Peek::Array if self.keeps_numbers => self.numbers(),
            Peek::Array => {
                let mut items = Vec::new();
                self.items(|reader, peek| {
                    items.push(reader.value(peek)?);
                    Ok(())
                })?;
                Ok(Json::List(items))
            }
            Peek::Object => {
                let mut members: Vec<(Cow<'b, str>, Json<'b>)> = Vec::new();
                self.members(|reader, name, peek| {
                    let value = reader.value(peek)?;
                    members.push((name, value));
                    Ok(())
                })?;
                refuse_duplicates(&members.iter().map(|(name, _)| name.as_ref()))?;
                Ok(Json::Map(members))
            }
            _ => self.number(peek).map(|text| Json::Number(Cow::Borrowed(text))),
        }
    }

    /// Reads an array, and keeps nothing of it but its text until something else than numbers and nulls comes.
    fn numbers(&mut self) -> Result<Json<'b>> {
        let start = self.tokens.current_index() + 1;
        let (mut count, mut end) = (0, start);
        let mut others: Option<Vec<Json<'b>>> = None;
        self.items(|reader, peek| {
            let is_plain = !matches!(
                peek,
                Peek::Array | Peek::Object | Peek::String | Peek::True | Peek::False
            );
            let text = reader.text;
            if let (true, None) = (is_plain, &others) {
                match peek {
                    Peek::Null => reader.null()?,
                    _ => reader.number(peek).map(drop)?,
                }
                (count, end) = (count + 1, reader.tokens.current_index());
                return Ok(());
            }
            let before = || Numbers {
                text: text.get(start..end).unwrap_or_default(),
                count,
            };
            let items = others.get_or_insert_with(|| before().iter().collect());
            items.push(reader.value(peek)?);
            Ok(())
        })?;
        let text = self.text.get(start..end).unwrap_or_default();
        Ok(others.map_or(Json::Numbers(Numbers { text, count }), Json::List))
    }

    fn enter(&mut self) -> Result<()> {
        if self.depth == MAX_DEPTH {
            return Err(Error::unexpected(
                "$",
                format!("the JSON is nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        self.depth += 1;
        Ok(())
    }

    /// Reads an array, item by item.
    pub fn items(&mut self, mut visit: impl FnMut(&mut Self, Peek) -> Result<()>) -> Result<()> {
        self.enter()?;
        let mut next = self.tokens.known_array().map_err(|problem| self.broken(&problem))?;
        while let Some(peek) = next {
            visit(self, peek)?;
            next = self.tokens.array_step().map_err(|problem| self.broken(&problem))?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads an object, member by member; that no key occurs twice is for the visitor to see to.
    pub fn members(&mut self, mut visit: impl FnMut(&mut Self, Cow<'b, str>, Peek) -> Result<()>) -> Result<()> {
        self.enter()?;
        let mut key = match self.tokens.known_object() {
            Ok(key) => key.map(|name| borrowed(self.text, name)),
            Err(problem) => return Err(self.broken(&problem)),
        };
        while let Some(name) = key {
            let peek = self.tokens.peek().map_err(|problem| self.broken(&problem))?;
            visit(self, name, peek)?;
            key = match self.tokens.next_key() {
                Ok(key) => key.map(|name| borrowed(self.text, name)),
                Err(problem) => return Err(self.broken(&problem)),
            };
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a string.
    pub fn string(&mut self) -> Result<Cow<'b, str>> {
        match self.tokens.known_str() {
            Ok(text) => Ok(borrowed(self.text, text)),
            Err(problem) => Err(self.broken(&problem)),
        }
    }

    fn null(&mut self) -> Result<()> {
        self.tokens.known_null().map_err(|problem| self.broken(&problem))
    }

    /// Reads a number, as it was written.
    pub fn number(&mut self, peek: Peek) -> Result<&'b str> {
        let start = self.tokens.current_index();
        if let Err(problem) = self.tokens.known_number_bytes(peek) {
            return Err(self.broken(&problem));
        }
        Ok(self.text.get(start..self.tokens.current_index()).unwrap_or_default())
    }

    fn broken(&self, problem: &jiter::JiterError) -> Error {
        let place = self.tokens.error_position(problem.index);
        Error::new(
            Kind::UnexpectedResponse,
            format!(
                "the body is not JSON: {} (line {}, column {})",
                problem.error_type, place.line, place.column
            ),
        )
    }
}

/// The text as a part of the body, or a copy. The tokenizer lends a text only until its next token, but where nothing
/// was escaped, that text is the body's own.
fn borrowed<'b>(body: &'b str, text: &str) -> Cow<'b, str> {
    let place = text.as_ptr().addr().wrapping_sub(body.as_ptr().addr());
    match place.checked_add(text.len()).and_then(|end| body.get(place..end)) {
        Some(own) if own.as_ptr() == text.as_ptr() => Cow::Borrowed(own),
        _ => Cow::Owned(text.to_owned()),
    }
}

fn is_any(path: &[String]) -> bool {
    matches!(path, [any] if any == "*")
}

/// Refuses an object in which a key occurs twice.
pub fn refuse_duplicates<'k>(names: &(impl ExactSizeIterator<Item = &'k str> + Clone)) -> Result<()> {
    let twice = if names.len() <= 16 {
        let mut all = names.clone().enumerate();
        all.find(|(index, name)| names.clone().take(*index).any(|other| other == *name))
            .map(|(_, name)| name)
    } else {
        let mut seen = std::collections::HashSet::with_capacity(names.len());
        names.clone().find(|name| !seen.insert(*name))
    };
    match twice {
        Some(name) => Err(occurs_twice(name)),
        None => Ok(()),
    }
}

/// The error that a key occurs twice.
pub fn occurs_twice(name: &str) -> Error {
    Error::unexpected(
        "$",
        format!("the key {:?} occurs twice in one object", super::text::head(name, 60)),
    )
}

/// Serialises as the JSON it was; numbers pass through `serde_json`'s convention for numbers of any size, so that
/// integers of any length stay integers.
impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Json::Null => to.serialize_unit(),
            Json::Bool(truth) => to.serialize_bool(*truth),
            Json::Number(text) => serialize_number(text, to),
            Json::Text(text) => to.serialize_str(text),
            Json::List(items) => {
                let mut list = to.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Json::Numbers(items) => to.collect_seq(items.iter()),
            Json::Map(members) => {
                let mut map = to.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key.as_ref(), value)?;
                }
                map.end()
            }
        }
    }
}

fn serialize_number<S: Serializer>(text: &str, to: S) -> std::result::Result<S::Ok, S::Error> {
    const TOKEN: &str = "$serde_json::private::Number";
    if let Ok(number) = text.parse::<i64>() {
        return to.serialize_i64(number);
    }
    if let Ok(number) = text.parse::<u64>() {
        return to.serialize_u64(number);
    }
    if text.contains(['.', 'e', 'E']) {
        let number: f64 = text.parse().map_err(S::Error::custom)?;
        if number.is_finite() {
            return to.serialize_f64(number);
        }
        return Err(S::Error::custom(format!("the number {text} is too large for a float")));
    }
    let mut number = to.serialize_struct(TOKEN, 1)?;
    number.serialize_field(TOKEN, text)?;
    number.end()
}

/// A place in a JSON document: the value, and the path that leads to it.
#[derive(Debug, Clone, Copy)]
pub struct At<'j, 'b> {
    /// The value at this place.
    pub value: &'j Json<'b>,
    step: Step<'j>,
}

/// The last step of the path; the earlier ones are behind it, so a path costs nothing until it is printed.
#[derive(Debug, Clone, Copy)]
enum Step<'j> {
    Root,
    Member(&'j Path<'j>, &'j str),
    Item(&'j Path<'j>, usize),
}

/// How one comes to a place.
#[derive(Debug, Clone, Copy)]
pub struct Path<'j>(Step<'j>);

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Step::Root => out.write_str("$"),
            // The key is the service's: it may be of any length, and hold anything.
            Step::Member(before, key) => write!(out, "{before}.{}", super::text::one_line(key, 60)),
            Step::Item(before, index) => write!(out, "{before}[{index}]"),
        }
    }
}

impl<'j, 'b> At<'j, 'b> {
    /// The document itself.
    pub fn root(document: &'j Json<'b>) -> Self {
        Self {
            value: document,
            step: Step::Root,
        }
    }

    /// The path to this place.
    pub fn path(&self) -> Path<'j> {
        Path(self.step)
    }

    /// The place of a member below this one, whose path is `path`.
    pub fn member<'p>(path: &'p Path<'p>, key: &'p str, value: &'p Json<'b>) -> At<'p, 'b> {
        At {
            value,
            step: Step::Member(path, key),
        }
    }

    /// The place of an item below this one, whose path is `path`.
    pub fn item<'p>(path: &'p Path<'p>, index: usize, value: &'p Json<'b>) -> At<'p, 'b> {
        At {
            value,
            step: Step::Item(path, index),
        }
    }

    /// The error that this is not what it should be.
    pub fn expected(&self, what: &str) -> Error {
        Error::unexpected(self.path(), format!("expected {what}, found {}", self.value.describe()))
    }

    /// The error with this place in front.
    pub fn blame(&self, problem: &Error) -> Error {
        Error::unexpected(self.path(), &problem.message)
    }

    /// The members of this object.
    pub fn map(&self) -> Result<&'j [(Cow<'b, str>, Json<'b>)]> {
        match self.value {
            Json::Map(members) => Ok(members),
            _ => Err(self.expected("an object")),
        }
    }

    /// The items of this array.
    pub fn list(&self) -> Result<Cow<'j, [Json<'b>]>> {
        match self.value {
            Json::List(items) => Ok(Cow::Borrowed(items)),
            Json::Numbers(items) => Ok(items.iter().collect()),
            _ => Err(self.expected("an array")),
        }
    }

    /// The place of the member of that name below this one, whose path is `path`; nothing where it is null or missing.
    pub fn get<'p>(&self, path: &'p Path<'p>, key: &'p str) -> Result<Option<At<'p, 'b>>>
    where
        'j: 'p,
    {
        self.map()?;
        let value = self.value.get(key).filter(|value| **value != Json::Null);
        Ok(value.map(|value| At::member(path, key, value)))
    }

    /// The same, where it must be there: null is then for the reader of the value to refuse.
    pub fn need<'p>(&self, path: &'p Path<'p>, key: &'p str) -> Result<At<'p, 'b>>
    where
        'j: 'p,
    {
        self.map()?;
        let value = self.value.get(key);
        let value = value.ok_or_else(|| Error::unexpected(format!("{path}.{key}"), "the field is missing"))?;
        Ok(At::member(path, key, value))
    }

    /// The number of that name in this object.
    pub fn number(&self, key: &str) -> Result<Quantity> {
        self.need(&self.path(), key)?.quantity()
    }

    /// The number of that name in this object; nothing where it is null or missing.
    pub fn number_if_any(&self, key: &str) -> Result<Option<Quantity>> {
        self.get(&self.path(), key)?.map(|at| at.quantity()).transpose()
    }

    /// Checks that floats can hold the numbers at and below this place, for those who get them as floats: the numbers
    /// of plain documents and of fields that are not known.
    pub fn check_floats(&self) -> Result<()> {
        let path = self.path();
        match self.value {
            // A short number without an exponent always fits.
            Json::Number(text)
                if (text.len() > 300 || text.contains(['e', 'E']))
                    && text.contains(['.', 'e', 'E'])
                    && !text.parse::<f64>().is_ok_and(f64::is_finite) =>
            {
                let text = super::text::head(text, 60);
                Err(Error::unexpected(path, format!("the number {text} is too large")))
            }
            Json::List(_) | Json::Numbers(_) => {
                let items = self.list()?;
                let mut items = items.iter().enumerate();
                items.try_for_each(|(index, item)| At::item(&path, index, item).check_floats())
            }
            Json::Map(members) => members
                .iter()
                .try_for_each(|(key, value)| At::member(&path, key, value).check_floats()),
            _ => Ok(()),
        }
    }

    /// This string.
    pub fn text(&self) -> Result<&'j str> {
        self.value.as_text().ok_or_else(|| self.expected("a string"))
    }

    /// This boolean.
    pub fn flag(&self) -> Result<bool> {
        match self.value {
            Json::Bool(truth) => Ok(*truth),
            _ => Err(self.expected("a boolean")),
        }
    }

    /// This number's text, checked to be a whole number of 64 bits.
    pub fn integer(&self) -> Result<&'j str> {
        match self.value {
            Json::Number(text) => check_integer(text)
                .map(|()| text.as_ref())
                .map_err(|problem| self.blame(&problem)),
            _ => Err(self.expected("a whole number")),
        }
    }

    /// This number's text, checked to be a count: whole, of 64 bits, and not negative.
    pub fn count(&self) -> Result<&'j str> {
        match self.value {
            Json::Number(text) => check_count(text)
                .map(|()| text.as_ref())
                .map_err(|problem| self.blame(&problem)),
            _ => Err(self.expected("a whole number")),
        }
    }

    /// The same, as a number.
    pub fn whole(&self) -> Result<i128> {
        let text = self.count()?;
        // In 64 bits if it fits, which is quicker by far.
        let number = text.parse::<i64>().map(i128::from).or_else(|_| text.parse());
        number.map_err(|_| self.expected("a whole number"))
    }

    /// This number.
    pub fn quantity(&self) -> Result<Quantity> {
        match self.value {
            Json::Number(text) => Quantity::parse(text).map_err(|problem| self.blame(&problem)),
            _ => Err(self.expected("a number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_numbers_alone_are_kept_as_they_were_written_and_read_the_same() {
        for body in [
            r#"{"a":[1, -2.5e3 ,null,0]}"#,
            "[ ]",
            "[null]",
            "[\t1\r\n,\n2 ]",
            r#"[1,null,"x",2]"#,
            "[1,[2,3],{\"b\":[4,null]}]",
            "[1,true,2]",
        ] {
            let (kept, whole) = (Json::parse_with_numbers(body.as_bytes()), Json::parse(body.as_bytes()));
            assert_eq!(kept.unwrap().into_owned(), whole.unwrap(), "{body}");
        }
        for body in ["[1,]", "[1 2]", "[01]", "[1,nul]", "[,1]", "[1", "[1,\u{b}2]"] {
            let (kept, whole) = (Json::parse_with_numbers(body.as_bytes()), Json::parse(body.as_bytes()));
            assert_eq!(kept.unwrap_err().message, whole.unwrap_err().message, "{body}");
        }
        let kept = Json::parse_with_numbers(b"[1,null, 2]").unwrap();
        assert!(matches!(kept, Json::Numbers(numbers) if numbers.len() == 3));
    }

    #[test]
    fn a_document_may_be_a_bare_number() {
        assert_eq!(Json::parse(b"417\n").unwrap(), Json::Number("417".into()));
    }

    #[test]
    fn numbers_stay_as_they_were_written() {
        let json = Json::parse(br#"{"a": [18446744073709551615, 0.10, -0, 1E400, 4503380.1]}"#).unwrap();
        let texts: Vec<_> = At::root(json.get("a").unwrap())
            .list()
            .unwrap()
            .iter()
            .filter_map(Json::as_label)
            .collect();
        assert_eq!(texts, ["18446744073709551615", "0.10", "-0", "1E400", "4503380.1"]);
    }

    #[test]
    fn strings_are_borrowed_unless_escaped() {
        let json = Json::parse("[\"直播\", \"a\\u00e9\\n\"]".as_bytes()).unwrap();
        let Json::List(items) = json else { panic!() };
        assert!(matches!(&items[0], Json::Text(Cow::Borrowed("直播"))));
        assert_eq!(items[1], Json::Text("aé\n".into()));
    }

    #[test]
    fn a_byte_order_mark_is_allowed() {
        assert_eq!(Json::parse(b"\xef\xbb\xbf{}").unwrap(), Json::Map(vec![]));
    }

    #[test]
    fn what_is_not_one_sound_json_value_is_refused() {
        let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
        for (body, problem) in [
            (&b""[..], "not JSON"),
            (b"{} {}", "not JSON"),
            (b"<html>", "not JSON"),
            (b"[1, NaN]", "not JSON"),
            (b"[1,]", "not JSON"),
            (b"01", "not JSON"),
            (b"\xff\xfe", "not UTF-8"),
            (b"{\"a\":1,\"a\":2}", "occurs twice"),
            (deep.as_bytes(), "deeper than 64"),
        ] {
            let error = Json::parse(body).unwrap_err();
            assert_eq!(error.kind, Kind::UnexpectedResponse);
            assert!(error.message.contains(problem), "{body:?}: {error}");
        }
    }

    #[test]
    fn a_number_that_may_be_missing_is_nothing_and_never_zero() {
        let json = Json::parse(br#"{"n":1,"null":null,"text":"1"}"#).unwrap();
        let root = At::root(&json);
        let one = Quantity::whole(1);
        assert_eq!(root.number("n"), Ok(one));
        assert_eq!(root.number_if_any("n"), Ok(Some(one)));
        assert_eq!(root.number_if_any("null"), Ok(None));
        assert_eq!(root.number_if_any("none"), Ok(None));
        for (problem, message) in [
            (
                root.number("null").unwrap_err(),
                "$.null: expected a number, found null",
            ),
            (root.number("none").unwrap_err(), "$.none: the field is missing"),
            (
                root.number_if_any("text").unwrap_err(),
                "$.text: expected a number, found a string",
            ),
            (
                At::root(&Json::Null).number_if_any("n").unwrap_err(),
                "$: expected an object, found null",
            ),
        ] {
            assert_eq!(
                (problem.kind, problem.message.as_str()),
                (Kind::UnexpectedResponse, message)
            );
        }
    }

    #[test]
    fn a_number_that_no_float_can_hold_is_refused_where_floats_are_made() {
        let long = format!("-{}.5", "9".repeat(309));
        for (number, is_fine) in [
            ("1e308", true),
            ("1e400", false),
            ("-1E+309", false),
            ("1e-400", true),
            (long.as_str(), false),
            // An integer stays one, of whatever length.
            (&"9".repeat(400), true),
            (&format!("{}.5", "9".repeat(308)), true),
        ] {
            let text = format!(r#"{{"a":[0,{{"b":{number}}}]}}"#);
            let json = Json::parse(text.as_bytes()).unwrap();
            let problem = At::root(&json).check_floats().err().map(|error| error.message.clone());
            let wanted = format!(
                "$.a[1].b: the number {} is too large",
                crate::values::text::head(number, 60)
            );
            assert_eq!(problem, (!is_fine).then_some(wanted), "{number}");
        }
    }

    #[test]
    fn a_path_is_one_line_whatever_the_keys_are() {
        let key = format!("a\u{1}\r\nb{}", "c".repeat(1000));
        let path = At::root(&Json::Null).path();
        let place = At::member(&path, &key, &Json::Null);
        assert_eq!(place.path().to_string(), format!("$.a b{}…", "c".repeat(57)));
    }

    #[test]
    fn a_message_names_the_place() {
        let json = Json::parse(br#"{"rows":[{"n":1},{"n":"x"}]}"#).unwrap();
        let root = At::root(&json);
        let path = root.path();
        let rows = At::member(&path, "rows", json.get("rows").unwrap());
        let path = rows.path();
        let rows = rows.list().unwrap();
        let row = At::item(&path, 1, &rows[1]);
        let path = row.path();
        let number = At::member(&path, "n", row.value.get("n").unwrap());
        assert_eq!(
            number.integer().unwrap_err().message,
            "$.rows[1].n: expected a whole number, found a string"
        );
    }

    #[test]
    fn serialising_gives_the_same_json() {
        let text = r#"{"a":[1,-2,0.25,true,null,"x"],"b":{}}"#;
        assert_eq!(
            serde_json::to_string(&Json::parse(text.as_bytes()).unwrap()).unwrap(),
            text
        );
    }
}
