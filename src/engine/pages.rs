//! Answers that come in pages: all of them, as one.

use std::time::Duration;

use super::client::Client;
use super::clock;
use super::fetch::{Engine, finish};
use super::observe::Trace;
use crate::service::{Call, Reply};
use crate::values::error::{Error, Kind, Result};
use crate::values::json::Json;

/// So many pages of one answer are asked for at most; a service that has no end must not be asked for ever.
const MOST: usize = 10_000;

/// What one answer is.
enum Step<T> {
    /// All that was asked for.
    Whole(T),
    /// A page of it, and the call for the next one.
    Page(Json<'static>, Reply, Call),
}

impl Engine {
    /// Makes a call, and those for its further pages, and returns what `read` makes of all: of the document that they are
    /// together, and of a reply that has their bodies as the service sent them.
    pub(super) async fn ask_all<T>(
        &self,
        client: &Client,
        call: &Call,
        trace: &Trace,
        read: impl Fn(&Json<'_>, &Reply) -> Result<T> + Send + Sync,
    ) -> Result<T> {
        let provider = client.provider;
        let began = clock::monotonic();
        let first = |reply: &Reply| {
            let document = provider.answer(call, reply)?;
            let id = provider.request_id(reply, &document);
            let step = || match provider.next(call, call, &document)? {
                None => read(&document, reply).map(Step::Whole),
                Some(next) => Ok(Step::Page(document.clone().into_owned(), reply.clone(), next)),
            };
            // Some tell it in the body only.
            step().map_err(|error| error.with_request_id(id))
        };
        let (mut whole, mut reply, mut next) = match self.ask(client, call, trace, first).await? {
            Step::Whole(found) => return Ok(found),
            Step::Page(document, reply, next) => (document, reply, next),
        };
        let mut bodies = vec![std::mem::take(&mut reply.body)];
        let count = |bodies: &Vec<Vec<u8>>| u32::try_from(bodies.len()).unwrap_or(u32::MAX);
        loop {
            let page = |reply: &Reply| Ok((provider.answer(&next, reply)?.into_owned(), reply.clone()));
            let (page, last) = self.ask(client, &next, trace, page).await?;
            let further = provider.join(call, &mut whole, page).and_then(|()| {
                bodies.push(last.body.clone());
                provider.next(call, &next, &whole)
            });
            let outcome = match further {
                Ok(Some(further)) if bodies.len() < MOST => {
                    next = further;
                    continue;
                }
                Ok(Some(_)) => {
                    let text = format!("the answer has more than {MOST} pages: ask for less at once");
                    Err(Error::new(Kind::InconsistentResponse, text))
                }
                Ok(None) => read(&whole, &last.of_pages(&bodies)),
                Err(error) => Err(error),
            };
            let elapsed: Duration = began.elapsed();
            return outcome.map_err(|error| finish(error, client, call, count(&bodies), elapsed));
        }
    }
}
