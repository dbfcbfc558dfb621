//! Suggests how a file writes times, from some of them.

use std::fmt;

use jiff::tz::{Offset, TimeZone};
use serde::Serialize;
use shelfops_ingest::values::{TimeFormat, parse_time};

/// The styles, the likelier first.
const STYLES: [TimeFormat; 6] = [
    TimeFormat::Iso,
    TimeFormat::DayFirst,
    TimeFormat::MonthFirst,
    TimeFormat::Compact,
    TimeFormat::EpochSeconds,
    TimeFormat::EpochMilliseconds,
];

/// Years that retail data is from: what reads as another year was written in another style.
const YEARS: std::ops::RangeInclusive<i16> = 1990..=2100;

/// How a file seems to write times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeFormatHint {
    /// Every sample reads as this style.
    Use(TimeFormat),
    /// Every sample reads day first and month first: only whoever wrote the file knows.
    DayOrMonthFirst,
    /// No style reads every sample.
    Mixed,
}

/// Suggests a style that reads every sample; nothing without samples.
pub fn suggest_time_format<'a>(
    samples: impl IntoIterator<Item = &'a str>,
) -> Option<TimeFormatHint> {
    let mut fitting = STYLES.to_vec();
    let mut has_samples = false;
    for sample in samples {
        has_samples = true;
        fitting.retain(|style| is_plausible(sample, *style));
    }
    let hint = match fitting.as_slice() {
        [] => TimeFormatHint::Mixed,
        [TimeFormat::DayFirst, TimeFormat::MonthFirst, ..] => TimeFormatHint::DayOrMonthFirst,
        [style, ..] => TimeFormatHint::Use(*style),
    };
    has_samples.then_some(hint)
}

fn is_plausible(sample: &str, style: TimeFormat) -> bool {
    parse_time(sample, style, &TimeZone::UTC)
        .is_ok_and(|moment| YEARS.contains(&Offset::UTC.to_datetime(moment.instant).year()))
}

impl fmt::Display for TimeFormatHint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Use(style) => {
                let style = serde_json::to_value(style).unwrap_or_default();
                write!(
                    formatter,
                    "the times read as {style}: write time_format = {style} in the mapping"
                )
            }
            Self::DayOrMonthFirst => formatter.write_str(
                "the times read with the day first and with the month first: ask where the file \
                 comes from, and write time_format = \"day-first\" or \"month-first\" in the \
                 mapping",
            ),
            Self::Mixed => formatter
                .write_str("the times are written in several styles, or in none that is known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_telling_sample_decides() {
        for (samples, expected) in [
            (&["03/04/2025", "25/04/2025"][..], TimeFormatHint::Use(TimeFormat::DayFirst)),
            (&["03/04/2025", "03/25/2025"], TimeFormatHint::Use(TimeFormat::MonthFirst)),
            (&["03/04/2025 10:00", "01/12/2025 11:00"], TimeFormatHint::DayOrMonthFirst),
            (&["2025-03-04"], TimeFormatHint::Use(TimeFormat::Iso)),
            (&["20250304"], TimeFormatHint::Use(TimeFormat::Compact)),
            (&["1741064767"], TimeFormatHint::Use(TimeFormat::EpochSeconds)),
            (&["1741064767000"], TimeFormatHint::Use(TimeFormat::EpochMilliseconds)),
            (&["2025-03-04", "04/03/2025"], TimeFormatHint::Mixed),
        ] {
            assert_eq!(suggest_time_format(samples.iter().copied()), Some(expected), "{samples:?}");
        }
        assert_eq!(suggest_time_format([]), None);
        let said = TimeFormatHint::Use(TimeFormat::DayFirst).to_string();
        assert!(said.contains("time_format = \"day-first\""), "{said}");
    }
}
