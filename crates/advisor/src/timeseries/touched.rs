//! What a policy would do this minute: which chunks, how many bytes.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Chunk, Series};

/// The chunks that something touches now.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Touched {
    /// The chunks, oldest first.
    pub chunks: Vec<TouchedChunk>,
    /// What they take now, in bytes.
    pub bytes: i64,
    /// What they would give back, in bytes; nothing where that was never measured.
    pub freed_bytes: Option<i64>,
}

/// A chunk that something touches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TouchedChunk {
    /// Its name.
    pub name: String,
    /// The first moment it holds.
    pub starts_at: Timestamp,
    /// The first moment it no longer holds.
    pub ends_at: Timestamp,
    /// What it takes now, in bytes.
    pub bytes: i64,
}

impl Touched {
    fn of<'c>(chunks: impl Iterator<Item = &'c Chunk>) -> Self {
        let chunks: Vec<TouchedChunk> = chunks
            .map(|chunk| TouchedChunk {
                name: chunk.name.clone(),
                starts_at: chunk.starts_at,
                ends_at: chunk.ends_at,
                bytes: chunk.bytes,
            })
            .collect();
        let bytes = chunks.iter().map(|chunk| chunk.bytes).sum();
        Self { chunks, bytes, freed_bytes: None }
    }
}

/// Returns what would be compressed now, if that were done after `after`.
pub fn compressed_by(series: &Series, after: SignedDuration, now: Timestamp) -> Touched {
    let before = now - after;
    let due = series
        .chunks
        .iter()
        .filter(|chunk| !chunk.is_compressed && chunk.ends_at <= before && chunk.has_rows());
    let mut touched = Touched::of(due);
    // Only what was seen on this very table: another's ratio would be a guess.
    touched.freed_bytes =
        series.compressed_share().map(|share| (touched.bytes as f64 * (1.0 - share)) as i64);
    touched
}

/// Returns the compressed chunks into which rows came later.
pub fn packed_again_by(series: &Series) -> Touched {
    Touched::of(series.chunks.iter().filter(|chunk| chunk.is_partial))
}

/// Returns what would be dropped now, if rows were kept for `retain_for`.
pub fn dropped_by(series: &Series, retain_for: SignedDuration, now: Timestamp) -> Touched {
    let before = now - retain_for;
    let mut touched = Touched::of(series.chunks.iter().filter(|chunk| chunk.ends_at <= before));
    touched.freed_bytes = Some(touched.bytes);
    touched
}
