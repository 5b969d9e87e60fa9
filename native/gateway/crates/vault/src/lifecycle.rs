//! When a key is due for rotation, and how long two versions may work side by side. Pure: the clock
//! is an argument.
use convergio_store::Millis;

use crate::error::{Result, VaultError};

/// A day in milliseconds.
pub const DAY: Millis = 86_400_000;

/// The longest window in which two versions of a key work, in days.
pub const LONGEST_OVERLAP: u32 = 30;

/// The age at which keys are due where a tenant decided nothing, in days.
pub const DEFAULT_MAX_AGE: u32 = 90;

/// How urgent a rotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Due in 14 days or less.
    Fourteen,
    /// Due in 7 days or less.
    Seven,
    /// Due within a day.
    One,
    /// Past its time.
    Overdue,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Fourteen, Self::Seven, Self::One, Self::Overdue];

    /// The word for it, in the database, the API and the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fourteen => "due_in_14_days",
            Self::Seven => "due_in_7_days",
            Self::One => "due_in_1_day",
            Self::Overdue => "overdue",
        }
    }

    /// How many days before it is due this begins.
    fn lead(self) -> u32 {
        match self {
            Self::Fourteen => 14,
            Self::Seven => 7,
            Self::One => 1,
            Self::Overdue => 0,
        }
    }

    /// The stage of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }
}

/// How old the keys of a tenant may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxAge {
    /// They never fall due.
    Unlimited,
    /// They fall due so many days after they were added.
    Days(u32),
}

impl MaxAge {
    /// The age out of a tenant's setting: a number of days, 0 for no limit, nothing for the default.
    ///
    /// # Errors
    /// `None` for text that is no number.
    pub fn parse(setting: Option<&str>) -> Option<Self> {
        match setting {
            None => Some(Self::Days(DEFAULT_MAX_AGE)),
            Some(text) => match text.parse().ok()? {
                0 => Some(Self::Unlimited),
                days => Some(Self::Days(days)),
            },
        }
    }

    /// When a secret added at `created_at` falls due.
    pub fn due_at(self, created_at: Millis) -> Option<Millis> {
        match self {
            Self::Unlimited => None,
            Self::Days(days) => Some(created_at.saturating_add(i64::from(days) * DAY)),
        }
    }

    /// How urgent it is at `now`, if at all. A lead as long as the whole life of a key says nothing
    /// and is left out.
    pub fn stage(self, created_at: Millis, now: Millis) -> Option<Stage> {
        let Self::Days(days) = self else { return None };
        let due = self.due_at(created_at)?;
        Stage::ALL
            .into_iter()
            .filter(|stage| stage.lead() < days)
            .rfind(|stage| now >= due.saturating_sub(i64::from(stage.lead()) * DAY))
    }
}

/// Must the owner be reminded of `stage`, having been reminded of `last` already? Once per stage,
/// and never of a milder one after a more urgent one.
pub fn is_news(stage: Stage, last: Option<Stage>) -> bool {
    last.is_none_or(|last| stage > last)
}

/// When a version that is replaced at `now` stops working.
///
/// # Errors
/// `OverlapTooLong` beyond [`LONGEST_OVERLAP`] days.
pub fn overlap_until(overlap: std::time::Duration, now: Millis) -> Result<Option<Millis>> {
    let longest = i64::from(LONGEST_OVERLAP) * DAY;
    match i64::try_from(overlap.as_millis()) {
        Ok(0) => Ok(None),
        Ok(millis) if millis <= longest => Ok(Some(now.saturating_add(millis))),
        _ => Err(VaultError::OverlapTooLong(LONGEST_OVERLAP)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reminders_begin_14_7_and_1_days_before_and_when_overdue() {
        let age = MaxAge::Days(90);
        for (at, expected) in [
            (0, None),
            (76 * DAY - 1, None),
            (76 * DAY, Some(Stage::Fourteen)),
            (83 * DAY - 1, Some(Stage::Fourteen)),
            (83 * DAY, Some(Stage::Seven)),
            (89 * DAY - 1, Some(Stage::Seven)),
            (89 * DAY, Some(Stage::One)),
            (90 * DAY - 1, Some(Stage::One)),
            (90 * DAY, Some(Stage::Overdue)),
            (9000 * DAY, Some(Stage::Overdue)),
        ] {
            assert_eq!(age.stage(5, 5 + at), expected, "day {}", at / DAY);
        }
    }

    #[test]
    fn a_short_life_is_not_all_reminders_and_no_limit_is_none() {
        assert_eq!(MaxAge::Days(7).stage(0, 0), None);
        assert_eq!(MaxAge::Days(7).stage(0, 6 * DAY), Some(Stage::One));
        assert_eq!(MaxAge::Days(1).stage(0, DAY - 1), None);
        assert_eq!(MaxAge::Unlimited.stage(0, i64::MAX), None);
        assert_eq!(MaxAge::parse(Some("0")), Some(MaxAge::Unlimited));
        assert_eq!(MaxAge::parse(Some("30")), Some(MaxAge::Days(30)));
        assert_eq!(MaxAge::parse(None), Some(MaxAge::Days(DEFAULT_MAX_AGE)));
        assert_eq!(MaxAge::parse(Some("soon")), None);
    }

    #[test]
    fn a_window_has_a_limit() {
        assert_eq!(overlap_until(Duration::ZERO, 5).expect("none"), None);
        assert_eq!(overlap_until(Duration::from_secs(60), 5).expect("a minute"), Some(60_005));
        let month = Duration::from_secs(30 * 86_400);
        assert!(overlap_until(month, 5).is_ok());
        assert!(overlap_until(month + Duration::from_millis(1), 5).is_err());
        assert!(overlap_until(Duration::MAX, 5).is_err());
    }

    proptest! {
        #[test]
        fn urgency_only_grows_and_each_stage_is_told_once(
            days in 1_u32..400, steps in prop::collection::vec(0_i64..40, 1..60),
        ) {
            let (mut now, mut last, mut told) = (0, None, Vec::new());
            for step in steps {
                now += step * DAY / 3;
                let stage = MaxAge::Days(days).stage(0, now);
                prop_assert!(stage >= last);
                if let Some(stage) = stage && is_news(stage, last) {
                    told.push(stage);
                    last = Some(stage);
                }
            }
            prop_assert!(told.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(told.iter().all(|stage| Stage::parse(stage.as_str()) == Some(*stage)));
        }
    }
}
