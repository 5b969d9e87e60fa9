//! What a tenant decided for itself.
use convergio_accounts::Permission;
use convergio_vault::lifecycle::MaxAge;

use crate::control::{By, Control};
use crate::error::{ControlError, Result};
use crate::query::REQUESTS_PER_MINUTE;

/// The greatest age of keys that can be asked for, in days.
const OLDEST: u32 = 3650;

/// The greatest limit that can be asked for.
const MOST: u32 = 1_000_000;

/// The settings of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// When keys fall due, in days after they were added; 0 is never.
    pub keys_max_age_days: u32,
    /// The most requests a minute of each person; nothing is no limit.
    pub requests_per_minute: Option<u32>,
}

/// What is to be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// When keys fall due. Reminders begin anew.
    pub keys_max_age_days: Option<u32>,
    /// The limit, or that there is none.
    pub requests_per_minute: Option<Option<u32>>,
}

impl SettingsChange {
    fn check(&self) -> Result<()> {
        if self.keys_max_age_days.is_some_and(|days| days > OLDEST) {
            let message = format!("`keys_max_age_days` must be 0 (never due) to {OLDEST}");
            return Err(ControlError::invalid("keys_max_age_days", message));
        }
        if self.requests_per_minute.flatten().is_some_and(|limit| limit == 0 || limit > MOST) {
            let message = format!("`requests_per_minute` must be null (no limit), or 1 to {MOST}");
            return Err(ControlError::invalid("requests_per_minute", message));
        }
        Ok(())
    }
}

impl Control {
    /// The settings of the caller's tenant.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub async fn settings(&self, by: By<'_>) -> Result<Settings> {
        by.caller.require(Permission::Settings)?;
        let tenant = &by.caller.tenant;
        let keys_max_age_days = match self.vault.max_age(tenant).await? {
            MaxAge::Unlimited => 0,
            MaxAge::Days(days) => days,
        };
        let requests_per_minute = self.read_limit(tenant, self.now()).await?;
        Ok(Settings { keys_max_age_days, requests_per_minute })
    }

    /// Changes what is named and leaves the rest.
    ///
    /// # Errors
    /// `NotAllowed`; a value that cannot be: then nothing is changed.
    pub async fn change_settings(&self, by: By<'_>, change: SettingsChange) -> Result<Settings> {
        by.caller.require(Permission::Settings)?;
        change.check()?;
        let (tenant, now) = (&by.caller.tenant, self.now());
        if let Some(days) = change.keys_max_age_days {
            let age = if days == 0 { MaxAge::Unlimited } else { MaxAge::Days(days) };
            self.vault.set_max_age(tenant, age, now).await?;
            self.note_setting(by, "keys_max_age_days", i64::from(days)).await?;
        }
        if let Some(limit) = change.requests_per_minute {
            let limit = limit.unwrap_or(0);
            let of = self.store.tenant(tenant);
            of.set_setting(REQUESTS_PER_MINUTE, &limit.to_string(), now).await?;
            self.limit_changed(tenant);
            self.note_setting(by, "requests_per_minute", i64::from(limit)).await?;
        }
        self.settings(by).await
    }

    async fn note_setting(&self, by: By<'_>, name: &str, value: i64) -> Result<()> {
        self.note_deed(by, &format!("setting.set {value}"), format!("setting {name}")).await
    }
}
