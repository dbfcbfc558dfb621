//! How a statement changes what is known.

use super::{Birth, Kind, KnownColumn, KnownConstraint, KnownIndex, KnownKind, SchemaState, Table};
use crate::lint::profile::Profile;
use crate::lint::script::action::{
    Action, AlterTable, CallOf, Change, Column, Constraint, ConstraintKind, CreateIndex,
    CreateTable, Drop, ObjectKind, Role,
};
use crate::lint::script::{Name, Statement};

impl SchemaState {
    /// Learns what a statement did.
    pub fn apply(&mut self, statement: &Statement, profile: &Profile) {
        match &statement.action {
            Action::CreateTable(create) => self.create_table(create),
            Action::CreateTableAs { name, is_temporary, .. } => {
                let made = Table::new(name.clone(), Birth::Here);
                self.insert(Table { is_whole: false, is_temporary: *is_temporary, ..made });
            }
            Action::CreateView(view) => {
                let kind = if view.is_materialized { Kind::MaterializedView } else { Kind::View };
                let reads_guarded = view.reads.iter().any(|from| {
                    self.is_guarded(from) || self.table(from).is_some_and(|it| it.shows_guarded)
                });
                // One that asks who is there itself keeps them apart for whatever reads it.
                let shows_guarded = reads_guarded && (view.is_materialized || view.is_of_invoker());
                let made = Table::new(view.name.clone(), Birth::Here);
                self.insert(Table { kind, shows_guarded, ..made });
            }
            Action::AlterTable(alter) => self.alter_table(alter),
            Action::CreateIndex(index) => self.create_index(index),
            Action::Drop(drop) => self.drop(drop),
            Action::Rename { kind, from, to } => self.rename(*kind, from, to),
            Action::Policy(policy) => {
                self.bind(&policy.roles);
                if !policy.is_altered {
                    self.table_or_unknown(&policy.table).policies.push(policy.name.clone());
                }
            }
            Action::Grant(grant) if !grant.tables.is_empty() => self.bind(&grant.to),
            Action::Role(role) => self.learn_role(role),
            Action::CreateSequence(name) => {
                self.new_sequences.insert(name.qualified());
            }
            Action::CreateDomain { name, is_checked: true }
            | Action::ConstrainDomain { domain: name, .. } => {
                self.checked_domains.insert(name.qualified());
            }
            Action::CreateEnum(name) => {
                self.new_enums.insert(name.qualified());
            }
            Action::Select { calls } => {
                for call in calls {
                    self.call(call, profile);
                }
            }
            _ => {}
        }
    }

    /// Learns of roles that policies hold for.
    fn bind(&mut self, roles: &[String]) {
        let is_role = |role: &&String| !role.starts_with("current_") && *role != "session_user";
        self.roles.bound.extend(roles.iter().filter(is_role).cloned());
    }

    fn learn_role(&mut self, role: &Role) {
        let Some(name) = &role.name else { return };
        let is_bound = |option: &String| matches!(option.as_str(), "nobypassrls" | "nosuperuser");
        if role.lifting_option().is_some() {
            self.roles.unbound.insert(name.clone());
        } else if role.options.iter().any(is_bound) {
            self.roles.unbound.remove(name);
        }
    }

    fn create_table(&mut self, create: &CreateTable) {
        if create.is_optional && self.table(&create.name).is_some() {
            return;
        }
        let mut table = Table::new(create.name.clone(), Birth::Here);
        table.is_temporary = create.is_temporary;
        table.partition_columns.clone_from(&create.partition_columns);
        table.partition_of.clone_from(&create.partition_of);
        let parent = create.partition_of.as_ref().or(create.like.as_ref());
        if let Some(parent) = parent.and_then(|parent| self.table(parent)) {
            table.columns.clone_from(&parent.columns);
        } else {
            table.is_whole = !create.has_other_columns;
        }
        table.columns.extend(create.columns.iter().map(known_column));
        for constraint in &create.constraints {
            table.add_constraint(constraint, true);
        }
        for (name, value) in &create.options {
            let name = name.replace("tsdb.", "timescaledb.");
            match name.as_str() {
                "timescaledb.hypertable" => {
                    table.is_hypertable = value != "false";
                    // Since TimescaleDB 2.23 such tables compress their old chunks unasked.
                    table.is_compressed = table.is_hypertable;
                }
                "timescaledb.partition_column" => table.partition_columns = vec![value.clone()],
                _ => {}
            }
        }
        self.insert(table);
    }

    fn alter_table(&mut self, alter: &AlterTable) {
        for (_, change) in &alter.changes {
            match change {
                Change::RenameTable(to) => {
                    let to = Name { schema: alter.table.schema.clone(), name: to.clone() };
                    self.move_table(&alter.table, to);
                }
                Change::SetSchema(schema) => {
                    let to = Name { schema: Some(schema.clone()), name: alter.table.name.clone() };
                    self.move_table(&alter.table, to);
                }
                Change::AddConstraint(constraint) if constraint.using_index.is_some() => {
                    let taken = constraint.using_index.as_ref().and_then(|name| self.index(name));
                    let columns = taken.map(|(_, index)| index.columns()).unwrap_or_default();
                    let adopted = Constraint { columns, ..constraint.clone() };
                    self.table_or_unknown(&alter.table).add_constraint(&adopted, true);
                }
                Change::OwnerTo(role) => {
                    self.roles.owners.insert(role.clone());
                }
                Change::AttachPartition { partition, .. } => {
                    let parent = alter.table.clone();
                    self.table_or_unknown(partition).partition_of = Some(parent);
                }
                Change::DetachPartition { partition, .. } => {
                    self.table_or_unknown(partition).partition_of = None;
                }
                _ => self.table_or_unknown(&alter.table).change(change),
            }
        }
    }

    fn move_table(&mut self, from: &Name, to: Name) {
        if let Some(mut table) = self.key(from).and_then(|key| self.tables.remove(&key)) {
            table.name = to;
            self.insert(table);
        }
    }

    fn create_index(&mut self, index: &CreateIndex) {
        let known = KnownIndex {
            name: index.name.clone(),
            method: index.method.clone(),
            keys: index.keys.clone(),
            included: index.included.clone(),
            is_unique: index.is_unique,
            is_of_key: false,
            condition: index.condition.clone(),
        };
        self.table_or_unknown(&index.table).indexes.push(known);
    }

    fn drop(&mut self, drop: &Drop) {
        for name in &drop.names {
            match drop.kind {
                ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView => {
                    if let Some(key) = self.key(name) {
                        self.tables.remove(&key);
                    }
                }
                ObjectKind::Index => {
                    for table in self.tables.values_mut() {
                        table.indexes.retain(|index| {
                            index.name.as_ref().is_none_or(|known| known.name != name.name)
                        });
                    }
                }
                ObjectKind::Schema => {
                    self.tables.retain(|_, table| {
                        table.name.schema.as_deref().unwrap_or("public") != name.name
                    });
                }
                ObjectKind::Policy => {
                    if let Some(table) = drop.on.as_ref().and_then(|on| self.table_mut(on)) {
                        table.policies.retain(|policy| *policy != name.name);
                    }
                }
                _ => {}
            }
        }
    }

    fn rename(&mut self, kind: ObjectKind, from: &Name, to: &str) {
        if kind == ObjectKind::Index {
            for index in self.tables.values_mut().flat_map(|table| table.indexes.iter_mut()) {
                if let Some(name) = index.name.as_mut().filter(|name| name.name == from.name) {
                    to.clone_into(&mut name.name);
                }
            }
        } else if matches!(
            kind,
            ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView
        ) {
            let to = Name { schema: from.schema.clone(), name: to.to_owned() };
            self.move_table(from, to);
        }
    }

    /// Learns from calls that change tables: TimescaleDB's, and those the profile names.
    fn call(&mut self, call: &CallOf, profile: &Profile) {
        let Some(table) = call.table() else { return };
        let bare = call.name.rsplit('.').next().unwrap_or(&call.name);
        if profile.isolation_functions.contains(&call.name) {
            self.table_or_unknown(&table).is_isolated_by_function = true;
        }
        let is_of_profile = profile.timeseries_functions.contains(&call.name);
        if bare == "create_hypertable" || is_of_profile {
            let column = call.argument(1, "time_column_name").map(str::to_owned);
            // by_range('ts') is an argument that is a call of its own, and listed behind.
            let column = column.filter(|column| !column.contains('('));
            let known = self.table_or_unknown(&table);
            known.is_hypertable = true;
            known.partition_columns = column.into_iter().collect();
            // The engine behind the profile's function closes such tables itself.
            known.is_isolated_by_function |= is_of_profile;
        }
        if matches!(bare, "add_compression_policy" | "add_columnstore_policy" | "compress_chunk") {
            self.table_or_unknown(&table).is_compressed = true;
        }
    }
}

impl CallOf {
    /// Returns an argument by its place or its parameter's name.
    pub fn argument(&self, place: usize, parameter: &str) -> Option<&str> {
        let named = self.arguments.iter().find(|(name, _)| name.as_deref() == Some(parameter));
        let placed = self.arguments.get(place).filter(|(name, _)| name.is_none());
        named.or(placed).map(|(_, value)| value.as_str())
    }

    /// Whether it calls one of the server's own functions of these names.
    pub fn is_any_of(&self, names: &[&str]) -> bool {
        let bare = self.name.strip_prefix("pg_catalog.").unwrap_or(&self.name);
        names.contains(&bare)
    }

    /// Returns the table that the first argument names.
    pub fn table(&self) -> Option<Name> {
        let first = self.arguments.first().map(|(_, value)| value.as_str())?;
        let is_name = !first.is_empty()
            && first.chars().all(|each| each.is_alphanumeric() || matches!(each, '_' | '.' | '"'));
        is_name.then(|| Name::parse(first))
    }
}

impl Table {
    /// Learns what happened to it.
    fn change(&mut self, change: &Change) {
        match change {
            Change::AddColumn(column, constraints) => {
                if self.column(&column.name).is_none() {
                    self.columns.push(known_column(column));
                }
                for constraint in constraints {
                    self.add_constraint(constraint, true);
                }
            }
            Change::DropColumn { name, .. } => {
                self.columns.retain(|column| column.name != *name);
                self.constraints.retain(|one| !one.columns.contains(name));
                self.indexes.retain(|index| !index.columns().contains(name));
            }
            Change::SetType { column, to, collation, .. } => {
                match self.columns.iter_mut().find(|known| known.name == *column) {
                    Some(known) => {
                        known.data_type = to.clone();
                        known.collation.clone_from(collation);
                    }
                    None => self.columns.push(KnownColumn {
                        name: column.clone(),
                        data_type: to.clone(),
                        collation: collation.clone(),
                        is_required: false,
                        distinct: None,
                    }),
                }
            }
            Change::SetNotNull(column) => self.set_required(column, true),
            Change::DropNotNull(column) => self.set_required(column, false),
            Change::AddConstraint(constraint) => {
                self.add_constraint(constraint, !constraint.is_not_valid);
            }
            Change::DropConstraint { name, .. } => {
                self.constraints.retain(|one| one.name != *name);
                self.indexes.retain(|index| {
                    !(index.is_of_key && index.name.as_ref().is_some_and(|own| own.name == *name))
                });
            }
            Change::ValidateConstraint(name) => {
                for constraint in self.constraints.iter_mut().filter(|one| one.name == *name) {
                    constraint.is_valid = true;
                }
            }
            Change::RenameColumn { from, to } => self.rename_column(from, to),
            Change::RenameConstraint { from, to } => {
                for constraint in self.constraints.iter_mut().filter(|one| one.name == *from) {
                    constraint.name.clone_from(to);
                }
            }
            Change::EnableRowSecurity => self.has_row_security = true,
            Change::DisableRowSecurity => self.has_row_security = false,
            Change::ForceRowSecurity => self.is_row_security_forced = true,
            Change::UnforceRowSecurity => self.is_row_security_forced = false,
            Change::SetOptions(options) => {
                self.is_compressed |= options.iter().any(|(name, value)| {
                    matches!(
                        name.rsplit('.').next().unwrap_or_default(),
                        "compress" | "enable_columnstore" | "columnstore"
                    ) && name.contains('.')
                        && !matches!(value.as_str(), "false" | "default")
                });
            }
            _ => {}
        }
    }

    fn set_required(&mut self, column: &str, is_required: bool) {
        if let Some(known) = self.columns.iter_mut().find(|known| known.name == column) {
            known.is_required = is_required;
        }
    }

    fn rename_column(&mut self, from: &str, to: &str) {
        let rename = |column: &mut String| {
            if column == from {
                to.clone_into(column);
            }
        };
        self.columns.iter_mut().for_each(|column| rename(&mut column.name));
        self.constraints.iter_mut().flat_map(|one| one.columns.iter_mut()).for_each(rename);
        self.indexes.iter_mut().flat_map(|index| index.keys.iter_mut()).for_each(rename);
        self.partition_columns.iter_mut().for_each(rename);
    }

    fn add_constraint(&mut self, constraint: &Constraint, is_valid: bool) {
        let kind = match &constraint.kind {
            ConstraintKind::Check(condition) => KnownKind::Check(condition.text.to_lowercase()),
            ConstraintKind::PrimaryKey => KnownKind::PrimaryKey,
            ConstraintKind::Unique => KnownKind::Unique,
            ConstraintKind::ForeignKey(to) => {
                KnownKind::ForeignKey(to.table.clone(), to.columns.clone())
            }
            ConstraintKind::NotNull => KnownKind::NotNull,
            ConstraintKind::Exclude => KnownKind::Other,
        };
        let name = constraint.name.clone().unwrap_or_else(|| self.made_up_name(constraint));
        if matches!(kind, KnownKind::PrimaryKey | KnownKind::Unique) {
            if kind == KnownKind::PrimaryKey {
                for column in &constraint.columns {
                    self.set_required(column, true);
                }
            }
            if constraint.using_index.is_none() {
                self.indexes.push(KnownIndex {
                    name: Some(Name { schema: self.name.schema.clone(), name: name.clone() }),
                    method: "btree".to_owned(),
                    keys: constraint.columns.clone(),
                    included: Vec::new(),
                    is_unique: true,
                    is_of_key: true,
                    condition: None,
                });
            }
        }
        let is_valid = is_valid && !constraint.is_not_valid;
        self.constraints.push(KnownConstraint {
            name,
            kind,
            columns: constraint.columns.clone(),
            is_valid,
        });
    }

    /// Returns the name that PostgreSQL gives a constraint that has none.
    fn made_up_name(&self, constraint: &Constraint) -> String {
        let table = &self.name.name;
        let columns = constraint.columns.join("_");
        match &constraint.kind {
            ConstraintKind::PrimaryKey => format!("{table}_pkey"),
            ConstraintKind::Unique => format!("{table}_{columns}_key"),
            ConstraintKind::ForeignKey(_) => format!("{table}_{columns}_fkey"),
            ConstraintKind::Check(_) if constraint.columns.len() == 1 => {
                format!("{table}_{columns}_check")
            }
            ConstraintKind::Check(_) => format!("{table}_check"),
            ConstraintKind::NotNull => format!("{table}_{columns}_not_null"),
            ConstraintKind::Exclude => format!("{table}_excl"),
        }
    }
}

fn known_column(column: &Column) -> KnownColumn {
    KnownColumn {
        name: column.name.clone(),
        data_type: column.data_type.clone(),
        collation: column.collation.clone(),
        is_required: column.is_required || column.is_identity || column.data_type.is_serial(),
        distinct: None,
    }
}
