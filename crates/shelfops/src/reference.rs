//! Prints the reference pages from what the program itself knows, so that they cannot be wrong.

use std::fmt::Write;

use clap::{ArgMatches, Command};
use shelfops_ingest::Stream;
use shelfops_ingest::rules::{RULES, Severity};

use crate::ops::OPERATIONS;

/// The hidden command that prints the pages.
pub(crate) fn command() -> Command {
    Command::new("reference").about("Print the reference pages as Markdown").hide(true)
}

/// Prints all pages, each begun by a line with its file's name.
pub(crate) fn markdown(_matches: &ArgMatches) -> String {
    let mut text = String::new();
    let _ = write!(text, "<!-- page: cli.md -->\n{}", commands());
    let _ = write!(text, "<!-- page: rules.md -->\n{}", rules());
    let _ = write!(text, "<!-- page: fields.md -->\n{}", fields());
    for (name, page) in shelfops_advisor::lint::pages() {
        let _ = write!(text, "<!-- page: lint/{name} -->\n{page}");
    }
    text
}

fn commands() -> String {
    let mut text = String::from("# Commands\n\nGenerated from the program by `cargo x docs`.\n");
    let mut root = crate::cli::command().term_width(100);
    root.build();
    let _ = write!(text, "\n```text\n{}\n```\n", root.render_long_help().to_string().trim_end());
    for operation in OPERATIONS {
        let mut words = operation.name().split(' ');
        let found = words.try_fold(&root, |at, word| at.find_subcommand(word));
        let help = found.cloned().map(|mut leaf| leaf.render_long_help().to_string());
        let help = help.unwrap_or_default();
        let _ = write!(text, "\n## `shelfops {}`\n\n", operation.name());
        let _ = write!(text, "```text\n{}\n```\n", without_common(&help));
        if !operation.details().is_empty() {
            let _ = write!(text, "\n```text\n{}\n```\n", operation.details());
        }
    }
    text
}

/// Cuts the flags that every command takes, which the first help shows, and what stands behind.
fn without_common(help: &str) -> String {
    let cut = help.find("\nOutput:").unwrap_or(help.len());
    let lines = help[..cut].lines().map(str::trim_end);
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn rules() -> String {
    let mut text = String::from(
        "# Validation rules\n\nGenerated from the program by `cargo x docs`. They judge in this \
         order; the first error decides.\n",
    );
    for rule in RULES {
        let severity = match rule.severity() {
            Severity::Error => "error: the record goes to quarantine",
            Severity::Warning => "warning: the record is loaded and counted",
        };
        let streams: Vec<&str> = Stream::ALL
            .into_iter()
            .filter(|stream| rule.applies_to(*stream))
            .map(Stream::name)
            .collect();
        let streams =
            if streams.len() == Stream::ALL.len() { "all".to_owned() } else { streams.join(", ") };
        let _ = write!(
            text,
            "\n## {}\n\n{}\n\n{}\n\n- Severity: {severity}\n- Streams: {streams}\n",
            rule.name(),
            rule.summary(),
            rule.explanation(),
        );
    }
    text
}

fn fields() -> String {
    let mut text = String::from(
        "# Fields of each kind of record\n\nGenerated from the program by `cargo x docs`. A column \
         is found by the field's name or one of its synonyms; a mapping says otherwise.\n",
    );
    for stream in Stream::ALL {
        let _ = write!(
            text,
            "\n## {stream}\n\n| field | required | meaning | synonyms |\n|---|---|---|---|\n"
        );
        for field in stream.fields() {
            let required = if field.is_required { "yes" } else { "" };
            let synonyms: Vec<&str> =
                field.synonyms.iter().copied().filter(|synonym| *synonym != field.name).collect();
            let _ = writeln!(
                text,
                "| `{}` | {required} | {} | {} |",
                field.name,
                field.meaning,
                synonyms.join(", ")
            );
        }
    }
    text
}
