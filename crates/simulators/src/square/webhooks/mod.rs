//! How applications are told what happened: signed webhooks with retries, and a search for what
//! was missed.

mod desk;
mod developer;
mod envelope;
mod events;
mod queue;
mod retries;
mod routes;
mod sender;
mod signature;
mod subscriptions;

pub(crate) use desk::EventDesk;
pub(crate) use routes::routes;
pub(crate) use sender::send_due;
pub use signature::sign;
