//! Answers with rows by time: totals, rows, and rows split by dimension.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Span, Timestamp};

use super::facts::{Column, Split};
use super::figures::{self, Hours, Meter, Part, Place, STATUS_CODES, Share, TRANSCODINGS, decimal};
use super::json::{Object, list};
use super::question::{Question, Region, region_code, share_of};
use super::times::written;
use crate::simulator::world::World;

type Minutes = (i64, i64);

/// A question with its hours and buckets, ready to be measured.
struct Chart<'a> {
    world: &'a World,
    question: &'a Question,
    hours: Hours,
    buckets: Vec<Minutes>,
    zeros: bool,
}

/// The part of the usage that a list of rows is about.
struct Cut {
    keys: Vec<(&'static str, &'static str)>,
    places: Vec<&'static Place>,
    share: Share,
}

impl<'a> Chart<'a> {
    fn new(world: &'a World, question: &'a Question) -> Self {
        let buckets = question.buckets(world);
        let from = buckets.first().map_or(0, |bucket| bucket.0);
        let to = buckets.last().map_or(0, |bucket| bucket.1);
        Self {
            world,
            question,
            hours: Hours::new(world, from, to),
            buckets,
            zeros: !world.switch_is("volcengine.zero_days", "absent"),
        }
    }

    /// The figures of each bucket for a part of the usage.
    fn figures(&self, meter: Meter, cut: &Cut) -> Vec<u64> {
        let levels: Vec<Vec<u64>> = cut.places.iter().map(|place| self.hours.levels(meter, place)).collect();
        let levels: Vec<&[u64]> = levels.iter().map(Vec::as_slice).collect();
        let levels = self.hours.sum_of(&levels, cut.share);
        let figure = |bucket: &Minutes| self.hours.figure(meter, &levels, bucket.0, bucket.1);
        self.buckets.iter().map(figure).collect()
    }

    fn whole(&self) -> Cut {
        Cut {
            keys: Vec::new(),
            places: self.question.places.clone(),
            share: self.question.share(),
        }
    }

    /// Totals and rows of a part of the usage.
    fn rows(&self, object: Object, cut: &Cut, with_totals: bool) -> Object {
        let action = self.question.action;
        let columns: Vec<(&Column, Vec<u64>)> = action
            .columns
            .iter()
            .map(|column| (column, self.figures(column.meter, cut)))
            .collect();
        let mut object = object;
        for total in action.totals.iter().filter(|_| with_totals) {
            let figures = columns.iter().find(|(column, _)| column.meter == total.meter);
            let figures = figures.map_or_else(|| self.figures(total.meter, cut), |(_, figures)| figures.clone());
            let figure = figures::over(total.meter, figures.into_iter());
            object = object.with(total.key, &decimal(figure, total.meter.decimals));
        }
        let row = |(at, bucket): (usize, &Minutes)| {
            let figure = |figures: &Vec<u64>| figures.get(at).copied().unwrap_or(0);
            if !self.zeros && columns.iter().all(|(_, figures)| figure(figures) == 0) {
                return None;
            }
            let row = Object::new().with_text("TimeStamp", &written(self.world, bucket.0 * 60));
            let add = |row: Object, (column, figures): &(&Column, Vec<u64>)| {
                row.with(column.key, &decimal(figure(figures), column.meter.decimals))
            };
            Some(columns.iter().fold(row, add).finish())
        };
        object.with(action.lists.0, &list(self.buckets.iter().enumerate().filter_map(row)))
    }

    /// One part of the usage for each combination of values of the dimensions that split it.
    fn cuts(&self) -> Vec<Cut> {
        let question = self.question;
        let isps = choices(question, Split::Isp, &question.isps);
        let protocols = choices(question, Split::Protocol, &question.protocols);
        let mut cuts = Vec::new();
        for places in self.place_choices() {
            for isp in &isps {
                for protocol in &protocols {
                    for regions in self.region_choices() {
                        cuts.push(self.cut(&places, isp.as_ref(), protocol.as_ref(), &regions));
                    }
                }
            }
        }
        cuts
    }

    fn place_choices(&self) -> Vec<Vec<&'static Place>> {
        let places = &self.question.places;
        let split = |split: &Split| matches!(split, Split::Domain | Split::Group);
        if self.question.splits.iter().any(split) {
            places.iter().map(|place| vec![*place]).collect()
        } else {
            vec![places.clone()]
        }
    }

    /// The regions asked for, grouped by the codes of all dimensions that split regions.
    fn region_choices(&self) -> Vec<Vec<&'static Region>> {
        let key = |region: &Region| -> Vec<&'static str> {
            let splits = self.question.splits.iter();
            splits
                .filter_map(|split| match split {
                    Split::Region(_, part) => Some(region_code(region, *part)),
                    _ => None,
                })
                .collect()
        };
        let mut groups: Vec<(Vec<&str>, Vec<&'static Region>)> = Vec::new();
        for region in &self.question.regions {
            let key = key(region);
            // Outside of China there are no provinces, so a split by province leaves those regions out.
            if key.iter().any(|code| code.is_empty()) {
                continue;
            }
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, regions)) => regions.push(region),
                None => groups.push((key, vec![region])),
            }
        }
        if self.question.regions.is_empty() {
            return vec![Vec::new()];
        }
        groups.into_iter().map(|(_, regions)| regions).collect()
    }

    fn cut(
        &self,
        places: &[&'static Place],
        isp: Option<&&'static Part>,
        protocol: Option<&&'static Part>,
        regions: &[&'static Region],
    ) -> Cut {
        let question = self.question;
        let isps = isp.map_or_else(|| question.isps.clone(), |isp| vec![*isp]);
        let protocols = protocol.map_or_else(|| question.protocols.clone(), |protocol| vec![*protocol]);
        let value = |split: &Split| match split {
            Split::Domain | Split::Group => places.first().map(|place| place.name),
            Split::Isp => isp.map(|isp| isp.name),
            Split::Protocol => protocol.map(|protocol| protocol.name),
            Split::Region(_, part) => regions.first().map(|region| region_code(region, *part)),
        };
        Cut {
            keys: question
                .splits
                .iter()
                .filter_map(|split| Some((split.key(), value(split)?)))
                .collect(),
            places: places.to_vec(),
            share: share_of(&isps, &protocols, regions, &question.streams),
        }
    }

    /// The list of details, if anything splits the data.
    fn details(&self, object: Object, detail: impl Fn(Object, &Cut) -> Object) -> Object {
        let key = self.question.action.lists.1;
        let required = key == "AuditDetailDataList";
        if self.question.splits.is_empty() {
            return if required { object.with(key, "[]") } else { object };
        }
        let details = self.cuts().into_iter().map(|cut| {
            let named = cut
                .keys
                .iter()
                .fold(Object::new(), |named, (key, value)| named.with_text(key, value));
            detail(named, &cut).finish()
        });
        object.with(key, &list(details))
    }
}

/// The values that a dimension splits into; a single `None` where it does not split.
fn choices(question: &Question, split: Split, parts: &[&'static Part]) -> Vec<Option<&'static Part>> {
    if question.splits.contains(&split) {
        parts.iter().copied().map(Some).collect()
    } else {
        vec![None]
    }
}

/// What every answer begins with: the times, the granularity, the filters.
pub fn header(world: &World, question: &Question) -> Object {
    let mut object = Object::new()
        .with_text("StartTime", &written(world, question.start))
        .with_text("EndTime", &written(world, question.end));
    if question.aggregation > 0 && !world.switch_is("volcengine.aggregation_echo", "absent") {
        object = object.with("Aggregation", &question.aggregation.to_string());
    }
    // The audit's lists are always there, says the vendor's client.
    if question.action.lists.0 == "AuditDataList" {
        for name in ["DetailField", "DomainList"] {
            if !question.echo.iter().any(|(echoed, _)| *echoed == name) {
                object = object.with(name, "[]");
            }
        }
    }
    question
        .echo
        .iter()
        .fold(object, |object, (name, value)| object.with(name, &value.to_string()))
}

/// Totals, rows, details.
pub fn series(world: &World, question: &Question) -> Object {
    let chart = Chart::new(world, question);
    let object = chart.rows(header(world, question), &chart.whole(), true);
    let with_totals = question.action.detail_totals;
    chart.details(object, |named, cut| chart.rows(named, cut, with_totals))
}

/// The 95th percentile of the bandwidth of both directions, by five minutes: the largest once the top 5 % are left out.
pub fn p95(world: &World, question: &Question) -> Object {
    let chart = Chart::new(world, question);
    let whole = chart.whole();
    let (up, down) = (
        chart.figures(Meter::UP_BANDWIDTH, &whole),
        chart.figures(Meter::DOWN_BANDWIDTH, &whole),
    );
    let mut points: Vec<(u64, i64)> = chart
        .buckets
        .iter()
        .zip(up.iter().zip(&down))
        .map(|(bucket, (up, down))| (up + down, -bucket.0))
        .collect();
    points.sort_unstable_by(|left, right| right.cmp(left));
    let (figure, minute) = points.get(points.len() / 20).copied().unwrap_or((0, 0));
    let at = if points.is_empty() {
        question.start
    } else {
        -minute * 60
    };
    header(world, question)
        .with("P95PeakBandwidth", &decimal(figure, Meter::UP_BANDWIDTH.decimals))
        .with_text("P95PeakTimestamp", &written(world, at))
}

/// One row per day and kind of transcoding.
pub fn transcode(world: &World, question: &Question) -> Object {
    let chart = Chart::new(world, question);
    let whole = chart.whole();
    let kinds: Vec<(usize, Vec<u64>)> = question
        .transcodings
        .iter()
        .map(|kind| (*kind, chart.figures(Meter::transcoded(*kind), &whole)))
        .collect();
    let total: u64 = kinds.iter().flat_map(|(_, figures)| figures).sum();
    let row = |at: usize, bucket: &Minutes, kind: &(usize, Vec<u64>)| {
        let figure = kind.1.get(at).copied().unwrap_or(0);
        let (name, resolution, _) = TRANSCODINGS.get(kind.0)?;
        let row = Object::new()
            .with_text("TimeStamp", &written(world, bucket.0 * 60))
            .with("Duration", &decimal(figure, 2))
            .with_text("TranscodeType", name)
            .with_text("Resolution", resolution);
        (chart.zeros || figure > 0).then(|| row.finish())
    };
    let mut rows = Vec::new();
    for (at, bucket) in chart.buckets.iter().enumerate() {
        rows.extend(kinds.iter().filter_map(|kind| row(at, bucket, kind)));
    }
    header(world, question)
        .with("Duration", &decimal(total, 2))
        .with(question.action.lists.0, &list(rows))
}

/// Counts by status code, over all and by bucket.
pub fn status_codes(world: &World, question: &Question) -> Object {
    let chart = Chart::new(world, question);
    let meter = match question.text("Type") {
        Some("Source") => Meter::SOURCE_REQUESTS,
        _ => Meter::REQUESTS,
    };
    let mut object = header(world, question);
    if question.text("Type").is_none() {
        object = object.with_text("Type", "Access");
    }
    let requests = chart.figures(meter, &chart.whole());
    let object = object.with("StatusSummaryDataList", &by_code(requests.iter().sum()));
    let rows = |object: Object, requests: &[u64]| {
        let row = |(bucket, requests): (&Minutes, &u64)| {
            let row = Object::new()
                .with_text("TimeStamp", &written(world, bucket.0 * 60))
                .with("StatusSummaryDataList", &by_code(*requests));
            (chart.zeros || *requests > 0).then(|| row.finish())
        };
        object.with(
            question.action.lists.0,
            &list(chart.buckets.iter().zip(requests).filter_map(row)),
        )
    };
    let object = rows(object, &requests);
    chart.details(object, |named, cut| rows(named, &chart.figures(meter, cut)))
}

fn by_code(requests: u64) -> String {
    let codes = STATUS_CODES.iter().filter(|_| requests > 0);
    list(codes.map(|(code, twentieths)| {
        Object::new()
            .with("StatusCode", &code.to_string())
            .with("Value", &(requests * twentieths / 20).to_string())
            .with("Percent", &(twentieths * 5).to_string())
            .finish()
    }))
}

/// Storage per day: of a day's figure only its date at UTC+8 counts.
pub fn time_shift(world: &World, question: &Question) -> Object {
    let date = |minute: i64| -> Date {
        let at = Timestamp::from_second(minute * 60).unwrap_or_default();
        Offset::constant(8).to_datetime(at).date()
    };
    let buckets = question.buckets(world);
    let days = match (buckets.first(), buckets.last()) {
        (Some(first), Some(last)) if !question.vhosts.is_empty() => {
            let end = date(last.0).checked_add(Span::new().days(1)).unwrap_or(Date::MAX);
            figures::truth_storage(world, &question.vhosts, date(first.0), end)
        }
        _ => Vec::new(),
    };
    let zeros = !world.switch_is("volcengine.zero_days", "absent");
    let row = |minute: i64, tenths: u64| {
        Object::new()
            .with_text("TimeStamp", &written(world, minute * 60))
            .with("Storage", &storage(world, tenths))
            .finish()
    };
    let kept = buckets.iter().zip(days).filter(|(_, day)| zeros || day.tenths > 0);
    let mut rows: Vec<String> = kept.clone().map(|(bucket, day)| row(bucket.0, day.tenths)).collect();
    // The page's own example has a second row five minutes after the first, with the same figure.
    if let (true, Some((bucket, day))) = (world.switch_is("volcengine.second_row", "on"), kept.clone().next()) {
        rows.insert(1, row(bucket.0 + 5, day.tenths));
    }
    let rows = if rows.is_empty() && world.switch_is("volcengine.time_shift_list", "null_when_empty") {
        "null".to_owned()
    } else {
        list(rows)
    };
    header(world, question).with(question.action.lists.0, &rows)
}

/// The page's table has a fraction, its example an integer.
fn storage(world: &World, tenths: u64) -> String {
    if world.switch_is("volcengine.storage_number", "integer") {
        (tenths / 10).to_string()
    } else {
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}
