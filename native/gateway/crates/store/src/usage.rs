//! Usage: one row per attempt at a provider, and sums over them.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sqlx::{Sqlite, Transaction};

use crate::Millis;
use crate::error::{Result, StoreError};
use crate::id::{BadId, KeyId, TenantId, UserId};
use crate::open::Store;
use crate::tenants::Tenant;

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Which version of it.
    pub key_version: Option<i64>,
    /// Who was asked.
    pub provider: String,
    /// What was asked.
    pub model: String,
    /// Where it is deployed, when the provider prices by region.
    pub region: Option<String>,
    /// Prompt tokens neither read from nor written to a cache.
    pub input_tokens: i64,
    /// Prompt tokens from the provider's cache.
    pub cached_tokens: i64,
    /// Prompt tokens written to the provider's cache, short-lived.
    pub cache_write_tokens: i64,
    /// Prompt tokens written to the provider's cache to be kept longer.
    pub cache_write_long_tokens: i64,
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
    /// `ok`, `cancelled`, or the stable code of the error.
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

/// Which attempts are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageFilter {
    /// Only what this person asked.
    pub user: Option<UserId>,
    /// That ended at this time or later.
    pub from: Millis,
    /// And before this time.
    pub to: Millis,
}

/// A sum over attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageTotal {
    /// What they have in common.
    pub group: String,
    /// The same for people: what the key is called (its id once it was removed), the day as
    /// `2026-11-23`, the model.
    pub label: String,
    /// How many requests: however many attempts one took, it counts once.
    pub requests: i64,
    /// How many attempts.
    pub attempts: i64,
    /// Prompt tokens neither read from nor written to a cache.
    pub input_tokens: i64,
    /// Prompt tokens from the provider's cache.
    pub cached_tokens: i64,
    /// Prompt tokens written to the provider's cache, for however long.
    pub cache_write_tokens: i64,
    /// Answer tokens.
    pub output_tokens: i64,
    /// Hidden reasoning tokens.
    pub reasoning_tokens: i64,
    /// What they cost, in nano-dollars.
    pub cost_nanos: i64,
    /// How many of the attempts are estimates.
    pub estimated: i64,
}

/// A place in the list of attempts, newest first: behind this one the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageCursor {
    occurred_at: Millis,
    request_id: String,
    attempt: i64,
}

impl UsageCursor {
    /// Before everything: where the first page begins.
    pub fn start() -> Self {
        Self { occurred_at: i64::MAX, request_id: String::new(), attempt: 0 }
    }

    /// Behind that attempt.
    pub fn behind(event: &UsageEvent) -> Self {
        let UsageEvent { occurred_at, request_id, attempt, .. } = event;
        Self { occurred_at: *occurred_at, request_id: request_id.clone(), attempt: *attempt }
    }
}

impl fmt::Display for UsageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.occurred_at, self.attempt, self.request_id)
    }
}

impl FromStr for UsageCursor {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let mut parts = text.splitn(3, '.');
        let mut part = || parts.next().ok_or(BadId);
        let occurred_at = part()?.parse().map_err(|_| BadId)?;
        let attempt = part()?.parse().map_err(|_| BadId)?;
        Ok(Self { occurred_at, attempt, request_id: part()?.to_owned() })
    }
}

impl Store {
    /// Adds attempts, all or none, and tells how many were new: what is there already is not
    /// counted again.
    ///
    /// # Errors
    /// `Conflict::Value` for a negative number or an unknown tenant.
    pub async fn add_usage(&self, events: &[UsageEvent]) -> Result<u64> {
        let mut unit = self.begin().await?;
        let added = insert(&mut unit, events).await?;
        unit.commit().await?;
        Ok(added)
    }
}

/// Adds attempts within a transaction, and tells how many were new.
pub(crate) async fn insert(
    unit: &mut Transaction<'static, Sqlite>,
    events: &[UsageEvent],
) -> Result<u64> {
    let mut added = 0;
    for event in events {
        let (tenant, user) = (event.tenant.as_str(), event.user.as_str());
        let key = event.key.as_ref().map(KeyId::as_str);
        let done = sqlx::query!(
            "INSERT INTO usage_events
                 (tenant, request_id, attempt, user, key_id, key_version, provider, model, region,
                  input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
                  output_tokens, reasoning_tokens, cost_nanos, price_digest, estimated, latency_ms,
                  first_token_ms, outcome, credential_source, occurred_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (tenant, request_id, attempt) DO NOTHING",
            tenant,
            event.request_id,
            event.attempt,
            user,
            key,
            event.key_version,
            event.provider,
            event.model,
            event.region,
            event.input_tokens,
            event.cached_tokens,
            event.cache_write_tokens,
            event.cache_write_long_tokens,
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
        added += done.execute(&mut **unit).await?.rows_affected();
    }
    Ok(added)
}

impl Tenant<'_> {
    /// Adds up the attempts that are meant, the costliest first.
    ///
    /// # Errors
    /// What the database says, also when a sum does not fit 64 bits.
    pub async fn usage(&self, by: UsageBy, filter: &UsageFilter) -> Result<Vec<UsageTotal>> {
        let tenant = self.id.as_str();
        let user = filter.user.as_ref().map(UserId::as_str);
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
                      CASE ?1 WHEN 0 THEN coalesce((SELECT k.provider || '/' || k.name
                                                    FROM provider_keys k
                                                    WHERE k.tenant = usage_events.tenant
                                                      AND k.id = usage_events.key_id), key_id, '')
                              WHEN 1 THEN date(occurred_at / 1000, 'unixepoch')
                              ELSE provider || '/' || model END AS "label!: String",
                      count(DISTINCT request_id) AS "requests!: i64",
                      count(*) AS "attempts!: i64",
                      sum(input_tokens) AS "input_tokens!: i64",
                      sum(cached_tokens) AS "cached_tokens!: i64",
                      sum(cache_write_tokens) + sum(cache_write_long_tokens)
                          AS "cache_write_tokens!: i64",
                      sum(output_tokens) AS "output_tokens!: i64",
                      sum(reasoning_tokens) AS "reasoning_tokens!: i64",
                      sum(cost_nanos) AS "cost_nanos!: i64",
                      sum(estimated) AS "estimated!: i64"
               FROM usage_events
               WHERE tenant = ?2 AND occurred_at >= ?3 AND occurred_at < ?4
                 AND (?5 IS NULL OR user = ?5)
               GROUP BY 1 ORDER BY 10 DESC, 1"#,
            by,
            tenant,
            filter.from,
            filter.to,
            user
        );
        rows.fetch_all(&self.store.reader).await.map_err(StoreError::from)
    }

    /// The attempts that are meant one by one, the newest first, at most `limit` behind `cursor`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn usage_events(
        &self,
        filter: &UsageFilter,
        cursor: &UsageCursor,
        limit: i64,
    ) -> Result<Vec<UsageEvent>> {
        let tenant = self.id.as_str();
        let user = filter.user.as_ref().map(UserId::as_str);
        let rows = sqlx::query!(
            r#"SELECT request_id, attempt AS "attempt!", user, key_id, key_version, provider, model,
                    region, input_tokens, cached_tokens, cache_write_tokens,
                    cache_write_long_tokens, output_tokens, reasoning_tokens, cost_nanos,
                    price_digest, estimated, latency_ms, first_token_ms, outcome,
                    credential_source, occurred_at
             FROM usage_events
             WHERE tenant = ?1 AND occurred_at >= ?2 AND occurred_at < ?3
               AND (?4 IS NULL OR user = ?4)
               AND (occurred_at, request_id, attempt) < (?5, ?6, ?7)
             ORDER BY occurred_at DESC, request_id DESC, attempt DESC LIMIT ?8"#,
            tenant,
            filter.from,
            filter.to,
            user,
            cursor.occurred_at,
            cursor.request_id,
            cursor.attempt,
            limit
        );
        let rows = rows.fetch_all(&self.store.reader).await?;
        Ok(rows
            .into_iter()
            .map(|row| UsageEvent {
                tenant: self.id.clone(),
                user: UserId::stored(row.user),
                request_id: row.request_id,
                attempt: row.attempt,
                key: row.key_id.map(KeyId::stored),
                key_version: row.key_version,
                provider: row.provider,
                model: row.model,
                region: row.region,
                input_tokens: row.input_tokens,
                cached_tokens: row.cached_tokens,
                cache_write_tokens: row.cache_write_tokens,
                cache_write_long_tokens: row.cache_write_long_tokens,
                output_tokens: row.output_tokens,
                reasoning_tokens: row.reasoning_tokens,
                cost_nanos: row.cost_nanos,
                price_digest: row.price_digest,
                estimated: row.estimated != 0,
                latency_ms: row.latency_ms,
                first_token_ms: row.first_token_ms,
                outcome: row.outcome,
                credential_source: row.credential_source,
                occurred_at: row.occurred_at,
            })
            .collect())
    }
}
