//! How long a chunk should be.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{DAY, Series};

/// The lengths worth choosing from: parts and multiples of a day, as people name them.
const LENGTHS: [(SignedDuration, &str); 6] = [
    (SignedDuration::from_hours(1), "1 hour"),
    (SignedDuration::from_hours(6), "6 hours"),
    (SignedDuration::from_hours(24), "1 day"),
    (SignedDuration::from_hours(7 * 24), "7 days"),
    (SignedDuration::from_hours(28 * 24), "28 days"),
    (SignedDuration::from_hours(91 * 24), "91 days"),
];

/// Above so many chunks, planning a query that names no time costs more than reading does.
const MANY_CHUNKS: f64 = 1_000.0;

/// For how long chunks are counted where nothing says how long rows are kept, in days.
const HORIZON: f64 = 3.0 * 365.0;

/// A chunk below this part of its budget leaves room for a longer one.
const SMALL: f64 = 0.02;

/// What is said about the length of chunks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChunkAdvice {
    /// Whether to leave it.
    pub verdict: ChunkVerdict,
    /// What the chunk that is written to takes when it is full, indexes included, in bytes.
    pub full_chunk_bytes: f64,
    /// What it may take, in bytes.
    pub budget_bytes: f64,
    /// How many chunks there are at that length over the time that rows are kept, or three years.
    pub chunk_count: f64,
    /// The length that fits, as PostgreSQL reads it.
    pub recommended: &'static str,
    /// The arithmetic.
    pub because: String,
}

/// Whether the length of chunks fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChunkVerdict {
    /// It fits.
    Fits,
    /// The chunk that is written to outgrows its share of memory.
    TooLong,
    /// There will be so many chunks that planning gets slow, and longer ones fit in memory.
    TooShort,
}

/// Says how long chunks should be: as long as the chunk that is written to stays in memory.
///
/// `budget_bytes` is what all tables' present chunks may take together, with their indexes, and `share`
/// this table's part of it, from 0 to 1. A quarter of the machine's memory is TimescaleDB's own rule
/// (its documentation on sizing chunks), and what PostgreSQL's gives `shared_buffers`.
///
/// Nothing where no growth can be measured.
pub fn advise_chunk_size(
    series: &Series,
    now: Timestamp,
    budget_bytes: f64,
    share: f64,
) -> Option<ChunkAdvice> {
    let growth = series.growth(now)?;
    let budget = budget_bytes * share;
    let days = |length: SignedDuration| length.as_secs_f64() / DAY;
    let kept = series.retain_for.map_or(HORIZON, days);
    let full = growth.bytes_a_day * days(series.chunk_length);
    let count = kept / days(series.chunk_length);
    let fits = |length: SignedDuration| growth.bytes_a_day * days(length) <= budget;
    let longest = LENGTHS.iter().rev().find(|(length, _)| fits(*length)).unwrap_or(&LENGTHS[0]);
    let present = LENGTHS.iter().find(|(length, _)| *length == series.chunk_length);
    let verdict = if full > budget && longest.0 < series.chunk_length {
        ChunkVerdict::TooLong
    } else if count > MANY_CHUNKS && full < budget * SMALL && longest.0 > series.chunk_length {
        ChunkVerdict::TooShort
    } else {
        ChunkVerdict::Fits
    };
    let recommended = match (verdict, present) {
        (ChunkVerdict::Fits, Some((_, name))) => name,
        _ => longest.1,
    };
    let because = format!(
        "{} a day × {} = {} in the chunk that is written to; {} of memory are for it",
        bytes(growth.bytes_a_day),
        length_name(series.chunk_length),
        bytes(full),
        bytes(budget),
    );
    Some(ChunkAdvice {
        verdict,
        full_chunk_bytes: full,
        budget_bytes: budget,
        chunk_count: count,
        recommended,
        because,
    })
}

/// Writes a length as people say it.
pub(super) fn length_name(length: SignedDuration) -> String {
    let hours = length.as_hours();
    match (hours % 24, hours / 24) {
        (0, 1) => "1 day".to_owned(),
        (0, days) => format!("{days} days"),
        _ if hours == 1 => "1 hour".to_owned(),
        _ => format!("{hours} hours"),
    }
}

/// Writes bytes as people say them.
pub fn bytes(count: f64) -> String {
    let mut count = count;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if count < 1_024.0 {
            return if unit == "B" || count >= 100.0 {
                format!("{count:.0} {unit}")
            } else {
                format!("{count:.1} {unit}")
            };
        }
        count /= 1_024.0;
    }
    format!("{count:.1} TiB")
}
