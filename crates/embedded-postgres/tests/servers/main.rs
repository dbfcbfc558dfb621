//! Runs real servers: starts, shares, kills and recovers them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod crash;
mod failure;
mod lifecycle;
mod owner;
mod place;
mod settled;
