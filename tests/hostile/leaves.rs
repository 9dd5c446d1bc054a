//! Every leaf of every fixture in hostile hands: replaced, dropped, doubled, with a stranger beside it.

use metertap::meters::Flag;
use metertap::values::quantity::Quantity;

use crate::common::replay::{Found, Replay, Row, Table};
use crate::scan::{self, Place, What};
use crate::sound::{REPLAYS, Tally, is_named, is_whole};

type Outcome = Result<(), String>;

/// A number that no fixture has.
const MARK: &str = "987654321";
/// A text that no fixture has.
const WORD: &str = "zz-stranger";

/// JSON that nobody expects.
const HOSTILE: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    MARK,
    "0.1",
    "1E2",
    "1e400",
    "1e-30",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "12345678901234567890.123456789012345678",
    "12345678901234567890.1234567890123456789",
    "\"\"",
    "\"0\"",
    "\"NaN\"",
    "\"2026-05-01\"",
    "\"2026-05-01T00:00:00Z\"",
    "\"-009999-01-01T00:00:00Z\"",
    "\"9999-12-30T22:00:00Z\"",
    "\"\\u0000\\ufeff\\n\"",
    "\"zz-stranger\"",
    "[]",
    "{}",
    "[[]]",
    "[1]",
    "{\"zz-stranger\":1}",
];

/// What is no JSON, although some parser takes it.
const BROKEN: &[&str] = &[
    "NaN",
    "Infinity",
    "-Infinity",
    "01",
    "+1",
    ".5",
    "1.",
    "0x10",
    "1_000",
    "'x'",
    "undefined",
    "None",
    "",
    "\"\\ud800\"",
    "\"\n\"",
    "\"\\x41\"",
    "/**/1",
    "1,",
    "tru",
];

#[test]
fn a_hostile_leaf_is_kept_or_refused() {
    let mut tally = Tally::default();
    let mut metered = 0;
    for replay in REPLAYS.iter() {
        let body = &replay.reply.body;
        if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
            continue; // a web page or an empty body; its cuts are another test's matter
        }
        let whole = replay.whole();
        for place in scan::places(body) {
            let subject = Subject::new(replay, &whole, &place);
            metered += usize::from(subject.measured.is_some());
            subject.attack(&mut tally);
        }
    }
    assert!(metered > 150, "only {metered} leaves are readings");
    tally.figure(
        "F3",
        &format!(
            "mutations, {} hostile values a leaf, {metered} leaves are readings",
            HOSTILE.len()
        ),
    );
}

/// A place of a fixture under attack.
struct Subject<'a> {
    replay: &'a Replay,
    whole: &'a Found,
    place: &'a Place,
    /// What the readings have from here, if they have it.
    measured: Option<Quantity>,
}

impl<'a> Subject<'a> {
    fn new(replay: &'a Replay, whole: &'a Found, place: &'a Place) -> Self {
        let mut subject = Self {
            replay,
            whole,
            place,
            measured: None,
        };
        // A number is measured if a mark in its place turns up in the readings.
        if place.what == What::Number {
            let marked = replay.read(&subject.replaced(MARK));
            let mark = Quantity::parse(MARK).unwrap();
            if good(&marked).is_some_and(|table| count(table, mark) > 0) {
                subject.measured = Quantity::parse(subject.text()).ok();
            }
        }
        subject
    }

    fn text(&self) -> &'a str {
        std::str::from_utf8(&self.replay.reply.body[self.place.span.clone()]).unwrap()
    }

    fn replaced(&self, value: &str) -> Vec<u8> {
        scan::with(&self.replay.reply.body, &self.place.span, value.as_bytes())
    }

    fn attack(&self, tally: &mut Tally) {
        let named = |what: &str| format!("{} {} {what}", self.replay.name, self.place.pointer);
        if self.place.is_leaf() {
            for value in HOSTILE {
                tally.check(|| named(value), || self.hostile(value, &self.replaced(value)));
            }
            let long = format!("\"{}\"", "long ".repeat(5000));
            tally.check(|| named("long"), || self.hostile(&long, &self.replaced(&long)));
        }
        let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
        let is_item = self.place.slot.is_some() && !self.place.has_key;
        for value in BROKEN.iter().copied().chain([deep.as_str()]) {
            if value.is_empty() && is_item {
                continue; // an array of one item becomes an empty one, as if the item were dropped
            }
            tally.check(|| named(value), || self.refused(&self.replaced(value)));
        }
        if let Some(slot) = &self.place.slot {
            let body = scan::without(&self.replay.reply.body, slot);
            tally.check(|| named("dropped"), || self.dropped(&body));
            if self.place.has_key {
                let body = &self.replay.reply.body;
                let twice = [b",", &body[slot.clone()]].concat();
                let body = scan::with(body, &(slot.end..slot.end), &twice);
                tally.check(|| named("doubled"), || self.refused(&body));
            }
        }
        if self.place.what == What::Object {
            let start = self.place.span.start + 1;
            let comma = if self.text().trim_start_matches('{').trim_start().starts_with('}') {
                ""
            } else {
                ","
            };
            for value in [
                format!("\"{WORD}\""),
                MARK.to_owned(),
                "null".to_owned(),
                "[]".to_owned(),
            ] {
                let member = format!("\"zzNewKey\":{value}{comma}");
                let body = scan::with(&self.replay.reply.body, &(start..start), member.as_bytes());
                tally.check(|| named(&format!("with a new {value}")), || self.stranger(&body));
            }
        }
    }

    fn hostile(&self, value: &str, body: &[u8]) -> Outcome {
        let found = self.replay.read(body);
        is_whole(self.replay, body, &found)?;
        self.text_is_kept(value, &found)?;
        let Some(table) = good(&found) else { return Ok(()) };
        match (self.measured, Quantity::parse(value)) {
            (None, _) => self.unmeasured(table),
            (Some(old), Ok(new)) => self.moved(table, old, new),
            (Some(old), Err(_)) if value == "null" => self.gone(table, old),
            // Where the depth of a tree is unknown, an empty branch may stand for a number: the total tells.
            (Some(_), Err(_)) if value.starts_with(['[', '{']) => self.unmeasured(table),
            (Some(_), Err(_)) => Err(format!("read as {table:?}")),
        }
    }

    /// A text that became another one is shown, or refused.
    fn text_is_kept(&self, value: &str, found: &Found) -> Outcome {
        let is_in_payload = self.place.is_below(&self.replay.payload);
        match &found.typed {
            Ok(typed) if is_in_payload && value.contains(WORD) && !format!("{typed:?}").contains(WORD) => {
                Err(format!("the text is lost: {typed:?}"))
            }
            _ => Ok(()),
        }
    }

    /// The number of this place became another one: so it did in the readings.
    fn moved(&self, table: &Table, old: Quantity, new: Quantity) -> Outcome {
        let base = good(self.whole).map_or(0, |whole| count(whole, new));
        let found = count(table, new);
        if found == 0 || (old.scaled != new.scaled && found <= base) {
            return Err(format!("{new} is not among {table:?}"));
        }
        let is_flagged = rows_with(table, new).any(|row| row.flags.has(Flag::Rounded));
        if new.rounded && !is_flagged {
            return Err(format!("rounded without a word: {table:?}"));
        }
        Ok(())
    }

    /// The number of this place is missing: fewer readings, and not a new zero.
    fn gone(&self, table: &Table, old: Quantity) -> Outcome {
        let Some(whole) = good(self.whole) else { return Ok(()) };
        let zero = Quantity::whole(0);
        if old.scaled != 0 && count(table, zero) > count(whole, zero) {
            return Err(format!("missing became zero: {table:?}"));
        }
        let is_less = values(table).len() < values(whole).len();
        if is_less || table.notes.len() > whole.notes.len() {
            return Ok(());
        }
        Err(format!("missing and nothing is said: {table:?}"))
    }

    /// Something beside the numbers changed: they are all there, or a note tells what is not.
    fn unmeasured(&self, table: &Table) -> Outcome {
        let Some(whole) = good(self.whole) else { return Ok(()) };
        if values(table) == values(whole) || table.notes != whole.notes {
            return Ok(());
        }
        Err(format!("other readings, and nothing is said: {table:?}"))
    }

    fn refused(&self, body: &[u8]) -> Outcome {
        let found = self.replay.read(body);
        match &found.typed {
            Err(error) => is_named(error),
            Ok(typed) => Err(format!("taken for {typed:?}")),
        }
    }

    fn dropped(&self, body: &[u8]) -> Outcome {
        let found = self.replay.read(body);
        is_whole(self.replay, body, &found)?;
        let Some(table) = good(&found) else { return Ok(()) };
        match self.measured {
            Some(old) => self.gone(table, old),
            None if self.place.is_leaf() => self.unmeasured(table),
            // With a whole list or row its readings are gone; the typed answer was compared already.
            None => Ok(()),
        }
    }

    fn stranger(&self, body: &[u8]) -> Outcome {
        let found = self.replay.read(body);
        let Ok(typed) = &found.typed else {
            return is_whole(self.replay, body, &found);
        };
        let is_envelope = !self.place.is_below(&self.replay.payload) || is_wrapper(self.replay, self.place);
        if !is_envelope && !format!("{typed:?}").contains("zzNewKey") {
            return Err(format!("the new key is lost: {typed:?}"));
        }
        if !is_envelope {
            is_whole(self.replay, body, &found)?;
        }
        match (good(&found), good(self.whole)) {
            (Some(table), Some(whole)) if table.rows != whole.rows && table.notes == whole.notes => {
                Err(format!("other readings: {table:?}"))
            }
            _ => Ok(()),
        }
    }
}

/// `UiPath`'s lists may come in an object, of which nothing but the list is read.
fn is_wrapper(replay: &Replay, place: &Place) -> bool {
    replay.provider.facts().name == "uipath" && place.pointer.is_empty() && replay.reply.body.contains(&b'[')
}

fn good(found: &Found) -> Option<&Table> {
    found.table.as_ref()?.as_ref().ok()
}

/// All numbers of the readings, in order.
fn values(table: &Table) -> Vec<i128> {
    let rows = table.rows.iter();
    let mut all: Vec<i128> = rows
        .flat_map(|row| [Some(row.quantity), row.cost])
        .flatten()
        .map(|one| one.scaled)
        .collect();
    all.sort_unstable();
    all
}

fn rows_with(table: &Table, value: Quantity) -> impl Iterator<Item = &Row> {
    let is_it = move |one: Quantity| one.scaled == value.scaled;
    table
        .rows
        .iter()
        .filter(move |row| is_it(row.quantity) || row.cost.is_some_and(is_it))
}

/// How often the readings have a number, as a quantity or a cost.
fn count(table: &Table, value: Quantity) -> usize {
    values(table).into_iter().filter(|one| *one == value.scaled).count()
}
