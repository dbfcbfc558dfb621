//! How vendors are called over HTTP: politely, patiently, and never for ever.
//!
//! Nothing here knows a vendor. What an answer means is judged by whoever asks, through
//! [`Judgement`]; waiting, repeating, slowing down and giving up are decided here.

mod body;
mod breaker;
mod client;
mod error;
mod limiter;
mod message;
mod policy;
mod retry;
mod surroundings;
mod transport;

pub use client::HttpClient;
pub use error::HttpError;
pub use message::{HttpAnswer, HttpRequest, Judgement};
pub use policy::{BodyLimit, BreakerPolicy, Policy, RatePolicy, RetryPolicy, TimeoutPolicy};
pub use surroundings::{Surroundings, SystemSurroundings};
pub use transport::prepare_tls;
