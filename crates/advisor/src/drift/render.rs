//! A reconciliation as people read it.

use std::fmt::Write;

use super::compare::{Change, Difference};
use super::reconcile::{Reconciliation, Running, Statement, Weight};

/// How much of a long fact is shown.
const SHOWN: usize = 160;

/// Writes what differs, and the statements that mend it.
pub fn page(found: &Reconciliation) -> String {
    let mut text = String::new();
    for difference in &found.differences {
        write_difference(&mut text, difference);
    }
    if !found.statements.is_empty() {
        text.push_str("\n-- What makes the live schema the declared one:\n");
        for statement in &found.statements {
            write_statement(&mut text, statement);
        }
    }
    for reason in &found.by_hand {
        let _ = writeln!(text, "-- by hand: {reason}");
    }
    text
}

fn write_difference(text: &mut String, difference: &Difference) {
    let object = &difference.object;
    let _ = match &difference.change {
        Change::Missing => writeln!(text, "missing  {object}"),
        Change::Extra => writeln!(text, "extra    {object}"),
        Change::Renamed { live_name } => {
            writeln!(text, "renamed  {object}, which is called {live_name}")
        }
        Change::Changed { facts } => {
            let _ = writeln!(text, "changed  {object}");
            for change in facts {
                let (declared, live) = differing(
                    change.declared.as_deref().unwrap_or_default(),
                    change.live.as_deref().unwrap_or_default(),
                );
                let _ = writeln!(text, "         {}: declared {declared}", change.fact);
                let _ = writeln!(text, "         {:>1$} {live}", "live", change.fact.len() + 10);
            }
            Ok(())
        }
    };
}

/// Shortens two long texts to the lines around their first difference.
fn differing(declared: &str, live: &str) -> (String, String) {
    let shown = |text: &str| match text {
        "" => "nothing".to_owned(),
        _ if text.chars().count() <= SHOWN => text.replace('\n', " "),
        _ => format!("{}…", text.chars().take(SHOWN).collect::<String>().replace('\n', " ")),
    };
    if declared.len().max(live.len()) <= SHOWN {
        return (shown(declared), shown(live));
    }
    let same = declared.lines().zip(live.lines()).take_while(|(one, other)| one == other).count();
    let line = |text: &str| shown(text.lines().nth(same).unwrap_or_default().trim());
    match same {
        0 => (shown(declared), shown(live)),
        _ => (
            format!("{} (line {})", line(declared), same + 1),
            format!("{} (line {})", line(live), same + 1),
        ),
    }
}

fn write_statement(text: &mut String, statement: &Statement) {
    let note = match (statement.weight, statement.running) {
        (Weight::Destroys, _) => "-- rows or values are lost:\n",
        (_, Running::Alone) => "-- not in a transaction:\n",
        _ => "",
    };
    let _ = writeln!(text, "{note}{};", statement.sql);
}
