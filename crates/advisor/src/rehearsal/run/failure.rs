//! Finds the rows that are in the way of a statement that failed.

use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, Error};

use super::report::{Failure, Violations};
use super::script::Step;
use crate::lint::script::Action;
use crate::lint::script::action::{Change, Constraint, ConstraintKind};
use crate::rehearsal::tables::{Table, identifier, identifiers, literal, tables};

/// How many rows are named.
const EXAMPLES: usize = 5;

/// Whether the server refuses to run a statement within a transaction.
pub(super) fn must_be_alone(error: &Error) -> bool {
    let codes = [&SqlState::ACTIVE_SQL_TRANSACTION, &SqlState::INVALID_TRANSACTION_TERMINATION];
    error.code().is_some_and(|code| codes.contains(&code))
}

/// Whether others were in the way, and not the migration's own fault.
pub(super) fn is_contention(failure: &Failure) -> bool {
    let codes = [
        &SqlState::LOCK_NOT_AVAILABLE,
        &SqlState::T_R_DEADLOCK_DETECTED,
        &SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    codes.iter().any(|code| code.code() == failure.code)
}

/// Says why a statement failed, without looking at rows.
pub(super) fn told(error: &Error) -> Failure {
    Failure {
        code: error.code().map_or_else(String::new, |code| code.code().to_owned()),
        message: crate::plans::describe(error),
        violations: None,
        left_behind: Vec::new(),
    }
}

/// Says why a statement failed, and which rows are in its way. The session stands where the statement
/// began; what is asked may fail, and only takes from the answer.
pub(super) async fn diagnosed(
    client: &Client,
    step: &Step,
    error: &Error,
    scale: &(dyn Fn(&str, &str) -> f64 + Send + Sync),
) -> Failure {
    let mut failure = told(error);
    if let Some(said) = error.as_db_error() {
        let looking = look(client, step, said, scale).await;
        failure.violations = looking.ok().flatten();
    }
    failure
}

async fn look(
    client: &Client,
    step: &Step,
    said: &DbError,
    scale: &(dyn Fn(&str, &str) -> f64 + Send + Sync),
) -> Result<Option<Violations>, Error> {
    // The owner of a table may be subject to its row security, and must see every row here.
    client.batch_execute("set local role none; set local row_security = off").await?;
    let known = tables(client).await?;
    let Some(wrong) = wrong(client, step, said, &known).await? else { return Ok(None) };
    let table = wrong.table;
    let name = table.source();
    let count = match &wrong.rows {
        Rows::Where(condition) => {
            format!("select count(*) from {name} as row_0 where {condition}")
        }
        Rows::Repeated { columns, condition } => {
            format!("select count(*) from ({}) as repeated", repeated(table, columns, condition))
        }
    };
    let rows: i64 = client.query_one(&count, &[]).await?.get(0);
    let key = if table.key.is_empty() { &wrong.columns } else { &table.key };
    let shown: Vec<String> = key
        .iter()
        .map(|name| format!("coalesce(row_0.{}::text, 'null')", identifier(name)))
        .collect();
    let mut examples = Vec::new();
    if !shown.is_empty() {
        let array = shown.join(", ");
        let asked = match &wrong.rows {
            Rows::Where(condition) => format!(
                "select array[{array}] from {name} as row_0 where {condition} limit {EXAMPLES}"
            ),
            Rows::Repeated { columns, condition } => format!(
                "select array[{array}] from ({}) as row_0 order by {} limit {EXAMPLES}",
                repeated(table, columns, condition),
                identifiers("row_0.", columns)
            ),
        };
        let names = key.join(", ");
        for row in client.query(&asked, &[]).await? {
            let values: Vec<String> = row.get(0);
            examples.push(format!("({names}) = ({})", values.join(", ")));
        }
    }
    let rows = u64::try_from(rows).unwrap_or_default();
    let real_rows = (rows as f64 * scale(&table.schema, &table.name)).round() as u64;
    Ok(Some(Violations { what: wrong.what, rows, real_rows, examples }))
}

/// Rows that are wrong, and why.
struct Wrong<'t> {
    table: &'t Table,
    what: String,
    columns: Vec<String>,
    rows: Rows,
}

enum Rows {
    /// Those that meet a condition on `row_0`.
    Where(String),
    /// Those that share the values of columns with another.
    Repeated { columns: Vec<String>, condition: Option<String> },
}

fn repeated(table: &Table, columns: &[String], condition: &Option<String>) -> String {
    let present: Vec<String> =
        columns.iter().map(|name| format!("{} is not null", identifier(name))).collect();
    let condition = condition.as_ref().map_or(String::new(), |it| format!(" and ({it})"));
    format!(
        "select * from (select *, count(*) over (partition by {}) as rehearsal_count from {} \
         where {}{condition}) as counted where rehearsal_count > 1",
        identifiers("", columns),
        table.source(),
        present.join(" and ")
    )
}

/// Returns the constraint that a statement adds and the server names.
fn added<'s>(step: &'s Step, said: &DbError) -> Option<&'s Constraint> {
    let Action::AlterTable(alter) = &step.action else { return None };
    let mut constraints = alter.changes.iter().flat_map(|(_, change)| match change {
        Change::AddConstraint(one) => std::slice::from_ref(one),
        Change::AddColumn(_, several) => several.as_slice(),
        _ => &[],
    });
    let is_meant = |one: &&Constraint| match (&one.name, said.constraint()) {
        (Some(name), Some(told)) => name == told,
        _ => match &one.kind {
            ConstraintKind::Check(_) => *said.code() == SqlState::CHECK_VIOLATION,
            ConstraintKind::ForeignKey(_) => *said.code() == SqlState::FOREIGN_KEY_VIOLATION,
            _ => *said.code() == SqlState::UNIQUE_VIOLATION,
        },
    };
    constraints.find(is_meant)
}

async fn wrong<'t>(
    client: &Client,
    step: &Step,
    said: &DbError,
    known: &'t [Table],
) -> Result<Option<Wrong<'t>>, Error> {
    let Some(table) = table_of(step, said, known) else { return Ok(None) };
    let code = said.code();
    Ok(if *code == SqlState::NOT_NULL_VIOLATION {
        Some(nulls(table, said.column().unwrap_or_default()))
    } else if *code == SqlState::CHECK_VIOLATION {
        let condition = match added(step, said).map(|one| &one.kind) {
            Some(ConstraintKind::Check(expression)) => Some(expression.text.clone()),
            _ => stored_check(client, table, said.constraint().unwrap_or_default()).await?,
        };
        condition.map(|condition| Wrong {
            table,
            what: format!("do not meet the check ({condition})"),
            columns: Vec::new(),
            // The condition names columns as the table has them.
            rows: Rows::Where(format!(
                "not coalesce((select ({condition}) from (select row_0.*) as {}), true)",
                identifier(&table.name)
            )),
        })
    } else if *code == SqlState::UNIQUE_VIOLATION {
        unique(step, said, table)
    } else if *code == SqlState::FOREIGN_KEY_VIOLATION {
        foreign(client, step, said, table, known).await?
    } else if code.code().starts_with("22") || *code == SqlState::CANNOT_COERCE {
        unfit(client, step, table).await?
    } else {
        None
    })
}

/// The table that the server names, or the statement.
fn table_of<'t>(step: &Step, said: &DbError, known: &'t [Table]) -> Option<&'t Table> {
    let schema = |told: Option<&str>| told.unwrap_or("public").to_owned();
    let (schema, name) = match (&step.action, said.table()) {
        (_, Some(name)) => (schema(said.schema()), name.to_owned()),
        (Action::AlterTable(alter), None) => {
            (schema(alter.table.schema.as_deref()), alter.table.name.clone())
        }
        (Action::CreateIndex(index), None) => {
            (schema(index.table.schema.as_deref()), index.table.name.clone())
        }
        _ => return None,
    };
    known.iter().find(|table| table.schema == schema && table.name == name)
}

fn nulls<'t>(table: &'t Table, column: &str) -> Wrong<'t> {
    let (what, condition) = match table.column(column) {
        Some(_) => {
            (format!("have no value in {column}"), format!("row_0.{} is null", identifier(column)))
        }
        None => (format!("would have no value in the new column {column}"), "true".to_owned()),
    };
    Wrong { table, what, columns: Vec::new(), rows: Rows::Where(condition) }
}

async fn stored_check(
    client: &Client,
    table: &Table,
    constraint: &str,
) -> Result<Option<String>, Error> {
    let asked = "select pg_get_expr(conbin, conrelid) from pg_constraint
        where conrelid = $1 and conname = $2 and contype = 'c'";
    let row = client.query_opt(asked, &[&table.oid, &constraint]).await?;
    Ok(row.and_then(|row| row.get(0)))
}

fn unique<'t>(step: &Step, said: &DbError, table: &'t Table) -> Option<Wrong<'t>> {
    let (columns, condition) = match &step.action {
        Action::CreateIndex(index) => {
            let columns: Option<Vec<String>> = index.columns.iter().cloned().collect();
            (columns?, index.condition.clone())
        }
        _ => (added(step, said)?.columns.clone(), None),
    };
    if columns.is_empty() {
        return None;
    }
    Some(Wrong {
        table,
        what: format!("share their ({}) with another row", columns.join(", ")),
        rows: Rows::Repeated { columns: columns.clone(), condition },
        columns,
    })
}

async fn foreign<'t>(
    client: &Client,
    step: &Step,
    said: &DbError,
    table: &'t Table,
    known: &'t [Table],
) -> Result<Option<Wrong<'t>>, Error> {
    let (columns, to, to_columns) = match added(step, said).map(|one| (&one.columns, &one.kind)) {
        Some((columns, ConstraintKind::ForeignKey(reference))) => {
            let (schema, name) =
                (reference.table.schema.as_deref().unwrap_or("public"), &reference.table.name);
            let to = known.iter().find(|it| it.schema == schema && it.name == *name);
            let Some(to) = to else { return Ok(None) };
            let there = if reference.columns.is_empty() {
                to.key.clone()
            } else {
                reference.columns.clone()
            };
            (columns.clone(), to, there)
        }
        _ => {
            let stored = crate::rehearsal::tables::references(client).await?;
            let asked = "select confrelid, array(select a.attname::text
                    from unnest(conkey) with ordinality as key (attnum, place)
                    join pg_attribute as a on a.attrelid = conrelid and a.attnum = key.attnum
                    order by key.place)
                from pg_constraint where conrelid = $1 and conname = $2 and contype = 'f'";
            let name = said.constraint().unwrap_or_default();
            let Some(row) = client.query_opt(asked, &[&table.oid, &name]).await? else {
                return Ok(None);
            };
            let (oid, columns): (u32, Vec<String>) = (row.get(0), row.get(1));
            let meant = stored
                .into_iter()
                .find(|it| it.from == table.oid && it.to == oid && it.columns == columns);
            let (Some(meant), Some(to)) = (meant, known.iter().find(|it| it.oid == oid)) else {
                return Ok(None);
            };
            (columns, to, meant.to_columns)
        }
    };
    let present: Vec<String> =
        columns.iter().map(|name| format!("row_0.{} is not null", identifier(name))).collect();
    let equal: Vec<String> = columns
        .iter()
        .zip(&to_columns)
        .map(|(own, theirs)| format!("other.{} = row_0.{}", identifier(theirs), identifier(own)))
        .collect();
    let condition = format!(
        "{} and not exists (select from {} as other where {})",
        present.join(" and "),
        to.quoted(),
        equal.join(" and ")
    );
    Ok(Some(Wrong {
        table,
        what: format!("refer with ({}) to no row of {}", columns.join(", "), to.shown()),
        columns,
        rows: Rows::Where(condition),
    }))
}

/// Rows whose values do not fit a new type: a function tries each, as the statement does.
async fn unfit<'t>(
    client: &Client,
    step: &Step,
    table: &'t Table,
) -> Result<Option<Wrong<'t>>, Error> {
    let Action::AlterTable(alter) = &step.action else { return Ok(None) };
    for (_, change) in &alter.changes {
        let Change::SetType { column, to, using, .. } = change else { continue };
        let value = using.as_ref().map_or_else(|| identifier(column), |it| it.text.clone());
        let row = identifier(&table.name);
        let body = format!(
            "declare fitting {to}; begin select {value} into fitting from (select (tried).*) as {row}; \
             return true; exception when others then return false; end"
        );
        let function = format!(
            "create function pg_temp.rehearsal_fits(tried {}) returns boolean language plpgsql as {}",
            table.quoted(),
            literal(&body)
        );
        client.batch_execute(&function).await?;
        return Ok(Some(Wrong {
            table,
            what: format!("have a value in {column} that is no {to}"),
            columns: vec![column.clone()],
            rows: Rows::Where("not pg_temp.rehearsal_fits(row_0)".to_owned()),
        }));
    }
    Ok(None)
}
