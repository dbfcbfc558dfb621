//! What has become of a slow statement: nothing is forgotten, and nothing is told twice.

use super::history::Counters;

/// How often a statement must have run fast until it counts as mended.
const CALLS: i64 = 5;

/// What has become of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was slow, and nobody dealt with it.
    Open,
    /// It was slow, and its plan was looked at.
    Advised,
    /// It was slow, and runs fast now.
    Fixed,
    /// It may be slow.
    Muted,
}

/// What was known of a statement when it was last looked at.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// What had become of it.
    pub standing: Standing,
    /// Its slowest run by then.
    pub max_ms: f64,
}

/// What is seen of it now.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Its slowest run.
    pub max_ms: f64,
    /// Its runs since it was last looked at, where that is known.
    pub lately: Option<Counters>,
}

/// Says what has become of a statement; `None` for one that never was slow.
///
/// A server keeps the slowest run for as long as it counts, so that one slow run would stay for ever: a
/// known statement is slow again only when its slowest run grew, or its latest runs were slow on average.
pub fn standing(known: Option<Known>, seen: Seen, threshold_ms: f64) -> Option<Standing> {
    let is_slow = seen.max_ms >= threshold_ms;
    let Some(known) = known else { return is_slow.then_some(Standing::Open) };
    let has_grown = is_slow && seen.max_ms > known.max_ms;
    let lately = seen.lately.filter(|lately| lately.calls > 0);
    let is_slow_lately = lately.is_some_and(|lately| lately.mean_ms() >= threshold_ms);
    let is_fast_lately = lately.is_some_and(|lately| lately.calls >= CALLS) && !is_slow_lately;
    Some(match known.standing {
        Standing::Muted => Standing::Muted,
        Standing::Fixed if has_grown || is_slow_lately => Standing::Open,
        Standing::Open | Standing::Advised if is_fast_lately && !has_grown => Standing::Fixed,
        unchanged => unchanged,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLD: f64 = 1_000.0;

    fn known(standing: Standing) -> Option<Known> {
        Some(Known { standing, max_ms: 5_000.0 })
    }

    fn seen(max_ms: f64, calls: i64, mean_ms: f64) -> Seen {
        let lately = Counters { calls, total_ms: mean_ms * calls as f64 };
        Seen { max_ms, lately: Some(lately) }
    }

    #[test]
    fn one_slow_run_opens_a_statement_and_nothing_else_does() {
        let once = Seen { max_ms: 1_000.0, lately: None };
        assert_eq!(standing(None, once, THRESHOLD), Some(Standing::Open));
        assert_eq!(standing(None, Seen { max_ms: 999.0, lately: None }, THRESHOLD), None);
    }

    #[test]
    fn it_stays_open_until_it_runs_fast_for_a_while() {
        let stays = |seen| {
            assert_eq!(standing(known(Standing::Open), seen, THRESHOLD), Some(Standing::Open));
        };
        stays(Seen { max_ms: 5_000.0, lately: None });
        stays(seen(5_000.0, 0, 0.0));
        stays(seen(5_000.0, 4, 10.0));
        stays(seen(5_000.0, 50, 2_000.0));
        stays(seen(6_000.0, 50, 500.0));
        let mended = seen(5_000.0, 5, 10.0);
        assert_eq!(standing(known(Standing::Open), mended, THRESHOLD), Some(Standing::Fixed));
        assert_eq!(standing(known(Standing::Advised), mended, THRESHOLD), Some(Standing::Fixed));
    }

    #[test]
    fn what_was_mended_opens_again_when_it_is_slow_again() {
        let again = |seen| standing(known(Standing::Fixed), seen, THRESHOLD);
        assert_eq!(again(seen(5_000.0, 100, 10.0)), Some(Standing::Fixed));
        assert_eq!(again(seen(7_000.0, 100, 10.0)), Some(Standing::Open));
        assert_eq!(again(seen(5_000.0, 1, 2_000.0)), Some(Standing::Open));
    }

    #[test]
    fn what_is_muted_stays_muted() {
        let muted = standing(known(Standing::Muted), seen(99_000.0, 100, 9_000.0), THRESHOLD);
        assert_eq!(muted, Some(Standing::Muted));
    }
}
