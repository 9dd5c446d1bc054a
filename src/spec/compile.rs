//! From a text to a provider: what calls share is put under each, all that is wrong is found, and what everybody may know
//! becomes the tables of the contract.

use std::collections::HashSet;

use super::document::{Accepts, Auth, Call, Canned, Combine, Document, Figure, Label, Member, Path, Scalar};
use super::read;
pub use super::read::Mistakes;
use super::request::gaps;
use super::tree::{self, Members, Node, What};
use crate::meters::{self, AFTER_DIMENSIONS, BEFORE_DIMENSIONS, Buckets, Kind, Meter, Rollup, Source, Span, Takes};
use crate::service::{Composite, Facts, METERS, Operation, Prose, SecretField};
use crate::values::address::secret_address;
use crate::values::arguments::{self, Argument, Check, Needed};
use crate::values::shape::{self, Field, Holds, Shape};
use crate::values::text::{camel, did_you_mean, snake};

/// Checks of texts that a document may name, besides those that everybody has.
pub type Checks = &'static [(&'static str, Check)];

/// The checks of texts that every document may name.
const CHECKS: Checks = &[
    ("plain", arguments::plain),
    ("any", arguments::any),
    ("date", arguments::date),
    ("guid", arguments::guid),
    ("word", arguments::word),
    ("span", arguments::span),
    ("segment", arguments::segment),
    ("path", arguments::path),
    ("user", arguments::user),
    ("offset", arguments::offset),
    ("name", arguments::name),
    ("address", secret_address),
];

/// The keys without which a block says too little: where it stands, and each key with an example.
const NEEDED: &[(&str, &str, &str)] = &[
    ("", "metertap_spec", "1"),
    ("", "name", "\"acme\""),
    ("", "class", "\"Acme\""),
    ("", "title", "\"Acme Cloud\""),
    ("", "doc", "\"Acme Cloud: requests and bytes by day.\""),
    ("", "page", "\"https://docs.example.com/usage\""),
    ("", "auth", "{ bearer = \"api_key\" }"),
    ("account.*", "doc", "\"the API key\""),
    ("fail.when.#", "advice", "\"ask again later\""),
    ("select.*", "doc", "\"the tenants, with a call for each\""),
    ("together.#", "name", "\"status\""),
    ("together.#", "record", "\"Status\""),
    ("together.#", "doc", "\"All counters at once.\""),
    ("call.#", "name", "\"requests_by_day\""),
    ("call.#", "wire", "\"v1/requests\""),
    ("call.#", "doc", "\"Requests, by day.\""),
    ("call.#.takes.#", "name", "\"start\""),
    ("call.#.takes.#", "doc", "\"the start of the range\""),
    ("call.#.meter.#", "unit", "\"requests\""),
    ("call.#.grain.#", "every", "86400"),
];

/// A document that was found sound, and may now live for ever.
#[derive(Debug)]
pub struct Checked(Document, Checks);

/// Reads and checks a document: all that is wrong with it is told at once. Nothing outlives a document that is dropped.
pub fn check(text: &str, checks: Checks) -> Result<Checked, Mistakes> {
    let mut mistakes = Mistakes::new();
    let mut members = tree::read(text, &mut mistakes);
    if members.is_empty() && !mistakes.is_empty() {
        return Err(mistakes);
    }
    share(&mut members, &mut mistakes);
    let root = Node {
        line: 1,
        what: What::Table(members),
    };
    for (at, key, example) in NEEDED {
        for path in places(&root, at) {
            let (line, name) = root.find(&path);
            let is_table = matches!(
                root.at(&path),
                Some(Node {
                    what: What::Table(_),
                    ..
                })
            );
            if is_table && root.find(&[&path[..], &[(*key).to_owned()]].concat()).1 == name {
                mistakes.push((line, format!("{name} needs {key}, for example {key} = {example}")));
            }
        }
    }
    let document = read::read::<Document>(&root, &mut mistakes);
    let mut checker = Checker {
        root: &root,
        checks,
        mistakes,
    };
    let document = document.map(|mut document| {
        Checker::finish(&mut document);
        checker.check(&document);
        document
    });
    let mut mistakes = checker.mistakes;
    match document {
        Some(document) if mistakes.is_empty() => Ok(Checked(document, checks)),
        _ => {
            mistakes.sort();
            mistakes.dedup();
            Err(mistakes)
        }
    }
}

/// The paths of the blocks at a place, in which `*` stands for all that a table has, and `#` for all that a list has.
fn places(node: &Node, at: &str) -> Vec<Vec<String>> {
    let (step, rest) = at.split_once('.').unwrap_or((at, ""));
    let steps: Vec<String> = match (step, &node.what) {
        ("", _) => return vec![Vec::new()],
        ("#", What::List(items)) => (0..items.len()).map(|place| place.to_string()).collect(),
        ("#", _) => Vec::new(),
        ("*", _) => node.members().iter().map(|(key, ..)| key.clone()).collect(),
        (key, _) => vec![key.to_owned()],
    };
    let below = |step: String| {
        let inner = node
            .member(&step)
            .map(|(_, node)| places(node, rest))
            .unwrap_or_default();
        inner.into_iter().map(move |path| [vec![step.clone()], path].concat())
    };
    steps.into_iter().flat_map(below).collect()
}

/// Puts under each call and shape what it is like, and under each argument that a call takes, and each meter that it has,
/// what the document says of all of that name.
fn share(members: &mut Members, mistakes: &mut Mistakes) {
    let mut shared = |key: &str| {
        let place = members.iter().position(|(known, ..)| known == key);
        match place.map(|place| members.remove(place)) {
            Some((
                ..,
                Node {
                    what: What::Table(found),
                    ..
                },
            )) => found,
            _ => Members::new(),
        }
    };
    let (like, argument, meter) = (shared("like"), shared("argument"), shared("meter"));
    let shapes = members
        .iter()
        .find(|(key, ..)| key == "shape")
        .map(|(.., node)| node.clone());
    for (key, _, node) in members {
        if key == "call" {
            name_each(node);
        }
        match (key.as_str(), &mut node.what) {
            ("call", What::List(calls)) => {
                for call in calls.iter_mut().filter_map(Node::table_mut) {
                    resolve(call, &like, mistakes, 0);
                    take(call, "takes", ("argument", &argument), mistakes);
                    take(call, "meter", ("meter", &meter), mistakes);
                }
            }
            ("shape", What::Table(own)) => {
                let Some(Node {
                    what: What::Table(shapes),
                    ..
                }) = &shapes
                else {
                    continue;
                };
                for own in own.iter_mut().filter_map(|(.., node)| node.table_mut()) {
                    resolve(own, shapes, mistakes, 0);
                }
            }
            _ => {}
        }
    }
}

/// Makes a list of a table of blocks: the key of each is its name.
fn name_each(node: &mut Node) {
    if let What::Table(blocks) = &mut node.what
        && blocks.iter().all(|(.., node)| matches!(node.what, What::Table(_)))
    {
        let named = std::mem::take(blocks).into_iter().map(|(name, line, mut node)| {
            if let Some(own) = node.table_mut() {
                own.insert(0, named(name, line));
            }
            node
        });
        node.what = What::List(named.collect());
    }
}

/// The member that is a block's name.
fn named(name: String, line: usize) -> (String, usize, Node) {
    let what = What::Text(name);
    ("name".to_owned(), line, Node { line, what })
}

/// Puts what a block is like under it; what that one is like in turn, too.
fn resolve(own: &mut Members, like: &Members, mistakes: &mut Mistakes, depth: usize) {
    let Some(place) = own.iter().position(|(key, ..)| key == "like") else {
        return;
    };
    let (_, row, node) = own.remove(place);
    if depth > 8 {
        mistakes.push((
            row,
            "like leads to itself, or through more than 8 blocks: leave one of the links out".to_owned(),
        ));
        return;
    }
    let Some(name) = node.text() else {
        mistakes.push((
            row,
            "like must be the name of a block, for example like = \"rows\"".to_owned(),
        ));
        return;
    };
    let found = like.iter().find(|(key, ..)| key == name);
    let Some((
        ..,
        Node {
            what: What::Table(found),
            ..
        },
    )) = found
    else {
        let hint = did_you_mean(name, like.iter().map(|(key, ..)| key.as_str()));
        mistakes.push((row, format!("there is no block {name:?} to be like{hint}")));
        return;
    };
    let mut found = found.clone();
    resolve(&mut found, like, mistakes, depth + 1);
    tree::inherit(own, &found);
}

/// Puts under each block of a call's list what the document says of it: by its name, or by what it is like.
fn take(call: &mut Members, list: &str, (what, shared): (&str, &Members), mistakes: &mut Mistakes) {
    let blocks = call.iter_mut().find(|(key, ..)| key == list);
    let Some(What::List(blocks)) = blocks.map(|(.., node)| &mut node.what) else {
        return;
    };
    blocks.retain_mut(|block| {
        let line = block.line;
        let mut key = block.text().map(str::to_owned);
        if key.is_some() {
            block.what = What::Table(Members::new());
        }
        let Some(own) = block.table_mut() else { return true };
        if own.iter().any(|(key, ..)| key == "like") {
            resolve(own, shared, mistakes, 0);
        } else if key.is_none() {
            let name = own.iter().find(|(key, ..)| key == "name");
            key = name.and_then(|(.., name)| name.text()).map(str::to_owned);
        }
        let Some(key) = key else { return true };
        let found = shared.iter().find(|(known, ..)| *known == key);
        if let Some(What::Table(found)) = found.map(|(.., node)| &node.what) {
            let mut found = found.clone();
            resolve(&mut found, shared, mistakes, 0);
            tree::inherit(own, &found);
        } else if own.len() < 2 {
            let hint = did_you_mean(&key, shared.iter().map(|(key, ..)| key.as_str()));
            let text = format!("there is no {what} {key:?} to take: describe it in [{what}.{key}]{hint}");
            mistakes.push((line, text));
            return false;
        }
        if !own.iter().any(|(key, ..)| key == "name") {
            own.push(named(key, line));
        }
        true
    });
}

pub(super) struct Checker<'n> {
    root: &'n Node,
    checks: Checks,
    mistakes: Mistakes,
}

impl Checker<'_> {
    /// Tells a mistake at a place such as `call.0.takes.1`.
    pub(super) fn wrong(&mut self, at: &str, text: impl Into<String>) {
        let path: Vec<String> = at.split('.').map(str::to_owned).collect();
        let (line, name) = self.root.find(&path);
        self.mistakes.push((line, format!("{name}: {}", text.into())));
    }

    /// Tells a word that is none of those that are known.
    fn unknown<'k>(&mut self, at: &str, what: &str, word: &str, known: impl Iterator<Item = &'k str> + Clone) {
        if !known.clone().any(|one| one == word) {
            let mut hint = did_you_mean(word, known.clone());
            let all: Vec<&str> = known.collect();
            if hint.is_empty() && all.len() <= 16 {
                hint = match all.join(", ") {
                    all if all.is_empty() => "; none is known here".to_owned(),
                    all => format!("; known here: {all}"),
                };
            }
            self.wrong(at, format!("there is no {what} {word:?}{hint}"));
        }
    }

    /// What follows from what is written.
    fn finish(document: &mut Document) {
        let shapes = document
            .shape
            .iter()
            .map(|(name, shape)| (name.as_str(), shape))
            .collect::<Vec<_>>();
        let member = |returns: &str, wire: &str| -> Option<String> {
            let name = returns.trim_matches(['[', ']', '?', '!']);
            let (_, shape) = shapes.iter().find(|(known, _)| *known == name)?;
            let mut fields = shape.fields.iter();
            fields
                .find_map(|(key, field)| Some(field.parts(key)).filter(|(known, _)| *known == wire))
                .map(|(_, held)| held.to_owned())
        };
        for (name, select) in &mut document.select {
            if select.to.is_empty() {
                select.to.clone_from(name);
            }
        }
        for call in &mut document.call {
            if call.dimensions.is_empty() {
                let each = document.select.iter().filter(|(_, select)| select.each);
                let each = each.map(|(_, select)| &select.to);
                let each = each.filter(|name| call.takes.iter().any(|taken| taken.name == **name));
                let each = each.map(|name| name.strip_suffix('s').unwrap_or(name).to_owned());
                let labels = call.rows.iter().flat_map(|rows| &rows.labels);
                call.dimensions = each.chain(labels.map(|label| snake(label))).collect();
            }
            let plain = |text: &str| shape::plain(text.trim_end_matches('?'));
            call.wire = call.wire.replace("{Name}", &camel(&call.name));
            let fixed = call.query.values_mut().chain(call.body.values_mut());
            for text in fixed.chain(&mut call.path) {
                *text = text.replace("{wire}", &call.wire);
            }
            let path = call.path.as_ref().unwrap_or(&call.wire);
            for taken in &mut call.takes {
                taken.is_in_path = gaps(path).any(|gap| gap == taken.name);
            }
            let at = call.rows.iter().flat_map(|rows| rows.at.iter());
            let row = at.fold(call.returns.clone(), |held, key| member(&held, key).unwrap_or(held));
            let inner = call.rows.iter().find_map(|rows| rows.inner.as_ref());
            let inner = inner.and_then(|key| member(&row, key));
            let inside = |wire: &str| inner.as_ref().and_then(|inner| member(inner, wire));
            let holds = |wire: &str| {
                inside(wire)
                    .or_else(|| member(&row, wire))
                    .or_else(|| member(&call.returns, wire))
            };
            if let Some(rows) = &mut call.rows {
                rows.list = Path(call.answer.iter().chain(rows.at.iter()).cloned().collect());
                let told = rows.time.as_ref().and_then(|time| holds(time));
                rows.told = told.and_then(|held| plain(&held));
                rows.is_anywhere = *rows.at == ["*"];
                rows.texts.extend(rows.labels.iter().map(|label| {
                    let held = holds(label).unwrap_or_default();
                    Label {
                        name: snake(label),
                        needed: !held.is_empty() && !held.ends_with('?'),
                        is_text: matches!(plain(&held), Some(Holds::Text)),
                    }
                }));
            }
            let mut meters: Vec<String> = Vec::new();
            for figure in &mut call.meter {
                let items = call.rows.as_ref().and_then(|rows| rows.items.clone());
                let held = if items.is_some() {
                    items
                } else if figure.value.is_empty() {
                    Some(call.returns.clone())
                } else {
                    holds(&figure.value)
                };
                figure.is_nullable = held
                    .as_ref()
                    .is_none_or(|held| held.ends_with('?') || plain(held).is_none());
                figure.holds = held.and_then(|held| plain(&held)).or(Some(Holds::Decimal));
                figure.optional |= figure.value.is_empty() && figure.total.is_some();
                let labels = call.rows.iter().flat_map(|rows| &rows.labels).collect::<Vec<_>>();
                let place = |name: &String| labels.iter().position(|label| **label == *name);
                let only = figure.when.iter();
                figure.only = only
                    .filter_map(|(name, word)| Some((place(name)?, word.clone())))
                    .collect();
                if let Some(name) = &figure.name {
                    let known = meters.iter().position(|known| known == name);
                    figure.meter = known.or(Some(meters.len()));
                    meters.extend(known.is_none().then(|| name.clone()));
                }
            }
        }
    }

    /// What contradicts itself, or names what is not there.
    fn check(&mut self, document: &Document) {
        if document.metertap_spec != 1 && self.root.member("metertap_spec").is_some() {
            self.wrong("metertap_spec", "there is no such version of the vocabulary: write 1");
        }
        self.names(document);
        self.account(document);
        for (name, select) in &document.select {
            self.accepts(&format!("select.{name}"), &select.accepts);
            for other in select.without.keys() {
                let names = document.select.keys().map(String::as_str);
                self.unknown(&format!("select.{name}.without.{other}"), "selection", other, names);
            }
        }
        let mut known: Vec<&str> = Vec::new();
        for (name, shape) in &document.shape {
            for (field, member) in &shape.fields {
                self.holds(&format!("shape.{name}.fields.{field}"), member.parts(field).1, &known);
            }
            known.push(name);
        }
        self.calls(document, &known);
        for (place, when) in document.fail.when.iter().enumerate() {
            for name in &when.call {
                let names = document.call.iter().map(|call| call.name.as_str());
                self.unknown(&format!("fail.when.{place}.call"), "call", name, names);
            }
        }
        for (place, canned) in document.tests.iter().enumerate() {
            self.canned(&format!("tests.{place}"), canned, document);
        }
        for (place, together) in document.together.iter().enumerate() {
            for part in &together.parts {
                let names = document.call.iter().map(|call| call.name.as_str());
                self.unknown(&format!("together.{place}.parts"), "call", part, names);
            }
        }
    }

    fn account(&mut self, document: &Document) {
        let secrets = || {
            document
                .account
                .iter()
                .filter(|(_, field)| field.secret)
                .map(|(name, _)| name.as_str())
        };
        match &document.auth {
            Some(Auth::Bearer(secret)) => self.unknown("auth", "secret of the account", secret, secrets()),
            Some(Auth::Basic { user, password }) => {
                let fields = document.account.iter().map(|(name, _)| name.as_str());
                self.unknown("auth", "field of the account", user, fields);
                self.unknown("auth", "secret of the account", password, secrets());
            }
            Some(Auth::ClientCredentials(of)) => {
                let fields = || document.account.iter().map(|(name, _)| name.as_str());
                let given = [Some(&of.id), of.scope.as_ref(), of.url.as_ref()];
                for name in given.into_iter().flatten().map(String::as_str).chain(gaps(&of.path)) {
                    let name = name.trim_start_matches("account.");
                    self.unknown("auth", "field of the account", name, fields());
                }
                for name in of.ready.iter().chain([&of.secret]) {
                    self.unknown("auth", "secret of the account", name, secrets());
                }
            }
            Some(Auth::Headers(headers)) => {
                for (header, secret) in headers {
                    self.unknown(
                        &format!("auth.headers.{header}"),
                        "secret of the account",
                        secret,
                        secrets(),
                    );
                    self.header(&format!("auth.headers.{header}"), header);
                }
            }
            Some(Auth::Scheme(_)) | None => {}
        }
        for header in document.headers.keys() {
            self.header(&format!("headers.{header}"), header);
        }
        for (name, field) in &document.account {
            self.accepts(&format!("account.{name}"), &field.accepts);
        }
        for field in document.ways.iter().flatten() {
            let fields = document.account.iter().map(|(name, _)| name.as_str());
            self.unknown("ways", "field of the account", field, fields);
        }
    }

    fn calls(&mut self, document: &Document, known: &[&str]) {
        let (mut calls, mut meters) = (HashSet::new(), Vec::<(String, &Call, &Figure)>::new());
        for (place, call) in document.call.iter().enumerate() {
            let at = format!("call.{place}");
            self.holds(&format!("{at}.returns"), &call.returns, known);
            if !calls.insert(&call.name) {
                self.wrong(
                    &at,
                    format!("there are two calls {:?}: give one of them another name", call.name),
                );
            }
            self.call(&at, call, document);
            for (place, figure) in call.meter.iter().enumerate() {
                for name in figure.when.keys() {
                    let labels = call.rows.iter().flat_map(|rows| &rows.labels).map(String::as_str);
                    self.unknown(
                        &format!("{at}.meter.{place}.when.{name}"),
                        "label of the rows",
                        name,
                        labels,
                    );
                }
                let Some(name) = &figure.name else { continue };
                let (at, name) = (format!("{at}.meter.{place}"), format!("{}{name}", call.meter_prefix));
                self.dimensions(&at, figure.dimensions.as_ref().unwrap_or(&call.dimensions));
                let known = meters.iter().filter(|(known, ..)| *known == name);
                for (_, other, as_there) in known {
                    let is_other = call.name != other.name || figure.labels == as_there.labels;
                    if is_other && !document.are_apart(call, other) {
                        let text =
                            "there are two of that name, which one selection asks: give one of them another name";
                        self.wrong(&at, text);
                    } else if (&figure.unit, figure.kind) != (&as_there.unit, as_there.kind) {
                        let text = format!(
                            "it has another unit or kind than in call {:?}: make them the same",
                            other.name
                        );
                        self.wrong(&at, text);
                    }
                }
                meters.push((name, call, figure));
            }
        }
    }

    fn header(&mut self, at: &str, name: &str) {
        let is_sent_as_it_is = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if name.is_empty() || !name.chars().all(is_sent_as_it_is) {
            self.wrong(at, "the name of a header has small letters, digits and hyphens");
        }
    }

    fn dimensions(&mut self, at: &str, names: &[String]) {
        let is_column = |name: &&String| BEFORE_DIMENSIONS.contains(&&***name) || AFTER_DIMENSIONS.contains(&&***name);
        for name in names.iter().filter(is_column) {
            let text = format!("the dimension {name:?} is another column's name: give it another one");
            self.wrong(at, text);
        }
    }

    fn canned(&mut self, at: &str, canned: &Canned, document: &Document) {
        let names = document.call.iter().map(|call| call.name.as_str());
        self.unknown(&format!("{at}.call"), "call", &canned.call, names);
        let Some(call) = document.call.iter().find(|call| call.name == canned.call) else {
            return;
        };
        for name in canned.given.keys() {
            let names = call.takes.iter().map(|taken| taken.name.as_str());
            self.unknown(&format!("{at}.given.{name}"), "argument of the call", name, names);
        }
        if canned.error.is_some() && !canned.readings.is_empty() {
            self.wrong(at, "it is an error, or has readings: leave one of them out");
        }
        for (place, reading) in canned.readings.iter().enumerate() {
            let at = format!("{at}.readings.{place}");
            for key in ["meter", "start", "quantity"] {
                if !reading.contains_key(key) {
                    self.wrong(&at, format!("needs {key}"));
                }
            }
        }
    }

    fn call(&mut self, at: &str, call: &Call, document: &Document) {
        let names = || call.takes.iter().map(|taken| taken.name.as_str());
        for (place, taken) in call.takes.iter().enumerate() {
            self.accepts(&format!("{at}.takes.{place}"), &taken.accepts);
        }
        let ends = call
            .range
            .iter()
            .flat_map(|(start, end)| [("range", start), ("range", end)]);
        let grain = call.echo.grain.iter().map(|(_, argument)| ("echo.grain", argument));
        for (key, name) in ends.chain(grain.filter(|_| !call.grain.is_empty())) {
            self.unknown(&format!("{at}.{key}"), "argument", name, names());
        }
        if let Some(items) = call.rows.as_ref().and_then(|rows| rows.items.as_ref()) {
            self.holds(&format!("{at}.rows.items"), items, &[]);
        }
        if let Some(pages) = &call.pages {
            let is_numbered = !pages.number.is_empty() && !pages.size.is_empty();
            if is_numbered == (!pages.next.is_empty() && !pages.fills.is_empty()) {
                let text = "say how a further page is asked for: by number and size, or by next and fills";
                self.wrong(&format!("{at}.pages"), text);
            }
        }
        for name in call.pages.iter().flat_map(|pages| &pages.fills) {
            self.unknown(&format!("{at}.pages.fills"), "argument", name, names());
        }
        let one_of = call.one_of.iter().flatten().map(|name| ("one_of", name));
        let split = call
            .rows
            .iter()
            .filter_map(|rows| Some(("rows.split", &rows.split.as_ref()?.0)));
        // What some calls share may name more than each of them takes.
        let exclusive = call
            .exclusive
            .iter()
            .flat_map(|(one, other)| [("exclusive", one), ("exclusive", other)]);
        for (key, name) in call
            .together
            .iter()
            .map(|name| ("together", name))
            .chain(exclusive)
            .chain(one_of)
            .chain(split)
        {
            let all = document.call.iter().flat_map(|call| &call.takes);
            self.unknown(
                &format!("{at}.{key}"),
                "argument",
                name,
                all.map(|taken| taken.name.as_str()),
            );
        }
        let (key, path) = match &call.path {
            Some(path) => ("path", path),
            None => ("wire", &call.wire),
        };
        let filled = &format!("{at}.{key}");
        if let Some((_, rest)) = path.rsplit_once('{').filter(|(_, rest)| !rest.contains('}')) {
            self.wrong(filled, format!("\"{{{rest}\" does not end: write }} behind the name"));
        }
        for gap in gaps(path) {
            let fields = document.account.iter().map(|(name, _)| name.as_str());
            match gap.trim_start_matches('+').strip_prefix("account.") {
                Some(names) => names
                    .split('|')
                    .for_each(|name| self.unknown(filled, "field of the account", name, fields.clone())),
                None => self.unknown(filled, "argument", gap, names().chain(fields)),
            }
        }
        // Rows that are the answer itself have the fields of its shape, and no others are known.
        let row = call.returns.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        let layout = call
            .rows
            .as_ref()
            .filter(|rows| rows.at.is_empty() && rows.inner.is_none());
        if let (Some((row, shape)), Some(rows)) = (row.and_then(|name| document.shape.get_key_value(name)), layout) {
            let fields = || shape.fields.iter().map(|(name, member)| member.parts(name).0);
            let what = format!("field of {row}");
            for key in rows.time.iter().chain(&rows.labels) {
                self.unknown(&format!("{at}.rows"), &what, key, fields());
            }
            for (place, figure) in call.meter.iter().enumerate() {
                self.unknown(&format!("{at}.meter.{place}.value"), &what, &figure.value, fields());
            }
        }
        if let Some(name) = &call.moments.offset_of {
            let fields = document.account.keys().map(String::as_str);
            self.unknown(&format!("{at}.moments.offset_of"), "field of the account", name, fields);
        }
        for (key, names) in [("asked_with", &call.asked_with), ("asked_without", &call.asked_without)] {
            for name in names {
                let known = document.select.keys().map(String::as_str);
                self.unknown(&format!("{at}.{key}"), "selection", name, known);
            }
        }
    }

    fn accepts(&mut self, at: &str, accepts: &Accepts) {
        if let Accepts::Text(name) | Accepts::Texts(name) = accepts {
            let known = CHECKS.iter().chain(self.checks).map(|(known, _)| *known);
            self.unknown(&format!("{at}.accepts"), "check of texts", name, known);
        }
    }

    fn holds(&mut self, at: &str, text: &str, shapes: &[&str]) {
        let name = bare(text);
        if !name.is_empty() && shape::plain(name).is_none() {
            let known = shape::PLAIN
                .iter()
                .map(|(known, _)| *known)
                .chain(shapes.iter().copied());
            self.unknown(at, "shape above, or plain kind of value,", name, known);
        }
    }
}

impl Checked {
    /// The document and the tables of the contract, for as long as the process lives.
    pub fn keep(self) -> (&'static Document, &'static Facts) {
        let Self(document, checks) = self;
        let document: &'static Document = Box::leak(Box::new(document));
        let shapes = shapes(document);
        let facts = Tables {
            document,
            checks,
            shapes,
        }
        .facts();
        (document, Box::leak(Box::new(facts)))
    }
}

/// The records of answers, by the names that calls give to them.
type Shapes = Vec<(&'static str, &'static Shape)>;

fn shapes(document: &'static Document) -> Shapes {
    let mut known = Shapes::new();
    for (name, record) in &document.shape {
        let field = |(name, member): (&'static String, &'static Member)| {
            let (wire, held) = member.parts(name);
            let holds = holds(held, &known);
            Field { wire, name, holds }
        };
        let fields: Vec<Field> = record.fields.iter().map(field).collect();
        let shape = Shape {
            name: record.record.as_deref().unwrap_or(name),
            fields: fields.leak(),
        };
        known.push((name, Box::leak(Box::new(shape))));
    }
    known
}

/// The name in a text such as `[Row]`, `integer?` or `{decimal}`.
fn bare(text: &str) -> &str {
    let between = |open: char, close: &str| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    let inner = between('[', "!]?")
        .or(text.strip_suffix('?'))
        .or(between('[', "]"))
        .or(between('{', "}"));
    inner.map_or(text, bare)
}

/// What a text such as `[Row]`, `integer?` or `{decimal}` says that something holds; `[Row!]?` is a list that may be
/// missing.
fn holds(text: &str, shapes: &Shapes) -> Holds {
    let inner = |text: &str| -> &'static Holds { Box::leak(Box::new(holds(text, shapes))) };
    let between = |open: char, close: &str| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    if let Some(text) = between('[', "!]?") {
        return Holds::ListOrNothing(inner(text));
    }
    if let Some(text) = text.strip_suffix('?') {
        return Holds::Maybe(inner(text));
    }
    if let Some(text) = between('[', "]") {
        return Holds::List(inner(text));
    }
    if let Some(text) = between('{', "}") {
        return Holds::Map(inner(text));
    }
    let shape = shapes
        .iter()
        .find(|(known, _)| *known == text)
        .map(|(_, shape)| Holds::Record(shape));
    shape.or(shape::plain(text)).unwrap_or(Holds::Anything)
}

/// What is made of a document: the tables of the contract.
struct Tables {
    document: &'static Document,
    checks: Checks,
    shapes: Shapes,
}

impl Tables {
    fn facts(&self) -> Facts {
        let document = self.document;
        let mut selection = vec![METERS];
        selection.extend(document.select.iter().map(|(name, select)| {
            self.argument(
                name,
                &select.doc,
                &select.accepts,
                None,
                needed(false, select.default.as_ref()),
            )
        }));
        let fields = || document.account.iter();
        let settings = fields().filter(|(_, field)| !field.secret).map(|(name, field)| {
            // One that rotates may be among the secrets instead.
            let needed = needed(field.needed && !field.rotates, field.default.as_ref());
            self.argument(name, &field.doc, &field.accepts, None, needed)
        });
        let secrets = fields().filter(|(_, field)| field.secret);
        // What an account needs comes first, then the ways to be one; what stands between two of their fields stays there.
        let mut keywords: Vec<&'static str> = fields().map(|(name, _)| name.as_str()).collect();
        let ways: Vec<&String> = document.ways.iter().flatten().collect();
        let place = |name: &str| ways.iter().position(|way| *way == name);
        let between = |at: usize| {
            let beside = |at: usize| place(document.account.get_index(at)?.0);
            beside(at + 1).and(beside(at.checked_sub(1)?))
        };
        let rank = |name: &&str| match document.account.get_full(*name) {
            Some((.., field)) if field.needed => 0,
            Some((at, ..)) => 1 + place(name).or_else(|| between(at)).unwrap_or(ways.len()),
            None => 1 + ways.len(),
        };
        keywords.sort_by_key(rank);
        let variables = fields().flat_map(|(name, field)| field.env.iter().map(move |variable| (&**name, &**variable)));
        let mut sources: Vec<&'static Call> = document
            .call
            .iter()
            .filter(|call| call.meters().next().is_some())
            .collect();
        sources.sort_by_key(|call| call.rank);
        let composites = document.together.iter().map(|together| Composite {
            name: &together.name,
            record: &together.record,
            doc: &together.doc,
            parts: texts(&together.parts),
            prose: prose(&together.prose),
        });
        Facts {
            name: &document.name,
            class: &document.class,
            title: &document.title,
            doc: &document.doc,
            notes: &document.notes,
            base_url: document.base_url.as_deref(),
            page: &document.page,
            settings: leak(settings),
            secrets: leak(secrets.map(|(name, field)| SecretField { name, doc: &field.doc })),
            keywords: keywords.leak(),
            required: leak(
                fields()
                    .filter(|(_, field)| field.needed)
                    .map(|(name, _)| name.as_str()),
            ),
            environment: leak(variables),
            operations: leak(document.call.iter().map(|call| self.operation(call))),
            sources: leak(sources.into_iter().map(|call| self.source(call))),
            selection: selection.leak(),
            composites: leak(composites),
            concurrency: document.concurrency.unwrap_or(1).max(1),
            per_second: document.per_second,
        }
    }

    fn operation(&self, call: &'static Call) -> Operation {
        let takes = call.takes.iter().map(|taken| {
            let needed = needed(taken.needed, taken.default.as_ref());
            self.argument(&taken.name, &taken.doc, &taken.accepts, Some(call), needed)
        });
        Operation {
            name: &call.name,
            wire: &call.wire,
            doc: &call.doc,
            page: call.page.as_deref().unwrap_or(&self.document.page),
            arguments: leak(takes),
            range: call.range.as_ref().map(|(start, end)| (start.as_str(), end.as_str())),
            returns: holds(&call.returns, &self.shapes),
            repeatable: !call.not_repeatable,
            prose: prose(&call.prose),
        }
    }

    fn argument(
        &self,
        name: &'static str,
        doc: &'static str,
        accepts: &'static Accepts,
        call: Option<&'static Call>,
        needed: Needed,
    ) -> Argument {
        let check = |name: &str| {
            let mut known = CHECKS.iter().chain(self.checks);
            known
                .find(|(known, _)| *known == name)
                .map_or(arguments::plain as Check, |(_, check)| *check)
        };
        let grains = || call.iter().flat_map(|call| &call.grain);
        let accepts = match accepts {
            Accepts::Flag => arguments::Accepts::Flag,
            Accepts::Whole(low, high) => arguments::Accepts::Whole(*low, *high),
            Accepts::WholeOf(allowed) => arguments::Accepts::WholeOf(allowed),
            Accepts::Grain if grains().all(|grain| grain.word.is_some()) => {
                arguments::Accepts::OneOf(leak(grains().filter_map(|grain| grain.word.as_deref())))
            }
            Accepts::Grain => arguments::Accepts::WholeOf(leak(grains().map(|grain| grain.every))),
            Accepts::Text(name) => arguments::Accepts::Text(check(name)),
            Accepts::OneOf(allowed) => arguments::Accepts::OneOf(texts(allowed)),
            Accepts::Texts(name) => arguments::Accepts::Texts(check(name)),
            Accepts::SomeOf(allowed) => arguments::Accepts::SomeOf(texts(allowed)),
            Accepts::Moment => arguments::Accepts::Moment,
            Accepts::MomentOrMilliseconds => arguments::Accepts::MomentOrMilliseconds,
            Accepts::Dict => arguments::Accepts::Dict,
            Accepts::Dicts => arguments::Accepts::Dicts,
        };
        Argument {
            name,
            accepts,
            needed,
            doc,
        }
    }

    fn source(&self, call: &'static Call) -> Source {
        let usual = call.usual_grain();
        let by_month = call.takes.iter().any(|taken| taken.name == "year");
        Source {
            operation: &call.name,
            meters: leak(call.meters().map(|(figure, name)| self.meter(call, figure, name))),
            takes: match &call.range {
                Some((start, end)) => Takes::Range(start, end),
                None if by_month => Takes::YearMonth,
                None => Takes::Nothing,
            },
            buckets: call
                .buckets
                .or(usual.map(|grain| call.buckets_of(grain)))
                .unwrap_or(Buckets::Window),
            span: call.span.or(usual.and_then(|grain| grain.span)).unwrap_or(Span::Whole),
            history_days: call.history_days,
            widened: call.widened,
            tells_end: !call.end_unknown,
            writes: call.writes,
            ready: call.ready,
            settles: call.settles,
            other_zone: call.other_zone,
            currency: call.currency.as_deref(),
            by_default: !call.by_name,
            page: call.page.as_deref().unwrap_or(&self.document.page),
        }
    }

    fn meter(&self, call: &'static Call, figure: &'static Figure, name: &'static str) -> Meter {
        let kind = figure.kind.unwrap_or(Kind::Sum);
        let usual = match kind {
            Kind::Sum => Rollup::ADD,
            Kind::Peak => Rollup::PEAK,
            Kind::Gauge => Rollup::LEVEL,
            Kind::Cumulative => Rollup {
                over_time: meters::Combine::Refuse,
                ..Rollup::ADD
            },
        };
        let name = format!("{}.{}{name}", self.document.name, call.meter_prefix);
        Meter {
            name: name.leak(),
            unit: &figure.unit,
            kind,
            rollup: Rollup {
                over_time: figure.over_time.as_ref().map_or(usual.over_time, combine),
                over_labels: figure.over_labels.as_ref().map_or(usual.over_labels, combine),
            },
            rounding: figure.rounding,
            dimensions: texts(figure.dimensions.as_ref().unwrap_or(&call.dimensions)),
            doc: &figure.doc,
        }
    }
}

fn leak<T>(items: impl Iterator<Item = T>) -> &'static [T] {
    items.collect::<Vec<T>>().leak()
}

fn texts(texts: &'static [String]) -> &'static [&'static str] {
    leak(texts.iter().map(String::as_str))
}

fn needed(is_needed: bool, default: Option<&'static Scalar>) -> Needed {
    match default {
        Some(Scalar::Flag(truth)) => Needed::Flag(*truth),
        Some(Scalar::Whole(number)) => Needed::Whole(*number),
        Some(Scalar::Text(text)) => Needed::Text(text),
        None if is_needed => Needed::Required,
        None => Needed::Optional,
    }
}

fn prose(prose: &'static super::document::Prose) -> Prose {
    Prose {
        returns: &prose.returns,
        raw: &prose.raw,
        raises: leak(prose.raises.iter().map(|(class, when)| (class.as_str(), when.as_str()))),
        notes: &prose.notes,
        example: prose.example.trim_end(),
    }
}

fn combine(how: &'static Combine) -> meters::Combine {
    match how {
        Combine::Add => meters::Combine::Add,
        Combine::AddWithin(dimension) => meters::Combine::AddWithin(dimension),
        Combine::Max => meters::Combine::Max,
        Combine::Last => meters::Combine::Last,
        Combine::Refuse => meters::Combine::Refuse,
    }
}
