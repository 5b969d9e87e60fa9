//! Adding rows in batches.
//!
//! Callers queue their entry and wait until it is committed; one task takes whatever has queued up and
//! commits it together, so that a hundred requests cost one flush of the disk. The queue is bounded:
//! when the disk cannot keep up, callers wait, and nobody's entry is dropped. A caller that must not
//! go on without its entry awaits [`Writer::append`]; that is what "fail closed" means here.
use std::fmt;
use std::sync::Arc;

use convergio_store::{AuditColumns, Store, StoreError, TenantId};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::chain::Chain;
use crate::event::Entry;

/// The most rows that are committed together.
pub const BATCH: usize = 256;

/// Why an entry is not in the log.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuditError {
    /// The store refused or failed; shared by all entries that were tried together.
    #[error("the audit log cannot be written: {0}")]
    Store(Arc<StoreError>),
    /// The file that entries pass through on their way cannot be written.
    #[error("the audit log cannot be written: its spool: {0}")]
    Spool(Arc<std::io::Error>),
    /// The writer was closed.
    #[error("the audit log is closed; the gateway is going down")]
    Closed,
}

type Answer = oneshot::Sender<Result<i64, AuditError>>;

/// An entry on its way, and who waits for it.
struct Waiting {
    row: (TenantId, AuditColumns),
    answer: Answer,
}

/// Adds entries. Cheap to clone; all clones share the queue.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Waiting>,
}

impl Writer {
    /// Starts the task that writes; it ends when all writers are gone and the queue is empty. Await
    /// the handle to know that everything is written. `capacity` entries may queue up.
    pub fn start(store: Store, chain: Chain, capacity: usize) -> (Self, JoinHandle<()>) {
        let (queue, entries) = mpsc::channel(capacity.max(1));
        (Self { queue }, tokio::spawn(run(store, chain, entries)))
    }

    /// Adds an entry and gives its number once it is on the disk.
    ///
    /// # Errors
    /// `Store` when it could not be written, `Closed` when the writer's task is gone.
    pub async fn append(&self, entry: Entry) -> Result<i64, AuditError> {
        let (answer, written) = oneshot::channel();
        let row = (entry.tenant.clone(), entry.to_columns());
        let waiting = Waiting { row, answer };
        self.queue.send(waiting).await.map_err(|_| AuditError::Closed)?;
        written.await.map_err(|_| AuditError::Closed)?
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Writer({} free)", self.queue.capacity())
    }
}

async fn run(store: Store, chain: Chain, mut entries: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH);
    while entries.recv_many(&mut batch, BATCH).await > 0 {
        let (rows, answers): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|waiting: Waiting| (waiting.row, waiting.answer)).unzip();
        match store.append_audit(&rows, &chain).await {
            Ok(numbers) => {
                for (answer, number) in answers.into_iter().zip(numbers) {
                    tell(answer, Ok(number));
                }
            }
            // One entry that cannot be written must not take the others with it.
            Err(StoreError::Conflict(_)) if rows.len() > 1 => {
                one_by_one(&store, &chain, &rows, answers).await;
            }
            Err(error) => {
                let error = failed(error);
                answers.into_iter().for_each(|answer| tell(answer, Err(error.clone())));
            }
        }
    }
}

async fn one_by_one(
    store: &Store,
    chain: &Chain,
    rows: &[(TenantId, AuditColumns)],
    answers: Vec<Answer>,
) {
    for (row, answer) in rows.iter().zip(answers) {
        let written = store.append_audit(std::slice::from_ref(row), chain).await;
        let number = written.map(|numbers| numbers.first().copied().unwrap_or_default());
        tell(answer, number.map_err(failed));
    }
}

fn failed(error: StoreError) -> AuditError {
    tracing::error!(%error, "an audit entry could not be written");
    AuditError::Store(Arc::new(error))
}

fn tell(answer: Answer, written: Result<i64, AuditError>) {
    // Whoever gave up waiting has their entry all the same.
    if answer.send(written).is_err() {
        tracing::debug!("nobody waited for an audit entry");
    }
}
