//! Indexes that nothing needs: duplicates, the beginnings of others, and those that nobody used for long.

use schemars::JsonSchema;
use serde::Serialize;
use tokio_postgres::Client;

use super::catalog::{Catalog, Existing, Table};
use super::error::{AdviceError, doing};
use super::search::megabytes;

/// How long the server must have counted before an unused index is called so: a month has its end.
const LONG_ENOUGH_DAYS: f64 = 31.0;

/// Below this size an index is not worth a word.
const WORTH_BYTES: f64 = 1024.0 * 1024.0;

/// An index that nothing needs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Needless {
    /// Its name, with its schema.
    pub index: String,
    /// Its table.
    pub table: String,
    /// How many bytes it takes.
    pub bytes: f64,
    /// Why it is not needed, with what that rests on.
    pub reason: String,
    /// Whether more must be known before it is dropped.
    pub is_to_be_watched: bool,
    /// What drops it.
    pub statement: String,
    /// What makes it again.
    pub undo: String,
}

/// Looks for indexes that nothing needs among those of some tables, named with their schemas. What a
/// constraint, a replica's identity or a partitioned index rests on is never among them.
///
/// # Errors
/// Fails when the server does.
pub async fn needless(client: &Client, tables: &[String]) -> Result<Vec<Needless>, AdviceError> {
    let counted = client
        .query_one(
            "select extract(epoch from now() - coalesce(stats_reset, pg_postmaster_start_time()))::float8
                 / 86400, pg_is_in_recovery(),
                 exists (select from pg_stat_replication where state = 'streaming')
             from pg_stat_database where datname = current_database()",
            &[],
        )
        .await
        .map_err(doing("ask since when the server counts"))?;
    let standing = Standing {
        days: counted.get(0),
        has_replicas: counted.get::<_, bool>(1) || counted.get::<_, bool>(2),
    };
    let catalog = Catalog::of(client, tables).await?;
    Ok(catalog.tables.iter().flat_map(|table| of_table(table, standing)).collect())
}

#[derive(Clone, Copy)]
struct Standing {
    days: f64,
    has_replicas: bool,
}

fn of_table(table: &Table, standing: Standing) -> Vec<Needless> {
    let mut found = Vec::new();
    for index in table.indexes.iter().filter(|index| !index.is_needed) {
        let other =
            table.indexes.iter().find(|other| other.oid != index.oid && stands_in(other, index));
        let verdict = match other {
            Some(other) => Some((format!("{} serves whatever it serves", other.name), false)),
            None if !index.is_valid => Some((
                "it is invalid: its making broke off, and writers keep it up in vain".to_owned(),
                false,
            )),
            None => unused(index, standing),
        };
        if let Some((reason, is_to_be_watched)) = verdict {
            found.push(entry(table, index, reason, is_to_be_watched));
        }
    }
    found
}

fn unused(index: &Existing, standing: Standing) -> Option<(String, bool)> {
    if index.scans > 0 || index.is_unique || index.bytes < WORTH_BYTES {
        return None;
    }
    let mut reason = format!(
        "no scan in the {:.1} days since the server began to count, and it takes {}",
        standing.days,
        megabytes(index.bytes)
    );
    let is_short = standing.days < LONG_ENOUGH_DAYS;
    if is_short {
        reason.push_str("; that is less than a month, so what runs once a month may need it");
    }
    if standing.has_replicas {
        reason.push_str("; replicas count for themselves: look there too");
    }
    Some((reason, is_short || standing.has_replicas))
}

fn entry(table: &Table, index: &Existing, reason: String, is_to_be_watched: bool) -> Needless {
    // Neither partitioned tables nor hypertables drop their indexes concurrently.
    let how = if table.kind == super::Kind::Plain { " concurrently" } else { "" };
    Needless {
        index: index.name.clone(),
        table: table.name.clone(),
        bytes: index.bytes,
        reason,
        is_to_be_watched,
        statement: format!("drop index{how} {};", index.name),
        undo: format!("{};", index.definition),
    }
}

/// Whether one index serves whatever another does. Of two that are the same, the younger goes.
fn stands_in(one: &Existing, other: &Existing) -> bool {
    let begins = one.keys.get(..other.keys.len()) == Some(other.keys.as_slice());
    let holds = other
        .included
        .iter()
        .all(|wanted| one.included.contains(wanted) || one.keys.iter().any(|key| key == wanted));
    let is_same = one.keys == other.keys && one.included == other.included;
    begins
        && holds
        && one.is_valid
        && one.method == other.method
        && one.predicate == other.predicate
        // A unique index says something that others do not.
        && (!other.is_unique || (is_same && one.is_unique))
        && (!is_same || one.is_needed || (one.is_unique && !other.is_unique) || one.oid < other.oid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(oid: u32, keys: &[&str]) -> Existing {
        Existing {
            oid,
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            method: "btree".to_owned(),
            is_valid: true,
            ..Existing::default()
        }
    }

    #[test]
    fn of_two_that_are_the_same_one_goes() {
        let (older, younger) = (index(1, &["a", "b"]), index(2, &["a", "b"]));
        assert!(stands_in(&older, &younger) && !stands_in(&younger, &older));
        let longer = index(3, &["a", "b", "c"]);
        assert!(stands_in(&longer, &older) && !stands_in(&older, &longer));
        let unique = Existing { is_unique: true, ..index(4, &["a"]) };
        assert!(!stands_in(&older, &unique), "a unique index says more");
        let other_way = index(5, &["a desc"]);
        assert!(!stands_in(&older, &other_way));
    }

    #[test]
    fn what_was_not_counted_for_a_month_is_to_be_watched() {
        let large = Existing { bytes: 9e6, ..index(1, &["a"]) };
        let standing = |days| Standing { days, has_replicas: false };
        assert!(unused(&large, standing(3.0)).unwrap().1);
        assert!(!unused(&large, standing(40.0)).unwrap().1);
        assert!(unused(&Existing { scans: 1, ..large.clone() }, standing(40.0)).is_none());
        assert!(unused(&Existing { is_unique: true, ..large }, standing(40.0)).is_none());
    }
}
