//! A spending limit that cannot be over-admitted.
use std::ptr::NonNull;

use convergio_core_sys::budget as sys;

use crate::memory::Allocator;
use crate::status::{Result, check};

/// How close spending is to the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Below every threshold.
    Normal,
    /// Tell the owner.
    Alert,
    /// Route to cheaper models.
    Cheaper,
    /// No paid call is admitted.
    Blocked,
}

impl Level {
    /// An unknown level blocks: budgets fail closed.
    fn from_core(number: sys::core_budget_level) -> Self {
        match number {
            sys::CORE_BUDGET_NORMAL => Self::Normal,
            sys::CORE_BUDGET_ALERT => Self::Alert,
            sys::CORE_BUDGET_CHEAPER => Self::Cheaper,
            _ => Self::Blocked,
        }
    }

    /// `normal`, `alert`, `cheaper` or `blocked`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Alert => "alert",
            Self::Cheaper => "cheaper",
            Self::Blocked => "blocked",
        }
    }
}

/// Limit and thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetConfig {
    /// Nano-dollars per period.
    pub limit: i64,
    /// Nano-dollars already spent in this period.
    pub spent: i64,
    /// Thresholds in thousandths of the limit: 0 < alert <= cheaper <= block <= 1000.
    pub alert_permille: u16,
    /// See `alert_permille`.
    pub cheaper_permille: u16,
    /// See `alert_permille`.
    pub block_permille: u16,
    /// Most open reservations at once.
    pub max_open: u32,
}

impl BudgetConfig {
    /// The built edition's thresholds with this limit.
    pub fn with_limit(limit: i64) -> Self {
        let mut raw = sys::core_budget_config {
            limit: 0,
            spent: 0,
            alert_permille: 0,
            cheaper_permille: 0,
            block_permille: 0,
            max_open: 0,
        };
        // SAFETY: `raw` is a valid place; filling it in cannot fail.
        let status = unsafe { sys::core_budget_config_init(&mut raw) };
        debug_assert!(check(status).is_ok());
        Self {
            limit,
            spent: raw.spent,
            alert_permille: raw.alert_permille,
            cheaper_permille: raw.cheaper_permille,
            block_permille: raw.block_permille,
            max_open: raw.max_open,
        }
    }
}

/// Figures of a budget, nano-dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetState {
    /// The limit of the period.
    pub limit: i64,
    /// Settled spending.
    pub spent: i64,
    /// Open reservations.
    pub reserved: i64,
    /// What may still be reserved.
    pub left: i64,
    /// How close it is.
    pub level: Level,
    /// Number of open reservations.
    pub open: u32,
}

/// What an operation did to the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The level now.
    pub level: Level,
    /// It was reached for the first time in the period: notify once.
    pub first_reached: bool,
}

impl Change {
    const NONE: sys::core_budget_change =
        sys::core_budget_change { level: sys::CORE_BUDGET_NORMAL, first_reached: false };

    fn from_core(raw: sys::core_budget_change) -> Self {
        Self { level: Level::from_core(raw.level), first_reached: raw.first_reached }
    }
}

/// One admitted amount, to be settled or released. Only the budget that issued it accepts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reservation(u64);

/// Reserve before the call, settle after it. Not locked: share it behind a mutex.
#[derive(Debug)]
pub struct Budget {
    raw: NonNull<sys::core_budget>,
    // Keeps alive what the core's callbacks point at; dropped after `raw` is freed.
    _allocator: Allocator,
}

// SAFETY: the core keeps no thread-local state; an object may move between threads.
unsafe impl Send for Budget {}

impl Budget {
    /// A budget for one period, its memory taken from `allocator`.
    ///
    /// # Errors
    /// `Invalid` thresholds, `NoMemory`.
    pub fn new(allocator: &Allocator, config: &BudgetConfig) -> Result<Self> {
        let config = sys::core_budget_config {
            limit: config.limit,
            spent: config.spent,
            alert_permille: config.alert_permille,
            cheaper_permille: config.cheaper_permille,
            block_permille: config.block_permille,
            max_open: config.max_open,
        };
        let mut raw = std::ptr::null_mut();
        // SAFETY: allocator and config are borrowed for the call (the core copies them); what the
        // allocator points at is kept alive by the clone below; `raw` is a valid place.
        check(unsafe { sys::core_budget_new(&allocator.as_core(), &config, &mut raw) })?;
        let raw = NonNull::new(raw).expect("the core writes the object on success");
        Ok(Self { raw, _allocator: allocator.clone() })
    }

    /// Admits `amount` nano-dollars, or refuses and changes nothing.
    ///
    /// # Errors
    /// `BudgetExceeded`, `TooLong` (too many open reservations), `Invalid`, `NoMemory`.
    pub fn reserve(&mut self, amount: i64) -> Result<(Reservation, Change)> {
        let (mut reservation, mut change) = (0, Change::NONE);
        // SAFETY: the budget is alive and borrowed alone; both outputs are valid places.
        check(unsafe {
            sys::core_budget_reserve(self.raw.as_ptr(), amount, &mut reservation, &mut change)
        })?;
        Ok((Reservation(reservation), Change::from_core(change)))
    }

    /// Closes a reservation with what was really spent.
    ///
    /// # Errors
    /// `ReservationUnknown`, `ReservationClosed`, `Invalid`, `Overflow`.
    pub fn settle(&mut self, reservation: Reservation, actual: i64) -> Result<Change> {
        let mut change = Change::NONE;
        // SAFETY: the budget is alive and borrowed alone; the output is a valid place.
        check(unsafe {
            sys::core_budget_settle(self.raw.as_ptr(), reservation.0, actual, &mut change)
        })?;
        Ok(Change::from_core(change))
    }

    /// Closes a reservation whose call did not happen.
    ///
    /// # Errors
    /// `ReservationUnknown`, `ReservationClosed`.
    pub fn release(&mut self, reservation: Reservation) -> Result<Change> {
        let mut change = Change::NONE;
        // SAFETY: the budget is alive and borrowed alone; the output is a valid place.
        check(unsafe { sys::core_budget_release(self.raw.as_ptr(), reservation.0, &mut change) })?;
        Ok(Change::from_core(change))
    }

    /// Starts a new period; open reservations stay open.
    ///
    /// # Errors
    /// `Invalid` on a negative limit.
    pub fn begin_period(&mut self, limit: i64) -> Result<()> {
        // SAFETY: the budget is alive and borrowed alone.
        check(unsafe { sys::core_budget_begin_period(self.raw.as_ptr(), limit) })
    }

    /// The figures now.
    pub fn state(&self) -> BudgetState {
        let mut raw = sys::core_budget_state {
            limit: 0,
            spent: 0,
            reserved: 0,
            left: 0,
            level: sys::CORE_BUDGET_BLOCKED,
            open: 0,
        };
        // SAFETY: the budget is alive; `raw` is a valid place; reading cannot fail.
        let status = unsafe { sys::core_budget_read(self.raw.as_ptr(), &mut raw) };
        debug_assert!(check(status).is_ok());
        BudgetState {
            limit: raw.limit,
            spent: raw.spent,
            reserved: raw.reserved,
            left: raw.left,
            level: Level::from_core(raw.level),
            open: raw.open,
        }
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        // SAFETY: created by `core_budget_new`, freed exactly once, its allocator still alive.
        unsafe { sys::core_budget_free(self.raw.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use proptest::prelude::*;

    #[test]
    fn closing_twice_is_refused_and_memory_is_given_back() {
        let allocator = Allocator::new();
        let mut budget = Budget::new(&allocator, &BudgetConfig::with_limit(100)).unwrap();
        let (reservation, _) = budget.reserve(60).unwrap();
        assert_eq!(budget.reserve(41).unwrap_err().status, Status::BudgetExceeded);
        budget.settle(reservation, 10).unwrap();
        assert_eq!(budget.settle(reservation, 10).unwrap_err().status, Status::ReservationClosed);
        assert!(allocator.live_bytes() > 0);
        drop(budget);
        assert_eq!((allocator.live_bytes(), allocator.live_blocks()), (0, 0));
    }

    #[test]
    fn names_agree_with_the_core() {
        for (number, level) in
            [Level::Normal, Level::Alert, Level::Cheaper, Level::Blocked].iter().enumerate()
        {
            // SAFETY: any number is allowed.
            let name = unsafe { sys::core_budget_level_name(number as u32) };
            // SAFETY: documented as static storage, never NULL.
            let name = unsafe { crate::status::static_text(name) };
            assert_eq!(level.name(), name);
        }
    }

    proptest! {
        /// However calls interleave, admitted amounts never exceed the limit.
        #[test]
        fn never_over_admits(limit in 0_i64..1_000, amounts in proptest::collection::vec(0_i64..300, 0..40)) {
            let allocator = Allocator::new();
            let mut budget = Budget::new(&allocator, &BudgetConfig::with_limit(limit)).unwrap();
            for (turn, amount) in amounts.into_iter().enumerate() {
                if let Ok((reservation, _)) = budget.reserve(amount) {
                    match turn % 3 {
                        0 => { budget.settle(reservation, amount).unwrap(); }
                        1 => { budget.release(reservation).unwrap(); }
                        _ => {}
                    }
                }
                let state = budget.state();
                prop_assert!(state.spent + state.reserved <= limit);
            }
        }
    }
}
