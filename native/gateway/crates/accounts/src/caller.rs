//! Who a request speaks for.
use convergio_store::{Millis, Role, TenantId, TokenId, UserId};

use crate::error::{AccountError, Result};
use crate::role::{Permission, Scope, Scopes, allows};

/// How they were recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Through {
    /// A session of a browser: whatever the role may do. Changes need the session's CSRF token.
    Session,
    /// A personal API token: what the role may do and the token is good for.
    Token {
        /// Which one.
        id: TokenId,
        /// What it is good for.
        scopes: Scopes,
        /// Its last use is not noted yet, or long ago: see [`crate::Accounts::note_use`].
        unnoted: bool,
        /// When it ends by itself: whoever remembers this caller must ask again then.
        expires_at: Option<Millis>,
    },
}

/// Somebody who was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Their tenant.
    pub tenant: TenantId,
    /// Themselves.
    pub user: UserId,
    /// What they are to their tenant, as of now.
    pub role: Role,
    /// How they were recognised.
    pub through: Through,
}

impl Caller {
    /// May they do that, this way?
    pub fn may(&self, permission: Permission) -> bool {
        let by_way = match &self.through {
            Through::Session => true,
            Through::Token { scopes, .. } => scopes.has(Scope::of(permission)),
        };
        by_way && allows(self.role, permission)
    }

    /// Goes on only if they may.
    ///
    /// # Errors
    /// `NotAllowed` with the permission that is missing.
    pub fn require(&self, permission: Permission) -> Result<()> {
        if self.may(permission) { Ok(()) } else { Err(AccountError::NotAllowed(permission)) }
    }
}
