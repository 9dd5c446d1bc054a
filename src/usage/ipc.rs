//! Tables as bytes, and back: Arrow IPC streams, which may stand one behind the other.

use std::io::Cursor;

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;

use crate::values::error::{Error, Result};

/// Writes a table behind what is there.
pub fn write(table: &RecordBatch, bytes: &mut Vec<u8>) -> Result<()> {
    let mut writer = StreamWriter::try_new(bytes, table.schema_ref()).map_err(damaged)?;
    writer.write(table).and_then(|()| writer.finish()).map_err(damaged)
}

/// Reads what [`write`] wrote, up to the next table.
pub fn read(bytes: &mut Cursor<&[u8]>) -> Result<RecordBatch> {
    let mut reader = StreamReader::try_new(bytes, None).map_err(damaged)?;
    let table = reader
        .next()
        .ok_or_else(|| damaged("a table is missing"))?
        .map_err(damaged)?;
    // The end of a stream is a marker of its own, which must be read before the next stream begins.
    match reader.next() {
        None => Ok(table),
        Some(_) => Err(damaged("a table has two parts")),
    }
}

fn damaged(problem: impl std::fmt::Display) -> Error {
    Error::invalid(format!("these bytes are no usage or table: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::fixture::{SUMS, day, usage};

    #[test]
    fn tables_behind_each_other_come_back_one_by_one() {
        let usage = usage(&SUMS, vec![day(1, &[Some("a")], "2026-01-05", "12.5")]);
        let tables = [usage.readings, usage.coverage, usage.evidence];
        let mut bytes = Vec::new();
        for table in &tables {
            write(table, &mut bytes).unwrap();
        }
        let mut bytes = Cursor::new(&*bytes);
        for table in &tables {
            assert_eq!(read(&mut bytes).unwrap(), *table);
        }
        assert!(read(&mut bytes).is_err());
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for bytes in [&b""[..], b"nonsense", &[0xff; 64]] {
            let error = read(&mut Cursor::new(bytes)).unwrap_err();
            assert!(
                error.message.starts_with("these bytes are no usage or table: "),
                "{error}"
            );
        }
    }
}
