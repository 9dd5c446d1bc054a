//! Answers of RICOH Live Streaming. Only the status 401 is documented; the sibling API's error body is tried first.

use crate::service::{Call, Reply};
use crate::spec::envelope;
use crate::values::error::{Error, Kind, Result};
use crate::values::json::{At, Json};
use crate::values::text::one_line;

/// The document, or the error that the reply stands for.
pub fn answer<'b>(call: &Call, reply: &'b Reply) -> Result<Json<'b>> {
    if !reply.is_success() {
        return Err(refusal(call, reply));
    }
    let document = Json::parse(&reply.body)?;
    let id = || reply.header("x-request-id").map(str::to_owned);
    if let Some(error) = envelope::failure(&document, Kind::UnexpectedResponse) {
        return Err(error.with_request_id(id()));
    }
    let results = match document.get("results") {
        Some(Json::List(results)) => Some(results.len()),
        _ => None,
    };
    envelope::refuse_more(&At::root(&document), results, &[]).map_err(|error| error.with_request_id(id()))?;
    Ok(document)
}

fn refusal(call: &Call, reply: &Reply) -> Error {
    let document = Json::parse(&reply.body).unwrap_or(Json::Null);
    let said = document.get("message").and_then(Json::as_label);
    let said = said.map_or_else(|| reply.excerpt(200), |said| one_line(&said, 300));
    let mut error = reply.status_error("");
    let advice = advice(call, reply.status, error.kind);
    error.message = if said.is_empty() {
        advice.to_owned()
    } else {
        format!("{said}: {advice}")
    };
    let error = error.with_request_id(reply.request_id());
    match document.get("error_id").and_then(Json::as_label) {
        Some(code) => error.with_code(code),
        None => error,
    }
}

fn advice(call: &Call, status: u16, kind: Kind) -> &'static str {
    let has_guessed_path = call.wire().contains("{label_template}");
    match (status, kind) {
        (404 | 405, _) if has_guessed_path => {
            "the label may be unknown to the service, or the path of label calls is another one: ours was never \
             verified, and the option label_template replaces it"
        }
        (404 | 405, _) => "the service does not know this path; check base_url and client_id",
        (502..=504, _) => {
            "the service is away, perhaps for its weekly maintenance (Wednesdays, 18:00 to 20:00, presumably Japan \
             time, which is 09:00 to 11:00 UTC); ask again later"
        }
        (_, Kind::AuthenticationFailed | Kind::PermissionDenied) => {
            "client_id and client_secret are not accepted here; the tokens for joining rooms do not open this API"
        }
        (_, Kind::InvalidRequest) => {
            "the service refuses the request; since may be at most a year ago, and until at most one month after it, \
             which may be as short as 28 days"
        }
        (_, Kind::RateLimited) => "the service wants fewer requests; wait and ask again",
        (_, Kind::ServerError) => "the service failed; ask again later",
        _ => "the answer is not one that is known",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::ricoh::Ricoh;
    use crate::service::Provider;
    use crate::values::arguments::Value;
    use crate::values::error::Remedy;
    use crate::values::shape::Typed;

    fn call(operation: &str) -> Call {
        let text = |name: &str, value: &str| (name.to_owned(), Value::Text(value.to_owned()));
        let mut given = vec![text("since", "2026-01-01"), text("until", "2026-02-01")];
        if operation == "cost_and_usage_for_label" {
            given.push(text("label", "tenant-7"));
        }
        Call::new(&Ricoh, operation, given).unwrap()
    }

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: body.as_bytes().to_vec(),
            headers: vec![("x-request-id".to_owned(), "r-1".to_owned())],
        }
    }

    fn typed(body: &str) -> Result<Typed> {
        let (call, reply) = (call("cost_and_usage_total"), reply(200, body));
        Ricoh.typed(&call, &Ricoh.answer(&call, &reply)?)
    }

    fn decimal(text: &str) -> Typed {
        Typed::Decimal(text.to_owned())
    }

    fn text(text: &str) -> Typed {
        Typed::Text(text.to_owned())
    }

    fn record(name: &'static str, fields: Vec<(&'static str, Typed)>) -> Typed {
        Typed::Record(name, fields, vec![])
    }

    fn results(results: Vec<Typed>) -> Typed {
        record("CostAndUsage", vec![("results", Typed::List(results))])
    }

    fn item(name: &str, usage: Typed, cost: Typed, sub_items: Typed) -> Typed {
        let fields = vec![
            ("item_name", text(name)),
            ("usage", usage),
            ("approximate_cost", cost),
            ("sub_items", sub_items),
        ];
        record("UsageItem", fields)
    }

    #[test]
    fn the_page_sample_is_read() {
        let body = r#"{"results":[{"classification_label":"string","approximate_total_cost":0,
            "items":[{"item_name":"string","usage":0,"approximate_cost":0}]}]}"#;
        let row = vec![
            ("label", text("string")),
            ("approximate_total_cost", decimal("0")),
            (
                "items",
                Typed::List(vec![item("string", decimal("0"), decimal("0"), Typed::Nothing)]),
            ),
        ];
        assert_eq!(typed(body).unwrap(), results(vec![record("LabelUsage", row)]));
        assert_eq!(typed(r#"{"results":[]}"#).unwrap(), results(vec![]));
    }

    #[test]
    fn numbers_are_exact_and_what_is_missing_stays_missing() {
        let body = r#"{"results":[{"classification_label":null,"approximate_total_cost":149514.99999999997,"items":[
            {"item_name":"traffic_volume","usage":42.000,"approximate_cost":null},
            {"item_name":"bitrate_reservation","approximate_cost":965.36,"sub_items":[
                {"item_name":10,"usage":0},{"item_name":"60","usage":0.25,"approximate_cost":1e2}]}]},
            {"items":[]}]}"#;
        let sub_item = |name: &str, usage: &str, cost: Typed| {
            let fields = vec![
                ("item_name", text(name)),
                ("usage", decimal(usage)),
                ("approximate_cost", cost),
            ];
            record("UsageSubItem", fields)
        };
        let sub_items = Typed::List(vec![
            sub_item("10", "0", Typed::Nothing),
            sub_item("60", "0.25", decimal("1e2")),
        ]);
        let items = vec![
            item("traffic_volume", decimal("42.000"), Typed::Nothing, Typed::Nothing),
            item("bitrate_reservation", Typed::Nothing, decimal("965.36"), sub_items),
        ];
        let row = |cost: Typed, items: Vec<Typed>| {
            let fields = vec![
                ("label", Typed::Nothing),
                ("approximate_total_cost", cost),
                ("items", Typed::List(items)),
            ];
            record("LabelUsage", fields)
        };
        assert_eq!(
            typed(body).unwrap(),
            results(vec![
                row(decimal("149514.99999999997"), items),
                row(Typed::Nothing, vec![])
            ])
        );
    }

    #[test]
    fn unknown_keys_are_kept_at_every_level() {
        let body = r#"{"currency":"JPY","results":[{"room":"x","items":[{"item_name":"a","unit":"min",
            "sub_items":[{"item_name":"b","n":1}]}]}]}"#;
        let Typed::Record(_, fields, extra) = typed(body).unwrap() else {
            panic!()
        };
        assert_eq!(extra, [("currency".to_owned(), Json::Text("JPY".into()))]);
        let shown = format!("{fields:?}");
        for kept in [
            r#"("room", Text("x"))"#,
            r#"("unit", Text("min"))"#,
            r#"("n", Number("1"))"#,
        ] {
            assert!(shown.contains(kept), "{kept} in {shown}");
        }
    }

    #[test]
    fn a_wrong_shape_is_named_with_its_place() {
        for (body, message) in [
            ("{}", "$.results: the field is missing"),
            ("[]", "$: expected an object, found an array"),
            (r#"{"results":null}"#, "$.results: expected an array, found null"),
            (r#"{"results":[{}]}"#, "$.results[0].items: the field is missing"),
            (
                r#"{"results":[{"items":[{"item_name":"a","usage":"1"}]}]}"#,
                "$.results[0].items[0].usage: expected a number, found a string",
            ),
            (
                r#"{"results":[{"items":[{"item_name":"a","sub_items":[{}]}]}]}"#,
                "$.results[0].items[0].sub_items[0].item_name: the field is missing",
            ),
        ] {
            let error = typed(body).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Kind::UnexpectedResponse, message)
            );
        }
        let html = typed("<html></html>").unwrap_err();
        assert_eq!(html.kind, Kind::UnexpectedResponse);
        assert!(html.message.starts_with("the body is not JSON"));
    }

    #[test]
    fn every_refusal_says_what_it_is_and_what_to_do() {
        const TOTAL: &str = "cost_and_usage_total";
        const LABEL: &str = "cost_and_usage_for_label";
        let sibling = r#"{"error_id":"not_found","message":"no such label","options":{}}"#;
        for (operation, status, body, kind, code, said) in [
            (
                TOTAL,
                400,
                r#"{"error_id":"bad_request","message":"too long","options":{}}"#,
                Kind::InvalidRequest,
                Some("bad_request"),
                "too long: the service refuses the request; since may be",
            ),
            (
                TOTAL,
                401,
                "",
                Kind::AuthenticationFailed,
                None,
                "client_id and client_secret are not accepted",
            ),
            (
                TOTAL,
                403,
                "{}",
                Kind::PermissionDenied,
                None,
                "{}: client_id and client_secret are not",
            ),
            (
                TOTAL,
                404,
                sibling,
                Kind::NotFound,
                Some("not_found"),
                "no such label: the service does not know this path",
            ),
            (
                LABEL,
                404,
                sibling,
                Kind::NotFound,
                Some("not_found"),
                "no such label: the label may be unknown",
            ),
            (
                LABEL,
                405,
                "nope",
                Kind::InvalidRequest,
                None,
                "nope: the label may be unknown",
            ),
            (
                "cost_and_usage_by_label",
                404,
                "",
                Kind::NotFound,
                None,
                "option label_template",
            ),
            (TOTAL, 429, "", Kind::RateLimited, None, "fewer requests"),
            (
                TOTAL,
                500,
                r#"{"error_id":"internal_error"}"#,
                Kind::ServerError,
                Some("internal_error"),
                "the service failed",
            ),
            (
                TOTAL,
                503,
                "<html>Back soon</html>",
                Kind::ServerError,
                None,
                "<html>Back soon</html>: the service is away, perhaps for its weekly maintenance",
            ),
            (TOTAL, 302, "", Kind::UnexpectedRedirect, None, "not one that is known"),
        ] {
            let error = Ricoh.answer(&call(operation), &reply(status, body)).unwrap_err();
            assert_eq!((error.kind, error.provider_code.as_deref()), (kind, code), "{status}");
            assert!(error.message.contains(said), "{status}: {error}");
            assert_eq!(error.request_id.as_deref(), Some("r-1"));
        }
    }

    #[test]
    fn a_refused_login_is_not_repeated() {
        let error = Ricoh
            .answer(&call("cost_and_usage_total"), &reply(401, ""))
            .unwrap_err();
        assert_eq!(error.remedy, Remedy::None);
    }
}
