//! Records that name stores, products and suppliers that nobody has told of.

use shelfops_db::models::{ReplayChoice, ReplayFilter, WaitingGroup};
use shelfops_ingest::Stream;
use shelfops_ingest::quarantine::ReferenceEntity;

use super::desk::{Desk, How, count, sale};
use super::memory_source::Told;
use super::snapshots::{assert_rollups_exact, exactly};
use crate::fixture::on_every_engine;

const AT: &str = "2026-03-02T10:00:00Z";

fn order(line: &str, supplier: &str, store: &str, product: &str) -> Told {
    Told::new(&[
        ("order_id", "o1"),
        ("line_id", line),
        ("supplier", supplier),
        ("store", store),
        ("product", product),
        ("ordered_at", AT),
        ("quantity_ordered", "10"),
        ("currency", "EUR"),
    ])
}

#[tokio::test]
async fn they_wait_in_quarantine_with_what_they_wait_for() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let lines = [
            sale("a", "s1", "p1", AT),
            sale("b", "s9", "p1", AT),
            sale("c", "s1", "p9", AT),
            sale("d", "s9", "p9", AT),
        ];
        let totals = desk.load(Stream::Transactions, &lines, &How::from("lines")).await;
        assert_eq!(totals.inserted, 1);
        assert_eq!(totals.quarantined["known-store"], 2);
        assert_eq!(totals.quarantined["known-product"], 1);
        let counts = [count("s9", "p1", AT), count("s1", "p9", AT)];
        desk.load(Stream::Inventory, &counts, &How::from("counts")).await;
        let orders = [order("1", "u9", "s1", "p1"), order("2", "u9", "s9", "p9")];
        desk.load(Stream::PurchaseOrders, &orders, &How::from("orders")).await;
        let client = fixture.superuser().await;
        let sql = "select concat_ws(' ', stream, record_number, rule, missing_entity,
                       missing_external_id, reason, attempt_count)
                   from quarantined_records where customer_id = $1 and status = 'waiting'
                   order by stream, record_number";
        let rows = client.query(sql, &[&desk.customer_id.as_uuid()]).await.unwrap();
        let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(
            found,
            [
                "inventory 1 known-store store s9 store 's9' is not known 1",
                "inventory 2 known-product product p9 product 'p9' is not known 1",
                "purchase-orders 1 known-supplier supplier u9 supplier 'u9' is not known 1",
                "purchase-orders 2 known-store store s9 store 's9' is not known 1",
                "transactions 2 known-store store s9 store 's9' is not known 1",
                "transactions 3 known-product product p9 product 'p9' is not known 1",
                "transactions 4 known-store store s9 store 's9' is not known 1",
            ]
        );
        // Read again, they are there once.
        let before = exactly(fixture, &desk).await;
        desk.load(Stream::Transactions, &lines, &How::from("lines again")).await;
        assert_eq!(desk.waiting().await.len(), 10, "another origin has records of its own");
        assert_ne!(exactly(fixture, &desk).await, before);
    })
    .await;
}

#[tokio::test]
async fn they_are_made_where_that_was_asked_for() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "America/New_York").await;
        let lines: Vec<Told> = (0..50)
            .map(|number| {
                // An hour after midnight in London is the evening before in New York.
                sale(
                    &format!("l{number}"),
                    &format!("s{}", number % 3),
                    &format!("p{}", number % 7),
                    "2026-03-02T01:00:00Z",
                )
            })
            .collect();
        let how = How::from("lines").split(20, 7).creating();
        let totals = desk.load(Stream::Transactions, &lines, &how).await;
        assert_eq!((totals.inserted, totals.created_references), (50, 10));
        assert!(desk.waiting().await.is_empty());
        assert_rollups_exact(fixture, &desk).await;
        let client = fixture.superuser().await;
        let sql = "select
                 (select count(*) from stores where customer_id = $1 and is_placeholder
                     and time_zone = 'America/New_York' and name in ('s0', 's1', 's2')),
                 (select count(*) from products where customer_id = $1 and is_placeholder),
                 (select count(*) from external_ids where customer_id = $1),
                 (select count(*) from daily_sales where customer_id = $1
                     and business_date <> '2026-03-01')";
        client.batch_execute("begin").await.unwrap();
        let enter = format!("select shelfops.enter_tenant('{}')", desk.customer_id);
        client.batch_execute(&enter).await.unwrap();
        let row = client.query_one(sql, &[&desk.customer_id.as_uuid()]).await.unwrap();
        let counts = [0, 1, 2, 3].map(|column| row.get::<_, i64>(column));
        assert_eq!(counts, [3, 7, 10, 0]);
        client.batch_execute("rollback").await.unwrap();
        // Suppliers, too; and only what was asked for.
        let how = How { create: vec![ReferenceEntity::Supplier], ..How::from("orders") };
        let orders = [order("1", "u1", "s0", "p0"), order("2", "u1", "s0", "unheard-of")];
        let totals = desk.load(Stream::PurchaseOrders, &orders, &how).await;
        assert_eq!((totals.inserted, totals.created_references), (1, 1));
        assert_eq!(totals.quarantined["known-product"], 1);
    })
    .await;
}

#[tokio::test]
async fn a_product_that_is_made_is_called_what_its_first_lines_call_it_until_the_catalogue_does() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        let lines = [
            sale("a", "s1", "p1", AT),
            sale("b", "s1", "p1", AT).with("product_name", "Pickles, 370 ml"),
            sale("c", "s1", "p2", AT),
        ];
        desk.load(Stream::Transactions, &lines, &How::from("lines").creating()).await;
        let later = [sale("d", "s1", "p1", AT).with("product_name", "Gherkins")];
        desk.load(Stream::Transactions, &later, &How::from("later").creating()).await;
        let client = fixture.superuser().await;
        let named = "select string_agg(name, '; ' order by name collate \"C\") from products
                     where customer_id = $1";
        let names = async || {
            let row = client.query_one(named, &[&desk.customer_id.as_uuid()]).await.unwrap();
            row.get::<_, String>(0)
        };
        assert_eq!(names().await, "Pickles, 370 ml; p2");
        let catalogue = [Told::new(&[("external_id", "p1"), ("name", "Gherkins in a jar")])];
        desk.load(Stream::Products, &catalogue, &How::from("catalogue")).await;
        assert_eq!(names().await, "Gherkins in a jar; p2");

        // A count of stock tells no name, and a later sale does.
        let counts = [count("s1", "p3", AT)];
        desk.load(Stream::Inventory, &counts, &How::from("counts").creating()).await;
        assert_eq!(names().await, "Gherkins in a jar; p2; p3");
        let sales = [("e", "p1", "Cucumber"), ("f", "p2", "Mustard"), ("g", "p3", "Ketchup")]
            .map(|(id, product, name)| sale(id, "s1", product, AT).with("product_name", name));
        desk.load(Stream::Transactions, &sales, &How::from("sales").creating()).await;
        assert_eq!(names().await, "Gherkins in a jar; Ketchup; Mustard");
    })
    .await;
}

#[tokio::test]
async fn a_replay_settles_what_passes_and_counts_a_try_for_the_rest() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let lines: Vec<Told> = (0..6)
            .map(|number| sale(&format!("l{number}"), "s1", ["p1", "p8", "p9"][number % 3], AT))
            .collect();
        desk.load(Stream::Transactions, &lines, &How::from("lines")).await;
        let waiting = desk.waiting().await;
        assert_eq!(waiting.len(), 4);
        let product = [Told::new(&[("external_id", "p8"), ("name", "Eight")])];
        desk.load(Stream::Products, &product, &How::from("eight")).await;
        let arrived = ReplayChoice { only_arrived: true, ..Default::default() };
        let tx = desk.database.tenant(desk.customer_id).await.unwrap();
        let groups = tx.waiting_groups(&arrived).await.unwrap();
        let (source, stream) = ("till".to_owned(), "transactions".to_owned());
        assert_eq!(groups, [WaitingGroup { source, stream, is_of_file: true }]);
        let other_rule = ReplayChoice { rule: Some("known-store"), ..Default::default() };
        assert!(tx.waiting_groups(&other_rule).await.unwrap().is_empty());
        drop(tx);
        let again: Vec<Told> = waiting
            .iter()
            .map(|kept| {
                let line = lines[usize::try_from(kept.record_number).unwrap() - 1].clone();
                line.replayed(kept.quarantined_record_id)
            })
            .collect();
        let how = How { is_replay: true, ..How::from("quarantine") };
        let totals = desk.load(Stream::Transactions, &again, &how).await;
        assert_eq!((totals.inserted, totals.quarantined_count()), (2, 2));
        let left = desk.waiting().await;
        assert_eq!(left.len(), 2);
        assert!(left.iter().all(|kept| kept.attempts == 2 && kept.reason.contains("'p9'")));
        assert_rollups_exact(fixture, &desk).await;
        // A replay has no cursor: the next one starts at the beginning.
        assert_eq!(desk.cursor(Stream::Transactions, &how).await, 0);
        let tx = desk.database.tenant(desk.customer_id).await.unwrap();
        assert!(tx.waiting_groups(&arrived).await.unwrap().is_empty());
        // Tried again although it passed: it is settled already, and nothing is loaded twice.
        drop(tx);
        let totals = desk.load(Stream::Transactions, &again, &how).await;
        assert_eq!((totals.inserted, totals.unchanged, totals.quarantined_count()), (0, 2, 2));
    })
    .await;
}

#[tokio::test]
async fn what_waits_twice_is_settled_by_one_replay() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let held = sale("a", "s1", "p9", AT).with("updated_at", AT);
        let older = held.clone().with("updated_at", "2026-01-01T00:00:00Z");
        for (origin, line) in [("one", &held), ("two", &held), ("three", &older)] {
            desk.load(Stream::Transactions, std::slice::from_ref(line), &How::from(origin)).await;
        }
        let product = [Told::new(&[("external_id", "p9")])];
        desk.load(Stream::Products, &product, &How::from("nine")).await;
        let waiting = desk.waiting().await;
        assert_eq!(waiting.len(), 3);
        let again: Vec<Told> = waiting
            .iter()
            .map(|kept| {
                let is_older =
                    kept.raw["updated_at"].as_str().is_some_and(|at| at.contains("-01-01"));
                let line = if is_older { older.clone() } else { held.clone() };
                line.replayed(kept.quarantined_record_id)
            })
            .collect();
        let how = How { is_replay: true, ..How::from("quarantine") };
        let totals = desk.load(Stream::Transactions, &again, &how).await;
        assert_eq!((totals.inserted, totals.unchanged, totals.quarantined_count()), (1, 2, 0));
        assert!(desk.waiting().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_record_that_contradicts_the_table_when_replayed_stays_with_the_new_reason() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let held = sale("a", "s1", "p9", AT);
        desk.load(Stream::Transactions, std::slice::from_ref(&held), &How::from("one")).await;
        // Another file tells the same line otherwise, with a product that is known.
        let other = [sale("a", "s1", "p1", AT)];
        desk.load(Stream::Transactions, &other, &How::from("two")).await;
        let product = [Told::new(&[("external_id", "p9")])];
        desk.load(Stream::Products, &product, &How::from("nine")).await;
        let id = desk.waiting().await[0].quarantined_record_id;
        let how = How { is_replay: true, ..How::from("quarantine") };
        let again = [held.replayed(id)];
        let totals = desk.load(Stream::Transactions, &again, &how).await;
        assert_eq!(totals.quarantined["duplicate-in-table"], 1);
        let left = desk.waiting().await;
        assert_eq!((left.len(), left[0].attempts), (1, 2));
        assert_eq!(left[0].rule, "duplicate-in-table");
    })
    .await;
}

#[tokio::test]
async fn what_files_told_under_a_systems_name_is_replayed_as_theirs() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let line = |id: &str| sale(id, "s1", "p9", AT);
        let told = [("file", How::from("file")), ("system", How::from("system").of_system())];
        for (id, how) in &told {
            desk.load(Stream::Transactions, &[line(id)], how).await;
        }
        let tx = desk.database.tenant(desk.customer_id).await.unwrap();
        let groups = tx.waiting_groups(&ReplayChoice::default()).await.unwrap();
        let are_of_files: Vec<bool> = groups.iter().map(|group| group.is_of_file).collect();
        assert_eq!(are_of_files, [false, true]);
        for is_of_file in are_of_files {
            let choice = ReplayChoice::default();
            let filter =
                ReplayFilter { source: "till", stream: "transactions", is_of_file, choice };
            let ids = tx.replay_ids(&filter, None, 10).await.unwrap();
            let waiting = tx.replay_candidates(&ids).await.unwrap();
            let options = tx.run_options(waiting[0].sync_run_id).await.unwrap();
            assert_eq!((waiting.len(), options.get("connector").is_none()), (1, is_of_file));
        }
    })
    .await;
}
