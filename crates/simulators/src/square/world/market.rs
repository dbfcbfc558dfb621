//! The countries the vendor serves: money, taxes, cities, prices.

use serde::{Deserialize, Serialize};

/// A country that a merchant trades in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Country {
    /// The United States, in dollars; taxes on top.
    UnitedStates,
    /// Canada, in dollars; taxes on top.
    Canada,
    /// The United Kingdom, in pounds; taxes included.
    UnitedKingdom,
    /// Ireland, in euros; taxes included.
    Ireland,
    /// Australia, in dollars; taxes included.
    Australia,
    /// Japan, in yen, which have no smaller unit; taxes on top.
    Japan,
}

/// What is alike in all of a country's shops.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) country: &'static str,
    pub(crate) language: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) tax_name: &'static str,
    /// In hundredths of a percent.
    pub(crate) tax_rate: i64,
    /// Whether prices include the tax.
    pub(crate) is_tax_included: bool,
    /// What a price of a hundred American cents is here, in the currency's smallest unit.
    pub(crate) price_level: u32,
    pub(crate) cities: &'static [City],
}

/// Where a store can be.
#[derive(Debug)]
pub(crate) struct City {
    pub(crate) name: &'static str,
    pub(crate) region: &'static str,
    pub(crate) postal_code: &'static str,
    pub(crate) time_zone: &'static str,
}

impl Country {
    /// Returns the market of the country.
    pub(crate) const fn market(self) -> &'static Market {
        match self {
            Self::UnitedStates => &UNITED_STATES,
            Self::Canada => &CANADA,
            Self::UnitedKingdom => &UNITED_KINGDOM,
            Self::Ireland => &IRELAND,
            Self::Australia => &AUSTRALIA,
            Self::Japan => &JAPAN,
        }
    }
}

const fn city(
    name: &'static str,
    region: &'static str,
    postal_code: &'static str,
    time_zone: &'static str,
) -> City {
    City { name, region, postal_code, time_zone }
}

static UNITED_STATES: Market = Market {
    country: "US",
    language: "en-US",
    currency: "USD",
    tax_name: "Sales tax",
    tax_rate: 800,
    is_tax_included: false,
    price_level: 100,
    cities: &[
        city("Portland", "OR", "97201", "America/Los_Angeles"),
        city("Denver", "CO", "80202", "America/Denver"),
        city("Chicago", "IL", "60601", "America/Chicago"),
        city("Boston", "MA", "02108", "America/New_York"),
        city("Phoenix", "AZ", "85004", "America/Phoenix"),
    ],
};

static CANADA: Market = Market {
    country: "CA",
    language: "en-CA",
    currency: "CAD",
    tax_name: "HST",
    tax_rate: 1_300,
    is_tax_included: false,
    price_level: 130,
    cities: &[
        city("Toronto", "ON", "M5H 2N2", "America/Toronto"),
        city("St. John's", "NL", "A1C 5M2", "America/St_Johns"),
        city("Halifax", "NS", "B3J 3K5", "America/Halifax"),
    ],
};

static UNITED_KINGDOM: Market = Market {
    country: "GB",
    language: "en-GB",
    currency: "GBP",
    tax_name: "VAT",
    tax_rate: 2_000,
    is_tax_included: true,
    price_level: 95,
    cities: &[
        city("London", "Greater London", "EC1A 1BB", "Europe/London"),
        city("Leeds", "West Yorkshire", "LS1 4AP", "Europe/London"),
        city("Glasgow", "Scotland", "G2 1AL", "Europe/London"),
    ],
};

static IRELAND: Market = Market {
    country: "IE",
    language: "en-IE",
    currency: "EUR",
    tax_name: "VAT",
    tax_rate: 2_300,
    is_tax_included: true,
    price_level: 110,
    cities: &[
        city("Dublin", "Leinster", "D02 X285", "Europe/Dublin"),
        city("Cork", "Munster", "T12 W8KP", "Europe/Dublin"),
    ],
};

static AUSTRALIA: Market = Market {
    country: "AU",
    language: "en-AU",
    currency: "AUD",
    tax_name: "GST",
    tax_rate: 1_000,
    is_tax_included: true,
    price_level: 155,
    cities: &[
        city("Sydney", "NSW", "2000", "Australia/Sydney"),
        city("Adelaide", "SA", "5000", "Australia/Adelaide"),
        city("Perth", "WA", "6000", "Australia/Perth"),
    ],
};

static JAPAN: Market = Market {
    country: "JP",
    language: "ja-JP",
    currency: "JPY",
    tax_name: "Consumption tax",
    tax_rate: 1_000,
    is_tax_included: false,
    price_level: 150,
    cities: &[
        city("Osaka", "Osaka", "530-0001", "Asia/Tokyo"),
        city("Sapporo", "Hokkaido", "060-0001", "Asia/Tokyo"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_city_is_in_a_time_zone_that_exists() {
        for market in [&UNITED_STATES, &CANADA, &UNITED_KINGDOM, &IRELAND, &AUSTRALIA, &JAPAN] {
            for city in market.cities {
                assert!(jiff::tz::TimeZone::get(city.time_zone).is_ok(), "{}", city.time_zone);
            }
        }
    }
}
