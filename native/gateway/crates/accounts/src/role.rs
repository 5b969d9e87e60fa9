//! What each role may do, and what a token may be good for.
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use convergio_store::Role;

/// Something that not everybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Ask models.
    Chat,
    /// Add, test, rotate and remove one's own provider keys.
    OwnKeys,
    /// See one's own usage.
    OwnUsage,
    /// See, revoke and remove the provider keys of everybody in the tenant.
    AllKeys,
    /// See everybody's usage.
    AllUsage,
    /// Add people, give them roles, let them in and out.
    People,
    /// Decide for the tenant.
    Settings,
    /// Read the audit log. Nobody may write it.
    ReadAudit,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Chat,
        Self::OwnKeys,
        Self::OwnUsage,
        Self::AllKeys,
        Self::AllUsage,
        Self::People,
        Self::Settings,
        Self::ReadAudit,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::OwnKeys => "own_keys",
            Self::OwnUsage => "own_usage",
            Self::AllKeys => "all_keys",
            Self::AllUsage => "all_usage",
            Self::People => "people",
            Self::Settings => "settings",
            Self::ReadAudit => "read_audit",
        }
    }
}

/// The table: may somebody in that role do that?
pub fn allows(role: Role, permission: Permission) -> bool {
    use Permission::{AllKeys, AllUsage, Chat, OwnKeys, OwnUsage, People, ReadAudit, Settings};
    match role {
        Role::User => matches!(permission, Chat | OwnKeys | OwnUsage),
        Role::Admin => match permission {
            Chat | OwnKeys | OwnUsage | AllKeys | AllUsage | People | Settings | ReadAudit => true,
        },
        Role::Auditor => matches!(permission, OwnUsage | AllUsage | ReadAudit),
    }
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Asking models.
    Chat,
    /// Provider keys.
    Keys,
    /// Usage and cost.
    Usage,
    /// People and settings.
    Admin,
    /// The audit log.
    Audit,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Chat, Self::Keys, Self::Usage, Self::Admin, Self::Audit];

    /// The word for it, in the database and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Keys => "keys",
            Self::Usage => "usage",
            Self::Admin => "admin",
            Self::Audit => "audit",
        }
    }

    /// The scope that a permission needs.
    pub fn of(permission: Permission) -> Self {
        match permission {
            Permission::Chat => Self::Chat,
            Permission::OwnKeys | Permission::AllKeys => Self::Keys,
            Permission::OwnUsage | Permission::AllUsage => Self::Usage,
            Permission::People | Permission::Settings => Self::Admin,
            Permission::ReadAudit => Self::Audit,
        }
    }

    /// Is it good for anything in the hands of that role?
    pub fn fits(self, role: Role) -> bool {
        Permission::ALL.into_iter().any(|one| Self::of(one) == self && allows(role, one))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope; there are chat, keys, usage, admin and audit")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

/// The scopes of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Is that one among them?
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|scope| scope.as_str()).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        text.split_whitespace().map(str::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_one_we_mean() {
        let may = |role| -> Vec<_> {
            Permission::ALL
                .into_iter()
                .filter(|it| allows(role, *it))
                .map(Permission::as_str)
                .collect()
        };
        assert_eq!(may(Role::User), ["chat", "own_keys", "own_usage"]);
        assert_eq!(may(Role::Auditor), ["own_usage", "all_usage", "read_audit"]);
        assert_eq!(may(Role::Admin).len(), Permission::ALL.len());
    }

    #[test]
    fn scopes_survive_text_and_unknown_ones_are_refused() {
        let all: Scopes = Scope::ALL.into_iter().collect();
        assert_eq!(all.to_string().parse::<Scopes>(), Ok(all));
        assert_eq!("chat root".parse::<Scopes>(), Err(UnknownScope));
        assert_eq!("".parse::<Scopes>(), Ok(Scopes::default()));
    }

    #[test]
    fn a_scope_fits_a_role_that_can_use_it() {
        assert!(!Scope::Admin.fits(Role::User) && !Scope::Audit.fits(Role::User));
        assert!(Scope::Audit.fits(Role::Auditor) && !Scope::Chat.fits(Role::Auditor));
        assert!(Scope::ALL.into_iter().all(|scope| scope.fits(Role::Admin)));
    }
}
