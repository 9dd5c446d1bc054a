//! Bodies: the bytes that were sent, packed or not and in pieces of any size, or the error that says what is wrong.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use metertap::engine::body::{Caps, Collector};
use metertap::values::error::{Kind, Result};

use crate::timing::timed;

const SMALL: Caps = Caps {
    wire: 4096,
    decoded: 1 << 16,
    ratio: 50,
};
/// The ratio counts from here.
const MEBIBYTE: usize = 1 << 20;

/// The first byte chooses the caps and what is done, the second is the length of the pieces, the others are the body.
pub fn check(data: &[u8]) {
    let Some((how, rest)) = crate::number(data) else { return };
    let Some((piece, bytes)) = crate::number(rest) else {
        return;
    };
    let piece = piece + 1;
    let large = Caps {
        decoded: 4 * MEBIBYTE,
        ..Caps::default()
    };
    let caps = if how & 1 == 0 { large } else { SMALL };
    match how >> 1 & 3 {
        0 => sent(bytes, piece, caps),
        1 => packed(bytes, piece, caps),
        2 => cut(bytes, piece),
        _ => expanded(bytes, piece),
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
    let mut whole = Vec::new();
    let limit = caps.decoded as u64 + 1;
    let outcome = flate2::read::MultiGzDecoder::new(wire)
        .take(limit)
        .read_to_end(&mut whole);
    let found = timed(wire.len() + whole.len(), || read(wire, piece, caps));
    if wire.len() > caps.wire {
        assert_eq!(found.expect_err("too much").kind, Kind::ResponseTooLarge);
        return;
    }
    if !wire.starts_with(&[0x1f, 0x8b]) {
        return assert_eq!(found.expect("plain bytes"), wire);
    }
    match found {
        Ok(body) => assert!(outcome.is_ok() && body == whole),
        Err(error) if error.kind == Kind::IncompleteResponse => assert!(outcome.is_err(), "{error}"),
        Err(error) => {
            let expands = whole.len() > MEBIBYTE && whole.len() / wire.len() >= caps.ratio;
            assert!(
                error.kind == Kind::ResponseTooLarge && (whole.len() > caps.decoded || expands),
                "{error}"
            );
        }
    }
}

/// What was packed, in one member or in two, is unpacked.
fn packed(bytes: &[u8], piece: usize, caps: Caps) {
    let (one, two) = bytes.split_at(piece.min(bytes.len()));
    let wire = if piece % 2 == 0 {
        gzip(bytes)
    } else {
        [gzip(one), gzip(two)].concat()
    };
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

/// The bytes again and again, to both sides of what a body may unpack to.
fn expanded(bytes: &[u8], piece: usize) {
    let caps = Caps { decoded: 4096, ..SMALL };
    let Some(first) = bytes.first_chunk::<16>() else { return };
    let plain = first.repeat(caps.decoded / 16 - 8 + bytes.len() % 16);
    let wire = gzip(&plain);
    let found = timed(wire.len() + plain.len(), || read(&wire, piece, caps));
    if plain.len() > caps.decoded {
        assert_eq!(found.expect_err("too much").kind, Kind::ResponseTooLarge);
    } else {
        assert_eq!(found.expect("a whole body"), plain);
    }
}
