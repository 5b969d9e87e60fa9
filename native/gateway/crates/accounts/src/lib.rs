//! Who is there, and what they may do.
//!
//! [`Accounts`] puts the pieces to work on the store: [`Passwords`] (Argon2id), session tokens with
//! their CSRF tokens, personal API tokens (`cvg_<id>_<secret>`), the one-time link that lets the first
//! administrator in, and one table of what each role may do ([`allows`]). Nothing that lets somebody in
//! is stored: of passwords there is an Argon2id hash, of all random tokens SHA-256, compared in constant
//! time. Logging in, out and every change is for the caller to audit.

mod accounts;
mod caller;
mod error;
mod password;
mod random;
mod role;
mod throttle;
mod token;

pub use accounts::{Accounts, Attempt, Founder, LoggedIn, Options, Person, SetupLink};
pub use caller::{Caller, Through};
pub use error::{AccountError, Result};
pub use password::{Checked, Cost, Passwords};
pub use role::{Permission, Scope, Scopes, UnknownScope, allows};
pub use throttle::Throttle;
pub use token::{ApiToken, csrf_matches, csrf_token};
