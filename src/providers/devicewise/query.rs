//! Questions to deviceWISE as requests: one packet with one command.

use serde_json::{Map, Value as Plain, json};

use super::model;
use crate::service::{Account, Call, Request, Secrets};
use crate::values::arguments::Value;
use crate::values::error::{Error, Kind, Result};
use crate::values::secret::Secret;
use crate::values::window::Instant;

/// The last words of commands that only read.
const READING: &[&str] = &[
    "list",
    "find",
    "history",
    "info",
    "usage",
    "report",
    "search",
    "get",
    "aggregate",
    "highest",
    "ping",
    "rate_limit",
];

/// The request for a call.
pub fn request(account: &Account, call: &Call) -> Result<Request> {
    if let Some(command) = call.arguments.text("command") {
        return Ok(packet(
            account,
            command,
            call.arguments.get("params").map(Value::to_json),
        ));
    }
    check_window(call)?;
    let mut params = Map::new();
    for (name, value) in call.arguments.iter() {
        params.insert(model::wire_name(name).to_owned(), plain_value(value));
    }
    Ok(packet(account, call.wire(), Some(Plain::Object(params))))
}

/// The first request of a login.
pub fn login(account: &Account, secrets: &Secrets) -> Result<Request> {
    let params = match account.setting("app_id") {
        Some(app_id) => json!({
            "appId": app_id,
            "appToken": secrets.get("app_token")?.expose(),
            "thingKey": account.setting("thing_key"),
        }),
        None => user(account, secrets.get("password")?),
    };
    Ok(authenticate(account, &params))
}

/// The request that answers the question for a second factor: the code goes where the password was.
pub fn second_factor(account: &Account, secrets: &Secrets) -> Result<Request> {
    Ok(authenticate(account, &user(account, secrets.get("mfa_code")?)))
}

/// The request that makes a new session read another organisation.
pub fn switch(account: &Account, session: &Secret, organisation: &str) -> Result<Request> {
    let mut request = packet(account, "session.org.switch", Some(json!({ "key": organisation })));
    enter_session(&mut request, session)?;
    Ok(request)
}

/// Puts the session into the packet, before its command.
pub fn enter_session(request: &mut Request, session: &Secret) -> Result<()> {
    let packet = request.body.strip_prefix(b"{");
    let packet = packet.ok_or_else(|| Error::new(Kind::Internal, "the packet is no JSON object"))?;
    let entry = format!("{{\"auth\":{},", json!({ "sessionId": session.expose() }));
    request.body = [entry.as_bytes(), packet].concat();
    Ok(())
}

/// Accepts the name of a command that only reads.
pub fn read_command(command: &str) -> std::result::Result<(), String> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    let last = command.rsplit('.').next().unwrap_or_default();
    if command.bytes().all(sound) && READING.contains(&last) {
        return Ok(());
    }
    Err(format!(
        "must be a command that only reads (its last word is one of {}), not {:?}",
        READING.join(", "),
        crate::values::text::head(command, 60)
    ))
}

fn user(account: &Account, password: &Secret) -> Plain {
    json!({ "username": account.setting("username"), "password": password.expose() })
}

fn authenticate(account: &Account, params: &Plain) -> Request {
    let packet = json!({ "auth": { "command": "api.authenticate", "params": params } });
    Request::post_json(address(account), &packet)
}

fn packet(account: &Account, command: &str, params: Option<Plain>) -> Request {
    // A command without parameters is sent without the key.
    let command = match params {
        Some(params) => json!({ "command": command, "params": params }),
        None => json!({ "command": command }),
    };
    Request::post_json(address(account), &json!({ model::ID: command }))
}

/// The portal shows the address with and without the path.
fn address(account: &Account) -> String {
    let base = account.base_url.strip_suffix("/api").unwrap_or(&account.base_url);
    format!("{base}/api")
}

/// No page says what no window, half a window or two windows mean, so exactly one whole window is sent.
fn check_window(call: &Call) -> Result<()> {
    if call.wire() == "usage.report" {
        return Ok(());
    }
    let given = ["start", "end", "last"].map(|name| call.arguments.get(name).is_some());
    match given {
        [true, true, false] | [false, false, true] => Ok(()),
        _ => Err(Error::invalid(format!(
            "{}() needs either start and end, or last",
            call.operation.name
        ))),
    }
}

fn plain_value(value: &Value) -> Plain {
    match value {
        // The page writes fractions; whole seconds are sent without.
        Value::Instant(instant) if instant.at.subsec_nanosecond() != 0 => Plain::String(fraction(*instant)),
        value => value.to_json(),
    }
}

/// RFC 3339 in its own offset, with as many digits of the second as it has.
fn fraction(instant: Instant) -> String {
    let whole = instant.to_offset_text();
    let digits = format!("{:09}", instant.at.subsec_nanosecond().rem_euclid(1_000_000_000));
    let (time, offset) = whole.split_at(whole.len().saturating_sub(6));
    format!("{time}.{}{offset}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::devicewise::DeviceWise;

    fn sent(base_url: &str, operation: &str, given: &[(&str, Value)]) -> Result<String> {
        let account = Account {
            name: "acme".to_owned(),
            base_url: base_url.to_owned(),
            settings: crate::values::arguments::Arguments::default(),
            secrets: vec!["session_id"],
        };
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let call = Call::new(&DeviceWise, operation, given.collect())?;
        let request = request(&account, &call)?;
        Ok(format!("{} {}", request.url, String::from_utf8(request.body).unwrap()))
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn a_command_is_words_with_points_between_of_which_the_last_reads() {
        for sound in ["list", "thing.list", "thing_def.find"] {
            assert_eq!(read_command(sound), Ok(()));
        }
        for other in ["", "thing.delete", "thing list", "thing/x.list", "thing.", "list.x"] {
            assert!(read_command(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_question_is_one_packet_to_one_address() {
        let window = [
            ("start", text("2024-05-01")),
            ("end", text("2024-05-02T00:00:00-05:00")),
        ];
        let hourly = [&window[..], &[("show_all", Value::Flag(false))]].concat();
        for base_url in ["https://api.example.com", "https://api.example.com/api"] {
            assert_eq!(
                sent(base_url, "api_usage_history", &hourly).unwrap(),
                "https://api.example.com/api {\"get\":{\"command\":\"usage.api.history\",\"params\":{\
                 \"end\":\"2024-05-02T00:00:00-05:00\",\"includeSubOrgs\":false,\"series\":\"hour\",\"showAll\":false,\
                 \"start\":\"2024-05-01T00:00:00+00:00\"}}}"
            );
        }
        let base_url = "https://api.example.com";
        let last = [("last", text("180m")), ("include_sub_orgs", Value::Flag(true))];
        assert_eq!(
            sent(base_url, "storage_usage_history", &last).unwrap(),
            "https://api.example.com/api {\"get\":{\"command\":\"usage.storage.history\",\"params\":{\
             \"includeSubOrgs\":true,\"last\":\"180m\"}}}"
        );
        let month = [("start", text("2024-05-01")), ("org_key", text("SUB"))];
        assert_eq!(
            sent(base_url, "usage_report", &month).unwrap(),
            "https://api.example.com/api {\"get\":{\"command\":\"usage.report\",\"params\":{\"includeSubOrgs\":false,\
             \"orgKey\":\"SUB\",\"start\":\"2024-05-01T00:00:00+00:00\"}}}"
        );
    }

    #[test]
    fn a_question_has_exactly_one_whole_window() {
        let (start, end) = (("start", text("2024-05-01")), ("end", text("2024-05-02")));
        let last = ("last", text("24h"));
        for given in [
            vec![],
            vec![start.clone()],
            vec![end.clone()],
            vec![start.clone(), end.clone(), last.clone()],
            vec![start.clone(), last],
        ] {
            let error = sent("https://api.example.com", "thing_usage_history", &given).unwrap_err();
            assert_eq!(
                error.message,
                "thing_usage_history() needs either start and end, or last"
            );
        }
        let swapped = [("start", text("2024-05-02")), ("end", text("2024-05-01"))];
        assert!(sent("https://api.example.com", "thing_usage_history", &swapped).is_err());
        let half = Instant::parse("2024-05-01T00:00:00.5Z").unwrap();
        let fraction = [("start", Value::Instant(half)), end];
        let body = sent("https://api.example.com", "thing_usage_history", &fraction).unwrap();
        assert!(body.contains(r#""start":"2024-05-01T00:00:00.5+00:00""#), "{body}");
    }

    #[test]
    fn any_other_command_is_sent_if_it_only_reads() {
        let info = [("command", text("session.info"))];
        assert_eq!(
            sent("https://api.example.com", "call", &info).unwrap(),
            "https://api.example.com/api {\"get\":{\"command\":\"session.info\"}}"
        );
        for command in ["thing.delete", "session.end", "thing.find.delete", "list\n", "", "auth"] {
            let error = sent("https://api.example.com", "call", &[("command", text(command))]).unwrap_err();
            assert!(
                error.message.starts_with("command must be a command that only reads"),
                "{error}"
            );
        }
    }
}
