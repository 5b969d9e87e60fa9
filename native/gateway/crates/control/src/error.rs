//! Every way the control plane can refuse or fail, and what the caller is told of it.
use std::path::PathBuf;

use convergio_accounts::AccountError;
use convergio_audit::AuditError;
use convergio_store::{Conflict, StoreError};
use convergio_vault::VaultError;
use convergio_vault::source::SourceError;
use convergio_wire::{ErrorCode, Failure};

use crate::limits::Refusal;

/// What a call of the control plane returns.
pub type Result<T, E = ControlError> = std::result::Result<T, E>;

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Accounts refused.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The vault refused.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was done, and cannot be written down.
    #[error("done, but {0}; find out why before anything else is changed")]
    Audit(#[from] AuditError),
    /// Asked more often than the tenant permits.
    #[error(transparent)]
    TooOften(#[from] Refusal),
    /// There is no such thing, or it is another tenant's: which one is not told.
    #[error("there is no such {0}")]
    NoSuch(&'static str),
    /// A change by a session came without the session's own token.
    #[error("the header x-csrf-token is missing or not that of this session; GET /api/v1/session")]
    Csrf,
    /// A field is not what it must be, or a provider refused.
    #[error("{0}")]
    Refused(Box<Failure>),
    /// The data folder cannot be used.
    #[error("{}: {what}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What is wrong and what to do.
        what: String,
    },
    /// The database holds secrets, and what opens them is gone.
    #[error(
        "{}: holds secrets that are sealed with a master key, and that key is gone: {missing}. \
         Put it back from where you keep it safe; a new one would open nothing",
        database.display()
    )]
    MasterKeyLost {
        /// The database.
        database: PathBuf,
        /// Where the key was looked for.
        missing: Box<SourceError>,
    },
    /// The master key that is there is not the one the secrets are sealed with.
    #[error(
        "{place}: the master key there does not open the secrets of {}; put back the one that \
         does, or name where it is",
        database.display()
    )]
    WrongMasterKey {
        /// Where the key was found.
        place: String,
        /// The database.
        database: PathBuf,
    },
    /// The newest key there is older than the one that secrets are sealed with already.
    #[error(
        "{place}: the newest master key there is version {primary}, and secrets are sealed with \
         version {newest} already; put that line back"
    )]
    OutdatedMasterKey {
        /// Where the keys were found.
        place: String,
        /// The newest there.
        primary: u32,
        /// The newest in use.
        newest: i64,
    },
    /// Master keys of that place are not written by this program.
    #[error("{place}: is not a file, so no master key is made there by this program; {remedy}")]
    NotAFile {
        /// Where the keys are kept.
        place: String,
        /// How they come there.
        remedy: &'static str,
    },
    /// The secret that everything of an installation hangs on is not in its database.
    #[error(
        "{}: the installation's own secret is not in it; it was removed, or no gateway ever ran \
         on this file: restore a backup, or start one",
        database.display()
    )]
    NothingSealed {
        /// The database.
        database: PathBuf,
    },
    /// There are no master keys and none may be made.
    #[error(transparent)]
    MasterKey(#[from] SourceError),
    /// A fault of ours.
    #[error("{0}")]
    Internal(&'static str),
}

impl From<Failure> for ControlError {
    fn from(failure: Failure) -> Self {
        Self::Refused(Box::new(failure))
    }
}

impl From<Conflict> for ControlError {
    fn from(conflict: Conflict) -> Self {
        Self::Store(conflict.into())
    }
}

impl ControlError {
    /// A field that is not what it must be.
    pub(crate) fn invalid(param: &str, message: impl Into<String>) -> Self {
        Failure::invalid(param, message).into()
    }

    /// What the caller is told: a stable code, the field at fault, what to do. Details that are
    /// nobody else's business are logged here, once, and replaced.
    pub fn failure(&self) -> Failure {
        let say = |code| Failure::new(code, self.to_string());
        match self {
            Self::Account(error) => of_account(error),
            Self::Vault(error) => of_vault(error),
            Self::Store(error) => of_store(error),
            Self::TooOften(Refusal { wait, .. }) => {
                Failure { retry_after: Some(*wait), ..say(ErrorCode::RateLimited) }
            }
            Self::NoSuch(_) => say(ErrorCode::RequestNotFound),
            Self::Csrf => say(ErrorCode::AuthForbidden),
            Self::Refused(failure) => (**failure).clone(),
            // The audit log must be looked at: whoever reads this is told so.
            Self::Audit(error) => {
                tracing::error!(%error, "not audited");
                let message = "the audit log cannot be written; tell the operator before going on";
                Failure::new(ErrorCode::Internal, message)
            }
            Self::Folder { .. }
            | Self::MasterKeyLost { .. }
            | Self::WrongMasterKey { .. }
            | Self::OutdatedMasterKey { .. }
            | Self::NotAFile { .. }
            | Self::NothingSealed { .. }
            | Self::MasterKey(_)
            | Self::Internal(_) => internal(self),
        }
    }
}

fn of_account(error: &AccountError) -> Failure {
    let message = error.to_string();
    match error {
        AccountError::WrongLogin | AccountError::NotLoggedIn => {
            Failure::new(ErrorCode::AuthInvalid, message)
        }
        AccountError::TooManyAttempts { wait } => {
            Failure { retry_after: Some(*wait), ..Failure::new(ErrorCode::RateLimited, message) }
        }
        AccountError::NotAllowed(_) | AccountError::NeedsSession => {
            Failure::new(ErrorCode::AuthForbidden, message)
        }
        AccountError::ScopeBeyondRole(_) => Failure {
            param: Some("scopes".to_owned()),
            ..Failure::new(ErrorCode::AuthForbidden, message)
        },
        AccountError::BadPassword(_) => Failure::invalid("password", message),
        AccountError::BadEmail => Failure::invalid("email", message),
        AccountError::Store(error) => of_store(error),
        AccountError::NoRandomness | AccountError::DamagedHash => internal(error),
    }
}

fn of_vault(error: &VaultError) -> Failure {
    let message = error.to_string();
    match error {
        VaultError::NotAKey(_) => Failure::invalid("secret", message),
        VaultError::OverlapTooLong(_) => Failure::invalid("overlap_hours", message),
        VaultError::NoSuchKey => Failure::new(ErrorCode::RequestNotFound, message),
        VaultError::Store(error) => of_store(error),
        // These say what happened to the secret and what to do, and nothing of the secret.
        VaultError::Truncated
        | VaultError::UnknownFormat(_)
        | VaultError::Tampered
        | VaultError::RolledBack { .. }
        | VaultError::UnknownMasterKey { .. } => {
            tracing::error!(%error, "a sealed secret does not open");
            Failure::new(ErrorCode::Internal, message)
        }
        VaultError::NoRandomness | VaultError::Source(_) | VaultError::Service(_) => {
            internal(error)
        }
    }
}

fn of_store(error: &StoreError) -> Failure {
    let StoreError::Conflict(conflict) = error else { return internal(error) };
    let message = conflict.to_string();
    let taken = |param: Option<&str>| Failure {
        param: param.map(str::to_owned),
        ..Failure::new(ErrorCode::RequestConflict, message.clone())
    };
    match conflict {
        Conflict::Email => taken(Some("email")),
        Conflict::KeyName => taken(Some("name")),
        Conflict::SameSecret => taken(Some("secret")),
        Conflict::SetupLink => taken(Some("token")),
        Conflict::LastAdministrator | Conflict::Changed => taken(None),
        Conflict::Value => Failure::new(ErrorCode::RequestInvalid, message.clone()),
        Conflict::AuditIsAppendOnly => internal(error),
    }
}

fn internal(error: &dyn std::error::Error) -> Failure {
    tracing::error!(%error, "the control plane failed");
    Failure::new(ErrorCode::Internal, "the gateway failed; the request id is in its log")
}
