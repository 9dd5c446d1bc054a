//! Replies: whatever comes back is the right value or an error with a name; never a panic, never a shorter answer.

use metertap::service::{Call, Login, Reply};
use metertap::values::error::{Error, Kind, Remedy, Result};
use metertap::values::shape::{Holds, Typed};
use serde_json::Value as Plain;

use crate::common;
use crate::subject::{Subject, with_body};

/// What a status means when the body says nothing: the classes that may come of it, and what helps.
const STATUSES: &[(u16, &[Kind], &[Remedy])] = &[
    (300, &[Kind::UnexpectedRedirect], &[Remedy::None]),
    (302, &[Kind::UnexpectedRedirect], &[Remedy::None]),
    (400, &[Kind::InvalidRequest], &[Remedy::None]),
    (
        401,
        &[Kind::AuthenticationFailed],
        &[Remedy::None, Remedy::RenewCredentials],
    ),
    (
        403,
        &[Kind::PermissionDenied, Kind::AuthenticationFailed],
        &[Remedy::None, Remedy::RenewCredentials],
    ),
    (404, &[Kind::NotFound], &[Remedy::None]),
    (405, &[Kind::InvalidRequest], &[Remedy::None]),
    (408, &[Kind::ServerError], &[Remedy::Repeat]),
    (409, &[Kind::InvalidRequest], &[Remedy::None]),
    (410, &[Kind::NotFound], &[Remedy::None]),
    (415, &[Kind::InvalidRequest], &[Remedy::None]),
    (418, &[Kind::InvalidRequest], &[Remedy::None]),
    (422, &[Kind::InvalidRequest], &[Remedy::None]),
    (425, &[Kind::ServerError], &[Remedy::Repeat]),
    (429, &[Kind::RateLimited], &[Remedy::RepeatThrottled]),
    (500, &[Kind::ServerError], &[Remedy::Repeat]),
    (501, &[Kind::ServerError], &[Remedy::None]),
    (502, &[Kind::ServerError], &[Remedy::Repeat]),
    (503, &[Kind::ServerError], &[Remedy::Repeat]),
    (504, &[Kind::ServerError], &[Remedy::Repeat]),
    (524, &[Kind::ServerError], &[Remedy::Repeat]),
];

const HTML: &str = "<!DOCTYPE html>\n<html><head><title>Gateway</title></head><body><h1>Gateway</h1></body></html>\n";

/// Bodies that are nobody's answer and nobody's error.
fn garbage() -> Vec<Vec<u8>> {
    let texts = [
        "",
        " \n",
        HTML,
        "{\"rows\": [1, 2,, oops",
        "null",
        "{}",
        "[]",
        "\"x\"",
        "0",
        "-0.5e3",
        "true",
        "{\"a\":{\"b\":[{}]}}",
    ];
    let mut bodies: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    bodies.push(b"\xff\xfe\x00\x80".to_vec());
    bodies.push(vec![0; 64]);
    bodies.push(vec![b'['; 10_000]);
    bodies
}

fn reply(status: u16, body: Vec<u8>) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        body,
    }
}

pub fn every_status_has_its_class_whatever_the_body(subject: &Subject) {
    for call in subject.calls() {
        for (status, kinds, remedies) in STATUSES {
            for body in garbage() {
                let shown = String::from_utf8_lossy(&body).chars().take(40).collect::<String>();
                let error = subject
                    .provider
                    .answer(&call, &reply(*status, body))
                    .expect_err("a refusal");
                assert!(kinds.contains(&error.kind), "{status} {shown:?} is {error:?}");
                assert!(
                    remedies.contains(&error.remedy),
                    "{status} {shown:?}: {:?}",
                    error.remedy
                );
                if error.kind == Kind::PermissionDenied {
                    assert_eq!(error.remedy, Remedy::None);
                }
            }
        }
    }
}

pub fn a_refusal_is_one_short_line(subject: &Subject) {
    let long = "word\r\n ".repeat(400);
    let json = format!(
        "{{\"message\": {0}, \"error\": {0}, \"title\": {0}, \"error_type\": {0}, \"error_id\": {0}, \"errorCode\": {0}, \
         \"traceId\": {0}, \"success\": false, \"errorCodes\": [{0}, {0}], \"errorMessages\": [{0}], \
         \"ResponseMetadata\": {{\"RequestId\": {0}, \"Error\": {{\"Code\": {0}, \"Message\": {0}}}}}}}",
        serde_json::to_string(&long).unwrap()
    );
    for call in subject.calls() {
        for status in [300, 400, 401, 403, 404, 429, 500] {
            for body in [long.clone(), json.clone(), HTML.to_owned(), String::new()] {
                let error = subject
                    .provider
                    .answer(&call, &reply(status, body.into_bytes()))
                    .unwrap_err();
                is_short_line(&error);
            }
        }
    }
}

fn is_short_line(error: &Error) {
    let head: String = error.message.chars().take(300).collect();
    assert!(
        (10..1500).contains(&error.message.len()),
        "{} bytes: {head}",
        error.message.len()
    );
    assert!(!error.message.contains(char::is_control), "{head:?}");
    assert!(
        error.provider_code.as_ref().is_none_or(|code| code.len() < 500),
        "{head}"
    );
    assert!(error.request_id.as_ref().is_none_or(|id| id.len() < 500), "{head}");
}

fn is_named(error: &Error) -> bool {
    matches!(error.kind, Kind::UnexpectedResponse | Kind::InconsistentResponse)
}

pub fn what_is_not_the_document_is_an_error(subject: &Subject) {
    let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65)).into_bytes();
    for call in subject.calls() {
        for body in garbage().into_iter().chain([deep.clone()]) {
            let shown = String::from_utf8_lossy(&body).chars().take(40).collect::<String>();
            match (subject.read(&call, &reply(200, body)), call.operation.returns) {
                (Err(error), _) => assert!(is_named(&error), "{} {shown:?} is {error:?}", call.operation.name),
                (Ok(_), Holds::Integer) if shown == "0" => {}
                (Ok(_), Holds::Decimal) if shown == "0" || shown == "-0.5e3" => {}
                (Ok(Typed::List(rows)), Holds::List(_)) if shown == "[]" => assert!(rows.is_empty()),
                (Ok(typed), _) => panic!("{} took {shown:?} for {typed:?}", call.operation.name),
            }
        }
    }
}

/// If an answer can be read at all, then every number of it is there.
fn whole_or_error(subject: &Subject, call: &Call, reply: &Reply) -> Result<Typed> {
    let (raw, typed) = subject.read_both(call, reply)?;
    let mut lost = common::missing(raw.iter().map(String::as_str), &common::written(&typed));
    // A day may be written as a number, too.
    let days = format!("{typed:?}");
    lost.retain(|number| {
        let moment = number
            .parse()
            .ok()
            .and_then(|milliseconds| jiff::Timestamp::from_millisecond(milliseconds).ok());
        let day = moment.map(|moment| moment.to_zoned(jiff::tz::TimeZone::UTC).date());
        !day.is_some_and(|day| days.contains(&format!("{:?}", Typed::Day(day))))
    });
    let shown: String = String::from_utf8_lossy(&reply.body).chars().take(2000).collect();
    assert!(
        lost.is_empty(),
        "{}: of {shown} are lost: {:?}",
        call.operation.name,
        lost.iter().take(20).collect::<Vec<_>>()
    );
    Ok(typed)
}

pub fn a_good_answer_loses_no_number(subject: &Subject) {
    for (call, reply) in subject.good() {
        assert_eq!(
            reply.status,
            200,
            "{}: {}",
            call.operation.name,
            String::from_utf8_lossy(&reply.body)
        );
        whole_or_error(subject, &call, &reply).unwrap();
    }
}

pub fn a_byte_order_mark_changes_nothing(subject: &Subject) {
    for (call, reply) in subject.good() {
        let marked = with_body(&reply, [b"\xef\xbb\xbf", &reply.body[..]].concat());
        assert_eq!(
            subject.read(&call, &marked).unwrap(),
            subject.read(&call, &reply).unwrap()
        );
    }
}

pub fn text_behind_the_document_is_an_error(subject: &Subject) {
    for (call, reply) in subject.good() {
        for rest in [" {}", "\n0", "x", ",", "\u{0}"] {
            let longer = with_body(&reply, [&reply.body[..], rest.as_bytes()].concat());
            let error = subject.read(&call, &longer).expect_err(rest);
            assert!(is_named(&error), "{error:?}");
        }
    }
}

/// A bare number is the exception: half of it is a number, too, and only its announced length tells.
pub fn a_cut_answer_is_never_a_shorter_one(subject: &Subject) {
    for (call, reply) in subject.good() {
        let whole = subject.read(&call, &reply).unwrap();
        if matches!(whole, Typed::Integer(_) | Typed::Decimal(_)) {
            continue;
        }
        let length = reply.body.len();
        // Every byte of short bodies; of long ones the ends and some in between.
        let step = (length / 400).max(1);
        let cuts = (0..length).filter(|cut| step == 1 || cut % step == 0 || *cut < 100 || *cut > length - 100);
        for cut in cuts {
            match subject.read(&call, &with_body(&reply, &reply.body[..cut])) {
                Ok(typed) => assert_eq!(typed, whole, "{} cut at {cut}", call.operation.name),
                Err(error) => assert!(is_named(&error), "{error:?}"),
            }
        }
    }
}

/// Values that nobody expects.
fn hostile() -> Vec<Plain> {
    let texts = [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "987654321",
        "1e400",
        "0.1",
        "18446744073709551616",
        "-9223372036854775809",
        "\"\"",
        "\"NaN\"",
        "\"2026-05-01\"",
        "[]",
        "{}",
        "[[]]",
    ];
    let mut values: Vec<Plain> = texts
        .iter()
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect();
    values.push(Plain::String("\u{0}\u{feff}x\n".repeat(2000)));
    values.push(serde_json::json!({ "long key ".repeat(2000): {"\n": null} }));
    values
}

/// The JSON pointers of all values of a document that fit, evenly thinned out.
fn places(document: &Plain, most: usize, fits: fn(&Plain) -> bool) -> Vec<String> {
    fn walk(value: &Plain, path: &str, fits: fn(&Plain) -> bool, found: &mut Vec<String>) {
        if fits(value) {
            found.push(path.to_owned());
        }
        match value {
            Plain::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, &format!("{path}/{index}"), fits, found);
                }
            }
            Plain::Object(members) => {
                for (key, item) in members {
                    walk(
                        item,
                        &format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")),
                        fits,
                        found,
                    );
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(document, "", fits, &mut found);
    let step = found.len().div_ceil(most).max(1);
    found.into_iter().step_by(step).collect()
}

/// Reads the changed document; it may say that something else failed, but a number never gets lost.
fn survives(subject: &Subject, call: &Call, reply: &Reply, changed: &Plain) {
    let changed = with_body(reply, serde_json::to_vec(changed).unwrap());
    if let Err(error) = whole_or_error(subject, call, &changed) {
        assert!(error.kind != Kind::Internal, "{error:?}");
        is_short_line(&error);
    }
}

pub fn a_hostile_value_is_kept_or_refused(subject: &Subject) {
    for (call, reply) in subject.good() {
        let document: Plain = serde_json::from_slice(&reply.body).unwrap();
        for place in places(&document, 20, |_| true) {
            for value in hostile() {
                let mut changed = document.clone();
                let old = std::mem::replace(changed.pointer_mut(&place).unwrap(), value);
                if old.is_number() {
                    survives(subject, &call, &reply, &changed);
                } else {
                    // Perhaps a part of the envelope, which is in the raw document only.
                    let _ = subject.read(&call, &with_body(&reply, serde_json::to_vec(&changed).unwrap()));
                }
            }
        }
    }
}

pub fn a_missing_key_is_kept_missing_or_refused(subject: &Subject) {
    for (call, reply) in subject.good() {
        let document: Plain = serde_json::from_slice(&reply.body).unwrap();
        for place in places(&document, 60, |_| true) {
            let Some((parent, key)) = place.rsplit_once('/') else {
                continue;
            };
            let mut changed = document.clone();
            if let Some(Plain::Object(members)) = changed.pointer_mut(parent) {
                members.remove(key);
                survives(subject, &call, &reply, &changed);
            }
        }
    }
}

/// In the records that an answer consists of; the envelope around them is in the raw document only.
pub fn an_unknown_key_is_kept(subject: &Subject) {
    let mut kept = 0;
    for (call, reply) in subject.good() {
        let document: Plain = serde_json::from_slice(&reply.body).unwrap();
        for place in places(&document, 40, Plain::is_object) {
            let mut changed = document.clone();
            let members = changed.pointer_mut(&place).and_then(Plain::as_object_mut).unwrap();
            members.insert("zzNewKey".to_owned(), Plain::String("zzNewValue".to_owned()));
            let Ok(typed) = subject.read(&call, &with_body(&reply, serde_json::to_vec(&changed).unwrap())) else {
                continue;
            };
            let shown = format!("{typed:?}");
            let is_in_envelope = !contains_list_or_number(document.pointer(&place).unwrap()) || place.is_empty();
            assert!(
                shown.contains("zzNewValue") || is_in_envelope,
                "{}: a new key at {place:?} is lost: {}",
                call.operation.name,
                document.pointer(&place).unwrap()
            );
            kept += u32::from(shown.contains("zzNewValue"));
        }
    }
    let has_records = subject
        .facts()
        .operations
        .iter()
        .any(|operation| !matches!(operation.returns, Holds::Integer));
    assert!(kept > 0 || !has_records);
}

/// True for what holds usage of its own, and not only other objects or texts.
fn contains_list_or_number(value: &Plain) -> bool {
    value
        .as_object()
        .is_some_and(|members| members.values().any(holds_something))
}

fn holds_something(value: &Plain) -> bool {
    value.is_number() || value.as_array().is_some_and(|items| !items.is_empty())
}

pub fn noise_never_panics(subject: &Subject) {
    let mut state: u64 = 0x2545_f491_4f6c_dd1d;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for (call, good) in subject.good() {
        let alphabet = b"{}[]\",:0123456789.eE+-truefalsn \\u\xef\xbb\xbf\x00\xff";
        for _ in 0..120 {
            let mut body = good.body.clone();
            body.truncate(1 + random(4000));
            for _ in 0..=random(8) {
                let place = random(body.len());
                body[place] = alphabet[random(alphabet.len())];
            }
            let status = [200, 200, 200, 400, 401, 500][random(6)];
            let _ = whole_or_error(subject, &call, &with_body(&reply(status, Vec::new()), body));
        }
    }
}

pub fn a_strange_login_is_an_error(subject: &Subject) {
    for (account, secrets) in subject.accounts() {
        if matches!(
            subject.provider.login(&account, &secrets, &[]).unwrap(),
            Login::NotNeeded
        ) {
            continue;
        }
        for status in [200, 300, 400, 401, 403, 404, 429, 500, 503] {
            for body in garbage() {
                let shown = String::from_utf8_lossy(&body).chars().take(40).collect::<String>();
                let Err(error) = subject.provider.login(&account, &secrets, &[reply(status, body)]) else {
                    panic!("{status} {shown:?} is a login");
                };
                let refused = matches!(error.kind, Kind::AuthenticationFailed | Kind::UnexpectedResponse);
                let passing = matches!(
                    error.kind,
                    Kind::RateLimited | Kind::ServerError | Kind::UnexpectedRedirect
                );
                assert!(
                    if status < 300 || (400..=404).contains(&status) {
                        refused
                    } else {
                        passing
                    },
                    "{status} {shown:?}: {error:?}"
                );
                assert!(!error.message.contains('\n'));
            }
        }
    }
}
