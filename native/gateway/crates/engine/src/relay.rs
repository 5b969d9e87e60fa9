//! A streamed answer on its way to the caller: understood, translated where need be, settled however
//! it ends.
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use convergio_metering::Outcome;
use convergio_providers::{Broken, Piece, Pieces};
use convergio_wire::chat;
use convergio_wire::conversation::Delta;
use convergio_wire::dialect::{Dialect, Listener, Teller};
use convergio_wire::{ErrorCode, Failure, Usage};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde_json::Value;

use crate::Receipt;
use crate::answer::{estimate, service_tier};
use crate::attempts::Attempts;

/// One event of a streamed answer, in the caller's dialect.
#[derive(Clone, Debug)]
pub enum Event {
    /// A chunk to pass on.
    Chunk(Value),
    /// The chunk with the provider's usage, and the settled receipt.
    Usage(Value, Box<Receipt>),
    /// The answer is complete. Always last, never missing from a success.
    End(Box<Receipt>),
}

/// Events of an answer: any number, then one `End` or one failure.
pub type Events = BoxStream<'static, Result<Event, Failure>>;

/// Most bytes of a streamed answer kept for estimating usage that the provider does not report.
const KEPT_TEXT: usize = 1024 * 1024;

/// Passes a streamed answer on and settles it, however it ends.
pub(crate) struct Relay {
    pieces: Pieces,
    receipt: Receipt,
    /// Until it is settled.
    attempts: Option<Arc<Attempts>>,
    /// The tier of service that the provider says it gives.
    tier: Option<String>,
    prompt: String,
    delivered: String,
    voice: Voice,
    /// The chunk with the provider's usage, kept back until the end.
    reported: Option<Value>,
    ready: VecDeque<Event>,
}

/// How chunks become the caller's.
enum Voice {
    /// OpenAI's to a caller who speaks it: passed on untouched.
    Same,
    /// Anthropic's likewise, heard for its words.
    Heard(Listener),
    /// From one dialect to another.
    Translated(Listener, Teller),
}

impl Voice {
    fn new(from: Dialect, to: Dialect) -> Self {
        match (from, to) {
            (Dialect::OpenAi, Dialect::OpenAi) => Self::Same,
            (from, to) if from == to => Self::Heard(Listener::new(from)),
            (from, to) => Self::Translated(Listener::new(from), Teller::new(to, now())),
        }
    }
}

/// Seconds since 1970, for answers that say when they were given.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

impl Relay {
    pub(crate) fn new(
        pieces: Pieces,
        receipt: Receipt,
        attempts: Arc<Attempts>,
        prompt: String,
        dialects: (Dialect, Dialect),
    ) -> Self {
        Self {
            pieces,
            receipt,
            attempts: Some(attempts),
            tier: None,
            prompt,
            delivered: String::new(),
            voice: Voice::new(dialects.0, dialects.1),
            reported: None,
            ready: VecDeque::new(),
        }
    }

    pub(crate) fn events(self) -> Events {
        stream::unfold(Some(self), |relay| async move {
            let mut relay = relay?;
            let event = relay.next().await;
            let more = matches!(event, Ok(Event::Chunk(_) | Event::Usage(..)));
            Some((event, more.then_some(relay)))
        })
        .boxed()
    }

    async fn next(&mut self) -> Result<Event, Failure> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            match self.pieces.next().await {
                Some(Ok(Piece::Chunk(chunk))) => self.take(chunk)?,
                Some(Ok(Piece::Usage(chunk))) => self.take_usage(chunk)?,
                Some(Ok(Piece::End(usage))) => self.end(usage),
                Some(Err(Broken { failure, usage })) => {
                    self.settle(usage, failed(&failure));
                    return Err(failure);
                }
                None => {
                    let message = "the provider adapter ended without an end";
                    let failure = Failure::new(ErrorCode::Internal, message);
                    self.settle(None, failed(&failure));
                    return Err(failure);
                }
            }
        }
    }

    fn take(&mut self, chunk: Value) -> Result<(), Failure> {
        if let Some(attempts) = &self.attempts {
            attempts.first_token();
        }
        self.tier = service_tier(&chunk).map(str::to_owned).or(self.tier.take());
        match &mut self.voice {
            Voice::Same => {
                for text in chat::delta_texts(&chunk) {
                    keep(&mut self.delivered, text);
                }
                self.ready.push_back(Event::Chunk(chunk));
            }
            Voice::Heard(listener) => {
                // What is passed on untouched may be more than what we understand.
                for delta in listener.hear(&chunk).unwrap_or_default() {
                    keep(&mut self.delivered, said(&delta));
                }
                self.ready.push_back(Event::Chunk(chunk));
            }
            Voice::Translated(listener, teller) => {
                let deltas = match listener.hear(&chunk) {
                    Ok(deltas) => deltas,
                    Err(failure) => {
                        self.settle(None, failed(&failure));
                        return Err(failure);
                    }
                };
                for delta in deltas {
                    keep(&mut self.delivered, said(&delta));
                    self.ready.extend(teller.tell(delta).into_iter().map(Event::Chunk));
                }
            }
        }
        Ok(())
    }

    /// Usage comes before the terminator: it is settled, and passed on, once the answer is known to be
    /// whole.
    fn take_usage(&mut self, chunk: Value) -> Result<(), Failure> {
        if !matches!(self.voice, Voice::Same) {
            return self.take(chunk);
        }
        self.tier = service_tier(&chunk).map(str::to_owned).or(self.tier.take());
        self.reported = Some(chunk);
        Ok(())
    }

    fn end(&mut self, usage: Option<Usage>) {
        self.settle(usage, Outcome::Answered);
        let receipt = || Box::new(self.receipt.clone());
        if let Some(chunk) = self.reported.take() {
            self.ready.push_back(Event::Usage(chunk, receipt()));
        }
        if let Voice::Translated(_, teller) = &mut self.voice {
            let told = teller.finish(self.receipt.usage);
            let is_chunk = matches!(teller, Teller::Anthropic(_));
            self.ready.extend(told.into_iter().map(|event| {
                if is_chunk { Event::Chunk(event) } else { Event::Usage(event, receipt()) }
            }));
        }
        self.ready.push_back(Event::End(receipt()));
    }

    /// Settles once; the first figures count.
    fn settle(&mut self, reported: Option<Usage>, outcome: Outcome) {
        if let Some(attempts) = self.attempts.take() {
            let usage = match reported {
                None => estimate(&self.prompt, &self.delivered),
                // The provider told of the prompt, and broke off before it told of the answer.
                Some(partial) if partial.estimated => {
                    let delivered = estimate("", &self.delivered).completion_tokens;
                    let completion_tokens = partial.completion_tokens.max(delivered);
                    let total_tokens = partial.prompt_tokens.saturating_add(completion_tokens);
                    Usage { completion_tokens, total_tokens, ..partial }
                }
                Some(usage) => usage,
            };
            let cost = attempts.settle(&usage, self.tier.as_deref(), outcome);
            self.receipt.settled(usage, cost, attempts.price_table());
        }
    }
}

impl Drop for Relay {
    /// The caller went away in the middle: what was delivered until then is booked, estimated.
    fn drop(&mut self) {
        self.settle(None, Outcome::Cancelled);
    }
}

fn failed(failure: &Failure) -> Outcome {
    Outcome::Failed(failure.code.as_str().to_owned())
}

/// Keeps delivered text, within bounds.
fn keep(delivered: &mut String, text: &str) {
    if delivered.len() + text.len() <= KEPT_TEXT {
        delivered.push_str(text);
    }
}

/// What the provider charges for in a delta.
fn said(delta: &Delta) -> &str {
    match delta {
        Delta::Text { text, .. } => text,
        Delta::Arguments { json, .. } => json,
        _ => "",
    }
}
