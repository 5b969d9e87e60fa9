//! The inference path: who may ask and how often, on which keys, and what is written down of it.
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use convergio_accounts::{Caller, Permission};
use convergio_engine::Meter;
use convergio_engine::{Attempt, Credential, CredentialSource, Hold, KeptAs, KeyRing, Keys, Level};
use convergio_store::{Millis, TenantId, UserId};
use convergio_vault::{Lease, Vault, VaultError};
use convergio_wire::Failure;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::budgets::Budgets;
use crate::clock::Clock;
use crate::control::{By, Control};
use crate::error::{ControlError, Result};
use crate::limits::Admission;
use crate::places;
use crate::recorder::{Record, Recorder};

/// The tenant's setting with the requests per minute of each person; none when it is not set, or 0.
pub(crate) const REQUESTS_PER_MINUTE: &str = "limits.requests_per_minute";

/// For so long a limit that was read is believed, in milliseconds. What this process itself changes
/// is forgotten at once.
const FRESH: Millis = 5_000;

impl Control {
    /// Lets somebody ask a model, if they may and do not ask too often. `None` where there is no limit.
    ///
    /// # Errors
    /// `NotAllowed`; `TooOften`.
    pub async fn admit(&self, caller: &Caller) -> Result<Option<Admission>> {
        caller.require(Permission::Chat)?;
        let now = self.now();
        let limit = match self.limits.known(&caller.tenant, now, FRESH) {
            Some(limit) => limit,
            None => self.read_limit(&caller.tenant, now).await?,
        };
        let Some(limit) = limit else { return Ok(None) };
        Ok(Some(self.limits.admit(&caller.user, limit, now)?))
    }

    pub(crate) async fn read_limit(&self, tenant: &TenantId, now: Millis) -> Result<Option<u32>> {
        let setting = self.store.tenant(tenant).setting(REQUESTS_PER_MINUTE).await?;
        // What is no number was not written by this program, and must not let everybody through.
        let limit = setting
            .map(|text| text.parse())
            .transpose()
            .map_err(|_| ControlError::Internal("the tenant's request limit is no number"))?
            .filter(|limit| *limit > 0);
        self.limits.remember(tenant, limit, now);
        Ok(limit)
    }

    /// The tenant's limit was changed: it holds from the next request on.
    pub fn limit_changed(&self, tenant: &TenantId) {
        self.limits.forget(tenant);
    }

    /// The providers that somebody keeps a working key for.
    ///
    /// # Errors
    /// What the store says.
    pub async fn providers_of(&self, caller: &Caller) -> Result<Vec<String>> {
        let of = self.store.tenant(&caller.tenant);
        Ok(of.usable_providers(&caller.user, self.now()).await?)
    }

    /// The keys that somebody keeps. They are opened one by one, for the call that needs them. The
    /// router chooses among the models of `providers`; with `reserved` the house pays where there is
    /// no key.
    pub fn keys_of(&self, caller: &Caller, providers: Vec<String>, reserved: bool) -> Keys {
        let ring = Ring {
            vault: Arc::clone(&self.vault),
            clock: Arc::clone(&self.clock),
            budgets: Arc::clone(&self.budgets),
            tenant: caller.tenant.clone(),
            user: caller.user.clone(),
        };
        Keys::of_account(Arc::new(ring), providers, reserved)
    }

    /// Begins the record of a question to `model`, as the caller named it.
    pub fn query(&self, by: By<'_>, model: &str) -> Query {
        Query {
            recorder: self.recorder.clone(),
            clock: Arc::clone(&self.clock),
            tenant: by.caller.tenant.clone(),
            user: by.caller.user.clone(),
            request_id: by.request_id.to_owned(),
            // A name that was made up is kept no longer than one that could be real.
            model: model.chars().take(128).collect(),
            attempts: Mutex::default(),
            audited: AtomicBool::new(false),
        }
    }
}

/// Somebody's kept keys.
struct Ring {
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    budgets: Arc<Budgets>,
    tenant: TenantId,
    user: UserId,
}

impl KeyRing for Ring {
    fn open<'a>(
        &'a self,
        provider: &'a str,
    ) -> BoxFuture<'a, std::result::Result<Vec<Credential>, Failure>> {
        async move {
            let now = self.clock.now();
            let opened = self.vault.lease_for(&self.tenant, &self.user, provider, now).await;
            let leases = match opened {
                Ok(leases) => leases,
                Err(VaultError::NoSuchKey) => return Ok(Vec::new()),
                Err(error) => return Err(ControlError::from(error).failure()),
            };
            let credentials: Result<Vec<_>> =
                of_oldest_key(leases).into_iter().map(credential).collect();
            credentials.map_err(|error| error.failure())
        }
        .boxed()
    }

    fn hold(&self, key: &str, amount: i64) -> std::result::Result<Option<Hold>, Failure> {
        self.budgets.hold(key, amount, self.clock.now())
    }

    fn level(&self) -> Option<Level> {
        self.budgets.level(&self.user)
    }
}

/// The versions of the first key alone: another key of the same person never stands in for it.
fn of_oldest_key(mut leases: Vec<Lease>) -> Vec<Lease> {
    let oldest = leases.first().map(|lease| lease.key.clone());
    leases.retain(|lease| Some(&lease.key) == oldest.as_ref());
    leases
}

/// An opened key as providers take it.
///
/// # Errors
/// `Internal` when the place that is kept beside it cannot be read.
pub(crate) fn credential(lease: Lease) -> Result<Credential> {
    let Lease { key, version, endpoint, secret, .. } = lease;
    let place = places::read(endpoint.as_deref())?;
    Ok(Credential {
        place,
        kept: Some(KeptAs { id: key.to_string(), version }),
        ..Credential::new(secret, CredentialSource::User)
    })
}

/// A question on its way, and what has become of it so far. However it ends, it is recorded once:
/// by [`record`](Self::record) before the last byte of the answer goes out, else when it is dropped.
pub struct Query {
    recorder: Recorder,
    clock: Arc<dyn Clock>,
    tenant: TenantId,
    user: UserId,
    request_id: String,
    model: String,
    attempts: Mutex<Vec<Attempt>>,
    audited: AtomicBool,
}

impl Query {
    /// Writes down what the question came to. Returns when it is committed.
    ///
    /// # Errors
    /// `Audit`: then the answer must not be given as whole.
    pub async fn record(&self) -> Result<()> {
        Ok(self.recorder.record(|| self.take()).await?)
    }

    /// What is not written down yet.
    fn take(&self) -> Option<Record> {
        let attempts =
            std::mem::take(&mut *self.attempts.lock().unwrap_or_else(PoisonError::into_inner));
        let first = !self.audited.swap(true, Ordering::AcqRel);
        (first || !attempts.is_empty()).then(|| Record {
            tenant: self.tenant.clone(),
            user: self.user.clone(),
            request_id: self.request_id.clone(),
            at: self.clock.now(),
            model: self.model.clone(),
            attempts,
            unaudited: first,
        })
    }
}

impl Meter for Query {
    fn attempt(&self, attempt: Attempt) {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).push(attempt);
    }
}

impl Drop for Query {
    /// The client went away, or a handler panicked: what was done is recorded all the same.
    fn drop(&mut self) {
        if let Some(record) = self.take() {
            self.recorder.record_aside(&record);
        }
    }
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}
