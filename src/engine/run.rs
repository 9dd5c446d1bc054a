//! Running a plan: all accounts at once, each under its own limits.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};

use super::client::Client;
use super::clock;
use super::fetch::Engine;
use super::observe::{Event, Trace};
use crate::plan::{Plan, PlannedCall};
use crate::providers::Reply;
use crate::usage::archive::Writer;
use crate::usage::{CallReadings, Collector, Evidence, Outcome, Usage};
use crate::values::error::{Error, Result};

/// A plan, the clients of its accounts by name, and where the answers are kept, if anywhere.
pub struct Job {
    /// The plan.
    pub plan: Plan,
    /// The clients.
    pub clients: HashMap<String, Arc<Client>>,
    /// The folder of the archive.
    pub archive: Option<PathBuf>,
    done: AtomicUsize,
}

impl Job {
    /// A job; every account of the plan must have its client.
    pub fn new(plan: Plan, clients: HashMap<String, Arc<Client>>, archive: Option<PathBuf>) -> Result<Self> {
        for account in &plan.accounts {
            let of = clients.get(&account.name).map(|client| client.provider.facts().name);
            if of != Some(account.provider) {
                let (name, provider) = (&account.name, account.provider);
                return Err(Error::invalid(format!("the plan's account {name:?} needs a client of {provider}")));
            }
        }
        Ok(Self { plan, clients, archive, done: AtomicUsize::new(0) })
    }

    /// How many calls have been made.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.plan.calls.len()
    }
}

impl Engine {
    /// Makes all calls of a plan and puts the answers together. A call that fails leaves a hole; it does not end the
    /// others.
    pub async fn run(&self, job: &Job, trace: &Trace) -> Result<Usage> {
        let archive = match &job.archive {
            Some(folder) => Some(Writer::create(folder, &job.plan.to_json())?),
            None => None,
        };
        let accounts = job.plan.accounts.iter().map(|account| {
            let client = job.clients.get(&account.name);
            let calls = job.plan.calls.iter().enumerate().filter(|(_, call)| call.account == account.name);
            // No more futures than may be under way, so that a call's deadline begins when its turn comes.
            let most = account.concurrency.max(1);
            let archive = archive.as_ref();
            let made = calls.filter_map(move |(place, call)| Some((place, call, client?)));
            stream::iter(made)
                .map(move |(place, call, client)| async move {
                    let outcome = self.outcome(place, call, client, archive, trace).await;
                    job.done.fetch_add(1, Ordering::Relaxed);
                    outcome
                })
                .buffer_unordered(most)
                .collect::<Vec<_>>()
        });
        let outcomes: Vec<Outcome> = join_all(accounts).await.into_iter().flatten().collect();
        if let Some(archive) = archive {
            archive.finish()?;
        }
        Usage::assemble(&job.plan, outcomes)
    }

    async fn outcome(
        &self,
        place: usize,
        call: &PlannedCall,
        client: &Client,
        archive: Option<&Writer>,
        trace: &Trace,
    ) -> Outcome {
        let asked_at = clock::now(SignedDuration::ZERO);
        let began = clock::monotonic();
        let own = Trace::default();
        let read = |reply: &Reply| {
            let answered_at = clock::now(SignedDuration::ZERO);
            let readings = read(client, call, reply, answered_at)?;
            let evidence = Evidence::answered(asked_at, answered_at, reply, 1, began.elapsed());
            if let Some(archive) = archive {
                archive.keep(&call.id, reply, &evidence)?;
            }
            Ok((readings, evidence))
        };
        let answer = self.ask(client, &call.call, &own, read).await;
        let events = own.drain();
        let attempts = events.iter().filter(|event| matches!(event, Event::Answered { .. })).count();
        trace.extend(events);
        match answer {
            Ok((readings, mut evidence)) => {
                evidence.attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
                Outcome { call: place, evidence, result: Ok(readings) }
            }
            Err(error) => Outcome { call: place, evidence: Evidence::failed(asked_at, &error), result: Err(error) },
        }
    }
}

/// The readings in an answer. What is settled is decided by the service's time of the answer, if it gives one.
pub fn read(client: &Client, call: &PlannedCall, reply: &Reply, answered_at: Timestamp) -> Result<CallReadings> {
    let document = client.provider.answer(&call.call, reply)?;
    let fetched_at = reply.date().unwrap_or(answered_at);
    let mut collector = Collector::new(call, fetched_at);
    client.provider.readings(call, &document, fetched_at, &mut collector)?;
    collector.finish()
}
