//! Migrations whose behaviour is known, rehearsed on real rows: the verdict must be right on each.
//!
//! The first line of each says what must come out: `-- expect: VERDICT`, with words that a reason must
//! have behind a colon. A pair runs as a runner runs it, in one transaction unless its head says
//! `-- no-transaction`; a file alone runs statement by statement.

use std::fs;
use std::path::{Path, PathBuf};

use shelfops_advisor::rehearsal::Programs;
use shelfops_advisor::rehearsal::copy::Method;
use shelfops_advisor::rehearsal::run::{Migration, MigrationRun, Rehearsal, Script, Workload};
use shelfops_advisor::rehearsal::verdict::{Judgement, Shown, judge, page};
use shelfops_testkit::{TestDatabase, program_directory};

use super::bench::{copy, database};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rehearsal/corpus")
}

fn paired(text: String) -> Script {
    let is_wrapped = !text.lines().take(2).any(|line| line == "-- no-transaction");
    Script { is_wrapped, ..Script::plain(text) }
}

struct Case {
    name: String,
    verdict: String,
    because: String,
    migration: Migration,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        if file == "schema.sql" || file.ends_with(".down.sql") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let expected = text.lines().next().unwrap().strip_prefix("-- expect: ").unwrap();
        let (verdict, because) = expected.split_once(": ").unwrap_or((expected, ""));
        let (verdict, because) = (verdict.to_owned(), because.to_owned());
        let (name, migration) = match file.strip_suffix(".up.sql") {
            Some(stem) => {
                let down =
                    fs::read_to_string(directory().join(format!("{stem}.down.sql"))).unwrap();
                let (up, down) = (paired(text), Some(paired(down)));
                (stem.to_owned(), Migration { name: stem.to_owned(), up, down })
            }
            None => {
                let name = file.trim_end_matches(".sql").to_owned();
                (name.clone(), Migration { name, up: Script::plain(text), down: None })
            }
        };
        cases.push(Case { name, verdict, because, migration });
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

pub(super) async fn rehearsed(
    database: &TestDatabase,
    migration: &Migration,
) -> (MigrationRun, Judgement) {
    let copy = copy(database, Method::Clone { may_disconnect: false }).await.unwrap();
    let programs = Programs::new(program_directory().await.unwrap());
    let workload = Workload::default();
    let rehearsal =
        Rehearsal { copy: &copy, programs: &programs, workload: &workload, watch: &|_| {} };
    let runs = rehearsal.run(std::slice::from_ref(migration)).await.unwrap();
    copy.remove().await.unwrap();
    let run = runs.into_iter().next().unwrap();
    let judgement = judge(&run);
    (run, judgement)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_verdict_is_right_on_every_migration() {
    let schema = fs::read_to_string(directory().join("schema.sql")).unwrap();
    let (schema, vacuum) = schema.split_once("vacuum analyze;").unwrap();
    let shop = database(schema).await;
    super::bench::fill(&shop, &format!("vacuum analyze{vacuum}")).await;
    let only = std::env::var("CORPUS_ONLY").unwrap_or_default();
    let cases: Vec<Case> = cases().into_iter().filter(|it| it.name.contains(&only)).collect();
    assert!(cases.len() >= 60 || !only.is_empty(), "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let (run, judgement) = rehearsed(&shop, &case.migration).await;
        let verdict = judgement.verdict.name();
        let said: Vec<String> = judgement
            .reasons
            .iter()
            .filter(|reason| reason.verdict == judgement.verdict)
            .map(|reason| format!("{} | {}", reason.claim, reason.evidence))
            .collect();
        println!("{:<34} {verdict}", case.name);
        let is_meant = case.because.is_empty() || said.iter().any(|it| it.contains(&case.because));
        if verdict != case.verdict || !is_meant {
            let shown = page(&[Shown { run: &run, judgement: &judgement }]);
            wrong.push(format!("expected {}: {}\n{shown}", case.verdict, case.because));
        } else if !only.is_empty() {
            println!("{}", page(&[Shown { run: &run, judgement: &judgement }]));
        }
    }
    let right = cases.len() - wrong.len();
    println!("{right} of {} verdicts are right", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
