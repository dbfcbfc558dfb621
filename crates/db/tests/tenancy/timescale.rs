//! TimescaleDB's own functions and settings in the hands of tenants' roles.

use shelfops_db::Engine;
use tokio_postgres::Client;

use super::attacker::{Attacker, Way};
use super::catalog::tenant_relations;
use super::retailers::{ALFA, BRAVO, on_engine};
use crate::fixture::{Fixture, test_engines};

/// Ends the server's background work or its readiness for everybody: only superusers may, and a test
/// that tried would disturb others.
const LEFT_ALONE: &str = "'restart_background_workers', 'stop_background_workers',
    'start_background_workers', 'timescaledb_pre_restore', 'timescaledb_post_restore'";

/// A call for each function a role may call, with whatever its arguments could name.
async fn calls(client: &Client, role: &str) -> Vec<String> {
    let functions = format!(
        "select format('%s %I.%I', case prokind when 'p' then 'call' else 'select' end, nspname, proname),
             array(select format_type(argument, null)
                   from unnest(proargtypes::oid[]) with ordinality as it (argument, place)
                   order by place)
         from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
         where nspname not in ('pg_catalog', 'information_schema', 'shelfops')
             and has_function_privilege('{role}', pg_proc.oid, 'execute')
             and has_schema_privilege('{role}', nspname, 'usage')
             and prokind in ('f', 'p')
             and prorettype not in ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
             and not 'internal'::regtype = any (proargtypes::oid[])
             and proname not in ({LEFT_ALONE})"
    );
    let targets = "select oid::text from pg_class
                   where relkind in ('r', 'v')
                       and (relnamespace = 'timeseries'::regnamespace
                           or oid in ('public.transactions'::regclass, 'public.stores'::regclass)
                           or relname ~ '^(_materialized_|_compressed_|compress_hyper_)')";
    let rows = client.query(targets, &[]).await.unwrap();
    let targets: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let mut calls = Vec::new();
    for function in client.query(&functions, &[]).await.unwrap() {
        let types: Vec<String> = function.get(1);
        let is_about_tables = types.iter().any(|kind| kind == "regclass" || kind == "oid");
        for target in targets.iter().take(if is_about_tables { targets.len() } else { 1 }) {
            let arguments: Vec<String> = types.iter().map(|kind| argument(kind, target)).collect();
            calls.push(format!("{}({})", function.get::<_, String>(0), arguments.join(", ")));
        }
    }
    calls
}

fn argument(kind: &str, target: &str) -> String {
    match kind {
        "regclass" | "oid" => format!("{target}::{kind}"),
        "\"any\"" | "timestamp with time zone" => "'2030-01-01'::timestamptz".to_owned(),
        "interval" | "anyelement" => "interval '1 day'".to_owned(),
        "boolean" => "true".to_owned(),
        "integer" | "bigint" => "1".to_owned(),
        "text" => "'transactions'".to_owned(),
        "name" => "'occurred_at'::name".to_owned(),
        "regproc" => "'now'::regproc".to_owned(),
        "regclass[]" => format!("array[{target}::regclass]"),
        "jsonb" => {
            "'{\"hypertable_id\": 1, \"mat_hypertable_id\": 5, \"drop_after\": \"1 day\"}'::jsonb"
                .to_owned()
        }
        other => format!("null::{other}"),
    }
}

async fn on_hypertables(test: impl AsyncFn(&Fixture)) {
    for engine in test_engines().await.into_iter().filter(|engine| *engine != Engine::Native) {
        on_engine(engine, &test).await;
    }
}

#[tokio::test]
async fn functions_of_the_extension_neither_drop_nor_tell_anything() {
    on_hypertables(async |fixture| {
        for role in ["shelfops_app", "shelfops_readonly"] {
            let attacker = Attacker::new(fixture, Way::SteppedDown, role).await;
            let calls = calls(attacker.witness(), role).await;
            assert!(calls.len() > 20, "{}", calls.len());
            attacker.enter(ALFA).await;
            for call in calls {
                // Refused or harmless: `attempt` compares chunks, jobs and the victim's rows.
                let _ = attacker.attempt(&call).await;
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn chunks_cannot_be_dropped_or_frozen_by_their_number() {
    on_hypertables(async |fixture| {
        for role in ["shelfops_app", "shelfops_readonly"] {
            let attacker = Attacker::new(fixture, Way::LoggedIn, role).await;
            let chunks = "select oid::text from pg_class where relname like '\\_hyper\\_%chunk'";
            let rows = attacker.witness().query(chunks, &[]).await.unwrap();
            assert!(rows.len() > 3);
            attacker.enter(ALFA).await;
            for number in rows.iter().map(|row| row.get::<_, String>(0)) {
                for schema in ["_timescaledb_functions", "_timescaledb_internal"] {
                    for function in ["drop_chunk", "freeze_chunk", "unfreeze_chunk"] {
                        let call = format!("select {schema}.{function}({number}::regclass)");
                        let refusal = attacker.attempt(&call).await.expect_err(&call);
                        assert!(refusal.is_refusal(), "{call}: {refusal}");
                    }
                }
                for call in [
                    format!("select drop_chunks({number}::regclass, older_than => now())"),
                    format!("select compress_chunk({number}::regclass)"),
                    format!("select decompress_chunk({number}::regclass)"),
                    format!("select move_chunk({number}::regclass, 'pg_default', 'pg_default')"),
                    format!("select reorder_chunk({number}::regclass)"),
                    format!("call convert_to_rowstore({number}::regclass)"),
                ] {
                    let refusal = attacker.attempt(&call).await.expect_err(&call);
                    assert!(refusal.is_refusal(), "{call}: {refusal}");
                }
            }
            for call in [
                "select drop_chunks('public.transactions', older_than => now())",
                "select drop_chunks('timeseries.transactions', older_than => now())",
                "call refresh_continuous_aggregate('timeseries.daily_sales', null, null)",
                "select add_retention_policy('timeseries.transactions', interval '1 day')",
                "select remove_compression_policy('timeseries.transactions')",
                "select alter_job(1000, scheduled => false)",
                "select delete_job(1000)",
                "call run_job(1000)",
                "select timescaledb_pre_restore()",
            ] {
                let refusal = attacker.attempt(call).await.expect_err(call);
                assert!(refusal.is_refusal(), "{call}: {refusal}");
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn no_setting_of_the_extension_lets_a_tenant_see_more() {
    on_hypertables(async |fixture| {
        let attacker = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
        attacker.enter(ALFA).await;
        let switches = "select name, setting from pg_settings
                        where name like 'timescaledb.%' and vartype = 'bool' and context = 'user'";
        let switches = attacker.witness().query(switches, &[]).await.unwrap();
        assert!(switches.len() > 5);
        for switch in switches {
            let (name, setting): (String, String) = (switch.get(0), switch.get(1));
            let turned = if setting == "on" { "off" } else { "on" };
            for relation in tenant_relations(attacker.witness()).await {
                let sql = format!("set local {name} = {turned}; select * from {}", relation.name);
                if let Ok(outcome) = attacker.attempt(&sql).await {
                    assert_eq!(BRAVO.trace_in(&outcome.text), None, "{sql}");
                }
            }
        }
        attacker.rollback().await;
    })
    .await;
}
