//! Imports one file: finds where it stopped, runs the pipeline, and tends to what follows.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use shelfops_db::copy::{CopySink, SinkOptions};
use shelfops_db::models::{NewRun, StoredCursor, Tenant};
use shelfops_ingest::cursor::Cursor;
use shelfops_ingest::pipeline::{self, BatchLimit, Outcome, PipelineError, Settings};
use shelfops_ingest::quarantine::ReferenceEntity;
use shelfops_ingest::source::Source;
use shelfops_ingest::values::Conventions;
use shelfops_ingest::{SourceName, Stream};
use shelfops_integrations::file::{FileFingerprint, FileSource, Mapping, ReadOptions};
use uuid::Uuid;

use super::observer::RunObserver;
use super::run_end::conclude;
use super::{BATCH_BYTES, Counts, conventions};
use crate::ops::context::TaskProgress;
use crate::ops::{Context, OpError};

/// How often a run resumes by itself when other imports are in its way, before it is an error.
const ATTEMPTS: u32 = 6;

/// A file to import, and how.
#[derive(Clone, Debug)]
pub(crate) struct ImportRequest {
    /// The file.
    pub(crate) path: PathBuf,
    /// What it holds.
    pub(crate) stream: Stream,
    /// Which of the tenant's systems it comes from.
    pub(crate) source: SourceName,
    /// How it is to be read.
    pub(crate) mapping: Mapping,
    /// Which unknown references are created.
    pub(crate) create_unknown: Vec<ReferenceEntity>,
    /// How many records a batch has at most.
    pub(crate) batch_records: u32,
    /// Whether to read from the start although it was read before.
    pub(crate) again: bool,
    /// Whether to stop when the first thousand records all fail.
    pub(crate) stop_when_hopeless: bool,
}

/// What became of a file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct FileReport {
    /// The file's name.
    pub(crate) file: String,
    /// What it held.
    pub(crate) stream: String,
    /// `loaded`, `resumed`, `stopped` or `nothing new`.
    pub(crate) status: String,
    /// What became of its records in this run.
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// How long it took, in seconds.
    pub(crate) seconds: f64,
    /// Records a second.
    pub(crate) records_per_second: u64,
    /// The run.
    pub(crate) sync_run_id: Option<String>,
    /// How many of its records wait in quarantine, where it was loaded before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) waiting: Option<u64>,
}

/// Imports one file for a tenant.
pub(crate) async fn import_file(
    context: &Context,
    tenant: &Tenant,
    request: &ImportRequest,
) -> Result<FileReport, OpError> {
    let started = Instant::now();
    let Some(run) = describe(context, request).await? else {
        return Ok(report(request, "stopped", Counts::default(), started, None));
    };
    let lock = context.database().await?.lock_run(tenant.customer_id, &run).await?;
    let outcome = import_alone(context, tenant, (request, started), run).await;
    // Dropped, it would be given up when the server has noticed: the same file may come next.
    lock.release().await;
    outcome
}

/// Imports a file that nobody else imports meanwhile.
async fn import_alone(
    context: &Context,
    tenant: &Tenant,
    (request, started): (&ImportRequest, Instant),
    run: NewRun,
) -> Result<FileReport, OpError> {
    let database = context.database().await?;
    let tx = database.tenant(tenant.customer_id).await?;
    let known = tx.cursor(&request.source, request.stream, &run.origin).await?;
    let known = known.filter(|_| !request.again);
    if known.as_ref().is_some_and(|cursor| cursor.is_complete) {
        let waiting = tx.waiting_of_origin(&run.source, run.stream, &run.origin).await?;
        let known = report(request, "nothing new", Counts::default(), started, None);
        return Ok(FileReport { waiting: Some(waiting), ..known });
    }
    let settings = tx.settings().await?;
    let conventions = conventions(&tx, &settings, &request.source).await?;
    drop(tx);
    let resume = known.map(|StoredCursor { cursor, .. }| cursor);
    let reading = Reading { context, tenant, request, conventions };
    let status = if resume.is_some() { "resumed" } else { "loaded" };
    let source = reading.open(resume.clone()).await?;
    let run = NewRun { options: json!({ "mapping": source.effective_mapping() }), ..run };
    let tx = database.tenant(tenant.customer_id).await?;
    let sync_run_id = tx.start_run(&run).await?;
    tx.commit().await?;
    let sink = CopySink::new(database, sink_options(tenant, request, &run, sync_run_id));
    let (outcome, mut counts) = reading.carry(source, resume, (&sink, &run)).await;
    let outcome = conclude(context, tenant, sync_run_id, &sink, outcome).await?;
    let status = if outcome.is_complete { status } else { "stopped" };
    counts.add(&Counts::from(&outcome.totals));
    Ok(report(request, status, counts, started, Some(sync_run_id)))
}

/// A file that is being read for a tenant.
struct Reading<'a> {
    context: &'a Context,
    tenant: &'a Tenant,
    request: &'a ImportRequest,
    conventions: Conventions,
}

impl Reading<'_> {
    async fn open(&self, resume: Option<Cursor>) -> Result<FileSource, OpError> {
        let (path, stream) = (self.request.path.clone(), self.request.stream);
        let mapping = self.request.mapping.clone();
        let options = ReadOptions { mapping, conventions: self.conventions.clone(), resume };
        Ok(tokio::task::spawn_blocking(move || FileSource::open(&path, stream, &options))
            .await
            .map_err(|lost| OpError::failed(format!("opening the file broke off: {lost}")))??)
    }

    /// Carries the file into the sink. When another import is in the way, it resumes behind the last
    /// batch that was written, as the same command would; answers also what became of the records
    /// before that.
    async fn carry(
        &self,
        mut source: FileSource,
        mut resume: Option<Cursor>,
        (sink, run): (&CopySink, &NewRun),
    ) -> (Result<Outcome, PipelineError>, Counts) {
        let mut earlier = Counts::default();
        let mut attempts = 1;
        loop {
            let label = file_name(self.request);
            let talk = self.context.talk();
            let observer = Arc::new(RunObserver::new(label, source.total_bytes(), talk));
            let settings = self.settings(sink, resume.is_some());
            let outcome = pipeline::run(Box::new(source), sink, settings, observer.clone()).await;
            let error = match outcome {
                Err(error) if error.is_conflict() && attempts < ATTEMPTS => error,
                outcome => return (outcome, earlier),
            };
            tracing::warn!(error = %error, attempts, "another import was in the way; going on");
            attempts += 1;
            let committed = observer.committed();
            match self.reopen(run, resume, committed.batches > 0).await {
                Ok(reopened) => (source, resume) = reopened,
                Err(unopened) => {
                    tracing::warn!(error = %unopened, "the file could not be opened again");
                    return (Err(error), earlier);
                }
            }
            earlier.add(&Counts::from(&committed));
        }
    }

    /// Opens the file where this run has come to: where it began, unless it has written something.
    async fn reopen(
        &self,
        run: &NewRun,
        mut resume: Option<Cursor>,
        has_written: bool,
    ) -> Result<(FileSource, Option<Cursor>), OpError> {
        if has_written {
            let tx = self.context.database().await?.tenant(self.tenant.customer_id).await?;
            let stored = tx.cursor(&run.source, run.stream, &run.origin).await?;
            resume = stored.map(|StoredCursor { cursor, .. }| cursor);
        }
        Ok((self.open(resume.clone()).await?, resume))
    }

    fn settings(&self, sink: &CopySink, is_resumed: bool) -> Settings {
        // What a resumed run reads first is the middle of a file, where a thousand bad records say
        // nothing of the mapping: stopped there, the file could never be read to its end.
        let may_be_hopeless = self.request.stop_when_hopeless && !is_resumed;
        Settings {
            batch_records: sink.batch_records(),
            batch_bytes: BATCH_BYTES,
            now: self.context.now(),
            hopeless_after: may_be_hopeless.then_some(1_000),
            alignment: sink.alignment(),
        }
    }
}

/// Names what is to be read: by the file's content and how it is read, not by what it is called.
/// `None` when the user asked to stop meanwhile.
async fn describe(context: &Context, request: &ImportRequest) -> Result<Option<NewRun>, OpError> {
    let (path, label, talk) = (request.path.clone(), file_name(request), context.talk());
    let looking = move || {
        let found = FileFingerprint::of(&path, |position, length| {
            talk.progress(&TaskProgress {
                label: label.clone(),
                position,
                length: Some(length),
                note: "looking whether it was read before".to_owned(),
            });
            if talk.should_stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        talk.done();
        found
    };
    let fingerprint = tokio::task::spawn_blocking(looking)
        .await
        .map_err(|lost| OpError::failed(format!("reading the file broke off: {lost}")))??;
    Ok(fingerprint.map(|fingerprint| NewRun {
        source: request.source.clone(),
        stream: request.stream,
        kind: "import",
        origin: format!("file/{fingerprint}/{}", request.mapping.fingerprint()),
        origin_name: file_name(request),
        options: json!({}),
    }))
}

/// Returns what people call the file.
pub(super) fn file_name(request: &ImportRequest) -> String {
    let name = request.path.file_name().unwrap_or(request.path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn sink_options(
    tenant: &Tenant,
    request: &ImportRequest,
    run: &NewRun,
    sync_run_id: Uuid,
) -> SinkOptions {
    SinkOptions {
        customer_id: tenant.customer_id,
        source: request.source.clone(),
        stream: request.stream,
        origin: run.origin.clone(),
        quarantine_origin: run.origin.clone(),
        sync_run_id,
        create_unknown: request.create_unknown.clone(),
        is_replay: false,
        is_of_file: true,
        batch_records: BatchLimit::new(request.batch_records),
    }
}

fn report(
    request: &ImportRequest,
    status: &str,
    counts: Counts,
    started: Instant,
    sync_run_id: Option<Uuid>,
) -> FileReport {
    let seconds = started.elapsed().as_secs_f64();
    FileReport {
        file: file_name(request),
        stream: request.stream.to_string(),
        status: status.to_owned(),
        records_per_second: (counts.read as f64 / seconds.max(0.001)) as u64,
        counts,
        seconds: (seconds * 100.0).round() / 100.0,
        sync_run_id: sync_run_id.map(|id| id.to_string()),
        waiting: None,
    }
}
