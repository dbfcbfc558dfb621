//! How much there will be, and what follows from it.

use schemars::JsonSchema;
use serde::Serialize;

use super::house::House;
use super::spec::{Meaning, TableSpec};

/// How many bytes a row takes besides its columns: its header, its place in the page, and its entry in the
/// key's index.
const ROW_OVERHEAD: u64 = 24 + 4 + 40;

/// How many rows a chunk should have at least: fewer make more planning than they save reading.
const ROWS_A_CHUNK: u64 = 1_000_000;

/// The arithmetic, and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sizing {
    /// How many rows there are after a year; none where nobody said.
    pub rows_a_year: Option<u64>,
    /// How many bytes they take, the key's index included.
    pub bytes_a_year: Option<u64>,
    /// Whether it is partitioned by time.
    pub is_timeseries: bool,
    /// How long a chunk is, in days.
    pub chunk_days: Option<u64>,
    /// The sum, in a line.
    pub arithmetic: String,
}

pub(super) fn size(spec: &TableSpec, house: &House) -> Sizing {
    let Some(volume) = &spec.volume else {
        return Sizing {
            rows_a_year: None,
            bytes_a_year: None,
            is_timeseries: false,
            chunk_days: None,
            arithmetic: "nobody said how many rows there will be: a plain table, which can become \
                         a partitioned one while it is small"
                .to_owned(),
        };
    };
    let rows = volume.tenants.saturating_mul(volume.things).saturating_mul(volume.rows_a_year);
    let width: u64 = spec.columns.iter().map(|column| width(column.meaning)).sum::<u64>() + 16;
    let bytes = rows.saturating_mul(width + ROW_OVERHEAD);
    let is_large = rows >= house.partitioned_from;
    let is_in_key = volume.time.as_ref().is_some_and(|time| spec.key.contains(time));
    let is_timeseries = is_large && is_in_key;
    let chunk_days = is_timeseries.then(|| {
        let days = ROWS_A_CHUNK.saturating_mul(365).div_ceil(rows.max(1)).max(1);
        // Weeks, months and days are what people look for when they look for a chunk.
        [1, 7, 30, 90].into_iter().find(|length| *length >= days).unwrap_or(365)
    });
    let size = size_of(bytes);
    let sum = match (volume.tenants, volume.things) {
        (1, 1) => format!("{} rows, {size} a year with the key's index", grouped(rows)),
        (tenants, things) => format!(
            "{tenants} tenants x {things} x {} rows a year = {} rows, {size} a year with the key's index",
            volume.rows_a_year,
            grouped(rows),
        ),
    };
    let verdict = match (is_large, &volume.time) {
        (false, _) => format!(
            "below {} rows a year, one table and its key are read faster than partitions are planned",
            grouped(house.partitioned_from)
        ),
        (true, None) => "large, but not asked by time: no partition could be left out".to_owned(),
        (true, Some(time)) if !is_in_key => {
            format!(
                "large, but {time} is not part of the key, and a partitioned table's key needs it"
            )
        }
        (true, Some(time)) => format!(
            "asked by {time}, so chunks of {} days ({} rows each) leave out most of it",
            chunk_days.unwrap_or_default(),
            grouped(rows.saturating_mul(chunk_days.unwrap_or_default()) / 365)
        ),
    };
    Sizing {
        rows_a_year: Some(rows),
        bytes_a_year: Some(bytes),
        is_timeseries,
        chunk_days,
        arithmetic: format!("{sum}: {verdict}"),
    }
}

/// How many bytes a value takes.
const fn width(meaning: Meaning) -> u64 {
    match meaning {
        Meaning::Id => 16,
        Meaning::Count | Meaning::Moment | Meaning::Written => 8,
        Meaning::Quantity | Meaning::Number | Meaning::Money | Meaning::Share => 10,
        Meaning::Currency | Meaning::Date => 4,
        Meaning::Flag => 1,
        Meaning::Code => 10,
        Meaning::Text => 30,
        Meaning::Document => 200,
    }
}

/// Writes a number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn size_of(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        10_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}
