//! Our JSON door beside `serde_json`, which shares no code with it.

use metertap::values::json::Json;
use serde_json::Value as Plain;

/// True if both hold the same; numbers as far as a float can tell.
pub fn same(ours: &Json<'_>, theirs: &Plain) -> bool {
    match (ours, theirs) {
        (Json::Null, Plain::Null) => true,
        (Json::Bool(ours), Plain::Bool(theirs)) => ours == theirs,
        (Json::Text(ours), Plain::String(theirs)) => ours == theirs,
        (Json::Number(text), Plain::Number(number)) => {
            let whole = number.as_i64().map(|number| number.to_string());
            let whole = whole.or_else(|| number.as_u64().map(|number| number.to_string()));
            // They read floats to within a unit in the last place.
            let is_near = |ours: f64, theirs: f64| (ours - theirs).abs() <= ours.abs() * 1e-15;
            whole.as_deref() == Some(text) || is_near(text.parse().unwrap(), number.as_f64().unwrap())
        }
        (Json::List(ours), Plain::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Json::Map(ours), Plain::Object(theirs)) => {
            let is_there = |(key, value): &(_, Json<'_>)| {
                let key: &std::borrow::Cow<'_, str> = key;
                theirs.get(key.as_ref()).is_some_and(|other| same(value, other))
            };
            ours.len() == theirs.len() && ours.iter().all(is_there)
        }
        _ => false,
    }
}

/// Both take the bytes, for the same; or both refuse them, but for what we refuse and they take, and the other way
/// round: exactly the differences that are meant.
pub fn agree(bytes: &[u8]) -> Result<(), String> {
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match (Json::parse(bytes), serde_json::from_slice::<Plain>(body)) {
        (Ok(ours), Ok(theirs)) if same(&ours, &theirs) => Ok(()),
        (Ok(ours), Ok(theirs)) => Err(format!("{ours:?} is not {theirs:?}")),
        (Err(_), Err(_)) => Ok(()),
        (Err(ours), Ok(_)) if ours.message.contains("occurs twice") || ours.message.contains("deeper than 64") => {
            Ok(())
        }
        // We keep the digits; what fits is decided where the number is used.
        (Ok(_), Err(theirs)) if theirs.to_string().contains("number out of range") => Ok(()),
        (ours, theirs) => Err(format!("we say {ours:?}, they say {theirs:?}")),
    }
}
