//! Sources from the outside: what comes out of files and vendors, good, odd and broken.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod file;
mod simulated;
mod square;
