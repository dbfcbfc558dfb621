//! Shows findings: with carets for people, as SARIF for code hosts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::rules::{About, RULES};
use super::script::Script;
use super::{Finding, Report};

/// How many columns of a line are shown, so that a statement in one line stays readable.
const MOST_COLUMNS: usize = 120;

/// Shows every finding with the line it stands on.
///
/// The why is said once a rule: the second finding of a kind needs its help only.
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    let mut explained: Vec<&str> = Vec::new();
    for finding in &report.findings {
        let script = report.scripts.iter().find(|script| script.path == finding.path);
        one(&mut text, finding, script);
        if !explained.contains(&finding.rule) {
            explained.push(finding.rule);
            let about = super::rules::find(finding.rule);
            if let Some(about) = about {
                note(&mut text, gutter(finding), "why", about.why);
            }
        }
        text.push('\n');
    }
    text
}

fn gutter(finding: &Finding) -> usize {
    finding.line.to_string().len()
}

fn one(text: &mut String, finding: &Finding, script: Option<&Script>) {
    let width = gutter(finding);
    let _ = writeln!(text, "{}[{}]: {}", finding.severity, finding.rule, finding.message);
    let _ = writeln!(text, "{:width$}--> {}:{}:{}", "", finding.path, finding.line, finding.column);
    if let Some(script) = script {
        let line = script.line(finding.line);
        // A tab is as wide as the terminal has it, so the line and its carets both lose theirs.
        let shown: String =
            line.chars().map(|each| if each == '\t' { ' ' } else { each }).collect();
        let length = shown.trim_end().chars().count();
        let from = if finding.column > MOST_COLUMNS { finding.column - 20 } else { 1 };
        let visible: String = shown.chars().skip(from - 1).take(MOST_COLUMNS).collect();
        let end = if finding.end_line == finding.line { finding.end_column } else { length + 1 };
        let carets = end.saturating_sub(finding.column).max(1);
        let room = MOST_COLUMNS.saturating_sub(finding.column - from).max(1);
        let _ = writeln!(text, "{:width$} |", "");
        let _ = writeln!(text, "{} | {}", finding.line, visible.trim_end());
        let _ = writeln!(
            text,
            "{:width$} | {}{}",
            "",
            " ".repeat(finding.column - from),
            "^".repeat(carets.min(room))
        );
        let _ = writeln!(text, "{:width$} |", "");
    }
    if let Some(evidence) = &finding.evidence {
        note(text, width, "seen", evidence);
    }
    note(text, width, "help", &finding.help);
}

/// Writes what belongs to a finding, in lines that fit.
fn note(text: &mut String, width: usize, label: &str, words: &str) {
    const LINE: usize = 96;
    let indent = width + 3 + label.len() + 2;
    let mut line = format!("{:width$} = {label}: ", "");
    let mut length = indent;
    for (place, word) in words.split_whitespace().enumerate() {
        let needed = word.chars().count() + usize::from(place > 0);
        if place > 0 && length + needed > LINE {
            let _ = writeln!(text, "{line}");
            line = " ".repeat(indent);
            length = indent;
        } else if place > 0 {
            line.push(' ');
        }
        line.push_str(word);
        length += needed;
    }
    let _ = writeln!(text, "{line}");
}

/// Returns the findings as SARIF 2.1.0, which code hosts show beside the lines.
pub fn sarif(report: &Report) -> Value {
    let about = RULES.iter().map(|rule| rule.about()).chain(super::about_files());
    let rules: Vec<Value> = about.map(described).collect();
    let results: Vec<Value> = report.findings.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "shelfops migrate lint",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                }
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn described(about: &About) -> Value {
    json!({
        "id": about.name,
        "shortDescription": { "text": about.summary },
        "fullDescription": { "text": about.why },
        "help": { "text": about.remedy },
        "defaultConfiguration": { "level": about.severity.name() },
    })
}

fn result(finding: &Finding) -> Value {
    let evidence = finding.evidence.as_ref().map(|seen| format!(" ({seen})")).unwrap_or_default();
    let text = format!("{}{evidence}. {}", finding.message, finding.help);
    json!({
        "ruleId": finding.rule,
        "level": finding.severity.name(),
        "message": { "text": text },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": finding.path.replace('\\', "/") },
                "region": {
                    "startLine": finding.line,
                    "startColumn": finding.column,
                    "endLine": finding.end_line,
                    "endColumn": finding.end_column,
                },
            }
        }],
    })
}
