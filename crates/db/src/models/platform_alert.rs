//! `shelfops.platform_alerts`: what whoever looks after the platform should look at.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::timestamp;
use crate::error::doing;
use crate::{DbError, OperatorTx};

/// An alert that is open.
#[derive(Clone, Debug, PartialEq)]
pub struct PlatformAlert {
    /// What it is about; there is one open alert of a kind.
    pub kind: String,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What it rests on.
    pub evidence: Value,
    /// Since when it has been so.
    pub raised_at: Option<Timestamp>,
    /// When that was last seen.
    pub last_seen_at: Option<Timestamp>,
}

/// An alert that is to be raised.
#[derive(Clone, Debug)]
pub struct Raising<'a> {
    /// What it is about.
    pub kind: &'a str,
    /// `info`, `warning` or `critical`.
    pub severity: &'a str,
    /// What is wrong, in a sentence.
    pub message: &'a str,
    /// What it rests on.
    pub evidence: Value,
}

impl OperatorTx {
    /// Raises an alert. One of its kind that is open is the same alert, seen again: since when it has
    /// been so stays. Answers whether it is new.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn raise_platform_alert(&self, alert: &Raising<'_>) -> Result<bool, DbError> {
        let row = self
            .query_opt(
                "insert into shelfops.platform_alerts as known
                     (alert_id, kind, severity, message, evidence)
                 values ($1, $2, $3, $4, $5)
                 on conflict (kind) where resolved_at is null do update
                 set
                     severity = excluded.severity,
                     message = excluded.message,
                     evidence = excluded.evidence,
                     last_seen_at = now()
                 returning alert_id = $1",
                &[&Uuid::now_v7(), &alert.kind, &alert.severity, &alert.message, &alert.evidence],
            )
            .await
            .map_err(doing("raise an alert"))?;
        Ok(row.is_some_and(|row| row.get(0)))
    }

    /// Says that what an alert was about is so no longer. Answers whether there was one.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn resolve_platform_alert(&self, kind: &str) -> Result<bool, DbError> {
        let resolved = self
            .execute(
                "update shelfops.platform_alerts
                 set resolved_at = now()
                 where kind = $1 and resolved_at is null",
                &[&kind],
            )
            .await
            .map_err(doing("resolve an alert"))?;
        Ok(resolved > 0)
    }

    /// Returns the alerts that are open, the worst first.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn platform_alerts(&self) -> Result<Vec<PlatformAlert>, DbError> {
        let rows = self
            .query(
                "select kind, severity, message, evidence, raised_at, last_seen_at
                 from shelfops.platform_alerts
                 where resolved_at is null
                 order by array_position(array['critical', 'warning', 'info'], severity), raised_at",
                &[],
            )
            .await
            .map_err(doing("list the alerts"))?;
        Ok(rows
            .iter()
            .map(|row| PlatformAlert {
                kind: row.get(0),
                severity: row.get(1),
                message: row.get(2),
                evidence: row.get(3),
                raised_at: timestamp(row.get(4)),
                last_seen_at: timestamp(row.get(5)),
            })
            .collect())
    }
}
