//! How files are read: what is guessed, what a mapping says, and what is shown of it beforehand.

use serde_json::Value;

use crate::fixture::{SALES_HEADER, Sale, Shop, csv, dirty_sales, sales, shop};

/// What a table must not have more of after a look.
async fn row_counts(shop: &Shop) -> Vec<String> {
    let tables = [
        "transactions",
        "quarantined_records",
        "sync_runs",
        "sync_cursors",
        "stores",
        "products",
        "external_ids",
        "audit_log",
    ];
    let count = |table| format!("select '{table} ' || count(*) from {table}");
    shop.texts(&tables.map(count).join(" union all ")).await
}

fn field<'a>(dry_run: &'a Value, name: &str) -> &'a Value {
    let fields = dry_run["fields"].as_array().unwrap();
    fields.iter().find(|field| field["field"] == name).expect("every field is told")
}

#[tokio::test]
async fn a_look_at_a_file_shows_how_it_would_be_read_and_touches_no_table() {
    let shop = shop().await;
    shop.write(
        "sales.csv",
        csv(&dirty_sales(2_000)).replacen('\n', ",till\n", 1).replace(",USD\n", ",USD,7\n"),
    );
    let before = row_counts(&shop).await;
    let answer = shop.importing("sales.csv", "transactions", &["--dry-run"]).run().await.succeeds();
    assert_eq!(row_counts(&shop).await, before);

    let data = answer.data();
    let look = &data["dry_runs"][0];
    assert_eq!(look["file"], "sales.csv");
    assert_eq!(
        (&look["format"]["format"], &look["format"]["delimiter"]),
        (&"csv".into(), &",".into())
    );
    assert_eq!(look["unused_columns"], serde_json::json!(["till"]));
    let occurred_at = field(look, "occurred_at");
    assert!(occurred_at["from"].to_string().contains("sold_at"), "{occurred_at}");
    assert_eq!(occurred_at["required"], true);
    assert_eq!(look["first_records"].as_array().unwrap().len(), 5);
    assert_eq!(look["first_records"][0]["external_id"], "L1");
    assert_eq!(look["records_looked_at"], 1_000);
    assert_eq!((&look["would_pass"], &look["already_loaded"]), (&981.into(), &0.into()));
    assert_eq!(refusals(look), [("known-store", 9), ("number-readable", 10)]);
    assert!(answer.json()["summary"].to_string().contains("nothing was loaded"), "{answer}");

    let people = shop.call("import sales.csv --tenant acme --kind transactions --dry-run").await;
    let shown = people.succeeds().stdout;
    for part in ["sold_at", "would be refused", "first records", "number-readable"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains('{'), "JSON is not for people: {shown}");
}

/// The rules that would refuse records, each with how many.
fn refusals(look: &Value) -> Vec<(&str, u64)> {
    let refused = look["would_be_refused"].as_array().unwrap();
    refused
        .iter()
        .map(|rule| (rule["rule"].as_str().unwrap(), rule["records"].as_u64().unwrap()))
        .collect()
}

#[tokio::test]
async fn a_look_foretells_what_the_import_then_does() {
    let shop = shop().await;
    shop.write("first.csv", csv(&sales(1..=20)));
    shop.import_sales("first.csv", &[]).await;
    let line = |number: u32| match number {
        // Two contradict what is loaded, eighteen repeat it, and four name what nobody knows.
        1 | 2 => Sale { receipt: "other".to_owned(), ..Sale::number(number) },
        21 | 22 => Sale { store: "S9".to_owned(), ..Sale::number(number) },
        23 | 24 => Sale { product: "P99".to_owned(), ..Sale::number(number) },
        25 => Sale { total: "N/A".to_owned(), ..Sale::number(number) },
        _ => Sale::number(number),
    };
    shop.write("second.csv", csv(&(1..=40).map(line).collect::<Vec<_>>()));
    for flags in [&[][..], &["--unknown-products", "create"][..]] {
        let look = [flags, &["--dry-run"]].concat();
        let before = row_counts(&shop).await;
        let answer = shop.importing("second.csv", "transactions", &look).run().await.succeeds();
        assert_eq!(row_counts(&shop).await, before);
        let data = answer.data();
        let look = &data["dry_runs"][0];
        let report = shop.import_sales("second.csv", &[flags, &["--again"]].concat()).await;
        assert_eq!(refusals(look), report.counts.refused());
        assert_eq!(look["would_pass"], report.counts.inserted + report.counts.unchanged);
        assert_eq!(look["already_loaded"], report.counts.unchanged);
    }
}

#[tokio::test]
async fn a_look_at_a_file_that_cannot_be_mapped_says_what_is_missing() {
    let shop = shop().await;
    shop.write("sales.csv", "shop,article,when\nS1,P1,04.03.2025 10:00\n");
    let answer = shop.importing("sales.csv", "transactions", &["--dry-run"]).run().await.succeeds();
    let look = &answer.data()["dry_runs"][0];
    let advice = look["advice"].to_string();
    for part in ["store", "quantity", "total_amount", "[columns]"] {
        assert!(advice.contains(part), "{part}: {advice}");
    }
}

#[tokio::test]
async fn a_look_at_times_of_another_style_says_which_it_probably_is() {
    let shop = shop().await;
    let sold_at = |number: u32| Sale {
        sold_at: format!("{:02}.03.2025 10:00:00", number % 28 + 1),
        ..Sale::number(number)
    };
    shop.write("sales.csv", csv(&(1..=50).map(sold_at).collect::<Vec<_>>()));
    let answer = shop.importing("sales.csv", "transactions", &["--dry-run"]).run().await.succeeds();
    let advice = answer.data()["dry_runs"][0]["advice"].to_string();
    assert!(advice.contains("day-first"), "{advice}");
}

const TILLS: &str = r#"
source = "tills"
time_format = "day-first"
time_zone = "Europe/Berlin"
number_format = "point-groups"
currency = "EUR"
delimiter = "|"
negative_quantity = "return"
guess = false

[columns]
external_id = "{beleg}:{zeile}"
store = "filiale"
product = { column = "ean", otherwise = "artikel" }
occurred_at = "zeit"
quantity = "menge"
total_amount = "betrag"
transaction_type = { column = "art", words = { V = "sale", S = "void" } }
discount_amount = { sum = ["rabatt", "coupon"] }
"#;

#[tokio::test]
async fn a_mapping_of_the_users_own_says_how_a_file_is_read() {
    let shop = shop().await;
    shop.write("tills.toml", TILLS);
    shop.write(
        "kasse.csv",
        "beleg|zeile|filiale|ean|artikel|zeit|menge|betrag|art|rabatt|coupon\n\
         17|1|S2|4711|A1|04.03.2025 10:30|2|1.234,50|V|1,00|0,50\n\
         17|2|S2||A2|04.03.2025 10:30|-1|-9,99||0|0\n\
         18|1|S2|4711|A1|30.03.2025 02:30|1|5,00|V|0|0\n",
    );
    let flags =
        ["--map", "tills.toml", "--unknown-stores", "create", "--unknown-products", "create"];
    let report = shop.import_sales("kasse.csv", &flags).await;
    assert_eq!(report.outcome(), [2, 0, 0, 1], "{report:?}");
    assert_eq!(report.counts.refused(), [("time-readable", 1)]);
    assert_eq!(report.counts.created_references, 3);
    let loaded = "select concat_ws(' ', source, external_id, transaction_type, quantity,
                      total_amount, discount_amount, currency, occurred_at at time zone 'UTC')
                  from transactions order by external_id";
    assert_eq!(
        shop.texts(loaded).await,
        [
            "tills 17:1 sale 2.0000 1234.5000 1.5000 EUR 2025-03-04 09:30:00",
            "tills 17:2 return 1.0000 9.9900 0.0000 EUR 2025-03-04 09:30:00",
        ]
    );
    let products = "select external_id from external_ids where source = 'tills' and
                    entity = 'product' order by 1";
    assert_eq!(shop.texts(products).await, ["4711", "A2"]);
}

#[tokio::test]
async fn a_mapping_with_a_mistake_is_refused_with_what_was_probably_meant() {
    let shop = shop().await;
    shop.write("sales.csv", csv(&sales(1..=3)));
    for (mapping, code, parts) in [
        ("time_fromat = \"iso\"", 2, &["map.toml", "time_fromat"][..]),
        ("[columns]\nstroe = \"store\"", 2, &["stroe", "store"]),
        ("[columns]\nstore = \"shop\"", 2, &["'shop'", "the file lacks. Found: id, receipt"]),
        ("time_zone = \"Europe/Berlim\"", 2, &["Europe/Berlim", "no time zone"]),
        ("encoding = \"latin-7-bit\"", 2, &["no known encoding", "windows-1252"]),
        ("delimiter = \"::\"", 2, &["cannot be a delimiter"]),
        ("= 3", 2, &["map.toml"]),
    ] {
        shop.write("map.toml", mapping);
        let flags = ["--tenant", "acme", "--kind", "transactions", "--map", "map.toml"];
        let answer = shop.command().args(["import", "sales.csv"]).args(flags).run().await;
        assert_eq!(answer.code, code, "{mapping}: {answer}");
        for part in parts {
            assert!(answer.stderr.contains(part), "{part}: {answer}");
        }
    }
    let flags = ["--tenant", "acme", "--kind", "transactions", "--map", "no-such-mapping"];
    let answer = shop.command().args(["import", "sales.csv"]).args(flags).run().await;
    let said = answer.fails_with(2);
    assert!(said.contains("no-such-mapping") && said.contains("completejourney"), "{said}");
    assert_eq!(shop.line_count().await, 0);
}

#[tokio::test]
async fn a_clock_told_on_the_command_line_is_stronger_than_the_stores() {
    let shop = shop().await;
    let sale = Sale { store: "S1".to_owned(), ..Sale::number(1) };
    let noon = Sale { sold_at: "2025-03-04 12:00:00".to_owned(), ..sale };
    shop.write("sales.csv", csv(&[noon]));
    let moment = "select (occurred_at at time zone 'UTC')::text || ' ' || business_date
                  from transactions order by occurred_at";
    shop.import_sales("sales.csv", &["--time-zone", "Asia/Tokyo"]).await;
    assert_eq!(shop.texts(moment).await, ["2025-03-04 03:00:00 2025-03-03"]);
    let flags = ["--tenant", "acme", "--kind", "transactions", "--time-zone", "Mars/Olympus"];
    let answer = shop.command().args(["import", "sales.csv"]).args(flags).run().await;
    assert!(answer.fails_with(2).contains("--time-zone: 'Mars/Olympus' is no time zone"));
}

#[tokio::test]
async fn unknown_stores_and_products_wait_or_are_created_as_the_flags_say() {
    let shop = shop().await;
    let unknown = [
        Sale { store: "S8".to_owned(), ..Sale::number(1) },
        Sale { product: "P80".to_owned(), ..Sale::number(2) },
        Sale { store: "S9".to_owned(), product: "P90".to_owned(), ..Sale::number(3) },
    ];
    shop.write("sales.csv", csv(&unknown));
    let waiting = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(waiting.counts.refused(), [("known-product", 1), ("known-store", 2)]);
    let shop = crate::fixture::shop().await;
    shop.write("sales.csv", csv(&unknown));
    let stores = shop.import_sales("sales.csv", &["--unknown-stores", "create"]).await;
    assert_eq!(stores.counts.refused(), [("known-product", 2)]);
    assert_eq!(stores.counts.created_references, 2, "S9 is created though its line waits");
    let flags = ["--unknown-products", "create", "--again"];
    let all = shop.import_sales("sales.csv", &flags).await;
    assert_eq!(all.outcome(), [2, 0, 1, 0], "{all:?}");
    let made = "select count(*) from products where is_placeholder";
    assert_eq!(shop.number(made).await, 2);
}

#[tokio::test]
async fn a_file_of_the_right_header_and_the_wrong_kind_is_told() {
    let shop = shop().await;
    shop.write("sales.csv", format!("{SALES_HEADER}\n"));
    let answer = shop.call("import sales.csv --tenant acme --kind purchase-orders").await;
    let said = answer.fails_with(1);
    assert!(said.contains("no column is known for"), "{said}");
}
