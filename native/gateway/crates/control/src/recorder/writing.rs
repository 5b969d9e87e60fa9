//! Putting records into the database, as many at once as there are.
use std::collections::HashMap;
use std::path::PathBuf;

use convergio_audit::Chain;
use convergio_store::{AuditChain as _, AuditHead, Store, StoreError, TenantId};

use super::record::Rows;

/// More ends are not remembered.
const MOST_ENDS: usize = 1_000;

/// What the task that writes works with.
pub(super) struct Writing {
    store: Store,
    chain: Chain,
    /// Where records go that the database refuses, so that nothing is lost without a trace.
    refused: PathBuf,
    /// Where chains ended when they were last seen, so that it needs not be read again. Somebody else
    /// may have added to one since: then the store says so.
    ends: HashMap<TenantId, AuditHead>,
}

impl Writing {
    pub(super) fn new(store: Store, chain: Chain, refused: PathBuf) -> Self {
        Self { store, chain, refused, ends: HashMap::new() }
    }

    /// Writes all of them. What the database refuses for good is put aside and told of.
    ///
    /// # Errors
    /// What the store says that may be otherwise later: nothing of what is left was written then.
    pub(super) async fn write(&mut self, batch: &[Rows]) -> Result<(), StoreError> {
        if batch.is_empty() || self.together(batch).await {
            return Ok(());
        }
        match self.at_length(batch).await {
            // One record that cannot be written must not take the others with it.
            Err(StoreError::Conflict(_)) => {
                for rows in batch {
                    match self.at_length(std::slice::from_ref(rows)).await {
                        Err(StoreError::Conflict(conflict)) => self.put_aside(rows, &conflict),
                        done => done?,
                    }
                }
            }
            done => done?,
        }
        self.look(batch).await;
        Ok(())
    }

    /// What a crash left behind, some of which the database may have already.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub(super) async fn write_again(&mut self, mut batch: Vec<Rows>) -> Result<(), StoreError> {
        for rows in &mut batch {
            let Some(audit) = &rows.audit else { continue };
            let of = self.store.tenant(&rows.tenant);
            if of.is_audited(&audit.request_id, audit.occurred_at).await? {
                rows.audit = None;
            }
        }
        self.write(&batch).await
    }

    /// In one statement: records of one attempt each, where the ends of the chains are known. Whatever
    /// comes in between, the long way says what it is.
    async fn together(&mut self, batch: &[Rows]) -> bool {
        let simple = |rows: &Rows| match (&rows.usage[..], &rows.audit) {
            ([attempt], Some(audit)) => Some((attempt.clone(), audit.clone())),
            _ => None,
        };
        let known = batch.iter().all(|rows| self.ends.contains_key(&rows.tenant));
        let Some(records) = batch.iter().map(simple).collect::<Option<Vec<_>>>().filter(|_| known)
        else {
            return false;
        };
        match self.store.record_together(&records, &self.ends, &self.chain).await {
            Ok(next) => {
                self.ends.extend(next);
                true
            }
            Err(error) => {
                tracing::debug!(%error, "not in one statement");
                self.ends.clear();
                false
            }
        }
    }

    async fn at_length(&self, batch: &[Rows]) -> Result<(), StoreError> {
        let usage: Vec<_> = batch.iter().flat_map(|rows| rows.usage.iter().cloned()).collect();
        let audit = |rows: &Rows| Some((rows.tenant.clone(), rows.audit.clone()?));
        let audits: Vec<_> = batch.iter().filter_map(audit).collect();
        self.store.record(&usage, &audits, &self.chain).await.map(drop)
    }

    /// Looks where chains end, for the records to come.
    async fn look(&mut self, batch: &[Rows]) {
        if self.ends.len() >= MOST_ENDS {
            self.ends.clear();
        }
        for rows in batch {
            if self.ends.contains_key(&rows.tenant) && rows.audit.is_none() {
                continue;
            }
            // A failure is told by the next record, which then goes the long way.
            if let Ok(Some(end)) = self.store.tenant(&rows.tenant).audit_head().await
                && self.chain.accepts(&rows.tenant, &end)
            {
                self.ends.insert(rows.tenant.clone(), end);
            }
        }
    }

    fn put_aside(&self, rows: &Rows, conflict: &convergio_store::Conflict) {
        let kept = keep(&self.refused, rows);
        let (file, request) = (self.refused.display(), rows.request_id());
        match kept {
            Ok(()) => tracing::error!(
                %conflict, %request, %file,
                "the database refuses the record of a request; it is kept in that file"
            ),
            Err(error) => tracing::error!(
                %conflict, %request, %file, %error,
                "the database refuses the record of a request, and that file cannot be written"
            ),
        }
    }
}

impl Rows {
    fn request_id(&self) -> &str {
        let audited = self.audit.as_ref().map(|audit| audit.request_id.as_str());
        audited.or_else(|| self.usage.first().map(|first| first.request_id.as_str())).unwrap_or("")
    }
}

fn keep(file: &std::path::Path, rows: &Rows) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut line = serde_json::to_vec(rows)?;
    line.push(b'\n');
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(file)?.write_all(&line)
}
