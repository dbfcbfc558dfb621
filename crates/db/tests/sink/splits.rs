//! However records are cut into blocks and batches, the tables end up the same.

use shelfops_ingest::Stream;

use super::desk::{Desk, How, count, sale};
use super::memory_source::Told;
use super::snapshots::{assert_rollups_exact, by_content};
use crate::fixture::on_every_engine;

/// A small generator of numbers that look random: the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        // Constants of Knuth's MMIX; the upper half is the better one.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Lines of which some come again, some newer, none contradicting another.
fn lines(dice: &mut Dice) -> Vec<Told> {
    (0..80)
        .map(|_| {
            let (id, version) = (dice.roll(35), dice.roll(4));
            // What a line says depends on its id and version alone.
            let day = 1 + (id * 7) % 56;
            let at = format!("2026-0{}-{:02}T1{}:00:00Z", 2 + day / 29, 1 + day % 28, id % 10);
            let store = ["s1", "s2"][((id + version) % 2) as usize];
            let product = ["p1", "p2", "p3"][((id + version) % 3) as usize];
            sale(&format!("line-{id}"), store, product, &at)
                .with("quantity", 1 + (id * 3 + version) % 9)
                .with("total_amount", format!("{}.{:02}", id + version, id))
                .with("transaction_type", ["sale", "return"][((id + version) % 2) as usize])
                .with("updated_at", format!("2026-06-01T0{version}:00:00Z"))
        })
        .collect()
}

fn counts(dice: &mut Dice) -> Vec<Told> {
    (0..50)
        .map(|_| {
            let (hour, store, product) = (dice.roll(24), dice.roll(2), dice.roll(3));
            let at = format!("2026-03-0{}T{hour:02}:00:00Z", 1 + dice.roll(9));
            count(["s1", "s2"][store as usize], ["p1", "p2", "p3"][product as usize], &at)
                .with("quantity_on_hand", hour * 3 + store + product)
        })
        .collect()
}

#[tokio::test]
async fn any_split_into_batches_gives_the_same_tables() {
    on_every_engine(async |fixture| {
        for seed in 1..=2 {
            let mut dice = Dice(seed);
            let (lines, counts) = (lines(&mut dice), counts(&mut dice));
            let mut expected = None;
            for (number, (batch, block)) in
                [(100_000, 5_000), (1, 1), (7, 3), (40, 11)].into_iter().enumerate()
            {
                // One record a batch is slow: once is enough.
                if batch == 1 && seed > 1 {
                    continue;
                }
                let desk = Desk::open(fixture, &format!("s{seed}-{number}"), "UTC").await;
                desk.stock().await;
                let how = How::from("file").split(batch, block);
                desk.load(Stream::Transactions, &lines, &how).await;
                desk.load(Stream::Inventory, &counts, &how).await;
                let found = by_content(fixture, &desk).await;
                assert_eq!(
                    *expected.get_or_insert_with(|| found.clone()),
                    found,
                    "{batch} {block}"
                );
                assert_rollups_exact(fixture, &desk).await;
                assert!(desk.waiting().await.is_empty());
            }
        }
    })
    .await;
}
