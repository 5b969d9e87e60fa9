//! How long to wait before trying again.
use std::time::Duration;

use convergio_core_sys::retry as sys;

use crate::status::{Result, check};

/// Exponential backoff with full jitter; honours what the server asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Upper bound of the first delay.
    pub base_ms: u32,
    /// Upper bound of every delay we choose ourselves.
    pub cap_ms: u32,
    /// Retries after the first try.
    pub max_retries: u32,
    /// Longest `retry-after` to obey; beyond it, do not wait.
    pub max_retry_after_ms: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let mut policy =
            sys::core_retry_policy { base_ms: 0, cap_ms: 0, max_retries: 0, max_retry_after_ms: 0 };
        // SAFETY: `policy` is a valid place; filling it in cannot fail.
        let status = unsafe { sys::core_retry_policy_init(&mut policy) };
        debug_assert!(check(status).is_ok());
        Self {
            base_ms: policy.base_ms,
            cap_ms: policy.cap_ms,
            max_retries: policy.max_retries,
            max_retry_after_ms: policy.max_retry_after_ms,
        }
    }
}

impl RetryPolicy {
    /// The delay before retry number `retry` (0 is the first), jittered by `random` (uniform).
    ///
    /// # Errors
    /// `RetryExhausted`, `RetryTooLate` (the server asks for too long), `Invalid`.
    pub fn delay(
        &self,
        retry: u32,
        random: u64,
        retry_after: Option<Duration>,
    ) -> Result<Duration> {
        let policy = sys::core_retry_policy {
            base_ms: self.base_ms,
            cap_ms: self.cap_ms,
            max_retries: self.max_retries,
            max_retry_after_ms: self.max_retry_after_ms,
        };
        let retry_after = retry_after.map_or(sys::CORE_RETRY_AFTER_NONE, |wait| {
            i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
        });
        let mut delay = 0;
        // SAFETY: the policy is borrowed for the call; `delay` is a valid place.
        check(unsafe { sys::core_retry_delay(&policy, retry, random, retry_after, &mut delay) })?;
        Ok(Duration::from_millis(delay))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use proptest::prelude::*;

    #[test]
    fn a_server_that_asks_for_an_hour_is_not_waited_for() {
        let error =
            RetryPolicy::default().delay(0, 0, Some(Duration::from_secs(3_600))).unwrap_err();
        assert_eq!(error.status, Status::RetryTooLate);
    }

    proptest! {
        #[test]
        fn a_delay_is_within_the_cap_and_never_before_the_server_asked(
            retry in 0_u32..2, random: u64, after in proptest::option::of(0_u64..60_000)
        ) {
            let policy = RetryPolicy::default();
            let after = after.map(Duration::from_millis);
            let delay = policy.delay(retry, random, after).unwrap();
            let floor = after.unwrap_or_default();
            prop_assert!(delay >= floor);
            prop_assert!(delay <= floor.max(Duration::from_millis(policy.cap_ms.into())));
        }
    }
}
