//! Small questions about text that several rooms ask.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes everything outside `A-Z a-z 0-9 - . _ ~`, once.
pub fn encode(text: &str) -> String {
    encoded(text).collect()
}

/// The same, piece by piece, for a text that goes on.
pub fn encoded(text: &str) -> impl Iterator<Item = &str> {
    percent_encoding::utf8_percent_encode(text, RESERVED)
}

/// A query string of these pairs, in this order.
pub fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = String::new();
    for (key, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(encoded(key));
        query.push('=');
        query.extend(encoded(value));
    }
    query
}

/// The number that these digits write, if there is nothing but digits and not more than 18, which 64 bits always hold.
pub fn digits(text: &[u8]) -> Option<u64> {
    if text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0, |number: u64, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
    })
}

/// A name in capitals of any kind as Python writes it: `PeakUpBandwidth` is `peak_up_bandwidth`, `TaskID` is `task_id`.
pub fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let at = |place: usize| letters.get(place).copied().unwrap_or(' ');
    let mut snake = String::new();
    for (place, letter) in letters.iter().enumerate() {
        let begins_a_word = place > 0
            && letter.is_uppercase()
            && (at(place + 1).is_lowercase() || !at(place - 1).is_uppercase())
            && at(place - 1) != '_';
        if begins_a_word {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// A name of words with `_` between as `CamelCase`.
pub fn camel(name: &str) -> String {
    let mut camel = String::new();
    for word in name.split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// The nearest of these names, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (likeness(word, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// How like a word is to a name, from 0 to 1; of a name such as `sora.egress` the last part counts, too.
fn likeness(word: &str, name: &str) -> f64 {
    let (word, name) = (word.to_lowercase(), name.to_lowercase());
    let last = name.rsplit('.').next().filter(|_| !word.contains('.'));
    strsim::jaro_winkler(&word, &name).max(last.map_or(0.0, |last| strsim::jaro_winkler(&word, last)))
}

/// ` Did you mean "…"?` or nothing: the end of a message about an unknown word.
pub fn did_you_mean<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, names).map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

/// Names as one reads them: `a, b and c`.
pub fn listed(names: &[String]) -> String {
    match names {
        [before @ .., one, last] => [before, &[format!("{one} and {last}")]].concat().join(", "),
        _ => names.concat(),
    }
}

/// The first characters of a text, for a message.
pub fn head(text: &str, characters: usize) -> String {
    let mut short: String = text.chars().take(characters).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A text of any length and form as a part of a message: in one line, and no longer than this.
pub fn one_line(text: &str, characters: usize) -> String {
    if text.len() <= characters && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return text.to_owned(); // one word, as most are
    }
    let is_gap = |character: char| character.is_whitespace() || character.is_control();
    let mut line = String::new();
    for word in text.split(is_gap).filter(|word| !word.is_empty()) {
        if line.len() > characters * 4 {
            break; // long enough, whatever its characters are
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    head(&line, characters)
}

/// True for characters that show nothing and take no room, or change the direction of what stands around them: soft
/// hyphens, joiners, marks of direction and order, variation selectors, fillers, tags.
pub fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The lower-case hexadecimal form of these bytes.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' - 10 + half };
    ascii(
        bytes
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
            .collect(),
    )
}

/// These bytes as text; they are ASCII.
pub fn ascii(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

/// A JSON value as compact text; quicker than its `Display`, which writes piece by piece through a formatter.
pub fn compact(value: &serde_json::Value) -> String {
    // Only maps with keys that are no strings and values that refuse could fail, and this is neither.
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_camel_case() {
        for (name, expected) in [
            ("p95_peak_bandwidth_data", "P95PeakBandwidthData"),
            ("call", "Call"),
            ("", ""),
        ] {
            assert_eq!(camel(name), expected);
        }
    }

    #[test]
    fn names_are_listed_as_one_reads_them() {
        for (names, text) in [("", ""), ("a", "a"), ("a b", "a and b"), ("a b c d", "a, b, c and d")] {
            let names: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
            assert_eq!(listed(&names), text);
        }
    }

    #[test]
    fn only_unreserved_characters_stay_as_they_are() {
        assert_eq!(encode("aZ09-._~"), "aZ09-._~");
        assert_eq!(encode("a+b %/ü"), "a%2Bb%20%25%2F%C3%BC");
    }

    #[test]
    fn a_text_in_a_message_is_one_line_and_not_long() {
        assert_eq!(one_line(" a\r\n\tb\0c ", 10), "a b c");
        assert_eq!(one_line(&"word ".repeat(1000), 9), "word word…");
        assert_eq!(one_line(&"ü".repeat(1000), 3), "üüü…");
        assert_eq!(one_line("\n", 3), "");
    }

    #[test]
    fn what_nobody_sees_is_known_from_what_is_seen() {
        for character in ['\u{200b}', '\u{200e}', '\u{2066}', '\u{feff}', '\u{ad}', '\u{e0041}'] {
            assert!(is_invisible(character), "{character:?}");
        }
        for character in ['a', '/', 'é', '本', '\u{2013}', '\u{a0}'] {
            assert!(!is_invisible(character), "{character:?}");
        }
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        assert_eq!(nearest("api_kye", ["name", "api_key"]), Some("api_key"));
        assert_eq!(nearest("zzz", ["name", "api_key"]), None);
    }
}
