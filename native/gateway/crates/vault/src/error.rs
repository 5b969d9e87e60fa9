//! Every way the vault can refuse, without a byte of any secret.
use convergio_store::{Conflict, StoreError};

use crate::source::SourceError;

/// What a call of the vault returns.
pub type Result<T, E = VaultError> = std::result::Result<T, E>;

/// Why the vault refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The sealed bytes end too early.
    #[error("the sealed secret is truncated; restore it from a backup, or store the key again")]
    Truncated,
    /// The sealed bytes are of a format this program does not know.
    #[error(
        "the sealed secret has format {0}, which this program does not know; start a newer one"
    )]
    UnknownFormat(u8),
    /// The sealed bytes were changed, or belong to another tenant, provider, key or version.
    #[error(
        "the sealed secret was tampered with or belongs elsewhere; \
         restore it from a backup, or store the key again, and find out who wrote to the database"
    )]
    Tampered,
    /// The sealed bytes are of an earlier version than the one they stand for.
    #[error(
        "the sealed secret was rolled back to version {found}, version {expected} is expected; \
         rotate the key, and find out who wrote to the database"
    )]
    RolledBack {
        /// The version the bytes are of.
        found: u32,
        /// The version they stand for.
        expected: u32,
    },
    /// The master key that seals it is not there.
    #[error(
        "the secret is sealed with master key {version}, which is not loaded; \
         put that version back beside the newer ones"
    )]
    UnknownMasterKey {
        /// The version that is missing.
        version: u32,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes; nothing can be sealed without them")]
    NoRandomness,
    /// The master keys could not be loaded.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// What was given as a provider key cannot be one.
    #[error("this cannot be a provider key: {0}")]
    NotAKey(&'static str),
    /// There is no such key, or nothing of it works any more.
    #[error("there is no such key, or all its versions are revoked; add or rotate one")]
    NoSuchKey,
    /// The window in which two versions work is longer than allowed.
    #[error("the overlap is longer than {0} days; choose a shorter one")]
    OverlapTooLong(u32),
    /// A service that holds master keys failed; a KMS, not ours.
    #[error("the service that holds the master keys failed: {0}")]
    Service(String),
    /// The database refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Conflict> for VaultError {
    fn from(conflict: Conflict) -> Self {
        Self::Store(conflict.into())
    }
}
