//! Roll-up: readings of short windows and many labels put together, by each meter's rule and never against it.
//!
//! Two steps, because the rules differ: first each series alone (one meter with all its labels) over time, then the
//! series of a group over labels. Levels show why: the latest of each vhost, then their sum.

use std::collections::{BTreeMap, HashMap};

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, Decimal128Array, DictionaryArray, Int32Array, ListArray, RecordBatch, TimestampMicrosecondArray,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Usage;
use super::arrays::{self, NO_AMOUNT, NO_MOMENT, Numbers, Texts, Words, bug, microseconds};
use super::columns::{STATUSES, number};
use super::covered::{Group, Knowledge, Sources};
use super::timeline::moment as told_moment;
use crate::meters::{AFTER_DIMENSIONS, BEFORE_DIMENSIONS, Buckets, Combine, Flag, Flags, Kind, Meter, Status};
use crate::plan::Plan;
use crate::values::error::{Error, Result};
use crate::values::period::Every;
use crate::values::text::did_you_mean;

/// What a roll-up is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct RollUp<'a> {
    /// The periods; without them each window stays apart.
    pub every: Option<Every>,
    /// The time zone whose calendar they are of; the plan's where none is given.
    pub zone: Option<&'a TimeZone>,
    /// The columns that stay apart; where none are given, account, provider, meter and what the meters' rules need.
    pub by: Option<&'a [String]>,
    /// The meters; all where none are given.
    pub meters: Option<&'a [String]>,
    /// Where it was asked for, in whose words it is refused.
    pub door: Door,
}

/// Where a roll-up was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Door {
    /// In Python.
    #[default]
    Python,
    /// On the command line.
    CommandLine,
}

impl Door {
    fn by(self, names: &[&str]) -> String {
        match self {
            Self::Python => format!("write by={names:?}"),
            Self::CommandLine => format!("write --by {}", names.join(" ")),
        }
    }

    fn every(self, every: Every, is_other_zone: bool) -> String {
        let zone = match (is_other_zone, self) {
            (false, _) => "",
            (true, Self::Python) => " and this tz",
            (true, Self::CommandLine) => " and this --tz",
        };
        match self {
            Self::Python => format!("plan it with every=\"{}\"{zone}", every.name()),
            Self::CommandLine => format!("fetch it anew with --rollup {}{zone}", every.name()),
        }
    }

    fn no_every(self) -> &'static str {
        match self {
            Self::Python => "leave every out",
            Self::CommandLine => "leave --rollup out",
        }
    }

    fn meters(self) -> &'static str {
        match self {
            Self::Python => "meters=",
            Self::CommandLine => "--meters",
        }
    }
}

/// A roll-up.
#[derive(Debug)]
pub struct RolledUp {
    /// A row for each figure.
    pub table: RecordBatch,
    /// What must be known of all of it, in a few words; empty where there is nothing to say.
    pub remark: String,
}

impl Usage {
    /// Puts readings together: over each period of the time zone's calendar (over no time at all without `every`), and
    /// over all that `by` does not name (of provider, account, meter, unit, kind and the dimensions).
    ///
    /// A peak is never summed, a meter never mixed with another; what a meter's rule does not allow is refused, and so is
    /// a reading of more than its period where nothing says which part of it belongs there. Readings count where they
    /// start; those without a start make figures without one. A period that was asked for in which a known group has no
    /// reading is a row without a quantity.
    ///
    /// The flags of a figure are those of its readings, and more where they are due: `partial_period` if some of the
    /// period is not known, and then `lower_bound` if figures are added or the largest is taken, `partial_bucket` if the
    /// latest is; `lower_bound` if floored figures were added; `partial_bucket` with `attributed_by_start` if a reading
    /// ends after the period; `approximate` if levels of different moments were added. A cost is given only where each
    /// added reading states one, in one currency.
    pub fn rollup(&self, wanted: &RollUp<'_>) -> Result<RolledUp> {
        let given = wanted.by.map(|by| names(&self.readings, by)).transpose()?;
        let meters = wanted.meters.map(|names| meters(self, names)).transpose()?;
        let rows = Rows::of(self, meters.as_deref(), wanted.door)?;
        let zone = wanted.zone.unwrap_or_else(|| self.plan.zone.time_zone());
        let mut periods = Periods::new(wanted.every, zone, &self.plan);
        let series = rows.series(&mut periods)?;
        refuse_longer(self, wanted, &periods, &series)?;
        let names = given.unwrap_or_else(|| rows.needed(&series));
        let asked = periods.asked(&self.plan)?;
        let groups = Groups {
            names: &names,
            rows: &rows,
            periods: &periods,
            door: wanted.door,
        };
        let figures = groups.complete(groups.put_together(series)?, self, &asked)?;
        Ok(RolledUp {
            remark: remark(self, &figures),
            table: groups.table(&figures)?,
        })
    }
}

/// The meters that are named, each of which must be one of this usage.
fn meters<'a>(usage: &Usage, names: &'a [String]) -> Result<Vec<&'a str>> {
    if names.is_empty() {
        return Err(Error::invalid("meters names no meter; leave it out for all of them"));
    }
    let known = || usage.meters.iter().map(|meter| meter.name);
    match names.iter().find(|name| known().all(|known| known != **name)) {
        None => Ok(names.iter().map(String::as_str).collect()),
        Some(unknown) => {
            let hint = did_you_mean(unknown, known());
            Err(Error::invalid(format!("this usage has no meter {unknown:?}{hint}")))
        }
    }
}

/// What must be known of a roll-up as a whole.
fn remark(usage: &Usage, figures: &[Figure<'_>]) -> String {
    let mut periods: HashMap<u32, bool> = HashMap::new();
    for figure in figures.iter().filter(|figure| figure.period != UNPLACED) {
        *periods.entry(figure.period).or_default() |= figure.flags.has(Flag::PartialPeriod);
    }
    let mut told = Vec::new();
    let partial = periods.values().filter(|is_partial| **is_partial).count();
    if partial > 0 {
        let is = if partial == 1 { "is" } else { "are" };
        told.push(format!("{partial} of {} periods {is} known in part", periods.len()));
    }
    if let Some(part) = &usage.plan.part {
        told.push(format!("{part} of a plan"));
    }
    if usage.missing().next().is_some() {
        told.push("the usage is INCOMPLETE".to_owned());
    }
    told.join("; ")
}

/// Refuses a roll-up for which the plan's buckets are too long in any case, so that nobody is asked in vain.
pub fn refuse_early(plan: &Plan, every: Every, door: Door) -> Result<()> {
    let period = match every {
        Every::Hour => 3600,
        Every::Day => 86_400,
        Every::Week => 7 * 86_400,
        Every::Month | Every::Quarter | Every::Year | Every::All => return Ok(()),
    };
    for call in &plan.calls {
        let length = match call.asked.buckets {
            Buckets::Every(seconds, _) => seconds,
            Buckets::Months => 28 * 86_400,
            Buckets::MonthSoFar => call.piece.end().at.as_second() - call.piece.start().at.as_second(),
            // They are cut where periods end, or refused when their figures are there.
            Buckets::Window => continue,
        };
        // What is as long as two of them holds another one, wherever it lies.
        if length >= 2 * period
            && let Some((_, meter)) = call.asked.wanted().next()
        {
            return Err(Error::invalid(format!(
                "{}: one figure ({}) cannot be told by the {}; choose a longer period, or leave the meter out with {}",
                meter.name,
                call.asked.buckets,
                every.name(),
                door.meters()
            )));
        }
    }
    Ok(())
}

/// Refuses readings of more than their period, unless they are buckets that cross no more than its end.
fn refuse_longer(usage: &Usage, wanted: &RollUp<'_>, periods: &Periods<'_>, series: &[Figure<'_>]) -> Result<()> {
    let Some(every) = wanted.every.filter(|every| *every != Every::All) else {
        return Ok(());
    };
    for figure in series {
        let (end, start) = figure.latest;
        let Some((_, last)) = periods.bounds(figure.period).filter(|(_, last)| end > *last) else {
            continue;
        };
        let holds_another = periods.around(last)?.1 <= end;
        let name = figure.meter.name;
        let of_it = |meters: &[&'static Meter]| meters.iter().any(|meter| meter.name == name);
        let mut timelines = usage.timelines.iter().filter(|timeline| of_it(&timeline.meters));
        let has_none = timelines.any(|timeline| timeline.buckets == Buckets::Window);
        // A month of UTC that begins in the evening of another zone's is no figure of the month that ends there.
        let is_elsewhere = end - start >= LONG && end - last > last - start;
        if !holds_another && !has_none && !is_elsewhere {
            continue;
        }
        let is_other_zone = wanted.zone.is_some_and(|zone| zone != usage.plan.zone.time_zone());
        let way = if has_none {
            wanted.door.every(every, is_other_zone)
        } else {
            "choose a longer period".to_owned()
        };
        return Err(Error::invalid(format!(
            "{name}: the figure of {} to {} cannot be told by the {}, since nothing says how much of it belongs to each; \
             {way}, or leave the meter out with {}",
            told_moment(start),
            told_moment(end),
            every.name(),
            wanted.door.meters()
        )));
    }
    Ok(())
}

/// The columns that `by` names, each once.
fn names<'a>(readings: &'a RecordBatch, by: &[String]) -> Result<Vec<&'a str>> {
    let fields = readings.schema_ref().fields();
    let is_label = |name: &str| matches!(name, "unit" | "kind") || !AFTER_DIMENSIONS.contains(&name);
    let known = || fields.iter().map(|field| &**field.name()).filter(|name| is_label(name));
    let mut names = Vec::new();
    for name in by {
        let found = known().find(|known| known == name).ok_or_else(|| {
            let hint = did_you_mean(name, known());
            Error::invalid(format!("the readings cannot be rolled up by {name:?}{hint}"))
        })?;
        if !names.contains(&found) {
            names.push(found);
        }
    }
    Ok(names)
}

/// The table of readings, column by column.
struct Rows<'a> {
    batch: &'a RecordBatch,
    /// What tells series apart: provider, account, meter and the dimensions.
    labels: Vec<(&'a str, Texts<'a>)>,
    meter: Texts<'a>,
    meters: HashMap<&'static str, &'static Meter>,
    /// The meters that are wanted, if not all are.
    wanted: Option<&'a [&'a str]>,
    door: Door,
    start: &'a TimestampMicrosecondArray,
    end: &'a TimestampMicrosecondArray,
    quantity: &'a Decimal128Array,
    status: &'a Int32Array,
    cost: &'a Decimal128Array,
    currency: Texts<'a>,
    flags: &'a ListArray,
}

impl<'a> Rows<'a> {
    fn of(usage: &'a Usage, wanted: Option<&'a [&'a str]>, door: Door) -> Result<Self> {
        let batch = &usage.readings;
        let status: &DictionaryArray<Int32Type> = column(batch, "status")?;
        let fields = batch.schema_ref().fields().iter().zip(batch.columns());
        let labels = fields.filter(|(field, _)| !AFTER_DIMENSIONS.contains(&&**field.name()));
        Ok(Self {
            batch,
            labels: labels
                .map(|(field, column)| Ok((&**field.name(), Texts::of(column)?)))
                .collect::<Result<_>>()?,
            meter: texts(batch, "meter")?,
            meters: usage.meters.iter().map(|meter| (meter.name, *meter)).collect(),
            wanted,
            door,
            start: column(batch, "start")?,
            end: column(batch, "end")?,
            quantity: column(batch, "quantity")?,
            status: status.keys(),
            cost: column(batch, "cost")?,
            currency: texts(batch, "currency")?,
            flags: column(batch, "flags")?,
        })
    }

    fn texts(&self, name: &str) -> Result<Texts<'a>> {
        texts(self.batch, name)
    }

    /// One figure for each series and period, by the meters' rules over time.
    fn series(&self, periods: &mut Periods<'_>) -> Result<Vec<Figure<'a>>> {
        let rows = self.batch.num_rows();
        let mut ids = vec![0; rows];
        for (_, texts) in &self.labels {
            refine(&mut ids, texts.codes());
        }
        let mut of_rows = Vec::with_capacity(rows);
        for row in 0..rows {
            of_rows.push(periods.of(moment(self.start, row), moment(self.end, row))?);
        }
        refine(&mut ids, of_rows.iter().copied());
        let mut series: Vec<Figure<'a>> = Vec::new();
        for (row, (id, period)) in ids.into_iter().zip(of_rows).enumerate() {
            match series.get_mut(id as usize) {
                Some(known) if !known.is_wanted => {}
                Some(known) => known.merge_over_time(&self.figure(row, known.meter, period, periods)?, self.door)?,
                None => {
                    let mut first = self.figure(row, self.meter(row)?, period, periods)?;
                    first.is_wanted = self.wanted.is_none_or(|wanted| wanted.contains(&first.meter.name));
                    series.push(first);
                }
            }
        }
        series.retain(|figure| figure.is_wanted);
        Ok(series)
    }

    /// Account, provider, meter, and the dimensions over which the meters' rules put nothing together.
    fn needed(&self, series: &[Figure<'a>]) -> Vec<&'a str> {
        let mut firsts: HashMap<&str, usize> = HashMap::new();
        let mut apart: Vec<&str> = BEFORE_DIMENSIONS.to_vec();
        for figure in series {
            let rule = figure.meter.rollup.over_labels;
            if let Combine::AddWithin(dimension) = rule {
                apart.push(dimension);
            }
            let first = *firsts.entry(figure.meter.name).or_insert(figure.row);
            if rule == Combine::Refuse && first != figure.row {
                let own = self.labels.iter().filter(|(name, _)| !apart.contains(name));
                let differing = own.filter(|(_, texts)| texts.get(first) != texts.get(figure.row));
                let differing: Vec<&str> = differing.map(|(name, _)| *name).collect();
                apart.extend(differing);
            }
        }
        let names = self.labels.iter().map(|(name, _)| *name);
        names.filter(|name| apart.contains(name)).collect()
    }

    fn meter(&self, row: usize) -> Result<&'static Meter> {
        let name = self.meter.get(row).unwrap_or_default();
        let meter = self.meters.get(name).copied();
        meter.ok_or_else(|| bug(format!("no meter {name:?}")))
    }

    fn figure(&self, row: usize, meter: &'static Meter, period: u32, periods: &Periods<'_>) -> Result<Figure<'a>> {
        let (start, end) = (moment(self.start, row), moment(self.end, row));
        let mut flags = self.flags(row)?;
        if periods.bounds(period).is_some_and(|(_, last)| end > last) {
            flags = flags.with(Flag::PartialBucket).with(Flag::AttributedByStart);
        }
        Ok(Figure {
            row,
            meter,
            period,
            readings: 1,
            quantity: self.quantity.value(row),
            cost: if self.cost.is_valid(row) {
                self.cost.value(row)
            } else {
                NO_AMOUNT
            },
            currency: self.currency.get(row),
            latest: (end, start),
            span: (start, end),
            is_wanted: true,
            covered: None,
            flags,
            status: u8::try_from(self.status.value(row)).unwrap_or(number(Status::Unknown)),
        })
    }

    fn flags(&self, row: usize) -> Result<Flags> {
        let length = self.flags.value_length(row);
        if length == 0 {
            return Ok(Flags::NONE);
        }
        let list = self.flags.value(row);
        let texts = Texts::of(&list)?;
        let words = (0..list.len()).filter_map(|place| texts.get(place));
        let known = |word: &str| Flag::ALL.into_iter().find(|(_, name)| *name == word);
        Ok(words
            .filter_map(known)
            .fold(Flags::NONE, |flags, (flag, _)| flags.with(flag)))
    }
}

fn column<'a, T: 'static>(batch: &'a RecordBatch, name: &str) -> Result<&'a T> {
    let column = batch
        .column_by_name(name)
        .and_then(|column| column.as_any().downcast_ref());
    column.ok_or_else(|| bug(format!("the readings have no column {name:?} of its type")))
}

fn texts<'a>(batch: &'a RecordBatch, name: &str) -> Result<Texts<'a>> {
    let column = batch.column_by_name(name);
    Texts::of(column.ok_or_else(|| bug(format!("the readings have no column {name:?}")))?)
}

fn moment(column: &TimestampMicrosecondArray, row: usize) -> i64 {
    if column.is_valid(row) {
        column.value(row)
    } else {
        NO_MOMENT
    }
}

/// Tells rows apart that agreed so far and differ in these codes; new ids count from 0 in order of first appearance.
fn refine(ids: &mut [u32], codes: impl IntoIterator<Item = u32>) {
    let mut numbers = Numbers::default();
    for (id, code) in ids.iter_mut().zip(codes) {
        *id = numbers.of((*id, code));
    }
}

/// Microseconds from which on a bucket is one of a month or more.
const LONG: i64 = 27 * 86_400 * 1_000_000;

/// The number of the period of readings without a start.
const UNPLACED: u32 = 0;

/// The periods that readings fall into, each with a number.
struct Periods<'z> {
    every: Option<Every>,
    zone: &'z TimeZone,
    bounds: Vec<(i64, i64)>,
    /// By start: the end and the number of a period of the calendar.
    calendar: BTreeMap<i64, (i64, u32)>,
    /// The period of the calendar that was asked for last.
    last: (i64, i64, u32),
    /// Without a calendar each window is a period.
    windows: Numbers<(i64, i64)>,
}

impl<'z> Periods<'z> {
    fn new(every: Option<Every>, zone: &'z TimeZone, plan: &Plan) -> Self {
        let mut bounds = vec![(NO_MOMENT, NO_MOMENT)];
        if every == Some(Every::All) {
            let (start, end) = plan.range().unzip();
            bounds.push((microseconds(start), microseconds(end)));
        }
        Self {
            every,
            zone,
            bounds,
            calendar: BTreeMap::new(),
            last: (0, 0, 0),
            windows: Numbers::default(),
        }
    }

    /// The numbers of the periods that what was asked for touches, in their order.
    fn asked(&mut self, plan: &Plan) -> Result<Vec<u32>> {
        let mut numbers = Vec::new();
        match self.every {
            None => {}
            Some(Every::All) => numbers.push(1),
            Some(_) => {
                for window in &plan.asked {
                    let (mut at, end) = (window.start().at.as_microsecond(), window.end().at.as_microsecond());
                    while at < end {
                        let number = self.of(at, at)?;
                        if numbers.last() != Some(&number) {
                            numbers.push(number);
                        }
                        at = self.bounds(number).map_or(end, |(_, last)| last.max(at + 1));
                    }
                }
            }
        }
        Ok(numbers)
    }

    /// The period of the calendar that a moment lies in.
    fn around(&self, at: i64) -> Result<(i64, i64)> {
        let at = Timestamp::from_microsecond(at).map_err(bug)?;
        let every = self.every.unwrap_or(Every::All);
        let (first, last) = every.around(at, self.zone).map_err(bug)?;
        Ok((first.as_microsecond(), last.as_microsecond()))
    }

    /// What the periods are called, by their numbers; none are where there is no calendar.
    fn labels(&self) -> Vec<Option<String>> {
        let Some(every) = self.every else {
            return Vec::new();
        };
        let at = |start| Timestamp::from_microsecond(start).ok();
        let starts = self
            .bounds
            .iter()
            .map(|(start, _)| at(*start).filter(|_| *start != NO_MOMENT));
        starts.map(|start| Some(every.label(start?, self.zone))).collect()
    }

    /// The number of the period of a reading with this window.
    fn of(&mut self, start: i64, end: i64) -> Result<u32> {
        let next = u32::try_from(self.bounds.len()).map_err(bug)?;
        match self.every {
            _ if start == NO_MOMENT => Ok(UNPLACED),
            Some(Every::All) => Ok(1),
            None => {
                let number = self.windows.of((start, end)) + 1;
                if number == next {
                    self.bounds.push((start, end));
                }
                Ok(number)
            }
            Some(_) => {
                let (first, last, number) = self.last;
                if first <= start && start < last {
                    return Ok(number);
                }
                let before = self.calendar.range(..=start).next_back();
                if let Some((first, (last, number))) = before.filter(|(_, (last, _))| start < *last) {
                    self.last = (*first, *last, *number);
                    return Ok(*number);
                }
                let (first, last) = self.around(start)?;
                self.bounds.push((first, last));
                self.calendar.insert(first, (last, next));
                Ok(next)
            }
        }
    }

    /// First moment and end of a period; nothing where there is none.
    fn bounds(&self, number: u32) -> Option<(i64, i64)> {
        self.bounds
            .get(number as usize)
            .copied()
            .filter(|(start, _)| *start != NO_MOMENT)
    }
}

/// Some readings of one meter, put together.
#[derive(Debug, Clone)]
struct Figure<'a> {
    /// The first reading in it, which has its labels.
    row: usize,
    meter: &'static Meter,
    period: u32,
    readings: usize,
    quantity: i128,
    cost: i128,
    currency: Option<&'a str>,
    /// End and start of the latest reading in it.
    latest: (i64, i64),
    /// The first start and the last end.
    span: (i64, i64),
    /// False for what stands in for readings of a meter that is not wanted.
    is_wanted: bool,
    /// The share of its period that is known, where there is a period.
    covered: Option<f64>,
    flags: Flags,
    status: u8,
}

impl Figure<'_> {
    /// A period of the same group without a reading.
    fn without_reading(&self, period: u32) -> Self {
        Self {
            period,
            readings: 0,
            quantity: NO_AMOUNT,
            cost: NO_AMOUNT,
            currency: None,
            covered: Some(0.0),
            flags: Flags::NONE.with(Flag::PartialPeriod),
            status: number(Status::Unknown),
            ..self.clone()
        }
    }

    /// The flag of a figure that may lack something.
    fn lacking(&self) -> Option<Flag> {
        match self.meter.rollup.over_time {
            Combine::Add | Combine::AddWithin(_) | Combine::Max => Some(Flag::LowerBound),
            Combine::Last => Some(Flag::PartialBucket),
            // One window of a sum is less than the period's all the same.
            Combine::Refuse => (self.meter.kind == Kind::Sum).then_some(Flag::LowerBound),
        }
    }

    fn flag(&mut self, flag: Option<Flag>) {
        self.flags = flag.map_or(self.flags, |flag| self.flags.with(flag));
    }

    fn merge_over_time(&mut self, other: &Self, door: Door) -> Result<()> {
        if self.meter.rollup.over_time == Combine::Refuse {
            let (name, way) = (self.meter.name, door.no_every());
            let text = "figures of different times cannot be put together";
            return Err(Error::invalid(format!("{name}: {text}; {way}, which keeps them apart")));
        }
        self.merge(other, self.meter.rollup.over_time)
    }

    fn merge_over_labels(&mut self, other: &Self) -> Result<()> {
        let rule = self.meter.rollup;
        let adds = matches!(rule.over_labels, Combine::Add | Combine::AddWithin(_));
        if adds && rule.over_time == Combine::Last && self.latest.0 != other.latest.0 {
            self.flags = self.flags.with(Flag::Approximate);
        }
        self.merge(other, rule.over_labels)
    }

    fn merge(&mut self, other: &Self, how: Combine) -> Result<()> {
        self.flags = Flags(self.flags.0 | other.flags.0);
        let takes_other = match how {
            Combine::Add | Combine::AddWithin(_) => {
                self.add(other)?;
                false
            }
            Combine::Max => other.quantity > self.quantity,
            Combine::Last => other.latest >= self.latest,
            Combine::Refuse => return Err(bug(format!("{} was put together", self.meter.name))),
        };
        if takes_other {
            (self.quantity, self.cost, self.currency) = (other.quantity, other.cost, other.currency);
        }
        self.readings += other.readings;
        self.latest = self.latest.max(other.latest);
        self.span = (self.span.0.min(other.span.0), self.span.1.max(other.span.1));
        self.status = worse(self.status, other.status);
        Ok(())
    }

    fn add(&mut self, other: &Self) -> Result<()> {
        self.quantity = sum(self.meter, self.quantity, other.quantity)?;
        self.cost = match (self.cost, other.cost) {
            (NO_AMOUNT, _) | (_, NO_AMOUNT) => NO_AMOUNT,
            _ if self.currency != other.currency => NO_AMOUNT,
            (a, b) => sum(self.meter, a, b)?,
        };
        if self.flags.has(Flag::Floored) {
            self.flags = self.flags.with(Flag::LowerBound);
        }
        Ok(())
    }
}

fn sum(meter: &Meter, a: i128, b: i128) -> Result<i128> {
    // Both are below 10^38, and their sum therefore below 2^127.
    let sum = a.checked_add(b).filter(|sum| sum.unsigned_abs() < 10_u128.pow(38));
    sum.ok_or_else(|| {
        Error::invalid(format!(
            "{}: the sum has more than 20 digits before the point",
            meter.name
        ))
    })
}

/// The status of two figures together: provisional if one is, else unknown if one is.
fn worse(a: u8, b: u8) -> u8 {
    let provisional = number(Status::Provisional);
    if a == provisional || b == provisional {
        provisional
    } else {
        a.max(b)
    }
}

/// Groups of series, and the table of their figures.
struct Groups<'g, 'a> {
    names: &'g [&'a str],
    rows: &'g Rows<'a>,
    periods: &'g Periods<'g>,
    door: Door,
}

impl<'a> Groups<'_, 'a> {
    /// One figure for each group and period, by the meters' rules over labels, each with its group's number.
    fn put_together(&self, series: Vec<Figure<'a>>) -> Result<Vec<(u32, Figure<'a>)>> {
        let mut ids = vec![0; series.len()];
        for name in self.names {
            let texts = self.rows.texts(name)?;
            let mut numbers = Numbers::default();
            refine(&mut ids, series.iter().map(|figure| numbers.of(texts.get(figure.row))));
        }
        let mut places = Numbers::default();
        let mut groups: Vec<(u32, Figure<'a>)> = Vec::new();
        for (id, figure) in ids.into_iter().zip(series) {
            match groups.get_mut(places.of((id, figure.period)) as usize) {
                Some((_, known)) => self.merge(known, &figure)?,
                None => groups.push((id, figure)),
            }
        }
        Ok(groups)
    }

    /// The figures by group, then by time, with what is known of their periods, and with the periods that lack them.
    fn complete(&self, mut groups: Vec<(u32, Figure<'a>)>, usage: &Usage, asked: &[u32]) -> Result<Vec<Figure<'a>>> {
        let start = |figure: &Figure<'a>| match self.bounds(figure) {
            (NO_MOMENT, _) => i64::MAX,
            (start, _) => start,
        };
        groups.sort_by_key(|(id, figure)| (*id, start(figure)));
        let mut sources = Sources::of(usage);
        // What is put together with nothing lacks nothing. An account has one provider.
        let labels = self.rows.labels.iter().map(|(name, _)| *name);
        let is_apart = |name: &str| name == "provider" || self.names.contains(&name);
        let keeps_all = self.periods.every.is_none() && labels.into_iter().all(is_apart);
        if !keeps_all {
            for figures in groups.chunk_by_mut(|(one, _), (other, _)| one == other) {
                let group = figures.first().map(|(_, first)| self.group(first)).transpose()?;
                if let Some(knowledge) = group.and_then(|group| sources.knowledge(&group)) {
                    for (_, figure) in figures {
                        self.judge(figure, knowledge, usage)?;
                    }
                }
            }
        }
        if asked.is_empty() {
            return Ok(groups.into_iter().map(|(_, figure)| figure).collect());
        }
        let mut all = Vec::with_capacity(groups.len());
        let mut rest = groups.into_iter().peekable();
        while let Some((id, first)) = rest.next() {
            // What a month-so-far counter was in other periods nobody can be asked.
            let asked = if first.meter.kind == Kind::Cumulative {
                &[]
            } else {
                asked
            };
            let mut without = asked.iter().peekable();
            let model = first.clone();
            let mut next = Some(first);
            while let Some(figure) = next {
                let is_before = |period: &&u32| {
                    let from = self.periods.bounds(**period).map_or(NO_MOMENT, |(from, _)| from);
                    **period != figure.period && from < start(&figure)
                };
                while let Some(period) = without.next_if(is_before) {
                    all.push(model.without_reading(*period));
                }
                without.next_if(|period| **period == figure.period);
                all.push(figure);
                next = rest.next_if(|(other, _)| *other == id).map(|(_, figure)| figure);
            }
            all.extend(without.map(|period| model.without_reading(*period)));
        }
        Ok(all)
    }

    fn group(&self, figure: &Figure<'a>) -> Result<Group<'a>> {
        let mut columns = Vec::with_capacity(self.names.len());
        for name in self.names.iter().filter(|name| !AFTER_DIMENSIONS.contains(name)) {
            columns.push((*name, self.rows.texts(name)?.get(figure.row)));
        }
        Ok(Group {
            meter: figure.meter,
            columns,
        })
    }

    /// Says of a figure how much of its period is known, and what that makes of it.
    fn judge(&self, figure: &mut Figure<'a>, knowledge: &mut Knowledge, usage: &Usage) -> Result<()> {
        let Some((start, end)) = self.periods.bounds(figure.period) else {
            // Of readings without a start nobody knows which of all holes they lie beside.
            let (start, end) = usage.plan.range().unzip();
            if knowledge.measure(microseconds(start), microseconds(end))?.lacks {
                figure.flag(figure.lacking());
            }
            return Ok(());
        };
        if self.periods.every.is_none() {
            if knowledge.lacks_at(start) {
                figure.flag(figure.lacking());
            }
            return Ok(());
        }
        if figure.meter.kind == Kind::Cumulative {
            if knowledge.lacks_at(figure.span.0) {
                figure.flag(Some(Flag::LowerBound));
            }
            let is_inside = figure.span.0 <= start && end <= figure.span.1;
            figure.flag((!is_inside).then_some(Flag::PartialPeriod));
            return Ok(());
        }
        let measure = knowledge.measure(start, end)?;
        figure.covered = Some(measure.share());
        figure.flag((!measure.is_whole()).then_some(Flag::PartialPeriod));
        // The latest level may be missing wherever one is.
        let is_level = figure.meter.rollup.over_time == Combine::Last;
        if measure.lacks || is_level && !measure.is_whole() {
            figure.flag(figure.lacking());
        }
        Ok(())
    }

    fn merge(&self, known: &mut Figure<'a>, figure: &Figure<'a>) -> Result<()> {
        if known.meter.name != figure.meter.name {
            let problem = format!(
                "{} and {} cannot become one figure",
                known.meter.name, figure.meter.name
            );
            return Err(self.refuse(&problem, &["meter"]));
        }
        let differing = || self.differing(known.row, figure.row);
        let dropped: Vec<&str> = match known.meter.rollup.over_labels {
            Combine::Refuse => differing().collect(),
            Combine::AddWithin(dimension) => differing().filter(|name| *name == dimension).collect(),
            Combine::Add | Combine::Max | Combine::Last => Vec::new(),
        };
        if !dropped.is_empty() {
            let problem = format!(
                "{}: figures of different {} cannot become one",
                known.meter.name,
                dropped.join(", ")
            );
            return Err(self.refuse(&problem, &dropped));
        }
        known.merge_over_labels(figure)
    }

    /// The columns that tell these two rows apart and are not in `by`.
    fn differing(&self, a: usize, b: usize) -> impl Iterator<Item = &str> {
        let labels = self
            .rows
            .labels
            .iter()
            .filter(move |(_, texts)| texts.get(a) != texts.get(b));
        labels.map(|(name, _)| *name).filter(|name| !self.names.contains(name))
    }

    fn refuse(&self, problem: &str, more: &[&str]) -> Error {
        let by: Vec<&str> = self.names.iter().chain(more).copied().collect();
        Error::invalid(format!("{problem}; {}", self.door.by(&by)))
    }

    fn bounds(&self, figure: &Figure<'a>) -> (i64, i64) {
        self.periods.bounds(figure.period).unwrap_or(figure.span)
    }

    fn table(&self, figures: &[Figure<'a>]) -> Result<RecordBatch> {
        let mut columns = Vec::new();
        for name in self.names.iter().filter(|name| !AFTER_DIMENSIONS.contains(name)) {
            let texts = self.rows.texts(name)?;
            let texts = figures.iter().map(|figure| texts.get(figure.row));
            columns.push(if BEFORE_DIMENSIONS.contains(name) {
                (*name, Words::column(texts.map(Option::unwrap_or_default))?)
            } else {
                (*name, arrays::texts(texts))
            });
        }
        if !self.names.contains(&"meter") {
            columns.push(("meter", Words::column(figures.iter().map(|figure| figure.meter.name))?));
        }
        let status = |figure: &Figure<'a>| {
            STATUSES
                .get(usize::from(figure.status))
                .map_or("unknown", |one| one.name())
        };
        let currency = |figure: &Figure<'a>| figure.currency.filter(|_| figure.cost != NO_AMOUNT);
        let labels = self.periods.labels();
        let label = |figure: &Figure<'a>| labels.get(figure.period as usize)?.as_deref();
        columns.extend([
            ("period", arrays::texts(figures.iter().map(label))),
            (
                "start",
                arrays::moments(figures.iter().map(|figure| self.bounds(figure).0).collect()),
            ),
            (
                "end",
                arrays::moments(figures.iter().map(|figure| self.bounds(figure).1).collect()),
            ),
            ("covered", arrays::shares(figures.iter().map(|figure| figure.covered))),
            (
                "quantity",
                arrays::amounts(figures.iter().map(|figure| figure.quantity).collect())?,
            ),
            ("unit", Words::column(figures.iter().map(|figure| figure.meter.unit))?),
            (
                "kind",
                Words::column(figures.iter().map(|figure| figure.meter.kind.name()))?,
            ),
            ("status", Words::column(figures.iter().map(status))?),
            (
                "cost",
                arrays::amounts(figures.iter().map(|figure| figure.cost).collect())?,
            ),
            ("currency", arrays::texts(figures.iter().map(currency))),
            (
                "flags",
                arrays::lists(figures.iter().map(|figure| figure.flags.names())),
            ),
            ("readings", arrays::counts(figures.iter().map(|figure| figure.readings))),
        ]);
        arrays::table(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::meters::{Reading, Sink, Source, Writes};
    use crate::plan::PartOf;
    use crate::service::{Asked, PlannedCall};
    use crate::usage::fixture::{OTHERS, SUMS, answered, at, call, day, plan, shown, usage, window};
    use crate::usage::{Collector, Outcome};
    use crate::values::arguments::Value;
    use crate::values::quantity::Quantity;
    use crate::values::window::Window;
    use jiff::SignedDuration;
    use proptest::prelude::*;

    fn by(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn zoned(usage: &Usage, every: Option<Every>, names: &[&str], zone: &TimeZone) -> Result<RecordBatch> {
        let wanted = RollUp {
            every,
            zone: Some(zone),
            by: Some(&by(names)),
            ..RollUp::default()
        };
        usage.rollup(&wanted).map(|rolled| rolled.table)
    }

    fn utc(usage: &Usage, every: Option<Every>, names: &[&str]) -> Result<RecordBatch> {
        zoned(usage, every, names, &TimeZone::UTC)
    }

    /// Start, quantity and flags of each figure that there is.
    fn figures(table: &RecordBatch) -> Vec<(String, String, String)> {
        let (starts, quantities) = (shown(table, "start"), shown(table, "quantity"));
        let rows = starts.into_iter().zip(quantities).zip(shown(table, "flags"));
        rows.map(|((start, quantity), flags)| (start, quantity, flags))
            .filter(|(_, quantity, _)| quantity != "-")
            .collect()
    }

    fn expect(table: &RecordBatch, wanted: &[(&str, &str, &str)]) {
        let got = figures(table);
        let got: Vec<(&str, &str, &str)> = got.iter().map(|(a, b, c)| (&**a, &**b, &**c)).collect();
        assert_eq!(got, wanted);
    }

    const JANUARY: &str = "2026-01-01T00:00:00Z";
    const FEBRUARY: &str = "2026-02-01T00:00:00Z";

    /// Two hosts over a few days: `a` on 1 and 2 January and 1 February, `b` on 2 January.
    fn readings(meter: usize) -> Vec<Reading<'static>> {
        vec![
            day(meter, &[Some("a")], "2026-01-01", "5"),
            day(meter, &[Some("a")], "2026-01-02", "3.5"),
            day(meter, &[Some("a")], "2026-02-01", "7"),
            day(meter, &[Some("b")], "2026-01-02", "10"),
        ]
    }

    #[test]
    fn each_meter_rolls_up_by_its_own_rule() {
        let months = [JANUARY, FEBRUARY];
        for (source, meter, labels, wanted) in [
            (
                &SUMS,
                1,
                &["meter", "vhost"][..],
                vec![
                    (months[0], "8.5", "floored+lower_bound"),
                    (months[1], "7", "floored+lower_bound+partial_period"),
                    (months[0], "10", "floored"),
                ],
            ),
            (
                &SUMS,
                1,
                &["meter"],
                vec![
                    (months[0], "18.5", "floored+lower_bound"),
                    // The last day of February is not due yet.
                    (months[1], "7", "floored+lower_bound+partial_period"),
                ],
            ),
            (
                &OTHERS,
                0,
                &["vhost"],
                vec![(months[0], "5", ""), (months[1], "7", ""), (months[0], "10", "")],
            ),
            (
                &OTHERS,
                1,
                &["vhost"],
                vec![(months[0], "3.5", ""), (months[1], "7", ""), (months[0], "10", "")],
            ),
            // Both levels are of 3 January, 0:00.
            (&OTHERS, 1, &[], vec![(months[0], "13.5", ""), (months[1], "7", "")]),
        ] {
            let table = utc(&usage(source, readings(meter)), Some(Every::Month), labels).unwrap();
            expect(&table, &wanted);
        }
    }

    #[test]
    fn what_a_rule_does_not_allow_is_refused_with_the_way_out() {
        let mixed = || {
            vec![
                day(0, &[Some("a")], "2026-01-01", "1"),
                day(1, &[Some("a")], "2026-01-01", "2"),
            ]
        };
        for (source, readings, every, labels, message) in [
            (
                &OTHERS,
                readings(0),
                Some(Every::Month),
                &["meter"][..],
                "toy.peak: figures of different vhost cannot become one; write by=[\"meter\", \"vhost\"]",
            ),
            (
                &OTHERS,
                readings(2),
                Some(Every::Month),
                &["vhost"],
                "toy.average: figures of different times cannot be put together; leave every out, which keeps them apart",
            ),
            (
                &OTHERS,
                mixed(),
                Some(Every::All),
                &["provider"],
                "toy.peak and toy.stored cannot become one figure; write by=[\"provider\", \"meter\"]",
            ),
            (
                &SUMS,
                readings(1),
                None,
                &["vhosts"],
                "the readings cannot be rolled up by \"vhosts\"; did you mean \"vhost\"?",
            ),
            (
                &OTHERS,
                consumed(),
                Some(Every::Month),
                &["meter"],
                "toy.consumed: figures of different vhost cannot become one; write by=[\"meter\", \"vhost\"]",
            ),
            (
                &SUMS,
                vec![],
                None,
                &["quantity"],
                "the readings cannot be rolled up by \"quantity\"",
            ),
        ] {
            let error = utc(&usage(source, readings), every, labels).unwrap_err();
            assert_eq!(error.message, message);
        }
        let error = Every::named("weak").unwrap_err();
        assert!(
            error.message.ends_with("not \"weak\"; did you mean \"week\"?"),
            "{error}"
        );
        assert_eq!(Every::named("quarter").unwrap(), Every::Quarter);
    }

    #[test]
    fn what_a_rule_would_not_allow_is_given_where_nothing_is_put_together() {
        let one_host = readings(0).into_iter().take(3).collect();
        let table = utc(&usage(&OTHERS, one_host), Some(Every::All), &[]).unwrap();
        expect(&table, &[(JANUARY, "7", "")]);
        let averages = utc(&usage(&OTHERS, readings(2)), None, &[]).unwrap();
        let second = "2026-01-02T00:00:00Z";
        expect(
            &averages,
            &[(JANUARY, "5", ""), (second, "13.5", ""), (FEBRUARY, "7", "")],
        );
    }

    /// Two pools of each of two hosts.
    fn consumed() -> Vec<Reading<'static>> {
        vec![
            day(3, &[Some("a"), Some("p")], "2026-01-01", "1"),
            day(3, &[Some("a"), Some("q")], "2026-01-01", "2"),
            day(3, &[Some("b"), Some("p")], "2026-01-02", "4"),
            day(3, &[Some("b"), Some("q")], "2026-01-03", "8"),
        ]
    }

    #[test]
    fn what_adds_up_within_a_dimension_only_is_added_within_it() {
        let table = utc(&usage(&OTHERS, consumed()), Some(Every::Month), &["vhost"]).unwrap();
        expect(&table, &[(JANUARY, "3", ""), (JANUARY, "12", "")]);
    }

    #[test]
    fn the_columns_are_those_of_by_and_what_a_figure_needs() {
        let table = utc(
            &usage(&SUMS, readings(1)),
            Some(Every::Month),
            &["vhost", "unit", "vhost"],
        )
        .unwrap();
        let names: Vec<String> = table
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        assert_eq!(
            names.join(" "),
            "vhost meter period start end covered quantity unit kind status cost currency flags readings"
        );
        let march = "2026-03-01T00:00:00Z";
        for (column, values) in [
            ("vhost", ["a", "a", "b", "b"]),
            ("meter", ["toy.traffic"; 4]),
            ("period", ["2026-01", "2026-02", "2026-01", "2026-02"]),
            ("readings", ["2", "1", "1", "0"]),
            ("end", [FEBRUARY, march, FEBRUARY, march]),
            // The last day of February is not due yet.
            ("covered", ["1.0", "0.9642857142857143", "1.0", "0.0"]),
            ("quantity", ["8.5", "7", "10", "-"]),
            ("kind", ["sum"; 4]),
            ("unit", ["GiB"; 4]),
            ("status", ["settled", "settled", "settled", "unknown"]),
            (
                "flags",
                [
                    "floored+lower_bound",
                    "floored+lower_bound+partial_period",
                    "floored",
                    "partial_period",
                ],
            ),
        ] {
            assert_eq!(shown(&table, column), values, "{column}");
        }
    }

    #[test]
    fn periods_follow_the_calendar_of_the_zone() {
        for (every, zone, moment, start, end) in [
            (
                Every::Hour,
                "UTC",
                "2026-01-01T10:59:59Z",
                "2026-01-01T10:00:00Z",
                "2026-01-01T11:00:00Z",
            ),
            (
                Every::Hour,
                "Asia/Kolkata",
                "2026-01-01T10:29:59Z",
                "2026-01-01T09:30:00Z",
                "2026-01-01T10:30:00Z",
            ),
            // Clocks go back by half an hour at 15:00Z: the first hour ends there, a shorter one follows.
            (
                Every::Hour,
                "Australia/Lord_Howe",
                "2026-04-04T14:45:00Z",
                "2026-04-04T14:00:00Z",
                "2026-04-04T15:00:00Z",
            ),
            (
                Every::Hour,
                "Australia/Lord_Howe",
                "2026-04-04T15:00:00Z",
                "2026-04-04T15:00:00Z",
                "2026-04-04T15:30:00Z",
            ),
            (
                Every::Day,
                "Asia/Tokyo",
                "2026-05-01T14:59:59Z",
                "2026-04-30T15:00:00Z",
                "2026-05-01T15:00:00Z",
            ),
            // Days of 23 and 25 hours.
            (
                Every::Day,
                "Europe/Berlin",
                "2026-03-29T12:00:00Z",
                "2026-03-28T23:00:00Z",
                "2026-03-29T22:00:00Z",
            ),
            (
                Every::Day,
                "Europe/Berlin",
                "2026-10-25T12:00:00Z",
                "2026-10-24T22:00:00Z",
                "2026-10-25T23:00:00Z",
            ),
            (
                Every::Week,
                "UTC",
                "2026-03-01T23:59:59Z",
                "2026-02-23T00:00:00Z",
                "2026-03-02T00:00:00Z",
            ),
            (
                Every::Month,
                "UTC",
                "2028-02-29T12:00:00Z",
                "2028-02-01T00:00:00Z",
                "2028-03-01T00:00:00Z",
            ),
            (
                Every::Quarter,
                "UTC",
                "2026-12-31T23:59:59Z",
                "2026-10-01T00:00:00Z",
                "2027-01-01T00:00:00Z",
            ),
            (
                Every::Quarter,
                "UTC",
                "2026-01-31T00:00:00Z",
                "2026-01-01T00:00:00Z",
                "2026-04-01T00:00:00Z",
            ),
            (
                Every::Year,
                "Asia/Tokyo",
                "2026-01-01T00:00:00Z",
                "2025-12-31T15:00:00Z",
                "2026-12-31T15:00:00Z",
            ),
        ] {
            let around = every.around(at(moment), &TimeZone::get(zone).unwrap()).unwrap();
            assert_eq!(around, (at(start), at(end)), "{every:?} in {zone} around {moment}");
        }
    }

    #[test]
    fn a_reading_that_ends_after_its_period_counts_where_it_starts_and_says_so() {
        let readings = vec![
            day(1, &[None], "2026-01-30T16:00:00Z", "1"),
            day(1, &[None], "2026-01-31T16:00:00Z", "2"),
            day(1, &[None], "2026-02-01T16:00:00Z", "4"),
        ];
        let usage = usage(&SUMS, readings);
        let crossing = "floored+lower_bound+partial_bucket+attributed_by_start";
        let table = utc(&usage, Some(Every::Month), &[]).unwrap();
        expect(
            &table,
            &[
                (JANUARY, "3", crossing),
                (FEBRUARY, "4", "floored+lower_bound+partial_period"),
            ],
        );
        // The same days are whole in China.
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let table = zoned(&usage, Some(Every::Month), &[], &zone).unwrap();
        let months = ["2025-12-31T16:00:00Z", "2026-01-31T16:00:00Z"];
        expect(
            &table,
            &[
                (months[0], "1", "floored"),
                (months[1], "6", "floored+lower_bound+partial_period"),
            ],
        );
    }

    #[test]
    fn readings_without_a_start_make_figures_without_one() {
        let mut unplaced = day(1, &[None], "2026-01-01", "2");
        (unplaced.start, unplaced.end) = (None, None);
        let elsewhere = Reading {
            labels: &[Some("a")],
            ..unplaced.clone()
        };
        let usage = usage(&SUMS, vec![elsewhere, unplaced, day(1, &[None], "2026-01-01", "1")]);
        for (every, placed) in [
            (None, "floored"),
            (Some(Every::Month), "floored"),
            (Some(Every::All), "floored+lower_bound+partial_period"),
        ] {
            let table = utc(&usage, every, &["meter"]).unwrap();
            expect(&table, &[(JANUARY, "1", placed), ("-", "4", "floored+lower_bound")]);
            let status = shown(&table, "status");
            assert_eq!((&*status[0], &**status.last().unwrap()), ("settled", "unknown"));
        }
    }

    #[test]
    fn a_figure_is_as_settled_as_its_least_settled_reading() {
        let mut unplaced = day(1, &[None], "2026-02-01", "1");
        (unplaced.start, unplaced.end) = (Some(at("2026-02-01")), None);
        let settled = || day(1, &[None], "2026-02-02", "1");
        let provisional = || day(1, &[None], "2026-02-28", "1");
        for (readings, status) in [
            (vec![settled(), settled()], "settled"),
            (vec![settled(), unplaced.clone()], "unknown"),
            (vec![unplaced.clone(), provisional(), settled()], "provisional"),
        ] {
            let table = utc(&usage(&SUMS, readings), Some(Every::Month), &[]).unwrap();
            assert_eq!(shown(&table, "status").last().unwrap(), status);
        }
    }

    #[test]
    fn a_cost_is_given_only_where_every_reading_states_one() {
        let costly = |start, cost: &str| Reading {
            cost: Some(Quantity::parse(cost).unwrap()),
            ..day(1, &[None], start, "1")
        };
        let readings = vec![
            costly("2026-01-01", "0.1"),
            costly("2026-01-02", "0.2"),
            costly("2026-02-01", "5"),
            day(1, &[None], "2026-02-02", "1"),
        ];
        let table = utc(&usage(&SUMS, readings), Some(Every::Month), &[]).unwrap();
        assert_eq!(shown(&table, "cost"), ["0.3", "-"]);
        assert_eq!(shown(&table, "currency"), ["JPY", "-"]);
        assert_eq!(shown(&table, "quantity"), ["2", "2"]);
    }

    #[test]
    fn levels_of_different_moments_add_up_to_an_approximation() {
        let readings = vec![
            day(1, &[Some("a")], "2026-01-01", "5"),
            day(1, &[Some("b")], "2026-01-02", "10"),
        ];
        let table = utc(&usage(&OTHERS, readings), Some(Every::Month), &[]).unwrap();
        expect(&table, &[(JANUARY, "15", "approximate")]);
    }

    #[test]
    fn a_sum_that_does_not_fit_is_an_error() {
        let most = "99999999999999999999.999999999999999999";
        let readings = vec![
            day(1, &[None], "2026-01-01", most),
            day(1, &[None], "2026-01-02", "1e-18"),
        ];
        let error = utc(&usage(&SUMS, readings), Some(Every::All), &[]).unwrap_err();
        assert_eq!(
            error.message,
            "toy.traffic: the sum has more than 20 digits before the point"
        );
    }

    /// Two hosts in two calls, of which the second failed.
    fn with_hole(source: &'static Source, readings: Vec<Reading<'_>>) -> Usage {
        let (january, february) = (window("2026-01-01", "2026-02-01"), window("2026-02-01", "2026-03-01"));
        let plan = plan(vec![
            call("c1", "main", source, january),
            call("c2", "main", source, february),
        ]);
        Usage::assemble(&plan, vec![answered(&plan, 0, readings)]).unwrap()
    }

    #[test]
    fn a_figure_with_a_hole_in_it_is_flagged() {
        let quarter = Some(Every::Quarter);
        let day = |meter| vec![day(meter, &[Some("a")], "2026-01-01", "5")];
        for (source, meter, every, flags) in [
            (&SUMS, 1, quarter, "floored+lower_bound+partial_period"),
            (&SUMS, 1, Some(Every::All), "floored+lower_bound+partial_period"),
            (&OTHERS, 0, quarter, "lower_bound+partial_period"),
            (&OTHERS, 1, quarter, "partial_bucket+partial_period"),
            (&SUMS, 1, Some(Every::Month), "floored"),
            (&SUMS, 1, None, "floored"),
        ] {
            let table = utc(&with_hole(source, day(meter)), every, &["vhost"]).unwrap();
            assert_eq!(
                shown(&table, "flags")[0],
                flags,
                "{} by {every:?}",
                source.meters[meter].name
            );
        }
    }

    /// A call for one host.
    fn of_host(id: &str, host: &str, source: &'static Source, window: Window) -> PlannedCall {
        let call = call(id, "main", source, window);
        let host = vec![("vhost".to_owned(), Value::Text(host.to_owned()))];
        let asked = Asked::of(source, (0..source.meters.len()).collect(), host);
        PlannedCall {
            asked: Arc::new(asked),
            ..call
        }
    }

    /// Host `a` was answered for January and half of February, host `b` for January only.
    fn two_hosts(part: Option<PartOf>) -> Usage {
        let (january, half) = (window("2026-01-01", "2026-02-01"), window("2026-02-01", "2026-02-15"));
        let hosts = [("a", january), ("a", half), ("b", january), ("b", half)];
        let calls = hosts.iter().zip(["1", "2", "3", "4"]);
        let calls = calls.map(|((host, window), id)| of_host(id, host, &SUMS, *window));
        let plan = Plan {
            part,
            ..plan(calls.collect())
        };
        let reading = |place: usize, start| answered(&plan, place, vec![day(1, &[Some(hosts[place].0)], start, "5")]);
        let outcomes = vec![
            reading(0, "2026-01-09"),
            reading(1, "2026-02-09"),
            reading(2, "2026-01-09"),
        ];
        Usage::assemble(&plan, outcomes).unwrap()
    }

    /// Period, covered, quantity and flags of each row.
    fn rows(table: &RecordBatch) -> Vec<String> {
        let columns = ["period", "covered", "quantity", "flags"].map(|name| shown(table, name));
        (0..table.num_rows())
            .map(|row| columns.each_ref().map(|column| &*column[row]).join(" "))
            .collect()
    }

    #[test]
    fn a_period_is_covered_where_every_source_of_the_row_was_answered() {
        let whole = two_hosts(None);
        let part = two_hosts(Some(PartOf {
            have: vec![0],
            of: 2,
            whole: String::new(),
        }));
        let apart = [
            "2026-01 1.0 5 floored",
            "2026-02 0.5 5 floored+lower_bound+partial_period",
            "2026-01 1.0 5 floored",
            "2026-02 0.0 - partial_period",
        ];
        for (usage, names, wanted) in [
            (&whole, &["vhost"][..], &apart[..]),
            (
                &whole,
                &[],
                &[
                    "2026-01 1.0 10 floored+lower_bound",
                    "2026-02 0.0 5 floored+lower_bound+partial_period",
                ],
            ),
            (&part, &["vhost"], &apart),
            // Which hosts another part asks nobody knows here.
            (
                &part,
                &["account"],
                &[
                    "2026-01 0.0 10 floored+lower_bound+partial_period",
                    "2026-02 0.0 5 floored+lower_bound+partial_period",
                ],
            ),
        ] {
            assert_eq!(
                rows(&utc(usage, Some(Every::Month), names).unwrap()),
                wanted,
                "{names:?}"
            );
        }
        // All of the question: 31 days and 14, of which 14 of one host are missing.
        let all = utc(&whole, Some(Every::All), &["vhost"]).unwrap();
        let share = format!("{:?}", 31.0 / 45.0);
        assert_eq!(shown(&all, "covered"), ["1.0", &share]);
        assert_eq!(shown(&all, "period"), ["all"; 2]);
        assert_eq!(shown(&all, "end"), ["2026-02-15T00:00:00Z"; 2]);
    }

    #[test]
    fn a_roll_up_says_what_must_be_known_of_all_of_it() {
        let wanted = RollUp {
            every: Some(Every::Month),
            ..RollUp::default()
        };
        let part = Some(PartOf {
            have: vec![0],
            of: 2,
            whole: String::new(),
        });
        for (usage, remark) in [
            (
                two_hosts(None),
                "1 of 2 periods is known in part; the usage is INCOMPLETE",
            ),
            (
                two_hosts(part),
                "2 of 2 periods are known in part; part 1 of 2 of a plan; the usage is INCOMPLETE",
            ),
            (usage(&SUMS, readings(1)), "1 of 2 periods is known in part"),
        ] {
            assert_eq!(usage.rollup(&wanted).unwrap().remark, remark);
        }
        let none = utc(&usage(&SUMS, readings(1)), None, &[]).unwrap();
        assert_eq!(
            (shown(&none, "period"), shown(&none, "covered")),
            (vec!["-".to_owned(); 3], vec!["-".to_owned(); 3])
        );
    }

    #[test]
    fn what_is_absent_makes_a_lower_bound_only_where_every_bucket_is_written() {
        static UNKNOWN: Source = Source {
            writes: Writes::Unknown,
            ..SUMS
        };
        static EVERY: Source = Source {
            writes: Writes::Every,
            ..SUMS
        };
        let days = || {
            vec![
                day(0, &[None, None], "2026-01-02", "1"),
                day(0, &[None, None], "2026-01-03", "2"),
            ]
        };
        let january = Some(Every::Month);
        for (source, wanted) in [
            (&SUMS, "2026-01 1.0 3 "),
            (&UNKNOWN, "2026-01 0.06451612903225806 3 partial_period"),
            (&EVERY, "2026-01 0.06451612903225806 3 lower_bound+partial_period"),
        ] {
            assert_eq!(rows(&utc(&usage(source, days()), january, &[]).unwrap())[0], wanted);
        }
    }

    #[test]
    fn a_hole_of_one_series_is_one_of_its_groups_alone() {
        static EVERY: Source = Source {
            writes: Writes::Every,
            ..SUMS
        };
        let plan = plan(vec![call("c1", "main", &EVERY, window("2026-01-01", "2026-01-03"))]);
        let mut collector = Collector::new(&plan.calls[0], at("2026-03-01"));
        for (host, start) in [("a", "2026-01-01"), ("b", "2026-01-01"), ("b", "2026-01-02")] {
            collector.reading(day(1, &[Some(host)], start, "5"));
        }
        collector.null(1, &[Some("a")], at("2026-01-02"), at("2026-01-03"));
        let result = collector.finish();
        let evidence = crate::usage::fixture::evidence();
        let usage = Usage::assemble(
            &plan,
            vec![Outcome {
                call: 0,
                evidence,
                result,
            }],
        )
        .unwrap();
        let table = utc(&usage, Some(Every::All), &["vhost"]).unwrap();
        assert_eq!(
            rows(&table),
            [
                "all 0.5 5 floored+lower_bound+partial_period",
                "all 1.0 10 floored+lower_bound"
            ]
        );
        let table = utc(&usage, Some(Every::All), &[]).unwrap();
        assert_eq!(rows(&table), ["all 0.5 15 floored+lower_bound+partial_period"]);
    }

    #[test]
    fn time_counts_where_buckets_start() {
        static CHINA: Source = Source {
            buckets: Buckets::Every(86_400, 8 * 3600),
            ..SUMS
        };
        static MONTHS: Source = Source {
            buckets: Buckets::Months,
            ..SUMS
        };
        static WIDENED: Source = Source {
            widened: 86_400,
            ..SUMS
        };
        static WINDOW: Source = Source {
            buckets: Buckets::Window,
            ..SUMS
        };
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        // February in UTC, and two days of it, from the first bucket start on.
        for (source, start, end, reading, zone, wanted) in [
            (
                &CHINA,
                "2026-01-31T16:00:00Z",
                "2026-02-28T16:00:00Z",
                "2026-02-01T16:00:00Z",
                &TimeZone::UTC,
                "0.9642857142857143",
            ),
            (
                &CHINA,
                "2026-02-01T16:00:00Z",
                "2026-02-28T16:00:00Z",
                "2026-02-01T16:00:00Z",
                &TimeZone::UTC,
                "0.9642857142857143",
            ),
            (
                &CHINA,
                "2026-02-01T00:00:00Z",
                "2026-02-28T16:00:00Z",
                "2026-02-01T16:00:00Z",
                &TimeZone::UTC,
                "0.9642857142857143",
            ),
            (&MONTHS, "2026-02-01", "2026-03-01", "2026-02-01", &tokyo, "1.0"),
            (
                &WIDENED,
                "2026-02-01",
                "2026-02-15",
                "2026-02-01",
                &TimeZone::UTC,
                "0.5",
            ),
            (&WINDOW, "2026-02-01", "2026-02-15", "2026-02-01", &TimeZone::UTC, "0.5"),
            (&SUMS, "2026-02-01", "2026-02-15", "2026-02-01", &tokyo, "0.5"),
        ] {
            let plan = plan(vec![call("c1", "main", source, window(start, end))]);
            let outcome = answered(&plan, 0, vec![day(1, &[None], reading, "1")]);
            let usage = Usage::assemble(&plan, vec![outcome]).unwrap();
            let table = zoned(&usage, Some(Every::Month), &[], zone).unwrap();
            let february = shown(&table, "period").iter().position(|period| period == "2026-02");
            assert_eq!(
                shown(&table, "covered")[february.unwrap()],
                wanted,
                "{:?} from {start}",
                source.buckets
            );
        }
    }

    #[test]
    fn a_reading_of_more_than_its_period_is_refused_with_the_way_out() {
        static WINDOW: Source = Source {
            buckets: Buckets::Window,
            ..SUMS
        };
        let long = |start, end| Reading {
            end: Some(at(end)),
            ..day(0, &[None, None], start, "1")
        };
        let refusal = |source, reading, every, door| {
            let wanted = RollUp {
                every: Some(every),
                door,
                ..RollUp::default()
            };
            let error = usage(source, vec![reading]).rollup(&wanted).map(|_| ());
            error.map_err(|error| error.message.clone())
        };
        let told = |end: &str, every: &str, way: &str| {
            Err(format!(
                "toy.minutes: the figure of 2026-01-01T00:00:00Z to {end}T00:00:00Z cannot be told by the {every}, since nothing \
                 says how much of it belongs to each; {way}"
            ))
        };
        let (python, shell) = (Door::Python, Door::CommandLine);
        let leave = "or leave the meter out with meters=";
        for (source, end, every, door, wanted) in [
            (&WINDOW, "2026-02-01", Every::Month, python, Ok(())),
            (&WINDOW, "2026-03-01", Every::Quarter, python, Ok(())),
            (&WINDOW, "2026-03-01", Every::All, python, Ok(())),
            (
                &WINDOW,
                "2026-02-02",
                Every::Month,
                python,
                told("2026-02-02", "month", &format!("plan it with every=\"month\", {leave}")),
            ),
            (
                &WINDOW,
                "2026-03-01",
                Every::Week,
                shell,
                told(
                    "2026-03-01",
                    "week",
                    "fetch it anew with --rollup week, or leave the meter out with --meters",
                ),
            ),
            (
                &SUMS,
                "2026-01-02",
                Every::Hour,
                python,
                told("2026-01-02", "hour", &format!("choose a longer period, {leave}")),
            ),
            // A bucket that crosses an edge counts where it starts.
            (&SUMS, "2026-02-02", Every::Month, python, Ok(())),
            (
                &SUMS,
                "2026-03-01",
                Every::Month,
                python,
                told("2026-03-01", "month", &format!("choose a longer period, {leave}")),
            ),
        ] {
            assert_eq!(
                refusal(source, long("2026-01-01", end), every, door),
                wanted,
                "{end} by {every:?}"
            );
        }
    }

    #[test]
    fn what_rules_need_stays_apart_where_nothing_else_is_said() {
        let rolled = |source, readings, meters: &[&str]| {
            let meters = by(meters);
            let wanted = RollUp {
                every: Some(Every::All),
                meters: (!meters.is_empty()).then_some(&meters),
                ..RollUp::default()
            };
            usage(source, readings).rollup(&wanted).map(|rolled| rolled.table)
        };
        let before_period = |table: &RecordBatch| {
            let schema = table.schema();
            let names = schema.fields().iter().map(|field| field.name().as_str());
            names.take_while(|name| *name != "period").collect::<Vec<_>>().join(" ")
        };
        let one_host = || vec![readings(0)[0].clone()];
        let both: Vec<_> = readings(0).into_iter().chain(readings(2)).collect();
        for (source, readings, meters, columns, rows) in [
            (&SUMS, readings(1), &[][..], "provider account meter", 1),
            (&OTHERS, readings(0), &[], "provider account meter vhost", 2),
            (&OTHERS, one_host(), &[], "provider account meter", 1),
            (&OTHERS, consumed(), &[], "provider account meter vhost", 2),
            (&OTHERS, both.clone(), &["toy.peak"], "provider account meter vhost", 2),
        ] {
            let table = rolled(source, readings, meters).unwrap();
            assert_eq!((&*before_period(&table), table.num_rows()), (columns, rows));
        }
        for (meters, message) in [
            (
                &["toy.peek"][..],
                "this usage has no meter \"toy.peek\"; did you mean \"toy.peak\"?",
            ),
            (
                &["toy.average"],
                "toy.average: figures of different times cannot be put together; leave every out, which keeps them apart",
            ),
        ] {
            assert_eq!(rolled(&OTHERS, both.clone(), meters).unwrap_err().message, message);
        }
        let none = RollUp {
            meters: Some(&[]),
            ..RollUp::default()
        };
        let error = usage(&SUMS, vec![]).rollup(&none).unwrap_err();
        assert_eq!(error.message, "meters names no meter; leave it out for all of them");
    }

    proptest! {
        #[test]
        fn sums_of_leaves_in_are_sums_of_leaves_out(
            leaves in proptest::collection::vec((0..4_usize, 0..3_usize, 0..1416_i64, any::<i64>()), 1..60),
            every in 0..8_usize,
            names in proptest::sample::subsequence(vec!["provider", "account", "vhost", "pool"], 0..=4),
            zone in proptest::sample::select(vec!["UTC", "Asia/Tokyo", "America/Havana", "Australia/Lord_Howe"]),
        ) {
            let (hosts, pools) = ([None, Some("a"), Some("b"), Some("")], [None, Some("p"), Some("q")]);
            // A row of the same series and moment would be the same reading.
            let mut seen = std::collections::HashSet::new();
            let leaves: Vec<_> = leaves.into_iter().filter(|leaf| seen.insert((leaf.0, leaf.1, leaf.2))).collect();
            let labels: Vec<_> = leaves.iter().map(|leaf| [hosts[leaf.0], pools[leaf.1]]).collect();
            let readings = leaves.iter().zip(&labels).map(|((_, _, hour, quantity), labels)| Reading {
                start: Some(at("2026-01-01") + SignedDuration::from_hours(*hour)),
                end: Some(at("2026-01-01") + SignedDuration::from_hours(hour + 1)),
                quantity: Quantity { scaled: i128::from(*quantity), rounded: false },
                ..day(0, labels, "2026-01-01", "0")
            });
            let usage = usage(&SUMS, readings.collect());
            let every = Every::ALL.get(every).copied();
            let table = zoned(&usage, every, &names, &TimeZone::get(zone).unwrap()).unwrap();
            let quantities: &Decimal128Array = column(&table, "quantity").unwrap();
            let total: i128 = leaves.iter().map(|leaf| i128::from(leaf.3)).sum();
            prop_assert_eq!(quantities.values().iter().sum::<i128>(), total);
            let counts: usize = shown(&table, "readings").iter().map(|count| count.parse::<usize>().unwrap()).sum();
            prop_assert_eq!(counts, leaves.len());
        }
    }
}
