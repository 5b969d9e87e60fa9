//! Other people's keys, kept so that a stolen database is worth nothing.
//!
//! Each version of a provider key is sealed under a data key of its own; the data key is wrapped by
//! a versioned master key that is never in the database. What it belongs to (tenant, provider, key,
//! version) is bound into both, so that bytes moved to another place do not open. [`sealed`] has the
//! format, [`envelope`] the cryptography, [`source`] where master keys come from, [`lifecycle`] when
//! a key is due, and [`Vault`] puts them to work on the store.
//!
//! What this protects against and what not: whoever has the database, a backup or the disk, but not
//! the master key, learns names, providers, fingerprints and last four characters, and can neither
//! read a secret nor put one in another's place. Whoever can write the database can put a whole older
//! row in the place of a newer one; a secret that is older than its row says is refused. Whoever reads
//! the memory of the running gateway has the master key.

pub mod envelope;
mod error;
mod fingerprint;
pub mod lifecycle;
mod master;
mod random;
pub mod sealed;
mod secret;
pub mod source;
mod vault;

pub use envelope::Binding;
pub use error::{Result, VaultError};
pub use fingerprint::Pepper;
pub use master::{DataKey, MasterKeyring, MasterKeys, Pending};
pub use secret::check as check_secret;
pub use vault::{
    KeyView, Lease, NewSecret, Outlived, Probe, Reload, Rewrapped, Unmoved, Vault, VersionView,
};
