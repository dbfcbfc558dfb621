//! What the disk will have to hold.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{DAY, Growth, Series};

/// What a time series takes in days to come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// What it takes now, in bytes.
    pub now_bytes: i64,
    /// What it grows by.
    pub growth: Growth,
    /// What it takes then.
    pub outlook: Vec<Outlook>,
}

/// What a time series takes on a day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outlook {
    /// In how many days.
    pub days: u32,
    /// What it takes then, in bytes.
    pub bytes: f64,
}

/// The days that are asked about: a month, a quarter, a year, three.
const DAYS: [u32; 4] = [30, 90, 365, 1_095];

/// Says what the disk will hold if as much comes every day as came of late.
///
/// Rows younger than `compress_after` count whole and older ones with the share that compression has left
/// so far; where nothing was compressed yet nothing is assumed to shrink. What is dropped no longer counts.
///
/// Nothing where no growth can be measured.
pub fn forecast(series: &Series, now: Timestamp) -> Option<Forecast> {
    let growth = series.growth(now)?;
    let now_bytes = series.chunks.iter().map(|chunk| chunk.bytes).sum();
    let days = |length: Option<SignedDuration>| length.map(|length| length.as_secs_f64() / DAY);
    let share = growth.compressed_share.unwrap_or(1.0);
    // Something is compressed or dropped with its chunk, so half a chunk later than the rule says.
    let half_a_chunk = series.chunk_length.as_secs_f64() / DAY / 2.0;
    let hot = days(series.compress_after).map(|days| days + half_a_chunk);
    let kept = days(series.retain_for).map(|days| days + half_a_chunk);
    let oldest = series.chunks.iter().find(|chunk| chunk.has_rows()).map(|chunk| chunk.starts_at);
    let age = oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64() / DAY);
    let outlook = DAYS.map(|ahead| {
        let span = |limit: Option<f64>, days: f64| limit.map_or(days, |limit| limit.min(days));
        let size = |days: f64| {
            let days = span(kept, days);
            let hot = if share < 1.0 { span(hot, days) } else { days };
            growth.bytes_a_day * (hot + (days - hot) * share)
        };
        // What is there is known; only the difference is computed.
        let bytes = now_bytes as f64 + size(age + f64::from(ahead)) - size(age);
        Outlook { days: ahead, bytes: bytes.max(0.0) }
    });
    Some(Forecast { now_bytes, growth, outlook: outlook.to_vec() })
}
