//! The tables of a workload as the catalog knows them, partitions and chunks folded into their whole.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Client, Row};

use super::error::{AdviceError, doing};
use crate::plans::{Node, Plan, quoted};

/// Tables, each once, however many partitions the plans name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) tables: Vec<Table>,
    /// From the name in a plan, with its schema, to the table that it belongs to.
    by_name: BTreeMap<String, usize>,
    /// Functions that give any number of rows where others give a value.
    of_rows: BTreeSet<String>,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) oid: u32,
    /// As SQL names it, with its schema.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// What holds its rows: itself, or its partitions or chunks.
    pub(crate) parts: Vec<Part>,
    pub(crate) columns: Vec<Column>,
    pub(crate) indexes: Vec<Existing>,
    /// Columns by which it is cut into parts.
    pub(crate) cut_by: Vec<String>,
    pub(crate) has_row_security: bool,
    /// Rows that were written, as far back as the server counts.
    pub(crate) written: f64,
}

/// What a table is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Itself.
    #[default]
    Plain,
    /// Declared partitions.
    Partitioned,
    /// Chunks, which are children by inheritance.
    Hypertable,
    /// Children by inheritance.
    Inherited,
}

/// What holds rows.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) rows: f64,
    pub(crate) pages: f64,
}

/// A column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) type_name: String,
    pub(crate) is_required: bool,
    /// Bytes on average.
    pub(crate) width: f64,
    /// Values that differ, where that is known.
    pub(crate) distinct: Option<f64>,
    /// How the order of values goes with that of rows.
    pub(crate) correlation: f64,
    /// Whether its text is compared byte by byte, so that a prefix is a range.
    pub(crate) is_bytewise: bool,
}

/// An index that is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Existing {
    pub(crate) oid: u32,
    /// As SQL names it, with its schema.
    pub(crate) name: String,
    pub(crate) definition: String,
    pub(crate) method: String,
    /// What it is ordered by, each with its direction as the server writes it.
    pub(crate) keys: Vec<String>,
    pub(crate) included: Vec<String>,
    pub(crate) predicate: Option<String>,
    pub(crate) is_unique: bool,
    pub(crate) is_valid: bool,
    /// Whether a constraint, a replica's identity or an inherited index needs it.
    pub(crate) is_needed: bool,
    pub(crate) bytes: f64,
    pub(crate) scans: i64,
}

/// Each named table with the one at the top of what it is a part of.
const ROOTS: &str = "
    with recursive above as (
        select name, to_regclass(name)::oid as oid, 0 as level
        from unnest($1::text[]) as name
        where to_regclass(name) is not null
        union all
        select above.name, inhparent, above.level + 1
        from above join pg_inherits on inhrelid = above.oid
    )
    select distinct on (name) name, oid from above order by name, level desc";

const TABLES: &str = "
    select tables.oid, format('%I.%I', nspname, relname), relkind::text,
        exists (select from pg_inherits where inhparent = tables.oid),
        array(
            select attname::text
            from pg_partitioned_table
            join pg_attribute on attrelid = partrelid and attnum = any (partattrs::int2[])
            where partrelid = tables.oid),
        relrowsecurity
    from pg_class as tables
    join pg_namespace as namespace on namespace.oid = relnamespace
    where tables.oid = any ($1)
    order by tables.oid";

const PARTS: &str = "
    with recursive below as (
        select root, root as oid from unnest($1::oid[]) as root
        union all
        select below.root, inhrelid from below join pg_inherits on inhparent = below.oid
    )
    -- Below nothing it was never analyzed: then the counters of what came in say more.
    select below.root, format('%I.%I', nspname, parts.relname),
        case when reltuples < 0 then coalesce(n_live_tup, 0) else reltuples end::float8,
        (pg_relation_size(parts.oid) / current_setting('block_size')::bigint)::float8,
        (coalesce(n_tup_ins, 0) + coalesce(n_tup_upd - n_tup_hot_upd, 0)
            + coalesce(n_tup_del, 0))::float8
    from below
    join pg_class as parts on parts.oid = below.oid
    join pg_namespace as namespace on namespace.oid = relnamespace
    left join pg_stat_all_tables as stats on stats.relid = parts.oid
    where relkind in ('r', 'm')
    order by below.root, parts.oid";

/// Statistics of the whole where somebody gathered them, else those of the fullest part.
const COLUMNS: &str = "
    with recursive below as (
        select root, root as oid, 0 as level from unnest($1::oid[]) as root
        union all
        select below.root, inhrelid, 1 from below join pg_inherits on inhparent = below.oid
    ), known as (
        select distinct on (below.root, stats.attname) below.root, stats.attname, stats.avg_width,
            stats.n_distinct, stats.correlation, parts.reltuples
        from below
        join pg_class as parts on parts.oid = below.oid
        join pg_namespace as namespace on namespace.oid = parts.relnamespace
        join pg_stats as stats
            on stats.schemaname = namespace.nspname and stats.tablename = parts.relname
        order by below.root, stats.attname, below.level, stats.inherited desc, parts.reltuples desc
    )
    select attribute.attrelid, attribute.attname::text,
        format_type(attribute.atttypid, attribute.atttypmod), attribute.attnotnull,
        coalesce(known.avg_width, nullif(attribute.attlen, -1), 16)::float8,
        known.n_distinct::float8, coalesce(known.correlation, 0)::float8,
        coalesce(collation_.collname in ('C', 'POSIX')
            or collation_.collname = 'default' and (
                select datcollate in ('C', 'POSIX')
                from pg_database where datname = current_database()), false)
    from pg_attribute as attribute
    left join pg_collation as collation_ on collation_.oid = attribute.attcollation
    left join known
        on known.root = attribute.attrelid and known.attname = attribute.attname
    where attribute.attrelid = any ($1) and attribute.attnum > 0 and not attribute.attisdropped
    order by attribute.attrelid, attribute.attnum";

const INDEXES: &str = "
    with recursive below as (
        select indexrelid as root, indexrelid as oid from pg_index where indrelid = any ($1)
        union all
        select below.root, inhrelid from below join pg_inherits on inhparent = below.oid
    ), sizes as (
        select below.root, sum(pg_relation_size(below.oid))::float8 as bytes,
            sum(coalesce(idx_scan, 0))::bigint as scans
        from below
        left join pg_stat_all_indexes as stats on stats.indexrelid = below.oid
        group by below.root
    )
    select indexed.indrelid, indexes.oid, format('%I.%I', nspname, indexes.relname),
        pg_get_indexdef(indexes.oid), method.amname::text,
        array(
            select pg_get_indexdef(indexes.oid, place, true)
                || coalesce((
                    select ' collate ' || quote_ident(collname)
                    from pg_attribute
                    join pg_collation as ordered on ordered.oid = indexed.indcollation[place - 1]
                    where attrelid = indexed.indrelid and attnum = indexed.indkey[place - 1]
                        and attcollation <> ordered.oid), '')
                || coalesce((
                    select ' ' || opcname
                    from pg_opclass
                    where oid = indexed.indclass[place - 1] and not opcdefault), '')
                || case when indexed.indoption[place - 1] & 1 = 1 then ' desc' else '' end
                || case
                    when indexed.indoption[place - 1] & 3 = 1 then ' nulls last'
                    when indexed.indoption[place - 1] & 3 = 2 then ' nulls first'
                    else ''
                end
            from generate_series(1, indexed.indnkeyatts::integer) as place),
        array(
            select pg_get_indexdef(indexes.oid, place, true)
            from generate_series(indexed.indnkeyatts + 1, indexed.indnatts::integer) as place),
        pg_get_expr(indexed.indpred, indexed.indrelid), indexed.indisunique,
        indexed.indisvalid and indexed.indisready,
        indexed.indisprimary or indexed.indisreplident or indexed.indisexclusion
            or indexed.indisclustered
            or exists (select from pg_constraint where conindid = indexes.oid)
            or exists (select from pg_inherits where inhrelid = indexes.oid),
        sizes.bytes, sizes.scans
    from pg_index as indexed
    join pg_class as indexes on indexes.oid = indexed.indexrelid
    join pg_namespace as namespace on namespace.oid = indexes.relnamespace
    join pg_am as method on method.oid = indexes.relam
    join sizes on sizes.root = indexes.oid
    where indexed.indrelid = any ($1)
    order by indexed.indrelid, indexes.relname";

/// Hypertables, where TimescaleDB is there and may be asked.
const HYPERTABLES: &str = "
    select relation.oid,
        array(
            select dimension.column_name::text
            from _timescaledb_catalog.dimension as dimension
            where dimension.hypertable_id = hypertable.id)
    from _timescaledb_catalog.hypertable as hypertable
    join pg_namespace as namespace on namespace.nspname = hypertable.schema_name
    join pg_class as relation
        on relation.relnamespace = namespace.oid and relation.relname = hypertable.table_name
    where relation.oid = any ($1)";

impl Catalog {
    /// Asks a database about all tables that some plans read.
    pub(crate) async fn gather(client: &Client, plans: &[&Plan]) -> Result<Self, AdviceError> {
        let mut names: Vec<String> =
            plans.iter().flat_map(|plan| plan.nodes.iter()).filter_map(Node::table).collect();
        names.sort();
        names.dedup();
        Self::of(client, &names).await
    }

    /// Asks a database about tables by their names.
    pub(crate) async fn of(client: &Client, names: &[String]) -> Result<Self, AdviceError> {
        let action = doing("look at the tables of the workload");
        let roots = client.query(ROOTS, &[&names]).await.map_err(&action)?;
        let roots: Vec<(String, u32)> = roots.iter().map(|row| (row.get(0), row.get(1))).collect();
        let mut oids: Vec<u32> = roots.iter().map(|(_, oid)| *oid).collect();
        oids.sort_unstable();
        oids.dedup();
        let mut catalog = Self::default();
        for row in client.query(TABLES, &[&oids]).await.map_err(&action)? {
            catalog.tables.push(table(&row));
        }
        for row in client.query(PARTS, &[&oids]).await.map_err(&action)? {
            catalog.add_part(&row);
        }
        for row in client.query(COLUMNS, &[&oids]).await.map_err(&action)? {
            if let Some(table) = catalog.find(row.get(0)) {
                let column = column(&row, table.rows());
                table.columns.push(column);
            }
        }
        for row in client.query(INDEXES, &[&oids]).await.map_err(&action)? {
            if let Some(table) = catalog.find(row.get(0)) {
                table.indexes.push(existing(&row));
            }
        }
        catalog.hypertables(client, &oids).await?;
        let of_rows = "select distinct proname::text from pg_proc where proretset";
        let of_rows = client.query(of_rows, &[]).await.map_err(&action)?;
        catalog.of_rows = of_rows.iter().map(|row| row.get(0)).collect();
        catalog.by_name = roots
            .into_iter()
            .filter_map(|(name, oid)| {
                Some((name, catalog.tables.iter().position(|table| table.oid == oid)?))
            })
            .collect();
        Ok(catalog)
    }

    /// Returns the place of the table that a node of a plan reads.
    pub(crate) fn place(&self, node: &Node) -> Option<usize> {
        self.by_name.get(&node.table()?).copied()
    }

    /// Returns a table by its place.
    pub(crate) fn table(&self, place: usize) -> Option<&Table> {
        self.tables.get(place)
    }

    /// Whether a plan names a table or a part of one.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Whether a statement that reads a name reads one of these tables, or a part of one.
    pub(crate) fn has(&self, said: &str) -> bool {
        let said = if said.contains('"') { said.to_owned() } else { said.to_lowercase() };
        let mut known = self.tables.iter().map(|table| &table.name).chain(self.by_name.keys());
        known.any(|name| *name == said || name.rsplit('.').next() == Some(said.as_str()))
    }

    /// Whether a function of a name gives any number of rows.
    pub(crate) fn gives_rows(&self, function: &str) -> bool {
        self.of_rows.contains(function)
    }

    /// Returns a table by its name.
    pub(crate) fn named(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    fn find(&mut self, oid: u32) -> Option<&mut Table> {
        self.tables.iter_mut().find(|table| table.oid == oid)
    }

    fn add_part(&mut self, row: &Row) {
        let Some(table) = self.find(row.get(0)) else { return };
        table.written += row.get::<_, f64>(4);
        let part = Part { name: row.get(1), rows: row.get(2), pages: row.get(3) };
        // The top of an inheritance tree is a table too; a hypertable's never has rows.
        let is_empty_top =
            part.name == table.name && table.kind != Kind::Plain && part.pages == 0.0;
        if !is_empty_top {
            table.parts.push(part);
        }
    }

    async fn hypertables(&mut self, client: &Client, oids: &[u32]) -> Result<(), AdviceError> {
        let action = doing("look for hypertables");
        let may_ask = "
            select coalesce(has_table_privilege(
                    to_regclass('_timescaledb_catalog.dimension'), 'select'), false)
                and coalesce(has_table_privilege(
                    to_regclass('_timescaledb_catalog.hypertable'), 'select'), false)";
        if !client.query_one(may_ask, &[]).await.map_err(&action)?.get::<_, bool>(0) {
            return Ok(());
        }
        for row in client.query(HYPERTABLES, &[&oids]).await.map_err(&action)? {
            if let Some(table) = self.find(row.get(0)) {
                table.kind = Kind::Hypertable;
                table.cut_by = row.get(1);
            }
        }
        Ok(())
    }
}

impl Table {
    /// Returns how many rows it has, as its parts were last counted.
    pub(crate) fn rows(&self) -> f64 {
        self.parts.iter().map(|part| part.rows).sum()
    }

    /// Returns how many pages it has.
    pub(crate) fn pages(&self) -> f64 {
        self.parts.iter().map(|part| part.pages).sum()
    }

    /// Returns a column.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns how many different values a column has; nothing is known without statistics.
    pub(crate) fn distinct(&self, name: &str) -> Option<f64> {
        self.column(name)?.distinct
    }

    /// Returns how wide its rows are.
    pub(crate) fn width(&self) -> f64 {
        self.columns.iter().map(|column| column.width).sum()
    }
}

fn table(row: &Row) -> Table {
    let kind: String = row.get(2);
    let kind = match (kind.as_str(), row.get(3)) {
        ("p", _) => Kind::Partitioned,
        (_, true) => Kind::Inherited,
        _ => Kind::Plain,
    };
    Table {
        oid: row.get(0),
        name: row.get(1),
        kind,
        cut_by: row.get(4),
        has_row_security: row.get(5),
        ..Table::default()
    }
}

fn column(row: &Row, rows: f64) -> Column {
    let distinct: Option<f64> = row.get(5);
    Column {
        name: row.get(1),
        type_name: row.get(2),
        is_required: row.get(3),
        width: row.get(4),
        distinct: distinct
            .map(|distinct| if distinct < 0.0 { -distinct * rows } else { distinct })
            .filter(|distinct| *distinct > 0.0),
        correlation: row.get(6),
        is_bytewise: row.get(7),
    }
}

fn existing(row: &Row) -> Existing {
    Existing {
        oid: row.get(1),
        name: row.get(2),
        definition: row.get(3),
        method: row.get(4),
        keys: row.get(5),
        included: row.get(6),
        predicate: row.get(7),
        is_unique: row.get(8),
        is_valid: row.get(9),
        is_needed: row.get(10),
        bytes: row.get(11),
        scans: row.get(12),
    }
}

impl Existing {
    /// Whether it serves whatever a candidate would.
    pub(crate) fn serves(&self, index: &super::Index) -> bool {
        let mut pairs = self.keys.iter().zip(&index.keys);
        let begins =
            self.keys.len() >= index.keys.len() && pairs.all(|(held, key)| key.is_held_as(held));
        let held: Vec<&str> = self
            .keys
            .iter()
            .chain(&self.included)
            .map(|key| key.split(' ').next().unwrap_or_default())
            .collect();
        self.is_valid
            && self.method == index.method.name()
            && begins
            && (self.predicate.is_none() || self.predicate == index.predicate)
            && index.included.iter().all(|wanted| held.contains(&quoted(wanted).as_str()))
    }
}
