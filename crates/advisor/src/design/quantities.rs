//! Takes what a request says of amounts out of its words: how many rows there are, and how long they stay.

/// Amounts that were said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quantities {
    /// How many rows come in a year.
    pub(super) rows_a_year: Option<u64>,
    /// Whether a period was said with them; without one, a year was taken.
    pub(super) has_period: bool,
    /// How many days rows are kept.
    pub(super) kept_days: Option<u64>,
}

/// What rows are called.
const ROWS: &[&str] = &["row", "rows", "records", "lines", "entries", "readings", "events"];

/// What goes before an amount and means nothing without it.
const LEADING: &[&str] =
    &["for", "about", "around", "roughly", "some", "up", "to", "keeping", "kept"];

/// Removes the words of each amount, so that no column is named after them.
pub(super) fn take(words: &mut Vec<String>) -> Quantities {
    let mut found = Quantities::default();
    let mut place = 0;
    while place < words.len() {
        let Some(end) = amount_at(words, place, &mut found) else {
            place += 1;
            continue;
        };
        let is_leading = |word: &String| LEADING.contains(&word.as_str());
        let begin =
            words[..place].iter().rposition(|word| !is_leading(word)).map_or(0, |it| it + 1);
        // What follows is a part of its own.
        words.splice(begin..end, [",".to_owned()]);
        place = begin + 1;
    }
    found
}

/// Reads an amount; answers where it ends.
fn amount_at(words: &[String], place: usize, found: &mut Quantities) -> Option<usize> {
    let word = |place: usize| words.get(place).map(String::as_str);
    let mut end = place + 1;
    let mut times = 1;
    if let Some(scale) = word(end).and_then(scale) {
        times = scale;
        end += 1;
    }
    let amount = number(word(place)?, times)?;
    let unit = word(end)?;
    end += 1;
    if !ROWS.contains(&unit) {
        // «every 5 minutes» is a rhythm, and no time that rows are kept.
        let before = place.checked_sub(1).and_then(word);
        let is_rhythm = matches!(before, Some("every" | "each" | "per" | "by"));
        let days = days_of(unit).filter(|days| *days >= 1 && !is_rhythm)?;
        // «2.5 years» are no whole number of them.
        found.kept_days = Some(number(word(place)?, times.saturating_mul(days))?);
        return Some(end);
    }
    let mut a_year = amount;
    let period = match (word(end), word(end + 1)) {
        (Some("a" | "per" | "each" | "every"), Some(unit)) => Some((unit, end + 2)),
        (Some("yearly"), _) => Some(("year", end + 1)),
        (Some("monthly"), _) => Some(("month", end + 1)),
        (Some("weekly"), _) => Some(("week", end + 1)),
        (Some("daily"), _) => Some(("day", end + 1)),
        (Some("hourly"), _) => Some(("hour", end + 1)),
        _ => None,
    };
    // «500 rows per store» is no amount of a year: that is asked.
    if period.is_some_and(|(unit, _)| times_a_year(unit).is_none()) {
        return None;
    }
    if let Some((unit, behind)) = period
        && let Some(times) = times_a_year(unit)
    {
        (a_year, end) = (amount.saturating_mul(times), behind);
        found.has_period = true;
    }
    found.rows_a_year = Some(a_year);
    Some(end)
}

/// Reads a number so many times, with a letter for thousands, millions or billions behind it.
fn number(word: &str, times: u64) -> Option<u64> {
    let digits = word.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let times = times.checked_mul(match &word[digits.len()..] {
        "" => 1,
        letters => scale(letters)?,
    })?;
    let (whole, parts) = digits.split_once('.').unwrap_or((digits, ""));
    let amount = whole.parse::<u64>().ok()?.checked_mul(times)?;
    if parts.is_empty() {
        return Some(amount);
    }
    let tens = 10_u64.checked_pow(u32::try_from(parts.len()).ok()?)?;
    amount.checked_add(parts.parse::<u64>().ok()?.checked_mul(times)? / tens)
}

fn scale(word: &str) -> Option<u64> {
    Some(match word {
        "k" | "thousand" => 1_000,
        "m" | "million" | "millions" => 1_000_000,
        "b" | "bn" | "billion" | "billions" => 1_000_000_000,
        _ => return None,
    })
}

fn days_of(unit: &str) -> Option<u64> {
    Some(match unit {
        "day" | "days" => 1,
        "week" | "weeks" => 7,
        "month" | "months" => 30,
        "year" | "years" => 365,
        _ => return None,
    })
}

fn times_a_year(unit: &str) -> Option<u64> {
    Some(match unit {
        "second" => 365 * 86_400,
        "minute" => 365 * 1_440,
        "hour" => 24 * 365,
        "day" => 365,
        "week" => 52,
        "month" => 12,
        "year" => 1,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> (Quantities, String) {
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        let found = take(&mut words);
        (found, words.join(" "))
    }

    #[test]
    fn amounts_are_read_and_their_words_gone() {
        for (text, rows_a_year, left) in [
            ("degrees , 100 million rows a year", Some(100_000_000), "degrees , ,"),
            ("degrees with 2k rows per day and zeal", Some(730_000), "degrees with , and zeal"),
            ("about 5m events each month", Some(60_000_000), ","),
            ("100000 records", Some(100_000), ","),
            ("1.5 million rows yearly", Some(1_500_000), ","),
            ("1.5m rows hourly", Some(13_140_000_000), ","),
            ("20 readings per second", Some(630_720_000), ","),
            ("500 rows per store per day", None, "500 rows per store per day"),
            ("counted every 15 minutes", None, "counted every 15 minutes"),
            ("measured every 2 days", None, "measured every 2 days"),
            ("address2 and line1", None, "address2 and line1"),
        ] {
            let (found, rest) = taken(text);
            assert_eq!((found.rows_a_year, rest.as_str()), (rows_a_year, left), "{text}");
        }
        assert_eq!(taken("for 5 years").0.kept_days, Some(1_825));
        assert_eq!(taken("for 2.5 weeks").0.kept_days, Some(7 * 2 + 3));
        assert!(!taken("100000 records").0.has_period);
        assert_eq!(number("18446744073709551615k", 1), None);
    }
}
