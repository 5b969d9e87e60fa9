//! Every way somebody can be turned away, without telling more than they may know.
use std::time::Duration;

use convergio_store::{Conflict, StoreError};

use crate::role::{Permission, Scope};

/// What a call returns.
pub type Result<T, E = AccountError> = std::result::Result<T, E>;

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The address or the password is wrong, or the person is disabled. Which one is not told.
    #[error("the e-mail address or the password is wrong")]
    WrongLogin,
    /// Too many wrong passwords for that address.
    #[error("too many failed logins; try again in {} s", wait.as_secs().max(1))]
    TooManyAttempts {
        /// How long to wait.
        wait: Duration,
    },
    /// The session or token is unknown, expired or revoked.
    #[error("not logged in: the session or token is unknown, expired or revoked")]
    NotLoggedIn,
    /// They may not do that.
    #[error("not allowed: this needs the permission {}", .0.as_str())]
    NotAllowed(Permission),
    /// A token was to be good for more than its owner may do.
    #[error("a token cannot have the scope {0}: you may not do that yourself")]
    ScopeBeyondRole(Scope),
    /// Only a person at a browser may do that, not a program with a token.
    #[error("log in to do that; a token cannot")]
    NeedsSession,
    /// The password breaks a rule.
    #[error("this password cannot be used: {0}")]
    BadPassword(&'static str),
    /// That is no e-mail address.
    #[error("this is not an e-mail address")]
    BadEmail,
    /// The system gave no random bytes.
    #[error("the system gives no random bytes; nothing can be issued without them")]
    NoRandomness,
    /// The hash of a password in the database is none.
    #[error(
        "the stored hash of the password is damaged; an administrator must set another password"
    )]
    DamagedHash,
    /// The database refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Conflict> for AccountError {
    fn from(conflict: Conflict) -> Self {
        Self::Store(conflict.into())
    }
}
