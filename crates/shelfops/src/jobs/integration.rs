//! The integration that a job is about, as it is now: much may have happened since the job was put.

use shelfops_db::DbError;
use shelfops_db::models::{Integration, IntegrationStatus, Tenant};
use shelfops_ingest::CustomerId;
use uuid::Uuid;

use crate::ops::{Context, OpError};

/// Whether an integration can be read.
pub(super) enum Readable {
    /// It can.
    Yes(Box<(Tenant, Integration)>),
    /// It is not to be read, which is no failure, and why.
    No(String),
}

/// Finds an integration, and says whether it is to be read. Where the vendor has said that the grant is gone,
/// it is not: asking every few minutes would change nothing.
pub(super) async fn readable(
    context: &Context,
    customer_id: CustomerId,
    integration_id: Uuid,
) -> Result<Readable, OpError> {
    Ok(match reachable(context, customer_id, integration_id).await? {
        Readable::Yes(found) => match unread(&found.0, &found.1) {
            Some(why) => Readable::No(why),
            None => Readable::Yes(found),
        },
        other => other,
    })
}

/// Says why an integration whose grant is gone is not read.
pub(super) fn unread(tenant: &Tenant, integration: &Integration) -> Option<String> {
    integration.is_grant_gone.then(|| {
        format!(
            "not read: {source} must be connected again by `shelfops integration connect --tenant {} \
             --source {source}`",
            tenant.slug,
            source = integration.source,
        )
    })
}

/// Finds an integration, and says whether the vendor is to be asked at all.
pub(super) async fn reachable(
    context: &Context,
    customer_id: CustomerId,
    integration_id: Uuid,
) -> Result<Readable, OpError> {
    let database = context.database().await?;
    let tenant = database.tenant_of(customer_id).await?;
    let tx = database.tenant(customer_id).await?;
    let found = tx.integration(integration_id).await;
    tx.commit().await?;
    let integration = match found {
        Ok(integration) => integration,
        // Removed since: what it was about went with it.
        Err(DbError::NotFound(_)) => {
            return Ok(Readable::No("its integration was removed".to_owned()));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(match integration.status {
        IntegrationStatus::Active | IntegrationStatus::Failed => {
            Readable::Yes(Box::new((tenant, integration)))
        }
        status => Readable::No(format!("{} is {}: not read", integration.source, status.name())),
    })
}
