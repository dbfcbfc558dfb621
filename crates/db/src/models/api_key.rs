//! Keys for the HTTP interface: what a key looks like, and the tenant's own list of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use shelfops_ingest::CustomerId;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::{system_time, timestamp};
use crate::error::doing;
use crate::{Database, DbError, TenantTx};

/// What every key begins with, so that people and scanners of leaked secrets know one.
const PREFIX: &str = "shk_";

/// A key as its holder has it: the prefix, the tenant's id, and 256 random bits.
///
/// The id is there so that the key is found by an index before its tenant is known. Only a hash of the
/// random bits is stored; a plain one will do, because there is nothing to guess.
pub struct ApiKeyToken {
    customer_id: CustomerId,
    secret: SecretBox<[u8; 32]>,
}

/// A text that is no key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("this is no API key: one begins with 'shk_' and is made by `shelfops api-key add`")]
pub struct NoApiKey;

impl ApiKeyToken {
    /// Makes a new key.
    pub fn generate(customer_id: CustomerId) -> Self {
        Self { customer_id, secret: SecretBox::new(Box::new(rand::random())) }
    }

    /// Reads a key; whether anybody has it is not known then.
    ///
    /// # Errors
    /// Refuses a text that no key can be.
    pub fn parse(text: &str) -> Result<Self, NoApiKey> {
        let (tenant, secret) =
            text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(NoApiKey)?;
        // Other spellings of a UUID are no keys of ours.
        let tenant =
            Some(tenant).filter(|text| text.len() == 32).and_then(|text| text.parse().ok());
        let mut bytes = SecretBox::new(Box::new([0; 32]));
        let length = URL_SAFE_NO_PAD
            .decode_slice(secret, secrecy::ExposeSecretMut::expose_secret_mut(&mut bytes))
            .map_err(|_| NoApiKey)?;
        if length != 32 {
            return Err(NoApiKey);
        }
        let customer_id = CustomerId::new(tenant.ok_or(NoApiKey)?);
        Ok(Self { customer_id, secret: bytes })
    }

    /// Shows the key, for the one time that its holder is given it.
    pub fn reveal(&self) -> SecretString {
        let tenant = self.customer_id.as_uuid().simple();
        let secret = URL_SAFE_NO_PAD.encode(self.secret.expose_secret());
        format!("{PREFIX}{tenant}_{secret}").into()
    }

    /// What is stored of it.
    fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.secret.expose_secret()).to_vec()
    }
}

/// A key that is to be added.
pub struct NewApiKey<'a> {
    /// What it is for, as the audit log names it.
    pub name: &'a str,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
}

/// What is known of a key; the key itself is not.
#[derive(Clone, Debug, Serialize)]
pub struct ApiKey {
    /// Its id.
    pub api_key_id: Uuid,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was added.
    pub created_at: Option<Timestamp>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

/// Whose a key is that somebody showed.
#[derive(Clone, Debug)]
pub struct KeyOwner {
    /// The tenant.
    pub customer_id: CustomerId,
    /// The tenant's short name.
    pub slug: String,
    /// The key's id.
    pub api_key_id: Uuid,
    /// What the key is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

impl Database {
    /// Says whose a key is, and marks that it was used, at most once a minute. `None` for a key that
    /// is unknown, expired or revoked.
    ///
    /// The one look at a tenant's table without a [`TenantTx`]: it finds out which tenant to open one
    /// for, through a function that answers for the exact key only.
    ///
    /// # Errors
    /// Fails when the server cannot be reached or is not migrated.
    pub async fn find_key_owner(&self, token: &ApiKeyToken) -> Result<Option<KeyOwner>, DbError> {
        let client = self.tenant_connection().await?;
        let found = async {
            let statement = client
                .prepare_cached(
                    "select customer_id, slug, api_key_id, name, scopes
                     from shelfops.use_api_key($1, $2)",
                )
                .await?;
            client.query_opt(&statement, &[&token.customer_id.as_uuid(), &token.hash()]).await
        };
        let row = found.await.map_err(|error| match error.code() {
            Some(code)
                if *code == SqlState::UNDEFINED_FUNCTION
                    || *code == SqlState::INVALID_SCHEMA_NAME =>
            {
                DbError::NotMigrated
            }
            _ => doing("look for the API key")(error),
        })?;
        Ok(row.map(|row| KeyOwner {
            customer_id: CustomerId::new(row.get(0)),
            slug: row.get(1),
            api_key_id: row.get(2),
            name: row.get(3),
            scopes: row.get(4),
        }))
    }
}

impl TenantTx {
    /// Adds a key of the tenant and returns it: it cannot be had again.
    ///
    /// # Errors
    /// Refuses a name that a key in use has.
    pub async fn add_api_key(&self, new: &NewApiKey<'_>) -> Result<(Uuid, ApiKeyToken), DbError> {
        let api_key_id = Uuid::now_v7();
        let token = ApiKeyToken::generate(self.customer_id());
        let added = self
            .execute(
                "insert into api_keys (customer_id, api_key_id, name, key_hash, scopes, expires_at)
                 values ($1, $2, $3, $4, $5, $6)",
                &[
                    &self.customer_id().as_uuid(),
                    &api_key_id,
                    &new.name,
                    &token.hash(),
                    &new.scopes,
                    &new.expires_at.map(system_time),
                ],
            )
            .await;
        match added {
            Ok(_) => Ok((api_key_id, token)),
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                Err(DbError::ApiKeyExists(new.name.to_owned()))
            }
            Err(error) => Err(doing("add the API key")(error)),
        }
    }

    /// Lists the tenant's keys, newest first.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, DbError> {
        let rows = self
            .query(
                "select api_key_id, name, scopes, created_at, last_used_at, expires_at, revoked_at
                 from api_keys
                 where customer_id = $1
                 order by created_at desc, api_key_id desc",
                &[&self.customer_id().as_uuid()],
            )
            .await
            .map_err(doing("list the API keys"))?;
        let moment = |time: Option<std::time::SystemTime>| time.and_then(timestamp);
        Ok(rows
            .iter()
            .map(|row| ApiKey {
                api_key_id: row.get(0),
                name: row.get(1),
                scopes: row.get(2),
                created_at: moment(row.get(3)),
                last_used_at: moment(row.get(4)),
                expires_at: moment(row.get(5)),
                revoked_at: moment(row.get(6)),
            })
            .collect())
    }

    /// Takes the key of that name back; it does not work from the commit on. Answers whether there was
    /// one in use.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn revoke_api_key(&self, name: &str) -> Result<bool, DbError> {
        let revoked = self
            .execute(
                "update api_keys
                 set revoked_at = now()
                 where customer_id = $1 and name = $2 and revoked_at is null",
                &[&self.customer_id().as_uuid(), &name],
            )
            .await
            .map_err(doing("revoke the API key"))?;
        Ok(revoked > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_shown_and_nothing_else_is_one() {
        let token = ApiKeyToken::generate(CustomerId::generate());
        let shown = token.reveal();
        let text = shown.expose_secret();
        assert_eq!(text.len(), 4 + 32 + 1 + 43);
        let read = ApiKeyToken::parse(text).unwrap();
        assert_eq!(read.customer_id, token.customer_id);
        assert_eq!(read.hash(), token.hash());

        let hyphens = text.replace(
            &token.customer_id.as_uuid().simple().to_string(),
            &token.customer_id.as_uuid().to_string(),
        );
        let long = format!("{text}A");
        for wrong in ["", "shk_", "shk__", &text[..text.len() - 1], &long, &text[4..], &hyphens] {
            assert_eq!(ApiKeyToken::parse(wrong).err(), Some(NoApiKey), "{wrong}");
        }
        let mut wrong = text.to_owned();
        wrong.replace_range(text.len() - 1.., "é");
        assert_eq!(ApiKeyToken::parse(&wrong).err(), Some(NoApiKey));
    }

    #[test]
    fn no_two_keys_are_alike() {
        let customer_id = CustomerId::generate();
        let hashes: std::collections::HashSet<Vec<u8>> =
            (0..100).map(|_| ApiKeyToken::generate(customer_id).hash()).collect();
        assert_eq!(hashes.len(), 100);
    }
}
