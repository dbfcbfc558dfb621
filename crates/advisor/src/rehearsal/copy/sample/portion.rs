//! Decides how much of each table is taken, and says it in SQL. No connection here.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Choice, WHOLE_ROWS};
use crate::rehearsal::tables::{Reference, Table, identifier, identifiers, literal};

/// Into how many parts a share divides rows.
const PARTS: i64 = 1 << 20;

/// How much of a table is taken, besides what others refer to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Portion {
    /// All of it.
    Whole,
    /// The rows with one of the chosen values in the chosen column.
    Chosen,
    /// So many of every [`PARTS`], the same ones whenever it is asked.
    Share(i64),
    /// The rows that refer to rows which are taken, by one of the references, told by its place.
    Following(usize),
}

/// Decides how much of each table is taken, by its number in the catalog.
pub(super) fn portions(
    tables: &[Table],
    references: &[Reference],
    choice: &Choice,
) -> BTreeMap<u32, Portion> {
    let mut decided: BTreeMap<u32, Portion> = BTreeMap::new();
    let mut open: Vec<&Table> = tables.iter().collect();
    while !open.is_empty() {
        // What a table refers to is decided first. In a circle, the one that waits for fewest begins.
        let waits = |table: &Table| {
            references
                .iter()
                .filter(|it| it.from == table.oid && it.to != table.oid)
                .filter(|it| open.iter().any(|other| other.oid == it.to))
                .count()
        };
        let Some(place) = (0..open.len()).min_by_key(|place| waits(open[*place])) else { break };
        let table = open.swap_remove(place);
        decided.insert(table.oid, portion(table, references, choice, &decided));
    }
    decided
}

fn portion(
    table: &Table,
    references: &[Reference],
    choice: &Choice,
    decided: &BTreeMap<u32, Portion>,
) -> Portion {
    if let Choice::Values { column, .. } = choice
        && table.column(column).is_some()
    {
        return Portion::Chosen;
    }
    let is_required = |reference: &Reference| {
        reference.columns.iter().all(|name| table.column(name).is_some_and(|it| it.is_required))
    };
    let followed = references
        .iter()
        .enumerate()
        .filter(|(_, it)| it.from == table.oid && it.to != table.oid)
        .filter(|(_, it)| decided.get(&it.to).is_some_and(|portion| *portion != Portion::Whole))
        // A reference that may be empty leaves rows that follow nobody.
        .max_by_key(|(place, it)| (is_required(it), std::cmp::Reverse(*place)));
    if let Some((place, _)) = followed {
        return Portion::Following(place);
    }
    if table.rows <= WHOLE_ROWS {
        return Portion::Whole;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a share of rows"
    )]
    let part = match choice {
        Choice::Percent(percent) => percent / 100.0 * PARTS as f64,
        // Shared by all who are sampled: what they refer to is fetched, and the rest is for volume.
        Choice::Values { .. } => WHOLE_ROWS as f64 / table.rows as f64 * PARTS as f64,
    }
    .ceil() as i64;
    Portion::Share(part.clamp(1, PARTS))
}

/// What is needed to say a portion in SQL.
pub(super) struct Saying<'s> {
    pub(super) tables: &'s [Table],
    pub(super) references: &'s [Reference],
    pub(super) portions: &'s BTreeMap<u32, Portion>,
    pub(super) choice: &'s Choice,
}

impl Saying<'_> {
    /// Returns the conditions under which rows of a table, called `row_0`, are taken: a row is taken when
    /// one of them holds, and two never do.
    pub(super) fn conditions(&self, table: &Table) -> Vec<String> {
        let Some(Portion::Following(place)) = self.portions.get(&table.oid) else {
            return vec![self.condition(table, 0)];
        };
        let reference = &self.references[*place];
        let mut conditions = vec![self.condition(table, 0)];
        let mut optional = reference
            .columns
            .iter()
            .filter(|name| table.column(name).is_some_and(|column| !column.is_required))
            .map(|name| format!("row_0.{} is null", identifier(name)))
            .peekable();
        if optional.peek().is_some() {
            // Rows that refer to nobody. Joined by `or` to the others, they would cost a look for each row.
            conditions.push(format!("({})", optional.collect::<Vec<_>>().join(" or ")));
        }
        conditions
    }

    fn condition(&self, table: &Table, depth: usize) -> String {
        let alias = format!("row_{depth}");
        match self.portions.get(&table.oid) {
            None | Some(Portion::Whole) => "true".to_owned(),
            Some(Portion::Chosen) => self.chosen(table, &alias),
            Some(Portion::Share(part)) => share(table, &alias, *part),
            Some(Portion::Following(place)) => {
                let reference = &self.references[*place];
                let Some(parent) = self.tables.iter().find(|it| it.oid == reference.to) else {
                    return "true".to_owned();
                };
                let next = format!("row_{}", depth + 1);
                let mut text = format!("exists (select from {} as {next} where ", parent.source());
                for (own, theirs) in reference.columns.iter().zip(&reference.to_columns) {
                    let (own, theirs) = (identifier(own), identifier(theirs));
                    let _ = write!(text, "{next}.{theirs} = {alias}.{own} and ");
                }
                text + &self.condition(parent, depth + 1) + ")"
            }
        }
    }

    fn chosen(&self, table: &Table, alias: &str) -> String {
        let Choice::Values { column, values } = self.choice else { return "true".to_owned() };
        let data_type = table.column(column).map_or("text", |it| it.data_type.as_str());
        let values: Vec<String> =
            values.iter().map(|value| format!("{}::{data_type}", literal(value))).collect();
        format!("{alias}.{} in ({})", identifier(column), values.join(", "))
    }

    /// Returns the references that may point at rows which are not taken yet.
    ///
    /// One whose ends are both chosen by the same column is closed, unless another brings rows of
    /// somebody else into its table.
    pub(super) fn open_references(&self) -> Vec<&Reference> {
        let (mut open, mut closed): (Vec<&Reference>, Vec<&Reference>) =
            self.references.iter().partition(|reference| !self.is_closed(reference));
        loop {
            let (still, opened): (Vec<_>, Vec<_>) = closed.into_iter().partition(|reference| {
                self.portions.get(&reference.to) == Some(&Portion::Whole)
                    || open.iter().all(|other| other.to != reference.from)
            });
            if opened.is_empty() {
                return open;
            }
            open.extend(opened);
            closed = still;
        }
    }

    /// Whether what a reference names is taken with the rows that have it: all of that table is, or both
    /// ends are chosen by the same column, and the reference has it at both.
    fn is_closed(&self, reference: &Reference) -> bool {
        let portion = |oid| self.portions.get(&oid);
        if portion(reference.to) == Some(&Portion::Whole) {
            return true;
        }
        let Choice::Values { column, .. } = self.choice else { return false };
        let mut pairs = reference.columns.iter().zip(&reference.to_columns);
        portion(reference.from) == Some(&Portion::Chosen)
            && portion(reference.to) == Some(&Portion::Chosen)
            && pairs.any(|(own, theirs)| own == column && theirs == column)
    }
}

/// A share by the hash of a row's key, so that whoever asks takes the same rows.
fn share(table: &Table, alias: &str, part: i64) -> String {
    let named = match table.key.as_slice() {
        [] => alias.to_owned(),
        key => format!("row({})", identifiers(&format!("{alias}."), key)),
    };
    format!("hashtextextended({named}::text, 0) & {} < {part}", PARTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::tables::{Column, Shape};

    fn table(oid: u32, rows: i64, columns: &[&str]) -> Table {
        let column = |name: &&str| Column {
            name: name.trim_end_matches('?').to_owned(),
            data_type: "bigint".to_owned(),
            is_required: !name.ends_with('?'),
            is_generated: false,
            has_default: false,
        };
        Table {
            oid,
            schema: "public".to_owned(),
            name: format!("t{oid}"),
            shape: Shape::Plain,
            columns: columns.iter().map(column).collect(),
            key: vec!["id".to_owned()],
            rows,
            bytes: 0,
        }
    }

    fn reference(from: u32, column: &str, to: u32) -> Reference {
        Reference { from, columns: vec![column.to_owned()], to, to_columns: vec!["id".to_owned()] }
    }

    fn chosen() -> Choice {
        Choice::Values { column: "tenant".to_owned(), values: vec!["7".to_owned()] }
    }

    #[test]
    fn tables_without_the_column_follow_those_that_have_it() {
        let tables = [
            table(1, 50_000, &["id", "order_id"]),
            table(2, 50_000, &["id", "tenant"]),
            table(3, 100, &["id"]),
            table(4, 50_000, &["id"]),
        ];
        let references = [reference(1, "order_id", 2)];
        let choice = chosen();
        let portions = portions(&tables, &references, &choice);
        assert_eq!(portions[&1], Portion::Following(0));
        assert_eq!(portions[&2], Portion::Chosen);
        assert_eq!(portions[&3], Portion::Whole);
        assert!(matches!(portions[&4], Portion::Share(_)));
        let saying = Saying {
            tables: &tables,
            references: &references,
            portions: &portions,
            choice: &choice,
        };
        assert_eq!(
            saying.conditions(&tables[0]),
            ["exists (select from only \"public\".\"t2\" as row_1 where row_1.\"id\" = \
              row_0.\"order_id\" and row_1.\"tenant\" in ('7'::bigint))"]
        );
    }

    #[test]
    fn a_required_reference_is_followed_before_one_that_may_be_empty() {
        let tables = [
            table(1, 50_000, &["id", "maybe?", "surely"]),
            table(2, 50_000, &["id"]),
            table(3, 50_000, &["id"]),
        ];
        let references = [reference(1, "maybe", 2), reference(1, "surely", 3)];
        let portions = portions(&tables, &references, &Choice::Percent(5.0));
        assert_eq!(portions[&1], Portion::Following(1));
    }

    #[test]
    fn rows_that_refer_to_nobody_are_taken_too() {
        let tables = [table(1, 50_000, &["id", "maybe?"]), table(2, 50_000, &["id"])];
        let references = [reference(1, "maybe", 2)];
        let choice = Choice::Percent(5.0);
        let portions = portions(&tables, &references, &choice);
        let saying = Saying {
            tables: &tables,
            references: &references,
            portions: &portions,
            choice: &choice,
        };
        let conditions = saying.conditions(&tables[0]);
        assert_eq!(conditions.len(), 2);
        assert_eq!(conditions[1], "(row_0.\"maybe\" is null)");
    }

    #[test]
    fn a_reference_within_a_tenant_is_closed_unless_another_brings_others_rows() {
        let tables =
            [table(1, 50_000, &["id", "tenant", "replaces?"]), table(2, 50_000, &["id", "tenant"])];
        let tenants = Reference {
            from: 1,
            columns: vec!["tenant".to_owned()],
            to: 2,
            to_columns: vec!["tenant".to_owned()],
        };
        let choice = chosen();
        let open = |references: &[Reference]| {
            let portions = portions(&tables, references, &choice);
            let saying =
                Saying { tables: &tables, references, portions: &portions, choice: &choice };
            saying.open_references().len()
        };
        assert_eq!(open(std::slice::from_ref(&tenants)), 0);
        assert_eq!(open(&[tenants, reference(1, "replaces", 1)]), 2);
    }

    #[test]
    fn circles_and_references_to_the_own_table_end() {
        let tables = [table(1, 50_000, &["id", "other"]), table(2, 50_000, &["id", "other"])];
        let references =
            [reference(1, "other", 2), reference(2, "other", 1), reference(1, "id", 1)];
        let portions = portions(&tables, &references, &Choice::Percent(1.0));
        assert_eq!(portions.len(), 2);
        assert!(portions.values().any(|portion| matches!(portion, Portion::Share(_))));
    }

    #[test]
    fn a_small_parent_is_whole_and_its_large_child_a_share() {
        let tables = [table(1, 5_000_000, &["id", "store"]), table(2, 50, &["id"])];
        let references = [reference(1, "store", 2)];
        let portions = portions(&tables, &references, &Choice::Percent(1.0));
        assert_eq!(portions[&2], Portion::Whole);
        assert_eq!(portions[&1], Portion::Share(10_486));
    }
}
