//! What time brings about: windows end, keys fall due.
use convergio_store::{Conflict, KeyId, Millis, StoreError, TenantId};

use super::Vault;
use super::views::{KeyView, VersionView};
use crate::error::Result;
use crate::lifecycle::{self, Stage};

/// A version whose window ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlived {
    /// Whose it was.
    pub tenant: TenantId,
    /// Of which key.
    pub key: KeyId,
    /// Which one.
    pub version: i64,
}

impl Vault {
    /// Revokes, in all tenants, what has outlived its window. Call it once a minute; a version whose
    /// window is over is not handed out even before.
    ///
    /// # Errors
    /// What the store says.
    pub async fn sweep(&self, now: Millis) -> Result<Vec<Outlived>> {
        let mut outlived = Vec::new();
        let _outdated = self.remembered.outdated();
        for tenant in self.store.tenants().await? {
            let gone = self.store.tenant(&tenant.id).revoke_outlived(now).await?;
            outlived.extend(gone.into_iter().map(|(key, version)| Outlived {
                tenant: tenant.id.clone(),
                key,
                version,
            }));
        }
        Ok(outlived)
    }

    /// The keys of a tenant whose owners must be reminded now, each stage once, however often and
    /// from however many processes this is called.
    ///
    /// # Errors
    /// What the store says.
    pub async fn take_reminders(&self, tenant: &TenantId, now: Millis) -> Result<Vec<KeyView>> {
        let mut due = Vec::new();
        for KeyView { key, versions } in self.show(tenant, now).await? {
            let mut news = Vec::new();
            for version in versions {
                if self.take(tenant, &version).await? {
                    news.push(version);
                }
            }
            if !news.is_empty() {
                due.push(KeyView { key, versions: news });
            }
        }
        Ok(due)
    }

    async fn take(&self, tenant: &TenantId, view: &VersionView) -> Result<bool> {
        let last = view.version.reminded.as_deref().and_then(Stage::parse);
        let Some(stage) = view.stage.filter(|stage| lifecycle::is_news(*stage, last)) else {
            return Ok(false);
        };
        match self.store.tenant(tenant).set_reminded(&view.version, stage.as_str()).await {
            Ok(()) => Ok(true),
            // Another process reminds them, or the key is gone.
            Err(StoreError::Conflict(Conflict::Changed)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
