//! Who the tenant is cannot be made up, copied or kept.

use super::attacker::{Attacker, Refusal, Way};
use super::catalog::{TenantRelation, tenant_relations};
use super::retailers::{ALFA, BRAVO, on_every_engine};

const SAVED: &str = "select store_id from stores";

async fn attacker(fixture: &crate::fixture::Fixture) -> Attacker {
    Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await
}

/// Asserts that the transaction at hand can see nothing of anybody.
async fn assert_unproven(attacker: &Attacker, context: &str) {
    for relation in tenant_relations(attacker.witness()).await {
        let refusal = attacker.attempt(&format!("select * from {}", relation.name)).await;
        let refusal = refusal.expect_err(context);
        assert!(refusal.is_refusal(), "{context}: {refusal}");
        assert!(refusal.to_string().contains("not proven"), "{context}: {refusal}");
    }
}

#[tokio::test]
async fn without_a_tenant_every_table_is_empty_and_takes_nothing() {
    on_every_engine(async |fixture| {
        for way in [Way::SteppedDown, Way::LoggedIn] {
            let attacker = Attacker::new(fixture, way, "shelfops_app").await;
            for tenant in [None, Some("")] {
                attacker.begin().await;
                if let Some(tenant) = tenant {
                    attacker.set("app.current_customer_id", tenant).await;
                }
                for relation in tenant_relations(attacker.witness()).await {
                    let name = &relation.name;
                    let read = attacker.attempt(&format!("select * from {name}")).await.unwrap();
                    assert_eq!(read.rows, 0, "{name}");
                    for sql in [
                        format!("update {name} set customer_id = customer_id"),
                        format!("delete from {name}"),
                    ] {
                        let rows = attacker.attempt(&sql).await.map_or(0, |outcome| outcome.rows);
                        assert_eq!(rows, 0, "{sql}");
                    }
                    let row = own_row(&attacker, &relation).await;
                    let own = format!(
                        "insert into {name} select * from jsonb_populate_record(null::{name}, '{row}')"
                    );
                    let refusal = attacker.attempt(&own).await.unwrap_err();
                    // Compressed chunks look for the same key first.
                    let is_impossible = ["55000", "23505"].contains(&refusal.code.code());
                    assert!(refusal.is_refusal() || is_impossible, "{own}: {refusal}");
                }
                attacker.rollback().await;
            }
        }
    })
    .await;
}

/// Returns a row of the attacker's own.
async fn own_row(attacker: &Attacker, relation: &TenantRelation) -> String {
    let sql = format!(
        "select to_jsonb(own)::text from {} as own where customer_id = '{}' limit 1",
        relation.storage, ALFA.customer_id
    );
    let row: String = attacker.witness().query_one(&sql, &[]).await.unwrap().get(0);
    row.replace('\'', "''")
}

#[tokio::test]
async fn a_tenants_id_alone_proves_nothing() {
    on_every_engine(async |fixture| {
        let attacker = attacker(fixture).await;
        for retailer in [ALFA, BRAVO] {
            attacker.begin().await;
            attacker.set("app.current_customer_id", retailer.customer_id).await;
            assert_unproven(&attacker, "no proof").await;
            for proof in ["", "0", &"0".repeat(64), "true"] {
                attacker.set("app.tenant_proof", proof).await;
                assert_unproven(&attacker, "a proof that was made up").await;
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_proof_holds_for_one_tenant() {
    on_every_engine(async |fixture| {
        let attacker = attacker(fixture).await;
        attacker.enter(ALFA).await;
        assert_eq!(attacker.attempt(SAVED).await.unwrap().rows, 1);
        let other = BRAVO.customer_id.to_uppercase();
        for spelling in [BRAVO.customer_id, &other, &format!("{{{}}}", BRAVO.customer_id)] {
            attacker.set("app.current_customer_id", spelling).await;
            assert_unproven(&attacker, "the other's id with the own proof").await;
        }
        for statement in [
            format!("set local app.current_customer_id = '{}'", BRAVO.customer_id),
            format!("set app.current_customer_id = '{}'", BRAVO.customer_id),
            format!("select set_config('app.current_customer_id', '{}', false)", BRAVO.customer_id),
        ] {
            let switch = format!("{statement}; {SAVED}");
            assert!(attacker.attempt(&switch).await.unwrap_err().is_refusal(), "{switch}");
        }
        attacker.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn a_proof_holds_for_one_transaction() {
    on_every_engine(async |fixture| {
        let attacker = attacker(fixture).await;
        let mut overheard = Vec::new();
        for retailer in [ALFA, BRAVO] {
            attacker.begin().await;
            overheard.push((retailer, attacker.proof_of(retailer).await));
            attacker.rollback().await;
        }
        for (retailer, proof) in overheard {
            attacker.begin().await;
            attacker.set("app.current_customer_id", retailer.customer_id).await;
            attacker.set("app.tenant_proof", &proof).await;
            assert_unproven(&attacker, "the proof of another transaction").await;
            attacker.rollback().await;
        }
        // Kept for the session, it does not outlive its transaction either.
        attacker.begin().await;
        let proof = attacker.proof_of(ALFA).await;
        let keep = format!(
            "set app.current_customer_id = '{}'; set app.tenant_proof = '{proof}'; {SAVED}; commit",
            ALFA.customer_id
        );
        attacker.client.batch_execute(&keep).await.unwrap();
        attacker.begin().await;
        assert_unproven(&attacker, "the proof of the transaction before").await;
        attacker.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn nobody_else_can_make_a_proof() {
    on_every_engine(async |fixture| {
        for role in ["shelfops_app", "shelfops_readonly"] {
            let attacker = Attacker::new(fixture, Way::LoggedIn, role).await;
            attacker.enter(ALFA).await;
            for sql in [
                format!("select shelfops.enter_tenant('{}')", BRAVO.customer_id),
                "select * from shelfops.tenant_signing_key".to_owned(),
                "select * from shelfops.tenants".to_owned(),
                "update shelfops.tenant_signing_key set inner_key = outer_key".to_owned(),
                "select pg_get_userbyid(1), lo_get(1)".to_owned(),
            ] {
                let refusal = attacker.attempt(&sql).await.unwrap_err();
                // No such object, or a transaction that only reads.
                let is_other = ["42704", "25006"].contains(&refusal.code.code());
                assert!(refusal.is_refusal() || is_other, "{sql}: {refusal}");
            }
            let own = attacker.attempt("select shelfops.current_customer_id()").await.unwrap();
            assert_eq!(own.text.trim(), ALFA.customer_id);
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_role_cannot_be_left() {
    on_every_engine(async |fixture| {
        for role in ["shelfops_app", "shelfops_readonly"] {
            let attacker = Attacker::new(fixture, Way::LoggedIn, role).await;
            let superuser = "select rolname::text from pg_roles where oid = 10";
            let superuser: String =
                attacker.witness().query_one(superuser, &[]).await.unwrap().get(0);
            attacker.enter(ALFA).await;
            for sql in [
                "set role shelfops_owner".to_owned(),
                "set local role shelfops_owner".to_owned(),
                "set session authorization shelfops_owner".to_owned(),
                format!("set role \"{superuser}\""),
                format!("set session authorization \"{superuser}\""),
                format!("alter role {role} bypassrls"),
                format!("alter role {role} superuser"),
                format!("alter role {role} createrole"),
                format!("alter role {role} set role = shelfops_owner; set role shelfops_owner"),
                format!("grant shelfops_owner to {role}"),
                "grant shelfops_app to shelfops_readonly".to_owned(),
                "create role accomplice superuser".to_owned(),
                "set session_replication_role = replica".to_owned(),
                "set local session_preload_libraries = 'leak'".to_owned(),
                "load 'leak'".to_owned(),
                "create schema hideout".to_owned(),
                "create extension dblink".to_owned(),
                "create server elsewhere foreign data wrapper postgres_fdw".to_owned(),
                "alter database template1 owner to shelfops_app".to_owned(),
                "alter default privileges for role shelfops_owner grant all on tables to public"
                    .to_owned(),
                "reassign owned by shelfops_owner to shelfops_app".to_owned(),
                "drop owned by shelfops_owner".to_owned(),
            ] {
                let refusal = attacker.attempt(&sql).await.expect_err(&sql);
                let is_missing =
                    ["42704", "58P01", "22023", "25006"].contains(&refusal.code.code());
                assert!(refusal.is_refusal() || is_missing, "{sql}: {refusal}");
            }
            // These do nothing for somebody who logged in as the role itself.
            for sql in ["reset role", "set role none", "reset session authorization", "reset all"] {
                let still = format!("{sql}; select current_user");
                assert_eq!(attacker.attempt(&still).await.unwrap().text.trim(), role, "{sql}");
            }
            // Switched off, row security is not left out: what it would filter is refused.
            if role == "shelfops_app" {
                let off = format!("set row_security = off; {SAVED}");
                assert!(attacker.attempt(&off).await.unwrap_err().is_refusal());
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_runs_outside_a_transaction_is_refused_as_well() {
    on_every_engine(async |fixture| {
        for role in ["shelfops_app", "shelfops_readonly"] {
            let client = fixture.login(role).await;
            for sql in [
                "alter system set log_statement = 'all'",
                "create database hideout",
                "create tablespace hideout location '/nowhere'",
                "drop database template1",
                "create index concurrently leak on public.stores (name)",
                "vacuum full public.stores_that_are_not_there",
            ] {
                let refusal = Refusal::new(&client.batch_execute(sql).await.unwrap_err());
                let is_other = ["25006", "42P01"].contains(&refusal.code.code());
                assert!(refusal.is_refusal() || is_other, "{sql}: {refusal}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn workers_of_a_parallel_query_know_the_tenant() {
    on_every_engine(async |fixture| {
        let attacker = attacker(fixture).await;
        attacker.enter(ALFA).await;
        attacker
            .client
            .batch_execute(
                "set local parallel_setup_cost = 0; set local parallel_tuple_cost = 0;
                 set local min_parallel_table_scan_size = 0;
                 set local min_parallel_index_scan_size = 0;
                 set local max_parallel_workers_per_gather = 2;
                 set local force_parallel_mode = on",
            )
            .await
            .unwrap();
        for relation in tenant_relations(attacker.witness()).await {
            let sql = format!("select customer_id, count(*) from {} group by 1", relation.name);
            let outcome = attacker.attempt(&sql).await.unwrap();
            assert_eq!(outcome.rows, 1, "{sql}");
            assert_eq!(BRAVO.trace_in(&outcome.text), None, "{sql}");
        }
        attacker.rollback().await;
    })
    .await;
}
