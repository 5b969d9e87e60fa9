//! The master key as its operator keeps it: making it, adding a version, turning it over.
use std::collections::BTreeMap;
use std::sync::Arc;

use convergio_audit::{AuditError, Entry, Event};
use convergio_store::{Store, StoreError, TenantId};
use convergio_vault::source::{FileSource, SourceError};
use convergio_vault::{MasterKeyring, MasterKeys as _, Unmoved, Vault};

use super::{ACTOR, Installation, REQUEST, chain_of, look_at};
use crate::error::{ControlError, Result};
use crate::open::MasterKeyPlace;

/// Which master keys there are, and what they are needed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterKeyStatus {
    /// Where they are kept.
    pub place: String,
    /// The permissions of the file, if it is one and is there.
    pub mode: Option<u32>,
    /// Which versions are there, lowest first; the last one seals.
    pub versions: Vec<u32>,
    /// How many secrets of the database each version seals; `None` when there is no database yet.
    pub in_use: Option<BTreeMap<i64, i64>>,
    /// What is wrong and what to do.
    pub problem: Option<String>,
}

impl MasterKeyStatus {
    /// Versions that seal nothing any more. Backups made before may need them still.
    pub fn retired(&self) -> Vec<u32> {
        let newest = self.versions.last();
        let unused = |version: &&u32| {
            self.in_use.as_ref().is_some_and(|used| !used.contains_key(&i64::from(**version)))
        };
        self.versions.iter().filter(|one| Some(*one) != newest).filter(unused).copied().collect()
    }

    /// Versions other than the newest that still seal something: a rewrap is due.
    pub fn outdated(&self) -> Vec<i64> {
        let newest = self.versions.last().map_or(0, |version| i64::from(*version));
        let used = self.in_use.iter().flat_map(BTreeMap::keys);
        used.filter(|version| **version != newest).copied().collect()
    }

    fn needs_some(&self) -> bool {
        self.in_use.as_ref().is_some_and(|used| !used.is_empty())
    }
}

/// What wrapping everything anew did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The version that seals everything now, but for what failed.
    pub to: u32,
    /// How many secrets were wrapped anew.
    pub moved: u64,
    /// Those that could not be; they are as they were.
    pub failed: Vec<Stuck>,
    /// What each version seals now.
    pub in_use: BTreeMap<i64, i64>,
}

/// A secret that could not be wrapped anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Which.
    pub secret: String,
    /// Why not and what to do.
    pub reason: String,
}

impl From<&Unmoved> for Stuck {
    fn from(unmoved: &Unmoved) -> Self {
        let secret = unmoved
            .key
            .as_ref()
            .map(|(tenant, key, version)| format!("tenant {tenant}, key {key} version {version}"));
        let secret = secret.unwrap_or_else(|| "the installation's own secret".to_owned());
        Self { secret, reason: unmoved.error.to_string() }
    }
}

impl Installation {
    /// Makes the first master key, in its file. Never replaces one, and never makes one for a
    /// database whose secrets another one seals.
    ///
    /// # Errors
    /// `MasterKeyLost`; `NotAFile` for other places than a file; trouble with the file.
    pub async fn make_master_key(&self) -> Result<MasterKeyStatus> {
        let file = self.master_key_file()?;
        if self.database().exists() && file.mode().is_none() {
            let store = self.look().await?;
            let sealed = store.master_key_usage().await;
            store.close().await;
            if !sealed?.is_empty() {
                // Says that the one it needs is gone.
                self.masters().await?;
            }
        }
        self.options.master_key.make_folder()?;
        file.create()?;
        self.master_key_status().await
    }

    /// Adds a version, which seals from the next load on.
    ///
    /// # Errors
    /// `NotAFile` for other places than a file; trouble with the file, which is then as it was.
    pub async fn add_master_key(&self) -> Result<MasterKeyStatus> {
        self.master_key_file()?.add_version()?;
        self.master_key_status().await
    }

    fn master_key_file(&self) -> Result<FileSource> {
        match &self.options.master_key {
            MasterKeyPlace::File(path) => Ok(FileSource::new(path)),
            other => Err(ControlError::NotAFile { remedy: other.remedy(), place: other.place() }),
        }
    }

    /// Which master keys there are, and whether they are those that the database needs.
    ///
    /// # Errors
    /// What the store says.
    pub async fn master_key_status(&self) -> Result<MasterKeyStatus> {
        let place = self.options.master_key.place();
        let mode = match &self.options.master_key {
            MasterKeyPlace::File(path) => FileSource::new(path).mode(),
            MasterKeyPlace::Environment(_) | MasterKeyPlace::Keyring => None,
        };
        let store = match look_at(&self.database()).await {
            Ok(store) => Some(store),
            Err(StoreError::Missing { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let in_use = match &store {
            Some(store) => Some(store.master_key_usage().await?),
            None => None,
        };
        let mut status =
            MasterKeyStatus { place, mode, versions: Vec::new(), in_use, problem: None };
        match self.options.master_key.load().await {
            Ok(masters) => {
                status.versions = masters.versions().collect();
                status.problem = self.needed(store.as_ref(), &status, masters).await?;
            }
            Err(missing @ SourceError::Missing { .. }) if status.needs_some() => {
                let (database, missing) = (self.database(), Box::new(missing));
                status.problem =
                    Some(ControlError::MasterKeyLost { database, missing }.to_string());
            }
            Err(error) => status.problem = Some(error.to_string()),
        }
        if let Some(store) = store {
            store.close().await;
        }
        Ok(status)
    }

    /// What the database needs and does not have.
    async fn needed(
        &self,
        store: Option<&Store>,
        status: &MasterKeyStatus,
        masters: MasterKeyring,
    ) -> Result<Option<String>> {
        let used = status.in_use.iter().flat_map(BTreeMap::keys);
        let gone = |version: &&i64| !status.versions.iter().any(|one| i64::from(*one) == **version);
        if let Some(version) = used.copied().find(|version| gone(&version)) {
            let (place, database) = (&status.place, self.database());
            return Ok(Some(format!(
                "{place}: version {version} is not there, and secrets of {} are sealed with it; \
                 put that line back",
                database.display()
            )));
        }
        let Some(store) = store.filter(|_| status.needs_some()) else { return Ok(None) };
        match self.vault(store, masters).await {
            Ok(_) => Ok(None),
            Err(wrong @ ControlError::WrongMasterKey { .. }) => Ok(Some(wrong.to_string())),
            Err(other) => Err(other),
        }
    }

    /// Wraps everything anew that is not under the newest master key; no secret is decrypted. A
    /// gateway may run meanwhile: it loads its keys again when it meets the new version.
    ///
    /// # Errors
    /// Trouble with the master key, what the store says: then as much is done as was, and repeating
    /// it does the rest. `Audit`: it was done all the same.
    pub async fn rewrap(&self) -> Result<Moved> {
        let store = self.change().await?;
        let moved = self.rewrap_in(&store).await;
        store.close().await;
        moved
    }

    async fn rewrap_in(&self, store: &Store) -> Result<Moved> {
        let masters = self.masters().await?;
        let primary = masters.primary();
        let vault = self.vault(store, masters).await?;
        let newest = store.master_key_usage().await?.last_key_value().map_or(0, |(at, _)| *at);
        if newest > i64::from(primary) {
            let place = self.options.master_key.place();
            return Err(ControlError::OutdatedMasterKey { place, primary, newest });
        }
        let done = vault.rewrap().await?;
        let failed = done.failed.iter().map(Stuck::from).collect();
        if done.moved > 0 {
            self.note_rewrap(store, &vault, done.to).await?;
        }
        let in_use = vault.masters_in_use().await?;
        Ok(Moved { to: done.to, moved: done.moved, failed, in_use })
    }

    /// Every tenant's secrets were touched, so every tenant's auditors may know.
    async fn note_rewrap(&self, store: &Store, vault: &Vault, to: u32) -> Result<()> {
        let chain = chain_of(vault);
        let row = |tenant: TenantId| {
            let event = Event::AdminAction {
                actor: ACTOR.to_owned(),
                action: "vault.rewrap".to_owned(),
                target: format!("master key {to}"),
            };
            let (at, request_id) = (self.options.clock.now(), REQUEST.to_owned());
            let columns = Entry { tenant: tenant.clone(), at, request_id, event }.to_columns();
            (tenant, columns)
        };
        let mut noted = Ok(());
        for tenant in store.tenants().await? {
            // Each by itself: a log that was tampered with must not keep the others from being told.
            if let Err(error) = store.append_audit(&[row(tenant.id)], &chain).await {
                noted = Err(ControlError::Audit(AuditError::Store(Arc::new(error))));
            }
        }
        noted
    }
}
