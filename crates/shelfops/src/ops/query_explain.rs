//! Explains a statement: its plan, what is wrong with it, and what to do.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shelfops_advisor::plans::findings::Finding;
use shelfops_advisor::plans::{ExplainRequest, draw, report};
use shelfops_db::models::{Deciding, SlowState};

use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output, Principal};
use crate::queries::{Judged, PlanSource, explained, is_without_values, judged_plan};

/// Explains a statement.
pub(crate) struct QueryExplain;

/// What is explained, and how.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The statement; '-' reads it from stdin
    #[arg(value_name = "SQL", conflicts_with_all = ["file", "plan", "id"])]
    #[serde(default)]
    pub(crate) sql: Option<String>,
    /// Read the statement from a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plan", "id"])]
    #[serde(default)]
    pub(crate) file: Option<PathBuf>,
    /// Read a plan that EXPLAIN printed, as JSON or text; '-' reads it from stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["analyze", "id", "tenant"])]
    #[serde(default)]
    pub(crate) plan: Option<PathBuf>,
    /// Explain a slow statement that `query top` lists
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    #[serde(default)]
    pub(crate) id: Option<String>,
    /// Run the statement, read-only, so that times and rows are measured
    #[arg(long)]
    #[serde(default)]
    pub(crate) analyze: bool,
    /// How many seconds it may take
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    #[serde(default = "default_timeout")]
    pub(crate) timeout: u32,
    /// As this tenant, whose plans have row security in them
    #[arg(long)]
    #[serde(default)]
    pub(crate) tenant: Option<String>,
    /// The value of a parameter, in their order; '\N' is null. Without any, the plan is for all values
    #[arg(long = "param", value_name = "VALUE", allow_hyphen_values = true)]
    #[serde(default)]
    pub(crate) parameters: Vec<String>,
}

const fn default_timeout() -> u32 {
    10
}

/// A plan with what is wrong with it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Explanation {
    /// Whether the statement ran; else all numbers are estimates.
    is_measured: bool,
    /// Whether the time box ran out before it had.
    timed_out: bool,
    /// Whether it is the plan for all values alike.
    is_generic: bool,
    /// The tenant that it was planned for.
    tenant: Option<String>,
    execution_ms: Option<f64>,
    planning_ms: Option<f64>,
    /// What the planner expected it to cost.
    estimated_cost: f64,
    findings: Vec<Finding>,
    /// The plan as people read it.
    tree: String,
    /// The plan as the server told it.
    raw: Value,
}

impl Operation for QueryExplain {
    const NAME: &'static str = "query explain";
    const SUMMARY: &'static str = "Explain a statement's plan: what costs, why, and what to do";
    const DETAILS: &'static str = "\
  shelfops query explain 'select * from transactions limit 5' --tenant acme --analyze
  shelfops query explain --file slow.sql --param 2026-01-01
  shelfops query explain --plan plan.json
Nothing is changed: the statement runs in a read-only transaction with a time box, one that would write is \
planned only, and functions that it calls run as whoever asks. Superusers bypass row security and get other \
plans than tenants do: --tenant asks as one. What the findings mean: docs/guides/reading-plans.md.";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Explanation;

    async fn run(context: &Context, input: Input) -> Result<Output<Explanation>, OpError> {
        if let Some(path) = &input.plan {
            let text = text_of(context, path, "plan")?;
            return Ok(answer(&judged_plan(&text, None)?));
        }
        let (sql, usual_ms) = statement(context, &input).await?;
        let request = ExplainRequest {
            sql,
            analyze: input.analyze,
            timeout: Duration::from_secs(u64::from(input.timeout.clamp(1, 3_600))),
            parameters: input.parameters.clone(),
        };
        let judged = explained(context, &request, input.tenant.as_deref(), usual_ms).await?;
        if let Some(id) = &input.id {
            advised(context, id, &judged).await?;
        }
        Ok(answer(&judged))
    }
}

/// Returns the statement, and how long it usually takes where that is known.
async fn statement(context: &Context, input: &Input) -> Result<(String, Option<f64>), OpError> {
    if let Some(id) = &input.id {
        let operator = context.database().await?.operator().await?;
        let known = operator.slow_statement(id).await?;
        if is_without_values(context, &known.statement).await? {
            return Err(OpError::usage(
                "a log's statement is kept without its values; give it with values as an argument",
            ));
        }
        return Ok((known.statement, Some(known.mean_ms)));
    }
    let sql = match (&input.sql, &input.file) {
        (Some(sql), _) if sql != "-" => sql.clone(),
        (None, Some(path)) => text_of(context, path, "statement")?,
        _ => text_of(context, Path::new("-"), "statement")?,
    };
    Ok((sql, None))
}

/// Reads a file, or stdin where somebody sits before it.
fn text_of(context: &Context, path: &Path, what: &str) -> Result<String, OpError> {
    let unreadable =
        |error| OpError::usage(format!("cannot read the {what} from {}: {error}", path.display()));
    if path != Path::new("-") {
        return std::fs::read_to_string(path).map_err(unreadable);
    }
    let is_terminal = matches!(context.principal(), Principal::Terminal { .. });
    if !is_terminal || std::io::stdin().is_terminal() {
        return Err(OpError::usage(format!(
            "give the {what}: as an argument, a file, or on stdin"
        )));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// Remembers that somebody was told what to do.
async fn advised(context: &Context, id: &str, judged: &Judged) -> Result<(), OpError> {
    let Some(first) = judged.findings.first() else { return Ok(()) };
    let operator = context.database().await?.operator().await?;
    // What was muted or fixed stays so: that it was looked at is no news.
    if !matches!(operator.slow_statement(id).await?.state, SlowState::Open | SlowState::Advised) {
        return Ok(());
    }
    let reason = format!("{}: {}", first.rule, first.what);
    let by = context.principal().to_string();
    let deciding = Deciding { state: SlowState::Advised, reason: &reason, by: &by };
    operator.decide_slow_statement(id, deciding).await?;
    operator.commit().await?;
    Ok(())
}

fn answer(judged: &Judged) -> Output<Explanation> {
    let plan = &judged.plan;
    let tree = draw(plan, &judged.facts, &judged.findings);
    let text = match judged.findings.as_slice() {
        [] => tree.clone(),
        findings => format!("{tree}\n{}", report(findings)),
    };
    let tenant = match &judged.source {
        PlanSource::Tenant(slug) => Some(slug.clone()),
        PlanSource::Owner | PlanSource::Given => None,
    };
    let data = Explanation {
        is_measured: plan.is_measured(),
        timed_out: judged.timed_out,
        is_generic: judged.is_generic,
        tenant,
        execution_ms: plan.execution_ms,
        planning_ms: plan.planning_ms,
        estimated_cost: plan.total_cost(),
        findings: judged.findings.clone(),
        tree,
        raw: judged.raw.clone(),
    };
    let mut output = Output::new(summary(judged), data).page(text);
    for finding in judged.findings.iter().take(3) {
        let evidence = finding.share.map(|share| share.shown()).into_iter();
        let evidence: Vec<String> = evidence.chain(finding.evidence.iter().cloned()).collect();
        output = output.why(finding.what.clone(), evidence.join("; "));
    }
    risks(output, judged)
}

fn summary(judged: &Judged) -> String {
    let found = match judged.findings.len() {
        0 => "nothing to gain is seen in this plan".to_owned(),
        count => format!("{}, what weighs most first", counted(count, "finding")),
    };
    match judged.plan.execution_ms {
        Some(ms) => format!("{ms:.1} ms; {found}"),
        None if judged.plan.is_measured() => found,
        None => format!("estimated only; {found}"),
    }
}

fn risks(mut output: Output<Explanation>, judged: &Judged) -> Output<Explanation> {
    if judged.timed_out {
        output = output
            .risk("the time box ran out: the plan is as estimated; allow more with --timeout");
    } else if !judged.plan.is_measured() && judged.source != PlanSource::Given {
        output =
            output.next("the same with --analyze", "measures times and rows, where it only reads");
    }
    let has_policies = judged.facts.tables.iter().any(|table| table.has_row_security);
    if has_policies && judged.source == PlanSource::Owner {
        output = output.risk(
            "tables with row security, planned as the owner's login: tenants get other plans; add --tenant",
        );
    }
    if judged.source == PlanSource::Given {
        output = output
            .risk("judged by the plan alone: sizes, indexes and statistics were not looked at");
    }
    output
}
