//! Writing down what requests did: their attempts and their audit row, always together.
//!
//! A record is appended to the [`spool`] before its answer goes out whole, which takes one write call:
//! a crash of the process loses none. One task puts what has gathered into the database a moment
//! later, many at once; whoever reads what was recorded waits for that ([`Recorder::flush`]). The
//! spool is bounded: when the database cannot keep up, requests wait, and nothing is dropped; when it
//! refuses to write at all, answers are withheld until it does again.
mod record;
mod spool;
mod writing;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use convergio_audit::{AuditError, Chain};
use convergio_store::Store;
use secrecy::SecretBox;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};

pub(crate) use record::Record;
use record::Rows;
pub(crate) use spool::PURPOSE;
use spool::{Left, Spool};
use writing::Writing;

/// So long records gather before they go into the database.
const GATHERING: Duration = Duration::from_millis(20);

/// With so many they go at once, and no more than these go together.
const BATCH: usize = 512;

/// After a failure the database is asked again so much later.
const AGAIN: Duration = Duration::from_millis(500);

/// Beside the database: the folder of the spool, and the file of what the database refused.
const FOLDER: &str = "spool";
const REFUSED: &str = "refused-records.jsonl";

/// Records what requests did. Cheap to clone; all clones share the spool.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Owner>);

/// Ends the task that writes when the last recorder is gone.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.intake().closed = true;
        self.0.gathered.notify_one();
        self.0.urgent.notify_one();
    }
}

struct Shared {
    intake: Mutex<Intake>,
    /// How many more may be spooled.
    room: Semaphore,
    /// The first record has come.
    gathered: Notify,
    /// What has gathered shall go now.
    urgent: Notify,
    progress: watch::Sender<Progress>,
}

/// What has come in and is not in the database.
struct Intake {
    spool: Spool,
    waiting: Vec<Rows>,
    /// How many of those came although there was no room.
    squeezed: usize,
    /// How many records there were so far.
    taken: u64,
    /// Why the database takes none now.
    failing: Option<AuditError>,
    closed: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// How many records the database has.
    written: u64,
    failing: bool,
}

impl Shared {
    fn intake(&self) -> MutexGuard<'_, Intake> {
        self.intake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Spools a record. It goes into the database sooner or later, also when this fails because the
    /// database takes nothing now; only when the file cannot be written it does not.
    fn append(&self, record: &Record, room: Option<SemaphorePermit<'_>>) -> Result<(), AuditError> {
        let rows = record.rows();
        let bytes = serde_json::to_vec(&rows).map_err(std::io::Error::from).map_err(unspooled)?;
        let mut intake = self.intake();
        intake.spool.append(&bytes).map_err(unspooled)?;
        match room {
            // Given back when the database has the record.
            Some(room) => room.forget(),
            None => intake.squeezed += 1,
        }
        intake.waiting.push(rows);
        intake.taken += 1;
        match intake.waiting.len() {
            1 => self.gathered.notify_one(),
            BATCH => self.urgent.notify_one(),
            _ => {}
        }
        intake.failing.clone().map_or(Ok(()), Err)
    }

    fn failing(&self, error: Option<AuditError>) {
        let failing = error.is_some();
        self.intake().failing = error;
        self.progress.send_if_modified(|progress| {
            let changed = progress.failing != failing;
            progress.failing = failing;
            changed
        });
    }
}

fn unspooled(error: std::io::Error) -> AuditError {
    tracing::error!(%error, "what a request did could not be spooled");
    AuditError::Spool(Arc::new(error))
}

impl Recorder {
    /// Puts what a crash left in the spool of `data` into the database, and starts the task that
    /// writes; it ends when all recorders are gone and everything is written.
    ///
    /// # Errors
    /// `Spool` when its files cannot be used, `Store` when the database does not take what is left.
    pub(crate) async fn start(
        store: Store,
        chain: Chain,
        key: &SecretBox<[u8; 32]>,
        data: &Path,
        capacity: usize,
    ) -> Result<Self, AuditError> {
        let mut writing = Writing::new(store, chain, data.join(REFUSED));
        let leftover = Spool::open(&data.join(FOLDER), key).map_err(unspooled)?;
        writing.write_again(told(&leftover.left)).await.map_err(refused)?;
        let spool = leftover.emptied().map_err(unspooled)?;
        let intake = Intake {
            spool,
            waiting: Vec::new(),
            squeezed: 0,
            taken: 0,
            failing: None,
            closed: false,
        };
        let shared = Arc::new(Shared {
            intake: Mutex::new(intake),
            room: Semaphore::new(capacity.max(1)),
            gathered: Notify::new(),
            urgent: Notify::new(),
            progress: watch::Sender::default(),
        });
        tokio::spawn(run(Arc::clone(&shared), writing));
        Ok(Self(Arc::new(Owner(shared))))
    }

    /// Writes the record that `take` gives, if any; when this returns, no crash of the process loses
    /// it. It is taken only once there is room for it: whoever stops waiting before has lost nothing.
    ///
    /// # Errors
    /// `Spool` when it could not be written, `Store` when the database takes nothing now: it will
    /// be recorded when it does, but an answer must not go out.
    pub(crate) async fn record(
        &self,
        take: impl FnOnce() -> Option<Record> + Send,
    ) -> Result<(), AuditError> {
        let shared = &self.0.0;
        let room = shared.room.acquire().await.map_err(|_| AuditError::Closed)?;
        let Some(record) = take() else { return Ok(()) };
        shared.append(&record, Some(room))
    }

    /// Writes a record that nobody waits for: the client went away.
    pub(crate) fn record_aside(&self, record: &Record) {
        let shared = &self.0.0;
        // There is no waiting for room here; what goes wrong is logged where it does.
        let room = shared.room.try_acquire().ok();
        if shared.append(record, room).is_err() {
            tracing::debug!("a request was recorded aside while the database takes nothing");
        }
    }

    /// Returns when the database has everything that was recorded before, or takes nothing now.
    pub(crate) async fn flush(&self) {
        let shared = &self.0.0;
        let taken = shared.intake().taken;
        let mut progress = shared.progress.subscribe();
        let done = |progress: &Progress| progress.written >= taken || progress.failing;
        if done(&progress.borrow()) {
            return;
        }
        shared.urgent.notify_one();
        if progress.wait_for(done).await.is_err() {
            tracing::error!("the recorder ended before the gateway did");
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recorder({} free)", self.0.0.room.available_permits())
    }
}

/// The records that a crash left behind; what is no record of this program is told of.
fn told(left: &Left) -> Vec<Rows> {
    for file in &left.torn {
        let file = file.display();
        tracing::warn!(%file, "the end of a spool is no whole record: the process was ended, or the file changed");
    }
    let rows = left.entries.iter().filter_map(|entry| match serde_json::from_slice(entry) {
        Ok(rows) => Some(rows),
        Err(error) => {
            tracing::error!(%error, "a spooled record cannot be read");
            None
        }
    });
    let rows: Vec<Rows> = rows.collect();
    if !rows.is_empty() {
        tracing::info!(records = rows.len(), "recording what the process before left in its spool");
    }
    rows
}

fn refused(error: convergio_store::StoreError) -> AuditError {
    tracing::error!(%error, "what requests did could not be recorded");
    AuditError::Store(Arc::new(error))
}

async fn run(shared: Arc<Shared>, mut writing: Writing) {
    loop {
        shared.gathered.notified().await;
        tokio::select! {
            () = tokio::time::sleep(GATHERING) => {}
            () = shared.urgent.notified() => {}
        }
        while written(&shared, &mut writing).await {}
        if shared.intake().closed {
            return;
        }
    }
}

/// Puts what has gathered into the database, however long that takes; false when there was nothing,
/// or when nobody waits for it any more: then it stays in the spool.
async fn written(shared: &Shared, writing: &mut Writing) -> bool {
    let (batch, squeezed, file) = {
        let mut intake = shared.intake();
        if intake.waiting.is_empty() {
            return false;
        }
        let squeezed = std::mem::take(&mut intake.squeezed);
        (std::mem::take(&mut intake.waiting), squeezed, intake.spool.turn())
    };
    for part in batch.chunks(BATCH) {
        let mut tried = writing.write(part).await;
        while let Err(error) = tried {
            shared.failing(Some(refused(error)));
            if shared.intake().closed {
                return false;
            }
            tokio::time::sleep(AGAIN).await;
            // Some of it may have been written.
            tried = writing.write_again(part.to_vec()).await;
        }
    }
    shared.failing(None);
    if let Err(error) = shared.intake().spool.empty(file) {
        tracing::error!(%error, "the spool could not be emptied; the next start finds its records recorded");
    }
    shared.room.add_permits(batch.len() - squeezed);
    shared.progress.send_modify(|progress| progress.written += batch.len() as u64);
    true
}

#[cfg(test)]
mod tests;
