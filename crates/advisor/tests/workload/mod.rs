//! What a real server counts, and says in its log.

use shelfops_advisor::workload::{
    Missing, Reading, Statistics, has_placeholders, normalised, read_statistics,
};
use shelfops_testkit::TestDatabase;
use tokio_postgres::Client;

/// Whether the server counts statements; a server of somebody's own may not.
async fn counts(client: &Client) -> bool {
    let loaded = "select current_setting('pg_stat_statements.max', true) is not null";
    client.query_one(loaded, &[]).await.unwrap().get(0)
}

async fn statistics(client: &Client) -> Statistics {
    match read_statistics(client).await.unwrap() {
        Reading::Ready(statistics) => statistics,
        Reading::Missing(missing) => panic!("{}", missing.what()),
    }
}

#[tokio::test]
async fn what_keeps_statistics_from_being_read_is_said_and_how_to_mend_it() {
    let database = TestDatabase::empty().await.unwrap();
    let client = database.connect().await.unwrap();
    let Reading::Missing(missing) = read_statistics(&client).await.unwrap() else {
        panic!("a new database has no extensions")
    };
    if !counts(&client).await {
        assert!(matches!(missing, Missing::NotLoaded | Missing::NotInstalled));
        return;
    }
    assert_eq!(missing, Missing::NotCreated);
    let (_, create) = missing.remedy().split_once(": ").unwrap();
    client.batch_execute(create).await.unwrap();
    assert!(matches!(read_statistics(&client).await.unwrap(), Reading::Ready(_)));

    client
        .batch_execute("grant usage on schema public to public; set role pg_read_all_data")
        .await
        .unwrap();
    let Reading::Missing(missing) = read_statistics(&client).await.unwrap() else {
        panic!("who may not see others' statements must be told so")
    };
    assert_eq!(missing, Missing::NotPermitted);
}

#[tokio::test]
async fn statements_are_counted_once_whatever_their_values_and_in_any_schema() {
    let database = TestDatabase::empty().await.unwrap();
    let client = database.connect().await.unwrap();
    if !counts(&client).await {
        return;
    }
    client
        .batch_execute(
            "create schema \"Odd Place\"; create extension pg_stat_statements schema \"Odd Place\";
             create table counted_here as select generate_series(1, 1000) as number",
        )
        .await
        .unwrap();
    for number in 1..=4 {
        let sql = format!("select count(*) from counted_here where number < {number}");
        client.query_one(&sql, &[]).await.unwrap();
    }
    let statistics = statistics(&client).await;
    let mut found = statistics.statements.iter().filter(|it| it.text.contains("where number <"));
    let counted = found.next().unwrap();
    assert!(found.next().is_none());
    assert_eq!((counted.calls, counted.rows), (4, 4));
    assert_eq!(counted.text, "select count(*) from counted_here where number < $1");
    assert!(counted.total_ms > 0.0 && counted.max_ms <= counted.total_ms);
    assert!(counted.hit_pages + counted.read_pages > 0);
    assert!(statistics.counted_seconds.is_some());
}

#[tokio::test]
async fn statements_are_such_as_the_server_understands_whatever_their_values_were() {
    let database = TestDatabase::empty().await.unwrap();
    let client = database.connect().await.unwrap();
    if !counts(&client).await {
        return;
    }
    client.batch_execute("create extension pg_stat_statements").await.unwrap();
    let sql = "select date '2026-01-01' + interval '1 day', timestamp with time zone '2026-01-01' as dated_here";
    client.query_one(sql, &[]).await.unwrap();
    let statistics = statistics(&client).await;
    let counted = statistics.statements.iter().find(|it| it.text.contains("dated_here")).unwrap();
    client.prepare(&counted.text).await.unwrap_or_else(|error| panic!("{}: {error}", counted.text));
}

#[tokio::test]
async fn a_logs_placeholders_are_told_from_operators() {
    let database = TestDatabase::empty().await.unwrap();
    let client = database.connect().await.unwrap();
    client.batch_execute("create table kept (doc jsonb, word text, number integer)").await.unwrap();
    for operators in [
        "select * from kept where doc ? word",
        "select * from kept where doc ?| array[word] and number = $1",
        "select '?' as \"?\" from kept",
    ] {
        assert!(!has_placeholders(&client, operators).await.unwrap(), "{operators}");
    }
    for logged in [
        "select * from kept where number = 3",
        "select * from kept where doc ? 'word' and number in (1, 2) limit 10",
        "select number + 1 from kept where number between 1 and 2 order by number",
        "select interval '1 day', -1 from kept where word like 'a%' or doc->>'x' = 'y'",
    ] {
        let kept = normalised(logged);
        assert!(has_placeholders(&client, &kept).await.unwrap(), "{kept}");
        assert!(!has_placeholders(&client, logged).await.unwrap(), "{logged}");
    }
}
