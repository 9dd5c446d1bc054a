//! Holes: the stretches of a timeline without numbers, one by one.

use arrow_array::RecordBatch;
use jiff::Timestamp;

use super::arrays::{self, Words, microseconds};
use super::timeline::{Fate, Known, Stretch, Timeline};
use super::{Usage, columns};
use crate::plan::Plan;
use crate::values::error::{Error, Result};
use crate::values::window::{Instant, Window};

/// A stretch of time that was asked for and has no number.
#[derive(Debug, Clone, PartialEq)]
pub struct Hole {
    /// The account's name.
    pub account: String,
    /// The provider's name.
    pub provider: &'static str,
    /// The operation, by its Python name.
    pub operation: &'static str,
    /// What tells its calls from others of the operation; empty if nothing does.
    pub told: String,
    /// The call's id, if there was one to make.
    pub call_id: Option<String>,
    /// The time.
    pub window: Window,
    /// What is known of it.
    pub state: Known,
    /// Why, in a sentence.
    pub reason: String,
    /// The error of a call that was made and failed.
    pub error: Option<Error>,
    /// The meters, by name.
    pub meters: Vec<&'static str>,
    /// The dimensions that are known, with their values.
    pub labels: Vec<(&'static str, String)>,
}

impl Hole {
    /// A sentence for a person.
    pub fn sentence(&self) -> String {
        let what = super::timeline::described(self.operation, &self.told);
        let series: Vec<String> = match self.meters.as_slice() {
            [meter] if self.state == Known::Missing && !self.labels.is_empty() => {
                let labels = self.labels.iter().map(|(name, value)| format!("{name} {value}"));
                vec![format!(" ({meter}, {})", labels.collect::<Vec<_>>().join(", "))]
            }
            _ => Vec::new(),
        };
        let (start, end) = (self.window.start().to_utc_text(), self.window.end().to_utc_text());
        format!(
            "{} {what}{} from {start} to {end}: {}",
            self.account,
            series.concat(),
            self.reason
        )
    }
}

/// The holes of these timelines.
pub fn of(plan: &Plan, fates: &[Fate], timelines: &[Timeline]) -> Vec<Hole> {
    let mut holes = Vec::new();
    for timeline in timelines {
        let stretches = timeline.stretches.iter().filter(|stretch| !stretch.state.is_there());
        holes.extend(stretches.filter_map(|stretch| of_stretch(plan, fates, timeline, stretch)));
        for series in &timeline.series {
            let names = series.meter.dimensions.iter().copied().zip(&series.labels);
            let labels = names.filter_map(|(name, value)| Some((name, value.clone()?)));
            let Some(hole) = hole(timeline, (series.start, series.end), Known::Missing, series.reason) else {
                continue;
            };
            holes.push(Hole {
                call_id: plan.calls.get(series.call).map(|call| call.id.clone()),
                meters: vec![series.meter.name],
                labels: labels.collect(),
                ..hole
            });
        }
    }
    holes
}

fn of_stretch(plan: &Plan, fates: &[Fate], timeline: &Timeline, stretch: &Stretch) -> Option<Hole> {
    let reason = stretch.reason.as_deref().unwrap_or_default();
    let error = match stretch.call.and_then(|place| fates.get(place)) {
        Some(Fate::Failed(error)) if stretch.state == Known::Failed => Some(error.clone()),
        _ => None,
    };
    Some(Hole {
        call_id: stretch
            .call
            .and_then(|place| plan.calls.get(place))
            .map(|call| call.id.clone()),
        error,
        ..hole(timeline, (stretch.start, stretch.end), stretch.state, reason)?
    })
}

fn hole(timeline: &Timeline, (start, end): (i64, i64), state: Known, reason: &str) -> Option<Hole> {
    let at = |at| Timestamp::from_microsecond(at).ok().map(Instant::utc);
    Some(Hole {
        account: timeline.account.clone(),
        provider: timeline.provider,
        operation: timeline.source.operation,
        told: timeline.told.clone(),
        call_id: None,
        window: Window::new(at(start)?, at(end)?).ok()?,
        state,
        reason: reason.to_owned(),
        error: None,
        meters: timeline.meters.iter().map(|meter| meter.name).collect(),
        labels: timeline.narrowed.clone(),
    })
}

impl Usage {
    /// The holes as a table: a row for each of its meters.
    pub fn holes_table(&self) -> Result<RecordBatch> {
        let dimensions = columns::dimensions(
            self.timelines
                .iter()
                .flat_map(|timeline| timeline.meters.iter().copied()),
        );
        let rows: Vec<(&Hole, &str)> = self
            .holes
            .iter()
            .flat_map(|hole| hole.meters.iter().map(move |meter| (hole, *meter)))
            .collect();
        let holes = || rows.iter().map(|(hole, _)| *hole);
        let at = |at: Instant| microseconds(Some(at.at));
        let mut columns = vec![
            ("account", Words::column(holes().map(|hole| &*hole.account))?),
            ("provider", Words::column(holes().map(|hole| hole.provider))?),
            ("meter", Words::column(rows.iter().map(|(_, meter)| *meter))?),
        ];
        for dimension in dimensions {
            let value = |hole: &'_ Hole| hole.labels.iter().position(|(name, _)| *name == dimension);
            let values = holes().map(|hole| Some(&*hole.labels.get(value(hole)?)?.1));
            columns.push((dimension, arrays::texts(values)));
        }
        columns.extend([
            (
                "start",
                arrays::moments(holes().map(|hole| at(hole.window.start())).collect()),
            ),
            (
                "end",
                arrays::moments(holes().map(|hole| at(hole.window.end())).collect()),
            ),
            ("state", Words::column(holes().map(|hole| hole.state.name()))?),
            ("reason", arrays::texts(holes().map(|hole| Some(&*hole.reason)))),
            ("call_id", arrays::texts(holes().map(|hole| hole.call_id.as_deref()))),
        ]);
        arrays::table(columns)
    }

    /// The timelines as a table: a row for each stretch of each source.
    pub fn timeline_table(&self) -> Result<RecordBatch> {
        let rows: Vec<(&Timeline, &Stretch)> = self
            .timelines
            .iter()
            .flat_map(|one| one.stretches.iter().map(move |stretch| (one, stretch)))
            .collect();
        let id = |stretch: &Stretch| Some(&*self.plan.calls.get(stretch.call?)?.id);
        let told = |timeline: &'_ Timeline| !timeline.told.is_empty();
        arrays::table(vec![
            ("account", Words::column(rows.iter().map(|(one, _)| &*one.account))?),
            ("provider", Words::column(rows.iter().map(|(one, _)| one.provider))?),
            (
                "operation",
                Words::column(rows.iter().map(|(one, _)| one.source.operation))?,
            ),
            (
                "arguments",
                arrays::texts(rows.iter().map(|(one, _)| told(one).then_some(&*one.told))),
            ),
            (
                "meters",
                arrays::lists(rows.iter().map(|(one, _)| one.meters.iter().map(|meter| meter.name))),
            ),
            (
                "start",
                arrays::moments(rows.iter().map(|(_, stretch)| stretch.start).collect()),
            ),
            (
                "end",
                arrays::moments(rows.iter().map(|(_, stretch)| stretch.end).collect()),
            ),
            (
                "state",
                Words::column(rows.iter().map(|(_, stretch)| stretch.state.name()))?,
            ),
            (
                "settled_at",
                arrays::moments(rows.iter().map(|(_, stretch)| stretch.settled_at).collect()),
            ),
            (
                "reason",
                arrays::texts(rows.iter().map(|(_, stretch)| stretch.reason.as_deref())),
            ),
            ("call_id", arrays::texts(rows.iter().map(|(_, stretch)| id(stretch)))),
        ])
    }
}
