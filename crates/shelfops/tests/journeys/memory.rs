//! Memory stays bounded, however large the file.

use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use shelfops_simulators::grocery::write_benchmark;

use crate::fixture::{Answer, Report, Running, SALES_HEADER, Shop, shop};

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
