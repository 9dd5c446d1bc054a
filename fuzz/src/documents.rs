//! Documents: any text is a provider, or is refused with a line and a sentence for each mistake; and a provider that it is
//! reads any answer.

use std::sync::atomic::{AtomicUsize, Ordering};

use metertap::meters::{Reading, Sink};
use metertap::service::{Asked, Call, Facts, PlannedCall, Reply};
use metertap::spec::compile::check as checked;
use metertap::spec::document::Document;
use metertap::values::arguments::{Accepts, Argument, Arguments, Value};
use metertap::values::window::{Instant, Window};

use crate::timing::timed;

/// So many bytes of documents are kept and asked by one process, since those that are kept are kept for ever.
const KEPT: usize = 64 << 20;

/// A document, and behind a zero byte an answer to each of its calls.
pub fn check(data: &[u8]) {
    static SO_FAR: AtomicUsize = AtomicUsize::new(0);
    let (text, answer) = data.split_at(data.iter().position(|byte| *byte == 0).unwrap_or(data.len()));
    let Ok(text) = std::str::from_utf8(text) else { return };
    match timed(text.len(), || checked(text, &[])) {
        Err(mistakes) => {
            assert!(!mistakes.is_empty(), "refused without a word");
            for (line, sentence) in mistakes {
                assert!(
                    (1..=text.lines().count() + 1).contains(&line),
                    "no such line: {line}: {sentence}"
                );
                assert!(!sentence.is_empty() && sentence.len() < 4000, "{line}: {sentence:?}");
            }
        }
        Ok(document) => {
            if SO_FAR.fetch_add(text.len(), Ordering::Relaxed) < KEPT {
                let (document, facts) = document.keep();
                facts
                    .sources
                    .iter()
                    .for_each(|source| read(document, facts, source.operation, answer));
            }
        }
    }
}

/// Where readings go: each has as many labels as its meter has dimensions.
struct Counted(&'static metertap::meters::Source);

impl Sink for Counted {
    fn reading(&mut self, reading: Reading<'_>) {
        assert_eq!(reading.labels.len(), self.0.meters[reading.meter].dimensions.len());
    }

    fn note(&mut self, note: String) {
        assert!(!note.is_empty());
    }
}

fn read(document: &'static Document, facts: &'static Facts, operation: &str, answer: &[u8]) {
    let operation = facts
        .operations
        .iter()
        .find(|known| known.name == operation)
        .expect("of a source");
    let source = facts
        .sources
        .iter()
        .find(|source| source.operation == operation.name)
        .expect("it has one");
    let mut given: Vec<_> = operation.arguments.iter().filter_map(example).collect();
    let (start, end) = (moment("2026-05-01"), moment("2026-05-03"));
    if let Some((from, to)) = operation.range {
        given.retain(|(name, _)| name != from && name != to);
        given.extend([
            (from.to_owned(), Value::Instant(start)),
            (to.to_owned(), Value::Instant(end)),
        ]);
    }
    let Ok(arguments) = Arguments::check("call", operation.arguments, given.clone()) else {
        return;
    };
    let call = Call { operation, arguments };
    let asked = Asked::of(source, (0..source.meters.len()).collect(), given);
    let window = Window::new(start, end).expect("two days");
    let call = PlannedCall::new("0".repeat(32), "toy".to_owned(), facts.name, call, asked, window);
    let reply = Reply {
        status: 200,
        headers: Vec::new(),
        body: answer.get(1..).unwrap_or_default().to_vec(),
    };
    let outcome = timed(reply.body.len(), || {
        document.collect(&call, &reply, end.at, &mut Counted(source))
    });
    if let Err(error) = outcome {
        assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error:?}");
    }
    if let Ok(found) = document.answer(&call.call, &reply) {
        let _ = document.typed(&call.call, &found);
    }
}

fn moment(text: &str) -> Instant {
    Instant::parse_argument(text).expect("a day")
}

/// A value that an argument accepts, mostly.
fn example(argument: &Argument) -> Option<(String, Value)> {
    let text = |text: &str| Value::Text(text.to_owned());
    let value = match argument.accepts {
        Accepts::Flag => Value::Flag(true),
        Accepts::Whole(low, _) => Value::Whole(low),
        Accepts::WholeOf(allowed) => Value::Whole(*allowed.first()?),
        Accepts::Text(_) | Accepts::Texts(_) => text("a"),
        Accepts::OneOf(allowed) | Accepts::SomeOf(allowed) => text(allowed.first()?),
        Accepts::Moment | Accepts::MomentOrMilliseconds => Value::Instant(moment("2026-05-01")),
        Accepts::Dict | Accepts::Dicts => return None,
    };
    Some((argument.name.to_owned(), value))
}
