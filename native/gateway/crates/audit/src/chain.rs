//! How rows are bound to each other.
//!
//! The digest of a row is SHA-256 over a domain word, the tenant, the row's number, the digest of the
//! row before (nothing for the first) and every field, each preceded by whether it is there and by its
//! length, so that no two rows run together into the same bytes. The seal of a chain's end is
//! HMAC-SHA-256 over tenant, number and digest under a key that is not in the database.
use std::fmt;

use convergio_store::{AuditChain, AuditColumns, AuditHead, TenantId};
use ring::digest::{Context, SHA256};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretBox};
use subtle::ConstantTimeEq as _;

const ROW: &[u8] = b"convergio audit row 1";
const HEAD: &[u8] = b"convergio audit head 1";

/// Makes digests and seals.
pub struct Chain(hmac::Key);

impl Chain {
    /// For what the key that seals must be derived, so that verifying finds the same one.
    pub const PURPOSE: &'static str = "convergio audit: head";

    /// A chain sealed with `key`, which must stay the same for the life of the database.
    pub fn new(key: &SecretBox<[u8; 32]>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret()))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chain([redacted])")
    }
}

/// The digest of a row; it needs no key, so anybody can verify it.
pub(crate) fn digest(
    tenant: &TenantId,
    seq: i64,
    previous: &[u8],
    columns: &AuditColumns,
) -> [u8; 32] {
    // Taken apart without "..": a new column cannot be forgotten here.
    let AuditColumns {
        kind,
        occurred_at,
        request_id,
        user,
        model,
        tokens,
        cost_nanos,
        ip,
        device,
        success,
        action,
        target,
    } = columns;
    let mut context = Context::new(&SHA256);
    let mut add = |field: Option<&[u8]>| match field {
        None => context.update(&[0]),
        Some(bytes) => {
            context.update(&[1]);
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(bytes);
        }
    };
    let text = |field: &Option<String>| field.as_ref().map(|text| text.as_bytes().to_vec());
    let number = |field: &Option<i64>| field.map(|number| number.to_be_bytes().to_vec());
    add(Some(ROW));
    add(Some(tenant.as_str().as_bytes()));
    add(Some(&seq.to_be_bytes()));
    add(Some(previous));
    add(Some(kind.as_bytes()));
    add(Some(&occurred_at.to_be_bytes()));
    add(Some(request_id.as_bytes()));
    add(Some(user.as_bytes()));
    add(text(model).as_deref());
    add(number(tokens).as_deref());
    add(number(cost_nanos).as_deref());
    add(text(ip).as_deref());
    add(text(device).as_deref());
    add(success.map(|success| [u8::from(success)]).as_ref().map(<[u8; 1]>::as_slice));
    add(text(action).as_deref());
    add(text(target).as_deref());
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

impl AuditChain for Chain {
    fn digest(
        &self,
        tenant: &TenantId,
        seq: i64,
        previous: &[u8],
        columns: &AuditColumns,
    ) -> [u8; 32] {
        digest(tenant, seq, previous, columns)
    }

    fn seal(&self, tenant: &TenantId, seq: i64, digest: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [HEAD, tenant.as_str().as_bytes(), &seq.to_be_bytes(), digest] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        out
    }

    fn accepts(&self, tenant: &TenantId, head: &AuditHead) -> bool {
        self.seal(tenant, head.seq, &head.digest).ct_eq(head.seal.as_slice()).into()
    }
}
