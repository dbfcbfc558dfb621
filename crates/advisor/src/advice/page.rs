//! Writes advice for people: what to do, why, what was measured, and what was not taken.

use std::fmt::Write;

use super::{Advice, AdvisedIndex, Migration};
use crate::indexes::megabytes;
use crate::proof::{Compared, Proof, Proved};

/// How many refusals are listed of each rule; all are in the data.
const LISTED: usize = 3;

/// Writes advice, with its proof where there is one.
pub fn page(advice: &Advice, proof: Option<&Proof>, migration: &Migration) -> String {
    let mut text = String::new();
    statements(&mut text, advice, proof);
    for (number, index) in (1..).zip(&advice.indexes) {
        index_of(&mut text, number, index, proof);
    }
    for rewrite in &advice.rewrites {
        let name = advice.statements.get(rewrite.statement).map_or("", |it| it.name.as_str());
        let _ = writeln!(text, "\nrewrite {name} ({}): {}", rewrite.rule, rewrite.what);
        let _ = writeln!(text, "    why: {}", rewrite.why);
        if let Some(condition) = &rewrite.condition {
            let _ = writeln!(text, "    if:  {condition}");
        }
        compared(
            &mut text,
            proof.map(|it| it.rewrites.as_slice()),
            rewrite.rule,
            rewrite.statement,
        );
        indented(&mut text, &rewrite.sql);
    }
    for rollup in &advice.rollups {
        let name = advice.statements.get(rollup.statement).map_or("", |it| it.name.as_str());
        let _ = writeln!(text, "\nrollup {} for {name}", rollup.name);
        for why in &rollup.why {
            let _ = writeln!(text, "    why: {why}");
        }
        compared(&mut text, proof.map(|it| it.rollups.as_slice()), &rollup.name, rollup.statement);
        for risk in &rollup.risks {
            let _ = writeln!(text, "    mind: {risk}");
        }
        indented(&mut text, &rollup.statements.join("\n"));
        let _ = writeln!(text, "    the query on it:");
        indented(&mut text, &rollup.query);
        let _ = writeln!(text, "    brought up to date by: {}", rollup.refresh);
    }
    for made in proof.iter().flat_map(|proof| &proof.statistics).filter(|it| it.holds()) {
        let _ = writeln!(text, "\nstatistics: the planner misses that columns go together");
        let _ = writeln!(text, "    measured: {} → {}", made.before.shown(), made.after.shown());
        indented(&mut text, &made.what);
    }
    for needless in &advice.needless {
        let word = if needless.is_to_be_watched { "watch" } else { "drop" };
        let _ = writeln!(text, "\n{word} {}: {}", needless.index, needless.reason);
        let _ = writeln!(text, "    {}", needless.statement);
    }
    refusals(&mut text, advice, proof);
    if !migration.up.is_empty() {
        let _ = writeln!(text, "\nmigration:");
        indented(&mut text, &migration.up);
        let _ = writeln!(text, "its way back:");
        indented(&mut text, &migration.down);
    }
    text
}

fn statements(text: &mut String, advice: &Advice, proof: Option<&Proof>) {
    for (place, statement) in advice.statements.iter().enumerate() {
        let proved = proof.and_then(|proof| proof.statements.get(place));
        let line = match (proved, statement.cost_after) {
            (Some(proved), _) => measured(proved),
            (None, Some(after)) => format!(
                "the planner's cost {:.0} → {after:.0} (an estimate, no time)",
                statement.cost_before
            ),
            (None, None) => format!("the planner's cost {:.0}", statement.cost_before),
        };
        let _ = writeln!(text, "{}: {line}", statement.name);
        if let Some(values) = &statement.values {
            let _ = writeln!(text, "    with {values}");
        }
    }
    for skipped in &advice.skipped {
        let _ = writeln!(text, "{}: left out, {}", skipped.name, skipped.reason);
    }
}

fn measured(proved: &Proved) -> String {
    let (before, after) = (&proved.before, &proved.after);
    let times = proved.quicker.map_or(String::new(), |it| format!(", {it:.1} times as quick"));
    // Of what timed out or was refused no pages are known.
    let pages = match before.median_ms.and(after.median_ms) {
        Some(_) => format!("; {:.0} → {:.0} pages", before.pages, after.pages),
        None => String::new(),
    };
    let cold = match (before.cold_ms, after.cold_ms) {
        (Some(before), Some(after)) => format!("; cold {before:.1} → {after:.1} ms"),
        _ => String::new(),
    };
    let same = match proved.is_same {
        Some(true) => ", the same rows",
        Some(false) => ", other rows: which ones it gives is left open by its order",
        None => "",
    };
    format!("{} → {}{times}{cold}{pages}{same}", before.shown(), after.shown())
}

fn index_of(text: &mut String, number: usize, index: &AdvisedIndex, proof: Option<&Proof>) {
    let _ = writeln!(text, "\n[{number}] {} index on {}", index.kind, index.definition);
    let built = proof.and_then(|it| it.indexes.iter().find(|it| it.definition == index.definition));
    match built {
        Some(built) => {
            let _ = writeln!(
                text,
                "    built: {} in {:.0} ms",
                megabytes(built.bytes as f64),
                built.build_ms
            );
        }
        None => {
            let _ = writeln!(
                text,
                "    size: about {}, by statistics",
                megabytes(index.estimated_bytes)
            );
        }
    }
    let writes = proof.and_then(|it| it.writes.iter().find(|it| it.table == index.index.table));
    if let Some(writes) = writes {
        let _ = writeln!(
            text,
            "    writes: {} rows into {} take {:.1} ms in place of {:.1} ms, with all its new indexes",
            writes.rows, writes.table, writes.after_ms, writes.before_ms
        );
    }
    for why in &index.why {
        let _ = writeln!(text, "    why: {why}");
    }
}

fn compared(text: &mut String, all: Option<&[Compared]>, what: &str, statement: usize) {
    let found = all.and_then(|all| {
        all.iter().find(|compared| compared.what == what && compared.statement == statement)
    });
    let Some(found) = found else { return };
    if let Some(failed) = &found.failed {
        let _ = writeln!(text, "    measured: not, {failed}");
        return;
    }
    let same = match found.is_same {
        Some(true) => "the same rows",
        Some(false) => "OTHER ROWS: do not take it",
        None => "rows not compared, the time box ran out",
    };
    let _ =
        writeln!(text, "    measured: {} → {}, {same}", found.before.shown(), found.after.shown());
    if let (Some(bytes), Some(ms)) = (found.bytes, found.made_ms) {
        let _ = writeln!(text, "    kept: {}, made in {ms:.0} ms", megabytes(bytes as f64));
    }
}

fn refusals(text: &mut String, advice: &Advice, proof: Option<&Proof>) {
    let proofs = proof.map(|proof| proof.refused.as_slice()).unwrap_or_default();
    for rejected in proofs {
        let _ = writeln!(text, "\nrefused by measuring: {}", rejected.what);
        let _ = writeln!(text, "    {}: {}", rejected.rule, rejected.reason);
    }
    let mut rules: Vec<&str> = advice.rejected.iter().map(|it| it.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    for rule in rules {
        let of_rule: Vec<_> = advice.rejected.iter().filter(|it| it.rule == rule).collect();
        let _ = writeln!(text, "\nnot taken, {rule} ({}):", of_rule.len());
        for rejected in of_rule.iter().take(LISTED) {
            let _ = writeln!(text, "    {}: {}", rejected.what, rejected.reason);
        }
        if of_rule.len() > LISTED {
            let _ = writeln!(text, "    … and {} more with --output json", of_rule.len() - LISTED);
        }
    }
    for missing in proof.map(|proof| proof.not_measured.as_slice()).unwrap_or_default() {
        let _ = writeln!(text, "\nnot measured: {missing}");
    }
}

fn indented(text: &mut String, sql: &str) {
    for line in sql.lines() {
        let _ = writeln!(text, "        {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::Measured;

    /// What a statement measured; without a time it ran into a time box of ten seconds.
    fn took(median_ms: Option<f64>, pages: f64) -> Measured {
        let mut measured = Measured::default();
        measured.median_ms = median_ms;
        measured.spread_ms = median_ms.map(|it| [it, it]);
        measured.pages = pages;
        measured.limit_ms = 10_000.0;
        measured
    }

    fn line(before: Measured, after: Measured) -> String {
        let quicker = before.median_ms.zip(after.median_ms).map(|(one, other)| one / other);
        measured(&Proved { name: "one".to_owned(), before, after, quicker, is_same: None })
    }

    #[test]
    fn pages_are_told_where_both_ways_were_measured() {
        let (slow, quick) = (took(Some(8.0), 900.0), took(Some(2.0), 300.0));
        let timed_out = took(None, 0.0);
        let mut refused = timed_out.clone();
        refused.failed = Some("no such column".to_owned());
        assert_eq!(
            line(slow.clone(), quick.clone()),
            "8.0 ms (8.0 to 8.0) → 2.0 ms (2.0 to 2.0), 4.0 times as quick; 900 → 300 pages"
        );
        assert_eq!(line(timed_out, quick), "over 10 s → 2.0 ms (2.0 to 2.0)");
        assert_eq!(line(slow, refused.clone()), "8.0 ms (8.0 to 8.0) → no such column");
        assert_eq!(line(refused.clone(), refused), "no such column → no such column");
    }
}
