//! A materialized view refreshed in the way of its readers.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A materialized view refreshed in the way of its readers.
pub(super) struct RefreshWithoutConcurrently;

const ABOUT: About = About {
    name: "refresh-without-concurrently",
    severity: Severity::Warning,
    summary: "Refreshing without `concurrently` closes the view to readers; `with no data` for longer.",
    why: "REFRESH MATERIALIZED VIEW holds an ACCESS EXCLUSIVE lock for as long as the query runs: \
        dashboards hang.",
    remedy: "write `refresh materialized view concurrently`; the view needs a unique index over all \
        rows",
    given: "",
    bad: "refresh materialized view daily_totals;",
    good: "refresh materialized view concurrently daily_totals;",
};

impl Rule for RefreshWithoutConcurrently {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Refresh { view, is_concurrent: false, is_emptied } = &at.statement.action
        else {
            return;
        };
        if at.state.is_new(view) {
            return;
        }
        if *is_emptied {
            let message = format!("every query of `{view}` fails until it is refreshed");
            findings.add(at.statement.span, message);
        } else {
            let size = at.state.table(view).and_then(|view| view.size);
            findings
                .add(at.statement.span, format!("refreshing closes `{view}` to readers"))
                .sized(size);
        }
    }
}
