//! Every table and view of tenants, attacked by another tenant with every kind of statement.

use shelfops_db::Engine;
use tokio_postgres::Client;

use super::attacker::{Attacker, Refusal, Way};
use super::catalog::{TenantRelation, keys, tenant_relations};
use super::retailers::{ALFA, BRAVO, on_every_engine};
use crate::fixture::Fixture;

pub(super) async fn attackers(fixture: &Fixture) -> [Attacker; 2] {
    [
        Attacker::new(fixture, Way::SteppedDown, "shelfops_app").await,
        Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await,
    ]
}

async fn count_of(client: &Client, relation: &TenantRelation, customer_id: &str) -> u64 {
    let sql =
        format!("select count(*) from {} where customer_id = '{customer_id}'", relation.storage);
    u64::try_from(client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0)).unwrap()
}

/// Returns a row of the attacker's as it would have to look to be the victim's.
async fn forged_row(client: &Client, relation: &TenantRelation) -> String {
    let sql = format!(
        "select to_jsonb(own)::text from {} as own where customer_id = '{}' limit 1",
        relation.storage, ALFA.customer_id
    );
    let own: String = client.query_one(&sql, &[]).await.unwrap().get(0);
    own.replace(ALFA.known, BRAVO.known)
}

#[tokio::test]
async fn reading_brings_the_readers_own_rows_only() {
    on_every_engine(async |fixture| {
        for attacker in attackers(fixture).await {
            attacker.enter(ALFA).await;
            for relation in tenant_relations(attacker.witness()).await {
                read(&attacker, &relation).await;
            }
            attacker.rollback().await;
        }
    })
    .await;
}

async fn read(attacker: &Attacker, relation: &TenantRelation) {
    let TenantRelation { name, .. } = relation;
    let own = count_of(attacker.witness(), relation, ALFA.customer_id).await;
    let all_columns = relation.columns.join(", ");
    for sql in [
        format!("select * from {name}"),
        format!("select found from {name} as found"),
        format!("select {all_columns} from {name}"),
        format!("table {name}"),
        format!("with found as materialized (select * from {name}) select * from found"),
        format!("select * from only {name}"),
        format!("select row_to_json(found) from {name} as found"),
        format!("select * from (select * from {name} offset 0) as found"),
    ] {
        let outcome = attacker.attempt(&sql).await.unwrap();
        assert_eq!(BRAVO.trace_in(&outcome.text), None, "{sql}");
        // ONLY leaves out partitions, where all rows of native time series are.
        if !sql.contains(" only ") {
            assert_eq!(outcome.rows, own, "{sql}");
        }
    }
    for sql in [
        format!("select * from {name} where customer_id = '{}'", BRAVO.customer_id),
        format!("select * from {name} where customer_id <> '{}'", ALFA.customer_id),
        format!("select * from {name} where customer_id::text like 'b0b0%'"),
        format!(
            "select * from {name} where (customer_id = '{0}') is not false and customer_id = '{0}'",
            BRAVO.customer_id
        ),
    ] {
        assert_eq!(attacker.attempt(&sql).await.unwrap().rows, 0, "{sql}");
    }
    for (sql, expected) in [
        (format!("select count(*) from {name}"), own.to_string()),
        (format!("select count(distinct customer_id) from {name}"), "1".to_owned()),
        (
            format!(
                "select exists (select from {name} where customer_id = '{}')",
                BRAVO.customer_id
            ),
            "f".to_owned(),
        ),
        (
            format!("select coalesce(string_agg(distinct customer_id::text, ''), '') from {name}"),
            ALFA.customer_id.to_owned(),
        ),
    ] {
        assert_eq!(attacker.attempt(&sql).await.unwrap().text.trim(), expected, "{sql}");
    }
    // Not every relation can be read so; what can be tells nothing.
    for sql in [
        format!("select * from {name} tablesample bernoulli (100)"),
        format!(
            "select * from {name} where ctid = any (array(
            select format('(0,%s)', line)::tid from generate_series(1, 80) as line))"
        ),
        format!("select * from {name} for update"),
        format!("select * from {name} for key share"),
        format!("select found.xmin, found.ctid, found.tableoid, found from {name} as found"),
        format!("select * from pg_temp.{}", name.replace("public.", "")),
    ] {
        if let Ok(outcome) = attacker.attempt(&sql).await {
            assert_eq!(BRAVO.trace_in(&outcome.text), None, "{sql}");
            assert!(outcome.rows <= own, "{sql}");
        }
    }
    for sql in [format!("copy {name} to stdout"), format!("copy (select * from {name}) to stdout")]
    {
        if let Ok(outcome) = attacker.attempt_copy_out(&sql).await {
            assert_eq!(BRAVO.trace_in(&outcome.text), None, "{sql}");
            // A partitioned table itself has no rows.
            assert!(outcome.rows == own || outcome.rows == 0, "{sql}");
        }
    }
}

#[tokio::test]
async fn a_row_of_another_tenant_cannot_be_added() {
    on_every_engine(async |fixture| {
        for attacker in attackers(fixture).await {
            attacker.enter(ALFA).await;
            for relation in tenant_relations(attacker.witness()).await {
                add(fixture, &attacker, &relation).await;
            }
            attacker.rollback().await;
        }
    })
    .await;
}

async fn add(fixture: &Fixture, attacker: &Attacker, relation: &TenantRelation) {
    let TenantRelation { name, .. } = relation;
    let forged = forged_row(attacker.witness(), relation).await.replace('\'', "''");
    let rows = format!("select * from jsonb_populate_record(null::{name}, '{forged}')");
    let both = format!("select * from {name} union all {rows}");
    for sql in [
        format!("insert into {name} {rows}"),
        format!("insert into {name} {rows} on conflict do nothing"),
        format!("insert into {name} {rows} returning *"),
        format!("with forged as (insert into {name} {rows} returning *) select * from forged"),
        format!("insert into {name} {both} on conflict do nothing"),
        format!(
            "merge into {name} as known using ({rows}) as forged on false
                 when not matched then insert values (forged.*)"
        ),
    ] {
        let refusal = attacker.attempt(&sql).await.unwrap_err();
        // A view over an aggregate takes no rows at all, and MERGE is not for every kind of table.
        let is_impossible = refusal.code.code() == "55000"
            || sql.starts_with("merge")
                && ["42809", "0A000", "42601"].contains(&refusal.code.code());
        assert!(refusal.is_refusal() || is_impossible, "{sql}: {refusal}");
    }
    let copied =
        format!("copy (select (jsonb_populate_record(null::{name}, '{forged}')).*) to stdout");
    let copied = attacker.witness().copy_out(&copied).await;
    let rows: Vec<bytes::Bytes> =
        futures::TryStreamExt::try_collect(copied.unwrap()).await.unwrap();
    let rows = String::from_utf8(rows.concat()).unwrap();
    let copy = format!("copy {name} from stdin");
    let outcome = Attacker::attempt_copy_in(fixture, attacker.way(), &copy, &rows).await;
    let refusal = outcome.unwrap_err();
    let is_impossible = ["42809", "0A000"].contains(&refusal.code.code());
    assert!(refusal.is_refusal() || is_impossible, "copy {name}: {refusal}");
}

/// Whoever knows the whole key of another's row, by whatever way, learns not even that it is there;
/// but for compressed chunks, where that alone is learnt.
#[tokio::test]
async fn the_key_of_anothers_row_opens_nothing() {
    on_every_engine(async |fixture| {
        for attacker in attackers(fixture).await {
            attacker.enter(ALFA).await;
            let mut tried = 0;
            for relation in tenant_relations(attacker.witness()).await {
                for key in keys(attacker.witness(), &relation).await {
                    tried += 1;
                    let is_compressed = fixture.engine == Engine::Timescale
                        && relation.storage.starts_with("timeseries.");
                    use_key(&attacker, &relation, &key, is_compressed).await;
                }
            }
            assert!(tried > 20, "{tried} keys");
            attacker.rollback().await;
        }
    })
    .await;
}

async fn use_key(attacker: &Attacker, relation: &TenantRelation, key: &str, is_compressed: bool) {
    let TenantRelation { name, .. } = relation;
    let sql = format!(
        "select to_jsonb(theirs)::text from {} as theirs where customer_id = '{}' limit 1",
        relation.storage, BRAVO.customer_id
    );
    let theirs: String = attacker.witness().query_one(&sql, &[]).await.unwrap().get(0);
    let own = ALFA.customer_id;
    let insert = |row: &str, conflict: &str| {
        let row = row.replace('\'', "''");
        format!(
            "insert into {name} as known
             select * from jsonb_populate_record(null::{name}, '{row}') {conflict}"
        )
    };
    for conflict in [
        String::new(),
        "on conflict do nothing".to_owned(),
        format!("on conflict ({key}) do nothing"),
        format!("on conflict ({key}) do update set customer_id = '{own}'"),
        format!("on conflict ({key}) do update set customer_id = '{own}' returning *"),
        format!(
            "on conflict ({key}) do update set customer_id = known.customer_id
                 where known.customer_id::text = '{own}'"
        ),
    ] {
        let sql = insert(&theirs, &conflict);
        // A key that no row has is refused.
        let other = theirs.replace("-000000000", "-000000009").replace("secret", "public");
        let same = attacker.attempt_knowing(&insert(&other, &conflict)).await.expect_err(&sql);
        // Compressed chunks look for the same key before the view's check option is asked, so that a
        // row is there can be told by these two answers (decision 0004), and nothing of what it says.
        let outcome = attacker.attempt_knowing(&sql).await;
        let tells_that_it_is_there = match (&outcome, conflict.as_str()) {
            (Err(refusal), _) => refusal.code.code() == "23505",
            (Ok(outcome), clause) => outcome.rows == 0 && clause.ends_with("do nothing"),
        };
        if is_compressed && tells_that_it_is_there {
            assert!(is_refused(&same), "{sql}: {same}");
            continue;
        }
        let refusal = match outcome {
            Err(refusal) => refusal,
            Ok(outcome) => panic!("{sql}: {outcome:?}"),
        };
        // In the same words.
        assert_eq!(refusal.code, same.code, "{sql}: {refusal}, {same}");
        assert!(is_refused(&refusal), "{sql}: {refusal}");
    }
}

/// Whether it was refused as another tenant's, or is nothing that such a table can do at all.
fn is_refused(refusal: &Refusal) -> bool {
    refusal.is_refusal() || ["55000", "42P10"].contains(&refusal.code.code())
}

#[tokio::test]
async fn rows_can_neither_be_given_to_another_tenant_nor_taken_from_it() {
    on_every_engine(async |fixture| {
        for attacker in attackers(fixture).await {
            attacker.enter(ALFA).await;
            for relation in tenant_relations(attacker.witness()).await {
                give_and_take(&attacker, &relation).await;
            }
            attacker.rollback().await;
        }
    })
    .await;
}

/// TimescaleDB before 2.26 cannot plan an UPDATE or DELETE of a hypertable whose filters contradict
/// each other before a row is looked at (timescale/timescaledb#6790): the guard view's filter and one
/// that names a tenant again do.
fn is_planner_error(refusal: &Refusal) -> bool {
    refusal.to_string().contains("variable not found in subplan target list")
}

async fn give_and_take(attacker: &Attacker, relation: &TenantRelation) {
    let TenantRelation { name, columns, .. } = relation;
    let (own, other) = (ALFA.customer_id, BRAVO.customer_id);
    let column = columns.last().unwrap();
    for sql in [
        format!("update {name} set customer_id = '{other}'"),
        format!(
            "update {name} set customer_id = '{other}' where customer_id = '{own}' returning *"
        ),
        format!(
            "update {name} as own set customer_id = '{other}' from {name} as every
                 where every.customer_id = own.customer_id"
        ),
    ] {
        let refusal = attacker.attempt(&sql).await.unwrap_err();
        // Triggers that keep keys fire before the policy is asked.
        let is_impossible = ["55000", "23503"].contains(&refusal.code.code());
        assert!(
            refusal.is_refusal() || is_impossible || is_planner_error(&refusal),
            "{sql}: {refusal}"
        );
    }
    for sql in [
        format!("update {name} set {column} = {column} where customer_id = '{other}' returning *"),
        format!("update {name} set customer_id = '{own}' where customer_id = '{other}'"),
        format!("update {name} set customer_id = '{own}' where customer_id <> '{own}'"),
        format!("delete from {name} where customer_id = '{other}' returning *"),
        format!(
            "delete from {name} as own using {name} as every
                 where own.customer_id = every.customer_id and every.customer_id = '{other}'"
        ),
        format!(
            "merge into {name} as known using (select '{other}'::uuid as id) as other
                 on known.customer_id = other.id when matched then delete"
        ),
        format!(
            "merge into {name} as known using (select '{other}'::uuid as id) as other
                 on known.customer_id = other.id
                 when matched then update set {column} = known.{column}"
        ),
    ] {
        if let Ok(outcome) = attacker.attempt(&sql).await {
            assert_eq!(outcome.rows, 0, "{sql}");
        }
    }
    // Whatever these do, the other's rows stay as they are: `attempt` looks.
    for sql in [
        format!("delete from {name}"),
        format!("delete from {name} returning *"),
        format!("update {name} set {column} = {column}"),
        format!("update {name} set {column} = {column} returning *"),
    ] {
        if let Ok(outcome) = attacker.attempt(&sql).await {
            assert_eq!(BRAVO.trace_in(&outcome.text), None, "{sql}");
        }
    }
}

#[tokio::test]
async fn tables_of_tenants_belong_to_nobody_but_the_owner() {
    on_every_engine(async |fixture| {
        for attacker in attackers(fixture).await {
            attacker.enter(ALFA).await;
            for relation in tenant_relations(attacker.witness()).await {
                change_definition(&attacker, &relation).await;
            }
            attacker.rollback().await;
        }
    })
    .await;
}

async fn change_definition(attacker: &Attacker, relation: &TenantRelation) {
    let TenantRelation { name, .. } = relation;
    for sql in [
        format!("truncate {name}"),
        format!("truncate {name} cascade"),
        format!("alter table {name} disable row level security"),
        format!("alter table {name} no force row level security"),
        format!("alter table {name} disable trigger all"),
        format!("alter table {name} owner to shelfops_app"),
        format!("alter table {name} add column leak text"),
        format!("drop policy tenant_isolation on {name}"),
        format!("create policy everything on {name} using (true)"),
        format!("create index on {name} (customer_id)"),
        format!("create rule leak as on insert to {name} do also notify leak"),
        format!(
            "create trigger leak after insert on {name} for each row
                 execute function suppress_redundant_updates_trigger()"
        ),
        format!("comment on table {name} is 'mine'"),
        format!("drop table {name} cascade"),
        format!("drop view {name} cascade"),
        format!("create temporary table heir () inherits ({name})"),
        format!("create temporary table child (customer_id uuid references {name})"),
        format!("create statistics leak on customer_id, tableoid from {name}"),
        format!("create view public.leak as select * from {name}"),
        format!("create materialized view leak as select * from {name}"),
        format!("alter view {name} set (security_barrier = false)"),
        format!("create or replace view {name} as select 1 as customer_id"),
        format!("create publication leak for table {name}"),
        format!("security label on table {name} is 'mine'"),
        format!("cluster {name}"),
    ] {
        let refusal = attacker.attempt(&sql).await;
        assert!(refusal.is_err(), "{sql}: {refusal:?}");
    }
    // Only a warning, and no effect.
    let sql = format!(
        "grant all on {name} to public; select has_table_privilege('public', '{name}', 'select')"
    );
    assert_eq!(attacker.attempt(&sql).await.unwrap().text.trim(), "f", "{sql}");
}
