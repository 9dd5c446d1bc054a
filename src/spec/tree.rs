//! A TOML text as a tree that knows its lines: what blocks are read from.

use toml::de::{DeTable, DeValue};

use super::block::Problems;

/// The longest text of a document, in bytes; the largest of the built-in ones has a twentieth of it.
const LONGEST: usize = 1 << 20;

/// A value, and the line that it begins on.
#[derive(Debug, Clone)]
pub struct Node {
    /// The line, counted from 1.
    pub line: usize,
    /// What it is.
    pub what: What,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum What {
    /// A string.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Another number.
    Number(f64),
    /// `true` or `false`.
    Flag(bool),
    /// An array.
    List(Vec<Node>),
    /// A table: keys in their order, each with its line.
    Table(Members),
}

/// The keys of a table with their lines and values.
pub type Members = Vec<(String, usize, Node)>;

impl What {
    /// What this is, with its article.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Whole(_) => "an integer",
            Self::Number(_) => "a float",
            Self::Flag(_) => "a boolean",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

/// Reads a text; what is no TOML goes to the problems, and the rest is still read.
pub fn read(text: &str, problems: &Problems) -> Members {
    if text.len() > LONGEST {
        problems.add(
            1,
            format!("the document has {} bytes; at most {LONGEST} are read", text.len()),
        );
        return Vec::new();
    }
    let lines = Lines::of(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let line = error.span().map_or(1, |span| lines.at(span.start));
        problems.add(line, format!("this is no TOML: {}", error.message()));
    }
    members(&table.into_inner(), &lines, problems)
}

fn members(table: &DeTable<'_>, lines: &Lines, problems: &Problems) -> Members {
    let member = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        let line = lines.at(key.span().start);
        (name.to_string(), line, node(value, lines, problems))
    };
    table.iter().map(member).collect()
}

fn node(value: &toml::Spanned<DeValue<'_>>, lines: &Lines, problems: &Problems) -> Node {
    let line = lines.at(value.span().start);
    let what = match value.get_ref() {
        DeValue::String(text) => What::Text(text.to_string()),
        DeValue::Integer(number) => {
            let found = i64::from_str_radix(number.as_str(), number.radix());
            if found.is_err() {
                problems.add(line, format!("{} does not fit 64 bits", number.as_str()));
            }
            What::Whole(found.unwrap_or_default())
        }
        DeValue::Float(number) => What::Number(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(truth) => What::Flag(*truth),
        DeValue::Datetime(moment) => What::Text(moment.to_string()),
        DeValue::Array(items) => What::List(items.iter().map(|item| node(item, lines, problems)).collect()),
        DeValue::Table(table) => What::Table(members(table, lines, problems)),
    };
    Node { line, what }
}

/// Puts what a table does not say itself under it: tables key by key, everything else as a whole.
pub fn inherit(own: &mut Members, from: &Members) {
    for (key, line, value) in from {
        match own.iter_mut().find(|(known, ..)| known == key) {
            None => own.push((key.clone(), *line, value.clone())),
            Some((
                ..,
                Node {
                    what: What::Table(own), ..
                },
            )) => {
                if let What::Table(from) = &value.what {
                    inherit(own, from);
                }
            }
            Some(_) => {}
        }
    }
}

/// Where the lines of a text end.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(place, _)| place).collect())
    }

    /// The line of a byte, counted from 1.
    fn at(&self, byte: usize) -> usize {
        1 + self.0.partition_point(|end| *end < byte)
    }
}
