//! What a provider says of itself.

use metertap::service::{Call, Facts, Operation};
use metertap::values::address::check_base_url;
use metertap::values::arguments::{Accepts, Argument, Needed};
use metertap::values::error::Kind;

use crate::common::{self, EXAMPLES};
use crate::subject::{Subject, has_own_row};

/// What every client takes besides its provider's fields.
const OPTIONS: &[&str] = &[
    "name",
    "base_url",
    "timeout",
    "retries",
    "max_concurrency",
    "max_per_second",
    "ca_file",
    "proxy",
    "on_event",
    "raw",
];

/// What every client has besides its operations.
const MEMBERS: &[&str] = &["name", "base_url", "provider", "from_env", "select"];

fn is_snake_case(name: &str) -> bool {
    let is_word = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split('_').all(is_word)
}

fn is_page(page: &str) -> bool {
    page.starts_with("https://") && url::Url::parse(page).is_ok_and(|url| url.host_str().is_some())
}

/// A sentence or a part of one, in one line.
fn is_doc(doc: &str) -> bool {
    doc.len() >= 8 && doc.trim() == doc && !doc.contains('\n') && !doc.contains("  ")
}

fn check_arguments(arguments: &[Argument]) {
    for (index, argument) in arguments.iter().enumerate() {
        assert!(is_snake_case(argument.name), "{}", argument.name);
        assert!(is_doc(argument.doc), "{}: {:?}", argument.name, argument.doc);
        assert!(
            !argument.doc.ends_with('.'),
            "{}: a doc goes on in a message",
            argument.name
        );
        let earlier = arguments.iter().take(index);
        assert!(
            earlier.clone().all(|other| other.name != argument.name),
            "{} twice",
            argument.name
        );
        assert!(
            earlier.clone().all(|other| other.doc != argument.doc),
            "{} says what another one says",
            argument.name
        );
        if !matches!(argument.needed, Needed::Required) {
            continue;
        }
        // Optional arguments have defaults in Python, and none without one may follow.
        assert!(
            earlier.clone().all(|other| matches!(other.needed, Needed::Required)),
            "{} is behind optional ones",
            argument.name
        );
    }
}

pub fn the_name_is_one_plain_word(subject: &Subject) {
    let facts = subject.facts();
    assert!(
        facts.name.bytes().all(|byte| byte.is_ascii_lowercase()),
        "{}",
        facts.name
    );
    assert!(!facts.title.is_empty() && facts.title.trim() == facts.title);
    assert!(is_page(facts.page), "{}", facts.page);
}

pub fn operations_have_their_own_snake_case_names(subject: &Subject) {
    let facts = subject.facts();
    assert!(!facts.operations.is_empty());
    let mut names: Vec<_> = facts.operations.iter().map(|operation| operation.name).collect();
    names.extend(facts.composites.iter().map(|composite| composite.name));
    for name in &names {
        assert!(is_snake_case(name), "{name}");
        assert!(!MEMBERS.contains(name), "{name} would hide what every client has");
        assert_eq!(
            names.iter().filter(|other| *other == name).count(),
            1,
            "{name} occurs twice"
        );
    }
}

pub fn every_operation_is_documented(subject: &Subject) {
    for operation in subject.facts().operations {
        assert!(
            is_doc(operation.doc) && operation.doc.ends_with('.'),
            "{}: {:?}",
            operation.name,
            operation.doc
        );
        assert!(is_page(operation.page), "{}: {:?}", operation.name, operation.page);
        assert!(
            !operation.wire.is_empty() && operation.wire.is_ascii(),
            "{}",
            operation.name
        );
    }
}

pub fn every_argument_is_documented(subject: &Subject) {
    for operation in subject.facts().operations {
        check_arguments(operation.arguments);
    }
}

pub fn settings_and_secrets_are_documented(subject: &Subject) {
    let Facts { settings, secrets, .. } = subject.facts();
    assert!(!secrets.is_empty());
    for (index, setting) in settings.iter().enumerate() {
        check_arguments(&settings[index..=index]);
        assert!(
            settings[..index].iter().all(|other| other.name != setting.name),
            "{} twice",
            setting.name
        );
    }
    for secret in *secrets {
        assert!(is_snake_case(secret.name) && is_doc(secret.doc), "{}", secret.name);
    }
}

pub fn no_field_hides_an_option_of_every_client(subject: &Subject) {
    let Facts { settings, secrets, .. } = subject.facts();
    for setting in *settings {
        assert!(!OPTIONS.contains(&setting.name), "{}", setting.name);
        assert!(
            secrets.iter().all(|secret| secret.name != setting.name),
            "{} is both",
            setting.name
        );
    }
    for secret in *secrets {
        assert!(!OPTIONS.contains(&secret.name), "{}", secret.name);
    }
    for argument in subject
        .facts()
        .operations
        .iter()
        .flat_map(|operation| operation.arguments)
    {
        assert_ne!(argument.name, "raw", "every method has a raw of its own");
    }
}

pub fn the_keywords_of_a_client_are_its_settings_and_secrets(subject: &Subject) {
    let facts = subject.facts();
    let settings = facts.settings.iter().map(|setting| setting.name);
    let mut fields: Vec<_> = settings.chain(facts.secrets.iter().map(|secret| secret.name)).collect();
    let mut keywords = facts.keywords.to_vec();
    fields.sort_unstable();
    keywords.sort_unstable();
    assert_eq!(keywords, fields);
    for setting in facts.settings {
        let required = facts.required.contains(&setting.name);
        assert!(
            required || !matches!(setting.needed, Needed::Required),
            "{}",
            setting.name
        );
    }
    // Those come first, as in a signature.
    let first = facts.keywords.get(..facts.required.len());
    assert_eq!(first, Some(facts.required));
}

pub fn the_client_class_has_a_name_and_a_doc_of_its_own(subject: &Subject) {
    let facts = subject.facts();
    let is_camel_case = facts.class.starts_with(|first: char| first.is_ascii_uppercase())
        && facts.class.bytes().all(|byte| byte.is_ascii_alphanumeric());
    assert!(is_camel_case, "{}", facts.class);
    for paragraph in facts.doc.split("\n\n").chain(facts.notes.split("\n\n")) {
        assert!(paragraph.is_empty() || is_doc(paragraph), "{paragraph:?}");
    }
    assert!(!facts.doc.is_empty() && facts.doc.ends_with('.'), "{:?}", facts.doc);
}

pub fn what_is_said_of_an_operation_is_whole_sentences(subject: &Subject) {
    let facts = subject.facts();
    let of = |operation: &Operation| (operation.name, operation.prose);
    let all = facts.operations.iter().map(of);
    for (name, prose) in all.chain(
        facts
            .composites
            .iter()
            .map(|composite| (composite.name, composite.prose)),
    ) {
        for text in [prose.returns, prose.raw, prose.notes] {
            assert!(
                text.is_empty() || is_doc(text) && text.ends_with('.'),
                "{name}: {text:?}"
            );
        }
        for (class, when) in prose.raises {
            assert!(is_doc(when) && when.ends_with('.'), "{name}: {class}: {when:?}");
        }
        assert!(
            prose.example.is_empty() || prose.example.starts_with(">>> "),
            "{name}: {:?}",
            prose.example
        );
        assert_eq!(prose.example.trim_end(), prose.example, "{name}");
    }
}

pub fn variables_are_those_of_known_fields(subject: &Subject) {
    let Facts {
        settings,
        secrets,
        environment,
        ..
    } = subject.facts();
    for (field, variable) in *environment {
        let known =
            settings.iter().any(|setting| setting.name == *field) || secrets.iter().any(|secret| secret.name == *field);
        assert!(known, "{variable} is for {field}, which is no field");
        assert!(
            variable
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'),
            "{variable}"
        );
    }
}

pub fn limits_are_sane(subject: &Subject) {
    let facts = subject.facts();
    assert!((1..=64).contains(&facts.concurrency), "{}", facts.concurrency);
    if let Some(rate) = facts.per_second {
        assert!(rate.is_finite() && rate > 0.0, "{rate}");
    }
}

pub fn addresses_are_encrypted(subject: &Subject) {
    if let Some(base_url) = subject.facts().base_url {
        assert_eq!(check_base_url(base_url).unwrap(), base_url);
        assert!(base_url.starts_with("https://"), "{base_url}");
    }
}

pub fn composites_are_made_of_plain_operations(subject: &Subject) {
    for composite in subject.facts().composites {
        assert!(
            composite.parts.len() >= 2 && is_doc(composite.doc),
            "{}",
            composite.name
        );
        assert!(
            composite.record.starts_with(|first: char| first.is_ascii_uppercase()),
            "{}",
            composite.record
        );
        for part in composite.parts {
            let call = Call::new(subject.provider, part, Vec::new());
            assert!(
                call.is_ok(),
                "{part} of {} cannot be called without arguments",
                composite.name
            );
        }
    }
}

pub fn ranges_are_two_moments(subject: &Subject) {
    for operation in subject.facts().operations {
        let Some((start, end)) = operation.range else { continue };
        assert_ne!(start, end);
        for name in [start, end] {
            let argument = operation.arguments.iter().find(|argument| argument.name == name);
            let accepts = argument
                .unwrap_or_else(|| panic!("{} has no {name}", operation.name))
                .accepts;
            assert!(
                matches!(accepts, Accepts::Moment | Accepts::MomentOrMilliseconds),
                "{}: {name}",
                operation.name
            );
        }
    }
}

pub fn every_operation_only_reads(subject: &Subject) {
    for operation in subject.facts().operations {
        assert!(
            operation.repeatable,
            "{} reads, so sending it twice does no harm",
            operation.name
        );
    }
}

pub fn every_operation_has_example_arguments(subject: &Subject) {
    assert_eq!(subject.calls().len(), subject.facts().operations.len());
    let (account, _) = subject.account();
    for call in subject.calls() {
        let request = subject.provider.request(&account, &call);
        assert!(request.is_ok(), "{}: {:?}", call.operation.name, request.err());
    }
    // No row is for an operation that is gone.
    let name = subject.facts().name;
    for (_, operation, _) in EXAMPLES.iter().filter(|(of, _, _)| *of == name) {
        let known = subject.facts().operations.iter().any(|known| known.name == *operation);
        assert!(known || *operation == "*", "{name} has no operation {operation}");
    }
    let uses_the_rest = subject
        .facts()
        .operations
        .iter()
        .any(|operation| !has_own_row(name, operation.name));
    assert!(uses_the_rest, "the row * of {name} is for nothing");
}

pub fn an_account_without_secrets_is_refused(subject: &Subject) {
    let base_url = common::base_url(subject.provider);
    let is_secret = |name: &str| subject.facts().secrets.iter().any(|secret| secret.name == name);
    assert_eq!(subject.accounts().len(), subject.ways.len());
    for way in &subject.ways {
        let mut fields = way.clone();
        fields.retain(|(name, _)| !is_secret(name));
        let error = common::account(subject.provider, base_url, &fields).expect_err("no secret");
        assert_eq!(error.kind, Kind::InvalidArgument);
        assert!(!error.message.contains('\n') && error.message.len() > 10, "{error}");
    }
}
