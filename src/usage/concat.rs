//! Usages put together: parts of a plan, neighbouring ranges, and what was asked again.
//!
//! A reading is the same if account, provider, meter, source, grain, labels and start are; the end counts where there are
//! no buckets, and for month-so-far counters. It counts once. Everything else follows from the plans and from what became
//! of their calls, as for a usage that was fetched in one go.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ahash::AHashMap;
use arrow_array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow_schema::DataType;
use arrow_select::concat::concat;

use super::Usage;
use super::arrays::{self, NO_MOMENT, Numbers, Texts, amounts_of, bug, moments_of, rows_of, texts_of};
use super::scopes::{KEEP_APART, refuse_two_scopes};
use super::timeline::{Answer, Fate, moment};
use crate::meters::{AFTER_DIMENSIONS, BEFORE_DIMENSIONS, Buckets, Status};
use crate::plan::Plan;
use crate::service::PlannedCall;
use crate::values::error::{Error, Result};

/// Which of two settled readings with different figures counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefer {
    /// Neither: they are refused.
    Neither,
    /// The one that was fetched later.
    Later,
}

impl Usage {
    /// Puts usages together.
    pub fn concat(usages: &[&Self], prefer: Prefer) -> Result<Self> {
        let plans: Vec<&Plan> = usages.iter().map(|usage| &*usage.plan).collect();
        let plan = Plan::union(&plans)?;
        refuse_two_grains(&plan)?;
        refuse_two_scopes(&plans, |_, _| true, KEEP_APART)?;
        Self::joined(usages, plan, prefer)
    }

    /// Puts usages together whose plans make this one.
    pub(super) fn joined(usages: &[&Self], plan: Plan, prefer: Prefer) -> Result<Self> {
        let places: HashMap<&str, usize> = plan
            .calls
            .iter()
            .enumerate()
            .map(|(place, call)| (&*call.id, place))
            .collect();
        let readings = stacked(usages, &plan)?;
        let kept = Rows::of(&readings, usages, &plan, &places)?.kept(prefer)?;
        let readings = rows_of(&readings, kept)?;
        let evidence = evidence(usages, &places)?;
        let fates = fates(usages, &plan, &places, &readings)?;
        Self::of(Arc::new(plan), fates, readings, evidence)
    }
}

/// One operation in buckets of two lengths would count everything twice.
pub(super) fn refuse_two_grains(plan: &Plan) -> Result<()> {
    let mut grains: HashMap<(&str, &str), Buckets> = HashMap::new();
    for call in &plan.calls {
        let asked = &call.asked;
        let grain = *grains
            .entry((&call.account, asked.source.operation))
            .or_insert(asked.buckets);
        if grain != asked.buckets {
            let (account, operation) = (&call.account, asked.source.operation);
            return Err(Error::invalid(format!(
                "{account} {operation} is there by {grain} and by {}: keep usages of different grain apart",
                asked.buckets
            )));
        }
    }
    Ok(())
}

/// The tables one below the other, with all columns that any of them has.
fn stacked(usages: &[&Usage], plan: &Plan) -> Result<RecordBatch> {
    let tables = || usages.iter().map(|usage| &usage.readings);
    let dimensions = super::columns::dimensions(plan.calls.iter().flat_map(super::columns::wanted));
    let mut more: Vec<&str> = Vec::new();
    for table in tables() {
        let fields = table.schema_ref().fields().iter();
        for name in fields.map(|field| &**field.name()) {
            let is_dimension = !AFTER_DIMENSIONS.contains(&name) && !BEFORE_DIMENSIONS.contains(&name);
            if is_dimension && !dimensions.contains(&name) && !more.contains(&name) {
                more.push(name);
            }
        }
    }
    let names = BEFORE_DIMENSIONS
        .iter()
        .copied()
        .chain(dimensions)
        .chain(more)
        .chain(AFTER_DIMENSIONS.iter().copied());
    let mut columns = Vec::new();
    for name in names {
        let parts: Vec<ArrayRef> = tables()
            .map(|table| {
                let none = || new_null_array(&DataType::Utf8, table.num_rows());
                table.column_by_name(name).map_or_else(none, Arc::clone)
            })
            .collect();
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        columns.push((name, concat(&parts).map_err(bug)?));
    }
    arrays::table(columns)
}

/// For each reading, whose sources have these numbers, that of its series: account, provider, meter, source and labels.
pub(super) fn series(table: &RecordBatch, sources: &[u32]) -> Result<Vec<u32>> {
    let mut series = sources.to_vec();
    let fields = table.schema_ref().fields().iter().map(|field| &**field.name());
    for name in fields.filter(|name| !AFTER_DIMENSIONS.contains(name)) {
        let texts = texts_of(table, name)?;
        // Concatenated dictionaries may have a word twice.
        let (mut words, mut numbers) = (Numbers::default(), Numbers::default());
        for (row, id) in series.iter_mut().enumerate() {
            *id = numbers.of((*id, words.of(texts.get(row))));
        }
    }
    Ok(series)
}

/// The readings of all usages.
struct Rows<'a> {
    table: &'a RecordBatch,
    /// For each reading its usage.
    usage: Vec<usize>,
    /// For each reading its call's place in the plan.
    call: Vec<usize>,
    plan: &'a Plan,
    start: Vec<i64>,
    end: Vec<i64>,
    fetched_at: Vec<i64>,
    quantity: Vec<i128>,
    cost: Vec<i128>,
}

impl<'a> Rows<'a> {
    fn of(table: &'a RecordBatch, usages: &[&Usage], plan: &'a Plan, places: &HashMap<&str, usize>) -> Result<Self> {
        let counts = usages.iter().enumerate();
        let usage = counts.flat_map(|(place, usage)| std::iter::repeat_n(place, usage.readings.num_rows()));
        let ids = texts_of(table, "call_id")?;
        let place = |row| ids.get(row).and_then(|id| places.get(id)).copied();
        let call: Option<Vec<usize>> = (0..table.num_rows()).map(place).collect();
        Ok(Self {
            table,
            usage: usage.collect(),
            call: call.ok_or_else(|| bug("a reading of no call"))?,
            plan,
            start: moments_of(table, "start")?,
            end: moments_of(table, "end")?,
            fetched_at: moments_of(table, "fetched_at")?,
            quantity: amounts_of(table, "quantity")?,
            cost: amounts_of(table, "cost")?,
        })
    }

    fn of_call(&self, row: usize) -> Option<&PlannedCall> {
        self.plan.calls.get(*self.call.get(row)?)
    }

    /// For each reading the number of its series.
    fn series(&self) -> Result<Vec<u32>> {
        let mut operations = Numbers::default();
        let calls = self.plan.calls.iter();
        let sources: Vec<u32> = calls.map(|call| operations.of(call.asked.source.operation)).collect();
        let source = |call: &usize| sources.get(*call).copied().unwrap_or_default();
        series(self.table, &self.call.iter().map(source).collect::<Vec<_>>())
    }

    /// The readings that count, by their places, in the order of the plan's calls.
    fn kept(&self, prefer: Prefer) -> Result<Vec<u32>> {
        let series = self.series()?;
        let mut known: AHashMap<(u32, i64, i64), usize> = AHashMap::new();
        let mut is_kept = vec![true; series.len()];
        let keep = |is_kept: &mut Vec<bool>, row: usize, is: bool| {
            if let Some(slot) = is_kept.get_mut(row) {
                *slot = is;
            }
        };
        for (row, series) in series.iter().enumerate() {
            let has_buckets = self
                .of_call(row)
                .is_some_and(|call| matches!(call.asked.buckets, Buckets::Every(..) | Buckets::Months));
            let (start, end) = (self.start.get(row).copied(), self.end.get(row).copied());
            let end = end.filter(|_| !has_buckets);
            let key = (*series, start.unwrap_or(NO_MOMENT), end.unwrap_or(NO_MOMENT));
            let Some(before) = known.insert(key, row) else { continue };
            if self.usage.get(before) == self.usage.get(row) {
                continue;
            }
            let (earlier, later) = if self.fetched_at.get(before) <= self.fetched_at.get(row) {
                (before, row)
            } else {
                (row, before)
            };
            self.check(earlier, later, prefer)?;
            keep(&mut is_kept, earlier, false);
            known.insert(key, later);
        }
        let mut kept: Vec<usize> = (0..series.len())
            .filter(|row| is_kept.get(*row) == Some(&true))
            .collect();
        self.refuse_overlap(&series, &kept)?;
        kept.sort_by_key(|row| self.call.get(*row).copied());
        // What two usages know of one call is told in time's order.
        for rows in kept.chunk_by_mut(|one, next| self.call.get(*one) == self.call.get(*next)) {
            if !is_of_one(rows, &self.usage) {
                rows.sort_by_key(|row| self.start.get(*row).copied());
            }
        }
        kept.into_iter().map(|row| u32::try_from(row).map_err(bug)).collect()
    }

    /// Refuses two figures of the same reading, unless the earlier one might still have changed.
    fn check(&self, earlier: usize, later: usize, prefer: Prefer) -> Result<()> {
        let figures = |row: usize| (self.quantity.get(row), self.cost.get(row));
        let status = texts_of(self.table, "status")?;
        let is_settled = status.get(earlier) == Some(Status::Settled.name());
        if prefer == Prefer::Later || !is_settled || figures(earlier) == figures(later) {
            return Ok(());
        }
        let (account, meter) = (texts_of(self.table, "account")?, texts_of(self.table, "meter")?);
        let name = |texts: &Texts<'_>| texts.get(later).unwrap_or_default().to_owned();
        let start = self.start.get(later).copied().unwrap_or(NO_MOMENT);
        let amount = |row: usize| {
            self.quantity.get(row).map(|scaled| {
                crate::values::quantity::Quantity {
                    scaled: *scaled,
                    rounded: false,
                }
                .to_string()
            })
        };
        Err(Error::invalid(format!(
            "{} {} at {}: {} and {} are both called settled; pass prefer=\"later\" to take what was fetched later",
            name(&account),
            name(&meter),
            moment(start),
            amount(earlier).unwrap_or_default(),
            amount(later).unwrap_or_default(),
        )))
    }

    /// Figures of windows without buckets add up only where they do not overlap.
    fn refuse_overlap(&self, series: &[u32], kept: &[usize]) -> Result<()> {
        let is_window = |row: &usize| {
            self.of_call(*row)
                .is_some_and(|call| call.asked.buckets == Buckets::Window)
        };
        let mut windows: Vec<(u32, i64, i64, usize)> = kept
            .iter()
            .filter(|row| is_window(row))
            .filter_map(|row| Some((*series.get(*row)?, *self.start.get(*row)?, *self.end.get(*row)?, *row)))
            .collect();
        windows.sort_unstable();
        for (one, next) in windows.iter().zip(windows.iter().skip(1)) {
            if one.0 == next.0 && next.1 < one.2 && self.usage.get(one.3) != self.usage.get(next.3) {
                let call = self.of_call(next.3);
                let (account, operation) = call.map_or(("", ""), |call| (&call.account, call.asked.source.operation));
                return Err(Error::invalid(format!(
                    "{account} {operation} tells one figure for {} … {} and one for {} … {}, which overlap: concatenate \
                     ranges that do not",
                    moment(one.1),
                    moment(one.2),
                    moment(next.1),
                    moment(next.2)
                )));
            }
        }
        Ok(())
    }
}

fn is_of_one(rows: &[usize], usage: &[usize]) -> bool {
    let mut of = rows.iter().map(|row| usage.get(*row));
    let first = of.next();
    of.all(|next| Some(next) == first)
}

/// The evidence of all usages: a row for each call that was made, also where one was made again.
fn evidence(usages: &[&Usage], places: &HashMap<&str, usize>) -> Result<RecordBatch> {
    let tables: Vec<&RecordBatch> = usages.iter().map(|usage| &usage.evidence).collect();
    let mut columns = Vec::new();
    for field in tables.first().ok_or_else(|| bug("no usage"))?.schema_ref().fields() {
        let parts: Vec<&ArrayRef> = tables
            .iter()
            .filter_map(|table| table.column_by_name(field.name()))
            .collect();
        let parts: Vec<&dyn Array> = parts.into_iter().map(AsRef::as_ref).collect();
        columns.push((field.name().as_str(), concat(&parts).map_err(bug)?));
    }
    let all = arrays::table(columns)?;
    let (ids, asked) = (texts_of(&all, "call_id")?, moments_of(&all, "asked_at")?);
    let mut seen = HashSet::new();
    let mut rows: Vec<(Option<usize>, i64, u32)> = Vec::new();
    for (row, asked_at) in asked.iter().enumerate() {
        let id = ids.get(row).unwrap_or_default();
        if seen.insert((id, *asked_at)) {
            rows.push((places.get(id).copied(), *asked_at, u32::try_from(row).map_err(bug)?));
        }
    }
    rows.sort_unstable();
    rows_of(&all, rows.into_iter().map(|(_, _, row)| row).collect())
}

/// What became of each call: the later answer, with the buckets of the earlier ones that it does not have again.
fn fates(usages: &[&Usage], plan: &Plan, places: &HashMap<&str, usize>, readings: &RecordBatch) -> Result<Vec<Fate>> {
    let mut fates: Vec<Fate> = plan.calls.iter().map(|_| Fate::NotMade).collect();
    for usage in usages {
        for (call, fate) in usage.plan.calls.iter().zip(&usage.fates) {
            let slot = places.get(&*call.id).and_then(|place| fates.get_mut(*place));
            if let Some(slot) = slot {
                *slot = joined(std::mem::replace(slot, Fate::NotMade), fate.clone());
            }
        }
    }
    count(plan, &mut fates, readings)?;
    Ok(fates)
}

/// Counts the readings of each call.
pub(super) fn count(plan: &Plan, fates: &mut [Fate], readings: &RecordBatch) -> Result<()> {
    let (ids, status) = (texts_of(readings, "call_id")?, texts_of(readings, "status")?);
    let mut counts: AHashMap<&str, (usize, usize)> = AHashMap::new();
    for row in 0..readings.num_rows() {
        let (all, provisional) = counts.entry(ids.get(row).unwrap_or_default()).or_default();
        *all += 1;
        *provisional += usize::from(status.get(row) == Some(Status::Provisional.name()));
    }
    for (call, fate) in plan.calls.iter().zip(fates) {
        if let Fate::Answered(answer) = fate {
            (answer.readings, answer.provisional) = counts.get(&*call.id).copied().unwrap_or_default();
        }
    }
    Ok(())
}

fn joined(one: Fate, other: Fate) -> Fate {
    match (one, other) {
        (Fate::Answered(one), Fate::Answered(other)) => {
            let (earlier, mut later) = if one.fetched_at <= other.fetched_at {
                (one, other)
            } else {
                (other, one)
            };
            later.take_in(&earlier);
            Fate::Answered(later)
        }
        (answered @ Fate::Answered(_), _) | (_, answered @ Fate::Answered(_)) => answered,
        (_, failed @ Fate::Failed(_)) | (failed @ Fate::Failed(_), _) => failed,
        (Fate::NotMade, Fate::NotMade) => Fate::NotMade,
    }
}

impl Answer {
    /// Takes in the buckets of an earlier answer to the same call.
    fn take_in(&mut self, earlier: &Self) {
        for (start, end) in earlier.runs.iter() {
            self.runs.add(start, end);
        }
        for (meter, labels, runs) in &earlier.series {
            match self
                .series
                .iter_mut()
                .find(|(known, of, _)| (known, of) == (meter, labels))
            {
                Some((_, _, known)) => runs.iter().for_each(|(start, end)| known.add(start, end)),
                None => self.series.push((*meter, labels.clone(), runs.clone())),
            }
        }
    }
}
