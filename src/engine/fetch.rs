//! The loop: for each call, wait for a permit, build, sign with the time now, send, read the body under caps, ask the
//! provider what it means; if that is temporary and the budget allows, wait and repeat; else return.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::SemaphorePermit;

use super::client::Client;
use super::clock::{self, Instant};
use super::credentials::{Token, TokenCache};
use super::limits::Limits;
use super::observe::{Event, Trace};
use super::retry::{self, Budget, Decision, Situation};
use super::transport::{Http, Route, Transport};
use crate::service::{Call, Proof, Reply, Request, Secrets};
use crate::values::error::{Error, Kind, Result};
use crate::values::secret::{Secret, scrub};

/// A shorter wait for the limits is nobody's concern.
const WORTH_TELLING: Duration = Duration::from_millis(1);

/// What clients share: connections, which belong to the runtime that made them, and per account its limits, tokens and
/// budget, of which a process has one set.
#[derive(Default)]
pub struct Engine {
    routes: Mutex<HashMap<Route, Built>>,
    accounts: Arc<Mutex<HashMap<String, Arc<AccountState>>>>,
}

/// A transport that is built once, by whoever needs it first.
type Built = Arc<OnceLock<Result<Arc<dyn Transport>>>>;

/// What is remembered of an account while the process lives.
pub(super) struct AccountState {
    pub(super) limits: Limits,
    pub(super) budget: Budget,
    pub(super) token: TokenCache,
    clock_offset: Mutex<SignedDuration>,
}

/// What has been tried for one call so far.
pub(super) struct Course {
    pub(super) started: Instant,
    pub(super) deadline: Instant,
    /// When the request of this attempt was sent, if it was.
    sent: Option<Instant>,
    /// Requests sent.
    pub(super) attempts: u32,
    /// Attempts begun; some end before their request is sent.
    pub(super) tries: u32,
    renewals: u32,
    repeated_at_once: bool,
    corrected: bool,
    pub(super) spent: u32,
    /// Whose budget it was, until the call has ended.
    pub(super) payer: Option<Arc<AccountState>>,
    pub(super) last: Option<Error>,
    /// The request of the first attempt.
    request: Option<Request>,
}

impl Course {
    pub(super) fn new(started: Instant, deadline: Instant, request: Option<Request>) -> Self {
        Self {
            started,
            deadline,
            sent: None,
            attempts: 0,
            tries: 0,
            renewals: 0,
            repeated_at_once: false,
            corrected: false,
            spent: 0,
            payer: None,
            last: None,
            request,
        }
    }

    /// What is to be decided on after an attempt that ended so.
    fn situation(&self, client: &Client, call: &Call, error: &Error, renewable: bool) -> Situation {
        Situation {
            remedy: error.remedy,
            attempts: self.tries - self.renewals,
            allowed: client.options.retries.saturating_add(1),
            hint: error.retry_after,
            left: self.deadline.saturating_duration_since(clock::monotonic()),
            connection_lost: error.kind == Kind::ConnectionLost,
            repeated_at_once: self.repeated_at_once,
            renewed: self.renewals > u32::from(self.corrected),
            corrected: self.corrected,
            renewable,
            repeatable: call.operation.repeatable,
        }
    }
}

impl Drop for Course {
    /// Who cancels a call gets back what its repetitions cost: they did not fail.
    fn drop(&mut self) {
        if let Some(payer) = &self.payer {
            payer.budget.give(self.spent);
        }
    }
}

/// An attempt that failed, with what the answer said besides.
pub(super) struct Failure {
    error: Error,
    hint: Option<Duration>,
    server_time: Option<(jiff::Timestamp, jiff::Timestamp)>,
    token: Option<u64>,
    renewable: bool,
}

impl Engine {
    /// An engine for another runtime: the same accounts, and connections of its own.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            routes: Mutex::default(),
            accounts: Arc::clone(&self.accounts),
        }
    }

    /// Makes a call and returns what `read` makes of its answer; `read` is part of the attempt, so an answer that
    /// says "try again" is tried again.
    pub async fn ask<T>(
        &self,
        client: &Client,
        call: &Call,
        trace: &Trace,
        read: impl Fn(&Reply) -> Result<T> + Send + Sync,
    ) -> Result<T> {
        let finish = |error: Error, attempts, elapsed| finish(error, client, call, attempts, elapsed);
        // Whatever is wrong with the question is said before anything is sent or waited for.
        let request = client.provider.request(&client.account, call);
        let request = request.map_err(|error| finish(error, 0, Duration::ZERO))?;
        let started = clock::monotonic();
        let deadline = started + client.options.timeout;
        let mut course = Course::new(started, deadline, Some(request));
        let outcome = tokio::time::timeout_at(deadline, self.attempts(client, call, trace, &read, &mut course)).await;
        let payer = course.payer.take();
        let error = match outcome {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error,
            Err(_) => {
                // Who has sent nothing, because others were told to wait, is told that.
                let closed = payer.filter(|_| course.attempts == 0);
                let closed = closed.and_then(|state| state.limits.closed(clock::monotonic()));
                closed.unwrap_or_else(|| out_of_time(client.options.timeout, course.last.take()))
            }
        };
        let error = finish(error, course.attempts, started.elapsed());
        trace.add(Event::GaveUp {
            account: client.account.name.clone(),
            error: error.clone(),
        });
        Err(error)
    }

    async fn attempts<T>(
        &self,
        client: &Client,
        call: &Call,
        trace: &Trace,
        read: &(impl Fn(&Reply) -> Result<T> + Send + Sync),
        course: &mut Course,
    ) -> Result<T> {
        let transport = self.transport(client)?;
        let state = self.account(client);
        course.payer = Some(Arc::clone(&state));
        loop {
            course.tries += 1;
            course.sent = None;
            let failure = match self
                .attempt(client, call, trace, read, course, &*transport, &state)
                .await
            {
                Ok(value) => {
                    state.heed(client, trace, course, None);
                    state.budget.give(if course.spent > 0 { course.spent } else { 1 });
                    return Ok(value);
                }
                Err(failure) => failure,
            };
            state.next(client, call, trace, course, failure).await?;
        }
    }

    #[allow(clippy::too_many_arguments)] // one attempt touches everything once; a struct of borrows would only rename it
    async fn attempt<T>(
        &self,
        client: &Client,
        call: &Call,
        trace: &Trace,
        read: &(impl Fn(&Reply) -> Result<T> + Send + Sync),
        course: &mut Course,
        transport: &dyn Transport,
        state: &AccountState,
    ) -> std::result::Result<T, Failure> {
        let _permit = state.admit(client, call, trace, course).await.map_err(Failure::of)?;
        let secrets = secrets(client).await.map_err(Failure::of)?;
        let token = state
            .token(client, call, &secrets, trace, course, transport)
            .await
            .map_err(Failure::of)?;
        let request = match course.request.take() {
            Some(request) => Ok(request),
            None => client.provider.request(&client.account, call),
        };
        let request = request
            .and_then(|request| state.signed(client, request, &secrets, token.as_ref()))
            .map_err(Failure::of)?;
        let credentials = credentials(&request);
        let sender = Sender {
            words: words(&secrets, token.as_ref(), credentials.as_ref()),
            token: token.as_ref().map(|token| token.generation),
            renewable: token.is_some() || client.sources.iter().any(|(_, source)| source.fixed().is_none()),
        };
        course.attempts += 1;
        let sent = clock::monotonic();
        course.sent = Some(sent);
        let reply = transport.send(request).await.map_err(|error| sender.failure(error))?;
        trace.add(Event::Answered {
            provider: client.provider.facts().name,
            account: client.account.name.clone(),
            operation: call.wire(),
            attempt: course.attempts,
            status: reply.status,
            took: sent.elapsed(),
        });
        sender.read(&reply, read)
    }

    fn transport(&self, client: &Client) -> Result<Arc<dyn Transport>> {
        let route = &client.route;
        let known = lock(&self.routes).get(route).cloned();
        let cell = known.unwrap_or_else(|| Arc::clone(lock(&self.routes).entry(route.clone()).or_default()));
        // Built outside the lock: reading certificates takes milliseconds.
        let built = cell.get_or_init(|| Http::new(route).map(|http| Arc::new(http) as Arc<dyn Transport>));
        if built.is_err() {
            // The user may mend the file and try again.
            lock(&self.routes).remove(route);
        }
        built.clone()
    }

    /// The answer without the account's secrets, if it quotes one: for what is written to a disk.
    pub(super) async fn censored(&self, client: &Client, call: &Call, reply: &Reply) -> Result<Option<Reply>> {
        let state = self.account(client);
        let secrets = secrets(client).await?;
        let token = state.token.at_hand().await;
        let request = client.provider.request(&client.account, call)?;
        let credentials = credentials(&state.signed(client, request, &secrets, token.as_ref())?);
        let words = words(&secrets, token.as_ref(), credentials.as_ref());
        Ok(without_secrets(reply, &words))
    }

    /// Sets the rate of an account: its own, or a part of a plan's share of it.
    pub(super) fn repace(&self, client: &Client, per_second: Option<f64>) {
        self.account(client).limits.repace(per_second);
    }

    fn account(&self, client: &Client) -> Arc<AccountState> {
        let known = lock(&self.accounts).get(&client.key).cloned();
        let state = known.unwrap_or_else(|| {
            let made = || {
                Arc::new(AccountState {
                    limits: Limits::new(client.concurrency(), client.per_second()),
                    budget: Budget::default(),
                    token: TokenCache::default(),
                    clock_offset: Mutex::default(),
                })
            };
            Arc::clone(lock(&self.accounts).entry(client.key.clone()).or_insert_with(made))
        });
        if client.options.max_concurrency.is_some() {
            state.limits.resize(client.concurrency());
        }
        if let Some(own) = client.options.max_per_second {
            state.limits.adopt(own);
        }
        state
    }
}

impl AccountState {
    /// Waits until a request may be sent, and tells how long that took.
    async fn admit(&self, client: &Client, call: &Call, trace: &Trace, course: &Course) -> Result<SemaphorePermit<'_>> {
        let began = clock::monotonic();
        let permit = self.limits.admit(course.deadline).await?;
        let wait = began.elapsed();
        if wait >= WORTH_TELLING {
            trace.add(Event::Waited {
                provider: client.provider.facts().name,
                account: client.account.name.clone(),
                operation: call.wire(),
                wait,
            });
        }
        Ok(permit)
    }

    /// Learns from what became of an attempt: how fast this account may send.
    fn heed(&self, client: &Client, trace: &Trace, course: &Course, error: Option<&Error>) {
        // A login has limits of its own.
        let Some(sent) = course.sent else { return };
        match error {
            Some(error) if error.kind == Kind::RateLimited => {
                if let Some(per_second) = self.limits.refused(sent, error.retry_after) {
                    trace.add(Event::LearnedLimit {
                        provider: client.provider.facts().name,
                        account: client.account.name.clone(),
                        per_second,
                    });
                }
            }
            // Where no answer came, nobody knows whether it was let through.
            Some(error) if error.http_status.is_none() => {}
            _ => self.limits.granted(sent),
        }
    }

    fn signed(
        &self,
        client: &Client,
        mut request: Request,
        secrets: &Secrets,
        token: Option<&Token>,
    ) -> Result<Request> {
        let now = clock::now(*lock(&self.clock_offset));
        let proof = Proof {
            secrets,
            token: token.map(|token| &token.secret),
            now,
        };
        client.provider.sign(&client.account, &mut request, &proof)?;
        Ok(request)
    }

    /// From now on, requests of this account are dated by the service's clock.
    fn correct_clock(&self, offset: SignedDuration, client: &Client, trace: &Trace) {
        *lock(&self.clock_offset) = offset;
        trace.add(Event::ClockCorrected {
            provider: client.provider.facts().name,
            account: client.account.name.clone(),
            seconds: offset.as_secs(),
        });
    }

    /// Does what must be done before the next attempt, or returns the error.
    pub(super) async fn next(
        &self,
        client: &Client,
        call: &Call,
        trace: &Trace,
        course: &mut Course,
        failure: Failure,
    ) -> Result<()> {
        let Failure {
            mut error,
            hint,
            server_time,
            token,
            renewable,
        } = failure;
        // A provider that gives no hint may have a known one.
        error.retry_after = hint.or(error.retry_after);
        self.heed(client, trace, course, Some(&error));
        let situation = course.situation(client, call, &error, renewable);
        match retry::decide(&situation, clock::chance()) {
            Decision::GiveUp => return Err(error),
            Decision::Renew => {
                course.renewals += 1;
                if let Some(generation) = token {
                    self.token.refuse(generation);
                }
            }
            Decision::CorrectClock => {
                let Some((there, here)) = server_time else {
                    return Err(error);
                };
                self.correct_clock(there.duration_since(here), client, trace);
                course.corrected = true;
                course.renewals += 1;
            }
            Decision::Repeat { wait, throttled } => {
                let Some(price) = self.budget.take(throttled) else {
                    error.retries_suppressed = true;
                    return Err(error);
                };
                course.spent += price;
                course.repeated_at_once |= wait.is_zero();
                trace.add(Event::Repeating {
                    account: client.account.name.clone(),
                    error: describe(&error, client, call, course),
                    wait,
                });
                course.last = Some(error);
                clock::sleep(wait).await;
            }
        }
        Ok(())
    }
}

impl Failure {
    pub(super) fn of(error: Error) -> Self {
        Self {
            error,
            hint: None,
            server_time: None,
            token: None,
            renewable: false,
        }
    }
}

/// What an attempt was sent with: which words must not show in its failure, and what could be renewed.
struct Sender<'a> {
    words: Vec<&'a Secret>,
    /// The login that it came from.
    token: Option<u64>,
    renewable: bool,
}

impl Sender<'_> {
    /// What the answer says, or the failure that it tells; no secret that it quotes is in there.
    fn read<T>(&self, reply: &Reply, read: &impl Fn(&Reply) -> Result<T>) -> std::result::Result<T, Failure> {
        let here = clock::now(SignedDuration::ZERO);
        read(reply).map_err(|error| {
            let Some(clean) = without_secrets(reply, &self.words) else {
                return self.told(error, reply, here);
            };
            let error = read(&clean).err().unwrap_or(error);
            self.told(error, &clean, here)
        })
    }

    /// An attempt that failed without an answer.
    fn failure(&self, error: Error) -> Failure {
        Failure {
            token: self.token,
            renewable: self.renewable,
            ..Failure::of(clean(error, None, &self.words))
        }
    }

    /// An attempt that failed by its answer, which came at this moment.
    fn told(&self, error: Error, reply: &Reply, here: jiff::Timestamp) -> Failure {
        let reset = reply.header("ratelimit-reset");
        // An answer from a cache tells when it was made, not what time it is.
        let fresh = reply.header("age").is_none();
        Failure {
            error: clean(error, Some(reply), &self.words),
            hint: retry::hint(reply.header("retry-after"), reset, reply.date().unwrap_or(here)),
            server_time: reply.date().filter(|_| fresh).map(|there| (there, here)),
            token: self.token,
            renewable: self.renewable,
        }
    }
}

async fn secrets(client: &Client) -> Result<Secrets> {
    let mut secrets = Vec::with_capacity(client.sources.len());
    let mut together = None;
    for (name, source) in &client.sources {
        let secret = match (source.fixed(), source.member()) {
            (Some(secret), _) => secret.clone(),
            (None, Some((group, place))) => {
                // An account has one group; all of it is asked at once.
                let words = match together.take() {
                    Some(words) => words,
                    None => group.now().await?,
                };
                let word = words.get(place).cloned();
                together = Some(words);
                word.ok_or_else(|| Error::new(Kind::Internal, "a secret was not asked for"))?
            }
            (None, None) => source.now().await?,
        };
        secrets.push((*name, secret));
    }
    Ok(Secrets(secrets))
}

/// The words that must not show: the account's secrets, its token, and what a request sends of them.
pub(super) fn words<'a>(
    secrets: &'a Secrets,
    token: Option<&'a Token>,
    credentials: Option<&'a Secret>,
) -> Vec<&'a Secret> {
    let secrets = secrets.0.iter().map(|(_, secret)| secret);
    secrets
        .chain(token.map(|token| &token.secret))
        .chain(credentials)
        .collect()
}

/// Fills in what the answer says of itself, and takes every secret out of the text.
pub(super) fn clean(mut error: Error, reply: Option<&Reply>, words: &[&Secret]) -> Error {
    if let Some(reply) = reply {
        error.http_status = Some(reply.status);
        error.request_id = error.request_id.take().or_else(|| reply.request_id());
        if error.kind == Kind::UnexpectedResponse && !reply.body.is_empty() {
            error.message = format!("{}; the body begins {:?}", error.message, reply.excerpt(300));
        }
    }
    error.message = scrub(&error.message, words);
    error.provider_code = error.provider_code.take().map(|code| scrub(&code, words));
    error.request_id = error.request_id.take().map(|id| scrub(&id, words));
    error
}

/// What stands behind the scheme in the `Authorization` header: base64 of a pair hides the secret in it from [`scrub`].
fn credentials(request: &Request) -> Option<Secret> {
    let (_, value) = request.headers.iter().find(|(name, _)| *name == "authorization")?;
    value.rsplit(' ').next().map(Secret::new)
}

/// The reply without the account's secrets, if it quotes one: an excerpt might cut it in half, which hides it from
/// [`scrub`].
fn without_secrets(reply: &Reply, words: &[&Secret]) -> Option<Reply> {
    let text = String::from_utf8_lossy(&reply.body);
    let clean = scrub(&text, words);
    (clean != text).then(|| Reply {
        body: clean.into_bytes(),
        ..reply.clone()
    })
}

pub(super) fn finish(mut error: Error, client: &Client, call: &Call, attempts: u32, elapsed: Duration) -> Error {
    error.attempts = attempts;
    error.elapsed = elapsed;
    if !matches!(error.kind, Kind::InvalidArgument | Kind::WrongType) {
        error.provider = client.provider.facts().name;
        client.provider.asked_for(call).clone_into(&mut error.operation);
    }
    error
}

fn describe(error: &Error, client: &Client, call: &Call, course: &Course) -> Error {
    finish(error.clone(), client, call, course.attempts, course.started.elapsed())
}

pub(super) fn out_of_time(timeout: Duration, last: Option<Error>) -> Error {
    let mut error = Error::new(
        Kind::RequestTimeout,
        format!("no answer within the timeout of {} s", timeout.as_secs_f64()),
    );
    if let Some(last) = last {
        error.message = format!("{}; the last attempt ended with: {}", error.message, last.message);
        error.http_status = last.http_status;
        error.provider_code.clone_from(&last.provider_code);
        error.request_id.clone_from(&last.request_id);
        error.retry_after = last.retry_after;
    }
    error
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
