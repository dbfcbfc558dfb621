//! A query that groups, taken apart into what a rollup keeps and what is asked of it.

use std::fmt::Write;
use std::ops::Range;

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::terms::{
    functions, group_compared, is_called, is_measure, is_of_now, is_read, links, name_groups,
    names_no_column,
};
use super::time::{freezes, is_day_of, is_midnight, moves, names_a_time};
use super::{RollupAdvice, name};
use crate::indexes::Catalog;
use crate::plans::quoted;
use crate::rewrites::tree::{
    bare, call, child, column, edited, look, operator, plain, sides, span, terms, text,
};

/// What tells more values apart than this, for a comparison alone, makes a rollup as large as its table.
const MOST_VALUES: f64 = 10_000.0;

/// A query, taken apart.
pub(super) struct Parts {
    pub(super) name: String,
    from: String,
    /// What must hold of each row, whatever is asked.
    kept: Vec<String>,
    /// What it is grouped by: the expression and the column that keeps it.
    groups: Vec<(String, String)>,
    /// What is kept of each group: the aggregate and its column.
    measures: Vec<(String, String)>,
    /// What is asked of it, by its own columns.
    asked: Vec<String>,
    query: String,
    tables: Vec<String>,
    /// The functions that are asked for each row or group, without those that are kept as measures.
    pub(super) functions: Vec<String>,
    /// Those of them that decide what is kept, whoever asks.
    pub(super) deciding: Vec<String>,
    /// Columns that must be equal to one of the same name.
    links: Vec<String>,
}

/// Why what moves cannot be kept.
const MOVES: &str = "that changes with the moment, or with whoever asks";

/// What an aggregate is made from again.
struct Aggregate {
    span: Range<usize>,
    replaced: String,
}

impl Parts {
    /// Takes a query apart; nothing where it does not group, a reason where a rollup cannot say the same.
    /// Its name is none of those of `others`, unless that one is the same.
    pub(super) fn read(
        sql: &str,
        catalog: &Catalog,
        others: &[RollupAdvice],
    ) -> Option<Result<Self, String>> {
        look(sql, |root| {
            let is_grouped = root.kind() == SyntaxKind::SELECT
                && child(root, SyntaxKind::GROUP_BY_CLAUSE).is_some();
            let reader = Reader { sql, root, catalog, measures: Vec::new() };
            is_grouped.then(|| reader.read(others))
        })
        .flatten()
    }

    /// Whether a table is among those that it reads.
    pub(super) fn reads(&self, table: &str) -> bool {
        self.tables.iter().any(|it| is_called(table, it))
    }

    /// Returns what it reads that is none of the tables known, such as a view.
    pub(super) fn unknown(&self, catalog: &Catalog) -> Option<&str> {
        let is_known = |said: &str| catalog.tables.iter().any(|table| is_called(&table.name, said));
        self.tables.iter().map(String::as_str).find(|said| !is_known(said))
    }

    /// Whether it asks for the rows of one value of a column. To group by it is not enough: what asks for no
    /// value gets the rows of all.
    pub(super) fn keeps_apart(&self, name: &str) -> bool {
        self.asked.iter().any(|term| {
            let (column, _) = term.split_once('=').unwrap_or_default();
            plain(column.trim_end()) == name
        })
    }

    /// Whether a column is grouped by, or compared with something that is kept.
    pub(super) fn tells_apart(&self, name: &str) -> bool {
        let names = |text: &String| {
            text.split(|it: char| !it.is_alphanumeric() && it != '_').any(|word| word == name)
        };
        self.groups.iter().any(|(expression, _)| names(expression)) || self.kept.iter().any(names)
    }

    /// Whether it adds up by something.
    pub(super) fn adds_up_by(&self, is_it: impl Fn(&str) -> bool) -> bool {
        let adds_up = self.measures.iter().any(|(_, name)| name.starts_with("sum_"));
        adds_up && self.groups.iter().any(|(expression, _)| is_it(expression))
    }

    /// Whether it joins.
    pub(super) const fn joins(&self) -> bool {
        self.tables.len() > 1
    }

    /// Returns how often tables are joined by a column of the same name.
    pub(super) fn links(&self, name: &str) -> usize {
        self.links.iter().filter(|it| *it == name).count()
    }

    /// Returns the columns that tell its rows apart.
    pub(super) fn dimensions(&self) -> Vec<String> {
        self.groups.iter().map(|(_, name)| name.clone()).collect()
    }

    /// Writes what makes it.
    pub(super) fn creation(&self) -> String {
        format!("create materialized view {} as\n{};", self.name, self.select())
    }

    /// Writes the query that fills it.
    pub(super) fn select(&self) -> String {
        let kept = self.groups.iter().chain(&self.measures);
        let columns: Vec<String> =
            kept.map(|(expression, name)| format!("{expression} as {name}")).collect();
        let mut text = format!("select {}\n{}", columns.join(",\n    "), self.from);
        if !self.kept.is_empty() {
            let _ = write!(text, "\nwhere {}", self.kept.join(" and "));
        }
        let groups: Vec<&str> =
            self.groups.iter().map(|(expression, _)| expression.as_str()).collect();
        let _ = write!(text, "\ngroup by {}", groups.join(", "));
        text
    }

    /// Writes the query that counts some rows and the groups that they make.
    pub(super) fn sample(&self, rows: u32) -> String {
        let groups: Vec<&str> =
            self.groups.iter().map(|(expression, _)| expression.as_str()).collect();
        let filter = if self.kept.is_empty() {
            String::new()
        } else {
            format!(" where {}", self.kept.join(" and "))
        };
        format!(
            "select count(*), count(distinct group_of) from (select ({})::text as group_of {}{filter} limit {rows}) as few",
            groups.iter().map(|it| format!("({it})::text")).collect::<Vec<_>>().join(" || '/' || "),
            self.from
        )
    }

    /// Writes the query on it.
    pub(super) fn query(&self) -> String {
        self.query.clone()
    }
}

struct Reader<'r> {
    sql: &'r str,
    root: &'r SyntaxNode,
    catalog: &'r Catalog,
    measures: Vec<(String, String)>,
}

impl Reader<'_> {
    fn read(mut self, others: &[RollupAdvice]) -> Result<Parts, String> {
        let refused =
            [SyntaxKind::WITH_CLAUSE, SyntaxKind::DISTINCT_CLAUSE, SyntaxKind::OVER_CLAUSE];
        if refused.iter().any(|kind| self.root.descendants().any(|it| it.kind() == *kind)) {
            return Err(
                "it has WITH, DISTINCT or a window, which a rollup's rows do not answer".to_owned()
            );
        }
        if self.root.descendants().filter(|it| it.kind() == SyntaxKind::SELECT).count() > 1 {
            return Err("it asks other queries within".to_owned());
        }
        let from = child(self.root, SyntaxKind::FROM_CLAUSE).ok_or("it reads no table")?;
        let mut groups = self.groups()?;
        let (kept, asked) = self.conditions(&mut groups)?;
        let aggregates = self.aggregates()?;
        self.holds_for_all_times(&from, &groups)?;
        let mut names: Vec<&String> = groups.iter().chain(&self.measures).map(|it| &it.1).collect();
        names.sort();
        if let Some([name, ..]) = names.windows(2).find(|pair| pair.first() == pair.last()) {
            return Err(format!("two of its columns would be called {name}"));
        }
        if let Some(age) = self.root.descendants().find(is_of_now) {
            return Err(format!("{}: {MOVES}", text(&age)));
        }
        let measures = self.root.descendants().filter(is_measure);
        let deciding = kept.iter().cloned().chain([from.clone()]).chain(measures);
        let deciding = deciding.flat_map(|it| functions(&it)).collect();
        let tables: Vec<String> = from
            .descendants()
            .filter(|it| it.kind() == SyntaxKind::RELATION_NAME_REF)
            .map(|it| text(&it))
            .collect();
        let mut parts = Parts {
            name: name::of(&tables, &groups),
            from: text(&from),
            kept: kept.iter().map(text).collect(),
            groups,
            measures: self.measures.clone(),
            asked,
            query: String::new(),
            tables,
            functions: functions(self.root),
            deciding,
            links: links(self.root),
        };
        parts.name = name::beside(&parts, others);
        let mut edits: Vec<(Range<usize>, String)> = aggregates
            .iter()
            .map(|aggregate| (aggregate.span.clone(), aggregate.replaced.clone()))
            .collect();
        name_groups(self.root, &parts.groups, &mut edits);
        edits.push((span(&from), format!("from {}", parts.name)));
        if let Some(condition) = child(self.root, SyntaxKind::WHERE_CLAUSE) {
            let new = if parts.asked.is_empty() {
                String::new()
            } else {
                format!("where {}", parts.asked.join(" and "))
            };
            edits.push((span(&condition), new));
        }
        parts.query = edited(self.sql, edits).trim().trim_end_matches(';').to_owned();
        Ok(parts)
    }

    /// Reads what it is grouped by, where that is written out or names a column of the answer.
    fn groups(&self) -> Result<Vec<(String, String)>, String> {
        let clause = child(self.root, SyntaxKind::GROUP_BY_CLAUSE).ok_or("it does not group")?;
        let list = child(&clause, SyntaxKind::GROUP_BY_LIST).ok_or("it groups by nothing")?;
        let targets = self.targets();
        let mut groups: Vec<(String, String)> = Vec::new();
        for (place, group) in list.children().enumerate() {
            if group.descendants().any(|it| {
                matches!(
                    it.kind(),
                    SyntaxKind::GROUPING_ROLLUP
                        | SyntaxKind::GROUPING_CUBE
                        | SyntaxKind::GROUPING_SETS
                )
            }) {
                return Err("it groups in several ways at once".to_owned());
            }
            let said = text(&group);
            let number =
                said.parse::<usize>().ok().and_then(|place| targets.get(place.checked_sub(1)?));
            let named = targets.iter().find(|(_, name)| name.as_deref() == Some(said.as_str()));
            let named = match named {
                Some((expression, _)) if self.is_of_table(&said, expression)? => None,
                named => named,
            };
            let (expression, name) = match number.or(named) {
                Some((expression, name)) => (expression.clone(), name.clone()),
                None => (said.clone(), None),
            };
            let plain = name.unwrap_or_else(|| self.plain_name(&expression, place));
            groups.push((expression, quoted(&plain)));
        }
        Ok(groups)
    }

    /// Whether a name that a column of the answer has is one of a table's too, which is then grouped by.
    fn is_of_table(&self, said: &str, expression: &str) -> Result<bool, String> {
        let is_name = |it: &str| it.chars().all(|it| it.is_alphanumeric() || "_.\"".contains(it));
        let before = expression.strip_suffix(said);
        // Where the answer's column is the table's, either says the same.
        if before.is_some_and(|it| it.is_empty() || (it.ends_with('.') && is_name(it))) {
            return Ok(false);
        }
        let from = child(self.root, SyntaxKind::FROM_CLAUSE).ok_or("it reads no table")?;
        is_read(&from, said, self.catalog).ok_or_else(|| {
            format!(
                "{said} is a column of the answer, and may be one of what is read, which it would be grouped by: \
                 group by the expression"
            )
        })
    }

    fn plain_name(&self, expression: &str, place: usize) -> String {
        let last = expression.rsplit('.').next().unwrap_or_default();
        let is_plain = !last.is_empty() && last.chars().all(|it| it.is_alphanumeric() || it == '_');
        if is_plain { last.to_owned() } else { format!("group_{}", place + 1) }
    }

    fn targets(&self) -> Vec<(String, Option<String>)> {
        let list = child(self.root, SyntaxKind::SELECT_CLAUSE)
            .and_then(|clause| child(&clause, SyntaxKind::TARGET_LIST));
        let targets = list.into_iter().flat_map(|list| list.children().collect::<Vec<_>>());
        targets
            .filter_map(|target| {
                let expression = target.children().next()?;
                let name = child(&target, SyntaxKind::AS_NAME)
                    .and_then(|name| text(&name).split_whitespace().last().map(str::to_owned))
                    .or_else(|| column(&expression).map(|(_, name)| name));
                Some((text(&expression), name))
            })
            .collect()
    }

    /// Splits what must hold into what is kept, and what is asked of the rollup by a column of its own.
    fn conditions(
        &self,
        groups: &mut Vec<(String, String)>,
    ) -> Result<(Vec<SyntaxNode>, Vec<String>), String> {
        let (mut kept, mut asked) = (Vec::new(), Vec::new());
        let condition =
            child(self.root, SyntaxKind::WHERE_CLAUSE).and_then(|it| it.children().next());
        for term in condition.iter().flat_map(terms) {
            if let Some(asked_of_group) = group_compared(&term, groups) {
                asked.push(asked_of_group);
                continue;
            }
            match self.compared(&term) {
                None if freezes(&term, self.catalog) && !moves(&text(&term)) => {
                    return Err(format!(
                        "{}: the rollup would keep that time for ever; compare a column of time alone, as \
                         a period of whole days",
                        text(&term)
                    ));
                }
                None if moves(&text(&term)) => {
                    return Err(format!("{}: {MOVES}", text(&term)));
                }
                None => kept.push(term),
                Some((subject, name)) => {
                    let place =
                        groups.iter().position(|(expression, _)| *expression == text(&subject));
                    let known = match place {
                        Some(place) => groups.get(place).map(|(_, name)| name.clone()),
                        None => self.bucket(&term, &subject, groups)?,
                    };
                    let column = match known {
                        Some(column) => column,
                        None => {
                            let new = quoted(&name);
                            groups.push((text(&subject), new.clone()));
                            new
                        }
                    };
                    let (whole, inner) = (span(&term), span(&subject));
                    let place = inner.start - whole.start..inner.end - whole.start;
                    asked.push(edited(&text(&term), vec![(place, column)]));
                }
            }
        }
        Ok((kept, asked))
    }

    /// Returns the column that a condition compares with values alone.
    fn compared(&self, term: &SyntaxNode) -> Option<(SyntaxNode, String)> {
        let parts: Vec<SyntaxNode> = term.children().collect();
        let (first, rest) = parts.split_first()?;
        let is_comparison = match term.kind() {
            SyntaxKind::BETWEEN_EXPR => true,
            SyntaxKind::BIN_EXPR => {
                matches!(operator(term).as_str(), "=" | "<" | "<=" | ">" | ">=" | "in" | "<>")
            }
            _ => false,
        };
        let subject = bare(first.clone());
        let (_, name) = column(&subject)?;
        let are_values = rest.iter().all(names_no_column);
        (is_comparison && are_values).then_some((subject, name))
    }

    /// A period of the time whose stretches it groups by: as good as one of the stretches, where it begins
    /// and ends with them. A column of many values must not become one of the rollup's.
    fn bucket(
        &self,
        term: &SyntaxNode,
        subject: &SyntaxNode,
        groups: &[(String, String)],
    ) -> Result<Option<String>, String> {
        let said = text(subject);
        let (_, name) = column(subject).ok_or("it compares an expression")?;
        let of_time = groups.iter().find(|(expression, _)| is_day_of(expression, &said));
        if let Some((_, column)) = of_time {
            let is_half_open = matches!(operator(term).as_str(), ">=" | "<")
                && sides(term).is_some_and(|(_, right)| is_midnight(&right));
            return if is_half_open {
                Ok(Some(column.clone()))
            } else {
                Err(format!(
                    "its period of {said} does not begin and end with a day, as far as is written"
                ))
            };
        }
        let values = self
            .catalog
            .tables
            .iter()
            .filter_map(|table| table.distinct(&name))
            .fold(0.0, f64::max);
        if values > MOST_VALUES {
            return Err(format!("it compares {said}, which has too many values to be kept apart"));
        }
        Ok(None)
    }

    /// Makes sure that no time of now or of the question is kept, in joins, groups and measures.
    fn holds_for_all_times(
        &self,
        from: &SyntaxNode,
        groups: &[(String, String)],
    ) -> Result<(), String> {
        let joined = text(from);
        let kept = groups.iter().chain(&self.measures).map(|(expression, _)| expression.as_str());
        for said in kept.chain([joined.as_str()]) {
            if moves(said) {
                return Err(format!("{said}: {MOVES}"));
            }
            if names_a_time(said) {
                return Err(format!("{said}: the rollup would keep that time for ever"));
            }
        }
        Ok(())
    }

    /// Reads aggregates, and keeps what they can be made from again.
    fn aggregates(&mut self) -> Result<Vec<Aggregate>, String> {
        let mut found = Vec::new();
        for node in self.root.descendants().filter(|it| it.kind() == SyntaxKind::CALL_EXPR) {
            let Some((name, arguments)) = call(&node) else { continue };
            let list = child(&node, SyntaxKind::ARG_LIST);
            let said = list.as_ref().map(text).unwrap_or_default().to_lowercase();
            let is_distinct = said.trim_start_matches(['(', ' ', '\n']).split_whitespace().next()
                == Some("distinct");
            let filter = child(&node, SyntaxKind::FILTER_CLAUSE)
                .map(|filter| format!(" {}", text(&filter)))
                .unwrap_or_default();
            let argument = arguments.first().map(text);
            match (name.as_str(), argument) {
                ("sum" | "min" | "max" | "count" | "avg", _) if is_distinct => {
                    return Err(format!(
                        "{}: what differs in each part cannot be added up",
                        text(&node)
                    ));
                }
                ("sum", Some(_)) => {
                    let column = self.measure(&text(&node), "sum");
                    found.push(Aggregate { span: span(&node), replaced: format!("sum({column})") });
                }
                ("min" | "max", Some(_)) => {
                    let column = self.measure(&text(&node), &name);
                    found.push(Aggregate {
                        span: span(&node),
                        replaced: format!("{name}({column})"),
                    });
                }
                ("count", _) => {
                    let column = self.measure(&text(&node), "count");
                    found.push(Aggregate {
                        span: span(&node),
                        replaced: format!("sum({column})::bigint"),
                    });
                }
                ("avg", Some(argument)) => {
                    let sum = self.measure(&format!("sum({argument}){filter}"), "sum");
                    let number = self.measure(&format!("count({argument}){filter}"), "count");
                    found.push(Aggregate {
                        span: span(&node),
                        replaced: format!("(sum({sum}) / nullif(sum({number}), 0))"),
                    });
                }
                (
                    "stddev" | "variance" | "percentile_cont" | "percentile_disc" | "mode"
                    | "string_agg" | "array_agg" | "jsonb_agg" | "json_agg" | "bool_and"
                    | "bool_or" | "corr",
                    _,
                ) => return Err(format!("{name} cannot be made of parts")),
                _ => {}
            }
        }
        Ok(found)
    }

    fn measure(&mut self, expression: &str, kind: &str) -> String {
        if let Some((_, name)) = self.measures.iter().find(|(known, _)| known == expression) {
            return name.clone();
        }
        let name = format!("{kind}_{}", self.measures.len() + 1);
        self.measures.push((expression.to_owned(), name.clone()));
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(sql: &str) -> Result<Parts, String> {
        Parts::read(sql, &Catalog::default(), &[]).unwrap()
    }

    #[test]
    fn a_query_that_groups_by_day_is_taken_apart() {
        let sql = "select sold_at::date as day, sum(amount) as total, count(*), avg(amount) from lines \
                   where store_id = 3 and sold_at >= '2026-01-01' and sold_at < date '2026-02-01' \
                   group by 1 order by day";
        let parts = parts(sql).unwrap();
        assert_eq!(
            parts.select(),
            "select sold_at::date as day,\n    store_id as store_id,\n    sum(amount) as sum_1,\n    \
             count(*) as count_2,\n    count(amount) as count_3\nfrom lines\n\
             group by sold_at::date, store_id"
        );
        assert_eq!(
            parts.query(),
            "select day as day, sum(sum_1) as total, sum(count_2)::bigint, \
             (sum(sum_1) / nullif(sum(count_3), 0)) from lines_by_day_store_id \
             where store_id = 3 and day >= '2026-01-01' and day < date '2026-02-01' group by 1 order by day"
        );
    }

    #[test]
    fn a_period_of_the_days_that_it_groups_by_is_asked_of_the_rollup() {
        let sql = "select at::date as day, count(*) from t where at::date >= date '2026-01-01' \
                   and at::date < $1 group by 1";
        let parts = parts(sql).unwrap();
        assert!(
            parts.query().contains("where day >= date '2026-01-01' and day < $1"),
            "{}",
            parts.query()
        );
        assert!(!parts.select().contains("2026"), "{}", parts.select());
    }

    #[test]
    fn what_cannot_be_added_up_is_said() {
        let refused = |sql| parts(sql).err().unwrap();
        assert!(refused("select k, count(distinct v) from t group by k").contains("added up"));
        assert!(refused("select k, stddev(v) from t group by k").contains("made of parts"));
        assert!(
            refused(
                "select at::date, count(*) from t where at > now() - interval '3 hours' group by 1"
            )
            .contains("period")
                || refused(
                    "select at::date, count(*) from t where at > '2026-01-01 10:00' group by 1"
                )
                .contains("period")
        );
        for (sql, said) in [
            ("select k, count(*) from t where extract(year from at) = 2026 group by k", "for ever"),
            ("select k, count(*) from t where '2026-01-01' <= at group by k", "for ever"),
            ("select k, count(*) filter (where at >= '2026-01-01') from t group by k", "for ever"),
            (
                "select k, count(*) from t join u on u.k = t.k and u.at > date '2026-01-01' group by k",
                "for ever",
            ),
            (
                "select k, sum(v) filter (where at > now() - interval '1 day') from t group by k",
                "moment",
            ),
            (
                "select k, sum(v) filter (where extract(day from age(born)) > v) from t group by k",
                "moment",
            ),
            ("select k, count(*) from t where owner = session_user group by k", "whoever asks"),
            ("select k, count(*) from t where USER <> owner group by k", "whoever asks"),
            (
                "select k, count(*) from t join u on u.k = t.k and u.o = user group by k",
                "whoever asks",
            ),
            ("select k, sum(v) filter (where o = system_user) from t group by k", "whoever asks"),
        ] {
            let reason = parts(sql).err();
            assert!(reason.as_ref().is_some_and(|it| it.contains(said)), "{sql}: {reason:?}");
        }
        assert!(refused("select upper(k) as k, count(*) from t group by k").contains("may be one"));
        assert!(
            refused("select k % 2 as k, count(*) from t where k = 3 group by 1")
                .contains("called k")
        );
        assert!(parts("select t.k as k, count(*) from t group by k").is_ok());
        assert!(parts("select k, count(*) from t where t.\"user\" = 3 group by k").is_ok());
        assert!(Parts::read("select v from t", &Catalog::default(), &[]).is_none());
    }
}
