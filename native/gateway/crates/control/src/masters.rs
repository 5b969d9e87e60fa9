//! Turning over the master key while everything runs.
use std::collections::BTreeMap;
use std::sync::Arc;

use convergio_accounts::Permission;

use crate::control::{By, Control};
use crate::error::Result;

/// Which master keys seal how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultView {
    /// The version that seals from now on.
    pub primary: u32,
    /// How many secrets each version seals. One that is not here may be forgotten.
    pub in_use: BTreeMap<i64, i64>,
}

/// What wrapping anew did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewrap {
    /// The version that seals everything now, but for what failed.
    pub to: u32,
    /// How many secrets were wrapped anew.
    pub moved: u64,
    /// How many could not be; they are as they were, and the log says why.
    pub failed: usize,
}

impl Control {
    /// Which master keys are in use.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub async fn vault_view(&self, by: By<'_>) -> Result<VaultView> {
        by.caller.require(Permission::Settings)?;
        let in_use = self.vault.masters_in_use().await?;
        Ok(VaultView { primary: self.vault.primary_master(), in_use })
    }

    /// Reads the master keys again from where they are kept, and wraps everything anew that is not
    /// under the newest. Nothing stops meanwhile, and no secret is decrypted.
    ///
    /// # Errors
    /// `NotAllowed`; trouble with the master keys: then those in force stay.
    pub async fn rewrap(&self, by: By<'_>) -> Result<Rewrap> {
        by.caller.require(Permission::Settings)?;
        let done = self.turn_over().await?;
        self.note_deed(by, "vault.rewrap", format!("master key {}", done.to)).await?;
        Ok(done)
    }

    /// [`rewrap`](Self::rewrap) for whoever runs the program, who is nobody in it.
    ///
    /// # Errors
    /// Trouble with the master keys: then those in force stay.
    pub async fn turn_over(&self) -> Result<Rewrap> {
        let masters = self.master_key.load().await?;
        self.vault.replace_masters(Arc::new(masters));
        let done = self.vault.rewrap().await?;
        for stuck in &done.failed {
            let of = stuck.key.as_ref().map(|(tenant, key, version)| {
                format!("tenant {tenant}, key {key} version {version}")
            });
            let of = of.as_deref().unwrap_or("the installation's own secret");
            tracing::error!(of, error = %stuck.error, "a secret could not be wrapped anew");
        }
        Ok(Rewrap { to: done.to, moved: done.moved, failed: done.failed.len() })
    }
}
