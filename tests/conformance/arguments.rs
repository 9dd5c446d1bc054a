//! Wrong arguments: refused before anything is sent, in one sentence.

use jiff::{SignedDuration, Timestamp};
use metertap::service::{Call, Request};
use metertap::values::arguments::{Accepts, Argument, Needed, Value};
use metertap::values::error::{Error, Kind, Result};
use metertap::values::window::Instant;

use crate::subject::{Given, Subject};

/// Every operation with every one of its arguments.
fn each(subject: &Subject) -> impl Iterator<Item = (&'static str, &'static Argument)> {
    let operations = subject.facts().operations.iter();
    operations.flat_map(|operation| operation.arguments.iter().map(|argument| (operation.name, argument)))
}

#[allow(clippy::needless_pass_by_value)] // reads better where it is called
fn refusal(subject: &Subject, operation: &str, given: Given) -> Error {
    let outcome = ask(subject, operation, given.clone());
    let error = outcome.err().unwrap_or_else(|| panic!("{operation} took {given:?}"));
    assert!(
        !error.message.contains('\n') && !error.message.is_empty(),
        "{operation}: {:?}",
        error.message
    );
    assert_eq!(error.attempts, 0);
    error
}

/// The request that these arguments lead to.
fn ask(subject: &Subject, operation: &str, given: Given) -> Result<Request> {
    let call = Call::new(subject.provider, operation, given)?;
    subject.provider.request(&subject.account().0, &call)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub fn required_ones_must_be_given(subject: &Subject) {
    for (operation, argument) in each(subject).filter(|(_, argument)| matches!(argument.needed, Needed::Required)) {
        for given in [None, Some(Value::Nothing)] {
            let mut left = subject.example(operation);
            left.retain(|(name, _)| name != argument.name);
            left.extend(given.map(|nothing| (argument.name.to_owned(), nothing)));
            let error = refusal(subject, operation, left);
            assert_eq!(error.kind, Kind::WrongType);
            assert!(
                error
                    .message
                    .contains(&format!("needs the argument {:?}", argument.name)),
                "{error}"
            );
        }
    }
}

pub fn unknown_ones_are_refused_with_a_suggestion(subject: &Subject) {
    for (operation, argument) in each(subject) {
        let error = refusal(
            subject,
            operation,
            subject.example_with(operation, &format!("{}x", argument.name), text("a")),
        );
        assert_eq!(error.kind, Kind::WrongType);
        assert!(
            error.message.starts_with(&format!("{operation}() has no argument")),
            "{error}"
        );
        assert!(
            error.message.contains(&format!("did you mean {:?}?", argument.name)),
            "{error}"
        );
    }
    for operation in subject.facts().operations {
        let error = refusal(
            subject,
            operation.name,
            subject.example_with(operation.name, "zzz", text("a")),
        );
        assert!(error.message.contains("\"zzz\""), "{error}");
    }
}

pub fn unknown_operations_are_refused_with_a_suggestion(subject: &Subject) {
    for operation in subject.facts().operations {
        let error = refusal(subject, &format!("{}x", operation.name), Vec::new());
        assert_eq!(error.kind, Kind::InvalidArgument);
        assert!(
            error.message.contains(&format!("did you mean {:?}?", operation.name)),
            "{error}"
        );
    }
}

pub fn wrong_types_are_refused(subject: &Subject) {
    let instant = Instant::utc(Timestamp::UNIX_EPOCH);
    let all = [
        Value::Flag(true),
        Value::Whole(1),
        Value::Number("1.5".to_owned()),
        text("a"),
        Value::Instant(instant),
        Value::Day(jiff::civil::date(2026, 5, 1)),
        Value::List(vec![Value::Whole(1)]),
        Value::List(vec![Value::Nothing]),
        Value::Map(Vec::new()),
    ];
    for (operation, argument) in each(subject) {
        for value in all.iter().filter(|value| !is_of_type(argument.accepts, value)) {
            let error = refusal(
                subject,
                operation,
                subject.example_with(operation, argument.name, value.clone()),
            );
            assert_eq!(error.kind, Kind::WrongType, "{operation} {value:?}: {error}");
            assert!(
                error.message.starts_with(&format!("{} must be ", argument.name)),
                "{error}"
            );
        }
    }
}

fn is_of_type(accepts: Accepts, value: &Value) -> bool {
    match accepts {
        Accepts::Flag => matches!(value, Value::Flag(_)),
        Accepts::Whole(..) | Accepts::WholeOf(_) => matches!(value, Value::Whole(_)),
        Accepts::Text(_) | Accepts::OneOf(_) | Accepts::Texts(_) | Accepts::SomeOf(_) => {
            matches!(value, Value::Text(_))
        }
        Accepts::Moment => matches!(value, Value::Instant(_) | Value::Day(_) | Value::Text(_)),
        Accepts::MomentOrMilliseconds => {
            matches!(
                value,
                Value::Instant(_) | Value::Day(_) | Value::Text(_) | Value::Whole(_)
            )
        }
        Accepts::Dict => matches!(value, Value::Map(_)),
        Accepts::Dicts => false,
    }
}

pub fn wrong_values_are_refused(subject: &Subject) {
    for (operation, argument) in each(subject) {
        for value in wrong_values(subject.facts().name, argument) {
            let error = refusal(
                subject,
                operation,
                subject.example_with(operation, argument.name, value.clone()),
            );
            assert_eq!(error.kind, Kind::InvalidArgument, "{operation} {value:?}: {error}");
            assert!(
                error.message.starts_with(argument.name),
                "{operation} {value:?}: {error}"
            );
        }
    }
}

/// Arguments that a page calls a string and no more, each with what cannot be sent as it all the same.
const ANY_TEXT: &[(&str, &str, &[&str])] = &[("ricoh", "label", &["", ".", ".."]), ("ricoh", "starts_with", &[])];

fn wrong_values(provider: &str, argument: &Argument) -> Vec<Value> {
    let mut any = ANY_TEXT.iter();
    if let Some((_, _, wrong)) = any.find(|any| (any.0, any.1) == (provider, argument.name)) {
        return wrong.iter().map(|word| text(word)).collect();
    }
    match argument.accepts {
        Accepts::Flag | Accepts::Dict | Accepts::Dicts => Vec::new(),
        Accepts::Whole(low, high) => vec![Value::Whole(low - 1), Value::Whole(high + 1)],
        Accepts::WholeOf(allowed) => vec![Value::Whole(allowed.iter().max().unwrap() + 1), Value::Whole(-1)],
        Accepts::Text(_) => vec![text(""), text(" "), text("two\nlines"), text("nul\0")],
        Accepts::OneOf(allowed) => vec![
            text(""),
            text(&allowed[0].to_uppercase().replace(char::is_alphanumeric, "?")),
        ],
        Accepts::Texts(_) | Accepts::SomeOf(_) => {
            vec![text(""), Value::List(Vec::new()), Value::List(vec![text("two\nlines")])]
        }
        Accepts::Moment => naive(),
        Accepts::MomentOrMilliseconds => [naive(), vec![Value::Whole(1_767_225_600)]].concat(),
    }
}

fn naive() -> Vec<Value> {
    let texts = [
        "",
        "yesterday",
        "2026-05-01T00:00:00",
        "2026-05-01 00:00",
        "2026-13-01",
        "2026-05-01T25:00:00Z",
    ];
    texts.iter().map(|word| text(word)).collect()
}

pub fn none_is_the_same_as_nothing(subject: &Subject) {
    for (operation, argument) in each(subject).filter(|(_, argument)| !matches!(argument.needed, Needed::Required)) {
        if subject.example(operation).iter().any(|(name, _)| name == argument.name) {
            continue;
        }
        let with_none = ask(
            subject,
            operation,
            subject.example_with(operation, argument.name, Value::Nothing),
        )
        .unwrap();
        let without = ask(subject, operation, subject.example(operation)).unwrap();
        assert_eq!(
            (with_none.url, with_none.body),
            (without.url, without.body),
            "{operation} {}",
            argument.name
        );
    }
}

pub fn defaults_can_be_given(subject: &Subject) {
    for (operation, argument) in each(subject) {
        let default = match argument.needed {
            Needed::Required | Needed::Optional => continue,
            Needed::Flag(truth) => Value::Flag(truth),
            Needed::Whole(number) => Value::Whole(number),
            Needed::Text(default) => text(default),
        };
        let given = ask(
            subject,
            operation,
            subject.example_with(operation, argument.name, default),
        )
        .unwrap();
        let without = ask(subject, operation, subject.example(operation)).unwrap();
        assert_eq!(
            (given.url, given.body),
            (without.url, without.body),
            "{operation} {}",
            argument.name
        );
    }
}

pub fn a_range_runs_forward(subject: &Subject) {
    for operation in subject.facts().operations {
        let Some((start, end)) = operation.range else { continue };
        for (from, to) in [
            ("2026-05-02", "2026-05-02"),
            ("2026-05-02", "2026-05-01"),
            ("2026-05-02T00:00:00+09:00", "2026-05-01T15:00:00Z"),
        ] {
            let mut given = subject.example_with(operation.name, start, text(from));
            given.retain(|(name, _)| name != end);
            given.push((end.to_owned(), text(to)));
            let error = refusal(subject, operation.name, given);
            assert_eq!(error.kind, Kind::InvalidArgument);
            assert!(
                error.message.starts_with(&format!("{start} ("))
                    && error.message.contains(&format!(" must be before {end} (")),
                "{error}"
            );
        }
    }
}

pub fn fractions_of_a_second_make_a_range_longer_or_are_refused(subject: &Subject) {
    for operation in subject.facts().operations {
        let Some((start, end)) = operation.range else { continue };
        let call = Call::new(subject.provider, operation.name, subject.example(operation.name)).unwrap();
        // They may be rounded outwards, so those that make it longer must be seen in the request.
        for (edge, sign) in [(start, -1), (end, 1)] {
            let Some(whole) = call.arguments.instant(edge) else {
                continue;
            };
            let asked = |shift: SignedDuration| {
                let at = Instant {
                    at: whole.at + shift * sign,
                    ..whole
                };
                let given = subject.example_with(operation.name, edge, Value::Instant(at));
                ask(subject, operation.name, given)
            };
            let sent = asked(SignedDuration::ZERO).unwrap();
            for shift in [SignedDuration::from_millis(500), SignedDuration::from_micros(1)] {
                match asked(shift) {
                    Ok(other) => assert!(
                        (&other.url, &other.body) != (&sent.url, &sent.body),
                        "{} {edge}: {shift:?} is lost",
                        operation.name
                    ),
                    Err(error) => assert_eq!(error.kind, Kind::InvalidArgument, "{error}"),
                }
            }
        }
    }
}
