//! Documents that are registered: kept once, found by name and by digest, carried by plans.

use jiff::Timestamp;

use super::documents::SOUND;
use crate::plan::{Part, Plan, PlannedAccount, Question};
use crate::providers::registry::{All, Registered, all, provider, register};
use crate::service::{Provider, Registry};
use crate::values::error::Result;
use crate::values::window::{Instant, Window};
use crate::values::zone::Zone;

/// A sound document of this name, with this title. Tests run at once, so that each has a name of its own.
fn document(name: &str, title: &str) -> String {
    SOUND
        .replace("name = \"acme\"", &format!("name = \"{name}\""))
        .replace("Acme Cloud\"", &format!("{title}\""))
}

fn done(text: &str, replace: bool) -> &'static dyn Provider {
    match register(text, replace) {
        Registered::Done(provider) => provider,
        Registered::Mistaken(mistakes) => panic!("{mistakes:?}"),
        Registered::Taken(error) => panic!("{error}"),
    }
}

fn taken(text: &str) -> String {
    match register(text, false) {
        Registered::Taken(error) => error.message.clone(),
        Registered::Done(_) | Registered::Mistaken(_) => panic!("it was not taken"),
    }
}

fn digest(provider: &dyn Provider) -> &'static str {
    provider.written().unwrap().digest
}

fn plan(providers: &[&'static dyn Provider]) -> Result<Plan> {
    let instant = |text: &str| Instant::parse(text).unwrap();
    let part = |(place, provider): (usize, &&'static dyn Provider)| Part {
        account: PlannedAccount {
            name: format!("account {place}"),
            provider: provider.name(),
            per_second: None,
            concurrency: 1,
            identity: String::new(),
        },
        provider: *provider,
        selection: Vec::new(),
    };
    Plan::make(&Question {
        window: Window::new(instant("2026-01-01T00:00:00Z"), instant("2026-02-01T00:00:00Z")).unwrap(),
        now: "2026-03-01T00:00:00Z".parse::<Timestamp>().unwrap(),
        zone: Zone::utc(),
        every: None,
        parts: providers.iter().enumerate().map(part).collect(),
    })
}

#[test]
fn a_document_is_kept_once_however_often_it_comes() {
    let text = document("kept_once", "Kept");
    let first = done(&text, false);
    for _ in 0..100 {
        assert!(std::ptr::eq(first.facts(), done(&text, false).facts()));
        assert!(std::ptr::eq(first.facts(), All.described(&text).unwrap().facts()));
    }
    let named = all().into_iter().filter(|provider| provider.name() == "kept_once");
    assert_eq!(named.count(), 1);
}

#[test]
fn a_name_that_is_taken_is_told_with_both_digests_and_given_away_only_on_purpose() {
    let (one, other) = (document("twice", "One"), document("twice", "Other"));
    let first = done(&one, false);
    let message = taken(&other);
    let second = All.described(&other).unwrap();
    let [old, new] = [first, second].map(|provider| digest(provider)[..12].to_owned());
    assert_eq!(
        message,
        format!(
            "\"twice\" is registered already, by document {old}, and this is document {new}: pass replace=True to put it in \
             its place"
        )
    );
    assert_eq!(provider("twice").unwrap().facts().title, "One");
    assert!(std::ptr::eq(done(&other, true).facts(), second.facts()));
    assert_eq!(provider("twice").unwrap().facts().title, "Other");
    assert_eq!(provider(digest(first)).unwrap().facts().title, "One");
    assert_eq!(
        taken(&document("sora", "Another")),
        "\"sora\" is a built-in provider: give the document another name"
    );
}

#[test]
fn a_plan_carries_the_document_it_was_made_with_and_knows_no_other() {
    let (one, other) = (document("carried", "One"), document("carried", "Other"));
    let made = plan(&[done(&one, false)]).unwrap();
    done(&other, true);
    let text = made.to_json();
    let read = Plan::from_json(&text, &All).unwrap();
    assert_eq!(read, made);
    assert_eq!(read.provider("carried").unwrap().facts().title, "One");
    let reason = |text: &str| Plan::from_json(text, &All).unwrap_err().message.clone();
    assert_eq!(
        reason(&text.replace("\\\"One\\\"", "\\\"Two\\\"")),
        "the plan cannot be read: its document is damaged"
    );
    let from = text.find("{\"sha256\"").unwrap();
    let to = text.find("],\"accounts\"").unwrap();
    let without = format!("{}{}", &text[..from], &text[to..]);
    assert_eq!(
        reason(&without),
        "the plan cannot be read: there is no provider \"carried\""
    );
}

#[test]
fn a_question_to_two_documents_of_one_name_is_refused_with_both_digests() {
    let (one, other) = (document("mixed", "One"), document("mixed", "Other"));
    let both = [done(&one, false), done(&other, true)];
    let [old, new] = both.map(|provider| digest(provider)[..12].to_owned());
    let expected = format!(
        "mixed is described by two documents here, document {old} and document {new}: make all of its clients with one of \
         them, and plan anew"
    );
    assert_eq!(plan(&both).unwrap_err().message, expected);
    let [one, other] = both.map(|provider| plan(&[provider]).unwrap());
    assert_eq!(Plan::union(&[&one, &other]).unwrap_err().message, expected);
    assert_eq!(Plan::union(&[&one, &one]).unwrap().providers.len(), 1);
}
