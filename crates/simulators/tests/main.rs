//! Reads what is made up back as a stranger would: nothing here knows how it was made.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod benchmark;
mod grocery;
mod reading;
mod square;
