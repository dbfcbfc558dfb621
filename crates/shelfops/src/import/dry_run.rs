//! Shows how a file would be read, without a database being touched.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use shelfops_db::models::Tenant;
use shelfops_ingest::pipeline::{Judgement, judge};
use shelfops_ingest::rules::{RuleContext, record_rules};
use shelfops_integrations::file::{FileSource, ReadOptions};

use super::conventions;
use super::file::ImportRequest;
use crate::ops::{Context, OpError};

/// How a file would be read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct DryRun {
    /// The file.
    pub(crate) file: String,
    /// Its format, compression, encoding and columns.
    pub(crate) format: Value,
    /// How many of its records were looked at.
    pub(crate) records_looked_at: u64,
    /// How many of those would pass the rules that need no database.
    pub(crate) would_pass: u64,
    /// How many would be refused, by rule, with an example.
    pub(crate) would_be_refused: Vec<Value>,
    /// Where each field comes from.
    pub(crate) fields: Vec<Value>,
    /// The columns that no field is read from.
    pub(crate) unused_columns: Vec<String>,
    /// The first records as they would be loaded.
    pub(crate) first_records: Vec<Value>,
    /// What would help.
    pub(crate) advice: Vec<String>,
}

/// How many mapped records are shown.
const SHOWN_RECORDS: usize = 5;

/// Reads the first records of a file and judges them.
pub(crate) async fn dry_run(
    context: &Context,
    tenant: &Tenant,
    request: &ImportRequest,
    records: usize,
) -> Result<DryRun, OpError> {
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    let settings = tx.settings().await?;
    let conventions = conventions(&tx, &settings, &request.source).await?;
    drop(tx);
    let options = ReadOptions { mapping: request.mapping.clone(), conventions, resume: None };
    let (path, stream) = (request.path.clone(), request.stream);
    let inspection =
        tokio::task::spawn_blocking(move || FileSource::inspect(&path, stream, &options, records))
            .await
            .map_err(|lost| OpError::failed(format!("reading the file broke off: {lost}")))??;
    let rules = record_rules(stream);
    let rule_context = RuleContext { now: context.now() };
    let mut refused: BTreeMap<&str, (u64, String)> = BTreeMap::new();
    let mut first_records = Vec::new();
    let mut would_pass = 0;
    let records_looked_at = inspection.records.len() as u64;
    for inspected in inspection.records {
        match judge(inspected.draft, &rules, &rule_context).judgement {
            Judgement::Accepted(record) => {
                would_pass += 1;
                if first_records.len() < SHOWN_RECORDS {
                    first_records.push(Value::Object(record.described()));
                }
            }
            Judgement::Rejected { rule, reason } => {
                let entry = refused.entry(rule).or_insert_with(|| (0, reason.into_owned()));
                entry.0 += 1;
            }
        }
    }
    let mut advice = Vec::new();
    if let Some(hint) = inspection.time_format_hint {
        advice.push(hint.to_string());
    }
    advice.extend(inspection.problem.map(|problem| problem.to_string()));
    advice.extend(inspection.failure.map(|failure| failure.to_string()));
    Ok(DryRun {
        file: request.path.display().to_string(),
        format: json!(inspection.file),
        records_looked_at,
        would_pass,
        would_be_refused: refused
            .into_iter()
            .map(|(rule, (count, example))| {
                json!({ "rule": rule, "records": count, "example": example })
            })
            .collect(),
        fields: inspection
            .explanation
            .fields
            .iter()
            .map(|field| {
                json!({
                    "field": field.field,
                    "from": field.from,
                    "how": field.origin,
                    "required": field.is_required,
                    "meaning": field.meaning,
                })
            })
            .collect(),
        unused_columns: inspection.explanation.unused_columns,
        first_records,
        advice,
    })
}
