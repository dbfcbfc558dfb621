//! Everything a test can do, for both the Rust handle and the endpoints.

use std::sync::Arc;
use std::time::Duration;

use super::grants::{GrantRequest, Granted};
use crate::square::SquareError;
use crate::square::faults::{FaultPlan, FaultState};
use crate::square::moment::Moment;
use crate::square::oauth::{Access, Flow, SCOPES};
use crate::square::simulation::Simulation;
use crate::square::webhooks::send_due;
use crate::square::world::events::Revoker;
use crate::square::world::force::Force;
use crate::square::world::forced;

/// Moves the clock on; when this returns, the world has traded and due webhooks were sent.
pub(crate) async fn advance(
    simulation: &Arc<Simulation>,
    by: Duration,
) -> Result<Moment, SquareError> {
    simulation.clock.advance(by);
    settle(simulation).await
}

/// Sets the clock to a later time, with the same effect.
pub(crate) async fn set_clock(
    simulation: &Arc<Simulation>,
    moment: Moment,
) -> Result<Moment, SquareError> {
    simulation.clock.set(moment)?;
    settle(simulation).await
}

/// Lets the clock run at a speed from now on.
pub(crate) fn run(simulation: &Simulation, speed: f64) -> Result<(), SquareError> {
    simulation.clock.run(speed)?;
    simulation.wake.notify_one();
    Ok(())
}

/// Lets the world trade up to the clock's time and sends what is due.
async fn settle(simulation: &Arc<Simulation>) -> Result<Moment, SquareError> {
    let now = simulation.catch_up().await?;
    send_due(simulation).await;
    Ok(now)
}

/// Makes something happen to a merchant now; answers with the id of what came of it.
pub(crate) async fn force(
    simulation: &Arc<Simulation>,
    merchant_id: &str,
    force: &Force,
) -> Result<Option<String>, SquareError> {
    simulation.catch_up().await?;
    let id = simulation.change(|world| forced::force(world.merchant_mut(merchant_id)?, force))?;
    send_due(simulation).await;
    Ok(id)
}

/// Lets a merchant take an application's authorization back; tells whether it had one.
pub(crate) async fn revoke(
    simulation: &Arc<Simulation>,
    merchant_id: &str,
    client_id: &str,
) -> Result<bool, SquareError> {
    let application = simulation.authority().application(client_id);
    let unknown = || SquareError::Unknown { what: "application", id: client_id.to_owned() };
    let application = application.ok_or_else(unknown)?;
    let was_authorized = simulation.revoke(application, merchant_id, Revoker::Merchant);
    send_due(simulation).await;
    Ok(was_authorized)
}

/// Starts another plan of faults, from its beginning.
pub(crate) fn set_faults(simulation: &Simulation, plan: FaultPlan) -> Result<(), SquareError> {
    plan.check()?;
    *simulation.faults() = FaultState::new(plan);
    Ok(())
}

/// Issues tokens as if a merchant had consented.
pub(crate) fn grant(
    simulation: &Simulation,
    request: &GrantRequest,
) -> Result<Granted, SquareError> {
    let unknown = |what, id: &str| SquareError::Unknown { what, id: id.to_owned() };
    let merchant_id = &request.merchant_id;
    if !simulation.config.merchants.iter().any(|each| each.id == *merchant_id) {
        return Err(unknown("merchant", merchant_id));
    }
    let scopes = match &request.scopes {
        None => SCOPES.to_vec(),
        Some(names) => names
            .iter()
            .map(|name| {
                let known = SCOPES.iter().find(|known| *known == name).copied();
                known.ok_or_else(|| unknown("scope", name))
            })
            .collect::<Result<_, _>>()?,
    };
    let now = simulation.clock.now();
    let mut authority = simulation.authority();
    let application = match &request.client_id {
        None => 0,
        Some(id) => authority.application(id).ok_or_else(|| unknown("application", id))?,
    };
    let access = Access { application, merchant_id: merchant_id.clone(), scopes };
    let flow = if request.is_pkce { Flow::Pkce } else { Flow::Code };
    let (access_token, refresh_token) = authority.grant(access, flow, now);
    Ok(Granted { access_token, refresh_token })
}
