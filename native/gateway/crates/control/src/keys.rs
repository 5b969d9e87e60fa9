//! Provider keys that people bring: checked, added, tested, renamed, rotated, revoked, removed.
//!
//! Who brought a key may do everything with it. Who may see all keys may also take one out of use;
//! spending with it, or putting another in its place, stays its owner's. To everybody else it is not
//! there.
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use convergio_accounts::Permission;
use convergio_audit::{Event, key_action};
use convergio_store::{KeyId, Millis, ProviderKey, UsageBy, UsageFilter, UsageTotal};
use convergio_vault::{KeyView, Lease, NewSecret, Probe};
use convergio_wire::config::Place;
use convergio_wire::{ErrorCode, Failure};
use secrecy::SecretString;

use crate::budgets::{HIGHEST_LIMIT, month_of};
use crate::control::{By, Control};
use crate::error::{ControlError, Result};
use crate::places::{self, Providers};
use crate::setup::check_name;

/// Usage shown beside a key goes back so far, in milliseconds.
const THIRTY_DAYS: i64 = 30 * 24 * 3600 * 1000;

/// The longest overlap, in hours.
const LONGEST_OVERLAP: u32 = 24 * convergio_vault::lifecycle::LONGEST_OVERLAP;

/// A key somebody brings.
pub struct NewKey<'a> {
    /// For which provider.
    pub provider: &'a str,
    /// What its owner calls it.
    pub name: &'a str,
    /// The key itself.
    pub secret: &'a SecretString,
    /// Where the provider is, for those who give each customer an address.
    pub place: Option<&'a Place>,
    /// The most that may be spent with it in a month, in nano-dollars.
    pub monthly_limit: Option<i64>,
}

/// What is to be changed of a key; the rest stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyChange<'a> {
    /// What it is to be called.
    pub name: Option<&'a str>,
    /// The most that may be spent with it in a month, in nano-dollars; `Some(None)` lifts the limit.
    pub monthly_limit: Option<Option<i64>>,
}

/// What was spent with a key this month, by UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// When it began.
    pub since: Millis,
    /// What was spent, in nano-dollars.
    pub cost_nanos: i64,
    /// Where the key is limited: what may still be spent, calls on their way counted with the most
    /// that they may cost.
    pub left_nanos: Option<i64>,
    /// How near that is to the limit, in the core's words.
    pub level: Option<&'static str>,
}

/// A key as it may be shown, and what it was used for of late.
#[derive(Clone, Debug)]
pub struct KeyReport {
    /// The key and its versions.
    pub view: KeyView,
    /// Where the provider is.
    pub place: Option<Place>,
    /// Requests in the last 30 days.
    pub requests_30d: i64,
    /// What they cost, in nano-dollars.
    pub cost_nanos_30d: i64,
    /// What was spent this month.
    pub month: Month,
}

/// What a provider says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// `ok`, or the stable code of what went wrong.
    pub outcome: &'static str,
    /// The same in words, with what to do next.
    pub message: String,
    /// The models that the key may ask.
    pub models: Vec<String>,
}

impl From<Result<Vec<String>, Failure>> for Tested {
    fn from(said: Result<Vec<String>, Failure>) -> Self {
        match said {
            Ok(models) => {
                let message = format!("the provider takes this key; {} models", models.len());
                Self { outcome: "ok", message, models }
            }
            Err(failure) => Self {
                outcome: failure.code.as_str(),
                message: failure.message,
                models: Vec::new(),
            },
        }
    }
}

/// What somebody wants to do with a key that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    /// See it or take it out of use.
    SeeOrEnd,
    /// Use or change it.
    Use,
}

impl Control {
    /// Asks a provider whether it takes a key, and keeps nothing.
    ///
    /// # Errors
    /// `NotAllowed`; a secret or a place that cannot be. What the provider says is no error.
    pub async fn check_key(
        &self,
        by: By<'_>,
        providers: &impl Providers,
        provider: &str,
        secret: &SecretString,
        place: Option<&Place>,
    ) -> Result<Tested> {
        by.caller.require(Permission::OwnKeys)?;
        places::check(providers, provider, place)?;
        convergio_vault::check_secret(secret)?;
        Ok(providers.models(provider, secret, place).await.into())
    }

    /// Keeps a key. From now on nothing shows more of it than a fingerprint and four characters.
    ///
    /// # Errors
    /// `NotAllowed`; a name, secret or place that cannot be; the name is taken, or the tenant holds
    /// that very secret already.
    pub async fn add_key(
        &self,
        by: By<'_>,
        providers: &impl Providers,
        new: &NewKey<'_>,
    ) -> Result<KeyReport> {
        by.caller.require(Permission::OwnKeys)?;
        check_name("name", new.name, 100)?;
        places::check(providers, new.provider, new.place)?;
        check_limit(new.monthly_limit)?;
        let endpoint = new.place.map(places::write).transpose()?;
        let NewKey { provider, name, secret, .. } = *new;
        let user = &by.caller.user;
        let add = NewSecret { user, provider, name, endpoint: endpoint.as_deref(), secret };
        let id = self.vault.add(&by.caller.tenant, &add, self.now()).await?;
        self.note_key(by, "add", &id, Some(1)).await?;
        if new.monthly_limit.is_some() {
            self.limit_key(by, &id, name, new.monthly_limit).await?;
        }
        self.shown(by, &id).await
    }

    /// The caller's keys, or everybody's in the tenant for whoever may see them; oldest first.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub async fn keys(&self, by: By<'_>) -> Result<Vec<KeyReport>> {
        let all = by.caller.may(Permission::AllKeys);
        if !all {
            by.caller.require(Permission::OwnKeys)?;
        }
        let (tenant, now) = (&by.caller.tenant, self.now());
        let mut views = self.vault.show(tenant, now).await?;
        views.retain(|view| all || view.key.user == by.caller.user);
        let from = now.saturating_sub(THIRTY_DAYS);
        let filter = UsageFilter { user: None, from, to: now.saturating_add(1) };
        self.recorder.flush().await;
        let used = self.store.tenant(tenant).usage(UsageBy::Key, &filter).await?;
        let since = month_of(now);
        let filter = UsageFilter { from: since, ..filter };
        let month = self.store.tenant(tenant).usage(UsageBy::Key, &filter).await?;
        let report = |view: KeyView| {
            let of_key = |total: &&UsageTotal| total.group == view.key.id.as_str();
            let used = used.iter().find(of_key);
            let state = self.budgets.state(&view.key.id, now)?;
            let month = Month {
                since,
                cost_nanos: month.iter().find(of_key).map_or(0, |total| total.cost_nanos),
                left_nanos: state.map(|state| state.left),
                level: state.map(|state| state.level.name()),
            };
            Ok(KeyReport {
                place: places::read(view.key.endpoint.as_deref())?,
                requests_30d: used.map_or(0, |total| total.requests),
                cost_nanos_30d: used.map_or(0, |total| total.cost_nanos),
                month,
                view,
            })
        };
        views.into_iter().map(report).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// `NoSuch` for what the caller may not see, too.
    pub async fn key(&self, by: By<'_>, id: &KeyId) -> Result<KeyReport> {
        self.wanted(by, id, Want::SeeOrEnd).await?;
        self.shown(by, id).await
    }

    /// Asks the provider whether the version in force works, and notes the answer.
    ///
    /// # Errors
    /// `NoSuch`, `NotAllowed`; `Conflict::Changed` when it was rotated meanwhile; the vault's own
    /// when the secret does not open. What the provider says is no error.
    pub async fn test_key(
        &self,
        by: By<'_>,
        providers: &impl Providers,
        id: &KeyId,
    ) -> Result<Tested> {
        self.wanted(by, id, Want::Use).await?;
        let asking = Asking { providers, said: Mutex::default() };
        self.vault.test(&by.caller.tenant, id, &asking, self.now()).await?;
        self.note_key(by, "test", id, None).await?;
        let said = asking.said.into_inner().unwrap_or_else(PoisonError::into_inner);
        said.ok_or(ControlError::Internal("a test ended without an answer"))
    }

    /// Calls a key something else, or limits what may be spent with it in a month. A limit holds from
    /// the next call on.
    ///
    /// # Errors
    /// `NoSuch`, `NotAllowed`, `Conflict::KeyName`, a name or a limit that cannot be; then nothing is
    /// changed.
    pub async fn change_key(
        &self,
        by: By<'_>,
        id: &KeyId,
        change: KeyChange<'_>,
    ) -> Result<KeyReport> {
        change.name.map_or(Ok(()), |name| check_name("name", name, 100))?;
        check_limit(change.monthly_limit.flatten())?;
        let key = self.wanted(by, id, Want::Use).await?;
        if let Some(name) = change.name {
            self.vault.rename(&by.caller.tenant, id, name).await?;
            self.budgets.rename(id, name);
            self.note_key(by, "rename", id, None).await?;
        }
        if let Some(limit) = change.monthly_limit {
            self.limit_key(by, id, change.name.unwrap_or(&key.name), limit).await?;
        }
        self.shown(by, id).await
    }

    /// Limits one of the caller's own keys, or lifts the limit.
    async fn limit_key(
        &self,
        by: By<'_>,
        id: &KeyId,
        name: &str,
        limit: Option<i64>,
    ) -> Result<()> {
        let (of, now) = (self.store.tenant(&by.caller.tenant), self.now());
        // What was answered until now counts.
        self.recorder.flush().await;
        of.limit_key(id, limit).await?;
        match limit {
            Some(limit) => {
                let spent = of.spent_with_key(id, month_of(now)).await?;
                self.budgets.limit(id, by.caller.user.clone(), name, limit, spent, now)?;
            }
            None => self.budgets.lift(id),
        }
        self.note_key(by, "limit", id, None).await
    }

    /// Puts a new secret in force. The one before works on for that many hours; without any it is
    /// revoked at once.
    ///
    /// # Errors
    /// `NoSuch`, `NotAllowed`, `Conflict::SameSecret`, `Conflict::Changed`; a secret or an overlap
    /// that cannot be.
    pub async fn rotate_key(
        &self,
        by: By<'_>,
        id: &KeyId,
        secret: &SecretString,
        overlap_hours: u32,
    ) -> Result<KeyReport> {
        if overlap_hours > LONGEST_OVERLAP {
            let message = format!("`overlap_hours` must be 0 to {LONGEST_OVERLAP}");
            return Err(ControlError::invalid("overlap_hours", message));
        }
        self.wanted(by, id, Want::Use).await?;
        let overlap = Duration::from_secs(u64::from(overlap_hours) * 3600);
        let (tenant, now) = (&by.caller.tenant, self.now());
        let version = self.vault.rotate(tenant, id, secret, overlap, now).await?;
        self.note_key(by, "rotate", id, Some(version)).await?;
        self.shown(by, id).await
    }

    /// Revokes one version, or all, and forgets the secrets.
    ///
    /// # Errors
    /// `NoSuch`, also when there is nothing left to revoke; `NotAllowed`.
    pub async fn revoke_key(
        &self,
        by: By<'_>,
        id: &KeyId,
        version: Option<i64>,
    ) -> Result<KeyReport> {
        self.wanted(by, id, Want::SeeOrEnd).await?;
        self.vault.revoke(&by.caller.tenant, id, version, self.now()).await?;
        self.note_key(by, "revoke", id, version).await?;
        self.shown(by, id).await
    }

    /// Removes a key with all its versions. What it was used for stays known.
    ///
    /// # Errors
    /// `NoSuch`, `NotAllowed`.
    pub async fn remove_key(&self, by: By<'_>, id: &KeyId) -> Result<()> {
        self.wanted(by, id, Want::SeeOrEnd).await?;
        self.vault.remove(&by.caller.tenant, id).await?;
        self.budgets.lift(id);
        self.note_key(by, "remove", id, None).await
    }

    /// The key, if the caller may do that with it.
    async fn wanted(&self, by: By<'_>, id: &KeyId, want: Want) -> Result<ProviderKey> {
        let caller = by.caller;
        let none = || ControlError::NoSuch("key");
        let key = self.store.tenant(&caller.tenant).key(id).await?.ok_or_else(none)?;
        if key.user == caller.user {
            caller.require(Permission::OwnKeys)?;
        } else if !caller.may(Permission::AllKeys) {
            return Err(none());
        } else if want == Want::Use {
            let message = "only whoever brought this key may use or change it; you may revoke it";
            return Err(Failure::new(ErrorCode::AuthForbidden, message).into());
        }
        Ok(key)
    }

    async fn shown(&self, by: By<'_>, id: &KeyId) -> Result<KeyReport> {
        let found = self.keys(by).await?.into_iter().find(|report| report.view.key.id == *id);
        found.ok_or(ControlError::NoSuch("key"))
    }

    async fn note_key(
        &self,
        by: By<'_>,
        verb: &str,
        id: &KeyId,
        version: Option<i64>,
    ) -> Result<()> {
        let user = by.caller.user.to_string();
        let event = Event::KeyChange { user, action: key_action(verb, id, version) };
        self.note(&by.caller.tenant, by.request_id, event).await
    }
}

/// Can that be a limit?
fn check_limit(limit: Option<i64>) -> Result<()> {
    match limit {
        Some(nanos) if !(0..=HIGHEST_LIMIT).contains(&nanos) => {
            let message = format!("`monthly_limit_nano_usd` must be 0 to {HIGHEST_LIMIT}");
            Err(ControlError::invalid("monthly_limit_nano_usd", message))
        }
        _ => Ok(()),
    }
}

/// A question to a provider on behalf of the vault, whose answer is kept for the one who asks.
struct Asking<'p, P> {
    providers: &'p P,
    said: Mutex<Option<Tested>>,
}

impl<P: Providers> Probe for Asking<'_, P> {
    async fn ask(&self, lease: &Lease) -> String {
        let tested: Tested = match places::read(lease.endpoint.as_deref()) {
            Ok(place) => {
                let said =
                    self.providers.models(&lease.provider, &lease.secret, place.as_ref()).await;
                said.into()
            }
            Err(error) => Err(error.failure()).into(),
        };
        let outcome = tested.outcome.to_owned();
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some(tested);
        outcome
    }
}
