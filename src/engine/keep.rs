//! The archive of a run: what it holds already is not asked again, and what comes is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::clock;
use super::run::replayed;
use crate::plan::Plan;
use crate::providers::registry::All;
use crate::service::{PlannedCall, Reply};
use crate::usage::archive::{Lock, Reader, Writer};
use crate::usage::{Evidence, Outcome};
use crate::values::error::{Error, Result};

/// How often, and after which waits, a folder is tried that another run writes into: one that was stopped a moment ago
/// is still letting go of it.
const TRIES: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(50);

/// An archive that is open for a run.
pub struct Opened {
    /// The plan that is run: the archive's own, if it had one.
    pub plan: Plan,
    /// The calls that were answered already.
    pub kept: Vec<Outcome>,
    /// Where the others are kept.
    pub archive: Archive,
}

/// Where answers are kept, until that fails: the answers are worth more than their archive.
pub struct Archive {
    /// Nothing if the archive is whole already.
    writer: Option<Mutex<Writer>>,
    problem: OnceLock<Error>,
    // The folder is nobody else's until this is gone.
    _lock: Lock,
}

/// Opens the archive in this folder: a new one, or one that holds answers to the same question.
pub async fn open(folder: &Path, plan: &Plan) -> Result<Opened> {
    let lock = locked(folder).await?;
    let archive = |writer: Option<Writer>| Archive {
        writer: writer.map(Mutex::new),
        problem: OnceLock::new(),
        _lock: lock,
    };
    if !Reader::is_there(folder) {
        return Ok(Opened {
            plan: plan.clone(),
            kept: Vec::new(),
            archive: archive(Some(Writer::create(folder, &plan.to_json())?)),
        });
    }
    let reader = Reader::open(folder)?;
    let mut own = Plan::from_json(&reader.plan, &All)?;
    // A plan that was read has lost what only matters before it is written, such as the names of zones.
    if let Some(difference) = difference(&own, &Plan::from_json(&plan.to_json(), &All)?) {
        let folder = folder.display();
        return Err(Error::invalid(format!(
            "{folder} holds the answers to another question, {difference}; name another folder"
        )));
    }
    // How fast an account may be asked is no part of the question.
    own.accounts.clone_from(&plan.accounts);
    let mut kept = Vec::new();
    for (place, call) in own.calls.iter().enumerate() {
        if reader.holds(&call.id)? {
            let outcome = replayed(&own, place, call, reader.read(&call.id)?);
            kept.extend(outcome.result.is_ok().then_some(outcome));
            // Other calls of this process go on meanwhile, and whoever stops this one need not wait.
            tokio::task::yield_now().await;
        }
    }
    let writer = if reader.is_finished && kept.len() == own.calls.len() {
        None
    } else {
        let calls = kept.iter().filter_map(|outcome| own.calls.get(outcome.call));
        Some(Writer::resume(&reader, calls.map(|call| call.id.clone()))?)
    };
    Ok(Opened {
        plan: own,
        kept,
        archive: archive(writer),
    })
}

async fn locked(folder: &Path) -> Result<Lock> {
    for _ in 0..TRIES {
        if let Some(lock) = Lock::take(folder)? {
            return Ok(lock);
        }
        clock::sleep(BETWEEN).await;
    }
    let folder = folder.display();
    Err(Error::invalid(format!(
        "another fetch writes into {folder} just now; wait for its end, or name another folder"
    )))
}

impl Archive {
    /// Keeps an answer, or the error of a call without one.
    pub fn keep(&self, call_id: &str, evidence: &Evidence, result: std::result::Result<&Reply, &Error>) {
        if let (Some(writer), None) = (&self.writer, self.problem.get()) {
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(problem) = writer.keep(call_id, evidence, result) {
                self.give_up(problem);
            }
        }
    }

    /// Keeps nothing more, for this reason.
    pub fn give_up(&self, problem: Error) {
        // The first reason is the one worth telling.
        let _ = self.problem.set(problem);
    }

    /// Notes that all is there; returns why it is not, if it is not.
    pub fn finish(self) -> Option<Error> {
        if let (Some(writer), None) = (self.writer, self.problem.get()) {
            let writer = writer.into_inner().unwrap_or_else(PoisonError::into_inner);
            return writer.finish().err();
        }
        self.problem.into_inner()
    }
}

/// In what two plans' questions differ, apart from when they were asked: a later plan may reach back less far, and its
/// range may be over by then.
fn difference(one: &Plan, other: &Plan) -> Option<&'static str> {
    let range = |plan: &Plan| -> Vec<_> {
        let ranges = plan.asked.iter();
        ranges.map(|range| (range.start().at, range.end().at)).collect()
    };
    let part = |plan: &Plan| plan.part.as_ref().map(|part| (part.have.clone(), part.of));
    let accounts = |plan: &Plan| -> BTreeSet<(String, &'static str)> {
        let accounts = plan.accounts.iter();
        accounts
            .map(|account| (account.name.clone(), account.provider))
            .collect()
    };
    if range(one) != range(other) {
        return Some("of another range");
    }
    if (&one.zone, one.every) != (&other.zone, other.every) {
        return Some("of other days or periods");
    }
    if part(one) != part(other) {
        return Some("of another part of a plan");
    }
    if accounts(one) != accounts(other) {
        return Some("to other accounts");
    }
    let documents = |plan: &Plan| -> BTreeSet<_> {
        let written = plan.providers.iter().filter_map(|provider| provider.written());
        written.map(|written| written.digest).collect()
    };
    if documents(one) != documents(other) {
        return Some("made with another document of its provider");
    }
    (!is_same_selection(&asked(one), &asked(other))).then_some("with another selection")
}

/// What is asked of each account's operations; nothing where no call can answer it.
fn asked(plan: &Plan) -> BTreeMap<(&str, &str), BTreeSet<String>> {
    let mut all: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for part in &plan.unavailable {
        all.entry((&part.account, part.operation)).or_default();
    }
    for call in &plan.calls {
        let operation = (&*call.account, call.call.operation.name);
        all.entry(operation).or_default().insert(selected(call));
    }
    all
}

fn selected(call: &PlannedCall) -> String {
    let asked = &call.asked;
    format!(
        "{:?} {:?} {:?} {:?}",
        asked.arguments, asked.meters, asked.buckets, asked.every
    )
}

fn is_same_selection(
    one: &BTreeMap<(&str, &str), BTreeSet<String>>,
    other: &BTreeMap<(&str, &str), BTreeSet<String>>,
) -> bool {
    let mut pairs = one.iter().zip(other);
    one.len() == other.len()
        && pairs.all(|((operation, asked), (counterpart, also_asked))| {
            // What lay within an operation's history is out of it later.
            operation == counterpart && (asked == also_asked || asked.is_empty() || also_asked.is_empty())
        })
}
