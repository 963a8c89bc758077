//! Moving house: every row of one database into another, verified. Sessions live on, because a token is derived from its
//! row and the root key, and neither changes.
//!
//! It may be cut off at any moment and begun again: rows that are there already stay. It never removes and never changes a
//! row of either side; a target that holds something else is left alone.

use crate::fault::Fault;
use crate::ports::rows::{Row, RowSource, RowTarget, TABLES, Table};
use std::collections::BTreeMap;

/// How many rows go at once.
const BATCH: u32 = 1000;

/// A hash of bytes; SHA-256 in the server.
pub type Digest = fn(&[u8]) -> [u8; 32];

/// Why it came to no good end.
#[derive(Debug, thiserror::Error)]
pub enum RelocateError {
    /// Somebody lives there.
    #[error("the target holds a database already, and it stays as it is; name an empty one")]
    NotEmpty,
    /// What arrived is not what left.
    #[error(
        "`{table}` has {there} rows there and {here} here, or rows that differ: the source has changed since an earlier \
         try; begin again with an empty target"
    )]
    Differs {
        /// The table.
        table: &'static str,
        /// Rows of the source.
        here: u64,
        /// Rows of the target.
        there: u64,
    },
    /// A side failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// How far it is.
pub trait Progress: Send + Sync {
    /// So many rows of a table were read, of so many.
    fn moved(&self, table: &'static str, rows: u64, of: u64);
    /// A table arrived and was compared; so many of its rows were there before.
    fn arrived(&self, table: &'static str, rows: u64, there_before: u64);
}

/// Moves every row and verifies that all of them arrived.
///
/// # Errors
/// When a side fails, or what arrived is not what left. Beginning again goes on where it was.
pub async fn relocate(
    source: &dyn RowSource,
    target: &dyn RowTarget,
    digest: Digest,
    progress: &dyn Progress,
) -> Result<BTreeMap<&'static str, u64>, RelocateError> {
    if !target.begin().await? {
        return Err(RelocateError::NotEmpty);
    }
    let mut moved = BTreeMap::new();
    for table in &TABLES {
        let here = copy(source, target, table, digest, progress).await?;
        let there = summarise(target, table, digest).await?;
        if here != there {
            return Err(RelocateError::Differs { table: table.name, here: here.rows, there: there.rows });
        }
        moved.insert(table.name, here.rows);
    }
    target.finish().await?;
    Ok(moved)
}

async fn copy(
    source: &dyn RowSource,
    target: &dyn RowTarget,
    table: &'static Table,
    digest: Digest,
    progress: &dyn Progress,
) -> Result<Summary, Fault> {
    let of = source.count(table).await?;
    let mut summary = Summary::default();
    let (mut after, mut new) = (None, 0);
    loop {
        let rows = source.rows_after(table, after, BATCH).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.clone());
        rows.iter().for_each(|row| summary.add(row, digest));
        new += target.put(table, rows).await?;
        progress.moved(table.name, summary.rows, of);
    }
    progress.arrived(table.name, summary.rows, summary.rows - new.min(summary.rows));
    Ok(summary)
}

async fn summarise(target: &dyn RowTarget, table: &'static Table, digest: Digest) -> Result<Summary, Fault> {
    let mut summary = Summary::default();
    target.visit(table, &mut |row| summary.add(&row, digest)).await?;
    Ok(summary)
}

/// How many rows there are, and the sum of their hashes, which is the same in whatever order they come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Summary {
    rows: u64,
    sum: [u64; 4],
}

impl Summary {
    fn add(&mut self, row: &Row, digest: Digest) {
        self.rows += 1;
        let hash = digest(&spelt(row));
        for (sum, part) in self.sum.iter_mut().zip(hash.chunks_exact(8)) {
            let part = part.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            *sum = sum.wrapping_add(part);
        }
    }
}

/// A row as bytes, so that two rows have the same bytes only if they are the same.
fn spelt(row: &Row) -> Vec<u8> {
    let mut bytes = Vec::new();
    row.iter().for_each(|cell| cell.spell(&mut bytes));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::rows::Cell;

    #[test]
    fn rows_that_differ_are_spelt_differently() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let rows = [
            vec![text("a"), text("b")],
            vec![text("ab"), text("")],
            vec![text("ab"), Cell::Empty],
            vec![Cell::Bytes(b"ab".to_vec()), Cell::Empty],
            vec![Cell::Empty, text("ab")],
            vec![Cell::Flag(true)],
            vec![Cell::Number(1)],
        ];
        let spelt: std::collections::BTreeSet<_> = rows.iter().map(spelt).collect();
        assert_eq!(spelt.len(), rows.len());
    }
}
