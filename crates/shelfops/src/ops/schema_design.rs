//! Designs a table: from what it is for to a pair of migrations.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_advisor::design::{Design, Question, TableSpec, Understood, design, understand};

use super::output::{Verdict, counted};
use super::{Access, Context, Effect, OpError, Operation, Output, Principal};
use crate::design::house;

/// Designs a table.
pub(crate) struct SchemaDesign;

/// What the table is for.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// What is wanted, in words
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    #[serde(default)]
    pub(crate) from_intent: Option<String>,
    /// A specification, TOML or JSON
    #[arg(value_name = "FILE")]
    #[serde(default)]
    pub(crate) file: Option<PathBuf>,
    /// The specification itself, as JSON
    #[arg(skip)]
    #[serde(default)]
    pub(crate) spec: Option<TableSpec>,
    /// Write the pair of migrations into this directory
    #[arg(long, value_name = "DIRECTORY")]
    #[serde(default)]
    pub(crate) write: Option<PathBuf>,
}

/// A design, or what has to be said first.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Proposal {
    /// The design; none where too little was said.
    design: Option<Design>,
    /// The specification it was made from, to be changed and given as a file.
    spec: Option<TableSpec>,
    /// What was not said, with what was taken.
    questions: Vec<Question>,
    /// Files that were written.
    files: Vec<String>,
}

impl Operation for SchemaDesign {
    const NAME: &'static str = "schema design";
    const SUMMARY: &'static str =
        "Design a table: a pair of migrations, each choice with its reason";
    const DETAILS: &'static str = "\
Nothing is applied. A specification says what columns mean, what is asked of the table and how much there
will be: docs/guides/designing-a-table.md. Words are understood without a model where they can be; else the
questions that are open are told, with exit code 3.

Examples:
  shelfops schema design --from-intent 'Create a table to store supplier performance metrics'
  shelfops schema design --from-intent 'a table price_changes with product_id, changed_at, unit_price'
  shelfops schema design spec.toml --write crates/db/migrations";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Operator;

    type Input = Input;
    type Data = Proposal;

    async fn run(context: &Context, input: Input) -> Result<Output<Proposal>, OpError> {
        let house = house()?;
        let (spec, questions) = match (&input.spec, &input.file, &input.from_intent) {
            (Some(spec), _, _) => (spec.clone(), Vec::new()),
            (None, Some(path), _) => (read(path)?, Vec::new()),
            (None, None, Some(text)) => match understand(text, &house) {
                Understood::Table { spec, questions } => (*spec, questions),
                Understood::TooLittle { questions } => return Ok(asked(questions)),
            },
            (None, None, None) => {
                return Err(OpError::usage("give a specification, or --from-intent with words"));
            }
        };
        let design = design(&spec, &house).map_err(|error| OpError::usage(error.to_string()))?;
        let files = match &input.write {
            Some(directory) => write(context, directory, &design)?,
            None => Vec::new(),
        };
        Ok(told(design, spec, questions, files))
    }
}

fn read(path: &Path) -> Result<TableSpec, OpError> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => OpError::not_found(format!("{shown} does not exist")),
        _ => OpError::failed(format!("cannot read {shown}: {error}")),
    })?;
    let is_json = text.trim_start().starts_with('{');
    let read = if is_json {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        toml::from_str(&text).map_err(|error| error.to_string())
    };
    read.map_err(|error| OpError::usage(format!("{shown} is not right: {error}")))
}

fn write(context: &Context, directory: &Path, design: &Design) -> Result<Vec<String>, OpError> {
    if !matches!(context.principal(), Principal::Terminal { .. }) {
        return Err(OpError::forbidden("only the command line writes files"));
    }
    let version = context.now().strftime("%Y%m%d%H%M%S").to_string();
    [("up", &design.up), ("down", &design.down)]
        .into_iter()
        .map(|(way, text)| {
            let path = directory.join(format!("{version}_create_{}.{way}.sql", design.name));
            std::fs::write(&path, text).map_err(|error| {
                OpError::failed(format!("cannot write {}: {error}", path.display()))
            })?;
            Ok(path.display().to_string())
        })
        .collect()
}

fn asked(questions: Vec<Question>) -> Output<Proposal> {
    let mut page = String::from("Too little was said to design a table:\n");
    for question in &questions {
        let _ = writeln!(page, "- {}", question.asks);
    }
    let data = Proposal { design: None, spec: None, questions, files: Vec::new() };
    Output::new(format!("{} first", counted(data.questions.len(), "question")), data)
        .page(page)
        .next("shelfops schema design spec.toml", "takes a specification")
        .verdict(Verdict::Problems)
}

fn told(
    design: Design,
    spec: TableSpec,
    questions: Vec<Question>,
    files: Vec<String>,
) -> Output<Proposal> {
    let page = page(&design, &questions);
    let made = design.indexes.iter().filter(|index| index.name.is_some()).count();
    let kind = if design.sizing.is_timeseries { "time series" } else { "plain table" };
    let mut output = Output::new(
        format!(
            "{}: {kind}, {}, {} made of {} thought of",
            design.name,
            counted(spec.columns.len() + 1, "column"),
            counted(made, "index").replace("indexs", "indexes"),
            design.indexes.len()
        ),
        (),
    );
    for choice in design.choices.iter().take(4) {
        output = output.why(choice.what.clone(), choice.why.clone());
    }
    if !spec.references.is_empty() && !design.sizing.is_timeseries {
        let tables: Vec<&str> = spec.references.iter().map(|it| it.table.as_str()).collect();
        output = output.risk(format!(
            "the references keep writers of {} out while the table is made: milliseconds",
            tables.join(", ")
        ));
    }
    let command = match files.first() {
        Some(file) => format!("shelfops migrate lint {file}"),
        None => "the same with --write crates/db/migrations".to_owned(),
    };
    let next = if files.is_empty() { "writes the pair" } else { "judges what was written" };
    let Output { summary, why, risks, schema_version, verdict, .. } = output;
    Output {
        summary,
        why,
        risks,
        schema_version,
        verdict,
        data: Proposal { design: Some(design), spec: Some(spec), questions, files },
        next: Vec::new(),
        page: Some(page),
    }
    .next(command, next)
}

fn page(design: &Design, questions: &[Question]) -> String {
    let mut page = format!("-- up\n{}\n-- down\n{}", design.up, design.down);
    page.push_str("\nWhy:\n");
    for choice in &design.choices {
        let _ = writeln!(page, "- {}: {}", choice.what, choice.why);
    }
    page.push_str("\nIndexes:\n");
    for index in &design.indexes {
        let what = if index.name.is_some() { "made" } else { "not made" };
        let _ = writeln!(page, "- ({}) {what}: {}", index.columns.join(", "), index.why);
    }
    if !design.ratios.is_empty() {
        page.push_str("\nRatios, over any rows:\n");
        for ratio in &design.ratios {
            let _ = writeln!(page, "- {ratio}");
        }
    }
    if !questions.is_empty() {
        page.push_str("\nTo settle:\n");
        for question in questions {
            let _ = writeln!(page, "- {} Taken: {}.", question.asks, question.default);
        }
    }
    page
}
