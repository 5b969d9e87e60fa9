//! The audit log's rows. What they mean and how they are chained is for the audit crate; here they
//! are only added and read. There is no way to change one, and triggers refuse whoever tries.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::{Sqlite, Transaction};

use crate::error::{Result, StoreError};
use crate::id::TenantId;
use crate::open::Store;
use crate::tenants::Tenant;
use crate::{Conflict, Millis};

/// What one row says; which of the fields are there follows from `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditColumns {
    /// `query`, `login`, `admin_action` or `key_change`.
    pub kind: String,
    /// When it happened.
    pub occurred_at: Millis,
    /// The request it happened in.
    pub request_id: String,
    /// Who did it: the user, or the actor.
    pub user: String,
    /// Queries: the model that answered.
    pub model: Option<String>,
    /// Queries: tokens of all kinds together.
    pub tokens: Option<i64>,
    /// Queries: the cost in nano-dollars.
    pub cost_nanos: Option<i64>,
    /// Logins: from where.
    pub ip: Option<String>,
    /// Logins: with what.
    pub device: Option<String>,
    /// Logins: whether it worked.
    pub success: Option<bool>,
    /// Admin actions and key changes: what was done.
    pub action: Option<String>,
    /// Admin actions: to what.
    pub target: Option<String>,
}

/// A row in its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// What it says.
    pub columns: AuditColumns,
    /// The digest that binds it to all rows before.
    pub digest: Vec<u8>,
}

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of the last row.
    pub seq: i64,
    /// Its digest.
    pub digest: Vec<u8>,
    /// What binds both to a key that is not in the database.
    pub seal: Vec<u8>,
}

/// How rows are chained; the audit crate knows.
pub trait AuditChain: Send + Sync {
    /// The digest of a row after the row with the digest `previous`.
    fn digest(
        &self,
        tenant: &TenantId,
        seq: i64,
        previous: &[u8],
        columns: &AuditColumns,
    ) -> [u8; 32];

    /// The seal of a head.
    fn seal(&self, tenant: &TenantId, seq: i64, digest: &[u8]) -> [u8; 32];

    /// Is this the head that was sealed? Asked before anything is added behind it.
    fn accepts(&self, tenant: &TenantId, head: &AuditHead) -> bool;
}

/// Which rows an auditor asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only this kind.
    pub kind: Option<String>,
    /// Only what this person did.
    pub user: Option<String>,
    /// From this time on.
    pub from: Millis,
    /// Until just before this time.
    pub to: Millis,
    /// Only rows before this number: how to turn the page.
    pub before: i64,
    /// At most so many.
    pub limit: i64,
}

macro_rules! row {
    ($row:expr) => {{
        let row = $row;
        AuditRow {
            seq: row.seq,
            columns: AuditColumns {
                kind: row.kind,
                occurred_at: row.occurred_at,
                request_id: row.request_id,
                user: row.user,
                model: row.model,
                tokens: row.tokens,
                cost_nanos: row.cost_nanos,
                ip: row.ip,
                device: row.device,
                success: row.success.map(|success| success != 0),
                action: row.action,
                target: row.target,
            },
            digest: row.digest,
        }
    }};
}

impl Store {
    /// Adds rows at the ends of their tenants' chains, all or none, and tells their numbers.
    ///
    /// # Errors
    /// `Damaged` when a chain's kept end is not the one that was sealed, `AuditIsAppendOnly` when
    /// rows are missing at its end: nothing is added to a log that was tampered with.
    pub async fn append_audit(
        &self,
        rows: &[(TenantId, AuditColumns)],
        chain: &dyn AuditChain,
    ) -> Result<Vec<i64>> {
        let mut unit = self.begin().await?;
        let numbers = append(&mut unit, rows, chain).await?;
        unit.commit().await?;
        Ok(numbers)
    }
}

/// Adds rows at the ends of their chains within a transaction.
pub(crate) async fn append(
    unit: &mut Transaction<'static, Sqlite>,
    rows: &[(TenantId, AuditColumns)],
    chain: &dyn AuditChain,
) -> Result<Vec<i64>> {
    let mut heads: BTreeMap<&TenantId, (i64, Vec<u8>)> = BTreeMap::new();
    let mut numbers = Vec::with_capacity(rows.len());
    for (tenant, columns) in rows {
        let (last, previous) = match heads.remove(tenant) {
            Some(known) => known,
            None => sealed_head(unit, tenant, chain).await?,
        };
        let seq = last.checked_add(1).ok_or(Conflict::Value)?;
        let digest = chain.digest(tenant, seq, &previous, columns);
        insert(unit, tenant, seq, columns, &digest).await?;
        heads.insert(tenant, (seq, digest.to_vec()));
        numbers.push(seq);
    }
    for (tenant, (seq, digest)) in heads {
        let seal = chain.seal(tenant, seq, &digest);
        let (tenant, digest, seal) = (tenant.as_str(), digest.as_slice(), seal.as_slice());
        sqlx::query!(
            "INSERT INTO audit_heads (tenant, seq, digest, seal) VALUES (?, ?, ?, ?)
                 ON CONFLICT (tenant) DO UPDATE
                 SET seq = excluded.seq, digest = excluded.digest, seal = excluded.seal",
            tenant,
            seq,
            digest,
            seal
        )
        .execute(&mut **unit)
        .await?;
    }
    Ok(numbers)
}

async fn sealed_head(
    unit: &mut Transaction<'static, Sqlite>,
    tenant: &TenantId,
    chain: &dyn AuditChain,
) -> Result<(i64, Vec<u8>)> {
    let text = tenant.as_str();
    let head = sqlx::query_as!(
        AuditHead,
        "SELECT seq, digest, seal FROM audit_heads WHERE tenant = ?",
        text
    );
    match head.fetch_optional(&mut **unit).await? {
        Some(head) if chain.accepts(tenant, &head) => Ok((head.seq, head.digest)),
        Some(_) => Err(StoreError::Damaged {
            table: "audit_heads",
            what: "the end of an audit chain that was not sealed by this installation",
        }),
        None => Ok((0, Vec::new())),
    }
}

async fn insert(
    unit: &mut Transaction<'static, Sqlite>,
    tenant: &TenantId,
    seq: i64,
    columns: &AuditColumns,
    digest: &[u8; 32],
) -> Result<()> {
    let (tenant, digest) = (tenant.as_str(), digest.as_slice());
    sqlx::query!(
        "INSERT INTO audit_rows (tenant, seq, kind, occurred_at, request_id, user, model, tokens,
                                 cost_nanos, ip, device, success, action, target, digest)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        tenant,
        seq,
        columns.kind,
        columns.occurred_at,
        columns.request_id,
        columns.user,
        columns.model,
        columns.tokens,
        columns.cost_nanos,
        columns.ip,
        columns.device,
        columns.success,
        columns.action,
        columns.target,
        digest
    )
    .execute(&mut **unit)
    .await?;
    Ok(())
}

impl Tenant<'_> {
    /// The rows after number `after`, in their order, at most `limit`: for verifying and exporting.
    ///
    /// # Errors
    /// What the database says.
    pub async fn audit_after(&self, after: i64, limit: i64) -> Result<Vec<AuditRow>> {
        let tenant = self.id.as_str();
        let rows = sqlx::query!(
            "SELECT seq, kind, occurred_at, request_id, user, model, tokens, cost_nanos, ip, device,
                    success, action, target, digest
             FROM audit_rows WHERE tenant = ? AND seq > ? ORDER BY seq LIMIT ?",
            tenant,
            after,
            limit
        );
        Ok(rows.fetch_all(&self.store.reader).await?.into_iter().map(|row| row!(row)).collect())
    }

    /// The rows an auditor asks for, the newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        let tenant = self.id.as_str();
        let rows = sqlx::query!(
            "SELECT seq, kind, occurred_at, request_id, user, model, tokens, cost_nanos, ip, device,
                    success, action, target, digest
             FROM audit_rows
             WHERE tenant = ?1 AND (?2 IS NULL OR kind = ?2) AND (?3 IS NULL OR user = ?3)
               AND occurred_at >= ?4 AND occurred_at < ?5 AND seq < ?6
             ORDER BY seq DESC LIMIT ?7",
            tenant,
            filter.kind,
            filter.user,
            filter.from,
            filter.to,
            filter.before,
            filter.limit
        );
        Ok(rows.fetch_all(&self.store.reader).await?.into_iter().map(|row| row!(row)).collect())
    }

    /// Is that query, which ended at `occurred_at`, in the log already? For records that may have been
    /// written before a crash.
    ///
    /// # Errors
    /// What the database says.
    pub async fn is_audited(&self, request_id: &str, occurred_at: Millis) -> Result<bool> {
        let tenant = self.id.as_str();
        let found = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM audit_rows
                              WHERE tenant = ? AND occurred_at = ? AND request_id = ?
                                AND kind = 'query') AS "found!: bool""#,
            tenant,
            occurred_at,
            request_id
        );
        Ok(found.fetch_one(&self.store.reader).await?)
    }

    /// Where the tenant's chain ends, if it has begun.
    ///
    /// # Errors
    /// What the database says.
    pub async fn audit_head(&self) -> Result<Option<AuditHead>> {
        let tenant = self.id.as_str();
        let head = sqlx::query_as!(
            AuditHead,
            "SELECT seq, digest, seal FROM audit_heads WHERE tenant = ?",
            tenant
        );
        Ok(head.fetch_optional(&self.store.reader).await?)
    }
}
