//! The values that settings of a mapping can have.

use std::fmt;

use encoding_rs::Encoding;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// By whose clock local times are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ClockSetting {
    /// Each store's own.
    Store,
    /// One for all, by its IANA name.
    Zone(TimeZone),
}

impl TryFrom<String> for ClockSetting {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name == "store" {
            return Ok(Self::Store);
        }
        TimeZone::get(&name).map(Self::Zone).map_err(|_| {
            format!(
                "'{name}' is no time zone: write \"store\" or an IANA name such as \"UTC\" or \
                 \"America/New_York\""
            )
        })
    }
}

impl From<ClockSetting> for String {
    fn from(setting: ClockSetting) -> Self {
        match setting {
            ClockSetting::Store => "store".to_owned(),
            ClockSetting::Zone(zone) => zone.iana_name().unwrap_or("UTC").to_owned(),
        }
    }
}

/// An encoding of text.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TextEncoding(&'static Encoding);

impl TextEncoding {
    /// What nearly every file is in.
    pub const UTF_8: Self = Self(encoding_rs::UTF_8);
    /// Two bytes a character, the lower first.
    pub const UTF_16_LE: Self = Self(encoding_rs::UTF_16LE);
    /// Two bytes a character, the higher first.
    pub const UTF_16_BE: Self = Self(encoding_rs::UTF_16BE);

    /// Returns the encoding's name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    pub(crate) const fn encoding(self) -> &'static Encoding {
        self.0
    }
}

impl fmt::Debug for TextEncoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl TryFrom<String> for TextEncoding {
    type Error = String;

    fn try_from(label: String) -> Result<Self, String> {
        Encoding::for_label_no_replacement(label.as_bytes()).map(Self).ok_or_else(|| {
            format!(
                "'{label}' is no known encoding: write \"utf-8\", \"windows-1252\", \
                 \"iso-8859-15\", \"utf-16le\" or another label of the WHATWG Encoding Standard"
            )
        })
    }
}

impl From<TextEncoding> for String {
    fn from(encoding: TextEncoding) -> Self {
        encoding.name().to_ascii_lowercase()
    }
}

/// The character between the fields of a CSV record: one ASCII character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Delimiter(u8);

impl Delimiter {
    /// The comma, unless the file looks otherwise.
    pub const COMMA: Self = Self(b',');

    /// Accepts one ASCII character that has no other meaning in CSV.
    pub(crate) fn new(byte: u8) -> Option<Self> {
        let is_usable = byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n' | 0);
        is_usable.then_some(Self(byte))
    }

    pub(crate) const fn byte(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => formatter.write_str("a tab"),
            byte => write!(formatter, "'{}'", char::from(byte).escape_debug()),
        }
    }
}

impl TryFrom<String> for Delimiter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_bytes() {
            [byte] => Self::new(*byte),
            _ => None,
        }
        .ok_or_else(|| {
            format!(
                "'{}' cannot be a delimiter: write one ASCII character such as \",\", \";\", \
                 \"|\" or \"\\t\"",
                text.escape_debug()
            )
        })
    }
}

impl From<Delimiter> for String {
    fn from(delimiter: Delimiter) -> Self {
        char::from(delimiter.0).into()
    }
}

/// What a negative quantity means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NegativeQuantity {
    /// A return of as many units.
    Return,
    /// A mistake: the record goes to quarantine.
    Refuse,
}
