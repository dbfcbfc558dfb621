//! The product's own migrations pass.

use std::path::Path;

use shelfops_advisor::lint::{Input, Profile, Runner, SchemaState, Severity, lint, text};

/// The profile that the product lints with; the operation `migrate lint` says the same.
fn house() -> Profile {
    Profile {
        tenant_column: Some("customer_id".to_owned()),
        requires_tenants: true,
        tenant_schemas: vec!["public".to_owned()],
        isolation_functions: vec!["shelfops.protect_tenant_table".to_owned()],
        timeseries_functions: vec!["shelfops.create_timeseries".to_owned()],
        runner: Some(Runner {
            without_transaction: "shelfops:no-transaction".to_owned(),
            sets_lock_timeout: true,
        }),
    }
}

#[test]
fn our_own_migrations_have_no_errors_and_no_warnings() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../db/migrations");
    let input = Input::read(&[directory], &[]).unwrap();
    let report = lint(input, SchemaState::default(), &house());
    assert!(report.files > 70, "{} files", report.files);
    let bad = report.findings.iter().filter(|finding| finding.severity > Severity::Note).count();
    assert_eq!(bad, 0, "{}", text(&report));
}
