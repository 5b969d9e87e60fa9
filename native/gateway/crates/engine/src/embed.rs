//! Vectors, and counting tokens: calls that end in one answer and need no choice of a model.
use std::sync::Arc;

use convergio_metering::Outcome;
use convergio_providers::{Ask, Credential, Provider, Watch};
use convergio_wire::catalog::Serves;
use convergio_wire::embeddings::{self, EmbeddingsRequest};
use convergio_wire::{ChatRequest, Dialect, Failure, Model, Usage};
use futures_util::FutureExt;
use serde_json::Value;

use crate::answer::{Answered, first_that_answers, receipt};
use crate::attempts::Attempts;
use crate::keys::with_each;
use crate::{Engine, Keys, route};

impl Engine {
    /// Makes vectors, in OpenAI's dialect.
    ///
    /// # Errors
    /// As for an answer; `request.invalid` for a model that makes none.
    pub async fn embed(
        &self,
        request: &EmbeddingsRequest,
        keys: &Keys,
    ) -> Result<Answered, Failure> {
        let model = self.model_at(request.model(), self.home(Dialect::OpenAi))?;
        route::serves(model, Serves::Embeddings)?;
        let text = request.text();
        let tokens = self.estimate_tokens(&text)?.saturating_add(request.tokens());
        let route = self.decide(&[model], &self.rules(tokens, 1))?;
        let provider = self.provider(&model.provider)?;
        self.check_key(keys, &model.provider)?;
        let body = request.body_for(provider.dialect(), &model.id)?;
        let attempts = self.attempts(&route, &text, keys)?;
        let ask = |credential: Credential| {
            let (body, attempts, route) = (&body, Arc::clone(&attempts), &route);
            async move {
                attempts.ask(model, provider.region(&credential), &credential);
                attempts.hold_of_key(keys.hold(&credential, route.reserve_nano_usd)?);
                let ask = Ask {
                    model: &model.id,
                    body,
                    headers: &[],
                    credential: &credential,
                    watch: Some(&*attempts),
                };
                let answer = provider.embed(ask).await;
                let answer = answer.inspect_err(|failure| attempts.failed(failure))?;
                Ok((credential, answer))
            }
            .boxed()
        };
        let call = |model: &Model| {
            let provider = model.provider.clone();
            async move { with_each(self.keys_for(keys, &provider).await?, ask).await }.boxed()
        };
        let (_, (credential, answer)): (_, (_, Value)) = first_that_answers(&route, call).await?;
        let usage = embeddings::usage(&answer).unwrap_or_else(|| {
            let counted = i64::try_from(tokens).unwrap_or(i64::MAX);
            let estimated = true;
            Usage { prompt_tokens: counted, total_tokens: counted, estimated, ..Usage::default() }
        });
        let mut receipt = receipt(&route, model, &credential);
        let cost = attempts.settle(&usage, None, Outcome::Answered);
        receipt.settled(usage, cost, attempts.price_table());
        let body = request.answer(provider.dialect(), answer, &model.id, &usage)?;
        Ok(Answered { body, receipt })
    }

    /// How many tokens a request in Anthropic's dialect has, as Anthropic's answer says it:
    /// Anthropic's own count for its models, an estimate for others and where nothing may leave the
    /// machine.
    ///
    /// # Errors
    /// As for an answer. Counting is free.
    pub async fn count_tokens(&self, request: &ChatRequest, keys: &Keys) -> Result<Value, Failure> {
        let estimate = || {
            let tokens = self.estimate_tokens(request.text())?;
            Ok(serde_json::json!({"input_tokens": tokens, "convergio": {"estimated": true}}))
        };
        let Some(name) = request.model() else { return estimate() };
        let model = self.model_at(name, self.home(request.dialect()))?;
        let provider = self.provider(&model.provider)?;
        if provider.dialect() != Dialect::Anthropic || !self.may_ask(model.locality) {
            return estimate();
        }
        let body = request.counting_body(&model.id);
        let attempts = Arc::new(Attempts::of_free(&self.prices, keys.meter.as_ref()));
        let ask = |credential: Credential| {
            let (body, attempts) = (&body, Arc::clone(&attempts));
            async move {
                attempts.ask(model, provider.region(&credential), &credential);
                let ask = Ask {
                    model: &model.id,
                    body,
                    headers: request.headers(),
                    credential: &credential,
                    watch: Some(&*attempts),
                };
                provider.count_tokens(ask).await.inspect_err(|failure| attempts.failed(failure))
            }
            .boxed()
        };
        let counted = with_each(self.keys_for(keys, &model.provider).await?, ask).await?;
        attempts.answered_free();
        Ok(counted)
    }
}
