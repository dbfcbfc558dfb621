//! What a session keeps from one tenant to the next: the pool gives one session to many.

use super::attacker::{Attacker, Way, collect};
use super::catalog::tenant_relations;
use super::retailers::{ALFA, BRAVO, Retailer, on_every_engine};

const BOTH_WAYS: [(Retailer, Retailer); 2] = [(ALFA, BRAVO), (BRAVO, ALFA)];

async fn commit(attacker: &Attacker) {
    attacker.client.batch_execute("commit").await.unwrap();
}

async fn read(attacker: &Attacker, sql: &str) -> String {
    collect(&attacker.client.simple_query(sql).await.unwrap()).text
}

#[tokio::test]
async fn prepared_statements_follow_the_tenant() {
    on_every_engine(async |fixture| {
        for (first, second) in BOTH_WAYS {
            let attacker = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
            for mode in ["force_generic_plan", "force_custom_plan", "auto"] {
                let set = format!("set plan_cache_mode = {mode}");
                attacker.client.batch_execute(&set).await.unwrap();
                attacker.enter(first).await;
                let relations = tenant_relations(attacker.witness()).await;
                for (number, relation) in relations.iter().enumerate() {
                    let name = &relation.name;
                    let prepare = format!(
                        "prepare kept_{number} as select * from {name};
                         prepare changed_{number} (uuid) as
                             select count(*) from {name} where customer_id = $1"
                    );
                    attacker.client.batch_execute(&prepare).await.unwrap();
                    let own = read(&attacker, &format!("execute kept_{number}")).await;
                    assert!(own.contains(first.customer_id), "{name}");
                }
                commit(&attacker).await;
                attacker.enter(second).await;
                for (number, relation) in relations.iter().enumerate() {
                    let found = read(&attacker, &format!("execute kept_{number}")).await;
                    assert!(found.contains(second.customer_id), "{}", relation.name);
                    assert_eq!(first.trace_in(&found), None, "{}", relation.name);
                    let count = format!("execute changed_{number} ('{}')", first.customer_id);
                    assert_eq!(read(&attacker, &count).await.trim(), "0", "{}", relation.name);
                }
                commit(&attacker).await;
                attacker.client.batch_execute("deallocate all").await.unwrap();
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_that_outlives_its_transaction_holds_the_rows_of_its_tenant_only() {
    on_every_engine(async |fixture| {
        for (first, second) in BOTH_WAYS {
            let attacker = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
            attacker.enter(first).await;
            let relations = tenant_relations(attacker.witness()).await;
            for (number, relation) in relations.iter().enumerate() {
                let declare = format!(
                    "declare kept_{number} cursor with hold for select * from {}",
                    relation.name
                );
                attacker.client.batch_execute(&declare).await.unwrap();
            }
            commit(&attacker).await;
            attacker.enter(second).await;
            for (number, relation) in relations.iter().enumerate() {
                let found = read(&attacker, &format!("fetch all from kept_{number}")).await;
                assert_eq!(second.trace_in(&found), None, "{}", relation.name);
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn views_and_functions_that_a_session_keeps_follow_the_tenant() {
    on_every_engine(async |fixture| {
        for (first, second) in BOTH_WAYS {
            let attacker = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
            attacker.enter(first).await;
            let relations = tenant_relations(attacker.witness()).await;
            for (number, relation) in relations.iter().enumerate() {
                let name = &relation.name;
                let keep = format!(
                    "create temporary view kept_{number} as select * from {name};
                     create temporary view loose_{number} with (security_barrier = false) as
                         select *, customer_id = customer_id as same from {name};
                     create function pg_temp.kept_{number}() returns setof {name} language sql stable
                         security definer as 'select * from {name}'"
                );
                attacker.client.batch_execute(&keep).await.unwrap();
            }
            commit(&attacker).await;
            attacker.enter(second).await;
            for (number, relation) in relations.iter().enumerate() {
                for sql in [
                    format!("select * from kept_{number}"),
                    format!("select * from loose_{number}"),
                    format!("select * from pg_temp.kept_{number}()"),
                ] {
                    let found = read(&attacker, &sql).await;
                    assert!(found.contains(second.customer_id), "{} {sql}", relation.name);
                    assert_eq!(first.trace_in(&found), None, "{} {sql}", relation.name);
                }
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_pool_never_hands_out_a_session_that_is_still_a_tenants() {
    on_every_engine(async |fixture| {
        let [alfa, bravo] = [ALFA, BRAVO].map(|retailer| {
            shelfops_ingest::CustomerId::new(retailer.customer_id.parse().unwrap())
        });
        for round in 0..20 {
            let (customer_id, name) =
                if round % 2 == 0 { (alfa, "alfa-secret") } else { (bravo, "bravo-secret") };
            let tx = fixture.database.tenant(customer_id).await.unwrap();
            assert_eq!(tx.customer_id(), customer_id);
            assert_eq!(tx.settings().await.unwrap().name, name);
            // Some are committed, some are given up in the middle.
            if round % 3 > 0 {
                tx.commit().await.unwrap();
            }
        }
        let client = fixture.superuser().await;
        let open = "select count(*) from pg_stat_activity
                    where datname = current_database() and usename = 'shelfops_app'
                        and state like 'idle in transaction%'";
        let none = async || client.query_one(open, &[]).await.unwrap().get::<_, i64>(0) == 0;
        let patience = std::time::Duration::from_secs(30);
        shelfops_testkit::wait_for("sessions that were given up to end", patience, none)
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn large_objects_messages_and_locks_hold_no_rows() {
    on_every_engine(async |fixture| {
        let victim = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
        let attacker = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
        // The program uses none of them for data, so none is there to be found.
        victim.enter(BRAVO).await;
        attacker.enter(ALFA).await;
        for sql in [
            "select oid from pg_largeobject_metadata",
            "select * from pg_listening_channels()",
            // The view covers the whole server, which other tests' databases share.
            "select objid from pg_locks where locktype = 'advisory' and database =
                 (select oid from pg_database where datname = current_database())",
        ] {
            assert_eq!(attacker.attempt(sql).await.unwrap().rows, 0, "{sql}");
        }
        victim.rollback().await;
        attacker.rollback().await;
    })
    .await;
}
