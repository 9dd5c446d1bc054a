//! A usage of what was stored of earlier ones: facts of what was asked and answered, and readings.

use std::collections::HashMap;
use std::sync::Arc;

use ahash::{AHashMap, AHashSet};
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BinaryArray, RecordBatch, new_null_array};
use arrow_schema::DataType;
use jiff::Timestamp;

use super::Usage;
use super::arrays::{
    self, NO_MOMENT, Numbers, Texts, amounts_of, bug, columns_of, moments_of, rows_of, rows_where, texts_of,
};
use super::concat::{Prefer, count, refuse_two_grains, series};
use super::lacking::is_of_one_source;
use super::runs::Runs;
use super::scopes::refuse_two_scopes;
use super::timeline::Fate;
use crate::meters::{AFTER_DIMENSIONS, BEFORE_DIMENSIONS, Buckets};
use crate::plan::{Plan, Unavailable};
use crate::service::PlannedCall;
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
            let own = Self {
                plan: Arc::new(self.plan.only(calls)),
                fates,
                evidence,
                ..self.clone()
            };
            rows.push((&account.name, account.provider, start, end, own.to_facts()?));
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
    pub fn all_facts(tables: &[RecordBatch]) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for table in tables {
            let column = table
                .column_by_name(FACTS)
                .and_then(|column| column.as_binary_opt::<i32>());
            for bytes in column.ok_or_else(|| bug("no column of facts"))?.iter().flatten() {
                all.push(Self::from_facts(bytes)?);
            }
        }
        Ok(all)
    }

    /// All that was stored of a range: these facts, which may be about more, and these readings, each there once. What no
    /// fact is about was not asked. `meters` are those that are wanted, if not all are. If nothing of it `is_known` yet,
    /// the facts tell of whom it is not.
    pub fn stored(
        facts: &[&Self],
        readings: &[RecordBatch],
        range: Window,
        now: Timestamp,
        meters: Option<&[String]>,
        is_known: bool,
    ) -> Result<Self> {
        if facts.is_empty() {
            return Self::assemble(Plan::empty(now, range), Vec::new());
        }
        let plans: Vec<&Plan> = facts.iter().map(|usage| &*usage.plan).collect();
        let plan = Plan::union(&plans)?;
        refuse_two_grains(&plan)?;
        if is_known {
            refuse_two_stored(&plans, range, meters)?;
        }
        let all = Self::joined(facts, plan, Prefer::Later)?;
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
        let sources = plan.sources();
        if !is_known {
            plan.calls.clear();
            fates.clear();
        }
        let readings = without_parts(&contract(readings, &plan)?, &plan, range)?;
        drop_superseded(&mut plan, &mut fates, &readings)?;
        let names = clip(&mut plan, &mut fates, range);
        let readings = renamed(&readings, &names)?;
        let evidence = of_calls(&renamed(&all.evidence, &names)?, &plan.calls)?;
        plan.ask_gaps(&sources, range)?;
        fates.resize(plan.calls.len(), Fate::NotMade);
        count(&plan, &mut fates, &readings)?;
        Self::of(Arc::new(plan), fates, readings, evidence)
    }
}

/// A meter that is asked for, and is none of those that are stored.
pub(super) fn no_meter<'a>(unknown: &str, stored: impl Iterator<Item = &'a str>) -> Error {
    let hint = did_you_mean(unknown, stored);
    Error::invalid(format!("the ledger has no meter {unknown:?}{hint}"))
}

/// A sync looks at what was stored before it began; two at once may each store another scope of one meter.
fn refuse_two_stored(plans: &[&Plan], range: Window, meters: Option<&[String]>) -> Result<()> {
    let (first, last) = (range.start().at, range.end().at);
    let is_read = |call: &PlannedCall, meter: &str| {
        let is_in_range = call.piece.start().at < last && first < call.piece.end().at;
        is_in_range && meters.is_none_or(|meters| meters.iter().any(|name| name == meter))
    };
    refuse_two_scopes(
        plans,
        is_read,
        "both are stored here: sync them into two ledgers, and read the other meters here with meters=",
    )
}

/// The column of facts as bytes.
const FACTS: &str = "facts";

/// The first and the last moment of a call's piece, in microseconds.
pub(super) fn micros(call: &PlannedCall) -> (i64, i64) {
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
        return Err(no_meter(unknown, all.iter().copied()));
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
            "start" | "end" | "fetched_at" => arrays::moments(gathered(tables, name, moments_of)?),
            "quantity" | "cost" => arrays::amounts(gathered(tables, name, amounts_of)?)?,
            _ => {
                let parts = tables.iter().filter_map(|table| table.column_by_name(name));
                let parts: Vec<Texts<'_>> = parts.map(|column| Texts::of(column.as_ref())).collect::<Result<_>>()?;
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
                    _ if parts.is_empty() => new_null_array(&DataType::Utf8, rows),
                    _ => arrays::texts(all()),
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
    /// A call of each source, with each of its arguments besides the window.
    fn sources(&self) -> Vec<PlannedCall> {
        let mut sources: Vec<PlannedCall> = Vec::new();
        for call in &self.calls {
            if let Some(like) = sources.iter_mut().find(|like| is_of_one_source(like, call)) {
                let more = call
                    .asked
                    .meters
                    .iter()
                    .filter(|meter| !like.asked.meters.contains(meter));
                let more: Vec<usize> = more.copied().collect();
                if !more.is_empty() {
                    Arc::make_mut(&mut like.asked).meters.extend(more);
                }
            } else {
                sources.push(call.clone());
            }
        }
        sources
    }

    /// Adds calls that were not made for what of the range no call is about.
    fn ask_gaps(&mut self, sources: &[PlannedCall], range: Window) -> Result<()> {
        for like in sources.iter().filter(|like| like.asked.buckets != Buckets::MonthSoFar) {
            let Some(bounds) = Self::bounds(like, range) else {
                continue;
            };
            let mut pieces = Runs::default();
            for (start, end) in self
                .calls
                .iter()
                .filter(|call| is_of_one_source(like, call))
                .map(micros)
            {
                pieces.add(start, end);
            }
            let told = self
                .unavailable
                .iter()
                .filter(|part| part.account == like.account && part.operation == like.asked.source.operation);
            for window in told.map(|part| part.window) {
                pieces.add(window.start().at.as_microsecond(), window.end().at.as_microsecond());
            }
            self.note_edges(like, range)?;
            let [start, end] = [bounds.start(), bounds.end()].map(|at| at.at.as_microsecond());
            for (from, to) in pieces.gaps(start, end) {
                self.ask(like, between(from, to)?)?;
            }
        }
        Ok(())
    }
}

/// The window between two moments in microseconds.
pub(super) fn between(start: i64, end: i64) -> Result<Window> {
    let moment = |at: i64| Timestamp::from_microsecond(at).map(Instant::utc).map_err(bug);
    Window::new(moment(start)?, moment(end)?)
}

/// The rows of these calls.
pub(super) fn of_calls(table: &RecordBatch, calls: &[PlannedCall]) -> Result<RecordBatch> {
    let known: AHashSet<&str> = calls.iter().map(|call| &*call.id).collect();
    let ids = ids(table)?;
    rows_where(table, |row| ids.get(row).is_some_and(|id| known.contains(id)))
}

fn ids(table: &RecordBatch) -> Result<Texts<'_>> {
    texts_of(table, "call_id")
}

/// The readings that start in the range and whose call is known. Of figures for a whole window, those of which a longer
/// window of the same series is there are a part of that, and would count twice.
fn without_parts(readings: &RecordBatch, plan: &Plan, range: Window) -> Result<RecordBatch> {
    let calls: AHashMap<&str, &PlannedCall> = plan.calls.iter().map(|call| (&*call.id, call)).collect();
    let (starts, ends, of) = (
        moments_of(readings, "start")?,
        moments_of(readings, "end")?,
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

/// What orders the series of one call: the meter's place in its source, and the labels.
type Rank<'a> = (Option<usize>, Vec<Option<&'a str>>);

/// The readings in the order of the plan's calls, and of one call in time's order; of one moment by meter and labels.
fn in_order(readings: &RecordBatch, plan: &Plan) -> Result<RecordBatch> {
    let places: AHashMap<&str, usize> = (plan.calls.iter().enumerate())
        .map(|(place, call)| (&*call.id, place))
        .collect();
    let (of, starts, ends) = (
        ids(readings)?,
        moments_of(readings, "start")?,
        moments_of(readings, "end")?,
    );
    let place = |row: usize| of.get(row).and_then(|id| places.get(id)).copied();
    let series = series_of(readings, plan)?;
    let names = readings.schema_ref().fields().iter().map(|field| field.name().as_str());
    let names = names.filter(|name| !AFTER_DIMENSIONS.contains(name) && !BEFORE_DIMENSIONS.contains(name));
    let columns = names.filter_map(|name| readings.column_by_name(name));
    let columns: Vec<Texts<'_>> = columns
        .map(|column| Texts::of(column.as_ref()))
        .collect::<Result<_>>()?;
    let meters = texts_of(readings, "meter")?;
    let rank = |row: usize| {
        let call = plan.calls.get(place(row)?)?;
        let all = call.asked.source.meters.iter();
        all.enumerate()
            .find(|(_, meter)| Some(meter.name) == meters.get(row))
            .map(|(rank, _)| rank)
    };
    let mut told: AHashMap<u32, Rank<'_>> = AHashMap::new();
    for (row, series) in series.iter().enumerate() {
        told.entry(*series)
            .or_insert_with(|| (rank(row), columns.iter().map(|column| column.get(row)).collect()));
    }
    let mut order: Vec<(&Rank<'_>, u32)> = told.iter().map(|(series, key)| (key, *series)).collect();
    order.sort_unstable();
    let ranks: AHashMap<u32, usize> = order
        .iter()
        .enumerate()
        .map(|(rank, (_, series))| (*series, rank))
        .collect();
    let mut rows: Vec<u32> = (0..u32::try_from(readings.num_rows()).map_err(bug)?).collect();
    rows.sort_by_key(|row| {
        let row = *row as usize;
        let rank = series.get(row).and_then(|series| ranks.get(series));
        (place(row), starts.get(row), rank, ends.get(row))
    });
    rows_of(readings, rows)
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

/// Leaves out what is not about the range, and cuts what is about more: to the buckets that start in it. A figure for a
/// whole window that begins before the range is no figure of it. Returns the new ids of calls that were cut.
fn clip(plan: &mut Plan, fates: &mut Vec<Fate>, range: Window) -> Names {
    let mut pieces = Vec::with_capacity(plan.calls.len());
    let mut whole = Vec::new();
    for call in &plan.calls {
        let piece = if call.asked.buckets == Buckets::MonthSoFar {
            both(call.piece, range).map(|_| call.piece)
        } else {
            Plan::bounds(call, range).and_then(|bounds| both(call.piece, bounds))
        };
        let is_cut = |piece: &Window| call.asked.buckets == Buckets::Window && piece.start() != call.piece.start();
        if let Some(window) = piece.filter(is_cut) {
            let (from, to) = (call.piece.start().to_utc_text(), call.piece.end().to_utc_text());
            whole.push(Unavailable {
                account: call.account.clone(),
                provider: call.provider,
                operation: call.asked.source.operation,
                window,
                reason: format!("the ledger has one figure for {from} … {to}, which cannot be divided"),
            });
        }
        pieces.push(piece.filter(|piece| !is_cut(piece)));
    }
    keep(plan, fates, |place, _| pieces.get(place).is_some_and(Option::is_some));
    let mut names = Names::new();
    for (call, piece) in plan.calls.iter_mut().zip(pieces.into_iter().flatten()) {
        if call.piece != piece {
            let cut = Plan::cut(call, piece);
            names.insert(std::mem::replace(call, cut).id, call.id.clone());
        }
    }
    let told = std::mem::take(&mut plan.unavailable).into_iter().chain(whole);
    plan.unavailable = told
        .filter_map(|part| both(part.window, range).map(|window| Unavailable { window, ..part }))
        .collect();
    names
}

/// New ids of calls, by their old ones.
pub(super) type Names = HashMap<String, String>;

/// The table with the new ids of these calls.
pub(super) fn renamed(table: &RecordBatch, names: &Names) -> Result<RecordBatch> {
    let of = ids(table)?;
    let name = |row| of.get(row).map(|id| names.get(id).map_or(id, String::as_str));
    let column = arrays::texts((0..table.num_rows()).map(name));
    with_column(table, "call_id", &column)
}

/// The table with another column in place of that of the same name.
pub(super) fn with_column(table: &RecordBatch, name: &str, new: &ArrayRef) -> Result<RecordBatch> {
    let mut columns = columns_of(table);
    for (_, column) in columns.iter_mut().filter(|(known, _)| *known == name) {
        *column = Arc::clone(new);
    }
    arrays::table(columns)
}

/// What is in both windows, if anything is.
fn both(one: Window, other: Window) -> Option<Window> {
    let start = if one.start().at >= other.start().at {
        one.start()
    } else {
        other.start()
    };
    let end = if one.end().at <= other.end().at {
        one.end()
    } else {
        other.end()
    };
    Window::new(start, end).ok()
}
