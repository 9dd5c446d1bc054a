//! Lists as texts, for what knows no lists: data frames that group, and files of plain columns.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ListArray, StringArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::ArrowError;

/// What parts the texts of a list when it becomes one text: notes are sentences, everything else is names.
fn between(column: &str) -> &'static str {
    if column == "notes" { "; " } else { " " }
}

/// Each list of this column as one text, empty where the list is empty.
pub fn joined(column: &str, lists: &ListArray) -> Result<StringArray, ArrowError> {
    let texts: &StringArray = lists.values().as_string();
    let text_ends = texts.value_offsets();
    let is_short = lists
        .value_offsets()
        .windows(2)
        .all(|ends| matches!(ends, [start, end] if end - start < 2));
    if is_short {
        // No text is longer than those that are there, so they need not be copied.
        let ends = lists.value_offsets().iter();
        let ends = ends.map(|end| usize::try_from(*end).ok().and_then(|end| text_ends.get(end).copied()));
        let ends: Vec<i32> = ends.map(Option::unwrap_or_default).collect();
        return StringArray::try_new(
            OffsetBuffer::new(ends.into()),
            texts.values().clone(),
            lists.nulls().cloned(),
        );
    }
    let between = between(column);
    let mut all = String::with_capacity(texts.value_data().len());
    let mut ends = Vec::with_capacity(lists.len() + 1);
    ends.push(0);
    for bounds in lists.value_offsets().windows(2) {
        let &[start, end] = bounds else { continue };
        for item in start..end {
            if item > start {
                all.push_str(between);
            }
            all.push_str(texts.value(usize::try_from(item).unwrap_or_default()));
        }
        let end = i32::try_from(all.len());
        ends.push(end.map_err(|_| ArrowError::InvalidArgumentError("a column of more than 2 GiB".to_owned()))?);
    }
    StringArray::try_new(
        OffsetBuffer::new(ends.into()),
        all.into_bytes().into(),
        lists.nulls().cloned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::builder::{ListBuilder, StringBuilder};

    #[test]
    fn a_list_becomes_one_text_and_an_empty_one_an_empty_text() {
        let mut lists = ListBuilder::new(StringBuilder::new());
        for list in [&["floored", "rounded"][..], &[], &["été"], &["a", "b", "c"]] {
            for text in list {
                lists.values().append_value(text);
            }
            lists.append(true);
        }
        lists.append(false);
        let lists = lists.finish();
        let texts = joined("notes", &lists).unwrap();
        let texts: Vec<Option<&str>> = texts.iter().collect();
        let expected = [Some("floored; rounded"), Some(""), Some("été"), Some("a; b; c"), None];
        assert_eq!(texts, expected);
        // Where no list has two texts, none is copied.
        let short = joined("flags", &lists.slice(1, 2)).unwrap();
        assert_eq!(short.iter().collect::<Vec<_>>(), [Some(""), Some("été")]);
        assert_eq!(
            short.value_data().as_ptr(),
            lists.values().as_string::<i32>().value_data().as_ptr()
        );
        let short = joined("flags", &lists.slice(4, 1)).unwrap();
        assert_eq!(short.iter().collect::<Vec<_>>(), [None]);
        // Part of a table begins in the midst of its lists.
        let part = joined("flags", &lists.slice(2, 2)).unwrap();
        assert_eq!(part.iter().collect::<Vec<_>>(), [Some("été"), Some("a b c")]);
        assert_eq!(
            (between("notes"), between("flags"), between("meters")),
            ("; ", " ", " ")
        );
    }
}
