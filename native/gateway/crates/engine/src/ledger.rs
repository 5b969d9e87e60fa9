//! Money around a call: reserve before it, settle after it, even when nobody waits any more.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convergio_core::{Allocator, Budget, BudgetConfig, BudgetState, Error, Reservation};
use convergio_wire::{Failure, config};

use crate::route;

/// The spending of one engine. Without a limit it admits everything and records nothing.
#[derive(Clone, Debug)]
pub struct Ledger {
    budget: Option<Arc<Mutex<Budget>>>,
}

impl Ledger {
    pub(crate) fn new(
        limits: Option<&config::Budget>,
        allocator: &Allocator,
    ) -> Result<Self, Error> {
        let budget = limits
            .map(|limits| {
                let mut config = BudgetConfig::with_limit(limits.limit_nano_usd);
                config.spent = limits.spent_nano_usd;
                Budget::new(allocator, &config).map(|budget| Arc::new(Mutex::new(budget)))
            })
            .transpose()?;
        Ok(Self { budget })
    }

    /// A ledger that admits `limit` nano-dollars in all, of which `spent` are gone.
    ///
    /// # Errors
    /// A limit or a sum below 0; no memory.
    pub fn limited(limit: i64, spent: i64) -> Result<Self, Error> {
        let limits = config::Budget { limit_nano_usd: limit, spent_nano_usd: spent };
        Self::new(Some(&limits), &Allocator::new())
    }

    /// Begins a new period with that limit: nothing is spent, and what is on its way still counts.
    ///
    /// # Errors
    /// A limit below 0.
    pub fn begin_period(&self, limit: i64) -> Result<(), Error> {
        self.budget.as_deref().map_or(Ok(()), |budget| lock(budget).begin_period(limit))
    }

    /// The figures; `None` without a limit.
    pub fn state(&self) -> Option<BudgetState> {
        self.budget.as_deref().map(|budget| lock(budget).state())
    }

    /// Admits the most a call may cost, or refuses it before the provider is called.
    ///
    /// # Errors
    /// `budget.exceeded`; then nothing is held.
    pub fn reserve(&self, amount: i64) -> Result<Hold, Failure> {
        let open = match &self.budget {
            None => None,
            Some(budget) => {
                let (reservation, change) =
                    lock(budget).reserve(amount).map_err(|error| route::failure(error, None))?;
                if change.first_reached {
                    tracing::warn!(level = change.level.name(), "budget level reached");
                }
                Some((Arc::clone(budget), reservation))
            }
        };
        Ok(Hold { open })
    }
}

/// A budget is consistent after every call into the core, so a panic elsewhere while the lock was
/// held does not spoil it.
fn lock(budget: &Mutex<Budget>) -> MutexGuard<'_, Budget> {
    budget.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One admitted call. Dropping it unsettled gives all of it back.
#[derive(Debug)]
pub struct Hold {
    open: Option<(Arc<Mutex<Budget>>, Reservation)>,
}

impl Hold {
    /// Books what was really spent.
    pub fn settle(mut self, actual: i64) {
        self.close(actual);
    }

    fn close(&mut self, actual: i64) {
        if let Some((budget, reservation)) = self.open.take()
            && let Err(error) = lock(&budget).settle(reservation, actual)
        {
            tracing::error!(%error, "a reservation could not be closed");
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Settling with 0 is releasing.
        self.close(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(limit: i64) -> Ledger {
        let limits = config::Budget { limit_nano_usd: limit, spent_nano_usd: 0 };
        Ledger::new(Some(&limits), &Allocator::new()).unwrap()
    }

    #[test]
    fn a_dropped_hold_gives_the_money_back_and_a_settled_one_keeps_what_was_spent() {
        let ledger = ledger(100);
        drop(ledger.reserve(80).unwrap());
        assert_eq!(ledger.state().unwrap().left, 100);
        ledger.reserve(80).unwrap().settle(30);
        assert_eq!(ledger.state().unwrap().left, 70);
    }

    #[test]
    fn parallel_calls_never_admit_more_than_the_limit() {
        let ledger = ledger(100);
        let admitted: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let holds: Vec<_> =
                            (0..10).filter_map(|_| ledger.reserve(7).ok()).collect();
                        holds.into_iter().map(|hold| hold.settle(7)).count()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(admitted, 14, "floor(100 / 7)");
        assert_eq!(ledger.state().unwrap().spent, 98);
    }
}
