//! A new column whose default differs from row to row.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change};
use crate::lint::{At, Findings, Severity};

/// A new column whose default differs from row to row.
pub(super) struct ColumnWithVolatileDefault;

const ABOUT: About = About {
    name: "column-with-volatile-default",
    severity: Severity::Error,
    summary: "Adding a column with a volatile default writes the whole table anew.",
    why: "A constant default is kept in the catalog and costs nothing. One that differs from row to \
        row, such as gen_random_uuid() or clock_timestamp(), is computed and written for every \
        row under an ACCESS EXCLUSIVE lock, and every index is rebuilt.",
    remedy: "add the column without a default, set the default for new rows, then fill old rows in \
        batches",
    given: "",
    bad: "\
alter table orders add column token uuid default gen_random_uuid();",
    good: "\
alter table orders add column token uuid;
alter table orders alter column token set default gen_random_uuid();",
};

impl Rule for ColumnWithVolatileDefault {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.state.is_new(&alter.table) {
            return;
        }
        let size = at.state.table(&alter.table).and_then(|table| table.size);
        for (span, change) in &alter.changes {
            let Change::AddColumn(column, _) = change else { continue };
            let Some(default) = &column.default else { continue };
            let Some(call) = default.calls.iter().find(|call| !is_stable(call)) else { continue };
            let message = format!(
                "the default of `{}` calls {call}(): every row of `{}` is written anew",
                column.name, alter.table
            );
            let more = findings.add(*span, message).sized(size);
            if !VOLATILE.contains(&call.as_str()) {
                more.at_most(Severity::Warning)
                    .help("if the function is not declared stable or immutable, every row is written: add the column without it, set the default, and fill old rows in batches");
            }
        }
    }
}

/// Functions that differ from row to row for certain.
const VOLATILE: &[&str] = &[
    "gen_random_uuid",
    "uuid_generate_v4",
    "uuid_generate_v1",
    "uuidv4",
    "uuidv7",
    "random",
    "clock_timestamp",
    "timeofday",
    "nextval",
    "gen_random_bytes",
];

/// Functions of PostgreSQL that are the same for all rows of a statement.
const STABLE: &[&str] = &[
    "now",
    "current_timestamp",
    "current_date",
    "current_time",
    "localtimestamp",
    "localtime",
    "transaction_timestamp",
    "statement_timestamp",
    "current_user",
    "session_user",
    "user",
    "current_role",
    "current_database",
    "current_schema",
    "current_setting",
    "timezone",
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "date_trunc",
    "to_timestamp",
    "to_date",
    "make_date",
    "make_interval",
    "make_timestamptz",
    "extract",
    "date_part",
    "lower",
    "upper",
    "trim",
    "btrim",
    "concat",
    "format",
    "length",
    "replace",
    "substring",
    "left",
    "right",
    "md5",
    "sha256",
    "encode",
    "decode",
    "jsonb_build_object",
    "jsonb_build_array",
    "json_build_object",
    "json_build_array",
    "to_jsonb",
    "to_json",
    "row_to_json",
    "array",
    "array_fill",
    "round",
    "floor",
    "ceil",
    "abs",
    "mod",
    "power",
    "int4range",
    "int8range",
    "numrange",
    "daterange",
    "tstzrange",
    "tsrange",
    "text",
    "point",
    "inet_client_addr",
    "txid_current",
    "pg_current_xact_id",
    "row",
    "to_char",
    "to_number",
    "string_to_array",
    "jsonb_object",
    "hstore",
    "bit",
    "to_tsvector",
];

fn is_stable(call: &str) -> bool {
    STABLE.contains(&call)
}
