//! What every provider must hold: one suite over the registry, so that a new provider gets it for free.
//!
//! A check is a function over one [`Subject`]; the table below makes a test of each, which runs it over all providers.
//! Checks on paper need no network, and a toy provider passes them, too; the others need a simulated service.

#![cfg(all(feature = "client", feature = "simulator"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

#[path = "../common/mod.rs"]
mod common;

mod arguments;
mod facts;
mod replies;
mod requests;
mod service;
mod subject;

use subject::{Subject, registered, with_toy};

/// Makes a test of every check, and the list of their names.
macro_rules! checks {
    ($list:ident, $subjects:ident: $($module:ident::$check:ident,)*) => {
        $(
            #[test]
            fn $check() {
                run(&$subjects(), $module::$check);
            }
        )*
        const $list: &[&str] = &[$(stringify!($check)),*];
    };
}

checks! { ON_PAPER, with_toy:
    facts::the_name_is_one_plain_word,
    facts::operations_have_their_own_snake_case_names,
    facts::every_operation_is_documented,
    facts::every_argument_is_documented,
    facts::settings_and_secrets_are_documented,
    facts::no_field_hides_an_option_of_every_client,
    facts::the_keywords_of_a_client_are_its_settings_and_secrets,
    facts::the_client_class_has_a_name_and_a_doc_of_its_own,
    facts::what_is_said_of_an_operation_is_whole_sentences,
    facts::variables_are_those_of_known_fields,
    facts::limits_are_sane,
    facts::addresses_are_encrypted,
    facts::composites_are_made_of_plain_operations,
    facts::ranges_are_two_moments,
    facts::every_operation_only_reads,
    facts::every_operation_has_example_arguments,
    facts::an_account_without_secrets_is_refused,
    arguments::required_ones_must_be_given,
    arguments::unknown_ones_are_refused_with_a_suggestion,
    arguments::unknown_operations_are_refused_with_a_suggestion,
    arguments::wrong_types_are_refused,
    arguments::wrong_values_are_refused,
    arguments::none_is_the_same_as_nothing,
    arguments::defaults_can_be_given,
    arguments::a_range_runs_forward,
    arguments::fractions_of_a_second_make_a_range_longer_or_are_refused,
    requests::requests_are_pure,
    requests::requests_stay_below_the_base_url,
    requests::a_path_in_the_base_url_is_kept,
    requests::unsigned_requests_hold_no_secret,
    requests::signing_adds_something_and_moves_nothing,
    requests::signing_is_pure,
    requests::no_url_holds_a_secret,
    requests::headers_can_be_sent,
    requests::bodies_say_what_they_are,
    requests::every_argument_reaches_the_wire,
    replies::every_status_has_its_class_whatever_the_body,
    replies::a_refusal_is_one_short_line,
    replies::what_is_not_the_document_is_an_error,
    replies::a_good_answer_loses_no_number,
    replies::a_byte_order_mark_changes_nothing,
    replies::text_behind_the_document_is_an_error,
    replies::a_cut_answer_is_never_a_shorter_one,
    replies::a_hostile_value_is_kept_or_refused,
    replies::a_missing_key_is_kept_missing_or_refused,
    replies::an_unknown_key_is_kept,
    replies::noise_never_panics,
    replies::a_strange_login_is_an_error,
}

checks! { SERVED, registered:
    service::every_operation_is_answered,
    service::the_same_question_has_the_same_answer,
    service::an_encrypted_answer_is_the_same,
    service::a_wrong_secret_is_refused_once,
    service::an_expired_login_is_made_anew_once,
    service::faults_end_in_the_right_value_or_the_right_class,
    service::a_stalled_service_ends_in_time,
    service::no_secret_is_in_an_error_or_an_event,
    service::the_requests_log_shows_no_secret,
}

/// Runs a check on all providers at once, and names those that fail.
fn run(subjects: &[Subject], check: fn(&Subject)) {
    std::thread::scope(|scope| {
        for subject in subjects {
            scope.spawn(|| run_one(subject, check));
        }
    });
}

fn run_one(subject: &Subject, check: fn(&Subject)) {
    struct Name(&'static str);
    impl Drop for Name {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("the provider is {}", self.0);
            }
        }
    }
    let _name = Name(subject.facts().name);
    check(subject);
}

#[test]
fn there_are_at_least_thirty_checks() {
    assert!(ON_PAPER.len() >= 30, "{}", ON_PAPER.len());
    assert!(ON_PAPER.len() + SERVED.len() >= 50);
}

#[test]
fn all_providers_are_checked_and_have_different_names() {
    let mut names: Vec<_> = with_toy().iter().map(|subject| subject.facts().name).collect();
    names.sort_unstable();
    assert_eq!(names, ["devicewise", "ricoh", "sora", "toy", "uipath", "volcengine"]);
    for subject in registered() {
        let found = metertap::providers::provider(subject.facts().name).unwrap();
        assert!(std::ptr::eq(found.facts(), subject.facts()));
    }
}
