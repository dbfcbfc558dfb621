//! How often a key may ask. Counted in this process: two servers allow twice as much.

use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use super::problem::Problem;

/// Above this many keys, those that have not asked lately are forgotten.
const MANY: usize = 10_000;

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum KeyId {
    /// The operator's.
    Operator,
    /// Those of a tenant's key.
    Tenant(Uuid),
}

/// How often a key may ask.
pub(super) struct RateLimit {
    limiter: RateLimiter<KeyId, HashMapStateStore<KeyId>, DefaultClock>,
    clock: DefaultClock,
}

impl RateLimit {
    /// Allows so many requests in a minute, all at once if need be.
    pub(super) fn per_minute(count: NonZeroU32) -> Self {
        let limiter = RateLimiter::hashmap(Quota::per_minute(count));
        Self { limiter, clock: DefaultClock::default() }
    }

    /// Counts a request, and refuses one too many with the seconds to wait.
    pub(super) fn check(&self, key: KeyId) -> Result<(), Problem> {
        if self.limiter.len() > MANY {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&key).map_err(|not_yet| {
            let wait = not_yet.wait_time_from(self.clock.now());
            // A whole second more: rounded down, the next one would be refused as well.
            Problem::too_many_requests(wait.as_secs() + 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_counted_for_itself() {
        let limit = RateLimit::per_minute(NonZeroU32::new(2).unwrap());
        let (one, other) = (KeyId::Tenant(Uuid::from_u128(1)), KeyId::Tenant(Uuid::from_u128(2)));
        limit.check(one).unwrap();
        limit.check(one).unwrap();
        assert!(limit.check(one).is_err());
        limit.check(other).unwrap();
        limit.check(KeyId::Operator).unwrap();
    }
}
