//! Reading the audit log, and proving it whole. Nothing here writes to it.
use convergio_accounts::Permission;
use convergio_audit::{Broken, Verified, verify_tenant};
use convergio_store::{AuditFilter, AuditRow, Millis};

use crate::control::{By, Control};
use crate::error::Result;
use crate::usage::{check_limit, check_span};

/// Which rows an auditor wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only this kind: `query`, `login`, `admin_action` or `key_change`.
    pub kind: Option<String>,
    /// Only what this person did.
    pub user: Option<String>,
    /// From this time on.
    pub from: Option<Millis>,
    /// Until just before this time.
    pub to: Option<Millis>,
    /// Rows older than this one: how to turn the page.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: i64,
}

/// Rows of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// The newest first.
    pub rows: Vec<AuditRow>,
    /// `after` of the next page, when there is one.
    pub next: Option<i64>,
}

impl Control {
    /// Rows of the tenant's log, the newest first.
    ///
    /// # Errors
    /// `NotAllowed`; `from` after `to`; a page of nothing or of too much.
    pub async fn audit_log(&self, by: By<'_>, query: &AuditQuery) -> Result<AuditPage> {
        by.caller.require(Permission::ReadAudit)?;
        check_limit(query.limit)?;
        let (from, to) = (query.from.unwrap_or(0), query.to.unwrap_or(Millis::MAX));
        check_span(from, to)?;
        let filter = AuditFilter {
            kind: query.kind.clone(),
            user: query.user.clone(),
            from,
            to,
            before: query.after.unwrap_or(i64::MAX),
            limit: query.limit,
        };
        self.recorder.flush().await;
        let rows = self.store.tenant(&by.caller.tenant).audit(&filter).await?;
        let full = i64::try_from(rows.len()).is_ok_and(|count| count == query.limit);
        let next = rows.last().filter(|_| full).map(|row| row.seq);
        Ok(AuditPage { rows, next })
    }

    /// Follows the tenant's log from its first row to its sealed end.
    ///
    /// # Errors
    /// `NotAllowed`; what the store says. What is wrong with the log is in the result.
    pub async fn verify_audit(&self, by: By<'_>) -> Result<Result<Verified, Broken>> {
        by.caller.require(Permission::ReadAudit)?;
        self.recorder.flush().await;
        let of = self.store.tenant(&by.caller.tenant);
        Ok(verify_tenant(of, Some(&self.chain())).await?)
    }
}
