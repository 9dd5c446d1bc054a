//! What deviceWISE measures, and the readings in its histories.
//!
//! How long a bucket is follows from the series that was asked for and from the next timestamp, never from a zone: in
//! which zone days are cut is not published. So ranges by day are snapped to UTC days, while each reading keeps the
//! window that its own timestamp gives, and one that the call's window cuts says so.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::{
    API_PAGE, CONNECTION_PAGE, DIMENSION, INCLUDE_SUB_ORGS, SERIES, SHOW_ALL, STORAGE_PAGE, THING_PAGE, model, read,
};
use crate::meters::{
    Buckets, Flag, Flags, Kind, Meter, Reading, Rollup, Rounding, Settles, Sink, Source, Span, Takes, Writes,
};
use crate::service::{Asked, Facts, METERS, PlannedCall, wanted};
use crate::values::arguments::{Argument, Arguments};
use crate::values::error::{Error, Kind as Problem, Result};
use crate::values::json::{At, Json, Path};
use crate::values::shape::instant;

const HOUR: i64 = 3600;
const DAY: i64 = 86400;
/// The most timestamps of one answer; documented for `usage.thing.history` only.
const RECORD_CAP: usize = 5000;
/// So many buckets on end, and then none, are an answer that was cut: a service that left out buckets without use
/// would have had gaps.
const LONG_RUN: usize = 100;

/// Hours and days, each with a longest window that stays below the cap.
const HOURLY: (Buckets, Span) = (Buckets::Every(HOUR, 0), Span::Days(200));
const DAILY: (Buckets, Span) = (Buckets::Every(DAY, 0), Span::Days(4000));

/// What `select` takes.
pub const SELECTION: &[Argument] = &[METERS, SERIES, INCLUDE_SUB_ORGS, DIMENSION, SHOW_ALL];

/// Where readings come from. `usage.report` is left out: it is the bill of one organisation, and needs an admin.
pub static SOURCES: &[Source] = &[
    Source {
        operation: "api_usage_history",
        meters: &[Meter {
            name: "devicewise.api_calls",
            unit: "calls",
            kind: Kind::Sum,
            rollup: Rollup::ADD,
            rounding: Rounding::Exact,
            dimensions: &["service", "org"],
            doc: "API calls by service; reading any usage of deviceWISE makes calls that are counted here, too.",
        }],
        ..HISTORY
    },
    Source {
        operation: "thing_usage_history",
        meters: &[
            level("devicewise.things", "things", &[], "All things."),
            level(
                "devicewise.things_connected",
                "things",
                &[],
                "Things that were connected.",
            ),
            level(
                "devicewise.things_billable",
                "things",
                &[],
                "Things that are billed; the count starts anew each calendar month.",
            ),
        ],
        page: THING_PAGE,
        ..HISTORY
    },
    Source {
        operation: "connection_usage_history",
        meters: &[
            level("devicewise.connections", "connections", BY_ORG, "All connections."),
            level(
                "devicewise.connections_with_rate_plan",
                "connections",
                BY_ORG,
                "Connections that have a rate plan.",
            ),
            level(
                "devicewise.connections_activated",
                "connections",
                BY_ORG,
                "Connections that are activated.",
            ),
            level(
                "devicewise.connections_in_session",
                "connections",
                BY_ORG,
                "Connections with a session under way.",
            ),
        ],
        page: CONNECTION_PAGE,
        ..HISTORY
    },
    Source {
        operation: "storage_usage_history",
        // No page states the unit.
        meters: &[level(
            "devicewise.storage",
            "bytes",
            &["counter"],
            "Stored data by kind, presumably in bytes; the answer's own total adds up the buckets, so it is not kept.",
        )],
        page: STORAGE_PAGE,
        // Nor how long its buckets are.
        widened: DAY,
        ..HISTORY
    },
];

/// The arrays that stand for a source's meters, in the meters' order; none where any counter is of the one meter. Each
/// is a meter of its own, since all of them count the same things: added up they mean nothing.
fn arrays(operation: &str) -> &'static [&'static str] {
    match operation {
        "thing_usage_history" => &["total", "connected", "billable"],
        "connection_usage_history" => &["total", "hasRatePlan", "activated", "inSession"],
        _ => &[],
    }
}

const BY_ORG: &[&str] = &["org"];

const HISTORY: Source = Source {
    operation: "",
    meters: &[],
    takes: Takes::Range("start", "end"),
    buckets: HOURLY.0,
    span: HOURLY.1,
    history_days: None,
    widened: HOUR,
    tells_end: true,
    writes: Writes::Unknown,
    ready: Settles::Unknown,
    settles: Settles::Unknown,
    currency: None,
    by_default: true,
    page: API_PAGE,
};

const fn level(
    name: &'static str,
    unit: &'static str,
    dimensions: &'static [&'static str],
    doc: &'static str,
) -> Meter {
    Meter {
        name,
        unit,
        kind: Kind::Gauge,
        rollup: Rollup::LEVEL,
        rounding: Rounding::Exact,
        dimensions,
        doc,
    }
}

/// The sources that a selection takes.
pub fn asked(facts: &Facts, selection: &Arguments) -> Result<Vec<Asked>> {
    let wanted = wanted(facts, selection)?;
    let takes = |source: &Source, name: &str| {
        let operation = facts.operations.iter().find(|known| known.name == source.operation);
        operation.is_some_and(|operation| operation.arguments.iter().any(|argument| argument.name == name))
    };
    if selection.get("dimension").is_some() && !wanted.iter().any(|(source, _)| takes(source, "dimension")) {
        return Err(Error::invalid(
            "dimension splits devicewise.api_calls and devicewise.connections by organisation, and neither is asked for",
        ));
    }
    let asked = wanted.into_iter().map(|(source, meters)| {
        let by_day = takes(source, "series") && selection.text("series") == Some("day");
        let (buckets, span) = if by_day { DAILY } else { (source.buckets, source.span) };
        let arguments = selection.iter().filter(|(name, _)| takes(source, name));
        let arguments = arguments.map(|(name, value)| (name.to_owned(), value.clone()));
        Asked {
            buckets,
            span,
            ..Asked::of(source, meters, arguments.collect())
        }
    });
    Ok(asked.collect())
}

/// The readings in an answer. All of it is checked before the first one is handed on.
pub fn readings(call: &PlannedCall, document: &Json<'_>, fetched_at: Timestamp, sink: &mut dyn Sink) -> Result<()> {
    let root = At::root(document);
    let root = root.path();
    let command = At::member(&root, model::ID, document.get(model::ID).unwrap_or(&Json::Null));
    let path = command.path();
    let params = command.need(&path, "params")?;
    let history = History::new(call, &params, fetched_at)?;
    let checked = history.check()?;
    let total = history.reconcile(&checked, sink)?;
    let mismatch = total.is_some_and(|total| total != checked.sum);
    history.remark(&checked, sink);
    if let Some((from, to)) = history.newest() {
        sink.answers(from, to);
    }
    if let Some(how) = history.cut(&checked, total.is_some_and(|total| total > checked.sum)) {
        sink.cut(how);
    }
    history.each_series(&mut |at, labels| history.emit(at, labels, mismatch, sink))
}

/// An answer of a history command.
struct History<'a> {
    call: &'a PlannedCall,
    params: &'a At<'a, 'a>,
    fetched_at: Timestamp,
    buckets: Option<Vec<Bucket>>,
}

/// The stretch of time that one timestamp stands for.
struct Bucket {
    start: Timestamp,
    end: Timestamp,
    /// True if an earlier timestamp is of the same moment.
    repeats: bool,
}

/// What a first look at an answer found.
#[derive(Default)]
struct Checked {
    sum: i128,
    missing: usize,
    /// For each bucket whether any counter has something other than 0 there.
    used: Vec<bool>,
    unknown: Vec<String>,
}

/// What a series is of.
struct Series<'a> {
    meter: usize,
    labels: Vec<Option<&'a str>>,
}

impl<'a> History<'a> {
    fn new(call: &'a PlannedCall, params: &'a At<'a, 'a>, fetched_at: Timestamp) -> Result<Self> {
        params.map()?;
        let mut history = Self {
            call,
            params,
            fetched_at,
            buckets: None,
        };
        if let Some(ts) = params.value.get("ts") {
            history.buckets = Some(history.buckets(&At::member(&params.path(), "ts", ts))?);
        }
        Ok(history)
    }

    fn has_counters(&self) -> bool {
        model::WITH_COUNTERS.contains(&self.call.call.wire())
    }

    fn each_series(&self, visit: &mut dyn FnMut(&At<'_, '_>, &[&str]) -> Result<()>) -> Result<()> {
        let path = self.params.path();
        if let Some(counters) = self.params.value.get("counters") {
            return read::walk(&At::member(&path, "counters", counters), &[], visit);
        }
        if self.has_counters() {
            return Err(read::missing(&path, "counters"));
        }
        if self.buckets.is_none() {
            return Err(read::missing(&path, "ts"));
        }
        for (key, value) in self.params.map()? {
            let is_sum = key == "total" && !matches!(value, Json::List(_));
            if key != "ts" && !is_sum && read::is_series(key, value) {
                read::walk(&At::member(&path, key, value), &[key.as_ref()], visit)?;
            }
        }
        Ok(())
    }

    fn buckets(&self, ts: &At<'_, '_>) -> Result<Vec<Bucket>> {
        let path = ts.path();
        let items = ts.list()?.iter().enumerate();
        let starts: Vec<Timestamp> = items
            .map(|(index, item)| instant(&At::item(&path, index, item)).map(|instant| instant.at))
            .collect::<Result<_>>()?;
        let mut distinct = starts.clone();
        distinct.sort_unstable();
        distinct.dedup();
        self.refuse_days(&path, &distinct)?;
        let length = self.bucket_length(&distinct);
        let mut seen = HashSet::new();
        let are_distinct = distinct.len() == starts.len();
        let bucket = |start: &Timestamp| {
            let next = distinct.get(distinct.partition_point(|other| other <= start));
            let end =
                bucket_end(*start, next.copied(), length).ok_or_else(|| ts.expected("moments before the year 9999"));
            Ok(Bucket {
                start: *start,
                end: end?,
                repeats: !are_distinct && !seen.insert(*start),
            })
        };
        starts.iter().map(bucket).collect()
    }

    /// Days where hours were asked for would be other readings. Hours without use may be left out, but three in a row
    /// that are a day apart are days.
    fn refuse_days(&self, path: &Path<'_>, starts: &[Timestamp]) -> Result<()> {
        let is_a_day = |pair: &[Timestamp]| match pair {
            [one, next] => next.as_second() - one.as_second() >= 23 * HOUR,
            _ => false,
        };
        if self.call.call.arguments.text("series") != Some("hour")
            || starts.len() < 3
            || !starts.windows(2).all(is_a_day)
        {
            return Ok(());
        }
        let count = starts.len();
        let text = format!("{path}: {count} timestamps, all of them a day or more apart, while hours were asked for");
        Err(Error::new(Problem::InconsistentResponse, text))
    }

    /// How long a bucket is, in seconds, unless clocks change in it.
    fn bucket_length(&self, starts: &[Timestamp]) -> i64 {
        match self.call.call.arguments.text("series") {
            Some("day") => return DAY,
            Some(_) => return HOUR,
            None => {}
        }
        // The storage command takes no series, and no page says how its buckets are cut: the closest pair tells.
        let gaps = starts.iter().zip(starts.iter().skip(1));
        let closest = gaps.map(|(one, next)| next.as_second() - one.as_second()).min();
        let window = self.call.request;
        match closest {
            Some(gap) if gap < 23 * HOUR => gap.max(1),
            Some(_) => DAY,
            // Hours would have come in more than one piece.
            None if window.end().at.as_second() - window.start().at.as_second() >= DAY => DAY,
            None => HOUR,
        }
    }

    /// What a series is of; nothing if no meter knows it.
    fn series<'s>(&self, name: Option<&'s str>, org: Option<&'s str>) -> Option<Series<'s>> {
        let arrays = arrays(self.call.asked.source.operation);
        let meter = match name {
            // What is said of an organisation without naming a counter is its total.
            _ if arrays.is_empty() => 0,
            None => 0,
            Some(name) => arrays.iter().position(|array| *array == name)?,
        };
        let dimensions = self.call.asked.source.meters.get(meter)?.dimensions.iter();
        let labels = dimensions.map(|dimension| if *dimension == "org" { org } else { name });
        Some(Series {
            meter,
            labels: labels.collect(),
        })
    }

    /// The organisation that these keys name, and the counter. With `dimension="org"` the first is the organisation.
    fn parts<'s>(&self, keys: &'s [&'s str]) -> (Option<&'s str>, &'s [&'s str]) {
        match keys.split_first() {
            Some((org, counter)) if self.call.call.arguments.text("dimension").is_some() => (Some(org), counter),
            _ => (None, keys),
        }
    }

    /// Looks at every number before any is handed on.
    fn check(&self) -> Result<Checked> {
        let mut checked = Checked {
            used: vec![false; self.buckets.as_ref().map_or(0, Vec::len)],
            ..Checked::default()
        };
        self.each_series(&mut |at, keys| {
            let (org, counter) = self.parts(keys);
            let counter = counter.join(".");
            let named = Some(counter.as_str()).filter(|name| !name.is_empty());
            if self.series(named, org).is_none() && !checked.unknown.contains(&counter) {
                checked.unknown.push(counter);
            }
            let Json::List(items) = at.value else {
                return checked.add(at);
            };
            let path = at.path();
            read::check_length(&path, items.len(), self.buckets.as_ref().map(Vec::len))?;
            let buckets = self.buckets.iter().flatten();
            for ((index, item), bucket) in items.iter().enumerate().zip(buckets) {
                // What is said again is no part of the total; whether it is the same is seen where readings are kept.
                let at = At::item(&path, index, item);
                if bucket.repeats {
                    if *at.value != Json::Null {
                        at.whole()?;
                    }
                    continue;
                }
                let before = checked.sum;
                checked.add(&at)?;
                if let Some(used) = checked.used.get_mut(index) {
                    *used |= checked.sum != before;
                }
            }
            Ok(())
        })?;
        Ok(checked)
    }

    /// The answer's total. That it and the counters disagree is a warning, not an error: the published sample does so
    /// itself, since it leaves out some counters.
    fn reconcile(&self, checked: &Checked, sink: &mut dyn Sink) -> Result<Option<i128>> {
        let Some(value @ Json::Number(text)) = self.params.value.get("total").filter(|_| self.has_counters()) else {
            return Ok(None);
        };
        let path = self.params.path();
        let at = At::member(&path, "total", value);
        let total: i128 = text.parse().map_err(|_| at.expected("a whole number"))?;
        if total != checked.sum {
            let sum = checked.sum;
            sink.note(format!(
                "the answer's total is {total}, but its counters add up to {sum}"
            ));
        }
        Ok(Some(total))
    }

    /// How the answer shows that it was cut, if it does: its buckets end long before what was asked for does, and there
    /// are as many as the cap allows, or the total is above them, or they show that no bucket was left out before.
    fn cut(&self, checked: &Checked, is_total_above: bool) -> Option<String> {
        let buckets = self.buckets.as_ref()?;
        let mut sorted: Vec<(&Bucket, bool)> = buckets.iter().zip(checked.used.iter().copied()).collect();
        sorted.sort_by_key(|(bucket, _)| bucket.start);
        let (last, _) = sorted.last()?;
        let length = last.end.duration_since(last.start);
        // How long the service takes to tell of a bucket is not published; a day is taken for enough.
        let late = self
            .fetched_at
            .checked_sub(SignedDuration::from_secs(DAY).max(length))
            .ok()?;
        let due = late.min(self.call.request.end().at);
        // Rows that lie before the range are about something else.
        let is_before = last.end <= self.call.request.start().at;
        if is_before || due.duration_since(last.end) <= length {
            return None;
        }
        let count = sorted.len();
        let is_dense = sorted.windows(2).all(|pair| match pair {
            [(one, _), (next, _)] => one.end >= next.start,
            _ => true,
        });
        let writes_unused = count > 1 && sorted.iter().any(|(_, is_used)| !is_used);
        let why = if count >= RECORD_CAP {
            format!("it has {count} timestamps, at which the service may cut it short")
        } else if is_total_above {
            "its total is above its counters".to_owned()
        } else if is_dense && (writes_unused || count >= LONG_RUN) {
            format!("it has {count} buckets without a gap, and then none")
        } else {
            return None;
        };
        Some(format!("the answer ends at {}, before {due}: {why}", last.end))
    }

    /// The range of an answer that is as long as the cap allows and begins late: the older part was cut.
    fn newest(&self) -> Option<(Timestamp, Timestamp)> {
        let buckets = self.buckets.as_ref().filter(|buckets| buckets.len() >= RECORD_CAP)?;
        let first = buckets.iter().min_by_key(|bucket| bucket.start)?;
        let last = buckets.iter().map(|bucket| bucket.end).max()?;
        let (asked, length) = (self.call.request, first.end.duration_since(first.start));
        let is_late = first.start.duration_since(asked.start().at) > length;
        is_late.then_some((first.start, last.max(asked.end().at)))
    }

    fn remark(&self, checked: &Checked, sink: &mut dyn Sink) {
        if checked.missing > 0 {
            let missing = checked.missing;
            sink.note(format!(
                "values that are null, which is missing and not zero: {missing}"
            ));
        }
        if !self.has_counters() && matches!(self.params.value.get("total"), Some(Json::Number(_))) {
            sink.note("the answer's total is one number, not one for each timestamp, and is not kept".to_owned());
        }
        if !checked.unknown.is_empty() {
            let names = checked.unknown.join(", ");
            sink.note(format!("the answer has counters that no meter knows: {names}"));
        }
        if self.buckets.iter().flatten().count() >= RECORD_CAP {
            sink.note(format!(
                "the answer has {RECORD_CAP} timestamps or more, at which the service may cut it short"
            ));
        }
    }

    fn emit(&self, at: &At<'_, '_>, keys: &[&str], mismatch: bool, sink: &mut dyn Sink) -> Result<()> {
        let (org, counter) = self.parts(keys);
        let counter = counter.join(".");
        let named = Some(counter.as_str()).filter(|name| !name.is_empty());
        let series = self.series(named, org);
        let Some(series) = series.filter(|series| self.call.asked.meters.contains(&series.meter)) else {
            return Ok(());
        };
        sink.expect(if let Json::List(items) = at.value {
            items.len()
        } else {
            1
        });
        let mut emit = |at: &At<'_, '_>, start: Timestamp, end: Timestamp| {
            if *at.value == Json::Null {
                sink.null(series.meter, &series.labels, start, end);
                return Ok(());
            }
            sink.reading(Reading {
                meter: series.meter,
                labels: &series.labels,
                start: Some(start),
                end: Some(end),
                quantity: at.quantity()?,
                cost: None,
                flags: self.flags(start, end, mismatch),
            });
            Ok(())
        };
        let Json::List(items) = at.value else {
            // One number for the whole window, as an answer by organisation may have it.
            let window = self.call.request;
            return emit(at, window.start().at, window.end().at);
        };
        let path = at.path();
        let buckets = self.buckets.iter().flatten();
        for ((index, item), bucket) in items.iter().enumerate().zip(buckets) {
            emit(&At::item(&path, index, item), bucket.start, bucket.end)?;
        }
        Ok(())
    }

    fn flags(&self, start: Timestamp, end: Timestamp, mismatch: bool) -> Flags {
        let window = self.call.request;
        let cut = |edge: Timestamp| start < edge && edge < end;
        let is_partial = end > self.fetched_at || cut(window.start().at) || cut(window.end().at);
        let mut flags = Flags::NONE;
        if is_partial {
            flags = flags.with(Flag::PartialBucket);
        }
        if mismatch {
            flags = flags.with(Flag::Mismatch);
        }
        flags
    }
}

impl Checked {
    /// Counts a value in; null is a missing one, never zero.
    fn add(&mut self, at: &At<'_, '_>) -> Result<()> {
        if *at.value == Json::Null {
            self.missing += 1;
            return Ok(());
        }
        self.sum = self.sum.saturating_add(at.whole()?);
        Ok(())
    }
}

/// A bucket ends where the next one starts: local days have 23 or 25 hours where clocks change. Where the next one is
/// farther, or there is none, it has its usual length.
fn bucket_end(start: Timestamp, next: Option<Timestamp>, length: i64) -> Option<Timestamp> {
    let slack = if length == DAY { HOUR } else { 0 };
    let after = |seconds: i64| start.checked_add(SignedDuration::from_secs(seconds)).ok();
    let farthest = after(length + slack)?;
    next.filter(|next| *next <= farthest).or_else(|| after(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::devicewise::{DeviceWise, FACTS};
    use crate::service::{Call, Provider, Reply};
    use crate::values::arguments::Value;
    use crate::values::quantity::Quantity;
    use crate::values::window::{Instant, Window};

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn select(given: &[(&str, Value)]) -> Result<Vec<Asked>> {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        DeviceWise.asked(&Arguments::check("select()", FACTS.selection, given.collect())?)
    }

    /// The only call of a selection, for this window.
    fn call(meter: &str, more: &[(&str, Value)], start: &str, end: &str) -> PlannedCall {
        let mut asked = select(&[&[("meters", text(meter))], more].concat()).unwrap();
        let asked = asked.pop().unwrap();
        let mut arguments = asked.arguments.clone();
        arguments.extend([("start".to_owned(), text(start)), ("end".to_owned(), text(end))]);
        let at = |text: &str| Instant::parse_argument(text).unwrap();
        let call = Call::new(&DeviceWise, asked.source.operation, arguments).unwrap();
        let piece = Window::new(at(start), at(end)).unwrap();
        PlannedCall::new("id".to_owned(), "acme".to_owned(), "devicewise", call, asked, piece)
    }

    /// Readings and notes, one line each.
    #[derive(Default)]
    struct Lines {
        meters: &'static [Meter],
        readings: Vec<String>,
        notes: Vec<String>,
        answers: Option<String>,
        cut: Option<String>,
    }

    impl Sink for Lines {
        fn reading(&mut self, reading: Reading<'_>) {
            let meter = &self.meters[reading.meter];
            assert_eq!(reading.labels.len(), meter.dimensions.len());
            assert!(!reading.quantity.rounded && reading.cost.is_none());
            let labels: Vec<&str> = reading.labels.iter().map(|label| label.unwrap_or("-")).collect();
            let flags: Vec<&str> = reading.flags.names().collect();
            let whole = Quantity::whole(1).scaled;
            assert_eq!(reading.quantity.scaled % whole, 0);
            self.readings.push(format!(
                "{} [{}] {}/{} {} {}",
                meter.name.strip_prefix("devicewise.").unwrap(),
                labels.join(" "),
                reading.start.unwrap(),
                reading.end.unwrap(),
                reading.quantity.scaled / whole,
                flags.join(" "),
            ));
        }

        fn null(&mut self, meter: usize, labels: &[Option<&str>], start: Timestamp, end: Timestamp) {
            let name = self.meters[meter].name.strip_prefix("devicewise.").unwrap();
            let labels: Vec<&str> = labels.iter().map(|label| label.unwrap_or("-")).collect();
            self.readings
                .push(format!("null {name} [{}] {start}/{end}", labels.join(" ")));
        }

        fn answers(&mut self, from: Timestamp, to: Timestamp) {
            self.answers = Some(format!("{from}/{to}"));
        }

        fn cut(&mut self, how: String) {
            self.cut = Some(how);
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
        let document = DeviceWise.answer(&call.call, &reply)?;
        let outcome = DeviceWise.readings(call, &document, fetched_at.parse().unwrap(), &mut lines);
        assert!(outcome.is_ok() || lines.readings.is_empty(), "half an answer was kept");
        outcome.map(|()| lines)
    }

    fn read_params(call: &PlannedCall, params: &str) -> Result<Lines> {
        let body = format!(r#"{{"get":{{"success":true,"params":{params}}}}}"#);
        read(call, body.as_bytes(), LATER)
    }

    /// A fixture's reply, with the id that our packets have.
    macro_rules! fixture {
        ($case:literal) => {
            include_str!(concat!(
                "../../../tests/fixtures/devicewise/",
                $case,
                "/reply.body"
            ))
            .replace("\"q1\"", "\"get\"")
            .into_bytes()
        };
    }

    const MAY: (&str, &str) = ("2024-05-01T13:00:00Z", "2024-05-01T16:00:00Z");
    const THREE: [&str; 3] = [
        "2024-05-01T13:00:00Z/2024-05-01T14:00:00Z",
        "2024-05-01T14:00:00Z/2024-05-01T15:00:00Z",
        "2024-05-01T15:00:00Z/2024-05-01T16:00:00Z",
    ];

    /// The lines of a series with these three values.
    fn hours(name: &str, values: [&str; 3]) -> Vec<String> {
        let lines = THREE.iter().zip(values);
        lines
            .map(|(window, value)| format!("{name} {window} {value} "))
            .collect()
    }

    #[test]
    fn every_number_of_the_published_shapes_becomes_a_reading() {
        let org = ("dimension", text("org"));
        for (meter, more, body, expected) in [
            (
                "devicewise.api_calls",
                vec![],
                fixture!("api_usage_history_three_services"),
                [
                    hours("api_calls [usage -]", ["2", "0", "1"]),
                    hours("api_calls [thing -]", ["40", "38", "0"]),
                    hours("api_calls [property -]", ["900", "911", "5"]),
                ]
                .concat(),
            ),
            (
                "devicewise.api_calls",
                vec![],
                fixture!("exact_numbers"),
                [
                    hours("api_calls [usage -]", ["18446744073709551615", "0", "0"]),
                    hours("api_calls [thing -]", ["0", "9007199254740993", "0"]),
                ]
                .concat(),
            ),
            (
                "devicewise.api_calls",
                vec![org.clone()],
                fixture!("api_usage_history_by_org_a"),
                [
                    hours("api_calls [usage EXAMPLE_ORG]", ["2", "0", "1"]),
                    hours("api_calls [usage SUB_ORG]", ["0", "4", "0"]),
                ]
                .concat(),
            ),
            (
                "devicewise.api_calls",
                vec![org.clone()],
                fixture!("api_usage_history_by_org_b"),
                [
                    hours("api_calls [- EXAMPLE_ORG]", ["2", "0", "1"]),
                    hours("api_calls [- SUB_ORG]", ["0", "4", "0"]),
                ]
                .concat(),
            ),
            (
                "devicewise.api_calls",
                vec![org],
                fixture!("api_usage_history_by_org_c"),
                vec![
                    "api_calls [- EXAMPLE_ORG] 2024-05-01T13:00:00Z/2024-05-01T16:00:00Z 3 ".to_owned(),
                    "api_calls [- SUB_ORG] 2024-05-01T13:00:00Z/2024-05-01T16:00:00Z 4 ".to_owned(),
                ],
            ),
            (
                "devicewise.storage",
                vec![],
                fixture!("storage_usage_history"),
                [
                    hours("storage [aggregates]", ["6442450944", "6442450944", "6442450944"]),
                    hours("storage [properties]", ["1024", "2048", "4096"]),
                ]
                .concat(),
            ),
            (
                "devicewise.api_calls",
                vec![],
                fixture!("api_usage_history_empty"),
                vec![],
            ),
        ] {
            let lines = read(&call(meter, &more, MAY.0, MAY.1), &body, LATER).unwrap();
            assert_eq!((lines.readings, lines.notes.as_slice()), (expected, &[][..]));
        }
    }

    #[test]
    fn arrays_that_count_the_same_things_are_meters_of_their_own_and_only_those_asked_for_are_read() {
        let things = fixture!("thing_usage_history");
        let both = Value::List(vec![text("devicewise.things_billable"), text("devicewise.things")]);
        let one = call("devicewise.things_connected", &[], MAY.0, MAY.1);
        let two = call("devicewise.things", &[], MAY.0, MAY.1);
        let two = PlannedCall {
            asked: select(&[("meters", both)]).unwrap().pop().unwrap().into(),
            ..two
        };
        assert_eq!(
            read(&one, &things, LATER).unwrap().readings,
            hours("things_connected []", ["4", "5", "3"])
        );
        assert_eq!(
            read(&two, &things, LATER).unwrap().readings,
            [
                hours("things []", ["10", "10", "11"]),
                hours("things_billable []", ["6", "6", "7"])
            ]
            .concat()
        );
        let all = select(&[]).unwrap().swap_remove(2);
        let all = PlannedCall {
            asked: all.into(),
            ..call("devicewise.connections", &[], MAY.0, MAY.1)
        };
        assert_eq!(
            read(&all, &fixture!("connection_usage_history"), LATER)
                .unwrap()
                .readings,
            [
                hours("connections_with_rate_plan [-]", ["3", "3", "3"]),
                hours("connections_activated [-]", ["2", "2", "3"]),
                hours("connections_in_session [-]", ["1", "0", "2"]),
                hours("connections [-]", ["3", "3", "4"]),
            ]
            .concat()
        );
    }

    #[test]
    fn connections_by_organisation_are_read_in_each_candidate_shape() {
        let by_org = select(&[("dimension", text("org"))]).unwrap().swap_remove(2);
        let template = call(
            "devicewise.connections",
            &[("dimension", text("org"))],
            "2024-05-01",
            "2024-05-02",
        );
        let by_org = PlannedCall {
            asked: by_org.into(),
            ..template
        };
        let ts = r#""ts":["2024-05-01T00:00:00Z"]"#;
        for (params, expected) in [
            (
                format!(r#"{{"counters":{{"A":{{"activated":[2],"total":[3]}}}},{ts}}}"#),
                vec![
                    "connections_activated [A] 2024-05-01T00:00:00Z/2024-05-01T01:00:00Z 2 ",
                    "connections [A] 2024-05-01T00:00:00Z/2024-05-01T01:00:00Z 3 ",
                ],
            ),
            (
                format!(r#"{{"counters":{{"A":[3]}},{ts}}}"#),
                vec!["connections [A] 2024-05-01T00:00:00Z/2024-05-01T01:00:00Z 3 "],
            ),
            (
                r#"{"counters":{"A":3}}"#.to_owned(),
                vec!["connections [A] 2024-05-01T00:00:00Z/2024-05-02T00:00:00Z 3 "],
            ),
        ] {
            assert_eq!(read_params(&by_org, &params).unwrap().readings, expected, "{params}");
        }
    }

    #[test]
    fn a_total_that_disagrees_is_a_note_and_a_flag() {
        let window = ("2014-01-20T13:00:00Z", "2014-01-20T18:00:00Z");
        let lines = read(
            &call("devicewise.api_calls", &[], window.0, window.1),
            &fixture!("api_usage_history_definite"),
            LATER,
        )
        .unwrap();
        assert_eq!(lines.notes, ["the answer's total is 42, but its counters add up to 1"]);
        assert_eq!(
            (lines.readings.len(), lines.readings[4].as_str()),
            (
                5,
                "api_calls [usage -] 2014-01-20T17:00:00Z/2014-01-20T18:00:00Z 1 mismatch"
            )
        );
    }

    #[test]
    fn a_local_day_has_23_to_25_hours_and_a_gap_makes_no_bucket_longer() {
        let day = [("series", text("day"))];
        let call = call("devicewise.api_calls", &day, "2024-03-09", "2024-03-14");
        let ts = r#"["2024-03-09T00:00:00-05:00","2024-03-10T00:00:00-05:00","2024-03-11T00:00:00-04:00","2024-03-13T00:00:00-04:00"]"#;
        let params = format!(r#"{{"counters":{{"usage":[1,2,3,4]}},"ts":{ts}}}"#);
        assert_eq!(
            read_params(&call, &params).unwrap().readings,
            [
                "api_calls [usage -] 2024-03-09T05:00:00Z/2024-03-10T05:00:00Z 1 ",
                "api_calls [usage -] 2024-03-10T05:00:00Z/2024-03-11T04:00:00Z 2 ",
                "api_calls [usage -] 2024-03-11T04:00:00Z/2024-03-12T04:00:00Z 3 ",
                "api_calls [usage -] 2024-03-13T04:00:00Z/2024-03-14T04:00:00Z 4 partial_bucket",
            ]
        );
    }

    #[test]
    fn the_last_bucket_is_partial_until_it_is_over() {
        let body = fixture!("api_usage_history_three_services");
        let call = call("devicewise.api_calls", &[], MAY.0, MAY.1);
        for (fetched_at, partial) in [("2024-05-01T15:59:59Z", 3), ("2024-05-01T16:00:00Z", 0)] {
            let readings = read(&call, &body, fetched_at).unwrap().readings;
            let found = readings.iter().filter(|line| line.ends_with("partial_bucket")).count();
            assert_eq!(found, partial, "{fetched_at}");
        }
    }

    #[test]
    fn the_length_of_a_storage_bucket_follows_from_its_neighbours() {
        for (window, ts, values, expected) in [
            (
                ("2024-05-01", "2024-05-03"),
                r#""2024-05-01T00:00:00-05:00","2024-05-02T00:00:00-05:00""#,
                "1,2",
                vec![
                    "storage [aggregates] 2024-05-01T05:00:00Z/2024-05-02T05:00:00Z 1 ",
                    "storage [aggregates] 2024-05-02T05:00:00Z/2024-05-03T05:00:00Z 2 partial_bucket",
                ],
            ),
            (
                ("2024-05-01T00:00:00Z", "2024-05-01T04:00:00Z"),
                r#""2024-05-01T00:00:00Z","2024-05-01T02:00:00Z""#,
                "1,2",
                vec![
                    "storage [aggregates] 2024-05-01T00:00:00Z/2024-05-01T02:00:00Z 1 ",
                    "storage [aggregates] 2024-05-01T02:00:00Z/2024-05-01T04:00:00Z 2 ",
                ],
            ),
            (
                // Clocks change: the closest pair is 23 hours apart, and a day all the same.
                ("2024-03-10", "2024-03-12"),
                r#""2024-03-10T00:00:00-05:00","2024-03-11T00:00:00-04:00""#,
                "1,2",
                vec![
                    "storage [aggregates] 2024-03-10T05:00:00Z/2024-03-11T04:00:00Z 1 ",
                    "storage [aggregates] 2024-03-11T04:00:00Z/2024-03-12T04:00:00Z 2 partial_bucket",
                ],
            ),
            (
                ("2024-05-01", "2024-05-02"),
                r#""2024-05-01T00:00:00Z""#,
                "1",
                vec!["storage [aggregates] 2024-05-01T00:00:00Z/2024-05-02T00:00:00Z 1 "],
            ),
            (
                ("2024-05-01T00:00:00Z", "2024-05-01T01:00:00Z"),
                r#""2024-05-01T00:00:00Z""#,
                "1",
                vec!["storage [aggregates] 2024-05-01T00:00:00Z/2024-05-01T01:00:00Z 1 "],
            ),
        ] {
            let call = call("devicewise.storage", &[], window.0, window.1);
            let params = format!(r#"{{"counters":{{"aggregates":[{values}]}},"ts":[{ts}]}}"#);
            assert_eq!(read_params(&call, &params).unwrap().readings, expected);
        }
    }

    #[test]
    fn null_is_missing_and_what_repeats_is_no_part_of_the_total() {
        let call = call("devicewise.api_calls", &[], "2024-05-01", "2024-05-02");
        let ts = r#""ts":["2024-05-01T01:00:00Z","2024-05-01T00:00:00Z","2024-04-30T20:00:00-05:00"]"#;
        let params = format!(r#"{{"counters":{{"usage":[5,null,5],"thing":[1,2,1]}},"total":8,{ts}}}"#);
        let lines = read_params(&call, &params).unwrap();
        assert_eq!(
            lines.readings,
            [
                "api_calls [usage -] 2024-05-01T01:00:00Z/2024-05-01T02:00:00Z 5 ",
                "null api_calls [usage -] 2024-05-01T00:00:00Z/2024-05-01T01:00:00Z",
                "api_calls [usage -] 2024-05-01T01:00:00Z/2024-05-01T02:00:00Z 5 ",
                "api_calls [thing -] 2024-05-01T01:00:00Z/2024-05-01T02:00:00Z 1 ",
                "api_calls [thing -] 2024-05-01T00:00:00Z/2024-05-01T01:00:00Z 2 ",
                "api_calls [thing -] 2024-05-01T01:00:00Z/2024-05-01T02:00:00Z 1 ",
            ]
        );
        assert_eq!(lines.notes, ["values that are null, which is missing and not zero: 1"]);
    }

    /// An answer with these hours from the start of March 2026, of one service, with this figure each.
    fn hourly(hours: i64, figure: &str, total: Option<u32>) -> String {
        let first: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let ts: Vec<String> = (0..hours)
            .map(|hour| format!("\"{}\"", first + SignedDuration::from_hours(hour)))
            .collect();
        let values = vec![figure; ts.len()].join(",");
        let total = total.map_or(String::new(), |total| format!(r#","total":{total}"#));
        let ts = ts.join(",");
        format!(r#"{{"counters":{{"usage":[{values}]}}{total},"ts":[{ts}]}}"#)
    }

    #[test]
    fn an_answer_that_ends_long_before_its_range_shows_that_it_was_cut() {
        let calls = call("devicewise.api_calls", &[], "2026-03-01", "2026-05-01");
        let ends = |end: &str, why: &str| Some(format!("the answer ends at {end}, before 2026-05-01T00:00:00Z: {why}"));
        for (hours, figure, total, cut) in [
            (
                500,
                "1",
                Some(500),
                ends(
                    "2026-03-21T20:00:00Z",
                    "it has 500 buckets without a gap, and then none",
                ),
            ),
            // Hours without use are written, so those that are not there are missing.
            (
                2,
                "0",
                None,
                ends("2026-03-01T02:00:00Z", "it has 2 buckets without a gap, and then none"),
            ),
            (
                3,
                "1",
                Some(4),
                ends("2026-03-01T03:00:00Z", "its total is above its counters"),
            ),
            // Some hours with use, and then none: nobody knows.
            (99, "1", Some(99), None),
            (3, "1", Some(2), None),
            // To the end, or to the last bucket but one.
            (1464, "0", Some(7), None),
            (1463, "0", Some(7), None),
            (
                1462,
                "0",
                None,
                ends(
                    "2026-04-30T22:00:00Z",
                    "it has 1462 buckets without a gap, and then none",
                ),
            ),
        ] {
            let told = read_params(&calls, &hourly(hours, figure, total)).unwrap();
            assert_eq!(told.cut, cut, "{hours} hours of {figure}, total {total:?}");
        }
        // What is younger than a day may be told later.
        let body = format!(r#"{{"get":{{"success":true,"params":{}}}}}"#, hourly(500, "0", None));
        for (fetched_at, is_cut) in [("2026-03-22T21:00:00Z", false), ("2026-03-22T21:00:01Z", true)] {
            let told = read(&calls, body.as_bytes(), fetched_at).unwrap();
            assert_eq!(told.cut.is_some(), is_cut, "{fetched_at}");
        }
    }

    #[test]
    fn as_many_rows_as_the_cap_allows_may_be_the_newest_ones() {
        let calls = call("devicewise.api_calls", &[], "2026-02-28", "2026-09-25");
        let told = read_params(&calls, &hourly(5000, "1", None)).unwrap();
        assert_eq!(
            (told.answers.as_deref(), told.cut),
            (Some("2026-03-01T00:00:00Z/2026-09-25T08:00:00Z"), None)
        );
        let told = read_params(&calls, &hourly(4999, "1", None)).unwrap();
        assert_eq!((told.answers, told.cut), (None, None));
    }

    #[test]
    fn days_in_place_of_hours_are_refused_and_sparse_hours_are_not() {
        let read = |more: &[(&str, Value)], ts: &str| {
            let calls = call("devicewise.api_calls", more, "2024-05-01", "2024-05-08");
            let zeros = vec!["0"; ts.split(',').count()].join(",");
            read_params(&calls, &format!(r#"{{"counters":{{"usage":[{zeros}]}},"ts":[{ts}]}}"#))
        };
        let days = r#""2024-05-01T00:00:00Z","2024-05-02T00:00:00Z","2024-05-02T23:00:00Z""#;
        let error = read(&[], days).err().unwrap();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (
                Problem::InconsistentResponse,
                "$.get.params.ts: 3 timestamps, all of them a day or more apart, while hours were asked for"
            )
        );
        assert!(read(&[("series", text("day"))], days).is_ok());
        assert!(read(&[], r#""2024-05-01T00:00:00Z","2024-05-04T00:00:00Z""#).is_ok());
        assert!(
            read(
                &[],
                r#""2024-05-01T00:00:00Z","2024-05-02T00:00:00Z","2024-05-02T22:59:59Z""#
            )
            .is_ok()
        );
    }

    #[test]
    fn what_no_meter_knows_and_what_may_be_cut_short_is_noted() {
        let things = call("devicewise.things", &[], "2024-05-01", "2024-05-02");
        let lines = read_params(
            &things,
            r#"{"total":7,"novel":[1],"connected":[1],"ts":["2024-05-01T00:00:00Z"]}"#,
        )
        .unwrap();
        assert_eq!(
            (lines.readings.as_slice(), lines.notes),
            (
                &[][..],
                vec![
                    "the answer's total is one number, not one for each timestamp, and is not kept".to_owned(),
                    "the answer has counters that no meter knows: novel".to_owned()
                ]
            )
        );
        let first: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let ts: Vec<String> = (0..5000)
            .map(|hour| format!("\"{}\"", first + SignedDuration::from_hours(hour)))
            .collect();
        let zeros = vec!["0"; 5000].join(",");
        let params = format!(r#"{{"counters":{{"usage":[{zeros}]}},"ts":[{}]}}"#, ts.join(","));
        let calls = call("devicewise.api_calls", &[], "2024-01-01", "2024-08-01");
        let lines = read_params(&calls, &params).unwrap();
        assert_eq!(
            (lines.readings.len(), lines.notes),
            (
                5000,
                vec!["the answer has 5000 timestamps or more, at which the service may cut it short".to_owned()]
            )
        );
        assert_eq!(
            lines.cut.unwrap(),
            "the answer ends at 2024-07-27T08:00:00Z, before 2024-08-01T00:00:00Z: it has 5000 timestamps, at which the \
             service may cut it short"
        );
    }

    #[test]
    fn an_answer_that_contradicts_itself_gives_no_readings() {
        use Problem::{InconsistentResponse, UnexpectedResponse};
        let calls = call("devicewise.api_calls", &[], MAY.0, MAY.1);
        let error = read(&calls, &fixture!("api_usage_history_length_fault"), LATER)
            .err()
            .unwrap();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (
                InconsistentResponse,
                "$.get.params.counters.usage: 2 values for 3 timestamps"
            )
        );
        let ts = r#""ts":["2024-05-01T13:00:00Z","2024-05-01T08:00:00-05:00"]"#;
        for (params, kind, message) in [
            (
                format!(r#"{{"counters":{{"thing":[1,1],"usage":[0.5,0.5]}},{ts}}}"#),
                UnexpectedResponse,
                "$.get.params.counters.usage[0]: 0.5 is not a whole number",
            ),
            (
                format!(r#"{{"counters":{{"usage":[1,1]}},"total":1.5,{ts}}}"#),
                UnexpectedResponse,
                "$.get.params.total: expected a whole number, found a number",
            ),
            (
                r#"{"counters":{"usage":[1]}}"#.to_owned(),
                UnexpectedResponse,
                "$.get.params.counters.usage: an array of values, but no ts beside it",
            ),
            (
                format!("{{{ts}}}"),
                UnexpectedResponse,
                "$.get.params.counters: the field is missing",
            ),
            (
                r#"{"counters":{},"ts":["yesterday"]}"#.to_owned(),
                UnexpectedResponse,
                "$.get.params.ts[0]: \"yesterday\" is no RFC 3339 instant",
            ),
        ] {
            let error = read_params(&calls, &params).err().unwrap();
            assert_eq!((error.kind, error.message.as_str()), (kind, message));
        }
        let error = read(&calls, br#"{"get":{"success":true}}"#, LATER).err().unwrap();
        assert_eq!(error.message, "$.get.params: the field is missing");
    }

    /// Each source that a selection takes, on one line.
    fn show(asked: &[Asked]) -> Vec<String> {
        let line = |asked: &Asked| {
            let arguments: Vec<String> = asked
                .arguments
                .iter()
                .map(|(name, value)| format!("{name}={}", value.to_json()))
                .collect();
            format!(
                "{} {:?} {:?} {:?} {}",
                asked.source.operation,
                asked.meters,
                asked.buckets,
                asked.span,
                arguments.join(" ")
            )
        };
        asked.iter().map(line).collect()
    }

    #[test]
    fn a_selection_is_all_four_histories_by_the_hour_unless_it_says_otherwise() {
        assert_eq!(
            show(&select(&[]).unwrap()),
            [
                "api_usage_history [0] Every(3600, 0) Days(200) series=\"hour\" include_sub_orgs=false",
                "thing_usage_history [0, 1, 2] Every(3600, 0) Days(200) series=\"hour\" include_sub_orgs=false",
                "connection_usage_history [0, 1, 2, 3] Every(3600, 0) Days(200) series=\"hour\" include_sub_orgs=false",
                "storage_usage_history [0] Every(3600, 0) Days(200) include_sub_orgs=false",
            ]
        );
        let meters = ["devicewise.storage", "devicewise.connections"].map(text);
        let given = [
            ("meters", Value::List(meters.to_vec())),
            ("series", text("day")),
            ("dimension", text("org")),
            ("include_sub_orgs", Value::Flag(true)),
            ("show_all", Value::Flag(true)),
        ];
        assert_eq!(
            show(&select(&given).unwrap()),
            [
                "connection_usage_history [0] Every(86400, 0) Days(4000) series=\"day\" include_sub_orgs=true \
                 dimension=\"org\" show_all=true",
                "storage_usage_history [0] Every(3600, 0) Days(200) include_sub_orgs=true show_all=true",
            ]
        );
    }

    #[test]
    fn a_selection_that_cannot_work_is_refused_in_one_sentence() {
        for (given, message) in [
            (
                vec![("meters", text("devicewise.api_call"))],
                "deviceWISE has no meter \"devicewise.api_call\"; did you mean \"devicewise.api_calls\"?",
            ),
            (
                vec![("meters", text("devicewise.storage")), ("dimension", text("org"))],
                "dimension splits devicewise.api_calls and devicewise.connections by organisation, and neither is asked for",
            ),
            (
                vec![("series", text("month"))],
                "series must be one of hour, day, not \"month\"",
            ),
        ] {
            assert_eq!(select(&given).unwrap_err().message, message);
        }
    }

    #[test]
    fn each_source_names_an_operation_that_takes_its_window() {
        for source in SOURCES {
            let operation = FACTS
                .operations
                .iter()
                .find(|known| known.name == source.operation)
                .unwrap();
            assert!(matches!(source.takes, Takes::Range(start, end) if operation.range == Some((start, end))));
            let arrays = arrays(source.operation);
            assert!(arrays.is_empty() && source.meters.len() == 1 || arrays.len() == source.meters.len());
        }
    }
}
