//! Reads the made-up exports back as a stranger would: nothing here knows how they were made.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod benchmark;
mod grocery;
mod reading;
