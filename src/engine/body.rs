//! Bodies: collected under caps, and decoded by looking at the bytes, since headers are sometimes wrong about them.

use std::io::Read;

use crate::values::error::{Error, Kind, Result};

/// How large a body may be.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// Bytes on the wire.
    pub wire: usize,
    /// Bytes after decoding.
    pub decoded: usize,
    /// Decoded bytes for one byte on the wire, once more than a MiB is decoded.
    pub ratio: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            wire: 8 << 20,
            decoded: 64 << 20,
            ratio: 200,
        }
    }
}

const MEBIBYTE: usize = 1 << 20;
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// A body on its way in.
#[derive(Debug)]
pub struct Collector {
    caps: Caps,
    bytes: Vec<u8>,
}

impl Collector {
    /// A collector under these caps, for a body that announced this length.
    pub fn new(caps: Caps, announced: Option<u64>) -> Result<Self> {
        let announced = announced.map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
        if announced > caps.wire {
            return Err(too_large("announced", announced, caps.wire));
        }
        Ok(Self {
            caps,
            bytes: Vec::with_capacity(announced),
        })
    }

    /// Takes the next chunk.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        if self.bytes.len() + chunk.len() > self.caps.wire {
            return Err(too_large("sent more than", self.caps.wire, self.caps.wire));
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// The decoded body: inflated if, and only if, it is gzip by its first bytes.
    pub fn finish(self) -> Result<Vec<u8>> {
        self.finish_at(End::Marked)
    }

    /// The same. A body that has no end but that of its connection may have been cut, and must show by its form that it
    /// is whole; gzip does by its checksum.
    pub fn finish_at(self, end: End) -> Result<Vec<u8>> {
        if self.bytes.starts_with(GZIP_MAGIC) {
            return inflate(&self.bytes, &self.caps);
        }
        if end == End::Connection && !closes(&self.bytes) {
            return Err(Error::new(
                Kind::IncompleteResponse,
                "the answer has no length and ends with its connection, so it may have been cut; ask again",
            ));
        }
        Ok(self.bytes)
    }
}

/// What tells where a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its length, its last chunk or its frame.
    Marked,
    /// The end of the connection, for whatever reason that came.
    Connection,
}

/// True for an object or an array, or several, that close.
fn closes(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    if !matches!(body.first(), Some(b'{' | b'[')) || !matches!(body.last(), Some(b'}' | b']')) {
        return false;
    }
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => depth += 1,
            b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth == 0 && !is_text
}

fn inflate(packed: &[u8], caps: &Caps) -> Result<Vec<u8>> {
    let mut stream = flate2::bufread::MultiGzDecoder::new(packed);
    let mut body = Vec::with_capacity(packed.len().saturating_mul(3).min(caps.decoded));
    let mut chunk = vec![0; 64 << 10];
    loop {
        let count = stream.read(&mut chunk).map_err(|problem| {
            Error::new(
                Kind::IncompleteResponse,
                format!("the gzip body cannot be decoded ({problem}); ask again"),
            )
        })?;
        let Some(news) = chunk.get(..count).filter(|news| !news.is_empty()) else {
            return Ok(body);
        };
        if body.len() + count > caps.decoded {
            return Err(too_large("decodes to more than", caps.decoded, caps.decoded));
        }
        body.extend_from_slice(news);
        if body.len() > MEBIBYTE && body.len() / packed.len().max(1) > caps.ratio {
            let text = format!(
                "the body expands more than {} times, as no usage report does",
                caps.ratio
            );
            return Err(Error::new(Kind::ResponseTooLarge, text));
        }
    }
}

fn too_large(verb: &str, size: usize, cap: usize) -> Error {
    Error::new(
        Kind::ResponseTooLarge,
        format!("the body {verb} {size} bytes; at most {cap} are read; ask for a shorter range"),
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(data).unwrap();
        packer.finish().unwrap()
    }

    fn read(body: &[u8], caps: Caps) -> Result<Vec<u8>> {
        let mut collector = Collector::new(caps, None)?;
        for chunk in body.chunks(7) {
            collector.push(chunk)?;
        }
        collector.finish()
    }

    #[test]
    fn a_body_that_ends_with_its_connection_is_whole_if_it_closes() {
        let read = |body: &[u8]| {
            let mut collector = Collector::new(Caps::default(), None).unwrap();
            collector.push(body).unwrap();
            collector.finish_at(End::Connection).map_err(|error| error.kind)
        };
        let whole = br#" {"a":[1,{"b":"}]\"\\"}],"c":"{["}"#;
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), Err(Kind::IncompleteResponse), "{end}");
        }
        for body in [
            &whole[..],
            b"[]",
            b"{}\r\n",
            b"[1,\n2]",
            b"\xef\xbb\xbf{\"a\":1}",
            b"{}{}",
        ] {
            assert_eq!(read(body).unwrap(), body);
        }
        for body in [
            &b""[..],
            b"123",
            b"\"text\"",
            b"true",
            b"null",
            b"<html></html>",
            b"1]",
            b"[1,[2]",
            b"{\"a\":\"}",
        ] {
            assert_eq!(
                read(body),
                Err(Kind::IncompleteResponse),
                "{}",
                String::from_utf8_lossy(body)
            );
        }
        assert_eq!(read(&gzip(b"123")).unwrap(), b"123");
    }

    #[test]
    fn the_bytes_decide_whether_a_body_is_gzip() {
        assert_eq!(read(b"32\n", Caps::default()).unwrap(), b"32\n");
        assert_eq!(read(&gzip(b"32\n"), Caps::default()).unwrap(), b"32\n");
        assert_eq!(read(b"", Caps::default()).unwrap(), b"");
        let two_members = [gzip(b"3"), gzip(b"2\n")].concat();
        assert_eq!(read(&two_members, Caps::default()).unwrap(), b"32\n");
    }

    #[test]
    fn a_cut_gzip_body_is_incomplete_at_every_byte() {
        let whole = gzip(b"{\"ingress\":334802932,\"egress\":271316192}\n");
        for cut in 2..whole.len() {
            assert_eq!(
                read(&whole[..cut], Caps::default()).unwrap_err().kind,
                Kind::IncompleteResponse,
                "{cut}"
            );
        }
    }

    #[test]
    fn every_cap_holds() {
        let caps = Caps {
            wire: 100,
            decoded: 1000,
            ratio: 200,
        };
        assert_eq!(read(&[b'1'; 101], caps).unwrap_err().kind, Kind::ResponseTooLarge);
        assert_eq!(
            read(&gzip(&[b'1'; 1001]), caps).unwrap_err().kind,
            Kind::ResponseTooLarge
        );
        assert!(read(&gzip(&[b'1'; 1000]), caps).is_ok());
        assert_eq!(
            Collector::new(caps, Some(101)).unwrap_err().kind,
            Kind::ResponseTooLarge
        );
        assert_eq!(
            Collector::new(caps, Some(u64::MAX)).unwrap_err().kind,
            Kind::ResponseTooLarge
        );
        let bomb = gzip(&vec![0; 8 << 20]);
        assert!(
            read(&bomb, Caps::default())
                .unwrap_err()
                .message
                .contains("expands more than 200 times")
        );
    }

    #[test]
    fn what_just_fits_is_read() {
        let caps = Caps {
            wire: 100,
            ..Caps::default()
        };
        assert_eq!(read(&[b'1'; 100], caps).unwrap(), [b'1'; 100]);
        assert!(Collector::new(caps, Some(100)).is_ok());
    }

    #[test]
    fn the_ratio_counts_from_the_second_mebibyte_on() {
        // A thousand times smaller on the wire, and read all the same.
        let small = vec![0; 1 << 20];
        assert_eq!(read(&gzip(&small), Caps::default()).unwrap(), small);
        let packed = gzip(&vec![0; 2 << 20]);
        let ratio = (2 << 20) / packed.len();
        assert!(ratio > 900, "{ratio}");
        let capped = |ratio| {
            let caps = Caps {
                ratio,
                ..Caps::default()
            };
            read(&packed, caps)
        };
        assert_eq!(capped(ratio).unwrap().len(), 2 << 20);
        assert_eq!(capped(ratio - 1).unwrap_err().kind, Kind::ResponseTooLarge);
    }
}
