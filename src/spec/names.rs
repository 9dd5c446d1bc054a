//! The names that a document gives: what Python takes for a name, and nobody else has.

use super::compile::Checker;
use super::document::Document;
use super::request::gaps;
use crate::values::address::check_base_url;

/// The words that are no names in Python.
const KEYWORDS: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise",
    "return", "try", "while", "with", "yield",
];
/// What every client takes.
const OPTIONS: &[&str] = &[
    "name",
    "base_url",
    "timeout",
    "retries",
    "max_concurrency",
    "max_per_second",
    "ca_file",
    "proxy",
    "on_event",
];
/// What every client has.
const ATTRIBUTES: &[&str] = &["name", "provider", "base_url", "select", "from_env"];
/// What every method takes.
const PARAMETERS: &[&str] = &["self", "raw"];
/// What every selection takes.
const SELECTIONS: &[&str] = &["self", "meters"];
/// What every record has.
const FIELDS: &[&str] = &["extra", "records", "to_pandas"];

/// What is wrong with a name of values or functions; `taken` are those that metertap has itself.
fn wrong_name(name: &str, taken: &[&str]) -> Option<String> {
    let is_letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let begins_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    if !begins_well || !name.chars().all(is_letter) {
        return Some(format!(
            "{name:?} must begin with a small letter, and have small letters, digits and _ only"
        ));
    }
    if KEYWORDS.contains(&name) {
        return Some(format!("{name:?} is a word of Python's own: add an _ to it"));
    }
    let is_taken = taken.contains(&name);
    is_taken.then(|| format!("{name:?} is a name that metertap has itself: give it another one"))
}

/// What is wrong with the name of a class.
fn wrong_class(name: &str) -> Option<String> {
    let begins_well = name.starts_with(|first: char| first.is_ascii_uppercase());
    let is_sound = begins_well && name.chars().all(|letter| letter.is_ascii_alphanumeric());
    let is_word = matches!(name, "None" | "True" | "False");
    (!is_sound || is_word).then(|| format!("{name:?} must be the name of a class, such as \"Acme\""))
}

impl Checker<'_> {
    /// Names, and the addresses in which a secret may not stand.
    pub(super) fn names(&mut self, document: &Document) {
        let mut found: Vec<(String, Option<String>)> = Vec::new();
        let mut add = |at: String, problem: Option<String>| found.push((at, problem));
        add("name".to_owned(), wrong_name(&document.name, &[]));
        add("class".to_owned(), wrong_class(&document.class));
        for name in document.account.keys() {
            add(format!("account.{name}"), wrong_name(name, OPTIONS));
        }
        for name in document.select.keys() {
            add(format!("select.{name}"), wrong_name(name, SELECTIONS));
        }
        for (shape, record) in &document.shape {
            add(
                format!("shape.{shape}"),
                wrong_class(record.record.as_ref().unwrap_or(shape)),
            );
            for name in record.fields.keys() {
                add(format!("shape.{shape}.fields.{name}"), wrong_name(name, FIELDS));
            }
        }
        for (place, call) in document.call.iter().enumerate() {
            add(format!("call.{place}"), wrong_name(&call.name, ATTRIBUTES));
            for (taken, argument) in call.takes.iter().enumerate() {
                add(
                    format!("call.{place}.takes.{taken}"),
                    wrong_name(&argument.name, PARAMETERS),
                );
            }
            for dimension in &call.dimensions {
                add(format!("call.{place}"), wrong_name(dimension, &[]));
            }
            for (figure, meter) in call.meter.iter().enumerate() {
                let name = meter.name.iter().filter(|name| *name != "*");
                for part in name.flat_map(|name| name.split('.')) {
                    add(format!("call.{place}.meter.{figure}"), wrong_name(part, &[]));
                }
            }
            let path = call.path.as_ref().unwrap_or(&call.wire);
            let key = if call.path.is_some() { "path" } else { "wire" };
            add(format!("call.{place}.{key}"), secret_in(path, document));
        }
        if let Some(address) = &document.base_url {
            let wrong = check_base_url(address).err().map(|problem| problem.message.clone());
            add("base_url".to_owned(), wrong);
        }
        for (at, problem) in found {
            // What is missing is told elsewhere.
            if let Some(problem) = problem.filter(|problem| !problem.starts_with("\"\" ")) {
                self.wrong(&at, problem);
            }
        }
    }
}

/// Addresses stand in logs, in evidence and in the logs of others.
fn secret_in(path: &str, document: &Document) -> Option<String> {
    let names = gaps(path).filter_map(|gap| gap.trim_start_matches('+').strip_prefix("account."));
    let mut names = names.flat_map(|names| names.split('|'));
    let secret = names.find(|name| document.account.get(*name).is_some_and(|field| field.secret))?;
    Some(format!("the secret {secret:?} stands in an address: send it by auth"))
}
