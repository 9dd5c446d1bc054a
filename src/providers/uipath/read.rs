//! Answers of `UiPath`. Nothing but 200 is documented for these calls, so its other services' error bodies are read.

use std::borrow::Cow;
use std::time::Duration;

use crate::service::{Grant, Reply};
use crate::spec::envelope;
use crate::values::error::{Error, Kind, Remedy, Result};
use crate::values::json::{At, Json};
use crate::values::secret::Secret;
use crate::values::shape::{Holds, Shape, Typed};
use crate::values::text::one_line;

/// How long a token is good for where its reply does not say it.
const USUAL_LIFE: Duration = Duration::from_secs(3600);
/// A life beyond this is no answer.
const LONGEST_LIFE: Duration = Duration::from_secs(366 * 86_400);

/// The document, or the error that the reply stands for.
pub fn answer(reply: &Reply) -> Result<Json<'_>> {
    if !reply.is_success() {
        return Err(refusal(reply));
    }
    // A wrong address was seen to answer 200 with a web page.
    let document = Json::parse(&reply.body).map_err(|problem| {
        let error = if is_web_page(reply) {
            let text = "the answer is a web page, not JSON; base_url or token_url may be wrong";
            Error::new(Kind::UnexpectedResponse, text)
        } else {
            problem
        };
        error.with_request_id(request_id(reply, &Json::Null))
    })?;
    let blame = |error: Error| error.with_request_id(request_id(reply, &document));
    if let Some(error) = envelope::failure(&document, Kind::UnexpectedResponse) {
        return Err(blame(error));
    }
    let rows = match &document {
        Json::Map(members) => only_array(members),
        _ => None,
    };
    let rows = match rows {
        Some((_, Json::List(rows))) => Some(rows.len()),
        _ => None,
    };
    envelope::refuse_more(&At::root(&document), rows, &[]).map_err(blame)?;
    Ok(document)
}

/// The typed answer: a summary, or the rows of a list.
pub fn typed(returns: &Holds, document: &Json<'_>) -> Result<Typed> {
    let root = At::root(document);
    match returns {
        Holds::List(Holds::Record(shape)) => {
            let rows = in_rows(shape, &root, |rows| returns.read(rows))?;
            Ok(with_extra(rows, &beside_rows(document)))
        }
        Holds::Record(shape) => {
            refuse_stranger(shape, &root)?;
            returns.read(&root)
        }
        _ => returns.read(&root),
    }
}

/// Reads rows in a bare array, or in an object's only array: no page shows which of the two it is.
pub fn in_rows<R>(shape: &Shape, root: &At<'_, '_>, read: impl FnOnce(&At<'_, '_>) -> Result<R>) -> Result<R> {
    let path = root.path();
    let at = match root.value {
        Json::Map(members) => only_array(members)
            .map(|(key, rows)| At::member(&path, key, rows))
            .ok_or_else(|| Error::unexpected(path, "expected an array, or an object with exactly one"))?,
        _ => *root,
    };
    let path = at.path();
    if at.list()?.is_empty()
        && let Some((key, value)) = beside_rows(root.value)
            .iter()
            .find(|(_, value)| has_number(value, is_not_zero))
    {
        let text = "a number, but no rows beside it; what it counts is unknown, so this is not taken for no use";
        return Err(Error::unexpected(At::member(&root.path(), key, value).path(), text));
    }
    for (index, row) in at.list()?.iter().enumerate() {
        refuse_stranger(shape, &At::item(&path, index, row))?;
    }
    read(&at)
}

fn only_array<'j, 'b>(members: &'j [(Cow<'b, str>, Json<'b>)]) -> Option<&'j (Cow<'b, str>, Json<'b>)> {
    let is_rows = |(key, value): &&(Cow<'_, str>, Json<'_>)| matches!(value, Json::List(_)) && key != "errors";
    let mut arrays = members.iter().filter(is_rows);
    arrays.next().filter(|_| arrays.next().is_none())
}

/// What an object says besides its only array.
fn beside_rows<'j, 'b>(document: &'j Json<'b>) -> Vec<&'j (Cow<'b, str>, Json<'b>)> {
    let Json::Map(members) = document else {
        return Vec::new();
    };
    let rows = only_array(members).map(|(key, _)| key);
    members.iter().filter(|(key, _)| Some(key) != rows).collect()
}

/// The rows, each with the numbers that were said of all of them: a list has no other place for those. Where a row has a
/// field of that name itself, the other one is named by its place.
fn with_extra(rows: Typed, more: &[&(Cow<'_, str>, Json<'_>)]) -> Typed {
    let Typed::List(rows) = rows else { return rows };
    let add = |row| match row {
        Typed::Record(name, fields, mut extra) => {
            for (key, value) in more {
                if has_number(value, |_| true) {
                    let is_taken = extra.iter().any(|(known, _)| known == key);
                    let name = if is_taken { format!("$.{key}") } else { key.to_string() };
                    extra.push((name, value.clone().into_owned()));
                }
            }
            Typed::Record(name, fields, extra)
        }
        other => other,
    };
    Typed::List(rows.into_iter().map(add).collect())
}

/// True if it is, or holds, such a number.
fn has_number(value: &Json<'_>, is_meant: fn(&str) -> bool) -> bool {
    match value {
        Json::Number(text) => is_meant(text),
        Json::List(items) => items.iter().any(|item| has_number(item, is_meant)),
        Json::Map(members) => members.iter().any(|(_, value)| has_number(value, is_meant)),
        Json::Null | Json::Bool(_) | Json::Text(_) => false,
    }
}

fn is_not_zero(number: &str) -> bool {
    number.contains(|digit: char| ('1'..='9').contains(&digit))
}

/// All fields may be missing, but not all at once: such a record is another one, and must not pass for "nothing used".
pub fn refuse_stranger(shape: &Shape, at: &At<'_, '_>) -> Result<()> {
    let is_known = |key: &str| shape.fields.iter().any(|field| field.wire == key);
    if at.map()?.iter().any(|(key, _)| is_known(key)) {
        return Ok(());
    }
    let known: Vec<_> = shape.fields.iter().map(|field| field.wire).collect();
    Err(Error::unexpected(
        at.path(),
        format!("none of the fields {} is there", known.join(", ")),
    ))
}

fn refusal(reply: &Reply) -> Error {
    let document = Json::parse(&reply.body).unwrap_or(Json::Null);
    let said = match said(&document) {
        said if !said.is_empty() => said,
        _ if is_web_page(reply) => "the answer is a web page".to_owned(),
        _ => reply.excerpt(200),
    };
    let error = reply.status_error("");
    let advice = advice(reply.status, error.kind);
    let mut error = explain(error, &said, advice).with_request_id(request_id(reply, &document));
    if error.kind == Kind::AuthenticationFailed {
        error = error.with_remedy(Remedy::RenewCredentials);
    }
    // An OAuth error has its code where others have their text.
    let is_oauth = document.get_any_case("error_description").is_some();
    match code(&document).or_else(|| is_oauth.then(|| oauth_code(&document)).flatten()) {
        Some(code) => error.with_code(code),
        None => error,
    }
}

fn advice(status: u16, kind: Kind) -> &'static str {
    match (status, kind) {
        (405, _) | (_, Kind::NotFound) => {
            "organization_id or tenant_id is unknown to the service, or the path is another one; check these GUIDs, \
             base_url and organization_segment"
        }
        (_, Kind::AuthenticationFailed) => "the token is missing, expired, mistyped or lacks the scope; get a new one",
        (_, Kind::PermissionDenied) => {
            "the token needs a scope (PM.License, PM.License.Read or PM.License.Write) and the role of an organization \
             administrator; a restriction of IP addresses refuses like this, too"
        }
        (_, Kind::InvalidRequest) => "the service refuses the request; check the arguments",
        (_, Kind::RateLimited) => "the service wants fewer requests; wait and ask again",
        (_, Kind::ServerError) => "the service failed; ask again later",
        (_, Kind::UnexpectedRedirect) => "the service points elsewhere; check base_url",
        _ => "the answer is not one that is known",
    }
}

/// What a token reply grants. Its text may hold a token, so no message repeats any of it but the standard's words.
pub fn grant(reply: &Reply) -> Result<Grant> {
    if !reply.is_success() {
        return Err(login_refusal(reply));
    }
    let failed = |problem: &str| {
        let text = format!("{problem}; check token_url, organization_name and base_url");
        Error::new(Kind::AuthenticationFailed, text).with_request_id(request_id(reply, &Json::Null))
    };
    let document = Json::parse(&reply.body).map_err(|_| {
        failed(if is_web_page(reply) {
            "the token service answered with a web page"
        } else {
            "the token service's answer is not JSON"
        })
    })?;
    let token = document.get("access_token").and_then(Json::as_text).unwrap_or_default();
    if token.is_empty() {
        return Err(failed("the token service's answer has no access_token"));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(failed("the access_token has characters that no header can carry"));
    }
    Ok(Grant {
        token: Secret::new(token),
        lives: Some(life(&document)),
    })
}

/// `expires_in` may be an integer, a float or a text of either.
fn life(document: &Json<'_>) -> Duration {
    let seconds = document.get("expires_in").and_then(Json::as_label);
    let seconds = seconds.and_then(|text| text.trim().parse().ok());
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|life| !life.is_zero() && *life <= LONGEST_LIFE)
        .unwrap_or(USUAL_LIFE)
}

fn login_refusal(reply: &Reply) -> Error {
    let document = Json::parse(&reply.body).unwrap_or(Json::Null);
    let mut error = reply.status_error("");
    // Whatever the status, a refused login is one; what passes by itself and what points elsewhere stay what they are.
    if matches!(
        error.kind,
        Kind::InvalidRequest | Kind::PermissionDenied | Kind::NotFound
    ) {
        error = Error::new(Kind::AuthenticationFailed, "");
    }
    let code = code(&document).or_else(|| oauth_code(&document));
    let advice = match (code.as_deref(), error.kind) {
        (Some("invalid_scope"), _) => {
            "the application was not granted this scope; set scope to exactly what it was granted, without \
             offline_access, which is not for applications"
        }
        (Some("invalid_client" | "unauthorized_client"), _) => {
            "the token service does not accept client_id and client_secret, or knows them in another organization"
        }
        (_, Kind::AuthenticationFailed) => {
            "the token service refuses the login; check client_id, client_secret, scope, organization_name and \
             token_url"
        }
        (_, Kind::RateLimited) => "the token service wants fewer requests; wait and ask again",
        (_, Kind::ServerError) => "the token service failed; ask again later",
        _ => "the token service's answer is not one that is known; check token_url and base_url",
    };
    // A body that has nothing but its code needs it said once.
    let said = Some(said(&document)).filter(|said| Some(said) != code.as_ref());
    let error = explain(error, &said.unwrap_or_default(), advice).with_request_id(request_id(reply, &document));
    match code {
        Some(code) => error.with_code(code),
        None => error,
    }
}

fn explain(mut error: Error, said: &str, advice: &str) -> Error {
    error.message = if said.is_empty() {
        advice.to_owned()
    } else {
        format!("{said}: {advice}")
    };
    error
}

/// What an error body says, in whichever of the vendor's forms: problem+json, ABP, OAuth or a plain message.
fn said(document: &Json<'_>) -> String {
    let get = |key: &str| document.get_any_case(key);
    let inner = |key: &str| get("error").and_then(|error| error.get_any_case(key));
    let headlines = [
        get("error_description"),
        get("message"),
        inner("message"),
        get("error"),
        get("detail"),
        get("title"),
    ];
    let mut parts = Vec::new();
    parts.extend(headlines.into_iter().find_map(words));
    parts.extend(words(inner("details")));
    parts.extend(get("errors").map(field_messages).unwrap_or_default());
    let parts: Vec<&str> = parts.iter().map(|part| part.trim_end_matches('.')).collect();
    one_line(&parts.join("; "), 300)
}

/// The messages of a body's `errors`: an object of lists, by field, or a plain list.
fn field_messages(errors: &Json<'_>) -> Vec<String> {
    let listed = |value: &Json<'_>| match value {
        Json::List(items) => items.iter().filter_map(|item| words(Some(item))).collect(),
        other => Vec::from_iter(words(Some(other))),
    };
    match errors {
        Json::Map(fields) => {
            let with_field = |(field, value): &(_, Json<'_>)| format!("{field}: {}", listed(value).join(" "));
            fields.iter().map(with_field).collect()
        }
        other => listed(other),
    }
}

/// A text with something in it, in one line.
fn words(value: Option<&Json<'_>>) -> Option<String> {
    let text = value?.as_text()?;
    let words = one_line(text, text.len());
    (!words.is_empty()).then_some(words)
}

/// The code of the vendor's own forms.
fn code(document: &Json<'_>) -> Option<String> {
    let inner = || document.get_any_case("error")?.get_any_case("code");
    document.get_any_case("errorCode").or_else(inner)?.as_label()
}

/// The code of an OAuth error.
fn oauth_code(document: &Json<'_>) -> Option<String> {
    document.get("error")?.as_label()
}

fn request_id(reply: &Reply, document: &Json<'_>) -> Option<String> {
    words(document.get_any_case("traceId")).or_else(|| reply.request_id())
}

fn is_web_page(reply: &Reply) -> bool {
    let is_html = |kind: &str| kind.to_ascii_lowercase().contains("text/html");
    reply.header("content-type").is_some_and(is_html) || reply.body.trim_ascii_start().starts_with(b"<")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::uipath::UiPath;
    use crate::service::{Call, Provider};
    use crate::values::arguments::Value;

    const TENANT: &str = "7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44";
    const HTML: &str = "\n<!DOCTYPE html><html><body>Page not found</body></html>";

    fn call(operation: &str) -> Call {
        let mut given = vec![
            ("start", "2024-01-01"),
            ("end", "2024-02-01"),
            ("consumable_code", "AIU"),
        ];
        if operation != "consumption_summary" {
            given.push(("tenant_id", TENANT));
        }
        let given = given
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::Text(value.to_owned())));
        Call::new(&UiPath, operation, given.collect()).unwrap()
    }

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: body.as_bytes().to_vec(),
            ..Reply::default()
        }
    }

    fn read(operation: &str, body: &str) -> Result<Typed> {
        let (call, reply) = (call(operation), reply(200, body));
        UiPath.typed(&call, &UiPath.answer(&call, &reply)?)
    }

    fn decimal(text: &str) -> Typed {
        Typed::Decimal(text.to_owned())
    }

    fn text(text: &str) -> Typed {
        Typed::Text(text.to_owned())
    }

    fn summary(without_tenant: Typed, tenants: Vec<Typed>) -> Typed {
        let fields = vec![
            ("consumed_from_org_without_tenant", without_tenant),
            ("tenants", Typed::List(tenants)),
        ];
        Typed::Record("ConsumptionSummary", fields, vec![])
    }

    fn tenant(id: &str, from_tenant: Typed, from_org: Typed) -> Typed {
        let fields = vec![
            ("tenant_id", text(id)),
            ("consumed_from_tenant_pool", from_tenant),
            ("consumed_from_org_pool", from_org),
        ];
        Typed::Record("TenantConsumption", fields, vec![])
    }

    #[test]
    fn the_page_sample_is_read() {
        let body = r#"{"consumedFromOrgWithoutTenant": 0, "tenantConsumptionItems": [
            {"tenantId": "string", "consumedFromTenantPool": 0, "consumedFromOrgPool": 0}]}"#;
        for operation in ["consumption_summary", "tenant_consumption_summary"] {
            assert_eq!(
                read(operation, body).unwrap(),
                summary(decimal("0"), vec![tenant("string", decimal("0"), decimal("0"))])
            );
        }
    }

    #[test]
    fn a_refusal_is_told_in_one_line_whatever_its_fields_are_called() {
        let body = "{\"title\":\"Wrong.\",\"errors\":{\"s\\rtart\":[\"not\\nvalid\"]}}";
        assert_eq!(said(&Json::parse(body.as_bytes()).unwrap()), "Wrong; s tart: not valid");
    }

    #[test]
    fn what_stands_beside_the_rows_is_kept_with_each_and_never_taken_for_no_use() {
        let number = |key: &str, text: &str| (key.to_owned(), Json::Number(text.to_owned().into()));
        for said in ["2", "0"] {
            let rows = r#"[{"date":"2024-01-15","consumedAmount":1},{"date":"2024-01-16","count":5}]"#;
            let body = format!(r#"{{"count":{said},"items":{rows}}}"#);
            let Typed::List(rows) = read("daily_consumption_by_service", &body).unwrap() else {
                panic!()
            };
            let counts = rows.iter().map(|row| match row {
                Typed::Record(_, _, extra) => extra.clone(),
                other => panic!("{other:?}"),
            });
            let expected = [
                vec![number("count", said)],
                vec![number("count", "5"), number("$.count", said)],
            ];
            assert_eq!(counts.collect::<Vec<_>>(), expected);
        }
        for body in [r#"{"count":0,"items":[]}"#, r#"{"next":null,"items":[]}"#, "[]"] {
            assert_eq!(
                read("daily_consumption_by_service", body).unwrap(),
                Typed::List(vec![]),
                "{body}"
            );
        }
        for (body, place) in [
            (r#"{"count":3,"items":[]}"#, "$.count: "),
            (r#"{"page":{"of":[0,12]},"items":[]}"#, "$.page: "),
            ("{\"a\\nb\":3,\"items\":[]}", "$.a b: "),
        ] {
            let problem = read("daily_consumption_by_service", body).unwrap_err().message.clone();
            assert!(problem.starts_with(place), "{problem}");
        }
    }

    #[test]
    fn fractions_are_exact_and_missing_is_not_zero() {
        let body = r#"{"consumedFromOrgWithoutTenant": null, "tenantConsumptionItems": [
            {"tenantId": "a", "consumedFromTenantPool": 0, "consumedFromOrgPool": 0.25},
            {"tenantId": "b", "consumedFromTenantPool": 149514.99999999997, "consumedFromOrgPool": null},
            {"tenantId": "c", "consumedFromTenantPool": 18446744073709551615}]}"#;
        let tenants = vec![
            tenant("a", decimal("0"), decimal("0.25")),
            tenant("b", decimal("149514.99999999997"), Typed::Nothing),
            tenant("c", decimal("18446744073709551615"), Typed::Nothing),
        ];
        assert_eq!(
            read("consumption_summary", body).unwrap(),
            summary(Typed::Nothing, tenants)
        );
    }

    #[test]
    fn without_tenant_rows_the_figure_of_the_organization_stays() {
        for items in [
            "",
            r#","tenantConsumptionItems":null"#,
            r#","tenantConsumptionItems":[]"#,
        ] {
            let body = format!(r#"{{"consumedFromOrgWithoutTenant":3{items}}}"#);
            assert_eq!(
                read("consumption_summary", &body).unwrap(),
                summary(decimal("3"), vec![])
            );
        }
    }

    #[test]
    fn unknown_fields_are_kept() {
        let body = r#"{"tenantConsumptionItems":[{"tenantId":"a","allocated":9.5}],"asOf":"today"}"#;
        let Typed::Record(_, fields, extra) = read("tenant_consumption_summary", body).unwrap() else {
            panic!()
        };
        assert_eq!(extra, [("asOf".to_owned(), Json::Text("today".into()))]);
        assert!(format!("{fields:?}").contains(r#"[("allocated", Number("9.5"))]"#));
    }

    fn day(day: i8, amount: &str) -> Typed {
        let fields = vec![
            ("date", Typed::Day(jiff::civil::date(2024, 1, day))),
            ("service", text("orchestrator")),
            ("consumed_amount", decimal(amount)),
        ];
        Typed::Record("ServiceConsumption", fields, vec![])
    }

    #[test]
    fn daily_rows_come_bare_or_wrapped_with_three_forms_of_date() {
        let rows = r#"[{"date":"2024-01-15","service":"orchestrator","consumedAmount":24.5},
            {"date":"2024-01-16T00:00:00Z","service":"orchestrator","consumedAmount":2},
            {"date":1705449600000,"service":"orchestrator","consumedAmount":0}]"#;
        let wrapped = format!(r#"{{"total":3,"items":{rows}}}"#);
        let abp = format!(r#"{{"result":{rows},"error":null,"errors":[],"__abp":true}}"#);
        for (body, extra) in [
            (rows, vec![]),
            (wrapped.as_str(), vec![("total".to_owned(), Json::Number("3".into()))]),
            (abp.as_str(), vec![]),
        ] {
            let days = [day(15, "24.5"), day(16, "2"), day(17, "0")].map(|day| match day {
                Typed::Record(name, fields, _) => Typed::Record(name, fields, extra.clone()),
                other => other,
            });
            assert_eq!(
                read("daily_consumption_by_service", body).unwrap(),
                Typed::List(days.into())
            );
        }
        for body in ["[]", r#"{"items":[]}"#] {
            assert_eq!(read("daily_consumption_by_service", body).unwrap(), Typed::List(vec![]));
        }
    }

    #[test]
    fn a_folder_may_have_no_parent_and_use_no_folder() {
        let body = r#"[{"folderKey":"k","folderName":"Shared","parentFolderKey":null,"consumedBySelf":42,
            "processCountSelf":3},{"folderKey":null,"consumedBySelf":0.25,"processCountSelf":null}]"#;
        let folder = |key, name, used: &str, processes| {
            let fields = vec![
                ("folder_key", key),
                ("folder_name", name),
                ("parent_folder_key", Typed::Nothing),
                ("consumed_by_self", decimal(used)),
                ("process_count_self", processes),
            ];
            Typed::Record("FolderConsumption", fields, vec![])
        };
        assert_eq!(
            read("consumption_by_folder", body).unwrap(),
            Typed::List(vec![
                folder(text("k"), text("Shared"), "42", Typed::Integer("3".into())),
                folder(Typed::Nothing, Typed::Nothing, "0.25", Typed::Nothing),
            ])
        );
    }

    #[test]
    fn an_answer_of_another_shape_never_passes_for_no_usage() {
        const FOLDERS: &str = "consumption_by_folder";
        const DAYS: &str = "daily_consumption_by_service";
        const SUMMARY: &str = "consumption_summary";
        let exactly_one = "$: expected an array, or an object with exactly one";
        for (operation, body, message) in [
            (
                SUMMARY,
                r#"{"success":true}"#,
                "$: none of the fields consumedFromOrgWithoutTenant, tenantConsumptionItems is there",
            ),
            (SUMMARY, "[]", "$: expected an object, found an array"),
            (
                SUMMARY,
                r#"{"tenantConsumptionItems":[{}]}"#,
                "$.tenantConsumptionItems[0].tenantId: the field is missing",
            ),
            (
                SUMMARY,
                r#"{"consumedFromOrgWithoutTenant":"3"}"#,
                "$.consumedFromOrgWithoutTenant: expected a number, found a string",
            ),
            (DAYS, "{}", exactly_one),
            (DAYS, r#"{"a":[],"b":[]}"#, exactly_one),
            (DAYS, r#"{"errors":[]}"#, exactly_one),
            (DAYS, "0", "$: expected an array, found a number"),
            (
                DAYS,
                r#"{"items":[{"service":"s"}]}"#,
                "$.items[0].date: the field is missing",
            ),
            (
                FOLDERS,
                r#"[{"folderKey":"k"},{"id":1}]"#,
                "$[1]: none of the fields folderKey, folderName, parentFolderKey, consumedBySelf, processCountSelf is \
                 there",
            ),
            (
                FOLDERS,
                r#"[{"processCountSelf":1.5}]"#,
                "$[0].processCountSelf: 1.5 is not a whole number",
            ),
            (FOLDERS, "[1]", "$[0]: expected an object, found a number"),
            (
                SUMMARY,
                HTML,
                "the answer is a web page, not JSON; base_url or token_url may be wrong",
            ),
        ] {
            let error = read(operation, body).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Kind::UnexpectedResponse, message)
            );
        }
        let empty = read(SUMMARY, "").unwrap_err();
        assert!(empty.message.starts_with("the body is not JSON"));
    }

    #[test]
    fn every_form_of_error_is_read() {
        let problem = r#"{"type":"about:blank","title":"One or more validation errors occurred.","status":400,
            "errors":{"startDate":["The value 'x' is not valid."],"$.endDate":["Required.","Late."]},
            "traceId":"00-a-b-00"}"#;
        for (status, body, kind, code, id, message) in [
            (
                400,
                problem,
                Kind::InvalidRequest,
                None,
                Some("00-a-b-00"),
                "One or more validation errors occurred; startDate: The value 'x' is not valid; $.endDate: Required. \
                 Late: the service refuses the request; check the arguments",
            ),
            (
                403,
                r#"{"message":"Access denied","errorCode":1006,"traceId":"00-c-d-00"}"#,
                Kind::PermissionDenied,
                Some("1006"),
                Some("00-c-d-00"),
                "Access denied: the token needs a scope (PM.License, PM.License.Read or PM.License.Write) and the role \
                 of an organization administrator; a restriction of IP addresses refuses like this, too",
            ),
            (
                404,
                r#"{"message":null,"error":{"code":7,"message":"No licence","details":"for the account"}}"#,
                Kind::NotFound,
                Some("7"),
                None,
                "No licence; for the account: organization_id or tenant_id is unknown to the service, or the path is \
                 another one; check these GUIDs, base_url and organization_segment",
            ),
            (
                500,
                r#"{"error":"boom","traceId":"00-e-f-00"}"#,
                Kind::ServerError,
                None,
                Some("00-e-f-00"),
                "boom: the service failed; ask again later",
            ),
            (
                401,
                r#"{"error":"invalid_token","error_description":"expired"}"#,
                Kind::AuthenticationFailed,
                Some("invalid_token"),
                None,
                "expired: the token is missing, expired, mistyped or lacks the scope; get a new one",
            ),
            (
                404,
                HTML,
                Kind::NotFound,
                None,
                None,
                "the answer is a web page: organization_id or tenant_id is unknown to the service, or the path is \
                 another one; check these GUIDs, base_url and organization_segment",
            ),
            (
                429,
                "",
                Kind::RateLimited,
                None,
                None,
                "the service wants fewer requests; wait and ask again",
            ),
            (
                409,
                "in  conflict\n",
                Kind::InvalidRequest,
                None,
                None,
                "in conflict: the service refuses the request; check the arguments",
            ),
            (
                503,
                r#"{"errors":["down","later"]}"#,
                Kind::ServerError,
                None,
                None,
                "down; later: the service failed; ask again later",
            ),
            (
                307,
                "",
                Kind::UnexpectedRedirect,
                None,
                None,
                "the service points elsewhere; check base_url",
            ),
        ] {
            let error = answer(&reply(status, body)).unwrap_err();
            assert_eq!((error.kind, error.message.as_str()), (kind, message));
            assert_eq!(
                (error.provider_code.as_deref(), error.request_id.as_deref()),
                (code, id)
            );
        }
    }

    #[test]
    fn a_refused_token_is_worth_a_new_one_and_a_refused_role_is_not() {
        for (status, remedy) in [
            (400, Remedy::None),
            (401, Remedy::RenewCredentials),
            (403, Remedy::None),
            (408, Remedy::Repeat),
            (429, Remedy::RepeatThrottled),
            (501, Remedy::None),
            (524, Remedy::Repeat),
        ] {
            assert_eq!(answer(&reply(status, "")).unwrap_err().remedy, remedy, "{status}");
        }
    }

    #[test]
    fn the_id_of_the_request_is_taken_from_the_headers_if_the_body_has_none() {
        let header = |name: &str| (name.to_owned(), format!("from {name}"));
        let (request, correlation) = (header("x-request-id"), header("x-uipath-correlation-id"));
        for (headers, body, id) in [
            (vec![request.clone()], r#"{"traceId":"t"}"#, "t"),
            (vec![correlation.clone(), request], "", "from x-request-id"),
            (vec![correlation], r#"{"traceId":null}"#, "from x-uipath-correlation-id"),
        ] {
            let reply = Reply {
                headers,
                ..reply(500, body)
            };
            assert_eq!(answer(&reply).unwrap_err().request_id.as_deref(), Some(id));
        }
    }

    #[test]
    fn the_life_of_a_token_is_read_from_any_notation() {
        for (expires_in, milliseconds) in [
            (r#","expires_in":3600"#, 3_600_000),
            (r#","expires_in":3599.5"#, 3_599_500),
            (r#","expires_in":"86399.25""#, 86_399_250),
            (r#","expires_in":" 60 ""#, 60_000),
            (r#","expires_in":31622400"#, 31_622_400_000),
            (r#","expires_in":31622401"#, 3_600_000),
            ("", 3_600_000),
            (r#","expires_in":null"#, 3_600_000),
            (r#","expires_in":0"#, 3_600_000),
            (r#","expires_in":-5"#, 3_600_000),
            (r#","expires_in":1e300"#, 3_600_000),
            (r#","expires_in":1e18"#, 3_600_000),
            (r#","expires_in":"NaN""#, 3_600_000),
            (r#","expires_in":"soon""#, 3_600_000),
        ] {
            let body = format!(r#"{{"access_token":"a.b.c","token_type":"Bearer"{expires_in}}}"#);
            let grant = grant(&reply(200, &body)).unwrap();
            assert_eq!(grant.token.expose(), "a.b.c");
            assert_eq!(grant.lives, Some(Duration::from_millis(milliseconds)), "{expires_in}");
        }
    }

    #[test]
    fn a_reply_without_a_sound_token_is_a_failed_login_and_is_not_quoted() {
        for (body, problem) in [
            (r#"{"token_type":"Bearer","expires_in":3600}"#, "has no access_token"),
            (r#"{"access_token":null}"#, "has no access_token"),
            (r#"{"access_token":""}"#, "has no access_token"),
            (r#"{"access_token":"hunter2\r\nx: y"}"#, "no header can carry"),
            (r#"{"access_token":"hunter2"#, "is not JSON"),
            ("", "is not JSON"),
            (HTML, "answered with a web page"),
        ] {
            let error = grant(&reply(200, body)).unwrap_err();
            assert_eq!((error.kind, error.remedy), (Kind::AuthenticationFailed, Remedy::None));
            assert!(error.message.contains(problem), "{error}");
            assert!(!error.message.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_refused_login_says_why() {
        for (status, body, kind, code, message) in [
            (
                401,
                r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#,
                Kind::AuthenticationFailed,
                Some("invalid_client"),
                "Client authentication failed: the token service does not accept",
            ),
            (
                400,
                r#"{"error":"invalid_scope"}"#,
                Kind::AuthenticationFailed,
                Some("invalid_scope"),
                "the application was not granted this scope",
            ),
            (
                404,
                HTML,
                Kind::AuthenticationFailed,
                None,
                "the token service refuses the login",
            ),
            (
                403,
                "client_secret=hunter2",
                Kind::AuthenticationFailed,
                None,
                "the token service refuses the login",
            ),
            (429, "", Kind::RateLimited, None, "the token service wants fewer"),
            (503, "", Kind::ServerError, None, "the token service failed"),
            (
                302,
                "",
                Kind::UnexpectedRedirect,
                None,
                "the token service's answer is not",
            ),
        ] {
            let error = grant(&reply(status, body)).unwrap_err();
            assert_eq!((error.kind, error.provider_code.as_deref()), (kind, code), "{status}");
            assert!(error.message.starts_with(message), "{error}");
            assert!(!error.message.contains("hunter2"), "{error}");
            assert_ne!(error.remedy, Remedy::RenewCredentials);
        }
    }
}
