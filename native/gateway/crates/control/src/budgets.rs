//! What may be spent with each limited key in a month of UTC. Kept in memory, so that a key without a
//! limit costs a look into an empty map; what was spent comes from the store when the gateway starts
//! and when a limit is set. The C core's budget decides, under a lock, what is admitted: however many
//! ask at once, no more is held than the limit.
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use convergio_engine::{BudgetState, CoreError, Hold, Ledger, Level};
use convergio_store::{KeyId, LimitedKey, Millis, UserId};
use convergio_wire::{ErrorCode, Failure};
use time::{OffsetDateTime, Time};

use crate::error::{ControlError, Result};

/// The highest limit: a million dollars.
pub const HIGHEST_LIMIT: i64 = 1_000_000_000_000_000;

/// When the month of that moment began, by UTC.
pub(crate) fn month_of(now: Millis) -> Millis {
    let Ok(moment) = OffsetDateTime::from_unix_timestamp(now.div_euclid(1_000)) else { return now };
    let first = moment.replace_day(1).map(|day| day.replace_time(Time::MIDNIGHT));
    first.map_or(now, |first| first.unix_timestamp() * 1_000)
}

/// One key's limit, and what became of it this month.
#[derive(Debug)]
struct Limited {
    user: UserId,
    name: String,
    limit: i64,
    month: Millis,
    ledger: Ledger,
}

/// The limited keys of an installation, by id.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    keys: RwLock<HashMap<String, Limited>>,
}

impl Budgets {
    /// Begins with what the store has.
    ///
    /// # Errors
    /// `Internal` when there is no memory.
    pub(crate) fn of(keys: Vec<LimitedKey>, now: Millis) -> Result<Self> {
        let budgets = Self::default();
        for key in keys {
            let LimitedKey { id, user, name, monthly_limit_nanos, spent_nanos, .. } = key;
            budgets.limit(&id, user, &name, monthly_limit_nanos, spent_nanos, now)?;
        }
        Ok(budgets)
    }

    /// From now on `limit` holds, of which `spent` are gone this month. What is on its way under
    /// another limit counts as spent with the most that it may cost.
    ///
    /// # Errors
    /// `Internal` when there is no memory.
    pub(crate) fn limit(
        &self,
        id: &KeyId,
        user: UserId,
        name: &str,
        limit: i64,
        spent: i64,
        now: Millis,
    ) -> Result<()> {
        let mut keys = self.write();
        let open = keys.get(id.as_str()).and_then(|limited| limited.ledger.state());
        let gone = match open {
            Some(state) => state.spent.max(spent).saturating_add(state.reserved),
            None => spent,
        };
        let ledger = Ledger::limited(limit, gone).map_err(broken)?;
        let limited = Limited { user, name: name.to_owned(), limit, month: month_of(now), ledger };
        keys.insert(id.as_str().to_owned(), limited);
        Ok(())
    }

    /// Nobody limits that key any more, or it is gone.
    pub(crate) fn lift(&self, id: &KeyId) {
        self.write().remove(id.as_str());
    }

    /// What a person calls a limited key is told when it is used up.
    pub(crate) fn rename(&self, id: &KeyId, name: &str) {
        if let Some(limited) = self.write().get_mut(id.as_str()) {
            name.clone_into(&mut limited.name);
        }
    }

    /// Holds `amount` nano-dollars of what is left of a key's limit; `None` where there is no limit.
    ///
    /// # Errors
    /// `budget.exceeded`; what the core says.
    pub(crate) fn hold(&self, id: &str, amount: i64, now: Millis) -> Result<Option<Hold>, Failure> {
        self.turn(id, now)?;
        let keys = self.read();
        let Some(limited) = keys.get(id) else { return Ok(None) };
        limited.ledger.reserve(amount).map(Some).map_err(|failure| match failure.code {
            ErrorCode::BudgetExceeded => used_up(id, limited, amount),
            _ => failure,
        })
    }

    /// How near somebody's limited keys are to their limits: the nearest of them.
    pub(crate) fn level(&self, user: &UserId) -> Option<Level> {
        let keys = self.read();
        let theirs = keys.values().filter(|limited| limited.user == *user);
        theirs.filter_map(|limited| Some(limited.ledger.state()?.level)).max()
    }

    /// The figures of a limited key this month.
    ///
    /// # Errors
    /// What the core says when a month begins.
    pub(crate) fn state(&self, id: &KeyId, now: Millis) -> Result<Option<BudgetState>, Failure> {
        self.turn(id.as_str(), now)?;
        Ok(self.read().get(id.as_str()).and_then(|limited| limited.ledger.state()))
    }

    /// Begins a new month where one has begun. A clock that was put back begins none.
    fn turn(&self, id: &str, now: Millis) -> Result<(), Failure> {
        let month = month_of(now);
        let is_over = |limited: &Limited| limited.month < month;
        if !self.read().get(id).is_some_and(is_over) {
            return Ok(());
        }
        if let Some(limited) = self.write().get_mut(id).filter(|limited| limited.month < month) {
            let begun = limited.ledger.begin_period(limited.limit);
            begun.map_err(|error| broken(error).failure())?;
            limited.month = month;
        }
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<String, Limited>> {
        // Every change leaves the map whole, so a panic elsewhere does not spoil it.
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<String, Limited>> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn broken(error: CoreError) -> ControlError {
    tracing::error!(%error, "a key's limit");
    ControlError::Internal("a key's limit could not be set")
}

fn used_up(id: &str, limited: &Limited, amount: i64) -> Failure {
    let left = limited.ledger.state().map_or(0, |state| state.left);
    let message = format!(
        "the monthly limit of your key \"{}\" leaves {left} nano-dollars, and this call may cost \
         {amount}: ask for a shorter answer or a cheaper model, raise the limit (PATCH \
         /api/v1/keys/{id}), or wait for next month",
        limited.name
    );
    Failure::new(ErrorCode::BudgetExceeded, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-11-23 and 2026-12-01, UTC.
    const NOVEMBER: Millis = 1_795_392_000_000;
    const DECEMBER: Millis = 1_796_083_200_000;

    fn limited(limit: i64, spent: i64) -> (Budgets, KeyId) {
        let (budgets, id) = (Budgets::default(), KeyId::new(NOVEMBER));
        budgets.limit(&id, UserId::new(NOVEMBER), "Work", limit, spent, NOVEMBER).unwrap();
        (budgets, id)
    }

    #[test]
    fn months_begin_on_their_first_day_by_utc() {
        assert_eq!(month_of(NOVEMBER), 1_793_491_200_000, "2026-11-01");
        assert_eq!(month_of(DECEMBER), DECEMBER);
        assert_eq!(month_of(DECEMBER - 1), 1_793_491_200_000);
        assert_eq!(month_of(0), 0);
        // 2028 is a leap year.
        assert_eq!(month_of(1_835_438_400_000), 1_832_976_000_000);
    }

    #[test]
    fn a_key_without_a_limit_is_not_held_back() {
        let (budgets, _) = limited(0, 0);
        assert!(budgets.hold("another", i64::MAX, NOVEMBER).unwrap().is_none());
        assert_eq!(budgets.level(&UserId::new(NOVEMBER)), None);
    }

    #[test]
    fn what_is_used_up_stays_so_until_the_month_ends_or_the_limit_is_raised() {
        let (budgets, id) = limited(100, 95);
        let failure = budgets.hold(id.as_str(), 6, NOVEMBER).unwrap_err();
        assert_eq!(failure.code, ErrorCode::BudgetExceeded);
        for part in ["\"Work\"", "leaves 5 ", "may cost 6", id.as_str()] {
            assert!(failure.message.contains(part), "{part}: {}", failure.message);
        }
        budgets.hold(id.as_str(), 100, DECEMBER).unwrap().unwrap().settle(100);
        assert!(budgets.hold(id.as_str(), 1, DECEMBER).is_err());
        assert!(budgets.hold(id.as_str(), 1, NOVEMBER).is_err(), "a clock that was put back");
        budgets.limit(&id, UserId::new(NOVEMBER), "Work", 101, 100, DECEMBER).unwrap();
        assert!(budgets.hold(id.as_str(), 1, DECEMBER).unwrap().is_some());
        budgets.lift(&id);
        assert!(budgets.hold(id.as_str(), 1_000, DECEMBER).unwrap().is_none());
    }

    #[test]
    fn what_is_on_its_way_counts_under_the_next_limit_and_in_the_next_month() {
        let (budgets, id) = limited(100, 0);
        let open = budgets.hold(id.as_str(), 60, NOVEMBER).unwrap();
        assert!(budgets.hold(id.as_str(), 50, DECEMBER).is_err());
        budgets.limit(&id, UserId::new(NOVEMBER), "Work", 100, 0, DECEMBER).unwrap();
        assert!(budgets.hold(id.as_str(), 50, DECEMBER).is_err());
        drop(open);
        assert!(budgets.hold(id.as_str(), 40, DECEMBER).unwrap().is_some());
    }

    #[test]
    fn the_nearest_of_somebodys_keys_is_told() {
        let (budgets, ada) = (Budgets::default(), UserId::new(NOVEMBER));
        for (limit, spent) in [(100, 10), (100, 90), (100, 79)] {
            budgets.limit(&KeyId::new(NOVEMBER), ada.clone(), "k", limit, spent, NOVEMBER).unwrap();
        }
        budgets
            .limit(&KeyId::new(NOVEMBER), UserId::new(NOVEMBER), "k", 100, 100, NOVEMBER)
            .unwrap();
        assert_eq!(budgets.level(&ada), Some(Level::Cheaper));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// However many ask at once, no more is admitted than the limit.
        #[test]
        fn never_over_admits(limit in 0_i64..2_000, spent in 0_i64..500, amount in 1_i64..300) {
            let (budgets, id) = limited(limit, spent);
            let admitted: i64 = std::thread::scope(|scope| {
                let asks = || (0..4).filter(|_| {
                    let hold = budgets.hold(id.as_str(), amount, NOVEMBER).ok().flatten();
                    hold.map(|hold| hold.settle(amount)).is_some()
                }).count();
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(asks)).collect();
                threads.into_iter().map(|one| i64::try_from(one.join().unwrap()).unwrap()).sum()
            });
            prop_assert_eq!(admitted, ((limit - spent).max(0) / amount).min(16));
        }
    }
}
