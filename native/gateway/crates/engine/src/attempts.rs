//! The account of one request: every call upstream is an attempt, every attempt is told to whoever
//! meters, and what they cost together is what the budget is charged.
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use convergio_metering::{Attempt, CredentialSource as Source, KeyUsed, Outcome, Tokens};
use convergio_providers::{Credential, CredentialSource, KeptAs, Watch};
use convergio_wire::{ErrorCode, Failure, Model, Usage};

use crate::ledger::Hold;
use crate::prices::{Asked, Prices, tokens};

/// Is told of each attempt of a request as it ends, in their order. It must not block.
pub trait Meter: Send + Sync {
    /// An attempt ended.
    fn attempt(&self, attempt: Attempt);
}

impl fmt::Debug for dyn Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter")
    }
}

/// One request on the books. However it ends, its reservation is closed with what its attempts cost,
/// and an attempt that is still open then was cancelled.
pub(crate) struct Attempts {
    prices: Arc<Prices>,
    meter: Option<Arc<dyn Meter>>,
    /// What a provider charges for that has read the prompt and told nothing: our estimate of it.
    prompt: Usage,
    /// What an answer was expected to cost, for counts that cannot be.
    expected: i64,
    /// Whether asking this costs anything.
    free: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    hold: Option<Hold>,
    /// What is held of the limit of the key that is asked with, and what was spent before it was.
    key: Option<(Hold, i64)>,
    spent: i64,
    number: u32,
    asked: Option<Question>,
    open: Option<Open>,
}

impl State {
    /// Books what was spent with the key that was asked with.
    fn leave_key(&mut self) {
        if let Some((hold, before)) = self.key.take() {
            hold.settle(self.spent.saturating_sub(before));
        }
    }
}

/// Whom the next call goes to, and on whose key.
struct Question {
    provider: String,
    model: String,
    region: Option<String>,
    source: Source,
    key: Option<KeptAs>,
}

/// An attempt that has not ended.
struct Open {
    at_ms: i64,
    sent: Instant,
    first_token: Option<Instant>,
}

impl Attempts {
    /// An account over `hold`, for a prompt that is estimated at `prompt` and an answer that is
    /// expected to cost `expected`.
    pub(crate) fn new(
        prices: &Arc<Prices>,
        meter: Option<&Arc<dyn Meter>>,
        hold: Hold,
        prompt: Usage,
        expected: i64,
    ) -> Self {
        Self {
            prices: Arc::clone(prices),
            meter: meter.map(Arc::clone),
            prompt,
            expected,
            free: false,
            state: Mutex::new(State { hold: Some(hold), ..State::default() }),
        }
    }

    /// An account of what providers do not charge for.
    pub(crate) fn of_free(prices: &Arc<Prices>, meter: Option<&Arc<dyn Meter>>) -> Self {
        Self {
            prices: Arc::clone(prices),
            meter: meter.map(Arc::clone),
            prompt: Usage::default(),
            expected: 0,
            free: true,
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state whole, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names whom the following calls go to.
    pub(crate) fn ask(&self, model: &Model, region: Option<&str>, credential: &Credential) {
        let mut state = self.lock();
        state.leave_key();
        state.asked = Some(Question {
            provider: model.provider.clone(),
            model: model.id.clone(),
            region: region.map(str::to_owned),
            source: match credential.source {
                CredentialSource::User => Source::User,
                CredentialSource::House => Source::House,
            },
            key: credential.kept.clone(),
        });
    }

    /// What is held of the limit of the key that is about to be asked with.
    pub(crate) fn hold_of_key(&self, hold: Option<Hold>) {
        let mut state = self.lock();
        state.key = hold.map(|hold| (hold, state.spent));
    }

    /// The first piece of an answer is there.
    pub(crate) fn first_token(&self) {
        if let Some(open) = &mut self.lock().open {
            open.first_token.get_or_insert_with(Instant::now);
        }
    }

    /// The attempt that is open ended like this; gives what the whole request has cost.
    pub(crate) fn settle(&self, usage: &Usage, tier: Option<&str>, outcome: Outcome) -> i64 {
        let spent = self.close(Some(usage), tier, outcome);
        self.book(spent);
        spent
    }

    /// Closes the reservations of a request that has cost `spent` in all.
    fn book(&self, spent: i64) {
        let mut state = self.lock();
        state.leave_key();
        if let Some(hold) = state.hold.take() {
            hold.settle(spent);
        }
    }

    /// The same for one that nothing is charged for.
    pub(crate) fn answered_free(&self) {
        self.close(None, None, Outcome::Answered);
    }

    /// The digest of the prices it goes by.
    pub(crate) fn price_table(&self) -> &str {
        self.prices.digest()
    }

    fn close(&self, usage: Option<&Usage>, tier: Option<&str>, outcome: Outcome) -> i64 {
        let mut state = self.lock();
        let Some(open) = state.open.take() else { return state.spent };
        let Some(asked) = &state.asked else { return state.spent };
        let known = Asked {
            provider: &asked.provider,
            model: &asked.model,
            region: asked.region.as_deref(),
            service_tier: tier,
            at_ms: open.at_ms,
        };
        let charge = match usage.filter(|_| !self.free) {
            Some(usage) => self.charge(known, usage),
            None => Charge::default(),
        };
        let attempt = Attempt {
            number: state.number,
            at_ms: open.at_ms,
            provider: asked.provider.clone(),
            model: asked.model.clone(),
            region: asked.region.clone(),
            key: asked.key.clone().map(|KeptAs { id, version }| KeyUsed { id, version }),
            credential_source: asked.source,
            tokens: charge.tokens,
            estimated: charge.estimated,
            cost_nano_usd: charge.cost,
            price_table: self.prices.digest().to_owned(),
            latency_ms: millis(open.sent, Instant::now()),
            first_token_ms: open.first_token.map(|at| millis(open.sent, at)),
            outcome,
        };
        state.spent = state.spent.saturating_add(charge.cost);
        let spent = state.spent;
        drop(state);
        if let Some(meter) = &self.meter {
            meter.attempt(attempt);
        }
        spent
    }

    fn charge(&self, asked: Asked<'_>, usage: &Usage) -> Charge {
        let priced =
            tokens(usage).and_then(|tokens| Ok((tokens, self.prices.cost(asked, &tokens)?)));
        match priced {
            Ok((tokens, cost)) => Charge { tokens, cost, estimated: usage.estimated },
            // Impossible counts must not make an answer free: book what it was expected to cost.
            Err(error) => {
                tracing::error!(%error, model = asked.model, "reported usage cannot be priced");
                let tokens = tokens(&self.prompt).unwrap_or_default();
                Charge { tokens, cost: self.expected, estimated: true }
            }
        }
    }
}

#[derive(Default)]
struct Charge {
    tokens: Tokens,
    cost: i64,
    estimated: bool,
}

/// Does a provider charge for a call that failed like this? What it says itself is a refusal, and
/// free; one that fell silent or broke off has read the prompt.
pub(crate) fn is_charged(failure: &Failure) -> bool {
    match failure.code {
        ErrorCode::ProviderTruncated => true,
        ErrorCode::ProviderTimeout => failure.provider.is_none(),
        _ => false,
    }
}

impl Watch for Attempts {
    fn sent(&self) {
        let mut state = self.lock();
        state.number += 1;
        state.open = Some(Open { at_ms: now_ms(), sent: Instant::now(), first_token: None });
    }

    fn failed(&self, failure: &Failure) {
        let charged = is_charged(failure).then_some(&self.prompt);
        self.close(charged, None, Outcome::Failed(failure.code.as_str().to_owned()));
    }
}

impl Drop for Attempts {
    /// The caller went away in the middle: a provider charges for a call that it has begun, whether or
    /// not anybody still waits.
    fn drop(&mut self) {
        let spent = self.close(Some(&self.prompt), None, Outcome::Cancelled);
        self.book(spent);
    }
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts").field("number", &self.lock().number).finish_non_exhaustive()
    }
}

fn millis(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
