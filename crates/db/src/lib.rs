//! The schema, its migrations, tenant isolation and the bulk sink.
//!
//! The only crate that speaks SQL to our tables. No vendor's word. Nothing that touches a tenant's
//! table can be called without a [`TenantTx`].

pub mod copy;
mod database;
mod draft;
mod error;
mod foresight;
mod health;
pub mod jobs;
mod migrate;
pub mod models;
mod operator;
mod plans;
mod reader;
mod run_places;
mod scratch;
pub mod secrets;
mod signing;
mod tenant;
mod timeseries;

pub use database::{Database, DatabaseConfig, PoolUse, ensure_database};
pub use draft::DraftTx;
pub use error::{DbError, describe};
pub use foresight::{Foreseen, Known};
pub use health::Health;
pub use migrate::{
    Applied, Declared, Direction, MIGRATIONS, Migration, MigrationError, MigrationState,
    MigrationStatus, Migrator, RunnerScript, Target, build_schema,
};
pub use operator::OperatorTx;
pub use plans::PlanRun;
pub use reader::ReadTx;
pub use scratch::Scratch;
pub use tenant::TenantTx;
pub use timeseries::{
    Chunk, DescribedChunk, DescribedSeries, Engine, KeptSeries, TimeSeries, TimeSeriesPolicy,
    TimeSeriesSurroundings, UnknownEngine,
};
