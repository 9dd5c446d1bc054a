//! The usage calls of Volcengine Live as one table of facts, and the record in which all of them answer.
//!
//! Pages are below <https://www.volcengine.com/docs/6469>; what no page shows follows the vendor's Go client.

use crate::service::{Operation, Prose};
use crate::values::arguments::{Accepts, Argument, Needed, plain};
use crate::values::shape::{Field, Holds, Shape};

/// The version of the API that all calls belong to.
pub const VERSION: &str = "2023-01-01";

const HOUR: i64 = 3600;
const DAY: i64 = 86400;

/// What is known of one usage call.
#[derive(Debug)]
pub struct Usage {
    /// Our name of it.
    pub name: &'static str,
    /// The service's name of it.
    pub action: &'static str,
    /// What it tells, in one sentence.
    pub doc: &'static str,
    /// The page that documents it.
    pub page: &'static str,
    /// What it takes.
    pub takes: &'static [Argument],
    /// Arguments that have another name on the wire here than elsewhere.
    pub renamed: &'static [(&'static str, &'static str)],
    /// The lengths of a bucket that it knows, and how long a range each may cover; none if it has no buckets.
    pub grains: &'static [Grain],
    /// The longest range of a call that has no buckets, in seconds, if there is one.
    pub longest: Option<i64>,
    /// How far back a range may start, in seconds.
    pub history: i64,
    /// The figures for the whole range.
    pub totals: &'static [Figure],
    /// The rows.
    pub rows: Rows,
    /// The key of the list that splits the same figures and rows by what `detail_fields` says.
    pub details: Option<&'static str>,
    /// How the rows come in pages, if they do.
    pub paging: Option<Paging>,
}

/// A length of a bucket, and how long a range it may cover, all in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Grain {
    /// The bucket.
    pub seconds: i64,
    /// The longest range.
    pub longest: i64,
    /// The longest range if rows are split by two or more fields.
    pub longest_split: i64,
}

/// A number of the wire.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// The service's name of it.
    pub wire: &'static str,
    /// Our name of it.
    pub name: &'static str,
    /// Its unit; traffic and bandwidth count in thousands, `GiB` alone in 1024.
    pub unit: &'static str,
}

/// A text of the wire by which rows are told apart.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    /// The service's name of it.
    pub wire: &'static str,
    /// Our name of it.
    pub name: &'static str,
}

/// What the rows of a call look like.
#[derive(Debug, Clone, Copy)]
pub struct Rows {
    /// The key of their list; nothing if the call has none.
    pub list: Option<&'static str>,
    /// The key of a row's moment: the start of its bucket.
    pub time: Option<&'static str>,
    /// The key of a list inside each row that holds the rows proper.
    pub inner: Option<&'static str>,
    /// The numbers of a row.
    pub values: &'static [Figure],
    /// The texts of a row.
    pub labels: &'static [Label],
}

/// How a call pages its rows.
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    /// Rows per page unless asked otherwise.
    pub usual_size: i64,
    /// Rows per page at most.
    pub largest_size: i64,
    /// True if the numbers of pages and rows travel as strings.
    pub as_text: bool,
}

/// The call of that name.
pub fn usage(name: &str) -> Option<&'static Usage> {
    CALLS.iter().find(|usage| usage.name == name)
}

impl Usage {
    /// The service's name of an argument.
    pub fn wire_name(&self, argument: &str) -> Option<&'static str> {
        let mut names = self.renamed.iter().chain(WIRE_NAMES);
        names.find(|(name, _)| *name == argument).map(|(_, wire)| *wire)
    }

    /// True if it takes an argument of that name.
    pub fn has_argument(&self, name: &str) -> bool {
        self.takes.iter().any(|argument| argument.name == name)
    }

    /// The arguments that narrow the question, and the service's names of them; the answer repeats them.
    pub fn filters(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let names = self.takes.iter().map(|argument| argument.name);
        let filters = names.filter(|name| !matches!(*name, "start" | "end" | "aggregation" | "page_num" | "page_size"));
        filters.filter_map(|name| Some((name, self.wire_name(name)?)))
    }
}

/// The service's names of all arguments.
const WIRE_NAMES: &[(&str, &str)] = &[
    ("start", "StartTime"),
    ("end", "EndTime"),
    ("aggregation", "Aggregation"),
    ("detail_fields", "DetailField"),
    ("page_num", "PageNum"),
    ("page_size", "PageSize"),
    ("vhosts", "Vhosts"),
    ("domains", "DomainList"),
    ("domain", "Domain"),
    ("app", "App"),
    ("stream", "Stream"),
    ("apps", "AppList"),
    ("streams", "StreamList"),
    ("groups", "GroupList"),
    ("protocols", "ProtocolList"),
    ("isps", "ISPList"),
    ("regions", "RegionList"),
    ("user_regions", "UserRegionList"),
    ("transcode_types", "TranscodeType"),
    ("resolutions", "Resolution"),
    ("online_user_type", "OnlineUserType"),
    ("stream_types", "StreamType"),
    ("request_type", "Type"),
    ("log_type", "Type"),
    ("query_type", "QueryType"),
    ("sort_by", "SortBy"),
    ("event_types", "CallbackEventType"),
    ("statuses", "CallbackStatus"),
];

/// What every usage call answers. The names on the wire differ from call to call, so `read.rs` reads it by hand.
pub static LIVE_USAGE: Shape = Shape {
    name: "LiveUsage",
    fields: &[
        field("StartTime", "start_time", Holds::Maybe(&Holds::Instant)),
        field("EndTime", "end_time", Holds::Maybe(&Holds::Instant)),
        field("Aggregation", "aggregation", Holds::Maybe(&Holds::Integer)),
        field("totals", "totals", Holds::Map(&Holds::Decimal)),
        field("rows", "rows", Holds::List(&Holds::Record(&LIVE_USAGE_ROW))),
        field("details", "details", Holds::List(&Holds::Record(&LIVE_USAGE_DETAIL))),
        field("Pagination", "pagination", Holds::Maybe(&Holds::Map(&Holds::Anything))),
        field("filters", "filters", Holds::Map(&Holds::Anything)),
    ],
};

/// One row of a usage call.
pub static LIVE_USAGE_ROW: Shape = Shape {
    name: "LiveUsageRow",
    fields: &[
        field("TimeStamp", "time_stamp", Holds::Maybe(&Holds::Instant)),
        field("values", "values", Holds::Map(&Holds::Decimal)),
        field("dimensions", "dimensions", Holds::Map(&Holds::Text)),
    ],
};

/// The same figures for one value of what the rows are split by.
pub static LIVE_USAGE_DETAIL: Shape = Shape {
    name: "LiveUsageDetail",
    fields: &[
        field("dimensions", "dimensions", Holds::Map(&Holds::Text)),
        field("totals", "totals", Holds::Map(&Holds::Decimal)),
        field("rows", "rows", Holds::List(&Holds::Record(&LIVE_USAGE_ROW))),
    ],
};

const fn field(wire: &'static str, name: &'static str, holds: Holds) -> Field {
    Field { wire, name, holds }
}

/// The texts by which details are told apart.
pub const SPLIT_LABELS: &[Label] = &[
    DOMAIN_LABEL,
    label("ISP", "isp"),
    label("Protocol", "protocol"),
    label("Group", "group"),
    label("DstAddrType", "dst_addr_type"),
    label("Area", "area"),
    label("Country", "country"),
    label("Province", "province"),
    label("UserArea", "user_area"),
    label("UserCountry", "user_country"),
    label("UserProvince", "user_province"),
];

const START: Argument = Argument {
    name: "start",
    accepts: Accepts::Moment,
    needed: Needed::Required,
    doc: "the start of the range, in whole seconds",
};
const END: Argument = Argument {
    name: "end",
    doc: "the end of the range, not part of it; the second before it is sent",
    ..START
};
const VHOSTS: Argument = texts("vhosts", "the domain spaces; all of the account otherwise");
const DOMAINS: Argument = texts("domains", "the domains; all of the account otherwise");
const DOMAIN: Argument = text("domain", "the domain of one stream; needs app and stream, too");
const APP: Argument = text("app", "the app of one stream; needs stream, too");
const STREAM: Argument = text("stream", "the name of one stream; needs app, too");
const PROTOCOLS: Argument = texts(
    "protocols",
    "HTTP-FLV, HTTP-HLS, RTMP, RTM, SRT or QUIC; QUIC only alone; single protocols add up to more than the total",
);
const ISPS: Argument = texts("isps", "the network operators, for example \"telecom\"");
const REGIONS: Argument = dicts("regions", "where the servers are: Area, Country, Province");
const USER_REGIONS: Argument = dicts("user_regions", "where the users are: Area, Country, Province");
const GROUPS: Argument = texts("groups", "the groups of pull-to-push tasks");
const TRANSCODE_TYPES: Argument = texts("transcode_types", "the kinds of it, for example \"Normal_H264\"");
const RESOLUTIONS: Argument = texts("resolutions", "the resolutions, for example \"720P\"");
const PAGE_NUM: Argument = optional("page_num", Accepts::Whole(1, 100_000), "the page, from 1");

const BY_DOMAIN: &[&str] = &["Domain"];
const BY_DOMAIN_ISP: &[&str] = &["Domain", "ISP"];
const BY_DOMAIN_ISP_PROTOCOL: &[&str] = &["Domain", "ISP", "Protocol"];
const BY_GROUP: &[&str] = &["Group"];
const BY_PLACE: &[&str] = &[
    "Domain",
    "Protocol",
    "ISP",
    "Area",
    "Country",
    "Province",
    "UserArea",
    "UserCountry",
    "UserProvince",
];

const MINUTE_GRAIN: Grain = grain(60, DAY);
const FIVE_MINUTES_GRAIN: Grain = grain(300, 31 * DAY);
const HOUR_GRAIN: Grain = grain(HOUR, 93 * DAY);
const DAY_GRAIN: Grain = grain(DAY, 93 * DAY);
const USUAL: &[Grain] = &[FIVE_MINUTES_GRAIN, HOUR_GRAIN, DAY_GRAIN];
const DAILY: &[Grain] = &[DAY_GRAIN];
const MONITORED: &[Grain] = &[MINUTE_GRAIN, FIVE_MINUTES_GRAIN, HOUR_GRAIN];
const STATISTICS: &[Grain] = &[
    Grain {
        longest_split: 3 * HOUR,
        ..MINUTE_GRAIN
    },
    Grain {
        longest_split: DAY,
        ..FIVE_MINUTES_GRAIN
    },
    Grain {
        longest_split: 7 * DAY,
        ..grain(HOUR, 31 * DAY)
    },
];
const BUCKETS_USUAL: &[i64] = &[300, HOUR, DAY];
const BUCKETS_MONITORED: &[i64] = &[60, 300, HOUR];

const UP_BANDWIDTH: Figure = figure("UpBandwidth", "up_bandwidth", "Mbps");
const DOWN_BANDWIDTH: Figure = figure("DownBandwidth", "down_bandwidth", "Mbps");
const PEAK_UP_BANDWIDTH: Figure = figure("PeakUpBandwidth", "peak_up_bandwidth", "Mbps");
const PEAK_DOWN_BANDWIDTH: Figure = figure("PeakDownBandwidth", "peak_down_bandwidth", "Mbps");
const UP_TRAFFIC: Figure = figure("UpTraffic", "up_traffic", "GB");
const DOWN_TRAFFIC: Figure = figure("DownTraffic", "down_traffic", "GB");
const TOTAL_UP_TRAFFIC: Figure = figure("TotalUpTraffic", "total_up_traffic", "GB");
const TOTAL_DOWN_TRAFFIC: Figure = figure("TotalDownTraffic", "total_down_traffic", "GB");
const PEAK_BANDWIDTH: Figure = figure("PeakBandwidth", "peak_bandwidth", "Mbps");
const BANDWIDTH: Figure = figure("Bandwidth", "bandwidth", "Mbps");
const TOTAL_REQUEST: Figure = figure("TotalRequest", "total_request", "requests");
const REQUEST: Figure = figure("Request", "request", "requests");
const PEAK_ONLINE_USER: Figure = figure("PeakOnlineUser", "peak_online_user", "users");
const PEAK_COUNT: Figure = figure("PeakCount", "peak_count", "streams");
const DURATION: Figure = figure("Duration", "duration", "minutes");
const TOTAL_DURATION: Figure = figure("TotalDuration", "total_duration", "minutes");

const DOMAIN_LABEL: Label = label("Domain", "domain");
const APP_LABEL: Label = label("App", "app");
const STREAM_LABEL: Label = label("Stream", "stream");
const STREAM_LABELS: &[Label] = &[DOMAIN_LABEL, APP_LABEL, STREAM_LABEL];
const TRANSCODING_LABELS: &[Label] = &[
    label("TranscodeType", "transcode_type"),
    label("Resolution", "resolution"),
];

const EDGE_ARGUMENTS: &[Argument] = &[
    START,
    END,
    DOMAINS,
    PROTOCOLS,
    ISPS,
    REGIONS,
    USER_REGIONS,
    detail_fields(BY_DOMAIN_ISP_PROTOCOL),
    aggregation(BUCKETS_USUAL, 300),
];
const METRIC_ARGUMENTS: &[Argument] = &[
    START,
    END,
    DOMAINS,
    APP,
    STREAM,
    PROTOCOLS,
    ISPS,
    REGIONS,
    USER_REGIONS,
    detail_fields(BY_DOMAIN_ISP_PROTOCOL),
    aggregation(BUCKETS_MONITORED, 300),
];
const SOURCE_ARGUMENTS: &[Argument] = &[
    START,
    END,
    DOMAINS,
    DOMAIN,
    APP,
    STREAM,
    ISPS,
    USER_REGIONS,
    detail_fields(BY_DOMAIN_ISP),
    aggregation(BUCKETS_MONITORED, 300),
];

const NO_ROWS: Rows = Rows {
    list: None,
    time: None,
    inner: None,
    values: &[],
    labels: &[],
};
const BY_STREAM: Rows = Rows {
    list: Some("StreamInfoList"),
    labels: STREAM_LABELS,
    ..NO_ROWS
};
const BANDWIDTH_ROWS: Rows = series("BandwidthDataList", &[UP_BANDWIDTH, DOWN_BANDWIDTH]);
const TRAFFIC_ROWS: Rows = series("TrafficDataList", &[UP_TRAFFIC, DOWN_TRAFFIC]);
const STREAM_COUNT_ROWS: Rows = series("TotalStreamDataList", &[PEAK_COUNT]);

/// What entries of the table start from.
const PLAIN: Usage = Usage {
    name: "",
    action: "",
    doc: "",
    // Calls without a page of their own point to the page on common parameters.
    page: "https://www.volcengine.com/docs/6469/1126803",
    takes: &[],
    renamed: &[],
    grains: &[],
    longest: None,
    history: 366 * DAY,
    totals: &[],
    rows: NO_ROWS,
    details: None,
    paging: None,
};

/// The usage calls. The retired ones stay, since the service still answers them.
pub static CALLS: &[Usage] = &[
    Usage {
        name: "time_shift_data",
        action: "DescribeLiveTimeShiftData",
        doc: "Storage of time-shift per day, in GiB; without files in VoD or TOS, and several vhosts as one sum.",
        page: "https://www.volcengine.com/docs/6469/1126905",
        takes: &[START, END, VHOSTS, aggregation(&[DAY], DAY)],
        grains: DAILY,
        // The page calls it GB, and says that 1 GB is 1024 MB.
        rows: series("TimeShiftDataList", &[figure("Storage", "storage", "GiB")]),
        ..PLAIN
    },
    Usage {
        name: "bandwidth_data",
        action: "DescribeLiveBandwidthData",
        doc: "Peak bandwidth up and down per bucket, in Mbps.",
        page: "https://www.volcengine.com/docs/6469/1126898",
        takes: EDGE_ARGUMENTS,
        grains: USUAL,
        totals: &[PEAK_UP_BANDWIDTH, PEAK_DOWN_BANDWIDTH],
        rows: BANDWIDTH_ROWS,
        details: Some("BandwidthDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "traffic_data",
        action: "DescribeLiveTrafficData",
        doc: "Traffic up and down per bucket, in GB.",
        page: "https://www.volcengine.com/docs/6469/1126899",
        takes: EDGE_ARGUMENTS,
        grains: USUAL,
        totals: &[TOTAL_UP_TRAFFIC, TOTAL_DOWN_TRAFFIC],
        rows: TRAFFIC_ROWS,
        details: Some("TrafficDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "p95_peak_bandwidth_data",
        action: "DescribeLiveP95PeakBandwidthData",
        doc: "The 95th percentile of bandwidth over the range, presumably in Mbps; one figure, no rows.",
        page: "https://www.volcengine.com/docs/6469/1126906",
        takes: &[
            START,
            END,
            DOMAINS,
            PROTOCOLS,
            REGIONS,
            USER_REGIONS,
            aggregation(&[300], 300),
        ],
        grains: &[grain(300, 93 * DAY)],
        totals: &[figure("P95PeakBandwidth", "p95_peak_bandwidth", "Mbps")],
        ..PLAIN
    },
    Usage {
        name: "transcode_data",
        action: "DescribeLiveTranscodeData",
        doc: "Minutes of transcoding per day, kind and resolution.",
        page: "https://www.volcengine.com/docs/6469/1126901",
        takes: &[
            START,
            END,
            DOMAINS,
            APP,
            STREAM,
            TRANSCODE_TYPES,
            RESOLUTIONS,
            aggregation(&[DAY], DAY),
        ],
        grains: DAILY,
        totals: &[DURATION],
        rows: Rows {
            labels: TRANSCODING_LABELS,
            ..series("TranscodeDataList", &[DURATION])
        },
        ..PLAIN
    },
    Usage {
        name: "record_data",
        action: "DescribeLiveRecordData",
        doc: "The most recordings at once per bucket; a peak, never to be summed.",
        page: "https://www.volcengine.com/docs/6469/1126900",
        takes: &[
            START,
            END,
            DOMAINS,
            APP,
            STREAM,
            detail_fields(BY_DOMAIN),
            aggregation(BUCKETS_USUAL, 300),
        ],
        grains: USUAL,
        totals: &[figure("RecordPeak", "record_peak", "recordings")],
        rows: series("RecordDataList", &[figure("Value", "value", "recordings")]),
        details: Some("RecordDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "snapshot_data",
        action: "DescribeLiveSnapshotData",
        doc: "Pictures taken per bucket.",
        page: "https://www.volcengine.com/docs/6469/1126902",
        takes: &[
            START,
            END,
            DOMAINS,
            APP,
            STREAM,
            detail_fields(BY_DOMAIN),
            aggregation(BUCKETS_USUAL, DAY),
        ],
        grains: USUAL,
        totals: &[figure("Total", "total", "pictures")],
        rows: series("SnapshotDataList", &[figure("Value", "value", "pictures")]),
        details: Some("SnapshotDetailData"),
        ..PLAIN
    },
    Usage {
        name: "audit_data",
        action: "DescribeLiveAuditData",
        doc: "Pictures audited per day.",
        page: "https://www.volcengine.com/docs/6469/1126903",
        takes: &[START, END, DOMAINS, detail_fields(BY_DOMAIN), aggregation(&[DAY], DAY)],
        grains: DAILY,
        totals: &[figure("TotalCount", "total_count", "pictures")],
        rows: series("AuditDataList", &[figure("Count", "count", "pictures")]),
        // The key is inferred from the other calls.
        details: Some("AuditDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "pull_to_push_data",
        action: "DescribeLivePullToPushData",
        doc: "Minutes of pulling a stream to push it elsewhere, per bucket.",
        page: "https://www.volcengine.com/docs/6469/1126904",
        takes: &[
            START,
            END,
            GROUPS,
            APP,
            STREAM,
            detail_fields(BY_GROUP),
            aggregation(&[60, HOUR, DAY], DAY),
        ],
        grains: &[MINUTE_GRAIN, HOUR_GRAIN, DAY_GRAIN],
        totals: &[TOTAL_DURATION],
        rows: series("PullToPushDataList", &[figure("Value", "value", "minutes")]),
        details: Some("PullToPushDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "pull_to_push_bandwidth_data",
        action: "DescribeLivePullToPushBandwidthData",
        doc: "Peak bandwidth of pulling a stream to push it elsewhere, per bucket, in Mbps.",
        page: "https://www.volcengine.com/docs/6469/1126907",
        takes: &[
            START,
            END,
            GROUPS,
            detail_fields(BY_GROUP),
            aggregation(BUCKETS_USUAL, 300),
        ],
        grains: USUAL,
        totals: &[PEAK_UP_BANDWIDTH],
        rows: series("BandwidthDataList", &[UP_BANDWIDTH]),
        details: Some("BandwidthDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "edge_stat_data",
        action: "DescribeLiveEdgeStatData",
        doc: "Bandwidth (Mbps), traffic (GB) and requests at the edge per bucket.",
        page: "https://www.volcengine.com/docs/6469/1399004",
        takes: &[
            START,
            END,
            DOMAINS,
            texts("apps", "the apps"),
            texts("streams", "the streams"),
            PROTOCOLS,
            ISPS,
            REGIONS,
            USER_REGIONS,
            detail_fields(BY_PLACE),
            aggregation(BUCKETS_MONITORED, 300),
        ],
        grains: STATISTICS,
        totals: &[
            PEAK_UP_BANDWIDTH,
            PEAK_DOWN_BANDWIDTH,
            TOTAL_UP_TRAFFIC,
            TOTAL_DOWN_TRAFFIC,
            TOTAL_REQUEST,
        ],
        rows: series(
            "EdgeStatDataList",
            &[UP_BANDWIDTH, DOWN_BANDWIDTH, UP_TRAFFIC, DOWN_TRAFFIC, REQUEST],
        ),
        details: Some("EdgeStatDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "metric_bandwidth_data",
        action: "DescribeLiveMetricBandwidthData",
        doc: "Peak bandwidth up and down per bucket, in Mbps; retired in 2025 in favour of edge_stat_data.",
        page: "https://www.volcengine.com/docs/6469/1126922",
        takes: METRIC_ARGUMENTS,
        grains: MONITORED,
        totals: &[PEAK_UP_BANDWIDTH, PEAK_DOWN_BANDWIDTH],
        rows: BANDWIDTH_ROWS,
        details: Some("BandwidthDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "metric_traffic_data",
        action: "DescribeLiveMetricTrafficData",
        doc: "Traffic up and down per bucket, in GB; retired in 2025 in favour of edge_stat_data.",
        page: "https://www.volcengine.com/docs/6469/1126920",
        takes: METRIC_ARGUMENTS,
        grains: MONITORED,
        totals: &[TOTAL_UP_TRAFFIC, TOTAL_DOWN_TRAFFIC],
        rows: TRAFFIC_ROWS,
        details: Some("TrafficDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "source_traffic_data",
        action: "DescribeLiveSourceTrafficData",
        doc: "Traffic (GB) and bandwidth (Mbps) back to the source per bucket.",
        page: "https://www.volcengine.com/docs/6469/1126923",
        takes: SOURCE_ARGUMENTS,
        grains: STATISTICS,
        totals: &[figure("TotalTraffic", "total_traffic", "GB"), PEAK_BANDWIDTH],
        rows: series("TrafficDataList", &[figure("Traffic", "traffic", "GB"), BANDWIDTH]),
        details: Some("TrafficDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "source_bandwidth_data",
        action: "DescribeLiveSourceBandwidthData",
        doc: "Peak bandwidth back to the source per bucket, in Mbps.",
        takes: SOURCE_ARGUMENTS,
        grains: MONITORED,
        totals: &[PEAK_BANDWIDTH],
        rows: series("BandwidthDataList", &[BANDWIDTH]),
        details: Some("BandwidthDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "stream_session_data",
        action: "DescribeLiveStreamSessionData",
        doc: "The most users at once, and requests, per bucket.",
        page: "https://www.volcengine.com/docs/6469/1126919",
        takes: &[
            START,
            END,
            DOMAINS,
            DOMAIN,
            APP,
            STREAM,
            PROTOCOLS,
            ISPS,
            REGIONS,
            text("online_user_type", "how users are counted: Online, Viewer or ClientIP"),
            detail_fields(BY_DOMAIN_ISP_PROTOCOL),
            aggregation(BUCKETS_MONITORED, 300),
        ],
        grains: STATISTICS,
        totals: &[PEAK_ONLINE_USER, TOTAL_REQUEST],
        rows: series(
            "SessionDataList",
            &[figure("OnlineUser", "online_user", "users"), REQUEST],
        ),
        details: Some("SessionDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "stream_count_data",
        action: "DescribeLiveStreamCountData",
        doc: "The most streams at once per bucket; a peak, never to be summed.",
        page: "https://www.volcengine.com/docs/6469/1134317",
        takes: &[
            START,
            END,
            DOMAINS,
            ISPS,
            USER_REGIONS,
            texts("stream_types", "push, relay-source or transcode; all otherwise"),
            detail_fields(BY_DOMAIN_ISP),
            aggregation(BUCKETS_MONITORED, 300),
        ],
        grains: STATISTICS,
        totals: &[PEAK_COUNT],
        rows: STREAM_COUNT_ROWS,
        details: Some("StreamDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "push_stream_count_data",
        action: "DescribeLivePushStreamCountData",
        doc: "The most pushed streams at once per bucket; a peak, never to be summed.",
        takes: &[
            START,
            END,
            DOMAINS,
            ISPS,
            USER_REGIONS,
            detail_fields(BY_DOMAIN),
            aggregation(&[60, 300, HOUR, DAY], 300),
        ],
        grains: &[MINUTE_GRAIN, FIVE_MINUTES_GRAIN, HOUR_GRAIN, DAY_GRAIN],
        totals: &[PEAK_COUNT],
        rows: STREAM_COUNT_ROWS,
        details: Some("StreamDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "play_status_code_data",
        action: "DescribeLivePlayStatusCodeData",
        doc: "How often each HTTP status was answered per bucket, and its share.",
        takes: &[
            START,
            END,
            DOMAINS,
            ISPS,
            REGIONS,
            USER_REGIONS,
            text("request_type", "Access (the default) or Source"),
            detail_fields(BY_DOMAIN_ISP),
            aggregation(BUCKETS_MONITORED, 60),
        ],
        grains: MONITORED,
        rows: Rows {
            inner: Some("StatusSummaryDataList"),
            labels: &[label("StatusCode", "status_code")],
            // No page says whether the share is a fraction or a percentage.
            ..series(
                "StatusDataList",
                &[
                    figure("Value", "value", "requests"),
                    figure("Percent", "percent", "share"),
                ],
            )
        },
        details: Some("StatusDetailDataList"),
        ..PLAIN
    },
    Usage {
        name: "batch_stream_traffic_data",
        action: "DescribeLiveBatchStreamTrafficData",
        doc: "Traffic up and down of each stream over at most a day, in GB; in pages.",
        page: "https://www.volcengine.com/docs/6469/1126921",
        takes: &[
            START,
            END,
            DOMAINS,
            PROTOCOLS,
            ISPS,
            REGIONS,
            USER_REGIONS,
            PAGE_NUM,
            page_size(100, 1000),
        ],
        longest: Some(DAY),
        totals: &[TOTAL_UP_TRAFFIC, TOTAL_DOWN_TRAFFIC],
        rows: Rows {
            values: &[UP_TRAFFIC, DOWN_TRAFFIC],
            ..BY_STREAM
        },
        paging: Some(BATCHES),
        ..PLAIN
    },
    Usage {
        name: "batch_stream_session_data",
        action: "DescribeLiveBatchStreamSessionData",
        doc: "The most users at once, and requests, of each stream over at most a day; in pages.",
        page: "https://www.volcengine.com/docs/6469/1283731",
        takes: &[
            START,
            END,
            DOMAINS,
            PROTOCOLS,
            ISPS,
            REGIONS,
            PAGE_NUM,
            page_size(100, 1000),
        ],
        longest: Some(DAY),
        totals: &[PEAK_ONLINE_USER, TOTAL_REQUEST],
        rows: Rows {
            values: &[PEAK_ONLINE_USER, TOTAL_REQUEST],
            ..BY_STREAM
        },
        paging: Some(BATCHES),
        ..PLAIN
    },
    Usage {
        name: "batch_stream_transcode_data",
        action: "DescribeLiveBatchStreamTranscodeData",
        doc: "Minutes of transcoding of each stream; in pages.",
        page: "https://www.volcengine.com/docs/6469/1126925",
        takes: &[START, END, DOMAINS, PAGE_NUM, page_size(100, 1000)],
        totals: &[TOTAL_DURATION],
        rows: Rows {
            values: &[DURATION],
            labels: &[
                DOMAIN_LABEL,
                APP_LABEL,
                STREAM_LABEL,
                label("VCodec", "v_codec"),
                label("Resolution", "resolution"),
                label("Coderate", "coderate"),
            ],
            ..BY_STREAM
        },
        paging: Some(BATCHES),
        ..PLAIN
    },
    Usage {
        name: "transcode_info_data",
        action: "DescribeLiveTranscodeInfoData",
        doc: "Minutes of each task of transcoding; in pages.",
        page: "https://www.volcengine.com/docs/6469/1257355",
        takes: &[
            START,
            END,
            DOMAINS,
            APP,
            STREAM,
            TRANSCODE_TYPES,
            RESOLUTIONS,
            PAGE_NUM,
            page_size(1, 100_000),
        ],
        rows: Rows {
            list: Some("TranscodeInfoDataList"),
            values: &[DURATION],
            labels: &[
                STREAM_LABEL,
                label("TaskID", "task_id"),
                label("TranscodeSuffix", "transcode_suffix"),
                label("TranscodeType", "transcode_type"),
                label("Resolution", "resolution"),
            ],
            ..NO_ROWS
        },
        paging: Some(paging(20, 100_000)),
        ..PLAIN
    },
    Usage {
        name: "push_stream_info_data",
        action: "DescribeLivePushStreamInfoData",
        doc: "Seconds of each push of a stream; in pages, and for 93 days.",
        takes: &[START, END, DOMAINS, APP, STREAM, PAGE_NUM, page_size(1, 1000)],
        history: 93 * DAY,
        rows: Rows {
            list: Some("PushStreamInfoDataList"),
            time: Some("StartTime"),
            values: &[figure("Duration", "duration", "seconds")],
            labels: &[APP_LABEL, STREAM_LABEL],
            ..NO_ROWS
        },
        paging: Some(paging(20, 1000)),
        ..PLAIN
    },
    Usage {
        name: "top_play_data",
        action: "DescribeLiveTopPlayData",
        doc: "The busiest streams or domains, at most 1000, in pages: bandwidth in bps and traffic in bytes.",
        page: "https://www.volcengine.com/docs/6469/1386117",
        renamed: &[("vhosts", "VhostList")],
        takes: &[
            START,
            END,
            VHOSTS,
            DOMAINS,
            text("query_type", "Stream (the default) or Domain"),
            text("sort_by", "PeakBandwidth (the default), AvgBandwidth or TotalTraffic"),
            PAGE_NUM,
            page_size(1, 1000),
        ],
        longest: Some(31 * DAY),
        rows: Rows {
            list: Some("DataItemList"),
            values: &[
                figure("PeakBandwidth", "peak_bandwidth", "bps"),
                figure("AvgBandwidth", "avg_bandwidth", "bps"),
                figure("TotalTraffic", "total_traffic", "bytes"),
            ],
            labels: STREAM_LABELS,
            ..NO_ROWS
        },
        paging: Some(Paging {
            as_text: true,
            ..paging(10, 1000)
        }),
        ..PLAIN
    },
    Usage {
        name: "log_data",
        action: "DescribeLiveLogData",
        doc: "The log files of the last 31 days and their sizes in bytes; in pages.",
        takes: &[
            START,
            END,
            Argument {
                name: "log_type",
                accepts: Accepts::OneOf(&["pull", "push", "source", "relay"]),
                needed: Needed::Required,
                doc: "which logs: pull, push, source or relay",
            },
            DOMAINS,
            PAGE_NUM,
            page_size(1, 1000),
        ],
        history: 31 * DAY,
        rows: Rows {
            list: Some("LogInfoList"),
            values: &[figure("LogSize", "log_size", "bytes")],
            labels: &[DOMAIN_LABEL, label("LogName", "log_name")],
            ..NO_ROWS
        },
        paging: Some(paging(20, 1000)),
        ..PLAIN
    },
    Usage {
        name: "callback_data",
        action: "DescribeLiveCallbackData",
        doc: "Each callback that the service made; in pages.",
        page: "https://www.volcengine.com/docs/6469/1529718",
        takes: &[
            START,
            END,
            DOMAINS,
            APP,
            STREAM,
            texts("event_types", "the events, for example \"push_start\""),
            texts("statuses", "success or fail"),
            PAGE_NUM,
            page_size(1, 1000),
        ],
        longest: Some(31 * DAY),
        rows: Rows {
            list: Some("CallbackInfoList"),
            labels: &[
                DOMAIN_LABEL,
                APP_LABEL,
                STREAM_LABEL,
                label("CallbackEventType", "callback_event_type"),
                label("CallbackStatus", "callback_status"),
            ],
            ..NO_ROWS
        },
        paging: Some(paging(100, 1000)),
        ..PLAIN
    },
];

const BATCHES: Paging = paging(1000, 1000);

/// Any other action that only reads.
const OTHER: Operation = Operation {
    name: "call",
    wire: "call",
    doc: "Any other action that only reads.",
    page: PLAIN.page,
    arguments: &[
        Argument {
            name: "action",
            accepts: Accepts::Text(super::query::read_action),
            needed: Needed::Required,
            doc: "the action, for example \"ListDomainDetail\"",
        },
        Argument {
            name: "body",
            accepts: Accepts::Dict,
            needed: Needed::Optional,
            doc: "its parameters; nothing is sent without",
        },
        Argument {
            name: "version",
            accepts: Accepts::Text(super::query::version),
            needed: Needed::Text(VERSION),
            doc: "the version of the API",
        },
    ],
    range: None,
    returns: Holds::Anything,
    repeatable: true,
    prose: Prose {
        returns: "The provider's JSON as plain dicts, lists and numbers.",
        raw: "Return the whole document instead of its ``Result``.",
        raises: &[(
            "InvalidArgument",
            "If the action's name does not say that it only reads.",
        )],
        ..Prose::NONE
    },
};

/// The operations: one for each usage call, and the one for any other.
pub static OPERATIONS: &[Operation] = &operations::<{ CALLS.len() + 1 }>();

const fn operations<const N: usize>() -> [Operation; N] {
    let mut all = [OTHER; N];
    let mut free: &mut [Operation] = &mut all;
    let mut calls = CALLS;
    while let (Some((usage, rest)), Some((slot, left))) = (calls.split_first(), free.split_first_mut()) {
        *slot = Operation {
            name: usage.name,
            wire: usage.action,
            doc: usage.doc,
            page: usage.page,
            arguments: usage.takes,
            range: Some(("start", "end")),
            returns: Holds::Record(&LIVE_USAGE),
            repeatable: true,
            prose: Prose {
                raw: "Return the provider's JSON: the whole document.",
                ..Prose::NONE
            },
        };
        (calls, free) = (rest, left);
    }
    all
}

const fn optional(name: &'static str, accepts: Accepts, doc: &'static str) -> Argument {
    Argument {
        name,
        accepts,
        needed: Needed::Optional,
        doc,
    }
}

const fn text(name: &'static str, doc: &'static str) -> Argument {
    optional(name, Accepts::Text(plain), doc)
}

const fn texts(name: &'static str, doc: &'static str) -> Argument {
    optional(name, Accepts::Texts(plain), doc)
}

const fn dicts(name: &'static str, doc: &'static str) -> Argument {
    optional(name, Accepts::Dicts, doc)
}

const fn detail_fields(fields: &'static [&'static str]) -> Argument {
    optional(
        "detail_fields",
        Accepts::SomeOf(fields),
        "what to split by; the service splits only by what is filtered for two or more values",
    )
}

const fn aggregation(seconds: &'static [i64], usual: i64) -> Argument {
    Argument {
        name: "aggregation",
        accepts: Accepts::WholeOf(seconds),
        needed: Needed::Whole(usual),
        doc: "the length of a bucket, in seconds",
    }
}

const fn page_size(smallest: i64, largest: i64) -> Argument {
    optional("page_size", Accepts::Whole(smallest, largest), "rows per page")
}

const fn paging(usual_size: i64, largest_size: i64) -> Paging {
    Paging {
        usual_size,
        largest_size,
        as_text: false,
    }
}

const fn grain(seconds: i64, longest: i64) -> Grain {
    Grain {
        seconds,
        longest,
        longest_split: longest,
    }
}

const fn figure(wire: &'static str, name: &'static str, unit: &'static str) -> Figure {
    Figure { wire, name, unit }
}

const fn label(wire: &'static str, name: &'static str) -> Label {
    Label { wire, name }
}

/// Rows of a time series.
const fn series(list: &'static str, values: &'static [Figure]) -> Rows {
    Rows {
        list: Some(list),
        time: Some("TimeStamp"),
        values,
        ..NO_ROWS
    }
}
