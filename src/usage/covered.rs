//! How much of a period is known: for how much of it every source of a figure was answered.
//!
//! Time and holes count where buckets start, as readings do: the edges of a period are moved to the first bucket start at
//! or after them. It is worked out once for all groups with the same sources, and for each period, never for a reading.

use std::collections::HashMap;

use super::Usage;
use super::runs::Runs;
use super::timeline::{Known, SeriesHole, Timeline};
use crate::meters::{Meter, Writes};
use crate::plan::Grid;
use crate::values::error::Result;

/// What the readings of a figure have in common.
pub struct Group<'g> {
    /// The meter.
    pub meter: &'static Meter,
    /// The columns that stay apart, with their values.
    pub columns: Vec<(&'g str, Option<&'g str>)>,
}

impl Group<'_> {
    /// True if its readings may differ in this column.
    fn is_open(&self, name: &str) -> bool {
        self.columns.iter().all(|(known, _)| *known != name)
    }

    /// True unless its readings have another value in this column.
    fn may_have(&self, name: &str, value: Option<&str>) -> bool {
        self.is_open(name) || self.columns.contains(&(name, value))
    }

    fn asks(&self, timeline: &Timeline) -> bool {
        timeline.meters.iter().any(|meter| meter.name == self.meter.name)
            && self.may_have("account", Some(&timeline.account))
            && self.may_have("provider", Some(timeline.provider))
    }

    /// The dimensions of its meter to which a source was narrowed, with their values.
    fn narrowed<'t>(&self, timeline: &'t Timeline) -> impl Iterator<Item = &'t (&'static str, String)> {
        let dimensions = self.meter.dimensions;
        let narrowed = timeline.narrowed.iter();
        narrowed.filter(move |(name, _)| dimensions.contains(name))
    }

    fn has(&self, hole: &SeriesHole) -> bool {
        let labels = || hole.meter.dimensions.iter().zip(&hole.labels);
        hole.meter.name == self.meter.name && labels().all(|(name, value)| self.may_have(name, value.as_deref()))
    }
}

/// What a usage knows of its sources, put together for groups.
pub struct Sources<'u> {
    usage: &'u Usage,
    known: Vec<Knowledge>,
    /// Where what is known of some sources together stands, unless a series of them has a hole of its own.
    places: HashMap<Vec<usize>, usize>,
}

impl<'u> Sources<'u> {
    /// The sources of this usage.
    pub fn of(usage: &'u Usage) -> Self {
        Self {
            usage,
            known: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// What is known of the sources of a group.
    pub fn knowledge(&mut self, group: &Group<'_>) -> Option<&mut Knowledge> {
        let timelines = self.usage.timelines.iter().enumerate();
        let asked: Vec<(usize, &Timeline)> = timelines.filter(|(_, timeline)| group.asks(timeline)).collect();
        let is_own = |timeline: &Timeline| {
            let mut narrowed = group.narrowed(timeline);
            narrowed.all(|(name, value)| group.may_have(name, Some(value)))
        };
        let mut own: Vec<(usize, &Timeline)> = asked.iter().copied().filter(|(_, one)| is_own(one)).collect();
        if own.is_empty() {
            // The service writes the value in another way than it was asked for.
            own = asked;
        }
        let holes: Vec<&SeriesHole> = own.iter().flat_map(|(_, one)| &one.series).collect();
        let has_own_holes = holes.iter().any(|hole| group.has(hole));
        let key: Vec<usize> = own.iter().map(|(place, _)| *place).collect();
        let place = match self.places.get(&key) {
            Some(place) if !has_own_holes => *place,
            _ => {
                self.known.push(self.together(group, &own));
                let place = self.known.len() - 1;
                if !has_own_holes {
                    self.places.insert(key, place);
                }
                place
            }
        };
        self.known.get_mut(place)
    }

    fn together(&self, group: &Group<'_>, sources: &[(usize, &Timeline)]) -> Knowledge {
        let mut knowledge = Knowledge {
            has_others: self.has_others(group, sources),
            ..Knowledge::default()
        };
        for (_, source) in sources {
            let mut holes = Runs::default();
            for hole in source.series.iter().filter(|hole| group.has(hole)) {
                holes.add(hole.start, hole.end);
            }
            let (known, whole) = (source.known().without(&holes), whole(source).without(&holes));
            let grid = Grid::of_pieces(source.buckets, source.source);
            match knowledge.grids.iter_mut().find(|other| other.grid == grid) {
                Some(other) => (other.known, other.whole) = (other.known.both(&known), other.whole.both(&whole)),
                None => knowledge.grids.push(OfGrid { grid, known, whole }),
            }
        }
        knowledge
    }

    /// True if another part of the plan may ask other sources of this group: accounts or labels that are not here.
    fn has_others(&self, group: &Group<'_>, sources: &[(usize, &Timeline)]) -> bool {
        let plan = &self.usage.plan;
        let Some((_, first)) = sources.first().filter(|_| plan.part.is_some()) else {
            return false;
        };
        let is_here = |name: &str| sources.iter().any(|(_, source)| source.account == name);
        let mut of_provider = plan
            .accounts
            .iter()
            .filter(|account| account.provider == first.provider);
        let has_accounts = of_provider.any(|account| group.is_open("account") && !is_here(&account.name));
        let mut narrowed = sources.iter().flat_map(|(_, source)| group.narrowed(source));
        has_accounts || narrowed.any(|(name, _)| group.is_open(name))
    }
}

/// Where a sum lacks nothing: what is known, and what is absent where no page says that every bucket is written.
fn whole(source: &Timeline) -> Runs {
    let mut whole = Runs::default();
    for stretch in &source.stretches {
        let is_nothing = stretch.state == Known::Absent && source.source.writes != Writes::Every;
        if stretch.state.is_there() || is_nothing {
            whole.add(stretch.start, stretch.end);
        }
    }
    whole
}

/// What is known of some sources together.
#[derive(Default)]
pub struct Knowledge {
    grids: Vec<OfGrid>,
    has_others: bool,
    measured: HashMap<(i64, i64), Measure>,
}

/// What all sources with buckets on one grid know.
struct OfGrid {
    grid: Grid,
    known: Runs,
    whole: Runs,
}

/// How much of a period is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// Microseconds that all sources were answered for.
    known: i64,
    /// Microseconds that buckets of the period have.
    all: i64,
    /// True if a figure of the period may lack something.
    pub lacks: bool,
}

impl Measure {
    /// True if all is known.
    pub fn is_whole(self) -> bool {
        self.known == self.all
    }

    /// The share that is known; 1.0 only if all is.
    #[allow(clippy::cast_precision_loss)] // below 285 years both are exact, and beyond them a last digit does not count
    pub fn share(self) -> f64 {
        if self.is_whole() {
            1.0
        } else {
            (self.known as f64 / self.all as f64).min(1.0_f64.next_down())
        }
    }
}

impl Knowledge {
    /// How much of a period is known.
    pub fn measure(&mut self, start: i64, end: i64) -> Result<Measure> {
        if let Some(measure) = self.measured.get(&(start, end)) {
            return Ok(*measure);
        }
        let mut parts = Vec::new();
        for one in &self.grids {
            parts.push((one, first(one.grid, start)?, first(one.grid, end)?));
        }
        // A source without a bucket that starts in the period has nothing to know of it.
        if parts.iter().any(|(_, from, to)| from < to) {
            parts.retain(|(_, from, to)| from < to);
        } else {
            for (_, from, to) in &mut parts {
                (*from, *to) = (start, end);
            }
        }
        let ends = parts.iter().map(|(_, from, to)| (*from, *to));
        let (from, to) = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((start, end));
        let mut unknown = Runs::default();
        let mut lacks = parts.is_empty() || self.has_others;
        for (one, from, to) in parts {
            for (from, to) in one.known.gaps(from, to) {
                unknown.add(from, to);
            }
            lacks |= one.whole.within(from, to) < to - from;
        }
        let is_told = !self.grids.is_empty() && !self.has_others;
        let measure = Measure {
            known: if is_told {
                to - from - unknown.within(from, to)
            } else {
                0
            },
            all: to - from,
            lacks,
        };
        self.measured.insert((start, end), measure);
        Ok(measure)
    }

    /// True if a figure of buckets that start then may lack those of another source.
    pub fn lacks_at(&self, start: i64) -> bool {
        self.has_others || self.grids.iter().any(|one| one.whole.within(start, start + 1) == 0)
    }
}

/// The first moment at or after this one at which a bucket starts.
fn first(grid: Grid, at: i64) -> Result<i64> {
    const SECOND: i64 = 1_000_000;
    Ok(grid.ceil(at.div_euclid(SECOND) + i64::from(at.rem_euclid(SECOND) > 0))? * SECOND)
}
