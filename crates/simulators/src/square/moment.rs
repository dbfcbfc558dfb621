//! Instants of simulated time, in whole milliseconds, as the vendor's documents write them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Milliseconds of a second.
pub(crate) const SECOND: i64 = 1_000;

/// Milliseconds of a minute.
pub(crate) const MINUTE: i64 = 60 * SECOND;

/// Milliseconds of an hour.
pub(crate) const HOUR: i64 = 60 * MINUTE;

/// Milliseconds of a day.
pub(crate) const DAY: i64 = 24 * HOUR;

/// An instant: milliseconds since 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Moment(pub(crate) i64);

impl Moment {
    /// Before everything: what has not happened.
    pub(crate) const NEVER: Self = Self(i64::MIN);

    /// Makes an instant from milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Returns the instant so many milliseconds later.
    #[must_use]
    pub const fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Reads an RFC 3339 time; what is below a millisecond is cut off.
    pub fn parse(text: &str) -> Option<Self> {
        let timestamp: jiff::Timestamp = text.parse().ok()?;
        Some(Self(timestamp.as_millisecond()))
    }

    /// Whether this has happened at all.
    pub(crate) const fn is_set(self) -> bool {
        self.0 != i64::MIN
    }

    /// Returns the instant, or nothing for what has not happened.
    pub(crate) const fn set(self) -> Option<Self> {
        if self.is_set() { Some(self) } else { None }
    }

    /// Returns the instant as the calendar library has it.
    pub(crate) fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// Writes the instant as `2026-11-20T17:04:11.402Z`.
    pub(crate) fn rfc3339(self) -> [u8; 24] {
        let days = self.0.div_euclid(DAY);
        let in_day = self.0.rem_euclid(DAY);
        let (year, month, day) = civil(days);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        digits(&mut text[0..4], year);
        digits(&mut text[5..7], month);
        digits(&mut text[8..10], day);
        digits(&mut text[11..13], in_day / HOUR);
        digits(&mut text[14..16], in_day / MINUTE % 60);
        digits(&mut text[17..19], in_day / SECOND % 60);
        digits(&mut text[20..23], in_day % SECOND);
        text
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.rfc3339();
        formatter.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text} is not an RFC 3339 time"))
    }
}

fn digits(place: &mut [u8], mut number: i64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Returns year, month and day of the days since 1970, by the proleptic Gregorian calendar.
const fn civil(days: i64) -> (i64, i64, i64) {
    // Counted in eras of 400 years that begin on 1 March, so that the leap day comes last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_they_are_read() {
        for text in [
            "2026-11-20T17:04:11.402Z",
            "2024-02-29T00:00:00.000Z",
            "1999-12-31T23:59:59.999Z",
            "2100-03-01T12:00:00.001Z",
        ] {
            assert_eq!(Moment::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn every_day_of_a_century_agrees_with_the_calendar_library() {
        for day in 0..36_525 {
            let moment = Moment(day * DAY);
            let expected = moment.timestamp().to_string();
            assert_eq!(moment.to_string()[..10], expected[..10]);
        }
    }

    #[test]
    fn offsets_are_understood_and_words_are_not() {
        let moment = Moment::parse("2026-11-20T18:04:11.402+01:00").unwrap();
        assert_eq!(moment.to_string(), "2026-11-20T17:04:11.402Z");
        assert!(Moment::parse("yesterday").is_none());
    }
}
