//! Questions as requests: a path, a query and a body, filled from the account and the call.

use std::borrow::Cow;

use jiff::SignedDuration;
use serde_json::{Map, Value as Plain};

use super::document::{self, Document, Format, Fractions};
use crate::service::{Account, Call, Method, Request};
use crate::values::arguments::{Arguments, Value, parse_offset};
use crate::values::error::{Error, Kind, Result};
use crate::values::text::{encoded, listed, query};
use crate::values::window::Instant;

impl Document {
    /// The request for a call: unsigned, and made anew for every attempt.
    pub fn request(&self, account: &Account, call: &Call) -> Result<Request> {
        let asked = self
            .of(call.operation)
            .ok_or_else(|| Error::new(Kind::Internal, "an operation that the document does not have"))?;
        check(asked, call)?;
        let template = asked.path.as_ref().unwrap_or(&asked.wire);
        let grain = asked.grain_of(call).or_else(|| asked.usual_grain());
        let fixed = asked.query.iter().chain(grain.iter().flat_map(|grain| &grain.query));
        let mut pairs: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(asked.query.len() + asked.takes.len());
        pairs.extend(fixed.map(|(key, value)| (key.as_str(), value.into())));
        let mut body = None;
        for taken in asked.takes.iter().filter(|taken| !taken.is_in_path) {
            let wire = taken.wire();
            if asked.method == Method::Post {
                body.get_or_insert_with(Map::new);
            }
            let Some(value) = call.arguments.get(&taken.name) else {
                continue;
            };
            match (&mut body, plain(asked, account, call, &taken.name, value)?) {
                (None, Plain::Array(items)) => pairs.extend(items.into_iter().map(|item| (wire, bare(item).into()))),
                (None, value) => pairs.push((wire, bare(value).into())),
                (Some(body), value) if taken.as_text => drop(body.insert(wire.to_owned(), Plain::String(bare(value)))),
                (Some(body), value) => drop(body.insert(wire.to_owned(), value)),
            }
        }
        let wrap = |inner: Plain, key: &String| Plain::Object(Map::from_iter([(key.clone(), inner)]));
        let mut body = body.map(|arguments| asked.wrap.iter().rfold(Plain::Object(arguments), wrap));
        for (place, text) in &asked.body {
            let pointer = format!(".{place}").replace('.', "/");
            let (outer, key) = pointer.rsplit_once('/').unwrap_or_default();
            if let Some(Plain::Object(object)) = body.as_mut().and_then(|body| body.pointer_mut(outer)) {
                object.insert(key.to_owned(), text.as_str().into());
            }
        }
        let mut url = address(&account.base_url, &path(template, account, &call.arguments));
        if !pairs.is_empty() {
            url.push('?');
            url.push_str(&query(pairs.iter().map(|(key, value)| (*key, &**value))));
        }
        Ok(match (asked.method, body) {
            (Method::Get, _) => Request::get(url),
            (Method::Post, Some(body)) => Request::post_json(url, &body),
            (Method::Post, None) => Request::post(url),
        })
    }
}

/// The address of a path; that of the account may have the path already, as pages show it.
pub fn address(given: &str, path: &str) -> String {
    let base = given.strip_suffix(path).and_then(|rest| rest.strip_suffix('/'));
    // A host may be called like the path.
    let base = base.filter(|rest| !rest.ends_with('/')).unwrap_or(given);
    [base, "/", path].concat()
}

/// The gaps of a path.
pub(super) fn gaps(template: &str) -> impl Iterator<Item = &str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(gap, _)| gap)
}

/// A path with its gaps filled: `{account.x}` and `{x}` hold a name each, `{+account.x}` a path, and `{account.x|y}` is the
/// first of the two that there is. What is no argument is the account's.
pub(super) fn path(template: &str, account: &Account, arguments: &Arguments) -> String {
    let mut path = String::with_capacity(2 * template.len());
    let mut rest = template;
    while let Some((before, gap, after)) = rest.split_once('{').and_then(|(before, rest)| {
        let (gap, after) = rest.split_once('}')?;
        Some((before, gap, after))
    }) {
        path.push_str(before);
        let setting = |names: &str| {
            names
                .split('|')
                .find_map(|name| account.setting(name))
                .unwrap_or_default()
        };
        match (gap.strip_prefix("+account."), gap.strip_prefix("account.")) {
            (Some(name), _) => path.push_str(setting(name)),
            (_, Some(name)) => path.extend(encoded(setting(name))),
            _ => match arguments.get(gap).or_else(|| account.settings.get(gap)) {
                Some(Value::Text(text)) => path.extend(encoded(text)),
                Some(value) => path.extend(encoded(&value.plain())),
                None => {}
            },
        }
        rest = after;
    }
    path + rest
}

/// Refuses what a call cannot ask at once.
fn check(asked: &document::Call, call: &Call) -> Result<()> {
    let has = |name: &str| call.arguments.get(name).is_some();
    if let Some((one, other)) = asked.exclusive.iter().find(|(one, other)| has(one) && has(other)) {
        return Err(Error::invalid(format!("give {one} or {other}, not both")));
    }
    let is_taken = |name: &&String| asked.takes.iter().any(|taken| taken.name == **name);
    let together = asked.together.iter().filter(is_taken).map(String::as_str);
    if together.clone().any(has) && !together.clone().all(has) {
        let missing: Vec<&str> = together.clone().filter(|name| !has(name)).collect();
        return Err(Error::invalid(format!(
            "{} go together: give all of them or none; {} is missing",
            together.collect::<Vec<&str>>().join(", "),
            missing.join(", ")
        )));
    }
    let any = |group: &&Vec<String>| group.iter().any(|name| has(name));
    let whole = |group: &Vec<String>| group.iter().all(|name| has(name));
    let mut groups = asked.one_of.iter().filter(any);
    if !asked.one_of.is_empty() && (!groups.next().is_some_and(whole) || groups.next().is_some()) {
        let groups: Vec<String> = asked.one_of.iter().map(|group| listed(group)).collect();
        let (name, groups) = (&asked.name, groups.join(", or "));
        return Err(Error::invalid(format!("{name}() needs either {groups}")));
    }
    let mut given = call.arguments.iter();
    match given.find(|(_, value)| matches!(value, Value::List(items) if items.is_empty())) {
        Some((name, _)) => Err(Error::invalid(format!(
            "{name} is an empty list; leave it out to ask for all"
        ))),
        None => Ok(()),
    }
}

/// The value of an argument as JSON.
fn plain(asked: &document::Call, account: &Account, call: &Call, name: &str, value: &Value) -> Result<Plain> {
    let Value::Instant(instant) = value else {
        return Ok(value.to_json());
    };
    let is_end = call.operation.range.is_some_and(|(_, end)| end == name);
    let moments = &asked.moments;
    let own = moments.offset_of.as_ref().and_then(|name| account.setting(name));
    let (unit, word) = match moments.format {
        Format::Milliseconds => (1_000_000, "millisecond"),
        Format::Date => (86_400_000_000_000, "day"),
        _ => (1_000_000_000, "second"),
    };
    let fraction = instant.at.as_nanosecond().rem_euclid(unit);
    let whole = |nanoseconds: i128| i64::try_from(nanoseconds).unwrap_or_default();
    let grown = match moments.fractions {
        _ if fraction == 0 => 0,
        Fractions::Kept => 0,
        Fractions::Outwards => whole(if is_end { unit - fraction } else { -fraction }),
        Fractions::Refused => {
            return Err(Error::invalid(format!(
                "{name} has a fraction of a {word} ({}); the service counts in whole {word}s",
                instant.at
            )));
        }
    };
    let taken = if is_end { moments.end_takes } else { 0 };
    let moved = SignedDuration::from_nanos(grown) - SignedDuration::from_secs(taken);
    let at = instant.at.checked_add(moved);
    let at = at.map_err(|_| Error::invalid(format!("{name} ({}) is out of range", instant.at)))?;
    let moment = Instant { at, ..*instant };
    Ok(match (moments.format, own.and_then(parse_offset)) {
        (Format::Utc, Some(offset)) => Plain::String(moment.at_offset(offset).to_offset_text()),
        (Format::Offset, _) => Plain::String(moment.to_exact_text()),
        (Format::Utc, None) => Plain::String(moment.to_utc_text()),
        (Format::Seconds, _) => Plain::from(at.as_second()),
        (Format::Milliseconds, _) => Plain::from(at.as_millisecond()),
        (Format::Date, _) => Plain::String(Instant::utc(at).zoned().date().to_string()),
    })
}

/// A value as it stands in a query.
fn bare(value: Plain) -> String {
    match value {
        Plain::String(text) => text,
        other => other.to_string(),
    }
}
