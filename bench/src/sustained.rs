//! Twenty million lines of ten tenants, one after the other: does it stay as fast, and as small?

use std::path::Path;

use shelfops_simulators::grocery::write_benchmark;

use crate::Arguments;
use crate::import::Target;
use crate::report::{Report, rate};
use crate::rollup;
use crate::server::BenchServer;

/// Measures and reports.
pub(crate) async fn measure(
    server: &BenchServer,
    binary: &Path,
    arguments: &Arguments,
    report: &mut Report,
) -> anyhow::Result<()> {
    let lines = arguments.sustained_lines;
    eprintln!("sustained: {lines} lines");
    let directory = arguments.directory.join("sustained");
    let written = write_benchmark(lines, 5, &directory)?;
    let target = Target::new(server, binary, "bench_sustained", "native").await?;
    let mut rates = Vec::new();
    let mut peak_mib = 0;
    for (index, file) in written.transactions.iter().enumerate() {
        let slug = format!("tenant-{:02}", index + 1);
        target.add_tenant(&slug, &directory)?;
        let took = target.import(&slug, &file.path)?;
        peak_mib = peak_mib.max(took.peak_mib);
        let per_second = took.inserted as f64 / took.seconds;
        eprintln!("  {slug}: {}", rate(took.inserted, took.seconds));
        rates.push(per_second);
        std::fs::remove_file(&file.path)?;
    }
    // The first tenant finds empty weeks and is built aside; the others meet a live table.
    let (start, end) = (rates[1..3].iter().sum::<f64>(), rates[8..10].iter().sum::<f64>());
    report.add(
        format!("Rows/s at the end of {}M rows ÷ at the start", lines / 1_000_000),
        format!("{:.1}k ÷ {:.1}k rows/s", end / 2_000.0, start / 2_000.0),
        Some(end / start),
        "≥ 0.85",
    );
    report.add("Peak memory over all of it", format!("{peak_mib} MiB"), None, "< 300 MiB");
    rollup::measure(server, "bench_sustained", "tenant-05", report).await?;
    server.drop("bench_sustained").await
}
