//! Advice on tables that are partitioned by time: how long a chunk should be, what a policy touches now,
//! in which order policies must come, and what the disk will have to hold.
//!
//! It is given what the server says, and computes; it asks nobody.

mod chunk_size;
mod forecast;
mod order;
mod touched;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

pub use chunk_size::{ChunkAdvice, ChunkVerdict, advise_chunk_size, bytes};
pub use forecast::{Forecast, Outlook, forecast};
pub use order::{Fault, check_order};
pub use touched::{Touched, TouchedChunk, compressed_by, dropped_by, packed_again_by};

/// A table that is partitioned by time.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    /// The table.
    pub table: String,
    /// How long a new chunk is.
    pub chunk_length: SignedDuration,
    /// How old a chunk gets before it is compressed; nothing where that is never done.
    pub compress_after: Option<SignedDuration>,
    /// How old a chunk gets before it is dropped; nothing where everything is kept.
    pub retain_for: Option<SignedDuration>,
    /// Whether the engine can compress.
    pub can_compress: bool,
    /// The chunks, oldest first.
    pub chunks: Vec<Chunk>,
}

/// A chunk, or a partition.
#[derive(Clone, Debug, Serialize)]
pub struct Chunk {
    /// Its name.
    pub name: String,
    /// The first moment it holds.
    pub starts_at: Timestamp,
    /// The first moment it no longer holds.
    pub ends_at: Timestamp,
    /// What it takes on disk now, indexes included, in bytes.
    pub bytes: i64,
    /// What it took before it was compressed, in bytes, where the engine remembers.
    pub bytes_before: Option<i64>,
    /// About how many rows it has, by the server's statistics.
    pub rows: i64,
    /// Whether it is compressed.
    pub is_compressed: bool,
    /// Whether rows came after it was compressed, which wait to be packed as well.
    pub is_partial: bool,
}

/// What a time series grows by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Growth {
    /// Uncompressed bytes a day, indexes included.
    pub bytes_a_day: f64,
    /// Rows a day, by the server's statistics.
    pub rows_a_day: f64,
    /// Over how many days this was measured.
    pub measured_days: f64,
    /// What compression has left of a byte so far; nothing where nothing is compressed.
    pub compressed_share: Option<f64>,
}

/// How far back growth is measured, from the end of the newest closed chunk with rows: a quarter of a year.
const QUARTER: SignedDuration = SignedDuration::from_hours(91 * 24);

const DAY: f64 = 86_400.0;

impl Chunk {
    /// Returns what its rows take without compression, in bytes.
    fn plain_bytes(&self) -> i64 {
        self.bytes_before.unwrap_or(self.bytes).max(self.bytes)
    }

    fn has_rows(&self) -> bool {
        // An empty partition with its indexes is a few pages; statistics may not have counted it yet.
        self.rows > 0 || self.is_compressed || self.bytes > 128 * 1_024
    }
}

impl Series {
    /// Measures growth on the full chunks among those of the last quarter that are over, or on the present
    /// chunk where none is.
    ///
    /// A chunk is full when it has at least half of what three of four have at most: when one tenant's rows
    /// go on and those of the others have ended, or have not come yet, what is left is not what a chunk
    /// gets. Of the full ones the median counts, so that one week of a sale does not.
    ///
    /// Nothing where no chunk holds a row.
    pub fn growth(&self, now: Timestamp) -> Option<Growth> {
        let with_rows = || self.chunks.iter().rev().filter(|chunk| chunk.has_rows());
        let closed = || with_rows().filter(|chunk| chunk.ends_at <= now);
        let newest = closed().next().map(|chunk| chunk.ends_at);
        let mut measured: Vec<&Chunk> = closed()
            .filter(|chunk| newest.is_some_and(|end| end.duration_since(chunk.ends_at) < QUARTER))
            .collect();
        if measured.is_empty() {
            measured.extend(with_rows().filter(|chunk| chunk.starts_at < now).take(1));
        }
        let seconds =
            |chunk: &Chunk| chunk.ends_at.min(now).duration_since(chunk.starts_at).as_secs_f64();
        let mut rates: Vec<(f64, f64)> = measured
            .into_iter()
            .filter(|chunk| seconds(chunk) > 0.0)
            .map(|chunk| (chunk.plain_bytes() as f64 * DAY / seconds(chunk), seconds(chunk)))
            .map(|(bytes_a_day, seconds)| (bytes_a_day, seconds / DAY))
            .collect();
        rates.sort_by(|one, other| one.0.total_cmp(&other.0));
        let usual = rates.get(rates.len() * 3 / 4)?.0;
        let full: Vec<(f64, f64)> =
            rates.into_iter().filter(|(bytes_a_day, _)| *bytes_a_day >= usual / 2.0).collect();
        let bytes_a_day = full.get(full.len() / 2)?.0;
        Some(Growth {
            bytes_a_day,
            rows_a_day: bytes_a_day * self.rows_a_byte(),
            measured_days: full.iter().map(|(_, days)| days).sum(),
            compressed_share: self.compressed_share(),
        })
    }

    /// Returns how many rows there are for a byte, over all chunks whose rows are counted.
    fn rows_a_byte(&self) -> f64 {
        let counted = self.chunks.iter().filter(|chunk| chunk.rows > 0);
        let (rows, bytes) = counted.fold((0.0, 0.0), |(rows, bytes), chunk| {
            (rows + chunk.rows as f64, bytes + chunk.plain_bytes() as f64)
        });
        if bytes > 0.0 { rows / bytes } else { 0.0 }
    }

    fn compressed_share(&self) -> Option<f64> {
        let packed = self.chunks.iter().filter(|chunk| chunk.is_compressed && !chunk.is_partial);
        let (mut after, mut before) = (0, 0);
        for chunk in packed {
            let Some(plain) = chunk.bytes_before else { continue };
            after += chunk.bytes;
            before += plain;
        }
        (before > 0).then(|| after as f64 / before as f64)
    }
}

#[cfg(test)]
pub(crate) mod tests;
