//! The bulk sink through the pipeline: what is loaded, what is refused, and what a crash leaves.

mod aside;
mod catalogue;
mod desk;
mod edges;
mod interrupted;
mod loads;
mod memory_source;
mod retention;
mod rollups;
mod sessions;
mod snapshots;
mod splits;
mod together;
mod unknown;
mod versions;
mod whole_orders;
