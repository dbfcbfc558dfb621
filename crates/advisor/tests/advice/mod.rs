//! Advice against a real planner, and proofs against real runs.

mod bench;
mod choice;
mod kinds;
mod parts;
mod proof;
mod rewriting;
mod rollups;
mod values;
mod weights;
