//! Values that columns have, by statistics or in the rows of whoever asks, and which of them are asked with.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::Sources;
use super::compared::{How, Use};
use crate::indexes::{AdviceError, Catalog, doing};
use crate::plans::literal;

/// How many rows of whoever asks are looked at, and for how long at most.
const OWN_ROWS: u32 = 10_000;
const OWN_MS: u32 = 2_000;

/// Between how many bounds those rows are told apart by ranges.
const BOUNDS: i64 = 100;

/// How many values a list has.
const LIST: usize = 3;

/// What is known of a column's values.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The most common ones, the most common first.
    common: Vec<String>,
    /// Values in their order with about as many rows between any two of them.
    bounds: Vec<String>,
    /// The rarest of the rows that whoever asks sees.
    rarest: Option<String>,
    /// What they were taken from.
    source: Source,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Source {
    #[default]
    Statistics,
    /// Some rows of whoever asks.
    Rows,
    /// The column by which it is told whose a row is.
    Own,
}

/// A column, by its table and its name.
pub(super) type Column = (String, String);

/// Statistics of the whole where somebody gathered them, else those of the fullest part.
const STATISTICS: &str = "
    with recursive wanted as (
        select * from unnest($1::text[], $2::text[]) as wanted (name, attname)
    ), below as (
        select distinct name as root, to_regclass(name)::oid as oid, 0 as level from wanted
        union all
        select below.root, inhrelid, 1 from below join pg_inherits on inhparent = below.oid
    )
    select distinct on (wanted.name, wanted.attname) wanted.name, wanted.attname,
        coalesce(most_common_vals::text::text[], '{}'),
        coalesce(histogram_bounds::text::text[], '{}')
    from wanted
    join below on below.root = wanted.name
    join pg_class as parts on parts.oid = below.oid
    join pg_namespace as namespace on namespace.oid = parts.relnamespace
    join pg_attribute as attribute
        on attribute.attrelid = parts.oid and attribute.attname = wanted.attname
    join pg_type as types on types.oid = attribute.atttypid
    join pg_stats as stats
        on stats.schemaname = namespace.nspname and stats.tablename = parts.relname
            and stats.attname = wanted.attname
    -- Lists of lists are no values to ask with.
    where types.typcategory <> 'A'
    order by wanted.name, wanted.attname, below.level, stats.inherited desc, parts.reltuples desc";

/// Asks for the values of some columns.
pub(super) async fn gather(
    client: &Client,
    wanted: &BTreeSet<Column>,
    catalog: &Catalog,
    (sources, enter): (&Sources<'_>, &str),
) -> Result<BTreeMap<Column, Known>, AdviceError> {
    let (tables, columns): (Vec<&str>, Vec<&str>) =
        wanted.iter().map(|(table, column)| (table.as_str(), column.as_str())).unzip();
    let rows = client
        .query(STATISTICS, &[&tables, &columns])
        .await
        .map_err(doing("look which values columns have"))?;
    let mut known: BTreeMap<Column, Known> = BTreeMap::new();
    for row in rows {
        let values = Known { common: row.get(2), bounds: row.get(3), ..Known::default() };
        known.insert((row.get(0), row.get(1)), values);
    }
    let Some(own) = sources.own else { return Ok(known) };
    for column in wanted {
        // What statistics say is of everybody's rows: nothing of it is told to one who sees only own ones.
        known.remove(column);
        let table = catalog.named(&column.0);
        if table.is_none_or(|table| table.column(own.0).is_none()) {
            continue;
        }
        let found = if column.1 == own.0 {
            Known { common: vec![own.1.to_owned()], source: Source::Own, ..Known::default() }
        } else if sources.is_late() {
            continue;
        } else {
            Known::of_rows(&of_rows(client, column, own, enter).await?)
        };
        known.insert(column.clone(), found);
    }
    Ok(known)
}

/// Asks, as whoever asks, which values some rows have, in their order, each with how many rows; for none where
/// that takes too long, or the login may not look.
async fn of_rows(
    client: &Client,
    (table, column): &Column,
    own: (&str, &str),
    enter: &str,
) -> Result<Vec<(String, i64)>, AdviceError> {
    let action = doing("look which values rows have");
    // Always in quotes: a column may be called as a function is.
    let named = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let (column, own_column) = (named(column), named(own.0));
    let few = format!(
        "select value::text, count(*) from (
             select {column} as value from {table}
             where {own_column} = {} and {column} is not null limit {OWN_ROWS}) as few
         group by few.value order by few.value",
        literal(own.1)
    );
    // A table behind a view is the login's alone: then the login looks at what the condition leaves.
    for enter in [enter, ""] {
        let begin = format!(
            "savepoint own; set transaction read only; set local statement_timeout = {OWN_MS}; {enter}"
        );
        client.batch_execute(&begin).await.map_err(&action)?;
        let answer = client.query(&few, &[]).await;
        let end = "rollback to savepoint own; release savepoint own";
        client.batch_execute(end).await.map_err(&action)?;
        if let Ok(rows) = answer {
            return Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect());
        }
    }
    Ok(Vec::new())
}

impl Known {
    /// Makes it of values in their order, each with how many rows have it.
    fn of_rows(values: &[(String, i64)]) -> Self {
        let mut by_rows: Vec<&(String, i64)> = values.iter().collect();
        by_rows.sort_by_key(|(_, rows)| Reverse(*rows));
        let common: Vec<String> = by_rows.into_iter().map(|(value, _)| value.clone()).collect();
        let all: i64 = values.iter().map(|(_, rows)| rows).sum();
        let mut bounds = Vec::new();
        let mut before = 0;
        for (value, rows) in values {
            // As many bounds as fall on its rows.
            while (bounds.len() as i64) * all.max(1) <= before * BOUNDS
                && bounds.len() as i64 <= BOUNDS
            {
                bounds.push(value.clone());
            }
            before += rows;
        }
        if let Some((last, _)) = values.last().filter(|_| values.len() > 1) {
            bounds.push(last.clone());
        }
        Self { rarest: common.last().cloned(), common, bounds, source: Source::Rows }
    }

    /// Returns a value to ask with, and what it is: one that many rows have, or few.
    pub(super) fn value(
        &self,
        used: &Use,
        is_rare: bool,
        has_beginning: bool,
    ) -> Option<(String, String)> {
        match used.how {
            How::Equal => self.single(is_rare),
            How::Any => self.list(is_rare),
            How::AtLeast | How::AtMost if self.bounds.len() < 3 => self.single(is_rare),
            How::AtLeast => self.bound(false, is_rare),
            // Beside a beginning it ends what lies behind that.
            How::AtMost if has_beginning => self.last(),
            How::AtMost => self.bound(true, is_rare),
        }
    }

    fn single(&self, is_rare: bool) -> Option<(String, String)> {
        let middle = self.bounds.get(self.bounds.len() / 2);
        let (value, what) = match (is_rare, self.source) {
            (_, Source::Own) => {
                return Some((self.common.first()?.clone(), "whoever asks".to_owned()));
            }
            (true, Source::Rows) => (self.rarest.as_ref(), "a rare value"),
            (true, Source::Statistics) => (middle.or(self.common.last()), "a rare value"),
            (false, _) => (self.common.first().or(middle), "the most common value"),
        };
        Some((value?.clone(), self.told(what)))
    }

    fn list(&self, is_rare: bool) -> Option<(String, String)> {
        if self.source == Source::Own {
            return self.single(is_rare).map(|(value, what)| (array(&[&value]), what));
        }
        let step = (self.bounds.len() / (LIST + 1)).max(1);
        let spread = || self.bounds.iter().skip(step).step_by(step).take(LIST).collect();
        let common = || self.common.iter().take(LIST).collect::<Vec<_>>();
        let few: Vec<&String> = match (is_rare, self.source) {
            (true, Source::Statistics) if !self.bounds.is_empty() => spread(),
            (true, _) => self.common.iter().rev().take(LIST).collect(),
            (false, _) if self.common.is_empty() => spread(),
            (false, _) => common(),
        };
        let what = if is_rare { "rare values" } else { "the most common values" };
        (!few.is_empty()).then(|| (array(&few), self.told(what)))
    }

    /// Returns what a tenth of the rows, or a hundredth, lies before or behind: what is asked for most is the
    /// newest, and numbers and times grow.
    fn bound(&self, is_before: bool, is_rare: bool) -> Option<(String, String)> {
        let last = self.bounds.len() - 1;
        let far = if is_rare { 1 } else { (last / 10).max(1) };
        let place = if is_before { far } else { last - far };
        let side = if is_before { "before" } else { "behind" };
        let part = 100.0 * far as f64 / last as f64;
        let value = self.bounds.get(place)?.clone();
        Some((value, self.told(&format!("about {part:.0}% of the values lie {side} it,"))))
    }

    fn last(&self) -> Option<(String, String)> {
        Some((self.bounds.last()?.clone(), self.told("the last value")))
    }

    fn told(&self, what: &str) -> String {
        match self.source {
            Source::Rows => format!("{what} in rows of whoever asks, of"),
            Source::Statistics | Source::Own => format!("{what} by statistics of"),
        }
    }
}

/// Writes a list as the server reads it.
fn array(values: &[&String]) -> String {
    let quoted = values
        .iter()
        .map(|value| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")));
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(known: &Known, how: How, is_rare: bool, has_beginning: bool) -> Option<String> {
        let (table, column) = ("t".to_owned(), "c".to_owned());
        let used = Use { parameter: 1, table, column, how };
        known.value(&used, is_rare, has_beginning).map(|(value, _)| value)
    }

    fn known(common: &[&str], bounds: usize) -> Known {
        Known {
            common: common.iter().map(|it| (*it).to_owned()).collect(),
            bounds: (0..bounds).map(|it| it.to_string()).collect(),
            ..Known::default()
        }
    }

    #[test]
    fn a_common_value_and_a_rare_one_are_told_apart() {
        let both =
            |known: &Known, how| (value(known, how, false, false), value(known, how, true, false));
        let pair = |one: &str, other: &str| (Some(one.to_owned()), Some(other.to_owned()));
        let mixed = known(&["x", "y"], 101);
        assert_eq!(both(&mixed, How::Equal), pair("x", "50"));
        assert_eq!(both(&mixed, How::Any), pair("{\"x\",\"y\"}", "{\"25\",\"50\",\"75\"}"));
        assert_eq!(both(&known(&["x", "y"], 0), How::Equal), pair("x", "y"));
        assert_eq!(both(&known(&[], 101), How::Equal), pair("50", "50"));
        assert_eq!(both(&known(&[], 0), How::Equal), (None, None));
    }

    #[test]
    fn a_range_has_a_tenth_of_the_values_or_a_hundredth() {
        let mixed = known(&["x"], 101);
        let range =
            |how, is_rare, has_beginning| value(&mixed, how, is_rare, has_beginning).unwrap();
        assert_eq!(
            [range(How::AtLeast, false, true), range(How::AtMost, false, true)],
            ["90", "100"]
        );
        assert_eq!(
            [range(How::AtLeast, true, true), range(How::AtMost, true, true)],
            ["99", "100"]
        );
        assert_eq!(
            [range(How::AtMost, false, false), range(How::AtMost, true, false)],
            ["10", "1"]
        );
    }

    #[test]
    fn rows_give_their_common_values_and_bounds_between_which_as_many_lie() {
        let values: Vec<(String, i64)> =
            (0..1_000).map(|it| (it.to_string(), if it == 700 { 3 } else { 1 })).collect();
        let of_rows = Known::of_rows(&values);
        assert_eq!(of_rows.common.first().map(String::as_str), Some("700"));
        assert_eq!(of_rows.bounds.first().map(String::as_str), Some("0"));
        assert_eq!(of_rows.bounds.last().map(String::as_str), Some("999"));
        assert!((100..=102).contains(&of_rows.bounds.len()), "{}", of_rows.bounds.len());
        assert_eq!(value(&of_rows, How::AtLeast, false, false).as_deref(), Some("900"));
        let none = Known::of_rows(&[]);
        assert_eq!(value(&none, How::AtMost, false, false), None);
    }

    #[test]
    fn a_list_is_written_as_the_server_reads_it() {
        let odd = ["a\"b", "c\\d", "{e,f}"].map(str::to_owned);
        assert_eq!(array(&odd.iter().collect::<Vec<_>>()), r#"{"a\"b","c\\d","{e,f}"}"#);
    }
}
