//! Records that were loaded before: newer, older, the same, and contradicting.

use shelfops_ingest::Stream;

use super::desk::{Desk, How, count, sale};
use super::memory_source::Told;
use super::snapshots::{assert_rollups_exact, exactly};
use crate::fixture::{Fixture, on_every_engine};

const AT: &str = "2026-03-02T10:00:00Z";

fn line(version: Option<&str>, quantity: &str) -> Told {
    let line = sale("a", "s1", "p1", AT).with("quantity", quantity);
    match version {
        Some(version) => line.with("updated_at", version),
        None => line,
    }
}

async fn quantity(fixture: &Fixture, desk: &Desk) -> String {
    let client = fixture.superuser().await;
    let storage = super::snapshots::storage(&client, "transactions").await;
    let sql = format!("select trim_scale(quantity)::text from {storage} where customer_id = $1");
    client.query_one(&sql, &[&desk.customer_id.as_uuid()]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_newer_version_replaces_the_row_and_an_older_one_never_does() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let (v1, v2, v3) = (
            Some("2026-03-02T11:00:00Z"),
            Some("2026-03-02T12:00:00Z"),
            Some("2026-03-03T00:00:00Z"),
        );
        let steps = [
            (line(None, "1"), (1, 0, 0, 0), "1"),
            (line(None, "1"), (0, 0, 1, 0), "1"),
            // The same version that says something else: nobody knows which is right.
            (line(None, "2"), (0, 0, 0, 1), "1"),
            // A version where there was none is newer.
            (line(v2, "3"), (0, 1, 0, 0), "3"),
            (line(v1, "4"), (0, 0, 1, 0), "3"),
            (line(None, "5"), (0, 0, 1, 0), "3"),
            (line(v2, "3"), (0, 0, 1, 0), "3"),
            (line(v2, "6"), (0, 0, 0, 1), "3"),
            // Newer and the same: the version is kept, so that one between the two changes nothing.
            (line(v3, "3"), (0, 1, 0, 0), "3"),
            (line(Some("2026-03-02T18:00:00Z"), "7"), (0, 0, 1, 0), "3"),
        ];
        for (number, (told, expected, now)) in steps.into_iter().enumerate() {
            let how = How::from(&format!("file {number}"));
            let totals = desk.load(Stream::Transactions, &[told], &how).await;
            let found =
                (totals.inserted, totals.updated, totals.unchanged, totals.quarantined_count());
            assert_eq!(found, expected, "step {number}");
            assert_eq!(quantity(fixture, &desk).await, now, "step {number}");
            assert_rollups_exact(fixture, &desk).await;
        }
        let waiting = desk.waiting().await;
        assert_eq!(waiting.len(), 2);
        for kept in waiting {
            assert_eq!(kept.rule, "duplicate-in-table");
            assert!(
                kept.reason.contains("was loaded before as 1 units for 2.5")
                    || kept.reason.contains("was loaded before as 3 units for 2.5"),
                "{}",
                kept.reason
            );
            assert_eq!(kept.raw["external_id"], "a");
            assert_eq!(kept.record_number, 1);
        }
    })
    .await;
}

#[tokio::test]
async fn the_same_line_by_another_clock_is_refused_and_an_id_that_is_used_again_is_not() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let at = |at: &str| sale("a", "s1", "p1", at).with("quantity", "1");
        desk.load(Stream::Transactions, &[at("2026-03-02T00:10:20Z")], &How::from("first")).await;
        for (moment, quantity, is_refused) in [
            // Read by the clocks of New York and of Kathmandu, the first into the week before.
            ("2026-03-01T19:10:20Z", "1", true),
            ("2026-03-02T05:55:20Z", "1", true),
            // The farthest apart that two clocks are, and farther.
            ("2026-03-03T02:10:20Z", "1", true),
            ("2026-03-03T02:25:20Z", "1", false),
            // Another sale of the same number: another minute, another quantity.
            ("2026-03-02T05:56:20Z", "1", false),
            ("2026-03-02T02:10:20Z", "2", false),
        ] {
            let line = at(moment).with("quantity", quantity);
            let totals = desk.load(Stream::Transactions, &[line], &How::from(moment)).await;
            let found = (totals.inserted, totals.quarantined_count());
            let expected = if is_refused { (0, 1) } else { (1, 0) };
            assert_eq!(found, expected, "{moment} {quantity}");
        }
        for kept in desk.waiting().await {
            assert_eq!(kept.rule, "duplicate-in-table");
            assert!(kept.reason.contains("another clock"), "{}", kept.reason);
        }
        // And the line itself, once more, is just known.
        let line = [at("2026-03-02T00:10:20Z")];
        let again = desk.load(Stream::Transactions, &line, &How::from("again")).await;
        assert_eq!(again.unchanged, 1);
        assert_rollups_exact(fixture, &desk).await;
    })
    .await;
}

#[tokio::test]
async fn a_correction_moves_a_line_to_another_store_product_type_and_currency() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        // Noise around it, so that totals are sums.
        let noise: Vec<Told> = (0..20)
            .map(|number| sale(&format!("n{number}"), ["s1", "s2"][number % 2], "p2", AT))
            .collect();
        desk.load(Stream::Transactions, &noise, &How::from("noise")).await;
        let mut told = line(None, "4").with("total_amount", "10.00").with("tax_amount", "1.00");
        let changes = [
            ("store", "s2"),
            ("transaction_type", "return"),
            ("currency", "USD"),
            ("product", "p3"),
            ("total_amount", "12.00"),
            ("tax_amount", "2.00"),
            ("discount_amount", "0.50"),
            ("transaction_type", "void"),
            ("transaction_type", "exchange"),
            ("transaction_type", "sale"),
            ("store", "s1"),
        ];
        desk.load(Stream::Transactions, std::slice::from_ref(&told), &How::from("first")).await;
        for (number, (field, value)) in changes.into_iter().enumerate() {
            let version = format!("2026-03-03T{number:02}:00:00Z");
            told = told.with(field, value).with("updated_at", version);
            let how = How::from(&format!("change {number}"));
            let totals = desk.load(Stream::Transactions, std::slice::from_ref(&told), &how).await;
            assert_eq!(totals.updated, 1, "{field} {value}");
            assert_rollups_exact(fixture, &desk).await;
        }
    })
    .await;
}

#[tokio::test]
async fn versions_within_a_batch_count_as_if_they_came_one_by_one() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let told = [
            line(Some("2026-03-02T11:00:00Z"), "1"),
            line(Some("2026-03-02T12:00:00Z"), "2"),
            line(Some("2026-03-02T11:30:00Z"), "3"),
            line(Some("2026-03-02T12:00:00Z"), "4"),
            line(Some("2026-03-02T13:00:00Z"), "5"),
        ];
        for (number, block) in [1, 2, 5].into_iter().enumerate() {
            let desk = Desk::open(fixture, &format!("shop-{number}"), "UTC").await;
            desk.stock().await;
            let how = How::from("file").split(100, block);
            let totals = desk.load(Stream::Transactions, &told, &how).await;
            assert_eq!((totals.inserted, totals.unchanged, totals.quarantined_count()), (1, 3, 1));
            assert_eq!(quantity(fixture, &desk).await, "5");
            assert_rollups_exact(fixture, &desk).await;
        }
    })
    .await;
}

#[tokio::test]
async fn versions_of_a_record_that_waits_for_a_reference_are_counted_once() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let unknown = |version: &str| {
            line(Some(version), "1")
                .with("product", "unheard-of")
                .with("total_amount", &version[14..16])
        };
        let told = [unknown("2026-03-02T11:01:00Z"), unknown("2026-03-02T12:02:00Z")];
        for (number, block) in [1, 2].into_iter().enumerate() {
            let how = How::from(&format!("file {number}")).split(100, block);
            let totals = desk.load(Stream::Transactions, &told, &how).await;
            assert_eq!((totals.read, totals.unchanged, totals.quarantined_count()), (2, 1, 1));
        }
        // The newest is what waits.
        let waiting = desk.waiting().await;
        assert_eq!(waiting.len(), 2);
        assert!(waiting.iter().all(|kept| kept.raw["total_amount"] == "02"), "{waiting:?}");
    })
    .await;
}

#[tokio::test]
async fn versions_of_records_that_wait_are_counted_once_among_many() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        // So many that quarantine is written before the batch ends.
        let told: Vec<Told> = (0..5_100)
            .map(|number| sale(&number.to_string(), "s1", "unheard-of", AT).with("updated_at", AT))
            .collect();
        let newer =
            told[..10].iter().map(|line| line.clone().with("updated_at", "2026-03-02T11:00:00Z"));
        let told: Vec<Told> = told.iter().cloned().chain(newer).collect();
        let totals =
            desk.load(Stream::Transactions, &told, &How::from("file").split(10_000, 1_000)).await;
        assert_eq!((totals.unchanged, totals.quarantined["known-product"]), (10, 5_100));
        let client = fixture.superuser().await;
        let sql = "select count(*), min(record_number), max(record_number) from quarantined_records
                   where customer_id = $1";
        let row = client.query_one(sql, &[&desk.customer_id.as_uuid()]).await.unwrap();
        let found = [0, 1, 2].map(|column| row.get::<_, i64>(column));
        assert_eq!(found, [5_100, 11, 5_110]);
    })
    .await;
}

#[tokio::test]
async fn a_count_of_the_same_moment_is_never_replaced() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let told = count("s1", "p1", AT);
        desk.load(Stream::Inventory, std::slice::from_ref(&told), &How::from("first")).await;
        let before = exactly(fixture, &desk).await;
        for (number, other) in [
            told.clone().with("quantity_on_hand", 6),
            told.clone().with("quantity_reserved", 1),
            told.clone().with("quantity_on_order", 1),
        ]
        .iter()
        .enumerate()
        {
            let how = How::from(&format!("other {number}"));
            let totals = desk.load(Stream::Inventory, std::slice::from_ref(other), &how).await;
            assert_eq!(totals.quarantined.get("duplicate-in-table"), Some(&1), "{totals:?}");
        }
        assert_eq!(
            exactly(fixture, &desk)
                .await
                .iter()
                .filter(|it| !it.starts_with("quar"))
                .collect::<Vec<_>>(),
            before.iter().collect::<Vec<_>>()
        );
        // Written otherwise, it is the same.
        let same = told.with("quantity_on_hand", "5.0").with("quantity_reserved", "0");
        let totals = desk.load(Stream::Inventory, &[same], &How::from("same")).await;
        assert_eq!(totals.unchanged, 1);
    })
    .await;
}

#[tokio::test]
async fn rows_in_compressed_chunks_are_found_replaced_and_added_to() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let lines: Vec<Told> = (0..30)
            .map(|number| {
                sale(&format!("l{number}"), ["s1", "s2"][number % 2], "p1", AT)
                    .with("updated_at", "2026-03-02T11:00:00Z")
            })
            .collect();
        let counts: Vec<Told> =
            (10..20).map(|hour| count("s1", "p1", &format!("2026-03-02T{hour}:00:00Z"))).collect();
        desk.load(Stream::Transactions, &lines, &How::from("lines")).await;
        desk.load(Stream::Inventory, &counts, &How::from("counts")).await;
        let client = fixture.superuser().await;
        let compress = "select sum(shelfops.compress_chunks(series, '2026-12-01'))
                        from unnest(array['transactions', 'inventory_levels']) as series";
        let compressed: i64 = client.query_one(compress, &[]).await.unwrap().get(0);
        assert_eq!(compressed > 0, fixture.engine == shelfops_db::Engine::Timescale);
        let again = desk.load(Stream::Transactions, &lines, &How::from("lines again")).await;
        assert_eq!(again.unchanged, 30);
        let again = desk.load(Stream::Inventory, &counts, &How::from("counts again")).await;
        assert_eq!(again.unchanged, 10);
        let changed: Vec<Told> = lines[..5]
            .iter()
            .map(|told| {
                told.clone()
                    .with("quantity", 9)
                    .with("store", "s2")
                    .with("updated_at", "2026-03-02T12:00:00Z")
            })
            .chain([sale("new", "s1", "p2", AT), lines[7].clone().with("quantity", 3)])
            .collect();
        let totals = desk.load(Stream::Transactions, &changed, &How::from("changes")).await;
        assert_eq!((totals.inserted, totals.updated, totals.quarantined_count()), (1, 5, 1));
        let newer = [count("s1", "p1", "2026-03-02T21:00:00Z").with("quantity_on_hand", 1)];
        desk.load(Stream::Inventory, &newer, &How::from("newer")).await;
        assert_rollups_exact(fixture, &desk).await;
    })
    .await;
}
