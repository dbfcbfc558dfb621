//! What goes wrong, and when: a plan with a seed, so that it goes wrong the same way every time.

mod plan;
mod reply;
mod state;

pub use plan::{FaultKind, FaultPlan, RequestFault, WebhookFaults};
pub(crate) use reply::{disturb, short_circuit};
pub(crate) use state::FaultState;
