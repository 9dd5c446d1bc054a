//! Numbers arrive exactly, from the wire to the Arrow table, or say that they were rounded.

use std::sync::LazyLock;

use arrow_array::cast::AsArray;
use arrow_array::types::Decimal128Type;
use metertap::meters::Flag;
use metertap::plan::Plan;
use metertap::service::PlannedCall;
use metertap::usage::{Collector, Evidence, Outcome, Usage};
use metertap::values::error::Result;
use proptest::prelude::*;

use crate::common;
use crate::common::replay::{Ask, Replay, fetched_at};
use crate::properties::run;
use crate::scan::{self, Place, What};
use crate::sound::{REPLAYS, figure, is_named};

/// A number that no fixture has, as an integer of 10^-18.
const MARK: (&str, i128) = ("987654321", 987_654_321 * ONE);
const ONE: i128 = 10_i128.pow(18);

/// The numbers of the fixtures that reach the Arrow table, with how often each does.
static LEAVES: LazyLock<Vec<(&Replay, Place, usize)>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for replay in REPLAYS
        .iter()
        .filter(|replay| matches!(arrow(replay, &replay.reply.body), Some(Ok(_))))
    {
        for place in scan::places(&replay.reply.body) {
            let marked = scan::with(&replay.reply.body, &place.span, MARK.0.as_bytes());
            if let (What::Number, Some(Ok(values))) = (place.what, arrow(replay, &marked)) {
                let times = values.iter().filter(|value| **value == MARK.1).count();
                if times > 0 {
                    all.push((replay, place, times));
                }
            }
        }
    }
    all
});

/// A number as a service may write it.
#[derive(Debug, Clone)]
struct Written {
    text: String,
    /// What it is as an integer of 10^-18, if that has 38 digits at most.
    scaled: Option<i128>,
    is_rounded: bool,
}

impl Written {
    /// `digits · 10^-scale`, with a point or with an exponent.
    fn new(is_negative: bool, digits: u128, scale: u32, has_exponent: bool) -> Self {
        let sign = if is_negative { "-" } else { "" };
        let text = if has_exponent {
            format!("{sign}{digits}e-{scale}")
        } else if scale == 0 {
            format!("{sign}{digits}")
        } else {
            let width = usize::try_from(scale).unwrap();
            let padded = format!("{digits:0>0$}", width + 1);
            let (whole, fraction) = padded.split_at(padded.len() - width);
            format!("{sign}{whole}.{fraction}")
        };
        let digits = i128::try_from(digits).unwrap();
        let (size, rest) = if scale <= 18 {
            (digits.checked_mul(10_i128.pow(18 - scale)), 0)
        } else {
            let unit = 10_i128.pow(scale - 18);
            let (kept, rest) = (digits / unit, digits % unit);
            let goes_up = rest * 2 > unit || (rest * 2 == unit && kept % 2 == 1);
            (Some(kept + i128::from(goes_up)), rest)
        };
        Self {
            text,
            scaled: size
                .filter(|size| *size < 10_i128.pow(38))
                .map(|size| if is_negative { -size } else { size }),
            is_rounded: rest != 0,
        }
    }

    /// True for `0` to `2^64 - 1`, written as a service counts.
    fn is_count(&self) -> bool {
        self.text.parse::<u64>().is_ok()
    }
}

/// Whole numbers to `2^64 - 1`, and decimals of up to 28 digits at any place.
fn written() -> impl Strategy<Value = Written> {
    let whole = prop_oneof![
        any::<u64>(),
        prop::sample::select(vec![0, 1, (1 << 53) + 1, u64::MAX - 1, u64::MAX])
    ];
    let digits = (1_u32..=28).prop_flat_map(|length| 0..10_u128.pow(length));
    prop_oneof![
        whole.prop_map(|whole| Written::new(false, u128::from(whole), 0, false)),
        (any::<bool>(), digits, 0_u32..=28, any::<bool>())
            .prop_map(|(sign, digits, scale, has_exponent)| Written::new(sign, digits, scale, has_exponent)),
    ]
}

/// All quantities and costs of the Arrow table that comes of a body; nothing for what is no source of readings.
fn arrow(replay: &Replay, body: &[u8]) -> Option<Result<Vec<i128>>> {
    let Ask::Call(_, Some(planned)) = &replay.ask else {
        return None;
    };
    Some(table(replay, planned, body))
}

fn table(replay: &Replay, call: &PlannedCall, body: &[u8]) -> Result<Vec<i128>> {
    let answer = metertap::service::Reply {
        body: body.to_vec(),
        ..replay.reply.clone()
    };
    let mut collector = Collector::new(call, fetched_at());
    replay.provider.collect(call, &answer, fetched_at(), &mut collector)?;
    let plan = Plan {
        calls: vec![call.clone()],
        ..Plan::empty(fetched_at(), call.piece)
    };
    let outcome = Outcome {
        call: 0,
        evidence: Evidence::answered(fetched_at(), fetched_at(), &answer, 1, std::time::Duration::ZERO),
        result: collector.finish(),
    };
    let usage = Usage::assemble(&plan, vec![outcome])?;
    let column = |name: &str| {
        let column = usage.readings.column_by_name(name).unwrap();
        column
            .as_primitive::<Decimal128Type>()
            .iter()
            .flatten()
            .collect::<Vec<i128>>()
    };
    Ok([column("quantity"), column("cost")].concat())
}

/// The number of one leaf, on every surface of the core.
fn arrives(replay: &Replay, place: &Place, number: &Written) -> std::result::Result<(), String> {
    let body = scan::with(&replay.reply.body, &place.span, number.text.as_bytes());
    let found = replay.read(&body);
    let counts = ["sora", "devicewise", "toy"].contains(&replay.provider.facts().name);
    let takes_decimals = !counts || place.pointer.ends_with("/kg");
    let must_work = number.scaled.is_some() && (number.is_count() || takes_decimals);
    match &found.typed {
        Ok(typed) if common::numbers(typed).contains(&number.text) => {}
        Ok(typed) => return Err(format!("{} is not in {typed:?}", number.text)),
        Err(error) if must_work => return Err(format!("{} is refused: {error:?}", number.text)),
        Err(error) => is_named(error)?,
    }
    match (arrow(replay, &body), number.scaled) {
        (Some(Err(error)), None) => is_named(&error)?,
        (Some(Err(error)), Some(_)) if !must_work => is_named(&error)?,
        (Some(Ok(values)), Some(scaled)) if values.contains(&scaled) => {}
        (other, _) => return Err(format!("{} is not in the table: {other:?}", number.text)),
    }
    let rows = found
        .table
        .and_then(std::result::Result::ok)
        .map_or_else(Vec::new, |table| table.rows);
    let is_it = |value: metertap::values::quantity::Quantity| Some(value.scaled) == number.scaled && value.rounded;
    let is_flagged = rows
        .iter()
        .any(|row| row.flags.has(Flag::Rounded) && (is_it(row.quantity) || row.cost.is_some_and(is_it)));
    if number.is_rounded && number.scaled.is_some() && !is_flagged && !rows.is_empty() {
        return Err(format!("{} was rounded without a word", number.text));
    }
    Ok(())
}

/// Other numbers in all places of an answer: what the places held is what the table holds.
fn adds_up(replay: &Replay, seed: &[u64]) -> std::result::Result<bool, String> {
    let mine: Vec<_> = LEAVES.iter().filter(|(of, ..)| of.name == replay.name).collect();
    let sum = |values: Vec<i128>| values.into_iter().sum::<i128>();
    let number = |text: &str| metertap::values::quantity::Quantity::parse(text).unwrap().scaled;
    let weighted = |(_, place, times): &&(&Replay, Place, usize)| {
        let text = std::str::from_utf8(&replay.reply.body[place.span.clone()]).unwrap();
        number(text) * i128::try_from(*times).unwrap()
    };
    let before = sum(arrow(replay, &replay.reply.body)
        .unwrap()
        .map_err(|error| error.to_string())?);
    let is_plain = !replay.reply.body.windows(9).any(|word| word == b"sub_items");
    if !is_plain || before != mine.iter().map(weighted).sum::<i128>() {
        return Ok(false); // some of its readings are sums by themselves
    }
    let (mut body, mut sent) = (replay.reply.body.clone(), 0);
    // From the last to the first, so that the places before stay where they are.
    for ((_, place, times), seed) in mine.iter().rev().zip(seed.iter().cycle()) {
        let count = seed >> 16;
        body = scan::with(&body, &place.span, count.to_string().as_bytes());
        sent += i128::from(count) * ONE * i128::try_from(*times).unwrap();
    }
    match arrow(replay, &body).unwrap() {
        Ok(values) if sum(values.clone()) == sent => Ok(true),
        Ok(values) => Err(format!("{}: {sent} became {values:?}", replay.name)),
        Err(error) => Err(format!("{}: {error:?}", replay.name)),
    }
}

#[test]
fn numbers_reach_the_table_exactly_or_say_that_they_were_rounded() {
    assert!(LEAVES.len() > 150, "only {} leaves", LEAVES.len());
    let leaf = any::<prop::sample::Index>();
    let one = run("exact", (leaf, written()), |(leaf, number)| {
        let (replay, place, _) = leaf.get(&LEAVES);
        arrives(replay, place, &number).map_err(|problem| format!("{}{}: {problem}", replay.name, place.pointer))
    });
    let mut names: Vec<&str> = LEAVES.iter().map(|(replay, ..)| replay.name.as_str()).collect();
    names.dedup();
    let sums = names.iter().filter(|name| {
        let replay = REPLAYS.iter().find(|replay| replay.name == **name).unwrap();
        adds_up(replay, &[0]).unwrap()
    });
    let sums: Vec<&str> = sums.copied().collect();
    assert!(sums.len() * 4 >= names.len() * 3, "only {sums:?} of {names:?}");
    let all = run(
        "sums",
        (any::<prop::sample::Index>(), prop::collection::vec(any::<u64>(), 1..9)),
        |(name, seed)| {
            let replay = REPLAYS.iter().find(|replay| replay.name == *name.get(&sums)).unwrap();
            adds_up(replay, &seed).map(|_| ())
        },
    );
    let reached = format!(
        "{} numbers in {} leaves of {} fixtures, typed and Arrow; {} sums over {} fixtures",
        one.cases,
        LEAVES.len(),
        names.len(),
        all.cases,
        sums.len()
    );
    let problems: Vec<String> = [one.problem, all.problem].into_iter().flatten().collect();
    figure("F16", &reached, problems.is_empty(), &problems.join("; "));
    assert!(problems.is_empty(), "{problems:?}");
}
