//! Redaction: whatever a text says, the word is not in it afterwards, nor any form in which it may come back.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use metertap::values::secret::{Secret, scrub};
use metertap::values::text::{encode, head};

use crate::timing::timed;

/// The first byte is the length of the word, the second chooses what is put where; then come the word and the text.
pub fn check(data: &[u8]) {
    let Some((length, rest)) = crate::number(data) else {
        return;
    };
    let Some((how, rest)) = crate::number(rest) else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let Some((word, around)) = text.split_at_checked(length % 48) else {
        return;
    };
    // Shorter words are not hidden, and stars are what hides.
    if word.len() < 4 || word.contains('*') {
        return;
    }
    let forms = forms(word);
    let (form, middle) = (&forms[how % forms.len()], around.len() / 2);
    let (before, after) = around.split_at_checked(middle).unwrap_or((around, ""));
    let text = format!("{before}{form}{after}{form}");
    let secret = Secret::new(word);
    let clean = timed(text.len(), || scrub(&text, &[&secret]));
    for form in &forms {
        assert!(!clean.contains(form.as_str()), "{form:?} in {clean:?} of {text:?}");
    }
    shortened(before, form, how, &secret);
    untouched(around, &forms, &secret);
}

/// What is left of a form where the text was cut in its midst, if it is long enough to tell.
fn shortened(before: &str, form: &str, how: usize, secret: &Secret) {
    if form.contains('…') {
        return; // then nobody can tell where the text was cut
    }
    let kept = form.chars().take(4 + how % form.len());
    let kept: String = kept.collect();
    let length = before.chars().count() + kept.chars().count();
    let clean = scrub(&head(&format!("{before}{form}!"), length), &[secret]);
    assert!(!clean.ends_with(&format!("{kept}…")), "{kept:?} in {clean:?}");
}

/// A text that shares nothing with the word stays as it is.
fn untouched(text: &str, forms: &[String], secret: &Secret) {
    let start = |form: &String| form.chars().next().is_some_and(|first| text.contains(first));
    if !forms.iter().any(start) {
        assert_eq!(scrub(text, &[secret]), text);
    }
}

/// The word as it is, in JSON, in JSON within JSON, in an address, and in base64.
fn forms(word: &str) -> Vec<String> {
    let quoted = |text: &str| {
        let json = serde_json::to_string(text).expect("a text");
        json[1..json.len() - 1].to_owned()
    };
    vec![
        word.to_owned(),
        quoted(word),
        quoted(&quoted(word)),
        encode(word),
        percent_encoding::utf8_percent_encode(word, percent_encoding::NON_ALPHANUMERIC).to_string(),
        STANDARD.encode(word),
        STANDARD_NO_PAD.encode(word),
        URL_SAFE_NO_PAD.encode(word),
    ]
}
