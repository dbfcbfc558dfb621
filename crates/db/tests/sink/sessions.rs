//! What a batch leaves in its session, which the next tenant may get.

use jiff::tz::TimeZone;
use shelfops_db::models::NewTenant;
use shelfops_ingest::Stream;
use shelfops_ingest::values::Currency;

use super::desk::{Desk, How, sale};
use super::memory_source::Told;
use crate::fixture::on_every_engine;

/// How many sessions a pool hands out at once here.
const SESSIONS: usize = 8;

/// What a batch may be staged in, and matched.
const TABLES: [&str; 2] = ["matched_transactions", "staged_transactions"];

/// Small batches whose deleted rows would fill the tables, were they never truncated.
const BATCHES: usize = 12;

/// In batches of each size that is emptied in its own way.
const SIZES: [u32; 2] = [200, 5_000];

fn lines(number: usize) -> Vec<Told> {
    (0..number)
        .map(|line| {
            let at = format!("2026-04-0{}T{:02}:{:02}:00Z", 6 + line % 4, line % 24, line % 60);
            sale(&format!("l{line}"), "s1", "p1", &at)
        })
        .collect()
}

#[tokio::test]
async fn a_batch_leaves_none_of_its_records_in_a_session_that_another_tenant_gets() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "alfa", "UTC").await;
        desk.stock().await;
        for size in SIZES {
            let how = How::from(&format!("by {size}")).split(size, 200).of_system();
            let told = lines(BATCHES * 200);
            // Twice, so that what is known is matched as well.
            desk.load(Stream::Transactions, &told, &how).await;
            let again = How { origin: format!("{size} again"), ..how };
            desk.load(Stream::Transactions, &told, &again).await;
        }
        let bravo = fixture
            .database
            .add_tenant(&NewTenant {
                slug: "bravo".to_owned(),
                name: "bravo".to_owned(),
                currency: Currency::parse("EUR").unwrap(),
                time_zone: TimeZone::UTC,
            })
            .await
            .unwrap();
        let mut readers = Vec::new();
        for _ in 0..SESSIONS {
            let tx = fixture.database.tenant(bravo.customer_id).await.unwrap();
            readers.push(tx.into_reader().await.unwrap());
        }
        let mut seen = std::collections::BTreeSet::new();
        for reader in &readers {
            for table in TABLES {
                if is_there_and_empty(reader.client(), table).await {
                    seen.insert(table);
                }
            }
        }
        assert_eq!(seen, TABLES.into(), "each is in one of the sessions");
    })
    .await;
}

/// Answers whether the session has the table, which must be empty.
async fn is_there_and_empty(client: &tokio_postgres::Client, table: &str) -> bool {
    let sql = "select to_regclass('pg_temp.' || $1) is not null";
    let is_there: bool = client.query_one(sql, &[&table]).await.unwrap().get(0);
    if !is_there {
        return false;
    }
    let sql = format!("select count(*), pg_relation_size('pg_temp.{table}') from pg_temp.{table}");
    let row = client.query_one(&sql, &[]).await.unwrap();
    let (rows, bytes): (i64, i64) = (row.get(0), row.get(1));
    assert_eq!(rows, 0, "{table}");
    assert!(bytes < 1 << 20, "{table} keeps {bytes} bytes of deleted rows");
    true
}
