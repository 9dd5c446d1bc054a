//! Volcengine Live: storage, traffic, bandwidth and more, by signed calls of at most 93 days each.

mod meters;
pub mod model;
mod query;
mod read;
mod readings;

use jiff::Timestamp;

use crate::meters::{Buckets, Sink};
use crate::service::{self, Account, Asked, Call, Facts, PlannedCall, Proof, Provider, Reply, Request, SecretField};
use crate::signing::volcengine::Signer;
use crate::values::arguments::{Accepts, Argument, Arguments, Needed, Value, plain, word};
use crate::values::error::{Error, Kind, Result};
use crate::values::json::Json;
use crate::values::shape::Typed;
use crate::values::window::Window;

/// The provider.
#[derive(Debug)]
pub struct Volcengine;

/// The service's name in signatures.
const SERVICE: &str = "live";

static FACTS: Facts = Facts {
    name: "volcengine",
    class: "Volcengine",
    title: "Volcengine Live",
    base_url: Some("https://live.volcengineapi.com"),
    doc: "Volcengine Live (version 2023-01-01): storage, traffic, bandwidth and other usage of live streaming.\n\n\
          Every usage call is a method named after its action: ``DescribeLiveTrafficData`` is `traffic_data`.",
    notes: "The page of these calls (its revision of 2023) allows 100 requests a second; the revision of December 2024 says \
            30. What `max_per_second` does not set stays below the smaller one.",
    page: "https://www.volcengine.com/docs/6469/1126905",
    settings: &[
        Argument {
            name: "access_key",
            accepts: Accepts::Text(key_id),
            // An account has it among its secrets instead, if it changes together with its secret.
            needed: Needed::Optional,
            doc: "the id of the access key; where it changes together with its secret, both may be callables: they are asked together, so that what signs a request is always a pair",
        },
        Argument {
            name: "region",
            accepts: Accepts::Text(word),
            // Live is not regional: any region is accepted in the signature.
            needed: Needed::Text("cn-north-1"),
            doc: "the region that signatures name, one word",
        },
    ],
    secrets: &[
        SecretField {
            name: "secret_key",
            doc: "the access key's secret",
        },
        SecretField {
            name: "session_token",
            doc: "the token that belongs to a temporary key",
        },
    ],
    keywords: &["access_key", "secret_key", "session_token", "region"],
    required: &["access_key", "secret_key"],
    // The newer client's variables come first, since they alone have a token.
    environment: &[
        ("access_key", "VOLCENGINE_ACCESS_KEY"),
        ("access_key", "VOLC_ACCESSKEY"),
        ("secret_key", "VOLCENGINE_SECRET_KEY"),
        ("secret_key", "VOLC_SECRETKEY"),
        ("session_token", "VOLCENGINE_SESSION_TOKEN"),
    ],
    operations: model::OPERATIONS,
    sources: meters::SOURCES,
    selection: meters::SELECTION,
    composites: &[],
    concurrency: 8,
    // The revision of December 2024; the one of 2023 allowed 100.
    per_second: Some(30.0),
};

impl Provider for Volcengine {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn rotating(&self) -> &'static [&'static str] {
        &["access_key"]
    }

    fn check_account(&self, account: &Account) -> Result<()> {
        if account.setting("access_key").is_none() && !account.has("access_key") {
            let text = "Volcengine needs the argument \"access_key\": the id of the access key";
            return Err(Error::new(Kind::WrongType, text));
        }
        if account.has("secret_key") {
            return Ok(());
        }
        Err(Error::invalid("Volcengine needs a secret_key beside the access_key"))
    }

    fn request(&self, account: &Account, call: &Call) -> Result<Request> {
        query::request(account, call)
    }

    fn sign(&self, account: &Account, request: &mut Request, proof: &Proof<'_>) -> Result<()> {
        let setting = |name: &str| {
            let found = account.setting(name);
            found.ok_or_else(|| Error::new(Kind::Internal, format!("the account has no {name}")))
        };
        let session_token = if account.has("session_token") {
            Some(proof.secrets.get("session_token")?)
        } else {
            None
        };
        let access_key = if account.has("access_key") {
            let changing = proof.secrets.get("access_key")?.expose();
            key_id(changing).map_err(|problem| Error::invalid(format!("access_key {problem}")))?;
            changing
        } else {
            setting("access_key")?
        };
        let signer = Signer {
            access_key,
            secret_key: proof.secrets.get("secret_key")?,
            session_token,
            region: setting("region")?,
            service: SERVICE,
        };
        signer.sign(request, proof.now)
    }

    fn asked_for<'a>(&self, call: &'a Call) -> &'a str {
        call.arguments.text("action").unwrap_or(call.operation.wire)
    }

    fn request_id(&self, reply: &Reply, document: &Json<'_>) -> Option<String> {
        read::request_id(reply, document)
    }

    fn answer<'b>(&self, call: &Call, reply: &'b Reply) -> Result<Json<'b>> {
        let document = read::answer(reply)?;
        read::refuse_more(call, &document)?;
        Ok(document)
    }

    fn typed(&self, call: &Call, document: &Json<'_>) -> Result<Typed> {
        read::typed(call, document)
    }

    fn asked(&self, selection: &Arguments) -> Result<Vec<Asked>> {
        meters::asked(&FACTS, selection)
    }

    fn asked_by(&self, call: &Call, at: Timestamp) -> Result<Option<(Asked, Window)>> {
        let mut found = service::asked_by(&FACTS, call, at)?;
        if let (Some((asked, _)), Some(seconds)) = (&mut found, call.arguments.whole("aggregation"))
            && let Buckets::Every(_, offset) = asked.buckets
        {
            asked.buckets = Buckets::Every(seconds, offset);
        }
        Ok(found)
    }

    fn next(&self, asked: &Call, latest: &Call, whole: &Json<'_>) -> Result<Option<Call>> {
        let page = read::next_page(asked, latest, whole)?;
        let Some(page) = page else { return Ok(None) };
        let given = asked
            .arguments
            .iter()
            .map(|(name, value)| (name.to_owned(), value.clone()));
        let given = given.chain([("page_num".to_owned(), Value::Whole(page))]);
        Call::new(self, asked.operation.name, given.collect()).map(Some)
    }

    fn join(&self, asked: &Call, whole: &mut Json<'static>, page: Json<'static>) -> Result<()> {
        read::join(asked, whole, page)
    }

    fn readings(
        &self,
        call: &PlannedCall,
        document: &Json<'_>,
        fetched_at: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        readings::readings(call, document, fetched_at, sink)
    }
}

/// Accepts an access key's id. It stands in front of a slash in the signature's scope, in a list with commas.
fn key_id(text: &str) -> std::result::Result<(), String> {
    plain(text)?;
    if text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"/,".contains(&byte))
    {
        return Ok(());
    }
    Err("must be one word of ASCII characters without slash and comma".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Secrets;
    use crate::values::arguments::{Arguments, Value};
    use crate::values::secret::Secret;

    fn account(secrets: &[&'static str]) -> Account {
        let given = vec![("access_key".to_owned(), Value::Text("AKLTexamplepublic0001".to_owned()))];
        Account {
            name: "acme".to_owned(),
            base_url: "https://live.volcengineapi.com".to_owned(),
            settings: Arguments::check("Volcengine()", FACTS.settings, given).unwrap(),
            secrets: secrets.to_vec(),
        }
    }

    #[test]
    fn the_published_question_gets_the_signature_of_the_vendors_clients() {
        let text = |text: &str| Value::Text(text.to_owned());
        let given = [
            ("start", text("2022-02-11T00:00:00+08:00")),
            ("end", text("2022-02-18T00:00:00+08:00")),
            ("vhosts", text("www.example.com")),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let call = Call::new(&Volcengine, "time_shift_data", given).unwrap();
        let secrets = Secrets(vec![
            ("secret_key", Secret::new("c2VjcmV0LWV4YW1wbGUtbm90LXJlYWw=")),
            ("session_token", Secret::new("token")),
        ]);
        let proof = Proof {
            secrets: &secrets,
            token: None,
            now: "2024-03-15T08:09:10Z".parse().unwrap(),
        };
        let signed = |account: &Account| {
            let mut request = Volcengine.request(account, &call).unwrap();
            Volcengine.sign(account, &mut request, &proof).unwrap();
            request.headers
        };
        let headers = signed(&account(&["secret_key"]));
        let (_, authorization) = headers.iter().find(|(name, _)| *name == "authorization").unwrap();
        assert!(
            authorization.ends_with("Signature=575a4f056ed0bcc4acad67a14569153ac962604aba1008fd302fa012c7e83903"),
            "{authorization}"
        );
        assert!(headers.iter().all(|(name, _)| *name != "x-security-token"));
        let headers = signed(&account(&["secret_key", "session_token"]));
        assert!(headers.contains(&("x-security-token", "token".to_owned())));
    }

    #[test]
    fn an_account_has_a_key_and_its_secret() {
        assert!(Volcengine.check_account(&account(&["secret_key"])).is_ok());
        assert!(Volcengine.check_account(&account(&["session_token"])).is_err());
        let mut nobody = account(&["secret_key"]);
        nobody.settings = Arguments::check("Volcengine()", FACTS.settings, Vec::new()).unwrap();
        assert!(Volcengine.check_account(&nobody).is_err());
        nobody.secrets.push("access_key");
        assert!(Volcengine.check_account(&nobody).is_ok());
    }
}
