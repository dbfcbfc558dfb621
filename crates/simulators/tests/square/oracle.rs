//! What the API tells page by page is the truth that the oracle tells.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shelfops_simulators::square::{Country, OracleLine, OracleLineType};

use super::client::{MERCHANT, Shop, amount, small, text};

/// What both sides say of a line.
type Line = (String, [i64; 5], String);

fn key(order: &str, uid: &str) -> String {
    format!("{order}/{uid}")
}

fn told(order: &Value) -> Vec<(String, Line)> {
    let id = text(order, "id");
    let sold = order["line_items"].as_array().cloned().unwrap_or_default();
    let returned = order["returns"][0]["return_line_items"].as_array().cloned().unwrap_or_default();
    let line = |line: &Value, gross: &str, word: &str| {
        let amounts = [
            amount(line, gross),
            amount(line, "total_discount_money"),
            amount(line, "total_tax_money"),
            amount(line, "total_money"),
            amount(line, "base_price_money"),
        ];
        let field = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or("-");
        let (of, name) = (field("catalog_object_id"), field("name"));
        let (quantity, state) = (text(line, "quantity"), text(order, "state"));
        let rest = format!("{word} {quantity} {of} {name} {state}");
        (key(id, text(line, "uid")), (text(order, "location_id").to_owned(), amounts, rest))
    };
    sold.iter()
        .map(|each| line(each, "gross_sales_money", "sale"))
        .chain(returned.iter().map(|each| line(each, "gross_return_money", "return")))
        .collect()
}

fn true_line(line: &OracleLine) -> (String, Line) {
    let amounts = [line.gross, line.discount, line.tax, line.total, i64::from(line.unit_price)];
    let word = if line.line_type == OracleLineType::Sale { "sale" } else { "return" };
    let of = line.variation_id.as_deref().unwrap_or("-");
    let name = line.item_name.as_deref().unwrap_or("-");
    let rest = format!("{word} {} {of} {name} {}", line.quantity, line.state);
    (key(&line.order_id, &line.uid), (line.location_id.clone(), amounts, rest))
}

async fn compare(country: Country) {
    let mut config = small(20);
    config.merchants[0].country = country;
    config.merchants[0].habits.offline_per_mille = 30;
    let shop = Shop::open(config).await;
    let oracle = shop.simulator.oracle(MERCHANT).await.unwrap();
    let orders = shop.all_orders().await;
    assert_eq!(orders.len() as u64, oracle.totals.order_count);
    let told: BTreeMap<String, Line> = orders.iter().flat_map(told).collect();
    let truth: BTreeMap<String, Line> = oracle.lines.iter().map(true_line).collect();
    assert_eq!(told.len(), oracle.lines.len(), "keys are unique");
    assert_eq!(told, truth);
    let kinds = |kind| oracle.lines.iter().filter(|line| line.line_type == kind).count();
    assert!(kinds(OracleLineType::Return) > 20 && kinds(OracleLineType::Sale) > 2_000);

    let locations = shop.get("/v2/locations").await.ok();
    let names: Vec<&str> =
        locations["locations"].as_array().unwrap().iter().map(|each| text(each, "name")).collect();
    assert_eq!(names, oracle.stores.iter().map(|store| store.name.as_str()).collect::<Vec<_>>());

    let body = json!({ "limit": 1000 });
    let counts = shop.post_all("/v2/inventory/counts/batch-retrieve", body, "counts").await;
    let told: BTreeMap<(String, String), (String, String)> = counts
        .iter()
        .map(|count| {
            let shelf = (
                text(count, "location_id").to_owned(),
                text(count, "catalog_object_id").to_owned(),
            );
            (shelf, (text(count, "quantity").to_owned(), text(count, "calculated_at").to_owned()))
        })
        .collect();
    let truth: BTreeMap<(String, String), (String, String)> = oracle
        .inventory
        .into_iter()
        .map(|level| {
            let shelf = (level.location_id, level.variation_id);
            (shelf, (level.quantity, level.calculated_at.to_string()))
        })
        .collect();
    assert_eq!(told, truth);
    compare_products(&shop).await;
}

async fn compare_products(shop: &Shop) {
    let oracle = shop.simulator.oracle(MERCHANT).await.unwrap();
    let body = json!({ "object_types": ["ITEM_VARIATION"], "include_deleted_objects": true });
    let told = shop.post_all("/v2/catalog/search", body, "objects").await;
    assert_eq!(told.len(), oracle.products.len());
    for (object, product) in told.iter().zip(&oracle.products) {
        assert_eq!(text(object, "id"), product.variation_id);
        assert_eq!(object["is_deleted"].as_bool(), Some(product.is_deleted));
        if !product.is_deleted {
            let data = &object["item_variation_data"];
            assert_eq!(data["price_money"]["amount"].as_u64(), product.price.map(u64::from));
            assert_eq!(data.get("sku").and_then(Value::as_str), product.sku.as_deref());
            assert_eq!(text(data, "item_id"), product.item_id);
        }
    }
}

#[tokio::test]
async fn the_truth_is_told_where_taxes_come_on_top() {
    compare(Country::UnitedStates).await;
}

#[tokio::test]
async fn the_truth_is_told_where_taxes_are_included() {
    compare(Country::UnitedKingdom).await;
}

#[tokio::test]
async fn the_truth_is_told_where_money_has_no_smaller_unit() {
    compare(Country::Japan).await;
}

#[tokio::test]
async fn totals_add_up_with_payments_and_refunds() {
    let shop = Shop::open(small(20)).await;
    let totals = shop.simulator.totals(MERCHANT).await.unwrap();
    let mut paid = 0;
    for location in shop.locations() {
        let path = format!("/v2/payments?location_id={location}");
        let payments = shop.get_all(&path, "payments").await;
        paid += payments.iter().map(|each| amount(each, "amount_money")).sum::<i64>();
    }
    let refunds = shop.get_all("/v2/refunds", "refunds").await;
    let back: i64 = refunds.iter().map(|each| amount(each, "amount_money")).sum();
    assert_eq!(paid - back, totals.sale_total - totals.return_total);
    assert_eq!(refunds.len() as u64, totals.refund_count);
}

#[tokio::test]
async fn every_order_adds_up_in_itself() {
    let shop = Shop::open(small(20)).await;
    for order in shop.all_orders().await {
        let lines = order["line_items"].as_array().cloned().unwrap_or_default();
        let sum = |field: &str| lines.iter().map(|line| amount(line, field)).sum::<i64>();
        assert_eq!(sum("total_money"), amount(&order, "total_money"), "{order}");
        assert_eq!(sum("total_tax_money"), amount(&order, "total_tax_money"));
        assert_eq!(sum("total_discount_money"), amount(&order, "total_discount_money"));
        for line in &lines {
            let expected = amount(line, "gross_sales_money") - amount(line, "total_discount_money")
                + amount(line, "total_tax_money");
            assert_eq!(amount(line, "total_money"), expected);
            let applied = line["applied_discounts"].as_array().cloned().unwrap_or_default();
            let applied: i64 = applied.iter().map(|each| amount(each, "applied_money")).sum();
            assert_eq!(applied, amount(line, "total_discount_money"));
        }
        let discounts = order["discounts"].as_array().cloned().unwrap_or_default();
        let applied: i64 = discounts.iter().map(|each| amount(each, "applied_money")).sum();
        assert_eq!(applied, amount(&order, "total_discount_money"));
    }
}
