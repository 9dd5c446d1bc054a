//! Running a plan: all accounts at once, each under its own limits.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use jiff::{SignedDuration, Timestamp};

use super::client::Client;
use super::clock;
use super::fetch::Engine;
use super::keep::{self, Archive};
use super::observe::{Event, Trace};
use crate::plan::{Plan, PlannedAccount};
use crate::providers::registry::All;
use crate::service::{PlannedCall, Provider, Reply};
use crate::usage::archive::{Kept, Reader};
use crate::usage::evidence::digest;
use crate::usage::{CallReadings, Collector, Evidence, Outcome, Usage};
use crate::values::error::{Error, Kind, Result};

/// A plan, the clients of its accounts by name, and where the answers are kept, if anywhere.
pub struct Job {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The clients.
    pub clients: HashMap<String, Arc<Client>>,
    /// The folder of the archive.
    pub archive: Option<PathBuf>,
    done: AtomicUsize,
    total: AtomicUsize,
    archive_problem: OnceLock<Error>,
}

impl Job {
    /// A job; every account of the plan must have its client.
    pub fn new(plan: Plan, clients: HashMap<String, Arc<Client>>, archive: Option<PathBuf>) -> Result<Self> {
        for account in &plan.accounts {
            let (name, provider) = (&account.name, account.provider);
            let of = clients.get(name).map(|client| client.provider);
            let Some(of) = of.filter(|of| of.name() == provider) else {
                return Err(Error::invalid(format!(
                    "the plan's account {name:?} needs a client of {provider}"
                )));
            };
            let planned = plan.provider(provider).and_then(Provider::written);
            if let (Some(planned), Some(own)) = (planned, of.written())
                && planned != own
            {
                return Err(Error::invalid(format!(
                    "the plan was made with {planned} of {provider}, and its account {name:?} has a client of {own}: make \
                     the plan anew, or the client with the plan's document"
                )));
            }
        }
        Ok(Self {
            total: AtomicUsize::new(plan.calls.len()),
            plan: Arc::new(plan),
            clients,
            archive,
            done: AtomicUsize::new(0),
            archive_problem: OnceLock::new(),
        })
    }

    /// How many calls have been made.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }

    /// Why the archive is not whole after the run, if it is not.
    pub fn archive_problem(&self) -> Option<&Error> {
        self.archive_problem.get()
    }
}

impl Engine {
    /// Makes all calls of a plan that its archive does not hold already, and puts the answers together. A call that
    /// fails leaves a hole, and an archive that can no longer be written is told by the job; neither ends the others.
    pub async fn run(&self, job: &Job, trace: &Trace) -> Result<Usage> {
        let (plan, mut outcomes, archive) = match &job.archive {
            Some(folder) => {
                let opened = keep::open(folder, &job.plan).await?;
                (Arc::new(opened.plan), opened.kept, Some(opened.archive))
            }
            None => (Arc::clone(&job.plan), Vec::new(), None),
        };
        job.total.store(plan.calls.len(), Ordering::Relaxed);
        job.done.store(outcomes.len(), Ordering::Relaxed);
        let kept: HashSet<usize> = outcomes.iter().map(|outcome| outcome.call).collect();
        let accounts = plan.accounts.iter();
        let accounts = accounts.map(|account| {
            let calls = plan.calls.iter().enumerate();
            let calls = calls.filter(|(place, call)| call.account == account.name && !kept.contains(place));
            self.run_account(job, account, calls.collect(), archive.as_ref(), trace)
        });
        outcomes.extend(join_all(accounts).await.into_iter().flatten());
        if let Some(problem) = archive.and_then(Archive::finish) {
            let _ = job.archive_problem.set(problem);
        }
        Usage::assemble(plan, outcomes)
    }

    /// Makes all calls of an account. No more futures than may be under way at once, so that a call's deadline begins
    /// when its turn comes.
    async fn run_account(
        &self,
        job: &Job,
        account: &PlannedAccount,
        calls: Vec<(usize, &PlannedCall)>,
        archive: Option<&Archive>,
        trace: &Trace,
    ) -> Vec<Outcome> {
        let Some(client) = job.clients.get(&account.name) else {
            return Vec::new();
        };
        // A part of a plan has its share of the rate; a whole plan, after such a part, has all of it again.
        self.repace(client, account.per_second);
        let mut outcomes = Vec::with_capacity(calls.len());
        let mut waiting = calls.into_iter();
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < account.concurrency.max(1) {
                let Some((place, call)) = waiting.next() else { break };
                under_way.push(self.outcome(place, call, client, archive, trace));
            }
            let Some(outcome) = under_way.next().await else {
                return outcomes;
            };
            outcomes.push(outcome);
            job.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Makes one call. What fails is in the outcome.
    async fn outcome(
        &self,
        place: usize,
        call: &PlannedCall,
        client: &Client,
        archive: Option<&Archive>,
        trace: &Trace,
    ) -> Outcome {
        let asked_at = clock::now(SignedDuration::ZERO);
        let began = clock::monotonic();
        let own = trace.sibling();
        let read = |reply: &Reply| {
            let answered_at = clock::now(SignedDuration::ZERO);
            let (readings, id) = read_with_id(client.provider, call, reply, answered_at)?;
            let mut evidence = Evidence::answered(asked_at, answered_at, reply, 1, began.elapsed());
            evidence.request_id = id;
            Ok((readings, evidence, archive.map(|_| reply.clone())))
        };
        let answer = if client.provider.is_paged(&call.call) {
            self.ask_all(client, &call.call, &own, |_, reply| read(reply)).await
        } else {
            self.ask(client, &call.call, &own, read).await
        };
        let events = own.drain();
        let answered = events
            .iter()
            .filter(|event| matches!(event, Event::Answered { .. }))
            .count();
        trace.extend(events);
        let (mut evidence, result, mut reply) = match answer {
            Ok((readings, mut evidence, reply)) => {
                evidence.attempts = u32::try_from(answered).unwrap_or(u32::MAX);
                (evidence, Ok(readings), reply)
            }
            Err(error) => (Evidence::failed(asked_at, &error), Err(error), None),
        };
        if let (Some(archive), Some(told)) = (archive, &mut reply) {
            match self.censored(client, &call.call, told).await {
                Ok(None) => {}
                Ok(Some(censored)) => {
                    // No secret enters an archive; the evidence is then of what was kept.
                    (evidence.sha256, evidence.bytes) = (Some(digest(&censored.body)), Some(censored.body.len()));
                    *told = censored;
                }
                // What cannot be searched for secrets is not kept.
                Err(problem) => archive.give_up(problem),
            }
        }
        if let Some(archive) = archive {
            match (&reply, &result) {
                (Some(reply), _) => archive.keep(&call.id, &evidence, Ok(reply)),
                (None, Err(error)) => archive.keep(&call.id, &evidence, Err(error)),
                (None, Ok(_)) => archive.give_up(Error::new(Kind::Internal, "an answer was not kept")),
            }
        }
        Outcome {
            call: place,
            evidence,
            result,
        }
    }
}

/// The readings in an answer. What is settled is decided by the service's time of the answer, if it gives one.
pub fn read(
    provider: &dyn Provider,
    call: &PlannedCall,
    reply: &Reply,
    answered_at: Timestamp,
) -> Result<CallReadings> {
    read_with_id(provider, call, reply, answered_at).map(|(readings, _)| readings)
}

/// The readings in an answer, and the service's id of the request, which some tell in the body only.
fn read_with_id(
    provider: &dyn Provider,
    call: &PlannedCall,
    reply: &Reply,
    answered_at: Timestamp,
) -> Result<(CallReadings, Option<String>)> {
    let fetched_at = reply.date().unwrap_or(answered_at);
    let mut collector = Collector::new(call, fetched_at);
    let id = provider.collect(call, reply, fetched_at, &mut collector)?;
    match collector.finish() {
        Ok(readings) => Ok((readings, id)),
        Err(error) => Err(error.with_request_id(id)),
    }
}

/// Rebuilds a usage from its archive, with today's parser.
pub fn replay(folder: &Path) -> Result<Usage> {
    let archive = Reader::open(folder)?;
    let plan = Plan::from_json(&archive.plan, &All)?;
    let places = plan.calls.iter().enumerate();
    let places: HashMap<&str, _> = places.map(|(place, call)| (call.id.as_str(), (place, call))).collect();
    let mut outcomes = Vec::with_capacity(plan.calls.len());
    for kept in archive.replay() {
        let kept = kept?;
        let Some((place, call)) = places.get(kept.call_id.as_str()).copied() else {
            return Err(Error::invalid(format!(
                "{} keeps an answer that its plan does not know",
                folder.display()
            )));
        };
        outcomes.push(replayed(&plan, place, call, kept));
    }
    Usage::assemble(plan, outcomes)
}

/// What became of a call, by what an archive keeps of it.
pub(super) fn replayed(plan: &Plan, place: usize, call: &PlannedCall, kept: Kept) -> Outcome {
    let answered_at = kept.evidence.answered_at.unwrap_or(kept.evidence.asked_at);
    let result = kept.result.and_then(|reply| match plan.provider(call.provider) {
        Some(provider) => read(provider, call, &reply, answered_at),
        None => Err(Error::invalid(format!("there is no provider {:?}", call.provider))),
    });
    Outcome {
        call: place,
        evidence: kept.evidence,
        result,
    }
}
