//! What was used and what it cost: one row per attempt at a provider.
use crate::error::Result;
use crate::id::{KeyId, TenantId, UserId};
use crate::open::Store;
use crate::tenants::Tenant;
use crate::{Millis, StoreError};

/// One attempt at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageEvent {
    /// Whose it was.
    pub tenant: TenantId,
    /// Who asked.
    pub user: UserId,
    /// The request; with `attempt` it is unique, so that nothing is counted twice.
    pub request_id: String,
    /// Which attempt of the request, from 1.
    pub attempt: i64,
    /// The key that was used, when it was one of ours.
    pub key: Option<KeyId>,
    /// Who was asked.
    pub provider: String,
    /// What was asked.
    pub model: String,
    /// Prompt tokens that were not cached.
    pub input_tokens: i64,
    /// Prompt tokens from the provider's cache.
    pub cached_tokens: i64,
    /// Answer tokens.
    pub output_tokens: i64,
    /// Hidden reasoning tokens.
    pub reasoning_tokens: i64,
    /// What it cost, in nano-dollars.
    pub cost_nanos: i64,
    /// The digest of the price table it was computed with.
    pub price_digest: String,
    /// The provider did not tell; it is our estimate.
    pub estimated: bool,
    /// From sending to the last byte, in milliseconds.
    pub latency_ms: i64,
    /// From sending to the first token, in milliseconds; streams only.
    pub first_token_ms: Option<i64>,
    /// `ok`, or the stable code of the error.
    pub outcome: String,
    /// Whose key served: `user`, `house` or `none`.
    pub credential_source: String,
    /// When it ended.
    pub occurred_at: Millis,
}

/// What to add up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageBy {
    /// The key; the empty group is what was served without one of ours.
    Key,
    /// The day, as days since 1970 in UTC.
    Day,
    /// The model, as `provider/model`.
    Model,
}

/// A sum over attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageTotal {
    /// What they have in common.
    pub group: String,
    /// How many requests: however many attempts one took, it counts once.
    pub requests: i64,
    /// How many attempts.
    pub attempts: i64,
    /// Prompt tokens that were not cached.
    pub input_tokens: i64,
    /// Prompt tokens from the provider's cache.
    pub cached_tokens: i64,
    /// Answer tokens.
    pub output_tokens: i64,
    /// Hidden reasoning tokens.
    pub reasoning_tokens: i64,
    /// What they cost, in nano-dollars.
    pub cost_nanos: i64,
    /// How many of the attempts are estimates.
    pub estimated: i64,
}

impl Store {
    /// Adds attempts, all or none, and tells how many were new: what is there already is not
    /// counted again.
    ///
    /// # Errors
    /// `Conflict::Value` for a negative number or an unknown tenant.
    pub async fn add_usage(&self, events: &[UsageEvent]) -> Result<u64> {
        let mut unit = self.begin().await?;
        let mut added = 0;
        for event in events {
            let (tenant, user) = (event.tenant.as_str(), event.user.as_str());
            let key = event.key.as_ref().map(KeyId::as_str);
            let done = sqlx::query!(
                "INSERT INTO usage_events
                     (tenant, request_id, attempt, user, key_id, provider, model, input_tokens,
                      cached_tokens, output_tokens, reasoning_tokens, cost_nanos, price_digest,
                      estimated, latency_ms, first_token_ms, outcome, credential_source, occurred_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (tenant, request_id, attempt) DO NOTHING",
                tenant,
                event.request_id,
                event.attempt,
                user,
                key,
                event.provider,
                event.model,
                event.input_tokens,
                event.cached_tokens,
                event.output_tokens,
                event.reasoning_tokens,
                event.cost_nanos,
                event.price_digest,
                event.estimated,
                event.latency_ms,
                event.first_token_ms,
                event.outcome,
                event.credential_source,
                event.occurred_at
            );
            added += done.execute(&mut *unit).await?.rows_affected();
        }
        unit.commit().await?;
        Ok(added)
    }
}

impl Tenant<'_> {
    /// Adds up the attempts that ended from `from` until just before `to`, the costliest first.
    ///
    /// # Errors
    /// What the database says, also when a sum does not fit 64 bits.
    pub async fn usage(&self, by: UsageBy, from: Millis, to: Millis) -> Result<Vec<UsageTotal>> {
        let tenant = self.id.as_str();
        let by = match by {
            UsageBy::Key => 0_i64,
            UsageBy::Day => 1,
            UsageBy::Model => 2,
        };
        let rows = sqlx::query_as!(
            UsageTotal,
            r#"SELECT CASE ?1 WHEN 0 THEN coalesce(key_id, '')
                              WHEN 1 THEN CAST(occurred_at / 86400000 AS TEXT)
                              ELSE provider || '/' || model END AS "group!: String",
                      count(DISTINCT request_id) AS "requests!: i64",
                      count(*) AS "attempts!: i64",
                      sum(input_tokens) AS "input_tokens!: i64",
                      sum(cached_tokens) AS "cached_tokens!: i64",
                      sum(output_tokens) AS "output_tokens!: i64",
                      sum(reasoning_tokens) AS "reasoning_tokens!: i64",
                      sum(cost_nanos) AS "cost_nanos!: i64",
                      sum(estimated) AS "estimated!: i64"
               FROM usage_events
               WHERE tenant = ?2 AND occurred_at >= ?3 AND occurred_at < ?4
               GROUP BY 1 ORDER BY 8 DESC, 1"#,
            by,
            tenant,
            from,
            to
        );
        rows.fetch_all(&self.store.reader).await.map_err(StoreError::from)
    }
}
