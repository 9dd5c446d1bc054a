//! Answers of the providers: read by every operation, they are the right values or an error with a name.

use std::sync::OnceLock;

use metertap::providers::BUILT_IN;

use crate::common::replay::{Ask, Replay, example};
use crate::sound::{REPLAYS, is_named, is_whole};
use crate::timing::timed;

/// The fixtures of a provider, and an example of each operation. Their order is that of the seeds' first bytes.
pub fn exchanges(provider: &str) -> impl Iterator<Item = &'static Replay> {
    static EXAMPLES: OnceLock<Vec<Replay>> = OnceLock::new();
    let examples = EXAMPLES.get_or_init(|| {
        let all = BUILT_IN.iter().flat_map(|provider| {
            let operations = provider.facts().operations.iter();
            operations.map(|operation| example(*provider, operation.name, payload(provider.facts().name)))
        });
        all.collect()
    });
    of(provider, &REPLAYS).chain(of(provider, examples))
}

fn of<'r>(provider: &str, replays: &'r [Replay]) -> impl Iterator<Item = &'r Replay> {
    replays
        .iter()
        .filter(move |replay| replay.provider.facts().name == provider)
}

/// Where a provider's answers hold what was asked for.
fn payload(provider: &str) -> &'static str {
    let mut calls = of(provider, &REPLAYS).filter(|replay| matches!(replay.ask, Ask::Call(..)));
    &calls.next().expect("a fixture of a call").payload
}

/// The first byte chooses the question, the others are its answer. A process asks one provider only.
pub fn read(provider: &str, data: &[u8]) {
    static MINE: OnceLock<Vec<&'static Replay>> = OnceLock::new();
    let exchanges = MINE.get_or_init(|| exchanges(provider).collect());
    let Some((first, body)) = crate::number(data) else {
        return;
    };
    let replay = exchanges[first % exchanges.len()];
    let found = timed(body.len(), || replay.read(body));
    let outcome = match (&replay.ask, &found.typed) {
        (Ask::Login(..), Err(error)) => is_named(error),
        (Ask::Login(..), Ok(_)) => Ok(()),
        (Ask::Call(..), _) => is_whole(replay, body, &found),
    };
    if let Err(problem) = outcome {
        panic!("{}: {problem}", replay.name);
    }
}
