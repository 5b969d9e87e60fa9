//! The call itself: try the chain in order, settle what was spent, say who answered.
use convergio_providers::{Answer, Broken, Credential, Piece, Pieces};
use convergio_wire::{ChatRequest, ErrorCode, Failure, Model, Usage, chat};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::ledger::{self, Hold};
use crate::{Engine, Route, RouteReport};

/// Who answered, on whose key, and what it cost. Travels with every answer as `convergio`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Receipt {
    /// The provider that answered.
    pub provider: String,
    /// The model that answered.
    pub model: String,
    /// `user` or `house`.
    pub credential_source: &'static str,
    /// The model that was chosen first and could not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_from: Option<String>,
    /// Why this model was chosen.
    pub route: RouteReport,
    /// Tokens, as reported or estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Nano-dollars at list price; absent until the answer is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_nano_usd: Option<i64>,
}

/// A whole answer and its receipt.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The provider's JSON, untouched.
    pub body: Value,
    /// Who, why, how much.
    pub receipt: Receipt,
}

/// One event of a streamed answer.
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

impl Engine {
    /// Answers `request` as a whole.
    ///
    /// # Errors
    /// Any stable code; nothing was spent unless the provider began to answer, or may have: then
    /// the prompt is booked.
    pub async fn complete<'e>(
        &'e self,
        request: &ChatRequest,
        credential: &'e Credential,
    ) -> Result<Answered, Failure> {
        let route = self.route(request)?;
        let hold = self.ledger.reserve(route.reserve_nano_usd)?;
        let call = |model: &'e Model| {
            let (provider, body) = (self.provider(model), upstream_body(&route, request, model));
            async move { provider.complete(&body, credential).await }.boxed()
        };
        let (hold, model, answer): (_, _, Answer) =
            at_risk(hold, &route, request, first_that_answers(&route, call)).await?;
        let mut receipt = receipt(&route, model, credential);
        let usage = answer
            .usage
            .unwrap_or_else(|| estimate(request.text(), chat::answer_text(&answer.body)));
        settle(&mut receipt, hold, model, usage);
        Ok(Answered { body: answer.body, receipt })
    }

    /// Answers `request` as a stream. The receipt holds what is known before the first chunk.
    ///
    /// # Errors
    /// Any stable code, when the stream could not begin.
    pub async fn stream<'e>(
        &'e self,
        request: &ChatRequest,
        credential: &'e Credential,
    ) -> Result<(Receipt, Events), Failure> {
        let route = self.route(request)?;
        let hold = self.ledger.reserve(route.reserve_nano_usd)?;
        let call = |model: &'e Model| {
            let (provider, body) = (self.provider(model), upstream_body(&route, request, model));
            async move { provider.stream(&body, credential).await }.boxed()
        };
        let (hold, model, pieces): (_, _, Pieces) =
            at_risk(hold, &route, request, first_that_answers(&route, call)).await?;
        let receipt = receipt(&route, model, credential);
        let relay = Relay {
            pieces,
            receipt: receipt.clone(),
            hold: Some(hold),
            model: model.clone(),
            prompt: request.text().to_owned(),
            delivered: String::new(),
        };
        let events = stream::unfold(Some(relay), |relay| async move {
            let mut relay = relay?;
            let event = relay.next().await;
            let more = matches!(event, Ok(Event::Chunk(_) | Event::Usage(..)));
            Some((event, more.then_some(relay)))
        });
        Ok((receipt, events.boxed()))
    }
}

/// Most bytes of a streamed answer kept for estimating usage that the provider does not report.
const KEPT_TEXT: usize = 1024 * 1024;

/// Passes a streamed answer on and settles it, however it ends.
struct Relay {
    pieces: Pieces,
    receipt: Receipt,
    hold: Option<Hold>,
    model: Model,
    prompt: String,
    delivered: String,
}

impl Relay {
    async fn next(&mut self) -> Result<Event, Failure> {
        match self.pieces.next().await {
            Some(Ok(Piece::Chunk(chunk))) => {
                for text in chat::delta_texts(&chunk) {
                    if self.delivered.len() + text.len() <= KEPT_TEXT {
                        self.delivered.push_str(text);
                    }
                }
                Ok(Event::Chunk(chunk))
            }
            Some(Ok(Piece::Usage(chunk))) => {
                self.settle(Usage::read(&chunk));
                Ok(Event::Usage(chunk, Box::new(self.receipt.clone())))
            }
            Some(Ok(Piece::End(usage))) => {
                self.settle(usage);
                Ok(Event::End(Box::new(self.receipt.clone())))
            }
            Some(Err(Broken { failure, usage })) => {
                self.settle(usage);
                Err(failure)
            }
            None => {
                self.settle(None);
                Err(Failure::new(ErrorCode::Internal, "the provider adapter ended without an end"))
            }
        }
    }

    /// Settles once; the first figures count.
    fn settle(&mut self, reported: Option<Usage>) {
        if let Some(hold) = self.hold.take() {
            let usage = reported.unwrap_or_else(|| estimate(&self.prompt, &self.delivered));
            settle(&mut self.receipt, hold, &self.model, usage);
        }
    }
}

impl Drop for Relay {
    /// The caller went away in the middle: what was delivered until then is booked, estimated.
    fn drop(&mut self) {
        self.settle(None);
    }
}

fn upstream_body(route: &Route<'_>, request: &ChatRequest, model: &Model) -> Value {
    // The model's own limit needs no saying.
    let ceiling = route.ceiling.filter(|&ceiling| ceiling < model.max_output_tokens);
    request.upstream_body(&model.id, ceiling)
}

/// Waits for `answer` with the price of the prompt at risk: a provider charges for a call that it
/// has begun, whether or not anybody still waits.
async fn at_risk<'e, T>(
    mut hold: Hold,
    route: &Route<'e>,
    request: &ChatRequest,
    answer: impl Future<Output = Result<(&'e Model, T), Failure>>,
) -> Result<(Hold, &'e Model, T), Failure> {
    let prompt = ledger::cost(&route.chain[0].price, &estimate(request.text(), ""));
    hold.put_at_risk(prompt.unwrap_or(route.report.estimated_cost_nano_usd));
    match answer.await {
        Ok((model, answer)) => Ok((hold, model, answer)),
        Err(failure) => {
            // What a provider says itself is a refusal, and free.
            let charged = match failure.code {
                ErrorCode::ProviderTruncated => true,
                ErrorCode::ProviderTimeout => failure.provider.is_none(),
                _ => false,
            };
            if !charged {
                hold.release();
            }
            Err(failure)
        }
    }
}

/// Calls each model of the chain until one answers. Only a provider that cannot be reached or is
/// limited is a reason to try the next: anything else would fail there too, or was paid for.
async fn first_that_answers<'e, T>(
    route: &Route<'e>,
    call: impl Fn(&'e Model) -> BoxFuture<'e, Result<T, Failure>>,
) -> Result<(&'e Model, T), Failure> {
    let mut last = None;
    for &model in &route.chain {
        match call(model).await {
            Ok(answer) => return Ok((model, answer)),
            Err(failure) => {
                let next = matches!(
                    failure.code,
                    ErrorCode::ProviderUnavailable | ErrorCode::ProviderRateLimited
                ) && failure.retryable;
                tracing::warn!(model = %model.id, code = %failure.code, next, "no answer");
                if !next {
                    return Err(failure);
                }
                last = Some(failure);
            }
        }
    }
    Err(last.unwrap_or_else(|| Failure::new(ErrorCode::Internal, "an empty route")))
}

fn receipt(route: &Route<'_>, model: &Model, credential: &Credential) -> Receipt {
    Receipt {
        provider: model.provider.clone(),
        model: model.id.clone(),
        credential_source: credential.source.as_str(),
        fallback_from: (model.id != route.report.model).then(|| route.report.model.clone()),
        route: route.report.clone(),
        usage: None,
        cost_nano_usd: None,
    }
}

/// Writes usage and cost into the receipt and books the cost.
fn settle(receipt: &mut Receipt, hold: Hold, model: &Model, usage: Usage) {
    receipt.usage = Some(usage);
    let cost = ledger::cost(&model.price, &usage).unwrap_or_else(|error| {
        // Impossible counts must not make an answer free: book what it was expected to cost.
        tracing::error!(%error, model = %model.id, "reported usage cannot be priced");
        receipt.route.estimated_cost_nano_usd
    });
    receipt.cost_nano_usd = Some(cost);
    hold.settle(cost);
}

/// Usage that the provider did not report is estimated, and says so.
fn estimate(prompt: &str, answer: &str) -> Usage {
    let tokens = |text| {
        let tokens = convergio_core::estimate_tokens(text).unwrap_or(0);
        i64::try_from(tokens).unwrap_or(i64::MAX)
    };
    let (prompt_tokens, completion_tokens) = (tokens(prompt), tokens(answer));
    Usage {
        prompt_tokens,
        completion_tokens,
        total_tokens: prompt_tokens.saturating_add(completion_tokens),
        estimated: true,
        ..Usage::default()
    }
}
