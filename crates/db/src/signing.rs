//! The proof of who the present tenant is.
//!
//! A setting alone proves nothing, since whoever runs SQL as the application role may run SET. The
//! counterpart is the function `shelfops.current_customer_id` in the migrations.

use secrecy::{ExposeSecret, SecretBox};
use sha2::{Digest, Sha256};
use shelfops_ingest::CustomerId;

/// The key that the database keeps for its owner alone, as HMAC uses it (RFC 2104).
pub(crate) struct SigningKey {
    inner: SecretBox<Vec<u8>>,
    outer: SecretBox<Vec<u8>>,
}

impl SigningKey {
    pub(crate) fn new(inner: Vec<u8>, outer: Vec<u8>) -> Self {
        Self { inner: SecretBox::new(Box::new(inner)), outer: SecretBox::new(Box::new(outer)) }
    }

    /// Proves the tenant for the one transaction that started at `transaction_start`, which is the
    /// server's own text of that moment in seconds.
    pub(crate) fn prove(&self, customer_id: CustomerId, transaction_start: &str) -> String {
        let message = format!("{customer_id}|{transaction_start}");
        let inner = Sha256::new()
            .chain_update(self.inner.expose_secret())
            .chain_update(message.as_bytes())
            .finalize();
        let outer =
            Sha256::new().chain_update(self.outer.expose_secret()).chain_update(inner).finalize();
        outer.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
