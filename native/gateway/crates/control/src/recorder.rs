//! Writing down what requests did: their attempts and their audit row, in one transaction.
//!
//! Requests queue their record and wait until it is committed; one task takes whatever has queued up
//! and commits it together. The queue is bounded: when the disk cannot keep up, requests wait, and
//! nothing is dropped. A record waits for the database, not for the disk: see [`Store::record`].
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use convergio_audit::{AuditError, Chain, Entry, Event};
use convergio_engine::Attempt;
use convergio_store::{
    AuditChain as _, AuditColumns, AuditHead, KeyId, Millis, Store, StoreError, TenantId,
    UsageEvent, UserId,
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
    let mut writing = Writing { store, chain, ends: HashMap::new() };
    let mut queued = Vec::with_capacity(BATCH);
    while messages.recv_many(&mut queued, BATCH).await > 0 {
        let (mut batch, mut flushed) = (Vec::new(), Vec::new());
        for message in queued.drain(..) {
            match message {
                Message::Record(record, answer) => batch.push((record, answer)),
                Message::Flush(done) => flushed.push(done),
            }
        }
        writing.write(batch).await;
        for done in flushed {
            if done.send(()).is_err() {
                tracing::debug!("nobody waited for the records");
            }
        }
    }
}

/// What the task that writes works with.
struct Writing {
    store: Store,
    chain: Chain,
    /// Where chains ended when they were last seen, so that it needs not be read again. Somebody else
    /// may have added to one since: then the store says so.
    ends: HashMap<TenantId, AuditHead>,
}

/// More ends are not remembered.
const MOST_ENDS: usize = 1_000;

impl Writing {
    async fn write(&mut self, batch: Vec<(Box<Record>, Option<Answer>)>) {
        if batch.is_empty() {
            return;
        }
        if let [(record, _)] = &batch[..]
            && self.in_one_statement(record).await
        {
            return batch.into_iter().for_each(|(_, answer)| tell(answer, Ok(())));
        }
        let usage: Vec<_> = batch.iter().flat_map(|(record, _)| record.usage()).collect();
        let rows: Vec<_> = batch.iter().filter_map(|(record, _)| record.row()).collect();
        match self.store.record(&usage, &rows, &self.chain).await {
            Ok(_) => {
                self.look(rows.last().map(|(tenant, _)| tenant)).await;
                batch.into_iter().for_each(|(_, answer)| tell(answer, Ok(())));
            }
            // One record that cannot be written must not take the others with it.
            Err(StoreError::Conflict(_)) if batch.len() > 1 => {
                for (record, answer) in batch {
                    let usage: Vec<_> = record.usage().collect();
                    let rows: Vec<_> = record.row().into_iter().collect();
                    let written = self.store.record(&usage, &rows, &self.chain).await;
                    tell(answer, written.map(drop).map_err(failed));
                }
            }
            Err(error) => {
                let error = failed(error);
                batch.into_iter().for_each(|(_, answer)| tell(answer, Err(error.clone())));
            }
        }
    }

    /// Writes a record with one attempt and an audit row where the end of its chain is known. Whatever
    /// comes in between, the long way says what it is.
    async fn in_one_statement(&mut self, record: &Record) -> bool {
        let Some(end) = self.ends.remove(&record.tenant) else { return false };
        let (Some((_, row)), [_]) = (record.row(), &record.attempts[..]) else { return false };
        let Some(attempt) = record.usage().next() else { return false };
        match self.store.record_one(&attempt, &row, &end, &self.chain).await {
            Ok(next) => {
                self.ends.insert(record.tenant.clone(), next);
                true
            }
            Err(error) => {
                tracing::debug!(%error, "not in one statement");
                false
            }
        }
    }

    /// Looks where a chain ends, for the records to come.
    async fn look(&mut self, tenant: Option<&TenantId>) {
        let Some(tenant) = tenant else { return };
        // A failure is told by the next record, which then goes the long way.
        if let Ok(Some(end)) = self.store.tenant(tenant).audit_head().await
            && self.chain.accepts(tenant, &end)
        {
            if self.ends.len() >= MOST_ENDS {
                self.ends.clear();
            }
            self.ends.insert(tenant.clone(), end);
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

#[cfg(test)]
mod tests {
    use convergio_engine::{Outcome, PaidBy, Tokens};
    use convergio_store::{Durability, NewUser, Options, Role, UsageBy, UsageFilter};
    use secrecy::SecretBox;
    use tempfile::TempDir;

    use super::*;

    const NOW: Millis = 1_790_000_000_000;
    const EVERYTHING: UsageFilter = UsageFilter { user: None, from: 0, to: i64::MAX };

    async fn store(folder: &TempDir) -> (Store, TenantId, UserId) {
        let path = folder.path().join("c.db");
        let options = Options { durability: Durability::Checkpoint, ..Options::new(path) };
        let store = Store::open(&options).await.expect("a database");
        let tenant = store.create_tenant("Home", NOW).await.expect("a tenant");
        let ada = NewUser { email: "ada@example.org", role: Role::Admin, password_hash: "x" };
        let user = store.tenant(&tenant).add_user(ada, NOW).await.expect("a user");
        (store, tenant, user)
    }

    fn chain() -> Chain {
        Chain::new(&SecretBox::new(Box::new([7; 32])))
    }

    fn record(tenant: &TenantId, user: &UserId, request: &str) -> Record {
        let attempt = |number| Attempt {
            number,
            at_ms: NOW,
            provider: "openai".to_owned(),
            model: "gpt-4o-mini".to_owned(),
            region: None,
            key: None,
            credential_source: PaidBy::User,
            tokens: Tokens { input: 10, output: 5, ..Tokens::default() },
            estimated: false,
            cost_nano_usd: 40,
            price_table: "0".repeat(64),
            latency_ms: 3,
            first_token_ms: None,
            outcome: Outcome::Answered,
        };
        Record {
            tenant: tenant.clone(),
            user: user.clone(),
            request_id: request.to_owned(),
            at: NOW,
            model: "auto".to_owned(),
            attempts: vec![attempt(1), attempt(2)],
            unaudited: true,
        }
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_written_all_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, tenant, user) = store(&folder).await;
        let recorder = Recorder::start(store.clone(), chain(), 4);
        for at in 0..300 {
            recorder.record_aside(record(&tenant, &user, &format!("r{at}")));
        }
        let of = store.tenant(&tenant);
        // What found no room waits in tasks of its own.
        let total = loop {
            recorder.flush().await;
            let total = of.usage(UsageBy::Model, &EVERYTHING).await.expect("sums").remove(0);
            if total.requests == 300 {
                break total;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!((total.requests, total.attempts, total.cost_nanos), (300, 600, 24_000));
        let verified = convergio_audit::verify_all(&store, Some(&chain())).await.expect("read");
        assert!(matches!(&verified[..], [Ok(found)] if found.rows == 300), "{verified:?}");
        let row = of.audit_after(0, 1).await.expect("rows").remove(0).columns;
        assert_eq!((row.tokens, row.cost_nanos), (Some(30), Some(80)), "of all attempts");
        assert_eq!(row.model.as_deref(), Some("gpt-4o-mini"), "the one that answered");
    }

    #[tokio::test]
    async fn one_that_cannot_be_written_does_not_take_others_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, tenant, user) = store(&folder).await;
        let recorder = Recorder::start(store.clone(), chain(), 16);
        let nowhere = TenantId::new(NOW);
        let (one, bad, two) = tokio::join!(
            recorder.record(|| Some(record(&tenant, &user, "one"))),
            recorder.record(|| Some(record(&nowhere, &user, "bad"))),
            recorder.record(|| Some(record(&tenant, &user, "two"))),
        );
        assert!(one.is_ok() && bad.is_err() && two.is_ok(), "{one:?} {bad:?} {two:?}");
        let of = store.tenant(&tenant);
        let total = of.usage(UsageBy::Model, &EVERYTHING).await.expect("sums").remove(0);
        assert_eq!(total.requests, 2);
        assert!(recorder.record(|| None).await.is_ok(), "nothing to write is no fault");
    }

    #[tokio::test]
    async fn one_after_the_other_and_between_others_the_chain_stays_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, tenant, user) = store(&folder).await;
        let recorder = Recorder::start(store.clone(), chain(), 16);
        let single = |request: &str| {
            let mut single = record(&tenant, &user, request);
            single.attempts.truncate(1);
            single
        };
        for at in 0..6 {
            recorder.record(|| Some(single(&format!("r{at}")))).await.expect("recorded");
            if at % 2 == 0 {
                // Somebody else adds to the chain meanwhile.
                let (tenant, row) = single(&format!("other{at}")).row().expect("a row");
                store.append_audit(&[(tenant, row)], &chain()).await.expect("added");
            }
        }
        let verified = convergio_audit::verify_all(&store, Some(&chain())).await.expect("read");
        assert!(matches!(&verified[..], [Ok(found)] if found.rows == 9), "{verified:?}");
        let of = store.tenant(&tenant);
        let total = of.usage(UsageBy::Model, &EVERYTHING).await.expect("sums").remove(0);
        assert_eq!((total.requests, total.attempts), (6, 6));
    }

    #[test]
    fn a_request_without_attempts_names_the_model_that_was_asked_for() {
        let (tenant, user) = (TenantId::new(NOW), UserId::new(NOW));
        let asked = Record { attempts: Vec::new(), ..record(&tenant, &user, "r") };
        let (_, row) = asked.row().expect("a row");
        assert_eq!((row.model.as_deref(), row.tokens), (Some("auto"), Some(0)));
        assert!(Record { unaudited: false, ..asked }.row().is_none());
    }
}
