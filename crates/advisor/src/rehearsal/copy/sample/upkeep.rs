//! What a copy needs beside rows: sequences that go on, materialised views with rows.

use tokio_postgres::Client;

use super::rows::Snapshot;
use crate::rehearsal::copy::CopyError;
use crate::rehearsal::copy::error::doing;
use crate::rehearsal::tables::{has_timescaledb, identifier};

/// Sets sequences to where the source's are.
pub(super) async fn sequences(snapshot: &Snapshot, target: &Client) -> Result<(), CopyError> {
    let statement = "select schemaname::text, sequencename::text, last_value
        from pg_sequences
        where last_value is not null and schemaname !~ '^_timescaledb'";
    let rows =
        snapshot.client().query(statement, &[]).await.map_err(doing("read the sequences"))?;
    for row in rows {
        let name = format!("{}.{}", identifier(row.get(0)), identifier(row.get(1)));
        let set =
            "select setval(to_regclass($1)::oid::regclass, $2) where to_regclass($1) is not null";
        target
            .execute(set, &[&name, &row.get::<_, i64>(2)])
            .await
            .map_err(doing(format!("set the sequence {name}")))?;
    }
    Ok(())
}

/// Fills the materialised views that are filled in the source, those that others read first.
pub(super) async fn views(snapshot: &Snapshot, target: &Client) -> Result<(), CopyError> {
    let statement = "with recursive view as (
            select c.oid, format('%I.%I', n.nspname, c.relname) as name
            from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
            where c.relkind = 'm' and c.relispopulated and n.nspname !~ '^(pg_|_timescaledb)'
        ), reads as (
            select view.oid as reader, d.refobjid as source
            from view
            join pg_rewrite as r on r.ev_class = view.oid
            join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                and d.refclassid = 'pg_class'::regclass and d.refobjid <> view.oid
        ), place as (
            select oid, 0 as depth from view
            union
            select reads.reader, place.depth + 1
            from place join reads on reads.source = place.oid
        )
        select view.name from view join place using (oid)
        group by view.name order by max(depth), view.name";
    let rows = snapshot
        .client()
        .query(statement, &[])
        .await
        .map_err(doing("list the materialised views"))?;
    for row in rows {
        let name: &str = row.get(0);
        let exists = target
            .query_one("select to_regclass($1) is not null", &[&name])
            .await
            .map_err(doing("look for a materialised view"))?;
        if exists.get(0) {
            let refresh = format!("refresh materialized view {name}");
            let action = format!("fill the materialised view {name}");
            target.batch_execute(&refresh).await.map_err(doing(action))?;
        }
    }
    if has_timescaledb(target).await.map_err(doing("look for TimescaleDB"))? {
        aggregates(target).await?;
    }
    Ok(())
}

/// Fills the continuous aggregates.
async fn aggregates(target: &Client) -> Result<(), CopyError> {
    let statement = "select format('%I.%I', view_schema, view_name), n.nspname::text
        from timescaledb_information.continuous_aggregates
        cross join pg_extension as e
        join pg_namespace as n on n.oid = e.extnamespace
        where e.extname = 'timescaledb'";
    let rows =
        target.query(statement, &[]).await.map_err(doing("list the continuous aggregates"))?;
    for row in rows {
        let (name, home): (&str, &str) = (row.get(0), row.get(1));
        let refresh = format!(
            "call {}.refresh_continuous_aggregate({}, null, null)",
            identifier(home),
            crate::rehearsal::tables::literal(name)
        );
        let action = format!("fill the continuous aggregate {name}");
        target.batch_execute(&refresh).await.map_err(doing(action))?;
    }
    Ok(())
}
