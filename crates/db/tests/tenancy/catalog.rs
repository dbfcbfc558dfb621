//! What the catalog says of tenants' tables: the attacks follow it, so that new ones are attacked too.

use tokio_postgres::Client;

/// A table of tenants, or the view that stands for one, as the program names it.
#[derive(Clone, Debug)]
pub(crate) struct TenantRelation {
    /// `public.stores`.
    pub(crate) name: String,
    /// Where its rows are: the table itself, or the one behind the view.
    pub(crate) storage: String,
    /// Its columns.
    pub(crate) columns: Vec<String>,
}

/// A foreign key between tables of tenants.
#[derive(Clone, Debug)]
pub(crate) struct ForeignKey {
    /// What names it in a refusal: its own name where it is declared, else the column.
    pub(crate) name: String,
    /// The table that refers, as the program names it.
    pub(crate) child: String,
    /// The table that is referred to.
    pub(crate) parent: String,
    /// The columns that refer, as `(theirs, the parent's)`, without the tenant's.
    pub(crate) columns: Vec<(String, String)>,
}

/// Returns every table and view in `public` that has the tenant's column.
pub(crate) async fn tenant_relations(client: &Client) -> Vec<TenantRelation> {
    let rows = client
        .query(
            "select format('public.%I', relname),
                 -- The superuser sees every tenant's rows in a table, but not through a guard view.
                 format('%I.%I', case relkind when 'v' then 'timeseries' else 'public' end, relname),
                 array(
                     select attname::text from pg_attribute
                     where attrelid = pg_class.oid and attnum > 0 and not attisdropped
                     order by attnum
                 )
             from pg_class
             where relnamespace = 'public'::regnamespace
                 and relkind in ('r', 'p', 'v', 'm', 'f')
                 and not relispartition
                 and exists (
                     select from pg_attribute
                     where attrelid = pg_class.oid and attname = 'customer_id' and not attisdropped
                 )
             order by 1",
            &[],
        )
        .await
        .unwrap();
    // An attack on nothing would succeed.
    assert!(rows.len() > 20, "{} tables of tenants", rows.len());
    rows.iter()
        .map(|row| TenantRelation { name: row.get(0), storage: row.get(1), columns: row.get(2) })
        .collect()
}

/// Returns every other table that the database has besides the server's own and the extension's, as it is
/// named, and whether it has the tenant's column.
pub(crate) async fn other_tables(client: &Client) -> Vec<(String, bool)> {
    let rows = client
        .query(
            "select format('%I.%I', nspname, relname),
                 exists (
                     select from pg_attribute
                     where attrelid = pg_class.oid and attname = 'customer_id' and not attisdropped
                 )
             from pg_class join pg_namespace on pg_namespace.oid = relnamespace
             where relkind in ('r', 'p')
                 and nspname !~ '^(pg_|_?timescaledb_)'
                 and nspname <> 'information_schema'
                 -- Partitions and chunks show in the table that they are of.
                 and not exists (select from pg_inherits where inhrelid = pg_class.oid)
             order by 1",
            &[],
        )
        .await
        .unwrap();
    let theirs = tenant_relations(client).await;
    rows.iter()
        .map(|row| (row.get(0), row.get(1)))
        .filter(|(name, _)| theirs.iter().all(|relation| relation.storage != *name))
        .collect()
}

/// Returns every reference between tables of tenants: those that are declared, and those of time
/// series, which triggers keep.
pub(crate) async fn references(client: &Client) -> Vec<ForeignKey> {
    let rows = client
        .query(
            "select conname::text, conrelid::regclass::text, confrelid::regclass::text,
                 array_agg(child.attname::text order by place),
                 array_agg(parent.attname::text order by place)
             from pg_constraint
             cross join lateral unnest(conkey, confkey) with ordinality as pair (key, target, place)
             join pg_attribute as child on child.attrelid = conrelid and child.attnum = key
             join pg_attribute as parent on parent.attrelid = confrelid and parent.attnum = target
             where contype = 'f'
                 and connamespace = 'public'::regnamespace
                 and child.attname <> 'customer_id'
             group by pg_constraint.oid, conname, conrelid, confrelid
             order by 2, 3, 1",
            &[],
        )
        .await
        .unwrap();
    let mut found: Vec<ForeignKey> = rows
        .iter()
        .map(|row| ForeignKey {
            name: row.get(0),
            child: row.get(1),
            parent: row.get(2),
            columns: row
                .get::<_, Vec<String>>(3)
                .into_iter()
                .zip(row.get::<_, Vec<_>>(4))
                .collect(),
        })
        .collect();
    assert!(found.len() > 20, "{} declared keys", found.len());
    for child in ["transactions", "inventory_levels"] {
        for (parent, key) in [("stores", "store_id"), ("products", "product_id")] {
            found.push(ForeignKey {
                name: key.to_owned(),
                child: child.to_owned(),
                parent: parent.to_owned(),
                columns: vec![(key.to_owned(), key.to_owned())],
            });
        }
    }
    found
}

/// Returns the columns of each unique key of a table.
pub(crate) async fn keys(client: &Client, relation: &TenantRelation) -> Vec<String> {
    let rows = client
        .query(
            "select string_agg(quote_ident(attname), ', ' order by place)
             from pg_index
             cross join lateral unnest(indkey::int2[]) with ordinality as part (key, place)
             join pg_attribute on attrelid = indrelid and attnum = key
             where indrelid = $1::text::regclass and indisunique
             group by indexrelid",
            &[&relation.storage],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Returns everything else that could hold rows: leaves, chunks, hypertables and tables of the
/// product itself, as schema and name.
pub(crate) async fn hidden_relations(client: &Client) -> Vec<(String, String)> {
    let rows = client
        .query(
            "select nspname::text, relname::text
             from pg_class join pg_namespace on pg_namespace.oid = relnamespace
             where relkind in ('r', 'p', 'v', 'm', 'f')
                 -- Whatever schema the product makes, but the one of tenants' tables.
                 and (nspname !~ '^(pg_|_?timescaledb_)'
                         and nspname not in ('public', 'information_schema')
                     or nspname = '_timescaledb_internal'
                         and relname ~ '^(_hyper_|_materialized_|_compressed_|compress_|_partial_|_direct_)'
                     or relispartition)
             order by 1, 2",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
