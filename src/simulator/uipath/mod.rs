//! The licence accountant, the identity service and the portal of `UiPath`, as their clients meet them.

mod refusal;
mod reports;
#[cfg(test)]
mod tests;
mod tokens;
mod usage;

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::json;

use super::http::{Request, Response, decode};
use super::synth;
use super::world::World;
use super::{Service, Switch, accounts};
use refusal::Refusal;
use tokens::{Bearer, Grant, Tokens};
pub use usage::{
    CODES, Code, Event, FIRST, FOLDERS, Folder, FolderSum, Pool, Selection, Sum, Summary, TENANTS, Tenant, TenantSum,
    Window, code, events, truth_daily, truth_folders, truth_summary,
};

const ORGANIZATION_ID: &str = "3b9d5f10-7e42-4c86-9a0d-61c8e2f4b735";
const ORGANIZATION_NAME: &str = "simorg";
const CLIENT_ID: &str = "4d2c8a76-10be-49f3-b5e9-8f7a03d6c1e2";
/// With signs that a form must encode.
const CLIENT_SECRET: &str = "sim+uipath&secret=%20";
const TOKEN: &str = "sim-uipath-personal-access-token";

/// A personal access token without the scopes of licences.
pub const LIMITED_TOKEN: &str = "sim-uipath-limited-access-token";
/// The user of the password grant.
pub const USERNAME: &str = "admin@sim.example";
/// The password of the password grant.
pub const PASSWORD: &str = "sim uipath+password";

const SWITCHES: &[Switch] = &[
    Switch {
        name: "uipath.reports",
        values: &["bare", "wrapped"],
        doc: "Whether the daily and folder reports are a list, or an object that holds one.",
    },
    Switch {
        name: "uipath.date_format",
        values: &["day", "instant", "millis"],
        doc: "How the daily report writes a date.",
    },
    Switch {
        name: "uipath.zero_days",
        values: &["absent", "zero"],
        doc: "What the daily report says about days without usage.",
    },
    Switch {
        name: "uipath.null_quantities",
        values: &["no", "yes"],
        doc: "Whether a quantity with no event behind it is null instead of 0.",
    },
    Switch {
        name: "uipath.number_form",
        values: &["decimal", "binary"],
        doc: "Whether fractions are exact, or the binary sums that were seen in practice.",
    },
    Switch {
        name: "uipath.no_tenants",
        values: &["zeros", "empty", "null", "absent"],
        doc: "tenantConsumptionItems when no tenant has used anything.",
    },
    Switch {
        name: "uipath.extra_fields",
        values: &["no", "yes"],
        doc: "Whether one tenant's summary has a field that is not documented.",
    },
    Switch {
        name: "uipath.removed_tenant",
        values: &["no", "yes"],
        doc: "Whether the third tenant is missing from the portal's list, though it has usage.",
    },
    Switch {
        name: "uipath.end",
        values: &["exclusive", "inclusive", "day_truncated"],
        doc: "Whether endDate is in the range; day_truncated takes the whole UTC days of both ends.",
    },
    Switch {
        name: "uipath.longest_range",
        values: &["unlimited", "days31", "days366"],
        doc: "The longest range that is answered; a longer one gets 400.",
    },
    Switch {
        name: "uipath.retention",
        values: &["unlimited", "days90"],
        doc: "How long usage is kept; what is older is missing from the sums.",
    },
    Switch {
        name: "uipath.lag_minutes",
        values: &[],
        doc: "How many minutes late usage shows up (5 unless set).",
    },
    Switch {
        name: "uipath.unknown_code",
        values: &["zeros", "400", "404"],
        doc: "The answer about a consumable code that does not exist.",
    },
    Switch {
        name: "uipath.code_case",
        values: &["exact", "insensitive"],
        doc: "Whether codes are looked up in upper and lower case alike.",
    },
    Switch {
        name: "uipath.folder_keys_empty",
        values: &["all", "none"],
        doc: "What an empty folderKeys selects.",
    },
    Switch {
        name: "uipath.organization_segment",
        values: &["refused", "accepted", "required"],
        doc: "Whether the organization's name may stand before lease_.",
    },
    Switch {
        name: "uipath.unknown_path",
        values: &["404", "200"],
        doc: "The status of the web page behind a path that does not exist.",
    },
    Switch {
        name: "uipath.error_shape",
        values: &["problem", "abp", "plain", "coded", "html", "empty"],
        doc: "The body of an error of the licence accountant.",
    },
    Switch {
        name: "uipath.correlation",
        values: &["x-request-id", "x-uipath-correlation-id", "none"],
        doc: "The response header that identifies a request.",
    },
    Switch {
        name: "uipath.app_tokens",
        values: &["accepted", "refused"],
        doc: "Whether tokens from client credentials open the usage endpoints; if not, 403.",
    },
    Switch {
        name: "uipath.personal_tokens",
        values: &["accepted", "refused"],
        doc: "Whether personal access tokens are let in; if not, 401.",
    },
    Switch {
        name: "uipath.usage_scope",
        values: &["read", "write"],
        doc: "Whether PM.License.Read is enough for the usage endpoints, which are POST.",
    },
    Switch {
        name: "uipath.role",
        values: &["administrator", "member"],
        doc: "The caller's role: the organization's summary is for administrators.",
    },
    Switch {
        name: "uipath.token_lifetime",
        values: &[],
        doc: "How many seconds a new token lives (3600 unless set).",
    },
    Switch {
        name: "uipath.expires_in_type",
        values: &["number", "float", "text"],
        doc: "The JSON type of expires_in.",
    },
    Switch {
        name: "uipath.password_grant",
        values: &["off", "on"],
        doc: "Whether the password grant works, which no page documents for customers.",
    },
];

/// The service.
#[derive(Debug, Default)]
pub struct UiPath {
    tokens: Tokens,
    answered: AtomicI64,
}

impl Service for UiPath {
    fn name(&self) -> &'static str {
        "uipath"
    }

    /// All accounts are of one organization.
    fn credentials(&self, account: u32) -> Vec<(&'static str, String)> {
        vec![
            ("organization_id", ORGANIZATION_ID.to_owned()),
            ("organization_name", ORGANIZATION_NAME.to_owned()),
            ("client_id", accounts::word(CLIENT_ID, account)),
            ("client_secret", accounts::word(CLIENT_SECRET, account)),
            ("token", accounts::word(TOKEN, account)),
        ]
    }

    fn account(&self, request: &Request) -> Option<u32> {
        self.tokens.account(request)
    }

    fn switches(&self) -> &'static [Switch] {
        SWITCHES
    }

    fn claims(&self, request: &Request) -> bool {
        let ours = |segment: &str| matches!(segment, "lease_" | "identity_" | "portal_");
        request.path.split('/').any(ours)
    }

    fn answer(&self, world: &World, request: &Request) -> Response {
        let trace = self.trace(world, request);
        let response = self.route(world, request).unwrap_or_else(|refusal| {
            let trace_id = format!("00-{trace}-0000000000000001-00");
            refusal.response(world, &trace_id)
        });
        match world.switch("uipath.correlation").as_deref() {
            Some("none") => response,
            Some(name) => response.header(name, trace),
            None => response.header("x-request-id", trace),
        }
    }

    fn expire_sessions(&self) {
        self.tokens.expire();
    }
}

/// The four reports of the licence accountant.
#[derive(Debug, PartialEq, Eq)]
enum Report {
    Summary,
    TenantSummary(String),
    Daily,
    Folders,
}

impl UiPath {
    fn route(&self, world: &World, request: &Request) -> Result<Response, Refusal> {
        // One leading slash, not all of them: a doubled slash is another path.
        let path = request.path.strip_prefix('/').ok_or(Refusal::UnknownPath)?;
        let segments: Vec<String> = path.split('/').map(decode).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["identity_", "connect", "token"] | [ORGANIZATION_NAME, "identity_", "connect", "token"] => {
                check_method(request, "POST")?;
                Ok(self.tokens.answer(world, request))
            }
            [
                organization,
                "portal_",
                "api",
                "filtering",
                "leftnav",
                "tenantsAndOrganizationInfo",
            ] => {
                check_method(request, "GET")?;
                self.tokens.grant(world, request).ok_or(Refusal::Unauthenticated)?;
                check_organization(organization)?;
                Ok(portal(world))
            }
            _ => {
                let (organization, report) = usage_path(world, &segments).ok_or(Refusal::UnknownPath)?;
                check_method(request, "POST")?;
                let grant = self.tokens.grant(world, request).ok_or(Refusal::Unauthenticated)?;
                check_grant(world, &grant, &report)?;
                check_organization(organization)?;
                let body = reports::answer(world, request, &report)?;
                Ok(Response::text(200, "application/json; charset=utf-8", body))
            }
        }
    }

    /// The caller's trace, if it sent one, else a new one: 32 hexadecimal digits.
    fn trace(&self, world: &World, request: &Request) -> String {
        let sent = request.header("traceparent").and_then(|text| text.split('-').nth(1));
        let is_trace = |text: &&str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        sent.filter(is_trace).map_or_else(
            || {
                let nth = self.answered.fetch_add(1, Ordering::Relaxed);
                let half = |name| synth::draw(world.seed(), name, nth);
                format!("{:016x}{:016x}", half("uipath.trace"), half("uipath.trace.end"))
            },
            str::to_owned,
        )
    }
}

/// The organization and the report that a path names.
fn usage_path<'a>(world: &World, segments: &[&'a str]) -> Option<(&'a str, Report)> {
    let rest = match (segments, world.switch("uipath.organization_segment").as_deref()) {
        ([ORGANIZATION_NAME, rest @ ..], Some("accepted" | "required")) => rest,
        (_, Some("required")) => return None,
        (rest, _) => rest,
    };
    match rest {
        ["lease_", "api", "usage", organization, "tenants", report @ ..] => {
            let report = match report {
                ["consumption-summary"] => Report::Summary,
                [tenant, "consumption-summary"] => Report::TenantSummary((*tenant).to_owned()),
                ["daily-consumption-by-service"] => Report::Daily,
                ["consumption-by-folder"] => Report::Folders,
                _ => return None,
            };
            Some((organization, report))
        }
        _ => None,
    }
}

fn check_method(request: &Request, method: &'static str) -> Result<(), Refusal> {
    if request.method == method {
        return Ok(());
    }
    Err(Refusal::Method(method))
}

/// Whether this token opens this report: which scope the reports need is not known, only which ones there are.
fn check_grant(world: &World, grant: &Grant, report: &Report) -> Result<(), Refusal> {
    let opens = |scope: &String| match scope.as_str() {
        "PM.License" | "PM.License.Write" => true,
        "PM.License.Read" => !world.switch_is("uipath.usage_scope", "write"),
        _ => false,
    };
    if !grant.scopes.iter().any(opens) {
        // The page on personal access tokens says 401, without detail, for one with too few scopes.
        return Err(match grant.bearer {
            Bearer::Personal => Refusal::Unauthenticated,
            Bearer::App | Bearer::User => Refusal::status(403, "Forbidden"),
        });
    }
    let app_refused = grant.bearer == Bearer::App && world.switch_is("uipath.app_tokens", "refused");
    let role_refused = *report == Report::Summary && world.switch_is("uipath.role", "member");
    if app_refused || role_refused {
        return Err(Refusal::status(403, "Forbidden"));
    }
    Ok(())
}

fn check_organization(id: &str) -> Result<(), Refusal> {
    if !is_guid(id) {
        return Err(Refusal::value("organizationId", &json!(id)));
    }
    if !id.eq_ignore_ascii_case(ORGANIZATION_ID) {
        return Err(Refusal::status(404, "Not Found"));
    }
    Ok(())
}

/// True for the hyphenated form, in upper or lower case.
fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn portal(world: &World) -> Response {
    let listed = if world.switch_is("uipath.removed_tenant", "yes") {
        2
    } else {
        3
    };
    let tenants: Vec<_> = TENANTS
        .iter()
        .take(listed)
        .map(|tenant| json!({"id": tenant.id, "name": tenant.name}))
        .collect();
    let organization = json!({"id": ORGANIZATION_ID, "name": ORGANIZATION_NAME});
    Response::json(200, &json!({"organization": organization, "tenants": tenants}))
}
