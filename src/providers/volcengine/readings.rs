//! The readings in an answer: its rows, checked against its totals and against what was asked.
//!
//! A row's window begins at its timestamp, except for storage of time-shift: its timestamp was first documented as the
//! day's end and later as its start, and both descriptions agree only on the calendar date in China, which is the
//! billing day. The numbers are read straight from the document, since one answer may have a million of them.

use std::collections::HashSet;

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::meters::{self, CHINA, FILTERS};
use super::model::{Rows, Usage};
use crate::meters::{Buckets, Flag, Flags, Kind, Meter, Reading, Sink};
use crate::service::PlannedCall;
use crate::values::error::{Error, Kind as Problem, Result};
use crate::values::json::{At, Json};
use crate::values::quantity::Quantity;
use crate::values::shape::instant;
use crate::values::window::{Instant, Window};

/// The readings in an answer. All of it is checked before the first one is handed on.
pub fn readings(call: &PlannedCall, document: &Json<'_>, fetched_at: Timestamp, sink: &mut dyn Sink) -> Result<()> {
    let answer = Answer::new(call, fetched_at)?;
    let root = At::root(document);
    let path = root.path();
    let result = At::member(&path, "Result", document.get("Result").unwrap_or(&Json::Null));
    result.map()?;
    answer.check_aggregation(&result)?;
    let covered = answer.covered(&result, sink)?;
    let Buckets::Every(length, offset) = call.asked.buckets else {
        return answer.one_figure(&covered, &result, sink);
    };
    let mut table = Table::new(&answer, length, offset);
    table.read(&result, result.value)?;
    table.emit(&result, sink)
}

/// What was asked, and when it was answered.
struct Answer<'a> {
    call: &'a PlannedCall,
    usage: &'static Usage,
    /// The range that the service was asked for.
    window: Window,
    fetched_at: Timestamp,
}

impl<'a> Answer<'a> {
    fn new(call: &'a PlannedCall, fetched_at: Timestamp) -> Result<Self> {
        Ok(Self {
            call,
            usage: meters::usage(call.asked.source)?,
            window: call.call.arguments.window("start", "end")?.unwrap_or(call.request),
            fetched_at,
        })
    }

    /// Other buckets than those asked for would be other readings.
    fn check_aggregation(&self, result: &At<'_, '_>) -> Result<()> {
        let path = result.path();
        let told = result.get(&path, "Aggregation")?;
        let asked = self.call.call.arguments.whole("aggregation");
        let (Some(at), Some(asked)) = (told, asked.map(|seconds| seconds.to_string())) else {
            return Ok(());
        };
        let told = at.integer()?;
        if told == asked {
            return Ok(());
        }
        let text = format!("{}: buckets of {told} s, while {asked} s were asked for", at.path());
        Err(Error::new(Problem::InconsistentResponse, text))
    }

    /// The range that the answer says it is about. What happens to one that is too long is not documented: a shortened
    /// one is a hole, and remarked.
    fn covered(&self, result: &At<'_, '_>, sink: &mut dyn Sink) -> Result<Bucket> {
        let second = SignedDuration::from_secs(1);
        // The second before the end is sent.
        let (first, last) = (self.window.start().at, self.window.end().at - second);
        let path = result.path();
        let moment = |key, asked| match result.get(&path, key)? {
            Some(at) => instant(&at).map(|told| told.at),
            None => Ok(asked),
        };
        let (from, to) = (moment("StartTime", first)?, moment("EndTime", last)?);
        if result.value.get("StartTime").is_some() || result.value.get("EndTime").is_some() {
            sink.answers(from, to.checked_add(second).unwrap_or(to));
        }
        if from > first || to < last {
            sink.note(format!(
                "the service shortened the range to {} … {}, from {} … {}",
                in_china(from),
                in_china(to),
                in_china(first),
                in_china(last)
            ));
        }
        Ok(Bucket {
            start: from.max(first),
            end: to.min(last) + second,
        })
    }

    /// What the call was narrowed to, as the value of that dimension.
    fn filtered(&self, dimension: &str) -> Option<&'a str> {
        let (name, _) = FILTERS.iter().find(|(_, known)| *known == dimension)?;
        match self.call.call.arguments.texts(name).as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The dimensions of this call's meters; they are the same for all of a source's.
    fn dimensions(&self) -> &'static [&'static str] {
        self.call
            .asked
            .source
            .meters
            .first()
            .map_or(&[], |meter| meter.dimensions)
    }

    /// The call without rows: one figure for its whole range.
    fn one_figure(&self, covered: &Bucket, result: &At<'_, '_>, sink: &mut dyn Sink) -> Result<()> {
        if covered.start >= covered.end {
            // It is about another time altogether.
            return Ok(());
        }
        let labels: Vec<Option<&str>> = self.dimensions().iter().map(|name| self.filtered(name)).collect();
        for (place, meter) in self.call.asked.wanted() {
            let Some(quantity) = self.total(result, place)? else {
                // A field that is null, while no field at all is an answer without any figure.
                if self
                    .usage
                    .totals
                    .get(place)
                    .is_some_and(|total| result.value.get(total.wire).is_some())
                {
                    sink.null(place, &labels, covered.start, covered.end);
                }
                continue;
            };
            sink.reading(Reading {
                meter: place,
                labels: &labels,
                start: Some(covered.start),
                end: Some(covered.end),
                quantity,
                cost: None,
                flags: with(
                    meter.flags(quantity),
                    &[(Flag::PartialBucket, self.is_partial(covered))],
                ),
            });
        }
        Ok(())
    }

    /// True if a bucket was not over, or the window cuts it.
    fn is_partial(&self, bucket: &Bucket) -> bool {
        let cut = |edge: Timestamp| bucket.start < edge && edge < bucket.end;
        bucket.end > self.fetched_at || cut(self.window.start().at) || cut(self.window.end().at)
    }

    /// True if the answer's own figure of a meter for its whole range disagrees with those of its rows.
    fn reconcile<'f>(
        &self,
        meter: usize,
        kind: Kind,
        figures: impl Iterator<Item = &'f Quantity>,
        result: &At<'_, '_>,
        sink: &mut dyn Sink,
    ) -> Result<bool> {
        let (Some(total), Some(figure)) = (self.total(result, meter)?, self.usage.totals.get(meter)) else {
            return Ok(false);
        };
        let figures = figures.map(|figure| figure.scaled);
        let (parts, what) = match kind {
            Kind::Sum => (figures.fold(0, i128::saturating_add), "add up to"),
            Kind::Peak => (figures.max().unwrap_or(0), "have at most"),
            Kind::Gauge | Kind::Cumulative => return Ok(false),
        };
        if agree(total.scaled, parts) {
            return Ok(false);
        }
        let parts = Quantity {
            scaled: parts,
            rounded: false,
        };
        sink.note(format!("{} is {total}, but the rows {what} {parts}", figure.wire));
        Ok(true)
    }

    /// The answer's own figure of a meter for its whole range.
    fn total(&self, result: &At<'_, '_>, meter: usize) -> Result<Option<Quantity>> {
        match self.usage.totals.get(meter) {
            Some(total) => result.number_if_any(total.wire),
            None => Ok(None),
        }
    }
}

/// The stretch of time that a row is about.
#[derive(Clone, Copy)]
struct Bucket {
    start: Timestamp,
    end: Timestamp,
}

/// The rows of an answer, in columns: a row costs no allocation of its own.
struct Table<'j> {
    answer: &'j Answer<'j>,
    length: i64,
    offset: i64,
    dimensions: Vec<Dimension<'j>>,
    meters: Vec<(usize, &'static Meter)>,
    buckets: Vec<Bucket>,
    /// As many for each row as there are dimensions.
    labels: Vec<Option<&'j str>>,
    /// As many for each row as there are wanted meters.
    figures: Vec<Option<Quantity>>,
}

/// Where the value of a dimension comes from.
enum Dimension<'j> {
    /// The call was narrowed to it, or not at all.
    OfTheCall(Option<&'j str>),
    /// Each row has its own, under this key.
    OfTheRow(&'static str),
}

/// Takes a row; the value apart from its place, since it lives longer.
type Visit<'v, 'j> = dyn FnMut(&At<'_, '_>, &'j Json<'j>) -> Result<()> + 'v;

impl<'j> Table<'j> {
    fn new(answer: &'j Answer<'j>, length: i64, offset: i32) -> Self {
        let dimension = |name: &&'static str| {
            let labels = answer.usage.rows.labels;
            match labels.iter().find(|label| label.name == *name) {
                Some(label) => Dimension::OfTheRow(label.wire),
                None => Dimension::OfTheCall(answer.filtered(name)),
            }
        };
        Self {
            answer,
            length,
            offset: i64::from(offset),
            dimensions: answer.dimensions().iter().map(dimension).collect(),
            meters: answer.call.asked.wanted().collect(),
            buckets: Vec::new(),
            labels: Vec::new(),
            figures: Vec::new(),
        }
    }

    fn read(&mut self, at: &At<'_, '_>, result: &'j Json<'j>) -> Result<()> {
        let rows: &'static Rows = &self.answer.usage.rows;
        each(at, result, rows.list, &mut |at, row| {
            let told = instant(&at.need(&at.path(), rows.time.unwrap_or("TimeStamp"))?)?;
            let bucket = self
                .bucket(told.at)
                .ok_or_else(|| at.expected("a moment before the year 9999"))?;
            match rows.inner {
                None => self.row(bucket, at, row),
                inner => each(at, row, inner, &mut |at, row| self.row(bucket, at, row)),
            }
        })
    }

    fn row(&mut self, bucket: Bucket, at: &At<'_, '_>, row: &'j Json<'j>) -> Result<()> {
        at.map()?;
        let path = at.path();
        self.buckets.push(bucket);
        for dimension in &self.dimensions {
            let label = match dimension {
                Dimension::OfTheCall(value) => *value,
                Dimension::OfTheRow(key) => match row.get(key) {
                    None | Some(Json::Null) => None,
                    Some(Json::Text(text) | Json::Number(text)) => Some(text.as_ref()),
                    Some(other) => return Err(At::member(&path, key, other).expected("a string")),
                },
            };
            self.labels.push(label);
        }
        for (meter, _) in &self.meters {
            let figure = self.answer.usage.rows.values.get(*meter);
            let figure = figure.ok_or_else(|| Error::new(Problem::Internal, "a meter that the rows do not have"))?;
            self.figures.push(match row.get(figure.wire) {
                Some(Json::Null) => None,
                _ => Some(at.number(figure.wire)?),
            });
        }
        Ok(())
    }

    /// The bucket that a row's moment names.
    fn bucket(&self, at: Timestamp) -> Option<Bucket> {
        let start = if self.answer.usage.name == "time_shift_data" {
            let local = at.as_second() + self.offset;
            Timestamp::from_second(local - local.rem_euclid(self.length) - self.offset).ok()?
        } else {
            at
        };
        let end = start.checked_add(SignedDuration::from_secs(self.length)).ok()?;
        Some(Bucket { start, end })
    }

    /// True if a row does not start where a bucket does; it keeps its own window.
    fn is_crooked(&self, bucket: &Bucket) -> bool {
        let start = bucket.start;
        (start.as_second() + self.offset).rem_euclid(self.length) != 0 || start.subsec_nanosecond() != 0
    }

    fn labels_of(&self, row: usize) -> &[Option<&'j str>] {
        let width = self.dimensions.len();
        self.labels.get(row * width..(row + 1) * width).unwrap_or_default()
    }

    fn figures_of(&self, row: usize) -> &[Option<Quantity>] {
        let width = self.meters.len();
        self.figures.get(row * width..(row + 1) * width).unwrap_or_default()
    }

    /// The rows that say again what another row says, which are no part of a total. Whether they say the same is seen
    /// where readings are kept.
    fn repeats(&self) -> HashSet<usize> {
        let mut repeats = HashSet::new();
        if self.buckets.is_sorted_by(|one, next| one.start < next.start) {
            return repeats;
        }
        let start = |row: usize| self.buckets.get(row).map(|bucket| bucket.start);
        let key = |row: &usize| (start(*row), self.labels_of(*row));
        let mut order: Vec<usize> = (0..self.buckets.len()).collect();
        order.sort_by(|one, other| key(one).cmp(&key(other)));
        for (one, next) in order.iter().zip(order.iter().skip(1)) {
            if key(one) == key(next) {
                repeats.insert(*next);
            }
        }
        repeats
    }

    fn emit(&self, result: &At<'_, '_>, sink: &mut dyn Sink) -> Result<()> {
        let repeats = self.repeats();
        let mut mismatches = Vec::with_capacity(self.meters.len());
        for (column, (place, meter)) in self.meters.iter().enumerate() {
            let once = (0..self.buckets.len()).filter(|row| !repeats.contains(row));
            let figures = once.filter_map(|row| self.figures_of(row).get(column)?.as_ref());
            mismatches.push(self.answer.reconcile(*place, meter.kind, figures, result, sink)?);
        }
        self.remark(sink);
        sink.expect(self.buckets.len() * self.meters.len());
        for (row, bucket) in self.buckets.iter().enumerate() {
            let is_partial = self.is_crooked(bucket) || self.answer.is_partial(bucket);
            let columns = self.meters.iter().zip(self.figures_of(row)).zip(&mismatches);
            for (((place, meter), quantity), mismatch) in columns {
                let Some(quantity) = quantity else {
                    sink.null(*place, self.labels_of(row), bucket.start, bucket.end);
                    continue;
                };
                sink.reading(Reading {
                    meter: *place,
                    labels: self.labels_of(row),
                    start: Some(bucket.start),
                    end: Some(bucket.end),
                    quantity: *quantity,
                    cost: None,
                    flags: with(
                        meter.flags(*quantity),
                        &[(Flag::PartialBucket, is_partial), (Flag::Mismatch, *mismatch)],
                    ),
                });
            }
        }
        Ok(())
    }

    fn remark(&self, sink: &mut dyn Sink) {
        let nulls = self.figures.iter().filter(|figure| figure.is_none()).count();
        if nulls > 0 {
            sink.note(format!("figures that are null, which is missing and not zero: {nulls}"));
        }
        let crooked = self.buckets.iter().filter(|bucket| self.is_crooked(bucket)).count();
        if crooked > 0 {
            let length = self.length;
            sink.note(format!("rows that start off the buckets of {length} s: {crooked}"));
        }
    }
}

/// The rows of the list under that key; null and missing mean that there are none.
fn each<'j>(at: &At<'_, '_>, value: &'j Json<'j>, key: Option<&str>, visit: &mut Visit<'_, 'j>) -> Result<()> {
    at.map()?;
    let list = key.and_then(|key| Some((key, value.get(key)?)));
    let Some((key, list)) = list.filter(|(_, list)| **list != Json::Null) else {
        return Ok(());
    };
    let path = at.path();
    let place = At::member(&path, key, list);
    let path = place.path();
    let Json::List(items) = list else {
        return Err(place.expected("an array"));
    };
    for (index, item) in items.iter().enumerate() {
        visit(&At::item(&path, index, item), item)?;
    }
    Ok(())
}

/// True if a total and its parts are the same number. Whole ones must be equal; others come out of the service's binary
/// fractions, whose sums differ behind the 15th digit or so.
fn agree(total: i128, parts: i128) -> bool {
    let one = Quantity::whole(1).scaled;
    let allowed = if total % one == 0 && parts % one == 0 {
        0
    } else {
        total.unsigned_abs() / 1_000_000_000
    };
    total.abs_diff(parts) <= allowed
}

fn with(flags: Flags, known: &[(Flag, bool)]) -> Flags {
    let set = known.iter().filter(|(_, is_set)| *is_set);
    set.fold(flags, |all, (flag, _)| all.with(*flag))
}

/// A moment as the documented examples write it.
fn in_china(at: Timestamp) -> String {
    let offset = Offset::from_seconds(CHINA).unwrap_or(Offset::UTC);
    Instant { at, offset }.to_offset_text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::volcengine::{FACTS, Volcengine};
    use crate::service::{Call, Provider, Reply};
    use crate::values::arguments::{Arguments, Value};

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    /// The first call of a selection, for this window.
    fn call(meters: &[&str], more: &[(&str, Value)], start: &str, end: &str) -> PlannedCall {
        let meters = Value::List(meters.iter().map(|name| text(&format!("volcengine.{name}"))).collect());
        let mut given = vec![("meters".to_owned(), meters)];
        given.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let selection = Arguments::check("select()", FACTS.selection, given).unwrap();
        let asked = Volcengine.asked(&selection).unwrap().remove(0);
        let mut arguments = asked.arguments.clone();
        arguments.extend([("start".to_owned(), text(start)), ("end".to_owned(), text(end))]);
        let at = |text: &str| Instant::parse_argument(text).unwrap();
        let call = Call::new(&Volcengine, asked.source.operation, arguments).unwrap();
        let piece = Window::new(at(start), at(end)).unwrap();
        PlannedCall::new("id".to_owned(), "acme".to_owned(), "volcengine", call, asked, piece)
    }

    /// Readings and notes, one line each.
    #[derive(Default)]
    struct Lines {
        meters: &'static [Meter],
        readings: Vec<String>,
        notes: Vec<String>,
    }

    impl Sink for Lines {
        fn reading(&mut self, reading: Reading<'_>) {
            let meter = &self.meters[reading.meter];
            assert_eq!(reading.labels.len(), meter.dimensions.len());
            assert!(reading.cost.is_none());
            let labels: Vec<&str> = reading.labels.iter().map(|label| label.unwrap_or("-")).collect();
            let flags: Vec<&str> = reading.flags.names().collect();
            self.readings.push(format!(
                "{} [{}] {}/{} {} {}",
                meter.name.strip_prefix("volcengine.").unwrap(),
                labels.join(" "),
                in_china(reading.start.unwrap()).replace("+08:00", ""),
                in_china(reading.end.unwrap()).replace("+08:00", ""),
                reading.quantity,
                flags.join(" "),
            ));
        }

        fn note(&mut self, note: String) {
            self.notes.push(note);
        }
    }

    const LATER: &str = "2030-01-01T00:00:00Z";

    fn read(call: &PlannedCall, body: &[u8], fetched_at: &str) -> Result<Lines> {
        let mut lines = Lines {
            meters: call.asked.source.meters,
            ..Lines::default()
        };
        let reply = Reply {
            status: 200,
            body: body.to_vec(),
            ..Reply::default()
        };
        let document = Volcengine.answer(&call.call, &reply)?;
        let outcome = Volcengine.readings(call, &document, fetched_at.parse().unwrap(), &mut lines);
        assert!(outcome.is_ok() || lines.readings.is_empty(), "half an answer was kept");
        outcome.map(|()| lines)
    }

    fn read_result(call: &PlannedCall, result: &str) -> Result<Lines> {
        let body = format!(r#"{{"ResponseMetadata":{{"RequestId":"x"}},"Result":{result}}}"#);
        read(call, body.as_bytes(), LATER)
    }

    macro_rules! fixture {
        ($case:literal) => {
            include_bytes!(concat!(
                "../../../tests/fixtures/volcengine/",
                $case,
                "/reply.body"
            ))
        };
    }

    const DAY: (&str, &str) = ("2024-03-01T00:00:00+08:00", "2024-03-02T00:00:00+08:00");
    const WEEK: (&str, &str) = ("2022-02-11T00:00:00+08:00", "2022-02-18T00:00:00+08:00");

    #[test]
    fn every_number_of_the_published_shapes_becomes_a_reading() {
        let domain = || ("domains", text("d"));
        for (meters, more, body, expected) in [
            (
                &["up_traffic", "down_traffic"][..],
                vec![domain()],
                &fixture!("traffic_data")[..],
                &["up_traffic [d] {} 0.1 ", "down_traffic [d] {} 4503380.1 "][..],
            ),
            (
                &["down_traffic"],
                vec![],
                fixture!("traffic_data"),
                &["down_traffic [-] {} 4503380.1 "],
            ),
            (
                &["up_bandwidth", "down_bandwidth"],
                vec![],
                fixture!("bandwidth_data"),
                &["up_bandwidth [-] {} 12.5 ", "down_bandwidth [-] {} 100.125 "],
            ),
            (
                &["transcode_duration"],
                vec![domain()],
                fixture!("transcode_data"),
                &[
                    "transcode_duration [d H264 720P] {} 60 ",
                    "transcode_duration [d H265 1080P] {} 30.5 ",
                ],
            ),
            (
                &["record_concurrency"],
                vec![],
                fixture!("record_data"),
                &["record_concurrency [-] {} 3 "],
            ),
            (
                &["snapshots"],
                vec![],
                fixture!("snapshot_data"),
                &["snapshots [-] {} 144 "],
            ),
            (&["audits"], vec![], fixture!("audit_data"), &["audits [-] {} 7 "]),
            (
                &["pull_to_push_duration"],
                vec![("groups", text("g"))],
                fixture!("pull_to_push_data"),
                &["pull_to_push_duration [g] {} 1440 "],
            ),
            (
                &["p95_peak_bandwidth"],
                vec![domain()],
                fixture!("p95_peak_bandwidth_data"),
                &["p95_peak_bandwidth [d] {} 88.25 "],
            ),
        ] {
            let lines = read(&call(meters, &more, DAY.0, DAY.1), body, LATER).unwrap();
            let window = "2024-03-01T00:00:00/2024-03-02T00:00:00";
            let expected: Vec<String> = expected.iter().map(|line| line.replace("{}", window)).collect();
            assert_eq!((lines.readings, lines.notes.as_slice()), (expected, &[][..]));
        }
    }

    #[test]
    fn storage_is_exact_and_of_the_billing_day_in_china() {
        let vhost = [("vhosts", text("www.example.com"))];
        let storage = call(&["time_shift_storage"], &vhost, WEEK.0, WEEK.1);
        let lines = read(&storage, fixture!("exact_numbers"), LATER).unwrap();
        let days = [
            ("11", "12", "4503380.1"),
            ("12", "13", "0.1"),
            ("13", "14", "18446744073709551615"),
            ("14", "15", "149514.99999999997"),
            ("15", "16", "0"),
            ("16", "17", "0.25"),
            ("17", "18", "4503380"),
        ];
        let expected = days.map(|(day, next, figure)| {
            format!("time_shift_storage [www.example.com] 2022-02-{day}T00:00:00/2022-02-{next}T00:00:00 {figure} ")
        });
        assert_eq!(
            (lines.readings.as_slice(), lines.notes.as_slice()),
            (&expected[..], &[][..])
        );
        // Whether a timestamp is the day's start or its last second, and in any offset, the date in China is the same.
        for stamp in [
            "2022-02-11T00:00:00+08:00",
            "2022-02-11T23:59:59+08:00",
            "2022-02-10T16:00:00Z",
        ] {
            let result = format!(r#"{{"TimeShiftDataList":[{{"TimeStamp":"{stamp}","Storage":1}}]}}"#);
            assert_eq!(
                read_result(&storage, &result).unwrap().readings,
                ["time_shift_storage [www.example.com] 2022-02-11T00:00:00/2022-02-12T00:00:00 1 "]
            );
        }
    }

    #[test]
    fn the_published_example_is_one_day_in_a_shortened_range() {
        let storage = call(&["time_shift_storage"], &[], WEEK.0, WEEK.1);
        let lines = read(&storage, fixture!("time_shift_data"), LATER).unwrap();
        let row = "time_shift_storage [-] 2022-02-16T00:00:00/2022-02-17T00:00:00 4503380 ";
        assert_eq!(lines.readings, [row, row]);
        assert_eq!(
            lines.notes,
            [
                "the service shortened the range to 2022-02-16T00:00:00+08:00 … 2022-02-17T23:59:59+08:00, \
                 from 2022-02-11T00:00:00+08:00 … 2022-02-17T23:59:59+08:00",
            ]
        );
    }

    #[test]
    fn no_rows_are_no_readings() {
        let storage = call(&["time_shift_storage"], &[], WEEK.0, WEEK.1);
        for body in [&fixture!("empty_list")[..], fixture!("null_list")] {
            let lines = read(&storage, body, LATER).unwrap();
            assert_eq!((lines.readings.len(), lines.notes.len()), (0, 0));
        }
        let p95 = call(&["p95_peak_bandwidth"], &[], DAY.0, DAY.1);
        for (call, result) in [(&storage, "{}"), (&p95, "{}"), (&p95, r#"{"P95PeakBandwidth":null}"#)] {
            assert_eq!(read_result(call, result).unwrap().readings.len(), 0, "{result}");
        }
        let status = call(&["status_code_requests"], &[], DAY.0, DAY.1);
        let result = r#"{"StatusDataList":[{"TimeStamp":"2024-03-01T00:00:00+08:00","StatusSummaryDataList":null}]}"#;
        assert_eq!(read_result(&status, result).unwrap().readings.len(), 0);
    }

    #[test]
    fn nested_rows_take_the_moment_around_them() {
        let status = call(&["status_code_requests"], &[], DAY.0, DAY.1);
        let result = r#"{"StatusSummaryDataList":[],"StatusDataList":[{"TimeStamp":"2024-03-01T01:00:00+08:00",
            "StatusSummaryDataList":[{"StatusCode":200,"Value":9,"Percent":0.9},{"StatusCode":"404","Value":1,"Percent":0.1}]}]}"#;
        assert_eq!(
            read_result(&status, result).unwrap().readings,
            [
                "status_code_requests [- 200] 2024-03-01T01:00:00/2024-03-01T02:00:00 9 ",
                "status_code_requests [- 404] 2024-03-01T01:00:00/2024-03-01T02:00:00 1 ",
            ]
        );
    }

    #[test]
    fn totals_and_peaks_that_disagree_are_a_note_and_a_flag() {
        let rows = |name: &str, keys: [&str; 2], figures: [[&str; 2]; 2]| {
            let [a, b] = keys;
            let [[a1, b1], [a2, b2]] = figures;
            format!(
                r#""{name}":[{{"TimeStamp":"2024-03-01T00:00:00+08:00","{a}":{a1},"{b}":{b1}}},
                    {{"TimeStamp":"2024-03-02T00:00:00+08:00","{a}":{a2},"{b}":{b2}}}]"#
            )
        };
        let traffic = |figures| rows("TrafficDataList", ["UpTraffic", "DownTraffic"], figures);
        let bandwidth = |figures| rows("BandwidthDataList", ["UpBandwidth", "DownBandwidth"], figures);
        let two_traffic = ["up_traffic", "down_traffic"];
        let two_bandwidth = ["up_bandwidth", "down_bandwidth"];
        for (meters, totals, rows, notes, flagged) in [
            (
                two_traffic,
                r#""TotalUpTraffic":3,"TotalDownTraffic":0.30000000000000004"#,
                traffic([["1", "0.1"], ["2", "0.2"]]),
                &[][..],
                [false, false],
            ),
            (
                two_traffic,
                r#""TotalUpTraffic":4000000001,"TotalDownTraffic":0.31"#,
                traffic([["4000000000", "0.1"], ["0", "0.2"]]),
                &[
                    "TotalUpTraffic is 4000000001, but the rows add up to 4000000000",
                    "TotalDownTraffic is 0.31, but the rows add up to 0.3",
                ],
                [true, true],
            ),
            (
                two_bandwidth,
                r#""PeakUpBandwidth":2,"PeakDownBandwidth":0.3"#,
                bandwidth([["1", "0.1"], ["2", "0.2"]]),
                &["PeakDownBandwidth is 0.3, but the rows have at most 0.2"],
                [false, true],
            ),
            (
                two_bandwidth,
                r#""PeakUpBandwidth":null"#,
                bandwidth([["1", "0.1"], ["2", "0.2"]]),
                &[],
                [false, false],
            ),
        ] {
            let call = call(&meters, &[], "2024-03-01T00:00:00+08:00", "2024-03-03T00:00:00+08:00");
            let lines = read_result(&call, &format!("{{{totals},{rows}}}")).unwrap();
            assert_eq!(lines.notes, notes);
            let found: Vec<bool> = lines.readings.iter().map(|line| line.ends_with(" mismatch")).collect();
            assert_eq!(found, [flagged, flagged].concat());
        }
        let call = call(&["audits"], &[], DAY.0, DAY.1);
        let lines = read_result(&call, r#"{"TotalCount":5,"AuditDataList":null}"#).unwrap();
        assert_eq!(
            (lines.readings.len(), lines.notes),
            (0, vec!["TotalCount is 5, but the rows add up to 0".to_owned()])
        );
    }

    #[test]
    fn whole_totals_agree_exactly_and_fractions_to_nine_digits() {
        let one = Quantity::whole(1).scaled;
        for (total, parts, expected) in [
            (10 * one, 10 * one, true),
            (10 * one, 11 * one, false),
            (10 * one, 10 * one + 1, true),
            (10 * one + 1, 10 * one, true),
            (10 * one, 10 * one + one / 10, false),
        ] {
            assert_eq!(agree(total, parts), expected, "{total} {parts}");
        }
    }

    #[test]
    fn what_repeats_counts_once_in_totals() {
        let row = |stamp: &str, kind: &str, minutes: &str| {
            format!(r#"{{"TimeStamp":"{stamp}","Duration":{minutes},"TranscodeType":"{kind}","Resolution":"720P"}}"#)
        };
        let call = call(&["transcode_duration"], &[], DAY.0, "2024-03-03T00:00:00+08:00");
        let (first, second) = ("2024-03-01T00:00:00+08:00", "2024-03-02T00:00:00+08:00");
        let rows = [
            row(second, "A", "4"),
            row(first, "A", "1"),
            row(first, "B", "2"),
            row("2024-02-29T16:00:00Z", "A", "1.0"),
        ];
        let lines = read_result(
            &call,
            &format!(r#"{{"Duration":7,"TranscodeDataList":[{}]}}"#, rows.join(",")),
        )
        .unwrap();
        assert_eq!(
            lines.readings,
            [
                "transcode_duration [- A 720P] 2024-03-02T00:00:00/2024-03-03T00:00:00 4 ",
                "transcode_duration [- A 720P] 2024-03-01T00:00:00/2024-03-02T00:00:00 1 ",
                "transcode_duration [- B 720P] 2024-03-01T00:00:00/2024-03-02T00:00:00 2 ",
                "transcode_duration [- A 720P] 2024-03-01T00:00:00/2024-03-02T00:00:00 1 ",
            ]
        );
        assert_eq!(lines.notes, [""; 0]);
    }

    #[test]
    fn a_row_that_starts_off_the_buckets_or_is_not_over_is_partial() {
        let hourly = [("aggregation", Value::Whole(3600))];
        let call = call(&["snapshots"], &hourly, DAY.0, DAY.1);
        let body = br#"{"ResponseMetadata":{},"Result":{"Aggregation":3600,"SnapshotDataList":[
            {"TimeStamp":"2024-03-01T00:00:00+08:00","Value":1},{"TimeStamp":"2024-03-01T01:05:00+08:00","Value":2},
            {"TimeStamp":"2024-03-01T03:00:00+08:00","Value":3}]}}"#;
        let lines = read(&call, body, "2024-02-29T19:59:59Z").unwrap();
        assert_eq!(
            lines.readings,
            [
                "snapshots [-] 2024-03-01T00:00:00/2024-03-01T01:00:00 1 ",
                "snapshots [-] 2024-03-01T01:05:00/2024-03-01T02:05:00 2 partial_bucket",
                "snapshots [-] 2024-03-01T03:00:00/2024-03-01T04:00:00 3 partial_bucket",
            ]
        );
        assert_eq!(lines.notes, ["rows that start off the buckets of 3600 s: 1"]);
        let lines = read(&call, body, "2024-02-29T20:00:00Z").unwrap();
        assert_eq!(
            lines.readings[2],
            "snapshots [-] 2024-03-01T03:00:00/2024-03-01T04:00:00 3 "
        );
    }

    #[test]
    fn a_bucket_that_the_window_cuts_is_partial() {
        let hourly = [("aggregation", Value::Whole(3600))];
        let call = call(
            &["snapshots"],
            &hourly,
            "2024-03-01T00:30:00+08:00",
            "2024-03-01T02:30:00+08:00",
        );
        let rows = (0..3).map(|hour| format!(r#"{{"TimeStamp":"2024-03-01T0{hour}:00:00+08:00","Value":1}}"#));
        let rows = rows.collect::<Vec<_>>().join(",");
        let body =
            format!(r#"{{"ResponseMetadata":{{}},"Result":{{"Aggregation":3600,"SnapshotDataList":[{rows}]}}}}"#);
        let lines = read(&call, body.as_bytes(), "2024-03-02T00:00:00Z").unwrap();
        assert_eq!(
            lines.readings,
            [
                "snapshots [-] 2024-03-01T00:00:00/2024-03-01T01:00:00 1 partial_bucket",
                "snapshots [-] 2024-03-01T01:00:00/2024-03-01T02:00:00 1 ",
                "snapshots [-] 2024-03-01T02:00:00/2024-03-01T03:00:00 1 partial_bucket",
            ]
        );
    }

    #[test]
    fn one_figure_for_a_shortened_range_keeps_that_range() {
        let p95 = call(&["p95_peak_bandwidth"], &[], DAY.0, DAY.1);
        let result = r#"{"StartTime":"2024-03-01T06:00:00+08:00","EndTime":"2024-03-01T23:59:59+08:00","P95PeakBandwidth":1e-19}"#;
        let lines = read_result(&p95, result).unwrap();
        assert_eq!(
            lines.readings,
            ["p95_peak_bandwidth [-] 2024-03-01T06:00:00/2024-03-02T00:00:00 0 rounded"]
        );
        assert!(lines.notes[0].starts_with("the service shortened the range to 2024-03-01T06:00:00+08:00 … "));
        let result =
            r#"{"StartTime":"2024-03-01T00:00:00+08:00","EndTime":"2024-03-01T11:59:59+08:00","P95PeakBandwidth":1}"#;
        let lines = read_result(&p95, result).unwrap();
        assert_eq!(
            lines.readings,
            ["p95_peak_bandwidth [-] 2024-03-01T00:00:00/2024-03-01T12:00:00 1 "]
        );
        assert!(lines.notes[0].contains(" … 2024-03-01T11:59:59+08:00, from "));
        // One that is longer than what was asked for is not shortened.
        let result =
            r#"{"StartTime":"2024-02-29T00:00:00+08:00","EndTime":"2024-03-02T23:59:59+08:00","P95PeakBandwidth":1}"#;
        assert_eq!(read_result(&p95, result).unwrap().notes, [""; 0]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place_and_gives_no_readings() {
        use Problem::{InconsistentResponse, UnexpectedResponse};
        let good = r#"{"TimeStamp":"2024-03-01T00:00:00+08:00","Value":1}"#;
        for (result, kind, message) in [
            (
                r#"{"Aggregation":300}"#.to_owned(),
                InconsistentResponse,
                "$.Result.Aggregation: buckets of 300 s, while 86400 s were asked for",
            ),
            (
                "null".to_owned(),
                UnexpectedResponse,
                "$.Result: expected an object, found null",
            ),
            (
                r#"{"SnapshotDataList":{}}"#.to_owned(),
                UnexpectedResponse,
                "$.Result.SnapshotDataList: expected an array, found an object",
            ),
            (
                format!(r#"{{"SnapshotDataList":[{good},{{"Value":1}}]}}"#),
                UnexpectedResponse,
                "$.Result.SnapshotDataList[1].TimeStamp: the field is missing",
            ),
            (
                format!(r#"{{"SnapshotDataList":[{good},{{"TimeStamp":"2024-03-02T00:00:00Z"}}]}}"#),
                UnexpectedResponse,
                "$.Result.SnapshotDataList[1].Value: the field is missing",
            ),
            (
                format!(r#"{{"SnapshotDataList":[{good},{{"TimeStamp":"2024-03-02T00:00:00Z","Value":1e30}}]}}"#),
                UnexpectedResponse,
                "$.Result.SnapshotDataList[1].Value: the number 1e30 has more than 20 digits before the point",
            ),
            (
                format!(r#"{{"SnapshotDataList":[{good},7]}}"#),
                UnexpectedResponse,
                "$.Result.SnapshotDataList[1]: expected an object, found a number",
            ),
            (
                format!(r#"{{"Total":"1","SnapshotDataList":[{good}]}}"#),
                UnexpectedResponse,
                "$.Result.Total: expected a number, found a string",
            ),
            (
                r#"{"StartTime":"yesterday"}"#.to_owned(),
                UnexpectedResponse,
                "$.Result.StartTime: \"yesterday\" is no RFC 3339 instant",
            ),
        ] {
            let error = read_result(&call(&["snapshots"], &[], DAY.0, DAY.1), &result)
                .err()
                .unwrap();
            assert_eq!((error.kind, error.message.as_str()), (kind, message));
        }
    }
}
