//! Typed answers: by the operation's record. That of a series is made for each call, since it has the call's figures, rows
//! and labels under our names.

use super::document::{Call as Asked, Document, NO_ROWS};
use super::fail::place;
use crate::service::Call;
use crate::values::error::Result;
use crate::values::json::{At, Json};
use crate::values::shape::{Field, Holds, Shape, Typed};
use crate::values::text::snake;

impl Document {
    /// What was asked for, out of the document, as it may be relied on.
    pub fn typed(&'static self, call: &Call, document: &Json<'_>) -> Result<Typed> {
        let root = At::root(document);
        let Some(asked) = self.of(call.operation) else {
            return call.operation.returns.read(&root);
        };
        let returns = match call.operation.returns {
            Holds::Record(shape) if asked.series => Holds::Record(asked.record.get_or_init(|| asked.series_of(shape))),
            returns => returns,
        };
        place(&root, &asked.answer, &mut |at| match &asked.rows {
            Some(rows) if rows.is_anywhere => rows.typed(&returns, at),
            _ => returns.read(at),
        })
    }
}

impl Asked {
    /// The record of a call's series, from that of all series, which has those of rows and details inside.
    fn series_of(&'static self, whole: &'static Shape) -> Shape {
        let rows = self.rows.as_ref().unwrap_or(&NO_ROWS);
        let totals = self.meter.iter().filter_map(|figure| figure.total.as_deref());
        let values = self.meter.iter().map(|figure| figure.value.as_str());
        let values = values.filter(|key| !key.is_empty());
        let totals = beside("totals", totals, Holds::Maybe(&Holds::Decimal));
        let values = beside("values", values, Holds::Decimal);
        let row = inner(whole, "rows");
        let labels = texts(&rows.labels);
        let time = rows.time.as_deref().map(|key| field("time_stamp", key, Holds::Instant));
        let list = rows.list.last().map_or("rows", String::as_str);
        let row = like(row, time.into_iter().chain([values, labels]));
        let holds = match &rows.inner {
            None => list_of(row),
            Some(key) => {
                let is_inside = |field: &Field| matches!(field.holds, Holds::Beside(_));
                let (inside, mut fields): (Vec<Field>, Vec<Field>) =
                    row.fields.iter().partition(|field| is_inside(field));
                let inside = inside.leak();
                fields.push(field("rows", key, list_of(Shape { fields: inside, ..row })));
                let fields = fields.leak();
                Holds::Joined(leak(Shape { fields, ..row }))
            }
        };
        let rows_of = field("rows", list, holds);
        let detail = like(inner(whole, "details"), [texts(&rows.split_labels), totals, rows_of]);
        let details = rows.details.as_deref().unwrap_or("details");
        let details = field("details", details, list_of(detail));
        like(whole, [totals, rows_of, details, self.filters()])
    }

    /// The arguments that narrow the question, under the service's names of them; the answer repeats them.
    fn filters(&'static self) -> Field {
        let grain = self.echo.grain.iter().map(|(_, argument)| argument);
        let range = self.range.iter().flat_map(|(start, end)| [start, end]);
        let pages = self.pages.iter().flat_map(|pages| [&pages.number, &pages.size]);
        let others: Vec<&String> = grain.chain(range).chain(pages).collect();
        let takes = self.takes.iter().filter(|taken| !others.contains(&&taken.name));
        let fields: Vec<Field> = takes
            .map(|taken| field(&taken.name, taken.wire(), Holds::Anything))
            .collect();
        field("filters", "", Holds::Beside(fields.leak()))
    }
}

fn field(name: &'static str, wire: &'static str, holds: Holds) -> Field {
    Field { wire, name, holds }
}

/// The members under these keys, as one field.
fn beside(name: &'static str, keys: impl Iterator<Item = &'static str>, holds: Holds) -> Field {
    let fields: Vec<Field> = keys.map(|key| field(snake(key).leak(), key, holds)).collect();
    field(name, "", Holds::Beside(fields.leak()))
}

/// The texts by which rows or details are told apart.
fn texts(labels: &'static [String]) -> Field {
    let labels = labels.iter().map(String::as_str);
    beside("dimensions", labels, Holds::Maybe(&Holds::Label))
}

/// A list of records, which may be missing.
fn list_of(shape: Shape) -> Holds {
    Holds::ListOrNothing(leak(Holds::Record(leak(shape))))
}

/// The record of which a field is a list.
fn inner(shape: &'static Shape, name: &str) -> &'static Shape {
    let field = shape.fields.iter().find(|field| field.name == name);
    match field.map(|field| field.holds) {
        Some(Holds::List(Holds::Record(shape))) => shape,
        _ => shape,
    }
}

/// A record with fields of its own in place of those of the same name.
fn like(shape: &Shape, own: impl IntoIterator<Item = Field>) -> Shape {
    let mut fields = shape.fields.to_vec();
    for own in own {
        fields
            .iter_mut()
            .filter(|field| field.name == own.name)
            .for_each(|field| *field = own);
    }
    Shape {
        name: shape.name,
        fields: fields.leak(),
    }
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}
