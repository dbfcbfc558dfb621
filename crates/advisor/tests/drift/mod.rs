//! Drift on a real server: nothing on what is as declared, each change by hand found, named and mended.

mod roles;
mod seeds;

use shelfops_advisor::drift::{
    Change, Options, Reconciliation, Running, Schema, Weight, compare, page, read, reconcile,
};
use shelfops_testkit::TestDatabase;
use tokio_postgres::Client;

use seeds::SEEDS;

const SCHEMA: &str = include_str!("schema.sql");

/// Roles belong to the server, and several tests make them at once.
const ROLES: &str = "do $$
declare
    role_name text;
begin
    perform pg_advisory_xact_lock(4711);
    foreach role_name in array array['drift_reader', 'drift_writer'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I', role_name);
        end if;
    end loop;
end
$$";

async fn built() -> TestDatabase {
    TestDatabase::from_template("drift", &format!("{ROLES}{SCHEMA}"), async |url| {
        let client = shelfops_testkit::connect(&url).await?;
        client.batch_execute(ROLES).await?;
        client.batch_execute(SCHEMA).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    })
    .await
    .unwrap()
}

async fn schema_of(client: &Client) -> Schema {
    client.batch_execute("begin read only").await.unwrap();
    let schema = read(client, &Options::default()).await.unwrap();
    client.batch_execute("commit").await.unwrap();
    schema
}

/// Runs the statements as they want to be run.
async fn apply(client: &Client, found: &Reconciliation) {
    if let Err(fault) = try_apply(client, found).await {
        panic!("{fault}");
    }
}

async fn try_apply(client: &Client, found: &Reconciliation) -> Result<(), String> {
    let mut is_open = false;
    for statement in &found.statements {
        let wants_transaction = statement.running == Running::InTransaction;
        if wants_transaction != is_open {
            client.batch_execute(if is_open { "commit" } else { "begin" }).await.unwrap();
            is_open = wants_transaction;
        }
        if let Err(error) = client.batch_execute(&statement.sql).await {
            let said = error.as_db_error().unwrap();
            return Err(format!("{}\n{said}\nin\n{}", statement.sql, page(found)));
        }
    }
    if is_open {
        client.batch_execute("commit").await.unwrap();
    }
    Ok(())
}

#[tokio::test]
async fn what_is_as_declared_does_not_differ_and_has_one_fingerprint() {
    let (one, other) = (built().await, built().await);
    let (one, other) = (one.connect().await.unwrap(), other.connect().await.unwrap());
    let (first, second) = (schema_of(&one).await, schema_of(&other).await);
    assert_eq!(compare(&first, &second), []);
    assert_eq!(first.fingerprint(), second.fingerprint());
    assert!(first.objects.len() > 60, "{}", first.objects.len());
    // The same when read as somebody whose names are found elsewhere.
    other.batch_execute("set search_path = app, public").await.unwrap();
    assert_eq!(compare(&schema_of(&other).await, &first), []);
    let path: String = other.query_one("show search_path", &[]).await.unwrap().get(0);
    assert_eq!(path, "app, public");
}

#[tokio::test]
async fn partitions_rows_and_statistics_are_no_drift() {
    let database = built().await;
    let client = database.connect().await.unwrap();
    let before = schema_of(&client).await;
    client
        .batch_execute(
            "create table app.events_2027 partition of app.events
                 for values from ('2027-01-01') to ('2028-01-01');
             insert into app.events values (gen_random_uuid(), '2027-02-03', 'x');
             insert into app.stores (tenant_id, name) values (gen_random_uuid(), 'x');
             analyze;
             drop table app.events_2026;
             create temporary table mine (id bigint)",
        )
        .await
        .unwrap();
    assert_eq!(compare(&schema_of(&client).await, &before), []);
}

#[tokio::test]
async fn every_change_by_hand_is_found_named_and_mended() {
    assert!(SEEDS.len() >= 40, "{}", SEEDS.len());
    let mut wrong = Vec::new();
    let declared = schema_of(&built().await.connect().await.unwrap()).await;
    for (change, named) in SEEDS {
        let database = built().await;
        let client = database.connect().await.unwrap();
        client.batch_execute("set allow_system_table_mods = on").await.unwrap();
        client.batch_execute(change).await.unwrap_or_else(|error| panic!("{change}: {error:?}"));
        let live = schema_of(&client).await;
        let found = reconcile(&live, &declared);
        let names: Vec<&str> = found.differences.iter().map(|it| it.object.as_str()).collect();
        if !names.contains(named) {
            wrong.push(format!("{change}: expected {named}, found {names:?}"));
        }
        assert_ne!(live.fingerprint(), declared.fingerprint(), "{change}");
        if let Err(fault) = try_apply(&client, &found).await {
            wrong.push(format!("{change}: {fault}"));
            continue;
        }
        let left = reconcile(&schema_of(&client).await, &declared);
        if !left.differences.is_empty() {
            wrong.push(format!("{change}: left after\n{}\n{}", page(&found), page(&left)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n---\n"));
}

#[tokio::test]
async fn a_reference_that_was_switched_off_holds_again_and_what_it_missed_is_told() {
    let declared = schema_of(&built().await.connect().await.unwrap()).await;
    let database = built().await;
    let client = database.connect().await.unwrap();
    let silent = async || -> i64 {
        let count = "select count(*) from pg_trigger where tgisinternal and tgenabled <> 'O'";
        client.query_one(count, &[]).await.unwrap().get(0)
    };
    client
        .batch_execute(
            "alter table app.stores disable trigger all;
             alter table app.orders disable trigger all;
             insert into app.orders (tenant_id, order_id, store_id, total)
             values (gen_random_uuid(), 1, 7, 1)",
        )
        .await
        .unwrap();
    assert_eq!(silent().await, 4);
    let found = reconcile(&schema_of(&client).await, &declared);
    let shown = page(&found);
    assert!(shown.contains("live never on app.orders, never on app.stores"), "{shown}");
    let fault = try_apply(&client, &found).await.unwrap_err();
    assert!(fault.contains("violates foreign key constraint"), "{fault}");
    assert_eq!(silent().await, 0, "new rows are checked, whatever old ones are like");
    client.batch_execute("delete from app.orders").await.unwrap();
    apply(&client, &reconcile(&schema_of(&client).await, &declared)).await;
    assert_eq!(compare(&schema_of(&client).await, &declared), []);
    assert_eq!(silent().await, 0);
}

#[tokio::test]
async fn an_empty_database_becomes_the_declared_one_and_empty_again() {
    let declared = schema_of(&built().await.connect().await.unwrap()).await;
    let database = TestDatabase::empty().await.unwrap();
    let client = database.connect().await.unwrap();
    let empty = schema_of(&client).await;
    let there = reconcile(&empty, &declared);
    apply(&client, &there).await;
    let left = reconcile(&schema_of(&client).await, &declared);
    assert_eq!(left.differences, [], "{}", page(&left));
    let back = reconcile(&schema_of(&client).await, &empty);
    apply(&client, &back).await;
    assert_eq!(compare(&schema_of(&client).await, &empty), []);
    assert!(back.statements.iter().any(|statement| statement.weight == Weight::Destroys));
}

#[tokio::test]
async fn what_stands_on_a_change_is_made_anew_and_keeps_its_rights_and_rows() {
    let declared = schema_of(&built().await.connect().await.unwrap()).await;
    let database = built().await;
    let client = database.connect().await.unwrap();
    client
        .batch_execute(
            "insert into app.stores (tenant_id, name, city)
             values ('00000000-0000-0000-0000-000000000001', 'a', 'b');
             drop view app.busy_stores;
             drop view app.open_orders;
             drop materialized view app.store_totals;
             alter table app.orders alter column total type numeric(12, 2);
             create view app.open_orders with (security_barrier) as
                 select tenant_id, order_id, store_id, total, note from app.orders where state = 'open'
                 with cascaded check option;
             create view app.late_orders as select * from app.open_orders",
        )
        .await
        .unwrap();
    let found = reconcile(&schema_of(&client).await, &declared);
    apply(&client, &found).await;
    let left = reconcile(&schema_of(&client).await, &declared);
    assert_eq!(left.differences, [], "{}\n{}", page(&found), page(&left));
    let kept = client.query_one("select count(*) from app.stores", &[]).await.unwrap();
    assert_eq!(kept.get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_renamed_column_is_renamed_back_and_keeps_its_values() {
    let declared = schema_of(&built().await.connect().await.unwrap()).await;
    let database = built().await;
    let client = database.connect().await.unwrap();
    client.batch_execute("alter table app.stores rename column city to town").await.unwrap();
    let found = reconcile(&schema_of(&client).await, &declared);
    assert_eq!(
        found.differences.iter().map(|it| &it.change).collect::<Vec<_>>(),
        [&Change::Renamed { live_name: "town".to_owned() }]
    );
    let statements: Vec<&str> = found.statements.iter().map(|it| it.sql.as_str()).collect();
    assert_eq!(statements, ["alter table app.stores rename column town to city"]);
}

#[tokio::test]
async fn a_type_that_keeps_less_loses_values_and_one_that_keeps_all_does_not() {
    let declared = schema_of(&built().await.connect().await.unwrap()).await;
    for (live, weight) in [("varchar(20)", Weight::Heavy), ("varchar(80)", Weight::Destroys)] {
        let database = built().await;
        let client = database.connect().await.unwrap();
        let change = format!("alter table app.stores alter column city type {live}");
        client.batch_execute(&change).await.unwrap();
        let found = reconcile(&schema_of(&client).await, &declared);
        let back = found.statements.iter().find(|it| it.sql.contains(" type ")).unwrap();
        assert_eq!(back.weight, weight, "{}", back.sql);
    }
}

#[tokio::test]
async fn a_snapshot_is_read_as_it_was_written() {
    let schema = schema_of(&built().await.connect().await.unwrap()).await;
    let text = schema.to_json();
    let read = Schema::from_json(&text).unwrap();
    assert_eq!(read, schema);
    assert_eq!(read.fingerprint(), schema.fingerprint());
    for wrong in ["", "{}", "[]", &text.replace("\"format\": 1", "\"format\": 9")] {
        let said = Schema::from_json(wrong).unwrap_err().to_string();
        assert!(said.starts_with("this is no snapshot of a schema"), "{said}");
    }
}
