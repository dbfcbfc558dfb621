//! Which column of a file holds which field, and how the file writes its values.
//!
//! ```toml
//! source = "tills"                 # the default for --source
//! time_format = "iso"              # or compact, day-first, month-first, epoch-seconds, …
//! time_zone = "store"              # or one IANA name such as "UTC"
//! number_format = "plain"          # or comma-groups, point-groups
//! currency = "USD"                 # of records that state none
//! encoding = "windows-1252"        # of a text file that is not UTF-8 or UTF-16
//! delimiter = ";"                  # of a CSV file; seen from its header unless told
//! negative_quantity = "return"     # or refuse
//! guess = true                     # whether fields that are not mapped look for a column
//!
//! [columns]
//! store = "shop"                                         # a column
//! external_id = "{receipt}:{line}"                       # a template; {line?} may be empty
//! product = { column = "upc", otherwise = "sku" }        # the first that is not empty
//! transaction_type = { column = "typ", words = { V = "sale", R = "return" } }
//! discount_amount = { sum = ["coupon", "member"] }       # exact
//! currency = { constant = "USD" }                        # "" leaves the field out
//! ```

mod builtin;
mod column_rule;
mod columns;
mod compile;
mod error;
mod evaluate;
mod explain;
mod guess;
pub(crate) mod nearest;
mod plan;
mod raw;
mod settings;
mod template;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use shelfops_ingest::SourceName;
use shelfops_ingest::values::{Conventions, Currency, NumberFormat, StoreZones, TimeFormat};

pub(crate) use column_rule::ColumnRule;
pub(crate) use columns::{Columns, Completeness};
pub use error::{MappingError, MissingFields};
pub(crate) use evaluate::Scratch;
pub use explain::{Explanation, FieldExplanation, Origin};
pub(crate) use plan::ColumnPlan;
pub use raw::{RawMapper, draft_from_raw};
pub use settings::{ClockSetting, Delimiter, NegativeQuantity, TextEncoding};

use nearest::{did_you_mean, listed, nearest};

/// Which column holds which field, and how values are written.
///
/// What it does not say is guessed from the column names, unless `guess` is off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// The name of the source that the records come from, where the command does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceName>,
    /// How dates are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_format: Option<TimeFormat>,
    /// By whose clock local times are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<ClockSetting>,
    /// How numbers are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_format: Option<NumberFormat>,
    /// The currency of records that state none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The encoding of a text file, where it is neither UTF-8 nor UTF-16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<TextEncoding>,
    /// What stands between the fields of a CSV record; looked up in the header unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Delimiter>,
    /// What a negative quantity means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_quantity: Option<NegativeQuantity>,
    /// Whether fields that are not mapped look for a column by name.
    #[serde(skip_serializing_if = "is_true")]
    pub guess: bool,
    /// Where the text of each field comes from.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    columns: BTreeMap<String, ColumnRule>,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            source: None,
            time_format: None,
            time_zone: None,
            number_format: None,
            currency: None,
            encoding: None,
            delimiter: None,
            negative_quantity: None,
            guess: true,
            columns: BTreeMap::new(),
        }
    }
}

impl Mapping {
    const SETTINGS: [&'static str; 10] = [
        "source",
        "time_format",
        "time_zone",
        "number_format",
        "currency",
        "encoding",
        "delimiter",
        "negative_quantity",
        "guess",
        "columns",
    ];

    /// Reads a mapping from TOML.
    ///
    /// # Errors
    /// Says where the text is no mapping; a misspelt setting is answered with the nearest one.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let syntax = |error| MappingError::Syntax(Box::new(error));
        let table: toml::Table = toml::from_str(text).map_err(syntax)?;
        let unknown = table.keys().find(|key| !Self::SETTINGS.contains(&key.as_str()));
        if let Some(setting) = unknown {
            return Err(MappingError::UnknownSetting {
                setting: setting.clone(),
                hint: did_you_mean(nearest(setting, Self::SETTINGS)),
                known: listed(Self::SETTINGS.into_iter()),
            });
        }
        toml::from_str(text).map_err(syntax)
    }

    /// Reads the mapping of that name that comes with the program, or else the file of that name.
    ///
    /// # Errors
    /// Fails when there is neither, or when the file is no mapping.
    pub fn load(name: &str) -> Result<Self, MappingError> {
        if let Some(builtin) = Self::builtin(name) {
            return Ok(builtin);
        }
        let path = Path::new(name);
        let text = std::fs::read_to_string(path).map_err(|source| MappingError::Unreadable {
            path: path.to_owned(),
            builtin: listed(Self::builtin_names()),
            source,
        })?;
        Self::parse(&text)
    }

    /// Tells this mapping from others, in 32 hexadecimal digits: a part of the name under which
    /// databases keep how far a file was read, so it is the same in every release.
    pub fn fingerprint(&self) -> String {
        // A mapping always makes JSON, with its columns in the order of their names.
        let text = serde_json::to_string(self).unwrap_or_default();
        let mut digits = blake3::hash(text.as_bytes()).to_hex().to_string();
        digits.truncate(32);
        digits
    }

    /// Returns how values are written: what the mapping says, and `defaults` where it is silent.
    ///
    /// The defaults' zones should know every store's clock, which is what `time_zone = "store"`
    /// asks for.
    pub fn conventions(&self, defaults: &Conventions) -> Conventions {
        let zones = match &self.time_zone {
            Some(ClockSetting::Zone(zone)) => StoreZones::single(zone.clone()),
            Some(ClockSetting::Store) | None => defaults.zones.clone(),
        };
        let negative_quantity_is_return = match self.negative_quantity {
            Some(NegativeQuantity::Return) => true,
            Some(NegativeQuantity::Refuse) => false,
            None => defaults.negative_quantity_is_return,
        };
        Conventions {
            time_format: self.time_format.unwrap_or(defaults.time_format),
            number_format: self.number_format.unwrap_or(defaults.number_format),
            zones,
            currency: self.currency.or(defaults.currency),
            negative_quantity_is_return,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
const fn is_true(value: &bool) -> bool {
    *value
}

#[cfg(test)]
mod tests;
