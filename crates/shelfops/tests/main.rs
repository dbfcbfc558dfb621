//! Journeys: the built program run as users run it, against a real database.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod fixture;
mod journeys;
