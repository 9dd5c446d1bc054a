//! The four reports: what a body asks for, and the JSON that answers it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::usage::{
    CODES, Code, FolderSum, Selection, Sum, TENANTS, Tenant, TenantSum, Window, truth_daily, truth_folders,
    truth_summary,
};
use super::{Report, is_guid};
use crate::simulator::http::Request;
use crate::simulator::json;
use crate::simulator::world::World;

const DAY: i64 = 86_400_000;

/// What all four bodies hold.
struct Question {
    start: i64,
    end: i64,
    /// `None`: the code is not known, and is answered with zeros.
    code: Option<&'static Code>,
}

impl Question {
    fn code_name(&self) -> &'static str {
        self.code.map_or("", |code| code.name)
    }
}

/// Answers a request that may be made.
pub(super) fn answer(world: &World, request: &Request, report: &Report) -> Result<String, Refusal> {
    let body = body(request)?;
    let question = question(world, &body)?;
    match report {
        Report::Summary => Ok(summary(world, &question, None)),
        Report::TenantSummary(tenant) => {
            let tenant = tenant_of("tenantId", &Value::from(tenant.as_str()))?;
            Ok(summary(world, &question, Some(tenant)))
        }
        Report::Daily => {
            let selection = selection(world, &body, true)?;
            Ok(report_of(world, daily(world, &question, &selection)))
        }
        Report::Folders => {
            let selection = selection(world, &body, false)?;
            Ok(report_of(world, folders(world, &question, &selection)))
        }
    }
}

fn body(request: &Request) -> Result<Map<String, Value>, Refusal> {
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::status(415, "Unsupported Media Type"));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(Refusal::field("$", "The body is no JSON object.")),
    }
}

fn required<'a>(body: &'a Map<String, Value>, name: &'static str) -> Result<&'a Value, Refusal> {
    body.get(name)
        .ok_or_else(|| Refusal::field(name, format!("The {name} field is required.")))
}

fn question(world: &World, body: &Map<String, Value>) -> Result<Question, Refusal> {
    let integer = |name| {
        let value = required(body, name)?;
        value.as_i64().ok_or_else(|| Refusal::value(name, value))
    };
    let start = integer("startDate")?;
    let end = integer("endDate")?;
    if end < start {
        return Err(Refusal::field("endDate", "The end is before the start."));
    }
    let most = match world.switch("uipath.longest_range").as_deref() {
        Some("days31") => 31 * DAY,
        Some("days366") => 366 * DAY,
        _ => i64::MAX,
    };
    if end.saturating_sub(start) > most {
        return Err(Refusal::field("endDate", "The range is too long."));
    }
    let code = code(world, required(body, "consumableCode")?)?;
    Ok(Question { start, end, code })
}

fn code(world: &World, value: &Value) -> Result<Option<&'static Code>, Refusal> {
    let refusal = || Refusal::value("consumableCode", value);
    let name = value.as_str().filter(|name| !name.is_empty()).ok_or_else(refusal)?;
    let any_case = world.switch_is("uipath.code_case", "insensitive");
    let known = CODES
        .iter()
        .find(|code| code.name == name || (any_case && code.name.eq_ignore_ascii_case(name)));
    match (known, world.switch("uipath.unknown_code").as_deref()) {
        (None, Some("400")) => Err(refusal()),
        (None, Some("404")) => Err(Refusal::status(404, "Not Found")),
        _ => Ok(known),
    }
}

fn tenant_of(field: &'static str, value: &Value) -> Result<&'static Tenant, Refusal> {
    let id = value
        .as_str()
        .filter(|id| is_guid(id))
        .ok_or_else(|| Refusal::value(field, value))?;
    TENANTS
        .iter()
        .find(|tenant| tenant.id.eq_ignore_ascii_case(id))
        .ok_or_else(|| Refusal::status(404, "Not Found"))
}

/// The fields of the two reports about one tenant. An optional field that is null is refused, as a strict reader would.
fn selection(world: &World, body: &Map<String, Value>, takes_folders: bool) -> Result<Selection, Refusal> {
    let tenant = tenant_of("tenantId", required(body, "tenantId")?)?;
    let by_owner = match body.get("aggregateByOwnership") {
        None => false,
        Some(value) => value
            .as_bool()
            .ok_or_else(|| Refusal::value("aggregateByOwnership", value))?,
    };
    let folder_keys = match body.get("folderKeys").filter(|_| takes_folders) {
        None => None,
        Some(value) => Some(folder_keys(value).ok_or_else(|| Refusal::value("folderKeys", value))?),
    };
    let empty_is_all = !world.switch_is("uipath.folder_keys_empty", "none");
    Ok(Selection {
        tenant_id: tenant.id.to_owned(),
        by_owner,
        folder_keys: folder_keys.filter(|keys| !(keys.is_empty() && empty_is_all)),
    })
}

fn folder_keys(value: &Value) -> Option<Vec<String>> {
    let key = |value: &Value| value.as_str().filter(|key| is_guid(key)).map(str::to_owned);
    value.as_array()?.iter().map(key).collect()
}

/// The summary of all tenants or of one. The figure without a tenant is the organization's in both.
fn summary(world: &World, question: &Question, only: Option<&Tenant>) -> String {
    let summary = truth_summary(world, question.start, question.end, question.code_name());
    let unused = |line: &TenantSum| line.from_tenant_pool.events + line.from_org_pool.events == 0;
    let nothing = summary.tenants.iter().all(unused);
    let lines = summary
        .tenants
        .iter()
        .filter(|line| only.is_none_or(|only| only == line.tenant));
    let lines = lines.map(|line| tenant_line(world, line, only.is_some()));
    let items = match world.switch("uipath.no_tenants").as_deref() {
        Some("empty") if nothing => Some("[]".to_owned()),
        Some("null") if nothing => Some("null".to_owned()),
        Some("absent") if nothing => None,
        _ => Some(json::array(lines)),
    };
    let mut fields = vec![("consumedFromOrgWithoutTenant", number(world, &summary.without_tenant))];
    fields.extend(items.map(|items| ("tenantConsumptionItems", items)));
    json::object(&fields)
}

fn tenant_line(world: &World, line: &TenantSum, alone: bool) -> String {
    let mut fields = vec![
        ("tenantId", json::text(line.tenant.id)),
        ("consumedFromTenantPool", number(world, &line.from_tenant_pool)),
        ("consumedFromOrgPool", number(world, &line.from_org_pool)),
    ];
    // A newer page mentions an allocated quantity; its key is unseen, so this one is made up.
    if alone && world.switch_is("uipath.extra_fields", "yes") {
        fields.push(("allocatedQuantity", "1000".to_owned()));
    }
    json::object(&fields)
}

fn daily(world: &World, question: &Question, selection: &Selection) -> Vec<String> {
    let mut sums = truth_daily(world, question.start, question.end, question.code_name(), selection);
    if let (Some(code), true) = (question.code, world.switch_is("uipath.zero_days", "zero")) {
        for day in Window::known(world, question.start, question.end).days() {
            for service in code.services {
                sums.entry((day, service)).or_default();
            }
        }
    }
    let row = |((day, service), sum): (&(Date, &str), &Sum)| {
        json::object(&[
            ("date", date(world, *day)),
            ("service", json::text(service)),
            ("consumedAmount", number(world, sum)),
        ])
    };
    sums.iter().map(row).collect()
}

fn date(world: &World, day: Date) -> String {
    match world.switch("uipath.date_format").as_deref() {
        Some("instant") => json::text(&format!("{day}T00:00:00Z")),
        Some("millis") => {
            let midnight = day.to_zoned(TimeZone::UTC).map(|day| day.timestamp().as_millisecond());
            midnight.unwrap_or_default().to_string()
        }
        _ => json::text(&day.to_string()),
    }
}

fn folders(world: &World, question: &Question, selection: &Selection) -> Vec<String> {
    let text = |value: Option<&str>| value.map_or_else(|| "null".to_owned(), json::text);
    let row = |line: FolderSum| {
        json::object(&[
            ("folderKey", text(line.folder.map(|folder| folder.key))),
            ("folderName", text(line.folder.map(|folder| folder.name))),
            ("parentFolderKey", text(line.folder.and_then(|folder| folder.parent))),
            ("consumedBySelf", number(world, &line.consumed)),
            ("processCountSelf", line.processes.len().to_string()),
        ])
    };
    truth_folders(world, question.start, question.end, question.code_name(), selection)
        .into_iter()
        .map(row)
        .collect()
}

/// The list bare, or in an object that holds nothing else: which one the service sends is not known.
fn report_of(world: &World, rows: Vec<String>) -> String {
    let rows = json::array(rows);
    if world.switch_is("uipath.reports", "wrapped") {
        return json::object(&[("items", rows)]);
    }
    rows
}

fn number(world: &World, sum: &Sum) -> String {
    if sum.events == 0 && world.switch_is("uipath.null_quantities", "yes") {
        "null".to_owned()
    } else if world.switch_is("uipath.number_form", "binary") {
        sum.binary.to_string()
    } else {
        json::decimal(sum.exact, 4)
    }
}
