//! Records that wait: seen, tried again by themselves or by hand, and given up.

use std::time::Duration;

use serde_json::Value;
use shelfops_testkit::{Engine, engines, wait_for};

use crate::fixture::{Answer, Sale, Shop, best_engine, compressed, csv, sales, shop};

const STORE_S9: &str = "store_id,name,time_zone\nS9,New Store,Europe/Paris\n";

/// Imports a hundred lines, ten of them of a store that nobody knows, and two unreadable.
async fn with_waiting_lines() -> Shop {
    with_waiting_lines_on(best_engine().await).await
}

async fn with_waiting_lines_on(engine: Engine) -> Shop {
    let shop = Shop::open(engine).await;
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
}

#[tokio::test]
async fn a_list_that_is_cut_says_how_many_there_are() {
    let shop = with_waiting_lines().await;
    let list = "quarantine list --tenant acme --rule known-store -o json";
    let cut = shop.call(&format!("{list} --limit 3")).await.succeeds();
    assert_eq!(cut.data().as_array().unwrap().len(), 3);
    let told = |answer: &Answer| answer.json()["summary"][0].as_str().unwrap().to_owned();
    assert_eq!(told(&cut), "the first 3 of 10 records of acme refused by 'known-store'");
    let whole = shop.call(list).await.succeeds();
    assert_eq!(told(&whole), "10 records of acme refused by 'known-store'");
    let none = shop.call("quarantine list --tenant acme --rule known-product -o json").await;
    let none = none.succeeds();
    assert_eq!(told(&none), "0 records of acme refused by 'known-product'");
    assert!(none.json().get("next").is_none(), "there is none to show: {none}");
}

#[tokio::test]
async fn a_known_file_says_what_waits_of_it_and_how_it_gets_in() {
    let shop = with_waiting_lines().await;
    let flags = ["--unknown-stores", "create"];
    let answer = shop.importing("sales.csv", "transactions", &flags).run().await.succeeds();
    let json = answer.json();
    assert_eq!(json["data"]["files"][0]["status"], "nothing new");
    assert_eq!(json["data"]["files"][0]["waiting"], 12);
    assert!(json["summary"][1].as_str().unwrap().contains("12 records wait"), "{answer}");
    let command = json["next"][0]["command"].as_str().unwrap();
    assert_eq!(command, "shelfops quarantine replay --tenant acme --create-unknown");
    shop.call(command.strip_prefix("shelfops ").unwrap()).await.succeeds();
    assert_eq!(shop.line_count().await, 98);
    shop.call("quarantine discard --tenant acme --rule number-readable --reason typo").await;
    let answer = shop.importing("sales.csv", "transactions", &flags).run().await.succeeds();
    let json = answer.json();
    assert_eq!(json["data"]["files"][0]["waiting"], 0);
    assert!(!json["next"].to_string().contains("quarantine"), "nothing waits any more: {answer}");
}

#[tokio::test]
async fn what_an_earlier_run_refused_first_is_found_from_a_later_one() {
    let shop = with_waiting_lines().await;
    let flags = ["--again"];
    let answer = shop.importing("sales.csv", "transactions", &flags).run().await.succeeds();
    let told = answer.json()["summary"][0].to_string();
    assert!(told.contains("12 in quarantine (12 of them refused before)"), "{answer}");
    let later = answer.data()["files"][0]["sync_run_id"].as_str().unwrap().to_owned();
    let listed = shop.call(&format!("quarantine list --tenant acme --run {later} -o json")).await;
    let listed = listed.succeeds();
    assert_eq!(listed.data(), serde_json::json!([]));
    let json = listed.json();
    assert!(json["summary"][1].as_str().unwrap().contains("it refused 12 records"), "{listed}");
    let command = json["next"][0]["command"].as_str().unwrap();
    let command = format!("{} -o json", command.strip_prefix("shelfops ").unwrap());
    assert_eq!(shop.call(&command).await.succeeds().data().as_array().unwrap().len(), 12);
}

#[tokio::test]
async fn a_record_that_was_given_up_says_why_and_no_more_what_to_do() {
    let shop = with_waiting_lines().await;
    let records = list(&shop, Some("number-readable")).await;
    let id = records[0]["id"].as_str().unwrap();
    let show = format!("quarantine show {id} --tenant acme");
    let waiting = shop.call(&show).await.succeeds();
    assert!(waiting.stderr.contains("  why: ") && !waiting.stderr.contains(".:"), "{waiting}");
    assert!(!waiting.stdout.contains("settled"), "{waiting}");

    let discard = format!("quarantine discard --tenant acme --id {id} --reason typo");
    shop.call(&discard).await.succeeds();
    let given_up = shop.call(&show).await.succeeds();
    assert!(given_up.stdout.contains("typo") && !given_up.stderr.contains("why:"), "{given_up}");
    let json = shop.call(&format!("{show} -o json")).await.succeeds().json();
    assert_eq!(json["data"]["settled_reason"], "typo");
    assert!(json["data"]["settled_at"].is_string() && json.get("why").is_none(), "{json}");
    for line in [format!("quarantine replay --tenant acme --id {id}"), discard] {
        let answer = shop.call(&line).await.succeeds();
        assert!(answer.stderr.contains("it was discarded at 2"), "{answer}");
        assert!(answer.stderr.contains(": typo"), "{answer}");
    }
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

/// Imports ten counts of a store that nobody knows, beside the lines that wait for it.
async fn with_waiting_counts() -> Shop {
    let shop = with_waiting_lines().await;
    let count = |number: u32| format!("S9,P{number},2025-03-04 08:00:00,7\n");
    let counts: String = (1..=10).map(count).collect();
    shop.write("counts.csv", format!("store,product,counted_at,quantity_on_hand\n{counts}"));
    let report = shop.import("counts.csv", "inventory", &[]).await;
    assert_eq!(report.outcome(), [0, 0, 0, 10]);
    shop
}

const REPLAYS: &str = "select count(*) from sync_runs where kind = 'replay'";

#[tokio::test]
async fn a_single_record_leaves_no_trace_of_a_run_in_other_streams() {
    let shop = with_waiting_counts().await;
    let records = list(&shop, Some("number-readable")).await;
    let id = records[0]["id"].as_str().unwrap();
    let one = format!("quarantine replay --tenant acme --id {id} -o json");
    let answer = shop.call(&one).await.succeeds();
    assert_eq!(answer.data()["totals"]["read"], 1, "{answer}");
    assert_eq!(shop.number(REPLAYS).await, 1);
    let rule = "quarantine replay --tenant acme --rule number-readable -o json";
    assert_eq!(shop.call(rule).await.succeeds().data()["totals"]["read"], 2);
    assert_eq!(shop.number(REPLAYS).await, 2);
}

#[tokio::test]
async fn records_that_another_process_tries_keep_no_others_waiting() {
    let shop = with_waiting_counts().await;
    let other = shop.database().connect().await.unwrap();
    let lock = "select pg_advisory_lock(hashtextextended(
                    customer_id || '/file/transactions/quarantine/file/transactions', 1))
                from shelfops.tenants where slug = 'acme'";
    other.query_one(lock, &[]).await.unwrap();
    let line = "quarantine replay --tenant acme --create-unknown -o json";
    let answer = shop.call(line).await.exits_with(9);
    let data = answer.data();
    assert_eq!(data["totals"]["inserted"], 10, "{answer}");
    assert_eq!(data["streams"][0]["stream"], "inventory", "{answer}");
    assert_eq!(data["failed"][0]["stream"], "transactions", "{answer}");
    assert!(data["failed"][0]["error"].to_string().contains("another process"), "{answer}");
    // Nothing else waits for an answer then: the failure is the answer.
    let rule = "quarantine replay --tenant acme --rule number-readable -o json";
    assert!(shop.call(rule).await.fails_with(6).contains("another process"));
    drop(other);
    let free = async || shop.call(line).await.code == 0;
    wait_for("the lock to be gone", Duration::from_secs(30), free).await.unwrap();
    assert_eq!(shop.line_count().await, 98);
}

/// Days and lines as the rollup counts them, and as the lines themselves do.
async fn assert_daily_sales_exact(shop: &Shop) {
    let kept = "select concat_ws(' ', business_date, sum(line_count)) from daily_sales
                group by business_date order by business_date";
    let counted = "select concat_ws(' ', business_date, count(*)) from transactions
                   group by business_date order by business_date";
    assert_eq!(shop.texts(kept).await, shop.texts(counted).await);
}

#[tokio::test]
async fn daily_sales_hold_what_was_replayed() {
    for engine in engines().await.unwrap() {
        let shop = with_waiting_lines_on(engine).await;
        assert_daily_sales_exact(&shop).await;
        shop.write("stores.csv", STORE_S9);
        let report = shop.import("stores.csv", "stores", &[]).await;
        assert_eq!(report.replayed[0].inserted, 10);
        assert_daily_sales_exact(&shop).await;
    }
}

#[tokio::test]
async fn daily_sales_hold_what_a_failed_import_brought() {
    for engine in engines().await.unwrap() {
        let shop = with_waiting_lines_on(engine).await;
        let whole = compressed("more.csv.gz", csv(&sales(1_001..=12_000)).as_bytes());
        shop.write("more.csv.gz", &whole[..whole.len() - whole.len() / 8]);
        let flags = ["--batch-records", "4096"];
        shop.importing("more.csv.gz", "transactions", &flags).run().await.fails_with(1);
        assert!(shop.line_count().await > 4_000);
        assert_daily_sales_exact(&shop).await;
    }
}

#[tokio::test]
async fn lines_that_waited_are_loaded_although_the_file_with_their_store_breaks_off() {
    let shop = with_waiting_lines().await;
    let others = (0..30_000).map(|number| format!("X{number},Store {},UTC\n", number * 7919));
    let stores = format!("{STORE_S9}{}", others.collect::<String>());
    let whole = compressed("stores.csv.gz", stores.as_bytes());
    shop.write("stores.csv.gz", &whole[..whole.len() / 2]);
    let answer = shop.importing("stores.csv.gz", "stores", &[]).run().await;
    let said = answer.fails_with(1);
    assert!(said.contains("stores.csv.gz"), "{said}");
    assert_eq!(shop.line_count().await, 98);
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
        ("quarantine discard --tenant acme --reason x".to_owned(), 2, "--id, --rule or --run"),
        (format!("quarantine list --tenant acme --run {nobody}"), 5, "acme has no run"),
        (
            format!("quarantine discard --tenant acme --run {nobody} --reason x"),
            5,
            "acme has no run",
        ),
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

#[tokio::test]
async fn a_file_that_is_read_again_by_a_better_mapping_leaves_nothing_waiting_of_the_worse_one() {
    let shop = shop().await;
    let mut lines = sales(1..=20);
    for line in &mut lines {
        line.quantity = "1,000".to_owned();
        line.unit_price = "2.50".to_owned();
        line.total = "2,500.00".to_owned();
    }
    shop.write("sales.csv", csv(&lines));
    shop.write("comma.toml", "number_format = \"comma-groups\"\n");
    let wrong = shop.import_sales("sales.csv", &["--keep-going"]).await;
    let refused = shop.quarantine_count().await;
    assert!(refused > 0, "{wrong:?}");
    let run =
        shop.texts("select sync_run_id::text from sync_runs where stream = 'transactions'").await;
    let listed = format!("quarantine list --tenant acme --run {} -o json", run[0]);
    let listed = shop.call(&listed).await.succeeds().data();
    assert_eq!(listed.as_array().unwrap().len() as i64, refused);

    let right = shop.import_sales("sales.csv", &["--map", "comma.toml"]).await;
    assert!(right.counts.refused().is_empty(), "{right:?}");
    assert_eq!(shop.line_count().await, 20);
    let waiting = "select count(*) from quarantined_records where status = 'waiting'";
    assert_eq!(shop.number(waiting).await, 0);
    let reasons = "select distinct settled_reason from quarantined_records";
    assert!(shop.texts(reasons).await[0].starts_with("replaced: "));
}

#[tokio::test]
async fn what_one_run_refused_can_be_given_up_by_its_id() {
    let shop = with_waiting_lines().await;
    let waiting = shop.quarantine_count().await;
    let run =
        shop.texts("select sync_run_id::text from sync_runs where stream = 'transactions'").await;
    let discard =
        format!("quarantine discard --tenant acme --run {} --reason wrong -o json", run[0]);
    let answer = shop.call(&discard).await.succeeds();
    assert_eq!(answer.data()["discarded"], waiting);
    let said = shop.call("quarantine list --tenant acme --run 17").await.fails_with(2);
    assert!(said.contains("no id of a run"), "{said}");
}
