//! RICOH Live Streaming's cost and usage aggregation API v1, as its clients meet it.

mod query;
#[cfg(test)]
mod tests;
mod usage;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::http::{Request, Response, decode};
use super::json;
use super::world::World;
use super::{Service, Switch, accounts};
use query::Question;
pub use usage::{
    BOTH, Connection, Env, Items, LABELS, Millionths, Reservation, Room, RoomType, Usage, rooms, truth, truth_by_label,
};

const CLIENT_ID: &str = "sim-ricoh-client";
/// With a colon and signs that Base64 and URLs treat differently.
const CLIENT_SECRET: &str = "sim:ricoh/secret+%~";

/// The literal segment before a label. The rendered page does not show it; this is an unverified guess.
const LABEL_PATH: &str = "classification_labels";

const SWITCHES: &[Switch] = &[
    Switch {
        name: "ricoh.label_path",
        values: &[],
        doc: "The path segment of the two label operations (classification_labels unless set).",
    },
    Switch {
        name: "ricoh.month",
        values: &["calendar", "days31", "days30"],
        doc: "What the longest range, one month, means.",
    },
    Switch {
        name: "ricoh.year_limit",
        values: &["second", "day"],
        doc: "Whether the one year of history is judged to the second or from the start of that UTC day.",
    },
    Switch {
        name: "ricoh.range_status",
        values: &["400", "422"],
        doc: "The status of a range that is too long, too old or reversed.",
    },
    Switch {
        name: "ricoh.future_until",
        values: &["accepted", "refused"],
        doc: "Whether until may lie in the future.",
    },
    Switch {
        name: "ricoh.empty_range",
        values: &["accepted", "refused"],
        doc: "Whether until may equal since.",
    },
    Switch {
        name: "ricoh.date_form",
        values: &["any", "utc_seconds"],
        doc: "Whether dates may have a numeric offset and a fraction.",
    },
    Switch {
        name: "ricoh.query_plus",
        values: &["space", "plus"],
        doc: "What a bare plus sign in the query means.",
    },
    Switch {
        name: "ricoh.unknown_parameter",
        values: &["refused", "ignored"],
        doc: "What happens to a query parameter that is not documented, such as env[].",
    },
    Switch {
        name: "ricoh.prefix_case",
        values: &["sensitive", "insensitive"],
        doc: "Whether starts_with looks at upper and lower case.",
    },
    Switch {
        name: "ricoh.label_backslash",
        values: &["refused", "accepted"],
        doc: "Whether a label may hold a backslash.",
    },
    Switch {
        name: "ricoh.unknown_label",
        values: &["empty", "zero_row", "404"],
        doc: "The answer about one label without usage.",
    },
    Switch {
        name: "ricoh.empty_total",
        values: &["zero_row", "no_items", "empty"],
        doc: "The answer about the whole application without usage.",
    },
    Switch {
        name: "ricoh.total_label",
        values: &["missing", "null", "present"],
        doc: "classification_label in the row about the whole application.",
    },
    Switch {
        name: "ricoh.sub_items",
        values: &["present", "absent"],
        doc: "Whether bitrate_reservation has its sub_items.",
    },
    Switch {
        name: "ricoh.sub_item_cost",
        values: &["absent", "present"],
        doc: "Whether each sub-item has an approximate_cost.",
    },
    Switch {
        name: "ricoh.parent_usage",
        values: &["missing", "present"],
        doc: "Whether bitrate_reservation has a usage of its own.",
    },
    Switch {
        name: "ricoh.item_name_type",
        values: &["text", "number"],
        doc: "The JSON type of a sub-item's item_name.",
    },
    Switch {
        name: "ricoh.number_form",
        values: &["shortest", "fraction"],
        doc: "Whether whole numbers are written 42 or 42.0.",
    },
    Switch {
        name: "ricoh.settling",
        values: &["gradual", "instant"],
        doc: "Whether records come in up to 20 hours after the end, or with it.",
    },
    Switch {
        name: "ricoh.error_shape",
        values: &["sibling", "text", "empty"],
        doc: "The body of an error: that of the sibling API, plain text, or none.",
    },
    Switch {
        name: "ricoh.maintenance",
        values: &["off", "on"],
        doc: "Whether the weekly maintenance is under way, with 503 for everything.",
    },
];

/// The service.
#[derive(Debug, Default)]
pub struct Ricoh {}

impl Service for Ricoh {
    fn name(&self) -> &'static str {
        "ricoh"
    }

    fn base_url(&self, origin: &str) -> String {
        format!("{origin}/v1")
    }

    fn credentials(&self, account: u32) -> Vec<(&'static str, String)> {
        vec![
            ("client_id", accounts::word(CLIENT_ID, account)),
            ("client_secret", accounts::word(CLIENT_SECRET, account)),
        ]
    }

    fn account(&self, request: &Request) -> Option<u32> {
        authentic(request)
    }

    fn switches(&self) -> &'static [Switch] {
        SWITCHES
    }

    fn claims(&self, request: &Request) -> bool {
        request.path.starts_with("/v1/clients/")
    }

    fn answer(&self, world: &World, request: &Request) -> Response {
        // What calls get during maintenance is not documented.
        if world.switch_is("ricoh.maintenance", "on") {
            return Response::text(
                503,
                "text/html",
                "<html><body><h1>Service Unavailable</h1></body></html>",
            );
        }
        answer(world, request).unwrap_or_else(|refusal| refusal.response(world))
    }
}

/// The three operations.
#[derive(Debug, PartialEq, Eq)]
enum Operation {
    Total,
    Labels,
    Label(String),
}

/// Why there is no answer. Only 401 is documented; 404, 405 and the body are those of the sibling APIs.
#[derive(Debug)]
struct Refusal {
    status: u16,
    error_id: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: u16, error_id: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            error_id,
            message: message.into(),
        }
    }

    fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "bad_request", message)
    }

    fn response(self, world: &World) -> Response {
        let response = if world.switch_is("ricoh.error_shape", "empty") {
            Response::empty(self.status)
        } else if world.switch_is("ricoh.error_shape", "text") {
            Response::text(self.status, "text/plain; charset=utf-8", self.message)
        } else {
            let body = serde_json::json!({"error_id": self.error_id, "message": self.message, "options": {}});
            Response::json(self.status, &body)
        };
        match self.status {
            401 => response.header("WWW-Authenticate", "Basic realm=\"clients\""),
            405 => response.header("Allow", "GET"),
            _ => response,
        }
    }
}

fn answer(world: &World, request: &Request) -> Result<Response, Refusal> {
    let Some((client_id, operation)) = operation(world, &request.path) else {
        return Err(Refusal::new(404, "not_found", "There is no such path."));
    };
    if request.method != "GET" {
        return Err(Refusal::new(405, "method_not_allowed", "Path and method do not match."));
    }
    if accounts::number(CLIENT_ID, &client_id).is_none_or(|account| authentic(request) != Some(account)) {
        return Err(Refusal::new(
            401,
            "unauthorized",
            "Authentication or authorization failed.",
        ));
    }
    let question = Question::read(world, request, &operation)?;
    let rows = match &operation {
        Operation::Total => total(world, &question),
        Operation::Labels => labels(world, &question),
        Operation::Label(label) => one_label(world, &question, label)?,
    };
    let body = json::object(&[("results", json::array(rows))]);
    Ok(Response::text(200, "application/json", body))
}

/// The client and the operation that a path names.
fn operation(world: &World, path: &str) -> Option<(String, Operation)> {
    let rest = path.strip_prefix("/v1/clients/")?;
    let mut segments = rest.split('/').map(decode);
    let client_id = segments.next()?;
    if segments.next()? != "cost_and_usage" {
        return None;
    }
    let rest: Vec<String> = segments.collect();
    let label_path = world.switch("ricoh.label_path");
    let label_path: Vec<&str> = label_path.as_deref().unwrap_or(LABEL_PATH).split('/').collect();
    let operation = match rest.split_last() {
        _ if rest == ["total"] => Operation::Total,
        _ if rest == label_path => Operation::Labels,
        Some((label, before)) if before == label_path && !label.is_empty() => Operation::Label(label.clone()),
        _ => return None,
    };
    Some((client_id, operation))
}

/// The account that the request is of. HTTP Basic (RFC 7617): the user is the client ID, which holds no colon; the
/// password may.
fn authentic(request: &Request) -> Option<u32> {
    let (scheme, encoded) = request.header("authorization")?.split_once(' ')?;
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, secret) = pair.split_once(':')?;
    let account = accounts::number(CLIENT_ID, client_id)?;
    let is_right = scheme.eq_ignore_ascii_case("basic") && secret == accounts::word(CLIENT_SECRET, account);
    is_right.then_some(account)
}

fn total(world: &World, question: &Question) -> Vec<String> {
    let usage = truth(world, question.since, question.until, &question.envs, None);
    let label = match world.switch("ricoh.total_label").as_deref() {
        Some("null") => Some("null".to_owned()),
        Some("present") => Some(json::text("total")),
        _ => None,
    };
    let items = Items::of_application(&usage);
    let unused = usage == Usage::default();
    if unused && world.switch_is("ricoh.empty_total", "empty") {
        Vec::new()
    } else if unused && world.switch_is("ricoh.empty_total", "no_items") {
        vec![row(world, label, &items, Vec::new())]
    } else {
        vec![row(world, label, &items, item_lines(world, &items))]
    }
}

fn labels(world: &World, question: &Question) -> Vec<String> {
    truth_by_label(world, question.since, question.until, &question.envs)
        .iter()
        .filter(|(label, _)| question.wants_label(label))
        .map(|(label, usage)| label_row(world, label, usage))
        .collect()
}

fn one_label(world: &World, question: &Question, label: &str) -> Result<Vec<String>, Refusal> {
    let usage = truth(world, question.since, question.until, &question.envs, Some(label));
    let unused = usage == Usage::default();
    if unused && world.switch_is("ricoh.unknown_label", "404") {
        return Err(Refusal::new(404, "not_found", "There is no such label."));
    }
    if unused && !world.switch_is("ricoh.unknown_label", "zero_row") {
        return Ok(Vec::new());
    }
    Ok(vec![label_row(world, label, &usage)])
}

fn label_row(world: &World, label: &str, usage: &Usage) -> String {
    let items = Items::of_label(usage);
    row(world, Some(json::text(label)), &items, item_lines(world, &items))
}

fn row(world: &World, label: Option<String>, items: &Items, lines: Vec<String>) -> String {
    let mut fields: Vec<(&str, String)> = Vec::new();
    fields.extend(label.map(|label| ("classification_label", label)));
    fields.push(("approximate_total_cost", millionths(world, items.total_cost())));
    fields.push(("items", json::array(lines)));
    json::object(&fields)
}

fn item_lines(world: &World, items: &Items) -> Vec<String> {
    let simple = |name: &str, usage: String, cost: Millionths| {
        json::object(&[
            ("item_name", json::text(name)),
            ("usage", usage),
            ("approximate_cost", millionths(world, cost)),
        ])
    };
    vec![
        simple(
            "connection_time",
            whole(world, items.connection_minutes),
            items.connection_cost,
        ),
        simple("traffic_volume", millionths(world, items.traffic), items.traffic_cost),
        reservation_line(world, items),
    ]
}

fn reservation_line(world: &World, items: &Items) -> String {
    let mut fields = vec![("item_name", json::text("bitrate_reservation"))];
    if world.switch_is("ricoh.parent_usage", "present") {
        fields.push(("usage", whole(world, items.reservation_minutes())));
    }
    fields.push(("approximate_cost", millionths(world, items.reservation_cost())));
    if !world.switch_is("ricoh.sub_items", "absent") {
        let lines = items.reservations.iter().map(|line| sub_item(world, line));
        fields.push(("sub_items", json::array(lines)));
    }
    json::object(&fields)
}

fn sub_item(world: &World, line: &Reservation) -> String {
    let mbps = line.mbps.to_string();
    let is_number = world.switch_is("ricoh.item_name_type", "number");
    let mut fields = vec![
        ("item_name", if is_number { mbps } else { json::text(&mbps) }),
        ("usage", whole(world, line.minutes)),
    ];
    if world.switch_is("ricoh.sub_item_cost", "present") {
        fields.push(("approximate_cost", millionths(world, line.cost)));
    }
    json::object(&fields)
}

fn whole(world: &World, value: u64) -> String {
    millionths(world, Millionths::from(value) * 1_000_000)
}

fn millionths(world: &World, value: Millionths) -> String {
    let text = json::decimal(value, 6);
    if world.switch_is("ricoh.number_form", "fraction") && !text.contains('.') {
        return format!("{text}.0");
    }
    text
}
