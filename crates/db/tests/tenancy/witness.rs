//! The witness, watched: what it swears to must cover every place where something of a tenant's lies.

use super::attacker::{Attacker, Way};
use super::catalog::{other_tables, tenant_relations};
use super::retailers::{BRAVO, on_every_engine};

#[tokio::test]
async fn whatever_is_taken_from_the_victim_is_noticed() {
    on_every_engine(async |fixture| {
        let thief = Attacker::new(fixture, Way::SteppedDown, "shelfops_app").await;
        let whole = thief.victim().await;
        let own = tenant_relations(thief.witness()).await.into_iter().map(|it| it.storage);
        let others = other_tables(thief.witness()).await.into_iter().map(|(table, _)| table);
        let mut emptied = Vec::new();
        for table in own.chain(others) {
            if is_view(&thief, &table).await {
                continue;
            }
            // As the superuser, without triggers and keys, which would keep the thief away.
            let begin = "begin; set local session_replication_role = replica";
            thief.client.batch_execute(begin).await.unwrap();
            let take = format!("delete from {table} as it where {}", BRAVO.is_in("it::text"));
            let taken = thief.client.execute(&take, &[]).await;
            if taken.unwrap_or_else(|error| panic!("{take}: {error}")) > 0 {
                assert_ne!(thief.look_as_superuser().await, whole, "{table}");
                emptied.push(table);
            }
            thief.rollback().await;
        }
        for table in [
            "public.stores",
            "shelfops.tenants",
            "shelfops.connected_accounts",
            "shelfops_queue._private_jobs",
            "shelfops_queue._private_job_queues",
        ] {
            assert!(emptied.iter().any(|name| name == table), "{table} holds nothing to be taken");
        }
    })
    .await;
}

/// Rows of continuous aggregates are taken with those that they sum up.
async fn is_view(thief: &Attacker, table: &str) -> bool {
    let sql = "select relkind = 'v' from pg_class where oid = $1::text::regclass";
    thief.witness().query_one(sql, &[&table]).await.unwrap().get(0)
}
