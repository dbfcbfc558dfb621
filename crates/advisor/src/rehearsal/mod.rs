//! Rehearses migrations on a copy of the real database, under load, and says what they did.
//!
//! Nothing here touches the database that is copied but to read it, and nothing leaves a copy behind.

pub mod address;
pub mod copy;
mod programs;
pub mod progress;
pub mod tables;

pub use address::{Address, AddressError};
pub use copy::{Copied, Copy, CopyError, CopyKind, CopyRequest};
pub use programs::Programs;
pub use progress::{Progress, Watch};
