//! The refusals that the service knows, with their numbers and statuses.

/// An error of the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The number that gateway errors carry; 0 if none is known.
    pub number: u32,
    /// The code.
    pub code: &'static str,
    /// The sentence.
    pub message: String,
}

impl Refusal {
    fn new(status: u16, number: u32, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            number,
            code,
            message: message.into(),
        }
    }

    /// The query lacks something that every call has.
    pub fn missing_parameter(name: &str) -> Self {
        Self::new(
            400,
            100_002,
            "MissingParameter",
            format!("The request is missing parameter {name}."),
        )
    }

    /// There is no `Authorization` header.
    pub fn missing_token() -> Self {
        Self::new(
            401,
            100_003,
            "MissingAuthenticationToken",
            "The request is not authenticated.",
        )
    }

    /// A header that the signature needs is absent.
    pub fn missing_request_info(name: &str) -> Self {
        Self::new(
            400,
            100_004,
            "MissingRequestInfo",
            format!("The request is missing {name}."),
        )
    }

    /// The `Authorization` header has no signature.
    pub fn missing_signature() -> Self {
        Self::new(401, 100_005, "MissingSignature", "The request has no signature.")
    }

    /// The time of signing is too old, in the future, or no time.
    pub fn invalid_timestamp(status: u16) -> Self {
        Self::new(
            status,
            100_006,
            "InvalidTimestamp",
            "The signature is expired or its time is invalid.",
        )
    }

    /// No such action, or not in this version.
    pub fn invalid_action(action: &str, version: &str) -> Self {
        let message = format!("Could not find operation {action} for version {version}.");
        Self::new(404, 100_008, "InvalidActionOrVersion", message)
    }

    /// The access key is unknown.
    pub fn invalid_access_key() -> Self {
        Self::new(401, 100_009, "InvalidAccessKey", "The access key does not exist.")
    }

    /// The signature is wrong.
    pub fn wrong_signature() -> Self {
        let message = "The request signature does not match the one calculated.";
        Self::new(401, 100_010, "SignatureDoesNotMatch", message)
    }

    /// The temporary key's token is missing or wrong.
    pub fn invalid_token() -> Self {
        Self::new(
            401,
            100_026,
            "InvalidSecretToken",
            "The security token is invalid or expired.",
        )
    }

    /// The `Authorization` header has another form.
    pub fn invalid_authorization() -> Self {
        Self::new(400, 0, "InvalidAuthorization", "The Authorization header is malformed.")
    }

    /// The scope is not that of the request.
    pub fn invalid_credential() -> Self {
        Self::new(400, 0, "InvalidCredential", "The credential scope is malformed.")
    }

    /// Too many calls.
    pub fn flow_limit() -> Self {
        Self::new(
            429,
            100_018,
            "FlowLimitExceeded",
            "Request was rejected because the rate limit was exceeded.",
        )
    }

    /// The unclassified error, which comes with status 200.
    pub fn common() -> Self {
        Self::new(200, 0, "CommonErr", "Unclassified error.")
    }

    /// A parameter of the body is missing or out of its range.
    pub fn invalid_param(message: impl Into<String>) -> Self {
        Self::new(400, 0, "InvalidParam", message)
    }

    /// A parameter of the body has the wrong JSON type, or the body is no JSON object.
    pub fn bind_error() -> Self {
        let message = "Request parameter error, please check input data";
        Self::new(400, 0, "InvalidParam.BindError", message)
    }

    /// The account has no such domain or domain space.
    pub fn forbidden(name: &str) -> Self {
        Self::new(
            403,
            0,
            "RequestForbidden",
            format!("The account has no resource {name}."),
        )
    }

    /// There is no such application, stream or group.
    pub fn not_found(name: &str) -> Self {
        Self::new(404, 0, "ResourceNotFound", format!("Resource {name} is not found."))
    }
}
