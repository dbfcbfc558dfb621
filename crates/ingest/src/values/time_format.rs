//! Points in time and days from text, in the styles that exports use.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use serde::{Deserialize, Serialize};

use super::Moment;
use super::field::quote;

/// How a source writes dates; never guessed from a single value, since 03/04 has two readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeFormat {
    /// `2025-03-04`, `2025-03-04 05:06:07.89`, `2025-03-04T05:06:07Z`, `…+01:00`.
    #[default]
    Iso,
    /// `20250304`, `20250304T050607`, `20250304050607`.
    Compact,
    /// `04/03/2025`, `04.03.2025`, `04-03-2025`, each with an optional time.
    DayFirst,
    /// `03/04/2025`, `03-04-2025`, each with an optional time.
    MonthFirst,
    /// Seconds since 1970-01-01T00:00:00Z.
    EpochSeconds,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    EpochMilliseconds,
}

impl TimeFormat {
    const fn name(self) -> &'static str {
        match self {
            Self::Iso => "iso",
            Self::Compact => "compact",
            Self::DayFirst => "day-first",
            Self::MonthFirst => "month-first",
            Self::EpochSeconds => "epoch-seconds",
            Self::EpochMilliseconds => "epoch-milliseconds",
        }
    }
}

/// Reads a point in time; `zone` is used where the text states no offset.
///
/// # Errors
/// Says why the text is no such time: another style, an impossible day, an hour that a clock
/// change skipped.
pub fn parse_time(raw: &str, format: TimeFormat, zone: &TimeZone) -> Result<Moment, String> {
    let text = raw.trim();
    if let TimeFormat::EpochSeconds | TimeFormat::EpochMilliseconds = format {
        return parse_epoch(text, format);
    }
    let bytes = text.as_bytes();
    let (date, rest) = split_date(bytes, format).ok_or_else(|| wrong_style(text, format))?;
    let date = date.map_err(|reason| format!("{} {reason}", quote(text)))?;
    let (time, offset) = parse_clock(rest).ok_or_else(|| wrong_style(text, format))?;
    let local = date.to_datetime(time);
    match offset {
        Some(offset) => offset
            .to_timestamp(local)
            .map(Moment::exact)
            .map_err(|_| format!("{} is out of range", quote(text))),
        None => resolve(local, zone).map_err(|reason| format!("{} {reason}", quote(text))),
    }
}

/// Reads a day; a time of day behind it is accepted and ignored.
///
/// # Errors
/// Says why the text is no such day.
pub fn parse_date(raw: &str, format: TimeFormat) -> Result<Date, String> {
    let text = raw.trim();
    if let TimeFormat::EpochSeconds | TimeFormat::EpochMilliseconds = format {
        let moment = parse_epoch(text, format)?;
        return Ok(TimeZone::UTC.to_datetime(moment.instant).date());
    }
    let (date, rest) =
        split_date(text.as_bytes(), format).ok_or_else(|| wrong_style(text, format))?;
    parse_clock(rest).ok_or_else(|| wrong_style(text, format))?;
    date.map_err(|reason| format!("{} {reason}", quote(text)))
}

fn parse_epoch(text: &str, format: TimeFormat) -> Result<Moment, String> {
    let count: i64 = text.parse().map_err(|_| wrong_style(text, format))?;
    let instant = if format == TimeFormat::EpochSeconds {
        Timestamp::from_second(count)
    } else {
        Timestamp::from_millisecond(count)
    };
    instant.map(Moment::exact).map_err(|_| format!("{} is out of range", quote(text)))
}

/// Finds the instant of a local time, which a clock change may have skipped or repeated.
fn resolve(local: DateTime, zone: &TimeZone) -> Result<Moment, String> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let offset = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => {
            return ambiguous
                .compatible()
                .map(Moment::exact)
                .map_err(|_| "is out of range".to_owned());
        }
        AmbiguousOffset::Fold { before, .. } => before,
        AmbiguousOffset::Gap { .. } => {
            let name = zone.iana_name().unwrap_or("its time zone").to_owned();
            return Err(format!("never was in {name}: the clocks skip that hour"));
        }
    };
    let instant = offset.to_timestamp(local).map_err(|_| "is out of range".to_owned())?;
    Ok(Moment::ambiguous(instant))
}

type SplitDate<'a> = (Result<Date, &'static str>, &'a [u8]);

/// Splits a leading date off; `None` when the text is of another style.
fn split_date(bytes: &[u8], format: TimeFormat) -> Option<SplitDate<'_>> {
    match format {
        TimeFormat::Iso => {
            let well_formed = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-';
            let (year, month, day) = well_formed
                .then(|| {
                    Some((digits(&bytes[..4])?, digits(&bytes[5..7])?, digits(&bytes[8..10])?))
                })
                .flatten()?;
            Some((date(year, month, day), &bytes[10..]))
        }
        TimeFormat::Compact => {
            let head = bytes.get(..8)?;
            let (year, month, day) =
                (digits(&head[..4])?, digits(&head[4..6])?, digits(&head[6..8])?);
            Some((date(year, month, day), &bytes[8..]))
        }
        TimeFormat::DayFirst | TimeFormat::MonthFirst => split_spoken_date(bytes, format),
        TimeFormat::EpochSeconds | TimeFormat::EpochMilliseconds => None,
    }
}

/// Splits `4/3/2025`, `04.03.2025` or `04-03-2025` off.
fn split_spoken_date(bytes: &[u8], format: TimeFormat) -> Option<SplitDate<'_>> {
    let end = bytes.iter().position(|byte| matches!(byte, b' ' | b'T')).unwrap_or(bytes.len());
    let (head, rest) = bytes.split_at(end);
    let mark = *head.iter().find(|byte| matches!(byte, b'/' | b'.' | b'-'))?;
    let mut parts = head.split(|byte| *byte == mark);
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    let shaped = parts.next().is_none() && year.len() == 4 && first.len() <= 2 && second.len() <= 2;
    let (first, second, year) =
        shaped.then(|| Some((digits(first)?, digits(second)?, digits(year)?))).flatten()?;
    let (day, month) =
        if format == TimeFormat::DayFirst { (first, second) } else { (second, first) };
    Some((date(year, month, day), rest))
}

fn date(year: i32, month: i32, day: i32) -> Result<Date, &'static str> {
    let parts = (i16::try_from(year), i8::try_from(month), i8::try_from(day));
    let (Ok(year), Ok(month), Ok(day)) = parts else {
        return Err("is no day of the calendar");
    };
    Date::new(year, month, day).map_err(|_| "is no day of the calendar")
}

/// Reads `T05:06:07.89+01:00`, any tail of it missing; also `T050607`.
fn parse_clock(bytes: &[u8]) -> Option<(Time, Option<Offset>)> {
    let bytes = match bytes {
        [] => return Some((Time::midnight(), None)),
        [b' ' | b'T' | b't', rest @ ..] => rest,
        // `20250304050607`: a compact time follows its date at once.
        rest => rest,
    };
    let (hour, minute, mut rest) = match bytes {
        [h1, h2, b':', m1, m2, rest @ ..] => (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?, rest),
        [h1, h2, m1, m2, rest @ ..] => (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?, rest),
        _ => return None,
    };
    let mut second = 0;
    let mut nanosecond = 0;
    if let [b':', s1, s2, tail @ ..] | [s1 @ b'0'..=b'9', s2, tail @ ..] = rest {
        second = digits(&[*s1, *s2])?;
        rest = tail;
    }
    if let [b'.' | b',', tail @ ..] = rest {
        let length = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let kept = tail.get(..length.min(9)).filter(|kept| !kept.is_empty())?;
        let scale = 10_i32.pow(9 - u32::try_from(kept.len()).ok()?);
        nanosecond = digits(kept)? * scale;
        rest = &tail[length..];
    }
    let offset = parse_offset(rest)?;
    let time = Time::new(
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        nanosecond,
    );
    Some((time.ok()?, offset))
}

/// Reads `Z`, `+01:00`, `+0100`, `+01` (a blank before it is fine) or nothing.
fn parse_offset(bytes: &[u8]) -> Option<Option<Offset>> {
    let bytes = bytes.trim_ascii_start();
    let (sign, rest) = match bytes {
        [] => return Some(None),
        [b'Z' | b'z'] | [b'U', b'T', b'C'] => return Some(Some(Offset::UTC)),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [h1, h2] => (digits(&[*h1, *h2])?, 0),
        [h1, h2, b':', m1, m2] | [h1, h2, m1, m2] => (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?),
        _ => return None,
    };
    let in_range = hours <= 15 && minutes < 60;
    let seconds = in_range.then_some(sign * (hours * 3600 + minutes * 60))?;
    Offset::from_seconds(seconds).ok().map(Some)
}

fn digits(bytes: &[u8]) -> Option<i32> {
    bytes.iter().try_fold(0_i32, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + i32::from(byte - b'0'))
    })
}

fn wrong_style(text: &str, format: TimeFormat) -> String {
    let shown = quote(text);
    let (expected, spoken) = (format.name(), text.contains(['/', '.']));
    if format == TimeFormat::Iso && spoken && !text.contains('-') {
        return format!(
            "{shown} has two readings: say in the mapping whether time_format is \"day-first\" or \
             \"month-first\""
        );
    }
    format!("{shown} is no time of the style {expected} (time_format in the mapping)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str, format: TimeFormat) -> Result<String, String> {
        parse_time(text, format, &TimeZone::UTC).map(|moment| moment.instant.to_string())
    }

    #[test]
    fn reads_the_same_moment_in_every_style() {
        for (text, format) in [
            ("2025-03-04 05:06:07", TimeFormat::Iso),
            ("2025-03-04T05:06:07Z", TimeFormat::Iso),
            ("2025-03-04T06:06:07.000+01:00", TimeFormat::Iso),
            ("2025-03-04 05:06:07.000+00", TimeFormat::Iso),
            ("2025-03-03 21:06:07 -0800", TimeFormat::Iso),
            ("20250304T050607", TimeFormat::Compact),
            ("20250304050607", TimeFormat::Compact),
            ("04/03/2025 05:06:07", TimeFormat::DayFirst),
            ("4.3.2025 05:06:07", TimeFormat::DayFirst),
            ("03/04/2025 05:06:07", TimeFormat::MonthFirst),
            ("1741064767", TimeFormat::EpochSeconds),
            ("1741064767000", TimeFormat::EpochMilliseconds),
        ] {
            assert_eq!(utc(text, format).as_deref(), Ok("2025-03-04T05:06:07Z"), "{text}");
        }
        assert_eq!(utc("2025-03-04", TimeFormat::Iso).unwrap(), "2025-03-04T00:00:00Z");
        assert_eq!(utc("2026-01-05T00:00:00.409+00", TimeFormat::Iso).unwrap().len(), 24);
    }

    #[test]
    fn refuses_other_styles_and_impossible_days() {
        assert!(utc("03/04/2025", TimeFormat::Iso).unwrap_err().contains("two readings"));
        for text in ["2025-02-31", "2025-13-01", "2025-00-10"] {
            assert!(utc(text, TimeFormat::Iso).unwrap_err().contains("no day of the calendar"));
        }
        for text in
            ["2025-03-04 25:00:00", "yesterday", "2025-03-04 05", "2025-03-04T", "ü025-03-04"]
        {
            assert!(utc(text, TimeFormat::Iso).is_err(), "{text}");
        }
    }

    #[test]
    fn a_skipped_hour_is_refused_and_a_repeated_one_is_marked() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let read = |text| parse_time(text, TimeFormat::Iso, &zone);
        assert!(read("2025-03-09 02:30:00").unwrap_err().contains("never was in America/New_York"));
        let repeated = read("2025-11-02 01:30:00").unwrap();
        assert!(repeated.is_ambiguous);
        assert_eq!(repeated.instant.to_string(), "2025-11-02T05:30:00Z");
        assert!(!read("2025-11-02 03:30:00").unwrap().is_ambiguous);
    }
}
