//! The records of deviceWISE's wire.

use crate::values::shape::{Field, Holds, Shape};

/// The id of the one command in a packet, as the published page has it.
pub const ID: &str = "get";

/// The commands that answer with an object `counters`; the others have their arrays beside `ts`.
pub const WITH_COUNTERS: &[&str] = &["usage.api.history", "usage.storage.history"];

/// The arrays that are known to stand beside `ts`.
pub const BESIDE_TS: &[&str] = &[
    "connected",
    "total",
    "billable",
    "hasRatePlan",
    "activated",
    "inSession",
];

/// The service's name of an argument.
pub fn wire_name(name: &str) -> &str {
    match name {
        "include_sub_orgs" => "includeSubOrgs",
        "show_all" => "showAll",
        "org_key" => "orgKey",
        "include_counts_by_thing_def" => "includeCountsByThingDef",
        other => other,
    }
}

/// What the history commands answer. The wire has it in several forms, so `read.rs` reads it by hand.
pub static USAGE_HISTORY: Shape = Shape {
    name: "UsageHistory",
    fields: &[
        field("counters", "series", Holds::List(&Holds::Record(&COUNTER_SERIES))),
        field("total", "total", Holds::Maybe(&Holds::Integer)),
        field("ts", "timestamps", Holds::List(&Holds::Instant)),
    ],
};

/// One counter: the keys that lead to it, and its values, or its one value if it is not split by time.
pub static COUNTER_SERIES: Shape = Shape {
    name: "CounterSeries",
    fields: &[
        field("path", "path", Holds::List(&Holds::Text)),
        field("values", "values", Holds::List(&Holds::Maybe(&Holds::Integer))),
        field("value", "value", Holds::Maybe(&Holds::Integer)),
    ],
};

/// A billing report.
pub static USAGE_REPORT: Shape = Shape {
    name: "UsageReport",
    fields: &[
        field("header", "header", Holds::Map(&Holds::Anything)),
        field("report", "report", Holds::List(&Holds::Record(&ORG_USAGE))),
    ],
};

static ORG_USAGE: Shape = Shape {
    name: "OrgUsage",
    fields: &[
        field("orgKey", "org_key", Holds::Label),
        field("parentOrgKey", "parent_org_key", Holds::Maybe(&Holds::Label)),
        count("countBillableThings", "count_billable_things"),
        count("countThings", "count_things"),
        count("countConnections", "count_connections"),
        count("countApiCalls", "count_api_calls"),
        count("countStorage", "count_storage"),
        count("countLwm2mMessages", "count_lwm2m_messages"),
        count("countTriggerActions", "count_trigger_actions"),
        count("countSms", "count_sms"),
    ],
};

const fn field(wire: &'static str, name: &'static str, holds: Holds) -> Field {
    Field { wire, name, holds }
}

/// Older servers leave the newer counts out.
const fn count(wire: &'static str, name: &'static str) -> Field {
    field(wire, name, Holds::Maybe(&Holds::Integer))
}
