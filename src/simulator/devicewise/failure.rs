//! What goes wrong inside a packet: a code and a sentence.

/// A refused command or packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The code, always negative.
    pub code: i64,
    /// The sentence.
    pub text: String,
}

/// Seen in public client code: the session is unknown or over.
pub const INVALID_SESSION: i64 = -90_000;
/// Documented: the password was right, a code is needed.
pub const CODE_NEEDED: i64 = -90_041;
/// Seen in public client code: what is named does not exist.
pub const NOT_FOUND: i64 = -90_008;

// The service's own list of codes is not public. The codes below are made up, and are far from all known ones.
/// Made up: the packet is no JSON object of commands.
pub const MALFORMED_PACKET: i64 = -97_000;
/// Made up: a parameter is missing or wrong.
pub const BAD_PARAMETER: i64 = -97_001;
/// Made up: the right for it is missing.
pub const NO_PERMISSION: i64 = -97_002;
/// Made up: too many calls.
pub const RATE_LIMITED: i64 = -97_003;
/// Made up: too many commands in a packet.
pub const TOO_MANY_COMMANDS: i64 = -97_004;
/// Made up: the login was refused.
pub const LOGIN_REFUSED: i64 = -97_005;
/// Made up: the user is locked out for a while.
pub const LOCKED_OUT: i64 = -97_006;
/// Made up: no such command.
pub const UNKNOWN_COMMAND: i64 = -97_007;
/// Made up: the reply would have more records than allowed.
pub const TOO_MANY_RECORDS: i64 = -97_008;
/// Made up: something failed inside the service.
pub const INTERNAL: i64 = -97_009;

impl Failure {
    /// A failure with this code and sentence.
    pub fn new(code: i64, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}

/// A parameter is missing or wrong.
pub fn bad_parameter(text: &str) -> Failure {
    Failure::new(BAD_PARAMETER, format!("Invalid parameter: {text}"))
}
