//! Another process may turn the master key over while this one runs: the command line does, and so
//! does a second gateway on the same database.
//!
//! What it wrapped anew opens here all the same, and nothing is sealed under a key that is on its way
//! out: where a newer version turns up than the newest in memory, the keys are loaded again.
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Vault;
use crate::error::{Result, VaultError};
use crate::master::{MasterKeys, Pending};

/// Hands out the master keys as they are now.
pub trait Reload: Send + Sync + fmt::Debug {
    /// Loads them.
    fn masters(&self) -> Pending<'_, Arc<dyn MasterKeys>>;
}

/// A version that was not there is not looked for again so soon: a keyring may ask a person.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where newer keys come from, and which version was last looked for in vain.
#[derive(Debug)]
pub(super) struct Newer {
    source: Arc<dyn Reload>,
    missed: Mutex<Option<(u32, Instant)>>,
}

impl Newer {
    pub(super) fn new(source: Arc<dyn Reload>) -> Self {
        Self { source, missed: Mutex::default() }
    }

    fn in_vain(&self, version: u32) -> bool {
        let missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        missed.is_some_and(|(which, when)| which == version && when.elapsed() < PATIENCE)
    }

    fn miss(&self, version: u32) {
        let now = Some((version, Instant::now()));
        *self.missed.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Vault {
    /// Lets the vault load master keys again when it meets a version it does not know.
    #[must_use]
    pub fn reloading(self, source: Arc<dyn Reload>) -> Self {
        Self { newer: Some(Newer::new(source)), ..self }
    }

    /// Whether the keys were loaded again and may know `version` now.
    pub(super) async fn caught_up(&self, version: u32) -> bool {
        let Some(newer) = self.newer.as_ref().filter(|newer| !newer.in_vain(version)) else {
            return false;
        };
        match newer.source.masters().await {
            // A source that was put back to an older state must not undo what was loaded since.
            Ok(masters) if masters.primary() >= version.max(self.primary_master()) => {
                self.replace_masters(masters);
                true
            }
            Ok(_) | Err(_) => {
                newer.miss(version);
                false
            }
        }
    }

    /// The keys to seal with: never under a version that others have turned over already, since
    /// whoever did may be about to forget it.
    pub(super) async fn masters_to_seal(&self) -> Result<Arc<dyn MasterKeys>> {
        let in_use = self.store.master_key_usage().await?;
        let newest = in_use.last_key_value().map_or(0, |(version, _)| *version);
        let newest = u32::try_from(newest).map_err(|_| VaultError::Tampered)?;
        if newest <= self.primary_master() || self.caught_up(newest).await {
            Ok(self.masters())
        } else {
            Err(VaultError::UnknownMasterKey { version: newest })
        }
    }
}
