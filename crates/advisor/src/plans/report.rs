//! Writes findings for people, numbered as the drawing of their plan names them.

use std::fmt::Write;

use super::findings::Finding;

/// How far the text below a finding's number is moved in.
const INDENT: &str = "    ";

/// Writes findings one below the other, each with its numbers, its reason and what to do.
pub fn report(findings: &[Finding]) -> String {
    let mut text = String::new();
    for (number, finding) in (1..).zip(findings) {
        if number > 1 {
            text.push('\n');
        }
        write(&mut text, number, finding);
    }
    text
}

fn write(text: &mut String, number: usize, finding: &Finding) {
    let share = finding.share.filter(|share| share.part > 0.0).map(|share| share.shown());
    let sure = format!("{} confidence", finding.confidence.name());
    let facts = share.into_iter().chain([sure]).collect::<Vec<_>>().join(", ");
    let _ = writeln!(text, "[{number}] {}: {}", finding.rule, finding.what);
    let _ = writeln!(text, "{INDENT}{facts}");
    if let Some(path) = &finding.path {
        let _ = writeln!(text, "{INDENT}at:  {path}");
    }
    for evidence in &finding.evidence {
        let _ = writeln!(text, "{INDENT}seen: {evidence}");
    }
    let _ = writeln!(text, "{INDENT}why: {}", finding.why);
    for remedy in &finding.remedies {
        let _ = writeln!(text, "{INDENT}do:  {}", remedy.advice);
        for line in remedy.sql.iter().flat_map(|sql| sql.lines()) {
            let _ = writeln!(text, "{INDENT}{INDENT} {line}");
        }
    }
}
