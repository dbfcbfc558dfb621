//! Looks at the catalog before and after a statement, from inside its transaction, and tells them apart.

use std::collections::BTreeMap;

use tokio_postgres::{Client, Error};

use super::locks::LockMode;
use super::report::{BuiltIndex, LockTaken, Lost, Rewritten, RowsOf};

/// A statement that reads this share of a table reads all of it: the rest are rows nobody sees any more.
const ALMOST_ALL: f64 = 0.5;

/// What the catalog says of relations that people made, by their number.
pub(super) type Relations = BTreeMap<u32, Relation>;

/// What the catalog says of a table, a materialised view, or an index.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    pub(super) schema: String,
    pub(super) name: String,
    is_index: bool,
    is_view: bool,
    /// The table of an index; the table that a partition or a chunk is a part of.
    belongs_to: Option<u32>,
    filenode: Option<u32>,
    bytes: i64,
    main_bytes: i64,
    read: i64,
    inserted: i64,
    updated: i64,
    deleted: i64,
    rows: f64,
    columns: BTreeMap<i16, String>,
}

impl Relation {
    fn shown(&self) -> String {
        match self.schema.as_str() {
            "public" => self.name.clone(),
            schema => format!("{schema}.{}", self.name),
        }
    }
}

/// Reads what there is. Counters of rows are those of the present transaction.
pub(super) async fn relations(client: &Client) -> Result<Relations, Error> {
    let statement = "select c.oid, n.nspname::text, c.relname::text, c.relkind in ('i', 'I'), c.relkind = 'm',
            coalesce(i.indrelid, h.inhparent), pg_relation_filenode(c.oid),
            case when c.relkind in ('r', 'm') then coalesce(pg_total_relation_size(c.oid), 0) else 0 end,
            case when c.relkind in ('r', 'm', 'i') then coalesce(pg_relation_size(c.oid), 0) else 0 end,
            pg_stat_get_xact_tuples_returned(c.oid), pg_stat_get_xact_tuples_inserted(c.oid),
            pg_stat_get_xact_tuples_updated(c.oid), pg_stat_get_xact_tuples_deleted(c.oid),
            greatest(c.reltuples, 0)::float8,
            array(select a.attnum from pg_attribute as a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum),
            array(select a.attname::text from pg_attribute as a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum)
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        left join pg_index as i on i.indexrelid = c.oid
        left join pg_inherits as h on h.inhrelid = c.oid and h.inhseqno = 1 and i.indexrelid is null
        where c.relkind in ('r', 'p', 'm', 'i', 'I')
            and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
            and n.nspname !~ '^_timescaledb_(catalog|config|cache)'";
    let rows = client.query(statement, &[]).await?;
    let relation = |row: &tokio_postgres::Row| {
        let (numbers, names): (Vec<i16>, Vec<String>) = (row.get(14), row.get(15));
        let relation = Relation {
            schema: row.get(1),
            name: row.get(2),
            is_index: row.get(3),
            is_view: row.get(4),
            belongs_to: row.get(5),
            filenode: row.get(6),
            bytes: row.get(7),
            main_bytes: row.get(8),
            read: row.get(9),
            inserted: row.get(10),
            updated: row.get(11),
            deleted: row.get(12),
            rows: row.get(13),
            columns: numbers.into_iter().zip(names).collect(),
        };
        (row.get(0), relation)
    };
    Ok(rows.iter().map(relation).collect())
}

/// Where a column was: schema, table, name.
pub(super) type ColumnPlace = (String, String, String);

/// Locks on relations, as their numbers and modes.
pub(super) type Locks = Vec<(u32, LockMode)>;

/// Returns the locks on relations that a session holds.
pub(super) async fn locks(client: &Client, session: i32) -> Result<Locks, Error> {
    let statement = "select relation, mode from pg_locks
        where pid = $1 and locktype = 'relation' and granted
            and database = (select oid from pg_database where datname = current_database())";
    let rows = client.query(statement, &[&session]).await?;
    Ok(rows.iter().filter_map(|row| Some((row.get(0), LockMode::parse(row.get(1))?))).collect())
}

/// The catalog before a statement and behind it, and what was there before its migration.
pub(super) struct Difference<'d> {
    pub(super) start: &'d Relations,
    pub(super) before: &'d Relations,
    pub(super) after: &'d Relations,
    /// How many rows of a table, by schema and name, the database has for each of the copy's.
    pub(super) scale: &'d (dyn Fn(&str, &str) -> f64 + Send + Sync),
}

impl Difference<'_> {
    /// Follows partitions, chunks and indexes up to the table that people name.
    fn root(&self, mut oid: u32) -> u32 {
        for _ in 0..10 {
            let known = self.before.get(&oid).or_else(|| self.after.get(&oid));
            match known.or_else(|| self.start.get(&oid)).and_then(|it| it.belongs_to) {
                Some(parent) => oid = parent,
                None => break,
            }
        }
        oid
    }

    fn scaled(&self, table: u32, rows: f64) -> (u64, u64) {
        let factor =
            self.start.get(&self.root(table)).map_or(1.0, |it| (self.scale)(&it.schema, &it.name));
        (whole(rows), whole(rows * factor))
    }

    /// About how many rows a table that was there had, in all its parts.
    fn rows_of(&self, root: u32) -> f64 {
        self.start
            .iter()
            .filter(|(oid, it)| !it.is_index && self.root(**oid) == root && it.filenode.is_some())
            .map(|(_, it)| it.rows)
            .sum()
    }

    /// Says which locks are new, those of partitions and chunks together with their table's.
    pub(super) fn locks(
        &self,
        held: &[(u32, LockMode)],
        now: &[(u32, LockMode)],
    ) -> Vec<LockTaken> {
        let mut taken: BTreeMap<(u32, LockMode), usize> = BTreeMap::new();
        for (oid, mode) in now.iter().filter(|one| !held.contains(one)) {
            let Some(relation) = self.start.get(oid) else { continue };
            if *mode == LockMode::AccessShare {
                continue;
            }
            let is_part = !relation.is_index && relation.belongs_to.is_some();
            let named = if is_part { self.root(*oid) } else { *oid };
            *taken.entry((named, *mode)).or_default() += usize::from(is_part);
        }
        let told = |((oid, mode), parts): ((u32, LockMode), usize)| {
            let relation = self.start.get(&oid)?;
            let (_, real_rows) = self.scaled(oid, self.rows_of(self.root(oid)));
            // Nobody writes to a materialised view but who refreshes it.
            let is_harmless = relation.is_view && !mode.stops_reads();
            let is_table = !relation.is_index && !is_harmless;
            Some(LockTaken { relation: relation.shown(), mode, parts, is_table, real_rows })
        };
        taken.into_iter().filter_map(told).collect()
    }

    /// Says what was written anew: its file is another, and it is not empty for it.
    pub(super) fn rewritten(&self) -> Vec<Rewritten> {
        let mut found = Vec::new();
        for (oid, (before, after)) in self.present() {
            if before.filenode == after.filenode || self.is_emptied(before, after) {
                continue;
            }
            let table = if before.is_index { before.belongs_to.unwrap_or(oid) } else { oid };
            let rows = self.start.get(&table).map_or(0.0, |it| it.rows);
            let (rows, real_rows) = self.scaled(table, rows);
            let bytes = u64::try_from(after.main_bytes).unwrap_or_default();
            let is_index = before.is_index;
            found.push(Rewritten { relation: after.shown(), is_index, rows, real_rows, bytes });
        }
        found
    }

    /// Says which tables were read whole: by themselves, or through an index.
    pub(super) fn scanned(&self) -> Vec<RowsOf> {
        let mut read: BTreeMap<u32, f64> = BTreeMap::new();
        let mut leaves: BTreeMap<u32, f64> = BTreeMap::new();
        for (oid, relation) in self.before {
            let now = self.after.get(oid).map_or(relation.read, |after| after.read);
            let leaf = if relation.is_index { relation.belongs_to.unwrap_or(*oid) } else { *oid };
            let rows = (now - relation.read).max(0);
            let most = leaves.entry(leaf).or_default();
            *most = most.max(exact(rows));
        }
        for (leaf, rows) in leaves {
            *read.entry(self.root(leaf)).or_default() += rows;
        }
        read.into_iter()
            .filter(|(root, rows)| *rows > 0.0 && *rows >= self.rows_of(*root) * ALMOST_ALL)
            .filter_map(|(root, rows)| {
                let relation = self.start.get(&root)?.shown();
                let (rows, real_rows) = self.scaled(root, rows);
                Some(RowsOf { relation, rows, real_rows })
            })
            .collect()
    }

    /// Says which rows were changed.
    pub(super) fn changed(&self) -> Vec<RowsOf> {
        let mut changed: BTreeMap<u32, f64> = BTreeMap::new();
        for (oid, (before, after)) in self.present() {
            if before.is_index || self.is_emptied(before, after) {
                continue;
            }
            let counted = |it: &Relation| it.inserted + it.updated + it.deleted;
            let rows = (counted(after) - counted(before)).max(0);
            *changed.entry(self.root(oid)).or_default() += exact(rows);
        }
        changed
            .into_iter()
            .filter(|(_, rows)| *rows > 0.0)
            .filter_map(|(root, rows)| {
                let relation = self.start.get(&root)?.shown();
                let (rows, real_rows) = self.scaled(root, rows);
                Some(RowsOf { relation, rows, real_rows })
            })
            .collect()
    }

    /// Says which indexes are new on tables that were there.
    pub(super) fn built(&self) -> Vec<BuiltIndex> {
        let is_new = |oid: &u32| !self.before.contains_key(oid);
        let new = self.after.iter().filter(|(oid, it)| it.is_index && is_new(oid));
        new.filter_map(|(_, index)| {
            // An index of a partitioned table has no file: its parts have. A change of type that keeps an index
            // makes it anew around the file it had.
            let file = index.filenode?;
            if self.before.values().any(|it| it.is_index && it.filenode == Some(file)) {
                return None;
            }
            let table = index.belongs_to?;
            let relation = self.start.get(&table)?;
            let (rows, real_rows) = self.scaled(table, relation.rows);
            let relation = relation.shown();
            Some(BuiltIndex { index: index.shown(), relation, rows, real_rows })
        })
        .collect()
    }

    /// Says what had rows and is gone, and which columns are: of those how many rows had values, a
    /// question to the statistics.
    pub(super) fn lost(&self) -> Vec<(Lost, Option<ColumnPlace>)> {
        let mut lost = Vec::new();
        for (oid, before) in self.before.iter().filter(|(_, it)| !it.is_index) {
            let Some(start) = self.start.get(oid) else { continue };
            match self.after.get(oid) {
                Some(after) if self.is_emptied(before, after) => {
                    lost.push((Lost { what: before.shown(), rows: whole(start.rows) }, None));
                }
                None if start.rows > 0.0 => {
                    lost.push((Lost { what: before.shown(), rows: whole(start.rows) }, None));
                }
                Some(after) => {
                    let gone = before.columns.iter().filter(|(number, _)| {
                        start.columns.contains_key(number) && !after.columns.contains_key(number)
                    });
                    for (number, name) in gone {
                        // The statistics know it by the name it had at the start.
                        let old = start.columns.get(number).unwrap_or(name).clone();
                        let what = format!("{}.{name}", before.shown());
                        let place = (start.schema.clone(), start.name.clone(), old);
                        lost.push((Lost { what, rows: whole(self.rows_of(*oid)) }, Some(place)));
                    }
                }
                None => {}
            }
        }
        lost
    }

    /// By how many bytes everything together grew.
    pub(super) fn size_change(&self) -> i64 {
        let sum = |relations: &Relations| -> i64 { relations.values().map(|it| it.bytes).sum() };
        sum(self.after) - sum(self.before)
    }

    /// What was there at the start, before the statement and behind it.
    fn present(&self) -> impl Iterator<Item = (u32, (&Relation, &Relation))> {
        self.before
            .iter()
            .filter(|(oid, _)| self.start.contains_key(oid))
            .filter_map(|(oid, before)| Some((*oid, (before, self.after.get(oid)?))))
    }

    fn is_emptied(&self, before: &Relation, after: &Relation) -> bool {
        !before.is_index
            && before.filenode != after.filenode
            && after.main_bytes == 0
            && before.main_bytes > 0
    }
}
fn whole(rows: f64) -> u64 {
    rows.max(0.0).round() as u64
}
const fn exact(rows: i64) -> f64 {
    rows as f64
}
