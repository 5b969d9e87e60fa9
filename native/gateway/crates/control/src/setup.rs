//! A link that lets one person in, once: at the first start, and for each further tenant.
use convergio_accounts::Founder;
use convergio_audit::Event;
use convergio_store::{Millis, SetupFor};
use secrecy::SecretString;

use crate::control::Control;
use crate::error::{ControlError, Result};
use crate::sessions::{Arrival, Session};

/// The secret part of the link, to be shown once.
#[derive(Debug)]
pub struct SetupLink {
    /// What must come back.
    pub token: SecretString,
    /// For which tenant.
    pub purpose: SetupFor,
    /// Until when.
    pub expires_at: Millis,
}

impl From<convergio_accounts::SetupLink> for SetupLink {
    fn from(link: convergio_accounts::SetupLink) -> Self {
        let convergio_accounts::SetupLink { token, purpose, expires_at } = link;
        Self { token, purpose, expires_at }
    }
}

impl Control {
    /// Is nobody there who could administer?
    ///
    /// # Errors
    /// What the store says.
    pub async fn needs_setup(&self) -> Result<bool> {
        Ok(!self.store.has_administrator().await?)
    }

    /// A fresh link while nobody administers; those given out before are void then.
    ///
    /// # Errors
    /// What accounts say.
    pub async fn setup_link(&self) -> Result<Option<SetupLink>> {
        let link = self.accounts.first_start(self.now()).await?;
        Ok(link.map(SetupLink::from))
    }

    /// Makes a tenant and its first administrator for whoever has the link, and lets them in.
    ///
    /// # Errors
    /// `Conflict::SetupLink` for a link that is used up, expired or never was. With a password, an
    /// address or a name that cannot be used the link stays good.
    pub async fn set_up(
        &self,
        link: &SecretString,
        founder: Founder<'_>,
        arrival: Arrival<'_>,
    ) -> Result<Session> {
        check_name("tenant", founder.tenant, 200)?;
        let (tenant, user) = self.accounts.set_up(link, founder, self.now()).await?;
        let deed = Event::AdminAction {
            actor: user.to_string(),
            action: "setup".to_owned(),
            target: format!("tenant {tenant}"),
        };
        self.note(&tenant, arrival.request_id, deed).await?;
        self.log_in(founder.email, founder.password, arrival).await
    }
}

/// A name that people gave: something to read, and not more than fits.
pub(crate) fn check_name(param: &'static str, text: &str, longest: usize) -> Result<()> {
    let length = text.chars().count();
    if length == 0 || length > longest || text.trim().is_empty() {
        let message = format!("`{param}` must have 1 to {longest} characters");
        return Err(ControlError::invalid(param, message));
    }
    if text.chars().any(char::is_control) {
        let message = format!("`{param}` must not hold control characters or line ends");
        return Err(ControlError::invalid(param, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_read_and_fits() {
        for (text, good) in [
            ("a", true),
            ("", false),
            ("  ", false),
            ("a\nb", false),
            ("a\0", false),
            ("ü é", true),
        ] {
            assert_eq!(check_name("name", text, 3).is_ok(), good, "{text:?}");
        }
        assert!(check_name("name", "abcd", 3).is_err());
    }
}
