//! The two versions of HTTP, as much of them as clients of metered APIs use.

use std::convert::Infallible;
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::bodies::Site;

/// A head above this is no request.
const LONGEST: usize = 1 << 20;
/// Bodies up to this are copied behind their head, so that one write sends both.
const SMALL: usize = 1 << 16;

/// Answers the requests of a connection of HTTP/1.1, one after the other.
pub async fn first<S: AsyncRead + AsyncWrite + Unpin>(mut socket: S, site: Rc<Site>) {
    let mut buffer = Vec::with_capacity(1 << 14);
    let mut out = Vec::with_capacity(1 << 14);
    loop {
        while let Some((head, length)) = request(&buffer) {
            let end = head + length;
            while buffer.len() < end {
                if !matches!(socket.read_buf(&mut buffer).await, Ok(1..)) {
                    return;
                }
            }
            let target = target(&buffer[..head]);
            let answer = site.answer(target, &buffer[head..end]);
            if !answer.delay.is_zero() {
                tokio::time::sleep(answer.delay).await;
            }
            let body = answer.whole();
            buffer.drain(..end);
            if send(&mut socket, &mut out, body).await.is_err() {
                return;
            }
        }
        if buffer.len() > LONGEST || !matches!(socket.read_buf(&mut buffer).await, Ok(1..)) {
            return;
        }
    }
}

async fn send<S: AsyncWrite + Unpin>(socket: &mut S, out: &mut Vec<u8>, body: Option<Bytes>) -> std::io::Result<()> {
    let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
    let body = body.unwrap_or_default();
    out.clear();
    let head = "content-type: application/json\r\ncontent-length";
    out.extend_from_slice(format!("HTTP/1.1 {status}\r\n{head}: {}\r\n\r\n", body.len()).as_bytes());
    if body.len() <= SMALL {
        out.extend_from_slice(&body);
        socket.write_all(out).await?;
    } else {
        socket.write_all(out).await?;
        socket.write_all(&body).await?;
    }
    // TLS keeps a record back until then.
    socket.flush().await
}

/// The lengths of the head and of the body, once the head is there.
fn request(buffer: &[u8]) -> Option<(usize, usize)> {
    let head = buffer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let length = buffer[..head].split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(15)?;
        if !name.eq_ignore_ascii_case(b"content-length:") {
            return None;
        }
        std::str::from_utf8(value).ok()?.trim().parse().ok()
    });
    Some((head, length.unwrap_or(0)))
}

fn target(head: &[u8]) -> &str {
    let target = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    std::str::from_utf8(target).unwrap_or_default()
}

/// Answers the requests of a connection of HTTP/2.
pub async fn second<S: AsyncRead + AsyncWrite + Unpin + 'static>(socket: S, site: Rc<Site>) {
    let service = service_fn(move |request| respond(request, Rc::clone(&site)));
    let mut server = hyper::server::conn::http2::Builder::new(Local);
    server.max_concurrent_streams(1000);
    // A connection that breaks is the client's business.
    let _ = server
        .serve_connection(hyper_util::rt::TokioIo::new(socket), service)
        .await;
}

async fn respond(request: Request<Incoming>, site: Rc<Site>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let sent = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let answer = site.answer(head.uri.path_and_query().map_or("/", |target| target.as_str()), &sent);
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    let body = answer.whole();
    let mut response = Response::new(Full::new(body.clone().unwrap_or_default()));
    if body.is_none() {
        *response.status_mut() = hyper::StatusCode::NOT_FOUND;
    }
    let kind = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    Ok(response)
}

#[derive(Clone)]
struct Local;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
