//! Draws a plan for people: shares as bars, rows expected and found, findings beside their nodes.

use std::fmt::Write;

use super::findings::Finding;
use super::fold::{Bundle, Parts, bundles};
use super::{Facts, Node, Plan};

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
/// their numbers, which begin with one. What is done alike with many parts of a table is drawn once.
pub fn draw(plan: &Plan, facts: &Facts, findings: &[Finding]) -> String {
    let parts = Parts::of(plan, facts);
    let bundles = bundles(plan, &parts, findings, said);
    let shares: Vec<f64> = bundles.iter().map(|bundle| sum(bundle, |it| share(plan, it))).collect();
    let worst = worst(plan, &shares);
    let lines: Vec<Line> = bundles
        .iter()
        .zip(&shares)
        .enumerate()
        .map(|(place, (bundle, share))| {
            let mut line = line(plan, &parts, bundle, findings);
            line.share = format!("{} {:>4}", bar(*share), percent(*share));
            if worst == Some(place) {
                line.node.push_str(" ◀ most");
            }
            line
        })
        .collect();
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
        let Some(bundle) = place.checked_sub(1).and_then(|at| bundles.get(at)) else { continue };
        for note in notes(&parts, bundle) {
            let indent = margin + bundle.nodes.first().map_or(0, |node| indent(node)) + 3;
            let _ = writeln!(text, "{:indent$}{note}", "");
        }
    }
    text.push_str(&foot(plan));
    text
}

/// Adds a number up over the nodes of a line.
fn sum(bundle: &Bundle<'_>, number: impl Fn(&Node) -> f64) -> f64 {
    bundle.nodes.iter().map(|node| number(node)).sum()
}

/// Fills a line in, but for its share.
fn line(plan: &Plan, parts: &Parts<'_>, bundle: &Bundle<'_>, findings: &[Finding]) -> Line {
    let first = bundle.nodes.first();
    let mut title = format!("{:indent$}", "", indent = first.map_or(0, |node| indent(node)));
    if first.is_some_and(|node| node.depth > 0) {
        title.push_str("└ ");
    }
    if let Some(name) = first.and_then(|node| node.subplan_name.as_deref()) {
        let _ = write!(title, "{name}: ");
    }
    title.push_str(&parts.title(bundle));
    title.push_str(&runs(bundle));
    if let Some(slowest) = parts.slowest(bundle) {
        let _ = write!(title, ", {slowest}");
    }
    let removed = sum(bundle, |node| node.subplans_removed.unwrap_or_default());
    if removed > 0.0 {
        let _ = write!(title, " ({} partitions left out)", count(removed));
    }
    let is_meant =
        |finding: &Finding| bundle.nodes.iter().any(|node| finding.nodes.contains(&node.id));
    for (number, _) in (1..).zip(findings).filter(|(_, finding)| is_meant(finding)) {
        let _ = write!(title, " [{number}]");
    }
    Line {
        share: String::new(),
        time: own(bundle),
        rows: rows(bundle),
        pages: pages(plan, bundle),
        node: title,
    }
}

/// Says how often the nodes of a line ran, where that was more than once each.
fn runs(bundle: &Bundle<'_>) -> String {
    let loops = || bundle.nodes.iter().map(|node| node.loops());
    let (least, most) = (loops().fold(f64::INFINITY, f64::min), loops().fold(0.0, f64::max));
    match most > 1.0 {
        true if least < most => format!(" ×{} to {}", count(least), count(most)),
        true => format!(" ×{}", count(most)),
        false => String::new(),
    }
}

fn indent(node: &Node) -> usize {
    // Deeper than that no terminal is wide.
    node.depth.saturating_sub(1).min(40) * 2
}

fn own(bundle: &Bundle<'_>) -> String {
    match bundle.nodes.iter().map(|node| node.self_ms).sum::<Option<f64>>() {
        Some(ms) => format!("{ms:.1}"),
        None => count(sum(bundle, |node| node.self_cost)),
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

/// Returns the place of the line that takes most, where that is much.
fn worst(plan: &Plan, shares: &[f64]) -> Option<usize> {
    let (place, most) =
        shares.iter().enumerate().max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    (plan.nodes.len() > 1 && *most > 0.2).then_some(place)
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

fn rows(bundle: &Bundle<'_>) -> String {
    let expected = sum(bundle, |node| node.estimate.rows);
    if bundle.nodes.iter().any(|node| node.actual.is_none()) {
        return count(expected);
    }
    if bundle.nodes.iter().all(|node| node.never_ran()) {
        return format!("{} → never ran", count(expected));
    }
    let found = sum(bundle, |node| node.actual.map_or(0.0, |actual| actual.rows));
    // Less than a row counts as one, because estimates never are less.
    let factor = match found.max(1.0) / expected.max(1.0) {
        factor if factor >= NOTABLE => format!(" (×{})", count(factor)),
        factor if factor <= 1.0 / NOTABLE => format!(" (÷{})", count(1.0 / factor)),
        _ => String::new(),
    };
    format!("{} → {}{factor}", count(expected), count(found))
}

/// Shows the pages that the nodes of a line touched themselves.
fn pages(plan: &Plan, bundle: &Bundle<'_>) -> String {
    let own = |pages: fn(&Node) -> f64| {
        sum(bundle, |node| {
            let below: f64 = plan.children(node).map(pages).sum();
            (pages(node) - below).max(0.0)
        })
    };
    let touched = own(|node| node.buffers.touched());
    let temporary = own(|node| node.buffers.temp_read + node.buffers.temp_written);
    match (touched > 0.0, temporary > 0.0) {
        (_, true) => format!("{} +{} temp", count(touched), count(temporary)),
        (true, false) => count(touched),
        (false, false) => String::new(),
    }
}

/// Says what a node was asked for.
fn said(node: &Node) -> Vec<String> {
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
    let lists = lists
        .iter()
        .filter(|(_, keys)| !keys.is_empty())
        .map(|(name, keys)| format!("{name}: {}", keys.join(", ")));
    let texts =
        texts.iter().filter_map(|(name, text)| Some(format!("{name}: {}", text.as_deref()?)));
    lists.chain(texts).collect()
}

/// Says below a line what its nodes were asked for, and what they threw away.
fn notes(parts: &Parts<'_>, bundle: &Bundle<'_>) -> Vec<String> {
    let Some(first) = bundle.nodes.first() else { return Vec::new() };
    let mut notes = said(first);
    if bundle.nodes.len() > 1 {
        notes = notes.iter().map(|note| parts.for_all(note)).collect();
    }
    let removed =
        sum(bundle, |node| node.filtered_rows() + node.removed.by_join_filter * node.loops());
    if removed > 0.0
        && let Some(last) = notes.last_mut()
    {
        let _ = write!(last, "  threw away {}", count(removed));
    }
    if let Some(sort) = &first.sort
        && let Some(first) = notes.first_mut()
    {
        let place = if sort.is_on_disk { "disk" } else { "memory" };
        let space = sum(bundle, |node| node.sort.as_ref().map_or(0.0, |sort| sort.space_kb));
        let _ = write!(first, "  ({}, {} kB of {place})", sort.method, count(space));
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
