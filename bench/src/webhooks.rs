//! Notifications at a steady rate while another tenant's history is read: how soon each is
//! acknowledged, and how soon what it tells of can be read.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_postgres::Client;

use crate::Arguments;
use crate::import::Target;
use crate::process::Process;
use crate::report::Report;
use crate::server::BenchServer;
use crate::vendor::{
    Connected, Course, Shop, Told, Vendor, callback, free_address, merchant, notify,
};

/// Lines a second that the history in the background must outlast.
const BACKGROUND_LINES: u64 = 25_000;

/// What the tenants that are notified have behind them.
const FEW_LINES: u64 = 500;

/// How many jobs the worker does at once: one for each tenant and the history, and some to spare.
const SPARE_JOBS: usize = 3;

/// How often it is looked which sales can be read: looking takes of the cores that are measured.
const LOOK: Duration = Duration::from_millis(100);

/// How long the last sales may take until they can be read.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures and reports.
pub(crate) async fn measure(
    server: &BenchServer,
    binary: &Path,
    arguments: &Arguments,
    report: &mut Report,
) -> anyhow::Result<()> {
    let Arguments { webhook_seconds, webhook_rate, webhook_tenants, directory, .. } = arguments;
    eprintln!(
        "webhooks: {webhook_rate} a second for {webhook_seconds} s, {webhook_tenants} tenants"
    );
    let address = free_address()?;
    let background = merchant(0, BACKGROUND_LINES * (webhook_seconds + 20), 28);
    let few = (1..=*webhook_tenants).map(|number| merchant(number, FEW_LINES, 2));
    let merchants: Vec<_> = std::iter::once(background).chain(few).collect();
    let ids: Vec<String> = merchants.iter().map(|merchant| merchant.id.clone()).collect();
    let vendor = Vendor::start(binary, directory, (merchants, None), &callback(&address))?;
    let target = Target::new(server, binary, "bench_webhooks", "native").await?;
    let connected = Connected::new((&target, &vendor), &address, directory, None)?;
    let serving = connected.serve()?;
    for (number, id) in ids.iter().enumerate() {
        let tenant = format!("tenant-{number}");
        connected.connect(&tenant, id).await?;
        // The notified ones are read up to the present; then only notifications have them read.
        connected.sync(&tenant, &["stores", "products"])?;
        if number > 0 {
            connected.sync(&tenant, &["transactions", "inventory"])?;
            connected.pause(&tenant, "transactions")?;
        }
    }
    server.settle().await?;
    let worker = connected.work(webhook_tenants + SPARE_JOBS)?;
    let mut running = [serving, worker];
    let client = server.connect("bench_webhooks").await?;
    until_history_is_read(&client).await?;

    let shops = shops(&vendor, &ids[1..]).await?;
    let lasting = Duration::from_secs(*webhook_seconds);
    let course = Course { server: &address, per_second: *webhook_rate, lasting };
    let watcher = server.connect("bench_webhooks").await?;
    let (watch, told) = mpsc::channel(65_536);
    let watching = tokio::spawn(async move { watch_sales(&watcher, told).await });
    let sent = notify(&vendor, shops, course, watch).await?;
    let was_busy = is_history_read(&client).await?;
    let seen = watching.await??;
    for process in &mut running {
        process.must_live()?;
    }
    let per_second = sent.per_second;
    let measured = Measured { acknowledged: sent.milliseconds, per_second, seen, was_busy };
    report_on(&measured, report);
    check_nothing_is_lost(&client, sent.sales.len()).await?;
    finish(running, vendor).await?;
    drop(client);
    server.drop("bench_webhooks").await
}

/// What was measured.
struct Measured {
    acknowledged: Vec<f64>,
    per_second: f64,
    seen: Vec<f64>,
    was_busy: bool,
}

fn report_on(measured: &Measured, report: &mut Report) {
    let rate = measured.per_second;
    let meanwhile = if measured.was_busy { "while history is read" } else { "history ended early" };
    let shown = |milliseconds: &[f64]| {
        let of = |share| percentile(milliseconds, share);
        format!("{:.1} ms (median {:.1}, worst {:.1})", of(0.99), of(0.5), of(1.0))
    };
    report.add(
        format!("A webhook acknowledged at {rate:.0}/s {meanwhile}, p99"),
        shown(&measured.acknowledged),
        None,
        "≤ 10 ms",
    );
    report.add(
        format!("From its arrival until its sale can be read, p99, {} sales", measured.seen.len()),
        shown(&measured.seen),
        None,
        "≤ 1000 ms",
    );
}

/// Returns the value below which that share of them lies.
fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.saturating_sub(1).min(last)).copied().unwrap_or_default()
}

/// Finds a store of each merchant.
async fn shops(vendor: &Vendor, ids: &[String]) -> anyhow::Result<Vec<Shop>> {
    let state = vendor.state().await?;
    let shop = |id: &String| {
        let merchant = state.merchants.iter().find(|merchant| merchant.merchant_id == *id);
        let location_id = merchant.and_then(|merchant| merchant.location_ids.first());
        let location_id = location_id.with_context(|| format!("{id} has no store"))?.clone();
        Ok(Shop { merchant_id: id.clone(), location_id })
    };
    ids.iter().map(shop).collect()
}

/// Notes how long each sale takes until it can be read, in milliseconds.
///
/// It looks as the superuser: what one session can see has been committed, and a tenant's own session
/// sees it from the same moment on.
async fn watch_sales(client: &Client, mut told: mpsc::Receiver<Told>) -> anyhow::Result<Vec<f64>> {
    let statement = client
        .prepare(
            "select external_id from transactions
             where occurred_at > now() - interval '5 minutes' and external_id = any ($1)",
        )
        .await?;
    let (mut waiting, mut seen) = (HashMap::new(), Vec::new());
    let mut is_open = true;
    let mut deadline = None;
    while is_open || !waiting.is_empty() {
        loop {
            match told.try_recv() {
                Ok(Told { line, at }) => drop(waiting.insert(line, at)),
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    is_open = false;
                    break;
                }
            }
        }
        if !is_open && Instant::now() > *deadline.get_or_insert(Instant::now() + PATIENCE) {
            bail!("{} sales cannot be read {PATIENCE:?} after they were told of", waiting.len());
        }
        let lines: Vec<&String> = waiting.keys().collect();
        for row in client.query(&statement, &[&lines]).await? {
            if let Some(at) = waiting.remove(row.get::<_, &str>(0)) {
                seen.push(at.elapsed().as_secs_f64() * 1_000.0);
            }
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(seen)
}

/// Waits until the worker reads the history in the background.
async fn until_history_is_read(client: &Client) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !is_history_read(client).await? {
        if Instant::now() > deadline {
            bail!("the worker does not begin to read");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Whether a tenant's history is being read at this moment.
async fn is_history_read(client: &Client) -> anyhow::Result<bool> {
    let row = client
        .query_one(
            "select exists (
                 select from sync_runs
                 join shelfops.tenants using (customer_id)
                 where slug = 'tenant-0' and stream = 'transactions' and status = 'running'
                     and read_count > 0
             )",
            &[],
        )
        .await?;
    Ok(row.get(0))
}

/// Every sale is there, once.
async fn check_nothing_is_lost(client: &Client, sales: usize) -> anyhow::Result<()> {
    let row = client
        .query_one(
            "select count(*), count(distinct external_id)
             from transactions
             join shelfops.tenants using (customer_id)
             where slug <> 'tenant-0' and unit_price = 12.50
                 and occurred_at > now() - interval '1 hour' and external_id like '%/li-1'",
            &[],
        )
        .await?;
    let (rows, ids): (i64, i64) = (row.get(0), row.get(1));
    let wanted = i64::try_from(sales)?;
    if rows != ids || rows < wanted {
        bail!("{wanted} sales were told of, and there are {rows} rows of {ids}");
    }
    Ok(())
}

async fn finish(running: [Process; 2], vendor: Vendor) -> anyhow::Result<()> {
    for process in running {
        process.stop().await?;
    }
    vendor.stop().await
}
