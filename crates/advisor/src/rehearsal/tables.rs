//! The tables of a database with their columns, keys and references, as copying and working with them needs.
//!
//! Partitions and chunks are no tables here: they belong to the table that people name.

use std::collections::BTreeMap;

use tokio_postgres::{Error, GenericClient};

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its number in the catalog.
    pub oid: u32,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// How its rows are kept.
    pub shape: Shape,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// The columns that name a row: the primary key's, or those of another unique key without nulls.
    pub key: Vec<String>,
    /// About how many rows it has.
    pub rows: i64,
    /// How many bytes it takes with its indexes.
    pub bytes: i64,
}

/// How a table's rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// In the table itself.
    Plain,
    /// In declared partitions.
    Partitioned,
    /// In chunks that TimescaleDB makes.
    Hypertable,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as it is written.
    pub data_type: String,
    /// Whether it must have a value.
    pub is_required: bool,
    /// Whether the server computes it from others.
    pub is_generated: bool,
    /// Whether the server counts it on, by itself or by a default.
    pub has_default: bool,
}

/// A foreign key.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The table that has it.
    pub from: u32,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table it refers to.
    pub to: u32,
    /// The columns there.
    pub to_columns: Vec<String>,
}

impl Table {
    /// Returns the name as SQL has it.
    pub fn quoted(&self) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(&self.name))
    }

    /// Returns the name as people have it.
    pub fn shown(&self) -> String {
        match self.schema.as_str() {
            "public" => self.name.clone(),
            schema => format!("{schema}.{}", self.name),
        }
    }

    /// Returns what reads its rows and no others: a plain table's heirs are tables of their own.
    pub fn source(&self) -> String {
        match self.shape {
            Shape::Plain => format!("only {}", self.quoted()),
            Shape::Partitioned | Shape::Hypertable => self.quoted(),
        }
    }

    /// Returns a column.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Quotes a name.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a text.
pub fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') {
        format!("e'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// Joins quoted names with commas, each behind a prefix such as `t.`.
pub fn identifiers<'n>(prefix: &str, names: impl IntoIterator<Item = &'n String>) -> String {
    let quoted = names.into_iter().map(|name| format!("{prefix}{}", identifier(name)));
    quoted.collect::<Vec<_>>().join(", ")
}

/// Whether the database has TimescaleDB.
///
/// # Errors
/// Returns what the server or the connection said.
pub async fn has_timescaledb(client: &impl GenericClient) -> Result<bool, Error> {
    let asked = "select exists (select from pg_extension where extname = 'timescaledb')";
    Ok(client.query_one(asked, &[]).await?.get(0))
}

/// Reads the tables that people made, in the order of their names.
///
/// # Errors
/// Returns what the server or the connection said.
pub async fn tables(client: &impl GenericClient) -> Result<Vec<Table>, Error> {
    let mut tables = listed(client).await?;
    if has_timescaledb(client).await? {
        mark_hypertables(client, &mut tables).await?;
    }
    columns(client, &mut tables).await?;
    keys(client, &mut tables).await?;
    sizes(client, &mut tables).await?;
    let mut tables: Vec<Table> = tables.into_values().collect();
    tables.sort_by(|one, other| (&one.schema, &one.name).cmp(&(&other.schema, &other.name)));
    Ok(tables)
}

async fn listed(client: &impl GenericClient) -> Result<BTreeMap<u32, Table>, Error> {
    let statement = "select c.oid, n.nspname::text, c.relname::text, c.relkind = 'p'
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p')
            and not c.relispartition
            and c.relpersistence <> 't'
            and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
            and n.nspname !~ '^_timescaledb'
            and not exists (
                select from pg_depend as d
                where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
            )";
    let rows = client.query(statement, &[]).await?;
    let table = |row: &tokio_postgres::Row| Table {
        oid: row.get(0),
        schema: row.get(1),
        name: row.get(2),
        shape: if row.get(3) { Shape::Partitioned } else { Shape::Plain },
        columns: Vec::new(),
        key: Vec::new(),
        rows: 0,
        bytes: 0,
    };
    Ok(rows.iter().map(|row| (row.get(0), table(row))).collect())
}

/// Takes chunks out, and marks what they belong to.
async fn mark_hypertables(
    client: &impl GenericClient,
    tables: &mut BTreeMap<u32, Table>,
) -> Result<(), Error> {
    let statement = "select c.oid, k.is_chunk
        from (
            select schema_name, table_name, true as is_chunk from _timescaledb_catalog.chunk
            union all
            select schema_name, table_name, false from _timescaledb_catalog.hypertable
        ) as k
        join pg_namespace as n on n.nspname = k.schema_name
        join pg_class as c on c.relnamespace = n.oid and c.relname = k.table_name";
    for row in client.query(statement, &[]).await? {
        let oid: u32 = row.get(0);
        if row.get(1) {
            tables.remove(&oid);
        } else if let Some(table) = tables.get_mut(&oid) {
            table.shape = Shape::Hypertable;
        }
    }
    Ok(())
}

async fn columns(
    client: &impl GenericClient,
    tables: &mut BTreeMap<u32, Table>,
) -> Result<(), Error> {
    let oids: Vec<u32> = tables.keys().copied().collect();
    let statement = "select attrelid, attname::text, format_type(atttypid, atttypmod), attnotnull,
            attgenerated <> '', atthasdef or attidentity <> ''
        from pg_attribute
        where attrelid = any ($1) and attnum > 0 and not attisdropped
        order by attrelid, attnum";
    for row in client.query(statement, &[&oids]).await? {
        if let Some(table) = tables.get_mut(&row.get::<_, u32>(0)) {
            table.columns.push(Column {
                name: row.get(1),
                data_type: row.get(2),
                is_required: row.get(3),
                is_generated: row.get(4),
                has_default: row.get(5),
            });
        }
    }
    Ok(())
}

async fn keys(client: &impl GenericClient, tables: &mut BTreeMap<u32, Table>) -> Result<(), Error> {
    let oids: Vec<u32> = tables.keys().copied().collect();
    let statement = "select distinct on (i.indrelid) i.indrelid,
            array(select a.attname::text
                from unnest(i.indkey::int2[]) with ordinality as key (attnum, place)
                join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = key.attnum
                where key.place <= i.indnkeyatts
                order by key.place)
        from pg_index as i
        where i.indrelid = any ($1) and i.indisunique and i.indisvalid
            and i.indpred is null and i.indexprs is null
            and not exists (
                select from pg_attribute as a
                where a.attrelid = i.indrelid and a.attnum = any (i.indkey::int2[]) and not a.attnotnull
            )
        order by i.indrelid, i.indisprimary desc, i.indnkeyatts, i.indexrelid";
    for row in client.query(statement, &[&oids]).await? {
        if let Some(table) = tables.get_mut(&row.get::<_, u32>(0)) {
            table.key = row.get(1);
        }
    }
    Ok(())
}

async fn sizes(
    client: &impl GenericClient,
    tables: &mut BTreeMap<u32, Table>,
) -> Result<(), Error> {
    let of_shape = |wanted: fn(Shape) -> bool| -> Vec<u32> {
        tables.values().filter(|table| wanted(table.shape)).map(|table| table.oid).collect()
    };
    let (single, parents) = (of_shape(|it| it == Shape::Plain), of_shape(|it| it != Shape::Plain));
    // A table that nobody has analysed has -1 rows; a hundred bytes a row is a guess that does.
    let statement = "with recursive part (root, oid) as (
            select oid, oid from unnest($1::oid[] || $2::oid[]) as wanted (oid)
            union all
            select part.root, i.inhrelid
            from part join pg_inherits as i on i.inhparent = part.oid
            where part.root = any ($2::oid[])
        )
        select part.root,
            sum(case when c.reltuples >= 0 then c.reltuples else pg_relation_size(c.oid) / 100 end)::int8,
            sum(pg_total_relation_size(c.oid))::int8
        from part join pg_class as c on c.oid = part.oid
        group by part.root";
    for row in client.query(statement, &[&single, &parents]).await? {
        if let Some(table) = tables.get_mut(&row.get::<_, u32>(0)) {
            table.rows = row.get::<_, Option<i64>>(1).unwrap_or(0);
            table.bytes = row.get::<_, Option<i64>>(2).unwrap_or(0);
        }
    }
    Ok(())
}

/// Reads the foreign keys between tables.
///
/// # Errors
/// Returns what the server or the connection said.
pub async fn references(client: &impl GenericClient) -> Result<Vec<Reference>, Error> {
    // Keys that a partition has from its parent, and those that point at a part of their target, are
    // the same key again.
    let statement = "select k.conrelid,
            array(select a.attname::text from unnest(k.conkey) with ordinality as key (attnum, place)
                join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = key.attnum
                order by key.place),
            k.confrelid,
            array(select a.attname::text from unnest(k.confkey) with ordinality as key (attnum, place)
                join pg_attribute as a on a.attrelid = k.confrelid and a.attnum = key.attnum
                order by key.place)
        from pg_constraint as k
        where k.contype = 'f' and k.conparentid = 0
        order by k.oid";
    let rows = client.query(statement, &[]).await?;
    Ok(rows
        .iter()
        .map(|row| Reference {
            from: row.get(0),
            columns: row.get(1),
            to: row.get(2),
            to_columns: row.get(3),
        })
        .collect())
}
