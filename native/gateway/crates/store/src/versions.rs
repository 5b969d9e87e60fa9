//! Versions of provider keys: the sealed secret, its state, and what may be shown of it.
use sqlx::{Sqlite, Transaction};

use crate::Millis;
use crate::error::{Result, StoreError};
use crate::id::{KeyId, UserId};
use crate::tenants::{Tenant, exactly_one};

/// Where a version is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// The one in force.
    Active,
    /// Replaced, and still good until its window ends.
    Overlapping,
    /// Over; its secret is gone.
    Revoked,
}

impl KeyState {
    /// The word for it, in the database and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Overlapping => "overlapping",
            Self::Revoked => "revoked",
        }
    }

    fn stored(text: &str) -> Result<Self> {
        [Self::Active, Self::Overlapping, Self::Revoked]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(StoreError::Damaged { table: "key_versions", what: "an unknown state" })
    }
}

/// What may be shown of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyVersion {
    /// Of which key.
    pub key: KeyId,
    /// Its number, from 1.
    pub version: i64,
    /// Where it is in its life.
    pub state: KeyState,
    /// 16 hexadecimal digits that tell secrets apart without telling them.
    pub fingerprint: String,
    /// The last characters of the secret, at most four.
    pub last_four: String,
    /// When it was added.
    pub created_at: Millis,
    /// Until when it works beside its successor.
    pub overlap_until: Option<Millis>,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
    /// The last reminder its owner got.
    pub reminded: Option<String>,
}

/// A version with its sealed secret: what opening and sealing anew need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedVersion {
    /// Of which key.
    pub key: KeyId,
    /// For which provider.
    pub provider: String,
    /// Where the provider is, as JSON.
    pub endpoint: Option<String>,
    /// Its number, from 1.
    pub version: i64,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
    /// The version of the master key that seals it.
    pub kek_version: i64,
    /// Until when it works beside its successor; none for the one in force.
    pub overlap_until: Option<Millis>,
}

/// A version to be added.
#[derive(Clone, Copy)]
pub struct NewVersion<'a> {
    /// The sealed bytes.
    pub sealed: &'a [u8],
    /// The version of the master key that seals it.
    pub kek_version: i64,
    /// 16 hexadecimal digits.
    pub fingerprint: &'a str,
    /// At most four characters.
    pub last_four: &'a str,
}

macro_rules! sealed {
    ($row:expr) => {{
        let row = $row;
        SealedVersion {
            key: KeyId::stored(row.key_id),
            provider: row.provider,
            endpoint: row.endpoint,
            version: row.version,
            sealed: row.sealed,
            kek_version: row.kek_version,
            overlap_until: row.overlap_until,
        }
    }};
}
pub(crate) use sealed;

impl Tenant<'_> {
    pub(crate) async fn insert_version(
        &self,
        unit: &mut Transaction<'static, Sqlite>,
        key: &KeyId,
        version: i64,
        new: NewVersion<'_>,
        now: Millis,
    ) -> Result<()> {
        let (tenant, key) = (self.id.as_str(), key.as_str());
        sqlx::query!(
            "INSERT INTO key_versions (tenant, key_id, version, state, sealed, kek_version,
                                       fingerprint, last_four, created_at)
             VALUES (?, ?, ?, 'active', ?, ?, ?, ?, ?)",
            tenant,
            key,
            version,
            new.sealed,
            new.kek_version,
            new.fingerprint,
            new.last_four,
            now
        )
        .execute(&mut **unit)
        .await?;
        Ok(())
    }

    /// What may be shown of all versions of all keys, oldest key and oldest version first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn versions(&self) -> Result<Vec<KeyVersion>> {
        let tenant = self.id.as_str();
        let rows = sqlx::query!(
            "SELECT key_id, version, state, fingerprint, last_four, created_at, overlap_until,
                    revoked_at, reminded
             FROM key_versions WHERE tenant = ? ORDER BY key_id, version",
            tenant
        );
        let rows = rows.fetch_all(&self.store.reader).await?;
        rows.into_iter()
            .map(|row| {
                Ok(KeyVersion {
                    key: KeyId::stored(row.key_id),
                    version: row.version,
                    state: KeyState::stored(&row.state)?,
                    fingerprint: row.fingerprint,
                    last_four: row.last_four,
                    created_at: row.created_at,
                    overlap_until: row.overlap_until,
                    revoked_at: row.revoked_at,
                    reminded: row.reminded,
                })
            })
            .collect()
    }

    /// The versions of one key that work at `now`: the one in force, then those in their window.
    ///
    /// # Errors
    /// What the database says.
    pub async fn usable(&self, key: &KeyId, now: Millis) -> Result<Vec<SealedVersion>> {
        let (tenant, key) = (self.id.as_str(), key.as_str());
        let rows = sqlx::query!(
            r#"SELECT v.key_id, k.provider, k.endpoint, v.version, v.sealed AS "sealed!",
                      v.kek_version AS "kek_version!", v.overlap_until
               FROM key_versions v JOIN provider_keys k ON k.tenant = v.tenant AND k.id = v.key_id
               WHERE v.tenant = ? AND v.key_id = ?
                 AND (v.state = 'active' OR v.state = 'overlapping' AND v.overlap_until > ?)
               ORDER BY v.state, v.version DESC"#,
            tenant,
            key,
            now
        );
        Ok(rows.fetch_all(&self.store.reader).await?.into_iter().map(|row| sealed!(row)).collect())
    }

    /// The versions a person may use at `now` for a provider: their oldest key first, and of each
    /// the one in force before those in their window.
    ///
    /// # Errors
    /// What the database says.
    pub async fn usable_for(
        &self,
        user: &UserId,
        provider: &str,
        now: Millis,
    ) -> Result<Vec<SealedVersion>> {
        let (tenant, user) = (self.id.as_str(), user.as_str());
        let rows = sqlx::query!(
            r#"SELECT v.key_id, k.provider, k.endpoint, v.version, v.sealed AS "sealed!",
                      v.kek_version AS "kek_version!", v.overlap_until
               FROM provider_keys k JOIN key_versions v ON v.tenant = k.tenant AND v.key_id = k.id
               WHERE k.tenant = ? AND k.user = ? AND k.provider = ?
                 AND (v.state = 'active' OR v.state = 'overlapping' AND v.overlap_until > ?)
               ORDER BY v.key_id, v.state, v.version DESC"#,
            tenant,
            user,
            provider,
            now
        );
        Ok(rows.fetch_all(&self.store.reader).await?.into_iter().map(|row| sealed!(row)).collect())
    }

    /// The providers for which a person has something that works at `now`, by name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn usable_providers(&self, user: &UserId, now: Millis) -> Result<Vec<String>> {
        let (tenant, user) = (self.id.as_str(), user.as_str());
        let rows = sqlx::query_scalar!(
            "SELECT DISTINCT k.provider
             FROM provider_keys k JOIN key_versions v ON v.tenant = k.tenant AND v.key_id = k.id
             WHERE k.tenant = ? AND k.user = ?
               AND (v.state = 'active' OR v.state = 'overlapping' AND v.overlap_until > ?)
             ORDER BY k.provider",
            tenant,
            user,
            now
        );
        Ok(rows.fetch_all(&self.store.reader).await?)
    }

    /// Revokes one version, or all (`None`), and forgets the secrets; tells how many it were.
    ///
    /// # Errors
    /// What the database says.
    pub async fn revoke(&self, key: &KeyId, version: Option<i64>, now: Millis) -> Result<u64> {
        let (tenant, key) = (self.id.as_str(), key.as_str());
        let done = sqlx::query!(
            "UPDATE key_versions
             SET state = 'revoked', revoked_at = ?1, sealed = NULL, kek_version = NULL
             WHERE tenant = ?2 AND key_id = ?3 AND (?4 IS NULL OR version = ?4)
               AND state <> 'revoked'",
            now,
            tenant,
            key,
            version
        );
        Ok(done.execute(&self.store.writer).await?.rows_affected())
    }

    /// Revokes what has outlived its window at `now`; tells which key and version.
    ///
    /// # Errors
    /// What the database says.
    pub async fn revoke_outlived(&self, now: Millis) -> Result<Vec<(KeyId, i64)>> {
        let tenant = self.id.as_str();
        let rows = sqlx::query!(
            "UPDATE key_versions
             SET state = 'revoked', revoked_at = ?1, sealed = NULL, kek_version = NULL
             WHERE tenant = ?2 AND state = 'overlapping' AND overlap_until <= ?1
             RETURNING key_id, version",
            now,
            tenant
        );
        let rows = rows.fetch_all(&self.store.writer).await?;
        Ok(rows.into_iter().map(|row| (KeyId::stored(row.key_id), row.version)).collect())
    }

    /// Notes that the owner was reminded, unless somebody noted it first.
    ///
    /// # Errors
    /// `Conflict::Changed` when somebody did, or when there is no such version.
    pub async fn set_reminded(&self, read: &KeyVersion, stage: &str) -> Result<()> {
        let (tenant, key) = (self.id.as_str(), read.key.as_str());
        let done = sqlx::query!(
            "UPDATE key_versions SET reminded = ?
             WHERE tenant = ? AND key_id = ? AND version = ? AND reminded IS ?",
            stage,
            tenant,
            key,
            read.version,
            read.reminded
        );
        exactly_one(done.execute(&self.store.writer).await?.rows_affected())
    }

    /// Forgets who was reminded of what: the tenant decided anew when keys are due.
    ///
    /// # Errors
    /// What the database says.
    pub async fn forget_reminders(&self) -> Result<()> {
        let tenant = self.id.as_str();
        sqlx::query!("UPDATE key_versions SET reminded = NULL WHERE tenant = ?", tenant)
            .execute(&self.store.writer)
            .await?;
        Ok(())
    }
}
