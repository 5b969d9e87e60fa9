//! Sessions of browsers, found by the hash of a token that only the browser has.
use crate::error::Result;
use crate::id::{TenantId, UserId};
use crate::open::Store;
use crate::tenants::Tenant;
use crate::{Millis, Role};

/// A session and who it speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The tenant of the person.
    pub tenant: TenantId,
    /// The person.
    pub user: UserId,
    /// What they log in with.
    pub email: String,
    /// What they are to their tenant, now.
    pub role: Role,
    /// When it ends.
    pub expires_at: Millis,
}

/// A session to be opened.
#[derive(Clone, Copy)]
pub struct NewSession<'a> {
    /// SHA-256 of the token.
    pub token_hash: &'a [u8; 32],
    /// Who logged in.
    pub user: &'a UserId,
    /// When it ends.
    pub expires_at: Millis,
    /// From where they logged in.
    pub ip: &'a str,
    /// With what they logged in.
    pub device: &'a str,
}

impl Store {
    /// The session with that token hash, if it runs at `now` and its person may log in.
    ///
    /// # Errors
    /// What the database says.
    pub async fn session(&self, token_hash: &[u8; 32], now: Millis) -> Result<Option<Session>> {
        let hash = token_hash.as_slice();
        let row = sqlx::query!(
            "SELECT s.tenant, s.user, s.expires_at, u.email, u.role
             FROM sessions s JOIN users u ON u.tenant = s.tenant AND u.id = s.user
             WHERE s.token_hash = ? AND s.expires_at > ? AND u.disabled_at IS NULL",
            hash,
            now
        );
        let row = row.fetch_optional(&self.reader).await?;
        row.map(|row| {
            Ok(Session {
                tenant: TenantId::stored(row.tenant),
                user: UserId::stored(row.user),
                email: row.email,
                role: Role::stored(&row.role)?,
                expires_at: row.expires_at,
            })
        })
        .transpose()
    }

    /// Forgets the sessions that ended before `now`; tells how many.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sweep_sessions(&self, now: Millis) -> Result<u64> {
        let done = sqlx::query!("DELETE FROM sessions WHERE expires_at <= ?", now);
        Ok(done.execute(&self.writer).await?.rows_affected())
    }
}

impl Tenant<'_> {
    /// Opens a session.
    ///
    /// # Errors
    /// `Conflict::Value` when the person is not of this tenant.
    pub async fn open_session(&self, session: NewSession<'_>, now: Millis) -> Result<()> {
        let (tenant, user) = (self.id.as_str(), session.user.as_str());
        let hash = session.token_hash.as_slice();
        sqlx::query!(
            "INSERT INTO sessions (tenant, token_hash, user, created_at, expires_at, ip, device)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            tenant,
            hash,
            user,
            now,
            session.expires_at,
            session.ip,
            session.device
        )
        .execute(&self.store.writer)
        .await?;
        Ok(())
    }

    /// Ends one session; whether there was one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn end_session(&self, token_hash: &[u8; 32]) -> Result<bool> {
        let (tenant, hash) = (self.id.as_str(), token_hash.as_slice());
        let done =
            sqlx::query!("DELETE FROM sessions WHERE tenant = ? AND token_hash = ?", tenant, hash);
        Ok(done.execute(&self.store.writer).await?.rows_affected() == 1)
    }

    /// Ends all sessions of a person, as after a change of the password; tells how many.
    ///
    /// # Errors
    /// What the database says.
    pub async fn end_sessions(&self, user: &UserId) -> Result<u64> {
        let (tenant, user) = (self.id.as_str(), user.as_str());
        let done = sqlx::query!("DELETE FROM sessions WHERE tenant = ? AND user = ?", tenant, user);
        Ok(done.execute(&self.store.writer).await?.rows_affected())
    }
}
