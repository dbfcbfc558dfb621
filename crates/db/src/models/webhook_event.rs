//! What is kept of notifications that came in, until something was done about them.

use std::time::SystemTime;

use jiff::Timestamp;
use serde_json::Value;
use shelfops_ingest::CustomerId;
use tokio_postgres::Row;
use uuid::Uuid;

use super::system_time;
use crate::error::doing;
use crate::{Database, DbError, TenantTx};

/// A notification that was verified.
#[derive(Clone, Debug)]
pub struct NewWebhookEvent<'a> {
    /// The vendor's id, the same each time it is delivered.
    pub external_event_id: &'a str,
    /// The vendor's word for what happened.
    pub event_type: &'a str,
    /// What is kept of it.
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
    /// What was kept of it.
    pub payload: Value,
    /// When it came in.
    pub received_at: SystemTime,
}

impl Database {
    /// Keeps notifications of an integration of a tenant, all or none, and makes them durable; answers
    /// what each is, in their order.
    ///
    /// # Errors
    /// Fails when the server does, and refuses a payload that PostgreSQL cannot keep.
    pub async fn keep_webhook_events(
        &self,
        customer_id: CustomerId,
        integration_id: Uuid,
        events: &[NewWebhookEvent<'_>],
    ) -> Result<Vec<Arrival>, DbError> {
        let ids: Vec<Uuid> = events.iter().map(|_| Uuid::now_v7()).collect();
        let external_ids: Vec<&str> = events.iter().map(|event| event.external_event_id).collect();
        let kinds: Vec<&str> = events.iter().map(|event| event.event_type).collect();
        let payloads: Vec<&Value> = events.iter().map(|event| event.payload).collect();
        let rows = self
            .run_alone(
                customer_id,
                "keep notifications",
                "with come as (
                     select webhook_event_id, external_event_id, event_type, payload, place
                     from unnest($3::uuid[], $4::text[], $5::text[], $6::jsonb[]) with ordinality
                         as come (webhook_event_id, external_event_id, event_type, payload, place)
                 ), kept as (
                     insert into webhook_events
                         (customer_id, webhook_event_id, integration_id, external_event_id, event_type,
                          payload)
                     select $1, webhook_event_id, $2, external_event_id, event_type, payload
                     from come
                     -- In one order, so that two who keep the same ones do not wait in a circle.
                     order by external_event_id, place
                     on conflict (customer_id, integration_id, external_event_id) do nothing
                     returning webhook_event_id
                 )
                 select kept.webhook_event_id is not null as is_new,
                     kept.webhook_event_id is null and exists (
                         select from webhook_events as old
                         where old.customer_id = $1 and old.integration_id = $2
                             and old.external_event_id = come.external_event_id
                             and old.processed_at is not null
                     ) as is_settled
                 from come left join kept using (webhook_event_id)
                 order by come.place",
                &[
                    &customer_id.as_uuid(),
                    &integration_id,
                    &ids,
                    &external_ids,
                    &kinds,
                    &payloads,
                ],
            )
            .await?;
        let arrival = |row: &Row| match (row.get("is_new"), row.get("is_settled")) {
            (true, _) => Arrival::New,
            (false, true) => Arrival::Settled,
            // Also the second of two that came together, and one that somebody else keeps right now.
            (false, false) => Arrival::Waiting,
        };
        Ok(rows.iter().map(arrival).collect())
    }
}

impl TenantTx {
    /// Whether notifications of an integration wait since before a moment.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn have_webhook_events_waited(
        &self,
        integration_id: Uuid,
        since_before: Timestamp,
    ) -> Result<bool, DbError> {
        let row = self
            .query_one(
                "select exists (
                     select from webhook_events
                     where customer_id = $1 and integration_id = $2 and processed_at is null
                         and received_at < $3)",
                &[&self.customer_id().as_uuid(), &integration_id, &system_time(since_before)],
            )
            .await
            .map_err(doing("look for notifications that were overlooked"))?;
        Ok(row.get(0))
    }

    /// Returns notifications of an integration that wait, oldest first, behind one of them if it is told.
    /// They may be large: ask for few at once.
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
