//! Writes an answer: for people as tables, for programs as JSON, NDJSON or CSV.

use std::fmt::Write;

use clap::ArgMatches;
use serde_json::Value;

use super::table;
use crate::ops::Output;
use crate::ops::context::Talk;

/// How answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// One JSON document a row.
    Ndjson,
    /// Rows with a header.
    Csv,
}

impl Format {
    pub(super) fn from_matches(matches: &ArgMatches) -> Self {
        match matches.get_one::<String>("output").map(String::as_str) {
            Some("json") => Self::Json,
            Some("ndjson") => Self::Ndjson,
            Some("csv") => Self::Csv,
            _ => Self::Table,
        }
    }
}

/// Writes an answer as text for stdout.
pub(super) fn output(output: &Output<Value>, format: Format) -> String {
    match format {
        Format::Table => output.page.clone().unwrap_or_else(|| table::render(&output.data)),
        Format::Json => serde_json::to_string_pretty(output).unwrap_or_default() + "\n",
        Format::Ndjson => table::rows(&output.data).iter().fold(String::new(), |mut text, row| {
            let _ = writeln!(text, "{row}");
            text
        }),
        Format::Csv => csv(&table::rows(&output.data)),
    }
}

/// Says on stderr what belongs to the answer but is not data.
pub(super) fn talk_after(output: &Output<Value>, format: Format, talk: &dyn Talk) {
    if format == Format::Json {
        return;
    }
    for line in &output.summary {
        talk.say(line);
    }
    for why in &output.why {
        // What is claimed may be a whole sentence.
        talk.say(&format!("  why: {}: {}", why.claim.trim_end_matches('.'), why.evidence));
    }
    for risk in &output.risks {
        talk.say(&format!("  risk: {risk}"));
    }
    for next in &output.next {
        talk.say(&format!("  next: {}   ({})", next.command, next.because));
    }
}

fn csv(rows: &[Value]) -> String {
    let columns = table::columns(rows);
    let mut text = String::new();
    let line =
        |cells: Vec<String>| cells.iter().map(|cell| quote(cell)).collect::<Vec<_>>().join(",");
    let _ = writeln!(text, "{}", line(columns.clone()));
    for row in rows {
        let cells = columns.iter().map(|column| table::plain(row.get(column))).collect();
        let _ = writeln!(text, "{}", line(cells));
    }
    text
}

fn quote(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
