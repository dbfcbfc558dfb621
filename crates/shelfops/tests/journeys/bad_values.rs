//! Values that are not what they should be: each is refused by its rule, for the right reason.

use crate::fixture::{Sale, csv, shop};

/// Totals as exports write them, and the rule that refuses each.
const TOTALS: [(&str, Option<&str>); 12] = [
    ("1e308", Some("number-readable")),
    ("1e3", None),
    ("NaN", Some("number-readable")),
    ("-inf", Some("number-readable")),
    ("-0", None),
    ("1,234.50", Some("number-readable")),
    ("12.345", Some("money-exact")),
    ("1000000000000000", Some("money-exact")),
    ("N/A", Some("number-readable")),
    ("", Some("required-fields")),
    ("0x10", Some("number-readable")),
    ("7.50", None),
];

#[tokio::test]
async fn numbers_are_exact_or_refused() {
    let shop = shop().await;
    let priced = |(number, (total, _)): (u32, (&str, Option<&str>))| Sale {
        total: total.to_owned(),
        unit_price: String::new(),
        ..Sale::number(number)
    };
    let lines: Vec<Sale> = (1..).zip(TOTALS).map(priced).collect();
    shop.write("sales.csv", csv(&lines));
    let report = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(report.outcome(), [3, 0, 0, 9]);

    let refused = "select record_number || ' ' || rule from quarantined_records order by \
                   record_number";
    let expected: Vec<String> = (1..)
        .zip(TOTALS)
        .filter_map(|(number, (_, rule))| Some(format!("{number} {}", rule?)))
        .collect();
    assert_eq!(shop.texts(refused).await, expected);
    let loaded = "select total_amount::text from transactions order by external_id";
    assert_eq!(shop.texts(loaded).await, ["7.5000", "1000.0000", "0.0000"]);
}

#[tokio::test]
async fn grouped_numbers_are_read_when_the_mapping_says_how() {
    for (total, format) in [("1,234.50", "comma-groups"), ("1.234,50", "point-groups")] {
        let shop = shop().await;
        let sale = Sale { total: total.to_owned(), unit_price: String::new(), ..Sale::number(1) };
        shop.write("sales.csv", csv(&[sale]));
        shop.write("map.toml", format!("number_format = \"{format}\"\n"));
        shop.import_sales("sales.csv", &["--map", "map.toml"]).await;
        let loaded = shop.texts("select total_amount::text from transactions").await;
        assert_eq!(loaded, ["1234.5000"], "{format}");
    }
}

fn sold(moments: &[&str], store: &str) -> String {
    let sold_at = |(number, moment): (u32, &&str)| Sale {
        sold_at: (*moment).to_owned(),
        store: store.to_owned(),
        ..Sale::number(number)
    };
    csv(&(1..).zip(moments).map(sold_at).collect::<Vec<_>>())
}

#[tokio::test]
async fn a_moment_is_the_same_in_every_style_the_mapping_names() {
    let styles = [
        ("iso", "2025-03-04 05:06:07"),
        ("compact", "20250304050607"),
        ("day-first", "04.03.2025 05:06:07"),
        ("month-first", "03/04/2025 05:06:07"),
        ("epoch-seconds", "1741064767"),
        ("epoch-milliseconds", "1741064767000"),
    ];
    for (format, moment) in styles {
        let shop = shop().await;
        shop.write("sales.csv", sold(&[moment], "S1"));
        shop.write("map.toml", format!("time_format = \"{format}\"\ntime_zone = \"UTC\"\n"));
        shop.import_sales("sales.csv", &["--map", "map.toml"]).await;
        let loaded = shop.texts("select extract(epoch from occurred_at)::text from transactions");
        assert_eq!(loaded.await, ["1741064767.000000"], "{format}");
    }
}

#[tokio::test]
async fn styles_that_nobody_announced_are_refused_with_what_to_say() {
    let shop = shop().await;
    let moments = ["2025-03-04 05:06:07", "20250304", "04.03.2025", "03/04/2025", "1741064767"];
    shop.write("sales.csv", sold(&moments, "S1"));
    let report = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(report.counts.refused(), [("time-readable", 4)]);
    let reasons = shop.texts("select reason from quarantined_records order by record_number").await;
    assert!(reasons[2].contains("\"day-first\" or \"month-first\""), "{reasons:?}");
    assert!(reasons.iter().all(|reason| reason.contains("time_format")), "{reasons:?}");
}

#[tokio::test]
async fn days_that_never_were_and_years_nobody_means_are_refused() {
    let shop = shop().await;
    let moments = [
        "1899-12-30",
        "9999-12-31",
        "2025-02-31",
        "2025-02-29",
        "2024-02-29",
        "0001-01-01",
        "2025-03-04 24:30:00",
    ];
    shop.write("sales.csv", sold(&moments, "S1"));
    let report = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(report.counts.refused(), [("time-readable", 4), ("time-sane", 2)]);
    let loaded = shop.texts("select business_date::text from transactions").await;
    assert_eq!(loaded, ["2024-02-29"]);
}

#[tokio::test]
async fn an_hour_is_skipped_or_repeated_by_the_clock_of_the_store_itself() {
    let shop = shop().await;
    // New York skips 02:30 on 9 March and Berlin on 30 March; each repeats an hour in autumn.
    let moments = ["2025-03-09 02:30:00", "2025-03-30 02:30:00", "2025-11-02 01:30:00"];
    shop.write("new-york.csv", sold(&moments, "S1"));
    let report = shop.import_sales("new-york.csv", &[]).await;
    assert_eq!(report.counts.refused(), [("time-readable", 1)]);
    assert_eq!(report.counts.warnings_by_rule["time-unambiguous"], 1);
    let reason = &shop.texts("select reason from quarantined_records").await[0];
    assert!(reason.contains("never was in America/New_York"), "{reason}");
    let loaded = "select (occurred_at at time zone 'UTC')::text from transactions order by 1";
    let loaded = shop.texts(loaded).await;
    assert_eq!(loaded, ["2025-03-30 06:30:00", "2025-11-02 05:30:00"]);

    shop.write("berlin.csv", sold(&moments, "S2").replace("\nL", "\nB"));
    let report = shop.import_sales("berlin.csv", &[]).await;
    assert_eq!(report.counts.refused(), [("time-readable", 1)]);
    assert!(report.counts.warnings_by_rule.is_empty());
    let reason =
        &shop.texts("select reason from quarantined_records order by quarantined_at").await;
    assert!(reason[1].contains("never was in Europe/Berlin"), "{reason:?}");
}

#[tokio::test]
async fn totals_that_do_not_add_up_and_amounts_nobody_could_pay_are_refused() {
    let shop = shop().await;
    let spoil = |number: u32, change: fn(&mut Sale)| {
        let mut sale = Sale::number(number);
        change(&mut sale);
        sale
    };
    shop.write(
        "sales.csv",
        csv(&[
            Sale::number(1),
            spoil(2, |sale| sale.total = "999.00".to_owned()),
            spoil(3, |sale| sale.quantity = "0".to_owned()),
            spoil(4, |sale| sale.quantity = "-2".to_owned()),
            spoil(5, |sale| sale.currency = "US$".to_owned()),
            spoil(6, |sale| sale.currency = "ZZZ".to_owned()),
            spoil(7, |sale| sale.id = "x".repeat(256)),
            spoil(8, |sale| sale.id = String::new()),
            spoil(9, |sale| sale.store = "S9".to_owned()),
            spoil(10, |sale| sale.product = "P99".to_owned()),
            spoil(1, |sale| sale.receipt = "another".to_owned()),
            Sale::number(1),
        ]),
    );
    let report = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(report.outcome(), [1, 0, 1, 10]);
    assert_eq!(
        report.counts.refused(),
        [
            ("currency-known", 2),
            ("duplicate-in-batch", 1),
            ("known-product", 1),
            ("known-store", 1),
            ("quantity-positive", 2),
            ("required-fields", 1),
            ("text-storable", 1),
            ("totals-add-up", 1),
        ]
    );
    assert_eq!(shop.quarantine_count().await, 10);
}

#[tokio::test]
async fn a_wrong_mapping_is_told_before_a_million_records_go_to_quarantine() {
    let shop = shop().await;
    let moments = vec!["04.03.2025 10:00:00"; 5_000];
    shop.write("sales.csv", sold(&moments, "S1"));
    let said = shop.refused_sales("sales.csv", 1).await;
    for part in
        ["sales.csv", "none of the first", "time-readable", "--dry-run", "No record was loaded"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(shop.quarantine_count().await, 0);
    let report = shop.import_sales("sales.csv", &["--keep-going"]).await;
    assert_eq!(report.outcome(), [0, 0, 0, 5_000]);
    assert_eq!(shop.quarantine_count().await, 5_000);
}
