//! Verifying the audit logs of all tenants, from the file alone.
use std::path::Path;

use convergio_audit::{Broken, Chain, Verified, verify_all};
use convergio_store::{Millis, Store, StoreError, TenantId};
use convergio_vault::source::SourceError;

use super::{Installation, chain_of, look_at};
use crate::error::Result;

/// A tenant is made first and its log begun next: so long the log may be empty, in milliseconds.
const GRACE: Millis = 60_000;

/// Where a log stood when it was verified earlier, kept somewhere else since. It makes out what no
/// look at the file alone can: a log, or the whole file, that was replaced by another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Whose log.
    pub tenant: String,
    /// The number of the last row then; 0 when there was none.
    pub row: i64,
    /// Its digest.
    pub digest: Vec<u8>,
}

/// What was found in one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Everything is as it was written.
    Whole(Verified),
    /// A row is not.
    Broken(Broken),
    /// There is no row, although the making of a tenant is the first one.
    Empty,
    /// It is not the log that was verified earlier.
    Replaced {
        /// The last row then.
        row: i64,
    },
}

/// One tenant's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogCheck {
    /// Whose.
    pub tenant: String,
    /// What people call the tenant; `None` for one that is gone.
    pub name: Option<String>,
    /// What was found.
    pub found: Found,
}

/// Whether the ends of the logs were compared with their seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealCheck {
    /// They were.
    Done,
    /// They were not: there is no master key here. Why, and how to bring it.
    WithoutKey(String),
    /// They could not be: the master key that is here is of no use. Why, and what to do.
    Impossible(String),
}

/// What verifying found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Log by log, the oldest tenant first.
    pub logs: Vec<LogCheck>,
    /// Whether the seals were checked, too.
    pub seal: SealCheck,
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing was changed, as far as was looked.
    Whole,
    /// Something was.
    Broken,
    /// Nobody can tell.
    Open,
}

impl Verification {
    /// Broken goes before open: what was found stays found.
    pub fn judgement(&self) -> Judgement {
        if self.logs.iter().any(|log| !matches!(log.found, Found::Whole(_))) {
            Judgement::Broken
        } else if matches!(self.seal, SealCheck::Impossible(_)) {
            Judgement::Open
        } else {
            Judgement::Whole
        }
    }
}

impl Installation {
    /// Verifies the audit logs of all tenants; with the master key their sealed ends, too. Reads
    /// alone, so that a gateway may run meanwhile. `copy` names another file than this
    /// installation's own: a backup of it. `earlier` is what was found and kept before.
    ///
    /// # Errors
    /// What the store says: then nothing can be said about the logs.
    pub async fn verify_audit(
        &self,
        copy: Option<&Path>,
        earlier: &[Anchor],
    ) -> Result<Verification> {
        let own = self.database();
        let store = look_at(copy.unwrap_or(&own)).await?;
        let verified = self.verify_in(&store, earlier).await;
        store.close().await;
        verified
    }

    async fn verify_in(&self, store: &Store, earlier: &[Anchor]) -> Result<Verification> {
        let (chain, seal) = match self.sealing(store).await {
            Ok(chain) => (Some(chain), SealCheck::Done),
            Err(seal) => (None, seal),
        };
        let tenants = store.tenants().await?;
        let row = |tenant: &TenantId| tenants.iter().find(|row| row.id == *tenant);
        let fresh = |tenant: &TenantId| {
            let age = |made| self.options.clock.now().saturating_sub(made);
            // One that is not in the list was made while this was being read.
            row(tenant).is_none_or(|row| (0..GRACE).contains(&age(row.created_at)))
        };
        let mut logs = Vec::new();
        for outcome in verify_all(store, chain.as_ref()).await? {
            let (tenant, found) = match outcome {
                Ok(whole) if whole.rows == 0 && !fresh(&whole.tenant) => {
                    (whole.tenant, Found::Empty)
                }
                Ok(whole) => (whole.tenant.clone(), Found::Whole(whole)),
                Err(broken) => (broken.tenant.clone(), Found::Broken(broken)),
            };
            let found = match (anchor_of(earlier, tenant.as_str()), found) {
                (Some(anchor), Found::Whole(_)) if !goes_on(store, &tenant, anchor).await? => {
                    Found::Replaced { row: anchor.row }
                }
                (_, found) => found,
            };
            let name = row(&tenant).map(|row| row.name.clone());
            logs.push(LogCheck { tenant: tenant.to_string(), name, found });
        }
        for anchor in earlier {
            if !logs.iter().any(|log| log.tenant == anchor.tenant) {
                let (tenant, found) = (anchor.tenant.clone(), Found::Replaced { row: anchor.row });
                logs.push(LogCheck { tenant, name: None, found });
            }
        }
        Ok(Verification { logs, seal })
    }

    async fn sealing(&self, store: &Store) -> Result<Chain, SealCheck> {
        let masters = match self.options.master_key.load().await {
            Ok(masters) => masters,
            Err(missing @ SourceError::Missing { .. }) => {
                return Err(SealCheck::WithoutKey(missing.to_string()));
            }
            Err(error) => return Err(SealCheck::Impossible(error.to_string())),
        };
        match self.vault(store, masters).await {
            Ok(vault) => Ok(chain_of(&vault)),
            Err(error) => Err(SealCheck::Impossible(error.to_string())),
        }
    }
}

fn anchor_of<'a>(earlier: &'a [Anchor], tenant: &str) -> Option<&'a Anchor> {
    earlier.iter().find(|anchor| anchor.tenant == tenant)
}

/// Is the row that was last then still there, with the digest that it had?
async fn goes_on(store: &Store, tenant: &TenantId, anchor: &Anchor) -> Result<bool, StoreError> {
    if anchor.row == 0 {
        return Ok(true);
    }
    let rows = store.tenant(tenant).audit_after(anchor.row - 1, 1).await?;
    Ok(rows.first().is_some_and(|row| row.seq == anchor.row && row.digest == anchor.digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(found: Found) -> LogCheck {
        LogCheck { tenant: "t".to_owned(), name: None, found }
    }

    #[test]
    fn what_is_broken_is_broken_whatever_else_is_unknown() {
        let impossible = || SealCheck::Impossible("wrong key".to_owned());
        let without = || SealCheck::WithoutKey("no key".to_owned());
        for (logs, seal, judgement) in [
            (vec![], SealCheck::Done, Judgement::Whole),
            (vec![], without(), Judgement::Whole),
            (vec![], impossible(), Judgement::Open),
            (vec![log(Found::Empty)], impossible(), Judgement::Broken),
            (vec![log(Found::Replaced { row: 3 })], SealCheck::Done, Judgement::Broken),
        ] {
            assert_eq!(Verification { logs, seal }.judgement(), judgement);
        }
    }
}
