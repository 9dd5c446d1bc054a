//! Blocks of a document, whose keys are asked for one by one: what is wrong with any of them is collected, so that all
//! mistakes of a document are told at once, each with its line, what was expected, and an example.

use std::cell::RefCell;

use bumpalo::Bump;

use super::tree::{Members, Node, What};
use crate::values::text::{did_you_mean, head};

/// The name of the outermost block.
pub const WHOLE: &str = "the document";

/// Where the words and tables of a compiled document live: as long as a check, or for ever.
#[derive(Default)]
pub struct Arena(Bump);

impl Arena {
    /// A text.
    pub fn text(&self, text: &str) -> &str {
        self.0.alloc_str(text)
    }

    /// A list.
    pub fn list<T: Copy>(&self, items: &[T]) -> &[T] {
        self.0.alloc_slice_copy(items)
    }

    /// One thing. It is never dropped, so it must own nothing outside of the arena.
    pub fn one<T: Copy>(&self, thing: T) -> &T {
        self.0.alloc(thing)
    }
}

/// What is wrong with a document.
#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<(usize, String)>>);

impl Problems {
    /// Adds one.
    pub fn add(&self, line: usize, text: impl Into<String>) {
        self.0.borrow_mut().push((line, text.into()));
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// All of them, in the order of their lines.
    pub fn into_lines(self) -> Vec<(usize, String)> {
        let mut all = self.0.into_inner();
        all.sort();
        all.dedup();
        all
    }
}

/// A table of a document that is being read.
pub struct Block<'d, 'a> {
    /// How one comes to it, for messages: `call "total"`.
    pub name: String,
    /// The line that it begins on.
    pub line: usize,
    members: &'d Members,
    asked: RefCell<Vec<&'static str>>,
    /// What was found wrong so far.
    pub problems: &'d Problems,
    /// Where what is read is kept.
    pub arena: &'a Arena,
}

impl<'d, 'a> Block<'d, 'a> {
    /// The block of these members.
    pub fn new(
        name: impl Into<String>,
        line: usize,
        members: &'d Members,
        problems: &'d Problems,
        arena: &'a Arena,
    ) -> Self {
        Self {
            name: name.into(),
            line,
            members,
            asked: RefCell::default(),
            problems,
            arena,
        }
    }

    /// The name of a block inside of it.
    fn below(&self, key: &str) -> String {
        if self.name == WHOLE {
            key.to_owned()
        } else {
            format!("{} {key}", self.name)
        }
    }

    fn inner(&self, name: String, node: &'d Node) -> Option<Self> {
        match &node.what {
            What::Table(members) => Some(Self::new(name, node.line, members, self.problems, self.arena)),
            other => {
                self.problems
                    .add(node.line, format!("{name} must be a table, not {}", other.describe()));
                None
            }
        }
    }

    /// Adds what is wrong with this block.
    pub fn problem(&self, text: impl std::fmt::Display) {
        self.problems.add(self.line, format!("{} {text}", self.name));
    }

    /// Adds what is wrong with a key of it.
    pub fn wrong(&self, key: &str, text: impl std::fmt::Display) {
        let line = self.find(key).map_or(self.line, |(line, _)| line);
        self.problems.add(line, format!("{}: {key} {text}", self.name));
    }

    fn find(&self, key: &str) -> Option<(usize, &'d Node)> {
        let found = self.members.iter().find(|(known, ..)| known == key);
        found.map(|(_, line, node)| (*line, node))
    }

    /// The value of a key, if it is there.
    pub fn node(&self, key: &'static str) -> Option<&'d Node> {
        self.asked.borrow_mut().push(key);
        self.find(key).map(|(_, node)| node)
    }

    /// True if a key is there.
    pub fn has(&self, key: &'static str) -> bool {
        self.node(key).is_some()
    }

    fn expected(&self, key: &str, what: &str, node: &Node) {
        self.wrong(key, format!("must be {what}, not {}", node.what.describe()));
    }

    /// A string.
    pub fn text(&self, key: &'static str) -> Option<&'a str> {
        let node = self.node(key)?;
        if let What::Text(text) = &node.what {
            return Some(self.arena.text(text));
        }
        self.expected(key, "a string", node);
        None
    }

    /// A string that must be there; an empty one where it is not.
    pub fn needed(&self, key: &'static str, example: &str) -> &'a str {
        if !self.has(key) {
            self.problem(format!("needs {key}, for example {key} = {example:?}"));
        }
        self.text(key).unwrap_or_default()
    }

    /// True or false.
    pub fn flag(&self, key: &'static str) -> Option<bool> {
        let node = self.node(key)?;
        if let What::Flag(truth) = node.what {
            return Some(truth);
        }
        self.expected(key, "true or false", node);
        None
    }

    /// A whole number between these.
    pub fn whole(&self, key: &'static str, low: i64, high: i64) -> Option<i64> {
        let node = self.node(key)?;
        match node.what {
            What::Whole(number) if (low..=high).contains(&number) => Some(number),
            What::Whole(number) => {
                self.wrong(key, format!("must be between {low} and {high}, not {number}"));
                None
            }
            _ => {
                self.expected(key, "an integer", node);
                None
            }
        }
    }

    /// A number above zero.
    pub fn number(&self, key: &'static str) -> Option<f64> {
        let node = self.node(key)?;
        let number = match node.what {
            #[allow(clippy::cast_precision_loss)] // rates are small
            What::Whole(number) => number as f64,
            What::Number(number) => number,
            _ => {
                self.expected(key, "a number", node);
                return None;
            }
        };
        if number.is_finite() && number > 0.0 {
            return Some(number);
        }
        self.wrong(key, format!("must be above 0, not {number}"));
        None
    }

    /// One of these words, and what it stands for.
    pub fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let hint = did_you_mean(text, known.iter().copied());
            let text = head(text, 60);
            self.wrong(key, format!("must be one of {}, not {text:?}{hint}", known.join(", ")));
        }
        found.map(|(_, thing)| *thing)
    }

    /// Strings: one, or an array of them.
    pub fn texts(&self, key: &'static str) -> &'a [&'a str] {
        let Some(node) = self.node(key) else { return &[] };
        let text = |node: &Node| match &node.what {
            What::Text(text) => Some(self.arena.text(text)),
            _ => None,
        };
        let all: Option<Vec<&str>> = match &node.what {
            What::List(items) => items.iter().map(text).collect(),
            _ => text(node).map(|text| vec![text]),
        };
        if all.is_none() {
            self.expected(key, "a string or an array of strings", node);
        }
        self.arena.list(&all.unwrap_or_default())
    }

    /// Pairs of strings: an array of arrays of two.
    pub fn pairs(&self, key: &'static str) -> &'a [(&'a str, &'a str)] {
        let Some(node) = self.node(key) else { return &[] };
        let pair = |node: &Node| match &node.what {
            What::List(items) => match items.as_slice() {
                [
                    Node {
                        what: What::Text(one), ..
                    },
                    Node {
                        what: What::Text(other),
                        ..
                    },
                ] => Some((self.arena.text(one), self.arena.text(other))),
                _ => None,
            },
            _ => None,
        };
        let all: Option<Vec<_>> = match &node.what {
            What::List(items) => items.iter().map(pair).collect(),
            _ => None,
        };
        if all.is_none() {
            self.expected(key, "an array of pairs of strings", node);
        }
        self.arena.list(&all.unwrap_or_default())
    }

    /// Whole numbers.
    pub fn wholes(&self, key: &'static str) -> &'a [i64] {
        let Some(node) = self.node(key) else { return &[] };
        let whole = |node: &Node| match node.what {
            What::Whole(number) => Some(number),
            _ => None,
        };
        let all: Option<Vec<i64>> = match &node.what {
            What::List(items) => items.iter().map(whole).collect(),
            _ => None,
        };
        if all.is_none() {
            self.expected(key, "an array of integers", node);
        }
        self.arena.list(&all.unwrap_or_default())
    }

    /// A block.
    pub fn block(&self, key: &'static str) -> Option<Self> {
        let node = self.node(key)?;
        self.inner(self.below(key), node)
    }

    /// A list of blocks.
    pub fn blocks(&self, key: &'static str) -> Vec<Self> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let What::List(items) = &node.what else {
            self.expected(key, "an array of tables", node);
            return Vec::new();
        };
        let named = |(place, node): (usize, &'d Node)| {
            let called = match &node.what {
                What::Table(members) => members.iter().find_map(|(key, _, node)| match &node.what {
                    What::Text(text) if key == "name" => Some(format!("{text:?}")),
                    _ => None,
                }),
                _ => None,
            };
            let called = called.unwrap_or_else(|| (place + 1).to_string());
            self.inner(self.below(&format!("{key} {called}")), node)
        };
        items.iter().enumerate().filter_map(named).collect()
    }

    /// All members of a block that has names of its own: each name, its line and its value.
    pub fn entries(&self, key: &'static str) -> &'d [(String, usize, Node)] {
        let Some(node) = self.node(key) else { return &[] };
        if let What::Table(members) = &node.what {
            return members;
        }
        self.expected(key, "a table", node);
        &[]
    }

    /// The members of a block that has names of its own, as blocks.
    pub fn named(&self, key: &'static str) -> Vec<(&'a str, Self)> {
        let entries = self.entries(key).iter();
        entries
            .filter_map(|(name, _, node)| {
                let block = self.inner(self.below(&format!("{key}.{name}")), node)?;
                Some((self.arena.text(name), block))
            })
            .collect()
    }

    /// Says which keys nobody asked for.
    pub fn close(&self) {
        let asked = self.asked.borrow();
        for (key, line, _) in self.members {
            if !asked.contains(&key.as_str()) {
                let hint = did_you_mean(key, asked.iter().copied());
                let key = head(key, 60);
                self.problems
                    .add(*line, format!("{} has no key {key:?}{hint}", self.name));
            }
        }
    }
}
