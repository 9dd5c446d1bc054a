//! What holds of everything that was read, whatever it was read from; and the lines of figures.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use metertap::engine::body::{Caps, Collector};
use metertap::values::error::{Error, Kind, Result};
use metertap::values::shape::Typed;

use crate::common::replay::{Found, Replay, replays};
use crate::{common, scan};

/// Every fixture.
pub static REPLAYS: LazyLock<Vec<Replay>> = LazyLock::new(|| replays(|body| unpacked(body, 0).unwrap()));

/// What the engine makes of a body's bytes, which come in pieces of this length (or, with 0, at once).
pub fn unpacked(body: &[u8], piece: usize) -> Result<Vec<u8>> {
    let mut collector = Collector::new(Caps::default(), None)?;
    for chunk in body.chunks(if piece == 0 { body.len().max(1) } else { piece }) {
        collector.push(chunk)?;
    }
    collector.finish()
}

/// Problems are collected, so that a run tells of all.
#[derive(Default)]
pub struct Tally {
    pub cases: usize,
    pub problems: Vec<String>,
}

impl Tally {
    /// Counts a case, and its problem if it has one; a panic is one.
    pub fn check(&mut self, name: impl Fn() -> String, case: impl FnOnce() -> std::result::Result<(), String>) {
        self.cases += 1;
        let outcome = catch_unwind(AssertUnwindSafe(case)).unwrap_or_else(|_| Err("a panic".to_owned()));
        if let Err(problem) = outcome {
            self.problems.push(format!("{}: {problem}", name()));
        }
    }

    /// Prints the line of a figure, and fails if there was a problem.
    pub fn figure(&self, id: &str, what: &str) {
        let reached = format!("{} {what}, {} violations", self.cases, self.problems.len());
        figure(id, &reached, self.problems.is_empty(), "");
        let shown: Vec<&str> = self.problems.iter().take(40).map(String::as_str).collect();
        assert!(self.problems.is_empty(), "{reached}\n{}", shown.join("\n"));
    }
}

/// Prints the line of a figure, past the harness, which keeps what `println!` says.
pub fn figure(id: &str, reached: &str, pass: bool, reason: &str) {
    let line = serde_json::json!({"id": id, "reached": reached, "pass": pass, "reason": reason});
    let _ = writeln!(std::io::stdout(), "\nFIGURE {line}");
}

/// An error that a reply may end in: it has a name, it is no bug of ours, it is one short line, and where the answer
/// is not understood it tells the place.
pub fn is_named(error: &Error) -> std::result::Result<(), String> {
    let never = [
        Kind::Internal,
        Kind::InvalidArgument,
        Kind::WrongType,
        Kind::ForkedProcess,
        Kind::ShuttingDown,
    ];
    let has_place = ["$", "not JSON", "not UTF-8"]
        .iter()
        .any(|sign| error.message.contains(sign));
    if never.contains(&error.kind) {
        Err(format!("no error of a reply: {error:?}"))
    } else if error.message.is_empty() || error.message.len() > 2500 || error.message.contains(char::is_control) {
        Err(format!("no short line: {error:?}"))
    } else if error.kind == Kind::UnexpectedResponse && !has_place {
        Err(format!("no place: {error:?}"))
    } else {
        Ok(())
    }
}

/// Numbers of the payload are in the typed answer, and no others; or an error says what is wrong.
pub fn is_whole(replay: &Replay, body: &[u8], found: &Found) -> std::result::Result<(), String> {
    if let Some(Err(error)) = &found.table {
        is_named(error)?;
    }
    let typed = match &found.typed {
        Ok(typed) => typed,
        Err(error) => return is_named(error),
    };
    let sent = scan::numbers(body, &replay.payload);
    let mut lost = common::missing(sent.iter().map(String::as_str), &common::written(typed));
    if !lost.is_empty() {
        let days = format!("{typed:?}");
        lost.retain(|number| !is_day(number, &days));
    }
    if matches!(typed, Typed::List(rows) if rows.is_empty()) {
        // A zero beside no rows says the same as they do.
        lost.retain(|number| number.contains(|digit: char| ('1'..='9').contains(&digit)));
    }
    if !lost.is_empty() && replay.payload != "/none" {
        return Err(format!("lost: {lost:?}"));
    }
    let all = scan::numbers(body, "");
    let invented: Vec<String> = common::numbers(typed)
        .into_iter()
        .filter(|number| !all.contains(number))
        .collect();
    if invented.is_empty() {
        return Ok(());
    }
    Err(format!("invented: {invented:?}"))
}

/// A day may be written as a number, too.
fn is_day(number: &str, shown: &str) -> bool {
    let moment = number
        .parse()
        .ok()
        .and_then(|number| jiff::Timestamp::from_millisecond(number).ok());
    let day = moment.map(|moment| moment.to_zoned(jiff::tz::TimeZone::UTC).date());
    day.is_some_and(|day| shown.contains(&format!("{:?}", Typed::Day(day))))
}
