//! Who changed what: entries are added, never changed; the application role may not even try.

use serde_json::Value;
use uuid::Uuid;

use crate::error::doing;
use crate::{DbError, TenantTx};

/// What is to be remembered of an operation.
#[derive(Clone, Debug)]
pub struct AuditEntry<'a> {
    /// Who asked for it.
    pub principal: &'a str,
    /// The operation's name.
    pub operation: &'a str,
    /// What it was told; never a secret.
    pub input: Value,
    /// `done`, `refused` or `failed`.
    pub outcome: &'a str,
    /// What came of it, in one line.
    pub detail: Option<String>,
}

impl TenantTx {
    /// Adds an entry to the tenant's audit log.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn audit(&self, entry: &AuditEntry<'_>) -> Result<(), DbError> {
        self.execute(
            "insert into audit_log
                 (customer_id, audit_entry_id, principal, operation, input, outcome, detail)
             values ($1, $2, $3, $4, $5, $6, $7)",
            &[
                &self.customer_id().as_uuid(),
                &Uuid::now_v7(),
                &entry.principal,
                &entry.operation,
                &entry.input,
                &entry.outcome,
                &entry.detail,
            ],
        )
        .await
        .map_err(doing("write the audit log"))?;
        Ok(())
    }
}
