//! Stores, products, suppliers and purchase orders: described, and described anew.

use jiff::tz::{Offset, TimeZone};
use shelfops_db::DbError;
use shelfops_db::models::NewTenant;
use shelfops_ingest::Stream;
use shelfops_ingest::values::Currency;

use super::desk::{Desk, How, sale};
use super::memory_source::Told;
use super::snapshots::exactly;
use crate::fixture::{Fixture, on_every_engine};

/// The three kinds of entities: their stream, table, and a text field besides the name.
const ENTITIES: [(Stream, &str, &str); 3] = [
    (Stream::Stores, "stores", "city"),
    (Stream::Products, "products", "brand"),
    (Stream::Suppliers, "suppliers", "email"),
];

/// Returns one column of a tenant's only row in a table.
async fn value(fixture: &Fixture, desk: &Desk, table: &str, column: &str) -> Option<String> {
    let sql = format!("select ({column})::text from {table} where customer_id = $1");
    let client = fixture.superuser().await;
    client.query_one(&sql, &[&desk.customer_id.as_uuid()]).await.unwrap().get(0)
}

async fn load(desk: &Desk, stream: Stream, name: &str, told: Told) -> (u64, u64, u64) {
    let totals = desk.load(stream, &[told], &How::from(name)).await;
    assert_eq!(totals.quarantined_count(), 0, "{totals:?}");
    (totals.inserted, totals.updated, totals.unchanged)
}

#[tokio::test]
async fn a_field_that_the_source_leaves_out_keeps_its_value() {
    on_every_engine(async |fixture| {
        for (stream, table, field) in ENTITIES {
            let desk = Desk::open(fixture, table, "Europe/Berlin").await;
            let told = Told::new(&[("external_id", "e1"), ("name", "One"), (field, "first")]);
            assert_eq!(load(&desk, stream, "1", told.clone()).await, (1, 0, 0));
            assert_eq!(load(&desk, stream, "2", told.clone().without(field)).await, (0, 0, 1));
            assert_eq!(
                load(&desk, stream, "3", told.without("name").with(field, "second")).await,
                (0, 1, 0)
            );
            assert_eq!(value(fixture, &desk, table, "name").await.as_deref(), Some("One"));
            assert_eq!(value(fixture, &desk, table, field).await.as_deref(), Some("second"));
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_system_that_is_asked_tells_no_more_was_cleared_there() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "cleared", "UTC").await;
        let all = [
            ("external_id", "e1"),
            ("name", "One"),
            ("sku", "SKU-1"),
            ("barcode", "0123"),
            ("category", "Mugs"),
            ("unit_of_measure", "piece"),
            ("unit_price", "12"),
            ("currency", "EUR"),
            ("updated_at", "2026-01-01T00:00:00Z"),
        ];
        let told = Told::new(&all).with("brand", "Kiln");
        let read = async |name: &str, told: &[Told]| {
            let how = How::from(name).of_system();
            let totals = desk.load(Stream::Products, told, &how).await;
            assert_eq!(totals.quarantined_count(), 0, "{totals:?}");
            (totals.inserted, totals.updated, totals.unchanged)
        };
        let is_known = "concat_ws(' ', name, sku, barcode, category, unit_of_measure,
            trim_scale(unit_price), currency, brand)";
        let now = async || value(fixture, &desk, "products", is_known).await.unwrap();
        assert_eq!(read("1", std::slice::from_ref(&told)).await, (1, 0, 0));
        assert_eq!(now().await, "One SKU-1 0123 Mugs piece 12 EUR Kiln");
        let newer =
            |told: Told, day: u8| told.with("updated_at", format!("2026-01-0{day}T00:00:00Z"));
        let without = |told: &Told, fields: &[&str]| {
            fields.iter().fold(told.clone(), |told, field| told.without(field))
        };
        let unpriced = newer(without(&told, &["sku", "unit_price", "currency"]), 3);
        // Older than what is known, it clears nothing.
        let older =
            newer(without(&told, &["barcode"]), 1).with("updated_at", "2025-12-31T00:00:00Z");
        assert_eq!(read("2", &[older]).await, (0, 0, 1));
        assert_eq!(read("3", std::slice::from_ref(&unpriced)).await, (0, 1, 0));
        assert_eq!(now().await, "One 0123 Mugs piece Kiln");
        assert_eq!(read("4", &[unpriced]).await, (0, 0, 1));
        // Told and cleared within one batch.
        let (again, cleared) = (newer(told.clone(), 4), newer(without(&told, &["category"]), 5));
        read("5", &[again, cleared]).await;
        assert_eq!(now().await, "One SKU-1 0123 piece 12 EUR Kiln");
        // A file that leaves a field out says nothing of it, nor does a system of one that it never tells.
        let file = newer(Told::new(&[("external_id", "e1"), ("unit_cost", "7")]), 6);
        load(&desk, Stream::Products, "6", file).await;
        assert_eq!(now().await, "One SKU-1 0123 piece 12 EUR Kiln");
        // The currency is the cost's as well.
        read("7", &[newer(without(&told, &["unit_price", "currency"]), 7)]).await;
        assert_eq!(now().await, "One SKU-1 0123 Mugs piece EUR Kiln");
    })
    .await;
}

#[tokio::test]
async fn what_has_no_name_is_called_by_its_id_until_it_has_one() {
    on_every_engine(async |fixture| {
        for (stream, table, field) in ENTITIES {
            let desk = Desk::open(fixture, table, "Europe/Berlin").await;
            load(&desk, stream, "1", Told::new(&[("external_id", "e1"), (field, "x")])).await;
            assert_eq!(value(fixture, &desk, table, "name").await.as_deref(), Some("e1"));
            load(&desk, stream, "2", Told::new(&[("external_id", "e1"), ("name", "One")])).await;
            assert_eq!(value(fixture, &desk, table, "name").await.as_deref(), Some("One"));
        }
        let desk = Desk::open(fixture, "zones", "Asia/Tokyo").await;
        load(&desk, Stream::Stores, "1", Told::new(&[("external_id", "e1")])).await;
        assert_eq!(
            value(fixture, &desk, "stores", "time_zone").await.as_deref(),
            Some("Asia/Tokyo")
        );
    })
    .await;
}

#[tokio::test]
async fn older_versions_change_nothing_and_the_last_word_counts_where_there_are_none() {
    on_every_engine(async |fixture| {
        for (stream, table, field) in ENTITIES {
            let desk = Desk::open(fixture, table, "UTC").await;
            let told = |name: &str, version: Option<&str>| {
                let told = Told::new(&[("external_id", "e1"), ("name", name), (field, "same")]);
                match version {
                    Some(version) => told.with("updated_at", version),
                    None => told,
                }
            };
            let (v1, v2, v3, v4) = (
                Some("2026-01-01T00:00:00Z"),
                Some("2026-02-01T00:00:00Z"),
                Some("2026-03-01T00:00:00Z"),
                Some("2026-04-01T00:00:00Z"),
            );
            for (step, (told, expected, name)) in [
                (told("a", None), (1, 0, 0), "a"),
                (told("b", None), (0, 1, 0), "b"),
                (told("c", v2), (0, 1, 0), "c"),
                (told("d", v1), (0, 0, 1), "c"),
                (told("e", v3), (0, 1, 0), "e"),
                (told("e", v3), (0, 0, 1), "e"),
                // Newer and the same: what lies between is older all the same.
                (told("e", v4), (0, 1, 0), "e"),
                (told("f", v3), (0, 0, 1), "e"),
                (told("g", None), (0, 1, 0), "g"),
                (told("h", v3), (0, 0, 1), "g"),
            ]
            .into_iter()
            .enumerate()
            {
                let found = load(&desk, stream, &format!("step {step}"), told).await;
                assert_eq!(found, expected, "{table}, step {step}");
                let now = value(fixture, &desk, table, "name").await;
                assert_eq!(now.as_deref(), Some(name), "{table}, step {step}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_placeholder_is_described_later_and_keeps_its_id() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        let order = [order("1", "2026-01-01T00:00:00Z")];
        desk.load(Stream::PurchaseOrders, &order, &How::from("orders").creating()).await;
        for ((stream, table, field), id) in ENTITIES.into_iter().zip(["s1", "p1", "u1"]) {
            let key = format!("{}_id", table.trim_end_matches('s'));
            let before = value(fixture, &desk, table, &key).await;
            assert_eq!(
                value(fixture, &desk, table, "is_placeholder").await.as_deref(),
                Some("true")
            );
            // Said or not, what it is called is news of a placeholder.
            let told = Told::new(&[("external_id", id), (field, "described")]);
            assert_eq!(load(&desk, stream, "described", told.clone()).await, (0, 1, 0));
            assert_eq!(
                value(fixture, &desk, table, "is_placeholder").await.as_deref(),
                Some("false")
            );
            assert_eq!(value(fixture, &desk, table, field).await.as_deref(), Some("described"));
            assert_eq!(value(fixture, &desk, table, &key).await, before);
            assert_eq!(load(&desk, stream, "again", told).await, (0, 0, 1));
        }
    })
    .await;
}

#[tokio::test]
async fn the_same_descriptions_again_change_nothing_in_whatever_pieces() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        let stores: Vec<Told> = (0..12)
            .map(|number| {
                Told::new(&[
                    ("external_id", &format!("s{number}")),
                    ("name", "S"),
                    ("country", "DE"),
                    ("opened_on", "2001-02-03"),
                    ("currency", "EUR"),
                ])
            })
            .collect();
        let products: Vec<Told> = (0..30)
            .map(|number| {
                Told::new(&[
                    ("external_id", &format!("p{number}")),
                    ("name", "P"),
                    ("sku", "k"),
                    ("unit_price", "1.2345"),
                    ("unit_cost", "0.5"),
                    ("updated_at", "2026-01-01T00:00:00Z"),
                ])
            })
            .collect();
        let suppliers: Vec<Told> = (0..5)
            .map(|number| {
                Told::new(&[("external_id", &format!("u{number}")), ("lead_time_days", "3.5")])
            })
            .collect();
        let orders: Vec<Told> = (0..20)
            .map(|number| {
                order(&format!("{}", number % 4), "2026-01-01T00:00:00Z")
                    .with("order_id", format!("o{}", number / 4))
                    .with("unit_cost", "1.5")
            })
            .collect();
        let all = [
            (Stream::Stores, stores),
            (Stream::Products, products),
            (Stream::Suppliers, suppliers),
            (Stream::PurchaseOrders, orders),
        ];
        for (stream, told) in &all {
            let how = How::from("first").split(7, 3);
            let totals = desk.load(*stream, told, &how).await;
            assert_eq!(totals.inserted, told.len() as u64, "{stream}");
        }
        let before = exactly(fixture, &desk).await;
        for (stream, told) in &all {
            for how in [How::from("again"), How::from("pieces").split(5, 2)] {
                let totals = desk.load(*stream, told, &how).await;
                assert_eq!(totals.unchanged, told.len() as u64, "{stream}");
            }
        }
        assert_eq!(exactly(fixture, &desk).await, before);
    })
    .await;
}

/// A line of an order.
fn order(line: &str, version: &str) -> Told {
    Told::new(&[
        ("order_id", "o1"),
        ("line_id", line),
        ("supplier", "u1"),
        ("store", "s1"),
        ("product", "p1"),
        ("ordered_at", "2026-03-02T10:00:00Z"),
        ("quantity_ordered", "10"),
        ("currency", "EUR"),
        ("updated_at", version),
    ])
}

/// Returns orders and their lines, as text.
async fn orders(fixture: &Fixture, desk: &Desk) -> Vec<String> {
    let client = fixture.superuser().await;
    let sql = "select concat_ws(' ', document.external_id, status, expected_at::date,
                   external_line_id, trim_scale(quantity_ordered), trim_scale(quantity_received),
                   trim_scale(unit_cost))
               from purchase_orders as document
               join purchase_order_lines using (customer_id, purchase_order_id)
               where customer_id = $1 order by 1";
    let rows = client.query(sql, &[&desk.customer_id.as_uuid()]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn an_order_and_its_lines_are_what_their_newest_versions_say() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        let how = |name: &str| How::from(name).creating();
        let (v1, v2, v3) = ("2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z");
        let first = order("1", v1)
            .with("status", "open")
            .with("expected_at", "2026-03-20T00:00:00Z")
            .with("unit_cost", "2.5");
        let second = order("2", v1).with("expected_at", "2026-03-20T00:00:00Z");
        desk.load(Stream::PurchaseOrders, &[first.clone(), second], &how("1")).await;
        assert_eq!(
            orders(fixture, &desk).await,
            ["o1 open 2026-03-20 1 10 0 2.5", "o1 open 2026-03-20 2 10 0"]
        );

        // Older: nothing. Newer, with fields left out: they keep their values.
        let older =
            first.clone().with("updated_at", "2026-03-02T12:00:00Z").with("status", "draft");
        let totals = desk.load(Stream::PurchaseOrders, &[older], &how("2")).await;
        assert_eq!((totals.updated, totals.unchanged), (0, 1));
        let received =
            order("1", v3).with("quantity_received", 4).with("status", "partially-received");
        // Its neighbour changed earlier than it, but later than what is known: both count.
        let neighbour = order("2", v2).with("quantity_ordered", 12);
        let totals = desk.load(Stream::PurchaseOrders, &[received, neighbour], &how("3")).await;
        assert_eq!((totals.updated, totals.unchanged), (2, 0));
        assert_eq!(
            orders(fixture, &desk).await,
            [
                "o1 partially-received 2026-03-20 1 10 4 2.5",
                "o1 partially-received 2026-03-20 2 12 0"
            ]
        );
        // A source that tells neither status nor what arrived takes nothing back.
        let bare = order("1", v3).without("updated_at");
        desk.load(Stream::PurchaseOrders, &[bare], &how("4")).await;
        assert_eq!(orders(fixture, &desk).await[0], "o1 partially-received 2026-03-20 1 10 4 2.5");
        // Newer and the same; what lies between is older all the same.
        let same = order("1", "2026-03-09T00:00:00Z").with("quantity_received", 4);
        desk.load(Stream::PurchaseOrders, &[same], &how("5")).await;
        let between =
            order("1", "2026-03-07T00:00:00Z").with("quantity_received", 3).with("status", "open");
        let totals = desk.load(Stream::PurchaseOrders, &[between], &how("6")).await;
        assert_eq!(totals.unchanged, 1);
        assert_eq!(orders(fixture, &desk).await[0], "o1 partially-received 2026-03-20 1 10 4 2.5");
    })
    .await;
}

#[tokio::test]
async fn a_store_whose_clock_nobody_knows_is_refused_and_stops_nothing() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "Europe/Berlin").await;
        desk.stock().await;
        let stores = [
            Told::new(&[("external_id", "s3"), ("time_zone", "Mars/Olympus")]),
            Told::new(&[("external_id", "s4"), ("time_zone", "europe/paris")]),
            Told::new(&[("external_id", "s1"), ("time_zone", "CEST-is-none")]),
        ];
        let totals = desk.load(Stream::Stores, &stores, &How::from("clocks")).await;
        assert_eq!((totals.inserted, totals.updated), (1, 0));
        assert_eq!(totals.quarantined["time-readable"], 2);
        let reasons: Vec<String> = desk.waiting().await.into_iter().map(|it| it.reason).collect();
        assert_eq!(
            reasons,
            [
                "time_zone: 'Mars/Olympus' is no time zone",
                "time_zone: 'CEST-is-none' is no time zone"
            ]
        );
        let lines = ["s1", "s4"].map(|store| sale(store, store, "p1", "2026-03-02T10:00:00Z"));
        let totals = desk.load(Stream::Transactions, &lines, &How::from("lines")).await;
        assert_eq!(totals.inserted, 2);
    })
    .await;
}

#[tokio::test]
async fn a_tenant_whose_clock_the_database_cannot_name_is_refused() {
    on_every_engine(async |fixture| {
        let new = NewTenant {
            slug: "shop".to_owned(),
            name: "shop".to_owned(),
            currency: Currency::parse("EUR").unwrap(),
            // Local times would be read two hours ahead, and business dates computed by another clock.
            time_zone: TimeZone::fixed(Offset::constant(2)),
        };
        let error = fixture.database.add_tenant(&new).await.unwrap_err();
        assert!(matches!(error, DbError::UnknownTimeZone(_)), "{error:?}");
        let error = fixture.database.find_tenant("shop").await.unwrap_err();
        assert!(matches!(error, DbError::UnknownTenant { .. }), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_this_machine_no_longer_knows_stops_the_reading() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let client = fixture.superuser().await;
        let rename = "update stores set time_zone = 'Mars/Olympus' where name = 's1'";
        client.batch_execute(rename).await.unwrap();
        let tx = desk.database.tenant(desk.customer_id).await.unwrap();
        let error = tx.store_zones(&desk.source).await.unwrap_err();
        assert!(error.to_string().contains("'Mars/Olympus'"), "{error}");
    })
    .await;
}
