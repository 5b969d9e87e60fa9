//! The one adapter: what differs between providers is a [`Wire`].
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use convergio_wire::config::{self, Place};
use convergio_wire::{Dialect, ErrorCode, Failure};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::Instant;

use crate::client::Clients;
use crate::exchange::{Call, Exchange, truncated};
use crate::{Answer, Ask, Credential, Pieces, Provider, reading};

/// What is particular to a provider: addresses, headers, names.
pub(crate) trait Wire: Send + Sync + fmt::Debug {
    /// In answers, metrics and the catalogue.
    fn name(&self) -> &'static str;

    /// How it speaks.
    fn dialect(&self) -> Dialect;

    /// Where `model` is asked.
    fn chat(&self, place: &Place, model: &str, stream: bool) -> String;

    /// Where it makes vectors, when it does.
    fn embeddings(&self, _place: &Place, _model: &str) -> Option<String> {
        None
    }

    /// Where it counts the tokens of a request, when it does so in the dialect of the request.
    fn count_tokens(&self, _place: &Place) -> Option<String> {
        None
    }

    /// Where its models are listed.
    fn models(&self, place: &Place) -> String;

    /// The names in such a list.
    fn model_names(&self, list: &Value) -> Vec<String>;

    /// Puts the key into the one header that needs it.
    fn sign(&self, headers: &mut HeaderMap, key: &str) -> Result<(), Failure>;

    /// The body for `model`, where the address does not say it all.
    fn body(&self, _place: &Place, _model: &str, body: &Value) -> Bytes {
        Bytes::from(body.to_string())
    }
}

/// Adapter for one provider. Connects to nothing before the first call.
pub struct Adapter {
    wire: Box<dyn Wire>,
    place: Option<Place>,
    exchange: Exchange,
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adapter").field("wire", &self.wire).field("place", &self.place).finish()
    }
}

impl Adapter {
    pub(crate) fn new(
        wire: Box<dyn Wire>,
        config: &config::EngineConfig,
        clients: Arc<Clients>,
    ) -> Self {
        let place = config.providers.place(wire.name());
        let exchange = Exchange::new(wire.name(), &config.retry, &config.timeouts, clients);
        Self { wire, place, exchange }
    }

    /// The region of the place that is called with `credential`, where that is known.
    pub fn region<'a>(&'a self, credential: &'a Credential) -> Option<&'a str> {
        credential.place.as_ref().or(self.place.as_ref())?.region.as_deref()
    }

    /// Where to call: what came with the key, else what the operator configured.
    fn place<'a>(&'a self, credential: &'a Credential) -> Result<&'a Place, Failure> {
        credential.place.as_ref().or(self.place.as_ref()).ok_or_else(|| {
            let name = self.wire.name();
            Failure {
                retryable: false,
                ..Failure::new(
                    ErrorCode::ProviderUnavailable,
                    format!("nobody said where {name} is; set providers.{name}.endpoint"),
                )
            }
        })
    }

    fn call<'a>(
        &'a self,
        ask: &Ask<'a>,
        accept: &'static str,
        address: impl FnOnce(&dyn Wire, &Place) -> Option<String>,
    ) -> Result<Call<'a>, Failure> {
        let place = self.place(ask.credential)?;
        let url = address(&*self.wire, place).ok_or_else(|| {
            let message = format!("{} cannot do this; ask another model", self.wire.name());
            Failure::invalid("model", message)
        })?;
        let mut headers = HeaderMap::new();
        for &(name, ref value) in ask.headers {
            // They came to us as headers, so they can be headers again.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        self.wire.sign(&mut headers, ask.credential.key.expose_secret())?;
        Ok(Call {
            method: Method::POST,
            url,
            base_url: &place.base_url,
            headers,
            accept,
            body: Some(self.wire.body(place, ask.model, ask.body)),
            credential: ask.credential,
            watch: ask.watch,
        })
    }

    async fn complete_once(&self, ask: Ask<'_>) -> Result<Answer, Failure> {
        let chat = |wire: &dyn Wire, place: &Place| Some(wire.chat(place, ask.model, false));
        let body = self.exchange.whole(&self.call(&ask, "application/json", chat)?).await?;
        let dialect = self.wire.dialect();
        if !dialect.is_complete(&body) {
            return Err(truncated("a choice has no finish reason"));
        }
        Ok(Answer { usage: dialect.usage(&body), body })
    }

    async fn begin_stream(&self, ask: Ask<'_>) -> Result<Pieces, Failure> {
        let deadline = Instant::now() + self.exchange.request_timeout;
        let chat = |wire: &dyn Wire, place: &Place| Some(wire.chat(place, ask.model, true));
        let call = self.call(&ask, "text/event-stream", chat)?;
        let response = self.exchange.begin(&call, deadline).await?;
        let idle = self.exchange.idle_timeout;
        Ok(reading::pieces(response, self.wire.name(), self.wire.dialect(), ask.credential, idle))
    }

    async fn list(&self, credential: &Credential) -> Result<Vec<String>, Failure> {
        let mut headers = HeaderMap::new();
        self.wire.sign(&mut headers, credential.key.expose_secret())?;
        let place = self.place(credential)?;
        let call = Call {
            method: Method::GET,
            url: self.wire.models(place),
            base_url: &place.base_url,
            headers,
            accept: "application/json",
            body: None,
            credential,
            watch: None,
        };
        Ok(self.wire.model_names(&self.exchange.whole(&call).await?))
    }
}

impl Provider for Adapter {
    fn name(&self) -> &'static str {
        self.wire.name()
    }

    fn dialect(&self) -> Dialect {
        self.wire.dialect()
    }

    fn warm_up(&self) -> Result<(), Failure> {
        match &self.place {
            Some(place) => self.exchange.client(&place.base_url, false).map(|_| ()),
            None => Ok(()),
        }
    }

    fn complete<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
        self.complete_once(ask).boxed()
    }

    fn stream<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Pieces, Failure>> {
        self.begin_stream(ask).boxed()
    }

    fn embed<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Value, Failure>> {
        let address = |wire: &dyn Wire, place: &Place| wire.embeddings(place, ask.model);
        let call = self.call(&ask, "application/json", address);
        async move { self.exchange.whole(&call?).await }.boxed()
    }

    fn count_tokens<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Value, Failure>> {
        let call = self.call(&ask, "application/json", |wire, place| wire.count_tokens(place));
        async move { self.exchange.whole(&call?).await }.boxed()
    }

    fn models<'a>(
        &'a self,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Vec<String>, Failure>> {
        self.list(credential).boxed()
    }
}
