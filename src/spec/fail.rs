//! What a reply says before its numbers are read: that it was refused, and what that means.

use super::document::{self, Document, Path, When};
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
            Err(problem) => return Err(self.unreadable(call, reply, problem)),
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
    pub(super) fn unreadable(&self, call: &Call, reply: &Reply, problem: Error) -> Error {
        if reply.is_success() {
            return problem.with_request_id(reply.request_id());
        }
        self.refusal(call, &Json::Null, reply)
            .with_request_id(reply.request_id())
    }

    /// Accepts a document that says of no failure, and of no more rows than it has; `rows` is how many those are.
    pub(super) fn accept(&self, call: &Call, reply: &Reply, document: &Json<'_>, rows: Option<usize>) -> Result<()> {
        let fail = &self.fail;
        let id = || self.request_id(reply, document);
        let error = match &fail.error {
            Some(place) => below(document, place).filter(|error| **error != Json::Null),
            None => (!reply.is_success()).then_some(document),
        };
        if let Some(error) = error {
            return Err(self.refusal(call, error, reply).with_request_id(id()));
        }
        if !reply.is_success() {
            return Err(self.refusal(call, &Json::Null, reply).with_request_id(id()));
        }
        if let Some(envelope) = &fail.envelope
            && !matches!(below(document, envelope), Some(Json::Map(_)))
        {
            let place = format!("$.{}", envelope.join("."));
            return Err(Error::unexpected(place, "the answer has no envelope").with_request_id(id()));
        }
        if let Some(error) = envelope::failure(document, fail.in_200.unwrap_or(Kind::UnexpectedResponse)) {
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

    /// What a refusal means; `error` is the object that says so, or nothing.
    fn refusal(&self, call: &Call, error: &Json<'_>, reply: &Reply) -> Error {
        let fail = &self.fail;
        let first = |places: &[Path]| places.iter().find_map(|place| below(error, place)?.as_label());
        let (said, code) = (first(&fail.said), first(&fail.code).filter(|code| !code.is_empty()));
        let mut refused = if reply.is_success() {
            // It was refused for a reason that only its text knows.
            Error::new(Kind::InvalidRequest, "")
        } else {
            reply.status_error("")
        };
        let known = fail
            .when
            .iter()
            .find(|when| when.fits(call, reply, code.as_deref(), refused.kind));
        if let Some(kind) = known.and_then(|when| when.class) {
            refused = Error::new(kind, "");
        }
        if let Some(remedy) = known.and_then(|when| when.remedy) {
            refused = refused.with_remedy(remedy);
        }
        let said = match said {
            Some(said) => one_line(&said, 300),
            None if *error == Json::Null || fail.error.is_none() => reply.excerpt(200),
            None => String::new(),
        };
        refused.message = match known {
            Some(when) if said.is_empty() => when.advice.clone(),
            Some(when) => format!("{said}: {}", when.advice),
            None if *error == Json::Null => format!("the service answered HTTP {}: {said}", reply.status),
            None if said.is_empty() => "the service refused the request".to_owned(),
            None => format!("{said}: the service refused the request"),
        };
        match code {
            Some(code) => refused.with_code(code),
            None => refused,
        }
    }
}

impl When {
    fn fits(&self, call: &Call, reply: &Reply, code: Option<&str>, kind: Kind) -> bool {
        let is_of = |known: &String| {
            code.is_some_and(|code| {
                code.strip_prefix(known.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        (self.code.is_empty() || self.code.iter().any(is_of))
            && (self.status.is_empty() || self.status.contains(&reply.status))
            && (self.kind.is_empty() || self.kind.contains(&kind))
            && (self.call.is_empty() || self.call.iter().any(|name| name == call.operation.name))
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
    match below(document, &asked.rows.as_ref()?.list)? {
        Json::List(rows) => Some(rows.len()),
        _ => None,
    }
}

/// The value at the end of a path of keys, in any case of letters.
pub(super) fn below<'j, 'b>(value: &'j Json<'b>, path: &[String]) -> Option<&'j Json<'b>> {
    path.iter()
        .try_fold(value, |value, key| value.get(key).or_else(|| value.get_any_case(key)))
}

/// Visits the place at the end of a path of keys; null stands for what is missing.
pub(super) fn place<T>(at: &At<'_, '_>, path: &[String], visit: &mut dyn FnMut(&At<'_, '_>) -> Result<T>) -> Result<T> {
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
