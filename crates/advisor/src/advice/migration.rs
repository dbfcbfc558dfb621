//! Writes advice as a migration pair. It is text: nothing here applies it.

use std::collections::BTreeMap;
use std::fmt::Write;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Advice, AdvisedIndex, Partition, Partitions};
use crate::indexes::Index;
use crate::plans::quoted;
use crate::proof::{Compared, Proof};

/// What makes an index while others write runs in no transaction.
const HEAD: &str = "-- shelfops:no-transaction\n";

/// A migration with its way back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Migration {
    /// What it does.
    pub up: String,
    /// What undoes it.
    pub down: String,
}

impl Migration {
    /// Adds what a proof held besides: answers that are kept, and statistics. Nobody but the owner may read
    /// an answer that is kept until somebody lets them.
    #[must_use]
    pub fn with_proved(mut self, advice: &Advice, proof: &Proof) -> Self {
        let held = |all: &[Compared], statement: usize, what: &str| {
            let same = |it: &&Compared| it.statement == statement && it.what == what;
            all.iter().find(same).filter(|it| it.holds()).cloned()
        };
        for rollup in &advice.rollups {
            let Some(compared) = held(&proof.rollups, rollup.statement, &rollup.name) else {
                continue;
            };
            if self.up.contains(&rollup.statements.join("\n")) {
                continue;
            }
            let note = format!("{} → {}", compared.before.shown(), compared.after.shown());
            let up = format!("-- keeps an answer: {note}\n{}", rollup.statements.join("\n"));
            self.add(&up, &rollup.undo);
        }
        for made in proof.statistics.iter().filter(|it| it.holds()) {
            let note = format!("{} → {}", made.before.shown(), made.after.shown());
            let statement = made.what.trim().trim_end_matches(';');
            let undo = crate::proof::undo_of(&made.what);
            self.add(&format!("-- columns go together: {note}\n{statement};"), &undo);
        }
        self
    }

    fn add(&mut self, up: &str, down: &str) {
        if self.up.is_empty() {
            (self.up, self.down) = (HEAD.to_owned(), HEAD.to_owned());
        }
        let _ = writeln!(self.up, "\n{up}");
        let _ = writeln!(self.down, "{down}");
    }
}

/// A hypertable takes no `concurrently`, and what it takes in its place lint does not know.
const ALLOWED: &str = "-- shelfops:allow index-without-concurrently because each chunk is indexed in a \
                       transaction of its own";

/// Writes the migration that makes indexes. Whoever writes to the tables goes on meanwhile: plain tables get
/// theirs concurrently, partitions one by one, chunks each in a transaction of its own.
pub fn migration(indexes: &[AdvisedIndex], partitions: &Partitions) -> Migration {
    if indexes.is_empty() {
        return Migration::default();
    }
    let (mut up, mut down) = (HEAD.to_owned(), HEAD.to_owned());
    for advised in indexes {
        let _ = writeln!(up, "\n-- {}", advised.purpose.replace('\n', " "));
        if advised.is_hypertable {
            let definition = with_setting(&advised.index.shown());
            let _ = writeln!(up, "{ALLOWED}");
            let _ = writeln!(up, "create index {} on {definition};", quoted(&advised.name));
            let _ = writeln!(down, "drop index {};", in_schema(advised));
        } else if let Some(parts) = partitions.get(&advised.index.table) {
            partitioned(&mut up, advised, parts);
            let _ = writeln!(down, "drop index {};", in_schema(advised));
        } else {
            let on = advised.index.shown();
            let _ = writeln!(up, "create index concurrently {} on {on};", quoted(&advised.name));
            let _ = writeln!(down, "drop index concurrently {};", in_schema(advised));
        }
    }
    Migration { up, down }
}

/// A partitioned index is made empty, then each partition's concurrently, then they are joined. One of a
/// partition that is cut itself is made empty too: an index only joins that of the table right above.
fn partitioned(up: &mut String, advised: &AdvisedIndex, parts: &[Partition]) {
    let index = &advised.index;
    let whole = format!("only {}", index.table);
    let _ = writeln!(up, "create index {} on {};", quoted(&advised.name), index.definition(&whole));
    let mut made = BTreeMap::from([(index.table.as_str(), in_schema(advised))]);
    for part in parts {
        let part_index = Index { table: part.table.clone(), ..index.clone() };
        let name = quoted(&part_index.name_beside(part.taken.iter().map(String::as_str)));
        let (how, on) = match part.is_cut {
            true => ("", format!("only {}", part.table)),
            false => (" concurrently", part.table.clone()),
        };
        let _ = writeln!(up, "create index{how} {name} on {};", part_index.definition(&on));
        let qualified = format!("{}{name}", schema_of(&part.table));
        if let Some(above) = made.get(part.above.as_str()) {
            let _ = writeln!(up, "alter index {above} attach partition {qualified};");
        }
        made.insert(&part.table, qualified);
    }
}

/// Chunks are indexed one at a time, so that none is locked for as long as all take.
fn with_setting(definition: &str) -> String {
    let setting = "with (timescaledb.transaction_per_chunk)";
    match definition.split_once(" where ") {
        Some((before, predicate)) => format!("{before} {setting} where {predicate}"),
        None => format!("{definition} {setting}"),
    }
}

fn in_schema(advised: &AdvisedIndex) -> String {
    format!("{}{}", schema_of(&advised.index.table), quoted(&advised.name))
}

fn schema_of(table: &str) -> String {
    table.rsplit_once('.').map_or_else(String::new, |(schema, _)| format!("{schema}."))
}
