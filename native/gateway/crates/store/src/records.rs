//! What requests did: their attempts and their audit rows, always together.
//!
//! These commits are many, so they do not wait for the disk one by one: with the power the last
//! seconds of them may go, with the process none, and whatever is committed by any other way takes
//! all before it to the disk.
use crate::Conflict;
use crate::audit::{self, AuditChain, AuditColumns, AuditHead};
use crate::error::Result;
use crate::id::{KeyId, TenantId};
use crate::open::Store;
use crate::usage::{self, UsageEvent};

impl Store {
    /// Adds what requests did: their attempts and their audit rows, all or none. Tells the numbers of
    /// the rows; an attempt that is there already is not counted again.
    ///
    /// # Errors
    /// As [`append_audit`](Self::append_audit) and [`add_usage`](Self::add_usage).
    pub async fn record(
        &self,
        attempts: &[UsageEvent],
        rows: &[(TenantId, AuditColumns)],
        chain: &dyn AuditChain,
    ) -> Result<Vec<i64>> {
        let mut unit = self.recorder.begin_with("BEGIN IMMEDIATE").await?;
        usage::insert(&mut unit, attempts).await?;
        let numbers = audit::append(&mut unit, rows, chain).await?;
        unit.commit().await?;
        Ok(numbers)
    }

    /// Adds what one request did that had one attempt, in one statement: a quarter of the work, and most
    /// requests are such. `end` is where the tenant's chain ended when it was last seen; tells where it
    /// ends now.
    ///
    /// # Errors
    /// `AuditIsAppendOnly` when the chain ends elsewhere by now: then nothing was added, and
    /// [`record`](Self::record) finds out why. Else as there.
    pub async fn record_one(
        &self,
        attempt: &UsageEvent,
        row: &AuditColumns,
        end: &AuditHead,
        chain: &dyn AuditChain,
    ) -> Result<AuditHead> {
        let seq = end.seq.checked_add(1).ok_or(Conflict::Value)?;
        let digest = chain.digest(&attempt.tenant, seq, &end.digest, row).to_vec();
        let seal = chain.seal(&attempt.tenant, seq, &digest).to_vec();
        let (tenant, user) = (attempt.tenant.as_str(), attempt.user.as_str());
        let key = attempt.key.as_ref().map(KeyId::as_str);
        sqlx::query!(
            "INSERT INTO query_records
                 (tenant, request_id, attempt, user, key_id, key_version, provider, model, region,
                  input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
                  output_tokens, reasoning_tokens, cost_nanos, price_digest, estimated, latency_ms,
                  first_token_ms, outcome, credential_source, occurred_at, seq, audited_at,
                  audited_model, audited_tokens, audited_cost_nanos, digest, previous, previous_seal,
                  seal)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                     ?, ?, ?, ?, ?)",
            tenant,
            attempt.request_id,
            attempt.attempt,
            user,
            key,
            attempt.key_version,
            attempt.provider,
            attempt.model,
            attempt.region,
            attempt.input_tokens,
            attempt.cached_tokens,
            attempt.cache_write_tokens,
            attempt.cache_write_long_tokens,
            attempt.output_tokens,
            attempt.reasoning_tokens,
            attempt.cost_nanos,
            attempt.price_digest,
            attempt.estimated,
            attempt.latency_ms,
            attempt.first_token_ms,
            attempt.outcome,
            attempt.credential_source,
            attempt.occurred_at,
            seq,
            row.occurred_at,
            row.model,
            row.tokens,
            row.cost_nanos,
            digest,
            end.digest,
            end.seal,
            seal
        )
        .execute(&self.recorder)
        .await?;
        Ok(AuditHead { seq, digest, seal })
    }
}
