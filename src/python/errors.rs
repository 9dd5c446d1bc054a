//! Errors as Python exceptions: the classes are written in Python, in `metertap.errors`; here they are raised.

use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::runtime::may_speak;
use crate::values::error::{Error, Kind, Remedy};

/// The exception for an error.
pub fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    build(py, error).unwrap_or_else(|problem| problem)
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    if error.kind == Kind::ShuttingDown && !may_speak() {
        // A daemon thread that is still at it when the program ends: this ends it without a traceback.
        return Ok(PySystemExit::new_err(()));
    }
    let class = py.import("metertap.errors")?.getattr(class_name(error.kind))?;
    let details = PyDict::new(py);
    let named = |text: &str| if text.is_empty() { None } else { Some(text.to_owned()) };
    details.set_item("provider", named(error.provider))?;
    details.set_item("operation", named(&error.operation))?;
    details.set_item("http_status", error.http_status)?;
    details.set_item("provider_code", error.provider_code.as_deref())?;
    details.set_item("request_id", error.request_id.as_deref())?;
    details.set_item("attempts", error.attempts)?;
    details.set_item("elapsed", error.elapsed.as_secs_f64())?;
    details.set_item("retry_after", error.retry_after.map(|wait| wait.as_secs_f64()))?;
    details.set_item("is_temporary", error.remedy != Remedy::None)?;
    details.set_item("retries_suppressed", error.retries_suppressed)?;
    Ok(PyErr::from_value(class.call((error.to_string(),), Some(&details))?))
}

/// The name of a kind's class.
pub const fn class_name(kind: Kind) -> &'static str {
    match kind {
        Kind::InvalidArgument => "InvalidArgument",
        Kind::WrongType => "WrongType",
        Kind::ConnectionFailed => "ConnectionFailed",
        Kind::CertificateRejected => "CertificateRejected",
        Kind::ConnectionLost => "ConnectionLost",
        Kind::RequestTimeout => "RequestTimeout",
        Kind::IncompleteResponse => "IncompleteResponse",
        Kind::ResponseTooLarge => "ResponseTooLarge",
        Kind::ServerError => "ServerError",
        Kind::RateLimited => "RateLimited",
        Kind::AuthenticationFailed => "AuthenticationFailed",
        Kind::MfaRequired => "MfaRequired",
        Kind::PermissionDenied => "PermissionDenied",
        Kind::InvalidRequest => "InvalidRequest",
        Kind::NotFound => "NotFound",
        Kind::UnexpectedRedirect => "UnexpectedRedirect",
        Kind::UnexpectedResponse => "UnexpectedResponse",
        Kind::InconsistentResponse => "InconsistentResponse",
        Kind::ForkedProcess => "ForkedProcessError",
        Kind::ShuttingDown => "ShuttingDown",
        Kind::Internal => "InternalError",
    }
}
