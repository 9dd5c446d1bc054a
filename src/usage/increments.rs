//! What counters of the month so far grew by, between the moments at which they were looked at.
//!
//! A counter begins anew with each month. What it had before the last look of a month and that month's end is not known,
//! and is a hole; a first look in a month tells one sum from its start. A counter that fell inside a month was restated:
//! what was looked at in between tells nothing any more, and one sum goes on from the last look that was not above.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Usage;
use super::arrays::{self, NO_AMOUNT, Words, amounts_of, bug, rows_of, rows_where, texts_of};
use super::concat::{count, series};
use super::flat::joined;
use super::lacking::is_of_one_source;
use super::runs::Runs;
use super::stored::{Names, between, no_meter, of_calls, renamed, with_column};
use super::timeline::{Answer, Fate, moment};
use crate::meters::{Buckets, Kind, Meter};
use crate::plan::{Plan, Unavailable};
use crate::service::PlannedCall;
use crate::values::error::{Error, Result};
use crate::values::period::Every;
use crate::values::quantity::Quantity;
use crate::values::window::Window;

/// A look at a counter.
struct Look {
    /// The call, by its place in the plan.
    call: usize,
    /// When it was answered.
    at: i64,
    /// Where its month begins, by the service's own reading of UTC.
    month: i64,
}

/// A stretch between two looks, or between a month's start and its first look.
struct Step {
    start: i64,
    end: i64,
    call: usize,
    /// True if it begins with the month.
    is_first: bool,
}

impl Usage {
    /// What this counter grew by. With `every`, of the looks of each such period (UTC) the last one counts.
    pub fn increments(&self, meter: &str, every: Option<Every>) -> Result<Self> {
        self.check_counter(meter)?;
        let rows = self.rows_of(meter)?;
        let mut plan = Plan {
            calls: Vec::new(),
            unavailable: Vec::new(),
            edges: Vec::new(),
            asked: Vec::new(),
            ..(*self.plan).clone()
        };
        let (mut fates, mut names, mut taken) = (Vec::new(), Names::new(), Vec::new());
        for like in self.counters(meter) {
            let looks = self.looks(&like, every)?;
            let steps = steps(&looks);
            for hole in holes(&looks, &steps, &like)? {
                plan.unavailable.push(hole);
            }
            for step in &steps {
                let (Some(call), Some(Fate::Answered(answer))) =
                    (self.plan.calls.get(step.call), self.fates.get(step.call))
                else {
                    continue;
                };
                let mut own = Plan::cut(call, between(step.start, step.end)?);
                let asked = Arc::make_mut(&mut own.asked);
                asked.source = asked.source.increments();
                asked.buckets = Buckets::Window;
                asked
                    .meters
                    .retain(|place| asked.source.meters.get(*place).is_some_and(|known| known.name == meter));
                names.insert(call.id.clone(), own.id.clone());
                let mut runs = Runs::default();
                runs.add(step.start, step.end);
                fates.push(Answer {
                    runs,
                    notes: Vec::new(),
                    series: Vec::new(),
                    ..answer.clone()
                });
                plan.calls.push(own);
            }
            taken.extend(grown(
                &rows,
                &looks,
                &steps,
                &mut fates,
                like.asked.source.other_zone.is_some(),
            ));
        }
        let ranges = plan.calls.iter().map(|call| call.piece);
        let ranges = ranges.chain(plan.unavailable.iter().map(|part| part.window));
        let range = ranges.reduce(|one, other| hull(one, other).unwrap_or(one));
        plan.asked = range.into_iter().collect();
        let readings = renamed(&table(&rows.table, &taken)?, &names)?;
        let evidence = of_calls(&renamed(&self.evidence, &names)?, &plan.calls)?;
        let mut fates: Vec<Fate> = fates.into_iter().map(Fate::Answered).collect();
        count(&plan, &mut fates, &readings)?;
        Self::of(Arc::new(plan), fates, readings, evidence)
    }

    /// Refuses what is no such counter.
    fn check_counter(&self, name: &str) -> Result<()> {
        let meters = || self.plan.calls.iter().flat_map(super::columns::wanted);
        let Some(meter) = meters().find(|meter| meter.name == name) else {
            return Err(no_meter(name, meters().map(|meter| meter.name)));
        };
        let told = match meter.kind {
            Kind::Cumulative if self.counters(name).is_empty() => "is no counter of the month so far",
            Kind::Cumulative => return Ok(()),
            Kind::Sum => "tells increments already",
            Kind::Peak => "is a peak, and of two peaks no difference tells anything",
            Kind::Gauge => "is a level, and no counter",
        };
        Err(Error::invalid(format!("{name} {told}: usage() has its readings")))
    }

    /// A call of each source that counts this meter from the start of the month.
    fn counters(&self, name: &str) -> Vec<PlannedCall> {
        let mut found: Vec<PlannedCall> = Vec::new();
        for call in &self.plan.calls {
            let has_it = super::columns::wanted(call).any(|meter: &Meter| meter.name == name);
            if has_it
                && call.asked.buckets == Buckets::MonthSoFar
                && !found.iter().any(|like| is_of_one_source(like, call))
            {
                found.push(call.clone());
            }
        }
        found
    }

    /// The looks that tell to which month they belong, in time's order.
    fn looks(&self, like: &PlannedCall, every: Option<Every>) -> Result<Vec<Look>> {
        let mut looks: BTreeMap<i64, Look> = BTreeMap::new();
        let calls = self.plan.calls.iter().zip(&self.fates).enumerate();
        for (place, (call, fate)) in calls.filter(|(_, (call, _))| is_of_one_source(like, call)) {
            let Fate::Answered(Answer { fetched_at: at, .. }) = fate else {
                continue;
            };
            let month = month(*at, 0)?;
            let other = call
                .asked
                .source
                .other_zone
                .map_or(Ok(month), |zone| self::month(*at, zone))?;
            // Where the months of both zones differ, nobody knows which one was told.
            if (month - other).abs() <= DAY {
                let at = *at;
                looks.insert(at, Look { call: place, at, month });
            }
        }
        let looks: Vec<Look> = looks.into_values().collect();
        let Some(every) = every else { return Ok(looks) };
        let period = |look: &Look| -> Result<Timestamp> {
            let at = Timestamp::from_microsecond(look.at).map_err(bug)?;
            every.around(at, &TimeZone::UTC).map(|(start, _)| start).map_err(bug)
        };
        let mut last: BTreeMap<Timestamp, Look> = BTreeMap::new();
        for look in looks {
            last.insert(period(&look)?, look);
        }
        Ok(last.into_values().collect())
    }

    /// The readings of a meter, with what they tell apart.
    fn rows_of(&self, meter: &str) -> Result<Rows> {
        let names = texts_of(&self.readings, "meter")?;
        let table = rows_where(&self.readings, |row| names.get(row) == Some(meter))?;
        let ids = texts_of(&table, "call_id")?;
        let places: BTreeMap<&str, usize> = self
            .plan
            .calls
            .iter()
            .enumerate()
            .map(|(place, call)| (&*call.id, place))
            .collect();
        let call: Vec<Option<usize>> = (0..table.num_rows())
            .map(|row| ids.get(row).and_then(|id| places.get(id)).copied())
            .collect();
        let quantity = amounts_of(&table, "quantity")?;
        let series = series(&table, &vec![0; table.num_rows()])?;
        Ok(Rows {
            call,
            quantity,
            series,
            table: table.clone(),
        })
    }
}

const DAY: i64 = 86_400_000_000;

/// The readings of a counter.
struct Rows {
    table: RecordBatch,
    call: Vec<Option<usize>>,
    quantity: Vec<i128>,
    series: Vec<u32>,
}

/// An increment: the row that ends it, its own window and number, and whether it may have begun in another zone.
struct Grown {
    row: usize,
    start: i64,
    end: i64,
    quantity: i128,
    is_ambiguous: bool,
}

/// The flag of what may have begun in another zone.
const AMBIGUOUS: &str = "ambiguous_month";

/// The first moment of the month that it is at this offset.
fn month(at: i64, offset: i32) -> Result<i64> {
    let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(offset).map_err(bug)?);
    let local = Timestamp::from_microsecond(at).map_err(bug)?.to_zoned(zone);
    let first = local.first_of_month().and_then(|day| day.start_of_day()).map_err(bug)?;
    Ok(first.timestamp().as_microsecond())
}

fn hull(one: Window, other: Window) -> Option<Window> {
    let start = if one.start().at <= other.start().at {
        one.start()
    } else {
        other.start()
    };
    let end = if one.end().at >= other.end().at {
        one.end()
    } else {
        other.end()
    };
    Window::new(start, end).ok()
}

fn steps(looks: &[Look]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut before: Option<&Look> = None;
    for look in looks {
        let same = before.filter(|before| before.month == look.month);
        steps.push(Step {
            start: same.map_or(look.month, |before| before.at),
            end: look.at,
            call: look.call,
            is_first: same.is_none(),
        });
        before = Some(look);
    }
    steps.retain(|step| step.start < step.end);
    steps
}

/// What was counted between the last look of a month and its end, or in months without a look.
fn holes(looks: &[Look], steps: &[Step], like: &PlannedCall) -> Result<Vec<Unavailable>> {
    let firsts = steps.iter().filter(|step| step.is_first);
    let mut holes = Vec::new();
    for step in firsts {
        let Some(before) = looks.iter().rev().find(|look| look.at < step.start) else {
            continue;
        };
        holes.push(Unavailable {
            account: like.account.clone(),
            provider: like.provider,
            operation: like.asked.source.operation,
            window: between(before.at, step.start)?,
            reason: format!(
                "nobody looked between {} and the start of the month at {}: what was counted then is not known",
                moment(before.at),
                moment(step.start)
            ),
        });
    }
    Ok(holes)
}

/// The increments of each series.
fn grown(rows: &Rows, looks: &[Look], steps: &[Step], fates: &mut [Answer], has_zones: bool) -> Vec<Grown> {
    let mut all = Vec::new();
    let mut of_series: BTreeMap<u32, BTreeMap<usize, usize>> = BTreeMap::new();
    for (row, (series, call)) in rows.series.iter().zip(&rows.call).enumerate() {
        if let Some(call) = call {
            of_series.entry(*series).or_default().insert(*call, row);
        }
    }
    let first_of_these = fates.len().saturating_sub(steps.len());
    for told in of_series.values() {
        // What is known inside a month: until when, and how much; each is an increment on the one before.
        let mut known: Vec<(i64, i128, Option<Grown>)> = Vec::new();
        for look in looks {
            let Some(row) = told.get(&look.call).copied() else {
                continue;
            };
            let quantity = rows.quantity.get(row).copied().unwrap_or(NO_AMOUNT);
            if quantity == NO_AMOUNT {
                continue;
            }
            if known.first().is_none_or(|(start, ..)| *start != look.month) {
                all.extend(known.drain(..).filter_map(|(.., grown)| grown));
                known.push((look.month, 0, None));
            }
            let above = known.iter().skip(1).filter(|(_, total, _)| *total > quantity).count();
            if above > 0 {
                let step = steps.iter().position(|step| step.call == look.call);
                let answer = step.and_then(|step| fates.get_mut(first_of_these + step));
                let fallen = known.last().map_or(0, |(_, total, _)| *total);
                if let Some(answer) = answer {
                    let [before, now] = [fallen, quantity].map(|scaled| Quantity { scaled, rounded: false });
                    answer.notes.push(format!(
                        "the counter fell from {before} to {now} inside the month: it was restated"
                    ));
                }
                known.retain(|(_, total, _)| *total <= quantity);
            }
            let Some((start, total, last)) = known.last() else {
                continue;
            };
            let grown = Grown {
                row,
                start: *start,
                end: look.at,
                quantity: quantity - total,
                is_ambiguous: has_zones && last.is_none(),
            };
            if grown.start < grown.end {
                known.push((look.at, quantity, Some(grown)));
            }
        }
        all.extend(known.into_iter().filter_map(|(.., grown)| grown));
    }
    all
}

/// The increments as readings.
fn table(rows: &RecordBatch, grown: &[Grown]) -> Result<RecordBatch> {
    if grown.is_empty() {
        // Of a ledger that has answers and no reading yet, the table has few columns.
        return Ok(rows.slice(0, 0));
    }
    let places = grown.iter().map(|one| u32::try_from(one.row));
    let places: Vec<u32> = places.collect::<std::result::Result<_, _>>().map_err(bug)?;
    let table = rows_of(rows, places)?;
    let flags = table
        .column_by_name("flags")
        .and_then(|flags| flags.as_list_opt::<i32>());
    let flags = joined("flags", flags.ok_or_else(|| bug("no flags"))?).map_err(bug)?;
    let more = |one: &Grown| if one.is_ambiguous { AMBIGUOUS } else { "" };
    let flags: Vec<Vec<&str>> = (flags.iter().zip(grown))
        .map(|(flags, one)| {
            flags
                .unwrap_or_default()
                .split_whitespace()
                .chain(more(one).split_whitespace())
                .collect()
        })
        .collect();
    let columns = [
        ("start", arrays::moments(grown.iter().map(|one| one.start).collect())),
        ("end", arrays::moments(grown.iter().map(|one| one.end).collect())),
        (
            "quantity",
            arrays::amounts(grown.iter().map(|one| one.quantity).collect())?,
        ),
        ("cost", arrays::no_amounts(grown.len())?),
        ("kind", Words::column(grown.iter().map(|_| Kind::Sum.name()))?),
        ("flags", arrays::lists(flags)),
    ];
    columns
        .iter()
        .try_fold(table, |table, (name, column)| with_column(&table, name, column))
}
