//! People: who is there, what they are, their passwords.
use convergio_accounts::{AccountError, Caller, Permission, Person};
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

    /// Everybody of the caller's tenant, in the order they came.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub async fn people(&self, by: By<'_>) -> Result<Vec<PersonView>> {
        by.caller.require(Permission::People)?;
        let users = self.store.tenant(&by.caller.tenant).users().await?;
        Ok(users.into_iter().map(PersonView::from).collect())
    }

    /// Adds somebody to the caller's tenant.
    ///
    /// # Errors
    /// `NotAllowed`, `BadEmail`, `BadPassword`; `Conflict::Email` when the address is taken.
    pub async fn add_person(&self, by: By<'_>, new: Person<'_>) -> Result<PersonView> {
        let role = new.role;
        let id = self.accounts.add_person(by.caller, new, self.now()).await?;
        self.note_deed(by, &format!("person.add {role}"), format!("user {id}")).await?;
        let person = self.person(&by.caller.tenant, &id).await?;
        person.ok_or(ControlError::NoSuch("person"))
    }

    /// Gives somebody another role, or lets them in or out. Their sessions end, and what their tokens
    /// may do changes at once.
    ///
    /// # Errors
    /// `NotAllowed`, `NoSuch`; `Conflict::LastAdministrator`; nothing to change.
    pub async fn change_person(
        &self,
        by: By<'_>,
        id: &UserId,
        role: Option<Role>,
        disabled: Option<bool>,
    ) -> Result<PersonView> {
        by.caller.require(Permission::People)?;
        if role.is_none() && disabled.is_none() {
            return Err(ControlError::invalid("role", "say `role`, `disabled`, or both"));
        }
        let none = || ControlError::NoSuch("person");
        let now = self.person(&by.caller.tenant, id).await?.ok_or_else(none)?;
        let disabled_at = match disabled {
            // Somebody who is out already stays out since then.
            Some(true) => now.disabled_at.or(Some(self.now())),
            Some(false) => None,
            None => now.disabled_at,
        };
        let role = role.unwrap_or(now.role);
        let changed = self.accounts.set_standing(by.caller, id, role, disabled_at).await;
        self.tokens.forget();
        changed?;
        let state = if disabled_at.is_some() { "disabled" } else { "enabled" };
        self.note_deed(by, &format!("person.change {role} {state}"), format!("user {id}")).await?;
        self.person(&by.caller.tenant, id).await?.ok_or_else(none)
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
