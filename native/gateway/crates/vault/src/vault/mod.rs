//! Keys of tenants: added, tested, renamed, rotated, revoked, removed; opened for one call.
mod keys;
mod newer;
mod remembered;
mod reminders;
mod rewrap;
mod views;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use convergio_store::{KeyId, SealedVersion, Store, TenantId};
use secrecy::{SecretBox, SecretString};

use crate::envelope::{self, Binding};
use crate::error::{Result, VaultError};
use crate::fingerprint::Pepper;
use crate::master::MasterKeys;
use crate::sealed::Sealed;

pub use keys::{Lease, NewSecret, Probe};
use newer::Newer;
pub use newer::Reload;
use remembered::Remembered;
pub use reminders::Outlived;
pub use rewrap::{Rewrapped, Unmoved};
pub use views::{KeyView, VersionView};

/// Under which name the pepper is kept, and what it is bound to.
const PEPPER: &str = "pepper";
const PEPPER_AT: Binding<'static> =
    Binding { tenant: "", provider: "installation", key: PEPPER, version: 1 };

/// The keys of all tenants of one installation.
pub struct Vault {
    store: Store,
    masters: RwLock<Arc<dyn MasterKeys>>,
    pepper: Pepper,
    newer: Option<Newer>,
    remembered: Remembered,
}

impl Vault {
    /// Opens the vault of a store. The first time, it makes the installation's pepper.
    ///
    /// # Errors
    /// `UnknownMasterKey` or `Tampered` when these master keys did not seal this store.
    pub async fn open(store: Store, masters: Arc<dyn MasterKeys>) -> Result<Self> {
        let pepper = match store.installation_secret(PEPPER).await? {
            Some(kept) => opened_pepper(&*masters, &kept.sealed).await?,
            None => {
                let fresh =
                    envelope::seal(&*masters, &PEPPER_AT, &Pepper::fresh()?.to_hex()).await?;
                let kek_version = i64::from(fresh.kek_version);
                // Two processes may begin at once; the one that comes second reads what the first kept.
                store.add_installation_secret(PEPPER, &fresh.to_bytes()?, kek_version).await?;
                let kept = store.installation_secret(PEPPER).await?.ok_or(VaultError::Tampered)?;
                opened_pepper(&*masters, &kept.sealed).await?
            }
        };
        Ok(Self {
            store,
            masters: RwLock::new(masters),
            pepper,
            newer: None,
            remembered: Remembered::default(),
        })
    }

    /// A key for a purpose outside the vault, such as sealing the audit log's ends. It stays the
    /// same when master keys change.
    pub fn derive(&self, purpose: &str) -> SecretBox<[u8; 32]> {
        self.pepper.derive(purpose)
    }

    /// Puts other master keys in place: those before with a newer one added. What runs goes on with
    /// those it began with.
    pub fn replace_masters(&self, masters: Arc<dyn MasterKeys>) {
        *self.masters.write().unwrap_or_else(PoisonError::into_inner) = masters;
    }

    /// The version of the master key that seals from now on.
    pub fn primary_master(&self) -> u32 {
        self.masters().primary()
    }

    fn masters(&self) -> Arc<dyn MasterKeys> {
        Arc::clone(&self.masters.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn open_version(&self, tenant: &TenantId, read: &SealedVersion) -> Result<SecretString> {
        let binding = binding(tenant, &read.key, &read.provider, read.version)?;
        let sealed = Sealed::parse(&read.sealed)?;
        match envelope::open(&*self.masters(), &binding, &sealed).await {
            Err(VaultError::UnknownMasterKey { version }) if self.caught_up(version).await => {
                envelope::open(&*self.masters(), &binding, &sealed).await
            }
            done => done,
        }
    }
}

async fn opened_pepper(masters: &dyn MasterKeys, sealed: &[u8]) -> Result<Pepper> {
    let text = envelope::open(masters, &PEPPER_AT, &Sealed::parse(sealed)?).await?;
    Pepper::from_hex(&text).ok_or(VaultError::Tampered)
}

fn binding<'a>(
    tenant: &'a TenantId,
    key: &'a KeyId,
    provider: &'a str,
    version: i64,
) -> Result<Binding<'a>> {
    let version = u32::try_from(version).map_err(|_| VaultError::Tampered)?;
    Ok(Binding { tenant: tenant.as_str(), provider, key: key.as_str(), version })
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("masters", &self.masters()).finish_non_exhaustive()
    }
}
