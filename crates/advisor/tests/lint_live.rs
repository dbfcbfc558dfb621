//! What a live database adds: types, sizes, indexes; and whether our word on free changes of type is so.

use shelfops_advisor::lint::data_type::{DataType, TypeChange};
use shelfops_advisor::lint::{Input, Profile, Report, SchemaState, Severity, ask, lint};
use shelfops_testkit::TestDatabase;

fn judge(text: &str, state: SchemaState) -> Report {
    let judged = vec![("1_x.sql".to_owned(), text.to_owned())];
    lint(Input { judged, ..Input::default() }, state, &Profile::default())
}

fn loud(report: &Report) -> Vec<(&'static str, Severity)> {
    report
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Note)
        .map(|finding| (finding.rule, finding.severity))
        .collect()
}

async fn database(schema: &str) -> (TestDatabase, SchemaState) {
    let database = TestDatabase::empty().await.unwrap();
    database.connect().await.unwrap().batch_execute(schema).await.unwrap();
    let state = ask(&database.url()).await.unwrap();
    (database, state)
}

#[tokio::test]
async fn the_old_type_of_a_column_decides() {
    let (_database, state) =
        database("create table places (id bigint primary key, name varchar(50), code text)").await;
    let widened = judge("alter table places alter column name type varchar(80);", state.clone());
    assert_eq!(widened.findings.iter().filter(|it| it.rule == "type-change-rewrite").count(), 0);
    let narrowed = judge("alter table places alter column code type varchar(80);", state);
    // The table is empty, so nobody would notice.
    assert_eq!(loud(&narrowed), []);
    let finding = narrowed.findings.iter().find(|it| it.rule == "type-change-rewrite").unwrap();
    assert!(finding.evidence.as_deref().unwrap().contains("small"), "{finding:?}");
}

#[tokio::test]
async fn a_large_table_is_an_error_and_a_small_one_a_note() {
    let (_database, state) = database(
        "create table large (id bigint primary key, note text);
        insert into large select each, 'x' || each from generate_series(1, 30000) as each;
        create table small (id bigint primary key, note text);
        insert into small values (1, 'x');
        analyze large, small;",
    )
    .await;
    let large = judge("create index large_note on large (note);", state.clone());
    assert_eq!(loud(&large), [("index-without-concurrently", Severity::Error)]);
    assert!(large.findings[0].evidence.as_deref().unwrap().contains("30000 rows"));
    let small = judge("create index small_note on small (note);", state);
    assert_eq!(loud(&small), []);
    assert_eq!(small.findings[0].severity, Severity::Note);
}

#[tokio::test]
async fn indexes_that_are_there_make_new_ones_needless() {
    let (_database, state) = database(
        "create table orders (id bigint primary key, store_id bigint, placed_at timestamptz);
        create index orders_store_placed on orders (store_id, placed_at desc);",
    )
    .await;
    let report =
        judge("create index concurrently orders_store on orders (store_id);", state.clone());
    assert_eq!(loud(&report), [("redundant-index", Severity::Warning)]);
    let same = "create index concurrently again on orders (store_id, placed_at desc);";
    assert_eq!(loud(&judge(same, state.clone())), [("redundant-index", Severity::Warning)]);
    let other = "create index concurrently other on orders (store_id, placed_at);";
    assert_eq!(loud(&judge(other, state)), []);
}

#[tokio::test]
async fn few_distinct_values_are_known_from_the_statistics() {
    let (_database, state) = database(
        "create table orders (id bigint primary key, state text, number text);
        insert into orders select each, 'state ' || each % 3, 'n' || each
        from generate_series(1, 30000) as each;
        analyze orders;",
    )
    .await;
    let few = judge("create index concurrently orders_state on orders (state);", state.clone());
    assert_eq!(loud(&few), [("index-on-low-cardinality", Severity::Warning)]);
    let many = judge("create index concurrently orders_number on orders (number);", state);
    assert_eq!(loud(&many), []);
}

#[tokio::test]
async fn a_check_that_is_there_proves_that_there_are_no_nulls() {
    let (_database, state) = database(
        "create table orders (id bigint primary key, note text, other text,
            constraint note_set check (note is not null));
        insert into orders select each, 'x', 'y' from generate_series(1, 30000) as each;
        alter table orders add constraint other_set check (other is not null) not valid;
        analyze orders;",
    )
    .await;
    let proven = judge("alter table orders alter column note set not null;", state.clone());
    assert_eq!(loud(&proven), []);
    let unproven = judge("alter table orders alter column other set not null;", state);
    assert_eq!(loud(&unproven), [("set-not-null-unchecked", Severity::Error)]);
}

#[tokio::test]
async fn partitions_policies_and_keys_are_read() {
    let (_database, state) = database(
        "create table stores (tenant_id uuid, id bigint, primary key (tenant_id, id));
        alter table stores enable row level security, force row level security;
        create policy isolation on stores using (tenant_id = current_setting('app.t')::uuid);
        create table events (tenant_id uuid, at timestamptz, primary key (tenant_id, at))
            partition by range (at);
        create table events_may partition of events for values from ('2026-05-01') to ('2026-06-01');
        alter table events enable row level security;",
    )
    .await;
    let rules = |text: &str| {
        let report = judge(text, state.clone());
        report.findings.iter().map(|it| it.rule).collect::<Vec<_>>()
    };
    assert!(
        rules("create table reviews (id bigint primary key);").contains(&"tenant-column-missing")
    );
    assert!(rules("grant select on events_may to someone;").contains(&"grant-on-partition"));
    assert!(rules("drop policy isolation on stores;").contains(&"isolation-removed"));
    let unique = "create unique index concurrently e on events (tenant_id);";
    assert!(rules(unique).contains(&"unique-without-partition-column"));
    assert!(rules(unique).contains(&"concurrently-in-transaction"));
}

#[tokio::test]
async fn a_database_that_is_not_there_is_said_to_be() {
    let error = ask("host=127.0.0.1 port=1 user=nobody dbname=nothing").await.unwrap_err();
    assert_eq!(error.to_string(), "the database cannot be reached");
}

/// Types, and those they are changed to.
const TYPES: &[&str] = &[
    "varchar(50)",
    "varchar(80)",
    "varchar",
    "text",
    "char(10)",
    "char(20)",
    "numeric(10,2)",
    "numeric(12,2)",
    "numeric(12,4)",
    "numeric",
    "integer",
    "bigint",
    "smallint",
    "real",
    "double precision",
    "timestamp",
    "timestamp(3)",
    "timestamptz",
    "timestamptz(3)",
    "date",
    "varbit(5)",
    "varbit(9)",
    "varbit",
    "inet",
    "cidr",
    "json",
    "jsonb",
    "boolean",
    "uuid",
    "varchar(50)[]",
    "varchar(80)[]",
    "varchar[]",
    "text[]",
    "interval",
    "xml",
    "citext",
];

#[tokio::test]
async fn the_server_writes_a_table_anew_where_we_say_so_and_nowhere_else() {
    let database = TestDatabase::empty().await.unwrap();
    let client = database.connect().await.unwrap();
    client.batch_execute("set timezone = 'Europe/Berlin'").await.unwrap();
    let has_citext = client.batch_execute("create extension citext").await.is_ok();
    let mut compared = 0;
    let mut wrong = Vec::new();
    for from in TYPES.iter().filter(|name| has_citext || **name != "citext") {
        for to in TYPES.iter().filter(|name| has_citext || **name != "citext") {
            let made = format!(
                "drop table if exists tried; create table tried (value {from});
                insert into tried values (null)"
            );
            client.batch_execute(&made).await.unwrap();
            let before = filenode(&client).await;
            let change = format!("alter table tried alter column value type {to}");
            // Casts that need a `using` are refused, and say nothing of rewriting.
            if client.batch_execute(&change).await.is_err() {
                continue;
            }
            let is_rewritten = filenode(&client).await != before;
            let ours = DataType::parse(from).change_to(&DataType::parse(to));
            let says_rewrite = ours != TypeChange::Free;
            if says_rewrite != is_rewritten {
                wrong.push(format!("{from} to {to}: we say {ours:?}"));
            }
            compared += 1;
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert!(compared > 150, "{compared} changes were compared");
}

async fn filenode(client: &tokio_postgres::Client) -> u32 {
    let statement = "select pg_relation_filenode('tried')";
    client.query_one(statement, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn views_that_show_guarded_rows_are_known() {
    let (_database, state) = database(
        "create table stores (tenant_id uuid not null, id bigint, primary key (tenant_id, id));
        create table towns (id bigint primary key);
        alter table stores enable row level security, force row level security;
        create policy isolation on stores using (tenant_id = current_setting('app.t')::uuid);
        create view own_stores with (security_invoker = on) as select tenant_id, id from stores;
        create materialized view stored as select tenant_id, id from stores;
        create materialized view stored_towns as select id from towns;",
    )
    .await;
    let rules = |text: &str| {
        loud(&judge(text, state.clone())).into_iter().map(|(rule, _)| rule).collect::<Vec<_>>()
    };
    assert_eq!(rules("grant select on stored to app;"), ["grant-on-materialized-view"]);
    assert_eq!(rules("grant select on stored_towns to app;"), [""; 0]);
    let view = "create view numbers as select id from own_stores;";
    assert_eq!(rules(view), ["view-bypasses-policies"]);
    assert_eq!(rules("create view towns_by_number as select id from towns;"), [""; 0]);
}

#[tokio::test]
async fn a_check_at_a_new_column_makes_the_server_read_the_table() {
    let database = TestDatabase::empty().await.unwrap();
    let client = database.connect().await.unwrap();
    client
        .batch_execute("create table tried (id int); insert into tried values (1)")
        .await
        .unwrap();
    // A check that cannot hold fails where rows are read, and not where they are taken on trust.
    let column = "alter table tried add column more int default 0 check (more > 0)";
    assert!(client.batch_execute(column).await.is_err());
    let apart = "alter table tried add column more int default 0, add check (more > 0) not valid";
    client.batch_execute(apart).await.unwrap();
}

#[tokio::test]
async fn indexes_that_a_free_change_of_type_builds_anew_are_those_that_are_named() {
    let schema =
        "create table places (id bigint primary key, code varchar(50), plain text collate \"C\");
        insert into places select each, each, each from generate_series(1, 50) as each;
        create index by_code on places (code);
        create index by_code_plain on places (code collate \"C\");
        create index by_code_down on places (code varchar_pattern_ops desc);
        create index by_length on places (length(code));
        create index some_by_code on places (code collate \"C\") where id > 3;
        create index where_code on places (id) where code > '3';
        create index with_code on places (id) include (code);
        create index some_with_code on places (id) include (code) where id > 3;
        create index by_plain on places (plain);";
    let files =
        "select array_agg(format('%s %s', relname, pg_relation_filenode(oid)) order by relname)
        from pg_class where relkind = 'i' and relname ~ '_'";
    for change in [
        "code type varchar(80)",
        "code type text",
        "code type varchar(50)",
        "code type varchar(50) collate \"C\"",
        "code type text collate \"default\"",
        "plain type text",
        "plain type text collate \"C\"",
    ] {
        let sql = format!("alter table places alter column {change}");
        let (database, state) = database(schema).await;
        let client = database.connect().await.unwrap();
        let before: Vec<String> = client.query_one(files, &[]).await.unwrap().get(0);
        client.batch_execute(&sql).await.unwrap();
        let after: Vec<String> = client.query_one(files, &[]).await.unwrap().get(0);
        let is_other = |(old, new): &(&String, &String)| old != new;
        let built: Vec<&str> = before
            .iter()
            .zip(&after)
            .filter(is_other)
            .filter_map(|(old, _)| old.split(' ').next())
            .collect();
        let report = judge(&sql, state);
        let mut told: Vec<&str> = report
            .findings
            .iter()
            .filter(|finding| finding.rule == "type-change-rewrite")
            .filter_map(|finding| finding.message.split_once("built anew: "))
            .flat_map(|(_, names)| names.split(", "))
            .map(|name| name.trim_matches('`'))
            .collect();
        told.sort_unstable();
        assert_eq!(told, built, "{change}");
    }
}
