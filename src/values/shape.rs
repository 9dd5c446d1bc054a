//! Shapes: what a documented answer looks like, as data; and typed values, read from JSON by such a shape.
//!
//! One shape describes a record of the wire: the service's field names, ours, and what each field holds. Reading by
//! a shape checks every field, names the place of whatever is wrong, and keeps what it does not know in `extra`.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::Date;

use super::error::{Error, Result};
use super::json::{At, Json, Path};
use super::quantity::Quantity;
use super::window::{Instant, usual_date};

/// A record: its name in Python, and its fields.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// The name of the Python dataclass in `metertap.models`.
    pub name: &'static str,
    /// Its fields, in order; `extra` comes after them.
    pub fields: &'static [Field],
}

/// A field of a record.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The service's name of it.
    pub wire: &'static str,
    /// Our name of it.
    pub name: &'static str,
    /// What it holds.
    pub holds: Holds,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Holds {
    /// `true` or `false`.
    Flag,
    /// A count: a whole number of 64 bits that is not negative.
    Integer,
    /// A number, exactly as written.
    Decimal,
    /// A string.
    Text,
    /// A string, or a number that serves as one.
    Label,
    /// An RFC 3339 instant with its offset.
    Instant,
    /// An instant in whole seconds since 1970.
    Seconds,
    /// A number that is written as a string, exactly as written.
    Written,
    /// A day: `YYYY-MM-DD`, or an instant or epoch milliseconds of which the UTC date is taken.
    Day,
    /// A record.
    Record(&'static Shape),
    /// An array of these.
    List(&'static Holds),
    /// An array of these; null or nothing is an empty one.
    ListOrNothing(&'static Holds),
    /// An object with any keys and these values.
    Map(&'static Holds),
    /// The members of the record that have these fields' keys, by our names, as one object; what is null is left out.
    Beside(&'static [Field]),
    /// An array of records whose last field is a list of records: each of those, with all that is around it. Null or
    /// nothing is an empty one.
    Joined(&'static Shape),
    /// This, or null, or nothing.
    Maybe(&'static Holds),
    /// Any JSON.
    Anything,
}

/// The plain kinds of values, by the names that documents give to them.
pub const PLAIN: [(&str, Holds); 10] = [
    ("flag", Holds::Flag),
    ("integer", Holds::Integer),
    ("decimal", Holds::Decimal),
    ("text", Holds::Text),
    ("label", Holds::Label),
    ("instant", Holds::Instant),
    ("day", Holds::Day),
    ("seconds", Holds::Seconds),
    ("written", Holds::Written),
    ("anything", Holds::Anything),
];

/// The plain kind of value of that name.
pub fn plain(name: &str) -> Option<Holds> {
    PLAIN.iter().find(|(known, _)| *known == name).map(|(_, holds)| *holds)
}

/// A typed value, ready to become a Python object.
#[derive(Debug, Clone, PartialEq)]
pub enum Typed {
    /// `None`
    Nothing,
    /// `bool`
    Flag(bool),
    /// `int`, as written
    Integer(String),
    /// `decimal.Decimal`, as written
    Decimal(String),
    /// `str`
    Text(String),
    /// an aware `datetime.datetime`, with the offset it was written with
    Instant(Instant),
    /// `datetime.date`
    Day(Date),
    /// `list`
    List(Vec<Typed>),
    /// `dict`
    Map(Vec<(String, Typed)>),
    /// A dataclass of `metertap.models`: its name, its fields by name, and what was not known.
    Record(&'static str, Vec<(&'static str, Typed)>, Vec<(String, Json<'static>)>),
    /// Plain JSON
    Json(Json<'static>),
}

impl Shape {
    /// Reads a record.
    pub fn read(&self, at: &At<'_, '_>) -> Result<Typed> {
        self.check(at)?;
        let members = at.map()?;
        let path = at.path();
        let mut fields = Vec::with_capacity(self.fields.len());
        for field in self.fields {
            let value = match (field.holds, at.value.get(field.wire)) {
                (Holds::Beside(fields), _) => beside(fields, at)?,
                (holds, Some(value)) => holds.read(&At::member(&path, field.wire, value))?,
                (holds, None) => holds.absent(&path, field.wire)?,
            };
            fields.push((field.name, value));
        }
        Ok(Typed::Record(self.name, fields, self.extra(members)))
    }

    /// Refuses what is no record, or a strange one.
    pub fn check(&self, at: &At<'_, '_>) -> Result<()> {
        let members = at.map()?;
        self.refuse_stranger(at.path(), || members.iter().map(|(key, _)| key.as_ref()))
    }

    /// Where all fields may be missing, refuses a record that has none of them: it is another one, and must not pass for
    /// "nothing used". One that has nothing but lists may be empty.
    pub fn refuse_stranger<'k, K: Iterator<Item = &'k str>>(
        &self,
        place: impl fmt::Display,
        keys: impl FnOnce() -> K,
    ) -> Result<()> {
        let is_list = |field: &Field| matches!(field.holds, Holds::ListOrNothing(_));
        let may_be_missing = |field: &Field| is_list(field) || matches!(field.holds, Holds::Maybe(_));
        let is_known = |key: &str| self.fields.iter().any(|field| field.is(key));
        if !self.fields.iter().all(may_be_missing) || self.fields.iter().all(is_list) || keys().any(is_known) {
            return Ok(());
        }
        let known: Vec<&str> = self.fields.iter().map(|field| field.wire).collect();
        let text = format!("none of the fields {} is there", known.join(", "));
        Err(Error::unexpected(place, text))
    }

    fn extra(&self, members: &[(Cow<'_, str>, Json<'_>)]) -> Vec<(String, Json<'static>)> {
        let known = |key: &str| self.fields.iter().any(|field| field.is(key));
        let unknown = members.iter().filter(|(key, _)| !known(key));
        unknown
            .map(|(key, value)| (key.to_string(), value.clone().into_owned()))
            .collect()
    }
}

impl Field {
    /// True if this key belongs to it.
    fn is(&self, key: &str) -> bool {
        match self.holds {
            Holds::Beside(fields) => fields.iter().any(|field| field.wire == key),
            _ => self.wire == key,
        }
    }
}

impl Holds {
    /// Reads what this holds.
    pub fn read(&self, at: &At<'_, '_>) -> Result<Typed> {
        match self {
            Self::Flag => at.flag().map(Typed::Flag),
            Self::Integer => at.count().map(|text| Typed::Integer(text.to_owned())),
            Self::Decimal => match at.value {
                Json::Number(text) => at.quantity().map(|_| Typed::Decimal(text.to_string())),
                _ => Err(at.expected("a number")),
            },
            Self::Text => at.text().map(|text| Typed::Text(text.to_owned())),
            Self::Label => match at.value {
                Json::Text(text) | Json::Number(text) => Ok(Typed::Text(text.to_string())),
                _ => Err(at.expected("a string")),
            },
            Self::Instant => instant(at).map(Typed::Instant),
            Self::Seconds => seconds(at).map(Typed::Instant),
            Self::Written => {
                let text = at.text()?;
                Quantity::parse(text).map_err(|_| at.expected("a string that is a number"))?;
                Ok(Typed::Decimal(text.to_owned()))
            }
            Self::Day => day(at).map(Typed::Day),
            Self::Record(shape) => shape.read(at),
            Self::ListOrNothing(_) | Self::Joined(_) if *at.value == Json::Null => Ok(Typed::List(Vec::new())),
            Self::List(holds) | Self::ListOrNothing(holds) => holds.read_list(at),
            Self::Map(holds) => holds.read_map(at),
            Self::Beside(fields) => beside(fields, at),
            Self::Joined(shape) => joined(shape, at),
            Self::Maybe(_) if *at.value == Json::Null => Ok(Typed::Nothing),
            Self::Maybe(holds) => holds.read(at),
            Self::Anything => Ok(Typed::Json(at.value.clone().into_owned())),
        }
    }

    fn read_list(&self, at: &At<'_, '_>) -> Result<Typed> {
        let path = at.path();
        let items = at.list()?;
        let items = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.read(&At::item(&path, index, item)));
        items.collect::<Result<_>>().map(Typed::List)
    }

    fn read_map(&self, at: &At<'_, '_>) -> Result<Typed> {
        let path = at.path();
        let members = at.map()?.iter().map(|(key, value)| {
            let read = self.read(&At::member(&path, key, value))?;
            Ok((key.to_string(), read))
        });
        members.collect::<Result<_>>().map(Typed::Map)
    }

    /// What an absent field means: nothing where that is allowed, else an error. Never a zero.
    fn absent(&self, record: &Path<'_>, key: &str) -> Result<Typed> {
        match self {
            Self::Maybe(_) => Ok(Typed::Nothing),
            Self::ListOrNothing(_) | Self::Joined(_) => Ok(Typed::List(Vec::new())),
            _ => Err(Error::unexpected(format!("{record}.{key}"), "the field is missing")),
        }
    }
}

/// Reads those of these members that are there, and not null.
fn beside(fields: &[Field], at: &At<'_, '_>) -> Result<Typed> {
    let path = at.path();
    let mut found = Vec::new();
    for Field { wire, name, holds } in fields {
        let value = match (holds, at.value.get(wire)) {
            (Holds::Anything, Some(value)) => Typed::Json(value.clone().into_owned()),
            (Holds::Maybe(_) | Holds::Anything, None) | (_, Some(Json::Null)) => continue,
            (_, Some(value)) => holds.read(&At::member(&path, wire, value))?,
            (_, None) => holds.absent(&path, wire)?,
        };
        found.push(((*name).to_owned(), value));
    }
    Ok(Typed::Map(found))
}

/// Reads records that have records inside, each of which becomes one with the fields of both.
fn joined(shape: &Shape, at: &At<'_, '_>) -> Result<Typed> {
    let path = at.path();
    let mut all = Vec::new();
    for (index, item) in at.list()?.iter().enumerate() {
        let at = At::item(&path, index, item);
        let Typed::Record(name, mut outer, extra) = shape.read(&at)? else {
            continue;
        };
        let (Some((_, Typed::List(inner))), Some(list)) = (outer.pop(), shape.fields.last()) else {
            continue;
        };
        if let (true, Some((key, _))) = (inner.is_empty(), extra.first()) {
            // Without a row, there is nothing that could keep what is not known: it must not vanish.
            let place = At::member(&at.path(), key, item).path().to_string();
            let text = format!("the field is not known, and {} has no row to keep it with", list.wire);
            return Err(Error::unexpected(place, text));
        }
        for record in inner {
            if let Typed::Record(_, own, more) = record {
                let (fields, extra) = ([&outer[..], &own].concat(), [&extra[..], &more].concat());
                all.push(Typed::Record(name, fields, extra));
            }
        }
    }
    Ok(Typed::List(all))
}

/// Reads an RFC 3339 instant.
pub fn instant(at: &At<'_, '_>) -> Result<Instant> {
    Instant::parse(at.text()?).map_err(|problem| at.blame(&problem))
}

/// Reads an instant that is written as whole seconds since 1970.
pub fn seconds(at: &At<'_, '_>) -> Result<Instant> {
    let seconds: i64 = at.integer()?.parse().map_err(|_| at.expected("seconds since 1970"))?;
    let found = jiff::Timestamp::from_second(seconds).map_err(|_| at.expected("seconds since 1970"))?;
    Ok(Instant::utc(found))
}

/// Reads a day in any of the three notations that a service may use for it.
pub fn day(at: &At<'_, '_>) -> Result<Date> {
    // Python's `date` begins with the year 1.
    let is_ours = |day: &Date| day.year() >= 1;
    match at.value {
        Json::Text(text) if text.len() == 10 => usual_date(text.as_bytes())
            .or_else(|| text.parse().ok())
            .filter(is_ours)
            .ok_or_else(|| Error::unexpected(at.path(), format!("{text:?} is no date"))),
        Json::Text(_) => instant(at).map(|instant| Instant::utc(instant.at).zoned().date()),
        Json::Number(_) => {
            let milliseconds: i64 = at.integer()?.parse().map_err(|_| at.expected("epoch milliseconds"))?;
            let at_utc = jiff::Timestamp::from_millisecond(milliseconds).map_err(|_| at.expected("a date"))?;
            let day = Instant::utc(at_utc).zoned().date();
            Some(day).filter(is_ours).ok_or_else(|| at.expected("a date"))
        }
        _ => Err(at.expected("a date")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static ROW: Shape = Shape {
        name: "Row",
        fields: &[
            Field {
                wire: "Count",
                name: "count",
                holds: Holds::Integer,
            },
            Field {
                wire: "Note",
                name: "note",
                holds: Holds::Maybe(&Holds::Text),
            },
        ],
    };

    fn read(text: &str) -> Result<Typed> {
        ROW.read(&At::root(&Json::parse(text.as_bytes())?))
    }

    #[test]
    fn unknown_fields_are_kept() {
        let Typed::Record(name, fields, extra) = read(r#"{"Count":1,"New":[0.5]}"#).unwrap() else {
            panic!()
        };
        assert_eq!(name, "Row");
        assert_eq!(
            fields,
            [("count", Typed::Integer("1".into())), ("note", Typed::Nothing)]
        );
        assert_eq!(
            extra,
            [("New".to_owned(), Json::List(vec![Json::Number("0.5".into())]))]
        );
    }

    #[test]
    fn a_day_before_the_year_1_is_no_date() {
        for (text, is_fine) in [
            ("\"0001-01-01\"", true),
            ("\"0000-12-31\"", false),
            ("-62135596800000", true),
            ("-62135596800001", false),
        ] {
            assert_eq!(
                day(&At::root(&Json::parse(text.as_bytes()).unwrap())).is_ok(),
                is_fine,
                "{text}"
            );
        }
    }

    #[test]
    fn a_missing_field_is_an_error_and_never_zero() {
        assert_eq!(read("{}").unwrap_err().message, "$.Count: the field is missing");
        assert_eq!(
            read(r#"{"Count":null}"#).unwrap_err().message,
            "$.Count: expected a whole number, found null"
        );
        assert_eq!(
            read(r#"{"Count":1.5}"#).unwrap_err().message,
            "$.Count: 1.5 is not a whole number"
        );
        assert_eq!(read("[]").unwrap_err().message, "$: expected an object, found an array");
    }

    #[test]
    fn a_list_may_be_allowed_to_be_absent() {
        static BAG: Shape = Shape {
            name: "Bag",
            fields: &[Field {
                wire: "Rows",
                name: "rows",
                holds: Holds::ListOrNothing(&Holds::Integer),
            }],
        };
        let rows = |text: &str| {
            let Typed::Record(_, fields, _) = BAG.read(&At::root(&Json::parse(text.as_bytes())?))? else {
                panic!()
            };
            Ok::<_, Error>(fields)
        };
        for text in ["{}", r#"{"Rows":null}"#, r#"{"Rows":[]}"#] {
            assert_eq!(rows(text).unwrap(), [("rows", Typed::List(vec![]))], "{text}");
        }
        let one = rows(r#"{"Rows":[7]}"#).unwrap();
        assert_eq!(one, [("rows", Typed::List(vec![Typed::Integer("7".into())]))]);
        assert_eq!(
            rows(r#"{"Rows":0}"#).unwrap_err().message,
            "$.Rows: expected an array, found a number"
        );
    }

    #[test]
    fn a_record_that_has_none_of_its_fields_is_another_one() {
        static LOOSE: Shape = Shape {
            name: "Loose",
            fields: &[Field {
                wire: "Used",
                name: "used",
                holds: Holds::Maybe(&Holds::Decimal),
            }],
        };
        let read = |text: &str| LOOSE.read(&At::root(&Json::parse(text.as_bytes()).unwrap()));
        assert!(read(r#"{"Used":null}"#).is_ok());
        for text in ["{}", r#"{"used":1}"#] {
            let problem = read(text).unwrap_err().message.clone();
            assert_eq!(problem, "$: none of the fields Used is there", "{text}");
        }
    }

    #[test]
    fn members_become_one_field_and_what_is_called_like_it_is_kept() {
        static SPLIT: Shape = Shape {
            name: "Split",
            fields: &[Field {
                wire: "",
                name: "values",
                holds: Holds::Beside(&[Field {
                    wire: "Used",
                    name: "used",
                    holds: Holds::Decimal,
                }]),
            }],
        };
        let read = |text: &str| SPLIT.read(&At::root(&Json::parse(text.as_bytes()).unwrap()));
        let split =
            |used: Vec<(String, Typed)>, extra| Typed::Record("Split", vec![("values", Typed::Map(used))], extra);
        let used = vec![("used".to_owned(), Typed::Decimal("1".to_owned()))];
        let kept = vec![("values".to_owned(), Json::Null)];
        assert_eq!(read(r#"{"Used":1,"values":null}"#).unwrap(), split(used, kept));
        assert_eq!(read(r#"{"Used":null}"#).unwrap(), split(vec![], vec![]));
        assert_eq!(read("{}").unwrap_err().message, "$.Used: the field is missing");
    }

    #[test]
    fn a_day_is_read_from_three_notations() {
        for text in ["\"2024-01-15\"", "\"2024-01-15T00:00:00Z\"", "1705276800000"] {
            let json = Json::parse(text.as_bytes()).unwrap();
            assert_eq!(day(&At::root(&json)).unwrap(), jiff::civil::date(2024, 1, 15), "{text}");
        }
    }
}
