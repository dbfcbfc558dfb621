//! What is chosen, what is not, and why.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::Choice;
use super::house::House;
use super::spec::{ColumnSpec, Meaning, QuestionSpec, TableSpec};
use super::volume::Sizing;
use crate::lint::rules::is_reserved;

/// The longest name that PostgreSQL keeps.
const LONGEST_NAME: usize = 63;

/// An index that was thought of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IndexChoice {
    /// Its columns, the tenant's first.
    pub columns: Vec<String>,
    /// Its name, where it is made.
    pub name: Option<String>,
    /// Why it is made, or is not.
    pub why: String,
}

/// Returns everything that is wrong with a specification.
pub(super) fn faults(spec: &TableSpec, house: &House) -> Vec<String> {
    let mut faults = Vec::new();
    let names: Vec<&str> = spec.columns.iter().map(|column| column.name.as_str()).collect();
    for name in names.iter().copied().chain([spec.name.as_str()]) {
        if !is_name(name) {
            faults.push(format!(
                "'{name}' is no name: 1 to {LONGEST_NAME} lower-case letters, digits and '_', a letter first"
            ));
        }
    }
    for name in names.iter().copied().chain([spec.name.as_str()]).filter(|name| is_reserved(name)) {
        faults.push(format!("'{name}' is a reserved word: it would need quotes in every query"));
    }
    let distinct: BTreeSet<&&str> = names.iter().collect();
    if distinct.len() < names.len() {
        faults.push("two columns have one name".to_owned());
    }
    if let Some(tenant) = &house.tenant
        && names.contains(&tenant.column.as_str())
    {
        faults.push(format!("leave {} out: every table gets it", tenant.column));
    }
    if spec.key.is_empty() {
        faults.push("say what makes a row the only one: key = [...]".to_owned());
    }
    if spec.comment.trim().is_empty() {
        faults.push("say what one row is: comment = \"...\"".to_owned());
    }
    let named = spec
        .key
        .iter()
        .chain(spec.references.iter().flat_map(|it| &it.columns))
        .chain(spec.questions.iter().flat_map(|it| it.equal.iter().chain(&it.range)))
        .chain(spec.columns.iter().filter_map(|it| it.at_most.as_ref()))
        .chain(spec.ratios.iter().flat_map(|it| [&it.numerator, &it.denominator]))
        .chain(spec.volume.iter().filter_map(|it| it.time.as_ref()));
    let unknown: BTreeSet<&String> = named.filter(|name| !names.contains(&name.as_str())).collect();
    faults.extend(unknown.into_iter().map(|name| format!("there is no column '{name}'")));
    for column in &spec.columns {
        if column.optional && spec.key.contains(&column.name) {
            faults.push(format!("'{}' is part of the key and cannot be optional", column.name));
        }
    }
    let has = |meaning| spec.columns.iter().any(|column| column.meaning == meaning);
    if has(Meaning::Money) && !has(Meaning::Currency) {
        faults.push("an amount without a currency cannot be added up: add a currency".to_owned());
    }
    for reference in &spec.references {
        match house.parents.iter().find(|parent| parent.table == reference.table) {
            None => faults.push(format!("there is no table '{}' to refer to", reference.table)),
            Some(parent) if parent.key.len() != reference.columns.len() => faults.push(format!(
                "the key of {} is ({}), which {} cannot refer to",
                parent.table,
                parent.key.join(", "),
                reference.columns.join(", ")
            )),
            Some(_) => {}
        }
    }
    faults
}

fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

/// Returns the columns of the key, the tenant's first.
pub(super) fn key_columns(spec: &TableSpec, house: &House) -> Vec<String> {
    with_tenant(house, spec.key.iter().cloned())
}

fn with_tenant(house: &House, columns: impl Iterator<Item = String>) -> Vec<String> {
    house.tenant.iter().map(|tenant| tenant.column.clone()).chain(columns).collect()
}

/// Thinks of an index for each reference and question, and says of each why it is made or not.
pub(super) fn indexes(spec: &TableSpec, house: &House, sizing: &Sizing) -> Vec<IndexChoice> {
    let key = key_columns(spec, house);
    let mut made: Vec<Vec<String>> = vec![key.clone()];
    let mut choices = Vec::new();
    // The longest first: it may stand in for the shorter ones.
    let mut wanted: Vec<(Vec<String>, String, bool)> = spec
        .questions
        .iter()
        .map(|question| (question_columns(question, house), format!("«{}»", question.asks), false))
        .chain(spec.references.iter().map(|reference| {
            let columns = with_tenant(house, reference.columns.iter().cloned());
            (columns, format!("the reference to {}", reference.table), true)
        }))
        .collect();
    wanted.sort_by_key(|(columns, _, _)| std::cmp::Reverse(columns.len()));
    for (columns, what, is_reference) in wanted {
        let covering = made.iter().find(|index| plain(index).starts_with(&plain(&columns)));
        let rejected = if let Some(covering) = covering {
            Some(if *covering == key {
                format!("{what} is served by the primary key, whose first columns are these")
            } else {
                format!("{what} is served by the index on ({})", covering.join(", "))
            })
        } else if is_reference && !sizing.is_timeseries {
            None
        } else {
            rejection(spec, house, sizing, &columns).map(|why| format!("{what}: {why}"))
        };
        let is_made = rejected.is_none();
        let why = rejected.unwrap_or_else(|| {
            if is_reference {
                format!("behind {what}: without it, deleting there reads this table whole")
            } else {
                format!("answers {what}")
            }
        });
        let name = is_made.then(|| index_name(spec, house, &columns));
        choices.push(IndexChoice { columns: columns.clone(), name, why });
        if is_made {
            made.push(columns);
        }
    }
    choices
}

fn question_columns(question: &QuestionSpec, house: &House) -> Vec<String> {
    let range = question.range.iter().map(|column| {
        if question.newest_first { format!("{column} desc") } else { column.clone() }
    });
    with_tenant(house, question.equal.iter().cloned().chain(range))
}

/// Columns without their order: an index is read both ways.
fn plain(columns: &[String]) -> Vec<&str> {
    columns.iter().map(|column| column.trim_end_matches(" desc")).collect()
}

/// Says why an index would not be worth its writes; none where it is.
fn rejection(
    spec: &TableSpec,
    house: &House,
    sizing: &Sizing,
    columns: &[String],
) -> Option<String> {
    if let Some(rows) = sizing.rows_a_year
        && rows < house.unindexed_up_to
    {
        return Some(format!(
            "{rows} rows a year are fewer than {}: reading them all is as quick",
            house.unindexed_up_to
        ));
    }
    let tenant = house.tenant.as_ref().map(|tenant| tenant.column.as_str());
    let names = plain(columns);
    let others: Vec<&&str> = names.iter().filter(|name| Some(**name) != tenant).collect();
    let is_few = |column: &ColumnSpec| {
        column.meaning == Meaning::Flag || (1..20).contains(&column.values.len())
    };
    let all_few = others
        .iter()
        .all(|name| spec.columns.iter().any(|column| column.name == ***name && is_few(column)));
    (!others.is_empty() && all_few).then(|| {
        format!(
            "{} has few values, each in too many rows for an index",
            others.iter().map(|name| (**name).to_owned()).collect::<Vec<_>>().join(", ")
        )
    })
}

fn index_name(spec: &TableSpec, house: &House, columns: &[String]) -> String {
    let tenant = house.tenant.as_ref().map(|tenant| tenant.column.as_str());
    let words: Vec<&str> = plain(columns)
        .into_iter()
        .filter(|column| Some(*column) != tenant)
        .map(|column| column.trim_end_matches("_id"))
        .collect();
    let mut name = format!("{}_{}", spec.name, words.join("_"));
    name.truncate(LONGEST_NAME);
    name
}

/// Says what was chosen besides indexes, and why.
pub(super) fn choices(spec: &TableSpec, house: &House, sizing: &Sizing) -> Vec<Choice> {
    let mut choices = Vec::new();
    let mut choose = |what: String, why: &str| choices.push(Choice { what, why: why.to_owned() });
    let key = key_columns(spec, house).join(", ");
    choose(
        format!("primary key ({key})"),
        "the grain of the table: a second row for the same thing is refused, and loading again replaces",
    );
    if let Some(tenant) = &house.tenant {
        choose(
            format!("{} first in every key and reference", tenant.column),
            "references look past row security: without it a row could point at another tenant's",
        );
        let function =
            if sizing.is_timeseries { &tenant.create_timeseries } else { &tenant.protect };
        choose(
            format!("isolated by {function}"),
            "row security enabled and forced, one policy, rights of the application: none can be forgotten",
        );
    }
    let kind = if sizing.is_timeseries { "partitioned by time" } else { "a plain table" };
    choose(kind.to_owned(), &sizing.arithmetic);
    if sizing.is_timeseries && !spec.references.is_empty() {
        choose(
            "no declared references".to_owned(),
            "checked a row at a time they cost more than the load; the loader resolves them first",
        );
    }
    if !spec.ratios.is_empty() {
        let parts: Vec<String> = spec
            .ratios
            .iter()
            .map(|ratio| format!("{} = {} / {}", ratio.name, ratio.numerator, ratio.denominator))
            .collect();
        choose(
            format!("numerators and denominators, no percentages: {}", parts.join(", ")),
            "an average of percentages is wrong by region or month; sums of parts can be divided at any level",
        );
    }
    let has = |meaning| spec.columns.iter().any(|column| column.meaning == meaning);
    if has(Meaning::Money) {
        choose(
            "numeric(19, 4) with a currency beside it".to_owned(),
            "floats cannot hold a cent, and amounts of two currencies do not add up",
        );
    }
    if has(Meaning::Moment) || has(Meaning::Written) {
        choose(
            "timestamptz".to_owned(),
            "a moment, whatever the session's clock; without a zone it is one of two an hour each autumn",
        );
    }
    if spec.columns.iter().any(|column| column.at_most.is_some()) || !spec.checks.is_empty() {
        choose(
            "checks between columns".to_owned(),
            "a part is never more than its whole: a wrong load fails instead of making rates above one",
        );
    }
    choose(
        "no retention".to_owned(),
        "how long rows are kept is the tenant's to say; nothing is dropped until somebody does",
    );
    choices
}
