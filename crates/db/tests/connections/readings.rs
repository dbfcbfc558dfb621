//! Old readings are forgotten: not the last of a stream, and none that something tells of.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shelfops_db::models::{NewRun, RunEnd};
use shelfops_ingest::{CustomerId, SourceName, Stream};
use uuid::Uuid;

use super::standing::connected;
use crate::fixture::{Fixture, on_every_engine};

/// Reads a stream so many days ago, of which so many records were new.
async fn read(fixture: &Fixture, tenant: CustomerId, kind: &'static str, how: (i32, i64)) -> Uuid {
    let (days_ago, new) = how;
    let tx = fixture.database.tenant(tenant).await.unwrap();
    let run = NewRun {
        source: SourceName::parse("square").unwrap(),
        stream: Stream::Transactions,
        kind,
        origin: "orders".to_owned(),
        origin_name: "orders".to_owned(),
        options: json!({}),
    };
    let id = tx.start_run(&run).await.unwrap();
    tx.end_run(id, &RunEnd::Succeeded).await.unwrap();
    tx.commit().await.unwrap();
    let client = fixture.superuser().await;
    let back = "update sync_runs
        set started_at = now() - make_interval(days => $2), read_count = $3, inserted_count = $3,
            finished_at = now() - make_interval(days => $2)
        where sync_run_id = $1";
    assert_eq!(client.execute(back, &[&id, &days_ago, &new]).await.unwrap(), 1);
    id
}

#[tokio::test]
async fn old_readings_are_forgotten_and_those_that_found_nothing_sooner() {
    on_every_engine(async |fixture| {
        let acme = connected(fixture).await;
        let kept_file = read(fixture, acme, "import", (90, 3)).await;
        let refused = read(fixture, acme, "sync", (80, 3)).await;
        for how in [(40, 3), (39, 0), (2, 0)] {
            read(fixture, acme, "sync", how).await;
        }
        let found_some = read(fixture, acme, "sync", (2, 1)).await;
        let last = read(fixture, acme, "sync", (1, 0)).await;
        let client = fixture.superuser().await;
        let refuse = "insert into quarantined_records
                (customer_id, quarantined_record_id, sync_run_id, source, stream, origin, record_number, rule, reason, raw)
            values ($1, gen_random_uuid(), $2, 'square', 'transactions', 'orders', 1, 'a-rule', 'why', '{}')";
        client.execute(refuse, &[&acme.as_uuid(), &refused]).await.unwrap();

        let forget = async || {
            let ago = |days: i64| Timestamp::now() - SignedDuration::from_hours(24 * days);
            let tx = fixture.database.tenant(acme).await.unwrap();
            let forgotten = tx.forget_readings(ago(28), ago(1)).await.unwrap();
            let left = tx.runs(10).await.unwrap();
            tx.commit().await.unwrap();
            (forgotten, left.into_iter().map(|run| run.sync_run_id).collect::<Vec<_>>())
        };
        assert_eq!(forget().await, (3, vec![last, found_some, refused, kept_file]));
        assert_eq!(forget().await.0, 0);
    })
    .await;
}
