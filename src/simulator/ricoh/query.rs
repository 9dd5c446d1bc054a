//! What a query asks for, and whether the service would answer that.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use super::usage::{BOTH, Env};
use super::{Operation, Refusal};
use crate::simulator::http::{Request, decode};
use crate::simulator::world::World;

/// The signs of a label besides letters and digits (ls-conf-sdk, doc/APIReference.md).
const LABEL_SIGNS: &str = ".%+^_\"`{|}~<>-";

/// The parameters of all three operations.
#[derive(Debug)]
pub(super) struct Question {
    pub since: Timestamp,
    pub until: Timestamp,
    pub envs: Vec<Env>,
    starts_with: String,
    any_case: bool,
}

impl Question {
    /// Reads and checks the query; the service's own order of checks is not known.
    pub fn read(world: &World, request: &Request, operation: &Operation) -> Result<Self, Refusal> {
        let pairs = pairs(world, &request.query);
        check_names(world, &pairs, operation)?;
        if let Operation::Label(label) = operation {
            check_label(world, label)?;
        }
        let question = Self {
            since: date(world, &pairs, "since")?,
            until: date(world, &pairs, "until")?,
            envs: envs(&pairs)?,
            starts_with: one(&pairs, "starts_with")?.unwrap_or_default(),
            any_case: world.switch_is("ricoh.prefix_case", "insensitive"),
        };
        check_range(world, &question)?;
        Ok(question)
    }

    /// True if a label has the prefix that was asked for.
    pub fn wants_label(&self, label: &str) -> bool {
        if self.any_case {
            let prefix = self.starts_with.to_ascii_lowercase();
            return label.to_ascii_lowercase().starts_with(&prefix);
        }
        label.starts_with(&self.starts_with)
    }
}

fn pairs(world: &World, query: &str) -> Vec<(String, String)> {
    // Many servers read a bare plus as a space, which is how "+09:00" gets lost.
    let plus = if world.switch_is("ricoh.query_plus", "plus") {
        "+"
    } else {
        " "
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&key.replace('+', plus)), decode(&value.replace('+', plus)))
        })
        .collect()
}

fn check_names(world: &World, pairs: &[(String, String)], operation: &Operation) -> Result<(), Refusal> {
    let known = |name: &str| match name {
        "since" | "until" | "env" => true,
        "starts_with" => *operation == Operation::Labels,
        _ => false,
    };
    match pairs.iter().find(|(name, _)| !known(name)) {
        Some((name, _)) if !world.switch_is("ricoh.unknown_parameter", "ignored") => {
            Err(Refusal::bad_request(format!("There is no parameter {name} here.")))
        }
        _ => Ok(()),
    }
}

fn check_label(world: &World, label: &str) -> Result<(), Refusal> {
    let backslash = world.switch_is("ricoh.label_backslash", "accepted");
    let allowed =
        |sign: char| sign.is_ascii_alphanumeric() || LABEL_SIGNS.contains(sign) || (sign == '\\' && backslash);
    if label.is_empty() || label.len() > 255 || !label.chars().all(allowed) {
        return Err(Refusal::bad_request("classification_label is not an IDString."));
    }
    Ok(())
}

/// The value of a parameter that may be given once.
fn one(pairs: &[(String, String)], name: &str) -> Result<Option<String>, Refusal> {
    let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
    let first = values.next().cloned();
    if values.next().is_some() {
        return Err(Refusal::bad_request(format!("{name} is given twice.")));
    }
    Ok(first)
}

/// `env` repeats its key; without it both environments are meant.
fn envs(pairs: &[(String, String)]) -> Result<Vec<Env>, Refusal> {
    let named: Option<Vec<Env>> = pairs
        .iter()
        .filter(|(key, _)| key == "env")
        .map(|(_, value)| Env::named(value))
        .collect();
    match named {
        None => Err(Refusal::bad_request("env is one of prod, dev.")),
        Some(named) if named.is_empty() => Ok(BOTH.to_vec()),
        Some(named) => Ok(named),
    }
}

fn date(world: &World, pairs: &[(String, String)], name: &str) -> Result<Timestamp, Refusal> {
    let Some(text) = one(pairs, name)? else {
        return Err(Refusal::bad_request(format!("{name} is required.")));
    };
    let only_utc = world.switch_is("ricoh.date_form", "utc_seconds");
    let refusal = || Refusal::bad_request(format!("{name} is no RFC 3339 date-time."));
    if !is_rfc3339(&text) || (only_utc && !(text.ends_with('Z') && text.len() == 20)) {
        return Err(refusal());
    }
    text.parse().map_err(|_| refusal())
}

/// RFC 3339, which is narrower than what the parser behind it takes: date, `T`, time with seconds, offset.
fn is_rfc3339(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let Some((date, rest)) = text.as_bytes().split_at_checked(SHAPE.len()) else {
        return false;
    };
    let fits = |(byte, shape): (&u8, &u8)| {
        if *shape == b'0' {
            byte.is_ascii_digit()
        } else {
            byte == shape
        }
    };
    if !date.iter().zip(SHAPE).all(fits) {
        return false;
    }
    let rest = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            fraction.get(digits..).filter(|_| digits > 0).unwrap_or_default()
        }
    };
    match rest {
        b"Z" => true,
        [b'+' | b'-', offset @ ..] => offset.len() == 5 && offset.iter().zip(b"00:00").all(fits),
        _ => false,
    }
}

/// `since` at most one year back, `until` at most one month after it.
fn check_range(world: &World, question: &Question) -> Result<(), Refusal> {
    let (since, until) = (question.since, question.until);
    let refused = |what: &str| world.switch_is(what, "refused");
    let message = if until < since {
        "until is before since."
    } else if until == since && refused("ricoh.empty_range") {
        "until must be after since."
    } else if until > world.now() && refused("ricoh.future_until") {
        "until is in the future."
    } else if oldest(world).is_some_and(|oldest| since < oldest) {
        "since must be within one year from now."
    } else if latest(world, since).is_some_and(|latest| until > latest) {
        "until must be within one month after since."
    } else {
        return Ok(());
    };
    // That such a range is refused with 400 is inferred.
    let status = if world.switch_is("ricoh.range_status", "422") {
        422
    } else {
        400
    };
    Err(Refusal::new(status, "bad_request", message))
}

/// One year back.
fn oldest(world: &World) -> Option<Timestamp> {
    let then = utc(world.now()).checked_sub(Span::new().years(1)).ok()?;
    if world.switch_is("ricoh.year_limit", "day") {
        return then.start_of_day().ok().map(|day| day.timestamp());
    }
    Some(then.timestamp())
}

/// One month on.
fn latest(world: &World, since: Timestamp) -> Option<Timestamp> {
    let month = match world.switch("ricoh.month").as_deref() {
        Some("days31") => Span::new().days(31),
        Some("days30") => Span::new().days(30),
        _ => Span::new().months(1),
    };
    utc(since).checked_add(month).ok().map(|then| then.timestamp())
}

fn utc(instant: Timestamp) -> Zoned {
    instant.to_zoned(TimeZone::UTC)
}
