//! Rows, read from the bytes of an answer into columns in one pass, by the table of what a row has.
//!
//! What is wrong with a row is kept until the whole body was read: a body that is no JSON, a failure beside rows, or rows
//! of which there are more come first, and then nothing of it counts.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::document::{Call, Figure, NO_ROWS, Rows as Layout};
use crate::meters::Buckets;
use crate::service::PlannedCall;
use crate::values::arguments::in_one_case;
use crate::values::error::{Error, Result};
use crate::values::json::{At, Items, Json, Peek, Reader, occurs_twice, refuse_duplicates};
use crate::values::quantity::{Quantity, check_count};
use crate::values::shape::{Holds, Shape, day, instant, seconds};
use crate::values::window::Instant;

/// Room for so many rows is made at once.
const FEW: usize = 16;

/// The stretch of time that a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

/// A number of the wire that a call wants, and the meter that it is of.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The number.
    pub figure: &'static Figure,
    /// The meter's place in the source.
    pub meter: usize,
}

/// The rows of an answer, in columns: a row costs no allocation of its own.
pub struct Rows<'b> {
    /// What they look like.
    pub layout: &'static Layout,
    list: List,
    buckets_are: Buckets,
    /// The bucket of rows that have no moment.
    pub(super) whole: Bucket,
    /// The numbers that are wanted.
    pub wanted: Vec<Wanted>,
    /// When each row is.
    pub buckets: Vec<Bucket>,
    /// As many for each row as a row has labels.
    pub labels: Vec<Option<Cow<'b, str>>>,
    /// As many for each row as numbers are wanted.
    pub figures: Vec<Option<Quantity>>,
    /// Where numbers are missing altogether, which is less than null.
    pub(super) absent: Vec<usize>,
    /// The buckets of the moments with which arrays line up.
    pub(super) moments: Vec<Bucket>,
    /// The labels of rows of which no figure of the document is.
    pub unmet: BTreeSet<String>,
    /// The figures of the call, where they choose their rows.
    choosy: &'static [Figure],
    /// Where there is no number, one by one; not in series, in which there may be thousands.
    pub nameless: Vec<String>,
    /// What a row is, where all of its fields may be missing.
    shape: Option<&'static Shape>,
    /// How many items their list has.
    pub count: usize,
    /// What is wrong with the first row that is wrong.
    problem: Option<Error>,
    slots: Slots<'b>,
    inner: Slots<'b>,
}

/// What a key of a row held.
#[derive(Debug, Clone)]
enum Slot<'b> {
    Absent,
    Scalar(Json<'b>),
    /// An array or an object, by its description.
    Other(&'static str),
}

/// The keys of a row that are read, and what they held.
struct Slots<'b> {
    keys: Vec<&'static str>,
    held: Vec<Slot<'b>>,
    unknown: Vec<Cow<'b, str>>,
    /// The place of the key that comes next, where a row has its keys in our order.
    next: usize,
    /// True if a key has several places.
    has_twins: bool,
}

/// The keys that lead to the list, and the key of the rows inside of an item.
struct List(Cow<'static, [String]>, Option<&'static str>);

/// Where an item is: its number in its list, and that of the row inside of it.
#[derive(Clone, Copy)]
struct Place(usize, Option<usize>);

impl<'b> Rows<'b> {
    /// No rows yet of the answer to this call, which look like this; or its own figures, which stand in no row. `whole` is
    /// what rows without a moment are about.
    pub fn new(asked: &'static Call, call: &PlannedCall, layout: Option<&'static Layout>, whole: Bucket) -> Self {
        let wanted = |figure: &'static Figure| {
            let meter = figure.meter.filter(|meter| call.asked.meters.contains(meter))?;
            let is_here = asked.rows.is_none() || figure.value.is_empty() == layout.is_none();
            is_here.then_some(Wanted { figure, meter })
        };
        let wanted: Vec<Wanted> = asked.meter.iter().filter_map(wanted).collect();
        let layout = layout.unwrap_or(&NO_ROWS);
        let shape = match call.call.operation.returns {
            Holds::List(Holds::Record(shape)) if !asked.series => Some(*shape),
            _ => None,
        };
        let labels = layout.labels.iter().map(String::as_str);
        let own = labels.chain(wanted.iter().map(|wanted| wanted.figure.value.as_str()));
        let own: Vec<&str> = own.collect();
        let time = layout.time.as_deref().into_iter();
        let (outer, inner) = match layout.inner {
            Some(_) => (time.collect(), own),
            None => (time.chain(own).collect(), Vec::new()),
        };
        let width = wanted.len();
        Self {
            list: List(Cow::Borrowed(&layout.list), layout.inner.as_deref()),
            layout,
            buckets_are: call.asked.buckets,
            whole,
            wanted,
            buckets: Vec::with_capacity(FEW),
            labels: Vec::with_capacity(FEW * layout.labels.len()),
            figures: Vec::with_capacity(FEW * width),
            absent: Vec::new(),
            moments: Vec::new(),
            nameless: Vec::new(),
            unmet: BTreeSet::new(),
            choosy: if asked.meter.iter().all(|figure| !figure.only.is_empty()) {
                &asked.meter
            } else {
                &[]
            },
            shape,
            count: 0,
            problem: None,
            slots: Slots::of(outer),
            inner: Slots::of(inner),
        }
    }

    /// What is wrong with the first row that is wrong.
    pub fn check(&mut self) -> Result<()> {
        self.problem.take().map_or(Ok(()), Err)
    }

    /// The labels of a row.
    pub fn labels_of(&self, row: usize) -> &[Option<Cow<'b, str>>] {
        let width = self.layout.labels.len();
        self.labels.get(row * width..(row + 1) * width).unwrap_or_default()
    }

    /// The numbers of a row.
    pub fn figures_of(&self, row: usize) -> &[Option<Quantity>] {
        let width = self.wanted.len();
        self.figures.get(row * width..(row + 1) * width).unwrap_or_default()
    }

    /// True if a number is null, and not missing altogether.
    pub fn is_null(&self, row: usize, column: usize) -> bool {
        self.absent.binary_search(&(row * self.wanted.len() + column)).is_err()
    }

    /// Reads the numbers of an answer that has no list of rows: it is one row, about this stretch of time.
    pub fn one(&mut self, at: &At<'_, '_>, bucket: Bucket) -> Result<()> {
        for wanted in &self.wanted {
            let figure = wanted.figure;
            let path = at.path();
            let held = match (figure.value.as_str(), figure.total.as_deref()) {
                ("", None) => Some(*at),
                ("", Some(key)) | (key, _) => {
                    at.map()?;
                    at.value.get(key).map(|value| At::member(&path, key, value))
                }
            };
            let found = match held {
                Some(held) => number(figure, held.value).map_err(|problem| Error::unexpected(held.path(), problem))?,
                None if figure.optional => {
                    self.absent.push(self.figures.len());
                    None
                }
                None => return Err(missing(format!("{path}.{}", figure.value))),
            };
            if found.is_none() {
                let key = figure.total.as_ref().unwrap_or(&figure.value);
                self.nameless.push(format!("{path}.{key}"));
            }
            self.figures.push(found);
        }
        self.buckets.push(bucket);
        Ok(())
    }

    fn keep(&mut self, problem: Error) {
        self.problem.get_or_insert(problem);
    }

    /// A row's own keys into the columns.
    fn take(&mut self, place: Place) -> Result<()> {
        let Self {
            layout: rows,
            list,
            slots,
            inner,
            ..
        } = self;
        let (slots, from) = match &rows.inner {
            Some(_) => (inner, 0),
            None => (slots, usize::from(rows.time.is_some())),
        };
        let rows = *rows;
        let (keys, held) = (&slots.keys, &slots.held);
        if let Some(shape) = self
            .shape
            .filter(|_| held.iter().all(|slot| matches!(slot, Slot::Absent)))
        {
            shape.refuse_stranger(path(list, place, ""), || slots.unknown.iter().map(AsRef::as_ref))?;
        }
        let mut slots = keys.iter().zip(held).skip(from);
        for label in &rows.texts {
            let Some((key, slot)) = slots.next() else { break };
            self.labels.push(match slot {
                Slot::Absent if label.needed => return Err(missing(path(list, place, key))),
                Slot::Absent => None,
                Slot::Scalar(Json::Null) if !label.needed => None,
                Slot::Scalar(Json::Number(text)) if !label.is_text => Some(text.clone()),
                Slot::Scalar(Json::Text(text)) => match in_one_case(text) {
                    Cow::Owned(text) => Some(Cow::Owned(text)),
                    Cow::Borrowed(_) => Some(text.clone()),
                },
                other => return Err(Error::unexpected(path(list, place, key), other.expected("a string"))),
            });
        }
        let labels = self
            .labels
            .get(self.labels.len() - rows.texts.len()..)
            .unwrap_or_default();
        if !self.choosy.is_empty() && !self.choosy.iter().any(|figure| figure.is_of(labels)) {
            let told = labels.iter().map(|label| label.as_deref().unwrap_or("null"));
            self.unmet.insert(told.collect::<Vec<_>>().join(" "));
        }
        for (wanted, (key, slot)) in self.wanted.iter().zip(slots) {
            let figure = wanted.figure;
            if !figure.is_of(labels) {
                // The row is about something else.
                self.absent.push(self.figures.len());
                self.figures.push(None);
                continue;
            }
            self.figures.push(match slot {
                Slot::Scalar(held) => {
                    number(figure, held).map_err(|problem| Error::unexpected(path(list, place, key), problem))?
                }
                Slot::Absent if figure.optional => {
                    self.absent.push(self.figures.len());
                    None
                }
                Slot::Absent => return Err(missing(path(list, place, key))),
                Slot::Other(_) => {
                    return Err(Error::unexpected(
                        path(list, place, key),
                        slot.expected(expected(figure)),
                    ));
                }
            });
            if rows.time.is_none() && self.figures.last() == Some(&None) {
                self.nameless.push(path(list, place, key));
            }
        }
        Ok(())
    }

    /// The bucket that a row's moment names.
    fn bucket(&self, place: Place) -> Result<Bucket> {
        let (Some(key), Some(slot)) = (&self.layout.time, self.slots.held.first()) else {
            return Ok(self.whole);
        };
        let path = || path(&self.list, place, key);
        let held = match slot {
            Slot::Absent => return Err(missing(path())),
            Slot::Other(_) => return Err(Error::unexpected(path(), slot.expected("a string"))),
            Slot::Scalar(held) => held,
        };
        let start = moment(self.layout.told.unwrap_or(Holds::Instant), held)
            .map_err(|problem| Error::unexpected(path(), problem))?;
        self.around(start)
            .ok_or_else(|| Error::unexpected(path(), format!("{start} is too late to be a bucket's start")))
    }

    fn around(&self, start: Timestamp) -> Option<Bucket> {
        let (start, end) = match self.buckets_are {
            Buckets::Every(length, offset) => {
                let local = start.as_second() + i64::from(offset);
                let start = if self.layout.snaps {
                    Timestamp::from_second(local - local.rem_euclid(length) - i64::from(offset)).ok()?
                } else {
                    start
                };
                (start, start.checked_add(SignedDuration::from_secs(length)).ok()?)
            }
            Buckets::Months => {
                let end = start.to_zoned(TimeZone::UTC).checked_add(1.month()).ok()?;
                (start, end.timestamp())
            }
            Buckets::Window | Buckets::MonthSoFar => (start, self.whole.end),
        };
        Some(Bucket { start, end })
    }

    fn outer(&mut self, reader: &mut Reader<'b>, place: usize) -> Result<()> {
        self.slots.clear();
        let before = self.buckets.len();
        let mut inside = 0;
        let mut problem = None;
        reader.members(|reader, key, peek| {
            if self.layout.inner.as_deref() != Some(&*key) {
                return self.slots.take(reader, key, peek);
            }
            if peek != Peek::Array {
                let held = reader.value(peek)?;
                if held != Json::Null {
                    let text = format!("expected an array, found {}", held.describe());
                    problem.get_or_insert(Error::unexpected(path(&self.list, Place(place, None), &key), text));
                }
                return Ok(());
            }
            reader.items(|reader, peek| {
                let at = Place(place, Some(inside));
                inside += 1;
                if peek != Peek::Object {
                    let found = reader.value(peek)?;
                    problem.get_or_insert(no_object(&self.list, at, &found));
                    return Ok(());
                }
                self.inner.clear();
                reader.members(|reader, key, peek| self.inner.take(reader, key, peek))?;
                self.inner.refuse_duplicates()?;
                match self.take(at) {
                    Ok(()) => self.buckets.push(self.whole),
                    Err(found) => {
                        problem.get_or_insert(found);
                    }
                }
                Ok(())
            })
        })?;
        self.slots.refuse_duplicates()?;
        let at = Place(place, None);
        let bucket = match self.bucket(at) {
            Ok(bucket) => bucket,
            Err(problem) => {
                self.keep(problem);
                return Ok(());
            }
        };
        if self.layout.inner.is_some() {
            self.buckets.iter_mut().skip(before).for_each(|known| *known = bucket);
        } else {
            match self.take(at) {
                Ok(()) => self.buckets.push(bucket),
                Err(found) => problem = Some(found),
            }
        }
        if let Some(problem) = problem {
            self.keep(problem);
        }
        Ok(())
    }
}

impl<'b> Items<'b> for Rows<'b> {
    fn wants(&mut self, key: Option<&str>) -> bool {
        let is_first = self.list.0.last().is_some_and(|any| any == "*");
        let is_wanted = self.layout.is_anywhere && is_first && key != Some("errors");
        if is_wanted {
            let mut keys = self.layout.list.clone().0;
            keys.pop();
            keys.extend(key.map(str::to_owned));
            self.list.0 = Cow::Owned(keys);
        }
        is_wanted
    }

    fn item(&mut self, reader: &mut Reader<'b>, peek: Peek) -> Result<()> {
        let place = self.count;
        self.count += 1;
        if self.problem.is_some() {
            // Nothing of this answer counts any more; it is only seen whether it is JSON.
            return reader.value(peek).map(drop);
        }
        if peek == Peek::Object {
            return self.outer(reader, place);
        }
        let found = reader.value(peek)?;
        self.keep(no_object(&self.list, Place(place, None), &found));
        Ok(())
    }
}

impl<'b> Slots<'b> {
    fn of(keys: Vec<&'static str>) -> Self {
        Self {
            held: vec![Slot::Absent; keys.len()],
            has_twins: keys
                .iter()
                .enumerate()
                .any(|(place, key)| keys.iter().take(place).any(|other| other == key)),
            keys,
            unknown: Vec::new(),
            next: 0,
        }
    }

    fn clear(&mut self) {
        for slot in &mut self.held {
            *slot = Slot::Absent;
        }
        self.unknown.clear();
        self.next = 0;
    }

    fn take(&mut self, reader: &mut Reader<'b>, key: Cow<'b, str>, peek: Peek) -> Result<()> {
        let first = match self.keys.get(self.next) {
            Some(known) if **known == *key => Some(self.next),
            _ => self.keys.iter().position(|known| **known == *key),
        };
        let Some(first) = first else {
            reader.value(peek)?;
            self.unknown.push(key);
            return Ok(());
        };
        self.next = first + 1;
        let slot = match reader.value(peek)? {
            Json::List(_) => Slot::Other("an array"),
            Json::Map(_) => Slot::Other("an object"),
            scalar => Slot::Scalar(scalar),
        };
        if self.has_twins {
            let places = self.keys.iter().zip(&mut self.held).skip(first + 1);
            for (_, held) in places.filter(|(known, _)| ***known == *key) {
                held.clone_from(&slot);
            }
        }
        match self.held.get_mut(first) {
            Some(held @ Slot::Absent) => *held = slot,
            _ => return Err(occurs_twice(&key)),
        }
        Ok(())
    }

    fn refuse_duplicates(&self) -> Result<()> {
        refuse_duplicates(&self.unknown.iter().map(AsRef::as_ref))
    }
}

impl Slot<'_> {
    fn expected(&self, what: &str) -> String {
        let found = match self {
            Self::Absent => "nothing",
            Self::Scalar(held) => held.describe(),
            Self::Other(found) => found,
        };
        format!("expected {what}, found {found}")
    }
}

impl Figure {
    /// True if a row with these labels has it.
    fn is_of(&self, labels: &[Option<Cow<'_, str>>]) -> bool {
        let has = |(place, word): &(usize, String)| labels.get(*place).and_then(Option::as_deref) == Some(&**word);
        self.only.iter().all(has)
    }
}

/// What a number must be, with its article.
fn expected(figure: &Figure) -> &'static str {
    match figure.holds {
        Some(Holds::Integer) => "a whole number",
        _ => "a number",
    }
}

/// The number that a value is; nothing where it is null and may be.
pub(super) fn number(figure: &Figure, held: &Json<'_>) -> std::result::Result<Option<Quantity>, String> {
    match held {
        Json::Number(text) => {
            if let Some(Holds::Integer) = figure.holds {
                check_count(text).map_err(|problem| problem.message.clone())?;
            }
            scaled(figure, text)
                .map(Some)
                .map_err(|problem| problem.message.clone())
        }
        Json::Text(text) if matches!(figure.holds, Some(Holds::Written)) => scaled(figure, text)
            .map(Some)
            .map_err(|_| format!("expected a number, found {text:?}")),
        Json::Null if figure.is_nullable => Ok(None),
        other => Err(format!("expected {}, found {}", expected(figure), other.describe())),
    }
}

/// A number in its meter's unit, exactly.
fn scaled(figure: &Figure, text: &str) -> Result<Quantity> {
    match figure.scale {
        0 => Quantity::parse(text),
        power if text.contains(['e', 'E']) => Err(Error::invalid(format!(
            "{text} has an exponent, and its unit another {power}"
        ))),
        power => Quantity::parse(&format!("{text}e{power}")),
    }
}

/// The moment that a value names.
fn moment(holds: Holds, held: &Json<'_>) -> std::result::Result<Timestamp, String> {
    if let (Holds::Instant, Json::Text(text)) = (holds, held) {
        return Instant::parse(text)
            .map(|instant| instant.at)
            .map_err(|problem| problem.message.clone());
    }
    let at = At::root(held);
    let found = match holds {
        Holds::Day => day(&at).and_then(Instant::midnight),
        Holds::Seconds => seconds(&at),
        _ => instant(&at),
    };
    // Its place is the caller's to name.
    found.map(|instant| instant.at).map_err(|problem| {
        problem
            .message
            .strip_prefix("$: ")
            .unwrap_or(&problem.message)
            .to_owned()
    })
}

pub(super) fn missing(path: String) -> Error {
    Error::unexpected(path, "the field is missing")
}

fn no_object(list: &List, place: Place, found: &Json<'_>) -> Error {
    let path = path(list, place, "");
    Error::unexpected(path, format!("expected an object, found {}", found.describe()))
}

/// The path of a key of a row, for messages.
fn path(List(keys, inner): &List, Place(row, inside): Place, key: &str) -> String {
    let steps = keys.iter().map(|step| format!(".{step}"));
    let mut path = format!("${}[{row}]", steps.collect::<String>());
    if let (Some(inner), Some(inside)) = (inner, inside) {
        path = format!("{path}.{inner}[{inside}]");
    }
    if !key.is_empty() {
        path.push('.');
        path.push_str(key);
    }
    path
}
