//! JSON written as text, so that figures keep their digits and keys keep their order.

/// An object under construction.
#[derive(Debug, Default)]
pub struct Object {
    members: String,
}

impl Object {
    /// An empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more member, whose value is JSON text.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        if !self.members.is_empty() {
            self.members.push(',');
        }
        self.members.push_str(&quoted(key));
        self.members.push(':');
        self.members.push_str(value);
        self
    }

    /// The same with one more member of text.
    #[must_use]
    pub fn with_text(self, key: &str, value: &str) -> Self {
        let value = quoted(value);
        self.with(key, &value)
    }

    /// The object as text.
    pub fn finish(self) -> String {
        format!("{{{}}}", self.members)
    }
}

/// A text as JSON.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A list of JSON texts.
pub fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}
