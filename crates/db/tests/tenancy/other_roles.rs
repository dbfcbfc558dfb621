//! The read-only role, and the owner without a tenant.

use super::attacker::{Attacker, Way};
use super::catalog::tenant_relations;
use super::retailers::{ALFA, BRAVO, on_every_engine};

#[tokio::test]
async fn the_read_only_role_reads_its_tenants_rows_and_no_secrets() {
    on_every_engine(async |fixture| {
        for way in [Way::SteppedDown, Way::LoggedIn] {
            let attacker = Attacker::new(fixture, way, "shelfops_readonly").await;
            attacker.enter(ALFA).await;
            for relation in tenant_relations(attacker.witness()).await {
                let sql = format!("select * from {}", relation.name);
                let is_secret = ["public.api_keys", "public.integrations", "public.webhook_events"]
                    .contains(&relation.name.as_str());
                match attacker.attempt(&sql).await {
                    Ok(outcome) => {
                        assert!(!is_secret && outcome.rows > 0, "{sql}");
                        assert_eq!(BRAVO.trace_in(&outcome.text), None, "{sql}");
                    }
                    Err(refusal) => assert!(is_secret && refusal.is_refusal(), "{sql}: {refusal}"),
                }
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_read_only_role_writes_nothing_even_where_it_may_write() {
    on_every_engine(async |fixture| {
        for way in [Way::SteppedDown, Way::LoggedIn] {
            let attacker = Attacker::new(fixture, way, "shelfops_readonly").await;
            // A login's transactions only read unless it says otherwise, which it may.
            attacker
                .client
                .batch_execute("set default_transaction_read_only = off; set statement_timeout = 0")
                .await
                .unwrap();
            attacker.enter(ALFA).await;
            for relation in tenant_relations(attacker.witness()).await {
                let name = &relation.name;
                for sql in [
                    format!("insert into {name} default values"),
                    format!("update {name} set customer_id = customer_id"),
                    format!("delete from {name}"),
                    format!("truncate {name}"),
                    format!("select * from {name} for update"),
                    format!("select * from {name} for key share"),
                    format!("lock table {name} in share mode"),
                    format!(
                        "merge into {name} using (select 1) as one on true when matched then delete"
                    ),
                ] {
                    let refusal = attacker.attempt(&sql).await.expect_err(&sql);
                    // MERGE is not for every kind of table, and some views are not for writing at all.
                    let is_other = ["42809", "0A000", "55000"].contains(&refusal.code.code());
                    assert!(refusal.is_refusal() || is_other, "{sql}: {refusal}");
                }
            }
            for sql in [
                "create temporary table loot (id integer)",
                "create temporary view loot as select 1",
                "create table loot (id integer)",
                "select * into temporary loot from stores",
                "create function pg_temp.leak() returns integer language sql as 'select 1'",
                "select shelfops.begin_chunk('transactions', now(), now())",
                "select shelfops.ensure_chunks('transactions', array[now()])",
                "select shelfops.finish_chunk('transactions', now(), null)",
                "select shelfops.drop_chunks('transactions', now())",
                "select shelfops.compress_chunks('transactions', now())",
                "select shelfops.list_chunks('transactions')",
                "select shelfops.drop_timeseries('transactions')",
                "select shelfops.protect_tenant_table('stores')",
            ] {
                let refusal = attacker.attempt(sql).await.expect_err(sql);
                assert!(refusal.is_refusal(), "{sql}: {refusal}");
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_read_only_roles_transactions_only_read_and_end_in_time() {
    on_every_engine(async |fixture| {
        let client = fixture.login("shelfops_readonly").await;
        for (setting, expected) in
            [("default_transaction_read_only", "on"), ("statement_timeout", "30s")]
        {
            let row = client.query_one(&format!("show {setting}"), &[]).await.unwrap();
            assert_eq!(row.get::<_, String>(0), expected);
        }
    })
    .await;
}

#[tokio::test]
async fn the_owner_sees_no_tenants_rows_unless_it_enters_one() {
    on_every_engine(async |fixture| {
        for way in [Way::SteppedDown, Way::LoggedIn] {
            let owner = Attacker::new(fixture, way, "shelfops_owner").await;
            owner.begin().await;
            for relation in tenant_relations(owner.witness()).await {
                let sql = format!("select * from {}", relation.name);
                assert_eq!(owner.attempt(&sql).await.unwrap().rows, 0, "{sql}");
                for sql in [
                    format!("update {} set customer_id = customer_id", relation.name),
                    format!("delete from {}", relation.name),
                ] {
                    let rows = owner.attempt(&sql).await.map_or(0, |outcome| outcome.rows);
                    assert_eq!(rows, 0, "{sql}");
                }
            }
            let enter = format!(
                "select shelfops.enter_tenant('{}'); select customer_id from stores",
                ALFA.customer_id
            );
            let entered = owner.attempt(&enter).await.unwrap();
            assert!(entered.text.contains(ALFA.customer_id));
            assert_eq!(BRAVO.trace_in(&entered.text), None);
            owner.rollback().await;
        }
    })
    .await;
}
