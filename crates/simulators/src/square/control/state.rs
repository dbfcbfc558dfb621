//! What there is: the ids a test needs, and how much has happened.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::square::moment::Moment;
use crate::square::simulation::Simulation;
use crate::square::world::ids::Kind;
use crate::square::world::merchant::Merchant;

/// What there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlState {
    /// The simulated time.
    pub now: Moment,
    /// Simulated seconds in a second.
    pub speed: f64,
    /// The merchants.
    pub merchants: Vec<MerchantState>,
    /// The ids of the applications.
    pub client_ids: Vec<String>,
    /// How many requests came.
    pub request_count: u64,
    /// How many webhooks are still to be sent.
    pub webhooks_waiting: u64,
    /// How many arrived.
    pub webhooks_delivered: u64,
    /// How many were given up after the last retry.
    pub webhooks_dropped: u64,
}

/// What a merchant has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MerchantState {
    /// Its id.
    pub merchant_id: String,
    /// Its locations, the main one first.
    pub location_ids: Vec<String>,
    /// Its variations, deleted ones included.
    pub variation_count: u64,
    /// Its orders in any state.
    pub order_count: u64,
}

/// Answers with what there is.
pub(super) async fn show(State(simulation): State<Arc<Simulation>>) -> Json<ControlState> {
    Json(state(&simulation))
}

/// Returns what there is.
pub(crate) fn state(simulation: &Simulation) -> ControlState {
    let merchants = simulation.world().merchants.iter().map(merchant_state).collect();
    let (waiting, delivered, dropped) = simulation.events().counts();
    let applications = simulation.config.applications.iter();
    ControlState {
        now: simulation.clock.now(),
        speed: simulation.clock.speed(),
        merchants,
        client_ids: applications.map(|each| each.client_id.clone()).collect(),
        request_count: simulation.requests().count(),
        webhooks_waiting: waiting as u64,
        webhooks_delivered: delivered,
        webhooks_dropped: dropped,
    }
}

fn merchant_state(merchant: &Merchant) -> MerchantState {
    let location = |number: u16| merchant.ids.text(Kind::Location, u64::from(number)).to_string();
    MerchantState {
        merchant_id: merchant.config.id.clone(),
        location_ids: (0..merchant.stores.count()).map(location).collect(),
        variation_count: merchant.catalog.variations.len() as u64,
        order_count: u64::from(merchant.orders.count()),
    }
}
