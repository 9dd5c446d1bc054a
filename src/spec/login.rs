//! What an account must have, and how one that has no token of its own gets one.

use super::document::Document;
use crate::service::Account;
use crate::values::error::{Error, Kind, Result};
use crate::values::text::listed;

impl Document {
    /// Refuses an account without a secret that it needs, or that is not one in exactly one of the ways that there are.
    pub fn check_account(&self, account: &Account) -> Result<()> {
        let is_given = |name: &String| account.has(name) || account.settings.get(name).is_some();
        let mut fields = self.account.iter();
        let missing = fields.find(|(name, field)| {
            let may_be_secret = field.secret || field.rotates;
            may_be_secret && field.needed && !is_given(name)
        });
        match missing {
            Some((name, field)) if !field.secret => {
                let text = format!("{} needs the argument {name:?}: {}", self.class, field.doc);
                return Err(Error::new(Kind::WrongType, text));
            }
            Some((secret, _)) => {
                let is_vowel = secret.starts_with(['a', 'e', 'i', 'o', 'u']);
                let article = if is_vowel { "an" } else { "a" };
                return Err(Error::invalid(format!("{} needs {article} {secret}", self.title)));
            }
            None => {}
        }
        let given: Vec<&String> = self.ways.iter().flatten().filter(|name| is_given(name)).collect();
        let is_it = |way: &&Vec<String>| way.iter().all(is_given) && given.iter().all(|name| way.contains(name));
        if self.ways.is_empty() || self.ways.iter().any(|way| is_it(&way)) {
            return Ok(());
        }
        let ways: Vec<String> = self.ways.iter().map(|way| listed(way)).collect();
        let text = format!("{} needs exactly one of: {}", self.title, ways.join("; "));
        Err(Error::invalid(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::arguments::{Accepts, Argument, Arguments, Needed, Value, plain};

    const ID: &[Argument] = &[Argument {
        name: "id",
        accepts: Accepts::Text(plain),
        needed: Needed::Optional,
        doc: "",
    }];

    #[test]
    fn an_account_is_one_in_exactly_one_way() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let document = Document {
            title: "Acme".to_owned(),
            ways: vec![names(&["token"]), names(&["id", "secret"])],
            ..Document::default()
        };
        for (id, secrets, is_one) in [
            (None, &["token"][..], true),
            (Some("me"), &["secret"], true),
            (None, &[], false),
            (None, &["secret"], false),
            (Some("me"), &[], false),
            (Some("me"), &["token"], false),
            (Some("me"), &["token", "secret"], false),
        ] {
            let given = id.map(|id| ("id".to_owned(), Value::Text(id.to_owned())));
            let account = Account {
                name: "acme".to_owned(),
                base_url: String::new(),
                settings: Arguments::check("Acme()", ID, given.into_iter().collect()).unwrap(),
                secrets: secrets.to_vec(),
            };
            match document.check_account(&account) {
                Ok(()) => assert!(is_one, "{id:?} {secrets:?}"),
                Err(error) => {
                    assert_eq!(error.message, "Acme needs exactly one of: token; id and secret");
                    assert!(!is_one, "{id:?} {secrets:?}");
                }
            }
        }
    }
}
