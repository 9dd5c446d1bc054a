//! Base URLs: checked once, so that nothing is ever sent to a place that nobody meant.

use url::{Host, Url};

use super::error::{Error, Result};
use super::text::is_invisible;

/// Accepts an address that a secret may be sent to: HTTPS, or this machine.
pub fn secret_address(text: &str) -> std::result::Result<(), String> {
    let url = match parse(text) {
        Ok(url) => url,
        Err(_) if !text.contains("://") => return Err("must be a URL that starts with https://".to_owned()),
        Err(problem) => return Err(problem.to_owned()),
    };
    // The text may hold a password: it is not repeated.
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("must be a URL without user name, password and fragment".to_owned());
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        _ => Err("must start with https://, since it is sent a secret".to_owned()),
    }
}

/// Checks a base URL: a scheme, a host, and HTTPS unless the host is this machine. Blanks around it and slashes behind it
/// are taken off: pages print addresses that end in one.
pub fn check_base_url(given: &str) -> Result<String> {
    let text = given.trim();
    let behind = text.find("://").map_or(0, |colon| colon + "://".len());
    let (scheme, rest) = text.split_at(behind);
    let text = format!("{scheme}{}", rest.trim_end_matches('/'));
    let refuse = |problem: &str| {
        Err(Error::invalid(format!(
            "base_url {:?} {problem}",
            super::text::head(&text, 100)
        )))
    };
    if !text.starts_with("https://") && !text.starts_with("http://") {
        if text.contains('@') {
            return Err(with_password());
        }
        return refuse("must start with https:// (or http:// for a server on this machine)");
    }
    let url = match parse(&text) {
        Ok(url) => url,
        // What cannot be read may hold a password all the same: do not repeat it.
        Err(problem) if text.contains('@') => return Err(Error::invalid(format!("base_url {problem}"))),
        Err(problem) => return refuse(problem),
    };
    if !url.username().is_empty() || url.password().is_some() {
        // The text may hold a password: do not repeat it.
        return Err(with_password());
    }
    if url.query().is_some() || url.fragment().is_some() {
        // A query may hold a key: do not repeat it either.
        return Err(Error::invalid(
            "base_url must not have a query or a fragment; give scheme, host and path alone",
        ));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return refuse(
            "would send credentials unencrypted; use https:// (http:// is for servers on this machine only)",
        );
    }
    Ok(text)
}

fn with_password() -> Error {
    Error::invalid("base_url must not contain a user name or password; pass them as credentials")
}

/// Reads a URL that a secret may be sent to: only one that every reader takes for the same place. The parser would drop
/// tabs and line ends, take backslashes for slashes, and any number of slashes for two.
pub fn parse(text: &str) -> std::result::Result<Url, &'static str> {
    if text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || is_invisible(c))
    {
        return Err("must be one word without blanks, control characters and invisible characters");
    }
    if text.contains('\\') {
        return Err("must not contain a backslash; write / between the parts of a URL");
    }
    let (_, rest) = text.split_once("://").unwrap_or_default();
    if rest.starts_with('/') {
        return Err("has no host behind the two slashes; write for example \"https://api.example.com\"");
    }
    Url::parse(text).map_err(|_| "is no URL; write for example \"https://api.example.com\"")
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
    fn slashes_behind_an_address_and_blanks_around_it_are_taken_off() {
        for (text, taken) in [
            ("https://cloud.uipath.com/", "https://cloud.uipath.com"),
            ("https://govcloud.uipath.us/", "https://govcloud.uipath.us"),
            ("https://api.example.com/v1//", "https://api.example.com/v1"),
            (" https://host\n", "https://host"),
            ("\thttp://localhost:1/ ", "http://localhost:1"),
        ] {
            assert_eq!(check_base_url(text).unwrap(), taken);
        }
    }

    #[test]
    fn all_others_are_refused_with_what_to_do() {
        for (text, advice) in [
            ("cloud.uipath.com", "must start with https://"),
            ("ftp://cloud.uipath.com", "must start with https://"),
            ("http://cloud.uipath.com", "use https://"),
            ("http://127.0.0.1.example.com", "use https://"),
            ("https://", "is no URL"),
            ("https:////", "is no URL"),
            ("https:////x", "has no host behind the two slashes"),
            ("http:///x", "has no host behind the two slashes"),
            ("https://host\\path", "must not contain a backslash"),
            ("https:\\\\host", "must start with https://"),
            ("https://ho\nst", "must be one word"),
            ("https://ho st", "must be one word"),
            ("https://host\u{200b}", "must be one word"),
            ("https://ho\u{ad}st", "must be one word"),
            ("\u{feff}https://host", "must start with https://"),
            ("https://host/\u{202e}v1", "must be one word"),
            ("https://host?x=1", "query"),
            ("https://me:hunter2@host", "must not contain a user name"),
            ("me:hunter2@host", "must not contain a user name"),
            ("https://me:hunter2@[host", "is no URL"),
        ] {
            let message = &check_base_url(text).unwrap_err().message;
            assert!(message.contains(advice), "{text}: {message}");
            assert!(!message.contains("hunter2"));
        }
    }
}
