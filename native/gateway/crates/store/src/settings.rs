//! What a tenant decided for itself.
use crate::Millis;
use crate::error::Result;
use crate::tenants::Tenant;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value; what it means is for its reader.
    pub value: String,
    /// When it was last set.
    pub updated_at: Millis,
}

impl Tenant<'_> {
    /// The value of a setting, if the tenant ever set it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn setting(&self, name: &str) -> Result<Option<String>> {
        let tenant = self.id.as_str();
        let value = sqlx::query_scalar!(
            "SELECT value FROM settings WHERE tenant = ? AND name = ?",
            tenant,
            name
        );
        Ok(value.fetch_optional(&self.store.reader).await?)
    }

    /// Sets a setting.
    ///
    /// # Errors
    /// `Conflict::Value` when there is no such tenant.
    pub async fn set_setting(&self, name: &str, value: &str, now: Millis) -> Result<()> {
        let tenant = self.id.as_str();
        sqlx::query!(
            "INSERT INTO settings (tenant, name, value, updated_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (tenant, name)
             DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
            tenant,
            name,
            value,
            now
        )
        .execute(&self.store.writer)
        .await?;
        Ok(())
    }

    /// All settings by name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn settings(&self) -> Result<Vec<Setting>> {
        let tenant = self.id.as_str();
        let rows = sqlx::query_as!(
            Setting,
            "SELECT name, value, updated_at FROM settings WHERE tenant = ? ORDER BY name",
            tenant
        );
        Ok(rows.fetch_all(&self.store.reader).await?)
    }
}
