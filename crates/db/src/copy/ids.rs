//! Ids of rows that are made together.

use uuid::Uuid;

/// Counts up from an id of the present: version 7 by the method of RFC 9562, §6.2, that goes on from
/// random bits by one.
///
/// Ids that differ in their last bytes alone compress to a third of what random ones do, and a load draws
/// no random number a row. They can be guessed from one another, which gives nobody anything: what a
/// tenant may see is never decided by knowing an id.
#[derive(Debug)]
pub(super) struct IdSequence(u128);

/// The highest random bit behind the variant: nought at first, so that there is room to count.
const HEADROOM: u128 = 1 << 61;

impl IdSequence {
    /// Begins at an id of the present.
    pub(super) fn new() -> Self {
        Self(Uuid::now_v7().as_u128() & !HEADROOM)
    }

    /// Returns the next id.
    pub(super) fn next_id(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }
}

#[cfg(test)]
mod tests {
    use uuid::{Variant, Version};

    use super::*;

    #[test]
    fn ids_are_of_version_7_ascend_and_differ_between_sequences() {
        let (mut one, mut other) = (IdSequence::new(), IdSequence::new());
        let ids: Vec<Uuid> = (0..10_000).map(|_| one.next_id()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        for id in [ids[0], ids[9_999]] {
            assert_eq!(
                (id.get_version(), id.get_variant()),
                (Some(Version::SortRand), Variant::RFC4122)
            );
        }
        assert!(!ids.contains(&other.next_id()));
    }

    #[test]
    fn there_is_room_to_count() {
        let mut full = IdSequence(Uuid::max().as_u128() & !HEADROOM);
        assert_eq!(full.next_id().get_variant(), Uuid::max().get_variant());
    }
}
