//! Evidence: for each call what was asked, when, and what came back. Never a body, never a secret.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::{Float64Array, Int32Array, RecordBatch};
use jiff::Timestamp;
use serde::Serializer;
use sha2::{Digest, Sha256};

use super::Outcome;
use super::arrays::{self, Words, microseconds};
use crate::plan::Plan;
use crate::service::{PlannedCall, Reply};
use crate::values::error::{Error, Result};
use crate::values::text::hex;

/// What is known of one call's course.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// When it was asked, by our clock.
    pub asked_at: Timestamp,
    /// When the last answer was complete, by our clock.
    pub answered_at: Option<Timestamp>,
    /// The HTTP status of the last answer.
    pub http_status: Option<u16>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// The SHA-256 of the decoded body, in hexadecimal digits.
    pub sha256: Option<String>,
    /// The length of the decoded body.
    pub bytes: Option<usize>,
    /// How many requests were sent.
    pub attempts: u32,
    /// From the call's beginning to its end, waits and repetitions included.
    pub elapsed: Duration,
}

impl Evidence {
    /// The evidence of a call that was answered.
    pub fn answered(
        asked_at: Timestamp,
        answered_at: Timestamp,
        reply: &Reply,
        attempts: u32,
        elapsed: Duration,
    ) -> Self {
        Self {
            asked_at,
            answered_at: Some(answered_at),
            http_status: Some(reply.status),
            request_id: reply.request_id(),
            sha256: Some(digest(&reply.body)),
            bytes: Some(reply.body.len()),
            attempts,
            elapsed,
        }
    }

    /// The evidence of a call that failed.
    pub fn failed(asked_at: Timestamp, error: &Error) -> Self {
        Self {
            asked_at,
            answered_at: None,
            http_status: error.http_status,
            request_id: error.request_id.clone(),
            sha256: None,
            bytes: None,
            attempts: error.attempts,
            elapsed: error.elapsed,
        }
    }
}

/// The SHA-256 of these bytes, in hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).as_slice())
}

/// The table of evidence: one row per call that was made.
pub fn table(plan: &Plan, outcomes: &[Option<Outcome>]) -> Result<RecordBatch> {
    let made = plan.calls.iter().zip(outcomes);
    let rows: Vec<(&PlannedCall, &Outcome)> = made
        .filter_map(|(call, outcome)| Some((call, outcome.as_ref()?)))
        .collect();
    let calls = || rows.iter().map(|(call, _)| *call);
    let all = || rows.iter().map(|(_, outcome)| &outcome.evidence);
    let errors: Vec<Option<(String, String)>> = rows.iter().map(|(_, outcome)| described(outcome)).collect();
    let arguments: Vec<String> = calls().map(arguments).collect();
    arrays::table(vec![
        ("call_id", arrays::texts(calls().map(|call| Some(&*call.id)))),
        ("account", Words::column(calls().map(|call| &*call.account))?),
        ("provider", Words::column(calls().map(|call| call.provider))?),
        (
            "operation",
            Words::column(calls().map(|call| call.call.operation.name))?,
        ),
        ("arguments", arrays::texts(arguments.iter().map(|text| Some(&**text)))),
        (
            "start",
            arrays::moments(calls().map(|call| microseconds(Some(call.piece.start().at))).collect()),
        ),
        (
            "end",
            arrays::moments(calls().map(|call| microseconds(Some(call.piece.end().at))).collect()),
        ),
        (
            "asked_at",
            arrays::moments(all().map(|one| microseconds(Some(one.asked_at))).collect()),
        ),
        (
            "answered_at",
            arrays::moments(all().map(|one| microseconds(one.answered_at)).collect()),
        ),
        (
            "http_status",
            Arc::new(all().map(|one| one.http_status.map(i32::from)).collect::<Int32Array>()),
        ),
        ("request_id", arrays::texts(all().map(|one| one.request_id.as_deref()))),
        ("sha256", arrays::texts(all().map(|one| one.sha256.as_deref()))),
        ("bytes", arrays::optional_counts(all().map(|one| one.bytes))),
        (
            "attempts",
            arrays::optional_counts(all().map(|one| usize::try_from(one.attempts).ok())),
        ),
        (
            "elapsed",
            Arc::new(
                all()
                    .map(|one| Some(one.elapsed.as_secs_f64()))
                    .collect::<Float64Array>(),
            ),
        ),
        (
            "error",
            arrays::texts(errors.iter().map(|error| error.as_ref().map(|(class, _)| &**class))),
        ),
        (
            "message",
            arrays::texts(errors.iter().map(|error| error.as_ref().map(|(_, text)| &**text))),
        ),
    ])
}

/// A call's arguments as JSON text, in the order of their table; they never hold secrets.
fn arguments(call: &PlannedCall) -> String {
    let mut text = Vec::with_capacity(160);
    // Writing into memory cannot fail.
    let _ = serde_json::Serializer::new(&mut text).collect_map(call.call.arguments.iter());
    String::from_utf8(text).unwrap_or_default()
}

/// The class of an outcome's error in Python, and its text.
fn described(outcome: &Outcome) -> Option<(String, String)> {
    let error = outcome.result.as_ref().err()?;
    Some((format!("{:?}", error.kind), error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Usage;
    use crate::usage::fixture::{SUMS, answered, at, call, plan, shown, window};
    use crate::values::error::Kind;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int32Type};

    #[test]
    fn each_call_that_was_made_has_a_row_that_proves_it() {
        let range = window("2026-01-01", "2026-02-01");
        let plan = plan(vec![call("c0", "main", &SUMS, range), call("c1", "main", &SUMS, range)]);
        let mut error = Error::new(Kind::RateLimited, "too many requests").with_request_id(Some("R7".to_owned()));
        (error.http_status, error.attempts, error.elapsed) = (Some(429), 3, Duration::from_millis(1500));
        let failure = Outcome {
            call: 1,
            evidence: Evidence::failed(at("2026-02-28"), &error),
            result: Err(error),
        };
        let table = Usage::assemble(&plan, vec![failure, answered(&plan, 0, vec![])])
            .unwrap()
            .evidence;
        let braces = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        let arguments =
            r#"{"start":"2026-01-01T00:00:00+00:00","end":"2026-02-01T00:00:00+00:00","aggregation":86400}"#;
        for (column, values) in [
            ("call_id", ["c0", "c1"]),
            ("account", ["main", "main"]),
            ("provider", ["volcengine", "volcengine"]),
            ("operation", ["time_shift_data", "time_shift_data"]),
            ("arguments", [arguments, arguments]),
            ("start", ["2026-01-01T00:00:00Z"; 2]),
            ("end", ["2026-02-01T00:00:00Z"; 2]),
            ("asked_at", ["2026-02-28T23:59:59Z", "2026-02-28T00:00:00Z"]),
            ("answered_at", ["2026-03-01T00:00:00Z", "-"]),
            ("request_id", ["2026X", "R7"]),
            ("sha256", [braces, "-"]),
            ("bytes", ["2", "-"]),
            ("attempts", ["1", "3"]),
            ("error", ["-", "RateLimited"]),
            (
                "message",
                [
                    "-",
                    "HTTP 429 (request id R7): too many requests. Tried 3 times, 1.5 s.",
                ],
            ),
        ] {
            assert_eq!(shown(&table, column), values, "{column}");
        }
        let statuses = table.column_by_name("http_status").unwrap().as_primitive::<Int32Type>();
        assert_eq!(statuses.iter().collect::<Vec<_>>(), [Some(200), Some(429)]);
        let elapsed = table.column_by_name("elapsed").unwrap().as_primitive::<Float64Type>();
        assert_eq!(elapsed.iter().collect::<Vec<_>>(), [Some(0.25), Some(1.5)]);
    }
}
