//! From a question to its plan.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::cut::{self, Grid, Month, Seconds};
use super::json::Kept;
use super::{Edge, Plan, PlannedAccount, Side, Unavailable};
use crate::meters::{Buckets, Span, Takes};
use crate::service::{Asked, Call, PlannedCall, Provider};
use crate::values::arguments::{Arguments, Value};
use crate::values::error::{Error, Kind, Result};
use crate::values::period::Every;
use crate::values::text::hex;
use crate::values::window::{Instant, Window};
use crate::values::zone::Zone;

/// What is asked: a range of time, and of whom.
#[derive(Clone)]
pub struct Question {
    /// The range.
    pub window: Window,
    /// The time now.
    pub now: Timestamp,
    /// The time zone whose days and months are meant.
    pub zone: Zone,
    /// The periods by which to cut the windows of sources that answer each with one figure.
    pub every: Option<Every>,
    /// Whom, and what of each.
    pub parts: Vec<Part>,
}

/// What is asked of one account.
#[derive(Clone)]
pub struct Part {
    /// The account.
    pub account: PlannedAccount,
    /// Its provider.
    pub provider: &'static dyn Provider,
    /// What is selected, as the caller passed it.
    pub selection: Vec<(String, Value)>,
}

const FUTURE: &str = "in the future: nothing is known yet";

/// How much newer than the limit of a history the oldest call is, since it is made later than it is planned.
const SLACK: i64 = 60;

impl Plan {
    /// The calls that answer a question, and what no call can answer.
    pub fn make(question: &Question) -> Result<Self> {
        check(question)?;
        let mut plan = Self {
            zone: question.zone.clone(),
            every: question.every,
            ..Self::empty(question.now, question.window)
        };
        for part in &question.parts {
            plan.add_provider(part.provider)?;
            plan.accounts.push(part.account.clone());
            plan.add(part, question.window)?;
        }
        Ok(plan)
    }

    fn add(&mut self, part: &Part, range: Window) -> Result<()> {
        let facts = part.provider.facts();
        let selection = Arguments::check("select()", facts.selection, part.selection.clone())?;
        let asked = merged(part.provider.asked(&selection)?);
        if asked.is_empty() {
            let name = &part.account.name;
            return Err(Error::invalid(format!(
                "nothing is asked of account {name:?}: select its meters"
            )));
        }
        for mut asked in asked {
            asked.every = self.every.filter(|_| asked.buckets == Buckets::Window);
            let asked = Arc::new(asked);
            let reach = Reach::of(&asked, range, self.now, self.zone.time_zone())?;
            for piece in &reach.windows {
                self.calls
                    .push(planned(part.provider, &part.account.name, &asked, *piece, self.now)?);
            }
            self.note(part, &asked, reach);
        }
        Ok(())
    }

    /// The call for this piece of what it was about, or of more: another call, as its id says.
    #[must_use]
    pub fn cut(call: &PlannedCall, piece: Window) -> PlannedCall {
        PlannedCall {
            id: id(call.provider, &call.account, &call.call, piece),
            piece,
            ..call.clone()
        }
    }

    /// What the buckets of a call like this one take that start in a range; nothing if none does.
    pub fn bounds(like: &PlannedCall, range: Window) -> Option<Window> {
        let grid = grid(&like.asked);
        let edge = |at: Timestamp| grid.ceil(cut::ceil_second(at));
        cut::window(&(edge(range.start().at).ok()?..edge(range.end().at).ok()?)).ok()
    }

    /// Notes where buckets of calls like this one do not begin or end with the range.
    pub fn note_edges(&mut self, like: &PlannedCall, range: Window) -> Result<()> {
        let reach = Reach::of(&like.asked, range, self.now, self.zone.time_zone())?;
        self.edge(&like.account, like.provider, &like.asked, reach.edges);
        Ok(())
    }

    /// Adds the calls like this one for a range of which nothing was asked, and what of it no call can answer.
    pub fn ask(&mut self, like: &PlannedCall, range: Window) -> Result<()> {
        let reach = Reach::of(&like.asked, range, self.now, self.zone.time_zone())?;
        let known = self.provider(like.provider);
        let provider =
            known.ok_or_else(|| Error::new(Kind::Internal, "a call of a provider that its plan does not know"))?;
        for piece in &reach.windows {
            self.calls
                .push(planned(provider, &like.account, &like.asked, *piece, self.now)?);
        }
        self.miss(&like.account, like.provider, &like.asked, reach.unavailable);
        Ok(())
    }

    /// Notes what is out of reach: once for all calls of an operation.
    fn miss(&mut self, account: &str, provider: &'static str, asked: &Asked, missed: Vec<(Window, String)>) {
        for (window, reason) in missed {
            let unavailable = Unavailable {
                account: account.to_owned(),
                provider,
                operation: asked.source.operation,
                window,
                reason,
            };
            if !self.unavailable.contains(&unavailable) {
                self.unavailable.push(unavailable);
            }
        }
    }

    /// Notes what is out of reach and what crosses the edges: once for all calls of an operation.
    fn note(&mut self, part: &Part, asked: &Asked, reach: Reach) {
        let (account, provider) = (&part.account.name, part.provider.facts().name);
        self.miss(account, provider, asked, reach.unavailable);
        self.edge(account, provider, asked, reach.edges);
    }

    fn edge(&mut self, account: &str, provider: &'static str, asked: &Asked, edges: Vec<(Side, String)>) {
        for (side, text) in edges {
            let edge = Edge {
                account: account.to_owned(),
                provider,
                operation: asked.source.operation,
                side,
                text,
            };
            if !self.edges.contains(&edge) {
                self.edges.push(edge);
            }
        }
    }
}

fn check(question: &Question) -> Result<()> {
    if question.parts.is_empty() {
        return Err(Error::invalid("no account is given: pass one at least"));
    }
    let mut names = HashSet::new();
    if let Some(twice) = question.parts.iter().find(|part| !names.insert(&part.account.name)) {
        let name = &twice.account.name;
        return Err(Error::invalid(format!(
            "two accounts have the name {name:?}: give one of them another name"
        )));
    }
    if question.window.start().at >= question.now {
        return Err(Error::invalid(format!(
            "the range starts at {} and now is {}: nothing can be known yet",
            question.window.start().to_offset_text(),
            Instant::utc(question.now).to_utc_text()
        )));
    }
    Ok(())
}

/// One request for all meters that come from it: what is asked twice is sent, and counted, once.
fn merged(asked: Vec<Asked>) -> Vec<Asked> {
    let mut places = HashMap::with_capacity(asked.len());
    let requests = asked
        .iter()
        .map(|next| (std::ptr::from_ref(next.source), &next.arguments));
    let homes = requests.map(|request| {
        let free = places.len();
        *places.entry(request).or_insert(free)
    });
    let homes: Vec<usize> = homes.collect();
    let mut all: Vec<Asked> = Vec::with_capacity(places.len());
    for (next, home) in asked.into_iter().zip(homes) {
        if let Some(known) = all.get_mut(home) {
            known.meters.extend(next.meters);
            known.meters.sort_unstable();
            known.meters.dedup();
        } else {
            all.push(next);
        }
    }
    all
}

/// The call for a piece of the question.
pub(super) fn planned(
    provider: &dyn Provider,
    account: &str,
    asked: &Arc<Asked>,
    piece: Window,
    now: Timestamp,
) -> Result<PlannedCall> {
    let request = request(asked, piece, now)?;
    let mut given = asked.arguments.clone();
    given.extend(arguments(asked, request)?);
    let call = Call::new(provider, asked.source.operation, given)?;
    let provider = provider.facts().name;
    Ok(PlannedCall {
        id: id(provider, account, &call, piece),
        account: account.to_owned(),
        provider,
        call,
        asked: Arc::clone(asked),
        piece,
        request,
    })
}

/// What the service is asked for, so that every bucket which starts in a piece comes whole. Where no page says in which
/// zone buckets begin that is a bucket more before and after; but nothing of the future, except of the bucket under way.
pub(super) fn request(asked: &Asked, piece: Window, now: Timestamp) -> Result<Window> {
    let margin = margin(asked);
    if margin == 0 {
        return Ok(piece);
    }
    let grid = Grid::of(asked.buckets);
    let (start, end) = (piece.start().at.as_second(), cut::ceil_second(piece.end().at));
    let latest = grid.ceil(cut::ceil_second(now))?.max(end);
    cut::window(&(grid.floor(start - margin)?..grid.ceil(end + margin)?.min(latest)))
}

/// How many seconds before and after its piece a call asks for besides.
fn margin(asked: &Asked) -> i64 {
    match asked.buckets {
        Buckets::Every(step, _) if asked.source.widened > 0 => step.max(asked.source.widened),
        _ => 0,
    }
}

/// The moments at which pieces may begin.
fn grid(asked: &Asked) -> Grid {
    Grid::of_pieces(asked.buckets, asked.source)
}

/// The arguments that take the window.
fn arguments(asked: &Asked, window: Window) -> Result<Vec<(String, Value)>> {
    Ok(match asked.source.takes {
        Takes::Range(start, end) => [(start, window.start()), (end, window.end())]
            .map(|(name, at)| {
                (
                    name.to_owned(),
                    Value::Instant(cut::as_buckets_write(at, asked.buckets)),
                )
            })
            .into(),
        Takes::YearMonth => {
            let month = Month::of(window.start().at.as_second())?;
            vec![
                ("year".to_owned(), Value::Whole(month.year.into())),
                ("month".to_owned(), Value::Whole(month.number.into())),
            ]
        }
        Takes::Nothing => Vec::new(),
    })
}

/// The id of a call: a digest of all that it asks, and of whom.
pub(super) fn id(provider: &str, account: &str, call: &Call, window: Window) -> String {
    let arguments = call.arguments.iter().map(|(name, value)| (name, Kept(value)));
    let arguments: Vec<(&str, Kept<'_>)> = arguments.collect();
    let (start, end) = (window.start().at, window.end().at);
    let told = (
        provider,
        account,
        call.operation.name,
        arguments,
        start.to_string(),
        end.to_string(),
    );
    // Texts, numbers and lists of them can always be written.
    let digest = Sha256::digest(serde_json::to_vec(&told).unwrap_or_default());
    hex(digest.get(..8).unwrap_or_default())
}

/// What a source can answer of a range.
#[derive(Debug, Default)]
struct Reach {
    /// The windows of its calls.
    windows: Vec<Window>,
    /// What it cannot answer, and why.
    unavailable: Vec<(Window, String)>,
    /// Remarks on buckets that cross the range's edges.
    edges: Vec<(Side, String)>,
}

impl Reach {
    fn of(asked: &Asked, range: Window, now: Timestamp, zone: &TimeZone) -> Result<Self> {
        let grid = grid(asked);
        let first = |at: Timestamp| grid.ceil(cut::ceil_second(at));
        let buckets = first(range.start().at)?..first(range.end().at)?;
        let mut reach = Self::default();
        if buckets.is_empty() {
            let reason = "no whole bucket starts in the range";
            reach.unavailable.push((range, reason.to_owned()));
        } else if asked.buckets == Buckets::MonthSoFar {
            reach.month_so_far(&buckets, now)?;
        } else {
            reach.ask(asked, &buckets, now, zone)?;
        }
        reach.find_edges(asked, range);
        Ok(reach)
    }

    fn ask(&mut self, asked: &Asked, buckets: &Seconds, now: Timestamp, zone: &TimeZone) -> Result<()> {
        let (grid, margin) = (grid(asked), margin(asked));
        let oldest = match asked.source.history_days {
            Some(days) => grid.ceil(cut::ceil_second(now) - days * 86_400 + SLACK + 2 * margin)?,
            None => i64::MIN,
        };
        let asked_from = oldest.clamp(buckets.start, buckets.end);
        let asked_to = grid.future(now)?.clamp(asked_from, buckets.end);
        if let Some(days) = asked.source.history_days {
            let reason = format!("older than {days} days, which is as far back as the service answers");
            self.miss(buckets.start..asked_from, &reason)?;
        }
        let span = match asked.source.takes {
            Takes::YearMonth => Span::EachMonth,
            Takes::Range(..) | Takes::Nothing => asked.span,
        };
        for period in cut::periods(&(asked_from..asked_to), asked.every.unwrap_or(Every::All), zone)? {
            for piece in cut::cut(&period, grid, span, zone)? {
                self.windows.push(cut::window(&piece)?);
            }
        }
        self.miss(asked_to..buckets.end, FUTURE)
    }

    /// One call if the current month's start lies in the range, since its reading starts there.
    fn month_so_far(&mut self, range: &Seconds, now: Timestamp) -> Result<()> {
        let now = cut::ceil_second(now);
        let start = Month::of(now)?.range.start;
        let reason = format!(
            "the service tells only the current month from its start, {}, and keeps no past ones",
            cut::moment(start)?
        );
        if !range.contains(&start) {
            let past = now.clamp(range.start, range.end);
            self.miss(range.start..past, &reason)?;
            return self.miss(past..range.end, FUTURE);
        }
        self.miss(range.start..start, &reason)?;
        // The answer comes later than now in any case.
        let month = start..now.max(start + 1);
        self.windows.push(cut::window(&month)?);
        self.miss(month.end..range.end, FUTURE)
    }

    fn miss(&mut self, range: Seconds, reason: &str) -> Result<()> {
        if !range.is_empty() {
            self.unavailable.push((cut::window(&range)?, reason.to_owned()));
        }
        Ok(())
    }

    fn find_edges(&mut self, asked: &Asked, range: Window) {
        let (Some(first), Some(last)) = (self.windows.first(), self.windows.last()) else {
            return;
        };
        let (start, end) = (first.start(), last.end());
        let is_cut_before = self.unavailable.iter().any(|(gap, _)| gap.start().at < start.at);
        if start.at > range.start().at && !is_cut_before {
            let at = cut::as_buckets_write(start, asked.buckets).to_offset_text();
            let text = format!(
                "its first bucket starts at {at}, after the range's start; the one before belongs to the range before"
            );
            self.edges.push((Side::Start, text));
        }
        if end.at > range.end().at {
            let at = cut::as_buckets_write(end, asked.buckets).to_offset_text();
            let text = format!(
                "its last bucket ends at {at}, after the range's end; it belongs to the range in which it starts"
            );
            self.edges.push((Side::End, text));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meters::{Settles, Source, Writes};
    use crate::plan::toy::{self, plan};

    fn windows(plan: &Plan) -> Vec<String> {
        let show = |window: Window| format!("{} {}", window.start().at, window.end().at);
        let calls = plan.calls.iter().map(|call| show(call.piece));
        let gaps = plan
            .unavailable
            .iter()
            .map(|gap| format!("{} {}", show(gap.window), gap.reason));
        calls.chain(gaps).collect()
    }

    fn refusal(start: &str, now: &str, parts: Vec<Part>) -> String {
        let question = toy::question(start, "2026-06-01", now, parts);
        Plan::make(&question).unwrap_err().message.clone()
    }

    #[test]
    fn what_cannot_be_planned_is_refused_in_one_sentence() {
        let (now, part) = ("2026-05-01", |name: &str| {
            toy::part(name, toy::select(&["toy.daily"], &[]))
        });
        let selecting =
            |name: &str, value: &str| toy::part("a", vec![(name.to_owned(), Value::Text(value.to_owned()))]);
        for (start, parts, message) in [
            ("2026-01-01", vec![], "no account is given: pass one at least"),
            (
                "2026-01-01",
                vec![part("a"), part("b"), part("a")],
                "two accounts have the name \"a\": give one of them another name",
            ),
            (
                "2026-05-01T02:00:00+02:00",
                vec![part("a")],
                "the range starts at 2026-05-01T02:00:00+02:00 and now is 2026-05-01T00:00:00Z: nothing can be known yet",
            ),
            (
                "2026-01-01",
                vec![selecting("vhost", "a")],
                "select() has no argument \"vhost\"",
            ),
            (
                "2026-01-01",
                vec![selecting("meters", "toy.dayly")],
                "Toy has no meter \"toy.dayly\"; did you mean \"toy.daily\"?",
            ),
        ] {
            assert_eq!(refusal(start, now, parts), message);
        }
    }

    #[test]
    fn the_bucket_under_way_is_asked_for_and_later_ones_are_not() {
        let told = windows(&plan(
            "2026-01-01",
            "2026-01-02",
            "2026-01-01T10:00:00.5Z",
            &["toy.hourly"],
        ));
        let future = "in the future: nothing is known yet";
        assert_eq!(
            told,
            [
                "2026-01-01T00:00:00Z 2026-01-01T11:00:00Z",
                &format!("2026-01-01T11:00:00Z 2026-01-02T00:00:00Z {future}")
            ]
        );
        // A bucket that starts now holds nothing yet.
        let told = windows(&plan(
            "2026-01-01",
            "2026-01-01T12:00:00Z",
            "2026-01-01T10:00:00Z",
            &["toy.hourly"],
        ));
        assert_eq!(told[0], "2026-01-01T00:00:00Z 2026-01-01T10:00:00Z");
        // A window that lies anywhere ends now.
        let told = windows(&plan(
            "2026-01-01",
            "2026-01-02",
            "2026-01-01T10:00:00.5Z",
            &["toy.whole"],
        ));
        assert_eq!(told[0], "2026-01-01T00:00:00Z 2026-01-01T10:00:00Z");
    }

    #[test]
    fn a_range_between_two_bucket_starts_asks_for_nothing() {
        let plan = plan(
            "2026-01-01T00:00:01Z",
            "2026-01-01T01:00:00Z",
            "2026-05-01",
            &["toy.hourly"],
        );
        assert_eq!(
            windows(&plan),
            ["2026-01-01T00:00:01Z 2026-01-01T01:00:00Z no whole bucket starts in the range"]
        );
        assert!(plan.edges.is_empty());
    }

    #[test]
    fn the_month_so_far_is_asked_for_if_it_starts_in_the_range() {
        let now = "2026-03-10T12:00:00.1Z";
        let ask = |start: &str, end: &str, now: &str| windows(&plan(start, end, now, &["toy.so_far"]));
        let past =
            "the service tells only the current month from its start, 2026-03-01T00:00:00Z, and keeps no past ones";
        let future = "in the future: nothing is known yet";
        assert_eq!(
            ask("2026-01-01", "2026-04-01", now),
            [
                "2026-03-01T00:00:00Z 2026-03-10T12:00:01Z".to_owned(),
                format!("2026-01-01T00:00:00Z 2026-03-01T00:00:00Z {past}"),
                format!("2026-03-10T12:00:01Z 2026-04-01T00:00:00Z {future}"),
            ]
        );
        assert_eq!(
            ask("2026-03-02", "2026-03-12", now),
            [
                format!("2026-03-02T00:00:00Z 2026-03-10T12:00:01Z {past}"),
                format!("2026-03-10T12:00:01Z 2026-03-12T00:00:00Z {future}"),
            ]
        );
        assert_eq!(
            ask("2026-01-01", "2026-03-01", now),
            [format!("2026-01-01T00:00:00Z 2026-03-01T00:00:00Z {past}")]
        );
        // At the month's very start it holds one second at least.
        assert_eq!(
            ask("2026-02-28", "2026-03-02", "2026-03-01")[0],
            "2026-03-01T00:00:00Z 2026-03-01T00:00:01Z"
        );
    }

    #[test]
    fn buckets_that_cross_the_edges_are_told() {
        let plan = plan("2026-01-01", "2026-02-01", "2026-05-01", &["toy.daily"]);
        let told: Vec<&str> = plan.edges.iter().map(|edge| edge.text.as_str()).collect();
        assert_eq!(
            told,
            [
                "its first bucket starts at 2026-01-02T00:00:00+08:00, after the range's start; the one before belongs \
                 to the range before",
                "its last bucket ends at 2026-02-02T00:00:00+08:00, after the range's end; it belongs to the range in \
                 which it starts",
            ]
        );
        assert!(
            super::super::toy::plan("2026-01-01", "2026-02-01", "2026-05-01", &["toy.total"])
                .edges
                .is_empty()
        );
    }

    #[test]
    fn windows_are_sent_at_the_offset_of_the_buckets_and_months_by_number() {
        let daily = plan("2026-01-01T16:00:00Z", "2026-01-03", "2026-05-01", &["toy.daily"]);
        let start = daily.calls[0].call.arguments.instant("start").unwrap();
        assert_eq!(start.to_offset_text(), "2026-01-02T00:00:00+08:00");
        let month = plan("2024-02-20", "2024-03-01", "2026-05-01", &["toy.month"]);
        let arguments = &month.calls[0].call.arguments;
        assert_eq!(
            (arguments.whole("year"), arguments.whole("month")),
            (Some(2024), Some(2))
        );
        assert_eq!(windows(&month), ["2024-02-20T00:00:00Z 2024-03-01T00:00:00Z"]);
    }

    #[test]
    fn an_id_stays_the_same_and_tells_calls_apart() {
        let ask = |account: &str, end: &str| {
            let part = toy::part(account, toy::select(&["toy.daily"], &["x", "y", "x"]));
            Plan::make(&toy::question("2025-06-01", end, "2026-05-01", vec![part])).unwrap()
        };
        let ids = |plan: &Plan| -> Vec<String> { plan.calls.iter().map(|call| call.id.clone()).collect() };
        let first = ids(&ask("a", "2025-07-01"));
        // "x" is named twice and asked for once.
        // The first 16 digits of SHA-256 of ["toy","a","daily",[["start",{"instant":"2025-06-02T00:00:00+08:00"}],…].
        assert_eq!(first, ["24890295ac0fe90a", "f8c96ec40bd916bf"]);
        let longer = ids(&ask("a", "2026-03-01"));
        assert_eq!(longer.len(), 6);
        assert_eq!(longer.iter().collect::<HashSet<_>>().len(), 6);
        assert!(ids(&ask("b", "2025-07-01")).iter().all(|id| !first.contains(id)));
    }

    fn sources() -> impl Strategy<Value = Source> {
        let grids = (prop::sample::select(vec![300, 3600, 86_400]), -14_i32..=14)
            .prop_map(|(step, hours)| Buckets::Every(step, hours * 3600));
        let buckets = prop_oneof![
            4 => grids,
            2 => Just(Buckets::Window),
            1 => Just(Buckets::Months),
            1 => Just(Buckets::MonthSoFar),
        ];
        let spans = prop_oneof![
            (1_i64..400).prop_map(Span::Days),
            Just(Span::EachMonth),
            Just(Span::MonthOr28Days),
            Just(Span::Whole)
        ];
        (buckets, spans, prop::option::of(1_i64..800)).prop_map(|(buckets, span, history_days)| Source {
            operation: "daily",
            meters: &[],
            takes: Takes::Nothing,
            buckets,
            span,
            history_days,
            widened: 0,
            tells_end: true,
            writes: Writes::Unknown,
            ready: Settles::Unknown,
            settles: Settles::Unknown,
            other_zone: None,
            currency: None,
            by_default: true,
            page: "",
        })
    }

    fn asked_of(source: Source) -> Asked {
        let source: &'static Source = Box::leak(Box::new(source));
        Asked {
            source,
            buckets: source.buckets,
            span: source.span,
            every: None,
            arguments: Vec::new(),
            meters: Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn windows_and_what_is_out_of_reach_tile_the_buckets_of_the_range(
            source in sources(), start in 1_600_000_000_000_i64..1_800_000_000_000,
            length in 1_i64..100_000_000_000, elapsed in 1_i64..150_000_000_000,
        ) {
            let at = |millisecond| Instant::utc(Timestamp::from_millisecond(millisecond).unwrap());
            let range = Window::new(at(start), at(start + length)).unwrap();
            let now = at(start + elapsed).at;
            let asked = asked_of(source);
            let source = asked.source;
            let reach = Reach::of(&asked, range, now, &TimeZone::UTC).unwrap();
            let grid = Grid::of(source.buckets);
            let first = |at: Timestamp| grid.ceil(cut::ceil_second(at)).unwrap();
            let snapped = first(range.start().at)..first(range.end().at);
            if snapped.is_empty() {
                prop_assert_eq!((reach.windows.len(), &reach.unavailable[0].0), (0, &range));
                return Ok(());
            }
            let gaps = reach.unavailable.iter().map(|(gap, _)| gap);
            let mut all: Vec<Seconds> = reach.windows.iter().chain(gaps)
                .map(|window| window.start().at.as_second()..window.end().at.as_second())
                .collect();
            all.sort_by_key(|part| part.start);
            prop_assert_eq!(all[0].start, snapped.start);
            prop_assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start));
            let end = all[all.len() - 1].end;
            // The month so far runs to now, whatever the range.
            prop_assert!(end == snapped.end || source.buckets == Buckets::MonthSoFar && end > snapped.end);
            for window in &reach.windows {
                prop_assert!(window.start().at <= now);
                if let (Some(days), false) = (source.history_days, source.buckets == Buckets::MonthSoFar) {
                    prop_assert!(window.start().at.as_second() >= now.as_second() - days * 86_400);
                }
            }
        }

        #[test]
        fn neighbouring_ranges_meet_without_gap_or_overlap(
            source in sources().prop_filter("has buckets", |source| source.buckets != Buckets::MonthSoFar),
            start in 1_600_000_000_000_i64..1_700_000_000_000,
            lengths in (1_i64..9_000_000_000, 1_i64..9_000_000_000),
        ) {
            let at = |millisecond| Instant::utc(Timestamp::from_millisecond(millisecond).unwrap());
            let asked = asked_of(Source { history_days: None, ..source });
            let (middle, end) = (start + lengths.0, start + lengths.0 + lengths.1);
            let seconds = |from, to| -> i64 {
                let reach = Reach::of(&asked, Window::new(at(from), at(to)).unwrap(), at(1_800_000_000_000).at, &TimeZone::UTC).unwrap();
                let lengths = reach.windows.iter().map(|window| window.end().at.as_second() - window.start().at.as_second());
                lengths.sum()
            };
            prop_assert_eq!(seconds(start, middle) + seconds(middle, end), seconds(start, end));
        }
    }
}
