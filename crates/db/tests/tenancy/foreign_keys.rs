//! References: a row of one tenant's must not point at another's, whichever way it gets there.

use serde_json::{Map, Value};
use tokio_postgres::Client;

use super::attacker::Attacker;
use super::catalog::{ForeignKey, references};
use super::retailers::{ALFA, BRAVO, Retailer, on_every_engine};
use super::tables::attackers;

/// Returns a row of a retailer's as JSON; with a value in each of these columns.
async fn row_of(
    client: &Client,
    table: &str,
    columns: &[&str],
    retailer: Retailer,
) -> Map<String, Value> {
    let filled: String =
        columns.iter().map(|column| format!(" and {column} is not null")).collect();
    let sql = format!(
        "select to_jsonb(it)::text from {table} as it where customer_id = '{}'{filled} limit 1",
        retailer.customer_id
    );
    let found = client.query_opt(&sql, &[]).await.unwrap();
    let Some(found) = found else {
        panic!("{table} has no row with {columns:?}: add one to SEEDS")
    };
    serde_json::from_str(found.get(0)).unwrap()
}

/// Where the rows of a table are that the superuser is to see.
async fn storage(client: &Client, table: &str) -> String {
    let sql = "select case relkind when 'v' then 'timeseries.' else 'public.' end || relname
               from pg_class where oid = $1::text::regclass";
    client.query_one(sql, &[&table]).await.unwrap().get(0)
}

/// What must be different in a row that is to be another one of its table.
struct Other {
    /// Columns whose value decides nothing but which row it is.
    columns: Vec<(String, String)>,
    /// Whether there is none for some key, so that the own rows have to go first.
    needs_room: bool,
}

/// Returns the columns that tell a row from others of its table, besides those that refer.
async fn other_row(client: &Client, key: &ForeignKey) -> Other {
    let rows = client
        .query(
            "select array_agg(attname::text order by place),
                 array_agg(format_type(atttypid, null) order by place)
             from pg_index
             cross join lateral unnest(indkey::int2[]) with ordinality as part (key, place)
             join pg_attribute on attrelid = indrelid and attnum = key
             where indrelid = $1::text::regclass and indisunique
             group by indexrelid",
            &[&storage(client, &key.child).await],
        )
        .await
        .unwrap();
    let referring: Vec<String> = references(client)
        .await
        .into_iter()
        .filter(|other| other.child == key.child)
        .flat_map(|other| other.columns.into_iter().map(|(column, _)| column))
        .chain(["customer_id".to_owned()])
        .collect();
    let mut other = Other { columns: Vec::new(), needs_room: false };
    for row in rows {
        let (names, kinds): (Vec<String>, Vec<String>) = (row.get(0), row.get(1));
        if names.iter().any(|name| key.columns.iter().any(|(column, _)| column == name)) {
            // What refers elsewhere is another row by that.
            continue;
        }
        let free = names.into_iter().zip(kinds).rev().find(|(name, kind)| {
            !referring.contains(name) && ["uuid", "text"].contains(&kind.as_str())
        });
        match free {
            Some(column) => other.columns.push(column),
            None => other.needs_room = true,
        }
    }
    other
}

/// Returns the statement that adds a row of the attacker's which refers to the victim's.
async fn insert(client: &Client, key: &ForeignKey) -> String {
    let ForeignKey { child, parent, columns, .. } = key;
    let own: Vec<&str> = columns.iter().map(|(column, _)| column.as_str()).collect();
    let mut row = row_of(client, &storage(client, child).await, &own, ALFA).await;
    let theirs = row_of(client, &storage(client, parent).await, &[], BRAVO).await;
    let other = other_row(client, key).await;
    for (column, kind) in &other.columns {
        let value = row[column].as_str().unwrap();
        let changed = match kind.as_str() {
            "uuid" => format!("{}0e0e", &value[..value.len() - 4]),
            _ => format!("{value}-2"),
        };
        row.insert(column.clone(), changed.into());
    }
    for (column, target) in columns {
        row.insert(column.clone(), theirs[target].clone());
    }
    let row = Value::Object(row).to_string().replace('\'', "''");
    let make_room = if other.needs_room { format!("delete from {child}; ") } else { String::new() };
    format!(
        "{make_room}insert into {child} select * from jsonb_populate_record(null::{child}, '{row}')"
    )
}

#[tokio::test]
async fn a_row_that_is_added_cannot_refer_to_anothers() {
    on_every_engine(async |fixture| {
        for attacker in attackers(fixture).await {
            attacker.enter(ALFA).await;
            for key in references(attacker.witness()).await {
                let sql = insert(attacker.witness(), &key).await;
                let refusal = attacker.attempt(&sql).await.expect_err(&sql);
                // Nothing else that may be wrong with the row: the reference, and this one.
                let is_this_key =
                    refusal.code.code() == "23503" && refusal.to_string().contains(&key.name);
                assert!(refusal.is_refusal() || is_this_key, "{}: {sql}: {refusal}", key.name);
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_row_that_is_changed_cannot_refer_to_anothers() {
    on_every_engine(async |fixture| {
        for attacker in attackers(fixture).await {
            attacker.enter(ALFA).await;
            for key in references(attacker.witness()).await {
                for (column, target) in &key.columns {
                    refer_by_change(&attacker, &key, (column, target)).await;
                }
            }
            attacker.rollback().await;
        }
    })
    .await;
}

async fn refer_by_change(attacker: &Attacker, key: &ForeignKey, (column, target): (&str, &str)) {
    let ForeignKey { child, parent, .. } = key;
    let victims =
        format!("select {target}::text from {parent} where customer_id = $1::text::uuid limit 1");
    let row = attacker.witness().query_one(&victims, &[&BRAVO.customer_id]).await;
    let victims: String = row.unwrap().get(0);
    let sql = format!("update {child} set {column} = '{victims}' where {column} is not null");
    let refusal = attacker.attempt(&sql).await.unwrap_err();
    let is_refused = refusal.is_refusal() || refusal.code.code() == "23503";
    assert!(is_refused, "{sql}: {refusal}");
}
