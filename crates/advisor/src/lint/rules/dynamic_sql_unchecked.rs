//! SQL that is put together when it runs.

use super::{About, Rule};
use crate::lint::script::{Action, Span};
use crate::lint::{At, Findings, Severity};

/// SQL that is put together when it runs.
pub(super) struct DynamicSqlUnchecked;

const ABOUT: About = About {
    name: "dynamic-sql-unchecked",
    severity: Severity::Note,
    summary: "What EXECUTE runs is known only when it runs, so no rule has looked at it.",
    why: "The statement may lock, rewrite or drop anything. Only a rehearsal shows what it does.",
    remedy: "rehearse the migration; write plain statements where names are known",
    given: "",
    bad: "\
do $$
declare
    statement text := (select body from pending_statements limit 1);
begin
    execute statement;
end $$;",
    good: "alter table orders add column note text;",
};

impl Rule for DynamicSqlUnchecked {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Do { dynamic } = &at.statement.action else { return };
        // Of a text that can be told, the statement was read as if it stood there.
        let is_read = |span: &Span| at.script.statements.iter().any(|one| one.span == *span);
        let unknown: Vec<Span> = dynamic
            .iter()
            .copied()
            .filter(|span| !is_read(span) && !is_light(at.script.slice(*span)))
            .collect();
        let Some(first) = unknown.first() else { return };
        let message = match unknown.len() {
            1 => {
                "this statement is put together when it runs: nothing here has judged it".to_owned()
            }
            count => format!(
                "this statement and {} more of the block are put together when they run: nothing \
                 here has judged them",
                count - 1
            ),
        };
        findings.add(*first, message);
    }
}

/// How statements begin that change rights, settings and comments only.
const LIGHT: &[&str] = &["grant ", "revoke ", "comment ", "set ", "reset ", "analyze ", "notify "];

/// Whether the text begins with words that say it is harmless, whatever is put into it.
fn is_light(statement: &str) -> bool {
    let Some((_, text)) = statement.split_once('\'') else { return false };
    let text = text.trim_start().to_lowercase();
    LIGHT.iter().any(|word| text.starts_with(word))
}
