//! Schedules: due once, whoever asks; never while paused; one run for many missed times.

use jiff::{Timestamp, ToSpan};
use shelfops_db::models::{NewSchedule, Rhythm, Schedule, ScheduleChange};
use shelfops_ingest::CustomerId;
use uuid::Uuid;

use super::hands::{AtWork, clerk, jobs, tenant};
use crate::fixture::{Fixture, on_every_engine};

fn every(seconds: i32) -> NewSchedule {
    NewSchedule {
        kind: "errand",
        integration_id: None,
        stream: Some("transactions".to_owned()),
        rhythm: Rhythm::Every { seconds },
        starts_now: true,
    }
}

async fn add(fixture: &Fixture, customer_id: CustomerId, new: &NewSchedule) -> bool {
    let tx = fixture.database.tenant(customer_id).await.unwrap();
    let is_added = tx.add_schedule(new).await.unwrap();
    tx.commit().await.unwrap();
    is_added
}

async fn list(fixture: &Fixture, customer_id: CustomerId) -> Vec<Schedule> {
    fixture.database.tenant(customer_id).await.unwrap().schedules().await.unwrap()
}

/// Lets the upkeep of the whole database rest: it is due in every new database.
async fn without_upkeep(fixture: &Fixture) {
    fixture
        .superuser()
        .await
        .batch_execute("update shelfops.upkeep_schedules set is_paused = true")
        .await
        .unwrap();
}

async fn tick(fixture: &Fixture) -> usize {
    fixture.database.enqueue_due(clerk().as_ref()).await.unwrap()
}

async fn make_due(fixture: &Fixture, customer_id: CustomerId, schedule_id: Uuid) {
    let tx = fixture.database.tenant(customer_id).await.unwrap();
    let long_ago = Timestamp::now() - 240.hours();
    assert!(tx.set_next_due(schedule_id, long_ago).await.unwrap());
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_is_due_is_put_once_and_next_on_its_grid() {
    on_every_engine(async |fixture| {
        without_upkeep(fixture).await;
        let acme = tenant(fixture, "acme").await;
        // So seldom that no time of its grid comes meanwhile.
        assert!(add(fixture, acme, &every(86_400)).await);
        assert!(!add(fixture, acme, &every(600)).await, "there is one already");
        assert_eq!(tick(fixture).await, 1);
        assert_eq!(tick(fixture).await, 0);
        let put = jobs(fixture).await;
        assert_eq!(put.len(), 1);
        assert_eq!(put[0].customer_id, Some(acme));
        let schedule = &list(fixture, acme).await[0];
        let next = schedule.next_due_at.unwrap();
        let last = schedule.last_enqueued_at.unwrap();
        assert!(next > last && next <= last + 86_400.seconds(), "{schedule:?}");

        // Ten days late: one run makes up for all, and the grid stays where it was.
        make_due(fixture, acme, schedule.schedule_id).await;
        assert_eq!(tick(fixture).await, 1);
        assert_eq!(jobs(fixture).await.len(), 1, "the first waits still");
        let later = list(fixture, acme).await[0].next_due_at.unwrap();
        assert_eq!((later.as_second() - next.as_second()) % 86_400, 0);
    })
    .await;
}

#[tokio::test]
async fn two_workers_that_look_at_the_same_time_put_no_job_twice() {
    on_every_engine(async |fixture| {
        without_upkeep(fixture).await;
        let acme = tenant(fixture, "acme").await;
        let bravo = tenant(fixture, "bravo").await;
        for customer_id in [acme, bravo] {
            add(fixture, customer_id, &every(86_400)).await;
        }
        for _ in 0..10 {
            for customer_id in [acme, bravo] {
                let schedule_id = list(fixture, customer_id).await[0].schedule_id;
                make_due(fixture, customer_id, schedule_id).await;
            }
            let before = revisions(fixture).await;
            let clerk = clerk();
            let database = &fixture.database;
            let (one, other) = tokio::join!(
                database.enqueue_due(clerk.as_ref()),
                database.enqueue_due(clerk.as_ref())
            );
            assert_eq!(one.unwrap() + other.unwrap(), 2);
            assert_eq!(revisions(fixture).await, before.max(2));
        }
        assert_eq!(jobs(fixture).await.len(), 2);
    })
    .await;
}

/// Counts the jobs that were ever made or changed.
async fn revisions(fixture: &Fixture) -> i64 {
    let count = "select coalesce(sum(revision + 1), 0)::bigint from shelfops_queue._private_jobs";
    fixture.superuser().await.query_one(count, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_schedule_that_is_paused_or_whose_integration_is_puts_nothing() {
    on_every_engine(async |fixture| {
        without_upkeep(fixture).await;
        let acme = tenant(fixture, "acme").await;
        let integration_id = Uuid::now_v7();
        fixture
            .superuser()
            .await
            .execute(
                "insert into integrations (customer_id, integration_id, source, connector, status)
                 values ($1, $2, 'till', 'square', 'paused')",
                &[&acme.as_uuid(), &integration_id],
            )
            .await
            .unwrap();
        add(fixture, acme, &every(300)).await;
        add(fixture, acme, &NewSchedule { integration_id: Some(integration_id), ..every(300) })
            .await;
        let tx = fixture.database.tenant(acme).await.unwrap();
        let own = list(fixture, acme).await[0].schedule_id;
        let pause = ScheduleChange { is_paused: Some(true), rhythm: None };
        assert!(tx.change_schedule(own, pause).await.unwrap());
        assert!(!tx.change_schedule(Uuid::now_v7(), pause).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(tick(fixture).await, 0);

        fixture
            .superuser()
            .await
            .batch_execute("update integrations set status = 'active'")
            .await
            .unwrap();
        let tx = fixture.database.tenant(acme).await.unwrap();
        let resume = ScheduleChange { is_paused: Some(false), rhythm: None };
        assert!(tx.change_schedule(own, resume).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(tick(fixture).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_daily_time_is_the_tenants_and_a_change_of_rhythm_moves_the_next_time() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        let at = jiff::civil::time(4, 0, 0, 0);
        let daily = NewSchedule { rhythm: Rhythm::DailyAt(at), starts_now: false, ..every(300) };
        add(fixture, acme, &daily).await;
        let schedule = list(fixture, acme).await.remove(0);
        assert_eq!(schedule.daily_at.as_deref(), Some("04:00"));
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
        let next = schedule.next_due_at.unwrap();
        let local = zone.to_datetime(next);
        assert!(local.hour() == 4 && local.minute() < 30, "{local}");
        assert!(next > Timestamp::now() && next < Timestamp::now() + 26.hours());

        let tx = fixture.database.tenant(acme).await.unwrap();
        let change =
            ScheduleChange { rhythm: Some(Rhythm::Every { seconds: 600 }), is_paused: None };
        assert!(tx.change_schedule(schedule.schedule_id, change).await.unwrap());
        tx.commit().await.unwrap();
        let changed = &list(fixture, acme).await[0];
        assert_eq!((changed.every_seconds, changed.daily_at.as_deref()), (600, None));
        assert!(changed.next_due_at.unwrap() <= Timestamp::now() + 600.seconds());
    })
    .await;
}

#[tokio::test]
async fn schedules_of_the_same_rhythm_are_spread_over_it() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        let spread =
            "select count(distinct due), min(due) > now(), max(due) <= now() + interval '5 min'
                      from generate_series(1, 200) as number,
                          shelfops.next_due('schedule ' || number, 300, null, 'UTC', now()) as due";
        let row = client.query_one(spread, &[]).await.unwrap();
        assert!(row.get::<_, i64>(0) > 100, "{} seconds", row.get::<_, i64>(0));
        assert!(row.get::<_, bool>(1) && row.get::<_, bool>(2));
        // Whatever the clocks do, the next time is ahead, and no two days apart.
        let clocks = "select count(*) from generate_series(
                          timestamptz '2026-01-01', '2027-01-01', '37 minutes') as moment,
                          lateral (select shelfops.next_due(
                              'x', 86400, '02:30', 'Europe/Berlin', moment) as due) as told
                      where due <= moment or due > moment + interval '26 hours'";
        assert_eq!(client.query_one(clocks, &[]).await.unwrap().get::<_, i64>(0), 0);
    })
    .await;
}

#[tokio::test]
async fn a_worker_puts_what_is_due_and_does_it() {
    on_every_engine(async |fixture| {
        let acme = tenant(fixture, "acme").await;
        add(fixture, acme, &every(86_400)).await;
        let (told, mut heard) = tokio::sync::mpsc::channel(16);
        let start = || {
            let told = told.clone();
            AtWork::start(&fixture.database, 2, move |job| {
                told.try_send(job.payload["stream"].as_str().unwrap_or_default().to_owned())
                    .unwrap();
                async { Ok(()) }
            })
        };
        let workers = [start(), start()];
        assert_eq!(heard.recv().await.unwrap(), "transactions");
        for worker in workers {
            worker.stop().await;
        }
        drop(told);
        assert_eq!(heard.recv().await, None, "nothing was put twice");
    })
    .await;
}
