//! Facts about a server that decide whether it can be trusted with tenants' data.

use serde::Serialize;

use crate::error::doing;
use crate::{Database, DbError};

/// What was looked at and found.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// The server's version, such as `15.18`.
    pub server_version: String,
    /// The same as a number, such as 150018.
    pub server_version_number: i32,
    /// TimescaleDB's version, if the server has it ready.
    pub timescaledb_version: Option<String>,
    /// `apache` or `timescale`.
    pub timescaledb_license: Option<String>,
    /// Whether the schema is there.
    pub is_migrated: bool,
    /// The login that tenants' work uses.
    pub tenant_login: Option<String>,
    /// Whether that login could leave the application role.
    pub tenant_login_is_privileged: bool,
    /// Tables with a tenant column that row security does not bind, those of guarded schemas aside.
    pub unprotected_tables: Vec<String>,
    /// Partitions, chunks and hypertables that the application role may touch by name.
    pub reachable_partitions: Vec<String>,
}

impl Database {
    /// Looks at the server.
    ///
    /// # Errors
    /// Fails when the server cannot be reached.
    pub async fn health(&self) -> Result<Health, DbError> {
        let client = self.owner_connection().await?;
        let server = client
            .query_one(
                "select current_setting('server_version'),
                     current_setting('server_version_num')::integer,
                     (select default_version from pg_available_extensions
                      where name = 'timescaledb'
                          and current_setting('shared_preload_libraries') like '%timescaledb%'),
                     current_setting('timescaledb.license', true),
                     to_regclass('shelfops.tenants') is not null",
                &[],
            )
            .await
            .map_err(doing("look at the server"))?;
        let is_migrated: bool = server.get(4);
        let mut health = Health {
            server_version: server.get(0),
            server_version_number: server.get(1),
            timescaledb_version: server.get(2),
            timescaledb_license: server.get(3),
            is_migrated,
            tenant_login: None,
            tenant_login_is_privileged: false,
            unprotected_tables: Vec::new(),
            reachable_partitions: Vec::new(),
        };
        if is_migrated {
            self.look_at_isolation(&mut health).await?;
        }
        Ok(health)
    }

    async fn look_at_isolation(&self, health: &mut Health) -> Result<(), DbError> {
        let action = doing("look at tenants' isolation");
        let client = self.owner_connection().await?;
        let unprotected = client
            .query(
                "select format('%I.%I', nspname, relname)
                 from pg_class
                 join pg_namespace on pg_namespace.oid = relnamespace
                 where relkind in ('r', 'p')
                     and nspname = 'public'
                     and exists (
                         select from pg_attribute
                         where attrelid = pg_class.oid
                             and attname = 'customer_id'
                             and not attisdropped
                     )
                     and not (relrowsecurity and relforcerowsecurity)
                 order by 1",
                &[],
            )
            .await
            .map_err(&action)?;
        let reachable = client
            .query(
                "select format('%I.%I', nspname, relname)
                 from pg_class
                 join pg_namespace on pg_namespace.oid = relnamespace
                 where relkind in ('r', 'p')
                     and (nspname = 'timeseries'
                         -- Chunks of continuous aggregates and of compressed data.
                         or nspname = '_timescaledb_internal'
                             and relname ~ '^(_hyper_|_materialized_|_compressed_|compress_)')
                     and has_schema_privilege('shelfops_app', nspname, 'usage')
                     and has_any_column_privilege(
                         'shelfops_app', pg_class.oid, 'select, insert, update')
                 order by 1",
                &[],
            )
            .await
            .map_err(&action)?;
        health.unprotected_tables = unprotected.iter().map(|row| row.get(0)).collect();
        health.reachable_partitions = reachable.iter().map(|row| row.get(0)).collect();
        let login = self.lock_connection().await?;
        let row = login
            .query_one(
                "select session_user::text,
                     rolsuper or rolbypassrls
                         or pg_has_role(session_user, 'shelfops_owner', 'member')
                 from pg_roles where rolname = session_user",
                &[],
            )
            .await
            .map_err(&action)?;
        health.tenant_login = row.get(0);
        health.tenant_login_is_privileged = row.get(1);
        Ok(())
    }
}
