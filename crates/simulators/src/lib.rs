//! Stand-ins for the world, for tests and demonstrations: seeded, and knowing none of our crates.

mod dice;

pub mod grocery;
pub mod square;
