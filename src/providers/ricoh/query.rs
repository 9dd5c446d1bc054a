//! Questions to RICOH Live Streaming as requests: always GET, the range in UTC, every name percent-encoded once.

use jiff::SignedDuration;
use jiff::tz::Offset;

use crate::service::{Account, Call, Request};
use crate::values::error::{Error, Result};
use crate::values::text::{encode, query};
use crate::values::window::Instant;

/// The request for a call.
pub fn request(account: &Account, call: &Call) -> Result<Request> {
    let query = parameters(account, call)?;
    Ok(Request::get(format!(
        "{}/{}?{query}",
        account.base_url,
        path(account, call)
    )))
}

/// The operation's path. What is filled in holds no brace any more, so the order does not matter.
fn path(account: &Account, call: &Call) -> String {
    let client_id = account.setting("client_id").unwrap_or_default();
    let of_one = account.setting("label_template").unwrap_or(super::LABEL_TEMPLATE);
    let of_all = account.setting("labels_template").unwrap_or(of_one);
    let is_of_all = call.operation.name == "cost_and_usage_by_label";
    let label_template = if is_of_all { of_all } else { of_one };
    let label = call.arguments.text("label").unwrap_or_default();
    call.wire()
        .replace("{client_id}", &encode(client_id))
        .replace("{label_template}", label_template)
        .replace("{label}", &encode(label))
}

/// The offset of a text such as `+09:00`.
pub(super) fn offset(text: &str) -> Option<Offset> {
    let instant = Instant::parse(&format!("2000-01-01T00:00:00{text}")).ok()?;
    Some(instant.offset)
}

fn parameters(account: &Account, call: &Call) -> Result<String> {
    let own = account.setting("utc_offset").and_then(offset);
    let written = |instant: Instant| match own {
        Some(offset) => instant.at_offset(offset).to_offset_text(),
        None => instant.to_utc_text(),
    };
    let mut pairs = Vec::new();
    for name in ["since", "until"] {
        if let Some(instant) = call.arguments.instant(name) {
            pairs.push((name, written(outwards(name, instant)?)));
        }
    }
    for env in call.arguments.texts("env") {
        pairs.push(("env", env.to_owned()));
    }
    if let Some(prefix) = call.arguments.text("starts_with") {
        pairs.push(("starts_with", prefix.to_owned()));
    }
    Ok(query(pairs.iter().map(|(key, value)| (*key, value.as_str()))))
}

/// Whether the service reads fractions of a second is unknown: the range grows to whole ones.
fn outwards(name: &str, instant: Instant) -> Result<Instant> {
    let fraction = i64::from(instant.at.subsec_nanosecond().rem_euclid(1_000_000_000));
    let seconds = i64::from(fraction > 0 && name == "until");
    let moved = SignedDuration::from_secs(seconds) - SignedDuration::from_nanos(fraction);
    let at = instant.at.checked_add(moved);
    let at = at.map_err(|_| Error::invalid(format!("{name} ({}) is too late", instant.at)))?;
    Ok(Instant { at, ..instant })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::ricoh::{FACTS, Ricoh};
    use crate::service::{Method, Provider};
    use crate::values::arguments::{Arguments, Value};

    const HOST: &str = "https://example.com/v1/clients";

    fn text(name: &str, value: &str) -> (String, Value) {
        (name.to_owned(), Value::Text(value.to_owned()))
    }

    fn request_of(settings: Vec<(String, Value)>, operation: &str, more: Vec<(String, Value)>) -> Result<Request> {
        let account = Account {
            name: "ricoh".to_owned(),
            base_url: "https://example.com/v1".to_owned(),
            settings: Arguments::check("Ricoh()", FACTS.settings, settings)?,
            secrets: vec!["client_secret"],
        };
        let mut given = more;
        for (name, value) in [("since", "2019-08-24T14:15:22Z"), ("until", "2019-09-21T14:15:22Z")] {
            if !given.iter().any(|(key, _)| key == name) {
                given.push(text(name, value));
            }
        }
        Ricoh.request(&account, &Call::new(&Ricoh, operation, given)?)
    }

    fn url(operation: &str, more: Vec<(String, Value)>) -> String {
        request_of(vec![text("client_id", "app")], operation, more).unwrap().url
    }

    #[test]
    fn the_total_is_asked_for_as_the_page_shows() {
        let request = request_of(vec![text("client_id", "app")], "cost_and_usage_total", vec![]).unwrap();
        assert_eq!(request.method, Method::Get);
        assert_eq!(request.headers, [("accept", "application/json".to_owned())]);
        assert_eq!(request.body, b"");
        assert_eq!(
            request.url,
            "https://example.com/v1/clients/app/cost_and_usage/total\
             ?since=2019-08-24T14%3A15%3A22Z&until=2019-09-21T14%3A15%3A22Z"
        );
    }

    const RANGE: &str = "since=2019-08-24T14%3A15%3A22Z&until=2019-09-21T14%3A15%3A22Z";

    #[test]
    fn an_environment_repeats_its_key() {
        for (env, query) in [
            (Value::Text("dev".into()), "&env=dev"),
            (
                Value::List(vec![Value::Text("prod".into()), Value::Text("dev".into())]),
                "&env=prod&env=dev",
            ),
            (Value::Nothing, ""),
        ] {
            let url = url("cost_and_usage_total", vec![("env".to_owned(), env)]);
            assert_eq!(url, format!("{HOST}/app/cost_and_usage/total?{RANGE}{query}"));
        }
    }

    #[test]
    fn names_are_encoded_exactly_once() {
        for (label, encoded) in [
            ("tenant-7", "tenant-7"),
            ("100%25", "100%2525"),
            ("a+b", "a%2Bb"),
            ("{client_id}", "%7Bclient_id%7D"),
            ("%2e%2e", "%252e%252e"),
            ("...", "..."),
            ("<\"`^|\\>~", "%3C%22%60%5E%7C%5C%3E~"),
            ("a b", "a%20b"),
            ("a/b?c#d&e=f", "a%2Fb%3Fc%23d%26e%3Df"),
            ("東京\n", "%E6%9D%B1%E4%BA%AC%0A"),
        ] {
            assert_eq!(
                url("cost_and_usage_for_label", vec![text("label", label)]),
                format!("{HOST}/app/cost_and_usage/classification_labels/{encoded}?{RANGE}")
            );
            assert_eq!(
                url("cost_and_usage_by_label", vec![text("starts_with", label)]),
                format!("{HOST}/app/cost_and_usage/classification_labels?{RANGE}&starts_with={encoded}")
            );
        }
    }

    #[test]
    fn the_unverified_path_of_label_calls_can_be_replaced() {
        let settings = vec![text("client_id", "a/{label}b"), text("label_template", "v2/labels")];
        let request = request_of(settings, "cost_and_usage_for_label", vec![text("label", "x")]).unwrap();
        assert_eq!(
            request.url,
            format!("{HOST}/a%2F%7Blabel%7Db/cost_and_usage/v2/labels/x?{RANGE}")
        );
    }

    #[test]
    fn both_label_calls_may_have_a_path_of_their_own() {
        let of = |operation: &str, given: Vec<(String, Value)>| {
            let settings = vec![text("client_id", "app"), text("labels_template", "labels")];
            request_of(settings, operation, given).unwrap().url
        };
        assert_eq!(
            of("cost_and_usage_by_label", vec![text("starts_with", "")]),
            format!("{HOST}/app/cost_and_usage/labels?{RANGE}&starts_with=")
        );
        assert_eq!(
            of("cost_and_usage_for_label", vec![text("label", "x")]),
            format!("{HOST}/app/cost_and_usage/classification_labels/x?{RANGE}")
        );
    }

    #[test]
    fn fractions_of_a_second_are_rounded_outwards() {
        for (since, until) in [
            ("2019-08-24T14:15:22.5Z", "2019-09-21T14:15:21.000000001Z"),
            ("2019-08-24T14:15:22.999999999Z", "2019-09-21T14:15:22Z"),
        ] {
            let url = url("cost_and_usage_total", vec![text("since", since), text("until", until)]);
            assert_eq!(url, format!("{HOST}/app/cost_and_usage/total?{RANGE}"));
        }
        let old = vec![
            text("since", "1969-12-31T23:59:58.5Z"),
            text("until", "1969-12-31T23:59:58.75Z"),
        ];
        assert!(
            url("cost_and_usage_total", old).ends_with("since=1969-12-31T23%3A59%3A58Z&until=1969-12-31T23%3A59%3A59Z")
        );
    }

    #[test]
    fn an_offset_is_sent_if_it_was_chosen() {
        let ask = |offset: &str| {
            let settings = vec![text("client_id", "app"), text("utc_offset", offset)];
            let range = vec![
                text("since", "2026-04-30T15:00:00Z"),
                text("until", "2026-05-27T15:00:00Z"),
            ];
            request_of(settings, "cost_and_usage_total", range)
        };
        let url = ask("+09:00").unwrap().url;
        let sent = "?since=2026-05-01T00%3A00%3A00%2B09%3A00&until=2026-05-28T00%3A00%3A00%2B09%3A00";
        assert!(url.ends_with(sent), "{url}");
        for wrong in ["9", "+9:00", "JST", "+25:00"] {
            let error = ask(wrong).map(|_| ()).unwrap_err();
            assert!(
                error.message.contains("must be a UTC offset like \"+09:00\""),
                "{error}"
            );
        }
    }

    #[test]
    fn offsets_become_utc() {
        let url = url(
            "cost_and_usage_total",
            vec![
                text("since", "2026-05-01T00:00:00+09:00"),
                text("until", "2026-05-28T00:00:00+09:00"),
            ],
        );
        assert!(url.ends_with("?since=2026-04-30T15%3A00%3A00Z&until=2026-05-27T15%3A00%3A00Z"));
    }

    #[test]
    fn what_cannot_be_asked_is_refused_in_one_sentence() {
        for (operation, given, message) in [
            (
                "cost_and_usage_total",
                vec![text("since", "2019-09-21T14:15:22Z")],
                "since (2019-09-21T14:15:22+00:00) must be before until (2019-09-21T14:15:22+00:00)",
            ),
            (
                "cost_and_usage_for_label",
                vec![text("label", "..")],
                "label is \"..\", which no URL can carry as a name",
            ),
            (
                "cost_and_usage_for_label",
                vec![text("label", "")],
                "label must not be empty",
            ),
            (
                "cost_and_usage_total",
                vec![text("env", "production")],
                "env must be one of prod, dev, not \"production\"; did you mean \"prod\"?",
            ),
        ] {
            let error = request_of(vec![text("client_id", "app")], operation, given)
                .err()
                .unwrap();
            assert_eq!(error.message, message);
        }
    }
}
