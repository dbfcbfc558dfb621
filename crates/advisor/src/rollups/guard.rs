//! What only the server knows about a rollup's query: whose rows are whose, and what its functions do.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::parts::Parts;
use crate::indexes::{AdviceError, Catalog, doing};

/// The columns that the policies of a table compare; an empty list for one whose policies compare none.
const POLICIES: &str = "
    select tables.oid,
        array(
            select distinct attname::text
            from pg_policy
            join pg_depend on classid = 'pg_policy'::regclass and objid = pg_policy.oid
            join pg_attribute on attrelid = refobjid and attnum = refobjsubid
            where polrelid = tables.oid and refclassid = 'pg_class'::regclass
                and refobjid = tables.oid and refobjsubid > 0
            order by 1)
    from unnest($1::oid[]) as tables (oid)";

/// Functions of a name that are aggregates, or may answer otherwise the next time. One that is stable may for
/// somebody else; those of the server itself depend on settings, such as the time zone.
const FUNCTIONS: &str = "
    select proname::text, bool_or(prokind = 'a'), bool_or(provolatile = 'v')
    from pg_proc
    where proname = any ($1)
    group by proname
    having bool_or(prokind = 'a') or bool_or(provolatile = 'v')
        or proname = any ($2)
            and bool_or(provolatile = 's' and pronamespace <> 'pg_catalog'::regnamespace)
    order by proname";

/// Says why a rollup would not say the same to everybody; nothing where it would.
pub(super) async fn refusal(
    client: &Client,
    parts: &Parts,
    catalog: &Catalog,
) -> Result<Option<String>, AdviceError> {
    let functions = client
        .query(FUNCTIONS, &[&parts.functions, &parts.deciding])
        .await
        .map_err(doing("look at the functions of a rollup"))?;
    if let Some(row) = functions.first() {
        let name: String = row.get(0);
        return Ok(Some(match (row.get(1), row.get(2)) {
            (true, _) => format!("{name} cannot be made of parts"),
            (_, true) => format!("{name} may answer otherwise the next time it is asked"),
            _ => format!(
                "{name} decides what is kept, and may decide otherwise for somebody else or later"
            ),
        }));
    }
    if let Some(said) = parts.unknown(catalog) {
        return Ok(Some(format!(
            "{said} is no table whose row security is known here: name the tables that it reads"
        )));
    }
    let guarded: BTreeMap<u32, &str> = catalog
        .tables
        .iter()
        .filter(|table| table.has_row_security && parts.reads(&table.name))
        .map(|table| (table.oid, table.name.as_str()))
        .collect();
    if guarded.is_empty() {
        return Ok(None);
    }
    let oids: Vec<u32> = guarded.keys().copied().collect();
    let policies = client.query(POLICIES, &[&oids]).await.map_err(doing("look at row security"))?;
    for row in policies {
        let (oid, columns): (u32, Vec<String>) = (row.get(0), row.get(1));
        let name = guarded.get(&oid).copied().unwrap_or_default();
        let keeps_apart = columns.iter().any(|column| parts.keeps_apart(column));
        if !keeps_apart {
            let columns =
                if columns.is_empty() { "no column".to_owned() } else { columns.join(" or ") };
            return Ok(Some(format!(
                "{name} has row security by {columns}, which a rollup has not: only a statement that \
                 compares that itself keeps apart what is whose"
            )));
        }
        let column = columns.iter().find(|column| parts.keeps_apart(column));
        if guarded.len() > 1 && column.is_some_and(|it| parts.links(it) + 1 < guarded.len()) {
            return Ok(Some(format!(
                "it joins {} tables with row security without comparing whose rows are joined",
                guarded.len()
            )));
        }
    }
    Ok(None)
}
