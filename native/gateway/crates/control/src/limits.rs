//! How often one person may ask. A window of a minute slides: in no minute, however it is laid, more
//! are admitted than allowed, and nobody is refused while there is room. Pure but for [`Limiter`]'s
//! lock: the clock is an argument.
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use convergio_store::{Millis, TenantId, UserId};

/// How long a request counts, in milliseconds.
const WINDOW: Millis = 60_000;

/// With more people than this, those who asked nothing for a minute are forgotten.
const MOST: usize = 10_000;

/// A request that may go on, and what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Requests per minute.
    pub limit: u32,
    /// How many more may follow at once.
    pub remaining: u32,
    /// When one more is allowed than `remaining`: the oldest of those admitted leaves the window.
    pub reset: Duration,
}

/// A request that may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "more than {limit} requests in a minute; wait as long as `retry-after` says, or ask an \
     administrator for a higher limit"
)]
pub struct Refusal {
    /// Requests per minute.
    pub limit: u32,
    /// After so long the next one is admitted.
    pub wait: Duration,
}

/// When the requests of the last minute were admitted, oldest first.
#[derive(Debug, Default)]
struct Window(VecDeque<Millis>);

impl Window {
    /// Admits a request at `now`, or says why not.
    fn admit(&mut self, limit: u32, now: Millis) -> Result<Admission, Refusal> {
        // A clock that was put back must not open the window again.
        let now = self.0.back().map_or(now, |last| now.max(*last));
        self.forget(now);
        let (allowed, used) = (usize::try_from(limit).unwrap_or(usize::MAX), self.0.len());
        if used >= allowed {
            // So many must leave first that one fits; with a limit of none, that never is.
            let leaves = self.0.get(used - allowed).map_or(now, |admitted| *admitted);
            return Err(Refusal { limit, wait: until(leaves.saturating_add(WINDOW), now) });
        }
        self.0.push_back(now);
        let oldest = self.0.front().map_or(now, |admitted| *admitted);
        let remaining = u32::try_from(allowed - self.0.len()).unwrap_or(u32::MAX);
        Ok(Admission { limit, remaining, reset: until(oldest.saturating_add(WINDOW), now) })
    }

    /// Lets go what has left the window.
    fn forget(&mut self, now: Millis) {
        while self.0.front().is_some_and(|admitted| now.saturating_sub(*admitted) >= WINDOW) {
            self.0.pop_front();
        }
    }
}

fn until(then: Millis, now: Millis) -> Duration {
    Duration::from_millis(u64::try_from(then.saturating_sub(now)).unwrap_or(0))
}

/// The windows of all people, and the limits of their tenants as they were read a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    windows: Mutex<HashMap<UserId, Window>>,
    limits: Mutex<HashMap<TenantId, (Option<u32>, Millis)>>,
}

impl Limiter {
    /// Admits a request of somebody at `now`. Exact under any parallelism: looking and admitting are
    /// one step.
    pub(crate) fn admit(
        &self,
        user: &UserId,
        limit: u32,
        now: Millis,
    ) -> Result<Admission, Refusal> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(window) = windows.get_mut(user) {
            return window.admit(limit, now);
        }
        if windows.len() >= MOST {
            windows.retain(|_, window| {
                window.forget(now);
                !window.0.is_empty()
            });
        }
        windows.entry(user.clone()).or_default().admit(limit, now)
    }

    /// A tenant's limit, when it was read less than `fresh` milliseconds ago.
    pub(crate) fn known(
        &self,
        tenant: &TenantId,
        now: Millis,
        fresh: Millis,
    ) -> Option<Option<u32>> {
        let limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        let (limit, read_at) = limits.get(tenant)?;
        (0..fresh).contains(&now.saturating_sub(*read_at)).then_some(*limit)
    }

    /// Remembers what was read.
    pub(crate) fn remember(&self, tenant: &TenantId, limit: Option<u32>, now: Millis) {
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.insert(tenant.clone(), (limit, now));
    }

    /// Forgets a tenant's limit: it was changed.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_minute_slides_and_says_what_is_left() {
        let mut window = Window::default();
        let told = |outcome: Result<Admission, Refusal>| match outcome {
            Ok(Admission { remaining, reset, .. }) => (true, remaining, reset.as_millis()),
            Err(Refusal { wait, .. }) => (false, 0, wait.as_millis()),
        };
        assert_eq!(told(window.admit(2, 0)), (true, 1, 60_000));
        assert_eq!(told(window.admit(2, 10_000)), (true, 0, 50_000));
        assert_eq!(told(window.admit(2, 59_999)), (false, 0, 1));
        assert_eq!(told(window.admit(2, 60_000)), (true, 0, 10_000));
        assert_eq!(told(window.admit(2, 60_000)), (false, 0, 10_000));
        assert_eq!(told(window.admit(1, 69_999)), (false, 0, 50_001), "a lower limit waits longer");
        assert_eq!(told(window.admit(2, 1)), (false, 0, 10_000), "a clock that was put back");
        assert_eq!(told(Window::default().admit(0, 5)), (false, 0, 60_000));
    }

    #[test]
    fn of_many_at_once_exactly_as_many_as_allowed_get_through() {
        let (limiter, user, admitted) = (Limiter::default(), UserId::new(1), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        if limiter.admit(&user, 37, 1_000).is_ok() {
                            admitted.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(admitted.into_inner(), 37);
        assert!(limiter.admit(&UserId::new(1), 37, 1_000).is_ok(), "somebody else has their own");
    }

    #[test]
    fn a_limit_is_believed_for_a_while_and_forgotten_when_it_changes() {
        let (limiter, tenant) = (Limiter::default(), TenantId::new(1));
        assert_eq!(limiter.known(&tenant, 0, 5), None);
        limiter.remember(&tenant, Some(3), 100);
        assert_eq!(limiter.known(&tenant, 104, 5), Some(Some(3)));
        assert_eq!(limiter.known(&tenant, 105, 5), None);
        assert_eq!(limiter.known(&tenant, 99, 5), None);
        limiter.forget(&tenant);
        assert_eq!(limiter.known(&tenant, 100, 5), None);
    }

    proptest! {
        #[test]
        fn admitted_is_allowed_exactly(
            limit in 1_u32..8, steps in prop::collection::vec(0_i64..20_000, 1..120),
        ) {
            let (mut window, mut now, mut admitted) = (Window::default(), 0, Vec::<Millis>::new());
            for step in steps {
                now += step;
                let recent = admitted.iter().filter(|at| now - **at < WINDOW).count();
                let allowed = recent < limit as usize;
                match window.admit(limit, now) {
                    Ok(admission) => {
                        prop_assert!(allowed);
                        prop_assert_eq!(admission.remaining as usize, limit as usize - recent - 1);
                        admitted.push(now);
                    }
                    Err(refusal) => {
                        prop_assert!(!allowed);
                        // Whoever waits as told is admitted, and a millisecond earlier is too early.
                        let then = now + i64::try_from(refusal.wait.as_millis()).expect("short");
                        let at = |time: Millis| {
                            admitted.iter().filter(|at| time - **at < WINDOW).count()
                        };
                        prop_assert!(at(then) < limit as usize);
                        prop_assert!(at(then - 1) >= limit as usize);
                    }
                }
            }
        }
    }
}
