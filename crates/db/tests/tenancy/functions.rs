//! Functions that tenants' roles can call: which, and what becomes of them in the wrong hands.

use std::collections::BTreeSet;

use super::attacker::{Attacker, Way};
use super::retailers::{ALFA, BRAVO, on_every_engine};

/// What the application role may call of the product's own functions.
pub(super) const FOR_APP: &[&str] = &[
    "begin_chunk",
    "chunk_start",
    "current_customer_id",
    "enqueue_job",
    "ensure_chunks",
    "finish_chunk",
    "job_waits",
    "missing_chunks",
    "next_due",
    "prepare_chunk",
    "reference_check",
    "refuse_missing",
    "timeseries_engine",
    "use_api_key",
];

/// What the read-only role may call.
pub(super) const FOR_READONLY: &[&str] = &["current_customer_id", "timeseries_engine"];

#[tokio::test]
async fn tenants_roles_can_call_what_is_meant_for_them_and_nothing_else() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        for (role, allowed) in [("shelfops_app", FOR_APP), ("shelfops_readonly", FOR_READONLY)] {
            let callable = "select proname::text from pg_proc
                            where pronamespace = 'shelfops'::regnamespace
                                and has_function_privilege($1, oid, 'execute')";
            let rows = client.query(callable, &[&role]).await.unwrap();
            let found: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
            let allowed: BTreeSet<String> = allowed.iter().map(ToString::to_string).collect();
            assert_eq!(found, allowed, "{role}");
        }
        let open = "select count(*) from pg_proc
                    where pronamespace = 'shelfops'::regnamespace
                        and has_function_privilege('public', oid, 'execute')";
        assert_eq!(client.query_one(open, &[]).await.unwrap().get::<_, i64>(0), 0);
    })
    .await;
}

#[tokio::test]
async fn functions_that_run_as_the_owner_do_not_look_names_up_where_others_put_them() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        let looked_at = "select proname::text,
                             proconfig is distinct from array['search_path=pg_catalog, pg_temp']
                         from pg_proc
                         where pronamespace = 'shelfops'::regnamespace
                             and (prosecdef
                                 or prolang <> (select oid from pg_language where lanname = 'sql'))";
        let rows = client.query(looked_at, &[]).await.unwrap();
        assert!(rows.len() > FOR_APP.len(), "{} functions", rows.len());
        let loose: Vec<String> =
            rows.iter().filter(|row| row.get(1)).map(|row| row.get(0)).collect();
        assert!(loose.is_empty(), "{loose:?}");
    })
    .await;
}

#[tokio::test]
async fn names_of_other_tables_and_sql_in_names_make_no_chunk() {
    on_every_engine(async |fixture| {
        for way in [Way::SteppedDown, Way::LoggedIn] {
            let attacker = Attacker::new(fixture, way, "shelfops_app").await;
            let before = relation_count(&attacker).await;
            attacker.enter(ALFA).await;
            for name in [
                "stores",
                "customers",
                "public.transactions",
                "TRANSACTIONS",
                "transactions ",
                "",
                "pg_class",
                "x\"; drop table stores; --",
                "transactions\"; drop table stores; --",
                "transactions'; drop table stores; --",
                "transactions_p2026030200",
                "%s",
                "%I",
            ] {
                let name = name.replace('\'', "''");
                for call in [
                    format!(
                        "select shelfops.ensure_chunks('{name}', array['2027-03-01'::timestamptz])"
                    ),
                    format!("select shelfops.reference_check('{name}', '{name}', '{name}')"),
                    format!(
                        "select shelfops.refuse_missing('{name}', '{name}', gen_random_uuid())"
                    ),
                ] {
                    // Refused or without effect: `attempt` looks at the victim, the count at the rest.
                    let _ = attacker.attempt(&call).await;
                }
                let call = format!(
                    "select shelfops.ensure_chunks('{name}', array['2027-03-01'::timestamptz])"
                );
                let made = attacker
                    .attempt(&call)
                    .await
                    .map_or(0, |it| it.text.trim().parse().unwrap_or(0));
                assert_eq!(made, 0, "{call}");
            }
            attacker.rollback().await;
            assert_eq!(relation_count(&attacker).await, before);
        }
    })
    .await;
}

async fn relation_count(attacker: &Attacker) -> i64 {
    attacker.witness().query_one("select count(*) from pg_class", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn chunks_lie_within_bounds() {
    on_every_engine(async |fixture| {
        let attacker = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
        attacker.enter(ALFA).await;
        for moment in ["infinity", "-infinity", "1900-01-01", "9999-01-01", "4713-01-01 BC"] {
            let call = format!(
                "select shelfops.ensure_chunks('transactions', array['{moment}'::timestamptz])"
            );
            let made =
                attacker.attempt(&call).await.map_or(0, |it| it.text.trim().parse().unwrap_or(0));
            assert_eq!(made, 0, "{call}");
        }
        for moments in ["null", "array[null]::timestamptz[]", "'{}'"] {
            let call = format!("select shelfops.ensure_chunks('transactions', {moments})");
            let made =
                attacker.attempt(&call).await.map_or(0, |it| it.text.trim().parse().unwrap_or(0));
            assert_eq!(made, 0, "{call}");
        }
        attacker.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn a_text_that_is_sql_is_returned_and_not_run() {
    on_every_engine(async |fixture| {
        let attacker = Attacker::new(fixture, Way::SteppedDown, "shelfops_app").await;
        attacker.enter(ALFA).await;
        // The function writes a statement; who runs it does so as itself.
        let write = "select shelfops.reference_check('public.stores', 'stores', 'store_id')";
        let statement = attacker.attempt(write).await.unwrap().text;
        let outcome = attacker.attempt(&statement).await.unwrap();
        assert_eq!(BRAVO.trace_in(&outcome.text), None);
        attacker.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn the_servers_files_programs_and_settings_stay_closed() {
    on_every_engine(async |fixture| {
        for role in ["shelfops_app", "shelfops_readonly"] {
            let attacker = Attacker::new(fixture, Way::LoggedIn, role).await;
            attacker.enter(ALFA).await;
            for sql in [
                "select pg_read_file('PG_VERSION')",
                "select pg_read_binary_file('PG_VERSION')",
                "select pg_ls_dir('.')",
                "select * from pg_ls_waldir()",
                "select pg_stat_file('PG_VERSION')",
                "select lo_import('PG_VERSION')",
                "select lo_export(1, 'leak')",
                "copy stores to '/tmp/leak'",
                "copy stores to program 'cat'",
                "create temporary table loot (line text); copy loot from 'PG_VERSION'",
                "select pg_reload_conf()",
                "select pg_rotate_logfile()",
                "select pg_switch_wal()",
                "select pg_create_restore_point('leak')",
                "select pg_create_physical_replication_slot('leak')",
                "select pg_create_logical_replication_slot('leak', 'test_decoding')",
                "select * from pg_logical_slot_peek_changes('leak', null, null)",
                "select pg_promote()",
                "select pg_stat_reset()",
                "select * from pg_hba_file_rules",
                "select * from pg_file_settings",
                "select * from pg_authid",
                "select * from pg_shadow",
                "select * from pg_subscription",
                "select * from pg_largeobject",
                "select * from pg_user_mapping",
            ] {
                let refusal = attacker.attempt(sql).await.unwrap_err();
                // In a read-only transaction that is the first reason.
                let is_read_only = refusal.code.code() == "25006";
                assert!(refusal.is_refusal() || is_read_only, "{sql}: {refusal}");
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_can_be_made_where_others_would_find_it() {
    on_every_engine(async |fixture| {
        for role in ["shelfops_app", "shelfops_readonly"] {
            let attacker = Attacker::new(fixture, Way::LoggedIn, role).await;
            attacker.enter(ALFA).await;
            for schema in ["public", "shelfops", "timeseries", "timeseries_aside", "pg_catalog"] {
                for sql in [
                    format!("create table {schema}.trap (customer_id uuid)"),
                    format!("create view {schema}.trap as select 1 as one"),
                    format!("create sequence {schema}.trap"),
                    format!("create type {schema}.trap as (one integer)"),
                    format!("create domain {schema}.trap as text"),
                    format!(
                        "create function {schema}.trap() returns integer language sql as 'select 1'"
                    ),
                    format!(
                        "create function {schema}.current_customer_id() returns uuid
                             language sql as 'select null::uuid'"
                    ),
                    format!(
                        "create operator {schema}.= (leftarg = uuid, rightarg = uuid,
                             function = uuid_ne)"
                    ),
                    format!(
                        "create aggregate {schema}.trap (integer) (sfunc = int4pl, stype = integer)"
                    ),
                ] {
                    let refusal = attacker.attempt(&sql).await.unwrap_err();
                    let is_read_only = refusal.code.code() == "25006";
                    assert!(refusal.is_refusal() || is_read_only, "{sql}: {refusal}");
                }
            }
            for sql in [
                "create cast (uuid as integer) with inout as implicit",
                "create event trigger trap on ddl_command_start execute function trap()",
                "create or replace function shelfops.current_customer_id() returns uuid
                 language sql as 'select null::uuid'",
                "alter function shelfops.current_customer_id() reset all",
                "drop function shelfops.current_customer_id() cascade",
                "create temporary table own (customer_id uuid);
                 create trigger trap after insert on own for each row
                 execute function shelfops.roll_up_sales()",
            ] {
                let refusal = attacker.attempt(sql).await.unwrap_err();
                let is_other = ["25006", "42883"].contains(&refusal.code.code());
                assert!(refusal.is_refusal() || is_other, "{sql}: {refusal}");
            }
            attacker.rollback().await;
        }
    })
    .await;
}
