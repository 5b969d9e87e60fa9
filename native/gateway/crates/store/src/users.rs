//! People: who they are, what they may do, and never the last administrator gone.
use std::fmt;
use std::str::FromStr;

use crate::error::{Result, StoreError};
use crate::id::{TenantId, UserId};
use crate::open::Store;
use crate::tenants::{Tenant, exactly_one};
use crate::{Conflict, Millis};

/// What a person is to their tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Chats, and manages their own keys and tokens.
    User,
    /// Manages people, keys and settings.
    Admin,
    /// Reads usage and the audit log, changes nothing.
    Auditor,
}

impl Role {
    /// The word for it, in the database and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }

    pub(crate) fn stored(text: &str) -> Result<Self> {
        text.parse().map_err(|()| StoreError::Damaged { table: "users", what: "an unknown role" })
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::User, Self::Admin, Self::Auditor]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A person as they stand in the database.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Their tenant.
    pub tenant: TenantId,
    /// Their id.
    pub id: UserId,
    /// What they log in with.
    pub email: String,
    /// What they are to their tenant.
    pub role: Role,
    /// Their password's Argon2id hash in PHC form.
    pub password_hash: String,
    /// Since when they are there.
    pub created_at: Millis,
    /// Since when they may not log in.
    pub disabled_at: Option<Millis>,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .field("email", &self.email)
            .field("role", &self.role)
            .field("disabled_at", &self.disabled_at)
            .finish_non_exhaustive()
    }
}

/// A person to be added.
#[derive(Clone, Copy)]
pub struct NewUser<'a> {
    /// What they log in with; compared without regard to case.
    pub email: &'a str,
    /// What they are to their tenant.
    pub role: Role,
    /// Their password's hash in PHC form.
    pub password_hash: &'a str,
}

macro_rules! user {
    ($row:expr) => {{
        let row = $row;
        Ok::<User, StoreError>(User {
            tenant: TenantId::stored(row.tenant),
            id: UserId::stored(row.id),
            email: row.email,
            role: Role::stored(&row.role)?,
            password_hash: row.password_hash,
            created_at: row.created_at,
            disabled_at: row.disabled_at,
        })
    }};
}

impl Store {
    /// Who logs in with that address, over all tenants.
    ///
    /// # Errors
    /// What the database says.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>> {
        let row = sqlx::query!(
            "SELECT tenant, id, email, role, password_hash, created_at, disabled_at
             FROM users WHERE email = ?",
            email
        );
        row.fetch_optional(&self.reader).await?.map(|row| user!(row)).transpose()
    }

    /// Is there anybody who could administer the installation?
    ///
    /// # Errors
    /// What the database says.
    pub async fn has_administrator(&self) -> Result<bool> {
        let count = sqlx::query_scalar!(
            "SELECT count(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL"
        );
        Ok(count.fetch_one(&self.reader).await? > 0)
    }
}

impl Tenant<'_> {
    /// Adds a person.
    ///
    /// # Errors
    /// `Conflict::Email` when the address is taken, in this tenant or another.
    pub async fn add_user(&self, user: NewUser<'_>, now: Millis) -> Result<UserId> {
        let id = UserId::new(now);
        let (tenant, text, role) = (self.id.as_str(), id.as_str(), user.role.as_str());
        sqlx::query!(
            "INSERT INTO users (tenant, id, email, role, password_hash, created_at)
             VALUES (?, ?, ?, ?, ?, ?)",
            tenant,
            text,
            user.email,
            role,
            user.password_hash,
            now
        )
        .execute(&self.store.writer)
        .await?;
        Ok(id)
    }

    /// One person.
    ///
    /// # Errors
    /// What the database says.
    pub async fn user(&self, id: &UserId) -> Result<Option<User>> {
        let (tenant, id) = (self.id.as_str(), id.as_str());
        let row = sqlx::query!(
            "SELECT tenant, id, email, role, password_hash, created_at, disabled_at
             FROM users WHERE tenant = ? AND id = ?",
            tenant,
            id
        );
        row.fetch_optional(&self.store.reader).await?.map(|row| user!(row)).transpose()
    }

    /// Everybody, in the order they came.
    ///
    /// # Errors
    /// What the database says.
    pub async fn users(&self) -> Result<Vec<User>> {
        let tenant = self.id.as_str();
        let rows = sqlx::query!(
            "SELECT tenant, id, email, role, password_hash, created_at, disabled_at
             FROM users WHERE tenant = ? ORDER BY id",
            tenant
        );
        rows.fetch_all(&self.store.reader).await?.into_iter().map(|row| user!(row)).collect()
    }

    /// Gives a person another password hash, unless it changed since `old` was read: a rehash at
    /// login must not undo a change of the password.
    ///
    /// # Errors
    /// `Conflict::Changed` when it did, or when there is no such person.
    pub async fn set_password(&self, id: &UserId, old: &str, new: &str) -> Result<()> {
        let (tenant, id) = (self.id.as_str(), id.as_str());
        let done = sqlx::query!(
            "UPDATE users SET password_hash = ? WHERE tenant = ? AND id = ? AND password_hash = ?",
            new,
            tenant,
            id,
            old
        );
        exactly_one(done.execute(&self.store.writer).await?.rows_affected())
    }

    /// Gives a person another role, or lets them in or out (`disabled_at`). Whoever is let out, or
    /// given less, loses their sessions.
    ///
    /// # Errors
    /// `Conflict::LastAdministrator` when nobody could administer the tenant after it,
    /// `Conflict::Changed` when there is no such person.
    pub async fn set_standing(
        &self,
        id: &UserId,
        role: Role,
        disabled_at: Option<Millis>,
    ) -> Result<()> {
        let (tenant, id, role) = (self.id.as_str(), id.as_str(), role.as_str());
        let mut unit = self.store.begin().await?;
        let done = sqlx::query!(
            "UPDATE users SET role = ?, disabled_at = ? WHERE tenant = ? AND id = ?",
            role,
            disabled_at,
            tenant,
            id
        );
        exactly_one(done.execute(&mut *unit).await?.rows_affected())?;
        let left = sqlx::query_scalar!(
            "SELECT count(*) FROM users
             WHERE tenant = ? AND role = 'admin' AND disabled_at IS NULL",
            tenant
        );
        if left.fetch_one(&mut *unit).await? == 0 {
            return Err(Conflict::LastAdministrator.into());
        }
        sqlx::query!("DELETE FROM sessions WHERE tenant = ? AND user = ?", tenant, id)
            .execute(&mut *unit)
            .await?;
        Ok(unit.commit().await?)
    }
}
