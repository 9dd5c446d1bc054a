//! Accounts, and the secrets behind them.

use sha2::{Digest, Sha256};

use crate::values::arguments::Arguments;
use crate::values::error::{Error, Kind, Result};
use crate::values::secret::Secret;
use crate::values::text::hex;

/// An account: one set of credentials at one provider, without the secrets themselves.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its label.
    pub name: String,
    /// The service's address: checked, and without a slash at the end.
    pub base_url: String,
    /// Its settings, checked against [`Facts::settings`](super::Facts::settings).
    pub settings: Arguments,
    /// The names of the secrets it has.
    pub secrets: Vec<&'static str>,
}

impl Account {
    /// The setting of that name.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.text(name)
    }

    /// What tells it from another account of the same name: a digest of its address and settings.
    pub fn identity(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(&self.base_url);
        for (name, value) in self.settings.iter() {
            digest.update(format!("\n{name}={value:?}"));
        }
        let mut identity = hex(&digest.finalize());
        identity.truncate(16);
        identity
    }

    /// True if it has the secret of that name.
    pub fn has(&self, name: &str) -> bool {
        self.secrets.contains(&name)
    }
}

/// The words behind an account's secrets, as they are now.
#[derive(Debug, Clone, Default)]
pub struct Secrets(pub Vec<(&'static str, Secret)>);

impl Secrets {
    /// The secret of that name.
    pub fn get(&self, name: &str) -> Result<&Secret> {
        let found = self.0.iter().find(|(key, _)| *key == name).map(|(_, secret)| secret);
        found.ok_or_else(|| Error::new(Kind::Internal, format!("the account has no {name}")))
    }
}
