//! One-time links that let somebody in who makes a tenant and becomes its first administrator.
use crate::error::Result;
use crate::id::{TenantId, UserId};
use crate::open::Store;
use crate::{Conflict, Millis, Role};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupFor {
    /// The first tenant: void as soon as somebody administers the installation.
    First,
    /// Another tenant, beside those that are there.
    Further,
}

impl SetupFor {
    /// One word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Further => "further",
        }
    }
}

impl Store {
    /// Keeps the hash of a fresh link. Links for the first tenant that were given out before are void
    /// from now on; those for further tenants stay good for their time.
    ///
    /// # Errors
    /// What the database says.
    pub async fn issue_setup_link(
        &self,
        token_hash: &[u8; 32],
        purpose: SetupFor,
        now: Millis,
        expires_at: Millis,
    ) -> Result<()> {
        let hash = token_hash.as_slice();
        let further = purpose == SetupFor::Further;
        let mut unit = self.begin().await?;
        sqlx::query!(
            "DELETE FROM setup_links WHERE used_at IS NULL AND (further = 0 OR expires_at <= ?)",
            now
        )
        .execute(&mut *unit)
        .await?;
        sqlx::query!(
            "INSERT INTO setup_links (token_hash, created_at, expires_at, further)
             VALUES (?, ?, ?, ?)",
            hash,
            now,
            expires_at,
            further
        )
        .execute(&mut *unit)
        .await?;
        Ok(unit.commit().await?)
    }

    /// Uses a link up: makes a tenant and its first administrator, or neither.
    ///
    /// # Errors
    /// `Conflict::SetupLink` when it was used, has expired or never was, or when it is for the first
    /// tenant and somebody administers already; `Conflict::Email` when the address is taken.
    pub async fn claim_setup_link(
        &self,
        token_hash: &[u8; 32],
        tenant_name: &str,
        email: &str,
        password_hash: &str,
        now: Millis,
    ) -> Result<(TenantId, UserId)> {
        let hash = token_hash.as_slice();
        let (tenant, user) = (TenantId::new(now), UserId::new(now));
        let (tenant_text, user_text, role) = (tenant.as_str(), user.as_str(), Role::Admin.as_str());
        let mut unit = self.begin().await?;
        let used = sqlx::query!(
            "UPDATE setup_links SET used_at = ?
             WHERE token_hash = ? AND used_at IS NULL AND expires_at > ?
                 AND (further = 1 OR NOT EXISTS (
                     SELECT 1 FROM users WHERE role = 'admin' AND disabled_at IS NULL))",
            now,
            hash,
            now
        );
        if used.execute(&mut *unit).await?.rows_affected() != 1 {
            return Err(Conflict::SetupLink.into());
        }
        sqlx::query!(
            "INSERT INTO tenants (id, name, created_at) VALUES (?, ?, ?)",
            tenant_text,
            tenant_name,
            now
        )
        .execute(&mut *unit)
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
        .execute(&mut *unit)
        .await?;
        unit.commit().await?;
        Ok((tenant, user))
    }
}
