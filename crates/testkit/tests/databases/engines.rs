//! Each engine the run's server can run does what it should.

use std::path::Path;

use shelfops_embedded_postgres::{Config, Installation, Server};
use shelfops_testkit::{Engine, TestDatabase, connect, engines, server, server_for};

use crate::fixture::{Filled, fresh_fingerprint, number};
use crate::other_process::OtherProcess;

const HYPERTABLE: &str = "create extension timescaledb;
    create table sales (sold_at timestamptz not null, store_id int not null, quantity int not null);
    select create_hypertable('sales', 'sold_at');
    insert into sales select '2026-01-01'::timestamptz + n * interval '1 hour', n % 5, 1
    from generate_series(1, 1000) n;";

/// Fills a template with a hypertable of a thousand rows.
pub(crate) async fn hypertable(url: String) -> Filled {
    connect(&url).await?.batch_execute(HYPERTABLE).await?;
    Ok(())
}

async fn copy_for(engine: Engine) -> Option<TestDatabase> {
    if !engines().await.unwrap().contains(&engine) {
        return None;
    }
    let server = server_for(engine).await.unwrap();
    Some(server.from_template("sales", "1", hypertable).await.unwrap())
}

#[tokio::test]
async fn the_native_engine_is_always_there() {
    let found = engines().await.unwrap();
    assert_eq!(found[0], Engine::Native);
    assert!(std::ptr::eq(server_for(Engine::Native).await.unwrap(), server().await.unwrap()));
    for engine in [Engine::TimescaleApache, Engine::Timescale] {
        assert_eq!(server_for(engine).await.is_ok(), found.contains(&engine), "{engine}");
    }
}

#[tokio::test]
async fn the_community_engine_compresses_and_aggregates() {
    let Some(copy) = copy_for(Engine::Timescale).await else { return };
    let client = copy.connect().await.unwrap();
    client.batch_execute("alter table sales set (timescaledb.compress)").await.unwrap();
    client.batch_execute("select compress_chunk(c) from show_chunks('sales') c").await.unwrap();
    let aggregate = "create materialized view daily_sales with (timescaledb.continuous) as
                     select time_bucket('1 day', sold_at) as day, sum(quantity) as quantity
                     from sales group by 1 with no data";
    client.batch_execute(aggregate).await.unwrap();
    assert_eq!(number(&client, "select count(*) from sales").await, 1000);

    // Without background workers a policy runs when a test says so.
    let policy = "select add_retention_policy('sales', interval '1 day')::bigint";
    let job = number(&client, policy).await;
    client.batch_execute(&format!("call run_job({job})")).await.unwrap();
    assert_eq!(number(&client, "select count(*) from sales").await, 0);
}

#[tokio::test]
async fn the_apache_engine_has_hypertables_and_no_compression() {
    let Some(copy) = copy_for(Engine::TimescaleApache).await else { return };
    let client = copy.connect().await.unwrap();
    assert!(number(&client, "select count(*) from show_chunks('sales')").await > 1);
    let license = client.query_one("show timescaledb.license", &[]).await.unwrap();
    assert_eq!(license.get::<_, String>(0), "apache");
    let compress = client.batch_execute("alter table sales set (timescaledb.compress)").await;
    let refusal = compress.unwrap_err().as_db_error().unwrap().message().to_owned();
    assert!(refusal.contains("license"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_with_timescaledb_is_copied_quickly_and_often() {
    if !engines().await.unwrap().contains(&Engine::Timescale) {
        return;
    }
    let fingerprint = fresh_fingerprint();
    let server = server().await.unwrap();
    let first = server.from_template("copied", &fingerprint, hypertable).await.unwrap();
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let fingerprint = fingerprint.clone();
            tokio::spawn(async move {
                server.from_template("copied", &fingerprint, hypertable).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        let copy = task.await.unwrap();
        let client = copy.connect().await.unwrap();
        assert_eq!(number(&client, "select count(*) from sales").await, 1000);
    }
    drop(first);
}

#[tokio::test]
async fn a_scheduler_that_enters_every_database_does_not_keep_templates_from_being_copied() {
    if !engines().await.unwrap().contains(&Engine::Timescale) {
        return;
    }
    // Somebody's own server, on which TimescaleDB's background workers run.
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scheduled-postgres");
    let config = Config::new(directory).preload("timescaledb").setting("fsync", "off");
    let own = Server::start(Installation::find().unwrap(), config).unwrap();

    let url = own.connection_url("postgres");
    let user = OtherProcess::spawn(
        "use copies of a hypertable",
        "",
        &[("TEST_DATABASE_URL", url.as_str())],
    );

    assert_eq!(user.said(), "3 copies");
    drop(user);
    own.stop_if_last().unwrap();
}
