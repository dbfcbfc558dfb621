//! Text that is not as it should be: encodings, quotes, endless lines, too many columns.

use crate::fixture::{SALES_HEADER, Sale, assert_same_rows, csv, sales, shop};

fn utf_16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

/// Lines whose ids need more than ASCII.
fn foreign() -> Vec<Sale> {
    let named = |(number, id): (u32, &str)| Sale { id: id.to_owned(), ..Sale::number(number) };
    (1..).zip(["Köln-1", "東京-2", "😀-3"]).map(named).collect()
}

#[tokio::test]
async fn unicode_gives_the_same_lines_in_every_form() {
    let text = csv(&foreign());
    let marked = format!("\u{feff}{text}");
    let mut first: Option<Vec<String>> = None;
    for bytes in [
        text.clone().into_bytes(),
        marked.clone().into_bytes(),
        utf_16(&marked, u16::to_le_bytes),
        utf_16(&marked, u16::to_be_bytes),
        utf_16(&text, u16::to_le_bytes),
    ] {
        let shop = shop().await;
        shop.write("sales.csv", bytes);
        let report = shop.import_sales("sales.csv", &[]).await;
        assert_eq!(report.outcome(), [3, 0, 0, 0]);
        let lines = shop.lines().await;
        assert!(lines.iter().any(|line| line.contains("東京-2")), "{lines:?}");
        assert_same_rows(&lines, first.get_or_insert_with(|| lines.clone()));
    }
}

#[tokio::test]
async fn latin_1_waits_in_quarantine_until_the_mapping_says_so() {
    let shop = shop().await;
    let text = csv(&[Sale { id: "Köln-1".to_owned(), ..Sale::number(1) }, Sale::number(2)]);
    let latin: Vec<u8> = text.chars().map(|character| character as u8).collect();
    shop.write("sales.csv", latin);
    let untold = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(untold.outcome(), [1, 0, 0, 1]);
    let reason = &shop.texts("select reason from quarantined_records").await[0];
    assert!(reason.contains("encoding = \"windows-1252\""), "{reason}");

    shop.write("map.toml", "encoding = \"windows-1252\"\n");
    let told = shop.import_sales("sales.csv", &["--map", "map.toml"]).await;
    assert_eq!(told.outcome(), [1, 0, 1, 0]);
    let ids = shop.texts("select external_id from transactions order by 1").await;
    assert_eq!(ids, ["Köln-1", "L2"]);
}

#[tokio::test]
async fn invalid_bytes_cost_one_record() {
    let shop = shop().await;
    let mut bytes = csv(&sales(1..=2)).into_bytes();
    bytes.extend_from_slice(b"L3,\xff\xfe\x80,S1\n");
    bytes.extend_from_slice(Sale::number(4).csv().as_bytes());
    shop.write("sales.csv", bytes);
    let report = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(report.outcome(), [3, 0, 0, 1]);
    assert_eq!(report.counts.refused(), [("well-formed", 1)]);
    let kept = shop.texts("select line_number::text from quarantined_records").await;
    assert_eq!(kept, ["4"]);
}

#[tokio::test]
async fn a_quote_that_is_never_closed_costs_one_line_wherever_it_stands() {
    for at in [0, 1_500, 3_000] {
        let shop = shop().await;
        let mut lines: Vec<String> = sales(1..=3_000).iter().map(Sale::csv).collect();
        lines.insert(at, "X,\"R1,S1,P1,2025-03-04,1,2.50,2.50,USD\n".to_owned());
        shop.write("sales.csv", format!("{SALES_HEADER}\n{}", lines.concat()));
        let report = shop.import_sales("sales.csv", &[]).await;
        assert_eq!(report.outcome(), [3_000, 0, 0, 1], "at {at}");
        let kept = shop.texts("select line_number || ' ' || reason from quarantined_records").await;
        assert!(kept[0].starts_with(&format!("{} a quote opened", at + 2)), "{kept:?}");
    }
}

#[tokio::test]
async fn a_line_of_100_mb_costs_one_record_and_no_memory() {
    let shop = shop().await;
    let mut bytes = csv(&sales(1..=1)).into_bytes();
    bytes.resize(bytes.len() + 100_000_000, b'x');
    bytes.push(b'\n');
    bytes.extend_from_slice(Sale::number(2).csv().as_bytes());
    shop.write("sales.csv", bytes);
    let running = shop.importing("sales.csv", "transactions", &[]).start();
    let (answer, peak) = super::memory::peak_of(running).await;
    let report = crate::fixture::Report::of(&answer.succeeds().data());
    assert_eq!(report.outcome(), [2, 0, 0, 1]);
    assert!(peak < 100 << 20, "{} MiB", peak >> 20);
    let length = "select max(length(raw::text)) from quarantined_records";
    assert!(shop.number(length).await < 100_000, "what is kept of it is short");
}

#[tokio::test]
async fn ten_thousand_columns_are_read_past() {
    let shop = shop().await;
    let more: String = (0..10_000).map(|number| format!(",column {number}")).collect();
    let mut text = format!("{SALES_HEADER}{more}\n");
    for sale in sales(1..=50) {
        text.push_str(sale.csv().trim_end());
        text.push_str(&",x".repeat(10_000));
        text.push('\n');
    }
    shop.write("sales.csv", text);
    let report = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(report.outcome(), [50, 0, 0, 0]);
}

#[tokio::test]
async fn a_nul_character_is_refused_where_it_counts_and_shown_in_what_is_kept() {
    let shop = shop().await;
    let spoiled = Sale { id: "L\0".to_owned(), ..Sale::number(1) };
    let mut text = csv(&[spoiled, Sale::number(2)]);
    text = text.replacen('\n', ",note\n", 1).replace(",USD\n", ",USD,a\0b\n");
    shop.write("sales.csv", text);
    let report = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(report.outcome(), [1, 0, 0, 1]);
    assert_eq!(report.counts.refused(), [("text-storable", 1)]);
    let kept = shop.texts("select raw->>'id' from quarantined_records").await;
    assert_eq!(kept, ["L\\0"]);
}

#[tokio::test]
async fn a_column_that_stands_there_twice_matters_only_when_it_is_read() {
    let shop = shop().await;
    let text = csv(&sales(1..=2)).replacen('\n', ",note,note\n", 1);
    shop.write("sales.csv", text.replace(",USD\n", ",USD,a,b\n"));
    let report = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(report.outcome(), [2, 0, 0, 0]);
}
