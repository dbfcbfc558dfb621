//! What can be wrong with an address.

use std::path::PathBuf;

/// An address that cannot be used. Never says a password.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is neither a URL nor words such as `host=… dbname=…`.
    #[error("the database's address cannot be read: {0}")]
    Unreadable(String),
    /// A way to use TLS that is not known.
    #[error(
        "the database's address says sslmode={0}; it may say disable, prefer, require, verify-ca or \
         verify-full"
    )]
    UnknownMode(String),
    /// Certificates that were named and cannot be read.
    #[error("the certificates in {}, named as sslrootcert, cannot be read: {reason}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A server's certificate is to be verified, and nothing says whom to believe.
    #[error(
        "this system has no root certificates to verify the server's by ({0}); name a file with \
         sslrootcert in the database's address"
    )]
    NoRoots(String),
}
