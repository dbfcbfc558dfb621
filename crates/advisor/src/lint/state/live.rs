//! Asks a live database what is there: columns, keys, indexes, sizes, row security.
//!
//! Catalogs only, in a transaction that cannot write. Partitions and chunks count to their table.

use std::collections::BTreeMap;

use shelfops_connection::{Address, AddressError};
use tokio_postgres::Client;

use super::{
    Birth, Kind, KnownColumn, KnownConstraint, KnownIndex, KnownKind, SchemaState, Size, Table,
};
use crate::lint::data_type::DataType;
use crate::lint::script::{Name, folded};

/// Schemas that are nobody's.
const SYSTEM: &str = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
    and n.nspname !~ '^_timescaledb'";

/// Why a database did not tell.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Its address cannot be used.
    #[error(transparent)]
    BadAddress(#[from] AddressError),
    /// It cannot be reached.
    #[error("the database cannot be reached")]
    Unreachable(#[source] tokio_postgres::Error),
    /// It did not answer.
    #[error("the database did not tell what is there")]
    Silent(#[source] tokio_postgres::Error),
}

/// Connects, and reads what is there.
///
/// # Errors
/// Says whether the database could not be reached or did not answer, or its address not be used.
pub async fn ask(url: &str) -> Result<SchemaState, AskError> {
    let address = Address::parse(url)?;
    let (mut client, connection) =
        address.config().connect(address.tls()).await.map_err(AskError::Unreachable)?;
    let asking = async {
        let state = read(&mut client).await;
        // Without the client the connection ends by itself.
        drop(client);
        state
    };
    let (state, _) = tokio::join!(asking, connection);
    state.map_err(AskError::Silent)
}

/// Reads what is there.
///
/// # Errors
/// Returns what the server or the connection said.
pub async fn read(client: &mut Client) -> Result<SchemaState, tokio_postgres::Error> {
    let transaction = client.build_transaction().read_only(true).start().await?;
    let version: i32 = transaction
        .query_one("select current_setting('server_version_num')::int", &[])
        .await?
        .get(0);
    let mut state = SchemaState {
        is_live: true,
        server_version: u32::try_from(version / 10_000).ok(),
        ..SchemaState::default()
    };
    let mut tables = tables(&transaction).await?;
    columns(&transaction, &mut tables).await?;
    constraints(&transaction, &mut tables).await?;
    indexes(&transaction, &mut tables).await?;
    policies(&transaction, &mut tables).await?;
    hypertables(&transaction, &mut tables).await?;
    roles_and_domains(&transaction, &mut state).await?;
    for (_, table) in tables {
        state.insert(table);
    }
    transaction.rollback().await?;
    Ok(state)
}

type Tables = BTreeMap<u32, Table>;
type Transaction<'c> = tokio_postgres::Transaction<'c>;

async fn tables(transaction: &Transaction<'_>) -> Result<Tables, tokio_postgres::Error> {
    let statement = format!(
        "select c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence = 't',
            c.relrowsecurity, c.relforcerowsecurity,
            pn.nspname::text, p.relname::text,
            array(select a.attname::text from pg_partitioned_table as pt
                join unnest(pt.partattrs) as key (attnum) on true
                join pg_attribute as a on a.attrelid = c.oid and a.attnum = key.attnum
                where pt.partrelid = c.oid),
            coalesce((select sum(greatest(leaf.reltuples, 0)) from pg_partition_tree(c.oid) as tree
                join pg_class as leaf on leaf.oid = tree.relid where tree.isleaf),
                greatest(c.reltuples, 0))::int8,
            coalesce((select sum(pg_total_relation_size(tree.relid))
                from pg_partition_tree(c.oid) as tree where tree.isleaf),
                pg_total_relation_size(c.oid))::int8,
            -- What is stored, or read by whoever asks, of tables that policies guard.
            (c.relkind = 'm' or coalesce(c.reloptions && array['security_invoker=true',
                'security_invoker=on', 'security_invoker=yes', 'security_invoker=1'], false))
                and exists (select from pg_rewrite as r
                    join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                    join pg_class as source on d.refclassid = 'pg_class'::regclass
                        and source.oid = d.refobjid
                    where r.ev_class = c.oid and source.relrowsecurity)
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        left join pg_inherits as i on i.inhrelid = c.oid and c.relispartition
        left join pg_class as p on p.oid = i.inhparent
        left join pg_namespace as pn on pn.oid = p.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and {SYSTEM}"
    );
    let rows = transaction.query(&statement, &[]).await?;
    let mut tables = Tables::new();
    for row in rows {
        let name = Name { schema: Some(row.get(1)), name: row.get(2) };
        let mut table = Table::new(name, Birth::Before);
        table.kind = match row.get::<_, &str>(3) {
            "v" => Kind::View,
            "m" => Kind::MaterializedView,
            _ => Kind::Table,
        };
        table.shows_guarded = row.get(12);
        table.is_temporary = row.get(4);
        table.has_row_security = row.get(5);
        table.is_row_security_forced = row.get(6);
        table.partition_of =
            row.get::<_, Option<String>>(8).map(|parent| Name { schema: row.get(7), name: parent });
        table.partition_columns = row.get(9);
        table.size = Some(Size { rows: row.get(10), bytes: row.get(11) });
        tables.insert(row.get(0), table);
    }
    Ok(tables)
}

async fn columns(
    transaction: &Transaction<'_>,
    tables: &mut Tables,
) -> Result<(), tokio_postgres::Error> {
    let statement = "select a.attrelid, a.attname::text, format_type(a.atttypid, a.atttypmod),
            a.attnotnull, s.n_distinct::float8,
            (select l.collname::text from pg_collation as l
                where l.oid = a.attcollation and l.oid <> t.typcollation)
        from pg_attribute as a
        join pg_type as t on t.oid = a.atttypid
        join pg_class as c on c.oid = a.attrelid
        join pg_namespace as n on n.oid = c.relnamespace
        left join pg_stats as s on s.schemaname = n.nspname and s.tablename = c.relname
            and s.attname = a.attname and s.inherited = (c.relkind = 'p')
        where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f')
        order by a.attrelid, a.attnum";
    for row in transaction.query(statement, &[]).await? {
        if let Some(table) = tables.get_mut(&row.get::<_, u32>(0)) {
            table.columns.push(KnownColumn {
                name: row.get(1),
                data_type: DataType::parse(row.get(2)),
                collation: row.get(5),
                is_required: row.get(3),
                // Zero says that nobody has looked.
                distinct: row.get::<_, Option<f64>>(4).filter(|distinct| *distinct != 0.0),
            });
        }
    }
    Ok(())
}

async fn constraints(
    transaction: &Transaction<'_>,
    tables: &mut Tables,
) -> Result<(), tokio_postgres::Error> {
    let statement = "select k.conrelid, k.conname::text, k.contype::text, k.convalidated,
            array(select a.attname::text from unnest(k.conkey) with ordinality as key (attnum, place)
                join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = key.attnum
                order by key.place),
            pg_get_constraintdef(k.oid),
            tn.nspname::text, t.relname::text,
            array(select a.attname::text from unnest(k.confkey) with ordinality as key (attnum, place)
                join pg_attribute as a on a.attrelid = k.confrelid and a.attnum = key.attnum
                order by key.place)
        from pg_constraint as k
        left join pg_class as t on t.oid = k.confrelid
        left join pg_namespace as tn on tn.oid = t.relnamespace
        where k.conrelid <> 0";
    for row in transaction.query(statement, &[]).await? {
        let Some(table) = tables.get_mut(&row.get::<_, u32>(0)) else { continue };
        let kind = match row.get::<_, &str>(2) {
            "p" => KnownKind::PrimaryKey,
            "u" => KnownKind::Unique,
            "n" => KnownKind::NotNull,
            "c" => {
                let text = row.get::<_, String>(5).to_lowercase();
                let text = text.trim_start_matches("check").trim_end_matches("not valid").trim();
                KnownKind::Check(text.to_owned())
            }
            "f" => {
                let to = Name { schema: row.get(6), name: row.get(7) };
                KnownKind::ForeignKey(to, row.get(8))
            }
            _ => KnownKind::Other,
        };
        table.constraints.push(KnownConstraint {
            name: row.get(1),
            kind,
            columns: row.get(4),
            is_valid: row.get(3),
        });
    }
    Ok(())
}

async fn indexes(
    transaction: &Transaction<'_>,
    tables: &mut Tables,
) -> Result<(), tokio_postgres::Error> {
    // indoption: 1 is descending, 2 is nulls first. Said as it would be written, without defaults.
    let statement = "select i.indrelid, n.nspname::text, c.relname::text, am.amname::text,
            i.indisunique, pg_get_expr(i.indpred, i.indrelid),
            exists (select from pg_constraint as k where k.conindid = i.indexrelid and k.contype in ('p', 'u')),
            array(select lower(pg_get_indexdef(i.indexrelid, place, true)
                    || coalesce((select format(' collate %I', l.collname)
                        from pg_attribute as a
                        join pg_collation as l on l.oid = i.indcollation[place - 1]
                        where a.attrelid = i.indrelid and a.attnum = i.indkey[place - 1]
                            and a.attcollation <> l.oid), '')
                    || case when not o.opcdefault then ' ' || o.opcname else '' end
                    || case i.indoption[place - 1] & 3 when 1 then ' desc nulls last' when 2 then ' nulls first'
                        when 3 then ' desc' else '' end)
                from generate_series(1, i.indnkeyatts) as place
                join pg_opclass as o on o.oid = i.indclass[place - 1]
                order by place),
            array(select pg_get_indexdef(i.indexrelid, place, true)
                from generate_series(i.indnkeyatts + 1, i.indnatts) as place)
        from pg_index as i
        join pg_class as c on c.oid = i.indexrelid
        join pg_am as am on am.oid = c.relam
        join pg_namespace as n on n.oid = c.relnamespace
        where i.indisvalid";
    for row in transaction.query(statement, &[]).await? {
        if let Some(table) = tables.get_mut(&row.get::<_, u32>(0)) {
            table.indexes.push(KnownIndex {
                name: Some(Name { schema: row.get(1), name: row.get(2) }),
                method: row.get(3),
                is_unique: row.get(4),
                condition: row.get::<_, Option<String>>(5).map(|text| folded(&text)),
                is_of_key: row.get(6),
                keys: row.get(7),
                included: row.get(8),
            });
        }
    }
    Ok(())
}

async fn policies(
    transaction: &Transaction<'_>,
    tables: &mut Tables,
) -> Result<(), tokio_postgres::Error> {
    for row in transaction.query("select polrelid, polname::text from pg_policy", &[]).await? {
        if let Some(table) = tables.get_mut(&row.get::<_, u32>(0)) {
            table.policies.push(row.get(1));
        }
    }
    Ok(())
}

/// Whom policies hold for, and which domains look at their values.
async fn roles_and_domains(
    transaction: &Transaction<'_>,
    state: &mut SchemaState,
) -> Result<(), tokio_postgres::Error> {
    let statement = format!(
        "select 'unbound', rolname::text from pg_roles where rolsuper or rolbypassrls
        union all
        select 'owner', pg_get_userbyid(c.relowner)::text from pg_class as c where c.relrowsecurity
        union all
        select 'bound', pg_get_userbyid(given.grantee)::text
        from pg_class as c, aclexplode(c.relacl) as given
        where c.relrowsecurity and given.grantee not in (0, c.relowner)
        union all
        select 'bound', pg_get_userbyid(meant)::text
        from pg_policy as p, unnest(p.polroles) as meant
        where meant <> 0
        union all
        select 'domain', format('%s.%s', n.nspname, t.typname)
        from pg_type as t
        join pg_namespace as n on n.oid = t.typnamespace
        where t.typtype = 'd' and {SYSTEM}
            and (t.typnotnull or exists (select from pg_constraint as k where k.contypid = t.oid))"
    );
    for row in transaction.query(&statement, &[]).await? {
        let known = match row.get::<_, &str>(0) {
            "unbound" => &mut state.roles.unbound,
            "owner" => &mut state.roles.owners,
            "bound" => &mut state.roles.bound,
            _ => &mut state.checked_domains,
        };
        known.insert(row.get(1));
    }
    Ok(())
}

/// TimescaleDB's own catalog, where it is there.
async fn hypertables(
    transaction: &Transaction<'_>,
    tables: &mut Tables,
) -> Result<(), tokio_postgres::Error> {
    let is_there: bool = transaction
        .query_one("select to_regclass('timescaledb_information.hypertables') is not null", &[])
        .await?
        .get(0);
    if !is_there {
        return Ok(());
    }
    let statement = "select to_regclass(format('%I.%I', h.hypertable_schema, h.hypertable_name))::oid,
            h.compression_enabled,
            array(select d.column_name::text from timescaledb_information.dimensions as d
                where d.hypertable_schema = h.hypertable_schema and d.hypertable_name = h.hypertable_name),
            (select sum(greatest(c.reltuples, 0))::int8 from timescaledb_information.chunks as k
                join pg_class as c on c.oid = to_regclass(format('%I.%I', k.chunk_schema, k.chunk_name))
                where k.hypertable_schema = h.hypertable_schema and k.hypertable_name = h.hypertable_name),
            (select sum(pg_total_relation_size(format('%I.%I', k.chunk_schema, k.chunk_name)::regclass))::int8
                from timescaledb_information.chunks as k
                where k.hypertable_schema = h.hypertable_schema and k.hypertable_name = h.hypertable_name)
        from timescaledb_information.hypertables as h";
    for row in transaction.query(statement, &[]).await? {
        let Some(oid) = row.get::<_, Option<u32>>(0) else { continue };
        if let Some(table) = tables.get_mut(&oid) {
            table.is_hypertable = true;
            table.is_compressed = row.get::<_, Option<bool>>(1).unwrap_or_default();
            table.partition_columns = row.get(2);
            let (rows, bytes): (Option<i64>, Option<i64>) = (row.get(3), row.get(4));
            table.size = Some(Size { rows: rows.unwrap_or(0), bytes: bytes.unwrap_or(0) });
        }
    }
    Ok(())
}
