//! The providers: what each service offers, how a question becomes a request, and what its answers mean.
//!
//! A provider is pure: same input, same output; no clock, no network, no globals. It is a document, a file of TOML, and
//! code beside it where a document cannot say something.

pub mod devicewise;
pub mod documented;
pub mod registry;
pub mod ricoh;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod uipath;
pub mod volcengine;

use documented::{Documented, Nothing};
pub use registry::{document, provider};

use crate::service::Provider;

static RICOH: Documented = Documented::new("ricoh", include_str!("ricoh.toml"), &ricoh::Bills);
static SORA: Documented = Documented::new("sora", include_str!("sora.toml"), &Nothing);
static DEVICEWISE: Documented = Documented::new("devicewise", include_str!("devicewise.toml"), &devicewise::Tr50);
static UIPATH: Documented = Documented::new("uipath", include_str!("uipath.toml"), &uipath::UiPath);
static VOLCENGINE: Documented = Documented::new("volcengine", include_str!("volcengine.toml"), &volcengine::Beside);

/// Those that are documents.
static DOCUMENTED: &[&Documented] = &[&SORA, &RICOH, &UIPATH, &DEVICEWISE, &VOLCENGINE];

/// All providers that are built in: the one list.
pub static BUILT_IN: &[&dyn Provider] = &[&SORA, &RICOH, &UIPATH, &DEVICEWISE, &VOLCENGINE];
