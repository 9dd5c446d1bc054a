//! Arguments: what a caller passes, and tables of what an operation accepts.
//!
//! An operation or an account describes its arguments as data. Checking against that table refuses unknown names,
//! wrong types, missing values and malformed texts in one sentence each, before anything is sent.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use super::error::{Error, Kind, Result};
use super::text::{did_you_mean, head};
use super::window::{Instant, Window};

/// A value as a caller passes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// `None`
    Nothing,
    /// `bool`
    Flag(bool),
    /// `int`
    Whole(i64),
    /// `float` or `Decimal`, as text
    Number(String),
    /// `str`
    Text(String),
    /// aware `datetime`
    Instant(Instant),
    /// `date`
    Day(Date),
    /// `list`, `tuple`, `set`
    List(Vec<Value>),
    /// `dict`
    Map(Vec<(String, Value)>),
}

impl Value {
    fn describe(&self) -> &'static str {
        match self {
            Self::Nothing => "None",
            Self::Flag(_) => "a bool",
            Self::Whole(_) => "an int",
            Self::Number(_) => "a float",
            Self::Text(_) => "a str",
            Self::Instant(_) => "a datetime",
            Self::Day(_) => "a date",
            Self::List(_) => "a list",
            Self::Map(_) => "a dict",
        }
    }

    /// The value as people write it in a sentence: texts bare, lists with `+` between.
    pub fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(items) => items.iter().map(Self::plain).collect::<Vec<_>>().join("+"),
            other => other.to_json().to_string(),
        }
    }

    /// The value as JSON; instants as RFC 3339 text.
    pub fn to_json(&self) -> serde_json::Value {
        // Only maps with keys that are no strings could fail.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// As JSON shows it: instants and days as text, members of a dict by their names.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => to.serialize_unit(),
            Self::Flag(truth) => to.serialize_bool(*truth),
            Self::Whole(number) => to.serialize_i64(*number),
            Self::Number(text) => serde_json::from_str(text)
                .unwrap_or(serde_json::Value::Null)
                .serialize(to),
            Self::Text(text) => to.serialize_str(text),
            Self::Instant(instant) => to.serialize_str(&instant.to_offset_text()),
            Self::Day(day) => to.collect_str(day),
            Self::List(items) => to.collect_seq(items),
            Self::Map(members) => {
                let sorted: BTreeMap<&str, &Self> = members.iter().map(|(key, value)| (key.as_str(), value)).collect();
                to.collect_map(sorted)
            }
        }
    }
}

/// Says what is wrong with a text, in words that follow its name ("must be a GUID, not …").
pub type Check = fn(&str) -> std::result::Result<(), String>;

/// What an argument accepts.
#[derive(Debug, Clone, Copy)]
pub enum Accepts {
    /// A bool.
    Flag,
    /// An int between these, both included.
    Whole(i64, i64),
    /// One of these ints.
    WholeOf(&'static [i64]),
    /// A str that passes the check.
    Text(Check),
    /// One of these strs.
    OneOf(&'static [&'static str]),
    /// A str or a list of them; each passes the check.
    Texts(Check),
    /// A str or a list of them; each one of these.
    SomeOf(&'static [&'static str]),
    /// A moment: aware datetime, date (midnight UTC) or ISO text.
    Moment,
    /// The same, or an int of Unix milliseconds.
    MomentOrMilliseconds,
    /// A dict, passed on as it is.
    Dict,
    /// A list of dicts, passed on as they are.
    Dicts,
}

/// Whether an argument must be given.
#[derive(Debug, Clone, Copy)]
pub enum Needed {
    /// It must.
    Required,
    /// It may.
    Optional,
    /// It has this value otherwise.
    Flag(bool),
    /// It has this value otherwise.
    Whole(i64),
    /// It has this value otherwise.
    Text(&'static str),
}

/// One argument of an operation or an account.
#[derive(Debug, Clone, Copy)]
pub struct Argument {
    /// Its Python name.
    pub name: &'static str,
    /// What it accepts.
    pub accepts: Accepts,
    /// Whether it must be given.
    pub needed: Needed,
    /// What it means, in one sentence, with its unit.
    pub doc: &'static str,
}

/// Arguments that were checked against their table; those not given and without default are absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arguments(Vec<(&'static str, Value)>);

impl Arguments {
    /// Checks what was given against the table of what is accepted.
    pub fn check(of: impl fmt::Display, table: &'static [Argument], given: Vec<(String, Value)>) -> Result<Self> {
        let names = || table.iter().map(|argument| argument.name);
        if let Some((unknown, _)) = given.iter().find(|(name, _)| !names().any(|known| known == name)) {
            let hint = did_you_mean(unknown, names());
            return Err(Error::new(
                Kind::WrongType,
                format!("{of} has no argument {unknown:?}{hint}"),
            ));
        }
        let mut given: Vec<Option<(String, Value)>> = given.into_iter().map(Some).collect();
        let mut take = |name: &str| {
            let found = given
                .iter_mut()
                .find(|slot| slot.as_ref().is_some_and(|(key, _)| key == name));
            found
                .and_then(Option::take)
                .map(|(_, value)| value)
                .filter(|value| *value != Value::Nothing)
        };
        let mut checked = Vec::with_capacity(table.len());
        for argument in table {
            match (take(argument.name), argument.needed) {
                (Some(value), _) => checked.push((argument.name, argument.check(value)?)),
                (None, Needed::Required) => {
                    let text = format!("{of} needs the argument {:?}: {}", argument.name, argument.doc);
                    return Err(Error::new(Kind::WrongType, text));
                }
                (None, Needed::Optional) => {}
                (None, Needed::Flag(truth)) => checked.push((argument.name, Value::Flag(truth))),
                (None, Needed::Whole(number)) => checked.push((argument.name, Value::Whole(number))),
                (None, Needed::Text(text)) => checked.push((argument.name, Value::Text(text.to_owned()))),
            }
        }
        Ok(Self(checked))
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// All of them, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// The text of that name; nothing if it is absent.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The texts of that name; none if it is absent.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let Some(Value::List(items)) = self.get(name) else {
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| {
                if let Value::Text(text) = item {
                    Some(text.as_str())
                } else {
                    None
                }
            })
            .collect()
    }

    /// The texts of that name, each once, by their first places: what is asked for twice must not count twice.
    pub fn distinct_texts(&self, name: &str) -> Vec<&str> {
        let mut seen = HashSet::new();
        let mut texts = self.texts(name);
        texts.retain(|text| seen.insert(in_one_case(text)));
        texts
    }

    /// The int of that name.
    pub fn whole(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Value::Whole(number)) => Some(*number),
            _ => None,
        }
    }

    /// The bool of that name.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Some(Value::Flag(truth)) => Some(*truth),
            _ => None,
        }
    }

    /// The moment of that name.
    pub fn instant(&self, name: &str) -> Option<Instant> {
        match self.get(name) {
            Some(Value::Instant(instant)) => Some(*instant),
            _ => None,
        }
    }

    /// The window between these two moments, if both are there.
    pub fn window(&self, start: &str, end: &str) -> Result<Option<Window>> {
        match (self.instant(start), self.instant(end)) {
            (Some(from), Some(to)) if from.at >= to.at => Err(Error::invalid(format!(
                "{start} ({}) must be before {end} ({})",
                from.to_offset_text(),
                to.to_offset_text()
            ))),
            (Some(from), Some(to)) => Window::new(from, to).map(Some),
            _ => Ok(None),
        }
    }
}

impl Argument {
    fn check(&self, value: Value) -> Result<Value> {
        match (self.accepts, value) {
            (Accepts::Flag, value @ Value::Flag(_)) | (Accepts::Dict, value @ Value::Map(_)) => Ok(value),
            (Accepts::Whole(low, high), Value::Whole(number)) => {
                if (low..=high).contains(&number) {
                    return Ok(Value::Whole(number));
                }
                Err(self.refuse(format!("must be between {low} and {high}, not {number}")))
            }
            (Accepts::WholeOf(allowed), Value::Whole(number)) => {
                if allowed.contains(&number) {
                    return Ok(Value::Whole(number));
                }
                let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
                Err(self.refuse(format!("must be one of {}, not {number}", allowed.join(", "))))
            }
            (Accepts::Text(check), Value::Text(text)) => self.text(check, text),
            (Accepts::OneOf(allowed), Value::Text(text)) => self.one_of(allowed, text),
            (Accepts::Texts(check), value) => self.each(value, |text| self.text(check, text)),
            (Accepts::SomeOf(allowed), value) => self.each(value, |text| self.one_of(allowed, text)),
            (Accepts::MomentOrMilliseconds, Value::Whole(number)) => self.milliseconds(number),
            (Accepts::Moment | Accepts::MomentOrMilliseconds, value) => self.moment(value),
            (Accepts::Dicts, Value::List(items)) if items.iter().all(|item| matches!(item, Value::Map(_))) => {
                Ok(Value::List(items))
            }
            (_, value) => Err(self.wrong_type(&value)),
        }
    }

    fn text(&self, check: Check, text: String) -> Result<Value> {
        check(&text).map_err(|problem| self.refuse(problem))?;
        Ok(Value::Text(text))
    }

    fn one_of(&self, allowed: &[&str], text: String) -> Result<Value> {
        if allowed.contains(&text.as_str()) {
            return Ok(Value::Text(text));
        }
        let hint = did_you_mean(&text, allowed.iter().copied());
        Err(self.refuse(format!("must be one of {}, not {text:?}{hint}", allowed.join(", "))))
    }

    /// One text or a list of them, as a list; an empty list is refused, since services read it as "nothing" or "all".
    fn each(&self, value: Value, check: impl Fn(String) -> Result<Value>) -> Result<Value> {
        let items = match value {
            Value::Text(text) => vec![Value::Text(text)],
            Value::List(items) if items.is_empty() => {
                return Err(self.refuse("is an empty list; leave it out to ask for all"));
            }
            Value::List(items) => items,
            other => return Err(self.wrong_type(&other)),
        };
        let checked = items.into_iter().map(|item| match item {
            Value::Text(text) => check(text),
            other => Err(self.wrong_type(&other)),
        });
        checked.collect::<Result<_>>().map(Value::List)
    }

    fn moment(&self, value: Value) -> Result<Value> {
        match value {
            Value::Instant(instant) => Ok(Value::Instant(instant)),
            Value::Day(day) => Instant::midnight(day).map(Value::Instant),
            Value::Text(text) => Instant::parse_argument(&text)
                .map(Value::Instant)
                .map_err(|problem| self.refuse(format!("cannot be read: {}", problem.message))),
            other => Err(self.wrong_type(&other)),
        }
    }

    fn milliseconds(&self, number: i64) -> Result<Value> {
        // 10^11 ms is March 1973; 10^11 s is the year 5138. Nothing real is lost, and seconds are caught.
        if number < 100_000_000_000 {
            let text = format!("is {number}, which looks like seconds; pass Unix milliseconds or an aware datetime");
            return Err(self.refuse(text));
        }
        Timestamp::from_millisecond(number)
            .map(|at| Value::Instant(Instant::utc(at)))
            .map_err(|_| self.refuse(format!("is {number}, which is beyond the year 9999")))
    }

    fn refuse(&self, problem: impl std::fmt::Display) -> Error {
        Error::invalid(format!("{} {problem}", self.name))
    }

    fn wrong_type(&self, value: &Value) -> Error {
        let wanted = match self.accepts {
            Accepts::Flag => "True or False".to_owned(),
            Accepts::Whole(..) | Accepts::WholeOf(_) => "an int".to_owned(),
            Accepts::Text(_) | Accepts::OneOf(_) => "a str".to_owned(),
            Accepts::Texts(_) | Accepts::SomeOf(_) => "a str or a list of them".to_owned(),
            Accepts::Moment => "an aware datetime, a date or an ISO text with its UTC offset".to_owned(),
            Accepts::MomentOrMilliseconds => "an aware datetime, a date, an ISO text or Unix milliseconds".to_owned(),
            Accepts::Dict => "a dict".to_owned(),
            Accepts::Dicts => "a list of dicts".to_owned(),
        };
        Error::new(
            Kind::WrongType,
            format!("{} must be {wanted}, not {}", self.name, value.describe()),
        )
    }
}

/// Accepts any text without control characters.
pub fn plain(text: &str) -> std::result::Result<(), String> {
    if text.trim().is_empty() {
        return Err("must not be empty".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("must be one line without control characters".to_owned());
    }
    Ok(())
}

/// Accepts one word of ASCII letters, digits, `-`, `_` and `.`, as it can stand between the slashes of a path or of a
/// signature's scope.
pub fn word(text: &str) -> std::result::Result<(), String> {
    plain(text)?;
    let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if text.bytes().all(is_sound) {
        return Ok(());
    }
    Err(format!(
        "must be one word of letters, digits, \"-\", \"_\" and \".\", not {:?}",
        head(text, 60)
    ))
}

/// The token behind the word `Bearer`, which is written by whoever builds the request. RFC 6750 says what it is made of;
/// some services may take more, so all that a header can hold is let through.
pub fn bearer(text: &str) -> std::result::Result<&str, String> {
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let token = if first.eq_ignore_ascii_case("bearer") {
        rest.trim_start()
    } else {
        text
    };
    if token.is_empty() {
        return Err("is the word Bearer alone; the token behind it is missing".to_owned());
    }
    if !token.is_ascii() {
        return Err("must consist of ASCII characters, as tokens do".to_owned());
    }
    Ok(token)
}

/// Accepts any text: for places that can carry all of them.
#[allow(clippy::unnecessary_wraps)] // checks of arguments have this form
pub fn any(_text: &str) -> std::result::Result<(), String> {
    Ok(())
}

/// The offset of a text such as `+09:00`.
pub fn parse_offset(text: &str) -> Option<Offset> {
    let instant = Instant::parse(&format!("2000-01-01T00:00:00{text}")).ok()?;
    Some(instant.offset)
}

/// Accepts a date.
pub fn date(text: &str) -> std::result::Result<(), String> {
    if text.len() == 10 && text.parse::<Date>().is_ok() {
        return Ok(());
    }
    Err(format!("must be a date like \"2023-01-01\", not {:?}", head(text, 60)))
}

/// Accepts a UTC offset as RFC 3339 writes it.
pub fn offset(text: &str) -> std::result::Result<(), String> {
    match parse_offset(text) {
        Some(_) => Ok(()),
        None => Err(format!(
            "must be a UTC offset like \"+09:00\", not {:?}",
            head(text, 60)
        )),
    }
}

/// Accepts what can stand between two slashes of a path, encoded. `.` and `..` mean another path: whatever reads the URL
/// folds them, in any encoding.
pub fn segment(text: &str) -> std::result::Result<(), String> {
    match text {
        "" => Err("must not be empty".to_owned()),
        "." | ".." => Err(format!("is {text:?}, which no URL can carry as a name")),
        _ => Ok(()),
    }
}

/// Accepts a relative path whose characters need no encoding.
pub fn path(text: &str) -> std::result::Result<(), String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if text
        .split('/')
        .all(|name| segment(name).is_ok() && name.bytes().all(is_plain))
    {
        return Ok(());
    }
    Err(format!("must be a path like \"v2/labels\", not {:?}", head(text, 60)))
}

/// Accepts what can be the user name of HTTP Basic, and a segment of a path.
pub fn user(text: &str) -> std::result::Result<(), String> {
    plain(text)?;
    if text.contains(':') {
        return Err("must not contain a colon, which ends the user name of HTTP Basic".to_owned());
    }
    segment(text)
}

/// Accepts a name that is one segment of a path.
pub fn name(text: &str) -> std::result::Result<(), String> {
    plain(text)?;
    if matches!(text, "." | "..") || text.contains('/') {
        return Err(format!("must be a name, not a path like {:?}", head(text, 60)));
    }
    Ok(())
}

/// GUIDs mean the same in any case of letters, so that one in two cases is one text; other texts are what they are.
pub fn in_one_case(text: &str) -> Cow<'_, str> {
    if is_guid(text) && text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Borrowed(text)
}

/// Accepts a GUID in its usual form.
pub fn guid(text: &str) -> std::result::Result<(), String> {
    if is_guid(text) {
        return Ok(());
    }
    let shown = super::text::head(text, 60);
    Err(format!(
        "must be a GUID like \"7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44\", not {shown:?}"
    ))
}

fn is_guid(text: &str) -> bool {
    let is_its = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_its)
}

/// Accepts an integer and one unit of `s`, `m` (minutes), `h`, `d`, and nothing that comes to zero.
pub fn span(text: &str) -> std::result::Result<(), String> {
    parse_span(text).map(|_| ()).ok_or_else(|| {
        let shown = super::text::head(text, 60);
        format!("must be a whole number and one of s, m (minutes), h, d, like \"24h\", not {shown:?}")
    })
}

/// The length of time that a text like `24h` stands for.
pub fn parse_span(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86400,
        _ => return None,
    };
    let digits = text.strip_suffix(unit)?;
    let count: i64 = if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().ok()?
    } else {
        return None;
    };
    let total = count.checked_mul(seconds)?;
    (total > 0).then(|| SignedDuration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Argument] = &[
        Argument {
            name: "start",
            accepts: Accepts::MomentOrMilliseconds,
            needed: Needed::Required,
            doc: "the start",
        },
        Argument {
            name: "series",
            accepts: Accepts::OneOf(&["hour", "day"]),
            needed: Needed::Text("hour"),
            doc: "",
        },
        Argument {
            name: "tenants",
            accepts: Accepts::Texts(guid),
            needed: Needed::Optional,
            doc: "",
        },
        Argument {
            name: "month",
            accepts: Accepts::Whole(1, 12),
            needed: Needed::Optional,
            doc: "",
        },
    ];

    fn check(given: &[(&str, Value)]) -> Result<Arguments> {
        let given = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        Arguments::check("usage()", TABLE, given)
    }

    #[test]
    fn a_text_that_is_given_twice_counts_once() {
        static NAMES: &[Argument] = &[Argument {
            name: "names",
            accepts: Accepts::Texts(plain),
            needed: Needed::Optional,
            doc: "names",
        }];
        let names = ["b", "a", "b"].map(|name| Value::Text(name.to_owned()));
        let given = vec![("names".to_owned(), Value::List(names.to_vec()))];
        let arguments = Arguments::check("f()", NAMES, given).unwrap();
        assert_eq!(arguments.texts("names"), ["b", "a", "b"]);
        assert_eq!(arguments.distinct_texts("names"), ["b", "a"]);
    }

    #[test]
    fn what_is_sound_is_taken_and_defaults_are_filled_in() {
        let checked = check(&[("start", Value::Text("2026-01-01".into())), ("month", Value::Nothing)]).unwrap();
        assert_eq!(checked.instant("start").unwrap().to_utc_text(), "2026-01-01T00:00:00Z");
        assert_eq!(checked.text("series"), Some("hour"));
        assert_eq!(checked.get("month"), None);
    }

    #[test]
    fn a_token_is_taken_without_the_word_in_front_of_it() {
        for given in ["a.b-c", "Bearer a.b-c", "bearer   a.b-c", "BEARER\ta.b-c"] {
            assert_eq!(bearer(given).unwrap(), "a.b-c");
        }
        assert_eq!(bearer("Bearerish").unwrap(), "Bearerish");
        assert!(bearer("Bearer").unwrap_err().contains("the token behind it is missing"));
        assert!(bearer("Bearer \u{e9}").unwrap_err().contains("ASCII"));
    }

    #[test]
    fn a_word_has_nothing_that_separates_words() {
        for good in ["cn-north-1", "a.b_c", "x"] {
            assert!(word(good).is_ok(), "{good}");
        }
        for wrong in ["", "a/b", "a b", "a,b", "本", "a\n"] {
            assert!(word(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_segment_is_any_text_that_a_path_can_carry() {
        for good in [
            "default",
            "...",
            "100%25+^_\"`{|}~<>-\\",
            "a/b",
            "a b",
            " ",
            "a?b#c&d=e",
            "東京",
            "a\n",
        ] {
            assert_eq!(segment(good), Ok(()), "{good}");
        }
        assert_eq!(segment(""), Err("must not be empty".to_owned()));
        for bad in [".", ".."] {
            assert!(segment(bad).is_err(), "{bad}");
            // In a query, dots mean nothing.
            assert_eq!(any(bad), Ok(()));
        }
    }

    #[test]
    fn a_path_has_plain_segments_and_a_user_no_colon() {
        for good in ["labels", "v2/by-label", "a.b/~c_d"] {
            assert_eq!(path(good), Ok(()), "{good}");
        }
        for bad in ["", "/a", "a/", "a//b", "a/../b", ".", "{label}", "a b", "東京", "a?b"] {
            let error = path(bad).unwrap_err();
            assert_eq!(error, format!("must be a path like \"v2/labels\", not {bad:?}"));
        }
        assert_eq!(user("a/b"), Ok(()));
        for bad in ["a:b", "..", "", "a\nb"] {
            assert!(user(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_not_is_refused_in_one_sentence() {
        let start = ("start", Value::Whole(1_704_067_200_000));
        for (given, message) in [
            (vec![], "usage() needs the argument \"start\": the start"),
            (
                vec![("strat", Value::Whole(1))],
                "usage() has no argument \"strat\"; did you mean \"start\"?",
            ),
            (
                vec![("start", Value::Whole(1_704_067_200))],
                "start is 1704067200, which looks like seconds; pass Unix milliseconds or an aware datetime",
            ),
            (
                vec![("start", Value::Flag(true))],
                "start must be an aware datetime, a date, an ISO text or Unix milliseconds, not a bool",
            ),
            (
                vec![start.clone(), ("month", Value::Whole(13))],
                "month must be between 1 and 12, not 13",
            ),
            (
                vec![start.clone(), ("series", Value::Text("hours".into()))],
                "series must be one of hour, day, not \"hours\"; did you mean \"hour\"?",
            ),
            (
                vec![start.clone(), ("tenants", Value::List(vec![]))],
                "tenants is an empty list; leave it out to ask for all",
            ),
            (
                vec![start, ("tenants", Value::Text("acme".into()))],
                "tenants must be a GUID like \"7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44\", not \"acme\"",
            ),
        ] {
            assert_eq!(check(&given).unwrap_err().message, message);
        }
    }

    #[test]
    fn spans_have_one_unit_and_are_not_zero() {
        assert_eq!(parse_span("180m"), Some(SignedDuration::from_mins(180)));
        for text in ["0h", "-1d", "1.5h", "2w", "h", "", "１h", "24", "99999999999999999999d"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
