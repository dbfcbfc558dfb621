//! Which day of which store is compared: a day is over when it is by the store's own clock.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use shelfops_db::models::{Integration, Tenant};
use shelfops_ingest::values::{StoreZones, Text};

use crate::ops::{Context, OpError};

/// How long after a day's end it is compared at the earliest: what its last hour brought has been read.
const REST: SignedDuration = SignedDuration::from_hours(2);

/// How far apart two daily comparisons are at most: clocks are put back in between once a year.
const APART: SignedDuration = SignedDuration::from_hours(25);

/// How many days before those that are due are compared again where they differed: as many as tills may be late.
const UNSETTLED: i64 = 3;

/// How many days that were missed are made up for.
const MOST_MISSED: i64 = 31;

/// Which days are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Days {
    /// This one, by every store's clock.
    Of(Date),
    /// Those that ended since the comparison a day before this moment. Of a store whose clock is far
    /// behind the tenant's, that is the day before the one of the others.
    EndedBy(Timestamp),
}

impl Days {
    /// Whether a day with that end is one of them.
    pub(super) fn has(self, end: Timestamp) -> bool {
        match self {
            Self::Of(_) => true,
            Self::EndedBy(at) => {
                let last = at - REST;
                last - APART < end && end <= last
            }
        }
    }
}

/// The clocks of a tenant's stores.
pub(super) struct StoreClocks {
    zones: StoreZones,
    /// Every clock once.
    distinct: Vec<TimeZone>,
}

impl StoreClocks {
    /// Reads the clocks of the stores of one of the tenant's systems.
    pub(super) async fn load(
        context: &Context,
        tenant: &Tenant,
        integration: &Integration,
    ) -> Result<Self, OpError> {
        let tx = context.database().await?.tenant(tenant.customer_id).await?;
        let zones = tx.store_zones(&integration.source).await?;
        let settings = tx.settings().await?;
        tx.commit().await?;
        Ok(Self::new(settings.time_zone, zones))
    }

    fn new(default: TimeZone, zones: Vec<(Text, TimeZone)>) -> Self {
        let mut distinct = vec![default.clone()];
        for (_, zone) in &zones {
            if !distinct.contains(zone) {
                distinct.push(zone.clone());
            }
        }
        Self { zones: StoreZones::by_store(default, zones), distinct }
    }

    /// Returns from which day on one that differed is compared again: what made it differ may be mended, and
    /// tills tell of sales days later.
    pub(super) fn unsettled_from(&self, which: Days) -> Date {
        let days = self.days(which);
        let first = days.first().copied().unwrap_or(Date::MAX);
        first.checked_sub(UNSETTLED.days()).unwrap_or(first)
    }

    /// Returns the days before those that nobody has compared since the first that was: nobody worked, the
    /// connection was paused or ended, or comparing failed again and again. Stores of one clock count as one:
    /// one that is closed is compared no more.
    pub(super) fn missed(
        &self,
        which: Days,
        compared: &BTreeMap<String, BTreeSet<Date>>,
    ) -> BTreeSet<Date> {
        let mut missed = BTreeSet::new();
        let Days::EndedBy(at) = which else { return missed };
        for zone in &self.distinct {
            let is_here = |store: &str| self.zones.zone_of(Some(&Text::new(store))) == zone;
            let days: BTreeSet<Date> = compared
                .iter()
                .filter(|(store, _)| is_here(store))
                .flat_map(|(_, days)| days.iter().copied())
                .collect();
            let Some(first) = days.first() else { continue };
            let Some(next) = due_in(zone, at, which).last() else { continue };
            let back = (1..=MOST_MISSED).filter_map(|back| next.checked_sub(back.days()).ok());
            missed.extend(back.filter(|day| first < day && !days.contains(day)));
        }
        missed
    }

    /// Returns the days that are compared of any store, oldest first.
    pub(super) fn days(&self, which: Days) -> BTreeSet<Date> {
        let at = match which {
            Days::Of(day) => return BTreeSet::from([day]),
            Days::EndedBy(at) => at,
        };
        let mut days = BTreeSet::new();
        for zone in &self.distinct {
            days.extend(due_in(zone, at, which));
        }
        days
    }

    /// Returns when a store's day begins and when the next one does.
    pub(super) fn span_of(
        &self,
        store: &str,
        day: Date,
    ) -> Result<(Timestamp, Timestamp), OpError> {
        let zone = self.zones.zone_of(Some(&Text::new(store)));
        span_in(zone, day).map_err(|error| {
            OpError::usage(format!("{day} is no day that can be compared: {error}"))
        })
    }
}

/// Returns the days that are due by one clock, newest first.
fn due_in(zone: &TimeZone, at: Timestamp, which: Days) -> impl Iterator<Item = Date> {
    let today = zone.to_datetime(at).date();
    (1..=3).filter_map(move |back| {
        let day = today.checked_sub(back.days()).ok()?;
        span_in(zone, day).is_ok_and(|span| which.has(span.1)).then_some(day)
    })
}

fn span_in(zone: &TimeZone, day: Date) -> Result<(Timestamp, Timestamp), jiff::Error> {
    let starts = |day: Date| day.to_zoned_datetime(zone.clone()).map(|zoned| zoned.timestamp());
    Ok((starts(day)?, starts(day.tomorrow()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn clocks(default: &str, stores: &[(&str, &str)]) -> StoreClocks {
        let stores = stores.iter().map(|(store, name)| (Text::new(store), zone(name)));
        StoreClocks::new(zone(default), stores.collect())
    }

    #[test]
    fn days_that_nobody_compared_are_made_up_for() {
        let march = |day| jiff::civil::date(2026, 3, day);
        let clocks = clocks(
            "America/New_York",
            &[("east", "America/New_York"), ("west", "America/Los_Angeles")],
        );
        let missed = |day: Date, east: &[Date], west: &[Date]| {
            let compared = [("east", east), ("west", west)]
                .map(|(store, days)| (store.to_owned(), days.iter().copied().collect()));
            let which = Days::EndedBy(at_four("America/New_York", day));
            clocks.missed(which, &compared.into()).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(missed(march(6), &[], &[]), [], "nothing before the first is missed");
        let every = [march(3), march(4)];
        assert_eq!(missed(march(6), &every, &[march(2), march(3)]), [], "each by its own clock");
        // The run of the fifth failed: in the west the third was due then, and in the east the fourth.
        assert_eq!(
            missed(march(6), &[march(2), march(3)], &[march(1), march(2)]),
            [march(3), march(4)]
        );
        let year_later = missed(jiff::civil::date(2027, 3, 6), &[march(2)], &[]);
        assert_eq!(year_later.len(), 31, "{year_later:?}");
    }

    #[test]
    fn days_that_differed_are_compared_again_for_three_days() {
        let clocks = clocks("UTC", &[("HI", "Pacific/Honolulu")]);
        let march = |day| jiff::civil::date(2026, 3, day);
        let due = Days::EndedBy(at_four("UTC", march(10)));
        assert_eq!(clocks.days(due), BTreeSet::from([march(8), march(9)]));
        assert_eq!(clocks.unsettled_from(due), march(5));
    }

    fn at_four(name: &str, day: Date) -> Timestamp {
        day.at(4, 0, 0, 0).to_zoned_datetime(zone(name)).unwrap().timestamp()
    }

    /// What a year of daily comparisons at four by the tenant's clock compares of a store.
    fn compared(clocks: &StoreClocks, default: &str, store: &str) -> Vec<Date> {
        let mut all = Vec::new();
        let mut day = jiff::civil::date(2026, 1, 1);
        while day.year() < 2027 {
            let at = at_four(default, day);
            let which = Days::EndedBy(at);
            for compared in clocks.days(which) {
                let end = clocks.span_of(store, compared).unwrap().1;
                if which.has(end) {
                    assert!(end <= at - REST, "{compared} is over at {store}");
                    all.push(compared);
                }
            }
            day = day.tomorrow().unwrap();
        }
        all
    }

    #[test]
    fn a_day_that_is_not_over_in_honolulu_is_compared_there_a_day_later() {
        let stores = [("NY", "America/New_York"), ("HI", "Pacific/Honolulu")];
        let clocks = clocks("America/New_York", &stores);
        let at: Timestamp = "2026-11-27T09:00:00Z".parse().unwrap();
        let which = Days::EndedBy(at);
        let days: Vec<String> = clocks.days(which).iter().map(Date::to_string).collect();
        assert_eq!(days, ["2026-11-25", "2026-11-26"]);
        let of = |store: &str| -> Vec<String> {
            let wanted = clocks.days(which).into_iter();
            let wanted = wanted.filter(|day| which.has(clocks.span_of(store, *day).unwrap().1));
            wanted.map(|day| day.to_string()).collect()
        };
        assert_eq!((of("NY"), of("HI")), (vec!["2026-11-26".into()], vec!["2026-11-25".into()]));
    }

    #[test]
    fn no_day_of_any_store_is_left_out_in_a_year_whatever_clocks_do() {
        let names = [
            "UTC",
            "America/New_York",
            "Pacific/Honolulu",
            "Pacific/Kiritimati",
            "Europe/Berlin",
            "America/Los_Angeles",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
        ];
        let stores: Vec<(&str, &str)> = names.iter().map(|name| (*name, *name)).collect();
        for default in names {
            let clocks = clocks(default, &stores);
            for store in names {
                let mut all = compared(&clocks, default, store);
                all.sort();
                all.dedup();
                let gap = all.windows(2).find(|pair| pair[0].tomorrow().unwrap() != pair[1]);
                assert_eq!(gap, None, "{default}, {store}");
                assert!(all.len() >= 362, "{default}, {store}: {}", all.len());
            }
        }
    }

    #[test]
    fn a_day_that_is_asked_for_is_that_of_every_store() {
        let day = jiff::civil::date(2026, 3, 8);
        let clocks = clocks("UTC", &[("NY", "America/New_York")]);
        assert_eq!(clocks.days(Days::Of(day)), BTreeSet::from([day]));
        let (from, until) = clocks.span_of("NY", day).unwrap();
        assert_eq!(until.duration_since(from), SignedDuration::from_hours(23));
    }
}
