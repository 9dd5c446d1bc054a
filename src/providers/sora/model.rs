//! The records of Sora Cloud's wire.

use crate::values::shape::{Field, Holds, Shape};

/// Bytes of a month.
pub static TRAFFIC: Shape = Shape {
    name: "Traffic",
    fields: &[
        Field {
            wire: "ingress",
            name: "ingress",
            holds: Holds::Integer,
        },
        Field {
            wire: "egress",
            name: "egress",
            holds: Holds::Integer,
        },
    ],
};

/// A row of a time series whose time key is `date`, as organisation calls have it.
pub static TRAFFIC_BY_DATE: Shape = Shape {
    name: "TrafficPeriod",
    fields: ROW_BY_DATE,
};

/// A row of a time series whose time key is `timestamp`, as project calls have it.
pub static TRAFFIC_BY_TIMESTAMP: Shape = Shape {
    name: "TrafficPeriod",
    fields: ROW_BY_TIMESTAMP,
};

const ROW_BY_DATE: &[Field] = &row("date");
const ROW_BY_TIMESTAMP: &[Field] = &row("timestamp");

/// The two forms of a row differ in the name of the time key alone; ours is `start` for both.
const fn row(time_key: &'static str) -> [Field; 5] {
    [
        Field {
            wire: time_key,
            name: "start",
            holds: Holds::Instant,
        },
        Field {
            wire: "max_concurrent_connections",
            name: "max_concurrent_connections",
            holds: Holds::Integer,
        },
        Field {
            wire: "max_bandwidth_mbps",
            name: "max_bandwidth_mbps",
            holds: Holds::Integer,
        },
        Field {
            wire: "ingress",
            name: "ingress",
            holds: Holds::Integer,
        },
        Field {
            wire: "egress",
            name: "egress",
            holds: Holds::Integer,
        },
    ]
}
