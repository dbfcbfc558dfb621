//! The dirt planted in the exports: what kinds there are, where it goes, how much of each.

use super::dice::Dice;

/// A kind of dirt. Each record has one kind at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DirtKind {
    /// A basket line of nothing for nothing: a product that was scanned and taken back.
    ZeroQuantity,
    /// A basket line of no units at a price.
    ZeroQuantityWithValue,
    /// A basket line of a product that the catalogue does not list.
    UnknownProduct,
    /// A basket line with a number that is none: `N/A`, `"1,234.50"`, `#REF!`, `two`, `12.3.4`.
    UnreadableNumber,
    /// A basket line at a time that never was, such as 31 February, or was in 1899.
    ImpossibleDate,
    /// A basket line that stands in the file once more, byte for byte, at once or much later.
    DuplicateLine,
    /// A basket line that ends after four columns.
    ShortLine,
    /// A basket line of fewer than no units at a price above zero.
    NegativeQuantity,
    /// A stock count with `N/A` for its quantity on hand.
    UnreadableCount,
    /// A purchase order line in a currency that is none: `US$`, `ZZZ`, `£`.
    UnknownCurrency,
    /// A purchase order line in a state that is none: `shiped`, `???`.
    UnknownStatus,
}

impl DirtKind {
    /// Every kind: those of basket lines, then of stock counts, then of purchase orders.
    pub const ALL: [Self; 11] = [
        Self::ZeroQuantity,
        Self::ZeroQuantityWithValue,
        Self::UnknownProduct,
        Self::UnreadableNumber,
        Self::ImpossibleDate,
        Self::DuplicateLine,
        Self::ShortLine,
        Self::NegativeQuantity,
        Self::UnreadableCount,
        Self::UnknownCurrency,
        Self::UnknownStatus,
    ];

    /// Returns the kind's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ZeroQuantity => "zero-quantity",
            Self::ZeroQuantityWithValue => "zero-quantity-with-value",
            Self::UnknownProduct => "unknown-product",
            Self::UnreadableNumber => "unreadable-number",
            Self::ImpossibleDate => "impossible-date",
            Self::DuplicateLine => "duplicate-line",
            Self::ShortLine => "short-line",
            Self::NegativeQuantity => "negative-quantity",
            Self::UnreadableCount => "unreadable-count",
            Self::UnknownCurrency => "unknown-currency",
            Self::UnknownStatus => "unknown-status",
        }
    }

    /// Returns the file that it is planted in.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::UnreadableCount => "inventory.csv",
            Self::UnknownCurrency | Self::UnknownStatus => "purchase_orders.csv",
            _ => "transactions.csv",
        }
    }

    /// Returns how many of a million basket lines have it: together 15,033, of which a real chain's
    /// year has the first three in these shares.
    const fn per_million_lines(self) -> u64 {
        match self {
            Self::ZeroQuantity => 6_000,
            Self::ZeroQuantityWithValue => 33,
            Self::UnknownProduct => 3_300,
            Self::UnreadableNumber => 1_000,
            Self::ImpossibleDate => 400,
            Self::DuplicateLine => 4_000,
            Self::ShortLine => 100,
            Self::NegativeQuantity => 200,
            Self::UnreadableCount | Self::UnknownCurrency | Self::UnknownStatus => 0,
        }
    }
}

/// How many records of each kind of dirt were planted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dirt {
    counts: [u64; DirtKind::ALL.len()],
}

impl Dirt {
    /// Returns how many records of this kind were planted.
    pub const fn count(&self, kind: DirtKind) -> u64 {
        self.counts[kind as usize]
    }

    /// Returns every kind with its count.
    pub fn counts(&self) -> impl Iterator<Item = (DirtKind, u64)> + '_ {
        DirtKind::ALL.into_iter().map(|kind| (kind, self.count(kind)))
    }

    /// Returns how many records of all kinds were planted in all files.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Counts a planted record.
    pub(super) const fn add(&mut self, kind: DirtKind) {
        self.counts[kind as usize] += 1;
    }

    /// Returns the counts of both.
    pub(super) fn merged(mut self, other: &Self) -> Self {
        for (count, added) in self.counts.iter_mut().zip(other.counts) {
            *count += added;
        }
        self
    }
}

/// Where in `transactions.csv` each kind comes next: evenly spread, so that even a small file has
/// all kinds.
#[derive(Debug)]
pub(super) struct Schedule {
    planned: Vec<Planned>,
    /// The first line that any kind is planned for.
    next_line: u64,
    line_count: u64,
    dice: Dice,
}

#[derive(Debug)]
struct Planned {
    kind: DirtKind,
    /// How many there shall be.
    count: u64,
    /// How many there have been.
    done: u64,
    next_line: u64,
}

impl Schedule {
    /// Plans the dirt of so many lines.
    pub(super) fn new(seed: u64, line_count: u64) -> Self {
        let planned = DirtKind::ALL
            .into_iter()
            .filter(|kind| kind.per_million_lines() > 0)
            .map(|kind| Planned {
                kind,
                count: (kind.per_million_lines() * line_count / 1_000_000).max(1),
                done: 0,
                next_line: 0,
            })
            .collect();
        let dice = Dice::new(seed, "dirt");
        let mut schedule = Self { planned, next_line: 0, line_count, dice };
        for index in 0..schedule.planned.len() {
            schedule.plan(index);
        }
        schedule
    }

    /// Returns the kind that is due at this line, and plans its next one.
    pub(super) fn due(&mut self, line: u64) -> Option<DirtKind> {
        if line < self.next_line {
            return None;
        }
        let index = self.planned.iter().position(|planned| planned.next_line <= line)?;
        self.planned[index].done += 1;
        self.plan(index);
        Some(self.planned[index].kind)
    }

    /// Draws the next line of a kind, within its share of the file.
    fn plan(&mut self, index: usize) {
        let planned = &mut self.planned[index];
        planned.next_line = if planned.done >= planned.count {
            u64::MAX
        } else {
            let start = |part: u64| {
                (u128::from(self.line_count) * u128::from(part) / u128::from(planned.count)) as u64
            };
            let share = start(planned.done + 1) - start(planned.done);
            start(planned.done) + self.dice.below_large(share.max(1))
        };
        self.next_line =
            self.planned.iter().map(|planned| planned.next_line).min().unwrap_or(u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_counted_at_their_own_place() {
        for (index, kind) in DirtKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index, "{}", kind.name());
        }
    }

    #[test]
    fn the_schedule_plants_what_it_planned() {
        let mut schedule = Schedule::new(4, 100_000);
        let mut dirt = Dirt::default();
        for line in 0..100_000 {
            if let Some(kind) = schedule.due(line) {
                dirt.add(kind);
            }
        }
        assert_eq!(dirt.count(DirtKind::ZeroQuantity), 600);
        assert_eq!(dirt.count(DirtKind::ZeroQuantityWithValue), 3);
        assert_eq!(dirt.total(), 1_503);
    }

    #[test]
    fn even_a_small_file_has_every_kind() {
        let mut schedule = Schedule::new(4, 1_000);
        let kinds = (0..1_000).filter_map(|line| schedule.due(line)).collect::<Vec<_>>();
        assert!(
            kinds.contains(&DirtKind::ShortLine) && kinds.contains(&DirtKind::NegativeQuantity)
        );
    }
}
