//! All providers: those that are built in, and documents that were registered.
//!
//! A document is kept for as long as the process lives, and once, however often it comes: its facts are pointed at from
//! everywhere. Two documents of one name may live side by side, since plans and archives carry theirs; one of them has the
//! name.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use sha2::{Digest, Sha256};

use super::documented::{Documented, Nothing, Readers};
use super::{BUILT_IN, DOCUMENTED};
use crate::service::{Provider, Registry};
use crate::spec::compile::{Mistakes, check};
use crate::spec::document::Document;
use crate::values::error::{Error, Result};
use crate::values::text::hex;

/// All providers, as plans and archives ask for them.
pub struct All;

impl Registry for All {
    fn built_in(&self, name: &str) -> Option<&'static dyn Provider> {
        BUILT_IN.iter().copied().find(|provider| provider.name() == name)
    }

    fn described(&self, document: &str) -> Result<&'static dyn Provider> {
        let kept = kept(document).map_err(|mistakes| {
            let first = mistakes.first().map(|(line, text)| format!("line {line}: {text}"));
            Error::invalid(format!("its document cannot be read: {}", first.unwrap_or_default()))
        })?;
        Ok(kept)
    }
}

/// The documents of this process by their digests, and which of them has a name.
struct Kept {
    by_digest: BTreeMap<&'static str, &'static Documented>,
    by_name: BTreeMap<&'static str, &'static Documented>,
}

static KEPT: RwLock<Kept> = RwLock::new(Kept {
    by_digest: BTreeMap::new(),
    by_name: BTreeMap::new(),
});

fn read<T>(look: impl FnOnce(&Kept) -> T) -> T {
    look(&KEPT.read().unwrap_or_else(PoisonError::into_inner))
}

/// Keeps a document, unless it is kept already.
fn kept(text: &str) -> std::result::Result<&'static Documented, Mistakes> {
    let digest = hex(&Sha256::digest(text));
    if let Some(known) = read(|kept| kept.by_digest.get(&*digest).copied()) {
        return Ok(known);
    }
    let checked = check(text, &[])?;
    // Of several threads that bring it at once, one keeps it.
    let mut kept = KEPT.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.by_digest.get(&*digest) {
        return Ok(known);
    }
    let digest: &'static str = digest.leak();
    let documented: &'static Documented = Box::leak(Box::new(Documented::registered(text, digest, checked, &Nothing)));
    kept.by_digest.insert(digest, documented);
    Ok(documented)
}

/// Gives a registered document functions that read its answers.
pub fn set_readers(key: &str, readers: Readers) {
    if let Some(documented) = registered(key) {
        documented.set_readers(readers);
    }
}

/// What a registration came to.
pub enum Registered {
    /// The provider has its name now.
    Done(&'static dyn Provider),
    /// The document is not sound.
    Mistaken(Mistakes),
    /// Another one has the name.
    Taken(Error),
}

/// Gives a document its name: from now on it is found by it. `replace` takes the name from another document.
pub fn register(text: &str, replace: bool) -> Registered {
    let documented = match kept(text) {
        Ok(documented) => documented,
        Err(mistakes) => return Registered::Mistaken(mistakes),
    };
    let name = documented.name();
    if All.built_in(name).is_some() {
        return Registered::Taken(Error::invalid(format!(
            "{name:?} is a built-in provider: give the document another name"
        )));
    }
    let mut kept = KEPT.write().unwrap_or_else(PoisonError::into_inner);
    let others = kept.by_name.get(name).and_then(|known| known.written());
    match (others, documented.written()) {
        (Some(known), Some(own)) if known != own && !replace => Registered::Taken(Error::invalid(format!(
            "{name:?} is registered already, by {known}, and this is {own}: pass replace=True to put it in its place"
        ))),
        _ => {
            kept.by_name.insert(name, documented);
            Registered::Done(documented)
        }
    }
}

/// All that can be found by name: the built-in ones, then those that are registered, by name.
pub fn all() -> Vec<&'static dyn Provider> {
    let registered = read(|kept| kept.by_name.values().copied().collect::<Vec<_>>());
    let registered = registered.into_iter().map(|documented| documented as &dyn Provider);
    BUILT_IN.iter().copied().chain(registered).collect()
}

/// The document of a provider, by its name or digest.
pub fn document(key: &str) -> Option<&'static Document> {
    let built_in = DOCUMENTED.iter().copied().find(|provider| provider.name() == key);
    built_in.or_else(|| registered(key)).map(Documented::document)
}

/// The registered provider of that name or digest; or that of a document which a plan has brought.
fn registered(key: &str) -> Option<&'static Documented> {
    read(|kept| {
        let found = kept.by_name.get(key).or_else(|| kept.by_digest.get(key)).copied();
        found.or_else(|| kept.by_digest.values().copied().find(|known| known.name() == key))
    })
}

/// The provider of that name, or that a document with this digest describes.
pub fn provider(key: &str) -> Option<&'static dyn Provider> {
    All.built_in(key)
        .or_else(|| registered(key).map(|documented| documented as &dyn Provider))
}
