//! Everything that is not a table of tenants: partitions, chunks, the product's own tables, catalogs.

use super::attacker::{Attacker, Way};
use super::catalog::hidden_relations;
use super::retailers::{ALFA, BRAVO, on_every_engine};
use crate::fixture::Fixture;

/// What the application role may read of the product's own tables: how time series are kept.
const OPEN: [&str; 2] = ["shelfops.timeseries_engine_choice", "shelfops.timeseries_tables"];

async fn attackers(fixture: &Fixture, role: &'static str) -> [Attacker; 2] {
    [
        Attacker::new(fixture, Way::SteppedDown, role).await,
        Attacker::new(fixture, Way::LoggedIn, role).await,
    ]
}

#[tokio::test]
async fn partitions_chunks_and_the_products_own_tables_cannot_be_named() {
    on_every_engine(async |fixture| {
        for role in ["shelfops_app", "shelfops_readonly"] {
            for attacker in attackers(fixture, role).await {
                attacker.enter(ALFA).await;
                let hidden = hidden_relations(attacker.witness()).await;
                assert!(hidden.len() > 8, "{hidden:?}");
                for (schema, name) in hidden {
                    let name = format!("{schema}.{name}");
                    name_directly(&attacker, &name).await;
                    copy_into(fixture, &attacker, &name).await;
                }
                attacker.rollback().await;
            }
        }
    })
    .await;
}

async fn name_directly(attacker: &Attacker, name: &str) {
    let reads = [
        format!("select * from {name}"),
        format!("select 1 from {name} limit 1"),
        format!("select count(*) from {name}"),
        format!("select ctid from {name}"),
        format!("table {name}"),
        format!("copy (select * from {name}) to stdout"),
        format!("grant select on {name} to public; select 1 from {name}"),
        format!("select query_to_xml('select * from {name}', true, false, '')"),
        format!("select table_to_xml('{name}', true, false, '')"),
    ];
    let writes = [
        format!("insert into {name} default values"),
        format!("insert into {name} select * from {name}"),
        format!("update {name} set ctid = ctid"),
        format!("delete from {name}"),
        format!("delete from {name} where false"),
        format!("truncate {name}"),
        format!("lock table {name} in share mode"),
        format!("select * from {name} for update"),
        format!("alter table {name} owner to shelfops_app"),
        format!("alter table {name} disable row level security"),
        format!("drop table {name}"),
        format!("create temporary table heir () inherits ({name})"),
        format!("comment on table {name} is 'mine'"),
    ];
    let is_open = OPEN.contains(&name);
    for sql in reads.iter().filter(|_| !is_open).chain(&writes) {
        // A permission that is missing, whatever else is wrong with the statement.
        let outcome = match sql.starts_with("copy") {
            true => attacker.attempt_copy_out(sql).await,
            false => attacker.attempt(sql).await,
        };
        let refusal = outcome.expect_err(sql);
        // Some are not even looked at: an assignment to a system column, a write where only reads
        // are allowed, a view that has no ctid or takes no rows, much about what TimescaleDB compresses into.
        // TimescaleDB's own refusal comes first for what it keeps behind other tables.
        let is_inner = name.starts_with("_timescaledb_internal.");
        let is_nonsense = (sql.starts_with("update") || is_inner) && refusal.code.code() == "0A000"
            || ["25006", "42703", "42809", "55000"].contains(&refusal.code.code())
            || name.contains("_compressed_hypertable_");
        assert!(refusal.is_refusal() || is_nonsense, "{sql}: {refusal}");
    }
}

/// COPY is what partitions were written by past the policies of their tables. It begins before a row is
/// looked at, so none is needed.
async fn copy_into(fixture: &Fixture, attacker: &Attacker, name: &str) {
    let copy = format!("copy {name} from stdin");
    let outcome = Attacker::attempt_copy_in(fixture, attacker.way(), &copy, "").await;
    let refusal = outcome.expect_err(&copy);
    // Views take no rows by COPY, and TimescaleDB refuses what it keeps behind other tables.
    let is_impossible = ["42809", "0A000", "55000"].contains(&refusal.code.code());
    assert!(refusal.is_refusal() || is_impossible, "{copy}: {refusal}");
}

#[tokio::test]
async fn numbers_of_partitions_and_chunks_open_no_other_door() {
    on_every_engine(async |fixture| {
        for attacker in attackers(fixture, "shelfops_app").await {
            attacker.enter(ALFA).await;
            let numbers = "select pg_class.oid::text from pg_class
                           join pg_namespace on pg_namespace.oid = relnamespace
                           where relkind in ('r', 'p')
                               and (nspname in ('timeseries', 'shelfops')
                                   or nspname = '_timescaledb_internal'
                                       and relname ~ '^(_hyper_|_materialized_|_compressed_|compress_)'
                                   or relispartition)
                               and relname not in ('timeseries_tables', 'timeseries_engine_choice')";
            let rows = attacker.witness().query(numbers, &[]).await.unwrap();
            assert!(rows.len() > 8, "{} tables", rows.len());
            for number in rows.iter().map(|row| row.get::<_, String>(0)) {
                for sql in [
                    format!("select table_to_xml({number}::regclass, true, false, '')"),
                    format!("select table_to_xml_and_xmlschema({number}::regclass, true, false, '')"),
                    format!("select currtid2({number}::regclass::text, '(0,1)')"),
                ] {
                    // Not every refusal is one of permission: some cannot even be planned.
                    attacker.attempt(&sql).await.expect_err(&sql);
                }
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_that_can_be_read_tells_of_another_tenant() {
    on_every_engine(async |fixture| {
        for role in ["shelfops_app", "shelfops_readonly"] {
            let attacker = Attacker::new(fixture, Way::LoggedIn, role).await;
            {
                attacker.enter(ALFA).await;
                let every = "select format('%I.%I', nspname, relname)
                             from pg_class join pg_namespace on pg_namespace.oid = relnamespace
                             where relkind in ('r', 'p', 'v', 'm', 'f', 't', 'S')
                             order by 1";
                let rows = attacker.witness().query(every, &[]).await.unwrap();
                let mut readable = 0;
                for name in rows.iter().map(|row| row.get::<_, String>(0)) {
                    let sql = format!("select found::text from {name} as found");
                    let Ok(outcome) = attacker.attempt(&sql).await else { continue };
                    assert_eq!(BRAVO.trace_in(&outcome.text), None, "{sql} as {role}");
                    readable += 1;
                }
                assert!(readable > 150, "{readable}");
                attacker.rollback().await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn statistics_of_tenants_tables_are_closed() {
    on_every_engine(async |fixture| {
        for role in ["shelfops_app", "shelfops_readonly"] {
            let attacker = Attacker::new(fixture, Way::LoggedIn, role).await;
            attacker.enter(ALFA).await;
            for sql in [
                "select * from pg_stats where schemaname in ('public', 'timeseries')
                     or schemaname like '%timescaledb_internal'",
                "select * from pg_stats_ext where schemaname in ('public', 'timeseries')",
                "select * from pg_stats_ext_exprs where schemaname in ('public', 'timeseries')",
            ] {
                assert_eq!(attacker.attempt(sql).await.unwrap().rows, 0, "{sql} as {role}");
            }
            for sql in ["select * from pg_statistic", "select * from pg_statistic_ext_data"] {
                assert!(attacker.attempt(sql).await.unwrap_err().is_refusal(), "{sql} as {role}");
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn sequences_belong_to_others() {
    on_every_engine(async |fixture| {
        let attacker = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
        attacker.enter(ALFA).await;
        let every = "select oid::regclass::text from pg_class where relkind = 'S'";
        let sequences = attacker.witness().query(every, &[]).await.unwrap();
        assert!(sequences.len() > 2, "{} sequences", sequences.len());
        for row in sequences {
            let name: String = row.get(0);
            for sql in [
                format!("select nextval('{name}')"),
                format!("select setval('{name}', 1000000)"),
                format!("alter sequence {name} restart"),
            ] {
                let refusal = attacker.attempt(&sql).await.unwrap_err();
                assert!(refusal.is_refusal(), "{sql}: {refusal}");
            }
        }
        attacker.rollback().await;
    })
    .await;
}
