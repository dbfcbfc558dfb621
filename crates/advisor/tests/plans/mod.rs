//! Plans of a real server: explained, read in both formats, and judged.

mod bench;
mod explaining;
mod folding;
mod formats;
mod golden;
mod healthy;
mod joins;
mod memory;
mod scans;
mod statement;
mod time_series;
