//! TimescaleDB's community edition: what compression saves, and what the barrier view costs.

use std::path::Path;

use shelfops_simulators::grocery::write_benchmark;

use crate::Arguments;
use crate::import::Target;
use crate::report::{Report, rate};
use crate::rollup::{enter, timed};
use crate::server::BenchServer;

/// Measures and reports; says so where the edition is not there.
pub(crate) async fn measure(
    server: &BenchServer,
    binary: &Path,
    arguments: &Arguments,
    report: &mut Report,
) -> anyhow::Result<()> {
    // The setting is there only where the extension is.
    server.fresh("bench_community").await?;
    let scratch = server.connect("bench_community").await?;
    let extension = scratch.batch_execute("create extension if not exists timescaledb").await;
    if let Err(error) = extension {
        eprintln!("community: skipped, TimescaleDB cannot be used here: {error}");
        return Ok(());
    }
    drop(scratch);
    let scratch = server.connect("bench_community").await?;
    let license =
        scratch.query_one("select current_setting('timescaledb.license', true)", &[]).await?;
    drop(scratch);
    if license.get::<_, Option<&str>>(0) != Some("timescale") {
        eprintln!("community: skipped, timescaledb.license is not 'timescale' here");
        return Ok(());
    }
    eprintln!("community: {} lines", arguments.lines * 2);
    let directory = arguments.directory.join("community");
    let written = write_benchmark(arguments.lines * 2, 7, &directory)?;
    let target = Target::new(server, binary, "bench_community", "timescale").await?;
    let (mut seconds, mut rows) = (0.0, 0);
    for (index, file) in written.transactions.iter().enumerate() {
        let slug = format!("tenant-{:02}", index + 1);
        target.add_tenant(&slug, &directory)?;
        let took = target.import(&slug, &file.path)?;
        seconds += took.seconds;
        rows += took.inserted;
    }
    report.add("Community engine, ten tenants into hypertables", rate(rows, seconds), None, "");
    let client = server.connect("bench_community").await?;
    let before = size(&client).await?;
    client.execute("select shelfops.compress_chunks('transactions', '2100-01-01')", &[]).await?;
    let after = size(&client).await?;
    report.add(
        "Uncompressed ÷ compressed",
        format!("{} MiB ÷ {} MiB", before >> 20, after >> 20),
        Some(before as f64 / after as f64),
        "≥ 15",
    );
    client.batch_execute("vacuum analyze").await?;
    barrier(&client, report).await?;
    server.drop("bench_community").await
}

async fn size(client: &tokio_postgres::Client) -> anyhow::Result<i64> {
    let row = client
        .query_one("select sum(total_bytes)::bigint from shelfops.list_chunks('transactions')", &[])
        .await?;
    Ok(row.get(0))
}

/// One tenant's month, as the application reads it and as the owner would.
async fn barrier(client: &tokio_postgres::Client, report: &mut Report) -> anyhow::Result<()> {
    let tenant = "tenant-05";
    let id = client
        .query_one("select customer_id::text from shelfops.tenants where slug = $1", &[&tenant])
        .await?;
    let id: String = id.get(0);
    let query = |table: &str, tenant: &str| {
        format!(
            "select store_id, sum(total_amount), count(*) from {table}
             where customer_id = {tenant}
                 and occurred_at >= timestamptz '2026-02-02'
                 and occurred_at < timestamptz '2026-03-04'
             group by store_id order by store_id"
        )
    };
    let literal = format!("'{id}'::uuid");
    let owner = timed(client, &query("timeseries.transactions", &literal)).await?;
    enter(client, tenant).await?;
    let view = timed(client, &query("public.transactions", &literal)).await?;
    client.batch_execute("rollback").await?;
    anyhow::ensure!(owner.1 == view.1 && !owner.1.is_empty(), "view and table differ");
    report.add(
        "A tenant's month: through the barrier view ÷ as owner",
        format!("{:.1} ms ÷ {:.1} ms", view.0 * 1e3, owner.0 * 1e3),
        Some(view.0 / owner.0),
        "≤ 1.2",
    );
    Ok(())
}
