//! Why there is no answer, in each of the shapes that this vendor's services are known to use.

use serde_json::{Map, Value, json};

use crate::simulator::http::Response;
use crate::simulator::world::World;

/// A refusal. Nothing is documented for the usage endpoints beyond 200.
#[derive(Debug)]
pub(super) enum Refusal {
    /// No such page: HTML, from whatever stands in front of the service.
    UnknownPath,
    /// No token, or none that is good: no body.
    Unauthenticated,
    /// The path is right, the method is not: no body.
    Method(&'static str),
    /// Anything that the service itself says.
    Service {
        /// The HTTP status.
        status: u16,
        /// In a few words.
        title: &'static str,
        /// What is wrong with which field.
        errors: Vec<(&'static str, String)>,
    },
}

impl Refusal {
    /// Something is wrong with a field of the request.
    pub fn field(name: &'static str, message: impl Into<String>) -> Self {
        Self::Service {
            status: 400,
            title: "One or more validation errors occurred.",
            errors: vec![(name, message.into())],
        }
    }

    /// A value of a field is not valid.
    pub fn value(name: &'static str, value: &Value) -> Self {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Self::field(name, format!("The value '{text}' is not valid."))
    }

    /// A status with a title and no more.
    pub fn status(status: u16, title: &'static str) -> Self {
        Self::Service {
            status,
            title,
            errors: Vec::new(),
        }
    }

    /// The response, in the shape that the switches ask for.
    pub fn response(self, world: &World, trace_id: &str) -> Response {
        match self {
            Self::UnknownPath => {
                let status = if world.switch_is("uipath.unknown_path", "200") {
                    200
                } else {
                    404
                };
                html(status, "UiPath")
            }
            Self::Unauthenticated => Response::empty(401).header("WWW-Authenticate", "Bearer"),
            Self::Method(allowed) => Response::empty(405).header("Allow", allowed),
            Self::Service { status, title, errors } => match world.switch("uipath.error_shape").as_deref() {
                Some("abp") => abp(status, title, &errors),
                Some("plain") => {
                    Response::json(status, &json!({"error": sentence(title, &errors), "traceId": trace_id}))
                }
                Some("coded") => {
                    let message = sentence(title, &errors);
                    let body = json!({"message": message, "errorCode": status, "traceId": trace_id});
                    Response::json(status, &body)
                }
                Some("html") => html(status, title),
                Some("empty") => Response::empty(status),
                _ => problem(status, title, errors, trace_id),
            },
        }
    }
}

fn problem(status: u16, title: &str, errors: Vec<(&'static str, String)>, trace_id: &str) -> Response {
    let errors: Map<String, Value> = errors
        .into_iter()
        .map(|(field, message)| (field.to_owned(), json!([message])))
        .collect();
    let mut body = json!({"type": "about:blank", "title": title, "status": status, "traceId": trace_id});
    if let (Some(body), false) = (body.as_object_mut(), errors.is_empty()) {
        body.insert("errors".to_owned(), Value::Object(errors));
    }
    Response::text(status, "application/problem+json; charset=utf-8", body.to_string())
}

fn abp(status: u16, title: &str, errors: &[(&'static str, String)]) -> Response {
    let message = sentence(title, errors);
    let body = json!({
        "message": message,
        "errorCode": status,
        "error": {"message": message, "details": null},
        "__abp": true,
    });
    Response::json(status, &body)
}

fn sentence(title: &str, errors: &[(&'static str, String)]) -> String {
    let errors = errors.iter().map(|(field, message)| format!(" {field}: {message}"));
    format!("{title}{}", errors.collect::<String>())
}

fn html(status: u16, title: &str) -> Response {
    let page = format!("<!DOCTYPE html><html><head><title>{title}</title></head><body></body></html>");
    Response::text(status, "text/html; charset=utf-8", page)
}
