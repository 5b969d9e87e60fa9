//! What whoever runs the program does from the command line, with the gateway running or not.
use std::path::Path;
use std::sync::Arc;

use convergio_audit::{Broken, Chain, Verified, verify_all};
use convergio_store::{Backup, Store};
use convergio_vault::Vault;
use convergio_vault::source::SourceError;

use crate::error::Result;
use crate::open::Options;

/// What following all audit logs found.
#[derive(Debug)]
pub struct Verification {
    /// Log by log.
    pub logs: Vec<Result<Verified, Broken>>,
    /// Why the seals of the ends were not checked, when they were not: without the master key
    /// anybody can check everything else.
    pub unsealed: Option<String>,
}

/// Follows the audit logs of all tenants. Writes nothing and locks nobody out.
///
/// # Errors
/// What the store says; what is wrong with a log is in the result.
pub async fn verify_audit(options: &Options) -> Result<Verification> {
    let store = read_only(options).await?;
    let found = async {
        let (chain, unsealed) = match chain(options, &store).await {
            Ok(chain) => (Some(chain), None),
            Err(why) => (None, Some(why)),
        };
        let logs = verify_all(&store, chain.as_ref()).await?;
        Ok(Verification { logs, unsealed })
    };
    let found = found.await;
    store.close().await;
    found
}

/// Copies the database while everything runs. The master key is not in it.
///
/// # Errors
/// What the store says; nothing is left there then.
pub async fn backup(options: &Options, to: &Path) -> Result<Backup> {
    let store = read_only(options).await?;
    let made = store.backup(to).await;
    store.close().await;
    Ok(made?)
}

/// Which versions of the master key there are, and how many secrets each one seals.
///
/// # Errors
/// Trouble with the master keys; what the store says.
pub async fn master_keys(options: &Options) -> Result<Vec<(u32, i64)>> {
    let keys = options.master_key.load().await?;
    let in_use = if options.database().exists() {
        let store = read_only(options).await?;
        let in_use = store.master_key_usage().await;
        store.close().await;
        in_use?
    } else {
        Default::default()
    };
    let used = |version: u32| in_use.get(&i64::from(version)).copied().unwrap_or(0);
    Ok(keys.versions().map(|version| (version, used(version))).collect())
}

async fn read_only(options: &Options) -> Result<Store> {
    let options = convergio_store::Options::new(options.database());
    Ok(Store::open_read_only(&options).await?)
}

/// What the ends were sealed with, or why it cannot be had.
async fn chain(options: &Options, store: &Store) -> Result<Chain, String> {
    let said = |error: SourceError| error.to_string();
    let keys = options.master_key.load().await.map_err(said)?;
    let vault = Vault::open(store.clone(), Arc::new(keys)).await;
    let vault = vault.map_err(|error| error.to_string())?;
    Ok(Chain::new(&vault.derive(Chain::PURPOSE)))
}
