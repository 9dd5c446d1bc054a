//! Native calls: the answer as it is, judged by the rules by which readings are judged; lists that come in pages are
//! followed to their end, and what the answer shows to be missing is told.

use jiff::{SignedDuration, Timestamp};

use super::client::Client;
use super::clock;
use super::fetch::Engine;
use super::observe::Trace;
use crate::service::{Call, PlannedCall, Provider, Reply};
use crate::usage::{CallReadings, Collector};
use crate::values::error::Result;
use crate::values::json::{At, Json};
use crate::values::shape::Typed;
use crate::values::window::{Instant, Window};

/// What a native call gave.
pub struct Native {
    /// The answer.
    pub value: Value,
    /// What of it is missing, a sentence each.
    pub remarks: Vec<String>,
}

/// An answer, in one of two forms.
pub enum Value {
    /// By the operation's shape.
    Typed(Typed),
    /// As plain JSON.
    Raw(Json<'static>),
}

impl Engine {
    /// Makes a call, and those for its further pages.
    pub async fn ask_native(&self, client: &Client, call: &Call, raw: bool, trace: &Trace) -> Result<Native> {
        let provider = client.provider;
        let read = |document: &Json<'_>, reply: &Reply| native(provider, call, raw, document, reply);
        self.ask_all(client, call, trace, read).await
    }
}

fn answered_at(reply: &Reply) -> Timestamp {
    reply.date().unwrap_or_else(|| clock::now(SignedDuration::ZERO))
}

/// `document` is what the reply holds, or what the pages hold that it is made of.
fn native(provider: &dyn Provider, call: &Call, raw: bool, document: &Json<'_>, reply: &Reply) -> Result<Native> {
    let remarks = remarks(provider, call, reply, answered_at(reply));
    At::root(document).check_floats()?;
    // As plain JSON an answer is what the service sent; by its shape it is what can be relied on.
    if raw {
        return Ok(Native {
            value: Value::Raw(document.clone().into_owned()),
            remarks: remarks.unwrap_or_default(),
        });
    }
    Ok(Native {
        value: Value::Typed(provider.typed(call, document)?),
        remarks: remarks?,
    })
}

/// What the answer itself shows to be missing; or the error for which a fetch would refuse it.
pub fn remarks(provider: &dyn Provider, call: &Call, reply: &Reply, at: Timestamp) -> Result<Vec<String>> {
    let Some(planned) = planned(provider, call, at)? else {
        return Ok(Vec::new());
    };
    let mut collector = Collector::new(&planned, at);
    provider.collect(&planned, reply, at, &mut collector)?;
    let readings = collector.finish()?;
    let mut remarks = Vec::new();
    remarks.extend(readings.told.cut.clone());
    remarks.extend(shortened(&readings, planned.request));
    if readings.is_mismatched() {
        remarks.extend(readings.notes);
    }
    Ok(remarks)
}

/// The call as a plan has it, of which everything is kept; nothing where it is no source of readings.
fn planned(provider: &dyn Provider, call: &Call, at: Timestamp) -> Result<Option<PlannedCall>> {
    let Some((asked, request)) = provider.asked_by(call, at)? else {
        return Ok(None);
    };
    let name = provider.facts().name;
    let all = Window::new(Instant::utc(Timestamp::MIN), Instant::utc(Timestamp::MAX))?;
    let mut planned = PlannedCall::new(String::new(), name.to_owned(), name, call.clone(), asked, all);
    planned.request = request;
    Ok(Some(planned))
}

fn shortened(readings: &CallReadings, asked: Window) -> Option<String> {
    let (from, to) = readings.told.answers?;
    let (start, end) = (asked.start().at, asked.end().at);
    let moment = |at: i64| Timestamp::from_microsecond(at).map_or_else(|_| "-".to_owned(), |at| at.to_string());
    let is_short = from > start.as_microsecond() || to < end.as_microsecond();
    is_short.then(|| {
        format!(
            "the answer is about {} to {} only, while {start} to {end} was asked for",
            moment(from),
            moment(to)
        )
    })
}
