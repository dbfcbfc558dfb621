//! A plan as people read it before they approve it.

use std::fmt::Write;

use serde_json::Value;
use shelfops_db::models::Plan;

/// Writes a plan: what it is, what it locks and touches, each statement, how it is taken back.
pub(crate) fn page(plan: &Plan) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "plan {}: {}", plan.plan_id, plan.title);
    let _ = writeln!(text, "  {}, {} in {}", plan.state, plan.effect, plan.environment);
    if plan.state == "applying" {
        let done = plan.steps.iter().filter(|step| step.finished_at.is_some()).count();
        let _ = writeln!(
            text,
            "  {done} of {} steps done; where nobody applies it, it was broken off, and `plan apply` goes on",
            plan.steps.len()
        );
    }
    let _ = writeln!(text, "  hash {}", plan.content_hash);
    let _ = writeln!(text, "  for the schema {}", plan.schema_fingerprint);
    let _ = writeln!(text, "  made by {}{}", plan.created_by, at(plan.created_at));
    if let Some(expires_at) = plan.expires_at {
        let _ = writeln!(text, "  may be applied until {expires_at}");
    }
    if let Some(by) = &plan.decided_by {
        let reason = plan.decision_reason.as_ref().map(|it| format!(": {it}")).unwrap_or_default();
        let _ = writeln!(text, "  decided by {by}{}{reason}", at(plan.decided_at));
    }
    let empty = Vec::new();
    for table in plan.touches["tables"].as_array().unwrap_or(&empty) {
        let _ = writeln!(
            text,
            "  touches {}: {} rows, {} bytes",
            table["table"].as_str().unwrap_or_default(),
            table["rows"],
            table["bytes"]
        );
    }
    for (name, what) in [("chunks_to_drop", "drops"), ("chunks_to_compress", "compresses")] {
        for chunk in plan.touches[name].as_array().unwrap_or(&empty) {
            let word = |name: &str| chunk[name].as_str().unwrap_or_default();
            let _ = writeln!(
                text,
                "  {what} {}, {} until {}: {} bytes",
                word("name"),
                word("starts_at"),
                word("ends_at"),
                chunk["bytes"]
            );
        }
    }
    for open in plan.touches["not_known"].as_array().unwrap_or(&empty) {
        let _ = writeln!(
            text,
            "  not known, so taken for the worst: {}",
            open.as_str().unwrap_or_default()
        );
    }
    for step in &plan.steps {
        let _ =
            writeln!(text, "\n-- step {}: {}{}", step.position, step.weight, locks(&step.locks));
        if step.is_alone {
            text.push_str("-- not in a transaction\n");
        }
        if let (Some(at), Some(milliseconds)) = (step.finished_at, step.duration_ms) {
            let _ = writeln!(text, "-- done at {at} in {milliseconds} ms");
        }
        let _ = writeln!(text, "{};", step.statement.trim_end().trim_end_matches(';'));
    }
    let _ = writeln!(text, "\n-- how it is taken back:\n{}", plan.reversal);
    for event in &plan.events {
        let detail = event.detail.as_ref().map(|it| format!(": {it}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "-- {} by {}{}{detail}",
            event.event,
            event.principal,
            at(event.occurred_at)
        );
    }
    text
}

fn at(moment: Option<jiff::Timestamp>) -> String {
    moment.map(|at| format!(" at {at}")).unwrap_or_default()
}

fn locks(locks: &Value) -> String {
    let empty = Vec::new();
    let shown: Vec<String> = locks
        .as_array()
        .unwrap_or(&empty)
        .iter()
        .map(|lock| {
            let table = lock["table"].as_str().unwrap_or_default();
            let who = if lock["keeps_readers_out"] == true { "everybody" } else { "writers" };
            format!("{table} keeps {who} out")
        })
        .collect();
    if shown.is_empty() { String::new() } else { format!("; {}", shown.join(", ")) }
}
