//! Putting jobs: in the transaction of what they follow from, for oneself only, and not twice.

use std::sync::Arc;

use serde_json::json;
use shelfops_db::models::NewJob;
use shelfops_testkit::wait_for;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::hands::{AtWork, DEADLINE, errand, in_state, jobs, put, tenant, until_empty};
use crate::fixture::on_every_engine;

#[tokio::test]
async fn a_job_is_there_when_its_transaction_is_committed_and_never_when_it_is_not() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let tx = fixture.database.tenant(acme).await.unwrap();
        tx.enqueue(&errand(&json!({ "number": 1 }))).await.unwrap();
        assert!(jobs(fixture).await.is_empty(), "nobody sees it yet");
        drop(tx);
        assert!(jobs(fixture).await.is_empty(), "rolled back");

        let job_id = put(fixture, acme, &errand(&json!({ "number": 2 }))).await;
        let found = jobs(fixture).await;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].job_id, found[0].customer_id), (job_id, Some(acme)));
        assert_eq!((found[0].kind.as_str(), found[0].state.as_str()), ("errand", "waiting"));
        assert_eq!(found[0].payload["number"], 2);
    })
    .await;
}

#[tokio::test]
async fn a_tenant_puts_jobs_of_its_own_whatever_it_says() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let bravo = tenant(fixture, "bravo").await;
        put(fixture, acme, &errand(&json!({ "customer_id": bravo }))).await;
        assert_eq!(jobs(fixture).await[0].customer_id, Some(acme));

        let app = fixture.login("shelfops_app").await;
        let call = "select shelfops.enqueue_job('errand', '{}', null, null, 3)";
        let refused = app.query_one(call, &[]).await.unwrap_err();
        assert!(refused.as_db_error().unwrap().message().contains("belongs to a tenant"));
        for sql in [
            "select * from shelfops_queue._private_jobs",
            "select * from shelfops_queue.jobs",
            "delete from shelfops_queue._private_jobs",
            "select shelfops_queue.add_job('errand')",
            "select shelfops.put_job(null, 'errand', '{}', null, null, 3, false)",
            "select shelfops.free_lost_jobs('')",
            "select shelfops.settle_failed_job(1, 'x', null)",
            "select shelfops.take_due_schedules()",
            "select * from shelfops.upkeep_schedules",
        ] {
            let refused = app.batch_execute(sql).await.unwrap_err();
            let code = refused.code().unwrap().code();
            assert_eq!(code, "42501", "{sql}: {refused}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_job_that_waits_is_not_put_again_and_nobody_waits_for_whoever_puts_one() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let bravo = tenant(fixture, "bravo").await;
        let job = NewJob { key: Some("one".to_owned()), ..errand(&json!({})) };
        let first = fixture.database.tenant(acme).await.unwrap();
        assert!(first.enqueue_unless_waiting(&job).await.unwrap());
        first.commit().await.unwrap();
        // Somebody puts it and holds its lock; the next one passes by.
        let slow = fixture.database.tenant(acme).await.unwrap();
        slow.enqueue(&job).await.unwrap();
        let quick = fixture.database.tenant(acme).await.unwrap();
        assert!(!quick.enqueue_unless_waiting(&job).await.unwrap());
        drop(slow);
        let other = fixture.database.tenant(bravo).await.unwrap();
        assert!(other.enqueue_unless_waiting(&job).await.unwrap(), "another tenant's is another");
        other.commit().await.unwrap();
        assert!(!fixture.database.enqueue_unless_waiting(acme, &job).await.unwrap());
        assert_eq!(jobs(fixture).await.len(), 2);
        let alone = NewJob { key: Some("alone".to_owned()), ..errand(&json!({})) };
        assert!(fixture.database.enqueue_unless_waiting(acme, &alone).await.unwrap());
        assert_eq!(jobs(fixture).await.len(), 3, "it is durable at once");
        let without = fixture.database.tenant(acme).await.unwrap();
        assert!(
            without.enqueue_unless_waiting(&errand(&json!({}))).await.unwrap(),
            "it has no key"
        );
        let app = fixture.login("shelfops_app").await;
        let refused = app.query_one("select shelfops.job_waits('one')", &[]).await.unwrap_err();
        assert!(refused.as_db_error().unwrap().message().contains("belongs to a tenant"));
    })
    .await;
}

#[tokio::test]
async fn keys_and_queues_of_two_tenants_never_meet() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let bravo = tenant(fixture, "bravo").await;
        let same = NewJob {
            queue: Some("one".to_owned()),
            key: Some("one".to_owned()),
            ..errand(&json!({}))
        };
        put(fixture, acme, &same).await;
        put(fixture, bravo, &same).await;
        let sneaky = NewJob { key: Some(format!("{bravo}/one")), ..same };
        put(fixture, acme, &sneaky).await;
        assert_eq!(jobs(fixture).await.len(), 3);

        // Acme's queue is busy, Bravo's is not.
        let gate = Arc::new(Semaphore::new(0));
        let (held, bravo_text) = (gate.clone(), bravo.to_string());
        let worker = AtWork::start(&fixture.database, 2, move |job| {
            let is_bravo = job.payload["customer_id"] == bravo_text.as_str();
            let gate = held.clone();
            async move {
                if !is_bravo {
                    gate.acquire().await.unwrap().forget();
                }
                Ok(())
            }
        });
        wait_for("Bravo's job", DEADLINE, async || {
            jobs(fixture).await.iter().all(|job| job.customer_id == Some(acme))
        })
        .await
        .unwrap();
        gate.add_permits(2);
        until_empty(fixture).await;
        worker.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_waiting_job_of_the_same_key_is_the_job_and_a_running_one_has_a_follower() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let keyed = NewJob {
            key: Some("orders".to_owned()),
            queue: Some("till".to_owned()),
            ..errand(&json!({}))
        };
        let first = put(fixture, acme, &keyed).await;
        assert_eq!(put(fixture, acme, &keyed).await, first);
        assert_eq!(jobs(fixture).await.len(), 1);

        let gate = Arc::new(Semaphore::new(0));
        let opened = gate.clone();
        let worker = AtWork::start(&fixture.database, 2, move |_| {
            let gate = opened.clone();
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(())
            }
        });
        in_state(fixture, first, "running").await;
        // What is stored now may have been missed by the one that runs.
        let second = put(fixture, acme, &keyed).await;
        assert_ne!(second, first);
        assert_eq!(put(fixture, acme, &keyed).await, second);
        // One after the other: they are of one queue.
        in_state(fixture, second, "waiting").await;
        gate.add_permits(1);
        in_state(fixture, second, "running").await;
        gate.add_permits(1);
        until_empty(fixture).await;
        worker.stop().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_no_job_is_refused() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        for (job, reason) in [
            (errand(&json!([1])), "must be an object"),
            (errand(&json!({ "text": "x".repeat(9_000) })), "8192 bytes"),
            (NewJob { kind: "Drop Table", ..errand(&json!({})) }, "cannot name a kind"),
        ] {
            let tx = fixture.database.tenant(acme).await.unwrap();
            let refused = tx.enqueue(&job).await.unwrap_err().to_string();
            assert!(refused.contains(reason), "{refused}");
        }
        let long = NewJob { key: Some("k".repeat(600)), ..errand(&json!({ "id": Uuid::nil() })) };
        assert!(fixture.database.tenant(acme).await.unwrap().enqueue(&long).await.is_err());
        assert!(jobs(fixture).await.is_empty());
    })
    .await;
}
