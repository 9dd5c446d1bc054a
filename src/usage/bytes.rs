//! A usage as bytes, and back: its plan and what became of its calls as JSON, then readings and evidence as Arrow IPC
//! streams, one behind the other. Everything else follows from these.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use serde::{Deserialize, Serialize};

use super::archive::Failure;
use super::timeline::{Answer, Fate};
use super::{Usage, ipc};
use crate::plan::Plan;
use crate::providers::registry::All;
use crate::values::error::{Error, Result};

/// What the bytes begin with; the digit is the format's.
const MARK: &[u8; 8] = b"MTUSAGE2";
/// The same, of what became of its calls alone.
const FACTS_MARK: &[u8; 8] = b"MTFACTS1";

#[derive(Serialize, Deserialize)]
struct Head {
    plan: String,
    fates: Vec<FateText>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FateText {
    NotMade,
    Failed(FailureText),
    Answered(Box<Answer>),
}

/// An error, with what an archive keeps elsewhere.
#[derive(Serialize, Deserialize)]
struct FailureText {
    failure: Failure,
    http_status: Option<u16>,
    request_id: Option<String>,
    attempts: u32,
    elapsed: Duration,
}

impl From<&Fate> for FateText {
    fn from(fate: &Fate) -> Self {
        match fate {
            Fate::NotMade => Self::NotMade,
            Fate::Answered(answer) => Self::Answered(Box::new(answer.clone())),
            Fate::Failed(error) => Self::Failed(FailureText {
                failure: Failure::of(error),
                http_status: error.http_status,
                request_id: error.request_id.clone(),
                attempts: error.attempts,
                elapsed: error.elapsed,
            }),
        }
    }
}

impl From<FateText> for Fate {
    fn from(text: FateText) -> Self {
        match text {
            FateText::NotMade => Self::NotMade,
            FateText::Answered(answer) => Self::Answered(*answer),
            FateText::Failed(text) => {
                let FailureText {
                    failure,
                    http_status,
                    request_id,
                    attempts,
                    elapsed,
                } = text;
                Self::Failed(failure.into_error(http_status, request_id, attempts, elapsed))
            }
        }
    }
}

impl Usage {
    /// The usage as bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.written(*MARK, &[&self.readings, &self.evidence])
    }

    /// What became of its calls, as bytes: all of it but its readings.
    pub fn to_facts(&self) -> Result<Vec<u8>> {
        self.written(*FACTS_MARK, &[&self.evidence])
    }

    fn written(&self, mark: [u8; 8], tables: &[&RecordBatch]) -> Result<Vec<u8>> {
        let head = Head {
            plan: self.plan.to_json(),
            fates: self.fates.iter().map(FateText::from).collect(),
        };
        let head = serde_json::to_vec(&head).map_err(damaged)?;
        let length = u64::try_from(head.len()).map_err(damaged)?;
        let mut bytes = [&mark[..], &length.to_le_bytes(), &head].concat();
        for table in tables {
            ipc::write(table, &mut bytes)?;
        }
        Ok(bytes)
    }

    /// Reads what [`Usage::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let rest = bytes.strip_prefix(MARK).ok_or_else(|| {
            damaged("they do not begin as one; what an earlier version of metertap pickled must be fetched or replayed again")
        })?;
        let (plan, fates, tables) = read(rest)?;
        let mut tables = Cursor::new(tables);
        let (readings, evidence) = (ipc::read(&mut tables)?, ipc::read(&mut tables)?);
        Self::of(Arc::new(plan), fates, readings, evidence)
    }

    /// Reads what [`Usage::to_facts`] wrote, to be put together with others; nothing follows from it yet.
    pub fn from_facts(bytes: &[u8]) -> Result<Self> {
        let rest = bytes.strip_prefix(FACTS_MARK);
        let (plan, fates, tables) = read(rest.ok_or_else(|| damaged("they do not begin as the facts of one"))?)?;
        let none = RecordBatch::new_empty(Arc::new(Schema::empty()));
        Ok(Self {
            readings: super::columns::table(&plan, Vec::new())?,
            evidence: ipc::read(&mut Cursor::new(tables))?,
            plan: Arc::new(plan),
            fates,
            timelines: Vec::new(),
            coverage: none,
            holes: Vec::new(),
            meters: Vec::new(),
        })
    }
}

/// The plan and the fates, and the tables behind them.
fn read(rest: &[u8]) -> Result<(Plan, Vec<Fate>, &[u8])> {
    let (length, rest) = rest
        .split_first_chunk::<8>()
        .ok_or_else(|| damaged("they end too early"))?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(damaged)?;
    let (head, tables) = rest
        .split_at_checked(length)
        .ok_or_else(|| damaged("they end too early"))?;
    let head: Head = serde_json::from_slice(head).map_err(damaged)?;
    let plan = Plan::from_json(&head.plan, &All)?;
    if head.fates.len() != plan.calls.len() {
        return Err(damaged("its calls are not those of its plan"));
    }
    Ok((plan, head.fates.into_iter().map(Fate::from).collect(), tables))
}

fn damaged(problem: impl std::fmt::Display) -> Error {
    Error::invalid(format!("these bytes are no usage: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_usage_is_refused() {
        let cut = [&MARK[..], &[9, 0, 0, 0, 0, 0, 0, 0], b"{}"].concat();
        let empty = [&MARK[..], &[2, 0, 0, 0, 0, 0, 0, 0], b"{}"].concat();
        for bytes in [&b""[..], b"nonsense", &[0xff; 64], MARK, &cut, &empty] {
            let error = Usage::from_bytes(bytes).unwrap_err();
            assert!(error.message.starts_with("these bytes are no usage: "), "{error}");
            let error = Usage::from_facts(bytes).unwrap_err();
            assert!(error.message.starts_with("these bytes are no usage: "), "{error}");
        }
    }
}
