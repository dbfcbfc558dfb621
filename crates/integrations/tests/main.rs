//! Files as sources, from the outside: what comes out of good, odd and broken ones.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod file;
