//! Lists what the database spends its time on, and looks after statements that are slow.

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_advisor::workload::{Counters, LogReading, Statistics};
use shelfops_db::models::{SlowState, SlowStatement};

use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output};
use crate::queries::{
    self, By, Candidate, Counted, History, Logged, Top, log_of, logged, logged_at, look_after,
    name_of, ranked, short, shown, waited,
};

/// Lists what the database spends its time on.
pub(crate) struct QueryTop;

/// Which statements, and how slow is slow.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// By what they are ranked
    #[arg(long, default_value = "total")]
    #[serde(default = "default_by")]
    pub(crate) by: By,
    /// From how many seconds on a run is slow
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    #[serde(default = "default_threshold")]
    pub(crate) threshold: f64,
    /// How many are listed; every slow one is looked after
    #[arg(long, default_value_t = 20)]
    #[serde(default = "default_limit")]
    pub(crate) limit: u32,
    /// How many hours count as lately, for regressions
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    #[serde(default = "default_since")]
    pub(crate) since: u32,
    /// Read PostgreSQL's log in place of its statistics: text, CSV or JSON; plans in it are judged
    #[arg(long, value_name = "FILE")]
    #[serde(default)]
    pub(crate) log: Option<PathBuf>,
    /// List settled and muted ones too
    #[arg(long)]
    #[serde(default)]
    pub(crate) all: bool,
}

const fn default_by() -> By {
    By::Total
}

const fn default_threshold() -> f64 {
    1.0
}

const fn default_limit() -> u32 {
    20
}

const fn default_since() -> u32 {
    24
}

impl Operation for QueryTop {
    const NAME: &'static str = "query top";
    const SUMMARY: &'static str = "List what statements cost, and keep an eye on slow ones";
    const DETAILS: &'static str = "\
  shelfops query top --by regressions --since 24
  shelfops query top --log /var/log/postgresql/postgresql.log
Every statement with a run over the threshold is a finding: it stays on the list until `query explain --id` \
has advised, it runs fast again, or `query mute` says why it may be slow. What is counted is kept for five \
weeks, at each call and each hour by a worker, to see what became slower.";
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = Top;

    async fn run(context: &Context, input: Input) -> Result<Output<Top>, OpError> {
        if !input.threshold.is_finite() || input.threshold < 0.0 {
            return Err(OpError::usage("a threshold is a number of seconds, such as 0.5"));
        }
        match &input.log {
            Some(path) => of_log(context, &input, path).await,
            None => of_statistics(context, &input).await,
        }
    }
}

async fn of_statistics(context: &Context, input: &Input) -> Result<Output<Top>, OpError> {
    let statistics = match queries::count(context).await? {
        Counted::Statements(statistics) => statistics,
        Counted::Missing { what, remedy } => {
            return Err(OpError::failed(format!(
                "{what}, so nothing counts what statements cost; {remedy}. Until then, read the \
                 server's log with --log, which log_min_duration_statement fills"
            )));
        }
    };
    let history = History::read(context, input.since).await?;
    let candidates: Vec<Candidate> = statistics
        .statements
        .iter()
        .map(|each| Candidate {
            statement_id: each.query_id.to_string(),
            text: each.text.clone(),
            max_ms: each.max_ms,
            mean_ms: each.mean_ms,
            calls: each.calls,
            lately: history.since_last(each),
            max_lately_ms: None,
            longer: history.since_lately(each),
            logged: None,
        })
        .collect();
    let slow = look_after(context, &candidates, input.threshold * 1_000.0).await?;
    queries::keep(context, &statistics).await?;
    let top = Top {
        statements: ranked(&statistics, &history, input.by, input.limit),
        slow: shown(&slow, input.all),
        lock_waits: Vec::new(),
    };
    let output = Output::new(summary(&statistics, &slow), top);
    let output = match (input.by, history.has_before()) {
        (By::Regressions, false) => output.risk(format!(
            "nothing to compare with yet: the counters of {} hours ago are not kept; run a worker, or \
             this command, from now on",
            input.since
        )),
        _ => output,
    };
    Ok(advise(output, &slow))
}

async fn of_log(context: &Context, input: &Input, path: &Path) -> Result<Output<Top>, OpError> {
    if !matches!(input.by, By::Total | By::Mean) {
        return Err(OpError::usage(
            "a log knows times alone: list by total or by mean, or leave out --log to read what the server \
             counts",
        ));
    }
    let reading = log_of(path).await?;
    let threshold_ms = input.threshold * 1_000.0;
    let candidates: Vec<Candidate> = reading
        .statements
        .iter()
        .map(|each| {
            let at = |said: &Option<String>| said.as_deref().and_then(logged_at);
            // What a log does not date may be older than what is known.
            let logged = at(&each.first_at)
                .zip(at(&each.slowest_at))
                .map(|(first, slowest)| Logged { first, slowest });
            let runs = Counters { calls: each.calls, total_ms: each.total_ms };
            Candidate {
                statement_id: name_of(each),
                text: each.text.clone(),
                max_ms: each.max_ms,
                mean_ms: each.mean_ms(),
                calls: each.calls,
                lately: logged.map(|_| runs),
                max_lately_ms: logged.map(|_| each.max_ms),
                longer: None,
                logged,
            }
        })
        .collect();
    let slow = look_after(context, &candidates, threshold_ms).await?;
    let top = Top {
        statements: logged(&reading, input.by, input.limit),
        slow: shown(&slow, input.all),
        lock_waits: waited(&reading, input.limit),
    };
    let summary = format!(
        "{} and {} for locks in a log of {}",
        counted(reading.statements.len(), "statement"),
        counted(reading.waits.len(), "wait"),
        counted(reading.entries, "message"),
    );
    let mut output = Output::new(summary, top).line(state_of(&slow));
    if reading.left_out > 0 {
        output = output.risk(format!(
            "{} of other statements were left out: the log has more than are told apart at once",
            counted(reading.left_out, "message")
        ));
    }
    for (finding, text) in judged(&reading, threshold_ms) {
        output = output.why(finding, text);
    }
    Ok(advise(output, &slow))
}

/// Judges the plans that the log has of slow statements; tells the worst of each.
fn judged(reading: &LogReading, threshold_ms: f64) -> Vec<(String, String)> {
    let slow = reading.statements.iter().filter(|each| each.max_ms >= threshold_ms);
    let planned = slow.filter_map(|each| Some((each, each.plan.as_deref()?)));
    planned
        .filter_map(|(each, plan)| {
            let judged = queries::judged_plan(plan, None).ok()?;
            let worst = judged.findings.first()?;
            let evidence = worst.evidence.first().cloned().unwrap_or_default();
            Some((format!("{}: {}", short(&each.text), worst.what), evidence))
        })
        .take(10)
        .collect()
}

fn summary(statistics: &Statistics, slow: &[SlowStatement]) -> String {
    let since =
        statistics.counted_seconds.map(|seconds| format!(", counted for {}", shown_age(seconds)));
    let statements = counted(statistics.statements.len(), "statement");
    format!("{statements}{}; {}", since.unwrap_or_default(), state_of(slow))
}

fn shown_age(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 7_200.0 => format!("{:.0} minutes", seconds / 60.0),
        seconds if seconds < 172_800.0 => format!("{:.0} hours", seconds / 3_600.0),
        seconds => format!("{:.0} days", seconds / 86_400.0),
    }
}

fn state_of(slow: &[SlowStatement]) -> String {
    let count = |state| slow.iter().filter(|each| each.state == state).count();
    let (open, advised) = (count(SlowState::Open), count(SlowState::Advised));
    let (fixed, muted) = (count(SlowState::Fixed), count(SlowState::Muted));
    format!("slow ones: {open} open, {advised} advised, {fixed} fixed, {muted} muted")
}

fn advise(output: Output<Top>, slow: &[SlowStatement]) -> Output<Top> {
    let Some(worst) = slow.iter().find(|each| each.state == SlowState::Open) else { return output };
    let id = &worst.statement_id;
    let output = if id.starts_with("log-") {
        output.next("shelfops query explain 'SELECT …'", "says why the slowest is, with its values")
    } else {
        output.next(format!("shelfops query explain --id {id}"), "says why the slowest is")
    };
    output.next(format!("shelfops query mute {id} --reason '…'"), "if it may be slow")
}
