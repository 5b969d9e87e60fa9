//! Another link, for whoever lost the first or wants another tenant.
use convergio_accounts::{Accounts, Passwords};

use super::Installation;
use crate::error::{ControlError, Result};
use crate::setup::SetupLink;

impl Installation {
    /// A link that lets one person in, once: for the first tenant while nobody administers, and for
    /// another tenant afterwards. A running gateway takes it, too. Links for the first tenant that
    /// were given out before are void then; those for further ones stay good for their time.
    ///
    /// # Errors
    /// What the store says.
    pub async fn setup_link(&self) -> Result<SetupLink> {
        let passwords = Passwords::new(self.options.passwords, 1)
            .ok_or(ControlError::Internal("Argon2 does not allow these costs"))?;
        let store = self.change().await?;
        let accounts = Accounts::new(store.clone(), passwords, self.options.lifetimes);
        let link = accounts.setup_link(self.options.clock.now()).await;
        store.close().await;
        let link = SetupLink::from(link?);
        tracing::info!(
            purpose = link.purpose.as_str(),
            expires_at = link.expires_at,
            "a setup link was given out from the command line"
        );
        Ok(link)
    }
}
