//! `deviceWISE`, Telit's portal of things, spoken to in TR50: one JSON object posted to one URL, the command inside it.

mod meters;
mod model;
mod query;
mod read;

use jiff::Timestamp;

use crate::meters::Sink;
use crate::service::{
    self, Account, Asked, Call, Facts, Login, Operation, PlannedCall, Proof, Prose, Provider, Reply, Request,
    SecretField, Secrets,
};
use crate::values::arguments::{Accepts, Argument, Arguments, Needed, parse_span, plain, span};
use crate::values::error::{Error, Kind, Result};
use crate::values::json::Json;
use crate::values::shape::{Holds, Typed};
use crate::values::window::Window;

/// The provider.
#[derive(Debug)]
pub struct DeviceWise;

const GUIDE: &str =
    "https://docs.devicewise.com/Content/Products/IoT_Portal_API_Reference_Guide/IoT-Portal-Authentication.htm";
// Each command has its own page.
const API_PAGE: &str =
    "https://docs.devicewise.com/Content/Products/IoT_Portal_API_Reference_Guide/APIs/Usage/usage.api.history.htm";
const THING_PAGE: &str =
    "https://docs.devicewise.com/Content/Products/IoT_Portal_API_Reference_Guide/APIs/Usage/usage.thing.history.htm";
const CONNECTION_PAGE: &str = "https://docs.devicewise.com/Content/Products/IoT_Portal_API_Reference_Guide/APIs/Usage/usage.connection.history.htm";
const STORAGE_PAGE: &str =
    "https://docs.devicewise.com/Content/Products/IoT_Portal_API_Reference_Guide/APIs/Usage/usage.storage.history.htm";
const REPORT_PAGE: &str =
    "https://docs.devicewise.com/Content/Products/IoT_Portal_API_Reference_Guide/APIs/Usage/usage.report.htm";

static FACTS: Facts = Facts {
    name: "devicewise",
    class: "DeviceWise",
    title: "deviceWISE",
    // Every organisation and region has its own; the portal's developer page shows it.
    base_url: None,
    doc: "Telit deviceWISE (TR50): API calls, things, connections and storage of an organisation.\n\n\
          Give `base_url`, which is different for every organisation and region (the portal's developer page shows it), and \
          `username` and `password`; or `app_id`, `app_token` and `thing_key`; or a `session_id`.",
    notes: "",
    page: GUIDE,
    settings: &[
        setting("username", "the user's e-mail address"),
        setting(
            "app_id",
            "the application's id; keep it stable, since the service remembers it with the thing",
        ),
        setting("thing_key", "the key of the thing that the application speaks for"),
        setting(
            "org_key",
            "the organisation to read, if it is not the user's default one",
        ),
    ],
    secrets: &[
        SecretField {
            name: "password",
            doc: "the user's password; a refused login is never repeated, since the service locks users out",
        },
        SecretField {
            name: "mfa_code",
            doc: "the six-digit code of the user's second factor, if the service asks for one",
        },
        SecretField {
            name: "app_token",
            doc: "the application's token",
        },
        SecretField {
            name: "session_id",
            doc: "a session that was opened elsewhere; used as it is, and never opened anew",
        },
    ],
    keywords: &[
        "username",
        "password",
        "mfa_code",
        "app_id",
        "app_token",
        "thing_key",
        "session_id",
        "org_key",
    ],
    required: &[],
    environment: &[],
    operations: OPERATIONS,
    sources: meters::SOURCES,
    selection: meters::SELECTION,
    composites: &[],
    // What keeps up with the rate while an answer takes 80 ms, and half as many again.
    concurrency: 12,
    // The older Helix pages state 100 calls a second; deviceWISE's own limit is set per organisation.
    per_second: Some(100.0),
};

impl Provider for DeviceWise {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn check_account(&self, account: &Account) -> Result<()> {
        let user = [account.setting("username").is_some(), account.has("password")];
        let app = [
            account.setting("app_id").is_some(),
            account.has("app_token"),
            account.setting("thing_key").is_some(),
        ];
        let whole = |parts: &[bool]| parts.iter().all(|there| *there);
        let any = |parts: &[bool]| parts.iter().any(|there| *there);
        let by_user = whole(&user) && !any(&app) && !account.has("session_id");
        let by_app = whole(&app) && !any(&user) && !account.has("session_id");
        let by_session = account.has("session_id") && !any(&user) && !any(&app);
        if !by_user && !by_app && !by_session {
            return Err(Error::invalid(
                "deviceWISE needs exactly one of: username and password; app_id, app_token and thing_key; session_id",
            ));
        }
        if !by_user && (account.setting("org_key").is_some() || account.has("mfa_code")) {
            return Err(Error::invalid(
                "org_key and mfa_code go with username and password: only a user's session has a second factor and can \
                 change its organisation",
            ));
        }
        Ok(())
    }

    fn request(&self, account: &Account, call: &Call) -> Result<Request> {
        query::request(account, call)
    }

    fn sign(&self, account: &Account, request: &mut Request, proof: &Proof<'_>) -> Result<()> {
        let session = if account.has("session_id") {
            proof.secrets.get("session_id")?
        } else {
            proof
                .token
                .ok_or_else(|| Error::new(Kind::Internal, "the account is not logged in"))?
        };
        query::enter_session(request, session)
    }

    fn login(&self, account: &Account, secrets: &Secrets, answers: &[Reply]) -> Result<Login> {
        if account.has("session_id") {
            return Ok(Login::NotNeeded);
        }
        log_in(account, secrets, answers)
    }

    fn asked_for<'a>(&self, call: &'a Call) -> &'a str {
        call.arguments.text("command").unwrap_or(call.operation.wire)
    }

    fn answer<'b>(&self, call: &Call, reply: &'b Reply) -> Result<Json<'b>> {
        let document = read::answer(reply)?;
        read::refuse_more(call, &document)?;
        Ok(document)
    }

    fn typed(&self, call: &Call, document: &Json<'_>) -> Result<Typed> {
        read::typed(call, document)
    }

    fn asked(&self, selection: &Arguments) -> Result<Vec<Asked>> {
        meters::asked(&FACTS, selection)
    }

    fn asked_by(&self, call: &Call, at: Timestamp) -> Result<Option<(Asked, Window)>> {
        let asked = service::asked_by(&FACTS, call, at)?;
        let last = call.arguments.text("last").and_then(parse_span);
        match (asked, last) {
            (Some((asked, _)), Some(last)) => Ok(Some((asked, service::before(at, last)?))),
            (asked, _) => Ok(asked),
        }
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

/// The login after these answers: the password, the second factor if it is asked for, then the organisation.
fn log_in(account: &Account, secrets: &Secrets, answers: &[Reply]) -> Result<Login> {
    let mut answers = answers.iter();
    let Some(first) = answers.next() else {
        return query::login(account, secrets).map(Login::Send);
    };
    let grant = match read::session(first) {
        Err(error) if error.kind == Kind::MfaRequired && account.has("mfa_code") => match answers.next() {
            None => return query::second_factor(account, secrets).map(Login::Send),
            Some(second) => read::session(second)?,
        },
        other => other?,
    };
    let Some(organisation) = account.setting("org_key") else {
        return Ok(Login::Granted(grant));
    };
    match answers.next() {
        None => query::switch(account, &grant.token, organisation).map(Login::Send),
        Some(reply) => read::switched(reply).map(|()| Login::Granted(grant)),
    }
}

const fn setting(name: &'static str, doc: &'static str) -> Argument {
    Argument {
        name,
        accepts: Accepts::Text(plain),
        needed: Needed::Optional,
        doc,
    }
}

const START: Argument = Argument {
    name: "start",
    accepts: Accepts::Moment,
    needed: Needed::Optional,
    doc: "the start of the window; give start and end, or last",
};
const END: Argument = Argument {
    name: "end",
    doc: "the end of the window",
    ..START
};
const LAST: Argument = Argument {
    name: "last",
    accepts: Accepts::Text(span),
    needed: Needed::Optional,
    doc: "the time before now, as a number and one of s, m (minutes), h, d, for example \"24h\"",
};
const SERIES: Argument = Argument {
    name: "series",
    accepts: Accepts::OneOf(&["hour", "day"]),
    needed: Needed::Text("hour"),
    doc: "the length of a bucket: hour or day",
};
const DIMENSION: Argument = Argument {
    name: "dimension",
    accepts: Accepts::OneOf(&["org"]),
    needed: Needed::Optional,
    doc: "\"org\" splits the counters by organisation; the shape of that answer is not published, and three are understood",
};
const INCLUDE_SUB_ORGS: Argument = Argument {
    name: "include_sub_orgs",
    accepts: Accepts::Flag,
    needed: Needed::Flag(false),
    doc: "whether organisations below this one count, too",
};
const SHOW_ALL: Argument = Argument {
    name: "show_all",
    accepts: Accepts::Flag,
    needed: Needed::Optional,
    doc: "all organisations; needs the Super-Ops right",
};

static OPERATIONS: &[Operation] = &[
    Operation {
        arguments: &[START, END, LAST, SERIES, DIMENSION, INCLUDE_SUB_ORGS, SHOW_ALL],
        prose: Prose {
            raises: &[
                ("InvalidArgument", "If the window is given in no way or in two."),
                (
                    "InconsistentResponse",
                    "If a series has another length than the timestamps.",
                ),
                ("MfaRequired", "If the service asks for a second factor."),
            ],
            ..answers(
                "Calls. Reading this adds to it; the last bucket is partial if the window reaches the present.",
                ">>> history = devicewise.api_usage_history(start=\"2026-03-01\", end=\"2026-03-02\")\n\
                 >>> len(history.timestamps)\n\
                 24",
            )
        },
        ..history(
            "api_usage_history",
            "usage.api.history",
            "API calls per bucket and service; reading them adds to them.",
        )
    },
    Operation {
        page: THING_PAGE,
        arguments: &[START, END, LAST, SERIES, INCLUDE_SUB_ORGS, SHOW_ALL],
        prose: answers(
            "Things: levels, not increments. At most 5,000 buckets are answered.",
            ">>> history = devicewise.thing_usage_history(last=\"24h\")\n\
             >>> [\"connected\"] in [series.path for series in history.series]\n\
             True",
        ),
        ..history(
            "thing_usage_history",
            "usage.thing.history",
            "Things per bucket: connected, billable and all; levels, not increments.",
        )
    },
    Operation {
        page: CONNECTION_PAGE,
        prose: answers(
            "Connections: levels, not increments.",
            ">>> history = devicewise.connection_usage_history(last=\"24h\")\n\
             >>> [\"activated\"] in [series.path for series in history.series]\n\
             True",
        ),
        arguments: &[START, END, LAST, SERIES, DIMENSION, INCLUDE_SUB_ORGS, SHOW_ALL],
        ..history(
            "connection_usage_history",
            "usage.connection.history",
            "Connections per bucket: with a rate plan, activated, in session and all; levels, not increments.",
        )
    },
    Operation {
        page: STORAGE_PAGE,
        prose: answers(
            "Sizes, presumably bytes: levels. `total` adds them up over the buckets; it is not the storage in use.",
            ">>> history = devicewise.storage_usage_history(last=\"48h\")\n\
             >>> len(history.series) > 0\n\
             True",
        ),
        arguments: &[START, END, LAST, INCLUDE_SUB_ORGS, SHOW_ALL],
        ..history(
            "storage_usage_history",
            "usage.storage.history",
            "Stored data per bucket and kind, presumably bytes; a level, of which total adds up the buckets.",
        )
    },
    Operation {
        page: REPORT_PAGE,
        arguments: &[
            Argument {
                needed: Needed::Required,
                doc: "the start of the billing period",
                ..START
            },
            Argument {
                doc: "the end of the billing period",
                ..END
            },
            Argument {
                name: "org_key",
                accepts: Accepts::Text(plain),
                needed: Needed::Optional,
                doc: "the organisation; the session's own otherwise",
            },
            INCLUDE_SUB_ORGS,
            Argument {
                name: "include_counts_by_thing_def",
                doc: "whether things are counted by definition, too",
                ..SHOW_ALL
            },
        ],
        returns: Holds::Record(&model::USAGE_REPORT),
        prose: answers(
            "A row per organisation.",
            ">>> report = devicewise.usage_report(start=\"2026-03-01\", end=\"2026-04-01\")\n\
             >>> len(report.report)\n\
             1",
        ),
        ..history(
            "usage_report",
            "usage.report",
            "The billing report of an organisation; needs the Org Admin right.",
        )
    },
    Operation {
        page: GUIDE,
        arguments: &[
            Argument {
                name: "command",
                accepts: Accepts::Text(query::read_command),
                needed: Needed::Required,
                doc: "the TR50 command, for example \"session.info\"",
            },
            Argument {
                name: "params",
                accepts: Accepts::Dict,
                needed: Needed::Optional,
                doc: "its parameters",
            },
        ],
        range: None,
        returns: Holds::Anything,
        prose: Prose {
            returns: "The provider's JSON as plain dicts, lists and numbers.",
            raw: "Return the whole reply packet instead of the command's ``params``.",
            raises: &[(
                "InvalidArgument",
                "If the command's name does not say that it only reads.",
            )],
            example: ">>> \"ttl\" in devicewise.call(\"session.info\")\nTrue",
            ..Prose::NONE
        },
        ..history("call", "call", "Any other command that only reads.")
    },
];

/// An operation that answers with series of counters.
const fn history(name: &'static str, wire: &'static str, doc: &'static str) -> Operation {
    Operation {
        name,
        wire,
        doc,
        page: API_PAGE,
        arguments: &[],
        range: Some(("start", "end")),
        returns: Holds::Record(&model::USAGE_HISTORY),
        repeatable: true,
        prose: Prose::NONE,
    }
}

const fn answers(returns: &'static str, example: &'static str) -> Prose {
    Prose {
        returns,
        raw: "Return the provider's JSON: the whole reply packet.",
        example,
        ..Prose::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::arguments::{Arguments, Value};
    use crate::values::secret::Secret;

    fn account(settings: &[(&'static str, &str)], secrets: &[&'static str]) -> Account {
        let given = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())));
        Account {
            name: "acme".to_owned(),
            base_url: "https://api.example.com/api".to_owned(),
            settings: Arguments::check("DeviceWise()", FACTS.settings, given.collect()).unwrap(),
            secrets: secrets.to_vec(),
        }
    }

    fn secrets() -> Secrets {
        let words = [
            ("password", "pa\"ss"),
            ("mfa_code", "123456"),
            ("session_id", "given-session"),
            ("app_token", "token"),
        ];
        Secrets(words.map(|(name, word)| (name, Secret::new(word))).to_vec())
    }

    fn reply(body: &str) -> Reply {
        Reply {
            status: 200,
            body: body.as_bytes().to_vec(),
            ..Reply::default()
        }
    }

    const OPEN: &str = r#"{"auth":{"success":true,"params":{"orgKey":"ROOT","sessionId":"abc"}}}"#;
    const WANTS_CODE: &str = r#"{"auth":{"success":false,"errorCodes":[-90041],"errorMessages":["code?"]}}"#;
    const REFUSED: &str = r#"{"success":false,"errorCodes":[-1],"errorMessages":["Login failed."]}"#;
    const SWITCHED: &str = r#"{"get":{"success":true}}"#;

    #[test]
    fn an_account_has_exactly_one_way_in() {
        let app = [("app_id", "a"), ("thing_key", "t")];
        for (settings, secrets, sound) in [
            (&[("username", "u")][..], &["password"][..], true),
            (&[("username", "u"), ("org_key", "o")], &["password", "mfa_code"], true),
            (&app, &["app_token"], true),
            (&[], &["session_id"], true),
            (&[], &[], false),
            (&[("username", "u")], &[], false),
            (&[("username", "u")], &["password", "session_id"], false),
            (&[("app_id", "a")], &["app_token"], false),
            (&[("username", "u"), ("app_id", "a")], &["password"], false),
            (&[("org_key", "o")], &["session_id"], false),
        ] {
            let checked = DeviceWise.check_account(&account(settings, secrets));
            assert_eq!(checked.is_ok(), sound, "{settings:?} {secrets:?}");
        }
    }

    #[test]
    fn of_all_combinations_of_credentials_three_are_accounts() {
        let fields = ["username", "app_id", "thing_key", "org_key"];
        let words = ["password", "app_token", "session_id", "mfa_code"];
        let mut accepted = Vec::new();
        for mask in 0..1 << 8 {
            let settings = (0..4).filter(|bit| mask >> bit & 1 == 1).map(|bit| (fields[bit], "x"));
            let secrets = (0..4).filter(|bit| mask >> (4 + bit) & 1 == 1).map(|bit| words[bit]);
            let (settings, secrets): (Vec<_>, Vec<_>) = (settings.collect(), secrets.collect());
            if DeviceWise.check_account(&account(&settings, &secrets)).is_ok() {
                let names = settings.iter().map(|(name, _)| *name).chain(secrets);
                accepted.push(names.collect::<Vec<_>>().join(" "));
            }
        }
        accepted.sort_unstable();
        assert_eq!(
            accepted,
            [
                "app_id thing_key app_token",
                "session_id",
                "username org_key password",
                "username org_key password mfa_code",
                "username password",
                "username password mfa_code",
            ]
        );
    }

    /// What the login does after these answers: the body it sends, or the session it has.
    fn step(account: &Account, answers: &[&str]) -> String {
        let answers: Vec<Reply> = answers.iter().map(|body| reply(body)).collect();
        match DeviceWise.login(account, &secrets(), &answers) {
            Ok(Login::NotNeeded) => "not needed".to_owned(),
            Ok(Login::Send(request)) => format!("{} {}", request.url, String::from_utf8(request.body).unwrap()),
            Ok(Login::Granted(grant)) => grant.token.expose().to_owned(),
            Err(error) => format!("{:?} {:?}", error.kind, error.remedy),
        }
    }

    #[test]
    fn a_login_goes_through_password_second_factor_and_organisation() {
        let user = account(&[("username", "u@example.com")], &["password"]);
        let with_code = account(&[("username", "u@example.com")], &["password", "mfa_code"]);
        let in_org = account(&[("username", "u@example.com"), ("org_key", "SUB")], &["password"]);
        let login = |password: &str| {
            format!(
                "https://api.example.com/api {{\"auth\":{{\"command\":\"api.authenticate\",\"params\":{{\"password\":{password},\
                 \"username\":\"u@example.com\"}}}}}}"
            )
        };
        let switch = "https://api.example.com/api {\"auth\":{\"sessionId\":\"abc\"},\"get\":{\"command\":\
                      \"session.org.switch\",\"params\":{\"key\":\"SUB\"}}}";
        for (account, answers, does) in [
            (&user, &[][..], login("\"pa\\\"ss\"").as_str()),
            (&user, &[OPEN], "abc"),
            (&user, &[WANTS_CODE], "MfaRequired None"),
            (&user, &[REFUSED], "AuthenticationFailed None"),
            (&with_code, &[OPEN], "abc"),
            (&with_code, &[WANTS_CODE], login("\"123456\"").as_str()),
            (&with_code, &[WANTS_CODE, OPEN], "abc"),
            (&with_code, &[WANTS_CODE, WANTS_CODE], "MfaRequired None"),
            (&with_code, &[WANTS_CODE, REFUSED], "AuthenticationFailed None"),
            (&in_org, &[OPEN], switch),
            (&in_org, &[OPEN, SWITCHED], "abc"),
            (
                &in_org,
                &[OPEN, r#"{"get":{"success":false,"errorCodes":[-90008]}}"#],
                "NotFound None",
            ),
        ] {
            assert_eq!(step(account, answers), does, "{answers:?}");
        }
    }

    #[test]
    fn an_application_logs_in_with_three_words_and_a_given_session_needs_none() {
        let app = account(&[("app_id", "a"), ("thing_key", "t")], &["app_token"]);
        assert_eq!(
            step(&app, &[]),
            "https://api.example.com/api {\"auth\":{\"command\":\"api.authenticate\",\"params\":{\"appId\":\"a\",\
             \"appToken\":\"token\",\"thingKey\":\"t\"}}}"
        );
        assert_eq!(step(&account(&[], &["session_id"]), &[]), "not needed");
    }

    #[test]
    fn the_session_is_signed_into_the_body() {
        let secrets = secrets();
        let token = Secret::new("from-login");
        let proof = Proof {
            secrets: &secrets,
            token: Some(&token),
            now: jiff::Timestamp::UNIX_EPOCH,
        };
        let call = Call::new(
            &DeviceWise,
            "call",
            vec![("command".into(), Value::Text("diag.ping".into()))],
        )
        .unwrap();
        for (account, session) in [
            (account(&[], &["session_id"]), "given-session"),
            (account(&[("username", "u")], &["password"]), "from-login"),
        ] {
            let mut request = DeviceWise.request(&account, &call).unwrap();
            DeviceWise.sign(&account, &mut request, &proof).unwrap();
            assert_eq!(
                String::from_utf8(request.body).unwrap(),
                format!("{{\"auth\":{{\"sessionId\":\"{session}\"}},\"get\":{{\"command\":\"diag.ping\"}}}}")
            );
        }
    }
}
