//! The catalog of a merchant: items with their variations, and what they refer to.

use super::range::{ADJECTIVES, CATEGORIES, Category};
use crate::dice::{Dice, Weighted};
use crate::square::moment::{DAY, Moment};

/// What promotions take off, in percent; each is a discount of the catalog.
pub(crate) const PROMOTIONS: [u8; 4] = [10, 15, 20, 30];

/// What every object of the catalog has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meta {
    pub(crate) updated: Moment,
    pub(crate) is_deleted: bool,
}

/// An item.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) meta: Meta,
    /// What it was called one after the other; the last is what it is called.
    names: Vec<String>,
    pub(crate) category: u8,
    pub(crate) is_archived: bool,
    /// The stores that do not have it.
    pub(crate) absent_at: Vec<u16>,
    pub(crate) variations: Vec<u32>,
}

/// A variation of an item: what is sold and counted.
#[derive(Debug, Clone)]
pub(crate) struct Variation {
    pub(crate) meta: Meta,
    pub(crate) item: u32,
    pub(crate) name: &'static str,
    pub(crate) sku: Option<String>,
    pub(crate) upc: Option<String>,
    /// The price in the smallest unit, or none where the till asks for it.
    pub(crate) price: Option<u32>,
    pub(crate) is_weighed: bool,
    pub(crate) is_taxed: bool,
    /// Stores with a price of their own.
    pub(crate) overrides: Vec<(u16, u32)>,
}

/// The whole catalog.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) items: Vec<Item>,
    pub(crate) variations: Vec<Variation>,
    /// When the categories, taxes, discounts and units were made.
    pub(crate) founded: Moment,
    /// When anything changed last.
    pub(crate) latest: Moment,
    /// The variations on sale, the most popular first.
    on_sale: Vec<u32>,
    popularity: Weighted,
}

impl Item {
    /// Returns what it is called.
    pub(crate) fn name(&self) -> &str {
        self.name_of(self.name_number())
    }

    /// Returns which of its names that is: orders keep the one that they were made under.
    pub(crate) const fn name_number(&self) -> u8 {
        self.names.len().saturating_sub(1) as u8
    }

    /// Returns one of its names.
    pub(crate) fn name_of(&self, number: u8) -> &str {
        self.names.get(usize::from(number)).map_or("", String::as_str)
    }
}

impl Variation {
    /// Whether stock is counted: not for what the till asks a price for.
    pub(crate) const fn is_tracked(&self) -> bool {
        self.price.is_some()
    }

    /// Returns the price at a store.
    pub(crate) fn price_at(&self, store: u16) -> Option<u32> {
        let own = self.overrides.iter().find(|(at, _)| *at == store);
        own.map(|(_, price)| *price).or(self.price)
    }
}

impl Catalog {
    /// Makes up a catalog that is there before `start`.
    pub(crate) fn found(
        item_count: u32,
        (store_count, price_level): (u16, u32),
        (seed, start): (u64, Moment),
    ) -> Self {
        let founded = start.plus(-400 * DAY);
        let mut catalog = Self {
            items: Vec::new(),
            variations: Vec::new(),
            founded,
            latest: founded,
            on_sale: Vec::new(),
            popularity: Weighted::popularity(1),
        };
        let mut dice = Dice::new(seed, "catalog");
        for _ in 0..item_count {
            let updated = founded
                .plus(i64::from(dice.between(0, 390)) * DAY + i64::from(dice.below(80_000_000)));
            catalog.add_item((store_count, price_level), updated, &mut dice);
        }
        catalog.rank();
        catalog
    }

    /// Adds a made-up item and returns its number; call [`Self::rank`] to have it sold.
    pub(crate) fn add_item(
        &mut self,
        (store_count, price_level): (u16, u32),
        updated: Moment,
        dice: &mut Dice,
    ) -> u32 {
        let number = self.items.len() as u32;
        // Categories take turns, so that even a small catalog has weighed goods.
        let category = number as usize % CATEGORIES.len();
        let shelf = &CATEGORIES[category];
        let round = number as usize / CATEGORIES.len() / (ADJECTIVES.len() * shelf.nouns.len());
        let name = format!("{} {}", dice.pick(ADJECTIVES), dice.pick(shelf.nouns));
        let name = if round == 0 { name } else { format!("{name} No. {}", round + 1) };
        let meta = Meta { updated, is_deleted: false };
        let variation_count = dice.between(1, shelf.variations.len() as u32) as usize;
        let mut variations = Vec::with_capacity(variation_count);
        for name in &shelf.variations[..variation_count] {
            variations.push(self.variations.len() as u32);
            let variation = self.made_up(name, (number, shelf), (store_count, price_level), dice);
            self.variations.push(Variation { meta, ..variation });
        }
        let absent_at = (1..store_count).filter(|_| dice.per_mille(15)).collect();
        self.items.push(Item {
            meta,
            names: vec![name],
            category: category as u8,
            is_archived: false,
            absent_at,
            variations,
        });
        self.latest = self.latest.max(updated);
        number
    }

    /// Makes up a variation of an item.
    fn made_up(
        &self,
        name: &'static str,
        (item, shelf): (u32, &Category),
        (store_count, price_level): (u16, u32),
        dice: &mut Dice,
    ) -> Variation {
        let (low, high) = shelf.price_cents;
        // Most prices are nearer the low end.
        let cents = dice.between(low, high).min(dice.between(low, high));
        let price = (cents * price_level / 100).max(1);
        let overrides = (0..store_count)
            .filter(|_| dice.per_mille(20))
            .map(|store| (store, (price * 95 / 100).max(1)))
            .collect();
        let code = self.variations.len();
        // Shelf labels are a mess in real catalogs: some have none, some share one.
        let sku = match dice.below(100) {
            0..=2 => None,
            3 => Some("MISC-1".to_owned()),
            _ => Some(format!("{}-{code:05}", &shelf.name[..3].to_ascii_uppercase())),
        };
        Variation {
            meta: Meta { updated: self.founded, is_deleted: false },
            item,
            name,
            sku,
            upc: dice.per_mille(700).then(|| format!("{:012}", 12_000_000_000 + code as u64 * 7)),
            price: (!dice.per_mille(8)).then_some(price),
            is_weighed: shelf.is_weighed,
            is_taxed: shelf.is_taxed,
            overrides,
        }
    }

    /// Works out anew what is on sale and how popular it is.
    pub(crate) fn rank(&mut self) {
        let is_on_sale = |variation: &Variation| {
            let item = &self.items[variation.item as usize];
            !variation.meta.is_deleted && !item.meta.is_deleted && !item.is_archived
        };
        self.on_sale = (0_u32..)
            .zip(&self.variations)
            .filter(|(_, variation)| is_on_sale(variation))
            .map(|(number, _)| number)
            .collect();
        // Any fixed order that has nothing to do with names or categories.
        self.on_sale.sort_by_key(|number| crate::dice::mix(u64::from(*number)));
        self.popularity = Weighted::popularity((self.on_sale.len() as u32).max(1));
    }

    /// Returns which of its item's names a variation is sold under now.
    pub(crate) fn name_number(&self, variation: u32) -> u8 {
        self.items[self.variations[variation as usize].item as usize].name_number()
    }

    /// Draws what a shopper takes, if anything is on sale at all.
    pub(crate) fn choose(&self, dice: &mut Dice) -> Option<u32> {
        let place = self.popularity.draw(dice);
        self.on_sale.get(place).copied()
    }

    /// Returns each variation on sale with its share of what is sold, in millionths.
    pub(crate) fn demand(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        let total = self.popularity.total().max(1);
        self.on_sale.iter().enumerate().map(move |(place, number)| {
            (*number, self.popularity.weight(place) * 1_000_000 / total)
        })
    }

    /// Changes a variation's price, everywhere or at one store.
    pub(crate) fn set_price(
        &mut self,
        variation: u32,
        store: Option<u16>,
        price: u32,
        now: Moment,
    ) {
        let entry = &mut self.variations[variation as usize];
        match store {
            None => entry.price = Some(price),
            Some(store) => {
                entry.overrides.retain(|(at, _)| *at != store);
                entry.overrides.push((store, price));
            }
        }
        entry.meta.updated = now;
        self.latest = now;
    }

    /// Deletes an item with its variations.
    pub(crate) fn delete_item(&mut self, item: u32, now: Moment) {
        let entry = &mut self.items[item as usize];
        entry.meta = Meta { updated: now, is_deleted: true };
        for variation in &entry.variations {
            self.variations[*variation as usize].meta = entry.meta;
        }
        self.latest = now;
        self.rank();
    }

    /// Deletes a variation.
    pub(crate) fn delete_variation(&mut self, variation: u32, now: Moment) {
        self.variations[variation as usize].meta = Meta { updated: now, is_deleted: true };
        self.latest = now;
        self.rank();
    }

    /// Gives an item another name.
    pub(crate) fn rename_item(&mut self, item: u32, name: &str, now: Moment) {
        let entry = &mut self.items[item as usize];
        // As many as a line can tell apart; beyond that the last one makes room.
        entry.names.truncate(usize::from(u8::MAX));
        entry.names.push(name.to_owned());
        entry.meta.updated = now;
        self.latest = now;
    }

    /// Takes an item off sale without deleting it.
    pub(crate) fn archive_item(&mut self, item: u32, now: Moment) {
        let entry = &mut self.items[item as usize];
        entry.is_archived = true;
        entry.meta.updated = now;
        self.latest = now;
        self.rank();
    }
}
