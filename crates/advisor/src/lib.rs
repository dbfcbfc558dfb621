//! Advice for any PostgreSQL: no tenant, no retail word, nothing of our tables.
//!
//! It reads, compares and suggests. Nothing that it suggests is applied by it.

pub mod design;
pub mod drift;
pub mod lint;
pub mod plans;
pub mod timeseries;
pub mod workload;
