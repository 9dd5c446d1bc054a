//! What Volcengine Live measures: the usage calls whose rows have a moment, as sources of readings.
//!
//! A source's meters stand in the order of the figures in its call's rows and totals ([`model::CALLS`]). The calls that
//! list streams, tasks or files in pages are left out: their rows have no moment.

use super::model::{self, Usage};
use crate::meters::{Buckets, Combine, Kind, Meter, Rollup, Rounding, Settles, Source, Span, Takes, Writes};
use crate::service::{Asked, Facts, METERS, wanted};
use crate::values::arguments::{Accepts, Argument, Arguments, Needed, Value, plain};
use crate::values::error::{Error, Kind as Problem, Result};

const HOUR: i64 = 3600;
const DAY: i64 = 86400;
/// Days begin at midnight in China, the offset of every documented example.
pub const CHINA: i32 = 8 * 3600;

/// The arguments of a selection that each make one call for each of their values, and the dimension of those values:
/// rows do not carry it, so a call for several values would tell only their sum.
pub const FILTERS: &[(&str, &str)] = &[("vhosts", "vhost"), ("domains", "domain"), ("groups", "group")];

/// What `select` takes.
pub const SELECTION: &[Argument] = &[
    METERS,
    filter(
        "vhosts",
        "the domain spaces, with a call for each; all of the account as one otherwise",
    ),
    filter(
        "domains",
        "the domains, with a call for each; all of the account as one otherwise",
    ),
    filter(
        "groups",
        "the groups of pull-to-push tasks, with a call for each; all of the account as one otherwise",
    ),
    Argument {
        name: "aggregation",
        accepts: Accepts::WholeOf(&[60, 300, HOUR, DAY]),
        needed: Needed::Optional,
        doc: "the length of a bucket, in seconds; the longest that each meter has, mostly a day, if left out",
    },
];

const BY_VHOST: &[&str] = &["vhost"];
const BY_DOMAIN: &[&str] = &["domain"];
const BY_GROUP: &[&str] = &["group"];

/// Where readings come from.
pub static SOURCES: &[Source] = &[
    Source {
        meters: &[Meter {
            dimensions: BY_VHOST,
            kind: Kind::Gauge,
            rollup: Rollup::LEVEL,
            ..sum(
                "volcengine.time_shift_storage",
                "GiB",
                "Storage of time-shift on a day; without files in VoD or TOS.",
            )
        }],
        // The page says the next day at 08:00, presumably in China.
        settles: Settles::AtTimeOfDay(8 * HOUR, CHINA),
        by_default: true,
        page: "https://www.volcengine.com/docs/6469/1126905",
        ..source("time_shift_data")
    },
    Source {
        meters: &[
            peak("volcengine.up_bandwidth", "Mbps", "Peak bandwidth up, to the service."),
            peak(
                "volcengine.down_bandwidth",
                "Mbps",
                "Peak bandwidth down, to the viewers.",
            ),
        ],
        by_default: true,
        page: "https://www.volcengine.com/docs/6469/1126898",
        ..source("bandwidth_data")
    },
    Source {
        meters: &[
            sum("volcengine.up_traffic", "GB", "Traffic up, to the service."),
            sum("volcengine.down_traffic", "GB", "Traffic down, to the viewers."),
        ],
        by_default: true,
        page: "https://www.volcengine.com/docs/6469/1126899",
        ..source("traffic_data")
    },
    Source {
        meters: &[Meter {
            rollup: Rollup {
                over_time: Combine::Refuse,
                over_labels: Combine::Refuse,
            },
            ..peak(
                "volcengine.p95_peak_bandwidth",
                "Mbps",
                "The 95th percentile of bandwidth over the whole window of a call, presumably in Mbps.",
            )
        }],
        buckets: Buckets::Window,
        page: "https://www.volcengine.com/docs/6469/1126906",
        ..source("p95_peak_bandwidth_data")
    },
    Source {
        meters: &[Meter {
            dimensions: &["domain", "transcode_type", "resolution"],
            ..sum(
                "volcengine.transcode_duration",
                "minutes",
                "Minutes of transcoding by kind and resolution.",
            )
        }],
        settles: Settles::After(1200),
        page: "https://www.volcengine.com/docs/6469/1126901",
        ..source("transcode_data")
    },
    Source {
        meters: &[peak(
            "volcengine.record_concurrency",
            "recordings",
            "The most recordings at once.",
        )],
        settles: Settles::After(7 * HOUR),
        page: "https://www.volcengine.com/docs/6469/1126900",
        ..source("record_data")
    },
    Source {
        meters: &[sum("volcengine.snapshots", "pictures", "Pictures taken.")],
        page: "https://www.volcengine.com/docs/6469/1126902",
        ..source("snapshot_data")
    },
    Source {
        meters: &[sum("volcengine.audits", "pictures", "Pictures audited.")],
        page: "https://www.volcengine.com/docs/6469/1126903",
        ..source("audit_data")
    },
    Source {
        meters: &[Meter {
            dimensions: BY_GROUP,
            ..sum(
                "volcengine.pull_to_push_duration",
                "minutes",
                "Minutes of pulling a stream to push it elsewhere.",
            )
        }],
        page: "https://www.volcengine.com/docs/6469/1126904",
        ..source("pull_to_push_data")
    },
    Source {
        meters: &[Meter {
            dimensions: BY_GROUP,
            ..peak(
                "volcengine.pull_to_push_bandwidth",
                "Mbps",
                "Peak bandwidth of pulling a stream to push it elsewhere.",
            )
        }],
        page: "https://www.volcengine.com/docs/6469/1126907",
        ..source("pull_to_push_bandwidth_data")
    },
    Source {
        meters: &[
            peak("volcengine.edge_up_bandwidth", "Mbps", "Peak bandwidth up at the edge."),
            peak(
                "volcengine.edge_down_bandwidth",
                "Mbps",
                "Peak bandwidth down at the edge.",
            ),
            sum("volcengine.edge_up_traffic", "GB", "Traffic up at the edge."),
            sum("volcengine.edge_down_traffic", "GB", "Traffic down at the edge."),
            sum("volcengine.edge_requests", "requests", "Requests at the edge."),
        ],
        page: "https://www.volcengine.com/docs/6469/1399004",
        ..hourly("edge_stat_data", 31)
    },
    Source {
        meters: &[
            peak(
                "volcengine.metric_up_bandwidth",
                "Mbps",
                "Peak bandwidth up as monitored; retired in 2025 in favour of the edge's.",
            ),
            peak(
                "volcengine.metric_down_bandwidth",
                "Mbps",
                "Peak bandwidth down as monitored; retired in 2025 in favour of the edge's.",
            ),
        ],
        page: "https://www.volcengine.com/docs/6469/1126922",
        ..hourly("metric_bandwidth_data", 93)
    },
    Source {
        meters: &[
            sum(
                "volcengine.metric_up_traffic",
                "GB",
                "Traffic up as monitored; retired in 2025 in favour of the edge's.",
            ),
            sum(
                "volcengine.metric_down_traffic",
                "GB",
                "Traffic down as monitored; retired in 2025 in favour of the edge's.",
            ),
        ],
        page: "https://www.volcengine.com/docs/6469/1126920",
        ..hourly("metric_traffic_data", 93)
    },
    Source {
        meters: &[
            sum("volcengine.source_traffic", "GB", "Traffic back to the source."),
            peak(
                "volcengine.source_traffic_bandwidth",
                "Mbps",
                "Peak bandwidth back to the source, as the call on its traffic tells it.",
            ),
        ],
        page: "https://www.volcengine.com/docs/6469/1126923",
        ..hourly("source_traffic_data", 31)
    },
    Source {
        meters: &[peak(
            "volcengine.source_bandwidth",
            "Mbps",
            "Peak bandwidth back to the source.",
        )],
        ..hourly("source_bandwidth_data", 93)
    },
    Source {
        meters: &[
            peak("volcengine.online_users", "users", "The most users at once."),
            sum("volcengine.session_requests", "requests", "Requests of users."),
        ],
        page: "https://www.volcengine.com/docs/6469/1126919",
        ..hourly("stream_session_data", 31)
    },
    Source {
        meters: &[peak("volcengine.streams", "streams", "The most streams at once.")],
        settles: Settles::After(300),
        page: "https://www.volcengine.com/docs/6469/1134317",
        ..hourly("stream_count_data", 31)
    },
    Source {
        meters: &[peak(
            "volcengine.push_streams",
            "streams",
            "The most pushed streams at once.",
        )],
        settles: Settles::Unknown,
        ..source("push_stream_count_data")
    },
    Source {
        // The share of each status is left out: it follows from the requests, and its unit is not known.
        meters: &[Meter {
            dimensions: &["domain", "status_code"],
            ..sum(
                "volcengine.status_code_requests",
                "requests",
                "Requests that were answered with each HTTP status.",
            )
        }],
        settles: Settles::Unknown,
        ..hourly("play_status_code_data", 93)
    },
];

/// A call that knows days, for 93 of them.
const fn source(operation: &'static str) -> Source {
    Source {
        operation,
        meters: &[],
        takes: Takes::Range("start", "end"),
        buckets: Buckets::Every(DAY, CHINA),
        span: Span::Days(93),
        history_days: Some(366),
        widened: 0,
        tells_end: true,
        writes: Writes::Unknown,
        ready: Settles::Unknown,
        // Most pages say 15 minutes; some say 5 for buckets of a minute, which is not told apart here.
        settles: Settles::After(900),
        currency: None,
        by_default: false,
        // Calls without a page of their own point to the page on common parameters.
        page: "https://www.volcengine.com/docs/6469/1126803",
    }
}

/// A call that knows no longer bucket than an hour.
const fn hourly(operation: &'static str, days: i64) -> Source {
    Source {
        buckets: Buckets::Every(HOUR, CHINA),
        span: Span::Days(days),
        ..source(operation)
    }
}

const fn sum(name: &'static str, unit: &'static str, doc: &'static str) -> Meter {
    Meter {
        name,
        unit,
        kind: Kind::Sum,
        rollup: Rollup::ADD,
        rounding: Rounding::Exact,
        dimensions: BY_DOMAIN,
        doc,
    }
}

const fn peak(name: &'static str, unit: &'static str, doc: &'static str) -> Meter {
    Meter {
        kind: Kind::Peak,
        rollup: Rollup::PEAK,
        ..sum(name, unit, doc)
    }
}

const fn filter(name: &'static str, doc: &'static str) -> Argument {
    Argument {
        name,
        accepts: Accepts::Texts(plain),
        needed: Needed::Optional,
        doc,
    }
}

/// What is known of a source's call.
pub fn usage(source: &Source) -> Result<&'static Usage> {
    model::usage(source.operation)
        .ok_or_else(|| Error::new(Problem::Internal, "a source that is not in the table of facts"))
}

/// The sources that a selection takes: one for each value of what it filters by. A filter narrows the sources that know
/// it; the others tell of the whole account, and their rows say so.
pub fn asked(facts: &Facts, selection: &Arguments) -> Result<Vec<Asked>> {
    let wanted = wanted(facts, selection)?;
    let knows =
        |source: &Source, name: &str| model::usage(source.operation).is_some_and(|usage| usage.has_argument(name));
    for (name, _) in FILTERS {
        if selection.get(name).is_some() && !wanted.iter().any(|(source, _)| knows(source, name)) {
            return Err(Error::invalid(format!(
                "{name} narrows none of the meters asked for; it narrows {}",
                meters_that(facts, |source| knows(source, name))
            )));
        }
    }
    let mut all = Vec::new();
    for (source, meters) in wanted {
        let whole = in_buckets(source, selection.whole("aggregation"), meters)?;
        let filters = FILTERS.iter().map(|(name, _)| *name).filter(|name| knows(source, name));
        let values = filters.flat_map(|name| {
            selection
                .distinct_texts(name)
                .into_iter()
                .map(move |value| (name, value))
        });
        let values: Vec<(&str, &str)> = values.collect();
        for (name, value) in &values {
            let mut one = whole.clone();
            let value = Value::List(vec![Value::Text((*value).to_owned())]);
            one.arguments.push(((*name).to_owned(), value));
            all.push(one);
        }
        if values.is_empty() {
            all.push(whole);
        }
    }
    Ok(all)
}

/// A source in buckets of this many seconds, or of its longest.
fn in_buckets(source: &'static Source, seconds: Option<i64>, meters: Vec<usize>) -> Result<Asked> {
    let grains = usage(source)?.grains;
    let grain = match seconds {
        None => grains.last(),
        Some(seconds) => grains.iter().find(|grain| grain.seconds == seconds),
    };
    let Some(grain) = grain else {
        let known: Vec<String> = grains.iter().map(|grain| grain.seconds.to_string()).collect();
        let meter = source.meters.first().map_or(source.operation, |meter| meter.name);
        return Err(Error::invalid(format!(
            "{meter} has buckets of {} s, not {} s; leave aggregation out, or name meters that have it",
            known.join(", "),
            seconds.unwrap_or_default()
        )));
    };
    let buckets = match source.buckets {
        Buckets::Every(_, offset) => Buckets::Every(grain.seconds, offset),
        other => other,
    };
    let arguments = vec![("aggregation".to_owned(), Value::Whole(grain.seconds))];
    Ok(Asked {
        buckets,
        span: Span::Days(grain.longest / DAY),
        ..Asked::of(source, meters, arguments)
    })
}

/// The names of the meters whose source is like this.
fn meters_that(facts: &Facts, is_so: impl Fn(&Source) -> bool) -> String {
    let sources = facts.sources.iter().filter(|source| is_so(source));
    let names: Vec<&str> = sources
        .flat_map(|source| source.meters)
        .map(|meter| meter.name)
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::volcengine::model::CALLS;
    use crate::providers::volcengine::{FACTS, Volcengine};
    use crate::service::Provider;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn texts(items: &[&str]) -> Value {
        Value::List(items.iter().map(|item| text(item)).collect())
    }

    /// Each source that a selection takes, on one line.
    fn select(given: &[(&str, Value)]) -> Result<Vec<String>> {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let selection = Arguments::check("select()", FACTS.selection, given.collect())?;
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
        Ok(Volcengine.asked(&selection)?.iter().map(line).collect())
    }

    #[test]
    fn storage_traffic_and_bandwidth_by_the_day_are_asked_for_by_default() {
        let days = "Every(86400, 28800) Days(93) aggregation=86400";
        assert_eq!(
            select(&[]).unwrap(),
            [
                format!("time_shift_data [0] {days}"),
                format!("bandwidth_data [0, 1] {days}"),
                format!("traffic_data [0, 1] {days}"),
            ]
        );
        assert_eq!(
            select(&[("vhosts", texts(&["a", "b", "a"])), ("domains", text("d"))]).unwrap(),
            [
                format!("time_shift_data [0] {days} vhosts=[\"a\"]"),
                format!("time_shift_data [0] {days} vhosts=[\"b\"]"),
                format!("bandwidth_data [0, 1] {days} domains=[\"d\"]"),
                format!("traffic_data [0, 1] {days} domains=[\"d\"]"),
            ]
        );
    }

    #[test]
    fn the_aggregation_decides_the_buckets_and_the_span() {
        let meters = |names: &[&str]| ("meters", texts(names));
        for (given, expected) in [
            (
                vec![meters(&["volcengine.down_traffic"]), ("aggregation", Value::Whole(300))],
                "traffic_data [1] Every(300, 28800) Days(31) aggregation=300",
            ),
            (
                vec![meters(&["volcengine.edge_requests"]), ("aggregation", Value::Whole(60))],
                "edge_stat_data [4] Every(60, 28800) Days(1) aggregation=60",
            ),
            (
                vec![meters(&["volcengine.edge_up_traffic", "volcengine.edge_requests"])],
                "edge_stat_data [2, 4] Every(3600, 28800) Days(31) aggregation=3600",
            ),
            (
                vec![meters(&["volcengine.p95_peak_bandwidth"])],
                "p95_peak_bandwidth_data [0] Window Days(93) aggregation=300",
            ),
            (
                vec![meters(&["volcengine.pull_to_push_duration"]), ("groups", text("g"))],
                "pull_to_push_data [0] Every(86400, 28800) Days(93) aggregation=86400 groups=[\"g\"]",
            ),
        ] {
            assert_eq!(select(&given).unwrap(), [expected]);
        }
    }

    #[test]
    fn a_selection_that_cannot_work_is_refused_in_one_sentence() {
        for (given, message) in [
            (
                vec![("meters", text("volcengine.timeshift_storage"))],
                "Volcengine Live has no meter \"volcengine.timeshift_storage\"; did you mean \"volcengine.time_shift_storage\"?",
            ),
            (
                vec![("aggregation", Value::Whole(300))],
                "volcengine.time_shift_storage has buckets of 86400 s, not 300 s; leave aggregation out, or name meters \
                 that have it",
            ),
            (
                vec![("aggregation", Value::Whole(7))],
                "aggregation must be one of 60, 300, 3600, 86400, not 7",
            ),
            (
                vec![("meters", text("volcengine.up_traffic")), ("vhosts", text("v"))],
                "vhosts narrows none of the meters asked for; it narrows volcengine.time_shift_storage",
            ),
            (
                vec![("groups", text("g"))],
                "groups narrows none of the meters asked for; it narrows volcengine.pull_to_push_duration, \
                 volcengine.pull_to_push_bandwidth",
            ),
            (
                vec![("vhosts", Value::List(Vec::new()))],
                "vhosts is an empty list; leave it out to ask for all",
            ),
        ] {
            assert_eq!(select(&given).unwrap_err().message, message);
        }
    }

    #[test]
    fn the_sources_agree_with_the_table_of_calls() {
        let has_moments = |usage: &&Usage| usage.rows.time.is_some() && usage.paging.is_none();
        let is_one_figure = |usage: &&Usage| usage.name == "p95_peak_bandwidth_data";
        let expected: Vec<&str> = CALLS
            .iter()
            .filter(|usage| has_moments(usage) || is_one_figure(usage))
            .map(|usage| usage.name)
            .collect();
        let mut operations: Vec<&str> = SOURCES.iter().map(|source| source.operation).collect();
        assert_eq!(operations.len(), 19);
        operations.sort_by_key(|name| CALLS.iter().position(|usage| usage.name == *name));
        assert_eq!(operations, expected);
        for source in SOURCES {
            let usage = usage(source).unwrap();
            let grain = usage.grains.last().unwrap();
            let figures = if is_one_figure(&usage) {
                assert_eq!(source.buckets, Buckets::Window);
                usage.totals
            } else {
                assert_eq!(source.buckets, Buckets::Every(grain.seconds, CHINA), "{}", usage.name);
                assert!(usage.totals.is_empty() || usage.totals.len() == usage.rows.values.len());
                usage.rows.values
            };
            let units = |figures: &[model::Figure]| -> Vec<&str> {
                let figures = figures.iter().filter(|figure| figure.unit != "share");
                figures.map(|figure| figure.unit).collect()
            };
            let ours: Vec<&str> = source.meters.iter().map(|meter| meter.unit).collect();
            assert_eq!(ours, units(figures), "{}", usage.name);
            assert!(usage.totals.is_empty() || ours == units(usage.totals), "{}", usage.name);
            assert_eq!(source.span, Span::Days(grain.longest / DAY), "{}", usage.name);
            assert_eq!(source.history_days, Some(usage.history / DAY), "{}", usage.name);
            assert_eq!(source.page, usage.page, "{}", usage.name);
        }
    }

    #[test]
    fn each_meter_has_one_name_and_the_dimensions_of_its_call() {
        let mut names: Vec<&str> = SOURCES
            .iter()
            .flat_map(|source| source.meters)
            .map(|meter| meter.name)
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!((names.len(), all), (29, 29));
        for source in SOURCES {
            let usage = usage(source).unwrap();
            let filters = FILTERS.iter().filter(|(name, _)| usage.has_argument(name));
            let labels = usage.rows.labels.iter().map(|label| label.name);
            let expected: Vec<&str> = filters.map(|(_, dimension)| *dimension).chain(labels).collect();
            for meter in source.meters {
                assert_eq!(meter.dimensions, expected, "{}", meter.name);
            }
        }
    }
}
