//! Words that must never show.

use std::fmt;

/// A secret: it can be used, but not printed, compared or serialised by accident.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a word.
    pub fn new(word: impl Into<String>) -> Self {
        Self(word.into())
    }

    /// The word itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(***)")
    }
}

/// Replaces every one of these words, and its usual encodings, by `***`.
pub fn scrub(text: &str, words: &[&Secret]) -> String {
    let mut clean = text.to_owned();
    for word in words {
        // Very short words would blot out ordinary text without hiding anything worth hiding.
        if word.0.len() >= 4 {
            for form in encodings(&word.0) {
                clean = scrub_cut(&clean.replace(&form, "***"), &form);
            }
        }
    }
    clean
}

/// Replaces what is left of a word where a text was shortened in its midst (see [`super::text::head`]): the end of each
/// piece before a `…`, where it is how the word begins.
fn scrub_cut(text: &str, form: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((piece, after)) = rest.split_once('…') {
        // A look at the last byte spares most comparisons, of which an answer full of `…` would need very many.
        let ends = |end: &usize| form.as_bytes().get(end - 1) == piece.as_bytes().last();
        let mut longest_first = (4..=form.len().min(piece.len())).rev().filter(ends);
        let begun = longest_first.find(|end| form.get(..*end).is_some_and(|start| piece.ends_with(start)));
        let kept = begun.and_then(|end| piece.get(..piece.len() - end));
        clean.push_str(kept.unwrap_or(piece));
        clean.push_str(if kept.is_some() { "***…" } else { "…" });
        rest = after;
    }
    clean.push_str(rest);
    clean
}

/// The forms in which a word may come back: as is, JSON-escaped (once, or twice where JSON is quoted), percent-encoded,
/// base64.
fn encodings(word: &str) -> Vec<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    let escaped = escape(word);
    let mut forms = vec![
        word.to_owned(),
        escape(&escaped),
        escaped,
        percent_encoding::utf8_percent_encode(word, percent_encoding::NON_ALPHANUMERIC).to_string(),
        super::text::encode(word),
        STANDARD.encode(word),
        STANDARD_NO_PAD.encode(word),
        URL_SAFE_NO_PAD.encode(word),
    ];
    forms.retain(|form| !form.is_empty());
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms
}

/// The text as it stands between the quotes of a JSON string.
fn escape(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(***)");
    }

    #[test]
    fn every_encoding_of_a_secret_is_scrubbed() {
        let secret = Secret::new("p\"ss/w+rd");
        let text = r#"a p"ss/w+rd b p\"ss/w+rd c p%22ss%2Fw%2Brd d cCJzcy93K3Jk e"#;
        assert_eq!(scrub(text, &[&secret]), "a *** b *** c *** d *** e");
    }

    #[test]
    fn a_secret_that_ends_in_a_quote_is_scrubbed_from_json() {
        let secret = Secret::new("\"pass\"");
        let json = serde_json::json!({ "said": secret.expose() }).to_string();
        assert_eq!(scrub(&json, &[&secret]), r#"{"said":"***"}"#);
        assert_eq!(scrub(&format!("{json:?}"), &[&secret]), r#""{\"said\":\"***\"}""#);
    }

    #[test]
    fn what_a_shortened_text_leaves_of_a_secret_is_scrubbed() {
        let secret = Secret::new("correct horse battery");
        for kept in 4..secret.expose().len() {
            let text = crate::values::text::head("said correct horse battery", 5 + kept);
            assert_eq!(scrub(&text, &[&secret]), "said ***…", "{kept}");
        }
        assert_eq!(scrub("corr horse", &[&secret]), "corr horse");
        assert_eq!(scrub("correct ho… and corr…", &[&secret]), "***… and ***…");
    }
}
