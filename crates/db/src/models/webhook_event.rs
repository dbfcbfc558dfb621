//! Notifications as they came in, kept until something was done about them.

use std::time::SystemTime;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::system_time;
use crate::error::doing;
use crate::{DbError, TenantTx};

/// A notification that was verified.
#[derive(Clone, Debug)]
pub struct NewWebhookEvent<'a> {
    /// Whose it is.
    pub integration_id: Uuid,
    /// The vendor's id, the same each time it is delivered.
    pub external_event_id: &'a str,
    /// The vendor's word for what happened.
    pub event_type: &'a str,
    /// What was said.
    pub payload: &'a Value,
}

/// What a notification is when it was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is new, and waits.
    New,
    /// It came before, and waits still.
    Waiting,
    /// It came before, and something was done about it.
    Settled,
}

/// A notification that waits.
#[derive(Clone, Debug)]
pub struct WaitingEvent {
    /// Its id.
    pub webhook_event_id: Uuid,
    /// What was said.
    pub payload: Value,
    /// When it came in.
    pub received_at: SystemTime,
}

impl TenantTx {
    /// Keeps a notification; answers what it is.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn keep_webhook_event(
        &self,
        event: &NewWebhookEvent<'_>,
    ) -> Result<Arrival, DbError> {
        let kept = self
            .execute(
                "insert into webhook_events
                     (customer_id, webhook_event_id, integration_id, external_event_id, event_type,
                      payload)
                 values ($1, $2, $3, $4, $5, $6)
                 on conflict (customer_id, integration_id, external_event_id) do nothing",
                &[
                    &self.customer_id().as_uuid(),
                    &Uuid::now_v7(),
                    &event.integration_id,
                    &event.external_event_id,
                    &event.event_type,
                    &event.payload,
                ],
            )
            .await
            .map_err(doing("keep the notification"))?;
        if kept == 1 {
            return Ok(Arrival::New);
        }
        let settled = self
            .query_opt(
                "select processed_at is not null from webhook_events
                 where customer_id = $1 and integration_id = $2 and external_event_id = $3",
                &[&self.customer_id().as_uuid(), &event.integration_id, &event.external_event_id],
            )
            .await
            .map_err(doing("look at the notification that came before"))?;
        let is_settled = settled.is_none_or(|row| row.get(0));
        Ok(if is_settled { Arrival::Settled } else { Arrival::Waiting })
    }

    /// Returns notifications of an integration that wait, oldest first, behind one of them if it is told.
    /// They are large: ask for few at once.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn waiting_webhook_events(
        &self,
        integration_id: Uuid,
        behind: Option<&WaitingEvent>,
        limit: i64,
    ) -> Result<Vec<WaitingEvent>, DbError> {
        let rows = self
            .query(
                "select webhook_event_id, payload, received_at
                 from webhook_events
                 where customer_id = $1 and integration_id = $2 and processed_at is null
                     and ($4::timestamptz is null or (received_at, webhook_event_id) > ($4, $5))
                 order by received_at, webhook_event_id
                 limit $3",
                &[
                    &self.customer_id().as_uuid(),
                    &integration_id,
                    &limit,
                    &behind.map(|event| event.received_at),
                    &behind.map(|event| event.webhook_event_id),
                ],
            )
            .await
            .map_err(doing("read the notifications that wait"))?;
        Ok(rows
            .iter()
            .map(|row| WaitingEvent {
                webhook_event_id: row.get(0),
                payload: row.get(1),
                received_at: row.get(2),
            })
            .collect())
    }

    /// Writes down that something was done about notifications, or why nothing can be.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn settle_webhook_events(
        &self,
        ids: &[Uuid],
        error: Option<&str>,
    ) -> Result<(), DbError> {
        self.execute(
            "update webhook_events set processed_at = clock_timestamp(), error = $3
             where customer_id = $1 and webhook_event_id = any ($2)",
            &[&self.customer_id().as_uuid(), &ids, &error],
        )
        .await
        .map_err(doing("settle the notifications"))?;
        Ok(())
    }

    /// Forgets notifications that were settled before a moment; answers how many.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn forget_webhook_events(&self, before: Timestamp) -> Result<u64, DbError> {
        self.execute(
            "delete from webhook_events where customer_id = $1 and processed_at < $2",
            &[&self.customer_id().as_uuid(), &system_time(before)],
        )
        .await
        .map_err(doing("forget old notifications"))
    }
}
