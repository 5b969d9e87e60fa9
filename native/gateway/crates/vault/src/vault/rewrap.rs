//! Turning over the master key while everything runs.
//!
//! 1. Load the keys with a new version added ([`Vault::replace_masters`]): new secrets use it.
//! 2. [`Vault::rewrap`]: what older versions sealed is wrapped anew, row by row, each only if nobody
//!    changed it meanwhile. No secret is decrypted.
//! 3. When [`Vault::masters_in_use`] shows the new version alone, the old ones may be forgotten.
use std::collections::BTreeMap;

use convergio_store::{KeyId, SealedVersion, TenantId};

use super::{PEPPER, PEPPER_AT, Vault, binding};
use crate::envelope;
use crate::error::{Result, VaultError};
use crate::sealed::Sealed;

/// How many rows are read at once.
const BATCH: usize = 200;

/// What wrapping anew did.
#[derive(Debug)]
pub struct Rewrapped {
    /// The version of the master key everything is under now, but for what failed.
    pub to: u32,
    /// How many secrets were wrapped anew.
    pub moved: u64,
    /// Those that could not be; they are as they were.
    pub failed: Vec<Unmoved>,
}

/// A secret that could not be wrapped anew.
#[derive(Debug)]
pub struct Unmoved {
    /// Whose it is; nothing for a secret of the installation.
    pub key: Option<(TenantId, KeyId, i64)>,
    /// Why not.
    pub error: VaultError,
}

impl Vault {
    /// Wraps everything anew that is not under the newest master key. Safe to call at any time, also
    /// twice at once, and to repeat after it was cut short.
    ///
    /// # Errors
    /// What the store says; secrets that fail are told of in the result and stop nothing.
    pub async fn rewrap(&self) -> Result<Rewrapped> {
        let masters = self.masters();
        let _outdated = self.remembered.outdated();
        let mut done = Rewrapped { to: masters.primary(), moved: 0, failed: Vec::new() };
        for tenant in self.store.tenants().await? {
            self.rewrap_tenant(&tenant.id, &mut done).await?;
        }
        self.rewrap_pepper(&mut done).await?;
        Ok(done)
    }

    /// How many secrets each version of the master key seals.
    ///
    /// # Errors
    /// What the store says.
    pub async fn masters_in_use(&self) -> Result<BTreeMap<i64, i64>> {
        Ok(self.store.master_key_usage().await?)
    }

    async fn rewrap_tenant(&self, tenant: &TenantId, done: &mut Rewrapped) -> Result<()> {
        let of = self.store.tenant(tenant);
        let mut stuck: Vec<(KeyId, i64)> = Vec::new();
        loop {
            // Those that failed come again with every batch: read past them.
            let limit = i64::try_from(BATCH + stuck.len()).unwrap_or(i64::MAX);
            let mut batch = of.sealed_otherwise(i64::from(done.to), limit).await?;
            batch.retain(|read| {
                !stuck.iter().any(|(key, version)| *key == read.key && *version == read.version)
            });
            if batch.is_empty() {
                return Ok(());
            }
            for read in batch {
                if !self.rewrap_version(tenant, &read, done).await? {
                    stuck.push((read.key, read.version));
                }
            }
        }
    }

    /// Whether this one is dealt with; one that failed is told of in `done`.
    async fn rewrap_version(
        &self,
        tenant: &TenantId,
        read: &SealedVersion,
        done: &mut Rewrapped,
    ) -> Result<bool> {
        match self.wrapped_anew(tenant, read).await {
            Ok((sealed, kek_version)) => {
                let of = self.store.tenant(tenant);
                // Whoever was faster revoked it, removed it, or wrapped it anew as well.
                done.moved += u64::from(of.reseal(read, &sealed, kek_version).await?);
                Ok(true)
            }
            Err(error) => {
                let key = Some((tenant.clone(), read.key.clone(), read.version));
                done.failed.push(Unmoved { key, error });
                Ok(false)
            }
        }
    }

    async fn wrapped_anew(
        &self,
        tenant: &TenantId,
        read: &SealedVersion,
    ) -> Result<(Vec<u8>, i64)> {
        let binding = binding(tenant, &read.key, &read.provider, read.version)?;
        let sealed = Sealed::parse(&read.sealed)?;
        let anew = envelope::rewrap(&*self.masters(), &binding, &sealed).await?;
        Ok((anew.to_bytes()?, i64::from(anew.kek_version)))
    }

    async fn rewrap_pepper(&self, done: &mut Rewrapped) -> Result<()> {
        let Some(kept) = self.store.installation_secret(PEPPER).await? else { return Ok(()) };
        if kept.kek_version == i64::from(done.to) {
            return Ok(());
        }
        let anew = async {
            envelope::rewrap(&*self.masters(), &PEPPER_AT, &Sealed::parse(&kept.sealed)?).await
        };
        match anew.await {
            Ok(anew) => {
                let (bytes, version) = (anew.to_bytes()?, i64::from(anew.kek_version));
                let moved =
                    self.store.reseal_installation_secret(PEPPER, &kept.sealed, &bytes, version);
                done.moved += u64::from(moved.await?);
            }
            Err(error) => done.failed.push(Unmoved { key: None, error }),
        }
        Ok(())
    }
}
