//! What a selection asks: which calls, one for each value of what it narrows by, in buckets of which length.

use super::document::{Document, SelectOf};
use crate::meters::{Buckets, Source};
use crate::service::{Asked, Call, Operation, wanted};
use crate::values::arguments::{Accepts, Argument, Arguments, Value};
use crate::values::error::{Error, Result};

impl Document {
    /// Which sources a selection takes, and with which arguments.
    pub fn asked(&'static self, selection: &Arguments) -> Result<Vec<Asked>> {
        let wanted = wanted(&self.facts, selection)?;
        for (argument, select) in self.selected() {
            match select.missing {
                Some(missing) if selection.get(argument.name).is_none() => return Err(Error::invalid(missing)),
                _ => {}
            }
            self.refuse_idle(argument, select, selection, &wanted)?;
        }
        let mut all = Vec::new();
        for (source, meters) in wanted {
            let Some(operation) = self.operation(source) else {
                continue;
            };
            if self.is_asked(operation, selection) {
                self.ask(source, operation, meters, selection, &mut all)?;
            }
        }
        Ok(all)
    }

    fn selected(&self) -> impl Iterator<Item = (&'static Argument, &'static SelectOf<'static>)> {
        self.facts.selection.iter().zip(self.select).skip(1)
    }

    fn operation(&self, source: &Source) -> Option<&'static Operation> {
        self.facts
            .operations
            .iter()
            .find(|known| known.name == source.operation)
    }

    /// True if a selection asks this call, or another one for the same meters.
    fn is_asked(&self, operation: &Operation, selection: &Arguments) -> bool {
        let given = |name: &&str| match selection.get(name) {
            None | Some(Value::Flag(false)) => false,
            Some(_) => true,
        };
        let (with, without) = self.call(operation).map_or((&[][..], &[][..]), |call| call.asked);
        (with.is_empty() || with.iter().any(given)) && !without.iter().any(given)
    }

    /// Refuses what narrows none of the meters that are asked for.
    fn refuse_idle(
        &self,
        argument: &Argument,
        select: &SelectOf<'_>,
        selection: &Arguments,
        wanted: &[(&'static Source, Vec<usize>)],
    ) -> Result<()> {
        let knows = |source: &Source| {
            self.operation(source)
                .is_some_and(|operation| takes(operation, select.to))
        };
        let is_default = matches!(selection.get(argument.name), None | Some(Value::Flag(_)));
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
        Err(Error::invalid(format!(
            "{} narrows none of the meters asked for; it narrows {}",
            argument.name,
            names.join(", ")
        )))
    }

    /// The calls of one source: one for each combination of the values that make calls of their own.
    fn ask(
        &self,
        source: &'static Source,
        operation: &'static Operation,
        meters: Vec<usize>,
        selection: &Arguments,
        all: &mut Vec<Asked>,
    ) -> Result<()> {
        let mut whole = self.in_buckets(source, operation, meters, selection)?;
        let mut choices: Vec<(&str, Vec<Value>)> = Vec::new();
        for (argument, select) in self.selected() {
            let Some(value) = selection.get(argument.name) else {
                continue;
            };
            whole.span = select.span.unwrap_or(whole.span);
            let Some(taken) = operation.arguments.iter().find(|taken| taken.name == select.to) else {
                continue;
            };
            if !select.each {
                if !select.grain {
                    whole.arguments.push((taken.name.to_owned(), value.clone()));
                }
                continue;
            }
            let one = |text: &str| match taken.accepts {
                Accepts::Texts(_) | Accepts::SomeOf(_) => Value::List(vec![Value::Text(text.to_owned())]),
                _ => Value::Text(text.to_owned()),
            };
            choices.push((
                taken.name,
                selection.distinct_texts(argument.name).into_iter().map(one).collect(),
            ));
        }
        let mut asked = vec![whole];
        for (name, values) in choices {
            let each = |asked: &Asked| -> Vec<Asked> {
                let with = |value: &Value| {
                    let mut one = asked.clone();
                    one.arguments.push((name.to_owned(), value.clone()));
                    one
                };
                values.iter().map(with).collect()
            };
            asked = asked.iter().flat_map(each).collect();
        }
        all.extend(asked);
        Ok(())
    }

    /// A source in buckets of the length that a selection chooses, or of its usual one.
    fn in_buckets(
        &self,
        source: &'static Source,
        operation: &'static Operation,
        meters: Vec<usize>,
        selection: &Arguments,
    ) -> Result<Asked> {
        let grains = self.call(operation).map_or(&[][..], |call| call.grains);
        let chosen = self.selected().find(|(_, select)| select.grain);
        let Some((argument, select)) = chosen.filter(|(_, select)| takes(operation, select.to)) else {
            return Ok(Asked::of(source, meters, Vec::new()));
        };
        let grain = match selection.get(argument.name) {
            None => grains
                .iter()
                .rfind(|grain| source.buckets == Buckets::Window || grain.buckets == source.buckets),
            Some(Value::Text(word)) => grains.iter().find(|grain| grain.word == Some(word)),
            Some(Value::Whole(seconds)) => grains.iter().find(|grain| grain.seconds == *seconds),
            Some(_) => None,
        };
        let Some(grain) = grain else {
            let known: Vec<String> = grains.iter().map(|grain| grain.seconds.to_string()).collect();
            let meter = source.meters.first().map_or(source.operation, |meter| meter.name);
            let asked = selection.get(argument.name).map(Value::plain).unwrap_or_default();
            return Err(Error::invalid(format!(
                "{meter} has buckets of {} s, not {asked} s; leave {} out, or name meters that have it",
                known.join(", "),
                argument.name
            )));
        };
        let value = match grain.word {
            Some(word) => Value::Text(word.to_owned()),
            None => Value::Whole(grain.seconds),
        };
        let buckets = if source.buckets == Buckets::Window {
            Buckets::Window
        } else {
            grain.buckets
        };
        Ok(Asked {
            buckets,
            span: grain.span,
            ..Asked::of(source, meters, vec![(select.to.to_owned(), value)])
        })
    }

    /// The buckets that a native call asks for.
    pub fn buckets_of(&self, call: &Call) -> Option<Buckets> {
        let (_, select) = self.selected().find(|(_, select)| select.grain)?;
        let mut grains = self.call(call.operation)?.grains.iter();
        let grain = match call.arguments.get(select.to)? {
            Value::Whole(seconds) => grains.find(|grain| grain.seconds == *seconds),
            Value::Text(word) => grains.find(|grain| grain.word == Some(word)),
            _ => None,
        }?;
        Some(grain.buckets)
    }
}

fn takes(operation: &Operation, name: &str) -> bool {
    operation.arguments.iter().any(|argument| argument.name == name)
}
