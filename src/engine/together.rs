//! Several calls that make one answer: asked at once, and asked again if a month ended in between.

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use super::client::Client;
use super::clock;
use super::fetch::Engine;
use super::observe::Trace;
use crate::service::{Call, Composite, Reply};
use crate::values::error::{Error, Kind, Result};
use crate::values::json::{At, Json};
use crate::values::shape::Typed;
use crate::values::window::Instant;

/// The answers to the parts of a composite, all of one calendar month.
pub struct Together {
    composite: &'static Composite,
    parts: Vec<Part>,
}

struct Part {
    name: &'static str,
    document: Json<'static>,
    typed: Typed,
    answered_at: Timestamp,
}

impl Engine {
    /// Asks all parts at once. A month may change between two of the answers: then all are asked again.
    pub async fn ask_together(
        &self,
        client: &Client,
        composite: &'static Composite,
        calls: &[Call],
        trace: &Trace,
    ) -> Result<Together> {
        for _ in 0..2 {
            let parts = try_join_all(calls.iter().map(|call| self.part(client, call, trace))).await?;
            let together = Together { composite, parts };
            if together.is_of_one_month() {
                return Ok(together);
            }
        }
        let text = "the answers are of two different months, twice; ask again when the month has changed";
        Err(Error::new(Kind::InconsistentResponse, text))
    }

    async fn part(&self, client: &Client, call: &Call, trace: &Trace) -> Result<Part> {
        let provider = client.provider;
        let read = |reply: &Reply| {
            let document = provider.answer(call, reply)?;
            let typed = provider.typed(call, &document)?;
            At::root(&document).check_floats()?;
            Ok(Part {
                name: call.operation.name,
                typed,
                document: document.into_owned(),
                answered_at: reply.date().unwrap_or_else(|| clock::now(SignedDuration::ZERO)),
            })
        };
        self.ask(client, call, trace, read).await
    }
}

impl Together {
    fn is_of_one_month(&self) -> bool {
        let month = |part: &Part| Instant::utc(part.answered_at).zoned().date().first_of_month();
        self.parts.windows(2).all(|pair| match pair {
            [one, other] => month(one) == month(other),
            _ => true,
        })
    }

    /// The dataclass: a field per part, and the time of the latest answer.
    pub fn typed(self) -> Typed {
        let latest = self.parts.iter().map(|part| part.answered_at).max().map(Instant::utc);
        let mut fields: Vec<_> = self.parts.into_iter().map(|part| (part.name, part.typed)).collect();
        fields.push(("retrieved_at", latest.map_or(Typed::Nothing, Typed::Instant)));
        Typed::Record(self.composite.record, fields, Vec::new())
    }

    /// The documents, by the names of their operations.
    pub fn raw(self) -> Json<'static> {
        Json::Map(
            self.parts
                .into_iter()
                .map(|part| (part.name.into(), part.document))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static COMPOSITE: Composite = Composite {
        name: "n",
        record: "N",
        doc: "",
        parts: &[],
        prose: crate::service::Prose::NONE,
    };

    fn together(times: &[&str]) -> Together {
        let part = |time: &&str| Part {
            name: "n",
            document: Json::Null,
            typed: Typed::Nothing,
            answered_at: Instant::parse(time).unwrap().at,
        };
        Together {
            composite: &COMPOSITE,
            parts: times.iter().map(part).collect(),
        }
    }

    #[test]
    fn a_month_change_between_two_answers_is_seen() {
        assert!(together(&["2026-01-31T23:59:59Z", "2026-01-31T23:59:59Z"]).is_of_one_month());
        assert!(!together(&["2026-01-31T23:59:59Z", "2026-02-01T00:00:00Z"]).is_of_one_month());
        assert!(!together(&["2025-01-15T00:00:00Z", "2026-01-15T00:00:00Z"]).is_of_one_month());
    }
}
