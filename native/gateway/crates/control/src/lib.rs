//! The control plane, without HTTP: accounts, vault, audit log and store put together.
//!
//! [`Control`] has one method per use case, and each does the same three things in the same order:
//! may they, do it, write it down. Nothing else decides who may do what: the HTTP layer and the command
//! line only translate. Whatever changes something returns after its audit row is on the disk; when
//! the row cannot be written the call fails, and says so.
//!
//! The clock is given ([`Clock`]); nothing here reads the environment.
#![forbid(unsafe_code)]

mod audit_log;
mod budgets;
mod clock;
mod control;
mod error;
mod identify;
mod keys;
mod limits;
mod masters;
mod open;
pub mod operator;
mod people;
pub mod places;
mod query;
mod recorder;
mod reminders;
mod sessions;
mod settings;
mod setup;
mod tokens;
mod usage;

pub use audit_log::{AuditPage, AuditQuery};
pub use budgets::HIGHEST_LIMIT;
pub use clock::{Clock, SystemClock};
pub use control::{By, Control};
pub use convergio_accounts::{
    AccountError, Caller, Founder, Permission, Person, Scope, Scopes, Through,
};
pub use convergio_audit::{Broken, Entry as AuditEntry, Event as AuditEvent, Verified};
pub use convergio_store::{AuditRow, UsageBy, UsageCursor, UsageEvent, UsageTotal};
pub use convergio_store::{KeyId, Millis, Role, SetupFor, TenantId, TokenId, UserId};
pub use convergio_vault::{KeyView, VersionView};
pub use error::{ControlError, Result};
pub use identify::Presented;
pub use keys::{KeyChange, KeyReport, Month, NewKey, Tested};
pub use limits::{Admission, Refusal};
pub use masters::{Rewrap, VaultView};
pub use open::{MasterKeyPlace, Options};
pub use people::{PersonView, Standing};
pub use places::Providers;
pub use query::Query;
pub use reminders::{Reminder, Upkeep};
pub use sessions::{Arrival, Session, SessionView};
pub use settings::{Settings, SettingsChange};
pub use setup::SetupLink;
pub use tokens::{Issued, NewToken, TokenView};
pub use usage::{Span, UsagePage, UsageReport};
