//! What RICOH Live Streaming measures, and the readings in its bills.
//!
//! Rooms count where they started, so every reading is attributed by start; and since a long room may end much later,
//! a day after the window's end its last figures can still be unsettled.
//!
//! Costs stand in two places, each of which adds up to the bill by itself. `ricoh.cost` has one reading per item. The
//! cost column has each item's cost once, beside its usage; the cost of a reservation is stated for all its settings
//! together, so it stands beside `ricoh.bitrate_reservation_total`, unless each setting states its own. An item without
//! usage, or of an unknown name, has no reading for the column: its cost is in `ricoh.cost` alone, and a note says so.

use jiff::Timestamp;

use super::{ENV, FACTS, PAGE, label};
use crate::meters::{
    Buckets, Flag, Flags, Kind, Meter, Reading, Rollup, Rounding, Settles, Sink, Source, Span, Takes, Writes,
};
use crate::service::{Asked, METERS, PlannedCall, wanted};
use crate::values::arguments::{Accepts, Argument, Arguments, Needed, Value};
use crate::values::error::{Error, Result};
use crate::values::json::{At, Json};
use crate::values::quantity::Quantity;

const DAY: i64 = 86_400;

/// What `select` takes.
pub static SELECTION: &[Argument] = &[
    METERS,
    ENV,
    Argument {
        name: "by_label",
        accepts: Accepts::Flag,
        needed: Needed::Flag(false),
        doc: "every classification label by itself, instead of the whole application",
    },
    Argument {
        name: "labels",
        accepts: Accepts::Texts(label),
        needed: Needed::Optional,
        doc: "these classification labels, one call each, instead of the whole application",
    },
    Argument {
        name: "series",
        accepts: Accepts::OneOf(&["day"]),
        needed: Needed::Optional,
        doc: "\"day\": one call per day of the plan's time zone; rooms belong to the day on which they started",
    },
];

/// Where readings come from: the whole application, every label, one label. All have the same meters.
pub static SOURCES: [Source; 3] = [
    Source {
        by_default: true,
        // Only the total of the whole application is said to be floored.
        meters: &meters(Rounding::Floored),
        ..source("cost_and_usage_total")
    },
    Source {
        meters: &meters(Rounding::Exact),
        ..source("cost_and_usage_by_label")
    },
    Source {
        meters: &meters(Rounding::Exact),
        ..source("cost_and_usage_for_label")
    },
];

const fn source(operation: &'static str) -> Source {
    Source {
        operation,
        meters: &[],
        takes: Takes::Range("since", "until"),
        buckets: Buckets::Window,
        span: Span::MonthOr28Days,
        history_days: Some(365),
        widened: 0,
        tells_end: true,
        writes: Writes::Unknown,
        ready: Settles::Unknown,
        settles: Settles::After(DAY),
        currency: Some("JPY"),
        by_default: false,
        page: PAGE,
    }
}

// The places of the meters.
const CONNECTION_TIME: usize = 0;
const TRAFFIC_VOLUME: usize = 1;
const RESERVATION: usize = 2;
const RESERVATION_TOTAL: usize = 3;
const COST: usize = 4;

const fn meters(traffic: Rounding) -> [Meter; 5] {
    [
        meter(
            "ricoh.connection_time",
            "Minutes of connection; each connection is floored to whole minutes, so ranges add up exactly.",
        ),
        Meter {
            unit: "GiB",
            rounding: traffic,
            ..meter(
                "ricoh.traffic_volume",
                "Traffic: bytes sent and received by the SFU server for sfu and sfu_large rooms, bytes sent by the TURN servers for \
                 p2p_turn; that of the whole application is floored to whole GiB in each answer.",
            )
        },
        Meter {
            dimensions: &["label", "env", "bitrate_mbps"],
            ..meter(
                "ricoh.bitrate_reservation",
                "Minutes of reserved bandwidth, by its setting in Mbit/s; each room is floored to whole minutes.",
            )
        },
        meter(
            "ricoh.bitrate_reservation_total",
            "Minutes of reserved bandwidth of all settings; its cost is that of the reservations together.",
        ),
        Meter {
            unit: "JPY",
            rounding: Rounding::Approximate,
            dimensions: &["label", "env", "item_name"],
            ..meter("ricoh.cost", "Approximate cost of each item of the bill.")
        },
    ]
}

const fn meter(name: &'static str, doc: &'static str) -> Meter {
    Meter {
        name,
        unit: "minutes",
        kind: Kind::Sum,
        rollup: Rollup::ADD,
        rounding: Rounding::Floored,
        dimensions: &["label", "env"],
        doc,
    }
}

/// Which sources a selection takes, and with which arguments.
pub fn asked(selection: &Arguments) -> Result<Vec<Asked>> {
    let [total, by_label, for_label] = &SOURCES;
    // The sources have the same meters, so the places in the first are those in all.
    let places = wanted(&FACTS, selection)?.into_iter().next();
    let places = places.map(|(_, places)| places).unwrap_or_default();
    let envs = selection.distinct_texts("env");
    let labels = selection.distinct_texts("labels");
    let every_label = selection.flag("by_label") == Some(true);
    if every_label && !labels.is_empty() {
        return Err(Error::invalid(
            "by_label asks for every label; leave out either it or labels",
        ));
    }
    let ask = |source: &'static Source, label: Option<&str>| {
        let mut arguments = Vec::new();
        arguments.extend(label.map(|label| ("label".to_owned(), Value::Text(label.to_owned()))));
        if !envs.is_empty() {
            let envs = envs.iter().map(|env| Value::Text((*env).to_owned())).collect();
            arguments.push(("env".to_owned(), Value::List(envs)));
        }
        let asked = Asked::of(source, places.clone(), arguments);
        match selection.text("series") {
            Some(_) => Asked {
                span: Span::EachDay,
                ..asked
            },
            None => asked,
        }
    };
    Ok(match labels.as_slice() {
        [] if every_label => vec![ask(by_label, None)],
        [] => vec![ask(total, None)],
        labels => labels.iter().map(|label| ask(for_label, Some(label))).collect(),
    })
}

/// The readings in a document.
pub fn readings(call: &PlannedCall, document: &Json<'_>, fetched_at: Timestamp, sink: &mut dyn Sink) -> Result<()> {
    let root = At::root(document);
    let path = root.path();
    let results = root.need(&path, "results")?;
    let path = results.path();
    for (index, result) in results.list()?.iter().enumerate() {
        let at = At::item(&path, index, result);
        let bill = Bill::read(&at)?;
        let disagreements = bill.disagreements();
        let mut flags = Flags::NONE.with(Flag::AttributedByStart);
        if call.request.end().at > fetched_at {
            flags = flags.with(Flag::PartialBucket);
        }
        if !disagreements.is_empty() {
            flags = flags.with(Flag::Mismatch);
        }
        let place = at.path().to_string();
        let mut page = Page {
            call,
            place,
            flags,
            label: bill.label.as_deref(),
            sink: &mut *sink,
        };
        for disagreement in disagreements {
            page.note(&disagreement);
        }
        page.bill(&bill);
    }
    Ok(())
}

/// What one label, or the whole application, used and costs.
struct Bill {
    label: Option<String>,
    total_cost: Option<Quantity>,
    /// True if the total is there and null.
    is_null: bool,
    items: Vec<Item>,
}

/// An item of a bill, or one setting of the reserved bandwidth. No page says which of its numbers must be there.
#[derive(PartialEq)]
struct Item {
    name: String,
    usage: Option<Quantity>,
    cost: Option<Quantity>,
    settings: Option<Vec<Item>>,
}

impl Bill {
    fn read(at: &At<'_, '_>) -> Result<Self> {
        let path = at.path();
        let label = at.get(&path, "classification_label")?;
        let label = label.map(|label| label.text().map(str::to_owned)).transpose()?;
        Ok(Self {
            label,
            total_cost: at.number_if_any("approximate_total_cost")?,
            is_null: at.value.get("approximate_total_cost") == Some(&Json::Null),
            items: items(&at.need(&path, "items")?)?,
        })
    }

    /// What in it contradicts what.
    fn disagreements(&self) -> Vec<String> {
        let mut all = Vec::new();
        let costs = sum(distinct(&self.items).filter_map(|item| item.cost));
        if let Some(total) = self.total_cost.filter(|total| !are_close(Some(*total), costs))
            && !self.has_only_its_total()
        {
            let costs = shown(costs);
            all.push(format!(
                "the items' approximate_cost add up to {costs}, while approximate_total_cost is {total}"
            ));
        }
        for item in &self.items {
            let usage = item.of_settings(|setting| setting.usage);
            if item.usage.is_some() && usage.is_some() && item.usage != usage {
                let (name, whole, parts) = (&item.name, shown(item.usage), shown(usage));
                all.push(format!(
                    "the usage of {name} is {whole}, while its sub_items' is {parts}"
                ));
            }
            let cost = item.of_settings(|setting| setting.cost);
            if item.cost.is_some() && cost.is_some() && !are_close(item.cost, cost) {
                let (name, whole, parts) = (&item.name, shown(item.cost), shown(cost));
                all.push(format!(
                    "the approximate_cost of {name} is {whole}, while its sub_items' is {parts}"
                ));
            }
        }
        all
    }
}

impl Bill {
    /// True if the total is all that is said of the costs.
    fn has_only_its_total(&self) -> bool {
        self.total_cost.is_some() && self.items.iter().all(|item| item.cost.is_none())
    }
}

/// The items, without those that say again what another one says.
fn distinct(items: &[Item]) -> impl Iterator<Item = &Item> {
    let is_first = |(place, item): &(usize, &Item)| !items.iter().take(*place).any(|other| other == *item);
    items.iter().enumerate().filter(is_first).map(|(_, item)| item)
}

impl Item {
    fn read(at: &At<'_, '_>) -> Result<Self> {
        let path = at.path();
        let name = at.need(&path, "item_name")?;
        let settings = at.get(&path, "sub_items")?;
        Ok(Self {
            name: name.value.as_label().ok_or_else(|| name.expected("a string"))?,
            usage: at.number_if_any("usage")?,
            cost: at.number_if_any("approximate_cost")?,
            settings: settings.map(|settings| items(&settings)).transpose()?,
        })
    }

    /// True if it says that nothing was reserved.
    fn reserves_nothing(&self) -> bool {
        let is_free = self.cost.is_none_or(|cost| cost.scaled == 0);
        self.usage.is_none() && is_free && self.settings.as_deref().is_some_and(<[Self]>::is_empty)
    }

    /// The sum of a number over its settings, if there are any and all of them state it.
    fn of_settings(&self, number: fn(&Self) -> Option<Quantity>) -> Option<Quantity> {
        let settings = self.settings.as_ref().filter(|settings| !settings.is_empty())?;
        let numbers: Option<Vec<Quantity>> = distinct(settings).map(number).collect();
        numbers.and_then(sum)
    }
}

fn items(at: &At<'_, '_>) -> Result<Vec<Item>> {
    let path = at.path();
    let all = at.list()?.iter().enumerate();
    all.map(|(index, item)| Item::read(&At::item(&path, index, item)))
        .collect()
}

/// The sum; nothing if it does not fit.
fn sum(numbers: impl IntoIterator<Item = Quantity>) -> Option<Quantity> {
    numbers.into_iter().try_fold(Quantity::whole(0), |sum, number| {
        let scaled = sum.scaled.checked_add(number.scaled)?;
        let rounded = sum.rounded || number.rounded;
        (scaled.unsigned_abs() < 10_u128.pow(38)).then_some(Quantity { scaled, rounded })
    })
}

/// A sum for a message.
fn shown(sum: Option<Quantity>) -> String {
    sum.map_or_else(|| "more than fits".to_owned(), |sum| sum.to_string())
}

/// True if costs differ by less than a millionth of a yen, as sums of floats do.
fn are_close(one: Option<Quantity>, other: Option<Quantity>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.scaled.abs_diff(other.scaled) < 10_u128.pow(12),
        _ => false,
    }
}

/// Where the readings of one bill go.
struct Page<'a> {
    call: &'a PlannedCall,
    /// The bill's place in the document, for notes.
    place: String,
    flags: Flags,
    label: Option<&'a str>,
    sink: &'a mut dyn Sink,
}

impl Page<'_> {
    fn note(&mut self, text: &str) {
        self.sink.note(format!("{}: {text}", self.place));
    }

    fn bill(&mut self, bill: &Bill) {
        let asked_label = self.call.call.arguments.text("label");
        if let (Some(asked), Some(label)) = (asked_label, self.label)
            && asked != label
        {
            self.note(&format!("the label is {label:?}, not {asked:?} as asked for"));
        }
        if let Some(total) = bill.total_cost.filter(|_| bill.has_only_its_total()) {
            // No item says its part, so it counts once.
            self.put(COST, None, total, None);
            if !bill.items.is_empty() {
                self.note("no item has an approximate_cost: their total is kept as one");
            } else if total.scaled != 0 {
                self.note("it has an approximate_total_cost, and no items that say of which usage");
                self.null(CONNECTION_TIME, None);
                self.null(TRAFFIC_VOLUME, None);
            }
        } else if bill.is_null && bill.items.is_empty() {
            self.null(COST, None);
        }
        let is_costed = bill.total_cost.is_some() && !bill.has_only_its_total();
        for item in &bill.items {
            match item.cost {
                Some(cost) => self.put(COST, Some(&item.name), cost, None),
                None if is_costed && !item.reserves_nothing() => self.null(COST, Some(&item.name)),
                None => {}
            }
            match item.name.as_str() {
                "connection_time" => self.item(CONNECTION_TIME, item, item.usage, item.cost),
                "traffic_volume" => self.item(TRAFFIC_VOLUME, item, item.usage, item.cost),
                "bitrate_reservation" => self.reservation(item),
                name => self.note(&format!("the item {name:?} is not known: only its cost is read")),
            }
        }
    }

    fn item(&mut self, meter: usize, item: &Item, usage: Option<Quantity>, cost: Option<Quantity>) {
        if let Some(usage) = usage {
            self.put(meter, None, usage, cost);
        } else {
            self.note(&format!("{} has no usage: only its cost is read", item.name));
            self.null(meter, None);
        }
    }

    /// The settings, and all of them together. Without settings, the whole is what there is of either.
    fn reservation(&mut self, item: &Item) {
        let settings = item.settings.as_deref();
        if item.reserves_nothing() {
            // No figure, and none is missing.
            return;
        }
        let each_has_its_cost = item.of_settings(|setting| setting.cost).is_some();
        for setting in settings.unwrap_or_default() {
            if let Some(usage) = setting.usage {
                let cost = setting.cost.filter(|_| each_has_its_cost);
                self.put(RESERVATION, Some(&setting.name), usage, cost);
            } else {
                self.note(&format!("{} of {} has no usage", setting.name, item.name));
                self.null(RESERVATION, Some(&setting.name));
            }
        }
        if let (Some(usage), []) = (item.usage, settings.unwrap_or_default()) {
            self.put(RESERVATION, None, usage, None);
        }
        let usage = item.usage.or_else(|| item.of_settings(|setting| setting.usage));
        let cost = item.cost.filter(|_| !each_has_its_cost);
        self.item(RESERVATION_TOTAL, item, usage, cost);
    }

    fn put(&mut self, place: usize, last_label: Option<&str>, quantity: Quantity, cost: Option<Quantity>) {
        let Some((_, meter)) = self.call.asked.wanted().find(|(wanted, _)| *wanted == place) else {
            return;
        };
        let mut flags = Flags(self.flags.0 | meter.flags(quantity).0);
        if place == COST && is_of_floored(self.call.asked.source, last_label) {
            flags = flags.with(Flag::Floored);
        }
        if let Some(cost) = cost {
            flags = flags.with(Flag::Approximate);
            if cost.rounded {
                flags = flags.with(Flag::Rounded);
            }
        }
        let labels = labels(self.call, self.label, last_label);
        self.sink.reading(Reading {
            meter: place,
            labels: labels.get(..meter.dimensions.len()).unwrap_or(&labels),
            start: Some(self.call.request.start().at),
            end: Some(self.call.request.end().at),
            quantity,
            cost,
            flags,
        });
    }

    /// A number that is due and not there.
    fn null(&mut self, place: usize, last_label: Option<&str>) {
        let Some((_, meter)) = self.call.asked.wanted().find(|(wanted, _)| *wanted == place) else {
            return;
        };
        let labels = labels(self.call, self.label, last_label);
        let (start, end) = (self.call.request.start().at, self.call.request.end().at);
        let labels = labels.get(..meter.dimensions.len()).unwrap_or(&labels);
        self.sink.null(place, labels, start, end);
    }
}

/// True if the cost of an item follows from usage that is floored in each answer: like that usage, the sum over several
/// answers is a lower bound.
fn is_of_floored(source: &Source, item: Option<&str>) -> bool {
    let place = match item {
        // Connection time is a part of every bill.
        Some("connection_time") | None => CONNECTION_TIME,
        Some("traffic_volume") => TRAFFIC_VOLUME,
        Some("bitrate_reservation") => RESERVATION,
        Some(_) => return false,
    };
    let meter = source.meters.get(place);
    meter.is_some_and(|meter| meter.rounding == Rounding::Floored)
}

/// The values of the dimensions: the label, the environment, and the meter's own.
fn labels<'l>(call: &'l PlannedCall, label: Option<&'l str>, last: Option<&'l str>) -> [Option<&'l str>; 3] {
    let arguments = &call.call.arguments;
    // Without a choice of one, the figures are those of both environments together.
    let env = match arguments.texts("env").as_slice() {
        [env] => Some(*env),
        _ => None,
    };
    [label.or_else(|| arguments.text("label")), env, last]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::ricoh::Ricoh;
    use crate::providers::testing::{Lines, asked, asked_lines, planned, read, text, texts};
    use crate::values::error::Kind as Problem;

    macro_rules! fixture {
        ($case:literal) => {
            include_bytes!(concat!("../../../tests/fixtures/ricoh/", $case, "/reply.body"))
        };
    }

    const TOTAL: &str = "cost_and_usage_total";
    const BY_LABEL: &str = "cost_and_usage_by_label";
    const FOR_LABEL: &str = "cost_and_usage_for_label";
    const WINDOW: (&str, &str) = ("2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z");
    const LATER: &str = "2024-05-01T00:00:00Z";

    fn flag(name: &str) -> (String, Value) {
        (name.to_owned(), Value::Flag(true))
    }

    fn try_lines(operation: &str, selection: Vec<(String, Value)>, body: &[u8]) -> Result<Lines> {
        read(&Ricoh, &planned(&Ricoh, operation, selection, WINDOW), body, LATER)
    }

    fn lines(operation: &str, selection: Vec<(String, Value)>, body: &[u8]) -> Lines {
        try_lines(operation, selection, body).unwrap()
    }

    /// The readings without what all of them share.
    fn short(lines: &Lines) -> Vec<String> {
        let shorten = |line: &String| {
            let line = line.replace(" 2024-02-01/2024-03-01", "");
            line.replace("ricoh.", "").replace(" attributed_by_start", "")
        };
        lines.readings.iter().map(shorten).collect()
    }

    /// The readings of these items of the whole application, with this total.
    fn items(total: &str, items: &str) -> Lines {
        let body = format!(r#"{{"results":[{{"approximate_total_cost":{total},"items":[{items}]}}]}}"#);
        lines(TOTAL, vec![], body.as_bytes())
    }

    #[test]
    fn costs_are_close_below_a_millionth() {
        let cost = |scaled| Some(Quantity { scaled, rounded: false });
        let millionth = 10_i128.pow(12);
        assert!(are_close(cost(5), cost(4 + millionth)));
        assert!(!are_close(cost(5), cost(5 + millionth)));
        assert!(!are_close(cost(0), None));
    }

    #[test]
    fn a_sum_is_rounded_if_any_part_is_and_nothing_if_it_does_not_fit() {
        let part = |scaled, rounded| Quantity { scaled, rounded };
        assert_eq!(
            sum([part(1, false), part(2, true), part(4, false)]),
            Some(part(7, true))
        );
        assert_eq!(sum([part(1, false), part(2, false)]), Some(part(3, false)));
        assert_eq!(sum([part(10_i128.pow(38) - 1, false), part(1, false)]), None);
    }

    #[test]
    fn a_selection_is_the_whole_or_every_label_or_some() {
        for (selection, expected) in [
            (vec![], vec!["cost_and_usage_total [0, 1, 2, 3, 4]"]),
            (
                vec![texts("meters", &["ricoh.cost", "ricoh.traffic_volume"])],
                vec!["cost_and_usage_total [1, 4]"],
            ),
            (
                vec![texts("env", &["prod", "dev", "prod"])],
                vec![r#"cost_and_usage_total env=["prod","dev"] [0, 1, 2, 3, 4]"#],
            ),
            (
                vec![flag("by_label"), text("env", "dev")],
                vec![r#"cost_and_usage_by_label env=["dev"] [0, 1, 2, 3, 4]"#],
            ),
            (
                vec![texts("labels", &["a", "b", "a"]), text("meters", "ricoh.cost")],
                vec![
                    r#"cost_and_usage_for_label label="a" [4]"#,
                    r#"cost_and_usage_for_label label="b" [4]"#,
                ],
            ),
        ] {
            assert_eq!(asked_lines(&Ricoh, selection), expected);
        }
    }

    #[test]
    fn days_are_asked_one_by_one() {
        let cut = |selection| {
            let asked = asked(&Ricoh, selection).unwrap();
            asked.iter().map(|one| (one.buckets, one.span)).collect::<Vec<_>>()
        };
        assert_eq!(cut(vec![]), [(Buckets::Window, Span::MonthOr28Days)]);
        assert_eq!(
            cut(vec![text("series", "day"), flag("by_label")]),
            [(Buckets::Window, Span::EachDay)]
        );
    }

    #[test]
    fn what_cannot_be_selected_is_refused_in_one_sentence() {
        for (selection, message) in [
            (
                vec![flag("by_label"), text("labels", "a")],
                "by_label asks for every label; leave out either it or labels",
            ),
            (
                vec![text("labels", "..")],
                "labels is \"..\", which no URL can carry as a name",
            ),
            (vec![text("series", "hour")], "series must be one of day, not \"hour\""),
            (
                vec![text("meters", "ricoh.costs")],
                "RICOH Live Streaming has no meter \"ricoh.costs\"; did you mean \"ricoh.cost\"?",
            ),
        ] {
            let error = asked(&Ricoh, selection).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Problem::InvalidArgument, message)
            );
        }
    }

    #[test]
    fn all_sources_have_their_meters_in_the_same_places() {
        let names = |source: &Source| source.meters.iter().map(|meter| meter.name).collect::<Vec<_>>();
        let [total, others @ ..] = &SOURCES;
        for source in others {
            assert_eq!(names(source), names(total));
            assert!(FACTS.operations.iter().any(|known| known.name == source.operation));
        }
        assert_eq!(total.meters[COST].name, "ricoh.cost");
        assert_eq!(total.meters[RESERVATION_TOTAL].name, "ricoh.bitrate_reservation_total");
    }

    #[test]
    fn the_whole_application_is_read() {
        assert_eq!(
            lines(TOTAL, vec![], fixture!("total_without_label")),
            Lines {
                readings: [
                    "ricoh.cost[-,-,connection_time] 2024-02-01/2024-03-01 18.34 floored approximate attributed_by_start",
                    "ricoh.connection_time[-,-] 2024-02-01/2024-03-01 1834 (18.34) floored approximate \
                     attributed_by_start",
                    "ricoh.cost[-,-,traffic_volume] 2024-02-01/2024-03-01 1260 floored approximate attributed_by_start",
                    "ricoh.traffic_volume[-,-] 2024-02-01/2024-03-01 42 (1260) floored approximate \
                     attributed_by_start",
                ]
                .map(str::to_owned)
                .to_vec(),
                notes: vec![],
            }
        );
        assert_eq!(lines(TOTAL, vec![], fixture!("empty_results")), Lines::default());
    }

    #[test]
    fn a_reservation_costs_once_beside_its_total() {
        let found = lines(
            FOR_LABEL,
            vec![text("labels", "tenant-7")],
            fixture!("for_label_sub_items"),
        );
        assert_eq!(
            short(&found),
            [
                "cost[tenant-7,-,connection_time] 18.34 floored approximate",
                "connection_time[tenant-7,-] 1834 (18.34) floored approximate",
                "cost[tenant-7,-,traffic_volume] 1260 approximate",
                // A label's traffic is not said to be floored.
                "traffic_volume[tenant-7,-] 42 (1260) approximate",
                "cost[tenant-7,-,bitrate_reservation] 965.36 floored approximate",
                "bitrate_reservation[tenant-7,-,10] 600 floored",
                "bitrate_reservation[tenant-7,-,60] 35 floored",
                "bitrate_reservation_total[tenant-7,-] 635 (965.36) floored approximate",
            ]
        );
        assert_eq!(found.notes, [""; 0]);
    }

    #[test]
    fn settings_that_state_their_own_costs_carry_them() {
        let found = items(
            "3.5",
            r#"{"item_name":"bitrate_reservation","usage":30,"approximate_cost":3.5,"sub_items":[
                {"item_name":10,"usage":20,"approximate_cost":1.5},{"item_name":60,"usage":10,"approximate_cost":2}]}"#,
        );
        assert_eq!(
            short(&found),
            [
                "cost[-,-,bitrate_reservation] 3.5 floored approximate",
                "bitrate_reservation[-,-,10] 20 (1.5) floored approximate",
                "bitrate_reservation[-,-,60] 10 (2) floored approximate",
                "bitrate_reservation_total[-,-] 30 floored",
            ]
        );
        assert_eq!(found.notes, [""; 0]);
    }

    #[test]
    fn a_reservation_without_settings_has_no_bitrate() {
        let whole = r#"{"item_name":"bitrate_reservation","usage":30,"approximate_cost":3}"#;
        let found = items("3", whole);
        assert_eq!(
            short(&found),
            [
                "cost[-,-,bitrate_reservation] 3 floored approximate",
                "bitrate_reservation[-,-,-] 30 floored",
                "bitrate_reservation_total[-,-] 30 (3) floored approximate",
            ]
        );
        let nothing = r#"{"item_name":"bitrate_reservation","approximate_cost":0,"sub_items":[]}"#;
        let found = items("0", nothing);
        assert_eq!(short(&found), ["cost[-,-,bitrate_reservation] 0 floored approximate"]);
        assert_eq!(found.notes, [""; 0]);
    }

    #[test]
    fn what_is_missing_is_noted_and_never_zero() {
        for (total, body, readings, note) in [
            (
                "5",
                r#"{"item_name":"connection_time","usage":null,"approximate_cost":5}"#,
                vec!["cost[-,-,connection_time] 5 floored approximate"],
                "$.results[0]: connection_time has no usage: only its cost is read",
            ),
            (
                "5",
                r#"{"item_name":"bitrate_reservation","approximate_cost":5,"sub_items":[]}"#,
                vec!["cost[-,-,bitrate_reservation] 5 floored approximate"],
                "$.results[0]: bitrate_reservation has no usage: only its cost is read",
            ),
            (
                "5",
                r#"{"item_name":"recording","usage":9,"approximate_cost":5}"#,
                vec!["cost[-,-,recording] 5 approximate"],
                "$.results[0]: the item \"recording\" is not known: only its cost is read",
            ),
        ] {
            let found = items(total, body);
            assert_eq!(
                (short(&found), found.notes),
                (
                    readings.iter().map(ToString::to_string).collect(),
                    vec![note.to_owned()]
                )
            );
        }
        let found = items(
            "null",
            r#"{"item_name":"bitrate_reservation","sub_items":[{"item_name":"10","usage":2},{"item_name":"60"}]}"#,
        );
        assert_eq!(short(&found), ["bitrate_reservation[-,-,10] 2 floored"]);
        assert_eq!(
            found.notes,
            [
                "$.results[0]: 60 of bitrate_reservation has no usage",
                "$.results[0]: bitrate_reservation has no usage: only its cost is read",
            ]
        );
    }

    #[test]
    fn parts_that_are_not_the_whole_are_flagged_and_noted() {
        let found = lines(TOTAL, vec![texts("meters", &["ricoh.cost"])], fixture!("exact_numbers"));
        assert_eq!(
            short(&found),
            [
                "cost[exact,-,connection_time] 149514.99999999997 floored approximate mismatch",
                "cost[exact,-,traffic_volume] 4503380.1 floored approximate mismatch",
                "cost[exact,-,bitrate_reservation] 0 floored approximate mismatch",
            ]
        );
        assert_eq!(
            found.notes,
            [
                "$.results[0]: the items' approximate_cost add up to 4652895.09999999997, while approximate_total_cost is \
                 4503380.1"
            ]
        );
        let found = items(
            "3",
            r#"{"item_name":"bitrate_reservation","usage":31,"approximate_cost":3,"sub_items":[
                {"item_name":"10","usage":30,"approximate_cost":2.99}]}"#,
        );
        assert_eq!(
            found.notes,
            [
                "$.results[0]: the usage of bitrate_reservation is 31, while its sub_items' is 30",
                "$.results[0]: the approximate_cost of bitrate_reservation is 3, while its sub_items' is 2.99",
            ]
        );
        assert!(
            found
                .readings
                .iter()
                .all(|line| line.ends_with("attributed_by_start mismatch"))
        );
        // The error of a float is none.
        let found = items(
            "0.30000000000000004",
            r#"{"item_name":"traffic_volume","usage":0,"approximate_cost":0.3}"#,
        );
        assert_eq!(found.notes, [""; 0]);
    }

    #[test]
    fn numbers_are_exact() {
        let selection = vec![texts("meters", &["ricoh.connection_time", "ricoh.bitrate_reservation"])];
        assert_eq!(
            short(&lines(TOTAL, selection, fixture!("exact_numbers"))),
            [
                "connection_time[exact,-] 18446744073709551615 (149514.99999999997) floored approximate mismatch",
                "bitrate_reservation[exact,-,10] 0 floored mismatch",
                "bitrate_reservation[exact,-,60] 0.25 floored mismatch",
            ]
        );
        let found = items(
            "null",
            r#"{"item_name":"traffic_volume","usage":1,"approximate_cost":1e-19}"#,
        );
        assert_eq!(
            short(&found),
            [
                "cost[-,-,traffic_volume] 0 floored approximate rounded",
                "traffic_volume[-,-] 1 (0) floored approximate rounded",
            ]
        );
    }

    #[test]
    fn labels_and_one_environment_have_their_columns() {
        let traffic = || texts("meters", &["ricoh.traffic_volume"]);
        let by_label = fixture!("by_label_starts_with");
        let found = lines(
            BY_LABEL,
            vec![flag("by_label"), traffic(), text("env", "prod")],
            by_label,
        );
        assert_eq!(short(&found), ["traffic_volume[default,prod] 1 (30) approximate"]);
        let both = texts("env", &["prod", "dev"]);
        let found = lines(BY_LABEL, vec![flag("by_label"), traffic(), both], by_label);
        assert_eq!(short(&found), ["traffic_volume[default,-] 1 (30) approximate"]);

        let unnamed = br#"{"results":[{"items":[{"item_name":"traffic_volume","usage":0.5}]}]}"#;
        let found = lines(FOR_LABEL, vec![text("labels", "a"), traffic()], unnamed);
        assert_eq!(short(&found), ["traffic_volume[a,-] 0.5"]);
        let found = lines(FOR_LABEL, vec![text("labels", "a"), traffic()], by_label);
        assert_eq!(
            found.notes,
            [
                "$.results[0]: the label is \"default\", not \"a\" as asked for",
                "$.results[1]: the label is \"tenant-7\", not \"a\" as asked for",
            ]
        );
    }

    #[test]
    fn a_window_that_is_not_over_says_so() {
        let call = planned(&Ricoh, TOTAL, vec![text("meters", "ricoh.cost")], WINDOW);
        let body = fixture!("total_without_label");
        for (fetched_at, is_partial) in [("2024-02-29T23:59:59Z", true), ("2024-03-01T00:00:00Z", false)] {
            let found = read(&Ricoh, &call, body, fetched_at).unwrap();
            assert!(
                found
                    .readings
                    .iter()
                    .all(|line| line.contains(" partial_bucket") == is_partial)
            );
        }
    }

    #[test]
    fn a_wrong_shape_is_named_with_its_place() {
        for (body, message) in [
            ("{}", "$.results: the field is missing"),
            ("[]", "$: expected an object, found an array"),
            (r#"{"results":null}"#, "$.results: expected an array, found null"),
            (r#"{"results":[{}]}"#, "$.results[0].items: the field is missing"),
            (
                r#"{"results":[{"items":[],"classification_label":7}]}"#,
                "$.results[0].classification_label: expected a string, found a number",
            ),
            (
                r#"{"results":[{"items":[{"item_name":"a","usage":"1"}]}]}"#,
                "$.results[0].items[0].usage: expected a number, found a string",
            ),
            (
                r#"{"results":[{"items":[{"item_name":"a","sub_items":[{}]}]}]}"#,
                "$.results[0].items[0].sub_items[0].item_name: the field is missing",
            ),
            (
                r#"{"results":[{"items":[{"item_name":null}]}]}"#,
                "$.results[0].items[0].item_name: expected a string, found null",
            ),
        ] {
            let error = try_lines(TOTAL, vec![], body.as_bytes()).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Problem::UnexpectedResponse, message)
            );
        }
    }
}
