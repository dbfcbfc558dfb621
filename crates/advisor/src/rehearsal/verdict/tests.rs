//! What is judged how, without a server.

use super::*;
use crate::rehearsal::run::{Blocked, RowsOf, WorkloadRun};

fn check(rows: u64, real_rows: u64) -> MigrationRun {
    let relation = "orders".to_owned();
    let statement = StatementRun {
        line: 2,
        text: "alter table orders add check (total >= 0)".to_owned(),
        source: "alter table orders add check (total >= 0)".to_owned(),
        duration_ms: 12.0,
        transaction: Some(1),
        locks: vec![LockTaken {
            relation: relation.clone(),
            mode: LockMode::AccessExclusive,
            parts: 3,
            is_table: true,
            real_rows,
        }],
        scanned: vec![RowsOf { relation, rows, real_rows }],
        blocked: Blocked {
            waits: 2,
            longest_ms: 11.0,
            total_ms: 19.0,
            waiting: Some("select 1".to_owned()),
        },
        ..StatementRun::default()
    };
    MigrationRun {
        name: "add_check".to_owned(),
        statements: vec![statement],
        down: None,
        broken: Vec::new(),
        workload: WorkloadRun::default(),
    }
}

#[test]
fn rows_count_as_the_database_has_them_and_are_said_to_be_estimated() {
    let run = check(600, 60_000);
    let judgement = judge(&run);
    assert_eq!(judgement.verdict, Verdict::Dangerous);
    let reason = &judgement.reasons[0];
    assert!(reason.claim.contains("while 60000 rows of orders are read"), "{}", reason.claim);
    assert!(
        reason.evidence.contains("about 1 s for all, if time grows with rows"),
        "{}",
        reason.evidence
    );
    assert!(reason.instead.as_ref().unwrap().contains("not valid"));
}

#[test]
fn a_small_table_is_nobodys_concern() {
    assert_eq!(judge(&check(600, 600)).verdict, Verdict::Safe);
}

#[test]
fn a_lock_is_counted_until_its_transaction_ends() {
    let mut run = check(0, 0);
    run.statements[0].locks[0].real_rows = 50;
    let slow = StatementRun {
        line: 3,
        transaction: Some(1),
        duration_ms: 2_000.0,
        ..StatementRun::default()
    };
    run.statements.push(slow);
    assert_eq!(judge(&run).verdict, Verdict::Dangerous);
    run.statements[1].transaction = Some(2);
    assert_eq!(judge(&run).verdict, Verdict::Safe);
}

#[test]
fn a_migration_that_did_not_get_through_under_load_asks_for_care() {
    let mut run = check(5, 5);
    run.workload.failure = Some(Failure {
        code: "55P03".to_owned(),
        message: "canceling statement due to lock timeout".to_owned(),
        violations: None,
        left_behind: Vec::new(),
    });
    assert_eq!(judge(&run).verdict, Verdict::Careful);
}

#[test]
fn a_page_says_what_was_seen_and_what_to_do() {
    let run = check(600, 60_000);
    let judgement = judge(&run);
    let page = page(&[Shown { run: &run, judgement: &judgement }]);
    let expected = "\
dangerous: add_check

     2  alter table orders add check (total >= 0)
        12 ms · access exclusive on orders and 3 parts of it · reads orders (600 rows, of about
        60000) · log 0.0 KiB · 2 waits, the longest 11 ms, together 19 ms

  dangerous: line 2: orders is locked (access exclusive: stops reads and writes) while 60000 rows of
             orders are read
    seen: 12 ms for the copy's 600 rows; about 1 s for all, if time grows with rows; 2 waits, the
          longest 11 ms
    instead: the constraint `not valid`, then `validate constraint` in another transaction

";
    assert_eq!(page, expected, "{page}");
}
