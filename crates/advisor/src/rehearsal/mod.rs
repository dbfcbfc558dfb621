//! Rehearses migrations on a copy of the real database, under load, and says what they did.
//!
//! Nothing here touches the database that is copied but to read it, and nothing leaves a copy behind.

pub mod copy;
mod programs;
pub mod progress;
pub mod run;
pub mod tables;
pub mod verdict;

pub use copy::{Copied, Copy, CopyError, CopyKind, CopyRequest};
pub use programs::Programs;
pub use progress::{Progress, Watch};
pub use shelfops_connection::{Address, AddressError};
