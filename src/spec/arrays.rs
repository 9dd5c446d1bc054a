//! Rows as arrays that line up with a list of moments: `{"ts": [t, …], "counters": {"a": [v, …], …}}`.
//!
//! Where no page says in which zone buckets begin, one ends where the next starts, and what an answer may show of a cut is
//! looked for.

use std::borrow::Cow;
use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::document::{Call, Figure};
use super::fail::{below, place};
use super::rows::{Rows, Wanted, number};
use crate::meters::{Bucket, Buckets, Sink};
use crate::service::PlannedCall;
use crate::values::error::{Error, Kind, Result};
use crate::values::json::{At, Json};
use crate::values::shape::instant;

const HOUR: i64 = 3600;
const DAY: i64 = 86400;
/// So many buckets on end, and then none, are an answer that was cut: a service that left out buckets without use would
/// have had gaps.
const LONG_RUN: usize = 100;

/// What is done with an array or number, and the keys that lead to it.
type Visit<'v, 'b> = &'v mut dyn FnMut(&At<'_, 'b>, &[&Cow<'b, str>]) -> Result<()>;

/// Visits the arrays of an answer, and the numbers among them, which are about its whole window.
pub fn each<'b>(asked: &Call, at: &At<'_, 'b>, visit: Visit<'_, 'b>) -> Result<()> {
    let (Some(layout), path) = (&asked.rows, at.path()) else {
        return Ok(());
    };
    let members = at.map()?;
    if !layout.at.is_empty() && below(at.value, &layout.at).is_some() {
        return place(at, &layout.at, &mut |inner| walk(inner, &[], visit));
    }
    let moments = layout.moments.as_deref().unwrap_or_default();
    if !layout.at.is_empty() && !layout.may_be_missing {
        let place = format!("{path}.{}", layout.at.join("."));
        return Err(Error::unexpected(place, "the field is missing"));
    }
    at.need(&path, moments)?;
    for (key, value) in members.iter().filter(|(key, _)| key != moments) {
        let is_number = |item: &Json<'_>| matches!(item, Json::Number(_) | Json::Null);
        let is_series = match value {
            Json::Number(_) => false,
            Json::Numbers(_) => true,
            Json::List(items) if items.iter().all(is_number) => true,
            _ => asked.meter.iter().any(|figure| figure.value == **key),
        };
        if is_series {
            walk(&At::member(&path, key, value), &[key], visit)?;
        }
    }
    Ok(())
}

/// Goes down to arrays and numbers.
fn walk<'b>(at: &At<'_, 'b>, keys: &[&Cow<'b, str>], visit: Visit<'_, 'b>) -> Result<()> {
    match at.value {
        Json::Map(members) => {
            let path = at.path();
            let mut members = members.iter();
            members.try_for_each(|(key, value)| walk(&At::member(&path, key, value), &[keys, &[key]].concat(), visit))
        }
        Json::List(_) | Json::Numbers(_) | Json::Number(_) | Json::Null => visit(at, keys),
        Json::Bool(_) | Json::Text(_) => Err(at.expected("an array of numbers")),
    }
}

/// How many items an array has.
fn length(value: &Json<'_>) -> Option<usize> {
    match value {
        Json::List(items) => Some(items.len()),
        Json::Numbers(items) => Some(items.len()),
        _ => None,
    }
}

/// Which bucket a missing value belongs to cannot be known, so arrays of different length are never zipped.
pub fn check_length(at: &At<'_, '_>, values: usize, moments: Option<usize>) -> Result<()> {
    match moments {
        None => Err(Error::unexpected(
            at.path(),
            "an array of values, but no list of moments beside it",
        )),
        Some(moments) if moments == values => Ok(()),
        Some(moments) => {
            let text = format!("{}: {values} values for {moments} timestamps", at.path());
            Err(Error::new(Kind::InconsistentResponse, text))
        }
    }
}

/// The buckets that moments begin.
fn buckets(asked: &Call, call: &PlannedCall, at: &At<'_, '_>) -> Result<Vec<Bucket>> {
    let path = at.path();
    let items = at.list()?;
    let items = items.iter().enumerate();
    let starts = items.map(|(place, item)| instant(&At::item(&path, place, item)).map(|instant| instant.at));
    let starts: Vec<Timestamp> = starts.collect::<Result<_>>()?;
    let mut distinct = starts.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let pairs = distinct.iter().zip(distinct.iter().skip(1));
    let gaps: Vec<i64> = pairs.map(|(one, next)| next.as_second() - one.as_second()).collect();
    let chosen = asked.grain_of(&call.call).map(|grain| grain.every);
    let length = match (chosen, call.asked.buckets, gaps.iter().min()) {
        (Some(length), ..) => length,
        (_, Buckets::Every(length, _), _) if !asked.rows.as_ref().is_some_and(|rows| rows.measured) => length,
        (.., Some(gap)) if *gap < DAY - slack(DAY) => (*gap).max(1),
        (.., Some(_)) => DAY,
        // Hours would have come in more than one piece.
        _ if call.request.end().at.duration_since(call.request.start().at).as_secs() >= DAY => DAY,
        _ => HOUR,
    };
    // Longer buckets than those asked for would be other readings. Those without use may be left out, but three in a row
    // that are as far apart as longer ones are such.
    let are_longer = |every: i64| every > length && gaps.iter().all(|gap| *gap >= every - slack(every));
    let mut grains = asked.grain.iter().map(|grain| grain.every);
    let longer = grains.find(|every| are_longer(*every));
    if let (Some(_), Some(every), count @ 3..) = (chosen, longer, distinct.len()) {
        let text = format!(
            "{path}: {count} timestamps, all as far apart as buckets of {every} s, while those of {length} s were asked for"
        );
        return Err(Error::new(Kind::InconsistentResponse, text));
    }
    let bucket = |start: &Timestamp| {
        // Where the next one is farther than a bucket is long, or there is none, it has its usual length.
        let after = |seconds: i64| start.checked_add(SignedDuration::from_secs(seconds)).ok();
        let next = distinct.get(distinct.partition_point(|other| other <= start)).copied();
        let farthest = after(length + slack(length))?;
        let end = next.filter(|next| *next <= farthest).or_else(|| after(length))?;
        Some(Bucket { start: *start, end })
    };
    let late = || at.expected("moments before the year 9999");
    starts.iter().map(|start| bucket(start).ok_or_else(late)).collect()
}

/// How much longer or shorter a bucket is where clocks change.
fn slack(length: i64) -> i64 {
    if length % DAY == 0 { HOUR } else { 0 }
}

impl<'b> Rows<'b> {
    /// Words for notes: whose a total is, what it adds up, and what that has.
    pub fn words(&self) -> (&'static str, &'static str, &'static str) {
        match self.layout.moments {
            Some(_) => ("the answer's ", "its counters", "values"),
            None => ("", "the rows", "figures"),
        }
    }

    /// Takes the rows of an answer whose arrays line up with a list of moments.
    pub fn arrays(
        &mut self,
        asked: &'static Call,
        call: &PlannedCall,
        at: &At<'_, 'b>,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let path = at.path();
        at.map()?;
        let key = self.layout.moments.as_deref().unwrap_or_default();
        let held = at.value.get(key).map(|held| At::member(&path, key, held));
        let moments = held.map(|held| buckets(asked, call, &held)).transpose()?;
        let (mut count, mut are_arrays) = (0, true);
        each(asked, at, &mut |at, _| {
            let items = length(at.value);
            count += items.unwrap_or(1);
            are_arrays &= items.is_some();
            Ok(())
        })?;
        // There may be a million of them, which must not move as they grow.
        self.figures.reserve(count * self.wanted.len());
        self.lines_up = are_arrays.then(|| moments.as_ref().map_or(1, Vec::len));
        if let (Some(_), Some(moments)) = (self.lines_up, &moments) {
            self.buckets.clone_from(moments);
        }
        let mut unknown = Vec::new();
        each(asked, at, &mut |at, keys| {
            let (name, labels) = self.split(call, keys);
            let is_named = name.is_some() && asked.meter.iter().any(|figure| figure.value != "*");
            let mut figures = asked.meter.iter();
            let figure = figures.find(|figure| !is_named || name.as_deref() == Some(&*figure.value));
            if let (None, Some(name)) = (figure, name)
                && !unknown.contains(&name)
            {
                unknown.push(name);
            }
            self.array(asked, figure, &labels, moments.as_deref(), at)
        })?;
        for figure in &asked.meter {
            if let (key, Some(Json::Number(_))) = (&figure.value, at.value.get(&figure.value)) {
                let text = format!("the answer's {key} is one number, not one for each timestamp, and is not kept");
                sink.note(text);
            }
        }
        if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            sink.note(format!("the answer has counters that no meter knows: {unknown}"));
        }
        self.moments = moments.unwrap_or_default();
        Ok(())
    }

    /// What keys name, and the labels that they are.
    fn split(&self, call: &PlannedCall, keys: &[&Cow<'b, str>]) -> (Option<Cow<'b, str>>, Vec<Option<Cow<'b, str>>>) {
        let split = self.layout.split.as_ref();
        let is_split = split.is_some_and(|(argument, _)| call.call.arguments.get(argument).is_some());
        let (outer, keys) = keys.split_at(usize::from(is_split).min(keys.len()));
        let name = match keys {
            [] => None,
            [key] => Some((*key).clone()),
            keys => Some(keys.iter().map(|key| &***key).collect::<Vec<_>>().join(".").into()),
        };
        let labels = self.layout.labels.iter().map(|label| match split {
            Some((_, other)) if other == label => outer.first().map(|key| (*key).clone()),
            _ => name.clone(),
        });
        let labels = labels.collect();
        (name, labels)
    }

    /// Takes an array, or a number in place of one; one that nobody wants is only checked.
    fn array(
        &mut self,
        asked: &'static Call,
        figure: Option<&'static Figure>,
        labels: &[Option<Cow<'b, str>>],
        moments: Option<&[Bucket]>,
        at: &At<'_, 'b>,
    ) -> Result<()> {
        let length = length(at.value);
        if let Some(length) = length {
            check_length(at, length, moments.map(<[_]>::len))?;
        }
        let Some(read) = figure.or(asked.meter.first()) else {
            return Ok(());
        };
        let is_it = |wanted: &Wanted| figure.is_some_and(|figure| figure.meter == Some(wanted.place));
        let is_wanted = self.wanted.iter().any(is_it);
        let mut take = |place: usize, item: &Json<'_>| {
            let path = || match length {
                Some(_) => format!("{}[{place}]", at.path()),
                None => at.path().to_string(),
            };
            let found = number(read, Some(item)).map_err(|problem| Error::unexpected(path(), problem))?;
            for is_it in self.wanted.iter().filter(|_| is_wanted).map(is_it) {
                self.absent.extend((!is_it).then_some(self.figures.len()));
                self.figures.push(found.filter(|_| is_it));
            }
            Ok(())
        };
        match at.value {
            Json::Numbers(items) => (0..).zip(items.iter()).try_for_each(|(place, item)| take(place, &item)),
            Json::List(items) => (0..).zip(items).try_for_each(|(place, item)| take(place, item)),
            number => take(0, number),
        }?;
        let buckets = match length {
            Some(_) => moments.unwrap_or_default(),
            None => std::slice::from_ref(&self.whole),
        };
        if is_wanted && self.lines_up.is_some() {
            self.labels.extend_from_slice(labels);
        } else if is_wanted {
            self.buckets.extend_from_slice(buckets);
            let labels = buckets.iter().flat_map(|_| labels);
            self.labels.extend(labels.cloned());
        }
        Ok(())
    }

    /// Says how an answer shows that it was cut, if it does: its buckets end long before what was asked for does, and there
    /// are as many as the cap allows, or the total is above them, or they show that no bucket was left out before. One that
    /// is as long as the cap allows and begins late has lost its older part.
    pub fn look_for_cuts(&self, call: &PlannedCall, fetched_at: Timestamp, is_total_above: bool, sink: &mut dyn Sink) {
        let mut sorted: Vec<&Bucket> = self.moments.iter().collect();
        sorted.sort_by_key(|bucket| bucket.start);
        let (Some(cap), [first, .., last] | [first @ last]) = (self.layout.cap, sorted.as_slice()) else {
            return;
        };
        let (count, asked) = (sorted.len(), call.request);
        let lengths = [first, last].map(|bucket| bucket.end.duration_since(bucket.start));
        if count >= cap {
            let text = format!("the answer has {cap} timestamps or more, at which the service may cut it short");
            sink.note(text);
            if first.start.duration_since(asked.start().at) > lengths[0] {
                sink.answers(first.start, last.end.max(asked.end().at));
            }
        }
        // How long a service takes to tell of a bucket is not published; a day is taken for enough.
        let late = fetched_at.checked_sub(SignedDuration::from_secs(DAY).max(lengths[1]));
        let due = late.unwrap_or(fetched_at).min(asked.end().at);
        // Rows that lie before the range are about something else.
        if last.end <= asked.start().at || due.duration_since(last.end) <= lengths[1] {
            return;
        }
        let mut pairs = sorted.iter().zip(sorted.iter().skip(1));
        let is_dense = pairs.all(|(one, next)| one.end >= next.start);
        let are_all = self.wanted.len() == call.asked.source.meters.len();
        let writes_unused = || are_all && count > 1 && self.has_unused(&sorted);
        let why = if count >= cap {
            format!("it has {count} timestamps, at which the service may cut it short")
        } else if is_total_above {
            "its total is above its counters".to_owned()
        } else if is_dense && (count >= LONG_RUN || writes_unused()) {
            format!("it has {count} buckets without a gap, and then none")
        } else {
            return;
        };
        sink.cut(format!("the answer ends at {}, before {due}: {why}", last.end));
    }

    /// True if in any of the buckets nothing was used.
    fn has_unused(&self, buckets: &[&Bucket]) -> bool {
        let is_used = |row: usize| {
            let mut columns = 0..self.wanted.len();
            columns.any(|column| self.figure(row, column).is_some_and(|figure| figure.scaled != 0))
        };
        let rows = self.groups().flat_map(|group| (group.first..).zip(group.buckets));
        let used: HashSet<Timestamp> = rows
            .filter(|(row, _)| is_used(*row))
            .map(|(_, bucket)| bucket.start)
            .collect();
        buckets.iter().any(|bucket| !used.contains(&bucket.start))
    }
}
