//! Reads one stream of one integration on from where it stopped.

use std::sync::Arc;
use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use shelfops_db::copy::{CopySink, SinkOptions};
use shelfops_db::models::{ConnectionPart, Integration, NewRun, StoredCursor, Tenant};
use shelfops_ingest::Stream;
use shelfops_ingest::pipeline::{self, BatchLimit, Outcome, PipelineError, Settings};
use shelfops_ingest::quarantine::ReferenceEntity;
use shelfops_integrations::connector::{ConnectorError, OpenRequest, Reach, Span};
use tracing::Instrument as _;
use uuid::Uuid;

use super::failure::{self, Ungranted, Unread};
use crate::import::{Counts, RunObserver, conclude, replay_arrived};
use crate::ops::{Context, OpError};

/// How often a run resumes by itself when other runs are in its way, before it is an error.
const ATTEMPTS: u32 = 6;

/// How a run ended that was told to stop.
const STOPPED: &str = "stopped";

/// What to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SyncRequest {
    /// Which records.
    pub(crate) stream: Stream,
    /// Only what was changed within this span; else everything since the last run.
    pub(crate) span: Option<Span>,
    /// How far back what was read is read again.
    pub(crate) reach: Reach,
}

impl SyncRequest {
    /// Everything of a stream since the last run.
    pub(crate) const fn new(stream: Stream) -> Self {
        Self { stream, span: None, reach: Reach::Whole }
    }
}

/// What became of a stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SyncReport {
    /// Which of the tenant's systems.
    pub(crate) source: String,
    /// Which records.
    pub(crate) stream: String,
    /// `synced` or `stopped`.
    pub(crate) status: String,
    /// What became of its records.
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// Records that had waited for what this run brought, and are loaded now.
    pub(crate) replayed: u64,
    /// How long it took, in seconds.
    pub(crate) seconds: f64,
    /// The run.
    pub(crate) sync_run_id: String,
}

impl SyncReport {
    /// Whether it was told to stop before all was read.
    pub(crate) fn is_stopped(&self) -> bool {
        self.status == STOPPED
    }
}

/// Reads one stream of an integration on from where it stopped.
///
/// # Errors
/// Fails when the vendor or the database does; what was read before is kept, and the next call goes
/// on behind it. An error that does not pass by itself is written down with the integration.
pub(crate) async fn sync_stream(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
    request: &SyncRequest,
) -> Result<SyncReport, OpError> {
    read_stream(context, tenant, integration, request).await.map_err(Unread::into_error)
}

/// As [`sync_stream`], for who goes on with other streams where the tenant has not granted one.
pub(super) async fn read_stream(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
    request: &SyncRequest,
) -> Result<SyncReport, Unread> {
    let started = Instant::now();
    let run = describe(integration, request);
    let database = context.database().await?;
    let lock = database.lock_run(tenant.customer_id, &run).await?;
    let tx = database.tenant(tenant.customer_id).await?;
    let sync_run_id = tx.start_run(&run).await?;
    tx.commit().await?;
    let sink = CopySink::new(
        database,
        sink_options(tenant, integration, &run, (sync_run_id, context.batch_records())),
    );
    let reading = Reading { context, tenant, integration, request, run: &run, sink: &sink };
    let span = tracing::info_span!(
        "sync",
        source = %integration.source,
        stream = %request.stream,
        kind = run.kind,
    );
    let (outcome, earlier) = reading.carry().instrument(span).await;
    let outcome = match outcome {
        Ok(outcome) => conclude(context, tenant, sync_run_id, &sink, Ok(outcome)).await?,
        Err(Trouble::Pipeline(error)) => {
            let ungranted = reading.note(&error).await;
            let failed = conclude(context, tenant, sync_run_id, &sink, Err(error)).await;
            if let Some(ungranted) = ungranted {
                return Err(ungranted.into());
            }
            failed?
        }
        Err(Trouble::Before(error)) => {
            let tx = context.database().await?.tenant(tenant.customer_id).await?;
            tx.end_run(sync_run_id, &shelfops_db::models::RunEnd::Failed(error.with_reasons()))
                .await?;
            tx.commit().await?;
            return Err(error.into());
        }
    };
    // Told to stop, it may have stopped before the vendor was asked anything.
    if outcome.is_complete {
        let part = ConnectionPart::Stream(request.stream);
        failure::clear(context, tenant, integration, part).await?;
    }
    let mut counts = earlier;
    counts.add(&Counts::from(&outcome.totals));
    // What waited is a run of its own: with this one's place kept, every stream of several could hold one
    // and wait for another.
    lock.release().await;
    let replayed = replay_waiting(context, tenant, request.stream, &counts).await?;
    Ok(SyncReport {
        source: integration.source.to_string(),
        stream: request.stream.to_string(),
        status: if outcome.is_complete { "synced" } else { STOPPED }.to_owned(),
        counts,
        replayed,
        seconds: (started.elapsed().as_secs_f64() * 100.0).round() / 100.0,
        sync_run_id: sync_run_id.to_string(),
    })
}

/// Why a run ended early.
enum Trouble {
    /// Nothing was asked of the vendor.
    Before(OpError),
    Pipeline(PipelineError),
}

impl From<OpError> for Trouble {
    fn from(error: OpError) -> Self {
        Self::Before(error)
    }
}

/// A stream that is being read.
struct Reading<'a> {
    context: &'a Context,
    tenant: &'a Tenant,
    integration: &'a Integration,
    request: &'a SyncRequest,
    run: &'a NewRun,
    sink: &'a CopySink,
}

impl Reading<'_> {
    /// Writes down what the vendor's error behind one of the pipeline means, if there is one; answers what
    /// the tenant has not granted, if it is that.
    async fn note(&self, error: &PipelineError) -> Option<Ungranted> {
        let Self { context, tenant, integration, request, .. } = self;
        let error = failure::of_pipeline(error)?;
        failure::note(context, tenant, integration, Some(request.stream), error).await;
        Ungranted::find(tenant, integration, request.stream, error)
    }

    /// Carries the stream into the sink; where another run is in the way, it goes on behind the last
    /// batch that was written. Answers also what became of the records before that.
    async fn carry(&self) -> (Result<Outcome, Trouble>, Counts) {
        let mut earlier = Counts::default();
        for attempt in 1.. {
            let label = format!("{} {}", self.integration.source, self.request.stream);
            let observer = Arc::new(RunObserver::new(label, None, self.context.talk()));
            let outcome = self.attempt(observer.clone()).await;
            match outcome {
                Err(Trouble::Pipeline(error)) if error.is_conflict() && attempt < ATTEMPTS => {
                    tracing::warn!(error = %error, attempt, "another run was in the way; going on");
                    earlier.add(&Counts::from(&observer.committed()));
                }
                outcome => return (outcome, earlier),
            }
        }
        unreachable!("the last attempt returns")
    }

    async fn attempt(&self, observer: Arc<RunObserver>) -> Result<Outcome, Trouble> {
        let Self { context, tenant, integration, request, run, sink } = self;
        let database = context.database().await?;
        let tx = database.tenant(tenant.customer_id).await.map_err(OpError::from)?;
        let stored = tx.cursor(&run.source, run.stream, &run.origin).await;
        let stored = stored.map_err(OpError::from)?;
        tx.commit().await.map_err(OpError::from)?;
        let line = context.connections().line(context, tenant, integration).await?;
        let is_first = stored.is_none();
        let open = OpenRequest {
            stream: request.stream,
            cursor: stored.map(|StoredCursor { cursor, .. }| cursor),
            span: request.span,
            reach: request.reach,
        };
        let source = match line.connector().open(line.clone(), open) {
            Ok(source) => source,
            Err(error) => {
                let stream = Some(request.stream);
                failure::note(context, tenant, integration, stream, &error).await;
                return Err(Trouble::Before(error.into()));
            }
        };
        let settings = Settings {
            batch_records: sink.batch_records(),
            batch_bytes: context.batch_bytes(),
            now: context.now(),
            hopeless_after: None,
            alignment: sink.alignment(),
        };
        // What notifications ask for is the live work itself, but where nothing was read before.
        let source = match request.reach {
            Reach::Recent if !is_first => source,
            Reach::Recent | Reach::Whole => context.precedence().behind_live(source),
        };
        pipeline::run(source, *sink, settings, observer).await.map_err(Trouble::Pipeline)
    }
}

fn describe(integration: &Integration, request: &SyncRequest) -> NewRun {
    let SyncRequest { stream, span, reach: _ } = request;
    let mut origin = stream_origin(integration, *stream);
    if let Some(Span { from, until }) = span {
        origin = format!("{origin}/{from}..{until}");
    }
    NewRun {
        source: integration.source.clone(),
        stream: *stream,
        kind: if span.is_some() { "backfill" } else { "sync" },
        origin,
        origin_name: format!("{} {stream}", integration.connector),
        // What a quarantined record is read again by.
        options: json!({ "connector": integration.connector }),
    }
}

/// Names a stream of an integration, whichever span of it is read.
fn stream_origin(integration: &Integration, stream: Stream) -> String {
    format!("integration/{}/{stream}", integration.integration_id)
}

fn sink_options(
    tenant: &Tenant,
    integration: &Integration,
    run: &NewRun,
    (sync_run_id, batch_records): (Uuid, u32),
) -> SinkOptions {
    SinkOptions {
        customer_id: tenant.customer_id,
        source: integration.source.clone(),
        stream: run.stream,
        origin: run.origin.clone(),
        // What is read again, for one day or for all, is refused again: it waits once.
        quarantine_origin: stream_origin(integration, run.stream),
        sync_run_id,
        // What was sold exists, though a vendor's catalogue forgets what was deleted, and may be read
        // later than the first sale of something new: its own description replaces the stand-in.
        create_unknown: vec![ReferenceEntity::Product],
        is_replay: false,
        // A vendor's times have zones: nobody's clock can be wrong.
        is_of_file: false,
        batch_records: BatchLimit::new(batch_records),
    }
}

/// Tries records again that waited for a store, product or supplier, where this run brought any.
async fn replay_waiting(
    context: &Context,
    tenant: &Tenant,
    stream: Stream,
    counts: &Counts,
) -> Result<u64, OpError> {
    let brings_references = matches!(stream, Stream::Stores | Stream::Products | Stream::Suppliers);
    if !brings_references || counts.inserted + counts.updated == 0 {
        return Ok(0);
    }
    let replay = replay_arrived(context, tenant).await?;
    for failed in &replay.failed {
        tracing::warn!(
            source = failed.source,
            stream = failed.stream,
            error = %failed.error,
            "records that waited could not be tried again"
        );
    }
    let loaded = |counts: &Counts| counts.inserted + counts.updated + counts.unchanged;
    Ok(replay.reports.iter().map(|report| loaded(&report.counts)).sum())
}

impl From<ConnectorError> for OpError {
    fn from(error: ConnectorError) -> Self {
        let pause = failure::asked_pause(&error);
        Self::from_error(failure::kind(&error), error).with_pause(pause)
    }
}
