//! Logging in, staying in, logging out.
use std::sync::Arc;

use convergio_accounts::{AccountError, Attempt, LoggedIn, csrf_token};
use convergio_audit::Event;
use convergio_store::Millis;
use secrecy::SecretString;

use crate::control::Control;
use crate::error::{ControlError, Result};
use crate::people::Standing;

/// How somebody comes in.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// From where.
    pub ip: &'a str,
    /// With what.
    pub device: &'a str,
    /// The gateway's own id of the request.
    pub request_id: &'a str,
}

/// A session that has just begun.
#[derive(Debug)]
pub struct Session {
    /// For an HttpOnly cookie; never for a page.
    pub session: SecretString,
    /// What its owner may know of it.
    pub view: SessionView,
}

/// What the owner of a session may know of it.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// Who and what they are.
    pub standing: Standing,
    /// To come back with every change.
    pub csrf: String,
    /// When the session ends.
    pub expires_at: Millis,
}

impl Control {
    /// Lets somebody in. Attempts that fail are audited too, where the address is somebody's.
    ///
    /// # Errors
    /// `WrongLogin` whatever is wrong; `TooManyAttempts`; `Audit`: then they are not in.
    pub async fn log_in(
        &self,
        email: &str,
        password: &SecretString,
        arrival: Arrival<'_>,
    ) -> Result<Session> {
        let attempt = Attempt { email, password, ip: arrival.ip, device: arrival.device };
        let LoggedIn { caller, session, csrf, expires_at } =
            match self.accounts.login(attempt, self.now()).await {
                Ok(in_now) => in_now,
                Err(error) => {
                    if matches!(error, AccountError::WrongLogin) {
                        self.note_failed_login(email, arrival);
                    }
                    return Err(error.into());
                }
            };
        let event = login_event(caller.user.to_string(), arrival, true);
        if let Err(error) = self.note(&caller.tenant, arrival.request_id, event).await {
            self.accounts.logout(&session, self.now()).await?;
            return Err(error);
        }
        let standing = self.standing(&caller).await?;
        Ok(Session { session, view: SessionView { standing, csrf, expires_at } })
    }

    /// Aside: the time an answer takes must not tell whether the address is somebody's.
    fn note_failed_login(&self, email: &str, arrival: Arrival<'_>) {
        tracing::warn!(ip = arrival.ip, "a login failed");
        let (store, audit, clock) =
            (self.store.clone(), self.audit.clone(), Arc::clone(&self.clock));
        let (email, request_id) = (email.to_owned(), arrival.request_id.to_owned());
        let (ip, device) = (arrival.ip.to_owned(), arrival.device.to_owned());
        self.aside(async move {
            let user = match store.user_by_email(&email).await {
                Ok(Some(user)) => user,
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(%error, "a failed login could not be audited");
                    return;
                }
            };
            let event = Event::Login { user: user.id.to_string(), ip, device, success: false };
            let entry =
                convergio_audit::Entry { tenant: user.tenant, at: clock.now(), request_id, event };
            if let Err(error) = audit.append(entry).await {
                tracing::error!(%error, "a failed login could not be audited");
            }
        });
    }

    /// The session that somebody has.
    ///
    /// # Errors
    /// `NotLoggedIn`.
    pub async fn session(&self, session: &SecretString) -> Result<SessionView> {
        let (caller, expires_at) = self.accounts.session(session, self.now()).await?;
        let standing = self.standing(&caller).await?;
        Ok(SessionView { standing, csrf: csrf_token(session), expires_at })
    }

    /// Ends a session. One that has ended already is no error.
    ///
    /// # Errors
    /// What the store says.
    pub async fn log_out(&self, session: &SecretString) -> Result<()> {
        self.accounts.logout(session, self.now()).await.map(drop).map_err(ControlError::from)
    }
}

fn login_event(user: String, arrival: Arrival<'_>, success: bool) -> Event {
    Event::Login { user, ip: arrival.ip.to_owned(), device: arrival.device.to_owned(), success }
}
