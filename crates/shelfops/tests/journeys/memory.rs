//! Memory stays bounded, however large the file.

use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use flate2::write::GzEncoder;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use shelfops_simulators::grocery::write_benchmark;

use crate::fixture::{Answer, Report, Running, SALES_HEADER, Sale, Shop, json_lines, shop};

/// What an import may take of memory, in bytes.
const LIMIT: u64 = 300 << 20;

/// Waits for the end of a program; returns the most memory it was seen to use, in bytes.
pub(crate) async fn peak_of(mut running: Running) -> (Answer, u64) {
    let mut peak = 0;
    let deadline = std::time::Duration::from_secs(150);
    let status = format!("/proc/{}/status", running.id());
    shelfops_testkit::wait_for("the end of the import", deadline, async || {
        // The system keeps the peak itself, so a sample that comes late misses nothing.
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        peak = peak.max(high_water_mark(&status).unwrap_or_default());
        !running.is_running()
    })
    .await
    .unwrap();
    assert!(peak > 0, "the system tells no peak");
    (running.end().await, peak)
}

fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Puts the tenants' files of a benchmark into one, each line with a remark that nobody reads.
fn join(files: &[impl AsRef<Path>], to: &Path) -> u64 {
    let mut joined = BufWriter::new(std::fs::File::create(to).unwrap());
    for (place, file) in files.iter().enumerate() {
        let lines = BufReader::new(std::fs::File::open(file).unwrap()).lines();
        for (number, line) in lines.map(Result::unwrap).enumerate() {
            match (place, number) {
                (0, 0) => writeln!(joined, "{line},remark").unwrap(),
                (_, 0) => {}
                _ => writeln!(joined, "{line},{:x<170}", number % 1_000).unwrap(),
            }
        }
    }
    joined.flush().unwrap();
    std::fs::metadata(to).unwrap().len()
}

async fn references(shop: &Shop) {
    for (file, kind) in [("stores.csv", "stores"), ("products.csv", "products")] {
        shop.import(&format!("benchmark/{file}"), kind, &[]).await;
    }
}

#[tokio::test]
async fn a_file_of_150_mb_is_imported_in_less_than_300_mb_of_memory() {
    const LINES: u64 = 560_000;
    let shop = shop().await;
    let benchmark = write_benchmark(LINES, 7, &shop.path("benchmark")).unwrap();
    let files: Vec<_> = benchmark.transactions.iter().map(|file| &file.path).collect();
    let bytes = join(&files, &shop.path("sales.csv"));
    assert!(bytes > 140_000_000, "{bytes}");
    references(&shop).await;
    let (answer, peak) = peak_of(shop.importing("sales.csv", "transactions", &[]).start()).await;
    let report = Report::of(&answer.succeeds().data());
    assert_eq!(report.outcome(), [LINES, 0, 0, 0]);
    assert!(peak < LIMIT, "{} MiB", peak >> 20);
}

/// Sales with remarks so long that together they are more than the limit, however they are packed.
const REMARKED: u32 = 100_000;
const REMARK_BYTES: usize = 4_000;
const _: () = assert!(REMARKED as u64 * REMARK_BYTES as u64 > LIMIT);

fn remark(number: u32) -> String {
    format!("{number:x<REMARK_BYTES$}")
}

/// Imports remarked sales from a file, and expects the limit to be kept.
async fn imports_within_the_limit(shop: &Shop, file: &str) {
    let (answer, peak) = peak_of(shop.importing(file, "transactions", &[]).start()).await;
    let report = Report::of(&answer.succeeds().data());
    assert_eq!(report.outcome(), [u64::from(REMARKED), 0, 0, 0]);
    assert!(peak < LIMIT, "{} MiB", peak >> 20);
}

#[tokio::test]
async fn a_small_file_that_unpacks_to_400_mb_takes_no_more_memory() {
    let shop = shop().await;
    let file = std::fs::File::create(shop.path("sales.csv.gz")).unwrap();
    let mut file = BufWriter::new(GzEncoder::new(file, flate2::Compression::fast()));
    writeln!(file, "{SALES_HEADER},remark").unwrap();
    for number in 1..=REMARKED {
        writeln!(file, "{},{}", Sale::number(number).csv().trim_end(), remark(number)).unwrap();
    }
    file.into_inner().unwrap().finish().unwrap();
    imports_within_the_limit(&shop, "sales.csv.gz").await;
}

#[tokio::test]
async fn objects_of_400_mb_take_no_more_memory() {
    let shop = shop().await;
    let mut file = BufWriter::new(std::fs::File::create(shop.path("sales.jsonl")).unwrap());
    for number in 1..=REMARKED {
        let object = json_lines(&[Sale::number(number)]);
        let open = object.trim_end().strip_suffix('}').unwrap();
        writeln!(file, "{open},\"remark\":\"{}\"}}", remark(number)).unwrap();
    }
    file.flush().unwrap();
    imports_within_the_limit(&shop, "sales.jsonl").await;
}

#[tokio::test]
async fn columns_of_400_mb_in_a_single_row_group_take_no_more_memory() {
    let shop = shop().await;
    write_parquet(&shop.path("sales.parquet"));
    imports_within_the_limit(&shop, "sales.parquet").await;
}

/// Writes remarked sales as Parquet, in one row group: whoever decodes it whole has all of it.
fn write_parquet(path: &Path) {
    let names = SALES_HEADER.split(',').chain(["remark"]);
    let columns: String = names.map(|name| format!("required binary {name} (UTF8); ")).collect();
    let schema = parse_message_type(&format!("message sales {{ {columns} }}")).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(parquet::basic::Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .build();
    let file = std::fs::File::create(path).unwrap();
    let mut writer =
        SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut place = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        for first in (1..=REMARKED).step_by(1_000) {
            let value = |number: u32| match Sale::number(number).values().get(place) {
                Some(value) => ByteArray::from(*value),
                None => ByteArray::from(remark(number).as_str()),
            };
            let values: Vec<ByteArray> = (first..first + 1_000).map(value).collect();
            column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        }
        column.close().unwrap();
        place += 1;
    }
    group.close().unwrap();
    writer.close().unwrap();
}

const REFUSED: u64 = 170_000;

/// Imports many lines that are all refused, and expects no more memory than for good ones.
async fn with_refused(rule: &str, line: impl Fn(u64) -> String) -> Shop {
    let shop = shop().await;
    let file = std::fs::File::create(shop.path("sales.csv")).unwrap();
    let mut file = BufWriter::new(file);
    writeln!(file, "{SALES_HEADER}").unwrap();
    for number in 0..REFUSED {
        writeln!(file, "{}", line(number)).unwrap();
    }
    drop(file);
    let flags = ["--keep-going"];
    let (answer, peak) = peak_of(shop.importing("sales.csv", "transactions", &flags).start()).await;
    let report = Report::of(&answer.succeeds().data());
    assert_eq!(report.counts.refused(), [(rule, REFUSED)]);
    assert_eq!(shop.quarantine_count().await, REFUSED as i64);
    assert!(peak < LIMIT, "{} MiB", peak >> 20);
    shop
}

#[tokio::test]
async fn a_file_of_nothing_but_unreadable_records_takes_no_more_memory_than_another() {
    with_refused("time-readable", |number| format!("L{number},R,S1,P1,never,1,1.50,1.50,USD"))
        .await;
}

#[tokio::test]
async fn many_records_that_wait_for_one_store_take_no_more_memory_when_they_come_or_go() {
    let waiting = |number| format!("L{number},R,S9,P1,2025-03-04 10:00:00,1,1.50,1.50,USD");
    let shop = with_refused("known-store", waiting).await;
    shop.write("stores.csv", "store_id,name\nS9,New Store\n");
    let (answer, peak) = peak_of(shop.importing("stores.csv", "stores", &[]).start()).await;
    let report = Report::of(&answer.succeeds().data());
    assert_eq!(report.replayed[0].inserted, REFUSED);
    assert!(peak < LIMIT, "{} MiB", peak >> 20);
}

#[tokio::test]
async fn refused_records_of_ten_thousand_columns_take_no_more_memory_when_they_come_or_are_tried_again()
 {
    // As values in memory half a gigabyte.
    const WIDE: u64 = 400;
    let shop = shop().await;
    let file = std::fs::File::create(shop.path("wide.csv")).unwrap();
    let mut file = BufWriter::new(file);
    write!(file, "{SALES_HEADER}").unwrap();
    for column in 0..10_000 {
        write!(file, ",c{column}").unwrap();
    }
    writeln!(file).unwrap();
    for number in 0..WIDE {
        write!(file, "L{number},R,S9,P1,2025-03-04 10:00:00,1,1.50,1.50,USD").unwrap();
        writeln!(file, "{}", ",7".repeat(10_000)).unwrap();
    }
    drop(file);
    let flags = ["--keep-going"];
    let (answer, peak) = peak_of(shop.importing("wide.csv", "transactions", &flags).start()).await;
    let report = Report::of(&answer.succeeds().data());
    assert_eq!(report.counts.refused(), [("known-store", WIDE)]);
    assert!(peak < LIMIT, "{} MiB", peak >> 20);
    shop.write("stores.csv", "store_id,name\nS9,New Store\n");
    let (answer, peak) = peak_of(shop.importing("stores.csv", "stores", &[]).start()).await;
    let report = Report::of(&answer.succeeds().data());
    assert_eq!(report.replayed[0].inserted, WIDE);
    assert!(peak < LIMIT, "{} MiB", peak >> 20);
}
