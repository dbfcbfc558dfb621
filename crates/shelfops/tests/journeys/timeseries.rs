//! Time series: what policies touch, what is ahead, and settings that become plans.

use serde_json::Value;

use crate::fixture::{Answer, Shop, csv, sales, shop};

async fn plan(shop: &Shop, flags: &[&str]) -> Answer {
    let whole = ["timeseries", "plan", "transactions", "--output", "json"];
    shop.run(whole.iter().chain(flags)).await
}

async fn with_sales() -> Shop {
    let shop = shop().await;
    shop.write("sales.csv", csv(&sales(1..=5_000)));
    shop.import_sales("sales.csv", &[]).await;
    shop.database().connect().await.unwrap().batch_execute("analyze").await.unwrap();
    shop
}

fn series(answer: &Answer) -> Value {
    answer.data()["series"][0].clone()
}

#[tokio::test]
async fn what_is_there_and_ahead_is_told_with_its_arithmetic() {
    let shop = with_sales().await;
    let told = series(&plan(&shop, &[]).await.succeeds());
    assert_eq!(told["table"], "transactions");
    assert!(told["forecast"]["growth"]["bytes_a_day"].as_f64().unwrap() > 0.0, "{told}");
    assert!(told["chunk_size"]["because"].as_str().unwrap().contains(" a day × 7 days = "));
    assert_eq!(told["forecast"]["outlook"].as_array().unwrap().len(), 4);
    assert!(told["retention"].is_null(), "everything is kept");
    let page = shop.call("timeseries plan").await.succeeds().stdout;
    for part in ["transactions (", "keep       for ever", "disk", "policies", "has never run"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let unknown = shop.call("timeseries plan stores").await.fails_with(5);
    assert!(unknown.contains("there is no time series 'stores'"), "{unknown}");
}

#[tokio::test]
async fn settings_that_lose_rows_are_told_and_none_is_changed_by_asking() {
    let shop = with_sales().await;
    let answer = plan(&shop, &["--retain", "2 days"]).await.exits_with(3);
    let told = series(&answer);
    let faults = told["faults"].as_array().unwrap().iter().map(|fault| fault.as_str().unwrap());
    assert!(faults.clone().any(|fault| fault.contains("dropped as they come")), "{told}");
    assert!(!faults.clone().any(|fault| fault.contains("refresh the rollups")), "{told}");
    let chunks = told["retention"]["chunks"].as_array().unwrap().len();
    assert!(chunks > 0, "the sales are old: {told}");
    for age in ["soon", "3 days ago", ""] {
        let said = shop.run(["timeseries", "plan", "--retain", age]).await.fails_with(2);
        assert!(said.contains("is no age"), "{age}: {said}");
    }
    // Where rows are compressed after weeks, dropping them after days would be a contradiction as well.
    let losing = ["--retain", "2 days", "--compress-after", "1 day", "--plan"];
    let said = plan(&shop, &losing).await.stderr;
    assert!(said.contains("no plan is made of settings that lose rows"), "{said}");
    let kept = "select count(*) from shelfops.timeseries_tables where retain_for is not null";
    assert_eq!(shop.number(kept).await, 0);
    let lonely = shop.run(["timeseries", "plan", "--retain", "3 years", "--plan"]).await;
    assert!(lonely.fails_with(2).contains("of one table"));
}

#[tokio::test]
async fn settings_become_a_plan_that_names_what_it_drops() {
    let shop = with_sales().await;
    let made = plan(&shop, &["--retain", "60 days", "--plan"]).await.succeeds();
    let number = made.data()["plan"].as_i64().unwrap();
    let shown = shop.call(&format!("plan show {number} --output json")).await.succeeds().data();
    let word = |name: &str| shown[name].as_str().unwrap().to_owned();
    assert_eq!((&*word("state"), &*word("effect")), ("proposed", "destructive"));
    let statement = shown["steps"][0]["statement"].as_str().unwrap();
    assert!(statement.contains("shelfops.keep_timeseries('transactions'"), "{statement}");
    let dropped = shown["touches"]["chunks_to_drop"][0]["name"].as_str().unwrap();
    let page = shop.call(&format!("plan show {number}")).await.succeeds().stdout;
    assert!(page.contains("touches public.transactions: 5000 rows, "), "{page}");
    assert!(page.contains(&format!("  drops {dropped}, ")), "{page}");
    let refused = shop.call(&format!("plan apply {number}")).await.fails_with(4);
    assert!(refused.contains("approve"), "{refused}");

    // Nothing is lost by keeping them for ever: in development nobody is asked.
    let made = plan(&shop, &["--compress-after", "60 days", "--plan"]).await.succeeds();
    let number = made.data()["plan"].as_i64().unwrap();
    shop.call(&format!("plan apply {number}")).await.succeeds();
    let set = "select extract(epoch from compress_after)::bigint from shelfops.timeseries_tables
               where table_name = 'transactions'";
    assert_eq!(shop.number(set).await, 60 * 86_400);
}

#[tokio::test]
async fn keeping_rows_longer_loses_nothing_and_is_said_by_a_word() {
    let shop = with_sales().await;
    let client = shop.database().connect().await.unwrap();
    let short = "select shelfops.keep_timeseries('transactions', null, interval '3 years')";
    client.batch_execute(short).await.unwrap();
    let made = plan(&shop, &["--retain", "forever", "--plan"]).await.succeeds();
    let number = made.data()["plan"].as_i64().unwrap();
    let shown = shop.call(&format!("plan show {number} --output json")).await.succeeds().data();
    assert_ne!(shown["effect"], "destructive", "{shown}");
    shop.call(&format!("plan apply {number}")).await.succeeds();
    let kept = "select count(*) from shelfops.timeseries_tables where retain_for is not null";
    assert_eq!(shop.number(kept).await, 0);
}
