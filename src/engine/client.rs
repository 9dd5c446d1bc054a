//! A client: an account, where its secrets come from, and how its calls are made. Immutable, so any thread may use it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::credentials::SecretSource;
use super::transport::Route;
use crate::service::{Account, Provider};
use crate::values::address::check_base_url;
use crate::values::arguments::{Arguments, Value, plain};
use crate::values::error::{Error, Result};
use crate::values::text::hex;

/// Which proxy the requests take; requests to this machine never take one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum ProxyChoice {
    /// What `HTTPS_PROXY` and its like say.
    #[default]
    Environment,
    /// None.
    Direct,
    /// This one.
    Url(String),
}

/// How a client's calls are made.
#[derive(Debug, Clone)]
pub struct Options {
    /// The deadline of a whole call, with all its attempts and waits.
    pub timeout: Duration,
    /// How often a failed attempt is repeated.
    pub retries: u32,
    /// How many requests may be under way at once; the provider's figure if not given.
    pub max_concurrency: Option<usize>,
    /// How many requests may be sent in a second, infinity for no limit; the provider's figure if not given.
    pub max_per_second: Option<f64>,
    /// A file of certificates to trust besides the platform's.
    pub ca_file: Option<String>,
    /// The proxy.
    pub proxy: ProxyChoice,
}

impl Default for Options {
    fn default() -> Self {
        let timeout = Duration::from_secs(60);
        Self {
            timeout,
            retries: 2,
            max_concurrency: None,
            max_per_second: None,
            ca_file: None,
            proxy: ProxyChoice::default(),
        }
    }
}

/// A client of one account.
pub struct Client {
    /// The provider.
    pub provider: &'static dyn Provider,
    /// The account.
    pub account: Account,
    /// How calls are made.
    pub options: Options,
    /// Where the secrets come from.
    pub sources: Vec<(&'static str, Arc<dyn SecretSource>)>,
    /// Which connections they take.
    pub route: Route,
    /// What tells this account from others: clients with the same key share limits, tokens and budget.
    pub key: String,
    /// How many clients were made in this process before it, and this one.
    pub ordinal: u64,
}

static MADE: AtomicU64 = AtomicU64::new(0);

/// How many clients were made in this process so far: the ordinal of the newest one.
pub fn newest() -> u64 {
    MADE.load(Ordering::Relaxed)
}

impl Client {
    /// A client, after everything about it was checked.
    pub fn new(
        provider: &'static dyn Provider,
        name: Option<String>,
        base_url: Option<&str>,
        settings: Vec<(String, Value)>,
        sources: Vec<(&'static str, Arc<dyn SecretSource>)>,
        options: Options,
    ) -> Result<Self> {
        let facts = provider.facts();
        let base_url = base_url.or(facts.base_url).ok_or_else(|| {
            Error::invalid(format!(
                "{} needs a base_url, for example \"https://api.devicewise.com\"",
                facts.title
            ))
        })?;
        let name = name.unwrap_or_else(|| facts.name.to_owned());
        plain(&name).map_err(|problem| Error::invalid(format!("name {problem}")))?;
        let account = Account {
            name,
            base_url: check_base_url(base_url)?,
            settings: Arguments::check(facts.title, facts.settings, settings)?,
            secrets: sources.iter().map(|(name, _)| *name).collect(),
        };
        provider.check_account(&account)?;
        let route = Route::to(&account.base_url, options.ca_file.as_deref(), &options.proxy)?;
        let key = account_key(facts.name, &account, &sources);
        Ok(Self {
            provider,
            account,
            options,
            sources,
            route,
            key,
            ordinal: MADE.fetch_add(1, Ordering::Relaxed) + 1,
        })
    }

    /// How many requests of this account may be under way at once.
    pub fn concurrency(&self) -> usize {
        self.options
            .max_concurrency
            .unwrap_or(self.provider.facts().concurrency)
    }

    /// How many requests of this account may be sent in a second; nothing where there is no limit.
    pub fn per_second(&self) -> Option<f64> {
        let rate = self.options.max_per_second.or(self.provider.facts().per_second);
        rate.filter(|rate| rate.is_finite())
    }
}

/// The provider, the address, the settings and a digest of the secrets. An account whose secrets all come from
/// callables and that has no settings cannot be recognised again: it is one of its own.
fn account_key(provider: &str, account: &Account, sources: &[(&'static str, Arc<dyn SecretSource>)]) -> String {
    static UNRECOGNISABLE: AtomicU64 = AtomicU64::new(0);
    let mut digest = Sha256::new();
    for (name, value) in account.settings.iter() {
        digest.update(format!("{name}={value:?}\n"));
    }
    let mut known = account.settings.iter().next().is_some();
    for (name, source) in sources {
        if let Some(word) = source.fixed() {
            digest.update(name);
            digest.update(Sha256::digest(word.expose()));
            known = true;
        }
    }
    if !known {
        digest.update(UNRECOGNISABLE.fetch_add(1, Ordering::Relaxed).to_string());
    }
    format!("{provider} {} {}", account.base_url, hex(&digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::provider;
    use crate::values::secret::Secret;

    fn client(of: &str, max_per_second: Option<f64>) -> Client {
        let options = Options {
            max_per_second,
            ..Options::default()
        };
        let (settings, secret) = match of {
            "sora" => (Vec::new(), "api_key"),
            _ => (vec![("access_key".into(), Value::Text("AK".into()))], "secret_key"),
        };
        let sources: Vec<(_, Arc<dyn SecretSource>)> = vec![(secret, Arc::new(Secret::new("word")))];
        Client::new(provider(of).unwrap(), None, None, settings, sources, options).unwrap()
    }

    #[test]
    fn the_callers_rate_comes_before_the_providers_and_infinity_is_none() {
        assert_eq!(client("volcengine", None).per_second(), Some(30.0));
        assert_eq!(client("volcengine", Some(2.5)).per_second(), Some(2.5));
        assert_eq!(client("volcengine", Some(f64::INFINITY)).per_second(), None);
        assert_eq!(client("sora", None).per_second(), None);
        assert_eq!(client("sora", Some(2.0)).per_second(), Some(2.0));
    }
}
