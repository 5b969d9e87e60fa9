//! Letting people in.
mod people;
mod tokens;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use convergio_store::{
    Conflict, Millis, NewSession, Session, SetupFor, Store, StoreError, TenantId, User, UserId,
};
use secrecy::SecretString;

use crate::caller::{Caller, Through};
use crate::error::{AccountError, Result};
use crate::password::{Checked, Passwords};
use crate::random;
use crate::throttle::Throttle;
use crate::token::csrf_token;

pub use people::Person;

/// The longest e-mail address there can be, in bytes (RFC 5321).
const LONGEST_EMAIL: usize = 254;

/// How long things last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// A session, from login to its end.
    pub session: Duration,
    /// The one-time link, from its printing.
    pub setup_link: Duration,
}

impl Default for Options {
    /// A working day, and an hour.
    fn default() -> Self {
        Self { session: Duration::from_secs(12 * 3600), setup_link: Duration::from_secs(3600) }
    }
}

/// The one-time link's secret part: for printing once.
#[derive(Debug)]
pub struct SetupLink {
    /// What must come back.
    pub token: SecretString,
    /// For which tenant.
    pub purpose: SetupFor,
    /// Until when.
    pub expires_at: Millis,
}

/// Who follows the one-time link.
#[derive(Clone, Copy)]
pub struct Founder<'a> {
    /// What the tenant is to be called.
    pub tenant: &'a str,
    /// Their address.
    pub email: &'a str,
    /// Their password.
    pub password: &'a SecretString,
}

/// Somebody who wants in.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// Their address.
    pub email: &'a str,
    /// Their password.
    pub password: &'a SecretString,
    /// From where.
    pub ip: &'a str,
    /// With what.
    pub device: &'a str,
}

/// Somebody who is in.
#[derive(Debug)]
pub struct LoggedIn {
    /// Who.
    pub caller: Caller,
    /// For an HttpOnly cookie; never for a page.
    pub session: SecretString,
    /// For the page, to come back with every change.
    pub csrf: String,
    /// When the session ends.
    pub expires_at: Millis,
}

/// The accounts of one installation.
pub struct Accounts {
    store: Store,
    passwords: Passwords,
    options: Options,
    throttle: Mutex<Throttle>,
}

impl Accounts {
    /// The accounts in a store.
    pub fn new(store: Store, passwords: Passwords, options: Options) -> Self {
        Self { store, passwords, options, throttle: Mutex::default() }
    }

    /// Is nobody there who could administer? Then here is the link that lets somebody in, once. Links
    /// given out before are void.
    ///
    /// # Errors
    /// `NoRandomness`; what the store says.
    pub async fn first_start(&self, now: Millis) -> Result<Option<SetupLink>> {
        if self.store.has_administrator().await? {
            return Ok(None);
        }
        self.issue(SetupFor::First, now).await.map(Some)
    }

    /// A link for whoever operates the installation to hand out: for the first tenant while nobody
    /// administers, for another one afterwards.
    ///
    /// # Errors
    /// As [`first_start`](Self::first_start).
    pub async fn setup_link(&self, now: Millis) -> Result<SetupLink> {
        let administered = self.store.has_administrator().await?;
        let purpose = if administered { SetupFor::Further } else { SetupFor::First };
        self.issue(purpose, now).await
    }

    async fn issue(&self, purpose: SetupFor, now: Millis) -> Result<SetupLink> {
        let token = random::secret()?;
        let expires_at = after(now, self.options.setup_link);
        self.store.issue_setup_link(&random::hash(&token), purpose, now, expires_at).await?;
        Ok(SetupLink { token, purpose, expires_at })
    }

    /// Makes a tenant and its first administrator, for whoever has the link.
    ///
    /// # Errors
    /// `Conflict::SetupLink` when it is used up, expired or never was; `BadPassword`, `BadEmail`: the
    /// link stays good then.
    pub async fn set_up(
        &self,
        link: &SecretString,
        founder: Founder<'_>,
        now: Millis,
    ) -> Result<(TenantId, UserId)> {
        check_email(founder.email)?;
        Passwords::check_rules(founder.password, founder.email)?;
        let hash = self.passwords.hash(founder.password).await?;
        let link = random::hash(link);
        let made = self.store.claim_setup_link(&link, founder.tenant, founder.email, &hash, now);
        Ok(made.await?)
    }

    /// Lets somebody in.
    ///
    /// # Errors
    /// `WrongLogin` whatever is wrong, `TooManyAttempts` before the password is even looked at.
    pub async fn login(&self, attempt: Attempt<'_>, now: Millis) -> Result<LoggedIn> {
        // Nobody has such an address, and what failed is remembered: not by the kilobyte.
        if attempt.email.len() > LONGEST_EMAIL {
            return Err(AccountError::WrongLogin);
        }
        self.admit(attempt.email, now)?;
        let user = self.recognise(&attempt).await?.ok_or(AccountError::WrongLogin)?;
        self.throttle().succeeded(attempt.email);
        let session = random::secret()?;
        let expires_at = after(now, self.options.session);
        let new = NewSession {
            token_hash: &random::hash(&session),
            user: &user.id,
            expires_at,
            ip: attempt.ip,
            device: attempt.device,
        };
        self.store.tenant(&user.tenant).open_session(new, now).await?;
        let User { tenant, id, role, .. } = user;
        let caller = Caller { tenant, user: id, role, through: Through::Session };
        Ok(LoggedIn { caller, csrf: csrf_token(&session), session, expires_at })
    }

    /// Counts the attempt as failed until it succeeds: of many at once, none slips through while the
    /// others are being checked.
    fn admit(&self, email: &str, now: Millis) -> Result<()> {
        let mut throttle = self.throttle();
        if let Some(wait) = throttle.wait(email, now) {
            return Err(AccountError::TooManyAttempts { wait });
        }
        throttle.failed(email, now);
        Ok(())
    }

    async fn recognise(&self, attempt: &Attempt<'_>) -> Result<Option<User>> {
        let Some(user) = self.store.user_by_email(attempt.email).await? else {
            self.passwords.check_nobody(attempt.password).await;
            return Ok(None);
        };
        let checked = self.passwords.check(attempt.password, &user.password_hash).await?;
        if checked == Checked::Wrong || user.disabled_at.is_some() {
            return Ok(None);
        }
        if checked == Checked::RightButOld {
            let hash = self.passwords.hash(attempt.password).await?;
            let of = self.store.tenant(&user.tenant);
            match of.set_password(&user.id, &user.password_hash, &hash).await {
                // Somebody changed it at the same moment; what they set stays.
                Ok(()) | Err(StoreError::Conflict(Conflict::Changed)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(user))
    }

    /// Who has that session.
    ///
    /// # Errors
    /// `NotLoggedIn`.
    pub async fn by_session(&self, session: &SecretString, now: Millis) -> Result<Caller> {
        self.session(session, now).await.map(|(caller, _)| caller)
    }

    /// Who has that session, and when it ends.
    ///
    /// # Errors
    /// `NotLoggedIn`.
    pub async fn session(&self, session: &SecretString, now: Millis) -> Result<(Caller, Millis)> {
        let found = self.store.session(&random::hash(session), now).await?;
        let found = found.ok_or(AccountError::NotLoggedIn)?;
        let Session { tenant, user, role, expires_at, .. } = found;
        Ok((Caller { tenant, user, role, through: Through::Session }, expires_at))
    }

    /// Ends a session; whether it ran.
    ///
    /// # Errors
    /// What the store says.
    pub async fn logout(&self, session: &SecretString, now: Millis) -> Result<bool> {
        match self.by_session(session, now).await {
            Ok(caller) => {
                Ok(self.store.tenant(&caller.tenant).end_session(&random::hash(session)).await?)
            }
            Err(AccountError::NotLoggedIn) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Held only for a look into a map, never across an await.
    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("options", &self.options).finish_non_exhaustive()
    }
}

fn require_session(caller: &Caller) -> Result<()> {
    if caller.through == Through::Session { Ok(()) } else { Err(AccountError::NeedsSession) }
}

fn check_email(text: &str) -> Result<()> {
    let parts = text
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    let clean = !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    if parts && clean && text.len() <= LONGEST_EMAIL { Ok(()) } else { Err(AccountError::BadEmail) }
}

fn after(now: Millis, time: Duration) -> Millis {
    now.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
