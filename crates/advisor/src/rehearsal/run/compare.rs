//! Compares schemas and rows before and after: by a dump, and by counts and sums of hashes.

use std::collections::BTreeMap;

use shelfops_connection::Address;
use tokio_postgres::{Client, Error};

use super::error::RehearsalError;
use crate::rehearsal::programs::{Programs, judged};
use crate::rehearsal::tables::{Table, identifier, tables};

/// How many differences are told.
const MOST_DIFFERENCES: usize = 20;

/// Returns the lines of a schema's dump that say something.
pub(super) async fn schema(
    programs: &Programs,
    copy: &Address,
) -> Result<Vec<String>, RehearsalError> {
    let mut dumping = programs.command("pg_dump", copy);
    let output = dumping
        .args(["--schema-only", "--no-publications", "--no-subscriptions"])
        .output()
        .await
        .map_err(|source| programs.missing("pg_dump", source))?;
    judged("pg_dump", &output)?;
    let says_something = |line: &&str| {
        !line.trim().is_empty()
            && !line.starts_with("--")
            && !line.starts_with("SET ")
            && !line.starts_with("\\restrict ")
            && !line.starts_with("\\unrestrict ")
    };
    let dump = String::from_utf8_lossy(&output.stdout);
    Ok(dump.lines().filter(says_something).map(str::to_owned).collect())
}

/// Returns the lines that only one of two dumps has, in the order of the dumps.
pub(super) fn differences(before: &[String], after: &[String]) -> Vec<String> {
    let mut balance: BTreeMap<&str, i64> = BTreeMap::new();
    for line in before {
        *balance.entry(line).or_default() -= 1;
    }
    for line in after {
        *balance.entry(line).or_default() += 1;
    }
    let mut found = Vec::new();
    for (lines, sign, direction) in [(before, '-', -1), (after, '+', 1)] {
        for line in lines {
            let Some(left) = balance.get_mut(line.as_str()) else { continue };
            if *left * direction > 0 {
                *left -= direction;
                found.push(format!("{sign} {}", line.trim()));
            }
        }
    }
    if found.is_empty() && before != after {
        found.push("the same columns or statements in another order".to_owned());
    }
    found.truncate(MOST_DIFFERENCES);
    found
}

/// What the rows of each table come to.
pub(super) type Digests = Vec<Digest>;

/// What the rows of a table come to, in whatever order they stand.
pub(super) struct Digest {
    table: Table,
    columns: Vec<String>,
    rows: i64,
    sum: String,
}

/// Adds up the rows of all tables.
pub(super) async fn digests(client: &Client) -> Result<Digests, Error> {
    let mut digests = Vec::new();
    for table in tables(client).await? {
        let mut columns: Vec<String> = table.columns.iter().map(|it| it.name.clone()).collect();
        // Columns that are taken away and made again stand elsewhere.
        columns.sort();
        let (rows, sum) = digest(client, &table, &columns).await?;
        digests.push(Digest { table, columns, rows, sum });
    }
    Ok(digests)
}

async fn digest(
    client: &Client,
    table: &Table,
    columns: &[String],
) -> Result<(i64, String), Error> {
    let columns: Vec<String> =
        columns.iter().map(|name| format!("row_0.{}", identifier(name))).collect();
    let statement = format!(
        "select count(*), coalesce(sum(hashtextextended(row({})::text, 0)::numeric), 0)::text
        from {} as row_0",
        columns.join(", "),
        table.source()
    );
    let row = client.query_one(&statement, &[]).await?;
    Ok((row.get(0), row.get(1)))
}

/// Says of which tables the rows are not what they were.
pub(super) async fn lost(client: &Client, before: &Digests) -> Result<Vec<String>, Error> {
    let now = tables(client).await?;
    let mut lost = Vec::new();
    for digest_before in before.iter().filter(|digest| digest.rows > 0) {
        let old = &digest_before.table;
        let name = old.shown();
        let Some(table) = now.iter().find(|it| it.schema == old.schema && it.name == old.name)
        else {
            lost.push(format!("{name} is gone, with {} rows", digest_before.rows));
            continue;
        };
        let is_there = |column: &&String| table.column(column).is_none();
        if let Some(missing) = digest_before.columns.iter().find(is_there) {
            lost.push(format!("{name} has no {missing} any more"));
            continue;
        }
        let (rows, sum) = digest(client, table, &digest_before.columns).await?;
        if rows != digest_before.rows {
            lost.push(format!("{name} had {} rows and has {rows}", digest_before.rows));
        } else if sum != digest_before.sum {
            lost.push(format!("{name} has other values in its {rows} rows"));
        }
    }
    Ok(lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn lines_that_only_one_has_are_told() {
        assert_eq!(differences(&lines("a b b c"), &lines("a b d c")), ["- b", "+ d"]);
        assert_eq!(differences(&lines("a b"), &lines("a b")), [""; 0]);
        assert_eq!(differences(&lines("a b"), &lines("b a")).len(), 1);
    }
}
