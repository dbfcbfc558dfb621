//! Orders in which objects can be made and dropped.

use std::collections::BTreeSet;

use crate::drift::schema::{Key, Schema};

/// Puts what is needed before what needs it; where nothing is needed, by kind and name.
pub(super) fn needed_first<'k>(keys: &[&'k Key], schema: &'k Schema) -> Vec<&'k Key> {
    let mut sorted: Vec<&Key> = keys.to_vec();
    sorted.sort_unstable();
    let wanted: BTreeSet<&Key> = sorted.iter().copied().collect();
    let mut walk = Walk { schema, wanted, seen: BTreeSet::new(), ordered: Vec::new() };
    for key in sorted {
        walk.visit(key);
    }
    walk.ordered
}

/// Puts what needs something before what it needs.
pub(super) fn dependents_first<'k>(keys: &[&'k Key], schema: &'k Schema) -> Vec<&'k Key> {
    let mut ordered = needed_first(keys, schema);
    ordered.reverse();
    ordered
}

struct Walk<'s> {
    schema: &'s Schema,
    wanted: BTreeSet<&'s Key>,
    seen: BTreeSet<&'s Key>,
    ordered: Vec<&'s Key>,
}

impl<'s> Walk<'s> {
    /// Visits what a key needs, then the key. Through what is not wanted as well: a view that stays can
    /// stand between two that do not. A circle is cut where it is met.
    fn visit(&mut self, from: &'s Key) {
        // By hand instead of by recursion: chains of views can be long.
        let mut stack = vec![(from, false)];
        while let Some((key, is_left)) = stack.pop() {
            if is_left {
                if self.wanted.contains(key) {
                    self.ordered.push(key);
                }
                continue;
            }
            if !self.seen.insert(key) {
                continue;
            }
            stack.push((key, true));
            if let Some(object) = self.schema.get(key) {
                stack.extend(object.requires.iter().rev().map(|needed| (needed, false)));
            }
        }
    }
}
