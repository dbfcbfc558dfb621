//! Compares what a statement took lately with what it took before.

use serde::Serialize;

/// How many times slower a statement must have become.
const FACTOR: f64 = 1.5;

/// And by how many milliseconds, so that nobody is told of what nobody feels.
const MS: f64 = 10.0;

/// How often it must have run on both sides, so that one slow run says nothing.
const CALLS: i64 = 5;

/// What a server counted for a statement since it began to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Counters {
    /// How often it ran.
    pub calls: i64,
    /// How long that took.
    pub total_ms: f64,
}

impl Counters {
    /// Returns the average.
    pub fn mean_ms(&self) -> f64 {
        if self.calls > 0 { self.total_ms / self.calls as f64 } else { 0.0 }
    }
}

/// A statement that became slower.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Regression {
    /// The average before.
    pub before_ms: f64,
    /// The average lately.
    pub now_ms: f64,
    /// How many times that is.
    pub factor: f64,
}

/// Returns what was counted between two looks. Where the server began anew between them, that is all it
/// has counted since.
pub fn window(older: Counters, newer: Counters) -> Counters {
    if newer.calls < older.calls || newer.total_ms < older.total_ms {
        return newer;
    }
    Counters { calls: newer.calls - older.calls, total_ms: newer.total_ms - older.total_ms }
}

/// Says whether a statement became slower.
pub fn regression(before: Counters, lately: Counters) -> Option<Regression> {
    if before.calls < CALLS || lately.calls < CALLS {
        return None;
    }
    let (before_ms, now_ms) = (before.mean_ms(), lately.mean_ms());
    let is_slower = now_ms >= before_ms * FACTOR && now_ms - before_ms >= MS;
    is_slower.then(|| Regression { before_ms, now_ms, factor: now_ms / before_ms.max(0.001) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(calls: i64, total_ms: f64) -> Counters {
        Counters { calls, total_ms }
    }

    #[test]
    fn what_lies_between_two_looks_is_a_difference_or_all_after_a_reset() {
        assert_eq!(window(counted(10, 100.0), counted(15, 400.0)), counted(5, 300.0));
        assert_eq!(window(counted(10, 100.0), counted(3, 30.0)), counted(3, 30.0));
        assert_eq!(window(Counters::default(), counted(3, 30.0)), counted(3, 30.0));
    }

    #[test]
    fn a_statement_is_slower_by_a_factor_by_time_and_over_several_runs() {
        let before = counted(100, 2_000.0);
        assert!((regression(before, counted(10, 600.0)).unwrap().factor - 3.0).abs() < 0.01);
        assert_eq!(regression(before, counted(10, 250.0)), None, "by a quarter");
        assert_eq!(regression(before, counted(2, 600.0)), None, "twice only");
        assert_eq!(
            regression(counted(100, 100.0), counted(10, 50.0)),
            None,
            "by four milliseconds"
        );
    }
}
