//! The check of a request's signature, computed anew from the bytes that arrived.

use hmac::{Hmac, KeyInit, Mac};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, civil};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};

use super::refusal::Refusal;
use crate::simulator::accounts;
use crate::simulator::http::Request;

/// A key pair that the service knows.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The public half.
    pub access: &'static str,
    /// The secret half, used as text even where it looks like base64.
    pub secret: &'static str,
    /// The token that must come with a temporary key.
    pub token: Option<&'static str>,
}

/// What the check depends on besides the request.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The server's time.
    pub now: Timestamp,
    /// How far ahead of it a signature may be, in seconds.
    pub future_skew: i64,
    /// The status of a signature that is too old or too new.
    pub timestamp_status: u16,
    /// The keys that are known.
    pub keys: &'a [Key],
}

const ALGORITHM: &str = "HMAC-SHA256";
const SERVICE: &str = "live";
const SECONDS_VALID: i64 = 900;
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    access_key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

/// Checks the signature; the region that it names.
pub fn check<'a>(request: &'a Request, rules: Rules<'_>) -> Result<&'a str, Refusal> {
    let header = request.header("authorization").ok_or_else(Refusal::missing_token)?;
    let given = authorization(header)?;
    let (key, account) = known(rules.keys, given.access_key).ok_or_else(Refusal::invalid_access_key)?;
    let date = request
        .header("x-date")
        .ok_or_else(|| Refusal::missing_request_info("X-Date"))?;
    check_time(request, date, rules)?;
    // The scope's date is the UTC date of X-Date. Any region is accepted, for the product is not regional.
    if !date.starts_with(given.date) || given.date.len() != 8 || given.region.is_empty() || given.service != SERVICE {
        return Err(Refusal::invalid_credential());
    }
    if !["host", "x-date"]
        .iter()
        .all(|name| given.signed_headers.contains(name))
    {
        return Err(Refusal::invalid_authorization());
    }
    check_token(request, key, &given.signed_headers)?;
    let hash = hex(&Sha256::digest(&request.body));
    if request
        .header("x-content-sha256")
        .is_some_and(|claimed| claimed != hash)
    {
        return Err(Refusal::wrong_signature());
    }
    let canonical = canonical_request(request, &given.signed_headers, &hash);
    let expected = sign(
        &accounts::word(key.secret, account),
        given.date,
        given.region,
        date,
        &canonical,
    );
    if expected == given.signature {
        Ok(given.region)
    } else {
        Err(Refusal::wrong_signature())
    }
}

/// The number of the account that a request claims to be of.
pub fn account(request: &Request, keys: &[Key]) -> Option<u32> {
    let given = authorization(request.header("authorization")?).ok()?;
    known(keys, given.access_key).map(|(_, account)| account)
}

/// The first account's key of that kind, and the number of the account whose key it is.
fn known<'k>(keys: &'k [Key], access: &str) -> Option<(&'k Key, u32)> {
    keys.iter()
        .find_map(|key| Some((key, accounts::number(key.access, access)?)))
}

fn authorization(header: &str) -> Result<Authorization<'_>, Refusal> {
    let fields = header
        .strip_prefix(ALGORITHM)
        .and_then(|rest| rest.strip_prefix(' '))
        .ok_or_else(Refusal::invalid_authorization)?;
    let field = |name: &str| {
        fields
            .split(',')
            .filter_map(|field| field.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    };
    let credential = field("Credential").ok_or_else(Refusal::invalid_authorization)?;
    let signed_headers = field("SignedHeaders").ok_or_else(Refusal::invalid_authorization)?;
    let signature = field("Signature")
        .filter(|text| !text.is_empty())
        .ok_or_else(Refusal::missing_signature)?;
    let scope: Vec<&str> = credential.split('/').collect();
    let [access_key, date, region, service, "request"] = scope.as_slice() else {
        return Err(Refusal::invalid_credential());
    };
    Ok(Authorization {
        access_key,
        date,
        region,
        service,
        signed_headers: signed_headers.split(';').collect(),
        signature,
    })
}

/// A signature lives for `X-Expires` seconds, 900 unless the query says otherwise.
fn check_time(request: &Request, date: &str, rules: Rules<'_>) -> Result<(), Refusal> {
    let invalid = || Refusal::invalid_timestamp(rules.timestamp_status);
    let signed = civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date).map_err(|_| invalid())?;
    let signed = Offset::UTC.to_timestamp(signed).map_err(|_| invalid())?;
    let expires = request.query_pairs().into_iter().find(|(key, _)| key == "X-Expires");
    let valid = expires
        .and_then(|(_, seconds)| seconds.parse().ok())
        .unwrap_or(SECONDS_VALID);
    let age = rules.now.duration_since(signed);
    if age > SignedDuration::from_secs(valid) || age < SignedDuration::from_secs(-rules.future_skew) {
        return Err(invalid());
    }
    Ok(())
}

fn check_token(request: &Request, key: &Key, signed: &[&str]) -> Result<(), Refusal> {
    let Some(token) = key.token else {
        return Ok(());
    };
    if request.header("x-security-token") != Some(token) {
        return Err(Refusal::invalid_token());
    }
    if signed.contains(&"x-security-token") {
        Ok(())
    } else {
        Err(Refusal::wrong_signature())
    }
}

/// The canonical request: method, path, query, headers, names of headers, hash of the body.
pub fn canonical_request(request: &Request, signed_headers: &[&str], body_hash: &str) -> String {
    let mut headers = String::new();
    for name in signed_headers {
        headers.extend([name, ":", header_value(request, name), "\n"]);
    }
    let parts = [
        request.method.as_str(),
        if request.path.is_empty() { "/" } else { &request.path },
        &canonical_query(&request.query),
        &headers,
        &signed_headers.join(";"),
        body_hash,
    ];
    parts.join("\n")
}

/// Ports 80 and 443 do not count in the host; any other port does.
fn header_value<'a>(request: &'a Request, name: &str) -> &'a str {
    let value = request.header(name).unwrap_or_default().trim();
    if name != "host" {
        return value;
    }
    value
        .strip_suffix(":80")
        .or_else(|| value.strip_suffix(":443"))
        .unwrap_or(value)
}

/// The query with its keys and values encoded as RFC 3986 has it, sorted by key; repeated keys keep their order.
fn canonical_query(query: &str) -> String {
    let encode = |text: &str| {
        let bytes: Vec<u8> = percent_decode_str(text).collect();
        percent_encode(&bytes, UNRESERVED).to_string()
    };
    let mut pairs: Vec<(Vec<u8>, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                percent_decode_str(key).collect(),
                format!("{}={}", encode(key), encode(value)),
            )
        })
        .collect();
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    let pairs: Vec<String> = pairs.into_iter().map(|(_, pair)| pair).collect();
    pairs.join("&")
}

/// The signature of a canonical request.
pub fn sign(secret: &str, date: &str, region: &str, x_date: &str, canonical: &str) -> String {
    let hash = hex(&Sha256::digest(canonical.as_bytes()));
    let text = format!("{ALGORITHM}\n{x_date}\n{date}/{region}/{SERVICE}/request\n{hash}");
    hex(&hmac(&signing_key(secret, date, region), &text))
}

fn signing_key(secret: &str, date: &str, region: &str) -> Vec<u8> {
    [date, region, SERVICE, "request"]
        .iter()
        .fold(secret.as_bytes().to_vec(), |key, text| hmac(&key, text))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        },
    )
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const P1: &str = r#"{"Aggregation":86400,"EndTime":"2022-02-17T23:59:59+08:00","StartTime":"2022-02-11T00:00:00+08:00","Vhosts":["www.example.com"]}"#;
    const P3: &str = r#"{"StartTime":"2024-03-01T00:00:00+08:00","EndTime":"2024-03-14T23:59:59+08:00","Vhosts":["直播.example.com"]}"#;
    const KEY: Key = Key {
        access: "AKLTexamplepublic0001",
        secret: "c2VjcmV0LWV4YW1wbGUtbm90LXJlYWw=",
        token: None,
    };
    const STS_KEY: Key = Key {
        access: "AKTPexamplepublic0002",
        secret: "dGVtcC1zZWNyZXQtbm90LXJlYWw=",
        token: Some("STS2eyJleGFtcGxlIjoibm90LXJlYWwifQ=="),
    };

    struct Vector {
        key: Key,
        body: &'static str,
        x_date: &'static str,
        body_hash: &'static str,
        canonical_hash: &'static str,
        signing_key: &'static str,
        signature: &'static str,
    }

    const VECTORS: [Vector; 3] = [
        Vector {
            key: KEY,
            body: P1,
            x_date: "20240315T080910Z",
            body_hash: "5e0dec0aabe6a6ccb5a5e76d9c41ac27c89634ed04aaeb3e065509f8ff3f0dca",
            canonical_hash: "9f9e41cf8c842ef0c61d5c4b1d19fc2cf2edb329b72de4a7a10e997124bf8a6f",
            signing_key: "b979761bec8347505cf0afae7eb340c0cb3944b954cef7750b3307d014327485",
            signature: "575a4f056ed0bcc4acad67a14569153ac962604aba1008fd302fa012c7e83903",
        },
        Vector {
            key: STS_KEY,
            body: "",
            x_date: "20240315T235959Z",
            body_hash: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            canonical_hash: "5e37b88a7d5d7c81dc04baf37c2caeaef24f5d91e6792459cce3f29fada4ff06",
            signing_key: "503df96a5614037cd7216916841e1171b4574cc5d4d5cd8f7484518445b048de",
            signature: "3d1698e4fa67c6c2e5485cdbc139a547ef876be8271ea9b79134d6ee6e5b8c77",
        },
        Vector {
            key: KEY,
            body: P3,
            x_date: "20240315T080910Z",
            body_hash: "44fa1e78142845c913fca8f1d7dac9c04043fd4044ed50b297c0dce78f7bc77d",
            canonical_hash: "ad452f51065cfe0d04b416b5c811ce19040eef6fedb204568d223a7fe34cfb93",
            signing_key: "b979761bec8347505cf0afae7eb340c0cb3944b954cef7750b3307d014327485",
            signature: "9be1d532521c2611791f994e9a5ea4593e60ddcffdfbb3b777696b8fa00fb168",
        },
    ];

    /// The signed headers of a vector.
    fn names(vector: &Vector) -> Vec<&'static str> {
        let mut names = vec!["content-type", "host", "x-content-sha256", "x-date"];
        names.extend(vector.key.token.map(|_| "x-security-token"));
        names
    }

    fn request(vector: &Vector) -> Request {
        let headers = [
            ("host", "live.volcengineapi.com"),
            ("content-type", "application/json"),
            ("x-content-sha256", vector.body_hash),
            ("x-date", vector.x_date),
        ];
        let token = vector.key.token.map(|token| ("x-security-token", token));
        let mut request = Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: "Action=DescribeLiveTimeShiftData&Version=2023-01-01".to_owned(),
            headers: headers
                .into_iter()
                .chain(token)
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            body: vector.body.as_bytes().to_vec(),
        };
        let date = &vector.x_date[..8];
        let value = format!(
            "HMAC-SHA256 Credential={}/{date}/cn-north-1/live/request, SignedHeaders={}, Signature={}",
            vector.key.access,
            names(vector).join(";"),
            vector.signature
        );
        request.headers.push(("authorization".to_owned(), value));
        request
    }

    fn verdict(request: &Request, now: &str) -> Result<String, &'static str> {
        let rules = Rules {
            now: now.parse().unwrap(),
            future_skew: 900,
            timestamp_status: 400,
            keys: &[KEY, STS_KEY],
        };
        check(request, rules).map(str::to_owned).map_err(|refusal| refusal.code)
    }

    /// The first vector with one header changed.
    fn with_header(name: &str, change: impl Fn(&str) -> String) -> Request {
        let mut request = request(&VECTORS[0]);
        let header = request.headers.iter_mut().find(|(key, _)| key == name).unwrap();
        header.1 = change(&header.1);
        request
    }

    const NOW: &str = "2024-03-15T08:09:10Z";

    #[test]
    fn the_published_vectors_hold_step_by_step() {
        for vector in &VECTORS {
            let request = request(vector);
            let hash = hex(&Sha256::digest(&request.body));
            assert_eq!(hash, vector.body_hash);
            let canonical = canonical_request(&request, &names(vector), &hash);
            assert_eq!(hex(&Sha256::digest(canonical.as_bytes())), vector.canonical_hash);
            let key = signing_key(vector.key.secret, &vector.x_date[..8], "cn-north-1");
            assert_eq!(hex(&key), vector.signing_key);
            let signed: Timestamp = format!(
                "2024-03-15T{}:{}:{}Z",
                &vector.x_date[9..11],
                &vector.x_date[11..13],
                &vector.x_date[13..15]
            )
            .parse()
            .unwrap();
            assert_eq!(verdict(&request, &signed.to_string()), Ok("cn-north-1".to_owned()));
        }
    }

    #[test]
    fn a_changed_byte_breaks_the_signature() {
        let mut body = request(&VECTORS[0]);
        body.body.push(b' ');
        let mut query = request(&VECTORS[0]);
        query.query = "Action=DescribeLiveTimeShiftData&Version=2020-08-01".to_owned();
        let mut method = request(&VECTORS[0]);
        method.method = "GET".to_owned();
        let content_type = with_header("content-type", |_| "application/json; charset=utf-8".to_owned());
        let host = with_header("host", |_| "live.volcengineapi.com:8080".to_owned());
        for request in [body, query, method, content_type, host] {
            assert_eq!(verdict(&request, NOW), Err("SignatureDoesNotMatch"));
        }
    }

    #[test]
    fn the_default_ports_do_not_count_in_the_host() {
        for port in [":80", ":443"] {
            let request = with_header("host", |host| format!("{host}{port}"));
            assert_eq!(verdict(&request, NOW), Ok("cn-north-1".to_owned()));
        }
    }

    #[test]
    fn a_signature_lives_for_900_seconds_either_way() {
        let request = request(&VECTORS[0]);
        for (now, valid) in [
            ("2024-03-15T08:24:10Z", true),
            ("2024-03-15T08:24:11Z", false),
            ("2024-03-15T07:54:10Z", true),
            ("2024-03-15T07:54:09Z", false),
        ] {
            let expected = if valid {
                Ok("cn-north-1".to_owned())
            } else {
                Err("InvalidTimestamp")
            };
            assert_eq!(verdict(&request, now), expected, "{now}");
        }
    }

    #[test]
    fn each_malformed_part_has_its_own_refusal() {
        let edit =
            |from: &'static str, to: &'static str| with_header("authorization", move |text| text.replace(from, to));
        for (request, code) in [
            (edit("HMAC-SHA256 ", "Bearer "), "InvalidAuthorization"),
            (edit("AKLTexamplepublic0001", "AKLTunknown"), "InvalidAccessKey"),
            (edit("/live/", "/vod/"), "InvalidCredential"),
            (edit("/request,", ","), "InvalidCredential"),
            (edit("/20240315/", "/20240314/"), "InvalidCredential"),
            (edit("host;", ""), "InvalidAuthorization"),
            (edit("Signature=575a", "Signature=675a"), "SignatureDoesNotMatch"),
            (edit(", Signature=", ", Other="), "MissingSignature"),
            (edit("cn-north-1", "us-east-1"), "SignatureDoesNotMatch"),
            (
                with_header("x-date", |_| "2024-03-15T08:09:10+08:00".to_owned()),
                "InvalidTimestamp",
            ),
            (
                with_header("x-content-sha256", |_| VECTORS[1].body_hash.to_owned()),
                "SignatureDoesNotMatch",
            ),
        ] {
            assert_eq!(verdict(&request, NOW), Err(code));
        }
        let mut bare = request(&VECTORS[0]);
        bare.headers.retain(|(key, _)| key != "authorization");
        assert_eq!(verdict(&bare, NOW), Err("MissingAuthenticationToken"));
        let mut undated = request(&VECTORS[0]);
        undated.headers.retain(|(key, _)| key != "x-date");
        assert_eq!(verdict(&undated, NOW), Err("MissingRequestInfo"));
    }

    #[test]
    fn a_temporary_key_needs_its_token() {
        let mut without = request(&VECTORS[1]);
        without.headers.retain(|(key, _)| key != "x-security-token");
        assert_eq!(verdict(&without, "2024-03-15T23:59:59Z"), Err("InvalidSecretToken"));
    }

    #[test]
    fn the_canonical_query_is_sorted_and_encoded_anew() {
        assert_eq!(
            canonical_query("b=2&a=x+y&a=%7e%e4&Z&&c=%2f"),
            "Z=&a=x%2By&a=~%E4&b=2&c=%2F"
        );
    }
}
