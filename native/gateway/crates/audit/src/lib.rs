//! What happened, who did it, and proof that nobody edited it since.
//!
//! Each tenant has a chain of rows: [`Event`] says what a row can hold, [`Chain`] how rows are bound to
//! each other, [`Writer`] adds them in batches, [`verify`] finds the first row that is not what was
//! written. There is no function that changes or deletes a row, and the database refuses it too.
//!
//! What this proves and what not: whoever edits, deletes, reorders or inserts rows, or cuts them off the
//! end, is found, because the end of each chain is sealed with a key that is not in the database.
//! Whoever has that key as well can write another history; and the whole file, put back as it was at an
//! earlier time, is a true history up to then. Keep the head that verifying prints elsewhere, and
//! compare: that finds both.

mod chain;
mod event;
mod verify;
mod writer;

pub use chain::Chain;
pub use event::{Entry, Event, NotAnEvent, Word, key_action};
pub use verify::{Broken, Fault, Verified, verify, verify_all, verify_tenant};
pub use writer::{AuditError, BATCH, Writer};
