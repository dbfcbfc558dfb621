//! Advice on a workload: which indexes, rewrites, statistics and rollups it would gain from, and which
//! indexes nothing needs.

mod advisor;
mod migration;
mod page;
mod partitions;
mod request;
mod rest;
mod statements;
mod statistics;
mod values;

pub use advisor::{Advice, AdvisedIndex, Advisor, Looked, Skipped, WhatIfState};
pub use migration::{Migration, migration};
pub use page::page;
pub use partitions::{Partition, Partitions};
pub use request::{Asker, Found, Request, Statement};
pub use statements::statements;
pub use statistics::{StatisticsAdvice, statistics};
pub use values::{Sources, Supplied, supply};
