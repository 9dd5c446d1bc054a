//! What a usage tells that a store of earlier ones does not know yet.

use std::sync::Arc;

use ahash::AHashMap;
use arrow_array::cast::AsArray;
use arrow_array::{BinaryArray, RecordBatch};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::Usage;
use super::arrays::{
    self, NO_AMOUNT, NO_MOMENT, Repeated, Texts, amounts_of, bug, column, columns_of, moments_of, rows_of, texts_of,
};
use super::concat::series;
use super::flat::joined;
use crate::meters::{AFTER_DIMENSIONS, BEFORE_DIMENSIONS, Buckets, Status};
use crate::service::PlannedCall;
use crate::values::error::Result;

/// The name of a reading in a store: a digest of what makes it the same reading.
type Id = [u8; 16];

/// The month of a reading that has no moment.
pub const NO_MONTH: &str = "none";

/// What is new in a usage.
#[derive(Debug)]
pub struct Changes {
    /// The readings that are new, or not as they were, with `reading_id` and `month` (UTC) behind the other columns.
    pub rows: RecordBatch,
    /// How many were not there.
    pub new: usize,
    /// How many have another figure than before.
    pub restated: usize,
    /// How many of these had been called settled.
    pub settled: usize,
    /// How many have the figure that they had.
    pub unchanged: usize,
}

/// What is known of a reading.
struct Known {
    quantity: i128,
    cost: i128,
    fetched_at: i64,
    end: i64,
    status: u32,
    flags: u32,
}

/// Numbers for the few words that statuses and flags are.
#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn of(&mut self, word: &str) -> u32 {
        let place = self.0.iter().position(|known| known == word).unwrap_or_else(|| {
            self.0.push(word.to_owned());
            self.0.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }
}

impl Usage {
    /// The months (UTC) in which its readings start.
    pub fn months(&self) -> Result<Vec<String>> {
        let mut months: Vec<String> = months(&self.readings)?.into_iter().map(|(month, _)| month).collect();
        months.sort_unstable();
        months.dedup();
        Ok(months)
    }

    /// What is new beside these readings, of which there may be several versions: `reading_id`, `quantity`, `cost`,
    /// `status`, `flags` as one text, `end` and `fetched_at`.
    pub fn changes(&self, known: &[RecordBatch]) -> Result<Changes> {
        let mut words = Words::default();
        let known = latest(known, &mut words)?;
        let ids = self.reading_ids()?;
        let fresh = versions(&self.readings, &mut words)?;
        let final_word = words.of(Status::Settled.name());
        let (mut rows, mut changes) = (Vec::new(), [0; 4]);
        let [new, restated, settled, unchanged] = &mut changes;
        for (row, (id, fresh)) in ids.iter().zip(&fresh).enumerate() {
            let is_written = match known.get(id) {
                None => {
                    *new += 1;
                    true
                }
                // Another process was here with a later answer.
                Some(known) if known.fetched_at > fresh.fetched_at => {
                    *unchanged += 1;
                    false
                }
                Some(known) if (known.quantity, known.cost) != (fresh.quantity, fresh.cost) => {
                    *restated += 1;
                    *settled += usize::from(known.status == final_word);
                    true
                }
                Some(known) => {
                    *unchanged += 1;
                    (known.status, known.flags, known.end) != (fresh.status, fresh.flags, fresh.end)
                }
            };
            if is_written {
                rows.push(u32::try_from(row).map_err(bug)?);
            }
        }
        let [new, restated, settled, unchanged] = changes;
        // Most often all are new, or none is.
        let (table, ids) = if rows.len() == ids.len() {
            (self.readings.clone(), ids)
        } else {
            let ids = rows.iter().filter_map(|row| ids.get(*row as usize).copied()).collect();
            let table = rows_of(&self.readings, rows)?;
            (table, ids)
        };
        Ok(Changes {
            rows: with_names(&table, &ids)?,
            new,
            restated,
            settled,
            unchanged,
        })
    }

    /// The name of each reading: it is the same if account, provider, meter, source, grain, labels and start are; the end
    /// counts only where there are no buckets, and for month-so-far counters.
    fn reading_ids(&self) -> Result<Vec<Id>> {
        let table = &self.readings;
        let calls: AHashMap<&str, &PlannedCall> = self.plan.calls.iter().map(|call| (&*call.id, call)).collect();
        let ids = texts_of(table, "call_id")?;
        let call = |row: usize| ids.get(row).and_then(|id| calls.get(id)).copied();
        let series = series(table, &self.sources(&calls, &ids)?)?;
        let (starts, ends) = (moments_of(table, "start")?, moments_of(table, "end")?);
        let mut known: AHashMap<u32, [u8; 32]> = AHashMap::new();
        let mut names = Vec::with_capacity(table.num_rows());
        for (row, series) in series.iter().enumerate() {
            let call = call(row).ok_or_else(|| bug("a reading of no call"))?;
            let of_series = if let Some(digest) = known.get(series) {
                *digest
            } else {
                let digest = self.digest(row, call)?;
                known.insert(*series, digest);
                digest
            };
            let has_buckets = matches!(call.asked.buckets, Buckets::Every(..) | Buckets::Months);
            let at = |moments: &[i64]| moments.get(row).copied().unwrap_or(NO_MOMENT);
            let end = if has_buckets { NO_MOMENT } else { at(&ends) };
            let mut digest = Sha256::new();
            digest.update(of_series);
            digest.update(at(&starts).to_le_bytes());
            digest.update(end.to_le_bytes());
            let digest: [u8; 32] = digest.finalize().into();
            let (name, _) = digest.split_first_chunk::<16>().ok_or_else(|| bug("no digest"))?;
            names.push(*name);
        }
        Ok(names)
    }

    /// The number of each reading's source.
    fn sources(&self, calls: &AHashMap<&str, &PlannedCall>, ids: &Texts<'_>) -> Result<Vec<u32>> {
        let mut numbers = arrays::Numbers::default();
        let rows = 0..self.readings.num_rows();
        let source = rows.map(|row| {
            let call = ids.get(row).and_then(|id| calls.get(id));
            call.map(|call| numbers.of(call.asked.source.operation))
        });
        source.collect::<Option<_>>().ok_or_else(|| bug("a reading of no call"))
    }

    fn digest(&self, row: usize, call: &PlannedCall) -> Result<[u8; 32]> {
        let mut labels = Vec::new();
        let mut named = Vec::new();
        for field in self.readings.schema_ref().fields() {
            let name = field.name().as_str();
            if AFTER_DIMENSIONS.contains(&name) {
                continue;
            }
            let text = texts_of(&self.readings, name)?.get(row);
            if BEFORE_DIMENSIONS.contains(&name) {
                named.push(text);
            } else if let Some(text) = text {
                labels.push((name, text));
            }
        }
        // The order of columns depends on what else was asked.
        labels.sort_unstable();
        let told = serde_json::json!([named, call.asked.source.operation, call.asked.buckets, labels]);
        Ok(Sha256::digest(told.to_string()).into())
    }
}

/// What is compared of each reading.
fn versions(table: &RecordBatch, words: &mut Words) -> Result<Vec<Known>> {
    let (quantity, cost) = (amounts_of(table, "quantity")?, amounts_of(table, "cost")?);
    let (fetched_at, end) = (moments_of(table, "fetched_at")?, moments_of(table, "end")?);
    let status = texts_of(table, "status")?;
    let flags = column(table, "flags")?;
    let flags = match flags.as_list_opt::<i32>() {
        Some(lists) => Arc::new(joined("flags", lists).map_err(bug)?),
        None => Arc::clone(flags),
    };
    let flags = Texts::of(flags.as_ref())?;
    let mut word = |texts: &Texts<'_>, row: usize| words.of(texts.get(row).unwrap_or_default());
    let version = |(row, quantity): (usize, i128)| Known {
        quantity,
        cost: cost.get(row).copied().unwrap_or(NO_AMOUNT),
        fetched_at: fetched_at.get(row).copied().unwrap_or(NO_MOMENT),
        end: end.get(row).copied().unwrap_or(NO_MOMENT),
        status: word(&status, row),
        flags: word(&flags, row),
    };
    Ok(quantity.into_iter().enumerate().map(version).collect())
}

/// The latest version of each reading.
fn latest(known: &[RecordBatch], words: &mut Words) -> Result<AHashMap<Id, Known>> {
    let mut all: AHashMap<Id, Known> = AHashMap::new();
    for table in known {
        let ids = column(table, "reading_id")?.as_binary_opt::<i32>();
        let ids = ids.ok_or_else(|| bug("no column of names"))?;
        for (id, version) in ids.iter().zip(versions(table, words)?) {
            let Some(id) = id.and_then(|id| Id::try_from(id).ok()) else {
                return Err(bug("a reading without a name"));
            };
            let is_later = all.get(&id).is_none_or(|known| known.fetched_at <= version.fetched_at);
            if is_later {
                all.insert(id, version);
            }
        }
    }
    Ok(all)
}

/// The months in which the readings start, each with how many of them on end do.
fn months(table: &RecordBatch) -> Result<Vec<(String, usize)>> {
    let mut runs: Vec<(String, usize)> = Vec::new();
    let mut bounds = 0..0;
    for start in moments_of(table, "start")? {
        if let Some((_, rows)) = runs.last_mut().filter(|_| bounds.contains(&start)) {
            *rows += 1;
            continue;
        }
        if start == NO_MOMENT {
            bounds = NO_MOMENT..NO_MOMENT + 1;
            runs.push((NO_MONTH.to_owned(), 1));
            continue;
        }
        let day = Timestamp::from_microsecond(start).map_err(bug)?.to_zoned(TimeZone::UTC);
        let edge = |day: jiff::Zoned| day.start_of_day().map(|day| day.timestamp().as_microsecond());
        let first = day.first_of_month().and_then(edge).map_err(bug)?;
        let next = day.last_of_month().and_then(|day| day.tomorrow()).and_then(edge);
        bounds = first..next.map_err(bug)?;
        runs.push((day.strftime("%Y-%m").to_string(), 1));
    }
    Ok(runs)
}

fn with_names(table: &RecordBatch, ids: &[Id]) -> Result<RecordBatch> {
    let mut columns = columns_of(table);
    columns.push(("reading_id", Arc::new(BinaryArray::from_iter_values(ids))));
    let mut column = Repeated::sized(ids.len(), ids.len() * 7);
    for (month, rows) in months(table)? {
        column.extend(Some(&month), rows);
    }
    columns.push(("month", column.finish()?));
    arrays::table(columns)
}

/// The table with what tells by which sync it was stored, and when.
pub fn stamped(table: &RecordBatch, sync_id: &str, synced_at: Timestamp) -> Result<RecordBatch> {
    let rows = table.num_rows();
    let mut columns = columns_of(table);
    let mut ids = Repeated::sized(rows, rows * sync_id.len());
    ids.extend(Some(sync_id), rows);
    columns.push(("sync_id", ids.finish()?));
    columns.push(("synced_at", arrays::moments(vec![synced_at.as_microsecond(); rows])));
    arrays::table(columns)
}
