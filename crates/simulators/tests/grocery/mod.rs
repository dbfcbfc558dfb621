//! The grocery exports keep their promises.

use std::collections::{HashMap, HashSet};

use jiff::civil::date;

use shelfops_simulators::grocery::{DirtKind, Exports, Flavour, GroceryConfig, write_exports};
use tempfile::TempDir;

use crate::reading::{Table, cents, judge};

fn config() -> GroceryConfig {
    let mut config = GroceryConfig::new("maple-market", Flavour::American, 42);
    config.store_count = 6;
    config.product_count = 800;
    config.days = 60;
    config.basket_lines = 60_000;
    config
}

fn export(config: &GroceryConfig) -> (TempDir, Exports) {
    let directory = tempfile::tempdir().unwrap();
    let exports = write_exports(config, directory.path()).unwrap();
    (directory, exports)
}

fn files(exports: &Exports) -> [&shelfops_simulators::grocery::ExportedFile; 5] {
    [
        &exports.stores,
        &exports.products,
        &exports.transactions,
        &exports.inventory,
        &exports.purchase_orders,
    ]
}

#[test]
fn the_same_configuration_writes_the_same_bytes_and_another_seed_does_not() {
    let (_kept, first) = export(&config());
    let (_also_kept, second) = export(&config());
    for (left, right) in files(&first).into_iter().zip(files(&second)) {
        assert_eq!(std::fs::read(&left.path).unwrap(), std::fs::read(&right.path).unwrap());
    }
    assert_eq!((&first.dirt, first.clean), (&second.dirt, second.clean));

    let (_other, third) = export(&GroceryConfig { seed: 43, ..config() });
    let bytes = |exports: &Exports| std::fs::read(&exports.transactions.path).unwrap();
    assert_ne!(bytes(&first), bytes(&third));
}

#[test]
fn what_a_stranger_finds_in_the_baskets_is_what_was_planted() {
    let (_kept, exports) = export(&config());
    let transactions = Table::of(&exports.transactions);
    assert_eq!(exports.transactions.record_count, 60_000);
    let judgement = judge(&transactions, &Table::of(&exports.products));
    let planted: HashMap<&str, u64> = exports
        .dirt
        .counts()
        .filter(|(kind, _)| kind.file_name() == "transactions.csv")
        .map(|(kind, count)| (kind.name(), count))
        .collect();
    assert_eq!(judgement.dirt, planted);
    assert!(planted.values().all(|count| *count > 0), "{planted:?}");
    let share = planted.values().sum::<u64>() * 1_000 / 60_000;
    assert!((14..=16).contains(&share), "{share} in a thousand lines are dirty");

    assert_eq!(judgement.clean_lines, exports.clean.line_count);
    assert_eq!(judgement.clean_cents, exports.clean.sales_cents);
}

#[test]
fn what_a_stranger_finds_in_counts_and_orders_is_what_was_planted() {
    let (_kept, exports) = export(&config());
    let inventory = Table::of(&exports.inventory);
    let unreadable = inventory
        .column("quantity_on_hand")
        .into_iter()
        .filter(|count| count.parse::<u32>().is_err())
        .count() as u64;
    assert_eq!(unreadable, exports.dirt.count(DirtKind::UnreadableCount));

    let orders = Table::of(&exports.purchase_orders);
    let other = |column: &str, known: &[&str]| {
        orders.column(column).into_iter().filter(|value| !known.contains(value)).count() as u64
    };
    assert_eq!(other("currency", &["USD"]), exports.dirt.count(DirtKind::UnknownCurrency));
    let statuses = ["open", "received", "partially-received", "cancelled"];
    assert_eq!(other("status", &statuses), exports.dirt.count(DirtKind::UnknownStatus));
    assert!(unreadable > 0 && exports.dirt.count(DirtKind::UnknownStatus) > 0);
}

#[test]
fn keys_are_unique_and_references_hold() {
    let (_kept, exports) = export(&config());
    let (stores, products) = (Table::of(&exports.stores), Table::of(&exports.products));
    let unique = |values: &[&str]| values.iter().collect::<HashSet<_>>().len() == values.len();
    assert!(unique(&stores.column("store_id")) && unique(&products.column("product_id")));

    let inventory = Table::of(&exports.inventory);
    let counted: HashSet<&[String]> = inventory.rows.iter().map(|row| &row[..3]).collect();
    assert_eq!(counted.len(), inventory.rows.len(), "a shelf is counted once a night");
    let orders = Table::of(&exports.purchase_orders);
    let ordered: HashSet<(&str, &str)> =
        orders.rows.iter().map(|row| (row[0].as_str(), row[4].as_str())).collect();
    assert_eq!(ordered.len(), orders.rows.len(), "an order has a product once");

    let store_ids: HashSet<&str> = stores.column("store_id").into_iter().collect();
    let product_ids: HashSet<&str> = products.column("product_id").into_iter().collect();
    for table in [&inventory, &orders] {
        assert!(table.column("store_id").iter().all(|id| store_ids.contains(id)));
        assert!(table.column("product_id").iter().all(|id| product_ids.contains(id)));
    }
    let transactions = Table::of(&exports.transactions);
    assert!(transactions.column("store_id").iter().all(|id| store_ids.contains(id)));
}

#[test]
fn trade_looks_like_trade() {
    let (_kept, exports) = export(&config());
    let transactions = Table::of(&exports.transactions);
    let whole: Vec<&Vec<String>> = transactions.rows.iter().filter(|row| row.len() == 11).collect();
    let share = |test: &dyn Fn(&[String]) -> bool| {
        whole.iter().filter(|row| test(row)).count() * 1_000 / whole.len()
    };

    let discounted = share(&|row| row[6] != "0.00");
    assert!((400..600).contains(&discounted), "{discounted} in a thousand are discounted");
    let fuel = share(&|row| row[4].parse::<i64>().is_ok_and(|quantity| quantity > 1_000));
    assert!((4..20).contains(&fuel), "{fuel} in a thousand are fuel");
    let at_night = share(&|row| &row[10][11..13] < "06" && !row[10].ends_with("00:00:00"));
    assert_eq!(at_night, 0, "nobody shops before six");

    let mut sizes: HashMap<&str, u64> = HashMap::new();
    for row in &transactions.rows {
        *sizes.entry(&row[2]).or_default() += 1;
    }
    // Resent lines can make a basket look longer than it was.
    assert!(sizes.values().all(|size| *size <= 62));
    let mean = transactions.rows.len() / sizes.len();
    assert!((6..=12).contains(&mean), "{mean} lines a basket");

    let inventory = Table::of(&exports.inventory);
    let empty = inventory.column("quantity_on_hand").iter().filter(|count| **count == "0").count();
    let per_mille = empty * 1_000 / inventory.rows.len();
    assert!((1..150).contains(&per_mille), "{per_mille} in a thousand shelves are empty");
}

#[test]
fn amounts_are_exact_and_orders_receive_no_more_than_they_ask_for() {
    let (_kept, exports) = export(&config());
    let orders = Table::of(&exports.purchase_orders);
    for row in &orders.rows {
        let [ordered, received] = [&row[8], &row[9]].map(|units| units.parse::<u32>().unwrap());
        assert!(ordered > 0 && received <= ordered, "{row:?}");
        assert!(cents(&row[10]).is_some_and(|cost| cost > 0), "{row:?}");
        assert!(row[5] < row[6], "expected after ordered: {row:?}");
    }
}

#[test]
fn a_year_of_a_small_chain_ends_on_its_last_day() {
    let mut config = config();
    (config.first_day, config.days) = (date(2024, 1, 1), 366);
    config.flavour = Flavour::Continental;
    let (_kept, exports) = export(&config);
    let transactions = Table::of(&exports.transactions);
    let times = transactions.rows.iter().filter(|row| row.len() == 11).map(|row| row[10].as_str());
    let last = times.filter(|time| time.parse::<jiff::civil::DateTime>().is_ok()).max().unwrap();
    assert!(last.starts_with("2024-12-31"), "{last}");
    assert!(Table::of(&exports.stores).column("currency").iter().all(|code| *code == "EUR"));
}

#[test]
fn impossible_retailers_are_refused_with_the_field_to_change() {
    let directory = tempfile::tempdir().unwrap();
    let refusal = |change: &dyn Fn(&mut GroceryConfig)| {
        let mut config = config();
        change(&mut config);
        write_exports(&config, directory.path()).unwrap_err().to_string()
    };
    assert!(refusal(&|config| config.tenant = "../up".to_owned()).starts_with("tenant "));
    assert!(refusal(&|config| config.days = 0).starts_with("days "));
    assert!(refusal(&|config| config.product_count = 3).starts_with("product_count "));
    assert!(refusal(&|config| config.first_day = date(1899, 1, 1)).starts_with("first_day "));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
