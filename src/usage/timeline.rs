//! Timelines: what is known of each stretch of time that was asked for, source by source.
//!
//! A timeline belongs to an account and a source with the arguments that tell its calls apart. It is made of what was
//! asked, of what a source writes, of what the answers say of themselves, and of what came; holes, completeness, coverage,
//! roll-ups and what remains to be asked all read it, and nothing works it out a second time. A stretch is as long as its
//! state lasts: there is no row for each bucket.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use ahash::AHashMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::arrays::{NO_MOMENT, microseconds};
use super::columns::{CallReadings, Told};
use super::runs::Runs;
use crate::meters::{Buckets, Meter, Settles, Source, Writes};
use crate::plan::{Plan, Unavailable};
use crate::service::{Asked, PlannedCall};
use crate::values::arguments::Value;
use crate::values::error::Error;
use crate::values::window::Instant;

/// What is known of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Known {
    /// Its numbers are there, and none may still change by the source's rule.
    Got,
    /// Its numbers are there, and may still change.
    Provisional,
    /// It was answered without a row, and no page says whether that means zero.
    Absent,
    /// It was answered, but is not in the answer although it should be.
    Missing,
    /// Its call failed, or was not made.
    Failed,
    /// No call can answer it, or not yet.
    Unavailable,
}

impl Known {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Got => "got",
            Self::Provisional => "provisional",
            Self::Absent => "absent",
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::Unavailable => "unavailable",
        }
    }

    /// True if its numbers are there.
    pub const fn is_there(self) -> bool {
        matches!(self, Self::Got | Self::Provisional)
    }

    /// True if a usage that has it is not complete.
    pub const fn is_lost(self) -> bool {
        matches!(self, Self::Missing | Self::Failed)
    }
}

/// What became of a call, apart from its readings.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It was not made.
    NotMade,
    /// It was made, and failed.
    Failed(Error),
    /// It was answered.
    Answered(Answer),
}

/// What is known of an answer, apart from its readings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// When it was fetched, in microseconds.
    pub fetched_at: i64,
    /// Where it has buckets.
    pub runs: Runs,
    /// The first start of a reading that may still change; `i64::MAX` if none may.
    pub provisional_from: i64,
    /// How many readings it has.
    pub readings: usize,
    /// How many of them may still change.
    pub provisional: usize,
    /// How many were dropped, because they start outside the piece.
    pub left_out: usize,
    /// How many end after what was asked.
    pub beyond: usize,
    /// Remarks on it.
    pub notes: Vec<String>,
    /// What it says of its own holes.
    pub told: Told,
    /// Where each series has buckets, by meter and labels; told apart only where a source writes every bucket.
    pub series: Vec<(usize, Vec<Option<String>>, Runs)>,
}

impl Answer {
    /// What is known of these readings.
    pub fn of(readings: &mut CallReadings, end: Option<Timestamp>) -> Self {
        Self {
            fetched_at: readings.fetched_at().as_microsecond(),
            runs: std::mem::take(&mut readings.runs),
            provisional_from: readings.provisional_from,
            readings: readings.len(),
            provisional: readings.provisional,
            left_out: readings.left_out,
            beyond: end.map_or(0, |end| readings.ending_after(end)),
            notes: std::mem::take(&mut readings.notes),
            told: std::mem::take(&mut readings.told),
            series: std::mem::take(&mut readings.series),
        }
    }
}

/// What is known of one source of one account, over all that was asked.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// The account's name.
    pub account: String,
    /// The provider's name.
    pub provider: &'static str,
    /// The source.
    pub source: &'static Source,
    /// How its readings are cut in time.
    pub buckets: Buckets,
    /// The meters that are asked for.
    pub meters: Vec<&'static Meter>,
    /// What its calls were narrowed to: dimensions with their values.
    pub narrowed: Vec<(&'static str, String)>,
    /// The arguments that tell its calls from others of the same operation, for messages; empty if nothing does.
    pub told: String,
    /// Its calls, by their places in the plan.
    pub calls: Vec<usize>,
    /// What is known, in time's order and without overlap.
    pub stretches: Vec<Stretch>,
    /// Holes of single series, inside what is there.
    pub series: Vec<SeriesHole>,
}

/// A stretch of time, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// Its first moment, in microseconds.
    pub start: i64,
    /// The first moment after it.
    pub end: i64,
    /// What is known.
    pub state: Known,
    /// When its last numbers are final by the source's rule; [`NO_MOMENT`] where that is not known.
    pub settled_at: i64,
    /// Its call, by its place in the plan, if there was one to make.
    pub call: Option<usize>,
    /// Why it is a hole.
    pub reason: Option<Arc<str>>,
}

/// A hole of a single series.
#[derive(Debug, Clone)]
pub struct SeriesHole {
    /// The meter.
    pub meter: &'static Meter,
    /// The values of its dimensions.
    pub labels: Vec<Option<String>>,
    /// Its first moment, in microseconds.
    pub start: i64,
    /// The first moment after it.
    pub end: i64,
    /// The call that shows it.
    pub call: usize,
    /// Why it is a hole.
    pub reason: &'static str,
}

impl Timeline {
    /// Where its numbers are there.
    pub fn known(&self) -> Runs {
        let mut runs = Runs::default();
        for stretch in self.stretches.iter().filter(|stretch| stretch.state.is_there()) {
            runs.add(stretch.start, stretch.end);
        }
        runs
    }

    /// Its operation, and what tells its calls from others of it.
    pub fn describe(&self) -> Cow<'_, str> {
        described(self.source.operation, &self.told)
    }
}

/// An operation, and what tells a call of it from others.
pub fn described<'a>(operation: &'a str, told: &str) -> Cow<'a, str> {
    if told.is_empty() {
        Cow::Borrowed(operation)
    } else {
        Cow::Owned(format!("{operation} ({told})"))
    }
}

/// Why a call has no answer that was never made.
pub const NOT_MADE: &str = "the call was not made";
const NO_ROW: &str = "answered without a row; no page says whether that means zero";
const OTHER_MONTH: &str = "the answer is about another month than was asked for";
const BEFORE_FIRST: &str = "before the first row of all answers";
const LEFT_OUT: &str = "not in the answer, although the service writes every bucket";
const NULL: &str = "the answer has no number here";
const GAP: &str = "this series is not in the answer here, although the service writes every bucket";

/// The timelines of a plan, given what became of its calls.
pub fn of(plan: &Plan, fates: &[Fate]) -> Vec<Timeline> {
    let groups = groups(plan);
    let mut timelines: Vec<Timeline> = groups.iter().filter_map(|group| timeline(plan, group, fates)).collect();
    tell_apart(plan, &mut timelines);
    for part in &plan.unavailable {
        let mut is_known = false;
        let same =
            |timeline: &&mut Timeline| timeline.account == part.account && timeline.source.operation == part.operation;
        for timeline in timelines.iter_mut().filter(same) {
            is_known = true;
            timeline.overlay(vec![out_of_reach(part)]);
        }
        if !is_known && let Some(mut timeline) = unasked(plan, part) {
            timeline.stretches.push(out_of_reach(part));
            timelines.push(timeline);
        }
    }
    timelines
}

/// The calls of one source with the same arguments besides the window, by their places.
fn groups(plan: &Plan) -> Vec<Vec<usize>> {
    type Key<'a> = (&'a str, &'a str, &'a [(String, Value)]);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known: AHashMap<Key<'_>, usize> = AHashMap::new();
    let mut latest: Option<(&PlannedCall, usize)> = None;
    for (place, call) in plan.calls.iter().enumerate() {
        let same =
            latest.filter(|(before, _)| Arc::ptr_eq(&before.asked, &call.asked) && before.account == call.account);
        let group = if let Some((_, group)) = same {
            group
        } else {
            let asked = &call.asked;
            let key = (&*call.account, asked.source.operation, &*asked.arguments);
            *known.entry(key).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            })
        };
        if let Some(group) = groups.get_mut(group) {
            group.push(place);
        }
        latest = Some((call, group));
    }
    groups
}

fn timeline(plan: &Plan, places: &[usize], fates: &[Fate]) -> Option<Timeline> {
    let calls: Vec<(usize, &PlannedCall, &Fate)> = places
        .iter()
        .filter_map(|place| Some((*place, plan.calls.get(*place)?, fates.get(*place)?)))
        .collect();
    let (_, first, _) = calls.first()?;
    let asked = &first.asked;
    let answers = || {
        calls.iter().filter_map(|(_, _, fate)| match fate {
            Fate::Answered(answer) => Some(answer),
            Fate::NotMade | Fate::Failed(_) => None,
        })
    };
    let bounds = answers().filter_map(|answer| answer.runs.bounds());
    let rows = bounds.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    let mut timeline = Timeline {
        account: first.account.clone(),
        provider: first.provider,
        buckets: asked.buckets,
        meters: asked.wanted().map(|(_, meter)| meter).collect(),
        narrowed: asked.narrowed(),
        calls: places.to_vec(),
        ..Timeline::default_of(asked.source)
    };
    for (place, call, fate) in &calls {
        timeline.overlay(match fate {
            Fate::NotMade => vec![failed(call, *place, NOT_MADE.into())],
            Fate::Failed(error) => vec![failed(call, *place, error.to_string().into())],
            Fate::Answered(answer) => Reading {
                call,
                place: *place,
                answer,
                rows,
            }
            .stretches(),
        });
        if let Fate::Answered(answer) = fate {
            timeline.nulls(asked, *place, answer);
        }
    }
    timeline.gaps_of_series(asked, &calls);
    Some(timeline)
}

impl Timeline {
    fn default_of(source: &'static Source) -> Self {
        Self {
            account: String::new(),
            provider: "",
            source,
            buckets: source.buckets,
            meters: Vec::new(),
            narrowed: Vec::new(),
            told: String::new(),
            calls: Vec::new(),
            stretches: Vec::new(),
            series: Vec::new(),
        }
    }

    /// Puts stretches of one call beside those that are known, or over them where they know more.
    fn overlay(&mut self, new: Vec<Stretch>) {
        for stretch in new {
            let is_after = self.stretches.last().is_none_or(|last| last.end <= stretch.start);
            if is_after {
                self.stretches.push(stretch);
            } else {
                self.blend(&stretch);
            }
        }
    }

    /// Where two calls were about the same time, the one that knows more counts.
    fn blend(&mut self, new: &Stretch) {
        let from = self.stretches.partition_point(|known| known.end <= new.start);
        let to = self.stretches.partition_point(|known| known.start < new.end);
        let piece = |of: &Stretch, start: i64, end: i64| Stretch {
            start,
            end,
            ..of.clone()
        };
        let mut blended: Vec<Stretch> = Vec::new();
        let mut at = new.start;
        for known in self.stretches.get(from..to).unwrap_or_default() {
            if known.start < new.start {
                blended.push(piece(known, known.start, new.start));
            }
            if at < known.start {
                blended.push(piece(new, at, known.start));
            }
            let (start, end) = (known.start.max(new.start), known.end.min(new.end));
            blended.push(piece(if new.state < known.state { new } else { known }, start, end));
            if new.end < known.end {
                blended.push(piece(known, new.end, known.end));
            }
            at = end;
        }
        if at < new.end {
            blended.push(piece(new, at, new.end));
        }
        blended.dedup_by(|next, before| {
            let is_same = (next.state, next.call, &next.reason) == (before.state, before.call, &before.reason);
            let joins = is_same && before.end == next.start;
            if joins {
                (before.end, before.settled_at) = (next.end, next.settled_at);
            }
            joins
        });
        self.stretches.splice(from..to, blended);
    }

    fn nulls(&mut self, asked: &Asked, call: usize, answer: &Answer) {
        let holes = answer.told.nulls.iter().filter_map(|null| {
            Some(SeriesHole {
                meter: asked.source.meters.get(null.meter)?,
                labels: null.labels.clone(),
                start: null.start,
                end: null.end,
                call,
                reason: NULL,
            })
        });
        self.series.extend(holes);
    }

    /// Where a series has buckets before and after, and none in between although the source does.
    fn gaps_of_series(&mut self, asked: &Asked, calls: &[(usize, &PlannedCall, &Fate)]) {
        type Series<'a> = (usize, &'a [Option<String>]);
        let mut all: HashMap<Series<'_>, (Runs, usize)> = HashMap::new();
        let mut order = Vec::new();
        for (place, _, fate) in calls {
            let Fate::Answered(answer) = fate else { continue };
            for (meter, labels, runs) in &answer.series {
                let (known, latest) = all.entry((*meter, labels)).or_insert_with(|| {
                    order.push((*meter, labels.as_slice()));
                    Default::default()
                });
                runs.iter().for_each(|(start, end)| known.add(start, end));
                *latest = *place;
            }
        }
        let there = self.known();
        for (meter, labels) in order {
            let Some((runs, call)) = all.get(&(meter, labels)) else {
                continue;
            };
            let (Some((start, end)), Some(meter)) = (runs.bounds(), asked.source.meters.get(meter)) else {
                continue;
            };
            let mut holes = Runs::default();
            runs.gaps(start, end)
                .into_iter()
                .for_each(|(from, to)| holes.add(from, to));
            // What the whole source lacks is a hole of the source.
            for (start, end) in holes.both(&there).iter() {
                self.series.push(SeriesHole {
                    meter,
                    labels: labels.to_vec(),
                    start,
                    end,
                    call: *call,
                    reason: GAP,
                });
            }
        }
    }
}

fn failed(call: &PlannedCall, place: usize, reason: Arc<str>) -> Stretch {
    Stretch {
        start: microseconds(Some(call.piece.start().at)),
        end: microseconds(Some(call.piece.end().at)),
        state: Known::Failed,
        settled_at: NO_MOMENT,
        call: Some(place),
        reason: Some(reason),
    }
}

fn out_of_reach(part: &Unavailable) -> Stretch {
    Stretch {
        start: microseconds(Some(part.window.start().at)),
        end: microseconds(Some(part.window.end().at)),
        state: Known::Unavailable,
        settled_at: NO_MOMENT,
        call: None,
        reason: Some(part.reason.as_str().into()),
    }
}

/// The timeline of an operation that no call asks.
fn unasked(plan: &Plan, part: &Unavailable) -> Option<Timeline> {
    let sources = plan.provider(part.provider)?.facts().sources;
    let mut of_it = sources.iter().filter(|source| source.operation == part.operation);
    let source = of_it.next()?;
    let rest = of_it.flat_map(|source| source.meters);
    Some(Timeline {
        account: part.account.clone(),
        provider: part.provider,
        meters: source.meters.iter().chain(rest).collect(),
        ..Timeline::default_of(source)
    })
}

/// Says what tells the calls of timelines of one operation apart.
fn tell_apart(plan: &Plan, timelines: &mut [Timeline]) {
    type Arguments<'a> = &'a [(String, Value)];
    type Operation<'a> = (&'a str, &'static str);
    fn asked<'p>(plan: &'p Plan, timeline: &Timeline) -> Option<(Operation<'p>, Arguments<'p>)> {
        let call = plan.calls.get(*timeline.calls.first()?)?;
        Some(((&call.account, call.asked.source.operation), &call.asked.arguments))
    }
    // The first arguments of each operation, and the names of those that are not the same in all of its timelines.
    let mut alike: AHashMap<Operation<'_>, (Arguments<'_>, Vec<&str>)> = AHashMap::new();
    for timeline in timelines.iter() {
        let Some((key, own)) = asked(plan, timeline) else {
            continue;
        };
        let (first, differing) = alike.entry(key).or_insert((own, Vec::new()));
        for (one, other) in [(own, *first), (*first, own)] {
            let new = one
                .iter()
                .filter(|argument| !other.contains(argument))
                .map(|(name, _)| &**name);
            let new: Vec<&str> = new.filter(|name| !differing.contains(name)).collect();
            differing.extend(new);
        }
    }
    for timeline in timelines {
        let Some((key, own)) = asked(plan, timeline) else {
            continue;
        };
        if let Some((_, differing)) = alike.get(&key).filter(|(_, differing)| !differing.is_empty()) {
            for (name, value) in own.iter().filter(|(name, _)| differing.contains(&&**name)) {
                let before = if timeline.told.is_empty() { "" } else { ", " };
                timeline.told.extend([before, name, "=", &value.plain()]);
            }
        }
    }
}

/// An answer to a call, read for what is known of its time.
pub(super) struct Reading<'a> {
    pub call: &'a PlannedCall,
    pub place: usize,
    pub answer: &'a Answer,
    /// Where the first row of all answers of the source begins, and where the last one ends.
    pub rows: Option<(i64, i64)>,
}

impl Reading<'_> {
    /// What is known of the call's piece.
    pub fn stretches(&self) -> Vec<Stretch> {
        let (start, end) = (
            microseconds(Some(self.call.piece.start().at)),
            microseconds(Some(self.call.piece.end().at)),
        );
        let there = self.there(start, end);
        let mut all = Vec::new();
        let mut at = start;
        for (from, to) in there.iter() {
            self.gap(at, from, &mut all);
            self.numbers(from, to, &mut all);
            at = to;
        }
        self.gap(at, end, &mut all);
        all
    }

    /// Where there are buckets, within the piece.
    fn there(&self, start: i64, end: i64) -> Runs {
        let asked = &self.call.asked;
        let mut there = Runs::default();
        let Some((first, _)) = self.answer.runs.bounds() else {
            return there;
        };
        if asked.buckets == Buckets::MonthSoFar {
            there.add(start, end);
            return there;
        }
        let step = match asked.buckets {
            Buckets::Every(seconds, _) => seconds.max(asked.source.widened) * 1_000_000,
            Buckets::Months | Buckets::Window | Buckets::MonthSoFar => 0,
        };
        for (from, to) in self.answer.runs.iter() {
            // Where buckets do not begin with the piece, none need begin between its start and the first one.
            let is_crooked = from == first && from - start < step;
            there.add(if is_crooked { start } else { from.max(start) }, to.min(end));
        }
        there
    }

    fn push(&self, start: i64, end: i64, state: Known, reason: Option<Arc<str>>, all: &mut Vec<Stretch>) {
        if start >= end {
            return;
        }
        let settled_at = if state.is_there() {
            settled_at(self.call.asked.source.settles, end)
        } else {
            NO_MOMENT
        };
        match all.last_mut() {
            Some(last) if last.end == start && last.state == state && last.reason == reason => {
                (last.end, last.settled_at) = (end, settled_at);
            }
            _ => all.push(Stretch {
                start,
                end,
                state,
                settled_at,
                call: Some(self.place),
                reason,
            }),
        }
    }

    fn numbers(&self, start: i64, end: i64, all: &mut Vec<Stretch>) {
        let from = self.answer.provisional_from.clamp(start, end);
        self.push(start, from, Known::Got, None, all);
        self.push(from, end, Known::Provisional, None, all);
    }

    /// A stretch of the piece without a bucket.
    fn gap(&self, start: i64, end: i64, all: &mut Vec<Stretch>) {
        let (from, to) = self.answer.told.answers.unwrap_or((start, end));
        let (from, to) = (from.clamp(start, end), to.clamp(start, end).max(from.clamp(start, end)));
        let shortened = |(from, to)| {
            let told = (moment(from), moment(to));
            Some(format!("the answer says that it is about {} … {} only", told.0, told.1).into())
        };
        let is_short = start < from || to < end;
        let told = self.answer.told.answers.filter(|_| is_short).and_then(shortened);
        self.push(start, from, Known::Missing, told.clone(), all);
        self.unanswered(from, to, all);
        self.push(to, end, Known::Missing, told, all);
    }

    /// A stretch without a bucket, of the range that the answer is about.
    fn unanswered(&self, start: i64, end: i64, all: &mut Vec<Stretch>) {
        if start >= end {
            return;
        }
        let last = self.answer.runs.bounds().map(|(_, last)| last);
        if let Some(how) = &self.answer.told.cut
            && last.is_none_or(|last| last <= start)
        {
            return self.push(start, end, Known::Missing, Some(how.as_str().into()), all);
        }
        if self.call.asked.buckets == Buckets::MonthSoFar && self.answer.left_out > 0 {
            return self.push(start, end, Known::Unavailable, Some(OTHER_MONTH.into()), all);
        }
        let source = self.call.asked.source;
        let (due, rule) = self.due(start, end);
        match (source.writes, last) {
            (Writes::Used, Some(_)) => self.push(start, due, Known::Got, None, all),
            (Writes::Every, Some(_)) => self.expected(start, due, rule.is_some(), all),
            (_, None) | (Writes::Unknown, _) => self.push(start, due, Known::Absent, Some(NO_ROW.into()), all),
        }
        let not_ready = rule.map(|rule| format!("not ready until {rule}").into());
        self.push(due, end, Known::Unavailable, not_ready, all);
    }

    /// A stretch without a bucket, in an answer that should have all of them.
    fn expected(&self, start: i64, end: i64, is_due: bool, all: &mut Vec<Stretch>) {
        let (first, last) = self.rows.unwrap_or((end, end));
        // An answer without the bucket that is under way lacks nothing.
        let last = if is_due { end } else { last };
        let (before, after) = (first.clamp(start, end), last.clamp(start, end));
        self.push(start, before, Known::Absent, Some(BEFORE_FIRST.into()), all);
        self.push(before, after.max(before), Known::Missing, Some(LEFT_OUT.into()), all);
        self.push(after.max(before), end, Known::Absent, Some(NO_ROW.into()), all);
    }

    /// Up to where buckets had to be in the answer, and by which rule; all of the stretch where no rule is known.
    fn due(&self, start: i64, end: i64) -> (i64, Option<Settles>) {
        let source = self.call.asked.source;
        let rule = [source.ready, source.settles]
            .into_iter()
            .find(|rule| *rule != Settles::Unknown);
        let step = match self.call.asked.buckets {
            Buckets::Every(seconds, offset) => (seconds * 1_000_000, i64::from(offset) * 1_000_000),
            Buckets::Months | Buckets::Window | Buckets::MonthSoFar => return (end, None),
        };
        let Some(latest) = rule.and_then(|rule| latest_final(rule, self.answer.fetched_at)) else {
            return (end, None);
        };
        let whole = (latest + step.1).div_euclid(step.0) * step.0 - step.1;
        (whole.clamp(start, end), rule)
    }
}

/// When a reading with this end is final.
fn settled_at(rule: Settles, end: i64) -> i64 {
    match rule {
        Settles::Unknown => NO_MOMENT,
        Settles::After(seconds) => end + seconds * 1_000_000,
        Settles::AtTimeOfDay(second, offset) => {
            let (day, offset) = (86_400_000_000, i64::from(offset) * 1_000_000);
            (end + offset).div_euclid(day) * day + second * 1_000_000 - offset
        }
    }
}

/// The latest end of a reading that is final at this moment.
fn latest_final(rule: Settles, at: i64) -> Option<i64> {
    match rule {
        Settles::Unknown => None,
        Settles::After(seconds) => Some(at - seconds * 1_000_000),
        Settles::AtTimeOfDay(second, offset) => {
            let (day, offset) = (86_400_000_000, i64::from(offset) * 1_000_000);
            let days = (at + offset - second * 1_000_000).div_euclid(day);
            Some((days + 1) * day - 1 - offset)
        }
    }
}

/// A moment in microseconds, for messages.
pub fn moment(at: i64) -> String {
    Timestamp::from_microsecond(at).map_or_else(|_| "…".to_owned(), |at| Instant::utc(at).to_utc_text())
}
