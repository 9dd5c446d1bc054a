//! Questions to Sora Cloud as requests: always POST, with an empty body unless there are arguments.

use crate::service::{Account, Call, Request};

/// The request for a call.
pub fn request(account: &Account, call: &Call) -> Request {
    let url = format!("{}/{}", account.base_url, call.wire());
    if call.operation.arguments.is_empty() {
        return Request::post(url);
    }
    let body = call
        .arguments
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_json()))
        .collect();
    Request::post_json(url, &serde_json::Value::Object(body))
}
