//! A copy of the whole database while it is in use.
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::error::{Result, StoreError};
use crate::open::Store;

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Where the copy is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Store {
    /// Writes a copy as of now to `to`, a file that must not exist yet. Readers and writers go on.
    /// The copy is checked, on the disk and readable by its owner alone before this returns;
    /// opening it is all there is to restoring it.
    ///
    /// # Errors
    /// `Backup` when the file exists, cannot be written or fails its check; nothing is left there.
    pub async fn backup(&self, to: &Path) -> Result<Backup> {
        let failed = |reason: String| StoreError::Backup { path: to.into(), reason };
        if to.exists() {
            return Err(failed("a file of that name exists".into()));
        }
        let partial = beside(to, "partial");
        let made = self.copy(&partial).await.and_then(|()| publish(&partial, to));
        match made {
            Ok(bytes) => Ok(Backup { path: to.into(), bytes }),
            Err(reason) => {
                let left = fs::remove_file(&partial).is_err() && partial.exists();
                let rest = format!("; {} is in the way", partial.display());
                Err(failed(if left { reason + &rest } else { reason }))
            }
        }
    }

    async fn copy(&self, to: &Path) -> Result<(), String> {
        let mut create = OpenOptions::new();
        create.write(true).create(true).truncate(true).mode(0o600);
        create.open(to).map_err(|error| error.kind().to_string())?;
        let name = to.to_str().ok_or("the path is not UTF-8")?;
        let said = |error: sqlx::Error| error.to_string();
        sqlx::query("VACUUM INTO ?").bind(name).execute(&self.reader).await.map_err(said)?;
        let mut copy = SqliteConnectOptions::new()
            .filename(to)
            .read_only(true)
            .connect()
            .await
            .map_err(said)?;
        let check: String = sqlx::query_scalar("PRAGMA integrity_check")
            .fetch_one(&mut copy)
            .await
            .map_err(said)?;
        if check == "ok" { Ok(()) } else { Err(format!("the copy is damaged: {check}")) }
    }
}

/// Puts the finished copy under its name and makes sure that both survive a power cut.
fn publish(partial: &Path, to: &Path) -> Result<u64, String> {
    let said = |error: std::io::Error| error.kind().to_string();
    let file = File::open(partial).map_err(said)?;
    file.sync_all().map_err(said)?;
    let bytes = file.metadata().map_err(said)?.len();
    // Unlike a rename, a link never replaces what somebody put there meanwhile.
    fs::hard_link(partial, to).map_err(said)?;
    fs::remove_file(partial).map_err(said)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new("."))).and_then(|it| it.sync_all()).map_err(said)?;
    Ok(bytes)
}

/// The path with one more extension.
pub(crate) fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

/// The path with one more extension, numbered when a file of that name exists: a copy made before an
/// upgrade that failed may be long out of date when the next one is tried.
pub(crate) fn free_name(path: &Path, extension: &str) -> PathBuf {
    let numbered = (2_u32..).map(|number| beside(path, &format!("{extension}-{number}")));
    let mut names = std::iter::once(beside(path, extension)).chain(numbered);
    names.find(|name| !name.exists()).unwrap_or_else(|| beside(path, extension))
}
