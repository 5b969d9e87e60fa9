//! What turning over the master key needs: what is sealed with which, and putting one in another's place.
use std::collections::BTreeMap;

use crate::error::Result;
use crate::id::KeyId;
use crate::open::Store;
use crate::tenants::Tenant;
use crate::versions::{SealedVersion, sealed};

impl Store {
    /// How many sealed secrets there are under each version of the master key. A version that is
    /// not among them may be forgotten.
    ///
    /// # Errors
    /// What the database says.
    pub async fn master_key_usage(&self) -> Result<BTreeMap<i64, i64>> {
        let rows = sqlx::query!(
            r#"SELECT kek_version AS "kek_version!: i64", count(*) AS "secrets!: i64"
               FROM (SELECT kek_version FROM key_versions WHERE kek_version IS NOT NULL
                     UNION ALL SELECT kek_version FROM installation_secrets)
               GROUP BY 1"#
        );
        let rows = rows.fetch_all(&self.reader).await?;
        Ok(rows.into_iter().map(|row| (row.kek_version, row.secrets)).collect())
    }
}

impl Tenant<'_> {
    /// Some versions that are not sealed under the master key `kek_version`, at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sealed_otherwise(
        &self,
        kek_version: i64,
        limit: i64,
    ) -> Result<Vec<SealedVersion>> {
        let tenant = self.id.as_str();
        let rows = sqlx::query!(
            r#"SELECT v.key_id, k.provider, k.endpoint, v.version, v.sealed AS "sealed!",
                      v.kek_version AS "kek_version!", v.overlap_until
               FROM key_versions v JOIN provider_keys k ON k.tenant = v.tenant AND k.id = v.key_id
               WHERE v.tenant = ? AND v.kek_version IS NOT NULL AND v.kek_version <> ?
               ORDER BY v.key_id, v.version LIMIT ?"#,
            tenant,
            kek_version,
            limit
        );
        Ok(rows.fetch_all(&self.store.reader).await?.into_iter().map(|row| sealed!(row)).collect())
    }

    /// Puts a secret sealed anew in the place of the bytes it was read as; false when it was
    /// revoked, removed or sealed anew by somebody faster.
    ///
    /// # Errors
    /// What the database says.
    pub async fn reseal(
        &self,
        read: &SealedVersion,
        sealed: &[u8],
        kek_version: i64,
    ) -> Result<bool> {
        let (tenant, key, old) = (self.id.as_str(), read.key.as_str(), read.sealed.as_slice());
        let done = sqlx::query!(
            "UPDATE key_versions SET sealed = ?, kek_version = ?
             WHERE tenant = ? AND key_id = ? AND version = ? AND sealed = ?",
            sealed,
            kek_version,
            tenant,
            key,
            read.version,
            old
        );
        Ok(done.execute(&self.store.writer).await?.rows_affected() == 1)
    }
}
