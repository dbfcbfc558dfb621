//! `*` in a view.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// `*` in a view.
pub(super) struct SelectStarInView;

const ABOUT: About = About {
    name: "select-star-in-view",
    severity: Severity::Warning,
    summary: "`*` in a view stands for the columns of the day it is made.",
    why: "Columns added later do not appear, and a view that is made anew has other columns than \
        before: whoever reads by position gets the wrong ones.",
    remedy: "name the columns",
    given: "",
    bad: "\
create view open_orders as select * from orders where closed_at is null;",
    good: "\
create view open_orders as select id, placed_at from orders where closed_at is null;",
};

impl Rule for SelectStarInView {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::CreateView(view) = &at.statement.action else { return };
        for star in &view.stars {
            findings.add(
                *star,
                format!("`{}` keeps today's columns, whatever its tables get later", view.name),
            );
        }
    }
}
