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
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Its slowest run.
    pub max_ms: f64,
    /// Its runs since it was last looked at, where that is known.
    pub lately: Option<Counters>,
    /// The slowest of those, where that is known.
    pub max_lately_ms: Option<f64>,
    /// Its runs over a longer time, for what seldom runs: between two looks there may be too few. The slow run
    /// that it is known for may be one of them.
    pub longer: Option<Counters>,
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
    let is_slow_lately = lately.is_some_and(|lately| lately.mean_ms() >= threshold_ms)
        || seen.max_lately_ms.is_some_and(|max_ms| max_ms >= threshold_ms);
    let is_fast = |runs: Counters| runs.calls >= CALLS && runs.mean_ms() < threshold_ms;
    // Together below the threshold: then none of them was slow, whenever it ran.
    let is_none_slow = |runs: Counters| runs.calls >= CALLS && runs.total_ms < threshold_ms;
    let is_fast_lately =
        !is_slow_lately && (lately.is_some_and(is_fast) || seen.longer.is_some_and(is_none_slow));
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
        Seen { max_ms, lately: Some(lately), ..Seen::default() }
    }

    #[test]
    fn one_slow_run_opens_a_statement_and_nothing_else_does() {
        let once = |max_ms| Seen { max_ms, ..Seen::default() };
        assert_eq!(standing(None, once(1_000.0), THRESHOLD), Some(Standing::Open));
        assert_eq!(standing(None, once(999.0), THRESHOLD), None);
    }

    #[test]
    fn it_stays_open_until_it_runs_fast_for_a_while() {
        let stays = |seen| {
            assert_eq!(standing(known(Standing::Open), seen, THRESHOLD), Some(Standing::Open));
        };
        stays(Seen { max_ms: 5_000.0, ..Seen::default() });
        stays(seen(5_000.0, 0, 0.0));
        stays(seen(5_000.0, 4, 10.0));
        stays(seen(5_000.0, 50, 2_000.0));
        stays(seen(6_000.0, 50, 500.0));
        let mended = seen(5_000.0, 5, 10.0);
        assert_eq!(standing(known(Standing::Open), mended, THRESHOLD), Some(Standing::Fixed));
        assert_eq!(standing(known(Standing::Advised), mended, THRESHOLD), Some(Standing::Fixed));
    }

    #[test]
    fn what_seldom_runs_is_judged_by_a_longer_time() {
        let longer = |mean_ms: f64| Some(Counters { calls: 9, total_ms: mean_ms * 9.0 });
        let of = |standing_now, seen| standing(known(standing_now), seen, THRESHOLD).unwrap();
        let fast = Seen { longer: longer(20.0), ..seen(5_000.0, 1, 10.0) };
        assert_eq!(of(Standing::Open, fast), Standing::Fixed);
        // The one run since the last look was slow again.
        let slow = Seen { longer: longer(500.0), ..seen(5_000.0, 1, 2_000.0) };
        assert_eq!(of(Standing::Open, slow), Standing::Open);
        // The slow run that it is known for is among many fast ones, and none ran since.
        let among = Counters { calls: 100, total_ms: 6_000.0 };
        let unmended = Seen { longer: Some(among), ..seen(5_000.0, 0, 0.0) };
        assert_eq!(of(Standing::Open, unmended), Standing::Open);
        // The longer time still has runs from before it was mended.
        let mended = Seen { longer: longer(2_000.0), ..seen(5_000.0, 1, 10.0) };
        assert_eq!(of(Standing::Open, mended), Standing::Open);
        assert_eq!(of(Standing::Fixed, mended), Standing::Fixed);
    }

    #[test]
    fn one_slow_run_among_fast_ones_shows_where_each_is_known() {
        let of = |max_lately_ms| {
            let seen = Seen { max_lately_ms: Some(max_lately_ms), ..seen(400.0, 50, 10.0) };
            [Standing::Open, Standing::Fixed]
                .map(|it| standing(known(it), seen, THRESHOLD).unwrap())
        };
        assert_eq!(of(900.0), [Standing::Fixed, Standing::Fixed]);
        assert_eq!(of(1_900.0), [Standing::Open, Standing::Open]);
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
