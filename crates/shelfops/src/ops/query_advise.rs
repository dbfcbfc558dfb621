//! Advises on slow statements: indexes, rewrites, rollups and what nothing needs, with a proof where wanted.

use std::fmt::Write;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_advisor::advice::{Advice, Migration, Statement, page, statements};
use shelfops_advisor::proof::Proof;
use shelfops_advisor::workload::LogReading;
use shelfops_db::models::{Deciding, Plan, PlanRuns, SlowState};

use super::error::joined;
use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output, Principal};
use crate::plan::{Draft, DraftStep, propose};
use crate::queries::{Advised, Wanted, advised, log_of, recorded, recorded_one};

/// The longest title that a plan may have.
const LONGEST_TITLE: usize = 300;

/// Advises on slow statements.
pub(crate) struct QueryAdvise;

/// What is advised on, and within which bounds.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The statement, or several; '-' reads them from stdin
    #[arg(value_name = "SQL", conflicts_with_all = ["file", "id", "workload"])]
    #[serde(default)]
    pub(crate) sql: Option<String>,
    /// Read statements from a file; a comment on the line before names one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["id", "workload"])]
    #[serde(default)]
    pub(crate) file: Option<PathBuf>,
    /// Advise on a slow statement that `query top` lists
    #[arg(long, value_name = "ID", allow_negative_numbers = true, conflicts_with = "workload")]
    #[serde(default)]
    pub(crate) id: Option<String>,
    /// Advise on what the server counted, these statements that cost most
    #[arg(long, value_name = "COUNT", num_args = 0..=1, default_missing_value = "30")]
    #[serde(default)]
    pub(crate) workload: Option<u32>,
    /// Take values from PostgreSQL's log, text, CSV or JSON, for statements that were counted without
    #[arg(long, value_name = "FILE")]
    #[serde(default)]
    pub(crate) log: Option<PathBuf>,
    /// As this tenant, whose plans have row security in them
    #[arg(long)]
    #[serde(default)]
    pub(crate) tenant: Option<String>,
    /// The value of a parameter, in their order; '\N' is null
    #[arg(long = "param", value_name = "VALUE", allow_hyphen_values = true)]
    #[serde(default)]
    pub(crate) parameters: Vec<String>,
    /// How much room new indexes may take, such as 700MB; half of the tables' unless said
    #[arg(long, value_name = "SIZE")]
    #[serde(default)]
    pub(crate) budget: Option<String>,
    /// How many seconds the search may take
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    #[serde(default = "default_time")]
    pub(crate) time: u32,
    /// Answers may be an hour old, so that rollups may be advised
    #[arg(long)]
    #[serde(default)]
    pub(crate) may_be_old: bool,
    /// Build what is advised on a copy of the database, measure, and give back what does not hold
    #[arg(long)]
    #[serde(default)]
    pub(crate) verify: bool,
    /// Keep what was proved as a plan, to be approved and applied
    #[arg(long, requires = "verify")]
    #[serde(default)]
    pub(crate) plan: bool,
    /// Build on this database in place of a copy that is made and dropped; it must be one to spoil
    #[arg(long, value_name = "URL", requires = "verify")]
    #[serde(default)]
    pub(crate) scratch_url: Option<String>,
    /// How often each statement is measured
    #[arg(long, default_value_t = 5)]
    #[serde(default = "default_runs")]
    pub(crate) runs: u32,
    /// How many seconds a measured statement may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    #[serde(default = "default_timeout")]
    pub(crate) timeout: u32,
}

const fn default_time() -> u32 {
    10
}

const fn default_runs() -> u32 {
    5
}

const fn default_timeout() -> u32 {
    60
}

/// Advice, with its proof and the migration that makes its indexes.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Data {
    advice: Advice,
    /// What was measured; none without --verify.
    proof: Option<Proof>,
    /// What makes the indexes, as text: nothing is applied here.
    migration: Migration,
    /// The tenant that was asked for.
    tenant: Option<String>,
    /// The number of the plan that was made of the migration.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<i64>,
}

impl Operation for QueryAdvise {
    const NAME: &'static str = "query advise";
    const SUMMARY: &'static str = "Advise indexes, rewrites and rollups, and prove them on a copy";
    const DETAILS: &'static str = "\
  shelfops query advise --file slow.sql --tenant acme --verify
  shelfops query advise --workload --budget 700MB
  shelfops query advise --id 6775808104214296680 --tenant acme --verify --plan
Candidates are weighed by the planner with HypoPG, within a budget of bytes; without HypoPG they are named and \
not weighed. With --verify the winners are built on a copy and measured: what makes any statement slower than \
1.1 times what it took is refused, and the choice made again. The outcome is a migration as text, and with --plan \
a plan to approve; nothing is applied. A slow statement that is advised on by --id counts as advised. How it goes, from a slow query to a proved fix: docs/guides/slow-query.md.";
    // A proof makes a database and keeps the server busy, though nothing of this one is changed.
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = Data;

    async fn run(context: &Context, input: Input) -> Result<Output<Data>, OpError> {
        let is_terminal = matches!(context.principal(), Principal::Terminal { .. });
        if input.scratch_url.is_some() && !is_terminal {
            return Err(OpError::usage(
                "scratch_url is for the command line: it connects to any server",
            ));
        }
        if input.plan && !input.verify {
            return Err(OpError::usage("only what was proved becomes a plan: add --verify"));
        }
        let log = match &input.log {
            Some(path) => Some(log_of(path).await?),
            None => None,
        };
        let (statements, counted_seconds) = asked(context, &input, log.as_ref()).await?;
        let wanted = Wanted {
            statements,
            counted_seconds,
            log,
            tenant: input.tenant.as_deref(),
            budget_bytes: input.budget.as_deref().map(bytes).transpose()?,
            time: Duration::from_secs(u64::from(input.time.clamp(1, 600))),
            may_be_old: input.may_be_old,
            verify: input.verify,
            scratch_url: input.scratch_url.as_deref(),
            runs: input.runs.clamp(1, 100) as usize,
            limit: Duration::from_secs(u64::from(input.timeout.clamp(1, 3_600))),
        };
        // The search holds many plans at once.
        let mut found = Box::pin(advised(context, wanted)).await?;
        // What took so long to find is told even where nothing can be kept of it.
        if input.plan && found.proof.as_ref().is_some_and(|proof| !proof.on_trust.is_empty()) {
            let said = "what was not measured is in no plan: see what could not be, and how it can";
            found.notes.push(said.to_owned());
        }
        let plan = match input.plan && !found.proved.up.is_empty() {
            true => match propose(context, draft(&found)).await {
                Ok(plan) => Some(plan),
                Err(error) => {
                    let said = joined(&error, ": ");
                    found.notes.push(format!(
                        "no plan was made of the migration, which is in the answer: {said}"
                    ));
                    None
                }
            },
            false => None,
        };
        if let Some(id) = &input.id
            && let Err(error) = settle(context, id, &found, plan.as_ref()).await
        {
            let said = joined(&error, ": ");
            found.notes.push(format!("the slow statement {id} was not marked as advised: {said}"));
        }
        Ok(answer(&input, found, plan.as_ref()))
    }
}

/// Makes a plan of the migration. Each of its statements runs by itself: writers go on meanwhile.
fn draft(found: &Advised) -> Draft {
    let names: Vec<&str> = found.proved_names.iter().map(String::as_str).collect();
    let steps = statements(&found.proved.up).into_iter();
    Draft {
        kind: "query-advice",
        title: title(&names),
        runs: PlanRuns::Statements,
        steps: steps
            .map(|one| DraftStep { is_alone: true, ..DraftStep::of_sql(one.sql) })
            .collect(),
        reversal: found.proved.down.clone(),
        tables: Vec::new(),
        touches: serde_json::json!({}),
    }
}

/// Names a plan by what it makes, as much as a title has room for: all is in its steps.
fn title(names: &[&str]) -> String {
    let mut title = format!("make what measuring proved: {}", names.join(", "));
    if title.len() > LONGEST_TITLE {
        title.truncate(title.floor_char_boundary(LONGEST_TITLE - '…'.len_utf8()));
        title.push('…');
    }
    title
}

/// Says of a slow statement that it was advised on, and where the outcome is. A muted one stays muted, and
/// one for which nothing was found stays open, as does one of which measuring refuted all that was found.
async fn settle(
    context: &Context,
    id: &str,
    found: &Advised,
    plan: Option<&Plan>,
) -> Result<(), OpError> {
    let advice = &found.advice;
    let is_advised = !advice.indexes.is_empty()
        || match &found.proof {
            // What could not be measured is not refuted.
            Some(proof) => {
                let mut compared = proof.rewrites.iter().chain(&proof.rollups);
                compared.any(|it| !it.is_refuted())
            }
            None => advice.rewrites.len() + advice.rollups.len() > 0,
        };
    let operator = context.database().await?.operator().await?;
    let known = operator.slow_statement(id).await?;
    if !is_advised || !matches!(known.state, SlowState::Open | SlowState::Advised) {
        return Ok(());
    }
    let mut reason = summary(advice, found.proof.as_ref());
    if let Some(plan) = plan {
        let _ = write!(reason, "; plan {}", plan.plan_id);
    }
    let by = context.principal().to_string();
    let deciding = Deciding { state: SlowState::Advised, reason: &reason, by: &by };
    operator.decide_slow_statement(id, deciding).await?;
    operator.commit().await?;
    Ok(())
}

/// Returns the statements that are asked about, and for how long their calls were counted.
async fn asked(
    context: &Context,
    input: &Input,
    log: Option<&LogReading>,
) -> Result<(Vec<Statement>, Option<f64>), OpError> {
    if let Some(count) = input.workload {
        return recorded(context, count.clamp(1, 200) as usize).await;
    }
    if let Some(id) = &input.id {
        let (mut statement, counted_seconds) = recorded_one(context, id, log).await?;
        if !input.parameters.is_empty() {
            statement.parameters.clone_from(&input.parameters);
            statement.found = None;
        }
        return Ok((vec![statement], counted_seconds));
    }
    let text = match (&input.sql, &input.file) {
        (Some(sql), _) if sql != "-" => sql.clone(),
        (None, Some(path)) => text_of(context, path)?,
        _ => text_of(context, Path::new("-"))?,
    };
    let mut all = statements(&text);
    if !input.parameters.is_empty() {
        let [only] = all.as_mut_slice() else {
            return Err(OpError::usage(
                "--param gives one statement its values, and there are several",
            ));
        };
        only.parameters.clone_from(&input.parameters);
    }
    Ok((all, None))
}

/// Reads a file, or stdin where somebody sits before it.
fn text_of(context: &Context, path: &Path) -> Result<String, OpError> {
    let unreadable =
        |error| OpError::usage(format!("cannot read statements from {}: {error}", path.display()));
    if path != Path::new("-") {
        return std::fs::read_to_string(path).map_err(unreadable);
    }
    let is_terminal = matches!(context.principal(), Principal::Terminal { .. });
    if !is_terminal || std::io::stdin().is_terminal() {
        return Err(OpError::usage(
            "give statements: as an argument, a file, on stdin, or --workload",
        ));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// Reads a size: `700MB`, `2 GB`, or bytes.
fn bytes(text: &str) -> Result<u64, OpError> {
    let lower = text.trim().to_lowercase();
    let units = [("gb", 1_u64 << 30), ("mb", 1 << 20), ("kb", 1 << 10), ("b", 1), ("", 1)];
    let read = units.iter().find_map(|(unit, factor)| {
        let number: f64 = lower.strip_suffix(unit)?.trim().parse().ok()?;
        (number.is_finite() && number >= 0.0).then_some(number * *factor as f64)
    });
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is not below zero, and a size beyond 64 bits is as good as the largest"
    )]
    read.map(|bytes| bytes as u64)
        .ok_or_else(|| OpError::usage(format!("'{text}' is no size; write it as 700MB or 2GB")))
}

fn answer(input: &Input, found: Advised, plan: Option<&Plan>) -> Output<Data> {
    let Advised { advice, proof, migration, tenant, notes, .. } = found;
    let text = page(&advice, proof.as_ref(), &migration);
    let mut output = Output::new(summary(&advice, proof.as_ref()), ()).page(text);
    for index in advice.indexes.iter().take(3) {
        output = output.why(format!("index on {}", index.definition), index.why.join("; "));
    }
    if let Some(missing) = advice.what_if.missing {
        output = output.risk(format!(
            "{}, so no candidate was weighed: {}; or prove them with --verify",
            missing.what(),
            missing.remedy()
        ));
    }
    if advice.is_cut_short {
        output = output.risk("the time box ran out before all was weighed; allow more with --time");
    }
    for missing in proof.iter().flat_map(|proof| &proof.not_measured) {
        output = output.risk(format!("not measured: {missing}"));
    }
    for note in notes {
        output = output.risk(note);
    }
    if !advice.indexes.is_empty() {
        output = output
            .risk("every index slows writes and takes room; drop it when the statements are gone");
    }
    if !input.verify {
        output = output.next(
            "the same with --verify",
            "builds it on a copy and measures: the planner's costs are estimates, and wrong now and then",
        );
    } else if let Some(plan) = plan {
        output = output.next(
            format!("shelfops plan show {}", plan.plan_id),
            "shows the plan that was made of the migration",
        );
    } else if !migration.up.is_empty() {
        output = output.next(
            "the same with --plan",
            "keeps the migration as a plan; or save its text beside your others and have it judged",
        );
    }
    let data = Data { advice, proof, migration, tenant, plan: plan.map(|plan| plan.plan_id) };
    output.with_data(data)
}

fn summary(advice: &Advice, proof: Option<&Proof>) -> String {
    let count = |number: usize, one: &str, more: &str| {
        format!("{} {}", number, if number == 1 { one } else { more })
    };
    let found = format!(
        "{}, {}, {}, {} that nothing needs",
        count(advice.indexes.len(), "index", "indexes"),
        counted(advice.rewrites.len(), "rewrite"),
        counted(advice.rollups.len(), "rollup"),
        count(advice.needless.len(), "index", "indexes"),
    );
    let statements = counted(advice.statements.len(), "statement");
    match proof {
        Some(proof) => {
            let total = |pick: fn(&shelfops_advisor::proof::Proved) -> Option<f64>| {
                proof.statements.iter().map(pick).sum::<Option<f64>>()
            };
            let before = total(|it| it.before.median_ms);
            let after = total(|it| it.after.median_ms);
            let said = match (before, after) {
                (Some(before), Some(after)) => format!("measured {before:.1} ms → {after:.1} ms"),
                _ => "measured, as far as the time box let".to_owned(),
            };
            format!("{statements}: {found}; {said} with the indexes")
        }
        None => format!("{statements}: {found}; estimated only, nothing was measured"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_many_indexes_has_a_title_that_fits() {
        assert_eq!(title(&["a", "b"]), "make what measuring proved: a, b");
        let long = title(&["transactions_with_a_name_of_some_length"; 20]);
        assert!(long.len() <= LONGEST_TITLE && long.ends_with('…'), "{long}");
    }

    #[test]
    fn a_size_is_read_as_people_write_it() {
        assert_eq!(bytes("700MB").unwrap(), 700 << 20);
        assert_eq!(bytes("1.5 gb").unwrap(), 3 << 29);
        assert_eq!(bytes("4096").unwrap(), 4_096);
        for wrong in ["much", "-1MB", "MB", "inf"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
