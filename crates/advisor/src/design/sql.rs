//! Writes the pair of migrations.

use std::fmt::Write;

use super::choices::{IndexChoice, key_columns};
use super::house::House;
use super::spec::{ColumnSpec, Meaning, RatioSpec, TableSpec};
use super::volume::Sizing;

/// What the migrations are written from.
pub(super) struct Text<'d> {
    pub(super) spec: &'d TableSpec,
    pub(super) house: &'d House,
    pub(super) sizing: &'d Sizing,
    pub(super) indexes: &'d [IndexChoice],
}

/// Writes a ratio as it is computed over any rows.
pub(super) fn ratio(ratio: &RatioSpec) -> String {
    format!(
        "sum({})::numeric / nullif(sum({}), 0) as {}",
        ratio.numerator, ratio.denominator, ratio.name
    )
}

/// Writes what was said as a sentence, with room for the next; nothing where nothing was said.
fn sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}. ", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}

impl Text<'_> {
    /// Writes the migration that makes the table.
    pub(super) fn up(&self) -> String {
        let mut text = String::new();
        let said = [&self.spec.comment, &self.sizing.arithmetic].map(|text| sentence(text));
        for line in wrapped(&said.concat()) {
            let _ = writeln!(text, "-- {line}");
        }
        for each in &self.spec.ratios {
            let _ = writeln!(text, "-- {}", ratio(each));
        }
        let _ = writeln!(text, "create table {} (", self.spec.name);
        let _ = writeln!(text, "{}\n);", self.lines().join(",\n"));
        self.comments(&mut text);
        self.indexes(&mut text);
        self.isolation(&mut text);
        if self.house.has_views && !self.spec.ratios.is_empty() {
            self.view(&mut text);
        }
        text
    }

    /// Writes the migration that takes it back.
    pub(super) fn down(&self) -> String {
        let name = &self.spec.name;
        let mut text = String::new();
        if self.house.has_views && !self.spec.ratios.is_empty() {
            let _ = writeln!(text, "drop view {name}_ratios;");
        }
        match &self.house.tenant {
            Some(tenant) if self.sizing.is_timeseries => {
                let _ = writeln!(text, "select {}('{name}');", tenant.drop_timeseries);
            }
            _ => {
                let _ = writeln!(text, "drop table {name};");
            }
        }
        text
    }

    fn lines(&self) -> Vec<String> {
        let (spec, house) = (self.spec, self.house);
        let mut lines = Vec::new();
        let declares_references = !self.sizing.is_timeseries;
        if let Some(tenant) = &house.tenant {
            let reference = if declares_references {
                format!(" references {}", tenant.table)
            } else {
                String::new()
            };
            lines.push(format!("    {} {} not null{reference}", tenant.column, tenant.data_type));
        }
        lines.extend(spec.columns.iter().map(|column| format!("    {}", definition(column))));
        lines.push(format!("    primary key ({})", key_columns(spec, house).join(", ")));
        if declares_references {
            for reference in &spec.references {
                let tenant = house.tenant.iter().map(|tenant| tenant.column.clone());
                let columns: Vec<String> = tenant.chain(reference.columns.clone()).collect();
                lines.push(format!(
                    "    foreign key ({}) references {}",
                    columns.join(", "),
                    reference.table
                ));
            }
        }
        for column in &spec.columns {
            if let Some(whole) = &column.at_most {
                let name = shortened(&format!("{}_{}_at_most", spec.name, column.name));
                lines.push(format!("    constraint {name} check ({} <= {whole})", column.name));
            }
        }
        for check in &spec.checks {
            let name = shortened(&format!("{}_{}", spec.name, check.name));
            lines.push(format!("    constraint {name} check ({})", check.condition));
        }
        lines
    }

    fn comments(&self, text: &mut String) {
        let name = &self.spec.name;
        let _ = writeln!(text, "comment on table {name} is {};", quoted(&self.spec.comment));
        for column in &self.spec.columns {
            if let Some(comment) = &column.comment {
                let column = &column.name;
                let _ = writeln!(text, "comment on column {name}.{column} is {};", quoted(comment));
            }
        }
    }

    fn indexes(&self, text: &mut String) {
        for index in self.indexes {
            let Some(name) = &index.name else { continue };
            text.push('\n');
            for line in wrapped(&format!("{}.", capitalised(&index.why))) {
                let _ = writeln!(text, "-- {line}");
            }
            let columns = index.columns.join(", ");
            let _ = writeln!(text, "create index {name} on {} ({columns});", self.spec.name);
        }
    }

    fn isolation(&self, text: &mut String) {
        let (name, Some(tenant)) = (&self.spec.name, &self.house.tenant) else { return };
        let time = self.spec.volume.as_ref().and_then(|volume| volume.time.as_ref());
        if let (true, Some(days), Some(time)) =
            (self.sizing.is_timeseries, self.sizing.chunk_days, time)
        {
            let segment = &tenant.column;
            let _ = writeln!(
                text,
                "\nselect {}(\n    '{name}', '{time}', interval '{days} days', array['{segment}'],\n    \
                 '{time} desc', interval '{} days');",
                tenant.create_timeseries,
                days * 4
            );
        } else {
            let _ = writeln!(text, "\nselect {}('{name}');", tenant.protect);
        }
    }

    fn view(&self, text: &mut String) {
        let name = &self.spec.name;
        let key = key_columns(self.spec, self.house);
        let _ = writeln!(text, "\ncreate view {name}_ratios with (security_invoker) as\nselect");
        let mut lines: Vec<String> = key.iter().map(|column| format!("    {column}")).collect();
        lines.extend(self.spec.ratios.iter().map(|ratio| {
            format!(
                "    {}::numeric / nullif({}, 0) as {}",
                ratio.numerator, ratio.denominator, ratio.name
            )
        }));
        let _ = writeln!(text, "{}\nfrom {name};", lines.join(",\n"));
    }
}

/// Writes a column: its type and check follow from its meaning.
fn definition(column: &ColumnSpec) -> String {
    let name = &column.name;
    let (data_type, check) = match column.meaning {
        Meaning::Id => ("uuid", None),
        Meaning::Count => ("bigint", Some(format!("{name} >= 0"))),
        Meaning::Quantity => ("numeric(19, 4)", Some(format!("{name} >= 0"))),
        Meaning::Number | Meaning::Money => ("numeric(19, 4)", None),
        Meaning::Currency => ("text", Some(format!("{name} ~ '^[A-Z]{{3}}$'"))),
        Meaning::Share => ("numeric(9, 8)", Some(format!("{name} between 0 and 1"))),
        Meaning::Date => ("date", None),
        Meaning::Moment | Meaning::Written => ("timestamptz", None),
        Meaning::Text => ("text", Some(format!("{name} <> ''"))),
        Meaning::Code if column.values.is_empty() => {
            ("text", Some(format!("{name} ~ '^[a-z][a-z0-9-]{{0,62}}$'")))
        }
        Meaning::Code => ("text", None),
        Meaning::Flag => ("boolean", None),
        Meaning::Document => ("jsonb", None),
    };
    let mut sql = format!("{name} {data_type}");
    if !column.optional {
        sql.push_str(" not null");
    }
    match (&column.default, column.meaning) {
        (Some(default), _) => sql.push_str(&format!(" default {default}")),
        (None, Meaning::Written) => sql.push_str(" default now()"),
        _ => {}
    }
    let check = if column.values.is_empty() {
        check
    } else {
        let values: Vec<String> = column.values.iter().map(|value| quoted(value)).collect();
        Some(format!("{name} in ({})", values.join(", ")))
    };
    if let Some(check) = check {
        sql.push_str(&format!(" check ({check})"));
    }
    sql
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn shortened(name: &str) -> String {
    name.chars().take(63).collect()
}

/// Breaks a text into lines that fit behind `-- `.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < 100 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
