//! Secrets as they are now, and tokens that are fetched once for many calls.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use super::clock::{self, Instant};
use crate::providers::Grant;
use crate::values::error::{Error, Result};
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
    /// Why the last failed login failed.
    failure: Option<Error>,
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
    /// A token that is good: the one at hand, or a new one by `login`. One caller logs in; the others wait for it, and
    /// share its failure, since services lock out who is refused a few times in a row.
    pub async fn get<F>(&self, login: impl FnOnce() -> F) -> Result<Token>
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
        if let Some(failure) = slot.failure.as_ref()
            && self.failures.load(Ordering::Acquire) != failures_before
        {
            return Err(failure.clone());
        }
        let generation = slot.token.as_ref().map_or(0, |token| token.generation + 1);
        let asked = clock::monotonic();
        let grant = match login().await {
            Ok(grant) => grant,
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
        let calls = (0..50).map(|_| cache.get(|| login(&count)));
        for token in join_all(calls).await {
            assert_eq!(token.unwrap().secret.expose(), "token 0");
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_renewed_once_for_all_who_held_it() {
        let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
        let old = cache.get(|| login(&count)).await.unwrap();
        let calls = (0..50).map(|_| {
            cache.refuse(old.generation);
            cache.get(|| login(&count))
        });
        for token in join_all(calls).await {
            assert_eq!(token.unwrap().secret.expose(), "token 1");
        }
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_two_minutes_before_its_end() {
        let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
        cache.get(|| login(&count)).await.unwrap();
        clock::sleep(Duration::from_secs(3600 - 125)).await;
        cache.get(|| login(&count)).await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 1);
        clock::sleep(Duration::from_secs(10)).await;
        cache.get(|| login(&count)).await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_login_is_nobodys_token() {
        let cache = TokenCache::default();
        let fail = || async { Err(Error::invalid("no")) };
        assert!(cache.get(fail).await.is_err());
        let count = AtomicU32::new(0);
        assert_eq!(cache.get(|| login(&count)).await.unwrap().generation, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_failed_login_does_not_try_another() {
        let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
        let fail = async || {
            count.fetch_add(1, Ordering::SeqCst);
            clock::sleep(Duration::from_millis(10)).await;
            Err(Error::invalid("no"))
        };
        for results in 1..=2 {
            let calls = (0..50).map(|_| cache.get(fail));
            assert!(join_all(calls).await.iter().all(Result::is_err));
            // Who comes later is another matter: the password may have been changed.
            assert_eq!(count.load(Ordering::SeqCst), results);
        }
        assert_eq!(cache.get(|| login(&count)).await.unwrap().generation, 0);
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
