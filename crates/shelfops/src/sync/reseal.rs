//! Encrypts every tenant's secrets anew.

use secrecy::ExposeSecret as _;
use serde_json::json;
use shelfops_db::models::{AuditEntry, Tenant};
use shelfops_db::secrets::{KeyId, Keyring};
use shelfops_db::{Database, DbError};

use crate::ops::output::counted;
use crate::ops::{Context, OpError};

/// Encrypts with the present key whatever was encrypted with another; answers that key, how many
/// secrets were, and how many had it before. One that is replaced meanwhile is left to who did it.
///
/// # Errors
/// Fails for a secret whose key we do not have, and names its tenant. Those before it are done.
pub(crate) async fn reseal(context: &Context) -> Result<(KeyId, u64, u64), OpError> {
    // Read anew: a key may have just been added.
    let keyring = context.config().secret_keys().load()?;
    let present = keyring.present().map_err(DbError::from)?.id();
    let database = context.database().await?;
    let operator = database.operator().await?;
    let tenants = operator.tenants().await?;
    operator.commit().await?;
    let (mut changed, mut unchanged) = (0, 0);
    for tenant in tenants {
        let done = reseal_tenant(context, database, &keyring, &tenant).await;
        let done = done.map_err(|error| OpError::from(error).of(&tenant.slug))?;
        changed += done.0;
        unchanged += done.1;
    }
    Ok((present, changed, unchanged))
}

async fn reseal_tenant(
    context: &Context,
    database: &Database,
    keyring: &Keyring,
    tenant: &Tenant,
) -> Result<(u64, u64), DbError> {
    let present = keyring.present()?.id();
    let tx = database.tenant(tenant.customer_id).await?;
    let (mut changed, mut unchanged) = (0, 0);
    for integration in tx.integrations().await? {
        let id = integration.integration_id;
        let Some(stored) = tx.integration_secrets(id).await? else { continue };
        if stored.sealed.key_id == present {
            unchanged += 1;
            continue;
        }
        let place = integration.secret_place(tenant.customer_id);
        let opened = keyring.open(&place, &stored.sealed)?;
        let sealed = keyring.seal(&place, opened.expose_secret())?;
        if tx.replace_integration_secrets(id, stored.revision, &sealed).await? {
            changed += 1;
        }
    }
    if changed > 0 {
        tx.audit(&AuditEntry {
            principal: &context.principal().to_string(),
            operation: "secret rotate",
            input: json!({ "key_id": present.to_string() }),
            outcome: "done",
            detail: Some(counted(changed, "secret") + " encrypted anew"),
        })
        .await?;
    }
    tx.commit().await?;
    Ok((changed, unchanged))
}
