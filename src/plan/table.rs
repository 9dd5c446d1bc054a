//! A plan as a table, for people.

use jiff::Timestamp;

use super::Plan;
use super::share::whole;
use crate::meters::{Buckets, Span, Takes};
use crate::service::PlannedCall;
use crate::values::arguments::Value;

/// One row of a plan's table: an account's calls of one operation, or a part that no call can answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The account's name.
    pub account: String,
    /// The provider's name.
    pub provider: &'static str,
    /// The operation, by its Python name.
    pub operation: &'static str,
    /// How many calls there are; none for a part that no call can answer.
    pub calls: usize,
    /// The start of the first window.
    pub start: Timestamp,
    /// The end of the last.
    pub end: Timestamp,
    /// What made several calls of one question; for a part that no call can answer, why.
    pub cut_by: String,
    /// How many seconds of the account's rate the calls use up; 0 where no rate is declared.
    pub seconds: f64,
}

impl Plan {
    /// The table of this plan: calls by account and operation, then what no call can answer.
    pub fn table(&self) -> Vec<Row> {
        let same = |one: &PlannedCall, other: &PlannedCall| {
            one.account == other.account && one.call.operation.name == other.call.operation.name
        };
        let mut rows: Vec<Row> = self.calls.chunk_by(same).filter_map(|calls| self.row(calls)).collect();
        rows.extend(self.unavailable.iter().map(|part| Row {
            account: part.account.clone(),
            provider: part.provider,
            operation: part.operation,
            calls: 0,
            start: part.window.start().at,
            end: part.window.end().at,
            cut_by: part.reason.clone(),
            seconds: 0.0,
        }));
        rows
    }

    fn row(&self, calls: &[PlannedCall]) -> Option<Row> {
        let first = calls.first()?;
        let account = self.accounts.iter().find(|account| account.name == first.account)?;
        Some(Row {
            account: first.account.clone(),
            provider: first.provider,
            operation: first.call.operation.name,
            calls: calls.len(),
            start: calls.iter().map(|call| call.piece.start().at).min()?,
            end: calls.iter().map(|call| call.piece.end().at).max()?,
            cut_by: self.cut_by(calls),
            seconds: account.per_second.map_or(0.0, |rate| whole(calls.len()) / rate),
        })
    }

    fn cut_by(&self, calls: &[PlannedCall]) -> String {
        let mut selections: Vec<&[(String, Value)]> = Vec::new();
        let mut repeated = None;
        for call in calls {
            let arguments = call.asked.arguments.as_slice();
            if selections.contains(&arguments) {
                repeated = Some(call);
            } else {
                selections.push(arguments);
            }
        }
        let mut reasons = repeated.map_or_else(Vec::new, |call| self.limits(call, calls));
        let mut names: Vec<&str> = Vec::new();
        for (name, value) in selections.iter().copied().flatten() {
            let is_common = selections
                .iter()
                .all(|all| all.contains(&(name.clone(), value.clone())));
            if !is_common && !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        if !names.is_empty() {
            reasons.push(format!("{} of {}", selections.len(), names.join(", ")));
        }
        reasons.join("; ")
    }

    /// What parts a question in time: what the service allows, and the periods that were asked for.
    fn limits(&self, call: &PlannedCall, calls: &[PlannedCall]) -> Vec<String> {
        let allowed = limit(call);
        // Where there are buckets, periods are made of them.
        let may_cut = call.asked.buckets == Buckets::Window && !allowed.ends_with(" each");
        let every = call.asked.every.filter(|_| may_cut);
        let every = every.filter(|_| calls.iter().any(|call| self.is_cut_by_period(call)));
        let period = every.map(|every| format!("every {}", every.name())).unwrap_or_default();
        let told = [allowed, period].into_iter();
        told.filter(|text| !text.is_empty()).collect()
    }
}

fn limit(call: &PlannedCall) -> String {
    if call.asked.source.takes == Takes::YearMonth {
        return "a month each".to_owned();
    }
    match call.asked.span {
        Span::Days(days) => format!("at most {days} days"),
        Span::EachMonth => "a month each".to_owned(),
        Span::MonthOr28Days => "a whole month or at most 28 days".to_owned(),
        Span::EachDay => "a day each".to_owned(),
        Span::Whole => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::toy;

    #[test]
    fn the_table_says_what_cut_the_calls_and_what_is_out_of_reach() {
        let selection = toy::select(
            &["toy.daily", "toy.total", "toy.month", "toy.so_far", "toy.whole"],
            &["a", "b"],
        );
        let question = toy::question(
            "2025-01-01",
            "2026-01-01",
            "2026-01-15",
            vec![toy::part("x", selection)],
        );
        let rows = Plan::make(&question).unwrap().table();
        let told: Vec<String> = rows
            .iter()
            .map(|row| {
                let Row {
                    operation,
                    calls,
                    start,
                    end,
                    cut_by,
                    seconds,
                    ..
                } = row;
                format!("{operation} {calls} {start} {end} {seconds} {cut_by}")
            })
            .collect();
        let old = "which is as far back as the service answers";
        assert_eq!(
            told,
            [
                "daily 8 2025-01-14T16:00:00Z 2026-01-01T16:00:00Z 4 at most 93 days; 2 of code",
                "total 12 2025-01-15T00:01:00Z 2026-01-01T00:00:00Z 6 a whole month or at most 28 days",
                "whole 1 2025-01-01T00:00:00Z 2026-01-01T00:00:00Z 0.5 ",
                "month 12 2025-01-01T00:00:00Z 2026-01-01T00:00:00Z 6 a month each",
                &format!("daily 0 2025-01-01T16:00:00Z 2025-01-14T16:00:00Z 0 older than 366 days, {old}"),
                &format!("total 0 2025-01-01T00:00:00Z 2025-01-15T00:01:00Z 0 older than 365 days, {old}"),
                "so_far 0 2025-01-01T00:00:00Z 2026-01-01T00:00:00Z 0 the service tells only the current month from \
                 its start, 2026-01-01T00:00:00Z, and keeps no past ones",
            ]
        );
    }
}
