//! One million lines, end to end: into empty time ranges, into a live table, and once more.

use std::path::{Path, PathBuf};

use shelfops_simulators::grocery::write_benchmark;

use crate::Arguments;
use crate::import::{Target, Took};
use crate::report::{Report, median, rate};
use crate::server::BenchServer;
use crate::yardstick::Yardstick;

/// The figures of one round, in seconds.
struct Round {
    bare: f64,
    yardstick: f64,
    backfill: Took,
    tenants: f64,
    live: f64,
    again: f64,
}

/// Measures and reports.
pub(crate) async fn measure(
    server: &BenchServer,
    binary: &Path,
    arguments: &Arguments,
    report: &mut Report,
) -> anyhow::Result<()> {
    let lines = arguments.lines;
    eprintln!("ingest: {lines} lines, {} rounds", arguments.rounds);
    let (first, second) = (arguments.directory.join("first"), arguments.directory.join("second"));
    let large = arguments.directory.join("large");
    let shared = write_benchmark(lines, 1, &first)?;
    write_benchmark(lines, 2, &second)?;
    write_benchmark(lines * 10, 3, &large)?;
    let files: Vec<PathBuf> = shared.transactions.iter().map(|file| file.path.clone()).collect();
    let yardstick = Yardstick::prepare(&files, &arguments.directory)?;
    let mut rounds = Vec::new();
    for _ in 0..arguments.rounds {
        rounds.push(round(server, binary, &yardstick, [&first, &second, &large]).await?);
    }
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    let ratio_of = |figure: fn(&Round) -> f64| {
        Some(median(rounds.iter().map(|round| round.yardstick / figure(round)).collect()))
    };
    report.add("COPY into a bare table", rate(lines, of(|r| r.bare)), ratio_of(|r| r.bare), "");
    let yardstick_seconds = of(|r| r.yardstick);
    report.add("COPY into the constrained table", rate(lines, yardstick_seconds), Some(1.0), "1.0");
    report.add(
        "ShelfOps, one tenant into empty weeks",
        rate(lines, of(|r| r.backfill.seconds)),
        ratio_of(|r| r.backfill.seconds),
        "≥ 2, aim 3.5",
    );
    report.add(
        "ShelfOps, ten tenants into a new table",
        rate(lines, of(|r| r.tenants)),
        ratio_of(|r| r.tenants),
        "≥ 1, aim 2",
    );
    report.add(
        "ShelfOps, ten tenants into a live table",
        rate(lines, of(|r| r.live)),
        ratio_of(|r| r.live),
        "≥ 1, aim 2",
    );
    report.add(
        "ShelfOps, the same lines again in other files",
        rate(lines, of(|r| r.again)),
        ratio_of(|r| r.again),
        "",
    );
    let peak = rounds.iter().map(|round| round.backfill.peak_mib).max().unwrap_or_default();
    report.add("Peak memory of the process", format!("{peak} MiB"), None, "< 300 MiB");
    Ok(())
}

async fn round(
    server: &BenchServer,
    binary: &Path,
    yardstick: &Yardstick,
    [first, second, large]: [&PathBuf; 3],
) -> anyhow::Result<Round> {
    let bare = yardstick.copy(server, false).await?;
    let copied = yardstick.copy(server, true).await?;
    let target = Target::new(server, binary, "bench_backfill", "native").await?;
    target.add_tenant("alone", large)?;
    server.settle().await?;
    let backfill = target.import("alone", &large.join("tenant-01.csv"))?;
    server.drop("bench_backfill").await?;
    let target = Target::new(server, binary, "bench_live", "native").await?;
    for tenant in 1..=10 {
        target.add_tenant(&slug(tenant), first)?;
    }
    server.settle().await?;
    let tenants = import_all(&target, first, "")?;
    server.settle().await?;
    let live = import_all(&target, second, "")?;
    server.settle().await?;
    let again = import_all(&target, first, "\n")?;
    server.drop("bench_live").await?;
    Ok(Round { bare, yardstick: copied, backfill, tenants, live, again })
}

/// Imports each tenant's file; `tail` is added to it first, so that it is not known by its content.
fn import_all(target: &Target<'_>, directory: &Path, tail: &str) -> anyhow::Result<f64> {
    let mut seconds = 0.0;
    for tenant in 1..=10 {
        let file = directory.join(format!("tenant-{tenant:02}.csv"));
        let before = std::fs::read(&file)?;
        if !tail.is_empty() {
            std::fs::write(&file, [before.as_slice(), tail.as_bytes()].concat())?;
        }
        let took = target.import(&slug(tenant), &file)?;
        if !tail.is_empty() {
            std::fs::write(&file, before)?;
            anyhow::ensure!(took.inserted == 0 && took.unchanged > 0, "the same lines: {took:?}");
        }
        seconds += took.seconds;
    }
    Ok(seconds)
}

fn slug(tenant: usize) -> String {
    format!("tenant-{tenant:02}")
}
