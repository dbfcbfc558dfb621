//! Compares the live schema with the declared one.

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_advisor::drift::{Difference, Kind, Schema, Statement, Weight, page, reconcile};
use shelfops_db::models::{Plan, PlanRuns};

use super::output::{Verdict, counted};
use super::{Context, Effect, OpError, Operation, Output, Principal};
use crate::drift::{Found, check, live};
use crate::plan::{Draft, DraftStep, propose};

/// Compares the live schema with the declared one.
pub(crate) struct MigrateDrift;

/// What is compared with what.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Compare with a snapshot that --save wrote, not with what the migrations declare
    #[arg(long, value_name = "FILE")]
    #[serde(default)]
    pub(crate) against: Option<PathBuf>,
    /// Write the live schema to a file as a snapshot, and compare nothing
    #[arg(long, value_name = "FILE", conflicts_with = "against")]
    #[serde(default)]
    pub(crate) save: Option<PathBuf>,
    /// Keep the statements that mend it as a plan
    #[arg(long, conflicts_with = "save")]
    #[serde(default)]
    pub(crate) plan: bool,
}

/// What differs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Drift {
    /// What there is that was not declared, and the other way round.
    differences: Vec<Difference>,
    /// What makes the live schema the declared one, in order.
    statements: Vec<Statement>,
    /// What no statement can mend, and why.
    by_hand: Vec<String>,
    /// A hash of the live schema.
    fingerprint: String,
    /// How many objects were compared.
    objects: usize,
    /// How many migrations are not applied yet; they are no drift.
    pending: usize,
    /// Why only roles were compared, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_compared: Option<String>,
    /// The plan that mends it, where one was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<i64>,
}

impl Operation for MigrateDrift {
    const NAME: &'static str = "migrate drift";
    const SUMMARY: &'static str =
        "Find what in the schema was changed by hand, and the DDL that mends it";
    const DETAILS: &'static str = "\
What the applied migrations declare is built in a database beside, and compared with what is there:
tables, columns, constraints, indexes, policies, rights, owners, views, functions, triggers, types,
sequences, comments, hypertables and their policies; and our own roles, which belong to the server, with
what the migrations make them. Partitions and chunks are data. Nothing is changed.
Drift means exit code 3. The job schema-drift looks daily and raises an alert that `shelfops doctor` shows.

Examples:
  shelfops migrate drift
  shelfops migrate drift --save before.json
  shelfops migrate drift --against before.json";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Drift;

    async fn run(context: &Context, input: Input) -> Result<Output<Drift>, OpError> {
        if let Some(path) = &input.save {
            if !matches!(context.principal(), Principal::Terminal { .. }) {
                return Err(OpError::forbidden("only the command line writes files"));
            }
            return save(path, live(context).await?);
        }
        let against = input.against.as_deref().map(snapshot).transpose()?;
        let found = check(context, against).await?;
        let plan = match input.plan && !found.reconciliation.statements.is_empty() {
            true => Some(propose(context, draft(&found)).await?),
            false => None,
        };
        Ok(told(found, plan.as_ref()))
    }
}

fn save(path: &Path, schema: Schema) -> Result<Output<Drift>, OpError> {
    let shown = path.display();
    std::fs::write(path, schema.to_json())
        .map_err(|error| OpError::failed(format!("cannot write {shown}: {error}")))?;
    let objects = schema.objects.len();
    let data = Drift {
        differences: Vec::new(),
        statements: Vec::new(),
        by_hand: Vec::new(),
        fingerprint: schema.fingerprint(),
        objects,
        pending: 0,
        not_compared: None,
        plan: None,
    };
    let next = format!("shelfops migrate drift --against {shown}");
    Ok(Output::new(format!("{} saved to {shown}", counted(objects, "object")), data)
        .page("")
        .next(next, "says what has changed since"))
}

fn snapshot(path: &Path) -> Result<Schema, OpError> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => OpError::not_found(format!("{shown} does not exist")),
        _ => OpError::failed(format!("cannot read {shown}: {error}")),
    })?;
    Schema::from_json(&text).map_err(|error| OpError::usage(format!("{shown}: {error}")))
}

/// Makes a plan of the statements that mend the drift; those of the other way take it back.
fn draft(found: &Found) -> Draft {
    let mending = &found.reconciliation;
    let back = reconcile(&found.declared, &found.live);
    let lost = mending.statements.iter().filter(|it| it.weight == Weight::Destroys).count();
    let mut reversal: String =
        back.statements.iter().map(|statement| format!("{};\n", statement.sql)).collect();
    if lost > 0 {
        reversal.insert_str(0, "-- What rows and values are lost does not come back.\n");
    }
    Draft {
        kind: "schema-drift",
        title: format!(
            "make the schema as declared: {}",
            counted(mending.differences.len(), "difference")
        ),
        runs: PlanRuns::Statements,
        steps: mending.statements.iter().map(DraftStep::from).collect(),
        reversal,
        tables: Vec::new(),
        touches: serde_json::json!({}),
    }
}

fn told(found: Found, plan: Option<&Plan>) -> Output<Drift> {
    let text = page(&found.reconciliation);
    let is_compared = |kind: Kind| found.not_compared.is_none() || kind == Kind::Role;
    let objects = found.live.objects.keys().filter(|key| is_compared(key.kind)).count();
    let count = found.reconciliation.differences.len();
    let summary = match count {
        0 => format!("no drift: {} as declared", counted(objects, "object")),
        _ => format!("{} in {}", counted(count, "difference"), counted(objects, "object")),
    };
    let statements = found.reconciliation.statements;
    let lost = statements.iter().filter(|it| it.weight == Weight::Destroys).count();
    let data = Drift {
        differences: found.reconciliation.differences,
        by_hand: found.reconciliation.by_hand,
        fingerprint: found.live.fingerprint(),
        objects,
        pending: found.pending,
        not_compared: found.not_compared.clone(),
        statements,
        plan: plan.map(|plan| plan.plan_id),
    };
    let mut output = Output::new(summary, data).page(text);
    if let Some(reason) = found.not_compared {
        output = output.line(reason);
    }
    if found.pending > 0 {
        output = output.line(format!(
            "{} not applied yet; what they would change is no drift",
            counted(found.pending, "migration")
        ));
    }
    if lost > 0 {
        output = output.risk(format!("{} would lose rows or values", counted(lost, "statement")));
    }
    if count == 0 {
        return output;
    }
    let output = match plan {
        Some(plan) => output.next(
            format!("shelfops plan show {}", plan.plan_id),
            "shows the plan that was made of it",
        ),
        None => output.next("shelfops migrate drift --plan", "keeps the statements as a plan"),
    };
    output.verdict(Verdict::Problems)
}
