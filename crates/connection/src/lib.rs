//! How a PostgreSQL server is reached: what its address says, how long to wait for it, and TLS.
//!
//! Everything that connects goes through [`Address`], so that what an address asks for holds for all of
//! it. No SQL, and nobody's schema.

mod address;
mod error;
mod limits;
mod options;
mod trust;

pub use address::Address;
pub use error::AddressError;
/// Makes TLS of a connection, as an address asks for it.
pub use tokio_postgres_rustls::MakeRustlsConnect as Tls;
