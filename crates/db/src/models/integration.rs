//! A tenant's connections to its systems.

use std::str::FromStr as _;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use shelfops_ingest::{CustomerId, SourceName};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::{RunLock, system_time, timestamp};
use crate::error::doing;
use crate::secrets::{KeyId, Sealed, SecretError, SecretPlace};
use crate::{Database, DbError, OperatorTx, TenantTx};

/// The field that holds what lets us in.
const SECRETS: &str = "secrets";

/// How long somebody else may take to renew a token: longer than a vendor is asked for one.
const RENEWAL_PATIENCE: &str = "90s";

/// How an integration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntegrationStatus {
    /// The tenant has not let us in yet.
    Pending,
    /// It is read.
    Active,
    /// Somebody stopped reading it for a while.
    Paused,
    /// It cannot be read until somebody does something.
    Failed,
    /// The tenant or the vendor has ended it.
    Revoked,
}

/// A connection that is about to be made.
#[derive(Clone, Debug)]
pub struct NewIntegration {
    /// What its records are told apart by.
    pub source: SourceName,
    /// Which connector reads it.
    pub connector: &'static str,
    /// How it is read.
    pub settings: Value,
}

/// A connection as it is stored, without its secrets.
#[derive(Clone, Debug, Serialize)]
pub struct Integration {
    /// Its id.
    pub integration_id: Uuid,
    /// What its records are told apart by.
    pub source: SourceName,
    /// Which connector reads it.
    pub connector: String,
    /// How it stands.
    pub status: IntegrationStatus,
    /// How it is read.
    pub settings: Value,
    /// The tenant as the vendor names it.
    pub external_account: Option<String>,
    /// Why it cannot be read.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When the tenant let us in.
    pub connected_at: Option<Timestamp>,
    /// Whether the vendor has said that what the tenant granted is gone: until it is connected again, there
    /// is nothing to ask for.
    pub is_grant_gone: bool,
}

/// Secrets as they are stored.
#[derive(Clone, Debug)]
pub struct StoredSecrets {
    /// The secrets, sealed.
    pub sealed: Sealed,
    /// How often they have been replaced.
    pub revision: u64,
}

/// An integration whose account a vendor named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectedAccount {
    /// The tenant.
    pub customer_id: CustomerId,
    /// The integration.
    pub integration_id: Uuid,
}

impl IntegrationStatus {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Pending, "pending"),
        (Self::Active, "active"),
        (Self::Paused, "paused"),
        (Self::Failed, "failed"),
        (Self::Revoked, "revoked"),
    ];

    /// Returns the word for it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(status, _)| *status == self).map_or("pending", |(_, name)| name)
    }

    fn parse(name: &str) -> Self {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        // The column takes no other word.
        found.map_or(Self::Pending, |(status, _)| *status)
    }
}

impl Integration {
    /// Returns where its secrets are sealed to.
    pub const fn secret_place(&self, customer_id: CustomerId) -> SecretPlace {
        SecretPlace { customer_id, row_id: self.integration_id, field: SECRETS }
    }
}

const COLUMNS: &str = "integration_id, source, connector, status, settings, external_account,
    last_error, created_at, connected_at, failures ? 'grant'";

/// What is in `failures` when the grant is gone.
pub(super) const GRANT: &str = "grant";

impl TenantTx {
    /// Adds a connection that waits to be let in.
    ///
    /// # Errors
    /// Refuses a source that is connected already.
    pub async fn add_integration(&self, new: &NewIntegration) -> Result<Integration, DbError> {
        let added = self
            .query_one(
                &format!(
                    "insert into integrations
                         (customer_id, integration_id, source, connector, settings)
                     values ($1, $2, $3, $4, $5)
                     returning {COLUMNS}"
                ),
                &[
                    &self.customer_id().as_uuid(),
                    &Uuid::now_v7(),
                    &new.source.as_str(),
                    &new.connector,
                    &new.settings,
                ],
            )
            .await;
        match added {
            Ok(row) => integration(&row),
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                Err(DbError::IntegrationExists(new.source.to_string()))
            }
            Err(error) => Err(doing("add the integration")(error)),
        }
    }

    /// Lists the tenant's connections by source.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn integrations(&self) -> Result<Vec<Integration>, DbError> {
        let rows = self
            .query(
                &format!(
                    "select {COLUMNS} from integrations where customer_id = $1 order by source"
                ),
                &[&self.customer_id().as_uuid()],
            )
            .await
            .map_err(doing("list the integrations"))?;
        rows.iter().map(integration).collect()
    }

    /// Reads a connection.
    ///
    /// # Errors
    /// Fails when there is none of that id.
    pub async fn integration(&self, integration_id: Uuid) -> Result<Integration, DbError> {
        let row = self
            .query_opt(
                &format!(
                    "select {COLUMNS} from integrations
                     where customer_id = $1 and integration_id = $2"
                ),
                &[&self.customer_id().as_uuid(), &integration_id],
            )
            .await
            .map_err(doing("read the integration"))?;
        let gone = || DbError::NotFound(format!("there is no integration {integration_id}"));
        integration(&row.ok_or_else(gone)?)
    }

    /// Finds a connection by its source.
    ///
    /// # Errors
    /// Fails when there is none, and names those that there are.
    pub async fn integration_of(&self, source: &str) -> Result<Integration, DbError> {
        let all = self.integrations().await?;
        if let Some(found) = all.iter().find(|found| found.source.as_str() == source) {
            return Ok(found.clone());
        }
        let names: Vec<_> = all.iter().map(|known| known.source.to_string()).collect();
        let there = match names.as_slice() {
            [] => "the tenant has none; add one by `shelfops integration add`".to_owned(),
            names => format!("there is {}", names.join(", ")),
        };
        Err(DbError::NotFound(format!("there is no integration '{source}': {there}")))
    }

    /// Remembers the hash of the state that the tenant is sent to the vendor with; one before it is
    /// honoured no longer.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn begin_authorisation(
        &self,
        integration_id: Uuid,
        state_hash: [u8; 32],
    ) -> Result<(), DbError> {
        self.execute(
            "update integrations set pending_state = $3
             where customer_id = $1 and integration_id = $2",
            &[&self.customer_id().as_uuid(), &integration_id, &state_hash.as_slice()],
        )
        .await
        .map_err(doing("begin the authorisation"))?;
        Ok(())
    }

    /// Uses a state up; answers whether it was still to be used.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn use_authorisation(
        &self,
        integration_id: Uuid,
        state_hash: [u8; 32],
    ) -> Result<bool, DbError> {
        let used = self
            .execute(
                "update integrations set pending_state = null
                 where customer_id = $1 and integration_id = $2 and pending_state = $3",
                &[&self.customer_id().as_uuid(), &integration_id, &state_hash.as_slice()],
            )
            .await
            .map_err(doing("end the authorisation"))?;
        Ok(used == 1)
    }

    /// Keeps the first secrets of a connection: the tenant has let us in.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn connect_integration(
        &self,
        integration_id: Uuid,
        sealed: &Sealed,
        external_account: Option<&str>,
    ) -> Result<(), DbError> {
        self.execute(
            "update integrations
             set status = 'active', failures = '{}', last_error = null, connected_at = clock_timestamp(),
                 external_account = $5, secrets_key_id = $3, secrets_ciphertext = $4,
                 secrets_revision = secrets_revision + 1
             where customer_id = $1 and integration_id = $2",
            &[
                &self.customer_id().as_uuid(),
                &integration_id,
                &sealed.key_id.to_string(),
                &sealed.ciphertext,
                &external_account,
            ],
        )
        .await
        .map_err(doing("keep the integration's secrets"))?;
        Ok(())
    }

    /// Reads a connection's secrets; `None` when there are none.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn integration_secrets(
        &self,
        integration_id: Uuid,
    ) -> Result<Option<StoredSecrets>, DbError> {
        let row = self
            .query_opt(
                "select secrets_key_id, secrets_ciphertext, secrets_revision from integrations
                 where customer_id = $1 and integration_id = $2
                     and secrets_ciphertext is not null",
                &[&self.customer_id().as_uuid(), &integration_id],
            )
            .await
            .map_err(doing("read the integration's secrets"))?;
        row.map(|row| {
            Ok(StoredSecrets {
                sealed: Sealed { key_id: KeyId::from_str(row.get(0))?, ciphertext: row.get(1) },
                revision: u64::try_from(row.get::<_, i64>(2)).unwrap_or_default(),
            })
        })
        .transpose()
    }

    /// Replaces a connection's secrets unless somebody else has meanwhile; answers whether it did.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn replace_integration_secrets(
        &self,
        integration_id: Uuid,
        expected_revision: u64,
        sealed: &Sealed,
    ) -> Result<bool, DbError> {
        let replaced = self
            .execute(
                "update integrations
                 set secrets_key_id = $4, secrets_ciphertext = $5,
                     secrets_revision = secrets_revision + 1
                 where customer_id = $1 and integration_id = $2 and secrets_revision = $3",
                &[
                    &self.customer_id().as_uuid(),
                    &integration_id,
                    &i64::try_from(expected_revision).unwrap_or(i64::MAX),
                    &sealed.key_id.to_string(),
                    &sealed.ciphertext,
                ],
            )
            .await
            .map_err(doing("replace the integration's secrets"))?;
        Ok(replaced == 1)
    }

    /// Ends a connection: its secrets are forgotten, its records stay. With `made_at`, only the one that was
    /// made then: what is told of a connection says nothing of one that was made since. Answers whether it
    /// was ended.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn revoke_integration(
        &self,
        integration_id: Uuid,
        made_at: Option<Timestamp>,
        reason: Option<&str>,
    ) -> Result<bool, DbError> {
        let ended = self
            .execute(
                "update integrations
             set status = 'revoked', last_error = $3, pending_state = null,
                 secrets_key_id = null, secrets_ciphertext = null,
                 secrets_revision = secrets_revision + 1
             where customer_id = $1 and integration_id = $2
                 and ($4::timestamptz is null or connected_at is not distinct from $4)",
                &[
                    &self.customer_id().as_uuid(),
                    &integration_id,
                    &reason,
                    &made_at.map(system_time),
                ],
            )
            .await
            .map_err(doing("end the integration"))?;
        Ok(ended == 1)
    }

    /// Forgets a connection with its webhooks and comparisons; its records stay.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn remove_integration(&self, integration_id: Uuid) -> Result<(), DbError> {
        self.execute(
            "delete from integrations where customer_id = $1 and integration_id = $2",
            &[&self.customer_id().as_uuid(), &integration_id],
        )
        .await
        .map_err(doing("remove the integration"))?;
        Ok(())
    }
}

impl Database {
    /// Waits until nobody else renews an integration's token, and keeps others from it.
    ///
    /// # Errors
    /// Fails when the server does, or when whoever renews it does not come to an end.
    pub async fn lock_renewal(
        &self,
        customer_id: CustomerId,
        integration_id: Uuid,
    ) -> Result<RunLock, DbError> {
        let client = self.lock_connection().await?;
        // The session ends with the lock, and takes the setting with it.
        let lock = RunLock::held_by(client);
        lock.wait_for(&format!("{customer_id}/{integration_id}/renewal"), RENEWAL_PATIENCE)
            .await
            .map_err(doing("wait for another process that renews the token"))?;
        Ok(lock)
    }
}

impl OperatorTx {
    /// Returns the integrations that read an account of a vendor; more than one where several
    /// tenants connected the same.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn connected_accounts(
        &self,
        connector: &str,
        external_account: &str,
    ) -> Result<Vec<ConnectedAccount>, DbError> {
        let rows = self
            .query(
                "select customer_id, integration_id from shelfops.connected_accounts
                 where connector = $1 and external_account = $2",
                &[&connector, &external_account],
            )
            .await
            .map_err(doing("look for the vendor's account"))?;
        Ok(rows
            .iter()
            .map(|row| ConnectedAccount {
                customer_id: CustomerId::new(row.get(0)),
                integration_id: row.get(1),
            })
            .collect())
    }
}

impl From<SecretError> for DbError {
    fn from(error: SecretError) -> Self {
        Self::Secret(error)
    }
}

fn integration(row: &Row) -> Result<Integration, DbError> {
    let source: &str = row.get(1);
    Ok(Integration {
        integration_id: row.get(0),
        source: SourceName::parse(source)
            .map_err(|error| DbError::NotFound(format!("'{source}' is no source: {error}")))?,
        connector: row.get(2),
        status: IntegrationStatus::parse(row.get(3)),
        settings: row.get(4),
        external_account: row.get(5),
        last_error: row.get(6),
        created_at: timestamp(row.get(7)),
        connected_at: row.get::<_, Option<_>>(8).and_then(timestamp),
        is_grant_gone: row.get(9),
    })
}
