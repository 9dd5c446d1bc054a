//! Readings on their way into one table: compact columns for each call, then Arrow columns for all of them.

use std::iter::repeat_n;
use std::rc::Rc;

use ahash::AHashMap;
use arrow_array::{RecordBatch, new_null_array};
use arrow_schema::DataType;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::arrays::{self, NO_AMOUNT, NO_MOMENT, Repeated, RepeatedLists, Words, bug, microseconds};
use super::order;
use super::repeats::Rows;
use super::runs::Runs;
use crate::meters::{Bucket, Flag, Flags, Meter, Reading, Run, Sink, Source, Status, Writes};
use crate::plan::Plan;
use crate::service::PlannedCall;
use crate::values::error::{Error, Result};
use crate::values::window::Window;

/// The words of the column `status`, at the places of their numbers.
pub const STATUSES: [Status; 3] = [Status::Settled, Status::Provisional, Status::Unknown];

/// The readings of one call, in compact columns.
#[derive(Debug)]
pub struct CallReadings {
    source: &'static Source,
    fetched_at: Timestamp,
    /// The dimensions of the wanted meters, in order of first appearance.
    dimensions: Vec<&'static str>,
    meter: Vec<u16>,
    /// For each dimension and reading the number of a label, counted from 1; 0 where there is none.
    labels: Vec<Vec<u32>>,
    /// The labels, one after the other, and where each of them ends.
    texts: String,
    ends: Vec<u32>,
    start: Vec<i64>,
    end: Vec<i64>,
    quantity: Vec<i128>,
    /// Empty unless any reading has a cost.
    cost: Vec<i128>,
    flags: Vec<u16>,
    status: Vec<u8>,
    /// Remarks on the whole answer.
    pub notes: Vec<String>,
    /// How many readings were dropped, because they start outside the call's window.
    pub left_out: usize,
    /// How many readings may still change.
    pub provisional: usize,
    /// What the answer says of its own holes.
    pub told: Told,
    /// Where there are buckets.
    pub runs: Runs,
    /// The first start of a reading that may still change; `i64::MAX` if none may.
    pub provisional_from: i64,
    /// Where each series has buckets, by meter and labels; told apart only where a source writes every bucket.
    pub series: Vec<(usize, Vec<Option<String>>, Runs)>,
}

/// What an answer says of its own holes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The range that it says it is about, in microseconds.
    pub answers: Option<(i64, i64)>,
    /// How it shows that it was cut.
    pub cut: Option<String>,
    /// Numbers that are not there although their buckets are.
    pub nulls: Vec<Null>,
}

/// A number that is not there although its bucket is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Null {
    /// Its meter, by its place in [`Source::meters`].
    pub meter: usize,
    /// The values of the meter's dimensions.
    pub labels: Vec<Option<String>>,
    /// The bucket, in microseconds.
    pub start: i64,
    /// Its end.
    pub end: i64,
}

impl CallReadings {
    /// How many readings there are.
    pub fn len(&self) -> usize {
        self.meter.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.meter.is_empty()
    }

    /// Flags figures of windows that the question's periods cut, where no page says whether the end of a window belongs
    /// to it: what was at that moment may be in both.
    pub fn flag_if_cut(&mut self, plan: &Plan, place: usize) {
        let call = plan.calls.get(place);
        if !self.source.tells_end && call.is_some_and(|call| plan.is_cut_by_period(call)) {
            for flags in &mut self.flags {
                *flags = Flags(*flags).with(Flag::Approximate).0;
            }
        }
    }

    /// When they were fetched.
    pub fn fetched_at(&self) -> Timestamp {
        self.fetched_at
    }

    /// Where each series has buckets, in a labelled source that writes all of them; nothing else needs it.
    fn each_series(&self) -> Vec<(usize, Vec<Option<String>>, Runs)> {
        let mut all = Vec::new();
        if self.source.writes != Writes::Every || self.dimensions.is_empty() {
            return all;
        }
        let mut places = AHashMap::new();
        for (row, meter) in self.meter.iter().enumerate() {
            let columns = self.dimensions.iter().zip(&self.labels);
            let labels: Vec<(&str, Option<&str>)> = columns
                .map(|(name, numbers)| (*name, numbers.get(row).and_then(|number| self.label(*number))))
                .collect();
            let place = *places.entry((*meter, labels)).or_insert_with_key(|(meter, labels)| {
                let meter = usize::from(*meter);
                let of_meter = self.source.meters.get(meter).map_or(&[][..], |meter| meter.dimensions);
                let value = |name| {
                    labels
                        .iter()
                        .find(|(known, _)| known == name)
                        .and_then(|(_, value)| *value)
                };
                let labels = of_meter.iter().map(|name| value(name).map(str::to_owned)).collect();
                all.push((meter, labels, Runs::default()));
                all.len() - 1
            });
            let bucket = (self.start.get(row), self.end.get(row));
            if let (Some((_, _, runs)), (Some(start), Some(end))) = (all.get_mut(place), bucket) {
                runs.add(*start, *end);
            }
        }
        all
    }

    /// Drops the rows that say again what another one says; two that contradict each other are an error.
    fn count_once(&mut self) -> Result<()> {
        let rows = Rows {
            source: self.source,
            meter: &self.meter,
            labels: &self.labels,
            label: &|number| self.label(number),
            start: &self.start,
            end: &self.end,
            quantity: &self.quantity,
            cost: &self.cost,
        };
        let repeated = rows.repeated()?;
        if repeated.is_empty() {
            return Ok(());
        }
        self.notes.push(format!(
            "rows that repeat another one, counted once: {}",
            repeated.len()
        ));
        without(&mut self.meter, &repeated);
        self.labels.iter_mut().for_each(|column| without(column, &repeated));
        without(&mut self.start, &repeated);
        without(&mut self.end, &repeated);
        without(&mut self.quantity, &repeated);
        without(&mut self.cost, &repeated);
        without(&mut self.flags, &repeated);
        without(&mut self.status, &repeated);
        let is_provisional = |status: &&u8| **status == number(Status::Provisional);
        self.provisional = self.status.iter().filter(is_provisional).count();
        Ok(())
    }

    /// True if the answer's total and its parts disagree.
    pub fn is_mismatched(&self) -> bool {
        self.flags.iter().any(|flags| Flags(*flags).has(Flag::Mismatch))
    }

    /// How many readings end after that moment.
    pub fn ending_after(&self, at: Timestamp) -> usize {
        self.end.iter().filter(|end| **end > at.as_microsecond()).count()
    }

    /// Lets the readings of each series ascend in time; where they do not, the meters and labels stay as they are, for
    /// the places of a series stay its own.
    fn put_in_order(&mut self) {
        let series = order::Series {
            meter: &self.meter,
            labels: &self.labels,
            text: |number| self.label(number),
        };
        let Some(order) = order::ascending(&series, &self.start) else {
            return;
        };
        order::arrange(&mut self.start, &order);
        order::arrange(&mut self.end, &order);
        order::arrange(&mut self.quantity, &order);
        order::arrange(&mut self.cost, &order);
        order::arrange(&mut self.flags, &order);
        order::arrange(&mut self.status, &order);
    }

    fn label(&self, number: u32) -> Option<&str> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        let end = |place: usize| usize::try_from(*self.ends.get(place)?).ok();
        let start = if place == 0 { 0 } else { end(place - 1)? };
        self.texts.get(start..end(place)?)
    }

    /// The labels of one dimension, in the order of the readings, each with the number of rows on end that have it.
    fn column(&self, dimension: &str) -> Option<impl Iterator<Item = (Option<&str>, usize)>> {
        let place = self.dimensions.iter().position(|known| *known == dimension)?;
        Some(runs(self.labels.get(place)?).map(|(number, rows)| (self.label(number), rows)))
    }
}

/// The values of a column, each with the number of rows on end that have it.
fn runs<T: Copy + PartialEq>(column: &[T]) -> impl Iterator<Item = (T, usize)> {
    column
        .chunk_by(T::eq)
        .filter_map(|run| Some((*run.first()?, run.len())))
}

/// Takes the readings of one answer, as a provider hands them out.
#[derive(Debug)]
pub struct Collector {
    readings: CallReadings,
    window: Window,
    /// For each meter of the source the places of its labels in a row; nothing for a meter that is not wanted.
    places: Vec<Option<Rc<[usize]>>>,
    /// For each dimension the number of its latest label.
    latest: Vec<u32>,
    problem: Option<Error>,
}

impl Collector {
    /// Collects the answer to this call; `fetched_at` decides what is settled.
    pub fn new(call: &PlannedCall, fetched_at: Timestamp) -> Self {
        let source = call.asked.source;
        let dimensions = dimensions(wanted(call));
        let places = |(place, meter): (usize, &Meter)| {
            let column = |name| dimensions.iter().position(|known| known == name);
            let columns = || meter.dimensions.iter().filter_map(column).collect();
            call.asked.meters.contains(&place).then(columns)
        };
        Self {
            window: call.piece,
            places: source.meters.iter().enumerate().map(places).collect(),
            latest: vec![0; dimensions.len()],
            problem: None,
            readings: CallReadings {
                source,
                fetched_at,
                labels: vec![Vec::new(); dimensions.len()],
                dimensions,
                meter: Vec::new(),
                texts: String::new(),
                ends: Vec::new(),
                start: Vec::new(),
                end: Vec::new(),
                quantity: Vec::new(),
                cost: Vec::new(),
                flags: Vec::new(),
                status: Vec::new(),
                notes: Vec::new(),
                left_out: 0,
                provisional: 0,
                told: Told::default(),
                runs: Runs::default(),
                provisional_from: i64::MAX,
                series: Vec::new(),
            },
        }
    }

    /// The readings, in no more memory than they need.
    pub fn finish(self) -> Result<CallReadings> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let mut readings = self.readings;
        readings.count_once()?;
        readings.put_in_order();
        readings.series = readings.each_series();
        readings.meter.shrink_to_fit();
        readings.labels.iter_mut().for_each(Vec::shrink_to_fit);
        readings.texts.shrink_to_fit();
        readings.ends.shrink_to_fit();
        readings.start.shrink_to_fit();
        readings.end.shrink_to_fit();
        readings.quantity.shrink_to_fit();
        readings.cost.shrink_to_fit();
        readings.flags.shrink_to_fit();
        readings.status.shrink_to_fit();
        Ok(readings)
    }

    /// Keeps a label and returns its number.
    fn keep(&mut self, label: &str) -> u32 {
        let readings = &mut self.readings;
        readings.texts.push_str(label);
        let end = u32::try_from(readings.texts.len());
        let Ok(end) = end else {
            self.problem = Some(bug("an answer has more than 4 GiB of labels"));
            return 0;
        };
        readings.ends.push(end);
        u32::try_from(readings.ends.len()).unwrap_or_default()
    }

    /// A label is compared with the latest of its dimension only: to look for earlier ones would take longer than to
    /// keep them once more.
    fn take_labels(&mut self, meter: u16, labels: &[Option<&str>], rows: usize) {
        let columns = self.places.get(usize::from(meter)).cloned().flatten();
        let known = self.readings.meter.len();
        for (column, label) in columns.iter().flat_map(|columns| columns.iter()).zip(labels) {
            let (Some(label), Some(latest)) = (label, self.latest.get(*column).copied()) else {
                continue;
            };
            let is_latest = self.readings.label(latest) == Some(label);
            let number = if is_latest { latest } else { self.keep(label) };
            if let Some(latest) = self.latest.get_mut(*column) {
                *latest = number;
            }
            if let Some(column) = self.readings.labels.get_mut(*column) {
                column.resize(known + rows, number);
            }
        }
        // Of the other dimensions they have no label.
        for column in &mut self.readings.labels {
            column.resize(known + rows, 0);
        }
    }

    /// The meter of that place, if it is wanted.
    fn meter(&mut self, place: usize, labels: &[Option<&str>]) -> Option<(u16, &'static Meter)> {
        let known = self.readings.source.meters.get(place);
        let (Some(meter), Ok(number)) = (known, u16::try_from(place)) else {
            self.problem = Some(bug(format!("there is no meter {place}")));
            return None;
        };
        if labels.len() != meter.dimensions.len() {
            let (given, wanted) = (labels.len(), meter.dimensions.len());
            self.problem = Some(bug(format!("{} has {wanted} dimensions, not {given}", meter.name)));
            return None;
        }
        self.places.get(place)?.as_ref()?;
        Some((number, meter))
    }

    /// Takes numbers that start in the window.
    fn take_run(&mut self, meter: u16, run: &Run<'_>, buckets: &[Bucket], quantities: &[i128]) {
        self.take_labels(meter, run.labels, buckets.len());
        let readings = &mut self.readings;
        let rows = readings.meter.len() + buckets.len();
        readings.meter.resize(rows, meter);
        if !readings.cost.is_empty() {
            readings.cost.resize(rows, NO_AMOUNT);
        }
        readings
            .start
            .extend(buckets.iter().map(|bucket| bucket.start.as_microsecond()));
        readings
            .end
            .extend(buckets.iter().map(|bucket| bucket.end.as_microsecond()));
        readings.quantity.extend_from_slice(quantities);
        readings.flags.resize(rows, run.flags.0);
        for bucket in buckets {
            readings
                .runs
                .add(bucket.start.as_microsecond(), bucket.end.as_microsecond());
        }
        let settles = readings.source.settles;
        let status = |bucket: &Bucket| settles.status(bucket.end, readings.fetched_at);
        // What ends earlier settles no later.
        let latest = buckets.iter().max_by_key(|bucket| bucket.end).map(status);
        if let Some(all @ (Status::Settled | Status::Unknown)) = latest {
            readings.status.resize(rows, number(all));
            return;
        }
        for bucket in buckets {
            let status = settles.status(bucket.end, readings.fetched_at);
            if status == Status::Provisional {
                readings.provisional += 1;
                readings.provisional_from = readings.provisional_from.min(bucket.start.as_microsecond());
            }
            readings.status.push(number(status));
        }
    }

    fn take_numbers(&mut self, meter: u16, reading: &Reading<'_>) {
        let cost = reading.cost.map(|cost| cost.scaled);
        let readings = &mut self.readings;
        if cost.is_some() && readings.cost.is_empty() {
            readings.cost = vec![NO_AMOUNT; readings.meter.len()];
        }
        if cost.is_some() || !readings.cost.is_empty() {
            readings.cost.push(cost.unwrap_or(NO_AMOUNT));
        }
        let (start, end) = (microseconds(reading.start), microseconds(reading.end));
        if start != NO_MOMENT && end != NO_MOMENT {
            readings.runs.add(start, end);
        }
        readings.meter.push(meter);
        readings.start.push(start);
        readings.end.push(end);
        readings.quantity.push(reading.quantity.scaled);
    }

    fn take_standing(&mut self, meter: &Meter, reading: &Reading<'_>) {
        let readings = &mut self.readings;
        let mut flags = Flags(reading.flags.0 | meter.flags(reading.quantity).0);
        if reading.cost.is_some_and(|cost| cost.rounded) {
            flags = flags.with(Flag::Rounded);
        }
        let status = reading.end.map_or(Status::Unknown, |end| {
            readings.source.settles.status(end, readings.fetched_at)
        });
        if status == Status::Provisional {
            readings.provisional += 1;
            let start = reading.start.map_or(i64::MAX, Timestamp::as_microsecond);
            readings.provisional_from = readings.provisional_from.min(start);
        }
        readings.flags.push(flags.0);
        readings.status.push(number(status));
    }
}

impl Sink for Collector {
    fn expect(&mut self, more: usize) {
        let readings = &mut self.readings;
        readings.meter.reserve(more);
        readings.labels.iter_mut().for_each(|column| column.reserve(more));
        readings.start.reserve(more);
        readings.end.reserve(more);
        readings.quantity.reserve(more);
        readings.flags.reserve(more);
        readings.status.reserve(more);
    }

    fn reading(&mut self, reading: Reading<'_>) {
        let Some((place, meter)) = self.meter(reading.meter, reading.labels) else {
            return;
        };
        if reading.start.is_some_and(|start| !self.window.contains(start)) {
            self.readings.left_out += 1;
            return;
        }
        self.take_labels(place, reading.labels, 1);
        self.take_numbers(place, &reading);
        self.take_standing(meter, &reading);
    }

    fn run(&mut self, run: &Run<'_>) {
        let Some((meter, _)) = self.meter(run.meter, run.labels) else {
            return;
        };
        let (mut buckets, mut quantities) = (run.buckets, run.quantities);
        // Mostly all of them start in the window, and at once it is seen that they do.
        while let Some(first) = buckets.first() {
            let is_in = self.window.contains(first.start);
            let is_other = |bucket: &Bucket| self.window.contains(bucket.start) != is_in;
            let count = buckets.iter().position(is_other).unwrap_or(buckets.len());
            let (now, later) = buckets.split_at(count);
            let (numbers, other_numbers) = quantities.split_at(count.min(quantities.len()));
            (buckets, quantities) = (later, other_numbers);
            if is_in {
                self.take_run(meter, run, now, numbers);
            } else {
                self.readings.left_out += count;
            }
        }
    }

    fn null(&mut self, meter: usize, labels: &[Option<&str>], start: Timestamp, end: Timestamp) {
        let is_wanted = self.places.get(meter).is_some_and(Option::is_some);
        if is_wanted && self.window.contains(start) {
            self.readings.runs.add(start.as_microsecond(), end.as_microsecond());
            self.readings.told.nulls.push(Null {
                meter,
                labels: labels.iter().map(|label| label.map(str::to_owned)).collect(),
                start: start.as_microsecond(),
                end: end.as_microsecond(),
            });
        }
    }

    fn answers(&mut self, from: Timestamp, to: Timestamp) {
        self.readings.told.answers = Some((from.as_microsecond(), to.as_microsecond()));
    }

    fn cut(&mut self, how: String) {
        self.readings.told.cut = Some(how);
    }

    fn note(&mut self, note: String) {
        self.readings.notes.push(note);
    }
}

/// The place of a status in [`STATUSES`].
pub fn number(status: Status) -> u8 {
    match status {
        Status::Settled => 0,
        Status::Provisional => 1,
        Status::Unknown => 2,
    }
}

/// The meters that a call is asked for.
pub fn wanted(call: &PlannedCall) -> impl Iterator<Item = &'static Meter> {
    let meters = call.asked.source.meters;
    call.asked.meters.iter().filter_map(|place| meters.get(*place))
}

/// The dimensions of these meters, in order of first appearance.
pub fn dimensions(meters: impl IntoIterator<Item = &'static Meter>) -> Vec<&'static str> {
    let mut dimensions = Vec::new();
    for dimension in meters.into_iter().flat_map(|meter| meter.dimensions) {
        if !dimensions.contains(dimension) {
            dimensions.push(*dimension);
        }
    }
    dimensions
}

/// The table of these readings, each with its call's place in the plan; every call's columns are freed when they have
/// been copied.
pub fn table(plan: &Plan, calls: Vec<(usize, CallReadings)>) -> Result<RecordBatch> {
    let mut table = Table::sized(plan, &calls)?;
    for (place, readings) in calls {
        let call = plan
            .calls
            .get(place)
            .ok_or_else(|| bug(format!("the plan has no call {place}")))?;
        table.take(call, readings);
    }
    table.finish()
}

/// The columns of the table, under way.
struct Table<'p> {
    provider: Words<'p>,
    account: Words<'p>,
    meter: Words<'p>,
    dimensions: Vec<(&'static str, Repeated)>,
    start: Vec<i64>,
    end: Vec<i64>,
    quantity: Vec<i128>,
    unit: Words<'p>,
    kind: Words<'p>,
    status: Words<'p>,
    /// Amounts and currencies; nothing unless any reading has a cost.
    costs: Option<(Vec<i128>, Repeated)>,
    flags: RepeatedLists,
    call_id: Repeated,
    fetched_at: Vec<i64>,
}

impl<'p> Table<'p> {
    /// An empty table with exactly the room that these readings need.
    fn sized(plan: &'p Plan, calls: &[(usize, CallReadings)]) -> Result<Self> {
        let rows = calls.iter().map(|(_, readings)| readings.len()).sum();
        let all = || calls.iter().map(|(_, readings)| readings);
        let dimension = |name: &'static str| {
            let labels = all().filter_map(|readings| readings.column(name)).flatten();
            let bytes = labels.map(|(label, rows)| label.map_or(0, str::len) * rows).sum();
            Ok((name, Repeated::sized(rows, checked(name, bytes)?)))
        };
        let flagged = || {
            let flags = all().flat_map(|readings| runs(&readings.flags));
            flags.flat_map(|(flags, rows)| Flags(flags).names().map(move |name| (name.len(), rows)))
        };
        let currency = |readings: &CallReadings| {
            let costs = readings.cost.iter().filter(|cost| **cost != NO_AMOUNT).count();
            costs * readings.source.currency.map_or(0, str::len)
        };
        let ids = calls
            .iter()
            .filter_map(|(place, readings)| Some(plan.calls.get(*place)?.id.len() * readings.len()));
        let dimensions = dimensions(plan.calls.iter().flat_map(wanted));
        let mut status = Words::with_capacity(rows);
        for word in STATUSES {
            status.code(word.name());
        }
        Ok(Self {
            provider: Words::with_capacity(rows),
            account: Words::with_capacity(rows),
            meter: Words::with_capacity(rows),
            dimensions: dimensions.into_iter().map(dimension).collect::<Result<_>>()?,
            start: Vec::with_capacity(rows),
            end: Vec::with_capacity(rows),
            quantity: Vec::with_capacity(rows),
            unit: Words::with_capacity(rows),
            kind: Words::with_capacity(rows),
            status,
            costs: if all().all(|readings| readings.cost.is_empty()) {
                None
            } else {
                let bytes = checked("currency", all().map(currency).sum())?;
                Some((Vec::with_capacity(rows), Repeated::sized(rows, bytes)))
            },
            flags: RepeatedLists::sized(
                rows,
                flagged().map(|(_, rows)| rows).sum(),
                checked("flags", flagged().map(|(length, rows)| length * rows).sum())?,
            ),
            call_id: Repeated::sized(rows, checked("call_id", ids.sum())?),
            fetched_at: Vec::with_capacity(rows),
        })
    }

    fn take(&mut self, call: &'p PlannedCall, readings: CallReadings) {
        let rows = readings.len();
        let provider = self.provider.code(call.provider);
        self.provider.repeat(provider, rows);
        let account = self.account.code(&call.account);
        self.account.repeat(account, rows);
        self.take_meters(call, &readings);
        for (name, column) in &mut self.dimensions {
            match readings.column(name) {
                Some(labels) => labels.for_each(|(label, rows)| column.extend(label, rows)),
                None => column.extend(None, rows),
            }
        }
        for (status, rows) in runs(&readings.status) {
            self.status.repeat(i32::from(status), rows);
        }
        self.take_costs(&readings);
        for (flags, rows) in runs(&readings.flags) {
            let names: Vec<&str> = Flags(flags).names().collect();
            self.flags.extend(&names, rows);
        }
        self.call_id.extend(Some(&call.id), rows);
        self.fetched_at
            .extend(repeat_n(readings.fetched_at.as_microsecond(), rows));
        append(&mut self.start, readings.start);
        append(&mut self.end, readings.end);
        append(&mut self.quantity, readings.quantity);
    }

    fn take_meters(&mut self, call: &PlannedCall, readings: &CallReadings) {
        let mut codes = vec![(0, 0, 0); readings.source.meters.len()];
        for place in &call.asked.meters {
            if let (Some(meter), Some(codes)) = (readings.source.meters.get(*place), codes.get_mut(*place)) {
                *codes = (
                    self.meter.code(meter.name),
                    self.unit.code(meter.unit),
                    self.kind.code(meter.kind.name()),
                );
            }
        }
        for (meter, rows) in runs(&readings.meter) {
            let (meter, unit, kind) = codes.get(usize::from(meter)).copied().unwrap_or_default();
            self.meter.repeat(meter, rows);
            self.unit.repeat(unit, rows);
            self.kind.repeat(kind, rows);
        }
    }

    fn take_costs(&mut self, readings: &CallReadings) {
        let Some((costs, currencies)) = &mut self.costs else {
            return;
        };
        if readings.cost.is_empty() {
            costs.extend(repeat_n(NO_AMOUNT, readings.len()));
            currencies.extend(None, readings.len());
            return;
        }
        costs.extend_from_slice(&readings.cost);
        for cost in &readings.cost {
            let currency = readings.source.currency.filter(|_| *cost != NO_AMOUNT);
            currencies.extend(currency, 1);
        }
    }

    fn finish(self) -> Result<RecordBatch> {
        let rows = self.quantity.len();
        let (cost, currency) = match self.costs {
            Some((costs, currencies)) => (arrays::amounts(costs)?, currencies.finish()?),
            // Nothing is written into these, so most of them never takes room.
            None => (arrays::no_amounts(rows)?, new_null_array(&DataType::Utf8, rows)),
        };
        let mut columns = vec![
            ("provider", self.provider.finish()?),
            ("account", self.account.finish()?),
            ("meter", self.meter.finish()?),
        ];
        for (name, column) in self.dimensions {
            columns.push((name, column.finish()?));
        }
        columns.extend([
            ("start", arrays::moments(self.start)),
            ("end", arrays::moments(self.end)),
            ("quantity", arrays::amounts(self.quantity)?),
            ("unit", self.unit.finish()?),
            ("kind", self.kind.finish()?),
            ("status", self.status.finish()?),
            ("cost", cost),
            ("currency", currency),
            ("flags", self.flags.finish()?),
            ("call_id", self.call_id.finish()?),
            ("fetched_at", arrays::moments(self.fetched_at)),
        ]);
        arrays::table(columns)
    }
}

/// Takes out the values at these places, which ascend.
fn without<T>(column: &mut Vec<T>, places: &[usize]) {
    let (mut place, mut next) = (0, places.iter().peekable());
    column.retain(|_| {
        let is_out = next.next_if_eq(&&place).is_some();
        place += 1;
        !is_out
    });
}

/// Puts the values behind the others; those of a usage of one call move.
fn append<T: Copy>(column: &mut Vec<T>, values: Vec<T>) {
    if column.capacity() == values.len() {
        *column = values;
    } else {
        column.extend_from_slice(&values);
    }
}

/// So many bytes, if they fit into one column: Arrow's plain texts end at 2 GiB.
fn checked(column: &str, bytes: usize) -> Result<usize> {
    if i32::try_from(bytes).is_ok() {
        return Ok(bytes);
    }
    Err(Error::invalid(format!(
        "the column {column:?} would hold more than 2 GiB of text; ask for a shorter range, or fetch the plan in shards"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::fixture::{SUMS, answered, at, call, day, plan, shown, usage, window};
    use crate::usage::{Outcome, Usage};
    use crate::values::quantity::Quantity;
    use std::collections::HashMap;

    #[test]
    fn the_table_has_the_columns_of_the_contract_and_all_may_be_null() {
        let table = usage(&SUMS, vec![]).readings;
        let columns: Vec<(String, String)> = table
            .schema()
            .fields()
            .iter()
            .map(|field| (field.name().clone(), field.data_type().to_string()))
            .collect();
        let columns: Vec<(&str, &str)> = columns.iter().map(|(name, kind)| (&**name, &**kind)).collect();
        let (words, moment, amount) = (
            "Dictionary(Int32, Utf8)",
            "Timestamp(µs, \"UTC\")",
            "Decimal128(38, 18)",
        );
        assert_eq!(
            columns,
            [
                ("provider", words),
                ("account", words),
                ("meter", words),
                ("vhost", "Utf8"),
                ("pool", "Utf8"),
                ("start", moment),
                ("end", moment),
                ("quantity", amount),
                ("unit", words),
                ("kind", words),
                ("status", words),
                ("cost", amount),
                ("currency", "Utf8"),
                ("flags", "List(Utf8)"),
                ("call_id", "Utf8"),
                ("fetched_at", moment),
            ]
        );
        assert!(table.schema().fields().iter().all(|field| field.is_nullable()));
        assert_eq!(table.num_rows(), 0);
    }

    #[test]
    fn each_reading_arrives_exactly() {
        let mut costly = day(0, &[Some("a"), Some("p")], "2026-01-01", "18446744073709551615.5");
        costly.cost = Some(Quantity::parse("0.1").unwrap());
        let mut unplaced = day(1, &[None], "2026-01-01", "-7");
        (unplaced.start, unplaced.end) = (None, None);
        unplaced.flags = Flags::of(&[Flag::Mismatch]);
        let fresh = day(1, &[Some("a")], "2026-02-28", "2.5e-18");
        let table = usage(&SUMS, vec![costly, unplaced, fresh]).readings;
        for (column, values) in [
            ("provider", ["volcengine", "volcengine", "volcengine"]),
            ("account", ["main", "main", "main"]),
            ("meter", ["toy.minutes", "toy.traffic", "toy.traffic"]),
            ("vhost", ["a", "-", "a"]),
            ("pool", ["p", "-", "-"]),
            ("start", ["2026-01-01T00:00:00Z", "-", "2026-02-28T00:00:00Z"]),
            ("end", ["2026-01-02T00:00:00Z", "-", "2026-03-01T00:00:00Z"]),
            ("quantity", ["18446744073709551615.5", "-7", "0.000000000000000002"]),
            ("unit", ["minutes", "GiB", "GiB"]),
            ("kind", ["sum", "sum", "sum"]),
            ("status", ["settled", "unknown", "provisional"]),
            ("cost", ["0.1", "-", "-"]),
            ("currency", ["JPY", "-", "-"]),
            ("flags", ["", "floored+mismatch", "floored+rounded"]),
            ("call_id", ["c1", "c1", "c1"]),
            ("fetched_at", ["2026-03-01T00:00:00Z"; 3]),
        ] {
            assert_eq!(shown(&table, column), values, "{column}");
        }
    }

    #[test]
    fn a_reading_belongs_to_the_window_that_contains_its_start() {
        let plan = plan(vec![call("c1", "main", &SUMS, window("2026-01-01", "2026-02-01"))]);
        let mut across = day(1, &[None], "2026-01-31T16:00:00Z", "3");
        across.flags = Flags::NONE;
        let readings = vec![
            day(1, &[None], "2025-12-31T16:00:00Z", "1"),
            day(1, &[None], "2026-01-01", "2"),
            across,
            day(1, &[None], "2026-02-01", "4"),
        ];
        let Outcome { result, .. } = answered(&plan, 0, readings);
        let kept = result.unwrap();
        assert_eq!(
            (kept.len(), kept.left_out, kept.ending_after(at("2026-02-01"))),
            (2, 2, 1)
        );
        assert_eq!(kept.quantity, [2 * 10_i128.pow(18), 3 * 10_i128.pow(18)]);
    }

    #[test]
    fn readings_of_a_series_ascend_in_time_whatever_order_they_came_in() {
        let mut last = day(1, &[Some("a")], "2026-01-03", "3");
        last.cost = Some(Quantity::whole(30));
        let readings = vec![
            last,
            day(1, &[Some("b")], "2026-01-02", "20"),
            day(1, &[Some("a")], "2026-01-01", "1"),
            day(1, &[Some("b")], "2026-01-01", "10"),
            day(1, &[Some("a")], "2026-01-02", "2"),
        ];
        let table = usage(&SUMS, readings).readings;
        assert_eq!(shown(&table, "vhost"), ["a", "b", "a", "b", "a"]);
        assert_eq!(shown(&table, "quantity"), ["1", "10", "2", "20", "3"]);
        assert_eq!(shown(&table, "cost"), ["-", "-", "-", "-", "30"]);
        let starts = shown(&table, "start");
        let days: Vec<&str> = starts.iter().map(|start| &start[8..10]).collect();
        assert_eq!(days, ["01", "01", "02", "02", "03"]);
    }

    #[test]
    fn a_meter_that_was_not_asked_for_is_left_out_with_its_dimensions() {
        let mut call = call("c1", "main", &SUMS, window("2026-01-01", "2026-02-01"));
        std::sync::Arc::make_mut(&mut call.asked).meters = vec![1];
        let plan = plan(vec![call]);
        let readings = vec![
            day(0, &[Some("a"), Some("p")], "2026-01-01", "1"),
            day(1, &[Some("a")], "2026-01-01", "2"),
        ];
        let usage = Usage::assemble(&plan, vec![answered(&plan, 0, readings)]).unwrap();
        assert_eq!(shown(&usage.readings, "meter"), ["toy.traffic"]);
        assert!(usage.readings.column_by_name("pool").is_none());
    }

    #[test]
    fn a_provider_that_names_the_wrong_meter_or_labels_is_an_error() {
        let plan = plan(vec![call("c1", "main", &SUMS, window("2026-01-01", "2026-02-01"))]);
        for reading in [day(2, &[], "2026-01-01", "1"), day(1, &[None, None], "2026-01-01", "1")] {
            assert!(answered(&plan, 0, vec![reading]).result.is_err());
        }
    }

    #[test]
    fn costs_that_begin_late_stand_at_their_readings() {
        let mut second = day(1, &[None], "2026-01-02", "2");
        second.cost = Some(Quantity::whole(5));
        let readings = vec![
            day(1, &[None], "2026-01-01", "1"),
            second,
            day(1, &[None], "2026-01-03", "3"),
        ];
        assert_eq!(shown(&usage(&SUMS, readings).readings, "cost"), ["-", "5", "-"]);
    }

    #[test]
    fn a_label_is_kept_once_while_it_is_the_latest_of_its_dimension() {
        let plan = plan(vec![call("c1", "main", &SUMS, window("2026-01-01", "2026-02-01"))]);
        let labels = ["a", "", "a", "b", "b", "a"].map(|label| [Some(label).filter(|label| !label.is_empty())]);
        let days: Vec<String> = (1..=6).map(|day| format!("2026-01-0{day}")).collect();
        let readings = labels
            .iter()
            .zip(&days)
            .map(|(labels, start)| day(1, labels, start, "1"));
        let readings: Vec<_> = readings.collect();
        let kept = answered(&plan, 0, readings.clone()).result.unwrap();
        assert_eq!(kept.texts, "aba");
        assert_eq!(
            shown(&usage(&SUMS, readings).readings, "vhost"),
            ["a", "-", "a", "b", "b", "a"]
        );
    }

    #[test]
    fn a_million_readings_take_no_more_room_than_they_need() {
        let (calls, rows) = (1000, 1000);
        let range = window("2026-01-01", "2026-03-01");
        let ids: Vec<String> = (0..calls).map(|nth| format!("call-{nth:04}")).collect();
        let plan = plan(ids.iter().map(|id| call(id, "main", &SUMS, range)).collect());
        let hosts: Vec<String> = (0..10).map(|nth| format!("host-{nth}.example")).collect();
        let outcomes = (0..calls).map(|place| {
            let readings = (0..rows).map(|nth| [Some(&*hosts[nth / 100])]).collect::<Vec<_>>();
            let hour = |nth| at("2026-01-05") + jiff::SignedDuration::from_hours(nth);
            let readings = readings.iter().zip(0..).map(|(labels, nth)| Reading {
                start: Some(hour(nth)),
                end: Some(hour(nth + 1)),
                ..day(1, labels, "2026-01-05", "12.5")
            });
            answered(&plan, place, readings.collect())
        });
        let outcomes: Vec<Outcome> = outcomes.collect();
        for outcome in &outcomes {
            let kept = outcome.result.as_ref().unwrap();
            assert_eq!(
                (
                    kept.quantity.capacity(),
                    kept.labels[1].capacity(),
                    kept.cost.capacity()
                ),
                (1000, 1000, 0)
            );
            assert_eq!(
                (kept.start.capacity(), kept.texts.capacity(), kept.ends.capacity()),
                (1000, 140, 10)
            );
        }
        let usage = Usage::assemble(&plan, outcomes).unwrap();
        assert_eq!(usage.readings.num_rows(), calls * rows);
        // Six columns of words (4), three of moments (8), two of amounts (16), texts with their offsets (4 each): vhost
        // of 14 bytes, pool, currency, call_id of 9; lists (4) of one flag (4 + 7); and bits where something is missing.
        let row = 6 * 4 + 3 * 8 + 2 * 16 + (4 + 14) + 4 + 4 + (4 + 9) + 4 + (4 + 7);
        let bits = 5 * calls * rows / 8;
        let room = usage.readings.get_array_memory_size();
        let needed = calls * rows * row + bits;
        assert!(
            room >= calls * rows * row && room < needed + needed / 100,
            "{room} bytes for {needed}"
        );
    }

    #[test]
    fn meters_of_the_registry_fit_the_table() {
        let sources = crate::providers::BUILT_IN
            .iter()
            .flat_map(|provider| provider.facts().sources);
        let mut known: HashMap<&str, &Meter> = HashMap::new();
        for meter in sources.flat_map(|source| source.meters) {
            let first = known.entry(meter.name).or_insert(meter);
            // Rounding may differ: RICOH floors its totals, not its parts.
            let facts = |meter: &Meter| (meter.unit, meter.kind, meter.rollup);
            assert_eq!(facts(first), facts(meter), "{} has two natures", meter.name);
        }
    }

    #[test]
    fn more_text_than_a_column_can_hold_is_refused() {
        let error = checked("label", 1 << 31).unwrap_err();
        assert!(
            error
                .message
                .starts_with("the column \"label\" would hold more than 2 GiB")
        );
        assert_eq!(checked("label", 3).unwrap(), 3);
    }
}
