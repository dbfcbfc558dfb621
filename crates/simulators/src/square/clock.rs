//! The simulated clock: it stands, is moved, or runs at a speed; it never goes back.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::SquareError;
use super::moment::Moment;

/// A clock that everything in the simulator reads.
#[derive(Debug)]
pub(crate) struct Clock {
    pace: Mutex<Pace>,
}

/// How the clock goes since it was last touched.
#[derive(Debug, Clone, Copy)]
struct Pace {
    base: Moment,
    since: Instant,
    /// Simulated seconds in a second; zero stands still.
    speed: f64,
}

impl Clock {
    /// Sets up a clock that shows `start` and runs at `speed`.
    pub(crate) fn new(start: Moment, speed: f64) -> Self {
        Self { pace: Mutex::new(Pace { base: start, since: Instant::now(), speed }) }
    }

    /// Returns the simulated time.
    pub(crate) fn now(&self) -> Moment {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).now()
    }

    /// Returns the simulated seconds in a second.
    pub(crate) fn speed(&self) -> f64 {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).speed
    }

    /// Moves the clock on.
    pub(crate) fn advance(&self, by: Duration) -> Moment {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        *pace = Pace { base: pace.now().plus(millis), since: Instant::now(), speed: pace.speed };
        pace.base
    }

    /// Sets the clock to a later time; refuses an earlier one, since what was sold stays sold.
    pub(crate) fn set(&self, moment: Moment) -> Result<Moment, SquareError> {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let now = pace.now();
        if moment < now {
            return Err(SquareError::ClockGoesBack { now, wanted: moment });
        }
        *pace = Pace { base: moment, since: Instant::now(), speed: pace.speed };
        Ok(moment)
    }

    /// Lets the clock run at a speed from now on; zero stops it.
    pub(crate) fn run(&self, speed: f64) -> Result<(), SquareError> {
        if !(0.0..=1_000_000.0).contains(&speed) {
            let problem = format!("is {speed}, not 0 to 1000000");
            return Err(SquareError::Config { field: "speed", problem });
        }
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        *pace = Pace { base: pace.now(), since: Instant::now(), speed };
        Ok(())
    }
}

impl Pace {
    fn now(&self) -> Moment {
        let simulated = self.since.elapsed().as_secs_f64() * self.speed * 1_000.0;
        self.base.plus(simulated as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_moves_only_when_moved_and_never_back() {
        let clock = Clock::new(Moment(1_000), 0.0);
        assert_eq!(clock.now(), Moment(1_000));
        assert_eq!(clock.advance(Duration::from_millis(500)), Moment(1_500));
        assert_eq!(clock.set(Moment(9_000)).unwrap(), Moment(9_000));
        assert!(clock.set(Moment(8_999)).is_err());
        assert_eq!(clock.now(), Moment(9_000));
    }

    #[test]
    fn a_running_clock_keeps_its_time_when_its_speed_changes() {
        let clock = Clock::new(Moment(0), 1_000_000.0);
        let earlier = clock.now();
        clock.run(0.0).unwrap();
        let stopped = clock.now();
        assert!(stopped >= earlier);
        assert_eq!(clock.now(), stopped);
        assert!(clock.run(-1.0).is_err());
    }
}
