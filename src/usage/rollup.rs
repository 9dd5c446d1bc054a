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

use super::arrays::{self, NO_AMOUNT, NO_MOMENT, Numbers, Texts, Words, bug, microseconds};
use super::columns::{AFTER_DIMENSIONS, BEFORE_DIMENSIONS, STATUSES, number};
use super::{Hole, Known, Usage};
use crate::meters::{Combine, Flag, Flags, Meter, Status};
use crate::values::error::{Error, Result};
use crate::values::period::Every;
use crate::values::text::did_you_mean;

impl Usage {
    /// Puts readings together: over each period of the time zone's calendar (over no time at all without `every`), and
    /// over all that `by` does not name (of provider, account, meter, unit, kind and the dimensions).
    ///
    /// A peak is never summed, a meter never mixed with another; what a meter's rule does not allow is refused.
    /// Readings count where they start; those without a start make figures without one. The flags of a figure are
    /// those of its readings, and more where they are due: `lower_bound` if floored figures were added or a hole may
    /// lie inside, `partial_bucket` with `attributed_by_start` if a reading ends after the period, `partial_bucket`
    /// if the latest level may be missing, `approximate` if levels of different moments were added. A cost is given
    /// only where each added reading states one, in one currency.
    pub fn rollup(&self, every: Option<Every>, zone: &TimeZone, by: &[String]) -> Result<RecordBatch> {
        let names = names(&self.readings, by)?;
        let rows = Rows::of(self)?;
        let mut periods = Periods::new(every, zone);
        let mut series = rows.series(&mut periods)?;
        // An account has one provider.
        let keeps_all = rows
            .labels
            .iter()
            .all(|(name, _)| *name == "provider" || names.contains(name));
        if every.is_some() || !keeps_all {
            flag_holes(&mut series, &rows, &periods, &self.holes)?;
        }
        let groups = Groups {
            names: &names,
            rows: &rows,
            periods: &periods,
        };
        let figures = groups.put_together(series)?;
        groups.table(&figures)
    }
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
    start: &'a TimestampMicrosecondArray,
    end: &'a TimestampMicrosecondArray,
    quantity: &'a Decimal128Array,
    status: &'a Int32Array,
    cost: &'a Decimal128Array,
    currency: Texts<'a>,
    flags: &'a ListArray,
}

impl<'a> Rows<'a> {
    fn of(usage: &'a Usage) -> Result<Self> {
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
                Some(known) => known.merge_over_time(&self.figure(row, known.meter, period, periods)?)?,
                None => series.push(self.figure(row, self.meter(row)?, period, periods)?),
            }
        }
        Ok(series)
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

/// The periods that readings fall into, each with a number; number 0 is for readings without a start.
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
    fn new(every: Option<Every>, zone: &'z TimeZone) -> Self {
        Self {
            every,
            zone,
            bounds: vec![(NO_MOMENT, NO_MOMENT)],
            calendar: BTreeMap::new(),
            last: (0, 0, 0),
            windows: Numbers::default(),
        }
    }

    /// The number of the period of a reading with this window.
    fn of(&mut self, start: i64, end: i64) -> Result<u32> {
        let next = u32::try_from(self.bounds.len()).map_err(bug)?;
        match self.every {
            _ if start == NO_MOMENT => Ok(0),
            Some(Every::All) => Ok(1),
            None => {
                let number = self.windows.of((start, end)) + 1;
                if number == next {
                    self.bounds.push((start, end));
                }
                Ok(number)
            }
            Some(every) => {
                let (first, last, number) = self.last;
                if first <= start && start < last {
                    return Ok(number);
                }
                let before = self.calendar.range(..=start).next_back();
                if let Some((first, (last, number))) = before.filter(|(_, (last, _))| start < *last) {
                    self.last = (*first, *last, *number);
                    return Ok(*number);
                }
                let at = Timestamp::from_microsecond(start).map_err(bug)?;
                let (first, last) = every.around(at, self.zone).map_err(bug)?;
                let (first, last) = (first.as_microsecond(), last.as_microsecond());
                self.bounds.push((first, last));
                self.calendar.insert(first, (last, next));
                Ok(next)
            }
        }
    }

    /// First moment and end of a period; nothing where its readings decide that, or have none.
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
    flags: Flags,
    status: u8,
}

impl Figure<'_> {
    fn merge_over_time(&mut self, other: &Self) -> Result<()> {
        if self.meter.rollup.over_time == Combine::Refuse {
            let text = "figures of different times cannot be put together; leave every out, which keeps them apart";
            return Err(Error::invalid(format!("{}: {text}", self.meter.name)));
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

/// Flags the figures that a missing call may have been part of. Which labels it would have had is not known.
fn flag_holes(series: &mut [Figure<'_>], rows: &Rows<'_>, periods: &Periods<'_>, holes: &[Hole]) -> Result<()> {
    let mut missing: HashMap<(&str, &str), Vec<(i64, i64)>> = HashMap::new();
    for hole in holes.iter().filter(|hole| hole.state != Known::Absent) {
        let window = (
            microseconds(Some(hole.window.start().at)),
            microseconds(Some(hole.window.end().at)),
        );
        for meter in &hole.meters {
            missing.entry((&hole.account, meter)).or_default().push(window);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let accounts = rows.texts("account")?;
    for figure in series {
        let account = accounts.get(figure.row).unwrap_or_default();
        let Some(windows) = missing.get(&(account, figure.meter.name)) else {
            continue;
        };
        let bounds = periods.bounds(figure.period);
        if windows
            .iter()
            .any(|hole| bounds.is_none_or(|(start, end)| hole.0 < end && start < hole.1))
        {
            let is_last = figure.meter.rollup.over_time == Combine::Last;
            let flag = if is_last { Flag::PartialBucket } else { Flag::LowerBound };
            figure.flags = figure.flags.with(flag);
        }
    }
    Ok(())
}

/// Groups of series, and the table of their figures.
struct Groups<'g, 'a> {
    names: &'g [&'a str],
    rows: &'g Rows<'a>,
    periods: &'g Periods<'g>,
}

impl<'a> Groups<'_, 'a> {
    /// One figure for each group and period, by the meters' rules over labels; by group, then by time.
    fn put_together(&self, series: Vec<Figure<'a>>) -> Result<Vec<Figure<'a>>> {
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
        let start = |figure: &Figure<'a>| match self.bounds(figure) {
            (NO_MOMENT, _) => i64::MAX,
            (start, _) => start,
        };
        groups.sort_by_key(|(id, figure)| (*id, start(figure)));
        Ok(groups.into_iter().map(|(_, figure)| figure).collect())
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
        Error::invalid(format!("{problem}; write by={by:?}"))
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
        columns.extend([
            (
                "start",
                arrays::moments(figures.iter().map(|figure| self.bounds(figure).0).collect()),
            ),
            (
                "end",
                arrays::moments(figures.iter().map(|figure| self.bounds(figure).1).collect()),
            ),
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
    use crate::meters::{Reading, Source};
    use crate::usage::fixture::{OTHERS, SUMS, answered, at, call, day, plan, shown, usage, window};
    use crate::values::quantity::Quantity;
    use jiff::SignedDuration;
    use proptest::prelude::*;

    fn by(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn utc(usage: &Usage, every: Option<Every>, names: &[&str]) -> Result<RecordBatch> {
        usage.rollup(every, &TimeZone::UTC, &by(names))
    }

    /// Start, quantity and flags of each figure.
    fn figures(table: &RecordBatch) -> Vec<(String, String, String)> {
        let (starts, quantities) = (shown(table, "start"), shown(table, "quantity"));
        let rows = starts.into_iter().zip(quantities).zip(shown(table, "flags"));
        rows.map(|((start, quantity), flags)| (start, quantity, flags))
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
                    (months[1], "7", "floored+lower_bound"),
                    (months[0], "10", "floored"),
                ],
            ),
            (
                &SUMS,
                1,
                &["meter"],
                vec![
                    (months[0], "18.5", "floored+lower_bound"),
                    (months[1], "7", "floored+lower_bound"),
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
            "vhost meter start end quantity unit kind status cost currency flags readings"
        );
        assert_eq!(shown(&table, "vhost"), ["a", "a", "b"]);
        assert_eq!(shown(&table, "meter"), ["toy.traffic"; 3]);
        assert_eq!(shown(&table, "readings"), ["2", "1", "1"]);
        assert_eq!(shown(&table, "end"), [FEBRUARY, "2026-03-01T00:00:00Z", FEBRUARY]);
        assert_eq!(shown(&table, "kind"), ["sum"; 3]);
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
            &[(JANUARY, "3", crossing), (FEBRUARY, "4", "floored+lower_bound")],
        );
        // The same days are whole in China.
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let table = usage.rollup(Some(Every::Month), &zone, &[]).unwrap();
        let months = ["2025-12-31T16:00:00Z", "2026-01-31T16:00:00Z"];
        expect(
            &table,
            &[(months[0], "1", "floored"), (months[1], "6", "floored+lower_bound")],
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
            (Some(Every::All), "floored+lower_bound"),
        ] {
            let table = utc(&usage, every, &["meter"]).unwrap();
            expect(&table, &[(JANUARY, "1", placed), ("-", "4", "floored+lower_bound")]);
            assert_eq!(shown(&table, "status"), ["settled", "unknown"]);
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
            assert_eq!(shown(&table, "status"), [status]);
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
            (&SUMS, 1, quarter, "floored+lower_bound"),
            (&SUMS, 1, Some(Every::All), "floored+lower_bound"),
            (&OTHERS, 0, quarter, "lower_bound"),
            (&OTHERS, 1, quarter, "partial_bucket"),
            (&SUMS, 1, Some(Every::Month), "floored"),
            (&SUMS, 1, None, "floored"),
        ] {
            let table = utc(&with_hole(source, day(meter)), every, &["vhost"]).unwrap();
            assert_eq!(
                shown(&table, "flags"),
                [flags],
                "{} by {every:?}",
                source.meters[meter].name
            );
        }
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
                quantity: Quantity { scaled: i128::from(*quantity), rounded: false },
                ..day(0, labels, "2026-01-01", "0")
            });
            let usage = usage(&SUMS, readings.collect());
            let every = Every::ALL.get(every).copied();
            let table = usage.rollup(every, &TimeZone::get(zone).unwrap(), &by(&names)).unwrap();
            let quantities: &Decimal128Array = column(&table, "quantity").unwrap();
            let total: i128 = leaves.iter().map(|leaf| i128::from(leaf.3)).sum();
            prop_assert_eq!(quantities.values().iter().sum::<i128>(), total);
            let counts: usize = shown(&table, "readings").iter().map(|count| count.parse::<usize>().unwrap()).sum();
            prop_assert_eq!(counts, leaves.len());
        }
    }
}
