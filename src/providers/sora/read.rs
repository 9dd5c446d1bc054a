//! Answers of Sora Cloud. No error status or body is documented, so a message is looked for in the usual places.

use crate::providers::envelope;
use crate::service::Reply;
use crate::values::error::{Error, Kind, Result};
use crate::values::json::{At, Json};
use crate::values::text::one_line;

/// The document, or the error that the reply stands for.
pub fn answer(reply: &Reply) -> Result<Json<'_>> {
    if !reply.is_success() {
        return Err(refusal(reply));
    }
    let document = Json::parse(&reply.body)?;
    if let Some(error) = envelope::failure(&document, Kind::UnexpectedResponse) {
        return Err(error);
    }
    envelope::refuse_more(&At::root(&document), None, &[])?;
    Ok(document)
}

fn refusal(reply: &Reply) -> Error {
    let document = Json::parse(&reply.body).unwrap_or(Json::Null);
    let said = ["message", "error", "error_type"]
        .iter()
        .find_map(|key| document.get(key)?.as_label());
    let said = said.map_or_else(|| reply.excerpt(200), |said| one_line(&said, 300));
    let error = reply.status_error("");
    let advice = match error.kind {
        Kind::AuthenticationFailed | Kind::PermissionDenied => {
            "the API key is not accepted here; organisation calls want the organisation's key, project calls the project's"
        }
        Kind::NotFound | Kind::InvalidRequest => "the service does not know this request; check base_url and arguments",
        Kind::RateLimited => "the service wants fewer requests; wait and ask again",
        Kind::ServerError => "the service failed; ask again later",
        _ => "the answer is not one that is known",
    };
    let mut error = error;
    error.message = if said.is_empty() {
        advice.to_owned()
    } else {
        format!("{said}: {advice}")
    };
    match document.get("error_type").and_then(Json::as_label) {
        Some(code) => error.with_code(code),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: body.as_bytes().to_vec(),
            ..Reply::default()
        }
    }

    #[test]
    fn a_bare_integer_is_a_document() {
        assert_eq!(answer(&reply(200, "32\n")).unwrap(), Json::Number("32".into()));
    }

    #[test]
    fn a_refusal_keeps_what_the_service_said() {
        let reply = reply(401, r#"{"error_type":"INVALID_KEY","message":"no such key"}"#);
        let error = answer(&reply).unwrap_err();
        assert_eq!(
            (error.kind, error.provider_code.as_deref()),
            (Kind::AuthenticationFailed, Some("INVALID_KEY"))
        );
        assert!(error.message.starts_with("no such key: the API key is not accepted"));
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        for (status, advice) in [
            (403, "the API key is not accepted here"),
            (404, "the service does not know this request"),
            (429, "the service wants fewer requests; wait and ask again"),
            (500, "the service failed; ask again later"),
            (302, "the answer is not one that is known"),
        ] {
            let error = answer(&reply(status, "")).unwrap_err();
            assert!(error.message.starts_with(advice), "{status}: {}", error.message);
        }
    }
}
