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
        let mut path: Vec<String> = error.path().iter().filter_map(step).collect();
        let text = error.inner().to_string();
        let words: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
        let said = match words.split_first() {
            // The path leads to the block, and not to what it does not have.
            Some((key, known)) if text.starts_with("unknown field") => {
                path.push((*key).to_owned());
                format!(
                    "is no key that is known here{}",
                    did_you_mean(key, known.iter().copied())
                )
            }
            Some((word, known)) if text.starts_with("unknown variant") => {
                let hint = did_you_mean(word, known.iter().copied());
                format!("must be one of {}, not {word:?}{hint}", known.join(", "))
            }
            _ => text
                .replace("invalid type: ", "cannot be ")
                .replace("invalid value: ", "cannot be "),
        };
        let (line, name) = tree.find(&path);
        mistakes.push((line, format!("{name} {said}")));
        if !tree.take_out(&path) {
            return None;
        }
    }
    None
}

fn step(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}
