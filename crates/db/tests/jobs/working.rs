//! Working on jobs: shared by workers, each done once, tried again, and never lost with a worker.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use shelfops_db::jobs::{Again, JobFailure};
use shelfops_db::models::NewJob;
use shelfops_testkit::wait_for;
use tokio::sync::{Mutex, Semaphore};

use super::hands::{AtWork, DEADLINE, errand, in_state, jobs, put, stumble, tenant, until_empty};
use crate::fixture::{Fixture, on_every_engine};

#[tokio::test]
async fn two_workers_do_two_hundred_jobs_once_each() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let done: Arc<Mutex<BTreeMap<i64, usize>>> = Arc::default();
        let start = || {
            let done = done.clone();
            AtWork::start(&fixture.database, 4, move |job| {
                let done = done.clone();
                async move {
                    *done.lock().await.entry(job.job_id).or_default() += 1;
                    Ok(())
                }
            })
        };
        let workers = [start(), start()];
        let tx = fixture.database.tenant(acme).await.unwrap();
        for number in 0..200 {
            tx.enqueue(&errand(&json!({ "number": number }))).await.unwrap();
        }
        tx.commit().await.unwrap();
        until_empty(fixture).await;
        for worker in workers {
            worker.stop().await;
        }
        let done = done.lock().await;
        assert_eq!(done.len(), 200);
        assert!(done.values().all(|times| *times == 1), "{done:?}");
    })
    .await;
}

#[tokio::test]
async fn a_queue_never_runs_two_jobs_at_once_however_many_workers_there_are() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let order: Arc<Mutex<Vec<i64>>> = Arc::default();
        let at_once = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let start = || {
            let (order, at_once, most) = (order.clone(), at_once.clone(), most.clone());
            AtWork::start(&fixture.database, 4, move |job| {
                let (order, at_once, most) = (order.clone(), at_once.clone(), most.clone());
                async move {
                    most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    order.lock().await.push(job.payload["number"].as_i64().unwrap());
                    tokio::task::yield_now().await;
                    at_once.fetch_sub(1, Ordering::SeqCst);
                    Ok(())
                }
            })
        };
        let tx = fixture.database.tenant(acme).await.unwrap();
        for number in 0..40 {
            let queue = Some("till".to_owned());
            let job = NewJob { queue, ..errand(&json!({ "number": number })) };
            tx.enqueue(&job).await.unwrap();
        }
        tx.commit().await.unwrap();
        let workers = [start(), start()];
        until_empty(fixture).await;
        for worker in workers {
            worker.stop().await;
        }
        assert_eq!(most.load(Ordering::SeqCst), 1);
        let expected: Vec<i64> = (0..40).collect();
        assert_eq!(*order.lock().await, expected, "in the order they were put");
    })
    .await;
}

#[tokio::test]
async fn a_job_that_fails_is_tried_again_until_it_is_a_dead_letter() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = tries.clone();
        let worker = AtWork::start(&fixture.database, 2, move |job| {
            counted.fetch_add(1, Ordering::SeqCst);
            async move {
                assert_eq!(job.is_last, job.attempt == 3);
                Err(stumble(&format!("attempt {}: the till is closed", job.attempt)))
            }
        });
        let job_id = put(fixture, acme, &errand(&json!({}))).await;
        let dead = in_state(fixture, job_id, "dead").await;
        assert_eq!((dead.attempts, tries.load(Ordering::SeqCst)), (3, 3));
        wait_for("the last reason", DEADLINE, async || {
            let last_error = in_state(fixture, job_id, "dead").await.last_error;
            last_error.as_deref() == Some("attempt 3: the till is closed")
        })
        .await
        .unwrap();
        worker.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_job_that_cannot_succeed_is_a_dead_letter_at_once_and_a_panic_is_a_failure() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let worker = AtWork::start(&fixture.database, 2, move |job| async move {
            if job.payload["panics"] == true {
                panic!("this job panics on purpose");
            }
            Err(JobFailure { reason: "no such integration".to_owned(), again: Again::Never })
        });
        let hopeless = put(fixture, acme, &errand(&json!({}))).await;
        let dead = in_state(fixture, hopeless, "dead").await;
        assert_eq!(dead.last_error.as_deref(), Some("no such integration"));
        let panicking =
            put(fixture, acme, &NewJob { max_attempts: 1, ..errand(&json!({ "panics": true })) })
                .await;
        let dead = in_state(fixture, panicking, "dead").await;
        assert!(dead.last_error.unwrap().contains("panics on purpose"));
        assert!(worker.is_at_work());
        worker.stop().await;
    })
    .await;
}

#[tokio::test]
async fn of_dead_letters_that_say_the_same_the_newest_is_kept() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let worker = AtWork::start(&fixture.database, 1, move |job| async move {
            Err(JobFailure { reason: job.payload["why"].to_string(), again: Again::Never })
        });
        let mut ids = Vec::new();
        for why in ["not granted", "not granted", "gone", "not granted"] {
            ids.push(put(fixture, acme, &errand(&json!({ "why": why }))).await);
            in_state(fixture, *ids.last().unwrap(), "dead").await;
        }
        // Of another tenant the same words say something else.
        let globex = tenant(fixture, "globex").await;
        ids.push(put(fixture, globex, &errand(&json!({ "why": "not granted" }))).await);
        in_state(fixture, ids[4], "dead").await;
        let mut left: Vec<i64> = jobs(fixture).await.iter().map(|job| job.job_id).collect();
        left.sort_unstable();
        assert_eq!(left, ids[2..]);
        worker.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_failed_job_waits_between_half_of_its_delay_and_all_of_it() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let worker = AtWork::start(&fixture.database, 2, move |_| async move {
            let again = Again::After(std::time::Duration::from_secs(7_200));
            Err(JobFailure { reason: "later".to_owned(), again })
        });
        let mut delays = Vec::new();
        for _ in 0..5 {
            let job_id = put(fixture, acme, &errand(&json!({}))).await;
            wait_for("the job to be put off", DEADLINE, async || {
                let job = in_state(fixture, job_id, "retrying").await;
                let delay = job.run_at.unwrap().duration_since(job.created_at.unwrap());
                delay.as_secs() >= 3_600
            })
            .await
            .unwrap();
            let job = in_state(fixture, job_id, "retrying").await;
            delays.push(job.run_at.unwrap().duration_since(job.created_at.unwrap()).as_secs());
        }
        // The job ran a moment after it was put.
        assert!(delays.iter().all(|delay| (3_600..=7_260).contains(delay)), "{delays:?}");
        let first = delays[0];
        assert!(delays.iter().any(|delay| *delay != first), "{delays:?}");
        worker.stop().await;
    })
    .await;
}

/// Ends the session that says that the worker of a job lives, as the death of its process would.
async fn end_session(fixture: &Fixture, job_id: i64) {
    let row = fixture
        .superuser()
        .await
        .query_one(
            "select count(pg_terminate_backend(pid))
             from shelfops_queue._private_jobs as job
             join pg_locks on locktype = 'advisory'
                 and (classid::bigint << 32 | objid::bigint) = shelfops.worker_lock(job.locked_by)
             where job.id = $1
                 and database = (select oid from pg_database where datname = current_database())",
            &[&job_id],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 1, "one session holds the lock");
}

#[tokio::test]
async fn a_job_of_a_worker_whose_session_is_gone_is_taken_by_another_and_done_once() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let gate = Arc::new(Semaphore::new(0));
        let stuck = Arc::new(AtomicUsize::new(0));
        let done: Arc<Mutex<Vec<(i64, i16)>>> = Arc::default();
        let first = {
            let (gate, stuck) = (gate.clone(), stuck.clone());
            AtWork::start(&fixture.database, 1, move |_| {
                let (gate, stuck) = (gate.clone(), stuck.clone());
                async move {
                    stuck.fetch_add(1, Ordering::SeqCst);
                    gate.acquire().await.unwrap().forget();
                    Ok(())
                }
            })
        };
        let of_till = || NewJob { queue: Some("till".to_owned()), ..errand(&json!({})) };
        let job_id = put(fixture, acme, &of_till()).await;
        in_state(fixture, job_id, "running").await;
        let next = put(fixture, acme, &of_till()).await;
        // It must not take the job again itself when it is back.
        first.ask_to_stop().await;
        end_session(fixture, job_id).await;
        let second = {
            let done = done.clone();
            AtWork::start(&fixture.database, 1, move |job| {
                let done = done.clone();
                async move {
                    done.lock().await.push((job.job_id, job.attempt));
                    Ok(())
                }
            })
        };
        until_empty(fixture).await;
        gate.add_permits(9);
        first.stop().await;
        second.stop().await;
        assert_eq!(stuck.load(Ordering::SeqCst), 1);
        // The lost attempt counts, and the job keeps its place in its queue.
        assert_eq!(*done.lock().await, [(job_id, 2), (next, 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_kills_its_workers_becomes_a_dead_letter() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        let worker = AtWork::start(&fixture.database, 1, move |_| {
            let gate = held.clone();
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(())
            }
        });
        let job_id = put(fixture, acme, &NewJob { max_attempts: 1, ..errand(&json!({})) }).await;
        in_state(fixture, job_id, "running").await;
        end_session(fixture, job_id).await;
        // As another worker would; the session takes a moment to end. The worker that lost it may come
        // back and give it back before.
        let other = fixture.superuser().await;
        wait_for("the job to be given back", DEADLINE, async || {
            other.query_one("select shelfops.free_lost_jobs('')", &[]).await.unwrap();
            jobs(fixture).await.iter().all(|job| job.state != "running")
        })
        .await
        .unwrap();
        let dead = in_state(fixture, job_id, "dead").await;
        assert_eq!(dead.last_error.as_deref(), Some("the worker that ran it is gone"));
        // When it comes to an end after all, the letter stays: others may have acted on it. The worker
        // is back for the next.
        gate.add_permits(2);
        put(fixture, acme, &errand(&json!({}))).await;
        wait_for("the next job", DEADLINE, async || jobs(fixture).await.len() == 1).await.unwrap();
        in_state(fixture, job_id, "dead").await;
        worker.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_worker_survives_the_loss_of_all_its_connections() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let done = Arc::new(AtomicUsize::new(0));
        let counted = done.clone();
        let worker = AtWork::start(&fixture.database, 2, move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        });
        put(fixture, acme, &errand(&json!({}))).await;
        until_empty(fixture).await;
        let all = "select pg_terminate_backend(pid) from pg_stat_activity
                   where datname = current_database() and pid <> pg_backend_pid()";
        fixture.superuser().await.batch_execute(all).await.unwrap();
        // A connection that was ended may be handed out once more before that is seen.
        wait_for("the server to answer again", DEADLINE, async || {
            let Ok(tx) = fixture.database.tenant(acme).await else { return false };
            tx.enqueue(&errand(&json!({}))).await.is_ok() && tx.commit().await.is_ok()
        })
        .await
        .unwrap();
        wait_for("the second job", DEADLINE, async || done.load(Ordering::SeqCst) == 2)
            .await
            .unwrap();
        worker.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_is_stopped_takes_no_new_job_and_ends_the_one_it_has() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        let worker = AtWork::start(&fixture.database, 1, move |_| {
            let gate = held.clone();
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(())
            }
        });
        let first = put(fixture, acme, &errand(&json!({}))).await;
        in_state(fixture, first, "running").await;
        let second = put(fixture, acme, &errand(&json!({}))).await;
        worker.ask_to_stop().await;
        gate.add_permits(2);
        worker.stop().await;
        let left = jobs(fixture).await;
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!((left[0].job_id, left[0].attempts), (second, 0));
    })
    .await;
}
