//! How much of a grant is given back: what several connections of one account share is not ours alone.

use shelfops_db::Database;
use shelfops_db::models::Integration;
use shelfops_integrations::oauth::RevokedScope;

use crate::ops::OpError;

/// Says how much may end of what a vendor's account granted. A vendor knows the account and our
/// application, and nothing of tenants: while another integration reads the same account, ending the
/// whole grant would end that one's, too.
///
/// # Errors
/// Fails when the database does.
pub(super) async fn revocable(
    database: &Database,
    integration: &Integration,
    account: Option<&str>,
) -> Result<RevokedScope, OpError> {
    let Some(account) = account else { return Ok(RevokedScope::WholeGrant) };
    let operator = database.operator().await?;
    let readers = operator.connected_accounts(&integration.connector, account).await?;
    operator.commit().await?;
    let is_shared =
        readers.iter().any(|reader| reader.integration_id != integration.integration_id);
    Ok(if is_shared { RevokedScope::AccessToken } else { RevokedScope::WholeGrant })
}
