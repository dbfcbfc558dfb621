//! Notifications that are kept together: once each, whoever else keeps them, and all or none.

use jiff::Timestamp;
use serde_json::{Value, json};
use shelfops_db::DbError;
use shelfops_db::models::{Arrival, NewWebhookEvent};
use shelfops_ingest::CustomerId;
use uuid::Uuid;

use super::standing::{connected, look};
use crate::fixture::{Fixture, on_every_engine};

fn event<'a>(external_event_id: &'a str, payload: &'a Value) -> NewWebhookEvent<'a> {
    NewWebhookEvent { external_event_id, event_type: "payment.updated", payload }
}

async fn keep(
    fixture: &Fixture,
    (customer_id, integration_id): (CustomerId, Uuid),
    ids: &[&str],
) -> Vec<Arrival> {
    let payload = json!({ "said": "so" });
    let events: Vec<_> = ids.iter().map(|id| event(id, &payload)).collect();
    fixture.database.keep_webhook_events(customer_id, integration_id, &events).await.unwrap()
}

#[tokio::test]
async fn each_is_kept_once_and_the_answers_are_in_the_order_of_the_questions() {
    on_every_engine(async |fixture| {
        let acme = connected(fixture).await;
        let till = (acme, look(fixture, acme).await.integration_id);
        assert_eq!(
            keep(fixture, till, &["b", "a", "b"]).await,
            [Arrival::New, Arrival::New, Arrival::Waiting]
        );
        let tx = fixture.database.tenant(acme).await.unwrap();
        let waiting = tx.waiting_webhook_events(till.1, None, 10).await.unwrap();
        assert_eq!(waiting.len(), 2);
        let first = waiting[0].webhook_event_id;
        tx.settle_webhook_events(&[first], None).await.unwrap();
        tx.commit().await.unwrap();
        let again = keep(fixture, till, &["c", "a", "b"]).await;
        assert_eq!(again[0], Arrival::New);
        assert_eq!(again.iter().filter(|one| **one == Arrival::Settled).count(), 1);
        assert_eq!(again.iter().filter(|one| **one == Arrival::Waiting).count(), 1);
        assert!(keep(fixture, till, &[]).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn who_watches_is_told_of_the_slowest_that_came_since_and_of_all_that_wait() {
    on_every_engine(async |fixture| {
        let acme = connected(fixture).await;
        let integration = look(fixture, acme).await;
        let till = (acme, integration.integration_id);
        let settle = async || {
            let tx = fixture.database.tenant(acme).await.unwrap();
            let waiting = tx.waiting_webhook_events(till.1, None, 10).await.unwrap();
            let ids: Vec<Uuid> = waiting.iter().map(|event| event.webhook_event_id).collect();
            tx.settle_webhook_events(&ids, None).await.unwrap();
            tx.commit().await.unwrap();
            waiting.iter().map(|event| event.received_at).min().unwrap()
        };
        keep(fixture, till, &["a"]).await;
        let before = Timestamp::try_from(settle().await).unwrap();
        let since = before.checked_add(jiff::SignedDuration::from_nanos(1_000)).unwrap();
        let tx = fixture.database.tenant(acme).await.unwrap();
        assert!(tx.pulse(&integration, before).await.unwrap().slowest_notification.is_some());
        assert_eq!(tx.pulse(&integration, since).await.unwrap().slowest_notification, None);
        tx.commit().await.unwrap();
        keep(fixture, till, &["b"]).await;
        settle().await;
        keep(fixture, till, &["c"]).await;
        let tx = fixture.database.tenant(acme).await.unwrap();
        let pulse = tx.pulse(&integration, since).await.unwrap();
        assert!(pulse.slowest_notification.is_some(), "{pulse:?}");
        assert_eq!(pulse.waiting_notifications, 1);
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn one_that_cannot_be_kept_takes_none_along_and_spoils_no_connection() {
    on_every_engine(async |fixture| {
        let acme = connected(fixture).await;
        let till = (acme, look(fixture, acme).await.integration_id);
        let (good, bad) = (json!({}), json!({ "zero": "\u{0}" }));
        let events = [event("a", &good), event("b", &bad)];
        for _ in 0..3 {
            let refused = fixture.database.keep_webhook_events(acme, till.1, &events).await;
            assert!(matches!(refused, Err(DbError::Statement { .. })), "{refused:?}");
        }
        let nobody = Uuid::now_v7();
        fixture.database.keep_webhook_events(acme, nobody, &events[..1]).await.unwrap_err();
        assert_eq!(keep(fixture, till, &["a"]).await, [Arrival::New]);
    })
    .await;
}

#[tokio::test]
async fn another_tenants_integration_takes_nothing() {
    on_every_engine(async |fixture| {
        let acme = connected(fixture).await;
        let till = look(fixture, acme).await.integration_id;
        let bravo = crate::jobs::hands::tenant(fixture, "bravo").await;
        let payload = json!({});
        let events = [event("a", &payload)];
        fixture.database.keep_webhook_events(bravo, till, &events).await.unwrap_err();
        assert_eq!(keep(fixture, (acme, till), &["a"]).await, [Arrival::New]);
    })
    .await;
}
