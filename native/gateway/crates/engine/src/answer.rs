//! The call itself: try the chain in order, settle what was spent, say who answered.
use convergio_providers::{Adapter, Answer, Ask, Credential, Pieces, Provider};
use convergio_wire::{ChatRequest, ErrorCode, Failure, Model, Usage};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::ledger::{self, Hold};
use crate::relay::{self, Events, Relay};
use crate::{Engine, Keys, Route, RouteReport};

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
    /// In the caller's dialect: the provider's JSON, untouched where both speak the same.
    pub body: Value,
    /// Who, why, how much.
    pub receipt: Receipt,
}

impl Engine {
    /// Answers `request` as a whole.
    ///
    /// # Errors
    /// Any stable code; nothing was spent unless the provider began to answer, or may have: then
    /// the prompt is booked.
    pub async fn complete(&self, request: &ChatRequest, keys: &Keys) -> Result<Answered, Failure> {
        let route = self.route_for(request, Some(keys))?;
        let hold = self.ledger.reserve(route.reserve_nano_usd)?;
        let call = |model| {
            let question = self.question(&route, request, keys, model);
            async move {
                let question = question?;
                let answer = question.provider.complete(question.ask()).await?;
                Ok((question.credential, question.provider.dialect(), answer))
            }
            .boxed()
        };
        let (hold, model, (credential, dialect, answer)): (_, _, (_, _, Answer)) =
            at_risk(hold, &route, request.text(), first_that_answers(&route, call)).await?;
        let mut receipt = receipt(&route, model, &credential);
        let usage = answer.usage.unwrap_or_else(|| {
            let said = dialect.read_reply(&answer.body);
            let said = said.map(|reply| reply.choices.into_iter().map(|choice| choice.text));
            estimate(request.text(), &said.map(String::from_iter).unwrap_or_default())
        });
        settle(&mut receipt, hold, model, usage);
        let body = if dialect == request.dialect() {
            answer.body
        } else {
            request.dialect().write_reply(&dialect.read_reply(&answer.body)?, relay::now())
        };
        Ok(Answered { body, receipt })
    }

    /// Answers `request` as a stream. The receipt holds what is known before the first chunk.
    ///
    /// # Errors
    /// Any stable code, when the stream could not begin.
    pub async fn stream(
        &self,
        request: &ChatRequest,
        keys: &Keys,
    ) -> Result<(Receipt, Events), Failure> {
        let route = self.route_for(request, Some(keys))?;
        let hold = self.ledger.reserve(route.reserve_nano_usd)?;
        let call = |model| {
            let question = self.question(&route, request, keys, model);
            async move {
                let question = question?;
                let pieces = question.provider.stream(question.ask()).await?;
                Ok((question.credential, question.provider.dialect(), pieces))
            }
            .boxed()
        };
        let (hold, model, (credential, dialect, pieces)): (_, _, (_, _, Pieces)) =
            at_risk(hold, &route, request.text(), first_that_answers(&route, call)).await?;
        let receipt = receipt(&route, model, &credential);
        let dialects = (dialect, request.dialect());
        let prompt = request.text().to_owned();
        let relay = Relay::new(pieces, receipt.clone(), hold, model.clone(), prompt, dialects);
        Ok((receipt, relay.events()))
    }

    /// All that a call to `model` needs.
    fn question<'e>(
        &'e self,
        route: &Route<'_>,
        request: &'e ChatRequest,
        keys: &Keys,
        model: &'e Model,
    ) -> Result<Question<'e>, Failure> {
        let provider = self.provider(&model.provider)?;
        // The model's own limit needs no saying.
        let ceiling = route.ceiling.filter(|&ceiling| ceiling < model.max_output_tokens);
        let dialect = provider.dialect();
        Ok(Question {
            provider,
            model,
            body: request.body_for(dialect, &model.id, model.max_output_tokens, ceiling)?,
            headers: if dialect == request.dialect() { request.headers() } else { &[] },
            credential: self.key_for(keys, &model.provider)?,
        })
    }
}

/// A call that is ready to be made.
struct Question<'e> {
    provider: &'e Adapter,
    model: &'e Model,
    body: Value,
    headers: &'e [(&'static str, String)],
    credential: Credential,
}

impl Question<'_> {
    fn ask(&self) -> Ask<'_> {
        Ask {
            model: &self.model.id,
            body: &self.body,
            headers: self.headers,
            credential: &self.credential,
        }
    }
}

/// Waits for `answer` with the price of the prompt at risk: a provider charges for a call that it
/// has begun, whether or not anybody still waits.
pub(crate) async fn at_risk<'e, T>(
    mut hold: Hold,
    route: &Route<'e>,
    prompt: &str,
    answer: impl Future<Output = Result<(&'e Model, T), Failure>>,
) -> Result<(Hold, &'e Model, T), Failure> {
    let prompt = ledger::cost(&route.chain[0].price, &estimate(prompt, ""));
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
pub(crate) async fn first_that_answers<'e, T>(
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

pub(crate) fn receipt(route: &Route<'_>, model: &Model, credential: &Credential) -> Receipt {
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
pub(crate) fn settle(receipt: &mut Receipt, hold: Hold, model: &Model, usage: Usage) {
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
pub(crate) fn estimate(prompt: &str, answer: &str) -> Usage {
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
