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
/// Fails for secrets that none of our keys opens, and names where they are. All others are done.
pub(crate) async fn reseal(context: &Context) -> Result<(KeyId, u64, u64), OpError> {
    // Read anew: a key may have just been added.
    let keyring = context.config().secret_keys().load()?;
    let present = keyring.present().map_err(DbError::from)?.id();
    let database = context.database().await?;
    let operator = database.operator().await?;
    let tenants = operator.tenants().await?;
    operator.commit().await?;
    let mut all = Resealed::default();
    for tenant in tenants {
        let done = reseal_tenant(context, database, &keyring, &tenant, &mut all).await;
        done.map_err(|error| OpError::from(error).of(&tenant.slug))?;
    }
    let Some(first) = all.closed.first() else { return Ok((present, all.changed, all.unchanged)) };
    Err(OpError::failed(format!(
        "{} could not be encrypted anew, all others are ({}). Closed: {}. Add the key that it was encrypted \
         with to the keys, or connect the system again (`shelfops integration connect`) or remove it",
        counted(all.closed.len(), "secret"),
        first.why,
        all.closed.iter().map(|it| it.place.as_str()).collect::<Vec<_>>().join(", "),
    )))
}

/// What became of secrets.
#[derive(Default)]
struct Resealed {
    changed: u64,
    unchanged: u64,
    closed: Vec<Closed>,
}

/// A secret that none of our keys opens.
struct Closed {
    place: String,
    why: DbError,
}

async fn reseal_tenant(
    context: &Context,
    database: &Database,
    keyring: &Keyring,
    tenant: &Tenant,
    all: &mut Resealed,
) -> Result<(), DbError> {
    let present = keyring.present()?.id();
    let tx = database.tenant(tenant.customer_id).await?;
    let mut changed: u64 = 0;
    for integration in tx.integrations().await? {
        let id = integration.integration_id;
        let Some(stored) = tx.integration_secrets(id).await? else { continue };
        if stored.sealed.key_id == present {
            all.unchanged += 1;
            continue;
        }
        let place = integration.secret_place(tenant.customer_id);
        let opened = match keyring.open(&place, &stored.sealed) {
            Ok(opened) => opened,
            Err(error) => {
                // It must not keep those of others from being encrypted anew.
                let place = format!("{} of {}", integration.source, tenant.slug);
                all.closed.push(Closed { place, why: error.into() });
                continue;
            }
        };
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
    all.changed += changed;
    Ok(())
}
