//! How many shoppers pay in which hour.

use jiff::civil::DateTime;

use super::merchant_config::Rush;
use super::stores::Stores;
use crate::dice::{Dice, mix};
use crate::square::moment::{DAY, HOUR, Moment};

/// How busy each hour of the day is; stores are open where it is not nought.
const HOURS: [u64; 24] =
    [0, 0, 0, 0, 0, 0, 0, 0, 25, 45, 62, 78, 96, 84, 70, 72, 88, 112, 118, 84, 46, 0, 0, 0];

/// How busy each weekday is from Monday, in percent of the average.
const WEEKDAYS: [u64; 7] = [88, 86, 90, 98, 118, 136, 84];

/// How busy each month is, in percent of the average.
const MONTHS: [u64; 12] = [88, 90, 96, 98, 100, 100, 97, 98, 99, 102, 110, 122];

/// A shopper at the till.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Trip {
    /// When the sale is paid.
    pub(crate) at: Moment,
    pub(crate) store: u16,
    /// What the shopper's dice start from.
    pub(crate) chance: u64,
}

/// Returns the trips of the hour that begins at `slot`, in order of time.
///
/// It follows from the seed and the hour alone, however the clock got there.
pub(crate) fn trips(
    stores: &Stores,
    (seed, orders_per_day): (u64, u32),
    slot: Moment,
) -> Vec<Trip> {
    let mut trips = Vec::new();
    for (number, store) in (0_u16..).zip(&stores.all).filter(|(_, store)| store.is_active) {
        let local = store.time_zone.to_datetime(slot.timestamp());
        let weight = busyness(local);
        if weight == 0 {
            continue;
        }
        let of_store = mix(seed ^ u64::from(number));
        let mut dice = Dice::new(mix(of_store ^ slot.0 as u64), "trips");
        // The weather: a store's day is up to 15 % better or worse than it should be.
        let day = slot.0.div_euclid(DAY) as u64;
        let weather = 85 + mix(of_store ^ mix(day)) % 31;
        let share = stores.shares.weight(usize::from(number));
        let expected =
            u128::from(orders_per_day) * u128::from(share) * u128::from(weight * weather) * 1_000
                / (u128::from(stores.shares.total()) * u128::from(whole_day()) * 100);
        let whole = (expected / 1_000) as u32;
        let count = whole + u32::from(dice.per_mille((expected % 1_000) as u32));
        trips.extend((0..count).map(|_| Trip {
            at: slot.plus(i64::from(dice.below(HOUR as u32))),
            store: number,
            chance: dice.draw(),
        }));
    }
    trips.sort_unstable();
    trips
}

/// Returns the trips of a rush in the hour that begins at `slot`: any store that is open at all may be
/// chosen, at any time.
pub(crate) fn rush_trips(stores: &Stores, (seed, rush): (u64, &Rush), slot: Moment) -> Vec<Trip> {
    let begins = rush.since.0.div_euclid(HOUR) * HOUR;
    let active: Vec<u16> =
        (0_u16..).zip(&stores.all).filter(|(_, store)| store.is_active).map(|(at, _)| at).collect();
    if slot.0 < begins || active.is_empty() {
        return Vec::new();
    }
    let mut dice = Dice::new(mix(seed ^ mix(slot.0 as u64)), "rush");
    let trip = |_| Trip {
        at: slot.plus(i64::from(dice.below(HOUR as u32))),
        store: active[dice.below(active.len() as u32) as usize],
        chance: dice.draw(),
    };
    (0..rush.orders_per_hour).map(trip).collect()
}

/// Returns how busy an hour is, in parts of [`whole_day`].
fn busyness(local: DateTime) -> u64 {
    let weekday = WEEKDAYS[local.weekday().to_monday_zero_offset() as usize];
    let month = MONTHS[local.month() as usize - 1];
    HOURS[local.hour() as usize] * weekday * month * holiday_percent(local)
}

/// Returns the weights of all hours of an average day.
fn whole_day() -> u64 {
    HOURS.iter().sum::<u64>() * 100 * 100 * 100
}

/// Returns how busy a date is beside its month and weekday.
fn holiday_percent(local: DateTime) -> u64 {
    match (local.month(), local.day()) {
        (12, 25) | (1, 1) => 0,
        (12, 18..=24) => 140,
        (11, 24..=30) => 125,
        _ => 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::square::MerchantConfig;

    fn stores(count: u16) -> Stores {
        let config = MerchantConfig { store_count: count, ..MerchantConfig::default() };
        Stores::open(&config, config.country.market(), (3, Moment(0))).unwrap()
    }

    fn day_of(stores: &Stores, orders_per_day: u32, first: Moment) -> usize {
        (0..24).map(|hour| trips(stores, (5, orders_per_day), first.plus(hour * HOUR)).len()).sum()
    }

    #[test]
    fn a_week_has_about_what_it_should_and_saturday_beats_monday() {
        let stores = stores(4);
        let monday = Moment::parse("2026-05-04T00:00:00Z").unwrap();
        let days: Vec<usize> =
            (0..7).map(|day| day_of(&stores, 2_000, monday.plus(day * DAY))).collect();
        let week: usize = days.iter().sum();
        assert!((12_500..15_500).contains(&week), "{days:?}");
        assert!(days[5] > days[0] * 12 / 10, "{days:?}");
    }

    #[test]
    fn nobody_shops_at_night_or_on_christmas_day() {
        let stores = stores(1);
        let night = Moment::parse("2026-05-04T11:00:00Z").unwrap();
        assert!(trips(&stores, (5, 100_000), night).is_empty(), "four in the morning");
        let christmas = Moment::parse("2026-12-25T20:00:00Z").unwrap();
        assert!(trips(&stores, (5, 100_000), christmas).is_empty());
    }
}
