//! Rows, read from the bytes of an answer into columns in one pass, by the table of what a row has.
//!
//! What is wrong with a row is kept until the whole body was read: a body that is no JSON, a failure beside rows, or rows
//! of which there are more come first, and then nothing of it counts.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::document::{Call, Figure, Label, NO_ROWS, Rows as Layout};
use super::figures::Figures;
use crate::meters::{Bucket, Buckets, Meter};
use crate::service::PlannedCall;
use crate::values::arguments::in_one_case;
use crate::values::error::{Error, Result};
use crate::values::json::{At, Items, Json, Peek, Reader, occurs_twice, refuse_duplicates};
use crate::values::quantity::Quantity;
use crate::values::shape::{Holds, Shape, day, instant, seconds};
use crate::values::text::digits;
use crate::values::window::Instant;

/// Room for so many rows is made at once.
const FEW: usize = 16;

/// A number of the wire that a call wants, and the meter that it is of.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The number.
    pub figure: &'static Figure,
    /// The meter's place in the source.
    pub place: usize,
    /// The meter.
    pub meter: &'static Meter,
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
    /// When each row is; of arrays that line up, when the rows of each array are.
    pub(super) buckets: Vec<Bucket>,
    /// As many for each row, or for each array that lines up, as a row has labels.
    pub(super) labels: Vec<Option<Cow<'b, str>>>,
    /// As many for each row as numbers are wanted.
    pub figures: Figures,
    /// How many rows an array has, where the rows are arrays that line up with the same buckets.
    pub(super) lines_up: Option<usize>,
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

/// Rows on end that have the same labels.
#[derive(Clone, Copy)]
pub struct Group<'r, 'b> {
    /// The first of them.
    pub first: usize,
    /// The bucket of each.
    pub buckets: &'r [Bucket],
    /// Their labels.
    pub labels: &'r [Option<Cow<'b, str>>],
}

/// The keys of a row that are read, and what they held.
struct Slots<'b> {
    keys: Vec<&'static str>,
    held: Vec<Option<Json<'b>>>,
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
            let place = figure.meter.filter(|place| call.asked.meters.contains(place))?;
            let meter = call.asked.source.meters.get(place)?;
            let is_here = asked.rows.is_none() || figure.value.is_empty() == layout.is_none();
            is_here.then_some(Wanted { figure, place, meter })
        };
        let wanted: Vec<Wanted> = asked.meter.iter().filter_map(wanted).collect();
        let layout = layout.unwrap_or(&NO_ROWS);
        let shape = match call.call.operation.returns {
            Holds::List(Holds::Record(shape)) if !asked.series => Some(*shape),
            _ => None,
        };
        let labels = layout.labels.iter().map(String::as_str);
        let own = labels.chain(wanted.iter().map(|wanted| wanted.figure.value.as_str()));
        let time = layout.time.as_deref().into_iter();
        let (outer, inner) = match layout.inner {
            Some(_) => (time.collect(), own.collect()),
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
            figures: Figures::with_capacity(FEW * width),
            lines_up: None,
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

    /// The rows, in groups of those on end that have the same labels.
    pub fn groups(&self) -> impl Iterator<Item = Group<'_, 'b>> {
        let width = self.layout.labels.len();
        let labels = move |owner: usize| self.labels.get(owner * width..(owner + 1) * width).unwrap_or_default();
        let count = match self.lines_up {
            Some(_) => self.figures.len() / self.wanted.len().max(1),
            None => self.buckets.len(),
        };
        let mut next = 0;
        std::iter::from_fn(move || {
            let first = next;
            if first >= count {
                return None;
            }
            if let Some(shared) = self.lines_up {
                next += shared.max(1);
                return Some(Group {
                    first,
                    buckets: &self.buckets,
                    labels: labels(first / shared.max(1)),
                });
            }
            let own = labels(first);
            next += 1;
            while next < count && labels(next) == own {
                next += 1;
            }
            Some(Group {
                first,
                buckets: self.buckets.get(first..next).unwrap_or_default(),
                labels: own,
            })
        })
    }

    /// The number of a row in one of the columns.
    pub fn figure(&self, row: usize, column: usize) -> Option<Quantity> {
        self.figures.get(row * self.wanted.len() + column)
    }

    /// True if a number is null, and not missing altogether.
    pub fn is_null(&self, row: usize, column: usize) -> bool {
        self.absent.binary_search(&(row * self.wanted.len() + column)).is_err()
    }

    /// Reads the numbers of an answer that has no list of rows: it is one row, about this stretch of time.
    pub fn one(&mut self, at: &At<'_, '_>, bucket: Bucket) -> Result<()> {
        let path = at.path();
        for Wanted { figure, .. } in &self.wanted {
            let held = match figure.key() {
                "" => Some(*at),
                key => {
                    at.map()?;
                    at.value.get(key).map(|value| At::member(&path, key, value))
                }
            };
            let place = || held.map_or_else(|| format!("{path}.{}", figure.key()), |held| held.path().to_string());
            let found =
                number(figure, held.map(|held| held.value)).map_err(|wrong| Error::unexpected(place(), wrong))?;
            self.absent.extend(held.is_none().then_some(self.figures.len()));
            self.nameless.extend(found.is_none().then(place));
            self.figures.push(found);
        }
        self.buckets.push(bucket);
        Ok(())
    }

    fn keep(&mut self, problem: Error) {
        self.problem.get_or_insert(problem);
    }

    /// A row's own keys into the columns.
    fn take(&mut self, place: Place, bucket: Bucket) -> Result<()> {
        let rows = self.layout;
        let (slots, from) = match &rows.inner {
            Some(_) => (&self.inner, 0),
            None => (&self.slots, usize::from(rows.time.is_some())),
        };
        if let Some(shape) = self.shape.filter(|_| slots.held.iter().all(Option::is_none)) {
            let keys = || slots.unknown.iter().map(AsRef::as_ref);
            shape.refuse_stranger(self.list.path(place, ""), keys)?;
        }
        let mut slots = slots.keys.iter().zip(&slots.held).skip(from);
        for (label, (key, held)) in rows.texts.iter().zip(&mut slots) {
            let found = text(label, held.as_ref()).map_err(|wrong| self.list.wrong(place, key, wrong))?;
            self.labels.push(found);
        }
        let labels = self
            .labels
            .get(self.labels.len() - rows.texts.len()..)
            .unwrap_or_default();
        if !self.choosy.is_empty() && !self.choosy.iter().any(|figure| figure.is_of(labels)) {
            let told = labels.iter().map(|label| label.as_deref().unwrap_or("null"));
            self.unmet.insert(told.collect::<Vec<_>>().join(" "));
        }
        for (wanted, (key, held)) in self.wanted.iter().zip(slots) {
            if !wanted.figure.is_of(labels) {
                // The row is about something else.
                self.absent.push(self.figures.len());
                self.figures.push(None);
                continue;
            }
            let found = number(wanted.figure, held.as_ref()).map_err(|wrong| self.list.wrong(place, key, wrong))?;
            self.absent.extend(held.is_none().then_some(self.figures.len()));
            if rows.time.is_none() && found.is_none() {
                self.nameless.push(self.list.path(place, key));
            }
            self.figures.push(found);
        }
        self.buckets.push(bucket);
        Ok(())
    }

    /// The bucket that a row's moment names.
    fn bucket(&self, place: Place) -> Result<Bucket> {
        let Some(key) = &self.layout.time else {
            return Ok(self.whole);
        };
        let held = self.slots.held.first().and_then(Option::as_ref);
        let start = read(held, |at| match self.layout.told {
            Some(Holds::Day) => day(at).and_then(Instant::midnight),
            Some(Holds::Seconds) => seconds(at),
            _ => instant(at),
        });
        let bucket = start.and_then(|Instant { at, .. }| {
            self.around(at)
                .ok_or_else(|| format!("{at} is too late to be a bucket's start"))
        });
        bucket.map_err(|wrong| self.list.wrong(place, key, wrong))
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
        let inner = self.layout.inner.as_deref();
        let mut inside = 0;
        reader.members(|reader, key, peek| {
            if inner != Some(&*key) {
                return self.slots.take(reader, key, peek);
            }
            if peek == Peek::Array {
                return reader.items(|reader, peek| {
                    inside += 1;
                    self.inside(reader, peek, Place(place, Some(inside - 1)))
                });
            }
            let held = reader.value(peek)?;
            if held != Json::Null
                && let Err(wrong) = read(Some(&held), At::list)
            {
                self.keep(self.list.wrong(Place(place, None), &key, wrong));
            }
            Ok(())
        })?;
        self.slots.refuse_duplicates()?;
        match self.bucket(Place(place, None)) {
            // It comes before what is wrong inside.
            Err(problem) => self.problem = Some(problem),
            Ok(bucket) if inner.is_some() => self.buckets.iter_mut().skip(before).for_each(|known| *known = bucket),
            Ok(bucket) => self.keep_if_wrong(Place(place, None), bucket),
        }
        Ok(())
    }

    /// Takes a row inside of an item.
    fn inside(&mut self, reader: &mut Reader<'b>, peek: Peek, place: Place) -> Result<()> {
        if peek != Peek::Object {
            return self.no_object(reader, peek, place);
        }
        self.inner.clear();
        reader.members(|reader, key, peek| self.inner.take(reader, key, peek))?;
        self.inner.refuse_duplicates()?;
        self.keep_if_wrong(place, self.whole);
        Ok(())
    }

    fn keep_if_wrong(&mut self, place: Place, bucket: Bucket) {
        if let Err(problem) = self.take(place, bucket) {
            self.keep(problem);
        }
    }

    fn no_object(&mut self, reader: &mut Reader<'b>, peek: Peek, place: Place) -> Result<()> {
        let found = reader.value(peek)?;
        if let Err(wrong) = read(Some(&found), At::map) {
            self.keep(self.list.wrong(place, "", wrong));
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
        self.no_object(reader, peek, Place(place, None))
    }
}

impl<'b> Slots<'b> {
    fn of(keys: Vec<&'static str>) -> Self {
        Self {
            held: vec![None; keys.len()],
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
        self.held.fill(None);
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
        let slot = Some(reader.value(peek)?);
        if self.has_twins {
            let places = self.keys.iter().zip(&mut self.held).skip(first + 1);
            for (_, held) in places.filter(|(known, _)| ***known == *key) {
                held.clone_from(&slot);
            }
        }
        match self.held.get_mut(first) {
            Some(held @ None) => *held = slot,
            _ => return Err(occurs_twice(&key)),
        }
        Ok(())
    }

    fn refuse_duplicates(&self) -> Result<()> {
        refuse_duplicates(&self.unknown.iter().map(AsRef::as_ref))
    }
}

/// What is read of a value, or what is wrong with it; its place is the caller's to name.
fn read<'j, 'b, T>(
    held: Option<&'j Json<'b>>,
    read: impl FnOnce(&At<'j, 'b>) -> Result<T>,
) -> std::result::Result<T, String> {
    let at = At::root(held.ok_or("the field is missing")?);
    read(&at).map_err(|problem| problem.message.trim_start_matches("$: ").to_owned())
}

impl Figure {
    /// True if a row with these labels has it.
    fn is_of(&self, labels: &[Option<Cow<'_, str>>]) -> bool {
        let has = |(place, word): &(usize, String)| labels.get(*place).and_then(Option::as_deref) == Some(&**word);
        self.only.iter().all(has)
    }
}

/// The number that a value is; nothing where there is none, and may be none.
pub(super) fn number(figure: &Figure, held: Option<&Json<'_>>) -> std::result::Result<Option<Quantity>, String> {
    if let Some(Json::Number(text)) = held
        && figure.scale == 0
        && let Some(count) = digits(text.as_bytes()).and_then(|count| i64::try_from(count).ok())
    {
        return Ok(Some(Quantity::whole(count))); // as nearly all are
    }
    match held {
        None if figure.optional => Ok(None),
        Some(Json::Null) if figure.is_nullable => Ok(None),
        Some(Json::Text(text)) if matches!(figure.holds, Some(Holds::Written)) => scaled(figure, text)
            .map(Some)
            .map_err(|_| format!("expected a number, found {text:?}")),
        _ => read(held, |at| {
            if let Some(Holds::Integer) = figure.holds {
                at.count()?;
            }
            match at.value {
                Json::Number(text) => scaled(figure, text).map(Some),
                _ => Err(at.expected("a number")),
            }
        }),
    }
}

/// A number in its meter's unit, exactly.
pub(super) fn scaled(figure: &Figure, text: &str) -> Result<Quantity> {
    match figure.scale {
        0 => Quantity::parse(text),
        power if text.contains(['e', 'E']) => Err(Error::invalid(format!(
            "{text} has an exponent, and its unit another {power}"
        ))),
        power => Quantity::parse(&format!("{text}e{power}")),
    }
}

/// The text that a value is; nothing where there is none, and may be none.
fn text<'b>(label: &Label, held: Option<&Json<'b>>) -> std::result::Result<Option<Cow<'b, str>>, String> {
    match held {
        None | Some(Json::Null) if !label.needed => Ok(None),
        Some(Json::Number(text)) if !label.is_text => Ok(Some(text.clone())),
        Some(Json::Text(text)) => Ok(Some(match in_one_case(text) {
            Cow::Owned(text) => Cow::Owned(text),
            Cow::Borrowed(_) => text.clone(),
        })),
        _ => read(held, |at| Err(at.expected("a string"))),
    }
}

impl List {
    fn wrong(&self, place: Place, key: &str, wrong: String) -> Error {
        Error::unexpected(self.path(place, key), wrong)
    }

    /// The path of a key of a row, for messages.
    fn path(&self, Place(row, inside): Place, key: &str) -> String {
        let Self(keys, inner) = self;
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
}
