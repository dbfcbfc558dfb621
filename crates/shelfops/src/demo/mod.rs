//! The demonstration: a private server, three retailers' exports loaded, three answers, and a fourth
//! retailer whose till is connected and followed.

mod answers;
mod live;
mod retailers;
mod stage;
mod vendor;

use std::path::PathBuf;
use std::time::Instant;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Value, json};
use shelfops_db::{Migrator, Target};

use crate::import::{Counts, FailedReplay, FileReport, replay_arrived};
use crate::ops::context::until_stopped;
use crate::ops::{Context, OpError, Output};
use crate::plan::{Environment, has_store};
use live::Live;
use retailers::Retailer;
pub(crate) use stage::Stage;

/// The command.
pub(crate) fn command() -> Command {
    Command::new("demo")
        .about("Load three retailers' exports into a private server, and follow a fourth one's till")
        .after_help(
            "Without --data, the exports are generated: the shape and the dirt of a real grocer's.\n\
             With --data, the first retailer is the real one whose Parquet files lie there.\n\n\
             The fourth retailer's vendor is simulated on this machine: 90 days of sales are read, a day is\n\
             compared with the vendor's own count, then each sale is told by a webhook and read at once.\n\
             Another demonstration goes on with the same world.",
        )
        .arg(
            Arg::new("once")
                .long("once")
                .action(ArgAction::SetTrue)
                .help("Exit afterwards, with a summary as JSON"),
        )
        .arg(
            Arg::new("here")
                .long("here")
                .action(ArgAction::SetTrue)
                .help("Make the retailers in a database that is not for development, too"),
        )
        .arg(
            Arg::new("data")
                .long("data")
                .value_name("DIRECTORY")
                .value_parser(clap::value_parser!(PathBuf))
                .help("A directory with transactions.parquet and products.parquet of Complete Journey"),
        )
        .arg(
            Arg::new("lines")
                .long("lines")
                .value_name("COUNT")
                .value_parser(clap::value_parser!(u64).range(1_000..=50_000_000))
                .default_value("300000")
                .help("How many lines each generated retailer sells; the fourth sells a fifth"),
        )
}

/// Returns how many lines each generated retailer sells.
fn lines(matches: &ArgMatches) -> u64 {
    matches.get_one::<u64>("lines").copied().unwrap_or(300_000)
}

/// A demonstration that was shown and can go on.
pub(crate) struct Shown {
    /// What it showed.
    pub(crate) output: Output<Value>,
    live: Option<Live>,
}

/// Runs the demonstration.
pub(crate) async fn run(
    context: &Context,
    matches: &ArgMatches,
    stage: &mut Stage,
) -> Result<Shown, OpError> {
    let started = Instant::now();
    let talk = context.talk();
    let database = context.database().await?;
    talk.say(&format!("database: {}", database.address()));
    let migrator = Migrator::new(database, context.config().timeseries_engine);
    let is_ours = context.config().environment == Environment::Development;
    if !is_ours && !matches.get_flag("here") {
        return Err(OpError::usage(
            "a database that is named is taken for production, and a demonstration makes four retailers \
             in it: --here says that it may, SHELFOPS_ENVIRONMENT=development that it is your own, and \
             without DATABASE_URL a private server is used",
        ));
    }
    if !is_ours && !migrator.pending(Target::All).await?.is_empty() && has_store(context).await? {
        return Err(OpError::approval_needed(
            "migrations are pending on a database that is not for development: `shelfops migrate up` \
             makes a plan of them",
        ));
    }
    let applied = migrator.up(Target::All, |_| {}).await?;
    let engine = database.operator().await?.timeseries_engine().await?;
    talk.say(&format!("schema:   {} migrations applied, time series by {engine}", applied.len()));
    let retailers = Retailer::all(matches.get_one::<PathBuf>("data"), lines(matches));
    let mut totals = Counts::default();
    let mut told = Vec::new();
    for retailer in &retailers {
        let (counts, report) = load(context, retailer).await?;
        totals.add(&counts);
        told.push(report);
    }
    let mut live = None;
    if !talk.should_stop() {
        context.open_database().watch();
        stage.serve(context);
        match Live::begin(context, stage).await {
            Ok((begun, counts, report)) => {
                totals.add(&counts);
                told.push(report);
                live = Some(begun);
            }
            // What was interrupted is no failure.
            Err(_) if talk.should_stop() => talk.say("    stopped in the middle"),
            Err(error) => return Err(error),
        }
    }
    let answers = answers::ask(context, &retailers[0].slug).await?;
    let seconds = started.elapsed().as_secs_f64();
    let summary = format!(
        "{} records read, {} loaded, {} in quarantine, in {seconds:.0} s",
        crate::cli::grouped(&totals.read.to_string()),
        crate::cli::grouped(&(totals.inserted + totals.updated).to_string()),
        crate::cli::grouped(&totals.quarantined.to_string()),
    );
    let data = json!({
        "engine": engine,
        "seconds": (seconds * 10.0).round() / 10.0,
        "totals": totals,
        "tenants": told,
        "answers": answers,
    });
    Ok(Shown { output: Output::new(summary, data), live })
}

/// Loads one retailer's exports and tells of it as it goes.
async fn load(context: &Context, retailer: &Retailer) -> Result<(Counts, Value), OpError> {
    let talk = context.talk();
    talk.say(&format!("\n{} ({})", retailer.name, retailer.slug));
    let tenant = retailer.add(context).await?;
    let exports = retailer.exports(context).await?;
    let mut counts = Counts::default();
    let mut files: Vec<FileReport> = Vec::new();
    for request in &exports.requests {
        let report = crate::import::import_file(context, &tenant, request).await?;
        talk.say(&describe(&report));
        counts.add(&report.counts);
        files.push(report);
        if talk.should_stop() {
            break;
        }
    }
    let replay = replay_arrived(context, &tenant).await?;
    for FailedReplay { source, stream, error } in &replay.failed {
        talk.say(&format!("    {stream} of {source} were not replayed: {error}"));
    }
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    let waiting = tx.quarantine_summary().await?;
    for reason in &waiting {
        talk.say(&format!(
            "    {:>7} {:<20} {:<16} e.g. {}",
            crate::cli::grouped(&reason.waiting.to_string()),
            reason.rule,
            reason.stream,
            reason.example
        ));
    }
    let report = json!({
        "tenant": retailer.slug,
        "files": files,
        "replayed": replay.reports,
        "quarantine": waiting,
        "planted_dirt": exports.planted,
    });
    Ok((counts, report))
}

fn describe(report: &FileReport) -> String {
    let grouped = |number: u64| crate::cli::grouped(&number.to_string());
    let counts = &report.counts;
    format!(
        "  {:<22} {:<12} {:>10} read {:>10} loaded {:>8} unchanged {:>7} quarantined  {:>8}/s",
        report.file,
        report.status,
        grouped(counts.read),
        grouped(counts.inserted + counts.updated),
        grouped(counts.unchanged),
        grouped(counts.quarantined),
        grouped(report.records_per_second),
    )
}

/// Shows the answers as tables.
pub(crate) fn tables(data: &Value) -> String {
    let mut text = String::new();
    for (title, rows) in [
        ("Daily sales, newest first", "daily_sales"),
        ("Top sellers of the last 30 days", "top_sellers"),
        ("Stock-outs, last counted first", "stock_outs"),
    ] {
        let rows = &data["answers"][rows];
        text.push_str(&format!("\n{title}\n{}", crate::cli::draw_table(rows)));
    }
    text
}

/// Keeps everything up until the user has seen enough, and tells what comes in.
pub(crate) async fn go_on(
    context: &Context,
    shown: &Shown,
    stage: &mut Stage,
) -> Result<(), OpError> {
    let talk = context.talk();
    let address = context.database().await?.address().to_owned();
    talk.say(&format!("\nThe database stays up at {address}, the server at {}.", stage.url));
    talk.say(
        "Try in another terminal:  shelfops tenant list   shelfops quarantine list --tenant …\n\
         \x20                         shelfops job list   shelfops integration list --tenant …\n\
         Ctrl-C stops it.\n",
    );
    stage.work(context);
    match &shown.live {
        Some(live) => live.follow(context).await,
        None => {
            until_stopped(&*talk).await;
            Ok(())
        }
    }
}
