//! Tries quarantined records again.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use shelfops_db::copy::{CopySink, SinkOptions};
use shelfops_db::models::{NewRun, RunEnd, Tenant};
use shelfops_ingest::pipeline::{self, BatchLimit, Settings};
use shelfops_ingest::quarantine::ReferenceEntity;
use shelfops_ingest::{SourceName, Stream};
use uuid::Uuid;

use super::observer::RunObserver;
use super::source::QuarantineSource;
use super::{BATCH_BYTES, BATCH_RECORDS, Counts, conventions};
use crate::ops::error::with_reasons;
use crate::ops::{Context, OpError};

/// Which records to try again, and how.
#[derive(Clone, Debug)]
pub(crate) struct ReplayRequest {
    /// Only those of one rule.
    pub(crate) rule: Option<String>,
    /// Only this one.
    pub(crate) quarantined_record_id: Option<Uuid>,
    /// Only those whose missing reference has arrived.
    pub(crate) only_arrived: bool,
    /// Which unknown references are created now.
    pub(crate) create_unknown: Vec<ReferenceEntity>,
}

/// What became of the records of one source and stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ReplayReport {
    /// Which of the tenant's systems.
    pub(crate) source: String,
    /// Which records.
    pub(crate) stream: String,
    /// What became of them.
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

/// Tries waiting records again, source by source and stream by stream.
pub(crate) async fn replay(
    context: &Context,
    tenant: &Tenant,
    request: &ReplayRequest,
) -> Result<Vec<ReplayReport>, OpError> {
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    let groups = tx.waiting_groups(request.only_arrived).await?;
    drop(tx);
    let mut reports = Vec::new();
    for (source, stream) in groups {
        let (Ok(source), Ok(stream)) = (SourceName::parse(&source), stream.parse::<Stream>())
        else {
            continue;
        };
        let counts = replay_group(context, tenant, request, source.clone(), stream).await?;
        if counts.read > 0 {
            let (source, stream) = (source.to_string(), stream.to_string());
            reports.push(ReplayReport { source, stream, counts });
        }
    }
    Ok(reports)
}

/// Tries the records whose missing reference has arrived; called after every import that may have
/// brought some.
pub(crate) async fn replay_arrived(
    context: &Context,
    tenant: &Tenant,
) -> Result<Vec<ReplayReport>, OpError> {
    let request = ReplayRequest {
        rule: None,
        quarantined_record_id: None,
        only_arrived: true,
        create_unknown: Vec::new(),
    };
    replay(context, tenant, &request).await
}

async fn replay_group(
    context: &Context,
    tenant: &Tenant,
    request: &ReplayRequest,
    source: SourceName,
    stream: Stream,
) -> Result<Counts, OpError> {
    let database = context.database().await?;
    let run = NewRun {
        source: source.clone(),
        stream,
        kind: "replay",
        origin: format!("quarantine/{source}/{stream}"),
        origin_name: "quarantine".to_owned(),
        options: json!({ "rule": request.rule, "only_arrived": request.only_arrived }),
    };
    let _lock = database.lock_run(tenant.customer_id, &run).await?;
    let tx = database.tenant(tenant.customer_id).await?;
    let settings = tx.settings().await?;
    let conventions = conventions(&tx, &settings, &source).await?;
    let sync_run_id = tx.start_run(&run).await?;
    tx.commit().await?;
    let reader = QuarantineSource {
        database: database.clone(),
        customer_id: tenant.customer_id,
        source: source.to_string(),
        stream,
        rule: request.rule.clone(),
        quarantined_record_id: request.quarantined_record_id,
        only_arrived: request.only_arrived,
        conventions,
        found: VecDeque::new(),
        after: None,
        mappers: FxHashMap::default(),
        read: 0,
    };
    let sink = CopySink::new(
        database,
        SinkOptions {
            customer_id: tenant.customer_id,
            source,
            stream,
            origin: run.origin.clone(),
            sync_run_id,
            create_unknown: request.create_unknown.clone(),
            is_replay: true,
            batch_records: BatchLimit::new(BATCH_RECORDS),
        },
    );
    let observer = Arc::new(RunObserver::new(format!("replaying {stream}"), None, context.talk()));
    let settings = Settings {
        batch_records: sink.batch_records(),
        batch_bytes: BATCH_BYTES,
        now: context.now(),
        hopeless_after: None,
        alignment: None,
    };
    let outcome = pipeline::run(Box::new(reader), &sink, settings, observer).await;
    context.talk().done();
    let end = match &outcome {
        Ok(outcome) if outcome.is_complete => RunEnd::Succeeded,
        Ok(_) => RunEnd::Stopped,
        Err(error) => RunEnd::Failed(with_reasons(error)),
    };
    let tx = database.tenant(tenant.customer_id).await?;
    tx.end_run(sync_run_id, &end).await?;
    tx.commit().await?;
    Ok(Counts::from(&outcome?.totals))
}
