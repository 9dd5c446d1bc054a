//! Bodies spoiled in the ways that parsers have to notice.

use flate2::{Compress, Compression, Crc, FlushCompress};

/// A document that stops half-way. What would still be a whole document (a bare number) gets an end that makes it none.
pub(super) fn cut(body: &[u8]) -> Vec<u8> {
    let mut half: Vec<u8> = body.iter().copied().take(body.len() / 2).collect();
    if serde_json::from_slice::<serde_json::Value>(&half).is_ok() {
        half.push(b'.');
    }
    half
}

/// Arrays inside arrays.
pub(super) fn deep(depth: usize) -> Vec<u8> {
    let mut body = vec![b'['; depth];
    body.resize(depth * 2, b']');
    body
}

/// The first object has its first key twice, the second time with null.
pub(super) fn with_duplicate_key(body: &[u8]) -> Vec<u8> {
    let spoiled = first_object(body).and_then(|(open, close)| {
        let key = first_string(body.get(open..close)?)?;
        let (before, after) = body.split_at_checked(close)?;
        Some([before, b",", key, b":null", after].concat())
    });
    spoiled.unwrap_or_else(|| br#"{"value":1,"value":2}"#.to_vec())
}

/// Every number is a string.
pub(super) fn with_numbers_as_text(body: &[u8]) -> Vec<u8> {
    replace_numbers(body, |number, _| [b"\"", number, b"\""].concat())
}

/// The first number is none.
pub(super) fn with_nan(body: &[u8]) -> Vec<u8> {
    replace_numbers(
        body,
        |number, nth| if nth == 0 { b"NaN".to_vec() } else { number.to_vec() },
    )
}

/// The first string has a byte of Latin-1 in it, which is no UTF-8.
pub(super) fn with_latin_1(body: &[u8]) -> Vec<u8> {
    let first_quote = body.iter().position(|&byte| byte == b'"');
    match first_quote.and_then(|at| body.split_at_checked(at + 1)) {
        Some((before, after)) => [before, b"\xe9", after].concat(),
        None => b"\"\xe9\"".to_vec(),
    }
}

/// Which bytes are outside of strings; quotation marks count as inside.
fn outside_strings(body: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    let (mut inside, mut escaped) = (false, false);
    body.iter().copied().enumerate().filter(move |&(_, byte)| {
        let was_inside = inside;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            _ => {}
        }
        !was_inside && !inside
    })
}

/// Where the first object opens and closes.
fn first_object(body: &[u8]) -> Option<(usize, usize)> {
    let (mut open, mut depth) = (None, 0_usize);
    for (at, byte) in outside_strings(body) {
        match byte {
            b'{' => {
                open = open.or(Some(at));
                depth += 1;
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some((open?, at));
                }
            }
            _ => {}
        }
    }
    None
}

/// The first string, with its quotation marks.
fn first_string(bytes: &[u8]) -> Option<&[u8]> {
    let start = bytes.iter().position(|&byte| byte == b'"')?;
    let rest = bytes.get(start..)?;
    let mut escaped = false;
    let end = rest.iter().skip(1).position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    rest.get(..end + 2)
}

/// Each number (and its count from zero) gives way to what the function makes of it.
fn replace_numbers(body: &[u8], mut replace: impl FnMut(&[u8], usize) -> Vec<u8>) -> Vec<u8> {
    let mut outside = vec![false; body.len()];
    for (at, _) in outside_strings(body) {
        if let Some(mark) = outside.get_mut(at) {
            *mark = true;
        }
    }
    let mut spoiled = Vec::with_capacity(body.len());
    let mut number = Vec::new();
    let mut count = 0;
    for (&byte, outside) in body.iter().zip(outside) {
        let begins = matches!(byte, b'0'..=b'9' | b'-');
        if outside && (begins || (!number.is_empty() && matches!(byte, b'.' | b'+' | b'e' | b'E'))) {
            number.push(byte);
            continue;
        }
        if !number.is_empty() {
            spoiled.extend(replace(&std::mem::take(&mut number), count));
            count += 1;
        }
        spoiled.push(byte);
    }
    if !number.is_empty() {
        spoiled.extend(replace(&number, count));
    }
    spoiled
}

/// A gzip stream of zeros that is about a thousand times smaller than what comes out of it.
pub(super) struct Bomb {
    pub(super) start: Vec<u8>,
    /// What comes between start and end, this many times.
    pub(super) block: Vec<u8>,
    pub(super) times: u64,
    pub(super) end: Vec<u8>,
}

const MEBIBYTE: usize = 1 << 20;

impl Bomb {
    /// One that becomes this many MiB. One MiB is compressed once: its block refers to nothing before it and ends on a whole byte,
    /// so it may be repeated as it is.
    pub(super) fn new(mebibytes: u64) -> Self {
        let zeros = vec![0; MEBIBYTE];
        let mut one = Crc::new();
        one.update(&zeros);
        let mut crc = Crc::new();
        for _ in 0..mebibytes {
            crc.combine(&one);
        }
        let size = u32::try_from((mebibytes << 20) & u64::from(u32::MAX)).unwrap_or(0); // modulo 2^32, as RFC 1952 wants it
        let last_block = [3, 0];
        Self {
            start: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff],
            block: compressed_block(&zeros),
            times: mebibytes,
            end: [&last_block[..], &crc.sum().to_le_bytes(), &size.to_le_bytes()].concat(),
        }
    }

    /// How many bytes go over the wire.
    pub(super) fn wire_length(&self) -> u64 {
        let ends = self.start.len() + self.end.len();
        ends as u64 + self.block.len() as u64 * self.times
    }
}

fn compressed_block(bytes: &[u8]) -> Vec<u8> {
    let mut deflate = Compress::new(Compression::best(), false);
    let mut block = Vec::with_capacity(bytes.len() / 64);
    // The output is far below its capacity, so one call takes all of the input; it cannot fail on a fresh state.
    let _ = deflate.compress_vec(bytes, &mut block, FlushCompress::Full);
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_cut_document_is_never_a_whole_one() {
        assert_eq!(text(cut(br#"{"a":[1,2]}"#)), r#"{"a":"#);
        assert_eq!(text(cut(b"417\n")), "41.");
        assert_eq!(text(cut(b"7\n")), "7.");
        assert_eq!(text(cut(b"")), "");
    }

    #[test]
    fn a_key_comes_twice_in_the_first_object() {
        assert_eq!(
            text(with_duplicate_key(br#"[{"a}\"":{"b":1},"c":2},{"d":3}]"#)),
            r#"[{"a}\"":{"b":1},"c":2,"a}\"":null},{"d":3}]"#
        );
        assert_eq!(text(with_duplicate_key(b"417\n")), r#"{"value":1,"value":2}"#);
        assert_eq!(text(with_duplicate_key(b"{}")), r#"{"value":1,"value":2}"#);
    }

    #[test]
    fn numbers_are_replaced_and_digits_in_strings_are_not() {
        let body = br#"{"a1":-1.5e+3,"b":"2\"3","c":[4,true,null]}"#;
        assert_eq!(
            text(with_numbers_as_text(body)),
            r#"{"a1":"-1.5e+3","b":"2\"3","c":["4",true,null]}"#
        );
        assert_eq!(text(with_nan(body)), r#"{"a1":NaN,"b":"2\"3","c":[4,true,null]}"#);
        assert_eq!(text(with_nan(b"417")), "NaN");
    }

    #[test]
    fn a_byte_of_latin_1_is_no_utf_8() {
        assert_eq!(with_latin_1(br#"{"a":1}"#), b"{\"\xe9a\":1}");
        assert_eq!(with_latin_1(b"417"), b"\"\xe9\"");
    }

    #[test]
    fn a_bomb_is_one_good_gzip_member_of_the_size_it_says() {
        let bomb = Bomb::new(3);
        let mut wire = bomb.start.clone();
        for _ in 0..bomb.times {
            wire.extend(&bomb.block);
        }
        wire.extend(&bomb.end);
        assert_eq!(wire.len() as u64, bomb.wire_length());
        assert!(wire.len() < 4096, "{}", wire.len());
        let mut decoded = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(wire.as_slice()), &mut decoded).unwrap();
        assert_eq!(decoded.len(), 3 << 20);
        assert!(decoded.iter().all(|&byte| byte == 0));
        assert!(Bomb::new(1024).wire_length() < 1_100_000);
    }
}
