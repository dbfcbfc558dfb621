//! Doubts about large indexes: one keeps several others out, for what may be little more than a small one would
//! bring, and the planner's costs alone do not tell. So a choice is also made and measured without it.

use std::collections::BTreeSet;

use crate::indexes::Index;

/// The share of the budget from which on an index is large.
const LARGE: f64 = 0.2;

/// How many are doubted: each costs the building and measuring of another choice.
const MOST: usize = 2;

/// The indexes that were doubted.
#[derive(Default)]
pub(super) struct Doubts(BTreeSet<Index>);

impl Doubts {
    /// Returns the largest of the large indexes of the best choice that was not doubted yet.
    pub(super) fn next(&mut self, large: &[Index]) -> Option<Index> {
        let next = large.iter().find(|index| !self.0.contains(index))?;
        (self.0.len() < MOST && self.0.insert(next.clone())).then(|| next.clone())
    }
}

/// Returns the indexes that take much of what all may, the largest first.
pub(super) fn large<'i>(sizes: impl Iterator<Item = (&'i Index, f64)>, budget: f64) -> Vec<Index> {
    let mut large: Vec<(&Index, f64)> =
        sizes.filter(|(_, bytes)| *bytes >= budget * LARGE).collect();
    large.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    large.into_iter().map(|(index, _)| index.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indexes::Key;

    #[test]
    fn the_largest_are_doubted_once_each_and_two_in_all() {
        let [a, b, c, d] =
            ["a", "b", "c", "d"].map(|name| Index::btree("t", vec![Key::column(name)]));
        let sizes = [(&a, 19.0), (&b, 20.0), (&c, 60.0), (&d, 30.0)];
        let large = large(sizes.into_iter(), 100.0);
        assert_eq!(large, [c.clone(), d.clone(), b]);
        let mut doubts = Doubts::default();
        assert_eq!(doubts.next(&large), Some(c.clone()));
        // The best choice may be another by now.
        assert_eq!(doubts.next(&[c]), None);
        assert_eq!(doubts.next(&large), Some(d));
        assert_eq!(doubts.next(&large), None, "enough");
        assert_eq!(Doubts::default().next(&[]), None);
    }
}
