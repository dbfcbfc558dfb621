//! Draws a plan for people: shares as bars, rows expected and found, findings beside their nodes.

use std::fmt::Write;

use super::findings::Finding;
use super::{Node, Plan};

/// How many cells a full bar has.
const BAR: usize = 10;

/// From this factor on, an estimate is shown as wrong.
const NOTABLE: f64 = 10.0;

/// One line of the drawing, column by column.
struct Line {
    share: String,
    time: String,
    rows: String,
    pages: String,
    node: String,
}

/// Draws a plan as text with one line a node, and its condition below it. The findings are named by
/// their numbers, which begin with one.
pub fn draw(plan: &Plan, findings: &[Finding]) -> String {
    let worst = worst(plan);
    let lines: Vec<Line> =
        plan.nodes.iter().map(|node| line(plan, node, findings, worst)).collect();
    let header = Line {
        share: if plan.is_timed() { "share of time" } else { "share of cost" }.to_owned(),
        time: if plan.is_timed() { "self ms" } else { "self cost" }.to_owned(),
        rows: if plan.is_measured() { "rows expected → found" } else { "rows expected" }.to_owned(),
        pages: "pages".to_owned(),
        node: "node".to_owned(),
    };
    let width = |column: fn(&Line) -> &String| {
        let cells = lines.iter().chain([&header]).map(column);
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let (share, time) = (width(|it| &it.share), width(|it| &it.time));
    let (rows, pages) = (width(|it| &it.rows), width(|it| &it.pages));
    let mut text = String::new();
    let margin = share + time + rows + pages + 8;
    for (place, line) in [&header].into_iter().chain(&lines).enumerate() {
        let _ = writeln!(
            text,
            "{:share$}  {:>time$}  {:>rows$}  {:>pages$}  {}",
            line.share, line.time, line.rows, line.pages, line.node
        );
        let node = place.checked_sub(1).and_then(|at| plan.nodes.get(at));
        for note in node.map(notes).unwrap_or_default() {
            let indent = margin + node.map_or(0, indent) + 3;
            let _ = writeln!(text, "{:indent$}{note}", "");
        }
    }
    text.push_str(&foot(plan));
    text
}

fn line(plan: &Plan, node: &Node, findings: &[Finding], worst: Option<usize>) -> Line {
    let share = share(plan, node);
    let mut title = format!("{:indent$}", "", indent = indent(node));
    if node.depth > 0 {
        title.push_str("└ ");
    }
    if let Some(name) = node.subplan_name.as_deref() {
        let _ = write!(title, "{name}: ");
    }
    title.push_str(&node.title());
    if node.loops() > 1.0 {
        let _ = write!(title, " ×{}", count(node.loops()));
    }
    if let Some(removed) = node.subplans_removed.filter(|removed| *removed > 0.0) {
        let _ = write!(title, " ({} partitions left out)", count(removed));
    }
    let numbers = (1..).zip(findings).filter(|(_, finding)| finding.nodes.contains(&node.id));
    for (number, _) in numbers {
        let _ = write!(title, " [{number}]");
    }
    if worst == Some(node.id) {
        title.push_str(" ◀ most");
    }
    Line {
        share: format!("{} {:>4}", bar(share), percent(share)),
        time: own(node),
        rows: rows(node),
        pages: pages(plan, node),
        node: title,
    }
}

fn indent(node: &Node) -> usize {
    // Deeper than that no terminal is wide.
    node.depth.saturating_sub(1).min(40) * 2
}

fn own(node: &Node) -> String {
    match node.self_ms {
        Some(ms) => format!("{ms:.1}"),
        None => count(node.self_cost),
    }
}

/// Returns the share of a node alone in the time, or in the estimated cost where no time was taken.
pub(super) fn share(plan: &Plan, node: &Node) -> f64 {
    let (part, whole) = match (node.self_ms, plan.total_ms()) {
        (Some(ms), Some(total)) => (ms, total),
        _ => (node.self_cost, plan.total_cost()),
    };
    if whole > 0.0 { (part / whole).clamp(0.0, 1.0) } else { 0.0 }
}

fn worst(plan: &Plan) -> Option<usize> {
    let most =
        plan.nodes.iter().max_by(|one, other| share(plan, one).total_cmp(&share(plan, other)))?;
    (plan.nodes.len() > 1 && share(plan, most) > 0.2).then_some(most.id)
}

fn bar(share: f64) -> String {
    const PARTS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
    let eighths = whole(share * (BAR * 8) as f64).min(BAR * 8);
    let mut bar = "█".repeat(eighths / 8);
    if let Some(part) = (eighths % 8).checked_sub(1).and_then(|part| PARTS.get(part)) {
        bar.push(*part);
    }
    format!("{bar:BAR$}")
}

fn whole(number: f64) -> usize {
    if number.is_finite() && number > 0.0 { number.round() as usize } else { 0 }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

fn rows(node: &Node) -> String {
    let expected = count(node.estimate.rows);
    let Some(actual) = node.actual else { return expected };
    if actual.loops == 0.0 {
        return format!("{expected} → never ran");
    }
    let factor = match super::findings::factor(node) {
        factor if factor >= NOTABLE => format!(" (×{})", count(factor)),
        factor if factor <= 1.0 / NOTABLE => format!(" (÷{})", count(1.0 / factor)),
        _ => String::new(),
    };
    format!("{expected} → {}{factor}", count(actual.rows))
}

/// Shows the pages that a node touched itself.
fn pages(plan: &Plan, node: &Node) -> String {
    let below: f64 = plan.children(node).map(|child| child.buffers.touched()).sum();
    let own = (node.buffers.touched() - below).max(0.0);
    let below_temporary: f64 =
        plan.children(node).map(|it| it.buffers.temp_read + it.buffers.temp_written).sum();
    let temporary = node.buffers.temp_read + node.buffers.temp_written - below_temporary;
    match (own > 0.0, temporary > 0.0) {
        (_, true) => format!("{} +{} temp", count(own), count(temporary)),
        (true, false) => count(own),
        (false, false) => String::new(),
    }
}

/// Says below a node what it was asked for, and what it threw away.
fn notes(node: &Node) -> Vec<String> {
    let conditions = &node.conditions;
    let lists = [("sort by", &conditions.sort_key), ("group by", &conditions.group_key)];
    let texts = [
        ("index", &conditions.index),
        ("hash", &conditions.hash),
        ("merge", &conditions.merge),
        ("join filter", &conditions.join_filter),
        ("once", &conditions.one_time),
        ("filter", &conditions.filter),
        ("vectorised filter", &conditions.vectorized_filter),
    ];
    let mut notes: Vec<String> = lists
        .iter()
        .filter(|(_, keys)| !keys.is_empty())
        .map(|(name, keys)| format!("{name}: {}", keys.join(", ")))
        .collect();
    for (name, text) in texts {
        if let Some(text) = text {
            notes.push(format!("{name}: {text}"));
        }
    }
    let removed = node.filtered_rows() + node.removed.by_join_filter * node.loops();
    if removed > 0.0
        && let Some(last) = notes.last_mut()
    {
        let _ = write!(last, "  threw away {}", count(removed));
    }
    if let Some(sort) = &node.sort
        && let Some(first) = notes.first_mut()
    {
        let place = if sort.is_on_disk { "disk" } else { "memory" };
        let _ = write!(first, "  ({}, {} kB of {place})", sort.method, count(sort.space_kb));
    }
    notes
}

fn foot(plan: &Plan) -> String {
    let mut facts = Vec::new();
    if let Some(ms) = plan.execution_ms {
        facts.push(format!("executed in {ms:.1} ms"));
    }
    if let Some(ms) = plan.planning_ms {
        facts.push(format!("planned in {ms:.1} ms"));
    }
    if let Some(jit) = plan.jit.filter(|jit| jit.total_ms > 0.0) {
        facts.push(format!("compiled in {:.1} ms", jit.total_ms));
    }
    if !plan.is_measured() {
        facts.push(format!(
            "estimated only, cost {}: it did not run, so no time and no row was measured",
            count(plan.total_cost())
        ));
    }
    format!("{}\n", facts.join(", "))
}

/// Writes a number as people read it: whole, and grouped by thousands.
pub(crate) fn count(number: f64) -> String {
    if !number.is_finite() || number >= 1e15 {
        return format!("{number:e}");
    }
    if number > 0.0 && number < 10.0 && number.fract() > 0.005 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len() - place;
        if place > 0 && left.is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
