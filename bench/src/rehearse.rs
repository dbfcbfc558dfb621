//! Rehearses a migration of a table of twenty million lines on a sample, as a user would.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::Arguments;
use crate::report::Report;
use crate::server::BenchServer;

/// How many tenants share the lines.
const TENANTS: u64 = 200;

/// Tables as any shop has them. Lines of one tenant lie apart from each other, as they do after years.
const SCHEMA: &str = "
    create table tenants (tenant_id int primary key, name text not null);
    create table stores (
        tenant_id int not null references tenants, store_id int not null, name text not null,
        primary key (tenant_id, store_id)
    );
    create table lines (
        tenant_id int not null, line_id bigint not null, store_id int not null, sold_at timestamptz not null,
        amount numeric(12, 2) not null, note text
    )";

const KEYS: &str = "
    alter table lines add primary key (tenant_id, line_id);
    alter table lines add foreign key (tenant_id, store_id) references stores;
    create index lines_store on lines (tenant_id, store_id, sold_at)";

const MIGRATION: &str = "alter table lines add constraint lines_amount check (amount >= 0);\n";

/// Measures and reports.
pub(crate) async fn measure(
    server: &BenchServer,
    binary: &Path,
    arguments: &Arguments,
    report: &mut Report,
) -> anyhow::Result<()> {
    let lines = arguments.sustained_lines;
    eprintln!("rehearse: {lines} lines");
    server.fresh("bench_rehearse").await?;
    fill(server, lines).await?;
    server.settle().await?;
    let file = std::path::absolute(arguments.directory.join("check.sql"))?;
    std::fs::write(&file, MIGRATION)?;
    for percent in ["0.5", "1"] {
        let (seconds, answer) = rehearse(server, binary, &file, percent)?;
        let sampled = answer["data"]["copy"]["tables"]
            .as_array()
            .and_then(|tables| tables.iter().find(|table| table["table"] == "public.lines"))
            .and_then(|table| table["rows"].as_u64())
            .context("the sample's lines")?;
        let verdict = answer["data"]["verdict"].as_str().unwrap_or_default();
        anyhow::ensure!(verdict == "dangerous", "the verdict is {verdict}");
        report.add(
            format!("Rehearsal of {}M lines on {percent} %", lines / 1_000_000),
            format!("{seconds:.1} s, {sampled} lines sampled"),
            None,
            "< 60 s",
        );
    }
    server.drop("bench_rehearse").await
}

async fn fill(server: &BenchServer, lines: u64) -> anyhow::Result<()> {
    let client = server.connect("bench_rehearse").await?;
    client.batch_execute(SCHEMA).await?;
    let per_tenant = lines / TENANTS;
    client
        .batch_execute(&format!(
            "insert into tenants select each, 'tenant ' || each from generate_series(1, {TENANTS}) as each;
             insert into stores select each, store, 'store ' || store
             from generate_series(1, {TENANTS}) as each, generate_series(1, 20) as store;
             insert into lines
             select tenant, number, number % 20 + 1, timestamptz '2025-01-01' + number * interval '1 minute',
                 number % 1000, 'line ' || number
             from generate_series(1, {per_tenant}) as number, generate_series(1, {TENANTS}) as tenant"
        ))
        .await?;
    client.batch_execute(KEYS).await?;
    // By itself: sent with others it would be in their transaction.
    client.batch_execute("vacuum analyze").await?;
    Ok(())
}

fn rehearse(
    server: &BenchServer,
    binary: &Path,
    file: &Path,
    percent: &str,
) -> anyhow::Result<(f64, Value)> {
    let (owner, _) = server.urls("bench_rehearse");
    let started = Instant::now();
    let output = Command::new(binary)
        .args(["migrate", "rehearse"])
        .arg(file)
        .args(["--percent", percent, "--quiet", "--output", "json"])
        .env("DATABASE_URL", owner)
        .output()?;
    let seconds = started.elapsed().as_secs_f64();
    // A dangerous migration ends with 3.
    if output.status.code() != Some(3) {
        bail!("the rehearsal failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let answer = serde_json::from_slice(&output.stdout).context("the rehearsal's answer")?;
    Ok((seconds, answer))
}
