//! The records of RICOH's wire. The page marks no field as required, so only what gives an answer its structure is.

use crate::values::shape::{Field, Holds, Shape};

/// The answer of all three operations.
pub static COST_AND_USAGE: Shape = Shape {
    name: "CostAndUsage",
    fields: &[field("results", "results", Holds::List(&Holds::Record(&LABEL_USAGE)))],
};

/// What one classification label, or the whole application, used.
pub static LABEL_USAGE: Shape = Shape {
    name: "LabelUsage",
    fields: &[
        // Whether the total of the whole application carries a label is unknown.
        field("classification_label", "label", Holds::Maybe(&Holds::Text)),
        field("approximate_total_cost", "approximate_total_cost", NUMBER),
        field("items", "items", Holds::List(&Holds::Record(&USAGE_ITEM))),
    ],
};

/// One item of the bill. The cost of an item with sub-items covers theirs.
pub static USAGE_ITEM: Shape = Shape {
    name: "UsageItem",
    fields: &[
        ITEM_NAME,
        USAGE,
        COST,
        field(
            "sub_items",
            "sub_items",
            Holds::Maybe(&Holds::List(&Holds::Record(&USAGE_SUB_ITEM))),
        ),
    ],
};

/// One setting of the reserved bandwidth; its name is that setting in Mbit/s.
pub static USAGE_SUB_ITEM: Shape = Shape {
    name: "UsageSubItem",
    fields: &[ITEM_NAME, USAGE, COST],
};

const NUMBER: Holds = Holds::Maybe(&Holds::Decimal);
const ITEM_NAME: Field = field("item_name", "item_name", Holds::Label);
const USAGE: Field = field("usage", "usage", NUMBER);
const COST: Field = field("approximate_cost", "approximate_cost", NUMBER);

const fn field(wire: &'static str, name: &'static str, holds: Holds) -> Field {
    Field { wire, name, holds }
}
