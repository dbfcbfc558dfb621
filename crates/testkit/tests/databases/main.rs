//! Uses the testkit as other crates' tests do, on a real server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod copies;
mod crashes;
mod dumps;
mod engines;
mod fixture;
mod other_process;
