//! Every row and bucket of every fixture comes twice: with the same figures, and with other ones.

use metertap::service::PlannedCall;
use metertap::values::error::Kind;

use crate::common::replay::Replay;
use crate::gaps::{parallel, places};
use crate::kept::{Kept, Line, asked, keep};
use crate::scan::{self, Place, What};
use crate::sound::{REPLAYS, Tally, is_named};

type Outcome = Result<(), String>;

/// A number that no fixture has.
const OTHER: &str = "987654321";

#[test]
fn a_row_that_comes_twice_is_counted_once_or_refused() {
    let mut tally = Tally::default();
    let (mut once, mut refused) = (0, 0);
    for replay in REPLAYS.iter() {
        let Some(planned) = asked(replay) else { continue };
        let whole = keep(replay, &planned, &replay.reply.body).unwrap();
        let body = &replay.reply.body;
        for at in 0..places(body) {
            let subject = Subject(replay, &planned, &whole);
            let is_null = std::cell::Cell::new(true);
            let same = parallel(body, &|items, is_time| {
                is_null.set(is_null.get() && (is_time || items[at] == b"null"));
                items.push(items[at].clone());
            });
            if is_null.get() {
                continue; // nothing that could count twice
            }
            tally.check(
                || format!("{} bucket {at}", replay.name),
                || subject.same(&same, true, &mut once),
            );
            let other = parallel(body, &|items, is_time| {
                let other = if is_time { items[at].clone() } else { OTHER.into() };
                items.push(other);
            });
            let check = || subject.other(&other, &mut refused);
            tally.check(|| format!("{} bucket {at} otherwise", replay.name), check);
        }
        for place in scan::places(body).iter().filter(|place| is_row(replay, place)) {
            let subject = Subject(replay, &planned, &whole);
            let name = || format!("{} {}", replay.name, place.pointer);
            let is_read = subject.lost_without(place);
            tally.check(name, || subject.same(&doubled(body, place, &[]), is_read, &mut once));
            for number in scan::places(body).iter().filter(|number| number.what == What::Number) {
                if number.is_below(&place.pointer) && subject.is_figure(number) {
                    let other = doubled(body, place, &[number]);
                    tally.check(name, || subject.other(&other, &mut refused));
                }
            }
        }
    }
    let added = tally.problems.len();
    tally.figure(
        "F25",
        &format!("repeats, {once} counted once with a note, {refused} refused, {added} added up"),
    );
    assert!(
        once > 80 && refused > 100,
        "only {once} repeats and {refused} contradictions"
    );
}

fn is_row(replay: &Replay, place: &Place) -> bool {
    place.what == What::Object && !place.has_key && place.slot.is_some() && place.is_below(&replay.payload)
}

/// The body with a row behind itself once more, with other numbers in these places.
fn doubled(body: &[u8], row: &Place, others: &[&Place]) -> Vec<u8> {
    let mut again = body[row.span.clone()].to_vec();
    for other in others {
        let span = other.span.start - row.span.start..other.span.end - row.span.start;
        again = scan::with(&again, &span, OTHER.as_bytes());
    }
    scan::with(body, &(row.span.end..row.span.end), &[b",", again.as_slice()].concat())
}

/// A fixture, its call, and what a usage keeps of it.
struct Subject<'a>(&'a Replay, &'a PlannedCall, &'a Kept);

impl Subject<'_> {
    fn keep(&self, body: &[u8]) -> metertap::values::error::Result<Kept> {
        keep(self.0, self.1, body)
    }

    /// True if readings come from a row.
    fn lost_without(&self, row: &Place) -> bool {
        let less = self.keep(&scan::without(&self.0.reply.body, row.slot.as_ref().unwrap()));
        less.is_ok_and(|less| less.rows.len() < self.2.rows.len())
    }

    /// True if a reading has the number of this place as its figure or cost, and no label.
    fn is_figure(&self, number: &Place) -> bool {
        let marked = self.keep(&scan::with(&self.0.reply.body, &number.span, OTHER.as_bytes()));
        marked.is_ok_and(|marked| {
            let is_there = |line: &Line| line.figures.iter().any(|figure| figure == OTHER);
            marked.rows.len() == self.2.rows.len() && marked.rows.iter().any(is_there)
        })
    }

    /// The same readings, with a note; where none come from the row, nothing changes.
    fn same(&self, body: &[u8], is_read: bool, once: &mut usize) -> Outcome {
        let kept = self.keep(body).map_err(|error| format!("{error:?}"))?;
        if kept.rows != self.2.rows {
            return Err(format!("{:?} in place of {:?}", kept.rows, self.2.rows));
        }
        let has_note = kept.notes.contains("rows that repeat another one, counted once");
        if is_read && !self.2.rows.is_empty() && !has_note {
            return Err(format!("nothing is said: {}", kept.notes));
        }
        *once += usize::from(has_note);
        Ok(())
    }

    fn other(&self, body: &[u8], refused: &mut usize) -> Outcome {
        match self.keep(body) {
            Err(error) if error.kind == Kind::InconsistentResponse => {
                *refused += 1;
                is_named(&error)
            }
            Err(error) => Err(format!("{error:?}")),
            Ok(kept) => Err(format!("taken for {:?}", kept.rows)),
        }
    }
}
