//! The call itself: try the chain in order, settle what was spent, say who answered.
use std::sync::Arc;

use convergio_metering::Outcome;
use convergio_providers::{Adapter, Answer, Ask, Credential, Pieces, Provider, Watch};
use convergio_wire::{ChatRequest, ErrorCode, Failure, Model, Usage};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::attempts::Attempts;
use crate::keys::with_each;
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
    /// SHA-256 of the prices that say so, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_table: Option<String>,
}

/// A whole answer and its receipt.
#[derive(Clone, Debug)]
pub struct Answered {
    /// In the caller's dialect: the provider's JSON, untouched where both speak the same.
    pub body: Value,
    /// Who, why, how much.
    pub receipt: Receipt,
}

impl Receipt {
    /// Writes down what it came to.
    pub(crate) fn settled(&mut self, usage: Usage, cost: i64, price_table: &str) {
        self.usage = Some(usage);
        self.cost_nano_usd = Some(cost);
        self.price_table = Some(price_table.to_owned());
    }
}

impl Engine {
    /// Answers `request` as a whole.
    ///
    /// # Errors
    /// Any stable code; nothing was spent unless the provider began to answer, or may have: then
    /// the prompt is booked.
    pub async fn complete(&self, request: &ChatRequest, keys: &Keys) -> Result<Answered, Failure> {
        let route = self.route_for(request, Some(keys))?;
        let attempts = self.attempts(&route, request.text(), keys)?;
        let call = |model| {
            self.ask(&route, request, keys, model, &attempts, |question, attempts| {
                async move {
                    let answer = question.provider.complete(question.ask(&attempts)).await?;
                    Ok((question.credential, question.provider.dialect(), answer))
                }
                .boxed()
            })
        };
        let (model, (credential, dialect, answer)): (_, (_, _, Answer)) =
            first_that_answers(&route, call).await?;
        let mut receipt = receipt(&route, model, &credential);
        let usage = answer.usage.unwrap_or_else(|| {
            let said = dialect.read_reply(&answer.body);
            let said = said.map(|reply| reply.choices.into_iter().map(|choice| choice.text));
            estimate(request.text(), &said.map(String::from_iter).unwrap_or_default())
        });
        let cost = attempts.settle(&usage, service_tier(&answer.body), Outcome::Answered);
        receipt.settled(usage, cost, attempts.price_table());
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
        let attempts = self.attempts(&route, request.text(), keys)?;
        let call = |model| {
            self.ask(&route, request, keys, model, &attempts, |question, attempts| {
                async move {
                    let pieces = question.provider.stream(question.ask(&attempts)).await?;
                    Ok((question.credential, question.provider.dialect(), pieces))
                }
                .boxed()
            })
        };
        let (model, (credential, dialect, pieces)): (_, (_, _, Pieces)) =
            first_that_answers(&route, call).await?;
        let receipt = receipt(&route, model, &credential);
        let dialects = (dialect, request.dialect());
        let prompt = request.text().to_owned();
        let relay = Relay::new(pieces, receipt.clone(), attempts, prompt, dialects);
        Ok((receipt, relay.events()))
    }

    /// Admits a request of that prompt, and opens its account.
    pub(crate) fn attempts(
        &self,
        route: &Route<'_>,
        prompt: &str,
        keys: &Keys,
    ) -> Result<Arc<Attempts>, Failure> {
        let hold = self.ledger.reserve(route.reserve_nano_usd)?;
        let expected = route.report.estimated_cost_nano_usd;
        let (prices, meter) = (&self.prices, keys.meter.as_ref());
        Ok(Arc::new(Attempts::new(prices, meter, hold, estimate(prompt, ""), expected)))
    }

    /// Asks `model` with each key that may serve, and accounts for it.
    fn ask<'f, T: Send + 'f>(
        &'f self,
        route: &'f Route<'_>,
        request: &'f ChatRequest,
        keys: &'f Keys,
        model: &'f Model,
        attempts: &'f Arc<Attempts>,
        call: fn(Question<'f>, Arc<Attempts>) -> BoxFuture<'f, Result<T, Failure>>,
    ) -> BoxFuture<'f, Result<T, Failure>> {
        async move {
            let credentials = self.keys_for(keys, &model.provider).await?;
            with_each(credentials, |credential| {
                let question = self.question(route, request, model, credential);
                let attempts = Arc::clone(attempts);
                async move {
                    let question = question?;
                    attempts.ask(model, question.region(), &question.credential);
                    attempts.hold_of_key(keys.hold(&question.credential, route.reserve_nano_usd)?);
                    let outcome = call(question, Arc::clone(&attempts)).await;
                    // What failed on its way to the provider has been told; what failed after has not.
                    outcome.inspect_err(|failure| attempts.failed(failure))
                }
                .boxed()
            })
            .await
        }
        .boxed()
    }

    /// All that a call to `model` needs.
    fn question<'e>(
        &'e self,
        route: &Route<'_>,
        request: &'e ChatRequest,
        model: &'e Model,
        credential: Credential,
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
            credential,
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
    fn region(&self) -> Option<&str> {
        self.provider.region(&self.credential)
    }

    fn ask<'a>(&'a self, attempts: &'a Attempts) -> Ask<'a> {
        Ask {
            model: &self.model.id,
            body: &self.body,
            headers: self.headers,
            credential: &self.credential,
            watch: Some(attempts),
        }
    }
}

/// Calls each model of the chain until one answers. Only a provider that cannot be reached or is
/// limited is a reason to try the next: anything else would fail there too, or was paid for.
pub(crate) async fn first_that_answers<'e, 'f, T>(
    route: &Route<'e>,
    call: impl Fn(&'e Model) -> BoxFuture<'f, Result<T, Failure>>,
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
        price_table: None,
    }
}

/// The tier of service that an answer, or a piece of one, says it was given at.
pub(crate) fn service_tier(answer: &Value) -> Option<&str> {
    ["/service_tier", "/usage/service_tier", "/message/usage/service_tier"]
        .into_iter()
        .find_map(|pointer| answer.pointer(pointer)?.as_str())
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
