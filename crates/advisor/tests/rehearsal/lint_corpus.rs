//! The corpus of the linter, rehearsed on rows: whether the two catch every hazard together, and whether a
//! rehearsal cries wolf.

use std::fs;
use std::path::{Path, PathBuf};

use shelfops_advisor::rehearsal::Programs;
use shelfops_advisor::rehearsal::copy::Method;
use shelfops_advisor::rehearsal::run::{Migration, Rehearsal, RehearsalError, Script, Workload};
use shelfops_advisor::rehearsal::verdict::{Judgement, Shown, Verdict, judge, page};
use shelfops_testkit::{TestDatabase, program_directory};

use super::bench::{copy, database, fill};
use crate::corpus::{alarms, expected, files, on_rows};

/// How many are rehearsed at once: the server works for two as quickly as for one.
const LANES: usize = 2;

/// Safe migrations that a rehearsal cannot find safe, and why.
const NOT_REHEARSED: &[(&str, &str)] = &[
    ("allowed_with_reason", "a person's word that nobody reads the column is nothing that shows"),
    ("detach_finalize", "there is no half-done detaching in the copy"),
    ("membership_for_migrations", "roles belong to the server"),
    ("membership_of_readers", "roles belong to the server"),
    ("role_of_no_power", "roles belong to the server"),
    ("roles_and_revokes", "roles belong to the server"),
];

/// Rules whose hazards show on rows: a rehearsal sees them without the linter. Those of other rules are rights,
/// names and types, and what breaks later: the linter's own test has them.
const SHOWS: &[&str] = &[
    "attach-partition-without-check",
    "check-without-not-valid",
    "column-with-volatile-default",
    "concurrently-in-transaction",
    "data-change-in-schema-transaction",
    "drop-cascade",
    "drop-column",
    "enum-value-used-at-once",
    "foreign-key-across-tenants",
    "foreign-key-without-not-valid",
    "generated-column-on-existing-table",
    "index-without-concurrently",
    "refresh-without-concurrently",
    "reindex-without-concurrently",
    "rename-column",
    "required-column-without-default",
    "set-not-null-unchecked",
    "several-heavy-locks",
    "storage-rewrite",
    "truncate",
    "type-change-rewrite",
    "unbounded-data-change",
    "unique-constraint-without-index",
    "unique-without-partition-column",
    "vacuum-full-or-cluster",
    "validate-in-same-transaction",
];

/// What a rehearsal came to.
enum Outcome {
    /// What it says, and the report.
    Judged(Verdict, String),
    /// It would change the server: it is not run, and says so.
    OfServer,
}

struct Case {
    path: PathBuf,
    name: String,
    outcome: Outcome,
}

async fn shop() -> TestDatabase {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let text = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
    let shop = database(&text("schema.sql")).await;
    fill(&shop, &text("around.sql")).await;
    fill(&shop, "vacuum analyze").await;
    shop
}

async fn rehearsed(shop: &TestDatabase, path: &Path) -> Outcome {
    let up = Script::plain(fs::read_to_string(path).unwrap());
    let migration = Migration { name: path.display().to_string(), up, down: None };
    let copy = copy(shop, Method::Clone { may_disconnect: false }).await.unwrap();
    let programs = Programs::new(program_directory().await.unwrap());
    let workload = Workload::default();
    let rehearsal =
        Rehearsal { copy: &copy, programs: &programs, workload: &workload, watch: &|_| {} };
    let outcome = rehearsal.run(std::slice::from_ref(&migration)).await;
    copy.remove().await.unwrap();
    match outcome {
        Ok(runs) => {
            let judgement: Judgement = judge(&runs[0]);
            let shown = page(&[Shown { run: &runs[0], judgement: &judgement }]);
            Outcome::Judged(judgement.verdict, shown)
        }
        Err(RehearsalError::OfServer { .. }) => Outcome::OfServer,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

/// Rehearses files side by side.
async fn all(files: Vec<PathBuf>) -> Vec<Case> {
    let shop = shop().await;
    let lane = async |first: usize| {
        let mut cases = Vec::new();
        for path in files.iter().skip(first).step_by(LANES) {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let outcome = rehearsed(&shop, path).await;
            cases.push(Case { path: path.clone(), name, outcome });
        }
        cases
    };
    let (mut cases, others) = tokio::join!(lane(0), lane(1));
    cases.extend(others);
    assert_eq!(cases.len(), files.len());
    cases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_linter_cannot_see_and_what_shows_on_rows_is_seen_in_a_rehearsal() {
    let mut files = files("hazardous");
    files.retain(|path| on_rows(path).is_some() || SHOWS.contains(&expected(path).as_str()));
    assert!(files.len() >= 50, "{} files", files.len());
    let mut missed = Vec::new();
    for Case { path, name, outcome } in Box::pin(all(files)).await {
        let Outcome::Judged(verdict, shown) = outcome else {
            missed.push(format!("{name}: of the server"));
            continue;
        };
        let is_right = match on_rows(&path) {
            Some(wanted) => alarms(&path).is_empty() && verdict.name() == wanted,
            None => verdict > Verdict::Safe,
        };
        if !is_right {
            missed.push(format!("{name}: {} {:?}\n{shown}", verdict.name(), alarms(&path)));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rehearsal_refuses_no_safe_migration() {
    let mut refused = Vec::new();
    for Case { name, outcome, .. } in Box::pin(all(files("safe"))).await {
        let is_exempt = NOT_REHEARSED.iter().any(|(exempt, _)| *exempt == name);
        match outcome {
            Outcome::Judged(Verdict::Safe | Verdict::Careful, _) => {}
            _ if is_exempt => {}
            Outcome::Judged(_, shown) => refused.push(format!("{name}\n{shown}")),
            Outcome::OfServer => refused.push(format!("{name}: of the server")),
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
