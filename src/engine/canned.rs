//! The canned answers of a document, read as those of its service are.

use std::time::Duration;

use jiff::Timestamp;

use super::run::read;
use crate::plan::{Plan, PlannedAccount};
use crate::service::{Account, Call, PlannedCall, Provider, Reply, Request};
use crate::spec::document::{Canned, Given, Scalar};
use crate::usage::{Evidence, Outcome, Usage};
use crate::values::arguments::Value;
use crate::values::error::{Error, Result};
use crate::values::json::Json;
use crate::values::window::Instant;

/// The call that a canned answer is for.
pub fn asked(provider: &'static dyn Provider, canned: &Canned) -> Result<Call> {
    let value = |scalar: &Scalar| match scalar {
        Scalar::Flag(truth) => Value::Flag(*truth),
        Scalar::Whole(number) => Value::Whole(*number),
        Scalar::Text(text) => Value::Text(text.clone()),
    };
    let given = canned.given.iter().map(|(name, given)| {
        let given = match given {
            Given::One(scalar) => value(scalar),
            Given::Several(texts) => Value::List(texts.iter().cloned().map(Value::Text).collect()),
        };
        (name.clone(), given)
    });
    Call::new(provider, &canned.call, given.collect())
}

/// The reply that a canned answer is.
pub fn reply(canned: &Canned) -> Reply {
    let headers = canned.headers.iter();
    let reply = Reply {
        status: canned.status.unwrap_or(200),
        headers: headers
            .map(|(name, value)| (name.to_lowercase(), value.clone()))
            .collect(),
        body: canned.answer.first().map(|body| body.trim().into()).unwrap_or_default(),
    };
    match canned.answer.as_slice() {
        [] | [_] => reply,
        pages => reply.of_pages(&pages.iter().map(|page| page.trim().into()).collect::<Vec<_>>()),
    }
}

/// The requests that a canned answer is for, one for each of its pages, with the replies to them.
pub fn exchanges(provider: &'static dyn Provider, account: &Account, canned: &Canned) -> Result<Vec<(Request, Reply)>> {
    let asked = asked(provider, canned)?;
    let mut found = Vec::new();
    let mut latest = asked.clone();
    let mut whole: Option<Json<'static>> = None;
    for body in &canned.answer {
        let reply = Reply {
            body: body.trim().into(),
            ..reply(canned)
        };
        found.push((provider.request(account, &latest)?, reply));
        if canned.answer.len() == found.len() {
            break;
        }
        let page = Json::parse(body.trim().as_bytes())?.into_owned();
        match &mut whole {
            None => whole = Some(page),
            Some(whole) => provider.join(&asked, whole, page)?,
        }
        let next = whole
            .as_ref()
            .map(|whole| provider.next(&asked, &latest, whole))
            .transpose()?;
        let Some(next) = next.flatten() else {
            return Err(Error::invalid(format!(
                "page {} of a canned answer names no further one",
                found.len()
            )));
        };
        latest = next;
    }
    Ok(found)
}

/// What a fetch makes of a canned answer: a usage of this one call. Nothing where the call is no source of readings, of
/// which the answer is read all the same.
pub fn usage(provider: &'static dyn Provider, canned: &Canned) -> Result<Option<Usage>> {
    let call = asked(provider, canned)?;
    let at: Option<Timestamp> = match &canned.at {
        None => None,
        Some(text) => Some(
            Instant::parse_argument(text)
                .map_err(|_| Error::invalid(format!("at is no moment: {text:?}")))?
                .at,
        ),
    };
    let reply = reply(canned);
    let is_source = |source: &crate::meters::Source| source.operation == call.operation.name;
    if !provider.facts().sources.iter().any(is_source) {
        let document = provider.answer(&call, &reply)?;
        return provider.typed(&call, &document).map(|_| None);
    }
    let Some((asked, request)) = provider.asked_by(&call, at.unwrap_or(Timestamp::UNIX_EPOCH))? else {
        return Ok(None);
    };
    let at = at.unwrap_or(request.end().at);
    let name = provider.name();
    let planned = PlannedCall::new("canned".to_owned(), name.to_owned(), name, call, asked, request);
    let readings = read(provider, &planned, &reply, at)?;
    let plan = Plan {
        providers: vec![provider],
        accounts: vec![PlannedAccount {
            name: name.to_owned(),
            provider: name,
            per_second: None,
            concurrency: 1,
            identity: String::new(),
        }],
        calls: vec![planned],
        ..Plan::empty(at, request)
    };
    let outcome = Outcome {
        call: 0,
        evidence: Evidence::answered(at, at, &reply, 1, Duration::ZERO),
        result: Ok(readings),
    };
    Usage::assemble(plan, vec![outcome]).map(Some)
}
