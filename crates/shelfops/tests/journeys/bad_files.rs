//! Files that cannot be read, or only up to a point: said by name, with what to do.

use std::sync::Arc;

use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::fixture::{
    Report, SALES_HEADER, Sale, Shop, assert_same_rows, compressed, csv, parquet, sales, shop,
};

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_by_name_and_leaves_no_trace() {
    let shop = shop().await;
    let good = csv(&sales(1..=3));
    let whole = parquet(&sales(1..=500));
    let files: [(&str, Vec<u8>, &[&str]); 12] = [
        ("empty.csv", Vec::new(), &["is empty", "export it again"]),
        ("blank.csv", b"\n\r\n  \n".to_vec(), &["empty but for blank lines"]),
        ("colons.csv", good.replace(',', "=").into(), &["single column", "delimiter = \"=\""]),
        (
            "twice.csv",
            good.replacen("store,product", "store,store", 1).into(),
            &["more than once", "store_1, store_2"],
        ),
        ("headless.csv", good.split_once('\n').unwrap().1.into(), &["no column is known for"]),
        ("quote.csv", good.replacen("id", "\"id", 1).into(), &["header opens a quote"]),
        ("long.csv", vec![b'x'; 3 << 20], &["longer than 1 MiB", "is it a CSV file?"]),
        ("latin.csv", b"id,Gesch\xe4ft\n1,2\n".to_vec(), &["header is no text", "encoding"]),
        ("sheet.csv", b"PK\x03\x04sheet".to_vec(), &["Excel workbook", "save the sheet as CSV"]),
        (
            "cut.parquet",
            whole[..whole.len() / 2].into(),
            &["is missing or damaged", "get it again"],
        ),
        ("text.parquet", good.clone().into(), &["does not begin as a Parquet file"]),
        ("cut.csv.gz", compressed("a.gz", good.as_bytes())[..8].into(), &["get it again"]),
    ];
    for (name, bytes, phrases) in files {
        shop.write(name, bytes);
        let said = shop.refused_sales(name, 1).await;
        assert!(said.starts_with("error: ") && said.contains(name), "{name}: {said}");
        for phrase in phrases {
            assert!(said.contains(phrase), "{name}: {said}");
        }
    }
    std::fs::create_dir(shop.path("exports")).unwrap();
    let said = shop.refused_sales("exports", 1).await;
    assert!(said.contains("exports is a directory: name the files in it"), "{said}");
    let made = std::process::Command::new("mkfifo").arg(shop.path("pipe")).status().unwrap();
    assert!(made.success());
    // Neither of the last two would ever end, or begin.
    for special in ["/dev/null", "/dev/zero", "pipe"] {
        let said = shop.refused_sales(special, 1).await;
        assert!(said.contains("is no regular file"), "{special}: {said}");
    }
    let said = shop.refused_sales("seles.csv", 5).await;
    assert!(said.contains("there is no file seles.csv"), "{said}");
    for table in ["transactions", "quarantined_records", "sync_runs", "sync_cursors"] {
        let sales = "select count(*) from transactions";
        let query = match table {
            "transactions" => sales.to_owned(),
            _ => format!("select count(*) from {table} where stream = 'transactions'"),
        };
        assert_eq!(shop.number(&query).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_header_alone_is_a_file_without_records() {
    let shop = shop().await;
    shop.write("header.csv", format!("{SALES_HEADER}\n"));
    let advice = "header.csv holds no records: export it again";
    let look = shop.importing("header.csv", "transactions", &["--dry-run"]).run().await.succeeds();
    assert!(look.data()["dry_runs"][0]["advice"].to_string().contains(advice), "{look}");
    assert!(look.json().get("next").is_none(), "there is nothing to load: {look}");
    let first = shop.importing("header.csv", "transactions", &[]).run().await.succeeds();
    assert!(first.json()["risks"].to_string().contains(advice), "{first}");
    let first = Report::of(&first.data());
    assert_eq!((first.status.as_str(), first.counts.read), ("loaded", 0));
    let second = shop.import_sales("header.csv", &[]).await;
    assert_eq!(second.status, "nothing new");
}

#[tokio::test]
async fn one_bad_file_among_several_does_not_keep_the_others_out() {
    let shop = shop().await;
    shop.write("first.csv", csv(&sales(1..=3)));
    shop.write("second.csv", "");
    shop.write("third.csv", csv(&sales(4..=6)).replace(',', "="));
    shop.write("fourth.csv", csv(&sales(7..=9)));
    let files = ["second.csv", "third.csv", "fourth.csv"];
    let answer = shop.importing("first.csv", "transactions", &files).run().await.exits_with(9);
    let data = answer.data();
    assert_eq!(data["totals"]["inserted"], 6);
    let failed = data["failed"].as_array().unwrap();
    assert_eq!(failed.len(), 2, "{data}");
    assert_eq!(failed[0]["file"], "second.csv");
    assert!(failed[0]["error"].as_str().unwrap().contains("is empty"), "{data}");
    // The reason is told, not only that there is one.
    assert!(failed[1]["error"].as_str().unwrap().contains("delimiter"), "{data}");
    assert!(answer.json()["summary"].to_string().contains("2 of 4 files"), "{answer}");
    assert_eq!(shop.line_count().await, 6);
}

#[tokio::test]
async fn several_files_that_all_fail_are_a_failure() {
    let shop = shop().await;
    shop.write("one.csv", "");
    shop.write("two.csv", "\n");
    let answer = shop.importing("one.csv", "transactions", &["two.csv"]).run().await;
    let data = answer.exits_with(1).data();
    assert_eq!(data["failed"].as_array().unwrap().len(), 2, "{data}");
}

/// Imports a file that breaks off, then the whole of it; expects what one import would give.
async fn recovers(name: &str, cut: &[u8], whole: &[u8]) {
    let shop = shop().await;
    shop.write(name, cut);
    let flags = ["--tenant", "acme", "--kind", "transactions", "--batch-records", "4096"];
    let said = shop.command().args(["import", name]).args(flags).run().await.fails_with(1);
    assert!(said.contains(name) && said.contains("Get the file again"), "{said}");
    let loaded = shop.line_count().await;
    assert!(loaded >= 4_096, "batches before the cut are loaded, not {loaded} records: {said}");
    let run = "select count(*) from sync_runs where status = 'failed' and error <> ''";
    assert_eq!(shop.number(run).await, 1);

    shop.write(name, whole);
    let report = shop.import_sales(name, &[]).await;
    let read = report.counts.read;
    assert_eq!(report.outcome(), [read - loaded as u64, 0, loaded as u64, 0], "{name}");
    assert_same_rows(&shop.lines().await, &uninterrupted(whole, name).await.lines().await);
}

async fn uninterrupted(bytes: &[u8], name: &str) -> Shop {
    let shop = shop().await;
    shop.write(name, bytes);
    shop.import_sales(name, &[]).await;
    shop
}

/// Twenty thousand lines that compress badly, so that half of the file is half of the lines.
fn many() -> String {
    let spread = |number: u32| {
        let receipt = format!("{:08x}", number.wrapping_mul(2_654_435_761));
        Sale { receipt, ..Sale::number(number) }
    };
    csv(&(1..=20_000).map(spread).collect::<Vec<_>>())
}

#[tokio::test]
async fn a_cut_gzip_file_is_loaded_up_to_the_cut_and_completed_later() {
    let whole = compressed("a.gz", many().as_bytes());
    recovers("sales.csv.gz", &whole[..whole.len() / 2], &whole).await;
}

#[tokio::test]
async fn a_cut_zstandard_file_is_loaded_up_to_the_cut_and_completed_later() {
    let whole = compressed("a.zst", many().as_bytes());
    recovers("sales.csv.zst", &whole[..whole.len() / 2], &whole).await;
}

/// Two sales in columns of numbers and times; `total` as some other type, if there is one.
fn typed_parquet(total_type: &str) -> Vec<u8> {
    let schema = format!(
        "message sales {{ required int64 id; required binary store (UTF8); \
         required binary product (UTF8); required int64 sold_at (TIMESTAMP(MILLIS,true)); \
         required int32 quantity; required {total_type} total; }}"
    );
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut place = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        let texts = |text: &str| [ByteArray::from(text), ByteArray::from(text)];
        let written = match (place, total_type) {
            (0, _) => column.typed::<Int64Type>().write_batch(&[101, 102], None, None),
            (1, _) => column.typed::<ByteArrayType>().write_batch(&texts("S1"), None, None),
            (2, _) => column.typed::<ByteArrayType>().write_batch(&texts("P1"), None, None),
            (3, _) => {
                let moments = [1_735_776_000_000, 1_735_776_001_000];
                column.typed::<Int64Type>().write_batch(&moments, None, None)
            }
            (4, _) => column.typed::<Int32Type>().write_batch(&[1, 2], None, None),
            (_, "double") => column.typed::<DoubleType>().write_batch(&[2.5, 1234.56], None, None),
            _ => column.typed::<BoolType>().write_batch(&[true, false], None, None),
        };
        written.unwrap();
        column.close().unwrap();
        place += 1;
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[tokio::test]
async fn a_parquet_file_of_numbers_and_times_is_read_exactly() {
    let shop = shop().await;
    shop.write("typed.parquet", typed_parquet("double"));
    let report = shop.import_sales("typed.parquet", &[]).await;
    assert_eq!(report.outcome(), [2, 0, 0, 0]);
    let loaded = "select external_id || ' ' || total_amount || ' ' || (occurred_at at time zone
                  'UTC') from transactions order by 1";
    assert_eq!(
        shop.texts(loaded).await,
        ["101 2.5000 2025-01-02 00:00:00", "102 1234.5600 2025-01-02 00:00:01"]
    );
}

#[tokio::test]
async fn a_parquet_file_with_truths_for_amounts_goes_to_quarantine() {
    let shop = shop().await;
    shop.write("typed.parquet", typed_parquet("boolean"));
    let report = shop.import_sales("typed.parquet", &[]).await;
    assert_eq!(report.counts.refused(), [("number-readable", 2)]);
    let reasons = shop.texts("select reason from quarantined_records order by 1").await;
    assert!(reasons[0].contains("'false' is not a number"), "{reasons:?}");
}
