//! Advice on a workload: which indexes, rewrites, statistics and rollups it would gain from, and which
//! indexes nothing needs.

mod advisor;
mod migration;
mod request;
mod statistics;

pub use advisor::{Advice, AdvisedIndex, Advisor, Looked, Skipped, WhatIfState};
pub use migration::{Migration, migration};
pub use request::{Asker, Request, Statement};
pub use statistics::{StatisticsAdvice, statistics};
