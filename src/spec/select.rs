//! What a selection asks: which calls, one for each value of what it narrows by, in buckets of which length.

use std::collections::HashSet;

use jiff::SignedDuration;

use super::document::{self, Document, Grain, Select};
use crate::meters::{Buckets, Source};
use crate::service::{Asked, Call, Facts, Operation, wanted_of};
use crate::values::arguments::{Accepts, Arguments, Needed, Value, parse_span};
use crate::values::error::{Error, Result};

/// A selection from a document's meters.
struct Selection<'a> {
    document: &'static Document,
    facts: &'static Facts,
    given: &'a Arguments,
}

impl Document {
    /// Which sources a selection takes, and with which arguments.
    pub fn asked(&'static self, facts: &'static Facts, given: &Arguments) -> Result<Vec<Asked>> {
        let selection = Selection {
            document: self,
            facts,
            given,
        };
        let is_chosen = |source: &Source| {
            let call = self.call.iter().find(|call| call.name == source.operation);
            source.by_default || call.is_some_and(|call| call.asked_with.iter().any(|name| selection.has(name)))
        };
        let wanted = wanted_of(facts, given, is_chosen)?;
        for (name, select) in &self.select {
            if let Some(missing) = select.missing.as_ref().filter(|_| given.get(name).is_none()) {
                return Err(Error::invalid(missing));
            }
            let mut without = select.without.iter().filter(|_| selection.has(name));
            if let Some((_, wrong)) = without.find(|(other, _)| selection.has(other)) {
                return Err(Error::invalid(wrong));
            }
            selection.refuse_idle(name, select, &wanted)?;
        }
        let mut all: Vec<Asked> = Vec::new();
        let mut lacking = None;
        for (source, meters) in wanted {
            let operation = facts.operations.iter().find(|known| known.name == source.operation);
            let Some(operation) = operation else { continue };
            match selection.lacks(operation) {
                Some(lacks) => {
                    let meter = meters.first().and_then(|place| source.meters.get(*place));
                    lacking = meter.map(|meter| (meter.name, lacks));
                }
                None if selection.asks(operation) => all.extend(selection.calls(source, operation, meters)?),
                None => {}
            }
        }
        let is_asked = |name: &str| {
            all.iter()
                .any(|asked| asked.wanted().any(|(_, meter)| meter.name == name))
        };
        match lacking.filter(|(name, _)| given.get("meters").is_some() && !is_asked(name)) {
            Some((name, lacks)) => Err(Error::invalid(format!(
                "{name} needs {lacks}: give it to select(), too, or leave out that meter"
            ))),
            None => Ok(all),
        }
    }

    /// How long before now the range of a native call begins, where an argument says that.
    pub fn time_before_now(&self, call: &Call) -> Option<SignedDuration> {
        let mut takes = self.of(call.operation)?.takes.iter();
        takes.find_map(|taken| match &taken.accepts {
            document::Accepts::Text(check) if check == "span" => parse_span(call.arguments.text(&taken.name)?),
            _ => None,
        })
    }

    /// The buckets that a native call asks for.
    pub fn buckets_asked(&self, call: &Call) -> Option<Buckets> {
        let asked = self.of(call.operation)?;
        asked.grain_of(call).map(|grain| asked.buckets_of(grain))
    }
}

impl document::Call {
    /// The length of a bucket that a native call asks for.
    pub fn grain_of(&self, call: &Call) -> Option<&Grain> {
        let chooses = |taken: &&document::Take| matches!(taken.accepts, document::Accepts::Grain);
        let value = call.arguments.get(&self.takes.iter().find(chooses)?.name)?;
        self.grain.iter().find(|grain| grain.is(value))
    }
}

impl Grain {
    fn is(&self, value: &Value) -> bool {
        match value {
            Value::Whole(seconds) => self.every == *seconds,
            Value::Text(word) => self.word.as_ref() == Some(word),
            _ => false,
        }
    }
}

impl Selection<'_> {
    /// True if this call is asked, and not another one for the same meters.
    fn asks(&self, operation: &Operation) -> bool {
        let given = |name: &String| self.has(name);
        self.document.of(operation).is_some_and(|call| {
            (call.asked_with.is_empty() || call.asked_with.iter().any(given)) && !call.asked_without.iter().any(given)
        })
    }

    /// True if this is given, and not as `False`.
    fn has(&self, name: &str) -> bool {
        !matches!(self.given.get(name), None | Some(Value::Flag(false)))
    }

    /// The selection without which an operation cannot be asked, if it is not given.
    fn lacks(&self, operation: &Operation) -> Option<&'static str> {
        let needs = |to: &str| {
            let mut taken = operation.arguments.iter();
            taken.any(|taken| taken.name == to && matches!(taken.needed, Needed::Required))
        };
        let mut selections = self.document.select.iter();
        let lacking = selections.find(|(name, select)| !self.has(name) && needs(&select.to));
        lacking.map(|(name, _)| name.as_str())
    }

    /// Refuses what narrows none of the meters that are asked for.
    fn refuse_idle(&self, name: &str, select: &Select, wanted: &[(&'static Source, Vec<usize>)]) -> Result<()> {
        let knows = |source: &Source| {
            let mut operations = self.facts.operations.iter();
            operations.any(|operation| operation.name == source.operation && takes(operation, &select.to))
        };
        let is_default = matches!(self.given.get(name), None | Some(Value::Flag(_)));
        if is_default || select.grain || wanted.iter().any(|(source, _)| knows(source)) {
            return Ok(());
        }
        let narrowed = self.facts.sources.iter().filter(|source| knows(source));
        let names: Vec<&str> = narrowed
            .flat_map(|source| source.meters)
            .map(|meter| meter.name)
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let names = names.join(", ");
        Err(Error::invalid(format!(
            "{name} narrows none of the meters asked for; it narrows {names}"
        )))
    }

    /// The calls of one source: one for each combination of the values that make calls of their own.
    fn calls(&self, source: &'static Source, operation: &'static Operation, meters: Vec<usize>) -> Result<Vec<Asked>> {
        let mut whole = self.in_buckets(source, operation, meters)?;
        let mut choices: Vec<(&str, Vec<Value>)> = Vec::new();
        for (name, select) in &self.document.select {
            let Some(value) = self.given.get(name) else { continue };
            whole.span = select.span.unwrap_or(whole.span);
            let taken = operation.arguments.iter().find(|taken| taken.name == select.to);
            let Some(taken) = taken.filter(|_| !select.grain) else {
                continue;
            };
            if !select.each {
                let mut value = value.clone();
                if let Value::List(items) = &mut value {
                    // What is asked for twice must not count twice.
                    let mut seen = HashSet::new();
                    items.retain(|item| seen.insert(item.clone()));
                }
                whole.arguments.push((taken.name.to_owned(), value));
                continue;
            }
            let one = |text: &str| match taken.accepts {
                Accepts::Texts(_) | Accepts::SomeOf(_) => Value::List(vec![Value::Text(text.to_owned())]),
                _ => Value::Text(text.to_owned()),
            };
            choices.push((
                taken.name,
                self.given.distinct_texts(name).into_iter().map(one).collect(),
            ));
        }
        let shared = whole.arguments.len();
        let mut asked = vec![whole];
        for (name, values) in choices {
            let with = |asked: &Asked, value: &Value| {
                let mut one = asked.clone();
                // What changes from call to call comes first.
                one.arguments.insert(shared, (name.to_owned(), value.clone()));
                one
            };
            asked = asked
                .iter()
                .flat_map(|asked| values.iter().map(move |value| with(asked, value)))
                .collect();
        }
        Ok(asked)
    }

    /// A source in buckets of the length that the selection chooses, or of its usual one.
    fn in_buckets(&self, source: &'static Source, operation: &Operation, meters: Vec<usize>) -> Result<Asked> {
        let mut choosing = self.document.select.iter().filter(|(_, select)| select.grain);
        let chosen = choosing.find(|(_, select)| takes(operation, &select.to));
        let (Some((name, select)), Some(call)) = (chosen, self.document.of(operation)) else {
            return Ok(Asked::of(source, meters, Vec::new()));
        };
        let grain = match self.given.get(name) {
            None => call.usual_grain(),
            Some(value) => call.grain.iter().find(|grain| grain.is(value)),
        };
        let Some(grain) = grain else {
            let known: Vec<String> = call.grain.iter().map(|grain| grain.every.to_string()).collect();
            let meter = source.meters.first().map_or(source.operation, |meter| meter.name);
            let asked = self.given.get(name).map(Value::plain).unwrap_or_default();
            let known = known.join(", ");
            return Err(Error::invalid(format!(
                "{meter} has buckets of {known} s, not {asked} s; leave {name} out, or name meters that have it"
            )));
        };
        let value = grain.word.clone().map_or(Value::Whole(grain.every), Value::Text);
        Ok(Asked {
            buckets: call.buckets.unwrap_or_else(|| call.buckets_of(grain)),
            span: grain.span.unwrap_or(source.span),
            ..Asked::of(source, meters, vec![(select.to.clone(), value)])
        })
    }
}

fn takes(operation: &Operation, name: &str) -> bool {
    operation.arguments.iter().any(|argument| argument.name == name)
}
