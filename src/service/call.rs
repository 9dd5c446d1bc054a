//! One request to a provider, as it was asked for.

use super::{Operation, Provider};
use crate::values::arguments::{Arguments, Value};
use crate::values::error::{Error, Result};
use crate::values::text::did_you_mean;

/// One request to a provider, as it was asked for.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is asked.
    pub operation: &'static Operation,
    /// With which arguments, checked against the operation's table.
    pub arguments: Arguments,
}

impl Call {
    /// A call of this operation, with what the caller passed.
    pub fn new(provider: &dyn Provider, operation: &str, given: Vec<(String, Value)>) -> Result<Self> {
        let facts = provider.facts();
        let known = facts.operations.iter().find(|known| known.name == operation);
        let operation = known.ok_or_else(|| {
            let hint = did_you_mean(operation, facts.operations.iter().map(|known| known.name));
            Error::invalid(format!("{} has no operation {operation:?}{hint}", facts.name))
        })?;
        let arguments = Arguments::check(format_args!("{}()", operation.name), operation.arguments, given)?;
        if let Some((start, end)) = operation.range {
            arguments.window(start, end)?;
        }
        Ok(Self { operation, arguments })
    }

    /// The service's name of what is asked, for messages.
    pub fn wire(&self) -> &'static str {
        self.operation.wire
    }
}
