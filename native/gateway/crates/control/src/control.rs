//! What everything here works on.
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use convergio_accounts::{Accounts, Caller};
use convergio_audit::{Chain, Entry, Event, Writer};
use convergio_store::{Millis, Store, TenantId};
use convergio_vault::Vault;
use tokio::task::JoinSet;

use crate::budgets::Budgets;
use crate::clock::Clock;
use crate::error::{ControlError, Result};
use crate::identify::TokenCache;
use crate::limits::Limiter;
use crate::open::MasterKeyPlace;
use crate::recorder::Recorder;

/// Who does something, and in which request: what the audit log wants to know.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// Who, as [`Control::identify`] found them.
    pub caller: &'a Caller,
    /// The gateway's own id of the request, never the client's: two requests must stay two.
    pub request_id: &'a str,
}

/// One installation: its people, keys, usage and audit log.
pub struct Control {
    pub(crate) store: Store,
    pub(crate) vault: Arc<Vault>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) audit: Writer,
    pub(crate) recorder: Recorder,
    pub(crate) limits: Limiter,
    pub(crate) budgets: Arc<Budgets>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) data: PathBuf,
    pub(crate) master_key: MasterKeyPlace,
    pub(crate) tokens: TokenCache,
    /// What nobody waits for now, and everybody before the end.
    background: Mutex<JoinSet<()>>,
}

impl Control {
    pub(crate) fn new(
        store: Store,
        vault: Vault,
        accounts: Accounts,
        audit: Writer,
        recorder: Recorder,
        budgets: Budgets,
        options: &crate::Options,
    ) -> Self {
        Self {
            store,
            vault: Arc::new(vault),
            accounts: Arc::new(accounts),
            audit,
            recorder,
            limits: Limiter::default(),
            budgets: Arc::new(budgets),
            clock: Arc::clone(&options.clock),
            data: options.data.clone(),
            master_key: options.master_key.clone(),
            tokens: TokenCache::default(),
            background: Mutex::default(),
        }
    }

    /// What time it is, by the clock that was given.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// The database, for what has its own way into it: the inference path, readiness.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The vault, for the inference path.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The audit log's end, for what audits by itself: the inference path.
    pub fn audit(&self) -> &Writer {
        &self.audit
    }

    /// The folder everything is kept in.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// What seals and verifies the ends of audit logs.
    pub(crate) fn chain(&self) -> Chain {
        Chain::new(&self.vault.derive(Chain::PURPOSE))
    }

    /// Writes down what was done. Returns when it is on the disk.
    ///
    /// # Errors
    /// `Audit`: it was done all the same.
    pub(crate) async fn note(&self, tenant: &TenantId, request: &str, event: Event) -> Result<()> {
        let entry = self.entry(tenant, request, event);
        self.audit.append(entry).await.map(drop).map_err(ControlError::Audit)
    }

    /// Writes down an administrator's deed.
    pub(crate) async fn note_deed(&self, by: By<'_>, action: &str, target: String) -> Result<()> {
        let actor = by.caller.user.to_string();
        let event = Event::AdminAction { actor, action: action.to_owned(), target };
        self.note(&by.caller.tenant, by.request_id, event).await
    }

    pub(crate) fn entry(&self, tenant: &TenantId, request: &str, event: Event) -> Entry {
        Entry { tenant: tenant.clone(), at: self.now(), request_id: request.to_owned(), event }
    }

    /// Does something that no caller should wait for; [`close`](Self::close) waits for it.
    pub(crate) fn aside(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut background = self.background.lock().unwrap_or_else(PoisonError::into_inner);
        // What has ended is let go, so that the set holds only what runs.
        while background.try_join_next().is_some() {}
        background.spawn(task);
    }

    /// Ends what runs aside, then all connections. Call it when nothing asks any more.
    pub async fn close(&self) {
        let running = {
            let mut background = self.background.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *background)
        };
        running.join_all().await;
        self.recorder.flush().await;
        self.store.close().await;
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("data", &self.data).finish_non_exhaustive()
    }
}
