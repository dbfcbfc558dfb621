//! Seeded chance: the same seed draws the same on every machine and with every release.
//!
//! SplitMix64, written out: a library's generator may draw differently after an update, and then
//! every figure that was measured on generated exports would silently be about other ones.

/// The golden ratio as a 64-bit fraction: the step that SplitMix64 counts in.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Scrambles a number: near inputs give unrelated outputs.
pub(crate) const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A stream of draws.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// Starts the stream that `purpose` has under `seed`: what one purpose draws moves no other.
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let state = purpose
            .bytes()
            .fold(mix(seed), |state, byte| mix(state.wrapping_add(STEP) ^ u64::from(byte)));
        Self { state }
    }

    /// Draws a number of 64 bits.
    pub(crate) const fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// Draws one of `0..bound`.
    pub(crate) const fn below(&mut self, bound: u32) -> u32 {
        (((self.draw() >> 32) * bound as u64) >> 32) as u32
    }

    /// Draws one of `0..bound`, for bounds beyond 32 bits.
    pub(crate) const fn below_large(&mut self, bound: u64) -> u64 {
        ((self.draw() as u128 * bound as u128) >> 64) as u64
    }

    /// Draws one of `low..=high`.
    pub(crate) const fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// Answers yes `chance` times in a thousand.
    pub(crate) const fn per_mille(&mut self, chance: u32) -> bool {
        self.below(1000) < chance
    }

    /// Draws one of `choices`, all alike likely.
    pub(crate) const fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u32) as usize]
    }

    /// Brings `items` into a drawn order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}

/// Choices of which some are likelier than others.
#[derive(Debug, Clone)]
pub(crate) struct Weighted {
    /// Up to and including each choice, the sum of the weights.
    cumulative: Vec<u64>,
}

impl Weighted {
    /// Weighs the choices `0..weights.len()`; at least one must weigh something.
    pub(crate) fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let mut total = 0;
        let cumulative = weights
            .into_iter()
            .map(|weight| {
                total += weight;
                total
            })
            .collect();
        Self { cumulative }
    }

    /// Weighs `count` choices as shoppers choose products, the first one most.
    ///
    /// Fitted to a year of a real chain: the best seller has about 1 % of the lines, and the last
    /// half of the catalogue hardly any.
    pub(crate) fn popularity(count: u32) -> Self {
        Self::new((0..count).map(|rank| popularity(rank, count)))
    }

    /// Draws a choice.
    pub(crate) fn draw(&self, dice: &mut Dice) -> usize {
        let point = dice.below_large(self.total());
        self.cumulative.partition_point(|sum| *sum <= point)
    }

    /// Returns the sum of all weights.
    pub(crate) fn total(&self) -> u64 {
        self.cumulative.last().copied().unwrap_or(0)
    }

    /// Returns the weight of a choice.
    pub(crate) fn weight(&self, choice: usize) -> u64 {
        let before = if choice == 0 { 0 } else { self.cumulative[choice - 1] };
        self.cumulative[choice] - before
    }
}

/// Returns how popular the choice of this rank is among `count`.
pub(crate) fn popularity(rank: u32, count: u32) -> u64 {
    let (rank, count) = (u64::from(rank), u64::from(count));
    let head = 50_000_000 / (rank + 1);
    let body = 1_000_000_000 / (rank + 1 + count / 340);
    // The tail falls to nothing: a catalogue is full of things that nobody buys this year.
    ((head + body) * (count - rank) / count).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_purposes_draw_apart() {
        let draws = |seed, purpose| {
            let mut dice = Dice::new(seed, purpose);
            [dice.draw(), dice.draw(), dice.draw()]
        };
        assert_eq!(draws(7, "stores"), draws(7, "stores"));
        assert_ne!(draws(7, "stores"), draws(7, "products"));
        assert_ne!(draws(7, "stores"), draws(8, "stores"));
    }

    #[test]
    fn draws_never_change_between_releases() {
        let mut dice = Dice::new(1, "a purpose");
        let drawn = [dice.below(1000), dice.below(1000), dice.below(1000), dice.below(1000)];
        assert_eq!(drawn, [403, 625, 880, 387]);
    }

    #[test]
    fn weighted_choices_come_as_often_as_they_weigh() {
        let weighted = Weighted::new([1, 0, 3]);
        let mut dice = Dice::new(3, "weighing");
        let mut counts = [0_u32; 3];
        for _ in 0..40_000 {
            counts[weighted.draw(&mut dice)] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((9_500..10_500).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<u32> = (0..100).collect();
        Dice::new(5, "cards").shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
