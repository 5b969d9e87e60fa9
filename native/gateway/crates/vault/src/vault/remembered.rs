//! Rows that were read a moment ago, still sealed: most calls need no question to the database.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convergio_store::{Millis, SealedVersion, TenantId, UserId};

/// For so long what was read is believed, in milliseconds. What this process itself changes is
/// forgotten at once; what another one does (a revocation by hand, in the file) holds by then.
const FRESH: Millis = 5_000;

/// The rows of more people and providers are not remembered.
const MOST: usize = 10_000;

pub(super) type Rows = Arc<[SealedVersion]>;

/// What people may use, by provider.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    /// Counts how often everything was forgotten.
    era: u64,
    rows: HashMap<Whose, Entry>,
}

/// Whose rows, for which provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Whose {
    pub(super) tenant: TenantId,
    pub(super) user: UserId,
    pub(super) provider: String,
}

#[derive(Debug)]
struct Entry {
    rows: Rows,
    read_at: Millis,
}

impl Entry {
    fn is_fresh(&self, now: Millis) -> bool {
        // A clock that was put back makes everything old; so does a window that ended.
        let ended = |row: &SealedVersion| row.overlap_until.is_some_and(|until| until <= now);
        (0..FRESH).contains(&now.saturating_sub(self.read_at)) && !self.rows.iter().any(ended)
    }
}

impl Remembered {
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rows that were read a moment ago; else the era in which they are missed.
    pub(super) fn get(&self, whose: &Whose, now: Millis) -> Result<Rows, u64> {
        let memory = self.lock();
        match memory.rows.get(whose).filter(|entry| entry.is_fresh(now)) {
            Some(entry) => Ok(Arc::clone(&entry.rows)),
            None => Err(memory.era),
        }
    }

    /// Remembers what was read in `era`; not when everything was forgotten since, for then it may
    /// be what is no longer so.
    pub(super) fn put(
        &self,
        whose: Whose,
        rows: Vec<SealedVersion>,
        era: u64,
        now: Millis,
    ) -> Rows {
        let rows = Rows::from(rows);
        let mut memory = self.lock();
        if memory.era == era {
            if memory.rows.len() >= MOST {
                memory.rows.retain(|_, entry| entry.is_fresh(now));
            }
            if memory.rows.len() >= MOST {
                memory.rows.clear();
            }
            memory.rows.insert(whose, Entry { rows: Arc::clone(&rows), read_at: now });
        }
        rows
    }

    fn forget(&self) {
        let mut memory = self.lock();
        memory.era = memory.era.wrapping_add(1);
        memory.rows.clear();
    }

    /// Forgets everything when it is dropped: held over a change, so that it is forgotten however the
    /// change ends.
    pub(super) fn outdated(&self) -> Outdated<'_> {
        Outdated(self)
    }
}

/// A change that is under way.
pub(super) struct Outdated<'a>(&'a Remembered);

impl Drop for Outdated<'_> {
    fn drop(&mut self) {
        self.0.forget();
    }
}

#[cfg(test)]
mod tests {
    use convergio_store::KeyId;

    use super::*;

    fn whose(provider: &str) -> Whose {
        let (tenant, user) = (TenantId::new(1), UserId::new(1));
        Whose { tenant, user, provider: provider.to_owned() }
    }

    fn row(overlap_until: Option<Millis>) -> SealedVersion {
        SealedVersion {
            key: KeyId::new(1),
            provider: "openai".to_owned(),
            endpoint: None,
            version: 1,
            sealed: vec![1],
            kek_version: 1,
            overlap_until,
        }
    }

    #[test]
    fn it_believes_for_five_seconds_and_never_past_the_end_of_a_window() {
        let (memory, long, short) = (Remembered::default(), whose("openai"), whose("google"));
        memory.put(long.clone(), vec![row(None)], 0, 1_000);
        memory.put(short.clone(), vec![row(None), row(Some(3_000))], 0, 1_000);
        for (now, known) in [(999, false), (1_000, true), (5_999, true), (6_000, false)] {
            assert_eq!(memory.get(&long, now).is_ok(), known, "{now}");
        }
        assert!(memory.get(&short, 2_999).is_ok());
        assert!(memory.get(&short, 3_000).is_err());
    }

    #[test]
    fn a_change_forgets_everything_and_what_was_read_before_it() {
        let (memory, whose) = (Remembered::default(), whose("openai"));
        let era = memory.get(&whose, 0).expect_err("unknown");
        memory.put(whose.clone(), vec![row(None)], era, 0);
        assert!(memory.get(&whose, 0).is_ok());
        drop(memory.outdated());
        assert!(memory.get(&whose, 0).is_err());
        assert_eq!(memory.put(whose.clone(), vec![row(None)], era, 0).len(), 1, "it serves once");
        assert!(memory.get(&whose, 0).is_err(), "and is not kept");
    }

    #[test]
    fn one_persons_rows_are_nobody_elses() {
        let memory = Remembered::default();
        memory.put(whose("openai"), vec![row(None)], 0, 0);
        let theirs = Whose { user: UserId::new(1), ..whose("openai") };
        let elsewhere = Whose { tenant: TenantId::new(1), ..whose("openai") };
        for other in [theirs, elsewhere, whose("google")] {
            assert!(memory.get(&other, 0).is_err(), "{other:?}");
        }
    }

    #[test]
    fn it_does_not_grow_without_bound() {
        let memory = Remembered::default();
        for _ in 0..MOST + 5 {
            memory.put(whose("openai"), vec![row(None)], 0, 0);
        }
        assert!(memory.lock().rows.len() <= MOST);
    }
}
