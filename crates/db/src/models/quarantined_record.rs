//! Records that a rule refused: kept, listed, tried again, or given up.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use shelfops_ingest::quarantine::QuarantinedRecord;
use shelfops_ingest::{SourceName, Stream};
use uuid::Uuid;

use super::sync_cursor::CursorPlace;
use super::timestamp;
use crate::error::doing;
use crate::{DbError, TenantTx};

/// Which quarantined records.
#[derive(Clone, Debug, Default)]
pub struct QuarantineFilter {
    /// Only those of one rule.
    pub rule: Option<String>,
    /// Only those of one stream.
    pub stream: Option<Stream>,
    /// Only those of one run.
    pub sync_run_id: Option<Uuid>,
    /// Only one record.
    pub quarantined_record_id: Option<Uuid>,
}

/// How many wait for one reason.
#[derive(Clone, Debug, Serialize)]
pub struct QuarantineSummary {
    /// The rule.
    pub rule: String,
    /// The stream.
    pub stream: String,
    /// How many wait.
    pub waiting: i64,
    /// The reason of the newest.
    pub example: String,
}

/// A quarantined record.
#[derive(Clone, Debug, Serialize)]
pub struct QuarantinedRow {
    /// Its id.
    pub quarantined_record_id: Uuid,
    /// The run that found it.
    pub sync_run_id: Uuid,
    /// What people call what was read.
    pub origin_name: String,
    /// The stream.
    pub stream: String,
    /// The rule.
    pub rule: String,
    /// What is wrong with it.
    pub reason: String,
    /// Its number in what was read, from 1.
    pub record_number: i64,
    /// The line it starts on, from 1.
    pub line_number: Option<i64>,
    /// `waiting`, `replayed` or `discarded`.
    pub status: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was found.
    pub quarantined_at: Option<Timestamp>,
    /// When it was replayed or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Timestamp>,
    /// Why it was given up, or that it passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_reason: Option<String>,
    /// The record as its source told it.
    pub raw: Value,
}

/// Of the records that a filter names, those that wait; one that is named by its id whatever became of it.
const CHOSEN: &str = "record.customer_id = $1
                     and ($2::text is null or record.rule = $2)
                     and ($3::text is null or record.stream = $3)
                     and ($4::uuid is null or record.sync_run_id = $4)
                     and ($5::uuid is null or record.quarantined_record_id = $5)
                     and ($5::uuid is not null or record.status = 'waiting')";

/// What a run refused, and where it waits.
#[derive(Clone, Debug)]
pub struct RunRefusals {
    /// How many records the run refused, whoever refused them before.
    pub refused: i64,
    /// The runs under which records of the same origin wait: those that refused them first.
    pub waiting_under: Vec<Uuid>,
}

/// What happens to records that a run quarantines, or takes out of quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposal {
    /// They are new here.
    Keep,
    /// They were here before: settle those that passed, count a try for the others.
    Settle,
}

impl TenantTx {
    /// Puts records into quarantine; one that is there already stays as it is.
    pub(crate) async fn quarantine(
        &self,
        place: &CursorPlace<'_>,
        records: &[QuarantinedRecord],
    ) -> Result<(), DbError> {
        const ROWS_AT_ONCE: usize = 5_000;
        for part in records.chunks(ROWS_AT_ONCE) {
            let ids: Vec<Uuid> = part.iter().map(|_| Uuid::now_v7()).collect();
            let numbers: Vec<i64> = part.iter().map(|kept| number(kept.position.record)).collect();
            let lines: Vec<Option<i64>> =
                part.iter().map(|kept| kept.position.line.map(number)).collect();
            let rules: Vec<&str> = part.iter().map(|kept| kept.rule).collect();
            let reasons: Vec<&str> = part.iter().map(|kept| &*kept.reason).collect();
            let raws: Vec<&Value> = part.iter().map(|kept| &kept.raw).collect();
            let missing = |kept: &QuarantinedRecord| kept.missing_reference.clone();
            let entities: Vec<Option<&str>> = part
                .iter()
                .map(|kept| missing(kept).map(|reference| reference.entity.name()))
                .collect();
            let externals: Vec<Option<String>> = part
                .iter()
                .map(|kept| missing(kept).map(|reference| reference.external_id.to_string()))
                .collect();
            self.execute(
                "insert into quarantined_records
                     (customer_id, sync_run_id, source, stream, origin, quarantined_record_id,
                      record_number, line_number, rule, reason, raw, missing_entity,
                      missing_external_id)
                 select $1, $2, $3, $4, $5, kept.*
                 from unnest($6::uuid[], $7::bigint[], $8::bigint[], $9::text[], $10::text[],
                     $11::jsonb[], $12::text[], $13::text[]) as kept
                 on conflict (customer_id, source, stream, origin, record_number) do nothing",
                &[
                    &self.customer_id().as_uuid(),
                    &place.sync_run_id,
                    &place.source.as_str(),
                    &place.stream.name(),
                    &place.origin,
                    &ids,
                    &numbers,
                    &lines,
                    &rules,
                    &reasons,
                    &raws,
                    &entities,
                    &externals,
                ],
            )
            .await
            .map_err(doing("write to quarantine"))?;
        }
        Ok(())
    }

    /// Forgets records that this run put into quarantine.
    pub(crate) async fn release_quarantined(
        &self,
        place: &CursorPlace<'_>,
        record_numbers: &[u64],
    ) -> Result<(), DbError> {
        let record_numbers: Vec<i64> = record_numbers.iter().copied().map(number).collect();
        self.execute(
            "delete from quarantined_records
             where customer_id = $1
                 and source = $2
                 and stream = $3
                 and origin = $4
                 and record_number = any($5)
                 and sync_run_id = $6",
            &[
                &self.customer_id().as_uuid(),
                &place.source.as_str(),
                &place.stream.name(),
                &place.origin,
                &record_numbers,
                &place.sync_run_id,
            ],
        )
        .await
        .map_err(doing("take replaced records out of quarantine"))?;
        Ok(())
    }

    /// Gives up what waits of the same content read in another way: an origin is a content, then how it is
    /// read. Each of those records has now been read anew, and waits again where it had to.
    pub(crate) async fn replace_quarantined(&self, place: &CursorPlace<'_>) -> Result<(), DbError> {
        let Some((content, _)) = place.origin.rsplit_once('/') else { return Ok(()) };
        self.execute(
            "update quarantined_records
             set status = 'discarded',
                 settled_at = now(),
                 settled_reason = 'replaced: the file was read to its end by another mapping'
             where customer_id = $1
                 and source = $2
                 and stream = $3
                 and status = 'waiting'
                 and starts_with(origin, $4)
                 and origin <> $5",
            &[
                &self.customer_id().as_uuid(),
                &place.source.as_str(),
                &place.stream.name(),
                &format!("{content}/"),
                &place.origin,
            ],
        )
        .await
        .map_err(doing("give up what another mapping left in quarantine"))?;
        Ok(())
    }

    /// Settles records that were replayed: `failed` says which still do not pass, and why.
    pub(crate) async fn settle_replayed(
        &self,
        passed: &[Uuid],
        failed: &[(Uuid, &QuarantinedRecord)],
    ) -> Result<(), DbError> {
        self.execute(
            "update quarantined_records
             set status = 'replayed', settled_at = now(), settled_reason = 'passed when replayed'
             where customer_id = $1 and quarantined_record_id = any($2) and status = 'waiting'",
            &[&self.customer_id().as_uuid(), &passed],
        )
        .await
        .map_err(doing("settle replayed records"))?;
        let ids: Vec<Uuid> = failed.iter().map(|(id, _)| *id).collect();
        let rules: Vec<&str> = failed.iter().map(|(_, kept)| kept.rule).collect();
        let reasons: Vec<&str> = failed.iter().map(|(_, kept)| &*kept.reason).collect();
        let missing = |kept: &QuarantinedRecord| kept.missing_reference.clone();
        let entities: Vec<Option<&str>> = failed
            .iter()
            .map(|(_, kept)| missing(kept).map(|reference| reference.entity.name()))
            .collect();
        let externals: Vec<Option<String>> = failed
            .iter()
            .map(|(_, kept)| missing(kept).map(|reference| reference.external_id.to_string()))
            .collect();
        self.execute(
            "update quarantined_records as record
             set attempt_count = attempt_count + 1,
                 rule = tried.rule,
                 reason = tried.reason,
                 missing_entity = tried.entity,
                 missing_external_id = tried.external_id
             from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
                 as tried (id, rule, reason, entity, external_id)
             where record.customer_id = $1
                 and record.quarantined_record_id = tried.id
                 and record.status = 'waiting'",
            &[&self.customer_id().as_uuid(), &ids, &rules, &reasons, &entities, &externals],
        )
        .await
        .map_err(doing("count a failed replay"))?;
        Ok(())
    }

    /// Counts what waits, by rule and stream.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn quarantine_summary(&self) -> Result<Vec<QuarantineSummary>, DbError> {
        let rows = self
            .query(
                "select rule, stream, count(*),
                     (array_agg(reason order by quarantined_at desc, record_number))[1]
                 from quarantined_records
                 where customer_id = $1 and status = 'waiting'
                 group by rule, stream
                 order by count(*) desc, rule",
                &[&self.customer_id().as_uuid()],
            )
            .await
            .map_err(doing("count the quarantine"))?;
        Ok(rows
            .iter()
            .map(|row| QuarantineSummary {
                rule: row.get(0),
                stream: row.get(1),
                waiting: row.get(2),
                example: row.get(3),
            })
            .collect())
    }

    /// Lists quarantined records: those that wait, or whatever one id names.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn quarantined(
        &self,
        filter: &QuarantineFilter,
        limit: i64,
    ) -> Result<Vec<QuarantinedRow>, DbError> {
        let rows = self
            .query(
                &format!(
                    "select record.quarantined_record_id, record.sync_run_id, run.origin_name,
                         record.stream, record.rule, record.reason, record.record_number,
                         record.line_number, record.status, record.attempt_count,
                         record.quarantined_at, record.settled_at, record.settled_reason, record.raw
                     from quarantined_records as record
                     join sync_runs as run
                         on run.customer_id = record.customer_id
                         and run.sync_run_id = record.sync_run_id
                     where {CHOSEN}
                     order by record.quarantined_at, record.record_number
                     limit $6"
                ),
                &[
                    &self.customer_id().as_uuid(),
                    &filter.rule,
                    &filter.stream.map(Stream::name),
                    &filter.sync_run_id,
                    &filter.quarantined_record_id,
                    &limit,
                ],
            )
            .await
            .map_err(doing("list the quarantine"))?;
        Ok(rows
            .iter()
            .map(|row| QuarantinedRow {
                quarantined_record_id: row.get(0),
                sync_run_id: row.get(1),
                origin_name: row.get(2),
                stream: row.get(3),
                rule: row.get(4),
                reason: row.get(5),
                record_number: row.get(6),
                line_number: row.get(7),
                status: row.get(8),
                attempts: row.get(9),
                quarantined_at: timestamp(row.get(10)),
                settled_at: row.get::<_, Option<_>>(11).and_then(timestamp),
                settled_reason: row.get(12),
                raw: row.get(13),
            })
            .collect())
    }

    /// Counts what [`TenantTx::quarantined`] lists where nothing limits it.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn quarantined_count(&self, filter: &QuarantineFilter) -> Result<i64, DbError> {
        let row = self
            .query_one(
                &format!("select count(*) from quarantined_records as record where {CHOSEN}"),
                &[
                    &self.customer_id().as_uuid(),
                    &filter.rule,
                    &filter.stream.map(Stream::name),
                    &filter.sync_run_id,
                    &filter.quarantined_record_id,
                ],
            )
            .await
            .map_err(doing("count the quarantine"))?;
        Ok(row.get(0))
    }

    /// Counts the records of an origin that wait.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn waiting_of_origin(
        &self,
        source: &SourceName,
        stream: Stream,
        origin: &str,
    ) -> Result<u64, DbError> {
        let row = self
            .query_one(
                "select count(*)
                 from quarantined_records
                 where customer_id = $1
                     and source = $2
                     and stream = $3
                     and origin = $4
                     and status = 'waiting'",
                &[&self.customer_id().as_uuid(), &source.as_str(), &stream.name(), &origin],
            )
            .await
            .map_err(doing("count what waits of an origin"))?;
        Ok(row.get::<_, i64>(0).unsigned_abs())
    }

    /// Returns what a run refused and where it waits; `None` where there is no such run.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn refusals_of_run(&self, sync_run_id: Uuid) -> Result<Option<RunRefusals>, DbError> {
        let row = self
            .query_opt(
                "select run.quarantined_count,
                     array(
                         -- Not distinct: TimescaleDB's SkipScan (2.19) fails on its plan below row security.
                         select record.sync_run_id
                         from quarantined_records as record
                         where record.customer_id = run.customer_id
                             and record.source = run.source
                             and record.stream = run.stream
                             -- A span of a stream is part of it, and its refusals wait there.
                             and (record.origin = run.origin
                                 or starts_with(run.origin, record.origin || '/'))
                             and record.status = 'waiting'
                         group by record.sync_run_id
                     )
                 from sync_runs as run
                 where run.customer_id = $1 and run.sync_run_id = $2",
                &[&self.customer_id().as_uuid(), &sync_run_id],
            )
            .await
            .map_err(doing("look up what a run refused"))?;
        Ok(row.map(|row| RunRefusals { refused: row.get(0), waiting_under: row.get(1) }))
    }

    /// Gives records up: they stay readable, and are never replayed.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn discard_quarantined(
        &self,
        filter: &QuarantineFilter,
        reason: &str,
    ) -> Result<u64, DbError> {
        self.execute(
            "update quarantined_records
             set status = 'discarded', settled_at = now(), settled_reason = $6
             where customer_id = $1
                 and status = 'waiting'
                 and ($2::text is null or rule = $2)
                 and ($3::text is null or stream = $3)
                 and ($4::uuid is null or sync_run_id = $4)
                 and ($5::uuid is null or quarantined_record_id = $5)",
            &[
                &self.customer_id().as_uuid(),
                &filter.rule,
                &filter.stream.map(Stream::name),
                &filter.sync_run_id,
                &filter.quarantined_record_id,
                &reason,
            ],
        )
        .await
        .map_err(doing("discard quarantined records"))
    }
}

/// Record numbers fit: no file has nine million million million records.
fn number(record: u64) -> i64 {
    i64::try_from(record).unwrap_or(i64::MAX)
}
