//! RICOH Live Streaming: approximate cost and usage of a client application, as a whole and by classification label.

mod meters;
mod model;
mod query;
mod read;

use jiff::Timestamp;

use crate::meters::Sink;
use crate::service::{
    Account, Asked, Call, Facts, Operation, PlannedCall, Proof, Prose, Provider, Reply, Request, SecretField,
};
use crate::signing;
use crate::values::arguments::{Accepts, Argument, Arguments, Needed, plain};
use crate::values::error::{Error, Result};
use crate::values::json::Json;
use crate::values::shape::Holds;

/// The provider.
#[derive(Debug)]
pub struct Ricoh;

const PAGE: &str = "https://livestreaming.ricoh/docs/api-v1-cost-and-usage";

/// The path of label calls. No page shows it: it follows the plural names of the sibling API, and is unverified.
const LABEL_TEMPLATE: &str = "classification_labels";

static FACTS: Facts = Facts {
    name: "ricoh",
    class: "Ricoh",
    title: "RICOH Live Streaming",
    base_url: Some("https://api.livestreaming.mw.smart-integration.ricoh.com/v1"),
    doc: "RICOH Live Streaming: approximate cost (JPY) and usage of a client application.",
    notes: "",
    page: PAGE,
    settings: &[
        Argument {
            name: "client_id",
            accepts: Accepts::Text(client_id),
            needed: Needed::Required,
            doc: "the ClientID of the application: the user name, and a part of every path",
        },
        Argument {
            name: "label_template",
            accepts: Accepts::Text(label_template),
            needed: Needed::Text(LABEL_TEMPLATE),
            doc: "the path of label calls behind cost_and_usage/; no page shows it, and the default was never verified",
        },
        Argument {
            name: "labels_template",
            accepts: Accepts::Text(label_template),
            needed: Needed::Optional,
            doc: "the path of the call for every label, where it is not that of one label",
        },
        Argument {
            name: "utc_offset",
            accepts: Accepts::Text(utc_offset),
            needed: Needed::Optional,
            doc: "the UTC offset at which since and until are sent, such as \"+09:00\"; UTC if left out, since no page says whether others are taken",
        },
    ],
    secrets: &[SecretField {
        name: "client_secret",
        doc: "the ClientSecret of the application; it also signs the tokens of its users",
    }],
    keywords: &[
        "client_id",
        "client_secret",
        "label_template",
        "labels_template",
        "utc_offset",
    ],
    required: &["client_id", "client_secret"],
    environment: &[],
    operations: OPERATIONS,
    sources: &meters::SOURCES,
    selection: meters::SELECTION,
    composites: &[],
    // No limit is published, so stay near one after the other.
    concurrency: 2,
    per_second: None,
};

impl Provider for Ricoh {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn check_account(&self, account: &Account) -> Result<()> {
        if account.has("client_secret") {
            return Ok(());
        }
        Err(Error::invalid("RICOH Live Streaming needs a client_secret"))
    }

    fn request(&self, account: &Account, call: &Call) -> Result<Request> {
        query::request(account, call)
    }

    fn sign(&self, account: &Account, request: &mut Request, proof: &Proof<'_>) -> Result<()> {
        let user = account.setting("client_id").unwrap_or_default();
        signing::basic(request, user, proof.secrets.get("client_secret")?);
        Ok(())
    }

    fn answer<'b>(&self, call: &Call, reply: &'b Reply) -> Result<Json<'b>> {
        read::answer(call, reply)
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
        arguments: &[SINCE, UNTIL, ENV],
        prose: Prose {
            returns: "Minutes, GiB and approximate JPY. Traffic is what the SFU server sent and received for ``sfu`` and \
                      ``sfu_large`` rooms, and what the TURN servers sent for ``p2p_turn``. It is floored to whole GiB \
                      per answer, so answers to parts of a range add up to less than the whole. Figures are complete \
                      24 hours after a room has ended.",
            raises: &[("InvalidArgument", "If the range is empty.")],
            example: ">>> answer = ricoh.cost_and_usage_total(\"2026-02-01\", \"2026-03-01\")\n\
                      >>> [item.item_name for item in answer.results[0].items]\n\
                      ['connection_time', 'traffic_volume', 'bitrate_reservation']",
            ..Prose::NONE
        },
        ..operation(
            "cost_and_usage_total",
            "clients/{client_id}/cost_and_usage/total",
            "Approximate cost (JPY) and usage of the whole application; traffic is floored to whole GiB per answer.",
        )
    },
    Operation {
        arguments: &[
            SINCE,
            UNTIL,
            ENV,
            Argument {
                name: "starts_with",
                accepts: Accepts::Text(any),
                needed: Needed::Optional,
                doc: "keeps the labels that begin with this",
            },
        ],
        prose: Prose {
            returns: "A result per label. Traffic by label does not add up to the total's, which is floored.",
            raises: &[("NotFound", OTHER_PATH)],
            example: ">>> answer = ricoh.cost_and_usage_by_label(\"2026-02-01\", \"2026-03-01\")\n\
                      >>> \"default\" in [result.label for result in answer.results]\n\
                      True",
            ..Prose::NONE
        },
        ..operation(
            "cost_and_usage_by_label",
            "clients/{client_id}/cost_and_usage/{label_template}",
            "Approximate cost (JPY) and usage of every classification label, one result each.",
        )
    },
    Operation {
        arguments: &[
            Argument {
                name: "label",
                accepts: Accepts::Text(label),
                needed: Needed::Required,
                doc: "the classification label; \"default\" where the application sets none",
            },
            SINCE,
            UNTIL,
            ENV,
        ],
        prose: Prose {
            returns: "One result, or none if the label was not used.",
            raises: &[
                ("InvalidArgument", "If the label has characters that no label can have."),
                (
                    "NotFound",
                    "If the label is unknown, or the path of label calls is another one; see `label_template`.",
                ),
            ],
            example: ">>> answer = ricoh.cost_and_usage_for_label(\"default\", \"2026-02-01\", \"2026-03-01\")\n\
                      >>> answer.results[0].label\n\
                      'default'",
            ..Prose::NONE
        },
        ..operation(
            "cost_and_usage_for_label",
            "clients/{client_id}/cost_and_usage/{label_template}/{label}",
            "Approximate cost (JPY) and usage of one classification label.",
        )
    },
];

const OTHER_PATH: &str = "If the path of label calls, which no page shows, is another one; see `label_template`.";

const SINCE: Argument = Argument {
    name: "since",
    accepts: Accepts::Moment,
    needed: Needed::Required,
    doc: "the start, to the second: rooms that started then or later count; at most a year ago",
};

const UNTIL: Argument = Argument {
    name: "until",
    accepts: Accepts::Moment,
    needed: Needed::Required,
    doc: "the end, to the second: rooms that started then or later do not count, and one that ran past it counts with all of its time; at most a month after since",
};

const ENV: Argument = Argument {
    name: "env",
    accepts: Accepts::SomeOf(&["prod", "dev"]),
    needed: Needed::Optional,
    doc: "\"prod\", \"dev\" or both; both if it is left out",
};

const fn operation(name: &'static str, wire: &'static str, doc: &'static str) -> Operation {
    Operation {
        name,
        wire,
        doc,
        page: PAGE,
        arguments: &[],
        range: Some(("since", "until")),
        returns: Holds::Record(&model::COST_AND_USAGE),
        repeatable: true,
        prose: Prose::NONE,
    }
}

/// Accepts what can be both a path segment and the user name of HTTP Basic.
fn client_id(text: &str) -> std::result::Result<(), String> {
    plain(text)?;
    if text.contains(':') {
        return Err("must not contain a colon, which ends the user name of HTTP Basic".to_owned());
    }
    refuse_dots(text)
}

/// Accepts a relative path whose characters need no encoding.
fn label_template(text: &str) -> std::result::Result<(), String> {
    let is_sound = |segment: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        !segment.is_empty() && segment.bytes().all(is_plain) && refuse_dots(segment).is_ok()
    };
    if text.split('/').all(is_sound) {
        return Ok(());
    }
    Err(format!("must be a path like {LABEL_TEMPLATE:?}, not {text:?}"))
}

/// Accepts a UTC offset as RFC 3339 writes it.
fn utc_offset(text: &str) -> std::result::Result<(), String> {
    match query::offset(text) {
        Some(_) => Ok(()),
        None => Err(format!("must be a UTC offset like \"+09:00\", not {text:?}")),
    }
}

/// Accepts a label that can stand in a path. The page calls it a string and no more: which ones there are the service
/// decides.
fn label(text: &str) -> std::result::Result<(), String> {
    if text.is_empty() {
        return Err("must not be empty".to_owned());
    }
    refuse_dots(text)
}

/// Accepts any text: a query can carry all of them.
#[allow(clippy::unnecessary_wraps)] // checks of arguments have this form
fn any(_text: &str) -> std::result::Result<(), String> {
    Ok(())
}

/// `.` and `..` mean another path: whatever reads the URL folds them, in any encoding.
fn refuse_dots(text: &str) -> std::result::Result<(), String> {
    if matches!(text, "." | "..") {
        return Err(format!("is {text:?}, which no URL can carry as a name"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Secrets;
    use crate::values::arguments::{Arguments, Value};
    use crate::values::secret::Secret;

    fn settings(given: &[(&str, &str)]) -> Result<Arguments> {
        let given = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())))
            .collect();
        Arguments::check("Ricoh()", FACTS.settings, given)
    }

    fn account(secrets: Vec<&'static str>) -> Account {
        Account {
            name: "ricoh".to_owned(),
            base_url: "https://example.com/v1".to_owned(),
            settings: settings(&[("client_id", "app")]).unwrap(),
            secrets,
        }
    }

    #[test]
    fn an_account_needs_its_secret() {
        Ricoh.check_account(&account(vec!["client_secret"])).unwrap();
        assert_eq!(
            Ricoh.check_account(&account(vec![])).unwrap_err().message,
            "RICOH Live Streaming needs a client_secret"
        );
    }

    #[test]
    fn a_request_is_signed_with_http_basic() {
        let mut request = Request::get("https://example.com/v1".to_owned());
        let proof = Proof {
            secrets: &Secrets(vec![("client_secret", Secret::new("s3cret:é"))]),
            token: None,
            now: jiff::Timestamp::UNIX_EPOCH,
        };
        Ricoh
            .sign(&account(vec!["client_secret"]), &mut request, &proof)
            .unwrap();
        let (name, value) = request.headers.last().unwrap();
        // base64("app:s3cret:é")
        assert_eq!((*name, value.as_str()), ("authorization", "Basic YXBwOnMzY3JldDrDqQ=="));
    }

    #[test]
    fn settings_that_would_bend_the_path_are_refused() {
        for (given, message) in [
            (vec![], "needs the argument \"client_id\""),
            (vec![("client_id", "a:b")], "client_id must not contain a colon"),
            (
                vec![("client_id", "..")],
                "client_id is \"..\", which no URL can carry as a name",
            ),
            (
                vec![("client_id", "a"), ("label_template", "/labels")],
                "must be a path",
            ),
            (vec![("client_id", "a"), ("label_template", "a/../b")], "must be a path"),
            (
                vec![("client_id", "a"), ("label_template", "{label}")],
                "must be a path",
            ),
        ] {
            let error = settings(&given).unwrap_err();
            assert!(error.message.contains(message), "{given:?}: {error}");
        }
        assert_eq!(
            settings(&[("client_id", "a"), ("label_template", "v2/by-label")])
                .unwrap()
                .text("label_template"),
            Some("v2/by-label")
        );
    }

    #[test]
    fn a_label_is_any_text_that_a_path_can_carry() {
        for good in [
            "default",
            "...",
            "100%25+^_\"`{|}~<>-\\",
            "a/b",
            "a b",
            " ",
            "a?b#c&d=e",
            "東京",
            "a\n",
        ] {
            assert_eq!(label(good), Ok(()), "{good}");
        }
        assert_eq!(label(""), Err("must not be empty".to_owned()));
        for bad in [".", ".."] {
            assert!(label(bad).is_err(), "{bad}");
            // A prefix stands in the query, where dots mean nothing.
            assert_eq!(any(bad), Ok(()));
        }
    }
}
