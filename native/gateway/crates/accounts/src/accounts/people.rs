//! People of a tenant: added, given roles, let in and out; their own passwords.
use convergio_store::{Millis, NewUser, Role, UserId};
use secrecy::SecretString;

use super::{Accounts, check_email, require_session};
use crate::caller::Caller;
use crate::error::{AccountError, Result};
use crate::password::{Checked, Passwords};
use crate::role::Permission;

/// Somebody an administrator adds.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    /// Their address.
    pub email: &'a str,
    /// Their first password.
    pub password: &'a SecretString,
    /// What they are to be.
    pub role: Role,
}

impl Accounts {
    /// Adds somebody to the caller's tenant.
    ///
    /// # Errors
    /// `NotAllowed`, `BadEmail`, `BadPassword`; `Conflict::Email`.
    pub async fn add_person(
        &self,
        caller: &Caller,
        person: Person<'_>,
        now: Millis,
    ) -> Result<UserId> {
        caller.require(Permission::People)?;
        check_email(person.email)?;
        Passwords::check_rules(person.password, person.email)?;
        let hash = self.passwords.hash(person.password).await?;
        let new = NewUser { email: person.email, role: person.role, password_hash: &hash };
        Ok(self.store.tenant(&caller.tenant).add_user(new, now).await?)
    }

    /// Gives somebody of the caller's tenant another role, or lets them in or out; their sessions end.
    ///
    /// # Errors
    /// `NotAllowed`; `Conflict::LastAdministrator`.
    pub async fn set_standing(
        &self,
        caller: &Caller,
        user: &UserId,
        role: Role,
        disabled_at: Option<Millis>,
    ) -> Result<()> {
        caller.require(Permission::People)?;
        Ok(self.store.tenant(&caller.tenant).set_standing(user, role, disabled_at).await?)
    }

    /// Changes the caller's own password and ends all their sessions, this one too.
    ///
    /// # Errors
    /// `NeedsSession`, `WrongLogin` for the old one, `BadPassword` for the new one.
    pub async fn change_password(
        &self,
        caller: &Caller,
        old: &SecretString,
        new: &SecretString,
    ) -> Result<()> {
        require_session(caller)?;
        let of = self.store.tenant(&caller.tenant);
        let user = of.user(&caller.user).await?.ok_or(AccountError::NotLoggedIn)?;
        if self.passwords.check(old, &user.password_hash).await? == Checked::Wrong {
            return Err(AccountError::WrongLogin);
        }
        Passwords::check_rules(new, &user.email)?;
        let hash = self.passwords.hash(new).await?;
        of.set_password(&user.id, &user.password_hash, &hash).await?;
        of.end_sessions(&user.id).await?;
        Ok(())
    }
}
