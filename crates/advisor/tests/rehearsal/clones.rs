//! Clones: the database file by file.

use shelfops_advisor::rehearsal::CopyError;
use shelfops_advisor::rehearsal::copy::Method;
use shelfops_testkit::{Engine, connect, engines, server_for};

use super::bench::{ask, copy, database, databases};

const QUIET: Method = Method::Clone { may_disconnect: false };

#[tokio::test]
async fn a_clone_has_the_rows_the_rights_and_the_settings_and_is_gone_afterwards() {
    let shop = database(
        "create table places (id bigint primary key, name text);
        insert into places select each, 'x' from generate_series(1, 100) as each;
        do $$ begin
            execute format('alter database %I set application_name = %L', current_database(), 'it''s set');
            execute format('revoke temporary on database %I from public', current_database());
        end $$",
    )
    .await;
    let clone = copy(&shop, QUIET).await.unwrap();
    assert_eq!(ask(clone.url(), "select count(*) from places").await, "100");
    let rights = "select has_database_privilege('pg_monitor', current_database(), 'temporary')";
    assert_eq!(ask(clone.url(), rights).await, "f");
    let set = "select setconfig::text from pg_db_role_setting
        join pg_database on pg_database.oid = setdatabase where datname = current_database()";
    assert_eq!(ask(clone.url(), set).await, "{\"application_name=it's set\"}");
    let comment = "select shobj_description(oid, 'pg_database') from pg_database
        where datname = current_database()";
    assert!(ask(clone.url(), comment).await.starts_with(&format!("copy of {}", shop.name())));
    assert!((clone.scale_of("public", "places") - 1.0).abs() < f64::EPSILON);

    let name = clone.name();
    assert_eq!(databases(&name).await.len(), 1);
    clone.remove().await.unwrap();
    assert_eq!(databases(&name).await.len(), 0);
    assert_eq!(ask(&shop.url(), "select count(*) from places").await, "100");
}

#[tokio::test]
async fn a_copy_that_is_dropped_is_gone_too() {
    let shop = database("create table places (id bigint)").await;
    let clone = copy(&shop, QUIET).await.unwrap();
    let name = clone.name();
    drop(clone);
    assert_eq!(databases(&name).await.len(), 0);
}

#[tokio::test]
async fn who_uses_the_database_is_left_alone_unless_somebody_says_otherwise() {
    let shop = database("create table places (id bigint)").await;
    let user = connect(&shop.url()).await.unwrap();
    user.batch_execute("set application_name = 'the till'").await.unwrap();
    let refused = copy(&shop, QUIET).await.unwrap_err();
    assert!(matches!(refused, CopyError::InUse { .. }), "{refused}");
    assert!(refused.to_string().contains("1 × the till of "), "{refused}");
    user.batch_execute("select 1").await.unwrap();

    let clone = copy(&shop, Method::Clone { may_disconnect: true }).await.unwrap();
    assert_eq!(ask(clone.url(), "select count(*) from places").await, "0");
    user.batch_execute("select 1").await.unwrap_err();
    // Nobody is shut out any more.
    assert_eq!(ask(&shop.url(), "select count(*) from places").await, "0");
}

#[tokio::test]
async fn the_scheduler_of_timescaledb_is_in_nobodys_way() {
    for engine in engines().await.unwrap().into_iter().filter(|it| *it != Engine::Native) {
        let server = server_for(engine).await.unwrap();
        let shop = server.empty().await.unwrap();
        super::bench::fill(
            &shop,
            "create extension timescaledb;
            create table sales (at timestamptz not null, amount int);
            select create_hypertable('sales', 'at');
            insert into sales select timestamptz '2026-01-01' + each * interval '1 hour', each
            from generate_series(1, 500) as each",
        )
        .await;
        let clone = copy(&shop, QUIET).await.unwrap();
        assert_eq!(ask(clone.url(), "select count(*) from sales").await, "500", "{engine}");
        let scheduled = "select count(*) from timescaledb_information.jobs where scheduled";
        assert_eq!(ask(clone.url(), scheduled).await, "0", "{engine}");
    }
}
