//! Opening the file: settings of the connections, migrations, and a backup before any of them.
use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, Transaction};

use crate::backup::{self, Backup};
use crate::error::{Result, StoreError};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The newest schema this program knows: the number of the last migration.
pub const SCHEMA: i64 = 5;

/// "CVGO" in the file's header: tells our database from any other.
const APPLICATION: i64 = 0x4356_474F;

/// What survives when the power goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is on the disk before the caller hears of it.
    #[default]
    EveryCommit,
    /// The last commits may be lost with the power, never with the process; the file stays whole.
    Checkpoint,
}

/// How to open the database.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file; it is made, for its owner alone, when missing. Its folder must exist.
    pub path: PathBuf,
    /// Connections for reading; writes share one, since SQLite has one writer.
    pub readers: u32,
    /// How long to wait for another program's lock, or for a free connection.
    pub patience: Duration,
    /// What survives when the power goes.
    pub durability: Durability,
}

impl Options {
    /// The usual settings for the file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: 4,
            patience: Duration::from_secs(5),
            durability: Durability::default(),
        }
    }

    fn connection(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .foreign_keys(true)
            .busy_timeout(self.patience)
            .statement_cache_capacity(256)
            .synchronous(match self.durability {
                Durability::EveryCommit => SqliteSynchronous::Full,
                Durability::Checkpoint => SqliteSynchronous::Normal,
            })
            // What was deleted is overwritten, what is sorted stays in memory, and neither a
            // crafted schema nor a crafted page is trusted.
            .pragma("secure_delete", "ON")
            .pragma("temp_store", "MEMORY")
            .pragma("trusted_schema", "OFF")
            .pragma("cell_size_check", "ON")
            .pragma("recursive_triggers", "ON")
    }
}

/// The database. Cheap to clone; all clones share the connections.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) writer: SqlitePool,
    /// For what requests did, which is much: it does not wait for the disk at every commit.
    pub(crate) recorder: SqlitePool,
    pub(crate) reader: SqlitePool,
    path: PathBuf,
}

impl Store {
    /// Opens the database, makes it when missing, and brings its schema up to date. A file with an
    /// older schema is copied first, to `<file>.schema-<number>`, or the next free name like it.
    ///
    /// # Errors
    /// `Newer` when a newer program wrote it, `Foreign` when it is no database of ours, `Altered`
    /// when its migrations are not the ones we know; the file is then as it was.
    pub async fn open(options: &Options) -> Result<Self> {
        Self::open_with(options, &MIGRATIONS).await
    }

    /// [`open`](Self::open) with other migrations, so that tests can play an upgrade.
    #[doc(hidden)]
    pub async fn open_with(options: &Options, migrations: &Migrator) -> Result<Self> {
        let path = &options.path;
        create(path)?;
        let writer = pool(options, 1, options.connection().create_if_missing(false)).await?;
        let (reader, recorder) = (writer.clone(), writer.clone());
        let store = Self { writer, recorder, reader, path: path.clone() };
        if let Err(error) = store.prepare(migrations).await {
            store.close().await;
            return Err(error);
        }
        let reader = options.connection().read_only(true).create_if_missing(false);
        let reader = pool(options, options.readers.max(1), reader).await?;
        let recorder = options.connection().create_if_missing(false);
        let recorder = recorder
            .synchronous(SqliteSynchronous::Normal)
            // Carrying the log into the file means waiting for the disk: less often, more at once.
            .pragma("wal_autocheckpoint", "4000");
        let recorder = pool(options, 1, recorder).await?;
        Ok(Self { reader, recorder, ..store })
    }

    /// Opens the database for reading alone: nothing is made, migrated or locked.
    ///
    /// # Errors
    /// `Missing`, and as [`open`](Self::open); `Older` for an older schema, since it cannot be
    /// brought up to date here.
    pub async fn open_read_only(options: &Options) -> Result<Self> {
        let store = Self::open_as_it_is(options).await?;
        let path = || options.path.clone();
        let refused = match store.ours().await {
            Ok(SCHEMA) => return Ok(store),
            Ok(found) if found > SCHEMA => StoreError::Newer { path: path(), found, known: SCHEMA },
            Ok(found) => StoreError::Older { path: path(), found, known: SCHEMA },
            Err(error) => error,
        };
        store.close().await;
        Err(refused)
    }

    /// Copies a database that need not be open, whatever its schema; see
    /// [`backup`](Self::backup).
    ///
    /// # Errors
    /// `Missing`, `Foreign`, and as [`backup`](Self::backup).
    pub async fn backup_of(options: &Options, to: &Path) -> Result<Backup> {
        let store = Self::open_as_it_is(options).await?;
        let made = match store.ours().await {
            Ok(_) => store.backup(to).await,
            Err(error) => Err(error),
        };
        store.close().await;
        made
    }

    async fn open_as_it_is(options: &Options) -> Result<Self> {
        if !options.path.exists() {
            return Err(StoreError::Missing { path: options.path.clone() });
        }
        let connection = options.connection().read_only(true).create_if_missing(false);
        let reader = pool(options, options.readers.max(1), connection).await?;
        let (writer, recorder) = (reader.clone(), reader.clone());
        Ok(Self { writer, recorder, reader, path: options.path.clone() })
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends all connections; what is in the log goes into the file.
    pub async fn close(&self) {
        self.reader.close().await;
        self.recorder.close().await;
        self.writer.close().await;
    }

    /// Does the database answer? For readiness.
    ///
    /// # Errors
    /// Whatever keeps it from answering.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.reader).await?;
        Ok(())
    }

    /// A transaction that holds the write lock from its start, so that it cannot fail half way
    /// because somebody else wrote.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// The schema of the file, 0 for an empty one.
    async fn ours(&self) -> Result<i64> {
        let foreign = || StoreError::Foreign { path: self.path.clone() };
        let of_file = |error: sqlx::Error| match error.as_database_error() {
            Some(said) if said.message().contains("not a database") => foreign(),
            _ => error.into(),
        };
        let application: i64 = sqlx::query_scalar("PRAGMA application_id")
            .fetch_one(&self.reader)
            .await
            .map_err(of_file)?;
        let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_master")
            .fetch_one(&self.reader)
            .await
            .map_err(of_file)?;
        match (application, tables) {
            (0, 0) => Ok(0),
            (APPLICATION, 0) => Ok(0),
            (APPLICATION, _) => {
                let found: Option<i64> =
                    sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
                        .fetch_one(&self.reader)
                        .await?;
                Ok(found.unwrap_or(0))
            }
            _ => Err(foreign()),
        }
    }

    async fn prepare(&self, migrations: &Migrator) -> Result<()> {
        let path = || self.path.clone();
        let known = migrations.iter().map(|one| one.version).max().unwrap_or(0);
        let found = self.ours().await?;
        if found > known {
            return Err(StoreError::Newer { path: path(), found, known });
        }
        // Written into the file, and not to be changed within a transaction. A copy has left the log
        // behind, so a restored one is told again.
        sqlx::query("PRAGMA journal_mode = WAL").execute(&self.writer).await?;
        if found == 0 {
            sqlx::query("PRAGMA application_id = 1129727823").execute(&self.writer).await?;
        } else if found < known {
            let copy = backup::free_name(&self.path, &format!("schema-{found}"));
            self.backup(&copy).await?;
            tracing::info!(from = found, to = known, backup = %copy.display(), "schema upgrade");
        }
        migrations.run(&self.writer).await.map_err(|error| match error {
            MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => {
                StoreError::Altered { path: path(), version }
            }
            MigrateError::VersionMissing(found) => StoreError::Newer { path: path(), found, known },
            MigrateError::ExecuteMigration(reason, version) => {
                StoreError::Migration { path: path(), version, reason: reason.to_string() }
            }
            MigrateError::Execute(reason) => reason.into(),
            other => {
                StoreError::Migration { path: path(), version: known, reason: other.to_string() }
            }
        })
    }
}

/// Makes an empty file that only its owner may read; SQLite gives its log the same mode.
fn create(path: &Path) -> Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let known = fs::metadata(path);
            let ordinary = known.is_ok_and(|found| found.is_file());
            if ordinary { Ok(()) } else { Err(StoreError::Foreign { path: path.into() }) }
        }
        Err(error) => Err(StoreError::Open { path: path.into(), reason: error.kind().to_string() }),
    }
}

async fn pool(options: &Options, size: u32, to: SqliteConnectOptions) -> Result<SqlitePool> {
    let pool = SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(options.patience)
        // A connection to a file in this process does not go stale.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false);
    pool.connect_with(to).await.map_err(|error| match error.as_database_error() {
        Some(said) if said.message().contains("not a database") => {
            StoreError::Foreign { path: options.path.clone() }
        }
        Some(said) => {
            StoreError::Open { path: options.path.clone(), reason: said.message().to_owned() }
        }
        None => StoreError::Open { path: options.path.clone(), reason: error.to_string() },
    })
}
