//! Shows a rehearsal to people: a migration at a time, a statement at a time.

use std::fmt::Write as _;

use super::{Judgement, Verdict, time_shown};
use crate::rehearsal::run::{LockTaken, MigrationRun, StatementRun, WayBack};

/// How wide lines are.
const LINE: usize = 100;

/// A migration and its judgement.
pub struct Shown<'s> {
    /// What it did.
    pub run: &'s MigrationRun,
    /// What is thought of that.
    pub judgement: &'s Judgement,
}

/// Shows migrations.
pub fn page(shown: &[Shown<'_>]) -> String {
    let mut page = String::new();
    for Shown { run, judgement } in shown {
        let _ = writeln!(page, "{}: {}\n", judgement.verdict.name(), run.name);
        for statement in &run.statements {
            of_statement(&mut page, statement);
        }
        if let Some(down) = &run.down {
            way_back(&mut page, down);
        }
        workload(&mut page, run);
        page.push('\n');
        for reason in judgement.reasons.iter().filter(|it| it.verdict > Verdict::Safe) {
            let place = reason.line.map_or(String::new(), |line| format!("line {line}: "));
            let claim = format!("{place}{}", reason.claim);
            wrapped(&mut page, &format!("  {}: ", reason.verdict.name()), &claim);
            wrapped(&mut page, "    seen: ", &reason.evidence);
            if let Some(instead) = &reason.instead {
                wrapped(&mut page, "    instead: ", instead);
            }
        }
        if judgement.verdict > Verdict::Safe {
            page.push('\n');
        }
    }
    page
}

fn of_statement(page: &mut String, statement: &StatementRun) {
    wrapped(page, &format!("  {:>4}  ", statement.line), &statement.text);
    let mut facts = vec![time_shown(statement.duration_ms)];
    facts.extend(statement.locks.iter().filter(|it| it.is_table).map(lock));
    facts.extend(statement.rewritten.iter().map(|it| {
        let kind = if it.is_index { "index " } else { "" };
        format!("writes {kind}{} anew ({})", it.relation, rows(it.rows, it.real_rows))
    }));
    facts.extend(statement.built.iter().map(|it| {
        format!("builds {} over {} ({})", it.index, it.relation, rows(it.rows, it.real_rows))
    }));
    facts.extend(
        statement
            .scanned
            .iter()
            .map(|it| format!("reads {} ({})", it.relation, rows(it.rows, it.real_rows))),
    );
    facts.extend(
        statement
            .changed
            .iter()
            .map(|it| format!("changes {} ({})", it.relation, rows(it.rows, it.real_rows))),
    );
    facts.extend(
        statement.lost.iter().map(|it| format!("takes {} away ({} rows)", it.what, it.rows)),
    );
    if statement.failure.is_none() {
        facts.push(format!("log {}", bytes(statement.wal_bytes)));
        if statement.size_change_bytes != 0 {
            let sign = if statement.size_change_bytes < 0 { "-" } else { "+" };
            facts.push(format!("size {sign}{}", bytes(statement.size_change_bytes.unsigned_abs())));
        }
    }
    if statement.blocked.waits > 0 {
        facts.push(format!(
            "{} waits, the longest {}, together {}",
            statement.blocked.waits,
            time_shown(statement.blocked.longest_ms),
            time_shown(statement.blocked.total_ms)
        ));
    }
    wrapped(page, "        ", &facts.join(" · "));
}

fn lock(lock: &LockTaken) -> String {
    let parts = match lock.parts {
        0 => String::new(),
        parts => format!(" and {parts} parts of it"),
    };
    format!("{} on {}{parts}", lock.mode, lock.relation)
}

fn rows(rows: u64, real_rows: u64) -> String {
    if real_rows > rows {
        format!("{rows} rows, of about {real_rows}")
    } else {
        format!("{rows} rows")
    }
}

fn way_back(page: &mut String, down: &WayBack) {
    let is_clean = down.schema_differences.is_empty() && down.lost_data.is_empty();
    let took: f64 = down.statements.iter().map(|statement| statement.duration_ms).sum();
    let text = match (down.failure(), is_clean) {
        (Some(_), _) => "fails".to_owned(),
        (None, true) => {
            format!("{}: schema and rows are as before", time_shown(took))
        }
        (None, false) => format!("{}: not everything is as before", time_shown(took)),
    };
    wrapped(page, "  down  ", &text);
}

fn workload(page: &mut String, run: &MigrationRun) {
    let done = &run.workload;
    if done.sessions == 0 {
        return;
    }
    let on = match done.tables.as_slice() {
        [] => String::new(),
        tables => format!(" on {}", tables.join(", ")),
    };
    let text = format!(
        "{} sessions ran {} statements{on}; the slowest took {}",
        done.sessions,
        done.statements,
        time_shown(done.slowest_ms)
    );
    wrapped(page, "  load  ", &text);
}

fn bytes(bytes: u64) -> String {
    let (unit, divisor) = match bytes {
        0..1_048_576 => ("KiB", 1_u64 << 10),
        1_048_576..1_073_741_824 => ("MiB", 1 << 20),
        _ => ("GiB", 1 << 30),
    };
    let tenths = bytes.saturating_mul(10) / divisor;
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// Writes words behind a beginning, in lines that fit.
fn wrapped(page: &mut String, beginning: &str, words: &str) {
    let indent = beginning.chars().count();
    let mut line = beginning.to_owned();
    let mut length = indent;
    for (place, word) in words.split_whitespace().enumerate() {
        let needed = word.chars().count() + usize::from(place > 0);
        if place > 0 && length + needed > LINE {
            let _ = writeln!(page, "{line}");
            line = " ".repeat(indent);
            length = indent;
        } else if place > 0 {
            line.push(' ');
        }
        line.push_str(word);
        length += needed;
    }
    let _ = writeln!(page, "{line}");
}
