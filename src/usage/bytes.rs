//! A usage as bytes, and back: its three tables as Arrow IPC streams, one behind the other.

use std::io::Cursor;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use jiff::Timestamp;

use super::arrays::Texts;
use super::{Hole, State, Usage};
use crate::meters::Meter;
use crate::providers::{REGISTRY, provider};
use crate::values::error::{Error, Result};
use crate::values::window::{Instant, Window};

impl Usage {
    /// The usage as bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for table in [&self.readings, &self.coverage, &self.evidence] {
            let mut writer = StreamWriter::try_new(&mut bytes, table.schema_ref()).map_err(damaged)?;
            writer.write(table).and_then(|()| writer.finish()).map_err(damaged)?;
        }
        Ok(bytes)
    }

    /// Reads what [`Usage::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut rest = Cursor::new(bytes);
        let mut next = || -> Result<RecordBatch> {
            let mut reader = StreamReader::try_new(&mut rest, None).map_err(damaged)?;
            let table = reader
                .next()
                .ok_or_else(|| damaged("a table is missing"))?
                .map_err(damaged)?;
            // The end of a stream is a marker of its own, which must be read before the next stream begins.
            match reader.next() {
                None => Ok(table),
                Some(_) => Err(damaged("a table has two parts")),
            }
        };
        let (readings, coverage, evidence) = (next()?, next()?, next()?);
        let rows = Rows { coverage: &coverage };
        let holes = (0..coverage.num_rows())
            .filter_map(|row| rows.hole(row).transpose())
            .collect::<Result<_>>()?;
        let meters = rows.meters()?;
        Ok(Self {
            readings,
            coverage,
            evidence,
            holes,
            meters,
        })
    }
}

fn damaged(problem: impl std::fmt::Display) -> Error {
    Error::invalid(format!("these bytes are no usage: {problem}"))
}

/// The table of coverage, which says what is missing and which meters were asked for.
struct Rows<'a> {
    coverage: &'a RecordBatch,
}

impl Rows<'_> {
    fn text(&self, name: &str, row: usize) -> Result<Option<&str>> {
        let column = self
            .coverage
            .column_by_name(name)
            .ok_or_else(|| damaged(format!("no column {name}")))?;
        Ok(Texts::of(column.as_ref())?.get(row))
    }

    fn moment(&self, name: &str, row: usize) -> Result<Instant> {
        let column = self.coverage.column_by_name(name);
        let column = column.and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        let column = column
            .filter(|column| column.is_valid(row))
            .ok_or_else(|| damaged(format!("no {name}")))?;
        Timestamp::from_microsecond(column.value(row))
            .map(Instant::utc)
            .map_err(damaged)
    }

    fn names(&self, row: usize) -> Result<Vec<String>> {
        let column = self
            .coverage
            .column_by_name("meters")
            .and_then(|column| column.as_list_opt::<i32>());
        let items = column.ok_or_else(|| damaged("no column meters"))?.value(row);
        let texts = Texts::of(&items)?;
        Ok((0..items.len())
            .filter_map(|place| texts.get(place).map(str::to_owned))
            .collect())
    }

    fn hole(&self, row: usize) -> Result<Option<Hole>> {
        let state = match self.text("state", row)? {
            Some(name) if name == State::Failed.name() => State::Failed,
            Some(name) if name == State::Unavailable.name() => State::Unavailable,
            _ => return Ok(None),
        };
        let of = self
            .text("provider", row)?
            .and_then(provider)
            .ok_or_else(|| damaged("an unknown provider"))?;
        let name = self.text("operation", row)?.unwrap_or_default();
        let operation = of.facts().operations.iter().find(|known| known.name == name);
        Ok(Some(Hole {
            account: self.text("account", row)?.unwrap_or_default().to_owned(),
            provider: of.facts().name,
            operation: operation
                .ok_or_else(|| damaged(format!("an unknown operation {name:?}")))?
                .name,
            call_id: self.text("call_id", row)?.map(str::to_owned),
            window: Window::new(self.moment("start", row)?, self.moment("end", row)?)?,
            state,
            reason: self.text("reason", row)?.unwrap_or_default().to_owned(),
            error: None,
            meters: self
                .names(row)?
                .iter()
                .filter_map(|name| meter(name))
                .map(|meter| meter.name)
                .collect(),
        }))
    }

    fn meters(&self) -> Result<Vec<&'static Meter>> {
        let mut meters: Vec<&'static Meter> = Vec::new();
        for row in 0..self.coverage.num_rows() {
            for name in self.names(row)? {
                if meters.iter().all(|known| known.name != name) {
                    meters.push(meter(&name).ok_or_else(|| damaged(format!("an unknown meter {name:?}")))?);
                }
            }
        }
        Ok(meters)
    }
}

fn meter(name: &str) -> Option<&'static Meter> {
    let sources = REGISTRY.iter().flat_map(|provider| provider.facts().sources);
    sources
        .flat_map(|source| source.meters)
        .find(|meter| meter.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_usage_is_refused() {
        for bytes in [&b""[..], b"nonsense", &[0xff; 64]] {
            assert!(Usage::from_bytes(bytes).is_err());
        }
    }
}
