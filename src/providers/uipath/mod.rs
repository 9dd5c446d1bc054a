//! `UiPath` Test Cloud and Automation Cloud: consumption of licence units, by tenant, day and service, or folder.

mod meters;
mod model;
mod query;
mod read;

use jiff::Timestamp;

use crate::meters::Sink;
use crate::service::{
    Account, Asked, Call, Facts, Login, Operation, PlannedCall, Proof, Prose, Provider, Reply, Request, SecretField,
    Secrets,
};
use crate::signing;
use crate::values::arguments::{Accepts, Argument, Arguments, Needed, guid, plain};
use crate::values::error::{Error, Kind, Result};
use crate::values::json::Json;
use crate::values::shape::{Holds, Typed};

/// The provider.
#[derive(Debug)]
pub struct UiPath;

const PAGE: &str = "https://docs.uipath.com/test-cloud/automation-cloud/latest/api-guide/consumption";
const SUMMARY_PAGE: &str =
    "https://docs.uipath.com/test-cloud/automation-cloud/latest/api-guide/get-tenant-consumption-summary";
const TENANT_SUMMARY_PAGE: &str =
    "https://docs.uipath.com/test-cloud/automation-cloud/latest/api-guide/get-tenant-consumption-summary-by-tenant";
const DAILY_PAGE: &str =
    "https://docs.uipath.com/test-cloud/automation-cloud/latest/api-guide/get-tenant-daily-consumption-by-service";
const FOLDER_PAGE: &str =
    "https://docs.uipath.com/test-cloud/automation-cloud/latest/api-guide/get-tenant-consumption-by-folder";

static FACTS: Facts = Facts {
    name: "uipath",
    class: "UiPath",
    title: "UiPath",
    base_url: Some("https://cloud.uipath.com"),
    doc: "UiPath Test Cloud and Automation Cloud: consumption of licence units.\n\n\
          Give a ready `token`, or `client_id`, `client_secret` and `organization_name`.",
    notes: "Only organisation administrators may ask: a token of anybody else is answered with HTTP 403.\n\n\
            The pages ask for a token \"by the ROPC method\", the login with a user's name and password, but the page \
            that they link to does not describe it any more, and no page tells customers which client to log in with. \
            An administrator whose organisation still has such a client fetches the token outside of metertap: POST to \
            ``{base_url}/identity_/connect/token``, form-encoded, with ``grant_type=password``, ``client_id``, \
            ``client_secret``, ``username``, ``password``, ``acr_values=tenant:{organization_id}`` and ``scope``. Its \
            ``access_token`` is what `token` takes, best from a callable, since it ends after about an hour. A personal \
            access token of an administrator is the simpler way.",
    page: PAGE,
    settings: SETTINGS,
    secrets: &[
        SecretField {
            name: "token",
            doc: "a ready bearer token, for example a personal access token; a callable is asked again when a token is refused",
        },
        SecretField {
            name: "client_secret",
            doc: "the secret of an external application, to fetch tokens with, which are cached and renewed early",
        },
    ],
    keywords: &[
        "organization_id",
        "token",
        "client_id",
        "client_secret",
        "organization_name",
        "scope",
        "token_url",
        "organization_segment",
    ],
    required: &["organization_id"],
    environment: &[
        ("organization_id", "UIPATH_ORGANIZATION_ID"),
        ("organization_id", "UIPATH_ORG_ID"),
        ("organization_name", "UIPATH_ORG_NAME"),
        ("organization_name", "UIPATH_ORGANIZATION"),
        ("token", "UIPATH_ACCESS_TOKEN"),
        ("token", "UIPATH_PAT"),
        ("client_id", "UIPATH_CLIENT_ID"),
        ("client_secret", "UIPATH_CLIENT_SECRET"),
    ],
    operations: OPERATIONS,
    sources: &meters::SOURCES,
    selection: meters::SELECTION,
    composites: &[],
    // No limit is documented; one call per code and window adds up, so a few at once are enough.
    concurrency: 4,
    per_second: None,
};

static SETTINGS: &[Argument] = &[
    Argument {
        name: "organization_id",
        accepts: Accepts::Text(guid),
        needed: Needed::Required,
        doc: "the organization's GUID, not its name",
    },
    Argument {
        name: "organization_name",
        accepts: Accepts::Text(segment),
        needed: Needed::Optional,
        doc: "the organization's name as in the browser's address, to fetch tokens with client_id and client_secret",
    },
    Argument {
        name: "client_id",
        accepts: Accepts::Text(plain),
        needed: Needed::Optional,
        doc: "the id of an external application, to fetch tokens with",
    },
    Argument {
        name: "scope",
        accepts: Accepts::Text(plain),
        // Which scope opens these calls is unverified; reading is the least that may do.
        needed: Needed::Text("PM.License.Read"),
        doc: "the scopes to ask for, separated by spaces: exactly ones that the application was granted",
    },
    Argument {
        name: "token_url",
        accepts: Accepts::Text(token_url),
        needed: Needed::Optional,
        doc: "where tokens are fetched, instead of {base_url}/{organization_name}/identity_/connect/token",
    },
    Argument {
        name: "organization_segment",
        accepts: Accepts::Flag,
        // The pages show these paths without the name; the sibling licence calls have it.
        needed: Needed::Flag(false),
        doc: "put organization_name in front of the path of every call; not documented for these, but their sibling calls have it",
    },
];

impl Provider for UiPath {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn bearer(&self) -> &'static [&'static str] {
        &["token"]
    }

    fn check_account(&self, account: &Account) -> Result<()> {
        check_account(account).map_err(Error::invalid)
    }

    fn request(&self, account: &Account, call: &Call) -> Result<Request> {
        query::request(account, call)
    }

    fn sign(&self, account: &Account, request: &mut Request, proof: &Proof<'_>) -> Result<()> {
        let token = if account.has("token") {
            proof.secrets.get("token")?
        } else {
            let missing = || Error::new(Kind::Internal, "no token was fetched");
            proof.token.ok_or_else(missing)?
        };
        signing::bearer(request, token);
        Ok(())
    }

    fn login(&self, account: &Account, secrets: &Secrets, answers: &[Reply]) -> Result<Login> {
        if account.has("token") {
            return Ok(Login::NotNeeded);
        }
        match answers.last() {
            None => Ok(Login::Send(query::login(account, secrets.get("client_secret")?))),
            Some(answer) => read::grant(answer).map(Login::Granted),
        }
    }

    fn answer<'b>(&self, _call: &Call, reply: &'b Reply) -> Result<Json<'b>> {
        read::answer(reply)
    }

    fn typed(&self, call: &Call, document: &Json<'_>) -> Result<Typed> {
        read::typed(&call.operation.returns, document)
    }

    fn asked(&self, selection: &Arguments) -> Result<Vec<Asked>> {
        meters::asked(selection)
    }

    fn readings(
        &self,
        call: &PlannedCall,
        document: &Json<'_>,
        fetched_at: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        meters::readings(call, document, fetched_at, sink)
    }
}

static OPERATIONS: &[Operation] = &[
    Operation {
        name: "consumption_summary",
        wire: "lease_/api/usage/{organization_id}/tenants/consumption-summary",
        doc: "Units of one code that each tenant consumed, and those of the organization that belong to no tenant.",
        page: SUMMARY_PAGE,
        arguments: &[START, END, CONSUMABLE_CODE],
        range: RANGE,
        returns: Holds::Record(&model::CONSUMPTION_SUMMARY),
        repeatable: true,
        prose: Prose {
            returns: "Units, which may be fractions, by tenant and pool. Do not add up parts of a range.",
            raises: &[(
                "InvalidArgument",
                "If the range is empty, or seconds were given for milliseconds.",
            )],
            example: ">>> summary = uipath.consumption_summary(\"2026-02-01\", \"2026-03-01\", \"AIU\")\n\
                      >>> len(summary.tenants)\n\
                      3",
            ..Prose::NONE
        },
    },
    Operation {
        name: "tenant_consumption_summary",
        wire: "lease_/api/usage/{organization_id}/tenants/{tenant_id}/consumption-summary",
        doc: "Units of one code that one tenant consumed; the organization's figure in it is not the tenant's.",
        page: TENANT_SUMMARY_PAGE,
        arguments: &[TENANT_ID, START, END, CONSUMABLE_CODE],
        range: RANGE,
        returns: Holds::Record(&model::CONSUMPTION_SUMMARY),
        repeatable: true,
        prose: Prose {
            returns: "One tenant. `consumed_from_org_without_tenant` is the organisation's and no tenant's: never add it up.",
            example: ">>> february = (\"2026-02-01\", \"2026-03-01\", \"AIU\")\n\
                      >>> tenant = uipath.consumption_summary(*february).tenants[0]\n\
                      >>> uipath.tenant_consumption_summary(tenant.tenant_id, *february).tenants == [tenant]\n\
                      True",
            ..Prose::NONE
        },
    },
    Operation {
        name: "daily_consumption_by_service",
        wire: "lease_/api/usage/{organization_id}/tenants/daily-consumption-by-service",
        doc: "Units of one code that one tenant consumed, by UTC day and service.",
        page: DAILY_PAGE,
        arguments: &[
            TENANT_ID,
            START,
            END,
            CONSUMABLE_CODE,
            AGGREGATE_BY_OWNERSHIP,
            Argument {
                name: "folder_keys",
                accepts: Accepts::Texts(guid),
                needed: Needed::Optional,
                doc: "counts these folders only (GUIDs)",
            },
        ],
        range: RANGE,
        returns: Holds::List(&Holds::Record(&model::SERVICE_CONSUMPTION)),
        repeatable: true,
        prose: Prose {
            returns: "A row per UTC day and service. Days without use may be absent.",
            notes: NOT_READABLE,
            example: ">>> february = (\"2026-02-01\", \"2026-03-01\", \"AIU\")\n\
                      >>> tenant = uipath.consumption_summary(*february).tenants[0]\n\
                      >>> days = uipath.daily_consumption_by_service(tenant.tenant_id, *february)\n\
                      >>> total = tenant.consumed_from_tenant_pool + tenant.consumed_from_org_pool\n\
                      >>> sum(day.consumed_amount for day in days) == total\n\
                      True",
            ..Prose::NONE
        },
    },
    Operation {
        name: "consumption_by_folder",
        wire: "lease_/api/usage/{organization_id}/tenants/consumption-by-folder",
        doc: "Units of one code that one tenant consumed, by folder, each without its descendants.",
        page: FOLDER_PAGE,
        arguments: &[TENANT_ID, START, END, CONSUMABLE_CODE, AGGREGATE_BY_OWNERSHIP],
        range: RANGE,
        returns: Holds::List(&Holds::Record(&model::FOLDER_CONSUMPTION)),
        repeatable: true,
        prose: Prose {
            returns: "A row per folder, without what its subfolders consumed.",
            notes: NOT_READABLE,
            example: ">>> february = (\"2026-02-01\", \"2026-03-01\", \"AIU\")\n\
                      >>> tenant = uipath.consumption_summary(*february).tenants[0]\n\
                      >>> folders = uipath.consumption_by_folder(tenant.tenant_id, *february)\n\
                      >>> total = tenant.consumed_from_tenant_pool + tenant.consumed_from_org_pool\n\
                      >>> sum(row.consumed_by_self for row in folders) <= total\n\
                      True",
            ..Prose::NONE
        },
    },
];

const NOT_READABLE: &str =
    "The body of the answer was not readable on that page; the names are those of the vendor's command line.";

const RANGE: Option<(&str, &str)> = Some(("start", "end"));

const START: Argument = Argument {
    name: "start",
    accepts: Accepts::MomentOrMilliseconds,
    needed: Needed::Required,
    doc: "the start, to the millisecond; an int is Unix milliseconds, not seconds",
};

const END: Argument = Argument {
    name: "end",
    accepts: Accepts::MomentOrMilliseconds,
    needed: Needed::Required,
    doc: "the end, to the millisecond; not included, as far as is known",
};

const CONSUMABLE_CODE: Argument = Argument {
    name: "consumable_code",
    // An open set: a code that is not known here may well be known there.
    accepts: Accepts::Text(plain),
    needed: Needed::Required,
    doc: "the unit that is counted, for example \"AIU\" or \"PLTU\"; sent exactly as given",
};

const TENANT_ID: Argument = Argument {
    name: "tenant_id",
    accepts: Accepts::Text(guid),
    needed: Needed::Required,
    doc: "the tenant's GUID, not its name",
};

const AGGREGATE_BY_OWNERSHIP: Argument = Argument {
    name: "aggregate_by_ownership",
    accepts: Accepts::Flag,
    needed: Needed::Optional,
    doc: "passed on as it is: the pages of the two calls that have it explain it differently",
};

/// Finds exactly one way to a token; the error says which words are missing or too many.
fn check_account(account: &Account) -> std::result::Result<(), &'static str> {
    let application = account.has("client_secret") || account.setting("client_id").is_some();
    let name = account.setting("organization_name");
    if account.has("token") && application {
        return Err("UiPath takes either a token, or client_id and client_secret, not both");
    }
    if !account.has("token") {
        if !application {
            return Err("UiPath needs a token, or client_id, client_secret and organization_name");
        }
        if !account.has("client_secret") {
            return Err("UiPath needs the client_secret of this client_id");
        }
        if account.setting("client_id").is_none() {
            return Err("UiPath needs the client_id of this client_secret");
        }
        if name.is_none() && account.setting("token_url").is_none() {
            return Err("UiPath needs organization_name (or token_url) to fetch tokens");
        }
    }
    if name.is_none() && account.settings.flag("organization_segment") == Some(true) {
        return Err("organization_segment needs organization_name");
    }
    let id = account.setting("organization_id").unwrap_or_default();
    if name.is_some_and(|name| name.eq_ignore_ascii_case(id)) {
        return Err("organization_name is the name in the browser's address, not the GUID");
    }
    Ok(())
}

/// Accepts what one segment of a path can carry.
fn segment(text: &str) -> std::result::Result<(), String> {
    plain(text)?;
    if matches!(text, "." | "..") || text.contains('/') {
        return Err(format!(
            "must be a name, not a path like {:?}",
            crate::values::text::head(text, 60)
        ));
    }
    Ok(())
}

/// Accepts an address that a secret may be sent to: HTTPS, or this machine.
fn token_url(text: &str) -> std::result::Result<(), String> {
    let url = match crate::values::address::parse(text) {
        Ok(url) => url,
        Err(_) if !text.contains("://") => return Err("must be a URL that starts with https://".to_owned()),
        Err(problem) => return Err(problem.to_owned()),
    };
    // The text may hold a password: it is not repeated.
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("must be a URL without user name, password and fragment".to_owned());
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if crate::values::address::is_loopback(&url) => Ok(()),
        _ => Err("must start with https://, since it is sent a secret".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::arguments::{Arguments, Value};
    use crate::values::secret::Secret;

    const ID: &str = "11111111-1111-1111-1111-111111111111";

    fn settings(given: &[(&str, &str)]) -> Result<Arguments> {
        let mut given: Vec<_> = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())))
            .collect();
        given.push(("organization_id".to_owned(), Value::Text(ID.to_owned())));
        Arguments::check("UiPath()", SETTINGS, given)
    }

    fn account(given: &[(&str, &str)], secrets: &[&'static str]) -> Account {
        Account {
            name: "uipath".to_owned(),
            base_url: "https://example.com".to_owned(),
            settings: settings(given).unwrap(),
            secrets: secrets.to_vec(),
        }
    }

    const APPLICATION: &[(&str, &str)] = &[("client_id", "app"), ("organization_name", "acme")];

    #[test]
    fn there_is_exactly_one_way_to_a_token() {
        let by_url = &[("client_id", "app"), ("token_url", "https://id.example.com/token")];
        for (given, secrets) in [
            (&[][..], &["token"][..]),
            (APPLICATION, &["client_secret"]),
            (by_url, &["client_secret"]),
        ] {
            UiPath.check_account(&account(given, secrets)).unwrap();
        }
        let name = &[("organization_name", "acme")];
        let id = &[("organization_name", ID)];
        for (given, secrets, problem) in [
            (&[][..], &[][..], "needs a token, or"),
            (APPLICATION, &["token", "client_secret"], "not both"),
            (APPLICATION, &["token"], "not both"),
            (APPLICATION, &[], "needs the client_secret"),
            (name, &["client_secret"], "needs the client_id"),
            (
                &[("client_id", "app")],
                &["client_secret"],
                "needs organization_name (or token_url)",
            ),
            (id, &["token"], "not the GUID"),
        ] {
            let error = UiPath.check_account(&account(given, secrets)).unwrap_err();
            assert_eq!(error.kind, Kind::InvalidArgument);
            assert!(error.message.contains(problem), "{problem}: {error}");
        }
    }

    #[test]
    fn settings_that_would_misdirect_a_secret_are_refused() {
        for (name, value) in [
            ("token_url", "http://id.example.com/token"),
            ("token_url", "https://me:hunter2@id.example.com/token"),
            ("token_url", "https://me@id.example.com/token"),
            ("token_url", "https://:hunter2@id.example.com/token"),
            ("token_url", "https://id.example.com/token#part"),
            ("token_url", "http://192.168.0.1/token"),
            ("token_url", "http://[2001:db8::1]/token"),
            ("token_url", "ftp://127.0.0.1/token"),
            ("token_url", "data:,token"),
            ("token_url", "id.example.com/token"),
            ("organization_name", "acme/tenant"),
            ("organization_name", "."),
            ("organization_name", ".."),
        ] {
            let error = settings(&[(name, value)]).unwrap_err();
            assert!(
                error.message.starts_with(name) && !error.message.contains("hunter2"),
                "{error}"
            );
        }
        for value in [
            "https://id.example.com/t",
            "http://localhost:9/t",
            "http://127.0.0.1:9/t",
            "http://[::1]:9/t",
        ] {
            assert!(settings(&[("token_url", value)]).is_ok(), "{value}");
        }
        let wrong = vec![("organization_id".to_owned(), Value::Text("acme".to_owned()))];
        let error = Arguments::check("UiPath()", SETTINGS, wrong).unwrap_err();
        assert!(error.message.starts_with("organization_id must be a GUID"));
    }

    #[test]
    fn a_name_in_paths_must_be_known() {
        let with = |more: Option<(&str, &str)>| {
            let id = ("organization_id", Value::Text(ID.to_owned()));
            let flag = ("organization_segment", Value::Flag(true));
            let name = more.map(|(name, text)| (name, Value::Text(text.to_owned())));
            let given = [id, flag].into_iter().chain(name);
            let given = given.map(|(name, value)| (name.to_owned(), value)).collect();
            let settings = Arguments::check("UiPath()", SETTINGS, given).unwrap();
            UiPath.check_account(&Account {
                settings,
                ..account(&[], &["token"])
            })
        };
        assert_eq!(
            with(None).unwrap_err().message,
            "organization_segment needs organization_name"
        );
        with(Some(("organization_name", "acme"))).unwrap();
    }

    #[test]
    fn a_ready_token_is_sent_and_no_other_is_fetched() {
        let account = account(&[], &["token"]);
        let secrets = Secrets(vec![("token", Secret::new("ready"))]);
        assert!(matches!(UiPath.login(&account, &secrets, &[]), Ok(Login::NotNeeded)));
        assert_eq!(authorization(&account, &secrets, None).unwrap(), "Bearer ready");
    }

    #[test]
    fn a_fetched_token_is_sent() {
        let account = account(APPLICATION, &["client_secret"]);
        let secrets = Secrets(vec![("client_secret", Secret::new("hush"))]);
        let fetched = Secret::new("fetched");
        assert_eq!(
            authorization(&account, &secrets, Some(&fetched)).unwrap(),
            "Bearer fetched"
        );
        assert_eq!(
            authorization(&account, &secrets, None).unwrap_err().kind,
            Kind::Internal
        );
    }

    fn authorization(account: &Account, secrets: &Secrets, token: Option<&Secret>) -> Result<String> {
        let mut request = Request::post("https://example.com".to_owned());
        let proof = Proof {
            secrets,
            token,
            now: jiff::Timestamp::UNIX_EPOCH,
        };
        UiPath.sign(account, &mut request, &proof)?;
        let (name, value) = request.headers.pop().unwrap();
        assert_eq!(name, "authorization");
        Ok(value)
    }
}
