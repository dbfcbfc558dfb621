//! However records are cut into blocks and batches, the tables end up the same.

use shelfops_ingest::Stream;

use super::desk::{Desk, How, count, sale};
use super::memory_source::Told;
use super::snapshots::{assert_rollups_exact, by_content};
use crate::fixture::{Fixture, on_every_engine};

/// A small generator of numbers that look random: the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        // Constants of Knuth's MMIX; the upper half is the better one.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Lines of which some come again, some newer, none contradicting another.
fn lines(dice: &mut Dice) -> Vec<Told> {
    (0..80)
        .map(|_| {
            let (id, version) = (dice.roll(35), dice.roll(4));
            // What a line says depends on its id and version alone.
            let day = 1 + (id * 7) % 56;
            let at = format!("2026-0{}-{:02}T1{}:00:00Z", 2 + day / 29, 1 + day % 28, id % 10);
            let store = ["s1", "s2"][((id + version) % 2) as usize];
            let product = ["p1", "p2", "p3"][((id + version) % 3) as usize];
            sale(&format!("line-{id}"), store, product, &at)
                .with("quantity", 1 + (id * 3 + version) % 9)
                .with("total_amount", format!("{}.{:02}", id + version, id))
                .with("transaction_type", ["sale", "return"][((id + version) % 2) as usize])
                .with("updated_at", format!("2026-06-01T0{version}:00:00Z"))
        })
        .collect()
}

fn counts(dice: &mut Dice) -> Vec<Told> {
    (0..50)
        .map(|_| {
            let (hour, store, product) = (dice.roll(24), dice.roll(2), dice.roll(3));
            let at = format!("2026-03-0{}T{hour:02}:00:00Z", 1 + dice.roll(9));
            count(["s1", "s2"][store as usize], ["p1", "p2", "p3"][product as usize], &at)
                .with("quantity_on_hand", hour * 3 + store + product)
        })
        .collect()
}

#[tokio::test]
async fn any_split_into_batches_gives_the_same_tables() {
    on_every_engine(async |fixture| {
        for seed in 1..=2 {
            let mut dice = Dice(seed);
            let (lines, counts) = (lines(&mut dice), counts(&mut dice));
            let mut expected = None;
            for (number, (batch, block)) in
                [(100_000, 5_000), (1, 1), (7, 3), (40, 11)].into_iter().enumerate()
            {
                // One record a batch is slow: once is enough.
                if batch == 1 && seed > 1 {
                    continue;
                }
                let desk = Desk::open(fixture, &format!("s{seed}-{number}"), "UTC").await;
                desk.stock().await;
                let how = How::from("file").split(batch, block);
                desk.load(Stream::Transactions, &lines, &how).await;
                desk.load(Stream::Inventory, &counts, &how).await;
                let found = by_content(fixture, &desk).await;
                assert_eq!(
                    *expected.get_or_insert_with(|| found.clone()),
                    found,
                    "{batch} {block}"
                );
                assert_rollups_exact(fixture, &desk).await;
                assert!(desk.waiting().await.is_empty());
            }
        }
    })
    .await;
}

/// Descriptions of a few things, each partial, many of the same, some with a version and some older.
fn descriptions(dice: &mut Dice, fields: &[&'static str]) -> Vec<Told> {
    let mut told = Vec::new();
    for _ in 0..60 {
        let mut one = Told::new(&[("external_id", &format!("x{}", dice.roll(6)))]);
        for field in fields {
            if dice.roll(2) == 0 {
                one = one.with(field, format!("{}", 1 + dice.roll(5)));
            }
        }
        if dice.roll(3) == 0 {
            one = one.with("updated_at", format!("2026-06-0{}T00:00:00Z", 1 + dice.roll(7)));
        }
        told.push(one);
    }
    told
}

fn orders(dice: &mut Dice) -> Vec<Told> {
    let mut told = Vec::new();
    for _ in 0..80 {
        let mut one = Told::new(&[("supplier", "v1"), ("currency", "EUR")])
            .with("order_id", format!("o{}", dice.roll(4)))
            .with("line_id", format!("l{}", dice.roll(3)))
            .with("store", ["s1", "s2"][dice.roll(2) as usize])
            .with("product", ["p1", "p2", "p3"][dice.roll(3) as usize])
            .with("ordered_at", format!("2026-05-0{}T00:00:00Z", 1 + dice.roll(3)))
            .with("quantity_ordered", 1 + dice.roll(9));
        if dice.roll(2) == 0 {
            one = one.with("status", ["open", "received", "draft"][dice.roll(3) as usize]);
        }
        if dice.roll(2) == 0 {
            one = one.with("unit_cost", format!("{}.50", dice.roll(5)));
        }
        if dice.roll(2) == 0 {
            one = one.with("updated_at", format!("2026-06-0{}T00:00:00Z", 1 + dice.roll(7)));
        }
        told.push(one);
    }
    told
}

/// What describes today, by the source's own ids.
async fn described(fixture: &Fixture, desk: &Desk) -> Vec<String> {
    let client = fixture.superuser().await;
    let mut lines = Vec::new();
    for sql in [
        "select format('%s %s %s', link.entity, link.external_id, known.it
             - '{customer_id,store_id,product_id,supplier_id,created_at}'::text[])
         from external_ids as link
         join (
             select store_id as id, to_jsonb(stores) as it from stores
             union all select product_id, to_jsonb(products) from products
             union all select supplier_id, to_jsonb(suppliers) from suppliers
         ) as known on known.id = coalesce(link.store_id, link.product_id, link.supplier_id)
         where link.customer_id = $1 order by 1",
        "select format('%s %s %s %s %s', store.external_id, product.external_id,
             line.external_line_id,
             to_jsonb(document) - '{customer_id,purchase_order_id,supplier_id,store_id,created_at}'::text[],
             to_jsonb(line) - '{customer_id,purchase_order_id,product_id,created_at}'::text[])
         from purchase_order_lines as line
         join purchase_orders as document using (customer_id, purchase_order_id)
         join external_ids as store on store.store_id = document.store_id
         join external_ids as product on product.product_id = line.product_id
         where line.customer_id = $1 order by 1",
    ] {
        let rows = client.query(sql, &[&desk.customer_id.as_uuid()]).await.unwrap();
        lines.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    lines
}

#[tokio::test]
async fn any_split_into_batches_describes_today_in_the_same_way() {
    on_every_engine(async |fixture| {
        for seed in 1..=3 {
            let mut dice = Dice(seed);
            let products = descriptions(
                &mut dice,
                &["name", "sku", "brand", "category", "department", "barcode"],
            );
            let stores = descriptions(&mut dice, &["name", "city", "region", "store_type"]);
            let suppliers = descriptions(&mut dice, &["name", "email", "lead_time_days"]);
            let orders = orders(&mut dice);
            let mut expected = None;
            for (number, (batch, block)) in
                [(1, 1), (100_000, 5_000), (7, 3), (40, 11)].into_iter().enumerate()
            {
                let desk = Desk::open(fixture, &format!("today{seed}-{number}"), "UTC").await;
                desk.stock().await;
                let how = How::from("file").split(batch, block).creating();
                desk.load(Stream::Products, &products, &how).await;
                desk.load(Stream::Stores, &stores, &how).await;
                desk.load(Stream::Suppliers, &suppliers, &how).await;
                desk.load(Stream::PurchaseOrders, &orders, &how).await;
                let found = described(fixture, &desk).await;
                let expected = expected.get_or_insert_with(|| found.clone());
                for (expected, found) in expected.iter().zip(&found) {
                    assert_eq!(expected, found, "{seed}: {batch} {block}");
                }
                assert_eq!(expected.len(), found.len());
                assert!(desk.waiting().await.is_empty());
            }
        }
    })
    .await;
}
