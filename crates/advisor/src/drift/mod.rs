//! Compares what a schema is with what it was declared to be, both ways, and writes the DDL between them.
//!
//! A [`Schema`] is read from the catalogs of one database and is one value: it can be compared, hashed,
//! kept in a file. Partitions and chunks are data and not in it, and neither is what extensions own.
//! [`reconcile`] says what differs and which statements make one the other. Nothing is applied here.

mod compare;
mod describe;
mod read;
mod reconcile;
mod render;
mod role;
mod schema;

pub use compare::{Change, Difference, FactChange, compare};
pub use describe::{ddl, find, parts, relations};
pub use read::{Options, ReadError, read};
pub use reconcile::{Reconciliation, Running, Statement, Weight, reconcile};
pub use render::page;
pub use role::Role;
pub use schema::{Key, Kind, Object, Schema, SnapshotError};
