//! Volcengine's signature: HMAC-SHA256 over a canonical form of the request.
//!
//! The header form of <https://www.volcengine.com/docs/6369/67270>. A signature lives for 15 minutes, so every attempt
//! is signed anew.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use url::{Position, Url};

use crate::service::{Method, Request};
use crate::values::error::{Error, Kind, Result};
use crate::values::secret::Secret;
use crate::values::text::{hex, query};
use crate::values::window::Instant;

const ALGORITHM: &str = "HMAC-SHA256";

/// Who signs, and for what.
#[derive(Debug)]
pub struct Signer<'a> {
    /// The id of the key.
    pub access_key: &'a str,
    /// The key.
    pub secret_key: &'a Secret,
    /// What belongs to a temporary key.
    pub session_token: Option<&'a Secret>,
    /// The region that the signature names.
    pub region: &'a str,
    /// The service that the signature names.
    pub service: &'a str,
}

impl Signer<'_> {
    /// Signs the request as it is: the bytes of its body may not change any more.
    pub fn sign(&self, request: &mut Request, now: Timestamp) -> Result<()> {
        let date = Instant::utc(now).to_utc_text().replace(['-', ':'], "");
        let address = Url::parse(&request.url);
        let address =
            address.map_err(|problem| Error::new(Kind::Internal, format!("the request's address: {problem}")))?;
        let body_hash = hex(&Sha256::digest(&request.body));
        request.headers.push(("x-content-sha256", body_hash.clone()));
        request.headers.push(("x-date", date.clone()));
        if let Some(token) = self.session_token {
            request.headers.push(("x-security-token", token.expose().to_owned()));
        }
        let headers = signed_headers(request, &address)?;
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let canonical = canonical_request(request, &address, &headers, &names, &body_hash);
        let scope = self.scope(&date);
        let to_sign = [ALGORITHM, &date, &scope, &hex(&Sha256::digest(canonical))].join("\n");
        let signature = hex(&keyed(&self.key(&date)?, &to_sign)?);
        let authorization = [
            ALGORITHM,
            " Credential=",
            self.access_key,
            "/",
            &scope,
            ", SignedHeaders=",
            &names,
            ", Signature=",
            &signature,
        ];
        request.headers.push(("authorization", authorization.concat()));
        Ok(())
    }

    /// What the signature is good for; its day is the UTC one.
    fn scope(&self, date: &str) -> String {
        [day(date), self.region, self.service, "request"].join("/")
    }

    /// The key of this day, region and service. It starts from the raw secret, without a prefix.
    fn key(&self, date: &str) -> Result<[u8; 32]> {
        let first = keyed(self.secret_key.expose().as_bytes(), day(date))?;
        let steps = [self.region, self.service, "request"];
        steps.iter().try_fold(first, |key, step| keyed(&key, step))
    }
}

/// The day in a date like `20240315T080910Z`.
fn day(date: &str) -> &str {
    date.split('T').next().unwrap_or_default()
}

/// The headers that are signed: sorted, with names in lower case, and the host among them.
fn signed_headers<'a>(request: &'a Request, address: &'a Url) -> Result<Vec<(&'a str, &'a str)>> {
    let signed = |name: &str| matches!(name, "content-type" | "content-md5") || name.starts_with("x-");
    let given = request.headers.iter().filter(|(name, _)| signed(name));
    let mut headers: Vec<(&str, &str)> = given.map(|(name, value)| (*name, value.trim())).collect();
    headers.push(("host", canonical_host(address)?));
    headers.sort_unstable();
    Ok(headers)
}

/// The host and its port; 80 and 443 are left out, whatever the scheme, as the vendor's clients do.
fn canonical_host(address: &Url) -> Result<&str> {
    let host = address
        .host_str()
        .ok_or_else(|| Error::new(Kind::Internal, "the request's address has no host"))?;
    Ok(match address.port() {
        None | Some(80 | 443) => host,
        Some(_) => &address[Position::BeforeHost..Position::AfterPort],
    })
}

fn canonical_request(
    request: &Request,
    address: &Url,
    headers: &[(&str, &str)],
    names: &str,
    body_hash: &str,
) -> String {
    let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = address.query_pairs().collect();
    // By key alone: repeated keys stay in the order of the request.
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    let query = query(pairs.iter().map(|(key, value)| (&**key, &**value)));
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    let mut canonical = [method, address.path(), &query].join("\n");
    for (name, value) in headers {
        canonical.extend(["\n", name, ":", value]);
    }
    // Each line of the headers ends in a line feed, so an empty line follows the last one.
    canonical.extend(["\n\n", names, "\n", body_hash]);
    canonical
}

fn keyed(key: &[u8], text: &str) -> Result<[u8; 32]> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).map_err(|problem| Error::new(Kind::Internal, problem.to_string()))?;
    mac.update(text.as_bytes());
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made-up keys; two of the vendor's own clients and a computation from scratch agree on every value.
    struct Vector {
        access_key: &'static str,
        secret_key: &'static str,
        token: Option<&'static str>,
        now: &'static str,
        body: &'static str,
        body_hash: &'static str,
        headers: &'static str,
        canonical_hash: &'static str,
        key: &'static str,
        signature: &'static str,
    }

    const VECTORS: [Vector; 3] = [
        Vector {
            access_key: "AKLTexamplepublic0001",
            secret_key: "c2VjcmV0LWV4YW1wbGUtbm90LXJlYWw=",
            token: None,
            now: "2024-03-15T08:09:10Z",
            body: r#"{"Aggregation":86400,"EndTime":"2022-02-17T23:59:59+08:00","StartTime":"2022-02-11T00:00:00+08:00","Vhosts":["www.example.com"]}"#,
            body_hash: "5e0dec0aabe6a6ccb5a5e76d9c41ac27c89634ed04aaeb3e065509f8ff3f0dca",
            headers: "content-type;host;x-content-sha256;x-date",
            canonical_hash: "9f9e41cf8c842ef0c61d5c4b1d19fc2cf2edb329b72de4a7a10e997124bf8a6f",
            key: "b979761bec8347505cf0afae7eb340c0cb3944b954cef7750b3307d014327485",
            signature: "575a4f056ed0bcc4acad67a14569153ac962604aba1008fd302fa012c7e83903",
        },
        Vector {
            access_key: "AKTPexamplepublic0002",
            secret_key: "dGVtcC1zZWNyZXQtbm90LXJlYWw=",
            token: Some("STS2eyJleGFtcGxlIjoibm90LXJlYWwifQ=="),
            now: "2024-03-15T23:59:59Z",
            body: "",
            body_hash: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            headers: "content-type;host;x-content-sha256;x-date;x-security-token",
            canonical_hash: "5e37b88a7d5d7c81dc04baf37c2caeaef24f5d91e6792459cce3f29fada4ff06",
            key: "503df96a5614037cd7216916841e1171b4574cc5d4d5cd8f7484518445b048de",
            signature: "3d1698e4fa67c6c2e5485cdbc139a547ef876be8271ea9b79134d6ee6e5b8c77",
        },
        Vector {
            access_key: "AKLTexamplepublic0001",
            secret_key: "c2VjcmV0LWV4YW1wbGUtbm90LXJlYWw=",
            token: None,
            now: "2024-03-15T08:09:10Z",
            body: r#"{"StartTime":"2024-03-01T00:00:00+08:00","EndTime":"2024-03-14T23:59:59+08:00","Vhosts":["直播.example.com"]}"#,
            body_hash: "44fa1e78142845c913fca8f1d7dac9c04043fd4044ed50b297c0dce78f7bc77d",
            headers: "content-type;host;x-content-sha256;x-date",
            canonical_hash: "ad452f51065cfe0d04b416b5c811ce19040eef6fedb204568d223a7fe34cfb93",
            key: "b979761bec8347505cf0afae7eb340c0cb3944b954cef7750b3307d014327485",
            signature: "9be1d532521c2611791f994e9a5ea4593e60ddcffdfbb3b777696b8fa00fb168",
        },
    ];

    const ADDRESS: &str = "https://live.volcengineapi.com/?Action=DescribeLiveTimeShiftData&Version=2023-01-01";

    fn request(url: &str, body: &str) -> Request {
        let mut request = Request::post(url.to_owned());
        request.headers.push(("content-type", "application/json".to_owned()));
        request.body = body.as_bytes().to_vec();
        request
    }

    fn header<'r>(request: &'r Request, name: &str) -> &'r str {
        &request.headers.iter().find(|(key, _)| *key == name).unwrap().1
    }

    #[test]
    fn every_step_agrees_with_the_vendors_clients() {
        for vector in VECTORS {
            let (secret_key, token) = (Secret::new(vector.secret_key), vector.token.map(Secret::new));
            let signer = Signer {
                access_key: vector.access_key,
                secret_key: &secret_key,
                session_token: token.as_ref(),
                region: "cn-north-1",
                service: "live",
            };
            let mut request = request(ADDRESS, vector.body);
            signer.sign(&mut request, vector.now.parse().unwrap()).unwrap();
            let date = header(&request, "x-date").to_owned();
            assert_eq!(date, vector.now.replace(['-', ':'], ""));
            assert_eq!(header(&request, "x-content-sha256"), vector.body_hash);
            let address = Url::parse(ADDRESS).unwrap();
            let headers = signed_headers(&request, &address).unwrap();
            let canonical = canonical_request(&request, &address, &headers, vector.headers, vector.body_hash);
            assert_eq!(hex(&Sha256::digest(canonical)), vector.canonical_hash);
            assert_eq!(hex(&signer.key(&date).unwrap()), vector.key);
            let (day, rest) = (day(&date), "cn-north-1/live/request");
            assert_eq!(
                header(&request, "authorization"),
                format!(
                    "HMAC-SHA256 Credential={}/{day}/{rest}, SignedHeaders={}, Signature={}",
                    vector.access_key, vector.headers, vector.signature
                )
            );
        }
    }

    #[test]
    fn the_canonical_host_drops_the_usual_ports_only() {
        for (address, host) in [
            ("https://live.volcengineapi.com/", "live.volcengineapi.com"),
            ("http://live.volcengineapi.com:443/", "live.volcengineapi.com"),
            ("https://live.volcengineapi.com:80/", "live.volcengineapi.com"),
            ("http://127.0.0.1:18080/", "127.0.0.1:18080"),
            ("http://[::1]:18080/", "[::1]:18080"),
        ] {
            assert_eq!(canonical_host(&Url::parse(address).unwrap()).unwrap(), host);
        }
    }

    #[test]
    fn the_canonical_query_is_encoded_once_and_sorted_by_key() {
        let address = "http://127.0.0.1:18080/?b=2&a=x%20y&b=1&A=%2B~";
        let (request, address) = (request(address, ""), Url::parse(address).unwrap());
        assert_eq!(
            canonical_request(&request, &address, &[("host", "127.0.0.1:18080")], "host", "hash"),
            "POST\n/\nA=%2B~&a=x%20y&b=2&b=1\nhost:127.0.0.1:18080\n\nhost\nhash"
        );
    }
}
