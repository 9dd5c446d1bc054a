//! Lists that come in pages, followed to their end.

use super::document::{Document, Pages};
use super::fail::below;
use crate::service::{Call, Provider};
use crate::values::arguments::Value;
use crate::values::error::{Error, Kind, Result};
use crate::values::json::Json;

impl Document {
    /// The call for what comes after the pages so far, where rows come in pages and the caller of `asked` named none.
    pub fn next(&self, provider: &dyn Provider, asked: &Call, latest: &Call, whole: &Json<'_>) -> Result<Option<Call>> {
        let Some((pages, list)) = self.paged(asked) else {
            return Ok(None);
        };
        let mut named = pages.fills.iter().chain([&pages.number]);
        if named.any(|name| asked.arguments.get(name).is_some()) {
            return Ok(None);
        }
        if !pages.next.is_empty() {
            return self.follow(pages, provider, asked, latest, whole);
        }
        let Some(page) = after(pages, list, asked, latest, whole)? else {
            return Ok(None);
        };
        let given = asked
            .arguments
            .iter()
            .map(|(name, value)| (name.to_owned(), value.clone()));
        let given = given.chain([(pages.number.clone(), Value::Whole(page))]);
        Call::new(provider, asked.operation.name, given.collect()).map(Some)
    }

    /// The call for the page that the latest one names.
    fn follow(
        &self,
        pages: &Pages,
        provider: &dyn Provider,
        asked: &Call,
        latest: &Call,
        whole: &Json<'_>,
    ) -> Result<Option<Call>> {
        let is_last = matches!(below(whole, &pages.more), Some(Json::Bool(false)));
        let named = below(whole, &pages.next)
            .and_then(Json::as_text)
            .filter(|text| !text.is_empty());
        let Some(named) = named.filter(|_| !is_last) else {
            return Ok(None);
        };
        let place = pages.next.join(".");
        let of_query = |name: &String| {
            let taken = self
                .of(asked.operation)?
                .takes
                .iter()
                .find(|taken| taken.name == *name)?;
            let wire = taken.wire();
            let (_, query) = named.split_once('?')?;
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == wire).map(|(_, value)| value.into_owned())
        };
        let is_address = named.starts_with('/') || named.contains("://");
        let filled: Vec<(String, Value)> = match pages.fills.as_slice() {
            [only] if !is_address => vec![(only.clone(), Value::Text(named.to_owned()))],
            several => several
                .iter()
                .filter_map(|name| Some((name.clone(), Value::Text(of_query(name)?))))
                .collect(),
        };
        if filled.is_empty() {
            let text = format!(
                "the next page is {named:?}, which has nothing for {}",
                pages.fills.join(", ")
            );
            return Err(Error::unexpected(format!("$.{place}"), text));
        }
        if filled
            .iter()
            .all(|(name, value)| latest.arguments.get(name) == Some(value))
        {
            let text = format!("$.{place}: the next page is the one that this was");
            return Err(Error::new(Kind::InconsistentResponse, text));
        }
        let given = asked
            .arguments
            .iter()
            .map(|(name, value)| (name.to_owned(), value.clone()));
        Call::new(provider, asked.operation.name, given.chain(filled).collect()).map(Some)
    }

    /// The one answer that pages are together.
    pub fn merge(&self, asked: &Call, pages: &[&[u8]]) -> Result<Vec<u8>> {
        let mut bodies = pages.iter();
        let missing = || Error::new(Kind::UnexpectedResponse, "an answer without pages");
        let mut whole = Json::parse(bodies.next().ok_or_else(missing)?)?.into_owned();
        for body in bodies {
            self.join(asked, &mut whole, Json::parse(body)?.into_owned())?;
        }
        let unwritten = |problem: serde_json::Error| Error::new(Kind::Internal, problem.to_string());
        serde_json::to_vec(&whole).map_err(unwritten)
    }

    /// True if the answer to a call may come in pages.
    pub fn is_paged(&self, asked: &Call) -> bool {
        self.paged(asked).is_some()
    }

    fn paged(&self, asked: &Call) -> Option<(&Pages, &[String])> {
        let call = self.of(asked.operation)?;
        Some((call.pages.as_ref()?, &call.rows.as_ref()?.list))
    }

    /// Puts the rows of a further page behind those of the earlier ones. A list that grows or shrinks meanwhile may have
    /// moved rows from one page to another.
    pub fn join(&self, asked: &Call, whole: &mut Json<'static>, mut page: Json<'static>) -> Result<()> {
        let found = self.paged(asked);
        let (pages, list) = found.ok_or_else(|| Error::new(Kind::Internal, "a call that has no pages"))?;
        let place = |path: &[String]| format!("$.{}", path.join("."));
        if let (Some(before), Some(now)) = (told(whole, &pages.total), told(&page, &pages.total))
            && before != now
        {
            let text = format!(
                "{}: the list had {before} rows and has {now}: it changed while its pages were read; ask again",
                place(&pages.total)
            );
            return Err(Error::new(Kind::InconsistentResponse, text));
        }
        if let Some(place) = below_mut(whole, &pages.next).filter(|_| !pages.next.is_empty()) {
            *place = below(&page, &pages.next).cloned().unwrap_or(Json::Null);
        }
        if let Some(place) = below_mut(whole, &pages.more).filter(|_| !pages.more.is_empty()) {
            *place = below(&page, &pages.more).cloned().unwrap_or(Json::Null);
        }
        let more = match below_mut(&mut page, list) {
            Some(Json::List(rows)) => std::mem::take(rows),
            Some(Json::Null) | None => Vec::new(),
            Some(other) => {
                return Err(Error::unexpected(
                    place(list),
                    format!("expected an array, found {}", other.describe()),
                ));
            }
        };
        match below_mut(whole, list) {
            Some(Json::List(rows)) => rows.extend(more),
            _ if more.is_empty() => {}
            _ => {
                return Err(Error::unexpected(
                    place(list),
                    "the first page has no rows, a later one has",
                ));
            }
        }
        Ok(())
    }
}

/// The number of the page that comes after those so far.
fn after(pages: &Pages, list: &[String], asked: &Call, latest: &Call, whole: &Json<'_>) -> Result<Option<i64>> {
    let rows = match below(whole, list) {
        Some(Json::List(rows)) => i64::try_from(rows.len()).unwrap_or(i64::MAX),
        _ => 0,
    };
    let page = latest.arguments.whole(&pages.number).unwrap_or(1);
    let size = told(whole, &pages.told).filter(|size| *size > 0);
    let size = size
        .or_else(|| asked.arguments.whole(&pages.size))
        .unwrap_or(pages.usual);
    let is_full = rows >= page.saturating_mul(size);
    match told(whole, &pages.total) {
        Some(all) if rows >= all => Ok(None),
        Some(all) if !is_full => {
            let text = format!(
                "$.{}: the list has {all} rows, but its {page} pages have only {rows}; ask again",
                pages.total.join(".")
            );
            Err(Error::new(Kind::InconsistentResponse, text))
        }
        None if !is_full || rows == 0 => Ok(None),
        _ => Ok(Some(page + 1)),
    }
}

/// A number of the pagination; some calls write it as a string.
fn told(document: &Json<'_>, path: &[String]) -> Option<i64> {
    match below(document, path)? {
        Json::Number(text) | Json::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn below_mut<'j>(value: &'j mut Json<'static>, path: &[String]) -> Option<&'j mut Json<'static>> {
    path.iter().try_fold(value, |value, key| match value {
        Json::Map(members) => members.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value),
        _ => None,
    })
}
