//! Orders that are told whole: what is no longer among their lines is a void.

use shelfops_ingest::Stream;

use super::desk::{Desk, How, sale};
use super::memory_source::Told;
use super::snapshots::{assert_rollups_exact, storage};
use crate::fixture::{Fixture, on_every_engine};

const AT: &str = "2026-03-02T10:00:00Z";

/// Tells an order of some version whole: its lines by their ids, which begin with the order's.
fn order(version: u8, ids: &[&str]) -> Vec<Told> {
    let line = |id: &&str| {
        sale(&format!("o1/{id}"), "s1", "p1", AT)
            .with("updated_at", format!("2026-03-02T1{version}:00:00Z"))
            .with("order_lines", ids.len())
    };
    ids.iter().map(line).collect()
}

/// Loads records as a system tells them; returns each line with what it is.
async fn after(fixture: &Fixture, desk: &Desk, told: &[Told], how: &How) -> Vec<String> {
    desk.load(Stream::Transactions, told, how).await;
    assert_rollups_exact(fixture, desk).await;
    let client = fixture.superuser().await;
    let sql = format!(
        "select replace(external_id, 'o1/', '') || ' ' || transaction_type from {}
         where customer_id = $1 order by external_id",
        storage(&client, "transactions").await
    );
    let rows = client.query(&sql, &[&desk.customer_id.as_uuid()]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_line_that_was_taken_off_its_order_becomes_a_void_and_may_come_back() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let how = |origin| How::from(origin).of_system();
        let after = async |told: &[Told], origin| after(fixture, &desk, told, &how(origin)).await;
        let other = sale("z", "s1", "p1", AT).with("order_id", "o2");
        let mut told = order(1, &["a", "b", "c"]);
        told.push(other);
        assert_eq!(after(&told, "1").await, ["a sale", "b sale", "c sale", "z sale"]);
        let without_b = order(2, &["a", "c"]);
        assert_eq!(after(&without_b, "2").await, ["a sale", "b void", "c sale", "z sale"]);
        // An older version is late, and says nothing of what is.
        assert_eq!(after(&told[..3], "3").await, ["a sale", "b void", "c sale", "z sale"]);
        let again = order(3, &["b", "c"]);
        assert_eq!(after(&again, "4").await, ["a void", "b sale", "c sale", "z sale"]);
        // All of its lines are others.
        let others = order(4, &["d"]);
        let expected = ["a void", "b void", "c void", "d sale", "z sale"];
        assert_eq!(after(&others, "5").await, expected);
    })
    .await;
}

#[tokio::test]
async fn two_versions_in_one_batch_leave_the_newer_ones_lines() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        // The week is there already, so that the lines are staged.
        desk.load(
            Stream::Transactions,
            &[sale("z", "s1", "p1", AT).with("order_id", "o2")],
            &How::from("0").of_system(),
        )
        .await;
        let both = [order(1, &["a", "b"]), order(2, &["a"])].concat();
        let found = after(fixture, &desk, &both, &How::from("1").of_system()).await;
        assert_eq!(found, ["a sale", "b void", "z sale"]);
    })
    .await;
}

#[tokio::test]
async fn an_order_that_is_not_whole_in_its_batch_takes_nothing_off() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let first = order(1, &["a", "b", "c"]);
        let how = |origin| How::from(origin).of_system();
        let sold = ["a sale", "b sale", "c sale"];
        assert_eq!(after(fixture, &desk, &first, &how("1")).await, sold);
        // One line waits for its product.
        let mut refused = order(2, &["a", "b", "c"]);
        refused[1] = refused[1].clone().with("product", "unknown");
        assert_eq!(after(fixture, &desk, &refused, &how("2")).await, sold);
        // One line a batch.
        let split = how("3").split(1, 1);
        assert_eq!(after(fixture, &desk, &order(3, &["a", "b", "c"]), &split).await, sold);
        // Files do not tell whole orders.
        let file = How::from("4");
        assert_eq!(after(fixture, &desk, &order(4, &["a"]), &file).await, sold);
    })
    .await;
}
