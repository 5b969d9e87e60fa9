//! Secrets of the installation itself, sealed like any other.
use crate::error::Result;
use crate::open::Store;

/// A sealed secret of the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationSecret {
    /// What it is for.
    pub name: String,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
    /// The version of the master key that seals it.
    pub kek_version: i64,
}

impl Store {
    /// The secret of that name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn installation_secret(&self, name: &str) -> Result<Option<InstallationSecret>> {
        let row = sqlx::query_as!(
            InstallationSecret,
            "SELECT name, sealed, kek_version FROM installation_secrets WHERE name = ?",
            name
        );
        Ok(row.fetch_optional(&self.reader).await?)
    }

    /// Keeps a secret under a name that is free; false when it was not, and nothing changed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn add_installation_secret(
        &self,
        name: &str,
        sealed: &[u8],
        kek_version: i64,
    ) -> Result<bool> {
        let done = sqlx::query!(
            "INSERT INTO installation_secrets (name, sealed, kek_version) VALUES (?, ?, ?)
             ON CONFLICT (name) DO NOTHING",
            name,
            sealed,
            kek_version
        );
        Ok(done.execute(&self.writer).await?.rows_affected() == 1)
    }

    /// Puts a secret sealed anew in the place of the bytes `old`; false when somebody was faster.
    ///
    /// # Errors
    /// What the database says.
    pub async fn reseal_installation_secret(
        &self,
        name: &str,
        old: &[u8],
        sealed: &[u8],
        kek_version: i64,
    ) -> Result<bool> {
        let done = sqlx::query!(
            "UPDATE installation_secrets SET sealed = ?, kek_version = ?
             WHERE name = ? AND sealed = ?",
            sealed,
            kek_version,
            name,
            old
        );
        Ok(done.execute(&self.writer).await?.rows_affected() == 1)
    }
}
