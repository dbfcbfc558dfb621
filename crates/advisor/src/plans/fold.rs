//! Folds what a plan does alike with many parts of a table, chunks or partitions, so that it is drawn once.
//!
//! Alike is what would be drawn alike but for the names of the parts and the numbers: what carries a
//! finding that others do not, what never ran, or what sorted on disk stays by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::Finding;
use super::plan::quoted;
use super::{Facts, Node, Plan};

/// So few are read as quickly one by one.
const FEWEST: usize = 3;

/// How TimescaleDB begins the names of chunks, and of those that hold compressed batches.
const HYPERTABLES: [&str; 2] = ["_hyper_", "compress_hyper_"];

/// Nodes that are drawn in one line: one, or those that do the same with several parts.
#[derive(Debug)]
pub(super) struct Bundle<'p> {
    /// At least one.
    pub(super) nodes: Vec<&'p Node>,
    /// Whether it is here that what is alike was folded, and not above.
    pub(super) is_fold: bool,
}

/// What is known of parts: how their nodes are named where they stand for each other.
#[derive(Debug)]
pub(super) struct Parts<'p> {
    /// Of each node that reads a part, what it is part of.
    of: BTreeMap<usize, Whole<'p>>,
    /// What stands for the alias of each part.
    aliases: BTreeMap<&'p str, String>,
    plan: &'p Plan,
    facts: &'p Facts,
}

/// What a part is part of.
#[derive(Clone, Debug)]
struct Whole<'p> {
    /// How SQL names it; a pattern where no database was asked.
    name: String,
    is_known: bool,
    part: &'p str,
}

impl<'p> Parts<'p> {
    pub(super) fn of(plan: &'p Plan, facts: &'p Facts) -> Self {
        let of: BTreeMap<usize, Whole<'p>> = plan
            .nodes
            .iter()
            .filter_map(|node| whole(plan, facts, node).map(|whole| (node.id, whole)))
            .collect();
        let aliases = plan
            .nodes
            .iter()
            .filter_map(|node| {
                let whole = of.get(&node.id)?;
                let alias = node.alias.as_deref().unwrap_or(whole.part);
                Some((alias, stand_in(alias, whole)))
            })
            .collect();
        Self { of, aliases, plan, facts }
    }

    /// Writes a condition as it reads for all parts.
    pub(super) fn for_all(&self, text: &str) -> String {
        let mut written = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let end = token(rest, next);
            let (word, behind) = rest.split_at(end);
            let name = word.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(word);
            match self.aliases.get(name).filter(|_| behind.starts_with('.')) {
                Some(alias) => written.push_str(&quoted(alias)),
                None => written.push_str(word),
            }
            rest = behind;
        }
        written
    }

    /// Names nodes that do the same with several parts.
    pub(super) fn title(&self, bundle: &Bundle<'_>) -> String {
        let Some(first) = bundle.nodes.first() else { return String::new() };
        let count = bundle.nodes.len();
        if count == 1 {
            return first.title();
        }
        let named = |whole: &Whole<'_>| match whole.is_known {
            true => format!("{count} parts of {}", whole.name),
            false => format!("{} and {} more like it", whole.part, count - 1),
        };
        let mut node = Node { index: self.index(first), ..(*first).clone() };
        if let Some(whole) = self.of.get(&first.id) {
            let alias = first.alias.as_deref().unwrap_or(whole.part);
            let stand_in = stand_in(alias, whole);
            node.alias = Some(stand_in).filter(|alias| *alias != bare(&whole.name));
            node.relation = Some(named(whole));
            return node.title();
        }
        match self.first_part(first).filter(|_| bundle.is_fold) {
            Some(whole) => format!("{} for each of {}", node.title(), named(whole)),
            None => node.title(),
        }
    }

    /// Names the slowest of nodes that do the same, or the dearest where no time was taken.
    pub(super) fn slowest(&self, bundle: &Bundle<'_>) -> Option<String> {
        if !bundle.is_fold || bundle.nodes.iter().all(|node| node.never_ran()) {
            return None;
        }
        let weight = |node: &Node| node.total_ms.unwrap_or(node.estimate.total_cost);
        let most =
            bundle.nodes.iter().max_by(|one, other| weight(one).total_cmp(&weight(other)))?;
        let part = self.first_part(most)?.part;
        Some(match most.total_ms {
            Some(ms) => format!("slowest {part} with {ms:.1} ms"),
            None => format!("dearest {part} at {:.0}", most.estimate.total_cost),
        })
    }

    fn first_part(&self, node: &Node) -> Option<&Whole<'p>> {
        self.plan.below(node).find_map(|below| self.of.get(&below.id))
    }

    /// Names an index of a part as it reads for all: most begin with the name of the part.
    fn index(&self, node: &Node) -> Option<String> {
        let index = node.index.as_deref()?;
        let part = self.above(node).map(|whole| whole.part).unwrap_or_default();
        let rest =
            index.strip_prefix(part).filter(|rest| rest.starts_with('_') && !part.is_empty());
        Some(rest.map_or_else(|| index.to_owned(), |rest| format!("…{rest}")))
    }

    /// Returns the part that a node, or the nearest above it, reads.
    fn above(&self, node: &Node) -> Option<&Whole<'p>> {
        let above = self.plan.ancestors(node).find_map(|above| self.of.get(&above.id));
        self.of.get(&node.id).or(above)
    }

    /// Says what an index is made of, where that is known: names of parts' indexes may be cut short.
    fn made_of(&self, node: &Node) -> Option<String> {
        let name = node.index.as_deref()?;
        let mut indexes = self.facts.tables.iter().flat_map(|table| &table.indexes);
        match indexes.find(|index| index.name == name) {
            Some(index) => {
                Some(format!("{:?} {:?} {:?}", index.keys, index.included, index.predicate))
            }
            None => self.index(node),
        }
    }
}

/// Says what a node is part of: by the catalog where there is one, else as TimescaleDB names chunks, and
/// PostgreSQL the partitions that stand for one table.
fn whole<'p>(plan: &'p Plan, facts: &'p Facts, node: &'p Node) -> Option<Whole<'p>> {
    let part = node.relation.as_deref()?;
    if let Some(table) = facts.table(node) {
        let name = table.part_of.clone()?;
        // TimescaleDB says of a hypertable that it is part of itself.
        let is_itself = node.table().is_some_and(|table| table == name);
        return (!is_itself).then_some(Whole { name, is_known: true, part });
    }
    let of_hypertable = part.strip_suffix("_chunk").and_then(|it| it.rsplit_once('_'));
    if let Some((head, _)) =
        of_hypertable.filter(|(head, _)| HYPERTABLES.iter().any(|it| head.starts_with(it)))
    {
        return Some(Whole { name: format!("{head}_*_chunk"), is_known: false, part });
    }
    let is_member = plan.ancestors(node).any(super::findings::is_append);
    let stem = stem(node.alias.as_deref().unwrap_or(part)).filter(|_| is_member)?;
    Some(Whole { name: stem.to_owned(), is_known: false, part })
}

/// Returns an alias without the number that PostgreSQL gives it where there are several.
fn stem(alias: &str) -> Option<&str> {
    let (stem, number) = alias.rsplit_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !stem.is_empty()).then_some(stem)
}

fn stand_in(alias: &str, whole: &Whole<'_>) -> String {
    let own = stem(alias).filter(|_| alias != whole.part);
    own.map_or_else(|| bare(&whole.name), str::to_owned)
}

/// Returns a table's name without its schema.
fn bare(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).trim_matches('"').to_owned()
}

/// Returns how long the name, the quoted text or the other letter is that a text begins with.
fn token(text: &str, first: char) -> usize {
    let is_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    match first {
        '\'' | '"' => text
            .char_indices()
            .skip(1)
            .find(|(_, letter)| *letter == first)
            .map_or(text.len(), |(at, _)| at + first.len_utf8()),
        first if is_name(first) => text.find(|letter| !is_name(letter)).unwrap_or(text.len()),
        first => first.len_utf8(),
    }
}

/// Returns what is drawn in one line each, in the order of the plan.
pub(super) fn bundles<'p>(
    plan: &'p Plan,
    parts: &Parts<'p>,
    findings: &[Finding],
    said: impl Fn(&Node) -> Vec<String>,
) -> Vec<Bundle<'p>> {
    let shapes = shapes(plan, parts, findings, said);
    let mut bundles = Vec::with_capacity(plan.nodes.len());
    let mut open: Vec<Bundle<'p>> =
        plan.root().map(|root| Bundle { nodes: vec![root], is_fold: false }).into_iter().collect();
    while let Some(bundle) = open.pop() {
        let mut below = below(plan, &bundle, &shapes, parts);
        below.reverse();
        open.extend(below);
        bundles.push(bundle);
    }
    bundles
}

/// Returns what is drawn right below a line.
fn below<'p>(
    plan: &'p Plan,
    bundle: &Bundle<'p>,
    shapes: &[usize],
    parts: &Parts<'p>,
) -> Vec<Bundle<'p>> {
    let most = bundle.nodes.iter().map(|node| node.children.len()).max().unwrap_or_default();
    let at = |place: usize| -> Vec<&'p Node> {
        let child = |node: &&'p Node| plan.nodes.get(*node.children.get(place)?);
        bundle.nodes.iter().filter_map(child).collect()
    };
    let children: Vec<Vec<&'p Node>> = (0..most).map(at).collect();
    let shape = |nodes: &[&Node]| nodes.first().and_then(|node| shapes.get(node.id)).copied();
    let mut alike: BTreeMap<Option<usize>, Vec<&[&'p Node]>> = BTreeMap::new();
    for nodes in &children {
        alike.entry(shape(nodes)).or_default().push(nodes);
    }
    let is_folded = |group: &[&[&'p Node]]| {
        let read = || {
            let first = |nodes: &&[&Node]| parts.first_part(nodes.first()?).map(|it| it.part);
            group.iter().filter_map(first).collect::<BTreeSet<&str>>()
        };
        // What asks one part several times stands for several things.
        group.len() >= FEWEST && read().len() == group.len()
    };
    let mut bundles = Vec::new();
    for nodes in &children {
        let Some(group) = alike.get(&shape(nodes)) else { continue };
        if !is_folded(group) {
            bundles.push(Bundle { nodes: nodes.clone(), is_fold: false });
        } else if let Some(group) = alike.remove(&shape(nodes)) {
            // The first of them stands for all; the others find it gone.
            bundles.push(Bundle { nodes: group.concat(), is_fold: true });
        }
    }
    bundles
}

/// Numbers the shapes of all nodes with what serves them; equal numbers are alike.
fn shapes(
    plan: &Plan,
    parts: &Parts<'_>,
    findings: &[Finding],
    said: impl Fn(&Node) -> Vec<String>,
) -> Vec<usize> {
    let mut known: BTreeMap<(String, Vec<usize>), usize> = BTreeMap::new();
    let mut shapes = vec![0; plan.nodes.len()];
    // What serves a node stands behind it.
    for node in plan.nodes.iter().rev() {
        let below = node.children.iter().filter_map(|id| shapes.get(*id)).copied().collect();
        let number = known.len();
        let shape =
            *known.entry((own_shape(node, parts, findings, &said), below)).or_insert(number);
        if let Some(place) = shapes.get_mut(node.id) {
            *place = shape;
        }
    }
    shapes
}

fn own_shape(
    node: &Node,
    parts: &Parts<'_>,
    findings: &[Finding],
    said: impl Fn(&Node) -> Vec<String>,
) -> String {
    let whole = parts.of.get(&node.id);
    let mut plain = Node { index: parts.made_of(node), ..node.clone() };
    if let Some(whole) = whole {
        plain.alias = Some(stand_in(node.alias.as_deref().unwrap_or(whole.part), whole));
        plain.relation = Some(whole.name.clone());
    }
    let said: Vec<String> = said(node).iter().map(|text| parts.for_all(text)).collect();
    let numbers: Vec<usize> = (0..)
        .zip(findings)
        .filter(|(_, finding)| finding.nodes.contains(&node.id))
        .map(|(number, _)| number)
        .collect();
    let sort = node.sort.as_ref().map(|sort| (&sort.method, sort.is_on_disk));
    let place = (&node.relationship, &node.subplan_name, whole.is_some(), node.never_ran());
    format!("{} {place:?} {said:?} {numbers:?} {sort:?}", plain.title())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_written_for_all_parts_outside_quotes() {
        let node = |id: usize, relation: &str, alias: &str| Node {
            id,
            parent: (id > 0).then_some(0),
            depth: id.min(1),
            kind: if id == 0 { "Append" } else { "Seq Scan" }.to_owned(),
            relation: Some(relation.to_owned()).filter(|it| !it.is_empty()),
            alias: Some(alias.to_owned()).filter(|it| !it.is_empty()),
            ..Node::default()
        };
        let plan = Plan {
            nodes: vec![
                node(0, "", ""),
                node(1, "sales_january", "s_1"),
                node(2, "_hyper_3_7_chunk", "_hyper_3_7_chunk"),
            ],
            ..Plan::default()
        };
        let facts = Facts::default();
        let parts = Parts::of(&plan, &facts);
        let text = "((s_1.day = 's_1.x') AND (\"s_1\".\"Day\" > xs_1.day) AND (s_1 IS NULL))";
        let written = "((s.day = 's_1.x') AND (s.\"Day\" > xs_1.day) AND (s_1 IS NULL))";
        assert_eq!(parts.for_all(text), written);
        assert_eq!(parts.for_all("(_hyper_3_7_chunk.é = 7)"), "(\"_hyper_3_*_chunk\".é = 7)");
        assert_eq!(parts.for_all("'open"), "'open");
    }
}
