//! Volcengine Live, as its clients meet it: signed calls named by `Action` in the query, and an envelope around every answer.
//!
//! Two sets of keys work: the lasting pair of [`Service::credentials`], and the temporary one of the `STS_` constants, which
//! comes with a token. Facts are from the vendor's reference unless a comment says that they are unverified.

mod facts;
mod figures;
mod json;
mod lists;
mod question;
mod refusal;
mod series;
mod signature;
mod times;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::Offset;

use self::facts::{Action, Shape};
pub use self::figures::{
    DOMAINS, GROUPS, Meter, Place, STATUS_CODES, StorageDay, TRANSCODINGS, Traffic, VHOSTS, decimal, truth_figure,
    truth_storage, truth_traffic,
};
use self::json::Object;
use self::question::Question;
use self::refusal::Refusal;
use self::signature::{Key, Rules};
use super::http::{Request, Response};
use super::world::World;
use super::{Service, Switch, accounts, synth};

/// The lasting access key.
pub const ACCESS_KEY: &str = "AKLTexamplepublic0001";
/// Its secret.
pub const SECRET_KEY: &str = "c2VjcmV0LWV4YW1wbGUtbm90LXJlYWw=";
/// The temporary access key.
pub const STS_ACCESS_KEY: &str = "AKTPexamplepublic0002";
/// Its secret.
pub const STS_SECRET_KEY: &str = "dGVtcC1zZWNyZXQtbm90LXJlYWw=";
/// The token that must come with it.
pub const STS_SESSION_TOKEN: &str = "STS2eyJleGFtcGxlIjoibm90LXJlYWwifQ==";

const VERSION: &str = "2023-01-01";
const REGION: &str = "cn-north-1";
const KEYS: [Key; 2] = [
    Key {
        access: ACCESS_KEY,
        secret: SECRET_KEY,
        token: None,
    },
    Key {
        access: STS_ACCESS_KEY,
        secret: STS_SECRET_KEY,
        token: Some(STS_SESSION_TOKEN),
    },
];

/// The service.
#[derive(Debug, Default)]
pub struct Volcengine {
    answered: AtomicI64,
}

const fn switch(name: &'static str, values: &'static [&'static str], doc: &'static str) -> Switch {
    Switch { name, values, doc }
}

/// What the documentation leaves open. An empty list of values means any text; the sentence then names the default.
const SWITCHES: [Switch; 16] = [
    switch(
        "volcengine.end",
        &["inclusive", "exclusive"],
        "Whether a bucket that starts at EndTime is in the answer.",
    ),
    switch(
        "volcengine.alignment",
        &["containing", "inside", "refused"],
        "What a StartTime inside a bucket means: that bucket, the next one, or a refusal.",
    ),
    switch(
        "volcengine.zero_days",
        &["rows", "absent"],
        "Whether a bucket without usage is a row of zeros or no row.",
    ),
    switch(
        "volcengine.over_span",
        &["refused", "truncated", "empty"],
        "What happens to a question beyond the span or the history.",
    ),
    switch(
        "volcengine.span_measure",
        &["instants", "calendar_days"],
        "Whether spans are measured in seconds or in days touched at UTC+8.",
    ),
    switch(
        "volcengine.time_shift_list",
        &["list", "null_when_empty"],
        "What an empty list of storage is.",
    ),
    switch(
        "volcengine.storage_number",
        &["fraction", "integer"],
        "Whether storage is written with a decimal.",
    ),
    switch(
        "volcengine.second_row",
        &["off", "on"],
        "Whether storage has a second row five minutes after the first, as the page's example has.",
    ),
    switch(
        "volcengine.aggregation_echo",
        &["present", "absent"],
        "Whether answers have Aggregation.",
    ),
    switch(
        "volcengine.answer_offset",
        &["+08:00", "Z"],
        "The offset of the times in answers.",
    ),
    switch(
        "volcengine.vhosts_empty",
        &["all", "none"],
        "What an empty Vhosts means.",
    ),
    switch(
        "volcengine.code_n",
        &["present", "absent"],
        "Whether gateway errors have CodeN.",
    ),
    switch(
        "volcengine.timestamp_status",
        &["400", "403"],
        "The HTTP status of InvalidTimestamp.",
    ),
    switch(
        "volcengine.future_skew_seconds",
        &[],
        "How far ahead of the server's clock a signature may be; 900 unless set.",
    ),
    switch(
        "volcengine.retry_after",
        &["present", "absent"],
        "Whether a throttled call is told when to come back.",
    ),
    switch(
        "volcengine.logid",
        &["present", "absent"],
        "Whether the request id is in the X-Tt-Logid header, too.",
    ),
];

impl Service for Volcengine {
    fn name(&self) -> &'static str {
        "volcengine"
    }

    fn credentials(&self, account: u32) -> Vec<(&'static str, String)> {
        vec![
            ("access_key", accounts::word(ACCESS_KEY, account)),
            ("secret_key", accounts::word(SECRET_KEY, account)),
        ]
    }

    fn account(&self, request: &Request) -> Option<u32> {
        signature::account(request, &KEYS)
    }

    fn switches(&self) -> &'static [Switch] {
        &SWITCHES
    }

    fn claims(&self, request: &Request) -> bool {
        request.path == "/"
    }

    fn answer(&self, world: &World, request: &Request) -> Response {
        match reply(world, request) {
            Ok((region, result)) => {
                let envelope = |metadata: Object| Object::new().with("ResponseMetadata", &metadata.finish());
                self.respond(world, request, &region, 200, |metadata| {
                    envelope(metadata).with("Result", &result)
                })
            }
            Err(refusal) => self.refuse(world, request, &refusal),
        }
    }

    fn throttled(&self, world: &World, request: &Request, retry_after_seconds: u64) -> Response {
        let response = self.refuse(world, request, &Refusal::flow_limit());
        if world.switch_is("volcengine.retry_after", "absent") {
            response
        } else {
            response.header("Retry-After", retry_after_seconds.to_string())
        }
    }

    fn refused_inside_200(&self, world: &World, request: &Request) -> Response {
        self.refuse(world, request, &Refusal::common())
    }
}

impl Volcengine {
    fn refuse(&self, world: &World, request: &Request, refusal: &Refusal) -> Response {
        let mut error = Object::new();
        if refusal.number > 0 && !world.switch_is("volcengine.code_n", "absent") {
            error = error.with("CodeN", &refusal.number.to_string());
        }
        let error = error
            .with_text("Code", refusal.code)
            .with_text("Message", &refusal.message)
            .finish();
        self.respond(world, request, REGION, refusal.status, |metadata| {
            Object::new().with("ResponseMetadata", &metadata.with("Error", &error).finish())
        })
    }

    fn respond(
        &self,
        world: &World,
        request: &Request,
        region: &str,
        status: u16,
        envelope: impl FnOnce(Object) -> Object,
    ) -> Response {
        let id = self.request_id(world);
        let metadata = Object::new()
            .with_text("RequestId", &id)
            .with_text("Action", &parameter(request, "Action").unwrap_or_default())
            .with_text("Version", &parameter(request, "Version").unwrap_or_default())
            .with_text("Service", "live")
            .with_text("Region", region);
        let mut response = Response::text(status, "application/json; charset=utf-8", envelope(metadata).finish());
        if !world.switch_is("volcengine.logid", "absent") {
            response = response.header("X-Tt-Logid", id);
        }
        // A client with a wrong clock takes the right time from a refusal; an answer is stamped with what it is about.
        let at = if status == 200 {
            world.date()
        } else {
            world.wall_clock()
        };
        response.header("Date", http_date(at))
    }

    /// Shaped like `20230831140335992B73F008D5242E199D`: the time at UTC+8, then twenty hex digits.
    fn request_id(&self, world: &World) -> String {
        let number = self.answered.fetch_add(1, Ordering::Relaxed);
        let now = world.wall_clock();
        let time = Offset::constant(8)
            .to_datetime(now)
            .strftime("%Y%m%d%H%M%S")
            .to_string();
        let random = synth::draw(world.seed(), &time, number);
        format!("{time}{:04X}{random:016X}", number & 0xffff)
    }
}

fn http_date(at: Timestamp) -> String {
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap_or_default()
}

fn parameter(request: &Request, name: &str) -> Option<String> {
    request
        .query_pairs()
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

/// The region of the signature and the `Result`. Action and version come first, then the signature, then the body.
fn reply(world: &World, request: &Request) -> Result<(String, String), Refusal> {
    let action = parameter(request, "Action").ok_or_else(|| Refusal::missing_parameter("Action"))?;
    let version = parameter(request, "Version").ok_or_else(|| Refusal::missing_parameter("Version"))?;
    let unknown = || Refusal::invalid_action(&action, &version);
    let known = facts::action(&action).filter(|_| version == VERSION && request.method == "POST");
    let known = known.ok_or_else(unknown)?;
    let skew = world.switch("volcengine.future_skew_seconds");
    let rules = Rules {
        now: world.wall_clock(),
        future_skew: skew.and_then(|text| text.trim().parse().ok()).unwrap_or(900),
        timestamp_status: if world.switch_is("volcengine.timestamp_status", "403") {
            403
        } else {
            400
        },
        keys: &KEYS,
    };
    let region = signature::check(request, rules)?;
    let result = result(world, known, &request.body)?;
    Ok((region.to_owned(), result))
}

fn result(world: &World, action: &'static Action, body: &[u8]) -> Result<String, Refusal> {
    let question: Question = question::read(world, action, body)?;
    check_required(&question)?;
    let object = match action.shape {
        Shape::Series => series::series(world, &question),
        Shape::P95 => series::p95(world, &question),
        Shape::Transcode => series::transcode(world, &question),
        Shape::StatusCode => series::status_codes(world, &question),
        Shape::TimeShift => series::time_shift(world, &question),
        Shape::StreamTraffic => lists::stream_traffic(world, &question),
        Shape::StreamSession => lists::stream_session(world, &question),
        Shape::StreamTranscode => lists::stream_transcode(world, &question),
        Shape::TranscodeInfo => lists::transcode_info(world, &question),
        Shape::PushStreamInfo => lists::push_stream_info(world, &question),
        Shape::TopPlay => lists::top_play(world, &question),
        Shape::Logs => lists::logs(world, &question),
        Shape::Callbacks => lists::callbacks(world, &question),
    };
    Ok(object.finish())
}

/// What single actions require beyond the times.
fn check_required(question: &Question) -> Result<(), Refusal> {
    let is = |name: &str, values: &[&str]| question.text(name).is_none_or(|value| values.contains(&value));
    match question.action.shape {
        Shape::Logs if question.text("Type").is_none() => Err(Refusal::invalid_param("Type is required.")),
        Shape::TopPlay if !is("QueryType", &["Domain", "Stream"]) => {
            Err(Refusal::invalid_param("QueryType is not supported."))
        }
        Shape::TopPlay if !is("SortBy", &["PeakBandwidth", "AvgBandwidth", "TotalTraffic"]) => {
            Err(Refusal::invalid_param("SortBy is not supported."))
        }
        _ => Ok(()),
    }
}
