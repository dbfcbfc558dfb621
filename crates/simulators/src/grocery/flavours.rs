//! Where a retailer trades: cities, currency, fuel, and when people shop.

/// The country a retailer is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// United States: dollars, four time zones, open late, busiest on Sundays.
    American,
    /// United Kingdom and Ireland: pounds, busiest on Saturdays.
    British,
    /// The euro area: shut early, and nearly on Sundays.
    Continental,
}

/// What a flavour decides.
#[derive(Debug)]
pub(super) struct Profile {
    /// The currency of every amount.
    pub(super) currency: &'static str,
    /// Where stores stand.
    pub(super) cities: &'static [City],
    /// How busy each day is, from Monday.
    pub(super) weekday_weights: [u64; 7],
    /// The hours in which stores are open.
    pub(super) opening_hours: std::ops::Range<usize>,
    /// The price of a thousand units of fuel: units are thousandths of a gallon, or millilitres.
    pub(super) fuel_cents: u32,
    /// The smallest and the largest fill of a tank, in those units.
    pub(super) tank_units: (u32, u32),
}

/// A place with stores.
#[derive(Debug)]
pub(super) struct City {
    pub(super) name: &'static str,
    pub(super) region: &'static str,
    pub(super) country: &'static str,
    pub(super) time_zone: &'static str,
}

/// How busy each hour is, for those that are opening hours.
pub(super) const HOUR_WEIGHTS: [u64; 24] =
    [0, 0, 0, 0, 0, 1, 2, 4, 8, 15, 30, 42, 54, 60, 63, 72, 90, 100, 98, 84, 66, 46, 28, 12];

const fn city(
    name: &'static str,
    region: &'static str,
    country: &'static str,
    time_zone: &'static str,
) -> City {
    City { name, region, country, time_zone }
}

static AMERICAN: Profile = Profile {
    currency: "USD",
    cities: &[
        city("Columbus", "Ohio", "US", "America/New_York"),
        city("Chicago", "Illinois", "US", "America/Chicago"),
        city("Denver", "Colorado", "US", "America/Denver"),
        city("Portland", "Oregon", "US", "America/Los_Angeles"),
        city("Atlanta", "Georgia", "US", "America/New_York"),
        city("Phoenix", "Arizona", "US", "America/Phoenix"),
        city("St. Louis", "Missouri", "US", "America/Chicago"),
        city("Pittsburgh", "Pennsylvania", "US", "America/New_York"),
        city("Houston", "Texas", "US", "America/Chicago"),
        city("Sacramento", "California", "US", "America/Los_Angeles"),
    ],
    weekday_weights: [100, 95, 89, 90, 94, 121, 132],
    opening_hours: 6..23,
    fuel_cents: 242,
    tank_units: (3_000, 20_000),
};

static BRITISH: Profile = Profile {
    currency: "GBP",
    cities: &[
        city("London", "England", "GB", "Europe/London"),
        city("Leeds", "England", "GB", "Europe/London"),
        city("Cardiff", "Wales", "GB", "Europe/London"),
        city("Glasgow", "Scotland", "GB", "Europe/London"),
        city("Bristol", "England", "GB", "Europe/London"),
        city("Belfast", "Northern Ireland", "GB", "Europe/London"),
        city("Norwich", "England", "GB", "Europe/London"),
    ],
    weekday_weights: [88, 86, 90, 100, 120, 132, 84],
    opening_hours: 7..22,
    fuel_cents: 143,
    tank_units: (10_000, 60_000),
};

static CONTINENTAL: Profile = Profile {
    currency: "EUR",
    cities: &[
        city("Köln", "Nordrhein-Westfalen", "DE", "Europe/Berlin"),
        city("Lyon", "Auvergne-Rhône-Alpes", "FR", "Europe/Paris"),
        city("València", "Comunitat Valenciana", "ES", "Europe/Madrid"),
        city("Porto", "Norte", "PT", "Europe/Lisbon"),
        city("Gent", "Oost-Vlaanderen", "BE", "Europe/Brussels"),
        city("Graz", "Steiermark", "AT", "Europe/Vienna"),
        city("Tampere", "Pirkanmaa", "FI", "Europe/Helsinki"),
        city("Utrecht", "Utrecht", "NL", "Europe/Amsterdam"),
    ],
    weekday_weights: [105, 98, 98, 104, 128, 138, 9],
    opening_hours: 7..21,
    fuel_cents: 168,
    tank_units: (10_000, 60_000),
};

impl Flavour {
    /// Returns what the flavour decides.
    pub(super) const fn profile(self) -> &'static Profile {
        match self {
            Self::American => &AMERICAN,
            Self::British => &BRITISH,
            Self::Continental => &CONTINENTAL,
        }
    }
}
