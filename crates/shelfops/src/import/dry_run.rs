//! Shows how a file would be read, and what would become of its first records, writing nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use shelfops_db::models::Tenant;
use shelfops_db::{Foreseen, Known};
use shelfops_ingest::Stream;
use shelfops_ingest::pipeline::{Judgement, judge};
use shelfops_ingest::quarantine::ReferenceEntity;
use shelfops_ingest::records::Record;
use shelfops_ingest::rules::{
    DuplicateInTable, KnownProduct, KnownStore, KnownSupplier, Rule, RuleContext, record_rules,
};
use shelfops_integrations::file::{FileSource, InspectedRecord, ReadOptions};

use super::conventions;
use super::file::{ImportRequest, file_name};
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
    /// How many of those would be loaded, or are loaded already.
    pub(crate) would_pass: u64,
    /// How many of these are in the tables already, and would change nothing.
    pub(crate) already_loaded: u64,
    /// How many would be refused or wait for what they name, by rule, with an example.
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
    let mut inspection =
        tokio::task::spawn_blocking(move || FileSource::inspect(&path, stream, &options, records))
            .await
            .map_err(|lost| OpError::failed(format!("reading the file broke off: {lost}")))??;
    let records_looked_at = inspection.records.len() as u64;
    let drafts = std::mem::take(&mut inspection.records);
    let mut verdicts = Verdicts::default();
    let accepted = verdicts.judge_by_rules(drafts, stream, context.now());
    let first_records =
        accepted.iter().take(SHOWN_RECORDS).map(|record| Value::Object(record.described()));
    let first_records = first_records.collect();
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    let foreseen = tx.foresee(&request.source, stream, &accepted).await?;
    drop(tx);
    verdicts.judge_by_tables(&accepted, &foreseen, &request.create_unknown);
    let mut advice = Vec::new();
    if let Some(hint) = inspection.time_format_hint {
        advice.push(hint.to_string());
    }
    advice.extend(inspection.problem.map(|problem| problem.to_string()));
    advice.extend(inspection.failure.map(|failure| failure.to_string()));
    if records_looked_at == 0 && advice.is_empty() {
        advice.push(without_records(&file_name(request)));
    }
    Ok(DryRun {
        file: request.path.display().to_string(),
        format: json!(inspection.file),
        records_looked_at,
        would_pass: verdicts.would_pass,
        already_loaded: verdicts.already_loaded,
        would_be_refused: verdicts
            .refused
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

/// Says of a file that it holds no records: more often a mistake of the export than a day without any.
pub(crate) fn without_records(file: &str) -> String {
    format!("{file} holds no records: export it again if that is not what you expect")
}

/// What would become of the records that were looked at.
#[derive(Default)]
struct Verdicts {
    would_pass: u64,
    already_loaded: u64,
    /// How many by rule, with the reason of the first.
    refused: BTreeMap<&'static str, (u64, String)>,
}

impl Verdicts {
    /// Returns the records that the rules let pass.
    fn judge_by_rules(
        &mut self,
        records: Vec<InspectedRecord>,
        stream: Stream,
        now: Timestamp,
    ) -> Vec<Record> {
        let rules = record_rules(stream);
        let context = RuleContext { now };
        let mut accepted = Vec::new();
        for inspected in records {
            match judge(inspected.draft, &rules, &context).judgement {
                Judgement::Accepted(record) => accepted.push(record),
                Judgement::Rejected { rule, reason } => self.refuse(rule, || reason.into_owned()),
            }
        }
        accepted
    }

    /// Counts what the tables would make of records that the rules let pass.
    fn judge_by_tables(
        &mut self,
        records: &[Record],
        foreseen: &[Foreseen],
        created: &[ReferenceEntity],
    ) {
        for (record, foreseen) in records.iter().zip(foreseen) {
            if let Some(missing) = foreseen.missing(record, created) {
                let (rule, name) = (rule_of(missing.entity), missing.entity.name());
                let reason = || format!("{name} '{}' is not known", missing.external_id);
                self.refuse(rule, reason);
            } else if foreseen.known == Some(Known::Contradicting) {
                let reason = || format!("'{}' was loaded before as something else", record.label());
                self.refuse(DuplicateInTable.name(), reason);
            } else {
                self.would_pass += 1;
                self.already_loaded += u64::from(foreseen.known == Some(Known::Unchanged));
            }
        }
    }

    fn refuse(&mut self, rule: &'static str, reason: impl FnOnce() -> String) {
        self.refused.entry(rule).or_insert_with(|| (0, reason())).0 += 1;
    }
}

fn rule_of(missing: ReferenceEntity) -> &'static str {
    match missing {
        ReferenceEntity::Store => KnownStore.name(),
        ReferenceEntity::Product => KnownProduct.name(),
        ReferenceEntity::Supplier => KnownSupplier.name(),
    }
}
