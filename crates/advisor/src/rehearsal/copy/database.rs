//! What belongs to a database and not to its tables: encoding, owner, rights, settings.

use shelfops_connection::Address;
use tokio_postgres::Client;

use super::error::doing;
use super::name::CopyName;
use super::{APPLICATION, CopyError, CopyKind};
use crate::rehearsal::tables::has_timescaledb;

/// Makes an empty database that sorts and compares as the source does.
pub(super) async fn make_empty(
    source: &Address,
    client: &Client,
    name: &CopyName,
) -> Result<(), CopyError> {
    // The provider's columns came with 15 and were renamed with 17; before, there is only the C library.
    let asked = "select format(
            'create database %I template template0 owner %I encoding %L lc_collate %L lc_ctype %L%s',
            $2::text, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype,
            case told->>'datlocprovider'
                when 'i' then format(' locale_provider icu icu_locale %L', locale)
                when 'b' then format(' locale_provider builtin builtin_locale %L', locale)
                else ''
            end)
        from pg_database, to_jsonb(pg_database) as told,
            coalesce(told->>'datlocale', told->>'daticulocale') as locale
        where datname = $1";
    let row = client
        .query_one(asked, &[&source.database(), &name.to_string()])
        .await
        .map_err(doing(format!("look how {} was made", source.database())))?;
    client.batch_execute(row.get(0)).await.map_err(doing(format!("create the database {name}")))
}

/// Gives the copy the rights and settings of the source: neither a template nor a dump hands them on.
pub(super) async fn copy_settings(
    source: &Address,
    client: &Client,
    name: &CopyName,
) -> Result<(), CopyError> {
    let rights = "select 0, format('revoke all on database %I from public', $2::text)
        from pg_database where datname = $1 and datacl is not null
        union all
        select 1, format('grant %s on database %I to %s%s', right_.privilege_type, $2::text,
            case right_.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(right_.grantee)) end,
            case when right_.is_grantable then ' with grant option' else '' end)
        from pg_database, aclexplode(datacl) as right_
        where datname = $1
        union all
        select 2, format('alter %s set %I = %s',
            case kept.setrole when 0 then format('database %I', $2::text)
                else format('role %I in database %I', pg_get_userbyid(kept.setrole), $2::text) end,
            split_part(setting, '=', 1),
            case when split_part(setting, '=', 1) in ('search_path', 'session_preload_libraries',
                    'local_preload_libraries', 'temp_tablespaces', 'DateStyle')
                then substr(setting, strpos(setting, '=') + 1)
                else quote_literal(substr(setting, strpos(setting, '=') + 1)) end)
        from pg_database
        join pg_db_role_setting as kept on kept.setdatabase = pg_database.oid
        cross join unnest(kept.setconfig) as setting
        where datname = $1
        order by 1";
    let statements = client
        .query(rights, &[&source.database(), &name.to_string()])
        .await
        .map_err(doing("read the rights on the database"))?;
    for row in statements {
        let statement: &str = row.get(1);
        client.batch_execute(statement).await.map_err(doing("give the copy the same rights"))?;
    }
    Ok(())
}

/// Readies a filled copy: statistics as the planner needs them, and no jobs that work on it by themselves.
pub(super) async fn settle(copy: &Address, kind: CopyKind) -> Result<(), CopyError> {
    let client = copy.connect(APPLICATION).await.map_err(|source| CopyError::Unreachable {
        database: copy.database().to_owned(),
        source,
    })?;
    if has_timescaledb(&client).await.map_err(doing("look for TimescaleDB"))? {
        stop_jobs(&client).await?;
    }
    // A clone has the source's statistics, where that has any.
    let unknown = "select exists (
            select from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
            where c.relkind = 'r' and c.reltuples < 0 and pg_relation_size(c.oid) > 0
                and n.nspname !~ '^(pg_|information_schema|_timescaledb)'
        )";
    let row = client.query_one(unknown, &[]).await.map_err(doing("look for statistics"))?;
    if kind != CopyKind::Clone {
        // Rows that were just loaded are not marked as visible to all: every index-only scan would look
        // each of them up.
        client.batch_execute("vacuum (analyze)").await.map_err(doing("vacuum the copy"))?;
    } else if row.get(0) {
        client.batch_execute("analyze").await.map_err(doing("analyse the copy"))?;
    }
    Ok(())
}

/// Retention and compression must not run on a copy while it is worked with.
async fn stop_jobs(client: &Client) -> Result<(), CopyError> {
    let statement = "do $$
        declare
            jobs regclass := coalesce(
                to_regclass('_timescaledb_config.bgw_job'), to_regclass('_timescaledb_catalog.bgw_job'));
        begin
            execute format('update %s set scheduled = false where scheduled', jobs);
            if to_regproc('_timescaledb_functions.stop_background_workers') is not null then
                perform _timescaledb_functions.stop_background_workers();
            end if;
        end
        $$";
    client.batch_execute(statement).await.map_err(doing("stop TimescaleDB's jobs on the copy"))
}
