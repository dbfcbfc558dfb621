//! How partitioned tables are cut: each of their partitions is indexed by itself.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use crate::indexes::{AdviceError, Catalog, Kind, doing};

/// A partition of a table, or of a partition of it.
#[derive(Clone, Debug)]
pub struct Partition {
    /// Its name, as SQL has it, with its schema.
    pub table: String,
    /// What it is a partition of.
    pub above: String,
    /// Whether it has partitions itself and no rows.
    pub is_cut: bool,
    /// Names that something in its schema has and that an index of it could get.
    pub taken: Vec<String>,
}

/// Partitions by the table they belong to, each behind the one that it is a partition of.
pub type Partitions = BTreeMap<String, Vec<Partition>>;

const BELOW: &str = "
    with recursive below as (
        select name as root, to_regclass(name)::oid as oid, null::oid as above, 0 as level
        from unnest($1::text[]) as name
        union all
        select below.root, inhrelid, below.oid, below.level + 1
        from below join pg_inherits on inhparent = below.oid
    )
    select below.root, format('%I.%I', own.nspname, relation.relname),
        format('%I.%I', its.nspname, upper_one.relname), relation.relkind = 'p',
        array(
            select other.relname::text
            from pg_class as other
            where other.relnamespace = relation.relnamespace
                and starts_with(other.relname::text, relation.relname::text))
    from below
    join pg_class as relation on relation.oid = below.oid
    join pg_namespace as own on own.oid = relation.relnamespace
    join pg_class as upper_one on upper_one.oid = below.above
    join pg_namespace as its on its.oid = upper_one.relnamespace
    where relation.relkind in ('r', 'p')
    order by below.root, below.level, relation.oid";

/// Asks how the tables that are cut are cut.
pub(super) async fn partitions(
    client: &Client,
    catalog: &Catalog,
) -> Result<Partitions, AdviceError> {
    let cut = catalog.tables.iter().filter(|table| table.kind == Kind::Partitioned);
    let tables: Vec<&str> = cut.map(|table| table.name.as_str()).collect();
    let rows = client.query(BELOW, &[&tables]).await.map_err(doing("look at partitions"))?;
    let mut found = Partitions::new();
    for row in rows {
        found.entry(row.get(0)).or_default().push(Partition {
            table: row.get(1),
            above: row.get(2),
            is_cut: row.get(3),
            taken: row.get(4),
        });
    }
    Ok(found)
}
