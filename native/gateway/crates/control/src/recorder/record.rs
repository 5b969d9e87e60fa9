//! What one request did, and the rows that say so.
use convergio_audit::{Entry, Event};
use convergio_engine::Attempt;
use convergio_store::{AuditColumns, KeyId, Millis, TenantId, UsageEvent, UserId};
use serde::{Deserialize, Serialize};

/// What one request did.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) tenant: TenantId,
    pub(crate) user: UserId,
    /// The gateway's own id.
    pub(crate) request_id: String,
    /// When it ended.
    pub(crate) at: Millis,
    /// The model that was asked for, as the caller named it.
    pub(crate) model: String,
    pub(crate) attempts: Vec<Attempt>,
    /// Its audit row is still to be written.
    pub(crate) unaudited: bool,
}

/// The rows of a record, as they are spooled and as the database takes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rows {
    pub(super) tenant: TenantId,
    pub(super) usage: Vec<UsageEvent>,
    pub(super) audit: Option<AuditColumns>,
}

impl Record {
    pub(super) fn rows(&self) -> Rows {
        let usage = self.attempts.iter().map(|attempt| self.usage(attempt)).collect();
        Rows { tenant: self.tenant.clone(), usage, audit: self.unaudited.then(|| self.audit()) }
    }

    fn usage(&self, attempt: &Attempt) -> UsageEvent {
        UsageEvent {
            tenant: self.tenant.clone(),
            user: self.user.clone(),
            request_id: self.request_id.clone(),
            attempt: i64::from(attempt.number),
            key: attempt.key.as_ref().and_then(|key| key.id.parse::<KeyId>().ok()),
            key_version: attempt.key.as_ref().map(|key| key.version),
            provider: attempt.provider.clone(),
            model: attempt.model.clone(),
            region: attempt.region.clone(),
            input_tokens: attempt.tokens.input,
            cached_tokens: attempt.tokens.cached_input,
            cache_write_tokens: attempt.tokens.cache_write,
            cache_write_long_tokens: attempt.tokens.cache_write_long,
            output_tokens: attempt.tokens.output,
            reasoning_tokens: attempt.tokens.reasoning,
            cost_nanos: attempt.cost_nano_usd,
            price_digest: attempt.price_table.clone(),
            estimated: attempt.estimated,
            latency_ms: whole(attempt.latency_ms),
            first_token_ms: attempt.first_token_ms.map(whole),
            outcome: attempt.outcome.as_str().to_owned(),
            credential_source: attempt.credential_source.as_str().to_owned(),
            occurred_at: attempt.at_ms.saturating_add(whole(attempt.latency_ms)),
        }
    }

    /// The row of the audit log: all attempts together, and the model that answered, or was asked
    /// last.
    fn audit(&self) -> AuditColumns {
        let total =
            |of: fn(&Attempt) -> i64| self.attempts.iter().map(of).fold(0, i64::saturating_add);
        let model = self.attempts.last().map_or(&self.model, |attempt| &attempt.model);
        let event = Event::Query {
            user: self.user.to_string(),
            model: model.clone(),
            tokens: total(|attempt| attempt.tokens.total()),
            cost_nanos: total(|attempt| attempt.cost_nano_usd),
        };
        let (tenant, request_id) = (self.tenant.clone(), self.request_id.clone());
        Entry { tenant, at: self.at, request_id, event }.to_columns()
    }
}

fn whole(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}
