//! What operators do with jobs: hold back, let go on, run again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use shelfops_db::OperatorTx;
use shelfops_db::models::{JobFilter, JobState, NewJob};

use super::hands::{AtWork, errand, in_state, jobs, put, stumble, tenant, until_empty};
use crate::fixture::{Fixture, on_every_engine};

async fn steer(fixture: &Fixture, change: impl AsyncFn(&OperatorTx) -> bool) -> bool {
    let operator = fixture.database.operator().await.unwrap();
    let is_changed = change(&operator).await;
    operator.commit().await.unwrap();
    is_changed
}

#[tokio::test]
async fn a_dead_letter_runs_again_when_it_is_told_to() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let is_mended = Arc::new(AtomicBool::new(false));
        let mended = is_mended.clone();
        let worker = AtWork::start(&fixture.database, 1, move |_| {
            let is_mended = mended.load(Ordering::SeqCst);
            async move { if is_mended { Ok(()) } else { Err(stumble("not yet")) } }
        });
        let keyed = NewJob { key: Some("orders".to_owned()), ..errand(&json!({})) };
        let job_id = put(fixture, acme, &keyed).await;
        in_state(fixture, job_id, "dead").await;
        // It is in the way of no other of its key, and stays.
        let next = put(fixture, acme, &NewJob { payload: json!({ "day": 2 }), ..keyed }).await;
        assert_ne!(next, job_id);
        in_state(fixture, next, "dead").await;
        let filter = JobFilter { state: Some(JobState::Dead), limit: 10, ..JobFilter::default() };
        let operator = fixture.database.operator().await.unwrap();
        assert_eq!(operator.jobs(&filter).await.unwrap().len(), 2);

        is_mended.store(true, Ordering::SeqCst);
        for job_id in [job_id, next] {
            let run = async |operator: &OperatorTx| operator.run_job(job_id).await.unwrap();
            assert!(steer(fixture, run).await);
        }
        until_empty(fixture).await;
        worker.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_paused_job_waits_until_it_is_resumed_and_keeps_its_key() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let keyed = NewJob { key: Some("orders".to_owned()), ..errand(&json!({})) };
        let job_id = put(fixture, acme, &keyed).await;
        let pause = async |operator: &OperatorTx| operator.pause_job(job_id).await.unwrap();
        assert!(steer(fixture, pause).await);
        let paused = in_state(fixture, job_id, "paused").await;
        assert_eq!(paused.run_at, None);
        assert_eq!(put(fixture, acme, &keyed).await, job_id);

        let worker = AtWork::start(&fixture.database, 2, move |_| async { Ok(()) });
        put(fixture, acme, &errand(&json!({}))).await;
        shelfops_testkit::wait_for("the other job", super::hands::DEADLINE, async || {
            jobs(fixture).await.len() == 1
        })
        .await
        .unwrap();
        in_state(fixture, job_id, "paused").await;
        let resume = async |operator: &OperatorTx| operator.resume_job(job_id).await.unwrap();
        assert!(steer(fixture, resume).await);
        until_empty(fixture).await;
        assert!(!steer(fixture, resume).await, "it is gone");
        worker.stop().await;
    })
    .await;
}

#[tokio::test]
async fn jobs_are_found_by_whose_they_are_what_they_do_and_where_they_stand() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let bravo = tenant(fixture, "bravo").await;
        let first = put(fixture, acme, &errand(&json!({}))).await;
        put(fixture, bravo, &errand(&json!({}))).await;
        put(fixture, bravo, &NewJob { kind: "other", ..errand(&json!({})) }).await;
        let operator = fixture.database.operator().await.unwrap();
        let all = JobFilter { limit: 10, ..JobFilter::default() };
        for (filter, count) in [
            (all.clone(), 3),
            (JobFilter { customer_id: Some(bravo), ..all.clone() }, 2),
            (JobFilter { kind: Some("errand"), ..all.clone() }, 2),
            (JobFilter { kind: Some("errand"), customer_id: Some(bravo), ..all.clone() }, 1),
            (JobFilter { job_id: Some(first), ..all.clone() }, 1),
            (JobFilter { job_id: Some(first), customer_id: Some(bravo), ..all.clone() }, 0),
            (JobFilter { state: Some(JobState::Dead), ..all.clone() }, 0),
            (JobFilter { limit: 1, ..all.clone() }, 1),
        ] {
            assert_eq!(operator.jobs(&filter).await.unwrap().len(), count, "{filter:?}");
        }
    })
    .await;
}
