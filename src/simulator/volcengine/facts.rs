//! The one table of the usage actions: what each accepts, how far it reaches, what it answers.
//!
//! From the vendor's reference where it has a page, else from the fields that the vendor's own Go client knows.

use super::figures::Meter;

/// The kind of answer an action gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Totals, rows by bucket, and rows split by dimension.
    Series,
    /// The 95th percentile of the bandwidth: one figure, no rows.
    P95,
    /// Several rows per bucket: one per kind of transcoding.
    Transcode,
    /// Rows with nested counts by status code.
    StatusCode,
    /// Storage per day.
    TimeShift,
    /// A page of streams with their traffic.
    StreamTraffic,
    /// A page of streams with their viewers.
    StreamSession,
    /// A page of streams with their transcoding.
    StreamTranscode,
    /// A page of transcoding tasks.
    TranscodeInfo,
    /// A page of pushes.
    PushStreamInfo,
    /// The busiest domains or streams.
    TopPlay,
    /// A page of log files.
    Logs,
    /// A page of callbacks.
    Callbacks,
}

/// A granularity with the longest span that one call may have, in seconds; granularity 0 means that the action has none.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The length of a bucket.
    pub aggregation: i64,
    /// The longest span.
    pub longest: i64,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

const fn span(aggregation: i64, longest: i64) -> Span {
    Span { aggregation, longest }
}

// The default granularity comes first.
const N: &[Span] = &[span(300, 31 * DAY), span(HOUR, 93 * DAY), span(DAY, 93 * DAY)];
const M: &[Span] = &[span(300, 31 * DAY), span(MINUTE, DAY), span(HOUR, 93 * DAY)];
const R: &[Span] = &[span(300, 31 * DAY), span(MINUTE, DAY), span(HOUR, 31 * DAY)];
/// The spans of `R` when two or more dimensions split the data.
const R_SPLIT: &[Span] = &[span(300, DAY), span(MINUTE, 3 * HOUR), span(HOUR, 7 * DAY)];
const D: &[Span] = &[span(DAY, 93 * DAY)];
const SNAPSHOT: &[Span] = &[span(DAY, 93 * DAY), span(300, 31 * DAY), span(HOUR, 93 * DAY)];
const PULL_TO_PUSH: &[Span] = &[span(DAY, 93 * DAY), span(MINUTE, DAY), span(HOUR, 93 * DAY)];
const PUSH_COUNT: &[Span] = &[
    span(300, 31 * DAY),
    span(MINUTE, DAY),
    span(HOUR, 93 * DAY),
    span(DAY, 93 * DAY),
];
const STATUS: &[Span] = &[span(MINUTE, DAY), span(300, 31 * DAY), span(HOUR, 93 * DAY)];
const P95: &[Span] = &[span(300, 93 * DAY)];
const LIST_DAY: &[Span] = &[span(0, DAY)];
const LIST_MONTH: &[Span] = &[span(0, 31 * DAY)];
/// No longest span is documented, so only the history limits it.
const LIST_OPEN: &[Span] = &[span(0, 366 * DAY)];

/// How late figures can be read.
#[derive(Debug, Clone, Copy)]
pub enum Delay {
    /// After so many minutes.
    Minutes(i64),
    /// After 5 minutes by the minute, else after 15.
    FiveOr15,
    /// At that hour (+08:00) of the next day.
    NextDayAt(i64),
}

/// A filter of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// `DomainList`.
    Domains,
    /// `ProtocolList`.
    Protocols,
    /// `ISPList`.
    Isps,
    /// `RegionList`.
    Regions,
    /// `UserRegionList`.
    UserRegions,
    /// `App` and `Stream`: both or neither.
    Stream,
    /// `Domain`, `App` and `Stream`: all or none, and not with `DomainList`.
    OneStream,
    /// `AppList` and `StreamList`.
    StreamLists,
    /// `GroupList`.
    Groups,
    /// `Vhosts`.
    Vhosts,
    /// `VhostList`, not with `DomainList`.
    VhostList,
    /// `TranscodeType` and `Resolution`.
    Transcoding,
    /// Text or lists of text that are checked, echoed and change nothing else: the page says no more of them.
    Echoed(&'static str, &'static [&'static str]),
}

/// A dimension that rows can be split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// By domain.
    Domain,
    /// By provider of the network.
    Isp,
    /// By protocol.
    Protocol,
    /// By group of pull-to-push tasks.
    Group,
    /// By area of the node or, with a prefix, of the viewer: the key of the detail, and which part of a region it is.
    Region(&'static str, RegionPart),
}

/// Which part of a region a split is by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegionPart {
    /// The area.
    Area,
    /// The country.
    Country,
    /// The province.
    Province,
}

impl Split {
    /// The value of `DetailField` that asks for it, which is also the key in the detail.
    pub fn key(self) -> &'static str {
        match self {
            Self::Domain => "Domain",
            Self::Isp => "ISP",
            Self::Protocol => "Protocol",
            Self::Group => "Group",
            Self::Region(key, _) => key,
        }
    }
}

/// One figure of a row or of the totals.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its key.
    pub key: &'static str,
    /// What it measures.
    pub meter: Meter,
}

const fn column(key: &'static str, meter: Meter) -> Column {
    Column { key, meter }
}

/// One action.
#[derive(Debug)]
pub struct Action {
    /// Its name in the query.
    pub name: &'static str,
    /// The kind of answer.
    pub shape: Shape,
    /// Its granularities, the default first.
    pub spans: &'static [Span],
    /// Its granularities when two or more dimensions split the data.
    pub split_spans: &'static [Span],
    /// How many days back it reaches.
    pub history_days: i64,
    /// How late figures can be read.
    pub delay: Delay,
    /// What can be filtered.
    pub filters: &'static [Filter],
    /// What can be split.
    pub splits: &'static [Split],
    /// The keys of the list of rows and of the list of details.
    pub lists: (&'static str, &'static str),
    /// The figures over the whole span.
    pub totals: &'static [Column],
    /// The figures of a row.
    pub columns: &'static [Column],
    /// Whether a detail has the totals, too.
    pub detail_totals: bool,
    /// The page size: the least, the default, the most.
    pub page: (i64, i64, i64),
}

const EMPTY: Action = Action {
    name: "",
    shape: Shape::Series,
    spans: N,
    split_spans: &[],
    history_days: 366,
    delay: Delay::Minutes(15),
    filters: &[],
    splits: &[],
    lists: ("", ""),
    totals: &[],
    columns: &[],
    detail_totals: true,
    page: (1, 20, 1_000),
};

const UP: Column = column("UpBandwidth", Meter::UP_BANDWIDTH);
const DOWN: Column = column("DownBandwidth", Meter::DOWN_BANDWIDTH);
const PEAK_UP: Column = column("PeakUpBandwidth", Meter::UP_BANDWIDTH);
const PEAK_DOWN: Column = column("PeakDownBandwidth", Meter::DOWN_BANDWIDTH);
const UP_TRAFFIC: Column = column("UpTraffic", Meter::UP_TRAFFIC);
const DOWN_TRAFFIC: Column = column("DownTraffic", Meter::DOWN_TRAFFIC);
const TOTAL_UP: Column = column("TotalUpTraffic", Meter::UP_TRAFFIC);
const TOTAL_DOWN: Column = column("TotalDownTraffic", Meter::DOWN_TRAFFIC);
const COUNT: Column = column("PeakCount", Meter::STREAMS);

const ALL_SPLITS: &[Split] = &[Split::Domain, Split::Isp, Split::Protocol];
const EDGE_SPLITS: &[Split] = &[
    Split::Domain,
    Split::Protocol,
    Split::Isp,
    Split::Region("Area", RegionPart::Area),
    Split::Region("Country", RegionPart::Country),
    Split::Region("Province", RegionPart::Province),
    Split::Region("UserArea", RegionPart::Area),
    Split::Region("UserCountry", RegionPart::Country),
    Split::Region("UserProvince", RegionPart::Province),
];
const EVERYWHERE: &[Filter] = &[
    Filter::Domains,
    Filter::Protocols,
    Filter::Isps,
    Filter::Regions,
    Filter::UserRegions,
];
const METRIC: &[Filter] = &[
    Filter::Domains,
    Filter::Stream,
    Filter::Protocols,
    Filter::Isps,
    Filter::Regions,
    Filter::UserRegions,
];
const SOURCE: &[Filter] = &[Filter::OneStream, Filter::Domains, Filter::Isps, Filter::UserRegions];
const BANDWIDTHS: (&str, &str) = ("BandwidthDataList", "BandwidthDetailDataList");
const TRAFFICS: (&str, &str) = ("TrafficDataList", "TrafficDetailDataList");
const STREAMS: (&str, &str) = ("TotalStreamDataList", "StreamDetailDataList");
const STREAM_INFOS: (&str, &str) = ("StreamInfoList", "");
const BATCH_PAGE: (i64, i64, i64) = (100, 1_000, 1_000);

const STREAM_TYPES: Filter = Filter::Echoed("StreamType", &["push", "relay-source", "transcode"]);
const STATUS_TYPES: Filter = Filter::Echoed("Type", &["Access", "Source"]);
const LOG_TYPES: Filter = Filter::Echoed("Type", &["pull", "push", "source", "relay"]);
const ONLINE_TYPES: Filter = Filter::Echoed("OnlineUserType", &["Online", "Viewer", "ClientIP"]);
const EVENT_TYPES: Filter = Filter::Echoed(
    "CallbackEventType",
    &["push_start", "push_end", "snapshot_event", "record_event"],
);
const EVENT_STATES: Filter = Filter::Echoed("CallbackStatus", &["success", "fail"]);

/// All actions.
pub static ACTIONS: [Action; 27] = [
    Action {
        name: "DescribeLiveBandwidthData",
        filters: EVERYWHERE,
        splits: ALL_SPLITS,
        lists: BANDWIDTHS,
        totals: &[PEAK_UP, PEAK_DOWN],
        columns: &[UP, DOWN],
        ..EMPTY
    },
    Action {
        name: "DescribeLiveTrafficData",
        filters: EVERYWHERE,
        splits: ALL_SPLITS,
        lists: TRAFFICS,
        totals: &[TOTAL_UP, TOTAL_DOWN],
        columns: &[UP_TRAFFIC, DOWN_TRAFFIC],
        ..EMPTY
    },
    Action {
        name: "DescribeLiveP95PeakBandwidthData",
        shape: Shape::P95,
        spans: P95,
        filters: &[Filter::Domains, Filter::Protocols, Filter::Regions, Filter::UserRegions],
        columns: &[UP, DOWN],
        ..EMPTY
    },
    Action {
        name: "DescribeLiveTranscodeData",
        shape: Shape::Transcode,
        spans: D,
        delay: Delay::Minutes(20),
        filters: &[Filter::Domains, Filter::Stream, Filter::Transcoding],
        lists: ("TranscodeDataList", ""),
        ..EMPTY
    },
    Action {
        name: "DescribeLiveRecordData",
        delay: Delay::Minutes(420),
        filters: &[Filter::Domains, Filter::Stream],
        splits: &[Split::Domain],
        lists: ("RecordDataList", "RecordDetailDataList"),
        totals: &[column("RecordPeak", Meter::RECORDINGS)],
        columns: &[column("Value", Meter::RECORDINGS)],
        ..EMPTY
    },
    Action {
        name: "DescribeLiveSnapshotData",
        spans: SNAPSHOT,
        filters: &[Filter::Domains, Filter::Stream],
        splits: &[Split::Domain],
        lists: ("SnapshotDataList", "SnapshotDetailData"),
        totals: &[column("Total", Meter::SNAPSHOTS)],
        columns: &[column("Value", Meter::SNAPSHOTS)],
        ..EMPTY
    },
    Action {
        name: "DescribeLiveAuditData",
        spans: D,
        filters: &[Filter::Domains],
        splits: &[Split::Domain],
        lists: ("AuditDataList", "AuditDetailDataList"),
        totals: &[column("TotalCount", Meter::AUDITS)],
        columns: &[column("Count", Meter::AUDITS)],
        ..EMPTY
    },
    Action {
        name: "DescribeLivePullToPushData",
        spans: PULL_TO_PUSH,
        delay: Delay::FiveOr15,
        filters: &[Filter::Groups, Filter::Stream],
        splits: &[Split::Group],
        lists: ("PullToPushDataList", "PullToPushDetailDataList"),
        totals: &[column("TotalDuration", Meter::PUSHED)],
        columns: &[column("Value", Meter::PUSHED)],
        ..EMPTY
    },
    Action {
        name: "DescribeLivePullToPushBandwidthData",
        filters: &[Filter::Groups],
        splits: &[Split::Group],
        lists: BANDWIDTHS,
        totals: &[PEAK_UP],
        columns: &[UP],
        ..EMPTY
    },
    Action {
        name: "DescribeLiveTimeShiftData",
        shape: Shape::TimeShift,
        spans: D,
        delay: Delay::NextDayAt(8),
        filters: &[Filter::Vhosts],
        lists: ("TimeShiftDataList", ""),
        ..EMPTY
    },
    Action {
        name: "DescribeLiveEdgeStatData",
        spans: R,
        split_spans: R_SPLIT,
        delay: Delay::FiveOr15,
        filters: &[
            Filter::StreamLists,
            Filter::Domains,
            Filter::Protocols,
            Filter::Isps,
            Filter::Regions,
            Filter::UserRegions,
        ],
        splits: EDGE_SPLITS,
        lists: ("EdgeStatDataList", "EdgeStatDetailDataList"),
        totals: &[
            PEAK_UP,
            PEAK_DOWN,
            TOTAL_UP,
            TOTAL_DOWN,
            column("TotalRequest", Meter::REQUESTS),
        ],
        columns: &[UP, DOWN, UP_TRAFFIC, DOWN_TRAFFIC, column("Request", Meter::REQUESTS)],
        ..EMPTY
    },
    Action {
        name: "DescribeLiveMetricBandwidthData",
        spans: M,
        delay: Delay::FiveOr15,
        filters: METRIC,
        splits: ALL_SPLITS,
        lists: BANDWIDTHS,
        totals: &[PEAK_UP, PEAK_DOWN],
        columns: &[UP, DOWN],
        ..EMPTY
    },
    Action {
        name: "DescribeLiveMetricTrafficData",
        spans: M,
        delay: Delay::FiveOr15,
        filters: METRIC,
        splits: ALL_SPLITS,
        lists: TRAFFICS,
        totals: &[TOTAL_UP, TOTAL_DOWN],
        columns: &[UP_TRAFFIC, DOWN_TRAFFIC],
        ..EMPTY
    },
    Action {
        name: "DescribeLiveSourceTrafficData",
        spans: R,
        split_spans: R_SPLIT,
        delay: Delay::FiveOr15,
        filters: SOURCE,
        splits: &[Split::Domain, Split::Isp],
        lists: TRAFFICS,
        totals: &[
            column("TotalTraffic", Meter::SOURCE_TRAFFIC),
            column("PeakBandwidth", Meter::SOURCE_BANDWIDTH),
        ],
        columns: &[
            column("Traffic", Meter::SOURCE_TRAFFIC),
            column("Bandwidth", Meter::SOURCE_BANDWIDTH),
        ],
        ..EMPTY
    },
    Action {
        name: "DescribeLiveSourceBandwidthData",
        spans: M,
        delay: Delay::FiveOr15,
        filters: SOURCE,
        splits: &[Split::Domain, Split::Isp],
        lists: BANDWIDTHS,
        totals: &[column("PeakBandwidth", Meter::SOURCE_BANDWIDTH)],
        columns: &[column("Bandwidth", Meter::SOURCE_BANDWIDTH)],
        ..EMPTY
    },
    Action {
        name: "DescribeLiveStreamSessionData",
        spans: R,
        split_spans: R_SPLIT,
        delay: Delay::FiveOr15,
        filters: &[
            Filter::OneStream,
            Filter::Domains,
            Filter::Protocols,
            Filter::Isps,
            Filter::Regions,
            ONLINE_TYPES,
        ],
        splits: ALL_SPLITS,
        lists: ("SessionDataList", "SessionDetailDataList"),
        totals: &[
            column("PeakOnlineUser", Meter::VIEWERS),
            column("TotalRequest", Meter::REQUESTS),
        ],
        columns: &[column("OnlineUser", Meter::VIEWERS), column("Request", Meter::REQUESTS)],
        ..EMPTY
    },
    Action {
        name: "DescribeLiveStreamCountData",
        spans: R,
        split_spans: R_SPLIT,
        delay: Delay::Minutes(5),
        filters: &[Filter::Domains, Filter::Isps, Filter::UserRegions, STREAM_TYPES],
        splits: &[Split::Domain, Split::Isp],
        lists: STREAMS,
        totals: &[COUNT],
        columns: &[COUNT],
        detail_totals: false,
        ..EMPTY
    },
    Action {
        name: "DescribeLivePushStreamCountData",
        spans: PUSH_COUNT,
        delay: Delay::Minutes(5), // unverified: no page says it
        filters: &[Filter::Domains, Filter::Isps, Filter::UserRegions],
        splits: &[Split::Domain],
        lists: STREAMS,
        totals: &[column("PeakCount", Meter::PUSHES)],
        columns: &[column("PeakCount", Meter::PUSHES)],
        detail_totals: false,
        ..EMPTY
    },
    Action {
        name: "DescribeLivePlayStatusCodeData",
        shape: Shape::StatusCode,
        spans: STATUS,
        delay: Delay::Minutes(5), // unverified: no page says it
        filters: &[
            Filter::Domains,
            Filter::Isps,
            Filter::Regions,
            Filter::UserRegions,
            STATUS_TYPES,
        ],
        splits: &[Split::Domain, Split::Isp],
        lists: ("StatusDataList", "StatusDetailDataList"),
        ..EMPTY
    },
    Action {
        name: "DescribeLiveBatchStreamTrafficData",
        shape: Shape::StreamTraffic,
        spans: LIST_DAY,
        filters: EVERYWHERE,
        lists: STREAM_INFOS,
        page: BATCH_PAGE,
        ..EMPTY
    },
    Action {
        name: "DescribeLiveBatchStreamSessionData",
        shape: Shape::StreamSession,
        spans: LIST_DAY,
        delay: Delay::Minutes(5),
        filters: &[
            Filter::Domains,
            Filter::Protocols,
            Filter::Isps,
            Filter::Regions,
            ONLINE_TYPES,
        ],
        lists: STREAM_INFOS,
        page: BATCH_PAGE,
        ..EMPTY
    },
    Action {
        name: "DescribeLiveBatchStreamTranscodeData",
        shape: Shape::StreamTranscode,
        spans: LIST_OPEN,
        filters: &[Filter::Domains],
        lists: STREAM_INFOS,
        page: BATCH_PAGE,
        ..EMPTY
    },
    Action {
        name: "DescribeLiveTranscodeInfoData",
        shape: Shape::TranscodeInfo,
        spans: LIST_OPEN,
        delay: Delay::Minutes(20),
        filters: &[Filter::Domains, Filter::Stream, Filter::Transcoding],
        lists: ("TranscodeInfoDataList", ""),
        page: (1, 20, 100_000),
        ..EMPTY
    },
    Action {
        name: "DescribeLivePushStreamInfoData",
        shape: Shape::PushStreamInfo,
        spans: &[span(0, 93 * DAY)],
        history_days: 93,
        filters: &[Filter::Domains, Filter::Stream],
        lists: ("PushStreamInfoDataList", ""),
        page: (1, 20, 1_000),
        ..EMPTY
    },
    Action {
        name: "DescribeLiveTopPlayData",
        shape: Shape::TopPlay,
        spans: LIST_MONTH,
        delay: Delay::NextDayAt(7),
        filters: &[Filter::Domains, Filter::VhostList],
        lists: ("DataItemList", ""),
        page: (1, 10, 1_000),
        ..EMPTY
    },
    Action {
        name: "DescribeLiveLogData",
        shape: Shape::Logs,
        spans: LIST_MONTH,
        history_days: 31,
        delay: Delay::Minutes(60), // unverified: no page says it
        filters: &[Filter::Domains, LOG_TYPES],
        lists: ("LogInfoList", ""),
        ..EMPTY
    },
    Action {
        name: "DescribeLiveCallbackData",
        shape: Shape::Callbacks,
        spans: LIST_MONTH,
        delay: Delay::Minutes(5), // unverified: no page says it
        filters: &[Filter::Domains, Filter::Stream, EVENT_TYPES, EVENT_STATES],
        lists: ("CallbackInfoList", ""),
        page: (1, 100, 1_000),
        ..EMPTY
    },
];

/// The action of that name.
pub fn action(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name == name)
}
