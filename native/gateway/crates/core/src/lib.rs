//! Safe Rust over the C core.
//!
//! The core decides and never acts: it has no I/O, no clock, no globals and no allocator of its
//! own. This crate maps each of its types explicitly, turns every status into a [`Result`], and
//! lends it [`Allocator`], so that Rust owns every byte the core ever holds.
//!
//! ```
//! use convergio_core::{Price, Usage};
//!
//! let price = Price { input: 2_500_000_000, output: 10_000_000_000, ..Price::default() };
//! let usage = Usage { input: 1_000, output: 500, ..Usage::default() };
//! assert_eq!(price.cost_of(&usage)?, 7_500_000); // nano-dollars: $0.0075
//! # Ok::<(), convergio_core::Error>(())
//! ```
mod budget;
mod compaction;
mod edition;
mod memory;
mod money;
mod plan;
mod retry;
mod route;
mod status;
mod text;
mod version;

pub use budget::{Budget, BudgetConfig, BudgetState, Change, Level, Reservation};
pub use compaction::{Compaction, CompactionConfig, Message, Role};
pub use edition::{Edition, Features, Privacy, Profile};
pub use memory::Allocator;
pub use money::{Price, Usage};
pub use plan::{Plan, PlanError, PlanNode, Schedule};
pub use retry::RetryPolicy;
pub use route::{
    Candidate, Complexity, Decision, Locality, MAX_CANDIDATES, Reason, RouteRequest, Stage, decide,
    explain, score,
};
pub use status::{Error, Result, Status};
pub use text::{estimate_tokens, truncate, validate};
pub use version::{ABI_VERSION, abi_version, check_abi, version, version_c};
