//! Advice for any PostgreSQL: no tenant, no retail word, nothing of our tables.
//!
//! It reads, compares and suggests. Nothing that it suggests is applied by it.

pub mod advice;
pub mod design;
pub mod drift;
pub mod indexes;
pub mod lint;
pub mod plans;
pub mod proof;
pub mod rehearsal;
pub mod rewrites;
pub mod rollups;
pub mod timeseries;
pub mod workload;
