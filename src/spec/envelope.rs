//! What an answer says of itself before its rows are read: that it failed although its status is 200, and that there is
//! more than it holds. No page documents either for these calls; both are known from services of all kinds, so they are
//! looked for under the names that are in use, in any case of letters, and never taken for a whole answer.

use crate::values::error::{Error, Kind, Result};
use crate::values::json::{At, Json};
use crate::values::text::one_line;

/// The keys that say whether a request went well.
const WENT_WELL: &[&str] = &["success", "issuccess", "succeeded", "successful", "ok"];
/// The keys that hold what went wrong; empty where nothing did.
const WENT_WRONG: &[&str] = &["error", "errors", "exception", "fault", "unauthorizedrequest"];
/// The keys of an error's code, which is 0 or empty where there is none.
const CODES: &[&str] = &["errorcode", "errorid"];

/// The keys that say yes where there is more.
const MORE: &[&str] = &[
    "hasmore",
    "hasmoreitems",
    "hasmoreresults",
    "hasnext",
    "hasnextpage",
    "moreresults",
    "moreavailable",
    "istruncated",
    "truncated",
];
/// The keys that hold where the rest begins; empty where there is none.
const REST: &[&str] = &[
    "next",
    "nextlink",
    "odatanextlink",
    "nexturl",
    "nexturi",
    "nextpage",
    "nextpageurl",
    "nextpageuri",
    "nextpagelink",
    "nextpagetoken",
    "nexttoken",
    "nextcursor",
    "nextmarker",
    "nextoffset",
    "continuation",
    "continuationtoken",
];
/// The keys that count all rows.
const COUNTS: &[&str] = &[
    "count",
    "odatacount",
    "totalcount",
    "totalitems",
    "totalrows",
    "totalrecords",
    "totalresults",
    "totalelements",
];
/// The key that counts all rows where one of these stands beside it; elsewhere it may be a sum of what the rows count.
const TOTAL: &str = "total";
const PAGING: &[&str] = &["page", "pagenumber", "pagesize", "perpage", "limit", "offset", "skip"];
/// The keys that count all pages.
const PAGES: &[&str] = &["totalpages", "pagecount"];
/// The keys of objects in which any of the above may stand.
const INNER: &[&str] = &["links", "paging", "pagination", "pageinfo", "meta", "metadata"];

/// No key that means something here is longer.
const LONGEST: usize = 24;

/// A key without what its spellings differ in: case, `_`, `-`, `.`, `@`, `$`. Of a longer one than any that means
/// something, what is left is none of them.
struct Folded([u8; LONGEST], usize);

impl Folded {
    fn of(key: &str) -> Self {
        let (mut letters, mut length) = ([0; LONGEST], 0);
        for letter in key.bytes().filter(u8::is_ascii_alphanumeric) {
            let Some(place) = letters.get_mut(length) else {
                return Self(letters, 0);
            };
            *place = letter.to_ascii_lowercase();
            length += 1;
        }
        Self(letters, length)
    }

    fn is(&self, name: &str) -> bool {
        self.0.get(..self.1) == Some(name.as_bytes())
    }

    fn is_in(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.is(name))
    }
}

/// The error that an object carries although its status is 200. `None` if it says of no failure. Of which kind it is the
/// provider says: where its pages know no such answer, it is an unexpected one.
pub fn failure(object: &Json<'_>, kind: Kind) -> Option<Error> {
    let Json::Map(members) = object else { return None };
    let failed = members.iter().any(|(key, value)| {
        let key = Folded::of(key);
        let is_in = |keys: &[&str]| key.is_in(keys);
        is_in(WENT_WELL) && is_no(value) || is_in(WENT_WRONG) && says_something(value) || is_in(CODES) && is_code(value)
    });
    failed.then(|| {
        let said = said(object);
        let advice = "the service says that it failed, in an answer with the status 200";
        let message = if said.is_empty() {
            advice.to_owned()
        } else {
            format!("{}: {advice}", one_line(&said, 300))
        };
        let error = Error::new(kind, message);
        match code(object) {
            Some(code) => error.with_code(code),
            None => error,
        }
    })
}

/// Refuses an object that says that there is more than its rows; `rows` is how many it has, if it has any list of them,
/// and `known` are keys that mean something else here.
pub fn refuse_more(at: &At<'_, '_>, rows: Option<usize>, known: &[&str]) -> Result<()> {
    let Json::Map(members) = at.value else { return Ok(()) };
    let pages = members.iter().any(|(key, _)| Folded::of(key).is_in(PAGING));
    let path = at.path();
    for (key, value) in members {
        if known.contains(&key.as_ref()) {
            continue;
        }
        let place = At::member(&path, key, value);
        let key = Folded::of(key);
        let is_in = |keys: &[&str]| key.is_in(keys);
        if is_in(INNER) {
            refuse_more(&place, rows, known)?;
        }
        let counts_rows = is_in(COUNTS) || pages && key.is(TOTAL);
        let is_more = is_in(MORE) && is_yes(value)
            || is_in(REST) && says_something(value)
            || is_in(PAGES) && whole(value).is_some_and(|pages| pages > 1)
            || counts_rows && matches!((whole(value), rows), (Some(all), Some(rows)) if all > rows);
        if is_more {
            let value = match value {
                Json::Number(text) => format!("is {text}, beside {} rows", rows.unwrap_or_default()),
                _ => "is there".to_owned(),
            };
            let text = format!(
                "it {value}, so the service has more than this answer; no page says how to ask for the rest: ask for less \
                 at once"
            );
            return Err(Error::unexpected(place.path(), text));
        }
    }
    Ok(())
}

fn is_no(value: &Json<'_>) -> bool {
    match value {
        Json::Bool(truth) => !truth,
        Json::Number(text) => text == "0",
        Json::Text(text) => text.eq_ignore_ascii_case("false"),
        Json::Null | Json::List(_) | Json::Numbers(_) | Json::Map(_) => false,
    }
}

fn is_yes(value: &Json<'_>) -> bool {
    match value {
        Json::Bool(truth) => *truth,
        Json::Text(text) => text.eq_ignore_ascii_case("true"),
        Json::Number(text) => text != "0",
        Json::Null | Json::List(_) | Json::Numbers(_) | Json::Map(_) => false,
    }
}

/// True for anything but null, no, zero and what is empty.
fn says_something(value: &Json<'_>) -> bool {
    match value {
        Json::Null => false,
        Json::Text(text) => !text.trim().is_empty() && !text.eq_ignore_ascii_case("false"),
        Json::Bool(_) | Json::Number(_) => is_yes(value),
        Json::List(items) => !items.is_empty(),
        Json::Numbers(items) => !items.is_empty(),
        Json::Map(members) => members.iter().any(|(_, value)| says_something(value)),
    }
}

fn is_code(value: &Json<'_>) -> bool {
    value.as_label().is_some_and(|code| {
        let code = code.trim();
        !code.is_empty() && !matches!(code, "0" | "false")
    })
}

/// A number of rows or pages, however it is written.
fn whole(value: &Json<'_>) -> Option<usize> {
    match value {
        Json::Number(text) | Json::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The member of that name, in any spelling.
fn member<'j, 'b>(object: &'j Json<'b>, name: &str) -> Option<&'j Json<'b>> {
    let Json::Map(members) = object else { return None };
    members
        .iter()
        .find(|(key, _)| Folded::of(key).is(name))
        .map(|(_, value)| value)
}

/// What the object, or its error, says in words.
fn said(object: &Json<'_>) -> String {
    let text = |object: &Json<'_>, name: &str| member(object, name)?.as_text().map(str::to_owned);
    let error = member(object, "error");
    let inner = error.and_then(|error| text(error, "message").or_else(|| error.as_text().map(str::to_owned)));
    let listed = || match member(object, "errors") {
        Some(Json::List(items)) => items.iter().find_map(|item| match item {
            Json::Text(text) => Some(text.to_string()),
            other => text(other, "message"),
        }),
        _ => None,
    };
    inner
        .or_else(|| text(object, "message"))
        .or_else(|| text(object, "errormessage"))
        .or_else(|| text(object, "errordescription"))
        .or_else(listed)
        .unwrap_or_default()
}

fn code(object: &Json<'_>) -> Option<String> {
    let inner = || member(member(object, "error")?, "code");
    let code = CODES.iter().find_map(|name| member(object, name)).or_else(inner)?;
    code.as_label().filter(|code| !code.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Json<'_> {
        Json::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_failure_beside_rows_is_the_error_that_it_says() {
        for (body, code, message) in [
            (
                r#"{"result":[1],"success":false,"error":{"code":7,"message":"too\nmuch"}}"#,
                Some("7"),
                "too much: the service says that it failed, in an answer with the status 200",
            ),
            (
                r#"{"results":[1],"Success":"false"}"#,
                None,
                "the service says that it failed, in an answer with the status 200",
            ),
            (
                r#"{"results":[1],"is_success":0}"#,
                None,
                "the service says that it failed, in an answer with the status 200",
            ),
            (
                r#"{"items":[],"error":"boom"}"#,
                None,
                "boom: the service says that it failed, in an answer with the status 200",
            ),
            (
                r#"{"items":[],"errors":[{"message":"down"}]}"#,
                None,
                "down: the service says that it failed, in an answer with the status 200",
            ),
            (
                r#"{"items":[],"errorCode":1006,"message":"no"}"#,
                Some("1006"),
                "no: the service says that it failed, in an answer with the status 200",
            ),
            (
                r#"{"error_id":"internal_error","results":[]}"#,
                Some("internal_error"),
                "the service says that it failed, in an answer with the status 200",
            ),
        ] {
            let error = failure(&of(body), Kind::InvalidRequest).unwrap();
            assert_eq!(
                (error.kind, error.provider_code.as_deref(), error.message.as_str()),
                (Kind::InvalidRequest, code, message),
                "{body}"
            );
        }
    }

    #[test]
    fn an_answer_that_went_well_is_no_failure() {
        for body in [
            r#"{"result":[],"success":true,"error":null,"errors":[],"__abp":true,"unAuthorizedRequest":false}"#,
            r#"{"error":"","errors":{},"errorCode":0,"error_id":null,"success":null}"#,
            r#"{"error":{"code":0,"message":null}}"#,
            r#"{"errorCount":5,"unsuccessful":true}"#,
            "[]",
            "7",
        ] {
            assert!(failure(&of(body), Kind::InvalidRequest).is_none(), "{body}");
        }
    }

    #[test]
    fn more_than_the_rows_is_refused_under_any_of_its_names() {
        for (body, place) in [
            (r#"{"nextLink":"https://x"}"#, "$.nextLink"),
            (r#"{"@odata.nextLink":"x"}"#, "$.@odata.nextLink"),
            (r#"{"NextToken":"x"}"#, "$.NextToken"),
            (r#"{"next":{"href":"x"}}"#, "$.next"),
            (r#"{"links":{"next":"x"}}"#, "$.links.next"),
            (r#"{"has_more":true}"#, "$.has_more"),
            (r#"{"hasNextPage":"true"}"#, "$.hasNextPage"),
            (r#"{"IsTruncated":true}"#, "$.IsTruncated"),
            (r#"{"totalCount":3}"#, "$.totalCount"),
            (r#"{"@odata.count":"3"}"#, "$.@odata.count"),
            (r#"{"count":3}"#, "$.count"),
            (r#"{"Pagination":{"TotalCount":3}}"#, "$.Pagination.TotalCount"),
            (r#"{"total":3,"pageSize":2}"#, "$.total"),
            (r#"{"total_pages":2}"#, "$.total_pages"),
        ] {
            let document = of(body);
            let error = refuse_more(&At::root(&document), Some(2), &[]).unwrap_err();
            assert_eq!(error.kind, Kind::UnexpectedResponse);
            assert!(error.message.starts_with(&format!("{place}: it is ")), "{error}");
        }
    }

    #[test]
    fn what_says_that_nothing_is_left_is_no_more() {
        for body in [
            r#"{"nextLink":null,"next":"","hasMore":false,"has_more":"false","totalCount":2,"count":2,"totalPages":1}"#,
            r#"{"total":300,"items":[1,2]}"#,
            r#"{"links":{"self":"x","next":null},"page":1,"pageSize":2,"total":2}"#,
            r#"{"count":0.5,"totalCount":-3}"#,
            r#"{"cursor":"here","nextReset":"2026-01-01"}"#,
        ] {
            assert!(refuse_more(&At::root(&of(body)), Some(2), &[]).is_ok(), "{body}");
        }
        let figure = of(r#"{"TotalCount":5}"#);
        assert!(refuse_more(&At::root(&figure), Some(2), &["TotalCount"]).is_ok());
        assert!(refuse_more(&At::root(&figure), None, &[]).is_ok());
    }
}
