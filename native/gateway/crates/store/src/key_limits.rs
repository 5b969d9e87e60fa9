//! How much may be spent with a key, and how much was.
use crate::Millis;
use crate::error::Result;
use crate::id::{KeyId, TenantId, UserId};
use crate::open::Store;
use crate::tenants::{Tenant, exactly_one};

/// A key that somebody limited, and what was spent with it since a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitedKey {
    /// Whose data it is.
    pub tenant: TenantId,
    /// The key.
    pub id: KeyId,
    /// Whose key it is.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// The most a month, in nano-dollars.
    pub monthly_limit_nanos: i64,
    /// What was spent, in nano-dollars.
    pub spent_nanos: i64,
}

impl Store {
    /// Every limited key of the installation, with what was spent with it since `since`.
    ///
    /// # Errors
    /// What the database says, also when a sum does not fit 64 bits.
    pub async fn limited_keys(&self, since: Millis) -> Result<Vec<LimitedKey>> {
        let rows = sqlx::query!(
            r#"SELECT k.tenant, k.id, k.user, k.name, k.monthly_limit_nanos AS "limit!: i64",
                      (SELECT coalesce(sum(u.cost_nanos), 0) FROM usage_events u
                       WHERE u.tenant = k.tenant AND u.key_id = k.id AND u.occurred_at >= ?)
                          AS "spent!: i64"
               FROM provider_keys k WHERE k.monthly_limit_nanos IS NOT NULL"#,
            since
        );
        let rows = rows.fetch_all(&self.reader).await?.into_iter();
        let keys = rows.map(|row| LimitedKey {
            tenant: TenantId::stored(row.tenant),
            id: KeyId::stored(row.id),
            user: UserId::stored(row.user),
            name: row.name,
            monthly_limit_nanos: row.limit,
            spent_nanos: row.spent,
        });
        Ok(keys.collect())
    }
}

impl Tenant<'_> {
    /// Limits what may be spent with a key in a month, in nano-dollars; `None` lifts the limit.
    ///
    /// # Errors
    /// `Conflict::Changed` when there is no such key, `Conflict::Value` for a limit below 0.
    pub async fn limit_key(&self, id: &KeyId, nanos: Option<i64>) -> Result<()> {
        let (tenant, id) = (self.id.as_str(), id.as_str());
        let done = sqlx::query!(
            "UPDATE provider_keys SET monthly_limit_nanos = ? WHERE tenant = ? AND id = ?",
            nanos,
            tenant,
            id
        );
        exactly_one(done.execute(&self.store.writer).await?.rows_affected())
    }

    /// What was spent with a key since a moment, in nano-dollars.
    ///
    /// # Errors
    /// What the database says, also when the sum does not fit 64 bits.
    pub async fn spent_with_key(&self, id: &KeyId, since: Millis) -> Result<i64> {
        let (tenant, id) = (self.id.as_str(), id.as_str());
        let spent = sqlx::query_scalar!(
            r#"SELECT coalesce(sum(cost_nanos), 0) AS "spent!: i64" FROM usage_events
               WHERE tenant = ? AND key_id = ? AND occurred_at >= ?"#,
            tenant,
            id,
            since
        );
        Ok(spent.fetch_one(&self.store.reader).await?)
    }
}
