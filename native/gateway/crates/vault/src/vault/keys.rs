//! What people do with keys.
use std::fmt;
use std::time::Duration;

use convergio_store::{
    Conflict, KeyId, Millis, NewKey, NewVersion, ProviderKey, SealedVersion, TenantId, UserId,
};
use secrecy::SecretString;

use super::remembered::{Rows, Whose};
use super::{Vault, binding};
use crate::envelope;
use crate::error::{Result, VaultError};
use crate::{lifecycle, secret};

/// A key somebody brings.
pub struct NewSecret<'a> {
    /// Whose it is.
    pub user: &'a UserId,
    /// For which provider.
    pub provider: &'a str,
    /// What its owner calls it.
    pub name: &'a str,
    /// Where the provider is, as JSON, for those who give each customer an address.
    pub endpoint: Option<&'a str>,
    /// The key itself.
    pub secret: &'a SecretString,
}

/// An opened key: for one call to its provider. Wiped when dropped.
pub struct Lease {
    /// Its id: what usage and audit name.
    pub key: KeyId,
    /// Its version.
    pub version: i64,
    /// The provider it is for.
    pub provider: String,
    /// Where the provider is, as JSON.
    pub endpoint: Option<String>,
    /// The key itself.
    pub secret: SecretString,
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({} version {} for {})", self.key, self.version, self.provider)
    }
}

/// Asks a provider whether it takes a key.
pub trait Probe {
    /// What it says: `ok`, or a stable error code. Never anything of the key.
    fn ask(&self, lease: &Lease) -> impl Future<Output = String> + Send;
}

impl Vault {
    /// Stores a key and gives its id; from now on nothing shows more of it than a fingerprint and
    /// its last four characters.
    ///
    /// # Errors
    /// `NotAKey`; conflicts of the store: the name is taken, or the very secret is stored already.
    pub async fn add(&self, tenant: &TenantId, new: &NewSecret<'_>, now: Millis) -> Result<KeyId> {
        secret::check(new.secret)?;
        let id = KeyId::new(now);
        let sealed = self.seal(tenant, &id, new.provider, 1, new.secret).await?;
        let key = NewKey {
            id: &id,
            user: new.user,
            provider: new.provider,
            name: new.name,
            endpoint: new.endpoint,
        };
        let _outdated = self.remembered.outdated();
        self.store.tenant(tenant).add_key(key, sealed.as_new(), now).await?;
        Ok(id)
    }

    /// The versions of a key that work at `now`, opened: the one in force first, then those whose
    /// window runs.
    ///
    /// # Errors
    /// `NoSuchKey` when nothing of it works; `Tampered`, `RolledBack` and the like when the one in
    /// force does not open. One in its window that does not open is left out.
    pub async fn lease(&self, tenant: &TenantId, key: &KeyId, now: Millis) -> Result<Vec<Lease>> {
        let read = self.store.tenant(tenant).usable(key, now).await?;
        let first = self.open_all(tenant, &read).await;
        if !matches!(first, Err(VaultError::UnknownMasterKey { .. })) {
            return first;
        }
        // It may have been wrapped anew, and the old master key forgotten, since it was read.
        let read = self.store.tenant(tenant).usable(key, now).await?;
        self.open_all(tenant, &read).await
    }

    /// What a person may use for a provider at `now`, opened: their oldest key first.
    ///
    /// # Errors
    /// As [`lease`](Self::lease).
    pub async fn lease_for(
        &self,
        tenant: &TenantId,
        user: &UserId,
        provider: &str,
        now: Millis,
    ) -> Result<Vec<Lease>> {
        let provider = provider.to_owned();
        let whose = Whose { tenant: tenant.clone(), user: user.clone(), provider };
        let first = self.open_all(tenant, &self.usable_for(&whose, now).await?).await;
        if !matches!(first, Err(VaultError::UnknownMasterKey { .. })) {
            return first;
        }
        // It may have been wrapped anew, and the old master key forgotten, since it was read.
        drop(self.remembered.outdated());
        self.open_all(tenant, &self.usable_for(&whose, now).await?).await
    }

    async fn usable_for(&self, whose: &Whose, now: Millis) -> Result<Rows> {
        let era = match self.remembered.get(whose, now) {
            Ok(rows) => return Ok(rows),
            Err(era) => era,
        };
        let of = self.store.tenant(&whose.tenant);
        let read = of.usable_for(&whose.user, &whose.provider, now).await?;
        Ok(self.remembered.put(whose.clone(), read, era, now))
    }

    async fn open_all(&self, tenant: &TenantId, read: &[SealedVersion]) -> Result<Vec<Lease>> {
        let mut leases = Vec::with_capacity(read.len());
        for version in read {
            match self.open_version(tenant, version).await {
                Ok(secret) => leases.push(Lease {
                    key: version.key.clone(),
                    version: version.version,
                    provider: version.provider.clone(),
                    endpoint: version.endpoint.clone(),
                    secret,
                }),
                Err(error) if leases.is_empty() => return Err(error),
                Err(_) => {}
            }
        }
        if leases.is_empty() { Err(VaultError::NoSuchKey) } else { Ok(leases) }
    }

    /// Asks the provider whether the version in force works, and notes the answer.
    ///
    /// # Errors
    /// As [`lease`](Self::lease); `Conflict::Changed` when it was rotated while the provider answered.
    pub async fn test(
        &self,
        tenant: &TenantId,
        key: &KeyId,
        probe: &impl Probe,
        now: Millis,
    ) -> Result<String> {
        let lease = self.lease(tenant, key, now).await?.swap_remove(0);
        let said = probe.ask(&lease).await;
        self.store.tenant(tenant).set_tested(key, lease.version, &said, now).await?;
        Ok(said)
    }

    /// Calls a key something else.
    ///
    /// # Errors
    /// `NoSuchKey`; `Conflict::KeyName` when another has the name.
    pub async fn rename(&self, tenant: &TenantId, key: &KeyId, name: &str) -> Result<()> {
        self.known(tenant, key).await?;
        let _outdated = self.remembered.outdated();
        Ok(self.store.tenant(tenant).rename_key(key, name).await?)
    }

    /// Puts a new secret in force and gives its version. The one before works on for `overlap`;
    /// without one it is revoked at once.
    ///
    /// # Errors
    /// `NotAKey`, `OverlapTooLong`, `NoSuchKey`; `Conflict::SameSecret`, or `Conflict::Changed` when
    /// somebody else rotated it at the same time.
    pub async fn rotate(
        &self,
        tenant: &TenantId,
        key: &KeyId,
        next: &SecretString,
        overlap: Duration,
        now: Millis,
    ) -> Result<i64> {
        secret::check(next)?;
        let until = lifecycle::overlap_until(overlap, now)?;
        let known = self.known(tenant, key).await?;
        let version = known.version.checked_add(1).ok_or(Conflict::Value)?;
        let sealed = self.seal(tenant, key, &known.provider, version, next).await?;
        let _outdated = self.remembered.outdated();
        let of = self.store.tenant(tenant);
        Ok(of.rotate_key(key, known.version, sealed.as_new(), until, now).await?)
    }

    /// Revokes one version, or all of them, and forgets the secrets.
    ///
    /// # Errors
    /// `NoSuchKey` when there was nothing left to revoke.
    pub async fn revoke(
        &self,
        tenant: &TenantId,
        key: &KeyId,
        version: Option<i64>,
        now: Millis,
    ) -> Result<u64> {
        let _outdated = self.remembered.outdated();
        match self.store.tenant(tenant).revoke(key, version, now).await? {
            0 => Err(VaultError::NoSuchKey),
            revoked => Ok(revoked),
        }
    }

    /// Removes a key with all its versions. What it was used for stays known.
    ///
    /// # Errors
    /// `NoSuchKey`.
    pub async fn remove(&self, tenant: &TenantId, key: &KeyId) -> Result<()> {
        let _outdated = self.remembered.outdated();
        let removed = self.store.tenant(tenant).remove_key(key).await?;
        if removed { Ok(()) } else { Err(VaultError::NoSuchKey) }
    }

    async fn known(&self, tenant: &TenantId, key: &KeyId) -> Result<ProviderKey> {
        self.store.tenant(tenant).key(key).await?.ok_or(VaultError::NoSuchKey)
    }

    async fn seal(
        &self,
        tenant: &TenantId,
        key: &KeyId,
        provider: &str,
        version: i64,
        given: &SecretString,
    ) -> Result<SealedRow> {
        let binding = binding(tenant, key, provider, version)?;
        let masters = self.masters_to_seal().await?;
        let sealed = envelope::seal(&*masters, &binding, given).await?;
        Ok(SealedRow {
            kek_version: i64::from(sealed.kek_version),
            bytes: sealed.to_bytes()?,
            fingerprint: self.pepper.fingerprint(tenant.as_str(), given),
            last_four: secret::last_four(given).to_owned(),
        })
    }
}

/// A sealed secret as the store takes it.
struct SealedRow {
    kek_version: i64,
    bytes: Vec<u8>,
    fingerprint: String,
    last_four: String,
}

impl SealedRow {
    fn as_new(&self) -> NewVersion<'_> {
        NewVersion {
            sealed: &self.bytes,
            kek_version: self.kek_version,
            fingerprint: &self.fingerprint,
            last_four: &self.last_four,
        }
    }
}
