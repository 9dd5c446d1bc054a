//! Every fixture's body, cut at every byte.

use std::io::{Read, Write};
use std::net::TcpListener;

use metertap::engine::{Engine, Options, Trace};
use metertap::values::error::{Kind, Result};
use metertap::values::shape::Typed;

use crate::common::replay::{Ask, Found, Replay};
use crate::common::{self, engine};
use crate::sound::{REPLAYS, Tally, is_named, unpacked};

/// The same answer, or an error. A bare number is the exception: half of it is a number, too, and only its announced
/// length tells, which is the next test's matter.
fn cut(replay: &Replay, whole: &Found, body: &[u8]) -> std::result::Result<(), String> {
    let found = replay.read(body);
    match (&found.typed, &whole.typed) {
        (Err(error), _) => is_named(error)?,
        (Ok(Typed::Integer(cut)), Ok(Typed::Integer(whole))) if whole.starts_with(cut.as_str()) => return Ok(()),
        (typed, whole) if typed == whole => {}
        (typed, whole) => return Err(format!("read as {typed:?}, not {whole:?}")),
    }
    match (&found.table, &whole.table) {
        (None, _) => Ok(()),
        (Some(Err(error)), _) => is_named(error),
        (table, whole) if table == whole => Ok(()),
        (table, whole) => Err(format!("the readings are {table:?}, not {whole:?}")),
    }
}

#[test]
fn a_body_cut_at_any_byte_is_whole_or_an_error() {
    let mut tally = Tally::default();
    for replay in REPLAYS.iter() {
        let (whole, body) = (replay.whole(), &replay.reply.body);
        for end in 0..body.len() {
            tally.check(
                || format!("{} cut at {end}", replay.name),
                || cut(replay, &whole, &body[..end]),
            );
        }
    }
    // The packed ones once more, as they are on the wire.
    for case in common::cases()
        .iter()
        .filter(|case| case.body.starts_with(&[0x1f, 0x8b]))
    {
        let replay = REPLAYS.iter().find(|replay| replay.name == case.name).unwrap();
        let whole = replay.whole();
        for end in 0..case.body.len() {
            let check = || match unpacked(&case.body[..end], 7) {
                Ok(body) => cut(replay, &whole, &body),
                Err(error) if error.kind == Kind::IncompleteResponse => Ok(()),
                Err(error) => Err(format!("{error:?}")),
            };
            tally.check(|| format!("{} cut at {end} of the wire", case.name), check);
        }
    }
    tally.check(String::new, bare_numbers_on_the_wire);
    tally.figure("F2", &format!("cuts of {} fixtures", REPLAYS.len()));
}

/// The whole body is announced; the connection ends before it came.
fn bare_numbers_on_the_wire() -> std::result::Result<(), String> {
    let bare = REPLAYS
        .iter()
        .filter(|replay| matches!(replay.whole().typed, Ok(Typed::Integer(_))));
    let mut count = 0;
    for replay in bare {
        let body = &replay.reply.body;
        for is_chunked in [false, true] {
            for end in 0..=body.len() {
                let outcome = served(replay, body, end, is_chunked);
                let is_right = match &outcome {
                    Ok(typed) => end == body.len() && Ok(typed) == replay.whole().typed.as_ref(),
                    Err(error) => {
                        end < body.len() && matches!(error.kind, Kind::IncompleteResponse | Kind::ConnectionLost)
                    }
                };
                count += 1;
                if !is_right {
                    return Err(format!(
                        "{} cut at {end}, chunked: {is_chunked}: {outcome:?}",
                        replay.name
                    ));
                }
            }
        }
    }
    if count > 50 {
        Ok(())
    } else {
        Err(format!("only {count} bare numbers"))
    }
}

/// What a client gets of a server that announces the body and sends its first bytes.
fn served(replay: &Replay, body: &[u8], end: usize, is_chunked: bool) -> Result<Typed> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let framing = if is_chunked {
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.len())
    } else {
        format!("Content-Length: {}\r\n\r\n", body.len())
    };
    let mut wire = [b"HTTP/1.1 200 OK\r\n", framing.as_bytes(), &body[..end]].concat();
    if is_chunked && end == body.len() {
        wire.extend(b"\r\n0\r\n\r\n");
    }
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        stream.write_all(&wire).unwrap();
    });
    let Ask::Call(call, _) = &replay.ask else {
        panic!("a login")
    };
    let options = Options {
        retries: 0,
        ..engine::within(5000)
    };
    let fields = [("api_key".to_owned(), "a key".to_owned())];
    let client = engine::client(replay.provider, &address, &fields, options)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (engine, trace) = (Engine::default(), Trace::default());
    let outcome = runtime.block_on(engine::ask(&engine, &client, call.operation.name, Vec::new(), &trace));
    server.join().unwrap();
    outcome
}
