//! The schema, tenants' isolation, references and the bulk sink, on every engine of the test server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod connections;
mod fixture;
mod jobs;
mod migrations;
mod references;
mod sink;
mod tenancy;
