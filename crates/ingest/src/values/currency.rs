//! ISO 4217 currencies and the smallest unit that each can be paid in.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A currency of ISO 4217 that money can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

/// A code that stands for no currency.
#[derive(Debug, thiserror::Error)]
pub enum UnknownCurrency {
    /// ISO 4217 does not list it.
    #[error("'{0}' is no currency of ISO 4217")]
    Unlisted(String),
    /// ISO 4217 lists it for what is no money.
    #[error("'{code}' is no currency: ISO 4217 keeps it for {meaning}")]
    Reserved {
        /// The code.
        code: &'static str,
        /// What it stands for.
        meaning: &'static str,
    },
}

impl Currency {
    /// Reads a three-letter code in either case.
    ///
    /// # Errors
    /// Refuses a code that ISO 4217 does not list, and those that it lists for no currency and for tests.
    pub fn parse(raw: &str) -> Result<Self, UnknownCurrency> {
        let code = raw.trim();
        let listed = iso_currency::Currency::from_code(code)
            .or_else(|| iso_currency::Currency::from_code(&code.to_ascii_uppercase()))
            .ok_or_else(|| UnknownCurrency::Unlisted(code.to_owned()))?;
        let reserved = |meaning| UnknownCurrency::Reserved { code: listed.code(), meaning };
        match listed {
            iso_currency::Currency::XXX => Err(reserved("amounts without a currency")),
            iso_currency::Currency::XTS => Err(reserved("tests")),
            _ => Ok(Self(listed)),
        }
    }

    /// Returns the three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Returns how many decimals the smallest unit has: 2 for USD, 0 for JPY, 3 for KWD.
    pub fn decimals(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}
