//! What a test does to the world from outside of it: below `/_control`, where no vendor has anything.

mod actions;
mod clock;
mod faults;
mod force;
mod grants;
mod oracle;
mod problem;
mod routes;
mod state;

pub(crate) use actions::{advance, force, grant, revoke, run, set_clock, set_faults};
pub use grants::{GrantRequest, Granted};
pub(crate) use routes::routes;
pub(crate) use state::state;
pub use state::{ControlState, MerchantState};
