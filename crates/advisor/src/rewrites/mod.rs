//! Other ways to ask the same: one file a rule, one line here.
//!
//! A rewrite is offered only where the text shows that it means the same, or says under which condition it
//! does. A proof compares the answers all the same.

mod day_of_time;
mod first_of_each;
mod latest_of_each;
mod not_in;
mod or_of_tables;
mod paging;
pub(crate) mod tree;
mod year_of_time;

use schemars::JsonSchema;
use serde::Serialize;
use squawk_syntax::SyntaxNode;

use crate::indexes::Catalog;

/// Another way to ask the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rewrite {
    /// The rule's name.
    pub rule: &'static str,
    /// The statement's place in the workload.
    pub statement: usize,
    /// What is written otherwise.
    pub what: String,
    /// Why it is better.
    pub why: &'static str,
    /// The statement as it would be written.
    pub sql: String,
    /// Whether it gives the same rows; without it, it is a pattern to follow.
    pub is_same: bool,
    /// Under which condition it means the same, where that is not certain from the text.
    pub condition: Option<String>,
}

/// A rewrite that a rule found.
pub(crate) struct Found {
    what: String,
    sql: String,
    is_same: bool,
    condition: Option<String>,
}

/// One way to write something otherwise.
pub(crate) trait Rule: Sync {
    /// The name.
    fn name(&self) -> &'static str;

    /// Why the other way is better.
    fn why(&self) -> &'static str;

    /// Looks at a statement.
    fn rewrite(&self, sql: &str, root: &SyntaxNode, catalog: &Catalog) -> Option<Found>;
}

/// Every rule.
pub(crate) const RULES: &[&dyn Rule] = &[
    &day_of_time::DayOfTime,
    &year_of_time::YearOfTime,
    &first_of_each::FirstOfEach,
    &latest_of_each::LatestOfEach,
    &not_in::NotIn,
    &or_of_tables::OrOfTables,
    &paging::Paging,
];

/// Looks for other ways to write a statement.
pub(crate) fn rewrites(sql: &str, catalog: &Catalog) -> Vec<Rewrite> {
    let found = tree::look(sql, |root| {
        let found = RULES.iter().filter_map(|rule| Some((rule, rule.rewrite(sql, root, catalog)?)));
        found
            .map(|(rule, found)| Rewrite {
                rule: rule.name(),
                statement: 0,
                what: found.what,
                why: rule.why(),
                sql: found.sql,
                is_same: found.is_same,
                condition: found.condition,
            })
            .collect()
    });
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_registry_lists_every_rule_of_the_directory() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/rewrites");
        let files: BTreeSet<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.trim_end_matches(".rs").replace('_', "-"))
            .filter(|name| name != "mod" && name != "tree")
            .collect();
        let names: BTreeSet<String> = RULES.iter().map(|rule| rule.name().to_owned()).collect();
        assert_eq!(files, names);
    }

    fn rewritten(sql: &str, rule: &str) -> Option<String> {
        let found = rewrites(sql, &Catalog::default());
        found.into_iter().find(|it| it.rule == rule).map(|it| it.sql)
    }

    #[test]
    fn a_day_becomes_a_range_of_the_time() {
        for (before, after) in [
            (
                "select 1 from s where s.at::date = '2026-01-05' and k = 1",
                "select 1 from s where (s.at >= '2026-01-05'::date and s.at < '2026-01-05'::date + 1) and k = 1",
            ),
            (
                "select 1 from s where date(at) >= current_date - 7",
                "select 1 from s where at >= (current_date - 7)",
            ),
            (
                "select 1 from s where date(at) between date '2026-01-01' and $1;",
                "select 1 from s where (at >= date '2026-01-01' and at < ($1)::date + 1);",
            ),
            (
                "select 1 from s where date_trunc('month', at) = '2026-02-01'",
                "select 1 from s where (at >= date '2026-02-01' and at < date '2026-02-01' + interval '1 month')",
            ),
        ] {
            assert_eq!(rewritten(before, "day-of-time").as_deref(), Some(after), "{before}");
        }
        for other in [
            "select 1 from s where at::date = now()",
            "select 1 from s where at::date = other",
            "select 1 from s where date_trunc('month', at) = '2026-02-02'",
            "select at::date = '2026-01-05' from s",
        ] {
            assert_eq!(rewritten(other, "day-of-time"), None, "{other}");
        }
    }

    #[test]
    fn a_year_becomes_a_range_of_the_time() {
        let sql = "select 1 from s where extract(year from s.at) = 2026 or k = 1";
        assert_eq!(rewritten(sql, "year-of-time"), None, "only what must hold is a range");
        let sql = "select 1 from s where extract(year from s.at) = 2026 and k = 1";
        assert_eq!(
            rewritten(sql, "year-of-time").as_deref(),
            Some(
                "select 1 from s where (s.at >= date '2026-01-01' and s.at < date '2027-01-01') and k = 1"
            )
        );
    }

    #[test]
    fn a_row_number_that_must_be_one_becomes_distinct_on() {
        let sql = "select k, v from (select k, v, row_number() over (partition by k order by at desc) as place \
                   from s where v > 1) as x where place = 1";
        assert_eq!(
            rewritten(sql, "first-of-each").as_deref(),
            Some(
                "select k, v from (select distinct on (k) k, v, 1::bigint as place \
                 from s where v > 1 order by k, at desc) as x where place = 1"
            )
        );
        assert_eq!(rewritten(&sql.replace("place = 1", "place = 2"), "first-of-each"), None);
    }

    #[test]
    fn not_in_becomes_not_exists() {
        let sql = "select 1 from a where a.k not in (select b.k from b where b.v > 1)";
        assert_eq!(
            rewritten(sql, "not-in").as_deref(),
            Some("select 1 from a where not exists (select from b where (b.v > 1) and b.k = a.k)")
        );
    }

    #[test]
    fn an_alternative_between_tables_becomes_two_questions() {
        let sql = "select a.v from a join b on a.k = b.k where (a.x = 1 or b.y = 2) and a.z > 3";
        assert_eq!(
            rewritten(sql, "or-of-tables").as_deref(),
            Some(
                "select a.v from a join b on a.k = b.k where ((a.x = 1)) and a.z > 3\nunion all\n\
                 select a.v from a join b on a.k = b.k where ((b.y = 2 and (a.x = 1) is not true)) and a.z > 3"
            )
        );
    }
}
