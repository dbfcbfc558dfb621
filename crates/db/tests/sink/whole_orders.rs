//! Orders that are told whole: what is no longer among their lines, or is taken back, is a void.

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

#[tokio::test]
async fn what_waited_while_its_order_was_told_without_it_is_no_sale() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let how = |origin| How::from(origin).of_system();
        let after = async |told: &[Told], how: How| after(fixture, &desk, told, &how).await;
        // Each waits alone: what stood beside it is not kept.
        let waited = |version| order(version, &["a", "b"])[1].clone().without("order_lines");
        let replay = async |version, origin| {
            after(&[waited(version)], How { is_replay: true, ..how(origin) }).await
        };
        assert_eq!(after(&order(2, &["a"]), how("1")).await, ["a sale"]);
        assert_eq!(replay(1, "2").await, ["a sale", "b void"], "taken off while it waited");
        // Of the version that its order is known in, it is a line of it.
        assert_eq!(after(&order(3, &["a"])[..1], how("3")).await, ["a sale", "b void"]);
        assert_eq!(replay(3, "4").await, ["a sale", "b sale"]);
        assert_eq!(replay(1, "5").await, ["a sale", "b sale"], "an older one says nothing");
        assert_eq!(after(&order(4, &["a", "b"]), how("6")).await, ["a sale", "b sale"]);
    })
    .await;
}

/// Takes a line, or an order with all its lines, of some version back.
fn withdrawn(version: u8, id: &str) -> Told {
    let at = format!("2026-03-02T1{version}:00:00Z");
    sale(id, "s1", "p1", AT).with("updated_at", at).withdrawn()
}

#[tokio::test]
async fn an_order_that_lost_its_last_line_leaves_voids_and_may_get_lines_again() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let how = |origin| How::from(origin).of_system();
        let after = async |told: &[Told], origin| after(fixture, &desk, told, &how(origin)).await;
        let mut told = order(1, &["a", "b"]);
        told.push(sale("o2/z", "s1", "p1", AT).with("order_id", "o2"));
        assert_eq!(after(&told, "1").await, ["a sale", "b sale", "o2/z sale"]);
        assert_eq!(after(&[withdrawn(1, "o1")], "2").await, ["a sale", "b sale", "o2/z sale"]);
        let voids = ["a void", "b void", "o2/z sale"];
        for origin in ["3", "4"] {
            assert_eq!(after(&[withdrawn(2, "o1")], origin).await, voids, "as often as it is told");
        }
        assert_eq!(after(&told[..2], "5").await, voids, "an older version is late");
        let again = [order(3, &["b"]), vec![withdrawn(2, "o1")]].concat();
        assert_eq!(after(&again, "6").await, ["a void", "b sale", "o2/z sale"]);
        // With lines and without them in one batch.
        let gone = [order(4, &["a", "b"]), vec![withdrawn(5, "o1")]].concat();
        assert_eq!(after(&gone, "7").await, voids);
        // Of a store that nobody knows, and of no time that is believed.
        let unknown = withdrawn(6, "o2").with("store", "nowhere");
        let late = withdrawn(6, "o2").with("updated_at", "9999-01-01T00:00:00Z");
        assert_eq!(after(&[unknown, late], "8").await, voids);
    })
    .await;
}

#[tokio::test]
async fn a_line_that_is_taken_back_is_a_void_and_where_none_is_known_nothing_comes_of_it() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let how = |origin| How::from(origin).of_system();
        let after = async |told: &[Told], origin| after(fixture, &desk, told, &how(origin)).await;
        let line = |id| sale(id, "s1", "p1", AT).with("transaction_type", "return");
        let told = [line("refund/r1"), line("refund/r11"), line("refund/r2").with("store", "s2")];
        let returns = ["refund/r1 return", "refund/r11 return", "refund/r2 return"];
        assert_eq!(after(&told, "1").await, returns);
        let back = ["refund/r1", "refund/r2", "refund/r3"].map(|id| withdrawn(1, id));
        // One of them is another store's.
        let left = ["refund/r1 void", "refund/r11 return", "refund/r2 return"];
        assert_eq!(after(&back, "2").await, left);
        assert_eq!(after(&told, "3").await, left, "it is told again as it was");
    })
    .await;
}

#[tokio::test]
async fn what_is_taken_back_at_once_may_lie_months_apart_and_be_compressed() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let how = |origin| How::from(origin).of_system();
        let after = async |told: &[Told], origin| after(fixture, &desk, told, &how(origin)).await;
        let at = |told: Told, occurred_at: &str| told.with("occurred_at", occurred_at);
        let old = "2025-11-03T10:00:00Z";
        let sold = [at(sale("a", "s1", "p1", AT), old), sale("b", "s1", "p1", AT)];
        assert_eq!(after(&sold, "1").await, ["a sale", "b sale"]);
        let client = fixture.superuser().await;
        let compress = "select shelfops.compress_chunks('transactions', '2026-01-01')";
        client.execute(compress, &[]).await.unwrap();
        // Of two that take back the same, the later one counts, whichever is told first.
        let back = [
            at(withdrawn(4, "a"), old),
            at(withdrawn(2, "a"), old),
            withdrawn(2, "b"),
            withdrawn(4, "b"),
        ];
        assert_eq!(after(&back, "2").await, ["a void", "b void"]);
        let between = sold.map(|told| told.with("updated_at", "2026-03-02T13:00:00Z"));
        assert_eq!(after(&between, "3").await, ["a void", "b void"]);
    })
    .await;
}
