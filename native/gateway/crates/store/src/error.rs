//! Every way the store can fail, with what to do next.
use std::path::PathBuf;

/// What a call of the store returns.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A rule of the data that a write would have broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Somebody has that e-mail address already.
    #[error("this e-mail address is taken; choose another or log in")]
    Email,
    /// The tenant has a key of that name for that provider.
    #[error("a key of this name exists for this provider; choose another name")]
    KeyName,
    /// The tenant holds the same secret already.
    #[error("this very secret is stored already; rotate or remove the key that holds it")]
    SameSecret,
    /// Nobody could administer the tenant any more.
    #[error(
        "the last administrator cannot be disabled or given another role; appoint another first"
    )]
    LastAdministrator,
    /// Somebody else changed the row in between.
    #[error("this was changed by somebody else in the meantime; look again and repeat")]
    Changed,
    /// A one-time link that was used, has expired or never was.
    #[error("this link is used up or expired; `convergio-gateway setup-link` makes a new one")]
    SetupLink,
    /// A name or value outside what its column allows, or a reference to what is not there.
    #[error("a value is empty, too long or refers to something that does not exist")]
    Value,
    /// The audit log is only ever added to.
    #[error("audit rows are only added at the end, never changed, never deleted")]
    AuditIsAppendOnly,
}

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or made.
    #[error("{path}: cannot be opened: {reason}; check the path, its owner and the free space")]
    Open {
        /// The database file.
        path: PathBuf,
        /// What the system or SQLite said.
        reason: String,
    },
    /// It is a database of another program, or no database at all.
    #[error("{path}: is not a database of Convergio; name another file")]
    Foreign {
        /// The database file.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error(
        "{path}: has schema {found}, this program knows schemas up to {known}; \
         start the newer program, or restore the backup made before the upgrade"
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The schema in the file.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// An older program wrote it, and it is only being looked at.
    #[error(
        "{path}: has schema {found}, this program reads schema {known}; start the gateway of this \
         version once: it copies the file and brings it up to date"
    )]
    Older {
        /// The database file.
        path: PathBuf,
        /// The schema in the file.
        found: i64,
        /// The schema this program reads.
        known: i64,
    },
    /// There is no such file, and none is made here.
    #[error("{path}: there is no database; name the folder it is in, or start the gateway there")]
    Missing {
        /// The database file.
        path: PathBuf,
    },
    /// A migration in the file is not the one this program knows under that number.
    #[error(
        "{path}: schema {version} was made by a different build of this program; \
         start that build, or restore a backup"
    )]
    Altered {
        /// The database file.
        path: PathBuf,
        /// The number of the migration.
        version: i64,
    },
    /// A migration failed; nothing of it stays.
    #[error("{path}: schema {version} could not be made: {reason}; nothing was changed by it")]
    Migration {
        /// The database file.
        path: PathBuf,
        /// The number of the migration.
        version: i64,
        /// What SQLite said.
        reason: String,
    },
    /// The copy could not be made.
    #[error("{path}: the backup failed: {reason}; nothing was left there")]
    Backup {
        /// Where the copy should have gone.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// A value in the file cannot be: somebody wrote to it past this program.
    #[error(
        "{table}: holds a value that cannot be: {what}; run the integrity check, restore a backup"
    )]
    Damaged {
        /// The table.
        table: &'static str,
        /// What is wrong, without the value.
        what: &'static str,
    },
    /// A rule of the data was about to be broken.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The database stayed locked for longer than we wait.
    #[error("the database is busy; another program holds it, or the disk is too slow")]
    Busy,
    /// Anything else SQLite or the pool said.
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    /// Names the rule that was about to be broken, by the constraint SQLite tells of.
    fn from(error: sqlx::Error) -> Self {
        let Some(said) = error.as_database_error() else {
            return match error {
                sqlx::Error::PoolTimedOut => Self::Busy,
                other => Self::Database(other),
            };
        };
        let message = said.message();
        let conflict = |what| Self::Conflict(what);
        if message.contains("users.email") {
            conflict(Conflict::Email)
        } else if message.contains("provider_keys.name") {
            conflict(Conflict::KeyName)
        } else if message.contains("key_versions.fingerprint") {
            conflict(Conflict::SameSecret)
        } else if message.contains("audit") && message.contains("never")
            || message.contains("only added at the end")
            || message.contains("only moves forward")
        {
            conflict(Conflict::AuditIsAppendOnly)
        } else if said.is_check_violation() || said.is_foreign_key_violation() {
            conflict(Conflict::Value)
        } else if said.is_unique_violation() {
            conflict(Conflict::Changed)
        } else if matches!(said.code().as_deref(), Some("5" | "6" | "261" | "262" | "517")) {
            Self::Busy
        } else {
            Self::Database(error)
        }
    }
}
