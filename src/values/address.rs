//! Base URLs: checked once, so that nothing is ever sent to a place that nobody meant.

use url::{Host, Url};

use super::error::{Error, Result};

/// Checks a base URL: a scheme, a host, no slash at the end, and HTTPS unless the host is this machine.
pub fn check_base_url(text: &str) -> Result<String> {
    let refuse = |problem: &str| {
        Err(Error::invalid(format!(
            "base_url {:?} {problem}",
            super::text::head(text, 100)
        )))
    };
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return refuse("must start with https:// (or http:// for a server on this machine)");
    }
    // The parser would drop tabs and line ends without a word.
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return refuse("must be one word without blanks and control characters");
    }
    let Ok(url) = Url::parse(text) else {
        return refuse("is no URL; write for example \"https://api.example.com\"");
    };
    if !url.username().is_empty() || url.password().is_some() {
        // The text may hold a password: do not repeat it.
        return Err(Error::invalid(
            "base_url must not contain a user name or password; pass them as credentials",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        // A query may hold a key: do not repeat it either.
        return Err(Error::invalid(
            "base_url must not have a query or a fragment; give scheme, host and path alone",
        ));
    }
    if text.ends_with('/') {
        return refuse(&format!("ends in a slash; write {:?}", text.trim_end_matches('/')));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return refuse(
            "would send credentials unencrypted; use https:// (http:// is for servers on this machine only)",
        );
    }
    Ok(text.to_owned())
}

/// True if a URL's host is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_addresses_are_taken_as_they_are() {
        for text in [
            "https://cloud.uipath.com",
            "http://127.0.0.1:8080/v1",
            "http://localhost:1",
            "http://[::1]:9",
        ] {
            assert_eq!(check_base_url(text).unwrap(), text);
        }
    }

    #[test]
    fn all_others_are_refused_with_what_to_do() {
        for (text, advice) in [
            ("cloud.uipath.com", "must start with https://"),
            ("ftp://cloud.uipath.com", "must start with https://"),
            ("https://cloud.uipath.com/", "write \"https://cloud.uipath.com\""),
            ("http://cloud.uipath.com", "use https://"),
            ("http://127.0.0.1.example.com", "use https://"),
            ("https://", "is no URL"),
            ("https://host\n", "must be one word"),
            ("https://ho st", "must be one word"),
            ("https://host?x=1", "query"),
            ("https://me:hunter2@host", "must not contain a user name"),
        ] {
            let message = &check_base_url(text).unwrap_err().message;
            assert!(message.contains(advice), "{text}: {message}");
            assert!(!message.contains("hunter2"));
        }
    }
}
