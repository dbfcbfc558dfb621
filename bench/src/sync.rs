//! A vendor's history, read by the connector alone and by a worker into the database.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use shelfops_integrations::http::RatePolicy;
use tokio::time::Instant;
use tokio_postgres::Client;

use crate::Arguments;
use crate::import::Target;
use crate::report::{Report, rate};
use crate::server::BenchServer;
use crate::vendor::{Connected, Pace, Read, Vendor, callback, fixed, free_address, merchant, read};

/// The rate of the measurement of a limiter, in calls a second: what one token bears everywhere.
const LIMITED: f64 = 10.0;

/// How many pages are read with it.
const LIMITED_PAGES: usize = 200;

/// What another vendor lets through in a second.
const THROTTLED: u32 = 12;

/// How many pages are read from that one.
const THROTTLED_PAGES: usize = 400;

/// A rate that stops nobody.
const UNLIMITED: u32 = 10_000;

/// How long the merchant has traded.
const DAYS: u16 = 28;

/// How long a worker may take: far longer than it does.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// Measures and reports.
pub(crate) async fn measure(
    server: &BenchServer,
    binary: &Path,
    arguments: &Arguments,
    report: &mut Report,
) -> anyhow::Result<()> {
    eprintln!("sync: {} lines", arguments.sync_lines);
    throttled(binary, &arguments.directory, report).await?;
    let address = free_address()?;
    let sold = merchant(1, arguments.sync_lines, DAYS);
    let id = sold.id.clone();
    let vendor =
        Vendor::start(binary, &arguments.directory, (vec![sold], None), &callback(&address))?;
    limited(&vendor, &id, report).await?;
    alone(&vendor, &id, report).await?;
    let target = Target::new(server, binary, "bench_sync", "native").await?;
    let connected =
        Connected::new((&target, &vendor), &address, &arguments.directory, Some(UNLIMITED))?;
    let client = server.connect("bench_sync").await?;
    server.settle().await?;
    into_the_database(&connected, (&vendor, &id), &client, report).await?;
    drop(client);
    vendor.stop().await?;
    server.drop("bench_sync").await
}

/// How near the connector comes to the rate that its limiter allows.
async fn limited(vendor: &Vendor, id: &str, report: &mut Report) -> anyhow::Result<()> {
    let before = vendor.state().await?.request_count;
    let most_pages = Some(LIMITED_PAGES);
    let pace = Pace { rate: fixed(LIMITED), page_size: 100, most_pages };
    let Read { seconds, .. } = read(vendor, id, pace).await?;
    let calls = vendor.state().await?.request_count - before;
    // One page is always asked for ahead, and the first call waits for nothing.
    let reached = calls.saturating_sub(2) as f64 / seconds;
    report.add(
        "Calls a second reached ÷ allowed by the limiter",
        format!("{reached:.2} ÷ {LIMITED:.0}"),
        Some(reached / LIMITED),
        "≥ 0.95",
    );
    Ok(())
}

/// How much a limiter that has to find the rate gets of what a vendor lets through.
async fn throttled(binary: &Path, directory: &Path, report: &mut Report) -> anyhow::Result<()> {
    let sold = merchant(1, 100_000, DAYS);
    let id = sold.id.clone();
    let merchants = (vec![sold], Some(THROTTLED));
    let vendor = Vendor::start(binary, directory, merchants, &callback("127.0.0.1:1"))?;
    let most_pages = Some(THROTTLED_PAGES);
    let pace = Pace { rate: RatePolicy::default(), page_size: 20, most_pages };
    let Read { seconds, .. } = read(&vendor, &id, pace).await?;
    let (answered, refused) = vendor.answered().await?;
    let reached = answered as f64 / seconds;
    report.add(
        format!("Calls a second ÷ let through by a vendor who tells no rate, {refused} refused"),
        format!("{reached:.2} ÷ {THROTTLED}"),
        Some(reached / f64::from(THROTTLED)),
        "",
    );
    vendor.stop().await
}

/// The connector without a limit and without a database.
async fn alone(vendor: &Vendor, id: &str, report: &mut Report) -> anyhow::Result<()> {
    let busy = vendor.processor_seconds();
    let rate_of_all = fixed(f64::from(UNLIMITED));
    let pace = Pace { rate: rate_of_all, page_size: 500, most_pages: None };
    let Read { lines, seconds } = read(vendor, id, pace).await?;
    let busy = vendor.processor_seconds() - busy;
    report.add("A vendor's order lines read, not written", rate(lines, seconds), None, "");
    report.add(
        "The simulator's share of a processor meanwhile",
        format!("{:.0} %", 100.0 * busy / seconds),
        Some(busy / seconds),
        "",
    );
    Ok(())
}

/// A worker reads the same into the database, as it does for users.
async fn into_the_database(
    connected: &Connected<'_>,
    (vendor, id): (&Vendor, &str),
    client: &Client,
    report: &mut Report,
) -> anyhow::Result<()> {
    let serving = connected.serve()?;
    connected.connect("reader", id).await?;
    serving.stop().await?;
    let busy = vendor.processor_seconds();
    let mut worker = connected.work(4)?;
    let deadline = Instant::now() + PATIENCE;
    let (lines, seconds) = loop {
        worker.must_live()?;
        if let Some(read) = finished(client).await? {
            break read;
        }
        if Instant::now() > deadline {
            bail!("the worker has not read the sales within {PATIENCE:?}");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let busy = (vendor.processor_seconds() - busy) / seconds;
    let (peak, own) = (worker.peak_memory_mib(), worker.processor_seconds() / seconds);
    worker.stop().await?;
    report.add(
        "A vendor's order lines into the database",
        rate(lines, seconds),
        None,
        "≥ 20k rows/s",
    );
    report.add(
        "Shares of a processor meanwhile: simulator, worker",
        format!("{:.0} %, {:.0} %", 100.0 * busy, 100.0 * own),
        None,
        "",
    );
    report.add("Peak memory of the worker", format!("{peak} MiB"), None, "≤ 200 MiB");
    Ok(())
}

/// Returns the lines and seconds of the run that read the sales, once it has ended.
async fn finished(client: &Client) -> anyhow::Result<Option<(u64, f64)>> {
    let row = client
        .query_opt(
            "select inserted_count, extract(epoch from finished_at - started_at)::float8, status,
                 coalesce(error, '')
             from sync_runs
             where stream = 'transactions' and finished_at is not null
             order by started_at
             limit 1",
            &[],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (lines, seconds, status): (i64, f64, String) = (row.get(0), row.get(1), row.get(2));
    if status != "succeeded" {
        bail!("the run is {status}: {}", row.get::<_, String>(3));
    }
    Ok(Some((u64::try_from(lines).context("a count below zero")?, seconds)))
}
