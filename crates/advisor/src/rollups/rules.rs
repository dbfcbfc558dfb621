//! The house's rules about rollups, as code.

use super::Wish;
use crate::plans::count;

/// From how many milliseconds on a query is slow enough for its answer to be kept, unless somebody says
/// otherwise.
pub const SLOW_MS: f64 = 1_000.0;

/// The rule about that.
pub(crate) const OVER_A_SECOND: &str = "rollup-over-a-second";

/// How often a day it must be asked.
pub const FREQUENT_CALLS_A_DAY: f64 = 24.0;

/// Judges a wish; answers the rules with what is known, or the one that speaks against it.
pub(super) fn judged(wish: &Wish<'_>) -> Result<Vec<String>, (&'static str, String)> {
    let mut said = Vec::new();
    match wish.mean_ms {
        Some(ms) if ms < wish.slow_ms => return Err((OVER_A_SECOND, too_quick(ms, wish.slow_ms))),
        Some(ms) => said.push(format!("rollup-over-a-second: {} ms on average", count(ms))),
        None => said.push("rollup-over-a-second: not measured here; --verify measures".to_owned()),
    }
    match (wish.calls, wish.counted_seconds) {
        (Some(calls), Some(seconds)) if seconds > 0.0 => {
            let a_day = calls * 86_400.0 / seconds.max(3_600.0);
            if a_day < FREQUENT_CALLS_A_DAY {
                let reason =
                    format!("it is asked {} times a day, seldom enough to wait", count(a_day));
                return Err(("rollup-frequent", reason));
            }
            said.push(format!("rollup-frequent: about {} calls a day", count(a_day)));
        }
        _ => said.push("rollup-frequent: nobody counted how often it is asked".to_owned()),
    }
    if !wish.may_be_old {
        let reason = "its answers must be of now, as far as anybody said; with --may-be-old they may be an \
                      hour old";
        return Err(("rollup-may-be-an-hour-old", reason.to_owned()));
    }
    said.push("rollup-may-be-an-hour-old: said by whoever asks".to_owned());
    Ok(said)
}

/// Says that a query is too quick for its answer to be kept.
pub(crate) fn too_quick(ms: f64, slow_ms: f64) -> String {
    format!("it takes {} ms, under {}: the query itself is quick enough", count(ms), count(slow_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollup_is_for_what_is_slow_frequent_and_may_be_old() {
        let wish = |mean_ms, calls, may_be_old| Wish {
            sql: "",
            calls,
            mean_ms,
            counted_seconds: Some(86_400.0),
            may_be_old,
            slow_ms: SLOW_MS,
            enter: None,
        };
        assert!(judged(&wish(Some(5_000.0), Some(500.0), true)).is_ok());
        assert!(judged(&wish(None, None, true)).is_ok());
        let against = |wish| judged(&wish).unwrap_err().0;
        assert_eq!(against(wish(Some(20.0), Some(500.0), true)), "rollup-over-a-second");
        assert_eq!(against(wish(Some(5_000.0), Some(3.0), true)), "rollup-frequent");
        assert_eq!(against(wish(Some(5_000.0), Some(500.0), false)), "rollup-may-be-an-hour-old");
    }
}
