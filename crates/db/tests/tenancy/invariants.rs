//! What the catalog must say, whatever attacks find.

use shelfops_db::Engine;
use tokio_postgres::Client;

use super::retailers::on_every_engine;

/// Tables in `public` that no tenant owns: there are none, and one that is needed is named here.
const WITHOUT_TENANT: [&str; 0] = [];

/// Returns what a query finds, line by line: each line is a fault.
async fn faults(client: &Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn assert_none(client: &Client, what: &str, sql: &str) {
    let faults = faults(client, sql).await;
    assert!(faults.is_empty(), "{what}: {faults:?}");
}

#[tokio::test]
async fn every_table_in_public_belongs_to_tenants() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        let without = "select relname::text from pg_class
                       where relnamespace = 'public'::regnamespace
                           and relkind in ('r', 'p', 'v', 'm', 'f')
                           and not exists (
                               select from pg_attribute
                               where attrelid = pg_class.oid and attname = 'customer_id'
                                   and attnotnull = (relkind in ('r', 'p'))
                                   and atttypid = 'uuid'::regtype
                           )";
        assert_eq!(faults(&client, without).await, WITHOUT_TENANT);
    })
    .await;
}

#[tokio::test]
async fn every_table_of_tenants_has_forced_row_security_and_one_policy_for_all() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        assert_none(
            &client,
            "row security",
            "select relname::text from pg_class
             where relnamespace = 'public'::regnamespace
                 and relkind in ('r', 'p')
                 and not (relrowsecurity and relforcerowsecurity)",
        )
        .await;
        assert_none(
            &client,
            "policies",
            "select format('%s: %s', relname, count(pg_policy))
             from pg_class left join pg_policy on polrelid = pg_class.oid
             where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
             group by relname
             having count(pg_policy) <> 1
                 or not bool_and(polpermissive and polcmd = '*' and polroles = array[0::oid])
                 or not bool_and(pg_get_expr(polqual, polrelid) = pg_get_expr(polwithcheck, polrelid))
                 or not bool_and(pg_get_expr(polqual, polrelid) like
                     '(customer_id = ( SELECT shelfops.current_customer_id()%')",
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn every_view_is_a_barrier_over_what_tenants_cannot_name() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        let views = "select relname::text from pg_class
                     where relnamespace = 'public'::regnamespace and relkind = 'v' order by 1";
        let expected: &[&str] = match fixture.engine {
            Engine::Native | Engine::Citus => &[],
            Engine::TimescaleApache => &["inventory_levels", "transactions"],
            Engine::Timescale => {
                &["daily_sales", "hourly_sales", "inventory_levels", "transactions"]
            }
        };
        assert_eq!(faults(&client, views).await, expected);
        assert_none(
            &client,
            "guard views",
            "select relname::text
             from pg_class
             left join pg_views on schemaname = 'public' and viewname = relname
             where relnamespace = 'public'::regnamespace
                 and relkind = 'v'
                 and not (
                     'security_barrier=true' = any (reloptions)
                     and pg_get_userbyid(relowner) = 'shelfops_owner'
                     -- What rows can be written through checks them.
                     and (pg_relation_is_updatable(pg_class.oid, false) = 0
                         or 'check_option=cascaded' = any (reloptions))
                     and definition like
                         '%customer_id = ( SELECT shelfops.current_customer_id()%'
                     and definition not like '% OR %'
                     and exists (
                         select from pg_depend
                         join pg_rewrite on pg_rewrite.oid = pg_depend.objid
                         where ev_class = pg_class.oid
                             and refclassid = 'pg_class'::regclass
                             and refobjid in (
                                 select oid from pg_class
                                 where relnamespace = 'timeseries'::regnamespace)
                     )
                 )",
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn tenants_roles_have_no_rights_where_rows_are_not_guarded() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        for role in ["shelfops_app", "shelfops_readonly", "public"] {
            assert_none(
                &client,
                role,
                &format!(
                    "select format('%I.%I', nspname, relname)
                     from pg_class join pg_namespace on pg_namespace.oid = relnamespace
                     where relkind in ('r', 'p', 'v', 'm', 'f')
                         and (nspname !~ '^(pg_|_?timescaledb_)'
                                 and nspname not in ('public', 'information_schema', 'shelfops')
                             or relispartition
                             or nspname = '_timescaledb_internal'
                                 and relname ~ '^(_hyper_|_materialized_|_compressed_|compress_)')
                         and has_any_column_privilege('{role}', pg_class.oid,
                             'select, insert, update, references')"
                ),
            )
            .await;
            assert_none(
                &client,
                role,
                &format!(
                    "select schema_name from unnest(array['timeseries', 'shelfops_ledger']) as schema_name
                     where has_schema_privilege('{role}', schema_name, 'usage, create')
                     union all
                     select nspname::text from pg_namespace
                     where has_schema_privilege('{role}', oid, 'create') and nspname !~ '^pg_temp'"
                ),
            )
            .await;
        }
        assert_none(
            &client,
            "rights of everybody",
            "select relname::text from pg_class
             where relnamespace in ('public'::regnamespace, 'shelfops'::regnamespace)
                 and has_any_column_privilege('public', oid, 'select, insert, update, references')",
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn what_tenants_roles_may_do_to_each_table_is_no_more_than_reading_and_writing_rows() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        assert_none(
            &client,
            "too many rights",
            "select format('%s %s %s', grantee::regrole, privilege_type, relname)
             from pg_class, aclexplode(relacl)
             where relnamespace in ('public'::regnamespace, 'shelfops'::regnamespace)
                 and grantee in ('shelfops_app'::regrole, 'shelfops_readonly'::regrole)
                 and (is_grantable
                     or privilege_type in ('TRUNCATE', 'TRIGGER', 'REFERENCES')
                     or (grantee = 'shelfops_readonly'::regrole and privilege_type <> 'SELECT'))",
        )
        .await;
        // What is written by triggers alone, or never changed.
        assert_none(
            &client,
            "kept by triggers",
            "select format('%s %s', privilege_type, relname)
             from pg_class, aclexplode(relacl)
             where relnamespace = 'public'::regnamespace
                 and grantee = 'shelfops_app'::regrole
                 and (relname in ('daily_sales', 'hourly_sales', 'latest_inventory')
                         and privilege_type <> 'SELECT'
                     or relname = 'audit_log' and privilege_type in ('UPDATE', 'DELETE')
                     or relname = 'customers' and privilege_type = 'DELETE')",
        )
        .await;
        // Secrets are not for ad-hoc reading.
        assert_none(
            &client,
            "secrets",
            "select relname::text from pg_class
             where relname in ('api_keys', 'integrations', 'webhook_events')
                 and has_any_column_privilege('shelfops_readonly', oid, 'select')",
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn keys_of_tenants_tables_start_with_the_tenant() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        assert_none(
            &client,
            "keys",
            "select format('%s %s', conrelid::regclass, conname)
             from pg_constraint
             join pg_class on pg_class.oid = conrelid
             join pg_attribute on attrelid = conrelid and attnum = conkey[1]
             where contype in ('p', 'u', 'f')
                 and relnamespace in ('public'::regnamespace, 'timeseries'::regnamespace)
                 and attname <> 'customer_id'",
        )
        .await;
        assert_none(
            &client,
            "tables without a primary key",
            "select relname::text from pg_class
             where relkind in ('r', 'p') and not relispartition
                 and relnamespace = 'public'::regnamespace
                 and not exists (
                     select from pg_constraint where conrelid = pg_class.oid and contype = 'p')",
        )
        .await;
        assert_none(
            &client,
            "references to tenants' tables without their tenant",
            "select format('%s %s', conrelid::regclass, conname)
             from pg_constraint
             join pg_attribute on attrelid = confrelid and attnum = confkey[1]
             where contype = 'f'
                 and connamespace = 'public'::regnamespace
                 and attname <> 'customer_id'",
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn an_index_stands_behind_every_foreign_key() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        assert_none(
            &client,
            "foreign keys without an index",
            "select format('%s %s', conrelid::regclass, conname)
             from pg_constraint
             where contype = 'f'
                 and connamespace = 'public'::regnamespace
                 and not exists (
                     select from pg_index
                     where indrelid = conrelid
                         -- Its first columns are those of the key, in whatever order.
                         and (indkey::int2[])[0:cardinality(conkey) - 1] @> conkey
                         and indisvalid
                 )",
        )
        .await;
        // The references that triggers keep look children up as a declared key would.
        for child in ["transactions", "inventory_levels"] {
            for key in ["store_id", "product_id"] {
                let index = format!(
                    "select count(*) from pg_index
                     join pg_attribute on attrelid = indrelid and attnum = (indkey::int2[])[1]
                     where indrelid = shelfops.timeseries_storage('{child}') and attname = '{key}'
                         and (indkey::int2[])[0] = 1"
                );
                let count: i64 = client.query_one(&index, &[]).await.unwrap().get(0);
                assert!(count > 0, "{child} {key}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn tenants_roles_own_nothing_and_are_nobody_special() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        assert_none(
            &client,
            "powers",
            "select rolname::text from pg_roles
             where rolname in ('shelfops_app', 'shelfops_readonly', 'shelfops_owner')
                 and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)",
        )
        .await;
        assert_none(
            &client,
            "memberships",
            "select format('%s of %s', member::regrole, roleid::regrole) from pg_auth_members
             where member in ('shelfops_app'::regrole, 'shelfops_readonly'::regrole,
                 'shelfops_owner'::regrole)",
        )
        .await;
        assert_none(
            &client,
            "possessions",
            "select format('%s %s', refobjid::regrole, classid::regclass)
             from pg_shdepend
             where refobjid in ('shelfops_app'::regrole, 'shelfops_readonly'::regrole)
                 and deptype = 'o'
                 and dbid = (select oid from pg_database where datname = current_database())",
        )
        .await;
        assert_none(
            &client,
            "rights on the database",
            "select right_name from unnest(array['create', 'temporary']) as right_name
             where has_database_privilege('shelfops_readonly', current_database(), right_name)
             union all
             select 'create' where has_database_privilege('shelfops_app', current_database(), 'create')",
        )
        .await;
        assert_none(
            &client,
            "defaults",
            "select 'shelfops_readonly may write' where not exists (
                 select from pg_db_role_setting
                 where setrole = 'shelfops_readonly'::regrole and setdatabase = 0
                     and 'default_transaction_read_only=on' = any (setconfig))",
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn the_program_sees_no_fault_either() {
    on_every_engine(async |fixture| {
        let health = fixture.database.health().await.unwrap();
        assert!(health.is_migrated);
        assert_eq!(health.tenant_login.as_deref(), Some("shelfops_app"));
        assert!(!health.tenant_login_is_privileged);
        assert!(health.unprotected_tables.is_empty(), "{:?}", health.unprotected_tables);
        assert!(health.reachable_partitions.is_empty(), "{:?}", health.reachable_partitions);
    })
    .await;
}
