//! Where a tenant's records are loaded: runs the pipeline as the program does.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use shelfops_db::Database;
use shelfops_db::copy::{CopySink, SinkOptions};
use shelfops_db::models::{NewRun, NewTenant, QuarantineFilter, QuarantinedRow, RunEnd};
use shelfops_ingest::batch::Totals;
use shelfops_ingest::pipeline::{self, BatchLimit, Observer, PipelineError, Progress, Settings};
use shelfops_ingest::quarantine::ReferenceEntity;
use shelfops_ingest::values::Currency;
use shelfops_ingest::{CustomerId, SourceName, Stream};
use uuid::Uuid;

use super::memory_source::{MemorySource, Told};
use crate::fixture::{Fixture, connected};

/// The present of every run.
pub(crate) const NOW: &str = "2026-12-31T00:00:00Z";

/// A tenant and one of its systems.
#[derive(Clone)]
pub(crate) struct Desk {
    /// The database.
    pub(crate) database: Database,
    /// The tenant.
    pub(crate) customer_id: CustomerId,
    /// The system.
    pub(crate) source: SourceName,
}

/// How a run reads and writes.
#[derive(Clone, Debug)]
pub(crate) struct How {
    /// What is read: each has a cursor of its own.
    pub(crate) origin: String,
    /// The most records of a batch.
    pub(crate) batch: u32,
    /// How many records come at once.
    pub(crate) block: usize,
    /// Which unknown references are made.
    pub(crate) create: Vec<ReferenceEntity>,
    /// Whether the records come out of quarantine.
    pub(crate) is_replay: bool,
    /// Whether they are a file's, or those of a system that is asked again and again.
    pub(crate) is_of_file: bool,
}

impl How {
    /// In one batch, from an origin.
    pub(crate) fn from(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            batch: 100_000,
            block: 5_000,
            create: Vec::new(),
            is_replay: false,
            is_of_file: true,
        }
    }

    /// In smaller batches and blocks.
    pub(crate) fn split(self, batch: u32, block: usize) -> Self {
        Self { batch, block, ..self }
    }

    /// As a system tells them that is asked again and again.
    pub(crate) fn of_system(self) -> Self {
        Self { is_of_file: false, ..self }
    }

    /// With unknown stores, products and suppliers made.
    pub(crate) fn creating(self) -> Self {
        Self { create: ReferenceEntity::ALL.to_vec(), ..self }
    }
}

struct Deaf;

impl Observer for Deaf {
    fn progress(&self, _progress: &Progress) {}
}

impl Desk {
    /// The same with connections of its own.
    pub(crate) fn reconnected(&self, fixture: &Fixture) -> Self {
        Self { database: connected(&fixture.test), ..self.clone() }
    }

    /// Opens a desk for a new tenant.
    pub(crate) async fn open(fixture: &Fixture, slug: &str, zone: &str) -> Self {
        let tenant = fixture
            .database
            .add_tenant(&NewTenant {
                slug: slug.to_owned(),
                name: slug.to_owned(),
                currency: Currency::parse("EUR").unwrap(),
                time_zone: TimeZone::get(zone).unwrap(),
            })
            .await
            .unwrap();
        Self {
            database: fixture.database.clone(),
            customer_id: tenant.customer_id,
            source: SourceName::parse("till").unwrap(),
        }
    }

    /// Records that a run starts.
    pub(crate) async fn start(&self, stream: Stream, how: &How) -> Uuid {
        let tx = self.database.tenant(self.customer_id).await.unwrap();
        let run = NewRun {
            source: self.source.clone(),
            stream,
            kind: if how.is_replay { "replay" } else { "import" },
            origin: how.origin.clone(),
            origin_name: how.origin.clone(),
            options: if how.is_of_file { json!({}) } else { json!({ "connector": "square" }) },
        };
        let sync_run_id = tx.start_run(&run).await.unwrap();
        tx.commit().await.unwrap();
        sync_run_id
    }

    /// Makes a sink.
    pub(crate) fn sink(&self, stream: Stream, how: &How, sync_run_id: Uuid) -> CopySink {
        CopySink::new(
            &self.database,
            SinkOptions {
                customer_id: self.customer_id,
                source: self.source.clone(),
                stream,
                origin: how.origin.clone(),
                quarantine_origin: how.origin.clone(),
                sync_run_id,
                create_unknown: how.create.clone(),
                is_replay: how.is_replay,
                is_of_file: how.is_of_file,
                batch_records: BatchLimit::new(how.batch),
            },
        )
    }

    /// Loads records from where the origin's cursor stands, and writes down how it ended.
    pub(crate) async fn resume(
        &self,
        stream: Stream,
        told: &[Told],
        how: &How,
    ) -> Result<Totals, PipelineError> {
        let sync_run_id = self.start(stream, how).await;
        let totals = self.attempt(stream, told, how, sync_run_id).await?;
        self.end(sync_run_id, &totals).await;
        Ok(totals)
    }

    /// Loads records for a run that was started, from where the origin's cursor stands.
    pub(crate) async fn attempt(
        &self,
        stream: Stream,
        told: &[Told],
        how: &How,
        sync_run_id: Uuid,
    ) -> Result<Totals, PipelineError> {
        let next = match how.is_replay {
            true => 0,
            false => self.cursor(stream, how).await,
        };
        let (outcome, loaded) = self.run_from(next, (stream, told), how, sync_run_id).await;
        if let Some((from, to)) = loaded {
            self.database.refresh_rollups(from, to).await.unwrap();
        }
        outcome
    }

    /// The run alone, from record `next` on, and the times it loaded: the cursor is not looked up and
    /// no rollup made new, so that whoever kills sessions meanwhile hits nothing but the run.
    pub(crate) async fn run_from(
        &self,
        next: usize,
        (stream, told): (Stream, &[Told]),
        how: &How,
        sync_run_id: Uuid,
    ) -> (Result<Totals, PipelineError>, Option<(Timestamp, Timestamp)>) {
        let sink = self.sink(stream, how, sync_run_id);
        let source = MemorySource { stream, told: told.to_vec(), next, block_size: how.block };
        let settings = Settings {
            batch_records: sink.batch_records(),
            batch_bytes: usize::MAX / 2,
            now: NOW.parse().unwrap(),
            hopeless_after: None,
            alignment: sink.alignment(),
        };
        let outcome = pipeline::run(Box::new(source), &sink, settings, Arc::new(Deaf)).await;
        let outcome = outcome.map(|ended| ended.totals);
        if let Ok(totals) = &outcome {
            assert!(totals.is_balanced(), "{totals:?}");
        }
        (outcome, sink.loaded_range())
    }

    /// Loads records that must all find a place, though not all the same.
    pub(crate) async fn load(&self, stream: Stream, told: &[Told], how: &How) -> Totals {
        self.resume(stream, told, how).await.unwrap_or_else(|error| panic!("{}", chain(&error)))
    }

    /// Ends a run, and compares what it wrote down with what it told.
    async fn end(&self, sync_run_id: Uuid, totals: &Totals) {
        let tx = self.database.tenant(self.customer_id).await.unwrap();
        tx.end_run(sync_run_id, &RunEnd::Succeeded).await.unwrap();
        let runs = tx.runs(1000).await.unwrap();
        let run = runs.iter().find(|run| run.sync_run_id == sync_run_id).unwrap();
        let written = [run.read, run.inserted, run.updated, run.unchanged, run.quarantined];
        let told = [
            totals.read,
            totals.inserted,
            totals.updated,
            totals.unchanged,
            totals.quarantined_count(),
        ];
        assert_eq!(written.map(|count| u64::try_from(count).unwrap()), told);
        tx.commit().await.unwrap();
    }

    /// Returns how many records of an origin are behind its cursor.
    pub(crate) async fn cursor(&self, stream: Stream, how: &How) -> usize {
        let tx = self.database.tenant(self.customer_id).await.unwrap();
        let stored = tx.cursor(&self.source, stream, &how.origin).await.unwrap();
        let next = stored.and_then(|stored| stored.cursor.state().as_u64()).unwrap_or_default();
        usize::try_from(next).unwrap()
    }

    /// Returns what waits in quarantine.
    pub(crate) async fn waiting(&self) -> Vec<QuarantinedRow> {
        let tx = self.database.tenant(self.customer_id).await.unwrap();
        tx.quarantined(&QuarantineFilter::default(), 10_000).await.unwrap()
    }

    /// Brings the rollups of a year up to date.
    pub(crate) async fn refresh(&self) {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let range = (at("2026-01-01T00:00:00Z"), at("2026-12-31T00:00:00Z"));
        self.database.refresh_rollups(range.0, range.1).await.unwrap();
    }

    /// Loads two stores and three products.
    pub(crate) async fn stock(&self) {
        let stores = [("s1", "Europe/Berlin"), ("s2", "America/New_York")]
            .map(|(id, zone)| Told::new(&[("external_id", id), ("name", id), ("time_zone", zone)]));
        self.load(Stream::Stores, &stores, &How::from("stores")).await;
        let products = ["p1", "p2", "p3"].map(|id| Told::new(&[("external_id", id), ("name", id)]));
        self.load(Stream::Products, &products, &How::from("products")).await;
    }
}

/// Returns an error with everything behind it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// A line of a sale: one unit for 2.50 at noon of a day.
pub(crate) fn sale(id: &str, store: &str, product: &str, occurred_at: &str) -> Told {
    Told::new(&[
        ("external_id", id),
        ("order_id", "o1"),
        ("store", store),
        ("product", product),
        ("occurred_at", occurred_at),
        ("transaction_type", "sale"),
        ("quantity", "1"),
        ("total_amount", "2.50"),
        ("currency", "EUR"),
    ])
}

/// A count of five units.
pub(crate) fn count(store: &str, product: &str, counted_at: &str) -> Told {
    Told::new(&[
        ("store", store),
        ("product", product),
        ("counted_at", counted_at),
        ("quantity_on_hand", "5"),
    ])
}
