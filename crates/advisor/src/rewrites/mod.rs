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
use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::indexes::{Catalog, Rejected};
pub(crate) use day_of_time::is_time;

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

    /// Looks at a statement; nothing where it is not of the rule's kind.
    fn rewrite(&self, sql: &str, root: &SyntaxNode, catalog: &Catalog) -> Option<Outcome>;
}

/// The other way, or why what looks like it would not mean the same.
pub(crate) type Outcome = Result<Found, String>;

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

/// Looks for other ways to write a statement, and says which ones would not mean the same.
pub(crate) fn rewrites(sql: &str, catalog: &Catalog) -> (Vec<Rewrite>, Vec<Rejected>) {
    let (mut offered, mut refused) = (Vec::new(), Vec::new());
    let found = tree::look(sql, |root| {
        let found = RULES.iter().filter_map(|rule| Some((rule, rule.rewrite(sql, root, catalog)?)));
        found.collect::<Vec<_>>()
    });
    for (rule, outcome) in found.into_iter().flatten() {
        match outcome {
            Ok(found) => offered.push(Rewrite {
                rule: rule.name(),
                statement: 0,
                what: found.what,
                why: rule.why(),
                sql: found.sql,
                is_same: found.is_same,
                condition: found.condition,
            }),
            Err(reason) => {
                refused.push(Rejected { what: "a rewrite".to_owned(), rule: rule.name(), reason });
            }
        }
    }
    (offered, refused)
}

/// Whether a statement reads something that is none of the tables known, such as a view: what a column of a
/// known name is there, the tables do not say.
fn reads_unknown(root: &SyntaxNode, catalog: &Catalog) -> bool {
    let mut read = root.descendants().filter(|it| it.kind() == SyntaxKind::RELATION_NAME_REF);
    read.any(|it| !catalog.has(&tree::text(&it)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::indexes::{Column, Table};

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
        let (found, _) = rewrites(sql, &Catalog::default());
        found.into_iter().find(|it| it.rule == rule).map(|it| it.sql)
    }

    fn refused(sql: &str, rule: &str) -> String {
        let (_, refused) = rewrites(sql, &Catalog::default());
        let found = refused.into_iter().find(|it| it.rule == rule);
        found.unwrap_or_else(|| panic!("{rule} refuses nothing of {sql}")).reason
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
    fn a_row_number_that_others_read_is_left_alone() {
        let numbered =
            "select k, v, row_number() over (partition by k order by at) as place from s";
        for (sql, said) in [
            // The condition is another table's, or does not keep rows away.
            (format!("select 1 from ({numbered}) as x, r where r.place = 1"), "nothing outside"),
            (format!("select 1 from r left join ({numbered}) as x on x.place = 1"), "nothing outside"),
            (format!("select 1 from ({numbered}) as x where v in (select v from r where place = 1)"), "nothing outside"),
            (format!("with x as ({numbered}) select 1 from x, x as y where x.place = 1"), "more than once"),
            (format!("select 1 from ({numbered} union all select 1, 2, 3) as x where place = 1"), "part of"),
            (
                "select 1 from (select k, at::date, row_number() over (partition by k order by at) as place \
                 from s) as x where place = 1"
                    .to_owned(),
                "another meaning",
            ),
            (
                "select 1 from (select row_number() over (partition by k order by 1) as place from s) as x \
                 where place = 1"
                    .to_owned(),
                "number",
            ),
        ] {
            assert_eq!(rewritten(&sql, "first-of-each"), None, "{sql}");
            assert!(refused(&sql, "first-of-each").contains(said), "{sql}");
        }
        let common = format!("with x as ({numbered}) select k from x where x.place <= 1");
        assert!(rewritten(&common, "first-of-each").is_some());
    }

    #[test]
    fn what_is_calculated_with_a_row_number_is_left_alone() {
        for number in [
            "(row_number() over (partition by k order by at) - 1) / 100",
            "coalesce(row_number() over (partition by k order by at), 2)",
            "row_number() over (partition by k order by at)::text",
        ] {
            let sql =
                format!("select k from (select k, {number} as page from s) as x where page = 1");
            let (offered, refused) = rewrites(&sql, &Catalog::default());
            assert!(offered.is_empty() && refused.is_empty(), "{sql}");
        }
        let sql = "select k from (select k, (row_number() over (partition by k order by at)) as place from s) as x \
                   where place = 1";
        assert!(rewritten(sql, "first-of-each").unwrap().contains("(1::bigint) as place"));
    }

    #[test]
    fn a_page_begins_behind_the_last_row() {
        for (order, condition) in [
            ("at, k", "(at, k) > (:last_1, :last_2)"),
            ("at desc", "(at) < (:last_1)"),
            ("s.at DESC, (k) desc", "(s.at, (k)) < (:last_1, :last_2)"),
            ("lower(name) asc", "(lower(name)) > (:last_1)"),
        ] {
            let sql =
                format!("select at, k, lower(name) from s order by {order} limit 20 offset 5000");
            let page = format!(
                "select at, k, lower(name) from s where {condition} order by {order} limit 20"
            );
            assert_eq!(rewritten(&sql, "paging").as_deref(), Some(page.as_str()));
        }
        for other in ["at, k desc", "at using >"] {
            let sql = format!("select at, k from s order by {other} limit 20 offset 5000");
            assert_eq!(rewritten(&sql, "paging"), None, "{sql}");
        }
    }

    #[test]
    fn a_page_whose_order_no_comparison_follows_is_left_alone() {
        for (order, said) in [
            ("at desc nulls last", "rows without at go"),
            ("at nulls first", "rows without at go"),
            ("1 desc", "ordered by 1,"),
            ("at, (2)", "ordered by (2),"),
            ("total", "the answer's column total"),
            ("\"total\" desc", "the answer's column total"),
            ("k", "the answer's column k"),
        ] {
            let sql = format!(
                "select at, a + b as total, -k as k from s order by {order} limit 20 offset 5000"
            );
            assert_eq!(rewritten(&sql, "paging"), None, "{sql}");
            assert!(refused(&sql, "paging").contains(said), "{}", refused(&sql, "paging"));
        }
    }

    #[test]
    fn a_name_that_would_mean_another_column_is_left_alone() {
        for (sql, said) in [
            ("select 1 from a where a.k not in (select a.k from a where a.v > 1)", "both"),
            ("select 1 from a where k not in (select k from b)", "within"),
            (
                "select 1 from a where a.k not in (select k from b union select k from c)",
                "one query",
            ),
            ("select 1 from a where a.k not in (1, (select k from b))", "one query"),
        ] {
            assert_eq!(rewritten(sql, "not-in"), None, "{sql}");
            assert!(refused(sql, "not-in").contains(said), "{sql}: {}", refused(sql, "not-in"));
        }
    }

    /// Tables with a required number and a time each.
    fn catalog(time: &str) -> Catalog {
        let column = |name: &str, type_name: &str| Column {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            is_required: true,
            ..Column::default()
        };
        let table = |name: &str| Table {
            name: format!("public.{name}"),
            columns: vec![column("k", "integer"), column("at", time)],
            ..Table::default()
        };
        let mut catalog = Catalog::default();
        catalog.tables.extend([table("a"), table("b")]);
        catalog
    }

    fn condition(sql: &str, catalog: &Catalog) -> Option<String> {
        let (offered, refused) = rewrites(sql, catalog);
        let [only] = offered.as_slice() else { panic!("{sql}: {offered:?}, {refused:?}") };
        only.condition.clone()
    }

    #[test]
    fn what_is_no_table_that_is_known_may_have_other_columns_of_its_names() {
        let catalog = catalog("timestamp without time zone");
        let not_in = |outer: &str| {
            format!("select 1 from {outer} as o where o.k not in (select b.k from public.b)")
        };
        assert_eq!(condition(&not_in("A"), &catalog), None);
        let said = condition(&not_in("seen"), &catalog);
        assert!(said.as_ref().is_some_and(|it| it.contains("null")), "{said:?}");
        let day = |from: &str| format!("select 1 from {from} as o where o.at::date = '2026-01-05'");
        assert_eq!(condition(&day("public.a"), &catalog), None);
        let said = condition(&day("seen"), &catalog);
        assert!(said.as_ref().is_some_and(|it| it.contains("type is not known")), "{said:?}");
    }

    #[test]
    fn a_midnight_that_comes_twice_is_a_condition_where_times_have_a_zone() {
        let day = "select 1 from a where at::date = '2026-01-05'";
        for (time, is_told) in [
            ("timestamp(3) with time zone", true),
            ("timestamp without time zone", false),
            ("date", false),
        ] {
            let said = condition(day, &catalog(time));
            assert_eq!(said.is_some_and(|it| it.contains("midnight")), is_told, "{time}");
        }
        let year = "select 1 from a where extract(year from at) = 2026";
        assert_eq!(condition(year, &catalog("timestamp with time zone")), None);
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
