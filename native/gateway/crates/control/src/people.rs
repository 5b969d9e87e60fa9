//! People: who is there, what they are, their passwords.
use convergio_accounts::{AccountError, Caller, Permission};
use convergio_store::{Millis, Role, TenantId, User, UserId};
use secrecy::SecretString;

use crate::control::{By, Control};
use crate::error::{ControlError, Result};

/// Somebody, as others of the tenant may see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonView {
    /// Who.
    pub id: UserId,
    /// What they log in with.
    pub email: String,
    /// What they are to their tenant.
    pub role: Role,
    /// Since when they are there.
    pub created_at: Millis,
    /// Since when they may not log in.
    pub disabled_at: Option<Millis>,
}

impl From<User> for PersonView {
    /// Everything but the hash of the password.
    fn from(user: User) -> Self {
        let User { id, email, role, created_at, disabled_at, .. } = user;
        Self { id, email, role, created_at, disabled_at }
    }
}

/// What somebody is, and what they may do this way.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Who.
    pub person: PersonView,
    /// Their tenant.
    pub tenant: TenantId,
    /// What people call it.
    pub tenant_name: String,
    /// What they may do, the way they were recognised.
    pub permissions: Vec<Permission>,
}

impl Control {
    /// Who the caller is and what they may do.
    ///
    /// # Errors
    /// `NotLoggedIn` when they were removed a moment ago.
    pub async fn standing(&self, caller: &Caller) -> Result<Standing> {
        let person = self.person(&caller.tenant, &caller.user).await?;
        let person = person.ok_or(AccountError::NotLoggedIn)?;
        let tenants = self.store.tenants().await?;
        let tenant = tenants.into_iter().find(|tenant| tenant.id == caller.tenant);
        let tenant = tenant.ok_or(AccountError::NotLoggedIn)?;
        let permissions = Permission::ALL.into_iter().filter(|one| caller.may(*one)).collect();
        Ok(Standing { person, tenant: tenant.id, tenant_name: tenant.name, permissions })
    }

    pub(crate) async fn person(
        &self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<Option<PersonView>> {
        Ok(self.store.tenant(tenant).user(user).await?.map(PersonView::from))
    }

    /// Changes the caller's own password and ends all their sessions, this one too.
    ///
    /// # Errors
    /// `NeedsSession`, `WrongLogin` for the old one, `BadPassword` for the new one.
    pub async fn change_password(
        &self,
        by: By<'_>,
        old: &SecretString,
        new: &SecretString,
    ) -> Result<()> {
        let changed = self.accounts.change_password(by.caller, old, new).await;
        changed.map_err(|error| match error {
            AccountError::BadPassword(_) => ControlError::invalid("new", error.to_string()),
            other => other.into(),
        })?;
        self.note_deed(by, "password.change", format!("user {}", by.caller.user)).await
    }
}
