//! What an entry of a log says of statements.

use serde_json::Value;

/// An entry of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Said {
    pub(super) at: Option<String>,
    pub(super) message: String,
    /// Parameters, where the statement has them.
    pub(super) parameters: Option<String>,
    /// The statement that the entry is about, where it stands apart.
    pub(super) statement: Option<String>,
    /// What `execute` stands for, where the entry says it.
    pub(super) prepared: Option<String>,
    pub(super) query_id: Option<i64>,
}

/// What an entry means.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// A statement took its time.
    Statement { ms: f64, statement: String },
    /// The same, with its plan.
    Plan { ms: f64, statement: String, plan: String },
    /// A statement waits for a lock.
    Wait { lock: String, waited_ms: f64 },
}

/// Reads an entry; `None` for what is not about a statement's time.
pub(super) fn message(said: &Said) -> Option<Message> {
    let text = said.message.as_str();
    if let Some(rest) = text.strip_prefix("duration: ") {
        return duration(said, rest);
    }
    let (_, rest) = text.split_once(" still waiting for ")?;
    let (lock, time) = rest.rsplit_once(" after ")?;
    let waited_ms = time.split(' ').next()?.parse().ok()?;
    Some(Message::Wait { lock: lock.to_owned(), waited_ms })
}

/// `12.3 ms  statement: …`, `12.3 ms  execute name: …`, `12.3 ms  plan:` and lines below.
fn duration(said: &Said, rest: &str) -> Option<Message> {
    let (ms, rest) = rest.split_once(" ms")?;
    let ms: f64 = ms.parse().ok().filter(|ms: &f64| ms.is_finite() && *ms >= 0.0)?;
    let rest = rest.trim_start_matches(' ');
    if let Some(plan) = rest.strip_prefix("plan:") {
        let plan = plan.trim_start_matches(['\r', '\n', ' ']);
        let statement = query_text(plan).or_else(|| said.statement.clone())?;
        return Some(Message::Plan { ms, statement, plan: plan.to_owned() });
    }
    // Parsing and binding have times of their own; they are no runs.
    let (kind, statement) = rest.split_once(": ")?;
    let is_run = kind == "statement" || kind.starts_with("execute ") || kind == "execute";
    let statement = said.prepared.as_deref().unwrap_or(statement).trim().to_owned();
    is_run.then_some(Message::Statement { ms, statement })
}

/// Returns the statement that a logged plan begins with.
fn query_text(plan: &str) -> Option<String> {
    if plan.starts_with('{') {
        let document: Value = serde_json::from_str(plan).ok()?;
        return document.get("Query Text")?.as_str().map(str::to_owned);
    }
    let text = plan.strip_prefix("Query Text: ")?;
    // The statement may have many lines; the plan begins with the first line of a node.
    let is_node = |line: &&str| line.contains("(cost=") || line.contains("(actual ");
    let end = text.lines().position(|line| is_node(&line)).unwrap_or(usize::MAX);
    let lines = text.lines().take(end).take_while(|line| !line.starts_with("Query Parameters: "));
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// Returns the values that a logged plan says, as PostgreSQL 16 and newer write them.
pub(super) fn parameters(plan: &str) -> Option<String> {
    if plan.starts_with('{') {
        let document: Value = serde_json::from_str(plan).ok()?;
        return document.get("Query Parameters")?.as_str().map(str::to_owned);
    }
    plan.lines().find_map(|line| line.strip_prefix("Query Parameters: ")).map(str::to_owned)
}
