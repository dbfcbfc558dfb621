//! Notifications as they came in, kept until something was done about them.

use std::collections::HashSet;
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
    /// Keeps notifications of an integration, all or none; answers what each is, in their order.
    ///
    /// # Errors
    /// Fails when the server does, and refuses a payload that PostgreSQL cannot keep.
    pub async fn keep_webhook_events(
        &self,
        integration_id: Uuid,
        events: &[NewWebhookEvent<'_>],
    ) -> Result<Vec<Arrival>, DbError> {
        let ids: Vec<Uuid> = events.iter().map(|_| Uuid::now_v7()).collect();
        let external_ids: Vec<&str> = events.iter().map(|event| event.external_event_id).collect();
        let kinds: Vec<&str> = events.iter().map(|event| event.event_type).collect();
        let payloads: Vec<&Value> = events.iter().map(|event| event.payload).collect();
        let kept = self
            .query(
                "insert into webhook_events
                     (customer_id, webhook_event_id, integration_id, external_event_id, event_type,
                      payload)
                 select $1, webhook_event_id, $2, external_event_id, event_type, payload
                 from unnest($3::uuid[], $4::text[], $5::text[], $6::jsonb[])
                     as come (webhook_event_id, external_event_id, event_type, payload)
                 -- In one order, so that two who keep the same ones do not wait for each other in a circle.
                 order by external_event_id
                 on conflict (customer_id, integration_id, external_event_id) do nothing
                 returning external_event_id",
                &[
                    &self.customer_id().as_uuid(),
                    &integration_id,
                    &ids,
                    &external_ids,
                    &kinds,
                    &payloads,
                ],
            )
            .await
            .map_err(doing("keep notifications"))?;
        let mut new: HashSet<&str> = kept.iter().map(|row| row.get(0)).collect();
        if new.len() == events.len() {
            return Ok(vec![Arrival::New; events.len()]);
        }
        let waiting = self
            .query(
                "select external_event_id from webhook_events
                 where customer_id = $1 and integration_id = $2 and external_event_id = any ($3)
                     and processed_at is null",
                &[&self.customer_id().as_uuid(), &integration_id, &external_ids],
            )
            .await
            .map_err(doing("look at notifications that came before"))?;
        let waiting: HashSet<&str> = waiting.iter().map(|row| row.get(0)).collect();
        let arrival = |id: &&str| {
            // The second of two that came together is not new.
            if new.remove(*id) {
                Arrival::New
            } else if waiting.contains(*id) {
                Arrival::Waiting
            } else {
                Arrival::Settled
            }
        };
        Ok(external_ids.iter().map(arrival).collect())
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
