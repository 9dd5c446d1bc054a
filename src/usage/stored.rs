//! What usages that were stored earlier know of a question: what need not be asked again, and what they are together.

use std::collections::HashMap;
use std::sync::Arc;

use ahash::{AHashMap, AHashSet};
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BinaryArray, RecordBatch, UInt32Array, new_null_array};
use arrow_schema::DataType;
use arrow_select::take::take_record_batch;
use jiff::{SignedDuration, Timestamp};

use super::Usage;
use super::arrays::{self, NO_MOMENT, Numbers, Texts, bug, microseconds};
use super::changes;
use super::concat::{Prefer, refuse_two_grains, series};
use super::remaining::again;
use super::runs::Runs;
use super::timeline::{Answer, Fate, Known, Reading, Stretch};
use crate::meters::{AFTER_DIMENSIONS, BEFORE_DIMENSIONS, Buckets, Settles};
use crate::plan::{Plan, Unavailable};
use crate::service::{Asked, PlannedCall};
use crate::values::error::{Error, Result};
use crate::values::text::did_you_mean;
use crate::values::window::{Instant, Window};

impl Usage {
    /// What is known of its calls apart from their readings, as a table to store: a row for each account, with its name,
    /// its provider, the first and the last moment that its calls are about, and the facts themselves.
    pub fn facts(&self) -> Result<RecordBatch> {
        let mut rows = Vec::new();
        for account in &self.plan.accounts {
            let of_it = self.plan.calls.iter().zip(&self.fates);
            let of_it = of_it.filter(|(call, _)| call.account == account.name);
            let (calls, fates): (Vec<PlannedCall>, Vec<Fate>) =
                of_it.map(|(call, fate)| (call.clone(), fate.clone())).unzip();
            let pieces = calls.iter().map(micros);
            let Some((start, end)) = pieces.reduce(|one, next| (one.0.min(next.0), one.1.max(next.1))) else {
                continue;
            };
            let evidence = of_calls(&self.evidence, &calls)?;
            let plan = Arc::new(self.plan.only(calls));
            let usage = Self::of(plan, fates, self.readings.slice(0, 0), evidence)?;
            rows.push((&account.name, account.provider, start, end, usage.to_bytes()?));
        }
        arrays::table(vec![
            ("account", arrays::texts(rows.iter().map(|row| Some(row.0.as_str())))),
            ("provider", arrays::texts(rows.iter().map(|row| Some(row.1)))),
            ("start", arrays::moments(rows.iter().map(|row| row.2).collect())),
            ("end", arrays::moments(rows.iter().map(|row| row.3).collect())),
            (
                FACTS,
                Arc::new(BinaryArray::from_iter_values(rows.iter().map(|row| &row.4))),
            ),
        ])
    }

    /// The facts in such tables.
    pub fn from_facts(tables: &[RecordBatch]) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for table in tables {
            let column = table
                .column_by_name(FACTS)
                .and_then(|column| column.as_binary_opt::<i32>());
            for bytes in column.ok_or_else(|| bug("no column of facts"))?.iter().flatten() {
                all.push(Self::from_bytes(bytes)?);
            }
        }
        Ok(all)
    }

    /// All that was stored of a range: these facts, which may be about more, and these readings, each there once. What no
    /// fact is about was not asked. `meters` are those that are wanted, if not all are.
    pub fn stored(
        facts: &[&Self],
        readings: &[RecordBatch],
        range: Window,
        now: Timestamp,
        meters: Option<&[String]>,
    ) -> Result<Self> {
        if facts.is_empty() {
            return Self::assemble(Plan::empty(now, range), Vec::new());
        }
        let all = Self::concat(facts, Prefer::Later)?;
        let mut plan = Plan {
            now: all.plan.now.max(now),
            asked: vec![range],
            edges: Vec::new(),
            ..(*all.plan).clone()
        };
        let mut fates = all.fates;
        if let Some(meters) = meters {
            narrow(&mut plan, &mut fates, meters)?;
        }
        let readings = without_parts(&contract(readings, &plan)?, &plan, range)?;
        drop_superseded(&mut plan, &mut fates, &readings)?;
        clip(&mut plan, &mut fates, range)?;
        let evidence = of_calls(&all.evidence, &plan.calls)?;
        plan.ask_gaps(range)?;
        fates.resize(plan.calls.len(), Fate::NotMade);
        count(&plan, &mut fates, &readings)?;
        Self::of(Arc::new(plan), fates, readings, evidence)
    }
}

/// The column of facts as bytes.
const FACTS: &str = "facts";

/// The first and the last moment of a call's piece, in microseconds.
fn micros(call: &PlannedCall) -> (i64, i64) {
    let [start, end] = [call.piece.start(), call.piece.end()].map(|at| at.at.as_microsecond());
    (start, end)
}

/// Leaves out other meters than these.
fn narrow(plan: &mut Plan, fates: &mut Vec<Fate>, meters: &[String]) -> Result<()> {
    let all: Vec<&str> = plan
        .calls
        .iter()
        .flat_map(super::columns::wanted)
        .map(|meter| meter.name)
        .collect();
    if let Some(unknown) = meters.iter().find(|meter| !all.contains(&meter.as_str())) {
        let hint = did_you_mean(unknown, all.iter().copied());
        return Err(Error::invalid(format!(
            "the ledger has no meter {unknown:?} here{hint}"
        )));
    }
    for call in &mut plan.calls {
        let known = call.asked.source.meters;
        let is_wanted = |place: &usize| {
            known
                .get(*place)
                .is_some_and(|meter| meters.iter().any(|name| name == meter.name))
        };
        if !call.asked.meters.iter().all(is_wanted) {
            Arc::make_mut(&mut call.asked).meters.retain(is_wanted);
        }
    }
    keep(plan, fates, |_, call| !call.asked.meters.is_empty());
    Ok(())
}

/// Readings as they were stored in the columns of a usage of this plan.
fn contract(tables: &[RecordBatch], plan: &Plan) -> Result<RecordBatch> {
    let dimensions = super::columns::dimensions(plan.calls.iter().flat_map(super::columns::wanted));
    let rows = tables.iter().map(RecordBatch::num_rows).sum();
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    let names = BEFORE_DIMENSIONS.iter().copied().chain(dimensions);
    for name in names.chain(AFTER_DIMENSIONS.iter().copied()) {
        let column = match name {
            "start" | "end" | "fetched_at" => arrays::moments(gathered(tables, name, changes::moments)?),
            "quantity" | "cost" => arrays::amounts(gathered(tables, name, changes::amounts)?)?,
            _ => {
                let parts = tables.iter().filter_map(|table| table.column_by_name(name));
                let parts: Vec<Texts<'_>> = parts.map(|column| Texts::of(column.as_ref())).collect::<Result<_>>()?;
                if parts.is_empty() {
                    new_null_array(&DataType::Utf8, rows)
                } else {
                    let all = || {
                        parts
                            .iter()
                            .zip(tables)
                            .flat_map(|(texts, table)| (0..table.num_rows()).map(|row| texts.get(row)))
                    };
                    match name {
                        "flags" => arrays::lists(all().map(|flags| flags.unwrap_or_default().split_whitespace())),
                        "provider" | "account" | "meter" | "unit" | "kind" | "status" => {
                            arrays::Words::column(all().map(Option::unwrap_or_default))?
                        }
                        _ => arrays::texts(all()),
                    }
                }
            }
        };
        columns.push((name, column));
    }
    arrays::table(columns)
}

fn gathered<T>(
    tables: &[RecordBatch],
    name: &str,
    values: impl Fn(&RecordBatch, &str) -> Result<Vec<T>>,
) -> Result<Vec<T>> {
    let mut all = Vec::new();
    for table in tables {
        all.extend(values(table, name)?);
    }
    Ok(all)
}

impl Plan {
    /// The calls of this plan that are needed where these facts are known. Figures that may no longer change are not asked
    /// again; where no page says when they are final, or they were not there, that is so long after their end.
    ///
    /// Counters of the month so far are left out: what they tell is of now.
    pub fn lacking(&self, facts: &[&Usage], reread: SignedDuration) -> Result<Self> {
        if !facts.is_empty() {
            let plans: Vec<&Self> = facts.iter().map(|usage| &*usage.plan).chain([self]).collect();
            refuse_two_grains(&Self::union(&plans)?)?;
        }
        let reread = i64::try_from(reread.as_micros()).unwrap_or(i64::MAX);
        let mut known: Vec<(&str, &Arc<Asked>, Runs)> = Vec::new();
        let mut calls = Vec::new();
        for call in self
            .calls
            .iter()
            .filter(|call| call.asked.buckets != Buckets::MonthSoFar)
        {
            let is_its =
                |known: &(&str, &Arc<Asked>, Runs)| known.0 == call.account && Arc::ptr_eq(known.1, &call.asked);
            // The calls of one source stand one behind the other.
            if !known.last().is_some_and(is_its) {
                known.push((&call.account, &call.asked, final_of(call, facts, reread)));
            }
            let Some((.., last)) = known.last() else { continue };
            let (start, end) = micros(call);
            let mut gaps = Runs::default();
            last.gaps(start, end)
                .into_iter()
                .for_each(|(from, to)| gaps.add(from, to));
            if gaps.bounds().is_some() {
                calls.extend(again(call, &gaps, self)?);
            }
        }
        Ok(self.only(calls))
    }

    /// The calls of this plan about the month so far.
    #[must_use]
    pub fn month_so_far(&self) -> Self {
        let calls = self.calls.iter();
        let calls = calls.filter(|call| call.asked.buckets == Buckets::MonthSoFar);
        self.only(calls.cloned().collect())
    }

    /// Adds calls that were not made for what of the range no call is about.
    fn ask_gaps(&mut self, range: Window) -> Result<()> {
        let mut sources: Vec<(PlannedCall, Runs)> = Vec::new();
        for call in &self.calls {
            let piece = micros(call);
            if let Some((_, pieces)) = sources.iter_mut().find(|(like, _)| is_of_one_source(like, call)) {
                pieces.add(piece.0, piece.1);
            } else {
                let mut pieces = Runs::default();
                pieces.add(piece.0, piece.1);
                sources.push((call.clone(), pieces));
            }
        }
        let (start, end) = (microseconds(Some(range.start().at)), microseconds(Some(range.end().at)));
        for (like, mut pieces) in sources {
            if like.asked.buckets == Buckets::MonthSoFar {
                continue;
            }
            let told = self
                .unavailable
                .iter()
                .filter(|part| part.account == like.account && part.operation == like.asked.source.operation);
            for part in told {
                pieces.add(
                    microseconds(Some(part.window.start().at)),
                    microseconds(Some(part.window.end().at)),
                );
            }
            for (from, to) in pieces.gaps(start, end) {
                self.ask(&like, between(from, to)?)?;
            }
        }
        Ok(())
    }
}

/// True if the calls are of one source with the same arguments besides the window.
fn is_of_one_source(one: &PlannedCall, other: &PlannedCall) -> bool {
    one.account == other.account
        && one.provider == other.provider
        && one.asked.source.operation == other.asked.source.operation
        && one.asked.buckets == other.asked.buckets
        && one.asked.arguments == other.asked.arguments
}

fn between(start: i64, end: i64) -> Result<Window> {
    let moment = |at: i64| Timestamp::from_microsecond(at).map(Instant::utc).map_err(bug);
    Window::new(moment(start)?, moment(end)?)
}

/// Where figures of a call's source are known that are not asked again.
fn final_of(like: &PlannedCall, facts: &[&Usage], reread: i64) -> Runs {
    let calls = facts.iter().flat_map(|usage| usage.plan.calls.iter().zip(&usage.fates));
    let answers: Vec<(&PlannedCall, &Answer)> = calls
        .filter_map(|(call, fate)| match fate {
            Fate::Answered(answer) => Some((call, answer)),
            Fate::NotMade | Fate::Failed(_) => None,
        })
        .filter(|(call, _)| is_of_one_source(like, call))
        .filter(|(call, _)| like.asked.meters.iter().all(|meter| call.asked.meters.contains(meter)))
        .collect();
    let bounds = answers.iter().filter_map(|(_, answer)| answer.runs.bounds());
    let rows = bounds.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    let mut known = Runs::default();
    for (call, answer) in answers {
        let reading = Reading {
            call,
            place: 0,
            answer,
            rows,
        };
        let until = answer.fetched_at.saturating_sub(reread);
        let is_told = call.asked.source.settles != Settles::Unknown;
        let mut of_it = Runs::default();
        for Stretch { start, end, state, .. } in reading.stretches() {
            match state {
                Known::Got if is_told => of_it.add(start, end),
                Known::Got | Known::Absent | Known::Unavailable => of_it.add(start, end.min(until)),
                Known::Provisional | Known::Missing | Known::Failed => {}
            }
        }
        let mut nulls = Runs::default();
        let late = answer.told.nulls.iter().filter(|null| null.end > until);
        late.filter(|null| like.asked.meters.contains(&null.meter))
            .for_each(|null| nulls.add(null.start, null.end));
        of_it
            .without(&nulls)
            .iter()
            .for_each(|(start, end)| known.add(start, end));
    }
    known
}

/// The rows of these calls.
fn of_calls(table: &RecordBatch, calls: &[PlannedCall]) -> Result<RecordBatch> {
    let known: AHashSet<&str> = calls.iter().map(|call| &*call.id).collect();
    let ids = ids(table)?;
    rows_where(table, |row| ids.get(row).is_some_and(|id| known.contains(id)))
}

fn ids(table: &RecordBatch) -> Result<Texts<'_>> {
    let column = table.column_by_name("call_id").ok_or_else(|| bug("no call_id"))?;
    Texts::of(column.as_ref())
}

fn rows_where(table: &RecordBatch, is_wanted: impl Fn(usize) -> bool) -> Result<RecordBatch> {
    let rows = (0..table.num_rows()).filter(|row| is_wanted(*row));
    let rows: Vec<u32> = rows
        .map(u32::try_from)
        .collect::<std::result::Result<_, _>>()
        .map_err(bug)?;
    take_record_batch(table, &UInt32Array::from(rows)).map_err(bug)
}

/// The readings that start in the range and whose call is known. Of figures for a whole window, those of which a longer
/// window of the same series is there are a part of that, and would count twice.
fn without_parts(readings: &RecordBatch, plan: &Plan, range: Window) -> Result<RecordBatch> {
    let calls: AHashMap<&str, &PlannedCall> = plan.calls.iter().map(|call| (&*call.id, call)).collect();
    let (starts, ends, of) = (
        changes::moments(readings, "start")?,
        changes::moments(readings, "end")?,
        ids(readings)?,
    );
    let call = |row: usize| of.get(row).and_then(|id| calls.get(id)).copied();
    let mut windows: Vec<(u32, i64, std::cmp::Reverse<i64>, usize)> = Vec::new();
    let series = series_of(readings, plan)?;
    for (row, (start, end)) in starts.iter().zip(&ends).enumerate() {
        if call(row).is_some_and(|call| call.asked.buckets == Buckets::Window) {
            let series = series.get(row).copied().unwrap_or_default();
            windows.push((series, *start, std::cmp::Reverse(*end), row));
        }
    }
    windows.sort_unstable();
    let mut parts = AHashSet::new();
    let mut longest = (u32::MAX, NO_MOMENT);
    for (series, _, end, row) in windows {
        if longest.0 == series && end.0 <= longest.1 {
            parts.insert(row);
        } else {
            longest = (series, end.0);
        }
    }
    let is_in = |row: usize| {
        let start = starts
            .get(row)
            .and_then(|start| Timestamp::from_microsecond(*start).ok());
        start.is_none_or(|start| range.contains(start))
    };
    let kept = rows_where(readings, |row| {
        !parts.contains(&row) && is_in(row) && call(row).is_some()
    })?;
    in_order(&kept, plan)
}

/// For each reading the number of its series.
fn series_of(readings: &RecordBatch, plan: &Plan) -> Result<Vec<u32>> {
    let mut numbers = Numbers::default();
    let calls = plan.calls.iter();
    let sources: AHashMap<&str, u32> = calls
        .map(|call| (&*call.id, numbers.of(call.asked.source.operation)))
        .collect();
    let of = ids(readings)?;
    let source = |row| of.get(row).and_then(|id| sources.get(id)).copied().unwrap_or(u32::MAX);
    series(readings, &(0..readings.num_rows()).map(source).collect::<Vec<_>>())
}

/// The readings in the order of the plan's calls, and of one call in time's order.
fn in_order(readings: &RecordBatch, plan: &Plan) -> Result<RecordBatch> {
    let places: AHashMap<&str, usize> = plan
        .calls
        .iter()
        .enumerate()
        .map(|(place, call)| (&*call.id, place))
        .collect();
    let (of, starts, ends) = (
        ids(readings)?,
        changes::moments(readings, "start")?,
        changes::moments(readings, "end")?,
    );
    let place = |row: usize| of.get(row).and_then(|id| places.get(id)).copied();
    let series = series_of(readings, plan)?;
    let mut rows: Vec<u32> = (0..u32::try_from(readings.num_rows()).map_err(bug)?).collect();
    rows.sort_by_key(|row| {
        let row = *row as usize;
        (place(row), starts.get(row), series.get(row), ends.get(row))
    });
    take_record_batch(readings, &UInt32Array::from(rows)).map_err(bug)
}

/// Leaves out calls of which nothing is left, since a later one was about all of their time and more.
fn drop_superseded(plan: &mut Plan, fates: &mut Vec<Fate>, readings: &RecordBatch) -> Result<()> {
    let of = ids(readings)?;
    let used: AHashSet<&str> = (0..readings.num_rows()).filter_map(|row| of.get(row)).collect();
    let mut order: Vec<usize> = (0..plan.calls.len()).collect();
    let piece = |place: usize| {
        plan.calls
            .get(place)
            .map(|call| (call.piece.start().at, call.piece.end().at))
    };
    order.sort_by_key(|place| piece(*place).map(|(start, end)| (start, std::cmp::Reverse(end))));
    let mut longest: Vec<usize> = Vec::new();
    let mut dropped = AHashSet::new();
    for place in order {
        let (Some(call), Some(fate)) = (plan.calls.get(place), fates.get(place)) else {
            continue;
        };
        let same = longest.iter_mut().find(|other| {
            plan.calls
                .get(**other)
                .is_some_and(|other| is_of_one_source(other, call))
        });
        let Some(other) = same else {
            longest.push(place);
            continue;
        };
        let is_inside = piece(*other).is_some_and(|(_, end)| call.piece.end().at <= end);
        let is_later = match (fates.get(*other), fate) {
            (Some(Fate::Answered(other)), Fate::Answered(own)) => other.fetched_at >= own.fetched_at,
            (Some(Fate::Answered(_)), _) => true,
            _ => false,
        };
        let has_its_meters = plan
            .calls
            .get(*other)
            .is_some_and(|other| call.asked.meters.iter().all(|meter| other.asked.meters.contains(meter)));
        if is_inside && is_later && has_its_meters && !used.contains(&*call.id) {
            dropped.insert(place);
        } else if !is_inside {
            *other = place;
        }
    }
    keep(plan, fates, |place, _| !dropped.contains(&place));
    Ok(())
}

fn keep(plan: &mut Plan, fates: &mut Vec<Fate>, is_kept: impl Fn(usize, &PlannedCall) -> bool) {
    let kept: Vec<bool> = plan
        .calls
        .iter()
        .enumerate()
        .map(|(place, call)| is_kept(place, call))
        .collect();
    let (mut first, mut second) = (kept.iter(), kept.iter());
    plan.calls.retain(|_| first.next() == Some(&true));
    fates.retain(|_| second.next() == Some(&true));
}

/// Leaves out what is not about the range, and cuts what is about more. A figure for a whole window that begins before the
/// range is no figure of it.
fn clip(plan: &mut Plan, fates: &mut Vec<Fate>, range: Window) -> Result<()> {
    let (start, end) = (range.start(), range.end());
    keep(plan, fates, |_, call| {
        call.piece.start().at < end.at && start.at < call.piece.end().at
    });
    let cut = |window: Window| -> Result<Window> {
        let later = |one: Instant, other: Instant| if one.at >= other.at { one } else { other };
        let earlier = |one: Instant, other: Instant| if one.at <= other.at { one } else { other };
        Window::new(later(window.start(), start), earlier(window.end(), end))
    };
    let mut whole = Vec::new();
    for (call, fate) in plan.calls.iter_mut().zip(fates.iter_mut()) {
        let piece = cut(call.piece)?;
        if call.asked.buckets == Buckets::Window && call.piece.start().at < start.at {
            let (from, to) = (call.piece.start().to_utc_text(), call.piece.end().to_utc_text());
            whole.push(Unavailable {
                account: call.account.clone(),
                provider: call.provider,
                operation: call.asked.source.operation,
                window: piece,
                reason: format!("the ledger has one figure for {from} … {to}, which cannot be divided"),
            });
            *fate = Fate::NotMade;
        }
        if call.asked.buckets != Buckets::MonthSoFar {
            call.piece = piece;
        }
    }
    keep(plan, fates, |_, call| {
        !(call.asked.buckets == Buckets::Window
            && whole.iter().any(|part| {
                part.account == call.account
                    && part.operation == call.asked.source.operation
                    && part.window == call.piece
            }))
    });
    plan.unavailable
        .retain(|part| part.window.start().at < end.at && start.at < part.window.end().at);
    for part in &mut plan.unavailable {
        part.window = cut(part.window)?;
    }
    plan.unavailable.extend(whole);
    Ok(())
}

/// Counts the readings of each call anew.
fn count(plan: &Plan, fates: &mut [Fate], readings: &RecordBatch) -> Result<()> {
    let of = ids(readings)?;
    let status = readings.column_by_name("status").ok_or_else(|| bug("no status"))?;
    let status = Texts::of(status.as_ref())?;
    let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
    for row in 0..readings.num_rows() {
        let (all, provisional) = counts.entry(of.get(row).unwrap_or_default()).or_default();
        *all += 1;
        *provisional += usize::from(status.get(row) == Some("provisional"));
    }
    for (call, fate) in plan.calls.iter().zip(fates) {
        if let Fate::Answered(answer) = fate {
            (answer.readings, answer.provisional) = counts.get(&*call.id).copied().unwrap_or_default();
        }
    }
    Ok(())
}
