//! What a reply says before its numbers are read: that it was refused, and what that means.

use std::time::Duration;

use super::document::{self, Auth, Document, Path, When};
use super::envelope;
use crate::service::{Call, Reply};
use crate::values::error::{Error, Kind, Result};
use crate::values::json::{At, Json};
use crate::values::text::one_line;

impl Document {
    /// The document that a reply holds, or the error that it carries, whatever its status.
    pub fn answer<'b>(&self, call: &Call, reply: &'b Reply) -> Result<Json<'b>> {
        let document = match Json::parse(&reply.body) {
            Ok(document) => document,
            Err(problem) => return Err(self.unreadable(call.operation.name, reply, problem)),
        };
        let rows = self.of(call.operation).and_then(|asked| rows_of(asked, &document));
        self.accept(call, reply, &document, rows)?;
        Ok(document)
    }

    /// Reads the document of a reply by code, and returns the service's id of the request.
    pub fn collect_by(
        &self,
        call: &Call,
        reply: &Reply,
        read: impl FnOnce(&At<'_, '_>) -> Result<()>,
    ) -> Result<Option<String>> {
        let document = self.answer(call, reply)?;
        let id = self.request_id(reply, &document);
        match read(&At::root(&document)) {
            Ok(()) => Ok(id),
            Err(error) => Err(error.with_request_id(id)),
        }
    }

    /// The error that a reply is whose body is no JSON.
    pub fn unreadable(&self, asked: &str, reply: &Reply, problem: Error) -> Error {
        let error = match &self.auth {
            _ if !reply.is_success() => self.refusal(Some(asked), &Json::Null, reply),
            auth if !self.fail.gateway && reply.is_web_page() => {
                let other = match auth {
                    Some(Auth::ClientCredentials(of)) => of.url.as_ref().map(|url| format!(" or {url}")),
                    _ => None,
                };
                let other = other.unwrap_or_default();
                let text = format!("the answer is a web page, not JSON; base_url{other} may be wrong");
                Error::new(Kind::UnexpectedResponse, text)
            }
            _ => problem,
        };
        error.with_request_id(reply.request_id())
    }

    /// The error that a reply to this operation is, if it says of a failure in the service's own way.
    pub fn refused(&self, asked: &str, reply: &Reply, document: &Json<'_>) -> Option<Error> {
        let failed = match self.fail.error.as_slice() {
            [] => (!reply.is_success()).then_some(document),
            places => {
                let mut objects = places.iter().filter_map(|place| below(document, place));
                objects.find(|object| self.has_failed(object))
            }
        };
        let failed = failed.or((!reply.is_success()).then_some(&Json::Null))?;
        Some(self.refusal(Some(asked), failed, reply))
    }

    /// True if an object says that something failed.
    fn has_failed(&self, object: &Json<'_>) -> bool {
        let fail = &self.fail;
        let Some(flag) = &fail.flag else {
            return *object != Json::Null;
        };
        match object.get_any_case(flag) {
            _ if self.is_fine(object) => false,
            Some(Json::Bool(went_well)) => !went_well,
            Some(Json::Text(text)) if text.eq_ignore_ascii_case("false") => true,
            _ => !self.codes(object).is_empty() || self.said(object).is_some(),
        }
    }

    /// True if an object has a code that is no failure.
    fn is_fine(&self, object: &Json<'_>) -> bool {
        self.codes(object).iter().any(|code| self.fail.fine.contains(code))
    }

    /// Accepts a document that says of no failure, and of no more rows than it has; `rows` is how many those are.
    pub(super) fn accept(&self, call: &Call, reply: &Reply, document: &Json<'_>, rows: Option<usize>) -> Result<()> {
        let fail = &self.fail;
        let id = || self.request_id(reply, document);
        if let Some(error) = self.refused(call.operation.name, reply, document) {
            return Err(error.with_request_id(id()));
        }
        let mut objects = vec![document];
        if let Some(envelope) = &fail.envelope {
            let Some(inner @ Json::Map(_)) = below(document, envelope) else {
                let place = format!("$.{}", envelope.join("."));
                let wrong = fail.unanswered.as_deref().unwrap_or("the answer has no envelope");
                return Err(Error::unexpected(place, wrong).with_request_id(id()));
            };
            objects.push(inner);
        }
        // What fails in other words than the service's own.
        let kind = fail.in_200.unwrap_or(Kind::UnexpectedResponse);
        let mut objects = objects.into_iter().filter(|object| !self.is_fine(object));
        if let Some(error) = objects.find_map(|object| envelope::failure(object, kind)) {
            return Err(error.with_request_id(id()));
        }
        match self.of(call.operation) {
            // Of an answer that may be anything, all is handed on.
            Some(asked) if asked.pages.is_none() && !asked.returns.is_empty() => {
                refuse_more(asked, document, rows).map_err(|error| error.with_request_id(id()))
            }
            _ => Ok(()),
        }
    }

    /// The service's id of the request.
    pub fn request_id(&self, reply: &Reply, document: &Json<'_>) -> Option<String> {
        let told = self
            .fail
            .request_id
            .as_ref()
            .and_then(|place| below(document, place))
            .and_then(Json::as_label);
        told.map(|id| one_line(&id, 100)).or_else(|| reply.request_id())
    }

    /// The codes of an error.
    fn codes(&self, error: &Json<'_>) -> Vec<String> {
        let mut found = self.fail.code.iter().filter_map(|place| below(error, place));
        let mut codes: Vec<String> = match found.find(|held| **held != Json::Null) {
            Some(Json::List(items)) => items.iter().filter_map(Json::as_label).collect(),
            held => held.and_then(Json::as_label).into_iter().collect(),
        };
        codes.retain(|code| !code.is_empty());
        codes
    }

    /// What an error says in words.
    fn said(&self, error: &Json<'_>) -> Option<String> {
        let label = |place: &Path| below(error, place)?.as_label().filter(|label| !label.trim().is_empty());
        let mut parts: Vec<String> = self.fail.said.iter().find_map(label).into_iter().collect();
        let more = self.fail.also.iter().filter_map(|place| below(error, place));
        parts.extend(more.flat_map(messages));
        if let [_, _, ..] = parts.as_slice() {
            for part in &mut parts {
                part.truncate(part.trim_end_matches('.').len());
            }
        }
        (!parts.is_empty()).then(|| one_line(&parts.join("; "), 300))
    }

    /// What the refusal of a call means, or that of a login; `error` is the object that says so, or nothing.
    pub(super) fn refusal(&self, asked: Option<&str>, error: &Json<'_>, reply: &Reply) -> Error {
        let fail = &self.fail;
        // RFC 6749: `error` is a code in what refuses a login, and beside a description.
        let is_oauth = asked.is_none() || error.get_any_case("error_description").is_some();
        let oauth = || is_oauth.then(|| error.get("error")?.as_label()).flatten();
        let mut codes = self.codes(error);
        if codes.is_empty() {
            codes.extend(oauth().filter(|code| !code.is_empty()));
        }
        let said = self
            .said(error)
            .filter(|said| asked.is_some() || Some(said) != codes.first());
        let mut refused = if reply.is_success() {
            // It was refused for a reason that only its text knows.
            Error::new(Kind::InvalidRequest, "")
        } else {
            reply.status_error("")
        };
        let is_final = matches!(
            refused.kind,
            Kind::InvalidRequest | Kind::PermissionDenied | Kind::NotFound
        );
        if asked.is_none() && is_final {
            // Whatever the status: what passes by itself and what points elsewhere stay what they are.
            refused = Error::new(Kind::AuthenticationFailed, "");
        }
        let known = fail
            .when
            .iter()
            .find(|when| when.fits(asked, reply, &codes, said.as_deref(), refused.kind));
        if let Some(kind) = known.and_then(|when| when.class) {
            refused = Error::new(kind, "");
        }
        if let Some(remedy) = known.and_then(|when| when.remedy) {
            refused = refused.with_remedy(remedy);
        }
        if let Some(seconds) = known.and_then(|when| when.wait) {
            refused.retry_after = Some(Duration::from_secs(seconds));
        }
        let said = match said {
            _ if known.is_some_and(|when| when.private) => String::new(),
            Some(said) => said,
            // It may hold a token.
            None if asked.is_none() => String::new(),
            None if fail.names_pages && reply.is_web_page() => "the answer is a web page".to_owned(),
            None if *error == Json::Null || fail.error.is_empty() => reply.excerpt(200),
            None => String::new(),
        };
        refused.message = match known {
            Some(when) if said.is_empty() => when.advice.clone(),
            Some(when) => format!("{said}: {}", when.advice),
            None if *error == Json::Null => format!("the service answered HTTP {}: {said}", reply.status),
            None if said.is_empty() => "the service refused the request".to_owned(),
            None => format!("{said}: the service refused the request"),
        };
        let more = one_line(&codes.get(1..).unwrap_or_default().join(", "), 100);
        if !more.is_empty() {
            refused.message = format!("{} (further codes: {more})", refused.message);
        }
        match codes.first() {
            Some(code) => refused.with_code(code),
            None => refused,
        }
    }
}

/// The messages of a text, of a list of them, or of an object of those by field.
fn messages(value: &Json<'_>) -> Vec<String> {
    match value {
        Json::List(items) => items.iter().flat_map(messages).collect(),
        Json::Map(fields) => {
            let of_field = |(field, value): &(_, Json<'_>)| format!("{field}: {}", messages(value).join(" "));
            fields.iter().map(of_field).collect()
        }
        other => {
            let text = other.as_text().map(|text| one_line(text, text.len()));
            text.into_iter().filter(|text| !text.is_empty()).collect()
        }
    }
}

impl When {
    fn fits(&self, asked: Option<&str>, reply: &Reply, codes: &[String], said: Option<&str>, kind: Kind) -> bool {
        let is_of = |known: &String| {
            codes.iter().any(|code| {
                code.strip_prefix(known.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        let said = said.unwrap_or_default().to_lowercase();
        (self.code.is_empty() || self.code.iter().any(is_of))
            && (self.said.is_empty() || self.said.iter().any(|words| said.contains(&words.to_lowercase())))
            && (self.status.is_empty() || self.status.contains(&reply.status))
            && (self.kind.is_empty() || self.kind.contains(&kind))
            && self.login == asked.is_none()
            && (self.call.is_empty() || asked.is_some_and(|asked| self.call.iter().any(|name| name == asked)))
    }
}

/// Refuses rows that say that there are more of them. Some totals are called like a number of rows.
fn refuse_more(asked: &document::Call, document: &Json<'_>, rows: Option<usize>) -> Result<()> {
    let totals: Vec<&str> = asked
        .meter
        .iter()
        .filter_map(|figure| figure.total.as_deref())
        .collect();
    let root = At::root(document);
    place(&root, &asked.answer, &mut |at| envelope::refuse_more(at, rows, &totals))
}

/// How many rows an answer has, where they stand in a list.
fn rows_of(asked: &document::Call, document: &Json<'_>) -> Option<usize> {
    let answer = below(document, &asked.answer)?;
    match below(answer, &asked.rows.as_ref()?.found(answer))? {
        Json::List(rows) => Some(rows.len()),
        Json::Numbers(rows) => Some(rows.len()),
        _ => None,
    }
}

/// The value at the end of a path of keys, in any case of letters.
pub(super) fn below<'j, 'b>(value: &'j Json<'b>, path: &[String]) -> Option<&'j Json<'b>> {
    path.iter()
        .try_fold(value, |value, key| value.get(key).or_else(|| value.get_any_case(key)))
}

/// Visits the place at the end of a path of keys; null stands for what is missing.
pub(super) fn place<'b, T>(
    at: &At<'_, 'b>,
    path: &[String],
    visit: &mut dyn FnMut(&At<'_, 'b>) -> Result<T>,
) -> Result<T> {
    let Some((first, rest)) = path.split_first() else {
        return visit(at);
    };
    let before = at.path();
    place(
        &At::member(&before, first, at.value.get(first).unwrap_or(&Json::Null)),
        rest,
        visit,
    )
}
