//! The readings in an answer: its rows, checked against what was asked and against the answer's own totals. The flags of
//! rounding, of partial buckets and of totals that disagree are set here, for all providers.

use std::cmp::Ordering;
use std::collections::HashSet;

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::document::{Call, Document, Figure, Label};
use super::fail::place;
use super::rows::{Group, Rows, Wanted, scaled};
use crate::meters::{Bucket, Buckets, Flag, Flags, Kind, Run, Sink, Takes};
use crate::service::{PlannedCall, Reply, narrowed_by};
use crate::values::arguments::Arguments;
use crate::values::error::{Error, Kind as Problem, Result};
use crate::values::json::{At, Json};
use crate::values::quantity::Quantity;
use crate::values::shape::{Holds, instant};
use crate::values::window::Instant;

/// So many kinds of rows are told by name.
const MOST_TOLD: usize = 10;

impl Document {
    /// Puts the readings in a reply into the sink, and returns the service's id of the request.
    pub fn collect(
        &'static self,
        call: &PlannedCall,
        reply: &Reply,
        fetched_at: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<Option<String>> {
        let asked = self
            .of(call.call.operation)
            .ok_or_else(|| Error::new(Problem::Internal, "an operation that the document does not have"))?;
        let answer = Answer {
            asked,
            call,
            fetched_at,
        };
        let mut rows = Rows::new(asked, call, asked.rows.as_ref(), answer.whole()?);
        let listed = asked.rows.as_ref().filter(|layout| layout.moments.is_none());
        let document = match listed {
            Some(layout) => Json::parse_around(&reply.body, &layout.list, &mut rows),
            None => Json::parse_with_numbers(&reply.body),
        };
        let document = document.map_err(|problem| self.unreadable(call.call.operation.name, reply, problem))?;
        self.accept(&call.call, reply, &document, listed.map(|_| rows.count))?;
        let id = self.request_id(reply, &document);
        let read = place(&At::root(&document), &asked.answer, &mut |at| {
            answer.read(at, &mut rows, sink)
        });
        match read {
            Ok(()) => Ok(id),
            Err(error) => Err(error.with_request_id(id)),
        }
    }
}

/// What was asked, and when it was answered.
struct Answer<'a> {
    asked: &'static Call,
    call: &'a PlannedCall,
    fetched_at: Timestamp,
}

impl Answer<'_> {
    /// What a figure without a moment of its own is about: what was asked for, or the month so far.
    fn whole(&self) -> Result<Bucket> {
        let (start, end) = (self.call.request.start().at, self.call.request.end().at);
        if self.call.asked.buckets != Buckets::MonthSoFar {
            return Ok(Bucket { start, end });
        }
        Ok(Bucket {
            start: Instant::midnight(self.month(0))?.at,
            end: self.fetched_at,
        })
    }

    /// The first day of the month of the answer, at this offset.
    fn month(&self, offset: i32) -> jiff::civil::Date {
        let offset = Offset::from_seconds(offset).unwrap_or(Offset::UTC);
        offset.to_datetime(self.fetched_at).date().first_of_month()
    }

    fn read<'b>(&self, at: &At<'_, 'b>, rows: &mut Rows<'b>, sink: &mut dyn Sink) -> Result<()> {
        if let (Holds::Record(shape), false) = (self.call.call.operation.returns, self.asked.series) {
            shape.check(at)?;
        }
        if self.asked.rows.is_some() && rows.layout.moments.is_none() {
            rows.layout.check(at, &rows.layout.found(at.value), rows.count)?;
        }
        self.check_grain(at)?;
        let covered = self.covered(at, sink)?;
        if self.asked.rows.is_none() {
            if covered.start >= covered.end && self.asked.echo.start.is_some() {
                // It is about another time altogether.
                return Ok(());
            }
            rows.one(at, covered)?;
        }
        if rows.layout.moments.is_some() {
            rows.arrays(self.asked, self.call, at, sink)?;
        }
        rows.check()?;
        let mut mismatches = Vec::with_capacity(rows.wanted.len());
        if self.asked.rows.is_some() {
            for column in 0..rows.wanted.len() {
                mismatches.push(Self::reconcile(rows, column, at, sink)?);
            }
            self.remark(rows, sink);
            let is_total_above = mismatches.contains(&Ordering::Greater);
            rows.look_for_cuts(self.call, self.fetched_at, is_total_above, sink);
        }
        self.emit(rows, &mismatches, sink);
        if self.asked.rows.is_some() && self.asked.meter.iter().any(|figure| figure.value.is_empty()) {
            let mut own = Rows::new(self.asked, self.call, None, covered);
            if !own.wanted.is_empty() {
                own.one(at, covered)?;
                self.remark(&own, sink);
                self.emit(&own, &[], sink);
            }
        }
        Ok(())
    }

    /// Other buckets than those asked for would be other readings.
    fn check_grain(&self, at: &At<'_, '_>) -> Result<()> {
        let Some((key, argument)) = &self.asked.echo.grain else {
            return Ok(());
        };
        let path = at.path();
        let asked = self.call.call.arguments.whole(argument);
        let (Some(told), Some(asked)) = (at.get(&path, key)?, asked) else {
            return Ok(());
        };
        let seconds = told.integer()?;
        if seconds == asked.to_string() {
            return Ok(());
        }
        let text = format!(
            "{}: buckets of {seconds} s, while {asked} s were asked for",
            told.path()
        );
        Err(Error::new(Problem::InconsistentResponse, text))
    }

    /// The range that the answer says it is about. What happens to one that is too long is not documented: a shortened
    /// one is a hole, and remarked.
    fn covered(&self, at: &At<'_, '_>, sink: &mut dyn Sink) -> Result<Bucket> {
        let whole = self.whole()?;
        let echo = &self.asked.echo;
        if echo.start.is_none() && echo.end.is_none() {
            return Ok(whole);
        }
        let taken = SignedDuration::from_secs(self.asked.moments.end_takes);
        let (first, last) = (whole.start, whole.end - taken);
        let path = at.path();
        let moment = |key: &'static Option<String>, asked| {
            let told = key.as_ref().map_or(Ok(None), |key| at.get(&path, key))?;
            told.map_or(Ok(asked), |told| instant(&told).map(|told| told.at))
        };
        let (from, to) = (moment(&echo.start, first)?, moment(&echo.end, last)?);
        let is_there = |key: &Option<String>| key.as_ref().is_some_and(|key| at.value.get(key).is_some());
        if is_there(&echo.start) || is_there(&echo.end) {
            sink.answers(from, to.checked_add(taken).unwrap_or(to));
        }
        if from > first || to < last {
            let offset = self.asked.zone.and_then(|zone| Offset::from_seconds(zone).ok());
            let offset = offset.unwrap_or(Offset::UTC);
            let [from, to, first, last] = [from, to, first, last].map(|at| Instant { at, offset }.to_offset_text());
            sink.note(format!(
                "the service shortened the range to {from} … {to}, from {first} … {last}"
            ));
        }
        Ok(Bucket {
            start: from.max(first),
            end: to.min(last) + taken,
        })
    }

    /// True if a bucket was not over, or the range asked for cuts it.
    fn is_partial(&self, bucket: &Bucket) -> bool {
        if self.call.asked.buckets == Buckets::MonthSoFar {
            return false;
        }
        let cut = |edge: Timestamp| bucket.start < edge && edge < bucket.end;
        let request = self.call.request;
        let is_cut = || match self.call.asked.source.takes {
            Takes::Range(..) => cut(request.start().at) || cut(request.end().at),
            // What was asked for has its own edges.
            Takes::YearMonth | Takes::Nothing => false,
        };
        bucket.end > self.fetched_at || is_cut() || self.is_crooked(bucket)
    }

    /// True if a row does not start where a bucket does; it keeps its own window. Where no page says in which zone
    /// buckets begin, they may begin anywhere.
    fn is_crooked(&self, bucket: &Bucket) -> bool {
        match self.call.asked.buckets {
            Buckets::Every(length, offset) if self.asked.zone.is_some() => {
                let start = bucket.start;
                (start.as_second() + i64::from(offset)).rem_euclid(length) != 0 || start.subsec_nanosecond() != 0
            }
            _ => false,
        }
    }

    /// How the answer's own figure for its whole range compares with those of its rows.
    fn reconcile(rows: &Rows<'_>, column: usize, at: &At<'_, '_>, sink: &mut dyn Sink) -> Result<Ordering> {
        let path = at.path();
        let Some((Wanted { figure, meter, .. }, key)) = rows
            .wanted
            .get(column)
            .and_then(|wanted| Some((wanted, wanted.figure.total.as_deref()?)))
        else {
            return Ok(Ordering::Equal);
        };
        let Some(told) = at.get(&path, key)? else {
            return Ok(Ordering::Equal);
        };
        let total = match told.value {
            Json::Number(text) => scaled(figure, text).map_err(|problem| told.blame(&problem))?,
            _ => told.quantity()?,
        };
        // A sum of counts may need more than 64 bits, and is whole all the same.
        if matches!((figure.holds, told.value), (Some(Holds::Integer), Json::Number(text)) if text.contains(['.', 'e', 'E']))
        {
            return Err(told.expected("a whole number"));
        }
        let (sum, most) = parts(rows, column);
        let (parts, what) = match meter.kind {
            Kind::Sum => (sum, "add up to"),
            // Beside arrays a total adds up all that they have, whatever it is.
            Kind::Gauge if rows.layout.moments.is_some() => (sum, "add up to"),
            Kind::Peak => (most, "have at most"),
            Kind::Gauge | Kind::Cumulative => return Ok(Ordering::Equal),
        };
        if agree(total.scaled, parts) {
            return Ok(Ordering::Equal);
        }
        let order = total.scaled.cmp(&parts);
        let parts = Quantity {
            scaled: parts,
            rounded: false,
        };
        let (whose, which, _) = rows.words();
        sink.note(format!("{whose}{key} is {total}, but {which} {what} {parts}"));
        Ok(order)
    }

    fn remark(&self, rows: &Rows<'_>, sink: &mut dyn Sink) {
        if !rows.unmet.is_empty() {
            let told = rows
                .unmet
                .iter()
                .take(MOST_TOLD)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            let count = rows.unmet.len();
            sink.note(format!(
                "rows that no meter of the document counts, of {count} kinds: {told}"
            ));
        }
        for place in &rows.nameless {
            sink.note(format!("{place}: there is no number"));
        }
        let nulls = rows.figures.missing() - rows.absent.len();
        if nulls > rows.nameless.len() {
            let (_, _, what) = rows.words();
            sink.note(format!("{what} that are null, which is missing and not zero: {nulls}"));
        }
        let buckets = rows.groups().flat_map(|group| group.buckets);
        let crooked = match self.asked.zone {
            Some(_) => buckets.filter(|bucket| self.is_crooked(bucket)).count(),
            None => 0,
        };
        if let (Buckets::Every(length, _), 1..) = (self.call.asked.buckets, crooked) {
            sink.note(format!("rows that start off the buckets of {length} s: {crooked}"));
        }
    }

    fn emit(&self, rows: &Rows<'_>, mismatches: &[Ordering], sink: &mut dyn Sink) {
        let other_zone = self.asked.other_zone.filter(|zone| self.month(0) != self.month(*zone));
        let is_ambiguous = other_zone.is_some() && self.call.asked.buckets == Buckets::MonthSoFar;
        let narrowed: Vec<Option<&str>> = self.labels().map(|label| self.narrowed(label)).collect();
        let dimensions = rows.wanted.iter().flat_map(|Wanted { figure, meter, .. }| {
            let names = meter.dimensions.iter();
            names.map(|name| self.dimension(figure, name, &narrowed))
        });
        let dimensions: Vec<Dimension<'_>> = dimensions.collect();
        let flags = |column: usize| {
            let is_mismatch = mismatches.get(column).is_some_and(|order| order.is_ne());
            let all = [(Flag::AmbiguousMonth, is_ambiguous), (Flag::Mismatch, is_mismatch)];
            let set = all.into_iter().filter(|(_, is_set)| *is_set);
            set.fold(Flags::NONE, |flags, (flag, _)| flags.with(flag))
        };
        let flags: Vec<Flags> = (0..rows.wanted.len()).map(flags).collect();
        sink.expect(rows.figures.len() - rows.absent.len());
        // Arrays share their buckets, of which each is judged once.
        let partial: Vec<bool> = rows.buckets.iter().map(|bucket| self.is_partial(bucket)).collect();
        let mut strangers = 0;
        for group in rows.groups() {
            let is_strange = group
                .labels
                .iter()
                .zip(&narrowed)
                .any(|(own, asked)| match (own, asked) {
                    (Some(own), Some(asked)) => !own.eq_ignore_ascii_case(asked),
                    _ => false,
                });
            if is_strange {
                // In the answer about itself it would count again.
                strangers += group.buckets.len();
                continue;
            }
            let own = |place: Option<usize>| group.labels.get(place?)?.as_deref();
            let labels = dimensions.iter().map(|(asked, place)| asked.or_else(|| own(*place)));
            let labels: Vec<Option<&str>> = labels.collect();
            let first = if rows.lines_up.is_some() { 0 } else { group.first };
            let partial = partial.get(first..).unwrap_or_default();
            Self::emit_group(rows, group, partial, &labels, &flags, sink);
        }
        if strangers > 0 {
            sink.note(format!(
                "rows about something else than was asked for, which are left out: {strangers}"
            ));
        }
    }

    /// Puts the readings of rows with the same labels into the sink: row by row where a row has several figures, else as
    /// many at once as are alike. `partial` tells of each of their buckets.
    fn emit_group(
        rows: &Rows<'_>,
        group: Group<'_, '_>,
        partial: &[bool],
        labels: &[Option<&str>],
        flags: &[Flags],
        sink: &mut dyn Sink,
    ) {
        let width = rows.wanted.len();
        let mut ahead = 0;
        while let (Some(bucket), Some(is_partial)) = (group.buckets.get(ahead), partial.get(ahead)) {
            let is_like = |next: usize| partial.get(ahead + next) == Some(is_partial);
            let row = group.first + ahead;
            let mut rest_of_labels = labels;
            let mut taken = 1;
            for (column, (wanted, flags)) in rows.wanted.iter().zip(flags).enumerate() {
                let own = wanted.meter.dimensions.len().min(rest_of_labels.len());
                let (labels, others) = rest_of_labels.split_at(own);
                rest_of_labels = others;
                let Some(quantity) = rows.figure(row, column) else {
                    if rows.is_null(row, column) {
                        sink.null(wanted.place, labels, bucket.start, bucket.end);
                    }
                    continue;
                };
                let most = if width == 1 { group.buckets.len() - ahead } else { 1 };
                let on_end = rows.figures.on_end(row * width + column, most, is_like);
                let quantities = if on_end.is_empty() { &[quantity.scaled] } else { on_end };
                taken = quantities.len();
                let mut flags = Flags(flags.0 | wanted.meter.flags(quantity).0);
                if *is_partial {
                    flags = flags.with(Flag::PartialBucket);
                }
                sink.run(&Run {
                    meter: wanted.place,
                    labels,
                    flags,
                    buckets: group.buckets.get(ahead..ahead + taken).unwrap_or_default(),
                    quantities,
                });
            }
            ahead += taken;
        }
    }

    /// The texts by which the rows are told apart.
    fn labels(&self) -> impl Iterator<Item = &Label> {
        self.asked.rows.iter().flat_map(|rows| &rows.texts)
    }

    /// What a label was narrowed to, if every row has it.
    fn narrowed(&self, label: &Label) -> Option<&str> {
        narrowed_to(&self.call.call.arguments, &label.name).filter(|_| label.needed)
    }

    /// Where the value of a dimension of a figure's meter comes from.
    fn dimension<'a>(&'a self, figure: &'a Figure, name: &str, narrowed: &[Option<&'a str>]) -> Dimension<'a> {
        let place = self.labels().position(|label| label.name == name);
        match (figure.labels.get(name), place) {
            (Some(value), _) => (Some(value), None),
            (None, Some(place)) => (narrowed.get(place).copied().flatten(), Some(place)),
            (None, None) => (narrowed_to(&self.call.call.arguments, name), None),
        }
    }
}

/// What the call was narrowed to, or else the place of the row's own label.
type Dimension<'a> = (Option<&'a str>, Option<usize>);

/// What a call was narrowed to by its arguments.
fn narrowed_to<'a>(arguments: &'a Arguments, dimension: &str) -> Option<&'a str> {
    let mut arguments = arguments.iter();
    arguments.find_map(|(name, value)| narrowed_by(dimension, name, value))
}

/// The sum and the largest of the figures of a column; a row that says again what another row says is no part of it.
/// Whether they say the same is seen where readings are kept.
fn parts(rows: &Rows<'_>, column: usize) -> (i128, i128) {
    // Rows under the same labels that ascend in time are not the same: where no labels come again, no row is looked at
    // alone.
    let mut seen = HashSet::new();
    let is_each_new = rows
        .groups()
        .all(|group| group.buckets.is_sorted_by(|one, next| one.start < next.start) && seen.insert(group.labels));
    let mut known = HashSet::new();
    let mut parts = (0, 0);
    for group in rows.groups() {
        for (row, bucket) in (group.first..).zip(group.buckets) {
            let figure = rows.figure(row, column);
            let Some(figure) = figure.filter(|_| is_each_new || known.insert((bucket.start, group.labels))) else {
                continue;
            };
            parts = (i128::saturating_add(parts.0, figure.scaled), figure.scaled.max(parts.1));
        }
    }
    parts
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
