//! Reads migrations and says what in them stops others, loses data, opens a door, or fails.
//!
//! Rules look at actions, not at text, and know the schema the statement meets: earlier scripts, the
//! script so far, and a live database where one is given. Nothing is run.

mod consequences;
pub mod data_type;
pub mod finding;
mod input;
pub mod locks;
mod pages;
pub mod profile;
mod render;
pub mod rules;
pub mod script;
mod server_wide;
pub mod state;

pub use consequences::{Consequence, TableLock, consequences, consequences_for};
pub use finding::{Finding, Findings, Severity};
pub use input::{Input, InputError};
pub use pages::pages;
pub use profile::{Profile, Runner};
pub use render::{sarif, text};
pub use rules::{RULES, Rule};
pub use script::Script;
pub use server_wide::belongs_to_server;
pub use state::{AskError, SchemaState, ask, read_live};

use locks::Locks;
use rules::{About, SUPPRESSION, SYNTAX};
use script::{Direction, Span, Statement};

/// A statement and what is known when it runs: what rules look at.
pub struct At<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// Which of the script's statements it is.
    pub index: usize,
    /// The script.
    pub script: &'a Script,
    /// The schema before it.
    pub state: &'a SchemaState,
    /// The schema before the script.
    pub before: &'a SchemaState,
    /// What is special to whoever lints.
    pub profile: &'a Profile,
    /// Locks that its transaction holds already.
    pub held: &'a Locks,
    /// Whether a lock timeout is set.
    pub has_lock_timeout: bool,
}

impl At<'_> {
    /// Whether the script takes back what another made, and is meant to.
    pub fn is_down(&self) -> bool {
        self.script.direction == Direction::Down
    }

    /// Whether it runs together with other statements, all or none.
    pub fn is_in_transaction(&self) -> bool {
        self.statement.transaction != script::Transaction::Own || self.statement.is_nested
    }
}

/// A script as a whole: for what only its end shows.
pub struct Whole<'a> {
    /// The script.
    pub script: &'a Script,
    /// The schema before it.
    pub before: &'a SchemaState,
    /// The schema behind it.
    pub after: &'a SchemaState,
    /// What is special to whoever lints.
    pub profile: &'a Profile,
    /// Whether the other half of the pair is there; `None` for what is no half of a pair.
    pub has_down: Option<bool>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The findings, in the order of files and lines.
    pub findings: Vec<Finding>,
    /// How many findings comments allow.
    pub allowed: usize,
    /// How many files were judged.
    pub files: usize,
    /// How many statements they have.
    pub statements: usize,
    /// The scripts, for showing where findings stand.
    pub scripts: Vec<Script>,
}

impl Report {
    /// Counts the findings of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Judges scripts, in the order they would be applied.
///
/// `state` is what is known before the first of them; `input` says which are judged and which only
/// tell what is there.
pub fn lint(input: Input, mut state: SchemaState, profile: &Profile) -> Report {
    let mut report = Report::default();
    for (path, text) in input.earlier {
        let script = Script::parse(path, text);
        if script.direction == Direction::Up {
            fold(&script, &mut state, profile);
        }
    }
    state.settle();
    let paths: Vec<String> = input.judged.iter().map(|(path, _)| path.clone()).collect();
    for (path, text) in input.judged {
        let list = input.allowed.get(&path).cloned().unwrap_or_default();
        let mut script = Script::parse(path, text);
        script.allow(&list);
        let runner = profile.runner_of(&script);
        let is_wrapped = runner.is_some_and(|it| !script.has_directive(&it.without_transaction));
        script.settle_transactions(is_wrapped);
        let has_down = script
            .path
            .strip_suffix(".up.sql")
            .map(|stem| paths.contains(&format!("{stem}.down.sql")) || input.halves.contains(stem));
        let after = judge(&script, &state, profile, has_down, &mut report);
        // A half that takes back leaves nothing for those behind it: they run when it did not.
        if script.direction == Direction::Up {
            state = after;
            state.settle();
        }
        report.scripts.push(script);
    }
    report
}

fn fold(script: &Script, state: &mut SchemaState, profile: &Profile) {
    for statement in &script.statements {
        state.apply(statement, profile);
    }
    state.settle();
}

/// Judges one script and returns the schema behind it.
fn judge(
    script: &Script,
    before: &SchemaState,
    profile: &Profile,
    has_down: Option<bool>,
    report: &mut Report,
) -> SchemaState {
    let profile = &profile.settled(before, script);
    let mut findings = Findings::new(script);
    findings.looking(&SYNTAX);
    for problem in &script.problems {
        findings.add(problem.span, problem.message.clone());
    }
    let mut state = before.clone();
    let mut locks = Locks::default();
    let mut has_lock_timeout =
        profile.runner_of(script).is_some_and(|runner| runner.sets_lock_timeout);
    for (index, statement) in script.statements.iter().enumerate() {
        locks.enter(statement.transaction);
        let at = At {
            statement,
            index,
            script,
            state: &state,
            before,
            profile,
            held: &locks,
            has_lock_timeout,
        };
        for rule in RULES {
            findings.looking(rule.about());
            rule.check(&at, &mut findings);
        }
        has_lock_timeout |= locks::sets_lock_timeout(&statement.action);
        locks.take(&statement.action, &state);
        state.apply(statement, profile);
    }
    let whole = Whole { script, before, after: &state, profile, has_down };
    for rule in RULES {
        findings.looking(rule.about());
        rule.finish(&whole, &mut findings);
    }
    settle(script, findings, report);
    report.files += 1;
    report.statements += script.statements.len();
    state
}

/// Takes away what comments allow, and says which comments say too little or nothing.
fn settle(script: &Script, findings: Findings<'_>, report: &mut Report) {
    let mut found = findings.into_found();
    let mut used = vec![Vec::new(); script.allows.len()];
    found.retain(|finding| {
        let Some(place) = allowing(script, finding) else { return true };
        used[place].push(finding.rule);
        report.allowed += 1;
        false
    });
    let mut complaints = Findings::new(script);
    complaints.looking(&SUPPRESSION);
    for (allow, used) in script.allows.iter().zip(used) {
        let span = line_span(script, allow.line);
        let (what, place) = match allow.covers {
            Some(_) => ("the comment", "in the statement below"),
            None => ("the line in lint.allow", "in this file"),
        };
        if allow.reason.is_empty() {
            complaints.add(span, format!("nothing is allowed here: {what} gives no reason"));
            continue;
        }
        for rule in &allow.rules {
            if rules::find(rule).is_none() {
                complaints.add(span, format!("there is no rule '{rule}'"));
            } else if !used.contains(&rule.as_str()) {
                complaints
                    .add(span, format!("{rule} finds nothing {place}"))
                    .at_most(Severity::Note)
                    .help(format!("delete {what}: it would hide the next finding"));
            }
        }
    }
    found.extend(complaints.into_found());
    found.sort_by_key(|finding| (finding.span.start, finding.rule));
    found.dedup_by_key(|finding| (finding.span, finding.rule, finding.message.clone()));
    report.findings.extend(found);
}

/// Returns the comment that allows a finding: above its line, or above its statement.
fn allowing(script: &Script, finding: &Finding) -> Option<usize> {
    let statement = script
        .statements
        .iter()
        .rfind(|one| one.span.start <= finding.span.start && finding.span.start <= one.span.end);
    let first_line = statement.map(|one| script.position(one.span.start).0);
    script.allows.iter().position(|allow| {
        !allow.reason.is_empty()
            && allow.rules.iter().any(|rule| rule == finding.rule)
            && allow
                .covers
                .is_none_or(|covered| covered == finding.line || Some(covered) == first_line)
    })
}

fn line_span(script: &Script, number: usize) -> Span {
    let start: usize = script.text.split_inclusive('\n').take(number - 1).map(str::len).sum();
    Span { start, end: start + script.line(number).trim_end().len() }
}

/// Returns what is said of rules that are not in the list: those about the file itself.
pub(crate) const fn about_files() -> [&'static About; 2] {
    [&SYNTAX, &SUPPRESSION]
}

#[cfg(test)]
mod tests;
