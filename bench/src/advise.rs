//! What the advisor reaches: TPC-H and a retailer's questions, from primary keys alone, measured as proved.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use futures::SinkExt;
use shelfops_advisor::advice::{Advisor, Request, Statement, statements};
use shelfops_advisor::proof::{Compared, Copy, Proof, SLOWEST, prove};
use tokio_postgres::Client;
use tpchgen::csv::{
    CustomerCsv, LineItemCsv, NationCsv, OrderCsv, PartCsv, PartSuppCsv, RegionCsv, SupplierCsv,
};
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator,
    PartSuppGenerator, RegionGenerator, SupplierGenerator,
};

use crate::Arguments;
use crate::peers::{self, Outcome};
use crate::report::Report;
use crate::server::BenchServer;

/// How long the search may take. The goal of ten seconds is for all of advising: planning before it, and
/// describing what was found.
const TIME: Duration = Duration::from_secs(8);

/// From how many milliseconds on a statement is slow, as the house's rules say.
const SLOW: f64 = 1_000.0;

/// The same for the shop that asks. Five million lines are few: by the house's rules only two of its questions
/// would be.
const SLOW_IN_A_SHOP: f64 = 10.0;

/// How long one run of a statement may take; more counts as this.
const LIMIT: Duration = Duration::from_secs(60);

/// How much of the answers is sent at once.
const CHUNK: usize = 1 << 20;

const TPCH_SCHEMA: &str = include_str!("../advisor/tpch-schema.sql");
const TPCH: &str = include_str!("../advisor/tpch.sql");
const RETAIL_SCHEMA: &str = include_str!("../advisor/retail-schema.sql");
const RETAIL: &str = include_str!("../advisor/retail.sql");

/// The settings under which peers were measured.
const SETTINGS: [&str; 4] = [
    "work_mem = '64MB'",
    "jit = off",
    "random_page_cost = 1.1",
    "max_parallel_workers_per_gather = 2",
];

/// Measures TPC-H.
pub(crate) async fn tpch(
    server: &BenchServer,
    arguments: &Arguments,
    report: &mut Report,
) -> anyhow::Result<()> {
    let client = fresh(server, "bench_tpch").await?;
    client.batch_execute(TPCH_SCHEMA).await?;
    fill(&client, arguments.scale).await?;
    client.batch_execute("vacuum analyze").await?;
    drop(client);
    let case = Case {
        name: "TPC-H",
        database: "bench_tpch",
        goal: "≤ 14.5 s",
        with_rollups: "",
        slow_ms: SLOW,
    };
    measure(server, arguments, report, &case, often(TPCH)).await?;
    server.drop("bench_tpch").await
}

/// Measures a retailer's questions, and the standing request for daily sales.
pub(crate) async fn retail(
    server: &BenchServer,
    arguments: &Arguments,
    report: &mut Report,
) -> anyhow::Result<()> {
    let client = fresh(server, "bench_retail").await?;
    retail_rows(&client, arguments.retail_lines).await?;
    drop(client);
    let case = Case {
        name: "retail",
        database: "bench_retail",
        goal: "≥ 10",
        with_rollups: "≥ 15",
        slow_ms: SLOW_IN_A_SHOP,
    };
    measure(server, arguments, report, &case, often(RETAIL)).await?;
    server.drop("bench_retail").await
}

/// Measures «Query taking 5 seconds to fetch daily sales».
pub(crate) async fn daily_sales(
    server: &BenchServer,
    arguments: &Arguments,
    report: &mut Report,
) -> anyhow::Result<()> {
    let client = fresh(server, "bench_daily").await?;
    retail_rows(&client, arguments.daily_lines).await?;
    drop(client);
    let daily: Vec<Statement> = often(RETAIL)
        .into_iter()
        .filter(|it| it.name == "daily sales")
        .map(|it| Statement { mean_ms: Some(5_000.0), ..it })
        .collect();
    let case = Case {
        name: "daily sales",
        database: "bench_daily",
        goal: "< 50 ms",
        with_rollups: "≥ 15",
        slow_ms: SLOW_IN_A_SHOP,
    };
    let proof = measure(server, arguments, report, &case, daily).await?;
    let best = proof
        .rollups
        .iter()
        .filter(|it| it.holds())
        .filter_map(|it| it.after.median_ms)
        .chain(proof.statements.iter().filter_map(|it| it.after.median_ms))
        .fold(f64::INFINITY, f64::min);
    report.add(
        "daily sales, the quickest way that gives the same rows",
        format!("{best:.2} ms"),
        None,
        "< 50 ms",
    );
    server.drop("bench_daily").await
}

struct Case {
    name: &'static str,
    database: &'static str,
    goal: &'static str,
    /// What is aimed at where answers may be an hour old.
    with_rollups: &'static str,
    /// From how many milliseconds on it finds a statement slow.
    slow_ms: f64,
}

/// Reads statements that are asked often: where one is slow, the house's rules then allow rollups.
fn often(text: &str) -> Vec<Statement> {
    let often = |it| Statement { calls: Some(500.0), mean_ms: None, ..it };
    statements(text).into_iter().map(often).collect()
}

async fn fresh(server: &BenchServer, name: &str) -> anyhow::Result<Client> {
    server.fresh(name).await?;
    set(server, name).await?;
    server.connect(name).await
}

/// Gives a database the settings: copies do not inherit them.
async fn set(server: &BenchServer, name: &str) -> anyhow::Result<()> {
    let admin = server.connect("postgres").await?;
    for setting in SETTINGS {
        admin.batch_execute(&format!("alter database {name} set {setting}")).await?;
    }
    Ok(())
}

async fn retail_rows(client: &Client, lines: u64) -> anyhow::Result<()> {
    let text = RETAIL_SCHEMA.replace("{lines}", &lines.to_string());
    for statement in text.split(";\n").filter(|it| !it.trim().is_empty()) {
        client.batch_execute(statement).await.with_context(|| statement.to_owned())?;
    }
    Ok(())
}

async fn measure(
    server: &BenchServer,
    arguments: &Arguments,
    report: &mut Report,
    case: &Case,
    asked: Vec<Statement>,
) -> anyhow::Result<Proof> {
    // Before ours builds anything, and while nobody keeps the database from being copied.
    let outcomes = by_peers(server, arguments, report, case, &asked).await?;
    // Built where it is searched, an index would be there already when the next choice is planned.
    let copy = format!("{}_copy", case.database);
    server.copy(case.database, &copy).await?;
    set(server, &copy).await?;
    server.settle().await?;
    let client = server.connect(case.database).await?;
    client.batch_execute("begin").await?;
    let request = Request {
        statements: asked,
        budget_bytes: Some(arguments.budget_mb << 20),
        time: TIME,
        asker: None,
        counted_seconds: None,
        may_be_old: true,
        slow_ms: case.slow_ms,
    };
    let started = Instant::now();
    let mut advisor = Advisor::begin(&client, request).await?;
    let first = advisor.advise(&BTreeSet::new()).await?;
    let advising = started.elapsed().as_secs_f64();
    let (url, _) = server.urls(&copy);
    let place = Copy::at(&url, None, arguments.rounds, LIMIT)?;
    let (advice, proof) = prove(&mut advisor, &place).await?;
    advisor.end().await?;
    client.batch_execute("rollback").await?;
    server.drop(&copy).await?;
    told(report, case, &proof);
    let bytes: i64 = proof.indexes.iter().map(|it| it.bytes).sum();
    spent(report, case.name, advising, "≤ 10 s");
    built(
        report,
        case.name,
        (proof.indexes.len(), bytes),
        &format!("≤ {} MB", arguments.budget_mb),
    );
    report.add(
        format!("{}: proposed first, refused by measuring", case.name),
        format!("{}, {}", first.indexes.len(), proof.refused.len()),
        None,
        "",
    );
    for index in &advice.indexes {
        eprintln!("  kept: {}", index.definition);
    }
    for refused in &proof.refused {
        eprintln!("  refused: {} ({})", refused.what, refused.reason);
    }
    for outcome in &outcomes {
        told_of_peer(report, case, &proof, outcome);
    }
    Ok(proof)
}

/// Measures the peers, each on a copy of its own. One that fails is reported and keeps nobody else back.
async fn by_peers(
    server: &BenchServer,
    arguments: &Arguments,
    report: &mut Report,
    case: &Case,
    asked: &[Statement],
) -> anyhow::Result<Vec<Outcome>> {
    let copy = format!("{}_peer", case.database);
    let (url, _) = server.urls(&copy);
    let place = Copy::at(&url, None, arguments.rounds, LIMIT)?;
    let mut outcomes = Vec::new();
    for peer in &arguments.peers {
        eprintln!("{}, by {}", case.name, peer.name);
        server.copy(case.database, &copy).await?;
        set(server, &copy).await?;
        match peers::measure(peer, &place, asked, arguments).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(error) => {
                let what = format!("{}, by {}: not measured", case.name, peer.name);
                report.add(what, error.to_string(), None, "");
            }
        }
        server.drop(&copy).await?;
    }
    Ok(outcomes)
}

/// A statement's time, without new indexes and with them. One over the limit counts as that.
struct Took<'a> {
    name: &'a str,
    before_ms: f64,
    after_ms: f64,
}

/// Returns how long a statement counts as taking.
fn time(median_ms: Option<f64>) -> f64 {
    median_ms.unwrap_or(LIMIT.as_secs_f64() * 1_000.0)
}

/// Reports what was measured of a peer's indexes, against the same times without any.
fn told_of_peer(report: &mut Report, case: &Case, proof: &Proof, outcome: &Outcome) {
    let name = format!("{}, by {}", case.name, outcome.peer);
    let pairs =
        || proof.statements.iter().filter_map(|it| Some((it, outcome.measured.get(&it.name)?)));
    let took: Vec<Took<'_>> = pairs()
        .map(|(it, after)| Took {
            name: &it.name,
            before_ms: time(it.before.median_ms),
            after_ms: time(after.median_ms),
        })
        .collect();
    quicker(report, &name, &took, "");
    slower(report, &name, &took, "");
    spent(report, &name, outcome.seconds, "");
    built(report, &name, (outcome.built, outcome.bytes), "");
    if outcome.refused > 0 {
        report.add(format!("{name}: refused by the server"), outcome.refused.to_string(), None, "");
    }
    for (statement, after) in pairs() {
        eprintln!("  {}: {} → {}", statement.name, statement.before.shown(), after.shown());
    }
}

/// Reports how long all statements took together.
fn quicker(report: &mut Report, name: &str, took: &[Took<'_>], goal: &str) {
    let before = took.iter().map(|it| it.before_ms).sum::<f64>() / 1_000.0;
    let after = took.iter().map(|it| it.after_ms).sum::<f64>() / 1_000.0;
    report.add(
        format!("{name}: all statements, with indexes ÷ without"),
        format!("{before:.2} s → {after:.2} s"),
        Some(before / after),
        goal,
    );
}

/// Reports every statement that became slower.
fn slower(report: &mut Report, name: &str, took: &[Took<'_>], goal: &str) {
    report.add(
        format!("{name}: statements over {SLOWEST} times their time"),
        slower_ones(took),
        None,
        goal,
    );
}

/// Names the statements that became slower, with how many times their time they take.
fn slower_ones(took: &[Took<'_>]) -> String {
    let times = took.iter().map(|it| (it.name, it.after_ms / it.before_ms.max(0.001)));
    let slower: Vec<String> = times
        .filter(|(_, times)| *times > SLOWEST)
        .map(|(name, times)| format!("{name} {times:.2}×"))
        .collect();
    if slower.is_empty() { "none".to_owned() } else { slower.join(", ") }
}

/// Reports how long advising took.
fn spent(report: &mut Report, name: &str, seconds: f64, goal: &str) {
    report.add(format!("{name}: seconds to advise"), format!("{seconds:.1} s"), None, goal);
}

/// Reports how many indexes there are, and what they take.
fn built(report: &mut Report, name: &str, (count, bytes): (usize, i64), goal: &str) {
    let megabytes = bytes as f64 / f64::from(1 << 20);
    report.add(
        format!("{name}: bytes of {count} indexes as built"),
        format!("{megabytes:.0} MB"),
        None,
        goal,
    );
}

/// Reports total times, and every statement that became slower.
fn told(report: &mut Report, case: &Case, proof: &Proof) {
    let took: Vec<Took<'_>> = proof
        .statements
        .iter()
        .map(|it| Took {
            name: &it.name,
            before_ms: time(it.before.median_ms),
            after_ms: time(it.after.median_ms),
        })
        .collect();
    quicker(report, case.name, &took, case.goal);
    let rewritten: Vec<&Compared> = proof.rewrites.iter().collect();
    let all: Vec<&Compared> = proof.rewrites.iter().chain(&proof.rollups).collect();
    // A rewrite gives the same rows at any moment, so the goal is the same.
    let name = |others| format!("{}: the same with {others} that held", case.name);
    quickest(report, &name("rewrites"), (&took, &rewritten), case.goal);
    quickest(report, &name("rewrites and rollups"), (&took, &all), case.with_rollups);
    slower(report, case.name, &took, "none");
    for statement in &proof.statements {
        eprintln!(
            "  {}: {} → {}",
            statement.name,
            statement.before.shown(),
            statement.after.shown()
        );
    }
}

/// Reports how long all statements take in the quickest way that gave the same rows: as they are, or
/// otherwise.
fn quickest(
    report: &mut Report,
    what: &str,
    (took, others): (&[Took<'_>], &[&Compared]),
    goal: &str,
) {
    let best = |place: usize, time: f64| {
        let held = others.iter().filter(|it| it.statement == place && it.holds());
        held.filter_map(|it| it.after.median_ms).fold(time, f64::min)
    };
    let before = took.iter().map(|it| it.before_ms).sum::<f64>() / 1_000.0;
    let after = took.iter().enumerate().map(|(place, it)| best(place, it.after_ms)).sum::<f64>();
    let after = after / 1_000.0;
    report.add(what, format!("{before:.2} s → {after:.2} s"), Some(before / after), goal);
}

/// Fills TPC-H's tables.
async fn fill(client: &Client, scale: f64) -> anyhow::Result<()> {
    copy(client, "region", RegionGenerator::new(scale, 1, 1).iter().map(RegionCsv::new)).await?;
    copy(client, "nation", NationGenerator::new(scale, 1, 1).iter().map(NationCsv::new)).await?;
    copy(client, "part", PartGenerator::new(scale, 1, 1).iter().map(PartCsv::new)).await?;
    copy(client, "supplier", SupplierGenerator::new(scale, 1, 1).iter().map(SupplierCsv::new))
        .await?;
    copy(client, "partsupp", PartSuppGenerator::new(scale, 1, 1).iter().map(PartSuppCsv::new))
        .await?;
    copy(client, "customer", CustomerGenerator::new(scale, 1, 1).iter().map(CustomerCsv::new))
        .await?;
    copy(client, "orders", OrderGenerator::new(scale, 1, 1).iter().map(OrderCsv::new)).await?;
    copy(client, "lineitem", LineItemGenerator::new(scale, 1, 1).iter().map(LineItemCsv::new)).await
}

async fn copy(
    client: &Client,
    table: &str,
    rows: impl Iterator<Item: Display>,
) -> anyhow::Result<()> {
    let sink = client.copy_in(&format!("copy {table} from stdin (format csv)")).await?;
    let mut sink = std::pin::pin!(sink);
    let mut text = String::with_capacity(CHUNK * 2);
    for row in rows {
        use std::fmt::Write as _;
        writeln!(text, "{row}")?;
        if text.len() >= CHUNK {
            sink.send(Bytes::from(std::mem::take(&mut text))).await?;
        }
    }
    sink.send(Bytes::from(text)).await?;
    sink.finish().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_runs_into_the_limit_only_with_indexes_is_named_as_slower() {
        let took =
            |name, before, after| Took { name, before_ms: time(before), after_ms: time(after) };
        let both = [took("q1", Some(100.0), Some(105.0)), took("q2", None, None)];
        assert_eq!(slower_ones(&both), "none");
        let all = [took("q3", Some(6_000.0), None), took("q4", Some(100.0), Some(150.0))];
        assert_eq!(slower_ones(&all), "q3 10.00×, q4 1.50×");
    }
}
