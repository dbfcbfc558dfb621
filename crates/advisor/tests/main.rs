//! Tests of the advisor against SQL of many kinds and against real servers.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "the corpus prints its table")]

mod corpus;
mod lint_live;
mod own_migrations;
