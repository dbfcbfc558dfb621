//! Letting us in, and out again: the vendor's page, the way back from it, renewal and revocation.

use secrecy::SecretString;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use shelfops_db::models::{AuditEntry, ConnectionPart, Integration, IntegrationStatus, Tenant};
use shelfops_ingest::{CustomerId, Stream};
use shelfops_integrations::connector::{CheckReport, Connector, ConnectorError, find};
use shelfops_integrations::http::{HttpClient, Policy, SystemSurroundings};
use shelfops_integrations::oauth::{
    AuthorizeRequest, CodeGrant, OAuthFlow, StateSigner, TokenError, TokenPair,
};
use uuid::Uuid;

use super::connections::connector_of;
use super::failure::Ended;
use super::grants::revocable;
use super::token_store::SealedTokens;
use crate::ops::error::ErrorKind;
use crate::ops::{Context, OpError};

/// Who an audit entry names when a tenant came back from the vendor's page: a signed state, and no key of
/// ours, says whose connection it is.
const CONSENT: &str = "vendor-consent";

/// What the state's key is derived for.
const STATE_KEY: &str = "oauth state";

/// An authorisation that was begun.
#[derive(Clone, Debug)]
pub(crate) struct Authorising {
    /// Where the tenant agrees.
    pub(crate) url: String,
    /// Where the vendor sends the tenant back to.
    pub(crate) redirect_uri: String,
}

/// A code that became no token: it cannot be used again, and neither can the state that came with it.
#[derive(Debug, thiserror::Error)]
#[error(
    "{system} was not connected, {reason}: begin again by `shelfops integration connect --tenant {slug} \
     --source {system}`"
)]
struct Unconnected {
    system: String,
    slug: String,
    reason: String,
    source: ConnectorError,
}

impl Unconnected {
    fn tell(tenant: &Tenant, integration: &Integration, error: TokenError) -> OpError {
        let (system, slug) = (integration.source.to_string(), tenant.slug.to_string());
        let (reason, source) = (error.to_string(), ConnectorError::from(error));
        let kind = super::failure::kind(&source);
        OpError::from_error(kind, Self { system, slug, reason, source })
    }
}

/// Makes the address where the tenant lets us in. It can be used once, within a quarter of an hour.
///
/// # Errors
/// Fails for a vendor without OAuth, and where our application or the keys for secrets are not set.
pub(crate) async fn begin_authorisation(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
) -> Result<Authorising, OpError> {
    let connector = connector_of(integration)?;
    let flow = flow_of(connector)?;
    let app = context.config().applications.app(connector)?;
    let signer = signer(context)?;
    let name = format!("{}/{}", tenant.customer_id, integration.integration_id);
    let state = signer.issue(connector.name(), &name, context.now());
    let mut scopes: Vec<&'static str> = Vec::new();
    for stream in connector.streams() {
        for scope in connector.scopes(*stream) {
            if !scopes.contains(scope) {
                scopes.push(scope);
            }
        }
    }
    // With a secret, a verifier adds nothing; some vendors then refuse it.
    let challenge = app.client_secret.is_none().then(|| signer.verifier(&state).challenge());
    let request = AuthorizeRequest { state: state.clone(), scopes, challenge };
    let url = flow.authorize_url(&app, &request).map_err(failed)?;
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    tx.begin_authorisation(integration.integration_id, hash(&state)).await?;
    tx.commit().await?;
    Ok(Authorising { url, redirect_uri: app.redirect_uri })
}

/// Ends an authorisation: the vendor has sent the tenant back with a code.
///
/// # Errors
/// Refuses a state that was not issued here, is too old or was used before, a code that the vendor does
/// not honour, and another account than the one whose records the connection has.
pub(crate) async fn complete_authorisation(
    context: &Context,
    connector: &str,
    state: &str,
    code: SecretString,
) -> Result<(Tenant, Integration), OpError> {
    let signer = signer(context)?;
    let claims =
        signer.verify(state, context.now()).map_err(|error| OpError::usage(error.to_string()))?;
    let connector = find(connector)
        .filter(|connector| connector.name() == claims.connector)
        .ok_or_else(|| OpError::usage("this state belongs to another vendor: start again"))?;
    let (customer_id, integration_id) = ids(&claims.integration)
        .ok_or_else(|| OpError::usage("this state names no integration: start again"))?;
    let database = context.database().await?;
    let tenant = database.tenant_of(customer_id).await?;
    let tx = database.tenant(customer_id).await?;
    let integration = tx.integration(integration_id).await?;
    let is_first = tx.use_authorisation(integration_id, hash(state)).await?;
    // Used up before the code is: whoever comes with the same state again changes nothing.
    tx.commit().await?;
    if !is_first {
        return Err(OpError::usage(
            "this authorisation was used before, or a later one was begun: start again by \
             `shelfops integration connect`",
        ));
    }
    let app = context.config().applications.app(connector)?;
    let verifier = app.client_secret.is_none().then(|| signer.verifier(state));
    let grant = CodeGrant { code, verifier };
    let http = client()?;
    let tokens = flow_of(connector)?
        .exchange_code(&http, &app, &grant)
        .await
        .map_err(|error| Unconnected::tell(&tenant, &integration, error))?;
    if let Some((theirs, granted)) = other_account(&integration, &tokens) {
        let mut refusal = format!(
            "this is account {granted}, and {} of {} is account {theirs}: connect it as {theirs}, or add \
             {granted} as another source by `shelfops integration add`",
            integration.source, tenant.slug
        );
        let scope = revocable(database, &integration, Some(granted)).await?;
        if let Err(error) = flow_of(connector)?.revoke(&http, &app, &tokens, scope).await {
            tracing::warn!(%error, "a grant that is not used could not be given back");
            if let TokenError::OnlyByTenant { .. } = error {
                refusal = format!("{refusal}; {error}");
            }
        }
        return Err(OpError::conflict(refusal));
    }
    let keys = context.connections().keys().clone();
    let store = SealedTokens::new(database.clone(), keys, customer_id, &integration);
    let sealed = store.seal(&tokens)?;
    let tx = database.tenant(customer_id).await?;
    tx.connect_integration(integration_id, &sealed, tokens.granted_by.as_deref()).await?;
    tx.audit(&AuditEntry {
        principal: CONSENT,
        operation: "integration connect",
        input: json!({ "source": integration.source, "account": tokens.granted_by }),
        outcome: "done",
        detail: Some(format!("{} let us in", connector.title())),
    })
    .await?;
    tx.commit().await?;
    context.connections().forget(integration_id).await;
    Ok((tenant, integration))
}

/// Returns the account that an integration's records are of and the one that now let us in, if they
/// differ: both in one source would be two retailers in one.
fn other_account<'a>(
    integration: &'a Integration,
    tokens: &'a TokenPair,
) -> Option<(&'a str, &'a str)> {
    let known = integration.external_account.as_deref()?;
    let granted = tokens.granted_by.as_deref()?;
    (known != granted).then_some((known, granted))
}

/// Renews an integration's token if it is time, and says until when it can be used.
///
/// # Errors
/// Fails when there is no usable token.
pub(crate) async fn refresh_token(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
) -> Result<Option<jiff::Timestamp>, OpError> {
    let line = context.connections().line(context, tenant, integration).await?;
    if integration.is_grant_gone {
        // Asked for once in a while: what was refused may have been our application, for all of its tenants.
        if let Err(error) = line.token_status().await {
            return Err(Ended::tell(tenant, integration, error));
        }
        super::failure::clear(context, tenant, integration, ConnectionPart::Grant).await?;
    }
    match line.tokens().await {
        Ok(tokens) => {
            super::failure::clear(context, tenant, integration, ConnectionPart::Connection).await?;
            let holds = tokens.access_expires_at;
            // Streams go on with it, so nobody would hear of it before it is too late.
            if tokens.renew_at().is_some_and(|at| at <= context.now()) {
                let until = holds.map_or_else(|| "then".to_owned(), |at| at.to_string());
                let (source, slug) = (&integration.source, &tenant.slug);
                return Err(OpError::failed(format!(
                    "{source} gave {slug} no new token, and the present one ends at {until}: it is tried \
                     again; `shelfops integration check` says what works"
                )));
            }
            Ok(holds)
        }
        Err(error) => {
            super::failure::note(context, tenant, integration, None, &error).await;
            Err(Ended::tell(tenant, integration, error))
        }
    }
}

/// Asks the vendor what we may read.
///
/// # Errors
/// Fails when the vendor does not let us in or cannot be asked.
pub(crate) async fn check(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
) -> Result<CheckReport, OpError> {
    let line = context.connections().line(context, tenant, integration).await?;
    match line.connector().check(line.clone()).await {
        Ok(report) => {
            // What an earlier check found wrong is known to be well again.
            let part = match report.store_count {
                Some(_) => ConnectionPart::Stream(Stream::Stores),
                None => ConnectionPart::Grant,
            };
            super::failure::clear(context, tenant, integration, part).await?;
            Ok(report)
        }
        Err(error) => {
            // Besides the token, only stores are asked for.
            let stream = Some(Stream::Stores);
            super::failure::note(context, tenant, integration, stream, &error).await;
            Err(Ended::tell(tenant, integration, error))
        }
    }
}

/// Gives back what the tenant granted, at the vendor as far as it can be reached, and forgets the
/// tokens. Answers why the vendor was not told, if it was not.
///
/// # Errors
/// Fails when the database does: then nothing was forgotten.
pub(crate) async fn disconnect(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
) -> Result<Option<String>, OpError> {
    let is_open =
        !matches!(integration.status, IntegrationStatus::Pending | IntegrationStatus::Revoked);
    let told = if is_open { revoke(context, tenant, integration).await } else { Ok(()) };
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    tx.revoke_integration(integration.integration_id, None, None).await?;
    tx.commit().await?;
    context.connections().forget(integration.integration_id).await;
    Ok(told.err().map(|error| error.to_string()))
}

async fn revoke(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
) -> Result<(), OpError> {
    let line = context.connections().line(context, tenant, integration).await?;
    let Some(flow) = line.connector().oauth() else { return Ok(()) };
    let tokens = line.tokens().await?;
    let account = tokens.granted_by.as_deref().or(integration.external_account.as_deref());
    let scope = revocable(context.database().await?, integration, account).await?;
    let revoked = flow.revoke(line.http(), line.app(), &tokens, scope).await;
    // Its own words: what is behind a failed request for a token is no matter here.
    revoked.map_err(|error| OpError::from_error(ErrorKind::VendorTrouble, error))
}

fn flow_of(connector: &'static dyn Connector) -> Result<&'static dyn OAuthFlow, OpError> {
    connector.oauth().ok_or_else(|| {
        OpError::usage(format!("{} is connected by a key, not on a page", connector.title()))
    })
}

fn signer(context: &Context) -> Result<StateSigner, OpError> {
    let keyring = context.connections().keys().ring()?;
    let key = keyring.derived(STATE_KEY).map_err(shelfops_db::DbError::from)?;
    Ok(StateSigner::new(key))
}

/// For the one call that has no line yet.
fn client() -> Result<HttpClient, OpError> {
    let surroundings = std::sync::Arc::new(SystemSurroundings::default());
    HttpClient::new(Policy::default(), surroundings)
        .map_err(|error| OpError::failed(format!("cannot call vendors from here: {error}")))
}

fn ids(text: &str) -> Option<(CustomerId, Uuid)> {
    let (customer, integration) = text.split_once('/')?;
    Some((CustomerId::new(customer.parse().ok()?), integration.parse().ok()?))
}

fn hash(state: &str) -> [u8; 32] {
    Sha256::digest(state.as_bytes()).into()
}

fn failed(error: TokenError) -> OpError {
    ConnectorError::from(error).into()
}
