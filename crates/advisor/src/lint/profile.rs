//! What is special to whoever lints: the tenant's column, the runner, functions that stand for more.

use std::collections::BTreeMap;

use super::script::action::{Action, Change};
use super::script::{Direction, Script};
use super::state::SchemaState;

/// What is special to whoever lints. The default is plain PostgreSQL.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// The column that says whose a row is; none where it is to be found out.
    pub tenant_column: Option<String>,
    /// Whether every table must have that column and be isolated, whatever the schema looks like.
    pub requires_tenants: bool,
    /// Schemas whose tables belong to tenants; none stands for all.
    pub tenant_schemas: Vec<String>,
    /// Functions that isolate the table they are called with, with their schema.
    pub isolation_functions: Vec<String>,
    /// Functions that make the table they are called with a time series, with their schema.
    pub timeseries_functions: Vec<String>,
    /// The runner that applies pairs `NAME.up.sql` and `NAME.down.sql`.
    pub runner: Option<Runner>,
}

/// What the runner of pairs does unasked.
#[derive(Clone, Debug)]
pub struct Runner {
    /// What a file says at its head to run outside a transaction, without the dashes.
    pub without_transaction: String,
    /// Whether it sets a lock timeout.
    pub sets_lock_timeout: bool,
}

/// Names of columns that say whose a row is, where somebody calls them so.
const TENANT_COLUMNS: &[&str] = &[
    "tenant_id",
    "customer_id",
    "organization_id",
    "organisation_id",
    "org_id",
    "account_id",
    "company_id",
    "workspace_id",
];

/// The one that nobody calls anything else by.
const UNMISTAKABLE: &str = "tenant_id";

impl Profile {
    /// Returns the runner of a script: pairs only have one.
    pub(super) fn runner_of(&self, script: &Script) -> Option<&Runner> {
        let is_pair = script.direction == Direction::Down || script.path.ends_with(".up.sql");
        self.runner.as_ref().filter(|_| is_pair)
    }

    /// Settles which column says whose a row is, by what the schema and the script show.
    ///
    /// The one that was told counts where any table has it. Else one that policies or most tables
    /// have is taken, so that another project's word for it needs no flag.
    pub(super) fn settled(&self, state: &SchemaState, script: &Script) -> Self {
        let counted = count(state, script);
        let told = self.tenant_column.as_deref();
        let is_used = |column: &str| counted.columns.contains_key(column);
        let column = match told {
            Some(told) if is_used(told) => Some(told.to_owned()),
            told => found(&counted)
                .or_else(|| told.filter(|_| self.requires_tenants).map(str::to_owned)),
        };
        Self { tenant_column: column, ..self.clone() }
    }

    /// Whether tables of this schema belong to tenants.
    pub(super) fn is_tenants(&self, schema: Option<&str>) -> bool {
        let schema = schema.unwrap_or("public");
        self.tenant_schemas.is_empty() || self.tenant_schemas.iter().any(|one| one == schema)
    }
}

struct Counted {
    tables: usize,
    columns: BTreeMap<String, usize>,
    in_policies: Vec<String>,
}

fn count(state: &SchemaState, script: &Script) -> Counted {
    let mut counted = Counted { tables: 0, columns: BTreeMap::new(), in_policies: Vec::new() };
    let mut table = |columns: &mut dyn Iterator<Item = &str>| {
        counted.tables += 1;
        for column in columns.filter(|column| !column.is_empty()) {
            *counted.columns.entry(column.to_owned()).or_default() += 1;
        }
    };
    for known in state.tables() {
        table(&mut known.columns.iter().map(|column| column.name.as_str()));
    }
    for statement in &script.statements {
        match &statement.action {
            Action::CreateTable(create) if state.table(&create.name).is_none() => {
                table(&mut create.columns.iter().map(|column| column.name.as_str()));
            }
            Action::AlterTable(alter) => {
                for (_, change) in &alter.changes {
                    if let Change::AddColumn(column, _) = change {
                        table(&mut std::iter::once(column.name.as_str()));
                    }
                }
            }
            _ => {}
        }
    }
    for statement in &script.statements {
        if let Action::Policy(policy) = &statement.action {
            let named = [&policy.using, &policy.check].into_iter().flatten();
            counted.in_policies.extend(named.flat_map(|it| it.columns.iter().cloned()));
        }
    }
    counted
}

fn found(counted: &Counted) -> Option<String> {
    let candidates = || TENANT_COLUMNS.iter().copied();
    let in_policy = candidates().find(|one| counted.in_policies.iter().any(|it| it == one));
    let share = |one: &&str| {
        let used = counted.columns.get(*one).copied().unwrap_or(0);
        (used >= 3 && used * 3 >= counted.tables * 2) || (*one == UNMISTAKABLE && used > 0)
    };
    in_policy.or_else(|| candidates().find(share)).map(str::to_owned)
}
