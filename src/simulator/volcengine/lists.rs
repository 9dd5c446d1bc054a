//! Answers that are lists without a granularity: streams, tasks, pushes, files, callbacks, the busiest.

use super::facts::{Action, Shape};
use super::figures::{self, APP, Hours, Meter, Place, STREAMS_PER_DOMAIN, Share, TRANSCODINGS, decimal};
use super::json::{Object, list, quoted};
use super::question::Question;
use super::series::header;
use super::times::written;
use crate::simulator::synth;
use crate::simulator::world::World;

/// One stream of a domain with its part of it.
struct Stream {
    place: &'static Place,
    number: u64,
    share: Share,
}

fn streams(question: &Question) -> impl Iterator<Item = Stream> + '_ {
    question.places.iter().flat_map(move |place| {
        let wanted = |number: &u64| question.streams.is_empty() || question.streams.contains(number);
        (1..=STREAMS_PER_DOMAIN).filter(wanted).map(|number| Stream {
            place,
            number,
            share: figures::share_of_stream(number),
        })
    })
}

impl Stream {
    fn named(&self) -> Object {
        Object::new()
            .with_text("Domain", self.place.name)
            .with_text("App", APP)
            .with_text("Stream", &figures::stream_name(self.number))
    }
}

/// The figures of meters over a stretch of minutes.
struct Sheet<'a> {
    question: &'a Question,
    hours: Hours,
    minutes: (i64, i64),
}

impl<'a> Sheet<'a> {
    fn new(world: &World, question: &'a Question) -> Self {
        let minutes = question.minutes(world);
        Self {
            question,
            hours: Hours::new(world, minutes.0, minutes.1),
            minutes,
        }
    }

    /// The levels of each place asked for.
    fn levels(&self, meter: Meter) -> Vec<(&'static Place, Vec<u64>)> {
        let places = self.question.places.iter();
        places.map(|place| (*place, self.hours.levels(meter, place))).collect()
    }

    fn figure(&self, meter: Meter, levels: &[&[u64]], share: Share) -> u64 {
        let levels = self.hours.sum_of(levels, share);
        self.hours.figure(meter, &levels, self.minutes.0, self.minutes.1)
    }

    fn of_stream(&self, meter: Meter, levels: &[(&Place, Vec<u64>)], stream: &Stream) -> u64 {
        let share = self.question.share().of(stream.share);
        let levels = levels.iter().find(|(place, _)| *place == stream.place);
        levels.map_or(0, |(_, levels)| self.figure(meter, &[levels], share))
    }
}

/// The rows of the page asked for.
fn page_of(question: &Question, rows: Vec<String>) -> Vec<String> {
    let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let skipped = number(question.page - 1).saturating_mul(number(question.page_size));
    rows.into_iter()
        .skip(skipped)
        .take(number(question.page_size))
        .collect()
}

/// The page of the rows, with the pagination in the keys (and types) of the action.
fn paged(question: &Question, object: Object, rows: Vec<String>) -> Object {
    let action: &Action = question.action;
    let rows = if question.out_of_limits { Vec::new() } else { rows };
    let number = |number: String| {
        if action.shape == Shape::TopPlay {
            quoted(&number)
        } else {
            number
        }
    };
    let page_key = match action.shape {
        Shape::TranscodeInfo | Shape::PushStreamInfo => "PageCur",
        _ => "PageNum",
    };
    let pagination = Object::new()
        .with(page_key, &number(question.page.to_string()))
        .with("PageSize", &number(question.page_size.to_string()))
        .with("TotalCount", &number(rows.len().to_string()));
    object
        .with("Pagination", &pagination.finish())
        .with(action.lists.0, &list(page_of(question, rows)))
}

/// Streams with their traffic.
pub fn stream_traffic(world: &World, question: &Question) -> Object {
    let sheet = Sheet::new(world, question);
    let (up, down) = (sheet.levels(Meter::UP_TRAFFIC), sheet.levels(Meter::DOWN_TRAFFIC));
    let (mut total_up, mut total_down) = (0, 0);
    let mut rows = Vec::new();
    for stream in streams(question) {
        let sent = sheet.of_stream(Meter::UP_TRAFFIC, &up, &stream);
        let received = sheet.of_stream(Meter::DOWN_TRAFFIC, &down, &stream);
        total_up += sent;
        total_down += received;
        if sent + received > 0 {
            let row = stream
                .named()
                .with("UpTraffic", &decimal(sent, 9))
                .with("DownTraffic", &decimal(received, 9));
            rows.push(row.finish());
        }
    }
    let object = header(world, question)
        .with("TotalUpTraffic", &decimal(total_up, 9))
        .with("TotalDownTraffic", &decimal(total_down, 9));
    paged(question, object, rows)
}

/// Streams with their viewers and requests.
pub fn stream_session(world: &World, question: &Question) -> Object {
    let sheet = Sheet::new(world, question);
    let (viewers, requests) = (sheet.levels(Meter::VIEWERS), sheet.levels(Meter::REQUESTS));
    let mut total = 0;
    let mut rows = Vec::new();
    for stream in streams(question) {
        let peak = sheet.of_stream(Meter::VIEWERS, &viewers, &stream);
        let asked = sheet.of_stream(Meter::REQUESTS, &requests, &stream);
        total += asked;
        if peak + asked > 0 {
            let row = stream
                .named()
                .with("PeakOnlineUser", &peak.to_string())
                .with("TotalRequest", &asked.to_string());
            rows.push(row.finish());
        }
    }
    let all: Vec<&[u64]> = viewers.iter().map(|(_, levels)| levels.as_slice()).collect();
    let peak = sheet.figure(Meter::VIEWERS, &all, question.share());
    let object = header(world, question)
        .with("PeakOnlineUser", &peak.to_string())
        .with("TotalRequest", &total.to_string());
    paged(question, object, rows)
}

/// Streams with the minutes that they were transcoded, one row for each kind.
pub fn stream_transcode(world: &World, question: &Question) -> Object {
    let sheet = Sheet::new(world, question);
    let mut total = 0;
    let mut rows = Vec::new();
    for (kind, (name, resolution, rate)) in TRANSCODINGS.iter().enumerate() {
        let meter = Meter::transcoded(kind);
        let levels = sheet.levels(meter);
        for stream in streams(question) {
            let duration = sheet.of_stream(meter, &levels, &stream);
            total += duration;
            if duration > 0 {
                let row = stream
                    .named()
                    .with_text("VCodec", name)
                    .with_text("Resolution", resolution)
                    .with("Coderate", &rate.to_string())
                    .with("Duration", &decimal(duration, 2));
                rows.push(row.finish());
            }
        }
    }
    let object = header(world, question).with("TotalDuration", &decimal(total, 2));
    paged(question, object, rows)
}

/// Something that happened to a stream: it began in that minute and lasted so many.
struct Event {
    place: &'static Place,
    minute: i64,
    lasted: i64,
    stream: u64,
    /// A number to draw further facts from.
    drawn: u64,
}

/// Up to three events an hour at each place, of the streams asked for.
fn events(world: &World, question: &Question, what: &str) -> Vec<Event> {
    let (from, to) = question.minutes(world);
    let mut events = Vec::new();
    for place in &question.places {
        let name = format!("volcengine.{what}.{}", place.name);
        for hour in from.div_euclid(60)..(to + 59).div_euclid(60) {
            for slot in 0..3_i64 {
                let drawn = synth::draw(world.seed(), &name, hour * 3 + slot);
                let number = |drawn: u64| i64::try_from(drawn).unwrap_or(0);
                let event = Event {
                    place,
                    minute: hour * 60 + slot * 20 + number(drawn % 20),
                    lasted: 1 + number((drawn >> 8) % 180),
                    stream: 1 + (drawn >> 16) % STREAMS_PER_DOMAIN,
                    drawn: drawn >> 32,
                };
                let busy = (drawn >> 24) % 100 < synth::business(hour + 8);
                let wanted = question.streams.is_empty() || question.streams.contains(&event.stream);
                if busy && wanted && (from..to).contains(&event.minute) {
                    events.push(event);
                }
            }
        }
    }
    events.sort_by_key(|event| event.minute);
    events
}

/// Transcoding tasks.
pub fn transcode_info(world: &World, question: &Question) -> Object {
    let row = |event: &Event| {
        let kind = usize::try_from(event.drawn % 4).unwrap_or(0);
        let (name, resolution, _) = TRANSCODINGS.get(kind)?;
        question.transcodings.contains(&kind).then(|| {
            Object::new()
                .with_text("Stream", &figures::stream_name(event.stream))
                .with_text("TaskID", &format!("task-{:08x}", event.drawn))
                .with_text("TranscodeSuffix", &format!("_{}", resolution.to_lowercase()))
                .with_text("TranscodeType", name)
                .with_text("Resolution", resolution)
                .with_text("StartTime", &written(world, event.minute * 60))
                .with_text("EndTime", &written(world, (event.minute + event.lasted) * 60))
                .with("Duration", &event.lasted.to_string())
                .finish()
        })
    };
    let rows = events(world, question, "tasks").iter().filter_map(row).collect();
    paged(question, header(world, question), rows)
}

/// Pushes of streams.
pub fn push_stream_info(world: &World, question: &Question) -> Object {
    const REASONS: [&str; 3] = ["client closed", "network timeout", "forbidden"]; // made up: no list is published
    let row = |event: &Event| {
        let reason = REASONS.get(usize::try_from(event.drawn % 3).unwrap_or(0)).copied();
        Object::new()
            .with_text("App", APP)
            .with_text("Stream", &figures::stream_name(event.stream))
            .with_text("IP", &format!("192.0.2.{}", event.drawn % 254 + 1))
            .with_text("StartTime", &written(world, event.minute * 60))
            .with_text("EndTime", &written(world, (event.minute + event.lasted) * 60))
            .with("Duration", &(event.lasted * 60).to_string())
            .with_text("StreamBreakReason", reason.unwrap_or_default())
            .finish()
    };
    let rows = events(world, question, "pushed_streams").iter().map(row).collect();
    paged(question, header(world, question), rows)
}

/// Callbacks that were sent.
pub fn callbacks(world: &World, question: &Question) -> Object {
    const EVENTS: [&str; 4] = ["push_start", "push_end", "snapshot_event", "record_event"];
    let (kinds, states) = (question.texts("CallbackEventType"), question.texts("CallbackStatus"));
    let wanted = |list: &[String], value: &str| list.is_empty() || list.iter().any(|given| given == value);
    let row = |event: &Event| {
        let kind = EVENTS
            .get(usize::try_from(event.drawn % 4).unwrap_or(0))
            .copied()
            .unwrap_or_default();
        let failed = (event.drawn >> 4).is_multiple_of(10);
        let state = if failed { "fail" } else { "success" };
        let body = format!("{{\"event\":\"{kind}\"}}");
        let row = Object::new()
            .with_text("Domain", event.place.name)
            .with_text("App", APP)
            .with_text("Stream", &figures::stream_name(event.stream))
            .with_text("CallbackTime", &written(world, event.minute * 60))
            .with_text("CallbackEventType", kind)
            .with_text("CallbackStatus", state)
            .with_text("CallbackAddress", "https://callback.example.com/live")
            .with_text("CallbackMethod", "POST")
            .with_text("CallbackBody", &body)
            .with_text("CallbackResponseTime", &written(world, event.minute * 60 + 1))
            .with_text("CallbackResponseCode", if failed { "500" } else { "200" })
            .with_text("CallbackResponseHeader", "Content-Length: 0")
            .with_text("CallbackResponseBody", "")
            .with_text("CallbackErrorCode", if failed { "ServerError" } else { "" })
            .with_text(
                "CallbackErrorMessage",
                if failed { "the server answered 500" } else { "" },
            );
        (wanted(&kinds, kind) && wanted(&states, state)).then(|| row.finish())
    };
    let rows = events(world, question, "callbacks").iter().filter_map(row).collect();
    paged(question, header(world, question), rows)
}

/// Log files: one for each domain and whole hour; those of pull-to-push have no domain.
pub fn logs(world: &World, question: &Question) -> Object {
    let (from, to) = question.minutes(world);
    let kind = question.text("Type").unwrap_or_default();
    let domains: Vec<&str> = match kind {
        "relay" => vec![""],
        _ => question.places.iter().map(|place| place.name).collect(),
    };
    let hours = -(-from).div_euclid(60)..to.div_euclid(60);
    let rows = hours.flat_map(|hour| domains.iter().map(move |domain| log_file(world, kind, domain, hour)));
    paged(question, header(world, question), rows.collect())
}

/// A log file is named after its domain and its hour.
fn log_file(world: &World, kind: &str, domain: &str, hour: i64) -> String {
    let (start, end) = (written(world, hour * 3_600), written(world, (hour + 1) * 3_600));
    let day = start.get(..10).unwrap_or_default().replace('-', "_");
    let clock = |text: &str| text.get(11..19).unwrap_or_default().replace(':', "");
    let span = format!("{day}_{}_{}_0.gz", clock(&start), clock(&end));
    let name = match domain {
        "" => span,
        domain => format!("{domain}_{span}"),
    };
    let bytes = synth::between(
        world.seed(),
        &format!("volcengine.log.{kind}.{domain}"),
        hour,
        2_000,
        900_000,
    );
    let row = Object::new()
        .with_text("DateTime", &start)
        .with_text("DownloadUrl", &format!("https://logs.example.com/{kind}/{name}"))
        .with_text("LogName", &name)
        .with("LogSize", &bytes.to_string());
    let row = match domain {
        "" => row,
        domain => row.with_text("Domain", domain),
    };
    row.finish()
}

/// One line of the busiest.
struct Played {
    named: Object,
    total: u64,
    peak: u64,
    average: u64,
}

/// Every stream or domain that was played, in no order.
fn played(world: &World, question: &Question, by_domain: bool) -> Vec<Played> {
    let sheet = Sheet::new(world, question);
    let seconds = u64::try_from((sheet.minutes.1 - sheet.minutes.0) * 60)
        .unwrap_or(0)
        .max(1);
    let mut lines = Vec::new();
    for (place, levels) in sheet.levels(Meter::DOWN_TRAFFIC) {
        let line = |named: Object, share: Share| {
            let total = sheet.figure(Meter::DOWN_TRAFFIC, &[&levels], share);
            Played {
                named,
                total,
                peak: sheet.figure(Meter::DOWN_BANDWIDTH, &[&levels], share),
                average: total * 8 / seconds,
            }
        };
        if by_domain {
            lines.push(line(Object::new().with_text("Domain", place.name), Share::WHOLE));
        } else {
            let of_place = streams(question).filter(|stream| stream.place == place);
            lines.extend(of_place.map(|stream| line(stream.named(), stream.share)));
        }
    }
    lines.retain(|line| line.total > 0);
    lines
}

/// The busiest streams or domains: bytes and bit/s, page numbers in text, a thousand at most.
pub fn top_play(world: &World, question: &Question) -> Object {
    const MOST: usize = 1_000;
    let by_domain = question.text("QueryType") == Some("Domain");
    let sort_by = question.text("SortBy").unwrap_or("PeakBandwidth");
    let mut lines = played(world, question, by_domain);
    lines.sort_by_key(|line| {
        std::cmp::Reverse(match sort_by {
            "TotalTraffic" => line.total,
            "AvgBandwidth" => line.average,
            _ => line.peak,
        })
    });
    let row = |line: Played| {
        line.named
            .with("PeakBandwidth", &line.peak.to_string())
            .with("AvgBandwidth", &line.average.to_string())
            .with("TotalTraffic", &line.total.to_string())
            .finish()
    };
    let rows = lines.into_iter().take(MOST).map(row).collect();
    let mut object = header(world, question);
    for name in ["DomainList", "VhostList"] {
        if !question.echo.iter().any(|(echoed, _)| *echoed == name) {
            object = object.with(name, "[]");
        }
    }
    let object = object
        .with_text("QueryType", if by_domain { "Domain" } else { "Stream" })
        .with_text("SortBy", sort_by);
    paged(question, object, rows)
}
