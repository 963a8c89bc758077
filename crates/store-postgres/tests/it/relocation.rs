//! Every table and column moves when a database moves in.

use crate::database::Database;
use app::ports::rows::TABLES;
use std::collections::BTreeSet;

/// Budgets, leases and the pulse are of the moment; the history is the target's own.
const STAY: [&str; 4] = ["leases", "limits", "pulse", "schema_history"];

#[tokio::test]
async fn every_column_of_the_schema_is_in_the_list_of_what_moves() {
    let database = Database::new().await;
    let sql = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()";
    let rows = database.plain().await.query(sql, &[]).await.unwrap();
    let there: BTreeSet<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let moved = TABLES.iter().flat_map(|table| {
        table.columns.iter().map(|(column, _)| (table.name.to_owned(), (*column).to_owned()))
    });
    let moved: BTreeSet<_> = moved.collect();
    let left: Vec<_> = there.iter().filter(|(table, _)| !STAY.contains(&table.as_str())).cloned().collect();
    assert_eq!(moved, left.into_iter().collect());
    database.discard().await;
}
