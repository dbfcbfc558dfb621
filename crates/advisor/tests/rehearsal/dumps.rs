//! Copies by dump and restore.

use std::process::Command;

use shelfops_advisor::rehearsal::CopyError;
use shelfops_advisor::rehearsal::copy::Method;
use shelfops_testkit::{Engine, connect, engines, program_directory, server_for};

use super::bench::{ask, copy, database};

const SCHEMA: &str = "
    create table places (id bigint generated always as identity primary key, name text not null);
    create table visits (place_id bigint references places, at timestamptz);
    insert into places (name) select 'place ' || each from generate_series(1, 200) as each;
    insert into visits select id, now() from places;
    create materialized view totals as select place_id, count(*) as n from visits group by 1;";

#[tokio::test]
async fn a_dump_is_restored_while_others_work() {
    let shop = database(SCHEMA).await;
    let user = connect(&shop.url()).await.unwrap();
    let restored = copy(&shop, Method::Dump).await.unwrap();
    assert_eq!(ask(restored.url(), "select count(*) from places").await, "200");
    assert_eq!(ask(restored.url(), "select count(*) from totals").await, "200");
    let analysed = "select reltuples::int from pg_class where relname = 'visits'";
    assert_eq!(ask(restored.url(), analysed).await, "200");
    let next = "insert into places (name) values ('x') returning id";
    assert_eq!(ask(restored.url(), next).await, "201");
    user.batch_execute("select 1").await.unwrap();
}

#[tokio::test]
async fn dumps_in_files_are_known_by_their_content() {
    let shop = database(SCHEMA).await;
    let directory = tempfile::tempdir().unwrap();
    for (format, name) in [("custom", "a"), ("plain", "b"), ("tar", "c"), ("directory", "d")] {
        let path = directory.path().join(name);
        let status = Command::new(program_directory().await.unwrap().join("pg_dump"))
            .arg(format!("--format={format}"))
            .arg("--file")
            .arg(&path)
            .arg("--dbname")
            .arg(shop.url())
            .status()
            .unwrap();
        assert!(status.success());
        let restored = copy(&shop, Method::File(path)).await.unwrap();
        assert_eq!(ask(restored.url(), "select count(*) from visits").await, "200", "{format}");
    }
    let missing = copy(&shop, Method::File(directory.path().join("none"))).await.unwrap_err();
    assert!(matches!(missing, CopyError::Dump { .. }), "{missing}");
    let wrong = directory.path().join("wrong.sql");
    std::fs::write(&wrong, "create table places (id unknown_type);").unwrap();
    let wrong = copy(&shop, Method::File(wrong)).await.unwrap_err();
    assert!(wrong.to_string().contains("unknown_type"), "{wrong}");
}

#[tokio::test]
async fn hypertables_come_back_as_hypertables() {
    for engine in engines().await.unwrap().into_iter().filter(|it| *it != Engine::Native) {
        let server = server_for(engine).await.unwrap();
        let shop = server.empty().await.unwrap();
        super::bench::fill(&shop, super::samples::HYPERTABLE).await;
        let restored = copy(&shop, Method::Dump).await.unwrap();
        assert_eq!(ask(restored.url(), "select count(*) from sales").await, "4000", "{engine}");
        let chunks = "select count(*) > 3 from show_chunks('sales')";
        assert_eq!(ask(restored.url(), chunks).await, "t", "{engine}");
        let more = "insert into sales values ('2027-01-01', 1, 1) returning amount";
        assert_eq!(ask(restored.url(), more).await, "1", "{engine}");
    }
}
