//! Logins: repeated by the policy and the budget of any call when they fail by the way, and never when the service says
//! no, since services lock out who asks often. What is remembered of a refusal is in [`super::credentials`].

use std::sync::Arc;

use jiff::SignedDuration;

use super::client::Client;
use super::clock;
use super::credentials::{Token, is_refusal};
use super::fetch::{AccountState, Course, Failure, clean, out_of_time, words};
use super::observe::{Event, Trace};
use super::retry;
use super::transport::Transport;
use crate::service::{Call, Grant, Login, Reply, Secrets};
use crate::values::error::{Error, Kind, Remedy, Result};

impl AccountState {
    /// The account's token, if it signs with one.
    pub(super) async fn token(
        &self,
        client: &Client,
        call: &Call,
        secrets: &Secrets,
        trace: &Trace,
        course: &mut Course,
        transport: &dyn Transport,
    ) -> Result<Option<Token>> {
        if matches!(client.provider.login(&client.account, secrets, &[])?, Login::NotNeeded) {
            return Ok(None);
        }
        let token = self.token.get(secrets, client.ordinal, move || {
            self.log_in(client, call, secrets, trace, course, transport)
        });
        token.await.map(Some)
    }

    /// Logs in, within what is left of the call's time, as a call before the call: if it fails for good, its requests are
    /// the call's, which sends none. Others wait for it meanwhile and share its failure, so nobody repeats it after that.
    async fn log_in(
        &self,
        client: &Client,
        call: &Call,
        secrets: &Secrets,
        trace: &Trace,
        course: &mut Course,
        transport: &dyn Transport,
    ) -> Result<Grant> {
        let mut own = Course::new(course.started, course.deadline, None);
        own.payer = course.payer.as_ref().map(Arc::clone);
        let logins = self.logins(client, call, secrets, trace, &mut own, transport);
        let outcome = tokio::time::timeout_at(course.deadline, logins).await;
        own.payer = None;
        let outcome = outcome.unwrap_or_else(|_| Err(out_of_time(client.options.timeout, own.last.take())));
        if outcome.is_err() {
            course.attempts += own.attempts;
        }
        outcome.map_err(|error| error.with_remedy(Remedy::None))
    }

    async fn logins(
        &self,
        client: &Client,
        call: &Call,
        secrets: &Secrets,
        trace: &Trace,
        own: &mut Course,
        transport: &dyn Transport,
    ) -> Result<Grant> {
        loop {
            own.tries += 1;
            own.attempts += 1;
            let error = match one_login(client, secrets, transport).await {
                Ok(grant) => {
                    self.budget.give(own.spent);
                    trace.add(Event::LoggedIn {
                        provider: client.provider.facts().name,
                        account: client.account.name.clone(),
                    });
                    return Ok(grant);
                }
                Err(error) => error,
            };
            if let (Kind::RateLimited, Some(wait)) = (error.kind, error.retry_after) {
                self.limits.close_for(wait);
            }
            self.next(client, call, trace, own, Failure::of(error)).await?;
        }
    }
}

/// One login, in as many steps as it takes.
async fn one_login(client: &Client, secrets: &Secrets, transport: &dyn Transport) -> Result<Grant> {
    let words = words(secrets, None, None);
    let mut answers = Vec::new();
    loop {
        let step = client.provider.login(&client.account, secrets, &answers);
        let step = step.map_err(|error| failed(error, answers.last(), |error, told| clean(error, told, &words)))?;
        let request = match step {
            Login::Granted(grant) => return Ok(grant),
            Login::NotNeeded => return Err(Error::new(Kind::Internal, "a login ended without a grant")),
            Login::Send(request) => request,
        };
        answers.push(transport.send(request).await?);
    }
}

/// The error of a login whose last answer was this one: with the service's wish, without secrets, and with a remedy only
/// if the service did not say no.
fn failed(error: Error, answer: Option<&Reply>, clean: impl Fn(Error, Option<&Reply>) -> Error) -> Error {
    // An answer that is half understood may hold a new token or session, which nobody knows to scrub.
    let told = answer.map(|reply| Reply {
        body: if reply.is_success() {
            Vec::new()
        } else {
            reply.body.clone()
        },
        ..reply.clone()
    });
    let mut error = clean(error, told.as_ref());
    if let Some(reply) = told {
        let here = reply.date().unwrap_or_else(|| clock::now(SignedDuration::ZERO));
        let hint = retry::hint(reply.header("retry-after"), reply.header("ratelimit-reset"), here);
        error.retry_after = hint.or(error.retry_after);
    }
    let passes = !is_refusal(&error) && matches!(error.kind.usual_remedy(), Remedy::Repeat | Remedy::RepeatThrottled);
    if passes { error } else { error.with_remedy(Remedy::None) }
}
