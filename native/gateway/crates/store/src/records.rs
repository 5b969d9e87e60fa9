//! What requests did: their attempts and their audit rows, always together.
//!
//! These commits are many, so they do not wait for the disk one by one: with the power the last
//! seconds of them may go, with the process none, and whatever is committed by any other way takes
//! all before it to the disk.
use std::collections::HashMap;

use crate::Conflict;
use crate::audit::{self, AuditChain, AuditColumns, AuditHead};
use crate::error::Result;
use crate::id::TenantId;
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

    /// Adds what requests did that had one attempt each, in one statement: a fraction of the work, and
    /// most requests are such. `ends` are where the tenants' chains ended when they were last seen;
    /// tells where they end now.
    ///
    /// # Errors
    /// `AuditIsAppendOnly` when a chain ends elsewhere by now or its end is not given: then nothing was
    /// added, and [`record`](Self::record) finds out why. Else as there.
    pub async fn record_together(
        &self,
        records: &[(UsageEvent, AuditColumns)],
        ends: &HashMap<TenantId, AuditHead>,
        chain: &dyn AuditChain,
    ) -> Result<HashMap<TenantId, AuditHead>> {
        let mut next: HashMap<TenantId, AuditHead> = HashMap::new();
        let mut lines = Vec::with_capacity(records.len());
        for (attempt, row) in records {
            let tenant = &attempt.tenant;
            let end = next.get(tenant).or_else(|| ends.get(tenant));
            let end = end.ok_or(Conflict::AuditIsAppendOnly)?;
            let seq = end.seq.checked_add(1).ok_or(Conflict::Value)?;
            let digest = chain.digest(tenant, seq, &end.digest, row).to_vec();
            let seal = chain.seal(tenant, seq, &digest).to_vec();
            let previous = (hex(&end.digest), hex(&end.seal));
            lines.push((attempt, row, seq, hex(&digest), hex(&seal), previous));
            next.insert(tenant.clone(), AuditHead { seq, digest, seal });
        }
        let lines = serde_json::to_string(&lines).map_err(|_| Conflict::Value)?;
        sqlx::query!(
            "INSERT INTO query_records
                 (tenant, request_id, attempt, user, key_id, key_version, provider, model, region,
                  input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
                  output_tokens, reasoning_tokens, cost_nanos, price_digest, estimated, latency_ms,
                  first_token_ms, outcome, credential_source, occurred_at, audited_at,
                  audited_model, audited_tokens, audited_cost_nanos, seq, digest, seal, previous,
                  previous_seal)
             SELECT value ->> '$[0].tenant', value ->> '$[0].request_id', value ->> '$[0].attempt',
                    value ->> '$[0].user', value ->> '$[0].key', value ->> '$[0].key_version',
                    value ->> '$[0].provider', value ->> '$[0].model', value ->> '$[0].region',
                    value ->> '$[0].input_tokens', value ->> '$[0].cached_tokens',
                    value ->> '$[0].cache_write_tokens', value ->> '$[0].cache_write_long_tokens',
                    value ->> '$[0].output_tokens', value ->> '$[0].reasoning_tokens',
                    value ->> '$[0].cost_nanos', value ->> '$[0].price_digest',
                    value ->> '$[0].estimated', value ->> '$[0].latency_ms',
                    value ->> '$[0].first_token_ms', value ->> '$[0].outcome',
                    value ->> '$[0].credential_source', value ->> '$[0].occurred_at',
                    value ->> '$[1].occurred_at', value ->> '$[1].model', value ->> '$[1].tokens',
                    value ->> '$[1].cost_nanos', value ->> '$[2]', unhex(value ->> '$[3]'),
                    unhex(value ->> '$[4]'), unhex(value ->> '$[5][0]'), unhex(value ->> '$[5][1]')
             FROM jsonb_each(?)",
            lines
        )
        .execute(&self.recorder)
        .await?;
        Ok(next)
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
