//! Money around a call: reserve before it, settle after it, even when nobody waits any more.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convergio_core::{
    Allocator, Budget, BudgetConfig, BudgetState, Error, Reservation, Usage as CoreUsage,
};
use convergio_wire::{Failure, Usage, catalog, config};

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

    /// The figures; `None` without a limit.
    pub(crate) fn state(&self) -> Option<BudgetState> {
        self.budget.as_deref().map(|budget| lock(budget).state())
    }

    /// Admits the most a call may cost, or refuses it before the provider is called.
    pub(crate) fn reserve(&self, amount: i64) -> Result<Hold, Failure> {
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
        Ok(Hold { open, at_risk: 0 })
    }
}

/// A budget is consistent after every call into the core, so a panic elsewhere while the lock was
/// held does not spoil it.
fn lock(budget: &Mutex<Budget>) -> MutexGuard<'_, Budget> {
    budget.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One admitted call. Dropping it unsettled books what is at risk: nothing before the provider is
/// asked, and then the call does not count.
#[derive(Debug)]
pub(crate) struct Hold {
    open: Option<(Arc<Mutex<Budget>>, Reservation)>,
    at_risk: i64,
}

impl Hold {
    /// From now on the provider may charge `amount` even if no answer arrives, for example because
    /// the caller goes away.
    pub(crate) fn put_at_risk(&mut self, amount: i64) {
        self.at_risk = amount;
    }

    /// Gives the money back: the call did not happen, or is not charged for.
    pub(crate) fn release(mut self) {
        self.at_risk = 0;
    }

    /// Books what was really spent.
    pub(crate) fn settle(mut self, actual: i64) {
        if let Some((budget, reservation)) = self.open.take()
            && let Err(error) = lock(&budget).settle(reservation, actual)
        {
            tracing::error!(%error, "a call could not be settled");
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Settling with 0 is releasing.
        if let Some((budget, reservation)) = self.open.take()
            && let Err(error) = lock(&budget).settle(reservation, self.at_risk)
        {
            tracing::error!(%error, "a reservation could not be closed");
        }
    }
}

/// What `usage` costs at `price`, nano-dollars.
pub(crate) fn cost(price: &catalog::Price, usage: &Usage) -> Result<i64, Error> {
    let mut kinds = CoreUsage::split(
        usage.prompt_tokens,
        usage.cached_tokens,
        usage.completion_tokens,
        usage.reasoning_tokens,
    )?;
    if price.cache_write > 0 {
        kinds.cache_write = usage.cache_write_tokens.clamp(0, kinds.input);
        kinds.input -= kinds.cache_write;
    }
    route::price(price).cost_of(&kinds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(limit: i64) -> Ledger {
        let limits = config::Budget { limit_nano_usd: limit, spent_nano_usd: 0 };
        Ledger::new(Some(&limits), &Allocator::new()).unwrap()
    }

    #[test]
    fn what_is_written_to_a_cache_has_a_price_of_its_own_where_one_is_known() {
        let usage = Usage { prompt_tokens: 100, cache_write_tokens: 40, ..Usage::default() };
        let price = |cache_write| catalog::Price {
            input: 1_000_000,
            cache_write,
            ..catalog::Price::default()
        };
        assert_eq!(cost(&price(0), &usage).unwrap(), 100);
        assert_eq!(cost(&price(2_000_000), &usage).unwrap(), 60 + 80);
    }

    #[test]
    fn a_dropped_hold_gives_the_money_back_and_a_settled_one_keeps_what_was_spent() {
        let ledger = ledger(100);
        drop(ledger.reserve(80).unwrap());
        assert_eq!(ledger.state().unwrap().left, 100);
        ledger.reserve(80).unwrap().settle(30);
        assert_eq!(ledger.state().unwrap().left, 70);
        for (released, left) in [(true, 70), (false, 65)] {
            let mut hold = ledger.reserve(10).unwrap();
            hold.put_at_risk(5);
            if released {
                hold.release()
            } else {
                drop(hold)
            }
            assert_eq!(ledger.state().unwrap().left, left);
        }
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
