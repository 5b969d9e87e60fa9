//! What Convergio remembers, in one SQLite file.
//!
//! Tenants are kept apart by construction: rows of a tenant are reached through [`Store::tenant`],
//! whose every query has the tenant in it. The few queries that must run before the tenant is known
//! (who logs in, whose token is this) and those of the installation as a whole are methods of
//! [`Store`] itself; `tests/queries.rs` holds the closed list of them and reads the SQL of all others.
//!
//! Nothing here encrypts, hashes or decides: secrets arrive sealed, passwords and tokens hashed, the
//! time is given by the caller.

mod audit;
mod backup;
mod error;
mod id;
mod installation;
mod key_limits;
mod open;
mod provider_keys;
mod records;
mod resealing;
mod sessions;
mod settings;
mod setup;
mod tenants;
mod tokens;
mod usage;
mod users;
mod versions;

pub use audit::{AuditChain, AuditColumns, AuditFilter, AuditHead, AuditRow};
pub use backup::Backup;
pub use error::{Conflict, Result, StoreError};
pub use id::{BadId, KeyId, TenantId, TokenId, UserId};
pub use installation::InstallationSecret;
pub use key_limits::LimitedKey;
pub use open::{Durability, Options, SCHEMA, Store};
pub use provider_keys::{NewKey, ProviderKey};
pub use sessions::{NewSession, Session};
pub use settings::Setting;
pub use setup::SetupFor;
pub use tenants::{Tenant, TenantRow};
pub use tokens::{NewToken, Token};
pub use usage::{UsageBy, UsageCursor, UsageEvent, UsageFilter, UsageTotal};
pub use users::{NewUser, Role, User};
pub use versions::{KeyState, KeyVersion, NewVersion, SealedVersion};

/// A point in time: milliseconds since 1970, UTC. The caller's clock, never ours.
pub type Millis = i64;
