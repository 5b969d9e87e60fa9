//! Provider keys: what they are called and which version is in force. The secrets are in versions.
use crate::error::Result;
use crate::id::{KeyId, UserId};
use crate::tenants::{Tenant, exactly_one};
use crate::versions::NewVersion;
use crate::{Conflict, Millis};

/// A key as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderKey {
    /// Its id, over all versions.
    pub id: KeyId,
    /// Whose it is.
    pub user: UserId,
    /// For which provider.
    pub provider: String,
    /// What its owner calls it.
    pub name: String,
    /// Where the provider is, as JSON, for those who give each customer an address.
    pub endpoint: Option<String>,
    /// The newest version; the first is 1.
    pub version: i64,
    /// When the first version was added.
    pub created_at: Millis,
    /// When the newest version was last tested.
    pub tested_at: Option<Millis>,
    /// What that test said.
    pub test_outcome: Option<String>,
    /// The most that may be spent with it in a month, in nano-dollars.
    pub monthly_limit_nanos: Option<i64>,
}

/// A key to be added.
#[derive(Clone, Copy)]
pub struct NewKey<'a> {
    /// Its id: the secret is sealed with it before it is stored.
    pub id: &'a KeyId,
    /// Whose it will be.
    pub user: &'a UserId,
    /// For which provider.
    pub provider: &'a str,
    /// What its owner calls it; unique per tenant and provider.
    pub name: &'a str,
    /// Where the provider is, as JSON.
    pub endpoint: Option<&'a str>,
}

macro_rules! key {
    ($row:expr) => {{
        let row = $row;
        ProviderKey {
            id: KeyId::stored(row.id),
            user: UserId::stored(row.user),
            provider: row.provider,
            name: row.name,
            endpoint: row.endpoint,
            version: row.version,
            created_at: row.created_at,
            tested_at: row.tested_at,
            test_outcome: row.test_outcome,
            monthly_limit_nanos: row.monthly_limit_nanos,
        }
    }};
}

impl Tenant<'_> {
    /// Adds a key with its first version.
    ///
    /// # Errors
    /// `Conflict::KeyName`, `Conflict::SameSecret`, or `Conflict::Value` when the person is not of
    /// this tenant.
    pub async fn add_key(&self, key: NewKey<'_>, first: NewVersion<'_>, now: Millis) -> Result<()> {
        let (tenant, id, user) = (self.id.as_str(), key.id.as_str(), key.user.as_str());
        let mut unit = self.store.begin().await?;
        sqlx::query!(
            "INSERT INTO provider_keys
                 (tenant, id, user, provider, name, endpoint, version, created_at)
             VALUES (?, ?, ?, ?, ?, ?, 1, ?)",
            tenant,
            id,
            user,
            key.provider,
            key.name,
            key.endpoint,
            now
        )
        .execute(&mut *unit)
        .await?;
        self.insert_version(&mut unit, key.id, 1, first, now).await?;
        Ok(unit.commit().await?)
    }

    /// One key.
    ///
    /// # Errors
    /// What the database says.
    pub async fn key(&self, id: &KeyId) -> Result<Option<ProviderKey>> {
        let (tenant, id) = (self.id.as_str(), id.as_str());
        let row = sqlx::query!(
            "SELECT id, user, provider, name, endpoint, version, created_at, tested_at, test_outcome,
                    monthly_limit_nanos
             FROM provider_keys WHERE tenant = ? AND id = ?",
            tenant,
            id
        );
        Ok(row.fetch_optional(&self.store.reader).await?.map(|row| key!(row)))
    }

    /// All keys, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn keys(&self) -> Result<Vec<ProviderKey>> {
        let tenant = self.id.as_str();
        let rows = sqlx::query!(
            "SELECT id, user, provider, name, endpoint, version, created_at, tested_at, test_outcome,
                    monthly_limit_nanos
             FROM provider_keys WHERE tenant = ? ORDER BY id",
            tenant
        );
        Ok(rows.fetch_all(&self.store.reader).await?.into_iter().map(|row| key!(row)).collect())
    }

    /// Calls a key something else.
    ///
    /// # Errors
    /// `Conflict::KeyName` when another has that name, `Conflict::Changed` when there is no such key.
    pub async fn rename_key(&self, id: &KeyId, name: &str) -> Result<()> {
        let (tenant, id) = (self.id.as_str(), id.as_str());
        let done = sqlx::query!(
            "UPDATE provider_keys SET name = ? WHERE tenant = ? AND id = ?",
            name,
            tenant,
            id
        );
        exactly_one(done.execute(&self.store.writer).await?.rows_affected())
    }

    /// Notes what a test of a version said, unless another version came meanwhile.
    ///
    /// # Errors
    /// `Conflict::Changed` when it did, or when there is no such key.
    pub async fn set_tested(
        &self,
        id: &KeyId,
        version: i64,
        outcome: &str,
        now: Millis,
    ) -> Result<()> {
        let (tenant, id) = (self.id.as_str(), id.as_str());
        let done = sqlx::query!(
            "UPDATE provider_keys SET tested_at = ?, test_outcome = ?
             WHERE tenant = ? AND id = ? AND version = ?",
            now,
            outcome,
            tenant,
            id,
            version
        );
        exactly_one(done.execute(&self.store.writer).await?.rows_affected())
    }

    /// Puts a new version in force after version `from`. The one in force until now works on until
    /// `overlap_until`; without a window it is revoked at once.
    ///
    /// # Errors
    /// `Conflict::Changed` when `from` is not the newest version any more, `Conflict::SameSecret`.
    pub async fn rotate_key(
        &self,
        id: &KeyId,
        from: i64,
        next: NewVersion<'_>,
        overlap_until: Option<Millis>,
        now: Millis,
    ) -> Result<i64> {
        let (tenant, text) = (self.id.as_str(), id.as_str());
        let version = from.checked_add(1).ok_or(Conflict::Value)?;
        let mut unit = self.store.begin().await?;
        let done = sqlx::query!(
            "UPDATE provider_keys SET version = ?, tested_at = NULL, test_outcome = NULL
             WHERE tenant = ? AND id = ? AND version = ?",
            version,
            tenant,
            text,
            from
        );
        exactly_one(done.execute(&mut *unit).await?.rows_affected())?;
        match overlap_until.filter(|until| *until > now) {
            Some(until) => {
                sqlx::query!(
                    "UPDATE key_versions SET state = 'overlapping', overlap_until = ?
                     WHERE tenant = ? AND key_id = ? AND state = 'active'",
                    until,
                    tenant,
                    text
                )
                .execute(&mut *unit)
                .await?;
            }
            None => {
                sqlx::query!(
                    "UPDATE key_versions
                     SET state = 'revoked', revoked_at = ?, sealed = NULL, kek_version = NULL
                     WHERE tenant = ? AND key_id = ? AND state = 'active'",
                    now,
                    tenant,
                    text
                )
                .execute(&mut *unit)
                .await?;
            }
        }
        self.insert_version(&mut unit, id, version, next, now).await?;
        unit.commit().await?;
        Ok(version)
    }

    /// Removes a key and all its versions; whether there was one. Its usage and its audit stay.
    ///
    /// # Errors
    /// What the database says.
    pub async fn remove_key(&self, id: &KeyId) -> Result<bool> {
        let (tenant, id) = (self.id.as_str(), id.as_str());
        let done =
            sqlx::query!("DELETE FROM provider_keys WHERE tenant = ? AND id = ?", tenant, id);
        Ok(done.execute(&self.store.writer).await?.rows_affected() == 1)
    }
}
