//! What may be shown of keys.
use convergio_store::{KeyState, KeyVersion, Millis, ProviderKey, TenantId};

use super::Vault;
use crate::error::Result;
use crate::lifecycle::{MaxAge, Stage};

/// The tenant's setting with the age of keys in days; 0 is no limit.
const MAX_AGE: &str = "keys.max_age_days";

/// A key and its versions, without anything that could be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyView {
    /// The key.
    pub key: ProviderKey,
    /// Its versions, oldest first.
    pub versions: Vec<VersionView>,
}

/// A version and what its owner should do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionView {
    /// The version.
    pub version: KeyVersion,
    /// When it falls due; only the one in force does.
    pub due_at: Option<Millis>,
    /// How urgent that is.
    pub stage: Option<Stage>,
}

impl Vault {
    /// All keys of a tenant, oldest first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn show(&self, tenant: &TenantId, now: Millis) -> Result<Vec<KeyView>> {
        let of = self.store.tenant(tenant);
        let age = self.max_age(tenant).await?;
        let mut views: Vec<KeyView> =
            of.keys().await?.into_iter().map(|key| KeyView { key, versions: Vec::new() }).collect();
        for version in of.versions().await? {
            // Both are in the order of ids; a key added between the two reads has no view yet.
            if let Ok(at) = views.binary_search_by(|view| view.key.id.cmp(&version.key)) {
                views[at].versions.push(view_of(version, age, now));
            }
        }
        Ok(views)
    }

    /// How old the keys of a tenant may get. A setting that is no number counts as not set.
    ///
    /// # Errors
    /// What the store says.
    pub async fn max_age(&self, tenant: &TenantId) -> Result<MaxAge> {
        let setting = self.store.tenant(tenant).setting(MAX_AGE).await?;
        Ok(MaxAge::parse(setting.as_deref())
            .unwrap_or(MaxAge::Days(crate::lifecycle::DEFAULT_MAX_AGE)))
    }

    /// Decides how old the keys of a tenant may get. Reminders begin anew.
    ///
    /// # Errors
    /// What the store says.
    pub async fn set_max_age(&self, tenant: &TenantId, age: MaxAge, now: Millis) -> Result<()> {
        let days = match age {
            MaxAge::Unlimited => 0,
            MaxAge::Days(days) => days,
        };
        let of = self.store.tenant(tenant);
        of.set_setting(MAX_AGE, &days.to_string(), now).await?;
        Ok(of.forget_reminders().await?)
    }
}

pub(super) fn view_of(version: KeyVersion, age: MaxAge, now: Millis) -> VersionView {
    let in_force = version.state == KeyState::Active;
    VersionView {
        due_at: age.due_at(version.created_at).filter(|_| in_force),
        stage: age.stage(version.created_at, now).filter(|_| in_force),
        version,
    }
}
