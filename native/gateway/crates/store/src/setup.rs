//! The one-time link that lets the first administrator in.
use sqlx::{Sqlite, Transaction};

use crate::error::Result;
use crate::id::{TenantId, UserId};
use crate::open::Store;
use crate::{Conflict, Millis, Role};

impl Store {
    /// Keeps the hash of a fresh link; links given out before are void from now on.
    ///
    /// # Errors
    /// What the database says.
    pub async fn issue_setup_link(
        &self,
        token_hash: &[u8; 32],
        now: Millis,
        expires_at: Millis,
    ) -> Result<()> {
        let hash = token_hash.as_slice();
        let mut unit = self.begin().await?;
        sqlx::query!("DELETE FROM setup_links WHERE used_at IS NULL").execute(&mut *unit).await?;
        sqlx::query!(
            "INSERT INTO setup_links (token_hash, created_at, expires_at) VALUES (?, ?, ?)",
            hash,
            now,
            expires_at
        )
        .execute(&mut *unit)
        .await?;
        Ok(unit.commit().await?)
    }

    /// Uses a link up: makes a tenant and its first administrator, or neither.
    ///
    /// # Errors
    /// `Conflict::SetupLink` when it was used, has expired or never was, or when somebody
    /// administers the installation already; `Conflict::Email` when the address is taken.
    pub async fn claim_setup_link(
        &self,
        token_hash: &[u8; 32],
        tenant_name: &str,
        email: &str,
        password_hash: &str,
        now: Millis,
    ) -> Result<(TenantId, UserId)> {
        let hash = token_hash.as_slice();
        let mut unit = self.begin().await?;
        let used = sqlx::query!(
            "UPDATE setup_links SET used_at = ?
             WHERE token_hash = ? AND used_at IS NULL AND expires_at > ?
                 AND NOT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND disabled_at IS NULL)",
            now,
            hash,
            now
        );
        if used.execute(&mut *unit).await?.rows_affected() != 1 {
            return Err(Conflict::SetupLink.into());
        }
        let made = found(&mut unit, tenant_name, email, password_hash, now).await?;
        unit.commit().await?;
        Ok(made)
    }

    /// Makes a tenant and its first administrator, or neither: for whoever runs the installation.
    ///
    /// # Errors
    /// `Conflict::Email` when the address is taken.
    pub async fn found_tenant(
        &self,
        tenant_name: &str,
        email: &str,
        password_hash: &str,
        now: Millis,
    ) -> Result<(TenantId, UserId)> {
        let mut unit = self.begin().await?;
        let made = found(&mut unit, tenant_name, email, password_hash, now).await?;
        unit.commit().await?;
        Ok(made)
    }
}

async fn found(
    unit: &mut Transaction<'static, Sqlite>,
    tenant_name: &str,
    email: &str,
    password_hash: &str,
    now: Millis,
) -> Result<(TenantId, UserId)> {
    let (tenant, user) = (TenantId::new(now), UserId::new(now));
    let (tenant_text, user_text, role) = (tenant.as_str(), user.as_str(), Role::Admin.as_str());
    sqlx::query!(
        "INSERT INTO tenants (id, name, created_at) VALUES (?, ?, ?)",
        tenant_text,
        tenant_name,
        now
    )
    .execute(&mut **unit)
    .await?;
    sqlx::query!(
        "INSERT INTO users (tenant, id, email, role, password_hash, created_at)
             VALUES (?, ?, ?, ?, ?, ?)",
        tenant_text,
        user_text,
        email,
        role,
        password_hash,
        now
    )
    .execute(&mut **unit)
    .await?;
    Ok((tenant, user))
}
