//! Finding the first row that is not what was written. Reads alone; needs no running gateway.
use std::fmt;

use convergio_store::{AuditChain as _, AuditHead, AuditRow, Store, StoreError, Tenant, TenantId};

use crate::chain::{Chain, digest};
use crate::event::Event;

/// How many rows are read at once.
const PAGE: i64 = 1000;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A row is missing, or one is where it does not belong.
    Gap {
        /// The number that should have come.
        expected: i64,
    },
    /// A field of the row, or the digest of a row before it, was changed.
    Changed,
    /// The row's fields are not those of its kind.
    NotAnEvent,
    /// Rows were cut off the end.
    CutOff {
        /// The number of the last row that was written.
        last: i64,
    },
    /// There are rows, and the end of the chain is not kept.
    NoHead,
    /// The kept end is not the digest of the last row.
    OtherHead,
    /// The kept end was not sealed by this installation.
    Forged,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap { expected } => write!(f, "row {expected} is missing before it"),
            Self::Changed => f.write_str("it was changed after it was written"),
            Self::NotAnEvent => f.write_str("its fields are not those of its kind"),
            Self::CutOff { last } => write!(f, "rows after it were cut off, up to row {last}"),
            Self::NoHead => f.write_str("the kept end of the chain is gone"),
            Self::OtherHead => f.write_str("the kept end of the chain is that of another row"),
            Self::Forged => f.write_str("the kept end was not sealed by this installation"),
        }
    }
}

/// The first row of a tenant's log that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Whose log.
    pub tenant: TenantId,
    /// The number of the row; 0 when not even the first is there.
    pub row: i64,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "audit log of tenant {}: row {}: {}", self.tenant, self.row, self.fault)
    }
}

impl std::error::Error for Broken {}

/// A log in which everything is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whose log.
    pub tenant: TenantId,
    /// How many rows.
    pub rows: i64,
    /// The digest of the last: keep it elsewhere, and a later history must have it at that row.
    pub digest: Vec<u8>,
}

/// Follows one chain row by row.
struct Follower<'a> {
    tenant: &'a TenantId,
    seq: i64,
    digest: Vec<u8>,
}

impl Follower<'_> {
    fn broken(&self, row: i64, fault: Fault) -> Broken {
        Broken { tenant: self.tenant.clone(), row, fault }
    }

    fn follow(&mut self, row: &AuditRow) -> Result<(), Broken> {
        let expected = self.seq + 1;
        if row.seq != expected {
            return Err(self.broken(row.seq, Fault::Gap { expected }));
        }
        let digest = digest(self.tenant, row.seq, &self.digest, &row.columns);
        if digest.as_slice() != row.digest {
            return Err(self.broken(row.seq, Fault::Changed));
        }
        if Event::from_columns(&row.columns).is_err() {
            return Err(self.broken(row.seq, Fault::NotAnEvent));
        }
        (self.seq, self.digest) = (row.seq, digest.to_vec());
        Ok(())
    }

    fn end(self, head: Option<&AuditHead>, chain: Option<&Chain>) -> Result<Verified, Broken> {
        let last = self.seq;
        match head {
            None if last == 0 => {}
            None => return Err(self.broken(last, Fault::NoHead)),
            Some(head) if head.seq > last => {
                return Err(self.broken(last, Fault::CutOff { last: head.seq }));
            }
            Some(head) if head.seq != last || head.digest != self.digest => {
                return Err(self.broken(last, Fault::OtherHead));
            }
            Some(head) if chain.is_some_and(|chain| !chain.accepts(self.tenant, head)) => {
                return Err(self.broken(last, Fault::Forged));
            }
            Some(_) => {}
        }
        Ok(Verified { tenant: self.tenant.clone(), rows: last, digest: self.digest })
    }
}

/// Verifies rows from the first to the last, as read or as exported. Without the `chain` everything
/// but the seal of the end is verified.
///
/// # Errors
/// The first row that is not what was written.
pub fn verify<'r>(
    tenant: &TenantId,
    rows: impl IntoIterator<Item = &'r AuditRow>,
    head: Option<&AuditHead>,
    chain: Option<&Chain>,
) -> Result<Verified, Broken> {
    let mut follower = Follower { tenant, seq: 0, digest: Vec::new() };
    for row in rows {
        follower.follow(row)?;
    }
    follower.end(head, chain)
}

/// Verifies the logs of all tenants in a store, a page of rows at a time.
///
/// # Errors
/// What the store says; what is wrong with a log is in the list.
pub async fn verify_all(
    store: &Store,
    chain: Option<&Chain>,
) -> Result<Vec<Result<Verified, Broken>>, StoreError> {
    let mut found = Vec::new();
    for tenant in store.tenants().await? {
        found.push(verify_tenant(store.tenant(&tenant.id), chain).await?);
    }
    Ok(found)
}

/// Verifies the log of one tenant, a page of rows at a time.
///
/// # Errors
/// What the store says; what is wrong with the log is in the result.
pub async fn verify_tenant(
    of: Tenant<'_>,
    chain: Option<&Chain>,
) -> Result<Result<Verified, Broken>, StoreError> {
    // The end first: rows that are added while this reads come after it and are left for next time.
    let mut head = of.audit_head().await?;
    if head.is_none() && !of.audit_after(0, 1).await?.is_empty() {
        // The first row came between the two reads, and its end with it, or the end is really gone.
        head = of.audit_head().await?;
    }
    let end = head.as_ref().map(|head| head.seq);
    let mut follower = Follower { tenant: of.id(), seq: 0, digest: Vec::new() };
    loop {
        let page = of.audit_after(follower.seq, PAGE).await?;
        for row in &page {
            if end.is_some_and(|end| follower.seq >= end) {
                return Ok(follower.end(head.as_ref(), chain));
            }
            if let Err(broken) = follower.follow(row) {
                return Ok(Err(broken));
            }
        }
        if page.is_empty() {
            return Ok(follower.end(head.as_ref(), chain));
        }
    }
}
