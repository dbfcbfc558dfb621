//! Reads what somebody says into a specification, without a model: by the house's templates, by a list of
//! columns, and else not at all.

use schemars::JsonSchema;
use serde::Serialize;

use super::house::{House, Question};
use super::spec::{ColumnSpec, Meaning, ReferenceSpec, TableSpec};

/// What a text was understood to want.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "understood", rename_all = "kebab-case")]
pub enum Understood {
    /// A table; the questions have an answer that was taken.
    Table {
        /// What was understood.
        spec: Box<TableSpec>,
        /// What was not said.
        questions: Vec<Question>,
    },
    /// Too little: these have to be answered first.
    TooLittle {
        /// What was not said.
        questions: Vec<Question>,
    },
}

/// Reads a text.
///
/// A template is taken where all of its words are there. Otherwise a name after «table» and a list of
/// columns after «with» are, as in «a table price_changes with product_id, changed_at, unit_price».
pub fn understand(text: &str, house: &House) -> Understood {
    let words = words(text);
    let matching = house.templates.iter().find(|template| {
        template.words.iter().all(|spellings| spellings.iter().any(|word| words.contains(word)))
    });
    if let Some(template) = matching {
        return Understood::Table {
            spec: Box::new(template.spec.clone()),
            questions: template.questions.clone(),
        };
    }
    match listed(text, house) {
        Some(spec) => Understood::Table { questions: open_questions(&spec), spec: Box::new(spec) },
        None => Understood::TooLittle { questions: too_little(house) },
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Reads a name and a list of columns.
fn listed(text: &str, house: &House) -> Option<TableSpec> {
    let lower = text.to_lowercase();
    let (before, list) = lower.split_once(" with ")?;
    let name = before
        .split_whitespace()
        .rev()
        .map(|word| word.trim_matches(|letter: char| !letter.is_alphanumeric() && letter != '_'))
        .find(|word| word.len() > 2 && !["table", "the", "called", "named"].contains(word))?;
    let columns: Vec<ColumnSpec> = list
        .split([',', ';'])
        .flat_map(|part| part.split(" and "))
        .map(|part| words(part).join("_"))
        .filter(|column| !column.is_empty())
        .map(|column| ColumnSpec {
            meaning: meaning_of(&column),
            name: column,
            optional: false,
            comment: None,
            values: Vec::new(),
            at_most: None,
            default: None,
        })
        .collect();
    if columns.is_empty() {
        return None;
    }
    let references: Vec<ReferenceSpec> = house
        .parents
        .iter()
        .filter(|parent| {
            parent.key.iter().all(|key| columns.iter().any(|column| column.name == *key))
        })
        .map(|parent| ReferenceSpec { table: parent.table.clone(), columns: parent.key.clone() })
        .collect();
    let in_key = |column: &&ColumnSpec| {
        matches!(column.meaning, Meaning::Id | Meaning::Date | Meaning::Moment)
    };
    let key: Vec<String> =
        columns.iter().filter(in_key).map(|column| column.name.clone()).collect();
    if key.is_empty() {
        return None;
    }
    Some(TableSpec {
        name: name.to_owned(),
        comment: format!("One row for each {}", key.join(", ")),
        key,
        columns: with_currency(columns),
        references,
        ..TableSpec::default()
    })
}

fn with_currency(mut columns: Vec<ColumnSpec>) -> Vec<ColumnSpec> {
    let has = |meaning| columns.iter().any(|column: &ColumnSpec| column.meaning == meaning);
    if has(Meaning::Money) && !has(Meaning::Currency) {
        columns.push(ColumnSpec {
            name: "currency".to_owned(),
            meaning: Meaning::Currency,
            optional: false,
            comment: None,
            values: Vec::new(),
            at_most: None,
            default: None,
        });
    }
    columns
}

/// Reads what a column means from how it is called.
fn meaning_of(name: &str) -> Meaning {
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if ends(&["_id"]) {
        Meaning::Id
    } else if ends(&["_at"]) {
        Meaning::Moment
    } else if ends(&["_on", "_date", "date"]) {
        Meaning::Date
    } else if begins(&["is_", "has_"]) {
        Meaning::Flag
    } else if name == "currency" {
        Meaning::Currency
    } else if ends(&["price", "cost", "amount", "total", "revenue", "spend"]) {
        Meaning::Money
    } else if ends(&["count", "_ordered", "_received"]) || begins(&["number_of"]) {
        Meaning::Count
    } else if ends(&["quantity", "weight", "volume"]) {
        Meaning::Quantity
    } else if ends(&["status", "state", "kind", "type", "code", "source"]) {
        Meaning::Code
    } else {
        Meaning::Text
    }
}

fn question(asks: &str, default: &str) -> Question {
    Question { asks: asks.to_owned(), default: default.to_owned() }
}

fn open_questions(spec: &TableSpec) -> Vec<Question> {
    vec![
        question(
            "How many rows does a tenant get in a year, and are they asked by time?",
            "a plain table",
        ),
        question(
            "What makes a row the only one of its kind?",
            &format!("({})", spec.key.join(", ")),
        ),
    ]
}

fn too_little(house: &House) -> Vec<Question> {
    let parents: Vec<&str> = house.parents.iter().map(|parent| parent.table.as_str()).collect();
    vec![
        question("What is one row: which thing, and per what (day, month, event)?", ""),
        question("What is it about?", &format!("one of {}, or a new thing", parents.join(", "))),
        question("Which columns: «a table NAME with COLUMN, COLUMN, …», or a specification?", ""),
        question("How many rows a year, and what will be asked of them?", ""),
    ]
}
