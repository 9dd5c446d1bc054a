//! HTTP/1.1 as bytes: requests in, messages out.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::http::{Request, Response};

const HEAD_CAP: usize = 64 << 10;
const BODY_CAP: usize = 8 << 20;
const HEADER_COUNT_CAP: usize = 128;
const CHUNK: usize = 16 << 10;
/// How long a client may be silent between two requests, and take to send one.
const IDLE_LIMIT: Duration = Duration::from_secs(120);
const REQUEST_LIMIT: Duration = Duration::from_secs(60);

/// Why no request came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoRequest {
    /// The client closed or said nothing, between requests.
    Idle,
    /// The client went away, or stopped, in the middle of a request.
    Gone,
    /// What came is no request that this server takes; this status says so, and the connection ends.
    Refused(u16),
}

/// A request, and what its head says about the connection.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) request: Request,
    pub(super) manners: Manners,
}

/// How to answer, as far as the request's head decides it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manners {
    pub(super) keep_alive: bool,
    /// HTTP/1.0 knows no chunks.
    pub(super) may_chunk: bool,
    /// `HEAD` wants the head only.
    pub(super) wants_body: bool,
}

/// The bytes of a connection that came and were not used yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    buffer: Vec<u8>,
}

impl Inbox {
    /// Waits for the next whole request.
    pub(super) async fn next_request<S>(&mut self, link: &mut S) -> Result<Arrived, NoRequest>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.buffer.is_empty() {
            match timeout(IDLE_LIMIT, self.fill(link)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Err(NoRequest::Idle),
            }
        }
        timeout(REQUEST_LIMIT, self.rest_of_request(link))
            .await
            .unwrap_or(Err(NoRequest::Gone))
    }

    /// Reads what there is; the end of the stream means that the client has gone.
    pub(super) async fn fill<S: AsyncRead + Unpin>(&mut self, link: &mut S) -> Result<(), NoRequest> {
        self.buffer.reserve(4096);
        match link.read_buf(&mut self.buffer).await {
            Ok(0) | Err(_) => Err(NoRequest::Gone),
            Ok(_) => Ok(()),
        }
    }

    /// True while more may be read ahead of its turn.
    pub(super) fn has_room(&self) -> bool {
        self.buffer.len() < BODY_CAP
    }

    async fn rest_of_request<S>(&mut self, link: &mut S) -> Result<Arrived, NoRequest>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut head = loop {
            match parse_head(&self.buffer).map_err(NoRequest::Refused)? {
                Some(head) => break head,
                None if self.buffer.len() > HEAD_CAP => return Err(NoRequest::Refused(431)),
                None => self.fill(link).await?,
            }
        };
        self.buffer.drain(..head.size);
        if head.expects_continue && self.buffer.is_empty() {
            let sent = link.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
            sent.map_err(|_| NoRequest::Gone)?;
            link.flush().await.map_err(|_| NoRequest::Gone)?;
        }
        head.request.body = match head.framing {
            Framing::Length(length) => self.take(link, length).await?,
            Framing::Chunked => self.take_chunks(link).await?,
        };
        Ok(Arrived {
            request: head.request,
            manners: head.manners,
        })
    }

    /// The next `length` bytes.
    async fn take<S: AsyncRead + Unpin>(&mut self, link: &mut S, length: usize) -> Result<Vec<u8>, NoRequest> {
        if length > BODY_CAP {
            return Err(NoRequest::Refused(413));
        }
        while self.buffer.len() < length {
            self.fill(link).await?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    async fn take_chunks<S: AsyncRead + Unpin>(&mut self, link: &mut S) -> Result<Vec<u8>, NoRequest> {
        let mut body = Vec::new();
        loop {
            let size = self.take_chunk_size(link).await?;
            if size == 0 {
                break;
            }
            if body.len().saturating_add(size) > BODY_CAP {
                return Err(NoRequest::Refused(413));
            }
            body.extend(self.take(link, size).await?);
            if self.take(link, 2).await? != b"\r\n" {
                return Err(NoRequest::Refused(400));
            }
        }
        while !self.take_line(link).await?.is_empty() {} // trailers
        Ok(body)
    }

    async fn take_chunk_size<S: AsyncRead + Unpin>(&mut self, link: &mut S) -> Result<usize, NoRequest> {
        loop {
            match httparse::parse_chunk_size(&self.buffer) {
                Ok(httparse::Status::Complete((used, size))) => {
                    self.buffer.drain(..used);
                    return usize::try_from(size).map_err(|_| NoRequest::Refused(413));
                }
                Ok(httparse::Status::Partial) if self.buffer.len() <= HEAD_CAP => self.fill(link).await?,
                Ok(httparse::Status::Partial) | Err(_) => return Err(NoRequest::Refused(400)),
            }
        }
    }

    /// The next line, without its end.
    async fn take_line<S: AsyncRead + Unpin>(&mut self, link: &mut S) -> Result<Vec<u8>, NoRequest> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let bytes = self.buffer.drain(..end).collect();
                self.buffer.drain(..2);
                return Ok(bytes);
            }
            if self.buffer.len() > HEAD_CAP {
                return Err(NoRequest::Refused(431));
            }
            self.fill(link).await?;
        }
    }
}

#[derive(Debug)]
struct Head {
    request: Request,
    manners: Manners,
    framing: Framing,
    expects_continue: bool,
    /// How many bytes it takes.
    size: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
}

/// The head at the start of these bytes, if it is all there; else the status to refuse it with.
fn parse_head(bytes: &[u8]) -> Result<Option<Head>, u16> {
    let mut headers = [httparse::EMPTY_HEADER; HEADER_COUNT_CAP];
    let mut parsed = httparse::Request::new(&mut headers);
    let size = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(size)) if size <= HEAD_CAP => size,
        Ok(httparse::Status::Complete(_)) | Err(httparse::Error::TooManyHeaders) => return Err(431),
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(400),
    };
    let method = parsed.method.unwrap_or_default().to_owned();
    let (path, query) = split_target(parsed.path.unwrap_or_default());
    let request = Request {
        path,
        query,
        headers: parsed.headers.iter().map(plain_header).collect(),
        body: Vec::new(),
        method,
    };
    let is_1_1 = parsed.version == Some(1);
    Ok(Some(Head {
        manners: Manners {
            keep_alive: keeps_alive(&request, is_1_1),
            may_chunk: is_1_1,
            wants_body: request.method != "HEAD",
        },
        framing: framing(&request)?,
        expects_continue: request
            .header("expect")
            .is_some_and(|value| value.eq_ignore_ascii_case("100-continue")),
        request,
        size,
    }))
}

fn plain_header(header: &httparse::Header<'_>) -> (String, String) {
    let value = String::from_utf8_lossy(header.value);
    (header.name.to_ascii_lowercase(), value.trim().to_owned())
}

/// Path and query of a target; the absolute form, which proxies use, is taken too.
fn split_target(target: &str) -> (String, String) {
    let local = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?']) => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => target,
    };
    let (path, query) = local.split_once('?').unwrap_or((local, ""));
    (path.to_owned(), query.to_owned())
}

fn keeps_alive(request: &Request, is_1_1: bool) -> bool {
    let says = |word: &str| {
        request
            .header("connection")
            .is_some_and(|value| value.split(',').any(|token| token.trim().eq_ignore_ascii_case(word)))
    };
    if is_1_1 { !says("close") } else { says("keep-alive") }
}

fn framing(request: &Request) -> Result<Framing, u16> {
    let mut lengths = request.headers.iter().filter(|(name, _)| name == "content-length");
    match (request.header("transfer-encoding"), lengths.next()) {
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
        (Some(_), None) => Err(501),
        // Two opinions about where a request ends are how requests get smuggled.
        (Some(_), Some(_)) => Err(400),
        (None, None) => Ok(Framing::Length(0)),
        (None, Some((_, length))) => {
            let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
            let agreed = lengths.all(|(_, other)| other == length);
            if digits && agreed {
                length.parse().map(Framing::Length).map_err(|_| 413)
            } else {
                Err(400)
            }
        }
    }
}

/// An answer as bytes, still in two parts so that faults can get between them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// Status line and headers with the empty line.
    pub(super) head: Vec<u8>,
    /// The body as framed.
    pub(super) body: Vec<u8>,
}

impl Message {
    /// All bytes in one piece.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut bytes = self.head;
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// Frames an answer: status line, the headers that the service left to the server, and the body.
pub(super) fn message(mut response: Response, accepts_gzip: bool, manners: Manners, date: Timestamp) -> Message {
    if response.gzip && accepts_gzip {
        response.body = gzip(&response.body);
        response = response.header("Content-Encoding", "gzip");
    }
    let bodiless = matches!(response.status, 100..=199 | 204 | 304);
    let chunked = response.chunked && manners.may_chunk && !bodiless;
    let mut head = Vec::with_capacity(256);
    // Writing to a Vec cannot fail.
    let _ = write!(head, "HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
    let mut dated = false;
    for (name, value) in &response.headers {
        dated |= name.eq_ignore_ascii_case("date");
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if let (false, Ok(date)) = (dated, DateTimePrinter::new().timestamp_to_rfc9110_string(&date)) {
        let _ = write!(head, "Date: {date}\r\n");
    }
    if chunked {
        head.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
    } else if !bodiless {
        let _ = write!(head, "Content-Length: {}\r\n", response.body.len());
    }
    if !manners.keep_alive {
        head.extend_from_slice(b"Connection: close\r\n");
    }
    head.extend_from_slice(b"\r\n");
    let body = match (bodiless || !manners.wants_body, chunked) {
        (true, _) => Vec::new(),
        (false, true) => in_chunks(&response.body),
        (false, false) => response.body,
    };
    Message { head, body }
}

fn in_chunks(body: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(body.len() + 64);
    for chunk in body.chunks(CHUNK) {
        let _ = write!(framed, "{:x}\r\n", chunk.len());
        framed.extend_from_slice(chunk);
        framed.extend_from_slice(b"\r\n");
    }
    framed.extend_from_slice(b"0\r\n\r\n");
    framed
}

/// True if the request takes gzip: named or covered by a star, and not with a weight of zero.
pub(super) fn accepts_gzip(request: &Request) -> bool {
    request.header("accept-encoding").is_some_and(|value| {
        value.split(',').any(|item| {
            let (coding, weight) = item.split_once(';').unwrap_or((item, ""));
            let refused = weight
                .trim()
                .strip_prefix("q=")
                .is_some_and(|q| q.parse() == Ok(0.0_f32));
            matches!(coding.trim(), "gzip" | "x-gzip" | "*") && !refused
        })
    })
}

/// These bytes, really compressed.
pub(super) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to a Vec cannot fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}

/// The reason phrase that goes with a status.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        425 => "Too Early",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Option<Head>, u16> {
        parse_head(text.as_bytes())
    }

    #[test]
    fn where_a_body_ends_is_never_guessed() {
        let framed =
            |lines: &str| head(&format!("POST / HTTP/1.1\r\n{lines}\r\n")).map(|head| head.map(|head| head.framing));
        assert_eq!(framed(""), Ok(Some(Framing::Length(0))));
        assert_eq!(framed("Content-Length: 12\r\n"), Ok(Some(Framing::Length(12))));
        assert_eq!(framed("Transfer-Encoding: chunked\r\n"), Ok(Some(Framing::Chunked)));
        assert_eq!(framed("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), Err(400));
        assert_eq!(framed("Content-Length: 3\r\nContent-Length: 4\r\n"), Err(400));
        assert_eq!(framed("Content-Length: +3\r\n"), Err(400));
        assert_eq!(framed("Transfer-Encoding: gzip\r\n"), Err(501));
    }

    #[test]
    fn targets_keep_their_encoding_and_lose_their_authority() {
        let split = |target| split_target(target);
        assert_eq!(split("/a%20b?x=%2F"), ("/a%20b".to_owned(), "x=%2F".to_owned()));
        assert_eq!(split("http://host:1/a?b=c"), ("/a".to_owned(), "b=c".to_owned()));
        assert_eq!(split("http://host"), ("/".to_owned(), String::new()));
        assert_eq!(split("/to?u=http://x/"), ("/to".to_owned(), "u=http://x/".to_owned()));
    }

    #[test]
    fn gzip_is_sent_only_to_those_who_take_it() {
        let cases = [
            ("gzip", true),
            ("br, gzip;q=0.5", true),
            ("*", true),
            ("identity", false),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("", false),
        ];
        for (value, accepted) in cases {
            let request = Request {
                headers: vec![("accept-encoding".to_owned(), value.to_owned())],
                ..Request::default()
            };
            assert_eq!(accepts_gzip(&request), accepted, "{value}");
        }
    }

    #[test]
    fn a_message_has_the_headers_that_the_service_left_out() {
        let manners = Manners {
            keep_alive: false,
            may_chunk: true,
            wants_body: true,
        };
        let date: Timestamp = "2026-03-04T05:06:07Z".parse().unwrap();
        let text =
            |response: Response| String::from_utf8(message(response, false, manners, date).into_bytes()).unwrap();
        assert_eq!(
            text(Response::text(200, "text/plain", "417\n")),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Wed, 04 Mar 2026 05:06:07 GMT\r\n\
             Content-Length: 4\r\nConnection: close\r\n\r\n417\n"
        );
        assert_eq!(
            text(Response::empty(404).header("Date", "never")),
            "HTTP/1.1 404 Not Found\r\nDate: never\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let mut chunked = Response::text(200, "text/plain", "x".repeat(CHUNK + 1));
        chunked.chunked = true;
        let text = text(chunked);
        assert!(text.contains("\r\nTransfer-Encoding: chunked\r\n"), "{text}");
        assert!(text.contains("\r\n\r\n4000\r\nxxx"), "{text}");
        assert!(text.ends_with("x\r\n1\r\nx\r\n0\r\n\r\n"), "{text}");
    }
}
