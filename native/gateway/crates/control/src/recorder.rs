//! Writing down what requests did: their attempts and their audit row, in one transaction.
//!
//! Requests queue their record and wait until it is committed; one task takes whatever has queued up
//! and commits it together. The queue is bounded: when the disk cannot keep up, requests wait, and
//! nothing is dropped. A record waits for the database, not for the disk: see [`Store::record`].
use std::fmt;
use std::sync::Arc;

use convergio_audit::{AuditError, Chain, Entry, Event};
use convergio_engine::Attempt;
use convergio_store::{
    AuditColumns, KeyId, Millis, Store, StoreError, TenantId, UsageEvent, UserId,
};
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

/// The most records that are committed together.
const BATCH: usize = 256;

const NOT_RECORDED: &str = "a request is not recorded: the gateway is going down";

/// What one request did.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) tenant: TenantId,
    pub(crate) user: UserId,
    /// The gateway's own id.
    pub(crate) request_id: String,
    /// When it ended.
    pub(crate) at: Millis,
    /// The model that was asked for, as the caller named it.
    pub(crate) model: String,
    pub(crate) attempts: Vec<Attempt>,
    /// Its audit row is still to be written.
    pub(crate) unaudited: bool,
}

impl Record {
    fn usage(&self) -> impl Iterator<Item = UsageEvent> + '_ {
        self.attempts.iter().map(|attempt| UsageEvent {
            tenant: self.tenant.clone(),
            user: self.user.clone(),
            request_id: self.request_id.clone(),
            attempt: i64::from(attempt.number),
            key: attempt.key.as_ref().and_then(|key| key.id.parse::<KeyId>().ok()),
            key_version: attempt.key.as_ref().map(|key| key.version),
            provider: attempt.provider.clone(),
            model: attempt.model.clone(),
            region: attempt.region.clone(),
            input_tokens: attempt.tokens.input,
            cached_tokens: attempt.tokens.cached_input,
            cache_write_tokens: attempt.tokens.cache_write,
            cache_write_long_tokens: attempt.tokens.cache_write_long,
            output_tokens: attempt.tokens.output,
            reasoning_tokens: attempt.tokens.reasoning,
            cost_nanos: attempt.cost_nano_usd,
            price_digest: attempt.price_table.clone(),
            estimated: attempt.estimated,
            latency_ms: whole(attempt.latency_ms),
            first_token_ms: attempt.first_token_ms.map(whole),
            outcome: attempt.outcome.as_str().to_owned(),
            credential_source: attempt.credential_source.as_str().to_owned(),
            occurred_at: attempt.at_ms.saturating_add(whole(attempt.latency_ms)),
        })
    }

    /// The row of the audit log: all attempts together, and the model that answered, or was asked
    /// last.
    fn row(&self) -> Option<(TenantId, AuditColumns)> {
        if !self.unaudited {
            return None;
        }
        let total =
            |of: fn(&Attempt) -> i64| self.attempts.iter().map(of).fold(0, i64::saturating_add);
        let model = self.attempts.last().map_or(&self.model, |attempt| &attempt.model);
        let event = Event::Query {
            user: self.user.to_string(),
            model: model.clone(),
            tokens: total(|attempt| attempt.tokens.total()),
            cost_nanos: total(|attempt| attempt.cost_nano_usd),
        };
        let entry = Entry {
            tenant: self.tenant.clone(),
            at: self.at,
            request_id: self.request_id.clone(),
            event,
        };
        Some((entry.tenant.clone(), entry.to_columns()))
    }
}

fn whole(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

type Answer = oneshot::Sender<Result<(), AuditError>>;

enum Message {
    /// A record, and who waits for it.
    Record(Box<Record>, Option<Answer>),
    /// Whoever waits for everything before.
    Flush(oneshot::Sender<()>),
}

/// Records what requests did. Cheap to clone; all clones share the queue.
#[derive(Clone)]
pub(crate) struct Recorder {
    queue: mpsc::Sender<Message>,
}

impl Recorder {
    /// Starts the task that writes; it ends when all recorders are gone and the queue is empty.
    pub(crate) fn start(store: Store, chain: Chain, capacity: usize) -> Self {
        let (queue, messages) = mpsc::channel(capacity.max(1));
        tokio::spawn(run(store, chain, messages));
        Self { queue }
    }

    /// Writes the record that `take` gives, if any, and returns when it is committed. It is taken only
    /// once there is room for it: whoever stops waiting before has lost nothing.
    ///
    /// # Errors
    /// `Store` when it could not be written, `Closed` when nobody writes any more.
    pub(crate) async fn record(
        &self,
        take: impl FnOnce() -> Option<Record> + Send,
    ) -> Result<(), AuditError> {
        let room = self.queue.reserve().await.map_err(|_| AuditError::Closed)?;
        let Some(record) = take() else { return Ok(()) };
        let (answer, written) = oneshot::channel();
        room.send(Message::Record(Box::new(record), Some(answer)));
        written.await.map_err(|_| AuditError::Closed)?
    }

    /// Writes a record that nobody waits for: the client went away.
    pub(crate) fn record_aside(&self, record: Record) {
        match self.queue.try_send(Message::Record(Box::new(record), None)) {
            Ok(()) => {}
            // While the runtime ends there is none to wait in, and nobody to write either.
            Err(TrySendError::Full(message)) if Handle::try_current().is_ok() => {
                let queue = self.queue.clone();
                tokio::spawn(async move {
                    if queue.send(message).await.is_err() {
                        tracing::error!("{NOT_RECORDED}");
                    }
                });
            }
            Err(_) => tracing::error!("{NOT_RECORDED}"),
        }
    }

    /// Returns when everything that was queued before is committed.
    pub(crate) async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.queue.send(Message::Flush(done)).await.is_err() || written.await.is_err() {
            tracing::error!("the recorder ended before the gateway did");
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recorder({} free)", self.queue.capacity())
    }
}

async fn run(store: Store, chain: Chain, mut messages: mpsc::Receiver<Message>) {
    let mut queued = Vec::with_capacity(BATCH);
    while messages.recv_many(&mut queued, BATCH).await > 0 {
        let (mut batch, mut flushed) = (Vec::new(), Vec::new());
        for message in queued.drain(..) {
            match message {
                Message::Record(record, answer) => batch.push((record, answer)),
                Message::Flush(done) => flushed.push(done),
            }
        }
        write(&store, &chain, batch).await;
        for done in flushed {
            if done.send(()).is_err() {
                tracing::debug!("nobody waited for the records");
            }
        }
    }
}

async fn write(store: &Store, chain: &Chain, batch: Vec<(Box<Record>, Option<Answer>)>) {
    if batch.is_empty() {
        return;
    }
    let usage: Vec<_> = batch.iter().flat_map(|(record, _)| record.usage()).collect();
    let rows: Vec<_> = batch.iter().filter_map(|(record, _)| record.row()).collect();
    match store.record(&usage, &rows, chain).await {
        Ok(_) => batch.into_iter().for_each(|(_, answer)| tell(answer, Ok(()))),
        // One record that cannot be written must not take the others with it.
        Err(StoreError::Conflict(_)) if batch.len() > 1 => {
            for (record, answer) in batch {
                let usage: Vec<_> = record.usage().collect();
                let rows: Vec<_> = record.row().into_iter().collect();
                let written = store.record(&usage, &rows, chain).await;
                tell(answer, written.map(drop).map_err(failed));
            }
        }
        Err(error) => {
            let error = failed(error);
            batch.into_iter().for_each(|(_, answer)| tell(answer, Err(error.clone())));
        }
    }
}

fn failed(error: StoreError) -> AuditError {
    tracing::error!(%error, "what a request did could not be recorded");
    AuditError::Store(Arc::new(error))
}

fn tell(answer: Option<Answer>, written: Result<(), AuditError>) {
    // Whoever gave up waiting has their record all the same.
    if answer.is_some_and(|answer| answer.send(written).is_err()) {
        tracing::debug!("nobody waited for a record");
    }
}
