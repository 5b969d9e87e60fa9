//! Personal API tokens: hash, scopes and life; never the token.
use std::fmt;

use crate::error::Result;
use crate::id::{TenantId, TokenId, UserId};
use crate::open::Store;
use crate::tenants::{Tenant, exactly_one};
use crate::{Millis, Role};

/// A token as it stands in the database.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its id, part of what the program sends.
    pub id: TokenId,
    /// Whose it is.
    pub user: UserId,
    /// What they are to their tenant, now.
    pub role: Role,
    /// What the person calls it.
    pub name: String,
    /// SHA-256 of its secret part.
    pub secret_hash: Vec<u8>,
    /// What it is good for, separated by blanks.
    pub scopes: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends by itself.
    pub expires_at: Option<Millis>,
    /// When it was last seen, at the precision the caller writes it.
    pub last_used_at: Option<Millis>,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .field("user", &self.user)
            .field("scopes", &self.scopes)
            .field("revoked_at", &self.revoked_at)
            .finish_non_exhaustive()
    }
}

/// A token to be issued.
#[derive(Clone, Copy)]
pub struct NewToken<'a> {
    /// Its id.
    pub id: &'a TokenId,
    /// Whose it will be.
    pub user: &'a UserId,
    /// What the person calls it.
    pub name: &'a str,
    /// SHA-256 of its secret part.
    pub secret_hash: &'a [u8; 32],
    /// What it is good for, separated by blanks.
    pub scopes: &'a str,
    /// When it ends by itself.
    pub expires_at: Option<Millis>,
}

macro_rules! token {
    ($row:expr) => {{
        let row = $row;
        Ok(Token {
            tenant: TenantId::stored(row.tenant),
            id: TokenId::stored(row.id),
            user: UserId::stored(row.user),
            role: Role::stored(&row.role)?,
            name: row.name,
            secret_hash: row.secret_hash,
            scopes: row.scopes,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        })
    }};
}

impl Store {
    /// The token with that id, over all tenants, unless its person may not log in. Whether it is
    /// revoked, expired or has the right secret is for the caller to say.
    ///
    /// # Errors
    /// What the database says.
    pub async fn token(&self, id: &TokenId) -> Result<Option<Token>> {
        let id = id.as_str();
        let row = sqlx::query!(
            "SELECT t.tenant, t.id, t.user, u.role, t.name, t.secret_hash, t.scopes, t.created_at,
                    t.expires_at, t.last_used_at, t.revoked_at
             FROM tokens t JOIN users u ON u.tenant = t.tenant AND u.id = t.user
             WHERE t.id = ? AND u.disabled_at IS NULL",
            id
        );
        row.fetch_optional(&self.reader).await?.map(|row| token!(row)).transpose()
    }
}

impl Tenant<'_> {
    /// Issues a token.
    ///
    /// # Errors
    /// `Conflict::Value` when the person is not of this tenant.
    pub async fn add_token(&self, token: NewToken<'_>, now: Millis) -> Result<()> {
        let (tenant, id, user) = (self.id.as_str(), token.id.as_str(), token.user.as_str());
        let hash = token.secret_hash.as_slice();
        sqlx::query!(
            "INSERT INTO tokens
                 (tenant, id, user, name, secret_hash, scopes, created_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            tenant,
            id,
            user,
            token.name,
            hash,
            token.scopes,
            now,
            token.expires_at
        )
        .execute(&self.store.writer)
        .await?;
        Ok(())
    }

    /// The tokens of a person, oldest first, revoked ones included.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tokens(&self, user: &UserId) -> Result<Vec<Token>> {
        let (tenant, user) = (self.id.as_str(), user.as_str());
        let rows = sqlx::query!(
            "SELECT t.tenant, t.id, t.user, u.role, t.name, t.secret_hash, t.scopes, t.created_at,
                    t.expires_at, t.last_used_at, t.revoked_at
             FROM tokens t JOIN users u ON u.tenant = t.tenant AND u.id = t.user
             WHERE t.tenant = ? AND t.user = ? ORDER BY t.id",
            tenant,
            user
        );
        rows.fetch_all(&self.store.reader).await?.into_iter().map(|row| token!(row)).collect()
    }

    /// Revokes a token of a person; once revoked it stays so.
    ///
    /// # Errors
    /// `Conflict::Changed` when they have no such token, or it is revoked already.
    pub async fn revoke_token(&self, user: &UserId, id: &TokenId, now: Millis) -> Result<()> {
        let (tenant, user, id) = (self.id.as_str(), user.as_str(), id.as_str());
        let done = sqlx::query!(
            "UPDATE tokens SET revoked_at = ?
             WHERE tenant = ? AND user = ? AND id = ? AND revoked_at IS NULL",
            now,
            tenant,
            user,
            id
        );
        exactly_one(done.execute(&self.store.writer).await?.rows_affected())
    }

    /// Notes that a token was seen. Write it seldom: once a minute tells people enough.
    ///
    /// # Errors
    /// What the database says.
    pub async fn touch_token(&self, id: &TokenId, now: Millis) -> Result<()> {
        let (tenant, id) = (self.id.as_str(), id.as_str());
        sqlx::query!(
            "UPDATE tokens SET last_used_at = ? WHERE tenant = ? AND id = ?",
            now,
            tenant,
            id
        )
        .execute(&self.store.writer)
        .await?;
        Ok(())
    }
}
