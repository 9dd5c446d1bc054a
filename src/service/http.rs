//! Requests and replies, as they are on the wire.

use jiff::Timestamp;

use crate::values::error::{Error, Kind, Remedy};
use crate::values::text;
use crate::values::window::parse_http_date;

/// The HTTP methods that the providers use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// `GET`
    #[default]
    Get,
    /// `POST`
    Post,
}

/// A request, ready to be signed and sent. It has no `Debug`, since it may hold secrets.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: String,
    /// Headers besides `Host`, `Content-Length` and `Accept-Encoding`.
    pub headers: Vec<(&'static str, String)>,
    /// The body, exactly as it is sent and signed.
    pub body: Vec<u8>,
}

impl Request {
    /// A `GET` that wants JSON.
    pub fn get(url: String) -> Self {
        Self {
            method: Method::Get,
            url,
            headers: vec![("accept", "application/json".to_owned())],
            body: Vec::new(),
        }
    }

    /// A `POST` without a body.
    pub fn post(url: String) -> Self {
        Self {
            method: Method::Post,
            ..Self::get(url)
        }
    }

    /// A `POST` of JSON.
    pub fn post_json(url: String, body: &serde_json::Value) -> Self {
        let mut request = Self {
            body: text::compact(body).into_bytes(),
            ..Self::post(url)
        };
        request.headers.push(("content-type", "application/json".to_owned()));
        request
    }

    /// A `POST` of a form.
    pub fn post_form<'a>(url: String, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut request = Self {
            body: text::query(fields).into_bytes(),
            ..Self::post(url)
        };
        request
            .headers
            .push(("content-type", "application/x-www-form-urlencoded".to_owned()));
        request
    }
}

/// Headers in which services tell their id of a request, best first.
pub const REQUEST_IDS: [&str; 4] = [
    "x-request-id",
    "x-correlation-id",
    "x-uipath-correlation-id",
    "x-tt-logid",
];

/// The media type of several JSON texts, and what stands before each of them.
const SEQUENCE: &str = "application/json-seq";
const SEPARATOR: u8 = 0x1e;

/// A complete answer: its body is decoded, and no longer than the caps allow.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers: names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The decoded body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The reply with the bodies of all pages of an answer, each as the service sent it: a JSON text sequence (RFC 7464).
    /// JSON has no such separator in it.
    #[must_use]
    pub fn of_pages(&self, bodies: &[Vec<u8>]) -> Self {
        let mut reply = self.clone();
        reply.headers.retain(|(name, _)| name != "content-type");
        reply.headers.push(("content-type".to_owned(), SEQUENCE.to_owned()));
        reply.body = bodies
            .iter()
            .flat_map(|body| [&[SEPARATOR][..], body, b"\n"])
            .collect::<Vec<_>>()
            .concat();
        reply
    }

    /// The bodies of the pages that this reply is made of; none if it is one answer.
    pub fn pages(&self) -> Vec<&[u8]> {
        if self.header("content-type") != Some(SEQUENCE) {
            return Vec::new();
        }
        let texts = self.body.split(|byte| *byte == SEPARATOR);
        texts.filter(|text| !text.is_empty()).collect()
    }

    /// The service's id of the request, as its headers tell it.
    pub fn request_id(&self) -> Option<String> {
        let id = REQUEST_IDS.iter().find_map(|name| self.header(name));
        id.map(|id| text::head(id, 100))
    }

    /// The server's time when it answered.
    pub fn date(&self) -> Option<Timestamp> {
        // Two digits of a year are of this century: the date is today's.
        let reference = Timestamp::constant(2_500_000_000, 0);
        parse_http_date(self.header("date")?, reference)
    }

    /// True for 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The error that a status stands for when the body says nothing better.
    pub fn status_error(&self, message: impl Into<String>) -> Error {
        let kind = match self.status {
            300..=399 => Kind::UnexpectedRedirect,
            401 => Kind::AuthenticationFailed,
            403 => Kind::PermissionDenied,
            404 | 410 => Kind::NotFound,
            408 | 425 | 500..=599 => Kind::ServerError,
            429 => Kind::RateLimited,
            400..=499 => Kind::InvalidRequest,
            _ => Kind::UnexpectedResponse,
        };
        let error = Error::new(kind, message);
        let is_worth_repeating = matches!(self.status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 524);
        if kind == Kind::ServerError && !is_worth_repeating {
            return error.with_remedy(Remedy::None);
        }
        error
    }

    /// True for HTML, which a wrong address was seen to answer with, even with the status 200.
    pub fn is_web_page(&self) -> bool {
        let is_html = |kind: &str| kind.to_ascii_lowercase().contains("text/html");
        self.header("content-type").is_some_and(is_html) || self.body.trim_ascii_start().starts_with(b"<")
    }

    /// The body as text for a message: its first characters, in one line.
    pub fn excerpt(&self, characters: usize) -> String {
        // More than is shown, so that the text is seen to be shortened.
        let start = self.body.get(..self.body.len().min(16 << 10)).unwrap_or_default();
        text::one_line(&String::from_utf8_lossy(start), characters)
    }
}
