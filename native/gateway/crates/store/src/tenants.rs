//! Tenants, and the door through which everything of one tenant is reached.
use crate::error::Result;
use crate::id::TenantId;
use crate::open::Store;
use crate::{Conflict, Millis};

/// A tenant as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRow {
    /// Its id.
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// Since when it is there.
    pub created_at: Millis,
}

/// One tenant's part of the database. Every query made through it is bound to that tenant.
#[derive(Clone, Copy, Debug)]
pub struct Tenant<'a> {
    pub(crate) store: &'a Store,
    pub(crate) id: &'a TenantId,
}

impl Tenant<'_> {
    /// Whose part this is.
    pub fn id(&self) -> &TenantId {
        self.id
    }
}

/// What a write that had to change one row did.
pub(crate) fn exactly_one(rows: u64) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(Conflict::Changed.into()) }
}

impl Store {
    /// The part of one tenant.
    pub fn tenant<'a>(&'a self, id: &'a TenantId) -> Tenant<'a> {
        Tenant { store: self, id }
    }

    /// Makes a tenant.
    ///
    /// # Errors
    /// `Conflict::Value` for an empty or overlong name.
    pub async fn create_tenant(&self, name: &str, now: Millis) -> Result<TenantId> {
        let id = TenantId::new(now);
        let text = id.as_str();
        sqlx::query!(
            "INSERT INTO tenants (id, name, created_at) VALUES (?, ?, ?)",
            text,
            name,
            now
        )
        .execute(&self.writer)
        .await?;
        Ok(id)
    }

    /// All tenants, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tenants(&self) -> Result<Vec<TenantRow>> {
        let rows = sqlx::query!("SELECT id, name, created_at FROM tenants ORDER BY id")
            .fetch_all(&self.reader)
            .await?;
        let rows = rows.into_iter().map(|row| TenantRow {
            id: TenantId::stored(row.id),
            name: row.name,
            created_at: row.created_at,
        });
        Ok(rows.collect())
    }
}
