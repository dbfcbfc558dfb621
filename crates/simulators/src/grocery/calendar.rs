//! The days of trade: how much is sold on each, and how their times are written.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::csv_file::push_two_digits;
use super::{GroceryConfig, GroceryError};

/// How busy each month is, in percent of the average.
const MONTH_PERCENT: [u64; 12] = [99, 100, 99, 99, 99, 98, 99, 98, 98, 99, 101, 104];

/// A day of trade.
#[derive(Debug)]
pub(super) struct Day {
    /// Counts from 0 on the first day.
    pub(super) index: u32,
    /// The date in every store's own time zone.
    pub(super) date: Date,
    /// How many lines are sold by the end of this day, from the first day on.
    pub(super) last_line: u64,
    /// The date as exports write it, with the space that follows it.
    text: [u8; 11],
}

impl Day {
    fn new(index: u32, date: Date, last_line: u64) -> Self {
        Self { index, date, last_line, text: date_text(date) }
    }

    /// Returns the retailer's week: the first seven days are week 1.
    pub(super) const fn week(&self) -> u32 {
        self.index / 7 + 1
    }

    /// Appends a time of this day.
    pub(super) fn push_time(&self, line: &mut Vec<u8>, second: u32) {
        line.extend_from_slice(&self.text);
        push_clock(line, second);
    }
}

/// Appends a time of day, from the seconds since midnight.
pub(super) fn push_clock(line: &mut Vec<u8>, second: u32) {
    push_two_digits(line, second / 3600);
    line.push(b':');
    push_two_digits(line, second / 60 % 60);
    line.push(b':');
    push_two_digits(line, second % 60);
}

/// Writes a date with the character that follows it in a time.
pub(super) fn date_text(date: Date) -> [u8; 11] {
    let mut text = Vec::with_capacity(11);
    push_two_digits(&mut text, (date.year() / 100) as u32);
    push_two_digits(&mut text, (date.year() % 100) as u32);
    text.push(b'-');
    push_two_digits(&mut text, date.month() as u32);
    text.push(b'-');
    push_two_digits(&mut text, date.day() as u32);
    text.push(b' ');
    std::array::from_fn(|at| text[at])
}

/// Returns the date `days` later; refuses years that exports cannot write.
pub(super) fn later(date: Date, days: u32) -> Result<Date, GroceryError> {
    let out_of_range = || GroceryError::Config {
        field: "first_day",
        problem: format!("is {date}: the period must lie between the years 1900 and 9998"),
    };
    let later = date.checked_add(i64::from(days).days()).map_err(|_| out_of_range())?;
    if (1900..=9998).contains(&date.year()) && later.year() <= 9998 {
        Ok(later)
    } else {
        Err(out_of_range())
    }
}

/// Shares the lines among the days, so that the last day ends with exactly all of them.
pub(super) fn days(config: &GroceryConfig) -> Result<Vec<Day>, GroceryError> {
    let weekday_weights = &config.flavour.profile().weekday_weights;
    let mut dates = Vec::with_capacity(usize::from(config.days));
    let mut total = 0;
    for index in 0..u32::from(config.days) {
        let date = later(config.first_day, index)?;
        let weekday = date.weekday().to_monday_zero_offset() as usize;
        total += weekday_weights[weekday]
            * MONTH_PERCENT[date.month() as usize - 1]
            * holiday_percent(date);
        dates.push((date, total));
    }
    let last_line =
        |sum: u64| (u128::from(config.basket_lines) * u128::from(sum) / u128::from(total)) as u64;
    Ok((0..).zip(dates).map(|(index, (date, sum))| Day::new(index, date, last_line(sum))).collect())
}

/// Returns how busy a date is beside its month and weekday.
fn holiday_percent(date: Date) -> u64 {
    match (date.month(), date.day()) {
        (12, 20..=24) => 135,
        (12, 25) | (1, 1) => 25,
        (11, 21..=26) => 118,
        (7, 2..=4) => 110,
        _ => 100,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::grocery::Flavour;

    #[test]
    fn the_days_share_all_lines_and_sundays_differ_by_country() {
        let mut config = GroceryConfig::new("chain", Flavour::Continental, 1);
        config.days = 7;
        let days = days(&config).unwrap();
        assert_eq!(days.last().map(|day| day.last_line), Some(config.basket_lines));
        let sold = |index: usize| days[index].last_line - days[index - 1].last_line;
        assert!(sold(5) > sold(6) * 10, "Saturday beats Sunday");
    }

    #[test]
    fn times_are_written_local_and_padded() {
        let day = Day::new(8, date(2025, 3, 9), 0);
        let mut line = Vec::new();
        day.push_time(&mut line, 7 * 3600 + 5 * 60 + 9);
        assert_eq!(String::from_utf8(line).unwrap(), "2025-03-09 07:05:09");
        assert_eq!(day.week(), 2);
    }

    #[test]
    fn a_period_beyond_the_calendar_is_refused() {
        assert!(later(date(9998, 12, 31), 1).is_err());
        assert!(later(date(1899, 12, 31), 0).is_err());
    }
}
