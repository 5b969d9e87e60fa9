//! The control plane, without HTTP: accounts, vault, audit log and store put together.
//!
//! [`Control`] has one method per use case, and each does the same three things in the same order:
//! may they, do it, write it down. Nothing else decides who may do what: the HTTP layer and the command
//! line only translate. Whatever changes something returns after its audit row is on the disk; when
//! the row cannot be written the call fails, and says so.
//!
//! The clock is given ([`Clock`]); nothing here reads the environment.
#![forbid(unsafe_code)]

mod clock;
mod control;
mod error;
mod identify;
mod limits;
mod masters;
mod open;
mod people;
mod query;
mod recorder;
mod sessions;
mod setup;
mod tokens;

pub use clock::{Clock, SystemClock};
pub use control::{By, Control};
pub use convergio_accounts::{AccountError, Caller, Founder, Permission, Scope, Scopes, Through};
pub use convergio_store::{KeyId, Millis, Role, TenantId, TokenId, UserId};
pub use error::{ControlError, Result};
pub use identify::Presented;
pub use limits::{Admission, Refusal};
pub use masters::{Rewrap, VaultView};
pub use open::{MasterKeyPlace, Options};
pub use people::{PersonView, Standing};
pub use query::Query;
pub use sessions::{Arrival, Session, SessionView};
pub use setup::SetupLink;
pub use tokens::{Issued, NewToken, TokenView};
