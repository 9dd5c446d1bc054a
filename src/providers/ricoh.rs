//! RICOH's bills, which add up in more than one way.
//!
//! Rooms count where they started, so every reading is attributed by start; and since a long room may end much later,
//! a day after the window's end its last figures can still be unsettled.
//!
//! Costs stand in two places, each of which adds up to the bill by itself. `ricoh.cost` has one reading per item. The
//! cost column has each item's cost once, beside its usage; the cost of a reservation is stated for all its settings
//! together, so it stands beside `ricoh.bitrate_reservation_total`, unless each setting states its own. An item without
//! usage, or of an unknown name, has no reading for the column: its cost is in `ricoh.cost` alone, and a note says so.

use jiff::Timestamp;

use super::documented::Beside;
use crate::meters::{Flag, Flags, Reading, Rounding, Sink};
use crate::service::{PlannedCall, Reply};
use crate::spec::document::Document;
use crate::values::error::Result;
use crate::values::json::{At, Json};
use crate::values::quantity::Quantity;

/// The items that have meters, at the meters' places.
const ITEMS: [&str; 3] = ["connection_time", "traffic_volume", "bitrate_reservation"];
const RESERVATION: usize = 2;
const RESERVATION_TOTAL: usize = 3;
const COST: usize = 4;

/// What no document can say of its bills.
pub struct Bills;

impl Beside for Bills {
    fn collect(
        &self,
        document: &'static Document,
        call: &PlannedCall,
        reply: &Reply,
        fetched_at: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<Option<String>> {
        document.collect_by(&call.call, reply, |at| {
            let path = at.path();
            let results = at.need(&path, "results")?;
            let path = results.path();
            for (index, result) in results.list()?.iter().enumerate() {
                let at = At::item(&path, index, result);
                let bill = Bill::read(&at)?;
                let mut flags = Flags::NONE.with(Flag::AttributedByStart);
                if call.request.end().at > fetched_at {
                    flags = flags.with(Flag::PartialBucket);
                }
                let place = at.path().to_string();
                Page {
                    call,
                    place,
                    flags,
                    sink: &mut *sink,
                }
                .bill(&bill);
            }
            Ok(())
        })
    }
}

/// What one label, or the whole application, used and costs.
struct Bill {
    label: Option<String>,
    total: Option<Quantity>,
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
    settings: Vec<Item>,
    /// True if it says that it has no settings.
    has_none: bool,
}

impl Bill {
    fn read(at: &At<'_, '_>) -> Result<Self> {
        let path = at.path();
        let label = at.get(&path, "classification_label")?;
        Ok(Self {
            label: label.map(|label| label.text().map(str::to_owned)).transpose()?,
            total: at.number_if_any("approximate_total_cost")?,
            is_null: at.value.get("approximate_total_cost") == Some(&Json::Null),
            items: items(&at.need(&path, "items")?)?,
        })
    }

    /// The total, if it is all that is said of the costs.
    fn only_total(&self) -> Option<Quantity> {
        self.total.filter(|_| self.items.iter().all(|item| item.cost.is_none()))
    }

    /// What in it contradicts what.
    fn disagreements(&self) -> Vec<String> {
        let mut all = Vec::new();
        let costs = sum(distinct(&self.items).filter_map(|item| item.cost));
        if let Some(total) = self.total.filter(|_| self.only_total().is_none())
            && !costs.is_some_and(|costs| are_close(total, costs))
        {
            let costs = costs.map_or_else(|| "more than fits".to_owned(), |sum| sum.to_string());
            let text =
                format!("the items' approximate_cost add up to {costs}, while approximate_total_cost is {total}");
            all.push(text);
        }
        for item in &self.items {
            for (what, whole, parts) in [
                ("usage", item.usage, item.of_settings(|setting| setting.usage)),
                ("approximate_cost", item.cost, item.of_settings(|setting| setting.cost)),
            ] {
                if let (Some(whole), Some(parts)) = (whole, parts)
                    && whole != parts
                    && (what == "usage" || !are_close(whole, parts))
                {
                    let name = &item.name;
                    all.push(format!(
                        "the {what} of {name} is {whole}, while its sub_items' is {parts}"
                    ));
                }
            }
        }
        all
    }
}

impl Item {
    fn read(at: &At<'_, '_>) -> Result<Self> {
        let path = at.path();
        let name = at.need(&path, "item_name")?;
        let settings = at
            .get(&path, "sub_items")?
            .map(|settings| items(&settings))
            .transpose()?;
        Ok(Self {
            name: name.value.as_label().ok_or_else(|| name.expected("a string"))?,
            usage: at.number_if_any("usage")?,
            cost: at.number_if_any("approximate_cost")?,
            has_none: settings.as_ref().is_some_and(Vec::is_empty),
            settings: settings.unwrap_or_default(),
        })
    }

    /// True if it says that nothing was reserved: it has no figure, and none is missing.
    fn reserves_nothing(&self) -> bool {
        self.usage.is_none() && self.has_none && self.cost.is_none_or(|cost| cost.scaled == 0)
    }

    /// The sum of a number over its settings, if there are any and all of them state it.
    fn of_settings(&self, number: fn(&Self) -> Option<Quantity>) -> Option<Quantity> {
        let numbers: Vec<Quantity> = distinct(&self.settings).map(number).collect::<Option<_>>()?;
        sum(numbers).filter(|_| !self.settings.is_empty())
    }
}

fn items(at: &At<'_, '_>) -> Result<Vec<Item>> {
    let path = at.path();
    let all = at.list()?;
    let all = all.iter().enumerate();
    all.map(|(index, item)| Item::read(&At::item(&path, index, item)))
        .collect()
}

/// The items, without those that say again what another one says.
fn distinct(items: &[Item]) -> impl Iterator<Item = &Item> {
    let is_first = |(place, item): &(usize, &Item)| !items.iter().take(*place).any(|other| other == *item);
    items.iter().enumerate().filter(is_first).map(|(_, item)| item)
}

/// The sum; nothing if it does not fit.
fn sum(numbers: impl IntoIterator<Item = Quantity>) -> Option<Quantity> {
    numbers.into_iter().try_fold(Quantity::whole(0), |sum, number| {
        let scaled = sum.scaled.checked_add(number.scaled)?;
        let rounded = sum.rounded || number.rounded;
        (scaled.unsigned_abs() < 10_u128.pow(38)).then_some(Quantity { scaled, rounded })
    })
}

/// True if costs differ by less than a millionth of a yen, as sums of floats do.
fn are_close(one: Quantity, other: Quantity) -> bool {
    one.scaled.abs_diff(other.scaled) < 10_u128.pow(12)
}

/// Where the readings of one bill go.
struct Page<'a> {
    call: &'a PlannedCall,
    /// The bill's place in the document, for notes.
    place: String,
    flags: Flags,
    sink: &'a mut dyn Sink,
}

impl Page<'_> {
    fn note(&mut self, text: &str) {
        self.sink.note(format!("{}: {text}", self.place));
    }

    fn bill(&mut self, bill: &Bill) {
        for disagreement in bill.disagreements() {
            self.flags = self.flags.with(Flag::Mismatch);
            self.note(&disagreement);
        }
        let asked = self.call.call.arguments.text("label");
        if let (Some(asked), Some(label)) = (asked, &bill.label)
            && asked != label
        {
            self.note(&format!("the label is {label:?}, not {asked:?} as asked for"));
        }
        let label = bill.label.as_deref().or(asked);
        if let Some(total) = bill.only_total() {
            // No item says its part, so it counts once.
            self.put(COST, [label, None], Some(total), None);
            if !bill.items.is_empty() {
                self.note("no item has an approximate_cost: their total is kept as one");
            } else if total.scaled != 0 {
                self.note("it has an approximate_total_cost, and no items that say of which usage");
                // These two are a part of every bill.
                self.put(0, [label, None], None, None);
                self.put(1, [label, None], None, None);
            }
        } else if bill.is_null && bill.items.is_empty() {
            self.put(COST, [label, None], None, None);
        }
        let is_costed = bill.total.is_some() && bill.only_total().is_none();
        for item in &bill.items {
            if item.cost.is_some() || is_costed && !item.reserves_nothing() {
                self.put(COST, [label, Some(&item.name)], item.cost, None);
            }
            match place_of(&item.name) {
                Some(RESERVATION) if item.reserves_nothing() => {}
                Some(RESERVATION) => self.reservation(item, label),
                Some(place) => self.item(place, item, label, item.usage, item.cost),
                None => self.note(&format!("the item {:?} is not known: only its cost is read", item.name)),
            }
        }
    }

    fn item(
        &mut self,
        place: usize,
        item: &Item,
        label: Option<&str>,
        usage: Option<Quantity>,
        cost: Option<Quantity>,
    ) {
        if usage.is_none() {
            self.note(&format!("{} has no usage: only its cost is read", item.name));
        }
        self.put(place, [label, None], usage, cost);
    }

    /// The settings, and all of them together. Without settings, the whole is what there is of either.
    fn reservation(&mut self, item: &Item, label: Option<&str>) {
        let each_has_its_cost = item.of_settings(|setting| setting.cost).is_some();
        for setting in &item.settings {
            if setting.usage.is_none() {
                self.note(&format!("{} of {} has no usage", setting.name, item.name));
            }
            let cost = setting.cost.filter(|_| each_has_its_cost);
            self.put(RESERVATION, [label, Some(&setting.name)], setting.usage, cost);
        }
        if item.usage.is_some() && item.settings.is_empty() {
            self.put(RESERVATION, [label, None], item.usage, None);
        }
        let usage = item.usage.or_else(|| item.of_settings(|setting| setting.usage));
        let cost = item.cost.filter(|_| !each_has_its_cost);
        self.item(RESERVATION_TOTAL, item, label, usage, cost);
    }

    /// A number, or nothing where one is due and not there; told apart by a label, and by what only its meter has.
    fn put(
        &mut self,
        place: usize,
        [label, own]: [Option<&str>; 2],
        quantity: Option<Quantity>,
        cost: Option<Quantity>,
    ) {
        let Some((_, meter)) = self.call.asked.wanted().find(|(wanted, _)| *wanted == place) else {
            return;
        };
        // Without a choice of one, the figures are those of both environments together.
        let envs = self.call.call.arguments.texts("env");
        let env = envs.first().filter(|_| envs.len() == 1).copied();
        let labels = [label, env, own];
        let labels = labels.get(..meter.dimensions.len()).unwrap_or(&labels);
        let (start, end) = (self.call.request.start().at, self.call.request.end().at);
        let Some(quantity) = quantity else {
            return self.sink.null(place, labels, start, end);
        };
        let mut flags = Flags(self.flags.0 | meter.flags(quantity).0);
        // The cost of what is floored in each answer is, like that, a lower bound when several are added up.
        let meters = self.call.asked.source.meters;
        let usage = place_of(own.unwrap_or(ITEMS[0])).and_then(|place| meters.get(place));
        if place == COST && usage.is_some_and(|meter| meter.rounding == Rounding::Floored) {
            flags = flags.with(Flag::Floored);
        }
        if let Some(cost) = cost {
            flags = flags.with(Flag::Approximate);
            if cost.rounded {
                flags = flags.with(Flag::Rounded);
            }
        }
        self.sink.reading(Reading {
            meter: place,
            labels,
            start: Some(start),
            end: Some(end),
            quantity,
            cost,
            flags,
        });
    }
}

/// The place of the meter that an item's usage has.
fn place_of(item: &str) -> Option<usize> {
    ITEMS.iter().position(|known| *known == item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_close_below_a_millionth() {
        let cost = |scaled| Quantity { scaled, rounded: false };
        let millionth = 10_i128.pow(12);
        assert!(are_close(cost(5), cost(4 + millionth)));
        assert!(!are_close(cost(5), cost(5 + millionth)));
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
}
