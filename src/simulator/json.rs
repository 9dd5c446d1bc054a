//! JSON text, put together by hand where a number must come out digit for digit as it was computed.

/// Writes `units / 10^places` exactly, without trailing zeros: `decimal(1_250, 3)` is `1.25`.
pub fn decimal(units: i128, places: u32) -> String {
    let scale = 10_u128.saturating_pow(places);
    let size = units.unsigned_abs();
    let sign = if units < 0 { "-" } else { "" };
    let width = usize::try_from(places).unwrap_or(0);
    let fraction = format!("{:0width$}", size % scale);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", size / scale)
}

/// Writes a string with its quotes and escapes.
pub fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// Writes an object of fields whose values are JSON text already.
pub fn object(fields: &[(&str, String)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}:{value}", text(name)))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// Writes an array of values that are JSON text already.
pub fn array(values: impl IntoIterator<Item = String>) -> String {
    let values: Vec<String> = values.into_iter().collect();
    format!("[{}]", values.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_exactly() {
        for (units, places, expected) in [
            (0, 6, "0"),
            (42_000_000, 6, "42"),
            (18_340_000, 6, "18.34"),
            (1, 6, "0.000001"),
            (-5, 1, "-0.5"),
            (7, 0, "7"),
            (14_951_499_999_999_997, 11, "149514.99999999997"),
        ] {
            assert_eq!(decimal(units, places), expected);
        }
    }

    #[test]
    fn texts_are_escaped() {
        let written = object(&[("a\"b", array([text("c\\d"), decimal(15, 1)]))]);
        assert_eq!(written, r#"{"a\"b":["c\\d",1.5]}"#);
    }
}
