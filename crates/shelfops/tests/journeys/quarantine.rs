//! Records that wait: seen, tried again by themselves or by hand, and given up.

use serde_json::Value;

use crate::fixture::{Sale, Shop, csv, sales, shop};

const STORE_S9: &str = "store_id,name,time_zone\nS9,New Store,Europe/Paris\n";

/// Imports a hundred lines, ten of them of a store that nobody knows, and two unreadable.
async fn with_waiting_lines() -> Shop {
    let shop = shop().await;
    let line = |number: u32| match number {
        1..=10 => Sale { store: "S9".to_owned(), ..Sale::number(number) },
        11 | 12 => Sale { quantity: "two".to_owned(), ..Sale::number(number) },
        _ => Sale::number(number),
    };
    shop.write("sales.csv", csv(&(1..=100).map(line).collect::<Vec<_>>()));
    let report = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(report.outcome(), [88, 0, 0, 12]);
    shop
}

async fn list(shop: &Shop, rule: Option<&str>) -> Vec<Value> {
    let rule = rule.map(|rule| format!(" --rule {rule}")).unwrap_or_default();
    let line = format!("quarantine list --tenant acme --output json{rule}");
    shop.call(&line).await.succeeds().data().as_array().unwrap().clone()
}

#[tokio::test]
async fn what_waits_is_listed_by_rule_and_shown_whole() {
    let shop = with_waiting_lines().await;
    let rules = list(&shop, None).await;
    assert_eq!(rules.len(), 2);
    assert_eq!((&rules[0]["rule"], &rules[0]["waiting"]), (&"known-store".into(), &10.into()));
    let records = list(&shop, Some("number-readable")).await;
    assert_eq!(records.len(), 2);
    assert_eq!((&records[0]["record"], &records[0]["line"]), (&11.into(), &12.into()));
    assert_eq!(records[0]["origin"], "sales.csv");

    let id = records[0]["id"].as_str().unwrap();
    let shown = shop.call(&format!("quarantine show {id} --tenant acme --output json")).await;
    let shown = shown.succeeds().json();
    assert_eq!(shown["data"]["raw"]["quantity"], "two");
    assert!(shown["summary"][0].as_str().unwrap().contains("'two' is not a number"), "{shown}");
    assert!(shown["why"][0]["claim"].to_string().contains("exact decimal"), "{shown}");
    let limited = shop.call("quarantine list --tenant acme --rule known-store --limit 3 -o json");
    assert_eq!(limited.await.succeeds().data().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn lines_that_waited_for_a_store_are_loaded_when_it_arrives() {
    let shop = with_waiting_lines().await;
    shop.write("stores.csv", STORE_S9);
    let report = shop.import("stores.csv", "stores", &[]).await;
    assert_eq!(report.outcome(), [1, 0, 0, 0]);
    assert_eq!(report.replayed.len(), 1);
    report.replayed[0].assert_balanced();
    assert_eq!(report.replayed[0].inserted, 10);
    assert_eq!(shop.line_count().await, 98);
    let settled = "select count(*) from quarantined_records where status = 'replayed'";
    assert_eq!(shop.number(settled).await, 10);
    // By the new store's own clock, which nobody knew when the file was read.
    let moment = "select (occurred_at at time zone 'Europe/Paris')::text from transactions
                  where external_id = 'L1'";
    assert_eq!(shop.texts(moment).await, [Sale::number(1).sold_at]);
    assert_eq!(list(&shop, None).await.len(), 1);
}

#[tokio::test]
async fn lines_that_waited_for_products_are_loaded_when_those_arrive() {
    let shop = shop().await;
    let of_new_products =
        |number: u32| Sale { product: format!("N{}", number % 5), ..Sale::number(number) };
    shop.write("sales.csv", csv(&(1..=50).map(of_new_products).collect::<Vec<_>>()));
    let report = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(report.counts.refused(), [("known-product", 50)]);
    shop.write("some.csv", "product_id,name\nN0,Zero\nN1,One\n");
    let report = shop.import("some.csv", "products", &[]).await;
    assert_eq!(report.replayed[0].inserted, 20);
    shop.write("others.csv", "product_id,name\nN2,Two\nN3,Three\nN4,Four\n");
    let report = shop.import("others.csv", "products", &[]).await;
    assert_eq!(report.replayed[0].inserted, 30);
    assert_eq!(shop.line_count().await, 50);
}

#[tokio::test]
async fn what_is_tried_again_by_hand_passes_or_waits_on() {
    let shop = with_waiting_lines().await;
    let answer = shop.call("quarantine replay --tenant acme --output json").await.succeeds();
    let totals = &answer.data()["totals"];
    assert_eq!((&totals["read"], &totals["quarantined"]), (&12.into(), &12.into()));
    let attempts = "select min(attempt_count) from quarantined_records";
    assert_eq!(shop.number(attempts).await, 2);

    let line = "quarantine replay --tenant acme --create-unknown --output json";
    let answer = shop.call(line).await.succeeds();
    let totals = &answer.data()["totals"];
    assert_eq!((&totals["inserted"], &totals["quarantined"]), (&10.into(), &2.into()));
    assert_eq!(totals["created_references"], 1);
    assert_eq!(shop.line_count().await, 98);
    // Once more: there is nothing left that could pass.
    let answer = shop.call(line).await.succeeds();
    assert_eq!(answer.data()["totals"]["inserted"], 0);
    assert_eq!(shop.line_count().await, 98);
}

#[tokio::test]
async fn one_rule_or_one_record_alone_can_be_tried_again() {
    let shop = with_waiting_lines().await;
    let line = "quarantine replay --tenant acme --rule known-store --create-unknown -o json";
    let records = list(&shop, Some("known-store")).await;
    let id = records[0]["id"].as_str().unwrap();
    let one = format!("quarantine replay --tenant acme --id {id} --create-unknown -o json");
    let answer = shop.call(&one).await.succeeds();
    assert_eq!(answer.data()["totals"]["inserted"], 1, "{answer}");
    let answer = shop.call(line).await.succeeds();
    assert_eq!(answer.data()["totals"]["inserted"], 9, "{answer}");
}

#[tokio::test]
async fn records_that_are_given_up_are_never_tried_again() {
    let shop = with_waiting_lines().await;
    let discard = "quarantine discard --tenant acme --rule known-store --reason closed -o json";
    let answer = shop.call(discard).await.succeeds();
    assert_eq!(answer.data()["discarded"], 10);
    let reason = "select distinct settled_reason from quarantined_records
                  where status = 'discarded'";
    assert_eq!(shop.texts(reason).await, ["closed"]);
    shop.write("stores.csv", STORE_S9);
    let report = shop.import("stores.csv", "stores", &[]).await;
    assert!(report.replayed.is_empty(), "{report:?}");
    assert_eq!(shop.line_count().await, 88);

    let records = list(&shop, Some("number-readable")).await;
    let id = records[0]["id"].as_str().unwrap();
    let one = format!("quarantine discard --tenant acme --id {id} --reason typo -o json");
    let answer = shop.call(&one).await.succeeds();
    assert_eq!(answer.data()["discarded"], 1);
    assert_eq!(list(&shop, None).await[0]["waiting"], 1);
}

#[tokio::test]
async fn wrong_ids_and_rules_are_told() {
    let shop = with_waiting_lines().await;
    let nobody = "01a208bb-0000-7000-8000-000000000000";
    for (line, code, part) in [
        (format!("quarantine show {nobody} --tenant acme"), 5, "no quarantined record"),
        ("quarantine show 17 --tenant acme".to_owned(), 2, "'17' is no record id"),
        ("quarantine replay --tenant acme --id 17".to_owned(), 2, "'17' is no record id"),
        (format!("quarantine replay --tenant acme --id {nobody}"), 5, "no quarantined record"),
        (
            format!("quarantine discard --tenant acme --id {nobody} --reason x"),
            5,
            "no quarantined record",
        ),
        ("quarantine list --tenant acme --rule known-shop".to_owned(), 5, "no rule 'known-shop'"),
        ("quarantine replay --tenant acme --rule known-shop".to_owned(), 5, "no rule"),
        (
            "quarantine discard --tenant acme --rule known-shop --reason x".to_owned(),
            5,
            "no rule 'known-shop'",
        ),
        ("quarantine discard --tenant acme --reason x".to_owned(), 2, "--id"),
        ("quarantine discard --tenant acme --rule known-store".to_owned(), 2, "--reason"),
        ("quarantine list --tenant acmé".to_owned(), 5, "there is no tenant 'acmé'"),
        ("quality rules known-shop".to_owned(), 5, "no rule 'known-shop'"),
    ] {
        let said = shop.call(&line).await.fails_with(code);
        assert!(said.contains(part), "{line}: {said}");
    }
    assert_eq!(list(&shop, None).await.len(), 2);
}

#[tokio::test]
async fn another_tenants_record_is_not_there() {
    let shop = with_waiting_lines().await;
    let records = list(&shop, Some("number-readable")).await;
    let id = records[0]["id"].as_str().unwrap();
    for line in [
        format!("quarantine show {id} --tenant bravo"),
        format!("quarantine discard --id {id} --tenant bravo --reason x"),
        format!("quarantine replay --id {id} --tenant bravo"),
    ] {
        let said = shop.call(&line).await.fails_with(5);
        assert!(said.contains("bravo has no quarantined record"), "{line}: {said}");
    }
    let nothing = shop.call("quarantine list --tenant bravo --output json").await.succeeds();
    assert_eq!(nothing.data(), serde_json::json!([]));
}

#[tokio::test]
async fn a_strict_import_exits_with_three_when_something_was_refused() {
    let shop = shop().await;
    shop.write("good.csv", csv(&sales(1..=10)));
    shop.importing("good.csv", "transactions", &["--strict"]).run().await.succeeds();
    let bad = [Sale { quantity: "two".to_owned(), ..Sale::number(11) }, Sale::number(12)];
    shop.write("bad.csv", csv(&bad));
    let answer = shop.importing("bad.csv", "transactions", &["--strict"]).run().await;
    let answer = answer.exits_with(3);
    assert_eq!(answer.data()["totals"]["inserted"], 1, "what passed is loaded all the same");
    assert!(answer.json()["next"].to_string().contains("quarantine list"), "{answer}");
}
