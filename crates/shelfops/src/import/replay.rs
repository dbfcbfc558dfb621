//! Tries quarantined records again.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use shelfops_db::copy::{CopySink, SinkOptions};
use shelfops_db::models::{NewRun, ReplayChoice, Tenant, WaitingGroup};
use shelfops_ingest::pipeline::{self, BatchLimit, Settings};
use shelfops_ingest::quarantine::ReferenceEntity;
use shelfops_ingest::{SourceName, Stream};
use uuid::Uuid;

use super::observer::RunObserver;
use super::run_end::conclude;
use super::source::QuarantineSource;
use super::{Counts, conventions};
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

/// Records of one source and stream that could not be tried again, and why.
#[derive(Debug)]
pub(crate) struct FailedReplay {
    /// Which of the tenant's systems.
    pub(crate) source: String,
    /// Which records.
    pub(crate) stream: String,
    /// Why.
    pub(crate) error: OpError,
}

/// What became of the records of every source and stream.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    /// Those that were tried.
    pub(crate) reports: Vec<ReplayReport>,
    /// Those that could not be: another process is at them, or the run failed.
    pub(crate) failed: Vec<FailedReplay>,
}

/// Tries waiting records again, source by source and stream by stream. Those of one that cannot be
/// tried keep no others waiting.
///
/// # Errors
/// Fails when nothing could be looked up.
pub(crate) async fn replay(
    context: &Context,
    tenant: &Tenant,
    request: &ReplayRequest,
) -> Result<Replay, OpError> {
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    let groups = tx.waiting_groups(&request.choice()).await?;
    drop(tx);
    let mut replay = Replay::default();
    for WaitingGroup { source, stream, is_of_file } in groups {
        let (Ok(name), Ok(kind)) = (SourceName::parse(&source), stream.parse::<Stream>()) else {
            continue;
        };
        match replay_group(context, tenant, request, (name, kind, is_of_file)).await {
            Ok(counts) if counts.read == 0 => {}
            Ok(counts)
                if let Some(last) = replay.reports.last_mut()
                    && (&last.source, &last.stream) == (&source, &stream) =>
            {
                last.counts.add(&counts);
            }
            Ok(counts) => replay.reports.push(ReplayReport { source, stream, counts }),
            Err(error) => replay.failed.push(FailedReplay { source, stream, error }),
        }
    }
    Ok(replay)
}

/// Tries the records whose missing reference has arrived; called after every import that may have
/// brought some.
pub(crate) async fn replay_arrived(context: &Context, tenant: &Tenant) -> Result<Replay, OpError> {
    let request = ReplayRequest {
        rule: None,
        quarantined_record_id: None,
        only_arrived: true,
        create_unknown: Vec::new(),
    };
    replay(context, tenant, &request).await
}

impl ReplayRequest {
    fn choice(&self) -> ReplayChoice<'_> {
        ReplayChoice {
            rule: self.rule.as_deref(),
            quarantined_record_id: self.quarantined_record_id,
            only_arrived: self.only_arrived,
        }
    }
}

async fn replay_group(
    context: &Context,
    tenant: &Tenant,
    request: &ReplayRequest,
    (source, stream, is_of_file): (SourceName, Stream, bool),
) -> Result<Counts, OpError> {
    let database = context.database().await?;
    let run = NewRun {
        source: source.clone(),
        stream,
        kind: "replay",
        origin: format!("quarantine/{source}/{stream}"),
        origin_name: "quarantine".to_owned(),
        options: json!({
            "rule": request.rule,
            "quarantined_record_id": request.quarantined_record_id,
            "only_arrived": request.only_arrived,
        }),
    };
    let lock = database.lock_run(tenant.customer_id, &run).await?;
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
        is_of_file,
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
            quarantine_origin: run.origin.clone(),
            sync_run_id,
            create_unknown: request.create_unknown.clone(),
            is_replay: true,
            is_of_file,
            batch_records: BatchLimit::new(context.batch_records()),
        },
    );
    let observer = Arc::new(RunObserver::new(format!("replaying {stream}"), None, context.talk()));
    let settings = Settings {
        batch_records: sink.batch_records(),
        batch_bytes: context.batch_bytes(),
        now: context.now(),
        hopeless_after: None,
        alignment: None,
    };
    let outcome = pipeline::run(Box::new(reader), &sink, settings, observer).await;
    let outcome = conclude(context, tenant, sync_run_id, &sink, outcome).await?;
    lock.release().await;
    Ok(Counts::from(&outcome.totals))
}
