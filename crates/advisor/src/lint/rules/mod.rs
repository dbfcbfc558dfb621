//! The lint rules: one file a rule, one line here.

mod alter_system;
mod attach_partition_without_check;
mod autovacuum_disabled;
mod char_type;
mod check_without_not_valid;
mod column_with_volatile_default;
mod concurrently_in_transaction;
mod data_change_in_schema_transaction;
mod default_dropped;
mod definer_reads_all_tenants;
mod detach_partition_without_concurrently;
mod domain_constraint;
mod drop_cascade;
mod drop_column;
mod drop_index_without_concurrently;
mod drop_table;
mod drop_view_or_function;
mod dynamic_sql_unchecked;
mod enum_value_used_at_once;
mod explicit_table_lock;
mod float_for_money;
mod foreign_key_across_tenants;
mod foreign_key_type_mismatch;
mod foreign_key_without_index;
mod foreign_key_without_not_valid;
mod generated_column_on_existing_table;
mod grant_of_truncate;
mod grant_on_materialized_view;
mod grant_on_partition;
mod grant_to_public;
mod hypertable_migrates_data;
mod index_on_low_cardinality;
mod index_without_concurrently;
mod isolation_removed;
mod json_type;
mod key_dropped;
mod leakproof_function;
mod membership_lifts_isolation;
mod missing_down;
mod missing_lock_timeout;
mod money_type;
mod name_too_long;
mod policy_without_tenant;
mod publication_of_tenants;
mod redundant_index;
mod refresh_without_concurrently;
mod reindex_without_concurrently;
mod rename_column;
mod rename_table;
mod required_column_without_default;
mod reserved_or_quoted_name;
mod rls_on_compressed_hypertable;
mod role_bypasses_isolation;
mod row_changes_tenant;
mod rule_on_table;
mod security_definer_without_search_path;
mod select_star_in_view;
mod sequence_set_back;
mod serial_column;
mod server_file_or_program;
mod sessions_ended;
mod set_not_null_unchecked;
mod several_heavy_locks;
mod small_primary_key;
mod storage_rewrite;
mod table_without_primary_key;
mod tenant_by_default;
mod tenant_column_missing;
mod tenant_column_nullable;
mod tenant_isolation_missing;
mod timestamp_without_zone;
mod transaction_left_open;
mod trigger_disabled;
mod truncate;
mod type_change_rewrite;
mod unbounded_data_change;
mod unique_across_tenants;
mod unique_constraint_without_index;
mod unique_without_partition_column;
mod vacuum_full_or_cluster;
mod validate_in_same_transaction;
mod view_bypasses_policies;

pub(crate) use reserved_or_quoted_name::is_reserved;

use super::script::Name;
use super::script::action::{Action, Change, Column, Constraint};
use super::{At, Findings, Severity, Whole};

/// One thing that migrations should not do.
pub trait Rule: Sync {
    /// What is said of it.
    fn about(&self) -> &'static About;

    /// Looks at one statement.
    fn check(&self, _at: &At<'_>, _findings: &mut Findings<'_>) {}

    /// Looks at a script as a whole, once its end is known.
    fn finish(&self, _whole: &Whole<'_>, _findings: &mut Findings<'_>) {}
}

/// What is said of a rule: its page, and the help of its findings.
#[derive(Debug)]
pub struct About {
    /// The name: the offence.
    pub name: &'static str,
    /// How bad a finding is, unless the case says otherwise.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub summary: &'static str,
    /// Why it is wrong.
    pub why: &'static str,
    /// What to do instead.
    pub remedy: &'static str,
    /// What was applied before the examples.
    pub given: &'static str,
    /// An example that is found.
    pub bad: &'static str,
    /// The same done well.
    pub good: &'static str,
}

/// What is said of places that cannot be parsed.
pub(super) const SYNTAX: About = About {
    name: "syntax",
    severity: Severity::Error,
    summary: "PostgreSQL would not accept this.",
    why: "What cannot be parsed cannot be judged, and fails when it is applied.",
    remedy: "mend the statement; what stands around it was judged",
    given: "",
    bad: "alter tabel orders add column note text;",
    good: "alter table orders add column note text;",
};

/// What is said of comments that allow findings.
pub(super) const SUPPRESSION: About = About {
    name: "suppression",
    severity: Severity::Error,
    summary: "A comment that allows a finding names no rule that exists, or gives no reason.",
    why: "The next reader has to know whether the reason still holds; without one, nobody dares to \
          take the comment away.",
    remedy: "write `-- shelfops:allow RULE because REASON` on the line above the statement",
    given: "",
    bad: "-- shelfops:allow money-type\ncreate table prices (id bigint primary key, amount money);",
    good: "-- shelfops:allow money-type because a report of the old system wants it\n\
           create table prices (id bigint primary key, amount money);",
};

/// Every rule, in the order they are documented.
pub const RULES: &[&dyn Rule] = &[
    &index_without_concurrently::IndexWithoutConcurrently,
    &concurrently_in_transaction::ConcurrentlyInTransaction,
    &drop_index_without_concurrently::DropIndexWithoutConcurrently,
    &reindex_without_concurrently::ReindexWithoutConcurrently,
    &refresh_without_concurrently::RefreshWithoutConcurrently,
    &column_with_volatile_default::ColumnWithVolatileDefault,
    &required_column_without_default::RequiredColumnWithoutDefault,
    &generated_column_on_existing_table::GeneratedColumnOnExistingTable,
    &set_not_null_unchecked::SetNotNullUnchecked,
    &check_without_not_valid::CheckWithoutNotValid,
    &foreign_key_without_not_valid::ForeignKeyWithoutNotValid,
    &validate_in_same_transaction::ValidateInSameTransaction,
    &unique_constraint_without_index::UniqueConstraintWithoutIndex,
    &type_change_rewrite::TypeChangeRewrite,
    &drop_column::DropColumn,
    &drop_table::DropTable,
    &drop_view_or_function::DropViewOrFunction,
    &drop_cascade::DropCascade,
    &default_dropped::DefaultDropped,
    &key_dropped::KeyDropped,
    &rename_column::RenameColumn,
    &rename_table::RenameTable,
    &missing_lock_timeout::MissingLockTimeout,
    &several_heavy_locks::SeveralHeavyLocks,
    &vacuum_full_or_cluster::VacuumFullOrCluster,
    &truncate::Truncate,
    &unbounded_data_change::UnboundedDataChange,
    &data_change_in_schema_transaction::DataChangeInSchemaTransaction,
    &enum_value_used_at_once::EnumValueUsedAtOnce,
    &trigger_disabled::TriggerDisabled,
    &rule_on_table::RuleOnTable,
    &sequence_set_back::SequenceSetBack,
    &attach_partition_without_check::AttachPartitionWithoutCheck,
    &detach_partition_without_concurrently::DetachPartitionWithoutConcurrently,
    &storage_rewrite::StorageRewrite,
    &autovacuum_disabled::AutovacuumDisabled,
    &explicit_table_lock::ExplicitTableLock,
    &transaction_left_open::TransactionLeftOpen,
    &domain_constraint::DomainConstraint,
    &char_type::CharType,
    &json_type::JsonType,
    &money_type::MoneyType,
    &float_for_money::FloatForMoney,
    &timestamp_without_zone::TimestampWithoutZone,
    &small_primary_key::SmallPrimaryKey,
    &serial_column::SerialColumn,
    &reserved_or_quoted_name::ReservedOrQuotedName,
    &name_too_long::NameTooLong,
    &table_without_primary_key::TableWithoutPrimaryKey,
    &select_star_in_view::SelectStarInView,
    &foreign_key_without_index::ForeignKeyWithoutIndex,
    &foreign_key_type_mismatch::ForeignKeyTypeMismatch,
    &index_on_low_cardinality::IndexOnLowCardinality,
    &redundant_index::RedundantIndex,
    &unique_without_partition_column::UniqueWithoutPartitionColumn,
    &security_definer_without_search_path::SecurityDefinerWithoutSearchPath,
    &grant_to_public::GrantToPublic,
    &role_bypasses_isolation::RoleBypassesIsolation,
    &membership_lifts_isolation::MembershipLiftsIsolation,
    &dynamic_sql_unchecked::DynamicSqlUnchecked,
    &alter_system::AlterSystem,
    &server_file_or_program::ServerFileOrProgram,
    &sessions_ended::SessionsEnded,
    &missing_down::MissingDown,
    &tenant_column_missing::TenantColumnMissing,
    &tenant_column_nullable::TenantColumnNullable,
    &tenant_by_default::TenantByDefault,
    &row_changes_tenant::RowChangesTenant,
    &tenant_isolation_missing::TenantIsolationMissing,
    &isolation_removed::IsolationRemoved,
    &policy_without_tenant::PolicyWithoutTenant,
    &foreign_key_across_tenants::ForeignKeyAcrossTenants,
    &unique_across_tenants::UniqueAcrossTenants,
    &rls_on_compressed_hypertable::RlsOnCompressedHypertable,
    &view_bypasses_policies::ViewBypassesPolicies,
    &definer_reads_all_tenants::DefinerReadsAllTenants,
    &leakproof_function::LeakproofFunction,
    &publication_of_tenants::PublicationOfTenants,
    &grant_of_truncate::GrantOfTruncate,
    &grant_on_partition::GrantOnPartition,
    &grant_on_materialized_view::GrantOnMaterializedView,
    &hypertable_migrates_data::HypertableMigratesData,
];

/// Returns what is said of the rule of that name.
pub fn find(name: &str) -> Option<&'static About> {
    RULES
        .iter()
        .map(|rule| rule.about())
        .chain(super::about_files())
        .find(|about| about.name == name)
}

/// A schema with tenants, for examples.
const TENANTS: &str = "\
create table stores (tenant_id uuid not null, id bigint, name text, primary key (tenant_id, id));
alter table stores enable row level security;
alter table stores force row level security;
create policy isolation on stores using (tenant_id = current_setting('app.tenant')::uuid);";

/// Returns the columns that a statement adds, each with its table.
fn added_columns(action: &Action) -> Vec<(&Name, &Column)> {
    match action {
        Action::CreateTable(create) => {
            create.columns.iter().map(|column| (&create.name, column)).collect()
        }
        Action::AlterTable(alter) => alter
            .changes
            .iter()
            .filter_map(|(_, change)| match change {
                Change::AddColumn(column, _) => Some((&alter.table, column)),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Returns the constraints that a statement adds, each with its table.
fn added_constraints(action: &Action) -> impl Iterator<Item = (&Name, &Constraint)> {
    let added: Vec<(&Name, &Constraint)> = match action {
        Action::CreateTable(create) => {
            create.constraints.iter().map(|one| (&create.name, one)).collect()
        }
        Action::AlterTable(alter) => alter
            .changes
            .iter()
            .flat_map(|(_, change)| match change {
                Change::AddColumn(_, constraints) => constraints.as_slice(),
                Change::AddConstraint(constraint) => std::slice::from_ref(constraint),
                _ => &[],
            })
            .map(|one| (&alter.table, one))
            .collect(),
        _ => Vec::new(),
    };
    added.into_iter()
}

#[cfg(test)]
mod tests;
