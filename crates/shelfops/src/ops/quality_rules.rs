//! Lists the validation rules.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_ingest::rules::{RULES, Rule, Severity, Stage};

use super::quarantine_show::find_rule;
use super::{Access, Context, Effect, OpError, Operation, Output};

/// Lists the validation rules.
pub(crate) struct QualityRules;

/// Which rules.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Only that one, with its reasons
    pub(crate) rule: Option<String>,
}

/// One rule.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    rule: String,
    severity: String,
    judged_by: String,
    summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<String>,
}

impl Operation for QualityRules {
    const NAME: &'static str = "quality rules";
    const SUMMARY: &'static str = "List what records must be like, or explain one rule";
    const DETAILS: &'static str = "Example: shelfops quality rules totals-add-up";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Anyone;

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(_context: &Context, input: Input) -> Result<Output<Vec<Row>>, OpError> {
        let Some(name) = input.rule else {
            let rows: Vec<Row> = RULES.iter().map(|rule| row(*rule, false)).collect();
            let summary = format!("{} rules, in the order they judge", rows.len());
            return Ok(Output::new(summary, rows)
                .next("shelfops quality rules RULE", "says why a rule is there and what to do"));
        };
        let rule = find_rule(&name)?;
        Ok(Output::new(rule.summary(), vec![row(rule, true)]))
    }
}

fn row(rule: &dyn Rule, with_explanation: bool) -> Row {
    let severity = match rule.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let judged_by = match rule.stage() {
        Stage::Source => "source",
        Stage::Record => "record",
        Stage::Batch => "batch",
        Stage::Table => "table",
    };
    Row {
        rule: rule.name().to_owned(),
        severity: severity.to_owned(),
        judged_by: judged_by.to_owned(),
        summary: rule.summary().to_owned(),
        explanation: with_explanation.then(|| rule.explanation().to_owned()),
    }
}
