//! What sums by day are taken for and are not: told where the columns suggest it.

use super::parts::Parts;
use super::time::is_some_day;
use crate::indexes::{Catalog, Table};

/// Words in the names of columns whose rows are added or changed later: what comes back, or was never sold.
const LATE: [&str; 8] =
    ["return", "refund", "void", "cancel", "state", "status", "kind", "updated_at"];

/// Words in the names of columns of which one sale may have several.
const SEVERAL: [&str; 4] = ["payment", "tender", "line_id", "line_number"];

/// Says what to know of a rollup that adds up by day; nothing of any other.
pub(super) fn told(parts: &Parts, catalog: &Catalog) -> Vec<String> {
    let tables = || catalog.tables.iter().filter(|table| parts.reads(&table.name));
    let mut risks = Vec::new();
    let is_date = |name: &str| {
        let mut columns = tables().filter_map(|table| table.column(name));
        columns.any(|column| column.type_name == "date")
    };
    let is_day = |expression: &str| {
        is_some_day(expression) || is_date(expression.rsplit('.').next().unwrap_or(expression))
    };
    if !parts.adds_up_by(is_day) {
        return risks;
    }
    if let Some(column) = tables().find_map(|table| named(table, &LATE)) {
        risks.push(format!(
            "{column}: returns, voids and corrections may come days later and change days that are over; \
             whoever wrote a day's sum down has another one after a refresh"
        ));
    }
    let currency = tables().find_map(|table| named(table, &["currency"]));
    if let Some(column) = currency.filter(|column| !parts.tells_apart(column)) {
        risks.push(format!(
            "{column}: amounts of several currencies are added up as if they were one; group by it, or \
             compare it"
        ));
    }
    let several = tables().find_map(|table| named(table, &SEVERAL));
    let several = several.or_else(|| parts.joins().then(|| "a join".to_owned()));
    if let Some(cause) = several {
        risks.push(format!(
            "{cause}: a sale may have more than one row here, such as one for each payment; counts are of \
             rows then, and what is repeated in each is added up again"
        ));
    }
    risks
}

/// Returns the first column whose name has one of some words in it.
fn named(table: &Table, words: &[&str]) -> Option<String> {
    let mut names = table.columns.iter().map(|column| &column.name);
    names.find(|name| words.iter().any(|word| name.contains(word))).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indexes::Column;

    fn of(sql: &str, columns: &[&str]) -> Vec<String> {
        let column = |name: &&str| Column { name: (*name).to_owned(), ..Column::default() };
        let table = Table {
            name: "public.sales".to_owned(),
            columns: columns.iter().map(column).collect(),
            ..Table::default()
        };
        let mut catalog = Catalog::default();
        catalog.tables.push(table);
        let parts = Parts::read(sql, &catalog, &[]).unwrap().unwrap();
        told(&parts, &catalog)
    }

    #[test]
    fn traps_of_daily_sums_are_told_where_columns_suggest_them() {
        let daily = "select sold_at::date, sum(amount) from sales group by 1";
        let all = ["sold_at", "amount", "kind", "currency", "payment_id"];
        let said = of(daily, &all);
        let begins: Vec<&str> = said.iter().filter_map(|it| it.split(':').next()).collect();
        assert_eq!(begins, ["kind", "currency", "payment_id"], "{said:?}");
        assert!(of(daily, &["sold_at", "amount"]).is_empty());
        for apart in [
            "select sold_at::date, currency, sum(amount) from sales group by 1, 2",
            "select sold_at::date, sum(amount) from sales where currency = 'CAD' group by 1",
        ] {
            assert!(of(apart, &["sold_at", "amount", "currency"]).is_empty(), "{apart}");
        }
        let joined =
            "select s.sold_at::date, sum(s.amount) from sales s join sales t using (id) group by 1";
        assert!(of(joined, &["sold_at"])[0].starts_with("a join"));
        assert!(of("select sold_at::date, count(*) from sales group by 1", &all).is_empty());
        assert!(of("select store_id, sum(amount) from sales group by 1", &all).is_empty());
    }
}
