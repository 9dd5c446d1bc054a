//! One error type for the whole crate: what kind, in words, and in which circumstances.

use std::fmt;
use std::time::Duration;

use super::text::one_line;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of thing went wrong; each kind is one exception class in Python, of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The caller's argument has a value that cannot work; nothing was sent.
    InvalidArgument,
    /// The caller's argument has a wrong type; nothing was sent.
    WrongType,
    /// No connection: name not found, refused, connect timeout, TLS handshake cut.
    ConnectionFailed,
    /// The server's certificate is not trusted, or is for another host.
    CertificateRejected,
    /// The connection broke after the request was sent.
    ConnectionLost,
    /// No answer in time.
    RequestTimeout,
    /// The body stalled, was cut short or could not be decoded.
    IncompleteResponse,
    /// The body is larger than the caps allow.
    ResponseTooLarge,
    /// The service failed: HTTP 5xx and the like.
    ServerError,
    /// The service wants fewer requests.
    RateLimited,
    /// The service does not accept the credentials.
    AuthenticationFailed,
    /// The service wants a second factor.
    MfaRequired,
    /// The credentials are good, but not for this.
    PermissionDenied,
    /// The service refuses the request as malformed or out of its limits.
    InvalidRequest,
    /// The service does not know what was asked for.
    NotFound,
    /// The service points elsewhere; redirects are never followed.
    UnexpectedRedirect,
    /// A complete answer that is not understood.
    UnexpectedResponse,
    /// A complete answer whose numbers contradict each other.
    InconsistentResponse,
    /// The process was forked and the runtime cannot be built anew.
    ForkedProcess,
    /// The library is shutting down with the interpreter.
    ShuttingDown,
    /// A bug of ours.
    Internal,
}

impl Kind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 21] = [
        Self::InvalidArgument,
        Self::WrongType,
        Self::ConnectionFailed,
        Self::CertificateRejected,
        Self::ConnectionLost,
        Self::RequestTimeout,
        Self::IncompleteResponse,
        Self::ResponseTooLarge,
        Self::ServerError,
        Self::RateLimited,
        Self::AuthenticationFailed,
        Self::MfaRequired,
        Self::PermissionDenied,
        Self::InvalidRequest,
        Self::NotFound,
        Self::UnexpectedRedirect,
        Self::UnexpectedResponse,
        Self::InconsistentResponse,
        Self::ForkedProcess,
        Self::ShuttingDown,
        Self::Internal,
    ];

    /// What usually helps against this kind; a provider may know better.
    pub const fn usual_remedy(self) -> Remedy {
        match self {
            Self::ConnectionFailed
            | Self::ConnectionLost
            | Self::RequestTimeout
            | Self::IncompleteResponse
            | Self::ServerError => Remedy::Repeat,
            Self::RateLimited => Remedy::RepeatThrottled,
            Self::InvalidArgument
            | Self::WrongType
            | Self::CertificateRejected
            | Self::ResponseTooLarge
            | Self::AuthenticationFailed
            | Self::MfaRequired
            | Self::PermissionDenied
            | Self::InvalidRequest
            | Self::NotFound
            | Self::UnexpectedRedirect
            | Self::UnexpectedResponse
            | Self::InconsistentResponse
            | Self::ForkedProcess
            | Self::ShuttingDown
            | Self::Internal => Remedy::None,
        }
    }
}

/// What may help against an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Nothing: the same request would fail again.
    None,
    /// The same request again, after a short wait.
    Repeat,
    /// The same request again, after a long wait.
    RepeatThrottled,
    /// The same request again, at most once.
    RepeatOnce,
    /// New credentials (a fresh token, a new login), then the same request, once.
    RenewCredentials,
    /// The same request, once, signed with the server's time.
    CorrectClock,
}

/// An error, with all that is known of its circumstances.
#[derive(Clone, PartialEq)]
pub struct Error(Box<Parts>);

/// What an [`Error`] is made of.
#[derive(Clone, PartialEq)]
pub struct Parts {
    /// What kind it is.
    pub kind: Kind,
    /// What came back and what to do, in one sentence or two.
    pub message: String,
    /// What may help.
    pub remedy: Remedy,
    /// The provider's name; empty if none was involved.
    pub provider: &'static str,
    /// The provider's own name of the operation; empty if none was involved.
    pub operation: String,
    /// The HTTP status of the last answer.
    pub http_status: Option<u16>,
    /// The provider's own error code.
    pub provider_code: Option<String>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// How many requests were sent.
    pub attempts: u32,
    /// Time since the call began.
    pub elapsed: Duration,
    /// How long the provider wants us to wait.
    pub retry_after: Option<Duration>,
    /// True if a repetition was due but the budget for repetitions was used up.
    pub retries_suppressed: bool,
}

impl Error {
    /// An error of this kind, with the usual remedy.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            message: message.into(),
            remedy: kind.usual_remedy(),
            provider: "",
            operation: String::new(),
            http_status: None,
            provider_code: None,
            request_id: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            retry_after: None,
            retries_suppressed: false,
        }))
    }

    /// The caller's argument cannot work.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::InvalidArgument, message)
    }

    /// A complete answer that is not understood, with the JSON path of the place.
    pub fn unexpected(path: impl fmt::Display, problem: impl fmt::Display) -> Self {
        // Both may repeat parts of the answer, which may be anything.
        Self::new(Kind::UnexpectedResponse, one_line(&format!("{path}: {problem}"), 600))
    }

    /// The same with another remedy.
    #[must_use]
    pub fn with_remedy(mut self, remedy: Remedy) -> Self {
        self.0.remedy = remedy;
        self
    }

    /// The same with the provider's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.provider_code = Some(one_line(&code.into(), 100));
        self
    }

    /// The same with the provider's id of the request.
    #[must_use]
    pub fn with_request_id(mut self, id: Option<String>) -> Self {
        if let Some(id) = id {
            self.0.request_id = Some(one_line(&id, 100));
        }
        self
    }
}

impl std::ops::Deref for Error {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl std::ops::DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.0
    }
}

/// One line: what we were doing, to whom, what came back, what to do, how often we tried.
impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.provider.is_empty() {
            write!(out, "{}", self.provider)?;
            if !self.operation.is_empty() {
                write!(out, " {}", self.operation)?;
            }
            write!(out, ": ")?;
        }
        let mut circumstances = Vec::new();
        if let Some(status) = self.http_status {
            circumstances.push(format!("HTTP {status}"));
        }
        if let Some(code) = &self.provider_code {
            circumstances.push(code.clone());
        }
        if let Some(id) = &self.request_id {
            circumstances.push(format!("(request id {id})"));
        }
        if !circumstances.is_empty() {
            write!(out, "{}: ", circumstances.join(" "))?;
        }
        let message = self.message.trim_end_matches('.');
        write!(out, "{message}")?;
        if self.attempts > 0 {
            let times = if self.attempts == 1 {
                "once".to_owned()
            } else {
                format!("{} times", self.attempts)
            };
            write!(out, ". Tried {times}, {:.1} s", self.elapsed.as_secs_f64())?;
        } else if message.ends_with('?') {
            return Ok(());
        }
        write!(out, ".")
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}: {self}", self.kind)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_who_what_and_how_often() {
        let mut error = Error::new(
            Kind::PermissionDenied,
            "the account may not read this vhost; check the list.",
        )
        .with_code("RequestForbidden")
        .with_request_id(Some("2023X".to_owned()));
        error.provider = "volcengine";
        error.operation = "DescribeLiveTimeShiftData".to_owned();
        error.http_status = Some(403);
        error.attempts = 1;
        error.elapsed = Duration::from_millis(400);
        assert_eq!(
            error.to_string(),
            "volcengine DescribeLiveTimeShiftData: HTTP 403 RequestForbidden (request id 2023X): \
             the account may not read this vhost; check the list. Tried once, 0.4 s."
        );
    }

    #[test]
    fn a_refused_argument_is_one_sentence() {
        assert_eq!(
            Error::invalid("start must be before end").to_string(),
            "start must be before end."
        );
        assert_eq!(
            Error::invalid("env must be one of prod, dev; did you mean \"prod\"?").to_string(),
            "env must be one of prod, dev; did you mean \"prod\"?"
        );
    }
}
