//! Reads a schema from the catalogs of one database.
//!
//! One query a kind of object, each giving the same columns: where the object stands in the catalogs, what
//! it is called, its facts, and how the server would make it. The facts are worded in SQL, so that what is
//! compared stands in one place.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::role::Role;
use super::schema::{Key, Kind, Object, Schema};
use crate::plans::describe;

/// Each kind with its query, in an order in which what is referred to comes first.
const QUERIES: &[(Kind, &str)] = &[
    (Kind::Extension, include_str!("sql/extensions.sql")),
    (Kind::Schema, include_str!("sql/schemas.sql")),
    (Kind::Type, include_str!("sql/types.sql")),
    (Kind::Routine, include_str!("sql/routines.sql")),
    (Kind::Table, include_str!("sql/tables.sql")),
    (Kind::Column, include_str!("sql/columns.sql")),
    (Kind::Sequence, include_str!("sql/sequences.sql")),
    (Kind::Default, include_str!("sql/defaults.sql")),
    (Kind::Constraint, include_str!("sql/constraints.sql")),
    (Kind::Index, include_str!("sql/indexes.sql")),
    (Kind::Statistics, include_str!("sql/statistics.sql")),
    (Kind::Rule, include_str!("sql/rules.sql")),
    (Kind::Trigger, include_str!("sql/triggers.sql")),
    (Kind::EventTrigger, include_str!("sql/event_triggers.sql")),
    (Kind::Policy, include_str!("sql/policies.sql")),
    (Kind::DefaultRights, include_str!("sql/default_rights.sql")),
];

/// The same where TimescaleDB is there.
const TIMESCALE_QUERIES: &[(Kind, &str)] = &[
    (Kind::Hypertable, include_str!("sql/hypertables.sql")),
    (Kind::ContinuousAggregate, include_str!("sql/continuous_aggregates.sql")),
    (Kind::Job, include_str!("sql/jobs.sql")),
];

const PRELUDE: &str = include_str!("sql/prelude.sql");
const ROLES: &str = include_str!("sql/roles.sql");
const VIEWS: &str = include_str!("sql/views.sql");
const GRANTS: &str = include_str!("sql/grants.sql");

/// What is not looked at, and what is though it belongs to the server.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Schemas that are kept by somebody else.
    pub ignored_schemas: Vec<String>,
    /// Extensions that the server's administrator decides about.
    pub ignored_extensions: Vec<String>,
    /// Roles that come with the schema: of all that the server has, these are looked at.
    pub roles: Vec<Role>,
}

/// Why a schema was not read.
#[derive(Debug, thiserror::Error)]
#[error("could not read the {what} of the schema: {}", describe(source))]
pub struct ReadError {
    what: &'static str,
    source: tokio_postgres::Error,
}

fn reading(what: &'static str) -> impl Fn(tokio_postgres::Error) -> ReadError {
    move |source| ReadError { what, source }
}

/// Reads the schema of the database that the client is connected to. It needs a transaction that is open,
/// and leaves that as it was, but for locks on catalogs.
///
/// # Errors
/// Says what could not be read.
pub async fn read(client: &Client, options: &Options) -> Result<Schema, ReadError> {
    // Names of everything outside the server's own schema are written with their schemas then.
    let before: String = client
        .query_one("select current_setting('search_path')", &[])
        .await
        .map_err(reading("settings"))?
        .get(0);
    let set = "select set_config('search_path', $1, true)";
    client.execute(set, &[&"pg_catalog"]).await.map_err(reading("settings"))?;
    // A failure ends the transaction, and its settings with it.
    let schema = read_all(client, options).await?;
    client.execute(set, &[&before]).await.map_err(reading("settings"))?;
    Ok(schema)
}

async fn read_all(client: &Client, options: &Options) -> Result<Schema, ReadError> {
    let row = client
        .query_one(
            "select current_setting('server_version_num')::int4 / 10000,
                to_regclass('_timescaledb_catalog.chunk') is not null",
            &[],
        )
        .await
        .map_err(reading("server's version"))?;
    let has_timescale: bool = row.get(1);
    let mut reader = Reader {
        client,
        ignored: &options.ignored_schemas,
        chunks: Vec::new(),
        schema: Schema {
            server_version: u32::try_from(row.get::<_, i32>(0)).unwrap_or_default(),
            ..Schema::default()
        },
        places: HashMap::new(),
    };
    if has_timescale {
        let rows =
            client.query(include_str!("sql/chunks.sql"), &[]).await.map_err(reading("chunks"))?;
        reader.chunks = rows.iter().map(|row| row.get(0)).collect();
    }
    reader.roles(&options.roles).await?;
    for (kind, query) in QUERIES {
        reader.collect(*kind, query, &[]).await?;
    }
    for (kind, letter) in [(Kind::View, b'v' as i8), (Kind::MaterializedView, b'm' as i8)] {
        reader.collect(kind, VIEWS, &[&letter]).await?;
    }
    if has_timescale {
        for (kind, query) in TIMESCALE_QUERIES {
            reader.collect(*kind, query, &[]).await?;
        }
    }
    reader.grants().await?;
    reader.requirements().await?;
    let mut schema = reader.schema;
    settle(&mut schema, options);
    Ok(schema)
}

/// A place in the catalogs: the catalog, the object, the column.
type Place = (u32, u32, i32);

struct Reader<'c> {
    client: &'c Client,
    ignored: &'c Vec<String>,
    chunks: Vec<u32>,
    schema: Schema,
    places: HashMap<Place, Key>,
}

impl Reader<'_> {
    async fn rows(
        &self,
        kind: Kind,
        query: &str,
        more: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, ReadError> {
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![self.ignored, &self.chunks];
        parameters.extend(more);
        let statement = format!("{PRELUDE}{query}");
        self.client.query(&statement, &parameters).await.map_err(reading(plural(kind)))
    }

    /// Reads the objects of a kind.
    async fn collect(
        &mut self,
        kind: Kind,
        query: &str,
        more: &[&(dyn ToSql + Sync)],
    ) -> Result<(), ReadError> {
        for row in self.rows(kind, query, more).await? {
            let (key, object) = entry(kind, &row);
            let place = place(&row);
            if place.0 != 0 {
                self.places.insert(place, key.clone());
            }
            self.schema.objects.insert(key, object);
        }
        Ok(())
    }

    /// Reads the roles that come with the schema.
    async fn roles(&mut self, roles: &[Role]) -> Result<(), ReadError> {
        let names: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
        let owners = roles.iter().filter(|role| role.is_owner);
        let owners: Vec<&str> = owners.map(|role| role.name.as_str()).collect();
        self.collect(Kind::Role, ROLES, &[&names, &owners]).await
    }

    /// Reads rights, each of which needs what it is on.
    async fn grants(&mut self) -> Result<(), ReadError> {
        for row in self.rows(Kind::Grant, GRANTS, &[]).await? {
            let (key, mut object) = entry(Kind::Grant, &row);
            object.requires.extend(self.places.get(&place(&row)).cloned());
            self.schema.objects.insert(key, object);
        }
        Ok(())
    }

    /// Reads what needs what.
    async fn requirements(&mut self) -> Result<(), ReadError> {
        let what = "dependencies";
        let aliases = self.client.query(include_str!("sql/aliases.sql"), &[]).await;
        let aliases: Vec<Row> = aliases.map_err(reading(what))?;
        // An alias may stand for an alias: the array of a table's rows.
        for _ in 0..2 {
            for row in &aliases {
                let meant = (row.get(2), row.get(3), 0);
                if let Some(key) = self.places.get(&meant).cloned() {
                    self.places.entry((row.get(0), row.get(1), 0)).or_insert(key);
                }
            }
        }
        let rows = self.client.query(include_str!("sql/dependencies.sql"), &[]).await;
        for row in rows.map_err(reading(what))? {
            let needing = self.places.get(&(row.get(0), row.get(1), row.get(2)));
            // The columns of views are no objects of their own.
            let (class, whole) = (row.get(3), row.get(4));
            let needed = self.places.get(&(class, whole, row.get(5)));
            let needed = needed.or_else(|| self.places.get(&(class, whole, 0)));
            if let (Some(needing), Some(needed)) = (needing, needed)
                && needing != needed
                && let Some(object) = self.schema.objects.get_mut(needing)
            {
                object.requires.insert(needed.clone());
            }
        }
        Ok(())
    }
}

/// Adds what the catalogs do not say, and takes away what stands twice or is not looked at.
fn settle(schema: &mut Schema, options: &Options) {
    let aggregates: Vec<Key> = schema
        .objects
        .keys()
        .filter(|key| key.kind == Kind::ContinuousAggregate)
        .cloned()
        .collect();
    for aggregate in aggregates {
        // A continuous aggregate's view is what TimescaleDB makes of it.
        schema.objects.remove(&Key { kind: Kind::View, ..aggregate });
    }
    schema.objects.retain(|key, _| {
        key.kind != Kind::Extension || !options.ignored_extensions.contains(&key.name)
    });
    let keys: Vec<Key> = schema.objects.keys().cloned().collect();
    for key in &keys {
        let parents = parents(schema, key);
        if let Some(object) = schema.objects.get_mut(key) {
            object.requires.extend(parents);
        }
    }
    let known: std::collections::BTreeSet<Key> = keys.into_iter().collect();
    for object in schema.objects.values_mut() {
        object.requires.retain(|key| known.contains(key));
    }
}

/// Returns what an object is a part of or in.
fn parents(schema: &Schema, key: &Key) -> Vec<Key> {
    let mut found = Vec::new();
    if let Some(name) = &key.schema {
        found.push(Key { kind: Kind::Schema, schema: None, relation: None, name: name.clone() });
    }
    if key.kind == Kind::Grant || key.kind == Kind::DefaultRights {
        return found;
    }
    if key.kind == Kind::Hypertable {
        found.push(Key { kind: Kind::Table, ..key.clone() });
    }
    for kind in [
        Kind::Table,
        Kind::View,
        Kind::MaterializedView,
        Kind::Hypertable,
        Kind::ContinuousAggregate,
    ] {
        // A column of a table does not wait for its being a hypertable; a job does.
        let is_wanted = kind != Kind::Hypertable || key.kind == Kind::Job;
        found.extend(
            key.relation_as(kind)
                .filter(|relation| is_wanted && schema.objects.contains_key(relation)),
        );
    }
    found
}

fn place(row: &Row) -> Place {
    (row.get(0), row.get(1), row.get(2))
}

fn entry(kind: Kind, row: &Row) -> (Key, Object) {
    let key = Key { kind, schema: row.get(3), relation: row.get(4), name: row.get(5) };
    let facts: BTreeMap<String, String> = match row.get::<_, Value>(6) {
        Value::Object(facts) => facts
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => (name, text),
                other => (name, other.to_string()),
            })
            .collect(),
        _ => BTreeMap::new(),
    };
    (key, Object { facts, ddl: row.get(7), ..Object::default() })
}

const fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Role => "roles",
        Kind::Extension => "extensions",
        Kind::Schema => "schemas",
        Kind::Type => "types",
        Kind::Routine => "functions",
        Kind::Table => "tables",
        Kind::Column => "columns",
        Kind::Sequence => "sequences",
        Kind::Default => "defaults",
        Kind::Constraint => "constraints",
        Kind::Index => "indexes",
        Kind::Statistics => "extended statistics",
        Kind::Hypertable => "hypertables",
        Kind::ContinuousAggregate => "continuous aggregates",
        Kind::View => "views",
        Kind::MaterializedView => "materialised views",
        Kind::Rule => "rules",
        Kind::Trigger => "triggers",
        Kind::EventTrigger => "event triggers",
        Kind::Policy => "policies",
        Kind::Job => "policy jobs",
        Kind::DefaultRights => "default rights",
        Kind::Grant => "grants",
    }
}
