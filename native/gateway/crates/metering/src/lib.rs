//! What a call to a provider cost.
//!
//! A [`PriceTable`] says what each model costs at a moment, by kind of token, exact to the nano-dollar;
//! an [`Attempt`] records one call to reach a provider. Nothing here does I/O or reads a clock.
//!
//! ```
//! use convergio_metering::{Context, PriceTable, Tokens};
//!
//! let table = PriceTable::builtin();
//! let model = table.find("openai", "gpt-4o-mini-2024-07-18").unwrap();
//! let tokens = Tokens { input: 1_000, output: 500, ..Tokens::default() };
//! let cost = model.cost_of(&tokens, &Context::at(1_795_392_000)).unwrap();
//! assert_eq!(cost, 450_000); // nano-dollars: $0.00045
//! ```
#![forbid(unsafe_code)]

mod clause;
mod event;
mod table;

pub use event::{Attempt, CredentialSource, KeyUsed, Outcome, Tokens};
pub use table::{Context, FlatRates, ModelPrices, Override, PriceTable, Source};
