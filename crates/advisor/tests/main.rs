//! The advisor against SQL of many kinds, and against a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod advice;
mod corpus;
mod drift;
mod lint_live;
mod own_migrations;
mod plans;
mod rehearsal;
mod workload;
