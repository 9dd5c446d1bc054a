//! Bodies: the bytes that were sent, packed or not and in pieces of any size, or the error that says what is wrong.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use metertap::engine::body::{Caps, Collector};
use metertap::values::error::{Kind, Result};

use crate::timing::timed;

const CAPS: Caps = Caps {
    wire: 4096,
    decoded: 1 << 16,
    ratio: 50,
};
const MEBIBYTE: usize = 1 << 20;

/// The first byte chooses the caps and what is done, the second is the length of the pieces, the others are the body.
pub fn check(data: &[u8]) {
    let Some((how, rest)) = crate::number(data) else { return };
    let Some((piece, bytes)) = crate::number(rest) else { return };
    let piece = piece + 1;
    let caps = if how & 1 == 0 { Caps::default() } else { CAPS };
    match how >> 1 & 3 {
        0 => sent(bytes, piece, caps),
        1 => packed(bytes, piece, caps),
        2 => cut(bytes, piece),
        _ => expanded(bytes, caps),
    }
}

fn read(wire: &[u8], piece: usize, caps: Caps) -> Result<Vec<u8>> {
    let mut collector = Collector::new(caps, None)?;
    wire.chunks(piece).try_for_each(|chunk| collector.push(chunk))?;
    collector.finish()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).expect("memory");
    packer.finish().expect("memory")
}

/// Bytes as they come: plain ones stay, packed ones are what the library unpacks at once.
fn sent(wire: &[u8], piece: usize, caps: Caps) {
    let found = timed(wire.len(), || read(wire, piece, caps));
    if wire.len() > caps.wire {
        assert_eq!(found.expect_err("too much").kind, Kind::ResponseTooLarge);
        return;
    }
    if !wire.starts_with(&[0x1f, 0x8b]) {
        return assert_eq!(found.expect("plain bytes"), wire);
    }
    let mut whole = Vec::new();
    let outcome = flate2::read::MultiGzDecoder::new(wire).take(caps.decoded as u64 + 1).read_to_end(&mut whole);
    match found {
        Ok(body) => assert!(outcome.is_ok() && body == whole),
        Err(error) if error.kind == Kind::IncompleteResponse => assert!(outcome.is_err(), "{error}"),
        Err(error) => {
            let expands = whole.len() > MEBIBYTE && whole.len() / wire.len() > caps.ratio;
            assert!(error.kind == Kind::ResponseTooLarge && (whole.len() > caps.decoded || expands), "{error}");
        }
    }
}

/// What was packed, in one member or in two, is unpacked.
fn packed(bytes: &[u8], piece: usize, caps: Caps) {
    let (one, two) = bytes.split_at(piece.min(bytes.len()));
    let wire = if piece % 2 == 0 { gzip(bytes) } else { [gzip(one), gzip(two)].concat() };
    let found = timed(wire.len() + bytes.len(), || read(&wire, piece, caps));
    if wire.len() > caps.wire || bytes.len() > caps.decoded {
        assert_eq!(found.expect_err("too much").kind, Kind::ResponseTooLarge);
    } else {
        assert_eq!(found.expect("a whole body"), bytes);
    }
}

/// What is missing a byte or more is not whole.
fn cut(bytes: &[u8], piece: usize) {
    let wire = gzip(bytes);
    let end = wire.len().saturating_sub(piece).max(2);
    let error = read(&wire[..end], piece, Caps::default()).expect_err("a part");
    assert_eq!(error.kind, Kind::IncompleteResponse);
}

/// What unpacks to more than it may is refused: the bytes again and again.
fn expanded(bytes: &[u8], caps: Caps) {
    let caps = Caps { wire: MEBIBYTE, ..caps };
    if bytes.is_empty() || bytes.len() > 64 {
        return;
    }
    let plain = bytes.repeat((caps.decoded.min(MEBIBYTE) + MEBIBYTE / 4) / bytes.len());
    let wire = gzip(&plain);
    let found = read(&wire, wire.len(), caps);
    let expands = plain.len() / wire.len() > caps.ratio;
    if plain.len() > caps.decoded || expands {
        assert_eq!(found.expect_err("too much").kind, Kind::ResponseTooLarge);
    } else {
        assert_eq!(found.expect("a whole body"), plain);
    }
}
