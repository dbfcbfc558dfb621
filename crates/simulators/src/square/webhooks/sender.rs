//! Sends webhooks that are due, and plans the next attempt for those that do not arrive.

use std::sync::Arc;

use reqwest::header::CONTENT_TYPE;

use super::envelope::envelope;
use super::queue::Delivery;
use super::retries::RetryReason;
use super::signature::sign;
use crate::square::config::Environment;
use crate::square::json::Json;
use crate::square::moment::Moment;
use crate::square::simulation::Simulation;

/// A webhook ready to send.
struct Parcel {
    delivery: Delivery,
    url: String,
    signature: String,
    body: Vec<u8>,
    first: Moment,
}

/// Sends every webhook that is due; returns when each was attempted.
pub(crate) async fn send_due(simulation: &Arc<Simulation>) {
    let _turn = simulation.sending.lock().await;
    loop {
        let now = simulation.clock.now();
        let Some(parcels) = pack(simulation, now) else { return };
        let attempts = parcels.into_iter().map(|parcel| async move {
            let failure = post(simulation, &parcel).await;
            (parcel.delivery, failure)
        });
        let outcomes = futures::future::join_all(attempts).await;
        let mut desk = simulation.events();
        for (delivery, failure) in outcomes {
            desk.attempted(delivery, failure, now);
        }
    }
}

/// Makes the next webhooks that are due; nothing when none is.
fn pack(simulation: &Simulation, now: Moment) -> Option<Vec<Parcel>> {
    let world = simulation.world();
    let mut desk = simulation.events();
    let due = desk.take_due(now, usize::from(simulation.config.webhook_concurrency));
    if due.is_empty() {
        return None;
    }
    let parcels = due.into_iter().filter_map(|delivery| {
        let subscription = desk.subscription(delivery.subscription)?;
        let event = desk.event(delivery.event)?.event;
        let event_id = desk.event_id(delivery.event);
        let merchant = &world.merchants[usize::from(event.merchant)];
        let mut json = Json::default();
        envelope(&mut json, merchant, &event, &event_id);
        let body = json.into_bytes();
        let signature = sign(&subscription.key, &subscription.url, &body);
        let first = delivery.first.set().unwrap_or(now);
        Some(Parcel { delivery, url: subscription.url.clone(), signature, body, first })
    });
    Some(parcels.collect())
}

/// Makes one attempt, and returns why it failed if it did.
async fn post(simulation: &Simulation, parcel: &Parcel) -> Option<RetryReason> {
    let environment = match simulation.config.environment {
        Environment::Production => "Production",
        Environment::Sandbox => "Sandbox",
    };
    let mut request = simulation
        .client
        .post(&parcel.url)
        .header(CONTENT_TYPE, "application/json")
        .header("x-square-hmacsha256-signature", &parcel.signature)
        .header("square-environment", environment)
        .header("square-initial-delivery-timestamp", parcel.first.to_string())
        .body(parcel.body.clone());
    if let Some(reason) = parcel.delivery.reason {
        request = request
            .header("square-retry-number", u32::from(parcel.delivery.attempt))
            .header("square-retry-reason", reason.word());
    }
    match request.send().await {
        Ok(response) if response.status().is_success() => None,
        Ok(_) => Some(RetryReason::Status),
        Err(error) if error.is_timeout() => Some(RetryReason::Timeout),
        Err(_) => Some(RetryReason::Other),
    }
}
