//! Secrets as they are now, and tokens that are fetched once for many calls.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::client;
use super::clock::{self, Instant};
use crate::service::{Grant, Secrets};
use crate::values::error::{Error, Kind, Result};
use crate::values::secret::Secret;

/// A future that may be kept in a box.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A token is renewed this long before it ends, so that no request travels with one that ends on the way.
const EARLY: Duration = Duration::from_secs(120);

/// Where a secret comes from.
pub trait SecretSource: Send + Sync {
    /// The secret, if it never changes.
    fn fixed(&self) -> Option<&Secret>;

    /// The secret as it is now; asked anew for every attempt.
    fn now(&self) -> Boxed<'_, Result<Secret>>;

    /// The group that it is asked in, and its place there, if it has to fit others of the same account.
    fn member(&self) -> Option<(&Arc<dyn SecretGroup>, usize)> {
        None
    }
}

/// Secrets of one account that are asked together, so that what comes belongs together.
pub trait SecretGroup: Send + Sync {
    /// All of them as they are now.
    fn now(&self) -> Boxed<'_, Result<Vec<Secret>>>;
}

impl SecretSource for Secret {
    fn fixed(&self) -> Option<&Secret> {
        Some(self)
    }

    fn now(&self) -> Boxed<'_, Result<Secret>> {
        let secret = self.clone();
        Box::pin(async move { Ok(secret) })
    }
}

/// The token or session of one account.
#[derive(Debug, Default)]
pub struct TokenCache {
    slot: Mutex<Slot>,
    /// How many logins have failed.
    failures: AtomicU64,
    /// Tokens of generations before this one are not accepted any more.
    accepted_from: AtomicU64,
}

#[derive(Debug, Default)]
struct Slot {
    token: Option<Token>,
    /// Why the last login failed that was not refused.
    failure: Option<Error>,
    /// The credentials that were refused.
    refusals: HashMap<Fingerprint, Refusal>,
}

/// A login that was refused.
#[derive(Debug)]
struct Refusal {
    error: Error,
    /// The newest client at that time: only one that is made later may try again.
    newest: u64,
}

/// What tells one set of secrets from another without holding them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Fingerprint([u8; 32]);

impl Fingerprint {
    fn of(secrets: &Secrets) -> Self {
        let mut digest = Sha256::new();
        for (name, secret) in &secrets.0 {
            digest.update(name);
            digest.update(Sha256::digest(secret.expose()));
        }
        Self(digest.finalize().into())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Fingerprint(***)")
    }
}

/// True if the service said no to a login, so that it would say no again; services lock out who asks often.
pub fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind,
        Kind::AuthenticationFailed | Kind::MfaRequired | Kind::PermissionDenied | Kind::InvalidRequest | Kind::NotFound
    )
}

/// A token that was granted.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token itself.
    pub secret: Secret,
    /// Which login it is from: tells a caller's token from a newer one.
    pub generation: u64,
    fresh_until: Option<Instant>,
}

impl TokenCache {
    /// A token that is good: the one at hand, or a new one by `login` with these secrets. One caller logs in; the others
    /// wait for it, and share its failure. A refusal is the answer to all who come after, too, until the secrets are
    /// others or the client (its ordinal is given) was made later: services lock out who is refused a few times in a
    /// row.
    pub async fn get<F>(&self, secrets: &Secrets, client: u64, login: impl FnOnce() -> F) -> Result<Token>
    where
        F: Future<Output = Result<Grant>>,
    {
        let failures_before = self.failures.load(Ordering::Acquire);
        let mut slot = self.slot.lock().await;
        if let Some(token) = slot.token.as_ref() {
            let fresh = token.fresh_until.is_none_or(|until| clock::monotonic() < until);
            if fresh && token.generation >= self.accepted_from.load(Ordering::Acquire) {
                return Ok(token.clone());
            }
        }
        if let Some(refusal) = slot.refused(secrets).filter(|refusal| client <= refusal.newest) {
            return Err(refusal.error.clone());
        }
        if let Some(failure) = slot.failure.as_ref()
            && self.failures.load(Ordering::Acquire) != failures_before
        {
            return Err(failure.clone());
        }
        let generation = slot.token.as_ref().map_or(0, |token| token.generation + 1);
        let asked = clock::monotonic();
        let grant = match login().await {
            Ok(grant) => grant,
            Err(error) if is_refusal(&error) => {
                let newest = client.max(client::newest());
                let error_kept = error.clone();
                slot.refusals.insert(
                    Fingerprint::of(secrets),
                    Refusal {
                        error: error_kept,
                        newest,
                    },
                );
                return Err(error);
            }
            Err(error) => {
                slot.failure = Some(error.clone());
                self.failures.fetch_add(1, Ordering::Release);
                return Err(error);
            }
        };
        // A token that lives shorter than we renew early is used for half its life.
        let fresh_until = grant
            .lives
            .map(|lives| asked + lives.saturating_sub(EARLY).max(lives / 2));
        let token = Token {
            secret: grant.token,
            generation,
            fresh_until,
        };
        slot.token = Some(token.clone());
        Ok(token)
    }

    /// The token at hand, good or not.
    pub async fn at_hand(&self) -> Option<Token> {
        self.slot.lock().await.token.clone()
    }

    /// The service does not accept the token of this generation any more: nobody sends it again.
    pub fn refuse(&self, generation: u64) {
        self.accepted_from.fetch_max(generation + 1, Ordering::AcqRel);
    }
}

impl Slot {
    /// The refusal of these secrets, if they were refused.
    fn refused(&self, secrets: &Secrets) -> Option<&Refusal> {
        // Hardly anybody was ever refused, and a digest takes its time.
        (!self.refusals.is_empty()).then(|| self.refusals.get(&Fingerprint::of(secrets)))?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    async fn login(count: &AtomicU32) -> Result<Grant> {
        let number = count.fetch_add(1, Ordering::SeqCst);
        clock::sleep(Duration::from_millis(10)).await;
        Ok(Grant {
            token: Secret::new(format!("token {number}")),
            lives: Some(Duration::from_secs(3600)),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn fifty_callers_log_in_once() {
        let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
        let secrets = word("w");
        let calls = (0..50).map(|_| cache.get(&secrets, 0, || login(&count)));
        for token in join_all(calls).await {
            assert_eq!(token.unwrap().secret.expose(), "token 0");
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_renewed_once_for_all_who_held_it() {
        let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
        let old = cache.get(&word("w"), 0, || login(&count)).await.unwrap();
        let secrets = word("w");
        let calls = (0..50).map(|_| {
            cache.refuse(old.generation);
            cache.get(&secrets, 0, || login(&count))
        });
        for token in join_all(calls).await {
            assert_eq!(token.unwrap().secret.expose(), "token 1");
        }
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_two_minutes_before_its_end() {
        let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
        cache.get(&word("w"), 0, || login(&count)).await.unwrap();
        clock::sleep(Duration::from_secs(3600 - 125)).await;
        cache.get(&word("w"), 0, || login(&count)).await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 1);
        clock::sleep(Duration::from_secs(10)).await;
        cache.get(&word("w"), 0, || login(&count)).await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_login_is_nobodys_token() {
        let cache = TokenCache::default();
        let fail = || async { Err(Error::invalid("no")) };
        assert!(cache.get(&word("w"), 0, fail).await.is_err());
        let count = AtomicU32::new(0);
        assert_eq!(cache.get(&word("w"), 0, || login(&count)).await.unwrap().generation, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_failed_login_shares_its_failure_and_who_comes_later_tries() {
        let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
        let fail = async || {
            count.fetch_add(1, Ordering::SeqCst);
            clock::sleep(Duration::from_millis(10)).await;
            Err(Error::new(Kind::ServerError, "no"))
        };
        let secrets = word("w");
        for results in 1..=2 {
            let calls = (0..50).map(|_| cache.get(&secrets, 0, fail));
            assert!(join_all(calls).await.iter().all(Result::is_err));
            assert_eq!(count.load(Ordering::SeqCst), results);
        }
        assert_eq!(cache.get(&secrets, 0, || login(&count)).await.unwrap().generation, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_holds_until_the_secret_changes_or_a_client_is_made_anew() {
        for kind in [Kind::AuthenticationFailed, Kind::MfaRequired, Kind::PermissionDenied] {
            let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
            let refuse = async || {
                count.fetch_add(1, Ordering::SeqCst);
                Err(Error::new(kind, "no"))
            };
            let (one, other) = (word("one"), word("other"));
            // Two wrong ones in turn are two.
            for _ in 0..20 {
                assert_eq!(cache.get(&one, 0, refuse).await.unwrap_err().kind, kind);
                assert_eq!(cache.get(&other, 0, refuse).await.unwrap_err().kind, kind);
            }
            assert_eq!(count.load(Ordering::SeqCst), 2);
            for made_later in [u64::MAX - 1, u64::MAX] {
                for _ in 0..20 {
                    assert!(cache.get(&one, made_later, refuse).await.is_err());
                }
            }
            assert_eq!(count.load(Ordering::SeqCst), 4);
            assert!(cache.get(&word("right"), 0, || login(&count)).await.is_ok());
            // Who holds the wrong one has the account's token while it lives.
            assert!(cache.get(&one, 0, refuse).await.is_ok());
        }
    }

    #[tokio::test]
    async fn what_is_remembered_of_a_secret_does_not_print() {
        let cache = TokenCache::default();
        let refuse = || async { Err(Error::new(Kind::AuthenticationFailed, "no")) };
        cache.get(&word("hunter2"), 0, refuse).await.unwrap_err();
        let shown = format!("{cache:?}");
        assert!(
            shown.contains("Fingerprint(***)") && !shown.contains("hunter2"),
            "{shown}"
        );
        // Two secrets are not told apart by where one ends.
        let pair = |one: &str, other: &str| Secrets(vec![("a", Secret::new(one)), ("b", Secret::new(other))]);
        assert!(Fingerprint::of(&pair("xy", "z")) != Fingerprint::of(&pair("x", "yz")));
    }

    fn word(text: &str) -> Secrets {
        Secrets(vec![("password", Secret::new(text))])
    }

    /// Polls all of them, in turn, on this task.
    async fn join_all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
        let mut waiting: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
        std::future::poll_fn(|context| {
            for (future, done) in &mut waiting {
                if done.is_none()
                    && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
                {
                    *done = Some(value);
                }
            }
            if waiting.iter().all(|(_, done)| done.is_some()) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
        waiting.into_iter().filter_map(|(_, done)| done).collect()
    }
}
