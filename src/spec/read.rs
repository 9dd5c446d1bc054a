//! A tree as the blocks of a document. All that is wrong with it is said at once: whatever cannot be read is told, taken
//! out, and the rest is read again.

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::tree::Node;
use crate::values::text::did_you_mean;

/// So many mistakes of one document are told at most.
const MOST: usize = 50;

/// What is wrong with a document: a line, and a sentence.
pub type Mistakes = Vec<(usize, String)>;

/// Reads a block, as far as it can be read.
pub fn read<T: DeserializeOwned>(tree: &Node, mistakes: &mut Mistakes) -> Option<T> {
    let mut tree = tree.clone();
    while mistakes.len() < MOST {
        let error = match serde_path_to_error::deserialize::<&Node, T>(&tree) {
            Ok(block) => return Some(block),
            Err(error) => error,
        };
        let (mut path, mut whole) = (Vec::new(), None);
        for segment in error.path() {
            match segment {
                Segment::Seq { index } => path.push(index.to_string()),
                Segment::Map { key } => path.push(key.clone()),
                // A word may stand alone; and without it, nothing is left of what it chose.
                Segment::Enum { variant } => {
                    whole = whole.or(Some(path.len()));
                    path.extend(
                        tree.at(&path)
                            .and_then(|node| node.member(variant))
                            .map(|_| variant.clone()),
                    );
                }
                Segment::Unknown => {}
            }
        }
        let text = error.inner().to_string();
        let words: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
        let said = match words.split_first() {
            // The path leads to the block, and not to what it does not have.
            Some((key, known)) if text.starts_with("unknown field") => {
                // The path may end there already.
                if tree.at(&path).is_some_and(|node| node.member(key).is_some()) {
                    path.push((*key).to_owned());
                }
                whole = None;
                let hint = did_you_mean(key, known.iter().copied());
                match known.join(", ") {
                    known if hint.is_empty() && known.len() < 100 => {
                        format!("is no key that is known here, which are {known}")
                    }
                    _ => format!("is no key that is known here{hint}"),
                }
            }
            Some((key, _)) if text.starts_with("missing field") => format!("needs {key}"),
            Some((word, known)) if text.starts_with("unknown variant") => {
                let hint = did_you_mean(word, known.iter().copied());
                format!("must be one of {}, not {word:?}{hint}", known.join(", "))
            }
            _ => match text.split_once(": ").unwrap_or_default().1.split_once(", expected ") {
                Some(("unit variant", _)) => {
                    let word = tree.at(&path).and_then(Node::text).unwrap_or_default();
                    format!("needs a value behind that word: {{ {word} = … }}")
                }
                Some(("map", "enum")) => "is empty: write one key with its value".to_owned(),
                Some(("map", "a sequence")) => {
                    let keys: Vec<&str> = path
                        .iter()
                        .map(String::as_str)
                        .filter(|key| key.parse::<usize>().is_err())
                        .collect();
                    format!("must be a list, not a table: write [[{}]]", keys.join("."))
                }
                Some((found, wanted)) => format!("must be {}, not {}", plain(wanted), plain(found)),
                None => match text
                    .strip_prefix("invalid length ")
                    .and_then(|text| text.split_once(", expected "))
                {
                    Some((length, wanted)) => format!("must be {}, not of {length}", plain(wanted)),
                    None => text,
                },
            },
        };
        let (line, name) = tree.find(&path);
        mistakes.push((line, format!("{name} {said}")));
        path.truncate(whole.unwrap_or(path.len()));
        if !tree.take_out(&path) {
            return None;
        }
    }
    None
}

/// What serde calls something, in the words of documents.
fn plain(text: &str) -> String {
    let word = text.trim_start_matches("a ").split(' ').next().unwrap_or_default();
    let elements = || text.split(' ').find(|word| word.parse::<usize>().is_ok());
    match (word, text.split('`').nth(1)) {
        ("integer" | "floating" | "boolean", Some(value)) => value.to_owned(),
        ("string", _) => text.strip_prefix("string ").unwrap_or(text).to_owned(),
        ("map" | "struct", _) => "a table".to_owned(),
        ("enum", _) => "a word, or a table with one key".to_owned(),
        ("usize" | "u32" | "u64", _) => "a whole number that is not negative".to_owned(),
        ("u16", _) => "a whole number from 0 to 65535".to_owned(),
        ("i32" | "i64", _) => "a whole number".to_owned(),
        ("f64", _) => "a number".to_owned(),
        ("sequence", _) => "a list".to_owned(),
        ("tuple", _) => elements().map_or_else(|| "a list".to_owned(), |count| format!("a list of {count}")),
        _ => text.to_owned(),
    }
}
