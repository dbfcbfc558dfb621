//! `shelfops worker`: does jobs until it is stopped. Several may run at once, on several machines.

use std::sync::Arc;

use clap::{Arg, ArgMatches, Command, value_parser};
use serde_json::{Value, json};
use shelfops_db::jobs::WorkerSettings;

use crate::config::Config;
use crate::jobs::{self, Crew, WorkerTalk};
use crate::ops::context::Talk;
use crate::ops::output::counted;
use crate::ops::{Context, OpError, Output};

/// The command.
pub(crate) fn command() -> Command {
    jobs::list_kinds(
        Command::new("worker")
            .about("Do background jobs, and put those that are due, until Ctrl-C")
            .arg(
                Arg::new("concurrency")
                    .long("concurrency")
                    .value_name("COUNT")
                    .value_parser(value_parser!(u64).range(1..=64))
                    .default_value("4")
                    .help("How many jobs are done at once"),
            ),
    )
}

/// Works until the user, or who supervises the process, wants it to stop.
pub(crate) async fn run(
    config: Config,
    matches: &ArgMatches,
    terminal: Arc<dyn Talk>,
) -> Result<Output<Value>, OpError> {
    let concurrency = matches.get_one::<u64>("concurrency").copied().unwrap_or(4);
    let talk = Arc::new(WorkerTalk::new(terminal.clone()));
    let shares = u32::try_from(concurrency).unwrap_or(u32::MAX);
    let context = Arc::new(Context::new(config, talk.clone()).sharing_memory(shares));
    let outcome = work(&context, talk, concurrency, terminal).await;
    context.close().await;
    outcome
}

async fn work(
    context: &Arc<Context>,
    talk: Arc<WorkerTalk>,
    concurrency: u64,
    terminal: Arc<dyn Talk>,
) -> Result<Output<Value>, OpError> {
    let database = context.database().await?;
    context.open_database().watch();
    let crew = Arc::new(Crew::new(context.clone(), talk));
    let settings = WorkerSettings::new(usize::try_from(concurrency).unwrap_or(1));
    terminal.say(&format!(
        "working on {}, {} at once; Ctrl-C stops behind the batch at hand",
        database.address(),
        counted(concurrency, "job"),
    ));
    let worker = jobs::worker(database, settings, crew.clone());
    worker.run(move || terminal.should_stop()).await?;
    let (done, failed) = crew.counts();
    let summary = format!("{} done, {} failed", counted(done, "job"), counted(failed, "attempt"));
    let output = Output::new(summary, json!({ "done": done, "failed_attempts": failed }));
    Ok(if failed == 0 {
        output
    } else {
        output.next("shelfops job list --state dead", "shows what will not be tried again")
    })
}
