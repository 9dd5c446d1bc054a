//! The only file that names the HTTP library.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, USER_AGENT,
};

use super::body::{Caps, Collector, End};
use super::client::ProxyChoice;
use super::credentials::Boxed;
use crate::providers::{Method, Reply, Request};
use crate::values::address::is_loopback;
use crate::values::error::{Error, Kind, Result};
use crate::values::secret::Secret;
use crate::values::text::head;

/// Sends one request, once, and returns its whole answer.
pub trait Transport: Send + Sync {
    /// Sends it.
    fn send(&self, request: Request) -> Boxed<'_, Result<Reply>>;
}

/// The clocks of one exchange; the whole call has its own.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// From sending until the head of the answer.
    pub first_byte: Duration,
    /// Between two pieces of the body.
    pub gap: Duration,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(30),
            gap: Duration::from_secs(15),
        }
    }
}

/// What one HTTP client is made for; accounts that agree in it share one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// Certificates to trust besides the platform's.
    pub ca_file: Option<String>,
    /// The proxy; none for this machine.
    pub proxy: ProxyChoice,
    /// True for `https://`.
    pub tls: bool,
}

impl Route {
    /// The route to an address.
    pub fn to(base_url: &str, ca_file: Option<&str>, proxy: &ProxyChoice) -> Result<Self> {
        let url = reqwest::Url::parse(base_url).map_err(|_| Error::invalid("base_url is no URL"))?;
        let proxy = if is_loopback(&url) {
            ProxyChoice::Direct
        } else {
            proxy.clone()
        };
        let tls = url.scheme() == "https";
        Ok(Self {
            ca_file: ca_file.filter(|_| tls).map(str::to_owned),
            proxy,
            tls,
        })
    }
}

/// The real thing: sockets, TLS, a pool of connections.
pub struct Http {
    client: reqwest::Client,
    clocks: Clocks,
    caps: Caps,
}

impl Http {
    /// A client for this route. Reads certificates from disk, so it is built off any event loop, and once.
    pub fn new(route: &Route) -> Result<Self> {
        // Sets the default for this library's own copy of rustls; a second call changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clocks = Clocks::default();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // Ours is the only place that repeats requests, so that counts and budgets are true.
            .retry(reqwest::retry::never())
            .connect_timeout(clocks.connect)
            // Below the idle limits that are common among servers, so that they rarely close first.
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(64)
            .tcp_keepalive(Duration::from_secs(30))
            .tcp_nodelay(true);
        builder = match &route.proxy {
            ProxyChoice::Environment => builder,
            ProxyChoice::Direct => builder.no_proxy(),
            ProxyChoice::Url(url) => builder.proxy(reqwest::Proxy::all(url).map_err(|_| bad_proxy())?),
        };
        if !route.tls {
            // No certificate store is needed, and slim containers have none.
            builder = builder.tls_certs_only([]);
        } else if let Some(file) = &route.ca_file {
            builder = builder.tls_certs_merge(certificates(file)?);
        }
        let client = builder.build().map_err(|problem| no_client(&problem))?;
        Ok(Self {
            client,
            clocks,
            caps: Caps::default(),
        })
    }

    async fn exchange(&self, request: Request) -> Result<Reply> {
        let url = reqwest::Url::parse(&request.url).map_err(|_| Error::new(Kind::Internal, "a request has no URL"))?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let sending = self
            .client
            .request(method, url)
            .headers(headers(&request)?)
            .body(request.body)
            .send();
        let mut response = match tokio::time::timeout(self.clocks.first_byte, sending).await {
            Ok(answered) => answered.map_err(|problem| failure(&problem, Phase::Head))?,
            Err(_) => {
                return Err(timeout(
                    Kind::RequestTimeout,
                    "the first byte of an answer",
                    self.clocks.first_byte,
                ));
            }
        };
        let end = end_of(&response)?;
        let mut collector = Collector::new(self.caps, response.content_length())?;
        loop {
            match tokio::time::timeout(self.clocks.gap, response.chunk()).await {
                Ok(Ok(Some(chunk))) => collector.push(&chunk)?,
                Ok(Ok(None)) => break,
                Ok(Err(problem)) => return Err(failure(&problem, Phase::Body)),
                Err(_) => {
                    return Err(timeout(
                        Kind::IncompleteResponse,
                        "the next piece of the body",
                        self.clocks.gap,
                    ));
                }
            }
        }
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Ok(Reply {
            status: response.status().as_u16(),
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
            body: collector.finish_at(end)?,
        })
    }
}

/// What tells where the body of this answer ends; a part of one is refused. A status that is an error says what matters
/// before its body, of which nothing is counted.
fn end_of(response: &reqwest::Response) -> Result<End> {
    let status = response.status();
    if status == reqwest::StatusCode::PARTIAL_CONTENT {
        let text =
            "the answer is a part of one (HTTP 206), which nobody asked for; ask again, and check what is between";
        let mut error = Error::new(Kind::IncompleteResponse, text);
        error.http_status = Some(status.as_u16());
        return Err(error);
    }
    let has_body = status.is_success() && status != reqwest::StatusCode::NO_CONTENT;
    let is_marked = response.version() > reqwest::Version::HTTP_11
        || [CONTENT_LENGTH, TRANSFER_ENCODING]
            .iter()
            .any(|name| response.headers().contains_key(name));
    Ok(if has_body && !is_marked {
        End::Connection
    } else {
        End::Marked
    })
}

impl Transport for Http {
    fn send(&self, request: Request) -> Boxed<'_, Result<Reply>> {
        Box::pin(self.exchange(request))
    }
}

fn headers(request: &Request) -> Result<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 3);
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("metertap/", env!("CARGO_PKG_VERSION"))),
    );
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    if request.method == Method::Post && request.body.is_empty() {
        // The library leaves it out, and services answer 411 to a POST without a length.
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    for (name, value) in &request.headers {
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            Error::invalid(format!(
                "the {name} header would hold characters that HTTP does not allow; check the credentials"
            ))
        })?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

fn certificates(file: &str) -> Result<Vec<reqwest::Certificate>> {
    let shown = head(file, 200);
    let bytes = std::fs::read(file)
        .map_err(|problem| Error::invalid(format!("ca_file {shown:?} cannot be read: {}", problem.kind())))?;
    let found = reqwest::Certificate::from_pem_bundle(&bytes).unwrap_or_default();
    if found.is_empty() {
        return Err(Error::invalid(format!(
            "ca_file {shown:?} holds no certificate in PEM form"
        )));
    }
    Ok(found)
}

fn bad_proxy() -> Error {
    Error::invalid("proxy is no URL; write for example \"http://proxy.example.com:3128\", or None for no proxy")
}

fn no_client(problem: &reqwest::Error) -> Error {
    let causes = causes(problem).join(": ");
    let text = format!(
        "the HTTPS client cannot be built ({causes}); install the system's CA certificates (package ca-certificates) or pass ca_file"
    );
    Error::new(Kind::CertificateRejected, text)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Head,
    Body,
}

fn timeout(kind: Kind, what: &str, limit: Duration) -> Error {
    Error::new(kind, format!("{what} did not come within {} s", limit.as_secs()))
}

/// What an error of the HTTP library is, found by walking through its causes. Its text is not used: it holds the URL.
fn failure(problem: &reqwest::Error, phase: Phase) -> Error {
    let causes = causes(problem);
    let said = causes.join(": ");
    if let Some(reason) = certificate_problem(problem) {
        let text = format!(
            "the server's certificate is not accepted ({reason}); if it is signed by a private CA, pass ca_file"
        );
        return Error::new(Kind::CertificateRejected, text);
    }
    if problem.is_connect() {
        let text = if problem.is_timeout() {
            "no connection in time".to_owned()
        } else {
            format!("no connection ({said})")
        };
        return Error::new(
            Kind::ConnectionFailed,
            format!("{text}; check base_url, network and proxy"),
        );
    }
    if phase == Phase::Body || problem.is_body() || problem.is_decode() {
        return Error::new(Kind::IncompleteResponse, format!("the answer broke off ({said})"));
    }
    if problem.is_timeout() {
        return Error::new(Kind::RequestTimeout, "no answer in time");
    }
    Error::new(
        Kind::ConnectionLost,
        format!("the connection broke before an answer came ({said})"),
    )
}

/// The texts of the causes below the library's own, which names the URL.
fn causes(problem: &reqwest::Error) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut next = problem.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if texts.last() != Some(&text) {
            texts.push(text);
        }
        next = cause.source();
    }
    // The innermost one or two say what happened; those above repeat it.
    let skip = texts.len().saturating_sub(2);
    texts.into_iter().skip(skip).map(|text| head(&text, 160)).collect()
}

fn certificate_problem(problem: &reqwest::Error) -> Option<String> {
    let mut next = problem.source();
    while let Some(cause) = next {
        if let Some(rustls::Error::InvalidCertificate(reason)) = tls_problem(cause) {
            return Some(head(&reason.to_string(), 160));
        }
        next = cause.source();
    }
    None
}

/// The TLS library's error behind this one. Errors of I/O carry others, perhaps several deep, and pass by themselves
/// when they are asked for their source.
fn tls_problem<'e>(cause: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    if let Some(problem) = cause.downcast_ref::<rustls::Error>() {
        return Some(problem);
    }
    tls_problem(cause.downcast_ref::<std::io::Error>()?.get_ref()?)
}

/// The host (and port) of a proxy, without user name and password.
pub fn proxy_host(url: &Secret) -> Option<String> {
    let url = reqwest::Url::parse(url.expose()).ok()?;
    let host = url.host_str()?;
    Some(
        url.port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    const PLAIN: Route = Route {
        ca_file: None,
        proxy: ProxyChoice::Direct,
        tls: false,
    };

    /// Serves one connection, after the head of its request has come, and returns the address.
    fn server(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
            answer(&mut stream);
            // Stays open until the client goes.
            let _ = stream.read(&mut [0; 1]);
        });
        address
    }

    /// Sends a request with short clocks.
    fn send(request: Request) -> Result<Reply> {
        let clocks = Clocks {
            connect: Duration::from_secs(2),
            first_byte: Duration::from_millis(300),
            gap: Duration::from_millis(200),
        };
        let http = Http {
            clocks,
            ..Http::new(&PLAIN)?
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(http.send(request))
    }

    fn refusal(route: &Route) -> Error {
        Http::new(route).err().unwrap()
    }

    #[test]
    fn a_head_that_does_not_come_and_a_body_that_stops_have_clocks_of_their_own() {
        let silent = send(Request::get(server(|_| ()))).unwrap_err();
        assert_eq!(silent.kind, Kind::RequestTimeout);
        assert!(silent.message.starts_with("the first byte of an answer"), "{silent}");
        let stopped = send(Request::get(server(|stream| {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1234")
                .unwrap();
        })));
        let stopped = stopped.unwrap_err();
        assert_eq!(stopped.kind, Kind::IncompleteResponse);
        assert!(stopped.message.starts_with("the next piece of the body"), "{stopped}");
    }

    #[test]
    fn a_slow_body_that_goes_on_is_read_to_its_end() {
        let reply = send(Request::get(server(|stream| {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
                .unwrap();
            // Twice as long as a gap may be.
            for byte in b"12345678" {
                std::thread::sleep(Duration::from_millis(50));
                stream.write_all(&[*byte]).unwrap();
            }
        })));
        assert_eq!(reply.unwrap().body, b"12345678");
    }

    #[test]
    fn a_header_that_would_break_the_request_is_refused() {
        let mut request = Request::get("http://127.0.0.1:9/".to_owned());
        request.headers.push(("authorization", "Bearer a\r\nb".to_owned()));
        let error = send(request).unwrap_err();
        assert_eq!(error.kind, Kind::InvalidArgument);
        assert_eq!(
            error.message,
            "the authorization header would hold characters that HTTP does not allow; check the credentials"
        );
    }

    #[test]
    fn certificates_and_proxies_that_cannot_be_used_are_refused() {
        let with = |file: &str| Route {
            ca_file: Some(file.to_owned()),
            tls: true,
            ..PLAIN
        };
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for (route, message) in [
            (
                with("no/such.pem"),
                "ca_file \"no/such.pem\" cannot be read: entity not found",
            ),
            (with(manifest), "holds no certificate in PEM form"),
            (
                Route {
                    proxy: ProxyChoice::Url("http://".to_owned()),
                    ..PLAIN
                },
                "proxy is no URL",
            ),
        ] {
            let error = refusal(&route);
            assert_eq!(error.kind, Kind::InvalidArgument);
            assert!(error.message.contains(message), "{error}");
        }
    }

    #[test]
    fn a_proxy_is_shown_without_user_and_password() {
        for (url, shown) in [
            (
                "http://me:hunter2@proxy.example.com:3128",
                Some("proxy.example.com:3128"),
            ),
            ("http://me:hunter2@proxy.example.com", Some("proxy.example.com")),
            ("no proxy", None),
        ] {
            assert_eq!(proxy_host(&Secret::new(url)).as_deref(), shown);
        }
    }
}
