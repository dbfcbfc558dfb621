//! Measures ShelfOps against plain PostgreSQL, in one run on one machine, as ratios.
//!
//! Absolute figures of a shared machine drift by a fifth; ratios of one run hold. The yardstick is a
//! plain COPY into a table with the same guarantees.

mod advise;
mod community;
mod http;
mod import;
mod ingest;
mod machine;
mod peers;
mod process;
mod rehearse;
mod report;
mod rollup;
mod server;
mod sustained;
mod sync;
mod vendor;
mod webhooks;
mod yardstick;

use std::path::PathBuf;

use clap::Parser;

use peers::Peer;
use report::Report;
use server::BenchServer;

/// Measures ShelfOps against plain PostgreSQL.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only these scenarios: ingest, sustained, community, sync, webhooks, rehearse, tpch, retail,
    /// daily-sales
    scenarios: Vec<String>,
    /// How many lines the ingest scenario loads
    #[arg(long, default_value_t = 1_000_000)]
    lines: u64,
    /// How many lines the sustained scenario loads
    #[arg(long, default_value_t = 20_000_000)]
    sustained_lines: u64,
    /// How many lines the sync scenario reads from the simulated vendor
    #[arg(long, default_value_t = 1_000_000)]
    sync_lines: u64,
    /// For how many seconds the webhooks scenario sends
    #[arg(long, default_value_t = 60)]
    webhook_seconds: u64,
    /// How many notifications it sends a second
    #[arg(long, default_value_t = 500)]
    webhook_rate: u64,
    /// How many tenants they are about
    #[arg(long, default_value_t = 5)]
    webhook_tenants: usize,
    /// Measures this binary instead of building one
    #[arg(long)]
    binary: Option<PathBuf>,
    /// How often the ingest scenario is run; the medians are reported
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The scale factor of the tpch scenario
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// How many lines of sales the retail scenario has
    #[arg(long, default_value_t = 5_000_000)]
    retail_lines: u64,
    /// How many lines of sales the daily-sales scenario has
    #[arg(long, default_value_t = 20_000_000)]
    daily_lines: u64,
    /// How many megabytes advised indexes may take
    #[arg(long, default_value_t = 700)]
    budget_mb: u64,
    /// Another advisor to measure beside ours, as often as there are any: the shell runs COMMAND ADDRESS
    /// WORKLOAD MEGABYTES, and it prints `create index` statements, one a line
    #[arg(long = "peer", value_name = "NAME=COMMAND")]
    peers: Vec<Peer>,
    /// Where files and servers of the run are kept while it lasts
    #[arg(long, default_value = "bench/data")]
    directory: PathBuf,
    /// Where the result is kept
    #[arg(long, default_value = "bench/results")]
    results: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(arguments))
}

async fn measure(arguments: Arguments) -> anyhow::Result<()> {
    let wanted = |name: &str| {
        arguments.scenarios.is_empty() || arguments.scenarios.iter().any(|given| given == name)
    };
    std::fs::create_dir_all(&arguments.directory)?;
    let binary = match &arguments.binary {
        Some(binary) => std::path::absolute(binary)?,
        None => import::build()?,
    };
    let server = BenchServer::start(&arguments.directory)?;
    let mut report = Report::new(machine::describe(&server).await?);
    if wanted("ingest") {
        ingest::measure(&server, &binary, &arguments, &mut report).await?;
    }
    if wanted("sustained") {
        sustained::measure(&server, &binary, &arguments, &mut report).await?;
    }
    if wanted("community") {
        community::measure(&server, &binary, &arguments, &mut report).await?;
    }
    if wanted("sync") {
        sync::measure(&server, &binary, &arguments, &mut report).await?;
    }
    if wanted("webhooks") {
        webhooks::measure(&server, &binary, &arguments, &mut report).await?;
    }
    if wanted("rehearse") {
        rehearse::measure(&server, &binary, &arguments, &mut report).await?;
    }
    if wanted("tpch") {
        advise::tpch(&server, &arguments, &mut report).await?;
    }
    if wanted("retail") {
        advise::retail(&server, &arguments, &mut report).await?;
    }
    if wanted("daily-sales") {
        advise::daily_sales(&server, &arguments, &mut report).await?;
    }
    report.print();
    report.keep(&arguments.results)?;
    server.stop();
    Ok(())
}
