//! Square, simulated: its documented behaviour over HTTP, with a world of merchants behind it.
//!
//! It follows the vendor's documents and nobody's client: where a document leaves something open,
//! the file that decides says so. Time is simulated, chance is seeded, and faults are planned, so
//! that the same configuration and the same requests give the same answers.
//!
//! ```text
//! oauth/     consent, tokens, revocation          wire/      the vendor's JSON, made when asked for
//! api/       what applications read               world/     merchants that trade as time passes
//! webhooks/  what applications are told           faults/    what goes wrong, and when
//! control/   what a test does to all of this      oracle.rs  the truth, to compare tables with
//! forger/    webhooks that the vendor never sent
//! ```
//!
//! What is left out, and answered with `NOT_IMPLEMENTED` where it can be asked for: writes, catalog
//! queries by text, filters by card, customer and fulfilment.

mod api;
mod clock;
mod config;
mod control;
mod error;
mod faults;
mod forger;
mod json;
mod moment;
mod oauth;
mod oracle;
mod request_log;
mod server;
mod simulation;
mod throttle;
mod webhooks;
mod wire;
mod world;

pub use config::{
    ApplicationConfig, Environment, NEWEST_VERSION, SquareConfig, SubscriptionConfig,
};
pub use control::{ControlState, GrantRequest, Granted, MerchantState};
pub use error::SquareError;
pub use faults::{FaultKind, FaultPlan, RequestFault, WebhookFaults};
pub use forger::{ForgedWebhook, Forger, SIGNATURE_HEADER, SentWebhook};
pub use moment::Moment;
pub use oracle::{
    Oracle, OracleLevel, OracleLine, OracleLineType, OracleProduct, OracleRefund, OracleStore,
    OracleTotals,
};
pub use request_log::LoggedRequest;
pub use server::{Simulator, SimulatorHandle, serve};
pub use throttle::{ThrottleClock, ThrottleConfig};
pub use webhooks::sign;
pub use world::force::{Force, ForcedLine, ForcedReturn, ForcedSale};
pub use world::market::Country;
pub use world::merchant_config::{Habits, MerchantConfig, Rush};
