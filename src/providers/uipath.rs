//! What the document of `UiPath` cannot say: how its organization is named.

use super::documented::Beside;
use crate::service::{Account, Call, Request};
use crate::spec::document::Document;
use crate::values::error::{Error, Result};
use crate::values::text::encode;

/// What stands beside the document.
pub struct UiPath;

impl Beside for UiPath {
    fn check_account(&self, account: &Account) -> Result<()> {
        let (name, id) = (
            account.setting("organization_name"),
            account.setting("organization_id").unwrap_or_default(),
        );
        if name.is_none() && has_segment(account) {
            return Err(Error::invalid("organization_segment needs organization_name"));
        }
        if name.is_some_and(|name| name.eq_ignore_ascii_case(id)) {
            let text = "organization_name is the name in the browser's address, not the GUID";
            return Err(Error::invalid(text));
        }
        Ok(())
    }

    fn request(&self, document: &Document, account: &Account, call: &Call) -> Result<Request> {
        let mut request = document.request(account, call)?;
        if has_segment(account) {
            let name = encode(account.setting("organization_name").unwrap_or_default());
            request.url.insert_str(account.base_url.len(), &format!("/{name}"));
        }
        Ok(request)
    }
}

fn has_segment(account: &Account) -> bool {
    account.settings.flag("organization_segment") == Some(true)
}
